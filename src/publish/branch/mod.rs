//! Publishes changes of files as one commit on a branch, in the repository and on a remote.
//!
//! In: a base, a branch and [`Change`]s. Out: [`Published`]. The work tree, the index, HEAD and every other branch stay as
//! they are; bare repositories, linked work trees and shallow clones will do. What a file says is decided before.
//!
//! The branch is looked at once, by [`Branch::open`], and moves only while it is what it was then. Objects are made in
//! memory and stored as one pack when all is known to be well, so that a run that changes nothing writes nothing, and one
//! that is killed leaves the branch old or new.

mod checkout;
mod error;
mod ours;
mod push;
mod sign;
mod tree;

use std::io::Write;

use camino::{Utf8Path, Utf8PathBuf};
use git2::{Buf, Commit, Config, ErrorCode, ObjectType, Oid, Repository, Signature};

pub use self::error::{BranchError, ForeignCommit};
use self::push::RemoteBranch;
use crate::source::git;

/// What the reflog says of our commits.
const REFLOG: &str = "backstage2port: publish";
/// In front of the objects on the disk.
const MEMORY_PRIORITY: i32 = 1000;

/// A file that a commit changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Where it stands, from the top of the repository, with forward slashes.
    pub path: Utf8PathBuf,
    /// What it says; `None` removes it, and does nothing where there is no such file.
    pub contents: Option<String>,
}

impl Change {
    fn is_removal(&self) -> bool {
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

/// Who made a commit, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The name of a person or a machine.
    pub name: String,
    /// Their address; git takes any text.
    pub email: String,
    /// When.
    pub time: Time,
}

/// Which identity of git's configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Who wrote the change: `author.name`, or else `user.name`.
    Author,
    /// Who made the commit: `committer.name`, or else `user.name`.
    Committer,
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
    /// Who wrote the change.
    pub author: Identity,
    /// Who made the commit.
    pub committer: Identity,
    /// Whether the commit is put on top of the branch instead of replacing it. Its files are the same in both cases: those
    /// of the base with the changes made. So that nothing of the history is a lie, the base is its second parent where
    /// the branch does not stand on it yet.
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
        /// [`Branch::tip`]
        previous: Option<String>,
    },
    /// A dry run: the branch would move.
    WouldCommit {
        /// [`Branch::tip`]
        previous: Option<String>,
    },
}

/// A branch that is about to be published to: what it stands on, looked up once.
pub struct Branch {
    repository: Repository,
    name: String,
    /// The name in full.
    reference: String,
    base: Oid,
    local: Option<Oid>,
    remote: Option<RemoteBranch>,
    tip: Option<Oid>,
}

impl std::fmt::Debug for Branch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Branch")
            .field("reference", &self.reference)
            .field("base", &self.base)
            .field("tip", &self.tip)
            .finish_non_exhaustive()
    }
}

impl Branch {
    /// Looks up a branch and the base it is to stand on, in the repository around a folder. The branch need not exist.
    /// With a remote, its branch of the same name counts as well, as far as this clone knows of it.
    ///
    /// # Errors
    ///
    /// When there is no repository or it cannot be used, when the base names no commit, when the name is none of a
    /// branch, when no such remote is configured, and [`BranchError::CheckedOut`].
    pub fn open(
        folder: &Utf8Path,
        base: &str,
        name: &str,
        remote: Option<&str>,
    ) -> Result<Self, BranchError> {
        let repository = git::open(folder)
            .map_err(|message| BranchError::Repository {
                folder: folder.to_owned(),
                message,
            })?
            .ok_or_else(|| BranchError::NotARepository {
                folder: folder.to_owned(),
            })?;
        let reference = reference(&repository, name)?;
        let base = base_commit(&repository, base)?;
        checkout::check(&repository, name, &reference)?;
        let remote = remote.map(|remote| RemoteBranch::find(&repository, remote, &reference, name));
        let mut branch = Self {
            base,
            local: commit_of(&repository, &reference)?,
            remote: remote.transpose()?,
            repository,
            name: name.to_owned(),
            reference,
            tip: None,
        };
        branch.tip = branch.newest()?;
        Ok(branch)
    }

    /// The id of the commit that the base names.
    #[must_use]
    pub fn base(&self) -> String {
        self.base.to_string()
    }

    /// The id of the commit that the branch stands at: here or on the remote, whichever is ahead of the other, and on the
    /// remote where neither is. `None` if there is no branch, or nothing on it that the base does not have.
    #[must_use]
    pub fn tip(&self) -> Option<String> {
        self.tip.map(|id| id.to_string())
    }

