//! The folders of a work tree, walked once for everybody who looks for files.
//!
//! In: a folder on the disk. Out: its folders with the names of their files, and of those the files that somebody wants.
//! Symbolic links are never followed, and neither `.git` nor a repository inside the repository is part of it.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;

use super::ignores::Ignores;
use super::{Fault, FaultKind, Listing, MAX_FILE_BYTES, is_skipped_folder};

/// What a walk has met. Files have not been held against `.gitignore` yet: most are wanted by nobody.
#[derive(Debug, Default)]
pub(super) struct Folders {
    /// Those with files, sorted by the bytes of their paths.
    met: Vec<Folder>,
    /// Files whose paths are not UTF-8, and the rules for them.
    strange: Vec<(PathBuf, Option<Arc<Ignores>>)>,
    /// Repositories inside the repository.
    inner: HashSet<Utf8PathBuf>,
    faults: Vec<Fault>,
}

#[derive(Debug)]
struct Folder {
    /// From the root, which is empty.
    path: Box<Utf8Path>,
    /// The names of its files, with a slash between them.
    files: Box<str>,
    ignores: Option<Arc<Ignores>>,
}

/// A folder that is to be read, and the rules above it.
struct Unread {
    path: PathBuf,
    ignores: Option<Arc<Ignores>>,
}

impl Folders {
    /// Walks the same files whatever the machine's git configuration and the folders above the root say; one level after
    /// the other, so that no depth exhausts a stack.
    ///
    /// # Errors
    ///
    /// When the root cannot be read.
    pub(super) fn walk(root: &Utf8Path, is_repository: bool) -> io::Result<Self> {
        let mut all = Self::default();
        let top = Unread {
            path: PathBuf::new(),
            ignores: None,
        };
        // The root itself may hold a `.git`.
        let mut level = all.add(&top, top.read(root, false)?);
        while !level.is_empty() {
            let read = level.into_par_iter().map(|folder| {
                let contents = folder.read(root, is_repository);
                (folder, contents)
            });
            let read: Vec<_> = read.collect();
            level = Vec::new();
            for (folder, contents) in read {
                match contents {
                    Ok(contents) => level.extend(all.add(&folder, contents)),
                    Err(error) => all.faults.push(unreadable(&folder.path, &error)),
                }
            }
        }
        all.met
            .par_sort_unstable_by(|a, b| a.path.as_str().cmp(b.path.as_str()));
        Ok(all)
    }

    /// Takes in what a folder holds; what comes out are the folders in it.
    fn add(&mut self, folder: &Unread, contents: Contents) -> Vec<Unread> {
        let path = Utf8Path::from_path(&folder.path);
        if contents.is_repository {
            self.inner.extend(path.map(Utf8Path::to_owned));
            return Vec::new();
        }
        let ignores = contents.ignores;
        let strange = contents.strange.into_iter();
        let strange = strange.map(|name| (folder.path.join(name), ignores.clone()));
        self.strange.extend(strange);
        self.faults.extend(contents.faults);
        match path {
            _ if contents.files.is_empty() => {}
            Some(path) => self.met.push(Folder {
                path: path.into(),
                files: contents.files.into(),
                ignores: ignores.clone(),
            }),
            None => {
                let files = contents.files.split('/');
                let files = files.map(|name| (folder.path.join(name), ignores.clone()));
                self.strange.extend(files);
            }
        }
        let below = contents.folders.into_iter();
        below
            .map(|path| Unread {
                path,
                ignores: ignores.clone(),
            })
            .collect()
    }

    /// The files that are wanted, in the order of the bytes of their paths.
    pub(super) fn list(&self, is_wanted: impl Fn(&Utf8Path) -> bool + Sync) -> Listing {
        let met = self.met.par_iter();
        let mut paths: Vec<_> = met
            .flat_map_iter(|folder| folder.wanted(&is_wanted))
            .collect();
        paths.par_sort_unstable_by(|a, b| a.as_str().cmp(b.as_str()));
        let strange = self.strange.iter().filter_map(|(path, ignores)| {
            let shown = shown(path);
            // Only a descriptor is worth a word.
            let is_wanted = is_wanted(&shown) && !leave_out(ignores.as_ref(), path, false);
            let kind = FaultKind::NonUtf8;
            is_wanted.then_some(Fault { path: shown, kind })
        });
        let mut faults: Vec<_> = self.faults.iter().cloned().chain(strange).collect();
        faults.sort_unstable();
        Listing { paths, faults }
    }

