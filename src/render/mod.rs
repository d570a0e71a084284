//! Turns what Port should hold into manifests: files with a path and contents, in memory.
//!
//! In: a [`port::Catalog`]. Out: [`Manifest`]s. Nothing is written here.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use crate::generated::GENERATED;
use crate::port::{self, Entity};
use crate::source::{Origin, RootId, Sources};

mod document;
pub mod file_name;

/// How many descriptors the first line of a manifest names.
const NAMED_DESCRIPTORS: usize = 3;

/// How entities are spelled in manifests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// `port.yml`, what Port's own examples use.
    #[default]
    Yaml,
    /// `port.json`.
    Json,
}

/// A file to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The root it belongs to.
    pub root: RootId,
    /// The path inside the root, with forward slashes.
    pub path: Utf8PathBuf,
    /// The whole file: UTF-8, LF, final newline.
    pub contents: String,
    /// How many entities it holds.
    pub entities: usize,
}

/// The manifests of target `port-yml`: beside each descriptor a `port.yml` with the entities of the folder, and in every
/// root that has entities the blueprints, one per file in `.port/blueprints/`, unless they are given. Sorted by root and
/// path.
///
/// Entities are ordered by the path of their descriptor, the document, and the order of the mapping; how they are
/// ordered in the catalog does not matter beyond that.
#[must_use]
pub fn manifests(catalog: &port::Catalog, sources: &Sources, format: Format) -> Vec<Manifest> {
    let mut folders: BTreeMap<(RootId, &Utf8Path), Vec<&Entity>> = BTreeMap::new();
    for entity in &catalog.entities {
        let file = entity.origin.file;
        folders.entry(sources.home(file)).or_default().push(entity);
    }
    let roots: BTreeSet<RootId> = folders.keys().map(|(root, _)| *root).collect();
    let mut manifests: Vec<Manifest> = folders
        .into_par_iter()
        .map(|((root, folder), entities)| folder_manifest(root, folder, entities, sources, format))
        .collect();
    let written = catalog.blueprints.iter().filter(|_| !catalog.are_given);
    let blueprints: Vec<_> = written.map(blueprint_file).collect();
    for root in roots {
        manifests.extend(blueprints.iter().map(|(path, contents)| Manifest {
            root,
            path: path.clone(),
            contents: contents.clone(),
            entities: 0,
        }));
    }
    manifests.sort_by(|a, b| (a.root, &a.path).cmp(&(b.root, &b.path)));
    manifests
}

fn folder_manifest(
    root: RootId,
    folder: &Utf8Path,
    mut entities: Vec<&Entity>,
    sources: &Sources,
    format: Format,
) -> Manifest {
    // What is known from dumps comes after the descriptors, in the order of the catalog.
    entities.sort_by_key(|entity| {
        let Origin { file, document, .. } = entity.origin;
        let stands_here = sources.home(file).0 == sources.root_of(file) && !sources.is_dump(file);
        let place = stands_here.then(|| (sources.path(file), document));
        (place.is_none(), place)
    });
    let mut names: Vec<&str> = entities
        .iter()
        .filter_map(|entity| sources.path(entity.origin.file).file_name())
        .collect();
    names.dedup();
    let origin = format!(
        "{GENERATED} from {}. Do not edit: change the descriptors and run it again.",
        listed(&names)
    );
    Manifest {
        root,
        path: folder.join(match format {
            Format::Yaml => "port.yml",
            Format::Json => "port.json",
        }),
        contents: document::entities(&entities, &origin, format),
        entities: entities.len(),
    }
}

fn blueprint_file(blueprint: &port::Blueprint) -> (Utf8PathBuf, String) {
    let origin = format!(
        "{GENERATED}. Do not edit: change the profile or the descriptors and run it again."
    );
    let name = file_name::path(&blueprint.identifier);
    (
        Utf8PathBuf::from(format!(".port/blueprints/{name}.json")),
        document::blueprint(blueprint, &origin),
    )
}

