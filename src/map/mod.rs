//! The bridge: Backstage's catalog in, Port's catalog out, by the rules of a [`Profile`].
//!
//! The only module that imports both sides. Expressions mean what they mean to Port's Ocean framework (port-labs/ocean,
//! `port_ocean/core/handlers/entity_processor`): the first output counts, an error is null and a finding, a selector
//! must give a boolean. What differs: a property or relation of null is left out instead of sent.
//!
//! What an expression sees is documented in [`input`].

pub mod account;
mod document;
mod engine;
pub mod explain;
mod given;
pub mod infer;
pub mod input;
mod items;
pub mod jq;
mod keys;
mod mapper;
mod mapping;
pub mod overlay;
pub mod owners;
pub mod profile;
pub mod sandbox;
pub mod trace;
pub mod worker;

use std::collections::{BTreeMap, HashSet};

use rayon::prelude::*;
use serde_json::Value;

use crate::backstage::entity::Relation;
use crate::backstage::references::References;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Error};
use crate::source::{FieldPath, Origin, Sources};
use crate::{backstage, port};
use jq::Input;
use mapper::{Mapped, map_entity};
pub use owners::Owners;
pub use profile::Profile;

/// A catalog, and how it becomes Port's.
#[derive(Debug, Clone, Copy)]
pub struct Bridge<'a> {
    /// The catalog.
    pub catalog: &'a backstage::Catalog,
    /// What the fields of custom kinds refer to; for profiles that ask for it, see [`Profile::reads_references`].
    pub references: Option<&'a References<'a>>,
    /// How kinds become blueprints.
    pub profile: &'a Profile,
    /// Who may own an entity.
    pub owners: Owners,
    /// The files the catalog was read from.
    pub sources: &'a Sources,
}

impl<'a> Bridge<'a> {
    /// What an expression sees of the entity at an index of the catalog.
    #[must_use]
    pub fn seen(&self, index: usize) -> Value {
        let stated = self.catalog.relations(index).collect();
        self.input(index, &self.relations(stated))
    }

