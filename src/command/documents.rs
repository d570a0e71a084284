//! `schema`, `completions` and `man`: what is made of the definition of the command line. Nothing of a repository is read.

use std::io::{self, Write};

use backstage2port::configuration;
use backstage2port::publish::files;
use backstage2port::report;

use super::{Failure, Outcome};
use crate::cli::configuration::keys;
use crate::cli::{Completions, Described, Man, Output, Schema, documents};

pub(super) fn schema(command: &Schema) -> Result<Outcome, Failure> {
    let mut out = io::stdout().lock();
    match command.of {
        Described::Configuration => writeln!(out, "{:#}", configuration::schema::schema(&keys()))?,
        Described::Report => write!(out, "{}", report::JSON_SCHEMA)?,
    }
    out.flush()?;
    Ok(Outcome::Clean)
}

pub(super) fn completions(command: &Completions) -> Result<Outcome, Failure> {
    let mut out = io::stdout().lock();
    out.write_all(&documents::completions(command.shell))?;
    out.flush()?;
    Ok(Outcome::Clean)
}

pub(super) fn man(command: &Man, output: &Output) -> Result<Outcome, Failure> {
    let mut out = io::stdout().lock();
    let Some(folder) = &command.folder else {
        out.write_all(documents::page()?.as_bytes())?;
        out.flush()?;
        return Ok(Outcome::Clean);
    };
    let pages = documents::pages()?;
    let named: Vec<_> = pages
        .iter()
        .map(|(name, page)| (name.as_str(), page.as_str()))
        .collect();
    files(folder, &named, true)?;
    if !output.quiet {
        let folder = report::printable(folder.as_str());
        writeln!(out, "Wrote {} pages to {folder}.", pages.len())?;
        out.flush()?;
    }
    Ok(Outcome::Clean)
}
