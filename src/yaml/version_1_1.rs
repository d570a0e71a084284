//! What a plain scalar means in YAML 1.1, which a document asks for with `%YAML 1.1`; and the tags of 1.1 that 1.2
//! knows too.
//!
//! In: the text of a scalar. Out: a JSON value as Backstage stores it. The patterns, and what they do with text such as
//! `e5`, are those of the `yaml` package, version 2 (`src/schema/yaml-1.1`).

use serde_json::{Value, json};

use super::scalar::{number, radix};

pub(super) fn boolean(text: &str) -> Option<Value> {
    match text {
        "Y" | "y" | "Yes" | "yes" | "YES" | "True" | "true" | "TRUE" | "On" | "on" | "ON" => {
            Some(Value::Bool(true))
        }
        "N" | "n" | "No" | "no" | "NO" | "False" | "false" | "FALSE" | "Off" | "off" | "OFF" => {
            Some(Value::Bool(false))
        }
        _ => None,
    }
}

pub(super) fn integer(text: &str) -> Option<Value> {
    let (sign, digits) = signed(text);
    if let Some(digits) = digits.strip_prefix("0b") {
        return based(sign, digits, 2);
    }
    if let Some(digits) = digits.strip_prefix("0x") {
        return based(sign, digits, 16);
    }
    if let Some(octal) = digits.strip_prefix('0')
        && let Some(value) = based(sign, octal, 8)
    {
        return Some(value);
    }
    if are_digits(digits) {
        return plain_digits(digits)
            .parse()
            .ok()
            .map(|value: f64| number(sign * value));
    }
    sexagesimal(text, false)
}

fn signed(text: &str) -> (f64, &str) {
    match text.strip_prefix('-') {
        Some(digits) => (-1.0, digits),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    }
}

fn plain_digits(text: &str) -> String {
    text.replace('_', "")
}

/// Digits and underscores, a digit first.
fn are_digits(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit()) && may_be_digits(text)
}

fn may_be_digits(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'_')
}

/// Digits of a base, with underscores. Underscores alone are not a number, and JSON has no other word for that than
/// null.
fn based(sign: f64, digits: &str, base: u32) -> Option<Value> {
    let plain = plain_digits(digits);
    if plain.is_empty() {
        return (!digits.is_empty()).then_some(Value::Null);
    }
    radix(&plain, base).map(|value| number(sign * value))
}

pub(super) fn float(text: &str) -> Option<Value> {
    let (_, unsigned) = signed(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(signed(exponent).1)),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let has_form = (whole.is_empty() || are_digits(whole))
        && fraction.is_none_or(may_be_digits)
        && (fraction.is_some() || exponent.is_some())
        && exponent.is_none_or(|digits| {
            !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
        });
    if !has_form {
        return sexagesimal(text, true);
    }
    // `.` and `e5` have the form of a float and no digits: not a number, which JSON stores as null.
    Some(plain_digits(text).parse().map_or(Value::Null, number))
}

/// Base 60: `1:30` is 90, and a float has a fraction in its last part.
fn sexagesimal(text: &str, with_fraction: bool) -> Option<Value> {
    let (sign, unsigned) = signed(text);
    let (unsigned, fraction) = match unsigned.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (unsigned, None),
    };
    let (first, rest) = unsigned.split_once(':')?;
    let is_part =
        |part: &str| matches!(part.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9']);
    let has_form = are_digits(first)
        && rest.split(':').all(is_part)
        && fraction.is_some() == with_fraction
        && fraction.is_none_or(may_be_digits);
    if !has_form {
        return None;
    }
    let whole = base_60(unsigned);
    let fraction = format!("0.{}0", plain_digits(fraction.unwrap_or_default()));
    Some(number(sign * (whole + fraction.parse().unwrap_or(0.0))))
}

fn base_60(text: &str) -> f64 {
    let parts = plain_digits(text);
    parts
        .split(':')
        .fold(0.0, |sum, part| sum * 60.0 + part.parse().unwrap_or(0.0))
}

/// A date, or a date and a time, as JavaScript prints it in JSON.
pub(super) fn timestamp(text: &str) -> Option<Value> {
    let (year, rest) = digits(text, 4..=4)?;
    let (month, rest) = digits(rest.strip_prefix('-')?, 1..=2)?;
    let (day, rest) = digits(rest.strip_prefix('-')?, 1..=2)?;
    let time = if rest.is_empty() { 0 } else { time(rest)? };
    // JavaScript takes two-digit years for those of the last century.
    let year = if year < 100 { year + 1900 } else { year };
    Some(Value::String(iso(
        days(year, month, day) * 86_400_000 + time
    )))
}

/// Between `least` and `most` digits from the start of a text, and what follows them.
fn digits(text: &str, count: std::ops::RangeInclusive<usize>) -> Option<(i64, &str)> {
    let found = text
        .bytes()
        .take_while(u8::is_ascii_digit)
        .count()
        .min(*count.end());
    let (digits, rest) = text.split_at_checked(found)?;
    count
        .contains(&found)
        .then(|| digits.parse().ok())?
        .map(|value| (value, rest))
}

