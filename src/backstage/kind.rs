//! The kinds Backstage knows: the shape of their spec and the relations its fields make, as data.
//!
//! Sources: `packages/catalog-model/src/schema/kinds`, `BuiltinKindsEntityProcessor.ts` and the Template schema of
//! `plugins/scaffolder-common` in backstage/backstage. Fields stand in the order Backstage checks them.

use Shape::{
    AnyText, List, NonEmptyList, Object, ObjectOf, ObjectOrList, OneOf, Text, TextOrBoolean,
    TextUpTo,
};

/// A kind and the apiVersions it is known in.
#[derive(Debug)]
pub(crate) struct Kind {
    /// The exact spelling.
    pub(crate) name: &'static str,
    /// Every apiVersion with this schema.
    pub(crate) api_versions: &'static [&'static str],
    /// Fields of the spec; others are allowed and kept.
    pub(crate) spec: &'static [Field],
    /// More fields, depending on `spec.type`.
    pub(crate) variants: &'static [Variant],
    /// The relations of its fields, in the order Backstage makes them.
    pub(crate) relations: &'static [RelationRule],
}

/// Fields for one value of `spec.type`, in place of those of the kind.
#[derive(Debug)]
pub(crate) struct Variant {
    /// The value of `spec.type`.
    pub(crate) spec_type: &'static str,
    /// Fields of the spec.
    pub(crate) spec: &'static [Field],
    /// Whether the fields of the kind itself will do as well.
    pub(crate) is_alternative: bool,
}

/// A field of a map.
#[derive(Debug)]
pub(crate) struct Field {
    /// Its key.
    pub(crate) name: &'static str,
    /// Whether it must be there.
    pub(crate) is_required: bool,
    /// What it must look like when it is there; null counts as there.
    pub(crate) shape: Shape,
}

/// What a value must look like.
#[derive(Debug)]
pub(crate) enum Shape {
    /// A string of at least one character.
    Text,
    /// A string.
    AnyText,
    /// A string of one to this many UTF-16 units.
    TextUpTo(usize),
    /// A string or a boolean.
    TextOrBoolean,
    /// One of these strings.
    OneOf(&'static [&'static str]),
    /// A list.
    List(&'static Self),
    /// A list with at least one item.
    NonEmptyList(&'static Self),
    /// A map with these fields and any others.
    Object(&'static [Field]),
    /// A map with these fields, all others of one shape.
    ObjectOf(&'static [Field], &'static Self),
    /// A map, or a list of such maps.
    ObjectOrList(&'static [Field]),
}

/// The relations a field makes.
#[derive(Debug)]
pub(crate) struct RelationRule {
    /// The field of the spec: a reference or a list of them.
    pub(crate) field: &'static str,
    /// Type of the relation from the holder to the target.
    pub(crate) forward: &'static str,
    /// Type of the relation from the target to the holder.
    pub(crate) inverse: &'static str,
    /// The kind of a reference that names none.
    pub(crate) default_kind: Option<&'static str>,
    /// The kinds that make sense as its target.
    pub(crate) target_kinds: &'static [&'static str],
    /// Whether targets of other kinds make no relation at all.
    pub(crate) is_limited: bool,
}

/// The kind with this exact name and apiVersion.
pub(crate) fn kind(name: &str, api_version: &str) -> Option<&'static Kind> {
    KINDS
        .iter()
        .find(|kind| kind.name == name && kind.api_versions.contains(&api_version))
}

/// Whether entities of a kind that Backstage knows have an owner.
#[must_use]
pub fn has_owner(name: &str, api_version: &str) -> bool {
    let kind = kind(name, api_version);
    kind.is_some_and(|kind| kind.relations.iter().any(|rule| rule.field == "owner"))
}

/// Whether some version of a kind of this name is known.
pub(crate) fn is_known_name(name: &str) -> bool {
    KINDS.iter().any(|kind| kind.name == name)
}

/// Whether some kind has a field of this name in its spec.
pub(crate) fn is_field(name: &str) -> bool {
    KINDS.iter().any(|kind| {
        let variants = kind.variants.iter().flat_map(|variant| variant.spec);
        let mut fields = kind.spec.iter().chain(variants);
        fields.any(|field| field.name == name)
    })
}

/// Names of all kinds.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|kind| kind.name)
}

/// The apiVersions that a kind is known in.
pub(crate) fn api_versions(name: &str) -> impl Iterator<Item = &'static str> {
    let kinds = KINDS.iter().filter(move |kind| kind.name == name);
    kinds.flat_map(|kind| kind.api_versions.iter().copied())
}

/// The kind that a field refers to where a reference names none, if all kinds with such a field agree.
pub(crate) fn default_kind(field: &str) -> Option<&'static str> {
    let rules = KINDS.iter().flat_map(|kind| kind.relations);
    let mut defaults = rules
        .filter(|rule| rule.field == field)
        .map(|rule| rule.default_kind);
    let first = defaults.next()??;
    defaults.all(|kind| kind == Some(first)).then_some(first)
}

