use std::collections::BTreeMap;
use std::error::Error as StdError;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Value, json};

use super::port_yml::from;
use super::{Format, Manifest, Provider, Rendering, Target, manifests};
use crate::diagnostic::{Code, Diagnostics, Error};
use crate::generated::{Mark, is_generated, mark};
use crate::port::{self, Blueprint, Cleared, Entity, Packed, Targets};
use crate::source::{Origin, Root, RootId, Sources};
use crate::yaml;

/// A manifest with its text.
#[derive(Debug, PartialEq)]
struct Made {
    root: RootId,
    path: Utf8PathBuf,
    whole: Option<Utf8PathBuf>,
    contents: String,
    entities: usize,
}

impl Made {
    fn of(manifest: &Manifest, catalog: &port::Catalog) -> Self {
        let contents = manifest.contents(catalog).into_owned();
        let length = manifest.length(catalog, contents.len() - 1);
        assert_eq!(length, Some(contents.len()));
        Self {
            root: manifest.root,
            path: manifest.path.clone(),
            whole: manifest.whole.clone(),
            entities: manifest.entities(),
            contents,
        }
    }
}

/// What is rendered of a catalog, and the findings.
fn rendered(
    catalog: &port::Catalog,
    sources: &Sources,
    targets: &[Target],
    format: Format,
    providers: &[Provider],
) -> Result<(Vec<Made>, Diagnostics), Error> {
    let rendering = Rendering::new(targets, format, providers)?;
    let mut diagnostics = Diagnostics::default();
    let folders = BTreeMap::new();
    let manifests = manifests(catalog, sources, &rendering, &folders, &mut diagnostics);
    let made = manifests.iter().map(|one| Made::of(one, catalog));
    Ok((made.collect(), diagnostics))
}

fn two_roots() -> Sources {
    let root = |path: &str| Root {
        path: path.into(),
        repository: None,
    };
    Sources::new(vec![root("a"), root("b")])
}

fn entity(sources: &mut Sources, root: u32, path: &str, document: usize, id: &str) -> Entity {
    Entity {
        identifier: id.to_owned(),
        title: None,
        icon: None,
        blueprint: "component".to_owned(),
        team: None,
        properties: BTreeMap::new(),
        relations: BTreeMap::new(),
        cleared: Cleared::default(),
        origin: Origin {
            file: sources.add(RootId(root), Utf8Path::new(path)),
            document,
            line: 1,
        },
    }
}

fn change(packed: &mut Packed, change: impl FnOnce(&mut Entity)) {
    let mut entity = packed.unpacked();
    change(&mut entity);
    *packed = entity.into();
}

fn component() -> Result<Blueprint, serde_json::Error> {
    serde_json::from_value(json!({
        "ownership": {"type": "Direct"},
        "relations": {"system": {"target": "system"}},
        "schema": {"properties": {"type": {"type": "string"}}, "required": []},
        "title": "Component", "identifier": "API",
    }))
}

fn paths(manifests: &[Made]) -> Vec<(u32, &str, usize)> {
    let facts = manifests.iter();
    facts
        .map(|m| (m.root.0, m.path.as_str(), m.entities))
        .collect()
}

