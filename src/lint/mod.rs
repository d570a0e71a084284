//! The checks that Backstage does not make: what it takes without a word, and its readers stumble over.
//!
//! In: a catalog. Out: findings. Nothing here changes an entity.

mod relations;

use crate::backstage::Catalog;
use crate::diagnostic::Diagnostics;
use crate::source::Sources;

/// Looks at all entities of the result, alone and together.
pub fn catalog(catalog: &Catalog, sources: &Sources, diagnostics: &mut Diagnostics) {
    relations::catalog(catalog, sources, diagnostics);
}
