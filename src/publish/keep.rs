//! Finds manifests that would lose entities although a descriptor is only broken: a typo must never delete an entity in
//! Port.
//!
//! In: the manifests that stand there, those that are to replace them, and the findings of the run. Out: which of them
//! stay, and what would be lost.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

use super::Place;
use crate::diagnostic::{Diagnostics, Error, Severity};
use crate::render::{Manifest, Reach};
use crate::source::{RootId, Sources};
use crate::yaml;

/// Where descriptors have errors: what is missing there may be missing by mistake.
pub(super) struct Doubts {
    folders: HashSet<(RootId, Utf8PathBuf)>,
    roots: HashSet<RootId>,
}

impl Doubts {
    pub(super) fn of(diagnostics: &Diagnostics, sources: &Sources) -> Self {
        let errors = diagnostics
            .iter()
            .filter(|found| found.severity == Severity::Error);
        let folders: HashSet<_> = errors
            .filter_map(|found| {
                let (root, folder) = sources.home(found.location.as_ref()?.file);
                Some((root, folder.to_owned()))
            })
            .collect();
        let roots = folders.iter().map(|(root, _)| *root).collect();
        Self { folders, roots }
    }

    /// Whether a descriptor in error may be what a manifest lacks.
    fn concern(&self, manifest: &Manifest) -> bool {
        match manifest.reach {
            Reach::Entity => false,
            Reach::Folder => {
                let folder = manifest.path.parent().unwrap_or(Utf8Path::new(""));
                self.folders.contains(&(manifest.root, folder.to_owned()))
            }
            Reach::Root => self.roots.contains(&manifest.root),
            Reach::Run => !self.roots.is_empty(),
        }
    }
}

/// Marks the manifests that stay: all parts of a list that would lose entities. What moves from one part to another is
/// not lost.
///
/// # Errors
///
/// [`Error::Write`] for a manifest that cannot be read.
pub(super) fn hold(
    manifests: &[Manifest],
    plans: &mut [(Utf8PathBuf, Place)],
    doubts: &Doubts,
) -> Result<(), Error> {
    let mut lists: BTreeMap<(RootId, &Utf8Path), Vec<usize>> = BTreeMap::new();
    for (position, manifest) in manifests.iter().enumerate() {
        if doubts.concern(manifest) {
            let list = lists.entry((manifest.root, &manifest.whole)).or_default();
            list.push(position);
        }
    }
    for parts in lists.into_values() {
        let mut lost = BTreeSet::new();
        for position in &parts {
            let (path, place) = &plans[*position];
            if matches!(place, Place::Ours(_)) {
                let existing = fs::read(path).map_err(|source| Error::Write {
                    path: path.clone(),
                    source,
                })?;
                lost.extend(contents(&String::from_utf8_lossy(&existing)));
            }
        }
        if lost.is_empty() {
            continue;
        }
        for position in &parts {
            for kept in contents(&manifests[*position].contents) {
                lost.remove(&kept);
            }
        }
        if lost.is_empty() {
            continue;
        }
        let mut lost: Vec<String> = lost.into_iter().collect();
        for position in parts {
            let place = &mut plans[position].1;
            if matches!(place, Place::Ours(_) | Place::Free) {
                *place = Place::Kept(std::mem::take(&mut lost));
            }
        }
    }
    Ok(())
}

/// What a manifest holds: entities, as `component shop`, and the blueprints a mapping has resources for.
fn contents(manifest: &str) -> BTreeSet<String> {
    let documents = yaml::documents(manifest).into_iter();
    let values = documents.filter_map(|document| document.content.ok());
    values.flat_map(|value| items(&value)).collect()
}

fn items(value: &Value) -> Vec<String> {
    let list = |key: &str| value.get(key).and_then(Value::as_array);
    if let Some(resources) = list("resources") {
        let blueprint = |resource: &Value| {
            let leaf = resource
                .pointer("/port/entity/mappings/blueprint")?
                .as_str()?;
            let (_, name) = leaf.split_once("select(. == ")?;
            Some(format!("the resource for {}", name.trim_end_matches(')')))
        };
        return resources.iter().filter_map(blueprint).collect();
    }
    let entities = value.as_array().or_else(|| list("entities"));
    let entity = |entity: &Value| {
        let text = |key: &str| entity.get(key)?.as_str();
        Some(format!("`{} {}`", text("blueprint")?, text("identifier")?))
    };
    entities.into_iter().flatten().filter_map(entity).collect()
}
