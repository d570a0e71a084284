//! Turns descriptors into entities: policies, the schema of the kind, references.
//!
//! In: descriptors. Out: [`Validated`] entities, or everything that is wrong with a descriptor, in the order in which
//! Backstage checks. A descriptor with an error gives no entity and no relations. Rules: the entity policies of
//! `packages/catalog-model/src/entity/policies` and the kinds of `kind.rs`.

mod policy;
mod references;
mod shape;
mod wording;

use rayon::prelude::*;
use serde_json::{Map, Value};

use super::entity::Entity;
use super::entity_ref::EntityRef;
use super::field::{field, has_field, map_field};
use super::kind::{self, Field, Kind};
use super::location_ref::is_script;
use super::{Descriptor, Mode, Packed};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, similar};
use crate::source::{FieldPath, Origin, Way};

pub(crate) use self::policy::METADATA;
pub use self::references::{Reference, Written, references, written};

/// An entity and the references its fields hold.
#[derive(Debug)]
pub struct Validated<F = Map<String, Value>> {
    /// The entity.
    pub entity: Entity<F>,
    /// What its fields refer to, in the order Backstage reads them.
    pub references: Vec<Reference>,
    /// What is asked of it when its fields are packed.
    pub facts: Facts,
}

/// What is asked of an entity when its fields are packed.
#[derive(Debug, Default)]
pub struct Facts {
    /// Whether a reference names a kind that makes no sense as its target. References in parts always count.
    pub names_odd_kind: bool,
    /// What a user gives as e-mail address: in the profile, then in the annotation `microsoft.com/email`.
    pub addresses: Vec<String>,
}

impl Facts {
    fn of(entity: &Entity) -> Self {
        let mut addresses = Vec::new();
        if entity.entity_ref.kind.eq_ignore_ascii_case("user") {
            let profile = entity
                .spec()
                .and_then(|spec| spec.get("profile")?.get("email"));
            let metadata = entity.metadata();
            let annotation = metadata
                .and_then(|metadata| metadata.get("annotations")?.get("microsoft.com/email"));
            let stated = [profile, annotation].into_iter().flatten();
            addresses.extend(stated.filter_map(Value::as_str).map(str::to_owned));
        }
        Self {
            names_odd_kind: references::names_odd_kind(entity),
            addresses,
        }
    }
}

impl Validated {
    /// An entity with what its fields refer to.
    #[must_use]
    pub fn new(entity: Entity, references: Vec<Reference>) -> Self {
        Self {
            facts: Facts::of(&entity),
            entity,
            references,
        }
    }

    /// The same in little memory.
    #[must_use]
    pub fn packed(self) -> Validated<Packed> {
        Validated {
            entity: self.entity.packed(),
            references: self.references,
            facts: self.facts,
        }
    }
}

/// Who else looks at each entity while its fields are at hand.
pub type Look<'a> = &'a (dyn Fn(&Entity, &mut Diagnostics) + Sync);

