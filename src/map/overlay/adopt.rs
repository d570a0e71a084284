//! Makes entries of an overlay from what was changed by hand in generated files, so that the next run keeps it.
//!
//! In: the entities as they stand in those files, and as the conversion makes them. Out: an entry for each entity that
//! differs, at the end of the text of its overlay. Nothing is written here.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use camino::Utf8PathBuf;
use serde_json::{Map, Value};

use super::append::{NewEntry, new_text};
use super::fit::Fit;
use super::parse::targets;
use super::{Becomes, Change, Overlays};
use crate::diagnostic::Error;
use crate::map::Bridge;
use crate::map::mapper::sort;
use crate::map::trace::Part;
use crate::port::{self, Bodies, Key, Targets};
use crate::source::{Origin, RootId};
use crate::yaml::as_javascript;

/// What became of hand edits.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Adopted {
    /// The overlays that get new entries, one a root.
    pub files: Vec<OverlayText>,
    /// The entities they are about.
    pub entities: Vec<AdoptedEntity>,
    /// Entities that were added by hand: no descriptor makes them.
    pub added: Vec<Key>,
    /// Entities that were taken out by hand: their descriptors make them again.
    pub removed: Vec<Key>,
    /// Changes that no entry can express.
    pub refused: Vec<Refused>,
}

/// An overlay with new entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverlayText {
    /// The root it stands in.
    pub root: RootId,
    /// Its path in the root.
    pub path: Utf8PathBuf,
    /// The whole text.
    pub contents: String,
}

/// An entity whose hand edits are in an overlay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdoptedEntity {
    /// Its key in Port.
    pub key: Key,
    /// Its reference in Backstage, which the entry names.
    pub entity_ref: String,
    /// What was changed.
    pub parts: Vec<Part>,
}

/// A change that is not adopted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The entity.
    pub key: Key,
    /// The field of the entity, such as `properties.tier`; `None` for all of them.
    pub field: Option<String>,
    /// Why, in words.
    pub reason: String,
}

/// Adopts the differences between entities as they were edited and as they are written. Both are to hold the entities of
/// the same files; `converted` is what the run made.
///
/// What was changed is set, what was made null is set to null, and what was left out is removed. A list without targets is
/// null. The entry of an entity comes after all that are there, so it wins.
///
/// # Errors
///
/// [`Error::Adopt`] when the text of an overlay is such that entries cannot be put behind it.
pub fn adopt(
    overlays: &Overlays,
    bridge: Bridge<'_>,
    converted: &port::Catalog,
    edited: &Bodies,
    written: &Bodies,
) -> Result<Adopted, Error> {
    let mut adoption = Adoption {
        bridge,
        fit: Fit::new(
            &bridge.profile.blueprints,
            converted.are_given,
            &converted.entities,
        ),
        made: HashMap::new(),
        of_origin: BTreeMap::new(),
        refs: BTreeMap::new(),
        adopted: Adopted::default(),
        entries: BTreeMap::new(),
    };
    for entity in &converted.entities {
        let key = (entity.blueprint(), entity.identifier());
        adoption.made.insert(key, entity.origin);
        let of_origin = adoption.of_origin.entry(entity.origin).or_default();
        of_origin.push(entity);
    }
    for entity in bridge.catalog.entities() {
        let canonical = entity.entity_ref.canonical();
        adoption.refs.insert(entity.origin, canonical);
    }
    let missing = |one: &Bodies, other: &Bodies| {
        let keys = one.entities.keys();
        let keys = keys.filter(|key| !other.entities.contains_key(key));
        keys.cloned().collect()
    };
    adoption.adopted.added = missing(edited, written);
    adoption.adopted.removed = missing(written, edited);
    for (key, edited) in &edited.entities {
        if let Some(written) = written.entities.get(key) {
            adoption.entity(key, edited, written);
        }
    }
    let Adoption {
        mut adopted,
        entries,
        ..
    } = adoption;
    for (root, entries) in entries {
        let text = new_text(root, overlays.of(root), &entries, bridge.sources)?;
        adopted.files.push(text);
    }
    Ok(adopted)
}

