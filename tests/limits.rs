//! What passes our checks passes Port's: blueprints and entities that are held against the rules of `port/check` fit the
//! schemas of Port's API (`../shared/oracle/port-api`, where it is there) and those of their own blueprint.

mod support;

use std::collections::BTreeMap;
use std::fs;

use backstage2port::diagnostic::{Diagnostics, Severity};
use backstage2port::port::{Blueprint, Catalog, Cleared, Entity, Targets, check};
use backstage2port::source::{Origin, Root, RootId, Sources};
use camino::Utf8Path;
use jsonschema::Validator;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseResult, TestRng, TestRunner};
use serde_json::{Value, json};
use support::port::{entity_schema, faults_of, validator};

/// A blueprint with at least one of everything.
fn whole() -> Value {
    json!({
        "identifier": "component",
        "title": "Component",
        "description": "A piece of software",
        "icon": "Microservice",
        "schema": {
            "properties": {
                "tier": {"type": "string", "title": "Tier", "enum": ["1", "2"], "enumColors": {"1": "red"}, "default": "1"},
                "links": {"type": "array", "items": {"type": "object", "format": "labeled-url"}},
                "docs": {
                    "type": "string", "format": "url", "spec": "embedded-url", "icon": "Docs",
                    "specAuthentication": {"clientId": "a", "authorizationUrl": "https://a.example", "tokenUrl": "b"},
                },
            },
            "required": ["tier"],
        },
        "relations": {"system": {"title": "System", "description": "Part of", "target": "component"}},
        "mirrorProperties": {"systemTier": {"title": "Tier", "path": "system.tier"}},
        "calculationProperties": {
            "grade": {"type": "string", "title": "Grade", "calculation": ".title", "colorized": true, "colors": {"a": "red"}},
            "grades": {"type": "array", "calculation": "[]", "items": {"type": "string", "format": "url"}},
        },
        "aggregationProperties": {
            "parts": {
                "title": "Parts", "target": "component", "type": "number",
                "calculationSpec": {"func": "average", "calculationBy": "property", "property": "tier", "averageOf": "day"},
                "pathFilter": [{"path": ["system"]}],
            },
        },
        "ownership": {"type": "Inherited", "path": "system", "title": "Owner"},
        "changelogDestination": {"type": "WEBHOOK", "url": "https://a.example"},
    })
}

/// Every place in a value that a fault can be put into, and one more in each map.
fn pointers(value: &Value, here: &str, found: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| (key.clone(), value))
            .collect(),
        Value::Array(items) => (0..)
            .zip(items)
            .map(|(index, item): (usize, _)| (index.to_string(), item))
            .collect(),
        _ => Vec::new(),
    };
    if value.is_object() {
        found.push(format!("{here}/extra"));
    }
    for (key, child) in children {
        let pointer = format!("{here}/{key}");
        pointers(child, &pointer, found);
        found.push(pointer);
    }
}

fn fault() -> impl Strategy<Value = Value> {
    select(vec![
        json!(null),
        json!(true),
        json!(1),
        json!(""),
        json!("."),
        json!("a b"),
        json!("a=b"),
        json!("a".repeat(101)),
        json!("a".repeat(201)),
        json!([]),
        json!({}),
        json!([1]),
        json!(["tier"]),
        json!({"a b": {}}),
        json!({"x": {"type": "string"}}),
        json!({"x": 1}),
        json!("string"),
        json!("object"),
        json!("array"),
        json!("url"),
        json!("timer"),
        json!("blueprints"),
        json!("idn-email"),
        json!("labeled-url"),
        json!("open-api"),
        json!("count"),
        json!("entities"),
        json!("Direct"),
        json!("_team"),
        json!("system.$title"),
    ])
}

