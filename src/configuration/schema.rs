//! The JSON Schema of a configuration, for editors.
//!
//! In: the keys. Out: a schema of the 2020-12 draft that takes what a run takes, as far as one file can tell: whether the
//! files exist that it names is not told.

use serde_json::{Map, Value, json};

use super::layer::{CHECK, CODEOWNERS, EXTENDS, LEVELS, OWNERS, SEVERITY, allowed};
use super::{Key, Keys, Takes};
use crate::diagnostic::Code;

/// What texts are made of: something else than white space.
const TEXT: &str = "\\S";

/// The schema.
#[must_use]
pub fn schema(keys: &Keys<'_>) -> Value {
    let mut properties = Map::new();
    properties.insert(EXTENDS.to_owned(), extends());
    for key in &keys.keys {
        properties.insert(key.name.clone(), property(key));
    }
    properties.insert(SEVERITY.to_owned(), severity());
    properties.insert(CODEOWNERS.to_owned(), codeowners());
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of backstage2port",
        "description": "backstage2port.yaml, or .backstage2port.yaml: what flags are where nobody gives them.",
        "type": ["object", "null"],
        "properties": properties,
        "additionalProperties": false,
    });
    let exclusions: Vec<Value> = keys
        .keys
        .iter()
        .flat_map(|key| key.excludes.iter().map(move |other| (key, other)))
        .filter_map(|(key, name)| {
            let other = keys.keys.iter().find(|other| other.name == *name)?;
            Some(exclusion(key, other))
        })
        .collect();
    if !exclusions.is_empty() {
        schema["allOf"] = exclusions.into();
    }
    schema
}

fn property(key: &Key) -> Value {
    let mut item = match &key.takes {
        Takes::Switch => json!({ "type": "boolean" }),
        Takes::Number => {
            json!({ "type": "integer", "minimum": 0, "maximum": super::layer::MAX_NUMBER })
        }
        Takes::Text | Takes::Path => text(),
        Takes::NameOrPath(names) => json!({
            "type": "string",
            "anyOf": [{ "enum": names }, { "pattern": "[/\\\\]" }],
        }),
        Takes::OneOf(words) => {
            let words: Vec<Value> = words
                .iter()
                .map(|(word, about)| match about {
                    Some(about) => json!({ "const": word, "description": about }),
                    None => json!({ "const": word }),
                })
                .collect();
            json!({ "oneOf": words })
        }
    };
    if key.is_list {
        item = one_or_more(&item);
    }
    described(&key.about, item)
}

fn text() -> Value {
    json!({ "type": "string", "pattern": TEXT })
}

fn one_or_more(item: &Value) -> Value {
    json!({ "anyOf": [item, { "type": "array", "items": item }] })
}

fn described(about: &str, schema: Value) -> Value {
    let mut described = Map::new();
    described.insert("description".to_owned(), about.into());
    if let Value::Object(entries) = schema {
        described.extend(entries);
    }
    described.into()
}

fn extends() -> Value {
    described(super::EXTENDS_ABOUT, one_or_more(&text()))
}

fn severity() -> Value {
    let codes = Code::ALL.iter().map(|code| {
        let words = LEVELS
            .iter()
            .filter(|(_, level)| allowed(*code, *level).is_ok())
            .map(|(word, _)| *word);
        let words: Vec<&str> = words.collect();
        let schema = json!({
            "description": code.summary(),
            "enum": words,
            "default": code.severity().to_string(),
        });
        (code.id().to_owned(), schema)
    });
    let codes: Map<String, Value> = codes.collect();
    described(
        super::SEVERITY_ABOUT,
        json!({ "type": "object", "properties": codes, "additionalProperties": false }),
    )
}

fn codeowners() -> Value {
    described(
        super::CODEOWNERS_ABOUT,
        json!({
            "type": "object",
            "properties": {
                OWNERS: {
                    "description": "The entity references of code owners",
                    "type": "object",
                    "additionalProperties": text(),
                },
                CHECK: {
                    "description": "Whether owners are held against code owners",
                    "type": "boolean",
                    "default": true,
                },
            },
            "additionalProperties": false,
        }),
    )
}

/// Not both of two keys, unless one of them does nothing.
fn exclusion(key: &Key, other: &Key) -> Value {
    let mut on = Map::new();
    for key in [key, other] {
        if key.takes == Takes::Switch {
            on.insert(key.name.clone(), json!({ "const": true }));
        } else if key.is_list {
            on.insert(key.name.clone(), json!({ "not": { "const": [] } }));
        }
    }
    json!({ "not": { "required": [key.name, other.name], "properties": on } })
}
