//! Blueprints for kinds that a profile does not map, inferred from their entities.
//!
//! In: a catalog and a profile. Out: the profile, extended by a blueprint and an entry of `resources` for every such kind,
//! in the formats a user would write them in; from there on they are like any other part of the profile. The rules are
//! told in `docs/inference.md`.

mod names;
mod shape;
mod write;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use rayon::prelude::*;
use serde_json::{Map, Value, json};

use self::shape::Shape;
use self::write::Writer;
use super::jq::Input;
use super::mapping::Leaf;
use super::profile::Profile;
use crate::backstage::references::References;
use crate::backstage::{self, Entity, Packed};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Error};
use crate::port::check::has_format;
use crate::source::FieldPath;

/// The most kinds of one catalog that get a blueprint; those with the most entities do.
pub const MAX_KINDS: usize = 50;

/// The kind that only says how the catalog was read.
const LOCATION: &str = "location";

/// Extends a profile by every kind of a catalog that it has no resource for, except `Location`, and says so in a note for
/// each. `None` where it maps every kind.
///
/// A kind with a resource that selects nothing (`query: "false"`) counts as mapped. Beyond [`MAX_KINDS`] kinds are left as
/// they are.
///
/// # Errors
///
/// [`Error::Profile`] when what is inferred does not go with the profile, such as functions that redefine jq's own.
pub fn profile(
    catalog: &backstage::Catalog,
    profile: &Profile,
    diagnostics: &mut Diagnostics,
) -> Result<Option<Profile>, Error> {
    let groups = unmapped(catalog, profile);
    if groups.is_empty() {
        return Ok(None);
    }
    let references = References::of(catalog);
    let kinds: Vec<Kind<'_>> = groups
        .into_values()
        .map(|entities| {
            let each = entities.into_par_iter();
            each.map(|(index, entity)| Kind::of(index, entity, &references))
                .reduce_with(Kind::join)
        })
        .collect::<Option<_>>()
        .unwrap_or_default();
    let mut writer = Writer::new(profile, &kinds, &references);
    writer.leave_out(&kinds_of_other_identifiers(profile, &writer, &kinds));
    let (mut blueprints, mut resources) = (Vec::new(), Vec::new());
    for kind in &kinds {
        let written = writer.kind(kind);
        diagnostics.push(note(profile, kind, &written));
        blueprints.push(written.blueprint);
        resources.push(written.resource);
    }
    let extended = profile.extended(blueprints, &resources);
    extended.map(Some).map_err(|message| Error::Profile {
        profile: profile.name.clone(),
        message: format!("a kind that it does not map cannot be added: {message}"),
    })
}

/// The entities of each kind that the profile has no resource for, with their positions in the catalog.
fn unmapped<'a>(
    catalog: &'a backstage::Catalog,
    profile: &Profile,
) -> BTreeMap<String, Vec<(usize, &'a Entity<Packed>)>> {
    let mapped: HashSet<&str> = profile
        .resources()
        .iter()
        .map(|resource| resource.kind.as_str())
        .collect();
    let mut groups: BTreeMap<String, Vec<(usize, &Entity<Packed>)>> = BTreeMap::new();
    for (index, entity) in catalog.entities().iter().enumerate() {
        let kind = entity.entity_ref.kind.to_lowercase();
        if kind != LOCATION && !mapped.contains(kind.as_str()) {
            groups.entry(kind).or_default().push((index, entity));
        }
    }
    if groups.len() > MAX_KINDS {
        let mut sizes: Vec<_> = groups
            .iter()
            .map(|(kind, entities)| (std::cmp::Reverse(entities.len()), kind.clone()))
            .collect();
        sizes.sort_unstable();
        for (_, kind) in &sizes[MAX_KINDS..] {
            groups.remove(kind);
        }
    }
    groups
}

/// What the entities of a kind have in common.
#[derive(Debug)]
struct Kind<'a> {
    /// Of several spellings the first in the order of characters.
    spelling: &'a str,
    /// Position of the first entity in the catalog, and that entity.
    first: (usize, &'a Entity<Packed>),
    entities: usize,
    /// The top-level fields of the spec that have a value somewhere.
    fields: BTreeMap<String, Field<'a>>,
    /// Whether every link leads to what Port takes for a URL.
    has_urls: bool,
}

/// What the values of a field have in common.
#[derive(Debug, Clone, Default)]
struct Field<'a> {
    /// How many entities have it.
    entities: usize,
    shape: Shape,
    /// What the references in it resolve to, by kind in lower case and canonical ref.
    targets: BTreeMap<String, BTreeMap<String, &'a Entity<Packed>>>,
}

