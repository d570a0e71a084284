//! From entities to blueprints: names, relations, limits, and what holds whatever the entities are.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;

use camino::Utf8Path;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::shape::tests::values;
use super::{Field, MAX_KINDS, profile};
use crate::backstage::dump::Dumped;
use crate::backstage::references::References;
use crate::backstage::validate::Validated;
use crate::backstage::{self, Entity, EntityRef, stitch};
use crate::diagnostic::{Code, Diagnostics};
use crate::map::{Bridge, Owners, Profile};
use crate::port::{self, Targets, check};
use crate::source::{Origin, Root, RootId, Sources};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn sources() -> Sources {
    Sources::new(vec![Root {
        path: ".".into(),
        repository: None,
    }])
}

/// A catalog of entities, each as `kind:namespace/name` and its spec.
fn catalog(entities: &[(&str, Value)], sources: &mut Sources) -> Outcome<backstage::Catalog> {
    let mut validated = Vec::new();
    for (index, (entity_ref, spec)) in entities.iter().enumerate() {
        let entity_ref = EntityRef::parse(entity_ref, None, "default")?;
        let (namespace, name) = (&entity_ref.namespace, &entity_ref.name);
        let value = json!({"apiVersion": "acme.example/v1", "kind": entity_ref.kind,
            "metadata": {"name": name, "namespace": namespace}, "spec": spec});
        let Value::Object(value) = value else {
            return Err("no map".into());
        };
        let file = sources.add(RootId(0), Utf8Path::new(&format!("{index}.yaml")));
        validated.push(
            Validated::new(
                Entity {
                    entity_ref,
                    value,
                    origin: Origin {
                        file,
                        document: 0,
                        line: 1,
                    },
                },
                Vec::new(),
            )
            .packed(),
        );
    }
    let dumped = Dumped::default();
    Ok(stitch::catalog(validated, dumped, BTreeSet::new()))
}

/// What a profile makes of entities, checked, with the codes of the findings.
fn inferred(profile_: &Profile, entities: &[(&str, Value)]) -> Outcome<(port::Catalog, Vec<Code>)> {
    let mut sources = sources();
    let catalog = catalog(entities, &mut sources)?;
    let mut diagnostics = Diagnostics::default();
    let extended = profile(&catalog, profile_, &mut diagnostics)?;
    let extended = extended.as_ref().unwrap_or(profile_);
    let references = References::of(&catalog);
    let bridge = Bridge {
        catalog: &catalog,
        references: Some(&references),
        profile: extended,
        owners: Owners::AsStated,
        sources: &sources,
    };
    let mapped = crate::map::catalog(bridge, &mut diagnostics)?;
    check::blueprints(&mapped.blueprints, &mut diagnostics);
    let checked = check::entities(
        mapped,
        &|entity, _| entity.origin.document(),
        &mut diagnostics,
    );
    let codes = diagnostics.into_iter().map(|found| found.code).collect();
    Ok((checked, codes))
}

fn standard() -> Outcome<Profile> {
    Ok(Profile::load("standard")?)
}

fn blueprint<'a>(catalog: &'a port::Catalog, id: &str) -> Outcome<&'a port::Blueprint> {
    let mut all = catalog.blueprints.iter();
    let found = all.find(|blueprint| blueprint.identifier == id);
    found.ok_or_else(|| format!("no blueprint {id}").into())
}

fn entity(catalog: &port::Catalog, id: &str) -> Outcome<port::Entity> {
    let mut all = catalog.entities.iter();
    let found = all.find(|entity| entity.identifier() == id);
    found
        .map(port::Packed::unpacked)
        .ok_or_else(|| format!("no entity {id}").into())
}

fn one(target: &str) -> Targets {
    Targets::One(target.to_owned())
}

fn many(targets: &[&str]) -> Targets {
    Targets::Many(targets.iter().map(|&target| target.to_owned()).collect())
}

