//! The files that findings are about, read again to tell lines and to cut excerpts.
//!
//! In: places. Out: lines and texts. Nothing is read before something is to be shown.

use std::collections::HashMap;
use std::ops::Range;

use super::{is_unprintable, printable};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{Excerpt, FieldPath, FileId, Location, Place, Segment, Sources};

/// The files that excerpts are cut from. Findings come ordered by file, so only a few are kept.
pub(super) struct Files<'a> {
    pub(super) sources: &'a Sources,
    excerpts: HashMap<FileId, Option<SourceFile>>,
    /// Places whose text is never shown.
    hidden: HashMap<FileId, Vec<Place>>,
}

const MAX_KEPT_FILES: usize = 8;

impl<'a> Files<'a> {
    pub(super) fn new(sources: &'a Sources) -> Self {
        Self {
            sources,
            excerpts: HashMap::new(),
            hidden: HashMap::new(),
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

    /// The line and column of a place, from 1; the column counts characters. `None` for a file as a whole, and where a
    /// dump does not tell.
    pub(super) fn position(&mut self, location: &Location) -> Option<(usize, Option<usize>)> {
        let found = self.get(location.file).and_then(|file| {
            let start = file.excerpt.span(&location.place)?.start;
            let line = file.line(start);
            let before = file.excerpt.text().get(file.line_starts[line]..start)?;
            Some((line + 1, Some(before.chars().count() + 1)))
        });
        found.or_else(|| Some((self.sources.recorded_line(location)?, None)))
    }

    /// The line that a place ends on, from 1.
    pub(super) fn end_line(&mut self, location: &Location) -> Option<usize> {
        let file = self.get(location.file)?;
        let span = file.excerpt.span(&location.place)?;
        Some(file.line(span.end.saturating_sub(1).max(span.start)) + 1)
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
            return self.position(&item).map(|(line, _)| line);
        }
        self.position(location).map(|(line, _)| line)
    }
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
        let excerpt = Excerpt::of(sources, file)?;
        let newlines = excerpt
            .text()
            .bytes()
            .enumerate()
            .filter(|(_, byte)| *byte == b'\n');
        let line_starts = std::iter::once(0)
            .chain(newlines.map(|(at, _)| at + 1))
            .collect();
        let mut shown = with_offsets_kept(excerpt.text());
        for place in hidden {
            // Where the place cannot be told, it may be anywhere.
            let span = excerpt.span(place).unwrap_or(0..shown.len());
            hide(&mut shown, span);
        }
        Ok(Self {
            name: printable(sources.display_path(file).as_str()).into_owned(),
            shown,
            line_starts,
            excerpt,
        })
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
