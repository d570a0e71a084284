//! Follows Locations to more descriptors and settles which descriptor stands for an entity.
//!
//! In: the files found by name. Out: the descriptors of all files that can be reached, placeholders replaced, at most
//! one for each entity ref. Order and rules are those of Backstage: the files found by name come first, in the order
//! of their paths, then what their Locations name, level by level. An entity keeps its ref even when it is invalid
//! (backstage/backstage, `plugins/catalog-backend/src/database`).

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use camino::{Utf8Path, Utf8PathBuf};
use globset::{GlobBuilder, GlobMatcher};
use rayon::prelude::*;
use serde_json::Value;

use super::address::{self, Address};
use super::discover::{self, Found, FoundBy};
use super::read::{self, Descriptor, Tally};
use super::{placeholder, validate};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Error};
use crate::source::{FieldPath, FileId, Location, Origin, RootId, Sources};
use crate::yaml;

/// Reads files and everything their Locations lead to.
///
/// # Errors
///
/// [`Error::Root`] when a root cannot be listed for a Location with a pattern.
pub fn descriptors(
    found: Vec<Found>,
    sources: &mut Sources,
    tally: &mut Tally,
    diagnostics: &mut Diagnostics,
) -> Result<Vec<Descriptor>, Error> {
    let mut known: HashSet<FileId> = found.iter().map(|found| found.file).collect();
    let mut claims = Claims::default();
    let mut listings = Listings::default();
    let mut level = found;
    let mut depth = 0;
    while !level.is_empty() {
        let read = read::descriptors(&level, sources, tally, diagnostics);
        let claimed = claims.settle(read, sources, diagnostics);
        let resolved = placeholders(claimed, sources, diagnostics);
        let mut targets = Vec::new();
        for location in resolved.iter().filter(|descriptor| is_location(descriptor)) {
            targets.extend(followed(location, sources, &mut listings, diagnostics)?);
        }
        targets.retain(|target| known.insert(target.file));
        depth += 1;
        for target in &targets {
            sources.set_depth(target.file, depth);
        }
        level = targets;
        claims.descriptors.extend(resolved);
    }
    Ok(claims.descriptors)
}

/// Orders descriptors by root, path and document, however they were reached.
pub fn sort(descriptors: &mut [Descriptor], sources: &Sources) {
    descriptors.sort_by_cached_key(|descriptor| {
        let Origin { file, document, .. } = descriptor.origin;
        (
            sources.root_of(file),
            sources.path(file).to_owned(),
            document,
        )
    });
}

fn placeholders(
    descriptors: Vec<Descriptor>,
    sources: &Sources,
    diagnostics: &mut Diagnostics,
) -> Vec<Descriptor> {
    let substituted: Vec<_> = descriptors
        .into_par_iter()
        .map(|mut descriptor| {
            placeholder::substitute(&mut descriptor, sources).map(|()| descriptor)
        })
        .collect();
    let mut resolved = Vec::with_capacity(substituted.len());
    for result in substituted {
        match result {
            Ok(descriptor) => resolved.push(descriptor),
            Err(faults) => faults.into_iter().for_each(|fault| diagnostics.push(fault)),
        }
    }
    resolved
}

/// Which descriptor stands for which entity: the first file wins, and within a file the last document.
#[derive(Default)]
struct Claims {
    descriptors: Vec<Descriptor>,
    holders: HashMap<String, Origin>,
}

impl Claims {
    /// Keeps the descriptors that stand for their entities, and reports the others.
    fn settle(
        &mut self,
        read: Vec<Descriptor>,
        sources: &Sources,
        diagnostics: &mut Diagnostics,
    ) -> Vec<Descriptor> {
        // The last document of a file replaces the earlier ones before anything is processed.
        let mut last: HashMap<(FileId, String), usize> = HashMap::new();
        let refs: Vec<String> = read
            .iter()
            .map(|found| found.entity_ref.canonical())
            .collect();
        for (index, (descriptor, entity_ref)) in read.iter().zip(&refs).enumerate() {
            last.insert((descriptor.origin.file, entity_ref.clone()), index);
        }
        let origins: Vec<Origin> = read.iter().map(|found| found.origin).collect();
        let mut kept = Vec::with_capacity(read.len());
        let mut lost = Vec::new();
        for (index, (descriptor, entity_ref)) in read.into_iter().zip(refs).enumerate() {
            let file = descriptor.origin.file;
            let winner = last
                .get(&(file, entity_ref.clone()))
                .copied()
                .unwrap_or(index);
            let holder = match self.holders.entry(entity_ref) {
                Entry::Occupied(holder) if holder.get().file != file => *holder.get(),
                _ if winner != index => origins[winner],
                claim => {
                    claim.insert_entry(descriptor.origin);
                    kept.push(descriptor);
                    continue;
                }
            };
            lost.push((descriptor, holder));
        }
        report_duplicates(lost, sources, diagnostics);
        kept
    }
}

