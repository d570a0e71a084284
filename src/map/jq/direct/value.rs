//! The values of direct evaluation: parts of the input stay where they are, new arrays and objects hold parts of it.
//!
//! In: JSON values. Out: views of them, their order, and JSON values again. Copies are cheap: nothing below is copied.

use std::cell::Cell;
use std::cmp::Ordering;
use std::ops::Deref;
use std::rc::Rc;

use serde_json::{Map, Value};

use super::super::number::{MAX_EXACT, Number};
use super::super::value::Limits;
use super::{Result, Stop};

/// Values built here are nested no deeper: who compares, writes or drops one recurses.
const MAX_DEPTH: usize = 256;

/// Maps of so many members are searched from the start, which is faster than hashing.
const FEW: usize = 8;

static NULL: Value = Value::Null;
static FALSE: Value = Value::Bool(false);
static TRUE: Value = Value::Bool(true);

/// A JSON value.
#[derive(Debug, Clone)]
pub(in crate::map) enum Val<'v> {
    /// A part of the input or a constant of the expression.
    Json(&'v Value),
    Num(Number),
    Str(Text<'v>),
    Arr(Rc<Nested<Vec<Self>>>),
    Obj(Rc<Nested<Object<'v>>>),
}

/// The members of a new object, in their order. Objects are small, so looking for a key is looking at each.
pub(in crate::map) type Object<'v> = Vec<(Text<'v>, Val<'v>)>;

/// What holds values, with the levels of new arrays and objects in it.
#[derive(Debug, Clone)]
pub(in crate::map) struct Nested<T> {
    depth: usize,
    of: T,
}

/// A text.
#[derive(Debug, Clone)]
pub(in crate::map) enum Text<'v> {
    Part(&'v str),
    New(Rc<str>),
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Part(text) => text,
            Self::New(text) => text,
        }
    }
}

impl<'v> From<&'v str> for Text<'v> {
    fn from(text: &'v str) -> Self {
        Self::Part(text)
    }
}

/// What a value is.
pub(super) enum View<'a, 'v> {
    Null,
    Bool(bool),
    Num,
    Str(&'a str),
    Arr(Items<'a, 'v>),
    Obj(Members<'a, 'v>),
}

/// The items of an array.
#[derive(Clone, Copy)]
pub(super) enum Items<'a, 'v> {
    Json(&'v [Value]),
    New(&'a [Val<'v>]),
}

/// The members of an object.
#[derive(Clone, Copy)]
pub(super) enum Members<'a, 'v> {
    Json(&'v Map<String, Value>),
    New(&'a [(Text<'v>, Val<'v>)]),
}

impl<'v> Items<'_, 'v> {
    pub(super) fn len(self) -> usize {
        match self {
            Self::Json(items) => items.len(),
            Self::New(items) => items.len(),
        }
    }

    pub(super) fn get(self, at: usize) -> Option<Val<'v>> {
        match self {
            Self::Json(items) => items.get(at).map(Val::Json),
            Self::New(items) => items.get(at).cloned(),
        }
    }

    pub(super) fn to_vec(self) -> Vec<Val<'v>> {
        match self {
            Self::Json(items) => items.iter().map(Val::Json).collect(),
            Self::New(items) => items.to_vec(),
        }
    }
}

impl<'v> Members<'_, 'v> {
    pub(super) fn len(self) -> usize {
        match self {
            Self::Json(map) => map.len(),
            Self::New(members) => members.len(),
        }
    }

    pub(super) fn get(self, key: &str) -> Option<Val<'v>> {
        match self {
            Self::Json(map) => member(map, key).map(Val::Json),
            Self::New(members) => {
                let mut members = members.iter();
                members
                    .find(|(name, _)| **name == *key)
                    .map(|(_, value)| value.clone())
            }
        }
    }

    pub(super) fn to_vec(self) -> Object<'v> {
        match self {
            Self::Json(map) => map
                .iter()
                .map(|(key, value)| (Text::Part(key), Val::Json(value)))
                .collect(),
            Self::New(members) => members.to_vec(),
        }
    }
}

