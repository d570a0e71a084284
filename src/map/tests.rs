//! Ocean's semantics one by one on small mappings, and the `standard` profile on one catalog with every kind.

use std::collections::BTreeSet;
use std::error::Error;

use camino::Utf8Path;
use serde_json::{Value, json};

use super::Bridge;
use super::Owners;
use super::profile::Profile;
use crate::backstage::dump::Dumped;
use crate::backstage::validate::{Reference, Validated};
use crate::backstage::{Catalog, Entity, EntityRef, stitch};
use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::port::refine::Refinement;
use crate::port::{self, Targets};
use crate::source::{Origin, Root, RootId, Sources};

type Outcome = Result<(), Box<dyn Error>>;
/// Codes, and messages with their help.
type Findings = Vec<(Code, String)>;

fn sources() -> Sources {
    Sources::new(vec![Root {
        path: ".".into(),
        repository: Some("https://github.com/acme/shop".to_owned()),
    }])
}

/// An entity and its references as `(field, forward, inverse, target)`.
fn validated(
    sources: &mut Sources,
    value: Value,
    references: &[(&'static str, &'static str, &'static str, &str)],
) -> Result<Validated, Box<dyn Error>> {
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
    let entity_ref = EntityRef {
        kind: text("/kind").ok_or("kind")?.to_owned(),
        namespace: text("/metadata/namespace").unwrap_or("default").to_owned(),
        name: text("/metadata/name").ok_or("name")?.to_owned(),
    };
    let path = format!("{}.yaml", entity_ref.name);
    let file = sources.add(RootId(0), Utf8Path::new(&path));
    let references = references
        .iter()
        .map(|(field, forward, inverse, target)| {
            Ok(Reference {
                field,
                index: None,
                forward,
                inverse,
                target: EntityRef::parse(target, None, &entity_ref.namespace)
                    .map_err(|error| error.to_string())?,
            })
        })
        .collect::<Result<_, String>>()?;
    let Value::Object(value) = value else {
        return Err("no map".into());
    };
    Ok(Validated {
        entity: Entity {
            entity_ref,
            value,
            origin: Origin {
                file,
                document: 0,
                line: 1,
            },
        },
        references,
    })
}

fn catalog_of(
    catalog: &Catalog,
    profile: &Profile,
    sources: &Sources,
    diagnostics: &mut Diagnostics,
) -> Result<port::Catalog, crate::diagnostic::Error> {
    let bridge = Bridge {
        catalog,
        references: None,
        profile,
        owners: Owners::AsStated,
        sources,
    };
    super::catalog(bridge, diagnostics)
}

/// A profile in a folder, made of these files.
fn profile(mapping: &str) -> Result<Profile, Box<dyn Error>> {
    profile_of(
        r#"[{"identifier": "b", "title": "B", "schema": {"properties":
            {"p": {"type": "string"}, "q": {"type": "string"}, "o": {"type": "object"}}},
            "relations": {"r": {"target": "b", "many": true}}}]"#,
        mapping,
        "",
    )
}

fn profile_of(blueprints: &str, mapping: &str, functions: &str) -> Result<Profile, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = Utf8Path::from_path(folder.path()).ok_or("path")?;
    std::fs::write(path.join("blueprints.yaml"), blueprints)?;
    std::fs::write(path.join("mapping.yaml"), mapping)?;
    std::fs::write(path.join("functions.jq"), functions)?;
    Ok(Profile::from_folder(path)?)
}

/// A mapping of one resource for components.
fn one(query: &str, mappings: &Value) -> String {
    resource(query, &json!({"entity": {"mappings": mappings}}))
}

fn resource(query: &str, port: &Value) -> String {
    json!({"resources": [{"kind": "component", "selector": {"query": query}, "port": port}]})
        .to_string()
}

