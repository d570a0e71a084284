//! Block style by the shortest way: the documents of a run are many, and most of what they hold is short and plain.
//!
//! In: what serializes to maps, lists and scalars. Out: the very text that the serializer of [`super::write`] makes of it.
//! What is plain at the first look is written here. How any other scalar is spelled that serializer is asked, and a
//! document with more than that is left to it as a whole.

use std::fmt::Display;

use serde::ser::{self, Impossible, Serialize, SerializeMap, SerializeSeq, SerializeStruct};
use serde_json::json;

use super::write;

/// A document in block style; `None` for one that this module does not know how to write.
pub(super) fn text(document: &impl Serialize) -> Option<String> {
    let mut out = String::new();
    let top = Node {
        out: &mut out,
        column: 0,
        stands: Stands::Alone,
    };
    document.serialize(top).ok()?;
    Some(out)
}

/// Where a node begins: what is in front of it in its line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stands {
    /// Nothing.
    Alone,
    /// `key:`, without the blank.
    AfterKey,
    /// `- `.
    AfterDash,
    /// It is a key itself.
    IsKey,
}

/// A place for a node.
struct Node<'a> {
    out: &'a mut String,
    /// Where the key or the dash in front of it stands.
    column: usize,
    stands: Stands,
}

impl Node<'_> {
    /// The column of the parts of a collection.
    fn inside(&self) -> usize {
        match self.stands {
            Stands::Alone | Stands::IsKey => 0,
            Stands::AfterKey | Stands::AfterDash => self.column + INDENT,
        }
    }

    /// Writes a value of one line.
    fn scalar(self, spelled: &str) -> Result<(), Left> {
        match self.stands {
            Stands::IsKey => return Err(Left),
            Stands::AfterKey => self.out.push(' '),
            Stands::Alone | Stands::AfterDash => {}
        }
        self.out.push_str(spelled);
        self.out.push('\n');
        Ok(())
    }

    /// Writes a text of several lines as they are.
    fn literal(self, text: &str) {
        let column = self.inside().max(INDENT);
        if self.stands == Stands::AfterKey {
            self.out.push(' ');
        }
        self.out
            .push_str(if text.ends_with('\n') { "|\n" } else { "|-\n" });
        for line in text.lines() {
            if !line.is_empty() {
                indent(self.out, column);
                self.out.push_str(line);
            }
            self.out.push('\n');
        }
    }

    fn key(self, text: &str) -> Result<(), Left> {
        if is_surely_plain_key(text) {
            self.out.push_str(text);
            return Ok(());
        }
        let spelled = write::by_library(&json!({ text: null })).map_err(|_| Left)?;
        let key = spelled.trim_end().strip_suffix(": null");
        // A long one is a document of its own.
        let key = key.filter(|key| !key.starts_with('?')).ok_or(Left)?;
        self.out.push_str(key);
        Ok(())
    }

    /// Writes a value as it is spelled alone, in one line or in several.
    fn spelled(self, scalar: &impl Serialize) -> Result<(), Left> {
        if self.stands == Stands::IsKey {
            return Err(Left);
        }
        let spelled = write::by_library(scalar).map_err(|_| Left)?;
        let (first, rest) = spelled.split_once('\n').unwrap_or((&spelled, ""));
        let column = self.inside().saturating_sub(INDENT);
        let out = &mut *self.out;
        if self.stands == Stands::AfterKey {
            out.push(' ');
        }
        out.push_str(first);
        out.push('\n');
        for line in rest.split_inclusive('\n') {
            if line != "\n" {
                indent(out, column);
            }
            out.push_str(line);
        }
        Ok(())
    }
}

const INDENT: usize = 2;

fn indent(out: &mut String, column: usize) {
    out.extend(std::iter::repeat_n(' ', column));
}

/// Whether a text is plain as a value to every reader of YAML. Refuses many that are.
fn is_surely_plain(text: &str) -> bool {
    /// Words that mean something else to some reader.
    const WORDS: [&str; 11] = [
        "y", "n", "on", "no", "yes", "off", "inf", "nan", "null", "true", "false",
    ];
    const LONGEST_WORD: usize = 5;
    let bytes = text.as_bytes();
    let [first, rest @ ..] = bytes else {
        return false;
    };
    // What begins with a letter is no number, no date, no indicator; `e1` may be an exponent.
    if !first.is_ascii_alphabetic() || matches!(bytes, [b'e' | b'E', b'0'..=b'9' | b'+' | b'-', ..])
    {
        return false;
    }
    let mut last = *first;
    for byte in rest {
        let is_plain = match byte {
            // A comment begins after a blank, and ` :` looks like one.
            b'#' | b':' => last != b' ',
            // A key ends with a colon and a blank.
            b' ' => last != b':',
            _ => byte.is_ascii_graphic(),
        };
        if !is_plain {
            return false;
        }
        last = *byte;
    }
    !matches!(last, b' ' | b':')
        && (bytes.len() > LONGEST_WORD || !WORDS.iter().any(|word| text.eq_ignore_ascii_case(word)))
}

