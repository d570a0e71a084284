//! The checks that Backstage does not make: what it takes without a word, and its readers stumble over.
//!
//! In: a catalog. Out: findings. Nothing here changes an entity.

mod annotations;
mod docs;
mod fields;
mod links;
mod relations;
mod secrets;
mod size;

use crate::backstage::{Catalog, Entity};
use crate::diagnostic::Diagnostics;
use crate::source::Sources;

/// Looks at all entities of the result together.
pub fn catalog(catalog: &Catalog, sources: &Sources, diagnostics: &mut Diagnostics) {
    relations::catalog(catalog, sources, diagnostics);
}

/// Looks at one entity on its own.
pub fn entity(entity: &Entity, sources: &Sources, found: &mut Diagnostics) {
    fields::check(entity, found);
    annotations::check(entity, found);
    docs::check(entity, sources, found);
    links::check(entity, found);
    secrets::check(entity, found);
    size::check(entity, found);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::backstage::EntityRef;
    use crate::diagnostic::Diagnostic;
    use crate::source::{Origin, Place, Root, RootId};

    /// An entity with these fields; a Component unless they say otherwise.
    pub(super) fn made(fields: &Value, sources: &mut Sources) -> Entity {
        let mut value = json!({"apiVersion": "backstage.io/v1alpha1", "kind": "Component"});
        if let (Value::Object(value), Value::Object(fields)) = (&mut value, fields) {
            value.extend(fields.clone());
        }
        let kind = value["kind"].as_str().unwrap_or_default().to_owned();
        let file = sources.add(RootId(0), "catalog-info.yaml".into());
        Entity {
            entity_ref: EntityRef {
                kind,
                namespace: "default".to_owned(),
                name: "shop".to_owned(),
            },
            value: value.as_object().cloned().unwrap_or_default(),
            origin: Origin {
                file,
                document: 0,
                line: 1,
            },
        }
    }

    /// All findings about such an entity.
    pub(super) fn diagnostics(fields: &Value) -> Vec<Diagnostic> {
        let root = Root {
            path: "missing".into(),
            repository: None,
        };
        let mut sources = Sources::new(vec![root]);
        let made = made(fields, &mut sources);
        let mut found = Diagnostics::default();
        entity(&made, &sources, &mut found);
        found.into_iter().collect()
    }

    /// The codes and fields of all findings about such an entity.
    pub(super) fn found(fields: &Value) -> Vec<String> {
        let place = |found: &Diagnostic| {
            let place: Option<&Place> = found.location.as_ref().map(|location| &location.place);
            let field = place.and_then(Place::field);
            format!("{} {}", found.code, field.cloned().unwrap_or_default())
        };
        diagnostics(fields).iter().map(place).collect()
    }

    #[test]
    fn a_tidy_entity_gives_no_finding() {
        let entity = json!({
            "metadata": {"name": "shop", "title": "Shop", "labels": {"tier": "1"}, "acme": {"owner": 1},
                "annotations": {"github.com/project-slug": "acme/shop", "acme.com/token": "none"},
                "links": [{"url": "https://shop.acme.com", "title": "Shop"}]},
            "spec": {"type": "service", "lifecycle": "production", "owner": "group:web", "dependencyOf": ["a:b"]},
        });
        assert_eq!(found(&entity), [""; 0]);
    }

    fn any_json() -> impl proptest::strategy::Strategy<Value = Value> {
        use proptest::prelude::*;
        let text =
            "[a-zA-Z:/.@_ -]{0,12}|backstage.io/techdocs-ref|dir:[./a]{0,5}|https?://[a:@]{0,5}";
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            text.prop_map(Value::from),
        ];
        let key = "metadata|spec|name|annotations|labels|links|url|steps|profile|owner|ownr|kind|apiVersion|\
                   password|backstage.io/techdocs-ref|[a-zA-Z./-]{0,9}";
        leaf.prop_recursive(6, 60, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map(key, inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest::proptest! {
        #[test]
        fn any_entity_is_looked_at(metadata in any_json(), spec in any_json()) {
            let _ = found(&json!({"metadata": metadata, "spec": spec}));
            let _ = found(&json!({"kind": "Template", "apiVersion": "scaffolder.backstage.io/v1beta3",
                "metadata": metadata, "spec": spec}));
        }
    }
}
