//! The way through the fields of one entity.
//!
//! In: one entity of the catalog and all that is written to Port. Out: the fate of each of its fields.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::Value;

use super::super::trace::{Field, Part, Parts, Trace, parts_of, value_of};
use super::lessons::{At, Lesson, Lessons, Trail};
use super::world::World;
use super::{Fate, Holder, Reason};
use crate::backstage::validate::{self, Reference};
use crate::backstage::{Entity, EntityRef};
use crate::port;

/// How often one entity is mapped again to trace its fields; beyond that they count as dropped.
pub(super) const MAX_PROBES: usize = 400;

/// So many relations make one time count for two.
const RELATIONS_A_PROBE: usize = 1024;

/// How many entities must agree on a field before it is believed of the next one.
pub(super) const ENOUGH: usize = 3;

/// What the catalog itself adds, in dumps; none of it is the author's.
const BOOKKEEPING: &[&str] = &["uid", "etag", "generation"];

/// Who is told of an entity, the way to one of its fields, and what became of that.
pub(in crate::map) type Told<'t> = &'t mut dyn FnMut(&Entity, &dyn Fn() -> Field, Fate);

impl World<'_> {
    /// Tells what became of each field of an entity, with the way to it and the entity. False, and nothing told, where the
    /// profile makes nothing of it.
    pub(in crate::map) fn tell(&self, index: usize, lessons: &mut Lessons, told: Told<'_>) -> bool {
        let packed = &self.bridge.catalog.entities()[index];
        if !self.bridge.profile.has_kind(&packed.entity_ref.kind) {
            return false;
        }
        let entity = &packed.unpacked();
        let written = self.written_of(entity.origin);
        let trace = written.is_empty().then(|| self.trace(index));
        if trace.as_ref().is_some_and(|trace| trace.mapped.is_empty()) {
            return false;
        }
        let mut fields = std::mem::take(&mut lessons.fields);
        let mut walk = Walk {
            world: self,
            index,
            entity,
            by_field: HashMap::new(),
            named: BTreeMap::new(),
            references: validate::references(entity),
            written,
            trace,
            lessons,
            probes: 0,
            told,
        };
        walk.entity(&mut fields);
        lessons.fields = fields;
        true
    }
}

/// The way through the fields of one entity.
struct Walk<'w, 'a> {
    world: &'w World<'a>,
    index: usize,
    entity: &'w Entity,
    references: Vec<Reference>,
    /// Positions of the references by their fields; filled when the first one is asked for.
    by_field: HashMap<String, usize>,
    /// The names that a part of what is written has, by the position of its entity.
    named: BTreeMap<(usize, Part), HashSet<String>>,
    /// What is written of it.
    written: Vec<port::Entity>,
    /// Made when it is asked for the first time.
    trace: Option<Trace<'a>>,
    lessons: &'w mut Lessons,
    probes: usize,
    told: Told<'w>,
}

impl Walk<'_, '_> {
    fn entity(&mut self, lessons: &mut Lesson) {
        for root in ["apiVersion", "kind"] {
            // They decide which resource of the mapping is meant.
            let fate = match self.where_some(&[Part::Blueprint].into(), |_, _, _| true) {
                holders if holders.is_empty() => Fate::Dropped(Reason::NotWritten),
                holders => self.world.fate(holders),
            };
            self.tell(&Trail::root(root), fate);
        }
        let entity = self.entity;
        for root in ["metadata", "spec"] {
            let trail = Trail::root(root);
            let members = entity.value.get(root).and_then(Value::as_object);
            for (key, value) in members.into_iter().flatten() {
                let trail = trail.to(At::Key(key));
                if root == "metadata" {
                    if BOOKKEEPING.contains(&key.as_str()) {
                        self.tell(&trail, Fate::Dropped(Reason::Bookkeeping));
                        continue;
                    }
                    // What an entity without one has.
                    if key == "namespace" && value == "default" {
                        continue;
                    }
                }
                if self.written.is_empty() && !is_empty(value) {
                    self.tell(&trail, Fate::Dropped(Reason::NotWritten));
                    continue;
                }
                self.field(&trail, lessons.member(root).member(key), &[value]);
            }
        }
    }

    fn tell(&mut self, trail: &Trail<'_>, fate: Fate) {
        (self.told)(self.entity, &|| trail.field(), fate);
    }

    /// Accounts for a field with its values: one, or those of every item of a list.
    fn field(&mut self, trail: &Trail<'_>, lesson: &mut Lesson, values: &[&Value]) {
        let values: Vec<&Value> = values.iter().copied().filter(|v| !is_empty(v)).collect();
        if values.is_empty() {
            return;
        }
        let holders = self.holding(&lesson.parts, &values);
        if !holders.is_empty() {
            let fate = self.world.fate(holders);
            return self.tell(trail, fate);
        }
        let mut references = self.references.iter();
        if references.any(|reference| trail.holds(reference)) {
            return self.references(trail, &values);
        }
        let is_container = values
            .iter()
            .any(|value| value.is_object() || is_nested(value));
        if is_container && !lesson.parts.is_empty() {
            return self.inside(trail, lesson, &values);
        }
        let fate = match self.believed(lesson, &values) {
            Some(fate) => fate,
            None => self.probed(&trail.field(), lesson, &values),
        };
        if is_container
            && !matches!(fate, Fate::Dropped(Reason::NotRead | Reason::Untraced))
            && self.holding(&lesson.parts, &values).is_empty()
        {
            return self.inside(trail, lesson, &values);
        }
        self.tell(trail, fate);
    }

