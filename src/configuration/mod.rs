//! The configuration of a repository: what the flags of the command line are where nobody gives them, the severities of
//! findings, and the code owners.
//!
//! In: the repository around a root, or a file that the user names, and the keys there are. Out: the values, those of the
//! files that the configuration extends with them; or everything that is wrong with it. Which flags there are is not known
//! here: the program says so with [`Keys`].

mod chain;
mod layer;
pub mod schema;

use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use camino::{Utf8Path, Utf8PathBuf};

use self::chain::Chain;
pub use self::layer::{allowed, level, no_such_code};
use crate::codeowners;
use crate::diagnostic::Code;
use crate::judge::Level;
use crate::source::Around;

/// The names of a configuration; in a folder there is one or the other.
pub const NAMES: [&str; 2] = ["backstage2port.yaml", ".backstage2port.yaml"];
/// Names that are mistaken for them.
const MISNOMERS: [&str; 2] = ["backstage2port.yml", ".backstage2port.yml"];

/// What the keys are for that stand for no flag, or for more than one.
pub const EXTENDS_ABOUT: &str = "Configurations that this one builds on, such as the defaults of an organisation: files, or \
folders with a configuration, from the folder of this file. What this file says wins; of two files the later one does";
/// As [`EXTENDS_ABOUT`].
pub const SEVERITY_ABOUT: &str = "The severities of findings, by code";
/// As [`EXTENDS_ABOUT`].
pub const CODEOWNERS_ABOUT: &str =
    "Hold the owners of entities against the CODEOWNERS file of the repository";

/// A key of the configuration that stands for a flag.
#[derive(Debug, Clone)]
pub struct Key {
    /// The name of the flag, without its dashes.
    pub name: String,
    /// What it is for.
    pub about: String,
    /// What a value of it is.
    pub takes: Takes,
    /// Whether it takes several values.
    pub is_list: bool,
    /// The keys that it cannot stand beside.
    pub excludes: Vec<String>,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Takes {
    /// `true` or `false`.
    Switch,
    /// A number that is not negative.
    Number,
    /// Some text.
    Text,
    /// The path of a file or folder, from the folder of the configuration.
    Path,
    /// One of these names, or a path, which has a slash in it.
    NameOrPath(Vec<String>),
    /// One of these words, each with what it means where that is not plain.
    OneOf(Vec<(String, Option<String>)>),
}

/// Says what is wrong with the text of a key.
pub type Check<'a> = Box<dyn Fn(&Key, &str) -> Result<(), String> + 'a>;

/// The keys that a configuration may have beside those of its own.
pub struct Keys<'a> {
    /// Those that stand for flags.
    pub keys: Vec<Key>,
    /// Flags that are no keys, and why.
    pub others: Vec<(String, &'static str)>,
    /// What is wrong with a text, where more than [`Key::takes`] is to be said of it.
    pub check: Check<'a>,
}

impl std::fmt::Debug for Keys<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys")
            .field("keys", &self.keys)
            .field("others", &self.others)
            .finish_non_exhaustive()
    }
}

/// What a repository is configured to.
#[derive(Debug, Clone, Default)]
pub struct Configuration {
    /// The files it stands in, nearest first, as a user would type them.
    pub files: Vec<Utf8PathBuf>,
    /// The values of flags, by the names of keys.
    pub values: BTreeMap<String, Setting>,
    /// The codes whose severity is not their own.
    pub severities: BTreeMap<Code, Level>,
    /// What is done with code owners.
    pub codeowners: codeowners::Rules,
}

/// The value of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// As they would be typed: one, or as many as the list has. Never none.
    pub values: Vec<String>,
    /// The file it stands in.
    pub file: Utf8PathBuf,
}

impl Setting {
    /// Whether it does anything: a switch that is off excludes nothing.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.values != ["false"]
    }
}

/// One thing that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file, as a user would type it.
    pub file: Utf8PathBuf,
    /// Its text, where that may be shown.
    pub text: Option<Rc<str>>,
    /// Where in the text it is; `None` for the file as a whole.
    pub at: Option<Range<usize>>,
    /// Line and column of the place, from 1.
    pub position: Option<(usize, usize)>,
    /// What is wrong.
    pub message: String,
    /// What to do about it, where that is known.
    pub help: Option<String>,
}

/// A configuration that cannot be used: everything that is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the configuration cannot be used")]
pub struct Refused(pub Vec<Fault>);

/// The configuration that a root has: in its folder, or else in the nearest folder above it that has one, up to the top of
/// its repository. By its path from there.
///
/// # Errors
///
/// When a folder has two, or what is there is no file.
pub fn find(around: &Around) -> Result<Option<Utf8PathBuf>, Refused> {
    for folder in around.folder.ancestors() {
        if let Some(path) = chain::in_folder(around, folder)? {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

/// Reads a configuration that was found.
///
/// # Errors
///
/// Everything that is wrong with it, and with the files it extends.
pub fn read(around: &Around, path: &Utf8Path, keys: &Keys<'_>) -> Result<Configuration, Refused> {
    Chain::new(Some(around), keys).read(&chain::File::Inside(path.to_owned()))
}

/// Reads the configuration in a file that the user names, or in a folder.
///
/// # Errors
///
/// As [`read`].
pub fn read_named(path: &Utf8Path, keys: &Keys<'_>) -> Result<Configuration, Refused> {
    Chain::new(None, keys).read(&chain::File::Outside(path.to_owned()))
}
