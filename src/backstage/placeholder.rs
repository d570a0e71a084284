//! Replaces placeholders: `$text`, `$json` and `$yaml` become the content of the file they name, `$openapi` and
//! `$asyncapi` that content with everything it refers to.
//!
//! In: descriptors. Out: those with values in place of their placeholders; what stands in the way costs its entity and
//! no other. Where the values came from is noted in the sources, so that findings about them lead there. Rules:
//! `PlaceholderProcessor.ts` in backstage/backstage, `plugins/catalog-backend/src/processors`.

use std::collections::BTreeSet;
use std::ops::Range;

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;
use serde_json::{Map, Value};

use super::address::{self, Address};
use super::read::article;
use super::{Descriptor, Packed, bundle};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::{FieldPath, Location, Origin, Place, RootId, Segment, Sources};
use crate::yaml;

/// Replaces the placeholders of descriptors, in parallel, and keeps their order. Those that cannot be are reported, and the
/// refs of their descriptors go to `lost`.
pub(super) fn replaced(
    descriptors: Vec<Descriptor<Packed>>,
    sources: &mut Sources,
    lost: &mut BTreeSet<String>,
    diagnostics: &mut Diagnostics,
) -> Vec<Descriptor<Packed>> {
    let substituted: Vec<_> = descriptors
        .into_par_iter()
        .map(|descriptor| {
            let mut read = Diagnostics::default();
            if !descriptor.value.has_placeholder() {
                return (descriptor, Ok(Vec::new()), read);
            }
            let mut descriptor = descriptor.unpacked();
            let included = substitute(&mut descriptor, sources, &mut read);
            (descriptor.packed(), included, read)
        })
        .collect();
    let mut resolved = Vec::with_capacity(substituted.len());
    for (descriptor, included, read) in substituted {
        diagnostics.append(read);
        match included {
            Ok(included) => {
                for one in included {
                    let file = sources.included_file(one.root, &one.path);
                    sources.include(descriptor.origin, one.field, &one.key, file, one.is_text);
                }
                resolved.push(descriptor);
            }
            Err(obstacles) => {
                lost.insert(descriptor.entity_ref.canonical());
                diagnostics.extend(obstacles.into_iter().map(|obstacle| {
                    let found = *obstacle.diagnostic;
                    let Some((root, path, bytes)) = obstacle.within else {
                        return found;
                    };
                    let place = Place::Span {
                        document: None,
                        bytes,
                    };
                    let file = sources.included_file(root, &path);
                    found.related(Location { file, place }, "what is wrong there")
                }));
            }
        }
    }
    resolved
}

/// A file that was read in the place of a field.
#[derive(Debug)]
struct Included {
    field: FieldPath,
    key: String,
    root: RootId,
    path: Utf8PathBuf,
    /// Whether it became one text.
    is_text: bool,
}

/// What stands in the way of a descriptor.
#[derive(Debug)]
struct Obstacle {
    diagnostic: Box<Diagnostic>,
    /// The place in the included file, where it is in there.
    within: Option<(RootId, Utf8PathBuf, Range<usize>)>,
}

/// Replaces every placeholder of a descriptor, and tells which files were read for it. Results are not looked at again,
/// so placeholders do not nest. YAML files that are read for it are noted as files of the run.
fn substitute(
    descriptor: &mut Descriptor,
    sources: &Sources,
    read: &mut Diagnostics,
) -> Result<Vec<Included>, Vec<Obstacle>> {
    let mut substitution = Substitution {
        origin: descriptor.origin,
        sources,
        field: FieldPath::default(),
        included: Vec::new(),
        faults: Vec::new(),
        read,
    };
    substitution.map(&mut descriptor.value);
    if substitution.faults.is_empty() {
        Ok(substitution.included)
    } else {
        Err(substitution.faults)
    }
}

/// How the content of a file becomes a value.
#[derive(Clone, Copy)]
enum Resolver {
    Text,
    Json,
    Yaml,
    /// `$openapi`, `$asyncapi`.
    Bundle,
}

