use std::collections::BTreeMap;
use std::error::Error as StdError;

use proptest::prelude::{Strategy, any, prop};
use proptest::{prop_assert, prop_assert_eq, proptest};
use serde_json::{Value, json};

use super::stages::Stages;
use super::{file, manifests};
use crate::diagnostic::{Code, Diagnostics};
use crate::port::{self, Blueprint, Cleared, Entity, Key, Query, Targets};
use crate::source::{Origin, Root, RootId, Sources};

type Result<T> = std::result::Result<T, Box<dyn StdError>>;

fn sources() -> (Sources, Origin) {
    let root = Root {
        path: ".".into(),
        repository: None,
    };
    let mut sources = Sources::new(vec![root]);
    let file = sources.add(RootId(0), "catalog-info.yaml".into());
    let origin = Origin {
        file,
        document: 0,
        line: 1,
    };
    (sources, origin)
}

fn named(relations: &Value) -> Result<BTreeMap<String, Targets>> {
    let relations = relations.as_object().ok_or("relations are a map")?;
    let relations = relations.iter();
    relations
        .map(|(name, value)| Ok((name.clone(), targets(value)?)))
        .collect()
}

fn targets(value: &Value) -> Result<Targets> {
    Ok(match value {
        Value::String(name) => Targets::One(name.clone()),
        Value::Array(_) => Targets::Many(serde_json::from_value(value.clone())?),
        query => Targets::Query(Query::new(query.clone())?),
    })
}

/// A catalog of blueprints with relations, and of entities with their relations.
fn catalog(blueprints: Value, entities: Value, origin: Origin) -> Result<port::Catalog> {
    let blueprints: Vec<Value> = serde_json::from_value(blueprints)?;
    let blueprints = blueprints.into_iter().map(|mut body| {
        body["title"] = "A".into();
        if body.get("schema").is_none() {
            body["schema"] = json!({});
        }
        serde_json::from_value::<Blueprint>(body)
    });
    let entities: Vec<Value> = serde_json::from_value(entities)?;
    let entities = entities.into_iter().map(|body| {
        let text = |key: &str| body.get(key).and_then(Value::as_str).map(str::to_owned);
        let map = |key: &str| body.get(key).cloned().unwrap_or_else(|| json!({}));
        Ok(Entity {
            identifier: text("identifier").unwrap_or_default(),
            title: text("title"),
            icon: text("icon"),
            blueprint: text("blueprint").unwrap_or_default(),
            team: body.get("team").map(targets).transpose()?,
            properties: serde_json::from_value(map("properties"))?,
            relations: named(&map("relations"))?,
            cleared: Cleared::default(),
            origin,
        }
        .into())
    });
    Ok(port::Catalog {
        blueprints: blueprints.collect::<std::result::Result<_, _>>()?,
        entities: entities.collect::<Result<_>>()?,
        are_given: false,
    })
}

/// The files of a catalog by name, and what was found.
fn made(
    blueprints: Value,
    entities: Value,
    imports: bool,
) -> Result<(BTreeMap<String, String>, Vec<String>)> {
    let (sources, origin) = sources();
    let catalog = catalog(blueprints, entities, origin)?;
    let mut diagnostics = Diagnostics::default();
    let made = manifests(&catalog, &sources, imports, &mut diagnostics);
    let files = made.iter().map(|manifest| {
        let name = manifest
            .path
            .as_str()
            .trim_start_matches(".port/terraform/");
        (name.to_owned(), manifest.contents(&catalog).into_owned())
    });
    let files = files.collect();
    assert!(
        diagnostics
            .iter()
            .all(|found| found.code == Code::TargetLimit)
    );
    let found = diagnostics.iter().map(|found| found.message.to_string());
    Ok((files, found.collect()))
}

fn body(text: &str) -> &str {
    text.split_once("\n\n").map_or("", |(_, body)| body)
}

