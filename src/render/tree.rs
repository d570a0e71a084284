//! Target `tree`: `.port/entities/<blueprint>/<identifier>.yaml`, one entity a file.
//!
//! In: the entities of each root by blueprint. Out: a manifest for each entity.

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::{Format, Homes, Manifest, Recipe, Shape, entities_path, file_name, port_yml};
use crate::port;
use crate::source::{RootId, Sources};

/// The manifests of all roots.
pub(super) fn manifests(
    catalog: &port::Catalog,
    homes: &Homes<'_>,
    sources: &Sources,
    format: Format,
) -> Vec<Manifest> {
    let entities = homes.0.iter().flat_map(|(root, blueprints)| {
        let entities = blueprints.values().flatten();
        entities.map(|entity| (*root, *entity))
    });
    let entities: Vec<_> = entities.collect();
    entities
        .into_par_iter()
        .map(|(root, position)| manifest(catalog, root, position, sources, format))
        .collect()
}

/// The extension of a single entity.
pub(super) const fn extension(format: Format) -> &'static str {
    match format {
        Format::Yaml => "yaml",
        Format::Json => "json",
    }
}

fn manifest(
    catalog: &port::Catalog,
    root: RootId,
    position: usize,
    sources: &Sources,
    format: Format,
) -> Manifest {
    let entity = &catalog.entities[position];
    let origin = port_yml::from_descriptor(root, entity.origin.file, sources);
    let name = file_name::path(entity.identifier());
    let path = entities_path(entity.blueprint()).join(format!("{name}.{}", extension(format)));
    let recipe = Recipe {
        shape: Shape::Single,
        format,
        origin: origin.into(),
        entities: [position].into(),
        namespace: None,
    };
    Manifest::of(root, path, recipe)
}
