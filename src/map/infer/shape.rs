//! What the values of a field have in common.
//!
//! In: values. Out: the [`Shape`] that all of them fit. Joining shapes is associative, commutative and idempotent, so the
//! order of entities does not matter and more of them only ever widen a shape.

use serde_json::{Value, json};

use crate::port::check::has_format;

/// The formats a text may have, each checked as Port checks it.
const FORMATS: [&str; 5] = ["url", "email", "date-time", "ipv4", "ipv6"];

/// No text longer than this, in bytes, is taken for one with a format.
const MAX_FORMATTED: usize = 2048;

/// What all values of a field fit: what one value is, and whether values are lists of such.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Shape {
    item: Item,
    /// Some values are lists.
    has_lists: bool,
    /// Some values are not.
    has_singles: bool,
    /// Some lists have a null in them.
    has_gaps: bool,
}

/// What a value that is no list is, or an item of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Item {
    /// There is none.
    #[default]
    Nothing,
    Text(Formats),
    Number,
    Boolean,
    Object,
    /// One thing here and another there, or a list inside a list: told as text.
    Mixed,
}

/// A set of [`FORMATS`], a bit for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Formats(u8);

impl Formats {
    fn of(text: &str) -> Self {
        if text.is_empty() || text.len() > MAX_FORMATTED {
            return Self(0);
        }
        let has = |format: &str| match format {
            // Port opens these in a browser; `component:default/shop` is an address only to a parser.
            "url" if !(text.starts_with("https://") || text.starts_with("http://")) => false,
            _ => has_format(text, format),
        };
        let formats = FORMATS.iter().enumerate();
        Self(formats.fold(0, |set, (bit, format)| set | u8::from(has(format)) << bit))
    }

    fn first(self) -> Option<&'static str> {
        let mut formats = FORMATS.iter().enumerate();
        let first = formats.find(|(bit, _)| self.0 & (1 << bit) != 0);
        first.map(|(_, format)| *format)
    }
}

impl Item {
    fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Nothing,
            Value::String(text) => Self::Text(Formats::of(text)),
            Value::Number(_) => Self::Number,
            Value::Bool(_) => Self::Boolean,
            Value::Object(_) => Self::Object,
            Value::Array(_) => Self::Mixed,
        }
    }

    fn join(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nothing, other) => other,
            (one, Self::Nothing) => one,
            (Self::Text(one), Self::Text(other)) => Self::Text(Formats(one.0 & other.0)),
            (one, other) if one == other => one,
            _ => Self::Mixed,
        }
    }

    /// As a property, or as the items of one.
    fn definition(self) -> Value {
        let name = match self {
            Self::Nothing | Self::Text(_) | Self::Mixed => "string",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Object => "object",
        };
        match self {
            Self::Text(formats) => match formats.first() {
                Some(format) => json!({"type": name, "format": format}),
                None => json!({"type": name}),
            },
            _ => json!({"type": name}),
        }
    }
}

