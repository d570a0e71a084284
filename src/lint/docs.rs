//! Documentation that an annotation says is in this repository.
//!
//! In: an entity and the files of the run. Out: a finding where there is nothing to show. Backstage makes a site of
//! a folder with `mkdocs.yml` or `mkdocs.yaml`, and also of one that has just `docs/` or a readme (backstage/backstage,
//! `plugins/techdocs-node/src/stages/generate/helpers.ts`).

use crate::backstage::field::{field, map_field};
use crate::backstage::{Entity, LocationRef};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::{FieldPath, RootId, Sources};
use camino::{Utf8Path, Utf8PathBuf};

const REFERENCE: &str = "backstage.io/techdocs-ref";
/// Where paths start instead of the folder of the descriptor.
const SOURCE: &str = "backstage.io/source-location";
/// What a site is made of; any of them will do. The first two are there most often.
const MATERIAL: &[&str] = &[
    "mkdocs.yml",
    "docs",
    "mkdocs.yaml",
    "README.md",
    "readme.md",
];

/// Looks for the documentation of an entity, where it is to be in the same root as its descriptor.
pub(super) fn check(entity: &Entity, sources: &Sources, found: &mut Diagnostics) {
    let metadata = entity.metadata();
    let annotations = metadata.and_then(|metadata| map_field(metadata, "annotations"));
    let annotation = |key: &str| field(annotations?, key)?.as_str();
    let Some(reference) = annotation(REFERENCE) else {
        return;
    };
    let file = entity.origin.file;
    let root = sources.root_of(file);
    if annotation(SOURCE).is_some() || sources.is_recorded(root) || sources.is_dump(file) {
        return;
    }
    let Ok((location_type, target)) = LocationRef::parts(reference) else {
        return;
    };
    let folder = sources.path(file).parent().unwrap_or(Utf8Path::new(""));
    if location_type != "dir" {
        return;
    }
    let Some(docs) = resolved(folder, target, sources.folder_in_repository(root)) else {
        return;
    };
    if MATERIAL
        .iter()
        .all(|name| sources.is_free(root, &docs.join(name)))
    {
        found.push(missing(entity, &docs, root, sources));
    }
}

fn missing(entity: &Entity, docs: &Utf8Path, root: RootId, sources: &Sources) -> Diagnostic {
    let folder = if docs == "" {
        "this folder".to_owned()
    } else {
        format!("`{docs}`")
    };
    let what = if docs != "" && sources.is_free(root, docs) {
        format!("{folder} does not exist")
    } else {
        format!("{folder} has neither `mkdocs.yml` nor `docs`")
    };
    Diagnostic::new(
        Code::MissingDocs,
        format!("`{REFERENCE}` names documentation that is not there: {what}"),
    )
    .at(entity.origin.value(FieldPath::keys(["metadata", "annotations", REFERENCE])))
    .help("the path starts at the folder of the descriptor; add `mkdocs.yml` and `docs/index.md` there, or remove the annotation")
}

/// A path seen from a folder, inside the root; `None` where it leads out, or is no plain path. An absolute one starts at
/// the top of the repository.
fn resolved(folder: &Utf8Path, target: &str, root_in_repository: &Utf8Path) -> Option<Utf8PathBuf> {
    if target.contains([':', '%', '\\', '?', '#']) {
        return None;
    }
    let is_from_top = target.starts_with('/');
    let mut path = if is_from_top {
        Utf8PathBuf::new()
    } else {
        folder.to_owned()
    };
    for part in target.split('/') {
        match part {
            ".." if !path.pop() => return None,
            "" | "." | ".." => {}
            part => path.push(part),
        }
    }
    if is_from_top {
        path.strip_prefix(root_in_repository)
            .ok()
            .map(Utf8Path::to_owned)
    } else {
        Some(path)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::{Value, json};

    use super::*;
    use crate::lint::tests::made;
    use crate::source::Root;

    #[test]
    fn paths_start_at_the_descriptor_and_stay_in_the_root() {
        for (folder, target, top, expected) in [
            ("a/b", ".", "", Some("a/b")),
            ("a/b", "./", "", Some("a/b")),
            ("a/b", "./docs", "", Some("a/b/docs")),
            ("a/b", "../..", "", Some("")),
            ("a/b", "../../..", "", None),
            ("a/b", "/", "", Some("")),
            ("a/b", "/docs", "", Some("docs")),
            ("a/b", "/x/docs", "x", Some("docs")),
            ("a/b", "/y/docs", "x", None),
            ("", "https://a.example/x", "", None),
            ("", "a%2fb", "", None),
        ] {
            let found = resolved(folder.into(), target, top.into());
            assert_eq!(found.as_deref(), expected.map(Utf8Path::new), "{target}");
        }
    }

    #[test]
    fn only_a_folder_without_anything_to_show_is_told() -> std::io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = Utf8Path::from_path(folder.path()).ok_or(std::io::ErrorKind::InvalidData)?;
        for (file, name) in [
            ("yml", "mkdocs.yml"),
            ("yaml", "mkdocs.yaml"),
            ("readme", "README.md"),
            ("pages", "docs/a.md"),
        ] {
            let file = path.join(file).join(name);
            fs::create_dir_all(file.parent().unwrap_or(path))?;
            fs::write(file, "")?;
        }
        fs::create_dir(path.join("empty"))?;
        let said = |annotations: &Value| {
            let mut sources = Sources::new(vec![Root {
                path: path.to_owned(),
                repository: None,
            }]);
            let entity = made(
                &json!({"metadata": {"name": "a", "annotations": annotations}}),
                &mut sources,
            );
            let mut found = Diagnostics::default();
            check(&entity, &sources, &mut found);
            found
                .iter()
                .map(|found| found.message.to_string())
                .collect::<Vec<_>>()
        };
        for good in [
            "dir:yml",
            "dir:./yaml/",
            "dir:readme",
            "dir:pages",
            "url:missing",
            "dir:../outside",
            "missing",
        ] {
            assert_eq!(said(&json!({REFERENCE: good})), [""; 0], "{good}");
        }
        let start = "`backstage.io/techdocs-ref` names documentation that is not there: ";
        for (bad, expected) in [
            ("dir:.", "this folder has neither `mkdocs.yml` nor `docs`"),
            ("dir:empty", "`empty` has neither `mkdocs.yml` nor `docs`"),
            ("dir:missing/docs", "`missing/docs` does not exist"),
        ] {
            assert_eq!(
                said(&json!({REFERENCE: bad})),
                [format!("{start}{expected}")]
            );
        }
        let elsewhere =
            json!({REFERENCE: "dir:missing", SOURCE: "url:https://github.com/acme/shop/"});
        assert_eq!(said(&elsewhere), [""; 0]);
        Ok(())
    }
}
