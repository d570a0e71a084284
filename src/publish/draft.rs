//! Compares manifests with what stands where they belong.
//!
//! In: the manifests of a run and those of earlier ones. Out: for each file what is to become of it. Nothing is written
//! here.

use std::borrow::Cow;
use std::collections::HashSet;

use camino::{Utf8Path, Utf8PathBuf};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::{Outcome, Written};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Error};
use crate::generated::{self, Mark};
use crate::port;
use crate::render::Manifest;
use crate::source::{Location, PORT_FOLDER, Place, RootId, Site, Sources};
use crate::standing::{Overwrite, Rules, Standing, StandingFile};

/// What a run is to change: every manifest, and every file of an earlier run that has no source any more.
#[derive(Debug)]
pub struct Draft<'a> {
    catalog: &'a port::Catalog,
    /// In the order of the manifests, then what is deleted.
    pub files: Vec<Drafted<'a>>,
}

/// One file and what is to become of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drafted<'a> {
    /// The root it belongs to.
    pub root: RootId,
    /// The path inside the root.
    pub path: &'a Utf8Path,
    /// The path as a user would type it.
    pub shown: Utf8PathBuf,
    /// What is to become of it.
    pub outcome: Outcome,
    /// What it is to hold; `None` for a file that goes.
    pub manifest: Option<&'a Manifest>,
}

/// What a comparison has to know of the run.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    /// What may be done to what stands there.
    pub rules: Rules,
    /// Whether nothing may be written: too much would be removed, or an overlay is broken.
    pub is_blocked: bool,
    /// Whether blueprints and mappings belong to another run, so that those that stand there stay.
    pub leaves_blueprints: bool,
}

impl<'a> Draft<'a> {
    /// Compares the manifests of a run with what stands there. All places are looked at before anything is written.
    ///
    /// A place that is taken gives [`Code::ForeignManifest`] and is left alone: a file without our mark, anything that is no
    /// regular file, and a path through a symbolic link, which could lead out of the root. A file of ours that somebody
    /// changed gives [`Code::EditedManifest`] and is left alone, unless the rules allow to write over it.
    ///
    /// # Errors
    ///
    /// [`Error::NoFolder`] for manifests of a root that has no place; [`Error::Write`] if a place cannot be looked at.
    pub fn new(
        manifests: &'a [Manifest],
        catalog: &'a port::Catalog,
        standing: &'a Standing,
        run: Run,
        sources: &mut Sources,
        diagnostics: &mut Diagnostics,
    ) -> Result<Self, Error> {
        let looked_at: Vec<_> = manifests
            .par_iter()
            .map(|manifest| look(manifest, catalog, standing, run.rules))
            .collect::<Result<_, Error>>()?;
        let mut files = Vec::with_capacity(manifests.len());
        for (manifest, (outcome, left)) in manifests.iter().zip(looked_at) {
            let (root, path) = (manifest.root, &manifest.path);
            let shown = standing.shown(root, path);
            diagnostics.extend(left.map(|left| left.report(root, path, &shown, sources)));
            files.push(Drafted {
                root,
                path,
                shown,
                outcome,
                manifest: Some(manifest),
            });
        }
        let made: HashSet<(RootId, &Utf8Path)> = manifests
            .iter()
            .map(|manifest| (manifest.root, manifest.path.as_path()))
            .collect();
        for (root, path, file) in standing.files() {
            if made.contains(&(root, path)) || (run.leaves_blueprints && is_shared(path)) {
                continue;
            }
            let shown = standing.shown(root, path);
            let outcome = match outcome_of(file, run.rules) {
                Outcome::Foreign => continue,
                Outcome::Edited => {
                    diagnostics.push(Left::Edited.report(root, path, &shown, sources));
                    Outcome::Edited
                }
                _ => Outcome::Deleted,
            };
            files.push(Drafted {
                root,
                path,
                shown,
                outcome,
                manifest: None,
            });
        }
        if run.is_blocked {
            for file in &mut files {
                if file.outcome.is_change() {
                    file.outcome = Outcome::Blocked;
                }
            }
        }
        Ok(Self { catalog, files })
    }

