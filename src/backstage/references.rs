//! References in the fields of entities whose kind Backstage does not know.
//!
//! In: a catalog, and an entity. Out: what its spec probably refers to. Backstage makes relations of the fields it knows
//! and leaves all others alone, so this is a reading of ours: a text counts when it names a kind, as `cluster:eu-1` does,
//! or when its field does, as in `cluster: eu-1`.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::{Catalog, Entity, EntityRef, Packed, kind};

/// The longest text that is read, in bytes: three parts of 63 characters and what is between them, with room to spare.
const MAX_TEXT: usize = 300;

/// The most references of one entity that are told; reading them costs an expression much more than it costs to write them.
const MAX_REFERENCES: usize = 10_000;

/// A text in a field that reads as a reference.
#[derive(Debug)]
pub struct Reference<'e, 'a> {
    /// The top-level field of the spec, which holds the text or a list with it.
    pub field: &'e str,
    /// The target, spelled as it spells itself where it is known, else as in the text.
    pub target: EntityRef,
    /// The canonical ref of the target.
    pub target_ref: String,
    /// The target, where the catalog has or knows it.
    pub entity: Option<&'a Entity<Packed>>,
}

/// What references are looked up in.
#[derive(Debug)]
pub struct References<'a> {
    entities: HashMap<String, &'a Entity<Packed>>,
    /// Every kind that Backstage or the catalog knows, in lower case.
    kinds: HashSet<String>,
}

impl<'a> References<'a> {
    /// Ready to look up everything that a catalog has or knows.
    #[must_use]
    pub fn of(catalog: &'a Catalog) -> Self {
        let mut kinds: HashSet<String> = kind::names().map(str::to_lowercase).collect();
        let mut entities = HashMap::with_capacity(catalog.known().len());
        for entity in catalog.known() {
            let canonical = entity.entity_ref.canonical();
            let kind = canonical.split(':').next().unwrap_or_default();
            if !kinds.contains(kind) {
                kinds.insert(kind.to_owned());
            }
            entities.insert(canonical, entity);
        }
        Self { entities, kinds }
    }

