//! The parts of definitions that cannot be checked as they stand: patterns, which are JavaScript's, and rare keywords.
//!
//! In: the definitions of properties. Out: their patterns compiled, and a finding for each part that stays unchecked.

use std::collections::HashMap;
use std::fmt::Write;
use std::iter::Peekable;
use std::str::Chars;

use regex::Regex;
use serde_json::{Map, Value};

use super::quoted;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::port::Blueprint;

/// Keywords of JSON Schema that refuse values and that values are not held against.
const UNCHECKED: [&str; 21] = [
    "$dynamicRef",
    "$ref",
    "allOf",
    "anyOf",
    "contains",
    "dependencies",
    "dependentRequired",
    "dependentSchemas",
    "else",
    "if",
    "maxContains",
    "minContains",
    "multipleOf",
    "not",
    "oneOf",
    "patternRequired",
    "prefixItems",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
];

/// The patterns of definitions, by how they are written.
#[derive(Debug, Default)]
pub(super) struct Patterns<'a>(HashMap<&'a str, Option<Regex>>);

impl<'a> Patterns<'a> {
    /// Adds the patterns of a blueprint, and reports once for each property what of it cannot be checked.
    pub(super) fn add(&mut self, blueprint: &'a Blueprint, diagnostics: &mut Diagnostics) {
        for (name, property) in &blueprint.schema.properties {
            let mut unchecked = Vec::new();
            self.walk(&property.0, &mut unchecked);
            if unchecked.is_empty() {
                continue;
            }
            unchecked.dedup();
            let message = format!(
                "values of property `{name}` of blueprint {} are not held against {}",
                quoted(&blueprint.identifier),
                unchecked.join(", "),
            );
            diagnostics.push(Diagnostic::new(Code::UncheckedDefinition, message).help(
                "Port may refuse values that pass here; a simpler definition can be checked",
            ));
        }
    }

    /// Whether a text has a match; `None` where the pattern cannot be checked.
    pub(super) fn is_match(&self, pattern: &str, text: &str) -> Option<bool> {
        let regex = self.0.get(pattern)?.as_ref()?;
        Some(regex.is_match(text))
    }

    fn walk(&mut self, definition: &'a Map<String, Value>, unchecked: &mut Vec<String>) {
        for (key, value) in definition {
            match (key.as_str(), value) {
                ("pattern", Value::String(pattern)) => self.compile(pattern, unchecked),
                ("items" | "additionalProperties", Value::Object(of_parts)) => {
                    self.walk(of_parts, unchecked);
                }
                ("properties" | "patternProperties", Value::Object(map)) => {
                    for (name, definition) in map {
                        if key == "patternProperties" {
                            self.compile(name, unchecked);
                        }
                        if let Value::Object(definition) = definition {
                            self.walk(definition, unchecked);
                        }
                    }
                }
                ("items", Value::Array(_)) => unchecked.push("`items` of each position".to_owned()),
                _ if UNCHECKED.contains(&key.as_str()) => unchecked.push(format!("`{key}`")),
                _ => {}
            }
        }
    }

    fn compile(&mut self, pattern: &'a str, unchecked: &mut Vec<String>) {
        let compiled = self.0.entry(pattern).or_insert_with(|| regex(pattern));
        if compiled.is_none() {
            unchecked.push(format!("the pattern {}", quoted(pattern)));
        }
    }
}

/// A pattern of JavaScript with the flag `u`, which is what JSON Schema asks for. `None` for look-around, references back
/// to groups and whatever else there is no word for here.
pub(super) fn regex(pattern: &str) -> Option<Regex> {
    let mut chars = pattern.chars().peekable();
    let mut text = String::with_capacity(pattern.len() + 16);
    while let Some(char) = chars.next() {
        match char {
            '\\' => escape(&mut chars, &mut text, false)?,
            '[' => class(&mut chars, &mut text)?,
            '.' => text.push_str(r"[^\n\r\x{2028}\x{2029}]"),
            '(' => {
                text.push('(');
                if chars.next_if_eq(&'?').is_some() {
                    text.push('?');
                    let is_name = chars.next_if_eq(&'<').is_some();
                    if is_name {
                        text.push('<');
                    }
                    // Look-around has `=` or `!` here.
                    let is_known = chars.peek().is_some_and(|next| {
                        if is_name {
                            next.is_alphabetic()
                        } else {
                            *next == ':'
                        }
                    });
                    is_known.then_some(())?;
                }
            }
            _ => text.push(char),
        }
    }
    Regex::new(&text).ok()
}

