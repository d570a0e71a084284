//! Expressions without jq: a part of the language, evaluated on the JSON value itself.
//!
//! In: an expression as jaq's parser reads it, and values. Out: its first output, exactly as jq gives it, or nothing, where
//! jq has to say. Nothing here loops without end: definitions that call themselves are left to jq, and so is whatever
//! takes too many steps.

mod build;
mod builtins;
mod change;
mod compile;
mod functions;
mod loops;
mod parts;
mod paths;
mod run;
mod texts;
mod value;

use std::rc::Rc;
use std::sync::OnceLock;

use fancy_regex::Regex;
use jaq_core::load::parse::Def;
use jaq_core::ops;
use serde_json::Value;

use super::number::Number;
pub(in crate::map) use value::{Object, Text, Val};

/// Why an evaluation ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::map) enum Stop {
    /// What was asked for is found.
    Done,
    /// The `label` of this number ends.
    Break(usize),
    /// jq fails here; with its message, where that is known.
    Error(Option<Rc<str>>),
    /// jq has to say.
    GiveUp,
}

/// A failure that jq finds the words for.
const FAULT: Stop = Stop::Error(None);

/// Terms that may be inside each other when an expression runs, each of which takes some of the stack.
const MAX_STACK: usize = 250;

type Result<T = ()> = std::result::Result<T, Stop>;

/// The definitions that expressions compiled for direct evaluation may call.
#[derive(Debug)]
pub(super) struct Definitions<'s> {
    /// Those of the profile; jq's own are the same for all.
    pub(super) functions: Vec<Def<&'s str>>,
}

/// An expression that needs no jq.
#[derive(Debug)]
pub(in crate::map) struct Direct {
    term: Term,
    /// How many variables it binds.
    variables: usize,
}

impl Direct {
    /// Reads an expression; `None` where it needs jq.
    pub(super) fn of(text: &str, definitions: &Definitions<'_>) -> Option<Self> {
        if openings(text) > MAX_OPENINGS {
            return None;
        }
        let direct = compile::expression(text, definitions)?;
        (direct.term.stack() <= MAX_STACK).then_some(direct)
    }

    /// The first output for an input, `None` where there is none; or the message jq fails with. Nothing at all where jq
    /// has to say.
    pub(in crate::map) fn first(
        &self,
        input: &Val<'_>,
    ) -> Option<std::result::Result<Option<Value>, String>> {
        run::first(self, input)
    }
}

/// How often a text may open something inside of something else: reading it takes some of the stack for each.
const MAX_OPENINGS: usize = 150;

/// How often a text opens something, at most.
fn openings(text: &str) -> usize {
    let signs = text.bytes().filter(|byte| b"([{|-?".contains(byte)).count();
    let words = ["try", "if", "def", "as", "reduce", "foreach", "label"];
    signs
        + words
            .iter()
            .map(|word| text.matches(word).count())
            .sum::<usize>()
}

/// An expression, with the definitions it calls written out.
#[derive(Debug, Clone)]
enum Term {
    /// `.`
    Id,
    /// `..`
    Recurse,
    Empty,
    Constant(Value),
    Number(Number),
    Variable(usize),
    /// `.a.b`
    Keys(Box<[String]>),
    /// `f[0].a?`
    Path(Box<Self>, Vec<(Part, bool)>),
    Pipe(Box<Self>, Box<Self>),
    /// `f as $x | g`
    Bind(Box<Self>, Pattern, Box<Self>),
    Comma(Box<Self>, Box<Self>),
    /// `f // g`
    Alternative(Box<Self>, Box<Self>),
    /// `f or g` and `f and g`: the value of the first one that is enough, and both.
    Logic(Box<Self>, bool, Box<Self>),
    If(Box<Self>, Box<Self>, Box<Self>),
    Try(Box<Self>, Option<Box<Self>>),
    Label(usize, Box<Self>),
    Break(usize),
    Error(Box<Self>),
    Math(Box<Self>, ops::Math, Box<Self>),
    Compare(Box<Self>, ops::Cmp, Box<Self>),
    Negative(Box<Self>),
    /// A text with interpolations.
    Text(Vec<Self>),
    Array(Box<Self>),
    Object(Vec<(Self, Self)>),
    /// `reduce f as $x (init; update)`
    Reduce(Box<Fold>),
    /// `foreach f as $x (init; update; project)`
    Foreach(Box<Fold>, Box<Self>),
    /// `f = g`
    Assign(Box<Self>, Box<Self>),
    /// `f |= g`
    Update(Box<Self>, Box<Self>),
    /// `f += g` and the like
    UpdateMath(Box<Self>, ops::Math, Box<Self>),
    /// `f //= g`
    UpdateAlternative(Box<Self>, Box<Self>),
    First(Box<Self>),
    /// `add(f)`
    Sum(Box<Self>),
    Limit(Box<Self>, Box<Self>),
    Range(Box<[Self; 3]>),
    /// `any(f; g)`, or `all(f; g)`, which ends with the first that is false.
    Any(Box<Self>, bool, Box<Self>),
    /// `. == (f, g)`, one of constant texts.
    OneOf(Vec<String>),
    /// `path(f)`
    PathsOf(Box<Self>),
    /// `del(f)`
    Delete(Box<Self>),
    /// `sort_by(f)` and the like
    By(By, Box<Self>),
    /// A function of its input and its arguments.
    Call(Function, Vec<Self>),
    /// `test("…")`
    Test(Pcre),
    /// `sub("…"; f)`
    Substitute(Pcre, Box<Self>),
    /// `capture("…")`
    Capture(Pcre),
}

