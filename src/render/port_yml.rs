//! Target `port-yml`: beside each descriptor a `port.yml` with the entities of the folder.
//!
//! In: entities. Out: one manifest a folder, its entities in the order of their descriptors.

use std::collections::BTreeMap;

use camino::Utf8Path;
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::{Format, Manifest, Recipe, Shape};
use crate::port;
use crate::source::{FileId, Origin, RootId, Sources};

/// How many descriptors the first line of a manifest names.
const NAMED_DESCRIPTORS: usize = 3;

/// The name of the manifest of a folder.
pub(super) const fn name(format: Format) -> &'static str {
    match format {
        Format::Yaml => "port.yml",
        Format::Json => "port.json",
    }
}

/// The manifests of all folders with entities.
///
/// Entities are ordered by the path of their descriptor, the document, and the order of the mapping; how they are
/// ordered in the catalog does not matter beyond that.
pub(super) fn manifests(
    catalog: &port::Catalog,
    sources: &Sources,
    format: Format,
) -> Vec<Manifest> {
    let mut folders: BTreeMap<(RootId, &Utf8Path), Vec<usize>> = BTreeMap::new();
    for (position, entity) in catalog.entities.iter().enumerate() {
        let home = sources.home(entity.origin.file);
        folders.entry(home).or_default().push(position);
    }
    folders
        .into_par_iter()
        .map(|(home, entities)| folder_manifest(catalog, home, entities, sources, format))
        .collect()
}

fn folder_manifest(
    catalog: &port::Catalog,
    (root, folder): (RootId, &Utf8Path),
    mut entities: Vec<usize>,
    sources: &Sources,
    format: Format,
) -> Manifest {
    // What is known from dumps comes after the descriptors, in the order of the catalog.
    entities.sort_by_key(|position| {
        let Origin { file, document, .. } = catalog.entities[*position].origin;
        let stands_here = sources.home(file).0 == sources.root_of(file) && !sources.is_dump(file);
        let place = stands_here.then(|| (sources.path(file), document));
        (place.is_none(), place)
    });
    let mut names: Vec<&str> = entities
        .iter()
        .filter_map(|position| {
            let file = catalog.entities[*position].origin.file;
            sources.path(file).file_name()
        })
        // The descriptor of an entity that is kept may not be known; its manifest stands for it.
        .filter(|file| *file != name(format))
        .collect();
    names.dedup();
    let origin = format!(
        "{}. Do not edit: change the descriptors and run it again.",
        from(&names)
    );
    let recipe = Recipe {
        shape: Shape::List,
        format,
        origin: origin.into(),
        entities: entities.into(),
        namespace: None,
    };
    Manifest::of(root, folder.join(name(format)), recipe)
}

/// Says where the manifest of a single entity is from, and how to change it.
pub(super) fn from_descriptor(root: RootId, file: FileId, sources: &Sources) -> String {
    let path = sources.path(file);
    // The path of a dump, and of what is known from one, says nothing about this root.
    let stands_here = sources.root_of(file) == root && !sources.is_dump(file);
    let descriptor = if stands_here {
        path.as_str()
    } else {
        path.file_name().unwrap_or_default()
    };
    format!(
        "{}. Do not edit: change the descriptor and run it again.",
        from(&[descriptor])
    )
}

/// Says where something is from: ` from a.yaml, b.yaml`; nothing without names.
///
/// The first few names, on one line whatever they hold: a file name may contain a line break, which would end the
/// comment and start YAML of a stranger's choice.
pub(super) fn from(names: &[&str]) -> String {
    if names.is_empty() {
        return String::new();
    }
    let shown: Vec<String> = names
        .iter()
        .take(NAMED_DESCRIPTORS)
        .map(|name| name.replace(is_unprintable, "\u{fffd}"))
        .collect();
    let shown = shown.join(", ");
    match names.len().saturating_sub(NAMED_DESCRIPTORS) {
        0 => format!(" from {shown}"),
        more => format!(" from {shown} and {more} more"),
    }
}

/// Characters that break lines, are not allowed in YAML, or turn the direction of text around.
fn is_unprintable(char: char) -> bool {
    char.is_control()
        || matches!(
            char,
            '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
                | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        )
}