/// What follows a backslash.
fn escape(chars: &mut Peekable<Chars<'_>>, text: &mut String, in_class: bool) -> Option<()> {
    const SPACE: &str =
        r"\t\n\x0B\x0C\r \u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000\uFEFF";
    let char = chars.next()?;
    // The sets are those of ASCII, but for the blanks.
    match char {
        'd' => text.push_str("[0-9]"),
        'D' => text.push_str("[^0-9]"),
        'w' => text.push_str("[0-9A-Za-z_]"),
        'W' => text.push_str("[^0-9A-Za-z_]"),
        's' => write!(text, "[{SPACE}]").ok()?,
        'S' => write!(text, "[^{SPACE}]").ok()?,
        'b' if in_class => text.push_str(r"\x08"),
        'b' => text.push_str(r"(?-u:\b)"),
        '0' => text.push_str(r"\x00"),
        't' | 'n' | 'r' | 'v' | 'f' | 'u' | 'x' | 'p' | 'P' => {
            text.push('\\');
            text.push(char);
        }
        _ if char.is_ascii_punctuation() => write!(text, r"\x{:02X}", u32::from(char)).ok()?,
        _ => return None,
    }
    Some(())
}

/// What follows an opening bracket, up to the closing one.
fn class(chars: &mut Peekable<Chars<'_>>, text: &mut String) -> Option<()> {
    text.push('[');
    if chars.next_if_eq(&'^').is_some() {
        text.push('^');
    }
    // `[]` and `[^]` are nothing and anything in JavaScript.
    chars
        .next_if(|char| *char != ']')
        .map(|first| class_part(first, chars, text))??;
    loop {
        match chars.next()? {
            ']' => break,
            char => class_part(char, chars, text)?,
        }
    }
    text.push(']');
    Some(())
}

fn class_part(char: char, chars: &mut Peekable<Chars<'_>>, text: &mut String) -> Option<()> {
    match char {
        '\\' => escape(chars, text, true)?,
        // Two of them would be an operation on sets.
        '-' if chars.peek() == Some(&'-') => return None,
        '[' | '&' | '~' | '^' => {
            text.push('\\');
            text.push(char);
        }
        _ => text.push(char),
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::regex;

    #[test]
    fn patterns_mean_what_they_mean_to_javascript() {
        for (pattern, good, bad) in [
            ("^a$", "a", "a\n"),
            ("b", "abc", "ac"),
            (r"^\d+$", "12", "١٢"),
            (r"^\w$", "a", "é"),
            (r"^\W$", "é", "a"),
            (r"^\s$", "\u{feff}", "\u{85}"),
            (r"^\S$", "\u{85}", " "),
            (r"^[\s\d]$", "\u{a0}", "a"),
            (r"^[^\s]$", "a", "\u{a0}"),
            ("^.$", "\u{85}", "\u{2028}"),
            (r"^a\/b\-c$", "a/b-c", "a-b"),
            ("^[[&&~~]$", "&", "a"),
            ("^[a-c^-]$", "-", "d"),
            (r"^[\]\\-]$", "]", "["),
            (r"\bé", " aé ", "é"),
            (r"^\p{Lu}\u0041$", "ÉA", "éA"),
            ("^(?:a|(?<name>b)){2}$", "ab", "ac"),
            (r"^[\b]$", "\u{8}", "b"),
        ] {
            let regex = regex(pattern);
            let is_match = |text| regex.as_ref().map(|regex| regex.is_match(text));
            assert_eq!(is_match(good), Some(true), "{pattern} {good:?}");
            assert_eq!(is_match(bad), Some(false), "{pattern} {bad:?}");
        }
    }

    #[test]
    fn what_cannot_be_said_is_not_guessed() {
        for pattern in [
            "(?!a)b", "(?=a)", "(?<=a)b", "(?<!a)b", r"(a)\1", r"\k<a>", "[]", "[^]", "[a--b]",
            "(", "[", "\\", r"\cA", "(?i)a",
        ] {
            assert!(regex(pattern).is_none(), "{pattern}");
        }
    }
}
