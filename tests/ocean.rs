//! Mappings mean what they mean to Port: the same questions to the engine of Port's Ocean and to ours.
//!
//! `fixtures/ocean` holds the questions and Ocean's answers. `.ci/oracle` installs Ocean; with it,
//! `UPDATE=1 cargo test --test ocean -- --ignored` writes the answers anew.

#![expect(clippy::print_stdout, reason = "the tables are for people")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::{env, fs, thread};

use backstage2port::backstage::discover::Patterns;
use backstage2port::diagnostic::{Code, Diagnostics};
use backstage2port::map::jq::{Input, Library, with_double_quotes};
use backstage2port::map::{self, Bridge, Owners, Profile};
use backstage2port::{Inputs, Reading, port, yaml};
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Map, Value, json};
use support::{Folder, Result, folders, is_same};

/// Expressions that give something else here, by the name of the difference in `docs/mapping.md`.
const DIFFERENT: &[(&str, &[&str])] = &[
    ("end of the process", &["halt", "\"bye\" | halt_error"]),
    ("clock", &["now | type"]),
    (
        "place in the program",
        &[
            "$__loc__",
            "{$__loc__}",
            "(try error(\"\\($__loc__)\") catch .)",
            "1 as $x | 2 as $y | [$x, $y, $__loc__.line]",
        ],
    ),
    ("list of functions", &["builtins | length > 100"]),
    (
        "alternative destructuring",
        &[
            ". as {\"kind\": $a} ?// [$a] | $a",
            "[[3]] | .[] as [$a] ?// $a | if ($a | type) == \"number\" then $a else error(\"x\") end",
            ". as {$kind, metadata: {$name}} ?// [{k: $kind, v: $name}] | [$kind, $name]",
        ],
    ),
    (
        "several results of a step",
        &["reduce (1, 2, 3) as $x (0; ., $x)"],
    ),
    ("last digits", &["[8 | log2, exp2, exp10]"]),
    (
        "longest matches",
        &["\"aab\" | match(\"a|aa\"; \"l\").length"],
    ),
    ("empty matches", &["gsub(\"\"; \"-\")"]),
    (
        "rest of a date",
        &["\"2024-02-29 x\" | strptime(\"%Y-%m-%d\")"],
    ),
    ("far future", &["1e12 | todate"]),
];

/// What a question gives.
type Answer = Value;

fn read(path: &str) -> Result<String> {
    let text = fs::read_to_string(Utf8Path::new("fixtures/ocean").join(path));
    text.map_err(|error| format!("fixtures/ocean/{path}: {error}").into())
}

fn leaves() -> Result<Vec<String>> {
    let text = read("leaves.jq")?;
    let lines = text.lines().filter(|line| !line.is_empty());
    let leaves: Vec<String> = lines
        .filter(|line| !line.starts_with("# "))
        .map(str::to_owned)
        .collect();
    let unique: BTreeSet<_> = leaves.iter().collect();
    assert_eq!(
        unique.len(),
        leaves.len(),
        "an expression stands there twice"
    );
    assert!(leaves.len() > 700, "only {} expressions", leaves.len());
    Ok(leaves)
}

fn inputs() -> Result<Map<String, Value>> {
    Ok(serde_json::from_str(&read("inputs.json")?)?)
}

/// The resources of `resources.json` as a mapping has them, by what they are about.
fn resources() -> Result<Vec<(String, Value)>> {
    let cases: Vec<Value> = serde_json::from_str(&read("resources.json")?)?;
    let resources = cases.into_iter().map(|case| {
        let mut mappings = json!({"identifier": ".metadata.name", "blueprint": "\"b\""});
        for (key, value) in case["mappings"].as_object().ok_or("mappings")? {
            mappings[key] = value.clone();
        }
        let mut port = json!({"entity": {"mappings": mappings}});
        for (from, to) in [
            ("items", "itemsToParse"),
            ("name", "itemsToParseName"),
            ("transform", "itemsToParseTopLevelTransform"),
        ] {
            if let Some(value) = case.get(from) {
                port[to] = value.clone();
            }
        }
        let query = case.get("selector").cloned().unwrap_or(json!("true"));
        let about = case["about"].as_str().ok_or("about")?.to_owned();
        Ok((
            about,
            json!({"kind": "Component", "selector": {"query": query}, "port": port}),
        ))
    });
    resources.collect()
}

