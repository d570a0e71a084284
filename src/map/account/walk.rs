//! The way through the fields of one entity.
//!
//! In: one entity of the catalog and all that is written to Port. Out: the fate of each of its fields.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::super::trace::{Field, Part, Parts, Step, Trace, top_fields, value_of};
use super::{EntityAccount, Fate, FieldAccount, Holder, Reason};
use crate::backstage::validate::Reference;
use crate::backstage::{Catalog, EntityRef};
use crate::map::Profile;
use crate::port;
use crate::source::{Origin, Sources};

/// How often one entity is mapped again to trace its fields; beyond that they count as dropped.
pub(super) const MAX_PROBES: usize = 400;

/// What the catalog itself adds, in dumps; none of it is the author's.
const BOOKKEEPING: &[&str] = &["uid", "etag", "generation"];

/// What entities of one kind have taught: parts that depend on a field or a relation.
#[derive(Default)]
pub(in crate::map) struct Lessons {
    fields: HashMap<Field, BTreeSet<Part>>,
    /// By type of relation and kind of target; the other side's under the kind of the other side.
    relations: HashMap<(String, String), BTreeSet<Part>>,
    inverses: HashMap<(String, String), BTreeSet<Part>>,
}

/// All that an account is made from.
pub(in crate::map) struct World<'a> {
    catalog: &'a Catalog,
    profile: &'a Profile,
    sources: &'a Sources,
    blueprints: HashMap<&'a str, &'a port::Blueprint>,
    /// What is written for each descriptor.
    written: BTreeMap<Origin, Vec<&'a port::Entity>>,
    indexes: HashMap<String, usize>,
}

impl<'a> World<'a> {
    pub(in crate::map) fn new(
        catalog: &'a Catalog,
        profile: &'a Profile,
        converted: &'a port::Catalog,
        sources: &'a Sources,
    ) -> Self {
        let mut written: BTreeMap<Origin, Vec<&port::Entity>> = BTreeMap::new();
        for entity in &converted.entities {
            written.entry(entity.origin).or_default().push(entity);
        }
        let blueprints = converted.blueprints.iter();
        let entities = catalog.entities().iter().enumerate();
        Self {
            catalog,
            profile,
            sources,
            blueprints: blueprints
                .map(|blueprint| (blueprint.identifier.as_str(), blueprint))
                .collect(),
            written,
            indexes: entities
                .map(|(index, entity)| (entity.entity_ref.canonical(), index))
                .collect(),
        }
    }

    fn trace(&self, index: usize) -> Trace<'a> {
        Trace::new(self.catalog, index, self.profile, self.sources)
    }

    /// The account of one entity; `None` where the profile makes nothing of it.
    pub(in crate::map) fn account(
        &self,
        index: usize,
        lessons: &mut Lessons,
    ) -> Option<EntityAccount> {
        let entity = &self.catalog.entities()[index];
        if !self.profile.has_kind(&entity.entity_ref.kind) {
            return None;
        }
        let trace = self.trace(index);
        if trace.mapped.is_empty() {
            return None;
        }
        let mut walk = Walk {
            world: self,
            written: self.written_of(&trace),
            trace,
            lessons,
            probes: 0,
            fields: Vec::new(),
        };
        walk.entity();
        Some(EntityAccount {
            entity: index,
            fields: walk.fields,
        })
    }

    /// What is written of each entity a descriptor was mapped to.
    pub(in crate::map) fn written_of(&self, trace: &Trace<'_>) -> Vec<Option<&'a port::Entity>> {
        let written = self.written.get(&trace.entity.origin);
        let mapped = trace.mapped.iter();
        mapped
            .map(|mapped| {
                let key = (&mapped.entity.blueprint, &mapped.entity.identifier);
                let mut written = written.into_iter().flatten().copied();
                written.find(|entity| (&entity.blueprint, &entity.identifier) == key)
            })
            .collect()
    }

    /// Whether a property takes anything, so that what it holds is raw.
    fn is_raw(&self, holder: &Holder) -> bool {
        let Part::Property(name) = &holder.part else {
            return false;
        };
        let blueprint = self.blueprints.get(holder.blueprint.as_str());
        blueprint
            .and_then(|blueprint| blueprint.schema.properties.get(name))
            .is_some_and(|definition| {
                let definition = &definition.0;
                definition.get("type").is_some_and(|kind| kind == "object")
                    && !definition.contains_key("spec")
                    && !definition.contains_key("format")
            })
    }
}

