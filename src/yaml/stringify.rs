//! Writes YAML as `yaml.stringify` of the `yaml` package does: indentation, quotes, folding at 80 columns.
//!
//! In: a tree. Out: text, equal byte for byte for what JSON can hold. Only for text that Backstage itself would make;
//! manifests are written elsewhere. Follows `src/stringify` of the package, names included.

use std::collections::HashSet;
use std::ops::Range;

use serde_json::Value;

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

const LINE_WIDTH: usize = 80;
const MIN_CONTENT_WIDTH: usize = 20;
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

fn spaces(count: usize) -> String {
    " ".repeat(count)
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

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Flow,
    Block,
    Quoted,
}

/// Breaks lines at spaces so that they have at most 80 columns; true where a line cannot be broken.
fn fold(text: &str, mode: Mode, indent: usize, indent_at_start: Option<usize>) -> (String, bool) {
    let end_step = (1 + MIN_CONTENT_WIDTH).max((1 + LINE_WIDTH).saturating_sub(indent));
    if text.len() <= end_step {
        return (text.to_owned(), false);
    }
    let units: Vec<u16> = text.encode_utf16().collect();
    if units.len() <= end_step {
        return (text.to_owned(), false);
    }
    let mut folds = Folds::new(&units, mode, indent, end_step);
    match indent_at_start {
        Some(start) if start > LINE_WIDTH - MIN_CONTENT_WIDTH => folds.at.push(0),
        Some(start) => folds.end = LINE_WIDTH - start,
        None => {}
    }
    if !folds.find() {
        return (text.to_owned(), false);
    }
    (
        folds.applied().unwrap_or_else(|| text.to_owned()),
        folds.overflows,
    )
}

const SPACE: u16 = b' ' as u16;
const TAB: u16 = b'\t' as u16;
const BREAK: u16 = b'\n' as u16;
const BACKSLASH: u16 = b'\\' as u16;

struct Folds<'a> {
    units: &'a [u16],
    mode: Mode,
    indent: usize,
    end_step: usize,
    /// Where the current line must end.
    end: usize,
    at: Vec<usize>,
    escaped: HashSet<usize>,
    overflows: bool,
}

impl<'a> Folds<'a> {
    fn new(units: &'a [u16], mode: Mode, indent: usize, end_step: usize) -> Self {
        Self {
            units,
            mode,
            indent,
            end_step,
            end: LINE_WIDTH.saturating_sub(indent),
            at: Vec::new(),
            escaped: HashSet::new(),
            overflows: false,
        }
    }

    fn unit(&self, at: usize) -> Option<u16> {
        self.units.get(at).copied()
    }

    /// Finds the places to fold at. False: the text has to stay as it is.
    fn find(&mut self) -> bool {
        let mut at = 0;
        if self.mode == Mode::Block {
            at = self.after_more_indented(0);
            if at > 0 {
                self.end = at - 1 + self.end_step;
            }
        }
        let mut split = None;
        let mut previous = None;
        // The bytes of the last escape.
        let mut escape = None;
        while let Some(mut unit) = self.unit(at) {
            if self.mode == Mode::Quoted && unit == BACKSLASH {
                let length = self.escape_length(at);
                escape = Some(at..at + length);
                at += length;
            }
            if unit == BREAK {
                if self.mode == Mode::Block {
                    at = self.after_more_indented(at + 1) - 1;
                }
                self.end = at + self.indent + self.end_step;
                split = None;
            } else {
                if unit == SPACE && self.is_between_words(previous, at) {
                    split = Some(at).filter(|at| *at > 0);
                }
                if at >= self.end {
                    if let Some(found) = split.take() {
                        self.at.push(found);
                        self.end = found + self.end_step;
                    } else if self.mode == Mode::Quoted {
                        // White space may stretch past the end of the line.
                        while matches!(previous, Some(SPACE | TAB)) && at < self.units.len() {
                            previous = Some(unit);
                            at += 1;
                            unit = self.unit(at).unwrap_or(BREAK);
                            self.overflows = true;
                        }
                        if !self.break_word(at, escape.as_ref()) {
                            return false;
                        }
                    } else {
                        self.overflows = true;
                    }
                }
            }
            previous = Some(unit);
            at += 1;
        }
        true
    }

    /// How far the last unit of an escape is from its backslash.
    fn escape_length(&self, at: usize) -> usize {
        match self.unit(at + 1).and_then(|unit| u8::try_from(unit).ok()) {
            Some(b'x') => 3,
            Some(b'u') => 5,
            Some(b'U') => 9,
            _ => 1,
        }
    }

    fn is_between_words(&self, previous: Option<u16>, at: usize) -> bool {
        previous.is_some_and(|unit| !is_space(unit))
            && self.unit(at + 1).is_some_and(|unit| !is_space(unit))
    }

    /// Folds inside a word, with a backslash at the end of the line. False: there is no room for that.
    fn break_word(&mut self, at: usize, escape: Option<&Range<usize>>) -> bool {
        let fold = match escape {
            Some(escape) if at <= escape.end + 1 => escape.start.checked_sub(1),
            _ => at.checked_sub(2),
        };
        let Some(fold) = fold.filter(|fold| !self.escaped.contains(fold)) else {
            return false;
        };
        self.at.push(fold);
        self.escaped.insert(fold);
        self.end = fold + self.end_step;
        true
    }

    /// The first unit after lines that start with white space, which stay as they are; `start` begins a line.
    fn after_more_indented(&self, start: usize) -> usize {
        let (mut after, mut line) = (start, start);
        // One less than in the package, where it may be -1.
        let mut at = start;
        let mut unit = self.unit(line);
        while matches!(unit, Some(SPACE | TAB)) {
            if at < line + self.indent + 1 {
                at += 1;
                unit = self.unit(at - 1);
                continue;
            }
            loop {
                at += 1;
                unit = self.unit(at - 1);
                if unit.is_none_or(|unit| unit == BREAK) {
                    break;
                }
            }
            (after, line) = (at, at);
            unit = self.unit(line);
        }
        after
    }

    fn applied(&self) -> Option<String> {
        let first = *self.at.first()?;
        let indent = spaces(self.indent);
        let text = |range: Range<usize>| {
            String::from_utf16_lossy(self.units.get(range).unwrap_or_default())
        };
        let mut result = text(0..first);
        for (index, fold) in self.at.iter().copied().enumerate() {
            let end = match self.at.get(index + 1) {
                Some(next) if *next > 0 => *next,
                _ => self.units.len(),
            };
            if fold == 0 {
                result = format!("\n{indent}{}", text(0..end));
            } else {
                if self.mode == Mode::Quoted && self.escaped.contains(&fold) {
                    result.push_str(&text(fold..fold + 1));
                    result.push('\\');
                }
                result.push('\n');
                result.push_str(&indent);
                result.push_str(&text(fold + 1..end));
            }
        }
        Some(result)
    }
}

fn is_space(unit: u16) -> bool {
    matches!(unit, SPACE | TAB | BREAK)
}
