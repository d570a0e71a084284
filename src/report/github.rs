//! Findings as annotations: the workflow commands that a runner of GitHub Actions takes from a log.
//!
//! In: the findings of a run. Out: one line each, the worst first, and no more than GitHub shows; what is left out is
//! counted in a last line that is no command.
//!
//! Whatever a descriptor says stays inside the line of its finding: it can neither end the command nor begin another one.
//! The runner unescapes `%` sequences of the data, and of the properties `:` and `,` as well
//! (actions/runner, src/Runner.Common/ActionCommand.cs).

use std::borrow::Cow;
use std::cmp::Reverse;
use std::io::{self, Write};

use super::files::{Files, Span};
use super::{Report, printable};
use crate::diagnostic::{Diagnostic, Severity};
use crate::publish::{Outcome, Written};

/// How many annotations of one severity GitHub shows for a step.
const SHOWN: usize = 10;

/// Writes the annotations.
pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut found: Vec<&Diagnostic> = report.diagnostics.iter().collect();
    found.sort_by_key(|found| Reverse(found.severity));
    let mut files = Files::new(report.sources);
    let mut left_out = 0;
    let checked = report.conversion.filter(|conversion| conversion.is_check);
    if let Some(drift) = checked.and_then(|checked| drift(checked.written)) {
        writeln!(out, "{drift}")?;
    }
    for same in found.chunk_by(|a, b| a.severity == b.severity) {
        for found in same.iter().take(SHOWN) {
            writeln!(out, "{}", annotation(found, &mut files))?;
        }
        left_out += same.len().saturating_sub(SHOWN);
    }
    if left_out > 0 {
        writeln!(
            out,
            "... and {left_out} more: GitHub shows {SHOWN} of each severity. --format text tells all."
        )?;
    }
    Ok(())
}

/// What a check found: one annotation for all manifests, for there may be as many as descriptors.
fn drift(written: &Written) -> Option<String> {
    let outcomes = written.outcomes.iter();
    let differing: Vec<&str> = outcomes
        .filter(|(_, outcome)| *outcome != Outcome::Unchanged)
        .map(|(path, _)| path.as_str())
        .collect();
    let more = differing.len().saturating_sub(SHOWN);
    let shown = differing.iter().take(SHOWN).map(|path| data(path));
    let mut lines: Vec<_> = shown.collect();
    if more > 0 {
        lines.push(format!("... and {more} more").into());
    }
    let subject = match differing.len() {
        0 => return None,
        1 => "a manifest is not what its descriptors say".to_owned(),
        count => format!("{count} manifests are not what their descriptors say"),
    };
    Some(format!(
        "::error title=drift::{subject}: run `backstage2port convert` and commit%0A{}",
        lines.join("%0A")
    ))
}

/// As `::error file=catalog-info.yaml,line=3,endLine=3,col=7,title=invalid-field::message`.
fn annotation(found: &Diagnostic, files: &mut Files<'_>) -> String {
    let command = match found.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let mut properties = Vec::new();
    if let Some(location) = &found.location {
        let path = files.path(location.file);
        properties.push(format!("file={}", property(path.as_str())));
        if let Some(Span { line, column, end }) = files.span(location) {
            properties.push(format!("line={line}"));
            let end = end.map(|(end, _)| end);
            properties.extend(end.map(|end| format!("endLine={end}")));
            // A column belongs to a place on one line.
            let column = column.filter(|_| end == Some(line));
            properties.extend(column.map(|column| format!("col={column}")));
        }
    }
    properties.push(format!("title={}", property(found.code.id())));
    let mut lines = vec![found.message.to_string()];
    for (location, label) in &found.related {
        let path = files.path(location.file);
        let line = files.span(location).map(|span| format!(":{}", span.line));
        lines.push(format!("{label}: {path}{}", line.unwrap_or_default()));
    }
    lines.extend(
        found
            .help
            .iter()
            .flat_map(|help| help.lines())
            .map(str::to_owned),
    );
    let lines: Vec<_> = lines.iter().map(|line| data(line)).collect();
    format!(
        "::{command} {}::{}",
        properties.join(","),
        lines.join("%0A")
    )
}

/// The data of a command, on one line.
fn data(text: &str) -> Cow<'_, str> {
    match printable(text) {
        text if text.contains('%') => text.replace('%', "%25").into(),
        text => text,
    }
}

/// The value of a property of a command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::{data, property};

    #[test]
    fn what_the_runner_would_take_for_its_own_is_escaped() {
        assert_eq!(data("100%, a: b"), "100%25, a: b");
        assert_eq!(data("%0A::error::x"), "%250A::error::x");
        assert_eq!(property("a:b,c%2C"), "a%3Ab%2Cc%252C");
        for steering in ['\n', '\r', '\u{1b}', '\0', '\u{85}', '\u{2028}', '\u{202e}'] {
            let text = format!("a{steering}b");
            assert_eq!(data(&text), "a\u{fffd}b");
            assert_eq!(property(&text), "a\u{fffd}b");
        }
    }
}
