//! Turns entities into a catalog: relations in both directions, sorted, no duplicates.
//!
//! In: entities with the references their fields hold, and those of dumps. Out: a [`Catalog`]. Follows Backstage's stitching (backstage/
//! backstage, `plugins/catalog-backend/src/database/operations/stitcher`), so `ownedBy` here means what it means there.
//! Refs that nothing defines are kept and reported: they may be known elsewhere.

use std::collections::{HashMap, HashSet};

use super::dump::{Dumped, Entry};
use super::entity::{Entity, Relation, RelationType};
use super::entity_ref::EntityRef;
use super::validate::Validated;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};

/// All entities of a run and the relations between them.
#[derive(Debug, Default)]
pub struct Catalog {
    /// Those that belong to the result, then those that are only known.
    entities: Vec<Entity>,
    len: usize,
    relations: Vec<Vec<(RelationType, TargetId)>>,
    targets: Vec<Target>,
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
    pub fn entities(&self) -> &[Entity] {
        &self.entities[..self.len]
    }

    /// Those, and after them the ones that are only known: references may name them, and no more.
    #[must_use]
    pub fn known(&self) -> &[Entity] {
        &self.entities
    }

    /// The relations of the entity at this index of [`Catalog::entities`], sorted by type and then target ref.
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
                    is_resolved: target.entity.is_some(),
                }
            })
    }
}

/// Gives every reference its two relations and reports those that lead nowhere.
#[must_use]
pub fn catalog(
    mut validated: Vec<Validated>,
    dumped: Dumped,
    diagnostics: &mut Diagnostics,
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
    let mut reported = HashSet::new();
    let mut names = Names::new(&validated);
    let mut entities = Vec::with_capacity(validated.len());
    for (index, Validated { entity, references }) in validated.into_iter().enumerate() {
        let source = targets.of(&entity.entity_ref);
        for reference in references {
            let target = targets.of(&reference.target);
            outgoing[index].push((reference.forward.into(), target));
            if let Some(known) = targets.all[target as usize].entity {
                outgoing[known].push((reference.inverse.into(), source));
            } else if index < len && reported.insert((index, target, reference.field.to_string())) {
                let missing = &targets.all[target as usize].canonical;
                let mut dangling = Diagnostic::new(
                    Code::DanglingRelation,
                    format!(
                        "`{}` refers to `{missing}`, which nothing defines",
                        reference.field
                    ),
                )
                .at(entity.origin.value(reference.field));
                if let Some(similar) = names.similar(&reference.target) {
                    dangling = dangling.help(format!("did you mean `{similar}`?"));
                }
                diagnostics.push(dangling);
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

/// What a misspelt ref is compared with: the refs that exist.
struct Names {
    by_kind: HashMap<String, Vec<String>>,
    by_name: HashMap<String, Vec<String>>,
    left: usize,
}

/// More candidates than this are not compared: a catalog of that size has a near match for everything.
const MAX_CANDIDATES: usize = 5_000;
/// How many dangling references of a run are compared: a reader mends the first ones and runs again.
const MAX_COMPARED: usize = 500;

impl Names {
    fn new(validated: &[Validated]) -> Self {
        let mut by_kind: HashMap<String, Vec<String>> = HashMap::new();
        let mut by_name: HashMap<String, Vec<String>> = HashMap::new();
        for Validated { entity, .. } in validated {
            let EntityRef { kind, name, .. } = &entity.entity_ref;
            let canonical = entity.entity_ref.canonical();
            by_kind
                .entry(kind.to_lowercase())
                .or_default()
                .push(canonical.clone());
            by_name
                .entry(name.to_lowercase())
                .or_default()
                .push(canonical);
        }
        Self {
            by_kind,
            by_name,
            left: MAX_COMPARED,
        }
    }

    /// The existing ref that a missing one probably means: the same name in another namespace or kind, or a name of
    /// the same kind of which at most a third differs.
    fn similar(&mut self, missing: &EntityRef) -> Option<&str> {
        let kind = missing.kind.to_lowercase();
        let same_kind = |known: &&String| known.split_once(':').is_some_and(|(k, _)| k == kind);
        if let Some(namesakes) = self.by_name.get(&missing.name.to_lowercase()) {
            return namesakes
                .iter()
                .find(same_kind)
                .or(namesakes.first())
                .map(String::as_str);
        }
        self.left = self.left.checked_sub(1)?;
        let candidates = self.by_kind.get(&kind)?;
        if candidates.len() > MAX_CANDIDATES {
            return None;
        }
        let missing_ref = missing.canonical();
        let allowed = (missing.name.chars().count() / 3).max(1);
        candidates
            .iter()
            .map(|known| (strsim::osa_distance(&missing_ref, known), known.as_str()))
            .filter(|(distance, _)| *distance <= allowed)
            .min()
            .map(|(_, known)| known)
    }
}
