//! What Port's integrations for git hosts are like: how they find files and what they make of them.
//!
//! In: nothing. Out: facts, as the code of the integrations has them (port-labs/ocean, `integrations/github`,
//! `gitlab-v2`, `bitbucket-cloud` and `azure-devops`, kind `file`).

use serde_json::{Map, Value, json};

use super::Target;
use crate::source::HostedRepository;

/// A git host and the integration of Port that reads files from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Provider {
    /// GitHub: Ocean's `github`, also called GitHub Ocean.
    GitHub,
    /// GitLab: Ocean's `gitlab-v2`.
    GitLab,
    /// Bitbucket Cloud: Ocean's `bitbucket-cloud`.
    Bitbucket,
    /// Azure DevOps: Ocean's `azure-devops`.
    Azure,
}

/// Files to be found in a repository. Paths start at its top.
pub(super) enum Files {
    /// Those of this name in any folder.
    Named(&'static str),
    /// The parts of a list: `<stem>.<extension>`, `<stem>+2.<extension>` and so on, this many so far.
    Parts {
        stem: String,
        extension: &'static str,
        count: usize,
    },
    /// Those below a folder.
    Below {
        folder: String,
        extension: &'static str,
    },
}

impl Provider {
    /// The name users see, and that of the mapping's file.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::GitHub => "github",
            Self::GitLab => "gitlab",
            Self::Bitbucket => "bitbucket",
            Self::Azure => "azure",
        }
    }

    /// The name of the host.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::GitHub => "GitHub",
            Self::GitLab => "GitLab",
            Self::Bitbucket => "Bitbucket Cloud",
            Self::Azure => "Azure DevOps",
        }
    }

    /// The provider that runs a host; `None` for hosts whose name does not tell.
    #[must_use]
    pub fn of_host(host: &str) -> Option<Self> {
        match host {
            "bitbucket.org" => Some(Self::Bitbucket),
            "dev.azure.com" => Some(Self::Azure),
            host if host.contains("github") => Some(Self::GitHub),
            host if host.contains("gitlab") => Some(Self::GitLab),
            _ => None,
        }
    }

    /// Whether its integration finds the files of a target. A bundle is read by Port's CLI. Bitbucket finds files by
    /// their exact names only, and a tree has as many names as entities.
    #[must_use]
    pub const fn reads(self, target: Target) -> bool {
        match target {
            Target::PortYml | Target::Central => true,
            Target::Tree => !matches!(self, Self::Bitbucket),
            Target::Bundle | Target::Terraform | Target::Crd => false,
        }
    }

    /// The largest file its integration reads, in bytes; larger ones are passed over.
    #[must_use]
    pub const fn max_file(self) -> usize {
        match self {
            Self::GitHub | Self::Azure => 1024 * 1024,
            Self::GitLab => 1_000_000,
            // Larger files are not in Bitbucket's code search.
            Self::Bitbucket => 320_000,
        }
    }

    /// The jq path of the parsed content of a file.
    pub(super) const fn content(self) -> &'static str {
        match self {
            Self::GitHub | Self::Bitbucket => ".content",
            Self::GitLab => ".file.content",
            Self::Azure => ".file.content.parsed",
        }
    }

    /// Whether a YAML file with one mapping arrives as a list of one.
    pub(super) const fn wraps_yaml(self) -> bool {
        matches!(self, Self::GitLab)
    }

    /// Where the mapping belongs.
    pub(super) const fn place(self) -> &'static str {
        match self {
            Self::GitHub => {
                "the mapping of the data source in Port, or into port-app-config.yml of the repository .github-private"
            }
            Self::GitLab | Self::Bitbucket | Self::Azure => {
                "the mapping of the data source in Port"
            }
        }
    }

    /// The selectors `files` that find the files, one for each resource that is needed.
    pub(super) fn selectors(
        self,
        files: &[Files],
        repositories: &[&HostedRepository],
    ) -> Vec<Value> {
        let globs = || files.iter().flat_map(globs);
        let with_names = |mut selector: Map<String, Value>| {
            if !repositories.is_empty() {
                let name = |repository: &&HostedRepository| self.repository_name(repository);
                selector.insert("repos".to_owned(), repositories.iter().map(name).collect());
            }
            Value::Object(selector)
        };
        match self {
            Self::GitHub => {
                let selector = |path: String| github(&path, repositories);
                vec![globs().map(selector).collect()]
            }
            Self::Azure => {
                let paths: Vec<String> = globs().collect();
                vec![with_names(map([("path", json!(paths))]))]
            }
            Self::GitLab => {
                let selector = |files| {
                    // GitLab's search knows no patterns for folders and may lag behind; the tree is what is there.
                    let strategy = ("searchStrategy", json!("repositoryTree"));
                    with_names(map([("path", json!(one_glob(files))), strategy]))
                };
                files.iter().map(selector).collect()
            }
            Self::Bitbucket => {
                let selector = |(path, names): (String, Vec<String>)| {
                    with_names(map([("path", json!(path)), ("filenames", json!(names))]))
                };
                files.iter().filter_map(exact).map(selector).collect()
            }
        }
    }

    /// The name its integration knows a repository by.
    fn repository_name(self, repository: &HostedRepository) -> String {
        match self {
            Self::GitLab => repository.path.join("/"),
            Self::GitHub | Self::Bitbucket | Self::Azure => {
                repository.path.last().cloned().unwrap_or_default()
            }
        }
    }
}

