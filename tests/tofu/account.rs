//! What Port holds after an apply, against what the bundle of the same conversion has.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::api::Account;
use crate::support::is_same;

/// The differences that no finding of the conversion's report explains.
pub(crate) fn differences(
    blueprints: &BTreeMap<String, Value>,
    entities: &BTreeMap<(String, String), Value>,
    account: &Account,
    report: &Value,
) -> Vec<String> {
    let limits = limits(report);
    let mut found = Vec::new();
    for (identifier, wanted) in blueprints {
        let Some(held) = account.blueprints.get(identifier) else {
            found.push(format!("blueprint {identifier} is not there"));
            continue;
        };
        let (wanted, mut held) = (plain_blueprint(wanted), plain_blueprint(held));
        if identifier.starts_with('_') {
            keep_what_is_added(&mut held, &wanted);
        }
        let mut paths = Vec::new();
        compare(&wanted, &held, "", &mut paths);
        let whose = format!("of blueprint `{identifier}`");
        paths.retain(|path| {
            let path = path.strip_prefix("schema.").unwrap_or(path);
            let ends = path.match_indices('.').map(|(end, _)| end);
            let mut parts = ends
                .chain([path.len()])
                .map(|end| format!("`{}`", &path[..end]));
            !parts.any(|part| is_told(&limits, &whose, &part))
        });
        found.extend(
            paths
                .iter()
                .map(|path| format!("blueprint {identifier}: {path}\n{wanted}\n{held}")),
        );
    }
    let mut named = BTreeSet::new();
    for (key, wanted) in entities {
        let (wanted, blueprint) = (plain_entity(wanted), &key.0);
        for (relation, value) in wanted["relations"].as_object().into_iter().flatten() {
            let target = &blueprints
                .get(blueprint)
                .map_or(&Value::Null, |all| &all["relations"][relation]["target"]);
            let many = value.as_array().into_iter().flatten();
            for identifier in many.chain([value]).filter_map(Value::as_str) {
                named.insert((
                    target.as_str().unwrap_or_default().to_owned(),
                    identifier.to_owned(),
                ));
            }
        }
        let Some(held) = account.entities.get(key) else {
            found.push(format!("entity {key:?} is not there"));
            continue;
        };
        let held = plain_entity(held);
        let mut paths = Vec::new();
        compare(&wanted, &held, "", &mut paths);
        let alone = format!("of `{} {}`", key.0, key.1);
        let among = format!("entities of `{blueprint}`");
        paths.retain(|path| {
            let mut steps = path.split('.');
            let part = match (steps.next(), steps.next()) {
                (Some("properties"), Some(name)) => format!("property `{name}`"),
                (Some("relations"), Some(name)) => format!("relation `{name}`"),
                (Some(name), _) => format!("`{name}`"),
                (None, _) => return true,
            };
            ![&alone, &among]
                .into_iter()
                .any(|whose| is_told(&limits, whose, &part))
        });
        found.extend(
            paths
                .iter()
                .map(|path| format!("entity {key:?}: {path}\n{wanted}\n{held}")),
        );
    }
    for (key, held) in &account.entities {
        let is_bare = held["properties"] == json!({}) && held["relations"] == json!({});
        if !(entities.contains_key(key) || is_bare && named.contains(key)) {
            found.push(format!("entity {key:?} came from nowhere"));
        }
    }
    found
}

/// What the report says the provider cannot express.
fn limits(report: &Value) -> Vec<&str> {
    let findings = report["findings"].as_array().into_iter().flatten();
    let limits = findings.filter(|finding| finding["code"] == "target-limit");
    limits
        .filter_map(|finding| finding["message"].as_str())
        .collect()
}

fn is_told(limits: &[&str], whose: &str, part: &str) -> bool {
    limits
        .iter()
        .any(|limit| limit.contains(whose) && limit.contains(part))
}

/// The paths at which two values differ.
fn compare(wanted: &Value, held: &Value, path: &str, paths: &mut Vec<String>) {
    if let (Value::Object(wanted), Value::Object(held)) = (wanted, held) {
        for key in wanted.keys().chain(held.keys()).collect::<BTreeSet<_>>() {
            let path = if path.is_empty() {
                key.clone()
            } else {
                format!("{path}.{key}")
            };
            let of = |map: &Map<String, Value>| map.get(key).cloned().unwrap_or_default();
            compare(&of(wanted), &of(held), &path, paths);
        }
    } else if !is_same(wanted, held) {
        paths.push(path.to_owned());
    }
}

/// A blueprint without what Port takes for nothing.
fn plain_blueprint(blueprint: &Value) -> Value {
    let mut plain = without_nothing(blueprint);
    if let Some(required) = plain
        .get_mut("schema")
        .and_then(|schema| schema["required"].as_array_mut())
    {
        required.sort_by_key(ToString::to_string);
    }
    plain
}

/// Leaves of one of Port's own blueprints what the other one has as well.
fn keep_what_is_added(held: &mut Value, wanted: &Value) {
    for map in ["relations", "mirrorProperties", "calculationProperties"] {
        keep(&mut held[map], &wanted[map]);
    }
    keep(
        &mut held["schema"]["properties"],
        &wanted["schema"]["properties"],
    );
    keep(held, wanted);
    *held = without_nothing(held);
}

fn keep(held: &mut Value, wanted: &Value) {
    if let Some(held) = held.as_object_mut() {
        held.retain(|key, _| wanted.get(key).is_some());
    }
}

/// An entity without what Port takes for nothing, with its teams as a list and the title it gets where it has none.
fn plain_entity(entity: &Value) -> Value {
    let mut plain = Map::new();
    for (key, value) in entity.as_object().into_iter().flatten() {
        let value = match (key.as_str(), value) {
            ("properties" | "relations", Value::Object(map)) => {
                let values = map.iter().filter(|(_, value)| !value.is_null());
                values
                    .map(|(key, value)| (key.clone(), value.clone()))
                    .collect()
            }
            ("team", Value::String(team)) => json!([team]),
            ("team", Value::Array(teams)) => {
                let teams: BTreeSet<_> = teams.iter().filter_map(Value::as_str).collect();
                json!(teams)
            }
            (_, value) => value.clone(),
        };
        let is_nothing = value.is_null() || value == json!([]) || value == json!({});
        if !is_nothing && key != "$comment" {
            plain.insert(key.clone(), value);
        }
    }
    plain
        .entry("title")
        .or_insert_with(|| entity["identifier"].clone());
    Value::Object(plain)
}

/// A value whose maps have neither nulls nor empty maps and lists.
fn without_nothing(value: &Value) -> Value {
    let Value::Object(map) = value else {
        return value.clone();
    };
    let values = map
        .iter()
        .map(|(key, value)| (key.clone(), without_nothing(value)));
    let is_nothing = |value: &Value| value.is_null() || *value == json!([]) || *value == json!({});
    values
        .filter(|(key, value)| !is_nothing(value) && key != "$comment")
        .collect()
}