#[test]
fn references_that_resolve_are_relations() -> Outcome {
    let (port, _) = inferred(
        &standard()?,
        &[
            ("Cluster:eu", json!({})),
            ("Cluster:far/eu", json!({})),
            ("Group:ops", json!({})),
            ("User:jane", json!({})),
            (
                "App:a",
                json!({"owner": "ops", "clusterRef": "EU", "on": ["cluster:eu", "cluster:far/eu", "cluster:eu"]}),
            ),
            (
                "App:far/b",
                json!({"owner": "user:default/jane", "clusterRef": "eu"}),
            ),
        ],
    )?;
    let app = blueprint(&port, "app")?;
    let relations: BTreeMap<&str, (&str, bool)> = app
        .relations
        .iter()
        .map(|(name, relation)| (name.as_str(), (relation.target.as_str(), relation.many)))
        .collect();
    let expected = BTreeMap::from([
        ("clusterRef", ("cluster", false)),
        ("onCluster", ("cluster", true)),
        ("owner", ("group", false)),
        ("ownerUser", ("user", false)),
    ]);
    assert_eq!(relations, expected);
    let a = &entity(&port, "a")?.relations;
    assert_eq!(a["clusterRef"], one("eu"));
    assert_eq!(a["onCluster"], many(&["eu", "far/eu"]));
    assert_eq!(a["owner"], one("ops"));
    let b = &entity(&port, "far/b")?.relations;
    assert_eq!(b["clusterRef"], one("far/eu"));
    assert_eq!(b["ownerUser"], one("jane"));
    Ok(())
}

#[test]
fn what_no_relation_holds_is_kept() -> Outcome {
    let (port, codes) = inferred(
        &standard()?,
        &[
            ("Cluster:eu", json!({})),
            (
                "App:a",
                json!({"on": ["cluster:eu", "cluster:gone"], "off": "cluster:gone"}),
            ),
            ("App:b", json!({"on": "cluster:eu"})),
            ("App:c", json!({"on": {"cluster": "eu"}})),
        ],
    )?;
    assert!(
        codes.iter().all(|code| *code == Code::InferredBlueprint),
        "{codes:?}"
    );
    let a = entity(&port, "a")?;
    assert_eq!(a.relations["onCluster"], many(&["eu"]));
    assert_eq!(a.properties["off"], "cluster:gone");
    assert_eq!(
        a.properties["otherFields"],
        json!({"spec": {"on": ["cluster:eu", "cluster:gone"]}})
    );
    assert!(!entity(&port, "b")?.properties.contains_key("otherFields"));
    assert_eq!(
        entity(&port, "c")?.properties["otherFields"],
        json!({"spec": {"on": {"cluster": "eu"}}})
    );
    Ok(())
}

#[test]
fn too_many_references_are_kept_as_they_are() -> Outcome {
    let on = vec!["cluster:eu"; 10_001];
    let entities = [
        ("Cluster:eu", json!({})),
        ("App:a", json!({"on": on})),
        ("App:b", json!({"on": &on[1..]})),
    ];
    let (port, _) = inferred(&standard()?, &entities)?;
    let (a, b) = (entity(&port, "a")?, entity(&port, "b")?);
    assert_eq!(a.relations["onCluster"], many(&["eu"]));
    assert_eq!(a.properties["otherFields"], json!({"spec": {"on": on}}));
    assert!(!b.properties.contains_key("otherFields"));
    Ok(())
}

/// A profile in a folder, with one resource for users.
fn of_users(identifier: &str, query: &str) -> Outcome<Profile> {
    let folder = tempfile::tempdir()?;
    let path = Utf8Path::from_path(folder.path()).ok_or("path")?;
    let blueprints = json!([{"identifier": "user", "title": "U", "schema": {"properties": {}}},
        {"identifier": "App", "title": "A", "schema": {"properties": {}}}]);
    let resource = json!({"kind": "User", "selector": {"query": query}, "port": {"entity": {"mappings":
        {"identifier": identifier, "blueprint": "'user'"}}}});
    std::fs::write(path.join("blueprints.yaml"), blueprints.to_string())?;
    let mapping = json!({"resources": [resource]}).to_string();
    std::fs::write(path.join("mapping.yaml"), mapping)?;
    Ok(Profile::from_folder(path)?)
}

#[test]
fn identifiers_follow_the_profile() -> Outcome {
    let entities = [
        ("User:jane", json!({"mail": "j@x.example"})),
        ("App:a", json!({"owner": "jane"})),
    ];
    let (port, _) = inferred(&of_users(".metadata.identifier # full", "true")?, &entities)?;
    // The profile has a blueprint `App`, though no resource for the kind.
    assert_eq!(entity(&port, "app:default/a")?.blueprint, "app_kind");
    let relations = &entity(&port, "app:default/a")?.relations;
    assert_eq!(relations["ownerUser"], one("user:default/jane"));
    // An address does not follow from a name, so a reference cannot be a relation.
    let by_mail = of_users(".spec.mail // .metadata.name", "true")?;
    let (port, _) = inferred(&by_mail, &entities)?;
    assert!(entity(&port, "a")?.relations.is_empty());
    assert_eq!(entity(&port, "a")?.properties["owner"], "jane");
    // A kind that is left out on purpose is no target.
    let (port, _) = inferred(&of_users(".metadata.name", "false")?, &entities)?;
    assert_eq!(entity(&port, "a")?.properties["owner"], "jane");
    assert!(
        port.entities
            .iter()
            .all(|entity| entity.blueprint() != "user")
    );
    Ok(())
}

