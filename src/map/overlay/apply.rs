//! Applies overlays to the entities of Port.
//!
//! In: overlays, and the catalog as it was mapped. Out: the catalog with the changes, where each of them stands, and
//! findings about entries and changes that are about nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::fit::{Compared, Fit};
use super::{Becomes, Change, Entry, Overlaid, Overlay, Overlays, Pattern, Placed, quoted};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::map::Bridge;
use crate::port;
use crate::source::{FieldPath, Origin, RootId};

/// How many bytes overlays may add, all entities taken together: a glob repeats its values for each one.
const MAX_ADDED: usize = 256 * 1024 * 1024;

/// Makes the changes that overlays ask for, in the order of their entries. They are held against the blueprints of the
/// profile; values and limits are a matter of [`check`](crate::port::check).
///
/// [`Code::UnknownOverlayTarget`] for an entry that is about no entity, and for a relation to an entity that is not there;
/// [`Code::UnknownOverlayProperty`] for what a blueprint does not define. Such a change is left out.
pub fn apply(
    overlays: &Overlays,
    bridge: Bridge<'_>,
    converted: &mut port::Catalog,
    diagnostics: &mut Diagnostics,
) -> Overlaid {
    let mut overlaid = Overlaid::default();
    if overlays.0.iter().all(|overlay| overlay.entries.is_empty()) {
        return overlaid;
    }
    for Wanted {
        position,
        overlay,
        placed,
    } in wanted(overlays, bridge, converted, MAX_ADDED, diagnostics)
    {
        let packed = &mut converted.entities[position];
        let mut entity = packed.unpacked();
        let location = overlay.value(placed.at.clone());
        overlaid.insert(&entity, placed.change.part(), location);
        placed.change.apply(&mut entity);
        *packed = entity.into();
    }
    overlaid
}

/// A change to be made.
struct Wanted<'o> {
    /// The position of the entity.
    position: usize,
    overlay: &'o Overlay,
    placed: &'o Placed,
}

fn wanted<'o>(
    overlays: &'o Overlays,
    bridge: Bridge<'_>,
    converted: &port::Catalog,
    limit: usize,
    diagnostics: &mut Diagnostics,
) -> Vec<Wanted<'o>> {
    let blueprints = &bridge.profile.blueprints;
    let mut made: BTreeMap<Origin, Vec<usize>> = BTreeMap::new();
    for (position, entity) in converted.entities.iter().enumerate() {
        made.entry(entity.origin).or_default().push(position);
    }
    let mut search = Search {
        bridge,
        entities: &converted.entities,
        fit: Fit::new(blueprints, converted.are_given, &converted.entities),
        made,
        refs: refs(bridge),
        compared: Compared::default(),
        left: limit,
        wanted: Vec::new(),
        diagnostics,
    };
    for overlay in &overlays.0 {
        search.overlay(overlay);
    }
    search.wanted
}

/// The search for what overlays are about.
struct Search<'o, 's> {
    bridge: Bridge<'s>,
    entities: &'s [port::Packed],
    fit: Fit<'s>,
    /// The positions of what was made of each descriptor.
    made: BTreeMap<Origin, Vec<usize>>,
    /// The references of all entities, with the roots of their manifests.
    refs: Vec<(RootId, String)>,
    compared: Compared,
    /// How many bytes may still be added.
    left: usize,
    wanted: Vec<Wanted<'o>>,
    diagnostics: &'s mut Diagnostics,
}

/// What an entry turned out to be about.
#[derive(Default)]
struct About<'s> {
    /// Whether it matches an entity, converted or not.
    is_known: bool,
    /// The blueprints of what was made of those.
    blueprints: BTreeSet<&'s str>,
}

