//! Puts manifests into folders, and files on a branch ([`branch`]); the only module that changes anything.
//!
//! In: [`Manifest`]s. Out: files, and what became of each. What a manifest says is decided before.
//!
//! The folders may hold whatever a pull request of a stranger put there, so nothing is written through a symbolic link
//! and nothing is overwritten that this tool did not write.

pub mod branch;
mod files;
mod keep;

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind, Read, Write};

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Error};
use crate::generated;
use crate::render::Manifest;
use crate::source::{RootId, Sources};
use keep::Doubts;

pub use files::files;

/// How much of a file is read to tell whether it is ours.
const HEAD_BYTES: u64 = 4096;

/// Where manifests go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// Into the roots they belong to.
    Roots,
    /// Into another folder: directly for one root, in a folder named like the root for several.
    Folder(Utf8PathBuf),
}

/// What became of a manifest, or would.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// There was no such file.
    Created,
    /// An older manifest stood there.
    Updated,
    /// The very same bytes stand there already; the file was not touched.
    Unchanged,
    /// Something stands there that this tool did not write; it stays.
    Foreign,
    /// An older manifest stands there and would lose entities while descriptors have errors; it stays.
    Kept,
}

impl Outcome {
    /// The word for it in reports.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::Foreign => "foreign",
            Self::Kept => "kept",
        }
    }
}

/// What became of all manifests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// For each manifest, in their order: its path as a user would type it, and its outcome.
    pub outcomes: Vec<(Utf8PathBuf, Outcome)>,
}

impl Written {
    /// How many manifests had this outcome.
    #[must_use]
    pub fn count(&self, outcome: Outcome) -> usize {
        self.outcomes.iter().filter(|(_, o)| *o == outcome).count()
    }
}

/// Writes the manifests that differ from what stands at the destination, each file at once: a run that fails or is
/// killed leaves old or new files, never halves. With `dry_run` nothing changes and the outcomes are what would be.
///
/// All places are looked at before the first file is written. A place that is taken gives
/// [`Code::ForeignManifest`] and is left alone: a file without our mark, anything that is no regular file, and a path
/// through a symbolic link, which could lead out of the root.
///
/// # Errors
///
/// [`Error::SameOut`] if two roots have the same name below the folder, case ignored; [`Error::NoFolder`] for manifests
/// of a root that is only known from a catalog dump, unless they go into another folder; [`Error::Write`] if a place
/// cannot be looked at or written. Manifests written before the error stay; no temporary file does.
pub fn write(
    manifests: &[Manifest],
    sources: &Sources,
    destination: &Destination,
    dry_run: bool,
    diagnostics: &mut Diagnostics,
) -> Result<Written, Error> {
    let bases = bases(sources, destination)?;
    let mut plans = manifests
        .par_iter()
        .map(|manifest| {
            let base = bases.get(&manifest.root).ok_or(Error::NoFolder)?;
            let place = look(base, manifest).map_err(|error| failed(base, manifest, error))?;
            Ok((base.join(&manifest.path), place))
        })
        .collect::<Result<Vec<_>, Error>>()?;
    keep::hold(manifests, &mut plans, &Doubts::of(diagnostics, sources))?;
    for (path, place) in &plans {
        match place {
            Place::Foreign(reason) => diagnostics.push(foreign(path, reason)),
            Place::Kept(lost) if !lost.is_empty() => diagnostics.push(kept(path, lost)),
            Place::Free | Place::Ours(_) | Place::Same | Place::Kept(_) => {}
        }
    }
    if !dry_run {
        manifests
            .par_iter()
            .zip(&plans)
            .try_for_each(|(manifest, (path, place))| {
                let permissions = match place {
                    Place::Free => None,
                    Place::Ours(permissions) => Some(permissions),
                    Place::Same | Place::Foreign(_) | Place::Kept(_) => return Ok(()),
                };
                replace(path, &manifest.contents, permissions)
                    .map_err(|error| failed(&bases[&manifest.root], manifest, error))
            })?;
    }
    let outcomes = plans.into_iter();
    Ok(Written {
        outcomes: outcomes.map(|(path, p)| (path, p.outcome())).collect(),
    })
}