    /// The references in the spec of an entity in this namespace, at most 10,000 of them, in the order they are written; a list may hold one
    /// twice.
    #[must_use]
    pub fn in_spec<'e>(
        &self,
        spec: &'e Map<String, Value>,
        namespace: &str,
    ) -> Vec<Reference<'e, 'a>> {
        let mut found = Vec::new();
        for (field, value) in spec {
            let texts = match value {
                Value::Array(items) => items.as_slice(),
                one => std::slice::from_ref(one),
            };
            let mut kinds = None;
            for text in texts.iter().filter_map(Value::as_str) {
                if found.len() == MAX_REFERENCES {
                    return found;
                }
                let kinds = kinds.get_or_insert_with(|| self.kinds_named(field));
                found.extend(self.reference(field, text, kinds, namespace));
            }
        }
        found
    }

    /// The kinds that a field means by its name, in lower case and in the order they are tried: `owner` a group or else a
    /// user, the other fields of Backstage's kinds what they mean there, and `cluster`, `clusters`, `clusterRef` and
    /// `clusterRefs` the kind `Cluster`.
    #[must_use]
    pub fn kinds_named(&self, field: &str) -> Vec<String> {
        if field == "owner" {
            return vec!["group".to_owned(), "user".to_owned()];
        }
        if let Some(kind) = kind::default_kind(field) {
            return vec![kind.to_lowercase()];
        }
        let name: String = field.chars().filter(|char| !"-_".contains(*char)).collect();
        let name = name.to_lowercase();
        let name = name.strip_suffix("refs").unwrap_or(&name);
        let name = name.strip_suffix("ref").unwrap_or(name);
        let singulars = [
            Some(name.to_owned()),
            name.strip_suffix('s').map(str::to_owned),
            name.strip_suffix("es").map(str::to_owned),
            name.strip_suffix("ies").map(|stem| format!("{stem}y")),
        ];
        let mut known = singulars.into_iter().flatten();
        let known = known.find(|name| self.kinds.contains(name));
        known.into_iter().collect()
    }

    fn reference<'e>(
        &self,
        field: &'e str,
        text: &str,
        kinds: &[String],
        namespace: &str,
    ) -> Option<Reference<'e, 'a>> {
        if text.len() > MAX_TEXT {
            return None;
        }
        let parsed = |kind: Option<&str>| EntityRef::parse(text, kind, namespace).ok();
        let full = parsed(None);
        let candidates = match full {
            Some(full) => vec![full],
            None => kinds.iter().filter_map(|kind| parsed(Some(kind))).collect(),
        };
        let mut missing = None;
        for target in candidates {
            let target_ref = target.canonical();
            if let Some(entity) = self.entities.get(&target_ref).copied() {
                return Some(Reference {
                    field,
                    target: entity.entity_ref.clone(),
                    target_ref,
                    entity: Some(entity),
                });
            }
            missing.get_or_insert(Reference {
                field,
                target,
                target_ref,
                entity: None,
            });
        }
        missing
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use camino::Utf8Path;
    use serde_json::{Value, json};

    use super::References;
    use crate::backstage::dump::Dumped;
    use crate::backstage::validate::Validated;
    use crate::backstage::{Catalog, Entity, EntityRef, stitch};
    use crate::source::{Origin, Root, RootId, Sources};

    type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

    fn catalog(entities: &[(&str, Value)]) -> Result<Catalog> {
        let mut sources = Sources::new(vec![Root {
            path: ".".into(),
            repository: None,
        }]);
        let mut validated = Vec::new();
        for (entity_ref, spec) in entities {
            let value = json!({"spec": spec});
            let file = sources.add(RootId(0), Utf8Path::new(entity_ref));
            let valid = Validated::new(
                Entity {
                    entity_ref: EntityRef::parse(entity_ref, None, "default")?,
                    value: value.as_object().cloned().unwrap_or_default(),
                    origin: Origin {
                        file,
                        document: 0,
                        line: 1,
                    },
                },
                Vec::new(),
            );
            validated.push(valid.packed());
        }
        let dumped = Dumped::default();
        Ok(stitch::catalog(validated, dumped, BTreeSet::new()))
    }

    #[test]
    fn names_of_fields_mean_kinds() -> Result {
        let catalog = catalog(&[("DataPolicy:a", json!({})), ("Cluster:a", json!({}))])?;
        let references = References::of(&catalog);
        for (field, kinds) in [
            ("owner", &["group", "user"][..]),
            ("parent", &["group"]),
            ("providesApis", &["api"]),
            ("cluster", &["cluster"]),
            ("clusters", &["cluster"]),
            ("clusterRef", &["cluster"]),
            ("cluster_refs", &["cluster"]),
            ("dataPolicies", &["datapolicy"]),
            ("user", &["user"]),
            // Kinds disagree about this field, and no kind has the other names.
            ("dependsOn", &[]),
            ("costCluster", &[]),
            ("database", &[]),
            ("", &[]),
            ("refs", &[]),
        ] {
            assert_eq!(references.kinds_named(field), kinds, "{field}");
        }
        Ok(())
    }

    #[test]
    fn texts_that_refer_to_entities_are_found() -> Result {
        let spec = json!({
            "owner": "JANE", "cluster": ["EU", "cluster:default/eu", 1, "gone"], "note": "eu", "url": "https://x.example",
            "on": "cluster:eu", "deep": {"cluster": "eu"}, "clusterRef": "x".repeat(400)
        });
        let catalog = catalog(&[
            ("Cluster:eu", json!({})),
            ("Cluster:far/Eu", json!({})),
            ("User:far/jane", json!({})),
            ("App:far/a", spec),
        ])?;
        let references = References::of(&catalog);
        let entity = catalog.entities()[3].unpacked();
        let found = references.in_spec(entity.spec().ok_or("no spec")?, "far");
        let found: Vec<_> = found
            .iter()
            .map(|one| (one.field, one.target.to_string(), one.entity.is_some()))
            .collect();
        let expected = [
            ("owner", "User:far/jane", true),
            ("cluster", "Cluster:far/Eu", true),
            ("cluster", "Cluster:default/eu", true),
            ("cluster", "cluster:far/gone", false),
            ("on", "Cluster:far/Eu", true),
        ];
        let expected =
            expected.map(|(field, target, is_known)| (field, target.to_owned(), is_known));
        assert_eq!(found, expected);
        Ok(())
    }
}
