//! The blueprints of a conversion, through the binary: the switches of refinement, and blueprints that are given.

mod support;

use std::collections::BTreeSet;
use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Value, json};
use support::{Folder, Result, Run, run, tree};

const SHOP: &str = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: shop\n  description: Sells\n\
                    spec:\n  type: service\n  lifecycle: production\n  owner: unknown\n";
const CART: &str = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: cart\n\
                    spec:\n  type: library\n  lifecycle: production\n  owner: unknown\n";

const BLUEPRINTS: &str = r"
- identifier: component
  title: Component
  schema:
    properties:
      type: {type: string}
      description: {type: string}
      unused: {type: string}
    required: [type, description]
  relations:
    system: {target: system, required: false, many: false}
- identifier: system
  title: System
  schema: {properties: {}}
";
const MAPPING: &str = r#"
resources:
  - kind: component
    selector: {query: 'true'}
    port:
      entity:
        mappings:
          identifier: .metadata.name
          blueprint: '"component"'
          properties:
            type: .spec.type
            description: .metadata.description
"#;

fn repository() -> Result<Folder> {
    Folder::with([
        ("shop/catalog-info.yaml", SHOP),
        ("cart/catalog-info.yaml", CART),
        ("profile/blueprints.yaml", BLUEPRINTS),
        ("profile/mapping.yaml", MAPPING),
    ])
}

/// The blueprints that a run wrote, by identifier.
fn blueprints(folder: &Utf8Path, arguments: &[&str]) -> Result<Value> {
    let arguments = [&["convert", "--profile", "profile"], arguments].concat();
    let run = run(folder, &arguments)?;
    assert!(matches!(run.code, 0 | 1), "{}", run.shown());
    let mut found = json!({});
    for (path, bytes) in tree(&folder.join(".port/blueprints"))? {
        found[path.file_stem().ok_or("no name")?] = serde_json::from_slice(&bytes)?;
    }
    fs::remove_dir_all(folder.join(".port"))?;
    Ok(found)
}

fn keys(value: &Value) -> BTreeSet<&str> {
    let map = value.as_object().into_iter().flatten();
    map.map(|(key, _)| key.as_str()).collect()
}

#[test]
fn each_switch_keeps_its_part() -> Result<()> {
    let folder = repository()?;
    let facts = |blueprints: &Value| {
        let component = &blueprints["component"];
        (
            blueprints["system"].is_object(),
            keys(&component["schema"]["properties"]).contains("unused"),
            keys(&component["relations"]).contains("system"),
            component["schema"]["required"].clone(),
        )
    };
    let (used, all) = (json!(["type"]), json!(["type", "description"]));
    for (arguments, expected) in [
        (&[][..], (false, false, false, &used)),
        (
            &["--keep-unused", "blueprints"],
            (true, false, false, &used),
        ),
        (
            &["--keep-unused", "properties"],
            (false, true, false, &used),
        ),
        // A blueprint that a relation leads to stays.
        (&["--keep-unused", "relations"], (true, false, true, &used)),
        (
            &["--keep-unused", "properties,relations"],
            (true, true, true, &used),
        ),
        (
            &["--keep-unused", "properties", "--keep-unused", "blueprints"],
            (true, true, false, &used),
        ),
        (&["--keep-unused", "all"], (true, true, true, &used)),
        (&["--keep-required"], (false, false, false, &all)),
    ] {
        let (system, unused, relation, required) = facts(&blueprints(&folder.path, arguments)?);
        assert_eq!(
            (system, unused, relation, &required),
            expected,
            "{arguments:?}"
        );
    }
    Ok(())
}

#[test]
fn what_is_kept_required_is_missed() -> Result<()> {
    let folder = repository()?;
    let run = run(
        &folder.path,
        &["convert", "--profile", "profile", "--keep-required"],
    )?;
    assert_eq!(run.code, 1, "{}", run.shown());
    assert!(run.stderr.contains("missing-required"), "{}", run.shown());
    assert!(run.stderr.contains("`cart` lacks"), "{}", run.shown());
    Ok(())
}

#[test]
fn an_enum_is_made_where_it_is_asked_for() -> Result<()> {
    let folder = repository()?;
    let definition = |found: &Value| found["component"]["schema"]["properties"]["type"].clone();
    let plain = blueprints(&folder.path, &[])?;
    assert_eq!(definition(&plain), json!({"type": "string"}));
    let asked = blueprints(&folder.path, &["--enum", "type", "--enum", "description"])?;
    assert_eq!(
        definition(&asked),
        json!({
            "type": "string",
            "enum": ["library", "service"],
            "enumColors": {"library": "red", "service": "turquoise"},
        })
    );
    assert_eq!(
        asked["component"]["schema"]["properties"]["description"]["enum"],
        json!(["Sells"])
    );
    let run = run(
        &folder.path,
        &["convert", "--profile", "profile", "--enum", "typ"],
    )?;
    assert_eq!(run.code, 2, "{}", run.shown());
    assert!(
        run.stderr.contains("did you mean `type`?"),
        "{}",
        run.shown()
    );
    Ok(())
}

