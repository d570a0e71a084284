//! What a run has to say: [`Error`] stops it, [`Diagnostic`] is collected and reported at its end.
//!
//! In: facts from every stage. Out: a sorted list of findings. How they look is up to `report/`.

use std::fmt;

use camino::Utf8PathBuf;

use crate::source::{Location, RootError, Sources};

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; nothing is wrong.
    Note,
    /// Probably a mistake; everything was converted.
    Warning,
    /// Something the author wrote is not in the result.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $id:literal, $severity:ident;)+) => {
        /// What a finding is about. The id is what users see, filter and configure.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[doc = $doc])+ $variant),+ }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name users see, in kebab case.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Self::$variant => $id),+ }
            }

            /// The severity where nothing else is said.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity),+ }
            }

            /// What the code means, in one sentence.
            #[must_use]
            pub const fn summary(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+).trim_ascii()),+ }
            }
        }
    };
}

codes! {
    /// A file or folder cannot be read.
    UnreadableFile = "unreadable-file", Error;
    /// A file is larger than the tool reads.
    FileTooLarge = "file-too-large", Error;
    /// A path is not valid UTF-8 and was passed over.
    NonUtf8Path = "non-utf8-path", Warning;
    /// A file holds bytes that are not UTF-8; they were replaced, as Backstage does.
    InvalidUtf8 = "invalid-utf8", Warning;
    /// A document is not valid YAML.
    YamlSyntax = "yaml-syntax", Error;
    /// An entity of a catalog dump is not valid JSON.
    JsonSyntax = "json-syntax", Error;
    /// A document is a list or a scalar where an entity belongs.
    NotAnEntity = "not-an-entity", Error;
    /// A document lacks the envelope every entity has: apiVersion, kind and metadata.name.
    InvalidEnvelope = "invalid-envelope", Error;
    /// A document is a scaffolder skeleton, to be rendered before it describes anything; it was skipped.
    Skeleton = "skeleton", Note;
    /// A field of the envelope or metadata breaks Backstage's rules.
    InvalidField = "invalid-field", Error;
    /// A field at the root of a descriptor is not one of apiVersion, kind, metadata and spec.
    UnknownRootField = "unknown-root-field", Error;
    /// A spec field does not fit the schema of its kind.
    InvalidSpec = "invalid-spec", Error;
    /// An entity reference cannot be parsed.
    InvalidReference = "invalid-reference", Error;
    /// The kind or apiVersion is none of Backstage's own; taken as a custom kind.
    CustomKind = "custom-kind", Note;
    /// Two descriptors define one entity; the first path wins, within a file the last document.
    DuplicateEntity = "duplicate-entity", Error;
    /// Two descriptors define one entity in the same words.
    IdenticalDuplicate = "identical-duplicate", Warning;
    /// A relation names an entity that nothing defines.
    DanglingRelation = "dangling-relation", Warning;
    /// A Location names a file that does not exist.
    MissingTarget = "missing-target", Error;
    /// A Location asks for a type of location that Backstage does not allow.
    LocationType = "location-type", Error;
    /// A Location names an address outside the given roots; it was not followed: this tool works offline.
    RemoteLocation = "remote-location", Note;
    /// A placeholder names an address outside the given roots.
    RemotePlaceholder = "remote-placeholder", Error;
    /// A placeholder cannot be resolved.
    UnresolvedPlaceholder = "unresolved-placeholder", Error;
    /// A Location target leads out of the root.
    OutsideLocation = "outside-location", Error;
    /// A placeholder leads out of the root.
    OutsidePlaceholder = "outside-placeholder", Error;
    /// Backstage drops this document because another one that the same Location emits is broken (`--strict`).
    LostToNeighbour = "lost-to-neighbour", Error;
    /// The profile has no place for a kind, so its entities are not converted.
    UnmappedKind = "unmapped-kind", Note;
    /// Only users own an entity, so it belongs to no team in Port.
    UserOwner = "user-owner", Warning;
    /// The profile maps no resource for a kind; its blueprint is inferred from its entities.
    InferredBlueprint = "inferred-blueprint", Note;
    /// A jq expression of the mapping failed for an entity; the value is left out.
    MappingFailed = "mapping-failed", Warning;
    /// A jq expression of the mapping ran too long or took too much memory for an entity and was ended; the value is left out.
    RunawayExpression = "runaway-expression", Error;
    /// The mapping gave no identifier or no blueprint for an entity, or a selector that is no boolean.
    UnmappedEntity = "unmapped-entity", Error;
    /// A field of descriptors does not reach Port.
    LostField = "lost-field", Note;
    /// The mapping names a blueprint that the profile does not define.
    UnknownBlueprint = "unknown-blueprint", Error;
    /// An identifier breaks Port's rules.
    InvalidIdentifier = "invalid-identifier", Error;
    /// Two entities of one blueprint have the same identifier; the first one wins.
    DuplicateIdentifier = "duplicate-identifier", Error;
    /// The blueprint has no such property or relation; it is left out.
    UnknownProperty = "unknown-property", Warning;
    /// A value does not fit the definition of its property and is left out.
    ValueMismatch = "value-mismatch", Warning;
    /// An entity lacks a property or relation that its blueprint requires: Port refuses the entity.
    MissingRequired = "missing-required", Error;
    /// A relation has several targets where the blueprint wants one; the first one stays.
    RelationShape = "relation-shape", Warning;
    /// The target of a relation, or a team, cannot be an identifier in Port and is left out.
    InvalidTarget = "invalid-target", Warning;
    /// A title cannot be the name of a team in Port and is left out.
    InvalidTitle = "invalid-title", Warning;
    /// Port has no icon of this name; it is left out.
    UnknownIcon = "unknown-icon", Warning;
    /// An entity has teams, but its blueprint has no direct ownership; the teams are left out.
    TeamWithoutOwnership = "team-without-ownership", Warning;
    /// An entity is larger than Port takes; its largest part is left out.
    BodyTooLarge = "body-too-large", Warning;
    /// A part of the definition of a property cannot be checked here; Port may refuse values.
    UncheckedDefinition = "unchecked-definition", Note;
    /// A blueprint breaks Port's rules.
    InvalidBlueprint = "invalid-blueprint", Error;
    /// A file stands where a manifest belongs and was not written by this tool; it stays as it is.
    ForeignManifest = "foreign-manifest", Error;
    /// A file that this tool wrote was changed by hand; it stays as it is.
    EditedManifest = "edited-manifest", Error;
    /// An entity of an earlier run is missing while descriptors have errors; it stays in its manifest.
    KeptEntity = "kept-entity", Warning;
    /// So many entities would leave their manifests that it looks like a mistake; nothing is written.
    TooManyRemovals = "too-many-removals", Error;
    /// A manifest is larger than the integration that is to read it takes.
    ManifestTooLarge = "manifest-too-large", Error;
    /// An overlay, or an entry of it, is not as it should be and is left out.
    InvalidOverlay = "invalid-overlay", Error;
    /// An entry of an overlay is about no entity, or leads a relation to one that is not there.
    UnknownOverlayTarget = "unknown-overlay-target", Error;
    /// An overlay changes a property or relation that the blueprint does not define.
    UnknownOverlayProperty = "unknown-overlay-property", Error;
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// What it is about.
    pub code: Code,
    /// How much it matters here.
    pub severity: Severity,
    /// Where it is; `None` where no single place is to blame.
    pub location: Option<Location>,
    /// What is wrong, in the user's words, without a final full stop.
    pub message: Box<str>,
    /// What to do about it, where that is known.
    pub help: Option<Box<str>>,
    /// Other places that belong to it, each with its part in the story.
    pub related: Vec<(Location, String)>,
}

