//! The references in the fields of a spec, by the rules of its kind.
//!
//! In: a spec. Out: what its fields refer to, in the order Backstage reads them, and faults where a text is no reference.

use serde_json::{Map, Value};

use super::Check;
use crate::backstage::Mode;
use crate::backstage::entity::Entity;
use crate::backstage::entity_ref::{EntityRef, EntityRefError};
use crate::backstage::kind::{self, Kind, RelationRule};
use crate::backstage::read::article;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, quoted};
use crate::source::FieldPath;

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
pub(super) fn names_odd_kind(entity: &Entity) -> bool {
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

impl Check {
    /// Every reference that the fields of a kind hold, with the rule of its field.
    pub(super) fn all_references(
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
