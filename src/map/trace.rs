//! Finds out which parts of Port's entities come from which fields of a descriptor, by leaving the field out and mapping
//! again.
//!
//! In: an entity of the catalog, a profile, and a field. Out: the [`Part`]s that change without it. That holds for any
//! expression, whatever it computes. A reference takes the relations it makes with it, as it does in Backstage.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;

use serde_json::{Map, Value};

use super::jq::Input;
use super::mapping::Leaf;
use super::{Bridge, Mapped, map_entity};
use crate::backstage::Entity;
use crate::backstage::entity::Relation;
use crate::backstage::validate::{self, Reference};
use crate::port;
use crate::port::check;
use crate::source::{FieldPath, Segment};

/// A part of an entity of Port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The blueprint it belongs to.
    Blueprint,
    /// Its key; what decides about it decides about the whole entity.
    Identifier,
    /// Its title.
    Title,
    /// Its icon.
    Icon,
    /// The teams that own it.
    Team,
    /// The property of this name.
    Property(String),
    /// The relation of this name.
    Relation(String),
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blueprint => f.write_str("blueprint"),
            Self::Identifier => f.write_str("identifier"),
            Self::Title => f.write_str("title"),
            Self::Icon => f.write_str("icon"),
            Self::Team => f.write_str("team"),
            Self::Property(name) => write!(f, "properties.{name}"),
            Self::Relation(name) => write!(f, "relations.{name}"),
        }
    }
}

/// A field, or with [`Step::Each`] the same field of every item of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Field(pub Vec<Step>);

/// One step of a [`Field`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// A key of a map.
    Key(String),
    /// One item of a list, from 0.
    Item(usize),
    /// Every item of a list.
    Each,
}

impl Field {
    pub(super) fn keys<'a>(keys: impl IntoIterator<Item = &'a str>) -> Self {
        Self(
            keys.into_iter()
                .map(|key| Step::Key(key.to_owned()))
                .collect(),
        )
    }

    pub(super) fn step(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    /// The way to it in an entity; where every item of a list is meant, to the first one that has it.
    #[must_use]
    pub fn path_in(&self, entity: &Entity) -> FieldPath {
        fn search(value: Option<&Value>, steps: &[Step], path: &mut Vec<Segment>) -> bool {
            let Some((first, rest)) = steps.split_first() else {
                return value.is_some();
            };
            match first {
                Step::Key(key) => {
                    path.push(Segment::Key(key.clone()));
                    search(value.and_then(|value| value.get(key)), rest, path)
                }
                Step::Item(index) => {
                    path.push(Segment::Index(*index));
                    search(value.and_then(|value| value.get(index)), rest, path)
                }
                Step::Each => {
                    let before = path.len();
                    let items = value.and_then(Value::as_array).map_or(0, Vec::len);
                    let found = (0..items).any(|index| {
                        path.truncate(before);
                        path.push(Segment::Index(index));
                        search(value.and_then(|value| value.get(index)), rest, path)
                    });
                    if !found {
                        path.truncate(before);
                    }
                    found
                }
            }
        }
        let mut path = Vec::new();
        if let Some((Step::Key(root), rest)) = self.0.split_first() {
            path.push(Segment::Key(root.clone()));
            search(entity.value.get(root), rest, &mut path);
        }
        FieldPath(path)
    }

    /// The text it has in an entity, where it is one.
    #[must_use]
    pub fn text_in<'e>(&self, entity: &'e Entity) -> Option<&'e str> {
        let (first, rest) = self
            .path_in(entity)
            .0
            .split_first()
            .map(|(first, rest)| (first.clone(), rest.to_vec()))?;
        let Segment::Key(root) = first else {
            return None;
        };
        let value =
            rest.iter()
                .try_fold(entity.value.get(&root)?, |value, segment| match segment {
                    Segment::Key(key) => value.get(key),
                    Segment::Index(index) => value.get(index),
                });
        value?.as_str()
    }

    /// The same field of every item of its lists.
    #[must_use]
    pub fn of_every_item(&self) -> Self {
        let steps = self.0.iter().map(|step| match step {
            Step::Item(_) => Step::Each,
            step => step.clone(),
        });
        Self(steps.collect())
    }

    /// Whether a place of a document is this field or inside it.
    #[must_use]
    pub fn holds(&self, path: &FieldPath) -> bool {
        path.0.len() >= self.0.len()
            && self.0.iter().zip(&path.0).all(|pair| match pair {
                (Step::Key(key), Segment::Key(other)) => key == other,
                (Step::Item(index), Segment::Index(other)) => index == other,
                (Step::Each, Segment::Index(_)) => true,
                _ => false,
            })
    }
}

