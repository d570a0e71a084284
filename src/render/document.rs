//! Spells one document: the same shape for YAML and JSON, in a fixed order of keys.
//!
//! In: entities, or a blueprint, and the sentence that says where they come from. Out: the text of a file.
//! Which file that is, is not decided here.

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use super::Format;
use crate::port::{Blueprint, Entity, Packed, Targets};
use crate::yaml::write::{self, Sorted, Text};

/// A list of entities. The sentence `origin` opens the text: as a comment in YAML, as the first key of the first entity
/// in JSON, which has no comments (Port's entity body takes additional keys).
#[must_use]
pub(crate) fn entities(entities: &[&Packed], origin: &str, format: Format) -> String {
    let list = |comment| List { entities, comment };
    match format {
        Format::Yaml => format!("# {origin}\n{}", write::text(&list(None))),
        Format::Json => json(&list(Some(origin))),
    }
}

/// One entity, with the sentence `origin` where a list has it.
#[must_use]
pub(crate) fn entity(entity: &Packed, origin: &str, format: Format) -> String {
    let entity = &entity.unpacked();
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
pub(crate) fn bundle(blueprints: &[Blueprint], entities: &[&Packed], origin: &str) -> String {
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
    entities: &'a [&'a Packed],
    comment: Option<&'a str>,
}

impl Serialize for List<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.entities.len()))?;
        for (position, entity) in self.entities.iter().enumerate() {
            let comment = self.comment.filter(|_| position == 0);
            let entity = &entity.unpacked();
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
        let properties = entity.written_properties();
        if !properties.is_empty() {
            map.serialize_entry("properties", &Named(properties, Sorted))?;
        }
        let relations = entity.written_relations();
        if !relations.is_empty() {
            map.serialize_entry("relations", &Named(relations, Names))?;
        }
        map.end()
    }
}

/// Values by name, each spelled in its way; what is not there is null.
struct Named<'a, T, S>(Vec<(&'a str, Option<&'a T>)>, fn(&'a T) -> S);

impl<T, Spelled: Serialize> Serialize for Named<'_, T, Spelled> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(values, spelled) = self;
        let values = values.iter();
        serializer.collect_map(values.map(|(name, value)| (Text(name), value.map(spelled))))
    }
}

pub(super) struct Names<'a>(pub(super) &'a Targets);

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
struct Body<'a> {
    blueprint: &'a Blueprint,
    origin: Option<&'a str>,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(origin) = self.origin {
            map.serialize_entry("$comment", origin)?;
        }
        for (key, value) in self.blueprint.body() {
            map.serialize_entry(&key, &value)?;
        }
        map.end()
    }
}