/// The member of a map.
pub(super) fn member<'v>(map: &'v Map<String, Value>, key: &str) -> Option<&'v Value> {
    if map.len() > FEW {
        return map.get(key);
    }
    let mut members = map.iter();
    members
        .find(|(name, _)| *name == key)
        .map(|(_, value)| value)
}

impl<'v> Val<'v> {
    pub(super) const fn null() -> Self {
        Self::Json(&NULL)
    }

    pub(super) const fn bool(value: bool) -> Self {
        Self::Json(if value { &TRUE } else { &FALSE })
    }

    pub(super) fn text(text: &str) -> Self {
        Self::Str(Text::New(text.into()))
    }

    /// The result of a calculation.
    pub(super) fn number(value: f64) -> Result<Self> {
        // What is no number, or too large for one, has rules of its own.
        if value.is_finite() {
            Ok(Self::Num(Number::of(value)))
        } else {
            Err(Stop::GiveUp)
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "nothing in memory is longer than 2^52"
    )]
    pub(super) fn count(count: usize) -> Self {
        Self::Num(Number::of(count as f64))
    }

    pub(in crate::map) fn array(items: Vec<Self>) -> Result<Self> {
        let depth = 1 + items.iter().map(Self::depth).max().unwrap_or(0);
        nested(items, depth).map(Self::Arr)
    }

    pub(in crate::map) fn object(members: Object<'v>) -> Result<Self> {
        let depths = members.iter().map(|(_, value)| value.depth());
        let depth = 1 + depths.max().unwrap_or(0);
        nested(members, depth).map(Self::Obj)
    }

    fn depth(&self) -> usize {
        match self {
            Self::Arr(array) => array.depth,
            Self::Obj(object) => object.depth,
            Self::Json(_) | Self::Num(_) | Self::Str(_) => 0,
        }
    }

    /// A value that belongs to nobody.
    pub(super) fn of(value: Value) -> Result<Self> {
        Ok(match value {
            Value::Null => Self::null(),
            Value::Bool(value) => Self::bool(value),
            Value::Number(number) => Self::Num(Number::of_json(&number)),
            Value::String(text) => Self::Str(Text::New(text.into())),
            Value::Array(items) => {
                Self::array(items.into_iter().map(Self::of).collect::<Result<_>>()?)?
            }
            Value::Object(map) => {
                let members = map.into_iter();
                let members =
                    members.map(|(key, value)| Ok((Text::New(key.into()), Self::of(value)?)));
                Self::object(members.collect::<Result<_>>()?)?
            }
        })
    }

    pub(super) fn view(&self) -> View<'_, 'v> {
        match self {
            Self::Json(value) => match value {
                Value::Null => View::Null,
                Value::Bool(value) => View::Bool(*value),
                Value::Number(_) => View::Num,
                Value::String(text) => View::Str(text),
                Value::Array(items) => View::Arr(Items::Json(items)),
                Value::Object(map) => View::Obj(Members::Json(map)),
            },
            Self::Num(_) => View::Num,
            Self::Str(text) => View::Str(text),
            Self::Arr(array) => View::Arr(Items::New(&array.of)),
            Self::Obj(object) => View::Obj(Members::New(&object.of)),
        }
    }

    /// The number; for what is none, that is a fault.
    pub(super) fn as_number(&self) -> Result<Number> {
        match self {
            Self::Num(number) => Ok(number.clone()),
            Self::Json(Value::Number(number)) => Ok(number_of(number)),
            _ => Err(Stop::Error(None)),
        }
    }