impl Resolver {
    fn named(key: &str) -> Option<Self> {
        match key {
            "$text" => Some(Self::Text),
            "$json" => Some(Self::Json),
            "$yaml" => Some(Self::Yaml),
            "$openapi" | "$asyncapi" => Some(Self::Bundle),
            _ => None,
        }
    }
}

struct Substitution<'a> {
    origin: Origin,
    sources: &'a Sources,
    field: FieldPath,
    included: Vec<Included>,
    faults: Vec<Obstacle>,
    read: &'a mut Diagnostics,
}

impl Substitution<'_> {
    fn map(&mut self, map: &mut Map<String, Value>) {
        // A map with a `$` key beside others is left alone, and so is everything in it.
        if map.keys().any(|key| key.starts_with('$')) {
            return;
        }
        for (key, value) in map {
            self.inside(|| Segment::Key(key.clone()), value);
        }
    }

    fn inside(&mut self, segment: impl FnOnce() -> Segment, value: &mut Value) {
        if !value.is_object() && !value.is_array() {
            return;
        }
        self.field.0.push(segment());
        self.value(value);
        self.field.0.pop();
    }

    fn value(&mut self, value: &mut Value) {
        match value {
            Value::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.inside(|| Segment::Index(index), item);
                }
            }
            Value::Object(map) => {
                let Some((resolver, key, address)) = self.placeholder(map) else {
                    return self.map(map);
                };
                match self.resolved(resolver, address) {
                    Ok((root, path, content)) => {
                        self.included.push(Included {
                            field: self.field.clone(),
                            key: key.to_owned(),
                            root,
                            path,
                            is_text: matches!(resolver, Resolver::Text | Resolver::Bundle),
                        });
                        *value = content;
                    }
                    Err(mut fault) => {
                        let place = self.origin.value(self.field.key(key));
                        *fault.diagnostic = fault.diagnostic.at(place);
                        self.faults.push(fault);
                    }
                }
            }
            _ => {}
        }
    }

    /// The placeholder that a map is: its only key names a resolver.
    fn placeholder<'m>(
        &self,
        map: &'m Map<String, Value>,
    ) -> Option<(Resolver, &'m str, &'m Value)> {
        let (key, address) = map.iter().next().filter(|_| map.len() == 1)?;
        let resolver = Resolver::named(key)?;
        // Backstage has put annotations of its own into the map by then, so nothing stands alone there.
        let is_annotations = self.field == FieldPath::keys(["metadata", "annotations"]);
        (!is_annotations).then_some((resolver, key, address))
    }

    fn resolved(
        &mut self,
        resolver: Resolver,
        address: &Value,
    ) -> Result<(RootId, Utf8PathBuf, Value), Obstacle> {
        let unresolved = |message: String| Diagnostic::new(Code::UnresolvedPlaceholder, message);
        let Value::String(address) = address else {
            let found = article(address);
            let message = format!("a placeholder takes a path or an address, not {found}");
            let help = "write the path of a file, as in `$text: ./openapi.yaml`";
            return Err(unresolved(message).help(help).into());
        };
        let holder = self.sources.path(self.origin.file);
        let root = self.sources.root_of(self.origin.file);
        let (root, path, text) =
            read(self.sources, root, "the placeholder", address, holder).map_err(|found| *found)?;
        if matches!(path.extension(), Some("yaml" | "yml")) {
            self.read.mark(root, &path, &text);
        }
        let value = match resolver {
            Resolver::Text => Value::String(text),
            Resolver::Json => yaml::json(&text).map_err(|error| Obstacle {
                diagnostic: Box::new(unresolved(format!("`{path}` is not valid JSON: {error}")).help("`$json` reads JSON; for a file of YAML there is `$yaml`, for any text `$text`")),
                within: Some((root, path.clone(), offset(&text, &error))),
            })?,
            Resolver::Yaml => from_yaml(&text).map_err(|fault| {
                let (message, help, at) = match fault {
                    Fault::Syntax(error) => {
                        let message = format!("`{path}` is not valid YAML: {}", error.message);
                        (message, error.help, Some(error.at))
                    }
                    Fault::Count(count) => {
                        let message =
                            format!("`{path}` holds {count} YAML documents, and `$yaml` takes one");
                        (message, None, None)
                    }
                };
                let mut diagnostic = unresolved(message);
                diagnostic.help = help.map(Into::into);
                Obstacle {
                    diagnostic: Box::new(diagnostic),
                    within: at.map(|at| (root, path.clone(), at)),
                }
            })?,
            Resolver::Bundle => bundle::bundle(&path, &text, &|address, holder| {
                let (found, path, text) =
                    read(self.sources, root, "the reference", address, holder)?;
                if found == root {
                    return Ok((path, text));
                }
                let message = format!("the reference `{address}` leads into another repository");
                Err(Box::new(Diagnostic::new(Code::RemotePlaceholder, message)))
            })
            .map(Value::String)
            .map_err(|found| *found)?,
        };
        Ok((root, path, value))
    }
}

