//! The functions of direct evaluation that are no combination of others.
//!
//! In: values. Out: what jq gives for them. A fault, [`Stop::Error`], has no words here: jq finds them.

use jaq_core::ops;
use serde_json::Value;

use super::super::super::document;
use super::super::number::Number;
use super::super::regex;
use super::super::value::write_text;
use super::compile::{each, pcre, pipe, with_parts};
use super::run::{Out, Run};
use super::value::{Items, Object, Val, View, compare, equal};
use super::{By, Function, Part, Pcre, Result, Stop, Term, Text};

/// What a name of jq stands for.
pub(super) enum Builtin {
    /// A function of its input and of each combination of its arguments.
    Function(Function),
    /// A term made of the terms of its arguments; `None` where only jq can run it.
    Term(fn(Vec<Term>) -> Option<Term>),
}

/// The longest text that is built, in bytes.
const MAX_TEXT: usize = 8 << 20;

const FAULT: Stop = Stop::Error(None);

/// What jq has under a name for so many arguments; `None` where that is something only jq can run, or made of the others.
pub(super) fn builtin(name: &str, arguments: usize) -> Option<Builtin> {
    use Builtin::{Function as F, Term as T};
    Some(match (name, arguments) {
        ("empty", 0) => T(|_| Some(Term::Empty)),
        ("null", 0) => T(|_| Some(Term::Constant(Value::Null))),
        ("true", 0) => T(|_| Some(Term::Constant(Value::Bool(true)))),
        ("false", 0) => T(|_| Some(Term::Constant(Value::Bool(false)))),
        ("not", 0) => F(|_, value, _| Ok(Val::bool(!value.is_true()))),
        ("type", 0) => F(|_, value, _| Ok(Val::Str(Text::Part(value.kind())))),
        ("length", 0) => F(|run, value, _| length(run, value)),
        ("keys", 0) => F(|run, value, _| keys(run, value, true)),
        ("keys_unsorted", 0) => F(|run, value, _| keys(run, value, false)),
        ("to_entries", 0) => F(|run, value, _| to_entries(run, value)),
        ("from_entries", 0) => F(|run, value, _| from_entries(run, value)),
        ("tostring", 0) => F(|run, value, _| match value.as_text() {
            Some(text) => Ok(Val::Str(text)),
            None => written(run, value),
        }),
        ("tojson" | "@json", 0) => F(|run, value, _| written(run, value)),
        ("tonumber", 0) => F(|_, value, _| to_number(value)),
        ("fromyaml", 0) => F(|run, value, _| from_yaml(run, value)),
        ("ascii_downcase", 0) => F(|run, value, _| text_of(run, value, str::to_ascii_lowercase)),
        ("ascii_upcase", 0) => F(|run, value, _| text_of(run, value, str::to_ascii_uppercase)),
        ("trim", 0) => F(|_, value, _| part_of(value, |text| Some(text.trim()))),
        ("ltrim", 0) => F(|_, value, _| part_of(value, |text| Some(text.trim_start()))),
        ("rtrim", 0) => F(|_, value, _| part_of(value, |text| Some(text.trim_end()))),
        ("sort", 0) => T(|_| by_of(By::Sort, Term::Id)),
        ("unique", 0) => T(|_| by_of(By::Unique, Term::Id)),
        ("min", 0) => T(|_| by_of(By::Min, Term::Id)),
        ("max", 0) => T(|_| by_of(By::Max, Term::Id)),
        ("sort_by", 1) => T(|arguments| by_of(By::Sort, one(arguments)?)),
        ("group_by", 1) => T(|arguments| by_of(By::Group, one(arguments)?)),
        ("unique_by", 1) => T(|arguments| by_of(By::Unique, one(arguments)?)),
        ("min_by", 1) => T(|arguments| by_of(By::Min, one(arguments)?)),
        ("max_by", 1) => T(|arguments| by_of(By::Max, one(arguments)?)),
        ("reverse", 0) => F(|run, value, _| reversed(run, value)),
        ("add", 0) => T(|_| Some(sum(each()))),
        ("add", 1) => T(|arguments| one(arguments).map(sum)),
        ("strings", 0) => T(|_| Some(select(is_kind("string")))),
        ("numbers", 0) => T(|_| Some(select(is_kind("number")))),
        ("booleans", 0) => T(|_| Some(select(is_kind("boolean")))),
        ("nulls", 0) => T(|_| Some(select(is_kind("null")))),
        ("arrays", 0) => T(|_| Some(select(is_kind("array")))),
        ("objects", 0) => T(|_| Some(select(is_kind("object")))),
        ("values", 0) => T(|_| {
            let null = Term::Constant(Value::Null);
            Some(select(compared(Term::Id, ops::Cmp::Ne, null)))
        }),
        ("first", 0) => T(|_| at("0")),
        ("last", 0) => T(|_| {
            let Term::Number(one) = super::compile::number("1")? else {
                return None;
            };
            let part = Part::At(Term::Number(one.negated()));
            Some(with_parts(Term::Id, vec![(part, false)]))
        }),
        ("recurse", 0) => T(|_| Some(Term::Recurse)),
        ("error", 0) => T(|_| Some(Term::Error(Box::new(Term::Id)))),
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
        ("range", 1) => T(|arguments| range(number("0")?, one(arguments)?, number("1")?)),
        ("range", 2) => T(|arguments| {
            let (from, upto) = two(arguments)?;
            range(from, upto, number("1")?)
        }),
        ("range", 3) => T(|mut arguments| {
            let by = arguments.pop()?;
            let (from, upto) = two(arguments)?;
            range(from, upto, by)
        }),
        ("any", 0) => T(|_| Some(any(each(), true, Term::Id))),
        ("all", 0) => T(|_| Some(any(each(), false, Term::Id))),
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
        ("test", 2) => T(|arguments| {
            Some(Term::Test(pcre(arguments.first()?, arguments.get(1), "")?))
        }),
        ("sub" | "gsub", 2 | 3) => return Some(T(if name == "sub" { substitution } else { substitutions })),
        ("capture", 1 | 2) => T(|arguments| {
            Some(Term::Capture(pcre(arguments.first()?, arguments.get(1), "")?))
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
    super::compile::number(digits)
}

fn at(index: &str) -> Option<Term> {
    let part = Part::At(number(index)?);
    Some(with_parts(Term::Id, vec![(part, false)]))
}

fn by_of(by: By, key: Term) -> Option<Term> {
    Some(Term::By(by, Box::new(key)))
}

fn select(condition: Term) -> Term {
    Term::If(Box::new(condition), Box::new(Term::Id), Box::new(Term::Empty))
}

fn any(over: Term, stop: bool, condition: Term) -> Term {
    Term::Any(Box::new(over), stop, Box::new(condition))
}

fn compared(left: Term, comparison: ops::Cmp, right: Term) -> Term {
    Term::Compare(Box::new(left), comparison, Box::new(right))
}

fn range(from: Term, upto: Term, by: Term) -> Option<Term> {
    Some(Term::Range(Box::new([from, upto, by])))
}

fn is_kind(kind: &str) -> Term {
    let own = Term::Call(|_, value, _| Ok(Val::Str(Text::Part(value.kind()))), Vec::new());
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
    let flags = if arguments.len() > 2 { arguments.pop() } else { None };
    let (pattern, with) = two(arguments)?;
    // `null + "g"` is "g", but the flags of `sub` are not looked at before they are used.
    let pcre = pcre(&pattern, flags.as_ref(), more)?;
    Some(Term::Substitute(pcre, Box::new(with)))
}

fn length<'v>(run: &Run<'v>, value: &Val<'v>) -> Result<Val<'v>> {
    Ok(match value.view() {
        View::Null => Val::count(0),
        View::Bool(_) => return Err(FAULT),
        View::Num => Val::number(value.as_number()?.value().abs())?,
        View::Str(text) => {
            run.step(text.len() / 64)?;
            Val::count(text.chars().count())
        }
        View::Arr(items) => Val::count(items.len()),
        View::Obj(members) => Val::count(members.len()),
    })
}

fn keys<'v>(run: &Run<'v>, value: &Val<'v>, sorted: bool) -> Result<Val<'v>> {
    match value.view() {
        View::Arr(items) => {
            run.step(items.len())?;
            Val::array((0..items.len()).map(Val::count).collect())
        }
        View::Obj(members) => {
            run.step(members.len())?;
            let mut keys: Vec<Text<'v>> =
                members.to_vec().into_iter().map(|(key, _)| key).collect();
            if sorted {
                keys.sort_by(|a, b| a.cmp(b));
            }
            Val::array(keys.into_iter().map(Val::Str).collect())
        }
        _ => Err(FAULT),
    }
}

fn to_entries<'v>(run: &Run<'v>, value: &Val<'v>) -> Result<Val<'v>> {
    let entry = |key: Val<'v>, value: Val<'v>| {
        Val::object(vec![(Text::Part("key"), key), (Text::Part("value"), value)])
    };
    let entries: Vec<Val<'v>> = match value.view() {
        View::Arr(items) => {
            run.step(items.len())?;
            let items = items.to_vec().into_iter().enumerate();
            items
                .map(|(at, item)| entry(Val::count(at), item))
                .collect::<Result<_>>()?
        }
        View::Obj(members) => {
            run.step(members.len())?;
            let members = members.to_vec().into_iter();
            members
                .map(|(key, value)| entry(Val::Str(key), value))
                .collect::<Result<_>>()?
        }
        _ => return Err(FAULT),
    };
    Val::array(entries)
}

fn from_entries<'v>(run: &Run<'v>, value: &Val<'v>) -> Result<Val<'v>> {
    let entries = match value.view() {
        View::Arr(items) => items.to_vec(),
        View::Obj(members) => members.to_vec().into_iter().map(|(_, value)| value).collect(),
        _ => return Err(FAULT),
    };
    let mut object = Vec::with_capacity(entries.len());
    for entry in &entries {
        let View::Obj(members) = entry.view() else {
            return Err(FAULT);
        };
        let names = ["key", "name", "Name", "Key"];
        let key = names.iter().find_map(|name| members.get(name).filter(Val::is_true));
        let key = key.and_then(|key| key.as_text()).ok_or(FAULT)?;
        let value = members.get("value").or_else(|| members.get("Value"));
        run.step(1 + object.len() / 8)?;
        put(&mut object, key, value.unwrap_or(Val::null()));
    }
    Val::object(object)
}

/// Sets a member, in its place where the object has it.
pub(super) fn put<'v>(members: &mut Object<'v>, key: Text<'v>, value: Val<'v>) {
    match members.iter_mut().find(|(name, _)| **name == *key) {
        Some((_, old)) => *old = value,
        None => members.push((key, value)),
    }
}

fn to_number<'v>(value: &Val<'v>) -> Result<Val<'v>> {
    if let View::Num = value.view() {
        return Ok(value.clone());
    }
    let text = value.as_str()?;
    // What is spelled with letters may be NaN or infinite.
    if !text.bytes().all(|byte| byte.is_ascii_digit()) || text.is_empty() || text.len() > 15 {
        return Err(Stop::GiveUp);
    }
    Number::written(text).map(Val::Num).ok_or(Stop::GiveUp)
}

