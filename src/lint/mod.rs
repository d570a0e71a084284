//! The checks that Backstage does not make: what it takes without a word, and its readers stumble over.
//!
//! In: a catalog. Out: findings. Nothing here changes an entity.

use crate::backstage::Catalog;
use crate::diagnostic::Diagnostics;
use crate::source::Sources;

/// Looks at all entities of the result, alone and together.
pub fn catalog(_catalog: &Catalog, _sources: &Sources, _diagnostics: &mut Diagnostics) {}
