//! Holds a change against its blueprint: whether there is such a property or relation, and such a target.
//!
//! In: a change and the blueprint of an entity it is for. Out: what is wrong with it, and what may be meant. Whether a value
//! fits its definition is found out later, where that is asked of all values.

use std::cell::{Cell, OnceCell};
use std::collections::{HashMap, HashSet};

use super::{Becomes, Change, quoted};
use crate::diagnostic::{Code, similar};
use crate::port::{self, Blueprint, Targets};

/// A near match is looked for among so many names at most, of such a length, and so often: a reader mends the first faults
/// and runs again.
const MAX_CANDIDATES: usize = 5_000;
const MAX_NAME: usize = 500;
const MAX_COMPARED: usize = 500;

/// Why a change cannot be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Misfit {
    pub(super) code: Code,
    pub(super) message: String,
    pub(super) help: String,
    /// Which item of a list it is about.
    pub(super) item: Option<usize>,
}

/// What changes must fit.
pub(super) struct Fit<'a> {
    blueprints: HashMap<&'a str, &'a Blueprint>,
    /// Whether entities that this run does not make are in Port all the same.
    are_given: bool,
    entities: &'a [port::Packed],
    identifiers: OnceCell<HashMap<&'a str, HashSet<&'a str>>>,
    compared: Compared,
}

impl<'a> Fit<'a> {
    /// For a profile's blueprints, before they are cut to what is used.
    pub(super) fn new(
        blueprints: &'a [Blueprint],
        are_given: bool,
        entities: &'a [port::Packed],
    ) -> Self {
        let blueprints = blueprints.iter();
        Self {
            blueprints: blueprints
                .map(|blueprint| (blueprint.identifier.as_str(), blueprint))
                .collect(),
            are_given,
            entities,
            identifiers: OnceCell::new(),
            compared: Compared::default(),
        }
    }

    pub(super) fn blueprint(&self, identifier: &str) -> Option<&'a Blueprint> {
        self.blueprints.get(identifier).copied()
    }

    /// Why a change cannot be made to entities of a blueprint; `None` where it can.
    pub(super) fn misfit(&self, change: &Change, blueprint: &str) -> Option<Misfit> {
        // Those of other blueprints are not converted at all.
        let blueprint = self.blueprint(blueprint)?;
        match change {
            Change::Title(_) | Change::Icon(_) | Change::Team(_) => None,
            Change::Property(name, _) if blueprint.schema.properties.contains_key(name) => None,
            Change::Property(name, _) => Some(self.no_property(blueprint, name)),
            Change::Relation(name, becomes) => match (blueprint.relations.get(name), becomes) {
                (None, _) => Some(self.no_relation(blueprint, name)),
                (Some(relation), Becomes::Is(targets)) => {
                    self.lost_target(name, &relation.target, targets)
                }
                (Some(_), Becomes::Null | Becomes::Gone) => None,
            },
        }
    }

    fn lost_target(&self, name: &str, target: &str, targets: &Targets) -> Option<Misfit> {
        // Port's own blueprints have entities of their own, and so may those that are given or not of this profile.
        if self.are_given || target.starts_with('_') || !self.blueprints.contains_key(target) {
            return None;
        }
        let all = self.identifiers.get_or_init(|| {
            let mut all: HashMap<&str, HashSet<&str>> = HashMap::new();
            for entity in self.entities {
                let known = all.entry(entity.blueprint()).or_default();
                known.insert(entity.identifier());
            }
            all
        });
        let known = all.get(target);
        let is_lost = |id: &&String| known.is_none_or(|known| !known.contains(id.as_str()));
        let (lost, item) = match targets {
            Targets::One(id) => (Some(id).filter(is_lost)?, None),
            Targets::Many(ids) => {
                let mut ids = ids.iter().enumerate();
                let (item, id) = ids.find(|(_, id)| is_lost(id))?;
                (id, Some(item))
            }
            Targets::Query(_) => return None,
        };
        let known = known.into_iter().flatten().copied();
        let help = self.compared.similar(lost, known).map_or_else(
            || {
                format!(
                    "name the identifier of an entity of `{target}` as it stands in its manifest"
                )
            },
            |known| format!("did you mean `{known}`?"),
        );
        Some(Misfit {
            code: Code::UnknownOverlayTarget,
            message: format!(
                "relation {} leads to blueprint `{target}`, and no entity of it is called {}",
                quoted(name),
                quoted(lost)
            ),
            help,
            item,
        })
    }

    fn no_property(&self, blueprint: &Blueprint, name: &str) -> Misfit {
        let aggregations = blueprint.rest.get("aggregationProperties");
        let is_computed = blueprint.mirror_properties.contains_key(name)
            || blueprint.calculation_properties.contains_key(name)
            || aggregations.is_some_and(|map| map.get(name).is_some());
        if is_computed {
            let help = "change what it is computed from".to_owned();
            return unknown(blueprint, "property", name, ", Port computes it", help);
        }
        let help = if blueprint.relations.contains_key(name) {
            format!("it is a relation: `relations.{name}`")
        } else {
            self.did_you_mean(name, blueprint.schema.properties.keys())
        };
        unknown(blueprint, "property", name, "", help)
    }

    fn no_relation(&self, blueprint: &Blueprint, name: &str) -> Misfit {
        let help = if blueprint.schema.properties.contains_key(name) {
            format!("it is a property: `properties.{name}`")
        } else {
            self.did_you_mean(name, blueprint.relations.keys())
        };
        unknown(blueprint, "relation", name, "", help)
    }

    fn did_you_mean<'k>(&self, name: &str, known: impl Iterator<Item = &'k String>) -> String {
        let similar = self.compared.similar(name, known.map(String::as_str));
        similar.map_or_else(
            || {
                "add it to the blueprint in the profile, or name in `blueprint` the one that has it"
                    .to_owned()
            },
            |known| format!("did you mean `{known}`?"),
        )
    }
}

fn unknown(blueprint: &Blueprint, sort: &str, name: &str, why: &str, help: String) -> Misfit {
    let message = format!(
        "blueprint `{}` has no {sort} {} to change{why}",
        blueprint.identifier,
        quoted(name)
    );
    Misfit {
        code: Code::UnknownOverlayProperty,
        message,
        help,
        item: None,
    }
}

/// The search for what may be meant, within limits.
#[derive(Debug, Default)]
pub(super) struct Compared(Cell<usize>);

impl Compared {
    /// Whether there is still a reader for one more.
    pub(super) fn is_worth_it(&self) -> bool {
        self.0.set(self.0.get() + 1);
        self.0.get() <= MAX_COMPARED
    }

    pub(super) fn similar<'n>(
        &self,
        name: &str,
        known: impl Iterator<Item = &'n str>,
    ) -> Option<&'n str> {
        if !self.is_worth_it() || name.len() > MAX_NAME {
            return None;
        }
        let known: Vec<&str> = known.take(MAX_CANDIDATES + 1).collect();
        if known.len() > MAX_CANDIDATES {
            return None;
        }
        similar(name, known.into_iter())
    }
}
