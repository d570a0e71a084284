//! Findings for people: message, excerpt with a mark under the place, help.
//!
//! In: findings and the files they are about. Out: text. The only user of the snippet crate.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use camino::Utf8Path;
use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents,
    SourceCode, SourceSpan, SpanContents,
};

use super::files::{Files, SourceFile, in_order_of_lines};
use super::{Style, printable, printable_lines};
use crate::configuration::Fault;
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{Excerpt, Location, Place, Sources};

/// Renders findings one after the other, in their order. A file is read once for all of its findings in a row.
pub fn findings<'a>(
    found: impl IntoIterator<Item = &'a Diagnostic>,
    sources: &Sources,
    style: Style,
) -> String {
    let found: Vec<&Diagnostic> = found.into_iter().collect();
    let mut files = Files::new(sources).hiding(&found);
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

impl SourceFile {
    /// The part of a span that is on its first line: marks across lines would hide what they are about.
    fn first_line(&self, span: &Range<usize>) -> Range<usize> {
        let line = self.excerpt.text().get(span.clone()).unwrap_or_default();
        let length = line.lines().next().map_or(0, |line| line.trim_end().len());
        span.start..span.start + length
    }

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
            column: 0,
        }
    }

    /// What stands around a place in its line, and as much of the place as is in it.
    fn cutting(&self, place: Range<usize>) -> (Part, Range<usize>) {
        let line = self.line(place.start);
        let line_start = self.line_starts[line];
        let rest = self.shown.get(place.start..).unwrap_or_default();
        let line_end = place.start + rest.find('\n').unwrap_or(rest.len());
        let is_boundary = |at: &usize| self.shown.is_char_boundary(*at);
        let start = place.start.saturating_sub(CUTTING / 4).max(line_start);
        let start = (start..place.start).find(is_boundary);
        let start = start.unwrap_or(place.start);
        let end = (start + CUTTING).min(line_end);
        let end = (end..line_end).find(is_boundary).unwrap_or(line_end);
        let text = |from, to| self.shown.get(from..to).unwrap_or_default();
        let part = Part {
            name: self.name.clone(),
            text: text(start, end).to_owned(),
            start,
            line,
            column: text(line_start, start).chars().count(),
        };
        (part, place.start..place.end.min(end))
    }
}

/// Longer lines are not drawn whole: nobody reads them, and the snippet crate takes no more than 65,535 columns.
const MAX_LINE: usize = 1000;

/// How much is drawn of a line that is too long, in bytes.
const CUTTING: usize = 160;

/// The lines of a file around a finding.
#[derive(Debug)]
struct Part {
    name: String,
    text: String,
    start: usize,
    line: usize,
    /// Where the text begins in its first line.
    column: usize,
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
            match inner.line() {
                0 => inner.column() + self.column,
                _ => inner.column(),
            },
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
                .map(|help| printable_lines(help).join("\n")),
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
        let span = file.first_line(&span);
        let place = SourceSpan::new(span.start.into(), span.len());
        let line = file.line(span.start);
        let (mut from, mut to) = (span.start, span.end);
        self.labels
            .push(LabeledSpan::new_primary_with_span(None, place));
        let mut elsewhere = Vec::new();
        let alias = file.excerpt.alias(&location.place).map(|bytes| {
            let place = Place::Span {
                document: None,
                bytes,
            };
            let file = location.file;
            (Location { file, place }, "used here".to_owned())
        });
        for (related, label) in alias.iter().chain(&diagnostic.related) {
            let inside = (related.file == location.file)
                .then(|| file.excerpt.span(&related.place))
                .flatten();
            match inside {
                Some(span) if file.line(span.start).abs_diff(line) <= MAX_LINES_BETWEEN => {
                    let span = file.first_line(&span);
                    from = from.min(span.start);
                    to = to.max(span.end);
                    let place = SourceSpan::new(span.start.into(), span.len());
                    self.labels.push(LabeledSpan::new_with_span(
                        Some(printable(label).into_owned()),
                        place,
                    ));
                }
                _ => elsewhere.push((related, label)),
            }
        }
        let mut part = file.part(SourceSpan::new(from.into(), to - from), 2, 2);
        if part.text.lines().any(|line| line.len() > MAX_LINE) {
            let place;
            (part, place) = file.cutting(span);
            let place = SourceSpan::new(place.start.into(), place.len());
            self.labels = vec![LabeledSpan::new_primary_with_span(None, place)];
            let related = diagnostic.related.iter();
            elsewhere = related.map(|(related, label)| (related, label)).collect();
        }
        self.part = Some(part);
        for (related, label) in elsewhere {
            self.name(related, label, files);
        }
    }

    /// Says where a place is that is not drawn.
    fn name(&mut self, location: &Location, label: &str, files: &mut Files<'_>) {
        let path = files.sources.display_path(location.file);
        let line = files.span(location).map(|span| format!(":{}", span.line));
        let (label, path) = (printable(label), printable(path.as_str()));
        let place = format!("{label}: {path}{}", line.unwrap_or_default());
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

#[cfg(test)]
mod tests {
    use std::{fs, io};

    use camino::Utf8Path;

    use super::*;
    use crate::diagnostic::Code;
    use crate::source::{FieldPath, Origin, Root, RootId};

    /// What is said about two findings in a file; the first one is a secret.
    fn said(text: &str, secret: impl Fn(Origin) -> Location) -> io::Result<String> {
        let folder = tempfile::tempdir()?;
        let path = Utf8Path::from_path(folder.path()).ok_or(io::ErrorKind::InvalidData)?;
        fs::write(path.join("a.yaml"), text)?;
        let root = Root {
            path: path.to_owned(),
            repository: None,
        };
        let mut sources = Sources::new(vec![root]);
        let origin = Origin {
            file: sources.add(RootId(0), "a.yaml".into()),
            document: 0,
            line: 1,
        };
        let found = [
            Diagnostic::new(Code::ExposedSecret, "a secret").at(secret(origin)),
            Diagnostic::new(Code::UnknownField, "beside it")
                .at(origin.key(FieldPath::keys(["after"]))),
        ];
        let style = Style {
            color: false,
            width: 80,
        };
        Ok(findings(&found, &sources, style))
    }

    #[test]
    fn no_excerpt_shows_a_secret() -> io::Result<()> {
        let field = || FieldPath::keys(["token"]);
        let line = "before: shown\ntoken: \"söcret\"\nafter: shown\n";
        let block = "before: shown\ntoken: |\n  söcret\n  sö crets\nafter: shown\n";
        for (text, is_key) in [(line, false), (line, true), (block, false), (block, true)] {
            let said = said(text, |origin| {
                if is_key {
                    origin.key(field())
                } else {
                    origin.value(field())
                }
            })?;
            assert!(!said.contains("cret\"") && !said.contains("sö"), "{said}");
            for shown in ["token:", "***", "after: shown"] {
                assert!(said.contains(shown), "{shown} is missing\n{said}");
            }
        }
        Ok(())
    }
}
