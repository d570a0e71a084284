//! Writes YAML as `yaml.stringify` of the `yaml` package does: indentation, quotes, folding at 80 columns.
//!
//! In: a tree. Out: text, equal byte for byte for what JSON can hold. Only for text that Backstage itself would make;
//! manifests are written elsewhere. Follows `src/stringify` of the package, names included.

use serde_json::Value;

use super::fold::{LINE_WIDTH, Mode, fold, spaces};
use super::scalar;

/// A value with anchors.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    Scalar(Value),
    /// A list, and the name of its anchor.
    List(Option<String>, Vec<Self>),
    /// A map, and the name of its anchor.
    Map(Option<String>, Vec<(String, Self)>),
    Alias(String),
}

const MIN_MULTI_LINE_LENGTH: usize = 40;

/// The text of a document.
pub(crate) fn document(root: &Node) -> String {
    let mut text = String::new();
    node(&mut text, root, 0, None);
    text.push('\n');
    text
}

/// Writes a node; the lines after its first are indented by `indent`.
fn node(text: &mut String, value: &Node, indent: usize, indent_at_start: Option<usize>) {
    match value {
        Node::Scalar(value) => text.push_str(&scalar(value, indent, indent_at_start)),
        Node::Alias(name) => {
            text.push('*');
            text.push_str(name);
        }
        Node::List(name, items) => {
            anchor(text, name.as_deref(), items.is_empty(), indent);
            list(text, items, indent);
        }
        Node::Map(name, entries) => {
            anchor(text, name.as_deref(), entries.is_empty(), indent);
            map(text, entries, indent);
        }
    }
}

fn anchor(text: &mut String, name: Option<&str>, is_empty: bool, indent: usize) {
    let Some(name) = name else {
        return;
    };
    text.push('&');
    text.push_str(name);
    if is_empty {
        text.push(' ');
    } else {
        new_line(text, indent);
    }
}

fn new_line(text: &mut String, indent: usize) {
    text.push('\n');
    text.push_str(&spaces(indent));
}

fn list(text: &mut String, items: &[Node], indent: usize) {
    if items.is_empty() {
        text.push_str("[]");
    }
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            new_line(text, indent);
        }
        text.push_str("- ");
        node(text, item, indent + 2, None);
    }
}

fn map(text: &mut String, entries: &[(String, Node)], indent: usize) {
    if entries.is_empty() {
        text.push_str("{}");
    }
    for (index, (key, value)) in entries.iter().enumerate() {
        if index > 0 {
            new_line(text, indent);
        }
        pair(text, key, value, indent);
    }
}

fn pair(text: &mut String, key: &str, value: &Node, indent: usize) {
    let key = implicit_key(key, indent + 2);
    let length = key.encode_utf16().count();
    let is_explicit = length > 1024;
    if is_explicit {
        text.push_str("? ");
        text.push_str(&key);
        new_line(text, indent);
    } else {
        text.push_str(&key);
    }
    text.push(':');
    let is_below = match value {
        Node::List(None, items) => !items.is_empty(),
        Node::Map(None, entries) => !entries.is_empty(),
        _ => false,
    };
    let colon = text.len();
    if is_below && !is_explicit {
        new_line(text, indent + 2);
    } else {
        text.push(' ');
    }
    let indent_at_start = (!is_explicit).then_some(length + 2);
    node(text, value, indent + 2, indent_at_start);
    // No space before a value that starts on the next line.
    if text[colon..].starts_with(" \n") {
        text.remove(colon);
    }
}

fn scalar(value: &Value, indent: usize, indent_at_start: Option<usize>) -> String {
    let context = Context {
        indent,
        indent_at_start,
        is_key: false,
    };
    match value {
        Value::String(text) => string(text, context),
        Value::Number(number) => number
            .as_f64()
            .map_or_else(|| number.to_string(), scalar::number_text),
        other => other.to_string(),
    }
}

fn implicit_key(key: &str, indent: usize) -> String {
    let context = Context {
        indent,
        indent_at_start: None,
        is_key: true,
    };
    string(key, context)
}

#[derive(Clone, Copy)]
struct Context {
    indent: usize,
    indent_at_start: Option<usize>,
    is_key: bool,
}

impl Context {
    /// Root strings that look like the end of a document are indented all the same; ours are never the root.
    fn indent_text(self) -> String {
        spaces(self.indent)
    }
}

