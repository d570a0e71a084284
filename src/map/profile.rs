//! Profiles: which blueprints there are and how entities become entities of theirs.
//!
//! In: `blueprints.yaml`, `mapping.yaml` and, where there are any, `functions.jq` and `refinement.yaml`, from the binary or
//! from a folder of the user. Out: a [`Profile`], every expression compiled and checked against the blueprints, or the
//! first fault by file and entry. The formats are Port's own: API bodies of blueprints, and the mapping of an integration.

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Map, Value};

use super::document;
use super::engine::Engine;
use super::jq::Input;
use super::keys::{Keys, similar};
use super::mapping::{Expressions, Leaf, Resource, asks_for_references, resource, resources};
use super::sandbox::{Evaluator, Failure};
use crate::diagnostic::Error;
use crate::port::Blueprint;
use crate::port::refine::Refinement;

/// A profile inside the binary: the very files a user would write.
#[derive(Debug, Clone, Copy)]
pub struct BuiltIn {
    /// What `--profile` names.
    pub name: &'static str,
    /// `blueprints.yaml`.
    pub blueprints: &'static str,
    /// `mapping.yaml`.
    pub mapping: &'static str,
    /// `functions.jq`.
    pub functions: &'static str,
    /// `refinement.yaml`.
    pub refinement: &'static str,
}

/// The files of a folder below `profiles/`.
macro_rules! built_in {
    ($($name:literal),+) => {
        &[$(BuiltIn {
            name: $name,
            blueprints: include_str!(concat!("profiles/", $name, "/blueprints.yaml")),
            mapping: include_str!(concat!("profiles/", $name, "/mapping.yaml")),
            functions: include_str!(concat!("profiles/", $name, "/functions.jq")),
            refinement: include_str!(concat!("profiles/", $name, "/refinement.yaml")),
        }),+]
    };
}

/// The profiles inside the binary; the first one is the default.
pub const BUILT_IN: &[BuiltIn] = built_in!["standard", "teams", "ocean", "backstage-import", "c4"];

impl BuiltIn {
    /// The profile of this name.
    ///
    /// # Errors
    ///
    /// [`Error::Profile`] when there is none.
    pub fn named(name: &str) -> Result<&'static Self, Error> {
        let found = BUILT_IN.iter().find(|built_in| built_in.name == name);
        found.ok_or_else(|| {
            let names = || BUILT_IN.iter().map(|built_in| built_in.name);
            let known = names().collect::<Vec<_>>().join("`, `");
            let similar = similar(name, names());
            let similar = similar.map_or(String::new(), |name| format!("did you mean `{name}`? "));
            Error::Profile {
                profile: name.to_owned(),
                message: format!(
                    "there is no such profile or folder; {similar}built-in profiles: `{known}`"
                ),
            }
        })
    }

    /// The files of the folder that this profile would be, by name.
    #[must_use]
    pub fn files(&self) -> [(&'static str, &'static str); 4] {
        [
            (BLUEPRINTS[0], self.blueprints),
            (MAPPING[0], self.mapping),
            (FUNCTIONS, self.functions),
            (REFINEMENT[0], self.refinement),
        ]
    }
}

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
const REFINEMENT: &[&str] = &["refinement.yaml", "refinement.yml", "refinement.json"];

