//! Places inside files: what entities come from, and what diagnostics point at.
//!
//! In: a document and the way to a field in it. Out: the bytes it covers, found only when somebody wants to see them.

use std::fmt;
use std::io;
use std::ops::Range;

use super::{FileId, Sources};
use crate::yaml::spans::Spans;

/// The place an entity comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

    /// The name of its entity, which stands for what is to say about the entity as a whole.
    #[must_use]
    pub fn name(self) -> Location {
        self.value(FieldPath::keys(["metadata", "name"]))
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

    /// The item of a list of the document that is this text.
    #[must_use]
    pub fn item(self, field: FieldPath, text: &str) -> Location {
        Location {
            file: self.file,
            place: Place::Item {
                document: self.document,
                field,
                text: text.to_owned(),
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
    /// The item of a list that is this text; where none is, the list. The lists of entities are sorted, so an item does
    /// not tell where it stands in the file.
    Item {
        /// Number of the document, from 0.
        document: usize,
        /// The list.
        field: FieldPath,
        /// The text.
        text: String,
    },
}

impl Place {
    /// The document this place is in, where it is in one.
    #[must_use]
    pub fn document(&self) -> Option<usize> {
        match self {
            Self::Value { document, .. }
            | Self::Key { document, .. }
            | Self::Item { document, .. } => Some(*document),
            Self::Span { document, .. } => *document,
            Self::File => None,
        }
    }

    /// The field this place is about, where it is about one.
    #[must_use]
    pub fn field(&self) -> Option<&FieldPath> {
        match self {
            Self::Value { field, .. } | Self::Key { field, .. } | Self::Item { field, .. } => {
                Some(field)
            }
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

/// The way to a field while a document is walked: one step and the way before it, borrowed. Going on costs nothing, so
/// only what is told becomes a [`FieldPath`]; both print alike.
#[derive(Debug, Clone, Copy)]
pub enum Way<'a> {
    /// The document itself.
    Root,
    /// A key of the map there.
    Key(&'a Self, &'a str),
    /// An item of the list there, from 0.
    Index(&'a Self, usize),
}

impl<'a> Way<'a> {
    /// One key deeper.
    #[must_use]
    pub fn key(&'a self, key: &'a str) -> Self {
        Self::Key(self, key)
    }

    /// One list item deeper.
    #[must_use]
    pub fn index(&'a self, index: usize) -> Self {
        Self::Index(self, index)
    }

    /// The path that this way goes.
    #[must_use]
    pub fn path(&self) -> FieldPath {
        let (before, segment) = match self {
            Self::Root => return FieldPath::default(),
            Self::Key(before, key) => (before, Segment::Key((*key).to_owned())),
            Self::Index(before, index) => (before, Segment::Index(*index)),
        };
        let mut path = before.path();
        path.0.push(segment);
        path
    }
}

impl fmt::Display for Way<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path().fmt(f)
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
        Ok(Self::of_text(sources.text(file)?))
    }

    /// The spans of a text that is no file of a run.
    #[must_use]
    pub fn of_text(text: String) -> Self {
        let spans = Spans::of(&text);
        Self { text, spans }
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
            Place::Item {
                document,
                field,
                text,
            } => {
                let item = self.spans.item(*document, field, text);
                item.or_else(|| self.spans.value(*document, field))
            }
        }?;
        Some(span.start.min(length)..span.end.min(length))
    }

    /// The alias through which a place gets its value, where it does: the place itself is that of the anchor, since
    /// that is the text to correct.
    #[must_use]
    pub fn alias(&self, place: &Place) -> Option<Range<usize>> {
        let (Place::Value { document, field }
        | Place::Key { document, field }
        | Place::Item {
            document, field, ..
        }) = place
        else {
            return None;
        };
        self.spans.alias(*document, field)
    }
}
