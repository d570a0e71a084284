//! Accounts for every field of every converted entity: mapped, kept raw, or dropped and why.
//!
//! In: the catalog, the profile, and what is to be written to Port. Out: an [`Account`]. Whether a field reaches Port is
//! found out by [`trace`](super::trace), not read off the expressions, so it holds for any mapping. What the first
//! entities of a kind taught about a field is tried first on the next ones: where Port's entity holds the very value,
//! nothing is mapped again. A field that did nothing in three entities is taken to do nothing where Port's
//! entity does not hold its value; one that was rewritten as often, and never did nothing, to be rewritten.
//!
//! A field that holds nothing (null, an empty text, list or map) has nothing to lose and is not listed.

mod walk;
mod world;

use std::collections::BTreeMap;
use std::fmt;

use rayon::prelude::*;

use super::overlay::Overlaid;
use super::trace::{Field, Part, Step};
use super::{Bridge, Profile};
use crate::backstage::Catalog;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::port;
use crate::source::Location;
pub(super) use walk::{Lessons, contains, is_empty};
pub(super) use world::World;

/// How many entities of a kind teach all others, and how many of those share what they learn besides. Fixed, so that the
/// result does not depend on threads.
const TEACHERS: usize = 64;
const CLASS: usize = 1024;

/// What became of all fields.
#[derive(Debug, Default)]
pub struct Account {
    /// How many fields had which fate.
    pub totals: Totals,
    /// The fields that do not reach Port, by kind and field.
    pub lost: Vec<Lost>,
    /// One account for each converted entity in the order of the catalog; empty where only totals were asked for.
    pub entities: Vec<EntityAccount>,
}

/// Numbers of fields.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Fields that a part of an entity of Port is made of.
    pub mapped: usize,
    /// Fields that stand as they are in a property that takes anything.
    pub raw: usize,
    /// Fields that do not reach Port.
    pub dropped: usize,
}

/// A field that does not reach Port, of one or more entities of a kind.
#[derive(Debug)]
pub struct Lost {
    /// The kind.
    pub kind: String,
    /// The field, every item of a list taken together.
    pub field: Field,
    /// Why.
    pub reason: Reason,
    /// How often.
    pub count: usize,
    /// The first descriptor with it.
    pub first: Location,
}

/// What became of the fields of one entity.
#[derive(Debug)]
pub struct EntityAccount {
    /// Its index in the catalog.
    pub entity: usize,
    /// Its fields in the order of the descriptor.
    pub fields: Vec<FieldAccount>,
}

/// What became of one field.
#[derive(Debug)]
pub struct FieldAccount {
    /// The field.
    pub field: Field,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// These parts are made of it.
    Mapped(Vec<Holder>),
    /// It stands as it is in these properties, which take anything.
    Raw(Vec<Holder>),
    /// It does not reach Port.
    Dropped(Reason),
}

/// A part of an entity of Port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The blueprint of the entity.
    pub blueprint: String,
    /// Its identifier.
    pub identifier: String,
    /// The part.
    pub part: Part,
}

/// Why a field does not reach Port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// No expression of the mapping reads it.
    NotRead,
    /// It is part of something that was left out, as a finding says.
    LeftOut(Part),
    /// An overlay says what it would be part of.
    Overlaid(Part),
    /// The entity itself was left out, as a finding says.
    NotWritten,
    /// The catalog made it, not an author.
    Bookkeeping,
    /// The entity has more fields than are traced.
    Untraced,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRead => f.write_str("no expression of the mapping reads it"),
            Self::LeftOut(part) => write!(f, "`{part}` was left out, see the other findings"),
            Self::Overlaid(part) => write!(f, "the overlay decides about `{part}`"),
            Self::NotWritten => f.write_str("its entity was left out, see the other findings"),
            Self::Bookkeeping => f.write_str("the catalog made it, not an author"),
            Self::Untraced => write!(
                f,
                "its entity has too many fields to follow each ({} are)",
                walk::MAX_PROBES
            ),
        }
    }
}

impl Fate {
    /// Whether something of the author's does not reach Port.
    fn is_loss(&self) -> bool {
        !matches!(
            self,
            Self::Mapped(_) | Self::Raw(_) | Self::Dropped(Reason::Bookkeeping)
        )
    }
}

