//! What the target `crd` writes is what Kubernetes takes for Port's custom resources, told by the real kubeconform, which
//! reads YAML as Kubernetes does: every manifest fits the schema in `.ci/kubernetes`, and is the entity of the bundle.
//!
//! `.ci/tofu` builds kubeconform.

#![expect(clippy::print_stdout, reason = "what was checked is counted")]

mod support;

use std::fs;
use std::process::Command;

use camino::Utf8Path;
use serde_json::{Map, Value, json};
use support::corpus::{EVERY, corpus, shared};
use support::port::bundle;
use support::{Folder, Result, finished, folders, run, write};

const KINDS: [&str; 2] = ["entity", "clusterentity"];

/// How many manifests of a folder fit the schemas in another one, and what is wrong with the others.
fn checked(manifests: &Utf8Path, schemas: &Utf8Path) -> Result<(u64, Vec<String>)> {
    let binary = Utf8Path::new(env!("CARGO_BIN_EXE_backstage2port"));
    let target = binary.ancestors().nth(2).ok_or("no target folder")?;
    let kubeconform = target.join("tofu/bin/kubeconform");
    if !kubeconform.is_file() {
        return Err("kubeconform is not there: run .ci/tofu".into());
    }
    let schemas = format!("{schemas}/{{{{.ResourceKind}}}}.schema.json");
    let arguments = ["-strict", "-summary", "-output", "json", "-schema-location"];
    let mut command = Command::new(&kubeconform);
    let ended = finished(command.args(arguments).args([&schemas, manifests.as_str()]))?;
    let report: Value = serde_json::from_str(&ended.stdout).map_err(|_| ended.shown())?;
    assert_eq!(report["summary"]["skipped"], 0, "{}", ended.shown());
    let faults = report["resources"].as_array().into_iter().flatten();
    let faults: Vec<_> = faults.map(Value::to_string).collect();
    assert_eq!(ended.code == 0, faults.is_empty(), "{}", ended.shown());
    Ok((report["summary"]["valid"].as_u64().unwrap_or(0), faults))
}

/// Converts a folder and holds its manifests against the schema, and against the entities of the bundle. Returns how many
/// there are.
fn conforms(name: &str, input: &Utf8Path, more: &[&str]) -> Result<u64> {
    let out = Folder::new()?;
    let mut arguments = vec![
        "convert", "--quiet", "--target", "crd", "--target", "bundle",
    ];
    arguments.extend(["--out", out.path.as_str()]);
    arguments.extend(more);
    arguments.push(input.as_str());
    let converted = run(Utf8Path::new("."), &arguments)?;
    let manifests = out.path.join(".port/kubernetes");
    let Some((_, entities)) = bundle(&out.path)?.filter(|_| manifests.is_dir()) else {
        assert!(!manifests.exists(), "{name}: {}", converted.shown());
        return Ok(0);
    };
    let schemas = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/kubernetes");
    let (count, faults) = checked(&manifests, &schemas)?;
    assert_eq!(faults, [""; 0], "{name}");
    assert_eq!(
        count,
        entities.len() as u64,
        "{name}: {}",
        converted.shown()
    );

    let specs: Vec<_> = entities.values().map(spec).collect();
    let schema = json!({"properties": {"spec": {"enum": specs}}}).to_string();
    for kind in KINDS {
        write(
            &out.path.join(format!("{kind}.schema.json")),
            schema.as_bytes(),
        )?;
    }
    let (_, faults) = checked(&manifests, &out.path)?;
    assert_eq!(faults, [""; 0], "{name}: the bundle has others");
    Ok(count)
}

/// What the resource of an entity says of it. `kubectl apply` takes a null for nothing, so there is none.
fn spec(entity: &Value) -> Value {
    let mut spec = Map::new();
    for key in ["blueprint", "identifier", "properties", "relations"] {
        let value = match &entity[key] {
            Value::Object(map) => {
                let mut map = map.clone();
                map.retain(|_, value| !value.is_null());
                Value::Object(map)
            }
            value => value.clone(),
        };
        if !value.is_null() && value != json!({}) {
            spec.insert(key.to_owned(), value);
        }
    }
    Value::Object(spec)
}

