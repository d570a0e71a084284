//! The rebuilt catalog as data: one entity a line, as the catalog API returns it.
//!
//! In: a [`Catalog`]. Out: JSON lines, `apiVersion`, `kind`, `metadata`, `spec` and `relations` of each entity.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use crate::backstage::{Catalog, Entity};

/// One line for each entity, in the order of their descriptors.
pub fn lines(catalog: &Catalog) -> impl Iterator<Item = String> {
    catalog
        .entities()
        .iter()
        .enumerate()
        .map(|(index, entity)| {
            let line = Line {
                catalog,
                index,
                entity,
            };
            // Values that were read as JSON can be written as JSON.
            serde_json::to_string(&line).unwrap_or_default()
        })
}

struct Line<'a> {
    catalog: &'a Catalog,
    index: usize,
    entity: &'a Entity,
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut line = serializer.serialize_map(None)?;
        for key in ["apiVersion", "kind", "metadata", "spec"] {
            if let Some(value) = self.entity.value.get(key) {
                line.serialize_entry(key, value)?;
            }
        }
        let relations = self.catalog.relations(self.index).map(|relation| {
            let mut pair = Map::new();
            pair.insert(
                "type".to_owned(),
                Value::String(relation.relation_type.to_owned()),
            );
            pair.insert(
                "targetRef".to_owned(),
                Value::String(relation.target_ref.to_owned()),
            );
            Value::Object(pair)
        });
        line.serialize_entry("relations", &relations.collect::<Vec<_>>())?;
        line.end()
    }
}
