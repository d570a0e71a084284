//! Where manifests go.
//!
//! In: the roots of a run and what the user wants. Out: a folder for each root. Nothing is written here.

use std::collections::{BTreeMap, HashMap};

use camino::{Utf8Path, Utf8PathBuf};

use crate::diagnostic::Error;
use crate::source::{Files, RootId, Sources};
use crate::standing::Ground;

/// Where manifests go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// Into the roots they belong to.
    Roots,
    /// Into another folder: directly for one root, in a folder named like the root for several.
    Folder(Utf8PathBuf),
}

/// The folders on the disk that manifests go to, by root. A root that is only known from a catalog dump has none, unless
/// everything goes into another folder.
///
/// # Errors
///
/// [`Error::SameOut`] if two roots have the same name below the folder, case ignored.
pub fn grounds(
    sources: &Sources,
    destination: &Destination,
) -> Result<BTreeMap<RootId, Ground>, Error> {
    let ground = |(root, shown): (RootId, Utf8PathBuf)| {
        let listed = match destination {
            Destination::Roots => Files::of_root(sources, root),
            Destination::Folder(_) => None,
        };
        let states = vec![listed.unwrap_or_else(|| Files::on_disk(&shown))];
        (root, Ground { shown, states })
    };
    Ok(bases(sources, destination)?
        .into_iter()
        .map(ground)
        .collect())
}

/// The folders of the roots in revisions of their repositories: the first is what is written over.
///
/// # Errors
///
/// [`Error::Open`] when a revision cannot be read.
pub fn grounds_in(
    sources: &Sources,
    revisions: &[String],
) -> Result<BTreeMap<RootId, Ground>, Error> {
    bases(sources, &Destination::Roots)?
        .into_iter()
        .map(|(root, shown)| {
            let folder = &sources.root(root).path;
            let states = revisions
                .iter()
                .map(|revision| Files::of_revision(folder, revision))
                .collect::<Result<_, _>>()?;
            Ok((root, Ground { shown, states }))
        })
        .collect()
}

/// Where each root stands in the repository that its manifests are committed to, as far as it can be told: a folder named
/// with `--out` is taken for the top of one.
///
/// # Errors
///
/// [`Error::SameOut`] if two roots have the same name below the folder, case ignored.
pub fn folders(
    sources: &Sources,
    destination: &Destination,
) -> Result<BTreeMap<RootId, Utf8PathBuf>, Error> {
    let place = |(root, base): (RootId, Utf8PathBuf)| {
        let folder = match destination {
            Destination::Roots => sources.folder_in_repository(root),
            Destination::Folder(out) => base.strip_prefix(out).unwrap_or(Utf8Path::new("")),
        };
        (root, folder.to_owned())
    };
    Ok(bases(sources, destination)?
        .into_iter()
        .map(place)
        .collect())
}

/// The folder of each root.
fn bases(
    sources: &Sources,
    destination: &Destination,
) -> Result<HashMap<RootId, Utf8PathBuf>, Error> {
    let several = sources.roots().count() > 1;
    let mut names: HashMap<String, Utf8PathBuf> = HashMap::new();
    let mut bases = HashMap::new();
    for (id, root) in sources.all_roots() {
        let is_recorded = sources.is_recorded(id);
        let base = match destination {
            // A dump must not say where on this machine is written.
            Destination::Roots if is_recorded => continue,
            Destination::Folder(folder) if is_recorded && root.path == "" => folder.clone(),
            // Joined to nothing, so that paths read `port.yml`, not `./port.yml`.
            Destination::Roots if root.path == "." => Utf8PathBuf::new(),
            Destination::Roots => root.path.clone(),
            Destination::Folder(folder) if several || is_recorded => {
                let name = root_name(&root.path)?;
                // Names that differ in case only are one folder on many machines; refused on all of them alike.
                if let Some(first) = names.insert(name.to_lowercase(), root.path.clone()) {
                    return Err(Error::SameOut {
                        first,
                        second: root.path.clone(),
                    });
                }
                folder.join(name)
            }
            Destination::Folder(folder) if folder == "." => Utf8PathBuf::new(),
            Destination::Folder(folder) => folder.clone(),
        };
        bases.insert(id, base);
    }
    Ok(bases)
}

/// The last component of the path of a root; of its canonical form where that is no name, as for `.` and `..`.
pub(crate) fn root_name(root: &Utf8Path) -> Result<String, Error> {
    if let Some(name) = root.file_name() {
        return Ok(name.to_owned());
    }
    let path = if root == "" { Utf8Path::new(".") } else { root };
    let canonical = path.canonicalize_utf8().map_err(|source| Error::Root {
        path: root.to_owned(),
        source,
    })?;
    // The root of the file system has no name; this one cannot clash with a folder in practice.
    Ok(canonical.file_name().unwrap_or("root").to_owned())
}
