//! Follows Locations to more descriptors and settles which descriptor stands for an entity.
//!
//! In: the files found by name. Out: the descriptors of all files that can be reached, placeholders replaced, at most
//! one for each entity ref. Order and rules are those of Backstage: the files found by name come first, in the order
//! of their paths, then what their Locations name, level by level. An entity keeps its ref even when it is invalid
//! (backstage/backstage, `plugins/catalog-backend/src/database`).

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, HashSet};

use camino::Utf8PathBuf;
use serde_json::Value;

use super::address::{self, Address};
use super::claims::Claims;
use super::discover::{self, Found, FoundBy};
use super::glob::{self, Glob};
use super::read::{self, Tally};
use super::{Descriptor, Mode, Packed, placeholder, validate};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Error};
use crate::source::{FieldPath, FileId, Location, Origin, RootId, Sources};

/// What files and their Locations hold.
#[derive(Debug)]
pub struct Resolved {
    /// The descriptors, at most one for each entity.
    pub descriptors: Vec<Descriptor<Packed>>,
    /// The refs of those that an error cost.
    pub lost: BTreeSet<String>,
}

/// Reads files and everything their Locations lead to.
///
/// # Errors
///
/// [`Error::Root`] when a root cannot be listed for a Location with a pattern.
pub fn descriptors(
    found: &[Found],
    mode: Mode,
    sources: &mut Sources,
    tally: &mut Tally,
    diagnostics: &mut Diagnostics,
) -> Result<Resolved, Error> {
    let mut resolution = Resolution {
        mode,
        sources,
        tally,
        diagnostics,
        depth: 0,
        listings: Listings::default(),
        claims: Claims::default(),
        known: HashMap::new(),
        broken: HashSet::new(),
        failed: BTreeSet::new(),
        descriptors: Vec::new(),
        lost: BTreeSet::new(),
    };
    resolution.read(found);
    let files: Vec<FileId> = found.iter().map(|found| found.file).collect();
    // Each file found by name is a location of its own.
    let whole: Vec<FileId> = files
        .into_iter()
        .filter(|file| !resolution.costs_all(&[*file]))
        .collect();
    let mut level = resolution.emit(&whole);
    while !level.is_empty() {
        level = resolution.follow(level)?;
    }
    resolution.report_lost();
    let Resolution {
        mut descriptors,
        mut lost,
        failed,
        ..
    } = resolution;
    descriptors.retain(|descriptor| {
        let is_kept = !failed.contains(&descriptor.origin);
        if !is_kept {
            lost.insert(descriptor.entity_ref.canonical());
        }
        is_kept
    });
    Ok(Resolved { descriptors, lost })
}

/// The state of following Locations.
struct Resolution<'a> {
    mode: Mode,
    sources: &'a mut Sources,
    tally: &'a mut Tally,
    diagnostics: &'a mut Diagnostics,
    /// How many Locations lead to what is emitted.
    depth: usize,
    listings: Listings,
    claims: Claims,
    /// Files that have been read, with their descriptors until a location emits them.
    known: HashMap<FileId, Option<Vec<Descriptor<Packed>>>>,
    /// Files with a document that is no entity.
    broken: HashSet<FileId>,
    /// Locations that are out again, because their targets cannot all be read.
    failed: BTreeSet<Origin>,
    descriptors: Vec<Descriptor<Packed>>,
    /// The refs of descriptors that an error cost.
    lost: BTreeSet<String>,
}

