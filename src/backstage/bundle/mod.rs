//! Joins an API description that is spread over files into one document: what `$openapi` and `$asyncapi` put in.
//!
//! In: the text of the first file and a way to read others. Out: YAML text in which every `$ref` to another file is
//! replaced by what it names, or by a pointer to the first place that holds the same. Follows
//! `@backstage/plugin-catalog-backend-module-openapi` (`lib/bundle.ts`) and the package under it,
//! `@apidevtools/json-schema-ref-parser` 15 (`bundle.ts`, `pointer.ts`), names included where they have no better one.
//! Not followed: base addresses by `$id`.

mod follow;
mod inventory;
mod place;
mod written;

use std::collections::HashMap;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Map, Value};
use url::Url;

use crate::diagnostic::{Code, Diagnostic};
use crate::yaml::{self, stringify::Node as Written};

use place::Place;

/// Files of one bundle.
const MAX_FILES: usize = 1_000;
/// Bytes of all files of one bundle.
const MAX_BYTES: usize = 64 * 1024 * 1024;
/// References followed in one bundle, counted by the parts of their pointers, and keys copied for that.
const MAX_STEPS: usize = 100_000;
/// References followed to resolve one, as in the package.
const MAX_CHAIN: usize = 100;
/// Bytes of the pointer to a place in the bundle.
const MAX_POINTER: usize = 4 * 1024;
/// Bytes of all those pointers.
const MAX_POINTERS: usize = 64 * 1024 * 1024;
/// Levels of the bundled document.
const MAX_DEPTH: usize = 500;
/// Stands for the repository while references are resolved.
const BASE: &str = "https://root.invalid/";
/// Before the folder of the first file, as the working folder of the server is in Backstage: files that are named from
/// the root of the repository are not taken for those that are named from the first file.
const WORKING_FOLDER: &str = "\0";

/// What stands in the way of a bundle.
pub(super) type Fault = Box<Diagnostic>;

/// Reads the file an address names, seen from the file that holds the address.
pub(super) type Read<'a> = &'a dyn Fn(&str, &Utf8Path) -> Result<(Utf8PathBuf, String), Fault>;

/// The bundled text of a file.
pub(super) fn bundle(path: &Utf8Path, text: &str, read: Read<'_>) -> Result<String, Fault> {
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

#[expect(
    clippy::unnecessary_box_returns,
    reason = "the form in which errors of a bundle are passed on"
)]
fn fault(message: String) -> Fault {
    Box::new(Diagnostic::new(Code::UnresolvedPlaceholder, message))
}

#[expect(
    clippy::unnecessary_box_returns,
    reason = "the form in which errors of a bundle are passed on"
)]
fn too_large() -> Fault {
    fault("the references of the API description lead to too much text".to_owned())
}

fn only_document(path: &Utf8Path, text: &str) -> Result<Value, Fault> {
    yaml::only(text).map_err(|why| fault(format!("`{path}`: {why}")))
}

/// The major version of an `AsyncAPI` description.
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
fn content(path: &Utf8Path, text: String) -> Result<Option<Value>, Fault> {
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
        let position = self.positions.get(&key).copied();
        if let Some(entry) = position.and_then(|at| self.list.get_mut(at)) {
            entry.1 = node;
        } else {
            self.positions.insert(key.clone(), self.list.len());
            self.list.push((key, node));
        }
    }
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
    /// Bytes of the pointers made so far.
    pointers: usize,
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
            pointers: 0,
            root: String::new(),
            holder: 0,
            keeps_channels: false,
            entries: Vec::new(),
        }
    }

    fn step(&mut self) -> Result<(), Fault> {
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

    fn load_root(&mut self, path: &Utf8Path, value: Value) -> Result<(), Fault> {
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
    fn load_external(&mut self, file: &str, node: NodeId) -> Result<(), Fault> {
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

    fn load(&mut self, holder: &str, reference: &str) -> Result<Option<(String, NodeId)>, Fault> {
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
}

#[cfg(test)]
mod tests;
