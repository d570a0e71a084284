//! Expressions that need no jq: constants, and paths of keys with alternatives, such as `.spec.owner // .metadata.name`.
//!
//! In: the text of an expression. Out: a reading of it, where it is that simple, which is most expressions of a
//! mapping. What jq would call an error is left to jq, so that its words are the same.

use serde_json::Value;

/// A simple expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Plain {
    /// The same value for every input.
    Constant(Value),
    /// Paths of keys; the first one counts that leads to neither null nor false, or else the last.
    Paths(Vec<Vec<String>>),
}

impl Plain {
    /// Reads an expression; `None` where it is not that simple.
    pub(super) fn of(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(constant @ (Value::String(_) | Value::Bool(_) | Value::Null)) =
            serde_json::from_str(text)
        {
            return Some(Self::Constant(constant));
        }
        let mut paths = Vec::new();
        let mut rest = text;
        loop {
            let (path, after) = path(rest)?;
            paths.push(path);
            rest = after.trim_start();
            if rest.is_empty() {
                return Some(Self::Paths(paths));
            }
            rest = rest.strip_prefix("//")?.trim_start();
        }
    }

    /// The value for an input; `None` where jq would find an error on the way.
    pub(super) fn value(&self, input: &Value) -> Option<Value> {
        let paths = match self {
            Self::Constant(value) => return Some(value.clone()),
            Self::Paths(paths) => paths,
        };
        let mut found = &Value::Null;
        for path in paths {
            found = path.iter().try_fold(input, |value, key| match value {
                Value::Object(map) => Some(map.get(key).unwrap_or(&Value::Null)),
                Value::Null => Some(value),
                _ => None,
            })?;
            if !matches!(found, Value::Null | Value::Bool(false)) {
                break;
            }
        }
        Some(found.clone())
    }
}

/// One path at the start of a text, and what follows it: `.a.b`, `.a["b/c"]`, `."a"`.
fn path(text: &str) -> Option<(Vec<String>, &str)> {
    let mut keys = Vec::new();
    let mut rest = text;
    loop {
        if let Some(after) = rest.strip_prefix('.') {
            let (key, after) = if after.starts_with('"') {
                quoted(after)?
            } else {
                name(after)?
            };
            keys.push(key);
            rest = after;
        } else if let Some(after) = rest.strip_prefix('[').filter(|_| !keys.is_empty()) {
            let (key, after) = quoted(after)?;
            keys.push(key);
            rest = after.strip_prefix(']')?;
        } else {
            return (!keys.is_empty()).then_some((keys, rest));
        }
    }
}

fn name(text: &str) -> Option<(String, &str)> {
    let end = text.find(|char: char| !char.is_ascii_alphanumeric() && char != '_');
    let (name, rest) = text.split_at(end.unwrap_or(text.len()));
    let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    is_name.then(|| (name.to_owned(), rest))
}

/// A text in quotes. One with an interpolation, `\(…)`, is no JSON and so not that simple.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<String>();
    let key = values.next()?.ok()?;
    Some((key, &text[values.byte_offset()..]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::map::jq::{Input, Library};

    #[test]
    fn only_simple_expressions_are_read() {
        let keys = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
        for (text, expected) in [
            ("\"component\"", Some(Plain::Constant(json!("component")))),
            ("true", Some(Plain::Constant(json!(true)))),
            (
                ".spec.owner",
                Some(Plain::Paths(vec![keys(&["spec", "owner"])])),
            ),
            (
                " .a[\"b/c\"].d // .\"e f\" ",
                Some(Plain::Paths(vec![keys(&["a", "b/c", "d"]), keys(&["e f"])])),
            ),
            (".", None),
            (".a[0]", None),
            (".a[]", None),
            (".a?", None),
            (".a | .b", None),
            (".a // \"x\"", None),
            (".a.b-c", None),
            ("[\"a\"]", None),
            (".a[\"\\(.b)\"]", None),
            (".and", Some(Plain::Paths(vec![keys(&["and"])]))),
            (".a # comment", None),
        ] {
            assert_eq!(Plain::of(text), expected, "{text}");
        }
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a-c]{0,3}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::hash_map("[a-c]", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]

        #[test]
        fn a_simple_expression_gives_what_jq_gives(
            input in values(),
            paths in prop::collection::vec(prop::collection::vec("[a-c]", 1..4), 1..4),
        ) {
            let texts: Vec<String> = paths.iter().map(|path| format!(".{}", path.join("."))).collect();
            let text = texts.join(" // ");
            let plain = Plain::of(&text).ok_or_else(|| TestCaseError::fail("not read"))?;
            let library = Library::new("").map_err(TestCaseError::fail)?;
            let program = library.compile(&text).map_err(TestCaseError::fail)?;
            let by_jq = program.first_by_jq(&Input::new(input.clone()));
            if let Some(value) = plain.value(&input) {
                prop_assert_eq!(by_jq, Ok(Some(value)), "{}", text);
            }
        }
    }
}
