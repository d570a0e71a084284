//! The annotations that Backstage, and the plugins people use with it, read.
//!
//! In: the key of an annotation. Out: what is known about it. Each group names its source. A key that is not here is
//! nobody's mistake: organisations have keys of their own.

use Form::{
    AbsoluteUrl, Any, CatalogOnly, Coverage, Deprecated, DocsReference, Duration, EntityReference,
    Login, NoUrl, OwnerAndName, Path, SourceLocation,
};

/// What the value of an annotation must look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Anything, as far as its documentation says.
    Any,
    /// A name or an id, and no address.
    NoUrl,
    /// `owner/name`, as a git host names a repository or a team.
    OwnerAndName,
    /// `group/…/name`: at least two parts.
    Path,
    /// The name of a user.
    Login,
    /// A web address.
    AbsoluteUrl,
    /// `url:ADDRESS`, or another type of location.
    SourceLocation,
    /// `dir:PATH` or `url:ADDRESS`.
    DocsReference,
    /// A reference to an entity, its kind included.
    EntityReference,
    /// A duration of ISO 8601.
    Duration,
    /// `scm-only` or `enabled`.
    Coverage,
    /// Any; only the catalog itself writes it.
    CatalogOnly,
    /// Any; it has a successor, or one is advised to write something else.
    Deprecated(&'static str),
}

/// The names behind one prefix.
type Names = &'static [(&'static str, Form)];

/// What is known about an annotation.
pub(super) fn form(key: &str) -> Option<Form> {
    let (prefix, name) = key.split_once('/')?;
    let (_, names) = GROUPS.iter().find(|(known, _)| *known == prefix)?;
    let (_, form) = names.iter().find(|(known, _)| *known == name)?;
    Some(*form)
}

/// The prefixes of all annotations, each with its names.
pub(super) fn groups() -> impl Iterator<Item = (&'static str, impl Iterator<Item = &'static str>)> {
    GROUPS
        .iter()
        .map(|(prefix, names)| (*prefix, names.iter().map(|(name, _)| *name)))
}