    /// Whether the walk has met a folder and files in it: then no link leads there.
    pub(super) fn has_met(&self, folder: &Utf8Path) -> bool {
        let met = |met: &Folder| met.path.as_str().cmp(folder.as_str());
        self.met.binary_search_by(met).is_ok()
    }

    /// Whether a path leads into another repository.
    pub(super) fn is_inner(&self, path: &Utf8Path) -> bool {
        !self.inner.is_empty() && path.ancestors().any(|above| self.inner.contains(above))
    }
}

impl Folder {
    fn wanted(&self, is_wanted: &impl Fn(&Utf8Path) -> bool) -> Vec<Utf8PathBuf> {
        let mut path = self.path.to_string();
        if !path.is_empty() {
            path.push('/');
        }
        let start = path.len();
        let mut wanted = Vec::new();
        for name in self.files.split('/') {
            path.truncate(start);
            path.push_str(name);
            let path = Utf8Path::new(&path);
            if is_wanted(path) && !leave_out(self.ignores.as_ref(), path.as_std_path(), false) {
                wanted.push(path.to_owned());
            }
        }
        wanted
    }
}

/// What is in a folder.
#[derive(Default)]
struct Contents {
    /// Those to be read, by their paths from the root.
    folders: Vec<PathBuf>,
    /// Names, with a slash between them.
    files: String,
    /// Names that are not UTF-8.
    strange: Vec<OsString>,
    /// The rules that hold in it.
    ignores: Option<Arc<Ignores>>,
    /// Whether it is another repository.
    is_repository: bool,
    faults: Vec<Fault>,
}

impl Unread {
    fn read(&self, root: &Utf8Path, may_be_repository: bool) -> io::Result<Contents> {
        let full = root.as_std_path().join(&self.path);
        let mut contents = Contents::default();
        let mut folders = Vec::new();
        let mut has_rules = false;
        let mut git = Vec::new();
        for entry in fs::read_dir(&full)? {
            let (name, kind) =
                match entry.and_then(|entry| Ok((entry.file_name(), entry.file_type()?))) {
                    Ok(read) => read,
                    Err(error) => {
                        contents.faults.push(unreadable(&self.path, &error));
                        continue;
                    }
                };
            has_rules |= name == ".gitignore";
            let bytes = name.as_encoded_bytes();
            if bytes.eq_ignore_ascii_case(b".git") {
                git.push((name, kind.is_dir()));
            } else if kind.is_dir() {
                if !is_skipped_folder(bytes) {
                    folders.push(self.path.join(name));
                }
            } else if kind.is_file() {
                match name.to_str() {
                    Some(name) if contents.files.is_empty() => contents.files.push_str(name),
                    Some(name) => {
                        contents.files.push('/');
                        contents.files.push_str(name);
                    }
                    None => contents.strange.push(name),
                }
            }
        }
        contents.ignores.clone_from(&self.ignores);
        if has_rules && let Some(text) = rules(&full.join(".gitignore")) {
            contents.ignores = Ignores::of(&self.path, &text, contents.ignores);
        }
        let is_left_out =
            |path: &Path, is_folder| leave_out(contents.ignores.as_ref(), path, is_folder);
        let mut git = git.iter();
        contents.is_repository = may_be_repository
            && git.any(|(name, is_folder)| !is_left_out(&self.path.join(name), *is_folder));
        folders.retain(|folder| !is_left_out(folder, true));
        contents.folders = folders;
        Ok(contents)
    }
}

/// The text of a file of rules, as far as it can be read.
fn rules(path: &Path) -> Option<Vec<u8>> {
    let is_file = path.metadata().is_ok_and(|metadata| metadata.is_file());
    let file = is_file.then(|| File::open(path).ok())??;
    let mut text = Vec::new();
    let _ = file.take(MAX_FILE_BYTES).read_to_end(&mut text);
    Some(text)
}

fn leave_out(ignores: Option<&Arc<Ignores>>, path: &Path, is_folder: bool) -> bool {
    ignores.is_some_and(|ignores| ignores.leave_out(path, is_folder))
}

fn unreadable(path: &Path, error: &io::Error) -> Fault {
    Fault {
        path: shown(path),
        kind: FaultKind::Unreadable(error.kind().to_string()),
    }
}

fn shown(path: &Path) -> Utf8PathBuf {
    path.to_string_lossy().into_owned().into()
}

#[cfg(test)]
mod tests;
