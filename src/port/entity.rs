//! An entity, as the API of Port and its files in git have it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::source::Origin;

/// One entity, the body of `POST /v1/blueprints/{blueprint}/entities` with its blueprint inside.
#[derive(Debug, Clone, PartialEq)]
pub struct Entity {
    /// Port's key, unique within the blueprint.
    pub identifier: String,
    /// What people see.
    pub title: Option<String>,
    /// One of Port's icon names.
    pub icon: Option<String>,
    /// Identifier of the blueprint.
    pub blueprint: String,
    /// Identifiers of the owning teams; only for blueprints with direct ownership.
    pub team: Option<Targets>,
    /// Values by property name; never null.
    pub properties: BTreeMap<String, Value>,
    /// Targets by relation name.
    pub relations: BTreeMap<String, Targets>,
    /// The descriptor this was made from.
    pub origin: Origin,
}

/// Identifiers a relation leads to, in the shape the mapping gave: one, or a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Targets {
    /// A single identifier.
    One(String),
    /// A list of identifiers.
    Many(Vec<String>),
}
