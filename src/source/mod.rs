//! Where text comes from: the roots of a run, the files in them, and places inside those files.
//!
//! In: the folders the user named, as they are on the disk or in a git revision. Out: files by [`FileId`], their bytes
//! on demand, and the span of a [`Place`]. Texts are not kept: a file is read again when a diagnostic about it is shown,
//! so places cost nothing before that.

mod above;
mod around;
mod files;
mod folders;
pub(crate) mod git;
mod ignores;
mod included;
mod place;
mod recorded;
mod remote;
mod repository;
mod revision;
mod work_tree;

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use indexmap::{Equivalent, IndexSet};
use url::Url;

pub use self::around::Around;
pub use self::files::{Files, PORT_FOLDER, Site};
use self::included::Inclusion;
pub use self::place::{Excerpt, FieldPath, Location, Origin, Place, Segment, Way};
pub use self::recorded::CATALOG_FOLDER;
pub use self::remote::HostedRepository;
pub(crate) use self::remote::percent_decoded;
pub use self::repository::repository_around;
use self::repository::{Home, Layout};
use self::revision::Revision;
use self::work_tree::WorkTree;
use crate::progress::Progress;

/// The largest file that is read, in bytes. Backstage has no limit; the largest real descriptors are API definitions
/// of a few megabytes.
pub const MAX_FILE_BYTES: u64 = 32 * 1024 * 1024;

/// A folder the user named: one repository, or a part of one.
#[derive(Debug, Clone)]
pub struct Root {
    /// The folder as the user wrote it.
    pub path: Utf8PathBuf,
    /// The address of the repository on its host, such as `https://github.com/acme/shop`, where the user said it. It is
    /// written into manifests, so it is never guessed: clones and forks have other remotes.
    pub repository: Option<String>,
}

/// Position of a root in the order the user named them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RootId(pub u32);

/// A file of one run; only meaningful together with the [`Sources`] that made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(u32);

#[derive(Debug, PartialEq, Eq, Hash)]
struct SourceFile {
    root: RootId,
    path: Box<Utf8Path>,
    is_included: bool,
}

/// A [`SourceFile`] that is looked up.
#[derive(PartialEq, Eq, Hash)]
struct Asked<'a> {
    root: RootId,
    path: &'a Utf8Path,
    is_included: bool,
}

impl Equivalent<SourceFile> for Asked<'_> {
    fn equivalent(&self, file: &SourceFile) -> bool {
        self.root == file.root && self.path == &*file.path && self.is_included == file.is_included
    }
}

/// Why the roots of a run cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum RootError {
    /// A root is missing.
    #[error("cannot read the folder {path}")]
    Folder {
        /// The root as the user wrote it.
        path: Utf8PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A root inside another one.
    #[error(
        "the root {inner} is inside the root {outer}: its files would be read twice, so name one of the two"
    )]
    Nested {
        /// A root as the user wrote it.
        inner: Utf8PathBuf,
        /// The root around it.
        outer: Utf8PathBuf,
    },
    /// A revision is asked for where there is no repository.
    #[error(
        "{path} is in no git repository, so there is no revision `{revision}` to read: name a repository or a folder \
         in one"
    )]
    NotARepository {
        /// The root as the user wrote it.
        path: Utf8PathBuf,
        /// The revision as the user wrote it.
        revision: String,
    },
    /// A revision cannot be read.
    #[error("cannot read the revision `{revision}` of {path}: {message}")]
    Revision {
        /// The root as the user wrote it.
        path: Utf8PathBuf,
        /// The revision as the user wrote it.
        revision: String,
        /// Why, and what to do.
        message: String,
    },
}

/// Where the files of a root are.
#[derive(Debug)]
enum Tree {
    Disk(Arc<WorkTree>),
    Revision(Revision),
    /// Known from a catalog dump only: nothing is read from there.
    Recorded,
}

