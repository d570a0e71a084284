//! Every format of every kind of run.

use std::fs;

use camino::Utf8Path;
use serde_json::Value;

use crate::read::{FORMATS, findings};
use crate::support::git::{commit, git};
use crate::support::{Folder, Result, copy, folders, run};

/// A profile of short expressions: mapping is not what counts here.
const LIGHT: &str = "--profile=ocean";

const FINE: &str = "\
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: checkout}
spec: {type: team, children: []}
";
const COMPONENT: &str = "\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: cart}
spec: {type: service, lifecycle: production, owner: chekout@acme}
";

/// Runs a command with a report of each format in a file. Out: the reports by their formats.
fn reports(cwd: &Utf8Path, arguments: &[&str], code: i32) -> Result<Vec<(&'static str, String)>> {
    let out = Folder::new()?;
    let formats = FORMATS.into_iter().chain(["github-output"]);
    let files: Vec<_> = formats
        .map(|format| (format, out.path.join(format)))
        .collect();
    let options = files
        .iter()
        .map(|(format, file)| format!("--report={format}={file}"));
    let options: Vec<String> = options.collect();
    let mut all = arguments.to_vec();
    all.extend(options.iter().map(String::as_str));
    let told = run(cwd, &all)?;
    assert_eq!(told.code, code, "{arguments:?}: {}", told.shown());
    let read = |(format, file)| Ok((format, fs::read_to_string(file)?));
    files.into_iter().map(read).collect()
}

/// Fails where a report is not what its format promises, or where two tell not the same number of findings. Out: that
/// number.
fn are_sound(reports: &[(&str, String)], what: &str) -> Result<usize> {
    let mut counts = Vec::new();
    for (format, text) in reports {
        assert!(text.is_empty() || text.ends_with('\n'), "{what} {format}");
        let count = findings(format, text).map_err(|fault| format!("{what} {format}: {fault}"))?;
        counts.extend(count);
    }
    counts.dedup();
    match counts[..] {
        [count] => Ok(count),
        _ => Err(format!("{what}: the reports tell {counts:?} findings").into()),
    }
}

fn report<'a>(reports: &'a [(&str, String)], format: &str) -> Result<&'a str> {
    let found = reports.iter().find(|(name, _)| *name == format);
    Ok(found.map(|(_, text)| text.as_str()).ok_or("no report")?)
}

#[test]
fn every_format_tells_every_fixture() -> Result<()> {
    let mut told = 0;
    for case in folders(Utf8Path::new("fixtures"))? {
        let input = case.join("input");
        if !input.is_dir() {
            continue;
        }
        let folder = Folder::new()?;
        copy(&input, &folder.path)?;
        for command in [
            &["validate", "--fail-on=never"][..],
            &["convert", LIGHT, "--dry-run", "--fail-on=never"],
        ] {
            told += are_sound(
                &reports(&folder.path, command, 0)?,
                &format!("{case} {command:?}"),
            )?;
        }
    }
    assert!(told > 50, "{told}");
    Ok(())
}

#[test]
fn every_format_tells_a_publication() -> Result<()> {
    let folder = Folder::with([
        ("catalog-info.yaml", FINE),
        ("cart/catalog-info.yaml", COMPONENT),
    ])?;
    git(&folder.path, &["init", "-q", "-b", "main"])?;
    commit(&folder.path)?;
    let reports = reports(
        &folder.path,
        &["publish", "--author=Kim <kim@example.com>"],
        0,
    )?;
    assert!(are_sound(&reports, "publish")? > 0);
    let json: Value = serde_json::from_str(report(&reports, "json")?)?;
    assert_eq!(json["publish"]["status"], "committed");
    Ok(())
}

#[test]
fn without_descriptors_every_report_is_a_whole_one() -> Result<()> {
    let folder = Folder::new()?;
    git(&folder.path, &["init", "-q", "-b", "main"])?;
    commit(&folder.path)?;
    for command in ["validate", "convert", "publish"] {
        assert_eq!(
            are_sound(&reports(&folder.path, &[command], 3)?, command)?,
            0
        );
    }
    let reports = reports(&folder.path, &["convert", "--allow-empty"], 0)?;
    assert_eq!(are_sound(&reports, "convert --allow-empty")?, 0);
    Ok(())
}

#[test]
fn what_is_printed_is_what_goes_to_files() -> Result<()> {
    let folder = Folder::with([
        ("catalog-info.yaml", FINE),
        ("cart/catalog-info.yaml", COMPONENT),
    ])?;
    for command in [&["validate"][..], &["convert", "--dry-run"]] {
        for (format, text) in reports(&folder.path, command, 0)? {
            let printed = run(&folder.path, &[command, &["--format", format]].concat())?;
            assert_eq!(printed.stdout, text, "{command:?} {format}");
            assert_eq!(printed.stderr, "", "{command:?} {format}");
        }
    }
    Ok(())
}

