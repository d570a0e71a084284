//! Turns entities into a catalog: relations in both directions, sorted, no duplicates.
//!
//! In: entities with the references their fields hold, and those of dumps. Out: a [`Catalog`]. Follows Backstage's stitching (backstage/
//! backstage, `plugins/catalog-backend/src/database/operations/stitcher`), so `ownedBy` here means what it means there.
//! Refs that nothing defines are kept: they may be known elsewhere. `lint` reports them.

use std::collections::{BTreeSet, HashMap};
use std::sync::OnceLock;

use super::Packed;
use super::dump::{Dumped, Entry};
use super::entity::{Entity, Relation, RelationType};
use super::entity_ref::EntityRef;
use super::validate::{Facts, Validated};
use crate::source::Origin;

/// All entities of a run and the relations between them.
#[derive(Debug, Default)]
pub struct Catalog {
    /// Those that belong to the result, then those that are only known.
    entities: Vec<Entity<Packed>>,
    len: usize,
    relations: Vec<Vec<(RelationType, TargetId)>>,
    targets: Vec<Target>,
    facts: Vec<Facts>,
    /// The refs of descriptors that are in error.
    lost: BTreeSet<String>,
    /// Made when it is asked for the first time.
    by_origin: OnceLock<HashMap<Origin, usize>>,
}

type TargetId = u32;

/// An entity that something refers to, whether it exists or not.
#[derive(Debug)]
struct Target {
    canonical: String,
    reference: EntityRef,
    entity: Option<usize>,
}

impl Catalog {
    /// The entities in the order of their descriptors: root, path, document; then those of dumps.
    #[must_use]
    pub fn entities(&self) -> &[Entity<Packed>] {
        &self.entities[..self.len]
    }

    /// Those entities, and behind them those that are only known, from dumps that are not part of the result.
    #[must_use]
    pub fn known(&self) -> &[Entity<Packed>] {
        &self.entities
    }

    /// The index of the entity that was made from a descriptor.
    #[must_use]
    pub fn made_from(&self, origin: Origin) -> Option<usize> {
        let by_origin = self.by_origin.get_or_init(|| {
            let entities = self.entities().iter().enumerate();
            // A dump may give all its entities one origin: in reverse, the first of them is the one that stays.
            let entities = entities.rev();
            entities.map(|(index, one)| (one.origin, index)).collect()
        });
        by_origin.get(&origin).copied()
    }

    /// Whether a descriptor of this canonical ref is there, but in error.
    #[must_use]
    pub fn is_lost(&self, canonical: &str) -> bool {
        self.lost.contains(canonical)
    }

    /// What is asked of the entity at this index of [`Catalog::known`] without its fields.
    #[must_use]
    pub fn facts(&self, entity: usize) -> &Facts {
        &self.facts[entity]
    }

    /// The relations of the entity at this index of [`Catalog::known`], sorted by type and then target ref.
    #[must_use]
    pub fn relations(&self, entity: usize) -> impl ExactSizeIterator<Item = Relation<'_>> {
        self.relations[entity]
            .iter()
            .map(|(relation_type, target)| {
                let target = &self.targets[*target as usize];
                Relation {
                    relation_type,
                    target_ref: &target.canonical,
                    target: target.entity.map_or(&target.reference, |entity| {
                        &self.entities[entity].entity_ref
                    }),
                    position: target.entity,
                }
            })
    }
}