/// The files of a root that were asked for.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// Sorted by the bytes of the paths.
    pub(crate) paths: Vec<Utf8PathBuf>,
    /// What could not be listed.
    pub(crate) faults: Vec<Fault>,
}

/// A file or folder that could not be listed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fault {
    pub(crate) path: Utf8PathBuf,
    pub(crate) kind: FaultKind,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum FaultKind {
    Unreadable(String),
    NonUtf8,
}

/// Whether a folder of this name is passed over: it is hidden, and not the one for descriptors.
fn is_skipped_folder(name: &[u8]) -> bool {
    name.starts_with(b".") && name != b".backstage"
}

/// A root that is being opened.
struct Opening {
    root: Root,
    canonical: Utf8PathBuf,
    layout: Option<Layout>,
}

impl Opening {
    fn new(root: Root) -> Self {
        let path = if root.path == "" {
            Utf8Path::new(".")
        } else {
            &root.path
        };
        // What is missing is reported where it is read.
        let canonical = path.canonicalize_utf8().unwrap_or_else(|_| path.to_owned());
        let layout = Layout::around(&canonical);
        Self {
            root,
            canonical,
            layout,
        }
    }

    /// Whether the files of another root are files of this one: a submodule is a repository of its own.
    fn holds(&self, other: &Self) -> bool {
        let is_same = |layout: &Layout| {
            let other = other.layout.as_ref();
            other.is_some_and(|other| other.common == layout.common)
        };
        self.canonical != other.canonical
            && other.canonical.starts_with(&self.canonical)
            && self.layout.as_ref().is_none_or(is_same)
    }

    fn home(&self, revision: Option<&str>) -> Option<Home> {
        match (&self.root.repository, &self.layout) {
            (Some(address), _) => Home::given(address),
            (None, Some(layout)) => Some(Home::of(layout, revision)),
            (None, None) => None,
        }
    }
}

/// All roots and files of a run.
#[derive(Debug, Default)]
pub struct Sources {
    roots: Vec<Root>,
    trees: Vec<Tree>,
    homes: Vec<Option<Home>>,
    /// In the order of their ids. Files that placeholders name are there a second time.
    files: IndexSet<SourceFile>,
    /// What placeholders brought, by file and document.
    inclusions: HashMap<(FileId, usize), Vec<Inclusion>>,
    /// How many of the roots the user named; the others are known from dumps.
    given: usize,
    /// The lines of the entities in each dump.
    dumps: HashMap<FileId, Vec<usize>>,
    /// How many Locations lead to a file that was not found by its name.
    depths: HashMap<FileId, usize>,
    /// Where each root stands in its repository, whatever the user says of the address.
    folders: Vec<Utf8PathBuf>,
    /// The revision they are read from.
    revision: Option<String>,
    /// Counts how far the run is.
    pub(crate) progress: Arc<Progress>,
    /// Files above their roots, by their paths from the top of the repository.
    above: HashMap<FileId, Utf8PathBuf>,
}

impl Sources {
    /// Sources with these roots as they are on the disk, and no files yet. Their repositories are not looked at.
    #[must_use]
    pub fn new(roots: Vec<Root>) -> Self {
        let tree = |root: &Root| Tree::Disk(Arc::new(WorkTree::new(root.path.clone(), false)));
        let home = |root: &Root| root.repository.as_deref().and_then(Home::given);
        Self {
            trees: roots.iter().map(tree).collect(),
            homes: roots.iter().map(home).collect(),
            given: roots.len(),
            roots,
            ..Self::default()
        }
    }

