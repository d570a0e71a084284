//! Findings for people: message, excerpt with a mark under the place, help.
//!
//! In: findings and the files they are about. Out: text. The only user of the snippet crate.

use std::borrow::Cow;
use std::fmt;

use camino::Utf8Path;
use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents,
    SourceCode, SourceSpan, SpanContents,
};

use super::files::{Files, SourceFile};
use super::{Style, printable};
use crate::configuration::Fault;
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{Excerpt, Location, Sources};

/// Renders findings one after the other, in their order. A file is read once for all of its findings in a row.
pub fn findings<'a>(
    found: impl IntoIterator<Item = &'a Diagnostic>,
    sources: &Sources,
    style: Style,
) -> String {
    let mut files = Files::new(sources);
    let found = in_order_of_lines(found, &mut files).into_iter();
    rendered(
        found.map(|diagnostic| Report::new(diagnostic, &mut files)),
        style,
    )
}

/// Renders what is wrong with a configuration, as findings are.
#[must_use]
pub fn faults(faults: &[Fault], style: Style) -> String {
    let mut file: Option<(&Utf8Path, SourceFile)> = None;
    let reports = faults.iter().map(|fault| {
        let is_known = file.as_ref().is_some_and(|(path, _)| *path == fault.file);
        if !is_known {
            let text = fault.text.as_deref().unwrap_or_default().to_owned();
            let read = SourceFile::of(fault.file.as_str(), Excerpt::of_text(text));
            file = Some((&fault.file, read));
        }
        Report::of_fault(fault, file.as_ref().map(|(_, file)| file))
    });
    rendered(reports, style)
}

fn rendered(reports: impl Iterator<Item = Report>, style: Style) -> String {
    let theme = if style.color {
        GraphicalTheme::unicode()
    } else {
        GraphicalTheme::unicode_nocolor()
    };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(style.width)
        .with_links(false)
        .with_context_lines(1);
    let mut text = String::new();
    for report in reports {
        // Rendering into a String cannot fail; should it, the message alone is still said.
        if handler.render_report(&mut text, &report).is_err() {
            text.push_str(&report.to_string());
        }
        text.push('\n');
    }
    text
}

/// Findings of one file in a row, from its top to its bottom. Where a field stands is only known once it is shown.
fn in_order_of_lines<'a>(
    found: impl IntoIterator<Item = &'a Diagnostic>,
    files: &mut Files<'_>,
) -> Vec<&'a Diagnostic> {
    let mut found: Vec<&Diagnostic> = found.into_iter().collect();
    let file_of = |found: &Diagnostic| found.location.as_ref().map(|location| location.file);
    for same_file in found.chunk_by_mut(|a, b| file_of(a) == file_of(b)) {
        same_file.sort_by_cached_key(|found| {
            let location = found.location.as_ref()?;
            Some(
                files
                    .get(location.file)?
                    .excerpt
                    .span(&location.place)?
                    .start,
            )
        });
    }
    found
}

impl SourceFile {
    fn part(&self, span: SourceSpan, before: usize, after: usize) -> Part {
        let first = self.line(span.offset()).saturating_sub(before);
        let last = self.line(span.offset() + span.len().saturating_sub(1)) + after;
        let start = self.line_starts.get(first).copied().unwrap_or(0);
        let end = self
            .line_starts
            .get(last + 1)
            .copied()
            .unwrap_or(self.shown.len());
        Part {
            name: self.name.clone(),
            text: self.shown.get(start..end).unwrap_or_default().to_owned(),
            start,
            line: first,
        }
    }
}

/// The lines of a file around a finding.
#[derive(Debug)]
struct Part {
    name: String,
    text: String,
    start: usize,
    line: usize,
}

impl SourceCode for Part {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let moved = SourceSpan::new(span.offset().saturating_sub(self.start).into(), span.len());
        let inner = self.text.read_span(&moved, before, after)?;
        let inner_span = SourceSpan::new(
            (inner.span().offset() + self.start).into(),
            inner.span().len(),
        );
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            inner.data(),
            inner_span,
            inner.line() + self.line,
            inner.column(),
            inner.line_count(),
        )))
    }
}

/// A finding in the shape the snippet crate draws.
#[derive(Debug)]
struct Report {
    severity: Severity,
    code: &'static str,
    message: String,
    help: Option<String>,
    part: Option<Part>,
    labels: Vec<LabeledSpan>,
}

