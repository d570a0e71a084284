//! Port's side of a conversion as JSON Schema: what its API takes, and what a blueprint takes.

use std::collections::BTreeMap;
use std::{env, fs};

use backstage2port::yaml;
use camino::{Utf8Path, Utf8PathBuf};
use jsonschema::Validator;
use serde_json::{Map, Value, json};

use super::{Result, tree};

/// What a conversion wrote.
pub(crate) struct Written {
    pub(crate) entities: Vec<Value>,
    pub(crate) blueprints: BTreeMap<String, Value>,
}

impl Written {
    /// The manifests below a folder that holds nothing else.
    pub(crate) fn read(out: &Utf8Path) -> Result<Self> {
        let files = tree(out)?.into_iter();
        let files = files.map(|(path, bytes)| Ok((path, String::from_utf8(bytes)?)));
        Self::of(files.collect::<Result<Vec<_>>>()?)
    }

    /// Manifests by their paths.
    pub(crate) fn of(files: impl IntoIterator<Item = (Utf8PathBuf, String)>) -> Result<Self> {
        let (mut entities, mut blueprints) = (Vec::new(), BTreeMap::new());
        for (path, text) in files {
            if path.starts_with(".port/blueprints") {
                let blueprint: Value = serde_json::from_str(&text)?;
                let identifier = blueprint["identifier"].as_str().ok_or("no identifier")?;
                blueprints.insert(identifier.to_owned(), blueprint);
                continue;
            }
            if path.starts_with(".port/mapping") {
                continue;
            }
            assert_eq!(path.file_name(), Some("port.yml"), "{path}");
            let mut documents = yaml::documents(&text).into_iter();
            let content = documents.next().ok_or("no document")?.content;
            let content = content.map_err(|faults| format!("{path}: {faults:?}"))?;
            assert!(documents.next().is_none(), "{path}: several documents");
            entities.extend(content.as_array().cloned().ok_or("no list")?);
        }
        Ok(Self {
            entities,
            blueprints,
        })
    }

    /// Checks the values of every entity against its blueprint, as Port does.
    pub(crate) fn check_against_blueprints(&self, faults: &mut Vec<String>) -> Result<()> {
        let mut validators = BTreeMap::new();
        for (identifier, blueprint) in &self.blueprints {
            validators.insert(identifier, validator(&entity_schema(blueprint))?);
            for (relation, definition) in blueprint["relations"].as_object().into_iter().flatten() {
                let target = definition["target"].as_str().unwrap_or_default();
                // Blueprints with an underscore are Port's own.
                if !target.starts_with('_') && !self.blueprints.contains_key(target) {
                    faults.push(format!(
                        "{identifier}.{relation} leads to `{target}`, which is not written"
                    ));
                }
            }
        }
        for entity in &self.entities {
            let blueprint = entity["blueprint"].as_str().unwrap_or_default().to_owned();
            match validators.get(&blueprint) {
                Some(validator) => faults_of(validator, entity, faults),
                None => faults.push(format!(
                    "{}: no blueprint `{blueprint}`",
                    entity["identifier"]
                )),
            }
        }
        Ok(())
    }
}

/// Blueprints by their identifiers, and entities by blueprint and identifier.
pub(crate) type Bundle = (BTreeMap<String, Value>, BTreeMap<(String, String), Value>);

/// What a bundle in a folder has; none where there is none.
pub(crate) fn bundle(out: &Utf8Path) -> Result<Option<Bundle>> {
    let path = out.join(".port/port-import.json");
    if !path.is_file() {
        return Ok(None);
    }
    let bundle: Value = serde_json::from_str(&fs::read_to_string(path)?)?;
    let list = |key: &str| bundle[key].as_array().cloned().unwrap_or_default();
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let blueprints = list("blueprints").into_iter();
    let entities = list("entities").into_iter();
    Ok(Some((
        blueprints
            .map(|body| (text(&body, "identifier"), body))
            .collect(),
        entities
            .map(|body| ((text(&body, "blueprint"), text(&body, "identifier")), body))
            .collect(),
    )))
}

/// The JSON Schema of a body of Port's API; `None` where `../shared` is not there.
pub(crate) fn body(name: &str) -> Result<Option<Validator>> {
    let path = shared()?.join(format!("oracle/port-api/{name}.schema.json"));
    if !path.is_file() {
        return Ok(None);
    }
    let schema: Value = serde_json::from_str(&fs::read_to_string(path)?)?;
    validator(&schema).map(Some)
}

