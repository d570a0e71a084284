//! What is written against Port: the JSON Schemas of its API, and the schema that a blueprint is for its entities.

use std::collections::BTreeMap;
use std::{env, fs};

use backstage2port::yaml;
use camino::{Utf8Path, Utf8PathBuf};
use jsonschema::Validator;
use serde_json::Value;

use super::port::{entity_schema, faults_of, validator};
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
