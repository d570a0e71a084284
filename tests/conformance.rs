//! What the real Backstage packages answer, case by case (`fixtures/conformance`), against what we make of the same
//! input.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::{env, fs};

use backstage2port::backstage::discover::Patterns;
use backstage2port::backstage::{EntityRef, LocationRef, Mode};
use backstage2port::diagnostic::{Code, Diagnostic, Severity};
use backstage2port::source::{Location, Root};
use backstage2port::{Inputs, Reading, yaml};
use camino::Utf8Path;
use serde_json::{Value, json};
use support::{Result, is_same};

/// The cases of a table: ours, and those of the folder that `BACKSTAGE2PORT_CONFORMANCE` names.
fn table(name: &str) -> Result<Vec<Value>> {
    let more = env::var_os("BACKSTAGE2PORT_CONFORMANCE").map(PathBuf::from);
    let mut cases = Vec::new();
    for folder in [Some(PathBuf::from("fixtures/conformance")), more]
        .into_iter()
        .flatten()
    {
        let path = folder.join(format!("{name}.json"));
        if path.exists() {
            let mut table: Value = serde_json::from_str(&fs::read_to_string(path)?)?;
            cases.append(
                table["cases"]
                    .as_array_mut()
                    .ok_or("a table without cases")?,
            );
        }
    }
    Ok(cases)
}

/// Runs every case of a table, prints the score, and fails when a case differs.
#[expect(
    clippy::print_stdout,
    reason = "the score is what a person runs this for"
)]
fn score(name: &str, check: impl Fn(&Value) -> Result<Option<&'static str>>) -> Result<()> {
    let cases = table(name)?;
    let mut failures = Vec::new();
    let mut deviations: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for case in &cases {
        match check(case) {
            Ok(None) => {}
            Ok(Some(deviation)) => deviations
                .entry(deviation)
                .or_default()
                .push(case["name"].to_string()),
            Err(why) => failures.push(format!("{}: {why}", case["name"])),
        }
    }
    println!(
        "{name}: {} of {}",
        cases.len() - failures.len(),
        cases.len()
    );
    for (deviation, cases) in deviations {
        println!("  deviation `{deviation}`: {}", cases.join(", "));
    }
    assert!(
        failures.is_empty(),
        "{name}: {} cases differ:\n{}",
        failures.len(),
        failures.join("\n")
    );
    Ok(())
}

fn read_files(
    files: &BTreeMap<String, String>,
    include: &[String],
    repository: &str,
    mode: Mode,
) -> Result<Reading> {
    let folder = tempfile::tempdir()?;
    let root = Utf8Path::from_path(folder.path()).ok_or("no UTF-8 path")?;
    for (path, text) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().ok_or("no folder")?)?;
        fs::write(path, text)?;
    }
    Ok(backstage2port::catalog(Inputs {
        roots: vec![Root {
            path: root.to_owned(),
            repository: Some(repository.to_owned()),
        }],
        patterns: Patterns::new(include, &[])?,
        mode,
        ..support::inputs(root)?
    })?)
}

const REPOSITORY: &str = "https://github.com/example/repo/blob/main/";

/// Reads one file in the mode that stops where Backstage stops.
fn read_text(text: &str) -> Result<Reading> {
    let files = BTreeMap::from([("catalog-info.yaml".to_owned(), text.to_owned())]);
    read_files(&files, &[], REPOSITORY, Mode::Strict)
}

fn read_input(input: &Value) -> Result<Reading> {
    if let Some(text) = input["yaml"].as_str() {
        return read_text(text);
    }
    let single = std::slice::from_ref(&input["entity"]);
    let documents = input["documents"].as_array().map_or(single, Vec::as_slice);
    let text: Vec<String> = documents
        .iter()
        .map(|document| format!("---\n{document}\n"))
        .collect();
    read_text(&text.concat())
}

/// The stage of Backstage that would find what we found.
fn stage(found: &Diagnostic) -> &'static str {
    match found.code {
        Code::YamlSyntax | Code::NotAnEntity => "yaml",
        Code::InvalidEnvelope => "envelope",
        Code::InvalidField | Code::UnknownRootField => "policy",
        Code::InvalidSpec | Code::CustomKind => "kind",
        Code::InvalidReference | Code::ReferenceWithoutKind => "relations",
        Code::UnresolvedPlaceholder | Code::RemotePlaceholder | Code::OutsidePlaceholder => {
            "placeholder"
        }
        Code::LocationType => "location",
        Code::MissingTarget => "read",
        Code::LostToNeighbour => "dropped",
        Code::RemoteLocation | Code::OutsideLocation => "unresolved",
        Code::DuplicateEntity | Code::IdenticalDuplicate => "duplicate",
        code => code.id(),
    }
}