impl<'o> Search<'o, '_> {
    fn overlay(&mut self, overlay: &'o Overlay) {
        let mut about: Vec<About<'_>> = overlay.entries.iter().map(|_| About::default()).collect();
        let mut misfits: HashMap<(usize, &str), HashSet<usize>> = HashMap::new();
        let all = self.bridge.catalog.entities();
        for (number, entity) in all.iter().enumerate() {
            let (root, canonical) = &self.refs[number];
            if *root != overlay.root {
                continue;
            }
            for index in overlay.matcher.matching(canonical) {
                about[index].is_known = true;
                let entry = &overlay.entries[index];
                let made = self.made.get(&entity.origin).cloned();
                for position in made.unwrap_or_default() {
                    let blueprint = self.entities[position].blueprint();
                    about[index].blueprints.insert(blueprint);
                    if entry.blueprint.as_ref().is_some_and(|id| id != blueprint) {
                        continue;
                    }
                    let left_out = misfits
                        .entry((index, blueprint))
                        .or_insert_with(|| self.misfits(overlay, entry, blueprint));
                    let changes = entry.changes.iter().enumerate();
                    for (_, placed) in changes.filter(|(number, _)| !left_out.contains(number)) {
                        match self.left.checked_sub(placed.weight) {
                            Some(left) => self.left = left,
                            None => return self.too_much(overlay, placed),
                        }
                        self.wanted.push(Wanted {
                            position,
                            overlay,
                            placed,
                        });
                    }
                }
            }
        }
        for (entry, about) in overlay.entries.iter().zip(&about) {
            self.report_idle(overlay, entry, about);
        }
    }

    /// Reports the changes of an entry that do not fit a blueprint; gives their numbers.
    fn misfits(&mut self, overlay: &Overlay, entry: &Entry, blueprint: &str) -> HashSet<usize> {
        let mut numbers = HashSet::new();
        for (number, Placed { change, at, .. }) in entry.changes.iter().enumerate() {
            let Some(misfit) = self.fit.misfit(change, blueprint) else {
                continue;
            };
            let location = match (misfit.code, misfit.item) {
                (Code::UnknownOverlayTarget, None) => overlay.value(at.clone()),
                (Code::UnknownOverlayTarget, Some(item)) => overlay.value(at.index(item)),
                _ => overlay.key(at.clone()),
            };
            let found = Diagnostic::new(misfit.code, misfit.message);
            self.diagnostics.push(found.at(location).help(misfit.help));
            numbers.insert(number);
        }
        numbers
    }

    fn too_much(&mut self, overlay: &Overlay, placed: &Placed) {
        let limit = MAX_ADDED / (1024 * 1024);
        let message = format!(
            "overlays add more than {limit} MiB to all entities together: this and what follows is left out"
        );
        self.diagnostics.push(
            Diagnostic::new(Code::InvalidOverlay, message)
                .at(overlay.value(placed.at.clone()))
                .help("set shorter values, or for fewer entities"),
        );
    }

    /// Reports an entry that is about nothing.
    fn report_idle(&mut self, overlay: &Overlay, entry: &Entry, about: &About<'_>) {
        let at = FieldPath::default().index(entry.position);
        let (field, message, help) = match &entry.blueprint {
            Some(wanted) if !about.blueprints.is_empty() => {
                if about.blueprints.contains(wanted.as_str()) {
                    return;
                }
                let became: Vec<&str> = about.blueprints.iter().copied().collect();
                let message = format!(
                    "nothing of blueprint {} is made of the entities of this entry",
                    quoted(wanted)
                );
                let help = format!("they become `{}`", became.join("`, `"));
                ("blueprint", message, help)
            }
            _ if !about.blueprints.is_empty() => return,
            _ if about.is_known => {
                let message = format!("nothing in Port is made of {}", entry.shown());
                let help = "see the other findings, or take the entry out".to_owned();
                ("entity", message, help)
            }
            _ => {
                let message = format!("no entity is {}", entry.shown());
                ("entity", message, self.meant(overlay.root, &entry.pattern))
            }
        };
        self.diagnostics.push(
            Diagnostic::new(Code::UnknownOverlayTarget, message)
                .at(overlay.value(at.key(field)))
                .help(help),
        );
    }

    /// What may be meant by a reference that nothing has.
    fn meant(&self, root: RootId, pattern: &Pattern) -> String {
        let otherwise =
            "`backstage2port catalog` lists all entities; take out the entry of one that is gone";
        let Pattern::Exact(missing) = pattern else {
            return otherwise.to_owned();
        };
        if !self.compared.is_worth_it() {
            return otherwise.to_owned();
        }
        let refs = &self.refs;
        if let Some((other, _)) = refs.iter().find(|(_, known)| known == missing) {
            let path = &self.bridge.sources.root(*other).path;
            return format!("it stands in the root {path}, which has an overlay of its own");
        }
        let here = refs.iter().filter(|(its, _)| *its == root);
        let here = || here.clone().map(|(_, known)| known.as_str());
        let kind = missing.split_once(':').map_or("", |(kind, _)| kind);
        let is_of_kind = |known: &&str| known.split_once(':').is_some_and(|(its, _)| its == kind);
        let name = missing.rsplit_once('/').map_or("", |(_, name)| name);
        let is_namesake = |known: &&str| known.rsplit_once('/').is_some_and(|(_, its)| its == name);
        let namesake = here().filter(is_of_kind).find(is_namesake);
        namesake
            .or_else(|| self.compared.similar(missing, here().filter(is_of_kind)))
            .or_else(|| here().find(is_namesake))
            .map_or_else(
                || otherwise.to_owned(),
                |known| format!("did you mean `{known}`?"),
            )
    }
}

