//! Changing what a path leads to, as `=` and `|=` do.
//!
//! In: the term of a path, the value it starts from and what to put in the place of each value it leads to. Out: the value
//! with those changed. Null is an empty array or object to whoever writes a part of it.

use super::super::access;
use super::run::Run;
use super::value::{Val, View};
use super::{Part, Result, Stop, Term, Text};

/// What stands in the place of a value, or nothing. It may have several outputs, of which the first counts, only inside
/// arrays and objects, which the flag says.
type Change<'a, 'v> = &'a mut dyn FnMut(Val<'v>, bool) -> Result<Option<Val<'v>>>;

/// A part of a path whose index is known.
enum Step<'v> {
    Key(Text<'v>),
    At(f64),
    Each,
}

impl<'v> Run<'v> {
    /// The value with what a term leads to changed; nothing where what is changed is the value itself and nothing is left.
    pub(super) fn updated(
        &self,
        term: &'v Term,
        value: Val<'v>,
        is_inside: bool,
        change: Change<'_, 'v>,
    ) -> Result<Option<Val<'v>>> {
        self.step(1)?;
        match term {
            Term::Id => change(value, is_inside),
            Term::Empty => Ok(Some(value)),
            Term::Keys(keys) => {
                let steps = keys.iter().map(|key| (Step::Key(Text::Part(key)), false));
                let steps: Vec<_> = steps.collect();
                self.at_steps(&steps, value, change).map(Some)
            }
            Term::Path(from, parts) => {
                let steps = parts.iter().map(|(part, is_optional)| {
                    let step = match part {
                        Part::Key(key) => Step::Key(Text::Part(key)),
                        Part::Each => Step::Each,
                        Part::Slice(..) => return Err(Stop::GiveUp),
                        Part::At(index) => {
                            let index = self.only(index, &value)?;
                            match (index.as_text(), index.view()) {
                                (Some(key), _) => Step::Key(key),
                                (None, View::Num) => Step::At(index.as_number()?.value()),
                                _ => return Err(Stop::GiveUp),
                            }
                        }
                    };
                    Ok((step, *is_optional))
                });
                let steps = steps.collect::<Result<Vec<_>>>()?;
                self.updated(from, value, is_inside, &mut |value, _| {
                    self.at_steps(&steps, value, change).map(Some)
                })
            }
            Term::Pipe(left, right) => {
                self.updated(left, value, is_inside, &mut |value, inside| {
                    self.updated(right, value, inside, change)
                })
            }
            Term::Comma(left, right) => match self.updated(left, value, is_inside, change)? {
                Some(value) => self.updated(right, value, is_inside, change),
                None => Ok(None),
            },
            Term::If(condition, then, otherwise) => {
                let is = self.only(condition, &value)?.is_true();
                let branch = if is { then } else { otherwise };
                self.updated(branch, value, is_inside, change)
            }
            Term::Alternative(left, right) => {
                let branch = if self.has_true(left, &value)? {
                    left
                } else {
                    right
                };
                self.updated(branch, value, is_inside, change)
            }
            Term::Bind(over, pattern, body) => {
                let mut value = value;
                for bound in self.all(over, &value)? {
                    self.bind(pattern, &bound)?;
                    match self.updated(body, value, is_inside, change)? {
                        Some(changed) => value = changed,
                        None => return Ok(None),
                    }
                }
                Ok(Some(value))
            }
            _ => Err(Stop::GiveUp),
        }
    }

    /// The value with what the steps lead to changed.
    fn at_steps(
        &self,
        steps: &[(Step<'v>, bool)],
        value: Val<'v>,
        change: Change<'_, 'v>,
    ) -> Result<Val<'v>> {
        let Some(((step, is_optional), rest)) = steps.split_first() else {
            return Err(Stop::GiveUp);
        };
        self.step(1)?;
        let mut next = |value| {
            if rest.is_empty() {
                return change(value, true);
            }
            self.at_steps(rest, value, change).map(Some)
        };
        match (step, value.view()) {
            (Step::Key(key), View::Null | View::Obj(_)) => {
                let is_null = value.is_null();
                let mut members = if is_null {
                    Vec::new()
                } else {
                    value.into_members()?
                };
                self.step(members.len() / 4)?;
                let found = members.iter().position(|(name, _)| **name == **key);
                let old = found.map(|at| std::mem::replace(&mut members[at].1, Val::null()));
                match (next(old.unwrap_or(Val::null()))?, found) {
                    (Some(new), Some(at)) => members[at].1 = new,
                    (Some(new), None) => members.push((key.clone(), new)),
                    (None, Some(at)) => {
                        members.remove(at);
                    }
                    (None, None) if is_null => return Ok(Val::null()),
                    (None, None) => {}
                }
                Val::object(members)
            }
            (Step::At(index), View::Null | View::Arr(_)) => {
                let is_null = value.is_null();
                let mut items = if is_null {
                    Vec::new()
                } else {
                    value.into_items()?
                };
                self.step(items.len() / 4)?;
                let Ok(at) = access::position(*index, items.len()) else {
                    return Err(Stop::GiveUp);
                };
                let old = items
                    .get_mut(at)
                    .map(|old| std::mem::replace(old, Val::null()));
                match next(old.unwrap_or(Val::null()))? {
                    Some(new) => {
                        if at >= items.len() {
                            self.step(at)?;
                            items.resize(at + 1, Val::null());
                        }
                        items[at] = new;
                    }
                    None if at < items.len() => {
                        items.remove(at);
                    }
                    None => {}
                }
                if is_null && items.is_empty() {
                    return Ok(Val::null());
                }
                Val::array(items)
            }
            (Step::Each, View::Arr(_)) => {
                let mut items = Vec::new();
                for item in value.into_items()? {
                    self.step(1)?;
                    items.extend(next(item)?);
                }
                Val::array(items)
            }
            (Step::Each, View::Obj(_)) => {
                let mut members = Vec::new();
                for (key, value) in value.into_members()? {
                    self.step(1)?;
                    members.extend(next(value)?.map(|value| (key, value)));
                }
                Val::object(members)
            }
            _ if *is_optional => Ok(value),
            _ => Err(Stop::Error(None)),
        }
    }
}
