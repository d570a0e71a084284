//! The arguments of the command line and what they mean to the library.

use std::io::IsTerminal;

use backstage2port::backstage::Mode;
use backstage2port::backstage::discover::Patterns;
use backstage2port::diagnostic::{Error, Severity};
use backstage2port::map::sandbox::Evaluator;
use backstage2port::map::{Owners, Profile};
use backstage2port::port::refine::Refinement;
use backstage2port::publish::Destination;
use backstage2port::render::{self, Format, Rendering};
use backstage2port::report::Style;
use backstage2port::source::{HostedRepository, Root};
use backstage2port::standing::Rules;
use backstage2port::{Dumps, Earlier, Inputs, Options};
use camino::Utf8PathBuf;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::reporting::Reporting;

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
    /// Tell where an entity went: each property and relation with its expression and the lines it was made from
    Explain(Explain),
    /// Print the catalog that Backstage would hold, one entity a line, as its API returns it
    Catalog(Input),
    /// Check descriptors and their references, without converting anything
    Validate(Validate),
    /// Copy a built-in profile into a folder, to be changed and named with --profile
    Init(Init),
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
    /// Write nothing, list what would change, and exit with 1 if something would
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) check: bool,
    #[command(flatten)]
    pub(crate) again: Again,
    /// What to write; repeatable
    #[arg(long, value_enum, default_value = "port-yml")]
    target: Vec<Target>,
    /// Write the mapping with which Port's integration for this git host reads what is written, into .port/mapping/;
    /// repeatable. The host of --repo-url where not given, or github
    #[arg(long, value_enum, conflicts_with = "blueprints")]
    provider: Vec<Provider>,
    /// How entities are spelled: port.yml or port.json, and so on
    #[arg(long, value_enum, default_value_t = EntityFormat::Yaml)]
    manifest_format: EntityFormat,
    /// Exit with 1 when something was written, for hooks that are to stop a commit until it holds what they wrote
    #[arg(long)]
    pub(crate) fail_on_change: bool,
    #[command(flatten)]
    pub(crate) reporting: Reporting,
    #[command(flatten)]
    pub(crate) model: Model,
}

/// What may be done to the manifests of earlier runs.
#[derive(Debug, Args)]
pub(crate) struct Again {
    /// Leave out what an entity had in its manifest and no longer has, instead of writing it as null. Port keeps what is
    /// left out, so do this once Port has seen the nulls
    #[arg(long)]
    compact: bool,
    /// Let entities leave their manifests however many they are. Port deletes them
    #[arg(long)]
    allow_removals: bool,
    /// Write over manifests that were changed by hand
    #[arg(long)]
    overwrite: bool,
}

impl Again {
    /// The same for the library.
    pub(crate) const fn rules(&self) -> Rules {
        Rules {
            compact: self.compact,
            allow_removals: self.allow_removals,
            overwrite: self.overwrite,
        }
    }
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
    /// The entity: `kind:namespace/name`, without the namespace where it is `default`, without the kind where no other
    /// entity has the name
    #[arg(value_name = "ENTITY-REF")]
    pub(crate) entity_ref: String,
    #[command(flatten)]
    pub(crate) input: Input,
    #[command(flatten)]
    pub(crate) model: Model,
}

