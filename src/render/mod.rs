//! Turns what Port should hold into manifests: files with a path and contents, in memory.
//!
//! In: a [`port::Catalog`](crate::port::Catalog). Out: [`Manifest`]s. Nothing is written here.

use camino::Utf8PathBuf;

use crate::source::RootId;

/// How entities are spelled in manifests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// `port.yml`, what Port's own examples use.
    #[default]
    Yaml,
    /// `port.json`.
    Json,
}

/// A file to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The root it belongs to.
    pub root: RootId,
    /// The path inside the root, with forward slashes.
    pub path: Utf8PathBuf,
    /// The whole file: UTF-8, LF, final newline.
    pub contents: String,
    /// How many entities it holds.
    pub entities: usize,
}
