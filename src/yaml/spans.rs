//! Finds the bytes a field covers, only when a diagnostic is to be shown.
//!
//! In: a text and the way to a field. Out: a range of bytes. The text is parsed a second time: files without findings
//! never pay for this. A value behind an alias is where its anchor is: that is the text to correct, and the alias is told
//! beside it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use super::events::{Event, Events, ScalarStyle, Step, StructureStyle};
use super::odd::Source;
use super::scalar::{self, Schema};
use crate::source::{FieldPath, Segment};

/// The spans of every node of a text.
#[derive(Debug, Default)]
pub(crate) struct Spans {
    documents: HashMap<usize, Rc<Node>>,
}

#[derive(Debug)]
struct Node {
    span: Range<usize>,
    is_flow: bool,
    children: Children,
}

#[derive(Debug)]
enum Children {
    /// A scalar, and its text where it is short enough to be looked for.
    None(Option<Box<str>>),
    List(Vec<Entry>),
    Map(Vec<Entry>),
}

/// An item of a list, or a key of a map with its value.
#[derive(Debug)]
struct Entry {
    key: Option<Key>,
    node: Rc<Node>,
    /// The place of the alias that stands for the node.
    alias: Option<Range<usize>>,
}

#[derive(Debug)]
struct Key {
    /// Keys that are collections cannot be named by a field path.
    name: Option<Box<str>>,
    span: Range<usize>,
    /// `<<` in version 1.1: the entries of the value are entries of the map.
    is_merge: bool,
}

/// The longest text that an item of a list is looked for by.
const MAX_TEXT: usize = 1024;

/// The way to a field, as far as it leads.
struct Way<'a> {
    node: &'a Node,
    /// The key of the node, where it is the value of one.
    key: Option<&'a Range<usize>>,
    /// The first alias on the way.
    alias: Option<&'a Range<usize>>,
    is_missing: bool,
}

impl Spans {
    /// The spans of a text; documents that do not parse have none.
    pub(crate) fn of(text: &str) -> Self {
        let mut documents = HashMap::new();
        let mut builder = Builder::default();
        let mut current = 0;
        let source = Source::of(text);
        for step in Events::new(&source) {
            match step {
                Step::Start { document, schema } => {
                    current = document;
                    builder = Builder {
                        text,
                        schema,
                        ..Builder::default()
                    };
                }
                Step::Event(event, span) => builder.accept(event, trimmed(text, span)),
                Step::End => {
                    if let Some(root) = builder.root.take() {
                        documents.insert(current, root);
                    }
                }
                Step::Failed { document, .. } => {
                    documents.remove(&document);
                }
            }
        }
        Self { documents }
    }

    /// The bytes to show for the value of a field: a scalar or a short flow collection as it stands; the key of any other
    /// collection and of nothing, and where the field is missing, the key of its nearest parent. An item of a list that
    /// is a map is shown by its first key.
    pub(crate) fn value(&self, document: usize, field: &FieldPath) -> Option<Range<usize>> {
        let way = self.way(document, field)?;
        let by_key = || way.key.cloned().unwrap_or_else(|| way.node.first_key());
        let is_whole = match way.node.children {
            _ if way.is_missing || way.node.span.is_empty() => false,
            Children::None(_) => true,
            Children::List(_) | Children::Map(_) => way.node.is_flow && !field.is_empty(),
        };
        Some(if is_whole {
            way.node.span.clone()
        } else {
            by_key()
        })
    }

    /// The bytes of the key of a field, or where it is missing, what [`Spans::value`] says.
    pub(crate) fn key(&self, document: usize, field: &FieldPath) -> Option<Range<usize>> {
        let way = self.way(document, field)?;
        match way.key {
            Some(key) if !way.is_missing => Some(key.clone()),
            _ => self.value(document, field),
        }
    }

    /// The alias through which a field gets its value, where it does: the value itself stands at the anchor.
    pub(crate) fn alias(&self, document: usize, field: &FieldPath) -> Option<Range<usize>> {
        self.way(document, field)?.alias.cloned()
    }