    /// Who makes commits, by git's configuration.
    ///
    /// # Errors
    ///
    /// [`BranchError::Identity`] if it does not say.
    pub fn identity(&self, role: Role, time: Time) -> Result<Identity, BranchError> {
        let config = self.config()?;
        let section = match role {
            Role::Author => "author",
            Role::Committer => "committer",
        };
        let text = |key: &str| {
            let own = config.get_string(&format!("{section}.{key}"));
            let text = own.or_else(|_| config.get_string(&format!("user.{key}")));
            text.map_err(|_| {
                BranchError::Identity(format!(
                    "`git config user.{key} …` sets the {key} for all commits, --author for this one"
                ))
            })
        };
        Ok(Identity {
            name: text("name")?,
            email: text("email")?,
            time,
        })
    }

    /// Makes one commit out of the base and changes, and moves the branch to it. A branch that exists is replaced, unless
    /// the commit is to be appended.
    ///
    /// # Errors
    ///
    /// [`BranchError::Path`] and [`BranchError::Obstacle`] for a change that cannot be made,
    /// [`BranchError::ForeignCommits`] unless forced, [`BranchError::Identity`], [`BranchError::Signing`],
    /// [`BranchError::CheckedOut`] and [`BranchError::Moved`] when that came about since the branch was looked up. After
    /// any error the branch is what it was.
    pub fn commit(&self, changes: &[Change], how: &Publication) -> Result<Published, BranchError> {
        let failed = BranchError::git("make a commit");
        // A second view of the repository, whose new objects stay in memory and go with it.
        let memory = Repository::open(self.repository.path()).map_err(&failed)?;
        let odb = memory.odb().map_err(&failed)?;
        odb.add_new_mempack_backend(MEMORY_PRIORITY)
            .map_err(&failed)?;
        let base = tree::find_tree(&memory, self.commit_at(self.base)?.tree_id())?;
        let built = tree::build(&memory, &self.repository, &base, changes)?;
        if built.tree == base.id() {
            return Ok(Published::Nothing);
        }
        if let Some(commit) = self.standing(built.tree, how)? {
            return Ok(Published::Unchanged {
                commit: commit.to_string(),
            });
        }
        let parents = self.parents(how.append)?;
        let replaced: Vec<Oid> = self.local.into_iter().chain(self.on_remote()).collect();
        self.refuse_loss(&replaced, &parents, how)?;
        let previous = self.tip();
        if how.dry_run {
            return Ok(Published::WouldCommit { previous });
        }
        let committer = signature(&how.committer)?;
        let content = {
            let parents = parents
                .iter()
                .map(|id| memory.find_commit(*id))
                .collect::<Result<Vec<_>, _>>()
                .map_err(&failed)?;
            let tree = memory.find_tree(built.tree).map_err(&failed)?;
            memory
                .commit_create_buffer(
                    &signature(&how.author)?,
                    &committer,
                    &ours::signed_off(&how.message, self.base),
                    &tree,
                    &parents.iter().collect::<Vec<_>>(),
                )
                .map_err(&failed)?
        };
        let content = content.as_str().map_err(&failed)?;
        let commit = match self.signed(content, how)? {
            Some(signature) => memory.commit_signed(content, &signature, None),
            None => odb.write(ObjectType::Commit, content.as_bytes()),
        }
        .map_err(&failed)?;
        // Most of those who lose a race need not leave a pack behind.
        self.refuse_moved()?;
        store(&memory, &built.objects, commit).map_err(BranchError::git("store the commit"))?;
        self.advance(commit, &committer)?;
        Ok(Published::Committed {
            commit: commit.to_string(),
            previous,
        })
    }

    /// Pushes what was published or stands already, with the user's `git push`, to the remote that the branch was looked up
    /// with. The remote is changed only if its branch is what it was then. Out: whether there was something to push and
    /// somewhere to push it to.
    ///
    /// # Errors
    ///
    /// [`BranchError::Stale`] if somebody else pushed, [`BranchError::Push`] and [`BranchError::NoGit`] for all else.
    pub fn push(&self, published: &Published) -> Result<bool, BranchError> {
        let (Some(remote), Some(commit)) = (&self.remote, published.commit()) else {
            return Ok(false);
        };
        remote.push(&self.repository, &self.name, &self.reference, commit)?;
        Ok(true)
    }

    fn config(&self) -> Result<Config, BranchError> {
        let config = self.repository.config();
        config
            .and_then(|mut config| config.snapshot())
            .map_err(BranchError::git("read the configuration"))
    }

