//! A repository of a stranger who means harm: nothing in it steers a terminal, a runner or a viewer.

#![cfg(unix)]

use std::fs;

use backstage2port::report::escaped;
use serde_json::json;

use crate::read::{FORMATS, findings, printable};
use crate::support::git::{commit, git};
use crate::support::{Folder, Result, Run, run, tree};

/// Whatever means something to somebody who reads a report; no slash, so that it is a name as well.
const EVIL: &str = "::error::x%0A\u{1b}[31m\u{1b}]8;;x\u{7}\r\n##[add-mask]y\u{202e}\u{2066}\u{85}\u{9b}1m\u{7f}\u{2028}\u{feff}]]><script>`|`@team #1 [a](b) {0} ' \" \\| ";

/// As a scalar of YAML.
fn quoted(text: &str) -> String {
    let json = json!(text).to_string();
    escaped(&json).replace('\u{fffe}', "\\ufffe")
}

/// A hostile text wherever a descriptor takes a text.
fn repository() -> Result<Folder> {
    let evil = quoted(EVIL);
    let nul = quoted(&format!("{EVIL}\0"));
    let long = format!("x{}", "y".repeat(100_000));
    let descriptor = format!(
        "\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: cart
  title: {evil}
  description: {nul}
  {evil}: {evil}
  annotations: {{{evil}: {evil}, backstage.io/techdocs-ref: {evil}, example.com/a: {evil}, backstage.io/source-locaton: {evil}}}
  labels: {{{evil}: {evil}}}
  tags: [{evil}, {long}]
  links: [{{url: {evil}, title: {evil}, icon: {evil}}}, {{url: 'https://example.com/{long}'}}]
spec:
  type: {evil}
  lifecycle: {evil}
  owner: nobody{evil}
  system: {evil}
  dependsOn: [{evil}, 'component:x', {nul}]
  {evil}: {evil}
"
    );
    let fine = format!(
        "\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {{name: till, title: {evil}, description: {evil}, annotations: {{example.com/a: {evil}}}}}
spec: {{type: {evil}, lifecycle: {evil}, owner: {}, more: {evil}}}
---
apiVersion: example.com/v1
kind: Widget
metadata: {{name: widget, {evil}: {evil}}}
spec: {{{evil}: {evil}}}
---
apiVersion: {evil}
kind: {evil}
metadata: {{name: {evil}, namespace: {evil}}}
---
apiVersion: backstage.io/v1alpha1
kind: API
metadata: {{name: api}}
spec: {{type: openapi, lifecycle: {evil}, owner: x, definition: {{$text: {evil}}}}}
---
apiVersion: backstage.io/v1alpha1
kind: Location
metadata: {{name: more}}
spec: {{targets: [{evil}, './{long}', 'https://example.com/x'], type: {evil}}}
",
        quoted("nobody\u{1b}[31m")
    );
    let folder = Folder::with([
        ("catalog-info.yaml", descriptor.as_str()),
        ("till/catalog-info.yaml", fine.as_str()),
        // As it is, and broken.
        (
            "raw/catalog-info.yaml",
            format!("kind: {EVIL}: [\n\t- {EVIL}\n").as_str(),
        ),
        ("nul/catalog-info.yaml", "kind: a\0b\rc\n"),
        (
            "json/catalog-info.json",
            format!("{{\"kind\": {nul}, {evil}: 1}}").as_str(),
        ),
        (
            format!("{EVIL}/catalog-info.yaml").as_str(),
            descriptor.replace("name: cart", "name: evil").as_str(),
        ),
    ])?;
    git(&folder.path, &["init", "-q", "-b", "main"])?;
    commit(&folder.path)?;
    Ok(folder)
}

/// Fails where a run says anything that steers.
fn is_harmless(what: &str, run: &Run) -> Result<()> {
    for text in [&run.stdout, &run.stderr] {
        printable(text).map_err(|fault| format!("{what}: {fault}"))?;
        has_no_command(what, text);
    }
    Ok(())
}

/// Fails where a runner would take a line for a command.
fn has_no_command(what: &str, text: &str) {
    for line in text.lines().map(str::trim_start) {
        assert!(
            !line.starts_with("::") && !line.starts_with("##["),
            "{what}: {line}"
        );
    }
}

#[test]
fn every_format_takes_a_hostile_repository() -> Result<()> {
    let folder = repository()?;
    let out = Folder::new()?;
    let formats = FORMATS.into_iter().chain(["github-output"]);
    let options = formats.map(|format| format!("--report={format}={}/{format}", out.path));
    let options: Vec<String> = options.collect();
    for command in [
        &["validate", "--strict"][..],
        &["convert", "--dry-run"],
        &["convert", "--check"],
        &["publish", "--dry-run"],
    ] {
        let mut all = command.to_vec();
        all.extend(options.iter().map(String::as_str));
        let told = run(&folder.path, &all)?;
        assert_eq!(told.code, 1, "{command:?}: {}", told.stderr);
        is_harmless(&format!("{command:?}"), &told)?;
        for (path, text) in tree(&out.path)? {
            let what = format!("{command:?} {path}");
            let text = String::from_utf8(text)?;
            findings(path.as_str(), &text).map_err(|fault| format!("{what}: {fault}"))?;
            if path != "github" {
                has_no_command(&what, &text);
            }
        }
    }
    Ok(())
}

#[test]
fn people_read_a_hostile_repository_unharmed() -> Result<()> {
    let folder = repository()?;
    let evil_folder = format!("{EVIL}/");
    let commands: [&[&str]; 18] = [
        &["validate", "--verbose"],
        &["validate", "--strict", "--quiet"],
        &["validate", &evil_folder],
        &["catalog"],
        &["explain", "component:till"],
        &["explain", EVIL],
        &["diff"],
        &["diff", "--format=json"],
        &["diff", "--format=markdown"],
        &["convert", "--check", "--verbose"],
        &["publish", "--dry-run", "--verbose", "--pr-body=body.md"],
        &["convert", EVIL],
        &["convert", "--profile", EVIL],
        &["convert", "--rev", EVIL, "--out=out"],
        &["convert", "--catalog", EVIL],
        &["publish", "--branch", EVIL],
        &["publish", "--base", EVIL],
        &["convert", "--verbose"],
    ];
    for arguments in commands {
        let told = run(&folder.path, arguments)?;
        assert!(
            !told.stdout.is_empty() || !told.stderr.is_empty(),
            "{arguments:?}"
        );
        is_harmless(&format!("{arguments:?}"), &told)?;
    }
    printable(&fs::read_to_string(folder.path.join("body.md"))?)?;
    // With manifests there, and one of them of a stranger.
    folder.write("till/port.yml", &format!("# {EVIL}\n"))?;
    for arguments in [
        &["convert"][..],
        &["diff"],
        &["convert", "--check", "--verbose"],
    ] {
        is_harmless(&format!("{arguments:?}"), &run(&folder.path, arguments)?)?;
    }
    Ok(())
}