/// The type of relation of this name, if a field of some kind makes it.
pub(crate) fn relation_type(name: &str) -> Option<&'static str> {
    let rules = KINDS.iter().flat_map(|kind| kind.relations);
    let mut types = rules.flat_map(|rule| [rule.forward, rule.inverse]);
    types.find(|known| *known == name)
}

const fn required(name: &'static str, shape: Shape) -> Field {
    Field {
        name,
        is_required: true,
        shape,
    }
}

const fn optional(name: &'static str, shape: Shape) -> Field {
    Field {
        name,
        is_required: false,
        shape,
    }
}

const fn relation(
    field: &'static str,
    forward: &'static str,
    inverse: &'static str,
    default_kind: Option<&'static str>,
    target_kinds: &'static [&'static str],
) -> RelationRule {
    RelationRule {
        field,
        forward,
        inverse,
        default_kind,
        target_kinds,
        is_limited: false,
    }
}

/// A relation to the kind that a reference means where it names none.
const fn to(
    kind: &'static [&'static str; 1],
    field: &'static str,
    forward: &'static str,
    inverse: &'static str,
) -> RelationRule {
    relation(field, forward, inverse, Some(kind[0]), kind)
}

/// A relation of a kind that only the model engine knows, which looks at the kinds of targets.
const fn limited(rule: &RelationRule) -> RelationRule {
    RelationRule {
        is_limited: true,
        ..*rule
    }
}

const CORE: &[&str] = &["backstage.io/v1alpha1", "backstage.io/v1beta1"];
const TEXTS: Shape = List(&Text);
const OWNER: RelationRule = relation(
    "owner",
    "ownedBy",
    "ownerOf",
    Some("Group"),
    &["Group", "User"],
);
const SYSTEM: RelationRule = to(&["System"], "system", "partOf", "hasPart");
// Backstage takes any kind; its documentation speaks of components and resources, and the model engine knows the other
// side of these alone.
const DEPENDENCIES: &[&str] = &["Component", "Resource"];
const DEPENDS_ON: RelationRule =
    relation("dependsOn", "dependsOn", "dependencyOf", None, DEPENDENCIES);
const DEPENDENCY_OF: RelationRule = relation(
    "dependencyOf",
    "dependencyOf",
    "dependsOn",
    None,
    DEPENDENCIES,
);

/// Fields that make relations although no schema names them.
pub(crate) const WITHOUT_SCHEMA: &[Field] = &[optional("dependencyOf", AnyText)];

const PROFILE: Shape = Object(&[
    optional("displayName", Text),
    optional("email", Text),
    optional("picture", Text),
]);

static KINDS: &[Kind] = &[
    Kind {
        name: "Component",
        api_versions: CORE,
        spec: &[
            required("type", Text),
            required("lifecycle", Text),
            required("owner", Text),
            optional("system", Text),
            optional("subcomponentOf", Text),
            optional("providesApis", TEXTS),
            optional("consumesApis", TEXTS),
            optional("dependsOn", TEXTS),
        ],
        variants: &[],
        relations: &[
            OWNER,
            to(&["Component"], "subcomponentOf", "partOf", "hasPart"),
            to(&["API"], "providesApis", "providesApi", "apiProvidedBy"),
            to(&["API"], "consumesApis", "consumesApi", "apiConsumedBy"),
            DEPENDS_ON,
            DEPENDENCY_OF,
            SYSTEM,
        ],
    },
    Kind {
        name: "API",
        api_versions: CORE,
        spec: &[
            required("type", Text),
            required("lifecycle", Text),
            required("owner", Text),
            optional("system", Text),
            required("definition", Text),
        ],
        // Known to Backstage's model engine only (`API.v1alpha1.mcp-server.schema.json`).
        variants: &[Variant {
            spec_type: "mcp-server",
            spec: &[
                required("lifecycle", Text),
                required("owner", Text),
                optional("system", Text),
                required(
                    "remotes",
                    NonEmptyList(&Object(&[required("type", Text), required("url", Text)])),
                ),
            ],
            is_alternative: true,
        }],
        relations: &[OWNER, SYSTEM],
    },
    Kind {
        name: "Resource",
        api_versions: CORE,
        spec: &[
            required("type", Text),
            required("owner", Text),
            optional("dependsOn", TEXTS),
            optional("system", Text),
        ],
        variants: &[],
        relations: &[OWNER, DEPENDS_ON, DEPENDENCY_OF, SYSTEM],
    },
    Kind {
        name: "System",
        api_versions: CORE,
        spec: &[
            required("owner", Text),
            optional("domain", Text),
            optional("type", Text),
        ],
        variants: &[],
        relations: &[OWNER, to(&["Domain"], "domain", "partOf", "hasPart")],
    },
    Kind {
        name: "Domain",
        api_versions: CORE,
        spec: &[
            required("owner", Text),
            optional("subdomainOf", Text),
            optional("type", Text),
        ],
        variants: &[],
        relations: &[OWNER, to(&["Domain"], "subdomainOf", "partOf", "hasPart")],
    },
    Kind {
        name: "Group",
        api_versions: CORE,
        spec: &[
            required("type", Text),
            optional("profile", PROFILE),
            optional("parent", Text),
            required("children", TEXTS),
            optional("members", TEXTS),
        ],
        variants: &[],
        relations: &[
            to(&["Group"], "parent", "childOf", "parentOf"),
            to(&["Group"], "children", "parentOf", "childOf"),
            to(&["User"], "members", "hasMember", "memberOf"),
        ],
    },
    Kind {
        name: "User",
        api_versions: CORE,
        spec: &[optional("profile", PROFILE), required("memberOf", TEXTS)],
        variants: &[],
        relations: &[to(&["Group"], "memberOf", "memberOf", "hasMember")],
    },
    Kind {
        name: "Location",
        api_versions: CORE,
        spec: &[
            optional("type", Text),
            optional("target", Text),
            optional("targets", TEXTS),
            optional("presence", OneOf(&["required", "optional"])),
        ],
        variants: &[],
        relations: &[],
    },
    Kind {
        name: "Template",
        api_versions: &["scaffolder.backstage.io/v1beta3"],
        spec: TEMPLATE,
        variants: &[],
        relations: &[OWNER],
    },
    Kind {
        // Known to Backstage's model engine only.
        name: "AiResource",
        api_versions: &["backstage.io/v1alpha1"],
        spec: &[
            required("type", Text),
            required("lifecycle", Text),
            required("owner", Text),
            optional("system", Text),
        ],
        variants: AI_RESOURCES,
        relations: &[
            limited(&OWNER),
            SYSTEM,
            limited(&to(
                &["AiResource"],
                "dependsOn",
                "dependsOn",
                "dependencyOf",
            )),
            limited(&to(&["AiResource"], "skills", "hasPart", "partOf")),
            limited(&to(&["AiResource"], "plugins", "hasPart", "partOf")),
        ],
    },
];

