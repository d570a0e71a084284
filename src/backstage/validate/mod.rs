//! Turns descriptors into entities: policies, the schema of the kind, references.
//!
//! In: descriptors. Out: [`Validated`] entities, or everything that is wrong with a descriptor, in the order in which
//! Backstage checks. A descriptor with an error gives no entity and no relations. Rules: the entity policies of
//! `packages/catalog-model/src/entity/policies` and the kinds of `kind.rs`.

mod policy;
mod shape;
mod wording;

use rayon::prelude::*;
use serde_json::{Map, Value};

use super::Mode;
use super::entity::Entity;
use super::entity_ref::{EntityRef, EntityRefError};
use super::kind::{self, Field, Kind, RelationRule, Variant};
use super::location_ref::is_script;
use super::read::{Descriptor, article};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, quoted, similar};
use crate::source::{FieldPath, Origin};

pub(crate) use self::policy::METADATA;

/// An entity and the references its fields hold.
#[derive(Debug)]
pub struct Validated {
    /// The entity.
    pub entity: Entity,
    /// What its fields refer to, in the order Backstage reads them.
    pub references: Vec<Reference>,
}

/// A reference in a field of an entity.
#[derive(Debug)]
pub struct Reference {
    /// Where it stands.
    pub field: FieldPath,
    /// Type of the relation from the holder to the target.
    pub forward: &'static str,
    /// Type of the relation from the target to the holder.
    pub inverse: &'static str,
    /// The target.
    pub target: EntityRef,
}

/// A reference as it is written, and what it is good for.
#[derive(Debug)]
pub struct Written {
    /// The reference.
    pub reference: Reference,
    /// The kinds that make sense as its target.
    pub target_kinds: &'static [&'static str],
    /// Whether Backstage makes relations of it: of a few fields it does so for some kinds of targets only.
    pub makes_relations: bool,
}

/// Validates descriptors, in parallel, and keeps their order.
#[must_use]
pub fn entities(
    descriptors: Vec<Descriptor>,
    mode: Mode,
    diagnostics: &mut Diagnostics,
) -> Vec<Validated> {
    let checked: Vec<_> = descriptors
        .into_par_iter()
        .map(|descriptor| {
            let mut faults = Diagnostics::default();
            let validated = entity(descriptor, mode, &mut faults);
            (validated, faults)
        })
        .collect();
    let mut validated = Vec::with_capacity(checked.len());
    for (entity, faults) in checked {
        diagnostics.append(faults);
        validated.extend(entity);
    }
    validated
}

/// Validates one descriptor.
#[must_use]
pub fn entity(
    descriptor: Descriptor,
    mode: Mode,
    diagnostics: &mut Diagnostics,
) -> Option<Validated> {
    let Descriptor {
        origin,
        entity_ref,
        mut value,
    } = descriptor;
    let mut check = Check {
        origin,
        mode,
        strays: strays(&value),
        faults: Diagnostics::default(),
        has_error: false,
    };
    // Backstage stops at the first policy that fails; the checks after it are told here as well.
    check.root(&value);
    check.metadata_schema(&value);
    check.formats(&value);
    let references = if check.has_error {
        Vec::new()
    } else {
        // Lists are sorted only after their items have been told by position.
        let references = check.kind(&value, &entity_ref);
        check.overwritten(&value);
        complete(&mut value, &entity_ref);
        references
    };
    let is_valid = !check.has_error;
    diagnostics.append(check.faults);
    is_valid.then(|| Validated {
        entity: Entity {
            entity_ref,
            value,
            origin,
        },
        references,
    })
}

/// The references in the fields of an entity; their positions in lists are those of the entity, not of the descriptor.
#[must_use]
pub fn references(entity: &Entity) -> Vec<Reference> {
    let written = written(entity).into_iter();
    let making = written.filter(|one| one.makes_relations);
    making.map(|one| one.reference).collect()
}

/// The references in the fields of an entity, those included that make no relation; positions are as for [`references`].
#[must_use]
pub fn written(entity: &Entity) -> Vec<Written> {
    let api_version = entity.value.get("apiVersion").and_then(Value::as_str);
    let kind = kind::kind(&entity.entity_ref.kind, api_version.unwrap_or_default());
    let (Some(kind), Some(spec)) = (kind, entity.spec()) else {
        return Vec::new();
    };
    // An entity has no faults any more.
    let mut check = Check {
        origin: entity.origin,
        mode: Mode::Tolerant,
        strays: Vec::new(),
        faults: Diagnostics::default(),
        has_error: false,
    };
    let path = FieldPath::keys(["spec"]);
    let mut written = Vec::new();
    check.all_references(kind, spec, &path, &entity.entity_ref, |reference, rule| {
        written.push(Written {
            makes_relations: rule.takes(&reference.target),
            target_kinds: rule.target_kinds,
            reference,
        });
    });
    written
}

