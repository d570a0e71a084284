//! Replaces placeholders: `$text`, `$json` and `$yaml` become the content of the file they name, `$openapi` and
//! `$asyncapi` that content with everything it refers to.
//!
//! In: a descriptor. Out: the descriptor with values in place of its placeholders, or what stands in the way, which
//! costs this entity and no other. Rules: `PlaceholderProcessor.ts` in backstage/backstage,
//! `plugins/catalog-backend/src/processors`.

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Map, Value};

use super::address::{self, Address};
use super::bundle;
use super::read::{Descriptor, article};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::{FieldPath, Origin, RootId, Segment, Sources};
use crate::yaml;

/// Replaces every placeholder of a descriptor. Results are not looked at again, so placeholders do not nest. YAML files
/// that are read for it are noted as files of the run.
pub(super) fn substitute(
    descriptor: &mut Descriptor,
    sources: &Sources,
    read: &mut Diagnostics,
) -> Result<(), Vec<Diagnostic>> {
    let mut substitution = Substitution {
        origin: descriptor.origin,
        sources,
        field: FieldPath::default(),
        faults: Vec::new(),
        read,
    };
    substitution.map(&mut descriptor.value);
    if substitution.faults.is_empty() {
        Ok(())
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
    faults: Vec<Diagnostic>,
    read: &'a mut Diagnostics,
}

impl Substitution<'_> {
    fn map(&mut self, map: &mut Map<String, Value>) {
        // A map with a `$` key beside others is left alone, and so is everything in it.
        if map.keys().any(|key| key.starts_with('$')) {
            return;
        }
        for (key, value) in map {
            self.inside(Segment::Key(key.clone()), value);
        }
    }

    fn inside(&mut self, segment: Segment, value: &mut Value) {
        if !value.is_object() && !value.is_array() {
            return;
        }
        self.field.0.push(segment);
        self.value(value);
        self.field.0.pop();
    }

    fn value(&mut self, value: &mut Value) {
        match value {
            Value::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.inside(Segment::Index(index), item);
                }
            }
            Value::Object(map) => {
                let Some((resolver, key, address)) = self.placeholder(map) else {
                    return self.map(map);
                };
                match self.resolved(resolver, address) {
                    Ok(content) => *value = content,
                    Err(fault) => {
                        let place = self.origin.value(self.field.key(key));
                        self.faults.push(fault.at(place));
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
        // Backstage has put annotations of its own into the map by then, so nothing stands alone there.
        let is_annotations = self.field == FieldPath::keys(["metadata", "annotations"]);
        let (key, address) = map
            .iter()
            .next()
            .filter(|_| map.len() == 1 && !is_annotations)?;
        Some((Resolver::named(key)?, key, address))
    }

    fn resolved(&mut self, resolver: Resolver, address: &Value) -> Result<Value, bundle::Fault> {
        let unresolved =
            |message: String| Box::new(Diagnostic::new(Code::UnresolvedPlaceholder, message));
        let Value::String(address) = address else {
            let found = article(address);
            return Err(unresolved(format!(
                "a placeholder takes a path or an address, not {found}"
            )));
        };
        let holder = self.sources.path(self.origin.file);
        let root = self.sources.root_of(self.origin.file);
        let (root, path, text) =
            read(self.sources, root, "the placeholder", address, holder).map_err(|found| *found)?;
        if matches!(path.extension(), Some("yaml" | "yml")) {
            self.read.mark(root, &path, &text);
        }
        match resolver {
            Resolver::Text => Ok(Value::String(text)),
            Resolver::Json => yaml::json(&text)
                .map_err(|error| unresolved(format!("`{path}` is not valid JSON: {error}"))),
            Resolver::Yaml => {
                yaml::only(&text).map_err(|error| unresolved(format!("`{path}`: {error}")))
            }
            Resolver::Bundle => bundle::bundle(&path, &text, &|address, holder| {
                let (found, path, text) =
                    read(self.sources, root, "the reference", address, holder)?;
                if found == root {
                    return Ok((path, text));
                }
                let message = format!("the reference `{address}` leads into another repository");
                Err(Box::new(Diagnostic::new(Code::RemotePlaceholder, message)))
            })
            .map(Value::String),
        }
    }
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
            return Err(Box::new(Diagnostic::new(Code::OutsidePlaceholder, message)));
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
            Err(Box::new(Diagnostic::new(Code::UnresolvedPlaceholder, message).help("paths start at the folder of the file that holds them, or with `/` at the root of the repository")))
        }
    }
}