fn failed(base: &Utf8Path, manifest: &Manifest, source: io::Error) -> Error {
    Error::Write {
        path: base.join(&manifest.path),
        source,
    }
}

fn kept(path: &Utf8Path, lost: &[String]) -> Diagnostic {
    Diagnostic::new(
        Code::KeptManifest,
        format!(
            "`{path}` stays as it is: it would lose {} while descriptors have errors",
            lost.join(", ")
        ),
    )
    .help("an entity that leaves its manifest is deleted in Port; mend the errors and run again")
}

fn foreign(path: &Utf8Path, reason: &str) -> Diagnostic {
    Diagnostic::new(
        Code::ForeignManifest,
        format!("`{path}` stays as it is: {reason}"),
    )
    .help("move it out of the way, or write the manifests elsewhere with --out")
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

/// What stands where a manifest belongs.
#[derive(Debug)]
enum Place {
    Free,
    Ours(Permissions),
    Same,
    Foreign(String),
    /// What would be lost; of a list in parts, the first part that stands there says it for all.
    Kept(Vec<String>),
}

impl Place {
    fn outcome(&self) -> Outcome {
        match self {
            Self::Free => Outcome::Created,
            Self::Ours(_) => Outcome::Updated,
            Self::Same => Outcome::Unchanged,
            Self::Foreign(_) => Outcome::Foreign,
            Self::Kept(_) => Outcome::Kept,
        }
    }
}

fn look(base: &Utf8Path, manifest: &Manifest) -> io::Result<Place> {
    let foreign = |reason: &str| Ok(Place::Foreign(reason.to_owned()));
    let mut path = base.to_owned();
    let mut components = manifest.path.components().peekable();
    while let Some(component) = components.next() {
        match component {
            Utf8Component::Normal(name) if !name.eq_ignore_ascii_case(".git") => path.push(name),
            _ => return foreign("manifests are written inside the root, and never into `.git`"),
        }
        let metadata = match path.symlink_metadata() {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Place::Free),
            Err(error) => return Err(error),
        };
        let is_last = components.peek().is_none();
        if metadata.is_symlink() && is_last {
            return foreign("it is a symbolic link");
        } else if metadata.is_symlink() {
            return Ok(Place::Foreign(format!("`{path}` is a symbolic link")));
        } else if is_last && metadata.is_file() {
            return compare(&path, &manifest.contents, &metadata);
        } else if is_last {
            return foreign("it is not a file");
        } else if !metadata.is_dir() {
            return Ok(Place::Foreign(format!("`{path}` is not a folder")));
        }
    }
    foreign("it has no name")
}

/// Compares a regular file with what it is to become. Reads the whole file only where the lengths agree.
fn compare(path: &Utf8Path, contents: &str, metadata: &fs::Metadata) -> io::Result<Place> {
    let file = match File::open(path) {
        Ok(file) => file,
        // Whose it is cannot be told, so it stays; everything else can still be written.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            return Ok(Place::Foreign(format!("it cannot be read ({error})")));
        }
        Err(error) => return Err(error),
    };
    let length = contents.len() as u64;
    let limit = if metadata.len() == length {
        length + 1
    } else {
        HEAD_BYTES
    };
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(if bytes == contents.as_bytes() {
        Place::Same
    } else if generated::is_generated(&String::from_utf8_lossy(&bytes)) {
        Place::Ours(metadata.permissions())
    } else {
        Place::Foreign("it was not written by backstage2port".to_owned())
    })
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
mod tests {
    use std::error::Error as StdError;
    use std::fs;

    use camino::{Utf8Path, Utf8PathBuf};

    use super::{Destination, Outcome, Written, write};
    use crate::diagnostic::{Code, Diagnostics, Error};
    use crate::render::{Manifest, Reach};
    use crate::source::{Root, RootId, Sources};

    type Result<T = ()> = std::result::Result<T, Box<dyn StdError>>;

    const CONTENTS: &str =
        "# Generated by backstage2port from a.yaml. Do not edit.\n- identifier: a\n";

    struct Case {
        _folder: tempfile::TempDir,
        path: Utf8PathBuf,
    }

    impl Case {
        fn new() -> Result<Self> {
            let folder = tempfile::tempdir()?;
            let path = Utf8PathBuf::try_from(folder.path().to_owned())?;
            Ok(Self {
                _folder: folder,
                path,
            })
        }

