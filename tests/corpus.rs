//! Public repositories with Backstage descriptors (`../shared/corpus`) go through the binary: the catalog is compared
//! with what the real Backstage packages make of the same folder, and what is written with the schemas of Port's API.
//!
//! `.ci/oracle` installs the packages; their answers are kept below `target/oracle/answers`.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::{env, fs};

use backstage2port::yaml;
use camino::{Utf8Path, Utf8PathBuf};
use jsonschema::Validator;
use serde_json::{Map, Value, json};
use support::{Folder, Result, folders, run, tree, write};

/// Which files a folder is read from.
#[derive(Debug, Clone, Copy)]
struct Start {
    name: &'static str,
    /// For the oracle, whose globs do not look into hidden folders.
    globs: &'static [&'static str],
    /// For us; none means the default patterns.
    include: &'static [&'static str],
}

/// The files that our default patterns name.
const USUAL: Start = Start {
    name: "usual",
    globs: &[
        "**/catalog-info.{yaml,yml,json}",
        "**/*.catalog-info.{yaml,yml}",
    ],
    include: &[],
};
/// Every file that could be a descriptor: most of the corpus has names of its own and is registered one by one.
const EVERY: Start = Start {
    name: "every",
    globs: &["**/*.{yaml,yml,json}"],
    include: &["*.yaml", "*.yml", "*.json"],
};

/// Kinds that the profile has a blueprint for.
const MAPPED: &[&str] = &[
    "API",
    "AiResource",
    "Component",
    "Domain",
    "Group",
    "Resource",
    "System",
    "Template",
    "User",
];

/// What Backstage takes and we do not, each with its reason: start, folder, entity ref.
const MISSING: &[(&str, &str, &str)] = &[];

fn shared() -> Result<Option<Utf8PathBuf>> {
    let shared = Utf8PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../shared");
    if shared.join("corpus").is_dir() {
        return Ok(Some(shared));
    }
    println!("skipped: ../shared is not there");
    Ok(None)
}

/// The folders of the corpus and their names: each repository, and each of the oddities.
fn corpus(shared: &Utf8Path) -> Result<Vec<(String, Utf8PathBuf)>> {
    let corpus = shared.join("corpus");
    let mut found = folders(&corpus)?;
    found.retain(|folder| folder.file_name() != Some("_oddities"));
    found.extend(folders(&corpus.join("_oddities"))?);
    let named = found.into_iter().map(|folder| {
        let name = folder.strip_prefix(&corpus).unwrap_or(&folder).to_string();
        (name, folder)
    });
    let named: Vec<_> = named.collect();
    assert!(named.len() > 1, "an empty corpus proves nothing");
    Ok(named)
}

/// Entities by their canonical refs, each with its relations.
type Entities = BTreeMap<String, Value>;

/// What the real Backstage packages make of a folder.
fn oracle(start: Start, name: &str, folder: &Utf8Path) -> Result<Entities> {
    // Beside the binary: wherever cargo was told to build.
    let target = Utf8Path::new(env!("CARGO_BIN_EXE_backstage2port"));
    let oracle = target
        .ancestors()
        .nth(2)
        .ok_or("no target folder")?
        .join("oracle");
    let program = oracle.join("backstage/process.mjs");
    let mut command = Command::new("node");
    command
        .arg(&program)
        .arg(folder)
        .args(["--isolate-errors", "--openapi"]);
    for glob in start.globs {
        command.args(["--glob", glob]);
    }
    let answers = oracle
        .join("answers")
        .join(start.name)
        .join(name.replace('/', "+"));
    let answer = if let Ok(answer) = fs::read(&answers) {
        answer
    } else {
        if !oracle.join("stamp").is_file() {
            return Err("the Backstage packages are not installed: run .ci/oracle".into());
        }
        let output = command.output()?;
        if !output.status.success() {
            let stderr = String::from_utf8_lossy(&output.stderr);
            return Err(format!("{command:?}: {}\n{stderr}", output.status).into());
        }
        write(&answers, &output.stdout)?;
        output.stdout
    };
    let mut entities = Entities::new();
    for line in std::str::from_utf8(&answer)?.lines() {
        let line: Value = serde_json::from_str(line)?;
        if line.get("entity").is_some() {
            let entity_ref = line["entityRef"].as_str().ok_or("no entityRef")?;
            entities.insert(entity_ref.to_owned(), line["relations"].clone());
        }
    }
    Ok(entities)
}

