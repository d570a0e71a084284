//! Addresses of repositories and of their files on git hosts.
//!
//! In: what git calls a remote, and the address of a page or a raw file. Out: the path of the file in the repository.
//! Nothing here is ever fetched, and credentials are dropped where they are read.

use std::borrow::Cow;

use url::Url;

/// A repository on a host, however its address is spelled: scheme, user, password, the port of ssh, and `.git` are
/// gone, so that `git@github.com:acme/shop.git` and `https://token@github.com/acme/shop` are one.
#[derive(Debug, Clone)]
pub(super) struct Remote {
    host: String,
    /// The port of the web pages, where it is known.
    port: Option<u16>,
    path: Vec<String>,
}

/// The names of the revisions of a repository that hold what a root holds.
#[derive(Debug, Clone)]
pub(super) enum Names {
    /// Any branch. A commit is never meant: a file cannot name the commit it is part of.
    Any,
    /// These branches or tags.
    These(Vec<String>),
}

/// Names that mean the branch a catalog is read from, in every repository.
const DEFAULT_BRANCHES: [&str; 3] = ["HEAD", "main", "master"];
/// What stands between repository and revision in the address of a file.
const VIEWS: [&str; 5] = ["blob", "tree", "edit", "raw", "src"];
/// Hosts that go by another name: with ssh through the port of https, and with raw files.
const OTHER_NAMES: [(&str, &str); 5] = [
    ("ssh.github.com", "github.com"),
    ("www.github.com", "github.com"),
    ("raw.githubusercontent.com", "github.com"),
    ("altssh.gitlab.com", "gitlab.com"),
    ("altssh.bitbucket.org", "bitbucket.org"),
];
const AZURE: &str = "dev.azure.com";

impl Remote {
    /// Reads the address of a remote; `None` for one on this machine.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if !text.contains("://") {
            return Self::parse_scp(text);
        }
        let url = Url::parse(text).ok()?;
        let port = match url.scheme() {
            "https" | "http" => url.port(),
            "ssh" | "git+ssh" | "ssh+git" | "git" => None,
            _ => return None,
        };
        Self::new(url.host_str()?, port, url.path())
    }

    /// `git@github.com:acme/shop.git`
    fn parse_scp(text: &str) -> Option<Self> {
        let (host, path) = text.split_once(':')?;
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        // One letter is a drive, not a host.
        let is_host = host.len() > 1 && !host.contains(['/', '\\']);
        is_host.then(|| Self::new(host, None, path)).flatten()
    }

    /// The name of the host, in small letters.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    fn new(host: &str, port: Option<u16>, path: &str) -> Option<Self> {
        let path = path.trim_end_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        let remote = Self {
            host: host.to_ascii_lowercase(),
            port,
            path: decoded(path.split('/'))?,
        };
        let remote = remote.with_one_name();
        (!remote.path.is_empty()).then_some(remote)
    }

    /// Brings the spellings of a host and of Azure DevOps and Bitbucket Server to one.
    fn with_one_name(mut self) -> Self {
        if let Some((_, name)) = OTHER_NAMES.iter().find(|(other, _)| *other == self.host) {
            (*name).clone_into(&mut self.host);
        }
        if matches!(
            self.host.as_str(),
            "ssh.dev.azure.com" | "vs-ssh.visualstudio.com"
        ) {
            AZURE.clone_into(&mut self.host);
            if let [version, organisation, project, name] = self.path.as_slice()
                && version == "v3"
            {
                let git = "_git".to_owned();
                self.path = vec![organisation.clone(), project.clone(), git, name.clone()];
            }
        } else if let Some(organisation) = self.host.strip_suffix(".visualstudio.com") {
            let organisation = organisation.to_owned();
            self.path.retain(|part| part != "DefaultCollection");
            self.path.insert(0, organisation);
            AZURE.clone_into(&mut self.host);
        }
        // A project and its repository of the same name.
        if let [organisation, git, name] = self.path.as_slice()
            && git == "_git"
        {
            let (organisation, git, name) = (organisation.clone(), git.clone(), name.clone());
            self.path = vec![organisation, name.clone(), git, name];
        }
        if let [.., scm, _, _] = self.path.as_slice()
            && scm == "scm"
        {
            self.path.remove(self.path.len() - 3);
        }
        self
    }

    /// Compares as hosts do: the case of letters does not count.
    fn is(&self, other: &Self) -> bool {
        let same = |a: &String, b: &String| a.eq_ignore_ascii_case(b);
        self.host == other.host
            // The address of an ssh remote does not tell the port of the web pages.
            && (self.port == other.port || self.port.is_none())
            && self.path.len() == other.path.len()
            && self.path.iter().zip(&other.path).all(|(a, b)| same(a, b))
    }

    /// The path of the file that an address names, if it is a file of this repository at one of the revisions. It is
    /// decoded, and nobody has made sure that it stays inside.
    pub(super) fn path_of(&self, url: &Url, names: &Names) -> Option<String> {
        let address = Address::of(url)?;
        let forms = [Address::azure, Address::bitbucket_server, Address::page];
        let file = forms
            .iter()
            .filter_map(|form| form(&address, self))
            .find(|file| self.is(&file.repository))?;
        let path = match file.revision {
            Revision::Default => file.rest,
            Revision::Named(name) if names.has(&name) => file.rest,
            Revision::Named(_) => return None,
            Revision::InPath => names.after(file.rest)?,
        };
        (!path.is_empty()).then(|| path.join("/"))
    }
}

