//! The files that findings are about, read again to tell lines and to cut excerpts.
//!
//! In: places. Out: lines and texts. Nothing is read before something is to be shown.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::ops::Range;

use camino::Utf8PathBuf;

use super::{is_unprintable, printable};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{
    Excerpt, FieldPath, FileId, Location, Place, Segment, Sources, repository_around,
};

/// The files that excerpts are cut from. Findings come ordered by file, so only a few are kept.
pub(super) struct Files<'a> {
    pub(super) sources: &'a Sources,
    excerpts: HashMap<FileId, Option<SourceFile>>,
    /// Places whose text is never shown.
    hidden: HashMap<FileId, Vec<Place>>,
    is_one_repository: OnceCell<bool>,
}

/// What a place covers. Lines and columns are from 1, columns count characters: Unicode code points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) line: usize,
    /// Unknown where a catalog dump does not tell.
    pub(super) column: Option<usize>,
    /// The last line, and the column after the last character on it.
    pub(super) end: Option<(usize, usize)>,
}

const MAX_KEPT_FILES: usize = 8;

impl<'a> Files<'a> {
    pub(super) fn new(sources: &'a Sources) -> Self {
        Self {
            sources,
            excerpts: HashMap::new(),
            hidden: HashMap::new(),
            is_one_repository: OnceCell::new(),
        }
    }

    /// The same files with the secrets among the findings hidden: an excerpt about another finding may hold them as well.
    pub(super) fn hiding(mut self, found: &[&Diagnostic]) -> Self {
        let secrets = found
            .iter()
            .filter(|found| found.code == Code::ExposedSecret);
        for location in secrets.filter_map(|found| found.location.as_ref()) {
            let place = match location.place.clone() {
                Place::Key { document, field } => Place::Value { document, field },
                place => place,
            };
            self.hidden.entry(location.file).or_default().push(place);
        }
        self
    }

    pub(super) fn get(&mut self, file: FileId) -> Option<&SourceFile> {
        if self.excerpts.len() > MAX_KEPT_FILES && !self.excerpts.contains_key(&file) {
            self.excerpts.clear();
        }
        let sources = self.sources;
        let hidden = self.hidden.get(&file).map_or(&[][..], Vec::as_slice);
        self.excerpts
            .entry(file)
            .or_insert_with(|| SourceFile::new(sources, file, hidden).ok())
            .as_ref()
    }

    /// What a place covers; `None` for a file as a whole, and where nothing is known of it.
    pub(super) fn span(&mut self, location: &Location) -> Option<Span> {
        let found = self.get(location.file).and_then(|file| {
            let bytes = file.excerpt.span(&location.place)?;
            let text = file.excerpt.text().get(bytes.clone())?;
            // A line end belongs to the line it ends.
            let end = bytes.start + text.trim_end_matches(['\n', '\r']).len();
            let (line, column) = file.position(bytes.start)?;
            Some(Span {
                line,
                column: Some(column),
                end: file.position(end),
            })
        });
        found.or_else(|| {
            Some(Span {
                line: self.sources.recorded_line(location)?,
                column: None,
                end: None,
            })
        })
    }

    /// The path of a file from the top of its repository, as the host of the repository knows it. Files of several
    /// repositories are named as the user would, for one of them would be taken for another.
    pub(super) fn path(&self, file: FileId) -> Utf8PathBuf {
        let root = self.sources.root_of(file);
        if !self.sources.is_recorded(root) && self.is_one_repository() {
            return self.sources.path_in_repository(file);
        }
        self.sources.display_path(file)
    }

    fn is_one_repository(&self) -> bool {
        *self.is_one_repository.get_or_init(|| {
            let mut roots = self.sources.roots().map(|(_, root)| &root.path);
            let repository = |root: &Utf8PathBuf| Some(repository_around(root)?.0);
            let Some(first) = roots.next() else {
                return false;
            };
            let mut others = roots.peekable();
            others.peek().is_none() || {
                let first = repository(first);
                first.is_some() && others.all(|other| repository(other) == first)
            }
        })
    }