/// The longest excerpt of a configuration, in bytes.
const MAX_EXCERPT: usize = 4096;
/// Places further apart than this many lines are named instead of drawn.
const MAX_LINES_BETWEEN: usize = 12;

impl Report {
    fn new(diagnostic: &Diagnostic, files: &mut Files<'_>) -> Self {
        let mut report = Self {
            severity: diagnostic.severity,
            code: diagnostic.code.id(),
            message: printable(&diagnostic.message).into_owned(),
            help: diagnostic
                .help
                .as_deref()
                .map(|help| printable(help).into_owned()),
            part: None,
            labels: Vec::new(),
        };
        if let Some(location) = &diagnostic.location {
            report.draw(location, diagnostic, files);
        }
        report
    }

    fn of_fault(fault: &Fault, file: Option<&SourceFile>) -> Self {
        let mut report = Self {
            severity: Severity::Error,
            code: "configuration",
            message: printable(&fault.message).into_owned(),
            help: fault.help.as_deref().map(printable).map(Cow::into_owned),
            part: None,
            labels: Vec::new(),
        };
        let place = fault.at.as_ref().filter(|_| fault.text.is_some());
        let place = place.map(|at| SourceSpan::new(at.start.into(), at.len()));
        let part = place.and_then(|place| Some(file?.part(place, 2, 2)));
        if let (Some(place), Some(part)) = (place, part.filter(|it| it.text.len() <= MAX_EXCERPT)) {
            report.labels = vec![LabeledSpan::new_primary_with_span(None, place)];
            report.part = Some(part);
        } else {
            let place = fault
                .position
                .map(|(line, column)| format!(":{line}:{column}"));
            let place = format!("{}{}", fault.file, place.unwrap_or_default());
            report.message = format!("{}: {}", printable(&place), report.message);
        }
        report
    }

    fn draw(&mut self, location: &Location, diagnostic: &Diagnostic, files: &mut Files<'_>) {
        let shown = files.get(location.file).and_then(|file| {
            let span = file.excerpt.span(&location.place)?;
            Some((span, file))
        });
        let Some((span, file)) = shown else {
            let path = files.sources.display_path(location.file);
            let line = files.sources.recorded_line(location);
            let line = line.map(|line| format!(":{line}")).unwrap_or_default();
            self.message = format!("{}{line}: {}", printable(path.as_str()), self.message);
            for (related, label) in &diagnostic.related {
                self.name(related, label, files);
            }
            return;
        };
        let place = SourceSpan::new(span.start.into(), span.len());
        let line = file.line(span.start);
        let (mut from, mut to) = (span.start, span.end);
        self.labels
            .push(LabeledSpan::new_primary_with_span(None, place));
        let mut elsewhere = Vec::new();
        for (related, label) in &diagnostic.related {
            let inside = (related.file == location.file)
                .then(|| file.excerpt.span(&related.place))
                .flatten();
            match inside {
                Some(span) if file.line(span.start).abs_diff(line) <= MAX_LINES_BETWEEN => {
                    from = from.min(span.start);
                    to = to.max(span.end);
                    let place = SourceSpan::new(span.start.into(), span.len());
                    self.labels
                        .push(LabeledSpan::new_with_span(Some(label.clone()), place));
                }
                _ => elsewhere.push((related, label)),
            }
        }
        self.part = Some(file.part(SourceSpan::new(from.into(), to - from), 2, 2));
        for (related, label) in elsewhere {
            self.name(related, label, files);
        }
    }

    /// Says where a place is that is not drawn.
    fn name(&mut self, location: &Location, label: &str, files: &mut Files<'_>) {
        let path = files.sources.display_path(location.file);
        let line = files
            .get(location.file)
            .and_then(|file| Some(file.line(file.excerpt.span(&location.place)?.start) + 1))
            .or_else(|| files.sources.recorded_line(location));
        let line = line.map(|line| format!(":{line}")).unwrap_or_default();
        let place = format!("{label}: {}{line}", printable(path.as_str()));
        self.help = Some(match self.help.take() {
            Some(help) => format!("{place}\n{help}"),
            None => place,
        });
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Report {}

impl miette::Diagnostic for Report {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(format!("{}[{}]", self.severity, self.code)))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Note => miette::Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let help = self.help.as_ref()?;
        Some(Box::new(help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.part.as_ref().map(|part| part as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.part.as_ref()?;
        Some(Box::new(self.labels.iter().cloned()))
    }
}