/// The way through the fields of one entity.
struct Walk<'w, 'a> {
    world: &'w World<'a>,
    trace: Trace<'a>,
    /// What is written of each mapped entity.
    written: Vec<Option<&'a port::Entity>>,
    lessons: &'w mut Lessons,
    probes: usize,
    fields: Vec<FieldAccount>,
}

impl Walk<'_, '_> {
    fn entity(&mut self) {
        let entity = self.trace.entity;
        for root in ["apiVersion", "kind"] {
            // They decide which resource of the mapping is meant.
            let parts = (0..self.trace.mapped.len()).map(|position| (position, Part::Blueprint));
            let fate = self.mapped_to(&parts.collect());
            self.tell(Field::keys([root]), fate);
        }
        for (field, value) in top_fields(entity) {
            if let [Step::Key(root), Step::Key(name)] = field.0.as_slice()
                && root == "metadata"
            {
                if BOOKKEEPING.contains(&name.as_str()) {
                    self.tell(field, Fate::Dropped(Reason::Bookkeeping));
                    continue;
                }
                // What an entity without one has.
                if name == "namespace" && value == "default" {
                    continue;
                }
            }
            self.field(field, &[value]);
        }
    }

    fn tell(&mut self, field: Field, fate: Fate) {
        self.fields.push(FieldAccount { field, fate });
    }

    /// Accounts for a field with its values: one, or those of every item of a list.
    fn field(&mut self, field: Field, values: &[&Value]) {
        let values: Vec<&Value> = values.iter().copied().filter(|v| !is_empty(v)).collect();
        if values.is_empty() {
            return;
        }
        let is_container = values
            .iter()
            .any(|value| value.is_object() || is_nested(value));
        let lesson = self.lessons.fields.get(&field).cloned().unwrap_or_default();
        let known = self.everywhere(&lesson);
        let holding = self.holding(&known, &values);
        if !holding.is_empty() {
            let fate = self.mapped_to(&holding);
            return self.tell(field, fate);
        }
        if self
            .trace
            .references
            .iter()
            .any(|reference| field.holds(&reference.field))
        {
            return self.references(&field, &values);
        }
        if !is_container || lesson.is_empty() {
            let Some(parts) = self.without(&field) else {
                return self.tell(field, Fate::Dropped(Reason::Untraced));
            };
            if parts.is_empty() {
                let fate = self.unread(&values);
                return self.tell(field, fate);
            }
            let holding = self.holding(&parts, &values);
            let fate = self.mapped_to(if holding.is_empty() { &parts } else { &holding });
            if !is_container || !holding.is_empty() || fate == Fate::Dropped(Reason::NotWritten) {
                return self.tell(field, fate);
            }
        }
        self.inside(&field, &values);
    }

    /// What becomes of a field that no part depends on: nothing is lost where the title says the same.
    fn unread(&self, values: &[&Value]) -> Fate {
        let titles = self.everywhere(&BTreeSet::from([Part::Title]));
        let titles = self.holding(&titles, values);
        self.mapped_to(&titles)
    }

