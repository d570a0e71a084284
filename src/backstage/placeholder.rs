//! Replaces placeholders: `$text`, `$json` and `$yaml` become the content of the file they name.
//!
//! In: a descriptor. Out: the descriptor with values in place of its placeholders, or what stands in the way, which
//! costs this entity and no other. Rules: `PlaceholderProcessor.ts` in backstage/backstage,
//! `plugins/catalog-backend/src/processors`.

use serde_json::{Map, Value};

use super::address::{self, Address};
use super::read::{Descriptor, article};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FieldPath, Origin, Segment, Sources};
use crate::yaml;

/// Replaces every placeholder of a descriptor. Results are not looked at again, so placeholders do not nest.
pub(super) fn substitute(
    descriptor: &mut Descriptor,
    sources: &Sources,
) -> Result<(), Vec<Diagnostic>> {
    let mut substitution = Substitution {
        origin: descriptor.origin,
        sources,
        field: FieldPath::default(),
        faults: Vec::new(),
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
}

impl Resolver {
    fn named(key: &str) -> Option<Self> {
        match key {
            "$text" => Some(Self::Text),
            "$json" => Some(Self::Json),
            "$yaml" => Some(Self::Yaml),
            _ => None,
        }
    }
}

struct Substitution<'a> {
    origin: Origin,
    sources: &'a Sources,
    field: FieldPath,
    faults: Vec<Diagnostic>,
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
                let placeholder = match map.iter().next() {
                    Some((key, address)) if map.len() == 1 => {
                        Resolver::named(key).map(|resolver| (resolver, address))
                    }
                    _ => None,
                };
                match placeholder {
                    Some((resolver, address)) => match self.resolved(resolver, address) {
                        Ok(resolved) => *value = resolved,
                        Err(fault) => self
                            .faults
                            .push(fault.at(self.origin.value(self.field.clone()))),
                    },
                    None => self.map(map),
                }
            }
            _ => {}
        }
    }

    fn resolved(&self, resolver: Resolver, address: &Value) -> Result<Value, Diagnostic> {
        let unresolved = |message: String| Diagnostic::new(Code::UnresolvedPlaceholder, message);
        let Value::String(address) = address else {
            let found = article(address);
            return Err(unresolved(format!(
                "a placeholder takes a path or an address, not {found}"
            )));
        };
        let holder = self.sources.path(self.origin.file);
        let root = self.sources.root_of(self.origin.file);
        let path = match address::resolve(address, holder, self.sources.root(root)) {
            Address::Path(path) => path,
            Address::Outside => {
                let message = format!("the placeholder `{address}` leads out of the repository");
                return Err(Diagnostic::new(Code::OutsidePlaceholder, message));
            }
            Address::Remote => {
                let message = format!(
                    "the placeholder names the remote address `{address}`, which is never fetched"
                );
                return Err(Diagnostic::new(Code::RemotePlaceholder, message)
                    .help("put a copy of the file into the repository and name it by its path"));
            }
        };
        let text = self.sources.text_at(root, &path).map_err(|error| {
            unresolved(format!("the placeholder's file `{path}` cannot be read: {error}"))
                .help("paths start at the folder of the descriptor, or with `/` at the root of the repository")
        })?;
        match resolver {
            Resolver::Text => Ok(Value::String(text)),
            Resolver::Json => json(&text)
                .map_err(|error| unresolved(format!("`{path}` is not valid JSON: {error}"))),
            Resolver::Yaml => yaml(&text).map_err(|error| unresolved(format!("`{path}`: {error}"))),
        }
    }
}

fn json(text: &str) -> serde_json::Result<Value> {
    serde_json::from_str(text)
}

/// The only document of a text.
fn yaml(text: &str) -> Result<Value, String> {
    let stream = yaml::stream(text);
    match <[_; 1]>::try_from(stream) {
        Ok([document]) => document.content.map_err(|errors| {
            errors
                .into_iter()
                .map(|error| error.message)
                .collect::<Vec<_>>()
                .join("; ")
        }),
        Err(documents) => Err(format!(
            "expected exactly one YAML document, found {}",
            documents.len()
        )),
    }
}
