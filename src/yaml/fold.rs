//! Folds long texts over lines, as the `yaml` package does.

use std::collections::HashSet;
use std::ops::Range;

pub(super) const LINE_WIDTH: usize = 80;
pub(super) const MIN_CONTENT_WIDTH: usize = 20;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Flow,
    Block,
    Quoted,
}

/// Breaks lines at spaces so that they have at most 80 columns; true where a line cannot be broken.
pub(super) fn fold(
    text: &str,
    mode: Mode,
    indent: usize,
    indent_at_start: Option<usize>,
) -> (String, bool) {
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

pub(super) fn spaces(count: usize) -> String {
    " ".repeat(count)
}