/// Blueprints and the mapping that fills them.
#[derive(Debug)]
pub struct Profile {
    /// Its name, or its folder as the user wrote it.
    pub name: String,
    /// The blueprints in the order of the file.
    pub blueprints: Vec<Blueprint>,
    /// The folder that the blueprints are from instead, see [`Profile::take_blueprints`].
    pub(super) given: Option<Utf8PathBuf>,
    /// Everything beside `resources` at the root of the mapping, such as `createMissingRelatedEntities`.
    pub flags: Map<String, Value>,
    /// How its blueprints are cut to what is used.
    pub refinement: Refinement,
    functions: String,
    resources: Vec<Resource>,
    /// Each with the position of its first expression.
    engines: Vec<(usize, Arc<Engine>)>,
    evaluator: Evaluator,
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
        let built_in = BuiltIn::named(name_or_folder);
        let folder = Utf8Path::new(name_or_folder);
        if built_in.is_err() && (name_or_folder.contains(['/', '\\']) || folder.is_dir()) {
            return Self::from_folder_with(folder, evaluator);
        }
        let built_in = built_in?;
        let files = Files {
            blueprints: File::new(BLUEPRINTS[0], built_in.blueprints),
            mapping: File::new(MAPPING[0], built_in.mapping),
            functions: built_in.functions.to_owned(),
            refinement: Some(File::new(REFINEMENT[0], built_in.refinement)),
        };
        Self::from_files(built_in.name, &files, &Evaluator::InProcess, true)
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
        let read_any = |names: &[&str]| -> Result<Option<File>, Error> {
            for name in names {
                if let Some(file) = read(name)? {
                    return Ok(Some(file));
                }
            }
            Ok(None)
        };
        let read_one = |names: &[&str]| {
            let missing = || fault(format!("the folder has no file `{}`", names[0]));
            read_any(names)?.ok_or_else(missing)
        };
        let files = Files {
            blueprints: read_one(BLUEPRINTS)?,
            mapping: read_one(MAPPING)?,
            functions: read(FUNCTIONS)?.map(|file| file.text).unwrap_or_default(),
            refinement: read_any(REFINEMENT)?,
        };
        Self::from_files(folder.as_str(), &files, evaluator, false)
    }

    fn from_files(
        name: &str,
        files: &Files,
        evaluator: &Evaluator,
        is_known: bool,
    ) -> Result<Self, Error> {
        let loaded = Self::parse(name, files, evaluator, is_known);
        loaded.map_err(|message| Error::Profile {
            profile: name.to_owned(),
            message,
        })
    }

    fn parse(
        name: &str,
        files: &Files,
        evaluator: &Evaluator,
        is_known: bool,
    ) -> Result<Self, String> {
        let refinement = match &files.refinement {
            Some(file) => file.checked(refinement)?,
            None => Refinement::default(),
        };
        let blueprints = files.blueprints.checked(blueprints)?;
        let mut expressions = Expressions::default();
        let (resources, flags) = files
            .mapping
            .checked(|value| resources(value, &mut expressions))?;
        let name_of = format!("`{}`: ", files.mapping.name);
        let engine = Engine::new(&files.functions, &name_of, expressions, evaluator, is_known)?;
        let engine = Arc::new(engine);
        let profile = Self {
            name: name.to_owned(),
            blueprints,
            given: None,
            flags,
            refinement,
            functions: files.functions.clone(),
            resources,
            engines: vec![(0, engine)],
            evaluator: evaluator.clone(),
        };
        profile
            .check_names()
            .map_err(|message| format!("`{}`: {message}", files.mapping.name))?;
        Ok(profile)
    }

    /// The resources of a kind, whose case does not matter.
    pub(super) fn resources_of(&self, kind: &str) -> impl Iterator<Item = &Resource> {
        let kind = kind.to_lowercase();
        self.resources
            .iter()
            .filter(move |resource| resource.kind == kind)
    }

    /// Whether some resource is for a kind.
    pub(super) fn has_kind(&self, kind: &str) -> bool {
        self.resources_of(kind).next().is_some()
    }

    /// This profile with more blueprints and more entries of `resources`, each in the format of its file.
    pub(super) fn extended(
        &self,
        more_blueprints: Vec<Value>,
        more_resources: &[Value],
    ) -> Result<Self, String> {
        let before = self.engines.last();
        let before = before.map_or(0, |(from, engine)| from + engine.expressions());
        let mut expressions = Expressions::behind(before);
        let more_resources = more_resources.iter().enumerate();
        let more_resources: Vec<Resource> = more_resources
            .map(|(index, value)| resource(&format!("resources[{index}]"), value, &mut expressions))
            .collect::<Result<_, _>>()?;
        let engine = Engine::new(&self.functions, "", expressions, &self.evaluator, true)?;
        let extended = Self {
            name: self.name.clone(),
            blueprints: [
                self.blueprints.clone(),
                blueprints(Value::Array(more_blueprints))?,
            ]
            .concat(),
            given: self.given.clone(),
            flags: self.flags.clone(),
            refinement: self.refinement.clone(),
            functions: self.functions.clone(),
            resources: [self.resources.clone(), more_resources].concat(),
            engines: [self.engines.as_slice(), &[(before, Arc::new(engine))]].concat(),
            evaluator: self.evaluator.clone(),
        };
        extended.check_names()?;
        Ok(extended)
    }

    /// Whether an expression may ask for `.references`.
    #[must_use]
    pub fn reads_references(&self) -> bool {
        let mut resources = self.resources.iter();
        resources.any(|resource| resource.reads_references) || asks_for_references(&self.functions)
    }

    /// Whether an expression for a kind may ask for `.references`.
    pub(super) fn kind_reads_references(&self, kind: &str) -> bool {
        let mut resources = self.resources_of(kind);
        resources.any(|resource| resource.reads_references) || asks_for_references(&self.functions)
    }

    /// The resources in the order of the file.
    pub(super) fn resources(&self) -> &[Resource] {
        &self.resources
    }

    /// The first output of an expression of this profile.
    pub(super) fn first(&self, leaf: &Leaf, input: &Input) -> Result<Option<Value>, Failure> {
        let at = leaf.program;
        // The first engine starts at the first expression.
        let later = self.engines.partition_point(|(from, _)| *from <= at);
        let (from, engine) = &self.engines[later.saturating_sub(1)];
        engine.first(at - from, input)
    }

    /// The blueprints whose entities belong to the teams that own them.
    pub(super) fn with_teams(&self) -> HashSet<&str> {
        let is_direct = |blueprint: &&Blueprint| {
            let ownership = blueprint.rest.get("ownership");
            ownership.is_some_and(|ownership| ownership["type"] == "Direct")
        };
        let blueprints = self.blueprints.iter().filter(is_direct);
        blueprints.map(|one| one.identifier.as_str()).collect()
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

struct Files {
    blueprints: File,
    mapping: File,
    functions: String,
    refinement: Option<File>,
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
        let value = document::value(&self.text);
        let parsed = value.and_then(parse);
        parsed.map_err(|message| format!("`{}`: {message}", self.name))
    }
}

/// The switches of a refinement; one that is not mentioned keeps its default.
fn refinement(value: Value) -> Result<Refinement, String> {
    const SWITCHES: Keys = Keys::closed(&[
        "dropUnusedBlueprints",
        "dropUnusedProperties",
        "dropUnusedRelations",
        "relaxRequired",
        "enums",
    ]);
    let Value::Object(switches) = &value else {
        return Err("a map of switches belongs here".to_owned());
    };
    SWITCHES.check("the file", switches)?;
    serde_json::from_value(value).map_err(|error| error.to_string())
}

pub(super) fn blueprints(value: Value) -> Result<Vec<Blueprint>, String> {
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
