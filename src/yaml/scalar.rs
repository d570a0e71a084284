//! What a scalar means: the core schema of YAML 1.2, with JavaScript's numbers; that of 1.1 where it is asked for.
//!
//! In: the text, style and tag of a scalar. Out: a JSON value as Backstage stores it. The patterns are those of the
//! `yaml` package, version 2 (`src/schema/core`), which Backstage uses.

use std::borrow::Cow;

use serde_json::{Number, Value};

use super::events::{ScalarStyle, Tag};
use super::version_1_1;

/// Where the tags that YAML itself defines live.
pub(super) const YAML_TAGS: &str = "tag:yaml.org,2002:";

/// Which scalars mean more than their text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Schema {
    /// The core schema of version 1.2.
    #[default]
    Core,
    /// What a document gets that asks for `%YAML 1.1`.
    Version11,
}

/// The value of a scalar, or why its tag cannot be kept.
pub(super) fn value(
    text: Cow<'_, str>,
    style: ScalarStyle,
    tag: Option<&Tag>,
    schema: Schema,
) -> Result<Value, &'static str> {
    let tag = match tag {
        None if style == ScalarStyle::Plain => return Ok(plain(text, schema)),
        None => return Ok(Value::String(owned(text))),
        Some(tag) => tag.suffix_in_namespace(YAML_TAGS),
    };
    // A tag that does not fit its text is dropped, and the text stays a string.
    let text = text.as_ref();
    let tagged = match tag.as_deref() {
        Some("null") => null(text),
        Some("bool") => boolean(text, schema),
        Some("int") => integer(text, schema),
        Some("float") => float(text, schema),
        Some("binary") => Some(version_1_1::binary(text)),
        Some("timestamp") => match (version_1_1::timestamp(text), schema) {
            (None, Schema::Core) => return Err("`!!timestamp` needs a date: year-month-day"),
            (date, _) => date,
        },
        _ => None,
    };
    Ok(tagged.unwrap_or_else(|| Value::String(text.to_owned())))
}

fn plain(text: Cow<'_, str>, schema: Schema) -> Value {
    special(&text, schema).unwrap_or_else(|| Value::String(owned(text)))
}

/// The text, without room for more.
fn owned(text: Cow<'_, str>) -> String {
    let mut text = text.into_owned();
    text.shrink_to_fit();
    text
}

/// The value of a plain scalar that means more than its text.
fn special(text: &str, schema: Schema) -> Option<Value> {
    // Most scalars are words: only these first bytes can start anything else.
    let may_be_special = match text.bytes().next() {
        None => true,
        Some(first) => {
            schema == Schema::Version11
                || matches!(
                    first,
                    b'0'..=b'9'
                        | b'-'
                        | b'+'
                        | b'.'
                        | b'~'
                        | b'n'
                        | b'N'
                        | b't'
                        | b'T'
                        | b'f'
                        | b'F'
                )
        }
    };
    if !may_be_special {
        return None;
    }
    null(text)
        .or_else(|| boolean(text, schema))
        .or_else(|| integer(text, schema))
        .or_else(|| float(text, schema))
        .or_else(|| match schema {
            Schema::Core => None,
            Schema::Version11 => version_1_1::timestamp(text),
        })
}

/// Whether a plain scalar of this text is a string.
pub(super) fn is_text(text: &str) -> bool {
    special(text, Schema::Core).is_none()
}

fn null(text: &str) -> Option<Value> {
    matches!(text, "" | "~" | "null" | "Null" | "NULL").then_some(Value::Null)
}

fn boolean(text: &str, schema: Schema) -> Option<Value> {
    match text {
        _ if schema == Schema::Version11 => version_1_1::boolean(text),
        "true" | "True" | "TRUE" => Some(Value::Bool(true)),
        "false" | "False" | "FALSE" => Some(Value::Bool(false)),
        _ => None,
    }
}

fn integer(text: &str, schema: Schema) -> Option<Value> {
    if schema == Schema::Version11 {
        return version_1_1::integer(text);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(digits, 8).map(number);
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(digits, 16).map(number);
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_decimal = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    // Base 10 even with leading zeros.
    is_decimal
        .then(|| text.parse().map(number))
        .and_then(Result::ok)
}

pub(super) fn radix(digits: &str, radix: u32) -> Option<f64> {
    if digits.is_empty() {
        return None;
    }
    digits.chars().try_fold(0.0, |sum, digit| {
        Some(sum * f64::from(radix) + f64::from(digit.to_digit(radix)?))
    })
}

fn float(text: &str, schema: Schema) -> Option<Value> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        // JSON has neither, so the catalog stores null.
        return Some(Value::Null);
    }
    if schema == Schema::Version11 {
        return version_1_1::float(text);
    }
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let are_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let has_form = are_digits(whole)
        && fraction.is_none_or(are_digits)
        && !(whole.is_empty() && fraction.is_none_or(str::is_empty))
        && (fraction.is_some() || exponent.is_some())
        && exponent.is_none_or(|exponent| {
            let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
            !digits.is_empty() && are_digits(digits)
        });
    has_form
        .then(|| text.parse().map(number))
        .and_then(Result::ok)
}