/// Accounts for all entities that the profile maps, and reports what is lost, once for each kind and field.
///
/// `detailed` asks for the account of each entity beside the totals.
#[must_use]
pub fn of(
    bridge: Bridge<'_>,
    overlaid: &Overlaid,
    converted: &port::Catalog,
    detailed: bool,
    diagnostics: &mut Diagnostics,
) -> Account {
    let catalog = bridge.catalog;
    let world = World::new(bridge, overlaid, converted);
    let mut by_kind: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, entity) in catalog.entities().iter().enumerate() {
        by_kind
            .entry(&entity.entity_ref.kind)
            .or_default()
            .push(index);
    }
    let accounts = |indexes: &[usize], lessons: &mut Lessons| {
        let accounts = indexes.iter();
        let accounts = accounts.filter_map(|index| world.account(*index, lessons));
        accounts.collect::<Vec<_>>()
    };
    let parts: Vec<Vec<EntityAccount>> = by_kind
        .into_par_iter()
        .flat_map(|(_, indexes)| {
            let (teachers, others) = indexes.split_at(TEACHERS.min(indexes.len()));
            let mut lessons = Lessons::default();
            let first = accounts(teachers, &mut lessons);
            let classes = others.par_chunks(CLASS);
            let mut all: Vec<_> = classes
                .map(|indexes| accounts(indexes, &mut lessons.clone()))
                .collect();
            all.push(first);
            all
        })
        .collect();
    let mut entities: Vec<EntityAccount> = parts.into_iter().flatten().collect();
    entities.sort_by_key(|account| account.entity);
    let mut account = Account {
        totals: totals(&entities),
        lost: lost(catalog, &entities),
        entities,
    };
    report(&account.lost, bridge.profile, diagnostics);
    if !detailed {
        account.entities = Vec::new();
    }
    account
}

fn totals(entities: &[EntityAccount]) -> Totals {
    let mut totals = Totals::default();
    for field in entities.iter().flat_map(|entity| &entity.fields) {
        match field.fate {
            Fate::Mapped(_) => totals.mapped += 1,
            Fate::Raw(_) => totals.raw += 1,
            Fate::Dropped(_) => totals.dropped += 1,
        }
    }
    totals
}

fn lost(catalog: &Catalog, entities: &[EntityAccount]) -> Vec<Lost> {
    let mut lost: BTreeMap<(&str, Field, Reason), (usize, Location)> = BTreeMap::new();
    for account in entities {
        let entity = &catalog.entities()[account.entity];
        for FieldAccount { field, fate } in &account.fields {
            if let Fate::Dropped(reason) = fate
                && fate.is_loss()
            {
                let kind = entity.entity_ref.kind.as_str();
                let key = (kind, field.of_every_item(), reason.clone());
                let place = || {
                    let mut path = field.path_in(&entity.unpacked());
                    // Backstage sorts lists of references, so an item stands somewhere in its list.
                    if let Some(Step::Item(_)) = field.0.last() {
                        path.0.pop();
                    }
                    (0, entity.origin.value(path))
                };
                lost.entry(key).or_insert_with(place).0 += 1;
            }
        }
    }
    let lost = lost.into_iter();
    lost.map(|((kind, field, reason), (count, first))| Lost {
        kind: kind.to_owned(),
        field,
        reason,
        count,
        first,
    })
    .collect()
}

fn report(lost: &[Lost], profile: &Profile, diagnostics: &mut Diagnostics) {
    for Lost {
        kind,
        field,
        reason,
        count,
        first,
    } in lost
    {
        let whose = match count {
            1 => format!("of a {kind}"),
            count => format!("of {count} entities of kind {kind}"),
        };
        let lost = Diagnostic::new(
            Code::LostField,
            format!("`{field}` {whose} does not reach Port: {reason}"),
        )
        .at(first.clone());
        diagnostics.push(match reason {
            Reason::NotRead => lost.help(format!(
                "add it to the mapping of profile `{}`, or leave it to Backstage",
                profile.name
            )),
            _ => lost,
        });
    }
}