#[test]
#[ignore = "needs kubeconform, which .ci/tofu builds"]
fn the_fixtures_conform_and_what_is_broken_does_not() -> Result<()> {
    let mut count = 0;
    for fixture in folders(Utf8Path::new("fixtures"))? {
        let input = fixture.join("input");
        if input.is_dir() {
            count += conforms(fixture.as_str(), &input, &[])?;
            count += conforms(
                fixture.as_str(),
                &input,
                &["--kubernetes-namespace", "port"],
            )?;
        }
    }
    assert!(count > 100, "{count}");
    println!("{count} manifests of the fixtures conform");

    let folder = Folder::new()?;
    let whole = "apiVersion: getport.io/v1\nkind: Entity\nmetadata:\n  name: shop\nspec:\n  blueprint: component\n  identifier: shop\n";
    let schemas = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/kubernetes");
    let path = folder.path.join("shop.yaml");
    fs::write(&path, whole)?;
    assert_eq!(checked(&path, &schemas)?, (1, Vec::new()));
    for (part, broken) in [
        ("name: shop", "name: Shop"),
        ("blueprint: component", "blueprint: 1"),
        ("identifier: shop", "title: shop"),
        ("spec:", "spec:\n  properties: []"),
        ("spec:", "spec:\n  team: a"),
        ("getport.io/v1", "getport.io/v2"),
        ("kind: Entity", "kind: Entity\nkind: Entity"),
    ] {
        fs::write(&path, whole.replace(part, broken))?;
        let (_, faults) = checked(&path, &schemas)?;
        assert_eq!(faults.len(), 1, "{broken}");
    }
    Ok(())
}

#[test]
#[ignore = "needs kubeconform, which .ci/tofu builds"]
fn the_corpus_conforms() -> Result<()> {
    let Some(shared) = shared()? else {
        return Ok(());
    };
    let mut include = Vec::new();
    for pattern in EVERY.include {
        include.extend(["--include", pattern]);
    }
    let mut count = 0;
    for (name, folder) in corpus(&shared)? {
        count += conforms(&name, &folder, &include)?;
    }
    assert!(count > 500, "{count}");
    println!("{count} manifests of the corpus conform");
    Ok(())
}

#[test]
#[ignore = "needs kubeconform, which .ci/tofu builds"]
fn odd_texts_and_identifiers_arrive() -> Result<()> {
    let folder = Folder::new()?;
    let texts = [
        "yes",
        "no",
        "on",
        "=",
        "<<",
        "~",
        "null",
        "1:30",
        "0o7",
        "012",
        "1e3",
        ".inf",
        "2020-01-01",
        "0x1f",
        "1_000",
        "- a",
        "a: b #c",
        "line\n---\nline\n",
        "{{ .Values.x }}",
        "%{ for }",
        "\u{2028}\u{85}\u{feff}",
        "\u{7}\u{0}",
        "e\u{301}",
        "\t tab",
        " lead",
        "trail ",
        "",
        "'",
        "\"",
        "\\",
        "!!binary x",
        "&a *a",
        "? x",
        "\r\n",
    ];
    for (number, text) in texts.iter().enumerate() {
        let entity = json!({
            "apiVersion": "backstage.io/v1alpha1", "kind": "Component",
            "metadata": {"name": format!("N{number}_.-x"), "description": text, "annotations": {"a.example/b": text}},
            "spec": {"type": "service", "lifecycle": "x", "owner": "o"},
        });
        folder.write(&format!("c{number}/catalog-info.yaml"), &entity.to_string())?;
    }
    assert_eq!(conforms("texts", &folder.path, &[])?, texts.len() as u64);
    Ok(())
}