/// What we make of a folder: the entities, and the number of each kind as it is spelled.
fn ours(start: Start, folder: &Utf8Path) -> Result<(Entities, BTreeMap<String, usize>)> {
    let mut arguments = vec!["catalog"];
    for include in start.include {
        arguments.extend(["--include", include]);
    }
    let run = run(folder, &arguments)?;
    assert!(matches!(run.code, 0 | 1 | 3), "{folder}: {}", run.shown());
    let (mut entities, mut kinds) = (Entities::new(), BTreeMap::new());
    for line in run.stdout.lines() {
        let entity: Value = serde_json::from_str(line)?;
        let part = |value: &Value| value.as_str().map(str::to_lowercase);
        let metadata = &entity["metadata"];
        let parts = [&entity["kind"], &metadata["namespace"], &metadata["name"]].map(part);
        let [Some(kind), Some(namespace), Some(name)] = parts else {
            return Err(format!("{folder}: no ref: {line}").into());
        };
        let spelled = entity["kind"].as_str().unwrap_or_default().to_owned();
        *kinds.entry(spelled).or_default() += 1;
        let former = entities.insert(
            format!("{kind}:{namespace}/{name}"),
            entity["relations"].clone(),
        );
        assert!(
            former.is_none(),
            "{folder}: two entities of one ref: {line}"
        );
    }
    Ok((entities, kinds))
}

#[test]
#[ignore = "needs node and the packages that .ci/oracle installs"]
fn nothing_that_backstage_takes_is_missing() -> Result<()> {
    compare(USUAL)
}

#[test]
#[ignore = "needs node and the packages that .ci/oracle installs"]
fn nothing_that_backstage_takes_is_missing_whatever_files_are_called() -> Result<()> {
    compare(EVERY)
}

fn compare(start: Start) -> Result<()> {
    let Some(shared) = shared()? else {
        return Ok(());
    };
    println!(
        "{:>9} {:>5} {:>8} {:>5}  folder",
        "Backstage", "ours", "missing", "more"
    );
    let mut missing = Vec::new();
    let mut differing = Vec::new();
    let mut totals = [0; 4];
    for (name, folder) in corpus(&shared)? {
        let theirs = oracle(start, &name, &folder)?;
        let (ours, _) = ours(start, &folder)?;
        let lost: Vec<&String> = theirs
            .keys()
            .filter(|key| !ours.contains_key(*key))
            .collect();
        let more = ours.keys().filter(|key| !theirs.contains_key(*key)).count();
        let row = [theirs.len(), ours.len(), lost.len(), more];
        println!(
            "{:>9} {:>5} {:>8} {:>5}  {name}",
            row[0], row[1], row[2], row[3]
        );
        for (total, number) in totals.iter_mut().zip(row) {
            *total += number;
        }
        missing.extend(lost.into_iter().map(|lost| (name.clone(), lost.clone())));
        // With the same entities on both sides, the relations are the same too.
        if theirs.keys().eq(ours.keys()) {
            for (entity_ref, relations) in &theirs {
                if ours.get(entity_ref) != Some(relations) {
                    differing.push(format!(
                        "{name}: {entity_ref}\n  Backstage: {relations}\n  ours:      {}",
                        ours[entity_ref]
                    ));
                }
            }
        }
    }
    println!(
        "{:>9} {:>5} {:>8} {:>5}  in all",
        totals[0], totals[1], totals[2], totals[3]
    );
    let known: BTreeSet<_> = MISSING
        .iter()
        .filter(|(name, ..)| *name == start.name)
        .map(|(_, name, lost)| (*name, *lost))
        .collect();
    let found: BTreeSet<_> = missing
        .iter()
        .map(|(name, lost)| (name.as_str(), lost.as_str()))
        .collect();
    assert_eq!(found, known, "what is missing against what is known to be");
    assert!(differing.is_empty(), "{}", differing.join("\n"));
    Ok(())
}

