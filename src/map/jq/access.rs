//! Reading and changing parts of values: `.a`, `.[0]`, `.[1:]`, `.[]`, and what stands on the left of `=` and `|=`.
//!
//! jq's rules: null is an empty array or object to whoever reads or writes a part of it, indexes are cut to whole numbers, and
//! arrays grow to where something is put.

use std::sync::Arc;

use jaq_core::box_iter::{BoxIter, box_once};
use jaq_core::path::Opt;
use jaq_core::val::{Range, ValX};
use jaq_core::{Exn, ValT};

use super::number::Number;
use super::value::{Error, Object, Result, Val, fault};

/// The longest array that an assignment makes.
const MAX_LENGTH: f64 = 536_870_911.0;

/// An iterator that gives what an update puts in the place of a value.
trait Updates<'a>: Iterator<Item = ValX<'a, Val>> {}
impl<'a, I: Iterator<Item = ValX<'a, Val>>> Updates<'a> for I {}

impl ValT for Val {
    fn from_num(text: &str) -> Result {
        Number::written(text)
            .map(Self::Num)
            .ok_or_else(|| fault(format!("{text} is no number")))
    }

    fn from_map<I: IntoIterator<Item = (Self, Self)>>(members: I) -> Result {
        let mut object = Object::new();
        for (key, value) in members {
            let Self::Str(key) = key else {
                return Err(fault(format!("Cannot use {} as object key", key.shown())));
            };
            object.insert(key, value);
        }
        Ok(Self::object(object))
    }

    fn key_values(self) -> BoxIter<'static, Result<(Self, Self)>> {
        match self {
            Self::Arr(items) => {
                let items = Arc::unwrap_or_clone(items).into_iter().enumerate();
                Box::new(items.map(|(index, item)| Ok((Self::from(index), item))))
            }
            Self::Obj(object) => {
                let members = Arc::unwrap_or_clone(object).into_iter();
                Box::new(members.map(|(key, value)| Ok((Self::Str(key), value))))
            }
            other => box_once(Err(other.no_iterable())),
        }
    }

    fn values(self) -> Box<dyn Iterator<Item = Result>> {
        match self {
            Self::Arr(items) => Box::new(Arc::unwrap_or_clone(items).into_iter().map(Ok)),
            Self::Obj(object) => Box::new(Arc::unwrap_or_clone(object).into_values().map(Ok)),
            other => box_once(Err(other.no_iterable())),
        }
    }

    fn index(self, index: &Self) -> Result {
        match (&self, index) {
            (Self::Obj(object), Self::Str(key)) => {
                Ok(object.get(key.as_ref()).cloned().unwrap_or_default())
            }
            (Self::Arr(items), Self::Num(number)) => {
                let at = position(number.value(), items.len());
                let found = at.ok().and_then(|at| items.get(at));
                Ok(found.cloned().unwrap_or_default())
            }
            (Self::Arr(items), Self::Arr(part)) => Ok(positions(items, part)),
            (Self::Null, Self::Null | Self::Num(_) | Self::Str(_) | Self::Obj(_)) => Ok(Self::Null),
            (Self::Arr(_) | Self::Str(_), Self::Obj(slice)) => {
                self.clone().range(slice.get("start")..slice.get("end"))
            }
            _ => Err(self.no_index(index)),
        }
    }

    fn range(self, range: Range<&Self>) -> Result {
        match &self {
            Self::Null => Ok(Self::Null),
            Self::Arr(items) => {
                let (start, end) = bounds(items.len(), range)?;
                Ok(Self::array(items[start..end].to_vec()))
            }
            Self::Str(text) => {
                let (start, end) = bounds(text.chars().count(), range)?;
                let part: String = text.chars().skip(start).take(end - start).collect();
                Ok(Self::from(part))
            }
            _ => Err(self.no_index(&Self::from(range.start.cloned()..range.end.cloned()))),
        }
    }

    fn map_values<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        opt: Opt,
        f: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        match self {
            Self::Arr(items) => {
                let items = Arc::unwrap_or_clone(items).into_iter();
                items.filter_map(|item| f(item).next()).collect()
            }
            Self::Obj(object) => {
                let members = Arc::unwrap_or_clone(object).into_iter();
                let members = members.filter_map(|(key, value)| {
                    let updated = f(value).next()?;
                    Some(updated.map(|value| (key, value)))
                });
                Ok(Self::object(
                    members.collect::<std::result::Result<_, Exn<_>>>()?,
                ))
            }
            other => opt.fail(other, |other| Exn::from(other.no_iterable())),
        }
    }

    fn map_index<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        index: &Self,
        opt: Opt,
        f: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        match (self, index) {
            (Self::Null, Self::Str(key)) => in_object(Object::new(), key, f, Self::Null),
            (Self::Obj(object), Self::Str(key)) => in_object(
                Arc::unwrap_or_clone(object),
                key,
                f,
                Self::object(Object::new()),
            ),
            (Self::Null, Self::Num(number)) => {
                let updated = in_array(Vec::new(), number.value(), opt, f)?;
                let is_empty = matches!(&updated, Self::Arr(items) if items.is_empty());
                Ok(if is_empty { Self::Null } else { updated })
            }
            (Self::Arr(items), Self::Num(number)) => {
                in_array(Arc::unwrap_or_clone(items), number.value(), opt, f)
            }
            (value @ (Self::Null | Self::Arr(_) | Self::Str(_)), Self::Obj(slice)) => {
                value.map_range(slice.get("start")..slice.get("end"), opt, f)
            }
            (value, index) => opt.fail(value, |value| Exn::from(value.no_index(index))),
        }
    }

    fn map_range<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        range: Range<&Self>,
        opt: Opt,
        f: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        let (items, part) = match self {
            Self::Null => (Vec::new(), Some(Self::Null)),
            Self::Arr(items) => (Arc::unwrap_or_clone(items), None),
            Self::Str(_) => {
                return opt.fail(self, |_| Exn::from(fault("Cannot update string slices")));
            }
            other => {
                let slice = Self::from(range.start.cloned()..range.end.cloned());
                return opt.fail(other, |other| Exn::from(other.no_index(&slice)));
            }
        };
        let (start, end) = match bounds(items.len(), range) {
            Ok(bounds) => bounds,
            Err(error) => return opt.fail(Self::array(items), |_| Exn::from(error)),
        };
        let part = part.unwrap_or_else(|| Self::array(items[start..end].to_vec()));
        let new = match f(part).next().transpose()? {
            None => Arc::default(),
            Some(Self::Arr(new)) => new,
            Some(_) => {
                let message = "A slice of an array can only be assigned another array";
                return Err(fault(message).into());
            }
        };
        let mut items = items;
        items.splice(start..end, new.iter().cloned());
        Ok(Self::array(items))
    }

    fn as_bool(&self) -> bool {
        !matches!(self, Self::Null | Self::Bool(false))
    }

    fn into_string(self) -> Self {
        match self {
            Self::Str(_) => self,
            other => Self::from(other.to_string()),
        }
    }
}