/// Validates descriptors, in parallel, and keeps their order.
#[must_use]
pub fn entities(
    descriptors: Vec<Descriptor<Packed>>,
    mode: Mode,
    look: Look<'_>,
    diagnostics: &mut Diagnostics,
) -> Vec<Validated<Packed>> {
    let checked: Vec<_> = descriptors
        .into_par_iter()
        .map(|descriptor| {
            let mut faults = Diagnostics::default();
            let validated = entity(descriptor.unpacked(), mode, &mut faults);
            if let Some(valid) = &validated {
                look(&valid.entity, &mut faults);
            }
            (validated.map(Validated::packed), faults)
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
        metadata: map_field(&value, "metadata"),
        faults: Diagnostics::default(),
        has_error: false,
    };
    // Backstage stops at the first policy that fails; the checks after it are told here as well.
    check.root(&value);
    check.metadata_schema(&value);
    check.formats(&value);
    let mut references = Vec::new();
    if !check.has_error {
        references = check.kind(&value, &entity_ref);
        check.overwritten();
    }
    let Check {
        faults, has_error, ..
    } = check;
    diagnostics.append(faults);
    if has_error {
        return None;
    }
    // Lists are sorted only after their items have been told by position.
    complete(&mut value, &entity_ref);
    let entity = Entity {
        entity_ref,
        value,
        origin,
    };
    Some(Validated::new(entity, references))
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
    for (part, value) in value {
        match (part.as_str(), value) {
            ("metadata", Value::Object(metadata)) => complete_metadata(metadata, entity_ref),
            ("spec", Value::Object(spec)) => {
                let lists = spec.iter_mut();
                let sorted = lists.filter(|(field, _)| SORTED_LISTS.contains(&field.as_str()));
                sorted.for_each(|(_, list)| sort(list));
            }
            _ => {}
        }
    }
}

fn complete_metadata(metadata: &mut Map<String, Value>, entity_ref: &EntityRef) {
    let namespace = entity_ref.namespace.as_str();
    let written = field(metadata, "namespace").and_then(Value::as_str);
    if written != Some(namespace) {
        metadata.insert("namespace".to_owned(), Value::from(namespace));
    }
    if has_field(metadata, "uid") {
        metadata.shift_remove("uid");
    }
    let mut fields = metadata.iter_mut();
    let Some((_, Value::Object(annotations))) = fields.find(|(field, _)| *field == "annotations")
    else {
        return;
    };
    for overwritten in OVERWRITTEN_ANNOTATIONS {
        if has_field(annotations, overwritten) {
            annotations.shift_remove(*overwritten);
        }
    }
    for (key, address) in annotations {
        if let Value::String(address) = address
            && SHOWN_ADDRESSES.contains(&key.as_str())
            && is_script(address)
        {
            REJECTED_ADDRESS.clone_into(address);
        }
    }
}

/// Sorts a list of texts as JavaScript does: by UTF-16 code units, which order ASCII as bytes do.
fn sort(list: &mut Value) {
    let Value::Array(items) = list else { return };
    let text = |item: &Value| item.as_str().map(str::is_ascii);
    if items.iter().all(|item| text(item) == Some(true)) {
        items.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
    } else if items.iter().all(Value::is_string) {
        items.sort_by(|a, b| utf16(a).cmp(utf16(b)));
    }
}

fn utf16(value: &Value) -> impl Iterator<Item = u16> {
    value.as_str().unwrap_or_default().encode_utf16()
}

/// Collects the faults of one descriptor.
struct Check<'a> {
    origin: Origin,
    mode: Mode,
    /// What the descriptor says about itself, where a field may stand that belongs elsewhere.
    metadata: Option<&'a Map<String, Value>>,
    faults: Diagnostics,
    has_error: bool,
}

impl Check<'_> {
    fn fault(&mut self, code: Code, way: &Way<'_>, message: String) {
        self.fault_with(code, way, message, None);
    }

    fn fault_with(&mut self, code: Code, way: &Way<'_>, message: String, remedy: Option<String>) {
        let mut fault = Diagnostic::new(code, message).at(self.origin.value(way.path()));
        fault.help = remedy.map(Into::into);
        self.push(fault);
    }

    fn push(&mut self, fault: Diagnostic) {
        self.has_error = true;
        self.faults.push(fault);
    }

    /// Annotations that [`complete`] takes out: nobody else sees them.
    fn overwritten(&mut self) {
        let annotations = self.metadata.and_then(|all| map_field(all, "annotations"));
        let Some(annotations) = annotations else {
            return;
        };
        for name in OVERWRITTEN_ANNOTATIONS {
            if has_field(annotations, name) {
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
        let api_version = field(value, "apiVersion").and_then(Value::as_str);
        let api_version = api_version.unwrap_or_default();
        let Some(kind) = kind::kind(&entity_ref.kind, api_version) else {
            self.custom_kind(&entity_ref.kind, api_version);
            return Vec::new();
        };
        let way = Way::Key(&Way::Root, "spec");
        let Some(Value::Object(spec)) = field(value, "spec") else {
            let required = kind.spec.iter().filter(|field| field.is_required);
            let required: Vec<_> = required.map(|field| field.name).collect();
            let remedy = (!required.is_empty()).then(|| {
                let fields = required.join("`, `");
                format!("a {} needs `spec` with `{fields}`", kind.name)
            });
            let message = "`spec` is missing".to_owned();
            self.fault_with(Code::InvalidSpec, &way, message, remedy);
            return Vec::new();
        };
        self.spec(spec, kind, &way);
        if self.has_error {
            return Vec::new();
        }
        let mut references = Vec::new();
        self.all_references(kind, spec, entity_ref, |reference, rule| {
            if rule.takes(&reference.target) {
                references.push(reference);
            }
        });
        references
    }

    fn spec(&mut self, spec: &Map<String, Value>, kind: &Kind, way: &Way<'_>) {
        let Some(variant) = kind.variant(spec) else {
            return self.fields(spec, kind.spec, way, Code::InvalidSpec);
        };
        let passes = |fields: &[Field]| {
            let mut trial = Self {
                metadata: None,
                faults: Diagnostics::default(),
                has_error: false,
                ..*self
            };
            trial.fields(spec, fields, way, Code::InvalidSpec);
            !trial.has_error
        };
        if !(variant.is_alternative && passes(kind.spec)) {
            self.fields(spec, variant.spec, way, Code::InvalidSpec);
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
}
