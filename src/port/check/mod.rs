//! Holds a catalog against Port's rules, so that nothing is refused later by a server.
//!
//! In: blueprints and entities as mapped. Out: the entities Port takes, and a finding for everything that was left out.
//! Rules: Port's API description (create blueprint, create entity), and its documentation where that is silent.

use std::collections::{HashMap, HashSet};

use rayon::iter::{IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};

use crate::diagnostic::{Code, Diagnostic, Diagnostics, quoted};
use crate::port::{self, Blueprint, Entity, Packed};
use crate::source::Location;
use entity::{Found, Shape, Undefined};
use pattern::Patterns;

mod blueprint;
mod computed;
mod definition;
mod entity;
mod format;
mod icon;
mod identifier;
mod pattern;
mod simple;
mod value;

pub use blueprint::blueprints;
pub use identifier::MAX_IDENTIFIER;
pub use value::has_format;

/// The largest body of a request, in bytes; Port answers 413 beyond.
pub const MAX_BODY: usize = 1024 * 1024;

/// A part of an entity, to ask where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    /// Its identifier, or the entity as a whole.
    Identifier,
    /// Its title.
    Title,
    /// Its icon.
    Icon,
    /// Its owning teams.
    Team,
    /// The property of this name.
    Property(&'a str),
    /// The relation of this name.
    Relation(&'a str),
}

/// Finds the place of a part of an entity; only asked when there is something to say about it. The part may be gone from
/// the entity by then.
pub type Locate<'a> = dyn Fn(&Entity, Part<'_>) -> Location + Sync + 'a;

/// Leaves out what Port would refuse: entities without a legal identifier of their own, and parts of entities that do
/// not fit the blueprint.
///
/// - Identifiers follow `^(?!\.{1,2}$)[\p{L}0-9@_.+:\\/=-]+$` with at most [`MAX_IDENTIFIER`] characters, those of `_user`
///   are e-mail addresses. Of two that are equal within a blueprint the first wins; two that are equal but for case are
///   both kept, with a warning.
/// - Values are held against the definition of their property: JSON Schema but for a few keywords, with Port's formats.
///   Of a list of labelled URLs only the bad items go; any other value goes as a whole. A part of a definition that
///   cannot be checked is reported once.
/// - Targets and teams are identifiers; a relation gets the shape its blueprint wants: one target or a list.
/// - Icons are those of Port, titles of `_team` names of teams, and teams are for blueprints with direct ownership.
/// - A body beyond [`MAX_BODY`] loses its largest part until it fits.
///
/// Entities of a blueprint that the catalog lacks are only checked for their identifiers: Port may know it.
#[must_use]
pub fn entities(
    catalog: port::Catalog,
    locate: &Locate<'_>,
    diagnostics: &mut Diagnostics,
) -> port::Catalog {
    let port::Catalog {
        blueprints,
        mut entities,
        are_given,
    } = catalog;
    entities.retain(|entity| identifier::is_well_named(entity, locate, diagnostics));
    let entities = identifier::distinct(entities, locate, diagnostics);
    let patterns = patterns(&blueprints, &entities, diagnostics);
    let shapes = shapes(&blueprints);
    let shapes: HashMap<&str, Shape<'_>> = shapes
        .into_iter()
        .map(|(identifier, blueprint)| (identifier, Shape::of(blueprint)))
        .collect();
    let fitted: Vec<(Packed, Found)> = entities
        .into_par_iter()
        .map(|packed| {
            let Some(shape) = shapes.get(packed.blueprint()) else {
                return (packed, Found::default());
            };
            let mut entity = packed.unpacked();
            let found = entity::fit(&mut entity, shape, &patterns, locate);
            if found.is_changed {
                (entity.into(), found)
            } else {
                (packed, found)
            }
        })
        .collect();
    let (entities, found): (Vec<Packed>, Vec<Found>) = fitted.into_iter().unzip();
    let mut undefined = Undefined::default();
    for (entity, found) in entities.iter().zip(found) {
        diagnostics.append(found.diagnostics);
        undefined.add(entity, found.undefined);
    }
    undefined.report(locate, diagnostics);
    port::Catalog {
        blueprints,
        entities,
        are_given,
    }
}

/// Reports entities without a property or relation that their blueprint requires: Port refuses the whole entity. For
/// blueprints as they will be written; refined ones require only what every entity has.
pub fn required(catalog: &port::Catalog, locate: &Locate<'_>, diagnostics: &mut Diagnostics) {
    let shapes = shapes(&catalog.blueprints);
    let found: Vec<Diagnostic> = catalog
        .entities
        .par_iter()
        .filter_map(|entity| {
            let blueprint = shapes.get(entity.blueprint())?;
            let missing = missing(entity, blueprint);
            if missing.is_empty() {
                return None;
            }
            let (id, blueprint) = (quoted(entity.identifier()), &blueprint.identifier);
            let message = format!(
                "{id} lacks what blueprint `{blueprint}` requires: {}",
                missing.join(", ")
            );
            let found = Diagnostic::new(Code::MissingRequired, message)
                .at(locate(&entity.unpacked(), Part::Identifier))
                .help("complete the descriptor, or do not require it in the blueprint");
            Some(found)
        })
        .collect();
    diagnostics.extend(found);
}

/// What a blueprint requires and an entity lacks, in words.
fn missing(entity: &Packed, blueprint: &Blueprint) -> Vec<String> {
    let properties = &blueprint.schema.required;
    let relations = blueprint.relations.iter();
    let mut relations = relations
        .filter(|(_, relation)| relation.required)
        .peekable();
    if properties.is_empty() && relations.peek().is_none() {
        return Vec::new();
    }
    let has = entity.outline();
    let properties = properties.iter().filter(|name| !has.properties.has(name));
    let relations = relations.filter(|(name, _)| !has.relations.has(name));
    let properties = properties.map(|name| format!("property `{name}`"));
    let relations = relations.map(|(name, _)| format!("relation `{name}`"));
    properties.chain(relations).collect()
}

fn shapes(blueprints: &[Blueprint]) -> HashMap<&str, &Blueprint> {
    blueprints
        .iter()
        .map(|blueprint| (blueprint.identifier.as_str(), blueprint))
        .collect()
}

/// The patterns of the blueprints that have entities.
fn patterns<'a>(
    blueprints: &'a [Blueprint],
    entities: &[Packed],
    diagnostics: &mut Diagnostics,
) -> Patterns<'a> {
    let used: HashSet<&str> = entities.iter().map(Packed::blueprint).collect();
    let mut patterns = Patterns::default();
    for blueprint in blueprints {
        if used.contains(blueprint.identifier.as_str()) {
            patterns.add(blueprint, diagnostics);
        }
    }
    patterns
}

#[cfg(test)]
mod tests;