/// The milliseconds of a time and its zone.
fn time(text: &str) -> Option<i64> {
    let start = match text.strip_prefix(['t', 'T']) {
        Some(rest) => rest,
        None => text
            .strip_prefix([' ', '\t'])?
            .trim_start_matches([' ', '\t']),
    };
    let (hour, rest) = digits(start, 1..=2)?;
    let (minute, rest) = digits(rest.strip_prefix(':')?, 1..=2)?;
    let (second, rest) = digits(rest.strip_prefix(':')?, 1..=2)?;
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => {
            let count = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (fraction, rest) = rest.split_at_checked(count)?;
            (
                Some(fraction).filter(|fraction| !fraction.is_empty())?,
                rest,
            )
        }
        None => ("", rest),
    };
    let milliseconds: i64 = format!("{fraction}000").get(..3)?.parse().ok()?;
    let local = ((hour * 60 + minute) * 60 + second) * 1000 + milliseconds;
    match rest.trim_start_matches([' ', '\t']) {
        "" if rest.is_empty() => Some(local),
        "Z" => Some(local),
        zone => Some(local - zone_minutes(zone)? * 60_000),
    }
}

/// `+5`, `-03:30`.
fn zone_minutes(zone: &str) -> Option<i64> {
    let (sign, unsigned) = match zone.strip_prefix('-') {
        Some(unsigned) => (-1, unsigned),
        None => (1, zone.strip_prefix('+')?),
    };
    let (hours, minutes) = match unsigned.split_once(':') {
        Some((hours, minutes)) if minutes.len() == 2 => (hours, Some(minutes)),
        None => (unsigned, None),
        Some(_) => return None,
    };
    let has_form = matches!(hours.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'2', b'0'..=b'9']);
    if !has_form {
        return None;
    }
    let hours: i64 = hours.parse().ok()?;
    let Some(minutes) = minutes else {
        return Some(sign * hours * 60);
    };
    if !minutes.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let total = hours * 60 + minutes.parse::<i64>().ok()?;
    // The package takes less than half an hour for hours.
    Some(sign * if total < 30 { total * 60 } else { total })
}

/// Days since 1970-01-01; months and days beyond their range carry over.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let months = year * 12 + month - 1;
    let (year, month) = (months.div_euclid(12), months.rem_euclid(12) + 1);
    // Years from March, so that the leap day is the last one.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn iso(milliseconds: i64) -> String {
    let (days, rest) = (
        milliseconds.div_euclid(86_400_000),
        milliseconds.rem_euclid(86_400_000),
    );
    let (year, month, day) = date(days);
    let (hour, minute) = (rest / 3_600_000, rest / 60_000 % 60);
    let (second, milliseconds) = (rest / 1000 % 60, rest % 1000);
    let year = if (0..=9999).contains(&year) {
        format!("{year:04}")
    } else {
        format!("{year:+07}")
    };
    format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milliseconds:03}Z")
}

fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

/// The bytes of base 64 as Node reads it: anything else than a digit is skipped, and `=` ends it.
pub(super) fn binary(text: &str) -> Value {
    let mut bytes: Vec<u8> = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0u32, 0);
    for digit in text
        .bytes()
        .take_while(|byte| *byte != b'=')
        .filter_map(base64_digit)
    {
        bits = bits << 6 | u32::from(digit);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.extend(u8::try_from(bits >> count & 0xff));
        }
    }
    json!({"type": "Buffer", "data": bytes})
}

fn base64_digit(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Value {
        boolean(text)
            .or_else(|| integer(text))
            .or_else(|| float(text))
            .or_else(|| timestamp(text))
            .unwrap_or_else(|| text.into())
    }

    #[test]
    fn plain_scalars_follow_version_1_1() {
        for (text, expected) in [
            ("y", json!(true)),
            ("oFF", json!("oFF")),
            ("017", json!(15)),
            ("-017", json!(-15)),
            ("08", json!(8)),
            ("0_", json!(null)),
            ("+0b1_1", json!(3)),
            ("0x_F", json!(15)),
            ("1_000", json!(1000)),
            ("_1", json!("_1")),
            ("1:30", json!(90)),
            ("-1:00:01", json!(-3601)),
            ("1:60", json!("1:60")),
            ("1:30.5", json!(90.5)),
            ("1_0.5_0", json!(10.5)),
            (".", json!(null)),
            ("e5", json!(null)),
            ("1e3", json!(1000)),
            ("1e_3", json!("1e_3")),
            ("2020-1-2", json!("2020-01-02T00:00:00.000Z")),
            ("2020-02-31", json!("2020-03-02T00:00:00.000Z")),
            ("0001-01-01", json!("1901-01-01T00:00:00.000Z")),
            ("2020-01-01t1:02:03.4567", json!("2020-01-01T01:02:03.456Z")),
            (
                "2020-01-01 10:20:30 -03:30",
                json!("2020-01-01T13:50:30.000Z"),
            ),
            ("2020-01-01 10:20:30+5", json!("2020-01-01T05:20:30.000Z")),
            ("2020-01-01 10:20", json!("2020-01-01 10:20")),
            ("2020-01-01 10:20:30 ", json!("2020-01-01 10:20:30 ")),
        ] {
            assert_eq!(plain(text), expected, "{text}");
        }
    }

    #[test]
    fn base_64_is_read_leniently() {
        assert_eq!(
            binary("aGVs\n bG8="),
            json!({"type": "Buffer", "data": [104, 101, 108, 108, 111]})
        );
        assert_eq!(
            binary("-_8=zz"),
            json!({"type": "Buffer", "data": [251, 255]})
        );
    }
}
