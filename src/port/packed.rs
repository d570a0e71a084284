//! An entity as it is kept while nobody looks at it: hundreds of thousands of them are held at once.
//!
//! In: an [`Entity`]. Out: its key and its origin at hand, and all else packed, to be unpacked when it is asked for. What
//! is unpacked is what was packed, to the last digit and in the same order.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Cleared, Entity, Key, Query, Targets};
use crate::packed::{self, Extent, Held, Reader, Writer};
use crate::source::Origin;

/// A packed [`Entity`].
#[derive(Debug, Clone, PartialEq)]
pub struct Packed {
    /// The descriptor it was made from.
    pub origin: Origin,
    /// The blueprint and the identifier, one behind the other.
    key: Box<str>,
    /// Where the identifier begins in the key.
    identifier: usize,
    /// More bytes than it takes in any manifest, whatever its format.
    most_bytes: usize,
    /// Title, icon, team, properties, relations, and what is cleared.
    body: packed::Packed,
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
        let mut body = Writer::default();
        for text in [&title, &icon] {
            body.flag(text.is_some());
            if let Some(text) = text {
                body.text(text);
            }
        }
        body.flag(team.is_some());
        if let Some(team) = &team {
            write_targets(&mut body, team);
        }
        body.count(properties.len());
        for (name, value) in &properties {
            body.text(name);
            body.value(value);
        }
        body.count(relations.len());
        for (name, targets) in &relations {
            body.text(name);
            write_targets(&mut body, targets);
        }
        for names in [&cleared.properties, &cleared.relations] {
            body.count(names.len());
            for name in names {
                body.text(name);
            }
        }
        let key = [&*blueprint, &identifier].concat().into_boxed_str();
        Self {
            origin,
            identifier: blueprint.len(),
            most_bytes: most_bytes(&key, body.extent()),
            key,
            body: body.compressed(),
        }
    }
}

/// More bytes than an entity takes.
fn most_bytes(key: &str, body: Extent) -> usize {
    /// What is written around the parts.
    const FRAME: usize = 512;
    /// A byte becomes an escape at most, and eight of a number less than fifty.
    const ESCAPE: usize = 6;
    /// How deep the parts are nested in a manifest.
    const AROUND: usize = 4;
    let Extent {
        bytes,
        lines,
        depth,
        unusual,
    } = body;
    FRAME + ESCAPE * (key.len() + unusual) + bytes + lines * (2 * (depth + AROUND) + 16)
}

/// The shape of targets tells what they are.
fn write_targets(body: &mut Writer, targets: &Targets) {
    match targets {
        Targets::One(name) => body.text_value(name),
        Targets::Many(names) => body.text_values(names),
        Targets::Query(query) => body.value(query.value()),
    }
}

fn read_targets(body: &mut Reader<'_>) -> Option<Targets> {
    Some(match body.value()? {
        Value::String(name) => Targets::One(name),
        Value::Array(names) => {
            let names = names.into_iter().map(|name| match name {
                Value::String(name) => Some(name),
                _ => None,
            });
            Targets::Many(names.collect::<Option<_>>()?)
        }
        query => Targets::Query(Query::new(query).ok()?),
    })
}

impl Packed {
    /// Identifier of the blueprint.
    #[must_use]
    pub fn blueprint(&self) -> &str {
        &self.key[..self.identifier]
    }

    /// Port's key, unique within the blueprint.
    #[must_use]
    pub fn identifier(&self) -> &str {
        &self.key[self.identifier..]
    }

    /// What names the entity.
    #[must_use]
    pub fn key(&self) -> Key {
        Key {
            blueprint: self.blueprint().to_owned(),
            identifier: self.identifier().to_owned(),
        }
    }

