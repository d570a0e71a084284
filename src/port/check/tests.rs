use std::collections::BTreeMap;

use camino::Utf8Path;
use serde_json::{Value, json};

use super::identifier::is_letter;
use super::{MAX_BODY, Part, blueprints, entities, required};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::port::{Blueprint, Catalog, Cleared, Entity, Packed, Targets};
use crate::source::{FieldPath, Location, Origin, Root, RootId, Sources};

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
        cleared: Cleared::default(),
        origin: Origin {
            file: sources.add(RootId(0), Utf8Path::new("catalog-info.yaml")),
            document,
            line: 1,
        },
    }
}

/// The place of a part: its document, told apart by the part.
fn place(entity: &Entity, part: Part<'_>) -> Location {
    let field = match part {
        Part::Identifier => "name",
        Part::Title => "title",
        Part::Icon => "icon",
        Part::Team => "team",
        Part::Property(name) | Part::Relation(name) => name,
    };
    entity.origin.value(FieldPath::keys([field]))
}

fn checked(blueprint: Blueprint, all: Vec<Entity>) -> (Vec<Entity>, Vec<Diagnostic>) {
    let mut diagnostics = Diagnostics::default();
    let catalog = Catalog {
        blueprints: vec![blueprint],
        entities: all.into_iter().map(Packed::from).collect(),
        ..Catalog::default()
    };
    let catalog = entities(catalog, &place, &mut diagnostics);
    let kept = catalog.entities.iter().map(Packed::unpacked);
    (kept.collect(), diagnostics.into_iter().collect())
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
        assert_eq!(*first, place(&kept[0], Part::Identifier));
    }
    Ok(())
}

#[test]
fn values_that_do_not_fit_are_left_out() -> Result {
    for (name, value, reason) in [
        ("tier", json!("3"), "wants one of `1`, `2`, it is `3`"),
        ("tier", json!(1), "wants a text, it is `1`"),
        ("homepage", json!("shop"), "wants a URL, it is `shop`"),
    ] {
        let (kept, found) = checked(component()?, vec![with_property(name, value)]);
        assert!(kept[0].properties.is_empty());
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].code, Code::ValueMismatch);
        assert_eq!(
            *found[0].message,
            *format!("property `{name}` of `shop` is left out: blueprint `component` {reason}")
        );
        assert_eq!(
            found[0].location,
            Some(place(&kept[0], Part::Property(name)))
        );
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
fn what_a_blueprint_does_not_define_is_said_once() -> Result {
    let part = |document, name: &str| {
        let mut entity = entity(document, "component", &format!("shop-{document}"));
        entity.properties.insert(name.to_owned(), json!("x"));
        entity.relations.insert("partOf".to_owned(), many(&["a"]));
        entity
    };
    let (kept, found) = checked(
        component()?,
        vec![part(0, "owner"), part(1, "owner"), part(2, "cost")],
    );
    assert!(
        kept.iter()
            .all(|kept| kept.properties.is_empty() && kept.relations.is_empty())
    );
    let messages: Vec<_> = found.iter().map(|found| &*found.message).collect();
    assert_eq!(
        messages,
        [
            "property `cost` of `shop-2` is left out: blueprint `component` does not define it",
            "property `owner` of `shop-0` and of one more entity is left out: blueprint `component` does not define it",
            "relation `partOf` of `shop-0` and of 2 more entities is left out: blueprint `component` does not define it",
        ]
    );
    assert!(
        found
            .iter()
            .all(|found| found.code == Code::UnknownProperty && found.help.is_some())
    );
    assert_eq!(
        found[1].location,
        Some(place(&kept[0], Part::Property("owner")))
    );
    Ok(())
}

