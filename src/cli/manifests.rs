//! The arguments that say which manifests are made, and what may be done to those of earlier runs.

use backstage2port::diagnostic::Error;
use backstage2port::render::{self, Format, Rendering};
use backstage2port::source::HostedRepository;
use backstage2port::standing::{Overwrite, Rules};
use clap::{Args, ValueEnum};

/// Which manifests are made.
#[derive(Debug, Args)]
pub(crate) struct Manifests {
    /// What to write; repeatable
    #[arg(long, value_enum, default_value = "port-yml")]
    target: Vec<Target>,
    /// Write the mapping with which Port's integration for this git host reads what is written, into .port/mapping/;
    /// repeatable. The host of --repo-url where not given, or github
    #[arg(long, value_enum, conflicts_with = "blueprints")]
    provider: Vec<Provider>,
    /// How entities are spelled: port.yml or port.json, and so on
    #[arg(long, value_enum, default_value_t = EntityFormat::Yaml)]
    manifest_format: EntityFormat,
    /// With --target terraform: write blocks by which Terraform imports blueprints and entities that Port has already
    #[arg(long)]
    terraform_import: bool,
    /// With --target crd: write resources of this namespace, instead of resources of the cluster
    #[arg(long, value_name = "NAMESPACE")]
    kubernetes_namespace: Option<String>,
}

impl Manifests {
    /// The same for the library; `address` is that of the repository, where the user gave it.
    pub(crate) fn rendering(&self, address: Option<&str>) -> Result<Rendering, Error> {
        let target = |target: &Target| match target {
            Target::PortYml => render::Target::PortYml,
            Target::Central => render::Target::Central,
            Target::Tree => render::Target::Tree,
            Target::Bundle => render::Target::Bundle,
            Target::Terraform => render::Target::Terraform,
            Target::Crd => render::Target::Crd,
        };
        let targets: Vec<_> = self.target.iter().map(target).collect();
        let format = match self.manifest_format {
            EntityFormat::Yaml => Format::Yaml,
            EntityFormat::Json => Format::Json,
        };
        Rendering::new(&targets, format, &self.providers(address))?
            .with_terraform_import(self.terraform_import)
            .with_namespace(self.kubernetes_namespace.clone())
    }

    fn providers(&self, address: Option<&str>) -> Vec<render::Provider> {
        if self.provider.is_empty() {
            let host = address.and_then(HostedRepository::parse);
            let provider = host.and_then(|host| render::Provider::of_host(&host.host));
            return vec![provider.unwrap_or(render::Provider::GitHub)];
        }
        let provider = |provider: &Provider| match provider {
            Provider::Github => Some(render::Provider::GitHub),
            Provider::Gitlab => Some(render::Provider::GitLab),
            Provider::Bitbucket => Some(render::Provider::Bitbucket),
            Provider::Azure => Some(render::Provider::Azure),
            Provider::None => None,
        };
        self.provider.iter().filter_map(provider).collect()
    }
}

/// Whether anything is written, and what is said of it.
#[derive(Debug, Args)]
pub(crate) struct Writing {
    /// Say what would be written, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Write nothing, list what would change, and exit with 1 if something would
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) check: bool,
    /// Exit with 1 when something was written, for hooks that are to stop a commit until it holds what they wrote
    #[arg(long)]
    pub(crate) fail_on_change: bool,
}

impl Writing {
    /// Whether the run only tells what it would do.
    pub(crate) const fn is_dry(&self) -> bool {
        self.dry_run || self.check
    }
}

/// What may be done to the manifests of earlier runs.
#[derive(Debug, Args)]
pub(crate) struct Again {
    /// Leave out what an entity had in its manifest and no longer has, instead of writing it as null. Port keeps what is
    /// left out, so do this once Port has seen the nulls
    #[arg(long)]
    compact: bool,
    /// Let entities leave their manifests however many they are. Port deletes them
    #[arg(long)]
    allow_removals: bool,
    /// Write over manifests that were changed by hand
    #[arg(long)]
    overwrite: bool,
}

impl Again {
    /// The same for the library.
    pub(crate) const fn rules(&self) -> Rules {
        Rules {
            compact: self.compact,
            allow_removals: self.allow_removals,
            overwrite: if self.overwrite {
                Overwrite::Always
            } else {
                Overwrite::Never
            },
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Target {
    /// port.yml beside the descriptors
    PortYml,
    /// .port/entities/<blueprint>.yml, in parts where it is long
    Central,
    /// .port/entities/<blueprint>/<identifier>.yaml, one entity a file
    Tree,
    /// .port/port-import.json, everything in one file for Port's CLI
    Bundle,
    /// .port/terraform/*.tf, resources of Port's Terraform provider
    Terraform,
    /// .port/kubernetes/*.yaml, custom resources that Port's Kubernetes exporter reads
    Crd,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Provider {
    /// GitHub (Ocean)
    Github,
    /// GitLab (v2)
    Gitlab,
    /// Bitbucket Cloud
    Bitbucket,
    /// Azure DevOps
    Azure,
    /// No mapping
    None,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum EntityFormat {
    Yaml,
    Json,
}
