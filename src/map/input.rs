//! What an expression sees of an entity.
//!
//! In: an entity of the catalog. Out: the entity as the catalog API returns it (`apiVersion`, `kind`, `metadata`, `spec`,
//! `relations` with `type` and `targetRef`), and besides:
//!
//! - `.metadata.identifier`: `kind:namespace/name` in lower case, as Port's Ocean adds it
//! - `.relations[].target`: `{kind, namespace, name}`, spelled as the target spells itself where it is in the catalog,
//!   else as in the reference; the kind always in lower case
//! - `.relations[].resolved`: whether the target is in the catalog
//! - `.references`: `[{field, target, targetRef, resolved}]`, what the fields of the spec refer to by our own reading
//!   ([`References`]), for kinds of which Backstage makes no relations: `field` is the top-level field of the spec, the rest
//!   is as in `.relations`. Only for kinds whose resources, or a profile whose `functions.jq`, mention the word
//! - `.source`: `{path, line, repository?, url?}`, where the descriptor stands; nothing for an entity of a dump that does
//!   not tell

use serde_json::{Map, Value, json};
use url::Url;

use crate::backstage::entity::Relation;
use crate::backstage::references::{Reference, References};
use crate::backstage::{Catalog, Entity, EntityRef};
use crate::source::{Origin, Sources};

/// The input for the entity at an index of the catalog.
#[must_use]
pub fn of(catalog: &Catalog, index: usize, sources: &Sources) -> Value {
    let entity = &catalog.entities()[index];
    let mut input = entity.value.clone();
    if let Some(Value::Object(metadata)) = input.get_mut("metadata") {
        let identifier = entity.entity_ref.canonical();
        metadata.insert("identifier".to_owned(), Value::String(identifier));
    }
    let relations = catalog.relations(index).map(relation).collect();
    input.insert("relations".to_owned(), Value::Array(relations));
    if !sources.is_dump(entity.origin.file) {
        input.insert("source".to_owned(), source(entity.origin, sources));
    }
    Value::Object(input)
}

/// Adds `.references` to the input for an entity.
pub fn add_references(input: &mut Value, entity: &Entity, references: &References<'_>) {
    let list = references.in_entity(entity).iter().map(reference).collect();
    if let Value::Object(input) = input {
        input.insert("references".to_owned(), Value::Array(list));
    }
}

fn relation(relation: Relation<'_>) -> Value {
    json!({
        "type": relation.relation_type,
        "targetRef": relation.target_ref,
        "target": target(relation.target),
        "resolved": relation.is_resolved,
    })
}

fn reference(reference: &Reference<'_>) -> Value {
    json!({
        "field": reference.field,
        "targetRef": reference.target_ref,
        "target": target(&reference.target),
        "resolved": reference.entity.is_some(),
    })
}

fn target(target: &EntityRef) -> Value {
    json!({
        "kind": target.kind.to_lowercase(),
        "namespace": target.namespace,
        "name": target.name,
    })
}

fn source(origin: Origin, sources: &Sources) -> Value {
    let path = sources.path(origin.file).as_str();
    let mut source = Map::new();
    source.insert("path".to_owned(), path.into());
    source.insert("line".to_owned(), origin.line.into());
    if let Some(repository) = &sources.root(sources.root_of(origin.file)).repository {
        source.insert("repository".to_owned(), repository.as_str().into());
        if let Some(url) = file_url(repository, path) {
            source.insert("url".to_owned(), url.into());
        }
    }
    Value::Object(source)
}

/// The page of a file on its host, on the default branch; `None` for hosts whose addresses are not known.
fn file_url(repository: &str, path: &str) -> Option<String> {
    let mut url = Url::parse(repository.trim_end_matches('/').trim_end_matches(".git")).ok()?;
    let host = url.host_str()?;
    // Hosts in a company are called github.acme.com.
    let pages: &[&str] = if host.split('.').any(|label| label == "github") {
        &["blob", "HEAD"]
    } else if host.split('.').any(|label| label == "gitlab") {
        &["-", "blob", "HEAD"]
    } else if host == "bitbucket.org" {
        &["src", "HEAD"]
    } else {
        return None;
    };
    url.path_segments_mut()
        .ok()?
        .pop_if_empty()
        .extend(pages)
        .extend(path.split('/'));
    matches!(url.scheme(), "https" | "http").then(|| url.into())
}

#[cfg(test)]
mod tests {
    use super::file_url;

    #[test]
    fn hosts_have_pages_for_files() {
        for (repository, path, expected) in [
            (
                "https://github.com/acme/shop",
                "a/b.yaml",
                Some("https://github.com/acme/shop/blob/HEAD/a/b.yaml"),
            ),
            (
                "https://github.acme.com/o/r.git",
                "é #1.yaml",
                Some("https://github.acme.com/o/r/blob/HEAD/%C3%A9%20%231.yaml"),
            ),
            (
                "https://gitlab.com/g/s/r/",
                "a.yaml",
                Some("https://gitlab.com/g/s/r/-/blob/HEAD/a.yaml"),
            ),
            (
                "https://bitbucket.org/w/r",
                "a.yaml",
                Some("https://bitbucket.org/w/r/src/HEAD/a.yaml"),
            ),
            ("https://git.acme.com/o/r", "a.yaml", None),
            ("git@github.com:o/r", "a.yaml", None),
        ] {
            assert_eq!(
                file_url(repository, path).as_deref(),
                expected,
                "{repository}"
            );
        }
    }
}
