//! The arguments that say what is read.

use std::sync::Arc;

use backstage2port::backstage::Mode;
use backstage2port::backstage::discover::Patterns;
use backstage2port::codeowners;
use backstage2port::diagnostic::{Error, Severity};
use backstage2port::source::Root;
use backstage2port::{Dumps, Inputs};
use camino::Utf8PathBuf;
use clap::{Args, ValueEnum, ValueHint};

use super::configuration::Chosen;
use super::judging::Judging;

/// What is read.
#[derive(Debug, Args)]
pub(crate) struct Input {
    /// Folders to read: one repository each. The current folder where none is given; none at all with
    /// --convert-catalog
    #[arg(value_name = "ROOT", value_hint = ValueHint::DirPath)]
    roots: Vec<Utf8PathBuf>,
    /// Know the entities of this file as well: JSON saved from Backstage's catalog API, or what `catalog` prints;
    /// repeatable. References to them resolve; a descriptor wins over them
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) catalog: Vec<Utf8PathBuf>,
    /// Convert, print and check the entities of --catalog too
    #[arg(long)]
    pub(super) convert_catalog: bool,
    /// Read only files that match this glob, instead of the usual names of descriptors; repeatable
    #[arg(long, value_name = "GLOB")]
    include: Vec<String>,
    /// Do not read files that match this glob; repeatable
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
    /// Read this revision of the repositories (a branch, tag or commit) instead of the files on the disk; bare
    /// repositories will do
    #[arg(long, value_name = "REV")]
    pub(crate) rev: Option<String>,
    /// Address of the repository, such as `https://github.com/acme/shop`, instead of those of its remotes: Location
    /// targets and placeholders that name its files by address are read from the root
    #[arg(long, value_name = "URL")]
    repo_url: Option<String>,
    /// Let an error cost what it costs in Backstage: a document that is no entity takes with it everything that the
    /// same Location emits, and unknown kinds are errors
    #[arg(long)]
    strict: bool,
    /// Give entities without an owner one: the code owner of their descriptor, by the CODEOWNERS file of the repository
    #[arg(long, value_enum, value_name = "SOURCE")]
    owner_from: Option<OwnerFrom>,
    #[command(flatten)]
    pub(crate) judging: Judging,
    /// Succeed when there are no descriptors
    #[arg(long)]
    pub(crate) allow_empty: bool,
    /// Exit with 1 when there are findings of this severity or above
    #[arg(long, value_enum, default_value_t = FailOn::Error, value_name = "SEVERITY")]
    fail_on: FailOn,
    /// Threads to use; as many as there are processors where not given
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
    #[command(flatten)]
    pub(super) chosen: Chosen,
    /// What the configuration says of code owners.
    #[arg(skip)]
    pub(super) codeowners: codeowners::Rules,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum OwnerFrom {
    Codeowners,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FailOn {
    Error,
    /// Errors, and fields that do not reach Port
    Loss,
    Warning,
    Note,
    /// Findings never change the exit code
    Never,
}

impl Input {
    /// What the library reads.
    pub(crate) fn inputs(&self) -> Result<Inputs, Error> {
        Ok(Inputs {
            roots: self
                .roots()
                .iter()
                .map(|path| Root {
                    path: path.clone(),
                    repository: self.repo_url.clone(),
                })
                .collect(),
            patterns: Patterns::new(&self.include, &self.exclude)?,
            revision: self.rev.clone(),
            mode: if self.strict {
                Mode::Strict
            } else {
                Mode::Tolerant
            },
            dumps: Dumps {
                paths: self.catalog.clone(),
                are_converted: self.convert_catalog,
            },
            codeowners: codeowners::Rules {
                fills: matches!(self.owner_from, Some(OwnerFrom::Codeowners)),
                ..self.codeowners.clone()
            },
            progress: Arc::default(),
        })
    }

    /// The roots; when the dumps are the result, the current folder does not slip in.
    pub(crate) fn roots(&self) -> Vec<Utf8PathBuf> {
        if self.roots.is_empty() && !self.convert_catalog {
            return vec![".".into()];
        }
        self.roots.clone()
    }

    /// Whether the user named no root.
    pub(super) const fn names_no_root(&self) -> bool {
        self.roots.is_empty()
    }

    /// The address of the repository, where the user gave it.
    pub(crate) fn address(&self) -> Option<&str> {
        self.repo_url.as_deref()
    }

    /// The severity from which on findings fail the run.
    pub(crate) fn fail_on(&self) -> Option<Severity> {
        match self.fail_on {
            FailOn::Error | FailOn::Loss => Some(Severity::Error),
            FailOn::Warning => Some(Severity::Warning),
            FailOn::Note => Some(Severity::Note),
            FailOn::Never => None,
        }
    }

    /// Whether a field that does not reach Port fails the run.
    pub(crate) fn fails_on_loss(&self) -> bool {
        matches!(self.fail_on, FailOn::Loss)
    }

    /// What is read, in words.
    pub(crate) fn in_words(&self) -> String {
        let roots = self.roots();
        let dumps = self.catalog.iter().filter(|_| self.convert_catalog);
        let all: Vec<&str> = roots
            .iter()
            .chain(dumps)
            .map(|path| path.as_str())
            .collect();
        all.join(", ")
    }
}
