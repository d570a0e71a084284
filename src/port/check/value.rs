//! Holds a value against the definition of its property: JSON Schema with Port's formats.
//!
//! In: a value and the definition. Out: why it does not fit, in words that go on after "the blueprint".

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use serde::Serialize;
use serde_json::{Map, Value};
use url::Url;

use super::quoted;
use crate::port::Targets;

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

/// What a definition wants and a value is not.
type Unmet = (String, Option<&'static str>);

/// The first reason why a value does not fit its definition.
pub(super) fn misfit(value: &Value, definition: &Map<String, Value>) -> Option<Misfit> {
    if let Some((wanted, help)) = unmet(value, definition) {
        let reason = format!("wants {wanted}, it is {}", described(value));
        return Some(Misfit { reason, help });
    }
    let items = definition.get("items")?.as_object()?;
    let mut numbered = (1..).zip(value.as_array()?);
    numbered.find_map(|(number, item)| {
        let (wanted, help) = unmet(item, items)?;
        let reason = format!(
            "wants {wanted} in each item, item {number} is {}",
            described(item)
        );
        Some(Misfit { reason, help })
    })
}

/// Takes the bad items out of a list of labelled URLs; says how many, and what is wrong with the first.
pub(super) fn drop_misfit_links(
    value: &mut Value,
    definition: &Map<String, Value>,
) -> Option<(usize, Misfit)> {
    let items = definition.get("items")?.as_object()?;
    if definition.get("type")? != "array" || items.get("format")? != "labeled-url" {
        return None;
    }
    let list = value.as_array_mut()?;
    let before = list.len();
    let mut first = None;
    list.retain(|item| match misfit(item, items) {
        Some(misfit) => {
            first.get_or_insert(misfit);
            false
        }
        None => true,
    });
    Some((before - list.len(), first?))
}

fn unmet(value: &Value, definition: &Map<String, Value>) -> Option<Unmet> {
    let text = |key: &str| definition.get(key).and_then(Value::as_str);
    let (wanted, has_type) = match text("type").unwrap_or_default() {
        "string" => ("a text", value.is_string()),
        "number" => ("a number", value.is_number()),
        "boolean" => ("true or false", value.is_boolean()),
        "object" => ("an object", value.is_object()),
        "array" => ("a list", value.is_array()),
        // A blueprint without a type is reported as such.
        _ => ("", true),
    };
    if !has_type {
        return Some((wanted.to_owned(), None));
    }
    if let Some(allowed) = definition.get("enum").and_then(Value::as_array)
        && !allowed.contains(value)
    {
        let help = "use one of the allowed values, or add this one to `enum` in the blueprint";
        return Some((listed(allowed), Some(help)));
    }
    text("format")
        .and_then(|format| format_unmet(value, format))
        .or_else(|| Some((bound_unmet(value, definition)?, None)))
}

/// What a format wants; unknown formats and formats of another type want nothing.
fn format_unmet(value: &Value, format: &str) -> Option<Unmet> {
    let (is_met, wanted, help) = match (value, format) {
        (Value::String(text), "url") => (
            is_url(text),
            "a URL",
            "write an absolute address such as https://example.com/shop",
        ),
        (Value::String(text), "email" | "user") => (
            is_email(text),
            "an e-mail address",
            "write an address such as team@example.com",
        ),
        (Value::String(text), "idn-email") => (
            is_idn_email(text),
            "an e-mail address",
            "write an address such as team@example.com",
        ),
        (Value::String(text), "date-time" | "timer") => (
            is_date_time(text),
            "a date with time and zone",
            "write it like 2024-05-31T12:00:00Z",
        ),
        (Value::String(text), "ipv4") => (
            text.parse::<Ipv4Addr>().is_ok(),
            "an IPv4 address",
            "write it like 192.0.2.1",
        ),
        (Value::String(text), "ipv6") => (
            text.parse::<Ipv6Addr>().is_ok(),
            "an IPv6 address",
            "write it like 2001:db8::1",
        ),
        (Value::Object(map), "labeled-url") => (
            is_labeled_url(map),
            "an object of `url` and `displayText`",
            "give `url` an absolute address and `displayText` a text",
        ),
        _ => return None,
    };
    (!is_met).then(|| (wanted.to_owned(), Some(help)))
}

/// The bounds of JSON Schema on texts, numbers and lists.
fn bound_unmet(value: &Value, definition: &Map<String, Value>) -> Option<String> {
    #[expect(clippy::cast_precision_loss, reason = "no text or list has 2^53 parts")]
    let (size, least, most, unit) = match value {
        Value::String(text) => (
            text.chars().count() as f64,
            "minLength",
            "maxLength",
            " characters",
        ),
        Value::Array(items) => (items.len() as f64, "minItems", "maxItems", " items"),
        Value::Number(number) => (number.as_f64()?, "minimum", "maximum", ""),
        _ => return None,
    };
    let bound = |key| definition.get(key).and_then(Value::as_f64);
    if let Some(least) = bound(least).filter(|least| size < *least) {
        return Some(format!("at least {least}{unit}"));
    }
    let most = bound(most).filter(|most| size > *most)?;
    Some(format!("at most {most}{unit}"))
}

/// An absolute URL as browsers read it (WHATWG), without the blanks and line breaks they forgive.
fn is_url(text: &str) -> bool {
    !text.contains(|char: char| char.is_whitespace() || char.is_control())
        && Url::parse(text).is_ok()
}

/// `local@domain` as ajv-formats checks it, which Port's API is built on: dots inside both parts, never at their ends,
/// and at least one in the domain.
fn is_email(text: &str) -> bool {
    let is_local =
        |char: char| char.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~-".contains(char);
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    local
        .split('.')
        .all(|atom| !atom.is_empty() && atom.chars().all(is_local))
        && domain.contains('.')
        && domain.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .chars()
                    .all(|char| char.is_ascii_alphanumeric() || char == '-')
        })
}

