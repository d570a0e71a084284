//! The checks over several entities: where references lead, and what they make together.
//!
//! In: a catalog. Out: findings about references, at the text of the reference. An entity is read again only where its
//! relations look odd, so that a catalog without faults costs one look at each relation.

mod cycles;
mod ends;
mod owners;
mod similar;
mod targets;

use crate::backstage::validate::Reference;
use crate::backstage::{Catalog, Entity};
use crate::diagnostic::Diagnostics;
use crate::source::{FieldPath, Location, Sources};

/// Looks at the relations of all entities of the result.
pub(super) fn catalog(catalog: &Catalog, sources: &Sources, diagnostics: &mut Diagnostics) {
    targets::check(catalog, sources, diagnostics);
    cycles::check(catalog, diagnostics);
    ends::check(catalog, sources, diagnostics);
}

/// The place of a reference. Lists of entities are sorted, so positions in them say nothing, and items are looked for by
/// their text.
fn place(entity: &Entity, reference: &Reference) -> Location {
    let text = reference.index.and_then(|index| {
        let list = entity.spec()?.get(reference.field)?;
        list.get(index)?.as_str()
    });
    match text {
        Some(text) => {
            let list = FieldPath::keys(["spec", reference.field]);
            entity.origin.item(list, text)
        }
        None => entity.origin.value(reference.path()),
    }
}
