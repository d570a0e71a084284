//! Turns what Port should hold into manifests: files with a path and contents, in memory.
//!
//! In: a [`port::Catalog`] and the targets. Out: [`Manifest`]s, one module a target, and the mappings with which Port's
//! integrations read them. Nothing is written here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use camino::{Utf8Path, Utf8PathBuf};

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Error};
use crate::generated;
use crate::port::{self, Entity};
use crate::source::{HostedRepository, RootId, Sources};

mod bundle;
mod central;
mod document;
pub mod file_name;
mod mapping;
mod port_yml;
mod provider;
mod tree;

pub use provider::Provider;

/// How entities are spelled in manifests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// What Port's own examples use.
    #[default]
    Yaml,
    /// What every reader reads alike.
    Json,
}

/// What is written of the entities.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Target {
    /// `port.yml` beside the descriptors.
    #[default]
    PortYml,
    /// `.port/entities/<blueprint>.yml`, a list of entities for each blueprint.
    Central,
    /// `.port/entities/<blueprint>/<identifier>.yaml`, one entity a file.
    Tree,
    /// `.port/port-import.json`, all blueprints and entities in one file for Port's CLI.
    Bundle,
}

impl Target {
    /// The name users see.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::PortYml => "port-yml",
            Self::Central => "central",
            Self::Tree => "tree",
            Self::Bundle => "bundle",
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

/// Which manifests are made, and for whom.
#[derive(Debug, Clone)]
pub struct Rendering {
    targets: Vec<Target>,
    format: Format,
    /// For each provider the target its mapping reads.
    mappings: Vec<(Provider, Target)>,
}

impl Rendering {
    /// A rendering with these targets, and for each provider the mapping that reads the first target it can. Targets and
    /// providers that are named twice count once; a bundle needs no mapping.
    ///
    /// # Errors
    ///
    /// [`Error::Provider`] if a provider can read none of the targets.
    pub fn new(targets: &[Target], format: Format, providers: &[Provider]) -> Result<Self, Error> {
        let mut rendering = Self {
            targets: Vec::new(),
            format,
            mappings: Vec::new(),
        };
        for target in targets {
            if !rendering.targets.contains(target) {
                rendering.targets.push(*target);
            }
        }
        let files = targets.iter().filter(|target| **target != Target::Bundle);
        for provider in providers {
            let readable = files.clone().find(|target| provider.reads(**target));
            match (readable, files.clone().next()) {
                (Some(target), _) => {
                    if !rendering.mappings.contains(&(*provider, *target)) {
                        rendering.mappings.push((*provider, *target));
                    }
                }
                (None, Some(target)) => {
                    return Err(Error::Provider {
                        provider: provider.id(),
                        target: target.id(),
                    });
                }
                (None, None) => {}
            }
        }
        Ok(rendering)
    }
}

/// `port.yml` files, in YAML, and the mapping for GitHub.
impl Default for Rendering {
    fn default() -> Self {
        Self {
            targets: vec![Target::PortYml],
            format: Format::Yaml,
            mappings: vec![(Provider::GitHub, Target::PortYml)],
        }
    }
}

/// A file to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The root it belongs to.
    pub root: RootId,
    /// The path inside the root, with forward slashes.
    pub path: Utf8PathBuf,
    /// The path of its first part where one list is written in several; its own where it is whole.
    whole: Utf8PathBuf,
    /// The whole file: UTF-8, LF, final newline.
    pub contents: String,
    /// How many entities it holds.
    pub entities: usize,
}

impl Manifest {
    pub(crate) fn new(root: RootId, path: impl Into<Utf8PathBuf>, contents: String) -> Self {
        let path = path.into();
        Self {
            root,
            whole: path.clone(),
            path,
            contents: generated::sealed(contents),
            entities: 0,
        }
    }

    fn holding(mut self, entities: usize) -> Self {
        self.entities = entities;
        self
    }
}