/// How the catalog becomes Port's.
#[derive(Debug, Args)]
pub(crate) struct Model {
    /// How kinds become blueprints: the name of a built-in profile, or a folder with blueprints.yaml and mapping.yaml
    #[arg(long, default_value = "standard", value_name = "NAME|DIR")]
    profile: String,
    /// Let teams own everything: what a user owns is owned by the groups of the user. A user without a known group stays
    #[arg(long)]
    teams_only: bool,
    /// Keep these parts of blueprints although nothing uses them; repeatable, or a list with commas
    #[arg(long, value_enum, value_name = "PART", value_delimiter = ',')]
    keep_unused: Vec<BlueprintPart>,
    /// Leave properties and relations required that some entities lack. Port refuses such entities
    #[arg(long)]
    keep_required: bool,
    /// Make an enum with colours of this property in every blueprint that has it, such as `type` or `lifecycle`;
    /// repeatable. The enum holds the values in use, so Port refuses the next new value until the blueprint is
    /// written again
    #[arg(long = "enum", value_name = "PROPERTY")]
    enums: Vec<String>,
    /// Take the blueprints in this folder as they are: API bodies in *.json and *.yaml, such as `.port/blueprints` of a
    /// run over all repositories. Entities are held against them, and neither blueprints nor mappings are written. For
    /// repositories that are converted one at a time
    #[arg(
        long,
        value_name = "DIR",
        conflicts_with_all = ["keep_unused", "keep_required", "enums"]
    )]
    blueprints: Option<Utf8PathBuf>,
    /// Leave out kinds that the profile does not map and name them, instead of inferring their blueprints from their
    /// entities
    #[arg(long)]
    no_infer: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Where the files go
    #[arg(value_name = "DIR", default_value = "port-profile")]
    pub(crate) folder: Utf8PathBuf,
    /// The profile to copy
    #[arg(long, default_value = "standard", value_name = "NAME")]
    pub(crate) profile: String,
    /// Overwrite files of the same names
    #[arg(long)]
    pub(crate) force: bool,
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
    /// Errors, and fields that do not reach Port
    Loss,
    Warning,
    Note,
    /// Findings never change the exit code
    Never,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Target {
    /// port.yml beside the descriptors
    PortYml,
    /// .port/entities/<blueprint>.yml, in parts where it is long
    Central,
    /// .port/entities/<blueprint>/<identifier>.yaml, one entity a file
    Tree,
    /// .port/port-import.json, everything in one file for Port's CLI
    Bundle,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Provider {
    /// GitHub (Ocean)
    Github,
    /// GitLab (v2)
    Gitlab,
    /// Bitbucket Cloud
    Bitbucket,
    /// Azure DevOps
    Azure,
    /// No mapping
    None,
}

/// What of a blueprint may go unused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum BlueprintPart {
    /// Blueprints without entities
    Blueprints,
    /// Properties that no entity has
    Properties,
    /// Relations that no entity has
    Relations,
    All,
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
        let options = self.model.options(evaluator)?;
        Ok(Options {
            rendering: self.rendering()?,
            destination: self.destination()?,
            earlier: Earlier::Destination,
            rules: self.again.rules(),
            detailed_account: self.reporting.is_detailed(),
            ..options
        })
    }

    /// Which manifests are made.
    fn rendering(&self) -> Result<Rendering, Error> {
        let target = |target: &Target| match target {
            Target::PortYml => render::Target::PortYml,
            Target::Central => render::Target::Central,
            Target::Tree => render::Target::Tree,
            Target::Bundle => render::Target::Bundle,
        };
        let targets: Vec<_> = self.target.iter().map(target).collect();
        let format = match self.manifest_format {
            EntityFormat::Yaml => Format::Yaml,
            EntityFormat::Json => Format::Json,
        };
        Rendering::new(&targets, format, &self.providers())
    }

    fn providers(&self) -> Vec<render::Provider> {
        if self.provider.is_empty() {
            let host = self
                .input
                .repo_url
                .as_deref()
                .and_then(HostedRepository::parse);
            let provider = host.and_then(|host| render::Provider::of_host(&host.host));
            return vec![provider.unwrap_or(render::Provider::GitHub)];
        }
        let provider = |provider: &Provider| match provider {
            Provider::Github => Some(render::Provider::GitHub),
            Provider::Gitlab => Some(render::Provider::GitLab),
            Provider::Bitbucket => Some(render::Provider::Bitbucket),
            Provider::Azure => Some(render::Provider::Azure),
            Provider::None => None,
        };
        self.provider.iter().filter_map(provider).collect()
    }
}

impl Model {
    /// How the catalog is converted.
    pub(crate) fn options(&self, evaluator: &Evaluator) -> Result<Options, Error> {
        let mut profile = Profile::load_with(&self.profile, evaluator)?;
        if let Some(folder) = &self.blueprints {
            profile.take_blueprints(folder)?;
        }
        Ok(Options {
            refinement: self.refinement(profile.refinement.clone()),
            owners: if self.teams_only {
                Owners::Groups
            } else {
                Owners::AsStated
            },
            infer: !self.no_infer,
            ..Options::with(profile)
        })
    }

    /// How blueprints are refined: as the profile says, unless an argument says otherwise.
    fn refinement(&self, of_profile: Refinement) -> Refinement {
        let is_kept = |part| {
            self.keep_unused.contains(&part) || self.keep_unused.contains(&BlueprintPart::All)
        };
        let mut refinement = of_profile;
        refinement.drop_unused_blueprints &= !is_kept(BlueprintPart::Blueprints);
        refinement.drop_unused_properties &= !is_kept(BlueprintPart::Properties);
        refinement.drop_unused_relations &= !is_kept(BlueprintPart::Relations);
        refinement.relax_required &= !self.keep_required;
        refinement.enums.extend(self.enums.iter().cloned());
        refinement
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