impl Val {
    fn no_iterable(&self) -> Error {
        fault(format!("Cannot iterate over {}", self.shown()))
    }

    pub(super) fn no_index(&self, index: &Self) -> Error {
        fault(format!(
            "Cannot index {} with {}",
            self.kind(),
            index.shown()
        ))
    }

    /// The value without what these paths lead to.
    pub(super) fn without(self, paths: &Self) -> Result {
        let Self::Arr(paths) = paths else {
            return Err(fault("Paths must be specified as an array"));
        };
        let mut paths: Vec<&Self> = paths.iter().collect();
        // The last ones first, so that no index moves before it is used.
        paths.sort_by(|a, b| b.cmp(a));
        paths.into_iter().try_fold(self, |value, path| match path {
            Self::Arr(path) => value.without_path(path),
            _ => Err(fault("Path must be specified as an array")),
        })
    }

    fn without_path(self, path: &[Self]) -> Result {
        let [first, rest @ ..] = path else {
            return Ok(Self::Null);
        };
        if !rest.is_empty() {
            let part = self.clone().index(first)?;
            if matches!(part, Self::Null) {
                return Ok(self);
            }
            let part = part.without_path(rest)?;
            let put = |_| std::iter::once(Ok(part.clone()));
            let updated = self.map_index(first, Opt::Essential, put);
            return updated
                .map_err(|exception| exception.get_err().unwrap_or_else(|_| fault("break")));
        }
        match (self, first) {
            (Self::Null, _) => Ok(Self::Null),
            (Self::Obj(mut object), Self::Str(key)) => {
                Arc::make_mut(&mut object).shift_remove(key.as_ref());
                Ok(Self::Obj(object))
            }
            (Self::Arr(mut items), Self::Num(number)) => {
                if let Ok(at) = position(number.value(), items.len())
                    && at < items.len()
                {
                    Arc::make_mut(&mut items).remove(at);
                }
                Ok(Self::Arr(items))
            }
            (Self::Arr(mut items), Self::Obj(slice)) => {
                let (start, end) = bounds(items.len(), slice.get("start")..slice.get("end"))?;
                Arc::make_mut(&mut items).drain(start..end);
                Ok(Self::Arr(items))
            }
            (value @ (Self::Obj(_) | Self::Arr(_)), key) => Err(fault(format!(
                "Cannot delete {} field of {}",
                key.kind(),
                value.kind()
            ))),
            (value, _) => Err(fault(format!("Cannot delete fields from {}", value.kind()))),
        }
    }
}

