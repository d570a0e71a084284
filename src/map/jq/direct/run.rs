//! Runs an expression on a value.
//!
//! In: a [`Term`] and its input. Out: each output, handed over as soon as it is there, so that whoever needs no more ends
//! the rest by an error of its own, [`Stop`].

use std::cell::{Cell, RefCell};

use jaq_core::ops;
use serde_json::Value;

use super::super::shortened;
use super::super::value::Limits;
use super::value::{Cost, Members, Val, View, compare, equal, member, take};
use super::{Direct, Part, Result, Stop, Term, Text};
use super::{functions, texts};

/// Steps that every evaluation may take.
const STEPS: usize = 100_000;

/// Steps that it may take for each value of a large input.
const STEPS_A_VALUE: usize = 100;

/// Steps that no evaluation goes beyond.
const MAX_STEPS: usize = 1_000_000_000;

/// Receives outputs.
pub(super) type Out<'a, 'v> = &'a mut dyn FnMut(Val<'v>) -> Result;

/// One evaluation.
pub(in crate::map) struct Run<'v> {
    pub(super) variables: RefCell<Vec<Val<'v>>>,
    /// Steps that are left.
    steps: Cell<usize>,
    /// What the steps of a large input are counted from, until they are.
    whole: Cell<Option<Val<'v>>>,
}

/// See [`Direct::first`].
pub(super) fn first(
    direct: &Direct,
    input: &Val<'_>,
) -> Option<std::result::Result<Option<Value>, String>> {
    if let Term::Keys(keys) = &direct.term
        && let Some(found @ Val::Json(_)) = plain(input, keys)
    {
        return json(&direct.term, &found).map(|value| Ok(Some(value)));
    }
    let run = Run {
        variables: RefCell::new(vec![Val::null(); direct.variables]),
        steps: Cell::new(STEPS),
        whole: Cell::new(Some(input.clone())),
    };
    let mut found = None;
    let ended = run.run(&direct.term, input, &mut |value| {
        found = Some(value);
        Err(Stop::Done)
    });
    match (ended, found) {
        (Err(Stop::Done), Some(value)) => json(&direct.term, &value).map(|value| Ok(Some(value))),
        (Ok(()), None) => Some(Ok(None)),
        (Err(Stop::Error(Some(message))), _) => Some(Err(shortened(&message))),
        _ => None,
    }
}

/// What a profile takes over as it is has no limits; for everything else jq tells what is wrong.
fn json(term: &Term, value: &Val<'_>) -> Option<Value> {
    let json = value.json(&mut Limits::new()).ok();
    json.or_else(|| match value {
        Val::Json(value) if is_plain(term) => Some((*value).clone()),
        _ => None,
    })
}

fn is_plain(term: &Term) -> bool {
    match term {
        Term::Keys(_) => true,
        Term::Alternative(left, right) => is_plain(left) && is_plain(right),
        _ => false,
    }
}

/// What keys lead to inside the input; `None` where that is no place in a descriptor.
fn plain<'v>(input: &Val<'v>, keys: &[String]) -> Option<Val<'v>> {
    let mut found = input.clone();
    for key in keys {
        found = match found {
            Val::Json(Value::Object(map)) => member(map, key).map_or(Val::null(), Val::Json),
            Val::Json(Value::Null) => return Some(Val::null()),
            Val::Obj(_) => match found.view() {
                View::Obj(members) => members.get(key).unwrap_or(Val::null()),
                _ => return None,
            },
            _ => return None,
        };
    }
    Some(found)
}

impl<'v> Run<'v> {
    /// Counts steps.
    pub(super) fn step(&self, steps: usize) -> Result {
        if take(&self.steps, steps) {
            return Ok(());
        }
        self.extend()?;
        if take(&self.steps, steps) {
            return Ok(());
        }
        Err(Stop::GiveUp)
    }

    /// Gives a large input more steps, once.
    fn extend(&self) -> Result {
        let whole = self.whole.take().ok_or(Stop::GiveUp)?;
        let values = Cell::new(MAX_STEPS / STEPS_A_VALUE);
        let before = values.get();
        count(&whole, &values);
        self.steps.set((before - values.get()) * STEPS_A_VALUE);
        Ok(())
    }