/// What a mapping makes of a component `Shop` with this spec.
fn mapped(mapping: &str, spec: &Value) -> Result<(Vec<port::Entity>, Findings), Box<dyn Error>> {
    let value = json!({"apiVersion": "backstage.io/v1alpha1", "kind": "Component",
        "metadata": {"name": "Shop", "namespace": "default"}, "spec": spec});
    let mut sources = sources();
    let entities = vec![validated(&mut sources, value, &[])?];
    let mut diagnostics = Diagnostics::default();
    let catalog = stitch::catalog(entities, Dumped::default(), BTreeSet::new());
    let result = catalog_of(&catalog, &profile(mapping)?, &sources, &mut diagnostics)?;
    let found = diagnostics.into_iter().map(|found| {
        let help = found.help.unwrap_or_default();
        (found.code, format!("{}; {help}", found.message))
    });
    Ok((result.entities, found.collect()))
}

#[test]
fn an_entity_is_mapped() -> Outcome {
    let mapping = one(
        ".spec.type == \"x\"",
        &json!({"identifier": ".metadata.name", "title": "'a title'", "icon": "\"Box\"", "team": "[\"a\", null, \"b\"]",
            "blueprint": "'b'", "properties": {"p": ".spec.type", "o": {"deep": ".kind", "none": ".nothing"}},
            "relations": {"r": "[\"one\", null, 2]"}}),
    );
    let (entities, found) = mapped(&mapping, &json!({"type": "x"}))?;
    assert_eq!(found, []);
    let [entity] = &entities[..] else {
        return Err("not one entity".into());
    };
    assert_eq!(entity.identifier, "Shop");
    assert_eq!(entity.title.as_deref(), Some("a title"));
    assert_eq!(entity.icon.as_deref(), Some("Box"));
    assert_eq!(entity.blueprint, "b");
    let many = |items: &[&str]| Targets::Many(items.iter().map(|&item| item.to_owned()).collect());
    assert_eq!(entity.team, Some(many(&["a", "b"])));
    assert_eq!(entity.properties["p"], json!("x"));
    assert_eq!(
        entity.properties["o"],
        json!({"deep": "Component", "none": null})
    );
    assert_eq!(entity.relations["r"], many(&["one", "2"]));
    // The selector decides, and nothing of the kind is left.
    let (entities, found) = mapped(&mapping, &json!({"type": "y"}))?;
    assert_eq!(entities, []);
    assert_eq!(found[0].0, Code::UnmappedKind);
    assert!(found[0].1.contains("leaves out the kind"), "{}", found[0].1);
    Ok(())
}

#[test]
fn errors_are_null_and_reported() -> Outcome {
    let mapping = one(
        "true",
        &json!({"identifier": ".metadata.name", "blueprint": "\"b\"",
            "properties": {"p": ".spec.type.deep", "q": ".spec.list[]"}, "relations": {"r": "{}"}}),
    );
    let (entities, found) = mapped(&mapping, &json!({"type": "x", "list": ["first", "second"]}))?;
    assert_eq!(entities[0].properties.keys().collect::<Vec<_>>(), ["q"]);
    assert_eq!(entities[0].properties["q"], json!("first"));
    assert!(entities[0].relations.is_empty());
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|(code, _)| *code == Code::MappingFailed));
    assert!(found[0].1.contains("`properties.p`"), "{found:?}");
    assert!(found[0].1.contains("`.spec.type.deep`"), "{found:?}");
    assert!(found[1].1.contains("`relations.r`"), "{found:?}");
    Ok(())
}

#[test]
fn empty_and_null_are_left_out() -> Outcome {
    let mapping = one(
        "true",
        &json!({"identifier": ".metadata.name", "blueprint": "\"b\"", "title": "null", "team": "[]",
            "properties": {"p": "empty", "q": "null"}, "relations": {"r": "[null]"}}),
    );
    let (entities, found) = mapped(&mapping, &json!({}))?;
    assert_eq!(found, []);
    assert!(entities[0].properties.is_empty() && entities[0].relations.is_empty());
    assert!(entities[0].title.is_none() && entities[0].team.is_none());
    Ok(())
}

#[test]
fn a_selector_gives_a_boolean() -> Outcome {
    for query in [".spec.type", "empty", "null", "error(\"no\")"] {
        let mappings = json!({"identifier": ".metadata.name", "blueprint": "\"b\""});
        let (entities, found) = mapped(&one(query, &mappings), &json!({"type": "x"}))?;
        assert!(entities.is_empty(), "{query}");
        let codes: Vec<_> = found.iter().map(|(code, _)| *code).collect();
        assert_eq!(codes, [Code::UnmappedEntity], "{query}");
    }
    Ok(())
}

