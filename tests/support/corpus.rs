//! The public repositories in `../shared/corpus`, and what the real Backstage packages make of them.
//!
//! `.ci/oracle` installs the packages; their answers are kept below `target/oracle/answers`.

#![allow(clippy::print_stdout, reason = "a test that is skipped says so")]

use std::collections::BTreeMap;
use std::process::Command;
use std::{env, fs};

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Value, json};

use super::{Result, folders, write};

/// Which files a folder is read from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start {
    pub(crate) name: &'static str,
    /// For the oracle, whose globs look into hidden folders only where they name one.
    pub(crate) globs: &'static [&'static str],
    /// For us; none means the default patterns.
    pub(crate) include: &'static [&'static str],
}

/// The files that our default patterns name.
pub(crate) const USUAL: Start = Start {
    name: "usual",
    globs: &[
        "**/catalog-info.{yaml,yml,json}",
        "**/*.catalog-info.{yaml,yml}",
        "**/.backstage/*.yaml",
    ],
    include: &[],
};
/// Every file that could be a descriptor: most of the corpus has names of its own and is registered one by one.
pub(crate) const EVERY: Start = Start {
    name: "every",
    globs: &[
        "**/*.{yaml,yml,json}",
        "**/.*.{yaml,yml,json}",
        "**/.backstage/**/*.{yaml,yml,json}",
    ],
    include: &["*.yaml", "*.yml", "*.json"],
};

/// The folder beside the project, if it is there.
pub(crate) fn shared() -> Result<Option<Utf8PathBuf>> {
    let shared = Utf8PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../shared");
    if shared.join("corpus").is_dir() {
        return Ok(Some(shared));
    }
    println!("skipped: ../shared is not there");
    Ok(None)
}

/// The folders of the corpus and their names: each repository, and each of the oddities.
pub(crate) fn corpus(shared: &Utf8Path) -> Result<Vec<(String, Utf8PathBuf)>> {
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
pub(crate) type Entities = BTreeMap<String, Value>;

/// What the real Backstage packages make of a folder.
pub(crate) fn oracle(start: Start, name: &str, folder: &Utf8Path) -> Result<Entities> {
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
