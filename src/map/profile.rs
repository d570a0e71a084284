//! Profiles: which blueprints there are and how entities become entities of theirs.
//!
//! In: `blueprints.yaml`, `mapping.yaml` and, where there is one, `functions.jq`, from the binary or from a folder of the
//! user. Out: a [`Profile`], every expression compiled and checked against the blueprints, or the first fault by file and
//! entry. The formats are Port's own: API bodies of blueprints, and the mapping of an integration.

use std::collections::{HashMap, HashSet};
use std::io;

use camino::Utf8Path;
use serde_json::{Map, Value};

use super::jq::{Input, Library, Program};
use super::keys::{Keys, similar};
use super::mapping::{Expressions, Leaf, Resource, resources};
use super::plain::Plain;
use super::sandbox::{Evaluator, Failure, Workers};
use super::worker::{Fault, Programs};
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
#[derive(Debug)]
pub struct Profile {
    /// Its name, or its folder as the user wrote it.
    pub name: String,
    /// The blueprints in the order of the file.
    pub blueprints: Vec<Blueprint>,
    /// Everything beside `resources` at the root of the mapping, such as `createMissingRelatedEntities`.
    pub flags: Map<String, Value>,
    resources: Vec<Resource>,
    engine: Engine,
}

/// What runs the expressions.
#[derive(Debug)]
enum Engine {
    Here(Vec<Program>),
    /// Simple expressions need no jq, and so no process.
    Elsewhere(Vec<Option<Plain>>, Workers),
}

impl Profile {
    /// The profile a user names: a built-in one, or a folder, whose expressions run in this process.
    ///
    /// # Errors
    ///
    /// [`Error::Profile`] when there is no such profile or it is faulty.
    pub fn load(name_or_folder: &str) -> Result<Self, Error> {
        Self::load_with(name_or_folder, &Evaluator::InProcess)
    }

    /// The profile a user names: a built-in one, or a folder, whose expressions run where the evaluator says.
    ///
    /// # Errors
    ///
    /// [`Error::Profile`] when there is no such profile, it is faulty, or no process can be started for it.
    pub fn load_with(name_or_folder: &str, evaluator: &Evaluator) -> Result<Self, Error> {
        if let Some(profile) = Self::built_in(name_or_folder) {
            return profile;
        }
        let folder = Utf8Path::new(name_or_folder);
        if name_or_folder.contains(['/', '\\']) || folder.is_dir() {
            return Self::from_folder_with(folder, evaluator);
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
        Some(Self::from_files(name, &files, &Evaluator::InProcess))
    }

    /// A profile in a folder of the user, whose expressions run in this process.
    ///
    /// # Errors
    ///
    /// [`Error::Profile`] when a file is missing, cannot be read or is faulty.
    pub fn from_folder(folder: &Utf8Path) -> Result<Self, Error> {
        Self::from_folder_with(folder, &Evaluator::InProcess)
    }

    fn from_folder_with(folder: &Utf8Path, evaluator: &Evaluator) -> Result<Self, Error> {
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
        Self::from_files(folder.as_str(), &files, evaluator)
    }

    fn from_files(name: &str, files: &Files, evaluator: &Evaluator) -> Result<Self, Error> {
        let loaded = Self::parse(name, files, evaluator);
        loaded.map_err(|message| Error::Profile {
            profile: name.to_owned(),
            message,
        })
    }

    fn parse(name: &str, files: &Files, evaluator: &Evaluator) -> Result<Self, String> {
        let blueprints = files.blueprints.checked(blueprints)?;
        let mut expressions = Expressions::default();
        let (resources, flags) = files
            .mapping
            .checked(|value| resources(value, &mut expressions))?;
        let profile = Self {
            name: name.to_owned(),
            blueprints,
            flags,
            resources,
            engine: Engine::new(files, expressions, evaluator)?,
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
    pub(super) fn first(&self, leaf: &Leaf, input: &Input) -> Result<Option<Value>, Failure> {
        match &self.engine {
            Engine::Here(programs) => programs[leaf.program].first(input).map_err(Failure::Failed),
            Engine::Elsewhere(plain, workers) => {
                let plain = plain[leaf.program].as_ref();
                match plain.and_then(|plain| plain.value(input.value())) {
                    Some(value) => Ok(Some(value)),
                    None => workers.first(leaf.program, input),
                }
            }
        }
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

impl Engine {
    fn new(files: &Files, expressions: Expressions, evaluator: &Evaluator) -> Result<Self, String> {
        let functions = |message: String| format!("`{FUNCTIONS}`: {message}");
        let Expressions { texts, entries, .. } = expressions;
        let expression = |at: usize, text: &str, message: String| {
            format!(
                "`{}`: {}: `{text}`: {message}",
                files.mapping.name, entries[at]
            )
        };
        match evaluator {
            Evaluator::InProcess => Library::new(&files.functions)
                .map_err(functions)?
                .compile_all(&texts)
                .map(Self::Here)
                .map_err(|(at, message)| expression(at, &texts[at], message)),
            Evaluator::Workers { program, arguments } => {
                let plain = texts.iter().map(|text| Plain::of(text)).collect();
                let programs = Programs {
                    functions: files.functions.clone(),
                    expressions: texts.clone(),
                };
                let started = Workers::start(program, arguments, programs).map_err(|error| {
                    format!("a process for its expressions cannot be started: {error}")
                })?;
                match started {
                    Ok(workers) => Ok(Self::Elsewhere(plain, workers)),
                    Err(Fault::Functions(message)) => Err(functions(message)),
                    Err(Fault::Expression(at, message)) => Err(expression(at, &texts[at], message)),
                }
            }
        }
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
