//! What the user reads: findings with excerpts, and the summary of a run.
//!
//! In: the outcome of a run. Out: text. Nothing is printed here.

pub mod catalog;
pub mod changes;
pub mod explain;
mod files;
mod format;
mod github;
mod json;
mod markdown;
pub mod mermaid;
mod outputs;
pub mod pages;
pub mod pull_request;
pub mod summary;
pub mod text;

use std::borrow::Cow;

pub use format::{Conversion, Format, Publication, Report, Status};
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

fn is_unprintable(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}
