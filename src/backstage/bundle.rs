//! Joins an API description that is spread over files into one document: what `$openapi` and `$asyncapi` put in.
//!
//! In: the text of the first file and a way to read others. Out: YAML text in which every `$ref` to another file is
//! replaced by what it names, or by a pointer to the first place that holds the same. Follows
//! `@backstage/plugin-catalog-backend-module-openapi` (`lib/bundle.ts`) and the package under it,
//! `@apidevtools/json-schema-ref-parser` 15 (`bundle.ts`, `pointer.ts`), names included where they have no better one.
//! Not followed: base addresses by `$id`.

use std::collections::{HashMap, HashSet};

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Map, Value};
use url::Url;

use crate::diagnostic::{Code, Diagnostic};
use crate::yaml::{self, stringify::Node as Written};

/// Files of one bundle.
const MAX_FILES: usize = 1_000;
/// Bytes of all files of one bundle.
const MAX_BYTES: usize = 64 * 1024 * 1024;
/// References followed in one bundle, counted by the parts of their pointers, and keys copied for that.
const MAX_STEPS: usize = 300_000;
/// References followed to resolve one, as in the package.
const MAX_CHAIN: usize = 100;
/// Bytes of the pointer to a place in the bundle.
const MAX_POINTER: usize = 16 * 1024;
/// Levels of the bundled document.
const MAX_DEPTH: usize = 500;
/// Stands for the repository while references are resolved.
const BASE: &str = "https://root.invalid/";
/// Before the folder of the first file, as the working folder of the server is in Backstage: files that are named from
/// the root of the repository are not taken for those that are named from the first file.
const WORKING_FOLDER: &str = "\0";

/// Reads the file an address names, seen from the file that holds the address.
pub(super) type Read<'a> = &'a dyn Fn(&str, &Utf8Path) -> Result<(Utf8PathBuf, String), Diagnostic>;

/// The bundled text of a file.
pub(super) fn bundle(path: &Utf8Path, text: &str, read: Read<'_>) -> Result<String, Diagnostic> {
    let value = only_document(path, text)?;
    if !value.is_object() && !value.is_array() {
        return Err(fault(format!("`{path}` does not hold a map")));
    }
    let mut bundle = Bundle::new(read);
    bundle.keeps_channels = version_of(&value) == Some(3);
    bundle.load_root(path, value)?;
    bundle.inventory()?;
    bundle.remap()?;
    bundle.shorten();
    bundle
        .written()
        .map(|document| yaml::stringify::document(&document))
}

fn fault(message: String) -> Diagnostic {
    Diagnostic::new(Code::UnresolvedPlaceholder, message)
}

fn too_large() -> Diagnostic {
    fault("the references of the API description lead to too much text".to_owned())
}

fn only_document(path: &Utf8Path, text: &str) -> Result<Value, Diagnostic> {
    yaml::only(text).map_err(|why| fault(format!("`{path}`: {why}")))
}

/// The major version of `AsyncAPI`.
fn version_of(value: &Value) -> Option<u64> {
    match value.get("asyncapi")? {
        Value::String(text) => {
            let digits = text
                .trim_start()
                .split(|digit: char| !digit.is_ascii_digit());
            digits.into_iter().next()?.parse().ok()
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a major version; anything else is not 3"
        )]
        number => number.as_f64().map(|number| number as u64),
    }
}

/// The content of a file that a reference names. What is no YAML or JSON by its name is tried all the same.
fn content(path: &Utf8Path, text: String) -> Result<Option<Value>, Diagnostic> {
    const TEXTS: [&str; 11] = [
        "txt", "htm", "html", "md", "xml", "js", "min", "map", "css", "scss", "less",
    ];
    let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
    if TEXTS.contains(&extension.as_str()) || extension == "svg" {
        return Ok(Some(Value::String(text)));
    }
    if yaml::stream(&text).is_empty() {
        return Ok(None);
    }
    let result = only_document(path, &text);
    if result.is_err() && extension == "json" {
        // JSON takes what YAML does not: a key twice.
        return yaml::json(&text).or(result).map(Some);
    }
    let is_known = matches!(extension.as_str(), "json" | "yaml" | "yml");
    let result = if is_known {
        result
    } else {
        result.or(Ok(Value::String(text)))
    };
    result.map(Some)
}

