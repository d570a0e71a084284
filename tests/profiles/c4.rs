//! The headline example: the C4 model of a small shop, blueprints and entities, from the descriptors of the demo.

use std::collections::BTreeMap;

use backstage2port::diagnostic::Code;
use serde_json::{Value, json};

use crate::Way;
use crate::support::Result;

fn blueprint(identifier: &str, icon: &str, properties: &Value, relations: &Value) -> Value {
    json!({
        "identifier": identifier, "title": identifier, "icon": icon,
        "schema": {"properties": properties, "required": []},
        "relations": relations,
    })
}

fn relation(target: &str, required: bool, many: bool) -> Value {
    json!({"target": target, "required": required, "many": many})
}

#[test]
fn the_demo_gives_the_blueprints_of_the_example() -> Result<()> {
    let written = Way::of("c4")?
        .convert("fixtures/demo/input".into())?
        .written()?;
    let component_type = json!({"type": {
        "type": "string", "icon": "Docs", "enum": ["library", "service"],
        "enumColors": {"library": "green", "service": "blue"},
    }});
    let component_relations = json!({
        "system": relation("System", false, false),
        "resources": relation("Resource", false, true),
        "consumesApi": relation("API", false, true),
        "components": relation("Component", false, true),
        "providesApi": relation("API", false, false),
    });
    let resource_type = json!({"type": {"type": "string", "icon": "Docs", "enum": ["postgress"]}});
    let api_type = json!({"type": {"type": "string", "enum": ["Open API"]}});
    let provider = json!({"provider": relation("Component", true, false)});
    let domain = json!({"domain": relation("Domain", true, false)});
    let expected = [
        blueprint("Component", "Cloud", &component_type, &component_relations),
        blueprint("Resource", "DevopsTool", &resource_type, &json!({})),
        blueprint("API", "Link", &api_type, &provider),
        blueprint("Domain", "Server", &json!({}), &json!({})),
        blueprint("System", "DevopsTool", &json!({}), &domain),
    ];
    let mut actual = written.blueprints;
    for blueprint in actual.values_mut() {
        let map = blueprint.as_object_mut().ok_or("no map")?;
        map.remove("$comment");
        for computed in ["mirrorProperties", "calculationProperties"] {
            assert_eq!(map.remove(computed), Some(json!({})));
        }
    }
    let expected = expected.map(|blueprint| {
        let identifier = blueprint["identifier"].as_str().unwrap_or_default();
        (identifier.to_owned(), blueprint)
    });
    assert_eq!(actual, BTreeMap::from(expected));
    Ok(())
}

#[test]
fn the_demo_gives_the_entities_of_the_example() -> Result<()> {
    let converted = Way::of("c4")?.convert("fixtures/demo/input".into())?;
    let expected = [
        json!({"blueprint": "Domain", "identifier": "Orders", "title": "Orders"}),
        json!({"blueprint": "System", "identifier": "Cart", "title": "Cart", "relations": {"domain": "Orders"}}),
        json!({"blueprint": "System", "identifier": "Products", "title": "Products", "relations": {"domain": "Orders"}}),
        json!({"blueprint": "Resource", "identifier": "cart-sql-sb", "title": "Cart SQL database", "icon": "GPU",
            "properties": {"type": "postgress"}}),
        json!({"blueprint": "API", "identifier": "CartAPI", "title": "Cart API", "icon": "Link",
            "properties": {"type": "Open API"}, "relations": {"provider": "CartService"}}),
        json!({"blueprint": "Component", "identifier": "CoreKafkaLibrary", "title": "Core Kafka Library",
            "properties": {"type": "library"}, "relations": {"system": "Cart"}}),
        json!({"blueprint": "Component", "identifier": "CorePaymentLibrary", "title": "Core Payment Library",
            "properties": {"type": "library"}, "relations": {"system": "Cart"}}),
        json!({"blueprint": "Component", "identifier": "CartService", "title": "Cart Service", "icon": "Cloud",
            "properties": {"type": "service"},
            "relations": {"system": "Cart", "resources": ["cart-sql-sb"],
                "components": ["CoreKafkaLibrary", "CorePaymentLibrary"]}}),
        json!({"blueprint": "Component", "identifier": "ProductsService", "title": "Products Service",
            "properties": {"type": "service"},
            "relations": {"system": "Products", "consumesApi": ["CartAPI"]}}),
    ];
    let expected: BTreeMap<String, Value> = expected
        .into_iter()
        .map(|entity| {
            let part = |name: &str| entity[name].as_str().unwrap_or_default().to_owned();
            (
                format!("{}/{}", part("blueprint"), part("identifier")),
                entity,
            )
        })
        .collect();
    assert_eq!(converted.entities()?, expected);
    let left_out = converted.messages(Code::UnmappedKind);
    for kind in ["Group", "User", "Location"] {
        let words = format!("leaves out the kind `{kind}`");
        assert!(
            left_out.iter().any(|message| message.contains(&words)),
            "{left_out:?}"
        );
    }
    Ok(())
}