        fn sources(&self, roots: &[&str]) -> Sources {
            let root = |name: &&str| Root {
                path: self.path.join(name),
                repository: None,
            };
            Sources::new(roots.iter().map(root).collect())
        }

        /// One root, `root`, that exists.
        fn write(&self, path: &str, dry_run: bool) -> Result<(Outcome, Diagnostics)> {
            fs::create_dir_all(self.path.join("root"))?;
            let mut diagnostics = Diagnostics::default();
            let Written { outcomes } = write(
                &[manifest(0, path)],
                &self.sources(&["root"]),
                &Destination::Roots,
                dry_run,
                &mut diagnostics,
            )?;
            assert_eq!(outcomes[0].0, self.path.join("root").join(path));
            Ok((outcomes[0].1, diagnostics))
        }

        fn assert_foreign(&self, path: &str, reason: &str) -> Result {
            let (outcome, diagnostics) = self.write(path, false)?;
            assert_eq!(outcome, Outcome::Foreign);
            let found: Vec<_> = diagnostics.into_iter().collect();
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].code, Code::ForeignManifest);
            assert!(found[0].message.contains(reason), "{}", found[0].message);
            Ok(())
        }
    }

    fn manifest(root: u32, path: &str) -> Manifest {
        Manifest {
            root: RootId(root),
            path: path.into(),
            whole: path.into(),
            contents: CONTENTS.to_owned(),
            entities: 1,
            reach: Reach::Folder,
        }
    }

    fn names(folder: &Utf8Path) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in folder.read_dir_utf8()? {
            names.push(entry?.file_name().to_owned());
        }
        names.sort();
        Ok(names)
    }

    #[test]
    fn creates_then_leaves_alone_then_updates() -> Result {
        let case = Case::new()?;
        let file = case.path.join("root/x/y/port.yml");
        assert_eq!(case.write("x/y/port.yml", true)?.0, Outcome::Created);
        assert!(!case.path.join("root/x").exists());
        assert_eq!(case.write("x/y/port.yml", false)?.0, Outcome::Created);
        assert_eq!(fs::read_to_string(&file)?, CONTENTS);
        assert_eq!(names(&case.path.join("root/x/y"))?, ["port.yml"]);

        let before = file.metadata()?;
        assert_eq!(case.write("x/y/port.yml", false)?.0, Outcome::Unchanged);
        assert_eq!(file.metadata()?.modified()?, before.modified()?);

        for older in [
            format!("{CONTENTS}- identifier: b\n"),
            CONTENTS.replace(": a", ": b"),
        ] {
            fs::write(&file, &older)?;
            assert_eq!(case.write("x/y/port.yml", true)?.0, Outcome::Updated);
            assert_eq!(fs::read_to_string(&file)?, older);
            let (outcome, diagnostics) = case.write("x/y/port.yml", false)?;
            assert_eq!(outcome, Outcome::Updated);
            assert!(diagnostics.is_empty());
            assert_eq!(fs::read_to_string(&file)?, CONTENTS);
        }
        Ok(())
    }

    #[test]
    fn what_others_wrote_stays() -> Result {
        let case = Case::new()?;
        let file = case.path.join("root/port.yml");
        case.write("port.yml", true)?;
        for theirs in [
            "- identifier: theirs\n".to_owned(),
            "x".repeat(CONTENTS.len()),
        ] {
            fs::write(&file, &theirs)?;
            case.assert_foreign("port.yml", "not written by backstage2port")?;
            assert_eq!(fs::read_to_string(&file)?, theirs);
        }
        fs::create_dir(case.path.join("root/folder"))?;
        case.assert_foreign("folder", "not a file")?;
        case.assert_foreign("port.yml/port.yml", "is not a folder")?;
        case.assert_foreign("../port.yml", "inside the root")?;
        case.assert_foreign(".GIT/port.yml", "`.git`")?;
        assert!(!case.path.join("port.yml").exists());
        Ok(())
    }

    #[cfg(unix)]
    #[test]
    fn symbolic_links_are_not_followed() -> Result {
        use std::os::unix::fs::symlink;
        let case = Case::new()?;
        case.write("port.yml", true)?;
        let root = case.path.join("root");
        fs::create_dir(case.path.join("outside"))?;
        fs::write(
            case.path.join("outside/port.yml"),
            "# Generated by backstage2port\n",
        )?;
        symlink("../outside", root.join(".port"))?;
        symlink("../outside/port.yml", root.join("port.yml"))?;
        symlink("../outside/new.yml", root.join("dangling.yml"))?;
        case.assert_foreign(".port/blueprints/a.json", "is a symbolic link")?;
        case.assert_foreign("port.yml", "it is a symbolic link")?;
        case.assert_foreign("dangling.yml", "it is a symbolic link")?;
        assert_eq!(names(&case.path.join("outside"))?, ["port.yml"]);
        assert_eq!(
            fs::read_to_string(case.path.join("outside/port.yml"))?,
            "# Generated by backstage2port\n"
        );
        Ok(())
    }

    #[cfg(unix)]
    #[test]
    fn permissions_are_those_of_ordinary_files() -> Result {
        use std::os::unix::fs::PermissionsExt;
        let case = Case::new()?;
        let mode =
            |path: &Utf8Path| Ok::<_, Box<dyn StdError>>(path.metadata()?.permissions().mode());
        let file = case.path.join("root/port.yml");
        let ordinary = case.path.join("ordinary");
        fs::write(&ordinary, "")?;
        case.write("port.yml", false)?;
        assert_eq!(mode(&file)?, mode(&ordinary)?);
        fs::write(&file, "# Generated by backstage2port\n")?;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640))?;
        assert_eq!(case.write("port.yml", false)?.0, Outcome::Updated);
        assert_eq!(mode(&file)? & 0o777, 0o640);
        Ok(())
    }

    #[test]
    fn several_roots_get_a_folder_each() -> Result {
        let case = Case::new()?;
        let sources = case.sources(&["one", "two"]);
        let manifests = [manifest(0, "port.yml"), manifest(1, "port.yml")];
        let out = Destination::Folder(case.path.join("new/out"));
        let written = write(
            &manifests,
            &sources,
            &out,
            false,
            &mut Diagnostics::default(),
        )?;
        assert_eq!(written.count(Outcome::Created), 2);
        assert_eq!(names(&case.path.join("new/out"))?, ["one", "two"]);
        let again = write(
            &manifests,
            &sources,
            &out,
            false,
            &mut Diagnostics::default(),
        )?;
        assert_eq!(again.count(Outcome::Unchanged), 2);

        let same = case.sources(&["one", "x/One"]);
        let error = write(&[], &same, &out, false, &mut Diagnostics::default());
        assert!(matches!(error, Err(Error::SameOut { .. })), "{error:?}");
        Ok(())
    }

    #[test]
    fn a_failed_write_leaves_no_temporary_file() -> Result {
        let case = Case::new()?;
        fs::create_dir_all(case.path.join("taken/by-a-folder"))?;
        assert!(super::replace(&case.path.join("taken"), CONTENTS, None).is_err());
        assert_eq!(names(&case.path)?, ["taken"]);
        Ok(())
    }

    #[test]
    fn one_root_goes_into_the_folder_itself() -> Result {
        let case = Case::new()?;
        let out = Destination::Folder(case.path.join("out"));
        let sources = Sources::new(vec![Root {
            path: ".".into(),
            repository: None,
        }]);
        write(
            &[manifest(0, "port.yml")],
            &sources,
            &out,
            false,
            &mut Diagnostics::default(),
        )?;
        assert_eq!(names(&case.path.join("out"))?, ["port.yml"]);
        Ok(())
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_an_error_and_leaves_nothing() -> Result {
        let case = Case::new()?;
        fs::write(case.path.join("file"), "")?;
        let out = Destination::Folder(case.path.join("file/out"));
        let sources = case.sources(&["root"]);
        let manifests = [manifest(0, "port.yml")];
        let error = write(
            &manifests,
            &sources,
            &out,
            false,
            &mut Diagnostics::default(),
        );
        assert!(matches!(error, Err(Error::Write { .. })), "{error:?}");
        assert_eq!(names(&case.path)?, ["file"]);
        Ok(())
    }
}
