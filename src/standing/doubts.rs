//! Tells what may be missing by mistake: a typo must never delete an entity in Port.
//!
//! In: the findings of a run. Out: for a manifest of an earlier run, the descriptor in error that may be the reason for
//! what it has and this run lacks.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use super::Place;
use super::held::Sort;
use crate::diagnostic::{Diagnostics, Severity};
use crate::source::{CATALOG_FOLDER, Origin, PORT_FOLDER, Place as Spot, RootId, Sources};

/// Where descriptors have errors.
pub(super) struct Doubts {
    /// The first error of each folder.
    folders: BTreeMap<(RootId, Utf8PathBuf), Origin>,
    /// The first error of each root.
    roots: BTreeMap<RootId, Origin>,
    /// Roots where a file is in error that may be a Location, so that what is missing may have stood anywhere.
    wide: BTreeMap<RootId, Origin>,
}

impl Doubts {
    pub(super) fn of(diagnostics: &Diagnostics, sources: &Sources) -> Self {
        let mut doubts = Self {
            folders: BTreeMap::new(),
            roots: BTreeMap::new(),
            wide: BTreeMap::new(),
        };
        let mut looked_at = BTreeMap::new();
        let errors = diagnostics
            .iter()
            .filter(|found| found.severity == Severity::Error);
        for location in errors.filter_map(|found| found.location.as_ref()) {
            let (root, folder) = sources.home(location.file);
            let origin = Origin {
                file: location.file,
                document: location.place.document().unwrap_or_default(),
                line: 1,
            };
            let key = (root, folder.to_owned());
            doubts.folders.entry(key).or_insert(origin);
            doubts.roots.entry(root).or_insert(origin);
            let may_lead = *looked_at.entry(location.file).or_insert_with(|| {
                matches!(location.place, Spot::File)
                    || sources.is_dump(location.file)
                    || sources
                        .text(location.file)
                        .map_or(true, |text| text.to_lowercase().contains("location"))
            });
            if may_lead {
                doubts.wide.entry(root).or_insert(origin);
            }
        }
        doubts
    }

    /// The error that may be the reason why an entity of a manifest is missing.
    pub(super) fn about(&self, place: &Place) -> Option<Origin> {
        let Place { root, path, .. } = place;
        // What stands there comes from descriptors anywhere in the root.
        let is_central = path.starts_with(PORT_FOLDER) && !path.starts_with(CATALOG_FOLDER);
        let folder = path.parent().unwrap_or(Utf8Path::new("")).to_owned();
        let of_folder = self.folders.get(&(*root, folder));
        // These hold the entities of all roots.
        let is_of_all = matches!(Sort::of(path), Some(Sort::Bundle | Sort::Terraform));
        let of_root = if is_of_all {
            self.roots.values().next()
        } else {
            is_central.then(|| self.roots.get(root)).flatten()
        };
        of_folder.or(of_root).or(self.wide.get(root)).copied()
    }
}
