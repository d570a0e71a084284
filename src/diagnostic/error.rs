//! What stops a run.
//!
//! In: a fault that leaves nothing sensible to do. Out: its words for the user. The exit code is up to the program.

use camino::Utf8PathBuf;

use crate::source::RootError;

/// Stops the run: nothing sensible can follow. Anything about one descriptor is a
/// [`Diagnostic`](super::Diagnostic) instead.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A root is missing or is no folder.
    #[error("cannot read the folder {path}")]
    Root {
        /// The folder as the user wrote it.
        path: Utf8PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The roots cannot be opened.
    #[error(transparent)]
    Open(#[from] RootError),
    /// An include or exclude pattern is not a glob.
    #[error("the pattern `{pattern}` is not a valid glob: {message}")]
    Glob {
        /// The pattern as the user wrote it.
        pattern: String,
        /// Why.
        message: String,
    },
    /// A catalog dump cannot be read.
    #[error("cannot read the catalog dump {path}")]
    Dump {
        /// The dump as the user wrote it.
        path: Utf8PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A catalog dump is no JSON, or ends too early.
    #[error("cannot use the catalog dump {path}: line {line}: {message}")]
    DumpContent {
        /// The dump as the user wrote it.
        path: Utf8PathBuf,
        /// The line of the fault, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// A baseline cannot be read.
    #[error("cannot read the baseline {path}, which `--write-baseline {path}` makes")]
    Baseline {
        /// The file as the user wrote it.
        path: Utf8PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A baseline is not what this version writes.
    #[error("cannot use the baseline {path}: {message}; `--write-baseline {path}` writes it anew")]
    BaselineContent {
        /// The file as the user wrote it.
        path: Utf8PathBuf,
        /// What is wrong.
        message: String,
    },
    /// What stands where manifests go cannot be read.
    #[error("cannot read {path}")]
    Standing {
        /// The folder or manifest.
        path: Utf8PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Entities of a catalog dump are to be written, but there is no folder for them.
    #[error(
        "the entities of a catalog dump have no folder: name a root, such as `.`, or a folder with --out"
    )]
    NoFolder,
    /// A reference names no entity of the catalog, or more than one.
    #[error("cannot explain `{reference}`: {message}")]
    UnknownEntity {
        /// The reference as the user wrote it.
        reference: String,
        /// Why, and what may be meant.
        message: String,
    },
    /// A profile cannot be used.
    #[error("the profile `{profile}` cannot be used: {message}")]
    Profile {
        /// Name or folder of the profile.
        profile: String,
        /// Which file, which entry and why.
        message: String,
    },
    /// Blueprints of the user cannot be used.
    #[error("the blueprints in {path} cannot be used: {message}")]
    Blueprints {
        /// The folder or file.
        path: Utf8PathBuf,
        /// Which entry and why.
        message: String,
    },
    /// No blueprint has a property that is to become an enum.
    #[error(
        "no blueprint has a text or a number of the name `{property}` to make an enum of{remedy}"
    )]
    NoSuchEnum {
        /// The property as the user wrote it.
        property: String,
        /// The property that is probably meant, in words, or nothing.
        remedy: String,
    },
    /// An expression of the mapping goes over its limits again and again, or cannot be run at all.
    #[error("`{leaf}` of the mapping {message}, for {entity}; the expression is `{expression}`")]
    Expression {
        /// Where it stands in its mapping.
        leaf: String,
        /// The expression as written.
        expression: String,
        /// The entity it was last run for.
        entity: String,
        /// What became of it.
        message: String,
    },
    /// A provider can read none of the targets.
    #[error(
        "Port's integration for {provider} cannot find the files of target {target}, for it wants exact file names: add \
         `--target central`, or write no mapping with `--provider none`"
    )]
    Provider {
        /// The provider as the user named it.
        provider: &'static str,
        /// The first of the targets.
        target: &'static str,
    },
    /// Custom resources cannot be in a namespace of this name.
    #[error(
        "Kubernetes takes no namespace `{namespace}`: a name has up to 63 small letters, digits and `-`, and no `-` at its ends"
    )]
    Namespace {
        /// The namespace as the user named it.
        namespace: String,
    },
    /// Nothing can be added to an overlay as it stands.
    #[error("cannot add entries to the overlay {path}: {message}")]
    Adopt {
        /// The overlay as a user would type it.
        path: Utf8PathBuf,
        /// Why, and what to do.
        message: String,
    },
    /// A manifest cannot be written.
    #[error("cannot write {path}")]
    Write {
        /// The manifest.
        path: Utf8PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file that is to be made stands there already.
    #[error("{path} exists already; --force overwrites it")]
    Exists {
        /// The file.
        path: Utf8PathBuf,
    },
    /// Two roots would write to the same place below `--out`.
    #[error("the roots {first} and {second} would write to the same folder below --out")]
    SameOut {
        /// A root as the user wrote it.
        first: Utf8PathBuf,
        /// Another one.
        second: Utf8PathBuf,
    },
}
