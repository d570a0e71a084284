//! Terms that run another one for each of many values, or only until they know enough.
//!
//! In: the terms and their input. Out: their outputs.

use jaq_core::ops;

use super::functions;
use super::run::{Out, Run};
use super::value::Val;
use super::{Fold, Result, Stop, Term};

impl<'v> Run<'v> {
    /// `reduce`, and `foreach` where the values on the way count too.
    pub(super) fn fold(
        &self,
        fold: &'v Fold,
        project: Option<&'v Term>,
        input: &Val<'v>,
        out: Out<'_, 'v>,
    ) -> Result {
        self.run(&fold.start, input, &mut |start| {
            let mut state = Some(start);
            self.run(&fold.over, input, &mut |value| {
                self.bind(&fold.pattern, &value)?;
                let before = state.take().ok_or(Stop::GiveUp)?;
                let after = self.only_of(&fold.update, before)?;
                state = Some(after.clone());
                match project {
                    Some(project) => self.run(project, &after, out),
                    None => Ok(()),
                }
            })?;
            match (project, state) {
                (None, Some(state)) => out(state),
                _ => Ok(()),
            }
        })
    }

    /// The only output; of several, or none, jq tells what they mean.
    pub(super) fn only(&self, term: &'v Term, input: &Val<'v>) -> Result<Val<'v>> {
        let mut only = None;
        self.run(term, input, &mut |value| match only.replace(value) {
            None => Ok(()),
            Some(_) => Err(Stop::GiveUp),
        })?;
        only.ok_or(Stop::GiveUp)
    }

    /// The same for an input that nobody else needs, which is changed where it is.
    pub(super) fn only_of(&self, term: &'v Term, input: Val<'v>) -> Result<Val<'v>> {
        match term {
            Term::Math(left, operation, right) if matches!(**left, Term::Id) => {
                let right = self.only(right, &input)?;
                functions::math(self, input, *operation, right)
            }
            _ => self.only(term, &input),
        }
    }

    pub(super) fn first(&self, term: &'v Term, input: &Val<'v>) -> Result<Option<Val<'v>>> {
        let mut found = None;
        let ended = self.run(term, input, &mut |value| {
            found = Some(value);
            Err(Stop::Done)
        });
        match ended {
            Ok(()) | Err(Stop::Done) => Ok(found),
            Err(stop) => Err(stop),
        }
    }

    pub(super) fn sum(&self, over: &'v Term, input: &Val<'v>) -> Result<Val<'v>> {
        let mut sum = Val::null();
        self.run(over, input, &mut |value| {
            let before = std::mem::replace(&mut sum, Val::null());
            sum = functions::math(self, before, ops::Math::Add, value)?;
            Ok(())
        })?;
        Ok(sum)
    }

    pub(super) fn limit(
        &self,
        count: &'v Term,
        term: &'v Term,
        input: &Val<'v>,
        out: Out<'_, 'v>,
    ) -> Result {
        let mut left = self.only(count, input)?.as_number()?.value();
        if left < 0.0 {
            return Err(Stop::Error(None));
        }
        if left.fract() != 0.0 {
            return Err(Stop::GiveUp);
        }
        if left < 1.0 {
            return Ok(());
        }
        let mut is_behind = false;
        let ended = self.run(term, input, &mut |value| {
            left -= 1.0;
            out(value).inspect_err(|_| is_behind = true)?;
            if left < 1.0 { Err(Stop::Done) } else { Ok(()) }
        });
        match ended {
            Err(Stop::Done) if !is_behind => Ok(()),
            ended => ended,
        }
    }

    pub(super) fn range(&self, bounds: &'v [Term; 3], input: &Val<'v>, out: Out<'_, 'v>) -> Result {
        let [from, upto, by] = bounds;
        let bound = |term: &'v Term| self.only(term, input)?.as_number();
        let (mut next, upto) = (bound(from)?.value(), bound(upto)?.value());
        let by = bound(by)?.value();
        while by > 0.0 && next < upto || by < 0.0 && next > upto {
            self.step(1)?;
            out(Val::number(next)?)?;
            next += by;
        }
        Ok(())
    }

    /// Whether a condition has a certain value for some output.
    pub(super) fn any(
        &self,
        over: &'v Term,
        stop: bool,
        condition: &'v Term,
        input: &Val<'v>,
    ) -> Result<Val<'v>> {
        let ended = self.run(over, input, &mut |value| {
            self.run(condition, &value, &mut |value| {
                if value.is_true() == stop {
                    return Err(Stop::Done);
                }
                Ok(())
            })
        });
        match ended {
            Ok(()) => Ok(Val::bool(!stop)),
            Err(Stop::Done) => Ok(Val::bool(stop)),
            Err(stop) => Err(stop),
        }
    }
}
