//! Converts Backstage descriptors to Port manifests, offline.
//!
//! The data flow reads like the folder: `backstage/` rebuilds the catalog that Backstage would hold, `map/` is the bridge,
//! `port/` is what Port would hold, `render/` turns that into manifests and `publish/` writes them. [`catalog`] runs the
//! first part, [`convert`] all of it up to the manifests. Nothing here prints, reads the environment or writes a file
//! but [`publish`].

pub mod backstage;
pub mod codeowners;
pub mod configuration;
pub mod diagnostic;
pub mod generated;
mod hcl;
pub mod judge;
pub mod lint;
pub mod map;
mod packed;
pub mod port;
pub mod progress;
pub mod publish;
pub mod render;
pub mod report;
pub mod source;
pub mod standing;
pub mod yaml;

use std::collections::BTreeMap;
use std::sync::Arc;

use backstage::Mode;
use backstage::discover::Patterns;
use backstage::dump::Claims;
use backstage::read::Tally;
use backstage::references::References;
use backstage::resolve::Resolved;
use backstage::{discover, dump, resolve, stitch, validate};
use camino::Utf8PathBuf;
use codeowners::CodeOwners;
use diagnostic::{Diagnostics, Error, Severity};
use map::account::{self, Account};
use map::explain::{self, Explanation};
use map::overlay::{self, Adopted, Overlaid, Overlays};
use map::{Bridge, Owners, Profile, infer};
use port::check;
use port::refine::{self, Refinement};
use progress::{Progress, Work};
use publish::Destination;
use render::{Manifest, Rendering};
use source::{Root, Sources};
use standing::{Edits, Rules, Settled, Standing};

/// What a run reads.
#[derive(Debug)]
pub struct Inputs {
    /// The folders, one repository each.
    pub roots: Vec<Root>,
    /// Which of their files are descriptors.
    pub patterns: Patterns,
    /// The revision of the repositories to read; `None` stands for the folders as they are.
    pub revision: Option<String>,
    /// How far an error reaches.
    pub mode: Mode,
    /// Entities that are known from elsewhere.
    pub dumps: Dumps,
    /// What is done with code owners.
    pub codeowners: codeowners::Rules,
    /// Counts how far the run is.
    pub progress: Arc<Progress>,
}

/// Catalog dumps: what another run, or Backstage's catalog API, says.
#[derive(Debug, Default)]
pub struct Dumps {
    /// The files; of two that record one entity the first wins.
    pub paths: Vec<Utf8PathBuf>,
    /// Whether their entities belong to the result. Otherwise references may name them, and no more.
    pub are_converted: bool,
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
/// [`Error::Open`] and [`Error::Root`] when a root cannot be read, [`Error::Dump`] and [`Error::DumpContent`] when a
/// catalog dump cannot be used. Whatever is wrong with a descriptor or an entity of a dump is a diagnostic.
pub fn catalog(inputs: Inputs) -> Result<Reading, Error> {
    let mut reading = rebuilt(inputs)?;
    reading.arrange();
    Ok(reading)
}

/// The catalog, and findings whose places are fields of descriptors, wherever their values came from.
fn rebuilt(inputs: Inputs) -> Result<Reading, Error> {
    let mut diagnostics = Diagnostics::default();
    inputs.progress.begin(Work::Reading, 0);
    let mut sources = Sources::open(inputs.roots, inputs.revision.as_deref())?;
    sources.progress = inputs.progress;
    let mut tally = Tally::default();
    let found = discover::descriptors(&mut sources, &inputs.patterns, &mut diagnostics)?;
    let Resolved {
        mut descriptors,
        mut lost,
    } = resolve::descriptors(
        &found,
        inputs.mode,
        &mut sources,
        &mut tally,
        &mut diagnostics,
    )?;
    resolve::sort(&mut descriptors, &sources);
    let recorded = dump::read(&inputs.dumps.paths, &mut sources, &mut diagnostics)?;
    let mut owners = CodeOwners::read(&inputs.codeowners, &mut sources, &mut diagnostics);
    owners.fill(&mut descriptors, &recorded, &sources, &mut diagnostics);
    let claims = Claims::of(&descriptors);
    sources.progress.begin(Work::Checking, descriptors.len());
    let look = |entity: &backstage::Entity, found: &mut Diagnostics| {
        lint::entity(entity, &sources, found);
    };
    let validated = validate::entities(descriptors, inputs.mode, &look, &mut diagnostics);
    let are_converted = inputs.dumps.are_converted;
    let dumped = dump::settle(
        recorded,
        &claims,
        &validated,
        are_converted,
        &look,
        &sources,
        &mut diagnostics,
    );
    tally.dumps = inputs.dumps.paths.len();
    dumped.count(&mut tally);
    lost.extend(claims.lost(&validated));
    let catalog = stitch::catalog(validated, dumped, lost);
    lint::catalog(&catalog, &sources, &mut diagnostics);
    owners.check(&catalog, &sources, &mut diagnostics);
    tally.count_repeated(&diagnostics);
    Ok(Reading {
        sources,
        catalog,
        tally,
        diagnostics,
    })
}

impl Reading {
    /// Gives findings the places where people mend them, and their order.
    fn arrange(&mut self) {
        self.diagnostics.follow_placeholders(&self.sources);
        self.diagnostics.sort(&self.sources);
    }
}

/// How a catalog is converted.
pub struct Options {
    /// How kinds become blueprints.
    pub profile: Profile,
    /// Whether kinds that the profile does not map get an inferred blueprint.
    pub infer: bool,
    /// Who may own an entity.
    pub owners: Owners,
    /// How blueprints are cut to what is used.
    pub refinement: Refinement,
    /// Which manifests are made.
    pub rendering: Rendering,
    /// Where they will stand.
    pub destination: Destination,
    /// Where the manifests of earlier runs stand.
    pub earlier: Earlier,
    /// What may be done to them.
    pub rules: Rules,
    /// Whether the account tells the fate of every field of every entity, beside the totals.
    pub detailed_account: bool,
}

/// Where the manifests of earlier runs stand: what an entity had then and lacks now is written as null, and what a
/// descriptor in error loses stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Earlier {
    /// Nobody wants to know.
    Unknown,
    /// At the destination, on the disk.
    Destination,
    /// In these revisions of the repositories of the roots. The first is what is written over; of an entity that stands in
    /// several the last counts.
    Revisions(Vec<String>),
}

