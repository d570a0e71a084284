//! What a run knows from catalog dumps: roots it does not have, files it never reads, lines of the dumps.
//!
//! In: what the entities of dumps record of their descriptors. Out: ids, lines and places for manifests, as for the files
//! of roots.

use camino::{Utf8Path, Utf8PathBuf};

use super::{FileId, Location, Root, RootId, Sources, Tree};

/// The folder of a root that takes what has no folder of its own: entities of catalog dumps.
pub const CATALOG_FOLDER: &str = ".port/catalog";

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
        self.trees.push(Tree::Recorded);
        self.homes.push(None);
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
