//! The rules of `.gitignore` files.
//!
//! In: the texts of such files, from the root down to a folder. Out: whether they leave out a path. No file is read here.

use std::path::Path;
use std::sync::Arc;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// The rules of `.gitignore` files, from a folder up to the root. In a revision everything is tracked; the rules hold
/// all the same, because they hold in a work tree.
#[derive(Debug)]
pub(super) struct Ignores {
    rules: Gitignore,
    above: Option<Arc<Self>>,
}

impl Ignores {
    /// The rules that hold in a folder, given by its path from the root: those of its file, up to the first line that is
    /// not UTF-8, and those of the folders above.
    pub(super) fn of(folder: &Path, text: &[u8], above: Option<Arc<Self>>) -> Option<Arc<Self>> {
        let mut builder = GitignoreBuilder::new(folder);
        for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
            let Ok(line) = std::str::from_utf8(line) else {
                break;
            };
            let line = line.strip_suffix('\r').unwrap_or(line);
            let line = if index == 0 {
                line.trim_start_matches('\u{feff}')
            } else {
                line
            };
            // A line that is no glob is passed over.
            let _ = builder.add_line(None, line);
        }
        match builder.build() {
            Ok(rules) if !rules.is_empty() => Some(Arc::new(Self { rules, above })),
            _ => above,
        }
    }

    /// Whether a path from the root is left out; the nearest rule counts. Whoever asks has asked for the folders above it.
    pub(super) fn leave_out(&self, path: &Path, is_folder: bool) -> bool {
        let mut next = Some(self);
        while let Some(ignores) = next {
            match ignores.rules.matched(path, is_folder) {
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
                Match::None => next = ignores.above.as_deref(),
            }
        }
        false
    }
}
