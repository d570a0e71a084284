//! Lines of YAML, in the styles that people write.

use std::fmt::{Display, Write};

use super::random::Random;

/// A YAML text that grows line by line.
#[derive(Default)]
pub(super) struct Text(String);

impl Text {
    /// The whole text.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The whole text, to be kept.
    pub(super) fn into_string(self) -> String {
        self.0
    }

    /// Adds a line.
    pub(super) fn line(&mut self, indent: usize, content: impl Display) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{:indent$}{content}", "");
    }

    /// Adds a text of several lines below a key, as a literal block.
    pub(super) fn block(&mut self, indent: usize, key: &str, content: &str) {
        self.line(indent, format_args!("{key}: |"));
        for line in content.lines() {
            if line.is_empty() {
                self.0.push('\n');
            } else {
                self.line(indent + 2, line);
            }
        }
    }

    /// Adds a list, unless it is empty.
    pub(super) fn list(&mut self, indent: usize, key: &str, items: &[String], random: &mut Random) {
        match (items, random.below(5)) {
            ([], _) => {}
            // Most write a list below its key, some indent it further, few write it in one line.
            (_, 0) if items.len() < 5 => {
                self.line(indent, format_args!("{key}: [{}]", items.join(", ")));
            }
            (_, style) => {
                self.line(indent, format_args!("{key}:"));
                for item in items {
                    let deeper = if style < 4 { 2 } else { 0 };
                    self.line(indent + deeper, format_args!("- {item}"));
                }
            }
        }
    }
}

/// A plain text in one of the styles of quoting. It holds no quote of its own.
pub(super) fn scalar(text: &str, random: &mut Random) -> String {
    let needs_quotes = text.contains(": ") || text.starts_with(['@', '*', '&', '`', '\'']);
    match random.below(10) {
        0 => format!("\"{text}\""),
        1 | 2 => format!("'{text}'"),
        _ if needs_quotes => format!("'{text}'"),
        _ => text.to_owned(),
    }
}