fn from_yaml<'v>(run: &Run<'v>, value: &Val<'v>) -> Result<Val<'v>> {
    let text = value.as_str().map_err(|_| Stop::GiveUp)?;
    run.step(text.len())?;
    Val::of(document::value(text).map_err(|_| Stop::GiveUp)?)
}

fn text_of<'v>(run: &Run<'v>, value: &Val<'v>, of: fn(&str) -> String) -> Result<Val<'v>> {
    let text = value.as_str()?;
    run.step(text.len() / 64)?;
    Ok(Val::Str(Text::New(of(text).into())))
}

/// A part of a text, or the whole where there is none.
fn part_of<'v>(
    value: &Val<'v>,
    part: impl for<'t> Fn(&'t str) -> Option<&'t str>,
) -> Result<Val<'v>> {
    Ok(match value.as_text().ok_or(FAULT)? {
        Text::Part(text) => Val::Str(Text::Part(part(text).unwrap_or(text))),
        Text::New(text) => match part(&text) {
            Some(part) => Val::text(part),
            None => Val::Str(Text::New(text)),
        },
    })
}

fn reversed<'v>(run: &Run<'v>, value: &Val<'v>) -> Result<Val<'v>> {
    let View::Arr(items) = value.view() else {
        return Err(Stop::GiveUp);
    };
    run.step(items.len())?;
    let mut items = items.to_vec();
    items.reverse();
    Val::array(items)
}