    /// Sources with these roots, each once, as they are on the disk or in a revision, and no files yet.
    ///
    /// # Errors
    ///
    /// [`RootError`] when a root is inside another, and when the revision cannot be read.
    pub fn open(roots: Vec<Root>, revision: Option<&str>) -> Result<Self, RootError> {
        let mut known = HashSet::new();
        let mut opened: Vec<Opening> = roots.into_iter().map(Opening::new).collect();
        opened.retain(|root| known.insert(root.canonical.clone()));
        for outer in &opened {
            if let Some(inner) = opened.iter().find(|inner| outer.holds(inner)) {
                return Err(RootError::Nested {
                    inner: inner.root.path.clone(),
                    outer: outer.root.path.clone(),
                });
            }
        }
        let mut sources = Self {
            revision: revision.map(str::to_owned),
            ..Self::default()
        };
        for opening in opened {
            sources.homes.push(opening.home(revision));
            let Opening { root, layout, .. } = opening;
            let folder = layout.as_ref().map(|layout| layout.folder.clone());
            sources.folders.push(folder.unwrap_or_default());
            sources.trees.push(if let Some(name) = revision {
                Tree::Revision(Revision::open(&root.path, name, layout.as_ref())?)
            } else {
                let tree = WorkTree::new(root.path.clone(), layout.is_some());
                Tree::Disk(Arc::new(tree))
            });
            sources.roots.push(root);
        }
        sources.given = sources.roots.len();
        Ok(sources)
    }

    /// The files of a root that are wanted: none below hidden folders but `.backstage`, none that `.gitignore` names.
    ///
    /// # Errors
    ///
    /// When the root is no folder that can be read.
    pub(crate) fn list(
        &self,
        root: RootId,
        is_wanted: impl Fn(&Utf8Path) -> bool + Sync,
    ) -> io::Result<Listing> {
        match &self.trees[root.0 as usize] {
            Tree::Disk(tree) => tree.list(is_wanted),
            Tree::Revision(revision) => Ok(revision.list(is_wanted)),
            Tree::Recorded => Ok(Listing::default()),
        }
    }

    /// Makes sure that the contents of files are there; those of a partial clone may not be.
    ///
    /// # Errors
    ///
    /// When the content of one of them is missing.
    pub(crate) fn ensure_present(&self, root: RootId, paths: &[Utf8PathBuf]) -> io::Result<()> {
        match &self.trees[root.0 as usize] {
            Tree::Disk(_) | Tree::Recorded => Ok(()),
            Tree::Revision(revision) => revision.ensure_present(paths),
        }
    }

    /// The root and the path of the file that an address names, if it is a file of one of the roots: of the root that
    /// is asked for rather than of another. Nobody has made sure that the path stays inside.
    pub(crate) fn file_at_address(&self, url: &Url, own: RootId) -> Option<(RootId, String)> {
        let others = self.roots().map(|(id, _)| id).filter(|id| *id != own);
        std::iter::once(own).chain(others).find_map(|id| {
            let home = self.homes[id.0 as usize].as_ref()?;
            Some((id, home.path_of(url)?))
        })
    }

    /// The roots in the order the user named them.
    pub fn roots(&self) -> impl Iterator<Item = (RootId, &Root)> {
        self.all_roots().take(self.given)
    }

    /// One root.
    #[must_use]
    pub fn root(&self, id: RootId) -> &Root {
        &self.roots[id.0 as usize]
    }

    /// Where a root stands in its repository; empty for its top, and where there is no repository.
    #[must_use]
    pub fn folder_in_repository(&self, id: RootId) -> &Utf8Path {
        let home = self.homes[id.0 as usize].as_ref();
        home.map_or(Utf8Path::new(""), |home| home.folder())
    }

    /// The root for what belongs to the whole run: the first one the user named. Without any, the folder that the
    /// entities of dumps are written to; `None` for a run without roots and dumps.
    #[must_use]
    pub fn first_root(&self) -> Option<RootId> {
        let mut all = self.all_roots();
        let first = self.roots().next().map(|(id, _)| id);
        first.or_else(|| all.find_map(|(id, root)| (root.path == "").then_some(id)))
    }

    /// The id of a file, the same for every call with the same root and path. The file need not exist.
    pub fn add(&mut self, root: RootId, path: &Utf8Path) -> FileId {
        self.id(root, path, false)
    }

