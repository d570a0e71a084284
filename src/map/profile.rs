//! Profiles: which blueprints there are and how entities become entities of theirs.
//!
//! In: `blueprints.yaml`, `mapping.yaml` and, where there is one, `functions.jq`, from the binary or from a folder of the
//! user. Out: a [`Profile`], every expression compiled and checked against the blueprints, or the first fault by file and
//! entry. The formats are Port's own: API bodies of blueprints, and the mapping of an integration.

use std::collections::{HashMap, HashSet};
use std::io;

use camino::Utf8Path;
use serde_json::{Map, Value};

use super::jq::{Input, Library, Program, with_double_quotes};
use crate::diagnostic::Error;
use crate::port::Blueprint;
use crate::yaml;

/// A profile inside the binary: the very files a user would write.
#[derive(Debug, Clone, Copy)]
pub struct BuiltIn {
    /// What `--profile` names.
    pub name: &'static str,
    /// `blueprints.yaml`.
    pub blueprints: &'static str,
    /// `mapping.yaml`.
    pub mapping: &'static str,
    /// `functions.jq`, where there is one.
    pub functions: Option<&'static str>,
}

/// The profiles inside the binary; the first one is the default.
pub const BUILT_IN: &[BuiltIn] = &[BuiltIn {
    name: "standard",
    blueprints: include_str!("profiles/standard/blueprints.yaml"),
    mapping: include_str!("profiles/standard/mapping.yaml"),
    functions: Some(include_str!("profiles/standard/functions.jq")),
}];

/// File names of a profile's folder, the first that exists wins. The last ones are those of Ocean's own folders.
const BLUEPRINTS: &[&str] = &["blueprints.yaml", "blueprints.yml", "blueprints.json"];
const MAPPING: &[&str] = &[
    "mapping.yaml",
    "mapping.yml",
    "mapping.json",
    "port-app-config.yaml",
    "port-app-config.yml",
];
const FUNCTIONS: &str = "functions.jq";

/// Blueprints and the mapping that fills them.
pub struct Profile {
    /// Its name, or its folder as the user wrote it.
    pub name: String,
    /// The blueprints in the order of the file.
    pub blueprints: Vec<Blueprint>,
    /// Everything beside `resources` at the root of the mapping, such as `createMissingRelatedEntities`.
    pub flags: Map<String, Value>,
    resources: Vec<Resource>,
    programs: Vec<Program>,
}

/// One entry of `resources`: what entities of a kind become.
pub(super) struct Resource {
    /// The kind in lower case.
    pub(super) kind: String,
    /// Which entities are meant.
    pub(super) query: Leaf,
    /// What to split an entity into, where it is split.
    pub(super) items: Option<Items>,
    /// What each one becomes.
    pub(super) mappings: Vec<EntityMapping>,
}

/// `itemsToParse` and what belongs to it.
pub(super) struct Items {
    pub(super) list: Leaf,
    /// The field that holds the item.
    pub(super) name: String,
    /// The keys that lead to the list, which is taken out of the entity.
    pub(super) removed: Option<Vec<String>>,
}

/// One entity of Port, as expressions.
pub(super) struct EntityMapping {
    pub(super) identifier: Leaf,
    pub(super) title: Option<Leaf>,
    pub(super) icon: Option<Leaf>,
    pub(super) blueprint: Leaf,
    pub(super) team: Option<Leaf>,
    pub(super) properties: Vec<(String, Shape)>,
    pub(super) relations: Vec<(String, Leaf)>,
}

/// The value of a property: one expression, or an object with expressions inside.
pub(super) enum Shape {
    Leaf(Leaf),
    Object(Vec<(String, Self)>),
}

/// An expression of the mapping.
pub(super) struct Leaf {
    /// Where it stands in its mapping, such as `properties.type`.
    pub(super) name: String,
    /// The expression as written.
    pub(super) text: String,
    program: usize,
}

impl Profile {
    /// The profile a user names: a built-in one, or a folder.
    ///
    /// # Errors
    ///
    /// [`Error::Profile`] when there is no such profile or it is faulty.
    pub fn load(name_or_folder: &str) -> Result<Self, Error> {
        if let Some(profile) = Self::built_in(name_or_folder) {
            return profile;
        }
        let folder = Utf8Path::new(name_or_folder);
        if name_or_folder.contains(['/', '\\']) || folder.is_dir() {
            return Self::from_folder(folder);
        }
        let names = || BUILT_IN.iter().map(|built_in| built_in.name);
        let known = names().collect::<Vec<_>>().join("`, `");
        let similar = similar(name_or_folder, names());
        let similar = similar.map_or(String::new(), |name| format!("did you mean `{name}`? "));
        Err(Error::Profile {
            profile: name_or_folder.to_owned(),
            message: format!(
                "there is no such profile or folder; {similar}built-in profiles: `{known}`"
            ),
        })
    }