type NodeId = usize;

#[derive(Debug, Clone)]
enum Node {
    /// The content of an empty file: nothing, not even null.
    Absent,
    Scalar(Value),
    List(Vec<NodeId>),
    Map(Entries),
}

#[derive(Debug, Clone, Default)]
struct Entries {
    list: Vec<(String, NodeId)>,
    positions: HashMap<String, usize>,
}

impl Entries {
    fn get(&self, key: &str) -> Option<NodeId> {
        let position = self.positions.get(key)?;
        self.list.get(*position).map(|(_, node)| *node)
    }

    fn set(&mut self, key: String, node: NodeId) {
        match self
            .positions
            .get(&key)
            .and_then(|at| self.list.get_mut(*at))
        {
            Some(entry) => entry.1 = node,
            None => {
                self.positions.insert(key.clone(), self.list.len());
                self.list.push((key, node));
            }
        }
    }
}

/// A place: a file by its address, and a pointer into it that starts with `#`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Place {
    file: String,
    pointer: String,
}

impl Place {
    fn tokens(&self) -> Result<Vec<String>, Diagnostic> {
        tokens(&self.pointer)
    }

    fn join<'t>(&self, tokens: impl IntoIterator<Item = &'t String>) -> Self {
        let mut place = self.clone();
        for token in tokens {
            push_token(&mut place.pointer, token);
        }
        place
    }

    /// The place a reference names, seen from this one.
    fn resolve(&self, reference: &str) -> Result<Self, Diagnostic> {
        let invalid = |_| fault(format!("`{reference}` is not an address"));
        let (address, pointer) = reference.split_once('#').unwrap_or((reference, ""));
        let file = if address.is_empty() {
            self.file.clone()
        } else {
            let base = Url::parse(&self.file).map_err(invalid)?;
            base.join(address).map_err(invalid)?.into()
        };
        Ok(Self {
            file,
            pointer: format!("#{}", decoded(pointer)),
        })
    }
}

/// Decodes `%20` and its like; what is no such code stays.
fn decoded(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = match tail {
            [a, b, ..] if *first == b'%' => std::str::from_utf8(&[*a, *b])
                .ok()
                .and_then(|digits| u8::from_str_radix(digits, 16).ok()),
            _ => None,
        };
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

fn tokens(pointer: &str) -> Result<Vec<String>, Diagnostic> {
    let pointer = pointer.strip_prefix('#').unwrap_or(pointer);
    if pointer.is_empty() {
        return Ok(Vec::new());
    }
    let Some(path) = pointer.strip_prefix('/') else {
        return Err(fault(format!("`#{pointer}` is not a JSON pointer")));
    };
    Ok(path
        .split('/')
        .map(|token| token.replace("~1", "/").replace("~0", "~"))
        .collect())
}

fn push_token(pointer: &mut String, token: &str) {
    pointer.push('/');
    pointer.push_str(&token.replace('~', "~0").replace('/', "~1"));
}

/// What a place leads to, references followed.
#[derive(Debug, Clone)]
struct Target {
    place: Place,
    node: NodeId,
    is_circular: bool,
    is_chain_circular: bool,
    indirections: usize,
}

/// A reference of the bundle, and what it leads to.
#[derive(Debug)]
struct Entry {
    reference: NodeId,
    /// The node that holds the reference, and under which key. Without it the reference is met as a target.
    holder: Option<(NodeId, String)>,
    pointer: String,
    depth: usize,
    target: Target,
    is_extended: bool,
    is_external: bool,
}

enum Task {
    Crawl(Visit),
    Inventory(Visit),
}

/// A node to look at: where it stands in its file, and in the bundle.
struct Visit {
    node: NodeId,
    holder: Option<(NodeId, String)>,
    place: Place,
    pointer: String,
    indirections: usize,
}

struct Bundle<'a> {
    read: Read<'a>,
    nodes: Vec<Node>,
    /// The content of every file, and its path in the repository.
    files: HashMap<String, (NodeId, Utf8PathBuf)>,
    bytes: usize,
    steps: usize,
    /// The address of the first file: its folder, so that a reference to the file itself is one to another file.
    root: String,
    /// A map with the one key `schema` that holds the first file, so that it has a holder too.
    holder: NodeId,
    /// `AsyncAPI` 3 wants some references left alone.
    keeps_channels: bool,
    entries: Vec<Entry>,
}

