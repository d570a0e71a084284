//! Single files of the repository around a root, by their paths from its top: for those who know what they look for.
//!
//! In: a root, a revision or none, and a path. Out: the bytes of the file. No folder is listed, so it costs the same in
//! every repository. Symbolic links are never followed.

use std::fmt;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use git2::{ObjectType, Oid, Repository};

use super::repository::Layout;
use super::revision::{blob, tree};
use super::work_tree::WorkTree;
use super::{RootError, Site, git};

/// The repository around a root; where there is none, the root stands for it.
#[derive(Debug)]
pub struct Around {
    /// Its top on the disk, as a user would type it; the repository itself where it is a bare one.
    pub top: Utf8PathBuf,
    /// The root, by its path from the top.
    pub folder: Utf8PathBuf,
    root: Utf8PathBuf,
    files: Files,
}

enum Files {
    Disk(WorkTree),
    Revision(Repository, Oid),
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Disk(_) => "Disk",
            Self::Revision(..) => "Revision",
        })
    }
}

impl Around {
    /// The repository around a root, as it is on the disk or in a revision. The root need not exist.
    ///
    /// # Errors
    ///
    /// When the revision cannot be read.
    pub fn of(root: &Utf8Path, revision: Option<&str>) -> Result<Self, RootError> {
        let root = if root == "" { ".".into() } else { root };
        let canonical = root.canonicalize_utf8().ok();
        let layout = canonical.as_deref().and_then(Layout::around);
        let folder = layout.as_ref().map_or("".into(), |it| it.folder.clone());
        let top = match &canonical {
            Some(canonical) => top(root, canonical, &folder),
            None => root.to_owned(),
        };
        let files = match revision {
            None => Files::Disk(WorkTree::new(top.clone(), layout.is_some())),
            Some(name) => {
                let (repository, tree) = opened(root, name)?;
                Files::Revision(repository, tree)
            }
        };
        Ok(Self {
            top,
            folder,
            root: root.to_owned(),
            files,
        })
    }

    /// A path from the top as a user would type it, who typed the root.
    #[must_use]
    pub fn typed(&self, path: &Utf8Path) -> Utf8PathBuf {
        let (start, rest) = match path.strip_prefix(&self.folder) {
            Ok(below) => (&self.root, below),
            Err(_) => (&self.top, path),
        };
        match start.as_str() {
            "." => rest.to_owned(),
            _ => start.join(rest),
        }
    }

    /// The bytes of a file; `None` where nothing is.
    ///
    /// # Errors
    ///
    /// When something else than a file of at most this many bytes is there, or it cannot be read.
    pub fn read(&self, path: &Utf8Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
        match &self.files {
            Files::Disk(tree) => match tree.site(path)? {
                Site::Free => Ok(None),
                Site::File => tree.read(path, limit).map(Some),
                Site::Taken(reason) => Err(io::Error::other(reason)),
            },
            Files::Revision(repository, tree) => {
                let other = |error: git2::Error| io::Error::other(error.message().to_owned());
                let tree = repository.find_tree(*tree).map_err(other)?;
                if path == "" {
                    return Err(io::Error::other("it is not a file"));
                }
                let entry = match tree.get_path(path.as_std_path()) {
                    Ok(entry) => entry,
                    Err(error) if error.code() == git2::ErrorCode::NotFound => return Ok(None),
                    Err(error) => return Err(other(error)),
                };
                match entry.kind() {
                    _ if entry.filemode() == LINK => Err(io::Error::other("it is a symbolic link")),
                    Some(ObjectType::Blob) => blob(repository, entry.id(), limit).map(Some),
                    _ => Err(io::Error::other("it is not a file")),
                }
            }
        }
    }
}

/// The mode of links in git.
const LINK: i32 = 0o120_000;