    /// The entity.
    #[must_use]
    pub fn unpacked(&self) -> Entity {
        self.read(|body| {
            Some(Entity {
                identifier: self.identifier().to_owned(),
                title: if body.flag()? {
                    Some(body.text()?.to_owned())
                } else {
                    None
                },
                icon: if body.flag()? {
                    Some(body.text()?.to_owned())
                } else {
                    None
                },
                blueprint: self.blueprint().to_owned(),
                team: if body.flag()? {
                    Some(read_targets(body)?)
                } else {
                    None
                },
                properties: by_name(body, Reader::value)?,
                relations: by_name(body, read_targets)?,
                cleared: Cleared {
                    properties: names(body)?,
                    relations: names(body)?,
                },
                origin: self.origin,
            })
        })
    }

    /// More bytes than the entity takes in any manifest, whatever its format.
    pub(crate) fn most_bytes(&self) -> usize {
        self.most_bytes
    }

    /// The names of what the entity has.
    pub(crate) fn outline(&self) -> Outline {
        self.read(|body| {
            let mut outline = Outline::default();
            let has_title = body.flag()?;
            if has_title {
                body.skip_text()?;
            }
            outline.has_icon = body.flag()?;
            if outline.has_icon {
                body.skip_text()?;
            }
            outline.has_team = body.flag()?;
            if outline.has_team {
                body.skip()?;
            }
            for names in [&mut outline.properties, &mut outline.relations] {
                let count = body.count()?;
                names.0.reserve(count);
                for _ in 0..count {
                    let name = body.text()?.to_owned();
                    names.0.push((name, body.skip()?));
                }
            }
            outline.cleared = Cleared {
                properties: names(body)?,
                relations: names(body)?,
            };
            Some(outline)
        })
    }

    fn read<T>(&self, read: impl FnOnce(&mut Reader<'_>) -> Option<T>) -> T {
        let read = self.body.read(read);
        read.unwrap_or_else(|| unreachable!("it was written by this module"))
    }
}

fn by_name<'a, T>(
    body: &mut Reader<'a>,
    read: impl Fn(&mut Reader<'a>) -> Option<T>,
) -> Option<BTreeMap<String, T>> {
    let count = body.count()?;
    let entry = |_| Some((body.text()?.to_owned(), read(body)?));
    (0..count).map(entry).collect()
}

fn names(body: &mut Reader<'_>) -> Option<BTreeSet<String>> {
    let count = body.count()?;
    (0..count).map(|_| body.text().map(str::to_owned)).collect()
}

/// The names of what an entity has, without the values.
#[derive(Default)]
pub(crate) struct Outline {
    pub(crate) has_icon: bool,
    pub(crate) has_team: bool,
    pub(crate) properties: Names,
    pub(crate) relations: Names,
    pub(crate) cleared: Cleared,
}

/// Names in their order, and whether what they stand for is null or a list of nothing.
#[derive(Default)]
pub(crate) struct Names(pub(crate) Vec<(String, Held)>);

impl Names {
    pub(crate) fn has(&self, name: &str) -> bool {
        let found = self.0.binary_search_by(|(known, _)| (**known).cmp(name));
        found.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::{Strategy, any, prop};
    use proptest::{prop_assert, prop_assert_eq, prop_oneof, proptest};
    use serde_json::{Value, json};

    use super::Packed;
    use crate::packed::Held;
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
            let names = |names: &[(String, Held)]| -> Vec<String> { names.iter().map(|(name, _)| name.clone()).collect() };
            prop_assert_eq!(names(&outline.properties.0), entity.properties.keys().cloned().collect::<Vec<_>>());
            prop_assert_eq!(names(&outline.relations.0), entity.relations.keys().cloned().collect::<Vec<_>>());
            prop_assert!(entity.relations.keys().all(|name| outline.relations.has(name)));
            let empty: BTreeMap<&str, bool> =
                outline.relations.0.iter().map(|(name, held)| (name.as_str(), *held == Held::EmptyList)).collect();
            for (name, targets) in &entity.relations {
                prop_assert_eq!(empty.get(name.as_str()), Some(&(*targets == Targets::Many(Vec::new()))));
            }
            prop_assert_eq!(outline.has_team, entity.team.is_some());
            prop_assert_eq!(packed.identifier(), &entity.identifier);
            prop_assert_eq!(packed.blueprint(), &entity.blueprint);
            prop_assert_eq!(packed.unpacked(), entity);
        }
    }
}