fn string(text: &str, context: Context) -> String {
    let needs_escapes =
        |character: char| character.is_control() && !matches!(character, '\t' | '\n');
    if text.chars().any(needs_escapes) {
        double_quoted(text, context)
    } else {
        plain(text, context)
    }
}

fn plain(text: &str, context: Context) -> String {
    let is_multi_line = text.contains('\n');
    if context.is_key && is_multi_line {
        return quoted(text, context);
    }
    if cannot_be_plain(text) {
        return if context.is_key || !is_multi_line {
            quoted(text, context)
        } else {
            block(text, context)
        };
    }
    if is_multi_line {
        return block(text, context);
    }
    let looks_like_marker = ["%", "---", "..."]
        .iter()
        .any(|start| text.starts_with(start));
    let is_other_type = !scalar::is_text(text);
    if is_other_type || looks_like_marker && context.is_key && context.indent == 2 {
        return quoted(text, context);
    }
    if context.is_key {
        text.to_owned()
    } else {
        fold(text, Mode::Flow, context.indent, context.indent_at_start).0
    }
}

/// Whether a plain scalar of this text would be read as something else, or not at all.
fn cannot_be_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    let Some(first) = bytes.first() else {
        return false;
    };
    let starts_badly = b"\n\t ,[]{}#&*!|>'\"%@`".contains(first)
        || (matches!(first, b'?' | b'-') && matches!(bytes.get(1), None | Some(b' ' | b'\t')));
    let ends_badly = matches!(bytes.last(), Some(b'\n' | b'\t' | b' ' | b':'));
    starts_badly
        || ends_badly
        || bytes.windows(2).any(|pair| {
            matches!(
                pair,
                [b'\n' | b':', b' ' | b'\t'] | [b' ' | b'\t', b'\n'] | [b'\n' | b'\t' | b' ', b'#']
            )
        })
}

fn quoted(text: &str, context: Context) -> String {
    if text.contains('"') && !text.contains('\'') {
        single_quoted(text, context)
    } else {
        double_quoted(text, context)
    }
}

fn single_quoted(text: &str, context: Context) -> String {
    let has_space_at_break = text
        .as_bytes()
        .windows(2)
        .any(|pair| matches!(pair, [b' ' | b'\t', b'\n'] | [b'\n', b' ' | b'\t']));
    if context.is_key && text.contains('\n') || has_space_at_break {
        return double_quoted(text, context);
    }
    let after_breaks = format!("\n{}", context.indent_text());
    let inner = with_breaks(&text.replace('\'', "''"), "", &after_breaks);
    let quoted = format!("'{inner}'");
    if context.is_key {
        quoted
    } else {
        fold(&quoted, Mode::Flow, context.indent, context.indent_at_start).0
    }
}

/// Puts text before and after every run of line breaks.
fn with_breaks(text: &str, before: &str, after: &str) -> String {
    let mut result = String::with_capacity(text.len() + 16);
    let mut in_run = false;
    for character in text.chars() {
        let is_break = character == '\n';
        if is_break != in_run {
            result.push_str(if is_break { before } else { after });
            in_run = is_break;
        }
        result.push(character);
    }
    if in_run {
        result.push_str(after);
    }
    result
}

fn double_quoted(text: &str, context: Context) -> String {
    let json: Vec<char> = Value::from(text).to_string().chars().collect();
    let json_length: usize = json.iter().map(|character| character.len_utf16()).sum();
    let may_break = !context.is_key && json_length >= MIN_MULTI_LINE_LENGTH;
    let mut result = String::with_capacity(json.len());
    let mut at = 0;
    while let Some(character) = json.get(at) {
        match (character, json.get(at + 1)) {
            // A space before a line break would be lost in folding.
            (' ', Some('\\')) if json.get(at + 2) == Some(&'n') => {
                result.push_str("\\ ");
                at += 1;
            }
            ('\\', Some('u')) => {
                let code: String = json.iter().skip(at + 2).take(4).collect();
                result.push_str(&short_escape(&code));
                at += 6;
            }
            ('\\', Some('n')) => at = line_break(&mut result, &json, at, may_break, context.indent),
            ('\\', Some(escaped)) => {
                result.extend(['\\', *escaped]);
                at += 2;
            }
            _ => {
                result.push(*character);
                at += 1;
            }
        }
    }
    if context.is_key {
        result
    } else {
        fold(
            &result,
            Mode::Quoted,
            context.indent,
            context.indent_at_start,
        )
        .0
    }
}