#[test]
fn locations_and_kinds_beyond_the_limit_stay_unmapped() -> Outcome {
    let kinds: Vec<String> = (0..MAX_KINDS + 3)
        .map(|number| format!("Kind{number}:a"))
        .collect();
    let mut entities: Vec<(&str, Value)> = vec![("Location:l", json!({}))];
    entities.extend(kinds.iter().map(|kind| (kind.as_str(), json!({}))));
    let last = format!("Kind{}:b", MAX_KINDS + 2);
    entities.push((&last, json!({})));
    let (port, codes) = inferred(&standard()?, &entities)?;
    let count = |wanted| codes.iter().filter(|code| **code == wanted).count();
    assert_eq!(count(Code::InferredBlueprint), MAX_KINDS);
    assert_eq!(count(Code::UnmappedKind), 4);
    // The kind with the most entities is not the one to go.
    assert_eq!(
        entity(&port, "b")?.blueprint,
        format!("kind{}", MAX_KINDS + 2)
    );
    Ok(())
}

#[test]
fn fields_beyond_the_limit_are_kept_together() -> Outcome {
    let spec: Map<String, Value> = (0..1000)
        .map(|number| (format!("field{number}"), json!(number)))
        .collect();
    let (port, codes) = inferred(
        &standard()?,
        &[
            ("App:a", Value::Object(spec)),
            ("App:b", json!({"field999": 1})),
        ],
    )?;
    assert_eq!(codes, [Code::InferredBlueprint]);
    let properties = &entity(&port, "a")?.properties;
    // What most entities have is not what goes.
    assert_eq!(properties["field999"], 999);
    let other = properties["otherFields"]["spec"].as_object();
    assert_eq!(other.map(Map::len), Some(900));
    Ok(())
}

#[test]
fn names_of_fields_do_not_leave_their_quotes() -> Outcome {
    let names = [
        "a 'b' c",
        "' '",
        "\"]",
        "\\(.kind)",
        "\\",
        "\u{0}",
        "# x",
        "__proto__",
        "é\n",
    ];
    let spec: Map<String, Value> = names
        .iter()
        .map(|name| ((*name).to_owned(), json!(format!("value of {name}"))))
        .collect();
    let (port, codes) = inferred(&standard()?, &[("App:a", Value::Object(spec.clone()))])?;
    assert_eq!(codes, [Code::InferredBlueprint]);
    let a = entity(&port, "a")?;
    let properties = a.properties.values();
    let told: Vec<&Value> = properties.collect();
    for value in spec.values() {
        assert!(told.contains(&value), "{value}: {told:?}");
    }
    Ok(())
}

#[test]
fn the_order_of_entities_does_not_matter() -> Outcome {
    let mut entities = vec![
        ("Cluster:eu", json!({"nodes": 1})),
        ("App:a", json!({"on": "cluster:eu", "port": 1})),
        (
            "app:b",
            json!({"on": ["x"], "port": "y", "url": "https://x.example"}),
        ),
        ("App:c", json!({"url": ""})),
    ];
    let (forth, _) = inferred(&standard()?, &entities)?;
    entities.reverse();
    let (back, _) = inferred(&standard()?, &entities)?;
    assert_eq!(forth.blueprints, back.blueprints);
    Ok(())
}

/// Specs with hostile names of fields, and values that may be references.
fn specs() -> impl Strategy<Value = Vec<Value>> {
    let name = prop_oneof![
        4 => prop::sample::select(vec!["a", "owner", "clusterRef", "on", "onCluster", "ownerUser", "tags"]).prop_map(str::to_owned),
        1 => prop::sample::select(vec!["__proto__", "", "..", "' '", "'a'", "\\(.kind)", "\"]", "a'b", "description",
            "otherFields", "references", "\u{0}", "\u{2028}", "{{x}}", "#"]).prop_map(str::to_owned),
        1 => ".{0,8}",
    ];
    let reference = prop::sample::select(vec![
        "cluster:default/eu",
        "eu",
        "ops",
        "user:jane",
        "cluster:gone",
        "app:s0",
    ]);
    let value = prop_oneof![
        2 => values(),
        1 => reference.clone().prop_map(Value::from),
        1 => prop::collection::vec(reference, 0..3).prop_map(Value::from),
    ];
    let spec = prop::collection::hash_map(name, value, 0..5)
        .prop_map(|map| Value::Object(map.into_iter().collect()));
    prop::collection::vec(spec, 1..4)
}

