//! Relations that lead back to where they start: an entity that is part of itself, a child of itself, or depends on
//! itself.
//!
//! In: a catalog. Out: `relation-cycle`, one finding for entities that all lead to each other: the shortest way from the
//! first of them back to it. Costs grow with the number of relations, and deep chains need no deep stack.

use std::collections::{HashMap, VecDeque};

use super::place;
use crate::backstage::{Catalog, validate};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::Location;

/// Types of relations that make no sense in a circle, with the words for them.
const ONE_WAY: &[(&str, &str)] = &[("partOf", "is part of"), ("childOf", "is a child of")];

/// Looks for circles.
pub(super) fn check(catalog: &Catalog, diagnostics: &mut Diagnostics) {
    for (relation_type, words) in ONE_WAY {
        let related = (0..catalog.known().len()).map(|index| {
            let relations = catalog.relations(index);
            let of_type = relations.filter(|one| one.relation_type == *relation_type);
            of_type.filter_map(|one| one.position)
        });
        for circle in Graph::of(related).circles() {
            diagnostics.extend(found(catalog, relation_type, words, &circle));
        }
    }
    for index in 0..catalog.entities().len() {
        let mut relations = catalog.relations(index);
        if relations.any(|one| one.relation_type == "dependsOn" && one.position == Some(index)) {
            diagnostics.extend(found(catalog, "dependsOn", "depends on", &[index]));
        }
    }
}

/// How many entities of a circle are named, and how many places of it shown.
const SHOWN: usize = 6;

/// The finding about a circle, at the first of its references that stands in a descriptor of the result. `None` where
/// there is none: it cannot be mended there.
fn found(
    catalog: &Catalog,
    relation_type: &str,
    words: &str,
    circle: &[usize],
) -> Option<Diagnostic> {
    let name = |index: usize| catalog.known()[index].entity_ref.canonical();
    let next = circle.iter().cycle().skip(1);
    let mut references = circle.iter().zip(next).filter_map(|(from, to)| {
        let (holder, location) = declared(catalog, relation_type, *from, *to)?;
        let label = format!("`{}` {words} `{}`", name(*from), name(*to));
        Some((holder < catalog.entities().len(), (location, label)))
    });
    let mut others = Vec::new();
    let location = loop {
        let (is_mendable, other) = references.next()?;
        if is_mendable {
            break other.0;
        }
        others.push(other);
    };
    others.extend(references.map(|(_, other)| other).take(SHOWN));
    others.truncate(SHOWN - 1);
    let mut message = format!("`{}` {words} itself", name(circle[0]));
    if let [_, between @ ..] = circle
        && !between.is_empty()
    {
        message.push_str(", by way of ");
        let shown = between.iter().take(SHOWN - 1);
        let shown: Vec<String> = shown.map(|index| format!("`{}`", name(*index))).collect();
        message.push_str(&shown.join(", then "));
        if between.len() > shown.len() {
            let more = between.len() - shown.len();
            message.push_str(" and ");
            message.push_str(&more.to_string());
            message.push_str(" more");
        }
    }
    let help = "remove one of the references, or name what is meant";
    let found = Diagnostic::new(Code::RelationCycle, message)
        .at(location)
        .help(help);
    let related = others.into_iter();
    Some(related.fold(found, |found, (location, label)| {
        found.related(location, label)
    }))
}

/// The entity whose field declares a relation, and the place of the reference. Dumps state relations without a field.
fn declared(
    catalog: &Catalog,
    relation_type: &str,
    from: usize,
    to: usize,
) -> Option<(usize, Location)> {
    let canonical = |index: usize| catalog.known()[index].entity_ref.canonical();
    let declared_by = |holder: usize, target: usize, is_forward: bool| {
        let entity = &catalog.known()[holder];
        let target = canonical(target);
        let mut references = validate::references(entity).into_iter();
        let reference = references.find(|one| {
            let its_type = if is_forward { one.forward } else { one.inverse };
            its_type == relation_type && one.target.canonical() == target
        })?;
        Some((holder, place(entity, &reference)))
    };
    declared_by(from, to, true).or_else(|| declared_by(to, from, false))
}

/// Nodes by number, and for each the nodes it leads to: those between two starts.
struct Graph {
    starts: Vec<usize>,
    targets: Vec<usize>,
}

impl Graph {
    fn of<T: IntoIterator<Item = usize>>(targets_of_nodes: impl Iterator<Item = T>) -> Self {
        let mut graph = Self {
            starts: vec![0],
            targets: Vec::new(),
        };
        for targets in targets_of_nodes {
            graph.targets.extend(targets);
            graph.starts.push(graph.targets.len());
        }
        graph
    }

    fn len(&self) -> usize {
        self.starts.len() - 1
    }

    fn targets(&self, node: usize) -> &[usize] {
        &self.targets[self.starts[node]..self.starts[node + 1]]
    }

    /// One circle for each set of nodes that all lead to each other, and one for each node that leads to itself; by their
    /// first nodes.
    fn circles(&self) -> Vec<Vec<usize>> {
        let mut circles: Vec<Vec<usize>> = (0..self.len())
            .filter(|node| self.targets(*node).contains(node))
            .map(|node| vec![node])
            .collect();
        let component_of = self.components();
        let mut sizes: HashMap<usize, usize> = HashMap::new();
        for component in &component_of {
            *sizes.entry(*component).or_default() += 1;
        }
        for (node, component) in component_of.iter().enumerate() {
            if sizes.remove(component).is_some_and(|size| size > 1) {
                circles.push(self.circle(node, &component_of));
            }
        }
        circles.sort();
        circles
    }

