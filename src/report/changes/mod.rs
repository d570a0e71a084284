//! What differs between two states of Port, for people and programs.
//!
//! In: [`Changes`]. Out: text for a terminal, JSON, or Markdown for a comment. What differs is found in `port/changes.rs`.

mod json;
pub(super) mod markdown;
mod text;

use std::borrow::Cow;

pub use json::json;
pub use markdown::markdown;
pub use text::text;

use super::printable;
use super::summary::plural;
use crate::port::Changes;
use crate::port::changes::{Difference, Field};

/// How many there are of everything: `3 entities added, 1 removed; 1 blueprint changed; 2 new dangling references`.
fn totals(changes: &Changes<'_>) -> String {
    let dangling = changes.new_dangling.len();
    let parts = [
        counts(&changes.entities, "entity", "entities"),
        counts(&changes.blueprints, "blueprint", "blueprints"),
        (dangling > 0).then(|| {
            plural(
                dangling,
                "new dangling reference",
                "new dangling references",
            )
        }),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        return "no changes".to_owned();
    }
    parts.join("; ")
}

/// `3 entities added, 1 removed`; the noun stands once.
pub(super) fn counts<K>(difference: &Difference<'_, K>, one: &str, many: &str) -> Option<String> {
    let numbers = [
        (difference.added.len(), "added"),
        (difference.changed.len(), "changed"),
        (difference.removed.len(), "removed"),
    ];
    let mut parts: Vec<String> = Vec::new();
    for (number, verb) in numbers.into_iter().filter(|(number, _)| *number > 0) {
        parts.push(if parts.is_empty() {
            format!("{} {verb}", plural(number, one, many))
        } else {
            format!("{number} {verb}")
        });
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// The two values of a field as one-line JSON. Of long ones the part is shown where they begin to differ.
fn values(field: &Field<'_>, width: usize) -> (Option<String>, Option<String>) {
    let spelled = |value: Option<&serde_json::Value>| -> Option<Vec<char>> {
        Some(printable(&value?.to_string()).chars().collect())
    };
    let (before, after) = (spelled(field.before), spelled(field.after));
    let lengths = [&before, &after].map(|text| text.as_ref().map_or(0, Vec::len));
    let start = match (&before, &after) {
        (Some(before), Some(after)) if lengths.iter().any(|length| *length > width) => {
            let same = before.iter().zip(after).take_while(|(a, b)| a == b).count();
            // Something of what is the same tells where one is.
            same.saturating_sub(width / 4)
        }
        _ => 0,
    };
    let shown = |text: Vec<char>| {
        let rest = text.get(start..).unwrap_or_default();
        let mut shown = String::from(if start > 0 { "…" } else { "" });
        shown.extend(rest.iter().take(width));
        shown.push_str(if rest.len() > width { "…" } else { "" });
        shown
    };
    (before.map(shown), after.map(shown))
}

/// A text of at most `width` characters, with an ellipsis where something is missing.
pub(super) fn shortened(text: &str, width: usize) -> Cow<'_, str> {
    match text.char_indices().nth(width) {
        None => text.into(),
        Some(_) => text
            .chars()
            .take(width - 1)
            .chain(['…'])
            .collect::<String>()
            .into(),
    }
}

#[cfg(test)]
mod tests;
