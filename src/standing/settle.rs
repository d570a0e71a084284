//! Brings what a run makes together with what stands there.
//!
//! In: the catalog of this run, and the manifests of earlier ones. Out: the same catalog, where what an entity no longer
//! has is to be written as null (Port keeps what is merely left out), and where entities stay that may be missing by
//! mistake. Nothing is decided about files here.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use camino::{Utf8Path, Utf8PathBuf};
use rayon::iter::{IntoParallelRefMutIterator, ParallelIterator};
use serde_json::{Map, Value};

use super::doubts::Doubts;
use super::held::{Sort, collect};
use super::{Place, Standing, StandingEntity};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Error};
use crate::port::{self, Blueprint, Bodies, Cleared, Entity, Key, Query, Targets};
use crate::source::{Origin, PORT_FOLDER, Sources};

/// What a run may do to what stands there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rules {
    /// Leave out what an entity no longer has, instead of writing it as null.
    pub compact: bool,
    /// Remove entities however many they are.
    pub allow_removals: bool,
    /// Which manifests that were changed by hand are written over.
    pub overwrite: Overwrite,
}

/// Which manifests that were changed by hand are written over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Overwrite {
    /// None.
    #[default]
    Never,
    /// Those that say what this run says: their changes are in an overlay.
    Adopted,
    /// All.
    Always,
}

/// What became of the entities of earlier runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settled {
    /// Those that leave their manifests.
    pub removed: Vec<Key>,
    /// Those that stay although this run did not make them.
    pub kept: Vec<Key>,
    /// Whether they are so many that nothing may be written.
    pub is_blocked: bool,
}

/// Removals up to this number never look like a mistake.
const FEW_REMOVALS: usize = 5;
/// One in this many may leave at once.
const REMOVED_SHARE: usize = 5;
/// How many entities a finding names.
const NAMED: usize = 3;