    /// A profile inside the binary; `None` where none has this name.
    #[must_use]
    pub fn built_in(name: &str) -> Option<Result<Self, Error>> {
        let built_in = BUILT_IN.iter().find(|built_in| built_in.name == name)?;
        let files = Files {
            blueprints: File::new(BLUEPRINTS[0], built_in.blueprints),
            mapping: File::new(MAPPING[0], built_in.mapping),
            functions: built_in.functions.unwrap_or_default().to_owned(),
        };
        Some(Self::from_files(name, &files))
    }

    /// A profile in a folder of the user.
    ///
    /// # Errors
    ///
    /// [`Error::Profile`] when a file is missing, cannot be read or is faulty.
    pub fn from_folder(folder: &Utf8Path) -> Result<Self, Error> {
        let fault = |message| Error::Profile {
            profile: folder.to_string(),
            message,
        };
        let read = |name: &str| match std::fs::read_to_string(folder.join(name)) {
            Ok(text) => Ok(Some(File::new(name, &text))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(fault(format!("`{name}` cannot be read: {error}"))),
        };
        let read_any = |names: &[&str]| {
            for name in names {
                if let Some(file) = read(name)? {
                    return Ok(file);
                }
            }
            Err(fault(format!("the folder has no file `{}`", names[0])))
        };
        let files = Files {
            blueprints: read_any(BLUEPRINTS)?,
            mapping: read_any(MAPPING)?,
            functions: read(FUNCTIONS)?.map(|file| file.text).unwrap_or_default(),
        };
        Self::from_files(folder.as_str(), &files)
    }

    fn from_files(name: &str, files: &Files) -> Result<Self, Error> {
        let loaded = Self::parse(name, files);
        loaded.map_err(|message| Error::Profile {
            profile: name.to_owned(),
            message,
        })
    }

    fn parse(name: &str, files: &Files) -> Result<Self, String> {
        let library = Library::new(&files.functions)
            .map_err(|message| format!("`{FUNCTIONS}`: {message}"))?;
        let blueprints = files.blueprints.checked(blueprints)?;
        let mut expressions = Expressions::default();
        let (resources, flags) = files
            .mapping
            .checked(|value| mapping(value, &mut expressions))?;
        let programs = library
            .compile_all(&expressions.texts)
            .map_err(|(position, message)| {
                let entry = &expressions.entries[position];
                let text = &expressions.texts[position];
                format!("`{}`: {entry}: `{text}`: {message}", files.mapping.name)
            })?;
        let profile = Self {
            name: name.to_owned(),
            blueprints,
            flags,
            resources,
            programs,
        };
        profile
            .check_names()
            .map_err(|message| format!("`{}`: {message}", files.mapping.name))?;
        Ok(profile)
    }

    /// The resources in the order of the file.
    pub(super) fn resources(&self) -> &[Resource] {
        &self.resources
    }

    /// The first output of an expression of this profile.
    pub(super) fn first(&self, leaf: &Leaf, input: &Input) -> Result<Option<Value>, String> {
        self.programs[leaf.program].first(input)
    }

    /// Names in mappings that their blueprint lacks, where the mapping says which blueprint that is.
    fn check_names(&self) -> Result<(), String> {
        let blueprints: HashMap<&str, &Blueprint> = self
            .blueprints
            .iter()
            .map(|blueprint| (blueprint.identifier.as_str(), blueprint))
            .collect();
        for (index, resource) in self.resources.iter().enumerate() {
            for mapping in &resource.mappings {
                let constant = mapping.blueprint.constant();
                if let Some(blueprint) = constant.and_then(|id| blueprints.get(id.as_str())) {
                    mapping.check_names(blueprint).map_err(|message| {
                        format!("resources[{index}].port.entity.mappings.{message}")
                    })?;
                }
            }
        }
        Ok(())
    }
}

impl EntityMapping {
    fn check_names(&self, blueprint: &Blueprint) -> Result<(), String> {
        let properties = &blueprint.schema.properties;
        let mut names = self.properties.iter().map(|(name, _)| name);
        if let Some(name) = names.find(|name| !properties.contains_key(*name)) {
            let id = &blueprint.identifier;
            return Err(format!(
                "properties.{name}: the blueprint `{id}` has no such property"
            ));
        }
        let relations = &blueprint.relations;
        let mut names = self.relations.iter().map(|(name, _)| name);
        if let Some(name) = names.find(|name| !relations.contains_key(*name)) {
            let id = &blueprint.identifier;
            return Err(format!(
                "relations.{name}: the blueprint `{id}` has no such relation"
            ));
        }
        Ok(())
    }
}

impl Leaf {
    /// The value of an expression that is nothing but a string.
    fn constant(&self) -> Option<String> {
        serde_json::from_str(&with_double_quotes(self.text.trim())).ok()
    }
}

struct Files {
    blueprints: File,
    mapping: File,
    functions: String,
}

struct File {
    name: String,
    text: String,
}

impl File {
    fn new(name: &str, text: &str) -> Self {
        Self {
            name: name.to_owned(),
            text: text.to_owned(),
        }
    }

