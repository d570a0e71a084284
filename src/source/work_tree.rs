//! The files of a folder on the disk.
//!
//! In: a folder. Out: the paths of its files and their bytes. Symbolic links are never followed, and neither `.git`
//! nor a repository inside the repository is part of it.

use std::fs::Metadata;
use std::io::{self, Read};
use std::sync::OnceLock;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use super::folders::Folders;
use super::{Listing, Site};

/// A folder on the disk.
#[derive(Debug)]
pub(super) struct WorkTree {
    folder: Utf8PathBuf,
    /// Whether it is a repository or a part of one. Repositories in it are then submodules or strangers; below a
    /// folder that is none they are what was asked for.
    is_repository: bool,
    /// What is in it, once somebody has asked.
    walked: OnceLock<Folders>,
}

impl WorkTree {
    pub(super) fn new(folder: Utf8PathBuf, is_repository: bool) -> Self {
        Self {
            folder,
            is_repository,
            walked: OnceLock::new(),
        }
    }

    /// The files that are wanted, in the order of the bytes of their paths. The disk is asked the first time only.
    pub(super) fn list(&self, is_wanted: impl Fn(&Utf8Path) -> bool + Sync) -> io::Result<Listing> {
        let walked = if let Some(walked) = self.walked.get() {
            walked
        } else {
            let walked = Folders::walk(&self.folder, self.is_repository)?;
            self.walked.get_or_init(|| walked)
        };
        Ok(walked.list(is_wanted))
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
        let (full, metadata) = if let Some(full) = self.in_folder(path) {
            let metadata = not_linked(&full)?;
            (full, metadata)
        } else {
            self.step_by_step(path)?
        };
        if metadata.is_file() {
            Ok((full, metadata))
        } else {
            Err(not_found("not a file"))
        }
    }

    /// Where a file stands in a folder that the walk has met.
    fn in_folder(&self, path: &Utf8Path) -> Option<Utf8PathBuf> {
        let (folder, name) = (path.parent()?, path.file_name()?);
        let is_met = self.walked.get()?.has_met(folder) && !name.eq_ignore_ascii_case(".git");
        is_met.then(|| self.folder.join(folder).join(name))
    }

    fn step_by_step(&self, path: &Utf8Path) -> io::Result<(Utf8PathBuf, Metadata)> {
        let mut full = self.folder.clone();
        let mut found = None;
        for part in path.components() {
            match part {
                // It holds what nobody meant to publish, such as the tokens of a CI job.
                Utf8Component::Normal(name) if name.eq_ignore_ascii_case(".git") => {
                    return Err(not_found("`.git` is not part of the repository"));
                }
                Utf8Component::Normal(_) | Utf8Component::CurDir => full.push(part),
                _ => return Err(not_found("leads out of the root")),
            }
            found = Some(not_linked(&full)?);
        }
        let walked = self.walked.get();
        if walked.is_some_and(|walked| walked.is_inner(path)) {
            return Err(not_found("a submodule is another repository"));
        }
        let metadata = found.ok_or_else(|| not_found("not a file"))?;
        Ok((full, metadata))
    }
}

/// What stands at a path, in the words of a revision, which has no operating system to blame.
fn not_linked(path: &Utf8Path) -> io::Result<Metadata> {
    match path.symlink_metadata() {
        Ok(metadata) if metadata.is_symlink() => Err(not_found("symbolic links are not followed")),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            Err(not_found("there is no such file"))
        }
        other => other,
    }
}

fn not_found(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

    #[test]
    fn a_file_is_opened_in_the_same_way_before_and_after_a_walk() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let root = Utf8Path::from_path(folder.path()).ok_or("no UTF-8 path")?;
        std::fs::create_dir_all(root.join("a/.git"))?;
        std::fs::create_dir_all(root.join("b/c"))?;
        for path in ["x", "b/x", "b/c/x", "b/.GIT", ".hidden"] {
            std::fs::write(root.join(path), path)?;
        }
        #[cfg(unix)]
        for (target, link) in [("x", "b/link"), ("c", "b/folder"), ("/", "b/out")] {
            std::os::unix::fs::symlink(target, root.join(link))?;
        }
        let tree = WorkTree::new(root.to_owned(), false);
        let paths = [
            "x",
            "b/x",
            "b/c/x",
            "./b/./x",
            "b//x",
            "b/x/.",
            ".hidden",
            "",
            ".",
            "b",
            "b/x/y",
            "b/none",
            "none/x",
            "b/../x",
            "../x",
            "/x",
            "b/.GIT",
            "a/.git",
            "b/link",
            "b/folder",
            "b/folder/x",
            "b/out/etc",
        ];
        let read = || {
            paths.map(|path| {
                let read = tree.read(path.into(), 9);
                assert_eq!(tree.is_file(path.into()), read.is_ok(), "{path}");
                read.map_err(|error| error.to_string())
            })
        };
        let before = read();
        assert_eq!(before.iter().filter(|read| read.is_ok()).count(), 7);
        assert_eq!(tree.list(|_| true)?.paths.len(), 4);
        assert_eq!(read(), before);
        let inner = WorkTree::new(root.to_owned(), true);
        std::fs::write(root.join("a/x"), "")?;
        inner.list(|_| false)?;
        assert!(!inner.is_file("a/x".into()) && inner.is_file("x".into()));
        Ok(())
    }
}
