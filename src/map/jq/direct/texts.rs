//! Texts in direct evaluation: splitting and joining, writing values, regular expressions.
//!
//! In: texts. Out: what jq makes of them.

use serde_json::Value;

use super::super::regex;
use super::super::value::write_text;
use super::functions::put;
use super::run::{Out, Run};
use super::value::{Val, View};
use super::{FAULT, Pcre, Result, Stop, Term, Text};

/// The longest text that is built, in bytes.
const MAX_TEXT: usize = 8 << 20;

pub(super) fn split<'v>(run: &Run<'v>, value: &Val<'v>, separator: &Val<'v>) -> Result<Val<'v>> {
    let (text, separator) = (value.as_text().ok_or(FAULT)?, separator.as_str()?);
    run.step(text.len())?;
    if text.is_empty() {
        return Val::array(Vec::new());
    }
    Val::array(match (&text, separator) {
        (text, "") => text
            .chars()
            .map(|char| Val::text(char.encode_utf8(&mut [0; 4])))
            .collect(),
        (Text::Part(text), separator) => {
            let parts = text.split(separator);
            parts.map(|part| Val::Str(Text::Part(part))).collect()
        }
        (Text::New(text), separator) => text.split(separator).map(Val::text).collect(),
    })
}

pub(super) fn join<'v>(run: &Run<'v>, value: &Val<'v>, separator: &Val<'v>) -> Result<Val<'v>> {
    let View::Str(separator) = separator.view() else {
        return Err(Stop::GiveUp);
    };
    let items = value.each()?;
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

pub(super) fn append(run: &Run<'_>, part: &str, text: &mut String) -> Result {
    run.step(1 + part.len() / 16)?;
    if text.len() + part.len() > MAX_TEXT {
        return Err(Stop::GiveUp);
    }
    text.push_str(part);
    Ok(())
}

pub(super) fn written<'v>(run: &Run<'v>, value: &Val<'v>) -> Result<Val<'v>> {
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

/// The regular expression; one that is faulty, or takes long, is left to jq.
fn regex<'p>(run: &Run<'_>, pcre: &'p Pcre, text: &str) -> Result<&'p fancy_regex::Regex> {
    run.step(100 + text.len())?;
    let compiled = || regex::compiled(&pcre.pattern, &pcre.flags);
    pcre.regex
        .get_or_init(compiled)
        .as_ref()
        .ok_or(Stop::GiveUp)
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

pub(super) fn capture<'v>(
    run: &Run<'v>,
    pcre: &'v Pcre,
    value: &Val<'v>,
    out: Out<'_, 'v>,
) -> Result {
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