    /// What `parse` makes of the file's value; its name stands in front of whatever is wrong.
    fn checked<T>(&self, parse: impl FnOnce(Value) -> Result<T, String>) -> Result<T, String> {
        let value = parse_yaml(&self.text);
        let parsed = value.and_then(parse);
        parsed.map_err(|message| format!("`{}`: {message}", self.name))
    }
}

/// The value of a text that holds one YAML (or JSON) document.
fn parse_yaml(text: &str) -> Result<Value, String> {
    let mut documents = yaml::documents(text).into_iter();
    let document = documents.next().ok_or("the file is empty")?;
    if documents.next().is_some() {
        return Err("the file holds more than one document".to_owned());
    }
    document.content.map_err(|errors| {
        let Some(error) = errors.first() else {
            return "the file is no YAML".to_owned();
        };
        let before = text.get(..error.at.start).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        format!("line {line}: {}", error.message)
    })
}

fn blueprints(value: Value) -> Result<Vec<Blueprint>, String> {
    let Value::Array(items) = value else {
        return Err("a list of blueprints belongs here".to_owned());
    };
    let mut seen = HashSet::new();
    let mut blueprints = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        let entry = item
            .get("identifier")
            .and_then(Value::as_str)
            .map_or(format!("[{index}]"), |id| format!("[{index}] (`{id}`)"));
        check_blueprint_keys(&entry, &item)?;
        let blueprint: Blueprint =
            serde_json::from_value(item).map_err(|error| format!("{entry}: {error}"))?;
        if !seen.insert(blueprint.identifier.clone()) {
            return Err(format!("{entry}: there are two blueprints of this name"));
        }
        blueprints.push(blueprint);
    }
    Ok(blueprints)
}

fn check_blueprint_keys(entry: &str, blueprint: &Value) -> Result<(), String> {
    const BLUEPRINT: Keys = Keys::open(&[
        "identifier",
        "title",
        "description",
        "icon",
        "schema",
        "relations",
        "mirrorProperties",
        "calculationProperties",
        "aggregationProperties",
        "ownership",
        "changelogDestination",
        "teamInheritance",
        "includeInGlobalSearch",
    ]);
    // `type` is Port's own business; exports hold it.
    const RELATION: Keys =
        Keys::closed(&["title", "description", "target", "required", "many", "type"]);
    let Value::Object(blueprint) = blueprint else {
        return Err(format!("{entry}: a map belongs here"));
    };
    BLUEPRINT.check(entry, blueprint)?;
    let relations = blueprint.get("relations").and_then(Value::as_object);
    for (name, relation) in relations.into_iter().flatten() {
        if let Value::Object(relation) = relation {
            RELATION.check(&format!("{entry}: relations.{name}"), relation)?;
        }
    }
    Ok(())
}

/// The keys of a map in a profile.
struct Keys {
    known: &'static [&'static str],
    /// Whether Port may know keys that this tool does not.
    is_open: bool,
}

impl Keys {
    const fn open(known: &'static [&'static str]) -> Self {
        Self {
            known,
            is_open: true,
        }
    }

    const fn closed(known: &'static [&'static str]) -> Self {
        Self {
            known,
            is_open: false,
        }
    }

    /// Refuses keys that are probably misspelt: close to a known key, or any unknown key where all are known.
    fn check(&self, entry: &str, map: &Map<String, Value>) -> Result<(), String> {
        for key in map.keys().filter(|key| !self.known.contains(&key.as_str())) {
            match similar(key, self.known.iter().copied()) {
                Some(known) => {
                    return Err(format!(
                        "{entry}: unknown key `{key}`; did you mean `{known}`?"
                    ));
                }
                None if self.is_open => {}
                None => return Err(format!("{entry}: unknown key `{key}`")),
            }
        }
        Ok(())
    }
}

