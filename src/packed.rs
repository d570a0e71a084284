//! Values in little memory: hundreds of thousands of descriptors and entities are held at once, and looked at one after
//! the other.
//!
//! In: texts and JSON values, one behind the other. Out: the same, as often as somebody wants to look at them. A map of
//! JSON values takes about five times the memory of its text. The form is our own: to read JSON again takes twice as
//! long. What is long is compressed, for definitions of APIs are most of many catalogs.

use serde_json::{Map, Number, Value};

/// What was packed. Two of them that are equal hold the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Packed {
    bytes: Box<[u8]>,
    /// How many bytes are compressed here; 0 where they stand as they are.
    compressed: usize,
}

/// Below this, compression takes more time than it is worth.
const MIN_COMPRESSED: usize = 512;

// What a value begins with. Counts and lengths follow in groups of seven bits, the lowest first.
const NULL: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const SIGNED: u8 = 3;
const UNSIGNED: u8 = 4;
const FLOAT: u8 = 5;
const TEXT: u8 = 6;
const LIST: u8 = 7;
const MAP: u8 = 8;

impl Packed {
    /// Reads what was packed, in the order in which it was written. A reader that reads anything else gets `None` or
    /// nonsense.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&mut Reader<'_>) -> Option<T>) -> Option<T> {
        if self.compressed == 0 {
            return read(&mut Reader(&self.bytes));
        }
        let bytes = lz4_flex::block::decompress(&self.bytes, self.compressed).ok()?;
        read(&mut Reader(&bytes))
    }
}

/// Packs what is written to it.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
    has_placeholder: bool,
    extent: Extent,
    depth: usize,
}

/// How large what is written would be as text.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Extent {
    /// Its bytes, packed.
    pub(crate) bytes: usize,
    /// Where lines may begin: texts, values, brackets that close, and line breaks in texts.
    pub(crate) lines: usize,
    /// How deep lists and maps are nested.
    pub(crate) depth: usize,
    /// Bytes of texts that some format spells with others.
    pub(crate) unusual: usize,
}

impl Writer {
    /// What was written, as it is: it is read again soon.
    pub(crate) fn packed(self) -> Packed {
        Packed {
            // A copy: what shrinks where it is keeps its memory.
            bytes: self.bytes.as_slice().into(),
            compressed: 0,
        }
    }

    /// What was written, compressed where that is worth it: it is kept.
    pub(crate) fn compressed(self) -> Packed {
        let Self { bytes, .. } = &self;
        if bytes.len() >= MIN_COMPRESSED {
            let compressed = lz4_flex::block::compress(bytes);
            if compressed.len() < bytes.len() / 8 * 7 {
                return Packed {
                    bytes: compressed.as_slice().into(),
                    compressed: bytes.len(),
                };
            }
        }
        self.packed()
    }

    /// Whether some map that was written has a key that begins with `$`.
    pub(crate) fn has_placeholder(&self) -> bool {
        self.has_placeholder
    }

    /// How large it would be as text.
    pub(crate) fn extent(&self) -> Extent {
        Extent {
            bytes: self.bytes.len(),
            ..self.extent
        }
    }

    pub(crate) fn flag(&mut self, flag: bool) {
        self.bytes.push(flag.into());
    }

    pub(crate) fn count(&mut self, mut count: usize) {
        loop {
            let [lowest, ..] = count.to_le_bytes();
            count >>= 7;
            if count == 0 {
                return self.bytes.push(lowest & 0x7f);
            }
            self.bytes.push(lowest | 0x80);
        }
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.extent.unusual += unusual(text);
        self.extent.lines += 1 + memchr::memchr_iter(b'\n', text.as_bytes()).count();
        self.count(text.len());
        self.bytes.extend_from_slice(text.as_bytes());
    }

    /// The text as a value.
    pub(crate) fn text_value(&mut self, text: &str) {
        self.bytes.push(TEXT);
        self.text(text);
    }

    /// The list of texts as a value.
    pub(crate) fn text_values(&mut self, texts: &[String]) {
        self.bytes.push(LIST);
        self.count(texts.len());
        self.nested(|writer| texts.iter().for_each(|text| writer.text_value(text)));
    }

    pub(crate) fn map(&mut self, map: &Map<String, Value>) {
        self.count(map.len());
        for (key, value) in map {
            self.has_placeholder |= key.starts_with('$');
            self.text(key);
            self.value(value);
        }
    }

    fn number(&mut self, number: &Number) {
        let (sort, bits) = if let Some(number) = number.as_i64() {
            (SIGNED, number.to_le_bytes())
        } else if let Some(number) = number.as_u64() {
            (UNSIGNED, number.to_le_bytes())
        } else {
            // Every other number is a float.
            let float = number.as_f64().unwrap_or_default();
            (FLOAT, float.to_le_bytes())
        };
        self.bytes.push(sort);
        self.bytes.extend_from_slice(&bits);
    }

    pub(crate) fn value(&mut self, value: &Value) {
        self.extent.lines += 1;
        match value {
            Value::Null => self.bytes.push(NULL),
            Value::Bool(false) => self.bytes.push(FALSE),
            Value::Bool(true) => self.bytes.push(TRUE),
            Value::Number(number) => self.number(number),
            Value::String(text) => self.text_value(text),
            Value::Array(items) => {
                self.bytes.push(LIST);
                self.count(items.len());
                self.nested(|writer| items.iter().for_each(|item| writer.value(item)));
            }
            Value::Object(map) => {
                self.bytes.push(MAP);
                self.nested(|writer| writer.map(map));
            }
        }
    }

    fn nested(&mut self, write: impl FnOnce(&mut Self)) {
        self.extent.lines += 1;
        self.depth += 1;
        self.extent.depth = self.extent.depth.max(self.depth);
        write(self);
        self.depth -= 1;
    }
}