impl Diagnostic {
    /// A finding with the severity of its code and no place.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            location: None,
            message: message.into().into(),
            help: None,
            related: Vec::new(),
        }
    }

    /// The same finding at a place.
    #[must_use]
    pub fn at(mut self, location: Location) -> Self {
        self.location = Some(location);
        self
    }

    /// The same finding with a remedy.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into().into());
        self
    }

    /// The same finding with a severity of its own.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// The same finding with one more place that belongs to it.
    #[must_use]
    pub fn related(mut self, location: Location, label: impl Into<String>) -> Self {
        self.related.push((location, label.into()));
        self
    }
}

/// Collects the findings of a run.
#[derive(Debug, Default)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Adds a finding.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Adds findings that another thread collected.
    pub fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// Whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The findings in the order they were made; after [`Diagnostics::sort`], in the order of their places.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Diagnostic> {
        self.0.iter()
    }

    /// How many findings have this severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.iter()
            .filter(|found| found.severity == severity)
            .count()
    }

    /// Orders findings by root, path and document; findings of one document stay in the order they were made, those
    /// without a place come last.
    pub fn sort(&mut self, sources: &Sources) {
        let key = |found: &Diagnostic| {
            let location = found.location.as_ref()?;
            Some((
                sources.root_of(location.file),
                sources.path(location.file).to_owned(),
                location.place.document(),
            ))
        };
        self.0.sort_by_cached_key(|found| {
            let key = key(found);
            (key.is_none(), key)
        });
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<T: IntoIterator<Item = Diagnostic>>(&mut self, diagnostics: T) {
        self.0.extend(diagnostics);
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// The name that a misspelt one probably means.
pub(crate) fn similar<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (name.chars().count() / 3).clamp(1, 3);
    known
        .map(|known| {
            let distance = strsim::osa_distance(&name.to_lowercase(), &known.to_lowercase());
            (distance, known)
        })
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, known)| known)
}

/// A text of users inside a message, cut to what is needed to recognise it.
pub(crate) fn quoted(text: &str) -> String {
    const SHOWN: usize = 60;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("`{}…`", &text[..end]),
        None => format!("`{text}`"),
    }
}

/// Stops the run: nothing sensible can follow. Anything about one descriptor is a [`Diagnostic`] instead.
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
