//! Lists the references of the bundle, and puts the target of each in the first place that names it.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::place::{push_token, tokens};
use super::{
    Bundle, Entry, Fault, MAX_POINTER, MAX_POINTERS, Node, NodeId, Place, Task, Visit, too_large,
};

impl Bundle<'_> {
    pub(super) fn inventory(&mut self) -> Result<(), Fault> {
        let mut seen = HashSet::new();
        let mut known = HashMap::new();
        let Some(root) = self.child(self.holder, "schema") else {
            return Ok(());
        };
        let mut tasks = vec![Task::Crawl(Visit {
            node: root,
            holder: Some((self.holder, "schema".to_owned())),
            place: Place {
                file: self.root.clone(),
                pointer: "#".to_owned(),
            },
            pointer: "#".to_owned(),
            indirections: 0,
        })];
        while let Some(task) = tasks.pop() {
            match task {
                Task::Crawl(visit) => {
                    let is_left_alone = self.keeps_channels && is_kept_in_version_3(&visit.pointer);
                    if self.is_collection(visit.node) && !is_left_alone && seen.insert(visit.node) {
                        self.crawl(visit, &mut tasks)?;
                    }
                }
                Task::Inventory(visit) => tasks.extend(self.record(visit, &mut known)?),
            }
        }
        self.entries.retain(|entry| entry.depth != usize::MAX);
        Ok(())
    }

    pub(super) fn is_collection(&self, node: NodeId) -> bool {
        matches!(self.nodes.get(node), Some(Node::List(_) | Node::Map(_)))
    }

    /// Plans what to look at below a node, short keys first: the first place that names a target gets it.
    pub(super) fn crawl(&mut self, visit: Visit, tasks: &mut Vec<Task>) -> Result<(), Fault> {
        if self.followed(visit.node).is_some() {
            tasks.push(Task::Inventory(visit));
            return Ok(());
        }
        let mut children: Vec<(String, NodeId)> = match self.nodes.get(visit.node) {
            Some(Node::Map(entries)) => entries.list.clone(),
            Some(Node::List(items)) => {
                let items = items.iter().enumerate();
                items
                    .map(|(index, item)| (index.to_string(), *item))
                    .collect()
            }
            _ => return Ok(()),
        };
        let length = visit.pointer.len().max(visit.place.pointer.len());
        self.pointers += length * children.len();
        if length > MAX_POINTER || self.pointers > MAX_POINTERS {
            return Err(too_large());
        }
        children.sort_by_key(|(key, _)| match key.as_str() {
            "definitions" | "$defs" => 0,
            key => 1 + key.encode_utf16().count(),
        });
        for (key, node) in children.into_iter().rev() {
            if !self.is_collection(node) {
                continue;
            }
            let mut pointer = visit.pointer.clone();
            push_token(&mut pointer, &key);
            let child = Visit {
                node,
                place: visit.place.join([&key]),
                holder: Some((visit.node, key)),
                pointer,
                indirections: visit.indirections,
            };
            tasks.push(if self.followed(node).is_some() {
                Task::Inventory(child)
            } else {
                Task::Crawl(child)
            });
        }
        Ok(())
    }

    pub(super) fn record(
        &mut self,
        visit: Visit,
        known: &mut HashMap<(NodeId, Option<String>), usize>,
    ) -> Result<Option<Task>, Fault> {
        let Some(reference) = self.followed(visit.node) else {
            return Ok(None);
        };
        let from = Place {
            file: self.root.clone(),
            pointer: visit.pointer.clone(),
        };
        let place = visit.place.resolve(&reference)?;
        let mut target = self.resolve(place, &from, &mut Vec::new(), true)?;
        target.indirections += visit.indirections;
        let depth = tokens(&visit.pointer)?.len();
        let is_external = target.place.file != self.root;
        let slot = match &visit.holder {
            Some((holder, key)) => (*holder, Some(key.clone())),
            None => (visit.node, None),
        };
        let existing = known.insert(slot, self.entries.len());
        if let Some(entry) = existing.and_then(|existing| self.entries.get_mut(existing)) {
            if depth >= entry.depth && target.indirections >= entry.target.indirections {
                return Ok(None);
            }
            // Removed, without moving the others.
            entry.depth = usize::MAX;
        }
        let next = Visit {
            node: target.node,
            holder: None,
            place: target.place.clone(),
            pointer: visit.pointer.clone(),
            indirections: target.indirections + 1,
        };
        self.entries.push(Entry {
            reference: visit.node,
            holder: visit.holder,
            pointer: visit.pointer,
            depth,
            target,
            is_extended: self.is_extended(visit.node),
            is_external,
        });
        Ok((existing.is_none() || is_external).then_some(Task::Crawl(next)))
    }

    // The new pointers.

    pub(super) fn remap(&mut self) -> Result<(), Fault> {
        let mut entries = std::mem::take(&mut self.entries);
        entries.sort_by(|a, b| a.order().cmp(&b.order()));
        let mut current: Option<(Place, String)> = None;
        for entry in &mut entries {
            let target = &entry.target.place;
            let pointer = match &current {
                _ if !entry.is_external => Some(target.pointer.clone()),
                Some((place, pointer)) if place.file == target.file => {
                    let below = target.pointer.strip_prefix(&place.pointer);
                    below
                        .filter(|below| below.is_empty() || below.starts_with('/'))
                        .map(|below| format!("{pointer}{below}"))
                }
                _ => None,
            };
            if let Some(pointer) = pointer {
                self.point(entry.reference, pointer);
                continue;
            }
            current = Some((target.clone(), entry.pointer.clone()));
            self.replace(entry)?;
        }
        self.entries = entries;
        Ok(())
    }

    /// Puts the target of a reference in its place.
    pub(super) fn replace(&mut self, entry: &mut Entry) -> Result<(), Fault> {
        let node = self.dereferenced(entry.reference, entry.target.node)?;
        if let Some((holder, key)) = &entry.holder {
            self.set_child(*holder, key, node);
        }
        entry.reference = node;
        if entry.target.is_circular {
            self.point(node, entry.pointer.clone());
        }
        Ok(())
    }

    pub(super) fn point(&mut self, reference: NodeId, pointer: String) {
        let text = self.add(Node::Scalar(Value::String(pointer)));
        if let Some(Node::Map(entries)) = self.nodes.get_mut(reference) {
            entries.set("$ref".to_owned(), text);
        }
    }

    /// Pointers must not lead through references: those that do become direct.
    pub(super) fn shorten(&mut self) {
        let entries = std::mem::take(&mut self.entries);
        for entry in entries {
            if let Some(pointer) = self.reference(entry.reference)
                && let Some(direct) = self.direct(&pointer)
                && direct != pointer
            {
                self.point(entry.reference, direct);
            }
        }
    }

    pub(super) fn direct(&self, pointer: &str) -> Option<String> {
        let mut current = self.child(self.holder, "schema");
        let mut direct: Vec<String> = Vec::new();
        for segment in pointer.strip_prefix("#/")?.split('/') {
            let mut node = current.filter(|node| self.is_collection(*node))?;
            let token = segment.replace("~1", "/").replace("~0", "~");
            if self.child(node, &token).is_none()
                && let Some(next) = self.reference(node)
                && let Some(path) = next.strip_prefix("#/")
            {
                direct = path.split('/').map(str::to_owned).collect();
                node = self.at(path).filter(|node| self.is_collection(*node))?;
            }
            current = self.child(node, &token);
            direct.push(segment.to_owned());
        }
        Some(format!("#/{}", direct.join("/")))
    }

    pub(super) fn at(&self, path: &str) -> Option<NodeId> {
        let root = self.child(self.holder, "schema")?;
        path.split('/').try_fold(root, |node, segment| {
            self.child(node, &segment.replace("~1", "/").replace("~0", "~"))
        })
    }

    // The text.
}

