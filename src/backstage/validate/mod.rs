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
use super::kind::{self, Field, Kind};
use super::location_ref::is_script;
use super::read::Descriptor;
use super::{Mode, Packed};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, similar};
use crate::source::{FieldPath, Origin};

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
    let entity = Entity {
        entity_ref,
        value,
        origin,
    };
    is_valid.then(|| Validated::new(entity, references))
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
}