fn is_idn_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && !domain.is_empty()
            && !domain.contains('@')
            && !text.contains(|char: char| char.is_whitespace() || char.is_control())
    })
}

/// RFC 3339 `date-time`: a day that exists, a time with a second that may be a leap second, and a zone.
fn is_date_time(text: &str) -> bool {
    date_time(text.as_bytes()).is_some()
}

fn date_time(text: &[u8]) -> Option<()> {
    let (date, time) = (text.get(..10)?, text.get(11..19)?);
    let [year, month, day] = [&date[..4], &date[5..7], &date[8..]].map(number);
    let (year, month, day) = (year?, month?, day?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    let [hour, minute, second] = [&time[..2], &time[3..5], &time[6..]].map(number);
    let is_valid = date[4] == b'-'
        && date[7] == b'-'
        && matches!(text[10], b'T' | b't')
        && time[2] == b':'
        && time[5] == b':'
        && (1..=days).contains(&day)
        && hour? < 24
        && minute? < 60
        && second? <= 60;
    is_valid.then_some(())?;
    let mut zone = &text[19..];
    if let Some(fraction) = zone.strip_prefix(b".") {
        let digits = fraction
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        (digits > 0).then_some(())?;
        zone = &fraction[digits..];
    }
    match zone {
        b"Z" | b"z" => Some(()),
        [b'+' | b'-', offset @ ..] if offset.len() == 5 && offset[2] == b':' => {
            (number(&offset[..2])? < 24 && number(&offset[3..])? < 60).then_some(())
        }
        _ => None,
    }
}

/// A number of digits only, unlike what `str::parse` takes.
fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |number, byte| {
        byte.is_ascii_digit()
            .then(|| number * 10 + u32::from(byte - b'0'))
    })
}

fn is_labeled_url(map: &Map<String, Value>) -> bool {
    map.get("url").and_then(Value::as_str).is_some_and(is_url)
        && map.get("displayText").is_none_or(Value::is_string)
        && map
            .keys()
            .all(|key| matches!(key.as_str(), "url" | "displayText"))
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

/// Roughly the size of the values, never less than their texts: cheap enough to be asked for every entity.
pub(super) fn weight(
    properties: &BTreeMap<String, Value>,
    relations: &BTreeMap<String, Targets>,
) -> usize {
    // A number or a word of JSON, and the comma.
    const SCALAR: usize = 20;
    fn of(value: &Value) -> usize {
        SCALAR
            + match value {
                Value::String(text) => text.len(),
                Value::Array(items) => items.iter().map(of).sum(),
                Value::Object(map) => map.iter().map(|(key, value)| key.len() + of(value)).sum(),
                Value::Null | Value::Bool(_) | Value::Number(_) => 0,
            }
    }
    let targets = |targets: &Targets| match targets {
        Targets::One(target) => target.len(),
        Targets::Many(list) => list.iter().map(|target| SCALAR + target.len()).sum(),
        Targets::Query(query) => of(query.value()),
    };
    properties.values().map(of).sum::<usize>() + relations.values().map(targets).sum::<usize>()
}

/// How many bytes a value takes as JSON.
pub(super) fn json_length(value: &impl Serialize) -> usize {
    serde_json::to_vec(value).map_or(usize::MAX, |bytes| bytes.len())
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::{is_date_time, is_email, is_idn_email, is_url, misfit};

    fn fits(definition: &Value, value: &Value) -> bool {
        misfit(value, definition.as_object().unwrap_or(&Map::new())).is_none()
    }

    #[test]
    fn types_enums_bounds_and_items() {
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
            (
                json!({"type": "string", "format": "yaml"}),
                json!("a: ["),
                json!({"a": 1}),
            ),
        ] {
            assert!(fits(&definition, &good), "{definition} {good}");
            assert!(!fits(&definition, &bad), "{definition} {bad}");
        }
    }

    #[test]
    fn urls() {
        for good in [
            "https://a.example/x?y#z",
            "mailto:a@b.example",
            "https://ä.example",
        ] {
            assert!(is_url(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "/a",
            "//a.example",
            "https://",
            " https://a.example",
            "https://a.example/a b",
        ] {
            assert!(!is_url(bad), "{bad}");
        }
    }

    #[test]
    fn email_addresses() {
        for good in ["a@b.example", "a.b+c@d-e.example"] {
            assert!(is_email(good) && is_idn_email(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "a@",
            "@b.example",
            "a@b",
            "a..b@c.example",
            "a@b@c.example",
            "a@-b.example",
            "ä@b.example",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
        assert!(is_idn_email("ä@ö.example") && !is_idn_email("a b@c.example"));
    }

    #[test]
    fn dates() {
        for good in [
            "2024-02-29T00:00:00Z",
            "2024-05-31t23:59:60.123z",
            "2000-02-29T12:00:00+05:30",
        ] {
            assert!(is_date_time(good), "{good}");
        }
        for bad in [
            "",
            "2024-05-31",
            "2024-05-31T12:00:00",
            "2024-05-31 12:00:00Z",
            "2023-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2024-13-01T00:00:00Z",
            "2024-00-01T00:00:00Z",
            "2024-01-00T00:00:00Z",
            "2024-01-01T24:00:00Z",
            "2024-01-01T00:00:00.Z",
            "2024-01-01T00:00:00+0530",
            "2024-01-01T00:00:00Zx",
            "+024-01-01T00:00:00Z",
            "2024-01-01Té0:00:00Z",
        ] {
            assert!(!is_date_time(bad), "{bad}");
        }
    }
}