impl Resolution<'_> {
    /// Reads the files that have not been read yet.
    fn read(&mut self, found: &[Found]) {
        let mut new = Vec::new();
        for found in found {
            if let Entry::Vacant(entry) = self.known.entry(found.file) {
                entry.insert(None);
                new.push(*found);
            }
        }
        for contents in read::files(&new, self.mode, self.sources, self.tally, self.diagnostics) {
            if contents.is_broken {
                self.broken.insert(contents.file);
            }
            self.known.insert(contents.file, Some(contents.descriptors));
        }
    }

    /// Whether a location that reads these files loses everything.
    fn costs_all(&self, files: &[FileId]) -> bool {
        self.mode == Mode::Strict && files.iter().any(|file| self.broken.contains(file))
    }

    /// Takes the descriptors of files into the catalog; what comes out are the Locations among them.
    fn emit(&mut self, files: &[FileId]) -> Vec<Descriptor> {
        let mut read: Vec<Descriptor<Packed>> = Vec::new();
        for file in files {
            if let Some(descriptors) = self.known.get_mut(file).and_then(Option::take) {
                self.sources.set_depth(*file, self.depth);
                read.extend(descriptors);
            }
        }
        let claimed = self.claims.settle(read, self.sources, self.diagnostics);
        let resolved =
            placeholder::replaced(claimed, self.sources, &mut self.lost, self.diagnostics);
        let locations = resolved.iter().filter_map(location).collect();
        self.descriptors.extend(resolved);
        locations
    }

    /// Reads what Locations name; what comes out are the Locations among that.
    fn follow(&mut self, locations: Vec<Descriptor>) -> Result<Vec<Descriptor>, Error> {
        self.depth += 1;
        let mut followed = Vec::with_capacity(locations.len());
        for location in locations {
            let targets = targets(
                &location,
                self.sources,
                &mut self.listings,
                self.diagnostics,
            )?;
            followed.push((location, targets));
        }
        let found: Vec<Found> = followed
            .iter()
            .flat_map(|(_, targets)| targets.found.iter().copied())
            .collect();
        self.read(&found);
        let mut next = Vec::new();
        for (location, targets) in followed {
            let files: Vec<FileId> = targets.found.iter().map(|found| found.file).collect();
            if self.costs_all(&files) {
                let why = "a file that it names holds a document that is no entity";
                self.diagnostics.push(lost(&location, why));
                self.failed.insert(location.origin);
            } else if self.mode == Mode::Strict && targets.has_failed {
                self.failed.insert(location.origin);
            } else {
                next.extend(self.emit(&files));
            }
        }
        Ok(next)
    }

    /// Names the good documents that nothing emitted.
    fn report_lost(&mut self) {
        let left = self.known.drain().filter_map(|(_, left)| left);
        let mut left: Vec<Descriptor<Packed>> = left.flatten().collect();
        sort(&mut left, self.sources);
        for descriptor in &left {
            self.lost.insert(descriptor.entity_ref.canonical());
            self.diagnostics.push(lost(
                descriptor,
                "another document that is read together with it is broken",
            ));
        }
    }
}

fn lost<F>(descriptor: &Descriptor<F>, why: &str) -> Diagnostic {
    let entity_ref = descriptor.entity_ref.canonical();
    Diagnostic::new(
        Code::LostToNeighbour,
        format!("Backstage would drop `{entity_ref}`: {why}"),
    )
    .at(descriptor
        .origin
        .value(FieldPath::keys(["metadata", "name"])))
    .help("repair what is broken; without `--strict`, only that is lost")
}

/// Orders descriptors by root, path and document, however they were reached.
pub fn sort(descriptors: &mut [Descriptor<Packed>], sources: &Sources) {
    let place = |descriptor: &Descriptor<Packed>| {
        let Origin { file, document, .. } = descriptor.origin;
        (sources.root_of(file), sources.path(file), document)
    };
    descriptors.sort_by(|a, b| place(a).cmp(&place(b)));
}

/// The descriptor with its fields, if it is a valid Location.
fn location(descriptor: &Descriptor<Packed>) -> Option<Descriptor> {
    if descriptor.entity_ref.kind != "Location" {
        return None;
    }
    let location = descriptor.clone().unpacked();
    let mut faults = Diagnostics::default();
    let is_valid = validate::entity(location.clone(), Mode::Tolerant, &mut faults).is_some();
    is_valid.then_some(location)
}

/// What a Location names.
#[derive(Default)]
struct Targets {
    found: Vec<Found>,
    /// Whether Backstage would give up on the whole Location.
    has_failed: bool,
}

