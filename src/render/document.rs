//! Spells one document: the same shape for YAML and JSON, in a fixed order of keys.
//!
//! In: entities, or a blueprint, and the sentence that says where they come from. Out: the text of a file.
//! Which file that is, is not decided here.

use std::collections::{BTreeMap, BTreeSet};

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use super::Format;
use crate::port::{Blueprint, Entity, Targets};
use crate::yaml::write::{self, Sorted, Text};

/// A list of entities. The sentence `origin` opens the text: as a comment in YAML, as the first key of the first entity
/// in JSON, which has no comments (Port's entity body takes additional keys).
#[must_use]
pub(crate) fn entities(entities: &[&Entity], origin: &str, format: Format) -> String {
    let list = |comment| List { entities, comment };
    match format {
        Format::Yaml => format!("# {origin}\n{}", write::text(&list(None))),
        Format::Json => json(&list(Some(origin))),
    }
}

/// One entity, with the sentence `origin` where a list has it.
#[must_use]
pub(crate) fn entity(entity: &Entity, origin: &str, format: Format) -> String {
    let item = |comment| Item { entity, comment };
    match format {
        Format::Yaml => format!("# {origin}\n{}", write::text(&item(None))),
        Format::Json => json(&item(Some(origin))),
    }
}

/// The API body of a blueprint as JSON, with the sentence `origin` under `$comment`, which Port's blueprint body takes.
#[must_use]
pub(crate) fn blueprint(blueprint: &Blueprint, origin: &str) -> String {
    let origin = Some(origin);
    json(&Body { blueprint, origin })
}

/// One JSON object with all blueprints and entities, and the sentence `origin` under `$comment`, which Port's CLI passes
/// over.
#[must_use]
pub(crate) fn bundle(blueprints: &[Blueprint], entities: &[&Entity], origin: &str) -> String {
    json(&Bundle {
        comment: origin,
        blueprints: blueprints
            .iter()
            .map(|blueprint| Body {
                blueprint,
                origin: None,
            })
            .collect(),
        entities: List {
            entities,
            comment: None,
        },
    })
}

fn json(document: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(document)
        .unwrap_or_else(|error| unreachable!("JSON of maps with text keys: {error}"));
    text.push('\n');
    text
}

struct List<'a> {
    entities: &'a [&'a Entity],
    comment: Option<&'a str>,
}

impl Serialize for List<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.entities.len()))?;
        for (position, entity) in self.entities.iter().enumerate() {
            let comment = self.comment.filter(|_| position == 0);
            list.serialize_element(&Item { entity, comment })?;
        }
        list.end()
    }
}

struct Item<'a> {
    entity: &'a Entity,
    comment: Option<&'a str>,
}

impl Serialize for Item<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let entity = self.entity;
        let mut map = serializer.serialize_map(None)?;
        if let Some(comment) = self.comment {
            map.serialize_entry("$comment", comment)?;
        }
        map.serialize_entry("identifier", &Text(&entity.identifier))?;
        // Port's API takes no null for these three.
        if let Some(title) = &entity.title {
            map.serialize_entry("title", &Text(title))?;
        }
        if let Some(icon) = &entity.icon {
            map.serialize_entry("icon", &Text(icon))?;
        }
        map.serialize_entry("blueprint", &Text(&entity.blueprint))?;
        if let Some(team) = &entity.team {
            map.serialize_entry("team", &Names(team))?;
        }
        let cleared = &entity.cleared;
        let has_value = entity.properties.values().any(|value| !value.is_null());
        if has_value || !cleared.properties.is_empty() {
            map.serialize_entry("properties", &Properties(entity))?;
        }
        if !entity.relations.is_empty() || !cleared.relations.is_empty() {
            map.serialize_entry("relations", &Relations(entity))?;
        }
        map.end()
    }
}

struct Properties<'a>(&'a Entity);

impl Serialize for Properties<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let values = self.0.properties.iter().filter(|(_, v)| !v.is_null());
        let values = values.map(|(name, value)| (name, Sorted(value)));
        with_cleared(values, &self.0.cleared.properties, serializer)
    }
}

struct Relations<'a>(&'a Entity);

impl Serialize for Relations<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let relations = self.0.relations.iter();
        let relations = relations.map(|(name, targets)| (name, Names(targets)));
        with_cleared(relations, &self.0.cleared.relations, serializer)
    }
}

/// A map of what an entity has, and nulls for what Port is to forget, in the order of the names.
fn with_cleared<'a, S: Serializer>(
    values: impl Iterator<Item = (&'a String, impl Serialize)>,
    cleared: &'a BTreeSet<String>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut all: BTreeMap<&String, _> = cleared.iter().map(|name| (name, None)).collect();
    all.extend(values.map(|(name, value)| (name, Some(value))));
    serializer.collect_map(all.into_iter().map(|(name, value)| (Text(name), value)))
}

struct Names<'a>(&'a Targets);

impl Serialize for Names<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Targets::One(name) => Text(name).serialize(serializer),
            Targets::Many(names) => serializer.collect_seq(names.iter().map(|name| Text(name))),
            Targets::Query(query) => Sorted(query.value()).serialize(serializer),
        }
    }
}

#[derive(Serialize)]
struct Bundle<'a> {
    #[serde(rename = "$comment")]
    comment: &'a str,
    blueprints: Vec<Body<'a>>,
    entities: List<'a>,
}

/// A blueprint as the body of the API, in the order of the API.
/// Keys of a blueprint that are written although they hold nothing, as Port's own examples have them.
const ALWAYS_WRITTEN: &[&str] = &[
    "schema",
    "relations",
    "mirrorProperties",
    "calculationProperties",
];

struct Body<'a> {
    blueprint: &'a Blueprint,
    origin: Option<&'a str>,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Through a value: the type knows its keys and which of them to leave out.
        let body = serde_json::to_value(self.blueprint).map_err(serde::ser::Error::custom)?;
        let mut map = serializer.serialize_map(None)?;
        if let Some(origin) = self.origin {
            map.serialize_entry("$comment", origin)?;
        }
        for (key, value) in body.as_object().into_iter().flatten() {
            let optional = !ALWAYS_WRITTEN.contains(&key.as_str());
            let is_empty = value.as_object().is_some_and(serde_json::Map::is_empty);
            if key != "$comment" && !(optional && is_empty) {
                map.serialize_entry(key, value)?;
            }
        }
        map.end()
    }
}
