//! Turns what Port should hold into manifests: files with a path, and contents that are made when they are asked for.
//!
//! In: a [`port::Catalog`] and the targets. Out: [`Manifest`]s, one module a target, and the mappings with which Port's
//! integrations read them. Nothing is written here, and what the manifests of a whole catalog say is never held at once.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Error};
use crate::generated;
use crate::port::{self, Packed};
use crate::source::{HostedRepository, RootId, Sources};

mod bundle;
mod central;
mod document;
pub mod file_name;
mod kubernetes;
mod limit;
mod mapping;
mod port_yml;
mod provider;
mod terraform;
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
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
    /// `.port/terraform/*.tf`, resources of Port's Terraform provider.
    Terraform,
    /// `.port/kubernetes/*.yaml`, one custom resource for each entity.
    Crd,
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
            Self::Terraform => "terraform",
            Self::Crd => "crd",
        }
    }

    /// Whether integrations for git hosts read it. The others go to Port by tools of their own.
    const fn is_for_hosts(self) -> bool {
        matches!(self, Self::PortYml | Self::Central | Self::Tree)
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
    /// Whether Terraform imports what Port has already.
    terraform_import: bool,
    /// The namespace of custom resources; without one they belong to the cluster.
    namespace: Option<String>,
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
            terraform_import: false,
            namespace: None,
        };
        for target in targets {
            if !rendering.targets.contains(target) {
                rendering.targets.push(*target);
            }
        }
        let files = targets.iter().filter(|target| target.is_for_hosts());
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

    /// Whether what an entity no longer has is written as null anywhere: Port keeps what is merely left out, unless a tool
    /// empties it.
    #[must_use]
    pub fn writes_nulls(&self) -> bool {
        let is_emptied = |target: &Target| matches!(target, Target::Terraform | Target::Crd);
        !self.targets.iter().all(is_emptied)
    }

    /// The same, with blocks by which Terraform imports what Port has already.
    #[must_use]
    pub fn with_terraform_import(mut self, imports: bool) -> Self {
        self.terraform_import = imports;
        self
    }

    /// The same, with custom resources in this namespace; those without one belong to the cluster.
    ///
    /// # Errors
    ///
    /// [`Error::Namespace`] if Kubernetes takes no namespace of this name.
    pub fn with_namespace(mut self, namespace: Option<String>) -> Result<Self, Error> {
        if let Some(namespace) = &namespace
            && !kubernetes::is_namespace(namespace)
        {
            let namespace = namespace.clone();
            return Err(Error::Namespace { namespace });
        }
        self.namespace = namespace;
        Ok(self)
    }
}

/// `port.yml` files, in YAML, and the mapping for GitHub.
impl Default for Rendering {
    fn default() -> Self {
        Self {
            targets: vec![Target::PortYml],
            format: Format::Yaml,
            mappings: vec![(Provider::GitHub, Target::PortYml)],
            terraform_import: false,
            namespace: None,
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
    /// The path of the first part, where this is another part of a list.
    whole: Option<Utf8PathBuf>,
    text: Text,
}

/// What a manifest says.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Text {
    /// The text itself; roots may share it.
    Made(Arc<str>),
    /// What it is made of.
    Of(Recipe),
    /// Resources of Terraform.
    Resources(terraform::Recipe),
}

/// How the text of a manifest is made of the entities of a catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Recipe {
    shape: Shape,
    format: Format,
    /// How the sentence goes on that opens the file.
    origin: Cow<'static, str>,
    /// The positions of the entities, in their order.
    entities: Box<[usize]>,
    /// Of a custom resource.
    namespace: Option<Arc<str>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    List,
    Single,
    Bundle,
    /// A custom resource of Kubernetes.
    Custom,
}

impl Manifest {
    /// A manifest with this text, which begins with an opening.
    pub(crate) fn new(root: RootId, path: impl Into<Utf8PathBuf>, contents: String) -> Self {
        Self {
            root,
            path: path.into(),
            whole: None,
            text: Text::Made(generated::sealed(contents).into()),
        }
    }

    fn of(root: RootId, path: impl Into<Utf8PathBuf>, recipe: Recipe) -> Self {
        Self {
            root,
            path: path.into(),
            whole: None,
            text: Text::Of(recipe),
        }
    }

