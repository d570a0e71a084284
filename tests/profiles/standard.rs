//! `standard` keeps every word of a descriptor, and says where each fact stands.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{Folder, Result, run};
use crate::{Way, document, fixtures};

/// Fields of the spec that name other entities: their words become identifiers.
const REFERENCES: &[&str] = &[
    "children",
    "consumesApis",
    "dependencyOf",
    "dependsOn",
    "domain",
    "memberOf",
    "members",
    "owner",
    "parent",
    "plugins",
    "providesApis",
    "skills",
    "subcomponentOf",
    "subdomainOf",
    "system",
];

fn leaves(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| leaves(item, found)),
        Value::Object(map) => map.values().for_each(|value| leaves(value, found)),
        Value::Null => {}
        Value::String(text) => _ = found.insert(text.clone()),
        other => _ = found.insert(other.to_string()),
    }
}

/// The catalog of a folder, as the tool prints it.
fn catalog(folder: &str) -> Result<Vec<Value>> {
    let run = run(folder.into(), &["catalog"])?;
    let lines = run.stdout.lines().map(serde_json::from_str);
    Ok(lines.collect::<std::result::Result<_, _>>()?)
}

#[test]
fn every_word_of_a_descriptor_is_in_its_entity() -> Result<()> {
    let way = Way::of("standard")?.without_inference();
    let mut compared = 0;
    for input in fixtures()? {
        // An overlay is there to say something else.
        if input.join(".port/overlay.yaml").exists() {
            continue;
        }
        let entities = way.convert(&input)?.entities()?;
        for entity in catalog(input.as_str())? {
            let text = |pointer: &str| entity.pointer(pointer).and_then(Value::as_str);
            let (kind, name) = (text("/kind"), text("/metadata/name").ok_or("name")?);
            let namespace = text("/metadata/namespace").ok_or("namespace")?;
            let entity_ref = format!("{}:{namespace}/{name}", kind.ok_or("kind")?).to_lowercase();
            let of_ref = |made: &&Value| made["properties"]["entityRef"] == entity_ref.as_str();
            // Locations and custom kinds have no blueprint.
            let Some(made) = entities.values().find(of_ref) else {
                continue;
            };
            let mut wanted = BTreeSet::new();
            leaves(&entity["metadata"], &mut wanted);
            for (field, value) in entity["spec"].as_object().into_iter().flatten() {
                if !REFERENCES.contains(&field.as_str()) {
                    leaves(value, &mut wanted);
                }
            }
            wanted.remove(namespace);
            let mut held = BTreeSet::new();
            leaves(made, &mut held);
            // Outside the namespace `default` the identifier has both.
            held.insert(name.to_owned());
            let lost: Vec<_> = wanted.difference(&held).collect();
            assert!(lost.is_empty(), "{input}: {entity_ref}: {lost:?}");
            compared += wanted.len();
        }
    }
    assert!(compared > 200, "{compared}");
    Ok(())
}

#[test]
fn references_of_a_kind_in_the_wrong_case_are_kept() -> Result<()> {
    let spec = "type: service, lifecycle: production, owner: team-a, system: shop, dependsOn: [component:b]";
    let made = Way::of("standard")?.text(&document("component", "name: a", spec))?;
    assert_eq!(
        made.entity("component/a")?["properties"]["otherFields"],
        json!({"kind": "component",
            "spec": {"owner": "team-a", "system": "shop", "dependsOn": ["component:b"]}})
    );
    Ok(())
}

/// The entity that is known from a dump only is not written, so it cannot hold that it is a member.
#[test]
fn what_a_known_entity_would_hold_stays_with_the_descriptor() -> Result<()> {
    let dump = json!([{"apiVersion": "backstage.io/v1alpha1", "kind": "User",
        "metadata": {"name": "jo"}, "spec": {"memberOf": []}}]);
    let folder = Folder::with([("catalog.json", &*dump.to_string())])?;
    let group = document(
        "Group",
        "name: a",
        "type: team, children: [], members: [jo]",
    );
    let way = Way::of("standard")?;
    let made = way.knowing(folder.path.join("catalog.json")).text(&group)?;
    let entity = made.entity("group/a")?;
    assert_eq!(
        entity["properties"]["otherFields"],
        json!({"spec": {"members": ["jo"]}})
    );
    assert_eq!(entity["relations"], Value::Null);
    Ok(())
}

#[test]
fn definitions_go_where_port_renders_them() -> Result<()> {
    let way = Way::of("standard")?;
    for (api_type, property) in [
        ("openapi", "openApi"),
        ("Open API", "openApi"),
        ("asyncapi", "asyncApi"),
        ("grpc", "grpc"),
        ("graphql", "graphql"),
        ("wsdl", "definition"),
    ] {
        let spec = format!("type: {api_type}, lifecycle: production, owner: a, definition: 'a: 1'");
        let made = way.text(&document("API", "name: x", &spec))?;
        let entity = made.entity("api/x")?;
        let names: Vec<_> = entity["properties"]
            .as_object()
            .ok_or("none")?
            .keys()
            .collect();
        let expected = BTreeSet::from([property, "entityRef", "lifecycle", "sourcePath", "type"]);
        assert_eq!(
            names
                .iter()
                .map(|name| name.as_str())
                .collect::<BTreeSet<_>>(),
            expected
        );
        assert_eq!(entity["properties"][property], "a: 1");
    }
    Ok(())
}