/// Settles a catalog with the manifests of earlier runs.
///
/// Gives [`Code::KeptEntity`] for each manifest that keeps entities, and [`Code::TooManyRemovals`] when more than
/// five entities and more than a fifth of all would leave.
///
/// # Errors
///
/// [`Error::Standing`] when a manifest cannot be read again.
pub fn settle(
    catalog: &mut port::Catalog,
    standing: &Standing,
    rules: Rules,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Result<Settled, Error> {
    if standing.entities.is_empty() {
        return Ok(Settled::default());
    }
    let made = catalog.entities.iter();
    let made: HashSet<(&str, &str)> = made.map(|e| (e.blueprint(), e.identifier())).collect();
    let is_missing = |key: &Key| !made.contains(&(&*key.blueprint, &*key.identifier));
    let missing: Vec<(&Key, &StandingEntity)> = standing
        .entities
        .iter()
        .filter(|(key, _)| is_missing(key))
        .collect();
    if !rules.compact {
        clear(catalog, standing);
    }
    let mut settled = Settled::default();
    let mut kept: Vec<(&Key, &StandingEntity, Origin)> = Vec::new();
    let mut doubts = None;
    for (key, entity) in missing {
        let doubts = doubts.get_or_insert_with(|| Doubts::of(diagnostics, sources));
        let mut places = entity.places.iter().rev();
        if let Some(error) = places.find_map(|place| doubts.about(place)) {
            kept.push((key, entity, error));
            settled.kept.push(key.clone());
        } else {
            settled.removed.push(key.clone());
        }
    }
    keep(&kept, catalog, standing, sources, diagnostics)?;
    let (gone, all) = (settled.removed.len(), standing.entities.len());
    settled.is_blocked = !rules.allow_removals && gone > FEW_REMOVALS && gone * REMOVED_SHARE > all;
    if settled.is_blocked {
        diagnostics.push(too_many(&settled.removed, all));
    }
    Ok(settled)
}

/// Notes what entities no longer have. What the blueprint does not define goes with the blueprint.
fn clear(catalog: &mut port::Catalog, standing: &Standing) {
    let blueprints: BTreeMap<&str, &Blueprint> = catalog
        .blueprints
        .iter()
        .map(|blueprint| (blueprint.identifier.as_str(), blueprint))
        .collect();
    catalog.entities.par_iter_mut().for_each(|packed| {
        let (Some(standing), Some(blueprint)) = (
            standing.entities.get(&packed.key()),
            blueprints.get(packed.blueprint()),
        ) else {
            return;
        };
        let has = packed.outline();
        let properties = standing.shape.properties.iter().filter(|name| {
            blueprint.schema.properties.contains_key(*name) && !has.properties.has(name)
        });
        let relations = standing
            .shape
            .relations
            .iter()
            .filter(|name| blueprint.relations.contains_key(*name) && !has.relations.has(name));
        let (properties, relations): (Vec<&String>, Vec<&String>) =
            (properties.collect(), relations.collect());
        // Port takes no null for teams.
        let lacks_team = standing.shape.has_team && !has.has_team && has_direct_owners(blueprint);
        if properties.is_empty() && relations.is_empty() && !lacks_team {
            return;
        }
        let mut entity = packed.unpacked();
        entity
            .cleared
            .properties
            .extend(properties.into_iter().cloned());
        entity
            .cleared
            .relations
            .extend(relations.into_iter().cloned());
        if lacks_team {
            entity.team = Some(Targets::Many(Vec::new()));
        }
        *packed = entity.into();
    });
}

fn has_direct_owners(blueprint: &Blueprint) -> bool {
    blueprint
        .rest
        .get("ownership")
        .is_some_and(|o| o["type"] == "Direct")
}

/// Puts entities into the catalog as they stand, with what their blueprints need for it.
fn keep(
    kept: &[(&Key, &StandingEntity, Origin)],
    catalog: &mut port::Catalog,
    standing: &Standing,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Result<(), Error> {
    let mut by_place: BTreeMap<_, Vec<(&Key, Origin)>> = BTreeMap::new();
    for (key, entity, error) in kept {
        // Some manifests cannot say all of it.
        let place = entity.places.iter().max_by_key(|place| {
            (
                place.state,
                Sort::of(&place.path).is_some_and(Sort::is_whole),
            )
        });
        if let Some(place) = place {
            let Place { root, state, path } = place;
            let place = by_place.entry((*root, *state, path)).or_default();
            place.push((*key, *error));
        }
    }
    for ((root, state, path), keys) in by_place {
        let place = Place {
            root,
            state,
            path: path.clone(),
        };
        let text = standing.text_in(&place)?;
        let mut bodies = Bodies::default();
        collect(path, &text, &mut bodies);
        for (key, error) in &keys {
            let Some(body) = bodies.entities.remove(*key) else {
                continue;
            };
            let origin = origin(&place, &text, *error, sources);
            let entity = entity(key, &body, origin);
            if !catalog.are_given {
                widen(catalog, &entity, standing);
            }
            catalog.entities.push(entity.into());
        }
        let names = named(keys.iter().map(|(key, _)| *key));
        let shown = standing.shown(root, path);
        let broken: BTreeSet<_> = keys
            .iter()
            .map(|(_, error)| format!("`{}`", sources.display_path(error.file)))
            .collect();
        let broken: Vec<_> = broken.into_iter().collect();
        let message = format!(
            "`{shown}` keeps {names}: missing now, while there are errors in {}",
            broken.join(", ")
        );
        let help =
            "an entity that leaves its manifest is deleted in Port; mend the errors and run again";
        let mut found = Diagnostic::new(Code::KeptEntity, message).help(help);
        found.location = keys.first().map(|(_, error)| error.document());
        diagnostics.push(found);
    }
    Ok(())
}

/// What stands for the descriptor of a kept entity: one whose manifest is the same.
fn origin(place: &Place, text: &str, error: Origin, sources: &mut Sources) -> Origin {
    let file = if let Some(descriptor) = named_descriptor(&place.path, text) {
        sources.add(place.root, &descriptor)
    } else {
        let folder = place.path.parent().unwrap_or(Utf8Path::new(""));
        if place.path.starts_with(PORT_FOLDER) || sources.home(error.file) == (place.root, folder) {
            return error;
        }
        sources.add(place.root, &place.path)
    };
    Origin {
        file,
        document: 0,
        line: 1,
    }
}

/// The descriptor that the first line of a manifest with one entity names, by its path in the root.
fn named_descriptor(path: &Utf8Path, text: &str) -> Option<Utf8PathBuf> {
    let is_in = |folder: &str| path.starts_with(Utf8Path::new(PORT_FOLDER).join(folder));
    if !is_in("entities") && !is_in("kubernetes") {
        return None;
    }
    let (_, rest) = text
        .lines()
        .take(3)
        .find_map(|line| line.split_once(") from "))?;
    let (descriptor, _) = rest.split_once(". Do not edit: change the descriptor and")?;
    Some(descriptor.into())
}

/// An entity from the body in a manifest.
fn entity(key: &Key, body: &Value, origin: Origin) -> Entity {
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    let parts = |name: &str| body.get(name).and_then(Value::as_object);
    let properties = parts("properties").into_iter().flat_map(Map::iter);
    let relations = parts("relations").into_iter().flat_map(Map::iter);
    Entity {
        identifier: key.identifier.clone(),
        title: text("title"),
        icon: text("icon"),
        blueprint: key.blueprint.clone(),
        team: body.get("team").and_then(targets),
        cleared: Cleared {
            properties: nulls(properties.clone()),
            relations: nulls(relations.clone()),
        },
        properties: properties
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
        relations: relations
            .filter_map(|(name, value)| Some((name.clone(), targets(value)?)))
            .collect(),
        origin,
    }
}

fn nulls<'a>(parts: impl Iterator<Item = (&'a String, &'a Value)>) -> BTreeSet<String> {
    parts
        .filter(|(_, value)| value.is_null())
        .map(|(name, _)| name.clone())
        .collect()
}

fn targets(value: &Value) -> Option<Targets> {
    match value {
        Value::String(name) => Some(Targets::One(name.clone())),
        Value::Array(names) => {
            let names = names.iter().filter_map(Value::as_str);
            Some(Targets::Many(names.map(str::to_owned).collect()))
        }
        Value::Object(_) => Query::new(value.clone()).ok().map(Targets::Query),
        _ => None,
    }
}

/// Gives the blueprint of a kept entity what it has, as an earlier run defined it: blueprints may be inferred from
/// entities, and this one was not there.
fn widen(catalog: &mut port::Catalog, entity: &Entity, standing: &Standing) {
    let Some(before) = standing.blueprints.get(&entity.blueprint) else {
        return;
    };
    let mut blueprints = catalog.blueprints.iter_mut();
    let Some(blueprint) = blueprints.find(|blueprint| blueprint.identifier == entity.blueprint)
    else {
        catalog.blueprints.push(before.clone());
        return;
    };
    for name in entity.properties.keys().chain(&entity.cleared.properties) {
        if let Some(definition) = before.schema.properties.get(name) {
            let properties = blueprint.schema.properties.entry(name.clone());
            properties.or_insert_with(|| definition.clone());
        }
    }
    for name in entity.relations.keys().chain(&entity.cleared.relations) {
        if let Some(definition) = before.relations.get(name) {
            let relations = blueprint.relations.entry(name.clone());
            relations.or_insert_with(|| definition.clone());
        }
    }
}

fn too_many(removed: &[Key], all: usize) -> Diagnostic {
    let message = format!(
        "nothing is written: {} of {all} entities would leave their manifests, such as {}",
        removed.len(),
        named(removed.iter())
    );
    Diagnostic::new(Code::TooManyRemovals, message).help(
        "an entity that leaves its manifest is deleted in Port; if that is meant, run again with --allow-removals",
    )
}

fn named<'a>(keys: impl ExactSizeIterator<Item = &'a Key>) -> String {
    let more = keys.len().saturating_sub(NAMED);
    let names = keys.take(NAMED);
    let names: Vec<_> = names
        .map(|key| format!("`{} {}`", key.blueprint, key.identifier))
        .collect();
    match more {
        0 => names.join(", "),
        _ => format!("{} and {more} more", names.join(", ")),
    }
}
