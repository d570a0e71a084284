//! Annotations and labels of one entity: misspelt, deprecated, written in vain, or with a value that nobody can read.
//!
//! In: an entity. Out: findings. What the catalog overwrites is gone from entities; `backstage/validate` tells it.

mod value;
mod well_known;

use serde_json::{Map, Value};

use self::well_known::Form;
use crate::backstage::Entity;
use crate::backstage::field::map_field;
use crate::backstage::spelling::{self, Distance};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::FieldPath;

/// Looks at the annotations of an entity, and at labels that are annotations.
pub(super) fn check(entity: &Entity, found: &mut Diagnostics) {
    let metadata = entity.metadata();
    let map = |name: &str| metadata.and_then(|metadata| map_field(metadata, name));
    let annotations = map("annotations");
    for (key, value) in annotations.into_iter().flatten() {
        match (well_known::form(key), value) {
            (Some(form), Value::String(value)) => known(entity, key, value, form, found),
            (None, _) => {
                if let Some(meant) = meant(key)
                    && annotations.is_none_or(|annotations| !is_there(annotations, &meant))
                {
                    found.push(misspelt(entity, key, &meant));
                }
            }
            (Some(_), _) => {}
        }
    }
    for key in map("labels").into_iter().flat_map(Map::keys) {
        if is_annotation(key)
            && annotations.is_none_or(|annotations| !annotations.contains_key(key))
        {
            found.push(label(entity, key));
        }
    }
}

/// Whether a key is that of a well-known annotation.
pub(super) fn is_annotation(key: &str) -> bool {
    well_known::form(key).is_some()
}

fn known(entity: &Entity, key: &str, value: &str, form: Form, found: &mut Diagnostics) {
    let path = || FieldPath::keys(["metadata", "annotations", key]);
    match form {
        Form::Deprecated(remedy) => found.push(
            Diagnostic::new(Code::DeprecatedAnnotation, format!("`{key}` is deprecated"))
                .at(entity.origin.key(path()))
                .help(remedy),
        ),
        Form::CatalogOnly => found.push(
            Diagnostic::new(
                Code::UnusedAnnotation,
                format!(
                    "`{key}` is for the catalog to write, and says nothing when an author does"
                ),
            )
            .at(entity.origin.key(path()))
            .help("remove it"),
        ),
        form => {
            if let Some((fault, remedy)) = value::fault(form, value) {
                let fault = Diagnostic::new(Code::InvalidAnnotation, format!("`{key}` {fault}"))
                    .at(entity.origin.value(path()));
                found.push(match remedy {
                    Some(remedy) => fault.help(remedy),
                    None => fault,
                });
            }
        }
    }
}

fn misspelt(entity: &Entity, key: &str, meant: &str) -> Diagnostic {
    Diagnostic::new(
        Code::MisspeltAnnotation,
        format!("`{key}` is an annotation that nothing reads"),
    )
    .at(entity
        .origin
        .key(FieldPath::keys(["metadata", "annotations", key])))
    .help(format!("did you mean `{meant}`?"))
}

fn label(entity: &Entity, key: &str) -> Diagnostic {
    Diagnostic::new(
        Code::MisspeltAnnotation,
        format!("`{key}` is read as an annotation, but is written as a label"),
    )
    .at(entity
        .origin
        .key(FieldPath::keys(["metadata", "labels", key])))
    .help("write it in `metadata.annotations`")
}

/// Whether the annotation that may be meant is written as well: then the other one is meant as it stands.
fn is_there(annotations: &Map<String, Value>, meant: &str) -> bool {
    annotations.contains_key(meant)
}

/// The well-known annotation that an unknown key is probably meant for: a slip in the name or in the prefix, not in both,
/// or a prefix that lacks its domain.
fn meant(key: &str) -> Option<String> {
    let Some((prefix, name)) = key.split_once('/') else {
        return without_prefix(key);
    };
    let mut nearest: Option<(Distance, &str, &str)> = None;
    for (known_prefix, names) in well_known::groups() {
        let prefix_distance = if prefix == known_prefix {
            None
        } else if is_short_for(prefix, known_prefix) {
            Some(Distance::Style)
        } else {
            match spelling::distance(prefix, known_prefix) {
                Some(distance) if distance < Distance::TwoSlips => Some(distance),
                _ => continue,
            }
        };
        for known in names {
            let distance = match (prefix_distance, known == name) {
                (Some(distance), true) => distance,
                (None, false) => match spelling::distance(name, known) {
                    Some(distance) => distance,
                    None => continue,
                },
                _ => continue,
            };
            if nearest.is_none_or(|(least, ..)| distance < least) {
                nearest = Some((distance, known_prefix, known));
            }
        }
    }
    nearest.map(|(_, prefix, name)| format!("{prefix}/{name}"))
}

