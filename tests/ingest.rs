//! The mappings that are written bring to Port exactly the entities that are written: manifests are read as each of Port's
//! integrations reads them, with Port's own mapping engine (`.ci/ingest.py`), for every provider and target.
//!
//! `.ci/oracle` installs the engine below `target/oracle/ocean`.

#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]

mod support;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::process::{Command, Stdio};

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Map, Value, json};
use support::{Folder, Result, folders, is_same, run, write};

const PROVIDERS: [&str; 4] = ["github", "gitlab", "bitbucket", "azure"];
const TARGETS: [&str; 3] = ["port-yml", "central", "tree"];

/// A repository with manifests, and the mappings that read them.
struct Case {
    name: String,
    /// What stands for the repository.
    tree: Utf8PathBuf,
    /// The folder of the first root's mappings.
    mappings: Utf8PathBuf,
    /// The entities that are to come back, by blueprint and identifier.
    expected: BTreeMap<(String, String), Value>,
    providers: Vec<&'static str>,
}

/// Converts with a target and a format, and with a bundle, which says what is expected.
fn case(
    cwd: &Utf8Path,
    roots: &[&str],
    out: &Utf8Path,
    target: &'static str,
    format: &str,
    more: &[&str],
) -> Result<Case> {
    let can_read = |provider: &&str| !(target == "tree" && *provider == "bitbucket");
    let mut providers: Vec<&str> = PROVIDERS.into_iter().filter(can_read).collect();
    let mut arguments = vec![
        "convert",
        "--manifest-format",
        format,
        "--out",
        out.as_str(),
    ];
    arguments.extend(["--target", target, "--target", "bundle"]);
    for provider in &providers {
        arguments.extend(["--provider", provider]);
    }
    arguments.extend(more);
    arguments.extend(roots);
    let run = run(cwd, &arguments)?;
    assert!(matches!(run.code, 0 | 1), "{}", run.shown());
    // Bitbucket takes the smallest files; the others take all there are.
    if run.stderr.contains("manifest-too-large") {
        assert_eq!(target, "port-yml", "{}", run.shown());
        assert!(!run.stderr.contains("integration for G"), "{}", run.shown());
        providers.retain(|provider| *provider != "bitbucket");
    }
    let first = match roots {
        [_, _, ..] => out.join(Utf8Path::new(roots[0]).file_name().ok_or("no name")?),
        _ => out.to_owned(),
    };
    let bundle: Value =
        serde_json::from_str(&fs::read_to_string(first.join(".port/port-import.json"))?)?;
    let entities = bundle["entities"].as_array().ok_or("no entities")?.iter();
    let expected = entities
        .map(|entity| (key(entity), entity.clone()))
        .collect();
    // Where the first root has no entities, its neighbours have the same mappings.
    let mut mappings = first.join(".port/mapping");
    for folder in folders(out)? {
        let other = folder.join(".port/mapping");
        if !mappings.is_dir() && other.is_dir() {
            mappings = other;
        }
    }
    Ok(Case {
        name: format!("{} {target} {format}", roots.join(" ")),
        tree: out.to_owned(),
        mappings,
        expected,
        providers,
    })
}

fn key(entity: &Value) -> (String, String) {
    let text = |key: &str| entity[key].as_str().unwrap_or_default().to_owned();
    (text("blueprint"), text("identifier"))
}

/// An entity without what Port takes for nothing, and with the title it gets where it has none.
fn plain(entity: &Value) -> Value {
    let mut plain = Map::new();
    for (key, value) in entity.as_object().into_iter().flatten() {
        let value = match value {
            Value::Object(map) if key == "properties" || key == "relations" => {
                let values = map.iter().filter(|(_, value)| !value.is_null());
                values
                    .map(|(key, value)| (key.clone(), value.clone()))
                    .collect()
            }
            value => value.clone(),
        };
        let is_nothing = value.is_null() || value == json!([]) || value == json!({});
        if !is_nothing && key != "$comment" {
            plain.insert(key.clone(), value);
        }
    }
    let title = plain.get("title").unwrap_or(&entity["identifier"]).clone();
    plain.insert("title".to_owned(), title);
    Value::Object(plain)
}

fn target_folder() -> Result<&'static Utf8Path> {
    let binary = Utf8Path::new(env!("CARGO_BIN_EXE_backstage2port"));
    Ok(binary.ancestors().nth(2).ok_or("no target folder")?)
}