/// Whether a text has several lines, and is the same to every reader where they stand as they are. Refuses many that are.
fn is_surely_literal(text: &str) -> bool {
    // Nor may it begin with a line break.
    let mut last = b' ';
    let mut lines = 0;
    for byte in text.bytes() {
        match byte {
            // A blank at the end of a line.
            b'\n' if last == b' ' => return false,
            b'\n' => lines += 1,
            b' '..=b'~' => {}
            _ => return false,
        }
        last = byte;
    }
    lines > 0 && last != b' ' && !text.ends_with("\n\n") && !text.starts_with(' ')
}

/// Whether a text needs no quotes. Refuses many that do not.
pub(super) fn is_surely_bare(text: &str) -> bool {
    is_surely_plain(text) || is_surely_literal(text)
}

/// Whether a text is plain as a key.
fn is_surely_plain_key(text: &str) -> bool {
    is_surely_plain(text)
        && text.len() < 128
        && !text
            .bytes()
            .any(|byte| matches!(byte, b':' | b',' | b'[' | b']' | b'{' | b'}'))
}

/// What is left to the serializer of [`super::write`].
#[derive(Debug, thiserror::Error)]
#[error("this document is written by another serializer")]
pub(super) struct Left;

impl ser::Error for Left {
    fn custom<T: Display>(_: T) -> Self {
        Self
    }
}

impl<'a> ser::Serializer for Node<'a> {
    type Ok = ();
    type Error = Left;
    type SerializeSeq = Parts<'a>;
    type SerializeTuple = Impossible<(), Left>;
    type SerializeTupleStruct = Impossible<(), Left>;
    type SerializeTupleVariant = Impossible<(), Left>;
    type SerializeMap = Parts<'a>;
    type SerializeStruct = Parts<'a>;
    type SerializeStructVariant = Impossible<(), Left>;

    fn serialize_str(self, text: &str) -> Result<(), Left> {
        match self.stands {
            Stands::IsKey => self.key(text),
            _ if is_surely_plain(text) => self.scalar(text),
            _ if is_surely_literal(text) => {
                self.literal(text);
                Ok(())
            }
            // A number to every reader.
            _ if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => {
                self.scalar(&format!("\"{text}\""))
            }
            _ => self.spelled(&text),
        }
    }

    fn serialize_bool(self, value: bool) -> Result<(), Left> {
        self.scalar(if value { "true" } else { "false" })
    }

    fn serialize_i64(self, number: i64) -> Result<(), Left> {
        self.scalar(&number.to_string())
    }

    fn serialize_u64(self, number: u64) -> Result<(), Left> {
        self.scalar(&number.to_string())
    }

    fn serialize_f64(self, number: f64) -> Result<(), Left> {
        self.spelled(&number)
    }

    fn serialize_unit(self) -> Result<(), Left> {
        self.scalar("null")
    }

    fn serialize_none(self) -> Result<(), Left> {
        self.serialize_unit()
    }

    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Result<(), Left> {
        value.serialize(self)
    }

    /// The only ones are the wrappers that tell the serializer how to spell a text.
    fn serialize_newtype_struct<T: ?Sized + Serialize>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Left> {
        match self.stands {
            // Keys have a spelling of their own.
            Stands::IsKey => value.serialize(self),
            _ => self.spelled(&Wrapped { name, value }),
        }
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Parts<'a>, Left> {
        Parts::new(self, "[]")
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Parts<'a>, Left> {
        Parts::new(self, "{}")
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Parts<'a>, Left> {
        Parts::new(self, "{}")
    }

    fn serialize_i8(self, number: i8) -> Result<(), Left> {
        self.serialize_i64(number.into())
    }

    fn serialize_i16(self, number: i16) -> Result<(), Left> {
        self.serialize_i64(number.into())
    }

    fn serialize_i32(self, number: i32) -> Result<(), Left> {
        self.serialize_i64(number.into())
    }

    fn serialize_u8(self, number: u8) -> Result<(), Left> {
        self.serialize_u64(number.into())
    }

    fn serialize_u16(self, number: u16) -> Result<(), Left> {
        self.serialize_u64(number.into())
    }

    fn serialize_u32(self, number: u32) -> Result<(), Left> {
        self.serialize_u64(number.into())
    }

    fn serialize_f32(self, _: f32) -> Result<(), Left> {
        Err(Left)
    }