/// Texts with single quotes, as people write them and as nobody does.
const QUOTES: &[&str] = &[
    "'component'",
    ".a // 'b c' ",
    "\"it's\"",
    "\"dogs' \"",
    "'a' 'b'",
    "''",
    "' '",
    "'",
    "(.a == 'b')",
    "'a'|'b'",
    "'a\"b'",
    "\"'a'\"",
    "'\"a\"'",
    " '\ta' ",
    "a 'b'\n'c'",
    "'é' + 'ü'",
    "if .a == 'x' then 'y' else 'z' end",
    "'it''s'",
    "'a'\u{a0}'b'",
    "'' ''",
];

/// Where the oracle is, if it is installed.
fn oracle() -> Result<Utf8PathBuf> {
    // Beside the binary: wherever cargo was told to build.
    let target = Utf8Path::new(env!("CARGO_BIN_EXE_backstage2port"));
    let target = target.ancestors().nth(2).ok_or("no target folder")?;
    let oracle = target.join("oracle/ocean");
    if !oracle.join(".ocean/port_ocean").is_dir() {
        return Err("Port's Ocean is not installed: run .ci/oracle".into());
    }
    Ok(oracle)
}

/// Whether the sources of the oracle are there; without them nothing can be installed.
fn shared() -> Result<Option<Utf8PathBuf>> {
    let shared = Utf8PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../shared");
    if shared.is_dir() {
        return Ok(Some(shared));
    }
    println!("skipped: ../shared is not there");
    Ok(None)
}

/// Ocean's answers, one for each question.
fn ask(questions: &[Value]) -> Result<Vec<Answer>> {
    let oracle = oracle()?;
    let mut child = Command::new(oracle.join(".venv/bin/python"))
        .arg(".ci/ocean.py")
        .arg(&oracle)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut stdin = child.stdin.take().ok_or("no standard input")?;
    let mut text = String::new();
    for question in questions {
        text += &question.to_string();
        text += "\n";
    }
    // While answers are read, so that neither pipe fills up.
    let writer = thread::spawn(move || stdin.write_all(text.as_bytes()));
    let output = child.wait_with_output()?;
    writer
        .join()
        .map_err(|_| "the questions were not written")??;
    if !output.status.success() {
        return Err(format!("the oracle failed: {}", output.status).into());
    }
    let answers = String::from_utf8(output.stdout)?;
    let answers = answers.lines().map(serde_json::from_str);
    let answers: Vec<Answer> = answers.collect::<std::result::Result<_, _>>()?;
    assert_eq!(answers.len(), questions.len());
    Ok(answers)
}

/// The questions of the fixtures, in the order of their answers.
fn questions() -> Result<Vec<Value>> {
    let inputs = inputs()?;
    let mut questions = Vec::new();
    for leaf in leaves()? {
        questions.extend(
            inputs
                .values()
                .map(|input| json!({"leaf": leaf, "input": input})),
        );
    }
    let folder = component()?;
    let input = input_of(&folder)?;
    for (_, resource) in resources()? {
        questions.push(json!({"resource": resource, "input": input}));
    }
    questions.extend(QUOTES.iter().map(|text| json!({"quotes": text})));
    Ok(questions)
}

/// The recorded answers in the order of [`questions`]; those of one expression stand in one line.
fn recorded() -> Result<Vec<Answer>> {
    let lines: Vec<Vec<Answer>> = serde_json::from_str(&read("answers.json")?)?;
    Ok(lines.into_iter().flatten().collect())
}

fn record(answers: &[Answer]) -> Result<()> {
    let per_leaf = inputs()?.len();
    let count = leaves()?.len() * per_leaf;
    let (of_leaves, others) = answers.split_at(count);
    let lines = of_leaves.chunks(per_leaf).chain(others.chunks(1));
    let lines: Vec<String> = lines.map(|line| json!(line).to_string()).collect();
    let text = format!("[\n{}\n]\n", lines.join(",\n"));
    Ok(fs::write("fixtures/ocean/answers.json", text)?)
}

/// An answer with messages left out, which are nobody's data.
fn essence(answer: &Answer) -> Value {
    match answer.get("failed") {
        Some(Value::String(_)) => json!("failed"),
        _ => answer.clone(),
    }
}

#[test]
#[ignore = "needs ../shared and what .ci/oracle installs"]
fn the_recorded_answers_are_those_of_ocean() -> Result<()> {
    if shared()?.is_none() {
        return Ok(());
    }
    let questions = questions()?;
    let answers = ask(&questions)?;
    if env::var_os("UPDATE").is_some() {
        record(&answers)?;
    }
    let recorded = recorded()?;
    assert_eq!(
        recorded.len(),
        answers.len(),
        "UPDATE=1 writes answers.json"
    );
    let different = questions.iter().zip(answers.iter().zip(&recorded));
    let different: Vec<_> = different
        .filter(|(_, (answer, recorded))| !is_same(&essence(answer), &essence(recorded)))
        .map(|(question, _)| question)
        .collect();
    assert!(
        different.is_empty(),
        "UPDATE=1 writes answers.json: {different:#?}"
    );
    println!("{} answers of Ocean are as recorded", answers.len());
    Ok(())
}

