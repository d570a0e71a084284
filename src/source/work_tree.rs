//! The files of a folder on the disk.
//!
//! In: a folder. Out: the paths of its files and their bytes. Symbolic links are never followed, and neither `.git`
//! nor a repository inside the repository is part of it.

use std::fs::Metadata;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use ignore::{DirEntry, WalkBuilder, WalkState};

use super::{Fault, FaultKind, Listing, Site, is_skipped_folder};

/// A folder on the disk.
#[derive(Debug)]
pub(super) struct WorkTree {
    folder: Utf8PathBuf,
    /// Whether it is a repository or a part of one. Repositories in it are then submodules or strangers; below a
    /// folder that is none they are what was asked for.
    is_repository: bool,
    /// Repositories that the walk has met, by their paths from the folder.
    inner: Vec<Utf8PathBuf>,
}

impl WorkTree {
    pub(super) fn new(folder: Utf8PathBuf, is_repository: bool) -> Self {
        Self {
            folder,
            is_repository,
            inner: Vec::new(),
        }
    }

    /// The files that are wanted, in the order of the bytes of their paths.
    pub(super) fn list(
        &mut self,
        is_wanted: impl Fn(&Utf8Path) -> bool + Sync,
    ) -> io::Result<Listing> {
        std::fs::read_dir(&self.folder)?;
        let folder = &self.folder;
        let collected: Mutex<Listing> = Mutex::default();
        let inner: Arc<Mutex<Vec<Utf8PathBuf>>> = Arc::default();
        self.walker(&inner).build_parallel().run(|| {
            Box::new(|entry| {
                let result = match entry {
                    Ok(entry) => wanted(folder, &entry, &is_wanted),
                    Err(error) => Some(Err(unreadable(folder, &error))),
                };
                if let Some(result) = result {
                    let mut collected = collected.lock().unwrap_or_else(PoisonError::into_inner);
                    match result {
                        Ok(path) => collected.paths.push(path),
                        Err(fault) => collected.faults.push(fault),
                    }
                }
                WalkState::Continue
            })
        });
        let mut listing = collected
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        self.inner = std::mem::take(&mut inner.lock().unwrap_or_else(PoisonError::into_inner));
        if !self.inner.is_empty() {
            listing.paths.retain(|path| !self.is_inner(path));
        }
        listing
            .paths
            .sort_unstable_by(|a, b| a.as_str().cmp(b.as_str()));
        listing.faults.sort_unstable();
        Ok(listing)
    }

    /// Walks the same files whatever the machine's git configuration and the folders above the root say.
    fn walker(&self, inner: &Arc<Mutex<Vec<Utf8PathBuf>>>) -> WalkBuilder {
        let mut walker = WalkBuilder::new(&self.folder);
        let inner = self.is_repository.then(|| Arc::clone(inner));
        let folder = self.folder.clone();
        walker
            .standard_filters(false)
            .git_ignore(true)
            .require_git(false)
            .follow_links(false)
            .filter_entry(move |entry| {
                let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
                let name = entry.file_name().as_encoded_bytes();
                let is_git = name.eq_ignore_ascii_case(b".git");
                if is_git
                    && entry.depth() > 1
                    && let Some(inner) = &inner
                    && let Some(above) = entry.path().parent()
                    && let Ok(above) = above.strip_prefix(&folder)
                    && let Some(above) = Utf8Path::from_path(above)
                {
                    let mut inner = inner.lock().unwrap_or_else(PoisonError::into_inner);
                    inner.push(above.to_owned());
                }
                entry.depth() == 0 || !(is_git || is_folder && is_skipped_folder(name))
            });
        walker
    }

    fn is_inner(&self, path: &Utf8Path) -> bool {
        self.inner.iter().any(|inner| path.starts_with(inner))
    }

    pub(super) fn is_file(&self, path: &Utf8Path) -> bool {
        self.file(path).is_ok()
    }

