//! Every `fixtures/<case>/input`, converted by the binary in a copy, against `fixtures/<case>/expected`: the manifests and
//! `report.txt`, which is what the run said and its exit code. A case may have `arguments`, in one line. `UPDATE=1 cargo test --test fixtures` writes what comes out.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::{env, fs};

use camino::{Utf8Path, Utf8PathBuf};
use support::{Folder, Result, copy, folders, run, tree, write};

/// The arguments of a case.
fn arguments(case: &Utf8Path) -> String {
    let more = fs::read_to_string(case.join("arguments")).unwrap_or_default();
    format!("convert . --verbose {more}").trim_end().to_owned()
}

/// The manifests of a case and `report.txt`.
fn converted(input: &Utf8Path, arguments: &str) -> Result<BTreeMap<Utf8PathBuf, Vec<u8>>> {
    let folder = Folder::new()?;
    copy(input, &folder.path)?;
    let before = tree(&folder.path)?;
    let run = run(&folder.path, &arguments.split(' ').collect::<Vec<_>>())?;
    let report = format!(
        "$ backstage2port {arguments}\n{}{}exit code {}\n",
        run.stdout, run.stderr, run.code
    );
    assert!(
        !report.contains(folder.path.as_str()),
        "{input}: the report holds the path of the machine's folder:\n{report}"
    );
    let mut after = tree(&folder.path)?;
    for (path, bytes) in before {
        assert_eq!(
            after.remove(&path),
            Some(bytes),
            "{input}: {path} was changed"
        );
    }
    after.insert("report.txt".into(), report.into_bytes());
    Ok(after)
}

/// What differs between two trees, a line for each line of text; empty for equal trees.
fn difference(
    expected: &BTreeMap<Utf8PathBuf, Vec<u8>>,
    actual: &BTreeMap<Utf8PathBuf, Vec<u8>>,
) -> String {
    let mut text = String::new();
    let paths: BTreeSet<_> = expected.keys().chain(actual.keys()).collect();
    for path in paths {
        match (expected.get(path), actual.get(path)) {
            (Some(expected), Some(actual)) if expected == actual => {}
            (Some(expected), Some(actual)) => {
                let expected = String::from_utf8_lossy(expected);
                let actual = String::from_utf8_lossy(actual);
                let mut pairs = expected.lines().zip(actual.lines()).enumerate();
                let first = pairs.find(|(_, (expected, actual))| expected != actual);
                let _ = match first {
                    Some((index, (expected, actual))) => writeln!(
                        text,
                        "{path}:{}\n  expected: {expected}\n  actual:   {actual}",
                        index + 1
                    ),
                    None => writeln!(text, "{path}: one is longer, or differs in line ends"),
                };
            }
            (expected, _) => {
                let fault = expected.map_or("was not expected", |_| "was not written");
                let _ = writeln!(text, "{path}: {fault}");
            }
        }
    }
    text
}

#[test]
fn every_fixture_converts_as_expected() -> Result<()> {
    let mut differences = String::new();
    let mut cases = 0;
    for case in folders(Utf8Path::new("fixtures"))? {
        let input = case.join("input");
        if !input.is_dir() {
            continue;
        }
        cases += 1;
        let actual = converted(&input, &arguments(&case))?;
        let expected = case.join("expected");
        if env::var_os("UPDATE").is_some() {
            if expected.is_dir() {
                fs::remove_dir_all(&expected)?;
            }
            for (path, bytes) in &actual {
                write(&expected.join(path), bytes)?;
            }
        }
        // Equal in both directions: a manifest nobody expected is a bug too.
        let difference = difference(&tree(&expected)?, &actual);
        if !difference.is_empty() {
            let _ = write!(differences, "--- {case}\n{difference}");
        }
    }
    assert!(cases > 0, "no fixtures");
    assert!(
        differences.is_empty(),
        "{differences}UPDATE=1 rewrites expected/"
    );
    Ok(())
}

#[test]
fn every_fixture_converts_a_second_time_without_a_change() -> Result<()> {
    for case in folders(Utf8Path::new("fixtures"))? {
        if !case.join("input").is_dir() {
            continue;
        }
        let folder = Folder::new()?;
        copy(&case.join("input"), &folder.path)?;
        let arguments = arguments(&case);
        let arguments: Vec<_> = arguments.split(' ').collect();
        let first = run(&folder.path, &arguments)?;
        let before = tree(&folder.path)?;
        let second = run(&folder.path, &arguments)?;
        assert_eq!(before, tree(&folder.path)?, "{case}");
        assert_eq!(first.code, second.code, "{case}: {}", second.shown());
        assert!(
            second.stdout.contains("Wrote nothing"),
            "{case}: {}",
            second.shown()
        );
    }
    Ok(())
}