/// A JavaScript number as the catalog's database stores it: infinities become null, integers lose what a double
/// cannot hold.
pub(super) fn number(number: f64) -> Value {
    if !number.is_finite() {
        return Value::Null;
    }
    if number.fract() == 0.0 {
        // The text JavaScript prints, so that 12345678901234567890 becomes 12345678901234567000 here too.
        let text = number_text(number);
        if let Ok(integer) = text.parse::<i64>() {
            return Value::from(integer);
        }
        if let Ok(integer) = text.parse::<u64>() {
            return Value::from(integer);
        }
    }
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}

/// The text of a number as JavaScript's `String(number)` gives it: shortest digits, exponents outside 1e-6 to 1e21.
pub(super) fn number_text(number: f64) -> String {
    let size = number.abs();
    if number == 0.0 {
        "0".to_owned()
    } else if (1e-6..1e21).contains(&size) {
        // Display prints every digit of the shortest text that reads back as this number, zeros after that.
        shortest(number)
    } else {
        let text = format!("{number:e}");
        match text.split_once('e') {
            Some((digits, exponent)) if !exponent.starts_with('-') => {
                format!("{digits}e+{exponent}")
            }
            _ => text,
        }
    }
}

fn shortest(number: f64) -> String {
    let text = format!("{number:e}");
    let Some((digits, exponent)) = text.split_once('e') else {
        return text;
    };
    let (sign, digits) = digits
        .strip_prefix('-')
        .map_or(("", digits), |digits| ("-", digits));
    let digits = digits.replace('.', "");
    let Ok(point) = exponent.parse::<i32>().map(|exponent| exponent + 1) else {
        return text;
    };
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or(0));
    if point <= 0 {
        format!("{sign}0.{}{digits}", zeros(-point))
    } else if point >= count {
        format!("{sign}{digits}{}", zeros(point - count))
    } else {
        let (whole, fraction) = digits.split_at(usize::try_from(point).unwrap_or(0));
        format!("{sign}{whole}.{fraction}")
    }
}

/// The key a value becomes in a JavaScript object: text as it is, null as the empty string, collections as flow text.
pub(super) fn key_text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Null => String::new(),
        Value::Bool(boolean) => boolean.to_string(),
        Value::Number(number) => number
            .as_f64()
            .map_or_else(|| number.to_string(), number_text),
        collection => flow_text(&collection),
    }
}

fn flow_text(value: &Value) -> String {
    match value {
        Value::Array(items) if items.is_empty() => "[]".to_owned(),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(flow_text).collect();
            format!("[ {} ]", items.join(", "))
        }
        Value::Object(map) if map.is_empty() => "{}".to_owned(),
        Value::Object(map) => {
            let entries: Vec<_> = map
                .iter()
                .map(|(key, value)| match value {
                    Value::Null => key.clone(),
                    value => format!("{key}: {}", flow_text(value)),
                })
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Value::String(text) => text.clone(),
        scalar => scalar.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn plain_scalars_follow_the_core_schema() {
        for (text, expected) in [
            ("", json!(null)),
            ("~", json!(null)),
            ("nUll", json!("nUll")),
            ("True", json!(true)),
            ("tRUE", json!("tRUE")),
            ("yes", json!("yes")),
            ("017", json!(17)),
            ("0o17", json!(15)),
            ("0x1F", json!(31)),
            ("0b11", json!("0b11")),
            ("1_000", json!("1_000")),
            ("1:30", json!("1:30")),
            ("-0", json!(0)),
            ("+12", json!(12)),
            ("1.", json!(1)),
            (".5", json!(0.5)),
            (".", json!(".")),
            ("1e3", json!(1000)),
            ("1e", json!("1e")),
            ("1e400", json!(null)),
            (".inf", json!(null)),
            ("+.nan", json!("+.nan")),
            ("1.2.3", json!("1.2.3")),
            ("2020-01-01", json!("2020-01-01")),
            (
                "12345678901234567890",
                json!(12_345_678_901_234_567_000_u64),
            ),
            ("9007199254740993", json!(9_007_199_254_740_992_u64)),
            ("nan", json!("nan")),
        ] {
            assert_eq!(plain(text.into(), Schema::Core), expected, "{text}");
        }
    }

    #[test]
    fn numbers_print_as_javascript_prints_them() {
        for (number, expected) in [
            (1.5, "1.5"),
            (16.0, "16"),
            (1e21, "1e+21"),
            (1.5e-7, "1.5e-7"),
            (0.000_001, "0.000001"),
            (1e20, "100000000000000000000"),
            (-2.5e10, "-25000000000"),
            (123_456_789.123_456_79, "123456789.12345679"),
        ] {
            assert_eq!(number_text(number), expected);
        }
    }
}
