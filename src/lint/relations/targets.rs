//! Where references lead: to nothing, or to something that makes no sense there.
//!
//! In: a catalog. Out: `dangling-relation`, `unknown-owner`, `owners-unchecked` and `wrong-kind`.

use std::collections::HashSet;

use super::owners::Owners;
use super::place;
use super::similar::Names;
use crate::backstage::validate::{self, Written};
use crate::backstage::{Catalog, Entity, kind};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::Sources;

/// Whom Backstage signs in where nobody has to say who they are; no entity stands for them.
const GUEST: &str = "user:development/guest";

/// Looks up every reference.
pub(super) fn check(catalog: &Catalog, sources: &Sources, diagnostics: &mut Diagnostics) {
    let mut check = None;
    for (index, entity) in catalog.entities().iter().enumerate() {
        let mut missing = HashSet::new();
        for relation in catalog.relations(index) {
            if !relation.is_resolved() {
                missing.insert(relation.target_ref);
            }
        }
        if missing.is_empty() && !validate::names_odd_kind(entity) {
            continue;
        }
        let check = check.get_or_insert_with(|| Check::new(catalog, sources));
        check.entity(entity, &missing, diagnostics);
    }
    if let Some(note) = check.and_then(|check| check.owners.note()) {
        diagnostics.push(note);
    }
}

struct Check<'a> {
    catalog: &'a Catalog,
    names: Names<'a>,
    owners: Owners,
    /// The kinds that the catalog has or knows.
    kinds: HashSet<&'a str>,
}

impl<'a> Check<'a> {
    fn new(catalog: &'a Catalog, sources: &Sources) -> Self {
        let known = catalog.known().iter();
        Self {
            catalog,
            names: Names::of(catalog),
            owners: Owners::of(catalog, sources),
            kinds: known
                .map(|entity| entity.entity_ref.kind.as_str())
                .collect(),
        }
    }

    fn entity(&mut self, entity: &Entity, missing: &HashSet<&str>, diagnostics: &mut Diagnostics) {
        let mut told = HashSet::new();
        for written in validate::written(entity) {
            let target_ref = written.reference.target.canonical();
            let field = format!("spec.{}", written.reference.field);
            let is_missing = missing.contains(target_ref.as_str());
            let found = if is_odd(&written) {
                Some(self.wrong_kind(entity, &written, &field, &target_ref))
            } else if is_missing && target_ref != GUEST && !self.catalog.is_lost(&target_ref) {
                self.missing(&written, &field, &target_ref)
            } else {
                None
            };
            if let Some(found) = found
                && told.insert((field, target_ref))
            {
                let place = place(entity, &written.reference);
                diagnostics.push(found.at(place));
            }
        }
    }

    /// Something that nothing defines.
    fn missing(&mut self, written: &Written, field: &str, target_ref: &str) -> Option<Diagnostic> {
        let target = &written.reference.target;
        let kinds =
            std::iter::once(target.kind.as_str()).chain(written.target_kinds.iter().copied());
        let similar = self.names.similar(target, kinds);
        // A name that is nearly right, or not right anywhere, is a mistake wherever groups and users live.
        let is_certain = similar.is_some() || !target.is_possible();
        if !is_certain && self.owners.are_unchecked(&target.kind) {
            return None;
        }
        let is_owner = written.reference.forward == "ownedBy";
        let found = if is_owner {
            let message =
                format!("`{field}` names `{target_ref}`, which is no group or user that is known");
            Diagnostic::new(Code::UnknownOwner, message)
        } else {
            let message =
                format!("`{field}` refers to `{target_ref}`, which nothing that was read defines");
            Diagnostic::new(Code::DanglingRelation, message)
        };
        Some(match similar {
            Some(similar) => found.help(format!("did you mean `{similar}`?")),
            None if !target.is_possible() => found.help(
                "no entity can be called so: names are made of letters, digits and `-_.`, up to 63",
            ),
            None if !self.is_known_kind(&target.kind) => found.help(format!(
                "no entity of the kind `{}` was read, and Backstage has no such kind",
                target.kind
            )),
            None => found.help(
                "if it is defined elsewhere, make it known: name that repository as a further root, or a dump of your \
                 Backstage with `--catalog`",
            ),
        })
    }

    fn is_known_kind(&self, kind: &str) -> bool {
        let is_it = |known: &str| known.eq_ignore_ascii_case(kind);
        self.kinds.iter().any(|known| is_it(known)) || kind::names().any(is_it)
    }

    /// Something of a kind that makes no sense there.
    fn wrong_kind(
        &mut self,
        entity: &Entity,
        written: &Written,
        field: &str,
        target_ref: &str,
    ) -> Diagnostic {
        let kinds = alternatives(written.target_kinds);
        let mut message = format!("`{field}` names `{target_ref}`, which is no {kinds}");
        if !written.makes_relations {
            message.push_str("; Backstage makes no relation of it");
        }
        let target = &written.reference.target;
        let similar = self
            .names
            .similar(target, written.target_kinds.iter().copied());
        let has_apis = entity.entity_ref.kind == "Component";
        let help = match similar {
            Some(similar) => format!("did you mean `{similar}`?"),
            None if has_apis && target.kind.eq_ignore_ascii_case("api") => {
                "name it in `consumesApis`, which is for the APIs that a component uses".to_owned()
            }
            None => format!("what belongs here is of the kind {kinds}"),
        };
        Diagnostic::new(Code::WrongKind, message).help(help)
    }
}

/// Kinds as a text names them.
fn alternatives(kinds: &[&str]) -> String {
    match kinds {
        [others @ .., last] if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        kinds => kinds.concat(),
    }
}

/// Whether a reference names something of a kind that makes no sense there. What a kind of the organisation's own may be
/// good for is not known here, so it counts only where Backstage makes no relation of it.
fn is_odd(written: &Written) -> bool {
    let kind = &written.reference.target.kind;
    let is_it = |known: &str| known.eq_ignore_ascii_case(kind);
    !written.target_kinds.iter().any(|known| is_it(known))
        && (!written.makes_relations || kind::names().any(is_it))
}
