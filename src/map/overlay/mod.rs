//! Overlays: what users want to differ in Port from what their descriptors say, and keep through every run.
//!
//! In: `.port/overlay.yaml` of each root, and Port's catalog as it was mapped. Out: the catalog with the changes in it, and
//! the place of each of them. The way back is [`adopt`]: hand edits of generated files become entries.
//!
//! An overlay is a list of entries. Each names entities of Backstage by reference or glob, and what to set and to remove of
//! what became of them. Entries apply to the entities whose manifests stand in the same root, later ones over earlier ones.
//! An entry that is broken, and a change that does not fit its blueprint, are errors and left out; the others apply.

mod adopt;
mod append;
mod apply;
mod fit;
mod parse;
mod pattern;

use std::collections::BTreeMap;
use std::io;

use camino::Utf8Path;
use serde_json::Value;

pub use self::adopt::{Adopted, AdoptedEntity, OverlayText, Refused, adopt};
pub use self::apply::apply;
use self::pattern::{Matcher, Pattern};
use super::trace::Part;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, quoted};
use crate::port::{self, Key, Targets};
use crate::source::{FieldPath, FileId, Location, MAX_FILE_BYTES, Origin, Place, RootId, Sources};

/// Where an overlay stands in its root; the first one counts.
pub const PATHS: [&str; 2] = [".port/overlay.yaml", ".port/overlay.yml"];

/// The overlays of a run.
#[derive(Debug, Default)]
pub struct Overlays(Vec<Overlay>);

/// The overlay of a root.
#[derive(Debug)]
struct Overlay {
    root: RootId,
    file: FileId,
    /// Number of its document in the file.
    document: usize,
    entries: Vec<Entry>,
    matcher: Matcher,
}

/// One entry of an overlay.
#[derive(Debug)]
struct Entry {
    /// Its position in the list.
    position: usize,
    /// Which entities it is about, and the words for them.
    pattern: Pattern,
    text: String,
    /// The only blueprint that it is about, where it names one.
    blueprint: Option<String>,
    changes: Vec<Placed>,
}

/// A change and its place in the document.
#[derive(Debug)]
struct Placed {
    change: Change,
    at: FieldPath,
    /// About the memory that it takes each time it is applied.
    weight: usize,
}

/// What becomes of one part of an entity.
#[derive(Debug, Clone, PartialEq)]
enum Change {
    /// `None` leaves it out, as for the next two.
    Title(Option<String>),
    Icon(Option<String>),
    Team(Option<Targets>),
    Property(String, Becomes<Value>),
    Relation(String, Becomes<Targets>),
}

/// What becomes of a property or relation.
#[derive(Debug, Clone, PartialEq)]
enum Becomes<T> {
    Is(T),
    /// Written as null, so that Port forgets it.
    Null,
    /// Left out, so that Port keeps what it has.
    Gone,
}

impl Change {
    fn part(&self) -> Part {
        match self {
            Self::Title(_) => Part::Title,
            Self::Icon(_) => Part::Icon,
            Self::Team(_) => Part::Team,
            Self::Property(name, _) => Part::Property(name.clone()),
            Self::Relation(name, _) => Part::Relation(name.clone()),
        }
    }
}

impl Overlays {
    /// Reads the overlays of all roots, from where the descriptors are read. A root without one has none.
    pub fn read(sources: &mut Sources, diagnostics: &mut Diagnostics) -> Self {
        let roots: Vec<RootId> = sources.roots().map(|(root, _)| root).collect();
        let overlays = roots.into_iter();
        Self(
            overlays
                .filter_map(|root| Overlay::read(root, sources, diagnostics))
                .collect(),
        )
    }

    fn of(&self, root: RootId) -> Option<&Overlay> {
        self.0.iter().find(|overlay| overlay.root == root)
    }
}

impl Overlay {
    fn read(root: RootId, sources: &mut Sources, diagnostics: &mut Diagnostics) -> Option<Self> {
        let paths = PATHS.map(Utf8Path::new);
        let mut there = paths.into_iter().filter(|path| sources.is_file(root, path));
        let path = there.next()?;
        let second = there.next();
        let file = sources.add(root, path);
        let report = |code, message: String, diagnostics: &mut Diagnostics| {
            let place = Place::File;
            diagnostics.push(Diagnostic::new(code, message).at(Location { file, place }));
        };
        if let Some(second) = second {
            let message = format!("there are two overlays: this one counts, `{second}` does not");
            report(Code::InvalidOverlay, message, diagnostics);
        }
        let present = sources.ensure_present(root, &[path.to_owned()]);
        let text = present.and_then(|()| sources.text(file));
        match &text {
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                let limit = MAX_FILE_BYTES / (1024 * 1024);
                let message = format!("the overlay is larger than {limit} MiB and was not read");
                report(Code::FileTooLarge, message, diagnostics);
            }
            Err(error) => {
                let message = format!("the overlay cannot be read: {error}");
                report(Code::UnreadableFile, message, diagnostics);
            }
            Ok(text) => diagnostics.mark(root, path, text),
        }
        // One without entries, so that it is known to be there.
        Some(Self::parse(
            root,
            file,
            &text.unwrap_or_default(),
            diagnostics,
        ))
    }

    fn parse(root: RootId, file: FileId, text: &str, diagnostics: &mut Diagnostics) -> Self {
        let (document, entries) = parse::entries(text, file, diagnostics);
        let matcher = Matcher::new(entries.iter().map(|entry| &entry.pattern));
        let mut overlay = Self {
            root,
            file,
            document,
            entries,
            matcher: Matcher::default(),
        };
        match matcher {
            Ok(matcher) => overlay.matcher = matcher,
            Err(message) => {
                let place = Place::File;
                let fault = Diagnostic::new(Code::InvalidOverlay, message);
                diagnostics.push(fault.at(Location { file, place }));
                overlay.entries.clear();
            }
        }
        overlay
    }

    /// The place of an entry or something in it: the value, or the key of it.
    fn value(&self, field: FieldPath) -> Location {
        let document = self.document;
        let place = Place::Value { document, field };
        let file = self.file;
        Location { file, place }
    }

    fn key(&self, field: FieldPath) -> Location {
        let document = self.document;
        let place = Place::Key { document, field };
        let file = self.file;
        Location { file, place }
    }
}

/// The parts of entities that an overlay decides about, each with its place in the overlay.
#[derive(Debug, Default)]
pub struct Overlaid(BTreeMap<Origin, Vec<(Key, Places)>>);

type Places = BTreeMap<Part, Location>;

impl Overlaid {
    /// Where an overlay says what a part of an entity is, or that it is none.
    #[must_use]
    pub fn place(&self, entity: &port::Entity, part: &Part) -> Option<&Location> {
        let of_origin = self.0.get(&entity.origin)?.iter();
        let mut entities = of_origin.filter(|(key, _)| is_key_of(key, entity));
        entities.next()?.1.get(part)
    }

    fn insert(&mut self, entity: &port::Entity, part: Part, location: Location) {
        let of_origin = self.0.entry(entity.origin).or_default();
        let known = of_origin.iter_mut().find(|(key, _)| is_key_of(key, entity));
        if let Some((_, parts)) = known {
            parts.insert(part, location);
        } else {
            let key = Key {
                blueprint: entity.blueprint.clone(),
                identifier: entity.identifier.clone(),
            };
            of_origin.push((key, Places::from([(part, location)])));
        }
    }
}

fn is_key_of(key: &Key, entity: &port::Entity) -> bool {
    (&key.blueprint, &key.identifier) == (&entity.blueprint, &entity.identifier)
}

#[cfg(test)]
mod tests;
