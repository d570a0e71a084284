//! The files of a folder, on the disk or in a revision, for those who look for manifests and not for descriptors.
//!
//! In: a folder, and a revision or none. Out: paths, bytes, and what stands at a path. Nothing is written here.

use std::io;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use super::repository::Layout;
use super::revision::Revision;
use super::work_tree::WorkTree;
use super::{Listing, RootError, RootId, Sources, Tree};

/// The folder of what belongs to a whole root.
pub const PORT_FOLDER: &str = ".port";

/// The largest manifest that is read back, in bytes.
const MAX_MANIFEST_BYTES: u64 = 1 << 30;

/// The files of one folder.
#[derive(Debug)]
pub struct Files(Tree);

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Site {
    /// Nothing: a file could be written.
    Free,
    /// A regular file.
    File,
    /// Something that is no regular file, or stands in the way to it; in words.
    Taken(String),
}

impl Files {
    /// The files of a folder on the disk, which need not exist.
    #[must_use]
    pub fn on_disk(folder: &Utf8Path) -> Self {
        let folder = if folder == "" { ".".into() } else { folder };
        let is_repository = Layout::around(&canonical(folder)).is_some();
        let tree = WorkTree::new(folder.to_owned(), is_repository);
        Self(Tree::Disk(Arc::new(tree)))
    }

    /// The files of a root as it is on the disk, which are not looked for again where a run has listed them; `None` where
    /// the run reads something else.
    #[must_use]
    pub fn of_root(sources: &Sources, root: RootId) -> Option<Self> {
        match &sources.trees[root.0 as usize] {
            Tree::Disk(tree) => Some(Self(Tree::Disk(Arc::clone(tree)))),
            Tree::Revision(_) | Tree::Recorded => None,
        }
    }

    /// The files of a folder in a revision of its repository.
    ///
    /// # Errors
    ///
    /// When the revision cannot be read.
    pub fn of_revision(folder: &Utf8Path, revision: &str) -> Result<Self, RootError> {
        let layout = Layout::around(&canonical(folder));
        let revision = Revision::open(folder, revision, layout.as_ref())?;
        Ok(Self(Tree::Revision(revision)))
    }

    /// The files that are wanted, sorted: those in `.port`, and those elsewhere that are not ignored by git and not below
    /// another hidden folder. None where there is no folder.
    ///
    /// # Errors
    ///
    /// When the folder cannot be read.
    pub fn list(
        &self,
        is_wanted: impl Fn(&Utf8Path) -> bool + Sync,
    ) -> io::Result<Vec<Utf8PathBuf>> {
        let below = |path: &Utf8Path| is_wanted(&Utf8Path::new(PORT_FOLDER).join(path));
        let (elsewhere, in_port) = match &self.0 {
            Tree::Disk(tree) => {
                let elsewhere = match tree.list(&is_wanted) {
                    // Whoever writes there is told.
                    Err(error)
                        if matches!(
                            error.kind(),
                            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                        ) =>
                    {
                        return Ok(Vec::new());
                    }
                    listing => listing?,
                };
                let in_port = tree.below(PORT_FOLDER)?;
                let in_port = in_port.map(|tree| tree.list(below)).transpose()?;
                (elsewhere, in_port.unwrap_or_default())
            }
            Tree::Revision(revision) => {
                let in_port = revision.list_below(PORT_FOLDER, below);
                (revision.list(&is_wanted), in_port)
            }
            Tree::Recorded => (Listing::default(), Listing::default()),
        };
        let in_port = in_port.paths.into_iter();
        let mut paths: Vec<_> = in_port
            .map(|path| Utf8Path::new(PORT_FOLDER).join(path))
            .collect();
        paths.extend(elsewhere.paths);
        paths.sort();
        Ok(paths)
    }

    /// What stands at a path. Links are never followed, and nothing is ever free below one.
    ///
    /// # Errors
    ///
    /// When the disk does not tell.
    pub fn site(&self, path: &Utf8Path) -> io::Result<Site> {
        match &self.0 {
            Tree::Disk(tree) => tree.site(path),
            Tree::Revision(revision) => Ok(revision.site(path)),
            Tree::Recorded => Ok(Site::Free),
        }
    }

    /// The bytes of a regular file.
    ///
    /// # Errors
    ///
    /// As reading gives them.
    pub fn read(&self, path: &Utf8Path) -> io::Result<Vec<u8>> {
        match &self.0 {
            Tree::Disk(tree) => tree.read(path, MAX_MANIFEST_BYTES),
            Tree::Revision(revision) => revision.read(path, MAX_MANIFEST_BYTES),
            Tree::Recorded => Err(io::Error::from(io::ErrorKind::NotFound)),
        }
    }
}

fn canonical(folder: &Utf8Path) -> Utf8PathBuf {
    folder
        .canonicalize_utf8()
        .unwrap_or_else(|_| folder.to_owned())
}
