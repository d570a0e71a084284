//! What `itemsToParse` takes out of an object that it splits: Ocean guesses a path from the text of the expression.
//!
//! In: an expression. Out: the jq that leaves the list away.

/// The expression that an object goes through before its items are put into it. Where no path is found it deletes the
/// whole object, and nothing is left to map (port-labs/ocean, `extract_jq_deletion_path_revised`).
pub(super) fn removal(text: &str) -> String {
    format!(". | del({})", path(text).unwrap_or("."))
}

/// The first path that stands at the start of a part of a pipe; of an expression in brackets, what is before the first
/// closing one.
fn path(text: &str) -> Option<&str> {
    let text = text.trim();
    let chain = match text.strip_prefix('(') {
        Some(inner) => inner.split_once(')')?.0,
        None => text,
    };
    let parts = chain.split('|').map(str::trim);
    parts
        .filter(|part| *part != "." && !part.starts_with('$') && !is_binding(part))
        .find_map(leading_path)
}

/// Whether a part is like `. as $root`.
fn is_binding(part: &str) -> bool {
    let rest = part
        .strip_prefix('.')
        .filter(|rest| rest.starts_with(char::is_whitespace));
    let rest = rest.and_then(|rest| rest.trim_start().strip_prefix("as"));
    rest.filter(|rest| rest.starts_with(char::is_whitespace))
        .is_some_and(|rest| rest.trim_start().starts_with('$'))
}

/// The path at the start of a text: `.a.b`, `.a["b"]`, `.[0].c`.
fn leading_path(text: &str) -> Option<&str> {
    let mut end = 0;
    loop {
        let rest = &text[end..];
        let step = match rest.strip_prefix('.') {
            Some(after) => word(after)
                .or_else(|| brackets(after))
                .map(|length| 1 + length),
            None if end > 0 => brackets(rest),
            None => None,
        };
        match step {
            Some(length) => end += length,
            None => return (end > 0).then(|| &text[..end]),
        }
    }
}

/// The length of a name at the start of a text.
fn word(text: &str) -> Option<usize> {
    let end = text.find(|char: char| !char.is_alphanumeric() && char != '_');
    Some(end.unwrap_or(text.len())).filter(|length| *length > 0)
}

/// The length of `[…]` with something inside at the start of a text.
fn brackets(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('[')?;
    inner
        .find(']')
        .filter(|length| *length > 0)
        .map(|length| length + 2)
}

#[cfg(test)]
mod tests {
    use super::removal;

    #[test]
    fn a_path_is_guessed() {
        for (text, path) in [
            (".spec.items", ".spec.items"),
            (" .items ", ".items"),
            (".items // []", ".items"),
            (".a | map(.b)", ".a"),
            ("(.a.b | sort)", ".a.b"),
            (". as $root | .a[0].b", ".a[0].b"),
            ("$x | .[\"a b\"].c", ".[\"a b\"].c"),
            ("[.a[]]", "."),
            ("map(.b)", "."),
            (".a[]", ".a"),
            (".", "."),
            ("(", "."),
        ] {
            assert_eq!(removal(text), format!(". | del({path})"), "{text}");
        }
    }
}
