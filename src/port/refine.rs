//! Cuts the blueprints to what the entities use.
//!
//! In: a checked catalog. Out: the same entities, and blueprints without parts that nothing fills. Entities are never
//! changed, and nothing is added to a blueprint.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::{Map, Value};

use crate::port::{self, Blueprint, Targets};

/// Which parts of blueprints are cut. All of them by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
}

impl Default for Refinement {
    fn default() -> Self {
        Self {
            drop_unused_blueprints: true,
            drop_unused_properties: true,
            drop_unused_relations: true,
            relax_required: true,
        }
    }
}

/// Cuts the blueprints of a catalog.
///
/// Properties and relations that a calculation mentions count as used, for what it computes without them is unknown.
/// Mirror properties, aggregations and inherited ownership whose path no longer leads anywhere are dropped. Whatever the
/// switches say, no relation stays both `many` and `required` (Port refuses it) and `required` names no property that is
/// gone. The order of blueprints does not change.
#[must_use]
pub fn blueprints(catalog: port::Catalog, refinement: &Refinement) -> port::Catalog {
    let port::Catalog {
        mut blueprints,
        entities,
    } = catalog;
    let usage = Usage::of(&entities);
    for blueprint in &mut blueprints {
        let uses = usage.0.get(blueprint.identifier.as_str());
        cut_unused(blueprint, uses.unwrap_or(&Uses::default()), *refinement);
    }
    if refinement.drop_unused_blueprints {
        let kept = reachable(&blueprints, &usage);
        blueprints.retain(|blueprint| kept.contains(&blueprint.identifier));
    }
    while cut_unresolved(&mut blueprints) {}
    port::Catalog {
        blueprints,
        entities,
    }
}

/// How many entities a blueprint has, and how many of them have each property and relation.
#[derive(Debug, Default)]
struct Uses<'a> {
    entities: usize,
    properties: HashMap<&'a str, usize>,
    relations: HashMap<&'a str, usize>,
}

struct Usage<'a>(HashMap<&'a str, Uses<'a>>);

impl<'a> Usage<'a> {
    fn of(entities: &'a [port::Entity]) -> Self {
        let mut usage: HashMap<&str, Uses<'_>> = HashMap::new();
        for entity in entities {
            let uses = usage.entry(&entity.blueprint).or_default();
            uses.entities += 1;
            for (name, value) in &entity.properties {
                if !value.is_null() {
                    *uses.properties.entry(name).or_default() += 1;
                }
            }
            for (name, targets) in &entity.relations {
                if *targets != Targets::Many(Vec::new()) {
                    *uses.relations.entry(name).or_default() += 1;
                }
            }
        }
        Self(usage)
    }
}

