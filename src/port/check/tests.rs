use std::collections::BTreeMap;

use camino::Utf8Path;
use serde_json::{Value, json};

use super::{MAX_BODY, blueprints, entities, is_letter, required};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::port::{Blueprint, Catalog, Entity, Targets};
use crate::source::{Origin, Root, RootId, Sources};

type Result<T = ()> = std::result::Result<T, serde_json::Error>;

fn component() -> Result<Blueprint> {
    serde_json::from_value(json!({
        "identifier": "component",
        "title": "Component",
        "schema": {"properties": {
            "tier": {"type": "string", "enum": ["1", "2"]},
            "homepage": {"type": "string", "format": "url"},
            "readme": {"type": "string"},
            "links": {"type": "array", "items": {"type": "object", "format": "labeled-url"}},
        }},
        "relations": {
            "system": {"target": "component"},
            "dependsOn": {"target": "component", "many": true},
        },
        "ownership": {"type": "Direct"},
    }))
}

/// An entity from a document of its own, so that places can be told apart.
fn entity(document: usize, blueprint: &str, identifier: &str) -> Entity {
    let mut sources = Sources::new(vec![Root {
        path: ".".into(),
        repository: None,
    }]);
    Entity {
        identifier: identifier.to_owned(),
        title: None,
        icon: None,
        blueprint: blueprint.to_owned(),
        team: None,
        properties: BTreeMap::new(),
        relations: BTreeMap::new(),
        origin: Origin {
            file: sources.add(RootId(0), Utf8Path::new("catalog-info.yaml")),
            document,
            line: 1,
        },
    }
}

fn checked(blueprint: Blueprint, all: Vec<Entity>) -> (Vec<Entity>, Vec<Diagnostic>) {
    let mut diagnostics = Diagnostics::default();
    let catalog = Catalog {
        blueprints: vec![blueprint],
        entities: all,
    };
    let catalog = entities(catalog, &mut diagnostics);
    (catalog.entities, diagnostics.into_iter().collect())
}

fn with_property(name: &str, value: Value) -> Entity {
    let mut entity = entity(3, "component", "shop");
    entity.properties.insert(name.to_owned(), value);
    entity
}

fn with_relation(name: &str, targets: Targets) -> Entity {
    let mut entity = entity(3, "component", "shop");
    entity.relations.insert(name.to_owned(), targets);
    entity
}

fn many(targets: &[&str]) -> Targets {
    Targets::Many(targets.iter().map(|&target| target.to_owned()).collect())
}

#[test]
fn identifiers_follow_the_pattern_of_port() -> Result {
    let longest = "é".repeat(1000);
    for good in ["a", "A.b_c@d+e:f\\g/h=i-j", "...", "日本", "ª", &longest] {
        let (kept, found) = checked(component()?, vec![entity(0, "component", good)]);
        assert_eq!((kept.len(), found.len()), (1, 0), "{good}");
    }
    let too_long = "a".repeat(1001);
    // Ⅷ is a numeral and U+0345 a mark: alphabetic, but no letters.
    for bad in [
        "", ".", "..", "a b", "a#", "a\n", "Ⅷ", "a\u{345}", "١", &too_long,
    ] {
        let (kept, found) = checked(component()?, vec![entity(0, "component", bad)]);
        assert_eq!((kept.len(), found.len()), (0, 1), "{bad}");
        assert_eq!(found[0].code, Code::InvalidIdentifier);
        assert!(found[0].location.is_some() && found[0].help.is_some());
        assert!(found[0].message.chars().count() < 200);
    }
    assert!(is_letter('ß') && !is_letter('Ⅷ'));
    Ok(())
}

#[test]
fn the_first_of_two_identifiers_wins() -> Result {
    let all = vec![
        entity(0, "component", "shop"),
        entity(1, "component", "shop"),
        entity(2, "system", "shop"),
        entity(3, "component", "Shop"),
    ];
    let (kept, found) = checked(component()?, all);
    let documents: Vec<_> = kept.iter().map(|entity| entity.origin.document).collect();
    assert_eq!(documents, [0, 2, 3]);
    let facts: Vec<_> = found.iter().map(|f| (f.code, f.severity)).collect();
    assert_eq!(
        facts,
        [
            (Code::DuplicateIdentifier, Severity::Error),
            (Code::DuplicateIdentifier, Severity::Warning)
        ]
    );
    for finding in &found {
        let [(first, _)] = finding.related.as_slice() else {
            panic!("{finding:?}")
        };
        assert_eq!(*first, kept[0].origin.document());
    }
    Ok(())
}

