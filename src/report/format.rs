//! The formats of reports for programs: one row of [`Format::ALL`] each, and one file that writes it.
//!
//! In: a [`Report`]. Out: its bytes. Text for people is not one of them: it goes to two streams and has a style.

use std::io::{self, Write};

use super::{Summary, comment, compact, github, gitlab, json, junit, outputs, sarif};
use crate::backstage::Catalog;
use crate::diagnostic::{Diagnostics, Severity};
use crate::map::account::Account;
use crate::publish::Written;
use crate::source::Sources;

/// What there is to tell of a run.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// The numbers.
    pub summary: &'a Summary,
    /// The findings.
    pub diagnostics: &'a Diagnostics,
    /// The files they are about.
    pub sources: &'a Sources,
    /// The entities.
    pub catalog: &'a Catalog,
    /// The severity from which on a finding is a failure where a format tells failures from remarks.
    pub failing: Severity,
    /// What was converted, by a command that converts.
    pub conversion: Option<Conversion<'a>>,
    /// What was published, by a command that does.
    pub publication: Option<Publication<'a>>,
}

/// What a conversion made and wrote.
#[derive(Debug, Clone, Copy)]
pub struct Conversion<'a> {
    /// What became of the fields of the entities.
    pub account: &'a Account,
    /// What became of the manifests.
    pub written: &'a Written,
    /// Whether they were only to be compared, so that every difference is a fault.
    pub is_check: bool,
}

/// What became of a branch.
#[derive(Debug, Clone, Copy)]
pub struct Publication<'a> {
    /// How it went.
    pub status: Status,
    /// The branch.
    pub branch: &'a str,
    /// The commit that the branch is at, where there is one.
    pub commit: Option<&'a str>,
}

/// How a publication went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The base holds it all.
    Nothing,
    /// The branch holds it all.
    Unchanged,
    /// The branch moved.
    Committed,
    /// The branch would move; it was a dry run.
    WouldCommit,
    /// Nothing was published: too much would be removed, or an overlay is broken.
    Blocked,
}

impl Status {
    /// The word for it in reports.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Unchanged => "unchanged",
            Self::Committed => "committed",
            Self::WouldCommit => "would-commit",
            Self::Blocked => "blocked",
        }
    }
}

/// A format of reports.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// What users call it.
    pub name: &'static str,
    /// What it is, for them.
    pub about: &'static str,
    /// Whether it tells the fate of every field, so that the account has to.
    pub is_detailed: bool,
    write: fn(&Report<'_>, &mut dyn Write) -> io::Result<()>,
}

impl Format {
    /// Every format.
    pub const ALL: &[Self] = &[
        Self {
            name: "compact",
            about: "One finding a line, for editors and grep: path:line:column: severity[code] message",
            is_detailed: false,
            write: compact::write,
        },
        Self {
            name: "json",
            about: "One object with everything, above all what became of every field",
            is_detailed: true,
            write: json::write,
        },
        Self {
            name: "github",
            about: "Annotations of GitHub Actions: the worst findings at their lines",
            is_detailed: false,
            write: github::write,
        },
        Self {
            name: "github-output",
            about: "Lines `name=value` for $GITHUB_OUTPUT: numbers, and what became of the branch",
            is_detailed: false,
            write: outputs::write,
        },
        Self {
            name: "gitlab",
            about: "Code Quality of GitLab, for artifacts:reports:codequality",
            is_detailed: false,
            write: gitlab::write,
        },
        Self {
            name: "sarif",
            about: "SARIF 2.1.0, for GitHub code scanning and other viewers",
            is_detailed: false,
            write: sarif::write,
        },
        Self {
            name: "junit",
            about: "JUnit XML: each finding a test, each file without one a test that passes",
            is_detailed: false,
            write: junit::write,
        },
        Self {
            name: "markdown",
            about: "Tables for a comment or a job summary, worst first, no longer than GitHub takes",
            is_detailed: false,
            write: comment::write,
        },
    ];

    /// The format of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|format| format.name == name)
    }

    /// Writes a report in this format; the last line is a whole one.
    ///
    /// # Errors
    ///
    /// As writing gives them.
    pub fn write(&self, report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
        (self.write)(report, out)
    }
}
