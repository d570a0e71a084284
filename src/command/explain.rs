//! `explain`: prints the page of a code, or tells where an entity went.

use std::io::{self, Write};

use backstage2port::diagnostic::{Code, Error, Severity, Stage};
use backstage2port::report::{self, pages, text};

use super::judge::Judge;
use super::{Failure, Outcome, conversion, evaluator, none_found, start_threads};
use crate::cli::{Explain, Output};

pub(super) fn explain(command: &Explain, output: &Output) -> Result<Outcome, Failure> {
    let Some(subject) = &command.subject else {
        return print(&pages::all());
    };
    // Entity references have a colon where there is doubt; no code has one.
    if let Some(code) = Code::named(subject) {
        return print(&pages::page(code));
    }
    let looks_like_entity = subject.contains([':', '/']);
    let meant = Code::similar(subject).filter(|_| !looks_like_entity);
    let unknown = |message: String| match meant {
        Some(code) => Error::UnknownEntity {
            reference: subject.clone(),
            message: format!("{message}. No code has it either; did you mean the code `{code}`?"),
        },
        None => Error::UnknownEntity {
            reference: subject.clone(),
            message,
        },
    };
    start_threads(&command.input)?;
    let judge = Judge::new(&command.input, output)?;
    let options = command.model.options(&evaluator()?)?;
    let mut conversion = conversion(command.input.inputs()?, &options, output)?;
    if conversion.reading.tally.is_empty() {
        if meant.is_some() {
            return Err(unknown("there are no descriptors here".to_owned()).into());
        }
        return none_found(&command.input);
    }
    judge.findings(&mut conversion.reading, Stage::Manifests)?;
    let reading = &conversion.reading;
    let explanation = match conversion.explain(subject, &options) {
        Err(Error::UnknownEntity { message, .. }) => Err(unknown(message)),
        explained => explained,
    }?;
    let mut out = io::stdout().lock();
    let text = report::explain::text(&explanation, &reading.catalog, &reading.sources);
    out.write_all(text.as_bytes())?;
    // What was left out of this entity is said by its own findings; those of others would only be in the way.
    let file = reading.catalog.entities()[explanation.entity].origin;
    let own = reading.diagnostics.iter().filter(|found| {
        let location = found.location.as_ref();
        location.is_some_and(|location| {
            location.file == file.file && location.place.document() == Some(file.document)
        })
    });
    let own = own.filter(|found| found.severity > Severity::Note);
    let findings = text::findings(own, &reading.sources, output.style(&out));
    if !findings.is_empty() && !output.quiet {
        write!(out, "\n{findings}")?;
    }
    out.flush()?;
    Ok(Outcome::Clean)
}

fn print(text: &str) -> Result<Outcome, Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(Outcome::Clean)
}
