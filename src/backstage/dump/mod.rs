//! Catalog dumps: entities that another run of this tool, or Backstage's catalog API, gave as JSON.
//!
//! In: files that are a list of entities, an object with such a list as `items`, or one entity a line. Out:
//! [`Recorded`] entities, and of them the ones that count beside the descriptors of the roots ([`settle`]).
//!
//! - A descriptor in a root wins over a dump, without a word. Of two records of one entity the first wins: those that
//!   say where their descriptor stands (`source`, as our own `catalog` prints it) in the order of one run over all
//!   roots, the others in the order of the dumps.
//!   So parts of a catalog can be read by several runs and joined by one more. One thing gets lost on the way: in one run a
//!   descriptor with errors keeps its ref, and a Location that lost its ref is not followed, whichever root it is in.
//! - The declaring side decides about a relation, and where it is in git, git decides. A dump does not tell the
//!   declaring side, so relations are made anew from the spec of a recorded entity, by the rules for descriptors. What
//!   the record states beyond that comes from processors we do not know; it counts between two recorded entities only.
//!   So when git says that `component:a` no longer belongs to `group:g`, the `ownerOf` that the dump still has for
//!   `group:g` is gone as well.
//! - What the catalog itself adds to an entity is taken off, so that a record gives what its descriptor would.
//! - A record that breaks the rules for descriptors was good enough for a Backstage with rules of its own: it is known
//!   to references, but not converted.

mod pieces;
mod record;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs::File;
use std::io::{self, BufReader, Read};

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;

use self::pieces::{Fault, Piece, Pieces};
use self::record::{Flaw, Record, Source};
use super::entity::{Entity, RelationType};
use super::entity_ref::EntityRef;
use super::read::Tally;
use super::validate::{self, Facts, Look, Validated};
use super::{Descriptor, Mode, Packed};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Error, Severity};
use crate::source::{FieldPath, FileId, Location, MAX_FILE_BYTES, Origin, Root, RootId, Sources};

/// The largest dump that is read, in bytes: a quarter of a million entities are about 1 GiB.
pub const MAX_DUMP_BYTES: u64 = 4 * 1024 * 1024 * 1024;
/// How many bytes are cut before they are parsed, on all threads.
const BATCH_BYTES: usize = 16 * 1024 * 1024;

/// An entity of a dump.
#[derive(Debug)]
pub struct Recorded {
    descriptor: Descriptor<Packed>,
    relations: Vec<(RelationType, EntityRef)>,
    /// Whether the place of the descriptor is known.
    is_placed: bool,
}

impl Recorded {
    /// The entity as it was recorded.
    #[must_use]
    pub fn descriptor(&self) -> &Descriptor<Packed> {
        &self.descriptor
    }
}

/// Reads dumps one after the other.
///
/// # Errors
///
/// [`Error::Dump`] for a file that cannot be read, [`Error::DumpContent`] for one that is no JSON or ends too early.
/// Whatever is wrong with one entity is a diagnostic.
pub fn read(
    paths: &[Utf8PathBuf],
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Result<Vec<Recorded>, Error> {
    let mut roots = HashMap::new();
    let mut recorded = Vec::new();
    for path in paths {
        let mut reader = Reader {
            file: sources.add_dump(path),
            path,
            roots: &mut roots,
            sources: &mut *sources,
            diagnostics: &mut *diagnostics,
            has_json: false,
            first_fault: None,
            recorded: &mut recorded,
        };
        reader.read()?;
    }
    Ok(recorded)
}

/// Roots that are only known from dumps: their name and the address of their repository.
type Roots = HashMap<(String, Option<String>), RootId>;

/// Reads one dump.
struct Reader<'a> {
    file: FileId,
    path: &'a Utf8Path,
    roots: &'a mut Roots,
    sources: &'a mut Sources,
    diagnostics: &'a mut Diagnostics,
    has_json: bool,
    first_fault: Option<(usize, String)>,
    recorded: &'a mut Vec<Recorded>,
}

