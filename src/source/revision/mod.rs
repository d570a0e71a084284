//! The files of a git revision, read from the repository: no checkout, bare repositories included.
//!
//! In: a folder and the name of a revision. Out: the same files as in a work tree of that revision, in the bytes that
//! git stores. Symbolic links and submodules are never followed. Whatever a tree holds that git would not check out is
//! not there.

mod walk;

use std::fmt;
use std::io;
use std::sync::{Mutex, PoisonError};

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use git2::{ErrorCode, ObjectType, Oid, Repository, Tree};

use self::walk::Walk;
use super::git::{self, PARTIAL};
use super::repository::Layout;
use super::{Fault, FaultKind, Listing, RootError, Site};

/// Entries of a tree that are read at most. Equal folders are stored once, so a small repository can hold more files
/// than a disk.
const MAX_ENTRIES: usize = 10_000_000;
/// The longest path, in bytes; no system checks out a longer one.
const MAX_PATH_BYTES: usize = 4096;
const REMEDY: &str =
    "read a work tree of the revision instead (`git worktree add`), or clone without --filter";

/// The files of a revision below one folder.
pub(super) struct Revision {
    /// Where the repository is opened.
    root: Utf8PathBuf,
    /// Sorted by the bytes of their paths.
    entries: Vec<Entry>,
    /// Paths that are not valid UTF-8, as far as they can be shown.
    unreadable: Vec<Utf8PathBuf>,
    /// A repository cannot be shared by threads; each takes one from here, and opens another when there is none.
    repositories: Mutex<Vec<Repository>>,
}

struct Entry {
    path: String,
    id: Oid,
    kind: Kind,
    /// Whether a walk finds it: not ignored, and not below a hidden folder.
    is_listed: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Link,
    Submodule,
}

impl fmt::Debug for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Revision")
            .field("root", &self.root)
            .finish_non_exhaustive()
    }
}

impl Revision {
    /// Lists the files of a revision below a folder, which stands for the same folder of the tree.
    pub(super) fn open(
        root: &Utf8Path,
        revision: &str,
        layout: Option<&Layout>,
    ) -> Result<Self, RootError> {
        let fault = |message: String| RootError::Revision {
            path: root.to_owned(),
            revision: revision.to_owned(),
            message,
        };
        root.metadata().map_err(|source| RootError::Folder {
            path: root.to_owned(),
            source,
        })?;
        let repository =
            git::open(root)
                .map_err(fault)?
                .ok_or_else(|| RootError::NotARepository {
                    path: root.to_owned(),
                    revision: revision.to_owned(),
                })?;
        let folder = layout.map_or(Utf8Path::new(""), |layout| &layout.folder);
        let mut walk = Walk::default();
        let tree = tree(&repository, revision).map_err(fault)?;
        let tree = below(&repository, tree, folder).map_err(fault)?;
        walk.run(&repository, &tree)
            .map_err(|error| fault(error.to_string()))?;
        drop(tree);
        walk.entries.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        walk.entries.dedup_by(|a, b| a.path == b.path);
        Ok(Self {
            root: root.to_owned(),
            entries: walk.entries,
            unreadable: walk.unreadable,
            repositories: Mutex::new(vec![repository]),
        })
    }

    /// The files that are wanted, in the order of their paths.
    pub(super) fn list(&self, is_wanted: impl Fn(&Utf8Path) -> bool) -> Listing {
        let listed = self
            .entries
            .iter()
            .filter(|entry| entry.is_listed && entry.kind == Kind::File);
        let paths = listed.map(|entry| Utf8Path::new(&entry.path));
        let unreadable = self.unreadable.iter().filter(|path| is_wanted(path));
        Listing {
            faults: unreadable
                .map(|path| Fault {
                    path: path.clone(),
                    kind: FaultKind::NonUtf8,
                })
                .collect(),
            paths: paths
                .filter(|path| is_wanted(path))
                .map(Utf8Path::to_owned)
                .collect(),
        }
    }

    /// Makes sure that the contents of these files are there.
    pub(super) fn ensure_present(&self, paths: &[Utf8PathBuf]) -> io::Result<()> {
        self.with_repository(|repository| {
            let odb = repository.odb().map_err(io::Error::other)?;
            let is_missing = |path: &&Utf8PathBuf| {
                let found = self.find(path);
                found.is_ok_and(|entry| !odb.exists(entry.id))
            };
            match paths.iter().find(is_missing) {
                None => Ok(()),
                Some(path) => Err(io::Error::other(format!(
                    "the content of {path} {PARTIAL}: {REMEDY}"
                ))),
            }
        })
    }

    pub(super) fn is_file(&self, path: &Utf8Path) -> bool {
        self.find(path).is_ok()
    }

    pub(super) fn read(&self, path: &Utf8Path, limit: u64) -> io::Result<Vec<u8>> {
        let id = self.find(path)?.id;
        self.with_repository(|repository| blob(repository, id, limit))
    }

    /// The files below a folder at the top, by their paths in it, whether a walk finds them or not.
    pub(super) fn list_below(
        &self,
        folder: &str,
        is_wanted: impl Fn(&Utf8Path) -> bool,
    ) -> Listing {
        let start = format!("{folder}/");
        let first = self
            .entries
            .partition_point(|entry| entry.path.as_str() < start.as_str());
        let entries = self.entries[first..].iter();
        let paths = entries
            .map_while(|entry| Some((entry, entry.path.strip_prefix(&start)?)))
            .filter(|(entry, path)| entry.kind == Kind::File && is_wanted(Utf8Path::new(path)))
            .map(|(_, path)| path.into());
        Listing {
            paths: paths.collect(),
            faults: Vec::new(),
        }
    }

