//! The functions of jq that are no combination of others, where the crates of jaq have none or one that is different.
//!
//! In: values. Out: what jq 1.8 gives for them. `prelude.jq` builds the rest of jq's library from these.

use jaq_core::load::parse::Def;
use jaq_core::native::{Fun, bome, run, unary, v};
use jaq_core::val::ValXs;
use jaq_core::{Cv, Exn, ValT as _};
use serde_json::Value;

use super::super::document;
use super::Data;
use super::access::positions;
use super::number::Number;
use super::regex;
use super::value::{Result, Val, fault};

impl jaq_std::ValT for Val {
    fn into_seq<S: FromIterator<Self>>(self) -> std::result::Result<S, Self> {
        match self {
            Self::Arr(items) => Ok(items.iter().cloned().collect()),
            other => Err(other),
        }
    }

    fn is_int(&self) -> bool {
        self.as_isize().is_some()
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "only whole numbers that fit get there"
    )]
    fn as_isize(&self) -> Option<isize> {
        let Self::Num(number) = self else {
            return None;
        };
        let value = number.value();
        let is_whole = value.fract() == 0.0 && value.abs() <= super::number::MAX_EXACT;
        is_whole.then_some(value as isize)
    }

    fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Num(number) => Some(number.value()),
            _ => None,
        }
    }

    fn is_utf8_str(&self) -> bool {
        matches!(self, Self::Str(_))
    }

    fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Str(text) => Some(text.as_bytes()),
            _ => None,
        }
    }

    fn as_sub_str(&self, part: &[u8]) -> Self {
        Self::from(String::from_utf8_lossy(part).into_owned())
    }

    fn from_utf8_bytes(bytes: impl AsRef<[u8]> + Send + 'static) -> Self {
        Self::from(String::from_utf8_lossy(bytes.as_ref()).into_owned())
    }
}

/// Functions of jaq that stay within reach of their replacements in the prelude, under names of their own.
const RENAMED: &[(&str, &str)] = &[
    ("limit", "limit_"),
    ("skip", "skip_"),
    ("strftime", "strftime_"),
    ("mktime", "mktime_"),
];

/// Every function that is not defined in jq.
pub(super) fn all() -> impl Iterator<Item = Fun<Data>> {
    let theirs = || jaq_core::funs().chain(jaq_std::funs());
    let renamed = theirs().filter_map(|(name, arguments, function): Fun<Data>| {
        let (_, new) = RENAMED.iter().find(|(old, _)| *old == name)?;
        Some((*new, arguments, function))
    });
    let kept = theirs().filter(|(name, arguments, _)| !is_own(name, arguments.len()));
    kept.chain(renamed)
        .chain(own().into_iter().map(run::<Data>))
}

/// The definitions of jaq's library that no function here replaces.
pub(super) fn definitions() -> impl Iterator<Item = Def<&'static str>> {
    let theirs = jaq_core::defs().chain(jaq_std::defs());
    theirs.filter(|definition| !is_own(definition.name, definition.args.len()))
}

fn is_own(name: &str, arguments: usize) -> bool {
    let mut own = own().into_iter();
    own.any(|(own, its, _)| own == name && its.len() == arguments)
}

type Function = jaq_core::native::Filter<jaq_core::RunPtr<Data>>;

fn own() -> Vec<Function> {
    vec![
        ("tojson", v(0), |cv| bome(Ok(Val::from(cv.1.to_string())))),
        ("fromjson", v(0), |cv| bome(parsed(&cv.1))),
        ("fromyaml", v(0), |cv| bome(from_yaml(&cv.1))),
        ("tonumber", v(0), |cv| bome(number(cv.1))),
        ("length", v(0), |cv| bome(length(&cv.1))),
        ("type", v(0), |cv| bome(Ok(Val::string(cv.1.kind())))),
        ("keys_unsorted", v(0), |cv| bome(keys(&cv.1))),
        ("contains", v(1), |cv| {
            unary(cv, |value, part| contains(&value, &part).map(Val::Bool))
        }),
        ("has", v(1), |cv| unary(cv, |value, key| has(&value, &key))),
        ("indices", v(1), |cv| {
            unary(cv, |value, part| indices(value, &part))
        }),
        ("bsearch", v(1), |cv| {
            unary(cv, |value, target| found(&value, &target))
        }),
        ("delpaths", v(1), |cv| {
            unary(cv, |value, paths| value.without(&paths))
        }),
        ("implode", v(0), |cv| bome(implode(&cv.1))),
        ("decode_base64", v(0), |cv| bome(base64(&cv.1))),
        ("range", v(3), range),
        ("nan", v(0), |_| bome(Ok(Val::number(f64::NAN)))),
        ("infinite", v(0), |_| bome(Ok(Val::number(f64::INFINITY)))),
        ("matches", v(2), |mut cv| {
            let flags = cv.0.pop_var();
            let pattern = cv.0.pop_var();
            bome(regex::matches(&cv.1, &pattern, &flags))
        }),
    ]
}