#[test]
fn values_that_do_not_fit_are_left_out() -> Result {
    for (name, value, reason) in [
        ("tier", json!("3"), "wants one of `1`, `2`, it is `3`"),
        ("tier", json!(1), "wants a text, it is `1`"),
        ("homepage", json!("shop"), "wants a URL, it is `shop`"),
        ("owner", json!("x"), "does not define it"),
    ] {
        let (kept, found) = checked(component()?, vec![with_property(name, value)]);
        assert!(kept[0].properties.is_empty());
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].code, Code::ValueMismatch);
        assert_eq!(
            *found[0].message,
            *format!("property `{name}` of `shop` is left out: blueprint `component` {reason}")
        );
        assert_eq!(found[0].location, Some(kept[0].origin.document()));
        assert!(found[0].help.is_some());
    }
    let (kept, found) = checked(component()?, vec![with_property("tier", json!("2"))]);
    assert_eq!((kept[0].properties.len(), found.len()), (1, 0));
    Ok(())
}

#[test]
fn of_links_only_the_bad_ones_go() -> Result {
    let good = json!({"url": "https://a.example"});
    let links = json!([good, {"url": "a"}, good, {"displayText": "b"}]);
    let (kept, found) = checked(component()?, vec![with_property("links", links)]);
    assert_eq!(kept[0].properties["links"], json!([good, good]));
    assert_eq!(found.len(), 1);
    assert!(found[0].message.starts_with("2 items of property `links`"));
    assert!(
        found[0].message.contains("`url` `a`"),
        "{}",
        found[0].message
    );

    let (kept, _) = checked(component()?, vec![with_property("links", json!([1]))]);
    assert!(kept[0].properties.is_empty());
    Ok(())
}

#[test]
fn relations_get_the_shape_of_the_blueprint() -> Result {
    let one = || Targets::One("a".to_owned());
    for (name, before, after, findings) in [
        ("system", one(), Some(one()), 0),
        ("system", many(&["a"]), Some(one()), 0),
        ("system", many(&["a", "b"]), Some(one()), 1),
        ("system", many(&[]), None, 0),
        ("system", Targets::One("a b".to_owned()), None, 1),
        ("dependsOn", one(), Some(many(&["a"])), 0),
        (
            "dependsOn",
            many(&["b", "", "a", "#"]),
            Some(many(&["b", "a"])),
            1,
        ),
        ("dependsOn", many(&[]), Some(many(&[])), 0),
        ("dependsOn", many(&[".."]), None, 1),
        ("partOf", one(), None, 1),
    ] {
        let label = format!("{name} {before:?}");
        let (kept, found) = checked(component()?, vec![with_relation(name, before)]);
        assert_eq!(kept[0].relations.get(name), after.as_ref(), "{label}");
        assert_eq!(found.len(), findings, "{label}: {found:?}");
        assert!(
            found
                .iter()
                .all(|finding| finding.code == Code::ValueMismatch)
        );
    }
    Ok(())
}

#[test]
fn teams_need_direct_ownership() -> Result {
    let mut owned = entity(0, "component", "shop");
    owned.team = Some(many(&["payments"]));
    let (kept, found) = checked(component()?, vec![owned.clone()]);
    assert!(kept[0].team.is_some() && found.is_empty());
    let mut inherited = component()?;
    inherited.rest.insert(
        "ownership".to_owned(),
        json!({"type": "Inherited", "path": "system"}),
    );
    let (kept, found) = checked(inherited, vec![owned]);
    assert!(kept[0].team.is_none());
    assert_eq!(found[0].code, Code::ValueMismatch);
    Ok(())
}

#[test]
fn a_body_beyond_the_limit_loses_its_largest_value() -> Result {
    // One byte in memory, six in JSON.
    let mut large = with_property("readme", json!("\u{1}".repeat(MAX_BODY / 5)));
    large.properties.insert("tier".to_owned(), json!("1"));
    let (kept, found) = checked(component()?, vec![large]);
    let names: Vec<_> = kept[0].properties.keys().collect();
    assert_eq!(names, ["tier"]);
    assert_eq!(found.len(), 1);
    let (_, found) = checked(
        component()?,
        vec![with_property("readme", json!("a".repeat(MAX_BODY - 4096)))],
    );
    assert!(found.is_empty());
    Ok(())
}

