//! The commands: each runs the library and prints what came of it. Data goes to standard output, everything else to
//! standard error.

mod convert;
mod converted;
mod diff;
mod documents;
mod explain;
mod judge;
mod progress;
mod publish;

use std::collections::HashMap;
use std::error::Error as _;
use std::io::{self, IsTerminal, Write};

use backstage2port::backstage::discover::DEFAULT_INCLUDE;
use backstage2port::diagnostic::{Code, Diagnostic, Diagnostics, Error, Severity, Stage};
use backstage2port::judge::Judged;
use backstage2port::map::profile::BuiltIn;
use backstage2port::map::sandbox::Evaluator;
use backstage2port::map::worker;
use backstage2port::publish::branch::BranchError;
use backstage2port::publish::files;
use backstage2port::report::{self, Report, Summary, text};
use backstage2port::source::Sources;
use backstage2port::{Conversion, Inputs, Options, Reading};
use camino::Utf8PathBuf;

use self::judge::Judge;
use crate::cli::configuration::parsed;
use crate::cli::{Arguments, Command, Init, Input, JQ_WORKER, Output, Validate};
use crate::reporting::Untold;

/// How a run ended that could be made; its number is the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Clean = 0,
    Findings = 1,
    NoDescriptors = 3,
}

/// Why a run could not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Run(#[from] Error),
    #[error(transparent)]
    Branch(#[from] BranchError),
    #[error("`publish` reads the revision it commits to: name it with --base, not with --rev")]
    RevisionOfPublish,
    #[error("{root} is a bare repository, which has no work tree: leave out --worktree")]
    WorkTreeOfBare { root: Utf8PathBuf },
    #[error("{first} and {other} are not in one repository: publish them one after the other")]
    SeveralRepositories {
        first: Utf8PathBuf,
        other: Utf8PathBuf,
    },
    #[error(
        "--rev needs --out DIR: manifests of a revision do not belong into a folder that may hold another one"
    )]
    RevisionWithoutOut,
    /// The text has it all.
    #[error("the configuration cannot be used")]
    Configuration { text: String },
    #[error(transparent)]
    Report(Untold),
    #[error("cannot print")]
    Print(#[from] io::Error),
    #[error(
        "cannot tell which program this is, to start it again for the expressions of a profile"
    )]
    Program(#[source] io::Error),
    #[error("cannot start {threads} threads")]
    Threads {
        threads: usize,
        source: rayon::ThreadPoolBuildError,
    },
}

impl From<Untold> for Failure {
    fn from(untold: Untold) -> Self {
        match untold {
            // So that a reader who has seen enough is told from a full disk.
            Untold::Print(error) => Self::Print(error),
            Untold::File { .. } => Self::Report(untold),
        }
    }
}

/// A failure and its causes, for people.
pub(crate) fn explained(failure: &Failure) -> String {
    if let Failure::Configuration { text } = failure {
        return text.clone();
    }
    let mut text = format!("error: {}", report::printable(&failure.to_string()));
    let mut cause = failure.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&report::printable(&error.to_string()));
        cause = error.source();
    }
    text.push('\n');
    text
}

/// Runs the command that the command line names, with the configuration of what it reads.
pub(crate) fn configured_run() -> Result<Outcome, Failure> {
    let parsed = parsed().map_err(|unusable| {
        let style = unusable.arguments.output.style(&io::stderr());
        let text = text::faults(&unusable.refused.0, style);
        Failure::Configuration { text }
    })?;
    let output = &parsed.arguments.output;
    let mut err = io::stderr().lock();
    if output.verbose && !parsed.files.is_empty() {
        let files: Vec<&str> = parsed.files.iter().map(|path| path.as_str()).collect();
        let files = files.join(", ");
        writeln!(err, "Configuration: {}.", report::printable(&files))?;
    }
    for note in parsed.notes.iter().filter(|_| !output.quiet) {
        writeln!(err, "note: {}", report::printable(note))?;
    }
    drop(err);
    run(&parsed.arguments)
}

fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let output = &arguments.output;
    match &arguments.command {
        Command::Convert(command) => convert::convert(command, output),
        Command::Publish(command) => publish::publish(command, output),
        Command::Diff(command) => diff::diff(command, output),
        Command::Explain(command) => explain::explain(command, output),
        Command::Catalog(input) => catalog(input, output),
        Command::Validate(command) => validate(command, output),
        Command::Init(command) => init(command, output),
        Command::Schema(command) => documents::schema(command),
        Command::Completions(command) => documents::completions(command),
        Command::Man(command) => documents::man(command, output),
        Command::JqWorker => jq_worker(),
    }
}

/// The exit code of a process that ended itself because an expression went too far.
const ENDED: i32 = 70;

/// The jq of a user's profile runs in copies of this program.
fn evaluator() -> Result<Evaluator, Failure> {
    Ok(Evaluator::Workers {
        program: std::env::current_exe().map_err(Failure::Program)?,
        arguments: vec![JQ_WORKER.to_owned()],
    })
}

fn jq_worker() -> Result<Outcome, Failure> {
    #[expect(
        clippy::exit,
        reason = "nothing else ends an expression, and the process has nothing to clean up"
    )]
    let end = || std::process::exit(ENDED);
    worker::serve(io::BufReader::new(io::stdin()), io::stdout(), end)?;
    Ok(Outcome::Clean)
}

/// Rebuilds a catalog; a terminal shows how far it is.
fn read(inputs: Inputs, output: &Output) -> Result<Reading, Error> {
    let _shown = progress::show(&inputs.progress, output);
    backstage2port::catalog(inputs)
}

/// Converts a catalog; a terminal shows how far it is.
fn conversion(inputs: Inputs, options: &Options, output: &Output) -> Result<Conversion, Error> {
    let _shown = progress::show(&inputs.progress, output);
    backstage2port::convert(inputs, options)
}

fn catalog(input: &Input, output: &Output) -> Result<Outcome, Failure> {
    start_threads(input)?;
    let judge = Judge::new(input, output)?;
    let mut reading = read(input.inputs()?, output)?;
    if reading.tally.is_empty() {
        return none_found(input);
    }
    let judged = judge.findings(&mut reading, Stage::Catalog)?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    for line in report::catalog::lines(&reading.catalog, &reading.sources) {
        writeln!(out, "{line}")?;
    }
    out.flush()?;
    let mut err = io::stderr().lock();
    print_findings(&mut err, &reading.diagnostics, &reading.sources, output)?;
    if !output.quiet {
        let summary = summary_of(&reading, judged);
        write!(err, "{}{}", summary.read(), summary.found())?;
    }
    Ok(outcome(&reading.diagnostics, input))
}

fn validate(command: &Validate, output: &Output) -> Result<Outcome, Failure> {
    let Validate { input, reporting } = command;
    start_threads(input)?;
    let judge = Judge::new(input, output)?;
    let mut reading = read(input.inputs()?, output)?;
    let judged = judge.findings(&mut reading, Stage::Catalog)?;
    let summary = summary_of(&reading, judged);
    let report = report_of(&reading, &summary, input);
    let mut out = io::stdout().lock();
    let is_told = reporting.tell(&report, &mut out)?;
    out.flush()?;
    if reading.tally.is_empty() {
        return none_found(input);
    }
    if is_told {
        return Ok(outcome(&reading.diagnostics, input));
    }
    let wanted = reading
        .diagnostics
        .iter()
        .filter(|found| !output.quiet || found.severity == Severity::Error);
    write!(
        out,
        "{}",
        text::findings(wanted, &reading.sources, output.style(&out))
    )?;
    if !output.quiet {
        write!(out, "{}{}", summary.read(), summary.found())?;
    }
    out.flush()?;
    Ok(outcome(&reading.diagnostics, input))
}

