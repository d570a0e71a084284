//! A blueprint as the body of Port's API: the shape of the entities of one sort.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The body of `POST /v1/blueprints` (Port API description, "create blueprint").
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Blueprint {
    /// Port's key of the blueprint, at most 100 characters.
    pub identifier: String,
    /// What people see, 1 to 100 characters.
    pub title: String,
    /// At most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// One of Port's icon names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<String>,
    /// The properties of its entities.
    pub schema: Schema,
    /// The relations of its entities, by name.
    #[serde(default)]
    pub relations: BTreeMap<String, Relation>,
    /// Values shown from related entities.
    #[serde(default)]
    pub mirror_properties: Map<String, Value>,
    /// Values computed from the entity itself.
    #[serde(default)]
    pub calculation_properties: Map<String, Value>,
    /// Everything else Port knows or will know: ownership, aggregationProperties and so on.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// Keys that are written although they hold nothing, as Port's own examples have them.
const ALWAYS_WRITTEN: &[&str] = &[
    "schema",
    "relations",
    "mirrorProperties",
    "calculationProperties",
];

impl Blueprint {
    /// The body that manifests hold, in the order of Port's API: without `$comment`, and without maps of optional keys
    /// that hold nothing.
    #[must_use]
    pub fn body(&self) -> Map<String, Value> {
        let body = serde_json::to_value(self)
            .unwrap_or_else(|error| unreachable!("JSON of maps with text keys: {error}"));
        let Value::Object(body) = body else {
            unreachable!("a blueprint is a map")
        };
        let is_written = |key: &str, value: &Value| {
            let is_empty = value.as_object().is_some_and(Map::is_empty);
            key != "$comment" && (ALWAYS_WRITTEN.contains(&key) || !is_empty)
        };
        let entries = body.into_iter();
        entries
            .filter(|(key, value)| is_written(key, value))
            .collect()
    }
}

/// `schema` of a blueprint.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schema {
    /// The properties by name.
    #[serde(default)]
    pub properties: BTreeMap<String, Property>,
    /// Names of the properties every entity must have.
    #[serde(default)]
    pub required: Vec<String>,
}

/// A property definition: JSON Schema with Port's additions (`format: url`, `spec`, `enumColors`, ...).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Property(pub Map<String, Value>);

/// A relation definition. Port's API wants `many` and `required` spelled out, never both true.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Relation {
    /// What people see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Identifier of the blueprint it leads to.
    pub target: String,
    /// Whether every entity must have it.
    #[serde(default)]
    pub required: bool,
    /// Whether it leads to a list of entities.
    #[serde(default)]
    pub many: bool,
}
