//! The bundle as a tree to be written.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::{Bundle, Fault, MAX_DEPTH, Node, NodeId, Written, fault};

impl Bundle<'_> {
    /// The bundle as a tree; a collection that stands at two places gets an anchor, as `yaml.stringify` does it.
    pub(super) fn written(&self) -> Result<Written, Fault> {
        let root = self.child(self.holder, "schema").unwrap_or_default();
        let mut writer = Writer {
            bundle: self,
            seen: HashSet::new(),
            anchors: HashMap::new(),
        };
        writer.number(root, 0)?;
        writer.seen.clear();
        Ok(writer.tree(root))
    }
}

struct Writer<'b> {
    bundle: &'b Bundle<'b>,
    seen: HashSet<NodeId>,
    anchors: HashMap<NodeId, String>,
}

impl Writer<'_> {
    /// Names the anchors in the order in which they are first used.
    fn number(&mut self, node: NodeId, depth: usize) -> Result<(), Fault> {
        if depth > MAX_DEPTH {
            return Err(fault(
                "the bundled API description is nested too deeply".to_owned(),
            ));
        }
        if !self.bundle.is_collection(node) {
            return Ok(());
        }
        if !self.seen.insert(node) {
            let next = self.anchors.len() + 1;
            self.anchors
                .entry(node)
                .or_insert_with(|| format!("a{next}"));
            return Ok(());
        }
        match self.bundle.nodes.get(node) {
            Some(Node::List(items)) => {
                for item in items {
                    self.number(*item, depth + 1)?;
                }
            }
            Some(Node::Map(entries)) => {
                for (_, item) in &entries.list {
                    self.number(*item, depth + 1)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn tree(&mut self, node: NodeId) -> Written {
        let anchor = self.anchors.get(&node).cloned();
        if self.bundle.is_collection(node)
            && !self.seen.insert(node)
            && let Some(anchor) = anchor
        {
            return Written::Alias(anchor);
        }
        match self.bundle.nodes.get(node) {
            Some(Node::List(items)) => {
                Written::List(anchor, items.iter().map(|item| self.tree(*item)).collect())
            }
            Some(Node::Map(entries)) => {
                let is_there = |node| !matches!(self.bundle.nodes.get(node), Some(Node::Absent));
                let entries = entries.list.iter().filter(|(_, item)| is_there(*item));
                let entries: Vec<_> = entries.collect();
                let entries = entries.into_iter();
                let entries = entries.map(|(key, item)| (key.clone(), self.tree(*item)));
                Written::Map(anchor, entries.collect())
            }
            Some(Node::Scalar(value)) => Written::Scalar(value.clone()),
            Some(Node::Absent) | None => Written::Scalar(Value::Null),
        }
    }
}