    /// What stands at a path.
    pub(super) fn site(&self, path: &Utf8Path) -> io::Result<Site> {
        let taken = |reason: &str| Ok(Site::Taken(reason.to_owned()));
        let mut full = self.folder.clone();
        let mut parts = path.components().peekable();
        while let Some(part) = parts.next() {
            match part {
                Utf8Component::Normal(name) if !name.eq_ignore_ascii_case(".git") => {
                    full.push(name);
                }
                _ => return taken("it is not inside the root, or in `.git`"),
            }
            let metadata = match full.symlink_metadata() {
                Ok(metadata) => metadata,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Site::Free),
                Err(error) => return Err(error),
            };
            let is_last = parts.peek().is_none();
            if metadata.is_symlink() && is_last {
                return taken("it is a symbolic link");
            } else if metadata.is_symlink() {
                let above = self.inside(&full);
                return Ok(Site::Taken(format!("`{above}` is a symbolic link")));
            } else if is_last && metadata.is_file() {
                return Ok(Site::File);
            } else if is_last {
                return taken("it is not a file");
            } else if !metadata.is_dir() {
                let above = self.inside(&full);
                return Ok(Site::Taken(format!("`{above}` is not a folder")));
            }
        }
        taken("it has no name")
    }

    fn inside<'a>(&self, path: &'a Utf8Path) -> &'a Utf8Path {
        path.strip_prefix(&self.folder).unwrap_or(path)
    }

    /// The files of a folder at the top; `None` where it is no folder, or a link to one.
    pub(super) fn below(&self, name: &str) -> io::Result<Option<Self>> {
        let folder = self.folder.join(name);
        match folder.symlink_metadata() {
            Ok(metadata) if metadata.is_dir() => Ok(Some(Self::new(folder, self.is_repository))),
            Ok(_) => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn read(&self, path: &Utf8Path, limit: u64) -> io::Result<Vec<u8>> {
        let (full, metadata) = self.file(path)?;
        let mut bytes = Vec::with_capacity(usize::try_from(metadata.len().min(limit)).unwrap_or(0));
        std::fs::File::open(&full)?
            .take(limit + 1)
            .read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        Ok(bytes)
    }

    fn file(&self, path: &Utf8Path) -> io::Result<(Utf8PathBuf, Metadata)> {
        let not_found = |why| io::Error::new(io::ErrorKind::NotFound, why);
        let mut full = self.folder.clone();
        for part in path.components() {
            match part {
                // It holds what nobody meant to publish, such as the tokens of a CI job.
                Utf8Component::Normal(name) if name.eq_ignore_ascii_case(".git") => {
                    return Err(not_found("`.git` is not part of the repository"));
                }
                Utf8Component::Normal(_) | Utf8Component::CurDir => full.push(part),
                _ => return Err(not_found("leads out of the root")),
            }
            // In the words of a revision, which has no operating system to blame.
            let metadata = full
                .symlink_metadata()
                .map_err(|error| match error.kind() {
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                        not_found("there is no such file")
                    }
                    _ => error,
                })?;
            if metadata.is_symlink() {
                return Err(not_found("symbolic links are not followed"));
            }
        }
        if self.is_inner(path) {
            return Err(not_found("a submodule is another repository"));
        }
        let metadata = full.metadata()?;
        if metadata.is_file() {
            Ok((full, metadata))
        } else {
            Err(not_found("not a file"))
        }
    }
}

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
    let path = Utf8PathBuf::from(path.to_string_lossy().into_owned());
    let kind = FaultKind::NonUtf8;
    // Only a descriptor is worth a word.
    is_wanted(&path).then_some(Err(Fault { path, kind }))
}

fn unreadable(folder: &Utf8Path, error: &ignore::Error) -> Fault {
    let path = match error {
        ignore::Error::WithPath { path, .. } => path.strip_prefix(folder).unwrap_or(path),
        ignore::Error::WithDepth { err, .. } => return unreadable(folder, err),
        _ => std::path::Path::new(""),
    };
    let reason = error
        .io_error()
        .map_or_else(|| error.to_string(), |error| error.kind().to_string());
    Fault {
        path: path.to_string_lossy().into_owned().into(),
        kind: FaultKind::Unreadable(reason),
    }
}
