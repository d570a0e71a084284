//! Writes files that are the user's from then on, such as a profile to be changed.
//!
//! In: names and texts. Out: files of a folder, all of them or none. Nothing is overwritten unless that is asked for.

use std::io::{self, ErrorKind};

use camino::Utf8Path;

use super::replace;
use crate::diagnostic::Error;

/// Writes files into a folder, which need not exist. All places are looked at before the first file is written.
///
/// # Errors
///
/// [`Error::Exists`] if one of them stands there and `overwrite` does not allow to replace it; [`Error::Write`] if one
/// cannot be written: something there is no regular file, or the folder cannot be made.
pub fn files(folder: &Utf8Path, files: &[(&str, &str)], overwrite: bool) -> Result<(), Error> {
    for (name, _) in files {
        let path = folder.join(name);
        match path.symlink_metadata() {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(source) => return Err(Error::Write { path, source }),
            Ok(metadata) if !metadata.is_file() => {
                let source = io::Error::other("something stands there that is no regular file");
                return Err(Error::Write { path, source });
            }
            Ok(_) if !overwrite => return Err(Error::Exists { path }),
            Ok(_) => {}
        }
    }
    for (name, text) in files {
        let path = folder.join(name);
        replace(&path, text, None).map_err(|source| Error::Write { path, source })?;
    }
    Ok(())
}