/// The address of a file, decoded.
struct Address {
    host: String,
    port: Option<u16>,
    segments: Vec<String>,
    query: Vec<(String, String)>,
}

/// An address taken apart.
struct File<'a> {
    repository: Remote,
    revision: Revision,
    rest: Cow<'a, [String]>,
}

enum Revision {
    /// The address names none.
    Default,
    Named(String),
    /// The path begins with it; how long it is cannot be told.
    InPath,
}

impl Address {
    fn of(url: &Url) -> Option<Self> {
        matches!(url.scheme(), "https" | "http").then_some(())?;
        Some(Self {
            host: url.host_str()?.to_owned(),
            port: url.port(),
            segments: decoded(url.path_segments()?)?,
            query: url.query_pairs().into_owned().collect(),
        })
    }

    fn query(&self, name: &str) -> Option<&str> {
        let mut pairs = self.query.iter();
        pairs.find_map(|(key, value)| (key == name).then_some(value.as_str()))
    }

    fn repository(&self, path: Vec<String>) -> Remote {
        let (host, port) = (self.host.clone(), self.port);
        Remote { host, port, path }.with_one_name()
    }

    /// `…/_git/web?path=/a/x.yaml&version=GBmain`; other versions are tags and commits.
    fn azure(&self, _: &Remote) -> Option<File<'_>> {
        let git = self.segments.iter().position(|part| part == "_git")?;
        let revision = match self.query("version") {
            None => Revision::Default,
            Some(version) => Revision::Named(version.strip_prefix("GB")?.to_owned()),
        };
        Some(File {
            repository: self.repository(self.segments.get(..git + 2)?.to_vec()),
            revision,
            rest: parts(self.query("path")?).into(),
        })
    }

    /// `…/projects/SHOP/repos/web/browse/a/x.yaml?at=refs/heads/main`
    fn bitbucket_server(&self, like: &Remote) -> Option<File<'_>> {
        let start = like.path.len().checked_sub(2)?;
        let (context, own) = self.segments.split_at_checked(start)?;
        let [owners, owner, repos, name, view, rest @ ..] = own else {
            return None;
        };
        let owner = match owners.as_str() {
            "projects" => owner.clone(),
            "users" => format!("~{owner}"),
            _ => return None,
        };
        (repos == "repos" && matches!(view.as_str(), "browse" | "raw")).then_some(())?;
        let revision = self.query("at").map_or(Revision::Default, |at| {
            Revision::Named(at.strip_prefix("refs/heads/").unwrap_or(at).to_owned())
        });
        Some(File {
            repository: self.repository([context, &[owner, name.clone()]].concat()),
            revision,
            rest: rest.into(),
        })
    }

    /// `…/blob/main/a/x.yaml` and what other hosts make of it.
    fn page(&self, like: &Remote) -> Option<File<'_>> {
        let (own, rest) = self.segments.split_at_checked(like.path.len())?;
        let mut own = own.to_vec();
        if let Some(name) = own.last_mut()
            && let Some(short) = name.strip_suffix(".git")
        {
            *name = short.to_owned();
        }
        let is_raw = self.host == "raw.githubusercontent.com";
        Some(File {
            repository: self.repository(own),
            revision: Revision::InPath,
            rest: if is_raw {
                rest
            } else {
                after_view(rest, &like.host)?
            }
            .into(),
        })
    }
}