/// The kinds that only the model engine knows are taken as that engine takes them (deviation of the design: the
/// superset of both engines).
fn is_model_kind(entity: &Value) -> bool {
    entity["kind"] == "AiResource" || entity["spec"]["type"] == "mcp-server"
}

/// Where a finding is in a descriptor: Backstage does not tell that a value came from another file.
fn place(found: &Diagnostic) -> Option<&Location> {
    let mut related = found.related.iter();
    let placeholder = related.find(|(_, label)| label == "included here");
    placeholder.map_or(found.location.as_ref(), |(place, _)| Some(place))
}

/// The first error of a run: stage and field.
fn first_error(reading: &Reading) -> Option<(&'static str, String)> {
    let found = reading
        .diagnostics
        .iter()
        .find(|found| found.severity == Severity::Error)?;
    let field = found
        .location
        .as_ref()
        .and_then(|location| location.place.field());
    Some((
        stage(found),
        field.map(ToString::to_string).unwrap_or_default(),
    ))
}

fn check_single(case: &Value) -> Result<Option<&'static str>> {
    let reading = read_input(&case["input"])?;
    let model = is_model_kind(&case["input"]["entity"]).then_some("superset");
    let expect = &case["expect"];
    let expect = match &case["expect_model"] {
        expect_model if model.is_some() && expect_model["valid"] == true => expect_model,
        _ => expect,
    };
    match (first_error(&reading), expect["valid"] == true) {
        (None, true) => {
            let found = reading
                .catalog
                .entities()
                .first()
                .map(|entity| entity.entity_ref.canonical());
            if found.as_deref() != expect["entityRef"].as_str() {
                return Err(format!("entity {found:?}, expected {}", expect["entityRef"]).into());
            }
        }
        (Some((stage, field)), false) => {
            if expect["stage"] != stage {
                return Err(
                    format!("stage {stage} ({field}), expected {}", expect["stage"]).into(),
                );
            }
            // The model engine asks for other fields of these kinds than the one that was recorded.
            let expected = expect["field"].as_str().filter(|_| model.is_none());
            if expected.is_some_and(|expected| expected != field) {
                return Err(format!("field {field}, expected {expected:?}").into());
            }
        }
        (Some(error), true) => return Err(format!("refused: {error:?}").into()),
        (None, false) => return Err(format!("accepted, expected {expect}").into()),
    }
    Ok(model.filter(|_| case["expect_model"].is_object()))
}

#[test]
fn envelope() -> Result<()> {
    score("envelope", check_single)
}

#[test]
fn kinds() -> Result<()> {
    score("kinds", check_single)
}

#[test]
fn refs() -> Result<()> {
    score("refs", |case| {
        let input = &case["input"];
        let found = match input["op"].as_str() {
            Some("parse") => parsed(&input["ref"], &input["context"]),
            Some("stringify") => stringified(&input["ref"]),
            Some("location") => LocationRef::parse(input["ref"].as_str().unwrap_or_default())
                .ok()
                .map(|parsed| json!({"valid": true, "type": parsed.location_type, "target": parsed.target})),
            op => return Err(format!("unknown operation {op:?}").into()),
        };
        let expect = &case["expect"];
        match found {
            Some(found) if found == *expect => Ok(None),
            None if expect["valid"] == false => Ok(None),
            found => Err(format!("{found:?}, expected {expect}").into()),
        }
    })
}

fn parsed(reference: &Value, context: &Value) -> Option<Value> {
    let kind = context["defaultKind"].as_str();
    let namespace = context["defaultNamespace"].as_str().unwrap_or("default");
    let parsed = match reference {
        Value::String(text) => EntityRef::parse(text, kind, namespace),
        Value::Object(parts) => EntityRef::from_parts(parts, kind, namespace),
        _ => return None,
    };
    let parsed = parsed.ok()?;
    Some(json!({
        "valid": true,
        "kind": parsed.kind,
        "namespace": parsed.namespace,
        "name": parsed.name,
        "string": parsed.canonical(),
    }))
}

/// The parts of a reference, or of an entity, as one text.
fn stringified(reference: &Value) -> Option<Value> {
    let mut parts = reference.as_object()?.clone();
    if let Some(Value::Object(metadata)) = parts.remove("metadata") {
        parts.extend(metadata);
    }
    let parsed = EntityRef::from_parts(&parts, None, "default").ok()?;
    Some(json!({"valid": true, "string": parsed.canonical()}))
}

