//! The fields of a descriptor in little memory.
//!
//! In: fields. Out: the same fields, as often as somebody wants to look at them.

use serde_json::{Map, Value};

use crate::packed::{self, Writer};

/// The fields of a descriptor or an entity, packed.
#[derive(Debug, Clone)]
pub struct Packed {
    fields: packed::Packed,
    has_placeholder: bool,
}

/// The order of keys does not matter, as it does not for maps.
impl PartialEq for Packed {
    fn eq(&self, other: &Self) -> bool {
        self.fields == other.fields || self.fields() == other.fields()
    }
}

impl Packed {
    /// Packs fields that are looked at again soon.
    #[must_use]
    pub fn of(fields: &Map<String, Value>) -> Self {
        Self::by(fields, Writer::packed)
    }

    /// Packs fields that are kept, in less memory and more time.
    #[must_use]
    pub fn compressed(fields: &Map<String, Value>) -> Self {
        Self::by(fields, Writer::compressed)
    }

    fn by(fields: &Map<String, Value>, packed: fn(Writer) -> packed::Packed) -> Self {
        let mut writer = Writer::default();
        writer.map(fields);
        Self {
            has_placeholder: writer.has_placeholder(),
            fields: packed(writer),
        }
    }

    /// The fields, exactly as they were packed.
    #[must_use]
    #[expect(
        clippy::redundant_closure_for_method_calls,
        reason = "the method is for one lifetime, the closure for all"
    )]
    pub fn fields(&self) -> Map<String, Value> {
        // Whatever is read here was written by `by`.
        self.fields.read(|fields| fields.map()).unwrap_or_default()
    }

    /// Whether some map in the fields has a key that begins with `$`.
    pub(super) fn has_placeholder(&self) -> bool {
        self.has_placeholder
    }
}