#[test]
fn expressions_give_what_they_give_to_ocean() -> Result<()> {
    let library = Library::new("")?;
    let inputs = inputs()?;
    let mut answers = recorded()?.into_iter();
    let mut faults = Vec::new();
    let mut different = BTreeSet::new();
    for leaf in leaves()? {
        let program = library.compile(&with_double_quotes(&leaf));
        for (name, input) in &inputs {
            let theirs = essence(&answers.next().ok_or("UPDATE=1 writes answers.json")?);
            let value = program.as_ref().map_err(Clone::clone);
            let value = value.and_then(|program| program.first(&Input::new(input.clone())));
            let ours = value.map_or(json!("failed"), |value| json!({"value": value}));
            if is_same(&ours, &theirs) {
                continue;
            }
            if DIFFERENT
                .iter()
                .any(|(_, leaves)| leaves.contains(&leaf.as_str()))
            {
                different.insert(leaf.clone());
            } else {
                faults.push(format!(
                    "{leaf} over {name}\n  ours   {ours}\n  theirs {theirs}"
                ));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    // A difference that is gone has no place in the list.
    let listed = DIFFERENT.iter().flat_map(|(_, leaves)| *leaves);
    let listed: BTreeSet<String> = listed.map(|leaf| (*leaf).to_owned()).collect();
    assert_eq!(different, listed);
    Ok(())
}

#[test]
fn every_difference_is_documented() -> Result<()> {
    let documentation = fs::read_to_string("docs/mapping.md")?;
    for (name, _) in DIFFERENT {
        assert!(documentation.contains(&format!("| {name} |")), "{name}");
    }
    for count in [
        format!("({} expressions over", leaves()?.len()),
        format!("{} resources and", resources()?.len()),
        format!("and {} texts", QUOTES.len()),
    ] {
        assert!(
            documentation.contains(&count),
            "docs/mapping.md does not say `{count}`"
        );
    }
    Ok(())
}

#[test]
fn single_quotes_become_what_they_become_to_ocean() -> Result<()> {
    let recorded = recorded()?;
    let answers = &recorded[recorded.len() - QUOTES.len()..];
    for (text, theirs) in QUOTES.iter().zip(answers) {
        assert_eq!(
            json!({"value": with_double_quotes(text)}),
            *theirs,
            "{text}"
        );
    }
    Ok(())
}

/// A folder with the one descriptor that resources are asked for.
fn component() -> Result<Folder> {
    Folder::with([("catalog-info.yaml", read("component.yaml")?.as_str())])
}

fn reading(folder: &Utf8Path, include: &[&str]) -> Result<Reading> {
    let include: Vec<String> = include.iter().map(|&glob| glob.to_owned()).collect();
    Ok(backstage2port::catalog(Inputs {
        patterns: Patterns::new(&include, &[])?,
        ..support::inputs(folder)?
    })?)
}

fn input_of(folder: &Folder) -> Result<Value> {
    let reading = reading(&folder.path, &[])?;
    let profile = Profile::load("c4")?;
    Ok(bridge(&reading, &profile).seen(0))
}

fn bridge<'a>(reading: &'a Reading, profile: &'a Profile) -> Bridge<'a> {
    Bridge {
        catalog: &reading.catalog,
        references: None,
        profile,
        owners: Owners::AsStated,
        sources: &reading.sources,
    }
}

/// The entities a profile makes, as Ocean says them, and the findings.
fn mapped(reading: &Reading, profile: &Profile) -> Result<(Vec<Value>, Diagnostics)> {
    let mut diagnostics = Diagnostics::default();
    let mapped = map::catalog(bridge(reading, profile), &mut diagnostics)?;
    Ok((
        mapped
            .entities
            .iter()
            .map(|entity| said(&entity.unpacked()))
            .collect(),
        diagnostics,
    ))
}

fn said(entity: &port::Entity) -> Value {
    let optional = |text: &Option<String>| text.clone().map_or(Value::Null, Value::from);
    json!({
        "identifier": entity.identifier, "blueprint": entity.blueprint,
        "title": optional(&entity.title), "icon": optional(&entity.icon), "team": entity.team,
        "properties": entity.properties, "relations": entity.relations,
    })
}

/// What Ocean says of an entity, with what it sends as null left out, and identifiers as texts.
fn as_said(entity: &Value) -> Value {
    let map = |key: &str| -> Value {
        let members = entity[key].as_object().into_iter().flatten();
        let members = members.filter(|(_, value)| !value.is_null());
        members
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    };
    let text = |value: &Value| match value {
        Value::Number(_) | Value::Bool(_) => Value::from(value.to_string()),
        value => value.clone(),
    };
    json!({
        "identifier": text(&entity["identifier"]), "blueprint": text(&entity["blueprint"]),
        "title": entity["title"], "icon": entity["icon"], "team": entity["team"],
        "properties": map("properties"), "relations": map("relations"),
    })
}

#[test]
fn resources_make_what_they_make_to_ocean() -> Result<()> {
    let blueprint = |id: &str| {
        json!({"identifier": id, "title": "B", "schema": {"properties": {
            "p": {"type": "string"}, "q": {"type": "string"}, "o": {"type": "object"}}},
            "relations": {"r": {"target": "b", "many": true, "required": false}}})
    };
    let folder = component()?;
    let reading = reading(&folder.path, &[])?;
    let recorded = recorded()?;
    let resources = resources()?;
    let answers = &recorded[recorded.len() - QUOTES.len() - resources.len()..];
    for ((about, resource), theirs) in resources.into_iter().zip(answers) {
        let blueprints = json!([blueprint("b"), blueprint("other")]).to_string();
        let mapping = json!({"resources": [resource]}).to_string();
        let folder = Folder::with([
            ("blueprints.yaml", blueprints.as_str()),
            ("mapping.yaml", mapping.as_str()),
        ])?;
        let profile =
            Profile::from_folder(&folder.path).map_err(|error| format!("{about}: {error}"))?;
        let (ours, diagnostics) = mapped(&reading, &profile)?;
        let entities = theirs["entities"].as_array().ok_or("no entities")?;
        let expected: Vec<Value> = entities.iter().map(as_said).collect();
        assert!(
            is_same(&json!(ours), &json!(expected)),
            "{about}:\n  ours   {}\n  theirs {}",
            json!(ours),
            json!(expected)
        );
        // A selector that Ocean raises at is an error here.
        let is_refused = diagnostics.iter().any(|found| {
            found.code == Code::UnmappedEntity && found.message.contains("`selector.query`")
        });
        assert_eq!(is_refused, theirs["failed"] != json!(0), "{about}");
    }
    Ok(())
}

/// Every file that could be a descriptor, as in `tests/corpus.rs`.
const EVERY: &[&str] = &["*.yaml", "*.yml", "*.json"];

#[test]
#[ignore = "needs ../shared and what .ci/oracle installs"]
fn the_corpus_becomes_what_ocean_makes_of_it() -> Result<()> {
    let Some(shared) = shared()? else {
        return Ok(());
    };
    let profile = Profile::from_folder("fixtures/ocean/backstage".into())?;
    let mapping = yaml::documents(&read("backstage/mapping.yaml")?).swap_remove(0);
    let mapping = mapping.content.map_err(|errors| format!("{errors:?}"))?;
    let resources = mapping["resources"].as_array().ok_or("no resources")?;
    let corpus = shared.join("corpus");
    let mut roots = folders(&corpus)?;
    roots.retain(|folder| folder.file_name() != Some("_oddities"));
    roots.extend(folders(&corpus.join("_oddities"))?);
    let (mut questions, mut ours) = (Vec::new(), Vec::new());
    for root in roots {
        let reading = reading(&root, EVERY)?;
        for (index, entity) in reading.catalog.entities().iter().enumerate() {
            let kind = entity.entity_ref.kind.to_lowercase();
            for resource in resources
                .iter()
                .filter(|resource| resource["kind"] == *kind)
            {
                let input = bridge(&reading, &profile).seen(index);
                questions.push(json!({"resource": resource, "input": input}));
            }
        }
        ours.extend(mapped(&reading, &profile)?.0);
    }
    let mut theirs = Vec::new();
    for answer in ask(&questions)? {
        assert_eq!(answer["failed"], json!(0));
        theirs.extend(
            answer["entities"]
                .as_array()
                .ok_or("no entities")?
                .iter()
                .map(as_said),
        );
    }
    assert!(ours.len() > 1000, "only {} entities", ours.len());
    assert_eq!(ours.len(), theirs.len());
    let mut by_blueprint: BTreeMap<String, usize> = BTreeMap::new();
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert!(is_same(ours, theirs), "  ours   {ours}\n  theirs {theirs}");
        *by_blueprint
            .entry(ours["blueprint"].to_string())
            .or_default() += 1;
    }
    println!(
        "Ocean and we make the same {} entities of the corpus: {by_blueprint:?}",
        ours.len()
    );
    Ok(())
}