fn map<const N: usize>(entries: [(&str, Value); N]) -> Map<String, Value> {
    let entries = entries.into_iter();
    entries
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

/// A pattern of GitHub Ocean. All repositories named on the command line are one organization's, or each is named with
/// its own.
fn github(path: &str, repositories: &[&HostedRepository]) -> Value {
    let mut selector = map([("path", json!(path))]);
    if let [first, ..] = repositories {
        let names = repositories
            .iter()
            .filter_map(|repository| repository.path.last());
        let organization = first.path.first();
        selector.insert("organization".to_owned(), json!(organization));
        selector.insert(
            "repos".to_owned(),
            names.map(|name| json!({"name": name})).collect(),
        );
    }
    Value::Object(selector)
}

/// Patterns in which `**` stands for any folders (wcmatch with `GLOBSTAR`).
fn globs(files: &Files) -> Vec<String> {
    match files {
        Files::Named(name) => vec![format!("**/{name}")],
        Files::Parts {
            stem, extension, ..
        } => vec![
            format!("{stem}.{extension}"),
            format!("{stem}+*.{extension}"),
        ],
        Files::Below { folder, extension } => vec![format!("{folder}/**/*.{extension}")],
    }
}

/// A single pattern that means the same where `*` crosses folders (`fnmatch`, on a push) and where it does not (wcmatch
/// with `GLOBSTAR`, on a resync, which puts `**/` in front of a pattern without a folder). It may find a file too many.
fn one_glob(files: &Files) -> String {
    match files {
        Files::Named(name) => format!("*{name}"),
        Files::Parts {
            stem, extension, ..
        } => format!("{stem}*.{extension}"),
        Files::Below { folder, .. } => format!("{folder}/**"),
    }
}

/// A folder and exact names. Parts that are yet to come are named too, so that the mapping need not change with each:
/// up to the next power of two.
fn exact(files: &Files) -> Option<(String, Vec<String>)> {
    match files {
        Files::Named(name) => Some(("*".to_owned(), vec![(*name).to_owned()])),
        Files::Parts {
            stem,
            extension,
            count,
        } => {
            let (folder, stem) = stem.rsplit_once('/').unwrap_or(("", stem));
            let further = (2..=(count + 1).next_power_of_two())
                .map(|number| format!("{stem}+{number}.{extension}"));
            let names = std::iter::once(format!("{stem}.{extension}")).chain(further);
            Some((folder.to_owned(), names.collect()))
        }
        Files::Below { .. } => None,
    }
}