    /// What a comparison gives, which stops somewhere and tells nothing when it costs too much.
    pub(super) fn compared<T>(&self, comparison: impl Fn(&Cost) -> T) -> Result<T> {
        loop {
            let cost = Cell::new(self.steps.get());
            let result = comparison(&cost);
            if cost.get() > 0 {
                self.steps.set(cost.get());
                return Ok(result);
            }
            self.extend()?;
        }
    }

    pub(super) fn equal(&self, a: &Val<'v>, b: &Val<'v>) -> Result<bool> {
        self.compared(|cost| equal(a, b, cost))
    }

    pub(super) fn variable(&self, at: usize) -> Val<'v> {
        self.variables.borrow()[at].clone()
    }

    /// The outputs of a term.
    pub(super) fn run(&self, term: &'v Term, input: &Val<'v>, out: Out<'_, 'v>) -> Result {
        self.step(1)?;
        match term {
            Term::Id | Term::Constant(_) | Term::Number(_) | Term::Variable(_) | Term::Keys(_) => {
                out(self.single(term, input)?)
            }
            Term::Empty => Ok(()),
            Term::Path(from, parts) => {
                self.run(from, input, &mut |from| self.parts(parts, from, input, out))
            }
            Term::Pipe(left, right) => {
                self.run(left, input, &mut |value| self.run(right, &value, out))
            }
            Term::Bind(over, pattern, body) => self.run(over, input, &mut |value| {
                self.bind(pattern, &value)?;
                self.run(body, input, out)
            }),
            Term::Comma(left, right) => {
                self.run(left, input, out)?;
                self.run(right, input, out)
            }
            Term::Alternative(left, right) => self.alternative(left, right, input, out),
            Term::Logic(left, stop, right) => self.run(left, input, &mut |left| {
                if left.is_true() == *stop {
                    return out(Val::bool(*stop));
                }
                self.run(right, input, &mut |right| out(Val::bool(right.is_true())))
            }),
            Term::If(condition, then, otherwise) => self.run(condition, input, &mut |value| {
                let branch = if value.is_true() { then } else { otherwise };
                self.run(branch, input, out)
            }),
            Term::Try(body, catch) => self.attempt(body, catch.as_deref(), input, out),
            Term::Label(label, body) => match self.run(body, input, out) {
                Err(Stop::Break(broken)) if broken == *label => Ok(()),
                ended => ended,
            },
            Term::Break(label) => Err(Stop::Break(*label)),
            Term::Error(message) => self.run(message, input, &mut |message| {
                Err(Stop::Error(message.as_text().map(|text| (*text).into())))
            }),
            Term::Math(left, operation, right) => {
                self.pairs(left, right, input, &mut |left, right| {
                    out(functions::math(self, left, *operation, right)?)
                })
            }
            Term::Compare(left, comparison, right) => {
                self.pairs(left, right, input, &mut |left, right| {
                    out(Val::bool(self.holds(&left, *comparison, &right)?))
                })
            }
            Term::Negative(term) => self.run(term, input, &mut |value| {
                out(Val::Num(value.as_number()?.negated()))
            }),
            Term::Text(parts) => self.text(parts, "", input, out),
            Term::Array(items) => out(self.array(items, input)?),
            Term::Object(members) => self.object(members, Vec::new(), input, out),
            Term::Reduce(fold) => self.fold(fold, None, input, out),
            Term::Foreach(fold, project) => self.fold(fold, Some(project), input, out),
            Term::First(term) => match self.first(term, input)? {
                Some(value) => out(value),
                None => Ok(()),
            },
            Term::Sum(over) => out(self.sum(over, input)?),
            Term::Limit(count, term) => self.limit(count, term, input, out),
            Term::Range(bounds) => self.range(bounds, input, out),
            Term::Any(over, stop, condition) => out(self.any(over, *stop, condition, input)?),
            Term::OneOf(texts) => {
                self.step(texts.len())?;
                let found = match input.view() {
                    View::Str(text) => texts.iter().any(|one| one == text),
                    _ => false,
                };
                out(Val::bool(found))
            }
            Term::Call(function, arguments) => match arguments.as_slice() {
                [] => out(function(self, input, &[])?),
                [one] => self.run(one, input, &mut |one| out(function(self, input, &[one])?)),
                [one, two] => self.run(one, input, &mut |one| {
                    self.run(two, input, &mut |two| {
                        out(function(self, input, &[one.clone(), two])?)
                    })
                }),
                _ => Err(Stop::GiveUp),
            },
            Term::By(by, key) => out(functions::by(self, *by, key, input)?),
            Term::Test(pcre) => out(texts::test(self, pcre, input)?),
            Term::Substitute(pcre, with) => out(texts::substitute(self, pcre, with, input)?),
            Term::Capture(pcre) => texts::capture(self, pcre, input, out),
            Term::Recurse
            | Term::Assign(..)
            | Term::Update(..)
            | Term::UpdateMath(..)
            | Term::UpdateAlternative(..)
            | Term::PathsOf(_)
            | Term::Delete(_) => self.run_paths(term, input, out),
        }
    }

    /// The output of a term that [is single](is_single).
    fn single(&self, term: &'v Term, input: &Val<'v>) -> Result<Val<'v>> {
        match term {
            Term::Id => Ok(input.clone()),
            Term::Constant(value) => Ok(Val::Json(value)),
            Term::Number(number) => Ok(Val::Num(number.clone())),
            Term::Variable(at) => Ok(self.variable(*at)),
            Term::Keys(keys) => self.keys(keys, input),
            _ => Err(Stop::GiveUp),
        }
    }

    fn alternative(
        &self,
        left: &'v Term,
        right: &'v Term,
        input: &Val<'v>,
        out: Out<'_, 'v>,
    ) -> Result {
        if is_single(left) {
            let value = self.single(left, input)?;
            return if value.is_true() {
                out(value)
            } else {
                self.run(right, input, out)
            };
        }
        let mut is_found = false;
        self.run(left, input, &mut |value| {
            if !value.is_true() {
                return Ok(());
            }
            is_found = true;
            out(value)
        })?;
        if is_found {
            return Ok(());
        }
        self.run(right, input, out)
    }

    /// `try f catch g`: what fails behind it is not caught.
    fn attempt(
        &self,
        body: &'v Term,
        catch: Option<&'v Term>,
        input: &Val<'v>,
        out: Out<'_, 'v>,
    ) -> Result {
        let mut is_behind = false;
        let ended = self.run(body, input, &mut |value| {
            out(value).inspect_err(|_| is_behind = true)
        });
        match (ended, catch) {
            (Err(Stop::Error(_)), None) if !is_behind => Ok(()),
            (Err(Stop::Error(message)), Some(catch)) if !is_behind => {
                let message = Val::Str(Text::New(message.ok_or(Stop::GiveUp)?));
                self.run(catch, &message, out)
            }
            (ended, _) => ended,
        }
    }

    /// Every output of one term with every output of another.
    fn pairs(
        &self,
        left: &'v Term,
        right: &'v Term,
        input: &Val<'v>,
        out: &mut dyn FnMut(Val<'v>, Val<'v>) -> Result,
    ) -> Result {
        if is_single(left) && is_single(right) {
            return out(self.single(left, input)?, self.single(right, input)?);
        }
        let mut is_behind = false;
        let ended = self.run(left, input, &mut |left| {
            let ended = self.run(right, input, &mut |right| out(left.clone(), right));
            ended.inspect_err(|_| is_behind = true)
        });
        Self::vanishes(ended, is_behind, std::iter::once(right))
    }

    /// The fault of one operand is none where another one has no output.
    fn vanishes(
        ended: Result,
        is_behind: bool,
        mut others: impl Iterator<Item = &'v Term>,
    ) -> Result {
        match ended {
            Err(Stop::Error(_)) if !is_behind && !others.all(gives) => Err(Stop::GiveUp),
            ended => ended,
        }
    }

    pub(super) fn holds(
        &self,
        left: &Val<'v>,
        comparison: ops::Cmp,
        right: &Val<'v>,
    ) -> Result<bool> {
        use ops::Cmp::{Eq, Ge, Gt, Le, Lt, Ne};
        let order = match comparison {
            Eq => return self.equal(left, right),
            Ne => return self.equal(left, right).map(|is_equal| !is_equal),
            Lt | Le | Gt | Ge => self.compared(|cost| compare(left, right, cost))?,
        };
        Ok(match comparison {
            Lt => order.is_lt(),
            Le => order.is_le(),
            Gt => order.is_gt(),
            _ => order.is_ge(),
        })
    }

    fn text(&self, parts: &'v [Term], before: &str, input: &Val<'v>, out: Out<'_, 'v>) -> Result {
        let Some((part, rest)) = parts.split_first() else {
            return out(Val::text(before));
        };
        let mut is_behind = false;
        let ended = self.run(part, input, &mut |value| {
            let mut text = before.to_owned();
            let ended = texts::write(self, &value, &mut text)
                .and_then(|()| self.text(rest, &text, input, out));
            ended.inspect_err(|_| is_behind = true)
        });
        Self::vanishes(ended, is_behind, rest.iter())
    }

    /// All outputs of a term.
    pub(super) fn all(&self, term: &'v Term, input: &Val<'v>) -> Result<Vec<Val<'v>>> {
        let mut items = Vec::new();
        self.run(term, input, &mut |value| {
            items.push(value);
            Ok(())
        })?;
        Ok(items)
    }

    fn array(&self, items: &'v Term, input: &Val<'v>) -> Result<Val<'v>> {
        Val::array(self.all(items, input)?)
    }

    fn object(
        &self,
        members: &'v [(Term, Term)],
        before: super::Object<'v>,
        input: &Val<'v>,
        out: Out<'_, 'v>,
    ) -> Result {
        let Some(((key, value), rest)) = members.split_first() else {
            return out(Val::object(before)?);
        };
        let mut is_behind = false;
        let ended = self.pairs(key, value, input, &mut |key, value| {
            let mut members = before.clone();
            let key = key.as_text().ok_or(Stop::Error(None))?;
            self.step(1 + members.len())?;
            functions::put(&mut members, key, value);
            let ended = self.object(rest, members, input, out);
            ended.inspect_err(|_| is_behind = true)
        });
        let others = rest.iter().flat_map(|(key, value)| [key, value]);
        Self::vanishes(ended, is_behind, others)
    }
}

