//! The single quotes of YAML users.
//!
//! In: an expression as it stands in a mapping. Out: the expression that jq compiles.

/// The text that Port's Ocean compiles for what stands in a mapping: single quotes at the outer ends of a word become
/// double quotes, because YAML users write `'x'` for a jq string. Its pattern, with the matches left to right and none
/// overlapping: `(^|\s)'(?!\s|")|(?<!\s|")'(\s|$)`.
#[must_use]
pub fn with_double_quotes(text: &str) -> String {
    if !text.contains('\'') {
        return text.to_owned();
    }
    let is_edge = |c: char| c.is_whitespace() || c == '"';
    let mut result = String::with_capacity(text.len());
    let mut previous = None;
    let mut rest = text.chars().peekable();
    // Whether the character before was whitespace that no closing quote has taken.
    let mut can_open = true;
    while let Some(current) = rest.next() {
        if current != '\'' {
            result.push(current);
            can_open = current.is_whitespace();
            previous = Some(current);
            continue;
        }
        let next = rest.peek().copied();
        let opens = can_open && !next.is_some_and(is_edge);
        let closes = !previous.is_some_and(is_edge) && next.is_none_or(char::is_whitespace);
        result.push(if opens || closes { '"' } else { '\'' });
        can_open = false;
        previous = Some(current);
        if !opens
            && closes
            && let Some(taken) = rest.next()
        {
            result.push(taken);
            previous = Some(taken);
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_quotes_at_word_ends_are_double_quotes() {
        for (text, expected) in [
            ("'component'", "\"component\""),
            (".a // 'b c' ", ".a // \"b c\" "),
            ("\"it's\"", "\"it's\""),
            ("\"dogs' \"", "\"dogs\" \""),
            ("'a' 'b'", "\"a\" 'b\""),
            ("''", "\"\""),
            ("' '", "\" '"),
            ("'", "\""),
            ("(.a == 'b')", "(.a == \"b')"),
        ] {
            assert_eq!(with_double_quotes(text), expected, "{text}");
        }
    }
}