/// A report without the breaks of its lines.
fn unwrapped(text: &str) -> String {
    let words = text.split_whitespace().filter(|word| *word != "│");
    words.collect::<Vec<_>>().join(" ")
}

/// Converts the shop with these blueprints in `given/`.
fn with_given(blueprints: &Value) -> Result<(Folder, Run)> {
    let folder = repository()?;
    folder.write("given/blueprints.json", &blueprints.to_string())?;
    let arguments = ["convert", "--profile", "profile", "--blueprints", "given"];
    let run = run(&folder.path, &arguments)?;
    Ok((folder, run))
}

#[test]
fn blueprints_of_a_run_over_all_serve_each_repository() -> Result<()> {
    let folder = repository()?;
    let all = run(
        &folder.path,
        &[
            "convert",
            "--profile",
            "profile",
            "--out",
            "all",
            "--keep-unused",
            "properties",
        ],
    )?;
    assert_eq!(all.code, 0, "{}", all.shown());
    let before = tree(&folder.path.join("all"))?;
    let one = run(
        &folder.path,
        &[
            "convert",
            "shop",
            "--profile",
            "profile",
            "--blueprints",
            "all/.port/blueprints",
        ],
    )?;
    assert_eq!(one.code, 0, "{}", one.shown());
    let paths: Vec<_> = tree(&folder.path.join("shop"))?.into_keys().collect();
    assert_eq!(
        paths,
        ["catalog-info.yaml", "port.yml"].map(Utf8PathBuf::from)
    );
    let written = fs::read(folder.path.join("shop/port.yml"))?;
    assert_eq!(before.get(Utf8Path::new("shop/port.yml")), Some(&written));
    assert_eq!(before, tree(&folder.path.join("all"))?);
    Ok(())
}

#[test]
fn entities_are_held_against_given_blueprints() -> Result<()> {
    // Required, of another type, and not there; the enum is one of Port, and nothing of it is refined.
    let (folder, run) = with_given(&json!([{
        "identifier": "component",
        "title": "Component",
        "createdAt": "2024-01-01T00:00:00Z",
        "schema": {
            "properties": {
                "type": {"type": "string", "enum": ["service"]},
                "tier": {"type": "string"},
            },
            "required": ["tier"],
        },
        "relations": {},
    }]))?;
    assert_eq!(run.code, 1, "{}", run.shown());
    for words in [
        "value-mismatch",
        "wants one of `service`, it is `library`",
        "unknown-property",
        "property `description` of `shop` is left out",
        "missing-required",
        "`cart` lacks what blueprint `component` requires: property `tier`",
    ] {
        let text = unwrapped(&run.stderr);
        assert!(text.contains(words), "{words}: {}", run.shown());
    }
    let manifest = fs::read_to_string(folder.path.join("cart/port.yml"))?;
    assert!(
        manifest.contains("identifier: cart") && !manifest.contains("library"),
        "{manifest}"
    );
    assert!(!folder.path.join(".port").exists());
    Ok(())
}

#[test]
fn entities_of_blueprints_that_are_not_given_are_counted_once() -> Result<()> {
    let (folder, run) = with_given(&json!({"blueprints": [
        {"identifier": "system", "title": "System", "schema": {"properties": {}}},
    ]}))?;
    assert_eq!(run.code, 1, "{}", run.shown());
    let text = unwrapped(&run.stderr);
    let sentence = "the folder given defines no blueprint `component`: 2 entities not converted";
    assert_eq!(text.matches(sentence).count(), 1, "{}", run.shown());
    assert!(!folder.path.join("shop/port.yml").exists());
    Ok(())
}

#[test]
fn a_file_that_holds_no_blueprint_is_named() -> Result<()> {
    let good = "identifier: component\ntitle: Component\nschema: {properties: {}}\n";
    for (files, words) in [
        (&[("given/a.txt", good)][..], &["given", "no blueprint"][..]),
        (&[("given/a.yaml", "identifier: [a]\n")], &["given/a.yaml"]),
        (&[("given/a.json", "{")], &["given/a.json", "line 1"]),
        (
            &[("given/a.yml", "identifier: a\ntitle: A\nschemas: {}\n")],
            &["given/a.yml", "`schema`"],
        ),
        (
            &[("given/a.yaml", good), ("given/b.yaml", good)],
            &["given/b.yaml", "`component`", "given/a.yaml"],
        ),
        (&[], &["given"]),
    ] {
        let folder = repository()?;
        for (path, text) in files {
            folder.write(path, text)?;
        }
        let run = run(&folder.path, &["convert", "--blueprints", "given"])?;
        assert_eq!(run.code, 2, "{files:?}: {}", run.shown());
        for word in words {
            assert!(run.stderr.contains(word), "{word}: {}", run.shown());
        }
        assert!(!folder.path.join("shop/port.yml").exists());
    }
    let folder = repository()?;
    for refinement in [
        &["--keep-required"][..],
        &["--enum", "type"],
        &["--keep-unused", "all"],
    ] {
        let arguments = [&["convert", "--blueprints", "given"], refinement].concat();
        assert_eq!(run(&folder.path, &arguments)?.code, 2, "{refinement:?}");
    }
    Ok(())
}