/// What follows `blob/`, `-/blob/` (GitLab) or `src/branch/` (Gitea): revision and path.
fn after_view<'a>(segments: &'a [String], host: &str) -> Option<&'a [String]> {
    let segments = match segments {
        [dash, rest @ ..] if dash == "-" => rest,
        all => all,
    };
    match segments {
        [view, kind, rest @ ..]
            if matches!(view.as_str(), "src" | "raw")
                && kind == "branch"
                && host != "bitbucket.org" =>
        {
            Some(rest)
        }
        [view, rest @ ..] if VIEWS.contains(&view.as_str()) => Some(rest),
        _ => None,
    }
}

impl Names {
    /// These names and those that mean the default branch in every repository.
    pub(super) fn with_defaults(names: impl IntoIterator<Item = String>) -> Self {
        let defaults = DEFAULT_BRANCHES.iter().map(ToString::to_string);
        Self::These(defaults.chain(names).collect())
    }

    fn has(&self, name: &str) -> bool {
        match self {
            Self::Any => !is_commit(name),
            Self::These(names) => names.iter().any(|known| known == name),
        }
    }

    /// What follows the revision at the start of a path.
    fn after<'a>(&self, mut path: Cow<'a, [String]>) -> Option<Cow<'a, [String]>> {
        let mut rest: &[String] = &path;
        if let [refs, heads, after @ ..] = rest
            && refs == "refs"
            && heads == "heads"
        {
            rest = after;
        }
        let rest = match self {
            Self::Any => rest.split_first().filter(|(name, _)| !is_commit(name))?.1,
            Self::These(names) => names
                .iter()
                .find_map(|name| rest.strip_prefix(parts(name).as_slice()))?,
        };
        let start = path.len() - rest.len();
        match &mut path {
            Cow::Borrowed(path) => Some(Cow::Borrowed(&path[start..])),
            Cow::Owned(path) => Some(Cow::Owned(path.split_off(start))),
        }
    }
}

fn is_commit(name: &str) -> bool {
    matches!(name.len(), 40 | 64) && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The address of a root that the user gave: of a repository, of a branch (`…/tree/main`), or of a folder in it
/// (`…/tree/main/services`).
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub(super) remote: Remote,
    pub(super) names: Names,
    pub(super) folder: String,
}

impl Given {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut remote = Remote::parse(text)?;
        let view = |(at, part): (usize, &String)| {
            (at >= 2 && VIEWS.contains(&part.as_str())).then_some(at)
        };
        let Some(at) = remote.path.iter().enumerate().find_map(view) else {
            return Some(Self {
                remote,
                names: Names::Any,
                folder: String::new(),
            });
        };
        let rest = remote.path.split_off(at);
        let rest = after_view(&rest, &remote.host)?;
        remote.path.pop_if(|part| part == "-");
        let (name, folder) = match rest.split_first() {
            Some((name, folder)) => (Names::These(vec![name.clone()]), folder.join("/")),
            None => (Names::Any, String::new()),
        };
        Some(Self {
            remote,
            names: name,
            folder,
        })
    }
}

/// A repository as its host knows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostedRepository {
    /// The name of the host, in small letters.
    pub host: String,
    /// The names that lead to the repository, its own last: `acme`, `shop`.
    pub path: Vec<String>,
}

impl HostedRepository {
    /// Reads the address of a repository, of one of its branches, or of a folder in it; `None` for what is none.
    #[must_use]
    pub fn parse(address: &str) -> Option<Self> {
        let Remote { host, path, .. } = Given::parse(address)?.remote;
        Some(Self { host, path })
    }
}

fn parts(path: &str) -> Vec<String> {
    let parts = path.split('/').filter(|part| !part.is_empty());
    parts.map(ToOwned::to_owned).collect()
}

fn decoded<'a>(segments: impl Iterator<Item = &'a str>) -> Option<Vec<String>> {
    segments
        .filter(|part| !part.is_empty())
        .map(|part| percent_decoded(part).ok())
        .collect()
}

/// Decodes `%20` and the like.
pub(crate) fn percent_decoded(path: &str) -> Result<String, std::string::FromUtf8Error> {
    let bytes = path.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let escaped = (*byte == b'%')
            .then(|| path.get(at + 1..at + 3))
            .flatten()
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        decoded.push(escaped.unwrap_or(*byte));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8(decoded)
}

#[cfg(test)]
mod tests;
