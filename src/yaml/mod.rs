//! Reads YAML as Backstage does: YAML 1.2 core, `<<` an ordinary key, duplicate keys refused, JavaScript's numbers.
//!
//! In: the text of a file. Out: a [`Document`] for each document, good or bad. An error costs its
//! own document; the good ones around it are kept. Rules: reference behaviour of the `yaml` package, version 2, called as
//! `parseAllDocuments(text, { merge: false })`.

mod compose;
mod events;
mod odd;
mod scalar;
pub(crate) mod spans;
mod version_1_1;

use std::ops::Range;

use serde_json::Value;

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
    compose::documents(text)
}