/// The name that a misspelt one probably means.
fn similar<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (name.chars().count() / 3).clamp(1, 3);
    known
        .map(|known| {
            let distance = strsim::osa_distance(&name.to_lowercase(), &known.to_lowercase());
            (distance, known)
        })
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, known)| known)
}

/// The expressions of a mapping, each text once.
#[derive(Default)]
struct Expressions {
    texts: Vec<String>,
    /// Where each text stands first.
    entries: Vec<String>,
    positions: HashMap<String, usize>,
}

impl Expressions {
    fn leaf(&mut self, entry: &str, name: String, value: &Value) -> Result<Leaf, String> {
        let Value::String(text) = value else {
            let hint = if value.is_object() {
                "; search queries are for Port to answer and cannot be written into offline manifests"
            } else {
                ""
            };
            return Err(format!(
                "{entry}.{name}: a jq expression (text) belongs here{hint}"
            ));
        };
        let program = with_double_quotes(text);
        let position = *self.positions.entry(program).or_insert_with_key(|program| {
            self.texts.push(program.clone());
            self.entries.push(format!("{entry}.{name}"));
            self.texts.len() - 1
        });
        Ok(Leaf {
            name,
            text: text.clone(),
            program: position,
        })
    }
}

type Mapping = (Vec<Resource>, Map<String, Value>);

fn mapping(value: Value, expressions: &mut Expressions) -> Result<Mapping, String> {
    const ROOT: Keys = Keys::open(&[
        "resources",
        "createMissingRelatedEntities",
        "deleteDependentEntities",
        "enableMergeEntity",
        "entityDeletionThreshold",
    ]);
    let Value::Object(mut root) = value else {
        return Err("a map with the key `resources` belongs here".to_owned());
    };
    ROOT.check("the root", &root)?;
    let Some(Value::Array(entries)) = root.shift_remove("resources") else {
        return Err("resources: a list belongs here".to_owned());
    };
    let resources = entries.iter().enumerate();
    let resources = resources
        .map(|(index, value)| resource(&format!("resources[{index}]"), value, expressions))
        .collect::<Result<_, _>>()?;
    Ok((resources, root))
}

fn resource(entry: &str, value: &Value, expressions: &mut Expressions) -> Result<Resource, String> {
    const RESOURCE: Keys = Keys::open(&["kind", "selector", "port"]);
    const SELECTOR: Keys = Keys::open(&["query"]);
    const PORT: Keys = Keys::open(&[
        "entity",
        "itemsToParse",
        "itemsToParseName",
        "itemsToParseTopLevelTransform",
    ]);
    const ENTITY: Keys = Keys::open(&["mappings"]);
    let resource = object(entry, value)?;
    RESOURCE.check(entry, resource)?;
    let kind = resource.get("kind").and_then(Value::as_str);
    let kind = kind.ok_or_else(|| format!("{entry}.kind: a text belongs here"))?;
    let selector_entry = format!("{entry}.selector");
    let selector = match resource.get("selector") {
        // Port's exporter for Kubernetes takes resources without a selector as meant for everything.
        None => &Map::new(),
        Some(selector) => object(&selector_entry, selector)?,
    };
    SELECTOR.check(&selector_entry, selector)?;
    let everything = Value::from("true");
    let query = selector.get("query").unwrap_or(&everything);
    let query = expressions.leaf(entry, "selector.query".to_owned(), query)?;

    let port_entry = format!("{entry}.port");
    let port = member(entry, resource, "port")?;
    PORT.check(&port_entry, port)?;
    let items = items(entry, port, expressions)?;
    let entity = member(&port_entry, port, "entity")?;
    let entity_entry = format!("{port_entry}.entity");
    ENTITY.check(&entity_entry, entity)?;
    let mappings_entry = format!("{entity_entry}.mappings");
    let mappings = match entity.get("mappings") {
        Some(Value::Array(mappings)) => mappings
            .iter()
            .enumerate()
            .map(|(index, one)| {
                entity_mapping(&format!("{mappings_entry}[{index}]"), one, expressions)
            })
            .collect::<Result<_, _>>()?,
        Some(one) => vec![entity_mapping(&mappings_entry, one, expressions)?],
        None => return Err(format!("{mappings_entry}: missing")),
    };
    Ok(Resource {
        kind: kind.to_lowercase(),
        query,
        items,
        mappings,
    })
}