fn cut_unused(blueprint: &mut Blueprint, uses: &Uses<'_>, refinement: Refinement) {
    let calculations: Vec<String> = blueprint
        .calculation_properties
        .values()
        .filter_map(|definition| definition["calculation"].as_str().map(str::to_owned))
        .collect();
    let is_mentioned = |name: &str| calculations.iter().any(|jq| mentions(jq, name));
    if refinement.drop_unused_properties {
        let properties = &mut blueprint.schema.properties;
        properties
            .retain(|name, _| uses.properties.contains_key(name.as_str()) || is_mentioned(name));
    }
    if refinement.drop_unused_relations {
        let relations = &mut blueprint.relations;
        relations
            .retain(|name, _| uses.relations.contains_key(name.as_str()) || is_mentioned(name));
    }
    // Also without any entity nothing is required: an entity that Port makes for a dangling relation has no values.
    let has_every = |counts: &HashMap<&str, usize>, name: &str| {
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

fn by_identifier(blueprints: &[Blueprint]) -> HashMap<&str, &Blueprint> {
    blueprints
        .iter()
        .map(|blueprint| (blueprint.identifier.as_str(), blueprint))
        .collect()
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
                let path = mirror["path"].as_str().unwrap_or_default();
                !path.rsplit_once('.').is_some_and(|(relations, property)| {
                    match target(blueprint, relations, by_id) {
                        Target::Nowhere => false,
                        Target::OfPort => true,
                        Target::Here(target) => has_value(target, property),
                    }
                })
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

/// Where a path of relations ends.
enum Target<'a> {
    Nowhere,
    /// At a blueprint that exists in every organization; what it has is not known here.
    OfPort,
    Here(&'a Blueprint),
}

fn target<'a>(
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

fn has_value(blueprint: &Blueprint, property: &str) -> bool {
    let aggregations = blueprint.rest.get("aggregationProperties");
    property.starts_with('$')
        // Port's own blueprints have properties that a profile which extends them need not repeat.
        || blueprint.identifier.starts_with('_')
        || blueprint.schema.properties.contains_key(property)
        || blueprint.mirror_properties.contains_key(property)
        || blueprint.calculation_properties.contains_key(property)
        || aggregations.is_some_and(|map| map.get(property).is_some())
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
mod tests {
    use std::collections::BTreeMap;

    use camino::Utf8Path;
    use serde_json::{Value, json};

    use super::{Refinement, blueprints, mentions};
    use crate::port::{Blueprint, Catalog, Entity, Targets};
    use crate::source::{Origin, Root, RootId, Sources};

    type Result<T = ()> = std::result::Result<T, serde_json::Error>;

    const NONE: Refinement = Refinement {
        drop_unused_blueprints: false,
        drop_unused_properties: false,
        drop_unused_relations: false,
        relax_required: false,
    };

    fn entity(blueprint: &str, properties: &[&str], relations: &[&str]) -> Entity {
        let mut sources = Sources::new(vec![Root {
            path: ".".into(),
            repository: None,
        }]);
        Entity {
            identifier: "a".to_owned(),
            title: None,
            icon: None,
            blueprint: blueprint.to_owned(),
            team: None,
            properties: properties
                .iter()
                .map(|&name| (name.to_owned(), json!("x")))
                .collect(),
            relations: relations
                .iter()
                .map(|&name| (name.to_owned(), Targets::One("t".to_owned())))
                .collect(),
            origin: Origin {
                file: sources.add(RootId(0), Utf8Path::new("catalog-info.yaml")),
                document: 0,
                line: 1,
            },
        }
    }

    fn profile() -> Result<Vec<Blueprint>> {
        serde_json::from_value(json!([
            {
                "identifier": "component", "title": "Component",
                "schema": {
                    "properties": {
                        "tier": {"type": "string"},
                        "language": {"type": "string"},
                        "score": {"type": "number"},
                    },
                    "required": ["tier", "language"],
                },
                "relations": {
                    "system": {"target": "system", "required": true},
                    "group": {"target": "group"},
                    "parts": {"target": "component", "many": true, "required": true},
                },
                "mirrorProperties": {
                    "domain": {"path": "system.domain.$title"},
                    "systemTier": {"path": "system.tier"},
                    "leader": {"path": "group.$title"},
                },
                "calculationProperties": {"grade": {"type": "number", "calculation": ".properties.score * 2"}},
                "ownership": {"type": "Inherited", "path": "group"},
            },
            {
                "identifier": "system", "title": "System",
                "schema": {"properties": {"tier": {"type": "string"}}},
                "relations": {"domain": {"target": "domain"}},
                "aggregationProperties": {
                    "components": {"title": "C", "target": "component", "calculationSpec": {"func": "count"}},
                    "users": {"title": "U", "target": "user", "calculationSpec": {"func": "count"}},
                },
            },
            {"identifier": "domain", "title": "Domain", "schema": {"properties": {}}},
            {"identifier": "group", "title": "Group", "schema": {"properties": {}}},
            {"identifier": "user", "title": "User", "schema": {"properties": {}},
                "relations": {"group": {"target": "group"}}},
        ]))
    }

    fn refined(entities: Vec<Entity>, refinement: Refinement) -> Result<BTreeMap<String, Value>> {
        let catalog = Catalog {
            blueprints: profile()?,
            entities,
        };
        let mut bodies = BTreeMap::new();
        for blueprint in blueprints(catalog, &refinement).blueprints {
            bodies.insert(
                blueprint.identifier.clone(),
                serde_json::to_value(blueprint)?,
            );
        }
        Ok(bodies)
    }

    fn keys(body: &Value, pointer: &str) -> Vec<String> {
        let map = body.pointer(pointer).and_then(Value::as_object);
        map.into_iter()
            .flat_map(|map| map.keys().cloned())
            .collect()
    }

    #[test]
    fn everything_unused_goes_by_default() -> Result {
        let entities = vec![
            entity("component", &["tier"], &["system", "parts"]),
            entity("component", &["tier", "language"], &["parts"]),
        ];
        let bodies = refined(entities, Refinement::default())?;
        let names: Vec<_> = bodies.keys().collect();
        // The system has no entity here, but components lead to it.
        assert_eq!(names, ["component", "system"]);
        let component = &bodies["component"];
        assert_eq!(
            keys(component, "/schema/properties"),
            ["language", "score", "tier"]
        );
        assert_eq!(component["schema"]["required"], json!(["tier"]));
        assert_eq!(keys(component, "/relations"), ["parts", "system"]);
        assert_eq!(component["relations"]["system"]["required"], false);
        assert_eq!(component["relations"]["parts"]["required"], false);
        assert_eq!(keys(component, "/mirrorProperties"), [""; 0]);
        assert_eq!(component.get("ownership"), None);
        assert_eq!(
            keys(&bodies["system"], "/aggregationProperties"),
            ["components"]
        );
        Ok(())
    }

    #[test]
    fn what_is_in_use_stays() -> Result {
        let entities = vec![
            entity("component", &["tier"], &["system", "group"]),
            entity("system", &["tier"], &["domain"]),
        ];
        let bodies = refined(entities, Refinement::default())?;
        let names: Vec<_> = bodies.keys().collect();
        assert_eq!(names, ["component", "domain", "group", "system"]);
        let component = &bodies["component"];
        assert_eq!(
            keys(component, "/mirrorProperties"),
            ["domain", "systemTier", "leader"]
        );
        assert_eq!(component["relations"]["system"]["required"], true);
        assert_eq!(component["ownership"]["path"], "group");
        Ok(())
    }

    #[test]
    fn a_null_and_an_empty_list_are_no_use() -> Result {
        let mut bare = entity("component", &["tier"], &["parts"]);
        bare.properties.insert("tier".to_owned(), Value::Null);
        bare.relations
            .insert("parts".to_owned(), Targets::Many(Vec::new()));
        let bodies = refined(vec![bare], Refinement::default())?;
        assert_eq!(keys(&bodies["component"], "/schema/properties"), ["score"]);
        assert_eq!(keys(&bodies["component"], "/relations"), [""; 0]);
        Ok(())
    }

    #[test]
    fn each_switch_works_alone() -> Result {
        let entities = || vec![entity("component", &["tier"], &["group"])];
        let bodies = refined(entities(), NONE)?;
        let mut untouched = BTreeMap::new();
        for mut blueprint in profile()? {
            if let Some(parts) = blueprint.relations.get_mut("parts") {
                parts.required = false; // never both
            }
            untouched.insert(
                blueprint.identifier.clone(),
                serde_json::to_value(blueprint)?,
            );
        }
        assert_eq!(bodies, untouched);

        let bodies = refined(
            entities(),
            Refinement {
                drop_unused_blueprints: true,
                ..NONE
            },
        )?;
        let names: Vec<_> = bodies.keys().collect();
        assert_eq!(names, ["component", "domain", "group", "system"]);

        let bodies = refined(
            entities(),
            Refinement {
                drop_unused_properties: true,
                ..NONE
            },
        )?;
        assert_eq!(bodies.len(), 5);
        let component = &bodies["component"];
        assert_eq!(keys(component, "/schema/properties"), ["score", "tier"]);
        assert_eq!(component["schema"]["required"], json!(["tier"]));
        assert_eq!(keys(component, "/relations"), ["group", "parts", "system"]);
        assert_eq!(keys(component, "/mirrorProperties"), ["domain", "leader"]);

        let bodies = refined(
            entities(),
            Refinement {
                drop_unused_relations: true,
                ..NONE
            },
        )?;
        let component = &bodies["component"];
        assert_eq!(keys(component, "/schema/properties").len(), 3);
        assert_eq!(keys(component, "/relations"), ["group"]);
        assert_eq!(keys(component, "/mirrorProperties"), ["leader"]);

        let bodies = refined(
            entities(),
            Refinement {
                relax_required: true,
                ..NONE
            },
        )?;
        let component = &bodies["component"];
        assert_eq!(component["schema"]["required"], json!(["tier"]));
        assert_eq!(component["relations"]["system"]["required"], false);
        Ok(())
    }

    #[test]
    fn names_in_calculations_are_words() {
        for (jq, is_mentioned) in [
            (".properties.a", true),
            (".properties[\"a\"]", true),
            (".properties.a-1", true),
            (".properties.ab", false),
            (".properties.b_a", false),
        ] {
            assert_eq!(mentions(jq, "a"), is_mentioned, "{jq}");
        }
    }
}
