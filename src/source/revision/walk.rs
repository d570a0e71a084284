//! Collects the files of a tree, with the rules of its `.gitignore` files.
//!
//! In: a tree. Out: its entries, unsorted, and paths that are no UTF-8.

use std::io;
use std::path::Path;
use std::sync::Arc;

use camino::Utf8PathBuf;
use git2::{Oid, Repository, Tree};

use super::{Entry, Kind, MAX_ENTRIES, MAX_PATH_BYTES, blob, find_tree, is_checked_out};
use crate::source::ignores::Ignores;
use crate::source::{MAX_FILE_BYTES, is_skipped_folder};

/// Collects the entries of a tree. Folders wait in a list, so that no depth can exhaust the stack.
#[derive(Default)]
pub(super) struct Walk {
    pub(super) entries: Vec<Entry>,
    pub(super) unreadable: Vec<Utf8PathBuf>,
    seen: usize,
    waiting: Vec<Folder>,
}

/// A folder to be walked.
struct Folder {
    id: Oid,
    /// With a slash at its end; empty for the root.
    path: Vec<u8>,
    is_listed: bool,
    ignores: Option<Arc<Ignores>>,
}

impl Walk {
    pub(super) fn run(&mut self, repository: &Repository, root: &Tree<'_>) -> io::Result<()> {
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
            folder.ignores = folder.rules(repository, &tree)?;
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

    /// The rules that hold in it: those of its own file as well.
    fn rules(&self, repository: &Repository, tree: &Tree<'_>) -> io::Result<Option<Arc<Ignores>>> {
        let above = self.ignores.clone();
        let entry = tree.get_name(".gitignore");
        let Some(entry) = entry.filter(|entry| entry.filemode_raw() & 0o170_000 == 0o100_000)
        else {
            return Ok(above);
        };
        let text = blob(repository, entry.id(), MAX_FILE_BYTES)?;
        let path = String::from_utf8_lossy(&self.path);
        let path = Path::new(path.trim_end_matches('/'));
        Ok(Ignores::of(path, &text, above))
    }

    fn ignores(&self, path: &[u8], is_folder: bool) -> bool {
        let path = String::from_utf8_lossy(path);
        let rules = self.ignores.as_ref();
        rules.is_some_and(|rules| rules.leave_out(Path::new(&*path), is_folder))
    }
}
