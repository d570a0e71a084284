//! The fields of a descriptor in little memory.
//!
//! In: fields. Out: the same fields, as often as somebody wants to look at them. A map of JSON values takes about five
//! times the memory of its text, and most stages look at one entity after the other.

use serde::Deserialize;
use serde_json::{Deserializer, Map, Value};

/// The fields of a descriptor or an entity, as compact JSON.
#[derive(Debug, Clone)]
pub struct Packed(Box<[u8]>);

/// The order of keys does not matter, as it does not for maps.
impl PartialEq for Packed {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || self.fields() == other.fields()
    }
}

impl Packed {
    /// Packs fields.
    #[must_use]
    pub fn of(fields: &Map<String, Value>) -> Self {
        // Keys are text and writing to memory never fails, so every map can be written.
        Self(serde_json::to_vec(fields).unwrap_or_default().into())
    }

    /// Whether some text in the fields, or some key, may start like this. Where none may, none does.
    pub(super) fn may_have_text_with(&self, start: u8) -> bool {
        self.0.windows(2).any(|pair| pair == [b'"', start])
    }

    /// The fields, exactly as they were packed.
    #[must_use]
    pub fn fields(&self) -> Map<String, Value> {
        let mut reader = Deserializer::from_slice(&self.0);
        // What is read was written by `of`, from a map no deeper than descriptors may be.
        reader.disable_recursion_limit();
        Map::deserialize(&mut reader).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 30, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((any::<String>(), inner), 0..4)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn fields_come_back_as_they_were(entries in prop::collection::vec((any::<String>(), values()), 0..5)) {
            let fields: Map<String, Value> = entries.into_iter().collect();
            let back = Packed::of(&fields).fields();
            // Text tells the order of keys and the sign of zero, which equality does not.
            prop_assert_eq!(Value::Object(back).to_string(), Value::Object(fields).to_string());
        }
    }

    #[test]
    fn depth_is_no_limit() {
        let deep = (0..600).fold(json!(1), |inner, _| json!([inner]));
        let fields: Map<String, Value> = [("a".to_owned(), deep)].into_iter().collect();
        let back = Packed::of(&fields).fields();
        let depth = std::iter::successors(back.get("a"), |value| value.get(0)).count();
        assert_eq!(depth, 601);
    }
}
