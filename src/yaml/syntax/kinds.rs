//! What is probably wrong where the parser gives up, by the rule that it says is broken.
//!
//! In: a [`Failure`] and the kind of the error. Out: a [`SyntaxError`], or nothing where the parser's words must do.

use std::ops::Range;

use super::lines::indentation;
use super::{Failure, LOOKED_AHEAD, MAX_SHOWN};
use crate::yaml::SyntaxError;
use crate::yaml::events::ErrorKind;

impl Failure<'_> {
    pub(super) fn by_kind(&self, kind: &ErrorKind) -> Option<SyntaxError> {
        match kind {
            ErrorKind::TabInBlockIndentation
            | ErrorKind::TabNotAllowed
            | ErrorKind::TabInIndentation
            | ErrorKind::TabAtBlockScalarStart
            | ErrorKind::TabInPlainScalar => self.tab(),
            ErrorKind::UnclosedFlowCollection { open } => Some(self.unclosed(*open)),
            ErrorKind::InvalidColonPlacement
            | ErrorKind::ExpectedFlowMappingSeparator
            | ErrorKind::ExpectedFlowSequenceSeparator
            | ErrorKind::InvalidFlowScalarIndent
            | ErrorKind::UnexpectedEofFlowSequence
            | ErrorKind::UnexpectedEofFlowMapping
            | ErrorKind::BlockEntryInFlowCollection => self.in_brackets(),
            ErrorKind::UnexpectedEofImplicitFlowMapping => {
                let message = "nothing stands before this comma";
                Some(SyntaxError::new(message, self.char_at(self.at)).help("remove the comma"))
            }
            ErrorKind::MisplacedFlowCollectionEnd => {
                let bracket = self.char()?;
                let message = format!("this `{bracket}` closes nothing");
                Some(
                    SyntaxError::new(message, self.char_at(self.at))
                        .help("remove it, or put quotes around the value that it belongs to"),
                )
            }
            ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
                Some(self.mismatched(*open, *close))
            }
            ErrorKind::UnclosedQuotedScalar
            | ErrorKind::InvalidQuotedScalarIndent
            | ErrorKind::DocumentIndicatorInQuotedScalar => self.unclosed_quote(),
            ErrorKind::InvalidTrailingSingleQuotedScalar => Some(self.behind(
                "the closing quote",
                "write `''` for a quote inside of single quotes, or use double quotes",
            )),
            ErrorKind::InvalidTrailingDoubleQuotedScalar => Some(self.behind(
                "the closing quote",
                "write `\\\"` for a quote inside of double quotes, or use single quotes",
            )),
            ErrorKind::UnknownQuotedScalarEscape
            | ErrorKind::InvalidQuotedScalarHexEscape
            | ErrorKind::InvalidUnicodeEscape => self.escape(),
            ErrorKind::MappingValueNotAllowed => self.colon(),
            ErrorKind::SimpleKeyExpected => Some(self.no_key()),
            ErrorKind::ExpectedBlockMappingKey | ErrorKind::ExpectedBlockSequenceEntry => {
                self.no_sibling()
            }
            ErrorKind::InvalidIndentation | ErrorKind::InvalidBlockScalarIndent => {
                Some(self.indentation())
            }
            ErrorKind::InvalidBlockScalarHeader => {
                self.no_start("starts a block of text, and nothing may follow it on its line")
            }
            ErrorKind::UnexpectedCharacter { .. } => self.no_start("cannot start a value"),
            ErrorKind::MissingAnchorOrAliasName => {
                self.no_start("needs a name: it starts an anchor or an alias")
            }
            ErrorKind::InvalidTagTerminator
            | ErrorKind::MissingTagUri
            | ErrorKind::UnclosedVerbatimTag
            | ErrorKind::InvalidTagEscape
            | ErrorKind::UndeclaredTagHandle
            | ErrorKind::ExpectedTagBang => self.no_start("starts a tag, and this is none"),
            ErrorKind::UnexpectedEofBlockMapping if self.char() == Some(',') => {
                self.no_start("cannot start a value")
            }
            ErrorKind::BlockSequenceEntryNotAllowed | ErrorKind::MappingKeyNotAllowed => {
                let message = "a list or map cannot start on the line of its key";
                Some(SyntaxError::new(message, self.char_at(self.at)).help(
                    "start it on the next line; or put quotes around the value if it is a text",
                ))
            }
            ErrorKind::CommentNotSeparated => Some(
                SyntaxError::new("a space is missing before this `#`", self.char_at(self.at)).help(
                    "put a space there if it starts a comment, else put quotes around the value",
                ),
            ),
            ErrorKind::ExpectedDocumentStart => self.directive(),
            ErrorKind::InvalidDocumentEnd => Some(
                SyntaxError::new(
                    "something follows the `...` that ends a document",
                    self.to_line_end(),
                )
                .help("put it on a line of its own"),
            ),
            ErrorKind::RecursionLimitExceeded => Some(SyntaxError::new(
                "lists and maps are nested too deeply to be read",
                self.char_at(self.at),
            )),
            _ => None,
        }
    }

    fn tab(&self) -> Option<SyntaxError> {
        let next = self.next_line();
        let mut lines = [self.line(), next].into_iter();
        lines.find_map(|line| {
            let text = self.slice(&line);
            let indentation = text.len() - text.trim_start_matches([' ', '\t']).len();
            let tab = text.get(..indentation)?.find('\t')?;
            Some(super::tab(line.start + tab..line.start + indentation))
        })
    }

    /// A bracket that nothing closes up to the end.
    fn unclosed(&self, open: char) -> SyntaxError {
        let at = match self.char() {
            Some(char) if char == open => self.char_at(self.at),
            _ => self
                .open
                .map_or(self.at..self.at, |open| self.char_at(open)),
        };
        let close = closing(open);
        SyntaxError::new(format!("the `{open}` is never closed"), at)
            .help(format!("add the missing `{close}`"))
    }

    /// Something that cannot stand inside of brackets: one of them is not closed, or a comma is missing.
    fn in_brackets(&self) -> Option<SyntaxError> {
        let open = self.open.or_else(|| self.open_before())?;
        let bracket = self.text.get(open..)?.chars().next()?;
        let close = closing(bracket);
        let word = self.word();
        let here = self.line_at(self.at);
        let is_same_line = here.contains(&open);
        let next = self.ahead().find(['[', ']', '{', '}']);
        let next = next.and_then(|at| self.ahead().get(at..)?.chars().next());
        let error = if next == Some(close) {
            let message = format!("a comma is missing between the items of `{bracket}…{close}`");
            SyntaxError::new(message, word)
                .help("put a comma between them; or quotes around a text that holds `: `")
        } else {
            let message = format!("the `{bracket}` is not closed before this line");
            let message = if is_same_line {
                format!("the `{bracket}` is not closed")
            } else {
                message
            };
            SyntaxError::new(message, word).help(format!("add the missing `{close}`"))
        };
        Some(error.began(Some(self.char_at(open)), "opened here"))
    }

    /// The last bracket before the fault that opens a value and is not closed again.
    fn open_before(&self) -> Option<usize> {
        let before = self.back_from(self.at);
        let text = self.slice(&before);
        let mut open = Vec::new();
        let mut starts_value = true;
        for (at, char) in text.char_indices() {
            match char {
                '[' | '{' if starts_value => open.push(before.start + at),
                ']' | '}' => {
                    open.pop();
                }
                _ => {}
            }
            starts_value = char.is_whitespace() || matches!(char, '[' | '{' | ',');
        }
        open.pop()
    }

    fn mismatched(&self, open: char, close: char) -> SyntaxError {
        let message = format!("`{open}` is closed by `{close}`");
        let expected = closing(open);
        let help = format!("close it with `{expected}`");
        let closed = if self.char() == Some(close) {
            self.at
        } else {
            self.at + self.ahead().find(close).unwrap_or(0)
        };
        let opened = self.open.unwrap_or(self.at);
        let began = (opened != closed).then(|| self.char_at(opened));
        SyntaxError::new(message, self.char_at(closed))
            .help(help)
            .began(began, "opened here")
    }

    fn unclosed_quote(&self) -> Option<SyntaxError> {
        // A quote opens where a value may start; the last one of these before the fault is still open there.
        let before = self.back_from(self.char_at(self.at).end);
        let text = self.slice(&before);
        let mut quotes = text.char_indices().filter(|(at, char)| {
            let before = text.get(..*at).unwrap_or_default();
            let starts = before.ends_with([' ', '\n', '[', '{', ',', '\t']) || before.is_empty();
            matches!(char, '"' | '\'') && starts
        });
        let (opened, quote) = quotes.next_back()?;
        let opened = before.start + opened;
        let is_end = self.ahead().trim().is_empty();
        let message = format!("the quote `{quote}` is not closed");
        let help = "close it; the lines of a text in quotes are indented more than their key";
        Some(if is_end {
            SyntaxError::new(message, self.char_at(opened)).help(help)
        } else {
            SyntaxError::new(format!("{message} before this line"), self.word())
                .help(help)
                .began(Some(self.char_at(opened)), "opened here")
        })
    }

    /// Text on the line of what is complete.
    fn behind(&self, what: &str, help: &str) -> SyntaxError {
        SyntaxError::new(format!("text follows {what}"), self.to_line_end()).help(help)
    }

    fn escape(&self) -> Option<SyntaxError> {
        const KNOWN: &str = "0abtn\t\nvfre \"/\\N_LPxuU";
        let ahead = self.text.get(self.at..)?;
        let mut chars = ahead.char_indices();
        let found = loop {
            let (at, char) = chars.next()?;
            if char == '\\' {
                let (_, escaped) = chars.next()?;
                if !KNOWN.contains(escaped) || matches!(escaped, 'x' | 'u' | 'U') {
                    break Some((at, escaped));
                }
            }
            if at > LOOKED_AHEAD {
                break None;
            }
        };
        let (at, escaped) = found?;
        let at = self.at + at;
        let message = format!("`\\{escaped}` is no escape sequence that double quotes know");
        Some(
            SyntaxError::new(message, at..at + 1 + escaped.len_utf8()).help(
                "write `\\\\` for a backslash, or use single quotes: nothing is escaped in them",
            ),
        )
    }

    /// A colon where no key can be.
    fn colon(&self) -> Option<SyntaxError> {
        let line = self.line();
        let before = self.text.get(line.start..self.at)?;
        let colon = self.char_at(self.at);
        if before.starts_with("---") {
            let message = "a map cannot start on the line of `---`";
            return Some(SyntaxError::new(message, colon).help("start it on the next line"));
        }
        if let Some(first) = before.find(": ") {
            let message = "`: ` inside of a value without quotes looks like another key";
            let error = SyntaxError::new(message, colon);
            return Some(error.help(self.in_quotes(line.start + first + 2)));
        }
        if before.len() > 1024 {
            let message = "the key is longer than 1024 characters";
            return Some(SyntaxError::new(message, line.start..self.at));
        }
        // The value of a line above goes on to here.
        let above = self.line_above(&line)?;
        let text = self.slice(&above);
        let trimmed = text.trim_start_matches([' ', '-']);
        if let Some(error) = self.no_space(&above) {
            return Some(error);
        }
        if !trimmed.contains(':') && !text.trim_start().starts_with("- ") {
            return Some(self.no_colon(&above));
        }
        if indentation(self.slice(&line)) > indentation(text) {
            let message =
                "this line is indented more than the one above, so it belongs to its value";
            return Some(
                SyntaxError::new(message, self.word())
                    .help("align it with the keys beside it; or put quotes around a text of several lines")
                    .began(Some(self.trimmed(&above)), "the line above"),
            );
        }
        None
    }

    /// A line that should be a key, and is none.
    fn no_key(&self) -> SyntaxError {
        let line = self.line();
        self.no_space(&line).unwrap_or_else(|| self.no_colon(&line))
    }

    /// `key:value`.
    fn no_space(&self, line: &Range<usize>) -> Option<SyntaxError> {
        let text = self.slice(line).trim_end();
        let colon = text.find(':')?;
        let (key, value) = (text.get(..colon)?.trim(), text.get(colon + 1..)?);
        let key = key.trim_start_matches("- ");
        let is_key = !key.is_empty() && !key.contains(char::is_whitespace);
        if !is_key || value.is_empty() || value.starts_with([' ', '\t']) || value.contains(": ") {
            return None;
        }
        let at = line.start + colon;
        let error = SyntaxError::new("a space is missing after this colon", at..at + 1);
        let is_short = text.chars().count() <= MAX_SHOWN;
        let value = if is_short { value } else { "…" };
        Some(error.help(format!("write `{key}: {value}`")))
    }

    fn no_colon(&self, line: &Range<usize>) -> SyntaxError {
        let at = self.trimmed(line);
        let text = self.slice(&at);
        if let Some(rest) = text
            .strip_prefix('-')
            .filter(|rest| !rest.starts_with([' ', '-']))
        {
            let error =
                SyntaxError::new("a space is missing after this dash", at.start..at.start + 1);
            let rest = if rest.chars().count() <= MAX_SHOWN {
                rest
            } else {
                "…"
            };
            return error.help(format!("write `- {rest}`"));
        }
        let help = match text.split_once(char::is_whitespace) {
            Some((key, value)) if text.chars().count() <= MAX_SHOWN => {
                format!(
                    "write `{key}: {}`; a text of several lines is indented more than its key",
                    value.trim_start()
                )
            }
            _ => "a key needs a colon; a text of several lines is indented more than its key"
                .to_owned(),
        };
        SyntaxError::new("this line stands among keys and has no colon", at).help(help)
    }

    /// A line that does not belong to the list or map it stands in.
    fn no_sibling(&self) -> Option<SyntaxError> {
        let line = self.line();
        let text = self.slice(&line);
        let before = self.text.get(line.start..self.at)?.trim_end();
        if let Some(bracket) = before
            .chars()
            .next_back()
            .filter(|last| matches!(last, ']' | '}'))
        {
            let what = format!("the closing `{bracket}`");
            let help =
                "put quotes around the whole value if it is a text; else remove what follows";
            return Some(self.behind(&what, help));
        }
        let trimmed = text.trim_start();
        let first = line.start + text.len() - trimmed.len();
        let above = self.line_above(&line);
        let is_aligned = above
            .as_ref()
            .is_some_and(|above| indentation(self.slice(above)) == indentation(text));
        if is_aligned && trimmed.starts_with("- ") {
            let message = "an item of a list stands among the keys of a map";
            return Some(
                SyntaxError::new(message, first..first + 1)
                    .help("a list stands after a key without a value: `key:` on the line above"),
            );
        }
        Some(self.indentation())
    }

    fn indentation(&self) -> SyntaxError {
        let line = self.line();
        let count = indentation(self.slice(&line));
        let message = match count {
            0 => "this line belongs to no line above".to_owned(),
            1 => "this line is indented by 1 space, and does not fit the lines above".to_owned(),
            count => {
                format!("this line is indented by {count} spaces, and does not fit the lines above")
            }
        };
        SyntaxError::new(message, self.trimmed(&line)).help(
            "indent it like the lines beside it: keys of one map, and items of one list, are aligned",
        )
    }

    /// A character that means something at the start of a value.
    fn no_start(&self, why: &str) -> Option<SyntaxError> {
        let char = self.char()?;
        let message = match char {
            '`' => format!("a backtick {why}"),
            char => format!("`{char}` {why}"),
        };
        let help = self.in_quotes(self.at);
        Some(SyntaxError::new(message, self.char_at(self.at)).help(help))
    }

    fn directive(&self) -> Option<SyntaxError> {
        let line = self.line();
        let directive = if self.slice(&line).starts_with('%') {
            line
        } else {
            let lines = self.lines(self.back_from(line.start));
            lines
                .filter(|line| self.slice(line).starts_with('%'))
                .last()?
        };
        Some(
            SyntaxError::new(
                "a line that starts with `%` is a directive",
                self.trimmed(&directive),
            )
            .help("put `---` on the line after the directives; or quotes around a text"),
        )
    }

    /// The value from here to the end of the line, as it should be written.
    fn in_quotes(&self, from: usize) -> String {
        let end = self.line_at(from).end;
        let value = self.text.get(from..end).unwrap_or_default();
        let value = value.split(" #").next().unwrap_or_default().trim();
        if value.is_empty() || value.chars().count() > MAX_SHOWN || value.contains(['"', '\\', '`'])
        {
            "put quotes around the value".to_owned()
        } else {
            format!("put quotes around the value: `\"{value}\"`")
        }
    }
}

fn closing(open: char) -> char {
    if open == '[' { ']' } else { '}' }
}