    /// The shortest way from a node back to it, inside its component, other than directly.
    fn circle(&self, first: usize, component_of: &[usize]) -> Vec<usize> {
        let mut came_from = HashMap::from([(first, first)]);
        let mut waiting = VecDeque::from([first]);
        while let Some(node) = waiting.pop_front() {
            for target in self.targets(node) {
                if *target == first && node != first {
                    let mut circle = vec![node];
                    let mut last = node;
                    while last != first {
                        last = came_from[&last];
                        circle.push(last);
                    }
                    circle.reverse();
                    return circle;
                }
                if component_of[*target] == component_of[first] && !came_from.contains_key(target) {
                    came_from.insert(*target, node);
                    waiting.push_back(*target);
                }
            }
        }
        vec![first]
    }

    /// For each node the number of its strongly connected component, by Tarjan's algorithm with a stack of its own.
    fn components(&self) -> Vec<usize> {
        const UNSEEN: usize = usize::MAX;
        // The order in which nodes are seen; then the first one that each can lead back to, and once that is settled
        // for all of its component, `DONE`.
        const DONE: usize = usize::MAX - 1;
        let mut lowest = vec![UNSEEN; self.len()];
        let mut component_of = vec![0; self.len()];
        let mut open = Vec::new();
        let mut seen = 0;
        let mut components = 0;
        for root in 0..self.len() {
            if lowest[root] != UNSEEN {
                continue;
            }
            // Nodes on the way, the order each was seen in, and how many of its targets are done.
            let mut way = vec![(root, seen, 0)];
            lowest[root] = seen;
            open.push(root);
            seen += 1;
            while let Some((node, order, done)) = way.last_mut() {
                let (node, order) = (*node, *order);
                if let Some(target) = self.targets(node).get(*done).copied() {
                    *done += 1;
                    if lowest[target] == UNSEEN {
                        lowest[target] = seen;
                        open.push(target);
                        way.push((target, seen, 0));
                        seen += 1;
                    } else if lowest[target] != DONE {
                        lowest[node] = lowest[node].min(lowest[target]);
                    }
                    continue;
                }
                way.pop();
                if let Some((parent, ..)) = way.last() {
                    lowest[*parent] = lowest[*parent].min(lowest[node]);
                }
                if lowest[node] == order {
                    while let Some(member) = open.pop() {
                        component_of[member] = components;
                        lowest[member] = DONE;
                        if member == node {
                            break;
                        }
                    }
                    components += 1;
                }
            }
        }
        component_of
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Graph;

    fn graph(targets: &[Vec<usize>]) -> Graph {
        Graph::of(targets.iter().map(|targets| targets.iter().copied()))
    }

    /// Which nodes lead to which, in any number of steps.
    fn reachable(targets: &[Vec<usize>]) -> Vec<Vec<bool>> {
        let mut reachable = vec![vec![false; targets.len()]; targets.len()];
        for (node, targets) in targets.iter().enumerate() {
            for target in targets {
                reachable[node][*target] = true;
            }
        }
        for by in 0..targets.len() {
            for from in 0..targets.len() {
                for to in 0..targets.len() {
                    reachable[from][to] |= reachable[from][by] && reachable[by][to];
                }
            }
        }
        reachable
    }

    fn graphs() -> impl Strategy<Value = Vec<Vec<usize>>> {
        (1..9_usize).prop_flat_map(|nodes| {
            let targets = prop::collection::vec(0..nodes, 0..3);
            prop::collection::vec(targets, nodes)
        })
    }

    proptest! {
        #[test]
        fn components_are_nodes_that_reach_each_other(targets in graphs()) {
            let component_of = graph(&targets).components();
            let reachable = reachable(&targets);
            for from in 0..targets.len() {
                for to in 0..targets.len() {
                    let are_one = from == to || (reachable[from][to] && reachable[to][from]);
                    prop_assert_eq!(are_one, component_of[from] == component_of[to], "{} {}", from, to);
                }
            }
        }

        #[test]
        fn every_circle_is_one_and_every_node_on_one_is_told(targets in graphs()) {
            let circles = graph(&targets).circles();
            let reachable = reachable(&targets);
            for circle in &circles {
                for (from, to) in circle.iter().zip(circle.iter().cycle().skip(1)) {
                    prop_assert!(targets[*from].contains(to), "{circle:?}");
                }
                prop_assert_eq!(circle.iter().min(), circle.first());
                let mut once = circle.clone();
                once.sort_unstable();
                once.dedup();
                prop_assert_eq!(once.len(), circle.len());
            }
            for node in 0..targets.len() {
                let is_told = circles.iter().any(|circle| {
                    let first = circle[0];
                    first == node || (reachable[first][node] && reachable[node][first])
                });
                prop_assert_eq!(reachable[node][node], is_told, "{}", node);
                let own = circles.iter().filter(|circle| **circle == [node]).count();
                prop_assert_eq!(usize::from(targets[node].contains(&node)), own);
            }
        }
    }

    #[test]
    fn the_shortest_way_back_is_told() {
        let two_ways = [vec![1, 3], vec![2], vec![0], vec![0], vec![4]];
        assert_eq!(graph(&two_ways).circles(), [vec![0, 3], vec![4]]);
    }

    #[test]
    fn deep_chains_and_rings_need_no_deep_stack() {
        const NODES: usize = 250_000;
        let ring = Graph::of((0..NODES).map(|node| [(node + 1) % NODES]));
        let circles = ring.circles();
        assert_eq!((circles.len(), circles[0].len()), (1, NODES));
        let chain = Graph::of((0..NODES).map(|node| (node + 1 < NODES).then_some(node + 1)));
        assert!(chain.circles().is_empty());
    }
}
