//! Who owns an entity: as the descriptors say, or groups only.
//!
//! In: the relations of an entity. Out: the same, with users replaced by their groups where that is asked; a finding where
//! an entity ends up with users only, for users of Port own nothing: teams do.

use crate::backstage::entity::Relation;
use crate::backstage::{Catalog, Entity, Packed};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::FieldPath;

/// Who may own an entity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Owners {
    /// Groups and users, as the descriptors say.
    #[default]
    AsStated,
    /// Groups only: what a user owns is owned by the groups of the user. A user without a known group stays.
    Groups,
}

/// The relations of an entity that has the stated ones, sorted by type and then target ref.
#[must_use]
pub fn relations<'a>(
    catalog: &'a Catalog,
    stated: Vec<Relation<'a>>,
    owners: Owners,
) -> Vec<Relation<'a>> {
    if owners == Owners::AsStated {
        return stated;
    }
    let mut relations = Vec::with_capacity(stated.len());
    for relation in stated {
        let user = relation.position.filter(|_| is_owned_by(&relation, "user"));
        let before = relations.len();
        relations.extend(
            user.into_iter()
                .flat_map(|user| groups(catalog, user))
                .filter(Relation::is_resolved)
                .map(|group| Relation {
                    relation_type: relation.relation_type,
                    ..group
                }),
        );
        if relations.len() == before {
            relations.push(relation);
        }
    }
    relations.sort_by_key(|relation| (relation.relation_type, relation.target_ref));
    relations.dedup();
    relations
}

/// The groups of a user, as relations.
pub(super) fn groups(catalog: &Catalog, user: usize) -> impl Iterator<Item = Relation<'_>> {
    let relations = catalog.relations(user);
    relations.filter(|relation| is(relation, "memberOf", "group"))
}

fn is_owned_by(relation: &Relation<'_>, kind: &str) -> bool {
    is(relation, "ownedBy", kind)
}

fn is(relation: &Relation<'_>, relation_type: &str, kind: &str) -> bool {
    relation.relation_type == relation_type && relation.target.kind.eq_ignore_ascii_case(kind)
}

/// The finding about an entity that users own and no group does; `None` where that is not so.
pub(super) fn user_owned(
    catalog: &Catalog,
    entity: &Entity<Packed>,
    relations: &[Relation<'_>],
    owners: Owners,
) -> Option<Diagnostic> {
    if relations.iter().any(|owner| is_owned_by(owner, "group")) {
        return None;
    }
    let user = relations.iter().find(|owner| is_owned_by(owner, "user"))?;
    let groups: Vec<&str> = user
        .position
        .into_iter()
        .flat_map(|user| groups(catalog, user))
        .filter(Relation::is_resolved)
        .map(|group| group.target.name.as_str())
        .collect();
    let help = match owners {
        Owners::AsStated if !groups.is_empty() => format!(
            "let a group own it, or use --teams-only, which takes the groups of the user: `{}`",
            groups.join("`, `")
        ),
        _ => "let a group own it, or put the user into a group".to_owned(),
    };
    let message = format!(
        "the only owner is `{}`, a user and no group, so no team owns it in Port",
        user.target_ref
    );
    let owner = entity.origin.value(FieldPath::keys(["spec", "owner"]));
    Some(
        Diagnostic::new(Code::UserOwner, message)
            .at(owner)
            .help(help),
    )
}
