//! Paths, and what changes a value where they lead: `path`, `del`, `=`, `|=` and the like.
//!
//! In: the term of a path and the value it starts from. Out: the paths, or the value changed there. Null is an empty array
//! or object to whoever writes a part of it. What is rare, such as changing slices, is left to jq.

use super::super::access;
use super::functions;
use super::run::{Out, Run};
use super::value::{Val, View, compare};
use super::{Part, Result, Stop, Term, Text};

/// Values nested deeper are left to jq.
const MAX_DEPTH: usize = 200;

/// Where a value stands: the last key or index, behind those before.
pub(super) struct Place<'p, 'v> {
    key: Val<'v>,
    before: Option<&'p Self>,
}

type At<'p, 'v> = Option<&'p Place<'p, 'v>>;
type Found<'a, 'v> = &'a mut dyn FnMut(At<'_, 'v>, Val<'v>) -> Result;

impl<'v> Run<'v> {
    pub(super) fn run_paths(&self, term: &'v Term, input: &Val<'v>, out: Out<'_, 'v>) -> Result {
        let value = || input.clone();
        let changed = |value: Option<Val<'v>>, out: Out<'_, 'v>| match value {
            Some(value) => out(value),
            None => Ok(()),
        };
        match term {
            Term::Recurse => self.below(input, 0, out),
            Term::PathsOf(paths) => self.paths(paths, input, None, &mut |at, _| {
                out(Val::array(listed(at))?)
            }),
            Term::Delete(paths) => out(self.deleted(paths, input)?),
            Term::Assign(paths, new) => self.run(new, input, &mut |new| {
                let put = &mut |_, _| Ok(Some(new.clone()));
                changed(self.updated(paths, value(), false, put)?, out)
            }),
            Term::Update(paths, update) => {
                let put = &mut |old: Val<'v>, is_inside: bool| {
                    if is_inside {
                        self.first(update, &old)
                    } else {
                        self.only(update, &old).map(Some)
                    }
                };
                changed(self.updated(paths, value(), false, put)?, out)
            }
            Term::UpdateMath(paths, operation, operand) => {
                self.run(operand, input, &mut |operand| {
                    let put = &mut |old, _| {
                        functions::math(self, old, *operation, operand.clone()).map(Some)
                    };
                    changed(self.updated(paths, value(), false, put)?, out)
                })
            }
            Term::UpdateAlternative(paths, other) => self.run(other, input, &mut |other| {
                let put = &mut |old: Val<'v>, _| {
                    Ok(Some(if old.is_true() { old } else { other.clone() }))
                };
                changed(self.updated(paths, value(), false, put)?, out)
            }),
            _ => Err(Stop::GiveUp),
        }
    }

    /// A value and all the values in it.
    fn below(&self, value: &Val<'v>, depth: usize, out: Out<'_, 'v>) -> Result {
        self.step(1)?;
        if depth > MAX_DEPTH {
            return Err(Stop::GiveUp);
        }
        out(value.clone())?;
        match value.view() {
            View::Arr(items) => (0..items.len())
                .filter_map(|at| items.get(at))
                .try_for_each(|item| self.below(&item, depth + 1, out)),
            View::Obj(members) => {
                let members = members.to_vec();
                let mut values = members.iter().map(|(_, value)| value);
                values.try_for_each(|value| self.below(value, depth + 1, out))
            }
            _ => Ok(()),
        }
    }

    /// Every value that a term leads to, with its place.
    fn paths(&self, term: &'v Term, value: &Val<'v>, at: At<'_, 'v>, out: Found<'_, 'v>) -> Result {
        self.step(1)?;
        match term {
            Term::Id => out(at, value.clone()),
            Term::Empty => Ok(()),
            Term::Keys(keys) => self.keys_paths(keys, value, at, out),
            Term::Path(from, parts) => self.paths(from, value, at, &mut |at, from| {
                self.parts_paths(parts, &from, value, at, out)
            }),
            Term::Pipe(left, right) => self.paths(left, value, at, &mut |at, value| {
                self.paths(right, &value, at, out)
            }),
            Term::Bind(over, pattern, body) => self.run(over, value, &mut |bound| {
                self.bind(pattern, &bound)?;
                self.paths(body, value, at, out)
            }),
            Term::Comma(left, right) => {
                self.paths(left, value, at, out)?;
                self.paths(right, value, at, out)
            }
            Term::Alternative(left, right) => {
                let branch = if self.has_true(left, value)? {
                    left
                } else {
                    right
                };
                self.paths(branch, value, at, out)
            }
            Term::If(condition, then, otherwise) => self.run(condition, value, &mut |is| {
                let branch = if is.is_true() { then } else { otherwise };
                self.paths(branch, value, at, out)
            }),
            Term::Try(body, None) => {
                let mut is_behind = false;
                let ended = self.paths(body, value, at, &mut |at, value| {
                    out(at, value).inspect_err(|_| is_behind = true)
                });
                match ended {
                    Err(Stop::Error(_)) if !is_behind => Ok(()),
                    ended => ended,
                }
            }
            Term::First(term) => {
                let mut found = None;
                let ended = self.paths(term, value, at, &mut |at, value| {
                    found = Some((listed(at), value));
                    Err(Stop::Done)
                });
                if let Err(stop) = ended
                    && stop != Stop::Done
                {
                    return Err(stop);
                }
                match found {
                    Some((keys, value)) => {
                        behind(keys.into_iter(), None, &mut |at| out(at, value.clone()))
                    }
                    None => Ok(()),
                }
            }
            _ => Err(Stop::GiveUp),
        }
    }

    fn keys_paths(
        &self,
        keys: &'v [String],
        value: &Val<'v>,
        at: At<'_, 'v>,
        out: Found<'_, 'v>,
    ) -> Result {
        let Some((key, rest)) = keys.split_first() else {
            return out(at, value.clone());
        };
        self.step(1)?;
        let found = super::parts::key_of(value, key)?;
        let place = Place {
            key: Val::Str(Text::Part(key)),
            before: at,
        };
        self.keys_paths(rest, &found, Some(&place), out)
    }

    fn parts_paths(
        &self,
        parts: &'v [(Part, bool)],
        from: &Val<'v>,
        input: &Val<'v>,
        at: At<'_, 'v>,
        out: Found<'_, 'v>,
    ) -> Result {
        let Some(((part, is_optional), rest)) = parts.split_first() else {
            return out(at, from.clone());
        };
        self.step(1)?;
        let mut next = |key: Val<'v>, value: &Val<'v>| {
            let place = Place { key, before: at };
            self.parts_paths(rest, value, input, Some(&place), out)
        };
        let key = match part {
            Part::Key(key) => Val::Str(Text::Part(key)),
            Part::At(index) => self.only(index, input)?,
            Part::Slice(..) => return Err(Stop::GiveUp),
            Part::Each => {
                return match from.view() {
                    View::Arr(items) => {
                        let mut items = items.to_vec().into_iter().enumerate();
                        items.try_for_each(|(at, item)| next(Val::count(at), &item))
                    }
                    View::Obj(members) => {
                        let mut members = members.to_vec().into_iter();
                        members.try_for_each(|(key, value)| next(Val::Str(key), &value))
                    }
                    _ if *is_optional => Ok(()),
                    _ => Err(Stop::Error(None)),
                };
            }
        };
        match Self::at(from, &key) {
            Ok(value) => next(key, &value),
            Err(Stop::Error(_)) if *is_optional => Ok(()),
            Err(stop) => Err(stop),
        }
    }

    pub(super) fn has_true(&self, term: &'v Term, value: &Val<'v>) -> Result<bool> {
        let ended = self.run(term, value, &mut |value| {
            if value.is_true() {
                Err(Stop::Done)
            } else {
                Ok(())
            }
        });
        match ended {
            Ok(()) => Ok(false),
            Err(Stop::Done) => Ok(true),
            Err(stop) => Err(stop),
        }
    }

    /// `del(f)`: the last paths first where they have indexes, so that none moves before it is used.
    fn deleted(&self, term: &'v Term, value: &Val<'v>) -> Result<Val<'v>> {
        let mut paths = Vec::new();
        self.paths(term, value, None, &mut |at, found| {
            // Most places that are named are not there.
            if !found.is_null() || is_there(value, at) {
                paths.push(listed(at));
            }
            Ok(())
        })?;
        let has_index =
            |path: &Vec<Val<'v>>| path.iter().any(|key| matches!(key.view(), View::Num));
        if paths.len() > 1 && paths.iter().any(has_index) {
            let lists = paths
                .into_iter()
                .map(Val::array)
                .collect::<Result<Vec<_>>>()?;
            let sorted = self.compared(|cost| {
                let mut lists = lists.clone();
                lists.sort_by(|a, b| compare(b, a, cost));
                lists
            })?;
            drop(lists);
            paths = sorted
                .into_iter()
                .map(Val::into_items)
                .collect::<Result<_>>()?;
        }
        let mut value = value.clone();
        for path in &paths {
            value = self.without(value, path)?;
        }
        Ok(value)
    }

    fn without(&self, value: Val<'v>, path: &[Val<'v>]) -> Result<Val<'v>> {
        let [key, rest @ ..] = path else {
            return Ok(Val::null());
        };
        self.step(1)?;
        match (value.view(), key.view()) {
            (View::Null, _) => Ok(value),
            (View::Obj(members), View::Str(key)) => {
                let Some(part) = members.get(key) else {
                    return Ok(value);
                };
                if !rest.is_empty() && part.is_null() {
                    return Ok(value);
                }
                drop(part);
                self.step(members.len() / 4)?;
                let mut members = value.into_members()?;
                let found = members.iter().position(|(name, _)| **name == *key);
                let at = found.ok_or(Stop::GiveUp)?;
                if rest.is_empty() {
                    members.remove(at);
                } else {
                    let part = std::mem::replace(&mut members[at].1, Val::null());
                    members[at].1 = self.without(part, rest)?;
                }
                Val::object(members)
            }
            (View::Arr(items), View::Num) => {
                let at = access::position(key.as_number()?.value(), items.len());
                let at = at.ok().filter(|at| *at < items.len());
                let Some(at) = at else {
                    return Ok(value);
                };
                if !rest.is_empty() && items.get(at).is_none_or(|part| part.is_null()) {
                    return Ok(value);
                }
                self.step(items.len() / 4)?;
                let mut items = value.into_items()?;
                if rest.is_empty() {
                    items.remove(at);
                } else {
                    let part = std::mem::replace(&mut items[at], Val::null());
                    items[at] = self.without(part, rest)?;
                }
                Val::array(items)
            }
            _ => Err(Stop::GiveUp),
        }
    }
}