#[test]
fn what_port_is_to_forget_is_null_among_the_others() -> Result<(), Box<dyn StdError>> {
    let mut sources = two_roots();
    let mut one = entity(&mut sources, 0, "catalog-info.yaml", 0, "shop");
    one.properties = BTreeMap::from([("b".to_owned(), json!(1)), ("d".to_owned(), json!("x"))]);
    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect();
    one.cleared.properties = names(&["a", "c"]);
    let mut other = entity(&mut sources, 0, "catalog-info.yaml", 1, "till");
    other.cleared.relations = names(&["system"]);
    let catalog = port::Catalog {
        blueprints: vec![component()?],
        entities: [one, other].map(Packed::from).into(),
        ..port::Catalog::default()
    };
    let contents = |format| -> Result<String, Box<dyn StdError>> {
        let (manifests, _) = rendered(&catalog, &sources, &[Target::PortYml], format, &[])?;
        let mut manifests = manifests.into_iter();
        let list = manifests.find(|manifest| manifest.entities > 0);
        Ok(list.ok_or("no entities")?.contents)
    };
    let text = contents(Format::Yaml)?;
    let (_, list) = text.split_once('\n').ok_or("one line")?;
    assert_eq!(
        list,
        "- identifier: shop\n  blueprint: component\n  properties:\n    a: null\n    b: 1\n    c: null\n    d: x\n\
         - identifier: till\n  blueprint: component\n  relations:\n    system: null\n"
    );
    let mut values: Value = serde_json::from_str(&contents(Format::Json)?)?;
    assert_eq!(
        values[0]["properties"].take(),
        json!({"a": null, "b": 1, "c": null, "d": "x"})
    );
    assert_eq!(values[1]["relations"].take(), json!({"system": null}));
    Ok(())
}

#[test]
fn a_manifest_beside_the_descriptors_and_blueprints_in_every_root() -> Result<(), Box<dyn StdError>>
{
    let mut sources = two_roots();
    let mut full = entity(&mut sources, 1, "x/org.yaml", 1, "shop");
    full.title = Some("on".to_owned());
    full.icon = Some("Service".to_owned());
    full.team = Some(Targets::Many(vec!["payments".to_owned()]));
    full.properties = BTreeMap::from([
        ("tier".to_owned(), json!("1")),
        ("gone".to_owned(), Value::Null),
        (
            "links".to_owned(),
            json!([{"url": "https://a.example", "displayText": "A"}]),
        ),
    ]);
    full.relations = BTreeMap::from([("system".to_owned(), Targets::One("no".to_owned()))]);
    let entities = vec![
        full,
        entity(&mut sources, 1, "x/catalog-info.yaml", 0, "c"),
        entity(&mut sources, 1, "x/org.yaml", 0, "a"),
        entity(&mut sources, 0, "catalog-info.yaml", 0, "r"),
    ];
    let mut catalog = port::Catalog {
        blueprints: vec![component()?],
        entities: entities.into_iter().map(Packed::from).collect(),
        ..port::Catalog::default()
    };
    let yaml = |catalog: &_| rendered(catalog, &sources, &[Target::PortYml], Format::Yaml, &[]);
    let (first, _) = yaml(&catalog)?;
    assert_eq!(
        paths(&first),
        [
            (0, ".port/blueprints/+a+p+i.json", 0),
            (0, "port.yml", 1),
            (1, ".port/blueprints/+a+p+i.json", 0),
            (1, "x/port.yml", 3),
        ]
    );
    assert_eq!(
        first[3].contents,
        "# Generated by backstage2port (checksum e587cc9416a7c471) from catalog-info.yaml, org.yaml. Do not edit: change the descriptors and \
         run it again.\n\
         - identifier: c\n  blueprint: component\n\
         - identifier: a\n  blueprint: component\n\
         - identifier: shop\n  title: \"on\"\n  icon: Service\n  blueprint: component\n  team:\n    - payments\n  \
         properties:\n    links:\n      - displayText: A\n        url: https://a.example\n    tier: \"1\"\n  \
         relations:\n    system: \"no\"\n"
    );
    catalog.entities.rotate_left(1);
    assert_eq!(yaml(&catalog)?.0, first);
    Ok(())
}

