//! Cuts the blueprints to what the entities use.
//!
//! In: a checked catalog. Out: the same entities, and blueprints without parts that nothing fills. Entities are never
//! changed, and nothing is added to a blueprint but the enums that are asked for.

mod enums;

use std::collections::{BTreeSet, HashMap, HashSet};

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::diagnostic::{Error, similar};
use crate::packed::Held;
use crate::port::path::{Target, by_identifier, has_value, is_mirrored, target};
use crate::port::{self, Blueprint, Outline, Packed};

/// Which parts of blueprints are cut, and which enums are made. By default everything unused goes and no enum is made.
///
/// As data (a profile may hold it), its keys are the names of the fields in camel case, all of them optional.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own in the configuration"
)]
pub struct Refinement {
    /// Drops blueprints without entities. One that a remaining relation leads to stays: its entities may live elsewhere.
    pub drop_unused_blueprints: bool,
    /// Drops properties that no entity has.
    pub drop_unused_properties: bool,
    /// Drops relations that no entity has.
    pub drop_unused_relations: bool,
    /// Requires a property or relation only if every entity has it. Nothing becomes required that was not.
    pub relax_required: bool,
    /// Names of properties that become enums with colours, of the values in use, in every blueprint that has them as a
    /// text or a number or a list of those. An enum refuses the next value that nobody used before.
    pub enums: BTreeSet<String>,
}

impl Default for Refinement {
    fn default() -> Self {
        Self {
            drop_unused_blueprints: true,
            drop_unused_properties: true,
            drop_unused_relations: true,
            relax_required: true,
            enums: BTreeSet::new(),
        }
    }
}

/// Makes sure that every property which is named to become an enum is one of some blueprint.
///
/// # Errors
///
/// [`Error::NoSuchEnum`] when no blueprint has it as a text or a number or a list of those.
pub fn check_enums(refinement: &Refinement, blueprints: &[Blueprint]) -> Result<(), Error> {
    let known: BTreeSet<&str> = blueprints
        .iter()
        .flat_map(|blueprint| &blueprint.schema.properties)
        .filter(|(_, property)| enums::can_be_enum(property))
        .map(|(name, _)| name.as_str())
        .collect();
    match refinement
        .enums
        .iter()
        .find(|name| !known.contains(name.as_str()))
    {
        None => Ok(()),
        Some(unknown) => Err(Error::NoSuchEnum {
            property: unknown.clone(),
            remedy: similar(unknown, known.into_iter())
                .map_or_else(String::new, |known| format!("; did you mean `{known}`?")),
        }),
    }
}

/// Cuts the blueprints of a catalog.
///
/// Properties and relations that a calculation mentions count as used, for what it computes without them is unknown, and
/// so do those that an entity has as null.
/// Mirror properties, aggregations and inherited ownership whose path no longer leads anywhere are dropped. Whatever the
/// switches say, no relation stays both `many` and `required` (Port refuses it) and `required` names no property that is
/// gone. The order of blueprints does not change. Given blueprints stay as they are.
///
/// A definition with `enum: []` (of a list: `items` with it) asks for an enum of the values in use, sorted. Where it has
/// `enumColors` too, every value that they do not name gets a colour of Port's palette, always the same one. Without
/// values there is no enum.
#[must_use]
pub fn blueprints(mut catalog: port::Catalog, refinement: &Refinement) -> port::Catalog {
    if catalog.are_given {
        return catalog;
    }
    let port::Catalog {
        blueprints,
        entities,
        ..
    } = &mut catalog;
    let usage = Usage::of(entities);
    for blueprint in blueprints.iter_mut() {
        let uses = usage.0.get(blueprint.identifier.as_str());
        cut_unused(blueprint, uses.unwrap_or(&Uses::default()), refinement);
    }
    enums::fill(blueprints, entities, &refinement.enums);
    if refinement.drop_unused_blueprints {
        let kept = reachable(blueprints, &usage);
        blueprints.retain(|blueprint| kept.contains(&blueprint.identifier));
    }
    while cut_unresolved(blueprints) {}
    catalog
}