    /// The line of a field with this text, from 1. The items of lists that Backstage sorts do not stand where the entity
    /// has them, so the list is searched for the text.
    pub(super) fn line_of(&mut self, location: &Location, text: Option<&str>) -> Option<usize> {
        if let (Some(text), Place::Value { document, field }) = (text, &location.place)
            && let Some((Segment::Index(_), list)) = field.0.split_last()
        {
            let item = Location {
                file: location.file,
                place: Place::Item {
                    document: *document,
                    field: FieldPath(list.to_vec()),
                    text: text.to_owned(),
                },
            };
            return self.span(&item).map(|span| span.line);
        }
        self.span(location).map(|span| span.line)
    }
}

/// Findings of one file in a row, from its top to its bottom. Where a field stands is only known once it is shown.
pub(super) fn in_order_of_lines<'a>(
    found: impl IntoIterator<Item = &'a Diagnostic>,
    files: &mut Files<'_>,
) -> Vec<&'a Diagnostic> {
    let mut found: Vec<&Diagnostic> = found.into_iter().collect();
    let file_of = |found: &Diagnostic| found.location.as_ref().map(|location| location.file);
    for same_file in found.chunk_by_mut(|a, b| file_of(a) == file_of(b)) {
        same_file.sort_by_cached_key(|found| {
            let location = found.location.as_ref()?;
            Some(
                files
                    .get(location.file)?
                    .excerpt
                    .span(&location.place)?
                    .start,
            )
        });
    }
    found
}

/// A file with the starts of its lines, so that an excerpt costs no scan of the file.
pub(super) struct SourceFile {
    pub(super) name: String,
    pub(super) excerpt: Excerpt,
    pub(super) shown: String,
    pub(super) line_starts: Vec<usize>,
}

impl SourceFile {
    fn new(sources: &Sources, file: FileId, hidden: &[Place]) -> std::io::Result<Self> {
        let name = sources.display_path(file);
        let mut file = Self::of(name.as_str(), Excerpt::of(sources, file)?);
        for place in hidden {
            // Where the place cannot be told, it may be anywhere.
            let span = file.excerpt.span(place).unwrap_or(0..file.shown.len());
            hide(&mut file.shown, span);
        }
        Ok(file)
    }

    /// A file that has been read.
    pub(super) fn of(name: &str, excerpt: Excerpt) -> Self {
        let newlines = excerpt
            .text()
            .bytes()
            .enumerate()
            .filter(|(_, byte)| *byte == b'\n');
        let line_starts = std::iter::once(0)
            .chain(newlines.map(|(at, _)| at + 1))
            .collect();
        Self {
            name: printable(name).into_owned(),
            shown: with_offsets_kept(excerpt.text()),
            line_starts,
            excerpt,
        }
    }

    /// The line and the column of an offset, from 1. A byte order mark is no character of the text.
    fn position(&self, offset: usize) -> Option<(usize, usize)> {
        let line = self.line(offset);
        let before = self.excerpt.text().get(self.line_starts[line]..offset)?;
        let before = before.strip_prefix('\u{feff}').unwrap_or(before);
        Some((line + 1, before.chars().count() + 1))
    }

    /// Number of the line that holds an offset, from 0.
    pub(super) fn line(&self, offset: usize) -> usize {
        self.line_starts
            .partition_point(|start| *start <= offset)
            .saturating_sub(1)
    }
}

/// Replaces a part of a text by as many bytes that say nothing; its lines stay.
fn hide(text: &mut String, part: Range<usize>) {
    let stars = |char: char| {
        let shown = if char == '\n' { char } else { '*' };
        std::iter::repeat_n(shown, char.len_utf8())
    };
    if let Some(secret) = text.get(part.clone()) {
        let stars: String = secret.chars().flat_map(stars).collect();
        text.replace_range(part, &stars);
    }
}

/// The text as shown: what could steer a terminal is replaced by as many bytes, so that offsets stay right. A
/// carriage return before a line end stays: it is no more than the line end.
fn with_offsets_kept(text: &str) -> String {
    text.replace("\r\n", " \n")
        .chars()
        .map(|char| match (char, char.len_utf8()) {
            ('\n' | '\t', _) => char,
            (char, _) if !is_unprintable(char) => char,
            (_, 1) => '?',
            (_, 2) => '·',
            _ => char::REPLACEMENT_CHARACTER,
        })
        .collect()
}
