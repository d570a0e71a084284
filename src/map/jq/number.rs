//! Numbers as jq 1.8 has them: doubles that remember how they were written until something is calculated with them.
//!
//! In: numbers of JSON and of expressions. Out: the text jq prints for them, and their order.

use std::cmp::Ordering;
use std::sync::Arc;

/// Whole numbers up to here are exact as doubles.
pub(super) const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// A number.
#[derive(Debug, Clone)]
pub(in crate::map) struct Number {
    value: f64,
    /// What jq prints for the number as it was written, where that is not what it prints for the double.
    literal: Option<Arc<str>>,
}

impl Number {
    /// The result of a calculation.
    pub(super) fn of(value: f64) -> Self {
        Self {
            value,
            literal: None,
        }
    }

    /// A number as it is written; `None` for a text that is none.
    pub(super) fn written(text: &str) -> Option<Self> {
        let value: f64 = text.parse().ok()?;
        let literal = canonical(text)?;
        let is_usual = value.is_finite() && print(value) == literal;
        Some(Self {
            value,
            literal: (!is_usual).then(|| literal.into()),
        })
    }

    /// A number of a JSON document. Ocean hands documents to jq as Python writes them, `3.0` and `1e+17`.
    pub(super) fn of_json(number: &serde_json::Number) -> Self {
        let text = number.to_string();
        // Both write the shortest digits that read back; exponents are Python's from 1e16 on.
        match number.as_f64() {
            Some(value) if number.is_f64() && (1e15..1e16).contains(&value.abs()) => {
                Self::written(&format!("{value:.1}"))
            }
            Some(value) if number.is_f64() && value.abs() >= 1e16 => {
                Self::written(&format!("{value:e}"))
            }
            _ => Self::written(&text),
        }
        .unwrap_or_else(|| Self::of(f64::NAN))
    }

    pub(super) fn value(&self) -> f64 {
        self.value
    }

    /// The number as JSON: null for what is no number, the largest double for what is too large, whole numbers without
    /// a fraction (`10 / 2` is 5).
    pub(super) fn json(&self) -> serde_json::Value {
        if let Some(literal) = &self.literal {
            if let Ok(value) = literal.parse::<i64>() {
                return value.into();
            }
            if let Ok(value) = literal.parse::<u64>() {
                return value.into();
            }
        }
        if self.value.is_nan() {
            return serde_json::Value::Null;
        }
        let value = self.value.clamp(f64::MIN, f64::MAX);
        if value.fract() == 0.0 && value.abs() < MAX_EXACT {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "an i64 holds whole numbers of this size exactly"
            )]
            return (value as i64).into();
        }
        value.into()
    }

    pub(super) fn negated(&self) -> Self {
        let literal = self.literal.as_ref().map(|text| {
            let positive = text.strip_prefix('-');
            positive.map_or_else(|| format!("-{text}").into(), Into::into)
        });
        // jq writes -0 of a calculation and 0 of a literal.
        let value = if self.value == 0.0 { 0.0 } else { -self.value };
        Self { value, literal }
    }

    /// The text that jq prints.
    pub(super) fn text(&self) -> String {
        match &self.literal {
            Some(literal) => literal.to_string(),
            None if self.value.is_nan() => "null".to_owned(),
            None => print(self.value.clamp(f64::MIN, f64::MAX)),
        }
    }

    /// The order of two numbers that are not NaN: whole numbers too large for a double are told apart as written.
    pub(super) fn compared(&self, other: &Self) -> Ordering {
        let order = self.value.partial_cmp(&other.value);
        let order = order.unwrap_or(Ordering::Equal);
        if order == Ordering::Equal && (self.literal.is_some() || other.literal.is_some()) {
            return compared_digits(&self.text(), &other.text());
        }
        order
    }
}

