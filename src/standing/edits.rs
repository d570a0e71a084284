//! Tells what somebody changed by hand in manifests.
//!
//! In: the manifests that stand there and those of this run. Out: the entities of the changed files, as they were changed
//! and as this run makes them. Where the repository has the manifest as it was written, only what differs from that counts
//! as changed: descriptors move on too.

use std::borrow::Cow;

use camino::Utf8Path;
use serde_json::{Map, Value};

use super::Standing;
use super::held::collect;
use crate::diagnostic::Error;
use crate::generated::{self, Mark};
use crate::port::{Bodies, Changes};
use crate::source::{Files, RootId};

/// The entities of manifests that were changed by hand.
#[derive(Debug, Default)]
pub struct Edits {
    /// As they were changed.
    pub edited: Bodies,
    /// As this run makes them.
    pub written: Bodies,
}

impl Standing {
    /// The manifests of a run that stand there changed by hand; each is given as its root and path, and how its text is
    /// made.
    ///
    /// # Errors
    ///
    /// [`Error::Standing`] when one cannot be read again.
    pub fn edits<'a, C: FnOnce() -> Cow<'a, str>>(
        &self,
        manifests: impl Iterator<Item = (RootId, &'a Utf8Path, C)>,
    ) -> Result<Edits, Error> {
        let mut edits = Edits::default();
        for (root, path, contents) in manifests {
            let file = self.files.get(&(root, path.to_owned()));
            if file.is_none_or(|file| file.mark != Mark::Edited) {
                continue;
            }
            let written = bodies(path, &contents());
            let mut edited = bodies(path, &self.text(root, path)?);
            if let Some(committed) = self.committed(root, path) {
                for (key, entity) in &mut edited.entities {
                    let both = (committed.entities.get(key), written.entities.get(key));
                    if let (Some(committed), Some(written)) = both {
                        keep_edits(entity, committed, written);
                    }
                }
            }
            edits.edited.entities.extend(edited.entities);
            edits.written.entities.extend(written.entities);
        }
        Ok(edits)
    }

    /// Whether a manifest of this run says what was changed by hand in the one that stands there, so that nothing but its
    /// form would be lost.
    ///
    /// # Errors
    ///
    /// [`Error::Standing`] when it cannot be read again.
    pub fn has_edits(&self, root: RootId, path: &Utf8Path, contents: &str) -> Result<bool, Error> {
        let Edits { edited, written } =
            self.edits(std::iter::once((root, path, || contents.into())))?;
        Ok(!edited.entities.is_empty() && Changes::between(&edited, &written).is_empty())
    }

    /// What the last commit has at a path, if it is as it was written.
    pub(super) fn committed(&self, root: RootId, path: &Utf8Path) -> Option<Bodies> {
        let folder = &self.grounds.get(&root)?.shown;
        let folder = if folder == "" {
            ".".into()
        } else {
            folder.as_path()
        };
        let bytes = Files::of_revision(folder, "HEAD").ok()?.read(path).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        (generated::mark(&text) == Mark::Intact).then(|| bodies(path, &text))
    }
}

fn bodies(path: &Utf8Path, text: &str) -> Bodies {
    let mut bodies = Bodies::default();
    collect(path, text, &mut bodies);
    bodies
}

/// Takes over from this run what nobody changed.
fn keep_edits(edited: &mut Value, committed: &Value, written: &Value) {
    const PARTS: [&str; 2] = ["properties", "relations"];
    let (Value::Object(edited), Value::Object(committed), Value::Object(written)) =
        (edited, committed, written)
    else {
        return;
    };
    let none = Map::new();
    for part in PARTS {
        let of = |entity: &'_ Map<String, Value>| -> Map<String, Value> {
            let part = entity.get(part).and_then(Value::as_object);
            part.unwrap_or(&none).clone()
        };
        let mut values = of(edited);
        take_unchanged(&mut values, &of(committed), &of(written), |_| true);
        if values.is_empty() {
            edited.shift_remove(part);
        } else {
            edited.insert(part.to_owned(), Value::Object(values));
        }
    }
    take_unchanged(edited, committed, written, |name| !PARTS.contains(&name));
}

fn take_unchanged(
    edited: &mut Map<String, Value>,
    committed: &Map<String, Value>,
    written: &Map<String, Value>,
    is_meant: impl Fn(&str) -> bool,
) {
    let names: Vec<String> = [&*edited, committed, written]
        .into_iter()
        .flat_map(Map::keys)
        .filter(|name| is_meant(name))
        .cloned()
        .collect();
    for name in names {
        if edited.get(&name) != committed.get(&name) {
            continue;
        }
        match written.get(&name) {
            Some(value) => edited.insert(name, value.clone()),
            None => edited.shift_remove(&name),
        };
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::keep_edits;

    #[test]
    fn what_nobody_changed_is_taken_from_the_run() {
        let mut edited =
            json!({"title": "Mine", "icon": "Old", "properties": {"a": 1, "b": 2, "c": 9}});
        let committed = json!({
            "title": "Old", "icon": "Old", "properties": {"a": 1, "b": 1, "gone": 1}, "relations": {"r": "x"}
        });
        let written = json!({
            "title": "New", "properties": {"a": 5, "b": 5, "gone": 1, "new": 1}, "relations": {"r": "y"}
        });
        keep_edits(&mut edited, &committed, &written);
        assert_eq!(
            edited,
            json!({"title": "Mine", "properties": {"a": 5, "b": 2, "c": 9, "new": 1}})
        );
    }
}
