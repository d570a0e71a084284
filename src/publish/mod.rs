//! Puts manifests into folders, and files on a branch ([`branch`]); the only module that changes anything.
//!
//! In: [`Manifest`](crate::render::Manifest)s and what stands where they belong. Out: files, and what became of each. What
//! a manifest says is decided before.
//!
//! The folders may hold whatever a pull request of a stranger put there, so nothing is written through a symbolic link
//! and nothing is overwritten that this tool did not write.

pub mod branch;
mod destination;
mod draft;
mod files;

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind, Write};

use camino::{Utf8Path, Utf8PathBuf};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use crate::diagnostic::Error;
use crate::source::PORT_FOLDER;

pub(crate) use destination::root_name;
pub use destination::{Destination, folders, grounds, grounds_in};
pub use draft::{Draft, Drafted, Run};
pub use files::files;

/// What becomes of a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// There was no such file.
    Created,
    /// An older manifest stood there.
    Updated,
    /// The very same text stands there already; the file is not touched.
    Unchanged,
    /// A manifest of an earlier run has no source any more.
    Deleted,
    /// Something stands there that this tool did not write; it stays.
    Foreign,
    /// An older manifest stands there that somebody changed by hand; it stays.
    Edited,
    /// It would have changed, but nothing is written: too much would be removed, or an overlay is broken.
    Blocked,
}

impl Outcome {
    /// The word for it in reports.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::Deleted => "deleted",
            Self::Foreign => "foreign",
            Self::Edited => "edited",
            Self::Blocked => "blocked",
        }
    }

    /// Whether the file changes.
    #[must_use]
    pub const fn is_change(self) -> bool {
        matches!(self, Self::Created | Self::Updated | Self::Deleted)
    }
}

/// What became of all manifests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// For each file its path as a user would type it, and its outcome.
    pub outcomes: Vec<(Utf8PathBuf, Outcome)>,
}

impl Written {
    /// How many files had this outcome.
    #[must_use]
    pub fn count(&self, outcome: Outcome) -> usize {
        self.outcomes.iter().filter(|(_, o)| *o == outcome).count()
    }

    /// Whether anything is not as the run would have it.
    #[must_use]
    pub fn has_drift(&self) -> bool {
        let mut outcomes = self.outcomes.iter();
        outcomes.any(|(_, outcome)| *outcome != Outcome::Unchanged)
    }

    /// How many files changed.
    #[must_use]
    pub fn changes(&self) -> usize {
        let outcomes = self.outcomes.iter();
        outcomes.filter(|(_, outcome)| outcome.is_change()).count()
    }
}

/// Writes what is to change on the disk, each file at once: a run that fails or is killed leaves old or new files, never
/// halves. New and changed files come first, so that nothing is gone before what replaces it is there.
///
/// # Errors
///
/// [`Error::Write`] if a file cannot be written or deleted. What was written before the error stays; no temporary file
/// does.
pub fn write(draft: &Draft<'_>) -> Result<(), Error> {
    let (written, deleted): (Vec<&Drafted<'_>>, Vec<_>) = draft
        .changes()
        .partition(|file| file.outcome != Outcome::Deleted);
    let failed = |file: &Drafted<'_>| {
        let path = file.shown.clone();
        move |source| Error::Write { path, source }
    };
    written.into_par_iter().try_for_each(|file| {
        let permissions = match file.outcome {
            Outcome::Updated => file.shown.metadata().ok(),
            _ => None,
        };
        let permissions = permissions.map(|metadata| metadata.permissions());
        let contents = draft.contents(file).unwrap_or_default();
        replace(&file.shown, &contents, permissions.as_ref()).map_err(failed(file))
    })?;
    for file in deleted {
        fs::remove_file(&file.shown).map_err(failed(file))?;
        remove_empty_folders(file);
    }
    Ok(())
}

/// Removes the folders in `.port` that a deleted file leaves empty.
fn remove_empty_folders(file: &Drafted<'_>) {
    let mut inside = file.path.parent();
    let mut shown = file.shown.parent();
    while let (Some(path), Some(folder)) = (inside, shown) {
        // One that holds something stays, whatever the reason: it is in nobody's way.
        if !path.starts_with(PORT_FOLDER) || fs::remove_dir(folder).is_err() {
            return;
        }
        (inside, shown) = (path.parent(), folder.parent());
    }
}

/// Puts a file in place of whatever stands there, in one step.
fn replace(path: &Utf8Path, contents: &str, permissions: Option<&Permissions>) -> io::Result<()> {
    // `tempfile` takes an empty folder for the one of temporary files, from where no rename may be possible.
    let folder = match path.parent() {
        Some(folder) if folder != "" => folder,
        _ => Utf8Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".backstage2port-").suffix(".tmp");
    // Temporary files are private; a manifest is a file like any other, as far as the umask allows.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = match builder.tempfile_in(folder) {
        // Rare, since most manifests stand beside their descriptor: asking first would cost every one of them.
        Err(error) if error.kind() == ErrorKind::NotFound => {
            fs::create_dir_all(folder)?;
            builder.tempfile_in(folder)?
        }
        file => file?,
    };
    file.write_all(contents.as_bytes())?;
    if let Some(permissions) = permissions {
        file.as_file().set_permissions(permissions.clone())?;
    }
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests;
