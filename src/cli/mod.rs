//! The arguments of the command line and what they mean to the library.

mod commit;
pub(crate) mod configuration;
pub(crate) mod documents;
mod input;
mod judging;
mod manifests;
mod model;

use std::ffi::OsString;
use std::io::IsTerminal;

use backstage2port::diagnostic::{Code, Error};
use backstage2port::map::sandbox::Evaluator;
use backstage2port::publish::Destination;
use backstage2port::report::{Style, pull_request};
use backstage2port::{Earlier, Options};
use camino::Utf8PathBuf;
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

pub(crate) use self::commit::Commit;
pub(crate) use self::input::Input;
use self::manifests::{Again, Manifests, Writing};
use self::model::Model;
use crate::reporting::Reporting;
use clap_complete::Shell;

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
    /// Commit Port manifests to a branch: no checkout, and nothing else of the repository changes
    Publish(Publish),
    /// Tell by entity what differs between two states of Port, such as the manifests that stand here and what `convert` would
    /// make of the descriptors now
    Diff(Diff),
    /// Tell what a finding means and what to do about it, or where an entity went: each property and relation with its
    /// expression and the lines it was made from
    Explain(Explain),
    /// Print the catalog that Backstage would hold, one entity a line, as its API returns it
    Catalog(Input),
    /// Check descriptors and their references, without converting anything
    Validate(Validate),
    /// Copy a built-in profile into a folder, to be changed and named with --profile
    Init(Init),
    /// Print a JSON Schema, for editors and for programs that read reports
    Schema(Schema),
    /// Print the completions of a shell
    Completions(Completions),
    /// Print the manual page, or write the pages of all commands
    Man(Man),
    /// Run the jq expressions of a profile for the process that asks on standard input
    #[command(hide = true, name = JQ_WORKER)]
    JqWorker,
}

#[derive(Debug, Args)]
pub(crate) struct Convert {
    #[command(flatten)]
    pub(crate) input: Input,
    /// Write below this folder instead of into the roots
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) out: Option<Utf8PathBuf>,
    #[command(flatten)]
    pub(crate) writing: Writing,
    /// Keep what was changed by hand in manifests: as entries of .port/overlay.yaml, which every run applies
    #[arg(long, conflicts_with_all = ["dry_run", "check", "rev", "overwrite"])]
    pub(crate) adopt: bool,
    #[command(flatten)]
    pub(crate) again: Again,
    #[command(flatten)]
    manifests: Manifests,
    #[command(flatten)]
    pub(crate) reporting: Reporting,
    #[command(flatten)]
    pub(crate) model: Model,
}

#[derive(Debug, Args)]
pub(crate) struct Publish {
    #[command(flatten)]
    pub(crate) input: Input,
    #[command(flatten)]
    pub(crate) commit: Commit,
    /// Read the descriptors of the work tree, changes that are not committed included
    #[arg(long)]
    pub(crate) worktree: bool,
    /// Push the branch with `git push --force-with-lease`
    #[arg(long, value_name = "REMOTE", num_args = 0..=1, require_equals = true, default_missing_value = "origin")]
    pub(crate) push: Option<String>,
    /// Write the text of the pull request to this file, in Markdown
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) pr_body: Option<Utf8PathBuf>,
    /// The longest that the text of the pull request may get, in UTF-16 units. GitHub takes 65,536, Azure DevOps 4,000
    #[arg(long, value_name = "N", default_value_t = pull_request::LIMIT, requires = "pr_body")]
    pub(crate) pr_body_limit: usize,
    /// Say what would be committed, and commit nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) again: Again,
    #[command(flatten)]
    manifests: Manifests,
    #[command(flatten)]
    pub(crate) reporting: Reporting,
    #[command(flatten)]
    pub(crate) model: Model,
}

impl Publish {
    /// How entities become manifests, where those of earlier runs stand in these revisions.
    pub(crate) fn options(
        &self,
        evaluator: &Evaluator,
        earlier: Vec<String>,
    ) -> Result<Options, Error> {
        Ok(Options {
            rendering: self.manifests.rendering(self.input.address())?,
            earlier: Earlier::Revisions(earlier),
            rules: self.again.rules(),
            detailed_account: self.reporting.is_detailed(),
            ..self.model.options(evaluator)?
        })
    }
}

#[derive(Debug, Args)]
pub(crate) struct Diff {
    #[command(flatten)]
    pub(crate) input: Input,
    /// Compare with the manifests that stand in this revision, instead of those on the disk
    #[arg(long, value_name = "REV")]
    pub(crate) from: Option<String>,
    /// Compare the manifests that stand in this revision, instead of what `convert` would make of the descriptors
    #[arg(long, value_name = "REV", conflicts_with = "rev")]
    pub(crate) to: Option<String>,
    /// Compare with what `convert` makes of the descriptors of --from, instead of the manifests there: for repositories
    /// that keep no manifests
    #[arg(long, requires = "from")]
    pub(crate) converted: bool,
    /// The folder of the manifests on the disk, instead of the roots
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, conflicts_with = "from")]
    pub(crate) out: Option<Utf8PathBuf>,
    /// How the differences are printed
    #[arg(long, value_enum, default_value_t = DiffFormat::Text)]
    pub(crate) format: DiffFormat,
    /// Exit with 1 when there are differences
    #[arg(long)]
    pub(crate) exit_code: bool,
    #[command(flatten)]
    pub(crate) model: Model,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DiffFormat {
    /// For a terminal
    Text,
    /// For programs
    Json,
    /// For a comment on a pull request
    Markdown,
}

