//! Where text comes from: the roots of a run, the files in them, and places inside those files.
//!
//! In: the folders the user named. Out: files by [`FileId`], their bytes on demand, and the span of a [`Place`].
//! Texts are not kept: a file is read again when a diagnostic about it is shown, so places cost nothing before that.

use std::collections::HashMap;
use std::fmt;
use std::fs::Metadata;
use std::io::{self, Read};
use std::ops::Range;

use camino::{Utf8Path, Utf8PathBuf};

use crate::yaml::spans::Spans;

/// The largest file that is read, in bytes. Backstage has no limit; the largest real descriptors are API definitions
/// of a few megabytes.
pub const MAX_FILE_BYTES: u64 = 32 * 1024 * 1024;

/// A folder the user named: one repository, or a part of one.
#[derive(Debug, Clone)]
pub struct Root {
    /// The folder as the user wrote it.
    pub path: Utf8PathBuf,
    /// The address of the repository on its host, such as `https://github.com/acme/shop`, where the user said it.
    pub repository: Option<String>,
}

/// Position of a root in the order the user named them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RootId(pub u32);

/// A file of one run; only meaningful together with the [`Sources`] that made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(u32);

/// The place an entity comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// The file of the descriptor.
    pub file: FileId,
    /// Number of the document in the file, from 0, empty documents counted.
    pub document: usize,
    /// Line of the document's first content, from 1.
    pub line: usize,
}

impl Origin {
    /// The whole document.
    #[must_use]
    pub fn document(self) -> Location {
        self.value(FieldPath::default())
    }

    /// The value of a field of the document.
    #[must_use]
    pub fn value(self, field: FieldPath) -> Location {
        Location {
            file: self.file,
            place: Place::Value {
                document: self.document,
                field,
            },
        }
    }

    /// The key of a field of the document.
    #[must_use]
    pub fn key(self, field: FieldPath) -> Location {
        Location {
            file: self.file,
            place: Place::Key {
                document: self.document,
                field,
            },
        }
    }
}

/// What a diagnostic points at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The file.
    pub file: FileId,
    /// The place in the file.
    pub place: Place,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The file as a whole.
    File,
    /// A range of bytes.
    Span {
        /// Number of the document they are in, from 0, where that is known.
        document: Option<usize>,
        /// The bytes.
        bytes: Range<usize>,
    },
    /// The value of a field; where the field is missing, its nearest existing parent.
    Value {
        /// Number of the document, from 0.
        document: usize,
        /// The field; empty means the whole document.
        field: FieldPath,
    },
    /// The key of a field.
    Key {
        /// Number of the document, from 0.
        document: usize,
        /// The field.
        field: FieldPath,
    },
}

impl Place {
    /// The document this place is in, where it is in one.
    #[must_use]
    pub fn document(&self) -> Option<usize> {
        match self {
            Self::Value { document, .. } | Self::Key { document, .. } => Some(*document),
            Self::Span { document, .. } => *document,
            Self::File => None,
        }
    }

    /// The field this place is about, where it is about one.
    #[must_use]
    pub fn field(&self) -> Option<&FieldPath> {
        match self {
            Self::Value { field, .. } | Self::Key { field, .. } => Some(field),
            Self::File | Self::Span { .. } => None,
        }
    }
}

/// The way from the root of a document to a field, printed as `metadata.links.0.url`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldPath(pub Vec<Segment>);

/// One step of a [`FieldPath`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// A key of a map.
    Key(String),
    /// An item of a list, from 0.
    Index(usize),
}

impl FieldPath {
    /// A path of keys: `FieldPath::keys(["spec", "owner"])`.
    pub fn keys<'a>(keys: impl IntoIterator<Item = &'a str>) -> Self {
        Self(
            keys.into_iter()
                .map(|key| Segment::Key(key.to_owned()))
                .collect(),
        )
    }

    /// This path, one key deeper.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        let mut path = self.clone();
        path.0.push(Segment::Key(key.to_owned()));
        path
    }

    /// This path, one list item deeper.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        let mut path = self.clone();
        path.0.push(Segment::Index(index));
        path
    }

    /// Whether this is the document itself.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, segment) in self.0.iter().enumerate() {
            if position > 0 {
                f.write_str(".")?;
            }
            match segment {
                Segment::Key(key) => f.write_str(key)?,
                Segment::Index(index) => write!(f, "{index}")?,
            }
        }
        Ok(())
    }
}

