//! Tells for an entity what each part of Port's entities was made from, and where fields of the descriptor went.
//!
//! In: an entity of the catalog and what is to be written. Out: an [`Explanation`]. Costs one mapping for each field, so
//! it is for a few entities.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::Value;

use super::Bridge;
use super::account::{Fate, FieldAccount, Lessons, World, contains, is_empty};
use super::overlay::Overlaid;
use super::trace::{Field, Part, Parts, Step, Trace, parts_of, top_fields, value_of};
use crate::backstage::{Catalog, validate};
use crate::port;
use crate::source::{FieldPath, Location};

/// How many items of a list of references are followed, and how many relations that other entities declare.
const MAX_ITEMS: usize = 100;

/// Where an entity of Backstage went.
#[derive(Debug)]
pub struct Explanation {
    /// Its index in the catalog.
    pub entity: usize,
    /// What is written of it.
    pub entities: Vec<Explained>,
    /// What became of its fields; empty where the profile makes nothing of it.
    pub fields: Vec<FieldAccount>,
}

/// One entity of Port and what its parts were made from.
#[derive(Debug)]
pub struct Explained {
    /// The blueprint.
    pub blueprint: String,
    /// The identifier.
    pub identifier: String,
    /// Its parts, in the order of manifests.
    pub parts: Vec<ExplainedPart>,
}

/// One part of an entity of Port.
#[derive(Debug)]
pub struct ExplainedPart {
    /// Which part.
    pub part: Part,
    /// What it holds.
    pub value: Value,
    /// The expression that made it, as the mapping spells it; for a property that is an object of expressions, all of
    /// them.
    pub expression: String,
    /// Where an overlay says what it holds, whatever the mapping makes of it.
    pub overlaid: Option<Location>,
    /// What it was made from; nothing where it is the same for every entity.
    pub from: Vec<Source>,
}

/// Something a part was made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The field, as `spec.dependsOn[0]`; empty for the place of the descriptor itself.
    pub field: String,
    /// Where it stands. An item of a list that Backstage sorts stands somewhere in the list.
    pub location: Location,
    /// The text of the field, where it is one.
    pub text: Option<String>,
    /// The entity whose field it is, where it is another one.
    pub of: Option<String>,
}

/// Explains the entity at an index of the catalog.
#[must_use]
pub fn entity(
    bridge: Bridge<'_>,
    overlaid: &Overlaid,
    index: usize,
    converted: &port::Catalog,
) -> Explanation {
    let catalog = bridge.catalog;
    let trace = Trace::new(bridge, index);
    let world = World::new(bridge, overlaid, converted);
    let written = world.written_as(&trace);
    let mut fields = Vec::new();
    world.tell(index, &mut Lessons::default(), &mut |_, field, fate| {
        let field = field();
        fields.push(FieldAccount { field, fate });
    });
    let explained = written.iter().enumerate().filter_map(|(position, entity)| {
        let entity = entity.as_ref()?;
        let parts = parts_of(entity).into_iter().filter_map(|part| {
            let value = value_of(entity, &part)?.into_owned();
            let place = overlaid.place(entity, &part).cloned();
            let (expression, from) = match place {
                Some(_) => (String::new(), Vec::new()),
                None => (
                    trace.mapped[position].mapping.expression(&part),
                    sources_of(catalog, &trace, position, &part),
                ),
            };
            Some(ExplainedPart {
                part,
                value,
                expression,
                overlaid: place,
                from,
            })
        });
        Some(Explained {
            blueprint: entity.blueprint.clone(),
            identifier: entity.identifier.clone(),
            parts: parts.collect(),
        })
    });
    Explanation {
        entity: index,
        entities: explained.collect(),
        fields,
    }
}

/// The place that a part of an entity of Port comes from: the overlay that decides about it, or the innermost field that
/// its expression passes on as it is or else reads first, or else the name of the entity.
#[must_use]
pub fn place(
    bridge: Bridge<'_>,
    overlaid: &Overlaid,
    entity: &port::Entity,
    part: &Part,
) -> Location {
    if let Some(place) = overlaid.place(entity, part) {
        return place.clone();
    }
    let found = field_of(bridge, entity, part);
    found.map_or_else(|| entity.origin.name(), |path| entity.origin.value(path))
}

fn field_of(bridge: Bridge<'_>, entity: &port::Entity, part: &Part) -> Option<FieldPath> {
    let index = bridge.catalog.made_from(entity.origin)?;
    let trace = Trace::new(bridge, index);
    let mapped = trace.mapped.iter().find(|mapped| {
        (&mapped.entity.blueprint, &mapped.entity.identifier)
            == (&entity.blueprint, &entity.identifier)
    });
    let mapped = mapped?;
    let leaf = mapped.mapping.leaf(part)?;
    let held = value_of(&mapped.entity, part);
    let refers = |field: &Field| trace.references.iter().any(|one| field.holds(&one.path()));
    let mut fields: Vec<(Field, &Value)> = top_fields(&trace.entity).collect();
    // To find out whether a field is read takes long where there are many relations, so the likely ones are first.
    fields.sort_by_cached_key(|(field, value)| match part {
        _ if held.as_deref() == Some(*value) => 0,
        Part::Relation(_) if refers(field) => 1,
        _ => 2,
    });
    let mut fields = fields.into_iter();
    let is_read = trace.reads(leaf);
    let (mut field, mut value) = fields.find(|(field, _)| is_read(field))?;
    // A list that Backstage sorts does not have its items where the descriptor has them.
    let is_sorted = refers(&field);
    while let Value::Object(map) = value
        && !is_sorted
    {
        let inner = map.iter().find_map(|(key, value)| {
            let inner = field.step(Step::Key(key.clone()));
            is_read(&inner).then_some((inner, value))
        });
        let Some((inner, its_value)) = inner else {
            break;
        };
        (field, value) = (inner, its_value);
    }
    Some(field.path_in(&trace.entity))
}

