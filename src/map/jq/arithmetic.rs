//! `+`, `-`, `*`, `/` and `%` on values, as jq defines them.

use std::ops::{Add, Div, Mul, Neg, Rem, Sub};
use std::sync::Arc;

use super::value::{Error, Object, Result, Val, fault};

/// The longest text that a multiplication makes, in bytes.
const MAX_TEXT: usize = i32::MAX as usize;

fn refused(left: &Val, right: &Val, verb: &str) -> Error {
    fault(format!(
        "{} and {} cannot be {verb}",
        left.shown(),
        right.shown()
    ))
}

impl Add for Val {
    type Output = Result;

    fn add(self, other: Self) -> Result {
        match (self, other) {
            (Self::Null, value) | (value, Self::Null) => Ok(value),
            (Self::Num(a), Self::Num(b)) => Ok(Self::number(a.value() + b.value())),
            (Self::Str(a), Self::Str(b)) => Ok(Self::from(format!("{a}{b}"))),
            (Self::Arr(mut a), Self::Arr(b)) => {
                Arc::make_mut(&mut a).extend(b.iter().cloned());
                Ok(Self::Arr(a))
            }
            (Self::Obj(mut a), Self::Obj(b)) => {
                let members = b.iter();
                let members = members.map(|(key, value)| (Arc::clone(key), value.clone()));
                Arc::make_mut(&mut a).extend(members);
                Ok(Self::Obj(a))
            }
            (a, b) => Err(refused(&a, &b, "added")),
        }
    }
}

impl Sub for Val {
    type Output = Result;

    fn sub(self, other: Self) -> Result {
        match (self, other) {
            (Self::Num(a), Self::Num(b)) => Ok(Self::number(a.value() - b.value())),
            (Self::Arr(mut a), Self::Arr(b)) => {
                Arc::make_mut(&mut a).retain(|item| !b.contains(item));
                Ok(Self::Arr(a))
            }
            (a, b) => Err(refused(&a, &b, "subtracted")),
        }
    }
}

impl Mul for Val {
    type Output = Result;

    fn mul(self, other: Self) -> Result {
        match (self, other) {
            (Self::Num(a), Self::Num(b)) => Ok(Self::number(a.value() * b.value())),
            (Self::Str(text), Self::Num(count)) | (Self::Num(count), Self::Str(text)) => {
                repeated(&text, count.value())
            }
            (Self::Obj(a), Self::Obj(b)) => Ok(Self::Obj(merged(a, &b))),
            (a, b) => Err(refused(&a, &b, "multiplied")),
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "negative counts are sorted out, and too large ones become the largest"
)]
fn repeated(text: &str, count: f64) -> Result {
    if count.is_nan() || count < 0.0 {
        return Ok(Val::Null);
    }
    let count = count as usize;
    if text
        .len()
        .checked_mul(count)
        .is_none_or(|length| length > MAX_TEXT)
    {
        return Err(fault("Repeat string result too long"));
    }
    Ok(Val::from(text.repeat(count)))
}

/// The members of both objects; objects under the same key are merged in turn.
fn merged(mut left: Arc<Object>, right: &Object) -> Arc<Object> {
    let members = Arc::make_mut(&mut left);
    for (key, value) in right {
        let old = members.get_mut(key.as_ref()).map(std::mem::take);
        let new = match (old, value) {
            (Some(Val::Obj(old)), Val::Obj(new)) => Val::Obj(merged(old, new)),
            (_, value) => value.clone(),
        };
        members.insert(Arc::clone(key), new);
    }
    left
}

impl Div for Val {
    type Output = Result;

    fn div(self, other: Self) -> Result {
        match (&self, &other) {
            (Self::Num(_), Self::Num(b)) if b.value() == 0.0 => Err(refused(
                &self,
                &other,
                "divided because the divisor is zero",
            )),
            (Self::Num(a), Self::Num(b)) => Ok(Self::number(a.value() / b.value())),
            (Self::Str(text), Self::Str(_)) if text.is_empty() => Ok(Self::array(Vec::new())),
            (Self::Str(text), Self::Str(separator)) if separator.is_empty() => Ok(text
                .chars()
                .map(|char| Self::from(char.to_string()))
                .collect()),
            (Self::Str(text), Self::Str(separator)) => {
                Ok(text.split(separator.as_ref()).map(Self::string).collect())
            }
            _ => Err(refused(&self, &other, "divided")),
        }
    }
}

impl Rem for Val {
    type Output = Result;

    /// Of whole numbers; the sign is that of the left one.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "jq cuts fractions and too large numbers here"
    )]
    fn rem(self, other: Self) -> Result {
        let (Self::Num(a), Self::Num(b)) = (&self, &other) else {
            return Err(refused(&self, &other, "divided (remainder)"));
        };
        if a.value().is_nan() || b.value().is_nan() {
            return Ok(Self::number(f64::NAN));
        }
        let (a, b) = (a.value() as i64, b.value() as i64);
        let Some(rest) = a.unsigned_abs().checked_rem(b.unsigned_abs()) else {
            let verb = "divided (remainder) because the divisor is zero";
            return Err(refused(&self, &other, verb));
        };
        let rest = rest as f64;
        Ok(Self::number(if a < 0 { -rest } else { rest }))
    }
}

impl Neg for Val {
    type Output = Result;

    fn neg(self) -> Result {
        match self {
            Self::Num(number) => Ok(Self::Num(number.negated())),
            other => Err(fault(format!("{} cannot be negated", other.shown()))),
        }
    }
}