/// The manifests of all targets, and in every root that has entities the blueprints, one per file in
/// `.port/blueprints/`, and the mappings, in `.port/mapping/`; neither where the blueprints are given. Sorted by root and
/// path.
///
/// `folders` says for each root where it stands in the repository that the manifests are committed to; a root that is not
/// there stands at the top. A manifest that is too large for a provider gives [`Code::ManifestTooLarge`]. How entities
/// are ordered in the catalog does not matter.
#[must_use]
pub fn manifests(
    catalog: &port::Catalog,
    sources: &Sources,
    rendering: &Rendering,
    folders: &BTreeMap<RootId, Utf8PathBuf>,
    diagnostics: &mut Diagnostics,
) -> Vec<Manifest> {
    let homes = Homes::of(catalog, sources);
    let mut manifests = Vec::new();
    let mut parts = BTreeMap::new();
    for target in &rendering.targets {
        let made = match target {
            Target::PortYml => port_yml::manifests(catalog, sources, rendering.format),
            Target::Central => central::manifests(&homes, rendering.format),
            Target::Tree => tree::manifests(&homes, sources, rendering.format),
            Target::Bundle => bundle::manifest(catalog, sources).into_iter().collect(),
        };
        if *target == Target::Central {
            parts = central::parts(&made);
        }
        report_too_large(&made, *target, rendering, diagnostics);
        manifests.extend(made);
    }
    let made = catalog.blueprints.iter().filter(|_| !catalog.are_given);
    let mut shared: Vec<(Utf8PathBuf, String)> = made.map(blueprint_file).collect();
    let mapped = mapping::Mapped {
        catalog,
        format: rendering.format,
        folders: homes.folders(folders),
        repositories: homes.repositories(sources),
        parts: &parts,
    };
    // They belong to the run that made the blueprints.
    let mappings = rendering.mappings.iter().filter(|_| !catalog.are_given);
    for (provider, target) in mappings {
        let path = format!(".port/mapping/{}.yml", provider.id());
        shared.push((path.into(), mapped.mapping(*provider, *target)));
    }
    for root in homes.0.keys() {
        for (path, contents) in &shared {
            manifests.push(Manifest::new(*root, path, contents.clone()));
        }
    }
    manifests.sort_by(|a, b| (a.root, &a.path).cmp(&(b.root, &b.path)));
    manifests
}

/// The entities of each root by blueprint, in the order of their identifiers.
struct Homes<'a>(BTreeMap<RootId, BTreeMap<&'a str, Vec<&'a Entity>>>);

impl<'a> Homes<'a> {
    fn of(catalog: &'a port::Catalog, sources: &Sources) -> Self {
        let mut homes: BTreeMap<RootId, BTreeMap<&str, Vec<&Entity>>> = BTreeMap::new();
        for entity in &catalog.entities {
            let (root, _) = sources.home(entity.origin.file);
            let blueprints = homes.entry(root).or_default();
            blueprints
                .entry(&entity.blueprint)
                .or_default()
                .push(entity);
        }
        for entities in homes.values_mut().flat_map(BTreeMap::values_mut) {
            entities.sort_by(|a, b| a.identifier.cmp(&b.identifier));
        }
        Self(homes)
    }

    /// Where the roots stand in their repositories, each place once.
    fn folders(&self, folders: &BTreeMap<RootId, Utf8PathBuf>) -> BTreeSet<Utf8PathBuf> {
        let folder = |root| folders.get(root).cloned().unwrap_or_default();
        self.0.keys().map(folder).collect()
    }

    /// The repositories of the roots, where the user named those of all.
    fn repositories(&self, sources: &Sources) -> BTreeSet<HostedRepository> {
        let named = |root: &RootId| {
            let address = sources.root(*root).repository.as_deref()?;
            HostedRepository::parse(address)
        };
        let all: Option<BTreeSet<_>> = self.0.keys().map(named).collect();
        all.unwrap_or_default()
    }
}

/// Reports manifests that a provider would pass over, which would delete their entities in Port.
fn report_too_large(
    manifests: &[Manifest],
    target: Target,
    rendering: &Rendering,
    diagnostics: &mut Diagnostics,
) {
    let readers = rendering
        .mappings
        .iter()
        .filter(|(_, read)| *read == target);
    for (provider, _) in readers {
        let limit = provider.max_file();
        for manifest in manifests {
            let length = manifest.contents.len();
            if length <= limit {
                continue;
            }
            let message = format!(
                "`{}` has {length} bytes, and Port's integration for {} reads none of more than {limit}: its entities \
                 would not arrive",
                manifest.path,
                provider.name()
            );
            let help = if manifest.entities > 1 {
                "write them in parts with `--target central`, or no mapping with `--provider none`"
            } else {
                "make the entity smaller, or map less of it; `--provider none` writes no mapping"
            };
            diagnostics.push(Diagnostic::new(Code::ManifestTooLarge, message).help(help));
        }
    }
}

fn blueprint_file(blueprint: &port::Blueprint) -> (Utf8PathBuf, String) {
    let origin = generated::opening(BY_PROFILE);
    let name = file_name::path(&blueprint.identifier);
    (
        Utf8PathBuf::from(format!(".port/blueprints/{name}.json")),
        document::blueprint(blueprint, &origin),
    )
}

/// How a file of ours goes on that holds entities of several folders.
const DO_NOT_EDIT: &str = ". Do not edit: change the descriptors and run it again.";

/// How a file of ours goes on that holds what the profile says as well.
const BY_PROFILE: &str = ". Do not edit: change the profile or the descriptors and run it again.";

/// Where the entities of a blueprint stand, without extension.
fn entities_path(blueprint: &str) -> Utf8PathBuf {
    Utf8Path::new(".port/entities").join(file_name::path(blueprint))
}

#[cfg(test)]
mod tests;