#[test]
fn relations() -> Result<()> {
    score("relations", |case| {
        let input = &case["input"];
        let reading = read_input(input)?;
        let documents = input["documents"].as_array();
        let model = documents.is_some_and(|documents| documents.iter().any(is_model_kind));
        let (expect, deviation) = match &case["expect_model"] {
            expect_model if model && expect_model.is_object() => (expect_model, Some("superset")),
            _ => (&case["expect"], None),
        };
        let found = relations_of(&reading);
        if found != expect["relations"] {
            return Err(format!("{found}, expected {}", expect["relations"]).into());
        }
        let errors: BTreeSet<_> = errors_of(&reading)
            .into_iter()
            .map(|(_, document, stage)| (document, stage))
            .collect();
        let expected = expect["errors"].as_array().into_iter().flatten();
        let expected: BTreeSet<_> = expected
            .map(|error| {
                (
                    error["document"].as_u64(),
                    error["stage"].as_str().unwrap_or_default().to_owned(),
                )
            })
            .collect();
        if errors != expected {
            return Err(format!("errors {errors:?}, expected {expected:?}").into());
        }
        Ok(deviation)
    })
}

/// File, document and stage of every error of a run.
fn errors_of(reading: &Reading) -> BTreeSet<(String, Option<u64>, String)> {
    let errors = reading
        .diagnostics
        .iter()
        .filter(|found| found.severity == Severity::Error);
    errors
        .filter(|found| !matches!(stage(found), "duplicate" | "unresolved"))
        // The oracle names the documents that a Location loses, not the Location that is lost with them.
        .filter(|found| !(stage(found) == "dropped" && found.message.contains("`location:")))
        .filter_map(|found| {
            let location = place(found)?;
            let path = reading.sources.path(location.file).to_string();
            let document = location
                .place
                .document()
                .and_then(|document| u64::try_from(document).ok());
            Some((path, document, stage(found).to_owned()))
        })
        .collect()
}

fn relations_of(reading: &Reading) -> Value {
    let entities = reading.catalog.entities().iter().enumerate();
    entities
        .map(|(index, entity)| {
            let relations = reading.catalog.relations(index);
            let pairs: Vec<Value> = relations
                .map(|relation| json!([relation.relation_type, relation.target_ref]))
                .collect();
            (entity.entity_ref.canonical(), Value::Array(pairs))
        })
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[test]
fn yaml_documents() -> Result<()> {
    score("yaml", |case| {
        let bytes = match &case["input"]["base64"] {
            Value::String(base64) => decoded(base64),
            _ => case["input"]["yaml"]
                .as_str()
                .unwrap_or_default()
                .as_bytes()
                .to_vec(),
        };
        let text = String::from_utf8_lossy(&bytes);
        let found = yaml::documents(&text);
        let expect = &case["expect"];
        let expected = expect["results"].as_array().cloned().unwrap_or_default();
        let fatal = expect["fatal"].is_string();
        if (found.len() != expected.len() && !fatal) || found.len() < expected.len() {
            return Err(format!("{found:?}, expected {expect}").into());
        }
        for (found, expected) in found.iter().zip(&expected) {
            let is_equal = match (&found.content, expected.get("value")) {
                (Ok(found), Some(value)) => is_same(found, value),
                (Ok(found), None) => !found.is_object(),
                (Err(_), value) => value.is_none(),
            };
            if !is_equal {
                return Err(format!("{:?}, expected {expected}", found.content).into());
            }
        }
        let next = found.get(expected.len());
        if fatal && next.is_none_or(|document| document.content.is_ok()) {
            return Err(format!("{next:?}, expected {}", expect["fatal"]).into());
        }
        Ok(fatal.then_some("an exception costs its document, not the rest of the file"))
    })
}

fn decoded(base64: &str) -> Vec<u8> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits: Vec<usize> = base64
        .chars()
        .filter_map(|digit| ALPHABET.find(digit))
        .collect();
    let bits: Vec<bool> = digits
        .iter()
        .flat_map(|digit| (0..6).rev().map(move |bit| digit >> bit & 1 == 1))
        .collect();
    let byte = |bits: &[bool]| bits.iter().fold(0, |byte, bit| byte << 1 | u8::from(*bit));
    bits.chunks_exact(8).map(byte).collect()
}