    /// What stands at a path.
    pub(super) fn site(&self, path: &Utf8Path) -> Site {
        let is_plain = |part: Utf8Component<'_>| matches!(part, Utf8Component::Normal(name) if is_checked_out(name.as_bytes()));
        if path == "" || !path.components().all(is_plain) {
            return Site::Taken("it is not inside the root, or in `.git`".to_owned());
        }
        let kind_of = |path: &Utf8Path| {
            let at = self
                .entries
                .binary_search_by(|entry| entry.path.as_str().cmp(path.as_str()));
            at.ok().map(|at| self.entries[at].kind)
        };
        for above in path.ancestors().skip(1).filter(|above| *above != "") {
            let what = match kind_of(above) {
                None => continue,
                Some(Kind::File) => "not a folder",
                Some(Kind::Link) => "a symbolic link",
                Some(Kind::Submodule) => "another repository",
            };
            return Site::Taken(format!("`{above}` is {what}"));
        }
        let start = format!("{path}/");
        let next = self
            .entries
            .partition_point(|entry| entry.path.as_str() < start.as_str());
        let is_folder = self
            .entries
            .get(next)
            .is_some_and(|entry| entry.path.starts_with(&start));
        match kind_of(path) {
            Some(Kind::File) => Site::File,
            Some(Kind::Link) => Site::Taken("it is a symbolic link".to_owned()),
            Some(Kind::Submodule) => Site::Taken("it is not a file".to_owned()),
            None if is_folder => Site::Taken("it is not a file".to_owned()),
            None => Site::Free,
        }
    }

    fn with_repository<T>(&self, run: impl FnOnce(&Repository) -> io::Result<T>) -> io::Result<T> {
        let idle = || {
            self.repositories
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        let taken = idle().pop();
        let repository = match taken {
            Some(repository) => repository,
            None => Repository::discover(&self.root).map_err(io::Error::other)?,
        };
        let result = run(&repository);
        idle().push(repository);
        result
    }

    fn find(&self, path: &Utf8Path) -> io::Result<&Entry> {
        let not_found = |why| Err(io::Error::new(io::ErrorKind::NotFound, why));
        let mut name = String::with_capacity(path.as_str().len());
        for part in path.components() {
            match part {
                Utf8Component::Normal(part) if name.is_empty() => name.push_str(part),
                Utf8Component::Normal(part) => {
                    name.push('/');
                    name.push_str(part);
                }
                Utf8Component::CurDir => {}
                _ => return not_found("leads out of the root"),
            }
        }
        let entry = self
            .entries
            .binary_search_by(|entry| entry.path.as_str().cmp(&name));
        match entry.map(|at| &self.entries[at]) {
            Ok(entry) if entry.kind == Kind::File => Ok(entry),
            Ok(entry) if entry.kind == Kind::Link => not_found("symbolic links are not followed"),
            Ok(_) => not_found("a submodule is another repository"),
            Err(at) => {
                name.push('/');
                let next = self.entries[at..].iter().map(|entry| &entry.path);
                let mut folders =
                    next.take_while(|path| path.starts_with(name.trim_end_matches('/')));
                if folders.any(|path| path.starts_with(&name)) {
                    not_found("not a file")
                } else {
                    not_found("there is no such file")
                }
            }
        }
    }
}

/// The content of a file, if it is not too large.
pub(super) fn blob(repository: &Repository, id: Oid, limit: u64) -> io::Result<Vec<u8>> {
    let unreadable = |error: git2::Error| match error.code() {
        ErrorCode::NotFound => io::Error::other(format!("its content {PARTIAL}: {REMEDY}")),
        _ => io::Error::other(error.message().to_owned()),
    };
    let odb = repository.odb().map_err(unreadable)?;
    let (length, _) = odb.read_header(id).map_err(unreadable)?;
    if length as u64 > limit {
        return Err(io::Error::from(io::ErrorKind::FileTooLarge));
    }
    let object = odb.read(id).map_err(unreadable)?;
    Ok(object.data().to_vec())
}

/// The tree that a revision names, or why there is none.
pub(super) fn tree<'a>(repository: &'a Repository, revision: &str) -> Result<Tree<'a>, String> {
    let object = git::object(repository, revision)?;
    object.peel_to_tree().map_err(|error| match error.code() {
        ErrorCode::NotFound => format!("its tree {PARTIAL}: {REMEDY}"),
        _ => "it names no commit".to_owned(),
    })
}

/// The tree of a folder.
fn below<'a>(
    repository: &'a Repository,
    mut tree: Tree<'a>,
    folder: &Utf8Path,
) -> Result<Tree<'a>, String> {
    for part in folder.components() {
        let entry = tree.get_name(part.as_str());
        let id = entry
            .filter(|entry| entry.kind() == Some(ObjectType::Tree))
            .ok_or_else(|| format!("it has no folder {folder}"))?
            .id();
        tree = find_tree(repository, id).map_err(|error| error.to_string())?;
    }
    Ok(tree)
}

fn find_tree(repository: &Repository, id: Oid) -> io::Result<Tree<'_>> {
    repository
        .find_tree(id)
        .map_err(|error| match error.code() {
            ErrorCode::NotFound => io::Error::other(format!("the tree {id} {PARTIAL}: {REMEDY}")),
            _ => io::Error::other(error.message().to_owned()),
        })
}

/// Whether git would make a file or folder of this name.
fn is_checked_out(name: &[u8]) -> bool {
    !matches!(name, b"" | b"." | b"..")
        && !name.contains(&b'/')
        && !name.eq_ignore_ascii_case(b".git")
}