/// Whether a reference of an entity names a kind that makes no sense as its target; costs less than reading the
/// references. References in parts always count.
#[must_use]
pub fn names_odd_kind(entity: &Entity) -> bool {
    let api_version = entity.value.get("apiVersion").and_then(Value::as_str);
    let kind = kind::kind(&entity.entity_ref.kind, api_version.unwrap_or_default());
    let (Some(kind), Some(spec)) = (kind, entity.spec()) else {
        return false;
    };
    kind.relations.iter().any(|rule| {
        let is_odd = |value: &Value| match value {
            Value::String(text) => EntityRef::kind_in(text).is_some_and(|kind| !rule.expects(kind)),
            other => other.is_object(),
        };
        match spec.get(rule.field) {
            Some(Value::Array(items)) => items.iter().any(is_odd),
            value => value.is_some_and(is_odd),
        }
    })
}

/// Reference lists that Backstage sorts, whatever the kind.
const SORTED_LISTS: &[&str] = &[
    "providesApis",
    "consumesApis",
    "dependsOn",
    "dependencyOf",
    "memberOf",
    "children",
    "members",
];
/// What the catalog fills in itself, whatever the author wrote. The annotations say where an entity was read;
/// `.source` of the mapping does that here.
const OVERWRITTEN_ANNOTATIONS: &[&str] = &[
    "backstage.io/managed-by-location",
    "backstage.io/managed-by-origin-location",
];

/// Addresses that the catalog's pages show as links; scripts are replaced (`stitcher` of the catalog backend).
const SHOWN_ADDRESSES: &[&str] = &["backstage.io/view-url", "backstage.io/edit-url"];
/// What they are replaced by.
pub(crate) const REJECTED_ADDRESS: &str =
    "https://backstage.io/annotation-rejected-for-security-reasons";

/// What Backstage's processors add and change.
fn complete(value: &mut Map<String, Value>, entity_ref: &EntityRef) {
    if let Some(Value::Object(metadata)) = value.get_mut("metadata") {
        metadata.insert(
            "namespace".to_owned(),
            Value::String(entity_ref.namespace.clone()),
        );
        metadata.shift_remove("uid");
        if let Some(Value::Object(annotations)) = metadata.get_mut("annotations") {
            for overwritten in OVERWRITTEN_ANNOTATIONS {
                annotations.shift_remove(*overwritten);
            }
            for shown in SHOWN_ADDRESSES {
                if let Some(Value::String(address)) = annotations.get_mut(*shown)
                    && is_script(address)
                {
                    REJECTED_ADDRESS.clone_into(address);
                }
            }
        }
    }
    if let Some(Value::Object(spec)) = value.get_mut("spec") {
        for list in SORTED_LISTS {
            if let Some(Value::Array(items)) = spec.get_mut(*list)
                && items.iter().all(Value::is_string)
            {
                items.sort_by(|a, b| utf16(a).cmp(utf16(b)));
            }
        }
    }
}

/// Keys of the metadata that are none of its fields.
fn strays(value: &Map<String, Value>) -> Vec<String> {
    let metadata = value.get("metadata").and_then(Value::as_object);
    let is_known = |key: &str| METADATA.iter().any(|field| field.name == key);
    let keys = metadata.into_iter().flat_map(Map::keys);
    keys.filter(|key| !is_known(key)).cloned().collect()
}

/// JavaScript sorts texts by UTF-16 code units.
fn utf16(value: &Value) -> impl Iterator<Item = u16> {
    value.as_str().unwrap_or_default().encode_utf16()
}

/// Collects the faults of one descriptor.
struct Check {
    origin: Origin,
    mode: Mode,
    /// Keys of the metadata that are none of its fields.
    strays: Vec<String>,
    faults: Diagnostics,
    has_error: bool,
}

impl Check {
    fn fault(&mut self, code: Code, field: FieldPath, message: String) {
        self.fault_with(code, field, message, None);
    }

    fn fault_with(
        &mut self,
        code: Code,
        field: FieldPath,
        message: String,
        remedy: Option<String>,
    ) {
        let mut fault = Diagnostic::new(code, message).at(self.origin.value(field));
        fault.help = remedy.map(Into::into);
        self.push(fault);
    }

    fn push(&mut self, fault: Diagnostic) {
        self.has_error = true;
        self.faults.push(fault);
    }