impl Options {
    /// The ways of a profile; everything else as it is by default.
    #[must_use]
    pub fn with(profile: Profile) -> Self {
        Self {
            refinement: profile.refinement.clone(),
            profile,
            infer: true,
            owners: Owners::default(),
            rendering: Rendering::default(),
            destination: Destination::Roots,
            earlier: Earlier::Unknown,
            rules: Rules::default(),
            detailed_account: false,
        }
    }

    fn bridge<'a>(
        &self,
        catalog: &'a backstage::Catalog,
        references: Option<&'a References<'a>>,
        profile: &'a Profile,
        sources: &'a Sources,
    ) -> Bridge<'a> {
        Bridge {
            catalog,
            references,
            profile,
            owners: self.owners,
            sources,
        }
    }
}

/// What a conversion made.
#[derive(Debug)]
pub struct Conversion {
    /// The catalog it was made from, and all findings.
    pub reading: Reading,
    /// The profile with what was inferred, where something was.
    pub inferred: Option<Profile>,
    /// What Port is to hold.
    pub port: port::Catalog,
    /// What became of the fields of descriptors.
    pub account: Account,
    /// What users want to differ from their descriptors.
    pub overlays: Overlays,
    /// Whether an overlay cannot be used as it stands: without its values, entities would lose them in Port.
    pub has_broken_overlay: bool,
    /// Where they say so.
    pub overlaid: Overlaid,
    /// The files that say so; what they hold is made of `port` when it is asked for.
    pub manifests: Vec<Manifest>,
    /// The manifests of earlier runs.
    pub standing: Standing,
    /// What becomes of their entities.
    pub settled: Settled,
}

