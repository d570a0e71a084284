//! The tree of a commit: that of the base, with some files changed.
//!
//! In: a tree and changes. Out: the id of another tree, and the objects it needs that the repository does not have. They
//! are written to the object database as it is given, which the caller keeps in memory. Every other entry keeps its id
//! and its mode, and folders without a change are not even read.

use std::collections::BTreeMap;

use camino::Utf8Path;
use git2::{ErrorCode, ObjectType, Odb, OdbLookupFlags, Oid, Repository, Tree};

use super::Change;
use super::error::BranchError;
use crate::source::git::PARTIAL;

/// The longest path, in bytes; no system checks out a longer one.
const MAX_PATH_BYTES: usize = 4096;
/// The most names in a path. Folders are made by recursion, which must fit every stack.
const MAX_NAMES: usize = 256;

const FILE: i32 = 0o100_644;
const EXECUTABLE: i32 = 0o100_755;
const FOLDER: i32 = 0o040_000;

/// A tree and what it is made of.
pub(super) struct Built {
    pub(super) tree: Oid,
    /// The objects that are new, each with its path.
    pub(super) objects: Vec<(Oid, String)>,
}

/// Makes the tree with these changes; without any, it is the base. Folders that lose their last file vanish.
///
/// `written` is the repository whose objects are kept in memory, `stored` has those on the disk alone.
pub(super) fn build(
    written: &Repository,
    stored: &Repository,
    base: &Tree<'_>,
    changes: &[Change],
) -> Result<Built, BranchError> {
    let odb = |repository| Repository::odb(repository).map_err(BranchError::git("open objects"));
    let mut builder = Builder {
        repository: written,
        memory: odb(written)?,
        disk: odb(stored)?,
        objects: Vec::new(),
    };
    let root = Node::root(changes)?;
    let top = Utf8Path::new("");
    let tree = match builder.folder(top, Some(base), &root.below)? {
        Some(tree) => tree,
        // Only the top may be empty.
        None => builder.empty()?,
    };
    Ok(Built {
        tree,
        objects: builder.objects,
    })
}

/// A name in a folder: the change of the file of this name, and those below the folder of this name. There are both
/// where one makes way for the other.
#[derive(Default)]
struct Node<'a> {
    change: Option<&'a Change>,
    below: BTreeMap<&'a str, Self>,
}

impl<'a> Node<'a> {
    fn root(changes: &'a [Change]) -> Result<Self, BranchError> {
        let mut root = Self::default();
        for change in changes {
            check(&change.path)?;
            let mut node = &mut root;
            for name in change.path.as_str().split('/') {
                node = node.below.entry(name).or_default();
            }
            if node.change.replace(change).is_some() {
                return Err(BranchError::Path {
                    path: change.path.clone(),
                    message: "two changes name it",
                });
            }
        }
        Ok(root)
    }
}

/// Refuses paths that git would not check out, or somewhere else.
fn check(path: &Utf8Path) -> Result<(), BranchError> {
    let text = path.as_str();
    let message = if text.is_empty() {
        "the path is empty"
    } else if text.starts_with('/') {
        "the path is absolute"
    } else if text.len() > MAX_PATH_BYTES || text.split('/').count() > MAX_NAMES {
        "the path is too long"
    } else if text.contains('\0') {
        "the path has a NUL character"
    } else if text.split('/').any(|name| matches!(name, "" | "." | "..")) {
        "the path has a part that is empty, `.` or `..`"
    } else if text.split('/').any(is_git) {
        "the path leads into the repository itself"
    } else {
        return Ok(());
    };
    Err(BranchError::Path {
        path: path.to_owned(),
        message,
    })
}

/// Whether a folder of this name is git's own, on any system: case, and dots and blanks at the end, do not count on
/// some of them, which know it by a short name as well.
fn is_git(name: &str) -> bool {
    let name = name.split(':').next().unwrap_or(name);
    let name = name.trim_end_matches(['.', ' ']);
    name.eq_ignore_ascii_case(".git") || name.eq_ignore_ascii_case("git~1")
}

struct Builder<'r> {
    repository: &'r Repository,
    /// Takes what is written.
    memory: Odb<'r>,
    /// Knows what is there already.
    disk: Odb<'r>,
    objects: Vec<(Oid, String)>,
}

/// Id and mode of an entry of a tree.
type Entry = (Oid, i32);