/// Whether a term has one output, at hand, or fails.
fn is_single(term: &Term) -> bool {
    matches!(
        term,
        Term::Id | Term::Constant(_) | Term::Number(_) | Term::Variable(_) | Term::Keys(_)
    )
}

/// Whether a term has an output for any input, or fails.
fn gives(term: &Term) -> bool {
    match term {
        Term::Id
        | Term::Constant(_)
        | Term::Number(_)
        | Term::Variable(_)
        | Term::Keys(_)
        | Term::Array(_)
        | Term::Any(..)
        | Term::OneOf(_)
        | Term::By(..)
        | Term::Test(_)
        | Term::Delete(_)
        | Term::Error(_) => true,
        Term::Path(from, parts) => {
            let mut parts = parts.iter();
            gives(from)
                && parts.all(|(part, is_optional)| matches!(part, Part::Key(_)) && !is_optional)
        }
        Term::Pipe(left, right)
        | Term::Bind(left, _, right)
        | Term::Logic(left, _, right)
        | Term::Math(left, _, right)
        | Term::Compare(left, _, right) => gives(left) && gives(right),
        Term::Alternative(_, right) => gives(right),
        Term::If(condition, then, otherwise) => gives(condition) && gives(then) && gives(otherwise),
        Term::Text(parts) => parts.iter().all(gives),
        Term::Call(_, arguments) => arguments.iter().all(gives),
        _ => false,
    }
}

/// Counts the values in a value, up to what is left.
fn count(value: &Val<'_>, left: &Cell<usize>) {
    if !take(left, 1) {
        return;
    }
    match value.view() {
        View::Arr(items) => {
            for item in (0..items.len()).filter_map(|at| items.get(at)) {
                count(&item, left);
            }
        }
        View::Obj(Members::Json(map)) => {
            for value in map.values() {
                count(&Val::Json(value), left);
            }
        }
        View::Obj(Members::New(members)) => {
            for (_, value) in members {
                count(value, left);
            }
        }
        _ => {}
    }
}