    fn on_remote(&self) -> Option<Oid> {
        self.remote.as_ref()?.stands
    }

    /// See [`Branch::tip`].
    fn newest(&self) -> Result<Option<Oid>, BranchError> {
        let of_branch = |id: Option<Oid>| match id {
            Some(id) if self.contains(self.base, id)? => Ok(None),
            id => Ok(id),
        };
        match (of_branch(self.local)?, of_branch(self.on_remote())?) {
            (Some(local), Some(remote)) if self.contains(local, remote)? => Ok(Some(local)),
            (local, remote) => Ok(remote.or(local)),
        }
    }

    /// The commit that makes another one needless, if there is one: on the remote or here, with this tree, on this base.
    fn standing(&self, tree: Oid, how: &Publication) -> Result<Option<Oid>, BranchError> {
        if how.append {
            return match self.tip {
                Some(tip) if self.commit_at(tip)?.tree_id() == tree => {
                    let stands_on_base = self.contains(tip, self.base)?;
                    Ok(stands_on_base.then_some(tip))
                }
                _ => Ok(None),
            };
        }
        let is_it = |id: Oid| {
            let commit = self.commit_at(id)?;
            Ok(commit.tree_id() == tree && parents(&commit) == [self.base])
        };
        if let Some(id) = self.on_remote()
            && is_it(id)?
        {
            return Ok(Some(id));
        }
        match self.local {
            Some(id) if is_it(id)? => {
                let replaced: Vec<Oid> = self.on_remote().into_iter().collect();
                self.refuse_loss(&replaced, &[id], how)?;
                Ok(Some(id))
            }
            _ => Ok(None),
        }
    }

    fn parents(&self, append: bool) -> Result<Vec<Oid>, BranchError> {
        Ok(match self.tip {
            Some(tip) if append && self.contains(tip, self.base)? => vec![tip],
            Some(tip) if append => vec![tip, self.base],
            _ => vec![self.base],
        })
    }

    /// Refuses to lose commits of others: those of `replaced` that neither the base nor `kept` has.
    fn refuse_loss(
        &self,
        replaced: &[Oid],
        kept: &[Oid],
        how: &Publication,
    ) -> Result<(), BranchError> {
        if how.force || replaced.is_empty() {
            return Ok(());
        }
        let kept = [kept, &[self.base]].concat();
        let commits = ours::foreign_commits(&self.repository, replaced, &kept)?;
        if commits.is_empty() {
            return Ok(());
        }
        Err(BranchError::ForeignCommits {
            name: self.name.clone(),
            commits,
        })
    }

    fn signed(&self, commit: &str, how: &Publication) -> Result<Option<String>, BranchError> {
        let config = self.config()?;
        let is_signed = match how.signing {
            Signing::Configured => sign::is_configured(&config)?,
            Signing::Always => true,
            Signing::Never => false,
        };
        if !is_signed {
            return Ok(None);
        }
        let top = self.repository.workdir();
        let top = top.unwrap_or_else(|| self.repository.path());
        sign::signature(&config, &how.committer, top, commit).map(Some)
    }

    /// Moves the branch, if it is still where it was and no work tree got hold of it.
    fn advance(&self, commit: Oid, committer: &Signature<'_>) -> Result<(), BranchError> {
        let failed = BranchError::git("move the branch");
        let mut transaction = self.repository.transaction().map_err(&failed)?;
        transaction
            .lock_ref(&self.reference)
            .map_err(|error| match error.code() {
                ErrorCode::Locked => BranchError::Locked {
                    name: self.name.clone(),
                    lock: format!(
                        "{}{}.lock",
                        self.repository.commondir().display(),
                        self.reference
                    ),
                },
                _ => failed(error),
            })?;
        self.refuse_moved()?;
        checkout::check(&self.repository, &self.name, &self.reference)?;
        transaction
            .set_target(&self.reference, commit, Some(committer), REFLOG)
            .map_err(&failed)?;
        transaction.commit().map_err(&failed)
    }

    fn refuse_moved(&self) -> Result<(), BranchError> {
        if commit_of(&self.repository, &self.reference)? == self.local {
            return Ok(());
        }
        Err(BranchError::Moved {
            name: self.name.clone(),
        })
    }

    /// Whether a commit is another one or stands on it.
    fn contains(&self, commit: Oid, other: Oid) -> Result<bool, BranchError> {
        if commit == other || parents(&self.commit_at(commit)?).contains(&other) {
            return Ok(true);
        }
        self.repository
            .graph_descendant_of(commit, other)
            .map_err(BranchError::git("read the history"))
    }