#[derive(Debug, Args)]
pub(crate) struct Validate {
    #[command(flatten)]
    pub(crate) input: Input,
    #[command(flatten)]
    pub(crate) reporting: Reporting,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The code of a finding, such as `dangling-relation`: prints its page, and reads nothing. Or an entity:
    /// `kind:namespace/name`, without the namespace where it is `default`, without the kind where no other entity and no
    /// code has the name. Lists all codes where neither is given
    #[arg(value_name = "CODE|ENTITY-REF")]
    pub(crate) subject: Option<String>,
    #[command(flatten)]
    pub(crate) input: Input,
    #[command(flatten)]
    pub(crate) model: Model,
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Where the files go
    #[arg(value_name = "DIR", default_value = "port-profile", value_hint = ValueHint::DirPath)]
    pub(crate) folder: Utf8PathBuf,
    /// The profile to copy
    #[arg(long, default_value = "standard", value_name = "NAME")]
    pub(crate) profile: String,
    /// Overwrite files of the same names
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// What the schema describes
    #[arg(value_enum, value_name = "OF", default_value_t = Described::Configuration)]
    pub(crate) of: Described,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Described {
    /// backstage2port.yaml
    Configuration,
    /// What --format json prints
    Report,
}

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

#[derive(Debug, Args)]
pub(crate) struct Man {
    /// Write a page for each command into this folder
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) folder: Option<Utf8PathBuf>,
}

impl Command {
    /// What is read of descriptors, by a command that reads some.
    pub(crate) fn input(&self) -> Option<&Input> {
        match self {
            Self::Convert(command) => Some(&command.input),
            Self::Publish(command) => Some(&command.input),
            Self::Diff(command) => Some(&command.input),
            Self::Explain(command) => {
                // The page of a code is no matter of descriptors.
                let subject = command.subject.as_deref()?;
                Code::named(subject).is_none().then_some(&command.input)
            }
            Self::Catalog(input) => Some(input),
            Self::Validate(command) => Some(&command.input),
            Self::Init(_)
            | Self::Schema(_)
            | Self::Completions(_)
            | Self::Man(_)
            | Self::JqWorker => None,
        }
    }

    fn input_mut(&mut self) -> Option<&mut Input> {
        match self {
            Self::Convert(command) => Some(&mut command.input),
            Self::Publish(command) => Some(&mut command.input),
            Self::Diff(command) => Some(&mut command.input),
            Self::Explain(command) => Some(&mut command.input),
            Self::Catalog(input) => Some(input),
            Self::Validate(command) => Some(&mut command.input),
            Self::Init(_)
            | Self::Schema(_)
            | Self::Completions(_)
            | Self::Man(_)
            | Self::JqWorker => None,
        }
    }

    /// The revision whose descriptors are read; `None` stands for the disk.
    fn revision(&self) -> Option<&str> {
        match self {
            Self::Publish(command) if command.worktree => None,
            Self::Publish(command) => Some(&command.commit.base),
            command => command.input()?.rev.as_deref(),
        }
    }
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
enum Color {
    Auto,
    Always,
    Never,
}

impl Convert {
    /// Where manifests go.
    pub(crate) fn destination(&self) -> Result<Destination, Error> {
        match &self.out {
            Some(folder) => Ok(Destination::Folder(folder.clone())),
            None if self.input.roots().is_empty() => Err(Error::NoFolder),
            None => Ok(Destination::Roots),
        }
    }

    /// How entities become manifests.
    pub(crate) fn options(&self, evaluator: &Evaluator) -> Result<Options, Error> {
        Ok(Options {
            rendering: self.manifests.rendering(self.input.address())?,
            destination: self.destination()?,
            earlier: Earlier::Destination,
            rules: self.again.rules(),
            detailed_account: self.reporting.is_detailed(),
            ..self.model.options(evaluator)?
        })
    }
}

/// Columns where the terminal does not say.
const DEFAULT_WIDTH: usize = 100;

impl Output {
    /// How text looks on a stream.
    pub(crate) fn style(&self, stream: &impl IsTerminal) -> Style {
        let color = match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => wants_color(stream.is_terminal(), |name| std::env::var_os(name)),
        };
        let width = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        Style {
            color,
            width: width.unwrap_or(DEFAULT_WIDTH).clamp(40, 120),
        }
    }
}

/// Whether a stream gets colours where the arguments say nothing of them (<https://no-color.org>,
/// <https://bixense.com/clicolors>).
fn wants_color(is_terminal: bool, variable: impl Fn(&str) -> Option<OsString>) -> bool {
    let set = |name| variable(name).filter(|value| !value.is_empty());
    if set("NO_COLOR").is_some() {
        return false;
    }
    let is_forced = set("CLICOLOR_FORCE").is_some_and(|value| value != "0");
    let is_refused = set("CLICOLOR").is_some_and(|value| value == "0");
    is_forced || is_terminal && !is_refused
}

#[cfg(test)]
mod tests {
    use super::wants_color;

    #[test]
    fn the_environment_decides_on_colours() {
        for (variables, on_a_terminal, elsewhere) in [
            (&[][..], true, false),
            (&[("NO_COLOR", "1")], false, false),
            (&[("NO_COLOR", "0")], false, false),
            (&[("NO_COLOR", "")], true, false),
            (&[("CLICOLOR", "0")], false, false),
            (&[("CLICOLOR", "1")], true, false),
            (&[("CLICOLOR_FORCE", "1")], true, true),
            (&[("CLICOLOR_FORCE", "0")], true, false),
            (&[("CLICOLOR_FORCE", "")], true, false),
            (&[("CLICOLOR", "0"), ("CLICOLOR_FORCE", "1")], true, true),
            (&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], false, false),
        ] {
            let variable = |name: &str| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| value.into())
            };
            assert_eq!(wants_color(true, variable), on_a_terminal, "{variables:?}");
            assert_eq!(wants_color(false, variable), elsewhere, "{variables:?}");
        }
    }
}