/// The value of a text that holds one YAML document; jq has no such function.
fn from_yaml(text: &Val) -> Result {
    let Val::Str(text) = text else {
        return Err(fault("`fromyaml` takes a text"));
    };
    let value = document::value(text).map_err(|why| fault(format!("this is no YAML: {why}")))?;
    Ok(Val::of(&value))
}

fn parsed(value: &Val) -> Result {
    let Val::Str(text) = value else {
        return Err(fault(format!("{} cannot be parsed", value.shown())));
    };
    // jq's reader takes every spelling of a number, also that of none.
    if let Some(number) = as_number(text.trim()) {
        return Ok(number);
    }
    let value = serde_json::from_str::<Value>(text);
    let value = value.map_err(|error| fault(format!("{error} (while parsing '{text}')")))?;
    Ok(Val::of(&value))
}

fn number(value: Val) -> Result {
    let parsed = match &value {
        Val::Num(_) => return Ok(value),
        Val::Str(text) => as_number(text),
        _ => None,
    };
    parsed.ok_or_else(|| fault(format!("{} cannot be parsed as a number", value.shown())))
}

fn as_number(text: &str) -> Option<Val> {
    let unsigned = text.trim_start_matches(['-', '+']);
    if text.len() - unsigned.len() > 1 {
        return None;
    }
    if unsigned.eq_ignore_ascii_case("nan") {
        return Some(Val::number(f64::NAN));
    }
    if unsigned.eq_ignore_ascii_case("infinity") {
        let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
        return Some(Val::number(sign * f64::INFINITY));
    }
    Number::written(text).map(Val::Num)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "nothing in memory is longer than 2^52"
)]
fn length(value: &Val) -> Result {
    Ok(Val::number(match value {
        Val::Null => 0.0,
        Val::Bool(_) => return Err(fault(format!("{} has no length", value.shown()))),
        Val::Num(number) => number.value().abs(),
        Val::Str(text) => text.chars().count() as f64,
        Val::Arr(items) => items.len() as f64,
        Val::Obj(object) => object.len() as f64,
    }))
}

fn keys(value: &Val) -> Result {
    match value {
        Val::Arr(items) => Ok((0..items.len()).map(Val::from).collect()),
        Val::Obj(object) => Ok(object.keys().map(|key| Val::Str(key.clone())).collect()),
        other => Err(fault(format!("{} has no keys", other.shown()))),
    }
}

