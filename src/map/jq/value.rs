//! JSON values as jq holds them: cheap to copy, in jq's order, in jq's words when something cannot be done with them.

use std::cmp::Ordering;
use std::fmt::{self, Write};
use std::ops::Range;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::number::Number;

/// What a filter fails with.
pub(super) type Error = jaq_core::Error<Val>;
/// What a filter gives.
pub(super) type Result<T = Val> = std::result::Result<T, Error>;
/// The members of an object, in the order they were added.
pub(super) type Object = IndexMap<Arc<str>, Val>;

/// A JSON value.
#[derive(Debug, Clone, Default)]
pub(super) enum Val {
    #[default]
    Null,
    Bool(bool),
    Num(Number),
    Str(Arc<str>),
    Arr(Arc<Vec<Self>>),
    Obj(Arc<Object>),
}

/// The longest a value is quoted in a message, in bytes.
const MAX_QUOTED: usize = 29;

impl Val {
    pub(super) fn string(text: impl AsRef<str>) -> Self {
        Self::Str(text.as_ref().into())
    }

    pub(super) fn array(items: Vec<Self>) -> Self {
        Self::Arr(Arc::new(items))
    }

    pub(super) fn object(object: Object) -> Self {
        Self::Obj(Arc::new(object))
    }

    pub(super) fn number(value: f64) -> Self {
        Self::Num(Number::of(value))
    }

    /// A value of JSON.
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => Self::Num(Number::of_json(number)),
            Value::String(text) => Self::string(text),
            Value::Array(items) => items.iter().map(Self::of).collect(),
            Value::Object(map) => Self::object(
                map.iter()
                    .map(|(key, value)| (Arc::from(key.as_str()), Self::of(value)))
                    .collect(),
            ),
        }
    }

    /// The value as JSON.
    ///
    /// # Errors
    ///
    /// That it is nested too deep or too large: values share their parts, so that few steps make one that no memory
    /// holds in full.
    pub(super) fn json(&self, limits: &mut Limits) -> std::result::Result<Value, String> {
        limits.take(match self {
            Self::Str(text) => text.len(),
            _ => 0,
        })?;
        Ok(match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Num(number) => number.json(),
            Self::Str(text) => Value::String(text.as_ref().to_owned()),
            Self::Arr(items) => {
                limits.enter()?;
                let items = items.iter().map(|item| item.json(limits));
                let items = items.collect::<std::result::Result<_, _>>()?;
                limits.leave();
                Value::Array(items)
            }
            Self::Obj(object) => {
                limits.enter()?;
                let mut map = Map::with_capacity(object.len());
                for (key, value) in object.iter() {
                    limits.take(key.len())?;
                    map.insert(key.as_ref().to_owned(), value.json(limits)?);
                }
                limits.leave();
                Value::Object(map)
            }
        })
    }

    /// The name of its type.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Num(_) => "number",
            Self::Str(_) => "string",
            Self::Arr(_) => "array",
            Self::Obj(_) => "object",
        }
    }

    /// Its start as JSON, for messages.
    pub(super) fn quoted(&self) -> String {
        /// Takes as much as is shown and then fails, so that nothing large is written for a message.
        struct Start(String);
        impl Write for Start {
            fn write_str(&mut self, text: &str) -> fmt::Result {
                self.0.push_str(text);
                if self.0.len() > MAX_QUOTED {
                    return Err(fmt::Error);
                }
                Ok(())
            }
        }
        let mut start = Start(String::new());
        if write!(start, "{self}").is_ok() {
            return start.0;
        }
        let closing = match self {
            Self::Str(_) => "\"",
            Self::Arr(_) => "]",
            Self::Obj(_) => "}",
            _ => "",
        };
        let mut text = start.0;
        let mut end = MAX_QUOTED - "...".len() - closing.len();
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        format!("{text}...{closing}")
    }

    /// What it is, for messages.
    pub(super) fn shown(&self) -> String {
        format!("{} ({})", self.kind(), self.quoted())
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(false) => 1,
            Self::Bool(true) => 2,
            Self::Num(_) => 3,
            Self::Str(_) => 4,
            Self::Arr(_) => 5,
            Self::Obj(_) => 6,
        }
    }
}

/// An error with jq's message.
pub(super) fn fault(message: impl AsRef<str>) -> Error {
    Error::new(Val::string(message))
}

/// How large a result may be.
#[derive(Debug)]
pub(super) struct Limits {
    /// Levels that are left.
    depth: usize,
    /// Bytes that are left.
    size: usize,
}

impl Limits {
    /// Arrays and objects that are nested deeper are refused: writers recurse.
    const MAX_DEPTH: usize = 256;
    /// The memory one result may take, in bytes: far above the 1 MiB that a body of Port's API may have.
    const MAX_SIZE: usize = 8 << 20;
    /// About what a value takes beside its text.
    const VALUE: usize = 32;

    pub(super) fn new() -> Self {
        Self {
            depth: Self::MAX_DEPTH,
            size: Self::MAX_SIZE,
        }
    }

