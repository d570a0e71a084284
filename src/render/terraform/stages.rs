//! What has to wait for a second apply: Terraform makes one thing after the other, and relations may lead in a circle.
//!
//! In: a catalog. Out: the relations that close a circle, of blueprints and of entities; all others order what is made.
//!
//! Blueprints are put in an order in which few relations lead backwards (P. Eades, X. Lin, W. F. Smyth, "A fast and
//! effective heuristic for the feedback arc set problem"), required ones least of all; those that still do wait. Of
//! blueprints that are alike the last by name waits. How many entities use a relation does not matter: the order would
//! change with them.

use std::collections::{BTreeMap, BTreeSet};

use crate::port::{self, Blueprint, Entity, Key, Targets};

/// How many other relations are to wait rather than a required one.
const REQUIRED: isize = 1000;

/// What waits for the second stage.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Stages {
    /// The blueprints of the run, each with where it stands in the order: what it needs comes before it.
    order: BTreeMap<String, usize>,
    /// Targets of relations by blueprint and name.
    targets: BTreeMap<(String, String), String>,
    /// The relations of blueprints that wait.
    later: BTreeSet<(String, String)>,
    /// The entities that have to be there before another one can name them: Port does not make them by itself.
    needed: BTreeSet<Key>,
    /// Of those the ones that lead in a circle, each with the number of its circle.
    circles: BTreeMap<Key, usize>,
}

impl Stages {
    pub(super) fn of(catalog: &port::Catalog) -> Self {
        let mut stages = Self::default();
        if !catalog.are_given {
            stages.order = order(&catalog.blueprints);
        }
        for blueprint in &catalog.blueprints {
            for (name, relation) in &blueprint.relations {
                let key = (blueprint.identifier.clone(), name.clone());
                let (from, to) = (&blueprint.identifier, &relation.target);
                let closes_circle = stages.has(to) && to != from && !stages.is_first(from, to);
                // Those of Port are there already.
                if closes_circle && !to.starts_with('_') {
                    stages.later.insert(key.clone());
                }
                stages.targets.insert(key, to.clone());
            }
        }
        stages.find_needed(catalog);
        stages
    }

    /// Whether anything waits.
    pub(super) fn are_two(&self) -> bool {
        !self.later.is_empty() || !self.circles.is_empty()
    }

    /// Whether a blueprint belongs to the run.
    pub(super) fn has(&self, blueprint: &str) -> bool {
        self.order.contains_key(blueprint)
    }

    /// Whether one blueprint can wait for another one.
    pub(super) fn is_first(&self, blueprint: &str, target: &str) -> bool {
        let place = |blueprint| self.order.get(blueprint);
        place(target).is_some_and(|target| place(blueprint).is_none_or(|own| target < own))
    }

    /// Whether a relation of a blueprint waits.
    pub(super) fn is_later(&self, blueprint: &str, relation: &str) -> bool {
        !self.later.is_empty()
            && self
                .later
                .contains(&(blueprint.to_owned(), relation.to_owned()))
    }

    /// Whether a path of relations leads over one that waits.
    pub(super) fn leads_later(&self, blueprint: &str, path: &str) -> bool {
        let mut from = blueprint;
        for name in path.split('.') {
            if self.is_later(from, name) {
                return true;
            }
            match self.targets.get(&(from.to_owned(), name.to_owned())) {
                Some(target) => from = target,
                None => return false,
            }
        }
        false
    }

    /// Whether an entity has to be there before another one can name it.
    pub(super) fn is_needed(&self, key: &Key) -> bool {
        !self.needed.is_empty() && self.needed.contains(key)
    }

    /// Whether a relation between two entities closes a circle of entities that need each other.
    pub(super) fn closes_circle(&self, from: &Key, to: &Key) -> bool {
        let circle = |key| self.circles.get(key);
        from == to && self.is_needed(to) || circle(from).is_some() && circle(from) == circle(to)
    }

    fn find_needed(&mut self, catalog: &port::Catalog) {
        let blueprints: BTreeMap<&str, &Blueprint> = catalog
            .blueprints
            .iter()
            .map(|blueprint| (blueprint.identifier.as_str(), blueprint))
            .collect();
        let takes_anything = |blueprint: &&Blueprint| {
            let mut relations = blueprint.relations.values();
            blueprint.schema.required.is_empty() && !relations.any(|relation| relation.required)
        };
        let known = catalog.blueprints.iter();
        let strict: BTreeSet<&str> = known
            .filter(|blueprint| !takes_anything(blueprint))
            .map(|blueprint| blueprint.identifier.as_str())
            .collect();
        let is_needed = |entity: &&port::Packed| {
            entity.blueprint().starts_with('_') || strict.contains(entity.blueprint())
        };
        let needing: Vec<&port::Packed> = catalog.entities.iter().filter(is_needed).collect();
        let needed: BTreeMap<Key, usize> = needing
            .iter()
            .enumerate()
            .map(|(at, entity)| (entity.key(), at))
            .collect();
        if needed.is_empty() {
            return;
        }
        let mut leads: Vec<Vec<usize>> = vec![Vec::new(); needing.len()];
        for (at, entity) in needing.into_iter().enumerate() {
            let entity = entity.unpacked();
            let targets = entity_targets(&entity, |blueprint, relation| {
                let relations = &blueprints.get(blueprint)?.relations;
                Some(relations.get(relation)?.target.clone())
            });
            leads[at].extend(targets.iter().filter_map(|key| needed.get(key)));
        }
        let circles = circles(&leads);
        let in_circle = needed
            .iter()
            .filter_map(|(key, at)| Some((key.clone(), circles[*at]?)));
        self.circles = in_circle.collect();
        self.needed = needed.into_keys().collect();
    }
}