#[test]
fn json_is_the_same_with_the_comment_as_first_key() -> Result<(), Box<dyn StdError>> {
    let mut sources = two_roots();
    let catalog = port::Catalog {
        blueprints: vec![component()?],
        entities: vec![
            entity(&mut sources, 0, "catalog-info.yaml", 0, "a").into(),
            entity(&mut sources, 0, "catalog-info.yaml", 1, "b").into(),
        ],
        ..port::Catalog::default()
    };
    let (manifests, _) = rendered(&catalog, &sources, &[Target::PortYml], Format::Json, &[])?;
    assert_eq!(manifests[1].path, "port.json");
    let list: Value = serde_json::from_str(&manifests[1].contents)?;
    assert_eq!(list[0]["identifier"], "a");
    assert_eq!(
        list[1],
        json!({"identifier": "b", "blueprint": "component"})
    );
    assert!(manifests[1].contents.ends_with("]\n"));
    let body: serde_json::Map<_, _> = serde_json::from_str(&manifests[0].contents)?;
    let keys: Vec<_> = body.keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "$comment",
            "identifier",
            "title",
            "schema",
            "relations",
            "mirrorProperties",
            "calculationProperties",
            "ownership"
        ]
    );
    assert_eq!(
        body["relations"],
        json!({"system": {"target": "system", "required": false, "many": false}})
    );
    for manifest in &manifests {
        assert!(
            mark(&manifest.contents) == Mark::Intact,
            "{}",
            manifest.contents
        );
    }
    Ok(())
}

#[test]
fn our_files_are_told_from_others() {
    for ours in [
        "# Generated by backstage2port from a.yaml.\n- a: 1\n",
        "\u{feff}# Generated by backstage2port from a.yaml.\r\n",
        "#Generated by backstage2port",
        "{\r\n \"$comment\" : \"Generated by backstage2port. Do",
        "\u{feff}\n[{\"$comment\":\"Generated by backstage2port from",
    ] {
        assert!(is_generated(ours), "{ours}");
    }
    for other in [
        "",
        "- identifier: a\n# Generated by backstage2port from a.yaml.",
        "# Generated by backstage2portal from a.yaml.",
        "Generated by backstage2port",
        "{\"a\": 1, \"$comment\": \"Generated by backstage2port\"}",
        "{\"$comment\": \"\", \"a\": \"Generated by backstage2port\"}",
    ] {
        assert!(!is_generated(other), "{other}");
    }
}

#[test]
fn the_comment_stays_one_line() {
    assert_eq!(
        from(&["a\n- b: 1", "c\u{2028}\u{85}"]),
        " from a\u{fffd}- b: 1, c\u{fffd}\u{fffd}"
    );
    assert_eq!(from(&["a", "b", "c", "d", "e"]), " from a, b, c and 2 more");
}

fn catalog(sources: &mut Sources) -> Result<port::Catalog, serde_json::Error> {
    Ok(port::Catalog {
        blueprints: vec![component()?],
        entities: vec![
            entity(sources, 1, "x/catalog-info.yaml", 0, "b/2").into(),
            entity(sources, 1, "y/catalog-info.yaml", 0, "A").into(),
            entity(sources, 0, "catalog-info.yaml", 0, "c").into(),
        ],
        ..port::Catalog::default()
    })
}

#[test]
fn a_list_for_each_blueprint_a_file_for_each_entity_and_one_bundle() -> Result<(), Box<dyn StdError>>
{
    let mut sources = two_roots();
    let catalog = catalog(&mut sources)?;
    let targets = [Target::Central, Target::Tree, Target::Bundle, Target::Tree];
    let (made, found) = rendered(&catalog, &sources, &targets, Format::Yaml, &[])?;
    assert!(found.is_empty());
    assert_eq!(
        paths(&made),
        [
            (0, ".port/blueprints/+a+p+i.json", 0),
            (0, ".port/entities/component/c.yaml", 1),
            (0, ".port/entities/component.yml", 1),
            (0, ".port/port-import.json", 3),
            (1, ".port/blueprints/+a+p+i.json", 0),
            (1, ".port/entities/component/+a.yaml", 1),
            (1, ".port/entities/component/b=2f2.yaml", 1),
            (1, ".port/entities/component.yml", 2),
        ]
    );
    assert_eq!(
        made[7].contents,
        "# Generated by backstage2port (checksum a4b242042769dd2a). Do not edit: change the descriptors and run it again.\n\
         - identifier: A\n  blueprint: component\n- identifier: b/2\n  blueprint: component\n"
    );
    assert_eq!(
        made[6].contents,
        "# Generated by backstage2port (checksum 2eefaeecc0305ffe) from x/catalog-info.yaml. Do not edit: change the descriptor and run it again.\n\
         identifier: b/2\nblueprint: component\n"
    );
    let bundle: Value = serde_json::from_str(&made[3].contents)?;
    assert_eq!(bundle["blueprints"][0]["identifier"], "API");
    assert_eq!(bundle["blueprints"][0].get("$comment"), None);
    let names = bundle["entities"].as_array().ok_or("no list")?.iter();
    let names: Vec<_> = names.map(|entity| entity["identifier"].clone()).collect();
    assert_eq!(names, ["A", "b/2", "c"]);
    for manifest in &made {
        assert!(
            mark(&manifest.contents) == Mark::Intact,
            "{}",
            manifest.contents
        );
    }
    Ok(())
}

