//! What is printed and what goes to files.

use std::fs;

use camino::Utf8Path;
use serde_json::Value;

use crate::support::{Folder, Result, copy, run};

const COMPONENT: &str = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: cart\nspec:\n  type: service\n  lifecycle: production\n  owner: nobody@acme\n";

fn repository() -> Result<Folder> {
    let folder = Folder::with([("services/cart/catalog-info.yaml", COMPONENT)])?;
    git2::Repository::init(&folder.path)?;
    Ok(folder)
}

#[test]
fn a_finding_becomes_an_annotation_at_its_line() -> Result<()> {
    let folder = repository()?;
    let validated = run(&folder.path, &["validate", "--format", "github"])?;
    assert_eq!(validated.code, 0, "{}", validated.shown());
    let annotations: Vec<&str> = validated.stdout.lines().collect();
    assert_eq!(annotations.len(), 1, "{}", validated.shown());
    assert!(
        annotations[0].starts_with(
            "::warning file=services/cart/catalog-info.yaml,line=8,endLine=8,col=10,title=unknown-owner::"
        ),
        "{}",
        validated.shown()
    );
    Ok(())
}

#[test]
fn annotations_name_files_from_the_top_of_their_repository() -> Result<()> {
    let folder = repository()?;
    let paths = [
        ("", "services"),
        ("services", "."),
        ("", folder.path.as_str()),
    ];
    for (cwd, root) in paths {
        let cwd = folder.path.join(cwd);
        let validated = run(&cwd, &["validate", "--format", "github", root])?;
        assert!(
            validated
                .stdout
                .contains("file=services/cart/catalog-info.yaml,"),
            "{root}: {}",
            validated.shown()
        );
    }
    Ok(())
}

#[test]
fn no_line_of_a_descriptor_becomes_a_command() -> Result<()> {
    let hostile =
        "\"x%0A::set-output name=a::b\\n::add-mask::1\\r::error::2\\u2028##[add-path]/tmp\"";
    let folder = Folder::with([(
        "a,b:c%25/catalog-info.yaml",
        COMPONENT.replace("nobody@acme", hostile).as_str(),
    )])?;
    let validated = run(&folder.path, &["validate", "--format", "github"])?;
    assert!(!validated.stdout.is_empty(), "{}", validated.shown());
    for line in validated.stdout.lines() {
        let rest = line
            .strip_prefix("::error ")
            .or_else(|| line.strip_prefix("::warning "))
            .ok_or_else(|| format!("no annotation: {line}"))?;
        let (properties, message) = rest.split_once("::").ok_or("no data")?;
        assert!(
            properties.starts_with("file=a%2Cb%3Ac%2525/catalog-info.yaml,line=8,"),
            "{properties}"
        );
        assert!(message.contains("x%250a::set-output"), "{message}");
        assert!(!line.chars().any(char::is_control), "{line:?}");
        assert!(!line.contains('\u{2028}'), "{line:?}");
    }
    Ok(())
}

#[test]
fn the_worst_findings_come_first_and_no_more_than_github_shows() -> Result<()> {
    let folder = Folder::new()?;
    for number in 0..12 {
        let path = format!("{number:02}/catalog-info.yaml");
        let name = format!("name: cart-{number}");
        folder.write(&path, &COMPONENT.replace("name: cart", &name))?;
    }
    folder.write("99/catalog-info.yaml", "kind: Component\n")?;
    let validated = run(&folder.path, &["validate", "--format", "github"])?;
    assert_eq!(validated.code, 1, "{}", validated.shown());
    let starts: Vec<&str> = validated
        .stdout
        .lines()
        .map(|line| line.split(' ').next().unwrap_or_default())
        .collect();
    let errors = starts.iter().filter(|start| **start == "::error").count();
    assert!(errors >= 1, "{}", validated.shown());
    assert!(starts[..errors].iter().all(|start| *start == "::error"));
    assert_eq!(&starts[errors..errors + 10], ["::warning"; 10]);
    assert_eq!(&starts[errors + 10..], ["..."], "{}", validated.shown());
    assert!(validated.stdout.contains("and 2 more"));
    Ok(())
}

