//! What the real Backstage packages answer, case by case (`fixtures/conformance`), against what we make of the same
//! input.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;

use backstage2port::backstage::EntityRef;
use backstage2port::backstage::discover::Patterns;
use backstage2port::diagnostic::{Code, Severity};
use backstage2port::source::Root;
use backstage2port::{Dumps, Inputs, Reading, yaml};
use camino::Utf8Path;
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn table(name: &str) -> Result<Vec<Value>> {
    let text = fs::read_to_string(format!("fixtures/conformance/{name}.json"))?;
    let table: Value = serde_json::from_str(&text)?;
    Ok(table["cases"].as_array().cloned().unwrap_or_default())
}

/// Runs every case of a table; prints the score and the cases that differ.
fn score(name: &str, expected_failures: usize, check: impl Fn(&Value) -> Result<()>) -> Result<()> {
    let cases = table(name)?;
    let mut failures = Vec::new();
    for case in &cases {
        if let Err(why) = check(case) {
            failures.push(format!("{}: {why}", case["name"]));
        }
    }
    println!(
        "{name}: {} of {}",
        cases.len() - failures.len(),
        cases.len()
    );
    for failure in &failures {
        println!("  {failure}");
    }
    assert!(
        failures.len() <= expected_failures,
        "{name}: {} cases differ, {expected_failures} are known to",
        failures.len()
    );
    Ok(())
}

fn read_files(files: &BTreeMap<String, String>, include: &[String]) -> Result<Reading> {
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
            repository: Some("https://github.com/example/repo/tree/main".to_owned()),
        }],
        patterns: Patterns::new(include, &[])?,
        dumps: Dumps::default(),
    })?)
}

fn read_documents(documents: &[Value]) -> Result<Reading> {
    let text: Vec<String> = documents
        .iter()
        .map(|document| format!("---\n{document}\n"))
        .collect();
    read_files(
        &BTreeMap::from([("catalog-info.yaml".to_owned(), text.concat())]),
        &[],
    )
}

/// The first error of a run: stage and field.
fn first_error(reading: &Reading) -> Option<(&'static str, String)> {
    let found = reading
        .diagnostics
        .iter()
        .find(|found| found.severity == Severity::Error || found.code == Code::CustomKind)?;
    let stage = match found.code {
        Code::YamlSyntax | Code::NotAnEntity => "yaml",
        Code::InvalidEnvelope => "envelope",
        Code::InvalidField | Code::UnknownRootField => "policy",
        Code::InvalidSpec | Code::CustomKind => "kind",
        Code::InvalidReference => "relations",
        Code::UnresolvedPlaceholder | Code::RemotePlaceholder | Code::OutsideRoot => "placeholder",
        Code::LocationType => "location",
        code => code.id(),
    };
    let field = found
        .location
        .as_ref()
        .and_then(|location| location.place.field());
    Some((stage, field.map(ToString::to_string).unwrap_or_default()))
}

fn check_single(case: &Value) -> Result<()> {
    let entity = &case["input"]["entity"];
    let reading = match case["input"]["yaml"].as_str() {
        Some(text) => read_files(
            &BTreeMap::from([("catalog-info.yaml".to_owned(), text.to_owned())]),
            &[],
        )?,
        None => read_documents(std::slice::from_ref(entity))?,
    };
    let expect = &case["expect"];
    // The superset of both engines: the kinds that only the model engine knows are taken as it takes them.
    let is_model_kind = entity["kind"] == "AiResource" || entity["spec"]["type"] == "mcp-server";
    let model_accepts = is_model_kind && case["expect_model"]["valid"] == true;
    match (
        first_error(&reading),
        expect["valid"] == true || model_accepts,
    ) {
        (None, true) => {
            let found = reading
                .catalog
                .entities()
                .first()
                .map(|entity| entity.entity_ref.canonical());
            let expected = expect["entityRef"]
                .as_str()
                .or(case["expect_model"]["entityRef"].as_str());
            if found.as_deref() != expected {
                return Err(format!("entity {found:?}, expected {expected:?}").into());
            }
            Ok(())
        }
        (Some((stage, field)), false) => {
            if expect["stage"] != stage {
                return Err(
                    format!("stage {stage} ({field}), expected {}", expect["stage"]).into(),
                );
            }
            let expected = expect["field"].as_str();
            if stage != "kind" || expected.is_some() {
                let is_model_field = is_model_kind && expected == Some("spec.definition");
                if let Some(expected) = expected
                    && expected != field
                    && !is_model_field
                {
                    return Err(format!("field {field}, expected {expected}").into());
                }
            }
            Ok(())
        }
        (Some(error), true) => Err(format!("refused: {error:?}").into()),
        (None, false) => Err(format!("accepted, expected {expect}").into()),
    }
}

