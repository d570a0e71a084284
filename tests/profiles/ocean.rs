//! `ocean` has the names of Port's Ocean integration for Backstage, and none of the defects of its mapping.

use std::collections::BTreeSet;

use backstage2port::map::Profile;
use serde_json::{Value, json};

use crate::support::Result;
use crate::support::port::{body, faults_of, shared};
use crate::{Way, document};

const SPEC: &str = "type: service, lifecycle: production, owner: a";

/// The entity that one document becomes.
fn made(document: &str, key: &str) -> Result<Value> {
    Way::of("ocean")?.text(document)?.entity(key)
}

fn component(more: &str) -> String {
    document("Component", "name: Shop", &format!("{SPEC}{more}"))
}

fn api(api_type: &str, definition: &str) -> String {
    let spec =
        format!("type: {api_type}, lifecycle: production, owner: a, definition: {definition}");
    document("API", "name: x", &spec)
}

#[test]
fn identifiers_are_full_refs() -> Result<()> {
    let shop = made(&component(""), "component/component:default/shop")?;
    assert_eq!(shop["title"], "Shop");
    assert_eq!(shop["relations"], json!({"owningGroup": "group:default/a"}));
    Ok(())
}

#[test]
fn names_are_those_of_the_integration() -> Result<()> {
    let profile = Profile::load("ocean")?;
    let mut names = BTreeSet::new();
    for blueprint in &profile.blueprints {
        let properties = blueprint.schema.properties.keys();
        for name in properties.chain(blueprint.relations.keys()) {
            names.insert(format!("{}.{name}", blueprint.identifier));
        }
    }
    let common = "description labels annotations links tags";
    let owners = "owningUser owningGroup";
    let expected = [
        (
            "component",
            "type lifecycle language system subcomponentOf providesApis consumesApis dependsOnComponent dependsOnResource",
            owners,
        ),
        (
            "api",
            "type lifecycle definition definitionOpenAPI definitionAsyncAPI definitionGRPC definitionGraphQL system",
            owners,
        ),
        ("group", "type email parent members", ""),
        ("user", "email", ""),
        (
            "resource",
            "type system dependsOnComponent dependsOnResource",
            owners,
        ),
        ("system", "domain", owners),
        ("domain", "", owners),
    ];
    let expected: BTreeSet<String> = expected
        .iter()
        .flat_map(|(blueprint, own, owners)| {
            let words = [*own, *owners, common];
            let words: Vec<&str> = words.iter().flat_map(|words| words.split(' ')).collect();
            let words = words.into_iter().filter(|word| !word.is_empty());
            words.map(move |word| format!("{blueprint}.{word}"))
        })
        .collect();
    assert_eq!(names, expected);
    Ok(())
}

#[test]
fn defect_1_lists_have_all_their_items() -> Result<()> {
    let more = ", providesApis: [x, y], consumesApis: [x, y], \
        dependsOn: [component:b, component:c, resource:d, resource:e]";
    let relations = &made(&component(more), "component/component:default/shop")?["relations"];
    for (name, targets) in [
        ("providesApis", ["api:default/x", "api:default/y"]),
        ("consumesApis", ["api:default/x", "api:default/y"]),
        (
            "dependsOnComponent",
            ["component:default/b", "component:default/c"],
        ),
        (
            "dependsOnResource",
            ["resource:default/d", "resource:default/e"],
        ),
    ] {
        assert_eq!(relations[name], json!(targets), "{name}");
    }
    let group = document(
        "Group",
        "name: g",
        "type: team, children: [], members: [a, b]",
    );
    let group = made(&group, "group/group:default/g")?;
    assert_eq!(
        group["relations"]["members"],
        json!(["user:default/a", "user:default/b"])
    );
    Ok(())
}

#[test]
fn defect_2_the_system_is_a_relation_and_not_a_text() -> Result<()> {
    for (system, expected) in [
        ("", Value::Null),
        (", system: pay", json!("system:default/pay")),
        (
            ", system: 'system:default/pay'",
            json!("system:default/pay"),
        ),
        (", system: Abroad/PAY", json!("system:abroad/pay")),
    ] {
        let shop = made(&component(system), "component/component:default/shop")?;
        assert_eq!(shop["relations"]["system"], expected, "{system}");
    }
    Ok(())
}

#[test]
fn defect_3_subcomponents_know_what_they_are_part_of() -> Result<()> {
    let shop = component(", subcomponentOf: mall, system: pay");
    let shop = made(&shop, "component/component:default/shop")?;
    let relations = &shop["relations"];
    assert_eq!(relations["subcomponentOf"], "component:default/mall");
    assert_eq!(relations["system"], "system:default/pay");
    Ok(())
}

