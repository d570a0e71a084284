//! `diff`: compares two states of Port by entity.

use std::io::{self, Write};

use backstage2port::diagnostic::{Error, Stage};
use backstage2port::port::{Bodies, Changes};
use backstage2port::publish::{self, Destination};
use backstage2port::report::{changes, escaped, pull_request};
use backstage2port::source::Sources;
use backstage2port::standing::Standing;
use backstage2port::{Earlier, Inputs, Options};

use super::judge::Judge;
use super::{Failure, Outcome, conversion, evaluator, none_found, print_findings, start_threads};
use crate::cli::{Diff, DiffFormat, Output};

pub(super) fn diff(command: &Diff, output: &Output) -> Result<Outcome, Failure> {
    start_threads(&command.input)?;
    let judge = Judge::new(&command.input, output)?;
    let destination = match &command.out {
        Some(folder) => Destination::Folder(folder.clone()),
        None if command.input.roots().is_empty() => return Err(Error::NoFolder.into()),
        None => Destination::Roots,
    };
    let options = |earlier| -> Result<Options, Failure> {
        Ok(Options {
            destination: destination.clone(),
            earlier,
            ..command.model.options(&evaluator()?)?
        })
    };
    let mut before = match &command.from {
        Some(revision) if command.converted => {
            let inputs = Inputs {
                revision: Some(revision.clone()),
                ..command.input.inputs()?
            };
            Bodies::of(&conversion(inputs, &options(Earlier::Unknown)?, output)?.port)
        }
        revision => standing(command, revision.as_deref(), &destination)?,
    };
    let after = if let Some(revision) = &command.to {
        standing(command, Some(revision), &destination)?
    } else {
        let earlier = match &command.from {
            None => Earlier::Destination,
            Some(_) if command.converted => Earlier::Unknown,
            Some(revision) => Earlier::Revisions(vec![revision.clone()]),
        };
        let mut conversion = conversion(command.input.inputs()?, &options(earlier)?, output)?;
        if conversion.reading.tally.is_empty() && !command.input.allow_empty {
            return none_found(&command.input);
        }
        judge.findings(&mut conversion.reading, Stage::Port)?;
        let reading = &conversion.reading;
        let mut err = io::stderr().lock();
        print_findings(&mut err, &reading.diagnostics, &reading.sources, output)?;
        let after = Bodies::of(&conversion.port);
        if conversion.port.are_given {
            // They belong to another run.
            before.blueprints.clone_from(&after.blueprints);
        }
        after
    };
    let changes = Changes::between(&before, &after);
    let mut out = io::BufWriter::new(io::stdout().lock());
    match command.format {
        DiffFormat::Text => write!(out, "{}", changes::text(&changes))?,
        DiffFormat::Json => {
            let json = format!("{:#}", changes::json(&changes));
            writeln!(out, "{}", escaped(&json))?;
        }
        DiffFormat::Markdown => {
            write!(out, "{}", changes::markdown(&changes, pull_request::LIMIT))?;
        }
    }
    out.flush()?;
    if command.exit_code && !changes.is_empty() {
        return Ok(Outcome::Findings);
    }
    Ok(Outcome::Clean)
}

/// What the manifests say that stand in a revision, or at the destination.
fn standing(
    command: &Diff,
    revision: Option<&str>,
    destination: &Destination,
) -> Result<Bodies, Failure> {
    let sources = Sources::open(command.input.inputs()?.roots, None).map_err(Error::from)?;
    let grounds = match revision {
        Some(revision) => publish::grounds_in(&sources, &[revision.to_owned()])?,
        None => publish::grounds(&sources, destination)?,
    };
    Ok(Standing::read(grounds)?.bodies()?)
}
