//! Integration mappings: `.port/mapping/<provider>.yml`, with which Port's integration for a git host reads manifests.
//!
//! In: what the catalog uses of its blueprints, and where the manifests stand. Out: the text of a mapping, one resource of
//! kind `file` for each blueprint.
//!
//! On a push, Ocean maps an item that fails the selector all the same and deletes the entity that comes out, unless the same
//! push writes it (`port_ocean/core/integrations/mixins/live_events.py`). Here such an item comes out without a blueprint,
//! and Ocean drops what has none.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Map, Value, json};

use super::provider::Files;
use super::{BY_PROFILE, Format, Provider, Target, central, entities_path, port_yml, tree};
use crate::generated;
use crate::port::{self, Names};
use crate::source::HostedRepository;
use crate::yaml::write;

/// The icon of entities without one where their blueprint has none either.
const DEFAULT_ICON: &str = "DefaultBlueprint";

/// The flags at the root of a mapping, and why they have their values.
const FLAGS: &str = "\
# Keep the properties of an entity that this mapping does not list: others may fill them.
enableMergeEntity: true
# Make the target of a relation where Port has none yet, else an entity is refused until all its targets are there. A
# typo makes an entity too: backstage2port reports it as dangling-relation. Port never makes users and teams this way.
createMissingRelatedEntities: true
# Deleting an entity deletes no others.
deleteDependentEntities: false
# A resync that would delete more than this share of all entities deletes none.
entityDeletionThreshold: 0.2
";

/// What is mapped.
pub(super) struct Mapped<'a> {
    pub(super) catalog: &'a port::Catalog,
    pub(super) format: Format,
    /// Where the roots stand in their repositories.
    pub(super) folders: BTreeSet<Utf8PathBuf>,
    /// The repositories of the roots; none stands for any.
    pub(super) repositories: BTreeSet<HostedRepository>,
    /// How many parts the list of a blueprint has, by the path of the first.
    pub(super) parts: &'a BTreeMap<Utf8PathBuf, usize>,
}

/// What the entities of a blueprint may have.
#[derive(Default)]
struct Shape<'a> {
    properties: BTreeSet<Cow<'a, str>>,
    relations: BTreeSet<Cow<'a, str>>,
    has_team: bool,
    has_icon: bool,
    icon: Option<&'a str>,
}

impl<'a> Mapped<'a> {
    /// The mapping with which a provider reads the manifests of a target.
    pub(super) fn mapping(&self, provider: Provider, target: Target) -> String {
        let mut text = format!(
            "# {}\n\
             #\n\
             # With this mapping Port's integration for {} reads the manifests of target {target}. It belongs\n\
             # into {}.\n\
             # A mapping that stands there already keeps its flags and takes the resources below in addition.\n\n",
            generated::opening(BY_PROFILE),
            provider.name(),
            provider.place(),
        );
        text.push_str(FLAGS);
        let shapes = self.shapes();
        let resources: Vec<Value> = shapes
            .iter()
            .flat_map(|(blueprint, shape)| self.resources(blueprint, shape, provider, target))
            .collect();
        let _ = write!(text, "{}", write::text(&json!({"resources": resources})));
        text
    }

    /// The mapping with which Port's Kubernetes exporter reads custom resources: those of namespaces, or of the cluster.
    pub(super) fn of_cluster(&self, are_in_namespace: bool) -> String {
        let plural = if are_in_namespace {
            "entities"
        } else {
            "clusterentities"
        };
        let annotation = |name: &str| format!(".metadata.annotations[{}]", quoted(name));
        let resource = |(blueprint, shape): (&str, Shape<'_>)| {
            let mut mapping = mappings(blueprint, &shape, ".spec");
            let mut set = |key: &str, leaf: String| {
                if let Some(known) = mapping.get_mut(key) {
                    *known = leaf.into();
                }
            };
            // It refuses an object where a leaf gives nothing, so this one is as the selector wants it.
            set("blueprint", ".spec.blueprint".to_owned());
            let title = annotation(generated::TITLE_ANNOTATION);
            set("title", format!("{title} // .spec.identifier"));
            let icon = quoted(shape.icon.unwrap_or(DEFAULT_ICON));
            set(
                "icon",
                format!("{} // {icon}", annotation(generated::ICON_ANNOTATION)),
            );
            let team = annotation(generated::TEAM_ANNOTATION);
            set("team", format!("{team} // \"[]\" | fromjson"));
            json!({
                "kind": format!("getport.io/v1/{plural}"),
                "selector": {"query": format!(".spec.blueprint == {}", quoted(blueprint))},
                "port": {"entity": {"mappings": [mapping]}},
            })
        };
        let resources: Vec<Value> = self.shapes().into_iter().map(resource).collect();
        format!(
            "# {}\n\
             #\n\
             # With this mapping Port's Kubernetes exporter reads the custom resources of target crd. It belongs into the\n\
             # configuration of the exporter in Port. One that stands there already takes the resources below in addition.\n\n\
             # Make the target of a relation where Port has none yet, else an entity is refused until all its targets are there.\n\
             createMissingRelatedEntities: true\n\
             # Deleting an entity deletes no others.\n\
             deleteDependents: false\n{}",
            generated::opening(BY_PROFILE),
            write::text(&json!({"resources": resources})),
        )
    }

