//! Reads YAML as Backstage does: YAML 1.2 core, `<<` an ordinary key, duplicate keys refused, JavaScript's numbers.
//!
//! In: the text of a file. Out: a [`Document`] for each document, good or bad. An error costs its
//! own document; the good ones around it are kept. Rules: reference behaviour of the `yaml` package, version 2, called as
//! `parseAllDocuments(text, { merge: false })`.

mod block;
pub(crate) mod comments;
mod compose;
mod events;
mod fold;
mod javascript;
mod odd;
mod scalar;
pub(crate) mod spans;
pub(crate) mod stringify;
mod syntax;
mod version_1_1;
pub(crate) mod write;

use std::ops::Range;

use serde_json::Value;

use self::compose::Composer;
use self::events::{Events, Step};
use self::odd::Source;
use self::spans::Spans;
use self::syntax::Failure;
pub(crate) use self::syntax::{FOREIGN_REMEDY, foreign};

/// A document of a YAML stream.
#[derive(Debug)]
pub struct Document {
    /// Its number in the stream, from 0, empty documents counted.
    pub index: usize,
    /// The line of its first content, from 1.
    pub line: usize,
    /// The value, or everything that is wrong with it.
    pub content: Result<Value, Vec<SyntaxError>>,
}

/// Why a document is not valid YAML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// What is wrong.
    pub message: String,
    /// The bytes to point at; may be empty.
    pub at: Range<usize>,
    /// What to do about it, where that is known.
    pub help: Option<String>,
    /// Where it began, with what began there: the bracket that is not closed.
    pub began: Option<(Range<usize>, &'static str)>,
}

/// Gives the numbers of a JSON value the precision they have in JavaScript.
pub(crate) fn as_javascript(value: &mut Value) {
    match value {
        Value::Number(number) => *value = number.as_f64().map_or(Value::Null, scalar::number),
        Value::Array(items) => items.iter_mut().for_each(as_javascript),
        Value::Object(entries) => entries.values_mut().for_each(as_javascript),
        _ => {}
    }
}

/// All documents of a text that are not empty.
#[must_use]
pub fn documents(text: &str) -> Vec<Document> {
    let mut documents = stream(text);
    documents.retain(|document| document.content != Ok(Value::Null));
    documents
}