impl From<check::Part<'_>> for Part {
    fn from(part: check::Part<'_>) -> Self {
        match part {
            check::Part::Identifier => Self::Identifier,
            check::Part::Title => Self::Title,
            check::Part::Icon => Self::Icon,
            check::Part::Team => Self::Team,
            check::Part::Property(name) => Self::Property(name.to_owned()),
            check::Part::Relation(name) => Self::Relation(name.to_owned()),
        }
    }
}

/// As `metadata.links[].icon`.
impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if position > 0 => write!(f, ".{key}")?,
                Step::Key(key) => f.write_str(key)?,
                Step::Item(index) => write!(f, "[{index}]")?,
                Step::Each => f.write_str("[]")?,
            }
        }
        Ok(())
    }
}

/// The parts that depend on something, by the position of their entity among those made from the descriptor.
pub(super) type Parts = BTreeSet<(usize, Part)>;

/// One entity of the catalog, mapped, and ready to be mapped without some of it.
pub(super) struct Trace<'a> {
    bridge: Bridge<'a>,
    index: usize,
    pub(super) entity: Entity,
    relations: Vec<Relation<'a>>,
    input: Value,
    /// What its fields refer to.
    pub(super) references: Vec<Reference>,
    /// What it becomes.
    pub(super) mapped: Vec<Mapped<'a>>,
    /// The fields that were asked for, with what depends on them.
    known: RefCell<BTreeMap<Field, Parts>>,
}

impl<'a> Trace<'a> {
    pub(super) fn new(bridge: Bridge<'a>, index: usize) -> Self {
        let entity = bridge.catalog.entities()[index].unpacked();
        let relations: Vec<_> = bridge.catalog.relations(index).collect();
        let input = bridge.input(index, &bridge.relations(relations.clone()));
        // What stops the run has stopped it before anything is traced.
        let mapped = map_entity(&entity, bridge.profile, &Input::new(input.clone()));
        let mapped = mapped.map(|(mapped, _)| mapped).unwrap_or_default();
        Self {
            bridge,
            index,
            relations,
            input,
            references: validate::references(&entity),
            entity,
            mapped,
            known: RefCell::default(),
        }
    }

    /// The parts that change when a field is left out, or else when its text is another one: a field may be one of two
    /// that say the same.
    pub(super) fn without(&self, field: &Field) -> Parts {
        let mut known = self.known.borrow_mut();
        let entry = known.entry(field.clone());
        entry.or_insert_with(|| self.traced(field)).clone()
    }

    fn traced(&self, field: &Field) -> Parts {
        let mut changes = self.inputs_without(field).map(|input| self.changed(input));
        let first = changes.next().unwrap_or_default();
        if first.is_empty() {
            changes.next().unwrap_or(first)
        } else {
            first
        }
    }

    /// The inputs that differ in a field: without it, then with another text.
    fn inputs_without<'s>(&'s self, field: &'s Field) -> impl Iterator<Item = Value> + 's {
        let is_name = matches!(
            field.0.as_slice(),
            [Step::Key(root), Step::Key(name)]
                if root == "metadata" && matches!(name.as_str(), "name" | "namespace")
        );
        // Without a name there is no entity whose parts could be compared.
        let left_out = (!is_name).then(|| self.input_without(field)).into_iter();
        let changed = std::iter::once_with(move || {
            let mut input = self.input.clone();
            let is_changed = change(&mut input, &field.0);
            if is_name {
                change(&mut input, &Field::keys(["metadata", "identifier"]).0);
            }
            is_changed.then_some(input)
        });
        left_out
            .chain(changed.flatten())
            .map(|input| self.with_references(input))
    }

