//! The parser's events, document by document, with recovery: an error costs its own document and no other.
//!
//! In: text. Out: [`Step`]s. But for `comments.rs`, the only user of the YAML parser.

use std::ops::Range;

use super::odd::Source;
use super::scalar::Schema;
pub(super) use granit_parser::{ErrorKind, Event, ScalarStyle, StructureStyle, Tag};
use granit_parser::{Parser, ScanError, Span, StrInput};

/// What comes next in a stream of documents.
pub(super) enum Step<'input> {
    /// A document starts; its number counts empty documents too.
    Start { document: usize, schema: Schema },
    /// A node event inside the current document and the bytes it covers.
    Event(Event<'input>, Range<usize>),
    /// The current document is complete.
    End,
    /// A document is lost: the current one, or one that could not even start.
    Failed {
        document: usize,
        kind: ErrorKind,
        message: String,
        at: usize,
    },
}

/// Iterates over the steps of a text.
pub(super) struct Events<'input> {
    parser: Parser<'input, StrInput<'input>>,
    source: &'input Source<'input>,
    schema: Schema,
    next_document: usize,
    in_document: bool,
    finished: bool,
}

impl<'input> Events<'input> {
    pub(super) fn new(source: &'input Source<'input>) -> Self {
        let options = granit_parser::options! {
            emit_comments: false,
            emit_unresolved_aliases: true,
        };
        Self {
            parser: Parser::new_from_str_with_options(source.text(), options),
            source,
            schema: Schema::default(),
            next_document: 0,
            in_document: false,
            finished: false,
        }
    }

    fn range(&self, span: &Span) -> Range<usize> {
        self.source.original(span.byte_range().unwrap_or(0..0))
    }

    fn failed(&mut self, error: &ScanError) -> Step<'input> {
        // Text after a finished root node is noticed when the next document should start, but belongs to the one
        // before it.
        let belongs_to_previous =
            *error.kind() == ErrorKind::ExpectedDocumentStart && self.next_document > 0;
        if !self.in_document && !belongs_to_previous {
            self.next_document += 1;
        }
        self.in_document = false;
        self.finished = !self.parser.proceed_next_document().unwrap_or(false);
        let start = error.marker().byte_offset().unwrap_or(0);
        let at = self.source.original(start..start).start;
        Step::Failed {
            document: self.next_document.saturating_sub(1),
            kind: error.kind().clone(),
            message: error.info(),
            at,
        }
    }
}

impl<'input> Iterator for Events<'input> {
    type Item = Step<'input>;

    fn next(&mut self) -> Option<Step<'input>> {
        while !self.finished {
            let (event, span) = match self.parser.next_event()? {
                Ok(next) => next,
                Err(error) => return Some(self.failed(&error)),
            };
            match event {
                Event::StreamEnd => self.finished = true,
                Event::DocumentStart(_, version) => {
                    // A version holds for all later documents too.
                    match version.map(|version| (version.major, version.minor)) {
                        Some((1, 1)) => self.schema = Schema::Version11,
                        Some((1, 2)) => self.schema = Schema::Core,
                        _ => {}
                    }
                    let document = self.next_document;
                    self.next_document += 1;
                    self.in_document = true;
                    let schema = self.schema;
                    return Some(Step::Start { document, schema });
                }
                Event::DocumentEnd => {
                    self.in_document = false;
                    return Some(Step::End);
                }
                Event::Scalar(text, style, anchor, tag) => {
                    let text = self.source.restored(text);
                    let event = Event::Scalar(text, style, anchor, tag);
                    return Some(Step::Event(event, self.range(&span)));
                }
                event
                    if event.is_node()
                        || matches!(event, Event::SequenceEnd | Event::MappingEnd) =>
                {
                    return Some(Step::Event(event, self.range(&span)));
                }
                _ => {}
            }
        }
        None
    }
}