/// Cases whose options ask for what this tool does not do on purpose, by the name of the deviation.
fn tree_deviation(case: &Value) -> Option<&'static str> {
    let options = &case["input"]["options"];
    if options["rules"] == "config" {
        return Some("all kinds are allowed: rules belong to an app-config");
    }
    if options["externalPlaceholders"] == "stub" {
        return Some("remote placeholders are errors, never stubs");
    }
    if options["engine"] == "model" {
        return Some("superset");
    }
    match case["name"].as_str() {
        Some("openapi placeholder without the module") => {
            Some("the openapi module is always there")
        }
        _ => None,
    }
}

/// Annotations that Backstage adds and we do not.
const ADDED: &[&str] = &[
    "backstage.io/managed-by-location",
    "backstage.io/managed-by-origin-location",
    "backstage.io/view-url",
    "backstage.io/edit-url",
    "backstage.io/source-location",
];

#[test]
fn trees() -> Result<()> {
    score("trees", |case| {
        let input = &case["input"];
        let options = &input["options"];
        let files = input["files"].as_object().ok_or("no files")?.iter();
        let files =
            files.map(|(path, text)| (path.clone(), text.as_str().unwrap_or_default().to_owned()));
        let globs = options["globs"]
            .as_array()
            .map_or(vec!["**/catalog-info.yaml"], |globs| {
                globs.iter().filter_map(Value::as_str).collect()
            });
        let globs: Vec<String> = globs.iter().map(|glob| format!("./{glob}")).collect();
        let repository = options["baseUrl"].as_str().unwrap_or(REPOSITORY);
        let mode = if options["isolate"] == true {
            Mode::Tolerant
        } else {
            Mode::Strict
        };
        let reading = read_files(&files.collect(), &globs, repository, mode)?;
        let deviation = tree_deviation(case);
        let difference = entities_differ(&reading, &case["expect"])
            .or_else(|| findings_differ(&reading, &case["expect"]));
        match (difference, deviation) {
            (None, _) => Ok(None),
            (Some(_), Some(deviation)) => Ok(Some(deviation)),
            (Some(difference), None) => Err(difference.into()),
        }
    })
}

fn entities_differ(reading: &Reading, expect: &Value) -> Option<String> {
    let mut found: Vec<Value> = Vec::new();
    for (index, entity) in reading.catalog.entities().iter().enumerate() {
        let relations = reading.catalog.relations(index);
        let relations = relations.map(
            |relation| json!({"type": relation.relation_type, "targetRef": relation.target_ref}),
        );
        let mut value = Value::Object(entity.value.fields());
        without_added(&mut value);
        found.push(json!({
            "entity": value,
            "relations": relations.collect::<Vec<_>>(),
            "file": reading.sources.path(entity.origin.file).as_str(),
            "document": entity.origin.document,
        }));
    }
    let expected = expect["entities"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|entity| {
            let mut value = entity["entity"].clone();
            without_added(&mut value);
            json!({
                "entity": value,
                "relations": entity["relations"],
                "file": entity["location"]["file"],
                "document": entity["location"]["document"],
            })
        });
    let expected: Vec<Value> = expected.collect();
    let is_same = found.len() == expected.len()
        && found
            .iter()
            .zip(&expected)
            .all(|(found, expected)| is_same(found, expected));
    (!is_same).then(|| {
        format!(
            "{}, expected {}",
            Value::Array(found),
            Value::Array(expected)
        )
    })
}

/// The same entity without what Backstage adds to annotations. Values of the author win there, so that only the keys
/// that Backstage always writes are lost to the comparison.
fn without_added(entity: &mut Value) {
    let Some(metadata) = entity["metadata"].as_object_mut() else {
        return;
    };
    let Some(annotations) = metadata
        .get_mut("annotations")
        .and_then(Value::as_object_mut)
    else {
        return;
    };
    annotations.retain(|key, _| !ADDED.contains(&key.as_str()));
    if annotations.is_empty() {
        metadata.remove("annotations");
    }
}

fn findings_differ(reading: &Reading, expect: &Value) -> Option<String> {
    let errors = errors_of(reading);
    let expected = expect["findings"].as_array().into_iter().flatten();
    let expected: BTreeSet<_> = expected
        .filter(|finding| finding["severity"] == "error")
        .map(|finding| {
            let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
            (text("file"), finding["document"].as_u64(), text("stage"))
        })
        .collect();
    (errors != expected).then(|| format!("errors {errors:?}, expected {expected:?}"))
}