    /// The input with the references that its own fields make.
    fn with_references(&self, mut input: Value) -> Value {
        if input.get("references").is_some() {
            self.bridge
                .add_references(&self.entity.entity_ref, &mut input);
        }
        input
    }

    fn input_without(&self, field: &Field) -> Value {
        let (gone, left): (Vec<_>, Vec<_>) = self
            .references
            .iter()
            .partition(|reference| field.holds(&reference.path()));
        let mut input = if gone.is_empty() {
            self.input.clone()
        } else {
            let (gone, left) = (made_by(gone), made_by(left));
            self.input_with(|relation| {
                let relation = (relation.relation_type, relation.target_ref.to_owned());
                !gone.contains(&relation) || left.contains(&relation)
            })
        };
        remove(&mut input, &field.0);
        input
    }

    /// Whether an expression gives something else without a field.
    pub(super) fn reads<'t>(&'t self, leaf: &'t Leaf) -> impl Fn(&Field) -> bool + 't {
        let output = |input: Value| self.bridge.profile.first(leaf, &Input::new(input)).ok();
        let before = output(self.input.clone());
        move |field| {
            self.inputs_without(field)
                .any(|input| output(input) != before)
        }
    }

    /// The parts that change when a relation is left out, whichever side declares it.
    pub(super) fn without_relation(&self, relation_type: &str, target_ref: &str) -> Parts {
        self.changed(self.input_with(|relation| {
            relation.relation_type != relation_type || relation.target_ref != target_ref
        }))
    }

    /// The relations that other entities declare.
    pub(super) fn foreign_relations(&self) -> impl Iterator<Item = &Relation<'a>> {
        let own = made_by(&self.references);
        self.relations.iter().filter(move |relation| {
            !own.contains(&(relation.relation_type, relation.target_ref.to_owned()))
        })
    }

    /// The input with these relations only.
    fn input_with(&self, is_kept: impl Fn(&Relation<'_>) -> bool) -> Value {
        let relations = self.relations.iter().copied();
        let relations = self.bridge.relations(relations.filter(is_kept).collect());
        self.bridge.input(self.index, &relations)
    }

    fn changed(&self, input: Value) -> Parts {
        let others = map_entity(&self.entity, self.bridge.profile, &Input::new(input));
        let Ok((others, _)) = others else {
            return Parts::new();
        };
        let mut changed = Parts::new();
        for (position, Mapped { entity, .. }) in self.mapped.iter().enumerate() {
            match others.get(position) {
                Some(other) => differences(entity, &other.entity, |part| {
                    changed.insert((position, part));
                }),
                None => {
                    changed.insert((position, Part::Identifier));
                }
            }
        }
        changed
    }
}

/// The relations that references make, as type and target ref.
fn made_by<'r>(
    references: impl IntoIterator<Item = &'r Reference>,
) -> HashSet<(&'static str, String)> {
    let references = references.into_iter();
    references
        .map(|reference| (reference.forward, reference.target.canonical()))
        .collect()
}

/// Tells the parts in which two entities differ.
fn differences(one: &port::Entity, other: &port::Entity, mut found: impl FnMut(Part)) {
    if one.blueprint != other.blueprint {
        found(Part::Blueprint);
    }
    if one.identifier != other.identifier {
        found(Part::Identifier);
    }
    if one.title != other.title {
        found(Part::Title);
    }
    if one.icon != other.icon {
        found(Part::Icon);
    }
    if one.team != other.team {
        found(Part::Team);
    }
    in_maps(&one.properties, &other.properties, |name| {
        found(Part::Property(name));
    });
    in_maps(&one.relations, &other.relations, |name| {
        found(Part::Relation(name));
    });
}

