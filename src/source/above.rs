//! What stands around a root that is a part of its repository: files that speak for the whole repository, such as
//! CODEOWNERS.
//!
//! In: a path from the top of the repository. Out: a file of the run, where there is one. Nothing outside the repository
//! is read, and symbolic links are not followed.

use std::io;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use super::repository::Home;
use super::work_tree::WorkTree;
use super::{FileId, MAX_FILE_BYTES, RootId, Sources, Tree};

/// The repository that a root is a part of.
#[derive(Debug)]
pub(super) struct Enclosing {
    /// Its top folder.
    top: Utf8PathBuf,
    /// The root, from there.
    folder: Utf8PathBuf,
}

impl Enclosing {
    /// That of a root, given by its canonical path and its folder in the repository; `None` for the top.
    pub(super) fn of(root: &Utf8Path, folder: &Utf8Path) -> Option<Self> {
        let depth = folder.components().count();
        let top = root.ancestors().nth(depth).filter(|_| depth > 0)?;
        Some(Self {
            top: top.to_owned(),
            folder: folder.to_owned(),
        })
    }
}

impl Sources {
    /// The hosts of the repository of a root, in small letters: of the address that the user gave, else of its remotes.
    pub fn hosts(&self, root: RootId) -> impl Iterator<Item = &str> {
        let home = self.homes[root.0 as usize].as_ref();
        home.into_iter().flat_map(Home::hosts)
    }

    /// The path of a file from the top of its repository.
    #[must_use]
    pub fn path_in_repository(&self, file: FileId) -> Utf8PathBuf {
        let root = self.root_of(file);
        let folder = match self.enclosing(root) {
            Some(enclosing) => &enclosing.folder,
            None => self.folder_in_repository(root),
        };
        folder.join(self.path(file))
    }

    /// The file at a path from the top of the repository of a root, also where that is above the root; `None` where no
    /// file is.
    pub fn add_in_repository(&mut self, root: RootId, path: &Utf8Path) -> Option<FileId> {
        let Some(enclosing) = self.enclosing(root) else {
            return self.is_file(root, path).then(|| self.add(root, path));
        };
        if let Ok(inside) = path.strip_prefix(&enclosing.folder) {
            return self.is_file(root, inside).then(|| self.add(root, inside));
        }
        let depth = enclosing.folder.components().count();
        let up: Utf8PathBuf = std::iter::repeat_n("..", depth).collect();
        self.read_above(root, path).ok()?;
        let file = self.add(root, &up.join(path));
        self.above.insert(file, path.to_owned());
        Some(file)
    }

    pub(super) fn read_above(&self, root: RootId, path: &Utf8Path) -> io::Result<Vec<u8>> {
        match (&self.trees[root.0 as usize], self.enclosing(root)) {
            (Tree::WorkTree(_), Some(enclosing)) => {
                WorkTree::new(enclosing.top.clone(), true).read(path, MAX_FILE_BYTES)
            }
            (Tree::Revision(revision), Some(_)) => revision.read_at_top(path, MAX_FILE_BYTES),
            _ => Err(io::Error::from(io::ErrorKind::NotFound)),
        }
    }

    fn enclosing(&self, root: RootId) -> Option<&Enclosing> {
        self.enclosing.get(root.0 as usize)?.as_ref()
    }
}

/// A path that leads up from a folder, without going down to the folder first.
pub(super) fn joined(folder: &Utf8Path, path: &Utf8Path) -> Utf8PathBuf {
    let mut joined = folder.to_owned();
    for part in path.components() {
        match (part, joined.components().next_back()) {
            (Utf8Component::ParentDir, Some(Utf8Component::Normal(_))) => {
                joined.pop();
            }
            _ => joined.push(part),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn a_path_above_a_root_is_shown_without_a_detour() {
        for (folder, path, expected) in [
            ("services", "../CODEOWNERS", "CODEOWNERS"),
            (
                "shop/services",
                "../../.github/CODEOWNERS",
                ".github/CODEOWNERS",
            ),
            (
                "/work/shop/services",
                "../CODEOWNERS",
                "/work/shop/CODEOWNERS",
            ),
            ("..", "../CODEOWNERS", "../../CODEOWNERS"),
        ] {
            assert_eq!(joined(folder.into(), path.into()), expected);
        }
    }
}