    /// The text, which stays in the input where it is there.
    pub(super) fn as_text(&self) -> Option<Text<'v>> {
        match self {
            Self::Json(Value::String(text)) => Some(Text::Part(text)),
            Self::Str(text) => Some(text.clone()),
            _ => None,
        }
    }

    pub(super) fn as_str(&self) -> Result<&str> {
        match self.view() {
            View::Str(text) => Ok(text),
            _ => Err(Stop::Error(None)),
        }
    }

    pub(super) fn is_true(&self) -> bool {
        !matches!(self, Self::Json(Value::Null | Value::Bool(false)))
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Json(Value::Null))
    }

    /// The items of an array, or the values of an object.
    pub(super) fn each(&self) -> Result<Vec<Self>> {
        match self.view() {
            View::Arr(items) => Ok(items.to_vec()),
            View::Obj(members) => {
                let members = members.to_vec().into_iter();
                Ok(members.map(|(_, value)| value).collect())
            }
            _ => Err(Stop::Error(None)),
        }
    }

    /// The items of an array, to be changed.
    pub(super) fn into_items(self) -> Result<Vec<Self>> {
        match self {
            Self::Arr(array) => {
                Ok(Rc::try_unwrap(array).map_or_else(|array| array.of.clone(), |array| array.of))
            }
            other => match other.view() {
                View::Arr(items) => Ok(items.to_vec()),
                _ => Err(Stop::Error(None)),
            },
        }
    }

    /// The members of an object, to be changed.
    pub(super) fn into_members(self) -> Result<Object<'v>> {
        match self {
            Self::Obj(object) => {
                Ok(Rc::try_unwrap(object)
                    .map_or_else(|object| object.of.clone(), |object| object.of))
            }
            other => match other.view() {
                View::Obj(members) => Ok(members.to_vec()),
                _ => Err(Stop::Error(None)),
            },
        }
    }

    pub(super) fn kind(&self) -> &'static str {
        match self.view() {
            View::Null => "null",
            View::Bool(_) => "boolean",
            View::Num => "number",
            View::Str(_) => "string",
            View::Arr(_) => "array",
            View::Obj(_) => "object",
        }
    }

    fn rank(&self) -> u8 {
        match self.view() {
            View::Null => 0,
            View::Bool(false) => 1,
            View::Bool(true) => 2,
            View::Num => 3,
            View::Str(_) => 4,
            View::Arr(_) => 5,
            View::Obj(_) => 6,
        }
    }

    /// The value as JSON. Gives up on what is too deep or too large for jq.
    pub(super) fn json(&self, limits: &mut Limits) -> Result<Value> {
        let take = |limits: &mut Limits, text: usize| limits.take(text).map_err(|_| Stop::GiveUp);
        let enter = |limits: &mut Limits| limits.enter().map_err(|_| Stop::GiveUp);
        take(
            limits,
            if let View::Str(text) = self.view() {
                text.len()
            } else {
                0
            },
        )?;
        Ok(match self.view() {
            View::Null => Value::Null,
            View::Bool(value) => Value::Bool(value),
            View::Num => self.as_number()?.json(),
            View::Str(text) => Value::String(text.to_owned()),
            View::Arr(items) => {
                enter(limits)?;
                let mut array = Vec::with_capacity(items.len());
                match items {
                    Items::Json(items) => {
                        for item in items {
                            array.push(Val::Json(item).json(limits)?);
                        }
                    }
                    Items::New(items) => {
                        for item in items {
                            array.push(item.json(limits)?);
                        }
                    }
                }
                limits.leave();
                Value::Array(array)
            }
            View::Obj(members) => {
                enter(limits)?;
                let mut map = Map::with_capacity(members.len());
                match members {
                    Members::Json(members) => {
                        for (key, value) in members {
                            take(limits, key.len())?;
                            map.insert(key.clone(), Val::Json(value).json(limits)?);
                        }
                    }
                    Members::New(members) => {
                        for (key, value) in members {
                            take(limits, key.len())?;
                            map.insert(String::from(&**key), value.json(limits)?);
                        }
                    }
                }
                limits.leave();
                Value::Object(map)
            }
        })
    }
}

