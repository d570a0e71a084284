//! Holds a value against the definition of its property: JSON Schema with Port's formats.
//!
//! In: a value and the definition. Out: why it does not fit, in words that go on after "the blueprint". Definitions may
//! be nested as deep as they like: properties, patterns and items of values are held against their own.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::pattern::Patterns;
use super::{format, quoted};

/// How many allowed values a message lists.
const LISTED_VALUES: usize = 8;

/// Why a value does not fit.
#[derive(Debug, PartialEq)]
pub(super) struct Misfit {
    /// Goes on after "the blueprint": "wants a URL, it is `x`".
    pub(super) reason: String,
    /// What to do about it, where more can be said than to change it.
    pub(super) help: Option<&'static str>,
}

/// The first reason why a value does not fit its definition.
pub(super) fn misfit(
    value: &Value,
    definition: &Map<String, Value>,
    patterns: &Patterns<'_>,
) -> Option<Misfit> {
    let Unmet {
        wanted,
        place,
        is,
        help,
    } = unmet(value, definition, patterns)?;
    let place = match place.join(" of ") {
        place if place.is_empty() => place,
        place => format!(" in {place}"),
    };
    Some(Misfit {
        reason: format!("wants {wanted}{place}, {is}"),
        help,
    })
}

/// Takes the bad items out of a list of labelled URLs; says how many, and what is wrong with the first.
pub(super) fn drop_misfit_links(
    value: &mut Value,
    definition: &Map<String, Value>,
    patterns: &Patterns<'_>,
) -> Option<(usize, Misfit)> {
    let items = definition.get("items")?.as_object()?;
    if definition.get("type")? != "array" || items.get("format")? != "labeled-url" {
        return None;
    }
    let list = value.as_array_mut()?;
    let before = list.len();
    let mut first = None;
    list.retain(|item| match misfit(item, items, patterns) {
        Some(misfit) => {
            first.get_or_insert(misfit);
            false
        }
        None => true,
    });
    Some((before - list.len(), first?))
}

/// What a definition wants and a value, or a part of it, is not.
struct Unmet {
    wanted: String,
    /// Which part of the value, the innermost first: "item 2", "`links`".
    place: Vec<String>,
    is: String,
    help: Option<&'static str>,
}

impl Unmet {
    fn new(wanted: impl Into<String>, value: &Value) -> Self {
        Self {
            wanted: wanted.into(),
            place: Vec::new(),
            is: format!("it is {}", described(value)),
            help: None,
        }
    }

    fn is(mut self, is: impl Into<String>) -> Self {
        self.is = is.into();
        self
    }

    fn help(mut self, help: &'static str) -> Self {
        self.help = Some(help);
        self
    }

    fn within(mut self, place: String) -> Self {
        self.place.push(place);
        self
    }
}

fn unmet(value: &Value, definition: &Map<String, Value>, patterns: &Patterns<'_>) -> Option<Unmet> {
    type_unmet(value, definition)
        .or_else(|| enum_unmet(value, definition))
        .or_else(|| {
            let format = definition.get("format")?.as_str()?;
            let (wanted, help) = format::unmet(value, format)?;
            Some(Unmet::new(wanted, value).help(help))
        })
        .or_else(|| bound_unmet(value, definition))
        .or_else(|| match value {
            Value::String(text) => pattern_unmet(text, value, definition, patterns),
            Value::Array(items) => items_unmet(items, value, definition, patterns),
            Value::Object(fields) => fields_unmet(fields, value, definition, patterns),
            Value::Null | Value::Bool(_) | Value::Number(_) => None,
        })
}

/// A definition in a definition may be true or false as well: anything or nothing.
fn part_unmet(part: &Value, definition: &Value, patterns: &Patterns<'_>) -> Option<Unmet> {
    match definition {
        Value::Object(definition) => unmet(part, definition, patterns),
        Value::Bool(false) => Some(Unmet::new("nothing", part)),
        _ => None,
    }
}

fn type_unmet(value: &Value, definition: &Map<String, Value>) -> Option<Unmet> {
    let sort = definition.get("type")?;
    let sorts = match sort {
        Value::Array(sorts) => sorts.as_slice(),
        sort => std::slice::from_ref(sort),
    };
    let mut sorts = sorts.iter().filter_map(Value::as_str).peekable();
    // A blueprint without a type, or of an unknown one, is reported as such.
    sorts.peek()?;
    let mut wanted = Vec::new();
    for sort in sorts {
        let (name, is_met) = match sort {
            "string" => ("a text", value.is_string()),
            "number" => ("a number", value.is_number()),
            "integer" => (
                "a whole number",
                value.as_f64().is_some_and(|number| number.fract() == 0.0),
            ),
            "boolean" => ("true or false", value.is_boolean()),
            "object" => ("an object", value.is_object()),
            "array" => ("a list", value.is_array()),
            "null" => ("null", value.is_null()),
            _ => return None,
        };
        if is_met {
            return None;
        }
        wanted.push(name);
    }
    Some(Unmet::new(wanted.join(" or "), value))
}