    pub(super) fn take(&mut self, text: usize) -> std::result::Result<(), String> {
        let left = self.size.checked_sub(Self::VALUE + text);
        self.size = left.ok_or_else(|| {
            let max = Self::MAX_SIZE >> 20;
            format!("the result is larger than {max} MiB")
        })?;
        Ok(())
    }

    pub(super) fn enter(&mut self) -> std::result::Result<(), String> {
        let left = self.depth.checked_sub(1);
        let max = Self::MAX_DEPTH;
        self.depth =
            left.ok_or_else(|| format!("the result is nested deeper than {max} levels"))?;
        Ok(())
    }

    pub(super) fn leave(&mut self) {
        self.depth += 1;
    }
}

impl fmt::Display for Val {
    /// The value as JSON, as jq's `tojson` writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Num(number) => f.write_str(&number.text()),
            Self::Str(text) => write_text(f, text),
            Self::Arr(items) => {
                f.write_char('[')?;
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        f.write_char(',')?;
                    }
                    write!(f, "{item}")?;
                }
                f.write_char(']')
            }
            Self::Obj(object) => {
                f.write_char('{')?;
                for (index, (key, value)) in object.iter().enumerate() {
                    if index > 0 {
                        f.write_char(',')?;
                    }
                    write_text(f, key)?;
                    write!(f, ":{value}")?;
                }
                f.write_char('}')
            }
        }
    }
}

pub(super) fn write_text(f: &mut impl Write, text: &str) -> fmt::Result {
    f.write_char('"')?;
    let mut plain = 0;
    for (index, byte) in text.bytes().enumerate() {
        if byte >= b' ' && !matches!(byte, b'"' | b'\\' | 0x7f) {
            continue;
        }
        f.write_str(&text[plain..index])?;
        plain = index + 1;
        match byte {
            b'"' => f.write_str("\\\"")?,
            b'\\' => f.write_str("\\\\")?,
            b'\n' => f.write_str("\\n")?,
            b'\r' => f.write_str("\\r")?,
            b'\t' => f.write_str("\\t")?,
            0x08 => f.write_str("\\b")?,
            0x0c => f.write_str("\\f")?,
            _ => write!(f, "\\u{byte:04x}")?,
        }
    }
    f.write_str(&text[plain..])?;
    f.write_char('"')
}

impl PartialEq for Val {
    fn eq(&self, other: &Self) -> bool {
        self.partial_cmp(other) == Some(Ordering::Equal)
    }
}

impl Eq for Val {}

#[expect(
    clippy::non_canonical_partial_ord_impl,
    reason = "for jq NaN is less than itself, which no order to sort by can say"
)]
impl PartialOrd for Val {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Num(a), Self::Num(_)) if a.value().is_nan() => Some(Ordering::Less),
            _ => Some(self.cmp(other)),
        }
    }
}

impl Ord for Val {
    /// jq's order to sort by: null, false, true, numbers with NaN first, strings by their bytes, arrays, objects by
    /// their keys and then by their values.
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Num(a), Self::Num(b)) => match (a.value().is_nan(), b.value().is_nan()) {
                (false, false) => a.compared(b),
                (a, b) => b.cmp(&a),
            },
            (Self::Str(a), Self::Str(b)) => a.cmp(b),
            (Self::Arr(a), Self::Arr(b)) => a.cmp(b),
            (Self::Obj(a), Self::Obj(b)) => {
                let sorted = |object: &Object| {
                    let mut members: Vec<_> = object
                        .iter()
                        .map(|(key, value)| (Arc::clone(key), value.clone()))
                        .collect();
                    members.sort_by(|(a, _), (b, _)| a.cmp(b));
                    members
                };
                let (a, b) = (sorted(a), sorted(b));
                let keys = a
                    .iter()
                    .map(|(key, _)| key)
                    .cmp(b.iter().map(|(key, _)| key));
                keys.then_with(|| {
                    let values = a.iter().map(|(_, value)| value);
                    values.cmp(b.iter().map(|(_, value)| value))
                })
            }
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl FromIterator<Self> for Val {
    fn from_iter<I: IntoIterator<Item = Self>>(items: I) -> Self {
        Self::array(items.into_iter().collect())
    }
}

impl From<bool> for Val {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<isize> for Val {
    fn from(value: isize) -> Self {
        // A number in an expression may have more digits than a double holds.
        Number::written(&value.to_string()).map_or(Self::Null, Self::Num)
    }
}

impl From<usize> for Val {
    fn from(value: usize) -> Self {
        Number::written(&value.to_string()).map_or(Self::Null, Self::Num)
    }
}

impl From<f64> for Val {
    fn from(value: f64) -> Self {
        Self::number(value)
    }
}

impl From<String> for Val {
    fn from(text: String) -> Self {
        Self::Str(text.into())
    }
}

/// Slices are objects in paths.
impl From<Range<Option<Self>>> for Val {
    fn from(range: Range<Option<Self>>) -> Self {
        Self::object(Object::from_iter([
            (Arc::from("start"), range.start.unwrap_or_default()),
            (Arc::from("end"), range.end.unwrap_or_default()),
        ]))
    }
}