fn contains(value: &Val, part: &Val) -> Result<bool> {
    match (value, part) {
        (Val::Obj(object), Val::Obj(parts)) => {
            for (key, part) in parts.iter() {
                let Some(value) = object.get(key.as_ref()) else {
                    return Ok(false);
                };
                if !is_within(value, part) {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (Val::Arr(items), Val::Arr(parts)) => Ok(parts
            .iter()
            .all(|part| items.iter().any(|item| is_within(item, part)))),
        (Val::Str(text), Val::Str(part)) => Ok(text.contains(part.as_ref())),
        _ if value.kind() == part.kind() => Ok(value == part),
        _ => Err(fault(format!(
            "{} and {} cannot have their containment checked",
            value.shown(),
            part.shown()
        ))),
    }
}

/// The same for parts, where values of two kinds are simply not in each other.
fn is_within(value: &Val, part: &Val) -> bool {
    contains(value, part).unwrap_or(false)
}

fn has(value: &Val, key: &Val) -> Result {
    match (value, key) {
        (Val::Null, Val::Str(_) | Val::Num(_)) => Ok(Val::Bool(false)),
        (Val::Obj(object), Val::Str(key)) => Ok(Val::Bool(object.contains_key(key.as_ref()))),
        (Val::Arr(items), Val::Num(index)) => {
            #[expect(
                clippy::cast_precision_loss,
                reason = "nothing in memory is longer than 2^52"
            )]
            let length = items.len() as f64;
            Ok(Val::Bool((0.0..length).contains(&index.value())))
        }
        _ => Err(fault(format!(
            "Cannot check whether {} has a {} key",
            value.kind(),
            key.kind()
        ))),
    }
}

fn indices(value: Val, part: &Val) -> Result {
    match (&value, part) {
        (Val::Null, _) => Ok(Val::Null),
        (Val::Str(_), Val::Str(part)) if part.is_empty() => Ok(Val::array(Vec::new())),
        (Val::Str(text), Val::Str(part)) => Ok(text
            .char_indices()
            .enumerate()
            .filter(|(_, (at, _))| text[*at..].starts_with(part.as_ref()))
            .map(|(index, _)| Val::from(index))
            .collect()),
        (Val::Arr(items), Val::Arr(part)) => Ok(positions(items, part)),
        (Val::Arr(items), part) => Ok(positions(items, std::slice::from_ref(part))),
        _ => value.index(part),
    }
}

fn found(value: &Val, target: &Val) -> Result {
    let Val::Arr(items) = value else {
        return Err(fault(format!("{} cannot be searched from", value.shown())));
    };
    match items.binary_search(target) {
        Ok(at) => Ok(Val::from(at)),
        Err(at) => -Val::from(at + 1),
    }
}

fn implode(value: &Val) -> Result {
    let Val::Arr(items) = value else {
        return Err(fault("implode input must be an array"));
    };
    let chars = items.iter().map(|item| {
        let Val::Num(number) = item else {
            return Err(fault(format!(
                "{} can't be imploded, unicode codepoint needs to be numeric",
                item.shown()
            )));
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "what is no character becomes one that says so"
        )]
        let char = char::from_u32(number.value() as u32).filter(|_| number.value() >= 0.0);
        Ok(char.unwrap_or(char::REPLACEMENT_CHARACTER))
    });
    chars.collect::<Result<String>>().map(Val::from)
}

/// Base64 with or without its padding.
fn base64(value: &Val) -> Result {
    let Val::Str(text) = value else {
        return Err(fault(format!("{} cannot be decoded", value.shown())));
    };
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in text.trim_end_matches('=').bytes() {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => {
                let message = format!("{} is not valid base64 data", value.shown());
                return Err(fault(message));
            }
        };
        bits = bits << 6 | u32::from(digit);
        count += 1;
        if count == 4 {
            bytes.extend_from_slice(&bits.to_be_bytes()[1..]);
            (bits, count) = (0, 0);
        }
    }
    match count {
        1 => {
            let message = format!("{} trailing base64 byte found", value.shown());
            return Err(fault(message));
        }
        2 => bytes.push((bits >> 4).to_be_bytes()[3]),
        3 => bytes.extend_from_slice(&(bits >> 2).to_be_bytes()[2..]),
        _ => {}
    }
    Ok(Val::from(String::from_utf8_lossy(&bytes).into_owned()))
}

/// The numbers from the first up to the second, in steps of the third.
fn range(mut cv: Cv<'_, Data>) -> ValXs<'_, Val> {
    let (by, upto, from) = (cv.0.pop_var(), cv.0.pop_var(), cv.0.pop_var());
    let (Val::Num(from), Val::Num(upto), Val::Num(by)) = (from, upto, by) else {
        let error = fault("Range bounds must be numeric");
        return Box::new(std::iter::once(Err(Exn::from(error))));
    };
    let (mut next, upto, by) = (from.value(), upto.value(), by.value());
    Box::new(std::iter::from_fn(move || {
        let is_within = by > 0.0 && next < upto || by < 0.0 && next > upto;
        is_within.then(|| {
            let value = next;
            next += by;
            Ok(Val::number(value))
        })
    }))
}