#[test]
fn a_long_list_has_parts_that_belong_together_and_are_mapped() -> Result<(), Box<dyn StdError>> {
    let mut sources = two_roots();
    let mut catalog = catalog(&mut sources)?;
    for packed in &mut catalog.entities {
        let text = "x".repeat(200_000);
        change(packed, |entity| {
            entity.properties = BTreeMap::from([("text".to_owned(), json!(text))]);
        });
    }
    let (made, found) = rendered(
        &catalog,
        &sources,
        &[Target::Central],
        Format::Json,
        &[Provider::Bitbucket],
    )?;
    assert!(found.is_empty());
    let parts: Vec<_> = made
        .iter()
        .filter(|manifest| manifest.root == RootId(1) && manifest.entities > 0)
        .map(|manifest| {
            (
                manifest.path.as_str(),
                manifest.whole.as_ref().map(|p| p.as_str()),
            )
        })
        .collect();
    let whole = ".port/entities/component.json";
    assert_eq!(
        parts,
        [
            (".port/entities/component+2.json", Some(whole)),
            (whole, None)
        ]
    );
    let mapping = made
        .iter()
        .find(|m| m.path == ".port/mapping/bitbucket.yml");
    let mapping = mapping.ok_or("no mapping")?;
    for name in ["component.json", "component+2.json", "component+4.json"] {
        assert!(
            mapping.contents.contains(name),
            "{name}: {}",
            mapping.contents
        );
    }
    Ok(())
}

#[test]
fn what_an_integration_would_pass_over_is_reported() -> Result<(), Box<dyn StdError>> {
    let mut sources = two_roots();
    let mut catalog = catalog(&mut sources)?;
    let text = "x".repeat(400_000);
    change(&mut catalog.entities[0], |entity| {
        entity.properties = BTreeMap::from([("text".to_owned(), json!(text))]);
    });
    for (target, provider, expected) in [
        (Target::Central, Provider::Bitbucket, 1),
        (Target::PortYml, Provider::Bitbucket, 1),
        (Target::PortYml, Provider::GitHub, 0),
    ] {
        let (_, found) = rendered(&catalog, &sources, &[target], Format::Yaml, &[provider])?;
        let found: Vec<_> = found.into_iter().collect();
        assert_eq!(found.len(), expected, "{target} {provider:?}");
        for finding in &found {
            assert_eq!(finding.code, Code::ManifestTooLarge);
            let place = if target == Target::Central {
                "component"
            } else {
                "x/port.yml"
            };
            assert!(finding.message.contains(place), "{}", finding.message);
        }
    }
    // Nobody reads it by a mapping.
    let (_, found) = rendered(&catalog, &sources, &[Target::Central], Format::Yaml, &[])?;
    assert!(found.is_empty());
    Ok(())
}