/// Rebuilds the catalog and converts it to manifests. Reads files, writes none.
///
/// # Errors
///
/// As [`catalog`]; [`Error::NoSuchEnum`] when the profile has no property that the refinement names; [`Error::Profile`]
/// when the profile cannot take the kinds that are inferred; [`Error::Expression`] when an expression of the profile goes
/// over its limits again and again; [`Error::SameOut`] if two roots would be written to the same folder.
pub fn convert(inputs: Inputs, options: &Options) -> Result<Conversion, Error> {
    if !options.profile.has_given_blueprints() {
        refine::check_enums(&options.refinement, &options.profile.blueprints)?;
    }
    let mut reading = rebuilt(inputs)?;
    let Reading {
        sources,
        catalog,
        diagnostics,
        ..
    } = &mut reading;
    let errors = diagnostics.count(Severity::Error);
    let overlays = Overlays::read(sources, diagnostics);
    let has_broken_overlay = diagnostics.count(Severity::Error) > errors;
    let inferred = if options.infer {
        infer::profile(catalog, &options.profile, diagnostics)?
    } else {
        None
    };
    let profile = inferred.as_ref().unwrap_or(&options.profile);
    let references = profile.reads_references().then(|| References::of(catalog));
    let bridge = options.bridge(catalog, references.as_ref(), profile, sources);
    sources
        .progress
        .begin(Work::Converting, catalog.entities().len());
    let mut mapped = map::catalog(bridge, diagnostics)?;
    let overlaid = overlay::apply(&overlays, bridge, &mut mapped, diagnostics);
    if !mapped.are_given {
        check::blueprints(&mapped.blueprints, diagnostics);
    }
    let locate = |entity: &port::Entity, part: check::Part<'_>| {
        explain::place(bridge, &overlaid, entity, &part.into())
    };
    let mut checked = check::entities(mapped, &locate, diagnostics);
    let standing = Standing::read(match &options.earlier {
        Earlier::Unknown => BTreeMap::new(),
        Earlier::Destination => publish::grounds(sources, &options.destination)?,
        Earlier::Revisions(revisions) => publish::grounds_in(sources, revisions)?,
    })?;
    let rules = Rules {
        // What is left out where nulls are not written is not there to be remembered.
        compact: options.rules.compact || !options.rendering.writes_nulls(),
        ..options.rules
    };
    let settled = standing::settle(&mut checked, &standing, rules, sources, diagnostics)?;
    let bridge = options.bridge(catalog, references.as_ref(), profile, sources);
    let locate = |entity: &port::Entity, part: check::Part<'_>| {
        explain::place(bridge, &overlaid, entity, &part.into())
    };
    let port = refine::blueprints(checked, &options.refinement);
    check::required(&port, &locate, diagnostics);
    let account = account::of(
        bridge,
        &overlaid,
        &port,
        options.detailed_account,
        diagnostics,
    );
    let folders = publish::folders(sources, &options.destination)?;
    let manifests = render::manifests(&port, sources, &options.rendering, &folders, diagnostics);
    reading.arrange();
    Ok(Conversion {
        reading,
        inferred,
        port,
        account,
        overlays,
        has_broken_overlay,
        overlaid,
        manifests,
        standing,
        settled,
    })
}

impl Conversion {
    /// What a comparison of the manifests with what stands there has to know.
    #[must_use]
    pub fn run(&self, rules: Rules) -> publish::Run {
        publish::Run {
            rules,
            is_blocked: self.settled.is_blocked || self.has_broken_overlay,
            leaves_blueprints: self.port.are_given,
        }
    }

    /// Explains where an entity went. The reference may leave out the namespace `default`, and the kind where one entity
    /// alone has the name.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownEntity`] when no entity or more than one is meant.
    pub fn explain(&self, entity_ref: &str, options: &Options) -> Result<Explanation, Error> {
        let Reading {
            sources, catalog, ..
        } = &self.reading;
        let index = catalog
            .find(entity_ref)
            .map_err(|message| Error::UnknownEntity {
                reference: entity_ref.to_owned(),
                message,
            })?;
        let profile = self.inferred.as_ref().unwrap_or(&options.profile);
        let references = profile.reads_references().then(|| References::of(catalog));
        let bridge = options.bridge(catalog, references.as_ref(), profile, sources);
        Ok(explain::entity(bridge, &self.overlaid, index, &self.port))
    }

    /// What was changed by hand in the manifests that stand there.
    ///
    /// # Errors
    ///
    /// [`Error::Standing`] when a manifest cannot be read again.
    pub fn edits(&self) -> Result<Edits, Error> {
        let manifests = self.manifests.iter();
        let manifests = manifests.map(|manifest| {
            let contents = || manifest.contents(&self.port);
            (manifest.root, &*manifest.path, contents)
        });
        self.standing.edits(manifests)
    }

    /// Makes overlay entries of hand edits; see [`overlay::adopt`].
    ///
    /// # Errors
    ///
    /// [`Error::Adopt`] when entries cannot be added to an overlay as it stands.
    pub fn adopt(
        &self,
        edited: &port::Bodies,
        written: &port::Bodies,
        options: &Options,
    ) -> Result<Adopted, Error> {
        let Reading {
            sources, catalog, ..
        } = &self.reading;
        let profile = self.inferred.as_ref().unwrap_or(&options.profile);
        let bridge = options.bridge(catalog, None, profile, sources);
        overlay::adopt(&self.overlays, bridge, &self.port, edited, written)
    }
}