fn enum_unmet(value: &Value, definition: &Map<String, Value>) -> Option<Unmet> {
    if let Some(allowed) = definition.get("enum").and_then(Value::as_array)
        // An empty one is filled with the values in use later.
        && !allowed.is_empty()
        && !allowed.iter().any(|allowed| is_same(allowed, value))
    {
        let help = "use one of the allowed values, or add this one to `enum` in the blueprint";
        return Some(Unmet::new(listed(allowed), value).help(help));
    }
    let only = definition.get("const")?;
    (!is_same(only, value)).then(|| Unmet::new(described(only), value))
}

/// Whether a text has a format of Port's, such as `url` or `date-time`; every text has a format that is not known.
#[must_use]
pub fn has_format(text: &str, format: &str) -> bool {
    format::unmet(&Value::from(text), format).is_none()
}

/// The bounds of JSON Schema on texts, numbers, lists and objects.
fn bound_unmet(value: &Value, definition: &Map<String, Value>) -> Option<Unmet> {
    #[expect(clippy::cast_precision_loss, reason = "nothing has 2^53 parts")]
    let (size, least, most, unit) = match value {
        Value::String(text) => (
            text.chars().count() as f64,
            "minLength",
            "maxLength",
            " characters",
        ),
        Value::Array(items) => (items.len() as f64, "minItems", "maxItems", " items"),
        Value::Object(fields) => (
            fields.len() as f64,
            "minProperties",
            "maxProperties",
            " fields",
        ),
        Value::Number(number) => (number.as_f64()?, "minimum", "maximum", ""),
        Value::Null | Value::Bool(_) => return None,
    };
    let bound = |key| definition.get(key).and_then(Value::as_f64);
    let of_numbers = |key| bound(key).filter(|_| value.is_number());
    let wanted = if let Some(least) = bound(least).filter(|least| size < *least) {
        format!("at least {least}{unit}")
    } else if let Some(most) = bound(most).filter(|most| size > *most) {
        format!("at most {most}{unit}")
    } else if let Some(least) = of_numbers("exclusiveMinimum").filter(|least| size <= *least) {
        format!("more than {least}")
    } else if let Some(most) = of_numbers("exclusiveMaximum").filter(|most| size >= *most) {
        format!("less than {most}")
    } else {
        return None;
    };
    let unmet = Unmet::new(wanted, value);
    Some(match value {
        Value::Array(_) | Value::Object(_) => unmet.is(format!("it has {size}")),
        _ => unmet,
    })
}

fn pattern_unmet(
    text: &str,
    value: &Value,
    definition: &Map<String, Value>,
    patterns: &Patterns<'_>,
) -> Option<Unmet> {
    let pattern = definition.get("pattern")?.as_str()?;
    let is_met = patterns.is_match(pattern, text).unwrap_or(true);
    (!is_met).then(|| Unmet::new(format!("a text of the pattern {}", quoted(pattern)), value))
}

fn items_unmet(
    items: &[Value],
    value: &Value,
    definition: &Map<String, Value>,
    patterns: &Patterns<'_>,
) -> Option<Unmet> {
    if definition.get("uniqueItems") == Some(&Value::Bool(true)) {
        let mut seen: HashMap<String, usize> = HashMap::with_capacity(items.len());
        for (number, item) in (1..).zip(items) {
            let first = *seen.entry(canonical(item)).or_insert(number);
            if first != number {
                let unmet = Unmet::new("items that differ", value);
                return Some(unmet.is(format!("item {number} repeats item {first}")));
            }
        }
    }
    let of_items = definition.get("items")?;
    (1..).zip(items).find_map(|(number, item)| {
        let unmet = part_unmet(item, of_items, patterns)?;
        Some(unmet.within(format!("item {number}")))
    })
}