/// What a part was made from: fields of the descriptor in their order, the place of the descriptor, and fields of other
/// entities.
fn sources_of(catalog: &Catalog, trace: &Trace<'_>, position: usize, part: &Part) -> Vec<Source> {
    let wanted = (position, part.clone());
    let mut search = Search {
        trace,
        held: value_of(&trace.mapped[position].entity, part).map(Cow::into_owned),
        wanted: &wanted,
        found: Vec::new(),
    };
    for (field, value) in top_fields(&trace.entity) {
        // What an entity without one has.
        if value == "default" && field == Field::keys(["metadata", "namespace"]) {
            continue;
        }
        search.field(&field, &[value]);
    }
    let mut found = search.found;
    if trace.without(&Field::keys(["source"])).contains(&wanted) {
        found.push(Source {
            field: String::new(),
            location: trace.entity.origin.document(),
            text: None,
            of: None,
        });
    }
    let foreign = trace
        .foreign_relations()
        .map(|relation| (relation.relation_type, relation.target_ref))
        .take(MAX_ITEMS)
        .filter(|(kind, target)| trace.without_relation(kind, target).contains(&wanted))
        .filter_map(|(kind, target)| declared(catalog, trace, kind, target));
    found.extend(foreign);
    found
}

/// The field of another entity that declares a relation of this one.
fn declared(catalog: &Catalog, trace: &Trace<'_>, kind: &str, target: &str) -> Option<Source> {
    let mut entities = catalog.entities().iter();
    let other = entities.find(|entity| entity.entity_ref.canonical() == target)?;
    let this = trace.entity.entity_ref.canonical();
    let references = validate::references(&other.unpacked());
    let reference = references
        .into_iter()
        .find(|one| one.inverse == kind && one.target.canonical() == this)?;
    Some(Source {
        field: reference.path().to_string(),
        location: other.origin.value(reference.path()),
        text: Some(trace.entity.entity_ref.name.clone()),
        of: Some(other.entity_ref.to_string()),
    })
}

/// The search for the fields that one part was made from.
struct Search<'s, 'a> {
    trace: &'s Trace<'a>,
    held: Option<Value>,
    wanted: &'s (usize, Part),
    found: Vec<Source>,
}

impl Search<'_, '_> {
    /// Looks at a field, then into it: the innermost field counts, unless the part holds the outer one as a whole.
    fn field(&mut self, field: &Field, values: &[&Value]) {
        if values.iter().all(|value| is_empty(value)) {
            return;
        }
        let parts: Parts = self.trace.without(field);
        if !parts.contains(self.wanted) {
            return;
        }
        let held = self.held.as_ref();
        let is_held = |value: &&Value| held.is_some_and(|held| contains(held, value));
        let before = self.found.len();
        if !values.iter().all(is_held) {
            self.inside(field, values);
        }
        if self.found.len() == before {
            self.found.push(Source {
                field: field.of_every_item().to_string(),
                location: self
                    .trace
                    .entity
                    .origin
                    .value(field.path_in(&self.trace.entity)),
                text: values
                    .first()
                    .and_then(|value| value.as_str())
                    .map(str::to_owned),
                of: None,
            });
        }
    }

    fn inside(&mut self, field: &Field, values: &[&Value]) {
        let maps = values.iter().filter_map(|value| value.as_object());
        let keys: BTreeSet<&String> = maps.clone().flat_map(|map| map.keys()).collect();
        for key in keys {
            let values: Vec<&Value> = maps.clone().filter_map(|map| map.get(key)).collect();
            self.field(&field.step(Step::Key(key.clone())), &values);
        }
        let lists: Vec<&Vec<Value>> = values.iter().filter_map(|value| value.as_array()).collect();
        let holds_references = self
            .trace
            .references
            .iter()
            .any(|one| field.holds(&one.path()));
        if holds_references {
            let items = lists.iter().flat_map(|list| list.iter().enumerate());
            for (index, item) in items.take(MAX_ITEMS) {
                self.field(&field.step(Step::Item(index)), &[item]);
            }
        } else {
            let items: Vec<&Value> = lists.into_iter().flatten().collect();
            if items.iter().any(|item| item.is_object() || item.is_array()) {
                self.field(&field.step(Step::Each), &items);
            }
        }
    }
}

impl Explanation {
    /// The fields that do not reach Port.
    pub fn dropped(&self) -> impl Iterator<Item = &FieldAccount> {
        let fields = self.fields.iter();
        fields.filter(|account| matches!(account.fate, Fate::Dropped(_)))
    }
}
