//! What an account is made from: the catalog on one side, what is written on the other.
//!
//! In: both. Out: what was written of a descriptor, and what it means to be part of it.

use std::collections::{BTreeMap, HashMap};

use super::super::trace::{Part, Parts, Trace, value_of};
use super::{Fate, Holder};
use crate::map::Bridge;
use crate::map::overlay::Overlaid;
use crate::port;
use crate::source::Origin;

/// All that an account is made from.
pub(in crate::map) struct World<'a> {
    pub(super) bridge: Bridge<'a>,
    overlaid: &'a Overlaid,
    blueprints: HashMap<&'a str, &'a port::Blueprint>,
    /// What is written for each descriptor.
    written: BTreeMap<Origin, Vec<&'a port::Packed>>,
    pub(super) indexes: HashMap<String, usize>,
}

impl<'a> World<'a> {
    pub(in crate::map) fn new(
        bridge: Bridge<'a>,
        overlaid: &'a Overlaid,
        converted: &'a port::Catalog,
    ) -> Self {
        let mut written: BTreeMap<Origin, Vec<&port::Packed>> = BTreeMap::new();
        for entity in &converted.entities {
            written.entry(entity.origin).or_default().push(entity);
        }
        let blueprints = converted.blueprints.iter();
        let entities = bridge.catalog.entities().iter().enumerate();
        Self {
            bridge,
            overlaid,
            blueprints: blueprints
                .map(|blueprint| (blueprint.identifier.as_str(), blueprint))
                .collect(),
            written,
            indexes: entities
                .map(|(index, entity)| (entity.entity_ref.canonical(), index))
                .collect(),
        }
    }

    pub(super) fn trace(&self, index: usize) -> Trace<'a> {
        Trace::new(self.bridge, index)
    }

    pub(super) fn written_of(&self, origin: Origin) -> Vec<port::Entity> {
        let written = self.written.get(&origin).into_iter().flatten();
        written.map(|entity| entity.unpacked()).collect()
    }

    /// What is written of each entity that a trace was mapped to.
    pub(in crate::map) fn written_as(&self, trace: &Trace<'_>) -> Vec<Option<port::Entity>> {
        let written = self.written.get(&trace.entity.origin);
        let mapped = trace.mapped.iter();
        mapped
            .map(|mapped| {
                let key = (&*mapped.entity.blueprint, &*mapped.entity.identifier);
                let mut written = written.into_iter().flatten();
                let found = written.find(|one| (one.blueprint(), one.identifier()) == key);
                found.map(|entity| entity.unpacked())
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

    /// Whether a part holds what an overlay says, whatever the descriptor does.
    pub(super) fn is_overlaid(&self, entity: &port::Entity, part: &Part) -> bool {
        self.overlaid.place(entity, part).is_some()
    }

    /// The parts that are written and made of the descriptor.
    pub(super) fn holders(&self, parts: &Parts, written: &[Option<port::Entity>]) -> Vec<Holder> {
        let parts = parts.iter().filter_map(|(position, part)| {
            let entity = written.get(*position)?.as_ref()?;
            if self.is_overlaid(entity, part) {
                return None;
            }
            value_of(entity, part).map(|_| Holder::of(entity, part))
        });
        parts.collect()
    }

    /// What it means to be part of these.
    pub(super) fn fate(&self, holders: Vec<Holder>) -> Fate {
        let (raw, mapped): (Vec<Holder>, Vec<Holder>) =
            holders.into_iter().partition(|holder| self.is_raw(holder));
        if mapped.is_empty() {
            Fate::Raw(raw)
        } else {
            Fate::Mapped(mapped)
        }
    }
}

impl Holder {
    pub(super) fn of(entity: &port::Entity, part: &Part) -> Self {
        Self {
            blueprint: entity.blueprint.clone(),
            identifier: entity.identifier.clone(),
            part: part.clone(),
        }
    }
}