fn fields_unmet(
    fields: &Map<String, Value>,
    value: &Value,
    definition: &Map<String, Value>,
    patterns: &Patterns<'_>,
) -> Option<Unmet> {
    let required = definition.get("required").and_then(Value::as_array);
    let mut required = required.into_iter().flatten().filter_map(Value::as_str);
    if let Some(missing) = required.find(|name| !fields.contains_key(*name)) {
        let unmet = Unmet::new(format!("a {}", quoted(missing)), value);
        return Some(unmet.is("it has none"));
    }
    let map = |key: &str| definition.get(key).and_then(Value::as_object);
    let (named, by_pattern) = (map("properties"), map("patternProperties"));
    let others = definition.get("additionalProperties");
    for (name, field) in fields {
        let within = |unmet: Unmet| unmet.within(quoted(name));
        let definition = named.and_then(|named| named.get(name));
        // Where a pattern cannot be checked, the name may be one of its names.
        let mut is_other = definition.is_none();
        if let Some(unmet) =
            definition.and_then(|definition| part_unmet(field, definition, patterns))
        {
            return Some(within(unmet));
        }
        for (pattern, definition) in by_pattern.into_iter().flatten() {
            let is_match = patterns.is_match(pattern, name);
            is_other &= is_match == Some(false);
            if is_match == Some(true)
                && let Some(unmet) = part_unmet(field, definition, patterns)
            {
                return Some(within(unmet));
            }
        }
        match others.filter(|_| is_other) {
            Some(Value::Bool(false)) => {
                let unmet = Unmet::new(format!("no {}", quoted(name)), value);
                return Some(unmet.is("it has one"));
            }
            Some(definition) => {
                if let Some(unmet) = part_unmet(field, definition, patterns) {
                    return Some(within(unmet));
                }
            }
            None => {}
        }
    }
    None
}

/// Equality of JSON Schema: numbers are doubles.
pub(super) fn is_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::String(a), Value::String(b)) => a == b,
        (Value::Number(_) | Value::Array(_) | Value::Object(_), _) => canonical(a) == canonical(b),
        (a, b) => a == b,
    }
}

/// A text that is the same for equal values only.
pub(super) fn canonical(value: &Value) -> String {
    match value {
        // Plus zero, because zero and minus zero are one.
        Value::Number(number) => format!("{:?}", number.as_f64().unwrap_or_default() + 0.0),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        Value::Object(fields) => {
            let mut fields: Vec<String> = fields
                .iter()
                .map(|(name, field)| format!("{name:?}:{}", canonical(field)))
                .collect();
            fields.sort();
            format!("{{{}}}", fields.join(","))
        }
        Value::Null | Value::Bool(_) | Value::String(_) => value.to_string(),
    }
}

fn listed(allowed: &[Value]) -> String {
    let shown: Vec<String> = allowed.iter().take(LISTED_VALUES).map(described).collect();
    let more = if allowed.len() > LISTED_VALUES {
        ", …"
    } else {
        ""
    };
    format!("one of {}{more}", shown.join(", "))
}

fn described(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) | Value::Number(_) => format!("`{value}`"),
        Value::String(text) => quoted(text),
        Value::Array(_) => "a list".to_owned(),
        // What is wrong with a link is nearly always its address.
        Value::Object(map) => match map.get("url").and_then(Value::as_str) {
            Some(url) => format!("an object with the `url` {}", quoted(url)),
            None => "an object".to_owned(),
        },
    }
}