    fn commit_at(&self, id: Oid) -> Result<Commit<'_>, BranchError> {
        self.repository
            .find_commit(id)
            .map_err(BranchError::git("read a commit"))
    }
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

/// The full name of a branch that can be published to.
fn reference(repository: &Repository, name: &str) -> Result<String, BranchError> {
    let refused = |message: String| BranchError::Name {
        name: name.to_owned(),
        message,
    };
    if let Some(short) = name.strip_prefix("refs/heads/") {
        return Err(refused(format!("its name is `{short}`")));
    }
    if !git2::Branch::name_is_valid(name).unwrap_or(false) {
        return Err(refused(
            "git does not allow this name, see `git help check-ref-format`".to_owned(),
        ));
    }
    let reference = format!("refs/heads/{name}");
    if let Ok(found) = repository.find_reference(&reference)
        && let Ok(Some(target)) = found.symbolic_target()
    {
        let target = target.strip_prefix("refs/heads/").unwrap_or(target);
        return Err(refused(format!(
            "it is another name of `{target}`, name that one"
        )));
    }
    // A folder and a file of one name: git keeps a branch in each.
    let above = name.match_indices('/').map(|(end, _)| &name[..end]);
    for other in above {
        if repository
            .find_reference(&format!("refs/heads/{other}"))
            .is_ok()
        {
            return Err(refused(format!(
                "there is a branch `{other}`, and git cannot have both"
            )));
        }
    }
    let mut below = repository
        .references_glob(&format!("{reference}/*"))
        .map_err(BranchError::git("list the branches"))?;
    if let Some(Ok(other)) = below.names().next() {
        let other = other.strip_prefix("refs/heads/").unwrap_or(other);
        return Err(refused(format!(
            "there is a branch `{other}`, and git cannot have both"
        )));
    }
    Ok(reference)
}

fn base_commit(repository: &Repository, base: &str) -> Result<Oid, BranchError> {
    let refused = |message: String| BranchError::Base {
        base: base.to_owned(),
        message,
    };
    let object = git::object(repository, base).map_err(refused)?;
    let commit = object.peel_to_commit();
    let commit = commit.map_err(|_| refused("it names no commit".to_owned()))?;
    Ok(commit.id())
}

/// The commit that a reference names, if there is such a reference.
fn commit_of(repository: &Repository, reference: &str) -> Result<Option<Oid>, BranchError> {
    match repository.find_reference(reference) {
        Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
        found => found
            .and_then(|found| found.peel_to_commit())
            .map(|commit| Some(commit.id()))
            .map_err(BranchError::git("read the branch")),
    }
}

/// The parents of a commit as it names them. At the end of a shallow clone git's library leaves them out.
fn parents(commit: &Commit<'_>) -> Vec<Oid> {
    let header = String::from_utf8_lossy(commit.raw_header_bytes());
    let parents = header
        .lines()
        .filter_map(|line| line.strip_prefix("parent "));
    parents.filter_map(|id| Oid::from_str(id).ok()).collect()
}

/// An identity as git records it.
fn signature(identity: &Identity) -> Result<Signature<'static>, BranchError> {
    let Identity { name, email, time } = identity;
    for (what, text) in [("name", name), ("address", email)] {
        let is_unfit = |char: char| char.is_control() || matches!(char, '<' | '>');
        if text.trim().is_empty() || text.contains(is_unfit) {
            return Err(BranchError::Identity(format!(
                "the {what} `{text}` is empty, or has `<`, `>` or a control character"
            )));
        }
    }
    let time = git2::Time::new(time.seconds, time.offset_minutes);
    Signature::new(name, email, &time)
        .map_err(|error| BranchError::Identity(error.message().to_owned()))
}

/// Stores new objects, each with its path, and the commit: as one pack.
fn store(
    repository: &Repository,
    objects: &[(Oid, String)],
    commit: Oid,
) -> Result<(), git2::Error> {
    let mut pack = repository.packbuilder()?;
    for (id, path) in objects {
        // Objects with similar paths are stored as differences.
        pack.insert_object(*id, Some(path))?;
    }
    pack.insert_object(commit, None)?;
    let mut bytes = Buf::new();
    pack.write_buf(&mut bytes)?;
    let odb = repository.odb()?;
    let mut writer = odb.packwriter()?;
    writer
        .write_all(&bytes)
        .map_err(|error| git2::Error::from_str(&error.to_string()))?;
    writer.commit()?;
    Ok(())
}