    /// The files that change.
    pub fn changes(&self) -> impl Iterator<Item = &Drafted<'a>> {
        self.files.iter().filter(|file| file.outcome.is_change())
    }

    /// What a file is to hold, made when it is asked for; `None` for a file that goes.
    #[must_use]
    pub fn contents(&self, file: &Drafted<'a>) -> Option<Cow<'a, str>> {
        let manifest = file.manifest?;
        Some(manifest.contents(self.catalog))
    }

    /// What becomes of all files.
    #[must_use]
    pub fn outcomes(self) -> Written {
        let files = self.files.into_iter();
        Written {
            outcomes: files.map(|file| (file.shown, file.outcome)).collect(),
        }
    }
}

/// Why a file stays as it is.
enum Left {
    /// It is of this tool, and was changed by hand.
    Edited,
    /// It is of somebody else, for this reason.
    Foreign(String),
}

impl Left {
    /// The finding about the file: at it, where it stands in its root and not below a folder for all that is written.
    fn report(
        &self,
        root: RootId,
        path: &Utf8Path,
        shown: &Utf8Path,
        sources: &mut Sources,
    ) -> Diagnostic {
        let file = sources.add(root, path);
        let place = Place::File;
        let location = (sources.display_path(file) == shown).then_some(Location { file, place });
        let what = match location {
            Some(_) => "the file".to_owned(),
            None => format!("`{shown}`"),
        };
        let (code, reason, help) = match self {
            Self::Edited => (
                Code::EditedManifest,
                "it was changed by hand since it was written",
                "--adopt keeps the changes as entries of .port/overlay.yaml, --overwrite writes over them",
            ),
            Self::Foreign(reason) => (
                Code::ForeignManifest,
                reason.as_str(),
                "move it out of the way, or write the manifests elsewhere with --out",
            ),
        };
        let mut found =
            Diagnostic::new(code, format!("{what} stays as it is: {reason}")).help(help);
        found.location = location;
        found
    }
}

/// Whether a file belongs to the run over all repositories.
fn is_shared(path: &Utf8Path) -> bool {
    ["blueprints", "mapping", "terraform/blueprints.tf"]
        .iter()
        .any(|folder| path.starts_with(Utf8Path::new(PORT_FOLDER).join(folder)))
}

fn look(
    manifest: &Manifest,
    catalog: &port::Catalog,
    standing: &Standing,
    rules: Rules,
) -> Result<(Outcome, Option<Left>), Error> {
    let Manifest { root, path, .. } = manifest;
    if !standing.has(*root) {
        return Err(Error::NoFolder);
    }
    let (site, file) = standing.look(*root, path).map_err(|source| Error::Write {
        path: standing.shown(*root, path),
        source,
    })?;
    let foreign = |reason: &str| (Outcome::Foreign, Some(Left::Foreign(reason.to_owned())));
    let file = match (site, file) {
        (Site::Free, _) => return Ok((Outcome::Created, None)),
        (Site::Taken(reason), _) => return Ok(foreign(&reason)),
        (Site::File, None) => return Ok(foreign("it cannot be read")),
        (Site::File, Some(file)) => file,
    };
    let contents = manifest.contents(catalog);
    if file.fingerprint == generated::fingerprint(&contents) {
        return Ok((Outcome::Unchanged, None));
    }
    Ok(match outcome_of(file, rules) {
        Outcome::Edited
            if rules.overwrite == Overwrite::Adopted
                && standing.has_edits(*root, path, &contents)? =>
        {
            (Outcome::Updated, None)
        }
        Outcome::Edited => (Outcome::Edited, Some(Left::Edited)),
        Outcome::Foreign => foreign("it was not written by backstage2port"),
        outcome => (outcome, None),
    })
}

/// Whether a file may be written over.
fn outcome_of(file: StandingFile, rules: Rules) -> Outcome {
    match file.mark {
        Mark::Foreign => Outcome::Foreign,
        Mark::Edited if rules.overwrite != Overwrite::Always => Outcome::Edited,
        Mark::Edited | Mark::Intact => Outcome::Updated,
    }
}
