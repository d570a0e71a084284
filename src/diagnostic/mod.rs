//! What a run has to say: [`Error`] stops it, [`Diagnostic`] is collected and reported at its end.
//!
//! In: facts from every stage. Out: a sorted list of findings. How they look is up to `report/`.

mod code;
mod error;
mod fingerprint;

use std::collections::BTreeSet;
use std::fmt;

use camino::{Utf8Path, Utf8PathBuf};

pub use self::code::{Code, Stage};
pub use self::error::Error;
pub use self::fingerprint::fingerprints;
use crate::source::{Location, Place, RootId, Sources};

/// What a comment that is meant for this program begins with.
pub const MARKER: &str = "backstage2port:";

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; nothing is wrong.
    Note,
    /// Probably a mistake; everything was converted.
    Warning,
    /// Something the author wrote is not in the result.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// What it is about.
    pub code: Code,
    /// How much it matters here.
    pub severity: Severity,
    /// Where it is; `None` where no single place is to blame.
    pub location: Option<Location>,
    /// What is wrong, in the user's words, without a final full stop.
    pub message: Box<str>,
    /// What to do about it, where that is known.
    pub help: Option<Box<str>>,
    /// Other places that belong to it, each with its part in the story.
    pub related: Vec<(Location, String)>,
}

impl Diagnostic {
    /// A finding with the severity of its code and no place.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            location: None,
            message: message.into().into(),
            help: None,
            related: Vec::new(),
        }
    }

    /// The same finding at a place.
    #[must_use]
    pub fn at(mut self, location: Location) -> Self {
        self.location = Some(location);
        self
    }

    /// The same finding with a remedy.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into().into());
        self
    }

    /// The same finding with a severity of its own.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// The same finding with one more place that belongs to it.
    #[must_use]
    pub fn related(mut self, location: Location, label: impl Into<String>) -> Self {
        self.related.push((location, label.into()));
        self
    }
}

/// Collects the findings of a run, and the files that may say which of them do not count.
#[derive(Debug, Default)]
pub struct Diagnostics {
    found: Vec<Diagnostic>,
    marked: BTreeSet<(RootId, Utf8PathBuf)>,
}

impl Diagnostics {
    /// Adds a finding.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.found.push(diagnostic);
    }

    /// Adds what another thread collected.
    pub fn append(&mut self, mut other: Self) {
        self.found.append(&mut other.found);
        self.marked.append(&mut other.marked);
    }

    /// Notes a YAML file that was read, if its text has the [`MARKER`]. No other file is searched for comments.
    pub fn mark(&mut self, root: RootId, path: &Utf8Path, text: &str) {
        if text.contains(MARKER) {
            self.marked.insert((root, path.to_owned()));
        }
    }

    /// The files that have the [`MARKER`], once.
    pub fn take_marked(&mut self) -> BTreeSet<(RootId, Utf8PathBuf)> {
        std::mem::take(&mut self.marked)
    }

    /// Whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The findings in the order they were made; after [`Diagnostics::sort`], in the order of their places.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Diagnostic> {
        self.found.iter()
    }

    /// How many findings have this severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.iter()
            .filter(|found| found.severity == severity)
            .count()
    }

    /// Gives findings a remedy in place of what they have.
    pub fn advise(&mut self, remedy: impl Fn(&Diagnostic) -> Option<String>) {
        for found in &mut self.found {
            if let Some(remedy) = remedy(found) {
                found.help = Some(remedy.into());
            }
        }
    }

    /// Moves findings about values that placeholders brought to the files where these stand. The placeholder is told with
    /// them.
    pub fn follow_placeholders(&mut self, sources: &Sources) {
        for found in &mut self.found {
            for (related, _) in &mut found.related {
                if let Some((place, _)) = sources.included_place(related) {
                    *related = place;
                }
            }
            let location = found.location.as_ref();
            if let Some((place, other)) = location.and_then(|at| sources.included_place(at)) {
                let label = match other.place {
                    Place::File => "the file it names",
                    _ => "included here",
                };
                found.related.push((other, label.to_owned()));
                found.location = Some(place);
            }
        }
    }

    /// Orders findings by root, path and document; findings of one document stay in the order they were made, those
    /// without a place come last.
    pub fn sort(&mut self, sources: &Sources) {
        let key = |found: &Diagnostic| {
            let location = found.location.as_ref()?;
            Some((
                sources.root_of(location.file),
                sources.path(location.file).to_owned(),
                location.place.document(),
            ))
        };
        self.found.sort_by_cached_key(|found| {
            let key = key(found);
            (key.is_none(), key)
        });
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<T: IntoIterator<Item = Diagnostic>>(&mut self, diagnostics: T) {
        self.found.extend(diagnostics);
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.found.into_iter()
    }
}

/// The name that a misspelt one probably means.
pub(crate) fn similar<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let length = name.chars().count();
    let allowed = (length / 3).clamp(1, 3);
    known
        // A name may be as long as a file.
        .filter(|known| known.chars().count().abs_diff(length) <= allowed)
        .map(|known| {
            let distance = strsim::osa_distance(&name.to_lowercase(), &known.to_lowercase());
            (distance, known)
        })
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, known)| known)
}

/// A text of users inside a message, cut to what is needed to recognise it.
pub(crate) fn quoted(text: &str) -> String {
    const SHOWN: usize = 60;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("`{}…`", &text[..end]),
        None => format!("`{text}`"),
    }
}