impl From<Diagnostic> for Obstacle {
    fn from(diagnostic: Diagnostic) -> Self {
        Self {
            diagnostic: Box::new(diagnostic),
            within: None,
        }
    }
}

/// Why a text is no single YAML document.
enum Fault {
    Syntax(Box<yaml::SyntaxError>),
    Count(usize),
}

fn from_yaml(text: &str) -> Result<Value, Fault> {
    let documents = yaml::stream(text);
    let count = documents.len();
    let mut values = Vec::with_capacity(count);
    for document in documents {
        match document.content {
            Ok(value) => values.push(value),
            Err(mut errors) if !errors.is_empty() => {
                return Err(Fault::Syntax(Box::new(errors.swap_remove(0))));
            }
            Err(_) => {}
        }
    }
    match <[_; 1]>::try_from(values) {
        Ok([value]) => Ok(value),
        Err(_) => Err(Fault::Count(count)),
    }
}

/// The place of an error in JSON.
fn offset(text: &str, error: &serde_json::Error) -> Range<usize> {
    let lines = text
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1));
    let start: usize = lines.map(str::len).sum();
    // The column counts bytes, and is that of the last one that was read.
    let at = (start + error.column().saturating_sub(1)).min(text.len());
    let at = (0..=at)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0);
    let char = text.get(at..).and_then(|rest| rest.chars().next());
    at..at
        + char
            .filter(|char| !char.is_whitespace())
            .map_or(0, char::len_utf8)
}

/// The root, the path and the text of the file that an address names, seen from the file that holds the address.
fn read(
    sources: &Sources,
    root: RootId,
    what: &str,
    address: &str,
    holder: &Utf8Path,
) -> Result<(RootId, Utf8PathBuf, String), bundle::Fault> {
    let (root, path) = match address::resolve(address, root, holder, sources) {
        Address::Path(root, path) => (root, path),
        Address::Outside => {
            let message = format!("{what} `{address}` leads out of the repository");
            let found = Diagnostic::new(Code::OutsidePlaceholder, message).help(PATHS);
            return Err(Box::new(found));
        }
        Address::Remote => {
            let message =
                format!("{what} names the remote address `{address}`, which is never fetched");
            let found = Diagnostic::new(Code::RemotePlaceholder, message)
                .help("put the file into the repository and name it by its path; if the address is one of this very repository, say so with `--repo-url`");
            return Err(Box::new(found));
        }
    };
    match sources.text_at(root, &path) {
        Ok(text) => Ok((root, path, text)),
        Err(error) => {
            let message = format!("the file `{path}` of {what} cannot be read: {error}");
            Err(Box::new(
                Diagnostic::new(Code::UnresolvedPlaceholder, message).help(PATHS),
            ))
        }
    }
}

const PATHS: &str = "paths start at the folder of the file that holds them, or with `/` at the root of the repository";
