//! Finds the descriptors of every root by include and exclude patterns.
//!
//! In: roots and patterns. Out: files sorted by root and path, the same on every machine.

use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Error};
use crate::source::{Fault, FaultKind, FileId, Location, Place, RootId, Sources};

/// The files that are descriptors where the user says nothing else.
pub const DEFAULT_INCLUDE: &[&str] = &[
    "catalog-info.yaml",
    "catalog-info.yml",
    "catalog-info.json",
    "*.catalog-info.yaml",
    "*.catalog-info.yml",
    "**/.backstage/*.yaml",
];
/// Names no other tool uses: a file of such a name without an envelope is a mistake.
const EXACT_NAMES: &[&str] = &["catalog-info.yaml", "catalog-info.yml", "catalog-info.json"];

/// Which files of a root are descriptors. A pattern without a slash matches the name of a file at any depth; one with
/// a slash matches the path from the root.
#[derive(Debug, Clone)]
pub struct Patterns {
    include: GlobSet,
    exclude: GlobSet,
}

impl Patterns {
    /// Compiles patterns; no include pattern means [`DEFAULT_INCLUDE`].
    ///
    /// # Errors
    ///
    /// [`Error::Glob`] names the pattern that is no glob.
    pub fn new(include: &[String], exclude: &[String]) -> Result<Self, Error> {
        let default: Vec<String> = DEFAULT_INCLUDE.iter().map(ToString::to_string).collect();
        let include = if include.is_empty() {
            &default
        } else {
            include
        };
        Ok(Self {
            include: glob_set(include)?,
            exclude: glob_set(exclude)?,
        })
    }

    fn matches(&self, path: &Utf8Path) -> bool {
        self.include.is_match(path) && !self.exclude.is_match(path)
    }
}

fn glob_set(patterns: &[String]) -> Result<GlobSet, Error> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let fault = |error: globset::Error| Error::Glob {
            pattern: pattern.clone(),
            message: error.kind().to_string(),
        };
        let rooted = pattern.trim_start_matches("./").trim_start_matches('/');
        let glob = if pattern.contains('/') {
            rooted.to_owned()
        } else {
            format!("**/{rooted}")
        };
        let glob = GlobBuilder::new(&glob)
            .literal_separator(true)
            .build()
            .map_err(fault)?;
        set.add(glob);
    }
    set.build().map_err(|error| Error::Glob {
        pattern: patterns.join(" "),
        message: error.kind().to_string(),
    })
}

/// How a file came to be read. It decides whether a document without an envelope is a mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FoundBy {
    /// Its name says that it is a descriptor, or a Location names it.
    Name,
    /// It matches a pattern that other files may match as well.
    Pattern,
}

/// A file to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// The file.
    pub file: FileId,
    /// How it was found.
    pub by: FoundBy,
}

/// All descriptor files of all roots.
///
/// # Errors
///
/// [`Error::Root`] when a root is no folder that can be read, or a file of a revision is missing in a partial clone. A
/// folder below that cannot be read is a diagnostic.
pub fn descriptors(
    sources: &mut Sources,
    patterns: &Patterns,
    diagnostics: &mut Diagnostics,
) -> Result<Vec<Found>, Error> {
    let roots: Vec<RootId> = sources.roots().map(|(id, _)| id).collect();
    let mut found = Vec::new();
    for root in roots {
        let paths = files(sources, root, |path| patterns.matches(path), diagnostics)?;
        let present = sources.ensure_present(root, &paths);
        present.map_err(|source| unreadable(sources, root, source))?;
        found.extend(paths.iter().map(|path| {
            Found {
                file: sources.add(root, path),
                by: if path
                    .file_name()
                    .is_some_and(|name| EXACT_NAMES.contains(&name))
                {
                    FoundBy::Name
                } else {
                    FoundBy::Pattern
                },
            }
        }));
    }
    Ok(found)
}

/// The files of a root that are wanted, sorted by the bytes of their paths.
///
/// # Errors
///
/// [`Error::Root`] when the root is no folder that can be read.
pub(crate) fn files(
    sources: &mut Sources,
    root: RootId,
    is_wanted: impl Fn(&Utf8Path) -> bool + Sync,
    diagnostics: &mut Diagnostics,
) -> Result<Vec<Utf8PathBuf>, Error> {
    let listed = sources.list(root, is_wanted);
    let listing = listed.map_err(|source| unreadable(sources, root, source))?;
    for Fault { path, kind } in listing.faults {
        let (code, message) = match kind {
            FaultKind::Unreadable(reason) => {
                (Code::UnreadableFile, format!("cannot be read: {reason}"))
            }
            FaultKind::NonUtf8 => {
                let message = "the path is not valid UTF-8, so the file was not read";
                (Code::NonUtf8Path, message.to_owned())
            }
        };
        let file = sources.add(root, &path);
        let place = Place::File;
        diagnostics.push(Diagnostic::new(code, message).at(Location { file, place }));
    }
    Ok(listing.paths)
}

fn unreadable(sources: &Sources, root: RootId, source: io::Error) -> Error {
    Error::Root {
        path: sources.root(root).path.clone(),
        source,
    }
}