/// How many entities a blueprint has, and how many of them have each property and relation.
#[derive(Debug, Default)]
struct Uses {
    entities: usize,
    properties: HashMap<String, usize>,
    relations: HashMap<String, usize>,
    /// Those that some entity has as null: Port takes a null only for what the blueprint defines.
    cleared_properties: HashSet<String>,
    cleared_relations: HashSet<String>,
}

impl Uses {
    fn add(&mut self, entity: Outline) {
        let Outline {
            properties,
            relations,
            cleared,
            ..
        } = entity;
        self.entities += 1;
        for (name, held) in properties.0 {
            if held != Held::Null {
                count(&mut self.properties, &name, 1);
            }
        }
        for (name, held) in relations.0 {
            if held != Held::EmptyList {
                count(&mut self.relations, &name, 1);
            }
        }
        self.cleared_properties.extend(cleared.properties);
        self.cleared_relations.extend(cleared.relations);
    }

    fn join(&mut self, other: Self) {
        self.entities += other.entities;
        for (name, times) in other.properties {
            count(&mut self.properties, &name, times);
        }
        for (name, times) in other.relations {
            count(&mut self.relations, &name, times);
        }
        self.cleared_properties.extend(other.cleared_properties);
        self.cleared_relations.extend(other.cleared_relations);
    }
}

/// Counts a name; nearly always it is known.
fn count(counts: &mut HashMap<String, usize>, name: &str, times: usize) {
    match counts.get_mut(name) {
        Some(known) => *known += times,
        None => _ = counts.insert(name.to_owned(), times),
    }
}

#[derive(Default)]
struct Usage<'a>(HashMap<&'a str, Uses>);

impl<'a> Usage<'a> {
    fn of(entities: &'a [Packed]) -> Self {
        let counted = entities
            .par_iter()
            .fold(Self::default, |mut usage, entity| {
                let uses = usage.0.entry(entity.blueprint()).or_default();
                uses.add(entity.outline());
                usage
            });
        counted.reduce(Self::default, |mut all, some| {
            for (blueprint, uses) in some.0 {
                all.0.entry(blueprint).or_default().join(uses);
            }
            all
        })
    }
}

fn cut_unused(blueprint: &mut Blueprint, uses: &Uses, refinement: &Refinement) {
    let calculations: Vec<String> = blueprint
        .calculation_properties
        .values()
        .filter_map(|definition| definition["calculation"].as_str().map(str::to_owned))
        .collect();
    let is_mentioned = |name: &str| calculations.iter().any(|jq| mentions(jq, name));
    if refinement.drop_unused_properties {
        let properties = &mut blueprint.schema.properties;
        properties.retain(|name, _| {
            uses.properties.contains_key(name.as_str())
                || uses.cleared_properties.contains(name.as_str())
                || is_mentioned(name)
        });
    }
    if refinement.drop_unused_relations {
        let relations = &mut blueprint.relations;
        relations.retain(|name, _| {
            uses.relations.contains_key(name.as_str())
                || uses.cleared_relations.contains(name.as_str())
                || is_mentioned(name)
        });
    }
    // Also without any entity nothing is required: an entity that Port makes for a dangling relation has no values.
    let has_every = |counts: &HashMap<String, usize>, name: &str| {
        !refinement.relax_required
            || (uses.entities > 0 && counts.get(name) == Some(&uses.entities))
    };
    let schema = &mut blueprint.schema;
    schema
        .required
        .retain(|name| schema.properties.contains_key(name) && has_every(&uses.properties, name));
    for (name, relation) in &mut blueprint.relations {
        relation.required &= !relation.many && has_every(&uses.relations, name);
    }
}

