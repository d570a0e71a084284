//! The repository that holds a root, as far as addresses are concerned.
//!
//! In: a folder. Out: where it stands in its repository and which addresses name its files. Git's files are read as
//! what they are, text: neither the user's own git configuration nor the owner of a folder changes what comes out.

use camino::{Utf8Path, Utf8PathBuf};
use git2::{Config, Repository};
use url::Url;

use super::remote::{Given, Names, Remote};

/// What the addresses of a root's files look like.
#[derive(Debug, Clone)]
pub(super) struct Home {
    remotes: Vec<Remote>,
    names: Names,
    /// The folder of the root in the repository; empty for its top.
    folder: Utf8PathBuf,
}

impl Home {
    /// By the address that the user gave.
    pub(super) fn given(address: &str) -> Option<Self> {
        let given = Given::parse(address)?;
        Some(Self {
            remotes: vec![given.remote],
            names: given.names,
            folder: given.folder.into(),
        })
    }

    /// By the remotes of the repository. `revision` is what is read of it; `None` stands for the work tree.
    pub(super) fn of(layout: &Layout, revision: Option<&str>) -> Self {
        let remotes = layout.remotes();
        let mut names = Vec::new();
        match revision {
            None | Some("HEAD" | "@") => names.extend(branch(&layout.git.join("HEAD"))),
            Some(revision) => names.push(short_name(revision, &remotes).to_owned()),
        }
        for (name, _) in &remotes {
            let head = layout.common.join("refs/remotes").join(name).join("HEAD");
            let default = branch(&head);
            names.extend(default.map(|branch| short_name(&branch, &remotes).to_owned()));
        }
        Self {
            names: Names::with_defaults(names),
            remotes: remotes
                .iter()
                .filter_map(|(_, url)| Remote::parse(url))
                .collect(),
            folder: layout.folder.clone(),
        }
    }

    /// The hosts of the repository.
    pub(super) fn hosts(&self) -> impl Iterator<Item = &str> {
        self.remotes.iter().map(Remote::host)
    }

    /// The folder of the root in the repository; empty for its top.
    pub(super) fn folder(&self) -> &Utf8Path {
        &self.folder
    }

    /// The path inside the root of the file that an address names.
    pub(super) fn path_of(&self, url: &Url) -> Option<String> {
        let path = self
            .remotes
            .iter()
            .find_map(|remote| remote.path_of(url, &self.names))?;
        let inside = Utf8Path::new(&path).strip_prefix(&self.folder).ok()?;
        Some(inside.as_str().to_owned())
    }
}

/// Where the parts of a repository are.
#[derive(Debug)]
pub(super) struct Layout {
    /// What belongs to this work tree alone: HEAD.
    git: Utf8PathBuf,
    /// What all work trees share: configuration and branches.
    pub(super) common: Utf8PathBuf,
    /// The folder that was asked for, from the top of the work tree.
    pub(super) folder: Utf8PathBuf,
}

/// The repository around a folder, by what all its work trees share, and where the folder stands in it: empty for the top,
/// and in a bare repository. `None` where there is none.
#[must_use]
pub fn repository_around(folder: &Utf8Path) -> Option<(Utf8PathBuf, Utf8PathBuf)> {
    let folder = if folder == "" { ".".into() } else { folder };
    let layout = Layout::around(&folder.canonicalize_utf8().ok()?)?;
    Some((layout.common, layout.folder))
}

impl Layout {
    /// The repository around a folder, given by its canonical path.
    pub(super) fn around(folder: &Utf8Path) -> Option<Self> {
        let ceilings: [&str; 0] = [];
        let git = Repository::discover_path(folder, ceilings).ok()?;
        let git = Utf8PathBuf::try_from(git).ok()?.canonicalize_utf8().ok()?;
        let common = match std::fs::read_to_string(git.join("commondir")) {
            Ok(path) => git.join(path.trim_end()).canonicalize_utf8().ok()?,
            Err(_) => git.clone(),
        };
        let mut above = folder.ancestors();
        // In a bare repository, and in `.git` itself, the top is meant.
        let top = above.find(|above| above.join(".git").exists() && !folder.starts_with(&git));
        let inside = top.and_then(|top| folder.strip_prefix(top).ok());
        Some(Self {
            git,
            common,
            folder: inside.unwrap_or(Utf8Path::new("")).to_owned(),
        })
    }

    /// Names and addresses of the remotes, in the order of the configuration.
    fn remotes(&self) -> Vec<(String, String)> {
        let mut remotes = Vec::new();
        let Ok(config) = Config::open(self.common.join("config").as_std_path()) else {
            return remotes;
        };
        let Ok(mut entries) = config.entries(Some(r"^remote\..*\.url$")) else {
            return remotes;
        };
        while let Some(Ok(entry)) = entries.next() {
            let name = entry
                .name()
                .ok()
                .and_then(|name| name.strip_prefix("remote."));
            let name = name.and_then(|name| name.strip_suffix(".url"));
            if let (Some(name), Ok(url)) = (name, entry.value()) {
                remotes.push((name.to_owned(), url.to_owned()));
            }
        }
        remotes
    }
}

/// The branch that a symbolic reference names.
fn branch(file: &Utf8Path) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    let name = text.trim_end().strip_prefix("ref: refs/")?;
    let name = name
        .strip_prefix("heads/")
        .or(name.strip_prefix("remotes/"))?;
    Some(name.to_owned())
}

/// The name that a host uses for a revision: `main` for `refs/heads/main` and `origin/main`.
fn short_name<'a>(revision: &'a str, remotes: &[(String, String)]) -> &'a str {
    let name = ["refs/heads/", "refs/tags/", "refs/remotes/"]
        .iter()
        .find_map(|start| revision.strip_prefix(start))
        .unwrap_or(revision);
    let short =
        |(remote, _): &(String, String)| name.strip_prefix(remote.as_str())?.strip_prefix('/');
    remotes.iter().find_map(short).unwrap_or(name)
}
