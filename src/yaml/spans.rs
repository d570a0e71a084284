//! Finds the bytes a field covers, only when a diagnostic is to be shown.
//!
//! In: a text and the way to a field. Out: a range of bytes. The text is parsed a second time: files without findings
//! never pay for this.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use super::events::{Event, Events, Step};
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
    children: Children,
}

#[derive(Debug)]
enum Children {
    None,
    List(Vec<Rc<Node>>),
    Map(Vec<(String, Range<usize>, Rc<Node>)>),
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

    /// The bytes of the value of a field; of its nearest parent's key where the field is missing.
    pub(crate) fn value(&self, document: usize, field: &FieldPath) -> Option<Range<usize>> {
        let mut node = self.documents.get(&document)?;
        let mut key: Option<&Range<usize>> = None;
        for segment in &field.0 {
            let Some((next_key, next)) = node.child(segment) else {
                // A missing field: its parent's key is the place to add it to.
                return Some(key.cloned().unwrap_or_else(|| node.first_key()));
            };
            key = next_key.or(key);
            node = next;
        }
        let is_empty_or_long = node.span.is_empty() || !matches!(node.children, Children::None);
        match key {
            Some(key) if is_empty_or_long => Some(key.clone()),
            None if is_empty_or_long => Some(node.first_key()),
            _ => Some(node.span.clone()),
        }
    }

    /// The bytes of the key of a field, or where it is missing, what [`Spans::value`] says.
    pub(crate) fn key(&self, document: usize, field: &FieldPath) -> Option<Range<usize>> {
        let (last, parents) = field.0.split_last()?;
        let mut node = self.documents.get(&document)?;
        for segment in parents {
            let Some((_, next)) = node.child(segment) else {
                return self.value(document, field);
            };
            node = next;
        }
        match node.child(last) {
            Some((Some(key), _)) => Some(key.clone()),
            _ => self.value(document, field),
        }
    }
}

impl Node {
    fn child(&self, segment: &Segment) -> Option<(Option<&Range<usize>>, &Rc<Self>)> {
        match (&self.children, segment) {
            (Children::Map(entries), Segment::Key(name)) => entries
                .iter()
                .rev()
                .find(|(key, ..)| key == name)
                .map(|(_, span, node)| (Some(span), node)),
            (Children::List(items), Segment::Index(index)) => {
                items.get(*index).map(|node| (None, node))
            }
            _ => None,
        }
    }

    /// The first key of a map, where pointing at the whole would cover half a file.
    fn first_key(&self) -> Range<usize> {
        match &self.children {
            Children::Map(entries) => entries
                .first()
                .map_or(self.span.clone(), |(_, span, _)| span.clone()),
            Children::List(items) => items
                .first()
                .map_or(self.span.clone(), |item| item.first_key()),
            Children::None => self.span.clone(),
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
struct Builder {
    schema: Schema,
    root: Option<Rc<Node>>,
    stack: Vec<Open>,
    anchors: HashMap<usize, Rc<Node>>,
}

struct Open {
    start: usize,
    anchor: usize,
    children: Children,
    key: Option<(String, Range<usize>)>,
}

impl Builder {
    fn accept(&mut self, event: Event<'_>, span: Range<usize>) {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let value = || scalar::value(&text, style, tag.as_deref(), self.schema);
                let name = self
                    .awaits_key()
                    .then(|| value().map(scalar::key_text).unwrap_or_default());
                self.complete(span, Children::None, anchor, name);
            }
            Event::SequenceStart(_, anchor, _) => {
                self.open(span.start, anchor, Children::List(Vec::new()));
            }
            Event::MappingStart(_, anchor, _) => {
                self.open(span.start, anchor, Children::Map(Vec::new()));
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(open) = self.stack.pop() {
                    let end = span.end.max(open.start);
                    self.complete(open.start..end, open.children, open.anchor, None);
                }
            }
            Event::Alias(id) => match self.anchors.get(&id).cloned() {
                Some(node) => self.attach(node, None),
                None => self.complete(span, Children::None, 0, None),
            },
            Event::UnresolvedAlias(_) => self.complete(span, Children::None, 0, None),
            _ => {}
        }
    }

    fn awaits_key(&self) -> bool {
        self.stack
            .last()
            .is_some_and(|open| matches!(open.children, Children::Map(_)) && open.key.is_none())
    }

    fn open(&mut self, start: usize, anchor: usize, children: Children) {
        self.stack.push(Open {
            start,
            anchor,
            children,
            key: None,
        });
    }

    fn complete(
        &mut self,
        span: Range<usize>,
        children: Children,
        anchor: usize,
        name: Option<String>,
    ) {
        let node = Rc::new(Node { span, children });
        if anchor != 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        self.attach(node, name);
    }

    fn attach(&mut self, node: Rc<Node>, name: Option<String>) {
        let Some(open) = self.stack.last_mut() else {
            self.root = Some(node);
            return;
        };
        match &mut open.children {
            Children::List(items) => items.push(node),
            Children::Map(entries) => match open.key.take() {
                Some((name, span)) => entries.push((name, span, node)),
                // Keys that are collections cannot be named by a field path.
                None => open.key = Some((name.unwrap_or_default(), node.span.clone())),
            },
            Children::None => {}
        }
    }
}

#[cfg(test)]
mod tests {
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
        assert_eq!(found(0, &list), Some("c"));
        assert_eq!(found(1, &FieldPath::keys(["e"])), Some("e"));
        assert_eq!(found(1, &FieldPath::keys(["f"])), Some("text"));
    }

    #[test]
    fn a_missing_field_points_at_its_parent() {
        assert_eq!(found(0, &FieldPath::keys(["a", "z", "y"])), Some("a"));
        assert_eq!(found(0, &FieldPath::keys(["z"])), Some("a"));
        assert_eq!(found(7, &FieldPath::default()), None);
    }
}