    fn serialize_char(self, _: char) -> Result<(), Left> {
        Err(Left)
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<(), Left> {
        Err(Left)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Left> {
        Err(Left)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result<(), Left> {
        Err(Left)
    }

    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Left> {
        Err(Left)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Left> {
        Err(Left)
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, Left> {
        Err(Left)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Left> {
        Err(Left)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Left> {
        Err(Left)
    }
}

/// A wrapper on its way to the other serializer.
struct Wrapped<'a, T: ?Sized> {
    name: &'static str,
    value: &'a T,
}

impl<T: ?Sized + Serialize> Serialize for Wrapped<'_, T> {
    fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(self.name, self.value)
    }
}

/// A map or a list that is being written.
struct Parts<'a> {
    out: &'a mut String,
    column: usize,
    stands: Stands,
    is_empty: bool,
    /// What it is without parts.
    nothing: &'static str,
}

impl<'a> Parts<'a> {
    fn new(node: Node<'a>, nothing: &'static str) -> Result<Self, Left> {
        if node.stands == Stands::IsKey {
            return Err(Left);
        }
        let column = node.inside();
        let Node { out, stands, .. } = node;
        Ok(Self {
            out,
            column,
            stands,
            is_empty: true,
            nothing,
        })
    }

    /// Goes to where the next part begins.
    fn next(&mut self) {
        let is_first = std::mem::replace(&mut self.is_empty, false);
        match self.stands {
            // The first part of what stands behind a dash stands there too.
            Stands::AfterDash if is_first => return,
            Stands::AfterKey if is_first => self.out.push('\n'),
            _ => {}
        }
        indent(self.out, self.column);
    }

    fn value<T: ?Sized + Serialize>(&mut self, value: &T, stands: Stands) -> Result<(), Left> {
        value.serialize(Node {
            out: self.out,
            column: self.column,
            stands,
        })
    }

    fn finish(&mut self) -> Result<(), Left> {
        if !self.is_empty {
            return Ok(());
        }
        let node = Node {
            out: self.out,
            column: self.column,
            stands: self.stands,
        };
        node.scalar(self.nothing)
    }
}

impl SerializeSeq for Parts<'_> {
    type Ok = ();
    type Error = Left;

    fn serialize_element<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Left> {
        self.next();
        self.out.push_str("- ");
        self.value(value, Stands::AfterDash)
    }

    fn end(mut self) -> Result<(), Left> {
        self.finish()
    }
}

impl SerializeMap for Parts<'_> {
    type Ok = ();
    type Error = Left;

    fn serialize_key<T: ?Sized + Serialize>(&mut self, key: &T) -> Result<(), Left> {
        self.next();
        self.value(key, Stands::IsKey)?;
        self.out.push(':');
        Ok(())
    }

    fn serialize_value<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Left> {
        self.value(value, Stands::AfterKey)
    }

    fn end(mut self) -> Result<(), Left> {
        self.finish()
    }
}

impl SerializeStruct for Parts<'_> {
    type Ok = ();
    type Error = Left;

    fn serialize_field<T: ?Sized + Serialize>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Left> {
        self.serialize_entry(key, value)
    }

    fn end(mut self) -> Result<(), Left> {
        self.finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{BoxedStrategy, Just, Strategy, any, prop};
    use proptest::{prop_assert_eq, prop_oneof, proptest};
    use serde_json::{Value, json};

    use super::text;
    use crate::yaml::write::{Sorted, by_library};

    fn texts() -> impl Strategy<Value = String> {
        const WORDS: [&str; 39] = [
            "y",
            "NO",
            "True",
            "null",
            "off",
            "nan",
            "Inf",
            "e1",
            "E+2",
            "e",
            "~",
            "",
            "<<",
            "=",
            "2024-01-02",
            "1:30",
            "0x1f",
            "1_0",
            ".5",
            "---",
            "a:",
            "a: b",
            "a #b",
            "a#b",
            "a :b",
            "-",
            "- a",
            "? a",
            "a\nb",
            "a\n",
            "a\n\n",
            " a\nb",
            "a \nb",
            "a\n\n  b\n",
            "\n",
            "#\n#",
            "a\tb",
            "\u{feff}",
            "a\u{85}b",
        ];
        prop_oneof![
            "[a-fA-FyYnN0-9 :#,.+_'\"\n-]{0,6}",
            "[a-z][a-z ]{0,20}[:#,\\[{}%@|>é\u{2028}]?[a-z]{0,3}",
            any::<String>(),
            prop::sample::select(&WORDS[..]).prop_map(str::to_owned),
            Just("long".repeat(300)),
        ]
    }

    fn values() -> BoxedStrategy<Value> {
        let scalars = prop_oneof![
            4 => texts().prop_map(Value::from),
            1 => any::<i64>().prop_map(Value::from),
            1 => any::<u64>().prop_map(Value::from),
            1 => any::<f64>().prop_map(Value::from),
            1 => prop::sample::select(vec![json!(null), json!(true), json!(false), json!([]), json!({})]),
        ];
        let nested = scalars.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(texts(), inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        });
        nested.boxed()
    }

    proptest! {
        #[test]
        fn every_document_is_spelled_as_the_library_spells_it(value in values()) {
            let expected = by_library(&Sorted(&value)).map_err(|error| error.to_string());
            if let Some(text) = text(&Sorted(&value)) {
                prop_assert_eq!(Ok(text), expected);
            }
        }
    }

    #[test]
    fn what_manifests_hold_is_not_left_to_the_library() {
        let value = json!([{"a": "b c", "d": ["1", {"e": null, "f": {}, "g h": [[1, 2.5], []]}], "i": "j\n k\n", "é": "\t"}]);
        assert!(text(&Sorted(&value)).is_some());
    }
}
