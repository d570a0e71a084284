//! The keys a map of a profile may have.
//!
//! In: a map and its known keys. Out: the first key that is probably misspelt.

use serde_json::{Map, Value};

pub(super) use crate::diagnostic::similar;

/// The keys of a map in a profile.
pub(super) struct Keys {
    known: &'static [&'static str],
    /// Whether Port may know keys that this tool does not.
    is_open: bool,
}

impl Keys {
    pub(super) const fn open(known: &'static [&'static str]) -> Self {
        Self {
            known,
            is_open: true,
        }
    }

    pub(super) const fn closed(known: &'static [&'static str]) -> Self {
        Self {
            known,
            is_open: false,
        }
    }

    /// Refuses keys that are probably misspelt: close to a known key, or any unknown key where all are known.
    pub(super) fn check(&self, entry: &str, map: &Map<String, Value>) -> Result<(), String> {
        for key in map.keys().filter(|key| !self.known.contains(&key.as_str())) {
            match similar(key, self.known.iter().copied()) {
                Some(known) => {
                    return Err(format!(
                        "{entry}: unknown key `{key}`; did you mean `{known}`?"
                    ));
                }
                None if self.is_open => {}
                None => return Err(format!("{entry}: unknown key `{key}`")),
            }
        }
        Ok(())
    }
}