const PERMISSIONS: Field = optional(
    "backstage:permissions",
    Object(&[optional("tags", List(&AnyText))]),
);
const DECORATORS: Shape = List(&Object(&[
    optional("id", AnyText),
    optional("input", Object(&[])),
]));

const TEMPLATE: &[Field] = &[
    required("type", Text),
    optional("owner", Text),
    optional("lifecycle", Text),
    optional("parameters", ObjectOrList(&[PERMISSIONS])),
    optional("secrets", Object(&[optional("schema", Object(&[]))])),
    optional(
        "presentation",
        Object(&[optional(
            "buttonLabels",
            Object(&[
                optional("backButtonText", AnyText),
                optional("createButtonText", AnyText),
                optional("reviewButtonText", AnyText),
            ]),
        )]),
    ),
    optional(
        "EXPERIMENTAL_recovery",
        Object(&[optional("EXPERIMENTAL_strategy", AnyText)]),
    ),
    optional("formDecorators", DECORATORS),
    optional("EXPERIMENTAL_formDecorators", DECORATORS),
    required(
        "steps",
        List(&Object(&[
            optional("id", AnyText),
            optional("name", AnyText),
            required("action", AnyText),
            optional("input", Object(&[])),
            optional("if", TextOrBoolean),
            PERMISSIONS,
        ])),
    ),
    optional(
        "output",
        ObjectOf(
            &[
                optional(
                    "links",
                    List(&Object(&[
                        optional("if", TextOrBoolean),
                        optional("url", Text),
                        optional("entityRef", Text),
                        optional("title", Text),
                        optional("icon", Text),
                    ])),
                ),
                optional(
                    "text",
                    List(&Object(&[
                        optional("if", TextOrBoolean),
                        optional("title", Text),
                        optional("icon", Text),
                        optional("content", AnyText),
                    ])),
                ),
            ],
            &AnyText,
        ),
    ),
];

const AI_RESOURCES: &[Variant] = &[
    Variant {
        spec_type: "skill",
        spec: &[
            required("lifecycle", Text),
            required("owner", Text),
            optional("system", Text),
            optional("disciplines", TEXTS),
            optional("categories", TEXTS),
            optional("agents", TEXTS),
            optional("dependsOn", TEXTS),
            optional("allowedTools", Text),
            optional("license", Text),
            optional("compatibility", TextUpTo(500)),
        ],
        is_alternative: false,
    },
    Variant {
        spec_type: "rule",
        spec: &[
            required("lifecycle", Text),
            required("owner", Text),
            optional("system", Text),
            optional("disciplines", TEXTS),
            required("category", Text),
            required("rationale", Text),
        ],
        is_alternative: false,
    },
    Variant {
        spec_type: "plugin",
        spec: &[
            required("lifecycle", Text),
            required("owner", Text),
            optional("system", Text),
            required("skills", TEXTS),
            optional("version", Text),
        ],
        is_alternative: false,
    },
    Variant {
        spec_type: "marketplace",
        spec: &[
            required("lifecycle", Text),
            required("owner", Text),
            optional("system", Text),
            required("plugins", TEXTS),
            optional("version", Text),
        ],
        is_alternative: false,
    },
];