impl Catalog {
    /// The index of the entity that a text names: `kind:namespace/name`, without the namespace where it is `default`, and
    /// without the kind where no two entities have the name. Case does not matter.
    ///
    /// # Errors
    ///
    /// Why no single entity is meant, with those that may be.
    pub fn find(&self, text: &str) -> Result<usize, String> {
        const SHOWN: usize = 5;
        let wanted = text.trim().to_lowercase();
        let (kind, name) = wanted.split_once(':').unwrap_or(("", &wanted));
        let (namespace, name) = name.split_once('/').unwrap_or(("default", name));
        let meant = format!("{namespace}/{name}");
        let all = || {
            self.entities()
                .iter()
                .map(|entity| entity.entity_ref.canonical())
        };
        let is_meant = |canonical: &String| {
            canonical
                .split_once(':')
                .is_some_and(|(its, name)| name == meant && (kind.is_empty() || its == kind))
        };
        let found: Vec<(usize, String)> = all()
            .enumerate()
            .filter(|(_, canonical)| is_meant(canonical))
            .collect();
        match found.as_slice() {
            [(index, _)] => Ok(*index),
            [] => {
                let distance = |canonical: String| {
                    let its_name = canonical.rsplit(['/', ':']).next().unwrap_or_default();
                    (strsim::osa_distance(name, its_name), canonical)
                };
                let similar = all().map(distance).min();
                Err(match similar {
                    Some((distance, known)) if distance <= (name.chars().count() / 3).max(1) => {
                        format!("no entity has this name; did you mean `{known}`?")
                    }
                    _ => "no entity has this name; `catalog` lists them all".to_owned(),
                })
            }
            many => {
                let names: Vec<&str> = many
                    .iter()
                    .take(SHOWN)
                    .map(|(_, one)| one.as_str())
                    .collect();
                Err(format!(
                    "more than one entity has this name: `{}`",
                    names.join("`, `")
                ))
            }
        }
    }
}

/// Gives every reference its two relations. `lost` are the refs of the descriptors that are in error.
#[must_use]
pub fn catalog(
    mut validated: Vec<Validated<Packed>>,
    dumped: Dumped,
    lost: BTreeSet<String>,
) -> Catalog {
    let of_roots = validated.len();
    let len = of_roots + dumped.converted.len();
    let mut stated = Vec::new();
    for entry in dumped.converted.into_iter().chain(dumped.known) {
        let Entry {
            validated: recorded,
            relations,
        } = entry;
        stated.push(relations);
        validated.push(recorded);
    }
    let mut targets = Targets::default();
    for (index, Validated { entity, .. }) in validated.iter().enumerate() {
        let target = targets.of(&entity.entity_ref);
        targets.all[target as usize].entity = Some(index);
    }
    // Backstage shows an entity every relation that starts at it, whichever entity declared it.
    let mut outgoing: Vec<Vec<(RelationType, TargetId)>> = vec![Vec::new(); validated.len()];
    let mut entities = Vec::with_capacity(validated.len());
    let mut facts = Vec::with_capacity(validated.len());
    for (index, valid) in validated.into_iter().enumerate() {
        let Validated {
            entity,
            references,
            facts: its_facts,
        } = valid;
        facts.push(its_facts);
        let source = targets.of(&entity.entity_ref);
        for reference in references {
            let target = targets.of(&reference.target);
            outgoing[index].push((reference.forward.into(), target));
            if let Some(known) = targets.all[target as usize].entity {
                outgoing[known].push((reference.inverse.into(), source));
            }
        }
        entities.push(entity);
    }
    for (index, relations) in (of_roots..).zip(stated) {
        for (relation_type, target) in relations {
            let target = targets.of(&target);
            // Where one side is in git, only what the declaring side says counts; see `dump`.
            let is_recorded = targets.all[target as usize].entity >= Some(of_roots);
            if is_recorded {
                outgoing[index].push((relation_type, target));
            }
        }
    }
    for relations in &mut outgoing {
        let order = |(kind, target): &(RelationType, TargetId)| {
            (kind.clone(), &targets.all[*target as usize].canonical)
        };
        relations.sort_unstable_by(|a, b| order(a).cmp(&order(b)));
        relations.dedup();
    }
    Catalog {
        entities,
        len,
        relations: outgoing,
        targets: targets.all,
        facts,
        lost,
        by_origin: OnceLock::new(),
    }
}

/// Refs that occur in the run, each once.
#[derive(Default)]
struct Targets {
    all: Vec<Target>,
    ids: HashMap<String, TargetId>,
}

impl Targets {
    fn of(&mut self, reference: &EntityRef) -> TargetId {
        let canonical = reference.canonical();
        if let Some(id) = self.ids.get(&canonical) {
            return *id;
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "4 billion references do not fit into memory before they overflow this"
        )]
        let id = self.all.len() as TargetId;
        self.ids.insert(canonical.clone(), id);
        self.all.push(Target {
            canonical,
            reference: reference.clone(),
            entity: None,
        });
        id
    }
}
