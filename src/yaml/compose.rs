//! Builds JSON values out of the parser's events: keys, duplicates, anchors, limits.
//!
//! In: events. Out: a value for each document. Aliases are copied, so their number and size have limits.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use serde_json::map::Entry;
use serde_json::{Map, Value};

use super::SyntaxError;
use super::events::{Event, ScalarStyle, StructureStyle, Tag};
use super::javascript::in_javascript_order;
use super::scalar::{self, Schema};
use super::syntax;

/// Per anchor, (uses + 1) × weight may not exceed this (`maxAliasCount` of the `yaml` package).
const MAX_ALIAS_COUNT: usize = 100;
/// All aliases of a document together may add this many values and this many bytes of text. Backstage has no such
/// limit of its own; the one above lets a 32 MiB file grow a hundredfold.
const MAX_ALIASED_NODES: usize = 1_000_000;
const MAX_ALIASED_BYTES: usize = 64 * 1024 * 1024;
/// Errors of one document beyond this are not collected.
const MAX_ERRORS: usize = 20;

/// A key type beside strings. Duplicates are found by type and text: `1` and `"1"` are different keys, although as
/// keys of a JavaScript object the later one then replaces the earlier.
#[derive(Clone, Copy, PartialEq, Eq)]
enum KeyType {
    Scalar,
    Collection,
}

#[derive(Default)]
pub(super) struct Composer<'a> {
    text: &'a str,
    schema: Schema,
    root: Option<Value>,
    stack: Vec<Frame>,
    anchors: HashMap<usize, Anchor>,
    aliased_nodes: usize,
    aliased_bytes: usize,
    anchored_nodes: usize,
    anchored_bytes: usize,
    pub(super) errors: Vec<SyntaxError>,
    pub(super) start: usize,
    has_started: bool,
}

/// A list or map that is still open.
struct Frame {
    collection: Collection,
    anchor: usize,
    start: usize,
    is_flow: bool,
    /// The collection is stored as an empty map: `!!set` and `!!omap` do not survive JSON.
    is_emptied: bool,
    weight: Weight,
}

enum Collection {
    List(Vec<Value>),
    Map {
        map: Map<String, Value>,
        key: Option<Key>,
        /// Most maps have none.
        odd_keys: HashMap<String, KeyType>,
    },
}

/// A key that waits for its value.
enum Key {
    /// It is the last one of the map already, with null for its value: so each key is looked up once.
    Last,
    /// One that stands in the map further up.
    Again(String),
    /// `<<` in version 1.1: the entries of the value, or of the maps in it, become entries of this map.
    Merge,
}

/// What decides the weight of an anchored node: whether it holds anything, and which aliases.
#[derive(Default)]
struct Weight {
    has_content: bool,
    aliases: Vec<usize>,
    /// How many aliases there were when they were last checked for equal ones.
    distinct: usize,
}