impl<'a> Kind<'a> {
    fn of(index: usize, packed: &'a Entity<Packed>, references: &References<'a>) -> Self {
        let entity = &packed.unpacked();
        let mut fields: BTreeMap<String, Field<'_>> = BTreeMap::new();
        for (name, value) in entity.spec().into_iter().flatten() {
            let shape = Shape::of(value);
            if shape.has_values() {
                let field = Field {
                    entities: 1,
                    shape,
                    targets: BTreeMap::new(),
                };
                fields.insert(name.clone(), field);
            }
        }
        let namespace = &entity.entity_ref.namespace;
        let spec = entity.spec().into_iter();
        for reference in spec.flat_map(|spec| references.in_spec(spec, namespace)) {
            if let Some(target) = reference.entity
                && let Some(field) = fields.get_mut(reference.field)
            {
                let of_kind = field.targets.entry(target.entity_ref.kind.to_lowercase());
                of_kind.or_default().insert(reference.target_ref, target);
            }
        }
        Self {
            spelling: &packed.entity_ref.kind,
            first: (index, packed),
            entities: 1,
            fields,
            has_urls: links(entity).all(|url| has_format(url, "url")),
        }
    }

    fn join(mut self, other: Self) -> Self {
        for (name, field) in other.fields {
            let known = self.fields.entry(name).or_default();
            known.entities += field.entities;
            known.shape = known.shape.join(field.shape);
            for (kind, targets) in field.targets {
                known.targets.entry(kind).or_default().extend(targets);
            }
        }
        self.spelling = self.spelling.min(other.spelling);
        if other.first.0 < self.first.0 {
            self.first = other.first;
        }
        self.entities += other.entities;
        self.has_urls &= other.has_urls;
        self
    }
}

fn links(entity: &Entity) -> impl Iterator<Item = &str> {
    let links = entity.metadata().and_then(|metadata| metadata.get("links"));
    let links = links.and_then(Value::as_array).into_iter().flatten();
    links.map(|link| link["url"].as_str().unwrap_or_default())
}

/// Kinds whose entities get identifiers that do not follow from their names, such as the e-mail address of a user: a
/// reference cannot tell them.
fn kinds_of_other_identifiers(
    profile: &Profile,
    writer: &Writer<'_>,
    kinds: &[Kind<'_>],
) -> BTreeSet<String> {
    let fields = kinds.iter().flat_map(|kind| kind.fields.values());
    let mut targets: BTreeMap<&str, BTreeMap<&str, &Entity<Packed>>> = BTreeMap::new();
    for (kind, of_kind) in fields.flat_map(|field| &field.targets) {
        let known = targets.entry(kind).or_default();
        known.extend(
            of_kind
                .iter()
                .map(|(canonical, entity)| (canonical.as_str(), *entity)),
        );
    }
    let differs = |leaf: &Leaf, canonical: &str, entity: &Entity<Packed>| {
        let identifier = |input: Value| profile.first(leaf, &Input::new(input)).ok().flatten();
        let known = identifier(by_all(canonical, entity)).filter(|known| !known.is_null());
        known.is_none() || known != identifier(by_name(canonical, entity))
    };
    let others = targets.into_par_iter().filter(|(kind, entities)| {
        let leaf = writer.identifier_of(kind);
        leaf.is_some_and(|leaf| {
            entities
                .iter()
                .any(|(canonical, entity)| differs(leaf, canonical, entity))
        })
    });
    others.map(|(kind, _)| kind.to_owned()).collect()
}

/// An entity as far as a reference tells it; [`write::ENTITY_OF_REFERENCE`] says the same in jq.
fn by_name(canonical: &str, entity: &Entity<Packed>) -> Value {
    let target = &entity.entity_ref;
    json!({
        "kind": target.kind.to_lowercase(),
        "metadata": {"name": target.name, "namespace": target.namespace, "identifier": canonical},
    })
}

fn by_all(canonical: &str, entity: &Entity<Packed>) -> Value {
    let mut value: Map<String, Value> = entity.value.fields();
    if let Some(Value::Object(metadata)) = value.get_mut("metadata") {
        metadata.insert("identifier".to_owned(), canonical.into());
    }
    Value::Object(value)
}

fn note(profile: &Profile, kind: &Kind<'_>, written: &write::Written) -> Diagnostic {
    let (profile, spelling) = (&profile.name, kind.spelling);
    let entities = match kind.entities {
        1 => "its one entity".to_owned(),
        many => format!("its {many} entities"),
    };
    let kept = match written.kept_together {
        0 => String::new(),
        1 => "; one more field is kept in `otherFields`".to_owned(),
        more => format!("; {more} more fields are kept in `otherFields`"),
    };
    Diagnostic::new(
        Code::InferredBlueprint,
        format!(
            "the profile `{profile}` maps no kind `{spelling}`: blueprint `{}` is inferred from {entities}{kept}",
            written.identifier
        ),
    )
    .at(kind.first.1.origin.value(FieldPath::keys(["kind"])))
    .help(
        "to settle it, give a profile of your own a blueprint and a resource for the kind; --no-infer leaves the kind out",
    )
}

#[cfg(test)]
mod tests;
