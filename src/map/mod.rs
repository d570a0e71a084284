//! The bridge: Backstage's catalog in, Port's catalog out, by the rules of a [`Profile`].
//!
//! The only module that imports both sides. Expressions mean what they mean to Port's Ocean framework (port-labs/ocean,
//! `port_ocean/core/handlers/entity_processor`): the first output counts, an error is null and a finding, a selector
//! must give a boolean. What differs: a property or relation of null is left out instead of sent.
//!
//! What an expression sees is documented in [`input`].

pub mod account;
mod document;
pub mod explain;
mod given;
pub mod infer;
pub mod input;
pub mod jq;
mod keys;
mod mapping;
pub mod owners;
mod plain;
pub mod profile;
pub mod sandbox;
pub mod trace;
pub mod worker;

use std::collections::{BTreeMap, HashSet};

use rayon::prelude::*;
use serde_json::{Map, Value, json};

use crate::backstage::entity::Relation;
use crate::backstage::references::References;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Error};
use crate::source::{Origin, Sources};
use crate::{backstage, port};
use jq::Input;
use mapping::{EntityMapping, Items, Leaf, Query, Resource, Rule, Shape, Target};
pub use owners::Owners;
pub use profile::Profile;
use sandbox::Failure;

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
    /// What an expression sees of the entity at an index of the catalog, if it has these relations.
    fn input(&self, index: usize, relations: &[Relation<'_>]) -> Value {
        let mut input = input::of(self.catalog, index, relations, self.sources);
        self.add_references(&self.catalog.entities()[index], &mut input);
        input
    }

    /// Makes anew what an expression sees of the references of an entity, where one asks for it.
    fn add_references(&self, entity: &backstage::Entity, input: &mut Value) {
        if let Some(references) = self.references
            && self.profile.kind_reads_references(&entity.entity_ref.kind)
        {
            input::add_references(input, entity, references);
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
    let mapped: Vec<(Vec<port::Entity>, Diagnostics)> = (0..catalog.entities().len())
        .into_par_iter()
        .map(|index| {
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
            Ok((entities, found))
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
    let mut unmapped: BTreeMap<String, (&backstage::Entity, usize)> = BTreeMap::new();
    for entity in catalog.entities() {
        let kind = entity.entity_ref.kind.to_lowercase();
        if !taken.contains(&kind) {
            unmapped.entry(kind).or_insert((entity, 0)).1 += 1;
        }
    }
    for (first, count) in unmapped.into_values() {
        let (name, kind) = (&profile.name, &first.entity_ref.kind);
        let what = if profile.has_kind(kind) {
            format!("the profile `{name}` leaves out the kind `{kind}`")
        } else {
            format!("the profile `{name}` maps no kind `{kind}`")
        };
        let entities = if count == 1 { "entity" } else { "entities" };
        diagnostics.push(
            Diagnostic::new(
                Code::UnmappedKind,
                format!("{what}: {count} {entities} not converted"),
            )
            .at(first.origin.document()),
        );
    }
}

/// Takes out the entities of blueprints that nothing defines: Port would refuse them.
fn remove_unknown_blueprints(
    profile: &Profile,
    entities: &mut Vec<port::Entity>,
    diagnostics: &mut Diagnostics,
) {
    let known: HashSet<&str> = profile
        .blueprints
        .iter()
        .map(|blueprint| blueprint.identifier.as_str())
        .collect();
    let mut unknown: BTreeMap<String, (Origin, usize)> = BTreeMap::new();
    entities.retain(|entity| {
        let is_known = known.contains(entity.blueprint.as_str());
        if !is_known {
            let found = unknown.entry(entity.blueprint.clone());
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
            .at(origin.document())
            .help(help),
        );
    }
}

/// An entity of Port and the mapping that made it.
struct Mapped<'a> {
    entity: port::Entity,
    mapping: &'a EntityMapping,
}

/// What one entity becomes, and what there is to say about it.
fn map_entity<'a>(
    entity: &backstage::Entity,
    profile: &'a Profile,
    input: &Input,
) -> Result<(Vec<Mapped<'a>>, Diagnostics), Error> {
    let mut mapper = Mapper::new(profile, entity.origin);
    for resource in profile.resources_of(&entity.entity_ref.kind) {
        mapper.resource(resource, input);
    }
    match mapper.stopped {
        None => Ok((mapper.entities, mapper.diagnostics)),
        Some(error) => Err(error),
    }
}

/// Maps one entity of Backstage.
struct Mapper<'a> {
    profile: &'a Profile,
    origin: Origin,
    entities: Vec<Mapped<'a>>,
    diagnostics: Diagnostics,
    /// Why the run cannot go on.
    stopped: Option<Error>,
}

impl<'a> Mapper<'a> {
    fn new(profile: &'a Profile, origin: Origin) -> Self {
        Self {
            profile,
            origin,
            entities: Vec::new(),
            diagnostics: Diagnostics::default(),
            stopped: None,
        }
    }

    /// The first output of an expression, or what is wrong with it; `None` where that is reported already.
    fn first(&mut self, leaf: &Leaf, input: &Input) -> Option<Result<Option<Value>, String>> {
        let (message, is_last) = match self.profile.first(leaf, input) {
            Ok(value) => return Some(Ok(value)),
            Err(Failure::Failed(message)) => return Some(Err(format!("failed: {message}"))),
            Err(Failure::Ended(message)) => (message, false),
            Err(Failure::Stopped(message)) => (message, true),
        };
        let entity = input.value().pointer("/metadata/identifier");
        let entity = entity.and_then(Value::as_str).unwrap_or_default();
        if is_last && self.stopped.is_none() {
            self.stopped = Some(Error::Expression {
                leaf: leaf.name.clone(),
                expression: leaf.text.trim().to_owned(),
                entity: entity.to_owned(),
                message,
            });
        } else {
            let problem = format!("{message}, for {entity}");
            self.report(Code::RunawayExpression, leaf, &problem);
        }
        None
    }

    fn resource(&mut self, resource: &'a Resource, input: &Input) {
        let Some(items) = &resource.items else {
            return self.selected(resource, input);
        };
        for item in self.items(items, input) {
            self.selected(resource, &item);
        }
    }

    /// The inputs an entity is split into.
    fn items(&mut self, items: &Items, input: &Input) -> Vec<Input> {
        let list = match self.value(&items.list, input) {
            Some(Value::Array(list)) => list,
            Some(other) => {
                self.failed(&items.list, &format!("gave {}, not a list", sort(&other)));
                return Vec::new();
            }
            None => return Vec::new(),
        };
        let mut rest = input.value().clone();
        if let Some((last, parents)) = items.removed.as_deref().and_then(<[_]>::split_last) {
            let parent = parents
                .iter()
                .try_fold(&mut rest, |value, key| value.get_mut(key));
            if let Some(parent) = parent.and_then(Value::as_object_mut) {
                parent.shift_remove(last);
            }
        }
        let Value::Object(rest) = rest else {
            return Vec::new();
        };
        list.into_iter()
            .map(|item| {
                // A field of the entity that already has the name wins, as with Ocean.
                let mut fields = Map::from_iter([(items.name.clone(), item)]);
                fields.extend(rest.clone());
                Input::new(Value::Object(fields))
            })
            .collect()
    }

    fn selected(&mut self, resource: &'a Resource, input: &Input) {
        let query = &resource.query;
        let Some(selected) = self.first(query, input) else {
            return;
        };
        let problem = match selected {
            Ok(Some(Value::Bool(true))) => {
                for mapping in &resource.mappings {
                    self.entity(mapping, input);
                }
                return;
            }
            Ok(Some(Value::Bool(false))) => return,
            Ok(Some(other)) => format!("gave {} instead of true or false", sort(&other)),
            Ok(None) => "gave nothing instead of true or false".to_owned(),
            Err(problem) => problem,
        };
        self.unmapped(query, &problem);
    }

    fn entity(&mut self, mapping: &'a EntityMapping, input: &Input) {
        let Some(identifier) = self.key(&mapping.identifier, input) else {
            return;
        };
        let Some(blueprint) = self.key(&mapping.blueprint, input) else {
            return;
        };
        let mut optional = |leaf: &Option<Leaf>| self.text(leaf.as_ref()?, input);
        let title = optional(&mapping.title);
        let icon = optional(&mapping.icon);
        let team = mapping.team.as_ref();
        let team = team.and_then(|target| self.targets(target, input));
        let mut properties = BTreeMap::new();
        for (name, shape) in &mapping.properties {
            let value = self.property(shape, input);
            if !value.is_null() {
                properties.insert(name.clone(), value);
            }
        }
        let mut relations = BTreeMap::new();
        for (name, target) in &mapping.relations {
            if let Some(targets) = self.targets(target, input) {
                relations.insert(name.clone(), targets);
            }
        }
        let entity = port::Entity {
            identifier,
            title,
            icon,
            blueprint,
            team,
            properties,
            relations,
            origin: self.origin,
        };
        self.entities.push(Mapped { entity, mapping });
    }

    /// An identifier or a blueprint; without one there is no entity.
    fn key(&mut self, leaf: &Leaf, input: &Input) -> Option<String> {
        let problem = match self.first(leaf, input)? {
            Ok(Some(value)) => match scalar(&value) {
                Some(text) if !text.is_empty() && value != Value::Bool(false) => return Some(text),
                _ => format!("gave {}", sort(&value)),
            },
            Ok(None) => "gave nothing".to_owned(),
            Err(problem) => problem,
        };
        self.unmapped(leaf, &problem);
        None
    }

    fn property(&mut self, shape: &Shape, input: &Input) -> Value {
        match shape {
            Shape::Leaf(leaf) => self.value(leaf, input).unwrap_or_default(),
            Shape::Object(shapes) => shapes
                .iter()
                .map(|(name, shape)| (name.clone(), self.property(shape, input)))
                .collect(),
        }
    }

    fn text(&mut self, leaf: &Leaf, input: &Input) -> Option<String> {
        let value = self.value(leaf, input)?;
        let text = scalar(&value);
        if text.is_none() {
            self.failed(leaf, &format!("gave {}, not a text", sort(&value)));
        }
        text
    }

    /// What a relation leads to; `None` where that is nothing.
    fn targets(&mut self, target: &Target, input: &Input) -> Option<port::Targets> {
        let leaf = match target {
            Target::Leaf(leaf) => leaf,
            Target::Query(query) => {
                let value = self.query(query, input);
                return match port::Query::new(value) {
                    Ok(query) => Some(port::Targets::Query(query)),
                    Err(message) => {
                        self.failed(
                            &query.combinator,
                            &format!("belongs to a faulty search: {message}"),
                        );
                        None
                    }
                };
            }
        };
        match self.value(leaf, input)? {
            Value::Array(items) => {
                let many: Vec<String> = items
                    .iter()
                    .filter(|item| !item.is_null())
                    .filter_map(|item| self.target(leaf, item))
                    .collect();
                (!many.is_empty()).then_some(port::Targets::Many(many))
            }
            one => self.target(leaf, &one).map(port::Targets::One),
        }
    }

    /// A search with the values of its expressions; null stays, for a rule may ask for it.
    fn query(&mut self, query: &Query, input: &Input) -> Value {
        let mut value = |leaf: &Leaf| self.value(leaf, input).unwrap_or_default();
        let combinator = value(&query.combinator);
        let rules = query.rules.iter().map(|rule| match rule {
            Rule::Query(query) => self.query(query, input),
            Rule::Property {
                property,
                operator,
                value,
            } => {
                let mut part = |leaf: &Leaf| self.value(leaf, input).unwrap_or_default();
                json!({"property": part(property), "operator": part(operator), "value": part(value)})
            }
        });
        json!({"combinator": combinator, "rules": rules.collect::<Vec<_>>()})
    }

    fn target(&mut self, leaf: &Leaf, value: &Value) -> Option<String> {
        let target = scalar(value).filter(|text| !text.is_empty());
        if target.is_none() {
            self.failed(leaf, &format!("gave {}, not an identifier", sort(value)));
        }
        target
    }

    /// The output of an expression; `None` for null, for no output and, reported, for an error.
    fn value(&mut self, leaf: &Leaf, input: &Input) -> Option<Value> {
        match self.first(leaf, input)? {
            Ok(value) => value.filter(|value| !value.is_null()),
            Err(problem) => {
                self.failed(leaf, &problem);
                None
            }
        }
    }

    fn failed(&mut self, leaf: &Leaf, problem: &str) {
        self.report(Code::MappingFailed, leaf, problem);
    }

    fn unmapped(&mut self, leaf: &Leaf, problem: &str) {
        self.report(Code::UnmappedEntity, leaf, problem);
    }

    fn report(&mut self, code: Code, leaf: &Leaf, problem: &str) {
        let Leaf { name, text, .. } = leaf;
        let found = Diagnostic::new(code, format!("`{name}` of the mapping {problem}"))
            .at(self.origin.document())
            .help(format!("the expression is `{}`", text.trim()));
        self.diagnostics.push(found);
    }
}

/// The text of a value that has one: Port's identifiers and titles are text, and `.spec.port` may be a number.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// What a value is, for messages.
fn sort(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(text) if text.is_empty() => "an empty text",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

#[cfg(test)]
mod tests;
