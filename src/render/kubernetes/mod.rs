//! Target `crd`: `.port/kubernetes/<name>.yaml`, one custom resource of Port's (`getport.io/v1`) for each entity.
//!
//! In: the entities of each root. Out: a manifest for each. Title, icon and team have no place in Port's resources: they
//! are annotations, and the mapping of Port's Kubernetes exporter knows them.
//!
//! What an entity no longer has is left out: the mapping names every property, and gives null for what is not there.

use std::fmt::Write as _;
use std::sync::Arc;

use rayon::iter::{IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::limit::{self, Limit};
use super::{Format, Homes, Manifest, Recipe, Shape, Target, document, port_yml};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::generated::{self, ICON_ANNOTATION, TEAM_ANNOTATION, TITLE_ANNOTATION};
use crate::port::{self, Entity, Packed, Targets};
use crate::source::{RootId, Sources};
use crate::yaml::write::{self, Sorted, Text};

/// The longest name, in bytes. Kubernetes stops at 253 and file systems at 255, with the extension.
const MAX_NAME: usize = 245;
/// The largest resource that `kubectl apply` takes: it keeps a copy in an annotation, and Kubernetes takes no more of those
/// (`TotalAnnotationSizeLimitB`).
const MAX_APPLIED: usize = 256 * 1024;

/// The manifests of all roots.
pub(super) fn manifests(
    catalog: &port::Catalog,
    homes: &Homes<'_>,
    sources: &Sources,
    namespace: Option<&str>,
    diagnostics: &mut Diagnostics,
) -> Vec<Manifest> {
    let namespace: Option<Arc<str>> = namespace.map(Into::into);
    let entities = homes.0.iter().flat_map(|(root, blueprints)| {
        let entities = blueprints.values().flatten();
        entities.map(|entity| (*root, *entity))
    });
    let entities: Vec<(RootId, usize)> = entities.collect();
    let made: Vec<Manifest> = entities
        .into_par_iter()
        .map(|(root, position)| {
            let entity = &catalog.entities[position];
            let name = name(entity.blueprint(), entity.identifier());
            let origin = port_yml::from_descriptor(root, entity.origin.file, sources);
            let recipe = Recipe {
                shape: Shape::Custom,
                format: Format::Yaml,
                origin: origin.into(),
                entities: [position].into(),
                namespace: namespace.clone(),
            };
            Manifest::of(root, format!(".port/kubernetes/{name}.yaml"), recipe)
        })
        .collect();
    let limits = catalog.entities.par_iter().flat_map_iter(limits);
    limit::report(limits.collect(), diagnostics);
    let lengths = made.par_iter().filter_map(|manifest| {
        let length = manifest.length(catalog, MAX_APPLIED)?;
        (length > MAX_APPLIED).then_some((&manifest.path, length))
    });
    for (path, length) in lengths.collect::<Vec<_>>() {
        let message = format!(
            "`{path}` has {length} bytes: `kubectl apply` keeps a copy of a resource in an annotation, and Kubernetes takes \
             no more than {MAX_APPLIED} bytes of those"
        );
        let help = "apply it on the server side: `kubectl apply --server-side`, or `ServerSideApply=true` of Argo CD";
        diagnostics.push(Diagnostic::new(Code::TargetLimit, message).help(help));
    }
    made
}

/// What a custom resource cannot say, or the exporter changes.
fn limits(packed: &Packed) -> Vec<Limit> {
    let entity = packed.unpacked();
    let mut limits = Vec::new();
    let mut limit = |part: &str, reason| {
        limits.push(Limit {
            target: Target::Crd,
            blueprint: entity.blueprint.clone(),
            entity: Some((entity.identifier.clone(), entity.origin)),
            part: part.to_owned(),
            reason,
        });
    };
    if matches!(entity.team, Some(Targets::Query(_))) {
        limit(
            "`team`",
            "Port's Kubernetes exporter takes no searches for teams",
        );
    }
    let is_quoted = |title: &String| title.starts_with('"') || title.ends_with('"');
    if entity.title.as_ref().is_some_and(is_quoted) {
        limit(
            "the quotation marks around `title`",
            "Port's Kubernetes exporter takes them off",
        );
    }
    limits
}

/// The resource of an entity as YAML, with the sentence `origin` as a comment above it.
pub(super) fn document(entity: &Packed, namespace: Option<&str>, origin: &str) -> String {
    let entity = entity.unpacked();
    let resource = Resource {
        api_version: "getport.io/v1",
        kind: if namespace.is_some() {
            "Entity"
        } else {
            "ClusterEntity"
        },
        metadata: Metadata {
            name: Text(&name(&entity.blueprint, &entity.identifier)),
            namespace: namespace.map(Text),
            annotations: Annotations(annotations(&entity)),
        },
        spec: Spec {
            blueprint: Text(&entity.blueprint),
            identifier: Text(&entity.identifier),
            properties: Held(
                entity
                    .properties
                    .iter()
                    .filter(|(_, value)| !value.is_null())
                    .map(|(name, value)| (name.as_str(), Sorted(value)))
                    .collect(),
            ),
            relations: Held(
                entity
                    .relations
                    .iter()
                    .map(|(name, targets)| (name.as_str(), document::Names(targets)))
                    .collect(),
            ),
        },
    };
    format!("# {origin}\n{}", write::text(&resource))
}

fn annotations(entity: &Entity) -> Vec<(&'static str, String)> {
    let mut annotations = Vec::new();
    if let Some(icon) = &entity.icon {
        annotations.push((ICON_ANNOTATION, icon.clone()));
    }
    let teams = entity.team.as_ref().map_or(&[][..], Targets::names);
    if !teams.is_empty() {
        annotations.push((TEAM_ANNOTATION, Value::from(teams).to_string()));
    }
    if let Some(title) = &entity.title {
        annotations.push((TITLE_ANNOTATION, title.clone()));
    }
    annotations
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Resource<'a> {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata<'a>,
    spec: Spec<'a>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    name: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Annotations::is_empty")]
    annotations: Annotations,
}

struct Annotations(Vec<(&'static str, String)>);

impl Annotations {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Annotations {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let annotations = self.0.iter();
        serializer.collect_map(annotations.map(|(name, text)| (name, Text(text))))
    }
}

#[derive(Serialize)]
struct Spec<'a> {
    blueprint: Text<'a>,
    identifier: Text<'a>,
    #[serde(skip_serializing_if = "Held::is_empty")]
    properties: Held<'a, Sorted<'a>>,
    #[serde(skip_serializing_if = "Held::is_empty")]
    relations: Held<'a, document::Names<'a>>,
}

/// Values by name.
struct Held<'a, T>(Vec<(&'a str, T)>);

