//! Findings as Markdown, for a comment on a pull request or the summary of a job.
//!
//! In: the outcome of a run. Out: the totals, what a check found, and a table for each file, the worst first; no longer
//! than GitHub takes. Texts stand in code spans, as in the body of a pull request, so that nothing in them is markup, a
//! mention or a reference.

use std::cmp::Reverse;
use std::io::{self, Write};

use super::files::{Files, in_order_of_lines};
use super::markdown::{Group, Section, code, code_within, page};
use super::pull_request::LIMIT;
use super::summary::{counted, plural};
use super::{Report, printable_lines};
use crate::diagnostic::{Diagnostic, Severity};
use crate::publish::{Outcome, Written};
use crate::source::FileId;

/// How much of a message, and of a help, is shown.
const WIDTH: usize = 300;

/// Writes the page.
pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let checked = report.conversion.filter(|conversion| conversion.is_check);
    let drift = checked.and_then(|checked| drift(checked.written));
    let sections = [drift, findings(report)];
    let sections: Vec<Section> = sections.into_iter().flatten().collect();
    write!(out, "{}", page(&head(report), &sections, "", LIMIT))
}

/// One line of our own words, and one for what was left out.
fn head(report: &Report<'_>) -> String {
    let count = |severity| report.diagnostics.count(severity);
    let counts = [
        (count(Severity::Error), "error"),
        (count(Severity::Warning), "warning"),
        (count(Severity::Note), "note"),
    ];
    let counts = counts.into_iter().filter(|(count, _)| *count > 0);
    let counts: Vec<String> = counts.map(|(count, noun)| counted(count, noun)).collect();
    let found = match &counts[..] {
        [] => "No findings".to_owned(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    };
    let entities = plural(report.summary.entities(), "entity", "entities");
    let left_out = report.summary.left_out();
    let gap = if left_out.is_empty() { "" } else { "\n" };
    format!("**{found}** in {entities}.\n{gap}{left_out}")
}

/// The manifests that are not as they should be.
fn drift(written: &Written) -> Option<Section> {
    let outcomes = written.outcomes.iter();
    let differing = outcomes.filter(|(_, outcome)| *outcome != Outcome::Unchanged);
    let items: Vec<String> = differing
        .map(|(path, outcome)| {
            format!("- {} {}\n", outcome.id(), code_within(path.as_str(), WIDTH))
        })
        .collect();
    let subject = match items.len() {
        0 => return None,
        1 => "1 manifest is not what its descriptors say".to_owned(),
        count => format!("{count} manifests are not what their descriptors say"),
    };
    Some(Section {
        opening: format!("\n**{subject}:** run `backstage2port convert` and commit.\n\n"),
        groups: vec![Group {
            items,
            ..Group::default()
        }],
        noun: Some("manifests"),
        ..Section::default()
    })
}

/// A table for each file, the files with the worst findings first.
fn findings(report: &Report<'_>) -> Option<Section> {
    let mut files = Files::new(report.sources);
    let found = in_order_of_lines(report.diagnostics.iter(), &mut files);
    let file_of = |found: &&Diagnostic| found.location.as_ref().map(|location| location.file);
    let mut groups: Vec<Vec<&Diagnostic>> = found
        .chunk_by(|a, b| file_of(a) == file_of(b))
        .map(<[_]>::to_vec)
        .collect();
    for group in &mut groups {
        group.sort_by_key(|found| Reverse(found.severity));
    }
    groups.sort_by_key(|group| Reverse(group.first().map(|found| found.severity)));
    let groups: Vec<Group> = groups
        .iter()
        .map(|group| table(group.first().and_then(file_of), group, &mut files))
        .collect();
    (!groups.is_empty()).then(|| Section {
        groups,
        noun: Some("findings"),
        ..Section::default()
    })
}

fn table(file: Option<FileId>, found: &[&Diagnostic], files: &mut Files<'_>) -> Group {
    let title = match file {
        Some(file) => code_within(files.path(file).as_str(), WIDTH),
        None => "The run as a whole".to_owned(),
    };
    Group {
        opening: format!(
            "\n#### {title}\n\n| Line | Severity | Code | Finding |\n|--:|---|---|---|\n"
        ),
        items: found.iter().map(|found| row(found, files)).collect(),
        ..Group::default()
    }
}

/// As ``| 8 | warning | `dangling-relation` | `spec.owner` names … |``.
fn row(found: &Diagnostic, files: &mut Files<'_>) -> String {
    let span = found.location.as_ref().and_then(|place| files.span(place));
    let line = span.map(|span| span.line.to_string()).unwrap_or_default();
    let mut text = cell(&found.message);
    for line in found.help.iter().flat_map(|help| printable_lines(help)) {
        text.push_str("<br>");
        text.push_str(&cell(&line));
    }
    let (severity, id) = (found.severity, code(found.code.id()));
    format!("| {line} | {severity} | {id} | {text} |\n")
}

/// A text as the cell of a table. A bar would end the cell even inside of code, and renderers differ in what a backslash
/// before it does.
fn cell(text: &str) -> String {
    code_within(&text.replace('|', "¦"), WIDTH)
}