impl Term {
    /// How many terms are at most inside each other when it runs: what comes next runs inside what comes before.
    fn stack(&self) -> usize {
        let sum = |terms: &[&Self]| terms.iter().map(|term| term.stack()).sum::<usize>();
        1 + match self {
            Self::Comma(left, right) | Self::Alternative(left, right) => {
                left.stack().max(right.stack())
            }
            Self::If(condition, then, otherwise) => {
                condition.stack() + then.stack().max(otherwise.stack())
            }
            Self::Try(body, Some(catch)) => body.stack().max(catch.stack()),
            Self::Path(from, parts) => {
                let indexes = parts.iter().map(|(part, _)| match part {
                    Part::At(index) => 1 + index.stack(),
                    Part::Slice(start, end) => {
                        1 + sum(&start.iter().chain(end).collect::<Vec<_>>())
                    }
                    Part::Key(_) | Part::Each => 1,
                });
                from.stack() + indexes.sum::<usize>()
            }
            Self::Pipe(left, right)
            | Self::Bind(left, _, right)
            | Self::Logic(left, _, right)
            | Self::Math(left, _, right)
            | Self::Compare(left, _, right)
            | Self::Assign(left, right)
            | Self::Update(left, right)
            | Self::UpdateMath(left, _, right)
            | Self::UpdateAlternative(left, right)
            | Self::Limit(left, right)
            | Self::Any(left, _, right) => sum(&[left, right]),
            Self::Try(term, None)
            | Self::Label(_, term)
            | Self::Error(term)
            | Self::Negative(term)
            | Self::Array(term)
            | Self::First(term)
            | Self::Sum(term)
            | Self::PathsOf(term)
            | Self::Delete(term)
            | Self::By(_, term)
            | Self::Substitute(_, term) => term.stack(),
            Self::Text(terms) | Self::Call(_, terms) => sum(&terms.iter().collect::<Vec<_>>()),
            Self::Range(bounds) => sum(&bounds.iter().collect::<Vec<_>>()),
            Self::Object(members) => members
                .iter()
                .map(|(key, value)| 1 + sum(&[key, value]))
                .sum(),
            Self::Reduce(fold) => sum(&[&fold.over, &fold.start, &fold.update]),
            Self::Foreach(fold, project) => sum(&[&fold.over, &fold.start, &fold.update, project]),
            Self::Id
            | Self::Recurse
            | Self::Empty
            | Self::Constant(_)
            | Self::Number(_)
            | Self::Variable(_)
            | Self::Keys(_)
            | Self::Break(_)
            | Self::OneOf(_)
            | Self::Test(_)
            | Self::Capture(_) => 0,
        }
    }
}

/// A part of a path.
#[derive(Debug, Clone)]
enum Part {
    Key(String),
    At(Term),
    Slice(Option<Term>, Option<Term>),
    Each,
}

/// What `as` binds.
#[derive(Debug, Clone)]
enum Pattern {
    Variable(usize),
    /// Parts by their constant keys and indexes.
    Parts(Vec<(Term, Self)>),
}

#[derive(Debug, Clone)]
struct Fold {
    over: Term,
    pattern: Pattern,
    start: Term,
    update: Term,
}

/// What to do with the items of an array and what an expression gives for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Sort,
    Group,
    Unique,
    Min,
    Max,
}

type Function = for<'v> fn(&run::Run<'v>, &Val<'v>, &[Val<'v>]) -> Result<Val<'v>>;

/// A regular expression with the flags of jq, compiled when it is first needed.
#[derive(Debug, Clone)]
struct Pcre {
    pattern: String,
    flags: String,
    regex: OnceLock<Option<Regex>>,
}

#[cfg(test)]
mod tests;
