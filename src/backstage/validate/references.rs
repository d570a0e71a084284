//! The references in the fields of a spec, by the rules of its kind.
//!
//! In: a spec. Out: what its fields refer to, in the order Backstage reads them, and faults where a text is no reference.

use serde_json::{Map, Value};

use super::Check;
use crate::backstage::Mode;
use crate::backstage::entity::Entity;
use crate::backstage::entity_ref::{EntityRef, EntityRefError};
use crate::backstage::field::field;
use crate::backstage::kind::{self, Kind, RelationRule};
use crate::backstage::read::article;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, quoted};
use crate::source::FieldPath;

/// A reference in a field of an entity.
#[derive(Debug)]
pub struct Reference {
    /// The field of the spec it stands in.
    pub field: &'static str,
    /// Which item of it, where it is a list.
    pub index: Option<usize>,
    /// Type of the relation from the holder to the target.
    pub forward: &'static str,
    /// Type of the relation from the target to the holder.
    pub inverse: &'static str,
    /// The target.
    pub target: EntityRef,
}

impl Reference {
    /// Where it stands.
    #[must_use]
    pub fn path(&self) -> FieldPath {
        path(self.field, self.index)
    }
}

/// The path of an item of a field of the spec, or of the field itself.
fn path(field: &str, index: Option<usize>) -> FieldPath {
    let path = FieldPath::keys(["spec", field]);
    match index {
        Some(index) => path.index(index),
        None => path,
    }
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
        metadata: None,
        faults: Diagnostics::default(),
        has_error: false,
    };
    let mut written = Vec::new();
    check.all_references(kind, spec, &entity.entity_ref, |reference, rule| {
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
        match field(spec, rule.field) {
            Some(Value::Array(items)) => items.iter().any(is_odd),
            value => value.is_some_and(is_odd),
        }
    })
}

impl Check<'_> {
    /// Every reference that the fields of a kind hold, with the rule of its field.
    pub(super) fn all_references(
        &mut self,
        kind: &'static Kind,
        spec: &Map<String, Value>,
        holder: &EntityRef,
        mut found: impl FnMut(Reference, &'static RelationRule),
    ) {
        let rules = kind.relations.iter();
        for rule in rules.filter(|rule| kind.has_field(spec, rule.field)) {
            self.references(field(spec, rule.field), rule, holder, &mut found);
        }
    }

    /// The references of one field: a text or a list. Only `dependencyOf` has no schema, so only there anything else
    /// occurs: null and the empty text mean nothing, maps are references in parts.
    fn references(
        &mut self,
        value: Option<&Value>,
        rule: &'static RelationRule,
        holder: &EntityRef,
        found: &mut impl FnMut(Reference, &'static RelationRule),
    ) {
        match value {
            None | Some(Value::Null | Value::Bool(false)) => {}
            Some(Value::String(text)) if text.is_empty() => {}
            Some(Value::Number(number)) if number.as_f64() == Some(0.0) => {}
            Some(Value::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    self.reference(item, Some(index), rule, holder, found);
                }
            }
            Some(value) => self.reference(value, None, rule, holder, found),
        }
    }

    fn reference(
        &mut self,
        value: &Value,
        index: Option<usize>,
        rule: &'static RelationRule,
        holder: &EntityRef,
        found: &mut impl FnMut(Reference, &'static RelationRule),
    ) {
        match reference(value, rule.default_kind, &holder.namespace) {
            Ok(target) => {
                let reference = Reference {
                    field: rule.field,
                    index,
                    forward: rule.forward,
                    inverse: rule.inverse,
                    target,
                };
                found(reference, rule);
            }
            Err(NoReference::WithoutKind(name)) => self.without_kind(index, &name, rule),
            Err(NoReference::Invalid(why)) => {
                let field = path(rule.field, index);
                let message = format!("`{field}` is no entity reference: {why}");
                self.push(
                    Diagnostic::new(Code::InvalidReference, message)
                        .at(self.origin.value(field))
                        .help("a reference is `kind:namespace/name`, `kind:name` or `name`"),
                );
            }
        }
    }

    fn without_kind(&mut self, index: Option<usize>, text: &str, rule: &RelationRule) {
        self.has_error = true;
        let field = path(rule.field, index);
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