impl Builder<'_> {
    /// The tree of a folder, `None` for an empty one.
    fn folder(
        &mut self,
        path: &Utf8Path,
        old: Option<&Tree<'_>>,
        changes: &BTreeMap<&str, Node<'_>>,
    ) -> Result<Option<Oid>, BranchError> {
        let failed = BranchError::git("make a tree");
        let mut entries = self.repository.treebuilder(old).map_err(&failed)?;
        let mut is_same = true;
        for (name, node) in changes {
            let entry = old.and_then(|tree| tree.get_name(name));
            let entry = entry.map(|entry| (entry.id(), entry.filemode_raw()));
            let new = self.entry(&path.join(name), entry, node)?;
            if new == entry {
                continue;
            }
            is_same = false;
            match new {
                Some((id, mode)) => drop(entries.insert(*name, id, mode).map_err(&failed)?),
                None => entries.remove(*name).map_err(&failed)?,
            }
        }
        if is_same {
            return Ok(old.map(Tree::id));
        }
        if entries.is_empty() {
            return Ok(None);
        }
        let id = entries.write().map_err(&failed)?;
        self.add(id, path);
        Ok(Some(id))
    }

    /// What stands at a path once the changes are made.
    fn entry(
        &mut self,
        path: &Utf8Path,
        old: Option<Entry>,
        node: &Node<'_>,
    ) -> Result<Option<Entry>, BranchError> {
        let mut entry = old;
        let mut kind = Kind::of(entry, path, node)?;
        if node.change.is_some_and(Change::is_removal) {
            if kind == Kind::Folder {
                return Err(BranchError::obstacle(path, "a folder stands there"));
            }
            (entry, kind) = (None, Kind::Nothing);
        }
        if !node.below.is_empty() {
            let tree = match entry {
                Some(_) if kind == Kind::File => return Err(in_the_way(path, node, "a file")),
                Some((id, _)) => Some(find_tree(self.repository, id)?),
                None => None,
            };
            let id = self.folder(path, tree.as_ref(), &node.below)?;
            entry = id.map(|id| (id, FOLDER));
            kind = entry.map_or(Kind::Nothing, |_| Kind::Folder);
        }
        let Some(contents) = node.change.and_then(|change| change.contents.as_ref()) else {
            return Ok(entry);
        };
        if kind == Kind::Folder {
            return Err(BranchError::obstacle(path, "a folder stands there"));
        }
        let id = Oid::hash_object(ObjectType::Blob, contents.as_bytes())
            .map_err(BranchError::git("hash a file"))?;
        Ok(Some(match entry {
            Some((old, mode)) if old == id => (id, mode),
            Some((_, mode)) => {
                let is_executable = mode & 0o100 != 0;
                let mode = if is_executable { EXECUTABLE } else { FILE };
                (self.blob(path, contents)?, mode)
            }
            None => (self.blob(path, contents)?, FILE),
        }))
    }

    fn blob(&mut self, path: &Utf8Path, contents: &str) -> Result<Oid, BranchError> {
        let id = self
            .memory
            .write(ObjectType::Blob, contents.as_bytes())
            .map_err(BranchError::git("make a file"))?;
        self.add(id, path);
        Ok(id)
    }

    fn empty(&mut self) -> Result<Oid, BranchError> {
        let failed = BranchError::git("make a tree");
        let entries = self.repository.treebuilder(None).map_err(&failed)?;
        let id = entries.write().map_err(&failed)?;
        self.add(id, Utf8Path::new(""));
        Ok(id)
    }

    /// Notes an object that is to be stored. Looking for new packs for each of thousands would take longer than all the
    /// rest; storing one twice does no harm.
    fn add(&mut self, id: Oid, path: &Utf8Path) {
        if !self.disk.exists_ext(id, OdbLookupFlags::NO_REFRESH) {
            self.objects.push((id, path.as_str().to_owned()));
        }
    }
}

/// The tree with this id.
pub(super) fn find_tree(repository: &Repository, id: Oid) -> Result<Tree<'_>, BranchError> {
    repository.find_tree(id).map_err(|error| BranchError::Git {
        doing: "read a tree",
        message: match error.code() {
            ErrorCode::NotFound => format!("the tree {id} {PARTIAL}: clone it without --filter"),
            _ => error.message().to_owned(),
        },
    })
}

/// What stands at a path that changes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Nothing,
    File,
    Folder,
}

impl Kind {
    /// Refuses what no change may touch. The mode tells, not the kind of the object: a link is a blob as well.
    fn of(entry: Option<Entry>, path: &Utf8Path, node: &Node<'_>) -> Result<Self, BranchError> {
        let Some((_, mode)) = entry else {
            return Ok(Self::Nothing);
        };
        match mode & 0o170_000 {
            0o040_000 => Ok(Self::Folder),
            0o100_000 => Ok(Self::File),
            0o120_000 => Err(in_the_way(path, node, "a symbolic link")),
            0o160_000 => Err(in_the_way(path, node, "a submodule")),
            _ => Err(in_the_way(path, node, "something that is no file")),
        }
    }
}

/// The obstacle at this path, told of the first change that it stops.
fn in_the_way(path: &Utf8Path, node: &Node<'_>, what: &str) -> BranchError {
    match (node.change, first(node)) {
        (None, Some(change)) => {
            BranchError::obstacle(&change.path, format!("{what} stands at `{path}`"))
        }
        _ => BranchError::obstacle(path, format!("{what} stands there")),
    }
}

/// The first change below a name.
fn first<'a>(mut node: &Node<'a>) -> Option<&'a Change> {
    while node.change.is_none() {
        node = node.below.values().next()?;
    }
    node.change
}