/// A value that a descriptor may have: nearly right ones, and anything.
fn value() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        select(vec![
            "",
            "a",
            "1",
            "3",
            "https://a.example/x?y#z",
            "https://a.example/é",
            "mailto:a@b.example",
            "http://a@b@c",
            "a@b.example",
            "ä@ö.example",
            "192.0.2.1",
            "::1",
            "1::",
            "2024-02-29T00:00:00Z",
            "2016-12-31T23:59:60Z",
            "2024-02-30T00:00:00+01:00",
            "team",
            "a/b",
        ])
        .prop_map(str::to_owned),
        "(https?|ftp|a|mailto):/{0,3}[a-z@:\\[\\]%é{}|. /?#0-9-]{0,12}",
        "[a-zä.!( ]{1,5}@[a-zä.-]{1,6}\\.[a-z]{1,3}",
        "20[0-9]{2}-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-5][0-9]:[0-6][0-9](\\.[0-9]{1,3})?(Z|[+-][0-2][0-9]:[0-5][0-9])",
        "[0-9a-f:.]{1,12}",
        "\\PC{0,8}",
    ];
    let leaf = prop_oneof![
        4 => text.prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        2 => (-3i64..12).prop_map(Value::from),
        1 => (-3.0..12.0).prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(
                select(vec!["a", "b", "x-a", "url", "displayText"]).prop_map(str::to_owned),
                inner,
                0..4
            )
            .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// A definition that Port takes.
fn definition() -> impl Strategy<Value = Value> {
    let format = |format: &str| json!({"type": "string", "format": format});
    let formats = [
        "url",
        "email",
        "user",
        "idn-email",
        "ipv4",
        "ipv6",
        "date-time",
        "timer",
        "team",
        "blueprints",
        "yaml",
    ];
    let leaf = select(
        formats
            .iter()
            .map(|name| format(name))
            .chain([
                json!({"type": "string", "enum": ["a", "1"]}),
                json!({"type": "string", "minLength": 1, "maxLength": 3}),
                json!({"type": "string", "pattern": "^[a-z]\\d?$"}),
                json!({"type": "number", "minimum": 0, "exclusiveMaximum": 5}),
                json!({"type": "number", "enum": [1, 2.5]}),
                json!({"type": "boolean"}),
                json!({"type": "object"}),
                json!({"type": "object", "format": "labeled-url"}),
                json!({"type": "object", "maxProperties": 2, "required": ["a"]}),
            ])
            .collect::<Vec<_>>(),
    );
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            (inner.clone(), any::<bool>()).prop_map(
                |(items, unique)| json!({"type": "array", "items": items, "uniqueItems": unique, "maxItems": 2})
            ),
            (inner.clone(), inner.clone()).prop_map(|(a, others)| json!({
                "type": "object", "properties": {"a": a}, "additionalProperties": others,
            })),
            inner.prop_map(|by_pattern| json!({
                "type": "object", "patternProperties": {"^x-": by_pattern}, "properties": {"b": {}},
                "additionalProperties": false,
            })),
        ]
    })
}

fn targets() -> impl Strategy<Value = Targets> {
    let target = prop_oneof![
        select(vec!["a", "", "..", "a b", "a=b", "é"]).prop_map(str::to_owned),
        "\\PC{0,6}",
    ];
    prop_oneof![
        target.clone().prop_map(Targets::One),
        prop::collection::vec(target, 0..3).prop_map(Targets::Many),
    ]
}

fn origin() -> Origin {
    let root = Root {
        path: ".".into(),
        repository: None,
    };
    Origin {
        file: Sources::new(vec![root]).add(RootId(0), Utf8Path::new("catalog-info.yaml")),
        document: 0,
        line: 1,
    }
}

/// The schema of a body of Port's API; `None` where the schemas are not there.
fn of_api(name: &str) -> support::Result<Option<Validator>> {
    let path = Utf8Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/oracle/port-api")
        .join(format!("{name}.schema.json"));
    if !path.is_file() {
        return Ok(None);
    }
    let schema: Value = serde_json::from_str(&fs::read_to_string(path)?)?;
    validator(&schema).map(Some)
}