impl Shape {
    /// The narrowest shape that a value fits; of null that is nothing at all.
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Array(items) => Self {
                item: items.iter().map(Item::of).fold(Item::Nothing, Item::join),
                has_lists: true,
                has_singles: false,
                has_gaps: items.iter().any(Value::is_null),
            },
            one => Self {
                item: Item::of(one),
                has_singles: !one.is_null(),
                ..Self::default()
            },
        }
    }

    /// The narrowest shape that fits whatever fits one or the other.
    pub(super) fn join(self, other: Self) -> Self {
        Self {
            item: self.item.join(other.item),
            has_lists: self.has_lists || other.has_lists,
            has_singles: self.has_singles || other.has_singles,
            has_gaps: self.has_gaps || other.has_gaps,
        }
    }

    /// Whether there is any value, if only an empty list.
    pub(super) fn has_values(self) -> bool {
        self.has_lists || self.has_singles
    }

    /// Whether a value is a list.
    pub(super) fn has_lists(self) -> bool {
        self.has_lists
    }

    /// The definition of a property that takes every value as [`Shape::expression`] tells it.
    pub(super) fn definition(self) -> Value {
        if self.has_lists {
            json!({"type": "array", "items": self.item.definition()})
        } else {
            self.item.definition()
        }
    }

    /// The expression that tells the value at a path. Values stand as they are wherever they can: a single value becomes a
    /// list of one where others are lists, a null in a list is left out, and what is mixed becomes text, a text as it is and
    /// all else as JSON.
    pub(super) fn expression(self, path: &str) -> String {
        let is_mixed = self.item == Item::Mixed;
        let text = if is_mixed { " | tostring" } else { "" };
        if !self.has_lists {
            let some = if is_mixed { " | values" } else { "" };
            return format!("{path}{some}{text}");
        }
        if !(is_mixed || self.has_singles || self.has_gaps) {
            return path.to_owned();
        }
        format!("{path} | values | [if type == \"array\" then .[] else . end | values{text}]")
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::Shape;
    use crate::map::jq::{Input, Library};

    /// Values that have a format, values that nearly have one, and every other sort.
    pub(in crate::map::infer) fn values() -> impl Strategy<Value = Value> {
        let text = prop_oneof![
            Just("https://example.com/x".to_owned()),
            Just("team@example.com".to_owned()),
            Just("2024-05-31T12:00:00Z".to_owned()),
            Just("192.0.2.1".to_owned()),
            Just("::1".to_owned()),
            Just("component:default/a".to_owned()),
            ".{0,6}",
        ];
        let leaf = prop_oneof![
            1 => Just(Value::Null),
            1 => any::<bool>().prop_map(Value::from),
            2 => any::<i32>().prop_map(Value::from),
            4 => text.prop_map(Value::from),
        ];
        leaf.prop_recursive(2, 12, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::hash_map("[a-c]", inner, 0..3)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    fn shape(values: &[Value]) -> Shape {
        let shapes = values.iter().map(Shape::of);
        shapes.fold(Shape::default(), Shape::join)
    }

    #[test]
    fn definitions_follow_the_values() {
        for (values, expected) in [
            (json!(["a", "b"]), json!({"type": "string"})),
            (json!([1, 2.5]), json!({"type": "number"})),
            (json!([true]), json!({"type": "boolean"})),
            (json!([{"a": 1}, {}]), json!({"type": "object"})),
            (json!([1, "a"]), json!({"type": "string"})),
            (json!([true, {}]), json!({"type": "string"})),
            (
                json!(["https://a.example", null]),
                json!({"type": "string", "format": "url"}),
            ),
            (
                json!(["https://a.example", "none"]),
                json!({"type": "string"}),
            ),
            (json!(["https://a.example", ""]), json!({"type": "string"})),
            (json!(["mailto:a@b.example"]), json!({"type": "string"})),
            (
                json!(["a@b.example"]),
                json!({"type": "string", "format": "email"}),
            ),
            (
                json!(["2024-05-31T12:00:00Z"]),
                json!({"type": "string", "format": "date-time"}),
            ),
            (json!(["2024-05-31"]), json!({"type": "string"})),
            (
                json!(["192.0.2.1"]),
                json!({"type": "string", "format": "ipv4"}),
            ),
            (json!(["::1"]), json!({"type": "string", "format": "ipv6"})),
            (
                json!([[]]),
                json!({"type": "array", "items": {"type": "string"}}),
            ),
            (
                json!([[], [1]]),
                json!({"type": "array", "items": {"type": "number"}}),
            ),
            (
                json!([["https://a.example"], "http://b.example"]),
                json!({"type": "array", "items": {"type": "string", "format": "url"}}),
            ),
            (
                json!([[{}], {"a": 1}]),
                json!({"type": "array", "items": {"type": "object"}}),
            ),
            (
                json!([[[1]]]),
                json!({"type": "array", "items": {"type": "string"}}),
            ),
        ] {
            let values = values.as_array().map(Vec::as_slice).unwrap_or_default();
            assert_eq!(shape(values).definition(), expected, "{values:?}");
        }
        assert!(!shape(&[Value::Null]).has_values());
    }

    #[test]
    fn expressions_stay_simple_where_values_allow_it() {
        for (values, expected) in [
            (json!(["a"]), ".p"),
            (json!([["a"], []]), ".p"),
            (json!([1, "a"]), ".p | values | tostring"),
            (
                json!([["a", null]]),
                ".p | values | [if type == \"array\" then .[] else . end | values]",
            ),
            (
                json!([["a"], 1]),
                ".p | values | [if type == \"array\" then .[] else . end | values | tostring]",
            ),
        ] {
            let values = values.as_array().map(Vec::as_slice).unwrap_or_default();
            assert_eq!(shape(values).expression(".p"), expected, "{values:?}");
        }
    }

    fn told(shape: Shape, value: &Value) -> Result<Option<Value>, String> {
        let program = Library::new("")?.compile(&shape.expression(".p"))?;
        program.first(&Input::new(json!({"p": value})))
    }

    #[test]
    fn values_are_told_without_loss() -> Result<(), String> {
        for (values, expected) in [
            (json!([1, "a"]), json!(["1", "a"])),
            (json!([{"a": [1]}, true]), json!(["{\"a\":[1]}", "true"])),
            (json!([["a"], "b"]), json!([["a"], ["b"]])),
            (json!([["a", null]]), json!([["a"]])),
            (json!([["a", 1], [[2]]]), json!([["a", "1"], ["[2]"]])),
        ] {
            let values = values.as_array().map(Vec::as_slice).unwrap_or_default();
            let shape = shape(values);
            let told: Vec<_> = values.iter().map(|value| told(shape, value)).collect();
            let expected = expected.as_array().map(Vec::as_slice).unwrap_or_default();
            let expected: Vec<_> = expected.iter().cloned().map(Some).map(Ok).collect();
            assert_eq!(told, expected, "{values:?}");
        }
        assert_eq!(told(shape(&[json!(1), json!("a")]), &Value::Null)?, None);
        Ok(())
    }

    proptest! {
        #[test]
        fn joining_is_a_join(a in values(), b in values(), c in values()) {
            let [a, b, c] = [a, b, c].map(|value| Shape::of(&value));
            prop_assert_eq!(a.join(a), a);
            prop_assert_eq!(a.join(b), b.join(a));
            prop_assert_eq!(a.join(b).join(c), a.join(b.join(c)));
            prop_assert_eq!(a.join(Shape::default()), a);
        }
    }
}