#[test]
fn a_provider_reads_the_first_target_it_can() {
    let tree = [Target::Bundle, Target::Tree];
    let error = Rendering::new(
        &tree,
        Format::Yaml,
        &[Provider::GitHub, Provider::Bitbucket],
    );
    let error = error
        .err()
        .map(|error| error.to_string())
        .unwrap_or_default();
    assert!(
        error.contains("bitbucket") && error.contains("--target central"),
        "{error}"
    );
    let both = [Target::Tree, Target::Central];
    let rendering = Rendering::new(
        &both,
        Format::Yaml,
        &[Provider::GitHub, Provider::Bitbucket],
    );
    assert_eq!(
        rendering.map(|rendering| rendering.mappings).ok(),
        Some(vec![
            (Provider::GitHub, Target::Tree),
            (Provider::Bitbucket, Target::Central)
        ])
    );
    let bundle = Rendering::new(&[Target::Bundle], Format::Yaml, &[Provider::Bitbucket]);
    assert_eq!(
        bundle.map(|rendering| rendering.mappings).ok(),
        Some(Vec::new())
    );
}

/// The resources of a mapping.
fn resources(
    catalog: &port::Catalog,
    sources: &Sources,
    target: Target,
    format: Format,
    provider: Provider,
) -> Result<Vec<Value>, Box<dyn StdError>> {
    let (made, _) = rendered(catalog, sources, &[target], format, &[provider])?;
    let path = format!(".port/mapping/{}.yml", provider.id());
    let mapping = made.iter().find(|manifest| manifest.path == path);
    let text = &mapping.ok_or("no mapping")?.contents;
    let mut documents = yaml::documents(text).into_iter();
    let content = documents.next().ok_or("no document")?.content;
    let content = content.map_err(|faults| format!("{faults:?}"))?;
    let resources = content["resources"].to_string();
    assert!(
        !resources.contains('\''),
        "Ocean turns some into other quotes: {resources}"
    );
    assert_eq!(content["createMissingRelatedEntities"], true);
    assert_eq!(content["deleteDependentEntities"], false);
    Ok(content["resources"]
        .as_array()
        .cloned()
        .ok_or("no resources")?)
}

#[test]
fn a_mapping_has_a_resource_for_each_blueprint_with_what_its_entities_may_have()
-> Result<(), Box<dyn StdError>> {
    let mut sources = two_roots();
    let mut catalog = catalog(&mut sources)?;
    catalog.blueprints[0].icon = Some("Api".to_owned());
    let names = ["a-b", "x@y", "1st", "type", "back\\slash"];
    let properties = names.map(|name| (name.to_owned(), port::blueprint::Property::default()));
    catalog.blueprints[0].schema.properties = properties.into();
    let mut api = entity(&mut sources, 0, "catalog-info.yaml", 1, "api");
    "API".clone_into(&mut api.blueprint);
    api.icon = Some("Git".to_owned());
    api.team = Some(Targets::Many(vec!["t".to_owned()]));
    catalog.entities.push(api.into());
    change(&mut catalog.entities[0], |entity| {
        entity.properties = BTreeMap::from([("known".to_owned(), json!(1))]);
    });

    let provider = Provider::GitHub;
    let found = resources(&catalog, &sources, Target::PortYml, Format::Yaml, provider)?;
    let mappings: Vec<_> = found
        .iter()
        .map(|r| &r["port"]["entity"]["mappings"])
        .collect();
    assert_eq!(
        *mappings[0],
        json!({
            "identifier": ".item.identifier",
            "title": ".item.title // .item.identifier",
            "icon": ".item.icon // \"Api\"",
            "blueprint": ".item.blueprint | select(. == \"API\")",
            "team": ".item.team // []",
            "properties": {
                "1st": ".item.properties[\"1st\"]",
                "a-b": ".item.properties[\"a-b\"]",
                "back\\slash": ".item.properties[\"back\\\\slash\"]",
                "type": ".item.properties.type",
                "x@y": ".item.properties[\"x@y\"]",
            },
            "relations": {"system": ".item.relations.system"},
        })
    );
    // A blueprint that only Port knows, without icon and team.
    assert_eq!(
        *mappings[1],
        json!({
            "identifier": ".item.identifier",
            "title": ".item.title // .item.identifier",
            "blueprint": ".item.blueprint | select(. == \"component\")",
            "properties": {"known": ".item.properties.known"},
        })
    );
    assert_eq!(mappings.len(), 2);
    assert_eq!(
        found[1]["selector"]["query"],
        "(.item.blueprint? // null) == \"component\""
    );
    Ok(())
}

