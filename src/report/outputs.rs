//! The numbers of a run as lines `name=value`: what a step of GitHub Actions appends to `$GITHUB_OUTPUT`.
//!
//! In: the outcome of a run. Out: one line for each number and, after `publish`, for what became of the branch. Nothing
//! a descriptor says is among them, and no value has more than one line.

use std::io::{self, Write};

use super::{Report, printable};
use crate::diagnostic::Severity;

/// Writes the lines.
pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "entities={}", report.summary.entities())?;
    for (name, severity) in [
        ("errors", Severity::Error),
        ("warnings", Severity::Warning),
        ("notes", Severity::Note),
    ] {
        writeln!(out, "{name}={}", report.diagnostics.count(severity))?;
    }
    if let Some(conversion) = &report.conversion {
        writeln!(out, "changed-manifests={}", conversion.written.changes())?;
    }
    if let Some(publication) = &report.publication {
        writeln!(out, "status={}", publication.status.id())?;
        writeln!(out, "branch={}", printable(publication.branch))?;
        let commit = publication.commit.unwrap_or_default();
        writeln!(out, "commit={}", printable(commit))?;
    }
    Ok(())
}
