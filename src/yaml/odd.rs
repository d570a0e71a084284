//! Characters that the parser refuses and the `yaml` package takes as they are: control characters, a carriage return
//! alone, a byte order mark inside the text.
//!
//! In: the text of a file. Out: a [`Source`], in which such characters are replaced by characters for private use, and
//! the way back for scalars and offsets. Ordinary text is scanned once and borrowed.

use std::borrow::Cow;
use std::ops::Range;

const BYTE_ORDER_MARK: char = '\u{feff}';
/// The stand-in of a carriage return that comes with a space before it: where it follows an indicator, the `yaml`
/// package takes it for white space and for the start of a scalar at once.
const SPACED_RETURN: u32 = 0xA0;

/// A text that the parser takes, and how it differs from the original.
#[derive(Debug)]
pub(super) struct Source<'a> {
    text: Cow<'a, str>,
    original_length: usize,
    /// The first of 256 characters that stand for odd ones; the text itself has none of them.
    block: u32,
    /// Where the text is longer than the original: the offset in the text, and the sum of bytes so far.
    growth: Vec<(usize, usize)>,
}

impl<'a> Source<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let mut source = Self {
            text: Cow::Borrowed(text),
            original_length: text.len(),
            block: 0,
            growth: Vec::new(),
        };
        if may_have_odd(text.as_bytes())
            && has_odd(text)
            && let Some(block) = unused_block(text)
        {
            source.block = block;
            source.replace(text);
        }
        source
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    fn replace(&mut self, text: &str) {
        let mut replaced = String::with_capacity(text.len() + 64);
        for (at, character) in text.char_indices() {
            let Some(code) = odd_code(text, at, character) else {
                replaced.push(character);
                continue;
            };
            let follows_indicator = replaced.ends_with([':', '-', '?', ',']);
            let code = if character == '\r' && follows_indicator {
                replaced.push(' ');
                SPACED_RETURN
            } else {
                code
            };
            replaced.extend(char::from_u32(self.block + code));
            let grown = replaced.len() - at - character.len_utf8();
            self.growth.push((replaced.len(), grown));
        }
        self.text = Cow::Owned(replaced);
    }

    /// The range of the original text for a range of the parser's.
    pub(super) fn original(&self, range: Range<usize>) -> Range<usize> {
        if self.growth.is_empty() {
            return range.start.min(self.original_length)..range.end.min(self.original_length);
        }
        self.original_offset(range.start)..self.original_offset(range.end)
    }

    fn original_offset(&self, offset: usize) -> usize {
        let known = self.growth.partition_point(|(at, _)| *at <= offset);
        let grown = known
            .checked_sub(1)
            .and_then(|last| self.growth.get(last))
            .map_or(0, |(_, grown)| *grown);
        (offset - grown).min(self.original_length)
    }

    /// The original text of a scalar.
    pub(super) fn restored<'t>(&self, text: Cow<'t, str>) -> Cow<'t, str> {
        if self.growth.is_empty() || !text.chars().any(|character| self.is_stand_in(character)) {
            return text;
        }
        let mut restored = String::with_capacity(text.len());
        for character in text.chars() {
            if !self.is_stand_in(character) {
                restored.push(character);
                continue;
            }
            match u32::from(character) - self.block {
                SPACED_RETURN => {
                    if restored.ends_with([' ']) {
                        restored.pop();
                    }
                    restored.push('\r');
                }
                code => restored.extend(character_of(code)),
            }
        }
        Cow::Owned(restored)
    }

    fn is_stand_in(&self, character: char) -> bool {
        self.block != 0 && u32::from(character) & !0xff == self.block
    }
}

/// A quick look for bytes that odd characters start with.
fn may_have_odd(bytes: &[u8]) -> bool {
    let is_suspicious = |byte: u8| matches!(byte, 0x00..0x09 | 0x0b..0x20 | 0x7f | 0xc2 | 0xef);
    // Without a way out inside a chunk, the compiler looks at many bytes at once.
    bytes.chunks(1024).any(|chunk| {
        chunk
            .iter()
            .fold(false, |found, byte| found | is_suspicious(*byte))
    })
}

fn has_odd(text: &str) -> bool {
    text.char_indices()
        .any(|(at, character)| odd_code(text, at, character).is_some())
}

/// The number that an odd character has among the stand-ins.
fn odd_code(text: &str, at: usize, character: char) -> Option<u32> {
    let is_odd = match character {
        '\t' | '\n' | '\u{85}' => false,
        '\r' => text.as_bytes().get(at + 1) != Some(&b'\n'),
        BYTE_ORDER_MARK => !may_start_document(text, at),
        '\u{fffe}' | '\u{ffff}' => true,
        other => other.is_control(),
    };
    is_odd.then_some(match character {
        BYTE_ORDER_MARK => 0xB0,
        '\u{fffe}' => 0xB1,
        '\u{ffff}' => 0xB2,
        other => u32::from(other),
    })
}

fn character_of(code: u32) -> Option<char> {
    match code {
        0xB0 => Some(BYTE_ORDER_MARK),
        0xB1 => Some('\u{fffe}'),
        0xB2 => Some('\u{ffff}'),
        code => char::from_u32(code),
    }
}

/// Before a document, at the start of the text or after a `...` line, a byte order mark is not content.
fn may_start_document(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    let Some(lines) = before.strip_suffix('\n') else {
        return before.is_empty();
    };
    let first = lines
        .rsplit('\n')
        .find(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    first.is_none_or(|line| line.trim_end() == "...")
}

/// A block of 256 characters for private use that the text does not use.
fn unused_block(text: &str) -> Option<u32> {
    let mut used = [false; 512];
    for character in text.chars() {
        if let Some(index) = u32::from(character).checked_sub(0xf_0000)
            && let Some(used) = used.get_mut(index as usize >> 8)
        {
            *used = true;
        }
    }
    // The last block of a plane ends in characters that are none.
    (0u32..512)
        .filter(|block| block & 0xff != 0xff)
        .find(|block| !used.get(*block as usize).copied().unwrap_or(true))
        .map(|block| 0xf_0000 + (block << 8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_text_is_borrowed() {
        for text in [
            "a: 1\r\nb: é\n",
            "\u{feff}a: 1\n",
            "a: \u{85}\u{fffd}\n...\n\u{feff}b: 1\n",
        ] {
            assert!(
                matches!(Source::of(text).text, Cow::Borrowed(_)),
                "{text:?}"
            );
        }
    }

    #[test]
    fn odd_characters_come_back() {
        let text = "a: \u{1}x\0\u{7f}\u{9f}\r\u{feff}\u{f0000}\u{ffff}\ny:\r z";
        let source = Source::of(text);
        assert!(!has_odd(source.text()));
        assert_eq!(source.restored(Cow::Borrowed(source.text())), text);
    }

    #[test]
    fn offsets_are_those_of_the_original() {
        let text = "\u{1}a\u{2}b\u{9f}c";
        let source = Source::of(text);
        for character in ['a', 'b', 'c'] {
            let range = source.text().find(character).map(|at| at..at + 1);
            let original = range.map(|range| source.original(range));
            assert_eq!(
                original.and_then(|range| text.get(range)),
                Some(character.to_string().as_str())
            );
        }
        assert_eq!(source.original(0..source.text().len()), 0..text.len());
    }
}
