//! Code owners: who owns the files of a repository, by its CODEOWNERS file.
//!
//! In: descriptors and entities, and the CODEOWNERS files of their roots. Out: owners for descriptors that have none
//! ([`CodeOwners::fill`]), and findings where entities and CODEOWNERS disagree ([`CodeOwners::check`]). Each file is read
//! as its host reads it; no host is asked whether a user or team exists.

mod check;
mod dialect;
mod fill;
mod known;
mod parse;
mod pattern;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;

use rayon::prelude::*;

use self::dialect::Dialect;
use self::parse::{Codeowners, Owner, Rule};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, quoted};
use crate::source::{FileId, Location, Origin, Place, RootId, Sources};

/// What is done with code owners.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// Whether the owner of an entity must be the code owner of its descriptor.
    pub is_checked: bool,
    /// Whether an entity without an owner gets the code owner of its descriptor.
    pub fills: bool,
    /// The entity refs of code owners, such as `group:default/platform` for `@acme/platform`. Case does not matter.
    pub owners: BTreeMap<String, String>,
}

/// The code owners of a run.
#[derive(Debug)]
pub struct CodeOwners<'a> {
    rules: &'a Rules,
    roots: BTreeMap<RootId, OfRoot>,
    /// Descriptors that want an owner and got none, and why.
    unfilled: Vec<(Origin, String)>,
    /// Code owners that were told to be unknown.
    told: BTreeSet<(FileId, String)>,
}

/// The CODEOWNERS file of a root.
#[derive(Debug)]
struct OfRoot {
    file: FileId,
    dialect: Dialect,
    content: Codeowners,
}

impl<'a> CodeOwners<'a> {
    /// Reads the CODEOWNERS file of each root, where the rules ask for it, and tells what its host does not take.
    pub fn read(rules: &'a Rules, sources: &mut Sources, diagnostics: &mut Diagnostics) -> Self {
        let mut owners = Self {
            rules,
            roots: BTreeMap::new(),
            unfilled: Vec::new(),
            told: BTreeSet::new(),
        };
        if !rules.is_checked && !rules.fills {
            return owners;
        }
        let roots: Vec<RootId> = sources.roots().map(|(root, _)| root).collect();
        for root in roots {
            let Some((dialect, file)) = Dialect::of(root, sources) else {
                continue;
            };
            let content = match sources.text(file) {
                Ok(text) => Codeowners::parse(&text, dialect),
                Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                    Codeowners::too_large()
                }
                Err(error) => {
                    let message = format!("cannot read the code owners: {error}");
                    diagnostics.push(Diagnostic::new(Code::UnreadableFile, message).at(Location {
                        file,
                        place: Place::File,
                    }));
                    continue;
                }
            };
            for fault in &content.faults {
                diagnostics.push(
                    Diagnostic::new(Code::InvalidCodeowners, fault.message.as_str())
                        .at(span(file, &fault.bytes))
                        .help(fault.help),
                );
            }
            let of_root = OfRoot {
                file,
                dialect,
                content,
            };
            owners.roots.insert(root, of_root);
        }
        owners
    }

    /// The lines that decide about files; nothing for files of roots without CODEOWNERS.
    fn deciding(
        &self,
        files: impl Iterator<Item = FileId>,
        sources: &Sources,
    ) -> HashMap<FileId, (&OfRoot, Vec<&Rule>)> {
        let files: BTreeSet<FileId> = files.collect();
        let found = files.into_par_iter().filter_map(|file| {
            let of_root = self.roots.get(&sources.root_of(file))?;
            let path = sources.path_in_repository(file);
            Some((file, (of_root, of_root.content.rules(path.as_str()))))
        });
        found.collect()
    }
}

/// Tells that a code owner is nobody known, once; `open` is what stays open by that.
fn tell_unmapped(
    told: &mut BTreeSet<(FileId, String)>,
    owner: &Owner,
    file: FileId,
    open: (Location, &str),
    diagnostics: &mut Diagnostics,
) {
    if !told.insert((file, owner.text.to_lowercase())) {
        return;
    }
    let message = format!("{} is no group or user that is known", quoted(&owner.text));
    let (location, label) = open;
    let found = Diagnostic::new(Code::UnmappedCodeowner, message)
        .at(span(file, &owner.bytes))
        .related(location, label)
        .help(
            "say who it is under `codeowners.owners` in backstage2port.yaml, or let the run know groups and users \
             (`--catalog`)",
        );
    diagnostics.push(found);
}

fn span(file: FileId, bytes: &std::ops::Range<usize>) -> Location {
    Location {
        file,
        place: Place::Span {
            document: None,
            bytes: bytes.clone(),
        },
    }
}

/// Code owners for a message: the first ones.
fn in_words(owners: &[&Owner]) -> String {
    const SHOWN: usize = 3;
    let mut names: Vec<String> = owners
        .iter()
        .take(SHOWN)
        .map(|owner| quoted(&owner.text))
        .collect();
    if owners.len() > SHOWN {
        names.push(format!("{} more", owners.len() - SHOWN));
    }
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => "nobody".to_owned(),
    }
}
