//! What a target cannot express.
//!
//! In: the parts of blueprints and entities that are left out. Out: findings, one for all entities of a blueprint.

use std::collections::BTreeMap;

use super::Target;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::Origin;

/// A part of a blueprint or an entity that is left out.
#[derive(Debug)]
pub(super) struct Limit {
    pub(super) target: Target,
    /// The blueprint, or that of the entity.
    pub(super) blueprint: String,
    /// Of an entity its identifier and descriptor.
    pub(super) entity: Option<(String, Origin)>,
    /// What is left out, as a sentence goes on behind its owner.
    pub(super) part: String,
    /// Why.
    pub(super) reason: &'static str,
}

/// Reports limits, those of the same part and reason together.
pub(super) fn report(limits: Vec<Limit>, diagnostics: &mut Diagnostics) {
    type Group = (Target, String, String, &'static str, bool);
    let mut groups: BTreeMap<Group, (Option<(String, Origin)>, usize)> = BTreeMap::new();
    for limit in limits {
        let key = (
            limit.target,
            limit.blueprint,
            limit.part,
            limit.reason,
            limit.entity.is_some(),
        );
        let (_, count) = groups.entry(key).or_insert((limit.entity, 0));
        *count += 1;
    }
    for ((target, blueprint, part, reason, _), (entity, count)) in groups {
        let whose = match &entity {
            None => format!("blueprint `{blueprint}`"),
            Some((identifier, _)) if count == 1 => format!("`{blueprint} {identifier}`"),
            Some((identifier, _)) => {
                format!("{count} entities of `{blueprint}`, such as `{identifier}`")
            }
        };
        let message = format!(
            "target {} leaves out {part} of {whose}: {reason}",
            target.id()
        );
        let mut found = Diagnostic::new(Code::TargetLimit, message);
        found.location = entity.map(|(_, origin)| origin.document());
        diagnostics.push(found);
    }
}
