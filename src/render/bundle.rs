//! Target `bundle`: `.port/port-import.json`, what `port import` of Port's CLI takes.
//!
//! In: a catalog. Out: one manifest for the whole run, in the first root.

use super::{DO_NOT_EDIT, Manifest, document};
use crate::generated;
use crate::port::{self, Entity};
use crate::source::Sources;

/// The bundle: blueprints in the order of the profile (the CLI sorts out what refers to what), entities by blueprint and
/// identifier. `None` for a catalog without entities.
pub(super) fn manifest(catalog: &port::Catalog, sources: &Sources) -> Option<Manifest> {
    let mut entities: Vec<&Entity> = catalog.entities.iter().collect();
    if entities.is_empty() {
        return None;
    }
    entities.sort_by(|a, b| (&a.blueprint, &a.identifier).cmp(&(&b.blueprint, &b.identifier)));
    let origin = generated::opening(DO_NOT_EDIT);
    let contents = document::bundle(&catalog.blueprints, &entities, &origin);
    let path = ".port/port-import.json";
    Some(Manifest::new(sources.first_root()?, path, contents).holding(entities.len()))
}