    /// Accounts for what a map or a list holds.
    fn inside(&mut self, field: &Field, values: &[&Value]) {
        let mut members: Vec<(&String, Vec<&Value>)> = Vec::new();
        let mut positions: HashMap<&String, usize> = HashMap::new();
        for (key, value) in values
            .iter()
            .filter_map(|value| value.as_object())
            .flatten()
        {
            let position = *positions.entry(key).or_insert_with(|| {
                members.push((key, Vec::new()));
                members.len() - 1
            });
            members[position].1.push(value);
        }
        for (key, values) in members {
            self.field(field.step(Step::Key(key.clone())), &values);
        }
        let items = values.iter().filter_map(|value| value.as_array());
        let items: Vec<&Value> = items.flatten().collect();
        self.field(field.step(Step::Each), &items);
    }

    /// Accounts for a field that holds references, each on its own.
    fn references(&mut self, field: &Field, values: &[&Value]) {
        for value in values {
            let items: Vec<(Field, &Value)> = match value {
                Value::Array(items) => items
                    .iter()
                    .enumerate()
                    .map(|(index, item)| (field.step(Step::Item(index)), item))
                    .collect(),
                value => vec![(field.clone(), *value)],
            };
            for (field, value) in items {
                let mut references = self.trace.references.iter();
                let path = field.path_in(self.trace.entity);
                let reference = references.position(|reference| reference.field == path);
                match reference {
                    Some(position) => {
                        let fate = self.reference(&field, position);
                        self.tell(field, fate);
                    }
                    None if is_empty(value) => {}
                    None => {
                        let fate = match self.without(&field) {
                            None => Fate::Dropped(Reason::Untraced),
                            Some(parts) => self.mapped_to(&parts),
                        };
                        self.tell(field, fate);
                    }
                }
            }
        }
    }

    fn reference(&mut self, field: &Field, position: usize) -> Fate {
        let Reference {
            forward,
            inverse,
            ref target,
            ..
        } = self.trace.references[position];
        let target = target.clone();
        let pair = (forward.to_owned(), target.kind.to_lowercase());
        let lesson = self
            .lessons
            .relations
            .get(&pair)
            .cloned()
            .unwrap_or_default();
        let known = self.everywhere(&lesson);
        let naming = self.naming(&known, &target);
        if !naming.is_empty() {
            return self.mapped_to(&naming);
        }
        let Some(parts) = self.without(field) else {
            return Fate::Dropped(Reason::Untraced);
        };
        if !parts.is_empty() {
            let learned = parts.iter().map(|(_, part)| part.clone());
            self.lessons
                .relations
                .entry(pair)
                .or_default()
                .extend(learned);
            return self.mapped_to(&parts);
        }
        let holders = self.on_the_other_side(inverse, &target);
        if holders.is_empty() {
            Fate::Dropped(Reason::NotRead)
        } else {
            Fate::Mapped(holders)
        }
    }

    /// The parts of the target's own entities that hold the relation back.
    fn on_the_other_side(&mut self, inverse: &str, target: &EntityRef) -> Vec<Holder> {
        let world = self.world;
        let Some(index) = world.indexes.get(&target.canonical()) else {
            return Vec::new();
        };
        let holder = &self.trace.entity.entity_ref;
        let written = world.written.get(&world.catalog.entities()[*index].origin);
        let key = (inverse.to_owned(), target.kind.to_lowercase());
        let lesson = self.lessons.inverses.get(&key).cloned().unwrap_or_default();
        let known = written.into_iter().flatten().flat_map(|entity| {
            lesson
                .iter()
                .filter(|part| value_of(entity, part).is_some_and(|v| names(&v, holder)))
                .map(|part| Holder::of(entity, part))
        });
        let known: Vec<Holder> = known.collect();
        if !known.is_empty() {
            return known;
        }
        if self.probes >= MAX_PROBES {
            return Vec::new();
        }
        self.probes += 1;
        let other = world.trace(*index);
        let written = world.written_of(&other);
        let parts = other.without_relation(inverse, &holder.canonical());
        let learned = parts.iter().map(|(_, part)| part.clone());
        self.lessons
            .inverses
            .entry(key)
            .or_default()
            .extend(learned);
        holders(&parts, &written)
    }

