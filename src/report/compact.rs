//! The findings one a line, as compilers print them: editors jump to them, `grep` picks them out.
//!
//! In: the findings of a run. Out: `path:line:column: severity[code] message - help: help`, in the order of the text for
//! people, and nothing else. A finding about a whole file is at its first character; one about no file has no path.

use std::io::{self, Write};

use super::files::{Files, in_order_of_lines};
use super::{Report, printable};
use crate::diagnostic::Diagnostic;

/// Longer help is told by the other formats: a line is read at a glance.
const MAX_HELP: usize = 120;

/// Writes the lines.
pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut files = Files::new(report.sources);
    for found in in_order_of_lines(report.diagnostics.iter(), &mut files) {
        let place = place(found, &mut files);
        let (severity, code) = (found.severity, found.code);
        writeln!(out, "{place}{severity}[{code}] {}", message(found))?;
    }
    Ok(())
}

/// The message, and the help where it is short, on one line.
pub(super) fn message(found: &Diagnostic) -> String {
    let message = printable(&found.message);
    let is_short = |help: &&str| !help.contains('\n') && help.chars().count() <= MAX_HELP;
    match found.help.as_deref().filter(is_short) {
        Some(help) => format!("{message} - help: {}", printable(help)),
        None => message.into_owned(),
    }
}

/// As `services/cart/catalog-info.yaml:8:10: `.
fn place(found: &Diagnostic, files: &mut Files<'_>) -> String {
    let Some(location) = &found.location else {
        return String::new();
    };
    let path = files.sources.display_path(location.file);
    let path = printable(path.as_str());
    // A line that begins with `::` or `##[` is a command for the machines that read a log.
    let start = match path.chars().next() {
        Some(':' | '#') => "./",
        _ => "",
    };
    let span = files.span(location);
    let line = span.map_or(1, |span| span.line);
    let column = span.and_then(|span| span.column).unwrap_or(1);
    format!("{start}{path}:{line}:{column}: ")
}