    /// The item of a list that is a text.
    pub(crate) fn item(
        &self,
        document: usize,
        list: &FieldPath,
        text: &str,
    ) -> Option<Range<usize>> {
        let way = self.way(document, list).filter(|way| !way.is_missing)?;
        let Children::List(items) = &way.node.children else {
            return None;
        };
        let is_text = |item: &&Entry| matches!(&item.node.children, Children::None(Some(own)) if **own == *text);
        items
            .iter()
            .find(is_text)
            .map(|item| item.node.span.clone())
    }

    /// The first of two equal keys of a map, by the place of the second.
    pub(crate) fn twin(&self, document: usize, second: &Range<usize>) -> Option<Range<usize>> {
        let mut node = self.documents.get(&document)?;
        loop {
            let (Children::List(entries) | Children::Map(entries)) = &node.children else {
                return None;
            };
            let keys = || entries.iter().filter_map(|entry| entry.key.as_ref());
            if let Some(key) = keys().find(|key| key.span == *second) {
                let first = keys().find(|first| first.name == key.name && first.span != *second);
                return first.map(|first| first.span.clone());
            }
            // Nodes behind aliases stand elsewhere.
            let holder = entries
                .iter()
                .find(|entry| entry.node.span.contains(&second.start));
            node = &holder?.node;
        }
    }

    fn way(&self, document: usize, field: &FieldPath) -> Option<Way<'_>> {
        let mut way = Way {
            node: self.documents.get(&document)?,
            key: None,
            alias: None,
            is_missing: false,
        };
        for segment in &field.0 {
            let Some(entry) = way.node.child(segment) else {
                way.is_missing = true;
                break;
            };
            way = Way {
                node: &entry.node,
                key: entry.key.as_ref().map(|key| &key.span),
                alias: way.alias.or(entry.alias.as_ref()),
                is_missing: false,
            };
        }
        Some(way)
    }
}

impl Node {
    fn child(&self, segment: &Segment) -> Option<&Entry> {
        match (&self.children, segment) {
            (Children::Map(_), Segment::Key(name)) => self.named(name, 0),
            (Children::List(items), Segment::Index(index)) => items.get(*index),
            _ => None,
        }
    }

    /// The last entry of a name, or the first one that is merged into the map.
    fn named(&self, name: &str, depth: usize) -> Option<&Entry> {
        // Deeper than any document is.
        const MAX_MERGES: usize = 64;
        let Children::Map(entries) = &self.children else {
            return None;
        };
        let keyed = || {
            entries
                .iter()
                .filter_map(|entry| Some((entry.key.as_ref()?, entry)))
        };
        let is_named = |key: &Key| !key.is_merge && key.name.as_deref() == Some(name);
        let own = keyed().rev().find(|(key, _)| is_named(key));
        if let Some((_, entry)) = own {
            return Some(entry);
        }
        let mut merged = keyed().filter(|(key, _)| key.is_merge && depth < MAX_MERGES);
        merged.find_map(|(_, entry)| match &entry.node.children {
            Children::List(maps) => maps.iter().find_map(|map| map.node.named(name, depth + 1)),
            _ => entry.node.named(name, depth + 1),
        })
    }

    /// The first key of a map, where pointing at the whole would cover half a file.
    fn first_key(&self) -> Range<usize> {
        let mut node = self;
        loop {
            let (Children::List(entries) | Children::Map(entries)) = &node.children else {
                return node.span.clone();
            };
            let Some(first) = entries.first() else {
                return node.span.clone();
            };
            match &first.key {
                Some(key) => return key.span.clone(),
                None => node = &first.node,
            }
        }
    }
}

/// Block scalars and collections run up to the next token: white space at their end is not theirs.
fn trimmed(text: &str, span: Range<usize>) -> Range<usize> {
    let kept = text
        .get(span.clone())
        .map_or(span.len(), |text| text.trim_end().len());
    span.start..span.start + kept
}