fn has<'v>(value: &Val<'v>, key: &Val<'v>) -> Result<Val<'v>> {
    Ok(Val::bool(match (value.view(), key.view()) {
        (View::Null, View::Str(_) | View::Num) => false,
        (View::Obj(members), View::Str(key)) => members.get(key).is_some(),
        (View::Arr(items), View::Num) => {
            let index = key.as_number()?.value();
            index >= 0.0 && index < Val::count(items.len()).as_number()?.value()
        }
        _ => return Err(FAULT),
    }))
}

fn contains<'v>(run: &Run<'v>, value: &Val<'v>, part: &Val<'v>) -> Result<bool> {
    run.step(1)?;
    match (value.view(), part.view()) {
        (View::Obj(members), View::Obj(parts)) => {
            for (key, part) in parts.to_vec() {
                let Some(value) = members.get(&key) else {
                    return Ok(false);
                };
                if !is_within(run, &value, &part)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (View::Arr(items), View::Arr(parts)) => {
            let items = items.to_vec();
            for part in parts.to_vec() {
                let mut is_found = false;
                for item in &items {
                    if is_within(run, item, &part)? {
                        is_found = true;
                        break;
                    }
                }
                if !is_found {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (View::Str(text), View::Str(part)) => {
            run.step(text.len() / 64)?;
            Ok(text.contains(part))
        }
        _ if value.kind() == part.kind() => run.equal(value, part),
        _ => Err(FAULT),
    }
}

/// The same for parts, where values of two kinds are simply not in each other.
fn is_within<'v>(run: &Run<'v>, value: &Val<'v>, part: &Val<'v>) -> Result<bool> {
    match contains(run, value, part) {
        Err(Stop::Error(_)) => Ok(false),
        found => found,
    }
}

fn split<'v>(run: &Run<'v>, value: &Val<'v>, separator: &Val<'v>) -> Result<Val<'v>> {
    let (text, separator) = (value.as_text().ok_or(FAULT)?, separator.as_str()?);
    run.step(text.len())?;
    if text.is_empty() {
        return Val::array(Vec::new());
    }
    Val::array(match (&text, separator) {
        (text, "") => text.chars().map(|char| Val::text(char.encode_utf8(&mut [0; 4]))).collect(),
        (Text::Part(text), separator) => {
            let parts = text.split(separator);
            parts.map(|part| Val::Str(Text::Part(part))).collect()
        }
        (Text::New(text), separator) => text.split(separator).map(Val::text).collect(),
    })
}

fn join<'v>(run: &Run<'v>, value: &Val<'v>, separator: &Val<'v>) -> Result<Val<'v>> {
    let View::Str(separator) = separator.view() else {
        return Err(Stop::GiveUp);
    };
    let items = match value.view() {
        View::Arr(items) => items.to_vec(),
        View::Obj(members) => members.to_vec().into_iter().map(|(_, value)| value).collect(),
        _ => return Err(FAULT),
    };
    let mut text = String::new();
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            append(run, separator, &mut text)?;
        }
        match item.view() {
            View::Null => {}
            View::Str(item) => append(run, item, &mut text)?,
            View::Bool(_) | View::Num => write(run, item, &mut text)?,
            View::Arr(_) | View::Obj(_) => return Err(FAULT),
        }
    }
    Ok(Val::text(&text))
}

