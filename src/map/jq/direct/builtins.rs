//! The functions of direct evaluation: what a name of jq stands for.
//!
//! In: a name and how many arguments it has. Out: a function, or a term made of others.

use jaq_core::ops;
use serde_json::Value;

use super::build::{each, pcre, pipe, with_parts};
use super::functions::{
    contains, from_entries, from_yaml, has, keys, length, part_of, reversed, text_of, to_entries,
    to_number,
};
use super::texts::{join, split, written};
use super::value::Val;
use super::{By, Function, Part, Term, Text};

/// What a name of jq stands for.
pub(super) enum Builtin {
    /// A function of its input and of each combination of its arguments.
    Function(Function),
    /// A term made of the terms of its arguments; `None` where only jq can run it.
    Term(fn(Vec<Term>) -> Option<Term>),
}

/// What jq has under a name for so many arguments; `None` where that is something only jq can run, or made of the others.
pub(super) fn builtin(name: &str, arguments: usize) -> Option<Builtin> {
    match arguments {
        0 => without_arguments(name),
        _ => with_arguments(name, arguments),
    }
}

fn without_arguments(name: &str) -> Option<Builtin> {
    use Builtin::{Function as F, Term as T};
    Some(match name {
        "empty" => T(|_| Some(Term::Empty)),
        "null" => T(|_| Some(Term::Constant(Value::Null))),
        "true" => T(|_| Some(Term::Constant(Value::Bool(true)))),
        "false" => T(|_| Some(Term::Constant(Value::Bool(false)))),
        "not" => F(|_, value, _| Ok(Val::bool(!value.is_true()))),
        "type" => F(|_, value, _| Ok(Val::Str(Text::Part(value.kind())))),
        "length" => F(|run, value, _| length(run, value)),
        "keys" => F(|run, value, _| keys(run, value, true)),
        "keys_unsorted" => F(|run, value, _| keys(run, value, false)),
        "to_entries" => F(|run, value, _| to_entries(run, value)),
        "from_entries" => F(|run, value, _| from_entries(run, value)),
        "tostring" => F(|run, value, _| match value.as_text() {
            Some(text) => Ok(Val::Str(text)),
            None => written(run, value),
        }),
        "tojson" | "@json" => F(|run, value, _| written(run, value)),
        "tonumber" => F(|_, value, _| to_number(value)),
        "fromyaml" => F(|run, value, _| from_yaml(run, value)),
        "ascii_downcase" => F(|run, value, _| text_of(run, value, str::to_ascii_lowercase)),
        "ascii_upcase" => F(|run, value, _| text_of(run, value, str::to_ascii_uppercase)),
        "trim" => F(|_, value, _| part_of(value, |text| Some(text.trim()))),
        "ltrim" => F(|_, value, _| part_of(value, |text| Some(text.trim_start()))),
        "rtrim" => F(|_, value, _| part_of(value, |text| Some(text.trim_end()))),
        "sort" => T(|_| Some(by_of(By::Sort, Term::Id))),
        "unique" => T(|_| Some(by_of(By::Unique, Term::Id))),
        "min" => T(|_| Some(by_of(By::Min, Term::Id))),
        "max" => T(|_| Some(by_of(By::Max, Term::Id))),
        "reverse" => F(|run, value, _| reversed(run, value)),
        "add" => T(|_| Some(sum(each()))),
        "strings" => T(|_| Some(select(is_kind("string")))),
        "numbers" => T(|_| Some(select(is_kind("number")))),
        "booleans" => T(|_| Some(select(is_kind("boolean")))),
        "nulls" => T(|_| Some(select(is_kind("null")))),
        "arrays" => T(|_| Some(select(is_kind("array")))),
        "objects" => T(|_| Some(select(is_kind("object")))),
        "values" => T(|_| {
            let null = Term::Constant(Value::Null);
            Some(select(compared(Term::Id, ops::Cmp::Ne, null)))
        }),
        "first" => T(|_| at("0")),
        "last" => T(|_| {
            let Term::Number(one) = super::build::number("1")? else {
                return None;
            };
            let part = Part::At(Term::Number(one.negated()));
            Some(with_parts(Term::Id, vec![(part, false)]))
        }),
        "recurse" => T(|_| Some(Term::Recurse)),
        "error" => T(|_| Some(Term::Error(Box::new(Term::Id)))),
        "any" => T(|_| Some(any(each(), true, Term::Id))),
        "all" => T(|_| Some(any(each(), false, Term::Id))),
        _ => return None,
    })
}