#[test]
fn defect_4_definitions_are_parsed() -> Result<()> {
    let yaml = "\"openapi: 3.1.0\\ninfo: {title: X}\\n\"";
    for (api_type, definition, property, expected) in [
        (
            "openapi",
            yaml,
            "definitionOpenAPI",
            json!({"openapi": "3.1.0", "info": {"title": "X"}}),
        ),
        (
            "asyncapi",
            "'{\"asyncapi\": \"3.0.0\"}'",
            "definitionAsyncAPI",
            json!({"asyncapi": "3.0.0"}),
        ),
        ("grpc", "message A", "definitionGRPC", json!("message A")),
        (
            "graphql",
            "type Query",
            "definitionGraphQL",
            json!("type Query"),
        ),
    ] {
        let made = made(&api(api_type, definition), "api/api:default/x")?;
        let properties = made["properties"].as_object().ok_or("none")?;
        assert_eq!(properties[property], expected);
        assert!(properties["definition"].is_string());
        let parsed = properties
            .keys()
            .filter(|name| name.starts_with("definition"));
        assert_eq!(parsed.count(), 2, "{properties:?}");
    }
    Ok(())
}

#[test]
fn defect_5_types_and_addresses_come_from_the_spec() -> Result<()> {
    let spec = "type: team, children: [], profile: {email: g@example.com}";
    let group = made(&document("Group", "name: g", spec), "group/group:default/g")?;
    assert_eq!(
        group["properties"],
        json!({"type": "team", "email": "g@example.com"})
    );
    let spec = "memberOf: [], profile: {email: u@example.com}";
    let user = made(&document("User", "name: u", spec), "user/user:default/u")?;
    assert_eq!(user["properties"], json!({"email": "u@example.com"}));
    Ok(())
}

#[test]
fn defect_6_links_are_what_the_blueprint_says() -> Result<()> {
    let metadata =
        "name: d, links: [{url: 'https://a.example', title: A}, {url: 'https://b.example'}]";
    let domain = made(
        &document("Domain", metadata, "owner: a"),
        "domain/domain:default/d",
    )?;
    assert_eq!(
        domain["properties"]["links"],
        json!(["https://a.example", "https://b.example"])
    );
    Ok(())
}

#[test]
fn defect_7_the_language_may_be_a_label() -> Result<()> {
    let key = "component/component:default/shop";
    let labelled = document("Component", "name: shop, labels: {language: go}", SPEC);
    assert_eq!(made(&labelled, key)?["properties"]["language"], "go");
    let stated = made(&component(", language: rust"), key)?;
    assert_eq!(stated["properties"]["language"], "rust");
    // A property that nothing fills is not in the blueprint.
    let written = Way::of("ocean")?.text(&component(""))?.written()?;
    let properties = &written.blueprints["component"]["schema"]["properties"];
    assert_eq!(properties["language"], Value::Null);
    Ok(())
}

#[test]
fn defect_8_a_namespace_need_not_be_written() -> Result<()> {
    let system = document("System", "name: pay", "owner: a");
    made(&system, "system/system:default/pay")?;
    let system = document("System", "name: pay, namespace: abroad", "owner: a");
    let system = made(&system, "system/system:abroad/pay")?;
    assert_eq!(system["relations"]["owningGroup"], "group:abroad/a");
    Ok(())
}

/// Port's Ocean has a relation for one group and one for one user, so that is what there is; the groups of a user can
/// take over.
#[test]
fn defect_9_a_user_can_give_way_to_a_group() -> Result<()> {
    let all = [
        document("Group", "name: g", "type: team, children: []"),
        document("User", "name: u", "memberOf: [g]"),
        document("System", "name: pay", "owner: user:u"),
    ];
    let stated = Way::of("ocean")?.text(&all.concat())?;
    let relations = &stated.entity("system/system:default/pay")?["relations"];
    assert_eq!(relations, &json!({"owningUser": "user:default/u"}));
    let teams = Way::of("ocean")?.teams_only().text(&all.concat())?;
    let relations = &teams.entity("system/system:default/pay")?["relations"];
    assert_eq!(relations, &json!({"owningGroup": "group:default/g"}));
    Ok(())
}

#[test]
fn defect_10_blueprints_fit_the_api() -> Result<()> {
    let profile = Profile::load("ocean")?;
    for blueprint in &profile.blueprints {
        let value = serde_json::to_value(blueprint)?;
        let mut faults = Vec::new();
        if let Some(schema) = body("blueprint")? {
            faults_of(&schema, &value, &mut faults);
        }
        assert!(faults.is_empty(), "{faults:?}");
        for relation in value["relations"].as_object().into_iter().flatten() {
            assert!(relation.1["many"].is_boolean(), "{relation:?}");
        }
    }
    let icons = std::fs::read_to_string(shared()?.join("oracle/port-api/icons.txt"));
    let icon = profile
        .blueprints
        .iter()
        .find(|one| one.identifier == "api");
    let icon = icon.and_then(|api| api.icon.as_deref()).ok_or("no icon")?;
    assert_eq!(icon, "ApiDocs");
    assert!(icons.is_err() || icons?.lines().any(|known| known == icon));
    Ok(())
}
