//! The annotations that become properties: all that are well known, alike in every blueprint, and listed in
//! `docs/profiles.md`. `UPDATE=1` rewrites the list.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::{env, fs};

use backstage2port::yaml;
use serde_json::Value;

use crate::support::Result;

/// Well-known annotations with one key (Backstage's documentation of well-known annotations, and plugins).
const WELL_KNOWN: &str = "
    backstage.io/adr-location backstage.io/code-coverage backstage.io/definition-at-location backstage.io/edit-url
    backstage.io/github-actions-id backstage.io/kubernetes-cluster backstage.io/kubernetes-id
    backstage.io/kubernetes-label-selector backstage.io/kubernetes-namespace backstage.io/ldap-dn backstage.io/ldap-rdn
    backstage.io/ldap-uuid backstage.io/source-location backstage.io/source-template backstage.io/techdocs-entity
    backstage.io/techdocs-entity-path backstage.io/techdocs-ref backstage.io/time-saved backstage.io/view-url
    argocd/app-name argocd/app-namespace argocd/app-selector argocd/instance-name argocd/project-name argocd/proxy-url
    bitbucket.com/project-slug bitbucket.org/project-slug bugsnag.com/project-key buildkite.com/project-slug
    circleci.com/project-slug codescene.io/project-id datadoghq.com/dashboard-url datadoghq.com/graph-token
    datadoghq.com/site dev.azure.com/build-definition dev.azure.com/host-org dev.azure.com/project
    dev.azure.com/project-repo dev.azure.com/readme-path dynatrace.com/dynatrace-entity-id firehydrant.com/service-name
    github.com/project-slug github.com/team-slug github.com/user-id github.com/user-login gitlab.com/instance
    gitlab.com/project-id gitlab.com/project-slug gocd.org/pipelines goharbor.io/repository-slug
    google.com/cloudbuild-project-slug grafana/alert-label-selector grafana/dashboard-selector
    grafana/overview-dashboard graph.microsoft.com/group-id graph.microsoft.com/tenant-id graph.microsoft.com/user-id
    ilert.com/integration-key janus-idp.io/tekton jenkins.io/github-folder jenkins.io/job-full-name jira/component
    jira/label jira/project-key jira/token-type kubernetes.io/api-server
    kubernetes.io/api-server-certificate-authority kubernetes.io/auth-provider lighthouse.com/website-url
    microsoft.com/email newrelic.com/dashboard-guid opsgenie.com/component-selector opsgenie.com/team
    pagerduty.com/account pagerduty.com/integration-key pagerduty.com/service-id periskop.io/service-name
    prometheus.io/alert prometheus.io/rule quay.io/repository-slug rollbar.com/project-slug sentry.io/project-slug
    snyk.io/org-name snyk.io/project-ids sonarqube.org/project-key splunk.com/on-call-team vault.io/secrets-path";

/// A property that annotations fill.
#[derive(Debug, Default)]
struct Promoted {
    annotations: Vec<String>,
    definition: Value,
    blueprints: Vec<String>,
}

/// A file of a profile.
pub(crate) fn file(profile: &str, name: &str) -> Result<Value> {
    let path = format!("src/map/profiles/{profile}/{name}");
    let document = yaml::documents(&fs::read_to_string(&path)?)
        .into_iter()
        .next();
    let content = document.ok_or("empty")?.content;
    Ok(content.map_err(|faults| format!("{path}: {faults:?}"))?)
}

/// The annotations that an expression reads.
fn annotations(expression: &str) -> Vec<String> {
    let parts = expression.split(".metadata.annotations[\"").skip(1);
    let keys = parts.filter_map(|part| part.split_once("\"]"));
    keys.map(|(key, _)| key.to_owned()).collect()
}

/// The promoted annotations of a profile by property, which is defined alike everywhere.
fn promoted(profile: &str) -> Result<BTreeMap<String, Promoted>> {
    let blueprints = file(profile, "blueprints.yaml")?;
    let mapping = file(profile, "mapping.yaml")?;
    let mut promoted: BTreeMap<String, Promoted> = BTreeMap::new();
    for resource in mapping["resources"].as_array().ok_or("resources")? {
        let mappings = &resource["port"]["entity"]["mappings"];
        let blueprint: String = serde_json::from_str(mappings["blueprint"].as_str().ok_or("id")?)?;
        let mut all = blueprints.as_array().into_iter().flatten();
        let definitions = all
            .find(|one| one["identifier"] == blueprint.as_str())
            .map(|one| &one["schema"]["properties"])
            .ok_or("blueprint")?;
        for (name, expression) in mappings["properties"].as_object().ok_or("properties")? {
            let annotations = annotations(expression.as_str().unwrap_or_default());
            if annotations.is_empty() {
                continue;
            }
            let entry = promoted.entry(name.clone()).or_insert_with(|| Promoted {
                annotations: annotations.clone(),
                definition: definitions[name].clone(),
                blueprints: Vec::new(),
            });
            assert_eq!(entry.annotations, annotations, "{blueprint}.{name}");
            assert_eq!(entry.definition, definitions[name], "{blueprint}.{name}");
            entry.blueprints.push(blueprint.clone());
        }
    }
    Ok(promoted)
}

#[test]
fn every_well_known_annotation_is_a_property() -> Result<()> {
    for profile in ["standard", "teams"] {
        let promoted = promoted(profile)?;
        let mut found: Vec<&str> = promoted
            .values()
            .flat_map(|one| one.annotations.iter().map(String::as_str))
            .collect();
        let mut expected: Vec<&str> = WELL_KNOWN.split_whitespace().collect();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{profile}");
    }
    Ok(())
}

#[test]
fn the_documentation_lists_them() -> Result<()> {
    let written = fs::read_to_string("docs/profiles.md")?;
    let marker = "<!-- annotations -->\n";
    let (before, after) = written.split_once(marker).ok_or("no marker")?;
    let rest = after
        .split_inclusive('\n')
        .skip_while(|line| line.starts_with('|'));
    let rest: String = rest.collect();
    let actual = format!("{before}{marker}{}{rest}", table()?);
    if env::var_os("UPDATE").is_some() {
        fs::write("docs/profiles.md", &actual)?;
    } else {
        assert_eq!(written, actual, "UPDATE=1 rewrites docs/profiles.md");
    }
    Ok(())
}

fn table() -> Result<String> {
    let blueprints = file("standard", "blueprints.yaml")?;
    let all = blueprints.as_array().map_or(0, Vec::len);
    let mut rows: Vec<_> = promoted("standard")?.into_iter().collect();
    rows.sort_by(|(_, a), (_, b)| a.annotations.cmp(&b.annotations));
    let mut table =
        "| Annotation | Property | Title | Value | Blueprints |\n|---|---|---|---|---|\n"
            .to_owned();
    for (name, promoted) in rows {
        let definition = &promoted.definition;
        let value = match (definition["type"].as_str(), definition["format"].as_str()) {
            (Some("array"), _) => "list",
            (_, Some("url")) => "URL",
            (_, Some("email")) => "e-mail address",
            _ => "text",
        };
        let blueprints = match promoted.blueprints.len() {
            some if some < all => promoted.blueprints.join(", "),
            _ => "all".to_owned(),
        };
        writeln!(
            table,
            "| `{}` | `{name}` | {} | {value} | {blueprints} |",
            promoted.annotations.join("`, else `"),
            definition["title"].as_str().unwrap_or_default(),
        )?;
    }
    Ok(table)
}
