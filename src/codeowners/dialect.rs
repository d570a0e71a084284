//! The hosts that read CODEOWNERS, and where each looks for it.
//!
//! In: a root. Out: the file that counts and the dialect it is written in. Azure DevOps has no such file; that of Gitea
//! and Forgejo holds regular expressions and is not read.

use crate::source::{FileId, RootId, Sources};

/// Whose rules a file follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Dialect {
    GitHub,
    GitLab,
    Bitbucket,
}

/// What a host does about code owners.
#[derive(Clone, Copy)]
enum Host {
    Reads(Dialect),
    /// It has none, or in a form that is not read here.
    HasNone,
}

const GITEA: &str = ".gitea/CODEOWNERS";
const FORGEJO: &str = ".forgejo/CODEOWNERS";
/// Files that tell a host that does not give itself away by its name.
const SIGNS: &[(&str, Host)] = &[
    (".github/CODEOWNERS", Host::Reads(Dialect::GitHub)),
    (".gitlab/CODEOWNERS", Host::Reads(Dialect::GitLab)),
    (".bitbucket/CODEOWNERS", Host::Reads(Dialect::Bitbucket)),
    (GITEA, Host::HasNone),
    (FORGEJO, Host::HasNone),
    (".gitlab-ci.yml", Host::Reads(Dialect::GitLab)),
    ("bitbucket-pipelines.yml", Host::Reads(Dialect::Bitbucket)),
];

impl Dialect {
    /// The CODEOWNERS file that counts for a root, and its dialect: that of the first known host of the repository, else
    /// that of the files that stand there, else GitHub's.
    pub(super) fn of(root: RootId, sources: &mut Sources) -> Option<(Self, FileId)> {
        let host = sources.hosts(root).find_map(Host::named);
        let dialect = match host.or_else(|| Host::by_files(root, sources)) {
            Some(Host::HasNone) => return None,
            Some(Host::Reads(dialect)) => dialect,
            None => Self::GitHub,
        };
        let mut paths = dialect.paths().iter();
        let file = paths.find_map(|path| sources.add_in_repository(root, path.as_ref()))?;
        Some((dialect, file))
    }

    /// Where the host looks, first things first.
    fn paths(self) -> &'static [&'static str] {
        match self {
            Self::GitHub => &[".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"],
            // `Gitlab::CodeOwners::FILE_PATHS`
            Self::GitLab => &["CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"],
            Self::Bitbucket => &[".bitbucket/CODEOWNERS"],
        }
    }

    /// The name of the host, for messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::GitHub => "GitHub",
            Self::GitLab => "GitLab",
            Self::Bitbucket => "Bitbucket",
        }
    }
}

impl Host {
    /// The host that goes by this name: also an instance of a company, such as `gitlab.acme.example`.
    fn named(host: &str) -> Option<Self> {
        let is = |name: &str| host.split(['.', '-']).any(|part| part == name);
        if is("github") || host.ends_with(".ghe.com") {
            Some(Self::Reads(Dialect::GitHub))
        } else if is("gitlab") {
            Some(Self::Reads(Dialect::GitLab))
        } else if is("bitbucket") {
            Some(Self::Reads(Dialect::Bitbucket))
        } else if ["azure", "visualstudio", "gitea", "forgejo", "codeberg"]
            .iter()
            .any(|name| is(name))
        {
            Some(Self::HasNone)
        } else {
            None
        }
    }

    fn by_files(root: RootId, sources: &mut Sources) -> Option<Self> {
        let mut signs = SIGNS.iter();
        let mut is_there = |path: &str| sources.add_in_repository(root, path.as_ref()).is_some();
        signs.find_map(|(path, host)| is_there(path).then_some(*host))
    }
}

#[cfg(test)]
mod tests {
    use super::{Dialect, Host};

    #[test]
    fn a_host_is_known_by_its_name() {
        for (host, expected) in [
            ("github.com", Some(Some(Dialect::GitHub))),
            ("github.acme.example", Some(Some(Dialect::GitHub))),
            ("acme.ghe.com", Some(Some(Dialect::GitHub))),
            ("gitlab.com", Some(Some(Dialect::GitLab))),
            ("gitlab-eu.acme.example", Some(Some(Dialect::GitLab))),
            ("bitbucket.org", Some(Some(Dialect::Bitbucket))),
            ("dev.azure.com", Some(None)),
            ("codeberg.org", Some(None)),
            ("git.acme.example", None),
            ("notgithub.example", None),
        ] {
            let found = Host::named(host).map(|host| match host {
                Host::Reads(dialect) => Some(dialect),
                Host::HasNone => None,
            });
            assert_eq!(found, expected, "{host}");
        }
    }
}
