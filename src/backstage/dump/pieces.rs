//! Cuts a dump into the texts of its entities, without holding more than one of them.
//!
//! In: bytes. Out: [`Piece`]s, each with the line it starts at. What is inside a piece is not looked at but for its
//! brackets and strings, so a piece that is no JSON costs only itself. The layout is told by the content: a list, an
//! object with a list `items`, one entity a line, or any values one after the other.

use std::io::{self, BufRead, Chain, Cursor, Read};

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::source::MAX_FILE_BYTES;

/// The text of what should be an entity.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// The line it starts at, from 1.
    pub(super) line: usize,
    /// Its bytes; `None` where they are more than [`MAX_FILE_BYTES`].
    pub(super) text: Option<Vec<u8>>,
}

/// Why the rest of a dump cannot be cut.
#[derive(Debug)]
pub(super) enum Fault {
    /// It cannot be read.
    Read(io::Error),
    /// It is no JSON.
    Content {
        /// The line of the fault, from 1.
        line: usize,
        /// What is wrong.
        message: &'static str,
    },
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Read(error)
    }
}

/// The pieces of a dump in their order; nothing sensible follows a fault.
pub(super) struct Pieces<R> {
    input: Chain<Cursor<Vec<u8>>, R>,
    layout: Layout,
}

enum Layout {
    Lines {
        line: usize,
    },
    Values(Scanner),
    /// Nothing follows a fault.
    Over,
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl<R: BufRead> Pieces<R> {
    /// Looks at the first two lines, which tell the layout.
    pub(super) fn new(mut input: R) -> io::Result<Self> {
        let mut head = Vec::new();
        let first = filled_line(&mut input, &mut head)?;
        let second = filled_line(&mut input, &mut head)?;
        let first = first.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&first);
        let layout = if has_entity_a_line(first.trim_ascii(), second.trim_ascii()) {
            Layout::Lines { line: 0 }
        } else {
            Layout::Values(Scanner::default())
        };
        let skipped = if head.starts_with(BYTE_ORDER_MARK) {
            BYTE_ORDER_MARK.len()
        } else {
            0
        };
        Ok(Self {
            input: Cursor::new(head.split_off(skipped)).chain(input),
            layout,
        })
    }
}

/// The next line that is not blank, or as much of it as a piece may hold. Everything read is added to the head.
fn filled_line(input: &mut impl BufRead, head: &mut Vec<u8>) -> io::Result<Vec<u8>> {
    loop {
        let start = head.len();
        let read = input.take(MAX_FILE_BYTES).read_until(b'\n', head)?;
        let line = head.get(start..).unwrap_or_default();
        if read == 0 || !line.trim_ascii().is_empty() {
            return Ok(line.to_vec());
        }
    }
}

/// What tells `{"items": […]}` from an entity.
#[derive(Deserialize)]
struct Wrapper {
    items: Option<IgnoredAny>,
}

/// Whether the lines are entities of their own: the first one is complete, or it is damaged and the second one is
/// complete where a value printed over several lines could not be.
fn has_entity_a_line(first: &[u8], second: &[u8]) -> bool {
    let is_object = |line: &[u8]| {
        line.starts_with(b"{")
            && serde_json::from_slice::<Wrapper>(line).is_ok_and(|wrapper| wrapper.items.is_none())
    };
    let goes_on = first.is_empty() || first.ends_with(b"[") || first.ends_with(b"{");
    let goes_on = goes_on || first.ends_with(b",") || first.ends_with(b":");
    is_object(first) || (!goes_on && !first.starts_with(b"[") && is_object(second))
}

impl<R: BufRead> Iterator for Pieces<R> {
    type Item = Result<Piece, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = match &mut self.layout {
            Layout::Lines { line } => next_line(&mut self.input, line),
            Layout::Values(scanner) => scanner.next(&mut self.input),
            Layout::Over => Ok(None),
        };
        if next.is_err() {
            self.layout = Layout::Over;
        }
        next.transpose()
    }
}

fn next_line(input: &mut impl BufRead, line: &mut usize) -> Result<Option<Piece>, Fault> {
    loop {
        let mut text = Vec::new();
        let read = input
            .by_ref()
            .take(MAX_FILE_BYTES + 1)
            .read_until(b'\n', &mut text)?;
        if read == 0 {
            return Ok(None);
        }
        *line += 1;
        let is_too_large = read as u64 > MAX_FILE_BYTES;
        if is_too_large && !text.ends_with(b"\n") {
            input.skip_until(b'\n')?;
        }
        if !text.trim_ascii().is_empty() {
            return Ok(Some(Piece {
                line: *line,
                text: (!is_too_large).then_some(text),
            }));
        }
    }
}