fn in_object<'a, I: Updates<'a>>(
    mut object: Object,
    key: &Arc<str>,
    f: impl Fn(Val) -> I,
    untouched: Val,
) -> ValX<'a, Val> {
    let old = object.get_mut(key.as_ref()).map(std::mem::take);
    let is_new = old.is_none();
    match f(old.unwrap_or_default()).next().transpose()? {
        Some(new) => {
            object.insert(Arc::clone(key), new);
        }
        None if is_new && object.is_empty() => return Ok(untouched),
        None => {
            object.shift_remove(key.as_ref());
        }
    }
    Ok(Val::object(object))
}

fn in_array<'a, I: Updates<'a>>(
    mut items: Vec<Val>,
    index: f64,
    opt: Opt,
    f: impl Fn(Val) -> I,
) -> ValX<'a, Val> {
    let at = match position(index, items.len()) {
        Ok(at) => at,
        Err(error) => return opt.fail(Val::array(items), |_| Exn::from(error)),
    };
    let old = items.get_mut(at).map(std::mem::take);
    match f(old.unwrap_or_default()).next().transpose()? {
        Some(new) => {
            if at >= items.len() {
                items.resize(at + 1, Val::Null);
            }
            items[at] = new;
        }
        None if at < items.len() => {
            items.remove(at);
        }
        None => {}
    }
    Ok(Val::array(items))
}

/// The place in an array of this length that an index means.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "lengths are far below 2^52, and places are checked first"
)]
pub(super) fn position(index: f64, length: usize) -> Result<usize> {
    if index.is_nan() {
        return Err(fault("Cannot set array element at NaN index"));
    }
    let index = index.trunc();
    let index = if index < 0.0 {
        index + length as f64
    } else {
        index
    };
    if index < 0.0 {
        return Err(fault("Out of bounds negative array index"));
    }
    if index > MAX_LENGTH {
        return Err(fault("Array index too large"));
    }
    Ok(index as usize)
}

/// The start and end of a slice.
fn bounds(length: usize, range: Range<&Val>) -> Result<(usize, usize)> {
    let bound = |value: Option<&Val>| match value {
        None | Some(Val::Null) => Ok(None),
        Some(Val::Num(number)) if number.value().is_nan() => Ok(None),
        Some(Val::Num(number)) => Ok(Some(number.value())),
        Some(_) => Err(fault("Array/string slice indices must be integers")),
    };
    Ok(between(length, bound(range.start)?, bound(range.end)?))
}

/// The start and end of a slice with these bounds, none of which is NaN.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "both are between 0 and the length"
)]
pub(super) fn between(length: usize, start: Option<f64>, end: Option<f64>) -> (usize, usize) {
    let full = length as f64;
    let place = |bound: f64| if bound < 0.0 { bound + full } else { bound };
    let start = start.map_or(0.0, place).clamp(0.0, full);
    let end = end.map_or(full, place).clamp(0.0, full).max(start);
    (start as usize, end.ceil() as usize)
}

/// Where a part stands in an array.
pub(super) fn positions(items: &[Val], part: &[Val]) -> Val {
    if part.is_empty() {
        return Val::array(Vec::new());
    }
    let found = items.windows(part.len()).enumerate();
    let found = found.filter(|(_, window)| *window == part);
    found.map(|(index, _)| Val::from(index)).collect()
}
