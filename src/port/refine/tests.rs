use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;
use serde_json::{Value, json};

use super::{Refinement, blueprints, mentions};
use crate::port::blueprint::Property;
use crate::port::{Blueprint, Catalog, Cleared, Entity, Packed, Targets};
use crate::source::{Origin, Root, RootId, Sources};

type Result<T = ()> = std::result::Result<T, serde_json::Error>;

const NONE: Refinement = Refinement {
    drop_unused_blueprints: false,
    drop_unused_properties: false,
    drop_unused_relations: false,
    relax_required: false,
    enums: BTreeSet::new(),
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
        cleared: Cleared::default(),
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

fn refined(entities: Vec<Entity>, refinement: &Refinement) -> Result<BTreeMap<String, Value>> {
    let catalog = Catalog {
        blueprints: profile()?,
        entities: entities.into_iter().map(Packed::from).collect(),
        ..Catalog::default()
    };
    let mut bodies = BTreeMap::new();
    for blueprint in blueprints(catalog, refinement).blueprints {
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
    let bodies = refined(entities, &Refinement::default())?;
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
    let bodies = refined(entities, &Refinement::default())?;
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
    let bodies = refined(vec![bare], &Refinement::default())?;
    assert_eq!(keys(&bodies["component"], "/schema/properties"), ["score"]);
    assert_eq!(keys(&bodies["component"], "/relations"), [""; 0]);
    Ok(())
}

#[test]
fn what_is_written_as_null_stays_defined_but_is_not_required() -> Result {
    let mut bare = entity("component", &["language"], &[]);
    bare.cleared.properties.insert("tier".to_owned());
    bare.cleared.relations.insert("parts".to_owned());
    let bodies = refined(vec![bare], &Refinement::default())?;
    let component = &bodies["component"];
    assert_eq!(
        keys(component, "/schema/properties"),
        ["language", "score", "tier"]
    );
    assert_eq!(component["schema"]["required"], json!(["language"]));
    assert_eq!(keys(component, "/relations"), ["parts"]);
    Ok(())
}

#[test]
fn each_switch_works_alone() -> Result {
    let entities = || vec![entity("component", &["tier"], &["group"])];
    let bodies = refined(entities(), &NONE)?;
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
        &Refinement {
            drop_unused_blueprints: true,
            ..NONE
        },
    )?;
    let names: Vec<_> = bodies.keys().collect();
    assert_eq!(names, ["component", "domain", "group", "system"]);

    let bodies = refined(
        entities(),
        &Refinement {
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
        &Refinement {
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
        &Refinement {
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

/// The schema of `component` after refinement, where `tier` has this definition and entities have these values.
fn tier(definition: Value, values: &[Value], refinement: &Refinement) -> Result<Value> {
    let mut component = profile()?.swap_remove(0);
    let definition: Property = serde_json::from_value(definition)?;
    let properties = &mut component.schema.properties;
    properties.insert("tier".to_owned(), definition);
    let with_tier = |value: &Value| {
        let mut entity = entity("component", &["tier"], &[]);
        entity.properties.insert("tier".to_owned(), value.clone());
        entity
    };
    let catalog = Catalog {
        blueprints: vec![component],
        // One more, so that the blueprint is in use.
        entities: values
            .iter()
            .map(with_tier)
            .chain([entity("component", &[], &[])])
            .map(Packed::from)
            .collect(),
        ..Catalog::default()
    };
    let refined = blueprints(catalog, refinement);
    serde_json::to_value(refined.blueprints[0].schema.properties.get("tier"))
}

#[test]
fn a_marker_becomes_an_enum_of_the_values_in_use() -> Result {
    let default = Refinement::default();
    for (definition, values, expected) in [
        (
            json!({"type": "string", "enum": []}),
            json!(["b", "a", "b"]),
            json!({"type": "string", "enum": ["a", "b"]}),
        ),
        (
            json!({"type": "number", "enum": []}),
            json!([10, 2, 0, 2.0, -1.5, -0.0]),
            json!({"type": "number", "enum": [-1.5, 0, 2, 10]}),
        ),
        (
            json!({"type": "array", "items": {"type": "string", "enum": []}}),
            json!([["b", "a"], [], ["a", "c"]]),
            json!({"type": "array", "items": {"type": "string", "enum": ["a", "b", "c"]}}),
        ),
        // What Port fills in must be allowed too.
        (
            json!({"type": "string", "enum": [], "default": "c"}),
            json!(["a"]),
            json!({"type": "string", "enum": ["a", "c"], "default": "c"}),
        ),
        // An enum of the profile is not touched.
        (
            json!({"type": "string", "enum": ["a", "b"], "enumColors": {}}),
            json!(["a"]),
            json!({"type": "string", "enum": ["a", "b"], "enumColors": {}}),
        ),
    ] {
        let values = values.as_array().cloned().unwrap_or_default();
        assert_eq!(tier(definition, &values, &default)?, expected);
    }
    Ok(())
}

#[test]
fn an_enum_without_values_is_never_written() -> Result {
    let keep_unused = Refinement {
        drop_unused_properties: false,
        ..Refinement::default()
    };
    let marked = json!({"type": "string", "enum": [], "enumColors": {"a": "red"}});
    assert_eq!(
        tier(marked.clone(), &[], &Refinement::default())?,
        Value::Null
    );
    assert_eq!(tier(marked, &[], &keep_unused)?, json!({"type": "string"}));
    let list = json!({"type": "array", "items": {"type": "string", "enum": []}});
    assert_eq!(
        tier(list, &[json!([])], &keep_unused)?,
        json!({"type": "array", "items": {"type": "string"}})
    );
    Ok(())
}

#[test]
fn colours_are_chosen_once_and_for_all() -> Result {
    let default = Refinement::default();
    let marked =
        json!({"type": "string", "enum": [], "enumColors": {"b": "bronze", "gone": "red"}});
    let colors = |values: &[Value]| -> Result<Value> {
        Ok(tier(marked.clone(), values, &default)?["enumColors"].clone())
    };
    let few = colors(&[json!("a"), json!("b")])?;
    let many = colors(&[json!("b"), json!("0"), json!("a"), json!("c")])?;
    // These are in the manifests of users: another colour is a change in every one of them.
    assert_eq!(
        many,
        json!({"0": "darkGray", "a": "red", "b": "bronze", "c": "bronze"})
    );
    assert_eq!(few, json!({"a": many["a"], "b": "bronze"}));
    let numbers = tier(
        json!({"type": "number", "enum": [], "enumColors": {}}),
        &[json!(1)],
        &default,
    )?;
    assert!(numbers["enumColors"]["1"].is_string());
    Ok(())
}

#[test]
fn the_option_makes_enums_of_what_has_no_enum() -> Result {
    let refinement = Refinement {
        enums: BTreeSet::from(["tier".to_owned()]),
        ..Refinement::default()
    };
    let text = tier(json!({"type": "string"}), &[json!("0")], &refinement)?;
    assert_eq!(
        text,
        json!({"type": "string", "enum": ["0"], "enumColors": {"0": "darkGray"}})
    );
    let list = json!({"type": "array", "items": {"type": "string"}});
    let list = tier(list, &[json!(["0"])], &refinement)?;
    assert_eq!(
        list["items"],
        json!({"type": "string", "enum": ["0"], "enumColors": {"0": "darkGray"}})
    );
    for untouched in [
        json!({"type": "string", "enum": ["x"]}),
        json!({"type": "object"}),
        json!({"type": "boolean"}),
    ] {
        assert_eq!(
            tier(untouched.clone(), &[json!("x")], &refinement)?,
            untouched
        );
    }
    let other = tier(
        json!({"type": "string"}),
        &[json!("0")],
        &Refinement::default(),
    )?;
    assert_eq!(other, json!({"type": "string"}));
    Ok(())
}

#[test]
fn a_refinement_is_read_from_data() -> Result {
    let read = |value: Value| serde_json::from_value::<Refinement>(value);
    assert_eq!(read(json!({}))?, Refinement::default());
    let all = json!({
        "dropUnusedBlueprints": false,
        "dropUnusedProperties": false,
        "dropUnusedRelations": false,
        "relaxRequired": false,
        "enums": ["type"],
    });
    let expected = Refinement {
        enums: BTreeSet::from(["type".to_owned()]),
        ..NONE
    };
    assert_eq!(read(all)?, expected);
    assert!(read(json!({"dropUnused": true})).is_err());
    Ok(())
}
