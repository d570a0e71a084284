//! Why nothing was published, in the user's words and with what helps.

use std::fmt::Write;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};

/// Foreign commits that are named in an error; the others are counted.
const SHOWN_COMMITS: usize = 5;

/// Why a branch cannot be published to, or was not.
#[derive(Debug, thiserror::Error)]
pub enum BranchError {
    /// There is no repository to publish in.
    #[error("{folder} is in no git repository, so there is nothing to publish in")]
    NotARepository {
        /// The folder as the user wrote it.
        folder: Utf8PathBuf,
    },
    /// A repository cannot be used.
    #[error("cannot use the repository of {folder}: {message}")]
    Repository {
        /// The folder as the user wrote it.
        folder: Utf8PathBuf,
        /// Why, and what to do.
        message: String,
    },
    /// The base names no commit.
    #[error("cannot publish on top of `{base}`: {message}")]
    Base {
        /// The revision as the user wrote it.
        base: String,
        /// Why, and what to do.
        message: String,
    },
    /// The name of the branch cannot be one, or not here.
    #[error("cannot publish to the branch `{name}`: {message}")]
    Name {
        /// The name as the user wrote it.
        name: String,
        /// Why.
        message: String,
    },
    /// No such remote is configured.
    #[error(
        "there is no remote `{remote}`: `git remote` lists them, and `git remote add` makes one"
    )]
    Remote {
        /// The name as the user wrote it.
        remote: String,
    },
    /// The branch is the current one of a work tree, which would show every change as undone.
    #[error("the branch `{name}` is {how} {worktree}: {remedy}, or publish to another branch")]
    CheckedOut {
        /// The branch.
        name: String,
        /// How it is held, such as `checked out in`.
        how: &'static str,
        /// The folder of the work tree.
        worktree: Utf8PathBuf,
        /// What frees the branch.
        remedy: String,
    },
    /// Commits that the user would lose.
    #[error(
        "the branch `{name}` has commits that backstage2port did not make, and they would be lost: {}; --append puts the \
         new commit on top of them, --force gives them up",
        listed(commits)
    )]
    ForeignCommits {
        /// The branch.
        name: String,
        /// All of them, newest first.
        commits: Vec<ForeignCommit>,
    },
    /// Commits of others that the new one would stand on without having their files.
    #[error(
        "the base of `{name}` moved on, and the branch has commits that backstage2port did not make: {}; merge the base \
         into the branch with `git merge` and publish again, or give them up with --force",
        listed(commits)
    )]
    OldBase {
        /// The branch.
        name: String,
        /// All of them, newest first.
        commits: Vec<ForeignCommit>,
    },
    /// A path of a change can be no path of a file in a repository.
    #[error("cannot commit a file `{path}`: {message}")]
    Path {
        /// The path as given.
        path: Utf8PathBuf,
        /// Why.
        message: &'static str,
    },
    /// Something else stands where a file belongs.
    #[error(
        "cannot commit the file `{path}`: {obstacle} in the tree of the base; move it away, or write elsewhere"
    )]
    Obstacle {
        /// The path of the change.
        path: Utf8PathBuf,
        /// What stands there, or above it.
        obstacle: String,
    },
    /// Nobody is configured to make commits, or under a name that no commit can carry.
    #[error("cannot tell who makes the commit: {0}")]
    Identity(String),
    /// The commit is to be signed and cannot be.
    #[error("cannot sign the commit: {program}: {message}; nothing was published")]
    Signing {
        /// The signing program, or the setting that is wrong.
        program: String,
        /// What it said.
        message: String,
    },
    /// Somebody else moved the branch during the run.
    #[error(
        "somebody else moved the branch `{name}` during this run; nothing was published, so run again"
    )]
    Moved {
        /// The branch.
        name: String,
    },
    /// Another git is about to move the branch, or ended in the middle of it.
    #[error(
        "another git is changing the branch `{name}`; nothing was published, so run again, and if no other git runs, \
         remove {lock} first"
    )]
    Locked {
        /// The branch.
        name: String,
        /// The file that says so.
        lock: String,
    },
    /// The remote has other commits on the branch than this clone knows of.
    #[error(
        "the remote `{remote}` was not changed: its branch `{name}` is not what this clone last saw there; run `{remedy}`, \
         then publish again"
    )]
    Stale {
        /// The branch.
        name: String,
        /// The remote.
        remote: String,
        /// The command that brings what is there.
        remedy: String,
    },
    /// `git push` failed.
    #[error("cannot push to the remote `{remote}`: {message}")]
    Push {
        /// The remote.
        remote: String,
        /// What git said.
        message: String,
    },
    /// Git cannot be started.
    #[error("cannot run `git`, which pushes")]
    NoGit(#[source] io::Error),
    /// Objects or references of the repository cannot be read or written.
    #[error("cannot {doing} in the repository: {message}")]
    Git {
        /// What was being done.
        doing: &'static str,
        /// What git's library said.
        message: String,
    },
}

/// A commit of the branch that somebody else made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignCommit {
    /// The whole id.
    pub id: String,
    /// The first line of the message, cut to a readable length.
    pub subject: String,
    /// Who wrote it.
    pub author: String,
}

fn listed(commits: &[ForeignCommit]) -> String {
    let mut text = String::new();
    for commit in commits.iter().take(SHOWN_COMMITS) {
        let ForeignCommit {
            id,
            subject,
            author,
        } = commit;
        let comma = if text.is_empty() { "" } else { ", " };
        let short = id.get(..7).unwrap_or(id);
        // Writing to a string cannot fail.
        let _ = write!(text, "{comma}{short} \"{subject}\" by {author}");
    }
    match commits.len().saturating_sub(SHOWN_COMMITS) {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}

impl BranchError {
    /// Names what was being done when git's library failed.
    pub(super) fn git(doing: &'static str) -> impl Fn(git2::Error) -> Self {
        move |error| Self::Git {
            doing,
            message: error.message().to_owned(),
        }
    }

    pub(super) fn obstacle(path: &Utf8Path, obstacle: impl Into<String>) -> Self {
        Self::Obstacle {
            path: path.to_owned(),
            obstacle: obstacle.into(),
        }
    }
}
