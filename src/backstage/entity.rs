//! An entity as the catalog API returns it, and the relations between entities.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::{EntityRef, Packed};
use crate::source::Origin;

/// A descriptor that passed validation: placeholders resolved, namespace filled in, reference lists sorted.
///
/// A catalog holds its entities [`Packed`], without their fields at hand.
#[derive(Debug, Clone, PartialEq)]
pub struct Entity<F = Map<String, Value>> {
    /// Kind, namespace and name as the author spelled them.
    pub entity_ref: EntityRef,
    /// `apiVersion`, `kind`, `metadata` and `spec`.
    pub value: F,
    /// The descriptor it was made from.
    pub origin: Origin,
}

impl Entity {
    /// `metadata`; every entity has one.
    #[must_use]
    pub fn metadata(&self) -> Option<&Map<String, Value>> {
        self.value.get("metadata").and_then(Value::as_object)
    }

    /// `spec`, where there is one.
    #[must_use]
    pub fn spec(&self) -> Option<&Map<String, Value>> {
        self.value.get("spec").and_then(Value::as_object)
    }

    /// The entity in little memory.
    #[must_use]
    pub fn packed(self) -> Entity<Packed> {
        Entity {
            value: Packed::compressed(&self.value),
            entity_ref: self.entity_ref,
            origin: self.origin,
        }
    }
}

impl Entity<Packed> {
    /// The entity with its fields at hand.
    #[must_use]
    pub fn unpacked(&self) -> Entity {
        Entity {
            value: self.value.fields(),
            entity_ref: self.entity_ref.clone(),
            origin: self.origin,
        }
    }
}

/// The type of a relation, such as `ownedBy`.
pub type RelationType = Cow<'static, str>;

/// A relation of an entity, seen from that entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Relation<'a> {
    /// Its type, such as `ownedBy`.
    pub relation_type: &'a str,
    /// The canonical ref of the target: lower case, all three parts.
    pub target_ref: &'a str,
    /// The target: spelled as the target entity spells itself where it is known, else as in the reference.
    pub target: &'a EntityRef,
    /// Where the target stands among the known entities, if it is one of them: see [`Catalog::known`].
    ///
    /// [`Catalog::known`]: super::Catalog::known
    pub position: Option<usize>,
}

impl Relation<'_> {
    /// Whether the target is in the catalog.
    #[must_use]
    pub fn is_resolved(&self) -> bool {
        self.position.is_some()
    }
}