const GROUPS: &[(&str, Names)] = &[
    (
        "backstage.io",
        &[
            // backstage/backstage, `docs/features/software-catalog/well-known-annotations.md`.
            ("managed-by-location", Any),
            ("managed-by-origin-location", Any),
            ("orphan", CatalogOnly),
            ("techdocs-ref", DocsReference),
            ("view-url", AbsoluteUrl),
            ("edit-url", AbsoluteUrl),
            ("source-location", SourceLocation),
            ("ldap-rdn", Any),
            ("ldap-uuid", Any),
            ("ldap-dn", Any),
            ("code-coverage", Coverage),
            (
                "github-actions-id",
                Deprecated("write `github.com/project-slug` with the same value"),
            ),
            (
                "definition-at-location",
                Deprecated("write `$text: ADDRESS` as the value of `spec.definition`"),
            ),
            // backstage/backstage, `plugins/techdocs-common` and `plugins/catalog`.
            ("techdocs-entity", EntityReference),
            ("techdocs-entity-path", Any),
            // backstage/backstage, `docs/features/kubernetes/configuration.md`.
            ("kubernetes-id", Any),
            ("kubernetes-namespace", Any),
            ("kubernetes-label-selector", Any),
            ("kubernetes-cluster", Any),
            // backstage/backstage, `plugins/scaffolder`: minutes saved by a template, and what an entity was made from.
            ("time-saved", Duration),
            ("source-template", Any),
            // backstage/community-plugins, workspaces `adr`, `linguist` and `cost-insights`.
            ("adr-location", Any),
            ("linguist", AbsoluteUrl),
            ("cost-insights-cost", Any),
        ],
    ),
    (
        // backstage/backstage, `plugins/kubernetes-common/src/catalog-entity-constants.ts`.
        "kubernetes.io",
        &[
            ("api-server", Any),
            ("api-server-certificate-authority", Any),
            ("auth-provider", Any),
            ("oidc-token-provider", Any),
            ("skip-metrics-lookup", Any),
            ("skip-tls-verify", Any),
            ("dashboard-url", AbsoluteUrl),
            ("dashboard-app", Any),
            ("dashboard-parameters", Any),
            ("aws-assume-role", Any),
            ("aws-external-id", Any),
            ("x-k8s-aws-id", Any),
        ],
    ),
    (
        // Well-known annotations; `user-id` and `project-readme-path` are of the GitHub org data and Roadie's insights.
        "github.com",
        &[
            ("project-slug", OwnerAndName),
            ("team-slug", OwnerAndName),
            ("user-login", Login),
            ("user-id", Any),
            ("project-readme-path", Any),
        ],
    ),
    (
        // immobiliare/backstage-plugin-gitlab, `README.md`.
        "gitlab.com",
        &[
            ("project-slug", Path),
            ("project-id", NoUrl),
            ("instance", Any),
            ("codeowners-path", Any),
            ("readme-path", Any),
        ],
    ),
    ("bitbucket.org", &[("project-slug", OwnerAndName)]),
    ("bitbucket.com", &[("project-slug", OwnerAndName)]),
    (
        // backstage/community-plugins, workspace `azure-devops`. Names of projects and repositories may hold blanks.
        "dev.azure.com",
        &[
            ("project-repo", NoUrl),
            ("project", NoUrl),
            ("build-definition", Any),
            ("host-org", NoUrl),
            ("readme-path", Any),
        ],
    ),
    // Well-known annotations: org data of Microsoft Graph.
    (
        "graph.microsoft.com",
        &[("tenant-id", Any), ("group-id", Any), ("user-id", Any)],
    ),
    ("microsoft.com", &[("email", Any)]),
    (
        // Well-known annotations; backstage/community-plugins, workspace `jenkins`.
        "jenkins.io",
        &[
            ("job-full-name", NoUrl),
            (
                "github-folder",
                Deprecated("write `jenkins.io/job-full-name` with the same value"),
            ),
        ],
    ),
    // Well-known annotations.
    ("circleci.com", &[("project-slug", Path)]),
    ("gocd.org", &[("pipelines", NoUrl)]),
    ("periskop.io", &[("service-name", NoUrl)]),
    ("sentry.io", &[("project-slug", NoUrl)]),
    ("rollbar.com", &[("project-slug", NoUrl)]),
    ("sonarqube.org", &[("project-key", NoUrl)]),
    (
        "vault.io",
        &[("secrets-path", Any), ("secrets-engine", Any)],
    ),
    // RoadieHQ/roadie-backstage-plugins, the `README.md` of each plugin.
    ("buildkite.com", &[("project-slug", OwnerAndName)]),
    ("travis-ci.com", &[("repo-slug", OwnerAndName)]),
    ("bugsnag.com", &[("project-key", NoUrl)]),
    (
        "argocd",
        &[
            ("app-name", NoUrl),
            ("app-selector", NoUrl),
            ("app-namespace", NoUrl),
            ("project-name", NoUrl),
            ("instance-name", NoUrl),
            ("proxy-url", Any),
        ],
    ),
    (
        "aws.com",
        &[("lambda-function-name", Any), ("lambda-region", NoUrl)],
    ),
    ("cloud.google.com", &[("function-ids", Any)]),
    (
        "datadoghq.com",
        &[
            ("dashboard-url", AbsoluteUrl),
            ("graph-token", Any),
            ("graph-size", Any),
            ("graph-dimensions", Any),
            ("site", Any),
        ],
    ),
    (
        "prometheus.io",
        &[
            ("rule", Any),
            ("alert", Any),
            ("labels", Any),
            ("service-name", Any),
        ],
    ),
    (
        "jira",
        &[
            ("project-key", NoUrl),
            ("component", Any),
            ("label", Any),
            ("team", Any),
            ("token-type", Any),
            ("all-issues-jql", Any),
        ],
    ),
    (
        // AxisCommunications/backstage-plugins, `plugins/jira-dashboard/README.md`.
        "jira.com",
        &[
            ("project-key", NoUrl),
            ("components", Any),
            ("labels", Any),
            ("filter-ids", Any),
            ("incoming-issues-status", Any),
            ("jql", Any),
        ],
    ),
    (
        // backstage/community-plugins, workspace `cloudbuild`.
        "google.com",
        &[
            ("cloudbuild-project-slug", NoUrl),
            ("cloudbuild-repo-name", NoUrl),
            ("cloudbuild-trigger-name", NoUrl),
            ("cloudbuild-location", NoUrl),
        ],
    ),
    (
        // harness/backstage-plugins, the `README.md` of each plugin.
        "harness.io",
        &[("project-url", Any), ("pipelines", Any), ("services", Any)],
    ),
    // backstage/community-plugins, workspace `tekton`.
    ("tekton.dev", &[("cicd", Any)]),
    (
        "janus-idp.io",
        &[(
            "tekton",
            Deprecated("write `tekton.dev/cicd: \"true\"`, which its successor reads"),
        )],
    ),
    // backstage/community-plugins, workspaces `quay`, `lighthouse` and `grafana`.
    ("quay.io", &[("repository-slug", NoUrl)]),
    ("lighthouse.com", &[("website-url", AbsoluteUrl)]),
    (
        "grafana",
        &[
            ("dashboard-selector", Any),
            ("tag-selector", Any),
            ("alert-label-selector", Any),
            ("overview-dashboard", Any),
        ],
    ),
    // container-registry/backstage-harbor-plugin.
    ("goharbor.io", &[("repository-slug", NoUrl)]),
    (
        // PagerDuty/backstage-plugins.
        "pagerduty.com",
        &[
            ("integration-key", NoUrl),
            ("service-id", NoUrl),
            ("account", Any),
        ],
    ),
    (
        // K-Phoen/backstage-plugin-opsgenie.
        "opsgenie.com",
        &[("component-selector", Any), ("team", NoUrl)],
    ),
    // backstage/community-plugins, workspaces `splunk`, `ilert` and `firehydrant`.
    (
        "splunk.com",
        &[("on-call-team", Any), ("on-call-routing-key", Any)],
    ),
    ("firehydrant.com", &[("service-name", Any)]),
    ("ilert.com", &[("integration-key", NoUrl)]),
    (
        // snyk-tech-services/backstage-plugin-snyk, `README.md`.
        "snyk.io",
        &[
            ("org-id", NoUrl),
            ("org-ids", NoUrl),
            ("org-name", NoUrl),
            ("target-id", Any),
            ("target-name", Any),
            ("targets", Any),
            ("project-ids", NoUrl),
            ("exclude-project-ids", NoUrl),
        ],
    ),
    // backstage/community-plugins, workspaces `codescene`, `newrelic` and `dynatrace`.
    ("codescene.io", &[("project-id", NoUrl)]),
    ("newrelic.com", &[("dashboard-guid", NoUrl)]),
    (
        "dynatrace.com",
        &[("dynatrace-entity-id", NoUrl), ("synthetics-ids", NoUrl)],
    ),
];
