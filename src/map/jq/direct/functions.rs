//! The functions of direct evaluation that are no combination of others: of arrays, objects and numbers.
//!
//! In: values. Out: what jq gives for them. A fault, [`Stop::Error`], has no words here: jq finds them.

use jaq_core::ops;

use super::super::super::document;
use super::super::number::Number;
use super::run::Run;
use super::texts::{append, split};
use super::value::{Items, Object, Val, View, compare, equal};
use super::{By, FAULT, Result, Stop, Term, Text};

pub(super) fn length<'v>(run: &Run<'v>, value: &Val<'v>) -> Result<Val<'v>> {
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

pub(super) fn keys<'v>(run: &Run<'v>, value: &Val<'v>, sorted: bool) -> Result<Val<'v>> {
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

pub(super) fn to_entries<'v>(run: &Run<'v>, value: &Val<'v>) -> Result<Val<'v>> {
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

pub(super) fn from_entries<'v>(run: &Run<'v>, value: &Val<'v>) -> Result<Val<'v>> {
    let entries = value.each()?;
    let mut object = Vec::with_capacity(entries.len());
    for entry in &entries {
        let View::Obj(members) = entry.view() else {
            return Err(FAULT);
        };
        let names = ["key", "name", "Name", "Key"];
        let key = names
            .iter()
            .find_map(|name| members.get(name).filter(Val::is_true));
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

pub(super) fn to_number<'v>(value: &Val<'v>) -> Result<Val<'v>> {
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

pub(super) fn from_yaml<'v>(run: &Run<'v>, value: &Val<'v>) -> Result<Val<'v>> {
    let text = value.as_str().map_err(|_| Stop::GiveUp)?;
    run.step(text.len())?;
    Val::of(document::value(text).map_err(|_| Stop::GiveUp)?)
}

pub(super) fn text_of<'v>(
    run: &Run<'v>,
    value: &Val<'v>,
    of: fn(&str) -> String,
) -> Result<Val<'v>> {
    let text = value.as_str()?;
    run.step(text.len() / 64)?;
    Ok(Val::Str(Text::New(of(text).into())))
}

/// A part of a text, or the whole where there is none.
pub(super) fn part_of<'v>(
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

pub(super) fn reversed<'v>(run: &Run<'v>, value: &Val<'v>) -> Result<Val<'v>> {
    let View::Arr(items) = value.view() else {
        return Err(Stop::GiveUp);
    };
    run.step(items.len())?;
    let mut items = items.to_vec();
    items.reverse();
    Val::array(items)
}

pub(super) fn has<'v>(value: &Val<'v>, key: &Val<'v>) -> Result<Val<'v>> {
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

pub(super) fn contains<'v>(run: &Run<'v>, value: &Val<'v>, part: &Val<'v>) -> Result<bool> {
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
            return if right == 0.0 {
                Err(FAULT)
            } else {
                Val::number(left / right)
            };
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
                let is_less =
                    run.compared(|cost| less.iter().any(|one| equal(&item, one, cost)))?;
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
                let is_better = if by == By::Min {
                    order.is_lt()
                } else {
                    order.is_ge()
                };
                if is_better { next } else { best }
            })
        })?;
        return Ok(best.map_or(Val::null(), |(_, item)| item.clone()));
    }
    let sorted = run.compared(|cost| {
        let mut keyed = keyed.clone();
        keyed.sort_by(|(a, _), (b, _)| compare(a, b, cost));
        let starts =
            (0..keyed.len()).map(|at| at == 0 || !equal(&keyed[at - 1].0, &keyed[at].0, cost));
        let starts: Vec<bool> = starts.collect();
        (keyed, starts)
    })?;
    let (keyed, starts) = sorted;
    let items = keyed.into_iter().map(|(_, item)| item).zip(starts);
    match by {
        By::Sort => Val::array(items.map(|(item, _)| item).collect()),
        By::Unique => Val::array(
            items
                .filter(|(_, starts)| *starts)
                .map(|(item, _)| item)
                .collect(),
        ),
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