fn with_arguments(name: &str, arguments: usize) -> Option<Builtin> {
    use Builtin::{Function as F, Term as T};
    Some(match (name, arguments) {
        ("sort_by", 1) => T(|arguments| Some(by_of(By::Sort, one(arguments)?))),
        ("group_by", 1) => T(|arguments| Some(by_of(By::Group, one(arguments)?))),
        ("unique_by", 1) => T(|arguments| Some(by_of(By::Unique, one(arguments)?))),
        ("min_by", 1) => T(|arguments| Some(by_of(By::Min, one(arguments)?))),
        ("max_by", 1) => T(|arguments| Some(by_of(By::Max, one(arguments)?))),
        ("add", 1) => T(|arguments| one(arguments).map(sum)),
        ("error", 1) => T(|arguments| Some(Term::Error(Box::new(one(arguments)?)))),
        ("select", 1) => T(|arguments| one(arguments).map(select)),
        ("map", 1) => T(|arguments| {
            let items = pipe(each(), one(arguments)?);
            Some(Term::Array(Box::new(items)))
        }),
        ("map_values", 1) => T(|arguments| {
            let value = one(arguments)?;
            Some(Term::Update(Box::new(each()), Box::new(value)))
        }),
        ("first", 1) => T(|arguments| Some(Term::First(Box::new(one(arguments)?)))),
        ("limit", 2) => T(|arguments| {
            let (count, term) = two(arguments)?;
            Some(Term::Limit(Box::new(count), Box::new(term)))
        }),
        ("range", 1) => T(|arguments| Some(range(number("0")?, one(arguments)?, number("1")?))),
        ("range", 2) => T(|arguments| {
            let (from, upto) = two(arguments)?;
            Some(range(from, upto, number("1")?))
        }),
        ("range", 3) => T(|mut arguments| {
            let by = arguments.pop()?;
            let (from, upto) = two(arguments)?;
            Some(range(from, upto, by))
        }),
        ("any", 1) => T(|arguments| Some(any(each(), true, one(arguments)?))),
        ("all", 1) => T(|arguments| Some(any(each(), false, one(arguments)?))),
        ("any", 2) => T(|arguments| two(arguments).map(|(over, is)| any(over, true, is))),
        ("all", 2) => T(|arguments| two(arguments).map(|(over, is)| any(over, false, is))),
        ("IN", 1) => T(|arguments| Some(one_of(one(arguments)?))),
        ("has", 1) => F(|_, value, arguments| has(value, &arguments[0])),
        ("contains", 1) => F(|run, value, arguments| {
            run.step(1)?;
            contains(run, value, &arguments[0]).map(Val::bool)
        }),
        ("startswith", 1) => F(|_, value, arguments| {
            let (text, part) = (value.as_str()?, arguments[0].as_str()?);
            Ok(Val::bool(text.starts_with(part)))
        }),
        ("endswith", 1) => F(|_, value, arguments| {
            let (text, part) = (value.as_str()?, arguments[0].as_str()?);
            Ok(Val::bool(text.ends_with(part)))
        }),
        ("ltrimstr", 1) => F(|_, value, arguments| {
            let part = arguments[0].as_str()?;
            part_of(value, |text| text.strip_prefix(part))
        }),
        ("rtrimstr", 1) => F(|_, value, arguments| {
            let part = arguments[0].as_str()?;
            part_of(value, |text| text.strip_suffix(part))
        }),
        ("split", 1) => F(|run, value, arguments| split(run, value, &arguments[0])),
        ("join", 1) => F(|run, value, arguments| join(run, value, &arguments[0])),
        ("with_entries", 1) => T(|arguments| {
            let entries = Term::Call(|run, value, _| to_entries(run, value), Vec::new());
            let changed = Term::Array(Box::new(pipe(each(), one(arguments)?)));
            let object = Term::Call(|run, value, _| from_entries(run, value), Vec::new());
            Some(pipe(entries, pipe(changed, object)))
        }),
        ("path", 1) => T(|arguments| Some(Term::PathsOf(Box::new(one(arguments)?)))),
        ("del", 1) => T(|arguments| Some(Term::Delete(Box::new(one(arguments)?)))),
        ("test", 1) => T(|arguments| Some(Term::Test(pcre(arguments.first()?, None, "")?))),
        ("test", 2) => {
            T(|arguments| Some(Term::Test(pcre(arguments.first()?, arguments.get(1), "")?)))
        }
        ("sub" | "gsub", 2 | 3) => {
            return Some(T(if name == "sub" {
                substitution
            } else {
                substitutions
            }));
        }
        ("capture", 1 | 2) => T(|arguments| {
            Some(Term::Capture(pcre(
                arguments.first()?,
                arguments.get(1),
                "",
            )?))
        }),
        _ => return None,
    })
}