#[test]
fn an_entity_needs_identifier_and_blueprint() -> Outcome {
    for (identifier, blueprint) in [
        ("null", "\"b\""),
        ("\"\"", "\"b\""),
        ("false", "\"b\""),
        ("empty", "\"b\""),
        ("[1]", "\"b\""),
        ("error", "\"b\""),
        (".metadata.name", "null"),
    ] {
        let mappings = json!({"identifier": identifier, "blueprint": blueprint});
        let (entities, found) = mapped(&one("true", &mappings), &json!({}))?;
        assert!(entities.is_empty(), "{identifier}");
        let codes: Vec<_> = found.iter().map(|(code, _)| *code).collect();
        assert_eq!(codes, [Code::UnmappedEntity], "{identifier}");
    }
    Ok(())
}

#[test]
fn an_entity_is_split_into_items() -> Outcome {
    let spec = json!({"parts": [{"n": "a"}, {"n": "b"}], "kept": 1});
    let mappings =
        json!({"identifier": ".item.n", "blueprint": "\"b\"", "properties": {"o": ".spec"}});
    let port = json!({"itemsToParse": ".spec.parts", "entity": {"mappings": mappings}});
    let (entities, found) = mapped(&resource(".item.n != \"x\"", &port), &spec)?;
    assert_eq!(found, []);
    let identifiers: Vec<_> = entities
        .iter()
        .map(|entity| entity.identifier.as_str())
        .collect();
    assert_eq!(identifiers, ["a", "b"]);
    assert_eq!(entities[0].properties["o"], json!({"kept": 1}));

    let mappings =
        json!({"identifier": ".part.n", "blueprint": "\"b\"", "properties": {"o": ".spec"}});
    let port = json!({"itemsToParse": ".spec.parts", "itemsToParseName": "part",
        "itemsToParseTopLevelTransform": false, "entity": {"mappings": mappings}});
    let (entities, found) = mapped(&resource("true", &port), &spec)?;
    assert_eq!((entities.len(), found.len()), (2, 0));
    assert_eq!(entities[0].properties["o"], spec);

    let (entities, found) = mapped(&resource("true", &port), &json!({"parts": "none"}))?;
    assert_eq!((entities.len(), found.len()), (0, 1));
    Ok(())
}

#[test]
fn several_mappings_make_several_entities() -> Outcome {
    let mappings = json!([{"identifier": "\"one\"", "blueprint": "\"b\""}, {"identifier": "\"two\"", "blueprint": "\"b\""}]);
    let (entities, found) = mapped(&one("true", &mappings), &json!({}))?;
    assert_eq!((entities.len(), found.len()), (2, 0));
    Ok(())
}

#[test]
fn unknown_blueprints_and_kinds_are_reported_once() -> Outcome {
    let mappings = json!({"identifier": ".metadata.name", "blueprint": "\"nowhere\""});
    let (entities, found) = mapped(&one("true", &mappings), &json!({}))?;
    assert!(entities.is_empty());
    assert_eq!(found[0].0, Code::UnknownBlueprint);

    let mut sources = sources();
    let location = |name: &str| json!({"kind": "Location", "metadata": {"name": name}, "spec": {}});
    let entities = vec![
        validated(&mut sources, location("a"), &[])?,
        validated(&mut sources, location("b"), &[])?,
    ];
    let mut diagnostics = Diagnostics::default();
    let catalog = stitch::catalog(entities, Dumped::default(), BTreeSet::new());
    let profile = Profile::load("standard")?;
    let result = catalog_of(&catalog, &profile, &sources, &mut diagnostics)?;
    assert!(result.entities.is_empty());
    let notes: Vec<_> = diagnostics
        .iter()
        .map(|found| (found.code, &*found.message))
        .collect();
    assert_eq!(
        notes,
        [(
            Code::UnmappedKind,
            "the profile `standard` maps no kind `Location`: 2 entities not converted"
        )]
    );
    Ok(())
}

