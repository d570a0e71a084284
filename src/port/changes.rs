//! What differs between two states of Port: entities and blueprints added, removed and changed, and references that no
//! longer lead anywhere.
//!
//! In: two [`Bodies`]. Out: [`Changes`] that point into them, sorted. How they look is not decided here.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde_json::Value;

use super::{Bodies, Key};
use crate::source::FieldPath;

/// Everything that differs between two states of Port.
#[derive(Debug, Clone, PartialEq)]
pub struct Changes<'a> {
    /// The blueprints, by identifier.
    pub blueprints: Difference<'a, String>,
    /// The entities.
    pub entities: Difference<'a, Key>,
    /// The references of the later state that lead to no entity, and did not do so before.
    pub new_dangling: Vec<Dangling<'a>>,
}

/// What became of bodies of one sort, each list sorted by key.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference<'a, K> {
    /// Those that only the later state has.
    pub added: Vec<&'a K>,
    /// Those that only the earlier state has.
    pub removed: Vec<&'a K>,
    /// Those that both have, with different bodies.
    pub changed: Vec<Changed<'a, K>>,
}

/// A body that both states have.
#[derive(Debug, Clone, PartialEq)]
pub struct Changed<'a, K> {
    /// What names it.
    pub key: &'a K,
    /// The fields that differ; at least one.
    pub fields: Vec<Field<'a>>,
}

/// A field that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct Field<'a> {
    /// Where it stands in the body: `properties.tier` of an entity, `schema.properties.tier.title` of a blueprint.
    pub path: FieldPath,
    /// The value in the earlier state; `None` where there was none.
    pub before: Option<&'a Value>,
    /// The value in the later state; `None` where there is none.
    pub after: Option<&'a Value>,
}

/// A reference to an entity that the state does not have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dangling<'a> {
    /// The entity that has the relation.
    pub entity: &'a Key,
    /// The name of the relation.
    pub relation: &'a str,
    /// The blueprint it leads to.
    pub blueprint: &'a str,
    /// The identifier it names.
    pub target: &'a str,
}

impl<'a> Changes<'a> {
    /// Compares two states.
    ///
    /// In an entity, null and nothing are the same: Port has no value either way. Its properties and relations are told
    /// apart one by one, their values are compared whole; in blueprints every key is told apart. Lists are compared
    /// whole, and numbers by their value.
    #[must_use]
    pub fn between(before: &'a Bodies, after: &'a Bodies) -> Self {
        Self {
            blueprints: Difference::between(
                &before.blueprints,
                &after.blueprints,
                |before, after| {
                    let mut fields = Vec::new();
                    differing(
                        &FieldPath::default(),
                        Some(before),
                        Some(after),
                        &mut fields,
                    );
                    fields
                },
            ),
            entities: Difference::between(&before.entities, &after.entities, entity_fields),
            new_dangling: new_dangling(before, after),
        }
    }

    /// Whether nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.blueprints.is_empty() && self.entities.is_empty() && self.new_dangling.is_empty()
    }
}

impl<'a, K: Ord> Difference<'a, K> {
    fn between(
        before: &'a BTreeMap<K, Value>,
        after: &'a BTreeMap<K, Value>,
        fields: impl Fn(&'a Value, &'a Value) -> Vec<Field<'a>>,
    ) -> Self {
        let missing_in = |other: &BTreeMap<K, Value>, key: &&K| !other.contains_key(*key);
        let changed = after.iter().filter_map(|(key, after)| {
            let fields = fields(before.get(key)?, after);
            (!fields.is_empty()).then_some(Changed { key, fields })
        });
        Self {
            added: after.keys().filter(|key| missing_in(before, key)).collect(),
            removed: before.keys().filter(|key| missing_in(after, key)).collect(),
            changed: changed.collect(),
        }
    }
}

impl<K> Difference<'_, K> {
    /// Whether nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

/// What an entity has beside what names it, in the order of its body; anything else follows.
const ENTITY: [&str; 5] = ["title", "icon", "team", "properties", "relations"];