#[test]
fn every_provider_gets_its_own_paths() -> Result<(), Box<dyn StdError>> {
    let mut sources = two_roots();
    let mut catalog = catalog(&mut sources)?;
    catalog.blueprints.clear();
    let list = ".port/entities/component";
    for (provider, target, format, items, files) in [
        (
            Provider::GitHub,
            Target::Central,
            Format::Json,
            json!(".content"),
            json!([{"path": format!("{list}.json")}, {"path": format!("{list}+*.json")}]),
        ),
        (
            Provider::GitHub,
            Target::Tree,
            Format::Yaml,
            Value::Null,
            json!([{"path": format!("{list}/**/*.yaml")}]),
        ),
        (
            Provider::GitLab,
            Target::PortYml,
            Format::Yaml,
            json!(".file.content"),
            json!({"path": "*port.yml", "searchStrategy": "repositoryTree"}),
        ),
        (
            Provider::GitLab,
            Target::Tree,
            Format::Yaml,
            json!(".file.content"),
            json!({"path": format!("{list}/**"), "searchStrategy": "repositoryTree"}),
        ),
        (
            Provider::GitLab,
            Target::Tree,
            Format::Json,
            Value::Null,
            json!({"path": format!("{list}/**"), "searchStrategy": "repositoryTree"}),
        ),
        (
            Provider::Bitbucket,
            Target::PortYml,
            Format::Yaml,
            json!(".content"),
            json!({"path": "*", "filenames": ["port.yml"]}),
        ),
        (
            Provider::Bitbucket,
            Target::Central,
            Format::Yaml,
            json!(".content"),
            json!({"path": ".port/entities", "filenames": ["component.yml", "component+2.yml"]}),
        ),
        (
            Provider::Azure,
            Target::PortYml,
            Format::Json,
            json!(".file.content.parsed"),
            json!({"path": ["**/port.json"]}),
        ),
    ] {
        let found = resources(&catalog, &sources, target, format, provider)?;
        let [resource] = found.as_slice() else {
            return Err(format!("{provider:?} {target}: {} resources", found.len()).into());
        };
        let parse = resource["port"].get("itemsToParse").cloned();
        assert_eq!(parse.unwrap_or_default(), items, "{provider:?} {target}");
        assert_eq!(
            resource["selector"]["files"], files,
            "{provider:?} {target}"
        );
        let leaf = resource["port"]["entity"]["mappings"]["identifier"].as_str();
        let content = if items.is_null() {
            provider.content()
        } else {
            ".item"
        };
        assert_eq!(leaf, Some(format!("{content}.identifier").as_str()));
    }
    Ok(())
}

#[test]
fn lists_of_roots_in_different_folders_are_all_mapped() -> Result<(), Box<dyn StdError>> {
    let mut sources = two_roots();
    let catalog = catalog(&mut sources)?;
    let folders = BTreeMap::from([(RootId(0), "a*".into()), (RootId(1), "b/c".into())]);
    let rendering = Rendering::new(&[Target::Central], Format::Yaml, &[Provider::GitLab])?;
    let mut diagnostics = Diagnostics::default();
    let made = manifests(&catalog, &sources, &rendering, &folders, &mut diagnostics);
    let made = made.iter().map(|manifest| Made::of(manifest, &catalog));
    let made: Vec<_> = made.collect();
    let mappings: Vec<_> = made
        .iter()
        .filter(|manifest| manifest.path == ".port/mapping/gitlab.yml")
        .collect();
    assert_eq!(mappings.len(), 2);
    assert_eq!(mappings[0].contents, mappings[1].contents);
    for path in [
        "a[*]/.port/entities/component*.yml",
        "b/c/.port/entities/component*.yml",
    ] {
        assert!(
            mappings[0].contents.contains(path),
            "{}",
            mappings[0].contents
        );
    }
    Ok(())
}