/// The folder with what the tests share with the project, if it is there.
pub(crate) fn shared() -> Result<Utf8PathBuf> {
    Ok(Utf8PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../shared"))
}

/// A schema, formats included.
pub(crate) fn validator(schema: &Value) -> Result<Validator> {
    let options = jsonschema::options().should_validate_formats(true);
    Ok(options.build(schema).map_err(|fault| fault.to_string())?)
}

/// Adds what is wrong with a value.
pub(crate) fn faults_of(validator: &Validator, value: &Value, faults: &mut Vec<String>) {
    let identifier = &value["identifier"];
    let found = validator.iter_errors(value);
    faults.extend(found.map(|fault| {
        let text: String = fault.to_string().chars().take(300).collect();
        format!("{identifier}: {}: {text}", fault.instance_path())
    }));
}

/// The JSON Schema of the entities of a blueprint: known names only, everything that is not required may be null.
pub(crate) fn entity_schema(blueprint: &Value) -> Value {
    let required = &blueprint["schema"]["required"];
    let is_required = |name: &str| {
        let mut names = required.as_array().into_iter().flatten();
        names.any(|required| required == name)
    };
    let mut properties = Map::new();
    for (name, definition) in blueprint["schema"]["properties"]
        .as_object()
        .into_iter()
        .flatten()
    {
        let schema = value_schema(definition);
        let schema = if is_required(name) {
            schema
        } else {
            json!({"anyOf": [schema, {"type": "null"}]})
        };
        properties.insert(name.clone(), schema);
    }
    let mut relations = Map::new();
    let mut required_relations = Vec::new();
    for (name, relation) in blueprint["relations"].as_object().into_iter().flatten() {
        let text = json!({"type": "string", "minLength": 1});
        let schema = if relation["many"] == true {
            json!({"type": ["array", "null"], "items": text})
        } else {
            json!({"anyOf": [text, {"type": "null"}]})
        };
        if relation["required"] == true {
            required_relations.push(name.clone());
        }
        relations.insert(name.clone(), schema);
    }
    json!({
        "type": "object",
        "required": ["identifier", "blueprint"],
        "properties": {
            "properties": {
                "type": "object",
                "properties": properties,
                "required": required,
                "additionalProperties": false,
            },
            "relations": {
                "type": "object",
                "properties": relations,
                "required": required_relations,
                "additionalProperties": false,
            },
        },
    })
}

/// The JSON Schema of a value of a property: what only Port understands is left out or put in JSON Schema's words.
fn value_schema(definition: &Value) -> Value {
    const PORT_ONLY: &[&str] = &[
        "enumColors",
        "icon",
        "spec",
        "specAuthentication",
        "title",
        "description",
        "default",
        "dateFormat",
    ];
    if definition.is_boolean() {
        return definition.clone();
    }
    let mut schema = Map::new();
    for (key, value) in definition.as_object().into_iter().flatten() {
        if PORT_ONLY.contains(&key.as_str()) {
            continue;
        }
        match (key.as_str(), value.as_str()) {
            ("format", Some("url")) => _ = schema.insert("format".into(), "uri".into()),
            ("format", Some("user" | "email")) => {
                schema.insert("format".into(), "email".into());
            }
            ("format", Some("timer")) => _ = schema.insert("format".into(), "date-time".into()),
            ("format", Some("labeled-url")) => {
                let labelled = json!({
                    "url": {"type": "string", "format": "uri"},
                    "displayText": {"type": "string"},
                });
                schema.insert("properties".into(), labelled);
                schema.insert("required".into(), json!(["url"]));
                schema.insert("additionalProperties".into(), json!(false));
            }
            ("format", Some("markdown" | "yaml" | "proto" | "blueprints" | "team")) => {}
            ("items" | "additionalProperties", _) => {
                schema.insert(key.clone(), value_schema(value));
            }
            ("properties" | "patternProperties", _) => {
                let all = value.as_object().into_iter().flatten();
                let all = all.map(|(name, definition)| (name.clone(), value_schema(definition)));
                schema.insert(key.clone(), Value::Object(all.collect()));
            }
            _ => _ = schema.insert(key.clone(), value.clone()),
        }
    }
    Value::Object(schema)
}