/// Tells the keys of one map that are missing or different in another.
fn in_maps<V: PartialEq>(
    one: &BTreeMap<String, V>,
    other: &BTreeMap<String, V>,
    mut found: impl FnMut(String),
) {
    for (name, value) in one {
        if other.get(name) != Some(value) {
            found(name.clone());
        }
    }
}

/// Takes a field out of a value.
fn remove(value: &mut Value, steps: &[Step]) {
    let Some((first, rest)) = steps.split_first() else {
        return;
    };
    match (first, value) {
        (Step::Key(key), Value::Object(map)) if rest.is_empty() => {
            map.shift_remove(key);
        }
        (Step::Key(key), Value::Object(map)) => {
            if let Some(inner) = map.get_mut(key) {
                remove(inner, rest);
            }
        }
        (Step::Item(index), Value::Array(items)) if rest.is_empty() && *index < items.len() => {
            items.remove(*index);
        }
        (Step::Item(index), Value::Array(items)) => {
            if let Some(inner) = items.get_mut(*index) {
                remove(inner, rest);
            }
        }
        (Step::Each, Value::Array(items)) if rest.is_empty() => items.clear(),
        (Step::Each, Value::Array(items)) => {
            for inner in items {
                remove(inner, rest);
            }
        }
        _ => {}
    }
}

/// Makes the texts of a field other texts; says whether there were any.
fn change(value: &mut Value, steps: &[Step]) -> bool {
    match (steps.split_first(), value) {
        (None, Value::String(text)) => {
            text.push('~');
            true
        }
        (Some((Step::Key(key), rest)), Value::Object(map)) => {
            map.get_mut(key).is_some_and(|inner| change(inner, rest))
        }
        (Some((Step::Item(index), rest)), Value::Array(items)) => {
            let inner = items.get_mut(*index);
            inner.is_some_and(|inner| change(inner, rest))
        }
        (Some((Step::Each, rest)), Value::Array(items)) => {
            let mut any = false;
            for inner in items {
                any |= change(inner, rest);
            }
            any
        }
        _ => false,
    }
}

/// The value of a part.
pub(super) fn value_of<'e>(entity: &'e port::Entity, part: &Part) -> Option<Cow<'e, Value>> {
    let text = |text: &str| Cow::Owned(Value::from(text));
    let targets = |targets: &port::Targets| {
        // Targets are texts.
        Cow::Owned(serde_json::to_value(targets).unwrap_or_default())
    };
    match part {
        Part::Blueprint => Some(text(&entity.blueprint)),
        Part::Identifier => Some(text(&entity.identifier)),
        Part::Title => entity.title.as_deref().map(text),
        Part::Icon => entity.icon.as_deref().map(text),
        Part::Team => entity.team.as_ref().map(targets),
        Part::Property(name) => entity.properties.get(name).map(Cow::Borrowed),
        Part::Relation(name) => entity.relations.get(name).map(targets),
    }
}

/// The parts an entity has.
pub(super) fn parts_of(entity: &port::Entity) -> Vec<Part> {
    let fixed = [Part::Identifier, Part::Title, Part::Icon, Part::Team];
    let fixed = fixed
        .into_iter()
        .filter(|part| value_of(entity, part).is_some());
    let properties = entity.properties.keys().cloned().map(Part::Property);
    let relations = entity.relations.keys().cloned().map(Part::Relation);
    fixed.chain(properties).chain(relations).collect()
}

/// The fields of an entity that its author may have written: `metadata` and `spec`, one level deep.
pub(super) fn top_fields(entity: &Entity) -> impl Iterator<Item = (Field, &Value)> {
    let members = |root: &'static str| {
        let map = entity.value.get(root).and_then(Value::as_object);
        map.into_iter()
            .flat_map(Map::iter)
            .map(move |(key, value)| (Field::keys([root, key.as_str()]), value))
    };
    members("metadata").chain(members("spec"))
}