impl<'a> Bundle<'a> {
    fn new(read: Read<'a>) -> Self {
        Self {
            read,
            nodes: Vec::new(),
            files: HashMap::new(),
            bytes: 0,
            steps: 0,
            root: String::new(),
            holder: 0,
            keeps_channels: false,
            entries: Vec::new(),
        }
    }

    fn step(&mut self) -> Result<(), Diagnostic> {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            Err(too_large())
        } else {
            Ok(())
        }
    }

    fn add(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    fn add_value(&mut self, value: Value) -> NodeId {
        let node = match value {
            Value::Array(items) => {
                Node::List(items.into_iter().map(|item| self.add_value(item)).collect())
            }
            Value::Object(map) => self.add_map(map),
            scalar => Node::Scalar(scalar),
        };
        self.add(node)
    }

    fn add_map(&mut self, map: Map<String, Value>) -> Node {
        let mut entries = Entries::default();
        for (key, value) in map {
            let node = self.add_value(value);
            entries.set(key, node);
        }
        Node::Map(entries)
    }

    // Loading files.

    fn load_root(&mut self, path: &Utf8Path, value: Value) -> Result<(), Diagnostic> {
        let mut url = Url::parse(BASE).map_err(|error| fault(error.to_string()))?;
        if let Ok(mut segments) = url.path_segments_mut() {
            let folder = path.parent().unwrap_or(path);
            segments
                .pop_if_empty()
                .push(WORKING_FOLDER)
                .extend(folder.components().map(|part| part.as_str()))
                .push("");
        }
        self.root = url.into();
        let node = self.add_value(value);
        let mut entries = Entries::default();
        entries.set("schema".to_owned(), node);
        self.holder = self.add(Node::Map(entries));
        self.files
            .insert(self.root.clone(), (node, path.to_owned()));
        self.load_external(&self.root.clone(), node)
    }

    /// Reads every file that references under a node name, and those that they name.
    fn load_external(&mut self, file: &str, node: NodeId) -> Result<(), Diagnostic> {
        let mut open = vec![(file.to_owned(), node)];
        while let Some((file, node)) = open.pop() {
            if let Some(reference) = self.reference(node)
                && !reference.starts_with('#')
                && let Some(loaded) = self.load(&file, &reference)?
            {
                open.push(loaded);
            }
            match self.nodes.get(node) {
                Some(Node::List(items)) => {
                    open.extend(items.iter().rev().map(|item| (file.clone(), *item)));
                }
                Some(Node::Map(entries)) => {
                    open.extend(
                        entries
                            .list
                            .iter()
                            .rev()
                            .map(|(_, item)| (file.clone(), *item)),
                    );
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn load(
        &mut self,
        holder: &str,
        reference: &str,
    ) -> Result<Option<(String, NodeId)>, Diagnostic> {
        let from = Place {
            file: holder.to_owned(),
            pointer: "#".to_owned(),
        };
        let file = from.resolve(reference)?.file;
        if self.files.contains_key(&file) {
            return Ok(None);
        }
        let Some((_, path)) = self.files.get(holder) else {
            return Ok(None);
        };
        let (path, text) = (self.read)(reference, path)?;
        self.bytes += text.len();
        if self.bytes > MAX_BYTES || self.files.len() >= MAX_FILES {
            return Err(too_large());
        }
        let node = match content(&path, text)? {
            Some(value) => self.add_value(value),
            None => self.add(Node::Absent),
        };
        self.files.insert(file.clone(), (node, path));
        Ok(Some((file, node)))
    }

    // What nodes are.

    /// The text of a `$ref`.
    fn reference(&self, node: NodeId) -> Option<String> {
        let Some(Node::Map(entries)) = self.nodes.get(node) else {
            return None;
        };
        match self.nodes.get(entries.get("$ref")?) {
            Some(Node::Scalar(Value::String(text))) if !text.is_empty() => Some(text.clone()),
            _ => None,
        }
    }

    /// The text of a `$ref` that is followed: one to another file, or a JSON pointer.
    fn followed(&self, node: NodeId) -> Option<String> {
        self.reference(node).filter(|reference| {
            !reference.starts_with('#') || reference.starts_with("#/") || reference == "#"
        })
    }

    /// Whether a reference has other keys beside it.
    fn is_extended(&self, node: NodeId) -> bool {
        matches!(self.nodes.get(node), Some(Node::Map(entries)) if entries.list.len() > 1)
            && self.reference(node).is_some()
    }

    fn is_null(&self, node: NodeId) -> bool {
        matches!(self.nodes.get(node), Some(Node::Scalar(Value::Null)))
    }

    fn child(&self, node: NodeId, token: &str) -> Option<NodeId> {
        match self.nodes.get(node)? {
            Node::Map(entries) => entries.get(token),
            Node::List(items) => {
                let index: usize = token.parse().ok()?;
                // `01` is no index.
                (index.to_string() == token).then(|| items.get(index).copied())?
            }
            Node::Scalar(_) | Node::Absent => None,
        }
    }

    fn set_child(&mut self, holder: NodeId, key: &str, node: NodeId) {
        match self.nodes.get_mut(holder) {
            Some(Node::Map(entries)) => entries.set(key.to_owned(), node),
            Some(Node::List(items)) => {
                if let Some(item) = key
                    .parse()
                    .ok()
                    .and_then(|index: usize| items.get_mut(index))
                {
                    *item = node;
                }
            }
            _ => {}
        }
    }

    // Following references.

    fn resolve(
        &mut self,
        place: Place,
        from: &Place,
        visited: &mut Vec<Place>,
        follows_last: bool,
    ) -> Result<Target, Diagnostic> {
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

    fn walk(
        &mut self,
        target: &mut Target,
        tokens: &[String],
        from: &Place,
        visited: &mut Vec<Place>,
    ) -> Result<(), Diagnostic> {
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
    fn token(&self, node: NodeId, tokens: &[String]) -> Option<(NodeId, usize)> {
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

    fn follow_last(
        &mut self,
        target: &mut Target,
        from: &Place,
        visited: &mut Vec<Place>,
    ) -> Result<(), Diagnostic> {
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
    fn follow(
        &mut self,
        target: &mut Target,
        from: &Place,
        visited: &mut Vec<Place>,
    ) -> Result<bool, Diagnostic> {
        let known = visited.len();
        let result = self.follow_chain(target, from.clone(), visited);
        visited.truncate(known);
        result
    }

    fn follow_chain(
        &mut self,
        target: &mut Target,
        mut from: Place,
        visited: &mut Vec<Place>,
    ) -> Result<bool, Diagnostic> {
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
    fn dereferenced(&mut self, reference: NodeId, target: NodeId) -> Result<NodeId, Diagnostic> {
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
    fn merged(&mut self, theirs: NodeId, own: NodeId, depth: usize) -> Result<NodeId, Diagnostic> {
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

    fn inventory(&mut self) -> Result<(), Diagnostic> {
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

    fn is_collection(&self, node: NodeId) -> bool {
        matches!(self.nodes.get(node), Some(Node::List(_) | Node::Map(_)))
    }

    /// Plans what to look at below a node, short keys first: the first place that names a target gets it.
    fn crawl(&mut self, visit: Visit, tasks: &mut Vec<Task>) -> Result<(), Diagnostic> {
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
        if visit.pointer.len() > MAX_POINTER || visit.place.pointer.len() > MAX_POINTER {
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

    fn record(
        &mut self,
        visit: Visit,
        known: &mut HashMap<(NodeId, Option<String>), usize>,
    ) -> Result<Option<Task>, Diagnostic> {
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

    fn remap(&mut self) -> Result<(), Diagnostic> {
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
    fn replace(&mut self, entry: &mut Entry) -> Result<(), Diagnostic> {
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

    fn point(&mut self, reference: NodeId, pointer: String) {
        let text = self.add(Node::Scalar(Value::String(pointer)));
        if let Some(Node::Map(entries)) = self.nodes.get_mut(reference) {
            entries.set("$ref".to_owned(), text);
        }
    }

    /// Pointers must not lead through references: those that do become direct.
    fn shorten(&mut self) {
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

    fn direct(&self, pointer: &str) -> Option<String> {
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

    fn at(&self, path: &str) -> Option<NodeId> {
        let root = self.child(self.holder, "schema")?;
        path.split('/').try_fold(root, |node, segment| {
            self.child(node, &segment.replace("~1", "/").replace("~0", "~"))
        })
    }

    // The text.

    /// The bundle as a tree; a collection that stands at two places gets an anchor, as `yaml.stringify` does it.
    fn written(&self) -> Result<Written, Diagnostic> {
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

struct Writer<'b> {
    bundle: &'b Bundle<'b>,
    seen: HashSet<NodeId>,
    anchors: HashMap<NodeId, String>,
}

impl Writer<'_> {
    /// Names the anchors in the order in which they are first used.
    fn number(&mut self, node: NodeId, depth: usize) -> Result<(), Diagnostic> {
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

fn shown(place: &Place) -> String {
    let file = place.file.strip_prefix(BASE).unwrap_or(&place.file);
    let file = file.strip_prefix("%00/").unwrap_or(file);
    format!("{file}{}", place.pointer)
}

/// Where `AsyncAPI` 3 wants references kept: they name channels, servers and messages of the same document.
fn is_kept_in_version_3(pointer: &str) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

    /// Bundles `apis/o.yaml` of a few files.
    fn bundled(files: &[(&str, &str)]) -> Result<std::result::Result<String, Code>> {
        let files: HashMap<&str, &str> = files.iter().copied().collect();
        let text = files.get("apis/o.yaml").copied().ok_or("no first file")?;
        let read = |address: &str, holder: &Utf8Path| {
            let address = address.split('#').next().unwrap_or_default();
            let place = Place {
                file: format!("{BASE}{holder}"),
                pointer: String::new(),
            };
            let path = place.resolve(address)?.file.replace(BASE, "");
            let text = files
                .get(path.as_str())
                .ok_or_else(|| fault(format!("no `{path}`")))?;
            Ok((path.into(), (*text).to_owned()))
        };
        let result = bundle(Utf8Path::new("apis/o.yaml"), text, &read);
        Ok(result.map_err(|found| found.code))
    }

    #[test]
    fn text_is_written_as_the_package_writes_it() -> Result<()> {
        let text = "openapi: 3.0.0\ninfo: {title: t, version: \"1\"}\npaths: {}\n";
        let expected = "openapi: 3.0.0\ninfo:\n  title: t\n  version: \"1\"\npaths: {}\n";
        assert_eq!(bundled(&[("apis/o.yaml", text)])?, Ok(expected.to_owned()));
        Ok(())
    }

    #[test]
    fn the_first_place_gets_the_target() -> Result<()> {
        let files = [
            (
                "apis/o.yaml",
                "paths:\n  /a: {$ref: p/a.yaml}\nschemas: {$ref: ../s.yaml}\n",
            ),
            (
                "apis/p/a.yaml",
                "get: {$ref: \"../../s.yaml#/A\"}\nput: {$ref: \"../../s.yaml#/B\"}\n",
            ),
            ("s.yaml", "A: {type: string}\nB: {items: {$ref: \"#/A\"}}\n"),
        ];
        let expected = "paths:\n  /a:\n    get:\n      $ref: \"#/schemas/A\"\n    put:\n      $ref: \"#/schemas/B\"\nschemas:\n  A:\n    type: string\n  B:\n    items:\n      $ref: \"#/schemas/A\"\n";
        assert_eq!(bundled(&files)?, Ok(expected.to_owned()));
        Ok(())
    }

    #[test]
    fn cycles_become_pointers() -> Result<()> {
        let files = [
            (
                "apis/o.yaml",
                "N: {$ref: n.yaml}\nS: {$ref: \"#/S\"}\nC: {$ref: c.yaml}\n",
            ),
            (
                "apis/n.yaml",
                "next: {$ref: n.yaml}\nchild: {$ref: \"#\"}\n",
            ),
            ("apis/c.yaml", "$ref: d.yaml\n"),
            ("apis/d.yaml", "$ref: c.yaml\n"),
        ];
        let expected = "N:\n  next:\n    $ref: \"#/N\"\n  child:\n    $ref: \"#/N\"\nS:\n  $ref: \"#/S\"\nC:\n  $ref: \"#/C\"\n";
        assert_eq!(bundled(&files)?, Ok(expected.to_owned()));
        Ok(())
    }

    #[test]
    fn keys_beside_a_reference_are_kept() -> Result<()> {
        let files = [
            (
                "apis/o.yaml",
                "a: {$ref: a.yaml, description: own, nested: {p: 1}}\n",
            ),
            ("apis/a.yaml", "description: theirs\nnested: {q: 2}\nk: v\n"),
        ];
        let expected = "a:\n  description: own\n  nested:\n    q: 2\n    p: 1\n  k: v\n";
        assert_eq!(bundled(&files)?, Ok(expected.to_owned()));
        Ok(())
    }

    #[test]
    fn version_3_keeps_references_to_channels() -> Result<()> {
        let files = [
            (
                "apis/o.yaml",
                "asyncapi: 3.0.0\nchannels:\n  c: {$ref: c.yaml}\noperations:\n  o:\n    messages: [{$ref: \"#/channels/c/m\"}]\n",
            ),
            ("apis/c.yaml", "m: {payload: {type: string}}\n"),
        ];
        let expected = "asyncapi: 3.0.0\nchannels:\n  c:\n    m:\n      payload:\n        type: string\noperations:\n  o:\n    messages:\n      - $ref: \"#/channels/c/m\"\n";
        assert_eq!(bundled(&files)?, Ok(expected.to_owned()));
        Ok(())
    }

    #[test]
    fn what_leads_nowhere_is_an_error() -> Result<()> {
        for text in [
            "a: {$ref: gone.yaml}",
            "a: {$ref: \"#/b\"}",
            "a: {$ref: \"o.yaml#b\"}",
            "a: 1\n---\nb: 2",
            "text",
            "",
        ] {
            let result = bundled(&[("apis/o.yaml", text)])?;
            assert_eq!(result, Err(Code::UnresolvedPlaceholder), "{text}");
        }
        Ok(())
    }

    #[test]
    fn hostile_references_end() -> Result<()> {
        // Every level refers to the next one twice, with keys beside it: the copies double.
        let doubling: String = (0..40)
            .map(|level| {
                let next = level + 1;
                format!("k{level}: {{a: {{$ref: \"#/k{next}/a\", x: 1}}, b: {{$ref: \"#/k{next}/a/x\", y: 2}}}}\n")
            })
            .collect();
        let chain: String = (0..5_000)
            .map(|level| format!("k{level}: {{$ref: \"#/k{}\"}}\n", level + 1))
            .collect();
        let deep = format!(
            "a: {}1{}",
            "{b: {$ref: a.yaml, c: ".repeat(100),
            "}}".repeat(100)
        );
        for text in [doubling, chain, deep] {
            let files = [
                ("apis/o.yaml", text.as_str()),
                ("apis/a.yaml", "b: {$ref: o.yaml}"),
            ];
            let _ends = bundled(&files)?;
        }
        Ok(())
    }
}
