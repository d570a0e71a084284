//! Builds JSON values out of the parser's events: keys, duplicates, anchors, limits.
//!
//! In: events. Out: a value for each document. Aliases are copied, so their number and size have limits.

use std::collections::HashMap;
use std::ops::Range;

use serde_json::{Map, Value};

use super::events::{Event, Events, Step, Tag};
use super::scalar;
use super::{Document, SyntaxError};

/// Per anchor, (uses + 1) × weight may not exceed this (`maxAliasCount` of the `yaml` package).
const MAX_ALIAS_COUNT: usize = 100;
/// All aliases of a document together may add this many values and this many bytes of text. Backstage has no such
/// limit of its own; the one above lets a 32 MiB file grow a hundredfold.
const MAX_ALIASED_NODES: usize = 1_000_000;
const MAX_ALIASED_BYTES: usize = 64 * 1024 * 1024;
/// Errors of one document beyond this are not collected.
const MAX_ERRORS: usize = 20;

pub(super) fn documents(text: &str) -> Vec<Document> {
    let mut documents = Vec::new();
    let mut lines = LineCounter {
        text,
        at: 0,
        line: 1,
    };
    let mut current: Option<(usize, Composer)> = None;
    for step in Events::new(text) {
        match step {
            Step::Start { document } => current = Some((document, Composer::default())),
            Step::Event(event, span) => {
                if let Some((_, composer)) = &mut current {
                    composer.accept(event, span);
                }
            }
            Step::End => {
                if let Some((index, composer)) = current.take() {
                    let start = composer.start;
                    let line = lines.line(start);
                    let content = composer.finish();
                    documents.push(Document {
                        index,
                        line,
                        content,
                    });
                }
            }
            Step::Failed {
                document,
                message,
                at,
            } => {
                // Text after a complete document makes that document bad.
                if documents.last().is_some_and(|last| last.index == document) {
                    documents.pop();
                }
                let (mut errors, start) = current
                    .take()
                    .map_or((Vec::new(), at.start), |(_, composer)| {
                        (composer.errors, composer.start)
                    });
                let line = lines.line(start.min(at.start));
                errors.push(SyntaxError { message, at });
                documents.push(Document {
                    index: document,
                    line,
                    content: Err(errors),
                });
            }
        }
    }
    documents
}

/// Counts lines up to growing offsets, so that a file is counted once.
struct LineCounter<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl LineCounter<'_> {
    fn line(&mut self, offset: usize) -> usize {
        if let Some(between) = self.text.as_bytes().get(self.at..offset) {
            self.line += between.iter().filter(|byte| **byte == b'\n').count();
            self.at = offset;
        }
        self.line
    }
}

/// A key type beside strings. Duplicates are found by type and text: `1` and `"1"` are different keys, although as
/// keys of a JavaScript object the later one then replaces the earlier.
#[derive(Clone, Copy, PartialEq, Eq)]
enum KeyType {
    Scalar,
    Collection,
}

#[derive(Default)]
struct Composer {
    root: Option<Value>,
    stack: Vec<Frame>,
    anchors: HashMap<usize, Anchor>,
    aliased_nodes: usize,
    aliased_bytes: usize,
    errors: Vec<SyntaxError>,
    start: usize,
    has_started: bool,
}

/// A list or map that is still open.
struct Frame {
    collection: Collection,
    anchor: usize,
    /// The collection is stored as an empty map: `!!set` and `!!omap` do not survive JSON.
    is_emptied: bool,
    weight: Weight,
}

enum Collection {
    List(Vec<Value>),
    Map {
        map: Map<String, Value>,
        key: Option<String>,
        odd_keys: Vec<(String, KeyType)>,
    },
}

/// What decides the weight of an anchored node: whether it holds anything, and which aliases.
#[derive(Default)]
struct Weight {
    has_content: bool,
    aliases: Vec<usize>,
}