/// Whether a value has a place, be it with `null` in it.
fn is_there<'v>(value: &Val<'v>, at: At<'_, 'v>) -> bool {
    fn part<'v>(value: &Val<'v>, at: At<'_, 'v>) -> Option<Val<'v>> {
        let Some(place) = at else {
            return Some(value.clone());
        };
        let whole = part(value, place.before)?;
        match (whole.view(), place.key.view()) {
            (View::Obj(members), View::Str(key)) => members.get(key),
            (View::Arr(items), View::Num) => {
                let at = access::position(place.key.as_number().ok()?.value(), items.len());
                items.get(at.ok()?)
            }
            _ => None,
        }
    }
    part(value, at).is_some()
}

/// The keys of a place, from the first one on.
fn listed<'v>(at: At<'_, 'v>) -> Vec<Val<'v>> {
    let places = std::iter::successors(at, |place| place.before);
    let mut keys: Vec<Val<'v>> = places.map(|place| place.key.clone()).collect();
    keys.reverse();
    keys
}

/// The place that these keys lead to.
fn behind<'v>(
    mut keys: impl Iterator<Item = Val<'v>>,
    at: At<'_, 'v>,
    out: &mut dyn FnMut(At<'_, 'v>) -> Result,
) -> Result {
    match keys.next() {
        None => out(at),
        Some(key) => behind(keys, Some(&Place { key, before: at }), out),
    }
}