#[derive(Debug)]
struct SourceFile {
    root: RootId,
    path: Utf8PathBuf,
}

/// All roots and files of a run.
#[derive(Debug, Default)]
pub struct Sources {
    roots: Vec<Root>,
    files: Vec<SourceFile>,
    ids: HashMap<(RootId, Utf8PathBuf), FileId>,
    /// How many of the roots the user named; the others are known from dumps.
    given: usize,
    /// The lines of the entities in each dump.
    dumps: HashMap<FileId, Vec<usize>>,
    /// How many Locations lead to a file that was not found by its name.
    depths: HashMap<FileId, usize>,
}

/// The folder of a root that takes what has no folder of its own.
const CATALOG_FOLDER: &str = ".port/catalog";

impl Sources {
    /// Sources with these roots and no files yet.
    #[must_use]
    pub fn new(roots: Vec<Root>) -> Self {
        Self {
            given: roots.len(),
            roots,
            ..Self::default()
        }
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

    /// The id of a file, the same for every call with the same root and path. The file need not exist.
    pub fn add(&mut self, root: RootId, path: &Utf8Path) -> FileId {
        if let Some(id) = self.ids.get(&(root, path.to_owned())) {
            return *id;
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "4 billion paths do not fit into memory before they overflow this"
        )]
        let id = FileId(self.files.len() as u32);
        let path = path.to_owned();
        self.ids.insert((root, path.clone()), id);
        self.files.push(SourceFile { root, path });
        id
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
        let file = &self.files[file.0 as usize];
        let root = &self.root(file.root).path;
        if root == "." || root == "" {
            file.path.clone()
        } else {
            root.join(&file.path)
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
        let SourceFile { root, path } = &self.files[file.0 as usize];
        self.read_at(*root, path)
    }

    fn read_at(&self, root: RootId, path: &Utf8Path) -> io::Result<Vec<u8>> {
        let (full, metadata) = self.file_at(root, path)?;
        let mut bytes =
            Vec::with_capacity(usize::try_from(metadata.len().min(MAX_FILE_BYTES)).unwrap_or(0));
        std::fs::File::open(&full)?
            .take(MAX_FILE_BYTES + 1)
            .read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        Ok(bytes)
    }

    /// Whether there is a regular file at this path, not behind a symbolic link.
    #[must_use]
    pub fn is_file(&self, root: RootId, path: &Utf8Path) -> bool {
        self.file_at(root, path).is_ok()
    }

    fn file_at(&self, root: RootId, path: &Utf8Path) -> io::Result<(Utf8PathBuf, Metadata)> {
        let not_found = |why| io::Error::new(io::ErrorKind::NotFound, why);
        if self.is_recorded(root) {
            return Err(not_found("known from a catalog dump only"));
        }
        let mut full = self.root(root).path.clone();
        for part in path.components() {
            full.push(part);
            if full.symlink_metadata()?.is_symlink() {
                return Err(not_found("symbolic links are not followed"));
            }
        }
        let metadata = full.metadata()?;
        if metadata.is_file() {
            Ok((full, metadata))
        } else {
            Err(not_found("not a file"))
        }
    }

    /// The text of a file as the YAML reader sees it: invalid bytes replaced.
    ///
    /// # Errors
    ///
    /// As [`Sources::read`].
    pub fn text(&self, file: FileId) -> io::Result<String> {
        let SourceFile { root, path } = &self.files[file.0 as usize];
        self.text_at(*root, path)
    }

    /// The text of a file that need not be one of the run's.
    ///
    /// # Errors
    ///
    /// As [`Sources::read`].
    pub fn text_at(&self, root: RootId, path: &Utf8Path) -> io::Result<String> {
        Ok(match String::from_utf8(self.read_at(root, path)?) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        })
    }
}

