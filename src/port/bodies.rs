//! Blueprints and entities as the bodies that manifests hold: what is compared when two states of Port are.
//!
//! In: a [`Catalog`], or manifests that were read back. Out: JSON by key.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Catalog, Entity, Targets};

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

impl Bodies {
    /// What a catalog says Port is to hold, in the very bodies that its manifests have. Blueprints that are given stand
    /// elsewhere, so they are not among them.
    #[must_use]
    pub fn of(catalog: &Catalog) -> Self {
        let own = catalog.blueprints.iter().filter(|_| !catalog.are_given);
        let blueprints = own.map(|blueprint| {
            let body = Value::Object(blueprint.body());
            (blueprint.identifier.clone(), body)
        });
        let entities = catalog.entities.iter();
        let entities = entities.map(|entity| (entity.key(), body(&entity.unpacked())));
        Self {
            blueprints: blueprints.collect(),
            entities: entities.collect(),
        }
    }
}

fn body(entity: &Entity) -> Value {
    let text = |key: &str, text: &str| (key.to_owned(), text.into());
    let mut body = Map::from_iter([
        text("identifier", &entity.identifier),
        text("blueprint", &entity.blueprint),
    ]);
    body.extend(entity.title.as_ref().map(|title| text("title", title)));
    body.extend(entity.icon.as_ref().map(|icon| text("icon", icon)));
    let team = entity.team.as_ref().map(names);
    body.extend(team.map(|team| ("team".to_owned(), team)));
    let properties = named(entity.written_properties(), Value::clone);
    body.extend(properties.map(|properties| ("properties".to_owned(), properties)));
    let relations = named(entity.written_relations(), names);
    body.extend(relations.map(|relations| ("relations".to_owned(), relations)));
    Value::Object(body)
}

fn names(targets: &Targets) -> Value {
    match targets {
        Targets::One(name) => name.as_str().into(),
        Targets::Many(names) => names.iter().map(String::as_str).collect(),
        Targets::Query(query) => query.value().clone(),
    }
}

/// Values by name as a map, if there are any.
fn named<T>(values: Vec<(&str, Option<&T>)>, value: fn(&T) -> Value) -> Option<Value> {
    let entry =
        |(name, held): (&str, Option<&T>)| (name.to_owned(), held.map_or(Value::Null, value));
    let map: Map<_, _> = values.into_iter().map(entry).collect();
    (!map.is_empty()).then_some(Value::Object(map))
}