/// Writes the `\n` at this place, as line breaks where there is room; returns where to go on.
fn line_break(
    result: &mut String,
    json: &[char],
    mut at: usize,
    may_break: bool,
    indent: usize,
) -> usize {
    if !may_break || json.get(at + 2) == Some(&'"') {
        result.push_str("\\n");
        return at + 2;
    }
    result.push_str("\n\n");
    while json.get(at + 2) == Some(&'\\')
        && json.get(at + 3) == Some(&'n')
        && json.get(at + 4) != Some(&'"')
    {
        result.push('\n');
        at += 2;
    }
    result.push_str(&spaces(indent));
    // A space after a line break would be lost in folding.
    if json.get(at + 2) == Some(&' ') {
        result.push('\\');
    }
    at + 2
}

fn short_escape(code: &str) -> String {
    match code {
        "0000" => "\\0".to_owned(),
        "0007" => "\\a".to_owned(),
        "000b" => "\\v".to_owned(),
        "001b" => "\\e".to_owned(),
        code => match code.strip_prefix("00") {
            Some(short) => format!("\\x{short}"),
            None => format!("\\u{code}"),
        },
    }
}

fn block(text: &str, context: Context) -> String {
    let last_line = text.rsplit('\n').next().unwrap_or_default();
    if text.contains('\n')
        && !last_line.is_empty()
        && last_line.trim_matches([' ', '\t']).is_empty()
    {
        return quoted(text, context);
    }
    let indent = context.indent_text();
    let body = text.trim_end_matches(['\n', '\t', ' ']);
    let end = &text[body.len()..];
    let chomp = match end.find('\n') {
        None => "-",
        Some(at) if text == end || at + 1 != end.len() => "+",
        Some(_) => "",
    };
    let end = inner_breaks(end.strip_suffix('\n').unwrap_or(end), &indent);
    let blank = body.len() - body.trim_start_matches([' ', '\n']).len();
    let start_end = body[..blank].rfind('\n').map_or(blank, |at| at + 1);
    let starts_with_space = body[..blank].contains(' ');
    // The part before the first line with text; without a line break in it, it is white space that stays.
    let start = with_breaks(&body[..start_end], "", &indent);
    let value = &body[start_end..];
    let header = format!("{}{chomp}", if starts_with_space { "2" } else { "" });
    if is_over_limit(text, context.indent) {
        let folded = with_breaks(&more_indented(&with_breaks(value, "\n", "")), "", &indent);
        let text = format!("{start}{folded}{end}");
        let (body, overflows) = fold(&text, Mode::Block, context.indent, Some(context.indent));
        if !overflows {
            return format!(">{header}\n{indent}{body}");
        }
    }
    let value = with_breaks(value, "", &indent);
    format!("|{header}\n{indent}{start}{value}{end}")
}

/// Indents what follows runs of line breaks, but not what is at the end.
fn inner_breaks(text: &str, indent: &str) -> String {
    let body = text.trim_end_matches('\n');
    let breaks = &text[body.len()..];
    format!("{}{breaks}", with_breaks(body, "", indent))
}

fn is_over_limit(text: &str, indent: usize) -> bool {
    let limit = LINE_WIDTH.saturating_sub(indent);
    let is_long = |line: &str| line.encode_utf16().count() > limit;
    is_long(text) && text.split('\n').any(is_long)
}

/// Lines that start with white space are not folded: the line break that folding would take is removed again.
fn more_indented(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    let mut at_start = true;
    while !rest.is_empty() {
        let line_start = if at_start {
            Some(rest)
        } else {
            rest.strip_prefix('\n')
        };
        at_start = false;
        let Some(line_start) = line_start.filter(|line| line.starts_with(['\t', ' '])) else {
            let length = rest.chars().next().map_or(1, char::len_utf8);
            result.push_str(&rest[..length]);
            rest = &rest[length..];
            continue;
        };
        let length = line_start.find('\n').unwrap_or(line_start.len());
        result.push_str(&line_start[..length]);
        let after = &line_start[length..];
        let run = after.len() - after.trim_start_matches(['\n', '\t', ' ']).len();
        match after[..run].strip_suffix('\n') {
            Some(kept) => {
                result.push_str(kept);
                rest = &after[run..];
            }
            None => rest = after,
        }
    }
    result
}
