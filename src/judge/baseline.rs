//! The findings that a repository has for long and that do not count: a file of their names, and of what they say for
//! those who review it.
//!
//! In: the text of a baseline, or the findings of a run. Out: the text, which stays as it is while the same is found: no
//! lines, sorted. What a run did not do ([`Stage::Manifests`]) is never part of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::{fs, mem};

use camino::Utf8Path;
use serde::{Deserialize, Serialize};

use super::has_run;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Error, Stage, fingerprints};
use crate::source::Sources;

/// Grows when a program of before could not read the file.
const VERSION: u32 = 1;

/// Known findings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    /// By their fingerprints.
    entries: BTreeMap<String, Entry>,
}

/// A known finding. Only the fingerprint says which one; the rest is for people.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Entry {
    /// From the top of the repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    code: String,
    message: String,
    fingerprint: String,
}

#[derive(Deserialize)]
struct Version {
    version: u32,
}

#[derive(Deserialize)]
struct Written {
    findings: Vec<Entry>,
}

impl Baseline {
    /// The findings that count, to be known from now on.
    #[must_use]
    pub fn of(diagnostics: &Diagnostics, sources: &Sources) -> Self {
        let found: Vec<_> = diagnostics
            .iter()
            .filter(|found| can_be_known(found))
            .collect();
        let names = fingerprints(found.iter().copied(), sources);
        let entries = found.iter().zip(names).map(|(found, fingerprint)| {
            let path = found
                .location
                .as_ref()
                .map(|location| sources.path_in_repository(location.file).into_string());
            let entry = Entry {
                path,
                code: found.code.id().to_owned(),
                message: found.message.to_string(),
                fingerprint: fingerprint.clone(),
            };
            (fingerprint, entry)
        });
        Self {
            entries: entries.collect(),
        }
    }

    /// Reads a baseline.
    ///
    /// # Errors
    ///
    /// [`Error::Baseline`] when there is no such file, [`Error::BaselineContent`] when it is not what this version writes.
    pub fn read(path: &Utf8Path) -> Result<Self, Error> {
        let text = fs::read_to_string(path).map_err(|source| Error::Baseline {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text).map_err(|message| Error::BaselineContent {
            path: path.to_owned(),
            message,
        })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let Version { version } = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if version != VERSION {
            return Err(format!(
                "it is of version {version}, and this program knows version {VERSION}"
            ));
        }
        let Written { findings } = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let entries = findings.into_iter();
        let entries = entries.map(|entry| (entry.fingerprint.clone(), entry));
        Ok(Self {
            entries: entries.collect(),
        })
    }

    /// How many findings it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The file: JSON, a finding a line.
    #[must_use]
    pub fn text(&self) -> String {
        let sorted: BTreeSet<&Entry> = self.entries.values().collect();
        let mut text = format!("{{\n  \"version\": {VERSION},\n  \"findings\": [");
        for (index, entry) in sorted.into_iter().enumerate() {
            let separator = if index == 0 { "" } else { "," };
            let entry = serde_json::to_string(entry).unwrap_or_default();
            let _ = write!(text, "{separator}\n    {entry}");
        }
        text += if self.is_empty() {
            "]\n}\n"
        } else {
            "\n  ]\n}\n"
        };
        text
    }

    /// Takes out the findings it holds. Out come their number, and the number of those that are not there any more
    /// though a run up to this stage looks for them.
    pub fn apply(
        &self,
        diagnostics: &mut Diagnostics,
        sources: &Sources,
        last: Stage,
    ) -> (usize, usize) {
        let names = {
            let found = diagnostics.iter().filter(|found| can_be_known(found));
            fingerprints(found, sources)
        };
        let mut names = names.into_iter();
        let mut known = BTreeSet::new();
        for found in mem::take(diagnostics) {
            let name = can_be_known(&found).then(|| names.next()).flatten();
            match name.and_then(|name| self.entries.get_key_value(&name)) {
                Some((name, _)) => {
                    known.insert(name);
                }
                None => diagnostics.push(found),
            }
        }
        let is_gone = |entry: &&Entry| {
            let code = Code::named(&entry.code);
            !known.contains(&entry.fingerprint)
                && code.is_none_or(|code| has_run(code.stage(), last))
        };
        (known.len(), self.entries.values().filter(is_gone).count())
    }
}

fn can_be_known(found: &Diagnostic) -> bool {
    found.code.stage() != Stage::Manifests
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: Option<&str>, message: &str) -> (String, Entry) {
        let entry = Entry {
            path: path.map(str::to_owned),
            code: "wrong-kind".to_owned(),
            message: message.to_owned(),
            fingerprint: format!("{message}!"),
        };
        (entry.fingerprint.clone(), entry)
    }

    #[test]
    fn what_is_written_is_read_and_sorted() {
        let entries = [
            entry(Some("b"), "1\n\"2"),
            entry(Some("a"), "3"),
            entry(None, "4"),
        ];
        let baseline = Baseline {
            entries: entries.into(),
        };
        let text = baseline.text();
        assert_eq!(Baseline::parse(&text), Ok(baseline));
        let order: Vec<_> = ["\"4\"", "\"3\"", "\"1\\n"]
            .map(|part| text.find(part))
            .into();
        assert!(order.is_sorted() && !order.contains(&None), "{text}");
        let empty = Baseline::default();
        assert_eq!(Baseline::parse(&empty.text()), Ok(empty));
    }

    #[test]
    fn another_version_is_refused_before_anything_else() {
        let fault = Baseline::parse("{\"version\": 7, \"sins\": []}").err();
        assert!(fault.is_some_and(|fault| fault.contains("version 7")));
        assert!(Baseline::parse("[]").is_err());
    }
}