/// How many bytes of a text some format spells with others: what ends or begins quotes, what no line shows, and what is not
/// ASCII.
fn unusual(text: &str) -> usize {
    let is_unusual =
        |byte: &u8| !matches!(byte, b' '..=b'~') | matches!(byte, b'"' | b'\'' | b'\\');
    // In pieces whose count fits a byte, which processors count many bytes of at once.
    let pieces = text.as_bytes().chunks(u8::MAX.into());
    let counts = pieces.map(|piece| {
        piece
            .iter()
            .map(|byte| u8::from(is_unusual(byte)))
            .sum::<u8>()
    });
    counts.map(usize::from).sum()
}

/// What is left to be read; everything is `None` at the end of it.
pub(crate) struct Reader<'a>(&'a [u8]);

/// What a value is, of which no more is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    Null,
    EmptyList,
    Something,
}

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    pub(crate) fn flag(&mut self) -> Option<bool> {
        self.byte().map(|byte| byte != 0)
    }

    pub(crate) fn count(&mut self) -> Option<usize> {
        let (mut count, mut shift) = (0, 0);
        loop {
            let byte = self.byte()?;
            count |= usize::from(byte & 0x7f).checked_shl(shift)?;
            if byte < 0x80 {
                return Some(count);
            }
            shift += 7;
        }
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.count()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    pub(crate) fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    pub(crate) fn map(&mut self) -> Option<Map<String, Value>> {
        let count = self.count()?;
        let mut map = Map::with_capacity(count);
        for _ in 0..count {
            let key = self.text()?.to_owned();
            map.insert(key, self.value()?);
        }
        Some(map)
    }

    fn bits(&mut self) -> Option<[u8; 8]> {
        let (bits, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*bits)
    }

    pub(crate) fn value(&mut self) -> Option<Value> {
        Some(match self.byte()? {
            NULL => Value::Null,
            FALSE => Value::Bool(false),
            TRUE => Value::Bool(true),
            SIGNED => i64::from_le_bytes(self.bits()?).into(),
            UNSIGNED => u64::from_le_bytes(self.bits()?).into(),
            FLOAT => f64::from_le_bytes(self.bits()?).into(),
            TEXT => Value::String(self.text()?.to_owned()),
            LIST => {
                let count = self.count()?;
                let mut items = Vec::with_capacity(count);
                for _ in 0..count {
                    items.push(self.value()?);
                }
                Value::Array(items)
            }
            MAP => Value::Object(self.map()?),
            _ => return None,
        })
    }

    /// Passes over a value.
    pub(crate) fn skip(&mut self) -> Option<Held> {
        match self.byte()? {
            NULL => return Some(Held::Null),
            FALSE | TRUE => {}
            SIGNED | UNSIGNED | FLOAT => _ = self.bits()?,
            TEXT => self.skip_text()?,
            LIST => {
                let count = self.count()?;
                for _ in 0..count {
                    self.skip()?;
                }
                if count == 0 {
                    return Some(Held::EmptyList);
                }
            }
            MAP => {
                for _ in 0..self.count()? {
                    self.skip_text()?;
                    self.skip()?;
                }
            }
            _ => return None,
        }
        Some(Held::Something)
    }

    /// Passes over a text.
    pub(crate) fn skip_text(&mut self) -> Option<()> {
        self.bytes().map(drop)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            ("[a-c]{1,4}", 0_usize..600).prop_map(|(text, times)| text.repeat(times).into()),
        ];
        leaf.prop_recursive(4, 30, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((any::<String>(), inner), 0..4)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    fn packed(value: &Value) -> Packed {
        let mut writer = Writer::default();
        writer.value(value);
        writer.compressed()
    }

    fn unpacked(packed: &mut Reader<'_>) -> Option<Value> {
        packed.value()
    }

    proptest! {
        #[test]
        fn values_come_back_as_they_were(value in values()) {
            let packed = packed(&value);
            let back = packed.read(unpacked).map(|back| back.to_string());
            // Text tells the order of keys and the sign of zero, which equality does not.
            prop_assert_eq!(back, Some(value.to_string()));
        }

        #[test]
        fn what_is_passed_over_is_a_value(first in values(), second in values()) {
            let mut writer = Writer::default();
            writer.value(&first);
            writer.value(&second);
            let back = writer.compressed().read(|reader| {
                let held = reader.skip()?;
                Some((held, reader.value()?))
            });
            let held = match &first {
                Value::Null => Held::Null,
                Value::Array(items) if items.is_empty() => Held::EmptyList,
                _ => Held::Something,
            };
            prop_assert_eq!(back, Some((held, second)));
        }

        #[test]
        fn an_extent_is_never_too_small(value in values()) {
            let pretty = serde_json::to_string_pretty(&value)?;
            let mut writer = Writer::default();
            writer.value(&value);
            let extent = writer.extent();
            prop_assert!(pretty.lines().count() <= extent.lines);
            let deepest = pretty.lines().map(|line| line.len() - line.trim_start_matches(' ').len()).max();
            prop_assert!(deepest.unwrap_or(0) <= 2 * extent.depth);
        }
    }

    #[test]
    fn long_things_are_compressed() {
        let text = "openapi: 3.0.0\n".repeat(100);
        let packed = packed(&text.as_str().into());
        assert!(packed.bytes.len() < text.len() / 4);
        assert_eq!(packed.compressed, text.len() + 3);
    }

    #[test]
    fn depth_is_no_limit() {
        let deep = (0..600).fold(json!(1), |inner, _| json!([inner]));
        let back = packed(&deep).read(unpacked);
        let depth = std::iter::successors(back.as_ref(), |value| value.get(0)).count();
        assert_eq!(depth, 601);
    }
}