/// What the integrations make of pairs of a tree and a mapping.
fn ingested(jobs: &[Value]) -> Result<Vec<Value>> {
    let folder = Folder::new()?;
    let lines: Vec<String> = jobs.iter().map(Value::to_string).collect();
    let (input, output) = (folder.path.join("jobs"), folder.path.join("answers"));
    write(&input, lines.join("\n").as_bytes())?;
    let python = target_folder()?.join("oracle/ocean/.venv/bin/python");
    let status = Command::new(&python)
        .arg(".ci/ingest.py")
        .stdin(Stdio::from(File::open(&input)?))
        .stdout(Stdio::from(File::create(&output)?))
        .status()
        .map_err(|error| format!("{python}: {error}; .ci/oracle installs it"))?;
    assert!(status.success(), ".ci/ingest.py failed: {status}");
    let answers = fs::read_to_string(&output)?;
    let answers: std::result::Result<Vec<Value>, _> =
        answers.lines().map(serde_json::from_str).collect();
    let answers = answers?;
    assert_eq!(answers.len(), jobs.len());
    Ok(answers)
}

fn job(case: &Case, provider: &str) -> Value {
    let mapping = case.mappings.join(format!("{provider}.yml"));
    json!({"provider": provider, "tree": case.tree.as_str(), "mapping": mapping.as_str()})
}

/// Holds what every provider reads of every case against what is expected of it.
fn assert_all_arrive(cases: &[Case]) -> Result<()> {
    let pairs = cases
        .iter()
        .flat_map(|case| case.providers.iter().map(move |provider| (case, *provider)));
    let pairs: Vec<_> = pairs.collect();
    let jobs: Vec<_> = pairs
        .iter()
        .map(|(case, provider)| job(case, provider))
        .collect();
    let mut entities = 0;
    for ((case, provider), answer) in pairs.iter().zip(ingested(&jobs)?) {
        let name = format!("{} {provider}", case.name);
        assert_eq!(answer["faults"], json!([]), "{name}");
        assert_eq!(answer["deleted"], json!([]), "{name}");
        let mut missing = case.expected.clone();
        for entity in answer["entities"].as_array().ok_or("no entities")? {
            let key = key(entity);
            let wanted = missing.remove(&key);
            let wanted =
                wanted.ok_or_else(|| format!("{name}: {key:?} came twice or from nowhere"))?;
            let mut came = plain(entity);
            if let (None, Some(icon)) = (wanted.get("icon"), came["icon"].as_str()) {
                assert!(!icon.is_empty(), "{name}: {key:?}");
                came.as_object_mut().map(|came| came.remove("icon"));
            }
            let wanted = plain(&wanted);
            assert!(
                is_same(&came, &wanted),
                "{name}: {key:?}\n{came:#}\n{wanted:#}"
            );
            entities += 1;
        }
        assert!(missing.is_empty(), "{name}: lost {:?}", missing.keys());
    }
    assert!(entities > 0, "nothing was read");
    println!("{entities} entities came back in {} ways", jobs.len());
    Ok(())
}

fn is_shared_there() -> Result<Option<Utf8PathBuf>> {
    let shared = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    if shared.join("oracle/ocean").is_dir() {
        return Ok(Some(shared.canonicalize_utf8()?));
    }
    println!("skipped: ../shared is not there");
    Ok(None)
}

#[test]
#[ignore = "needs Port's mapping engine, which .ci/oracle installs"]
fn the_entities_of_the_fixtures_arrive() -> Result<()> {
    if is_shared_there()?.is_none() {
        return Ok(());
    }
    let out = Folder::new()?;
    let cwd = Utf8Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut cases = Vec::new();
    for fixture in folders(Utf8Path::new("fixtures"))? {
        let input = fixture.join("input");
        if !input.is_dir() {
            continue;
        }
        for target in TARGETS {
            for format in ["yaml", "json"] {
                let out = out.path.join(format!("{}-{target}-{format}", cases.len()));
                cases.push(case(cwd, &[input.as_str()], &out, target, format, &[])?);
            }
        }
    }
    assert_all_arrive(&cases)
}

#[test]
#[ignore = "needs Port's mapping engine, which .ci/oracle installs"]
fn the_entities_of_the_corpus_arrive() -> Result<()> {
    let Some(shared) = is_shared_there()? else {
        return Ok(());
    };
    let out = Folder::new()?;
    let roots = folders(&shared.join("corpus"))?;
    let roots: Vec<&str> = roots.iter().map(|root| root.as_str()).collect();
    // Files with the usual names: the Python of the integrations takes its time.
    let mut cases = Vec::new();
    for roots in roots.chunks(20) {
        for (target, format) in [("port-yml", "yaml"), ("central", "yaml"), ("tree", "json")] {
            let out = out.path.join(format!("{}-{target}", cases.len()));
            cases.push(case(&shared, roots, &out, target, format, &["--quiet"])?);
        }
    }
    assert_all_arrive(&cases)
}

