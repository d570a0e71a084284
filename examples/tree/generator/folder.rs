//! Where files go: a folder that is a git repository.

use std::fs::{self, File};
use std::io::{self, Write};

use camino::{Utf8Path, Utf8PathBuf};
use git2::{IndexAddOption, Repository, RepositoryInitOptions, Signature, Time};

use super::Count;

/// A folder to write to.
pub(super) struct Folder(Utf8PathBuf);

impl Folder {
    /// Makes the folder.
    pub(super) fn new(path: &Utf8Path) -> io::Result<Self> {
        fs::create_dir_all(path)?;
        Ok(Self(path.to_owned()))
    }

    /// Writes a file that holds entities.
    pub(super) fn descriptor(&self, path: &str, entities: usize, text: &str) -> io::Result<Count> {
        let file = self.unrelated(path, text)?;
        Ok(Count {
            entities,
            descriptors: 1,
            ..file
        })
    }

    /// Writes a file that is no descriptor.
    pub(super) fn unrelated(&self, path: &str, text: &str) -> io::Result<Count> {
        let path = self.0.join(path);
        let file = match File::create_new(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(path.parent().unwrap_or(&self.0))?;
                File::create_new(&path)
            }
            file => file,
        };
        file.and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(|error| io::Error::new(error.kind(), format!("{path}: {error}")))?;
        Ok(Count {
            files: 1,
            bytes: text.len(),
            ..Count::default()
        })
    }
}

/// Makes a git repository of a folder: without one, the repository around it would count.
pub(super) fn repository(path: &Utf8Path) -> Result<Repository, git2::Error> {
    let mut options = RepositoryInitOptions::new();
    options.initial_head("main").external_template(false);
    let repository = Repository::init_opts(path, &options)?;
    let address = "https://github.com/acme/everything.git";
    repository.remote("origin", address)?;
    Ok(repository)
}

/// Commits everything that is not ignored, as one pack.
pub(super) fn commit(repository: &Repository) -> Result<(), Box<dyn std::error::Error>> {
    let objects = repository.odb()?;
    let memory = objects.add_new_mempack_backend(1000)?;
    let mut index = repository.index()?;
    index.add_all(["*"], IndexAddOption::DEFAULT, None)?;
    index.write()?;
    let tree = repository.find_tree(index.write_tree()?)?;
    let author = Signature::new("Tree", "tree@example.com", &Time::new(0, 0))?;
    repository.commit(Some("HEAD"), &author, &author, "Everything", &tree, &[])?;
    let mut pack = git2::Buf::new();
    memory.dump(repository, &mut pack)?;
    let mut packed = objects.packwriter()?;
    packed.write_all(&pack)?;
    packed.commit()?;
    Ok(())
}