fn report_duplicates(
    lost: Vec<(Descriptor, Origin)>,
    sources: &Sources,
    diagnostics: &mut Diagnostics,
) {
    // Files are read again, each once: duplicates are rare, and keeping every document for them is not.
    let mut documents: HashMap<FileId, HashMap<usize, Value>> = HashMap::new();
    for (descriptor, holder) in lost {
        let read_again = documents.entry(holder.file).or_insert_with(|| {
            let documents = yaml::documents(&sources.text(holder.file).unwrap_or_default());
            let good = documents
                .into_iter()
                .filter_map(|document| Some((document.index, document.content.ok()?)));
            good.collect()
        });
        let is_identical = matches!(
            read_again.get(&holder.document),
            Some(Value::Object(value)) if *value == descriptor.value
        );
        let entity_ref = descriptor.entity_ref.canonical();
        let field = FieldPath::keys(["metadata", "name"]);
        let (code, message) = if is_identical {
            (
                Code::IdenticalDuplicate,
                format!("`{entity_ref}` is defined twice, in the same words"),
            )
        } else if holder.file == descriptor.origin.file {
            (
                Code::DuplicateEntity,
                format!("`{entity_ref}` is defined again further down, and the last one counts"),
            )
        } else {
            (
                Code::DuplicateEntity,
                format!("`{entity_ref}` is defined elsewhere too, and the first path counts"),
            )
        };
        diagnostics.push(
            Diagnostic::new(code, message)
                .at(descriptor.origin.value(field.clone()))
                .related(holder.value(field), "this one counts")
                .help("remove one of the two, or give one another name or namespace"),
        );
    }
}

fn is_location(descriptor: &Descriptor) -> bool {
    let is_valid = || {
        let mut faults = Diagnostics::default();
        validate::entity(descriptor.clone(), &mut faults).is_some()
    };
    descriptor.entity_ref.kind == "Location" && is_valid()
}

/// The files a Location names.
fn followed(
    location: &Descriptor,
    sources: &mut Sources,
    listings: &mut Listings,
    diagnostics: &mut Diagnostics,
) -> Result<Vec<Found>, Error> {
    let Some(Value::Object(spec)) = location.value.get("spec") else {
        return Ok(Vec::new());
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
        return Ok(Vec::new());
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
    let mut found = Vec::new();
    for (field, target) in targets {
        let Some(target) = target.as_str() else {
            continue;
        };
        let holder = Target {
            text: target,
            location: location.origin.value(field),
            is_optional,
        };
        found.extend(holder.files(sources, listings, diagnostics)?);
    }
    Ok(found)
}

/// One target of a Location.
struct Target<'a> {
    text: &'a str,
    location: Location,
    is_optional: bool,
}

impl Target<'_> {
    fn files(
        &self,
        sources: &mut Sources,
        listings: &mut Listings,
        diagnostics: &mut Diagnostics,
    ) -> Result<Vec<Found>, Error> {
        let text = self.text;
        let root = sources.root_of(self.location.file);
        let mut fault = |code: Code, message: String| {
            diagnostics.push(Diagnostic::new(code, message).at(self.location.clone()));
        };
        let path =
            match address::resolve(text, sources.path(self.location.file), sources.root(root)) {
                Address::Path(path) => path,
                Address::Outside => {
                    fault(
                        Code::OutsideRoot,
                        format!("the target `{text}` leads out of the repository"),
                    );
                    return Ok(Vec::new());
                }
                Address::Remote => {
                    let message =
                        format!("the target `{text}` is a remote address, which is never fetched");
                    fault(Code::RemoteLocation, message);
                    return Ok(Vec::new());
                }
            };
        let (paths, by) = if is_pattern(&path) {
            match Pattern::new(&path) {
                Ok(pattern) => (
                    listings.matching(&pattern, root, sources)?,
                    FoundBy::Pattern,
                ),
                Err(message) => {
                    fault(
                        Code::MissingTarget,
                        format!("the target `{text}` is not a valid pattern: {message}"),
                    );
                    return Ok(Vec::new());
                }
            }
        } else {
            let exists = sources.is_file(root, &path);
            (exists.then_some(path).into_iter().collect(), FoundBy::Name)
        };
        if paths.is_empty() && !self.is_optional {
            let what = if by == FoundBy::Pattern {
                "matches no file"
            } else {
                "does not exist"
            };
            let missing =
                Diagnostic::new(Code::MissingTarget, format!("the target `{text}` {what}"));
            diagnostics.push(
                missing
                    .at(self.location.clone())
                    .help("correct the path, or set `presence: optional`"),
            );
        }
        let found = paths.iter().map(|path| Found {
            file: sources.add(root, path),
            by,
        });
        Ok(found.collect())
    }
}

/// What GitHub's reader takes for a pattern (the `is-glob` package).
fn is_pattern(path: &Utf8Path) -> bool {
    let path = path.as_str();
    path.contains('*')
        || (path.contains('{') && path.contains('}'))
        || (path.contains('[') && path.contains(']'))
}

/// A pattern over the paths of a root. Stars do not match hidden files and folders.
struct Pattern {
    matcher: GlobMatcher,
    parts: Vec<String>,
}

impl Pattern {
    fn new(path: &Utf8Path) -> Result<Self, String> {
        let glob = GlobBuilder::new(path.as_str())
            .literal_separator(true)
            .build();
        Ok(Self {
            matcher: glob
                .map_err(|error| error.kind().to_string())?
                .compile_matcher(),
            parts: path
                .components()
                .map(|part| part.as_str().to_owned())
                .collect(),
        })
    }

    fn matches(&self, path: &Utf8Path) -> bool {
        self.matcher.is_match(path)
            && path.components().all(|part| {
                let part = part.as_str();
                !part.starts_with('.') || self.parts.iter().any(|named| named == part)
            })
    }
}

/// The paths of each root that a pattern has been asked for, listed once.
#[derive(Default)]
struct Listings(HashMap<RootId, Vec<Utf8PathBuf>>);

impl Listings {
    fn matching(
        &mut self,
        pattern: &Pattern,
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
        Ok(listing
            .iter()
            .filter(|path| pattern.matches(path))
            .cloned()
            .collect())
    }
}