/// Two blueprints with the same identifiers, names that are no words of jq, teams, icons of some, and texts that versions
/// of YAML read differently.
fn odd_repository() -> Result<Folder> {
    let folder = Folder::new()?;
    let names = [
        "a-b",
        "x@y",
        "p=q",
        "end",
        "1st",
        "back\\slash",
        "null",
        "on",
    ];
    let properties: Map<String, Value> = names
        .iter()
        .map(|name| ((*name).to_owned(), json!({"type": "string", "title": "T"})))
        .collect();
    let blueprint = |id: &str| {
        json!({
            "identifier": id, "title": id, "icon": "Service", "ownership": {"type": "Direct"},
            "schema": {"properties": properties, "required": []},
            "relations": {"depends-on": {"target": "one", "many": true, "required": false}},
        })
    };
    let leaf = |name: &str| format!(".metadata.values[{}]", json!(name));
    let leaves: Map<String, Value> = names
        .iter()
        .map(|name| ((*name).to_owned(), json!(leaf(name))))
        .collect();
    let resource = |id: &str| {
        json!({
            "kind": "Component", "selector": {"query": "true"},
            "port": {"entity": {"mappings": {
                "identifier": ".metadata.title", "icon": ".metadata.icon",
                "blueprint": json!(id).to_string(), "team": ".metadata.team",
                "properties": leaves, "relations": {"depends-on": ".metadata.tags"},
            }}},
        })
    };
    let ids = ["one", "ones", "One", "on"];
    let blueprints: Vec<_> = ids.into_iter().map(blueprint).collect();
    let resources: Vec<_> = ids.into_iter().map(resource).collect();
    // JSON is YAML too.
    folder.write("profile/blueprints.yaml", &json!(blueprints).to_string())?;
    folder.write(
        "profile/mapping.yaml",
        &json!({"resources": resources}).to_string(),
    )?;
    let texts = [
        "yes",
        "=",
        "1:30",
        "2020-01-01",
        "0o7",
        "a: b #c",
        "line\n---\nline",
        "~",
    ];
    let long = "long-".repeat(90) + "x";
    let identifiers = ["shop", "Shop", "a/b:c", "on", "1.0", "=", long.as_str()];
    for (number, identifier) in identifiers.iter().enumerate() {
        let values: Map<String, Value> = names
            .iter()
            .zip(texts.iter().cycle().skip(number))
            .map(|(name, value)| ((*name).to_owned(), json!(value)))
            .collect();
        let mut metadata = json!({
            "name": format!("n{number}"), "title": identifier, "values": values,
        });
        if number % 2 == 0 {
            metadata["icon"] = json!("Git");
            metadata["team"] = json!(["payments"]);
            metadata["tags"] = json!(["shop"]);
        }
        let entity = json!({
            "apiVersion": "acme.example/v1", "kind": "Component", "metadata": metadata,
            "spec": {"type": "service", "lifecycle": "x", "owner": "o"},
        });
        folder.write(&format!("c{number}/catalog-info.yaml"), &entity.to_string())?;
    }
    Ok(folder)
}

#[test]
#[ignore = "needs Port's mapping engine, which .ci/oracle installs"]
fn odd_names_and_values_arrive_and_a_careless_mapping_is_caught() -> Result<()> {
    if is_shared_there()?.is_none() {
        return Ok(());
    }
    let folder = odd_repository()?;
    let mut cases = Vec::new();
    for target in TARGETS {
        for format in ["yaml", "json"] {
            let out = folder.path.join(format!("out/{target}-{format}"));
            let more = ["--profile", "profile"];
            cases.push(case(&folder.path, &["."], &out, target, format, &more)?);
        }
    }
    assert_eq!(cases[0].expected.len(), 28);
    for case in &cases {
        // Files of other people that the patterns find.
        for stray in [
            "stray/port.yml",
            ".port/entities/one+x.yml",
            ".port/entities/one/x.yaml",
        ] {
            let text =
                "- {blueprint: other, identifier: x}\n- {identifier: y}\n- {blueprint: [one]}\n";
            write(&case.tree.join(stray), text.as_bytes())?;
        }
    }
    assert_all_arrive(&cases)?;

    // The trap of a literal blueprint: pushing `shop` of one blueprint deletes that of another.
    let mapping = cases[0].mappings.join("github.yml");
    let careless = fs::read_to_string(&mapping)?
        .replace(".item.blueprint | select(. == \"one\")", "'\"one\"'");
    let path = folder.path.join("careless.yml");
    // A file that has `shop`, but of another blueprint.
    let tree = folder.path.join("other");
    write(
        &tree.join("port.yml"),
        b"- {blueprint: ones, identifier: shop}\n",
    )?;
    write(&path, careless.as_bytes())?;
    let answers = ingested(&[
        json!({"provider": "github", "tree": tree.as_str(), "mapping": path.as_str()}),
    ])?;
    assert_eq!(answers[0]["deleted"], json!([["one", "shop"]]));
    Ok(())
}
