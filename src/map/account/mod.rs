//! Accounts for every field of every converted entity: mapped, kept raw, or dropped and why.
//!
//! In: the catalog, the profile, and what is to be written to Port. Out: an [`Account`]. Whether a field reaches Port is
//! found out by [`trace`](super::trace), not read off the expressions, so it holds for any mapping. What the first
//! entities of a kind taught about a field is tried first on the next ones: where Port's entity holds the very value,
//! nothing is mapped again. A field that did nothing in three entities is taken to do nothing where Port's
//! entity does not hold its value; one that was rewritten as often, and never did nothing, to be rewritten.
//!
//! A field that holds nothing (null, an empty text, list or map) has nothing to lose and is not listed.

mod lessons;
mod walk;
mod world;

use std::collections::BTreeMap;
use std::fmt;

use rayon::prelude::*;

use super::overlay::Overlaid;
use super::trace::{Field, Part, Step};
use super::{Bridge, Profile};
use crate::backstage::Entity;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::port;
use crate::source::Location;
pub(super) use lessons::Lessons;
pub(super) use walk::{contains, is_empty};
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
    let ledgers: Vec<(&str, Ledger)> = by_kind
        .into_par_iter()
        .map(|(kind, indexes)| {
            let (teachers, others) = indexes.split_at(TEACHERS.min(indexes.len()));
            let mut lessons = Lessons::default();
            let mut ledger = Ledger::default();
            ledger.account(&world, teachers, &mut lessons, detailed);
            let classes = others.par_chunks(CLASS).map(|indexes| {
                let mut of_class = Ledger::default();
                of_class.account(&world, indexes, &mut lessons.clone(), detailed);
                of_class
            });
            for of_class in classes.collect::<Vec<_>>() {
                ledger.join(of_class);
            }
            (kind, ledger)
        })
        .collect();
    let mut account = Account::default();
    for (kind, ledger) in ledgers {
        account.totals.add(ledger.totals);
        account.entities.extend(ledger.entities);
        let lost = ledger.lost.into_iter();
        account
            .lost
            .extend(lost.map(|((field, reason), (count, first))| Lost {
                kind: kind.to_owned(),
                field,
                reason,
                count,
                first,
            }));
    }
    account.entities.sort_by_key(|account| account.entity);
    report(&account.lost, bridge.profile, diagnostics);
    account
}

impl Totals {
    fn add(&mut self, other: Self) {
        self.mapped += other.mapped;
        self.raw += other.raw;
        self.dropped += other.dropped;
    }
}

/// What became of the fields of entities of one kind.
#[derive(Default)]
struct Ledger {
    totals: Totals,
    /// How often a field was lost, every item of a list taken together, and the first descriptor with it.
    lost: BTreeMap<(Field, Reason), (usize, Location)>,
    /// Empty where only totals were asked for.
    entities: Vec<EntityAccount>,
}

impl Ledger {
    /// Accounts for entities one after the other.
    fn account(
        &mut self,
        world: &World<'_>,
        indexes: &[usize],
        lessons: &mut Lessons,
        detailed: bool,
    ) {
        for index in indexes {
            let mut fields = Vec::new();
            let is_told = world.tell(*index, lessons, &mut |entity, field, fate| {
                self.count(entity, field, &fate);
                if detailed {
                    let field = field();
                    fields.push(FieldAccount { field, fate });
                }
            });
            if detailed && is_told {
                self.entities.push(EntityAccount {
                    entity: *index,
                    fields,
                });
            }
        }
    }

    fn count(&mut self, entity: &Entity, field: &dyn Fn() -> Field, fate: &Fate) {
        match fate {
            Fate::Mapped(_) => self.totals.mapped += 1,
            Fate::Raw(_) => self.totals.raw += 1,
            Fate::Dropped(reason) => {
                self.totals.dropped += 1;
                if fate.is_loss() {
                    let field = field();
                    let place = || {
                        let mut path = field.path_in(entity);
                        // Backstage sorts lists of references, so an item stands somewhere in its list.
                        if let Some(Step::Item(_)) = field.0.last() {
                            path.0.pop();
                        }
                        (0, entity.origin.value(path))
                    };
                    let key = (field.of_every_item(), reason.clone());
                    self.lost.entry(key).or_insert_with(place).0 += 1;
                }
            }
        }
    }

    /// Adds what became of the entities after these.
    fn join(&mut self, other: Self) {
        self.totals.add(other.totals);
        self.entities.extend(other.entities);
        for (key, (count, first)) in other.lost {
            self.lost.entry(key).or_insert((0, first)).0 += count;
        }
    }
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