/// Finds where values start and end by their brackets, byte by byte.
#[derive(Default)]
struct Scanner {
    state: State,
    /// Line ends so far.
    lines: usize,
    start: usize,
    /// `None` once it is too large.
    text: Option<Vec<u8>>,
    depth: usize,
    string: Text,
    string_start: usize,
    key: Key,
    /// Whether the value stands in no list, so that it may be an object with `items`.
    is_at_top: bool,
    /// Whether the list is the `items` of an object.
    is_in_object: bool,
    /// Whether this is what follows the `items` in their object.
    is_rest: bool,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Top,
    List,
    Value,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Text {
    #[default]
    Outside,
    Inside,
    Escaped,
}

/// What was last read of an object at the top.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Key {
    #[default]
    Other,
    /// The string `"items"`.
    Items,
    /// A colon after that.
    ItemsFollow,
}

const NOT_JSON: &str = "this is no JSON";
const CUT_OFF: &str = "the file ends before what starts here is complete";

impl Scanner {
    fn next(&mut self, input: &mut impl BufRead) -> Result<Option<Piece>, Fault> {
        loop {
            let chunk = input.fill_buf()?;
            if chunk.is_empty() {
                return self.end();
            }
            let mut used = 0;
            let mut piece = None;
            for byte in chunk {
                used += 1;
                piece = self.accept(*byte)?;
                if piece.is_some() {
                    break;
                }
            }
            input.consume(used);
            if piece.is_some() {
                return Ok(piece);
            }
        }
    }

    fn end(&mut self) -> Result<Option<Piece>, Fault> {
        if self.state == State::Top {
            return Ok(None);
        }
        let line = match self.state {
            State::Value if !self.is_rest => self.start,
            _ => self.lines + 1,
        };
        Err(Fault::Content {
            line,
            message: CUT_OFF,
        })
    }

    fn accept(&mut self, byte: u8) -> Result<Option<Piece>, Fault> {
        let line = self.lines + 1;
        self.lines += usize::from(byte == b'\n');
        let is_space = byte.is_ascii_whitespace();
        match (self.state, byte) {
            (State::Value, _) => return self.value(byte),
            (State::Top | State::List, _) if is_space => {}
            (State::Top, b'[') => {
                self.state = State::List;
                self.is_in_object = false;
                self.start = line;
            }
            (State::List, b',') => {}
            (State::List, b']') => self.close_list(),
            (State::Top, b'{') | (State::List, _) if byte != b'}' => {
                self.is_at_top = self.state == State::Top;
                self.begin(line);
                return self.value(byte);
            }
            _ => return Err(Self::unexpected(line)),
        }
        Ok(None)
    }

    fn unexpected(line: usize) -> Fault {
        let message = NOT_JSON;
        Fault::Content { line, message }
    }

    fn begin(&mut self, line: usize) {
        self.state = State::Value;
        self.start = line;
        self.text = Some(Vec::new());
        self.depth = 0;
        self.key = Key::Other;
    }

    /// One byte of a value.
    fn value(&mut self, byte: u8) -> Result<Option<Piece>, Fault> {
        if self.string != Text::Outside {
            return Ok(self.string(byte));
        }
        let key = self.key;
        self.key = match (byte, key) {
            (b':', Key::Items) => Key::ItemsFollow,
            _ if byte.is_ascii_whitespace() => key,
            _ => Key::Other,
        };
        match byte {
            b'[' if key == Key::ItemsFollow => {
                self.state = State::List;
                self.is_in_object = true;
            }
            b'{' | b'[' => {
                self.push(byte);
                self.depth += 1;
            }
            b']' if self.depth == 0 => {
                let piece = self.finish();
                self.close_list();
                return Ok(piece);
            }
            b'}' if self.depth == 0 => return Err(Self::unexpected(self.lines + 1)),
            b'}' | b']' => {
                self.push(byte);
                self.depth -= 1;
                if self.depth == 0 {
                    return Ok(self.finish());
                }
            }
            b'"' => {
                self.push(byte);
                self.string = Text::Inside;
                self.string_start = self.text.as_ref().map_or(0, Vec::len);
            }
            _ if self.depth == 0 && (byte == b',' || byte.is_ascii_whitespace()) => {
                return Ok(self.finish());
            }
            _ => self.push(byte),
        }
        Ok(None)
    }

    fn string(&mut self, byte: u8) -> Option<Piece> {
        self.push(byte);
        self.string = match (self.string, byte) {
            (Text::Inside, b'\\') => Text::Escaped,
            (Text::Inside, b'"') => Text::Outside,
            _ => Text::Inside,
        };
        if self.string == Text::Outside {
            let text = self.text.as_deref().unwrap_or_default();
            let is_items = text.get(self.string_start..) == Some(b"items\"");
            if self.is_at_top && self.depth == 1 && is_items {
                self.key = Key::Items;
            }
            if self.depth == 0 {
                return self.finish();
            }
        }
        None
    }

