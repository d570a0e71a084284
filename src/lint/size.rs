//! Entities that are larger than Port takes.
//!
//! In: an entity. Out: a finding that names its largest part.

use serde_json::Value;

use crate::backstage::Entity;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::{FieldPath, Segment};

/// The largest body that Port's API takes, in bytes: others are answered with 413
/// (<https://docs.port.io/api-reference/port-api>).
const MOST: usize = 1024 * 1024;
/// The longest escape of JSON is six bytes for one; below a sixth nothing has to be spelled out.
const SURELY_FITS: usize = MOST / 6;

/// Looks at the size of an entity.
pub(super) fn check(entity: &Entity, found: &mut Diagnostics) {
    let parts = || entity.value.iter();
    let roughly: usize = parts().map(|(key, value)| key.len() + weight(value)).sum();
    if roughly < SURELY_FITS {
        return;
    }
    let size: usize = parts().map(|(key, value)| key.len() + length(value)).sum();
    if size <= MOST {
        return;
    }
    let (field, largest) = largest(parts().map(|(key, value)| (Segment::Key(key.clone()), value)));
    let large = Diagnostic::new(
        Code::LargeDescriptor,
        format!(
            "the entity is larger than the 1 MiB that Port takes; the largest part is `{field}` with {} KiB",
            largest / 1024
        ),
    )
    // The key: its value would fill the report.
    .at(match field.0.last() {
        Some(Segment::Index(_)) => entity.origin.value(field),
        _ => entity.origin.key(field),
    })
    .help("keep it in a file of its own and link to it, or leave it out of the mapping");
    found.push(large);
}

/// The field that holds most of the size, and its length.
fn largest<'a>(parts: impl Iterator<Item = (Segment, &'a Value)>) -> (FieldPath, usize) {
    let mut path = FieldPath::default();
    let mut size = 0;
    let mut parts: Vec<(Segment, &Value)> = parts.collect();
    while let Some((length, segment, value)) = parts
        .drain(..)
        .map(|(segment, value)| (length(value), segment, value))
        .max_by_key(|(length, ..)| *length)
    {
        // Many small parts are told as one.
        if size > 0 && length < size / 2 {
            break;
        }
        path.0.push(segment);
        size = length;
        parts = match value {
            Value::Array(items) => items
                .iter()
                .enumerate()
                .map(|(at, value)| (Segment::Index(at), value))
                .collect(),
            Value::Object(map) => map
                .iter()
                .map(|(key, value)| (Segment::Key(key.clone()), value))
                .collect(),
            _ => Vec::new(),
        };
    }
    (path, size)
}

/// Roughly the size of a value, never less than its texts: cheap enough to be asked for every entity.
fn weight(value: &Value) -> usize {
    // A number or a word of JSON, and the comma.
    const SCALAR: usize = 20;
    SCALAR
        + match value {
            Value::String(text) => text.len(),
            Value::Array(items) => items.iter().map(weight).sum(),
            Value::Object(map) => map
                .iter()
                .map(|(key, value)| key.len() + weight(value))
                .sum(),
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        }
}

/// The bytes of a value in JSON, as it is written without white space.
fn length(value: &Value) -> usize {
    /// The brackets, or the quotes.
    const AROUND: usize = 2;
    let commas = |count: usize| count.saturating_sub(1);
    match value {
        Value::Null | Value::Bool(true) => 4,
        Value::Bool(false) => 5,
        Value::Number(number) => number.to_string().len(),
        Value::String(text) => AROUND + text_length(text),
        Value::Array(items) => {
            AROUND + commas(items.len()) + items.iter().map(length).sum::<usize>()
        }
        Value::Object(map) => {
            let entries = map.iter();
            let entries = entries.map(|(key, value)| AROUND + text_length(key) + 1 + length(value));
            AROUND + commas(map.len()) + entries.sum::<usize>()
        }
    }
}

fn count(text: &str, is: impl Fn(u8) -> bool) -> usize {
    text.bytes().filter(|byte| is(*byte)).count()
}

/// The bytes of a text in JSON, between its quotes.
fn text_length(text: &str) -> usize {
    // Each count on its own: so the compiler looks at many bytes at once.
    let controls = count(text, |byte| byte < b' ');
    let short = count(text, |byte| {
        matches!(byte, b'\n' | b'\r' | b'\t' | 0x08 | 0x0c)
    });
    let marks = count(text, |byte| matches!(byte, b'"' | b'\\'));
    text.len() + marks + short + 5 * (controls - short)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::lint::tests::{diagnostics, found};

    proptest::proptest! {
        #[test]
        fn the_length_is_that_of_the_json(texts in proptest::collection::vec("[\\x00-\\x7fé]{0,9}", 0..4), n: i64, f: f64) {
            let value = json!({"a": texts, "b\n": [n, f, true, false, null, {}, []], "c": {"d": "e", "f": []}});
            proptest::prop_assert_eq!(length(&value), value.to_string().len());
        }
    }

    fn api(definition: &str) -> Value {
        json!({"kind": "API", "metadata": {"name": "a", "description": "x".repeat(100)},
            "spec": {"type": "openapi", "lifecycle": "a", "owner": "a", "definition": definition}})
    }

    #[test]
    fn the_largest_part_is_told() {
        let large = api(&"x".repeat(MOST));
        assert_eq!(found(&large), ["large-descriptor spec.definition"]);
        let messages: Vec<_> = diagnostics(&large)
            .into_iter()
            .map(|found| found.message)
            .collect();
        assert_eq!(
            messages,
            ["the entity is larger than the 1 MiB that Port takes; the largest part is `spec.definition` with 1024 KiB"
                .into()]
        );
        assert_eq!(found(&api(&"x".repeat(MOST - 4096))), [""; 0]);
        // Escapes count.
        assert_eq!(
            found(&api(&"\n".repeat(MOST * 2 / 3))),
            ["large-descriptor spec.definition"]
        );
    }

    #[test]
    fn many_small_parts_are_told_as_one() {
        let many = json!({"kind": "Resource", "metadata": {"name": "a"},
            "spec": {"type": "a", "owner": "a", "dependsOn": vec!["component:default/shop"; 60_000]}});
        assert_eq!(found(&many), ["large-descriptor spec.dependsOn"]);
    }
}
