//! Paths of relations, as mirror properties and inherited ownership have them.
//!
//! In: a blueprint and a path. Out: the blueprint that the path ends at.

use std::collections::HashMap;

use super::Blueprint;

/// The properties that every entity has (Port's documentation, meta-properties).
const META: [&str; 9] = [
    "$blueprint",
    "$createdAt",
    "$createdBy",
    "$icon",
    "$identifier",
    "$team",
    "$title",
    "$updatedAt",
    "$updatedBy",
];

/// Where a path of relations ends.
pub(super) enum Target<'a> {
    Nowhere,
    /// At a blueprint that exists in every organization; what it has is not known here.
    OfPort,
    Here(&'a Blueprint),
}

/// Blueprints by their identifiers.
pub(super) fn by_identifier(blueprints: &[Blueprint]) -> HashMap<&str, &Blueprint> {
    blueprints
        .iter()
        .map(|blueprint| (blueprint.identifier.as_str(), blueprint))
        .collect()
}

/// Follows a path of relations with dots between them.
pub(super) fn target<'a>(
    start: &'a Blueprint,
    relations: &str,
    by_id: &HashMap<&str, &'a Blueprint>,
) -> Target<'a> {
    let mut blueprint = start;
    for name in relations.split('.') {
        let Some(relation) = blueprint.relations.get(name) else {
            return Target::Nowhere;
        };
        match by_id.get(relation.target.as_str()) {
            Some(next) => blueprint = next,
            None if relation.target.starts_with('_') => return Target::OfPort,
            None => return Target::Nowhere,
        }
    }
    Target::Here(blueprint)
}

/// Whether entities of a blueprint have a value of this name: a property, a computed one or a meta-property.
pub(super) fn has_value(blueprint: &Blueprint, property: &str) -> bool {
    let aggregations = blueprint.rest.get("aggregationProperties");
    META.contains(&property)
        // Port's own blueprints have properties that a profile which extends them need not repeat.
        || blueprint.identifier.starts_with('_')
        || blueprint.schema.properties.contains_key(property)
        || blueprint.mirror_properties.contains_key(property)
        || blueprint.calculation_properties.contains_key(property)
        || aggregations.is_some_and(|map| map.get(property).is_some())
}

/// Whether a mirror property has something to show: its path is `relation.property`, with more relations between them
/// where they lead on.
pub(super) fn is_mirrored(
    blueprint: &Blueprint,
    path: &str,
    by_id: &HashMap<&str, &Blueprint>,
) -> bool {
    path.rsplit_once('.').is_some_and(|(relations, property)| {
        match target(blueprint, relations, by_id) {
            Target::Nowhere => false,
            Target::OfPort => true,
            Target::Here(target) => has_value(target, property),
        }
    })
}