#[test]
fn an_entity_has_every_value_in_its_place() -> Result<()> {
    let (files, found) = made(
        json!([{
            "identifier": "component",
            "schema": {"properties": {
                "tags": {"type": "array", "items": {"type": "string"}}, "links": {"type": "array", "items": {"type": "object"}},
                "ports": {"type": "array", "items": {"type": "number"}}, "any": {"type": "array"},
            }},
            "relations": {"dependsOn": {"target": "component", "many": true}, "part": {"target": "component"}},
        }]),
        json!([{
            "identifier": "shop", "title": "The ${shop}", "blueprint": "component", "team": ["b", "a", "b"],
            "properties": {
                "tags": [], "links": [{"url": "<x>"}], "ports": [80, 0.5], "on": true, "size": 3, "text": "a\nb",
                "map": {"b": null, "a b": [1, {}]}, "far": {"n": 1e30},
                "any": [["nested"]], "mixed": [1, "a"], "accent": "e\u{301}",
            },
            "relations": {"dependsOn": "one", "part": "two"},
        }]),
        true,
    )?;
    assert_eq!(
        body(&files["entities.component.tf"]),
        r#"resource "port_entity" "component-shop" {
  identifier = "shop"
  title      = "The $${shop}"
  blueprint  = port_blueprint.component.identifier
  teams      = ["a", "b"]
  properties = {
    string_props = {
      accent = "ACCENT"
      text   = "a\nb"
    }
    number_props = {
      size = 3
    }
    boolean_props = {
      on = true
    }
    object_props = {
      far = "{\"n\":1e+30}"
      map = jsonencode({
        "a b" = [
          1,
          {},
        ]
        b = null
      })
    }
    array_props = {
      string_items = {
        tags = []
      }
      number_items = {
        ports = [80, 0.5]
      }
      object_items = {
        links = [
          jsonencode({
            url = "<x>"
          }),
        ]
      }
    }
  }
  relations = {
    single_relations = {
      part = "two"
    }
    many_relations = {
      dependsOn = ["one"]
    }
  }
  create_missing_related_entities = true
}

import {
  to = port_entity.component-shop
  id = "component:shop"
}
"#
        .replace("ACCENT", "e\u{301}")
        .replace(
            "[\n          1,\n          {},\n        ]\n        b = null",
            "[1, {}]\n        b     = null"
        )
    );
    assert_eq!(found.len(), 3, "{found:#?}");
    assert!(
        found.iter().all(|one| ["`any`", "`mixed`", "letters"]
            .iter()
            .any(|part| one.contains(part))),
        "{found:#?}"
    );
    Ok(())
}

#[test]
fn what_cannot_be_said_is_told_once() -> Result<()> {
    let search: Query = Query::new(json!({"combinator": "and", "rules": []}))?;
    let entity = |id: &str| {
        json!({
            "identifier": id, "blueprint": "component", "team": search.value(), "relations": {"r": search.value()},
        })
    };
    let (files, found) = made(
        json!([
            {
                "identifier": "component",
                "schema": {"properties": {
                    "o": {"type": "object", "properties": {}, "default": {"a": 1}},
                    "a": {"type": "array", "uniqueItems": true, "items": {"type": "string", "minLength": 1, "enum": []}, "default": ["x"]},
                    "n": {"type": "number", "exclusiveMinimum": 0, "enum": [1, 2.5]},
                    "l": {"type": "array", "items": {"type": "array"}},
                    "s": {"type": "string", "minLength": 1.5, "specAuthentication": {"clientId": "c", "tokenUrl": "t", "authorizationUrl": "a", "more": 1}},
                }},
                "relations": {"r": {"target": "component"}},
                "calculationProperties": {"c": {"calculation": ".a", "type": "array", "items": {"type": "string"}}},
                "unheardOf": 1,
                "changelogDestination": {"type": "WEBHOOK", "url": "https://a", "agent": true},
            },
            {"identifier": "_user", "schema": {"properties": {"x": {"type": "string"}, "status": {"type": "string"}}, "required": ["x"]}},
        ]),
        json!([entity("a:b"), entity("c"), entity("d")]),
        true,
    )?;
    let named = |part: &str| found.iter().filter(|one| one.contains(part)).count();
    for part in [
        "`properties.o.properties` of blueprint `component`",
        "`properties.a.uniqueItems` of blueprint",
        "`properties.a.items.minLength` of blueprint",
        "`properties.n.exclusiveMinimum` of blueprint",
        "`properties.l.items` of blueprint",
        "`properties.s.minLength` of blueprint",
        "`properties.s.specAuthentication.more` of blueprint",
        "`calculationProperties.c.items` of blueprint",
        "`unheardOf` of blueprint",
        "`required` of `properties.x` of blueprint `_user`",
        "`team` of 3 entities of `component`, such as `a:b`",
        "relation `r` of 3 entities of `component`, such as `a:b`",
        "the import of `component a:b`",
    ] {
        assert_eq!(named(part), 1, "{part}: {found:#?}");
    }
    assert_eq!(found.len(), 13, "{found:#?}");
    let text = &files["blueprints.tf"];
    assert!(
        text.contains("default = jsonencode({\n          a = 1\n        })"),
        "{text}"
    );
    assert!(
        text.contains("string_items = {\n          default = [\"x\"]\n        }"),
        "{text}"
    );
    assert!(text.contains("enum = [1, 2.5]"), "{text}");
    assert!(
        text.contains("import {\n  to = port_system_blueprint._user\n  id = \"_user\"\n}"),
        "{text}"
    );
    assert!(
        !text.contains("status") && !text.contains("required = true"),
        "{text}"
    );
    assert!(
        files["entities.component.tf"].contains("title      = \"c\" # the identifier"),
        "{files:#?}"
    );
    Ok(())
}