impl Weight {
    fn add(&mut self, mut other: Self) {
        self.has_content |= other.has_content;
        self.aliases.append(&mut other.aliases);
        if self.aliases.len() > 64 {
            self.aliases.sort_unstable();
            self.aliases.dedup();
        }
    }
}

struct Anchor {
    value: Value,
    nodes: usize,
    bytes: usize,
    weight: Weight,
    /// Uses so far and one, and the weight fixed at the first use (0 before), as the `yaml` package counts.
    count: usize,
    alias_count: usize,
}

impl Composer {
    fn accept(&mut self, event: Event<'_>, span: Range<usize>) {
        if !self.has_started {
            self.has_started = true;
            self.start = span.start;
        }
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let value = scalar::value(&text, style, tag.as_deref());
                let weight = Weight {
                    has_content: true,
                    aliases: Vec::new(),
                };
                self.complete(value, anchor, weight, &span);
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.open(Collection::List(Vec::new()), anchor, tag.as_deref())
            }
            Event::MappingStart(_, anchor, tag) => {
                let map = Collection::Map {
                    map: Map::new(),
                    key: None,
                    odd_keys: Vec::new(),
                };
                self.open(map, anchor, tag.as_deref());
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(&span),
            Event::Alias(id) => self.alias(id, &span),
            Event::UnresolvedAlias(name) => {
                self.error(
                    format!("the alias `*{name}` has no anchor before it"),
                    &span,
                );
                self.complete(Value::Null, 0, Weight::default(), &span);
            }
            _ => {}
        }
    }

    fn open(&mut self, collection: Collection, anchor: usize, tag: Option<&Tag>) {
        let is_emptied = tag
            .and_then(|tag| tag.suffix_in_namespace("tag:yaml.org,2002:"))
            .is_some_and(|tag| tag == "set" || tag == "omap");
        self.stack.push(Frame {
            collection,
            anchor,
            is_emptied,
            weight: Weight::default(),
        });
    }

    fn close(&mut self, span: &Range<usize>) {
        let Some(frame) = self.stack.pop() else {
            return;
        };
        let value = match frame.collection {
            _ if frame.is_emptied => Value::Object(Map::new()),
            Collection::List(items) => Value::Array(items),
            Collection::Map { map, .. } => Value::Object(in_javascript_order(map)),
        };
        self.complete(value, frame.anchor, frame.weight, span);
    }

    fn alias(&mut self, id: usize, span: &Range<usize>) {
        let Some(anchor) = self.anchors.get(&id) else {
            self.error(
                "the alias stands inside the very node it refers to".to_owned(),
                span,
            );
            self.complete(Value::Null, 0, Weight::default(), span);
            return;
        };
        let (nodes, bytes) = (anchor.nodes, anchor.bytes);
        let alias_count = if anchor.alias_count == 0 {
            let inner = anchor
                .weight
                .aliases
                .iter()
                .filter_map(|inner| self.anchors.get(inner));
            inner
                .map(|inner| inner.count * inner.alias_count)
                .max()
                .unwrap_or(0)
                .max(usize::from(anchor.weight.has_content))
        } else {
            anchor.alias_count
        };
        self.aliased_nodes += nodes;
        self.aliased_bytes += bytes;
        let is_too_large =
            self.aliased_nodes > MAX_ALIASED_NODES || self.aliased_bytes > MAX_ALIASED_BYTES;
        let Some(anchor) = self.anchors.get_mut(&id) else {
            return;
        };
        anchor.count += 1;
        anchor.alias_count = alias_count;
        let is_too_frequent = anchor.count * alias_count > MAX_ALIAS_COUNT;
        let value = if is_too_large || is_too_frequent {
            Value::Null
        } else {
            anchor.value.clone()
        };
        if is_too_frequent {
            self.error(
                "the anchor is used too often: Backstage allows 99 aliases of a plain anchor"
                    .to_owned(),
                span,
            );
        } else if is_too_large {
            self.error(
                "the aliases of this document make it too large".to_owned(),
                span,
            );
        }
        let weight = Weight {
            has_content: false,
            aliases: vec![id],
        };
        self.complete(value, 0, weight, span);
    }

    /// Puts a finished node into the collection it belongs to.
    fn complete(&mut self, value: Value, anchor: usize, weight: Weight, span: &Range<usize>) {
        if anchor != 0 {
            let (nodes, bytes) = size(&value);
            self.anchors.insert(
                anchor,
                Anchor {
                    value: value.clone(),
                    nodes,
                    bytes,
                    weight: Weight {
                        has_content: weight.has_content,
                        aliases: weight.aliases.clone(),
                    },
                    count: 1,
                    alias_count: 0,
                },
            );
        }
        let Some(frame) = self.stack.last_mut() else {
            self.root = Some(value);
            return;
        };
        frame.weight.add(weight);
        let duplicate = match &mut frame.collection {
            Collection::List(items) => {
                items.push(value);
                false
            }
            Collection::Map { map, key, odd_keys } => match key.take() {
                Some(key) => {
                    map.insert(key, value);
                    false
                }
                None => {
                    let (name, is_duplicate) = new_key(map, odd_keys, value);
                    *key = Some(name);
                    is_duplicate
                }
            },
        };
        if duplicate {
            self.error("the key stands twice in this map".to_owned(), span);
        }
    }

    fn error(&mut self, message: String, span: &Range<usize>) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(SyntaxError {
                message,
                at: span.clone(),
            });
        }
    }

    fn finish(self) -> Result<Value, Vec<SyntaxError>> {
        if self.errors.is_empty() {
            Ok(self.root.unwrap_or(Value::Null))
        } else {
            Err(self.errors)
        }
    }
}