fn init(command: &Init, output: &Output) -> Result<Outcome, Failure> {
    let profile = BuiltIn::named(&command.profile)?;
    files(&command.folder, &profile.files(), command.force)?;
    if !output.quiet {
        let folder = report::printable(command.folder.as_str());
        // A bare name could be that of a built-in profile.
        let here = if command.folder.components().count() == 1 && !folder.starts_with('.') {
            "./"
        } else {
            ""
        };
        let files = profile.files().map(|(name, _)| name).join(", ");
        let mut out = io::stdout().lock();
        write!(
            out,
            "Wrote the profile `{}` to {folder}: {files}.\n\
             Change what you like, then convert with it:\n  \
             backstage2port convert --profile {here}{folder}\n",
            profile.name
        )?;
        out.flush()?;
    }
    Ok(Outcome::Clean)
}

fn summary_of(reading: &Reading, judged: Judged) -> Summary {
    Summary::new(
        reading.tally,
        &reading.catalog,
        &reading.diagnostics,
        judged,
    )
}

fn report_of<'a>(reading: &'a Reading, summary: &'a Summary, input: &Input) -> Report<'a> {
    Report {
        summary,
        diagnostics: &reading.diagnostics,
        sources: &reading.sources,
        catalog: &reading.catalog,
        // An error is a failure, even where the exit code is not to tell.
        failing: input.fail_on().unwrap_or(Severity::Error),
        conversion: None,
        publication: None,
    }
}

fn start_threads(input: &Input) -> Result<(), Failure> {
    let Some(threads) = input.threads else {
        return Ok(());
    };
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()
        .map_err(|source| Failure::Threads { threads, source })
}

fn none_found(input: &Input) -> Result<Outcome, Failure> {
    if input.allow_empty {
        return Ok(Outcome::Clean);
    }
    let names = DEFAULT_INCLUDE.join(", ");
    writeln!(
        io::stderr(),
        "error: no descriptors found in {}\n\
         The usual names are {names}; `--include GLOB` names others, `--allow-empty` makes this no error.",
        report::printable(&input.in_words())
    )?;
    Ok(Outcome::NoDescriptors)
}

/// Warnings of one sort that are said in full where nobody asked for all of them.
const MAX_WARNINGS_SHOWN: usize = 3;

/// Says the findings beside the data of a command: errors in full, the first warnings of each sort, and how many
/// more there are. The summary counts all.
fn print_findings(
    out: &mut (impl Write + IsTerminal),
    diagnostics: &Diagnostics,
    sources: &Sources,
    output: &Output,
) -> Result<(), Failure> {
    let mut seen: HashMap<Code, usize> = HashMap::new();
    let mut is_shown = |found: &&Diagnostic| match found.severity {
        _ if output.verbose => true,
        Severity::Error => true,
        Severity::Warning if !output.quiet => {
            let count = seen.entry(found.code).or_default();
            *count += 1;
            *count <= MAX_WARNINGS_SHOWN
        }
        _ => false,
    };
    let shown: Vec<_> = diagnostics.iter().filter(|found| is_shown(found)).collect();
    write!(out, "{}", text::findings(shown, sources, output.style(out)))?;
    let mut more: Vec<_> = seen
        .into_iter()
        .filter(|(_, count)| *count > MAX_WARNINGS_SHOWN)
        .collect();
    more.sort_unstable();
    for (code, count) in more {
        let hidden = count - MAX_WARNINGS_SHOWN;
        writeln!(
            out,
            "... and {hidden} more of warning[{code}]; --verbose shows them all"
        )?;
    }
    Ok(())
}

fn outcome(diagnostics: &Diagnostics, input: &Input) -> Outcome {
    let worst = diagnostics.iter().map(|found| found.severity).max();
    match (worst, input.fail_on()) {
        (Some(worst), Some(limit)) if worst >= limit => Outcome::Findings,
        _ => Outcome::Clean,
    }
}
