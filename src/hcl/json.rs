//! JSON inside HCL: objects that a provider takes as text.
//!
//! In: a value. Out: the text that a provider written in Go makes of it when it reads it back. Any other text for the same
//! value would look like a change in every plan.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::Formatter;
use serde_json::{Number, Serializer, Value};

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

/// The text that Go's `encoding/json` makes of a value, with its keys sorted.
pub(super) fn text(value: &Value) -> String {
    let mut value = value.clone();
    value.sort_all_objects();
    let mut text = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut text, Go);
    // Neither is a value without its text, nor does memory refuse to be written to.
    let _ = value.serialize(&mut serializer);
    String::from_utf8_lossy(&text).into_owned()
}

/// How Go spells JSON: numbers are floating point numbers, and no text is markup for a browser.
struct Go;

#[expect(clippy::cast_precision_loss, reason = "a provider loses it as well")]
impl Formatter for Go {
    fn write_i64<W: ?Sized + Write>(&mut self, writer: &mut W, number: i64) -> io::Result<()> {
        self.write_f64(writer, number as f64)
    }

    fn write_u64<W: ?Sized + Write>(&mut self, writer: &mut W, number: u64) -> io::Result<()> {
        self.write_f64(writer, number as f64)
    }

    /// Without an exponent where it is neither very small nor very large.
    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, number: f64) -> io::Result<()> {
        let size = number.abs();
        if size == 0.0 || (1e-6..1e21).contains(&size) {
            write!(writer, "{number}")
        } else if size < 1.0 {
            write!(writer, "{number:e}")
        } else {
            writer.write_all(format!("{number:e}").replace('e', "e+").as_bytes())
        }
    }

    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        fragment.chars().try_for_each(|char| match char {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                write!(writer, "\\u{:04x}", u32::from(char))
            }
            other => write!(writer, "{other}"),
        })
    }
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
