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
mod find;
mod identity;
mod ours;
mod publication;
mod push;
mod sign;
mod tree;

use std::io::Write;

use camino::Utf8Path;
use git2::{Buf, Commit, Config, ErrorCode, ObjectType, Oid, Repository, Signature};

pub use self::error::{BranchError, ForeignCommit};
use self::find::{base_commit, commit_of, parents, reference};
use self::identity::People;
pub use self::publication::{Change, Identity, Publication, Published, Signing, Time};
use self::push::RemoteBranch;
use crate::source::git;

/// What the reflog says of our commits.
const REFLOG: &str = "backstage2port: publish";
/// In front of the objects on the disk.
const MEMORY_PRIORITY: i32 = 1000;

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

    /// Whether the repository has no work tree.
    #[must_use]
    pub fn is_bare(&self) -> bool {
        self.repository.is_bare()
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

    /// The id of the commit whose files are changed: the base, or the tip of a branch that stands on it, where the commit is
    /// appended.
    ///
    /// # Errors
    ///
    /// When the history cannot be read.
    pub fn start(&self, append: bool) -> Result<String, BranchError> {
        Ok(self.start_of(append)?.to_string())
    }

    /// Makes one commit out of [`Branch::start`] and changes, and moves the branch to it. A branch that exists is replaced, unless
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
        let start = self.start_of(how.append)?;
        let start = tree::find_tree(&memory, self.commit_at(start)?.tree_id())?;
        let built = tree::build(&memory, &self.repository, &start, changes)?;
        if built.tree == self.commit_at(self.base)?.tree_id() {
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
        self.refuse_old_base(how)?;
        let previous = self.tip();
        if how.dry_run {
            return Ok(Published::WouldCommit { previous });
        }
        let people = People::of(how, &self.config()?)?;
        let content = {
            let parents = parents
                .iter()
                .map(|id| memory.find_commit(*id))
                .collect::<Result<Vec<_>, _>>()
                .map_err(&failed)?;
            let tree = memory.find_tree(built.tree).map_err(&failed)?;
            memory
                .commit_create_buffer(
                    &people.author,
                    &people.committer,
                    &ours::signed_off(&how.message, self.base),
                    &tree,
                    &parents.iter().collect::<Vec<_>>(),
                )
                .map_err(&failed)?
        };
        let content = content.as_str().map_err(&failed)?;
        let commit = match self.signed(content, how.signing, &people.committer)? {
            Some(signature) => memory.commit_signed(content, &signature, None),
            None => odb.write(ObjectType::Commit, content.as_bytes()),
        }
        .map_err(&failed)?;
        // Most of those who lose a race need not leave a pack behind.
        self.refuse_moved()?;
        store(&memory, &built.objects, commit).map_err(BranchError::git("store the commit"))?;
        self.advance(commit, &people.committer)?;
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

    fn start_of(&self, append: bool) -> Result<Oid, BranchError> {
        match self.tip {
            Some(tip) if append && self.contains(tip, self.base)? => Ok(tip),
            _ => Ok(self.base),
        }
    }

    /// Refuses to put a commit on those of others whose files it would not have, because the base moved on without them.
    fn refuse_old_base(&self, how: &Publication) -> Result<(), BranchError> {
        let Some(tip) = self.tip.filter(|_| how.append && !how.force) else {
            return Ok(());
        };
        if self.contains(tip, self.base)? {
            return Ok(());
        }
        let commits = ours::foreign_commits(&self.repository, &[tip], &[self.base])?;
        if commits.is_empty() {
            return Ok(());
        }
        Err(BranchError::OldBase {
            name: self.name.clone(),
            commits,
        })
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

    fn signed(
        &self,
        commit: &str,
        signing: Signing,
        committer: &Signature<'_>,
    ) -> Result<Option<String>, BranchError> {
        let config = self.config()?;
        let is_signed = match signing {
            Signing::Configured => sign::is_configured(&config)?,
            Signing::Always => true,
            Signing::Never => false,
        };
        if !is_signed {
            return Ok(None);
        }
        let top = self.repository.workdir();
        let top = top.unwrap_or_else(|| self.repository.path());
        sign::signature(&config, committer, top, commit).map(Some)
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