/// All documents of a text, empty ones as null. A text without any content has none.
#[must_use]
pub fn stream(text: &str) -> Vec<Document> {
    let mut documents = Vec::new();
    let mut lines = LineCounter {
        text,
        at: 0,
        line: 1,
    };
    let mut current: Option<(usize, Composer<'_>)> = None;
    // Most texts are good.
    let mut spans = None;
    let source = Source::of(text);
    for step in Events::new(&source) {
        match step {
            Step::Start { document, schema } => {
                current = Some((document, Composer::new(text, schema)));
            }
            Step::Event(event, span) => {
                if let Some((_, composer)) = &mut current {
                    composer.accept(event, span);
                }
            }
            Step::End => {
                if let Some((index, composer)) = current.take() {
                    let start = composer.start;
                    let line = lines.line(start);
                    let content = composer.finish().map_err(|mut errors| {
                        let spans = spans.get_or_insert_with(|| Spans::of(text));
                        syntax::complete(&mut errors, index, spans);
                        errors
                    });
                    documents.push(Document {
                        index,
                        line,
                        content,
                    });
                }
            }
            Step::Failed {
                document,
                kind,
                message,
                at,
            } => {
                // Text after a complete document makes that document bad.
                if documents.last().is_some_and(|last| last.index == document) {
                    documents.pop();
                }
                let composer = current.take().map(|(_, composer)| composer);
                let start = composer
                    .as_ref()
                    .map_or(at, |composer| composer.start.min(at));
                let failure = Failure {
                    text,
                    start,
                    at,
                    open: composer.as_ref().and_then(Composer::open_flow),
                };
                let error = failure.explained(&kind, &message);
                let line = lines.line(start);
                let mut errors = composer.map(|composer| composer.errors).unwrap_or_default();
                // What follows on the line of an error is a consequence of it.
                if errors
                    .last()
                    .is_none_or(|last| !failure.is_on_line_of(last))
                {
                    errors.push(error);
                }
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
        if let Some(between) = self.text.get(self.at..offset) {
            self.line += between.matches('\n').count();
            self.at = offset;
        }
        self.line
    }
}

/// The only document of a text, or why there is none.
pub(crate) fn only(text: &str) -> Result<Value, String> {
    match <[_; 1]>::try_from(stream(text)) {
        Ok([document]) => document.content.map_err(|errors| {
            let messages: Vec<_> = errors.into_iter().map(|error| error.message).collect();
            messages.join("; ")
        }),
        Err(documents) => Err(format!(
            "expected exactly one YAML document, found {}",
            documents.len()
        )),
    }
}

/// The value of JSON text as JavaScript reads it: keys in its order, numbers as doubles, the last of equal keys.
pub(crate) fn json(text: &str) -> serde_json::Result<Value> {
    serde_json::from_str(text).map(javascript::in_javascript)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::spans::Spans;
    use super::{documents, stream};
    use crate::source::FieldPath;

    /// The number of good and of bad documents.
    fn counts(text: &str) -> (usize, usize) {
        let documents = documents(text);
        let good = documents.iter().filter(|document| document.content.is_ok());
        let good = good.count();
        (good, documents.len() - good)
    }

    fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
        let mut text = String::new();
        for number in 0..count {
            let _never_fails = writeln!(text, "{}", line(number));
        }
        text
    }

    #[test]
    fn alias_bombs_are_refused() {
        let laughs = lines(9, |level| match level {
            0 => "a0: &a0 [x, x, x, x, x, x, x, x, x]".to_owned(),
            _ => format!(
                "a{level}: &a{level} [{}]",
                vec![format!("*a{}", level - 1); 9].join(", ")
            ),
        });
        assert_eq!(counts(&laughs), (0, 1));
        let large = format!(
            "a: &a {}\n{}",
            "x".repeat(1_000_000),
            lines(90, |n| format!("k{n}: *a"))
        );
        assert_eq!(counts(&large), (0, 1));
        let nested = format!("{}{}", "&a [".repeat(200), "]".repeat(200));
        assert_eq!(counts(&format!("a: {nested}\n")), (1, 0));
        // A large text inside many anchors is not copied for each of them.
        let wrapped = (0..200).fold("x".repeat(2_000_000), |text, n| format!("&a{n} [{text}]"));
        assert_eq!(counts(&wrapped), (1, 0));
        assert_eq!(counts(&format!("a: {wrapped}\nb: *a199\n")), (0, 1));
    }

    #[test]
    fn deep_nesting_is_refused() {
        for (open, close) in [
            ("[", "]"),
            ("{a: ", "}"),
            ("- ", ""),
            ("[", ""),
            ("? ", ""),
            ("{", ""),
        ] {
            let text = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
            assert_eq!(counts(&text).0, 0, "{open}");
        }
        let steps = lines(1_000, |level| format!("{}a:", " ".repeat(level)));
        assert_eq!(counts(&steps), (0, 1));
    }

    #[test]
    fn many_keys_anchors_and_documents_are_read_in_linear_time() {
        let count = 20_000;
        assert_eq!(counts(&lines(count, |n| format!("k{n}: v"))), (1, 0));
        let twice = lines(2 * count, |n| match n % 2 {
            0 => format!("{}: v", n / 2),
            _ => format!("\"{}\": v", n / 2),
        });
        assert_eq!(counts(&twice), (1, 0));
        let anchors = lines(count, |n| format!("k{n}: &a{n} v\nl{n}: *a{n}"));
        assert_eq!(counts(&anchors), (1, 0));
        assert_eq!(
            counts(&lines(count, |n| format!("---\na: {n}"))),
            (count, 0)
        );
        assert_eq!(counts(&lines(count, |_| "---\na: [".to_owned())).0, 0);
        let scalar = "x ".repeat(1_000_000);
        for text in [
            format!("a: {scalar}"),
            format!("a: \"{scalar}\""),
            format!("a: |\n  {scalar}"),
        ] {
            assert_eq!(counts(&text), (1, 0));
        }
    }

    #[test]
    fn odd_characters_are_kept_and_spans_are_right() {
        let text = "a: \u{1}\n---\n\u{feff}b: x\0y\n";
        let found = documents(text);
        let values: Vec<_> = found
            .iter()
            .flat_map(|document| document.content.iter())
            .collect();
        assert_eq!(
            values,
            [
                &serde_json::json!({"a": "\u{1}"}),
                &serde_json::json!({"\u{feff}b": "x\0y"})
            ]
        );
        let span = Spans::of(text).value(1, &FieldPath::keys(["\u{feff}b"]));
        assert_eq!(span.and_then(|span| text.get(span)), Some("x\0y"));
    }

    /// Reads a text in every way; spans must be parts of it.
    fn check(text: &str) {
        for document in stream(text) {
            for error in document.content.err().unwrap_or_default() {
                assert!(text.get(error.at.clone()).is_some(), "{error:?}");
            }
        }
        let spans = Spans::of(text);
        for document in 0..3 {
            for path in [&[][..], &["a"], &["metadata", "name"], &["spec", "owner"]] {
                let path = FieldPath::keys(path.iter().copied());
                for span in [spans.value(document, &path), spans.key(document, &path)] {
                    assert!(span.is_none_or(|span| text.get(span).is_some()));
                }
            }
        }
    }

    const DESCRIPTOR: &str = "%YAML 1.1\n---\na: &x [1, {b: 'c'}]\nmetadata:\n  name: |\n    text\n---\n# no\nspec:\n  owner: \"é\\n\u{1}\r\"\n  <<: *x\n...\n\u{feff}a: !!binary aGk=\n";

    fn boundary(at: usize) -> usize {
        let at = at.min(DESCRIPTOR.len());
        (0..=at)
            .rev()
            .find(|at| DESCRIPTOR.is_char_boundary(*at))
            .unwrap_or(0)
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            check(&String::from_utf8_lossy(&bytes));
        }

        #[test]
        fn arbitrary_yaml_characters_never_panic(text in "[-a:? \\[\\]{},'\"#&*!|>%\n\r\t\u{1}\u{feff}é.0<]{0,60}") {
            check(&text);
        }

        #[test]
        fn mutations_never_panic(
            at in 0..DESCRIPTOR.len(),
            length in 0..9_usize,
            insert in "[-a:? \\[\\]{},'\"#&*!|>%\n\r\t\u{1}\u{feff}\u{f0000}é.0<]{0,4}",
        ) {
            let start = boundary(at);
            let end = boundary(start + length).max(start);
            check(&[&DESCRIPTOR[..start], &insert, &DESCRIPTOR[end..]].concat());
        }
    }
}