fn append(run: &Run<'_>, part: &str, text: &mut String) -> Result {
    run.step(1 + part.len() / 16)?;
    if text.len() + part.len() > MAX_TEXT {
        return Err(Stop::GiveUp);
    }
    text.push_str(part);
    Ok(())
}

fn written<'v>(run: &Run<'v>, value: &Val<'v>) -> Result<Val<'v>> {
    let mut text = String::new();
    write_json(run, value, &mut text)?;
    Ok(Val::text(&text))
}

/// A value in a text: a text as it is, everything else as JSON.
pub(super) fn write<'v>(run: &Run<'v>, value: &Val<'v>, text: &mut String) -> Result {
    match value.view() {
        View::Str(part) => append(run, part, text),
        _ => write_json(run, value, text),
    }
}

fn write_json<'v>(run: &Run<'v>, value: &Val<'v>, text: &mut String) -> Result {
    run.step(1)?;
    let before = text.len();
    match value.view() {
        View::Null => text.push_str("null"),
        View::Bool(value) => text.push_str(if value { "true" } else { "false" }),
        View::Num => text.push_str(&value.as_number()?.text()),
        View::Str(value) => write_text(text, value).map_err(|_| Stop::GiveUp)?,
        View::Arr(items) => {
            text.push('[');
            for (at, item) in items.to_vec().iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                write_json(run, item, text)?;
            }
            text.push(']');
        }
        View::Obj(members) => {
            text.push('{');
            for (at, (key, value)) in members.to_vec().iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                write_text(text, key).map_err(|_| Stop::GiveUp)?;
                text.push(':');
                write_json(run, value, text)?;
            }
            text.push('}');
        }
    }
    run.step((text.len() - before) / 16)?;
    if text.len() > MAX_TEXT {
        return Err(Stop::GiveUp);
    }
    Ok(())
}