#[test]
fn faults_of_searches_name_their_entry() -> Outcome {
    let with = |key: &str, value: Value| {
        let mut mappings = json!({"identifier": ".a", "blueprint": "\"b\""});
        mappings[key] = value;
        one("true", &mappings)
    };
    for (mapping, part) in [
        (
            with("relations", json!({"r": {"rules": []}})),
            "mappings.relations.r.combinator: missing",
        ),
        (
            with(
                "relations",
                json!({"r": {"combinator": "\"and\"", "rules": [{"property": ".a", "operator": ".b"}]}}),
            ),
            "mappings.relations.r.rules[0].value: missing",
        ),
        (
            with("team", json!({"combinator": "\"and\"", "rules": {}})),
            "mappings.team.rules: a list belongs here",
        ),
        (
            with("identifier", json!({"combinator": "\"and\"", "rules": []})),
            "a search finds an entity that Port has",
        ),
    ] {
        let message = profile(&mapping).err().ok_or("no fault")?.to_string();
        assert!(message.contains(part), "{message}\n{part}");
    }
    Ok(())
}

#[test]
fn searches_are_written_for_port_to_answer() -> Outcome {
    let search = |value: &str| {
        json!({"combinator": "'or'", "rules": [
            {"property": "\"$title\"", "operator": "\"=\"", "value": value},
            {"combinator": "\"and\"", "rules": [
                {"property": "'tags'", "operator": "'contains'", "value": ".spec.tag"},
            ]},
        ]})
    };
    let mapping = |value: &str| {
        let relations = json!({"r": search(value)});
        one(
            "true",
            &json!({"identifier": ".metadata.name", "blueprint": "\"b\"", "team": search(value), "relations": relations}),
        )
    };
    let (entities, findings) = mapped(&mapping(".spec.title"), &json!({"title": "A", "tag": "t"}))?;
    assert_eq!(findings, []);
    let expected = json!({"combinator": "or", "rules": [
        {"property": "$title", "operator": "=", "value": "A"},
        {"combinator": "and", "rules": [{"property": "tags", "operator": "contains", "value": "t"}]},
    ]});
    assert_eq!(serde_json::to_value(&entities[0].team)?, expected);
    assert_eq!(serde_json::to_value(&entities[0].relations["r"])?, expected);
    // Null is a value to look for.
    let (entities, findings) = mapped(&mapping(".spec.title"), &json!({}))?;
    assert_eq!(findings, []);
    let found = serde_json::to_value(&entities[0].relations["r"])?;
    assert_eq!(found["rules"][0]["value"], json!(null));
    // What Port would refuse is left out.
    let (entities, findings) = mapped(&mapping("[1]"), &json!({"tag": "t"}))?;
    assert!(entities[0].relations.is_empty() && entities[0].team.is_none());
    assert_eq!(findings.len(), 2);
    assert_eq!(findings[1].0, Code::MappingFailed);
    assert!(
        findings[1].1.starts_with(
            "`relations.r.combinator` of the mapping belongs to a faulty search: the value of a rule with `=` is a text"
        ),
        "{}",
        findings[1].1
    );
    Ok(())
}