    /// The whole file: UTF-8, LF, final newline. It is made anew each time, from the catalog that the manifest was made
    /// for.
    #[must_use]
    pub fn contents(&self, catalog: &port::Catalog) -> Cow<'_, str> {
        let recipe = match &self.text {
            Text::Made(text) => return Cow::Borrowed(text),
            Text::Of(recipe) => recipe,
            Text::Resources(recipe) => return Cow::Owned(generated::sealed(recipe.text(catalog))),
        };
        let origin = generated::opening(&recipe.origin);
        let entities: Vec<&Packed> = recipe.packed(catalog).collect();
        let text = match (recipe.shape, &entities[..]) {
            (Shape::Bundle, all) => document::bundle(&catalog.blueprints, all, &origin),
            (Shape::Custom, [entity]) => {
                kubernetes::document(entity, recipe.namespace.as_deref(), &origin)
            }
            (Shape::Single, [entity]) => document::entity(entity, &origin, recipe.format),
            (_, all) => document::entities(all, &origin, recipe.format),
        };
        Cow::Owned(generated::sealed(text))
    }

    /// How many entities it holds.
    #[must_use]
    pub fn entities(&self) -> usize {
        match &self.text {
            Text::Made(_) => 0,
            Text::Of(recipe) => recipe.entities.len(),
            Text::Resources(recipe) => recipe.entities.len(),
        }
    }

    /// How many bytes it has; `None` where they are surely no more than a limit.
    fn length(&self, catalog: &port::Catalog, limit: usize) -> Option<usize> {
        /// The blueprints of a bundle are not counted, only its entities.
        const OPENING: usize = 1024;
        if let Text::Of(recipe) = &self.text
            && recipe.shape != Shape::Bundle
            && recipe
                .packed(catalog)
                .map(Packed::most_bytes)
                .sum::<usize>()
                + OPENING
                + recipe.origin.len()
                <= limit
        {
            return None;
        }
        Some(self.contents(catalog).len())
    }
}

impl Recipe {
    fn packed<'a>(&self, catalog: &'a port::Catalog) -> impl Iterator<Item = &'a Packed> {
        self.entities
            .iter()
            .filter_map(|position| catalog.entities.get(*position))
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
            Target::Central => central::manifests(catalog, &homes, rendering.format),
            Target::Tree => tree::manifests(catalog, &homes, sources, rendering.format),
            Target::Bundle => bundle::manifest(catalog, sources).into_iter().collect(),
            Target::Terraform => {
                let imports = rendering.terraform_import;
                terraform::manifests(catalog, sources, imports, diagnostics)
            }
            Target::Crd => {
                let namespace = rendering.namespace.as_deref();
                kubernetes::manifests(catalog, &homes, sources, namespace, diagnostics)
            }
        };
        if *target == Target::Central {
            parts = central::parts(&made);
        }
        report_too_large(catalog, &made, *target, rendering, diagnostics);
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
    if rendering.targets.contains(&Target::Crd) && !catalog.are_given {
        let text = mapped.of_cluster(rendering.namespace.is_some());
        shared.push((".port/mapping/kubernetes.yml".into(), text));
    }
    for (path, contents) in shared {
        let made = Manifest::new(RootId(0), path, contents);
        manifests.extend(homes.0.keys().map(|root| Manifest {
            root: *root,
            ..made.clone()
        }));
    }
    manifests.sort_by(|a, b| (a.root, &a.path).cmp(&(b.root, &b.path)));
    manifests
}

/// The positions of the entities of each root by blueprint, in the order of their identifiers.
struct Homes<'a>(BTreeMap<RootId, BTreeMap<&'a str, Vec<usize>>>);

impl<'a> Homes<'a> {
    fn of(catalog: &'a port::Catalog, sources: &Sources) -> Self {
        let mut homes: BTreeMap<RootId, BTreeMap<&str, Vec<usize>>> = BTreeMap::new();
        for (position, entity) in catalog.entities.iter().enumerate() {
            let (root, _) = sources.home(entity.origin.file);
            let blueprints = homes.entry(root).or_default();
            let entities = blueprints.entry(entity.blueprint()).or_default();
            entities.push(position);
        }
        for entities in homes.values_mut().flat_map(BTreeMap::values_mut) {
            entities.sort_by_key(|position| catalog.entities[*position].identifier());
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
    catalog: &port::Catalog,
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
        let lengths = manifests.par_iter().filter_map(|manifest| {
            let length = manifest.length(catalog, limit)?;
            (length > limit).then_some((manifest, length))
        });
        for (manifest, length) in lengths.collect::<Vec<_>>() {
            let message = format!(
                "`{}` has {length} bytes, and Port's integration for {} reads none of more than {limit}: its entities \
                 would not arrive",
                manifest.path,
                provider.name()
            );
            let help = if manifest.entities() > 1 {
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
