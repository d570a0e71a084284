//! The rebuilt catalog as data: one entity a line, as the catalog API returns it.
//!
//! In: a [`Catalog`]. Out: JSON lines, `apiVersion`, `kind`, `metadata`, `spec` and `relations` of each entity, and beside
//! them `source`, which the API does not have: `{root, path, line, depth?, repository?}`, where the descriptor stands, so
//! that a run that reads the lines as a dump gives what one run over all roots gives. `root` is the name of the root's
//! folder, `depth` the number of Locations that led to a file which was not found by its name.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use super::escaped;
use crate::backstage::{Catalog, Entity, Packed};
use crate::publish;
use crate::source::Sources;

/// One line for each entity, in the order of their descriptors.
pub fn lines(catalog: &Catalog, sources: &Sources) -> impl Iterator<Item = String> {
    let roots = root_names(sources);
    catalog
        .entities()
        .iter()
        .enumerate()
        .map(move |(index, entity)| {
            let line = Line {
                catalog,
                source: source(entity, &roots, sources),
                index,
                fields: entity.value.fields(),
            };
            // Values that were read as JSON can be written as JSON.
            let line = serde_json::to_string(&line).unwrap_or_default();
            escaped(&line).into_owned()
        })
}

/// Names the roots as a folder of `--out` is named, so that no line depends on the machine; as the user wrote them where
/// two have one name.
fn root_names(sources: &Sources) -> Vec<String> {
    let names: Vec<String> = sources
        .all_roots()
        .map(|(id, root)| match publish::root_name(&root.path) {
            Ok(name) if !sources.is_recorded(id) => name,
            _ => root.path.to_string(),
        })
        .collect();
    let is_unique = |name: &String| names.iter().filter(|other| *other == name).count() == 1;
    let paths = sources.all_roots().map(|(_, root)| root.path.as_str());
    names
        .iter()
        .zip(paths)
        .map(|(name, path)| {
            if is_unique(name) {
                name.clone()
            } else {
                path.to_owned()
            }
        })
        .collect()
}

/// Where the descriptor of an entity stands; `None` for one of a dump that does not say it.
fn source(
    entity: &Entity<Packed>,
    roots: &[String],
    sources: &Sources,
) -> Option<Map<String, Value>> {
    let file = entity.origin.file;
    if sources.is_dump(file) {
        return None;
    }
    let root = sources.root_of(file);
    let mut source = Map::new();
    source.insert("root".to_owned(), roots[root.0 as usize].as_str().into());
    source.insert("path".to_owned(), sources.path(file).as_str().into());
    source.insert("line".to_owned(), entity.origin.line.into());
    let depth = Some(sources.depth(file)).filter(|depth| *depth > 0);
    source.extend(depth.map(|depth| ("depth".to_owned(), depth.into())));
    let repository = sources.root(root).repository.as_deref();
    source.extend(repository.map(|address| ("repository".to_owned(), address.into())));
    Some(source)
}

struct Line<'a> {
    source: Option<Map<String, Value>>,
    catalog: &'a Catalog,
    index: usize,
    fields: Map<String, Value>,
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut line = serializer.serialize_map(None)?;
        for key in ["apiVersion", "kind", "metadata", "spec"] {
            if let Some(value) = self.fields.get(key) {
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
        if let Some(source) = &self.source {
            line.serialize_entry("source", source)?;
        }
        line.end()
    }
}