struct Adoption<'a> {
    bridge: Bridge<'a>,
    fit: Fit<'a>,
    /// The origin of what the run made, by blueprint and identifier.
    made: HashMap<(&'a str, &'a str), Origin>,
    of_origin: BTreeMap<Origin, Vec<&'a port::Packed>>,
    refs: BTreeMap<Origin, String>,
    adopted: Adopted,
    entries: BTreeMap<RootId, Vec<NewEntry>>,
}

/// How an entry names an entity of Port.
struct Subject {
    /// The root of its overlay.
    root: RootId,
    entity_ref: String,
    /// The blueprint, where the reference alone means more than this entity.
    blueprint: Option<String>,
}

impl Adoption<'_> {
    fn refuse(&mut self, key: &Key, field: Option<String>, reason: impl Into<String>) {
        self.adopted.refused.push(Refused {
            key: key.clone(),
            field,
            reason: reason.into(),
        });
    }

    fn entity(&mut self, key: &Key, edited: &Value, written: &Value) {
        let changes = self.changes(key, &fields(edited), &fields(written));
        if changes.is_empty() {
            return;
        }
        let subject = match self.subject(key) {
            Ok(subject) => subject,
            Err(reason) => return self.refuse(key, None, reason),
        };
        self.adopted.entities.push(AdoptedEntity {
            key: key.clone(),
            entity_ref: subject.entity_ref.clone(),
            parts: changes.iter().map(Change::part).collect(),
        });
        let entry = NewEntry::new(subject.entity_ref, subject.blueprint, changes);
        self.entries.entry(subject.root).or_default().push(entry);
    }

    fn subject(&self, key: &Key) -> Result<Subject, &'static str> {
        const UNKNOWN: &str = "no descriptor of this run makes it";
        let sources = self.bridge.sources;
        let key = (key.blueprint.as_str(), key.identifier.as_str());
        let origin = self.made.get(&key).ok_or(UNKNOWN)?;
        let entity_ref = self.refs.get(origin).ok_or(UNKNOWN)?.clone();
        let siblings = self.of_origin.get(origin).map_or(&[][..], Vec::as_slice);
        let same = siblings.iter().filter(|one| one.blueprint() == key.0);
        if same.count() > 1 {
            return Err(
                "its descriptor makes several entities of this blueprint, and an entry is about all of them",
            );
        }
        let (root, _) = sources.home(origin.file);
        if sources.is_recorded(root) {
            return Err("only a catalog dump knows it, and there is no root for an overlay");
        }
        Ok(Subject {
            root,
            entity_ref,
            blueprint: (siblings.len() > 1).then(|| key.0.to_owned()),
        })
    }

    /// The differences that an entry can express, in the order of manifests; the others are refused.
    fn changes(
        &mut self,
        key: &Key,
        edited: &Map<String, Value>,
        written: &Map<String, Value>,
    ) -> Vec<Change> {
        let mut found: Vec<(String, Result<Change, String>)> = Vec::new();
        let differs = |name: &str| {
            let (edited, written) = (edited.get(name), written.get(name));
            (edited.unwrap_or(&Value::Null) != written.unwrap_or(&Value::Null))
                .then_some(edited.unwrap_or(&Value::Null))
        };
        if let Some(title) = differs("title") {
            found.push(("title".to_owned(), text(title).map(Change::Title)));
        }
        if let Some(icon) = differs("icon") {
            found.push(("icon".to_owned(), text(icon).map(Change::Icon)));
        }
        if let Some(team) = differs("team") {
            found.push(("team".to_owned(), team_of(team).map(Change::Team)));
        }
        let members = |name: &str| (members(edited.get(name)), members(written.get(name)));
        match members("properties") {
            (Ok(edited), written) => {
                let written = written.unwrap_or_default();
                found.extend(differences(&edited, &written).map(|(name, value)| {
                    let becomes = match value {
                        None => Becomes::Gone,
                        Some(Value::Null) => Becomes::Null,
                        Some(value) => Becomes::Is(value.clone()),
                    };
                    let change = Change::Property(name.clone(), becomes);
                    (format!("properties.{name}"), Ok(change))
                }));
            }
            (Err(reason), _) => found.push(("properties".to_owned(), Err(reason))),
        }
        match members("relations") {
            (Ok(mut edited), written) => {
                let mut written = written.unwrap_or_default();
                self.shape_relations(key, &mut edited);
                self.shape_relations(key, &mut written);
                found.extend(
                    differences(&edited, &written)
                        .map(|(name, value)| (format!("relations.{name}"), relation(name, value))),
                );
            }
            (Err(reason), _) => found.push(("relations".to_owned(), Err(reason))),
        }
        for (field, _) in edited {
            if !KNOWN.contains(&field.as_str()) && differs(field).is_some() {
                let reason = "an overlay has no place for it".to_owned();
                found.push((field.clone(), Err(reason)));
            }
        }
        let mut changes = Vec::new();
        for (field, change) in found {
            let fitting = change.and_then(|change| {
                let misfit = self.fit.misfit(&change, &key.blueprint);
                misfit.map_or(Ok(change), |misfit| {
                    Err(format!("{}; {}", misfit.message, misfit.help))
                })
            });
            match fitting {
                Ok(change) => changes.push(change),
                Err(reason) => self.refuse(key, Some(field), reason),
            }
        }
        changes
    }

    /// Gives relations the shape that their blueprint wants, as a run does: one target and a list of one say the same, and
    /// so do null and a list without targets.
    fn shape_relations(&self, key: &Key, relations: &mut Map<String, Value>) {
        let Some(blueprint) = self.fit.blueprint(&key.blueprint) else {
            return;
        };
        for (name, value) in relations {
            let many = blueprint.relations.get(name).map(|relation| relation.many);
            let shaped = match (value.take(), many) {
                (Value::Array(items), _) if items.is_empty() => Value::Null,
                (Value::Array(mut items), Some(false)) if items.len() == 1 => items.remove(0),
                (Value::String(one), Some(true)) => Value::Array(vec![Value::String(one)]),
                (other, _) => other,
            };
            *value = shaped;
        }
    }
}