/// How many bytes a value takes as JSON.
pub(super) fn json_length(value: &impl Serialize) -> usize {
    serde_json::to_vec(value).map_or(usize::MAX, |bytes| bytes.len())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::misfit;
    use crate::diagnostic::Diagnostics;
    use crate::port::Blueprint;
    use crate::port::check::pattern::Patterns;

    fn reason(definition: &Value, value: &Value) -> Result<Option<String>, serde_json::Error> {
        let blueprint: Blueprint = serde_json::from_value(json!({
            "identifier": "a", "title": "A", "schema": {"properties": {"a": definition}},
        }))?;
        let mut patterns = Patterns::default();
        patterns.add(&blueprint, &mut Diagnostics::default());
        let misfit = misfit(value, &blueprint.schema.properties["a"].0, &patterns);
        Ok(misfit.map(|misfit| misfit.reason))
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table of definitions")]
    fn types_enums_bounds_and_parts() -> Result<(), serde_json::Error> {
        for (definition, good, bad) in [
            (json!({"type": "string"}), json!("a"), json!(1)),
            (json!({"type": "number"}), json!(1.5), json!("1")),
            (json!({"type": "boolean"}), json!(true), json!("true")),
            (json!({"type": "object"}), json!({}), json!([])),
            (json!({"type": "array"}), json!([1]), json!({})),
            (
                json!({"type": "string", "enum": ["a"]}),
                json!("a"),
                json!("A"),
            ),
            (
                json!({"type": "string", "maxLength": 2}),
                json!("éé"),
                json!("abc"),
            ),
            (
                json!({"type": "string", "minLength": 1}),
                json!("a"),
                json!(""),
            ),
            (json!({"type": "number", "maximum": 5}), json!(5), json!(6)),
            (
                json!({"type": "array", "maxItems": 1}),
                json!([1]),
                json!([1, 2]),
            ),
            (
                json!({"type": "array", "items": {"type": "string"}}),
                json!(["a"]),
                json!(["a", 1]),
            ),
            (
                json!({"type": "array", "items": {"type": "string", "format": "url"}}),
                json!(["https://a.example"]),
                json!(["https://a.example", "a"]),
            ),
            (
                json!({"type": "string", "format": "ipv4"}),
                json!("192.0.2.1"),
                json!("192.0.2.01"),
            ),
            (
                json!({"type": "string", "format": "ipv6"}),
                json!("::1"),
                json!("::1%eth0"),
            ),
            (
                json!({"type": "object", "format": "labeled-url"}),
                json!({"url": "https://a.example", "displayText": "A"}),
                json!({"url": "https://a.example", "title": "A"}),
            ),
            (json!({"type": "number", "enum": [1]}), json!(1.0), json!(2)),
            (
                json!({"const": {"a": [1]}}),
                json!({"a": [1.0]}),
                json!({"a": [2]}),
            ),
            (json!({"type": ["string", "null"]}), json!(null), json!(1)),
            (json!({"type": "integer"}), json!(2.0), json!(2.5)),
            (json!({"minimum": 5}), json!(5), json!(4.5)),
            (json!({"exclusiveMinimum": 5}), json!(5.5), json!(5)),
            (json!({"exclusiveMaximum": 5}), json!(4), json!(5)),
            (json!({"minItems": 1}), json!([1]), json!([])),
            (
                json!({"maxProperties": 1}),
                json!({"a": 1}),
                json!({"a": 1, "b": 1}),
            ),
            (json!({"minProperties": 1}), json!({"a": 1}), json!({})),
            (json!({"pattern": "^a+$"}), json!("aa"), json!("ab")),
            (
                json!({"uniqueItems": true}),
                json!([1, "1", {"a": 1}]),
                json!([{"a": 1, "b": 2}, {"b": 2, "a": 1.0}]),
            ),
            (
                json!({"required": ["a"]}),
                json!({"a": null}),
                json!({"b": 1}),
            ),
            (
                json!({"properties": {"a": {"properties": {"b": {"type": "number"}}}}}),
                json!({"a": {"b": 1}, "c": "x"}),
                json!({"a": {"b": "x"}}),
            ),
            (
                json!({"patternProperties": {"^x-": {"type": "number"}}}),
                json!({"x-a": 1, "y": "z"}),
                json!({"x-a": "z"}),
            ),
            (
                json!({"properties": {"a": true}, "patternProperties": {"^x-": {}}, "additionalProperties": false}),
                json!({"a": 1, "x-b": 1}),
                json!({"a": 1, "b": 1}),
            ),
            (
                json!({"additionalProperties": {"type": "string"}}),
                json!({"a": "b"}),
                json!({"a": 1}),
            ),
            (
                json!({"properties": {"a": false}}),
                json!({}),
                json!({"a": 1}),
            ),
            (
                json!({"type": "string", "format": "team"}),
                json!("payments"),
                json!("?"),
            ),
            (
                json!({"type": "string", "format": "blueprints"}),
                json!("component"),
                json!("a=b"),
            ),
            (
                json!({"type": "string", "format": "user"}),
                json!("jane@acme.example"),
                json!("jane"),
            ),
            (
                json!({"type": "string", "format": "timer"}),
                json!("2024-02-29T00:00:00Z"),
                json!("tomorrow"),
            ),
            (
                json!({"type": "string", "format": "yaml"}),
                json!("a: ["),
                json!({"a": 1}),
            ),
        ] {
            assert_eq!(reason(&definition, &good)?, None, "{definition} {good}");
            assert!(reason(&definition, &bad)?.is_some(), "{definition} {bad}");
        }
        Ok(())
    }

    #[test]
    fn a_reason_says_which_part_it_is() -> Result<(), serde_json::Error> {
        for (definition, value, expected) in [
            (
                json!({"items": {"properties": {"port": {"type": "number"}}}}),
                json!([{}, {"port": "x"}]),
                "wants a number in `port` of item 2, it is `x`",
            ),
            (
                json!({"items": {"required": ["port"]}}),
                json!([{}]),
                "wants a `port` in item 1, it has none",
            ),
            (
                json!({"properties": {"a": {"additionalProperties": false}}}),
                json!({"a": {"b": 1}}),
                "wants no `b` in `a`, it has one",
            ),
            (
                json!({"uniqueItems": true}),
                json!(["a", "b", "a"]),
                "wants items that differ, item 3 repeats item 1",
            ),
            (
                json!({"maxItems": 1}),
                json!([1, 2]),
                "wants at most 1 items, it has 2",
            ),
            (
                json!({"pattern": "^b"}),
                json!("a"),
                "wants a text of the pattern `^b`, it is `a`",
            ),
        ] {
            assert_eq!(reason(&definition, &value)?.as_deref(), Some(expected));
        }
        Ok(())
    }
}