#[test]
fn faults_of_a_profile_name_their_entry() -> Outcome {
    let good = json!({"identifier": ".a", "blueprint": "\"b\""});
    let with = |key: &str, value: Value| {
        let mut mappings = good.clone();
        mappings[key] = value;
        one("true", &mappings)
    };
    for (mapping, part) in [
        (
            with("properties", json!({"p": ".a |"})),
            "resources[0].port.entity.mappings.properties.p: `.a |`: expected term",
        ),
        (
            with("properties", json!({"p": "nonsense"})),
            "the filter `nonsense` is not defined",
        ),
        (
            with("properties", json!({"p": 1})),
            "resources[0].port.entity.mappings.properties.p: a jq expression",
        ),
        (
            with("properties", json!({"z": ".a"})),
            "mappings.properties.z: the blueprint `b` has no such property",
        ),
        (
            with("relations", json!({"z": ".a"})),
            "mappings.relations.z: the blueprint `b` has no such relation",
        ),
        (
            with("propertis", json!({})),
            "unknown key `propertis`; did you mean `properties`?",
        ),
        (with("whatever", json!({})), "unknown key `whatever`"),
        (
            one("true", &json!({"blueprint": "\"b\""})),
            "identifier: missing",
        ),
        (
            json!({"resources": [{"kind": "x", "selektor": {}, "port": {}}]}).to_string(),
            "did you mean `selector`?",
        ),
        (
            json!({"resources": [{"kind": "x"}]}).to_string(),
            "resources[0].port: missing",
        ),
        (
            json!({"resource": []}).to_string(),
            "did you mean `resources`?",
        ),
        (json!([]).to_string(), "`mapping.yaml`: a map"),
        ("a: [".to_owned(), "`mapping.yaml`: line 1"),
    ] {
        let message = profile(&mapping).err().ok_or("no fault")?.to_string();
        assert!(message.contains(part), "{message}\n{part}");
    }
    for (blueprints, functions, part) in [
        ("{}", "", "`blueprints.yaml`: a list"),
        (
            r#"[{"identifier": "x", "title": "X"}]"#,
            "",
            "[0] (`x`): missing field `schema`",
        ),
        (
            r#"[{"identifier": "x", "titel": "X"}]"#,
            "",
            "did you mean `title`?",
        ),
        (
            r#"[{"identifier": "x", "relations": {"r": {"to": "x"}}}]"#,
            "",
            "relations.r: unknown key `to`",
        ),
        ("[]", "def x: y;", "`functions.jq`: the filter `y`"),
        ("[]", "def x 1;", "`functions.jq`: expected"),
    ] {
        let fault = profile_of(blueprints, &one("true", &good), functions).err();
        let message = fault.ok_or("no fault")?.to_string();
        assert!(message.contains(part), "{message}\n{part}");
    }
    let message = Profile::load("standart")
        .err()
        .ok_or("no fault")?
        .to_string();
    assert!(message.contains("did you mean `standard`?"), "{message}");
    let message = Profile::load("./nowhere")
        .err()
        .ok_or("no fault")?
        .to_string();
    assert!(message.contains("no file `blueprints.yaml`"), "{message}");
    Ok(())
}

#[test]
fn a_profile_may_say_how_blueprints_are_cut() -> Outcome {
    let load = |refinement: &str| -> Result<Profile, Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let path = Utf8Path::from_path(folder.path()).ok_or("path")?;
        std::fs::write(path.join("blueprints.yaml"), "[]")?;
        std::fs::write(path.join("mapping.yaml"), "resources: []")?;
        std::fs::write(path.join("refinement.yaml"), refinement)?;
        Ok(Profile::from_folder(path)?)
    };
    let refinement = load("dropUnusedRelations: false\nenums: [type]\n")?.refinement;
    assert!(!refinement.drop_unused_relations && refinement.drop_unused_properties);
    assert!(refinement.enums.contains("type"));
    assert_eq!(
        profile(&one(
            "true",
            &json!({"identifier": ".a", "blueprint": "\"b\""})
        ))?
        .refinement,
        Refinement::default()
    );
    for (text, part) in [
        (
            "dropUnusedRelation: false",
            "`refinement.yaml`: the file: unknown key `dropUnusedRelation`; did you mean `dropUnusedRelations`?",
        ),
        ("whatever: true", "unknown key `whatever`"),
        ("relaxRequired: 1", "expected a boolean"),
        ("[]", "a map of switches belongs here"),
    ] {
        let message = load(text).err().ok_or("no fault")?.to_string();
        assert!(message.contains(part), "{message}\n{part}");
    }
    Ok(())
}

/// A catalog with every kind the `standard` profile maps.
fn one_of_each(sources: &mut Sources) -> Result<Vec<Validated>, Box<dyn Error>> {
    let mut all = software(sources)?;
    all.extend(organisation(sources)?);
    Ok(all)
}

fn entity(kind: &str, name: &str, spec: &Value) -> Value {
    json!({"apiVersion": "backstage.io/v1alpha1", "kind": kind,
        "metadata": {"name": name, "namespace": "default"}, "spec": spec})
}

