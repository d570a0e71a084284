//! What the user reads: findings with excerpts, and the summary of a run.
//!
//! In: the outcome of a run. Out: text. Nothing is printed here.

pub mod catalog;
pub mod changes;
mod comment;
mod compact;
pub mod explain;
mod files;
mod format;
mod github;
mod gitlab;
mod json;
mod junit;
mod markdown;
pub mod mermaid;
mod outputs;
pub mod pages;
pub mod pull_request;
mod sarif;
pub mod summary;
pub mod text;

use std::borrow::Cow;
use std::fmt::Write as _;

pub use format::{Conversion, Format, Publication, Report, Status};
pub use json::SCHEMA as JSON_SCHEMA;
pub use summary::Summary;

/// How text for a terminal looks.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Whether colours are wanted.
    pub color: bool,
    /// Columns of the terminal.
    pub width: usize,
}

/// A text without anything that could steer a terminal: control characters and marks that turn the direction of
/// writing are replaced. Line ends and tabs are replaced too.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    if text.chars().any(is_unprintable) {
        text.chars()
            .map(|char| {
                if is_unprintable(char) {
                    char::REPLACEMENT_CHARACTER
                } else {
                    char
                }
            })
            .collect::<String>()
            .into()
    } else {
        text.into()
    }
}

/// The lines of a text, each [`printable`].
fn printable_lines(text: &str) -> Vec<Cow<'_, str>> {
    text.lines().map(printable).collect()
}

/// JSON with the same value in which nothing could steer a terminal: what [`printable`] replaces is escaped.
#[must_use]
pub fn escaped(json: &str) -> Cow<'_, str> {
    // Outside of strings, JSON has no such character but line ends, which stand in no string.
    let is_escaped = |char| char != '\n' && is_unprintable(char);
    if !json.contains(is_escaped) {
        return json.into();
    }
    let mut text = String::with_capacity(json.len());
    for char in json.chars() {
        if is_escaped(char) {
            // None of them is beyond the first 65,536; writing to a text never fails.
            let _ = write!(text, "\\u{:04x}", u32::from(char));
        } else {
            text.push(char);
        }
    }
    text.into()
}

fn is_unprintable(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}
