//! Finds what a branch is made of: its reference, its base, and the commits they name.

use git2::{Commit, ErrorCode, Oid, Repository};

use super::error::BranchError;
use crate::source::git;

/// The full name of a branch that can be published to.
pub(super) fn reference(repository: &Repository, name: &str) -> Result<String, BranchError> {
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

/// The commit that a base names.
pub(super) fn base_commit(repository: &Repository, base: &str) -> Result<Oid, BranchError> {
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
pub(super) fn commit_of(
    repository: &Repository,
    reference: &str,
) -> Result<Option<Oid>, BranchError> {
    match repository.find_reference(reference) {
        Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
        found => found
            .and_then(|found| found.peel_to_commit())
            .map(|commit| Some(commit.id()))
            .map_err(BranchError::git("read the branch")),
    }
}

/// The parents of a commit as it names them. At the end of a shallow clone git's library leaves them out.
pub(super) fn parents(commit: &Commit<'_>) -> Vec<Oid> {
    let header = String::from_utf8_lossy(commit.raw_header_bytes());
    let parents = header
        .lines()
        .filter_map(|line| line.strip_prefix("parent "));
    parents.filter_map(|id| Oid::from_str(id).ok()).collect()
}
