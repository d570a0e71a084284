//! Code owners: who owns the files of a repository, by its CODEOWNERS file.
//!
//! In: descriptors or entities, and the CODEOWNERS files of their roots. Out: owners for entities that have none, and
//! findings where the two disagree.

use std::collections::BTreeMap;

use crate::backstage::{Catalog, Descriptor};
use crate::diagnostic::Diagnostics;
use crate::source::Sources;

/// What is done with code owners.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// Whether the owner of an entity must be the code owner of its descriptor.
    pub is_checked: bool,
    /// Whether an entity without an owner gets the code owner of its descriptor.
    pub fills: bool,
    /// The entity refs of code owners, such as `group:default/platform` for `@acme/platform`.
    pub owners: BTreeMap<String, String>,
}

/// Gives descriptors without an owner the code owner of their file.
pub fn fill(
    _descriptors: &mut [Descriptor],
    _sources: &Sources,
    _rules: &Rules,
    _diagnostics: &mut Diagnostics,
) {
}

/// Holds the owners of entities against the code owners of their descriptors.
pub fn check(
    _catalog: &Catalog,
    _sources: &Sources,
    _rules: &Rules,
    _diagnostics: &mut Diagnostics,
) {
}
