//! The commands: each runs the library and prints what came of it. Data goes to standard output, everything else to
//! standard error.

use std::collections::HashMap;
use std::error::Error as _;
use std::io::{self, IsTerminal, Write};

use backstage2port::backstage::discover::DEFAULT_INCLUDE;
use backstage2port::diagnostic::{Code, Diagnostic, Diagnostics, Error, Severity};
use backstage2port::map::sandbox::Evaluator;
use backstage2port::map::{Profile, worker};
use backstage2port::port::refine::Refinement;
use backstage2port::report::{self, Summary, summary, text};
use backstage2port::source::Sources;
use backstage2port::{Options, Reading, publish};

use crate::cli::{Arguments, Command, Convert, Input, JQ_WORKER, Output};

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
    #[error(
        "--rev needs --out DIR: manifests of a revision do not belong into a folder that may hold another one"
    )]
    RevisionWithoutOut,
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

/// A failure and its causes, for people.
pub(crate) fn explained(failure: &Failure) -> String {
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

/// Runs the command that the arguments name.
pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let output = &arguments.output;
    match &arguments.command {
        Command::Convert(command) => convert(command, output),
        Command::Catalog(input) => catalog(input, output),
        Command::Validate(input) => validate(input, output),
        Command::JqWorker => jq_worker(),
    }
}

fn convert(command: &Convert, output: &Output) -> Result<Outcome, Failure> {
    if command.input.rev.is_some() && command.out.is_none() {
        return Err(Failure::RevisionWithoutOut);
    }
    start_threads(&command.input)?;
    let destination = command.destination()?;
    let options = Options {
        profile: Profile::load_with(&command.profile, &evaluator()?)?,
        format: command.format(),
        refinement: Refinement::default(),
    };
    let mut conversion = backstage2port::convert(command.input.inputs()?, &options)?;
    if conversion.reading.tally.is_empty() {
        return none_found(&command.input);
    }
    let reading = &mut conversion.reading;
    let written = publish::write(
        &conversion.manifests,
        &reading.sources,
        &destination,
        command.dry_run,
        &mut reading.diagnostics,
    )?;
    let reading = &conversion.reading;
    print_findings(
        &mut io::stderr().lock(),
        &reading.diagnostics,
        &reading.sources,
        output,
    )?;
    let summary = summary_of(reading).with_converted(&reading.catalog, &conversion.port);
    let mut out = io::stdout().lock();
    if !output.quiet {
        write!(out, "{}{}", summary.read(), summary.converted())?;
        write!(out, "{}", summary::written(&written, command.dry_run))?;
        write!(out, "{}", summary.found())?;
    }
    out.flush()?;
    Ok(outcome(&reading.diagnostics, &command.input))
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

fn catalog(input: &Input, output: &Output) -> Result<Outcome, Failure> {
    start_threads(input)?;
    let reading = backstage2port::catalog(input.inputs()?)?;
    if reading.tally.is_empty() {
        return none_found(input);
    }
    let mut out = io::BufWriter::new(io::stdout().lock());
    for line in report::catalog::lines(&reading.catalog, &reading.sources) {
        writeln!(out, "{line}")?;
    }
    out.flush()?;
    let mut err = io::stderr().lock();
    print_findings(&mut err, &reading.diagnostics, &reading.sources, output)?;
    if !output.quiet {
        let summary = summary_of(&reading);
        write!(err, "{}{}", summary.read(), summary.found())?;
    }
    Ok(outcome(&reading.diagnostics, input))
}

fn validate(input: &Input, output: &Output) -> Result<Outcome, Failure> {
    start_threads(input)?;
    let reading = backstage2port::catalog(input.inputs()?)?;
    if reading.tally.is_empty() {
        return none_found(input);
    }
    let mut out = io::stdout().lock();
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
        let summary = summary_of(&reading);
        write!(out, "{}{}", summary.read(), summary.found())?;
    }
    out.flush()?;
    Ok(outcome(&reading.diagnostics, input))
}

fn summary_of(reading: &Reading) -> Summary {
    Summary::new(reading.tally, &reading.catalog, &reading.diagnostics)
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