#[test]
fn a_circle_of_blueprints_waits_where_fewest_relations_do() -> Result<()> {
    let (files, _) = made(
        json!([
            {
                "identifier": "component",
                "relations": {
                    "self": {"target": "component"}, "system": {"target": "system"},
                    "uses": {"target": "resource", "many": true}, "offers": {"target": "resource", "many": true},
                },
            },
            {
                "identifier": "resource",
                "relations": {"users": {"target": "component", "many": true}, "system": {"target": "system"}},
                "mirrorProperties": {"late": {"path": "users.system.$title"}, "soon": {"path": "system.$title"}},
                "ownership": {"type": "Inherited", "path": "users"},
            },
            {"identifier": "system"},
        ]),
        json!([
            {"identifier": "db", "blueprint": "resource", "relations": {"users": ["shop"], "system": "s"}},
            {"identifier": "shop", "blueprint": "component", "relations": {"uses": ["db"]}},
        ]),
        false,
    )?;
    let text = &files["blueprints.tf"];
    let later = " : name => value if var.stage == 2 || !contains([\"users\"], name) }";
    assert_eq!(text.matches(later).count(), 1, "{text}");
    assert!(
        text.contains("relations = { for name, value in {\n    system = {"),
        "{text}"
    );
    assert!(text.contains("!contains([\"late\"], name)"), "{text}");
    assert!(text.contains("ownership = var.stage == 2 ? {\n    type = \"Inherited\"\n    path = \"users\"\n  } : null"), "{text}");
    assert!(text.contains("target   = \"component\""), "{text}");
    assert_eq!(
        text.matches("target   = port_blueprint.resource.identifier")
            .count(),
        2,
        "{text}"
    );
    let text = &files["entities.resource.tf"];
    assert!(
        text.contains("many_relations = { for name, value in {\n      users = [\"shop\"]\n    }"),
        "{text}"
    );
    assert!(!files["entities.component.tf"].contains("var.stage"));
    assert!(files["provider.tf"].contains("variable \"stage\""));
    Ok(())
}

#[test]
fn without_a_circle_there_is_one_stage() -> Result<()> {
    let (files, _) = made(
        json!([{"identifier": "a", "relations": {"b": {"target": "b"}, "t": {"target": "_team"}}}, {"identifier": "b"}]),
        json!([{"identifier": "x", "blueprint": "a"}]),
        false,
    )?;
    assert!(
        files.values().all(|text| !text.contains("var.stage")),
        "{files:#?}"
    );
    assert!(files["blueprints.tf"].contains("target   = \"_team\""));
    Ok(())
}