fn opened(root: &Utf8Path, revision: &str) -> Result<(Repository, Oid), RootError> {
    let fault = |message: String| RootError::Revision {
        path: root.to_owned(),
        revision: revision.to_owned(),
        message,
    };
    let repository = git::open(root).map_err(fault)?;
    let repository = repository.ok_or_else(|| RootError::NotARepository {
        path: root.to_owned(),
        revision: revision.to_owned(),
    })?;
    let tree = tree(&repository, revision).map_err(fault)?.id();
    Ok((repository, tree))
}

/// The top as a user would type it, who typed the root.
fn top(root: &Utf8Path, canonical: &Utf8Path, folder: &Utf8Path) -> Utf8PathBuf {
    let depth = folder.components().count();
    let mut above = canonical.ancestors().skip(depth);
    let top = above.next().unwrap_or(canonical);
    let mut typed = root.to_owned();
    for _ in 0..depth {
        match typed.components().next_back() {
            Some(camino::Utf8Component::Normal(_)) => {
                typed.pop();
            }
            Some(camino::Utf8Component::CurDir) | None => typed = "..".into(),
            _ => typed.push(".."),
        }
    }
    let typed = if typed == "" { ".".into() } else { typed };
    // Not so where a link leads into the repository.
    if typed.canonicalize_utf8().is_ok_and(|path| path == top) {
        typed
    } else {
        top.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

    #[test]
    fn files_are_read_from_the_disk_and_from_revisions() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let folder = Utf8Path::from_path(folder.path()).ok_or("no UTF-8 path")?;
        let repository = Repository::init(folder)?;
        std::fs::create_dir_all(folder.join("a/b"))?;
        std::fs::write(folder.join("a/x"), "committed")?;
        #[cfg(unix)]
        std::os::unix::fs::symlink("x", folder.join("a/link"))?;
        let mut index = repository.index()?;
        index.add_all(["*"], git2::IndexAddOption::DEFAULT, None)?;
        let tree = repository.find_tree(index.write_tree()?)?;
        let kim = git2::Signature::new("Kim", "kim@example.com", &git2::Time::new(0, 0))?;
        repository.commit(Some("HEAD"), &kim, &kim, "a commit", &tree, &[])?;
        std::fs::write(folder.join("a/x"), "changed")?;

        for (revision, text) in [(None, "changed"), (Some("HEAD"), "committed")] {
            let around = Around::of(&folder.join("a/b"), revision)?;
            assert_eq!((&*around.top, &*around.folder), (folder, "a/b".into()));
            let read = |path: &str| around.read(path.into(), 9).map_err(|e| e.to_string());
            assert_eq!(read("a/x"), Ok(Some(text.as_bytes().to_vec())));
            assert_eq!(read("a/y"), Ok(None));
            assert_eq!(read("z/y"), Ok(None));
            assert!(read("a").is_err());
            assert!(read("").is_err());
            assert!(read(".git/HEAD").is_err() || revision.is_some());
            assert!(around.read("a/x".into(), 3).is_err());
            assert_eq!(around.typed("a/x".into()), folder.join("a/x"));
            if cfg!(unix) {
                assert_eq!(read("a/link"), Err("it is a symbolic link".to_owned()));
            }
        }
        assert!(Around::of(folder, Some("none")).is_err());
        Ok(())
    }

    #[test]
    fn the_top_is_what_a_user_would_type() {
        let canonical = Utf8PathBuf::from(".").canonicalize_utf8();
        let canonical = canonical.unwrap_or_default();
        let below = canonical.join("src/source");
        let at = |root: &str, canonical: &Utf8Path, folder: &str| {
            top(root.into(), canonical, folder.into())
        };
        assert_eq!(at("src/source", &below, "src/source"), ".");
        assert_eq!(at("./src/source/", &below, "src/source"), ".");
        assert_eq!(at(".", &canonical, ""), ".");
        let parent = canonical.parent().unwrap_or(&canonical);
        let name = canonical.file_name().unwrap_or_default();
        assert_eq!(at(".", &canonical, name), "..");
        assert_eq!(at("src/..", &canonical, name), "src/../..");
        // As if `elsewhere` were a link.
        assert_eq!(at("elsewhere", &canonical, name), parent);
    }
}
