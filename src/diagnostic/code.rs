//! The table of codes: one row for everything that a run can find.
//!
//! In: nothing. Out: for each code its name, its severity, the stage that finds it, one sentence, and its page. A new
//! row wants a page in `docs/codes/` and a case in `fixtures/codes/`; `tests/codes.rs` holds all three together.

use std::fmt;

use super::Severity;

/// The part of a run that finds something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Files are found and read.
    Reading,
    /// Each descriptor is looked at on its own.
    Descriptors,
    /// Locations and placeholders are followed.
    Locations,
    /// All entities are looked at together.
    Catalog,
    /// Entities are mapped to Port.
    Mapping,
    /// What is to be in Port is held against Port's rules.
    Port,
    /// Manifests are written beside those of earlier runs.
    Manifests,
    /// Comments that ignore findings are applied.
    Ignoring,
}

impl Stage {
    /// Every stage, in the order they run.
    pub const ALL: &[Self] = &[
        Self::Reading,
        Self::Descriptors,
        Self::Locations,
        Self::Catalog,
        Self::Mapping,
        Self::Port,
        Self::Manifests,
        Self::Ignoring,
    ];

    /// What happens in it, as a heading.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Reading => "Files are read",
            Self::Descriptors => "Each descriptor on its own",
            Self::Locations => "Locations and placeholders are followed",
            Self::Catalog => "All entities together",
            Self::Mapping => "Entities are mapped to Port",
            Self::Port => "Port's rules",
            Self::Manifests => "Manifests are written",
            Self::Ignoring => "Comments that ignore findings",
        }
    }
}

macro_rules! codes {
    ($($stage:ident { $($(#[doc = $doc:literal])+ $variant:ident = $id:literal, $severity:ident;)+ })+) => {
        /// What a finding is about. The id is what users see, filter and configure.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($($(#[doc = $doc])+ $variant),+),+ }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &[Self] = &[$($(Self::$variant),+),+];

            /// The name users see, in kebab case.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $($(Self::$variant => $id),+),+ }
            }

            /// The severity where nothing else is said.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $($(Self::$variant => Severity::$severity),+),+ }
            }

            /// The stage that finds it.
            #[must_use]
            pub const fn stage(self) -> Stage {
                match self { $($(Self::$variant => Stage::$stage),+),+ }
            }

            /// What the code means, in one sentence.
            #[must_use]
            pub const fn summary(self) -> &'static str {
                match self { $($(Self::$variant => concat!($($doc),+).trim_ascii()),+),+ }
            }

            /// Its page, in Markdown.
            #[must_use]
            pub const fn page(self) -> &'static str {
                match self {
                    $($(Self::$variant => include_str!(concat!("../../docs/codes/", $id, ".md"))),+),+
                }
            }

            /// Whether users may make less of its findings. Those about manifests tell what a run did not do, such as
            /// files that it left alone: nobody else would tell.
            #[must_use]
            pub const fn can_be_lowered(self) -> bool {
                !matches!(self.stage(), Stage::Manifests)
            }

            /// The code of a name.
            #[must_use]
            pub fn named(id: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|code| code.id() == id)
            }

            /// The code that a misspelt name probably means.
            #[must_use]
            pub fn similar(id: &str) -> Option<Self> {
                super::similar(id, Self::ALL.iter().map(|code| code.id())).and_then(Self::named)
            }
        }
    };
}

codes! {
    Reading {
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
    }
    Descriptors {
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
        /// An entity reference names no kind where several kinds may be meant.
        ReferenceWithoutKind = "reference-without-kind", Error;
        /// The kind or apiVersion is none of Backstage's own; taken as a custom kind.
        CustomKind = "custom-kind", Note;
        /// A field that Backstage does not know looks like a misspelling of one that it knows.
        MisspeltField = "misspelt-field", Warning;
        /// A field of the spec is none that Backstage knows for its kind.
        UnknownField = "unknown-field", Note;
        /// An annotation looks like a misspelling of a well-known one.
        MisspeltAnnotation = "misspelt-annotation", Warning;
        /// An annotation is deprecated: another one has taken its place.
        DeprecatedAnnotation = "deprecated-annotation", Warning;
        /// An annotation has no effect: the catalog overwrites or ignores it.
        UnusedAnnotation = "unused-annotation", Warning;
        /// The value of a well-known annotation is not of the form that its readers want.
        InvalidAnnotation = "invalid-annotation", Warning;
        /// An annotation names documentation in this repository that is not there.
        MissingDocs = "missing-docs", Warning;
        /// A link leads nowhere that a reader of the catalog could follow.
        InvalidLink = "invalid-link", Warning;
        /// A value looks like a secret: whoever reads the catalog can read it.
        ExposedSecret = "exposed-secret", Warning;
        /// An entity is larger than Port takes.
        LargeDescriptor = "large-descriptor", Warning;
    }
    Locations {
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
    }
    Catalog {
        /// Two descriptors define one entity; the first path wins, within a file the last document.
        DuplicateEntity = "duplicate-entity", Error;
        /// Two descriptors define one entity in the same words.
        IdenticalDuplicate = "identical-duplicate", Warning;
        /// A relation names an entity that nothing defines.
        DanglingRelation = "dangling-relation", Warning;
        /// The owner of an entity is no group or user that is known.
        UnknownOwner = "unknown-owner", Warning;
        /// Groups or users live elsewhere, so references to them were not looked up.
        OwnersUnchecked = "owners-unchecked", Note;
        /// A relation leads to an entity of a kind that makes no sense for it.
        WrongKind = "wrong-kind", Warning;
        /// Entities are part of each other, or children of each other, in a circle.
        RelationCycle = "relation-cycle", Warning;
        /// The two ends of a relation say different things about it.
        DisagreeingEnds = "disagreeing-ends", Warning;
        /// The owner of an entity is not the code owner of its descriptor.
        CodeownersMismatch = "codeowners-mismatch", Warning;
        /// An entity without an owner got the code owner of its descriptor (`--owner-from codeowners`).
        CodeownersOwner = "codeowners-owner", Note;
        /// A code owner is no group or user that is known.
        UnmappedCodeowner = "unmapped-codeowner", Warning;
        /// A line of CODEOWNERS is not one that the git host takes.
        InvalidCodeowners = "invalid-codeowners", Warning;
    }
    Mapping {
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
        /// An overlay, or an entry of it, is not as it should be and is left out.
        InvalidOverlay = "invalid-overlay", Error;
        /// An entry of an overlay is about no entity, or leads a relation to one that is not there.
        UnknownOverlayTarget = "unknown-overlay-target", Error;
        /// An overlay changes a property or relation that the blueprint does not define.
        UnknownOverlayProperty = "unknown-overlay-property", Error;
    }
    Port {
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
    }
    Manifests {
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
        /// A target cannot say all that is to be in Port; what it cannot say is left out of its manifests.
        TargetLimit = "target-limit", Warning;
    }
    Ignoring {
        /// A comment ignores findings that are not there.
        UnusedIgnore = "unused-ignore", Warning;
        /// A comment that is to ignore findings names none, or no code that exists.
        InvalidIgnore = "invalid-ignore", Warning;
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}