/// Whether a prefix is a known one without its top-level domain, or with `www.` in front.
fn is_short_for(prefix: &str, known: &str) -> bool {
    let domain = known
        .strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('.'));
    domain.is_some_and(|domain| !domain.contains('.')) || prefix.strip_prefix("www.") == Some(known)
}

/// The annotation of Backstage itself that lacks its prefix.
fn without_prefix(key: &str) -> Option<String> {
    /// Those whose names say nothing else.
    const TELLING: &[&str] = &[
        "techdocs-ref",
        "techdocs-entity",
        "source-location",
        "managed-by-location",
        "kubernetes-id",
        "kubernetes-label-selector",
    ];
    TELLING
        .contains(&key)
        .then(|| format!("backstage.io/{key}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::lint::tests::found;

    #[test]
    fn slips_in_prefix_or_name_are_seen() {
        for (key, expected) in [
            (
                "backstage.io/techdoc-ref",
                Some("backstage.io/techdocs-ref"),
            ),
            (
                "backstage.io/tech-docs-ref",
                Some("backstage.io/techdocs-ref"),
            ),
            (
                "backstge.io/techdocs-ref",
                Some("backstage.io/techdocs-ref"),
            ),
            ("backstage/techdocs-ref", Some("backstage.io/techdocs-ref")),
            ("techdocs-ref", Some("backstage.io/techdocs-ref")),
            ("github.com/project_slug", Some("github.com/project-slug")),
            ("github/project-slug", Some("github.com/project-slug")),
            (
                "pagerduty.com/integraton-key",
                Some("pagerduty.com/integration-key"),
            ),
            ("www.github.com/team-slug", Some("github.com/team-slug")),
            ("github.acme.com/project-slug", None),
            ("acme.io/project-slug", None),
            ("backstage.io/owner", None),
            ("jira/board", None),
            ("github.com/topics", None),
            ("team", None),
            ("a/b/c", None),
            ("/", None),
        ] {
            assert_eq!(meant(key).as_deref(), expected, "{key}");
        }
    }

    #[test]
    fn every_known_annotation_is_far_from_the_others() {
        let all = || {
            well_known::groups()
                .flat_map(|(prefix, names)| names.map(move |name| format!("{prefix}/{name}")))
        };
        assert!(all().count() > 100);
        for key in all() {
            assert!(is_annotation(&key));
            assert!(crate::backstage::format::is_key(&key), "{key}");
            let twice = all().filter(|other| *other == key).count();
            assert_eq!(twice, 1, "{key}");
        }
    }

    #[test]
    fn what_is_misspelt_deprecated_or_in_vain_is_told() {
        let metadata = json!({"name": "a", "labels": {"backstage.io/kubernetes-id": "a", "tier": "1"}, "annotations": {
            "backstage.io/techdoc-ref": "dir:.",
            "jenkins.io/github-folder": "a",
            "backstage.io/orphan": "true",
            "github.com/project-slug": "https://github.com/acme/shop",
            "acme.com/mine": "x",
        }});
        assert_eq!(
            found(&json!({"metadata": metadata})),
            [
                "misspelt-annotation metadata.annotations.backstage.io/techdoc-ref",
                "deprecated-annotation metadata.annotations.jenkins.io/github-folder",
                "unused-annotation metadata.annotations.backstage.io/orphan",
                "invalid-annotation metadata.annotations.github.com/project-slug",
                "misspelt-annotation metadata.labels.backstage.io/kubernetes-id",
            ]
        );
    }

    #[test]
    fn a_key_beside_the_known_one_is_meant_as_it_stands() {
        let annotations = json!({"jira/project-key": "A", "jira/project-keys": "A,B"});
        let entity = json!({"metadata": {"name": "a", "annotations": annotations}});
        assert_eq!(found(&entity), [""; 0]);
    }
}