impl Entry {
    /// The order in which the package looks at references; equal ones stay as they were met.
    fn order(&self) -> impl Ord + '_ {
        let definitions = ["/definitions", "/$defs"]
            .into_iter()
            .filter_map(|name| self.pointer.rfind(name))
            .max();
        (
            (&self.target.place.file, &self.target.place.pointer),
            (!self.target.is_circular, self.is_extended),
            (self.target.indirections, self.depth),
            std::cmp::Reverse(definitions),
            self.pointer.encode_utf16().count(),
        )
    }
}

/// Where `AsyncAPI` 3 wants references kept: they name channels, servers and messages of the same document.
pub(super) fn is_kept_in_version_3(pointer: &str) -> bool {
    const KEPT: [(&str, &str); 4] = [
        ("#/channels/", "/servers"),
        ("#/operations/", "/channel"),
        ("#/operations/", "/messages"),
        ("#/components/channels/", "/servers"),
    ];
    const KEPT_COMPONENTS: [(&str, &str); 2] = [
        ("#/components/operations/", "/channel"),
        ("#/components/operations/", "/messages"),
    ];
    // Replies have channels and messages too; `…/reply/channel` ends as `…/channel` does.
    KEPT.iter().chain(&KEPT_COMPONENTS).any(|(start, end)| {
        pointer
            .strip_prefix(start)
            .is_some_and(|rest| rest.contains(end))
    })
}
