//! Findings as `JUnit` XML, which every build server shows: a test suite for each file, a test for each finding.
//!
//! In: the outcome of a run. Out: one XML document. A finding that fails the run is a failure; others are tests that pass
//! and have something to say. A file with descriptors and no findings is one test that passes, so that what was looked at
//! is seen. Of a check, each manifest that is not as it should be is a failure too.
//!
//! There is no time and no host in it: the same findings are the same bytes. The names of tests have no lines either, so
//! that a build server knows a test again.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::io::{self, Write};

use super::files::{Files, in_order_of_lines};
use super::{Report, printable, printable_lines};
use crate::diagnostic::{Diagnostic, Severity};
use crate::publish::{Outcome, Written};

/// Writes the document.
pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let suites = suites(report);
    let tests: usize = suites.values().map(|suite| suite.tests.len()).sum();
    let failures: usize = suites.values().map(Suite::failures).sum();
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(
        out,
        r#"<testsuites name="backstage2port" tests="{tests}" failures="{failures}" errors="0">"#
    )?;
    for (name, suite) in &suites {
        suite.write(name, out)?;
    }
    writeln!(out, "</testsuites>")
}

/// Tests by the name of their suite: files first, then what is about all of them.
type Suites = BTreeMap<(Part, String), Suite>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    File,
    Run,
    Manifests,
}

#[derive(Debug, Default)]
struct Suite {
    tests: Vec<Test>,
    names: HashMap<String, usize>,
}

#[derive(Debug)]
struct Test {
    name: String,
    outcome: Told,
}

#[derive(Debug)]
enum Told {
    Passed,
    /// Passed, with something to say.
    Remarked(String),
    Failed {
        kind: String,
        message: String,
        text: String,
    },
}

fn suites(report: &Report<'_>) -> Suites {
    let mut files = Files::new(report.sources);
    let mut suites = Suites::new();
    for found in in_order_of_lines(report.diagnostics.iter(), &mut files) {
        let key = match &found.location {
            Some(location) => (Part::File, files.path(location.file).into_string()),
            None => (Part::Run, "the run as a whole".to_owned()),
        };
        let test = told(found, report.failing, &mut files);
        suites.entry(key).or_default().add(name(found), test);
    }
    for entity in report.catalog.entities() {
        // What a dump knows was not looked at.
        if report
            .sources
            .is_recorded(report.sources.root_of(entity.origin.file))
        {
            continue;
        }
        let path = files.path(entity.origin.file).into_string();
        let suite = suites.entry((Part::File, path)).or_default();
        if suite.tests.is_empty() {
            suite.add("no findings".to_owned(), Told::Passed);
        }
    }
    let checked = report.conversion.filter(|conversion| conversion.is_check);
    if let Some(checked) = checked {
        suites.insert(
            (Part::Manifests, "manifests".to_owned()),
            manifests(checked.written),
        );
    }
    suites
}

/// What a check found.
fn manifests(written: &Written) -> Suite {
    let mut suite = Suite::default();
    for (path, outcome) in &written.outcomes {
        if *outcome == Outcome::Unchanged {
            continue;
        }
        let told = Told::Failed {
            kind: "drift".to_owned(),
            message: "the manifest is not what its descriptors say".to_owned(),
            text: "run `backstage2port convert` and commit".to_owned(),
        };
        suite.add(path.to_string(), told);
    }
    if suite.tests.is_empty() {
        suite.add("no drift".to_owned(), Told::Passed);
    }
    suite
}

/// As `dangling-relation spec.owner`.
fn name(found: &Diagnostic) -> String {
    let location = found.location.as_ref();
    let field = location.and_then(|location| location.place.field());
    match field.filter(|field| !field.is_empty()) {
        Some(field) => format!("{} {field}", found.code),
        None => found.code.to_string(),
    }
}

fn told(found: &Diagnostic, failing: Severity, files: &mut Files<'_>) -> Told {
    let message = printable(&found.message).into_owned();
    let place = found.location.as_ref().map(|location| {
        let path = files.path(location.file);
        let path = printable(path.as_str());
        match files.span(location) {
            Some(span) => match span.column {
                Some(column) => format!("{path}:{}:{column}: ", span.line),
                None => format!("{path}:{}: ", span.line),
            },
            None => format!("{path}: "),
        }
    });
    let place = place.unwrap_or_default();
    let mut text = format!("{place}{}[{}] {message}", found.severity, found.code);
    for (location, label) in &found.related {
        let path = files.path(location.file);
        let line = files.span(location).map(|span| format!(":{}", span.line));
        let (label, path) = (printable(label), printable(path.as_str()));
        // Writing to a text never fails.
        let _ = write!(text, "\n{label}: {path}{}", line.unwrap_or_default());
    }
    for line in found.help.iter().flat_map(|help| printable_lines(help)) {
        text.push('\n');
        text.push_str(&line);
    }
    if found.severity < failing {
        return Told::Remarked(text);
    }
    Told::Failed {
        kind: found.severity.to_string(),
        message,
        text,
    }
}

impl Suite {
    /// Build servers take tests of one name for one test.
    fn add(&mut self, name: String, outcome: Told) {
        let count = self.names.entry(name.clone()).or_default();
        *count += 1;
        let name = match *count {
            1 => name,
            count => format!("{name} ({count})"),
        };
        self.tests.push(Test { name, outcome });
    }

    fn failures(&self) -> usize {
        let is_failure = |test: &&Test| matches!(test.outcome, Told::Failed { .. });
        self.tests.iter().filter(is_failure).count()
    }

    fn write(&self, (part, name): &(Part, String), out: &mut dyn Write) -> io::Result<()> {
        let (tests, failures) = (self.tests.len(), self.failures());
        let name = escaped(name);
        let file = match part {
            Part::File => format!(r#" file="{name}""#),
            Part::Run | Part::Manifests => String::new(),
        };
        writeln!(
            out,
            r#"  <testsuite name="{name}" tests="{tests}" failures="{failures}" errors="0" skipped="0"{file}>"#
        )?;
        for test in &self.tests {
            let test_name = escaped(&test.name);
            write!(
                out,
                r#"    <testcase name="{test_name}" classname="{name}""#
            )?;
            match &test.outcome {
                Told::Passed => writeln!(out, "/>")?,
                Told::Remarked(text) => writeln!(
                    out,
                    ">\n      <system-out>{}</system-out>\n    </testcase>",
                    escaped_lines(text)
                )?,
                Told::Failed {
                    kind,
                    message,
                    text,
                } => writeln!(
                    out,
                    ">\n      <failure type=\"{kind}\" message=\"{}\">{}</failure>\n    </testcase>",
                    escaped(message),
                    escaped_lines(text)
                )?,
            }
        }
        writeln!(out, "  </testsuite>")
    }
}

/// A text of one line as the content of an element or an attribute. What XML has no way to write is replaced.
fn escaped(text: &str) -> Cow<'_, str> {
    let text = printable(text);
    let is_special = |char| matches!(char, '&' | '<' | '>' | '"' | '\'' | '\u{fffe}' | '\u{ffff}');
    if !text.contains(is_special) {
        return text;
    }
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '\u{fffe}' | '\u{ffff}' => escaped.push(char::REPLACEMENT_CHARACTER),
            char => escaped.push(char),
        }
    }
    escaped.into()
}

fn escaped_lines(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(escaped).collect();
    lines.join("\n")
}
