//! Findings as SARIF 2.1.0, the format of code scanning: one run, its rules with their pages, its results with their
//! places.
//!
//! In: the findings of a run. Out: one JSON object. What is about the run and no file becomes a notification instead of a
//! result, for code scanning refuses results without a place. Texts are plain: nothing a descriptor says becomes a link.

use std::collections::BTreeSet;
use std::io::{self, Write};

use camino::Utf8Path;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::files::Files;
use super::{Report, escaped, printable, printable_lines};
use crate::diagnostic::{Code, Diagnostic, Severity, Stage, fingerprints};
use crate::source::Location;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The name that paths are relative to: the top of the repository.
const TOP: &str = "%SRCROOT%";

/// What stands in the segment of a path as it is.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Writes the whole log.
pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let found = report.diagnostics.iter();
    let codes: BTreeSet<Code> = found.map(|found| found.code).collect();
    let codes: Vec<Code> = codes.into_iter().collect();
    let mut files = Files::new(report.sources);
    let fingerprints = fingerprints(report.diagnostics.iter(), report.sources);
    let (mut results, mut notifications) = (Vec::new(), Vec::new());
    for (found, fingerprint) in report.diagnostics.iter().zip(fingerprints) {
        // Every code is in the list that was made of them.
        let rule = codes.binary_search(&found.code).unwrap_or_default();
        match &found.location {
            Some(place) => results.push(result(found, place, rule, &fingerprint, &mut files)),
            None => notifications.push(notification(found, rule)),
        }
    }
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": env!("CARGO_PKG_NAME"),
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": codes.into_iter().map(rule).collect::<Vec<_>>(),
            }},
            "invocations": [{
                "executionSuccessful": true,
                "toolExecutionNotifications": notifications,
            }],
            "originalUriBaseIds": {
                TOP: {"description": {"text": "The top of the repository that the descriptors are in."}},
            },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    let text = serde_json::to_string_pretty(&log)?;
    writeln!(out, "{}", escaped(&text))
}

/// A code with its page.
fn rule(code: Code) -> Value {
    // The comments of a page are for the tests that run its examples.
    let lines = code.page().lines();
    let lines: Vec<&str> = lines.filter(|line| !line.starts_with("<!-- ")).collect();
    let page = lines.join("\n");
    json!({
        "id": code.id(),
        "shortDescription": {"text": code.summary()},
        "fullDescription": {"text": description(code)},
        "help": {"text": page, "markdown": page},
        "defaultConfiguration": {"level": level(code.severity())},
        "properties": {"stage": stage(code.stage())},
    })
}

/// What the page says before its first heading, without its title.
fn description(code: Code) -> &'static str {
    let page = code.page();
    let page = page.split_once('\n').map_or("", |(_, rest)| rest);
    let end = page.find("\n## ").unwrap_or(page.len());
    match page[..end].trim() {
        "" => code.summary(),
        description => description,
    }
}

fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Reading => "reading",
        Stage::Descriptors => "descriptors",
        Stage::Locations => "locations",
        Stage::Catalog => "catalog",
        Stage::Mapping => "mapping",
        Stage::Port => "port",
        Stage::Manifests => "manifests",
        Stage::Ignoring => "ignoring",
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

fn result(
    found: &Diagnostic,
    place: &Location,
    rule: usize,
    fingerprint: &str,
    files: &mut Files<'_>,
) -> Value {
    let mut result = json!({
        "ruleId": found.code.id(),
        "ruleIndex": rule,
        "level": level(found.severity),
        "message": {"text": text(found)},
        "locations": [{"physicalLocation": physical(place, files)}],
        "partialFingerprints": {"backstage2port/v1": fingerprint},
    });
    if !found.related.is_empty() {
        let related = found.related.iter().enumerate();
        let related = related.map(|(id, (place, label))| {
            json!({
                "id": id,
                "message": {"text": plain(&printable(label))},
                "physicalLocation": physical(place, files),
            })
        });
        result["relatedLocations"] = related.collect();
    }
    result
}

fn notification(found: &Diagnostic, rule: usize) -> Value {
    json!({
        "associatedRule": {"id": found.code.id(), "index": rule},
        "level": level(found.severity),
        "message": {"text": text(found)},
    })
}

/// The message as a sentence of its own, and the help below it.
fn text(found: &Diagnostic) -> String {
    let mut lines = vec![format!("{}.", printable(&found.message))];
    if let Some(help) = &found.help {
        lines.extend(printable_lines(help).into_iter().map(String::from));
    }
    plain(&lines.join("\n"))
}

/// A text whose brackets are brackets: `[text](target)` would be a link. Braces are left as they are: without arguments
/// there is nothing to put in their place, and no viewer takes doubled ones for one.
fn plain(text: &str) -> String {
    if !text.contains("](") {
        return text.to_owned();
    }
    let mut plain = String::with_capacity(text.len());
    for char in text.chars() {
        if matches!(char, '\\' | '[' | ']') {
            plain.push('\\');
        }
        plain.push(char);
    }
    plain
}

/// A file and what is meant in it. Code scanning wants a line of everything, so a file as a whole is at its first one.
fn physical(place: &Location, files: &mut Files<'_>) -> Value {
    let mut region = json!({"startLine": 1});
    if let Some(span) = files.span(place) {
        region["startLine"] = span.line.into();
        if let Some(column) = span.column {
            region["startColumn"] = column.into();
        }
        if let Some((line, column)) = span.end {
            region["endLine"] = line.into();
            region["endColumn"] = column.into();
        }
    }
    let uri = uri(&files.path(place.file));
    json!({"artifactLocation": {"uri": uri, "uriBaseId": TOP}, "region": region})
}

/// A path as a relative URL.
fn uri(path: &Utf8Path) -> String {
    let segments = path.components().map(|part| part.as_str());
    // The root of an absolute path, which only a user can have written, is a slash of its own.
    let segments = segments.filter(|part| !matches!(*part, "/" | "."));
    let encoded = segments.map(|part| utf8_percent_encode(part, ENCODED).to_string());
    encoded.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::{plain, uri};

    #[test]
    fn paths_are_relative_urls() {
        for (path, expected) in [
            ("a/b c/catalog-info.yaml", "a/b%20c/catalog-info.yaml"),
            ("./x:y/100%/#?é", "x%3Ay/100%25/%23%3F%C3%A9"),
            ("../other/a\u{202e}\n", "../other/a%E2%80%AE%0A"),
        ] {
            assert_eq!(uri(path.into()), expected);
        }
    }

    #[test]
    fn no_text_is_a_link() {
        assert_eq!(plain("a list [1] {2}"), "a list [1] {2}");
        assert_eq!(
            plain("[x](https://example.com)\\"),
            "\\[x\\](https://example.com)\\\\"
        );
    }
}
