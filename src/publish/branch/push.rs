//! Pushes a branch with the user's git, so that their credentials, hooks and proxies work.
//!
//! In: a commit and what the remote is known to hold. Out: the branch of the remote at that commit, or why it is not.
//! What somebody else pushed in between stays: the remote is changed only while it holds what this clone last saw there.

use std::process::{Command, Stdio};

use git2::{Direction, Oid, Repository};

use super::REFLOG;
use super::error::BranchError;
use super::find::commit_of;
use super::sign::joined;

/// Settings of a git that called this program, such as a hook of another repository. They say which repository is meant
/// and must not reach the git that is called.
const LOCAL: &[&str] = &[
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

/// A branch of a remote, as this clone knows it.
pub(super) struct RemoteBranch {
    /// The name of the remote.
    remote: String,
    /// The remote-tracking branch.
    tracking: String,
    /// Whether `git fetch` without further words updates it.
    is_fetched: bool,
    /// What it held when it was looked at.
    pub(super) stands: Option<Oid>,
}

impl RemoteBranch {
    /// Looks up what a clone knows of a branch. The remote is not asked.
    pub(super) fn find(
        repository: &Repository,
        remote: &str,
        reference: &str,
        name: &str,
    ) -> Result<Self, BranchError> {
        let found = repository
            .find_remote(remote)
            .map_err(|_| BranchError::Remote {
                remote: remote.to_owned(),
            })?;
        let fetched = found
            .refspecs()
            .filter(|spec| spec.direction() == Direction::Fetch)
            .filter(|spec| spec.src_matches(reference))
            .find_map(|spec| {
                let tracking = spec.transform(reference).ok()?;
                tracking.as_str().ok().map(str::to_owned)
            });
        let is_fetched = fetched.is_some();
        let tracking = fetched.unwrap_or_else(|| format!("refs/remotes/{remote}/{name}"));
        let stands = commit_of(repository, &tracking)?;
        Ok(Self {
            remote: remote.to_owned(),
            tracking,
            is_fetched,
            stands,
        })
    }

    /// Pushes a commit.
    pub(super) fn push(
        &self,
        repository: &Repository,
        name: &str,
        reference: &str,
        commit: &str,
    ) -> Result<(), BranchError> {
        let remote = &self.remote;
        let expected = self.stands.map(|id| id.to_string()).unwrap_or_default();
        let mut git = Command::new("git");
        for variable in LOCAL {
            git.env_remove(variable);
        }
        git.arg("-C")
            .arg(repository.workdir().unwrap_or_else(|| repository.path()))
            // A mirror would push all branches, and refuses to push one.
            .args(["-c", &format!("remote.{remote}.mirror=false")])
            .args(["push", "--porcelain"])
            // Nothing of another branch or a tag, whatever the configuration adds.
            .args(["--no-follow-tags", "--recurse-submodules=no"])
            .arg(format!("--force-with-lease={reference}:{expected}"))
            .args(["--", remote])
            .arg(format!("{commit}:{reference}"))
            .stdin(Stdio::null());
        let output = git.output().map_err(BranchError::NoGit)?;
        if output.status.success() {
            return self.remember(repository, commit);
        }
        let stdout = String::from_utf8_lossy(&output.stdout);
        let rejected: Vec<&str> = stdout
            .lines()
            .filter_map(|line| line.strip_prefix("!\t"))
            .collect();
        if rejected.iter().any(|line| line.contains("(stale info)")) {
            return Err(BranchError::Stale {
                name: name.to_owned(),
                remote: remote.clone(),
                remedy: self.fetch(reference),
            });
        }
        let stderr = String::from_utf8_lossy(&output.stderr);
        let said = stderr.lines().filter(|line| !line.starts_with("hint: "));
        Err(BranchError::Push {
            remote: remote.clone(),
            message: without_passwords(&joined(rejected.into_iter().chain(said))),
        })
    }

    /// Notes what the remote holds where git does not, so that the next run knows it.
    fn remember(&self, repository: &Repository, commit: &str) -> Result<(), BranchError> {
        if self.is_fetched {
            return Ok(());
        }
        let noted = Oid::from_str(commit)
            .and_then(|id| repository.reference(&self.tracking, id, true, REFLOG));
        noted
            .map(drop)
            .map_err(BranchError::git("note what was pushed"))
    }

    /// The command that brings the branch of the remote, or the news that it is gone.
    fn fetch(&self, reference: &str) -> String {
        let Self {
            remote, tracking, ..
        } = self;
        if self.is_fetched && self.stands.is_some() {
            // A branch that is gone is news too.
            format!("git fetch --prune {remote}")
        } else {
            format!("git fetch {remote} +{reference}:{tracking}")
        }
    }
}

/// A text without the passwords of addresses: `https://user:secret@host` reads `https://host`.
fn without_passwords(text: &str) -> String {
    let mut parts = text.split("://");
    let mut clean = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        clean.push_str("://");
        let is_end = |char: char| char == '/' || char.is_whitespace() || char == '\'';
        let end = part.find(is_end).unwrap_or(part.len());
        let host = part[..end].rfind('@').map_or(0, |at| at + 1);
        clean.push_str(&part[host..]);
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::without_passwords;

    #[test]
    fn passwords_are_not_shown() {
        for (text, expected) in [
            ("no address, a@b", "no address, a@b"),
            (
                "fatal: 'https://x:t0ken@host/a@b' and ssh://git@host",
                "fatal: 'https://host/a@b' and ssh://host",
            ),
            ("https://host/x", "https://host/x"),
        ] {
            assert_eq!(without_passwords(text), expected);
        }
    }
}