/// The entities that an entity names, by relation and as teams.
fn entity_targets(entity: &Entity, target: impl Fn(&str, &str) -> Option<String>) -> Vec<Key> {
    let mut keys = Vec::new();
    let mut add = |blueprint: &str, targets: &Targets| {
        keys.extend(targets.names().iter().map(|name| Key {
            blueprint: blueprint.to_owned(),
            identifier: name.clone(),
        }));
    };
    for (name, targets) in &entity.relations {
        if let Some(blueprint) = target(&entity.blueprint, name) {
            add(&blueprint, targets);
        }
    }
    if let Some(teams) = &entity.team {
        add("_team", teams);
    }
    keys
}

/// Where each blueprint stands: few relations lead to one that stands behind.
fn order(blueprints: &[Blueprint]) -> BTreeMap<String, usize> {
    let names: BTreeSet<&str> = blueprints.iter().map(|b| b.identifier.as_str()).collect();
    let names: Vec<&str> = names.into_iter().collect();
    let at = |name: &str| names.binary_search(&name).ok();
    // How many relations lead from one to the other.
    let mut weights: BTreeMap<(usize, usize), isize> = BTreeMap::new();
    for blueprint in blueprints {
        for relation in blueprint.relations.values() {
            let ends = (at(&blueprint.identifier), at(&relation.target));
            if let (Some(from), Some(to)) = ends
                && from != to
            {
                let weight = if relation.target.starts_with('_') {
                    // What Port has already need not be waited for.
                    0
                } else if relation.required {
                    REQUIRED
                } else {
                    1
                };
                *weights.entry((from, to)).or_default() += weight;
            }
        }
    }
    let mut left: BTreeSet<usize> = (0..names.len()).collect();
    let (mut first, mut last) = (Vec::new(), Vec::new());
    while !left.is_empty() {
        let leads = |from: &usize, to: &usize| weights.contains_key(&(*from, *to));
        let sink = left
            .iter()
            .find(|from| left.iter().all(|to| !leads(from, to)));
        if let Some(sink) = sink.copied() {
            first.push(sink);
            left.remove(&sink);
            continue;
        }
        let source = left
            .iter()
            .rev()
            .find(|to| left.iter().all(|from| !leads(from, to)));
        let next = source.copied().or_else(|| {
            let weight = |from: usize, to: usize| weights.get(&(from, to)).copied().unwrap_or(0);
            let balance = |one: usize| -> isize {
                let others = left.iter();
                others
                    .map(|other| weight(one, *other) - weight(*other, one))
                    .sum()
            };
            left.iter().copied().max_by_key(|one| (balance(*one), *one))
        });
        let Some(next) = next else { break };
        last.push(next);
        left.remove(&next);
    }
    first.extend(last.into_iter().rev());
    let places = first.into_iter().enumerate();
    places
        .map(|(place, at)| (names[at].to_owned(), place))
        .collect()
}

/// For each node the number of the circle it is in, if any (R. Tarjan, "Depth-first search and linear graph algorithms").
fn circles(leads: &[Vec<usize>]) -> Vec<Option<usize>> {
    const UNSEEN: usize = usize::MAX;
    let mut number = vec![UNSEEN; leads.len()];
    let mut low = vec![0; leads.len()];
    let mut is_open = vec![false; leads.len()];
    let mut circle = vec![None; leads.len()];
    let (mut open, mut count, mut circles) = (Vec::new(), 0, 0);
    for root in 0..leads.len() {
        if number[root] != UNSEEN {
            continue;
        }
        // A path may be as long as there are entities, so it is no path of calls.
        let mut path = vec![(root, 0)];
        while let Some((node, next)) = path.pop() {
            if next == 0 {
                number[node] = count;
                low[node] = count;
                count += 1;
                open.push(node);
                is_open[node] = true;
            }
            if let Some(to) = leads[node].get(next).copied() {
                path.push((node, next + 1));
                if number[to] == UNSEEN {
                    path.push((to, 0));
                } else if is_open[to] {
                    low[node] = low[node].min(number[to]);
                }
                continue;
            }
            if let Some((before, _)) = path.last() {
                low[*before] = low[*before].min(low[node]);
            }
            if low[node] != number[node] {
                continue;
            }
            let start = open.iter().rposition(|other| *other == node).unwrap_or(0);
            let members = open.split_off(start);
            let is_circle = members.len() > 1 || leads[node].contains(&node);
            for member in members {
                is_open[member] = false;
                circle[member] = is_circle.then_some(circles);
            }
            circles += 1;
        }
    }
    circle
}
