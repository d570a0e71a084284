//! Holds the owners of entities against the code owners of their descriptors.
//!
//! In: the catalog. Out: findings where the two disagree, and where a code owner is nobody known so that it cannot be
//! told. Files without code owners say nothing.

use std::collections::HashMap;

use serde_json::Value;

use super::known::{Behind, Known};
use super::parse::{Owner, Rule};
use super::{CodeOwners, OfRoot, in_words, span, tell_unmapped};
use crate::backstage::{Catalog, Entity, EntityRef, Packed};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, quoted};
use crate::source::{FieldPath, Sources};

impl CodeOwners<'_> {
    /// Tells where the owner of an entity is not the code owner of its descriptor, and why an entity that wants an owner
    /// got none.
    pub fn check(self, catalog: &Catalog, sources: &Sources, diagnostics: &mut Diagnostics) {
        let unfilled: HashMap<_, &str> = self
            .unfilled
            .iter()
            .map(|(origin, reason)| ((origin.file, Some(origin.document)), reason.as_str()))
            .collect();
        if !unfilled.is_empty() {
            diagnostics.advise(|found| {
                let at = found.location.as_ref()?;
                let is_meant = found.code == Code::InvalidSpec
                    && at.place.field() == Some(&FieldPath::keys(["spec", "owner"]));
                let reason = unfilled.get(&(at.file, at.place.document()))?;
                is_meant.then(|| (*reason).to_owned())
            });
        }
        if self.rules.is_checked && !self.roots.is_empty() {
            self.compare(catalog, sources, diagnostics);
        }
    }

    fn compare(&self, catalog: &Catalog, sources: &Sources, diagnostics: &mut Diagnostics) {
        let mut known = Known::new(&self.rules.owners);
        for entity in catalog.known() {
            known.add(&entity.entity_ref, &entity.value);
        }
        let members = Members::of(catalog);
        let entities = catalog.entities().iter();
        let owned: Vec<(&Entity<Packed>, String)> = entities
            .filter_map(|entity| Some((entity, owner_of(entity)?)))
            .collect();
        let files = owned.iter().map(|(entity, _)| entity.origin.file);
        let deciding = self.deciding(files, sources);
        let mut told = self.told.clone();
        for (entity, owner) in &owned {
            let Some((of_root, rules)) = deciding.get(&entity.origin.file) else {
                continue;
            };
            match verdict(owner, of_root, rules, &known, &members) {
                Verdict::Agrees => {}
                Verdict::Open(owners) => {
                    for code_owner in owners {
                        let place = entity.origin.value(FieldPath::keys(["spec", "owner"]));
                        let open = (place, "this owner cannot be held against it");
                        tell_unmapped(&mut told, code_owner, of_root.file, open, diagnostics);
                    }
                }
                Verdict::Differs(expected) => {
                    diagnostics.push(mismatch(entity, owner, of_root, rules, &expected));
                }
            }
        }
    }
}

enum Verdict<'a> {
    /// The owner is a code owner, or the file has none.
    Agrees,
    /// Nobody knows: these code owners may be the owner.
    Open(Vec<&'a Owner>),
    /// The code owners are others: these.
    Differs(Vec<String>),
}

fn verdict<'a>(
    owner: &str,
    of_root: &OfRoot,
    rules: &[&'a Rule],
    known: &Known,
    members: &Members<'_>,
) -> Verdict<'a> {
    let mut expected = Vec::new();
    let mut open = Vec::new();
    for code_owner in rules.iter().flat_map(|rule| &rule.owners) {
        match known.behind(&code_owner.text, of_root.dialect) {
            Behind::Entity(entity) if entity == owner || members.share(&entity, owner) => {
                return Verdict::Agrees;
            }
            Behind::Entity(entity) if expected.contains(&entity) => {}
            Behind::Entity(entity) => expected.push(entity),
            // The name is all there is to go by.
            Behind::Unknown(namesakes) if namesakes.iter().any(|one| one == owner) => {
                return Verdict::Agrees;
            }
            Behind::Unknown(_) => open.push(code_owner),
        }
    }
    match (open.is_empty(), expected.is_empty()) {
        (true, true) => Verdict::Agrees,
        (true, false) => Verdict::Differs(expected),
        (false, _) => Verdict::Open(open),
    }
}

fn mismatch(
    entity: &Entity<Packed>,
    owner: &str,
    of_root: &OfRoot,
    rules: &[&Rule],
    expected: &[String],
) -> Diagnostic {
    let owners: Vec<&Owner> = rules.iter().flat_map(|rule| &rule.owners).collect();
    let noun = if owners.len() == 1 {
        "owner is"
    } else {
        "owners are"
    };
    let message = format!(
        "the owner is {}, but the code {noun} {}",
        quoted(owner),
        in_words(&owners)
    );
    let first = expected
        .first()
        .map_or_else(String::new, |first| quoted(first));
    let help = format!("if CODEOWNERS is right, the owner is {first}; else correct the line there");
    let place = entity.origin.value(FieldPath::keys(["spec", "owner"]));
    let mut found = Diagnostic::new(Code::CodeownersMismatch, message)
        .at(place)
        .help(help);
    for rule in rules.iter().filter(|rule| !rule.owners.is_empty()) {
        found = found.related(
            span(of_root.file, &rule.bytes),
            "the code owners of this descriptor",
        );
    }
    found
}

/// The canonical ref of the owner of an entity.
fn owner_of(entity: &Entity<Packed>) -> Option<String> {
    let entity = entity.unpacked();
    let owner = entity.spec()?.get("owner").and_then(Value::as_str)?;
    let namespace = &entity.entity_ref.namespace;
    let parsed = EntityRef::parse(owner, Some("group"), namespace).ok()?;
    Some(parsed.canonical())
}

/// Who is a member of what.
struct Members<'a> {
    catalog: &'a Catalog,
    positions: HashMap<String, usize>,
}

impl<'a> Members<'a> {
    fn of(catalog: &'a Catalog) -> Self {
        let refs = catalog
            .known()
            .iter()
            .map(|entity| entity.entity_ref.canonical());
        let users = refs
            .enumerate()
            .filter(|(_, canonical)| canonical.starts_with("user:"));
        Self {
            positions: users
                .map(|(position, canonical)| (canonical, position))
                .collect(),
            catalog,
        }
    }

    /// Whether one of the two is a user and a member of the other.
    fn share(&self, one: &str, other: &str) -> bool {
        let is_member = |user: &str, group: &str| {
            let position = self.positions.get(user);
            position.is_some_and(|position| {
                let mut relations = self.catalog.relations(*position);
                relations.any(|it| it.relation_type == "memberOf" && it.target_ref == group)
            })
        };
        is_member(one, other) || is_member(other, one)
    }
}