fn nested<T>(of: T, depth: usize) -> Result<Rc<Nested<T>>> {
    if depth > MAX_DEPTH {
        return Err(Stop::GiveUp);
    }
    Ok(Rc::new(Nested { depth, of }))
}

/// A number of JSON; whole numbers that a double holds are what they are written as.
fn number_of(number: &serde_json::Number) -> Number {
    match number.as_i64() {
        #[expect(clippy::cast_precision_loss, reason = "it is small enough to be exact")]
        Some(whole) if (whole as f64).abs() < MAX_EXACT => Number::of(whole as f64),
        _ => Number::of_json(number),
    }
}

/// What comparing may still cost, in values looked at.
pub(super) type Cost = Cell<usize>;

/// jq's order. Where the cost is used up the answer is wrong: who asks looks at the cost afterwards.
pub(super) fn compare(a: &Val<'_>, b: &Val<'_>, cost: &Cost) -> Ordering {
    if !take(cost, 1) {
        return Ordering::Equal;
    }
    match (a.view(), b.view()) {
        (View::Num, View::Num) => match (a.as_number(), b.as_number()) {
            (Ok(a), Ok(b)) => a.compared(&b),
            _ => Ordering::Equal,
        },
        (View::Str(a), View::Str(b)) => {
            take(cost, a.len().min(b.len()) / 64);
            a.cmp(b)
        }
        (View::Arr(a), View::Arr(b)) => {
            for at in 0..a.len().min(b.len()) {
                if let (Some(a), Some(b)) = (a.get(at), b.get(at)) {
                    let order = compare(&a, &b, cost);
                    if order != Ordering::Equal {
                        return order;
                    }
                }
            }
            a.len().cmp(&b.len())
        }
        (View::Obj(a), View::Obj(b)) => {
            let (a, b) = (by_key(a, cost), by_key(b, cost));
            let keys = a.iter().map(|(key, _)| &**key);
            let order = keys.cmp(b.iter().map(|(key, _)| &**key));
            let values = a.iter().zip(&b);
            let mut values = values.map(|((_, a), (_, b))| compare(a, b, cost));
            order.then_with(|| {
                let found = values.find(|order| *order != Ordering::Equal);
                found.unwrap_or(Ordering::Equal)
            })
        }
        _ => a.rank().cmp(&b.rank()),
    }
}

fn by_key<'v>(members: Members<'_, 'v>, cost: &Cost) -> Object<'v> {
    take(cost, members.len());
    let mut members = members.to_vec();
    members.sort_by(|(a, _), (b, _)| a.cmp(b));
    members
}

/// Whether two values are equal, as [`compare`] sees it.
pub(super) fn equal(a: &Val<'_>, b: &Val<'_>, cost: &Cost) -> bool {
    match (a.view(), b.view()) {
        (View::Str(a), View::Str(b)) => {
            take(cost, 1 + a.len().min(b.len()) / 64);
            a == b
        }
        (View::Obj(a), View::Obj(b)) => {
            if !take(cost, 1 + a.len()) {
                return true;
            }
            a.len() == b.len()
                && a.to_vec().iter().all(|(key, value)| {
                    let other = b.get(key);
                    other.is_some_and(|other| equal(value, &other, cost))
                })
        }
        (View::Arr(a), View::Arr(b)) => {
            take(cost, 1)
                && a.len() == b.len()
                && (0..a.len()).all(|at| match (a.get(at), b.get(at)) {
                    (Some(a), Some(b)) => equal(&a, &b, cost),
                    _ => true,
                })
        }
        _ => compare(a, b, cost) == Ordering::Equal,
    }
}

/// Takes from what comparing may cost; false where there is nothing left.
pub(super) fn take(cost: &Cost, amount: usize) -> bool {
    let left = cost.get().saturating_sub(amount);
    cost.set(left);
    left > 0
}