/// The order of two whole numbers of about the same size.
fn compared_digits(a: &str, b: &str) -> Ordering {
    let is_whole = |text: &str| {
        let digits = text.strip_prefix('-').unwrap_or(text);
        digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    if !is_whole(a) || !is_whole(b) {
        return Ordering::Equal;
    }
    let order = a.len().cmp(&b.len()).then_with(|| a.cmp(b));
    if a.starts_with('-') {
        order.reverse()
    } else {
        order
    }
}

/// A decimal as the General Decimal Arithmetic specification writes it ("to-scientific-string"), which is how jq 1.8
/// prints literals.
fn canonical(text: &str) -> Option<String> {
    let (sign, text) = match text.strip_prefix('-') {
        Some(text) => ("-", text),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], text[at + 1..].parse::<i64>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = digits.trim_start_matches('0');
    let digits = if digits.is_empty() { "0" } else { digits };
    let exponent = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?;
    let count = i64::try_from(digits.len()).ok()?;
    let adjusted = exponent.checked_add(count - 1)?;
    if exponent <= 0 && adjusted >= -6 {
        return Some(format!("{sign}{}", with_point(digits, count + exponent)));
    }
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    Some(format!("{sign}{first}{point}{rest}E{adjusted:+}"))
}

/// Digits with a decimal point after so many of them.
fn with_point(digits: &str, whole: i64) -> String {
    let count = digits.len();
    match usize::try_from(whole) {
        Ok(whole) if whole >= count => format!("{digits}{}", "0".repeat(whole - count)),
        Ok(whole) if whole > 0 => format!("{}.{}", &digits[..whole], &digits[whole..]),
        _ => {
            let zeros = usize::try_from(-whole).unwrap_or(0);
            format!("0.{}{digits}", "0".repeat(zeros))
        }
    }
}

/// A double as jq prints it: the shortest digits that read back, with an exponent of at least two digits from 1e16 on
/// (1e17 for more than one digit, and so on) and below 0.0001.
fn print(value: f64) -> String {
    let text = format!("{value:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i64 = exponent.parse().unwrap_or(0);
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(mantissa) => ("-", mantissa),
        None => ("", mantissa),
    };
    let digits = mantissa.replace('.', "");
    let point = exponent + 1;
    let count = i64::try_from(digits.len()).unwrap_or(i64::MAX);
    if point <= -4 || point > count + 15 {
        let sign_of = if exponent < 0 { '-' } else { '+' };
        return format!("{sign}{mantissa}e{sign_of}{:02}", exponent.abs());
    }
    format!("{sign}{}", with_point(&digits, point))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_print_as_in_jq() {
        for (written, text) in [
            ("1.10", "1.10"),
            ("1e3", "1E+3"),
            ("-1e-5", "-0.00001"),
            ("1.5e-9", "1.5E-9"),
            ("0.0", "0.0"),
            ("007", "7"),
            ("12345678901234567890", "12345678901234567890"),
        ] {
            let found = Number::written(written).map(|number| number.text());
            assert_eq!(found.as_deref(), Some(text), "{written}");
        }
        for (value, text) in [
            (3.0, "3"),
            (-0.0, "-0"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1e15, "1000000000000000"),
            (1e16, "1e+16"),
            (123_456_789_012_345_680.0, "123456789012345680"),
            (1.5e-7, "1.5e-07"),
            (0.0001, "0.0001"),
            (f64::INFINITY, "1.7976931348623157e+308"),
            (f64::NAN, "null"),
        ] {
            assert_eq!(Number::of(value).text(), text);
        }
    }

    #[test]
    fn numbers_of_json_are_literals_in_the_spelling_of_python() {
        for (json, text) in [
            ("3.0", "3.0"),
            ("3", "3"),
            ("1e17", "1E+17"),
            ("1e15", "1000000000000000.0"),
            ("1e-7", "1E-7"),
            ("0.00001", "0.00001"),
            ("0.25", "0.25"),
        ] {
            let number = serde_json::from_str(json);
            let text_of = number.map(|number| Number::of_json(&number).text());
            assert_eq!(text_of.ok().as_deref(), Some(text), "{json}");
        }
    }
}
