//! Finds manifests that would lose entities although a descriptor beside them is only broken: a typo must never delete an
//! entity in Port.
//!
//! In: the manifest that stands there, the one that is to replace it, and the findings of the run. Out: the entities that
//! would be lost.

use std::collections::{BTreeSet, HashSet};

use camino::Utf8PathBuf;
use serde_json::Value;

use crate::diagnostic::{Diagnostics, Severity};
use crate::source::{RootId, Sources};
use crate::yaml;

/// The folders with a descriptor in error: what is missing there may be missing by mistake.
pub(super) fn doubtful(
    diagnostics: &Diagnostics,
    sources: &Sources,
) -> HashSet<(RootId, Utf8PathBuf)> {
    diagnostics
        .iter()
        .filter(|found| found.severity == Severity::Error)
        .filter_map(|found| {
            let (root, folder) = sources.home(found.location.as_ref()?.file);
            Some((root, folder.to_owned()))
        })
        .collect()
}

/// The entities of a manifest that its replacement lacks, as `component shop`.
pub(super) fn lost(existing: &str, replacement: &str) -> Vec<String> {
    let kept = entities(replacement);
    entities(existing).difference(&kept).cloned().collect()
}

fn entities(manifest: &str) -> BTreeSet<String> {
    let documents = yaml::documents(manifest).into_iter();
    let values = documents.filter_map(|document| document.content.ok());
    let text = |entity: &Value, key: &str| Some(entity.get(key)?.as_str()?.to_owned());
    values
        .flat_map(|value| match value {
            Value::Array(entities) => entities,
            entity => vec![entity],
        })
        .filter_map(|entity| {
            Some(format!(
                "{} {}",
                text(&entity, "blueprint")?,
                text(&entity, "identifier")?
            ))
        })
        .collect()
}
