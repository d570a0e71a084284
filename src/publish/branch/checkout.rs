//! Where a branch is checked out: moving it there would make every change of ours look undone.
//!
//! In: a repository and a reference. Out: the work tree that holds it, as git itself sees that: by its HEAD, and as the
//! branch that a rebase or a bisection returns to. Git's files are read as what they are, text, so that a work tree
//! whose folder is not there at the moment counts as well.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use camino::Utf8PathBuf;
use git2::Repository;

use super::error::BranchError;

/// Refuses a branch that a work tree holds.
pub(super) fn check(
    repository: &Repository,
    name: &str,
    reference: &str,
) -> Result<(), BranchError> {
    let failed = BranchError::git("look at the work trees");
    let common = repository.commondir();
    let main = Repository::open(common).map_err(&failed)?;
    if !main.is_bare() {
        let worktree = main.workdir().unwrap_or(common);
        refuse(&main, common, worktree, name, reference)?;
    }
    let folders = match fs::read_dir(common.join("worktrees")) {
        Ok(folders) => folders,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(unreadable(&error)),
    };
    for folder in folders {
        let folder = folder.map_err(|error| unreadable(&error))?.path();
        // The path of the file `.git` in the work tree.
        let link = fs::read_to_string(folder.join("gitdir")).unwrap_or_default();
        let worktree = Path::new(link.trim_end()).parent().unwrap_or(&folder);
        refuse(&main, &folder, worktree, name, reference)?;
    }
    Ok(())
}

fn unreadable(error: &std::io::Error) -> BranchError {
    BranchError::Git {
        doing: "look at the work trees",
        message: error.to_string(),
    }
}

/// Refuses the branch if the work tree with this git folder holds it.
fn refuse(
    repository: &Repository,
    folder: &Path,
    worktree: &Path,
    name: &str,
    reference: &str,
) -> Result<(), BranchError> {
    let shown = worktree.to_string_lossy();
    let (how, remedy) = if is_head(repository, folder, reference) {
        let switch = format!("`git -C {shown} switch --detach` frees it");
        ("checked out in", switch)
    } else if is_rebased(folder, reference) {
        ("being rebased in", "finish the rebase".to_owned())
    } else if line(folder, "BISECT_START").is_some_and(|start| start == name) {
        (
            "being bisected in",
            "`git bisect reset` frees it".to_owned(),
        )
    } else {
        return Ok(());
    };
    Err(BranchError::CheckedOut {
        name: name.to_owned(),
        how,
        worktree: Utf8PathBuf::from(shown.trim_end_matches('/')),
        remedy: if worktree.exists() {
            remedy
        } else {
            "`git worktree prune` forgets this folder, which is not there".to_owned()
        },
    })
}

/// Whether HEAD leads to the reference, which need not exist yet, directly or through others.
fn is_head(repository: &Repository, folder: &Path, reference: &str) -> bool {
    let Some(head) = line(folder, "HEAD") else {
        return false;
    };
    let Some(target) = head.strip_prefix("ref: ") else {
        return false;
    };
    let target = target.trim();
    let found = repository.find_reference(target);
    let resolved = found.and_then(|found| found.resolve());
    target == reference || resolved.is_ok_and(|found| found.name().is_ok_and(|n| n == reference))
}

/// Whether a rebase is at work on the branch, or will move it along with another.
fn is_rebased(folder: &Path, reference: &str) -> bool {
    let merge = folder.join("rebase-merge");
    let along = fs::read_to_string(merge.join("update-refs")).unwrap_or_default();
    [merge, folder.join("rebase-apply")]
        .iter()
        .any(|rebase| line(rebase, "head-name").is_some_and(|head| head == reference))
        || along.lines().any(|line| line == reference)
}

/// The only line of a file of git, `None` if there is no such file.
fn line(folder: &Path, file: &str) -> Option<String> {
    let text = fs::read_to_string(folder.join(file)).ok()?;
    Some(text.trim_end().to_owned())
}
