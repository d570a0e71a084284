//! What a reference leads to, through other references.

use super::{
    BASE, Bundle, Entries, Fault, MAX_CHAIN, MAX_DEPTH, Node, NodeId, Place, Target, fault,
};

impl Bundle<'_> {
    pub(super) fn resolve(
        &mut self,
        place: Place,
        from: &Place,
        visited: &mut Vec<Place>,
        follows_last: bool,
    ) -> Result<Target, Fault> {
        self.step()?;
        let Some((node, _)) = self.files.get(&place.file) else {
            return Err(fault(format!(
                "`{}` is not a file of the bundle",
                place.file
            )));
        };
        let tokens = place.tokens()?;
        let mut target = Target {
            node: *node,
            place,
            is_circular: false,
            is_chain_circular: false,
            indirections: 0,
        };
        self.walk(&mut target, &tokens, from, visited)?;
        if follows_last {
            self.follow_last(&mut target, from, visited)?;
        }
        Ok(target)
    }

    pub(super) fn walk(
        &mut self,
        target: &mut Target,
        tokens: &[String],
        from: &Place,
        visited: &mut Vec<Place>,
    ) -> Result<(), Fault> {
        let mut at = 0;
        while at < tokens.len() {
            self.step()?;
            let before = (target.is_circular, target.is_chain_circular);
            let is_extended = self.is_extended(target.node);
            if self.follow(target, from, visited)? {
                target.place = target.place.join(&tokens[at..]);
            } else if is_extended {
                (target.is_circular, target.is_chain_circular) = before;
            }
            let (node, used) = self.token(target.node, &tokens[at..]).ok_or_else(|| {
                fault(format!(
                    "the reference `{}` leads to nothing",
                    shown(&target.place)
                ))
            })?;
            target.node = node;
            target.is_chain_circular = before.1;
            at += used;
        }
        Ok(())
    }

    /// The child that the first tokens name, and how many they are: a key may hold slashes that nobody escaped.
    pub(super) fn token(&self, node: NodeId, tokens: &[String]) -> Option<(NodeId, usize)> {
        let first = self.child(node, tokens.first()?);
        if let Some(child) = first
            && !(self.is_null(child) && tokens.len() == 1)
        {
            return Some((child, 1));
        }
        let joined = (2..=tokens.len().min(32))
            .rev()
            .find_map(|count| Some((self.child(node, &tokens[..count].join("/"))?, count)));
        joined.or(first.map(|child| (child, 1)))
    }

    pub(super) fn follow_last(
        &mut self,
        target: &mut Target,
        from: &Place,
        visited: &mut Vec<Place>,
    ) -> Result<(), Fault> {
        let Some(reference) = self.followed(target.node) else {
            return Ok(());
        };
        let next = target.place.resolve(&reference)?;
        if next == *from && next != target.place {
            target.is_chain_circular = true;
            return Ok(());
        }
        self.follow(target, from, visited).map(|_| ())
    }

    /// Follows a chain of references. True: the place is another one now.
    pub(super) fn follow(
        &mut self,
        target: &mut Target,
        from: &Place,
        visited: &mut Vec<Place>,
    ) -> Result<bool, Fault> {
        let known = visited.len();
        let result = self.follow_chain(target, from.clone(), visited);
        visited.truncate(known);
        result
    }

    pub(super) fn follow_chain(
        &mut self,
        target: &mut Target,
        mut from: Place,
        visited: &mut Vec<Place>,
    ) -> Result<bool, Fault> {
        let mut has_moved = false;
        while let Some(reference) = self.followed(target.node) {
            let is_extended = self.is_extended(target.node);
            let here = target.place.clone();
            let next = here.resolve(&reference)?;
            if next == here && !from.tokens()?.is_empty() {
                target.is_circular = true;
                target.is_chain_circular = true;
                break;
            }
            if (next == from && next != here) || visited.contains(&next) {
                target.is_chain_circular = true;
                break;
            }
            if visited.len() >= MAX_CHAIN {
                return Err(fault(
                    "the references of the API description never end".to_owned(),
                ));
            }
            visited.push(next.clone());
            let resolved = self.resolve(next, &here, visited, is_extended)?;
            target.indirections += resolved.indirections + 1;
            target.is_chain_circular |= resolved.is_circular || resolved.is_chain_circular;
            if is_extended {
                if !target.is_chain_circular {
                    target.node = self.dereferenced(target.node, resolved.node)?;
                }
                break;
            }
            target.place = resolved.place;
            target.node = resolved.node;
            from = here;
            has_moved = true;
        }
        Ok(has_moved)
    }

    /// What stands in place of a reference: its target, with the keys beside the reference before those of the target.
    pub(super) fn dereferenced(
        &mut self,
        reference: NodeId,
        target: NodeId,
    ) -> Result<NodeId, Fault> {
        let is_extended = self.is_extended(reference);
        match (self.nodes.get(reference), self.nodes.get(target)) {
            (Some(Node::Map(own)), Some(Node::Map(theirs))) if is_extended => {
                let (own, theirs) = (own.clone(), theirs.clone());
                self.steps += own.list.len() + theirs.list.len();
                self.step()?;
                let mut merged = Entries::default();
                for (key, node) in own.list.into_iter().filter(|(key, _)| key != "$ref") {
                    merged.set(key, node);
                }
                for (key, node) in theirs.list {
                    let node = match merged.get(&key) {
                        Some(own) => self.merged(node, own, 0)?,
                        None => node,
                    };
                    merged.set(key, node);
                }
                Ok(self.add(Node::Map(merged)))
            }
            _ => Ok(target),
        }
    }

    /// Two values of one key: maps are joined, anything else is the one beside the reference.
    pub(super) fn merged(
        &mut self,
        theirs: NodeId,
        own: NodeId,
        depth: usize,
    ) -> Result<NodeId, Fault> {
        self.step()?;
        match (self.nodes.get(theirs), self.nodes.get(own)) {
            (Some(Node::Map(theirs)), Some(Node::Map(own))) if depth < MAX_DEPTH => {
                let (mut merged, own) = (theirs.clone(), own.clone());
                self.steps += merged.list.len() + own.list.len();
                for (key, node) in own.list {
                    let node = match merged.get(&key) {
                        Some(theirs) => self.merged(theirs, node, depth + 1)?,
                        None => node,
                    };
                    merged.set(key, node);
                }
                Ok(self.add(Node::Map(merged)))
            }
            _ => Ok(own),
        }
    }

    // The inventory: every reference of the bundle.
}

pub(super) fn shown(place: &Place) -> String {
    let file = place.file.strip_prefix(BASE).unwrap_or(&place.file);
    let file = file.strip_prefix("%00/").unwrap_or(file);
    format!("{file}{}", place.pointer)
}
