//! Reads manifests back.
//!
//! In: the path and the text of a manifest. Out: the entities and blueprints it holds. A manifest that somebody broke
//! holds nothing.

use camino::Utf8Path;
use serde_json::{Map, Value};

use super::{Shape, resources};
use crate::port::{Blueprint, Bodies, Key};
use crate::source::PORT_FOLDER;
use crate::yaml;

/// What a manifest of a path can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// An entity, or a list of them.
    Entities,
    /// One blueprint.
    Blueprint,
    /// Blueprints and entities.
    Bundle,
    /// Resources of Terraform.
    Terraform,
    /// A custom resource of Kubernetes.
    Kubernetes,
    /// None of them.
    Mapping,
}

impl Sort {
    /// Whether such a manifest says all that there is to say of its entities.
    pub(super) const fn is_whole(self) -> bool {
        !matches!(self, Self::Terraform | Self::Kubernetes)
    }

    /// The sort of manifest that `render/` makes at a path; `None` where it makes none.
    pub(super) fn of(path: &Utf8Path) -> Option<Self> {
        if matches!(path.file_name(), Some("port.yml" | "port.json")) {
            return Some(Self::Entities);
        }
        // Every file of a root is asked, and hardly one of them is there.
        if !path.as_str().starts_with(PORT_FOLDER) {
            return None;
        }
        let inside = path.strip_prefix(PORT_FOLDER).ok()?;
        let folder = inside.components().next()?.as_str();
        match (folder, inside.extension()?) {
            ("entities", "yml" | "yaml" | "json") => Some(Self::Entities),
            ("blueprints", "json") => Some(Self::Blueprint),
            ("mapping", "yml") => Some(Self::Mapping),
            ("port-import.json", _) => Some(Self::Bundle),
            // Terraform keeps folders of its own below.
            ("terraform", "tf") if inside.components().count() == 2 => Some(Self::Terraform),
            ("kubernetes", "yaml") => Some(Self::Kubernetes),
            _ => None,
        }
    }
}

/// What is remembered of a manifest.
#[derive(Debug, Default)]
pub(super) struct Held {
    pub(super) entities: Vec<(Key, Shape)>,
    pub(super) blueprints: Vec<(String, Blueprint)>,
}

impl Held {
    pub(super) fn of(path: &Utf8Path, text: &str) -> Self {
        let mut bodies = Bodies::default();
        collect(path, text, &mut bodies);
        let blueprints = bodies.blueprints.into_iter();
        Self {
            entities: bodies
                .entities
                .into_iter()
                .map(|(key, entity)| (key, shape(&entity)))
                .collect(),
            blueprints: blueprints
                .filter_map(|(name, body)| Some((name, serde_json::from_value(body).ok()?)))
                .collect(),
        }
    }
}

/// The names of what an entity has.
pub(super) fn shape(entity: &Value) -> Shape {
    Shape {
        properties: names(entity, "properties"),
        relations: names(entity, "relations"),
        has_team: entity.get("team").is_some(),
    }
}

fn names<C: FromIterator<String>>(entity: &Value, part: &str) -> C {
    let part = entity.get(part).and_then(Value::as_object);
    part.into_iter().flat_map(Map::keys).cloned().collect()
}

/// Adds what a manifest holds.
pub(super) fn collect(path: &Utf8Path, text: &str, bodies: &mut Bodies) {
    let Some(sort) = Sort::of(path) else { return };
    if sort == Sort::Terraform {
        add_others(resources::of_terraform(text), bodies);
        return;
    }
    let value = if path.extension() == Some("json") {
        serde_json::from_str(text).ok()
    } else {
        let mut documents = yaml::documents(text).into_iter();
        documents.find_map(|document| document.content.ok())
    };
    let Some(value) = value else { return };
    match sort {
        Sort::Entities => add_entities(value, bodies),
        Sort::Blueprint => add_blueprint(value, bodies),
        Sort::Bundle => {
            let Value::Object(mut bundle) = value else {
                return;
            };
            add_entities(bundle.remove("entities").unwrap_or_default(), bodies);
            let blueprints = bundle.remove("blueprints").unwrap_or_default();
            for blueprint in items(blueprints) {
                add_blueprint(blueprint, bodies);
            }
        }
        Sort::Kubernetes => add_others(resources::of_kubernetes(&value), bodies),
        Sort::Terraform | Sort::Mapping => {}
    }
}

fn items(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        other => vec![other],
    }
}

fn add_entities(value: Value, bodies: &mut Bodies) {
    for mut entity in items(value) {
        if let Some(key) = key(&entity) {
            forget_comment(&mut entity);
            bodies.entities.insert(key, entity);
        }
    }
}

/// Adds entities from manifests that may not say all of them: what another manifest says counts.
fn add_others(entities: impl IntoIterator<Item = Value>, bodies: &mut Bodies) {
    for entity in entities {
        if let Some(key) = key(&entity) {
            bodies.entities.entry(key).or_insert(entity);
        }
    }
}

fn key(entity: &Value) -> Option<Key> {
    let text = |key: &str| Some(entity.get(key)?.as_str()?.to_owned());
    Some(Key {
        blueprint: text("blueprint")?,
        identifier: text("identifier")?,
    })
}

fn add_blueprint(mut blueprint: Value, bodies: &mut Bodies) {
    if let Some(identifier) = blueprint["identifier"].as_str().map(str::to_owned) {
        forget_comment(&mut blueprint);
        bodies.blueprints.insert(identifier, blueprint);
    }
}

fn forget_comment(body: &mut Value) {
    if let Value::Object(body) = body {
        body.shift_remove("$comment");
    }
}