    /// What became of a field that was seen often enough.
    fn believed(&self, lesson: &Lesson, values: &[&Value]) -> Option<Fate> {
        if lesson.parts.is_empty() && lesson.unread >= ENOUGH {
            let all = self.written.iter().flat_map(parts_of);
            let held = self.holding(&all.collect(), values);
            return held.is_empty().then_some(Fate::Dropped(Reason::NotRead));
        }
        if lesson.unread == 0 && lesson.rewritten >= ENOUGH {
            let world = self.world;
            let holders = self.where_some(&lesson.parts, |entity, part, _| {
                !world.is_overlaid(entity, part)
            });
            return (!holders.is_empty()).then(|| self.world.fate(holders));
        }
        None
    }

    /// What becomes of a field, found out by mapping without it.
    fn probed(&mut self, field: &Field, lesson: &mut Lesson, values: &[&Value]) -> Fate {
        let Some(parts) = self.without(field) else {
            return Fate::Dropped(Reason::Untraced);
        };
        let names: BTreeSet<Part> = parts.iter().map(|(_, part)| part.clone()).collect();
        let holding = self.holding(&names, values);
        lesson.parts.extend(names);
        if parts.is_empty() {
            lesson.unread += 1;
            // Nothing is lost where the title says the same.
            return match self.holding(&[Part::Title].into(), values) {
                titles if titles.is_empty() => Fate::Dropped(Reason::NotRead),
                titles => self.world.fate(titles),
            };
        }
        if holding.is_empty() {
            lesson.rewritten += 1;
            self.part_of(&parts)
        } else {
            self.world.fate(holding)
        }
    }

    /// Accounts for what a map or a list holds.
    fn inside(&mut self, trail: &Trail<'_>, lesson: &mut Lesson, values: &[&Value]) {
        let mut members: Vec<(&String, Vec<&Value>)> = Vec::new();
        let mut positions: HashMap<&String, usize> = HashMap::new();
        let maps = values.iter().filter_map(|value| value.as_object());
        for (key, value) in maps.flatten() {
            let position = *positions.entry(key).or_insert_with(|| {
                members.push((key, Vec::new()));
                members.len() - 1
            });
            members[position].1.push(value);
        }
        for (key, values) in members {
            self.field(&trail.to(At::Key(key)), lesson.member(key), &values);
        }
        let items = values.iter().filter_map(|value| value.as_array());
        let items: Vec<&Value> = items.flatten().collect();
        if !items.is_empty() {
            let lesson = lesson.items.get_or_insert_default();
            self.field(&trail.to(At::Each), lesson, &items);
        }
    }

    /// Accounts for a field that holds references, each on its own.
    fn references(&mut self, trail: &Trail<'_>, values: &[&Value]) {
        if self.by_field.is_empty() {
            let references = self.references.iter().enumerate();
            let fields = references.map(|(position, one)| (one.path().to_string(), position));
            self.by_field = fields.collect();
        }
        for value in values {
            let items: Vec<(Trail<'_>, &Value)> = match value {
                Value::Array(items) => items
                    .iter()
                    .enumerate()
                    .map(|(index, item)| (trail.to(At::Item(index)), item))
                    .collect(),
                value => vec![(*trail, *value)],
            };
            for (trail, value) in items {
                let field = trail.field();
                let path = field.path_in(self.entity).to_string();
                let fate = match self.by_field.get(&path).copied() {
                    Some(position) => self.reference(&field, position),
                    None if is_empty(value) => continue,
                    // What one item teaches says nothing about the next.
                    None => self.probed(&field, &mut Lesson::default(), &[value]),
                };
                self.tell(&trail, fate);
            }
        }
    }

    fn reference(&mut self, field: &Field, position: usize) -> Fate {
        let Reference {
            forward, inverse, ..
        } = self.references[position];
        let target = self.references[position].target.clone();
        let pair = (forward.to_owned(), target.kind.to_lowercase());
        let naming = self.naming(&pair, &target);
        if !naming.is_empty() {
            return self.world.fate(naming);
        }
        let Some(parts) = self.without(field) else {
            return Fate::Dropped(Reason::Untraced);
        };
        if !parts.is_empty() {
            let learned = parts.iter().map(|(_, part)| part.clone());
            let lesson = self.lessons.relations.entry(pair).or_default();
            lesson.extend(learned);
            return self.part_of(&parts);
        }
        let holders = self.on_the_other_side(inverse, &target);
        if holders.is_empty() {
            Fate::Dropped(Reason::NotRead)
        } else {
            Fate::Mapped(holders)
        }
    }