fn one(mut arguments: Vec<Term>) -> Option<Term> {
    arguments.pop()
}

fn two(mut arguments: Vec<Term>) -> Option<(Term, Term)> {
    let second = arguments.pop()?;
    Some((arguments.pop()?, second))
}

fn number(digits: &str) -> Option<Term> {
    super::build::number(digits)
}

fn at(index: &str) -> Option<Term> {
    let part = Part::At(number(index)?);
    Some(with_parts(Term::Id, vec![(part, false)]))
}

fn by_of(by: By, key: Term) -> Term {
    Term::By(by, Box::new(key))
}

fn select(condition: Term) -> Term {
    Term::If(
        Box::new(condition),
        Box::new(Term::Id),
        Box::new(Term::Empty),
    )
}

fn any(over: Term, stop: bool, condition: Term) -> Term {
    Term::Any(Box::new(over), stop, Box::new(condition))
}

fn compared(left: Term, comparison: ops::Cmp, right: Term) -> Term {
    Term::Compare(Box::new(left), comparison, Box::new(right))
}

fn range(from: Term, upto: Term, by: Term) -> Term {
    Term::Range(Box::new([from, upto, by]))
}

fn is_kind(kind: &str) -> Term {
    let own = Term::Call(
        |_, value, _| Ok(Val::Str(Text::Part(value.kind()))),
        Vec::new(),
    );
    let kind = Term::Constant(Value::String(kind.to_owned()));
    compared(own, ops::Cmp::Eq, kind)
}

/// `reduce f as $x (null; . + $x)`
fn sum(over: Term) -> Term {
    Term::Sum(Box::new(over))
}

fn one_of(values: Term) -> Term {
    fn texts(term: &Term, into: &mut Vec<String>) -> bool {
        match term {
            Term::Constant(Value::String(text)) => {
                into.push(text.clone());
                true
            }
            Term::Comma(left, right) => texts(left, into) && texts(right, into),
            _ => false,
        }
    }
    let mut all = Vec::new();
    if texts(&values, &mut all) {
        return Term::OneOf(all);
    }
    any(compared(values, ops::Cmp::Eq, Term::Id), true, Term::Id)
}

fn substitution(arguments: Vec<Term>) -> Option<Term> {
    substituted(arguments, "")
}

fn substitutions(arguments: Vec<Term>) -> Option<Term> {
    substituted(arguments, "g")
}

fn substituted(mut arguments: Vec<Term>, more: &str) -> Option<Term> {
    let flags = if arguments.len() > 2 {
        arguments.pop()
    } else {
        None
    };
    let (pattern, with) = two(arguments)?;
    // `null + "g"` is "g", but the flags of `sub` are not looked at before they are used.
    let pcre = pcre(&pattern, flags.as_ref(), more)?;
    Some(Term::Substitute(pcre, Box::new(with)))
}
