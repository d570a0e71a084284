//! What stands in the repositories already: the manifests of earlier runs.
//!
//! In: the folders that manifests go to, on the disk or in revisions. Out: which files carry our mark, and which entities
//! they hold. There is no other memory of earlier runs. [`settle`] brings the catalog of this run together with it.

mod doubts;
mod edits;
mod held;
mod resources;
mod settle;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use crate::diagnostic::Error;
use crate::generated::{self, Mark};
use crate::port::{Blueprint, Bodies, Key};
use crate::source::{Files, RootId, Site};
use held::{Held, Sort};

pub use edits::Edits;
pub use settle::{Overwrite, Rules, Settled, settle};

/// Where the manifests of a root stand.
#[derive(Debug)]
pub struct Ground {
    /// The folder as a user would name it; empty for the current one.
    pub shown: Utf8PathBuf,
    /// Its states: first the one that is written over, then others that Port may have seen, such as the branch of an
    /// earlier run. Of an entity that stands in several the last counts.
    pub states: Vec<Files>,
}

/// The manifests of earlier runs.
#[derive(Debug, Default)]
pub struct Standing {
    grounds: BTreeMap<RootId, Ground>,
    /// The files of the states that are written over.
    files: BTreeMap<(RootId, Utf8PathBuf), StandingFile>,
    /// The entities of all states.
    entities: BTreeMap<Key, StandingEntity>,
    blueprints: BTreeMap<String, Blueprint>,
}

/// A file that stands where a manifest could.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StandingFile {
    /// Whose it is.
    pub mark: Mark,
    /// See [`generated::fingerprint`].
    pub fingerprint: u128,
}

/// An entity that an earlier run wrote.
#[derive(Debug)]
struct StandingEntity {
    /// What it has.
    shape: Arc<Shape>,
    /// The manifests that hold it.
    places: Vec<Place>,
}

/// A manifest in one of the states.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    root: RootId,
    state: usize,
    path: Utf8PathBuf,
}

/// The names of what an entity has; most entities share one with many others.
#[derive(Debug, Default, Clone, PartialEq, Eq, Hash)]
struct Shape {
    properties: BTreeSet<String>,
    relations: BTreeSet<String>,
    has_team: bool,
}

impl Shape {
    fn join(&mut self, other: Self) {
        self.properties.extend(other.properties);
        self.relations.extend(other.relations);
        self.has_team |= other.has_team;
    }
}

impl Standing {
    /// Reads the manifests of earlier runs.
    ///
    /// # Errors
    ///
    /// [`Error::Standing`] when a folder or a manifest cannot be read.
    pub fn read(mut grounds: BTreeMap<RootId, Ground>) -> Result<Self, Error> {
        let mut places = Vec::new();
        for (root, ground) in &mut grounds {
            for (state, files) in ground.states.iter_mut().enumerate() {
                let is_wanted = |path: &Utf8Path| Sort::of(path).is_some();
                let paths = files
                    .list(is_wanted)
                    .map_err(|source| unreadable(&ground.shown, "".into(), source))?;
                places.extend(paths.into_iter().map(|path| Place {
                    root: *root,
                    state,
                    path,
                }));
            }
        }
        let read: Vec<_> = places
            .par_iter()
            .map(|place| {
                let ground = &grounds[&place.root];
                read(&ground.states[place.state], &place.path)
                    .map_err(|source| unreadable(&ground.shown, &place.path, source))
            })
            .collect::<Result<_, Error>>()?;
        let mut standing = Self {
            grounds,
            ..Self::default()
        };
        let mut shapes: HashSet<Arc<Shape>> = HashSet::new();
        for (place, found) in places.into_iter().zip(read) {
            let Some((file, held)) = found else { continue };
            if place.state == 0 {
                let key = (place.root, place.path.clone());
                standing.files.insert(key, file);
            }
            standing.blueprints.extend(held.blueprints);
            let is_edited = file.mark == Mark::Edited && place.state == 0;
            // What somebody took out of the file may be in Port all the same.
            let committed = is_edited.then(|| standing.committed(place.root, &place.path));
            let mut committed = committed.flatten().unwrap_or_default().entities;
            for (key, mut shape) in held.entities {
                if let Some(before) = committed.remove(&key) {
                    shape.join(held::shape(&before));
                }
                standing.add(key, shape, &place, &mut shapes);
            }
        }
        Ok(standing)
    }