    /// The parts known to hold relations of a sort that name a target.
    fn naming(&mut self, pair: &(String, String), target: &EntityRef) -> Vec<Holder> {
        let Some(lesson) = self.lessons.relations.get(pair) else {
            return Vec::new();
        };
        let name = target.name.to_lowercase();
        let mut holders = Vec::new();
        for (position, entity) in self.written.iter().enumerate() {
            for part in lesson {
                let names = self.named.entry((position, part.clone()));
                let names = names.or_insert_with(|| names_in(entity, part));
                if names.contains(&name) {
                    holders.push(Holder::of(entity, part));
                }
            }
        }
        holders
    }

    /// The parts of the target's own entities that hold the relation back.
    fn on_the_other_side(&mut self, inverse: &str, target: &EntityRef) -> Vec<Holder> {
        let world = self.world;
        let Some(index) = world.indexes.get(&target.canonical()) else {
            return Vec::new();
        };
        let holder = &self.entity.entity_ref;
        let written = world.written_of(world.bridge.catalog.entities()[*index].origin);
        let key = (inverse.to_owned(), target.kind.to_lowercase());
        if let Some(lesson) = self.lessons.inverses.get(&key) {
            let name = holder.name.to_lowercase();
            let known = written.iter().flat_map(|entity| {
                let parts = lesson.iter();
                let parts = parts.filter(|part| names_in(entity, part).contains(&name));
                parts.map(|part| Holder::of(entity, part))
            });
            let known: Vec<Holder> = known.collect();
            if !known.is_empty() {
                return known;
            }
        }
        if !self.may_probe(*index) {
            return Vec::new();
        }
        let other = world.trace(*index);
        let parts = other.without_relation(inverse, &holder.canonical());
        let learned = parts.iter().map(|(_, part)| part.clone());
        self.lessons
            .inverses
            .entry(key)
            .or_default()
            .extend(learned);
        world.holders(&parts, &world.written_as(&other))
    }

    /// Whether an entity may be mapped once more. Counts that.
    fn may_probe(&mut self, index: usize) -> bool {
        if self.probes >= MAX_PROBES {
            return false;
        }
        let relations = self.world.bridge.catalog.relations(index).len();
        self.probes += 1 + relations / RELATIONS_A_PROBE;
        true
    }

    /// The parts that change without a field; `None` where too many have been asked for.
    fn without(&mut self, field: &Field) -> Option<Parts> {
        let (world, index) = (self.world, self.index);
        if !self.may_probe(index) {
            return None;
        }
        let trace = self.trace.get_or_insert_with(|| world.trace(index));
        Some(trace.without(field))
    }

    /// Where these parts hold all values as they are.
    fn holding(&self, parts: &BTreeSet<Part>, values: &[&Value]) -> Vec<Holder> {
        self.where_some(parts, |_, _, held| {
            values.iter().all(|value| contains(held, value))
        })
    }

    fn where_some(
        &self,
        parts: &BTreeSet<Part>,
        holds: impl Fn(&port::Entity, &Part, &Value) -> bool,
    ) -> Vec<Holder> {
        let mut holders = Vec::new();
        for entity in &self.written {
            for part in parts {
                if value_of(entity, part).is_some_and(|held| holds(entity, part, &held)) {
                    holders.push(Holder::of(entity, part));
                }
            }
        }
        holders
    }

    /// What it means that these parts depend on a field.
    fn part_of(&self, parts: &Parts) -> Fate {
        let written = self
            .trace
            .as_ref()
            .map(|trace| self.world.written_as(trace));
        let written = written.unwrap_or_default();
        let holders = self.world.holders(parts, &written);
        if !holders.is_empty() {
            return self.world.fate(holders);
        }
        let is_overlaid = |(position, part): &&(usize, Part)| {
            let entity = written.get(*position).and_then(Option::as_ref);
            entity.is_some_and(|entity| self.world.is_overlaid(entity, part))
        };
        if let Some((_, part)) = parts.iter().find(is_overlaid) {
            return Fate::Dropped(Reason::Overlaid(part.clone()));
        }
        let part = parts.iter().map(|(_, part)| part.clone()).next();
        Fate::Dropped(part.map_or(Reason::NotRead, Reason::LeftOut))
    }
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

/// The names of entities that a part of an entity has, in lower case.
fn names_in(entity: &port::Entity, part: &Part) -> HashSet<String> {
    fn collect(held: &Value, names: &mut HashSet<String>) {
        match held {
            Value::String(text) => {
                let name = text.rsplit(['/', ':']).next().unwrap_or_default();
                names.insert(name.to_lowercase());
            }
            Value::Array(items) => items.iter().for_each(|item| collect(item, names)),
            Value::Object(map) => map.values().for_each(|item| collect(item, names)),
            _ => {}
        }
    }
    let mut names = HashSet::new();
    if let Some(held) = value_of(entity, part) {
        collect(&held, &mut names);
    }
    names
}
