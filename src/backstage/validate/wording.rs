//! What is wrong with a value and what to write instead, where that is obvious.
//!
//! In: a value and what it should be. Out: a remedy for the help of a finding, never more than a suggestion.

use serde_json::Value;

use crate::backstage::format;
use crate::backstage::kind::Shape;
use crate::diagnostic::similar;

/// A format of names, keys or values, and how a text is brought into it.
#[derive(Clone, Copy)]
pub(super) struct Format {
    pub(super) is_valid: fn(&str) -> bool,
    pub(super) expected: &'static str,
    /// Whether a character may stand in it.
    allows: fn(char) -> bool,
    fitted: fn(&str) -> String,
}

pub(super) const API_VERSION: Format = Format {
    is_valid: format::is_api_version,
    expected: "a version like `v1` or `example.com/v1`",
    allows: |char| char.is_ascii_alphanumeric() || matches!(char, '-' | '.' | '/'),
    fitted: |text| text.split_whitespace().collect(),
};
pub(super) const KIND: Format = Format {
    is_valid: format::is_kind,
    expected: "a letter followed by letters and digits, at most 63 in all",
    allows: |char| char.is_ascii_alphanumeric(),
    fitted: |text| text.chars().filter(char::is_ascii_alphanumeric).collect(),
};
pub(super) const NAME: Format = Format {
    is_valid: format::is_name,
    expected: "letters and digits with `-`, `_` and `.` between them, at most 63 in all",
    allows: is_in_name,
    fitted: |text| {
        // A text with spaces is a title, and names that are made of titles are written in lower case.
        let has_spaces = text.contains(' ');
        let name = joined(text, is_in_name);
        if has_spaces {
            name.to_lowercase()
        } else {
            name
        }
    },
};
pub(super) const NAMESPACE: Format = Format {
    is_valid: format::is_namespace,
    expected: "lower-case letters and digits with `-` between them, at most 63 in all",
    allows: |char| is_lower(char) || char == '-',
    fitted: |text| joined(&text.to_lowercase(), is_lower),
};
pub(super) const LABEL: Format = Format {
    is_valid: format::is_label_value,
    expected: "empty, or letters and digits with `-`, `_` and `.` between them, at most 63 in all",
    allows: is_in_name,
    fitted: |text| joined(text, is_in_name),
};
pub(super) const TAG: Format = Format {
    is_valid: format::is_tag,
    expected: "lower-case letters, digits, `:`, `+` and `#` with single `-` between them, at most 63 in all",
    allows: |char| is_in_tag(char) || char == '-',
    fitted: |text| joined(&text.to_lowercase(), is_in_tag),
};
pub(super) const URL: Format = Format {
    is_valid: format::is_url,
    expected: "an absolute URL",
    allows: |_| true,
    fitted: |text| {
        let host = text.split(['/', ':', '?']).next().unwrap_or_default();
        let is_host = host.contains('.') && !host.starts_with('.') && !host.contains(' ');
        if is_host {
            format!("https://{text}")
        } else {
            String::new()
        }
    },
};
pub(super) const NOT_BLANK: Format = Format {
    is_valid: |text| !text.trim().is_empty(),
    expected: "more than white space",
    allows: |_| true,
    fitted: |_| String::new(),
};
pub(super) const KEY: Format = Format {
    is_valid: format::is_key,
    expected: "a name like `team` or `example.com/team`",
    allows: |char| is_in_name(char) || char == '/',
    fitted: |text| match text.split_once('/') {
        Some((prefix, name)) => {
            let prefix = joined(&prefix.to_lowercase(), |char| is_lower(char) || char == '.');
            format!("{prefix}/{}", joined(name, is_in_name))
        }
        None => joined(text, is_in_name),
    },
};

fn is_in_name(char: char) -> bool {
    char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '.')
}

fn is_lower(char: char) -> bool {
    char.is_ascii_lowercase() || char.is_ascii_digit()
}

fn is_in_tag(char: char) -> bool {
    is_lower(char) || matches!(char, ':' | '+' | '#')
}

/// The words of a text that are made of these characters, with dashes between them.
fn joined(text: &str, allows: impl Fn(char) -> bool) -> String {
    let words = text.split(|char| !allows(char));
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    let joined = words.join("-");
    joined.trim_matches(['-', '_', '.']).to_owned()
}