    fn add(&mut self, key: Key, mut shape: Shape, place: &Place, shapes: &mut HashSet<Arc<Shape>>) {
        let mut places = Vec::new();
        if let Some(known) = self.entities.remove(&key) {
            // What any of the files has may have come to Port.
            shape.join(Arc::unwrap_or_clone(known.shape));
            places = known.places;
        }
        places.push(place.clone());
        let shape = Arc::new(shape);
        let shape = shapes.get(&shape).cloned().unwrap_or_else(|| {
            shapes.insert(Arc::clone(&shape));
            shape
        });
        self.entities.insert(key, StandingEntity { shape, places });
    }

    /// The files of a root that stand where a manifest could, in the state that is written over.
    pub fn files(&self) -> impl Iterator<Item = (RootId, &Utf8Path, StandingFile)> {
        let files = self.files.iter();
        files.map(|((root, path), file)| (*root, path.as_path(), *file))
    }

    /// How a user would name a file of a root.
    #[must_use]
    pub fn shown(&self, root: RootId, path: &Utf8Path) -> Utf8PathBuf {
        let ground = self.grounds.get(&root);
        ground.map_or_else(|| path.to_owned(), |ground| joined(&ground.shown, path))
    }

    /// Whether manifests of a root have a place at all.
    #[must_use]
    pub fn has(&self, root: RootId) -> bool {
        self.grounds.contains_key(&root)
    }

    /// What stands at a path in the state that is written over, and whose it is where it is a file.
    ///
    /// # Errors
    ///
    /// When it cannot be looked at.
    pub fn look(&self, root: RootId, path: &Utf8Path) -> io::Result<(Site, Option<StandingFile>)> {
        if let Some(file) = self.files.get(&(root, path.to_owned())) {
            return Ok((Site::File, Some(*file)));
        }
        let Some(files) = self.grounds.get(&root).and_then(|g| g.states.first()) else {
            return Ok((Site::Free, None));
        };
        match files.site(path)? {
            // A walk does not find what git ignores.
            Site::File => match read(files, path) {
                Ok(found) => Ok((Site::File, found.map(|(file, _)| file))),
                // Whose it is cannot be told, so it stays; everything else can still be written.
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                    Ok((Site::Taken(format!("it cannot be read ({error})")), None))
                }
                Err(error) => Err(error),
            },
            site => Ok((site, None)),
        }
    }

    /// The text of a manifest in the state that is written over.
    ///
    /// # Errors
    ///
    /// [`Error::Standing`] when it cannot be read.
    pub fn text(&self, root: RootId, path: &Utf8Path) -> Result<String, Error> {
        self.text_in(&Place {
            root,
            state: 0,
            path: path.to_owned(),
        })
    }

    fn text_in(&self, place: &Place) -> Result<String, Error> {
        let Place { root, state, path } = place;
        let missing = || io::Error::from(io::ErrorKind::NotFound);
        let ground = self.grounds.get(root);
        let files = ground.and_then(|ground| ground.states.get(*state));
        let bytes = files.ok_or_else(missing).and_then(|files| files.read(path));
        let bytes = bytes.map_err(|source| Error::Standing {
            path: self.shown(*root, path),
            source,
        })?;
        Ok(text_of(bytes))
    }

    /// Everything that the manifests of the state that is written over say.
    ///
    /// # Errors
    ///
    /// [`Error::Standing`] when one cannot be read.
    pub fn bodies(&self) -> Result<Bodies, Error> {
        let ours = self
            .files()
            .filter(|(_, _, file)| file.mark != Mark::Foreign);
        let mut bodies = Bodies::default();
        for (root, path, _) in ours {
            held::collect(path, &self.text(root, path)?, &mut bodies);
        }
        Ok(bodies)
    }
}

fn unreadable(shown: &Utf8Path, path: &Utf8Path, source: io::Error) -> Error {
    Error::Standing {
        path: joined(shown, path),
        source,
    }
}

/// A path in a folder; without a slash at its end for the folder itself.
fn joined(folder: &Utf8Path, path: &Utf8Path) -> Utf8PathBuf {
    if path == "" {
        folder.to_owned()
    } else {
        folder.join(path)
    }
}

/// Reads a file and what it holds, if it is ours. `None` for a file that must not be read: whoever writes there is told.
fn read(files: &Files, path: &Utf8Path) -> io::Result<Option<(StandingFile, Held)>> {
    let text = match files.read(path) {
        Ok(bytes) => text_of(bytes),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(None),
        Err(error) => return Err(error),
    };
    let mark = generated::mark(&text);
    let held = match mark {
        Mark::Foreign => Held::default(),
        Mark::Intact | Mark::Edited => Held::of(path, &text),
    };
    let file = StandingFile {
        mark,
        fingerprint: generated::fingerprint(&text),
    };
    Ok(Some((file, held)))
}

fn text_of(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
