//! `backstage-import` has the names of Port's import script for Backstage, and none of the defects that a file can have.
//!
//! Others are the script's own: it asks a server, and this tool reads and writes files (2, 6, 7, 9).

use backstage2port::diagnostic::Code;
use backstage2port::map::Profile;
use serde_json::{Value, json};

use crate::support::Result;
use crate::{Way, document};

const SPEC: &str = "type: service, lifecycle: production, owner: a";

/// The entity that one document becomes.
fn made(document: &str, key: &str) -> Result<Value> {
    Way::of("backstage-import")?.text(document)?.entity(key)
}

#[test]
fn identifiers_are_names_and_apis_are_in_capitals() -> Result<()> {
    let spec = format!("{SPEC}, providesApis: [Orders]");
    let shop = made(
        &document("Component", "name: Shop", &spec),
        "component/Shop",
    )?;
    assert_eq!(
        shop["relations"],
        json!({"owningGroup": "a", "providesApis": ["Orders"]})
    );
    let ids = Profile::load("backstage-import")?.blueprints;
    let ids: Vec<_> = ids.iter().map(|one| one.identifier.as_str()).collect();
    assert_eq!(
        ids,
        [
            "component",
            "API",
            "group",
            "user",
            "resource",
            "system",
            "domain"
        ]
    );
    Ok(())
}

#[test]
fn defect_1_entities_of_one_name_are_reported() -> Result<()> {
    let all = document("System", "name: pay, title: First", "owner: a")
        + &document("System", "name: pay, namespace: abroad", "owner: a");
    let made = Way::of("backstage-import")?.text(&all)?;
    assert_eq!(made.entity("system/pay")?["title"], "First");
    assert_eq!(made.messages(Code::DuplicateIdentifier).len(), 1);
    Ok(())
}

#[test]
fn defect_3_relations_go_by_kind_and_all_have_a_place() -> Result<()> {
    let spec = format!("{SPEC}, dependsOn: [component:b, resource:c, api:d, system:e]");
    let shop = made(
        &document("Component", "name: shop", &spec),
        "component/shop",
    )?;
    let relations = &shop["relations"];
    for (name, target) in [
        ("dependsOnComponent", "b"),
        ("dependsOnResource", "c"),
        ("dependsOnApi", "d"),
        ("dependsOnSystem", "e"),
    ] {
        assert_eq!(relations[name], json!([target]));
    }
    // What a system is part of is a domain only where it is one.
    let system = document("System", "name: pay", "owner: a, domain: component:x");
    assert_eq!(
        made(&system, "system/pay")?["relations"]["domain"],
        Value::Null
    );
    let system = document("System", "name: pay", "owner: a, domain: trade");
    assert_eq!(made(&system, "system/pay")?["relations"]["domain"], "trade");
    let domain = document("Domain", "name: trade", "owner: a, subdomainOf: all");
    let domain = made(&domain, "domain/trade")?;
    assert_eq!(domain["relations"]["subdomainOf"], "all");
    Ok(())
}

#[test]
fn defect_4_the_type_of_a_system_is_defined() -> Result<()> {
    let system = document("System", "name: pay", "owner: a, type: product");
    let made = Way::of("backstage-import")?.text(&system)?;
    assert_eq!(made.entity("system/pay")?["properties"]["type"], "product");
    let written = made.written()?;
    let properties = &written.blueprints["system"]["schema"]["properties"];
    assert_eq!(properties["type"]["type"], "string");
    Ok(())
}

#[test]
fn defect_5_nothing_is_empty_and_no_enum_is_frozen() -> Result<()> {
    let system = document("System", "name: pay", "owner: a");
    let entity = made(&system, "system/pay")?;
    assert_eq!(entity["properties"], Value::Null);
    let typed = document("System", "name: pay", "owner: a, type: product");
    let written = Way::of("backstage-import")?.text(&typed)?.written()?;
    let definition = &written.blueprints["system"]["schema"]["properties"]["type"];
    assert_eq!(definition["enum"], Value::Null);
    Ok(())
}

#[test]
fn defect_8_links_keep_their_titles_and_bad_definitions_cost_only_themselves() -> Result<()> {
    let metadata = "name: x, links: [{url: 'https://a.example', title: A}]";
    let spec = "type: openapi, lifecycle: production, owner: a, definition: 'openapi: ['";
    let made = Way::of("backstage-import")?.text(&document("API", metadata, spec))?;
    let api = made.entity("API/x")?;
    assert_eq!(
        api["properties"],
        json!({"lifecycle": "production", "type": "openapi",
            "links": [{"url": "https://a.example", "displayText": "A"}]})
    );
    let messages = made.messages(Code::MappingFailed);
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert!(
        messages[0].contains("this is no YAML: line 1"),
        "{messages:?}"
    );
    Ok(())
}