impl Format {
    /// What is wrong with a text, and how it may be written.
    pub(super) fn remedy(&self, text: &str) -> Option<String> {
        const MOST: usize = 63;
        let odd = text.chars().find(|char| !(self.allows)(*char));
        let length = text.chars().count();
        let why = match odd {
            Some(' ') => Some("a space is not allowed in it".to_owned()),
            Some('\t') => Some("a tab is not allowed in it".to_owned()),
            Some('`') => Some("a backtick is not allowed in it".to_owned()),
            Some(char) if char.is_ascii_uppercase() => {
                Some("capital letters are not allowed in it".to_owned())
            }
            Some(char) => Some(format!("`{char}` is not allowed in it")),
            None if length > MOST && self.expected.contains("63") => {
                return Some(format!("it has {length} characters"));
            }
            None => None,
        };
        let fitted = (self.fitted)(text);
        // Letters that are left out would leave another word.
        let is_better =
            text.is_ascii() && fitted != text && !fitted.is_empty() && (self.is_valid)(&fitted);
        let meant = is_better.then(|| format!("did you mean `{fitted}`?"));
        match (why, meant) {
            (Some(why), Some(meant)) => Some(format!("{why}; {meant}")),
            (why, meant) => why.or(meant),
        }
    }
}

/// What to write instead of a value of another shape.
pub(super) fn instead(value: &Value, shape: &Shape) -> Option<String> {
    let is_text = matches!(
        shape,
        Shape::Text | Shape::AnyText | Shape::TextUpTo(_) | Shape::TextOrBoolean
    );
    match (shape, value) {
        (Shape::OneOf(allowed), Value::String(text)) => {
            let meant = similar(text, allowed.iter().copied())?;
            Some(format!("did you mean `{meant}`?"))
        }
        (_, Value::Number(_) | Value::Bool(_)) if is_text => {
            Some(format!("put quotes around it: `\"{value}\"`"))
        }
        (_, Value::Null) => Some("write a value after the colon, or remove the field".to_owned()),
        (_, Value::Array(items)) if is_text && items.len() == 1 => {
            Some("only one is possible: write it on the line of the key, without a dash".to_owned())
        }
        (Shape::List(_) | Shape::NonEmptyList(_), Value::String(_)) => {
            Some("write each item on a line of its own, after a dash".to_owned())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_brought_into_its_format() {
        for (format, text, remedy) in [
            (
                NAME,
                "My Service",
                "a space is not allowed in it; did you mean `my-service`?",
            ),
            (NAME, "a/b", "`/` is not allowed in it; did you mean `a-b`?"),
            (NAME, "-a-", "did you mean `a`?"),
            (NAME, "Größe", "`ö` is not allowed in it"),
            (
                NAMESPACE,
                "Team_A",
                "capital letters are not allowed in it; did you mean `team-a`?",
            ),
            (
                LABEL,
                "a b",
                "a space is not allowed in it; did you mean `a-b`?",
            ),
            (
                TAG,
                "Java",
                "capital letters are not allowed in it; did you mean `java`?",
            ),
            (
                TAG,
                "C#",
                "capital letters are not allowed in it; did you mean `c#`?",
            ),
            (
                TAG,
                "spring boot",
                "a space is not allowed in it; did you mean `spring-boot`?",
            ),
            (TAG, "a--b", "did you mean `a-b`?"),
            (
                KIND,
                "My-Kind",
                "`-` is not allowed in it; did you mean `MyKind`?",
            ),
            (
                KEY,
                "Example.com/a b",
                "a space is not allowed in it; did you mean `example.com/a-b`?",
            ),
            (KEY, "example.com/a/b", "did you mean `example.com/a-b`?"),
            (
                URL,
                "www.example.com/docs",
                "did you mean `https://www.example.com/docs`?",
            ),
            (
                API_VERSION,
                "backstage.io / v1",
                "a space is not allowed in it; did you mean `backstage.io/v1`?",
            ),
        ] {
            assert_eq!(format.remedy(text).as_deref(), Some(remedy), "{text}");
        }
        assert_eq!(URL.remedy("../docs"), None);
        assert_eq!(NOT_BLANK.remedy("  "), None);
        let long = "a".repeat(70);
        assert_eq!(NAME.remedy(&long).as_deref(), Some("it has 70 characters"));
    }

    proptest::proptest! {
        #[test]
        fn what_is_suggested_is_valid(text in "\\PC{0,80}") {
            for format in [API_VERSION, KIND, NAME, NAMESPACE, LABEL, TAG, URL, KEY] {
                let remedy = format.remedy(&text).unwrap_or_default();
                if let Some((_, meant)) = remedy.rsplit_once("did you mean `") {
                    let meant = meant.trim_end_matches("`?");
                    proptest::prop_assert!((format.is_valid)(meant), "{meant}");
                }
            }
        }
    }
}