#[test]
fn an_unknown_blueprint_is_left_to_port() -> Result {
    let mut other = with_property("anything", json!(1));
    other.blueprint = "_service".to_owned();
    let (kept, found) = checked(component()?, vec![other]);
    assert_eq!((kept[0].properties.len(), found.len()), (1, 0));
    Ok(())
}

#[test]
fn what_a_blueprint_requires_is_missed() -> Result {
    let mut blueprint = component()?;
    blueprint.schema.required = vec!["tier".to_owned(), "readme".to_owned()];
    if let Some(system) = blueprint.relations.get_mut("system") {
        system.required = true;
    }
    let catalog = Catalog {
        blueprints: vec![blueprint],
        entities: vec![with_property("tier", json!("1")), entity(0, "other", "a")],
    };
    let mut diagnostics = Diagnostics::default();
    required(&catalog, &mut diagnostics);
    let messages: Vec<_> = diagnostics.iter().map(|f| &*f.message).collect();
    assert_eq!(
        messages,
        ["`shop` lacks what blueprint `component` requires: property `readme`, relation `system`"]
    );
    Ok(())
}

/// What is found in a component whose body is changed at one place.
fn faults(pointer: &str, value: Value) -> Result<Vec<String>> {
    let mut body = serde_json::to_value(component()?)?;
    let (parent, key) = pointer.rsplit_once('/').unwrap_or_default();
    if let Some(parent) = body.pointer_mut(parent).and_then(Value::as_object_mut) {
        parent.insert(key.to_owned(), value);
    }
    let mut diagnostics = Diagnostics::default();
    blueprints(&[serde_json::from_value(body)?], &mut diagnostics);
    assert!(
        diagnostics
            .iter()
            .all(|f| f.code == Code::InvalidBlueprint && f.help.is_some())
    );
    Ok(diagnostics
        .into_iter()
        .map(|finding| finding.message.into_string())
        .collect())
}

#[test]
fn blueprints_are_held_against_the_rules() -> Result {
    for (pointer, value, fault) in [
        ("/title", json!(""), "it has no title"),
        (
            "/title",
            json!("a".repeat(101)),
            "the title is longer than 100 characters",
        ),
        (
            "/description",
            json!("a".repeat(201)),
            "the description is longer than 200 characters",
        ),
        (
            "/schema/required",
            json!(["x"]),
            "`required` names `x`, which is no property",
        ),
        (
            "/schema/properties/a.b",
            json!({"type": "string"}),
            "Port takes no property of the name `a.b`",
        ),
        (
            "/schema/properties/a",
            json!({}),
            "property `a` has no type that Port knows",
        ),
        (
            "/schema/properties/a",
            json!({"type": "array"}),
            "items of property `a` has no type that Port knows",
        ),
        (
            "/schema/properties/a",
            json!({"type": "number", "format": "url"}),
            "property `a` has the format `url`, which does not go with type `number`",
        ),
        (
            "/schema/properties/a",
            json!({"type": "string", "enum": ["x"], "enumColors": {"x": "mauve"}}),
            "property `a` shows `x` in \"mauve\", which is no colour of Port",
        ),
        (
            "/schema/properties/a",
            json!({"type": "string", "enum": ["x"], "default": "y"}),
            "property `a` has a default that its enum does not allow",
        ),
        (
            "/relations/a",
            json!({"target": "component", "many": true, "required": true}),
            "relation `a` is both `many` and `required`",
        ),
        (
            "/relations/a",
            json!({"target": "missing"}),
            "relation `a` leads to `missing`, which is no blueprint of the profile",
        ),
        (
            "/mirrorProperties/a",
            json!({"path": "domain.$title"}),
            "mirror property `a` does not start at one of its relations",
        ),
    ] {
        assert_eq!(
            faults(pointer, value)?,
            [format!("blueprint `component`: {fault}")]
        );
    }
    assert_eq!(faults("/relations/a", json!({"target": "_team"}))?, [""; 0]);
    assert_eq!(faults("/identifier", json!("a=b"))?.len(), 3);
    Ok(())
}