/// `+`, `-` and the other operations.
pub(super) fn math<'v>(
    run: &Run<'v>,
    left: Val<'v>,
    operation: ops::Math,
    right: Val<'v>,
) -> Result<Val<'v>> {
    use ops::Math::{Add, Div, Mul, Rem, Sub};
    match (operation, left.view(), right.view()) {
        (Add, View::Null, _) => return Ok(right),
        (Add, _, View::Null) => return Ok(left),
        (Add | Sub | Mul, View::Num, View::Num) => {
            let (left, right) = (left.as_number()?.value(), right.as_number()?.value());
            return Val::number(match operation {
                Add => left + right,
                Sub => left - right,
                _ => left * right,
            });
        }
        (Div, View::Num, View::Num) => {
            let (left, right) = (left.as_number()?.value(), right.as_number()?.value());
            return if right == 0.0 { Err(FAULT) } else { Val::number(left / right) };
        }
        (Add, View::Str(left), View::Str(right)) => {
            let mut text = String::with_capacity(left.len() + right.len());
            append(run, left, &mut text)?;
            append(run, right, &mut text)?;
            return Ok(Val::Str(Text::New(text.into())));
        }
        (Div, View::Str(_), View::Str(_)) => return split(run, &left, &right),
        (Add, View::Arr(_), View::Arr(more)) => {
            run.step(more.len())?;
            let more = more.to_vec();
            let mut items = items_of(run, left)?;
            items.extend(more);
            return Val::array(items);
        }
        (Sub, View::Arr(items), View::Arr(less)) => {
            let (items, less) = (items.to_vec(), less.to_vec());
            let mut kept = Vec::with_capacity(items.len());
            for item in items {
                let is_less = run.compared(|cost| less.iter().any(|one| equal(&item, one, cost)))?;
                if !is_less {
                    kept.push(item);
                }
            }
            return Val::array(kept);
        }
        (Add, View::Obj(_), View::Obj(more)) => {
            let more = more.to_vec();
            let mut members = left.into_members()?;
            for (key, value) in more {
                run.step(1 + members.len() / 8)?;
                put(&mut members, key, value);
            }
            return Val::object(members);
        }
        // What there is beside these is rare.
        (Mul | Rem, ..) => {}
        _ => return Err(FAULT),
    }
    Err(Stop::GiveUp)
}

fn items_of<'v>(run: &Run<'v>, value: Val<'v>) -> Result<Vec<Val<'v>>> {
    if let View::Arr(Items::Json(items)) = value.view() {
        run.step(items.len())?;
    }
    value.into_items()
}