fn software(sources: &mut Sources) -> Result<Vec<Validated>, Box<dyn Error>> {
    let spec = json!({"type": "service", "lifecycle": "production", "owner": "payments", "language": "go"});
    let mut shop = entity("Component", "Shop", &spec);
    shop["metadata"]["links"] = json!([{"url": "https://a.example", "title": "A"}, {"url": "https://b.example", "icon": "docs"}]);
    shop["metadata"]["annotations"] = json!({"github.com/project-slug": "acme/shop"});
    let mut ledger = entity(
        "Resource",
        "ledger",
        &json!({"type": "database", "owner": "user:jo"}),
    );
    ledger["metadata"]["namespace"] = json!("finance");
    let orders = json!({"type": "openapi", "definition": "openapi: 3.1.0"});
    let events = json!({"type": "graphql", "definition": "type Query"});
    Ok(vec![
        validated(
            sources,
            shop,
            &[
                ("owner", "ownedBy", "ownerOf", "group:payments"),
                ("system", "partOf", "hasPart", "system:store"),
                ("subcomponentOf", "partOf", "hasPart", "component:Base"),
                ("providesApis", "providesApi", "apiProvidedBy", "api:orders"),
                (
                    "dependsOn",
                    "dependsOn",
                    "dependencyOf",
                    "resource:finance/LEDGER",
                ),
                ("dependsOn", "dependsOn", "dependencyOf", "group:payments"),
                (
                    "dependencyOf",
                    "dependencyOf",
                    "dependsOn",
                    "component:unknown",
                ),
                ("dependencyOf", "dependencyOf", "dependsOn", "api:orders"),
            ],
        )?,
        validated(sources, entity("API", "orders", &orders), &[])?,
        validated(sources, entity("API", "events", &events), &[])?,
        validated(
            sources,
            ledger,
            &[("owner", "ownedBy", "ownerOf", "user:default/jo")],
        )?,
        validated(
            sources,
            entity("System", "store", &json!({})),
            &[("domain", "partOf", "hasPart", "domain:trade")],
        )?,
        validated(
            sources,
            entity("Domain", "trade", &json!({})),
            &[
                ("owner", "ownedBy", "ownerOf", "component:Shop"),
                ("subdomainOf", "partOf", "hasPart", "domain:all"),
            ],
        )?,
    ])
}

fn organisation(sources: &mut Sources) -> Result<Vec<Validated>, Box<dyn Error>> {
    let payments = json!({"type": "team", "children": [], "profile": {"displayName": "Payments", "room": "7"}});
    let jo = json!({"memberOf": [], "profile": {"email": "jo@acme.example"}});
    let new = json!({"type": "service", "parameters": {"title": "A"}, "steps": [{"action": "a"}], "secrets": {}});
    let review = json!({"type": "skill", "license": "MIT"});
    Ok(vec![
        validated(
            sources,
            entity("Group", "payments", &payments),
            &[
                ("parent", "childOf", "parentOf", "group:a"),
                ("parent", "childOf", "parentOf", "group:b"),
                ("members", "hasMember", "memberOf", "user:jo"),
                ("members", "hasMember", "memberOf", "user:sam"),
            ],
        )?,
        validated(sources, entity("User", "jo", &jo), &[])?,
        validated(sources, entity("Template", "new", &new), &[])?,
        validated(
            sources,
            entity("AiResource", "review", &review),
            &[("dependsOn", "dependsOn", "dependencyOf", "airesource:other")],
        )?,
    ])
}

fn standard() -> Result<(port::Catalog, Diagnostics), Box<dyn Error>> {
    let mut sources = sources();
    let entities = one_of_each(&mut sources)?;
    let catalog = stitch::catalog(entities, Dumped::default(), BTreeSet::new());
    let mut diagnostics = Diagnostics::default();
    let profile = Profile::load("standard")?;
    let result = catalog_of(&catalog, &profile, &sources, &mut diagnostics)?;
    Ok((result, diagnostics))
}

