//! The arguments of the command line and what they mean to the library.

use std::io::IsTerminal;

use backstage2port::backstage::Mode;
use backstage2port::backstage::discover::Patterns;
use backstage2port::diagnostic::{Error, Severity};
use backstage2port::publish::Destination;
use backstage2port::render::Format;
use backstage2port::report::Style;
use backstage2port::source::Root;
use backstage2port::{Dumps, Inputs};
use camino::Utf8PathBuf;
use clap::{Args, Parser, Subcommand, ValueEnum};

/// Convert Backstage catalog descriptors in git repositories to Port blueprints and entities, offline.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// The command that runs the jq of users; the program starts itself with it.
pub(crate) const JQ_WORKER: &str = "jq-worker";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write Port manifests for the descriptors of repositories
    Convert(Convert),
    /// Print the catalog that Backstage would hold, one entity a line, as its API returns it
    Catalog(Input),
    /// Check descriptors and their references, without converting anything
    Validate(Input),
    /// Run the jq expressions of a profile for the process that asks on standard input
    #[command(hide = true, name = JQ_WORKER)]
    JqWorker,
}

/// What is read.
#[derive(Debug, Args)]
pub(crate) struct Input {
    /// Folders to read: one repository each. The current folder where none is given; none at all with
    /// --convert-catalog
    #[arg(value_name = "ROOT")]
    roots: Vec<Utf8PathBuf>,
    /// Know the entities of this file as well: JSON saved from Backstage's catalog API, or what `catalog` prints;
    /// repeatable. References to them resolve; a descriptor wins over them
    #[arg(long, value_name = "FILE")]
    catalog: Vec<Utf8PathBuf>,
    /// Convert, print and check the entities of --catalog too
    #[arg(long, requires = "catalog")]
    convert_catalog: bool,
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
    /// Succeed when there are no descriptors
    #[arg(long)]
    pub(crate) allow_empty: bool,
    /// Exit with 1 when there are findings of this severity or above
    #[arg(long, value_enum, default_value_t = FailOn::Error, value_name = "SEVERITY")]
    fail_on: FailOn,
    /// Threads to use; as many as there are processors where not given
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
}

#[derive(Debug, Args)]
pub(crate) struct Convert {
    #[command(flatten)]
    pub(crate) input: Input,
    /// Write below this folder instead of into the roots
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<Utf8PathBuf>,
    /// Say what would be written, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// What to write
    #[arg(long, value_enum, default_value_t = Target::PortYml)]
    target: Target,
    /// How entities are spelled: port.yml or port.json
    #[arg(long, value_enum, default_value_t = EntityFormat::Yaml)]
    format: EntityFormat,
    /// How kinds become blueprints: the name of a built-in profile, or a folder with blueprints.yaml and mapping.yaml
    #[arg(long, default_value = "standard", value_name = "NAME|DIR")]
    pub(crate) profile: String,
}

/// What is said, and how.
#[derive(Debug, Args)]
pub(crate) struct Output {
    /// Say every finding in full, notes too
    #[arg(long, short, global = true)]
    pub(crate) verbose: bool,
    /// Say errors only
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Use colours
    #[arg(long, value_enum, default_value_t = Color::Auto, global = true, value_name = "WHEN")]
    color: Color,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FailOn {
    Error,
    Warning,
    Note,
    /// Findings never change the exit code
    Never,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Target {
    /// port.yml beside the descriptors, blueprints in .port/blueprints/
    PortYml,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum EntityFormat {
    Yaml,
    Json,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Color {
    Auto,
    Always,
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
        })
    }

    /// The roots; when the dumps are the result, the current folder does not slip in.
    fn roots(&self) -> Vec<Utf8PathBuf> {
        if self.roots.is_empty() && !self.convert_catalog {
            return vec![".".into()];
        }
        self.roots.clone()
    }

    /// The severity from which on findings fail the run.
    pub(crate) fn fail_on(&self) -> Option<Severity> {
        match self.fail_on {
            FailOn::Error => Some(Severity::Error),
            FailOn::Warning => Some(Severity::Warning),
            FailOn::Note => Some(Severity::Note),
            FailOn::Never => None,
        }
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

impl Convert {
    /// Where manifests go.
    pub(crate) fn destination(&self) -> Result<Destination, Error> {
        let Target::PortYml = self.target;
        match &self.out {
            Some(folder) => Ok(Destination::Folder(folder.clone())),
            None if self.input.roots().is_empty() => Err(Error::NoFolder),
            None => Ok(Destination::Roots),
        }
    }

    /// How entities are spelled.
    pub(crate) fn format(&self) -> Format {
        match self.format {
            EntityFormat::Yaml => Format::Yaml,
            EntityFormat::Json => Format::Json,
        }
    }
}

/// Columns where the terminal does not say.
const DEFAULT_WIDTH: usize = 100;

impl Output {
    /// How text looks on a stream (<https://no-color.org>, <https://bixense.com/clicolors>).
    pub(crate) fn style(&self, stream: &impl IsTerminal) -> Style {
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let color = match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto if is_set("NO_COLOR") => false,
            Color::Auto => stream.is_terminal() || (is_set("CLICOLOR_FORCE")),
        };
        let width = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        Style {
            color,
            width: width.unwrap_or(DEFAULT_WIDTH).clamp(40, 120),
        }
    }
}
