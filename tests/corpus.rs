//! Public repositories with Backstage descriptors (`../shared/corpus`) go through the binary: the catalog is compared
//! with what the real Backstage packages make of the same folder, and what is written with the schemas of Port's API.
//!
//! `.ci/oracle` installs the packages; their answers are kept below `target/oracle/answers`.

#![expect(clippy::print_stdout, reason = "the tables are for people")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;

use camino::Utf8Path;
use jsonschema::Validator;
use serde_json::{Value, json};
use support::corpus::{EVERY, Entities, Start, USUAL, corpus, oracle, shared};
use support::port::{Written, faults_of, validator};
use support::{Folder, Result, is_same, run, tree};

/// What Backstage takes and we do not, each with its reason: start, folder, entity ref.
const MISSING: &[(&str, &str, &str)] = &[];

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
        let written = converted(&folder, &out.path)?;
        let (_, kinds) = ours(EVERY, &folder)?;
        // Kinds that the profile has no blueprint for get one that is inferred.
        let mapped = kinds
            .iter()
            .filter(|(kind, _)| !kind.eq_ignore_ascii_case("Location"));
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
        if converted != entities {
            found.push(format!("{converted} of {entities} entities were converted"));
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
        written.check_against_blueprints(&mut found)?;
        faults.extend(found.iter().map(|fault| format!("{name}: {fault}")));
    }
    let [entities, converted, blueprints] = totals;
    println!("{table}{entities:>8} {converted:>9} {blueprints:>10}  in all");
    assert!(converted > 0, "nothing was converted");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    Ok(())
}

/// What a conversion of a folder writes.
fn converted(folder: &Utf8Path, out: &Utf8Path) -> Result<Written> {
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
    Written::read(out)
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
        written.check_against_blueprints(&mut faults)?;
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
