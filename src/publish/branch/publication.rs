//! What is published, how, and what became of it.

use camino::Utf8PathBuf;

#[cfg(doc)]
use super::Branch;

/// A file that a commit changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Where it stands, from the top of the repository, with forward slashes.
    pub path: Utf8PathBuf,
    /// What it says; `None` removes it, and does nothing where there is no such file.
    pub contents: Option<String>,
}

impl Change {
    pub(super) fn is_removal(&self) -> bool {
        self.contents.is_none()
    }
}

/// A moment, as a commit records it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time {
    /// Seconds since 1970 began in UTC.
    pub seconds: i64,
    /// How far the clock on the wall is ahead of UTC.
    pub offset_minutes: i32,
}

/// Who made a commit, as far as the caller knows. What is `None` is what git's configuration says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// The name of a person or a machine.
    pub name: Option<String>,
    /// Their address; git takes any text.
    pub email: Option<String>,
}

/// Whether the commit is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Signing {
    /// As `commit.gpgsign` says.
    #[default]
    Configured,
    /// In any case.
    Always,
    /// In no case.
    Never,
}

/// How a commit is made.
#[derive(Debug, Clone)]
pub struct Publication {
    /// Subject and body. Two lines that mark the commit as ours are added.
    pub message: String,
    /// Who wrote the change: else `author.name`, else `user.name`, and their addresses.
    pub author: Identity,
    /// Who made the commit: else `committer.name`, else `user.name`, and their addresses; else the author.
    pub committer: Identity,
    /// When both did.
    pub time: Time,
    /// Whether the commit is put on top of the branch instead of replacing it. Where the branch stands on the base, its
    /// files are those of the branch with the changes made, else those of the base, which is its second parent then: a
    /// branch with commits of others is to stand on the base first.
    pub append: bool,
    /// Whether commits of others may get lost.
    pub force: bool,
    /// Whether to go no further than telling what would be done.
    pub dry_run: bool,
    /// Whether the commit is signed.
    pub signing: Signing,
}

/// What became of a publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Published {
    /// The base has all of it. The branch stays as it is.
    Nothing,
    /// The branch has exactly this on this base.
    Unchanged {
        /// The commit that has it.
        commit: String,
    },
    /// The branch moved.
    Committed {
        /// Where to.
        commit: String,
        /// What the branch stood at: [`Branch::tip`].
        previous: Option<String>,
    },
    /// A dry run: the branch would move.
    WouldCommit {
        /// What the branch stood at: [`Branch::tip`].
        previous: Option<String>,
    },
}

impl Published {
    /// The commit that holds what was to be published, on the branch.
    #[must_use]
    pub fn commit(&self) -> Option<&str> {
        match self {
            Self::Nothing | Self::WouldCommit { .. } => None,
            Self::Unchanged { commit } | Self::Committed { commit, .. } => Some(commit),
        }
    }
}