fn with_targets<'a>(names: &'a [String], specs: &[Value]) -> Vec<(&'a str, Value)> {
    let mut entities = vec![
        ("Cluster:eu", json!({})),
        ("Group:ops", json!({})),
        ("User:jane", json!({})),
    ];
    let names = names.iter().map(String::as_str);
    entities.extend(names.zip(specs.iter().cloned()));
    entities
}

fn fault(error: impl std::fmt::Display) -> TestCaseError {
    TestCaseError::fail(error.to_string())
}

/// Fields of the kind `App` as inferred.
fn fields(entities: &[(&str, Value)]) -> Outcome<BTreeMap<String, (super::Shape, Vec<String>)>> {
    let mut sources = sources();
    let catalog = catalog(entities, &mut sources)?;
    let references = References::of(&catalog);
    let apps = catalog.entities().iter().enumerate();
    let apps = apps.filter(|(_, entity)| entity.entity_ref.kind == "App");
    let kinds = apps.map(|(index, entity)| super::Kind::of(index, entity, &references));
    let kind = kinds.reduce(super::Kind::join).ok_or("no App")?;
    let told = |field: &Field<'_>| (field.shape, field.targets.keys().cloned().collect());
    let fields = kind.fields.iter();
    Ok(fields
        .map(|(name, field)| (name.clone(), told(field)))
        .collect())
}

fn holds_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(items) => items.iter().any(holds_something),
        _ => true,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Whatever the fields are called and hold: no expression fails, every value fits, every blueprint is legal.
    #[test]
    fn every_value_fits_what_was_inferred(specs in specs()) {
        let names: Vec<String> = (0..specs.len()).map(|number| format!("App:s{number}")).collect();
        let entities = with_targets(&names, &specs);
        let standard = standard().map_err(fault)?;
        let (port, codes) = inferred(&standard, &entities).map_err(fault)?;
        prop_assert!(codes.iter().all(|code| *code == Code::InferredBlueprint), "{:?}", codes);
        for (number, spec) in specs.iter().enumerate() {
            let entity = entity(&port, &format!("s{number}")).map_err(fault)?;
            let other = entity.properties.get("otherFields").map_or(0, |other| other["spec"].as_object().map_or(0, Map::len));
            let fixed = ["entityRef", "sourcePath", "otherFields"];
            let told = entity.properties.keys().filter(|name| !fixed.contains(&name.as_str())).count();
            let written = spec.as_object().into_iter().flatten().filter(|(_, value)| holds_something(value)).count();
            // A field may be split between relations and its rest; an empty list of references tells nothing.
            prop_assert!(told + other + entity.relations.len() >= written, "{entity:?} {spec}");
        }
    }

    /// More entities join what was inferred from fewer, and take nothing away.
    #[test]
    fn more_entities_only_widen(few in specs(), more in specs()) {
        let all: Vec<Value> = few.iter().chain(&more).cloned().collect();
        let names: Vec<String> = (0..all.len()).map(|number| format!("App:s{number}")).collect();
        let (first, rest) = names.split_at(few.len());
        // All are in the catalog each time, so that references mean the same.
        let as_other = |names: &[String]| -> Vec<String> {
            names.iter().map(|name| name.replace("App", "Other")).collect()
        };
        let of = |these: &[String], specs: &[Value], others: &[String]| {
            let others = as_other(others);
            let mut entities = with_targets(these, specs);
            entities.extend(others.iter().map(|name| (name.as_str(), json!({}))));
            fields(&entities).map_err(fault)
        };
        let (a, b) = (of(first, &few, rest)?, of(rest, &more, first)?);
        let union = of(&names, &all, &[])?;
        let mut joined = a;
        for (name, (shape, kinds)) in b {
            let known = joined.entry(name).or_default();
            known.0 = known.0.join(shape);
            known.1.extend(kinds);
            known.1.sort();
            known.1.dedup();
        }
        for (name, (shape, kinds)) in &joined {
            let (in_union, kinds_in_union) = &union[name];
            prop_assert_eq!(in_union, shape);
            // `app:s0` is another kind's in one half.
            for kind in kinds.iter().filter(|kind| *kind != "other") {
                prop_assert!(kinds_in_union.contains(kind));
            }
        }
        prop_assert_eq!(joined.len(), union.len());
    }
}
