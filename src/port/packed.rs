//! An entity as it is kept while nobody looks at it: hundreds of thousands of them are held at once.
//!
//! In: an [`Entity`]. Out: its key and its origin at hand, and all else as compact JSON, to be unpacked when it is asked
//! for. What is unpacked is what was packed, to the last digit and in the same order.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Cleared, Entity, Key, Targets};
use crate::source::Origin;

/// A packed [`Entity`].
#[derive(Debug, Clone, PartialEq)]
pub struct Packed {
    /// The descriptor it was made from.
    pub origin: Origin,
    /// Where the identifier begins in the text.
    identifier: usize,
    /// Where the body begins.
    body: usize,
    /// The blueprint, the identifier and the body, one behind the other.
    text: Box<str>,
}

/// What has to be unpacked. The names are short: they are there as often as there are entities.
#[derive(Serialize, Deserialize)]
struct Body {
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(rename = "i", default, skip_serializing_if = "Option::is_none")]
    icon: Option<String>,
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    team: Option<Targets>,
    #[serde(rename = "p", default, skip_serializing_if = "BTreeMap::is_empty")]
    properties: BTreeMap<String, Value>,
    #[serde(rename = "r", default, skip_serializing_if = "BTreeMap::is_empty")]
    relations: BTreeMap<String, Targets>,
    #[serde(rename = "c", default, skip_serializing_if = "is_empty")]
    cleared: Cleared,
}

fn is_empty(cleared: &Cleared) -> bool {
    *cleared == Cleared::default()
}

impl From<Entity> for Packed {
    fn from(entity: Entity) -> Self {
        let Entity {
            identifier,
            title,
            icon,
            blueprint,
            team,
            properties,
            relations,
            cleared,
            origin,
        } = entity;
        let body = Body {
            title,
            icon,
            team,
            properties,
            relations,
            cleared,
        };
        let body = serde_json::to_string(&body)
            .unwrap_or_else(|error| unreachable!("JSON of maps with text keys: {error}"));
        Self {
            origin,
            identifier: blueprint.len(),
            body: blueprint.len() + identifier.len(),
            text: [blueprint, identifier, body].concat().into_boxed_str(),
        }
    }
}

impl Packed {
    /// Identifier of the blueprint.
    #[must_use]
    pub fn blueprint(&self) -> &str {
        &self.text[..self.identifier]
    }

    /// Port's key, unique within the blueprint.
    #[must_use]
    pub fn identifier(&self) -> &str {
        &self.text[self.identifier..self.body]
    }

    /// What names the entity.
    #[must_use]
    pub fn key(&self) -> Key {
        Key {
            blueprint: self.blueprint().to_owned(),
            identifier: self.identifier().to_owned(),
        }
    }

    /// The body as JSON, in a form of its own.
    pub(crate) fn body(&self) -> &str {
        &self.text[self.body..]
    }

    /// The entity.
    #[must_use]
    pub fn unpacked(&self) -> Entity {
        let Body {
            title,
            icon,
            team,
            properties,
            relations,
            cleared,
        } = self.read();
        Entity {
            identifier: self.identifier().to_owned(),
            title,
            icon,
            blueprint: self.blueprint().to_owned(),
            team,
            properties,
            relations,
            cleared,
            origin: self.origin,
        }
    }

    /// More bytes than the entity takes in any manifest, whatever its format.
    pub(crate) fn most_bytes(&self) -> usize {
        /// What is written around the parts, and for keys that are shorter here.
        const FRAME: usize = 512;
        /// A byte becomes an escape at most.
        const ESCAPE: usize = 6;
        // Each of these begins a line at most, and an opening bracket moves what is inside by two.
        let (mut lines, mut depth, mut deepest) = (0, 0_usize, 0);
        let mut bytes = self.body().bytes();
        while let Some(byte) = bytes.next() {
            match byte {
                b'"' => {
                    while let Some(byte) = bytes.next().filter(|byte| *byte != b'"') {
                        if byte == b'\\' {
                            lines += 1;
                            bytes.next();
                        }
                    }
                }
                b'[' | b'{' => {
                    lines += 1;
                    depth += 1;
                    deepest = deepest.max(depth);
                }
                b']' | b'}' => {
                    lines += 1;
                    depth = depth.saturating_sub(1);
                }
                b',' | b':' => lines += 1,
                _ => {}
            }
        }
        FRAME + ESCAPE * self.text.len() + lines * (2 * deepest + 16)
    }

    /// The names of what the entity has.
    pub(crate) fn outline(&self) -> Outline<'_> {
        self.read()
    }

    fn read<'a, T: Deserialize<'a>>(&'a self) -> T {
        let mut reader = serde_json::Deserializer::from_str(self.body());
        // It is as deep as what was packed.
        reader.disable_recursion_limit();
        T::deserialize(&mut reader)
            .unwrap_or_else(|error| unreachable!("it was written by this module: {error}"))
    }
}

/// The names of what an entity has, without the values.
#[derive(Deserialize)]
pub(crate) struct Outline<'a> {
    #[serde(rename = "i", default)]
    icon: Option<IgnoredAny>,
    #[serde(rename = "o", default)]
    team: Option<IgnoredAny>,
    #[serde(borrow, rename = "p", default)]
    pub(crate) properties: Names<'a>,
    #[serde(borrow, rename = "r", default)]
    pub(crate) relations: Names<'a>,
    #[serde(rename = "c", default)]
    pub(crate) cleared: Cleared,
}

