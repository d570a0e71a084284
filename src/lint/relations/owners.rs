//! Groups and users often live in a directory that only Backstage reads: whether those of a run are all there are.
//!
//! In: a catalog. Out: for groups and for users, whether a reference to one that is not known is a mistake.

use std::collections::HashSet;

use crate::backstage::Catalog;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Sources;

/// What a run knows of the groups and users of an organisation.
#[derive(Debug)]
pub(super) struct Owners {
    groups: Members,
    users: Members,
}

/// One of the two.
#[derive(Debug)]
struct Members {
    kind: &'static str,
    /// How many different ones are named by references, and how many of them are known.
    named: usize,
    known: usize,
    /// Whether they come from Backstage itself.
    are_dumped: bool,
    /// References that were not looked up.
    unchecked: usize,
}

impl Members {
    fn of(kind: &'static str, catalog: &Catalog, sources: &Sources) -> Self {
        let is_of_kind = |entity_kind: &str| entity_kind.eq_ignore_ascii_case(kind);
        let are_dumped = catalog.known().iter().any(|entity| {
            is_of_kind(&entity.entity_ref.kind) && sources.is_dump(entity.origin.file)
        });
        let mut named = HashSet::new();
        let mut known = 0;
        if !are_dumped {
            for index in 0..catalog.entities().len() {
                let relations = catalog.relations(index);
                for relation in relations.filter(|one| is_of_kind(&one.target.kind)) {
                    if named.insert(relation.target_ref) && relation.is_resolved() {
                        known += 1;
                    }
                }
            }
        }
        Self {
            kind,
            named: named.len(),
            known,
            are_dumped,
            unchecked: 0,
        }
    }

    /// Whether one that is not known is a mistake. Where most of those that are named are not known, they live elsewhere:
    /// a repository may have a group or two of its own.
    fn are_all_known(&self) -> bool {
        self.are_dumped || self.known > self.named - self.known
    }

    fn in_words(&self) -> String {
        let Self {
            kind, named, known, ..
        } = self;
        match (known, named) {
            (0, _) => format!("no {kind}s are known"),
            (1, _) => format!("only 1 of the {named} {kind}s that are named is known"),
            _ => format!("only {known} of the {named} {kind}s that are named are known"),
        }
    }
}

impl Owners {
    /// Looks at what is named and what is known.
    pub(super) fn of(catalog: &Catalog, sources: &Sources) -> Self {
        Self {
            groups: Members::of("group", catalog, sources),
            users: Members::of("user", catalog, sources),
        }
    }

    /// Whether it cannot be told that a reference to an unknown entity of this kind is a mistake; counts it then.
    pub(super) fn are_unchecked(&mut self, kind: &str) -> bool {
        let mut both = [&mut self.groups, &mut self.users].into_iter();
        let members = both.find(|members| kind.eq_ignore_ascii_case(members.kind));
        match members {
            Some(members) if !members.are_all_known() => {
                members.unchecked += 1;
                true
            }
            _ => false,
        }
    }

    /// One note about all that was not looked up.
    pub(super) fn note(&self) -> Option<Diagnostic> {
        let both = [&self.groups, &self.users];
        let unchecked: Vec<_> = both.iter().filter(|one| one.unchecked > 0).collect();
        let kinds: Vec<String> = unchecked
            .iter()
            .map(|one| format!("{}s", one.kind))
            .collect();
        let reasons = match unchecked.as_slice() {
            [groups, users] if groups.known + users.known == 0 => {
                vec!["neither groups nor users are known".to_owned()]
            }
            some => some.iter().map(|one| one.in_words()).collect(),
        };
        let count: usize = unchecked.iter().map(|one| one.unchecked).sum();
        let references = match count {
            0 => return None,
            1 => "1 reference".to_owned(),
            _ => format!("{count} references"),
        };
        let (kinds, reasons) = (kinds.join(" and "), reasons.join(", and "));
        let was = if count == 1 { "was" } else { "were" };
        let message = format!("{references} to {kinds} {was} not looked up: {reasons}");
        Some(Diagnostic::new(Code::OwnersUnchecked, message).help(
            "make them known: `--catalog FILE` reads what the catalog API of your Backstage returns, and further roots \
             may have their descriptors",
        ))
    }
}
