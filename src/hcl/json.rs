//! JSON inside HCL: objects that a provider takes as text.
//!
//! In: a value. Out: the text that a provider written in Go makes of it when it reads it back. Any other text for the same
//! value would look like a change in every plan.

use std::fmt::Write as _;

use serde_json::{Number, Value};

/// Integers up to this one are the same as floating point numbers.
const MAX_EXACT: u64 = 1 << 53;

/// Whether `jsonencode` makes the same text of a value as Go's encoder, to which all numbers are floating point numbers:
/// they differ in how they spell the very small and very large ones.
pub(super) fn is_encoded_alike(value: &Value) -> bool {
    match value {
        Value::Number(number) => {
            let whole = number.as_i64().map(i64::unsigned_abs).or(number.as_u64());
            let size = number.as_f64().unwrap_or_default().abs();
            match whole {
                Some(whole) => whole <= MAX_EXACT,
                None => size == 0.0 || (1e-6..1e21).contains(&size),
            }
        }
        Value::Array(items) => items.iter().all(is_encoded_alike),
        Value::Object(map) => map.values().all(is_encoded_alike),
        _ => true,
    }
}

/// The text that Go's `encoding/json` makes of a value, with its keys sorted and `<`, `>` and `&` escaped.
pub(super) fn text(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(bool) => {
            let _ = write!(text, "{bool}");
        }
        Value::Number(number) => text.push_str(&go_number(number)),
        Value::String(string) => write_text(string, text),
        Value::Array(items) => {
            text.push('[');
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    text.push(',');
                }
                write(item, text);
            }
            text.push(']');
        }
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            text.push('{');
            for (position, (key, value)) in entries.into_iter().enumerate() {
                if position > 0 {
                    text.push(',');
                }
                write_text(key, text);
                text.push(':');
                write(value, text);
            }
            text.push('}');
        }
    }
}

fn write_text(string: &str, text: &mut String) {
    text.push('"');
    for char in string.chars() {
        match char {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..'\u{20}' => {
                let _ = write!(text, "\\u{:04x}", u32::from(char));
            }
            other => text.push(other),
        }
    }
    text.push('"');
}

/// A number as Go spells it: without an exponent where it is neither very small nor very large.
fn go_number(number: &Number) -> String {
    let float = number.as_f64().unwrap_or_default();
    let size = float.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format!("{float:e}");
        return if size < 1.0 {
            text
        } else {
            text.replace('e', "e+")
        };
    }
    format!("{float}")
}

/// A number as a literal of HCL. Numbers of a provider are floating point numbers.
pub(crate) fn number(number: &Number) -> String {
    let float = number.as_f64().unwrap_or_default();
    if float == 0.0 {
        return "0".to_owned();
    }
    if float.fract() == 0.0 && float.abs() < 1e15 {
        return format!("{float:.0}");
    }
    Number::from_f64(float).map_or_else(|| "0".to_owned(), |number| number.to_string())
}