#[test]
fn envelope() -> Result<()> {
    score("envelope", 0, check_single)
}

#[test]
fn kinds() -> Result<()> {
    score("kinds", 0, check_single)
}

#[test]
fn refs() -> Result<()> {
    score("refs", 25, |case| {
        let input = &case["input"];
        let expect = &case["expect"];
        let context = &input["context"];
        let kind = context["defaultKind"].as_str();
        let namespace = context["defaultNamespace"].as_str().unwrap_or("default");
        let parsed = match (&input["op"], &input["ref"]) {
            (op, Value::String(text)) if op == "parse" => EntityRef::parse(text, kind, namespace),
            (op, Value::Object(parts)) if op == "parse" || op == "stringify" => {
                EntityRef::from_parts(parts, kind, namespace)
            }
            _ => return Err("not applicable".into()),
        };
        match (parsed, expect["valid"] == true) {
            (Ok(parsed), true) => {
                if input["op"] == "parse" {
                    let spelled = json!([parsed.kind, parsed.namespace, parsed.name]);
                    let expected = json!([expect["kind"], expect["namespace"], expect["name"]]);
                    if spelled != expected {
                        return Err(format!("{spelled}, expected {expected}").into());
                    }
                }
                if expect["string"] != parsed.canonical() {
                    return Err(
                        format!("{}, expected {}", parsed.canonical(), expect["string"]).into(),
                    );
                }
                Ok(())
            }
            (Err(_), false) => Ok(()),
            (parsed, _) => Err(format!("{parsed:?}, expected {expect}").into()),
        }
    })
}

#[test]
fn relations() -> Result<()> {
    score("relations", 0, |case| {
        let input = &case["input"];
        let reading = match input["yaml"].as_str() {
            Some(text) => read_files(
                &BTreeMap::from([("catalog-info.yaml".to_owned(), text.to_owned())]),
                &[],
            )?,
            None => read_documents(input["documents"].as_array().ok_or("no documents")?)?,
        };
        let found = relations_of(&reading);
        let expect = &case["expect"]["relations"];
        if found == *expect || found == case["expect_model"]["relations"] {
            return Ok(());
        }
        Err(format!("{found}, expected {expect}").into())
    })
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
    score("yaml", 13, |case| {
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
                (Ok(found), Some(value)) => same(found, value),
                (Ok(found), None) => !found.is_object(),
                (Err(_), value) => value.is_none(),
            };
            if !is_equal {
                return Err(format!("{:?}, expected {expected}", found.content).into());
            }
        }
        let next = found.get(expected.len());
        if fatal && !next.is_some_and(|document| document.content.is_err()) {
            return Err(format!("{next:?}, expected {}", expect["fatal"]).into());
        }
        Ok(())
    })
}

/// Equality of JSON with numbers compared as doubles, which is what they are in JavaScript.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        (a, b) => a == b,
    }
}

fn decoded(base64: &str) -> Vec<u8> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits: Vec<usize> = base64
        .chars()
        .filter_map(|digit| ALPHABET.find(digit))
        .collect();
    let bits: String = digits.iter().map(|digit| format!("{digit:06b}")).collect();
    let bytes = bits.as_bytes().chunks_exact(8);
    bytes
        .filter_map(|byte| u8::from_str_radix(std::str::from_utf8(byte).ok()?, 2).ok())
        .collect()
}

#[test]
fn trees() -> Result<()> {
    score("trees", 36, |case| {
        let files = case["input"]["files"].as_object().ok_or("no files")?;
        let files = files
            .iter()
            .map(|(path, text)| (path.clone(), text.as_str().unwrap_or_default().to_owned()))
            .collect();
        let globs = case["input"]["options"]["globs"].as_array();
        let globs = globs.map_or(vec!["catalog-info.yaml".to_owned()], |globs| {
            globs
                .iter()
                .filter_map(Value::as_str)
                .map(|glob| format!("./{glob}"))
                .collect()
        });
        let reading = read_files(&files, &globs)?;
        let found = relations_of(&reading);
        let expected: serde_json::Map<String, Value> = case["expect"]["entities"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|entity| {
                let relations = entity["relations"].as_array().into_iter().flatten();
                let pairs =
                    relations.map(|relation| json!([relation["type"], relation["targetRef"]]));
                (
                    entity["entityRef"].as_str().unwrap_or_default().to_owned(),
                    pairs.collect(),
                )
            })
            .collect();
        if found == Value::Object(expected.clone()) {
            return Ok(());
        }
        Err(format!("{found}, expected {}", Value::Object(expected)).into())
    })
}