#[derive(Default)]
struct Builder<'a> {
    text: &'a str,
    schema: Schema,
    root: Option<Rc<Node>>,
    stack: Vec<Open>,
    anchors: HashMap<usize, Rc<Node>>,
}

struct Open {
    start: usize,
    is_flow: bool,
    anchor: usize,
    children: Children,
    key: Option<Key>,
    /// Where its last part ends.
    end: usize,
}

impl Builder<'_> {
    fn accept(&mut self, event: Event<'_>, span: Range<usize>) {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let span = self.with_dash(self.with_header(span, style));
                let value =
                    || scalar::value(Cow::Borrowed(&text), style, tag.as_deref(), self.schema);
                let name = self
                    .awaits_key()
                    .then(|| value().map(scalar::key_text).unwrap_or_default());
                let may_merge = self.schema == Schema::Version11
                    && style == ScalarStyle::Plain
                    && tag.is_none();
                let is_merge = may_merge && text == "<<";
                let kept = (text.len() <= MAX_TEXT).then(|| text.into());
                let name = name.map(|name| (name.into(), is_merge));
                self.complete(span, false, Children::None(kept), anchor, name);
            }
            Event::SequenceStart(style, anchor, _) => {
                self.open(span.start, style, anchor, Children::List(Vec::new()));
            }
            Event::MappingStart(style, anchor, _) => {
                self.open(span.start, style, anchor, Children::Map(Vec::new()));
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(open) = self.stack.pop() {
                    // A block collection has no end of its own.
                    let end = if open.is_flow { span.end } else { open.end };
                    let span = open.start..end.max(open.start);
                    self.complete(span, open.is_flow, open.children, open.anchor, None);
                }
            }
            Event::Alias(id) => match self.anchors.get(&id).cloned() {
                Some(node) => {
                    let name = match &node.children {
                        Children::None(Some(text)) => Some((text.clone(), false)),
                        _ => None,
                    };
                    self.attach(node, Some(span), name);
                }
                None => self.complete(span, false, Children::None(None), 0, None),
            },
            Event::UnresolvedAlias(_) => {
                self.complete(span, false, Children::None(None), 0, None);
            }
            _ => {}
        }
    }

    fn awaits_key(&self) -> bool {
        self.stack
            .last()
            .is_some_and(|open| matches!(open.children, Children::Map(_)) && open.key.is_none())
    }

    fn open(&mut self, start: usize, style: StructureStyle, anchor: usize, children: Children) {
        self.stack.push(Open {
            start,
            is_flow: style == StructureStyle::Flow,
            anchor,
            children,
            key: None,
            end: start,
        });
    }

    fn complete(
        &mut self,
        span: Range<usize>,
        is_flow: bool,
        children: Children,
        anchor: usize,
        name: Option<(Box<str>, bool)>,
    ) {
        let is_short = |text: &str| !text.contains('\n');
        let is_flow = is_flow && self.text.get(span.clone()).is_some_and(is_short);
        let node = Rc::new(Node {
            span,
            is_flow,
            children,
        });
        if anchor != 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        self.attach(node, None, name);
    }

    fn attach(
        &mut self,
        node: Rc<Node>,
        alias: Option<Range<usize>>,
        name: Option<(Box<str>, bool)>,
    ) {
        let Some(open) = self.stack.last_mut() else {
            self.root = Some(node);
            return;
        };
        let end = alias.as_ref().map_or(node.span.end, |alias| alias.end);
        open.end = open.end.max(end);
        let key = open.key.take();
        if let Some(Key { span, .. }) = &key
            && node.span.is_empty()
        {
            let rest = self.text.get(span.end..).unwrap_or_default();
            let colon = rest.len() - rest.trim_start().len();
            if rest.get(colon..).is_some_and(|rest| rest.starts_with(':')) {
                open.end = open.end.max(span.end + colon + 1);
            }
        }
        let entry = |key| Entry {
            key,
            node: Rc::clone(&node),
            alias: alias.clone(),
        };
        match &mut open.children {
            Children::List(items) => items.push(entry(None)),
            Children::Map(entries) if key.is_some() => entries.push(entry(key)),
            Children::Map(_) => {
                let (name, is_merge) = name.map_or((None, false), |(name, is)| (Some(name), is));
                open.key = Some(Key {
                    name,
                    span: alias.unwrap_or_else(|| node.span.clone()),
                    is_merge,
                });
            }
            Children::None(_) => {}
        }
    }

    /// A block scalar with its `|` or `>`: the parser starts it at its text.
    fn with_header(&self, span: Range<usize>, style: ScalarStyle) -> Range<usize> {
        if !matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
            return span;
        }
        let open = self.stack.last();
        let after = open.map_or(0, |open| {
            let key = open.key.as_ref().map_or(0, |key| key.span.end);
            open.end.max(key)
        });
        let between = self.text.get(after..span.start).unwrap_or_default();
        let indicators = between.match_indices(['|', '>']).filter(|(at, _)| {
            let (before, rest) = between.split_at(*at);
            let rest = rest.trim_start_matches(|char: char| !char.is_whitespace());
            let rest = rest.trim_start_matches([' ', '\t']);
            let is_apart = before.is_empty() || before.ends_with([' ', '\t', '\n']);
            is_apart && rest.starts_with(['\r', '\n', '#'])
        });
        let mut indicators = indicators.map(|(at, _)| after + at);
        // Before the root of a document stand other documents.
        let header = if open.is_some() {
            indicators.next()
        } else {
            indicators.next_back()
        };
        let header = header.unwrap_or(span.start);
        trimmed(self.text, header..span.end)
    }

    /// An item of a list that is nothing, by its dash.
    fn with_dash(&self, span: Range<usize>) -> Range<usize> {
        let is_item = |open: &Open| matches!(open.children, Children::List(_)) && !open.is_flow;
        let before = self.text.get(..span.start).unwrap_or_default().trim_end();
        if span.is_empty() && self.stack.last().is_some_and(is_item) && before.ends_with('-') {
            return before.len() - 1..before.len();
        }
        span
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = "a: &x\n  b: one\n  c: [1, two]\n---\nd: *x\ne:\nf: |\n  text\n";

    fn found(document: usize, field: &FieldPath) -> Option<&'static str> {
        Spans::of(TEXT)
            .value(document, field)
            .and_then(|span| TEXT.get(span))
    }

    #[test]
    fn fields_are_found_in_their_document() {
        let list = FieldPath::keys(["a", "c"]);
        assert_eq!(found(0, &FieldPath::keys(["a", "b"])), Some("one"));
        assert_eq!(found(0, &list.index(1)), Some("two"));
        assert_eq!(found(0, &list), Some("[1, two]"));
        assert_eq!(found(1, &FieldPath::keys(["e"])), Some("e"));
        assert_eq!(found(1, &FieldPath::keys(["f"])), Some("|\n  text"));
    }

    #[test]
    fn a_missing_field_points_at_its_parent() {
        assert_eq!(found(0, &FieldPath::keys(["a", "z", "y"])), Some("a"));
        assert_eq!(found(0, &FieldPath::keys(["z"])), Some("a"));
        assert_eq!(found(7, &FieldPath::default()), None);
    }

    /// What is shown of fields of a document.
    fn shown<'t>(text: &'t str, document: usize, fields: &[&str]) -> Vec<&'t str> {
        let spans = Spans::of(text);
        let path = |field: &str| {
            let segments = field.split('.').map(|name| match name.parse() {
                Ok(index) => Segment::Index(index),
                Err(_) => Segment::Key(name.to_owned()),
            });
            FieldPath(segments.collect())
        };
        let fields = fields
            .iter()
            .map(|field| spans.value(document, &path(field)));
        fields
            .map(|span| span.and_then(|span| text.get(span)).unwrap_or("-"))
            .collect()
    }

    #[test]
    fn items_are_shown_by_themselves() {
        let text = "l:\n  - title: x\n    icon: y\n  -\n  - [a, b]\n  - {}\nm: {a: {b: 1}}\n";
        let fields = [
            "l.0", "l.0.url", "l.0.icon", "l.1", "l.2", "l.2.7", "l.3.url", "m", "m.a", "m.z",
        ];
        assert_eq!(
            shown(text, 0, &fields),
            [
                "title",
                "title",
                "y",
                "-",
                "[a, b]",
                "a",
                "{}",
                "{a: {b: 1}}",
                "{b: 1}",
                "m"
            ]
        );
    }

    #[test]
    fn explicit_keys_tags_and_odd_texts() {
        let text = "\u{feff}? \"é\"\r\n: !!str &x 5 # five\r\nb: >- # a | b\r\n\r\n  two\r\n  lines\r\n---\r\n\"b\":\tx\r\n";
        assert_eq!(
            shown(text, 0, &["é", "b"]),
            ["5", ">- # a | b\r\n\r\n  two\r\n  lines"]
        );
        assert_eq!(shown(text, 1, &["b", "c"]), ["x", "\"b\""]);
    }

    #[test]
    fn values_behind_aliases_stand_at_the_anchor() {
        let text = "a: &x {k: one}\nb: *x\nc: &y two\nd: [*y]\n*y : three\n";
        assert_eq!(
            shown(text, 0, &["b.k", "b.z", "d.0", "two"]),
            ["one", "b", "two", "three"]
        );
        let spans = Spans::of(text);
        let alias = |field: &FieldPath| spans.alias(0, field).and_then(|span| text.get(span));
        assert_eq!(alias(&FieldPath::keys(["b", "k"])), Some("*x"));
        assert_eq!(alias(&FieldPath::keys(["d"]).index(0)), Some("*y"));
        assert_eq!(alias(&FieldPath::keys(["a", "k"])), None);
    }

    #[test]
    fn merged_entries_stand_where_they_come_from() {
        let text = "%YAML 1.1\n---\na: &x {k: 1, j: 2}\nb:\n  <<: [{k: 0}, *x]\n  j: 3\n";
        assert_eq!(shown(text, 0, &["b.k", "b.j", "b.z"]), ["0", "3", "b"]);
        // Version 1.2 has no merges.
        let text = "a: &x {k: 1}\nb:\n  <<: *x\n";
        assert_eq!(shown(text, 0, &["b.k", "b.<<.k"]), ["b", "1"]);
    }

    #[test]
    fn items_are_found_by_their_text() {
        let text = "l: &l [ 'a b', \"c\\x41\", d ]\n";
        let spans = Spans::of(text);
        let found = |item: &str| spans.item(0, &FieldPath::keys(["l"]), item);
        assert_eq!(found("a b").and_then(|span| text.get(span)), Some("'a b'"));
        assert_eq!(
            found("cA").and_then(|span| text.get(span)),
            Some("\"c\\x41\"")
        );
        assert_eq!(found("e"), None);
    }

    #[test]
    fn the_first_of_two_equal_keys() {
        let text = "a:\n  b: 1\n  c: {d: 1}\n  b: 2\n";
        let second = text.rfind('b').unwrap_or_default();
        let first = Spans::of(text).twin(0, &(second..second + 1));
        assert_eq!(first, Some(5..6));
    }

    #[derive(Debug, Clone)]
    enum Tree {
        Text(String),
        Number(u32),
        Nothing,
        List(Vec<Self>),
        Map(Vec<Self>),
    }

    fn tree() -> impl Strategy<Value = Tree> {
        let leaf = prop_oneof![
            4 => "[a-zé][a-z é0-9]{0,6}[a-zé]".prop_map(Tree::Text),
            1 => "[a-z]{1,3}\n[a-z]{1,3}".prop_map(Tree::Text),
            1 => "[:#\"'|>\\[\\]{},%@`-]{1,3}".prop_map(Tree::Text),
            1 => any::<u32>().prop_map(Tree::Number),
            1 => Just(Tree::Nothing),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            let many = || proptest::collection::vec(inner.clone(), 1..4);
            prop_oneof![many().prop_map(Tree::List), many().prop_map(Tree::Map)]
        })
    }

    /// Writes trees in styles that a list of numbers decides about.
    struct Writer {
        text: String,
        choices: std::vec::IntoIter<u8>,
        anchors: usize,
        /// Texts that have an anchor.
        anchored: Vec<(String, usize)>,
        is_block: bool,
    }

    impl Writer {
        fn push(&mut self, text: &str) {
            self.text.push_str(text);
        }

        fn choose(&mut self, among: u8) -> u8 {
            self.choices.next().unwrap_or(0) % among
        }

        fn node(&mut self, tree: &Tree, indent: usize, is_flow: bool) {
            self.text.push(' ');
            if let Tree::Text(text) = tree {
                let known = self.anchored.iter().find(|(anchored, _)| anchored == text);
                if let Some((_, anchor)) = known {
                    self.push(&format!("*a{anchor} "));
                    return self.line_end(is_flow);
                }
            }
            if !matches!(tree, Tree::Nothing) && self.choose(4) == 0 {
                self.anchors += 1;
                self.push(&format!("&a{} ", self.anchors));
                if let Tree::Text(text) = tree {
                    self.anchored.push((text.clone(), self.anchors));
                }
            }
            match tree {
                Tree::Text(text) => self.scalar(text, indent, is_flow),
                Tree::Number(number) => self.text += &number.to_string(),
                Tree::Nothing => {}
                Tree::List(items) if is_flow || self.choose(3) == 0 => {
                    self.flow(items.iter().map(|item| (None, item)), "[]", indent);
                }
                Tree::Map(values) if is_flow || self.choose(3) == 0 => {
                    let entries = values.iter().enumerate();
                    self.flow(entries.map(|(at, value)| (Some(at), value)), "{}", indent);
                }
                Tree::List(items) => {
                    for item in items {
                        self.push(&format!("\n{}-", " ".repeat(indent)));
                        self.node(item, indent + 2, false);
                    }
                    return;
                }
                Tree::Map(values) => {
                    for (at, value) in values.iter().enumerate() {
                        self.push(&format!("\n{}", " ".repeat(indent)));
                        let is_explicit = self.choose(5) == 0;
                        if is_explicit {
                            self.text += "? ";
                        }
                        self.key(at);
                        if is_explicit {
                            self.push(&format!("\n{}", " ".repeat(indent)));
                        }
                        self.text.push(':');
                        self.node(value, indent + 2, false);
                    }
                    return;
                }
            }
            self.line_end(is_flow);
        }

        fn line_end(&mut self, is_flow: bool) {
            let is_block = std::mem::take(&mut self.is_block);
            if !is_flow && !is_block && self.choose(5) == 0 {
                self.text += " # é: [";
            }
        }

        fn key(&mut self, at: usize) {
            let text = match self.choose(3) {
                0 => format!("k{at}"),
                1 => format!("'k{at}'"),
                _ => format!("\"k{at}\""),
            };
            self.text += &text;
        }

        fn flow<'t>(
            &mut self,
            entries: impl Iterator<Item = (Option<usize>, &'t Tree)>,
            brackets: &str,
            indent: usize,
        ) {
            let (open, close) = brackets.split_at(1);
            self.text += open;
            for (number, (key, value)) in entries.enumerate() {
                if number > 0 {
                    self.text.push(',');
                }
                if self.choose(4) == 0 {
                    self.push(&format!("\n{}", " ".repeat(indent + 1)));
                }
                if let Some(key) = key {
                    self.key(key);
                    self.text.push(':');
                } else if matches!(value, Tree::Nothing) {
                    self.text += "null";
                    continue;
                }
                self.node(value, indent + 1, true);
            }
            self.text += close;
        }

        fn scalar(&mut self, text: &str, indent: usize, is_flow: bool) {
            let is_plain = text
                .chars()
                .all(|char| char.is_alphanumeric() || char == ' ')
                && !matches!(text, "null" | "true" | "false");
            match self.choose(4) {
                0 if is_plain => self.text += text,
                1 if !text.contains('\n') => self.push(&format!("'{}'", text.replace('\'', "''"))),
                2 if !is_flow => {
                    self.text += "|-\n";
                    let lines = text
                        .lines()
                        .map(|line| format!("{}{line}", " ".repeat(indent + 1)));
                    self.text += &lines.collect::<Vec<_>>().join("\n");
                    // Nothing may follow on its last line.
                    self.is_block = true;
                }
                _ => {
                    let text = text
                        .replace('\\', "\\\\")
                        .replace('"', "\\\"")
                        .replace('\n', "\\n");
                    self.push(&format!("\"{text}\""));
                }
            }
        }
    }

    fn value(tree: &Tree) -> serde_json::Value {
        match tree {
            Tree::Text(text) => text.clone().into(),
            Tree::Number(number) => (*number).into(),
            Tree::Nothing => serde_json::Value::Null,
            Tree::List(items) => items.iter().map(value).collect(),
            Tree::Map(values) => {
                let entries = values.iter().enumerate();
                let entries = entries.map(|(at, inner)| (format!("k{at}"), value(inner)));
                serde_json::Value::Object(entries.collect())
            }
        }
    }

    /// Reads the text of every node again, where it stood.
    fn check(text: &str, node: &Node, tree: &Tree) -> Result<(), TestCaseError> {
        let slice = text.get(node.span.clone()).unwrap_or("?");
        let line = text
            .get(..node.span.start)
            .and_then(|before| before.rsplit('\n').next());
        let column = line
            .unwrap_or_default()
            .trim_start_matches('\u{feff}')
            .chars()
            .count();
        let is_dash = matches!(tree, Tree::Nothing) && slice == "-";
        // Aliases mean nothing without what is around them.
        if !slice.contains("*a") && !is_dash {
            let read = crate::yaml::only(&format!("{}{slice}\n", " ".repeat(column)));
            let read = if slice.is_empty() {
                Ok(serde_json::Value::Null)
            } else {
                read
            };
            prop_assert_eq!(read, Ok(value(tree)), "{:?} in {:?}", slice, text);
        }
        match (tree, &node.children) {
            (Tree::List(trees), Children::List(entries)) => {
                for (tree, entry) in trees.iter().zip(entries) {
                    check(text, &entry.node, tree)?;
                }
            }
            (Tree::Map(trees), Children::Map(entries)) => {
                for (at, (tree, entry)) in trees.iter().zip(entries).enumerate() {
                    let key = entry
                        .key
                        .as_ref()
                        .and_then(|key| text.get(key.span.clone()));
                    let key = key.map(|key| key.trim_matches(['"', '\'']).to_owned());
                    prop_assert_eq!(key, Some(format!("k{at}")), "{:?}", text);
                    check(text, &entry.node, tree)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn every_node_is_where_its_span_says(
            trees in proptest::collection::vec(tree(), 1..4),
            choices in proptest::collection::vec(any::<u8>(), 0..120),
            has_returns in any::<bool>(),
            has_mark in any::<bool>(),
        ) {
            let mut writer = Writer {
                text: String::new(),
                choices: choices.into_iter(),
                anchors: 0,
                anchored: Vec::new(),
                is_block: false,
            };
            for tree in &trees {
                writer.anchored.clear();
                writer.text += "---";
                writer.node(tree, 0, false);
                writer.text.push('\n');
            }
            let mut text = writer.text;
            if has_returns {
                text = text.replace('\n', "\r\n");
            }
            if has_mark {
                text.insert(0, '\u{feff}');
            }
            let spans = Spans::of(&text);
            for (document, tree) in trees.iter().enumerate() {
                match spans.documents.get(&document) {
                    Some(root) => check(&text, root, tree)?,
                    None => prop_assert!(false, "document {document} of {text:?} is lost"),
                }
            }
        }
    }
}
