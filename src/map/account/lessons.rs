//! What entities have taught about the fields of the next ones, and the steps to a field.
//!
//! In: fields, one after the other. Out: for each what is known of it so far.

use std::collections::{BTreeSet, HashMap};

use super::super::trace::{Field, Part, Step};
use crate::backstage::validate::Reference;

/// What entities of one kind have taught.
#[derive(Debug, Clone, Default)]
pub(in crate::map) struct Lessons {
    pub(super) fields: Lesson,
    /// By type of relation and kind of target.
    pub(super) relations: HashMap<(String, String), BTreeSet<Part>>,
    /// The same for parts of the target's own entities.
    pub(super) inverses: HashMap<(String, String), BTreeSet<Part>>,
}

/// What is known of a field.
#[derive(Debug, Clone, Default)]
pub(super) struct Lesson {
    /// The parts that depended on it.
    pub(super) parts: BTreeSet<Part>,
    /// How often no part did.
    pub(super) unread: usize,
    /// How often some part did that does not hold its value.
    pub(super) rewritten: usize,
    /// What is known of the fields of a map, by their keys.
    members: HashMap<String, Self>,
    /// The same of the items of a list, taken together.
    pub(super) items: Option<Box<Self>>,
}

impl Lesson {
    pub(super) fn member(&mut self, key: &str) -> &mut Self {
        self.members.entry(key.to_owned()).or_default()
    }
}

/// The steps to a field. Only fields that somebody asks for become a [`Field`].
#[derive(Clone, Copy)]
pub(super) struct Trail<'p> {
    before: Option<&'p Self>,
    step: At<'p>,
}

#[derive(Clone, Copy)]
pub(super) enum At<'p> {
    Key(&'p str),
    Item(usize),
    Each,
}

impl<'p> Trail<'p> {
    pub(super) fn root(key: &'p str) -> Self {
        Self {
            before: None,
            step: At::Key(key),
        }
    }

    pub(super) fn to(&'p self, step: At<'p>) -> Self {
        Self {
            before: Some(self),
            step,
        }
    }

    pub(super) fn field(&self) -> Field {
        let mut field = self.before.map_or_else(Field::default, Self::field);
        field.0.push(match self.step {
            At::Key(key) => Step::Key(key.to_owned()),
            At::Item(index) => Step::Item(index),
            At::Each => Step::Each,
        });
        field
    }

    fn length(&self) -> usize {
        1 + self.before.map_or(0, Self::length)
    }

    /// Whether a reference stands in this field.
    pub(super) fn holds(&self, reference: &Reference) -> bool {
        let item = reference.index.unwrap_or_default();
        let path = [At::Key("spec"), At::Key(reference.field), At::Item(item)];
        let (length, whole) = (self.length(), 2 + usize::from(reference.index.is_some()));
        length <= whole && self.is_start_of(&path[..length])
    }

    fn is_start_of(&self, path: &[At<'_>]) -> bool {
        let Some((last, before)) = path.split_last() else {
            return false;
        };
        let is_step = match (self.step, last) {
            (At::Key(key), At::Key(other)) => key == *other,
            (At::Item(index), At::Item(other)) => index == *other,
            (At::Each, At::Item(_)) => true,
            _ => false,
        };
        is_step && self.before.is_none_or(|trail| trail.is_start_of(before))
    }
}