fn refs(bridge: Bridge<'_>) -> Vec<(RootId, String)> {
    let refs = bridge.catalog.entities().iter().map(|entity| {
        let (root, _) = bridge.sources.home(entity.origin.file);
        (root, entity.entity_ref.canonical())
    });
    refs.collect()
}

impl Entry {
    fn shown(&self) -> String {
        match &self.pattern {
            Pattern::Exact(canonical) => quoted(canonical),
            Pattern::Glob(_) => format!("matched by {}", quoted(&self.text)),
        }
    }
}

impl Change {
    /// Makes the change. What is set is no longer null, and the other way round.
    pub(super) fn apply(&self, entity: &mut port::Entity) {
        let cleared = &mut entity.cleared;
        match self {
            Self::Title(title) => entity.title.clone_from(title),
            Self::Icon(icon) => entity.icon.clone_from(icon),
            Self::Team(team) => entity.team.clone_from(team),
            Self::Property(name, becomes) => {
                becomes.apply(name, &mut entity.properties, &mut cleared.properties);
            }
            Self::Relation(name, becomes) => {
                becomes.apply(name, &mut entity.relations, &mut cleared.relations);
            }
        }
    }
}

impl<T: Clone> Becomes<T> {
    fn apply(&self, name: &str, held: &mut BTreeMap<String, T>, cleared: &mut BTreeSet<String>) {
        held.remove(name);
        cleared.remove(name);
        match self {
            Self::Is(value) => {
                held.insert(name.to_owned(), value.clone());
            }
            Self::Null => {
                cleared.insert(name.to_owned());
            }
            Self::Gone => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::error::Error;

    use camino::Utf8Path;
    use serde_json::Map;

    use super::{Overlay, Overlays, wanted};
    use crate::backstage::dump::Dumped;
    use crate::backstage::validate::Validated;
    use crate::backstage::{Entity, EntityRef, stitch};
    use crate::diagnostic::{Code, Diagnostics};
    use crate::map::{Bridge, Owners, Profile};
    use crate::port;
    use crate::source::{Origin, Root, RootId, Sources};

    #[test]
    fn a_glob_adds_no_more_than_fits_into_memory() -> Result<(), Box<dyn Error>> {
        let mut sources = Sources::new(vec![Root {
            path: ".".into(),
            repository: None,
        }]);
        let mut diagnostics = Diagnostics::default();
        let mut validated = Vec::new();
        let mut converted = port::Catalog::default();
        for name in ["a", "b", "c", "d"] {
            let origin = Origin {
                file: sources.add(RootId(0), Utf8Path::new(name)),
                document: 0,
                line: 1,
            };
            let entity_ref = EntityRef::parse(name, Some("System"), "default")?;
            validated.push(
                Validated::new(
                    Entity {
                        entity_ref,
                        value: Map::new(),
                        origin,
                    },
                    Vec::new(),
                )
                .packed(),
            );
            let entity = port::Entity {
                identifier: name.to_owned(),
                title: None,
                icon: None,
                blueprint: "system".to_owned(),
                team: None,
                properties: super::BTreeMap::new(),
                relations: super::BTreeMap::new(),
                cleared: port::Cleared::default(),
                origin,
            };
            converted.entities.push(entity.into());
        }
        let catalog = stitch::catalog(validated, Dumped::default(), BTreeSet::new());
        let profile = Profile::load("standard")?;
        let bridge = Bridge {
            catalog: &catalog,
            references: None,
            profile: &profile,
            owners: Owners::AsStated,
            sources: &sources,
        };
        let file = catalog.entities()[0].origin.file;
        let text = "- {entity: 'system:*', set: {title: '1234567890'}}\n";
        let overlay = Overlay::parse(RootId(0), file, text, &mut diagnostics);
        let overlays = Overlays(vec![overlay]);
        for (limit, changes, faults) in [(40, 4, 0), (39, 3, 1), (9, 0, 1)] {
            let mut diagnostics = Diagnostics::default();
            let found = wanted(&overlays, bridge, &converted, limit, &mut diagnostics);
            assert_eq!((found.len(), diagnostics.iter().len()), (changes, faults));
            let mut codes = diagnostics.iter().map(|found| found.code);
            assert!(codes.all(|code| code == Code::InvalidOverlay));
        }
        Ok(())
    }
}