/// The items of an array by what a term gives for each.
pub(super) fn by<'v>(run: &Run<'v>, by: By, key: &'v Term, value: &Val<'v>) -> Result<Val<'v>> {
    let View::Arr(items) = value.view() else {
        return Err(FAULT);
    };
    run.step(items.len())?;
    if matches!(key, Term::Id) && matches!(by, By::Sort | By::Unique) {
        let mut items = items.to_vec();
        if items.len() > 1 {
            items = run.compared(|cost| {
                let mut items = items.clone();
                items.sort_by(|a, b| compare(a, b, cost));
                if by == By::Unique {
                    items.dedup_by(|a, b| equal(a, b, cost));
                }
                items
            })?;
        }
        return Val::array(items);
    }
    let mut keyed = Vec::with_capacity(items.len());
    for item in items.to_vec() {
        // The order of several outputs is that of an array of them.
        keyed.push((Val::array(run.all(key, &item)?)?, item));
    }
    if matches!(by, By::Min | By::Max) {
        let best = run.compared(|cost| {
            keyed.iter().reduce(|best, next| {
                let order = compare(&next.0, &best.0, cost);
                let is_better = if by == By::Min { order.is_lt() } else { order.is_ge() };
                if is_better { next } else { best }
            })
        })?;
        return Ok(best.map_or(Val::null(), |(_, item)| item.clone()));
    }
    let sorted = run.compared(|cost| {
        let mut keyed = keyed.clone();
        keyed.sort_by(|(a, _), (b, _)| compare(a, b, cost));
        let starts = (0..keyed.len()).map(|at| at == 0 || !equal(&keyed[at - 1].0, &keyed[at].0, cost));
        let starts: Vec<bool> = starts.collect();
        (keyed, starts)
    })?;
    let (keyed, starts) = sorted;
    let items = keyed.into_iter().map(|(_, item)| item).zip(starts);
    match by {
        By::Sort => Val::array(items.map(|(item, _)| item).collect()),
        By::Unique => Val::array(items.filter(|(_, starts)| *starts).map(|(item, _)| item).collect()),
        By::Group | By::Min | By::Max => {
            let mut groups: Vec<Vec<Val<'v>>> = Vec::new();
            for (item, starts) in items {
                match groups.last_mut() {
                    Some(group) if !starts => group.push(item),
                    _ => groups.push(vec![item]),
                }
            }
            Val::array(groups.into_iter().map(Val::array).collect::<Result<_>>()?)
        }
    }
}

/// The regular expression; one that is faulty, or takes long, is left to jq.
fn regex<'p>(run: &Run<'_>, pcre: &'p Pcre, text: &str) -> Result<&'p fancy_regex::Regex> {
    run.step(100 + text.len())?;
    let compiled = || regex::compiled(&pcre.pattern, &pcre.flags);
    pcre.regex.get_or_init(compiled).as_ref().ok_or(Stop::GiveUp)
}

pub(super) fn test<'v>(run: &Run<'v>, pcre: &Pcre, value: &Val<'v>) -> Result<Val<'v>> {
    let text = value.as_str()?;
    let found = regex(run, pcre, text)?.is_match(text);
    found.map(Val::bool).map_err(|_| Stop::GiveUp)
}

pub(super) fn substitute<'v>(
    run: &Run<'v>,
    pcre: &'v Pcre,
    with: &'v Term,
    value: &Val<'v>,
) -> Result<Val<'v>> {
    let text = value.as_str()?;
    let regex = regex(run, pcre, text)?;
    let (mut result, mut at) = (String::new(), 0);
    for captures in regex.captures_iter(text) {
        let captures = captures.map_err(|_| Stop::GiveUp)?;
        let whole = captures.get(0).ok_or(Stop::GiveUp)?;
        let new = match with {
            Term::Constant(Value::String(new)) => Val::Str(Text::Part(new)),
            with => run.only(with, &named(regex, &captures)?)?,
        };
        append(run, &text[at..whole.start()], &mut result)?;
        append(run, new.as_str().map_err(|_| Stop::GiveUp)?, &mut result)?;
        at = whole.end();
        if !pcre.flags.contains('g') {
            break;
        }
    }
    append(run, &text[at..], &mut result)?;
    Ok(Val::text(&result))
}

pub(super) fn capture<'v>(run: &Run<'v>, pcre: &'v Pcre, value: &Val<'v>, out: Out<'_, 'v>) -> Result {
    let text = value.as_str()?;
    let regex = regex(run, pcre, text)?;
    let mut found = Vec::new();
    for captures in regex.captures_iter(text) {
        found.push(named(regex, &captures.map_err(|_| Stop::GiveUp)?)?);
        if !pcre.flags.contains('g') {
            break;
        }
    }
    found.into_iter().try_for_each(out)
}

/// The named groups of a match.
fn named<'v>(
    regex: &'v fancy_regex::Regex,
    captures: &fancy_regex::Captures<'_, str>,
) -> Result<Val<'v>> {
    let mut object = Vec::new();
    for (at, name) in regex.capture_names().enumerate().skip(1) {
        let Some(name) = name else { continue };
        let text = captures.get(at).map(|group| Val::text(group.as_str()));
        put(&mut object, Text::Part(name), text.unwrap_or(Val::null()));
    }
    Val::object(object)
}