    /// The same, if the entity had these relations.
    fn input(&self, index: usize, relations: &[Relation<'_>]) -> Value {
        let mut input = input::of(self.catalog, index, relations, self.sources);
        let entity_ref = &self.catalog.entities()[index].entity_ref;
        self.add_references(entity_ref, &mut input);
        input
    }

    /// Makes anew what an expression sees of the references of an entity, where one asks for it.
    fn add_references(&self, entity_ref: &backstage::EntityRef, input: &mut Value) {
        if let Some(references) = self.references
            && self.profile.kind_reads_references(&entity_ref.kind)
        {
            input::add_references(input, &entity_ref.namespace, references);
        }
    }

    /// The relations that an entity with these has in Port.
    fn relations(&self, stated: Vec<Relation<'a>>) -> Vec<Relation<'a>> {
        owners::relations(self.catalog, stated, self.owners)
    }
}

/// Maps every entity whose kind the profile knows. The result has the order of the catalog, for any number of threads.
///
/// # Errors
///
/// [`Error::Expression`] when an expression goes over its limits again and again.
pub fn catalog(bridge: Bridge<'_>, diagnostics: &mut Diagnostics) -> Result<port::Catalog, Error> {
    let Bridge {
        catalog, profile, ..
    } = bridge;
    let with_teams = bridge.profile.with_teams();
    let mapped: Vec<(Vec<port::Packed>, Diagnostics)> = (0..catalog.entities().len())
        .into_par_iter()
        .map(|index| {
            bridge.sources.progress.advance();
            let entity = &catalog.entities()[index];
            if !profile.has_kind(&entity.entity_ref.kind) {
                return Ok((Vec::new(), Diagnostics::default()));
            }
            let relations = bridge.relations(catalog.relations(index).collect());
            let input = Input::new(bridge.input(index, &relations));
            let (mapped, mut found) = map_entity(entity, profile, &input)?;
            let entities = mapped.into_iter().map(|mapped| mapped.entity);
            let entities: Vec<port::Entity> = entities.collect();
            let lacks_team = |mapped: &port::Entity| {
                bridge.owners == Owners::Groups
                    || (mapped.team.is_none() && with_teams.contains(&*mapped.blueprint))
            };
            if entities.iter().any(lacks_team) {
                let owned = owners::user_owned(catalog, entity, &relations, bridge.owners);
                found.extend(owned);
            }
            // What is collected would stay in the memory of what it is made of.
            let mut packed = Vec::with_capacity(entities.len());
            packed.extend(entities.into_iter().map(port::Packed::from));
            Ok((packed, found))
        })
        .collect::<Result<_, Error>>()?;
    let mut entities = Vec::with_capacity(mapped.len());
    let mut taken_kinds = HashSet::new();
    for (entity, (of_one, found)) in catalog.entities().iter().zip(mapped) {
        if !of_one.is_empty() || !found.is_empty() {
            taken_kinds.insert(entity.entity_ref.kind.to_lowercase());
        }
        entities.extend(of_one);
        diagnostics.append(found);
    }
    report_unmapped_kinds(catalog, profile, &taken_kinds, diagnostics);
    remove_unknown_blueprints(profile, &mut entities, diagnostics);
    Ok(port::Catalog {
        blueprints: profile.blueprints.clone(),
        entities,
        are_given: profile.has_given_blueprints(),
    })
}

/// One note for each kind of which nothing was taken, at its first entity: it has no resource, or none that selects it.
fn report_unmapped_kinds(
    catalog: &backstage::Catalog,
    profile: &Profile,
    taken: &HashSet<String>,
    diagnostics: &mut Diagnostics,
) {
    let mut unmapped: BTreeMap<String, (&backstage::Entity<backstage::Packed>, usize)> =
        BTreeMap::new();
    for entity in catalog.entities() {
        let kind = entity.entity_ref.kind.to_lowercase();
        if !taken.contains(&kind) {
            unmapped.entry(kind).or_insert((entity, 0)).1 += 1;
        }
    }
    for (first, count) in unmapped.into_values() {
        let (name, kind) = (&profile.name, &first.entity_ref.kind);
        let (what, help) = if profile.has_kind(kind) {
            (
                format!("the profile `{name}` leaves out the kind `{kind}`"),
                "no `selector` of the mapping takes one: where that is not meant, change it in a profile of your own",
            )
        } else {
            (
                format!("the profile `{name}` maps no kind `{kind}`"),
                "to convert it, add a blueprint and a resource for the kind to a profile of your own",
            )
        };
        let entities = if count == 1 { "entity" } else { "entities" };
        diagnostics.push(
            Diagnostic::new(
                Code::UnmappedKind,
                format!("{what}: {count} {entities} not converted"),
            )
            .at(first.origin.value(FieldPath::keys(["kind"])))
            .help(help),
        );
    }
}

/// Takes out the entities of blueprints that nothing defines: Port would refuse them.
fn remove_unknown_blueprints(
    profile: &Profile,
    entities: &mut Vec<port::Packed>,
    diagnostics: &mut Diagnostics,
) {
    let known: HashSet<&str> = profile
        .blueprints
        .iter()
        .map(|blueprint| blueprint.identifier.as_str())
        .collect();
    let mut unknown: BTreeMap<String, (Origin, usize)> = BTreeMap::new();
    entities.retain(|entity| {
        let is_known = known.contains(entity.blueprint());
        if !is_known {
            let found = unknown.entry(entity.blueprint().to_owned());
            found.or_insert((entity.origin, 0)).1 += 1;
        }
        is_known
    });
    for (blueprint, (origin, count)) in unknown {
        let (place, help) = match &profile.given {
            Some(folder) => (
                format!("the folder {folder}"),
                "add the blueprint to the folder, or take it from there again",
            ),
            None => (
                format!("the profile `{}`", profile.name),
                "add it to `blueprints.yaml`, or correct `blueprint` in `mapping.yaml`",
            ),
        };
        let entities = if count == 1 { "entity" } else { "entities" };
        diagnostics.push(
            Diagnostic::new(
                Code::UnknownBlueprint,
                format!(
                    "{place} defines no blueprint `{blueprint}`: {count} {entities} not converted"
                ),
            )
            .at(origin.name())
            .help(help),
        );
    }
}

#[cfg(test)]
mod tests;