impl Reader<'_> {
    fn read(&mut self) -> Result<(), Error> {
        let input = self.open().map_err(|error| self.unreadable(error))?;
        let pieces = Pieces::new(input).map_err(|error| self.unreadable(error))?;
        let mut batch = Vec::new();
        let mut bytes = 0;
        for piece in pieces {
            let piece = piece.map_err(|fault| match fault {
                Fault::Read(error) => self.unreadable(error),
                Fault::Content { line, message } => self.unusable(line, message),
            })?;
            bytes += piece.text.as_ref().map_or(0, Vec::len);
            batch.push(piece);
            if bytes > BATCH_BYTES {
                self.batch(std::mem::take(&mut batch));
                bytes = 0;
            }
        }
        self.batch(batch);
        match self.first_fault.take() {
            Some((line, message)) if !self.has_json => Err(self.unusable(line, &message)),
            _ => Ok(()),
        }
    }

    fn open(&self) -> io::Result<BufReader<io::Take<File>>> {
        let file = File::open(self.path)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory));
        }
        if metadata.len() > MAX_DUMP_BYTES {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        Ok(BufReader::with_capacity(1 << 16, file.take(MAX_DUMP_BYTES)))
    }

    fn unreadable(&self, source: io::Error) -> Error {
        let path = self.path.to_owned();
        Error::Dump { path, source }
    }

    fn unusable(&self, line: usize, message: &str) -> Error {
        Error::DumpContent {
            path: self.path.to_owned(),
            line,
            message: message.to_owned(),
        }
    }

    fn batch(&mut self, batch: Vec<Piece>) {
        let parsed: Vec<_> = batch
            .into_par_iter()
            .map(|piece| (piece.line, record::parse(piece.text)))
            .collect();
        for (line, record) in parsed {
            let origin = Origin {
                file: self.file,
                document: self.sources.add_recorded_line(self.file, line),
                line,
            };
            match record {
                Ok(record) => self.record(record, origin),
                Err(flaw) => self.flaw(flaw, origin),
            }
        }
    }

    fn record(&mut self, record: Record, dumped: Origin) {
        self.has_json = true;
        for (field, message) in record.flaws {
            let flaw = Diagnostic::new(Code::InvalidField, message).severity(Severity::Warning);
            self.diagnostics.push(flaw.at(dumped.value(field)));
        }
        let is_placed = record.source.is_some();
        let origin = record.source.map_or(dumped, |source| self.place(source));
        self.recorded.push(Recorded {
            descriptor: Descriptor {
                origin,
                entity_ref: record.entity_ref,
                value: Packed::of(&record.value),
            },
            relations: record.relations,
            is_placed,
        });
    }

    /// The place of a descriptor that was read elsewhere. Nothing is ever read from there.
    fn place(&mut self, source: Source) -> Origin {
        let Source {
            root,
            path,
            line,
            depth,
            repository,
        } = source;
        let sources = &mut *self.sources;
        let root =
            *self
                .roots
                .entry((root, repository))
                .or_insert_with_key(|(path, repository)| {
                    sources.add_recorded_root(Root {
                        path: path.into(),
                        repository: repository.clone(),
                    })
                });
        let file = sources.add(root, &path);
        sources.set_depth(file, depth);
        // Two documents of a file never start in one line.
        Origin {
            file,
            document: line,
            line,
        }
    }

    fn flaw(&mut self, flaw: Flaw, origin: Origin) {
        let (code, message, field) = match flaw {
            Flaw::TooLarge => {
                let limit = MAX_FILE_BYTES / (1024 * 1024);
                let message = format!("the entity is larger than {limit} MiB and was not read");
                (Code::FileTooLarge, message, FieldPath::default())
            }
            Flaw::Syntax(message) => {
                let first = (origin.line, format!("this is no JSON: {message}"));
                self.first_fault.get_or_insert(first);
                let message = format!("the entity is no JSON: {message}");
                (Code::JsonSyntax, message, FieldPath::default())
            }
            Flaw::NotAnEntity(message) => (Code::NotAnEntity, message, FieldPath::default()),
            Flaw::Envelope(field, message) => (Code::InvalidEnvelope, message, field),
        };
        self.has_json |= code != Code::JsonSyntax;
        self.diagnostics
            .push(Diagnostic::new(code, message).at(origin.value(field)));
    }
}