impl Weight {
    fn add(&mut self, mut other: Self) {
        self.has_content |= other.has_content;
        self.aliases.append(&mut other.aliases);
        if self.aliases.len() > 64 + 2 * self.distinct {
            self.aliases.sort_unstable();
            self.aliases.dedup();
            self.distinct = self.aliases.len();
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

impl<'a> Composer<'a> {
    pub(super) fn new(text: &'a str, schema: Schema) -> Self {
        Self {
            text,
            schema,
            ..Self::default()
        }
    }

    pub(super) fn accept(&mut self, event: Event<'_>, span: Range<usize>) {
        if !self.has_started {
            self.has_started = true;
            self.start = span.start;
            self.root_indentation(&event, &span);
        }
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.scalar(text, style, anchor, tag.as_deref(), &span);
            }
            Event::SequenceStart(style, anchor, tag) => {
                let list = Collection::List(Vec::new());
                let is_flow = style == StructureStyle::Flow;
                self.open(list, is_flow, anchor, tag.as_deref(), span.start);
            }
            Event::MappingStart(style, anchor, tag) => {
                let map = Collection::Map {
                    map: Map::new(),
                    key: None,
                    odd_keys: HashMap::new(),
                };
                let is_flow = style == StructureStyle::Flow;
                self.open(map, is_flow, anchor, tag.as_deref(), span.start);
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(&span),
            Event::Alias(id) => self.alias(id, &span),
            Event::UnresolvedAlias(name) => {
                let message = format!("the alias `*{name}` has no anchor before it");
                let is_word = name
                    .chars()
                    .all(|char| char.is_alphanumeric() || "-_".contains(char));
                let help = if is_word {
                    format!(
                        "put `&{name}` before the value that it stands for, further up in this document; or quotes around a text"
                    )
                } else {
                    "put quotes around the value if it is a text".to_owned()
                };
                self.push(SyntaxError::new(message, span.clone()).help(help));
                self.complete(Value::Null, 0, Weight::default(), &span);
            }
            _ => {}
        }
    }

    /// A tab before the root of a document is indentation, unless the root is a flow collection.
    fn root_indentation(&mut self, event: &Event<'_>, span: &Range<usize>) {
        let is_flow = matches!(
            event,
            Event::MappingStart(StructureStyle::Flow, ..)
                | Event::SequenceStart(StructureStyle::Flow, ..)
        );
        let before = self.text.get(..span.start).unwrap_or_default();
        let content = before.trim_end_matches([' ', '\t']);
        let starts_line = content.is_empty() || content.ends_with('\n');
        if !is_flow
            && starts_line
            && before.len() > content.len()
            && before[content.len()..].contains('\t')
        {
            self.push(syntax::tab(content.len()..span.start));
        }
    }

    fn scalar(
        &mut self,
        text: Cow<'_, str>,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        span: &Range<usize>,
    ) {
        let may_merge =
            self.schema == Schema::Version11 && style == ScalarStyle::Plain && tag.is_none();
        if may_merge
            && text == "<<"
            && let Some(Frame {
                collection: Collection::Map { key, .. },
                ..
            }) = self.stack.last_mut()
            && key.is_none()
        {
            *key = Some(Key::Merge);
            return;
        }
        let value = scalar::value(text, style, tag, self.schema).unwrap_or_else(|why| {
            self.error(why.to_owned(), span);
            Value::Null
        });
        let weight = Weight {
            has_content: true,
            ..Weight::default()
        };
        self.complete(value, anchor, weight, span);
    }

    fn open(
        &mut self,
        collection: Collection,
        is_flow: bool,
        anchor: usize,
        tag: Option<&Tag>,
        start: usize,
    ) {
        let is_emptied = tag
            .and_then(|tag| tag.suffix_in_namespace(scalar::YAML_TAGS))
            .is_some_and(|tag| tag == "set" || tag == "omap");
        self.stack.push(Frame {
            collection,
            anchor,
            start,
            is_flow,
            is_emptied,
            weight: Weight::default(),
        });
    }

    fn close(&mut self, span: &Range<usize>) {
        let Some(frame) = self.stack.pop() else {
            return;
        };
        if let Some(parent) = self.stack.last()
            && frame.is_flow
            && !parent.is_flow
            && let Some(at) = less_indented(self.text, parent.start, frame.start..span.end)
        {
            let message = "lines of `[…]` and `{…}` must be indented more than what they belong to";
            self.error(message.to_owned(), &(at..at));
        }
        let value = match frame.collection {
            _ if frame.is_emptied => Value::Object(Map::new()),
            Collection::List(items) => Value::Array(items),
            Collection::Map { map, .. } => Value::Object(in_javascript_order(map)),
        };
        self.complete(value, frame.anchor, frame.weight, span);
    }

    fn alias(&mut self, id: usize, span: &Range<usize>) {
        let Some(anchor) = self.anchors.get(&id) else {
            self.error("the alias stands inside the very node it refers to", span);
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
        self.aliased_nodes = self.aliased_nodes.saturating_add(nodes);
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
            self.error("the aliases of this document make it too large", span);
        }
        let weight = Weight {
            aliases: vec![id],
            ..Weight::default()
        };
        self.complete(value, 0, weight, span);
    }

    /// Remembers a node for its aliases.
    fn anchor(&mut self, anchor: usize, value: &Value, weight: &Weight) {
        // Anchors inside anchors are copied more than once, so copies have the limits of aliases.
        let mut kept = None;
        if self.anchored_nodes <= MAX_ALIASED_NODES && self.anchored_bytes <= MAX_ALIASED_BYTES {
            let (nodes, bytes) = size(value);
            self.anchored_nodes += nodes;
            self.anchored_bytes += bytes;
            kept = Some((value.clone(), nodes, bytes));
        }
        let (value, nodes, bytes) = kept.unwrap_or((Value::Null, usize::MAX / 2, 0));
        let weight = Weight {
            aliases: weight.aliases.clone(),
            ..*weight
        };
        let anchored = Anchor {
            value,
            nodes,
            bytes,
            weight,
            count: 1,
            alias_count: 0,
        };
        self.anchors.insert(anchor, anchored);
    }

    /// Puts a finished node into the collection it belongs to.
    fn complete(&mut self, value: Value, anchor: usize, weight: Weight, span: &Range<usize>) {
        if anchor != 0 {
            self.anchor(anchor, &value, &weight);
        }
        let Some(frame) = self.stack.last_mut() else {
            self.root = Some(value);
            return;
        };
        frame.weight.add(weight);
        let fault = match &mut frame.collection {
            Collection::List(items) => {
                items.push(value);
                None
            }
            Collection::Map { map, key, odd_keys } => match key.take() {
                Some(Key::Last) => {
                    if let Some(last) = map.values_mut().next_back() {
                        *last = value;
                    }
                    None
                }
                Some(Key::Again(key)) => {
                    map.insert(key, value);
                    None
                }
                Some(Key::Merge) => {
                    let message = "`<<` takes a map, or a list of maps";
                    (!merge(map, value)).then(|| message.to_owned())
                }
                None => {
                    let (new, message) = new_key(map, odd_keys, value);
                    *key = Some(new);
                    message
                }
            },
        };
        if let Some(message) = fault {
            self.error(message, span);
        }
    }

    fn error(&mut self, message: impl Into<String>, span: &Range<usize>) {
        self.push(SyntaxError::new(message.into(), span.clone()));
    }

    fn push(&mut self, error: SyntaxError) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(error);
        }
    }