#[test]
fn relations_get_the_shape_of_the_blueprint() -> Result {
    use Code::{InvalidTarget, RelationShape};
    let one = || Targets::One("a".to_owned());
    let long = "a".repeat(1001);
    for (name, before, after, code) in [
        ("system", one(), Some(one()), None),
        ("system", many(&["a"]), Some(one()), None),
        (
            "system",
            many(&["a", "b"]),
            Some(one()),
            Some(RelationShape),
        ),
        ("system", many(&[]), None, None),
        (
            "system",
            Targets::One("a b".to_owned()),
            None,
            Some(InvalidTarget),
        ),
        (
            "system",
            Targets::One(String::new()),
            None,
            Some(InvalidTarget),
        ),
        ("system", Targets::One(long), None, Some(InvalidTarget)),
        ("dependsOn", one(), Some(many(&["a"])), None),
        (
            "dependsOn",
            many(&["b", "", "a", "#"]),
            Some(many(&["b", "a"])),
            Some(InvalidTarget),
        ),
        ("dependsOn", many(&[]), Some(many(&[])), None),
        ("dependsOn", many(&[".."]), None, Some(InvalidTarget)),
    ] {
        let label = format!("{name} {before:?}");
        let (kept, found) = checked(component()?, vec![with_relation(name, before)]);
        assert_eq!(kept[0].relations.get(name), after.as_ref(), "{label}");
        let codes: Vec<_> = found.iter().map(|found| found.code).collect();
        assert_eq!(codes, Vec::from_iter(code), "{label}");
        for found in found {
            assert_eq!(found.location, Some(place(&kept[0], Part::Relation(name))));
        }
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
    assert_eq!(found[0].code, Code::TeamWithoutOwnership);
    assert_eq!(found[0].location, Some(place(&kept[0], Part::Team)));
    Ok(())
}

#[test]
fn teams_are_identifiers_or_names_of_teams() -> Result {
    let one = |team: &str| Targets::One(team.to_owned());
    for (before, after) in [
        (one("default/payments"), Some(one("default/payments"))),
        (one("Payments & Billing"), Some(one("Payments & Billing"))),
        (one("#"), None),
        (one(""), None),
        (many(&["a", "b?c d"]), Some(many(&["a"]))),
        (many(&[" "]), None),
    ] {
        let mut owned = entity(0, "component", "shop");
        owned.team = Some(before.clone());
        let (kept, found) = checked(component()?, vec![owned]);
        assert_eq!(kept[0].team, after, "{before:?}");
        let codes: Vec<_> = found.iter().map(|found| found.code).collect();
        let is_whole = after == Some(before);
        assert_eq!(
            codes,
            Vec::from_iter((!is_whole).then_some(Code::InvalidTarget))
        );
    }
    Ok(())
}

#[test]
fn titles_of_teams_are_names_of_teams() -> Result {
    let mut team = component()?;
    team.identifier = "_team".to_owned();
    let titled = |blueprint: &str, title: &str| {
        let mut entity = entity(0, blueprint, "shop");
        entity.title = Some(title.to_owned());
        entity
    };
    for (title, is_kept) in [
        ("Payments & Billing", true),
        ("ab", true),
        ("a", false),
        ("R/D", false),
        ("C#", false),
        ("a;b", false),
        ("who?", false),
        (" ab", false),
        ("ab\n", false),
    ] {
        let (kept, found) = checked(team.clone(), vec![titled("_team", title)]);
        assert_eq!(kept[0].title.is_some(), is_kept, "{title:?}");
        let codes: Vec<_> = found.iter().map(|found| found.code).collect();
        assert_eq!(
            codes,
            Vec::from_iter((!is_kept).then_some(Code::InvalidTitle))
        );
    }
    let (kept, found) = checked(component()?, vec![titled("component", "R/D")]);
    assert!(kept[0].title.is_some() && found.is_empty());
    Ok(())
}

#[test]
fn users_are_known_by_their_addresses() -> Result {
    let all = vec![
        entity(0, "_user", "jane@acme.example"),
        entity(1, "_user", "jane"),
    ];
    let (kept, found) = checked(component()?, all);
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].identifier, "jane@acme.example");
    assert_eq!(found[0].code, Code::InvalidIdentifier);
    assert!(found[0].message.contains("e-mail"), "{}", found[0].message);
    Ok(())
}

#[test]
fn an_icon_that_port_lacks_is_left_out() -> Result {
    let with_icon = |icon: &str| {
        let mut entity = entity(0, "component", "shop");
        entity.icon = Some(icon.to_owned());
        entity
    };
    let (kept, found) = checked(component()?, vec![with_icon("Microservice")]);
    assert!(kept[0].icon.is_some() && found.is_empty());
    let (kept, found) = checked(component()?, vec![with_icon("ApiDoc")]);
    assert!(kept[0].icon.is_none());
    assert_eq!(found[0].code, Code::UnknownIcon);
    assert_eq!(found[0].help.as_deref(), Some("did you mean `ApiDocs`?"));
    assert_eq!(found[0].location, Some(place(&kept[0], Part::Icon)));
    Ok(())
}

