//! The kinds Backstage knows: the shape of their spec and the relations its fields make, as data.
//!
//! Sources: `packages/catalog-model/src/schema/kinds`, `BuiltinKindsEntityProcessor.ts` and the Template schema of
//! `plugins/scaffolder-common` in backstage/backstage. Fields stand in the order Backstage checks them.

mod table;

use serde_json::{Map, Value};

use self::table::KINDS;
pub(crate) use self::table::WITHOUT_SCHEMA;
use super::EntityRef;
use super::field::field;

/// A kind and the apiVersions it is known in.
#[derive(Debug)]
pub(crate) struct Kind {
    /// The exact spelling.
    pub(crate) name: &'static str,
    /// Every apiVersion with this schema.
    pub(crate) api_versions: &'static [&'static str],
    /// Fields of the spec; others are allowed and kept.
    pub(crate) spec: &'static [Field],
    /// More fields, depending on `spec.type`.
    pub(crate) variants: &'static [Variant],
    /// The relations of its fields, in the order Backstage makes them.
    pub(crate) relations: &'static [RelationRule],
}

/// Fields for one value of `spec.type`, in place of those of the kind.
#[derive(Debug)]
pub(crate) struct Variant {
    /// The value of `spec.type`.
    pub(crate) spec_type: &'static str,
    /// Fields of the spec.
    pub(crate) spec: &'static [Field],
    /// Whether the fields of the kind itself will do as well.
    pub(crate) is_alternative: bool,
}

/// A field of a map.
#[derive(Debug)]
pub(crate) struct Field {
    /// Its key.
    pub(crate) name: &'static str,
    /// Whether it must be there.
    pub(crate) is_required: bool,
    /// What it must look like when it is there; null counts as there.
    pub(crate) shape: Shape,
}

/// What a value must look like.
#[derive(Debug)]
pub(crate) enum Shape {
    /// A string of at least one character.
    Text,
    /// A string.
    AnyText,
    /// A string of one to this many UTF-16 units.
    TextUpTo(usize),
    /// A string or a boolean.
    TextOrBoolean,
    /// One of these strings.
    OneOf(&'static [&'static str]),
    /// A list.
    List(&'static Self),
    /// A list with at least one item.
    NonEmptyList(&'static Self),
    /// A map with these fields and any others.
    Object(&'static [Field]),
    /// A map with these fields, all others of one shape.
    ObjectOf(&'static [Field], &'static Self),
    /// A map, or a list of such maps.
    ObjectOrList(&'static [Field]),
}

/// The relations a field makes.
#[derive(Debug)]
pub(crate) struct RelationRule {
    /// The field of the spec: a reference or a list of them.
    pub(crate) field: &'static str,
    /// Type of the relation from the holder to the target.
    pub(crate) forward: &'static str,
    /// Type of the relation from the target to the holder.
    pub(crate) inverse: &'static str,
    /// The kind of a reference that names none.
    pub(crate) default_kind: Option<&'static str>,
    /// The kinds that make sense as its target.
    pub(crate) target_kinds: &'static [&'static str],
    /// Whether targets of other kinds make no relation at all.
    pub(crate) is_limited: bool,
}

/// The kind with this exact name and apiVersion.
pub(crate) fn kind(name: &str, api_version: &str) -> Option<&'static Kind> {
    KINDS
        .iter()
        .find(|kind| kind.name == name && kind.api_versions.contains(&api_version))
}

/// Whether entities of a kind that Backstage knows have an owner.
#[must_use]
pub fn has_owner(name: &str, api_version: &str) -> bool {
    let kind = kind(name, api_version);
    kind.is_some_and(|kind| kind.relations.iter().any(|rule| rule.field == "owner"))
}

/// Whether some version of a kind of this name is known.
pub(crate) fn is_known_name(name: &str) -> bool {
    KINDS.iter().any(|kind| kind.name == name)
}

/// Whether some kind has a field of this name in its spec.
pub(crate) fn is_field(name: &str) -> bool {
    KINDS.iter().any(|kind| {
        let variants = kind.variants.iter().flat_map(|variant| variant.spec);
        let mut fields = kind.spec.iter().chain(variants);
        fields.any(|field| field.name == name)
    })
}

/// Names of all kinds.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|kind| kind.name)
}

/// The apiVersions that a kind is known in.
pub(crate) fn api_versions(name: &str) -> impl Iterator<Item = &'static str> {
    let kinds = KINDS.iter().filter(move |kind| kind.name == name);
    kinds.flat_map(|kind| kind.api_versions.iter().copied())
}

/// The kind that a field refers to where a reference names none, if all kinds with such a field agree.
pub(crate) fn default_kind(field: &str) -> Option<&'static str> {
    let rules = KINDS.iter().flat_map(|kind| kind.relations);
    let mut defaults = rules
        .filter(|rule| rule.field == field)
        .map(|rule| rule.default_kind);
    let first = defaults.next()??;
    defaults.all(|kind| kind == Some(first)).then_some(first)
}

/// The type of relation of this name, if a field of some kind makes it.
pub(crate) fn relation_type(name: &str) -> Option<&'static str> {
    let rules = KINDS.iter().flat_map(|kind| kind.relations);
    let mut types = rules.flat_map(|rule| [rule.forward, rule.inverse]);
    types.find(|known| *known == name)
}

impl RelationRule {
    /// Whether a target makes a relation.
    pub(crate) fn takes(&self, target: &EntityRef) -> bool {
        !self.is_limited || self.expects(&target.kind)
    }

    /// Whether a kind makes sense as its target.
    pub(crate) fn expects(&self, kind: &str) -> bool {
        let mut kinds = self.target_kinds.iter();
        kinds.any(|expected| kind.eq_ignore_ascii_case(expected))
    }
}

impl Kind {
    /// The variant of the schema that `spec.type` asks for.
    pub(crate) fn variant(&self, spec: &Map<String, Value>) -> Option<&'static Variant> {
        if self.variants.is_empty() {
            return None;
        }
        let spec_type = field(spec, "type")?.as_str()?;
        self.variants
            .iter()
            .find(|variant| variant.spec_type == spec_type)
    }

    /// The fields of its spec.
    pub(crate) fn fields(&self, spec: &Map<String, Value>) -> impl Iterator<Item = &'static Field> {
        let variant = self.variant(spec).map_or(&[][..], |variant| variant.spec);
        let is_made = |field: &&Field| self.relations.iter().any(|rule| rule.field == field.name);
        let without_schema = WITHOUT_SCHEMA.iter().filter(is_made);
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
    pub(crate) fn has_field(&self, spec: &Map<String, Value>, field: &str) -> bool {
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
