//! Regular expressions as jq has them from Oniguruma: with look-around, back references and Unicode classes.
//!
//! In: a text, a pattern and flags. Out: the matches as jq describes them.

use std::sync::Arc;

use fancy_regex::{Captures, Regex, RegexBuilder};

use super::value::{Object, Result, Val, fault};

/// Steps back after which a search is given up: patterns like `(a+)+$` need more than anyone waits for.
const MAX_BACKTRACKS: usize = 1_000_000;

/// The flags of jq, all of them known: `g` every match, `n` no empty ones, `i` any case, `x` with spaces and comments, `p`
/// with newlines for `.`. `s` changes nothing: `^` and `$` mean the ends of the text anyway.
struct Flags<'f>(&'f str);

impl<'f> Flags<'f> {
    fn of(flags: &'f Val) -> Result<Self> {
        let text = match flags {
            Val::Null => "",
            Val::Str(text) => text,
            other => return Err(fault(format!("{} is not a string", other.shown()))),
        };
        if text.chars().all(|flag| "gnixps".contains(flag)) {
            return Ok(Self(text));
        }
        Err(fault(format!("{text} is not a valid modifier string")))
    }

    fn has(&self, flag: char) -> bool {
        self.0.contains(flag)
    }

    fn builder(&self, pattern: &str, max_backtracks: usize) -> RegexBuilder {
        let mut builder = RegexBuilder::new(&with_last_newline(pattern));
        builder
            .case_insensitive(self.has('i'))
            .ignore_whitespace(self.has('x'))
            .dot_matches_new_line(self.has('p'))
            .backtrack_limit(max_backtracks);
        builder
    }

    fn regex(&self, pattern: &str) -> Result<Regex> {
        let regex = self.builder(pattern, MAX_BACKTRACKS).build();
        regex.map_err(|error| fault(format!("{pattern} is not a valid regex: {error}")))
    }
}

/// The pattern with each `$` meaning what it means to Oniguruma: the end, or a newline right before it.
fn with_last_newline(pattern: &str) -> String {
    let mut result = String::with_capacity(pattern.len());
    let mut chars = pattern.chars();
    let mut class_depth = 0_usize;
    while let Some(char) = chars.next() {
        match char {
            '\\' => {
                result.push(char);
                result.extend(chars.next());
                continue;
            }
            '[' => class_depth += 1,
            ']' => class_depth = class_depth.saturating_sub(1),
            '$' if class_depth == 0 => {
                result.push_str(r"(?=\n?\z)");
                continue;
            }
            _ => {}
        }
        result.push(char);
    }
    result
}

/// Steps back after which a search inside this process is left to others.
const MAX_BACKTRACKS_HERE: usize = 10_000;

/// A regular expression; `None` where it or a flag is faulty, or empty matches are not to count.
pub(super) fn compiled(pattern: &str, flags: &str) -> Option<Regex> {
    let flags = Flags(flags);
    let is_known = flags.0.chars().all(|flag| "gixps".contains(flag));
    is_known.then(|| flags.builder(pattern, MAX_BACKTRACKS_HERE).build().ok())?
}

/// The matches of a pattern in a text: an array of `{offset, length, string, captures}`.
pub(super) fn matches(value: &Val, pattern: &Val, flags: &Val) -> Result {
    let Val::Str(text) = value else {
        let message = "cannot be matched, as it is not a string";
        return Err(fault(format!("{} {message}", value.shown())));
    };
    let Val::Str(pattern) = pattern else {
        let message = "cannot be matched, as it is not a string";
        return Err(fault(format!("{} {message}", pattern.shown())));
    };
    let flags = Flags::of(flags)?;
    let regex = flags.regex(pattern)?;
    let names: Vec<Option<&str>> = regex.capture_names().collect();
    let mut found = Vec::new();
    let mut chars = Chars::new(text);
    for captures in regex.captures_iter(text.as_ref()) {
        let captures = captures.map_err(|error| fault(error.to_string()))?;
        let is_empty = captures.get(0).is_none_or(|whole| whole.range().is_empty());
        if !(flags.has('n') && is_empty) {
            found.push(described(&captures, &names, &mut chars));
        }
        if !flags.has('g') {
            break;
        }
    }
    Ok(Val::array(found))
}

fn described(captures: &Captures<'_, str>, names: &[Option<&str>], chars: &mut Chars<'_>) -> Val {
    let groups = (1..names.len()).map(|index| {
        let mut group = part(captures, index, chars);
        let name = names[index].map_or(Val::Null, Val::string);
        group.insert(Arc::from("name"), name);
        Val::object(group)
    });
    let groups = groups.collect();
    let mut whole = part(captures, 0, chars);
    whole.insert(Arc::from("captures"), groups);
    Val::object(whole)
}

/// `{offset, length, string}` of a group, counted in characters.
fn part(captures: &Captures<'_, str>, index: usize, chars: &mut Chars<'_>) -> Object {
    let (offset, length, string) = match captures.get(index) {
        Some(found) => (
            Val::from(chars.before(found.start())),
            Val::from(found.as_str().chars().count()),
            Val::string(found.as_str()),
        ),
        None => (Val::number(-1.0), Val::number(0.0), Val::Null),
    };
    Object::from_iter([
        (Arc::from("offset"), offset),
        (Arc::from("length"), length),
        (Arc::from("string"), string),
    ])
}

/// Counts the characters before a place; places mostly come in order.
struct Chars<'t> {
    text: &'t str,
    at: usize,
    count: usize,
}

impl<'t> Chars<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            text,
            at: 0,
            count: 0,
        }
    }

    fn before(&mut self, at: usize) -> usize {
        if at < self.at {
            (self.at, self.count) = (0, 0);
        }
        self.count += self.text[self.at..at].chars().count();
        self.at = at;
        self.count
    }
}
