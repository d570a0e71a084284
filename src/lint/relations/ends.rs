//! Relations that two entities declare, each at its end, and not the same: what a group says of its children and
//! members, and what those say of it.
//!
//! In: a catalog. Out: `disagreeing-ends`. Backstage takes the word of either end, so nothing is lost; but who reads one
//! of the two reads something else.

use std::collections::HashSet;

use super::place;
use crate::backstage::{Catalog, validate};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::source::{FieldPath, Location, Origin, Sources};

/// A list of references whose other end can declare the same.
struct List {
    kind: &'static str,
    field: &'static str,
    /// Type of the relations it makes.
    relation_type: &'static str,
    /// The field at the other end.
    other_field: &'static str,
}

const LISTS: &[List] = &[
    List {
        kind: "Group",
        field: "children",
        relation_type: "parentOf",
        other_field: "parent",
    },
    List {
        kind: "Group",
        field: "members",
        relation_type: "hasMember",
        other_field: "memberOf",
    },
    List {
        kind: "User",
        field: "memberOf",
        relation_type: "memberOf",
        other_field: "members",
    },
];

/// How many entities of the other end are named.
const SHOWN: usize = 5;

/// Compares both ends of what stands in descriptors.
pub(super) fn check(catalog: &Catalog, sources: &Sources, diagnostics: &mut Diagnostics) {
    for (index, entity) in catalog.entities().iter().enumerate() {
        if sources.is_recorded(sources.root_of(entity.origin.file)) {
            continue;
        }
        diagnostics.extend(parents(catalog, index));
        let lists = LISTS
            .iter()
            .filter(|list| list.kind == entity.entity_ref.kind);
        diagnostics.extend(lists.filter_map(|list| lacking(catalog, sources, index, list)));
    }
}

/// A group that has two parents.
fn parents(catalog: &Catalog, index: usize) -> Option<Diagnostic> {
    let entity = &catalog.known()[index];
    let relations = catalog.relations(index);
    let parents: Vec<_> = relations
        .filter(|one| one.relation_type == "childOf")
        .collect();
    if parents.len() < 2 {
        return None;
    }
    let mut references = validate::references(entity).into_iter();
    let own = references.find(|reference| reference.forward == "childOf");
    let location = match &own {
        Some(own) => place(entity, own),
        None => entity.origin.value(FieldPath::keys(["metadata", "name"])),
    };
    let message = format!(
        "`{}` has {} parents: {}",
        entity.entity_ref.canonical(),
        parents.len(),
        listed(parents.iter().map(|parent| parent.target_ref)),
    );
    let found = Diagnostic::new(Code::DisagreeingEnds, message)
        .at(location)
        .help("name one parent, and take the group out of the `children` of the others");
    let own = own.map(|own| own.target.canonical());
    let others = parents
        .iter()
        .filter(|parent| own.as_deref() != Some(parent.target_ref));
    let others = others.filter_map(|parent| parent.position).take(SHOWN);
    Some(others.fold(found, |found, parent| {
        let parent = &catalog.known()[parent];
        let label = format!("`{}` lists it", parent.entity_ref.canonical());
        found.related(key(parent.origin, "children"), label)
    }))
}

/// A list that names some, but not others that name its holder. An empty list leaves it to them.
fn lacking(catalog: &Catalog, sources: &Sources, index: usize, list: &List) -> Option<Diagnostic> {
    let List {
        field, other_field, ..
    } = list;
    let entity = &catalog.known()[index];
    let items = entity.spec()?.get(*field)?.as_array()?;
    if items.is_empty() {
        return None;
    }
    let references = validate::references(entity).into_iter();
    let own = references.filter(|reference| reference.forward == list.relation_type);
    let own: HashSet<String> = own.map(|reference| reference.target.canonical()).collect();
    let others = catalog.relations(index).filter(|relation| {
        relation.relation_type == list.relation_type && !own.contains(relation.target_ref)
    });
    let others = others.filter_map(|relation| {
        let other = &catalog.known()[relation.position?];
        let is_recorded = sources.is_recorded(sources.root_of(other.origin.file));
        (!is_recorded).then_some((relation.target_ref, other))
    });
    let others: Vec<_> = others.collect();
    if others.is_empty() {
        return None;
    }
    let message = format!(
        "the `{field}` of `{}` lack {}, whose `{other_field}` {} it",
        entity.entity_ref.canonical(),
        listed(others.iter().map(|(target_ref, _)| *target_ref)),
        if others.len() == 1 { "names" } else { "name" },
    );
    let found = Diagnostic::new(Code::DisagreeingEnds, message)
        .severity(Severity::Note)
        .at(key(entity.origin, field))
        .help(
            "Backstage takes the word of either end: add what is missing here, or remove it there",
        );
    Some(
        others
            .iter()
            .take(SHOWN)
            .fold(found, |found, (target_ref, other)| {
                let label = format!("`{target_ref}` says so");
                found.related(key(other.origin, other_field), label)
            }),
    )
}

/// The key of a field of the spec: to look for an item in each of many long lists would take long.
fn key(origin: Origin, field: &str) -> Location {
    origin.key(FieldPath::keys(["spec", field]))
}

/// The first few of some refs, and how many there are beyond them.
fn listed<'a>(refs: impl ExactSizeIterator<Item = &'a str>) -> String {
    let more = refs.len().saturating_sub(SHOWN);
    let shown: Vec<String> = refs.take(SHOWN).map(|one| format!("`{one}`")).collect();
    match more {
        0 => shown.join(", "),
        _ => format!("{} and {more} more", shown.join(", ")),
    }
}
