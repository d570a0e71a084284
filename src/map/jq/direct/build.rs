//! Makes terms out of others, in the simplest form there is.
//!
//! In: terms. Out: a term.

use std::sync::OnceLock;

use serde_json::Value;

use super::super::number::Number;
use super::{Part, Pcre, Term};

/// A number as jaq takes it: a whole one by its value.
pub(super) fn number(digits: &str) -> Option<Term> {
    let written = match digits.parse::<isize>() {
        Ok(whole) => Number::written(&whole.to_string()),
        Err(_) => Number::written(digits),
    };
    let number = written?;
    number.value().is_finite().then_some(Term::Number(number))
}

pub(super) fn array(items: Term) -> Term {
    fn constants(term: &Term, into: &mut Vec<Value>) -> bool {
        match term {
            Term::Constant(value) => {
                into.push(value.clone());
                true
            }
            Term::Comma(left, right) => constants(left, into) && constants(right, into),
            _ => false,
        }
    }
    let mut values = Vec::new();
    if matches!(items, Term::Empty) || constants(&items, &mut values) {
        return Term::Constant(Value::Array(values));
    }
    Term::Array(Box::new(items))
}

pub(super) fn pipe(left: Term, right: Term) -> Term {
    match (left, right) {
        (Term::Keys(left), Term::Keys(right)) => {
            Term::Keys(left.into_vec().into_iter().chain(right).collect())
        }
        (left, right) => Term::Pipe(Box::new(left), Box::new(right)),
    }
}

pub(super) fn part_of(index: Term) -> Part {
    match index {
        Term::Constant(Value::String(key)) => Part::Key(key),
        index => Part::At(index),
    }
}

/// A path; one of keys alone has a form of its own.
pub(super) fn with_parts(from: Term, parts: Vec<(Part, bool)>) -> Term {
    let before: Vec<String> = match &from {
        Term::Id => Vec::new(),
        Term::Keys(keys) => keys.to_vec(),
        _ => return Term::Path(Box::new(from), parts),
    };
    let mut keys = before;
    for (part, is_optional) in &parts {
        match part {
            Part::Key(key) if !is_optional => keys.push(key.clone()),
            _ => return Term::Path(Box::new(from), parts),
        }
    }
    Term::Keys(keys.into())
}

pub(super) fn each() -> Term {
    Term::Path(Box::new(Term::Id), vec![(Part::Each, false)])
}

/// The regular expression of a function whose pattern and flags are constants.
pub(super) fn pcre(pattern: &Term, flags: Option<&Term>, more: &str) -> Option<Pcre> {
    let Term::Constant(Value::String(pattern)) = pattern else {
        return None;
    };
    let flags = match flags {
        None | Some(Term::Constant(Value::Null)) => "",
        Some(Term::Constant(Value::String(flags))) => flags,
        Some(_) => return None,
    };
    Some(Pcre {
        pattern: pattern.clone(),
        flags: format!("{flags}{more}"),
        regex: OnceLock::new(),
    })
}
