//! Writes YAML that every version of YAML reads alike: manifests, and what is added to files of users.
//!
//! In: anything that serializes. Out: text. The texts inside are to be [`Text`], and values of JSON [`Sorted`]: the
//! serializer alone leaves bare what some readers change.

use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_saphyr::DoubleQuoted;

use super::block;

/// A document as YAML, with a line break at its end.
pub(crate) fn text(document: &impl Serialize) -> String {
    block::text(document)
        .or_else(|| by_library(document).ok())
        // JSON is YAML too.
        .or_else(|| {
            serde_json::to_string_pretty(document)
                .ok()
                .map(|json| json + "\n")
        })
        .unwrap_or_else(|| unreachable!("JSON of maps with text keys"))
}

/// The text of a document by which all others are spelled.
pub(super) fn by_library(document: &impl Serialize) -> Result<String, serde_saphyr::ser::Error> {
    // Without compact lists yamllint is content; folded lines would end in blanks; never `yaml_12`, which leaves bare
    // what a YAML 1.1 reader takes for a boolean, a date or a number.
    let options = serde_saphyr::ser_options! {
        compact_list_indent: false,
        min_fold_chars: usize::MAX,
        folded_wrap_chars: usize::MAX,
    };
    let mut text = serde_saphyr::to_string_with_options(document, options)?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

/// A value with the keys of its maps sorted at every depth. Nulls inside a value are data and stay.
pub(crate) struct Sorted<'a>(pub(crate) &'a Value);

impl Serialize for Sorted<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::String(text) => Text(text).serialize(serializer),
            Value::Array(items) => serializer.collect_seq(items.iter().map(Sorted)),
            Value::Object(map) => {
                let mut entries: Vec<_> = map.iter().collect();
                entries.sort_unstable_by_key(|(key, _)| *key);
                serializer.collect_map(entries.into_iter().map(|(k, v)| (Text(k), Sorted(v))))
            }
            scalar => scalar.serialize(serializer),
        }
    }
}

/// A text that every YAML reader gives back unchanged. For keys the serializer chooses the quotes itself.
pub(crate) struct Text<'a>(pub(crate) &'a str);

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // The serializer quotes one-line texts where needed but prefers block style for several lines, which libyaml and
        // go-yaml refuse or change in these cases.
        if !block::is_surely_bare(self.0) && is_fragile(self.0) {
            DoubleQuoted(self.0).serialize(serializer)
        } else {
            serializer.serialize_str(self.0)
        }
    }
}

fn is_fragile(text: &str) -> bool {
    let special = |char: char| {
        (char.is_control() && char != '\n')
            || matches!(
                char,
                '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
            )
    };
    text.contains(special)
        || is_exponent(text)
        || (text.contains('\n')
            && (text.starts_with([' ', '\n'])
                || text.ends_with("\n\n")
                || text.lines().any(|line| line.ends_with([' ', '\t']))))
}

/// `e1` is text in every version of YAML, but npm `yaml` in its 1.1 mode takes it for a number without digits in front.
fn is_exponent(text: &str) -> bool {
    text.trim_start_matches(['+', '-'])
        .strip_prefix(['e', 'E'])
        .map(|exponent| exponent.trim_start_matches(['+', '-']))
        .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Sorted, text};

    fn spelled(value: &Value) -> String {
        text(&Sorted(value))
    }

    #[test]
    fn quotes_what_yaml_1_1_and_1_2_read_differently() {
        for text in [
            "on",
            "off",
            "yes",
            "no",
            "y",
            "n",
            "Yes",
            "NO",
            "true",
            "null",
            "~",
            "",
            "=",
            "<<",
            "1:30",
            "0o7",
            "017",
            "0x1F",
            "1_000",
            "2020-01-01",
            "2020-01-01T00:00:00Z",
            "1e3",
            "1.10",
            ".inf",
            "-",
            "- a",
            "a: b",
            "a #b",
            "#a",
            "&a",
            "*a",
            "!a",
            "%a",
            "@a",
            "`a",
            "[a",
            "{a",
            "'a",
            "\"a",
            " a",
            "a ",
            "?",
            "? a",
            "---",
            "...",
            "a:",
            ":",
            "|",
            ">",
            "{{ a }}",
        ] {
            let value = spelled(&json!({ "k": text }));
            let line = value.trim_end().strip_prefix("k: ").unwrap_or_default();
            assert!(line.starts_with(['"', '\'']), "value {text:?}: {value}");
            let key = spelled(&json!({ text: 1 }));
            assert!(key.starts_with(['"', '\'']), "key {text:?}: {key}");
        }
    }

    #[test]
    fn quotes_values_that_look_like_an_exponent() {
        for text in ["e1", "E+12", "-e0"] {
            assert_eq!(spelled(&json!({ "k": text })), format!("k: \"{text}\"\n"));
        }
        assert_eq!(spelled(&json!({"k": "e1a"})), "k: e1a\n");
    }

    #[test]
    fn leaves_ordinary_text_bare() {
        for text in [
            "shop",
            "a b",
            "component:default/shop",
            "https://a.example/x?y=1",
            "v1alpha1",
        ] {
            assert_eq!(spelled(&json!({ "k": text })), format!("k: {text}\n"));
        }
    }

    #[test]
    fn several_lines_are_a_block_unless_a_reader_would_change_them() {
        assert_eq!(spelled(&json!({"k": "a\nb\n"})), "k: |\n  a\n  b\n");
        for (text, quoted) in [
            ("\ta\nb", r#"k: "\ta\nb""#),
            (" a\nb", r#"k: " a\nb""#),
            ("a \nb", r#"k: "a \nb""#),
            ("a\n\n", r#"k: "a\n\n""#),
            ("a\r\nb", r#"k: "a\r\nb""#),
            ("a\u{2028}b", r#"k: "a\Lb""#),
            ("a\u{7}", r#"k: "a\a""#),
        ] {
            assert_eq!(spelled(&json!({"k": text})), format!("{quoted}\n"));
        }
    }

    #[test]
    fn a_long_line_stays_one_line() {
        let long = "word ".repeat(100) + "end";
        assert_eq!(spelled(&json!({"k": long})), format!("k: {long}\n"));
    }

    #[test]
    fn maps_are_sorted_at_every_depth_and_nulls_inside_values_stay() {
        assert_eq!(
            spelled(&json!({"b": [{"z": 1, "a": null}], "a": {"d": 1.5, "c": true}})),
            "a:\n  c: true\n  d: 1.5\nb:\n  - a: null\n    z: 1\n"
        );
    }
}