    fn id(&mut self, root: RootId, path: &Utf8Path, is_included: bool) -> FileId {
        let asked = Asked {
            root,
            path,
            is_included,
        };
        let known = self.files.get_index_of(&asked);
        let index = known.unwrap_or_else(|| {
            let file = SourceFile {
                root,
                path: path.into(),
                is_included,
            };
            self.files.insert_full(file).0
        });
        #[expect(
            clippy::cast_possible_truncation,
            reason = "4 billion paths do not fit into memory before they overflow this"
        )]
        FileId(index as u32)
    }

    /// The root a file belongs to.
    #[must_use]
    pub fn root_of(&self, file: FileId) -> RootId {
        self.files[file.0 as usize].root
    }

    /// The path of a file inside its root, with forward slashes.
    #[must_use]
    pub fn path(&self, file: FileId) -> &Utf8Path {
        &self.files[file.0 as usize].path
    }

    /// The path of a file as a user would type it: the root as they wrote it, and the path inside it.
    #[must_use]
    pub fn display_path(&self, file: FileId) -> Utf8PathBuf {
        let SourceFile { root, path, .. } = &self.files[file.0 as usize];
        let root = &self.root(*root).path;
        if root == "." || root == "" {
            path.to_path_buf()
        } else if self.above.contains_key(&file) {
            above::joined(root, path)
        } else {
            root.join(path)
        }
    }

    /// The bytes of a file.
    ///
    /// # Errors
    ///
    /// As reading gives them; [`io::ErrorKind::FileTooLarge`] beyond [`MAX_FILE_BYTES`]; [`io::ErrorKind::NotFound`]
    /// for folders, for anything that is no regular file, and for paths that pass through a symbolic link, which could
    /// lead out of the root.
    pub fn read(&self, file: FileId) -> io::Result<Vec<u8>> {
        let SourceFile { root, path, .. } = &self.files[file.0 as usize];
        match self.above.get(&file) {
            Some(path) => self.read_above(*root, path),
            None => self.read_at(*root, path),
        }
    }

    fn read_at(&self, root: RootId, path: &Utf8Path) -> io::Result<Vec<u8>> {
        match &self.trees[root.0 as usize] {
            Tree::Disk(tree) => tree.read(path, MAX_FILE_BYTES),
            Tree::Revision(revision) => revision.read(path, MAX_FILE_BYTES),
            Tree::Recorded => Err(io::Error::new(
                io::ErrorKind::NotFound,
                "known from a catalog dump only",
            )),
        }
    }

    /// Whether there is a regular file at this path, not behind a symbolic link.
    #[must_use]
    pub fn is_file(&self, root: RootId, path: &Utf8Path) -> bool {
        match &self.trees[root.0 as usize] {
            Tree::Disk(tree) => tree.is_file(path),
            Tree::Revision(revision) => revision.is_file(path),
            Tree::Recorded => false,
        }
    }

    /// Whether nothing stands at this path: no file, no folder, no link. What cannot be told is taken for something.
    #[must_use]
    pub fn is_free(&self, root: RootId, path: &Utf8Path) -> bool {
        let site = match &self.trees[root.0 as usize] {
            Tree::Disk(tree) => tree.site(path),
            Tree::Revision(revision) => Ok(revision.site(path)),
            Tree::Recorded => return false,
        };
        matches!(site, Ok(Site::Free))
    }

    /// The text of a file as the YAML reader sees it: invalid bytes replaced.
    ///
    /// # Errors
    ///
    /// As [`Sources::read`].
    pub fn text(&self, file: FileId) -> io::Result<String> {
        Ok(text(self.read(file)?))
    }

    /// The text of a file that need not be one of the run's.
    ///
    /// # Errors
    ///
    /// As [`Sources::read`].
    pub fn text_at(&self, root: RootId, path: &Utf8Path) -> io::Result<String> {
        Ok(text(self.read_at(root, path)?))
    }
}

/// Bytes as text: invalid ones replaced.
fn text(bytes: Vec<u8>) -> String {
    match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    }
}