/// Makes the same cases in every run.
fn runner() -> TestRunner {
    let config = Config {
        cases: 500,
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

fn failed(error: impl std::fmt::Display) -> TestCaseError {
    TestCaseError::fail(error.to_string())
}

/// The body of an entity as it is written.
fn body(entity: &Entity) -> Value {
    let mut body = json!({
        "identifier": entity.identifier,
        "blueprint": entity.blueprint,
        "properties": entity.properties,
        "relations": entity.relations,
    });
    if let Some(team) = &entity.team {
        body["team"] = json!(team);
    }
    body
}

fn check_entity(definition: &Value, entity: Entity, of_api: Option<&Validator>) -> TestCaseResult {
    let blueprint = json!({
        "identifier": "component",
        "title": "Component",
        "schema": {"properties": {"value": definition}, "required": []},
        "relations": {
            "one": {"target": "component", "many": false, "required": false},
            "many": {"target": "component", "many": true, "required": false},
        },
        "ownership": {"type": "Direct"},
    });
    let parsed: Blueprint = serde_json::from_value(blueprint.clone()).map_err(failed)?;
    let mut diagnostics = Diagnostics::default();
    check::blueprints(std::slice::from_ref(&parsed), &mut diagnostics);
    prop_assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let catalog = Catalog {
        blueprints: vec![parsed],
        entities: vec![entity.into()],
        ..Catalog::default()
    };
    let locate = |entity: &Entity, _: check::Part<'_>| entity.origin.document();
    let checked = check::entities(catalog, &locate, &mut diagnostics);
    let own = validator(&entity_schema(&blueprint)).map_err(failed)?;
    for entity in &checked.entities {
        let body = body(&entity.unpacked());
        let mut faults = Vec::new();
        faults_of(&own, &body, &mut faults);
        if let Some(of_api) = of_api {
            faults_of(of_api, &body, &mut faults);
        }
        prop_assert!(faults.is_empty(), "{definition}\n{body}\n{faults:?}");
    }
    Ok(())
}

fn check_blueprint(blueprint: &Value, of_api: &Validator) -> TestCaseResult {
    // What is no blueprint at all is refused with the profile.
    let Ok(parsed) = serde_json::from_value::<Blueprint>(blueprint.clone()) else {
        return Ok(());
    };
    let mut diagnostics = Diagnostics::default();
    check::blueprints(std::slice::from_ref(&parsed), &mut diagnostics);
    if diagnostics.count(Severity::Error) > 0 {
        return Ok(());
    }
    let body = serde_json::to_value(&parsed).map_err(failed)?;
    let mut faults = Vec::new();
    faults_of(of_api, &body, &mut faults);
    prop_assert!(faults.is_empty(), "{body}\n{faults:?}");
    Ok(())
}

#[test]
fn blueprints_that_pass_are_those_that_port_takes() -> support::Result<()> {
    let Some(of_api) = of_api("blueprint")? else {
        return Ok(());
    };
    let mut whole = whole();
    // Inherited ownership needs an owner.
    check_blueprint(&whole, &of_api).map_err(|error| error.to_string())?;
    whole["ownership"] = json!({"type": "Direct", "title": "Owner"});
    let mut places = Vec::new();
    pointers(&whole, "", &mut places);
    let mut runner = runner();
    let faults = prop::collection::vec((select(places), fault()), 0..3);
    runner.run(&faults, |faults| {
        let mut blueprint = whole.clone();
        for (pointer, fault) in faults {
            let (parent, key) = pointer.rsplit_once('/').unwrap_or_default();
            match blueprint.pointer_mut(parent) {
                Some(Value::Object(map)) => _ = map.insert(key.to_owned(), fault),
                Some(Value::Array(items)) => items.fill(fault),
                _ => {}
            }
        }
        check_blueprint(&blueprint, &of_api)
    })?;
    Ok(())
}

#[test]
fn entities_that_pass_are_those_that_port_takes() -> support::Result<()> {
    let of_api = of_api("entity")?;
    let mut runner = runner();
    let team = prop::option::of(targets());
    let relations = prop::collection::btree_map(
        select(vec!["one".to_owned(), "many".to_owned(), "none".to_owned()]),
        targets(),
        0..3,
    );
    let identifier = prop_oneof![Just("shop".to_owned()), "\\PC{0,6}"];
    let parts = (definition(), value(), identifier, team, relations);
    runner.run(
        &parts,
        |(definition, value, identifier, team, relations)| {
            let entity = Entity {
                identifier,
                title: None,
                icon: None,
                blueprint: "component".to_owned(),
                team,
                properties: BTreeMap::from([("value".to_owned(), value)]),
                relations,
                cleared: Cleared::default(),
                origin: origin(),
            };
            check_entity(&definition, entity, of_api.as_ref())
        },
    )?;
    Ok(())
}
