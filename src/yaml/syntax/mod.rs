//! Syntax errors in the words of those who write YAML: what is probably wrong, where it began, what to do.
//!
//! In: what the parser says, the place where it gave up, and the text around. Out: a [`SyntaxError`]. The parser names the
//! rule that is broken; people want to know which bracket, quote or colon it is. What no rule here knows keeps the
//! parser's words.

mod kinds;
mod lines;

use std::ops::Range;

use super::SyntaxError;
use super::events::ErrorKind;
use super::spans::Spans;

/// Where the parser gave up.
pub(super) struct Failure<'a> {
    /// The whole text.
    pub(super) text: &'a str,
    /// The first content of the document.
    pub(super) start: usize,
    /// Where the parser gave up.
    pub(super) at: usize,
    /// The innermost `[` or `{` that is still open there.
    pub(super) open: Option<usize>,
}

/// How far behind the fault is looked for its other end.
const LOOKED_AHEAD: usize = 4096;
/// How much of the document before the fault is looked at.
const LOOKED_BACK: usize = 64 * 1024;
/// The longest value that is shown as it should be.
const MAX_SHOWN: usize = 60;

impl SyntaxError {
    pub(super) fn new(message: impl Into<String>, at: Range<usize>) -> Self {
        Self {
            message: message.into(),
            at,
            help: None,
            began: None,
        }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    fn began(mut self, began: Option<Range<usize>>, label: &'static str) -> Self {
        self.began = began.map(|at| (at, label));
        self
    }
}

impl Failure<'_> {
    /// What is wrong; `message` is what the parser says.
    pub(super) fn explained(&self, kind: &ErrorKind, message: &str) -> SyntaxError {
        self.by_text()
            .or_else(|| self.by_kind(kind))
            .unwrap_or_else(|| SyntaxError::new(message, self.at..self.at))
    }

    /// Whether an error stands on the line where the parser gave up.
    pub(super) fn is_on_line_of(&self, error: &SyntaxError) -> bool {
        self.line_at(self.at).contains(&error.at.start)
    }

    // What the text tells, whatever the parser stumbled over.

    fn by_text(&self) -> Option<SyntaxError> {
        self.conflict()
            .or_else(|| self.markup())
            .or_else(|| self.template())
            .or_else(|| self.quotation_marks())
    }

    fn conflict(&self) -> Option<SyntaxError> {
        let before = self.back_from(self.next_line().end);
        let is_marker = |line: &Range<usize>| {
            let line = self.slice(line);
            ["<<<<<<< ", ">>>>>>> ", "||||||| "]
                .iter()
                .any(|marker| line.starts_with(marker))
        };
        let first = self.lines(before).find(is_marker)?;
        let message = "a merge conflict is left in the file";
        Some(SyntaxError::new(message, self.trimmed(&first)).help(
            "keep one of the two sides, and remove the lines `<<<<<<<`, `=======` and `>>>>>>>`",
        ))
    }

    fn markup(&self) -> Option<SyntaxError> {
        let rest = self.text.get(self.start..)?;
        let what = foreign(rest)?;
        let first = self.line_at(self.start);
        Some(
            SyntaxError::new(format!("this is {what}, not YAML"), self.trimmed(&first))
                .help(FOREIGN_REMEDY),
        )
    }

    fn template(&self) -> Option<SyntaxError> {
        let line = self.line();
        let text = self.slice(&line);
        let found = ["{{", "{%"]
            .iter()
            .filter_map(|open| text.find(open))
            .min()?;
        let before = text.get(..found)?.trim_end();
        // Inside of quotes it is a text like any other.
        if before.contains(['"', '\'', '#']) {
            return None;
        }
        let at = line.start + found..line.start + text.trim_end().len();
        let error = SyntaxError::new("template syntax is read as YAML here", at);
        let is_value = before.ends_with([':', '-']);
        Some(error.help(if is_value {
            "put quotes around the whole value, as in `\"{{ … }}\"`; or render the template first"
        } else {
            "render the template first"
        }))
    }

    fn quotation_marks(&self) -> Option<SyntaxError> {
        const MARKS: [char; 6] = [
            '\u{201c}', '\u{201d}', '\u{201e}', '\u{2018}', '\u{2019}', '\u{ab}',
        ];
        let line = self.line();
        let text = self.slice(&line);
        let (at, mark) = text.char_indices().find(|(at, char)| {
            let before = text.get(..*at).unwrap_or_default().trim_end();
            let starts_value = before.is_empty() || before.ends_with([':', '-', '[', ',', '{']);
            MARKS.contains(char) && starts_value
        })?;
        let at = line.start + at;
        let message = format!("`{mark}` is no quotation mark in YAML");
        Some(
            SyntaxError::new(message, at..at + mark.len_utf8())
                .help("use the straight quotes `\"` or `'`; editors for prose put others"),
        )
    }
}

/// Tells of keys that stand twice where the first one is, which is only looked for once it is to be shown.
pub(super) fn complete(errors: &mut [SyntaxError], document: usize, spans: &Spans) {
    for error in errors {
        if let Some(first) = spans.twin(document, &error.at) {
            error.began = Some((first, "the first one"));
            error.help = Some("remove one of the two, or give one another name".to_owned());
        }
    }
}

/// White space before the content of a line that holds a tab.
pub(super) fn tab(at: Range<usize>) -> SyntaxError {
    SyntaxError::new("a tab cannot indent a line in YAML", at)
        .help("indent with spaces, as many as the lines beside it")
}

/// What to do about such a text.
pub(crate) const FOREIGN_REMEDY: &str = "this is another file than it should be, such as a page that asks to sign in: get the descriptor itself";

/// What a text is that has nothing to do with YAML.
pub(crate) fn foreign(text: &str) -> Option<&'static str> {
    let start: String = text.trim_start().chars().take(16).collect();
    let start = start.to_ascii_lowercase();
    let starts = |start_of: &str| start.starts_with(start_of);
    if starts("<!doctype html") || starts("<html") {
        Some("a page of HTML")
    } else if starts("<?xml") {
        Some("XML")
    } else if starts("-----begin ") {
        Some("a key or a certificate")
    } else {
        None
    }
}