    /// Where the innermost `[` or `{` that is still open stands.
    pub(super) fn open_flow(&self) -> Option<usize> {
        let innermost = self.stack.last().filter(|frame| frame.is_flow)?;
        Some(innermost.start)
    }

    pub(super) fn finish(self) -> Result<Value, Vec<SyntaxError>> {
        if self.errors.is_empty() {
            Ok(self.root.unwrap_or(Value::Null))
        } else {
            Err(self.errors)
        }
    }
}

/// Adds the entries of a map, or of a list of maps, where they are not there yet. False: the value is neither.
fn merge(map: &mut Map<String, Value>, value: Value) -> bool {
    match value {
        Value::Object(entries) => {
            for (key, value) in entries {
                map.entry(key).or_insert(value);
            }
            true
        }
        Value::Array(maps) => maps
            .into_iter()
            .all(|item| item.is_object() && merge(map, item)),
        _ => false,
    }
}

/// The first line of a flow collection that is not indented more than the block collection around it, where one is.
/// The closing bracket alone may stand below its parent's start, as people write it (`parseFlowCollection` in the
/// `yaml` package's lexer).
fn less_indented(text: &str, parent: usize, span: Range<usize>) -> Option<usize> {
    let inner = text.get(span.clone())?;
    let mut line_start = span.start + inner.find('\n')? + 1;
    let parent_line = text.get(..parent)?.rfind('\n').map_or(0, |at| at + 1);
    let parent_column = text
        .get(parent_line..parent)?
        .trim_start_matches('\u{feff}')
        .chars()
        .count();
    for line in text.get(line_start..span.end)?.split_inclusive('\n') {
        let content = line.trim_start_matches([' ', '\t']);
        let at = line_start + line.len() - content.len();
        let indent = line.bytes().take_while(|byte| *byte == b' ').count();
        line_start += line.len();
        let is_blank = matches!(content, "" | "\n" | "\r\n") || content.starts_with('#');
        let is_end = at + 1 == span.end && indent == parent_column;
        if indent <= parent_column && !is_blank && !is_end {
            return Some(at);
        }
    }
    None
}

fn twice(key: &str) -> String {
    const SHOWN: usize = 60;
    if key.chars().nth(SHOWN).is_some() {
        return "the key stands twice in this map".to_owned();
    }
    format!("the key `{key}` stands twice in this map")
}

/// Adds a key to a map; what is wrong with it if the map has it already.
fn new_key(
    map: &mut Map<String, Value>,
    odd_keys: &mut HashMap<String, KeyType>,
    key: Value,
) -> (Key, Option<String>) {
    let key_type = match key {
        Value::String(_) => None,
        Value::Array(_) | Value::Object(_) => Some(KeyType::Collection),
        _ => Some(KeyType::Scalar),
    };
    let name = scalar::key_text(key);
    let known = odd_keys.get(&name).copied();
    if let Some(key_type) = key_type {
        odd_keys.entry(name.clone()).or_insert(key_type);
    }
    match map.entry(name) {
        Entry::Vacant(entry) => {
            entry.insert(Value::Null);
            (Key::Last, None)
        }
        Entry::Occupied(entry) => {
            let name = entry.key().clone();
            let is_duplicate = known == key_type && key_type != Some(KeyType::Collection);
            let message = is_duplicate.then(|| twice(&name));
            (Key::Again(name), message)
        }
    }
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