    /// Annotations that [`complete`] takes out: nobody else sees them.
    fn overwritten(&mut self, value: &Map<String, Value>) {
        let annotations = value
            .get("metadata")
            .and_then(|metadata| metadata.get("annotations"));
        let Some(Value::Object(annotations)) = annotations else {
            return;
        };
        for name in OVERWRITTEN_ANNOTATIONS {
            if annotations.contains_key(*name) {
                let path = FieldPath::keys(["metadata", "annotations", name]);
                self.faults.push(
                    Diagnostic::new(Code::UnusedAnnotation, format!("the catalog overwrites `{name}`"))
                        .at(self.origin.key(path))
                        .help("remove it; `backstage.io/source-location` says where the source of an entity is"),
                );
            }
        }
    }

    /// The schema of the kind and the references of its fields; a kind that Backstage does not know has neither.
    fn kind(&mut self, value: &Map<String, Value>, entity_ref: &EntityRef) -> Vec<Reference> {
        let api_version = value
            .get("apiVersion")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let Some(kind) = kind::kind(&entity_ref.kind, api_version) else {
            self.custom_kind(&entity_ref.kind, api_version);
            return Vec::new();
        };
        let path = FieldPath::keys(["spec"]);
        let Some(Value::Object(spec)) = value.get("spec") else {
            let required = kind.spec.iter().filter(|field| field.is_required);
            let required: Vec<_> = required.map(|field| field.name).collect();
            let remedy = (!required.is_empty()).then(|| {
                let fields = required.join("`, `");
                format!("a {} needs `spec` with `{fields}`", kind.name)
            });
            let message = "`spec` is missing".to_owned();
            self.fault_with(Code::InvalidSpec, path, message, remedy);
            return Vec::new();
        };
        self.spec(spec, kind, &path);
        if self.has_error {
            return Vec::new();
        }
        let mut references = Vec::new();
        self.all_references(kind, spec, &path, entity_ref, |reference, rule| {
            if rule.takes(&reference.target) {
                references.push(reference);
            }
        });
        references
    }

    fn all_references(
        &mut self,
        kind: &'static Kind,
        spec: &Map<String, Value>,
        path: &FieldPath,
        holder: &EntityRef,
        mut found: impl FnMut(Reference, &'static RelationRule),
    ) {
        let rules = kind.relations.iter();
        for rule in rules.filter(|rule| kind.has_field(spec, rule.field)) {
            let (value, path) = (spec.get(rule.field), path.key(rule.field));
            self.references(value, rule, &path, holder, &mut found);
        }
    }

    fn spec(&mut self, spec: &Map<String, Value>, kind: &Kind, path: &FieldPath) {
        let Some(variant) = kind.variant(spec) else {
            return self.fields(spec, kind.spec, path, Code::InvalidSpec);
        };
        let passes = |fields: &[Field]| {
            let mut trial = Self {
                origin: self.origin,
                mode: self.mode,
                strays: Vec::new(),
                faults: Diagnostics::default(),
                has_error: false,
            };
            trial.fields(spec, fields, path, Code::InvalidSpec);
            !trial.has_error
        };
        if !(variant.is_alternative && passes(kind.spec)) {
            self.fields(spec, variant.spec, path, Code::InvalidSpec);
        }
    }

    fn custom_kind(&mut self, kind: &str, api_version: &str) {
        let (field, mut message) = if kind::is_known_name(kind) {
            let message = format!("Backstage does not know `{kind}` in version `{api_version}`");
            ("apiVersion", message)
        } else {
            ("kind", format!("Backstage does not know the kind `{kind}`"))
        };
        let severity = match self.mode {
            Mode::Tolerant => {
                message.push_str("; taken as a custom kind");
                Severity::Note
            }
            Mode::Strict => {
                self.has_error = true;
                Severity::Error
            }
        };
        let note = Diagnostic::new(Code::CustomKind, message)
            .severity(severity)
            .at(self.origin.value(FieldPath::keys([field])));
        let spelled = if field == "kind" {
            similar(kind, kind::names())
        } else {
            similar(api_version, kind::api_versions(kind))
        };
        self.faults.push(match spelled {
            Some(spelled) => note.help(format!("did you mean `{spelled}`?")),
            None => note,
        });
    }

    /// The references of one field: a text or a list. Only `dependencyOf` has no schema, so only there anything else
    /// occurs: null and the empty text mean nothing, maps are references in parts.
    fn references(
        &mut self,
        value: Option<&Value>,
        rule: &'static RelationRule,
        path: &FieldPath,
        holder: &EntityRef,
        found: &mut impl FnMut(Reference, &'static RelationRule),
    ) {
        let items = match value {
            None | Some(Value::Null | Value::Bool(false)) => return,
            Some(Value::String(text)) if text.is_empty() => return,
            Some(Value::Number(number)) if number.as_f64() == Some(0.0) => return,
            Some(Value::Array(items)) => items
                .iter()
                .enumerate()
                .map(|(index, item)| (path.index(index), item))
                .collect(),
            Some(value) => vec![(path.clone(), value)],
        };
        for (field, item) in items {
            match reference(item, rule.default_kind, &holder.namespace) {
                Ok(target) => {
                    let reference = Reference {
                        field,
                        forward: rule.forward,
                        inverse: rule.inverse,
                        target,
                    };
                    found(reference, rule);
                }
                Err(NoReference::WithoutKind(name)) => self.without_kind(field, &name, rule),
                Err(NoReference::Invalid(why)) => {
                    let message = format!("`{field}` is no entity reference: {why}");
                    let remedy = "a reference is `kind:namespace/name`, `kind:name` or `name`";
                    let remedy = Some(remedy.to_owned());
                    self.fault_with(Code::InvalidReference, field, message, remedy);
                }
            }
        }
    }
}

impl Check {
    fn without_kind(&mut self, field: FieldPath, text: &str, rule: &RelationRule) {
        self.has_error = true;
        let message = format!("`{field}` names no kind: {}", quoted(text));
        let kinds = rule.target_kinds.iter();
        let full: Vec<String> = kinds
            .map(|kind| quoted(&format!("{}:{text}", kind.to_lowercase())))
            .collect();
        let fault = Diagnostic::new(Code::ReferenceWithoutKind, message)
            .at(self.origin.value(field))
            .help(format!("write {}, whichever is meant", full.join(" or ")));
        self.faults.push(fault);
    }
}

impl RelationRule {
    /// Whether a target makes a relation.
    fn takes(&self, target: &EntityRef) -> bool {
        !self.is_limited || self.expects(&target.kind)
    }

    /// Whether a kind makes sense as its target.
    fn expects(&self, kind: &str) -> bool {
        let mut kinds = self.target_kinds.iter();
        kinds.any(|expected| kind.eq_ignore_ascii_case(expected))
    }
}

impl Kind {
    /// The variant of the schema that `spec.type` asks for.
    fn variant(&self, spec: &Map<String, Value>) -> Option<&'static Variant> {
        let spec_type = spec.get("type")?.as_str()?;
        self.variants
            .iter()
            .find(|variant| variant.spec_type == spec_type)
    }

    /// The fields of its spec.
    pub(crate) fn fields(&self, spec: &Map<String, Value>) -> impl Iterator<Item = &'static Field> {
        let variant = self.variant(spec).map_or(&[][..], |variant| variant.spec);
        let is_made = |field: &&Field| self.relations.iter().any(|rule| rule.field == field.name);
        let without_schema = kind::WITHOUT_SCHEMA.iter().filter(is_made);
        self.spec.iter().chain(variant).chain(without_schema)
    }

