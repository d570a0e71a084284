//! Simple definitions: those of a type, a format, items, and an enum of texts, which nearly all properties have.
//!
//! In: a definition, looked into once; then values. Out: whether a value surely fits. What does not, or has another
//! definition, is for [`value`](super::value) to judge, which finds the words for it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::format;
use crate::port::Blueprint;

/// What else decides about a value.
const OTHERS: [&str; 18] = [
    "const",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "pattern",
    "uniqueItems",
    "required",
    "properties",
    "patternProperties",
    "additionalProperties",
    "$ref",
];

/// A definition that says no more than this.
pub(super) struct Simple<'a> {
    sort: &'a str,
    format: Option<&'a str>,
    /// The texts that are allowed; none for any.
    allowed: Vec<&'a str>,
    items: Option<Box<Self>>,
}

impl<'a> Simple<'a> {
    /// The simple definitions of a blueprint, by the names of their properties.
    pub(super) fn all(blueprint: &'a Blueprint) -> BTreeMap<&'a str, Self> {
        let properties = blueprint.schema.properties.iter();
        properties
            .filter_map(|(name, property)| Some((name.as_str(), Self::of(&property.0)?)))
            .collect()
    }

    fn of(definition: &'a Map<String, Value>) -> Option<Self> {
        if OTHERS.iter().any(|key| definition.contains_key(*key)) {
            return None;
        }
        let allowed = match definition.get("enum") {
            None => Vec::new(),
            Some(Value::Array(allowed)) => {
                let texts = allowed.iter().map(Value::as_str);
                texts.collect::<Option<_>>()?
            }
            Some(_) => return None,
        };
        Some(Self {
            sort: definition.get("type")?.as_str()?,
            format: definition.get("format").and_then(Value::as_str),
            allowed,
            items: match definition.get("items") {
                None => None,
                Some(Value::Object(items)) => Some(Box::new(Self::of(items)?)),
                Some(_) => return None,
            },
        })
    }

    /// Whether a value surely fits.
    pub(super) fn fits(&self, value: &Value) -> bool {
        let is_of_sort = match (self.sort, value) {
            ("string", Value::String(text)) => {
                self.allowed.is_empty() || self.allowed.contains(&text.as_str())
            }
            ("array", Value::Array(items)) => {
                let mut items = items.iter();
                let of_items = self.items.as_deref();
                self.allowed.is_empty()
                    && of_items.is_none_or(|simple| items.all(|item| simple.fits(item)))
            }
            ("number", Value::Number(_))
            | ("boolean", Value::Bool(_))
            | ("object", Value::Object(_)) => self.allowed.is_empty(),
            _ => false,
        };
        is_of_sort
            && self
                .format
                .is_none_or(|format| format::unmet(value, format).is_none())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Simple;

    #[test]
    fn only_what_surely_fits_is_let_through() {
        for (definition, good, bad) in [
            (
                json!({"type": "string", "title": "T"}),
                json!("a"),
                json!(1),
            ),
            (json!({"type": "number"}), json!(1.5), json!("1")),
            (json!({"type": "boolean"}), json!(true), json!(null)),
            (json!({"type": "object"}), json!({"a": 1}), json!([])),
            (
                json!({"type": "string", "enum": ["a"]}),
                json!("a"),
                json!("b"),
            ),
            (
                json!({"type": "string", "enum": []}),
                json!("a"),
                json!(["a"]),
            ),
            (
                json!({"type": "array", "items": {"type": "string", "format": "url"}}),
                json!(["https://a.example"]),
                json!(["a"]),
            ),
            (json!({"type": "array"}), json!([1, "a"]), json!("a")),
        ] {
            let simple = definition.as_object().and_then(Simple::of);
            let fits = |value: &Value| simple.as_ref().map(|simple| simple.fits(value));
            assert_eq!(
                (fits(&good), fits(&bad)),
                (Some(true), Some(false)),
                "{definition}"
            );
        }
        for other in [
            json!({}),
            json!({"type": ["string", "null"]}),
            json!({"type": "string", "pattern": "a"}),
            json!({"type": "number", "enum": [1]}),
            json!({"type": "array", "items": {"minLength": 1, "type": "string"}}),
            json!({"type": "array", "items": false}),
        ] {
            assert!(other.as_object().and_then(Simple::of).is_none(), "{other}");
        }
    }
}