impl Outline<'_> {
    pub(crate) fn has_icon(&self) -> bool {
        self.icon.is_some()
    }

    pub(crate) fn has_team(&self) -> bool {
        self.team.is_some()
    }
}

/// Names in their order, and whether what they stand for is null or a list of nothing.
#[derive(Default)]
pub(crate) struct Names<'a>(pub(crate) Vec<(Cow<'a, str>, Held)>);

/// What stands for a value in an [`Outline`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    Null,
    EmptyList,
    Something,
}

impl Names<'_> {
    pub(crate) fn has(&self, name: &str) -> bool {
        let found = self.0.binary_search_by(|(known, _)| (**known).cmp(name));
        found.is_ok()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Names<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfMap;

        impl<'de> Visitor<'de> for OfMap {
            type Value = Vec<(Cow<'de, str>, Held)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut names = Vec::new();
                while let Some((Name(name), held)) = map.next_entry()? {
                    names.push((name, held));
                }
                Ok(names)
            }
        }

        deserializer.deserialize_map(OfMap).map(Names)
    }
}

#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Deserialize<'de> for Held {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfValue;

        impl<'de> Visitor<'de> for OfValue {
            type Value = Held;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_unit<E>(self) -> Result<Held, E> {
                Ok(Held::Null)
            }

            fn visit_bool<E>(self, _: bool) -> Result<Held, E> {
                Ok(Held::Something)
            }

            fn visit_i64<E>(self, _: i64) -> Result<Held, E> {
                Ok(Held::Something)
            }

            fn visit_u64<E>(self, _: u64) -> Result<Held, E> {
                Ok(Held::Something)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Held, E> {
                Ok(Held::Something)
            }

            fn visit_str<E>(self, _: &str) -> Result<Held, E> {
                Ok(Held::Something)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Held, A::Error> {
                let mut held = Held::EmptyList;
                while list.next_element::<IgnoredAny>()?.is_some() {
                    held = Held::Something;
                }
                Ok(held)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Held, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Held::Something)
            }
        }

        deserializer.deserialize_any(OfValue)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::{Strategy, any, prop};
    use proptest::{prop_assert, prop_assert_eq, prop_oneof, proptest};
    use serde_json::{Value, json};

    use super::{Held, Packed};
    use crate::port::{Cleared, Entity, Query, Targets};
    use crate::source::{Origin, Root, RootId, Sources};

    fn values() -> impl Strategy<Value = Value> {
        let scalar = prop_oneof![
            any::<String>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
        ];
        scalar.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::hash_map(any::<String>(), inner, 0..3)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    fn targets() -> impl Strategy<Value = Targets> {
        let query = json!({"combinator": "and", "rules": [{"property": "$team", "operator": "=", "value": null}]});
        prop_oneof![
            any::<String>().prop_map(Targets::One),
            prop::collection::vec(any::<String>(), 0..3).prop_map(Targets::Many),
            any::<bool>().prop_map(move |is_query| {
                let query = is_query.then(|| Query::new(query.clone()).ok()).flatten();
                query.map_or(Targets::Many(Vec::new()), Targets::Query)
            }),
        ]
    }

    proptest! {
        #[test]
        fn what_is_unpacked_is_what_was_packed(
            texts in prop::collection::vec(prop::option::of(any::<String>()), 2),
            identifier: String,
            properties in prop::collection::btree_map(any::<String>(), values(), 0..4),
            relations in prop::collection::btree_map(any::<String>(), targets(), 0..4),
            team in prop::option::of(targets()),
            cleared in prop::collection::btree_set(any::<String>(), 0..3),
        ) {
            let root = Root { path: ".".into(), repository: None };
            let entity = Entity {
                identifier,
                title: texts[0].clone(),
                icon: texts[1].clone(),
                blueprint: "component".to_owned(),
                team,
                properties,
                relations,
                cleared: Cleared { properties: cleared, ..Cleared::default() },
                origin: Origin {
                    file: Sources::new(vec![root]).add(RootId(0), "catalog-info.yaml".into()),
                    document: 0,
                    line: 1,
                },
            };
            let packed = Packed::from(entity.clone());
            let outline = packed.outline();
            let names = |names: &[(_, Held)]| -> Vec<String> {
                names.iter().map(|(name, _): &(std::borrow::Cow<'_, str>, Held)| name.to_string()).collect()
            };
            prop_assert_eq!(names(&outline.properties.0), entity.properties.keys().cloned().collect::<Vec<_>>());
            prop_assert_eq!(names(&outline.relations.0), entity.relations.keys().cloned().collect::<Vec<_>>());
            prop_assert!(entity.relations.keys().all(|name| outline.relations.has(name)));
            let empty: BTreeMap<&str, bool> =
                outline.relations.0.iter().map(|(name, held)| (&**name, *held == Held::EmptyList)).collect();
            for (name, targets) in &entity.relations {
                prop_assert_eq!(empty.get(name.as_str()), Some(&(*targets == Targets::Many(Vec::new()))));
            }
            prop_assert_eq!(outline.has_team(), entity.team.is_some());
            prop_assert_eq!(packed.identifier(), &entity.identifier);
            prop_assert_eq!(packed.blueprint(), &entity.blueprint);
            prop_assert_eq!(packed.unpacked(), entity);
        }
    }
}