#[test]
fn what_is_written_is_what_port_accepts() -> Result<()> {
    let Some(shared) = shared()? else {
        return Ok(());
    };
    let schema = |name: &str| -> Result<Validator> {
        let path = shared.join(format!("oracle/port-api/{name}.schema.json"));
        let schema: Value = serde_json::from_str(&fs::read_to_string(path)?)?;
        Ok(validator(&schema)?)
    };
    let (entity_schema, blueprint_schema) = (schema("entity")?, schema("blueprint")?);
    println!(
        "{:>8} {:>9} {:>10}  folder",
        "entities", "converted", "blueprints"
    );
    let mut faults = Vec::new();
    let mut totals = [0; 3];
    for (name, folder) in corpus(&shared)? {
        let out = Folder::new()?;
        let written = Written::of(&folder, &out.path)?;
        let (_, kinds) = ours(EVERY, &folder)?;
        let mapped = kinds
            .iter()
            .filter(|(kind, _)| MAPPED.contains(&kind.as_str()));
        let row = [
            mapped.map(|(_, count)| count).sum(),
            written.entities.len(),
            written.blueprints.len(),
        ];
        println!("{:>8} {:>9} {:>10}  {name}", row[0], row[1], row[2]);
        for (total, number) in totals.iter_mut().zip(row) {
            *total += number;
        }
        let mut found = Vec::new();
        // Custom kinds may be mapped too, so there may be more; an entity that gets lost shows as fewer.
        if row[1] < row[0] {
            found.push(format!("{} entities were not converted", row[0] - row[1]));
        }
        for blueprint in written.blueprints.values() {
            faults_of(&blueprint_schema, blueprint, &mut found);
        }
        let mut identifiers = BTreeSet::new();
        for entity in &written.entities {
            faults_of(&entity_schema, entity, &mut found);
            let key = (entity["blueprint"].as_str(), entity["identifier"].as_str());
            if !identifiers.insert(key) {
                found.push(format!("{key:?} is written twice"));
            }
        }
        check_against_blueprints(&written, &mut found)?;
        faults.extend(found.iter().map(|fault| format!("{name}: {fault}")));
    }
    println!(
        "{:>8} {:>9} {:>10}  in all",
        totals[0], totals[1], totals[2]
    );
    assert!(totals[1] > 0, "nothing was converted");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    Ok(())
}

/// What a conversion wrote.
struct Written {
    entities: Vec<Value>,
    blueprints: BTreeMap<String, Value>,
}

impl Written {
    fn of(folder: &Utf8Path, out: &Utf8Path) -> Result<Self> {
        let before = tree(folder)?.len();
        let mut arguments = vec!["convert", ".", "--out", out.as_str()];
        for include in EVERY.include {
            arguments.extend(["--include", include]);
        }
        let run = run(folder, &arguments)?;
        assert!(matches!(run.code, 0 | 1 | 3), "{folder}: {}", run.shown());
        assert_eq!(
            before,
            tree(folder)?.len(),
            "{folder}: written into the root"
        );
        let (mut entities, mut blueprints) = (Vec::new(), BTreeMap::new());
        for (path, bytes) in tree(out)? {
            let text = String::from_utf8(bytes)?;
            if path.starts_with(".port/blueprints") {
                let blueprint: Value = serde_json::from_str(&text)?;
                let identifier = blueprint["identifier"].as_str().ok_or("no identifier")?;
                blueprints.insert(identifier.to_owned(), blueprint);
                continue;
            }
            assert_eq!(path.file_name(), Some("port.yml"), "{folder}: {path}");
            let mut documents = yaml::documents(&text).into_iter();
            let content = documents.next().ok_or("no document")?.content;
            let content = content.map_err(|faults| format!("{path}: {faults:?}"))?;
            assert!(documents.next().is_none(), "{path}: several documents");
            entities.extend(content.as_array().cloned().ok_or("no list")?);
        }
        Ok(Self {
            entities,
            blueprints,
        })
    }
}

fn validator(schema: &Value) -> Result<Validator> {
    let options = jsonschema::options().should_validate_formats(true);
    Ok(options.build(schema).map_err(|fault| fault.to_string())?)
}

fn faults_of(validator: &Validator, value: &Value, faults: &mut Vec<String>) {
    let identifier = &value["identifier"];
    let found = validator.iter_errors(value);
    faults.extend(found.map(|fault| {
        let text: String = fault.to_string().chars().take(300).collect();
        format!("{identifier}: {}: {text}", fault.instance_path())
    }));
}

/// Checks the values of every entity against its blueprint, as Port does.
fn check_against_blueprints(written: &Written, faults: &mut Vec<String>) -> Result<()> {
    let mut validators = BTreeMap::new();
    for (identifier, blueprint) in &written.blueprints {
        validators.insert(identifier, validator(&entity_schema(blueprint))?);
        for (relation, definition) in blueprint["relations"].as_object().into_iter().flatten() {
            let target = definition["target"].as_str().unwrap_or_default();
            if !written.blueprints.contains_key(target) {
                faults.push(format!(
                    "{identifier}.{relation} leads to `{target}`, which is not written"
                ));
            }
        }
    }
    for entity in &written.entities {
        let blueprint = entity["blueprint"].as_str().unwrap_or_default().to_owned();
        match validators.get(&blueprint) {
            Some(validator) => faults_of(validator, entity, faults),
            None => faults.push(format!(
                "{}: no blueprint `{blueprint}`",
                entity["identifier"]
            )),
        }
    }
    Ok(())
}

