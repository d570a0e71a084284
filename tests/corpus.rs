//! Public repositories with Backstage descriptors (`../shared/corpus`) go through the binary: the catalog is compared
//! with what the real Backstage packages make of the same folder, and what is written with the schemas of Port's API.
//!
//! `.ci/oracle` installs the packages; their answers are kept below `target/oracle/answers`.

#![expect(clippy::print_stdout, reason = "the tables are for people")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::process::Command;
use std::{env, fs};

use backstage2port::yaml;
use camino::{Utf8Path, Utf8PathBuf};
use jsonschema::Validator;
use serde_json::{Map, Value, json};
use support::{Folder, Result, folders, is_same, run, tree, write};

/// Which files a folder is read from.
#[derive(Debug, Clone, Copy)]
struct Start {
    name: &'static str,
    /// For the oracle, whose globs look into hidden folders only where they name one.
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
        "**/.backstage/*.yaml",
    ],
    include: &[],
};
/// Every file that could be a descriptor: most of the corpus has names of its own and is registered one by one.
const EVERY: Start = Start {
    name: "every",
    globs: &[
        "**/*.{yaml,yml,json}",
        "**/.*.{yaml,yml,json}",
        "**/.backstage/**/*.{yaml,yml,json}",
    ],
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

/// Entities, as the catalog API returns them, by their canonical refs.
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
    // An answer to another question is worth nothing.
    let question = format!("{}\n", json!(start.globs));
    let kept = fs::read_to_string(&answers).unwrap_or_default();
    let answer = if let Some(answer) = kept.strip_prefix(&question) {
        answer.to_owned()
    } else {
        if !oracle.join("stamp").is_file() {
            return Err("the Backstage packages are not installed: run .ci/oracle".into());
        }
        let output = command.output()?;
        if !output.status.success() {
            let stderr = String::from_utf8_lossy(&output.stderr);
            return Err(format!("{command:?}: {}\n{stderr}", output.status).into());
        }
        let answer = String::from_utf8(output.stdout)?;
        write(&answers, (question + &answer).as_bytes())?;
        answer
    };
    let mut entities = Entities::new();
    for line in answer.lines() {
        let mut line: Value = serde_json::from_str(line)?;
        let Some(mut entity) = line.get_mut("entity").map(Value::take) else {
            continue;
        };
        entity["relations"] = line["relations"].take();
        let entity_ref = line["entityRef"].as_str().ok_or("no entityRef")?;
        entities.insert(entity_ref.to_owned(), entity);
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
        let former = entities.insert(format!("{kind}:{namespace}/{name}"), entity);
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
    // Printed at once, since other tests print their own.
    let mut table = format!("Backstage  ours  missing  more  folder ({})\n", start.name);
    let mut missing = BTreeSet::new();
    let mut faults = Vec::new();
    let mut totals = [0; 4];
    for (name, folder) in corpus(&shared)? {
        let theirs = oracle(start, &name, &folder)?;
        let (ours, _) = ours(start, &folder)?;
        let lost = theirs.keys().filter(|key| !ours.contains_key(*key));
        let lost: Vec<_> = lost.map(|lost| (name.clone(), lost.clone())).collect();
        let more: Vec<_> = ours
            .iter()
            .filter(|(key, _)| !theirs.contains_key(*key))
            .collect();
        let row = [theirs.len(), ours.len(), lost.len(), more.len()];
        let [backstage, ours_count, lost_count, more_count] = row;
        writeln!(
            table,
            "{backstage:>9} {ours_count:>5} {lost_count:>8} {more_count:>5}  {name}"
        )?;
        for (total, number) in totals.iter_mut().zip(row) {
            *total += number;
        }
        for (entity_ref, entity) in &more {
            if !is_deviation(entity) {
                faults.push(format!("{name}: Backstage refuses {entity_ref}"));
            }
        }
        let is_same_set = lost.is_empty() && more.is_empty();
        for (entity_ref, theirs) in &theirs {
            let Some(ours) = ours.get(entity_ref) else {
                continue;
            };
            // An entity that only one side has takes its relations along.
            let fields = ["apiVersion", "kind", "metadata", "spec", "relations"];
            let compared = if is_same_set {
                &fields[..]
            } else {
                &fields[..4]
            };
            let (theirs, ours) = (as_written(theirs), as_written(ours));
            for field in compared {
                if !is_same(&theirs[field], &ours[field]) {
                    faults.push(format!(
                        "{name}: {entity_ref}\n  Backstage: {}\n  ours:      {}",
                        theirs[field], ours[field]
                    ));
                }
            }
        }
        missing.extend(lost);
    }
    let [backstage, ours, lost, more] = totals;
    println!("{table}{backstage:>9} {ours:>5} {lost:>8} {more:>5}  in all");
    let known = MISSING.iter().filter(|(name, ..)| *name == start.name);
    let known: BTreeSet<_> = known
        .map(|(_, name, lost)| ((*name).to_owned(), (*lost).to_owned()))
        .collect();
    assert!(backstage > 0, "Backstage takes nothing");
    assert_eq!(
        missing, known,
        "what is missing against what is known to be"
    );
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    Ok(())
}

/// Whether we take an entity by choice that Backstage's default engine refuses: custom kinds, and what only its model
/// engine knows.
fn is_deviation(entity: &Value) -> bool {
    const KINDS: &[&str] = &[
        "API",
        "Component",
        "Domain",
        "Group",
        "Location",
        "Resource",
        "System",
        "User",
    ];
    let kind = entity["kind"].as_str().unwrap_or_default();
    let is_core = match entity["apiVersion"].as_str() {
        Some("backstage.io/v1alpha1" | "backstage.io/v1beta1") => KINDS.contains(&kind),
        Some("scaffolder.backstage.io/v1beta3") => kind == "Template",
        _ => false,
    };
    !is_core || entity["spec"]["type"] == "mcp-server"
}

/// An entity without what Backstage adds to it.
fn as_written(entity: &Value) -> Value {
    const ADDED: &[&str] = &[
        "backstage.io/edit-url",
        "backstage.io/managed-by-location",
        "backstage.io/managed-by-origin-location",
        "backstage.io/source-location",
        "backstage.io/view-url",
    ];
    let mut entity = entity.clone();
    let Some(metadata) = entity["metadata"].as_object_mut() else {
        return entity;
    };
    if let Some(annotations) = metadata.get_mut("annotations") {
        if let Some(annotations) = annotations.as_object_mut() {
            annotations.retain(|key, _| !ADDED.contains(&key.as_str()));
        }
        if annotations == &json!({}) {
            metadata.remove("annotations");
        }
    }
    for generated in ["uid", "etag"] {
        metadata.remove(generated);
    }
    entity
}

#[test]
fn what_is_written_is_what_port_accepts() -> Result<()> {
    let Some(shared) = shared()? else {
        return Ok(());
    };
    let schema = |name: &str| -> Result<Validator> {
        let path = shared.join(format!("oracle/port-api/{name}.schema.json"));
        let schema: Value = serde_json::from_str(&fs::read_to_string(path)?)?;
        validator(&schema)
    };
    let (entity_schema, blueprint_schema) = (schema("entity")?, schema("blueprint")?);
    let mut table = "entities converted blueprints  folder\n".to_owned();
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
        let [entities, converted, blueprints] = row;
        writeln!(
            table,
            "{entities:>8} {converted:>9} {blueprints:>10}  {name}"
        )?;
        for (total, number) in totals.iter_mut().zip(row) {
            *total += number;
        }
        let mut found = Vec::new();
        // Custom kinds may be mapped too, so there may be more; an entity that gets lost shows as fewer.
        if converted < entities {
            found.push(format!(
                "{} entities were not converted",
                entities - converted
            ));
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
    let [entities, converted, blueprints] = totals;
    println!("{table}{entities:>8} {converted:>9} {blueprints:>10}  in all");
    assert!(converted > 0, "nothing was converted");
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
            if path.starts_with(".port/mapping") {
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
                schema.insert("format".into(), "email".into());
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
