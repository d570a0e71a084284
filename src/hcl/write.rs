//! Spells HCL so that `terraform fmt` has nothing to change and no text can break out of its quotes.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::{Expression, json};

/// Names and what they are.
pub(crate) type Attributes = Vec<(String, Expression)>;

/// The longest list that stands on one line, in bytes.
const MAX_LINE: usize = 80;
/// The most template marks of one text that are doubled, as people expect it: the time in which HCL reads them grows with
/// the square of their number. As escapes they cost no more than anything else.
const MAX_TEMPLATES: usize = 100;
/// Words that mean something else where a key may stand.
const WORDS: [&str; 8] = [
    "else", "endfor", "endif", "false", "for", "if", "null", "true",
];

/// Adds a block: `resource "port_blueprint" "component" { … }`.
pub(crate) fn block(text: &mut String, kind: &str, labels: &[&str], attributes: &Attributes) {
    text.push_str(kind);
    for label in labels {
        text.push(' ');
        quote(label, text);
    }
    text.push_str(" {\n");
    members(attributes, 1, text);
    text.push_str("}\n");
}

/// The members of a block or an object, a line each or more, with the `=` of neighbours on one line below each other.
fn members(attributes: &Attributes, depth: usize, text: &mut String) {
    let spelled: Vec<(String, String)> = attributes
        .iter()
        .map(|(name, value)| (key(name), spelled(value, depth)))
        .collect();
    let mut rest = &spelled[..];
    while !rest.is_empty() {
        let is_line = |(_, value): &&(String, String)| !value.contains('\n');
        let lines = rest.iter().take_while(is_line).count();
        let (run, tail) = rest.split_at(lines.max(1));
        let width = if lines > 1 {
            run.iter().map(|(name, _)| name.len()).max().unwrap_or(0)
        } else {
            0
        };
        for (name, value) in run {
            let _ = writeln!(
                text,
                "{:depth$}{name:width$} = {value}",
                "",
                depth = 2 * depth
            );
        }
        rest = tail;
    }
}

/// An expression; lines after its first are indented.
fn spelled(expression: &Expression, depth: usize) -> String {
    let mut text = String::new();
    write(expression, depth, &mut text);
    text
}

fn write(expression: &Expression, depth: usize, text: &mut String) {
    match expression {
        Expression::Literal(Value::String(string)) => quote(string, text),
        Expression::Literal(literal) => {
            let _ = write!(text, "{literal}");
        }
        Expression::Number(number) => text.push_str(number),
        Expression::Reference(reference) => text.push_str(reference),
        Expression::List(items) => list(items, depth, text),
        Expression::Object(attributes) => object(attributes, depth, text),
        Expression::Json(value) => {
            text.push_str("jsonencode(");
            write(&literal(value), depth, text);
            text.push(')');
        }
        Expression::Partly {
            members,
            some,
            condition,
        } => {
            text.push_str("{ for name, value in ");
            object(members, depth, text);
            let some: Vec<_> = some.iter().map(Expression::text).collect();
            let _ = write!(text, " : name => value if {condition} || !contains(");
            list(&some, depth, text);
            text.push_str(", name) }");
        }
        Expression::Noted(value, note) => {
            write(value, depth, text);
            let _ = write!(text, " # {note}");
        }
        Expression::If { then, condition } => {
            let _ = write!(text, "{condition} ? ");
            write(then, depth, text);
            text.push_str(" : null");
        }
    }
}

fn list(items: &[Expression], depth: usize, text: &mut String) {
    let spelled: Vec<String> = items.iter().map(|item| spelled(item, depth + 1)).collect();
    let length: usize = spelled.iter().map(|item| item.len() + 2).sum();
    let is_line = length <= MAX_LINE && spelled.iter().all(|item| !item.contains('\n'));
    if is_line {
        let _ = write!(text, "[{}]", spelled.join(", "));
        return;
    }
    text.push_str("[\n");
    for item in spelled {
        let _ = writeln!(text, "{:depth$}{item},", "", depth = 2 * (depth + 1));
    }
    let _ = write!(text, "{:depth$}]", "", depth = 2 * depth);
}

fn object(attributes: &Attributes, depth: usize, text: &mut String) {
    if attributes.is_empty() {
        text.push_str("{}");
        return;
    }
    text.push_str("{\n");
    members(attributes, depth + 1, text);
    let _ = write!(text, "{:depth$}}}", "", depth = 2 * depth);
}

/// A value of JSON as an expression, with its keys sorted.
fn literal(value: &Value) -> Expression {
    match value {
        Value::Number(number) => Expression::Number(json::number(number)),
        Value::Array(items) => Expression::List(items.iter().map(literal).collect()),
        Value::Object(map) => Expression::Object(sorted(map)),
        other => Expression::Literal(other.clone()),
    }
}

fn sorted(map: &Map<String, Value>) -> Attributes {
    let entries = map.iter();
    let mut entries: Attributes = entries
        .map(|(key, value)| (key.clone(), literal(value)))
        .collect();
    entries.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    entries
}

/// A key of an object: bare where it is a name. What is not ASCII is escaped: how wide it is would have to be known to put
/// the `=` where `fmt` wants it.
fn key(key: &str) -> String {
    let is_start = |char: char| char.is_ascii_alphabetic() || char == '_';
    let is_part = |char: char| is_start(char) || char.is_ascii_digit() || char == '-';
    if key.starts_with(is_start) && key.chars().all(is_part) && !WORDS.contains(&key) {
        return key.to_owned();
    }
    let mut text = String::new();
    quote_with(key, |char| !char.is_ascii() || is_unsafe(char), &mut text);
    text
}

/// A text in quotes.
fn quote(string: &str, text: &mut String) {
    quote_with(string, is_unsafe, text);
}

fn quote_with(string: &str, is_escaped: impl Fn(char) -> bool, text: &mut String) {
    let templates = string.matches("${").count() + string.matches("%{").count();
    text.push('"');
    let mut chars = string.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            // Before `{` they begin a template.
            '$' | '%' if chars.peek() == Some(&'{') => {
                if templates > MAX_TEMPLATES {
                    let _ = write!(text, "\\u{:04x}", u32::from(char));
                } else {
                    text.push(char);
                    text.push(char);
                }
            }
            char if is_escaped(char) => {
                let code = u32::from(char);
                let _ = if code > 0xffff {
                    write!(text, "\\U{code:08x}")
                } else {
                    write!(text, "\\u{code:04x}")
                };
            }
            char => text.push(char),
        }
    }
    text.push('"');
}

/// Characters that break lines for some readers, that no reader shows, or that turn the direction of text around.
fn is_unsafe(char: char) -> bool {
    char.is_control()
        || matches!(
            char,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
                | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e007f}'
        )
}