    /// The blueprints in the order of the profile, then those that only entities name.
    fn shapes(&self) -> Vec<(&'a str, Shape<'a>)> {
        let mut shapes: Vec<(&str, Shape<'_>)> = Vec::new();
        let mut known: BTreeMap<&str, usize> = BTreeMap::new();
        for blueprint in &self.catalog.blueprints {
            known.insert(&blueprint.identifier, shapes.len());
            let shape = Shape {
                properties: blueprint.schema.properties.keys().map(Cow::from).collect(),
                relations: blueprint.relations.keys().map(Cow::from).collect(),
                icon: blueprint.icon.as_deref(),
                ..Shape::default()
            };
            shapes.push((&blueprint.identifier, shape));
        }
        let mut unknown: BTreeMap<&str, Shape<'a>> = BTreeMap::new();
        for entity in &self.catalog.entities {
            let known = known.get(entity.blueprint());
            let shape = match known {
                Some(position) => &mut shapes[*position].1,
                None => unknown.entry(entity.blueprint()).or_default(),
            };
            if known.is_some() && shape.has_team && shape.has_icon {
                continue;
            }
            let outline = entity.outline();
            shape.has_team |= outline.has_team;
            shape.has_icon |= outline.has_icon;
            if known.is_none() {
                let names = |names: Names| names.0.into_iter().map(|(name, _)| Cow::from(name));
                shape.properties.extend(names(outline.properties));
                shape.relations.extend(names(outline.relations));
            }
        }
        shapes.extend(unknown);
        shapes
    }

    /// The resources of one blueprint: as many as the provider needs to find its files.
    fn resources(
        &self,
        blueprint: &str,
        shape: &Shape<'_>,
        provider: Provider,
        target: Target,
    ) -> Vec<Value> {
        let wraps = self.format == Format::Yaml && provider.wraps_yaml();
        let is_list = target != Target::Tree || wraps;
        let entity = if is_list { ".item" } else { provider.content() };
        let mut port = Map::new();
        if is_list {
            port.insert("itemsToParse".to_owned(), json!(provider.content()));
        }
        let mappings = mappings(blueprint, shape, entity);
        port.insert("entity".to_owned(), json!({"mappings": mappings}));
        // Whatever stands in a file of that name, the outcome is true or false; any other one stops a resync.
        let query = format!("({entity}.blueprint? // null) == {}", quoted(blueprint));
        let repositories: Vec<_> = self
            .repositories
            .iter()
            .filter(|repository| Provider::of_host(&repository.host).is_none_or(|p| p == provider))
            .collect();
        provider
            .selectors(&self.files(blueprint, target), &repositories)
            .into_iter()
            .map(|files| {
                json!({"kind": "file", "selector": {"query": query, "files": files}, "port": port})
            })
            .collect()
    }

    /// The files with the entities of a blueprint.
    fn files(&self, blueprint: &str, target: Target) -> Vec<Files> {
        let stem = entities_path(blueprint);
        let folders = self.folders.iter();
        match target {
            Target::PortYml => vec![Files::Named(port_yml::name(self.format))],
            Target::Central => {
                let first = central::part_path(blueprint, 1, self.format);
                let count = self.parts.get(&first).copied().unwrap_or(1);
                let parts = |folder: &Utf8PathBuf| Files::Parts {
                    stem: below(folder, &stem),
                    extension: central::extension(self.format),
                    count,
                };
                folders.map(parts).collect()
            }
            Target::Tree => {
                let tree = |folder: &Utf8PathBuf| Files::Below {
                    folder: below(folder, &stem),
                    extension: tree::extension(self.format),
                };
                folders.map(tree).collect()
            }
            Target::Bundle | Target::Terraform | Target::Crd => Vec::new(),
        }
    }
}

/// The mappings of an entity that stands at a jq path. Every leaf is a jq program.
fn mappings(blueprint: &str, shape: &Shape<'_>, entity: &str) -> Value {
    let mut mappings = Map::new();
    let mut set = |key: &str, value: Value| mappings.insert(key.to_owned(), value);
    set("identifier", json!(format!("{entity}.identifier")));
    // Port takes no null for title, icon and team.
    set(
        "title",
        json!(format!("{entity}.title // {entity}.identifier")),
    );
    if shape.has_icon {
        let icon = quoted(shape.icon.unwrap_or(DEFAULT_ICON));
        set("icon", json!(format!("{entity}.icon // {icon}")));
    }
    let select = format!("select(. == {})", quoted(blueprint));
    set("blueprint", json!(format!("{entity}.blueprint | {select}")));
    if shape.has_team {
        set("team", json!(format!("{entity}.team // []")));
    }
    for (key, names) in [
        ("properties", &shape.properties),
        ("relations", &shape.relations),
    ] {
        let leaf = |name: &Cow<'_, str>| {
            let path = format!("{entity}.{key}{}", field(name));
            (name.to_string(), json!(path))
        };
        if !names.is_empty() {
            set(key, names.iter().map(leaf).collect());
        }
    }
    Value::Object(mappings)
}

/// A jq string.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// The jq path of a field of an object: `.name`, or `["a-b"]` where the name is no word.
fn field(name: &str) -> String {
    let is_start = |char: char| char.is_ascii_alphabetic() || char == '_';
    let is_part = |char: char| char.is_ascii_alphanumeric() || char == '_';
    if name.starts_with(is_start) && name.chars().all(is_part) {
        format!(".{name}")
    } else {
        format!("[{}]", quoted(name))
    }
}

/// A path below the folder of a root, in which the characters of patterns stand for themselves.
fn below(folder: &Utf8Path, path: &Utf8Path) -> String {
    let literal: String = folder
        .as_str()
        .chars()
        .map(|char| match char {
            '*' | '?' | '[' => format!("[{char}]"),
            other => other.to_string(),
        })
        .collect();
    let path = Utf8PathBuf::from(literal).join(path);
    path.as_str().replace('\\', "/")
}
