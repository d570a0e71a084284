//! Target `bundle`: `.port/port-import.json`, what `port import` of Port's CLI takes.
//!
//! In: a catalog. Out: one manifest for the whole run, in the first root.

use super::{DO_NOT_EDIT, Format, Manifest, Recipe, Shape};
use crate::port;
use crate::source::Sources;

/// The bundle: blueprints in the order of the profile (the CLI sorts out what refers to what), entities by blueprint and
/// identifier. `None` for a catalog without entities.
pub(super) fn manifest(catalog: &port::Catalog, sources: &Sources) -> Option<Manifest> {
    if catalog.entities.is_empty() {
        return None;
    }
    let mut entities: Vec<usize> = (0..catalog.entities.len()).collect();
    entities.sort_by_key(|position| {
        let entity = &catalog.entities[*position];
        (entity.blueprint(), entity.identifier())
    });
    let recipe = Recipe {
        shape: Shape::Bundle,
        format: Format::Json,
        origin: DO_NOT_EDIT.into(),
        entities: entities.into(),
        namespace: None,
    };
    let path = ".port/port-import.json";
    Some(Manifest::of(sources.first_root()?, path, recipe))
}