    fn push(&mut self, byte: u8) {
        let Some(text) = self.text.as_mut().filter(|_| !self.is_rest) else {
            return;
        };
        if text.len() as u64 >= MAX_FILE_BYTES {
            self.text = None;
        } else {
            text.push(byte);
        }
    }

    /// Ends a value; what follows the `items` of an object is no piece.
    fn finish(&mut self) -> Option<Piece> {
        self.state = if self.is_at_top {
            State::Top
        } else {
            State::List
        };
        if std::mem::take(&mut self.is_rest) {
            return None;
        }
        Some(Piece {
            line: self.start,
            text: self.text.take(),
        })
    }

    fn close_list(&mut self) {
        if self.is_in_object {
            self.begin(self.lines + 1);
            self.depth = 1;
            self.is_at_top = true;
            self.is_rest = true;
        } else {
            self.state = State::Top;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Line and text of each piece, and the line of the fault.
    type Cut = (Vec<(usize, String)>, Option<usize>);

    fn cut(text: &str) -> io::Result<Cut> {
        let mut pieces = Vec::new();
        // A small buffer, so that every boundary between chunks occurs.
        let input = io::BufReader::with_capacity(3, text.as_bytes());
        for piece in Pieces::new(input)? {
            match piece {
                Ok(piece) => {
                    let text = piece.text.unwrap_or_default();
                    let text = String::from_utf8_lossy(&text).trim().to_owned();
                    pieces.push((piece.line, text));
                }
                Err(Fault::Content { line, .. }) => return Ok((pieces, Some(line))),
                Err(Fault::Read(error)) => return Err(error),
            }
        }
        Ok((pieces, None))
    }

    #[test]
    fn every_layout_gives_the_same_pieces() -> io::Result<()> {
        let (a, b) = (r#"{"a":"]}\"[","items2":[1]}"#, r#"{"b":{"items":[2]}}"#);
        for (text, lines) in [
            (format!("[{a},{b}]"), [1, 1]),
            (format!("[\n  {a},\n\n  {b}\n]\n"), [2, 4]),
            (
                format!("{{\"items\":[{a},{b}],\"pageInfo\":{{\"items\":[3]}}}}"),
                [1, 1],
            ),
            (
                format!("{{\"totalItems\": 2,\n \"items\" : [\n{a},\n{b}]}}"),
                [3, 4],
            ),
            (format!("{a}\n{b}"), [1, 2]),
            (format!("\u{feff}\n{a}\r\n\n{b}\r\n\n"), [2, 4]),
            (format!("{{\"items\":[{a}]}}\n{{\"items\":[{b}]}}"), [1, 2]),
            (format!("[{a}]\n[{b}]\n[]"), [1, 2]),
        ] {
            let expected = vec![(lines[0], a.to_owned()), (lines[1], b.to_owned())];
            assert_eq!(cut(&text)?, (expected, None), "{text}");
        }
        Ok(())
    }

    #[test]
    fn a_damaged_piece_costs_only_itself() -> io::Result<()> {
        for (text, expected) in [
            ("[{\"a\": },{}]", vec!["{\"a\": }", "{}"]),
            ("[1, tru ,\"x\", null]", vec!["1", "tru", "\"x\"", "null"]),
            (
                "{\"a\":1}\n{\"b\": \n{\"c\":3}",
                vec!["{\"a\":1}", "{\"b\":", "{\"c\":3}"],
            ),
            (
                "{\"a\": \"x\n{\"b\":1}\n{}",
                vec!["{\"a\": \"x", "{\"b\":1}", "{}"],
            ),
            ("oops\n{\"b\":1}\n", vec!["oops", "{\"b\":1}"]),
            ("{\n \"a\":\n {}\n}", vec!["{\n \"a\":\n {}\n}"]),
            ("", vec![]),
            (" \n\n", vec![]),
            ("{\"items\":[]}", vec![]),
        ] {
            let (pieces, fault) = cut(text)?;
            let pieces: Vec<String> = pieces.into_iter().map(|(_, text)| text).collect();
            assert_eq!(
                (pieces, fault),
                (expected.iter().map(ToString::to_string).collect(), None),
                "{text}"
            );
        }
        Ok(())
    }

    #[test]
    fn what_is_no_json_ends_with_its_line() -> io::Result<()> {
        for (text, line) in [
            ("<!DOCTYPE html>\n<html>", 1),
            ("\n\nhello", 3),
            ("[\n{},\n{\"a\":\n", 3),
            ("[{}}]", 1),
            ("{\"items\":[\n{}\n]\n", 4),
            ("[{}]\n]", 2),
        ] {
            assert_eq!(cut(text)?.1, Some(line), "{text}");
        }
        Ok(())
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_end(bytes in proptest::collection::vec(proptest::sample::select(b"{}[]\",:\\ \nai1".to_vec()), 0..200)) {
            let pieces = Pieces::new(bytes.as_slice()).map(Iterator::count);
            proptest::prop_assert!(pieces.is_ok());
        }
    }
}
