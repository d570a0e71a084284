//! A document that describes an entity, before anybody has checked it.

use serde_json::{Map, Value};

use super::{EntityRef, Packed};
use crate::source::Origin;

/// A YAML document with the envelope of an entity: apiVersion, kind and metadata.name.
#[derive(Debug, Clone, PartialEq)]
pub struct Descriptor<F = Map<String, Value>> {
    /// Where it was read.
    pub origin: Origin,
    /// Kind, namespace and name as the author spelled them.
    pub entity_ref: EntityRef,
    /// The document.
    pub value: F,
}

impl Descriptor {
    /// The descriptor in little memory.
    #[must_use]
    pub fn packed(self) -> Descriptor<Packed> {
        Descriptor {
            value: Packed::of(&self.value),
            origin: self.origin,
            entity_ref: self.entity_ref,
        }
    }
}

impl Descriptor<Packed> {
    /// The descriptor with its fields at hand.
    #[must_use]
    pub fn unpacked(self) -> Descriptor {
        Descriptor {
            value: self.value.fields(),
            origin: self.origin,
            entity_ref: self.entity_ref,
        }
    }
}
