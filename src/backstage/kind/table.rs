//! The table of kinds.
//!
//! Sources: `packages/catalog-model/src/schema/kinds`, `BuiltinKindsEntityProcessor.ts` and the Template schema of
//! `plugins/scaffolder-common` in backstage/backstage. Fields stand in the order Backstage checks them.

use super::Shape::{
    self, AnyText, List, NonEmptyList, Object, ObjectOf, ObjectOrList, OneOf, Text, TextOrBoolean,
    TextUpTo,
};
use super::{Field, Kind, RelationRule, Variant};

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

pub(super) static KINDS: &[Kind] = &[
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
