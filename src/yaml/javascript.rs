//! The order in which JavaScript lists the keys of an object.

use serde_json::{Map, Value};

use super::scalar;

/// A value as JavaScript holds it.
pub(super) fn in_javascript(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(in_javascript).collect(),
        Value::Object(map) => {
            let entries = map.into_iter();
            let entries = entries.map(|(key, value)| (key, in_javascript(value)));
            Value::Object(in_javascript_order(entries.collect()))
        }
        Value::Number(number) => number.as_f64().map_or(Value::Null, scalar::number),
        scalar => scalar,
    }
}

/// JavaScript lists keys that look like array indexes first, in ascending order.
pub(super) fn in_javascript_order(map: Map<String, Value>) -> Map<String, Value> {
    if !map.keys().any(|key| array_index(key).is_some()) {
        return map;
    }
    let (mut indexes, names): (Vec<_>, Vec<_>) = map
        .into_iter()
        .partition(|(key, _)| array_index(key).is_some());
    indexes.sort_by_key(|(key, _)| array_index(key));
    indexes.into_iter().chain(names).collect()
}

fn array_index(key: &str) -> Option<u32> {
    let is_canonical = key == "0" || key.starts_with(|first: char| ('1'..='9').contains(&first));
    if !is_canonical {
        return None;
    }
    key.parse().ok().filter(|index| *index < u32::MAX)
}
