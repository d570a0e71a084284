//! Reading parts of values: `.a`, `.[0]`, `.[1:]`, `.[]`, and what patterns bind.
//!
//! In: a value and the parts of a path. Out: what they lead to.

use serde_json::Value;

use super::super::access;
use super::run::{Out, Run};
use super::value::{Items, Members, Val, View, member};
use super::{Part, Pattern, Result, Stop, Term};

impl<'v> Run<'v> {
    pub(super) fn keys(&self, keys: &[String], input: &Val<'v>) -> Result<Val<'v>> {
        let mut found = input.clone();
        for key in keys {
            self.step(1)?;
            found = key_of(&found, key)?;
        }
        Ok(found)
    }

    /// The outputs of the parts of a path, from a value on. Indexes are expressions on the input of the path.
    pub(super) fn parts(
        &self,
        parts: &'v [(Part, bool)],
        from: Val<'v>,
        input: &Val<'v>,
        out: Out<'_, 'v>,
    ) -> Result {
        let Some(((part, is_optional), rest)) = parts.split_first() else {
            return out(from);
        };
        self.step(1)?;
        let skipped = |found: Result<Val<'v>>| match found {
            Err(Stop::Error(_)) if *is_optional => Ok(None),
            found => found.map(Some),
        };
        let found = match part {
            Part::Key(key) => key_of(&from, key),
            Part::At(index) => {
                let index = self.only(index, input)?;
                Self::at(&from, &index)
            }
            Part::Slice(start, end) => {
                let bound = |bound: &'v Option<Term>| match bound {
                    Some(bound) => self.only(bound, input).map(Some),
                    None => Ok(None),
                };
                let (start, end) = (bound(start)?, bound(end)?);
                self.slice(&from, start.as_ref(), end.as_ref())
            }
            Part::Each => return self.each(rest, &from, *is_optional, input, out),
        };
        match skipped(found)? {
            Some(found) => self.parts(rest, found, input, out),
            None => Ok(()),
        }
    }

    pub(super) fn each(
        &self,
        rest: &'v [(Part, bool)],
        from: &Val<'v>,
        is_optional: bool,
        input: &Val<'v>,
        out: Out<'_, 'v>,
    ) -> Result {
        let mut next = |value: Val<'v>| {
            self.step(1)?;
            if rest.is_empty() {
                return out(value);
            }
            self.parts(rest, value, input, out)
        };
        match from.view() {
            View::Arr(Items::Json(items)) => items.iter().map(Val::Json).try_for_each(next),
            View::Arr(Items::New(items)) => items.iter().cloned().try_for_each(next),
            View::Obj(Members::Json(map)) => map.values().map(Val::Json).try_for_each(next),
            View::Obj(Members::New(members)) => members
                .iter()
                .try_for_each(|(_, value)| next(value.clone())),
            _ if is_optional => Ok(()),
            _ => Err(Stop::Error(None)),
        }
    }

    /// `.[index]`
    pub(super) fn at(from: &Val<'v>, index: &Val<'v>) -> Result<Val<'v>> {
        match (from.view(), index.view()) {
            (_, View::Str(key)) => key_of(from, key),
            (View::Arr(items), View::Num) => {
                let at = access::position(index.as_number()?.value(), items.len());
                let found = at.ok().and_then(|at| items.get(at));
                Ok(found.unwrap_or(Val::null()))
            }
            (View::Null, View::Null | View::Num) => Ok(Val::null()),
            (_, View::Obj(_) | View::Arr(_)) => Err(Stop::GiveUp),
            _ => Err(Stop::Error(None)),
        }
    }

    pub(super) fn slice(
        &self,
        from: &Val<'v>,
        start: Option<&Val<'v>>,
        end: Option<&Val<'v>>,
    ) -> Result<Val<'v>> {
        let length = match from.view() {
            View::Null => return Ok(Val::null()),
            View::Arr(items) => items.len(),
            View::Str(text) => text.chars().count(),
            _ => return Err(Stop::Error(None)),
        };
        let bound = |bound: Option<&Val<'v>>| match bound {
            None => Ok(None),
            Some(bound) if bound.is_null() => Ok(None),
            Some(bound) => bound.as_number().map(|number| Some(number.value())),
        };
        let (start, end) = access::between(length, bound(start)?, bound(end)?);
        self.step(end - start)?;
        match from.view() {
            View::Arr(items) => Val::array((start..end).filter_map(|at| items.get(at)).collect()),
            View::Str(text) => {
                self.step(length / 16)?;
                let part: String = text.chars().skip(start).take(end - start).collect();
                Ok(Val::text(&part))
            }
            _ => Err(Stop::GiveUp),
        }
    }

    /// Binds the variables of a pattern to parts of a value.
    pub(super) fn bind(&self, pattern: &'v Pattern, value: &Val<'v>) -> Result {
        match pattern {
            Pattern::Variable(at) => {
                self.variables.borrow_mut()[*at] = value.clone();
                Ok(())
            }
            Pattern::Parts(parts) => parts.iter().try_for_each(|(key, pattern)| {
                let key = self.only(key, value)?;
                self.bind(pattern, &Self::at(value, &key)?)
            }),
        }
    }
}

/// `.key`
pub(super) fn key_of<'v>(from: &Val<'v>, key: &str) -> Result<Val<'v>> {
    match from {
        Val::Json(Value::Object(map)) => Ok(member(map, key).map_or(Val::null(), Val::Json)),
        Val::Json(Value::Null) => Ok(Val::null()),
        _ => match from.view() {
            View::Obj(members) => Ok(members.get(key).unwrap_or(Val::null())),
            _ => Err(Stop::Error(None)),
        },
    }
}