#[test]
fn standard_maps_every_kind() -> Outcome {
    let (result, diagnostics) = standard()?;
    let found: Vec<_> = diagnostics.iter().collect();
    assert!(found.is_empty(), "{found:?}");
    let names: Vec<_> = result
        .entities
        .iter()
        .map(|entity| format!("{}/{}", entity.blueprint, entity.identifier))
        .collect();
    assert_eq!(
        names,
        [
            "component/Shop",
            "api/orders",
            "api/events",
            "resource/finance/ledger",
            "system/store",
            "domain/trade",
            "group/payments",
            "user/jo",
            "template/new",
            "ai_resource/review",
        ]
    );
    assert_eq!(diagnostics.count(Severity::Error), 0);
    // Nothing that a blueprint lacks, and lists exactly where the blueprint wants them.
    for entity in &result.entities {
        let blueprint = result
            .blueprints
            .iter()
            .find(|b| b.identifier == entity.blueprint)
            .ok_or("blueprint")?;
        for (name, targets) in &entity.relations {
            let relation = blueprint.relations.get(name).ok_or("relation")?;
            assert_eq!(matches!(targets, Targets::Many(_)), relation.many, "{name}");
        }
        assert!(
            entity
                .properties
                .keys()
                .all(|name| blueprint.schema.properties.contains_key(name))
        );
    }
    Ok(())
}

#[test]
fn standard_loses_nothing() -> Outcome {
    let (result, _) = standard()?;
    let all: Vec<Value> = result
        .entities
        .iter()
        .map(|entity| json!({"p": entity.properties, "r": entity.relations, "title": entity.title}))
        .collect();
    let at =
        |entity: usize, pointer: &str| all[entity].pointer(pointer).cloned().unwrap_or_default();
    let expected = [
        (
            0,
            "/r",
            json!({"owningGroup": "payments", "system": "store", "subcomponentOf": "Base",
            "providesApis": ["orders"], "dependsOnResources": ["finance/ledger"]}),
        ),
        (
            0,
            "/p/otherRelations",
            json!([
                "dependencyOf component:default/unknown",
                "dependsOn group:default/payments"
            ]),
        ),
        (
            0,
            "/p/otherFields",
            json!({"metadata": {"links": [{"url": "https://b.example", "icon": "docs"}]}, "spec": {"language": "go"}}),
        ),
        (
            0,
            "/p/links",
            json!([{"url": "https://a.example", "displayText": "A"}, {"url": "https://b.example"}]),
        ),
        (0, "/p/githubProject", json!("acme/shop")),
        (0, "/p/entityRef", json!("component:default/shop")),
        (0, "/p/sourcePath", json!("Shop.yaml")),
        (
            0,
            "/p/sourceUrl",
            json!("https://github.com/acme/shop/blob/HEAD/Shop.yaml"),
        ),
        (1, "/p/openApi", json!("openapi: 3.1.0")),
        (1, "/p/definition", json!(null)),
        (1, "/r", json!({"dependsOnComponents": ["Shop"]})),
        (2, "/p/graphql", json!("type Query")),
        (3, "/r", json!({"owningUser": "jo"})),
        (4, "/r", json!({"domain": "trade"})),
        (5, "/r", json!({"subdomainOf": "all"})),
        (
            5,
            "/p/otherRelations",
            json!(["ownedBy component:default/shop"]),
        ),
        (6, "/title", json!("Payments")),
        (6, "/r", json!({"parent": "a", "members": ["sam"]})),
        (6, "/p/otherRelations", json!(["childOf group:default/b"])),
        (
            6,
            "/p/otherFields",
            json!({"spec": {"profile": {"room": "7"}}}),
        ),
        (7, "/r", json!({"memberOf": ["payments"]})),
        (7, "/p/email", json!("jo@acme.example")),
        (7, "/p/otherFields", json!(null)),
        (8, "/p/parameters", json!([{"title": "A"}])),
        (8, "/p/secrets", json!({})),
        (8, "/p/otherFields", json!(null)),
        (9, "/r", json!({"dependsOnAiResources": ["other"]})),
        (9, "/p/license", json!("MIT")),
    ];
    for (entity, pointer, value) in expected {
        assert_eq!(
            at(entity, pointer),
            value,
            "{entity} {pointer}\n{:#}",
            all[entity]
        );
    }
    Ok(())
}

#[test]
fn threads_do_not_matter() -> Outcome {
    let (expected, _) = standard()?;
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let (result, _) = one_thread.install(|| standard().map_err(|error| error.to_string()))?;
    assert_eq!(result.entities, expected.entities);
    Ok(())
}
