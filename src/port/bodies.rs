//! Blueprints and entities as the bodies that manifests hold: what is compared when two states of Port are.
//!
//! In: a [`Catalog`](super::Catalog), or manifests that were read back. Out: JSON by key.

use std::collections::BTreeMap;

use serde_json::Value;

/// What names an entity in Port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The identifier of the blueprint.
    pub blueprint: String,
    /// The identifier of the entity, unique within the blueprint.
    pub identifier: String,
}

/// A state of Port: its blueprints and entities, each as the body of Port's API.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bodies {
    /// Blueprints by their identifiers, as manifests have them, without `$comment`.
    pub blueprints: BTreeMap<String, Value>,
    /// Entities by their keys, as manifests have them (`identifier`, `title`, `icon`, `blueprint`, `team`, `properties`,
    /// `relations`), without `$comment`.
    pub entities: BTreeMap<Key, Value>,
}
