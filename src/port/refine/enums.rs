//! Enums of the values in use.
//!
//! In: blueprints whose definitions ask for an enum, and the entities. Out: the enums, with colours where they are asked
//! for. What asks is said at [`super::blueprints`].

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value};

use crate::port::blueprint::Property;
use crate::port::{Blueprint, Packed};

/// The colours of Port's documentation, in its order. The order is part of what is written: [`color`] counts on it.
const PALETTE: [&str; 11] = [
    "blue",
    "turquoise",
    "orange",
    "purple",
    "pink",
    "yellow",
    "green",
    "red",
    "darkGray",
    "lightGray",
    "bronze",
];

/// Fills the enums that are asked for, by their definition or by the name of their property.
pub(super) fn fill(blueprints: &mut [Blueprint], entities: &[Packed], named: &BTreeSet<String>) {
    let mut used: HashMap<String, HashMap<String, Values>> = HashMap::new();
    for blueprint in blueprints.iter_mut() {
        for (name, property) in &mut blueprint.schema.properties {
            let is_named = named.contains(name) && can_be_enum(property);
            let Some(definition) = of_values(&mut property.0) else {
                continue;
            };
            if is_named && !definition.contains_key("enum") {
                definition.insert("enum".to_owned(), Value::Array(Vec::new()));
                let colors = definition.entry("enumColors");
                colors.or_insert_with(|| Value::Object(Map::new()));
            }
            if is_marked(definition) {
                let properties = used.entry(blueprint.identifier.clone()).or_default();
                properties.insert(name.clone(), Values::default());
            }
        }
    }
    for packed in entities {
        let Some(used) = used.get_mut(packed.blueprint()) else {
            continue;
        };
        let mut entity = packed.unpacked();
        for (name, values) in used {
            if let Some(value) = entity.properties.remove(name) {
                values.add(value);
            }
        }
    }
    for blueprint in blueprints {
        for (name, values) in used.remove(&blueprint.identifier).into_iter().flatten() {
            let Some(property) = blueprint.schema.properties.get_mut(&name) else {
                continue;
            };
            let default = property.0.get("default").cloned();
            if let Some(definition) = of_values(&mut property.0) {
                write(definition, values, default);
            }
        }
    }
}

/// The definition that an enum belongs into: of a list, that of its items.
fn of_values(definition: &mut Map<String, Value>) -> Option<&mut Map<String, Value>> {
    if definition.get("type").is_some_and(|sort| sort == "array") {
        return definition.get_mut("items")?.as_object_mut();
    }
    Some(definition)
}

/// Whether values of a property are texts or numbers, alone or in a list.
pub(super) fn can_be_enum(property: &Property) -> bool {
    let sort = match property.0.get("type") {
        Some(sort) if sort == "array" => {
            property.0.get("items").and_then(|items| items.get("type"))
        }
        sort => sort,
    };
    sort.is_some_and(|sort| sort == "string" || sort == "number")
}

/// Whether an enum is asked for: there is one, and it is empty.
fn is_marked(definition: &Map<String, Value>) -> bool {
    let allowed = definition.get("enum").and_then(Value::as_array);
    allowed.is_some_and(Vec::is_empty)
}

/// The values of a property.
#[derive(Debug, Default)]
struct Values {
    texts: BTreeSet<String>,
    /// Numbers are doubles to Port, and equal ones are one.
    numbers: Vec<(f64, Value)>,
}

impl Values {
    fn add(&mut self, value: Value) {
        match value {
            Value::String(text) => _ = self.texts.insert(text),
            Value::Number(ref number) => {
                // Plus zero, because zero and minus zero are one.
                let number = number.as_f64().map(|number| (number + 0.0, value));
                self.numbers.extend(number);
            }
            Value::Array(items) => items.into_iter().for_each(|item| self.add(item)),
            Value::Null | Value::Bool(_) | Value::Object(_) => {}
        }
    }

    fn is_empty(&self) -> bool {
        self.texts.is_empty() && self.numbers.is_empty()
    }

    fn sorted(mut self) -> Vec<Value> {
        self.numbers.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        self.numbers
            .dedup_by(|(a, _), (b, _)| a.total_cmp(b).is_eq());
        let numbers = self.numbers.into_iter().map(|(_, value)| value);
        let texts = self.texts.into_iter().map(Value::from);
        numbers.chain(texts).collect()
    }
}

fn write(definition: &mut Map<String, Value>, mut values: Values, default: Option<Value>) {
    if values.is_empty() {
        definition.shift_remove("enum");
        definition.shift_remove("enumColors");
        return;
    }
    // Port refuses a default that the enum does not allow.
    if let Some(default) = default {
        values.add(default);
    }
    let values = values.sorted();
    if let Some(Value::Object(colors)) = definition.get_mut("enumColors") {
        let colored = values.iter().map(|value| {
            let name = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            let chosen = colors.get(&name).cloned();
            let color = chosen.unwrap_or_else(|| color(&name).into());
            (name, color)
        });
        *colors = colored.collect();
    }
    definition.insert("enum".to_owned(), Value::Array(values));
}

/// The colour of a value: a matter of nothing but the value, so that it stays whatever other values there are.
fn color(value: &str) -> &'static str {
    // FNV-1a, because the hashes of the standard library may change (http://www.isthe.com/chongo/tech/comp/fnv).
    let hash = value
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a remainder of 11 is below 11"
    )]
    let index = (hash % PALETTE.len() as u64) as usize;
    PALETTE[index]
}