/// Whether a jq program has the name as a word of its own. A word that means something else keeps a part too many, which
/// harms nothing.
fn mentions(jq: &str, name: &str) -> bool {
    let is_part = |char: char| char.is_alphanumeric() || "_-@=\\".contains(char);
    jq.match_indices(name).any(|(start, _)| {
        // `.a-b` is `.a - b` in jq, so a hyphen may stand beside a name.
        let before = jq[..start].chars().next_back();
        let after = jq[start + name.len()..].chars().next();
        let is_inside = |char: Option<char>| char.is_some_and(|char| is_part(char) && char != '-');
        !is_inside(before) && !is_inside(after)
    })
}

/// Blueprints with entities, and all that relations lead to from there.
fn reachable(blueprints: &[Blueprint], usage: &Usage<'_>) -> BTreeSet<String> {
    let by_id: HashMap<&str, &Blueprint> = by_identifier(blueprints);
    let mut kept = BTreeSet::new();
    let mut open: Vec<&str> = usage.0.keys().copied().collect();
    while let Some(id) = open.pop() {
        if let Some(blueprint) = by_id.get(id)
            && kept.insert(id.to_owned())
        {
            open.extend(blueprint.relations.values().map(|r| r.target.as_str()));
        }
    }
    kept
}

/// Drops computed parts that lead nowhere; says whether there were any, for others may have led to them.
fn cut_unresolved(blueprints: &mut [Blueprint]) -> bool {
    let by_id = by_identifier(blueprints);
    let lost: Vec<Lost> = blueprints
        .iter()
        .map(|blueprint| Lost::of(blueprint, &by_id))
        .collect();
    let mut changed = false;
    for (blueprint, lost) in blueprints.iter_mut().zip(lost) {
        changed |= lost.ownership || !lost.mirrors.is_empty() || !lost.aggregations.is_empty();
        blueprint
            .mirror_properties
            .retain(|name, _| !lost.mirrors.contains(name));
        if let Some(Value::Object(map)) = blueprint.rest.get_mut("aggregationProperties") {
            map.retain(|name, _| !lost.aggregations.contains(name));
        }
        if lost.ownership {
            blueprint.rest.shift_remove("ownership");
        }
    }
    changed
}

/// The computed parts of a blueprint that lead nowhere.
struct Lost {
    mirrors: HashSet<String>,
    aggregations: HashSet<String>,
    ownership: bool,
}

impl Lost {
    fn of(blueprint: &Blueprint, by_id: &HashMap<&str, &Blueprint>) -> Self {
        let names = |map: &Map<String, Value>, is_lost: &dyn Fn(&Value) -> bool| {
            let lost = map.iter().filter(|(_, definition)| is_lost(definition));
            lost.map(|(name, _)| name.clone()).collect()
        };
        let aggregations = blueprint.rest.get("aggregationProperties");
        let ownership = blueprint
            .rest
            .get("ownership")
            .map(|ownership| &ownership["path"]);
        Self {
            mirrors: names(&blueprint.mirror_properties, &|mirror| {
                !is_mirrored(
                    blueprint,
                    mirror["path"].as_str().unwrap_or_default(),
                    by_id,
                )
            }),
            aggregations: aggregations
                .and_then(Value::as_object)
                .map(|map| names(map, &|definition| is_lost_aggregation(definition, by_id)))
                .unwrap_or_default(),
            ownership: ownership
                .and_then(Value::as_str)
                .is_some_and(|path| matches!(target(blueprint, path, by_id), Target::Nowhere)),
        }
    }
}

fn is_lost_aggregation(definition: &Value, by_id: &HashMap<&str, &Blueprint>) -> bool {
    let target = definition["target"].as_str().unwrap_or_default();
    let Some(target) = by_id.get(target) else {
        return !target.starts_with('_');
    };
    let property = definition["calculationSpec"]["property"].as_str();
    let path = definition["pathFilter"][0]["path"].as_array();
    // The path may start at either side, so only names that no blueprint has are surely gone.
    let is_gone = |name: &Value| {
        let name = name.as_str().unwrap_or_default();
        !by_id
            .values()
            .any(|blueprint| blueprint.relations.contains_key(name))
    };
    property.is_some_and(|property| !has_value(target, property))
        || path.is_some_and(|path| path.iter().any(is_gone))
}

#[cfg(test)]
mod tests;