/// The fields of a body that an overlay knows, and those that name the entity.
const KNOWN: &[&str] = &[
    "identifier",
    "blueprint",
    "title",
    "icon",
    "team",
    "properties",
    "relations",
];

/// The fields of a body. Numbers are as the reader of YAML has them, whoever made the body.
fn fields(body: &Value) -> Map<String, Value> {
    let mut body = body.clone();
    as_javascript(&mut body);
    match body {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

fn members(value: Option<&Value>) -> Result<Map<String, Value>, String> {
    match value {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(map)) => Ok(map.clone()),
        Some(other) => Err(format!(
            "a map by name belongs here, this is {}",
            sort(other)
        )),
    }
}

/// The members of one map that another one does not have as they are, and what it has that the first one lacks, in the
/// order of the names.
fn differences<'v>(
    edited: &'v Map<String, Value>,
    written: &'v Map<String, Value>,
) -> impl Iterator<Item = (&'v String, Option<&'v Value>)> {
    let names: BTreeSet<&String> = edited.keys().chain(written.keys()).collect();
    let pairs = names.into_iter().map(|name| (name, edited.get(name)));
    pairs.filter(|(name, value)| *value != written.get(*name))
}

fn text(value: &Value) -> Result<Option<String>, String> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        other => Err(format!(
            "a text belongs here, this is {}: put it in quotes",
            sort(other)
        )),
    }
}

fn team_of(value: &Value) -> Result<Option<Targets>, String> {
    match value {
        Value::Null => Ok(None),
        Value::Array(items) if items.is_empty() => Ok(None),
        value => match targets(value) {
            Some(team) => team.map(Some),
            None => Err("a text or a list of texts belongs here".to_owned()),
        },
    }
}

fn relation(name: &str, value: Option<&Value>) -> Result<Change, String> {
    let becomes = match value {
        None => Becomes::Gone,
        Some(Value::Null) => Becomes::Null,
        Some(value) => match targets(value) {
            Some(targets) => Becomes::Is(targets?),
            None => return Err("an identifier or a list of identifiers belongs here".to_owned()),
        },
    };
    Ok(Change::Relation(name.to_owned(), becomes))
}
