//! Changes as JSON, for programs: one object with `version`, which grows when the shape changes for readers.
//!
//! - `entities`: `{added, removed, changed}`, where an entity is `{blueprint, identifier}` and a changed one has `fields`
//!   as well: `{field, before?, after?}`; a value that is not there is left out
//! - `blueprints`: the same, where a blueprint is `{identifier}`
//! - `dangling`: references that newly lead nowhere: `{blueprint, identifier, relation, target: {blueprint, identifier}}`
//! - `totals`: how many there are of each

use serde_json::{Map, Value, json};

use crate::port::changes::{Changed, Difference, Field};
use crate::port::{Changes, Key};

/// Grows when a reader of the report has to change.
const VERSION: u32 = 1;

/// The whole report.
#[must_use]
pub fn json(changes: &Changes<'_>) -> Value {
    let dangling = changes.new_dangling.iter().map(|dangling| {
        let mut object = entity(dangling.entity);
        object.insert("relation".to_owned(), dangling.relation.into());
        let target = json!({"blueprint": dangling.blueprint, "identifier": dangling.target});
        object.insert("target".to_owned(), target);
        object
    });
    json!({
        "version": VERSION,
        "entities": difference(&changes.entities, entity),
        "blueprints": difference(&changes.blueprints, |id| named("identifier", id)),
        "dangling": dangling.collect::<Vec<_>>(),
        "totals": {
            "entities": totals(&changes.entities),
            "blueprints": totals(&changes.blueprints),
            "dangling": changes.new_dangling.len(),
        },
    })
}

fn named(key: &str, name: &str) -> Map<String, Value> {
    Map::from_iter([(key.to_owned(), name.into())])
}

fn entity(key: &Key) -> Map<String, Value> {
    let mut object = named("blueprint", &key.blueprint);
    object.extend(named("identifier", &key.identifier));
    object
}

fn difference<K>(difference: &Difference<'_, K>, name: impl Fn(&K) -> Map<String, Value>) -> Value {
    let names = |keys: &[&K]| -> Vec<_> { keys.iter().map(|key| name(key)).collect() };
    let changed = difference.changed.iter().map(|Changed { key, fields }| {
        let mut object = name(key);
        let fields = fields.iter().map(field).collect();
        object.insert("fields".to_owned(), fields);
        object
    });
    json!({
        "added": names(&difference.added),
        "removed": names(&difference.removed),
        "changed": changed.collect::<Vec<_>>(),
    })
}

fn field(field: &Field<'_>) -> Map<String, Value> {
    let mut object = named("field", &field.path.to_string());
    let value = |side: &str, value: Option<&Value>| Some((side.to_owned(), value?.clone()));
    object.extend(value("before", field.before));
    object.extend(value("after", field.after));
    object
}

fn totals<K>(difference: &Difference<'_, K>) -> Value {
    json!({
        "added": difference.added.len(),
        "removed": difference.removed.len(),
        "changed": difference.changed.len(),
    })
}
