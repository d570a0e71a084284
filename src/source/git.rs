//! Opens repositories and finds revisions in them; where that fails, says why and what helps, in the user's words.

use camino::Utf8Path;
use git2::{ErrorCode, Object, Repository};

/// What is said of an object that a repository should have and has not.
pub(crate) const PARTIAL: &str = "is not in this clone, which is a partial one";

/// The repository around a folder: of a work tree, a linked one, or bare. `None` if there is none.
///
/// # Errors
///
/// Why the repository cannot be used.
pub(crate) fn open(folder: &Utf8Path) -> Result<Option<Repository>, String> {
    match Repository::discover(folder) {
        Ok(repository) => Ok(Some(repository)),
        Err(error) => match error.code() {
            ErrorCode::NotFound => Ok(None),
            ErrorCode::Owner => Err(format!(
                "the repository belongs to somebody else, and git refuses it; if you trust it: \
                 git config --global --add safe.directory {}",
                folder
                    .canonicalize_utf8()
                    .unwrap_or_else(|_| folder.to_owned())
            )),
            // The library has no code for this.
            _ if error.message().starts_with("unknown object format") => Err(format!(
                "it names its objects in a way that cannot be read here ({}): only SHA-1 can",
                error.message()
            )),
            _ => Err(error.message().to_owned()),
        },
    }
}

/// The object that a revision names.
///
/// # Errors
///
/// Why there is none.
pub(crate) fn object<'a>(repository: &'a Repository, revision: &str) -> Result<Object<'a>, String> {
    repository
        .revparse_single(revision)
        .map_err(|error| match error.code() {
            ErrorCode::Ambiguous => "several objects begin like this: give more digits".to_owned(),
            ErrorCode::NotFound | ErrorCode::UnbornBranch
                if revision.starts_with("HEAD") && repository.head().is_err() =>
            {
                "the current branch has no commit yet".to_owned()
            }
            ErrorCode::NotFound | ErrorCode::UnbornBranch => {
                let shallow = if repository.is_shallow() {
                    "; this is a shallow clone, and `git fetch --unshallow` brings its history"
                } else {
                    "; `git fetch` brings what the remote has"
                };
                format!("there is no such branch, tag or commit{shallow}")
            }
            _ => error.message().to_owned(),
        })
}
