//! Blueprints as they are given, in place of those of the profile.
//!
//! In: a folder of the user with API bodies of blueprints, such as what another run wrote or what Port's API returns.
//! Out: the profile with these blueprints. Nothing is refined or checked in them: Port has them already.

use std::collections::BTreeMap;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

use super::document;
use super::profile::{Profile, blueprints};
use crate::diagnostic::Error;

/// The files of a folder that hold blueprints.
const EXTENSIONS: [&str; 3] = ["json", "yaml", "yml"];

impl Profile {
    /// Takes the blueprints in a folder instead of the profile's own. Each of its files (`*.json`, `*.yaml`, `*.yml`, not
    /// those in folders below) holds one API body, a list of them, or a map with such a list as `blueprints`.
    ///
    /// # Errors
    ///
    /// [`Error::Blueprints`], with the name of the file, when there are none, one cannot be read or is no blueprint, and
    /// when two define the same one.
    pub fn take_blueprints(&mut self, folder: &Utf8Path) -> Result<(), Error> {
        let paths = files(folder).map_err(|error| fault(folder, error.to_string()))?;
        let mut found: BTreeMap<String, &Utf8PathBuf> = BTreeMap::new();
        let mut taken = Vec::new();
        for path in &paths {
            let text =
                std::fs::read_to_string(path).map_err(|error| fault(path, error.to_string()))?;
            let all = document::value(&text).and_then(|value| blueprints(listed(value)));
            for blueprint in all.map_err(|message| fault(path, message))? {
                let id = blueprint.identifier.clone();
                if let Some(first) = found.insert(id, path) {
                    let message = format!(
                        "the blueprint `{}` is in {first} already",
                        blueprint.identifier
                    );
                    return Err(fault(path, message));
                }
                taken.push(blueprint);
            }
        }
        if taken.is_empty() {
            let message = "there is no blueprint in a file *.json, *.yaml or *.yml".to_owned();
            return Err(fault(folder, message));
        }
        self.blueprints = taken;
        self.given = Some(folder.to_owned());
        Ok(())
    }

    /// Whether the blueprints are not the profile's own.
    #[must_use]
    pub fn has_given_blueprints(&self) -> bool {
        self.given.is_some()
    }
}

fn fault(path: &Utf8Path, message: String) -> Error {
    Error::Blueprints {
        path: path.to_owned(),
        message,
    }
}

/// The files of a folder that may hold blueprints, sorted.
fn files(folder: &Utf8Path) -> io::Result<Vec<Utf8PathBuf>> {
    let mut files = Vec::new();
    for entry in folder.read_dir_utf8()? {
        let entry = entry?;
        let path = entry.path();
        let is_wanted = path
            .extension()
            .is_some_and(|extension| EXTENSIONS.contains(&extension));
        if is_wanted && path.is_file() {
            files.push(entry.into_path());
        }
    }
    files.sort();
    Ok(files)
}

/// The bodies in a file as a list, without the comment that this tool writes into its own.
fn listed(value: Value) -> Value {
    let mut bodies = match value {
        Value::Array(bodies) => bodies,
        Value::Object(mut map) if !map.contains_key("identifier") => {
            match map.shift_remove("blueprints") {
                Some(Value::Array(bodies)) => bodies,
                _ => vec![Value::Object(map)],
            }
        }
        body => vec![body],
    };
    for body in bodies.iter_mut().filter_map(Value::as_object_mut) {
        body.shift_remove("$comment");
    }
    Value::Array(bodies)
}
