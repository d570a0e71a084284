//! The fields of a map.
//!
//! In: a map and a key. Out: the value there. Every check asks for the same few fields of every entity, whose maps have few
//! keys: to read through those costs less than to hash the one that is wanted.

use serde_json::{Map, Value};

/// The most keys that are read through.
const FEW: usize = 12;

/// The value of a key.
pub(crate) fn field<'a>(map: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    if map.len() > FEW {
        return map.get(key);
    }
    let mut entries = map.iter();
    entries.find_map(|(known, value)| (known == key).then_some(value))
}

/// Whether a map has a key.
pub(crate) fn has_field(map: &Map<String, Value>, key: &str) -> bool {
    field(map, key).is_some()
}

/// The map at a key.
pub(crate) fn map_field<'a>(
    map: &'a Map<String, Value>,
    key: &str,
) -> Option<&'a Map<String, Value>> {
    field(map, key).and_then(Value::as_object)
}

/// The items of the list at a key, none where there is no list.
pub(crate) fn list_field<'a>(map: &'a Map<String, Value>, key: &str) -> &'a [Value] {
    let list = field(map, key).and_then(Value::as_array);
    list.map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value};

    use super::field;

    #[test]
    fn a_field_is_found_in_maps_of_any_size() {
        for size in [0, 1, 12, 13, 40] {
            let entries = (0..size).map(|n| (n.to_string(), Value::from(n)));
            let map: Map<String, Value> = entries.collect();
            for n in 0..size {
                assert_eq!(field(&map, &n.to_string()), Some(&Value::from(n)));
            }
            assert_eq!(field(&map, "none"), None);
        }
    }
}