fn entity_fields<'a>(before: &'a Value, after: &'a Value) -> Vec<Field<'a>> {
    let value =
        |body: Option<&'a Value>, key: &str| body?.get(key).filter(|value| !value.is_null());
    let mut names = keys(Some(before), Some(after));
    names.retain(|name| !ENTITY.contains(name) && !["identifier", "blueprint"].contains(name));
    let mut fields = Vec::new();
    for name in ENTITY.into_iter().chain(names) {
        let (before, after) = (value(Some(before), name), value(Some(after), name));
        let is_map = |value: Option<&Value>| value.is_none_or(Value::is_object);
        let path = FieldPath::keys([name]);
        if matches!(name, "properties" | "relations") && is_map(before) && is_map(after) {
            for key in keys(before, after) {
                let (before, after) = (value(before, key), value(after, key));
                fields.extend(Field::of(|| path.key(key), before, after));
            }
        } else {
            fields.extend(Field::of(|| path, before, after));
        }
    }
    fields
}

/// The maps of a blueprint that are the same whether they hold nothing or are not there.
const BLUEPRINT_MAPS: [&[&str]; 6] = [
    &["schema"],
    &["schema", "properties"],
    &["relations"],
    &["mirrorProperties"],
    &["calculationProperties"],
    &["aggregationProperties"],
];

fn differing<'a>(
    path: &FieldPath,
    before: Option<&'a Value>,
    after: Option<&'a Value>,
    fields: &mut Vec<Field<'a>>,
) {
    let descends = match (before, after) {
        (Some(before), Some(after)) => before.is_object() && after.is_object(),
        (Some(Value::Object(_)), None) | (None, Some(Value::Object(_))) => BLUEPRINT_MAPS
            .iter()
            .any(|map| *path == FieldPath::keys(map.iter().copied())),
        _ => false,
    };
    if !descends {
        fields.extend(Field::of(|| path.clone(), before, after));
        return;
    }
    for key in keys(before, after) {
        let value = |body: Option<&'a Value>| body?.get(key);
        differing(&path.key(key), value(before), value(after), fields);
    }
}

impl<'a> Field<'a> {
    fn of(
        path: impl FnOnce() -> FieldPath,
        before: Option<&'a Value>,
        after: Option<&'a Value>,
    ) -> Option<Self> {
        let is_same = match (before, after) {
            (Some(before), Some(after)) => is_same(before, after),
            (before, after) => before.is_none() && after.is_none(),
        };
        (!is_same).then(|| Self {
            path: path(),
            before,
            after,
        })
    }
}

/// The keys of two maps, sorted.
fn keys<'a>(before: Option<&'a Value>, after: Option<&'a Value>) -> BTreeSet<&'a str> {
    let maps = [before, after].into_iter().flatten();
    let maps = maps.filter_map(Value::as_object);
    maps.flat_map(|map| map.keys().map(String::as_str))
        .collect()
}

/// Equality, where `1` and `1.0` are one number as in JSON: a file that is read back need not keep the difference.
fn is_same(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::Number(a), Value::Number(b)) => {
            a == b || (a.is_f64() != b.is_f64() && a.as_f64() == b.as_f64())
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            let is_same_value = |(key, a)| b.get(key).is_some_and(|b| is_same(a, b));
            a.len() == b.len() && a.iter().all(is_same_value)
        }
        (a, b) => a == b,
    }
}

fn new_dangling<'a>(before: &'a Bodies, after: &'a Bodies) -> Vec<Dangling<'a>> {
    let (known_before, known) = (names(before), names(after));
    let mut found = BTreeSet::new();
    for (entity, body) in &after.entities {
        let former = before.entities.get(entity);
        let relations = body.get("relations").and_then(Value::as_object);
        for (relation, targets) in relations.into_iter().flatten() {
            let Some(blueprint) = target_blueprint(after, &entity.blueprint, relation) else {
                continue;
            };
            for target in identifiers(targets) {
                let was_dangling = || {
                    let former = former.and_then(|body| body.get("relations")?.get(relation));
                    former.is_some_and(|former| identifiers(former).contains(&target))
                        && !known_before.contains(&(blueprint, target))
                };
                if !known.contains(&(blueprint, target)) && !was_dangling() {
                    found.insert(Dangling {
                        entity,
                        relation,
                        blueprint,
                        target,
                    });
                }
            }
        }
    }
    found.into_iter().collect()
}