#[test]
fn a_line_of_the_compact_report_says_it_all() -> Result<()> {
    let folder = Folder::with([
        ("catalog-info.yaml", FINE),
        ("cart/catalog-info.yaml", COMPONENT),
    ])?;
    let told = run(&folder.path, &["validate", "--format=compact"])?;
    assert!(
        told.stdout
            .starts_with("cart/catalog-info.yaml:4:53: warning["),
        "{}",
        told.shown()
    );
    assert!(told.stdout.contains(" - help: "), "{}", told.shown());
    assert_eq!(told.stdout.lines().count(), 1, "{}", told.shown());
    // As editors and `grep` want to open it: from where the user is.
    let told = run(&folder.path, &["validate", "--format=compact", "cart"])?;
    assert!(
        told.stdout.starts_with("cart/catalog-info.yaml:"),
        "{}",
        told.shown()
    );
    Ok(())
}

#[test]
fn a_test_fails_where_its_finding_fails_the_run() -> Result<()> {
    let folder = Folder::with([
        ("catalog-info.yaml", FINE),
        ("cart/catalog-info.yaml", COMPONENT),
    ])?;
    let junit = |arguments: &[&str]| -> Result<String> {
        Ok(run(
            &folder.path,
            &[&["validate", "--format=junit"], arguments].concat(),
        )?
        .stdout)
    };
    let lenient = junit(&[])?;
    assert!(
        lenient.contains(r#"tests="2" failures="0" errors="0""#),
        "{lenient}"
    );
    assert!(
        lenient.contains("<system-out>cart/catalog-info.yaml:4:53: warning["),
        "{lenient}"
    );
    // What was looked at and is fine is seen.
    assert!(
        lenient.contains(r#"<testcase name="no findings" classname="catalog-info.yaml"/>"#),
        "{lenient}"
    );
    let strict = junit(&["--fail-on=warning"])?;
    assert!(
        strict.contains(r#"tests="2" failures="1" errors="0""#),
        "{strict}"
    );
    assert!(
        strict.contains(r#"<failure type="warning" message=""#),
        "{strict}"
    );
    // The exit code is not to tell, so the report has to.
    folder.write("broken/catalog-info.yaml", "kind: Component\n")?;
    let never = junit(&["--fail-on=never"])?;
    assert!(
        never.contains(r#"<failure type="error" message=""#),
        "{never}"
    );
    Ok(())
}

#[test]
fn what_a_check_found_is_told_too() -> Result<()> {
    let folder = Folder::with([("catalog-info.yaml", FINE)])?;
    for (code, junit, markdown) in [
        (
            1,
            r#"<failure type="drift" message=""#,
            "are not what their descriptors say:** run",
        ),
        (
            0,
            r#"<testcase name="no drift" classname="manifests"/>"#,
            "**No findings** in 1 entity.\n",
        ),
    ] {
        let reports = reports(&folder.path, &["convert", "--check"], code)?;
        let told = report(&reports, "junit")?;
        assert!(told.contains(junit), "{told}");
        let told = report(&reports, "markdown")?;
        assert!(told.contains(markdown), "{told}");
        assert!(!told.contains("unchanged"), "{told}");
        are_sound(&reports, "convert --check")?;
        run(&folder.path, &["convert"])?;
    }
    Ok(())
}

#[test]
fn a_comment_begins_with_the_worst_and_is_never_too_long() -> Result<()> {
    let folder = Folder::with([
        ("a/catalog-info.yaml", COMPONENT),
        ("b/catalog-info.yaml", "kind: Component\n"),
    ])?;
    let told = run(&folder.path, &["validate", "--format=markdown"])?;
    let (a, b) = (told.stdout.find("#### `a/"), told.stdout.find("#### `b/"));
    assert!(b.is_some() && b < a, "{}", told.shown());
    for number in 0..1000 {
        let name = format!("name: cart-{number}");
        let path = format!("c/{number}/catalog-info.yaml");
        folder.write(&path, &COMPONENT.replace("name: cart", &name))?;
    }
    let told = run(&folder.path, &["validate", "--format=markdown"])?;
    findings("markdown", &told.stdout)?;
    assert!(
        told.stdout.starts_with("**1 error and 1001 warnings**"),
        "{}",
        &told.stdout[..80]
    );
    assert!(
        told.stdout.ends_with(" more findings\n"),
        "{}",
        told.stdout.len()
    );
    assert!(told.stdout.encode_utf16().count() > 50_000);
    Ok(())
}