/// A recorded entity that counts.
#[derive(Debug)]
pub struct Entry {
    /// The entity and what its spec refers to.
    pub validated: Validated<Packed>,
    /// The relations the dump states for it.
    pub relations: Vec<(RelationType, EntityRef)>,
}

/// The entities of the dumps that no descriptor of a root defines.
#[derive(Debug, Default)]
pub struct Dumped {
    /// Those that belong to the result.
    pub converted: Vec<Entry>,
    /// Those that references may name, and no more.
    pub known: Vec<Entry>,
    /// How many are defined in the roots as well.
    pub replaced: usize,
    /// How many records were lost to another one that says something else.
    pub conflicts: usize,
}

impl Dumped {
    /// Adds its numbers to those of the run.
    pub fn count(&self, tally: &mut Tally) {
        tally.recorded = self.converted.len() + self.known.len() + self.replaced;
        tally.replaced = self.replaced;
        tally.conflicts = self.conflicts;
        tally.converted = self.converted.len();
    }
}

/// What the descriptors of the roots say.
#[derive(Debug)]
pub struct Claims(HashSet<String>);

impl Claims {
    /// The refs of descriptors, whether they turn out to be valid or not.
    #[must_use]
    pub fn of(descriptors: &[Descriptor<Packed>]) -> Self {
        Self(
            descriptors
                .iter()
                .map(|descriptor| descriptor.entity_ref.canonical())
                .collect(),
        )
    }

    /// The refs of the descriptors that turned out to be in error.
    #[must_use]
    pub fn lost(mut self, validated: &[Validated<Packed>]) -> BTreeSet<String> {
        if validated.len() == self.0.len() {
            return BTreeSet::new();
        }
        for valid in validated {
            self.0.remove(&valid.entity.entity_ref.canonical());
        }
        self.0.into_iter().collect()
    }
}

/// Settles which recorded entities count beside those of the roots, in the order of one run: root, path, line; then
/// those without a place, by their refs. An entity whose descriptor is in error stays known as it was recorded, as
/// Backstage keeps the version it had.
#[must_use]
pub fn settle(
    recorded: Vec<Recorded>,
    claims: &Claims,
    validated: &[Validated<Packed>],
    are_converted: bool,
    look: Look<'_>,
    sources: &Sources,
    diagnostics: &mut Diagnostics,
) -> Dumped {
    if recorded.is_empty() {
        return Dumped::default();
    }
    let defined: HashSet<String> = validated
        .iter()
        .map(|known| known.entity.entity_ref.canonical())
        .collect();
    let mut dumped = Dumped::default();
    let (unique, conflicts) = unique(recorded, &defined, sources);
    dumped.conflicts = conflicts.len();
    for conflict in conflicts {
        diagnostics.push(if are_converted {
            conflict
        } else {
            conflict.severity(Severity::Warning)
        });
    }
    let checked: Vec<_> = unique
        .into_par_iter()
        .map(|(canonical, recorded)| {
            let is_open = !defined.contains(&canonical) && !claims.0.contains(&canonical);
            let look = Some(look).filter(|_| are_converted && is_open);
            let mut faults = Diagnostics::default();
            let (entry, is_valid) = entry(recorded, look, &mut faults);
            (canonical, entry, is_valid, faults)
        })
        .collect();
    for (canonical, entry, is_valid, faults) in checked {
        if defined.contains(&canonical) {
            dumped.replaced += 1;
            continue;
        }
        for fault in faults {
            match fault.severity {
                Severity::Note if !are_converted => {}
                _ if are_converted => diagnostics.push(fault),
                _ => diagnostics.push(fault.severity(Severity::Warning)),
            }
        }
        if are_converted && is_valid && !claims.0.contains(&canonical) {
            dumped.converted.push(entry);
        } else {
            dumped.known.push(entry);
        }
    }
    dumped
}