    /// Whether a field of its spec means something to Backstage.
    pub(crate) fn knows(&self, spec: Option<&Map<String, Value>>, field: &str) -> bool {
        let none = Map::new();
        let spec = spec.unwrap_or(&none);
        // A type without a schema of its own may borrow from those that have one.
        let has_own_type = self.variants.is_empty() || self.variant(spec).is_some();
        self.fields(spec).any(|known| known.name == field)
            || (!has_own_type && self.is_variant_field(field))
    }

    /// Whether a field makes relations: those that only a variant defines mean nothing in the others.
    fn has_field(&self, spec: &Map<String, Value>, field: &str) -> bool {
        let names = |fields: &[Field]| fields.iter().any(|known| known.name == field);
        match self.variant(spec) {
            Some(variant) => names(variant.spec) || names(self.spec),
            None => self.variants.is_empty() || names(self.spec) || !self.is_variant_field(field),
        }
    }

    fn is_variant_field(&self, field: &str) -> bool {
        let mut variants = self.variants.iter();
        variants.any(|variant| variant.spec.iter().any(|known| known.name == field))
    }
}

/// Why a value is no entity reference.
enum NoReference {
    /// It names no kind where no default is known: this is its text, or its name.
    WithoutKind(String),
    /// In words.
    Invalid(String),
}

fn reference(
    value: &Value,
    default_kind: Option<&str>,
    namespace: &str,
) -> Result<EntityRef, NoReference> {
    match value {
        Value::String(text) => {
            EntityRef::parse(text, default_kind, namespace).map_err(|error| match error {
                EntityRefError::MissingKind => NoReference::WithoutKind(text.clone()),
                EntityRefError::Form => NoReference::Invalid(format!("`{text}` {error}")),
            })
        }
        Value::Object(parts) => {
            EntityRef::from_parts(parts, default_kind, namespace).map_err(|error| {
                let name = parts.get("name").and_then(Value::as_str);
                match (error, name) {
                    (EntityRefError::MissingKind, Some(name)) => {
                        NoReference::WithoutKind(name.to_owned())
                    }
                    _ => NoReference::Invalid(error.to_string()),
                }
            })
        }
        other => Err(NoReference::Invalid(format!("found {}", article(other)))),
    }
}