#[test]
fn manifests_hold_the_bodies_and_what_is_cleared_is_null() -> Result<(), Box<dyn StdError>> {
    let mut sources = two_roots();
    let mut full = entity(&mut sources, 0, "catalog-info.yaml", 0, "shop");
    full.title = Some("on".to_owned());
    full.icon = Some("Service".to_owned());
    full.team = Some(Targets::Many(vec!["payments".to_owned(), "1".to_owned()]));
    full.properties = BTreeMap::from([
        ("tier".to_owned(), json!(1.5)),
        ("held".to_owned(), json!({"b": null, "a": [1, "no"]})),
        ("null".to_owned(), Value::Null),
    ]);
    full.relations = BTreeMap::from([("system".to_owned(), Targets::One("no".to_owned()))]);
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    full.cleared = Cleared {
        properties: names(&["gone", "true"]),
        relations: names(&["owner"]),
    };
    let mut cleared = entity(&mut sources, 0, "catalog-info.yaml", 1, "cleared");
    cleared.cleared.properties = names(&["gone"]);
    let bare = entity(&mut sources, 0, "catalog-info.yaml", 2, "bare");
    let catalog = port::Catalog {
        blueprints: vec![component()?],
        entities: [full, cleared, bare].map(Packed::from).into(),
        ..port::Catalog::default()
    };
    let state = port::Bodies::of(&catalog);
    let shop = state.entities.values().last().ok_or("no entity")?;
    assert_eq!(
        *shop,
        json!({
            "identifier": "shop", "title": "on", "icon": "Service", "blueprint": "component", "team": ["payments", "1"],
            "properties": {"gone": null, "held": {"a": [1, "no"], "b": null}, "tier": 1.5, "true": null},
            "relations": {"owner": null, "system": "no"},
        })
    );
    for format in [Format::Yaml, Format::Json] {
        let (made, _) = rendered(&catalog, &sources, &[Target::Tree], format, &[])?;
        let mut bodies = Vec::new();
        for manifest in &made {
            let [document] = &mut yaml::documents(&manifest.contents)[..] else {
                return Err("not one document".into());
            };
            let mut body = document.content.clone().map_err(|_| "no YAML")?;
            body.as_object_mut().ok_or("no map")?.remove("$comment");
            bodies.push(body);
        }
        let expected = state.blueprints.values().chain(state.entities.values());
        assert!(bodies.iter().eq(expected), "{bodies:#?}");
    }
    let given = port::Catalog {
        are_given: true,
        ..catalog
    };
    assert!(port::Bodies::of(&given).blueprints.is_empty());
    Ok(())
}

#[test]
fn no_text_takes_more_than_is_reckoned_with() -> Result<(), Box<dyn StdError>> {
    let mut sources = two_roots();
    let hostile = [
        "\0",
        "\u{1b}",
        "\t",
        "\n",
        "\r",
        "\"",
        "'",
        "\\",
        "<",
        "\u{7f}",
        "\u{85}",
        "\u{a0}",
        "é",
        "\u{2028}",
        "\u{feff}",
        "\u{ffff}",
        "\u{1f600}",
        "\u{10ffff}",
        "x",
        " ",
        "- ",
        ": ",
        "#",
    ];
    for part in hostile {
        for text in [part.repeat(2000), format!("{}x", part.repeat(2000))] {
            let mut one = entity(&mut sources, 0, "catalog-info.yaml", 0, "shop");
            let inside = json!({&text: [&text]});
            one.properties = BTreeMap::from([
                ("text".to_owned(), text.as_str().into()),
                ("inside".to_owned(), inside),
            ]);
            one.title = Some(text);
            let catalog = port::Catalog {
                entities: vec![one.into()],
                ..port::Catalog::default()
            };
            // Where a manifest is made its length is looked at.
            for format in [Format::Yaml, Format::Json] {
                let targets = [Target::PortYml, Target::Tree];
                let (made, _) = rendered(&catalog, &sources, &targets, format, &[])?;
                assert!(made.iter().any(|one| one.entities > 0), "{part:?}");
            }
        }
    }
    Ok(())
}