/// One record for each ref, in order, and what was lost to another one that says something else.
fn unique(
    recorded: Vec<Recorded>,
    defined: &HashSet<String>,
    sources: &Sources,
) -> (Vec<(String, Recorded)>, Vec<Diagnostic>) {
    let mut all: Vec<(String, Recorded)> = recorded
        .into_iter()
        .map(|recorded| (recorded.descriptor.entity_ref.canonical(), recorded))
        .collect();
    // Stable, so that without a place the first record stays the first. Within one run, files found by name come
    // before those that Locations lead to, whatever their paths.
    all.sort_by_cached_key(|(_, recorded)| {
        let depth = sources.depth(recorded.descriptor.origin.file);
        (!recorded.is_placed, depth, place(recorded, sources))
    });
    let mut first: HashMap<String, usize> = HashMap::with_capacity(all.len());
    let mut conflicts = Vec::new();
    let mut kept: Vec<(String, Recorded)> = Vec::with_capacity(all.len());
    for (canonical, recorded) in all {
        let Some(winner) = first.get(&canonical) else {
            first.insert(canonical.clone(), kept.len());
            kept.push((canonical, recorded));
            continue;
        };
        let winner = &kept[*winner].1.descriptor;
        if winner.value != recorded.descriptor.value && !defined.contains(&canonical) {
            let lost = recorded.descriptor.origin;
            conflicts.push(conflict(&canonical, lost, winner.origin));
        }
    }
    kept.sort_by_cached_key(|(canonical, recorded)| {
        let by_ref = (!recorded.is_placed).then(|| canonical.clone());
        (by_ref, place(recorded, sources))
    });
    (kept, conflicts)
}

/// Where the descriptor of a record stands: root, path, line.
fn place(recorded: &Recorded, sources: &Sources) -> Option<(RootId, Utf8PathBuf, usize)> {
    let Origin { file, document, .. } = recorded.descriptor.origin;
    let place = || {
        (
            sources.root_of(file),
            sources.path(file).to_owned(),
            document,
        )
    };
    recorded.is_placed.then(place)
}

fn conflict(canonical: &str, lost: Origin, winner: Origin) -> Diagnostic {
    let name = |origin: Origin| -> Location { origin.value(FieldPath::keys(["metadata", "name"])) };
    let message =
        format!("`{canonical}` is defined elsewhere in other words, and the first one counts");
    Diagnostic::new(Code::DuplicateEntity, message)
        .at(name(lost))
        .related(name(winner), "this one counts")
        .help(
            "remove one of the two, or give one another name or namespace; or make all dumps anew",
        )
}

/// Validates a record as if it were a descriptor; one that is none keeps its name only.
fn entry(recorded: Recorded, look: Option<Look<'_>>, faults: &mut Diagnostics) -> (Entry, bool) {
    let Recorded {
        descriptor,
        relations,
        ..
    } = recorded;
    let nameless = Entity {
        entity_ref: descriptor.entity_ref.clone(),
        value: Packed::of(&serde_json::Map::new()),
        origin: descriptor.origin,
    };
    let validated = validate::entity(descriptor.unpacked(), Mode::Tolerant, faults);
    let is_valid = validated.is_some();
    if let (Some(valid), Some(look)) = (&validated, look) {
        look(&valid.entity, faults);
    }
    let nameless = || Validated {
        entity: nameless,
        references: Vec::new(),
        facts: Facts::default(),
    };
    let validated = validated.map_or_else(nameless, Validated::packed);
    let entry = Entry {
        validated,
        relations,
    };
    (entry, is_valid)
}