/// What is known from catalog dumps. Their entities may say where their descriptors stand in roots that this run does not
/// have; nothing is read from there.
impl Sources {
    /// A dump. It belongs to no root.
    pub fn add_dump(&mut self, path: &Utf8Path) -> FileId {
        let root = self.all_roots().skip(self.given);
        let none = root
            .filter(|(_, root)| root.path == "")
            .map(|(id, _)| id)
            .next();
        let none = none.unwrap_or_else(|| {
            self.add_recorded_root(Root {
                path: Utf8PathBuf::new(),
                repository: None,
            })
        });
        let file = self.add(none, path);
        self.dumps.entry(file).or_default();
        file
    }

    /// Notes the line of the next entity of a dump and gives its number.
    pub fn add_recorded_line(&mut self, dump: FileId, line: usize) -> usize {
        let lines = self.dumps.entry(dump).or_default();
        lines.push(line);
        lines.len() - 1
    }

    /// A root that is only known from a dump.
    pub fn add_recorded_root(&mut self, root: Root) -> RootId {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "4 billion roots do not fit into memory before they overflow this"
        )]
        let id = RootId(self.roots.len() as u32);
        self.roots.push(root);
        id
    }

    /// All roots, those known from dumps last. The dumps themselves stand in one without a path.
    pub fn all_roots(&self) -> impl Iterator<Item = (RootId, &Root)> {
        (0u32..).map(RootId).zip(&self.roots)
    }

    /// Whether a root is known from dumps only.
    #[must_use]
    pub fn is_recorded(&self, root: RootId) -> bool {
        root.0 as usize >= self.given
    }

    /// Whether a file is a dump.
    #[must_use]
    pub fn is_dump(&self, file: FileId) -> bool {
        self.dumps.contains_key(&file)
    }

    /// The line of a place that is known from a dump.
    #[must_use]
    pub fn recorded_line(&self, location: &Location) -> Option<usize> {
        let document = location.place.document()?;
        match self.dumps.get(&location.file) {
            Some(lines) => lines.get(document).copied(),
            None => self
                .is_recorded(self.root_of(location.file))
                .then_some(document),
        }
    }

    /// Where the manifest of what a file describes belongs: beside the file, or for what is known from a dump, in the
    /// first root the user named.
    #[must_use]
    pub fn home(&self, file: FileId) -> (RootId, &Utf8Path) {
        let root = self.root_of(file);
        let folder = self.path(file).parent().unwrap_or(Utf8Path::new(""));
        match self.roots().next() {
            Some((first, _)) if self.is_recorded(root) => (first, CATALOG_FOLDER.into()),
            _ if self.is_dump(file) => (root, CATALOG_FOLDER.into()),
            _ => (root, folder),
        }
    }

    /// Notes that this many Locations lead to a file.
    pub fn set_depth(&mut self, file: FileId, depth: usize) {
        if depth > 0 {
            self.depths.insert(file, depth);
        }
    }

    /// How many Locations lead to a file; 0 for one that was found by its name.
    #[must_use]
    pub fn depth(&self, file: FileId) -> usize {
        self.depths.get(&file).copied().unwrap_or(0)
    }
}

/// The text of one file and where its fields stand in it; made when a finding about the file is shown.
#[derive(Debug)]
pub struct Excerpt {
    text: String,
    spans: Spans,
}

impl Excerpt {
    /// Reads a file again for the sake of its spans.
    ///
    /// # Errors
    ///
    /// As [`Sources::read`].
    pub fn of(sources: &Sources, file: FileId) -> io::Result<Self> {
        let text = sources.text(file)?;
        let spans = Spans::of(&text);
        Ok(Self { text, spans })
    }

    /// The text of the file.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The bytes a place covers, inside the text; `None` for the file as a whole or when it cannot be told.
    #[must_use]
    pub fn span(&self, place: &Place) -> Option<Range<usize>> {
        let length = self.text.len();
        let span = match place {
            Place::File => None,
            Place::Span { bytes, .. } => Some(bytes.clone()),
            Place::Value { document, field } => self.spans.value(*document, field),
            Place::Key { document, field } => self.spans.key(*document, field),
        }?;
        Some(span.start.min(length)..span.end.min(length))
    }
}
