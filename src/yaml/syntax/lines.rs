//! The lines around the place where the parser gave up.
//!
//! In: a [`Failure`]. Out: ranges of the text; all of them are bounded, so that a file of many faults stays cheap.

use std::ops::Range;

use super::{Failure, LOOKED_AHEAD, LOOKED_BACK};

impl Failure<'_> {
    pub(super) fn slice(&self, range: &Range<usize>) -> &str {
        self.text.get(range.clone()).unwrap_or_default()
    }

    pub(super) fn char(&self) -> Option<char> {
        self.text.get(self.at..)?.chars().next()
    }

    pub(super) fn char_at(&self, at: usize) -> Range<usize> {
        let rest = self.text.get(at..).unwrap_or_default();
        let char = rest.chars().next().filter(|char| !char.is_whitespace());
        at..at + char.map_or(0, char::len_utf8)
    }

    /// The line of the fault. At the very end of a text that is the last one with content.
    pub(super) fn line(&self) -> Range<usize> {
        let line = self.line_at(self.at);
        if self.slice(&line).trim().is_empty() {
            self.line_above(&line).unwrap_or(line)
        } else {
            line
        }
    }

    /// The line around an offset, without its end.
    pub(super) fn line_at(&self, at: usize) -> Range<usize> {
        let before = self.text.get(..at).unwrap_or_default();
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let rest = self.text.get(at..).unwrap_or_default();
        let end = at + rest.find('\n').unwrap_or(rest.len());
        let is_first = start == 0 && self.text.starts_with('\u{feff}');
        let start = if is_first {
            '\u{feff}'.len_utf8()
        } else {
            start
        };
        start.min(end)..end
    }

    /// The nearest line above that holds something.
    pub(super) fn line_above(&self, line: &Range<usize>) -> Option<Range<usize>> {
        let above = self.back_from(line.start);
        self.lines(above)
            .filter(|line| {
                let text = self.slice(line).trim();
                !text.is_empty() && !text.starts_with('#')
            })
            .last()
    }

    pub(super) fn next_line(&self) -> Range<usize> {
        let end = self.line_at(self.at).end;
        self.line_at((end + 1).min(self.text.len()))
    }

    /// The document up to an offset, as far as it is looked at.
    pub(super) fn back_from(&self, end: usize) -> Range<usize> {
        let earliest = end.saturating_sub(LOOKED_BACK);
        let earliest = (earliest..=end).find(|at| self.text.is_char_boundary(*at));
        let earliest = self.line_at(earliest.unwrap_or(end)).start.min(end);
        let before = self.text.get(earliest..end).unwrap_or_default();
        let start = before.rfind("\n---").map_or(0, |marker| marker + 1);
        earliest + start..end
    }

    pub(super) fn lines(&self, range: Range<usize>) -> impl Iterator<Item = Range<usize>> + '_ {
        let mut start = range.start;
        let text = self.text.get(range).unwrap_or_default();
        text.split_inclusive('\n').map(move |line| {
            let at = start;
            start += line.len();
            at..at + line.trim_end_matches('\n').len()
        })
    }

    /// A line without the white space around it.
    pub(super) fn trimmed(&self, line: &Range<usize>) -> Range<usize> {
        let text = self.slice(line);
        let start = line.start + text.len() - text.trim_start().len();
        start..start.max(line.start + text.trim_end().len())
    }

    pub(super) fn to_line_end(&self) -> Range<usize> {
        self.trimmed(&(self.at..self.line_at(self.at).end.max(self.at)))
    }

    /// The word around the fault: a key rather than its colon.
    pub(super) fn word(&self) -> Range<usize> {
        let line = self.line();
        let is_key = self.char() == Some(':');
        let range = if is_key {
            line.start..self.at
        } else {
            self.at..line.end.max(self.at)
        };
        let word = self.trimmed(&range);
        if word.is_empty() {
            self.char_at(self.at)
        } else {
            word
        }
    }

    /// What follows, as far as it is looked at.
    pub(super) fn ahead(&self) -> &str {
        let end = (self.at + LOOKED_AHEAD).min(self.text.len());
        let end = (self.at..=end)
            .rev()
            .find(|at| self.text.is_char_boundary(*at));
        self.text
            .get(self.at..end.unwrap_or(self.at))
            .unwrap_or_default()
    }
}

/// How many spaces a line starts with.
pub(super) fn indentation(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}