fn names(state: &Bodies) -> HashSet<(&str, &str)> {
    let keys = state.entities.keys();
    keys.map(|key| (&*key.blueprint, &*key.identifier))
        .collect()
}

/// The blueprint that a relation leads to, where its entities are known: those of Port's own blueprints need not be.
fn target_blueprint<'a>(state: &'a Bodies, blueprint: &str, relation: &str) -> Option<&'a str> {
    let definition = state.blueprints.get(blueprint)?;
    let target = definition.get("relations")?.get(relation)?.get("target")?;
    let (target, _) = state.blueprints.get_key_value(target.as_str()?)?;
    (!target.starts_with('_')).then_some(target)
}

/// The identifiers that a relation holds; what a search finds is not known here.
fn identifiers(targets: &Value) -> Vec<&str> {
    match targets {
        Value::String(target) => vec![target],
        Value::Array(targets) => targets.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::{Changes, Dangling, Difference, Field};
    use crate::port::{Bodies, Key};

    fn key(blueprint: &str, identifier: &str) -> Key {
        Key {
            blueprint: blueprint.to_owned(),
            identifier: identifier.to_owned(),
        }
    }

    fn component(identifier: &str, body: Value) -> (Key, Value) {
        (key("component", identifier), body)
    }

    /// `component` leads to `system`, `_team` and `elsewhere`.
    fn state(entities: impl IntoIterator<Item = (Key, Value)>) -> Bodies {
        let relations = json!({
            "system": {"target": "system"},
            "dependsOn": {"target": "component", "many": true},
            "team": {"target": "_team"},
            "elsewhere": {"target": "elsewhere"},
        });
        let blueprints = [
            ("component", json!({"relations": relations})),
            ("system", json!({})),
            ("_team", json!({})),
        ];
        Bodies {
            blueprints: blueprints.map(|(id, body)| (id.to_owned(), body)).into(),
            entities: entities.into_iter().collect(),
        }
    }

    /// Each field as `[path, before, after]`, with `"none"` for what is not there.
    fn shown(fields: &[Field<'_>]) -> Value {
        let side = |value: Option<&Value>| value.cloned().unwrap_or(json!("none"));
        let fields = fields.iter();
        fields
            .map(|field| {
                json!([
                    field.path.to_string(),
                    side(field.before),
                    side(field.after)
                ])
            })
            .collect()
    }

    fn fields_of(before: Value, after: Value) -> Value {
        let (before, after) = (
            state([component("a", before)]),
            state([component("a", after)]),
        );
        let changes = Changes::between(&before, &after);
        let first = changes.entities.changed.first();
        first.map_or(json!([]), |changed| shown(&changed.fields))
    }

    fn blueprint_fields(before: Value, after: Value) -> Value {
        let blueprint = |body| Bodies {
            blueprints: [("b".to_owned(), body)].into(),
            ..Bodies::default()
        };
        let (before, after) = (blueprint(before), blueprint(after));
        let changes = Changes::between(&before, &after);
        let first = changes.blueprints.changed.first();
        first.map_or(json!([]), |changed| shown(&changed.fields))
    }

    #[test]
    fn added_removed_and_changed_are_told_apart() {
        let before = state([
            component("kept", json!({"title": "A"})),
            component("old", json!({})),
            component("cart", json!({"title": "A"})),
        ]);
        let after = state([
            component("kept", json!({"title": "A"})),
            component("cart", json!({"title": "B"})),
            component("shop", json!({})),
        ]);
        let changes = Changes::between(&before, &after);
        let Difference {
            added,
            removed,
            changed,
        } = &changes.entities;
        assert_eq!(*added, [&key("component", "shop")]);
        assert_eq!(*removed, [&key("component", "old")]);
        assert_eq!(changed.len(), 1);
        assert_eq!(*changed[0].key, key("component", "cart"));
        assert!(changes.blueprints.is_empty());
    }

    #[test]
    fn each_field_of_an_entity_is_told_with_both_values() {
        let before = json!({
            "identifier": "a", "blueprint": "component", "title": "A", "icon": "Service", "extra": 1,
            "properties": {"tier": 1, "same": [1], "gone": "x", "nulled": {"a": null}, "list": [1, 2]},
            "relations": {"system": "s", "gone": "g"},
        });
        let after = json!({
            "identifier": "a", "blueprint": "component", "title": "B", "team": ["t"],
            "properties": {"tier": 2, "same": [1], "nulled": null, "list": [2, 1], "new": false},
            "relations": {"system": ["s"]},
        });
        assert_eq!(
            fields_of(before, after),
            json!([
                ["title", "A", "B"],
                ["icon", "Service", "none"],
                ["team", "none", ["t"]],
                ["properties.gone", "x", "none"],
                ["properties.list", [1, 2], [2, 1]],
                ["properties.new", "none", false],
                ["properties.nulled", {"a": null}, "none"],
                ["properties.tier", 1, 2],
                ["relations.gone", "g", "none"],
                ["relations.system", "s", ["s"]],
                ["extra", 1, "none"],
            ])
        );
    }

    #[test]
    fn null_and_nothing_are_the_same_and_so_are_spellings_of_a_number() {
        for (before, after) in [
            (json!({"properties": {"a": null}}), json!({})),
            (
                json!({}),
                json!({"relations": {"a": null}, "properties": null}),
            ),
            (
                json!({"properties": {}}),
                json!({"properties": {"a": null}}),
            ),
            (json!({"title": null}), json!({})),
            (
                json!({"properties": {"a": [1, {"b": 2.0}]}}),
                json!({"properties": {"a": [1.0, {"b": 2}]}}),
            ),
        ] {
            assert_eq!(fields_of(before.clone(), after.clone()), json!([]));
            assert_eq!(fields_of(after, before), json!([]));
        }
        let number = |number: Value| json!({"properties": {"a": number}});
        let (one, other) = (9_007_199_254_740_992_u64, 9_007_199_254_740_993_u64);
        assert_ne!(
            fields_of(number(json!(one)), number(json!(other))),
            json!([])
        );
        assert_ne!(fields_of(number(json!(1)), number(json!("1"))), json!([]));
    }

    #[test]
    fn what_is_no_map_is_compared_whole() {
        assert_eq!(
            fields_of(json!({"properties": [1]}), json!({"properties": {"a": 1}})),
            json!([["properties", [1], {"a": 1}]])
        );
        assert_eq!(fields_of(json!(1), json!("x")), json!([]));
    }

    #[test]
    fn keys_of_a_blueprint_are_told_one_by_one() {
        let before = json!({
            "title": "B",
            "schema": {"properties": {"tier": {"type": "string", "enum": ["1"]}, "old": {"type": "string"}}, "required": ["a"]},
            "relations": {"owner": {"target": "group", "many": false}},
            "mirrorProperties": {},
        });
        let after = json!({
            "schema": {"properties": {"tier": {"type": "string", "enum": ["1", "2"]}}, "required": []},
            "relations": {"owner": {"target": "_team", "many": false}, "system": {"target": "system"}},
            "calculationProperties": {"x": {"type": "string"}},
            "ownership": {"type": "Direct"},
        });
        assert_eq!(
            blueprint_fields(before, after),
            json!([
                ["calculationProperties.x", "none", {"type": "string"}],
                ["ownership", "none", {"type": "Direct"}],
                ["relations.owner.target", "group", "_team"],
                ["relations.system", "none", {"target": "system"}],
                ["schema.properties.old", {"type": "string"}, "none"],
                ["schema.properties.tier.enum", ["1"], ["1", "2"]],
                ["schema.required", ["a"], []],
                ["title", "B", "none"],
            ])
        );
        // Unlike in entities, null is a value here.
        assert_eq!(
            blueprint_fields(json!({"icon": null}), json!({})),
            json!([["icon", null, "none"]])
        );
    }

    #[test]
    fn references_that_newly_lead_nowhere_are_found() {
        let shop = |relations: Value| component("shop", json!({"relations": relations}));
        let payments = || (key("system", "payments"), json!({}));
        let before = state([
            payments(),
            component("old", json!({})),
            shop(json!({"system": "payments", "dependsOn": ["old", "never"]})),
        ]);
        let after = state([
            // Its system is removed; of its dependencies one is removed, one never was, one is new and missing.
            shop(json!({
                "system": "payments", "dependsOn": ["old", "never", "shop", "new", "new"], "team": "t", "elsewhere": "e",
                "unknown": "u",
            })),
            component(
                "found",
                json!({"relations": {"dependsOn": {"combinator": "and", "rules": []}}}),
            ),
            component("null", json!({"relations": {"system": null}})),
            (
                key("stranger", "x"),
                json!({"relations": {"system": "nope"}}),
            ),
        ]);
        let entity = key("component", "shop");
        let dangling = |relation, blueprint, target| Dangling {
            entity: &entity,
            relation,
            blueprint,
            target,
        };
        let changes = Changes::between(&before, &after);
        assert_eq!(
            changes.new_dangling,
            [
                dangling("dependsOn", "component", "new"),
                dangling("dependsOn", "component", "old"),
                dangling("system", "system", "payments"),
            ]
        );
        // What comes into being leads somewhere.
        let changes = Changes::between(&after, &before);
        assert_eq!(changes.new_dangling, []);
    }

    fn all_fields<'a>(changes: &Changes<'a>) -> Vec<Field<'a>> {
        let entities = changes.entities.changed.iter();
        let blueprints = changes.blueprints.changed.iter();
        let entities = entities.flat_map(|changed| changed.fields.clone());
        entities
            .chain(blueprints.flat_map(|changed| changed.fields.clone()))
            .collect()
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-2..3_i64).prop_map(Value::from),
            (0..3_i32).prop_map(|n| json!(f64::from(n))),
            "[ab]{0,2}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            let map = proptest::collection::vec(
                (r"[a-c]|properties|relations|schema|title", inner.clone()),
                0..4,
            );
            prop_oneof![
                proptest::collection::vec(inner, 0..3).prop_map(Value::from),
                map.prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    fn any_state() -> impl Strategy<Value = Bodies> {
        let entities = proptest::collection::btree_map(("[ab]", "[a-d]"), any_value(), 0..6);
        let blueprints = proptest::collection::btree_map("[a-c]", any_value(), 0..4);
        (blueprints, entities).prop_map(|(blueprints, entities)| Bodies {
            blueprints,
            entities: entities
                .into_iter()
                .map(|((b, i), body)| (key(&b, &i), body))
                .collect(),
        })
    }

    proptest! {
        #[test]
        fn a_state_does_not_differ_from_itself(state in any_state()) {
            prop_assert!(Changes::between(&state, &state.clone()).is_empty());
        }

        #[test]
        fn both_directions_tell_the_same(before in any_state(), after in any_state()) {
            let (there, back) = (Changes::between(&before, &after), Changes::between(&after, &before));
            prop_assert_eq!(&there.entities.added, &back.entities.removed);
            prop_assert_eq!(&there.blueprints.removed, &back.blueprints.added);
            let mut turned = all_fields(&back);
            for field in &mut turned {
                std::mem::swap(&mut field.before, &mut field.after);
            }
            prop_assert_eq!(all_fields(&there), turned);
        }

        #[test]
        fn the_fields_are_all_that_differs(before in any_value(), after in any_value()) {
            let body = |body: Value| json!({"title": "t", "properties": {"a": body.clone()}, "relations": {"a": body}});
            let (mut one, other) = (body(before), body(after));
            let (before, after) = (state([component("a", one.clone())]), state([component("a", other.clone())]));
            let changes = Changes::between(&before, &after);
            for field in changes.entities.changed.iter().flat_map(|changed| &changed.fields) {
                let path = format!("/{}", field.path.to_string().replace('.', "/"));
                let Some(value) = one.pointer_mut(&path) else {
                    return Err(TestCaseError::fail(path));
                };
                *value = field.after.cloned().unwrap_or_default();
            }
            prop_assert!(super::is_same(&one, &other), "{one} {other}");
        }
    }
}