#[test]
fn validate_tells_its_findings_as_json() -> Result<()> {
    let folder = repository()?;
    let validated = run(&folder.path, &["validate", "--format", "json"])?;
    let report: Value = serde_json::from_str(&validated.stdout)?;
    assert_eq!(report["version"], 1);
    assert_eq!(report["findings"][0]["code"], "unknown-owner");
    assert_eq!(report["findings"][0]["line"], 8);
    assert_eq!(report["summary"]["entities"], 1);
    // What only a conversion knows.
    for key in ["manifests", "entities", "publish"] {
        assert_eq!(report.get(key), None, "{key}");
    }
    assert_eq!(report["summary"].get("fields"), None);
    Ok(())
}

#[test]
fn reports_in_files_are_those_that_would_be_printed() -> Result<()> {
    let folder = Folder::new()?;
    copy(Utf8Path::new("fixtures/dangling/input"), &folder.path)?;
    let files = folder.path.join("reports");
    fs::create_dir(&files)?;
    let out = Folder::new()?;
    for command in ["convert", "validate"] {
        let mut base = vec![command];
        if command == "convert" {
            base.extend(["--dry-run", "--out", out.path.as_str()]);
        }
        let formats = ["json", "github", "github-output"];
        let reports = formats.map(|format| format!("--report={format}=reports/{format}"));
        let mut all = base.clone();
        all.extend(reports.iter().map(String::as_str));
        let told = run(&folder.path, &all)?;
        assert!(told.stdout.starts_with("Read ") || told.stdout.contains("\nRead "));
        for format in formats {
            let mut printing = base.clone();
            printing.extend(["--format", format]);
            let printed = run(&folder.path, &printing)?;
            assert_eq!(
                printed.stdout,
                fs::read_to_string(files.join(format))?,
                "{command} {format}"
            );
            assert_eq!(printed.code, told.code);
            assert_eq!(printed.stderr, "");
        }
        let json = fs::read_to_string(files.join("json"))?;
        let json: Value = serde_json::from_str(&json)?;
        let fields = json["entities"][0]["fields"].as_array();
        // The account is as detailed as the most detailed of the reports.
        assert_eq!(
            fields.is_some_and(|fields| !fields.is_empty()),
            command == "convert"
        );
    }
    Ok(())
}

#[test]
fn numbers_for_a_workflow_are_lines() -> Result<()> {
    let folder = repository()?;
    let arguments = ["convert", "--format", "github-output"];
    let first = run(&folder.path, &arguments)?;
    assert!(
        first
            .stdout
            .starts_with("entities=1\nerrors=0\nwarnings=1\nnotes="),
        "{}",
        first.shown()
    );
    assert!(
        first.stdout.ends_with("changed-manifests=4\n"),
        "{}",
        first.shown()
    );
    let second = run(&folder.path, &arguments)?;
    assert!(
        second.stdout.ends_with("changed-manifests=0\n"),
        "{}",
        second.shown()
    );
    Ok(())
}

#[test]
fn reports_are_written_where_there_are_no_descriptors() -> Result<()> {
    let folder = Folder::new()?;
    for command in ["convert", "validate"] {
        let told = run(&folder.path, &[command, "--report=json=report.json"])?;
        assert_eq!(told.code, 3, "{}", told.shown());
        let path = folder.path.join("report.json");
        let report: Value = serde_json::from_str(&fs::read_to_string(&path)?)?;
        assert_eq!(report["summary"]["entities"], 0);
        fs::remove_file(path)?;
    }
    Ok(())
}

#[test]
fn a_report_that_cannot_be_written_stops_the_run() -> Result<()> {
    let folder = repository()?;
    let told = run(
        &folder.path,
        &["validate", "--report=json=none/report.json"],
    )?;
    assert_eq!(told.code, 2, "{}", told.shown());
    assert!(
        told.stderr
            .contains("cannot write the report none/report.json"),
        "{}",
        told.shown()
    );
    let told = run(&folder.path, &["validate", "--report=jsn=report.json"])?;
    assert_eq!(told.code, 2, "{}", told.shown());
    assert!(
        told.stderr.contains("there is no format `jsn`"),
        "{}",
        told.shown()
    );
    Ok(())
}

#[test]
fn what_was_written_can_fail_a_run() -> Result<()> {
    let folder = repository()?;
    let arguments = ["convert", "--fail-on-change"];
    let first = run(&folder.path, &arguments)?;
    assert_eq!(first.code, 1, "{}", first.shown());
    let second = run(&folder.path, &arguments)?;
    assert_eq!(second.code, 0, "{}", second.shown());
    Ok(())
}
