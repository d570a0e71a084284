//! The fields of a descriptor in little memory.
//!
//! In: fields. Out: the same fields, as often as somebody wants to look at them. A map of JSON values takes about five
//! times the memory of its text, and most stages look at one entity after the other. The form is our own: to read JSON
//! again takes twice as long.

use serde_json::{Map, Number, Value};

/// The fields of a descriptor or an entity, packed.
#[derive(Debug, Clone)]
pub struct Packed {
    bytes: Box<[u8]>,
    has_placeholder: bool,
}

/// The order of keys does not matter, as it does not for maps.
impl PartialEq for Packed {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes || self.fields() == other.fields()
    }
}

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
    /// Packs fields.
    #[must_use]
    pub fn of(fields: &Map<String, Value>) -> Self {
        let mut writer = Writer::default();
        writer.map(fields);
        Self {
            bytes: writer.bytes.into(),
            has_placeholder: writer.has_placeholder,
        }
    }

    /// The fields, exactly as they were packed.
    #[must_use]
    pub fn fields(&self) -> Map<String, Value> {
        // Whatever is read here was written by `of`.
        Reader(&self.bytes).map().unwrap_or_default()
    }

    /// Whether some map in the fields has a key that begins with `$`.
    pub(super) fn has_placeholder(&self) -> bool {
        self.has_placeholder
    }
}

#[derive(Default)]
struct Writer {
    bytes: Vec<u8>,
    has_placeholder: bool,
}

impl Writer {
    fn count(&mut self, mut count: usize) {
        loop {
            let [lowest, ..] = count.to_le_bytes();
            count >>= 7;
            if count == 0 {
                return self.bytes.push(lowest & 0x7f);
            }
            self.bytes.push(lowest | 0x80);
        }
    }

    fn text(&mut self, text: &str) {
        self.count(text.len());
        self.bytes.extend_from_slice(text.as_bytes());
    }

    fn map(&mut self, map: &Map<String, Value>) {
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

    fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.bytes.push(NULL),
            Value::Bool(false) => self.bytes.push(FALSE),
            Value::Bool(true) => self.bytes.push(TRUE),
            Value::Number(number) => self.number(number),
            Value::String(text) => {
                self.bytes.push(TEXT);
                self.text(text);
            }
            Value::Array(items) => {
                self.bytes.push(LIST);
                self.count(items.len());
                for item in items {
                    self.value(item);
                }
            }
            Value::Object(map) => {
                self.bytes.push(MAP);
                self.map(map);
            }
        }
    }
}

/// What is left to be read; everything is `None` at the end of it.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn count(&mut self) -> Option<usize> {
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

    fn text(&mut self) -> Option<String> {
        let length = self.count()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(std::str::from_utf8(text).ok()?.to_owned())
    }

    fn map(&mut self) -> Option<Map<String, Value>> {
        let count = self.count()?;
        let mut map = Map::with_capacity(count);
        for _ in 0..count {
            let key = self.text()?;
            map.insert(key, self.value()?);
        }
        Some(map)
    }

    fn bits(&mut self) -> Option<[u8; 8]> {
        let (bits, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*bits)
    }

    fn value(&mut self) -> Option<Value> {
        Some(match self.byte()? {
            NULL => Value::Null,
            FALSE => Value::Bool(false),
            TRUE => Value::Bool(true),
            SIGNED => i64::from_le_bytes(self.bits()?).into(),
            UNSIGNED => u64::from_le_bytes(self.bits()?).into(),
            FLOAT => f64::from_le_bytes(self.bits()?).into(),
            TEXT => Value::String(self.text()?),
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
        ];
        leaf.prop_recursive(4, 30, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((any::<String>(), inner), 0..4)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn fields_come_back_as_they_were(entries in prop::collection::vec((any::<String>(), values()), 0..5)) {
            let fields: Map<String, Value> = entries.into_iter().collect();
            let back = Packed::of(&fields).fields();
            // Text tells the order of keys and the sign of zero, which equality does not.
            prop_assert_eq!(Value::Object(back).to_string(), Value::Object(fields).to_string());
        }
    }

    #[test]
    fn depth_is_no_limit() {
        let deep = (0..600).fold(json!(1), |inner, _| json!([inner]));
        let fields: Map<String, Value> = [("a".to_owned(), deep)].into_iter().collect();
        let back = Packed::of(&fields).fields();
        let depth = std::iter::successors(back.get("a"), |value| value.get(0)).count();
        assert_eq!(depth, 601);
    }
}
