//! Findings as GitLab's Code Quality report: what a merge request shows beside its changes.
//!
//! In: the findings of a run. Out: one JSON list of `{description, check_name, fingerprint, severity, location}`, the part
//! of Code Climate's format that GitLab reads. Fingerprints tell new findings from old ones.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::files::Files;
use super::{Report, compact, escaped, printable};
use crate::diagnostic::{Diagnostic, Severity, fingerprints};

/// Writes the list.
pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut files = Files::new(report.sources);
    let fingerprints = fingerprints(report.diagnostics.iter(), report.sources);
    let issues = report.diagnostics.iter().zip(fingerprints);
    let issues: Vec<Value> = issues
        .map(|(found, fingerprint)| issue(found, &fingerprint, &mut files))
        .collect();
    let text = serde_json::to_string_pretty(&issues)?;
    writeln!(out, "{}", escaped(&text))
}

fn issue(found: &Diagnostic, fingerprint: &str, files: &mut Files<'_>) -> Value {
    json!({
        "description": compact::message(found),
        "check_name": found.code.id(),
        "fingerprint": fingerprint,
        "severity": match found.severity {
            Severity::Error => "major",
            Severity::Warning => "minor",
            Severity::Note => "info",
        },
        "location": location(found, files),
    })
}

/// GitLab wants a path and a line of every finding. What is about the whole run is at the top of the repository.
fn location(found: &Diagnostic, files: &mut Files<'_>) -> Value {
    let Some(location) = &found.location else {
        return json!({"path": ".", "lines": {"begin": 1}});
    };
    let path = files.path(location.file);
    let mut lines = json!({"begin": 1});
    if let Some(span) = files.span(location) {
        lines["begin"] = span.line.into();
        if let Some((line, _)) = span.end {
            lines["end"] = line.into();
        }
    }
    json!({"path": printable(path.as_str()), "lines": lines})
}