#[test]
fn what_cannot_be_checked_is_said_once() -> Result {
    let mut blueprint = component()?;
    let definition = json!({"type": "string", "pattern": "^(?!a)", "not": {}});
    let definition = serde_json::from_value(definition)?;
    let properties = &mut blueprint.schema.properties;
    properties.insert("readme".to_owned(), definition);
    let all = vec![
        with_property("readme", json!("a")),
        entity(1, "component", "b"),
    ];
    let (kept, found) = checked(blueprint.clone(), all);
    assert_eq!(kept[0].properties["readme"], "a");
    let messages: Vec<_> = found
        .iter()
        .map(|found| (found.code, &*found.message))
        .collect();
    assert_eq!(
        messages,
        [(
            Code::UncheckedDefinition,
            "values of property `readme` of blueprint `component` are not held against the pattern `^(?!a)`, `not`"
        )]
    );
    let (_, found) = checked(blueprint, vec![entity(0, "other", "a")]);
    assert!(found.is_empty());
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
    assert_eq!(found[0].code, Code::BodyTooLarge);
    let mut titled = with_property("tier", json!("1"));
    titled.title = Some("a".repeat(MAX_BODY));
    titled.team = Some(Targets::Many(vec!["payments".to_owned(); MAX_BODY / 10]));
    let (kept, found) = checked(component()?, vec![titled]);
    assert!(kept[0].title.is_none() && kept[0].team.is_none());
    assert_eq!((kept[0].properties.len(), found.len()), (1, 2));
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
        entities: [with_property("tier", json!("1")), entity(0, "other", "a")]
            .map(Packed::from)
            .into(),
        ..Catalog::default()
    };
    let mut diagnostics = Diagnostics::default();
    required(&catalog, &place, &mut diagnostics);
    let messages: Vec<_> = diagnostics.iter().map(|f| &*f.message).collect();
    assert_eq!(
        messages,
        ["`shop` lacks what blueprint `component` requires: property `readme`, relation `system`"]
    );
    assert!(
        diagnostics
            .iter()
            .all(|found| found.code == Code::MissingRequired)
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
#[expect(clippy::too_many_lines, reason = "a table of faults")]
fn blueprints_are_held_against_the_rules() -> Result {
    let property = "/schema/properties/a";
    let long = json!("a".repeat(101));
    for (pointer, value, fault) in [
        ("/title", json!(""), "it has no title"),
        (
            "/title",
            long.clone(),
            "the title is longer than 100 characters",
        ),
        (
            "/description",
            json!("a".repeat(201)),
            "the description is longer than 200 characters",
        ),
        (
            "/icon",
            json!("Apii"),
            "it has the icon `Apii`, which Port has not",
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
            "/mirrorProperties/a b",
            json!({"path": "system.tier"}),
            "Port takes no mirror property of the name `a b`",
        ),
        (
            "/calculationProperties/a:b",
            json!({"type": "number", "calculation": "1"}),
            "Port takes no calculation property of the name `a:b`",
        ),
        (
            property,
            json!({}),
            "property `a` has no type that Port knows",
        ),
        (
            property,
            json!({"type": "string", "title": long}),
            "the title of property `a` is longer than 100 characters",
        ),
        (
            property,
            json!({"type": "string", "description": null}),
            "the description of property `a` is no text",
        ),
        (
            property,
            json!({"type": "string", "icon": "x"}),
            "property `a` has the icon `x`, which Port has not",
        ),
        (
            property,
            json!({"type": "array"}),
            "items of property `a` has no type that Port knows",
        ),
        (
            property,
            json!({"type": "array", "items": {"title": "A"}}),
            "items of property `a` has no type that Port knows",
        ),
        (
            property,
            json!({"type": "number", "format": "url"}),
            "property `a` has the format `url`, which does not go with type `number`",
        ),
        (
            property,
            json!({"type": "string", "format": "date"}),
            "property `a` has the format `date`, which does not go with type `string`",
        ),
        (
            property,
            json!({"type": "object", "format": "yaml"}),
            "property `a` has the format `yaml`, which does not go with type `object`",
        ),
        (
            property,
            json!({"type": "string", "spec": "open-api"}),
            "property `a` has the spec `open-api`, which does not go with its type and format",
        ),
        (
            property,
            json!({"type": "string", "format": "url", "spec": "openapi"}),
            "property `a` has the spec `openapi`, which does not go with its type and format",
        ),
        (
            property,
            json!({"type": "string", "format": "url", "specAuthentication": {}}),
            "property `a` has a `specAuthentication` that Port does not take",
        ),
        (
            property,
            json!({"type": "string", "enum": ["x"], "enumColors": {"x": "mauve"}}),
            "property `a` shows `x` in \"mauve\", which is no colour of Port",
        ),
        (
            property,
            json!({"type": "number", "enum": [1, 1.0]}),
            "the enum of property `a` has 1.0 twice",
        ),
        (
            property,
            json!({"type": "number", "enum": ["1"]}),
            "the enum of property `a` has \"1\", which is of another type",
        ),
        (
            property,
            json!({"type": "string", "enum": "x"}),
            "the enum of property `a` is no list",
        ),
        (
            property,
            json!({"type": "string", "enum": ["x"], "default": "y"}),
            "property `a` has a default that does not fit: it wants one of `x`, it is `y`",
        ),
        (
            property,
            json!({"type": "number", "default": "y"}),
            "property `a` has a default that does not fit: it wants a number, it is `y`",
        ),
        (
            "/relations/a",
            json!({"target": "component", "many": true, "required": true}),
            "relation `a` is both `many` and `required`",
        ),
        (
            "/relations/a",
            json!({"target": "component", "title": long}),
            "the title of relation `a` is longer than 100 characters",
        ),
        (
            "/relations/a",
            json!({"target": "missing"}),
            "relation `a` leads to `missing`, which is none of the blueprints of the profile",
        ),
        (
            "/relations/a",
            json!({"target": "_teams"}),
            "relation `a` leads to `_teams`, which is none of Port's own blueprints known here",
        ),
        (
            "/ownership",
            json!({"type": "direct"}),
            "its ownership is neither Direct nor Inherited",
        ),
        (
            "/ownership",
            json!({"type": "Direct", "path": "system"}),
            "its ownership has an unknown key `path`",
        ),
        (
            "/ownership",
            json!({"type": "Inherited", "path": "systems"}),
            "its ownership has the path `systems`, which leads nowhere",
        ),
        (
            "/ownership",
            json!({"type": "Inherited", "path": "system"}),
            "its ownership has the path `system`, which ends at a blueprint without direct ownership",
        ),
        (
            "/changelogDestination",
            json!({"type": "WEBHOOK"}),
            "its changelog has no destination that Port knows",
        ),
    ] {
        assert_eq!(
            faults(pointer, value)?,
            [format!("blueprint `component`: {fault}")]
        );
    }
    assert_eq!(faults("/identifier", json!("a=b"))?.len(), 3);
    assert_eq!(faults("/identifier", long)?.len(), 3);
    Ok(())
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of faults")]
fn computed_properties_are_held_against_the_rules() -> Result {
    let (mirror, calculation) = ("/mirrorProperties/a", "/calculationProperties/a");
    let aggregation = "/aggregationProperties";
    let count = json!({"func": "count", "calculationBy": "entities"});
    for (pointer, value, fault) in [
        (
            mirror,
            json!({"path": "domain.$title"}),
            "mirror property `a` has the path `domain.$title`, which leads to nothing",
        ),
        (
            mirror,
            json!({"path": "system.nothing"}),
            "mirror property `a` has the path `system.nothing`, which leads to nothing",
        ),
        (
            mirror,
            json!({"path": "system.$nothing"}),
            "mirror property `a` has the path `system.$nothing`, which leads to nothing",
        ),
        (
            mirror,
            json!({"path": "tier"}),
            "mirror property `a` has the path `tier`, which leads to nothing",
        ),
        (
            mirror,
            json!({"path": "system.tier", "titel": "x"}),
            "mirror property `a` has an unknown key `titel`",
        ),
        (
            calculation,
            json!({"type": "number"}),
            "calculation property `a` has no calculation",
        ),
        (
            calculation,
            json!({"calculation": "1"}),
            "calculation property `a` has no type that Port knows",
        ),
        (
            calculation,
            json!({"calculation": "1", "type": "string", "format": "timer"}),
            "calculation property `a` has the format `timer`, which does not go with type `string`",
        ),
        (
            calculation,
            json!({"calculation": "1", "type": "string", "colors": {"x": "mauve"}}),
            "calculation property `a` shows `x` in \"mauve\", which is no colour of Port",
        ),
        (
            calculation,
            json!({"calculation": "1", "type": "string", "enum": ["x"]}),
            "calculation property `a` has an unknown key `enum`",
        ),
        (
            aggregation,
            json!({"a": {"target": "component", "calculationSpec": count}}),
            "aggregation property `a` has no title",
        ),
        (
            aggregation,
            json!({"a": {"title": "A", "calculationSpec": count}}),
            "aggregation property `a` has no target",
        ),
        (
            aggregation,
            json!({"a": {"title": "A", "target": "x", "calculationSpec": count}}),
            "aggregation property `a` leads to `x`, which is none of the blueprints of the profile",
        ),
        (
            aggregation,
            json!({"a": {"title": "A", "target": "component", "calculationSpec": {"func": "sum"}}}),
            "aggregation property `a` has a `calculationSpec` that Port does not take",
        ),
        (
            aggregation,
            json!({"a": {"title": "A", "target": "component", "calculationSpec": count, "type": "string"}}),
            "aggregation property `a` is no number",
        ),
        (
            aggregation,
            json!({"a": {"title": "A", "target": "component", "calculationSpec": count, "pathFilter": [{}]}}),
            "aggregation property `a` has a `pathFilter` that Port does not take",
        ),
    ] {
        assert_eq!(
            faults(pointer, value)?,
            [format!("blueprint `component`: {fault}")]
        );
    }
    for path in ["system.tier", "system.system.$title", "$team.name"] {
        assert_eq!(faults(mirror, json!({"path": path}))?, [""; 0], "{path}");
    }
    for spec in [
        json!({"func": "average", "calculationBy": "entities", "averageOf": "day", "measureTimeBy": "$createdAt"}),
        json!({"func": "median", "calculationBy": "property", "property": "tier"}),
        json!({"func": "average", "calculationBy": "property", "property": "tier", "averageOf": "total"}),
    ] {
        let body = json!({"a": {
            "title": "A", "target": "component", "calculationSpec": spec, "pathFilter": [{"path": ["system"]}],
        }});
        assert_eq!(faults(aggregation, body)?, [""; 0]);
    }
    Ok(())
}

#[test]
fn what_port_takes_is_no_fault() -> Result {
    for (pointer, value) in [
        ("/relations/a", json!({"target": "_team"})),
        ("/icon", json!("Microservice")),
        ("/ownership", json!({"type": "Direct", "title": "Owners"})),
        ("/changelogDestination", json!({"type": "KAFKA"})),
        (
            "/schema/properties/a",
            json!({
                "type": "string", "format": "url", "spec": "embedded-url",
                "specAuthentication": {"clientId": "a", "authorizationUrl": "b", "tokenUrl": "c"},
            }),
        ),
        (
            "/schema/properties/a",
            json!({"type": "string", "format": "yaml", "spec": "async-api"}),
        ),
        (
            "/schema/properties/a",
            json!({"type": "object", "spec": "open-api"}),
        ),
        (
            "/schema/properties/a",
            json!({"type": "string", "enum": [], "enumColors": {}, "default": "x"}),
        ),
    ] {
        assert_eq!(faults(pointer, value)?, [""; 0], "{pointer}");
    }
    Ok(())
}

#[test]
fn a_blueprint_beyond_the_limit_is_refused() -> Result {
    let allowed: Vec<String> = (0..MAX_BODY / 8)
        .map(|number| format!("{number:06}"))
        .collect();
    assert_eq!(
        faults(
            "/schema/properties/a",
            json!({"type": "string", "enum": allowed})
        )?,
        ["blueprint `component`: its body is larger than 1 MiB"]
    );
    Ok(())
}

#[test]
fn a_blueprint_is_defined_once() -> Result {
    let mut diagnostics = Diagnostics::default();
    let twice = component()?;
    blueprints(&[twice.clone(), twice.clone(), twice], &mut diagnostics);
    let messages: Vec<_> = diagnostics.iter().map(|found| &*found.message).collect();
    assert_eq!(messages, ["blueprint `component`: it is defined twice"]);
    Ok(())
}
