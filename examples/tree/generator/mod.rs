//! Makes trees of Backstage descriptors that look like those of organisations, or like their worst cases.
//!
//! In: a shape, a size and a seed. Out: files in a git repository, the same bytes each time, written as they are made:
//! a million entities need no more memory than a thousand. Not a fuzzer: what is written is valid, and the tool has
//! little to say about it but for references that lead nowhere, in two of a hundred entities.

#![allow(
    dead_code,
    reason = "every program has its own copy and uses a part of it"
)]

mod company;
mod definition;
mod folder;
mod random;
mod shapes;
mod text;
#[rustfmt::skip]
mod words;

use std::error::Error;
use std::iter::Sum;
use std::ops::Add;
use std::{fmt, fs};

use camino::{Utf8Path, Utf8PathBuf};
use clap::ValueEnum;
use folder::Folder;

/// Changes with the bytes that are written: trees of another version are not the same.
pub(crate) const VERSION: u32 = 1;

/// How entities are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shape {
    /// Departments and teams with groups, users, domains, systems, components, APIs, resources, templates and
    /// Locations, mostly one file for each entity, between files of other kinds and ignored folders
    Company,
    /// One component that depends on all other entities
    Relations,
    /// One file that holds all entities, a document each
    Documents,
    /// One folder that holds all files
    Wide,
    /// As many folders as entities, ten in each
    Folders,
    /// Locations, each of which leads to the next
    Chain,
    /// One descriptor among unrelated files, all of them committed
    Needle,
}

/// What is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tree {
    /// How it is laid out.
    pub(crate) shape: Shape,
    /// How many entities it holds; of [`Shape::Needle`], how many unrelated files.
    pub(crate) size: usize,
    /// Which names and texts it holds.
    pub(crate) seed: u64,
    /// Whether everything in it is committed. It is a git repository in any case.
    pub(crate) is_committed: bool,
}

impl Tree {
    /// Writes the tree, by all threads of the current pool.
    ///
    /// # Errors
    ///
    /// When a file cannot be written, or the folder holds a file already.
    pub(crate) fn write(&self, path: &Utf8Path) -> Result<Count, Box<dyn Error>> {
        let folder = Folder::new(path)?;
        let repository = folder::repository(path)?;
        let Self { size, seed, .. } = *self;
        let count = match self.shape {
            Shape::Company => company::write(&folder, size, seed),
            Shape::Relations => shapes::relations(&folder, size),
            Shape::Documents => shapes::documents(&folder, size),
            Shape::Wide => shapes::wide(&folder, size),
            Shape::Folders => shapes::folders(&folder, size),
            Shape::Chain => shapes::chain(&folder, size),
            Shape::Needle => shapes::needle(&folder, size, seed),
        }?;
        if self.is_committed {
            folder::commit(&repository)?;
        }
        Ok(count)
    }
}

impl Tree {
    /// The tree in a folder of its own below `path`: written where it is not there yet, whole or not at all.
    ///
    /// # Errors
    ///
    /// As [`Tree::write`].
    pub(crate) fn kept(&self, path: &Utf8Path) -> Result<Utf8PathBuf, Box<dyn Error>> {
        let folder = path.join(self.to_string());
        if !folder.exists() {
            let partial = path.join(format!("{self}.partial"));
            if partial.exists() {
                fs::remove_dir_all(&partial)?;
            }
            self.write(&partial)?;
            fs::rename(&partial, &folder)?;
        }
        Ok(folder)
    }

    /// How many entities it holds.
    pub(crate) fn entities(&self) -> usize {
        match self.shape {
            Shape::Needle => 1,
            _ => self.size,
        }
    }
}

/// Whether a file of a tree holds entities: by its name, or because a Location leads to it.
pub(crate) fn is_descriptor(path: &Utf8Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    let mut near = path.ancestors().skip(1).take(2);
    let mut is_below = |folders: &[&str]| {
        near.any(|above| {
            above
                .file_name()
                .is_some_and(|name| folders.contains(&name))
        })
    };
    matches!(
        name,
        "catalog-info.yaml" | "org.yaml" | "systems.yaml" | "template.yaml"
    ) || name.ends_with(".catalog-info.yaml")
        || path.extension() == Some("yaml") && is_below(&["resources", "chain"])
}

/// The name of a folder for this tree and no other.
impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shape = format!("{:?}", self.shape).to_lowercase();
        let commit = if self.is_committed { "-committed" } else { "" };
        write!(f, "{shape}-{}-{}{commit}-v{VERSION}", self.size, self.seed)
    }
}

/// What was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Count {
    /// Entities, those that only a Location leads to among them.
    pub(crate) entities: usize,
    /// Files that hold them.
    pub(crate) descriptors: usize,
    /// All files, but for those of git.
    pub(crate) files: usize,
    /// The bytes in them.
    pub(crate) bytes: usize,
}

impl Add for Count {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            entities: self.entities + other.entities,
            descriptors: self.descriptors + other.descriptors,
            files: self.files + other.files,
            bytes: self.bytes + other.bytes,
        }
    }
}

impl Sum for Count {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), Add::add)
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            entities,
            descriptors,
            files,
            bytes,
        } = self;
        write!(
            f,
            "{entities} entities in {descriptors} of {files} files, {bytes} bytes"
        )
    }
}