#[test]
fn what_port_does_not_make_by_itself_is_made_first() -> Result<()> {
    let (files, _) = made(
        json!([
            {"identifier": "component", "relations": {"owner": {"target": "_user"}, "kind": {"target": "kind"}}},
            {"identifier": "kind", "schema": {"properties": {"x": {"type": "string"}}, "required": ["x"]}},
            {"identifier": "_team", "relations": {"parent": {"target": "_team"}}},
            {"identifier": "_user"},
        ]),
        json!([
            {"identifier": "shop", "blueprint": "component", "team": ["a", "elsewhere"],
             "relations": {"owner": "me@x.y", "kind": "k"}},
            {"identifier": "k", "blueprint": "kind"},
            {"identifier": "a", "blueprint": "_team", "relations": {"parent": "b"}},
            {"identifier": "b", "blueprint": "_team", "relations": {"parent": "a"}},
            {"identifier": "c", "blueprint": "_team", "relations": {"parent": "a"}},
            {"identifier": "me@x.y", "blueprint": "_user", "team": ["c"]},
        ]),
        false,
    )?;
    let text = &files["entities.component.tf"];
    assert!(
        text.contains("teams      = [port_entity._team-a.identifier, \"elsewhere\"]"),
        "{text}"
    );
    assert!(
        text.contains("kind  = port_entity.kind-k.identifier"),
        "{text}"
    );
    assert!(
        text.contains("owner = port_entity._user-me__40x__2ey.identifier"),
        "{text}"
    );
    let text = &files["entities._team.tf"];
    assert_eq!(text.matches("parent = \"").count(), 2, "{text}");
    assert_eq!(
        text.matches("var.stage == 2 || !contains([\"parent\"], name)")
            .count(),
        2,
        "{text}"
    );
    assert!(
        text.contains("parent = port_entity._team-a.identifier"),
        "{text}"
    );
    assert!(files["entities._user.tf"].contains("teams      = [port_entity._team-c.identifier]"));
    Ok(())
}

#[test]
fn files_are_in_the_folder_itself() {
    assert_eq!(file("component"), "component");
    for long in ["é".repeat(100), "A".repeat(100) + &"é".repeat(40)] {
        let name = file(&long);
        assert!(name.len() < 240 && !name.contains('/'), "{name}");
    }
}

/// Blueprints with random relations between them.
fn models() -> impl Strategy<Value = Vec<(usize, usize, bool)>> {
    prop::collection::vec((0usize..6, 0usize..6, any::<bool>()), 0..16)
}

proptest! {
    #[test]
    fn what_is_first_is_never_a_circle(relations in models(), entities in models()) {
        let blueprints: Vec<Value> = (0..6).map(|at| {
            let own = relations.iter().enumerate().filter(|(_, (from, ..))| *from == at);
            let own = own.map(|(name, (_, to, is_required))| {
                (format!("r{name}"), json!({"target": format!("b{to}"), "required": is_required}))
            });
            json!({"identifier": format!("b{at}"), "relations": own.collect::<serde_json::Map<_, _>>()})
        }).collect();
        let mut blueprints = blueprints;
        blueprints.push(json!({"identifier": "_team", "relations": {"p": {"target": "_team", "many": true}}}));
        let entities: Vec<Value> = (0..6).map(|at| {
            let to = entities.iter().filter(|(from, ..)| *from == at).map(|(_, to, _)| format!("e{to}"));
            json!({"identifier": format!("e{at}"), "blueprint": "_team", "relations": {"p": to.collect::<Vec<_>>()}})
        }).collect();
        let (_, origin) = sources();
        let entities = Value::from(entities);
        let Ok(catalog) = catalog(Value::from(blueprints), entities, origin) else {
            return Err(proptest::test_runner::TestCaseError::fail("no catalog"));
        };
        let stages = Stages::of(&catalog);
        for (name, (from, to, _)) in relations.iter().enumerate() {
            let (from, to) = (format!("b{from}"), format!("b{to}"));
            let is_later = stages.is_later(&from, &format!("r{name}"));
            // A relation is a reference, which an order of all blueprints allows; or it waits; or it leads to its own.
            let ways = [stages.is_first(&from, &to), is_later, from == to];
            prop_assert_eq!(ways.iter().filter(|way| **way).count(), 1, "{} {}", from, to);
        }
        // Without the relations that close a circle, those between entities have an order too.
        let key = |name: &str| Key { blueprint: "_team".to_owned(), identifier: name.to_owned() };
        let mut left: Vec<Entity> = catalog.entities.iter().map(port::Packed::unpacked).collect();
        loop {
            let waits = |entity: &Entity| match entity.relations.get("p") {
                Some(Targets::Many(names)) => names.iter().any(|name| {
                    let (own, to) = (key(&entity.identifier), key(name));
                    !stages.closes_circle(&own, &to) && left.iter().any(|other| other.identifier == *name)
                }),
                _ => false,
            };
            let next: Vec<Entity> = left.iter().filter(|entity| waits(entity)).cloned().collect();
            if next.len() == left.len() {
                break;
            }
            left = next;
        }
        prop_assert!(left.is_empty(), "{:?}", left);
    }
}
