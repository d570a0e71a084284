//! The files of a git revision, read from the repository: no checkout, bare repositories included.
//!
//! In: a folder and the name of a revision. Out: the same files as in a work tree of that revision, in the bytes that
//! git stores. Symbolic links and submodules are never followed. Whatever a tree holds that git would not check out is
//! not there.

use std::fmt;
use std::io;
use std::rc::Rc;
use std::sync::{Mutex, PoisonError};

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use git2::{ErrorCode, ObjectType, Oid, Repository, Tree};
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::git::{self, PARTIAL};
use super::repository::Layout;
use super::{Fault, FaultKind, Listing, MAX_FILE_BYTES, RootError, is_skipped_folder};

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

    pub(super) fn read(&self, path: &Utf8Path) -> io::Result<Vec<u8>> {
        let id = self.find(path)?.id;
        self.with_repository(|repository| blob(repository, id))
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
fn blob(repository: &Repository, id: Oid) -> io::Result<Vec<u8>> {
    let unreadable = |error: git2::Error| match error.code() {
        ErrorCode::NotFound => io::Error::other(format!("its content {PARTIAL}: {REMEDY}")),
        _ => io::Error::other(error.message().to_owned()),
    };
    let odb = repository.odb().map_err(unreadable)?;
    let (length, _) = odb.read_header(id).map_err(unreadable)?;
    if length as u64 > MAX_FILE_BYTES {
        return Err(io::Error::from(io::ErrorKind::FileTooLarge));
    }
    let object = odb.read(id).map_err(unreadable)?;
    Ok(object.data().to_vec())
}

/// The tree that a revision names, or why there is none.
fn tree<'a>(repository: &'a Repository, revision: &str) -> Result<Tree<'a>, String> {
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

/// Collects the entries of a tree. Folders wait in a list, so that no depth can exhaust the stack.
#[derive(Default)]
struct Walk {
    entries: Vec<Entry>,
    unreadable: Vec<Utf8PathBuf>,
    seen: usize,
    waiting: Vec<Folder>,
}

/// A folder to be walked.
struct Folder {
    id: Oid,
    /// With a slash at its end; empty for the root.
    path: Vec<u8>,
    is_listed: bool,
    ignores: Option<Rc<Ignores>>,
}

impl Walk {
    fn run(&mut self, repository: &Repository, root: &Tree<'_>) -> io::Result<()> {
        self.waiting.push(Folder {
            id: root.id(),
            path: Vec::new(),
            is_listed: true,
            ignores: None,
        });
        while let Some(folder) = self.waiting.pop() {
            self.folder(repository, folder)?;
        }
        Ok(())
    }

    fn folder(&mut self, repository: &Repository, mut folder: Folder) -> io::Result<()> {
        let tree = find_tree(repository, folder.id)?;
        if folder.is_listed {
            folder.ignores = Ignores::of(repository, &tree, &folder)?;
        }
        self.seen += tree.len();
        if self.seen > MAX_ENTRIES {
            let message = format!("it has more than {MAX_ENTRIES} files and folders");
            return Err(io::Error::other(message));
        }
        for entry in &tree {
            let name = entry.name_bytes();
            let path = [&folder.path, name].concat();
            if !is_checked_out(name) || path.len() > MAX_PATH_BYTES {
                continue;
            }
            // The mode tells, not the kind of the object: a link is a blob as well.
            match entry.filemode_raw() & 0o170_000 {
                0o040_000 => self.waiting.push(folder.below(entry.id(), name, path)),
                0o120_000 => self.entry(path, entry.id(), Kind::Link, false),
                0o160_000 => self.entry(path, entry.id(), Kind::Submodule, false),
                0o100_000 => {
                    let is_listed = folder.is_listed && !folder.ignores(&path, false);
                    self.entry(path, entry.id(), Kind::File, is_listed);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn entry(&mut self, path: Vec<u8>, id: Oid, kind: Kind, is_listed: bool) {
        match String::from_utf8(path) {
            Ok(path) => self.entries.push(Entry {
                path,
                id,
                kind,
                is_listed,
            }),
            Err(error) if is_listed => {
                let shown = String::from_utf8_lossy(error.as_bytes()).into_owned();
                self.unreadable.push(shown.into());
            }
            Err(_) => {}
        }
    }
}

impl Folder {
    fn below(&self, id: Oid, name: &[u8], mut path: Vec<u8>) -> Self {
        let is_listed = self.is_listed && !is_skipped_folder(name) && !self.ignores(&path, true);
        path.push(b'/');
        Self {
            id,
            path,
            is_listed,
            ignores: self.ignores.clone(),
        }
    }

    fn ignores(&self, path: &[u8], is_folder: bool) -> bool {
        self.ignores
            .as_ref()
            .is_some_and(|ignores| ignores.ignore(&String::from_utf8_lossy(path), is_folder))
    }
}

/// Whether git would make a file or folder of this name.
fn is_checked_out(name: &[u8]) -> bool {
    !matches!(name, b"" | b"." | b"..")
        && !name.contains(&b'/')
        && !name.eq_ignore_ascii_case(b".git")
}

/// The rules of `.gitignore` files, from a folder up to the root. In a revision everything is tracked; the rules hold
/// all the same, because they hold in a work tree.
struct Ignores {
    rules: Gitignore,
    above: Option<Rc<Self>>,
}

/// Stands for the root, because the matcher wants to see where a file of rules is.
const TOP: &str = "/root/";

impl Ignores {
    /// The rules of a folder and of those above it.
    fn of(
        repository: &Repository,
        tree: &Tree<'_>,
        folder: &Folder,
    ) -> io::Result<Option<Rc<Self>>> {
        let above = folder.ignores.clone();
        let entry = tree.get_name(".gitignore");
        let Some(entry) = entry.filter(|entry| entry.filemode_raw() & 0o170_000 == 0o100_000)
        else {
            return Ok(above);
        };
        let text = blob(repository, entry.id())?;
        let place = format!("{TOP}{}", String::from_utf8_lossy(&folder.path));
        let rules = rules(place.trim_end_matches('/'), &text);
        Ok(Some(Rc::new(Self { rules, above })))
    }

    /// The nearest rule counts.
    fn ignore(&self, path: &str, is_folder: bool) -> bool {
        let path = format!("{TOP}{path}");
        let mut next = Some(self);
        while let Some(ignores) = next {
            match ignores.rules.matched(&path, is_folder) {
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
                Match::None => next = ignores.above.as_deref(),
            }
        }
        false
    }
}

/// Reads rules as the walk of a work tree does: up to the first line that is not UTF-8, without those that are no
/// globs (`ignore`, `GitignoreBuilder::add`).
fn rules(folder: &str, text: &[u8]) -> Gitignore {
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
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}
