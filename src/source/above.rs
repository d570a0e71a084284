//! What stands around a root that is a part of its repository: files that speak for the whole repository, such as
//! CODEOWNERS.
//!
//! In: a path from the top of the repository. Out: a file of the run, where there is one. Nothing outside the repository
//! is read, and symbolic links are not followed.

use std::io;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use super::repository::Home;
use super::{Around, FileId, MAX_FILE_BYTES, RootId, Sources};

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
        let folder = match self.folder_below_top(root) {
            Some(folder) => folder,
            None => self.folder_in_repository(root),
        };
        joined(folder, self.path(file))
    }

    /// The file at a path from the top of the repository of a root, also where that is above the root; `None` where no
    /// file is.
    pub fn add_in_repository(&mut self, root: RootId, path: &Utf8Path) -> Option<FileId> {
        let Some(folder) = self.folder_below_top(root) else {
            return self.is_file(root, path).then(|| self.add(root, path));
        };
        if let Ok(inside) = path.strip_prefix(folder) {
            return self.is_file(root, inside).then(|| self.add(root, inside));
        }
        let depth = folder.components().count();
        let up: Utf8PathBuf = std::iter::repeat_n("..", depth).collect();
        self.read_above(root, path).ok()?;
        let file = self.add(root, &up.join(path));
        self.above.insert(file, path.to_owned());
        Some(file)
    }

    pub(super) fn read_above(&self, root: RootId, path: &Utf8Path) -> io::Result<Vec<u8>> {
        let root = &self.root(root).path;
        let around = Around::of(root, self.revision.as_deref()).map_err(io::Error::other)?;
        let read = around.read(path, MAX_FILE_BYTES)?;
        read.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    /// Where a root stands in its repository, unless that is its top.
    fn folder_below_top(&self, root: RootId) -> Option<&Utf8Path> {
        let folder = self.folders.get(root.0 as usize)?;
        Some(folder.as_path()).filter(|folder| *folder != "")
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