/// The first few names, on one line whatever they hold: a file name may contain a line break, which would end the
/// comment and start YAML of a stranger's choice.
fn listed(names: &[&str]) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(NAMED_DESCRIPTORS)
        .map(|name| name.replace(is_unprintable, "\u{fffd}"))
        .collect();
    let more = names.len().saturating_sub(NAMED_DESCRIPTORS);
    match more {
        0 => shown.join(", "),
        _ => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Characters that break lines, are not allowed in YAML, or turn the direction of text around.
fn is_unprintable(char: char) -> bool {
    char.is_control()
        || matches!(
            char,
            '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
                | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use camino::Utf8Path;
    use serde_json::{Value, json};

    use super::{Format, Manifest, listed, manifests};
    use crate::generated::is_generated;
    use crate::port::{self, Blueprint, Entity, Targets};
    use crate::source::{Origin, Root, RootId, Sources};

    fn two_roots() -> Sources {
        let root = |path: &str| Root {
            path: path.into(),
            repository: None,
        };
        Sources::new(vec![root("a"), root("b")])
    }

    fn entity(sources: &mut Sources, root: u32, path: &str, document: usize, id: &str) -> Entity {
        Entity {
            identifier: id.to_owned(),
            title: None,
            icon: None,
            blueprint: "component".to_owned(),
            team: None,
            properties: BTreeMap::new(),
            relations: BTreeMap::new(),
            origin: Origin {
                file: sources.add(RootId(root), Utf8Path::new(path)),
                document,
                line: 1,
            },
        }
    }

    fn component() -> Result<Blueprint, serde_json::Error> {
        serde_json::from_value(json!({
            "ownership": {"type": "Direct"},
            "relations": {"system": {"target": "system"}},
            "schema": {"properties": {"type": {"type": "string"}}, "required": []},
            "title": "Component", "identifier": "API",
        }))
    }

    fn paths(manifests: &[Manifest]) -> Vec<(u32, &str, usize)> {
        let facts = manifests.iter();
        facts
            .map(|m| (m.root.0, m.path.as_str(), m.entities))
            .collect()
    }

    #[test]
    fn a_manifest_beside_the_descriptors_and_blueprints_in_every_root()
    -> Result<(), serde_json::Error> {
        let mut sources = two_roots();
        let mut full = entity(&mut sources, 1, "x/org.yaml", 1, "shop");
        full.title = Some("on".to_owned());
        full.icon = Some("Service".to_owned());
        full.team = Some(Targets::Many(vec!["payments".to_owned()]));
        full.properties = BTreeMap::from([
            ("tier".to_owned(), json!("1")),
            ("gone".to_owned(), Value::Null),
            (
                "links".to_owned(),
                json!([{"url": "https://a.example", "displayText": "A"}]),
            ),
        ]);
        full.relations = BTreeMap::from([("system".to_owned(), Targets::One("no".to_owned()))]);
        let entities = vec![
            full,
            entity(&mut sources, 1, "x/catalog-info.yaml", 0, "c"),
            entity(&mut sources, 1, "x/org.yaml", 0, "a"),
            entity(&mut sources, 0, "catalog-info.yaml", 0, "r"),
        ];
        let mut catalog = port::Catalog {
            blueprints: vec![component()?],
            entities,
            ..port::Catalog::default()
        };
        let first = manifests(&catalog, &sources, Format::Yaml);
        assert_eq!(
            paths(&first),
            [
                (0, ".port/blueprints/+a+p+i.json", 0),
                (0, "port.yml", 1),
                (1, ".port/blueprints/+a+p+i.json", 0),
                (1, "x/port.yml", 3),
            ]
        );
        assert_eq!(
            first[3].contents,
            "# Generated by backstage2port from catalog-info.yaml, org.yaml. Do not edit: change the descriptors and \
             run it again.\n\
             - identifier: c\n  blueprint: component\n\
             - identifier: a\n  blueprint: component\n\
             - identifier: shop\n  title: \"on\"\n  icon: Service\n  blueprint: component\n  team:\n    - payments\n  \
             properties:\n    links:\n      - displayText: A\n        url: https://a.example\n    tier: \"1\"\n  \
             relations:\n    system: \"no\"\n"
        );
        catalog.entities.rotate_left(1);
        assert_eq!(manifests(&catalog, &sources, Format::Yaml), first);
        Ok(())
    }

    #[test]
    fn json_is_the_same_with_the_comment_as_first_key() -> Result<(), serde_json::Error> {
        let mut sources = two_roots();
        let catalog = port::Catalog {
            blueprints: vec![component()?],
            entities: vec![
                entity(&mut sources, 0, "catalog-info.yaml", 0, "a"),
                entity(&mut sources, 0, "catalog-info.yaml", 1, "b"),
            ],
            ..port::Catalog::default()
        };
        let manifests = manifests(&catalog, &sources, Format::Json);
        assert_eq!(manifests[1].path, "port.json");
        let list: Value = serde_json::from_str(&manifests[1].contents)?;
        assert_eq!(list[0]["identifier"], "a");
        assert_eq!(
            list[1],
            json!({"identifier": "b", "blueprint": "component"})
        );
        assert!(manifests[1].contents.ends_with("]\n"));
        let body: serde_json::Map<_, _> = serde_json::from_str(&manifests[0].contents)?;
        let keys: Vec<_> = body.keys().map(String::as_str).collect();
        assert_eq!(
            keys,
            [
                "$comment",
                "identifier",
                "title",
                "schema",
                "relations",
                "ownership"
            ]
        );
        assert_eq!(
            body["relations"],
            json!({"system": {"target": "system", "required": false, "many": false}})
        );
        for manifest in &manifests {
            assert!(is_generated(&manifest.contents), "{}", manifest.contents);
        }
        Ok(())
    }

    #[test]
    fn our_files_are_told_from_others() {
        for ours in [
            "# Generated by backstage2port from a.yaml.\n- a: 1\n",
            "\u{feff}# Generated by backstage2port from a.yaml.\r\n",
            "#Generated by backstage2port",
            "{\r\n \"$comment\" : \"Generated by backstage2port. Do",
            "\u{feff}\n[{\"$comment\":\"Generated by backstage2port from",
        ] {
            assert!(is_generated(ours), "{ours}");
        }
        for other in [
            "",
            "- identifier: a\n# Generated by backstage2port from a.yaml.",
            "# Generated by backstage2portal from a.yaml.",
            "Generated by backstage2port",
            "{\"a\": 1, \"$comment\": \"Generated by backstage2port\"}",
            "{\"$comment\": \"\", \"a\": \"Generated by backstage2port\"}",
        ] {
            assert!(!is_generated(other), "{other}");
        }
    }

    #[test]
    fn the_comment_stays_one_line() {
        assert_eq!(
            listed(&["a\n- b: 1", "c\u{2028}\u{85}"]),
            "a\u{fffd}- b: 1, c\u{fffd}\u{fffd}"
        );
        assert_eq!(listed(&["a", "b", "c", "d", "e"]), "a, b, c and 2 more");
    }
}