/// The text of a key, and whether the map has it already.
fn new_key(
    map: &mut Map<String, Value>,
    odd_keys: &mut Vec<(String, KeyType)>,
    key: Value,
) -> (String, bool) {
    let key_type = match key {
        Value::String(_) => None,
        Value::Array(_) | Value::Object(_) => Some(KeyType::Collection),
        _ => Some(KeyType::Scalar),
    };
    let name = scalar::key_text(key);
    let mut is_duplicate = false;
    if map.contains_key(&name) {
        let known = odd_keys
            .iter()
            .find(|(odd, _)| *odd == name)
            .map(|(_, known)| *known);
        is_duplicate = known == key_type && key_type != Some(KeyType::Collection);
    }
    if let Some(key_type) = key_type {
        odd_keys.push((name.clone(), key_type));
    }
    (name, is_duplicate)
}

/// JavaScript lists keys that look like array indexes first, in ascending order.
fn in_javascript_order(map: Map<String, Value>) -> Map<String, Value> {
    if !map.keys().any(|key| array_index(key).is_some()) {
        return map;
    }
    let (mut indexes, names): (Vec<_>, Vec<_>) = map
        .into_iter()
        .partition(|(key, _)| array_index(key).is_some());
    indexes.sort_by_key(|(key, _)| array_index(key));
    indexes.into_iter().chain(names).collect()
}

fn array_index(key: &str) -> Option<u32> {
    let is_canonical = key == "0" || key.starts_with(|first: char| ('1'..='9').contains(&first));
    if !is_canonical {
        return None;
    }
    key.parse().ok().filter(|index| *index < u32::MAX)
}

/// How many values a value holds, and how many bytes of text.
fn size(value: &Value) -> (usize, usize) {
    match value {
        Value::Array(items) => items.iter().map(size).fold((1, 0), add),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| add(size(value), (0, key.len())))
            .fold((1, 0), add),
        Value::String(text) => (1, text.len()),
        _ => (1, 0),
    }
}

fn add(a: (usize, usize), b: (usize, usize)) -> (usize, usize) {
    (a.0 + b.0, a.1 + b.1)
}
