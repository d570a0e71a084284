//! What an expression sees of an entity.
//!
//! In: an entity of the catalog. Out: the entity as the catalog API returns it (`apiVersion`, `kind`, `metadata`, `spec`,
//! `relations` with `type` and `targetRef`), and besides:
//!
//! - `.metadata.identifier`: `kind:namespace/name` in lower case, as Port's Ocean adds it
//! - `.relations[].target`: `{kind, namespace, name}`, spelled as the target spells itself where it is in the catalog,
//!   else as in the reference; the kind always in lower case
//! - `.relations[].target.email`, of a user: `spec.profile.email`, else the annotation `microsoft.com/email`, else the
//!   name, the first of them that is an e-mail address; nothing where none is
//! - `.relations[].target.memberOf`, of a user in the catalog: the groups of the user, each as a `target`
//! - `.relations[].resolved`: whether the target is in the catalog
//! - `.relations[].converted`: whether the target is converted in this run; an entity that only `--catalog` knows is not
//! - `.references`: `[{field, target, targetRef, resolved}]`, what the fields of the spec refer to by our own reading
//!   ([`References`]), for kinds of which Backstage makes no relations: `field` is the top-level field of the spec, the rest
//!   is as in `.relations`. Only for kinds whose resources, or a profile whose `functions.jq`, name the field
//! - `.source`: `{path, line, repository?, url?}`, where the descriptor stands; nothing for an entity of a dump that does
//!   not tell

use serde_json::{Map, Value, json};
use url::Url;

use super::owners;
use crate::backstage::entity::Relation;
use crate::backstage::references::References;
use crate::backstage::{Catalog, EntityRef};
use crate::source::{Origin, Sources};

/// The input for the entity at an index of the catalog, which has these relations.
#[must_use]
pub fn of(catalog: &Catalog, index: usize, relations: &[Relation<'_>], sources: &Sources) -> Value {
    let entity = &catalog.entities()[index];
    let mut input = entity.value.fields();
    if let Some(Value::Object(metadata)) = input.get_mut("metadata") {
        let identifier = entity.entity_ref.canonical();
        metadata.insert("identifier".to_owned(), Value::String(identifier));
    }
    let relations = relations.iter().map(|one| relation(catalog, one));
    input.insert("relations".to_owned(), relations.collect());
    if !sources.is_dump(entity.origin.file) {
        input.insert("source".to_owned(), source(entity.origin, sources));
    }
    Value::Object(input)
}

fn relation(catalog: &Catalog, relation: &Relation<'_>) -> Value {
    let mut target = named(relation.target);
    if target["kind"] == "user" {
        if let Some(email) = email(catalog, relation) {
            target["email"] = email.into();
        }
        if let Some(user) = relation.position {
            let groups = owners::groups(catalog, user);
            target["memberOf"] = groups.map(|group| named(group.target)).collect();
        }
    }
    json!({
        "type": relation.relation_type,
        "targetRef": relation.target_ref,
        "target": target,
        "resolved": relation.is_resolved(),
        "converted": relation.position.is_some_and(|position| position < catalog.entities().len()),
    })
}

fn named(target: &EntityRef) -> Value {
    json!({
        "kind": target.kind.to_lowercase(),
        "namespace": target.namespace,
        "name": target.name,
    })
}

/// The e-mail address of the user a relation leads to, which is the identifier of a user in Port.
fn email<'a>(catalog: &'a Catalog, relation: &Relation<'a>) -> Option<&'a str> {
    let user = relation.position.map(|position| catalog.facts(position));
    let stated = user.into_iter().flat_map(|user| &user.addresses);
    let name: &'a str = &relation.target.name;
    let mut all = stated.map(String::as_str).chain([name]);
    all.find(|text| is_email(text))
}

/// Whether a text is as much of an address as it takes to tell one from a name.
fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && !domain.is_empty()
            && !domain.contains('@')
            && !text.contains(char::is_whitespace)
    })
}

/// Adds `.references` to the input for an entity, or makes them anew.
pub fn add_references(input: &mut Value, namespace: &str, references: &References<'_>) {
    let spec = input.get("spec").and_then(Value::as_object);
    let list = spec.map(|spec| references.in_spec(spec, namespace));
    let list = list.iter().flatten().map(|reference| {
        json!({
            "field": reference.field,
            "targetRef": reference.target_ref,
            "target": named(&reference.target),
            "resolved": reference.entity.is_some(),
        })
    });
    let list: Value = list.collect();
    if let Value::Object(input) = input {
        input.insert("references".to_owned(), list);
    }
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