/// The JSON Schema of the entities of a blueprint: known names only, everything that is not required may be null.
fn entity_schema(blueprint: &Value) -> Value {
    let required = &blueprint["schema"]["required"];
    let is_required = |name: &str| {
        let mut names = required.as_array().into_iter().flatten();
        names.any(|required| required == name)
    };
    let mut properties = Map::new();
    for (name, definition) in blueprint["schema"]["properties"]
        .as_object()
        .into_iter()
        .flatten()
    {
        let schema = value_schema(definition);
        let schema = if is_required(name) {
            schema
        } else {
            json!({"anyOf": [schema, {"type": "null"}]})
        };
        properties.insert(name.clone(), schema);
    }
    let mut relations = Map::new();
    let mut required_relations = Vec::new();
    for (name, relation) in blueprint["relations"].as_object().into_iter().flatten() {
        let text = json!({"type": "string", "minLength": 1});
        let schema = if relation["many"] == true {
            json!({"type": ["array", "null"], "items": text})
        } else {
            json!({"anyOf": [text, {"type": "null"}]})
        };
        if relation["required"] == true {
            required_relations.push(name.clone());
        }
        relations.insert(name.clone(), schema);
    }
    json!({
        "type": "object",
        "required": ["identifier", "blueprint"],
        "properties": {
            "properties": {
                "type": "object",
                "properties": properties,
                "required": required,
                "additionalProperties": false,
            },
            "relations": {
                "type": "object",
                "properties": relations,
                "required": required_relations,
                "additionalProperties": false,
            },
        },
    })
}

/// The JSON Schema of a value of a property: what only Port understands is left out or put in JSON Schema's words.
fn value_schema(definition: &Value) -> Value {
    const PORT_ONLY: &[&str] = &[
        "enumColors",
        "icon",
        "spec",
        "specAuthentication",
        "title",
        "description",
        "default",
        "dateFormat",
    ];
    let mut schema = Map::new();
    for (key, value) in definition.as_object().into_iter().flatten() {
        if PORT_ONLY.contains(&key.as_str()) {
            continue;
        }
        match (key.as_str(), value.as_str()) {
            ("format", Some("url")) => _ = schema.insert("format".into(), "uri".into()),
            ("format", Some("user" | "email")) => {
                _ = schema.insert("format".into(), "email".into())
            }
            ("format", Some("timer")) => _ = schema.insert("format".into(), "date-time".into()),
            ("format", Some("labeled-url")) => {
                let labelled = json!({
                    "url": {"type": "string", "format": "uri"},
                    "displayText": {"type": "string"},
                });
                schema.insert("properties".into(), labelled);
                schema.insert("required".into(), json!(["url"]));
                schema.insert("additionalProperties".into(), json!(false));
            }
            ("format", Some("markdown" | "yaml" | "proto" | "blueprints" | "team")) => {}
            ("items", _) => _ = schema.insert("items".into(), value_schema(value)),
            _ => _ = schema.insert(key.clone(), value.clone()),
        }
    }
    Value::Object(schema)
}

#[test]
fn a_value_that_does_not_fit_its_blueprint_is_seen() -> Result<()> {
    let blueprint = json!({
        "identifier": "component",
        "schema": {
            "properties": {
                "mail": {"type": "string", "format": "email"},
                "links": {"type": "array", "items": {"type": "object", "format": "labeled-url"}},
                "kind": {"type": "string", "enum": ["a"], "enumColors": {"a": "red"}},
            },
            "required": ["kind"],
        },
        "relations": {
            "one": {"target": "component", "many": false, "required": false},
            "many": {"target": "component", "many": true, "required": false},
        },
    });
    let faults = |properties: Value, relations: Value| -> Result<usize> {
        let entity = json!({
            "identifier": "x", "blueprint": "component", "properties": properties, "relations": relations,
        });
        let written = Written {
            entities: vec![entity],
            blueprints: BTreeMap::from([("component".to_owned(), blueprint.clone())]),
        };
        let mut faults = Vec::new();
        check_against_blueprints(&written, &mut faults)?;
        Ok(faults.len())
    };
    let good = json!({"kind": "a", "mail": null, "links": [{"url": "https://x.example"}]});
    assert_eq!(faults(good.clone(), json!({"one": "x", "many": ["x"]}))?, 0);
    assert_eq!(faults(json!({"kind": "b"}), json!({}))?, 1);
    assert_eq!(faults(json!({}), json!({}))?, 1);
    assert_eq!(faults(json!({"kind": "a", "more": 1}), json!({}))?, 1);
    assert_eq!(
        faults(json!({"kind": "a", "mail": "nobody"}), json!({}))?,
        1
    );
    assert_eq!(
        faults(
            json!({"kind": "a", "links": [{"url": "no url"}]}),
            json!({})
        )?,
        1
    );
    assert_eq!(faults(good.clone(), json!({"one": ["x"]}))?, 1);
    assert_eq!(faults(good.clone(), json!({"many": "x"}))?, 1);
    assert_eq!(faults(good, json!({"none": "x"}))?, 1);
    Ok(())
}