    /// The parts that change without a field; `None` where too many have been asked for.
    fn without(&mut self, field: &Field) -> Option<Parts> {
        if self.probes >= MAX_PROBES {
            return None;
        }
        self.probes += 1;
        let parts = self.trace.without(field);
        let learned = parts.iter().map(|(_, part)| part.clone());
        let lesson = self.lessons.fields.entry(field.clone()).or_default();
        lesson.extend(learned);
        Some(parts)
    }

    fn everywhere(&self, parts: &BTreeSet<Part>) -> Parts {
        let positions = 0..self.trace.mapped.len();
        positions
            .flat_map(|position| parts.iter().map(move |part| (position, part.clone())))
            .collect()
    }

    /// Those of the parts that hold all values as they are.
    fn holding(&self, parts: &Parts, values: &[&Value]) -> Parts {
        self.filtered(parts, |held| {
            values.iter().all(|value| contains(held, value))
        })
    }

    /// Those of the parts that name an entity.
    fn naming(&self, parts: &Parts, target: &EntityRef) -> Parts {
        self.filtered(parts, |held| names(held, target))
    }

    fn filtered(&self, parts: &Parts, holds: impl Fn(&Value) -> bool) -> Parts {
        let holding = parts.iter().filter(|(position, part)| {
            let written = self.written[*position];
            written.is_some_and(|entity| value_of(entity, part).is_some_and(|held| holds(&held)))
        });
        holding.cloned().collect()
    }

    /// What it means to be part of these parts.
    fn mapped_to(&self, parts: &Parts) -> Fate {
        let holders = holders(parts, &self.written);
        if holders.is_empty() {
            let is_written = self.written.iter().any(Option::is_some);
            let part = parts.iter().map(|(_, part)| part.clone()).next();
            return Fate::Dropped(match part {
                None => Reason::NotRead,
                Some(part) if is_written => Reason::LeftOut(part),
                Some(_) => Reason::NotWritten,
            });
        }
        let (raw, mapped): (Vec<Holder>, Vec<Holder>) = holders
            .into_iter()
            .partition(|holder| self.world.is_raw(holder));
        if mapped.is_empty() {
            Fate::Raw(raw)
        } else {
            Fate::Mapped(mapped)
        }
    }
}

impl Holder {
    fn of(entity: &port::Entity, part: &Part) -> Self {
        Self {
            blueprint: entity.blueprint.clone(),
            identifier: entity.identifier.clone(),
            part: part.clone(),
        }
    }
}

/// The parts that are written.
fn holders(parts: &Parts, written: &[Option<&port::Entity>]) -> Vec<Holder> {
    let parts = parts.iter().filter_map(|(position, part)| {
        let entity = written[*position]?;
        value_of(entity, part).map(|_| Holder::of(entity, part))
    });
    parts.collect()
}

/// Whether a value holds nothing.
pub(in crate::map) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.iter().all(is_empty),
        Value::Object(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Whether a value is a list of anything but scalars.
fn is_nested(value: &Value) -> bool {
    let items = value.as_array();
    items.is_some_and(|items| items.iter().any(|item| item.is_object() || item.is_array()))
}

/// Whether a value stands somewhere in another one.
pub(in crate::map) fn contains(held: &Value, value: &Value) -> bool {
    held == value
        || match held {
            Value::Array(items) => items.iter().any(|item| contains(item, value)),
            Value::Object(map) => map.values().any(|item| contains(item, value)),
            _ => false,
        }
}

/// Whether a value has a text that ends in the name of an entity, in any case, alone or after `/` or `:`.
fn names(held: &Value, target: &EntityRef) -> bool {
    match held {
        Value::String(text) => {
            let (text, name) = (text.to_lowercase(), target.name.to_lowercase());
            text.strip_suffix(&name)
                .is_some_and(|before| before.is_empty() || before.ends_with(['/', ':']))
        }
        Value::Array(items) => items.iter().any(|item| names(item, target)),
        Value::Object(map) => map.values().any(|item| names(item, target)),
        _ => false,
    }
}
