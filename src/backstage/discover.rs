//! Finds the descriptors of every root: include and exclude patterns, `.gitignore`, hidden folders.
//!
//! In: roots and patterns. Out: files sorted by root and path, the same on every machine. Symbolic links are never
//! followed.

use std::sync::Mutex;

use camino::{Utf8Path, Utf8PathBuf};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use ignore::{DirEntry, WalkBuilder, WalkState};

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Error};
use crate::source::{FileId, Location, Place, RootId, Sources};

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
/// The one hidden folder that holds descriptors.
const BACKSTAGE_FOLDER: &str = ".backstage";

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
/// [`Error::Root`] when a root is no folder that can be read. A folder below that cannot be read is a diagnostic.
pub fn descriptors(
    sources: &mut Sources,
    patterns: &Patterns,
    diagnostics: &mut Diagnostics,
) -> Result<Vec<Found>, Error> {
    let roots: Vec<RootId> = sources.roots().map(|(id, _)| id).collect();
    let mut found = Vec::new();
    for root in roots {
        let paths = files(sources, root, |path| patterns.matches(path), diagnostics)?;
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
    let folder = sources.root(root).path.clone();
    let readable = std::fs::read_dir(&folder);
    readable.map_err(|source| Error::Root {
        path: folder.clone(),
        source,
    })?;
    let collected: Mutex<(Vec<Utf8PathBuf>, Vec<Fault>)> = Mutex::default();
    walker(&folder).build_parallel().run(|| {
        Box::new(|entry| {
            let result = match entry {
                Ok(entry) => wanted(&folder, &entry, &is_wanted),
                Err(error) => unreadable(&folder, &error),
            };
            if let (Some(result), Ok(mut collected)) = (result, collected.lock()) {
                match result {
                    Ok(path) => collected.0.push(path),
                    Err(fault) => collected.1.push(fault),
                }
            }
            WalkState::Continue
        })
    });
    let (mut paths, mut faults) = collected.into_inner().unwrap_or_default();
    paths.sort_unstable_by(|a, b| a.as_str().cmp(b.as_str()));
    faults.sort_unstable();
    for (path, code, message) in faults {
        let file = sources.add(root, &path);
        let place = Place::File;
        diagnostics.push(Diagnostic::new(code, message).at(Location { file, place }));
    }
    Ok(paths)
}

/// Walks the same files whatever the machine's git configuration and the folders above the root say.
fn walker(folder: &Utf8Path) -> WalkBuilder {
    let mut walker = WalkBuilder::new(folder);
    walker
        .standard_filters(false)
        .git_ignore(true)
        .require_git(false)
        .follow_links(false)
        .filter_entry(|entry| {
            let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            let name = entry.file_name().as_encoded_bytes();
            let is_hidden = name.starts_with(b".") && name != BACKSTAGE_FOLDER.as_bytes();
            entry.depth() == 0 || !(is_folder && is_hidden)
        });
    walker
}

type Fault = (Utf8PathBuf, Code, String);

fn wanted(
    folder: &Utf8Path,
    entry: &DirEntry,
    is_wanted: &impl Fn(&Utf8Path) -> bool,
) -> Option<Result<Utf8PathBuf, Fault>> {
    if !entry.file_type().is_some_and(|kind| kind.is_file()) {
        return None;
    }
    let path = entry.path().strip_prefix(folder).ok()?;
    if let Some(path) = Utf8Path::from_path(path) {
        return is_wanted(path).then(|| Ok(path.to_owned()));
    }
    let shown = Utf8PathBuf::from(path.to_string_lossy().into_owned());
    // Only a descriptor is worth a word.
    is_wanted(&shown).then(|| {
        let message = "the path is not valid UTF-8, so the file was not read".to_owned();
        Err((shown, Code::NonUtf8Path, message))
    })
}

fn unreadable(folder: &Utf8Path, error: &ignore::Error) -> Option<Result<Utf8PathBuf, Fault>> {
    let path = match error {
        ignore::Error::WithPath { path, .. } => path.strip_prefix(folder).unwrap_or(path),
        ignore::Error::WithDepth { err, .. } => return unreadable(folder, err),
        _ => std::path::Path::new(""),
    };
    let shown = Utf8PathBuf::from(path.to_string_lossy().into_owned());
    let reason = error
        .io_error()
        .map_or_else(|| error.to_string(), |error| error.kind().to_string());
    Some(Err((
        shown,
        Code::UnreadableFile,
        format!("cannot be read: {reason}"),
    )))
}
