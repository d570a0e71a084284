//! The checks over several entities: where references lead, and what they make together.
//!
//! In: a catalog. Out: findings about references, at the text of the reference. An entity is read again only where its
//! relations look odd, so that a catalog without faults costs one look at each relation.

mod cycles;
mod ends;
mod owners;
mod similar;
mod targets;

use crate::backstage::{Catalog, Entity};
use crate::diagnostic::Diagnostics;
use crate::source::{FieldPath, Location, Segment, Sources};

/// Looks at the relations of all entities of the result.
pub(super) fn catalog(catalog: &Catalog, sources: &Sources, diagnostics: &mut Diagnostics) {
    targets::check(catalog, sources, diagnostics);
    cycles::check(catalog, diagnostics);
    ends::check(catalog, sources, diagnostics);
}

/// The list that an item is in, or else the field itself: lists of entities are sorted, so positions say nothing.
fn without_index(field: &FieldPath) -> FieldPath {
    let mut field = field.clone();
    if let Some(Segment::Index(_)) = field.0.last() {
        field.0.pop();
    }
    field
}

/// The place of a reference, whose field may be an item of a list of the entity.
fn place(entity: &Entity, field: &FieldPath) -> Location {
    let text = match field.0.as_slice() {
        [_, Segment::Key(list), Segment::Index(index)] => {
            let list = entity.spec().and_then(|spec| spec.get(list));
            let item = list.and_then(|list| list.get(*index));
            item.and_then(|item| item.as_str())
        }
        _ => None,
    };
    match text {
        Some(text) => entity.origin.item(without_index(field), text),
        None => entity.origin.value(field.clone()),
    }
}