fn items(
    entry: &str,
    port: &Map<String, Value>,
    expressions: &mut Expressions,
) -> Result<Option<Items>, String> {
    let Some(list) = port.get("itemsToParse").filter(|list| !list.is_null()) else {
        return Ok(None);
    };
    let list = expressions.leaf(entry, "port.itemsToParse".to_owned(), list)?;
    let name = match port.get("itemsToParseName") {
        None | Some(Value::Null) => "item".to_owned(),
        Some(Value::String(name)) => name.clone(),
        Some(_) => {
            return Err(format!(
                "{entry}.port.itemsToParseName: a text belongs here"
            ));
        }
    };
    let keeps_list = port.get("itemsToParseTopLevelTransform") == Some(&Value::Bool(false));
    let removed = if keeps_list {
        None
    } else {
        plain_path(&list.text)
    };
    Ok(Some(Items {
        list,
        name,
        removed,
    }))
}

/// The keys of an expression like `.spec.items`. Ocean takes other expressions to mean the whole entity, which leaves
/// nothing to map; here they take nothing out.
fn plain_path(text: &str) -> Option<Vec<String>> {
    let keys = text.trim().strip_prefix('.')?.split('.');
    let is_key = |key: &str| {
        !key.is_empty()
            && !key.starts_with(|c: char| c.is_ascii_digit())
            && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    keys.map(|key| is_key(key).then(|| key.to_owned()))
        .collect()
}

fn entity_mapping(
    entry: &str,
    value: &Value,
    expressions: &mut Expressions,
) -> Result<EntityMapping, String> {
    const MAPPINGS: Keys = Keys::closed(&[
        "identifier",
        "title",
        "icon",
        "blueprint",
        "team",
        "properties",
        "relations",
    ]);
    let mappings = object(entry, value)?;
    MAPPINGS.check(entry, mappings)?;
    let mut optional = |name: &str| match mappings.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => expressions.leaf(entry, name.to_owned(), value).map(Some),
    };
    let missing = |name: &str| format!("{entry}.{name}: missing");
    let identifier = optional("identifier")?.ok_or_else(|| missing("identifier"))?;
    let blueprint = optional("blueprint")?.ok_or_else(|| missing("blueprint"))?;
    let (title, icon, team) = (optional("title")?, optional("icon")?, optional("team")?);
    let properties = match mappings.get("properties") {
        None | Some(Value::Null) => Vec::new(),
        Some(value) => {
            object(&format!("{entry}.properties"), value)?;
            match shape(entry, "properties", value, expressions)? {
                Shape::Object(properties) => properties,
                Shape::Leaf(_) => Vec::new(),
            }
        }
    };
    let relations = match mappings.get("relations") {
        None | Some(Value::Null) => Vec::new(),
        Some(value) => object(&format!("{entry}.relations"), value)?
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| {
                let leaf = expressions.leaf(entry, format!("relations.{name}"), value)?;
                Ok((name.clone(), leaf))
            })
            .collect::<Result<_, String>>()?,
    };
    Ok(EntityMapping {
        identifier,
        title,
        icon,
        blueprint,
        team,
        properties,
        relations,
    })
}

fn shape(
    entry: &str,
    name: &str,
    value: &Value,
    expressions: &mut Expressions,
) -> Result<Shape, String> {
    let Value::Object(map) = value else {
        return expressions
            .leaf(entry, name.to_owned(), value)
            .map(Shape::Leaf);
    };
    map.iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(key, value)| {
            let shape = shape(entry, &format!("{name}.{key}"), value, expressions)?;
            Ok((key.clone(), shape))
        })
        .collect::<Result<_, String>>()
        .map(Shape::Object)
}

fn object<'a>(entry: &str, value: &'a Value) -> Result<&'a Map<String, Value>, String> {
    value
        .as_object()
        .ok_or_else(|| format!("{entry}: a map belongs here"))
}

fn member<'a>(
    entry: &str,
    map: &'a Map<String, Value>,
    key: &str,
) -> Result<&'a Map<String, Value>, String> {
    match map.get(key) {
        Some(value) => object(&format!("{entry}.{key}"), value),
        None => Err(format!("{entry}.{key}: missing")),
    }
}