fn targets(
    location: &Descriptor,
    sources: &mut Sources,
    listings: &mut Listings,
    diagnostics: &mut Diagnostics,
) -> Result<Targets, Error> {
    let mut all = Targets::default();
    let Some(Value::Object(spec)) = location.value.get("spec") else {
        return Ok(all);
    };
    if let Some(Value::String(location_type)) = spec.get("type").filter(|given| *given != "url") {
        let message = format!(
            "Backstage does not follow a Location of type `{location_type}` from a repository"
        );
        let field = FieldPath::keys(["spec", "type"]);
        diagnostics.push(
            Diagnostic::new(Code::LocationType, message)
                .at(location.origin.value(field))
                .help("remove `type`: targets are then read from where the Location stands"),
        );
        all.has_failed = true;
        return Ok(all);
    }
    let is_optional = spec
        .get("presence")
        .is_some_and(|presence| presence == "optional");
    let single = spec
        .get("target")
        .map(|target| (FieldPath::keys(["spec", "target"]), target));
    let list = FieldPath::keys(["spec", "targets"]);
    let many = spec
        .get("targets")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .enumerate();
    let targets = single
        .into_iter()
        .chain(many.map(|(index, target)| (list.index(index), target)));
    for (field, target) in targets {
        let Some(target) = target.as_str() else {
            continue;
        };
        let target = Target {
            text: target,
            location: location.origin.value(field),
            is_optional,
        };
        match target.files(sources, listings)? {
            Ok(found) => all.found.extend(found),
            Err(fault) => {
                all.has_failed |= fault.code == Code::MissingTarget;
                diagnostics.push(fault.at(target.location));
            }
        }
    }
    Ok(all)
}

/// One target of a Location.
struct Target<'a> {
    text: &'a str,
    location: Location,
    is_optional: bool,
}

impl Target<'_> {
    /// The files it names, or what is wrong with it.
    fn files(
        &self,
        sources: &mut Sources,
        listings: &mut Listings,
    ) -> Result<Result<Vec<Found>, Diagnostic>, Error> {
        let text = self.text;
        let fault = |code, message: String| Ok(Err(Diagnostic::new(code, message)));
        let file = self.location.file;
        let (root, holder) = (sources.root_of(file), sources.path(file));
        let (root, path) = match address::resolve(text, root, holder, sources) {
            Address::Path(root, path) => (root, path),
            Address::Outside => {
                let message = format!("the target `{text}` leads out of the repository");
                let outside = Diagnostic::new(Code::OutsideLocation, message);
                return Ok(Err(outside.help("targets start at the folder of the file that holds them, or with `/` at the root of the repository")));
            }
            Address::Remote => {
                let message =
                    format!("the target `{text}` is a remote address, which is never fetched");
                let note = Diagnostic::new(Code::RemoteLocation, message);
                let help =
                    "if the address is one of this very repository, say so with `--repo-url`";
                return Ok(Err(note.help(help)));
            }
        };
        let (paths, by, fails_how) = if glob::is_pattern(path.as_str()) {
            let glob = match Glob::new(path.as_str()) {
                Ok(glob) => glob,
                Err(why) => {
                    return fault(
                        Code::MissingTarget,
                        format!("the target `{text}` cannot be matched: {why}"),
                    );
                }
            };
            (
                listings.matching(&glob, root, sources)?,
                FoundBy::Pattern,
                "matches no file",
            )
        } else {
            let exists = sources.is_file(root, &path);
            (
                exists.then_some(path).into_iter().collect(),
                FoundBy::Name,
                "does not exist",
            )
        };
        if paths.is_empty() && !self.is_optional {
            let missing = Diagnostic::new(
                Code::MissingTarget,
                format!("the target `{text}` {fails_how}"),
            );
            return Ok(Err(
                missing.help("correct the path, or set `presence: optional`")
            ));
        }
        let found = paths.iter().map(|path| Found {
            file: sources.add(root, path),
            by,
        });
        Ok(Ok(found.collect()))
    }
}

/// The paths of each root that a pattern has been asked for, listed once.
#[derive(Default)]
struct Listings(HashMap<RootId, Vec<Utf8PathBuf>>);

impl Listings {
    fn matching(
        &mut self,
        glob: &Glob,
        root: RootId,
        sources: &mut Sources,
    ) -> Result<Vec<Utf8PathBuf>, Error> {
        let listing = match self.0.entry(root) {
            Entry::Occupied(listing) => listing.into_mut(),
            // What cannot be read has been reported by the first walk.
            Entry::Vacant(listing) => listing.insert(discover::files(
                sources,
                root,
                |_| true,
                &mut Diagnostics::default(),
            )?),
        };
        // They are sorted, so what is in one folder stands together.
        let folder = glob.folder();
        let start = listing.partition_point(|path| path.as_str() < folder.as_str());
        Ok(listing[start..]
            .iter()
            .take_while(|path| path.as_str().starts_with(&folder))
            .filter(|path| glob.matches(path))
            .cloned()
            .collect())
    }
}
