//! Converts Backstage descriptors to Port manifests, offline.
//!
//! The data flow reads like the folder: `backstage/` rebuilds the catalog that Backstage would hold, `map/` is the bridge,
//! `port/` is what Port would hold, `render/` turns that into manifests and `publish/` writes them. [`catalog`] runs the
//! first part, [`convert`] all of it up to the manifests. Nothing here prints, reads the environment or writes a file
//! but [`publish`].

pub mod backstage;
pub mod diagnostic;
pub mod port;
pub mod render;
pub mod source;
pub mod yaml;

use backstage::discover::Patterns;
use backstage::read::Tally;
use backstage::{discover, resolve, stitch, validate};
use diagnostic::{Diagnostics, Error};
use source::{Root, Sources};

/// What a run reads.
#[derive(Debug)]
pub struct Inputs {
    /// The folders, one repository each.
    pub roots: Vec<Root>,
    /// Which of their files are descriptors.
    pub patterns: Patterns,
}

/// A rebuilt catalog and what there is to say about it.
#[derive(Debug)]
pub struct Reading {
    /// The files it was read from.
    pub sources: Sources,
    /// The entities and their relations.
    pub catalog: backstage::Catalog,
    /// What was read.
    pub tally: Tally,
    /// The findings, in the order of their places.
    pub diagnostics: Diagnostics,
}

/// Rebuilds the catalog that Backstage would hold. Reads files, writes none.
///
/// # Errors
///
/// [`Error::Root`] when a root cannot be read. Whatever is wrong with a descriptor is a diagnostic.
pub fn catalog(inputs: Inputs) -> Result<Reading, Error> {
    let mut diagnostics = Diagnostics::default();
    let mut sources = Sources::new(inputs.roots);
    let mut tally = Tally::default();
    let found = discover::descriptors(&mut sources, &inputs.patterns, &mut diagnostics)?;
    let mut descriptors = resolve::descriptors(found, &mut sources, &mut tally, &mut diagnostics)?;
    resolve::sort(&mut descriptors, &sources);
    let validated = validate::entities(descriptors, &mut diagnostics);
    let catalog = stitch::catalog(validated, &mut diagnostics);
    diagnostics.sort(&sources);
    Ok(Reading {
        sources,
        catalog,
        tally,
        diagnostics,
    })
}