impl<T> Held<'_, T> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T: Serialize> Serialize for Held<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let values = self.0.iter();
        serializer.collect_map(values.map(|(name, value)| (Text(name), value)))
    }
}

/// Whether Kubernetes takes a namespace of this name: a label of a domain (RFC 1123).
pub(super) fn is_namespace(name: &str) -> bool {
    let is_end =
        |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let bytes = name.as_bytes();
    let is_part = |byte: &u8| is_end(Some(byte)) || *byte == b'-';
    bytes.len() <= 63 && is_end(bytes.first()) && is_end(bytes.last()) && bytes.iter().all(is_part)
}

/// The name of the resource of an entity: a subdomain (RFC 1123) that no other entity has.
///
/// It is `<blueprint>.<identifier>`. Small letters and digits stand for themselves, and so do `-` and, in the identifier,
/// `.` before one of them. A capital is `---` and the small letter, any other byte `--` and two hexadecimal digits. A part
/// that would begin with these has a `0` in front, and a `0` that would stand there by itself is an escape. Of a name that
/// is too long the beginning stays, and `--x` and a checksum follow, which no other name has.
pub(super) fn name(blueprint: &str, identifier: &str) -> String {
    let mut name = encode(blueprint, false);
    name.push('.');
    name += &encode(identifier, true);
    if is_device(name.split('.').next().unwrap_or_default()) {
        // No file on Windows may have it.
        let first = name.remove(0);
        name.insert_str(0, &format!("0--{:02x}", u32::from(first)));
    }
    if name.len() > MAX_NAME {
        let checksum = generated::fingerprint(&format!("{blueprint}\0{identifier}"));
        name.truncate(MAX_NAME - 35);
        let kept = name.trim_end_matches(['-', '.']).len();
        name.truncate(kept);
        let _ = write!(name, "--x{checksum:032x}");
    }
    name
}

fn is_device(name: &str) -> bool {
    matches!(name, "aux" | "con" | "nul" | "prn")
        || name
            .strip_prefix("com")
            .or_else(|| name.strip_prefix("lpt"))
            .is_some_and(|port| matches!(port.as_bytes(), [b'0'..=b'9']))
}

fn encode(text: &str, with_dots: bool) -> String {
    let bytes = text.as_bytes();
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let stands = |at: usize| {
        let next = || bytes.get(at + 1).copied().is_some_and(is_plain);
        match bytes[at] {
            b'-' => at > 0 && next(),
            b'.' => with_dots && at > 0 && next(),
            byte => is_plain(byte),
        }
    };
    let mut name = String::with_capacity(text.len());
    for (at, byte) in bytes.iter().enumerate() {
        let is_mark = at == 0 && *byte == b'0' && bytes.len() > 1 && !stands(1);
        if stands(at) && !is_mark {
            name.push(char::from(*byte));
        } else {
            if at == 0 {
                name.push('0');
            }
            let _ = if byte.is_ascii_uppercase() {
                write!(name, "---{}", char::from(byte.to_ascii_lowercase()))
            } else {
                write!(name, "--{byte:02x}")
            };
        }
    }
    name
}

#[cfg(test)]
mod tests;
