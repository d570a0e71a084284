//! Fields that Backstage does not know: misspelt, at the wrong level, or merely kept.
//!
//! In: an entity. Out: findings. The metadata of every kind is looked at, the spec only of kinds that Backstage knows;
//! what hangs on fields of the author's own is never looked at.

use serde_json::{Map, Value};

use super::annotations;
use crate::backstage::Entity;
use crate::backstage::field::field as value_of;
use crate::backstage::kind::{self, Field, Kind, Shape};
use crate::backstage::spelling;
use crate::backstage::validate::METADATA;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::FieldPath;

/// Looks at the fields of the metadata and the spec of an entity.
pub(super) fn check(entity: &Entity, found: &mut Diagnostics) {
    let mut check = Check { entity, found };
    let (metadata, spec) = (entity.metadata(), entity.spec());
    let api_version = value_of(&entity.value, "apiVersion").and_then(Value::as_str);
    let kind = kind::kind(&entity.entity_ref.kind, api_version.unwrap_or_default());
    if let Some(metadata) = metadata {
        let path = || FieldPath::keys(["metadata"]);
        let is_known = |key: &str| is_field(METADATA, key);
        for key in metadata.keys().filter(|key| !is_known(key)) {
            let belongs_in_spec = kind.is_some_and(|kind| kind.knows(spec, key))
                && spec.is_some_and(|spec| !spec.contains_key(key));
            if belongs_in_spec {
                check.misplaced(&path(), key, "spec");
            } else {
                check.unknown(&path(), key, metadata, METADATA.iter());
            }
        }
        check.nested(metadata, METADATA, &path);
    }
    if let (Some(kind), Some(spec)) = (kind, spec) {
        check.spec(kind, spec, metadata);
    }
}

/// Fields that Backstage's own descriptors use before a schema names them: kinds, and fields of their spec
/// (backstage/backstage, `packages/catalog-model/examples/ai-resources`).
const AHEAD: &[(&str, &str)] = &[("AiResource", "activation")];

struct Check<'a> {
    entity: &'a Entity,
    found: &'a mut Diagnostics,
}

impl Check<'_> {
    fn spec(
        &mut self,
        kind: &'static Kind,
        spec: &Map<String, Value>,
        metadata: Option<&Map<String, Value>>,
    ) {
        let path = || FieldPath::keys(["spec"]);
        let mut strangers: Vec<&str> = Vec::new();
        let is_known = |key: &str| kind.knows(Some(spec), key) || AHEAD.contains(&(kind.name, key));
        for key in spec.keys().filter(|key| !is_known(key)) {
            let belongs_in_metadata = is_field(METADATA, key)
                && metadata.is_some_and(|metadata| !metadata.contains_key(key));
            if belongs_in_metadata {
                self.misplaced(&path(), key, "metadata");
            } else if kind::is_field(key) || !self.unknown(&path(), key, spec, kind.fields(spec)) {
                strangers.push(key);
            }
        }
        if let Some(first) = strangers.first() {
            let place = self.entity.origin.key(path().key(first));
            let stranger = Diagnostic::new(Code::UnknownField, in_words(&strangers, kind.name))
                .at(place)
                .help(remedy(first, kind.name));
            self.found.push(stranger);
        }
        for field in kind.fields(spec) {
            if has_fields(&field.shape)
                && let Some(value) = value_of(spec, field.name)
            {
                self.shape(value, &field.shape, &|| path().key(field.name));
            }
        }
    }

    /// A field that is none of the known ones. Whether it looks like one that is absent, and that authors write.
    fn unknown<'f>(
        &mut self,
        path: &FieldPath,
        key: &str,
        map: &Map<String, Value>,
        known: impl Iterator<Item = &'f Field>,
    ) -> bool {
        let absent = known
            .map(|field| field.name)
            .filter(|name| !map.contains_key(*name) && !matches!(*name, "uid" | "etag"));
        let help = if let Some(meant) = spelling::meant(key, absent) {
            format!("did you mean `{meant}`?")
        } else if annotations::is_annotation(key) {
            "move it into `metadata.annotations`".to_owned()
        } else {
            return false;
        };
        let path = path.key(key);
        let misspelt = Diagnostic::new(
            Code::MisspeltField,
            format!("`{path}` is no field that Backstage knows"),
        )
        .at(self.entity.origin.key(path))
        .help(help);
        self.found.push(misspelt);
        true
    }

    fn misplaced(&mut self, path: &FieldPath, key: &str, home: &str) {
        let path = path.key(key);
        let misplaced = Diagnostic::new(
            Code::MisspeltField,
            format!("`{path}` is no field that Backstage knows; `{key}` is a field of `{home}`"),
        )
        .at(self.entity.origin.key(path))
        .help(format!("move it into `{home}`"));
        self.found.push(misplaced);
    }

    /// The maps below the fields of a map.
    fn nested(&mut self, map: &Map<String, Value>, fields: &[Field], path: &dyn Fn() -> FieldPath) {
        for field in fields {
            if has_fields(&field.shape)
                && let Some(value) = value_of(map, field.name)
            {
                self.shape(value, &field.shape, &|| path().key(field.name));
            }
        }
    }

    /// The fields of the maps in a value. A map whose schema names hardly a field is the author's own.
    fn shape(&mut self, value: &Value, shape: &Shape, path: &dyn Fn() -> FieldPath) {
        match (shape, value) {
            (Shape::List(item) | Shape::NonEmptyList(item), Value::Array(items)) => {
                for (index, value) in items.iter().enumerate() {
                    self.shape(value, item, &|| path().index(index));
                }
            }
            (Shape::Object(fields), Value::Object(map)) if fields.len() > OWN => {
                for key in map.keys().filter(|key| !is_field(fields, key)) {
                    self.unknown(&path(), key, map, fields.iter());
                }
                self.nested(map, fields, path);
            }
            (Shape::ObjectOf(fields, _), Value::Object(map)) => self.nested(map, fields, path),
            _ => {}
        }
    }
}

/// The most fields that the schema of a map names which is the author's own.
const OWN: usize = 1;

/// Whether there are fields to look at in values of a shape.
fn has_fields(shape: &Shape) -> bool {
    match shape {
        Shape::List(item) | Shape::NonEmptyList(item) => has_fields(item),
        Shape::Object(fields) => fields.len() > OWN,
        Shape::ObjectOf(..) => true,
        _ => false,
    }
}

fn is_field(fields: &[Field], key: &str) -> bool {
    fields.iter().any(|field| field.name == key)
}

fn in_words(strangers: &[&str], kind: &str) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<String> = strangers
        .iter()
        .take(SHOWN)
        .map(|key| format!("`spec.{key}`"))
        .collect();
    let more = match strangers.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let is = if strangers.len() == 1 {
        "is no field"
    } else {
        "are no fields"
    };
    format!(
        "{}{more} {is} that Backstage knows for the kind `{kind}`",
        shown.join(", ")
    )
}

fn remedy(key: &str, kind: &str) -> String {
    match key {
        // Removed with catalog-model 0.6.
        "implementsApis" => "write `providesApis`: Backstage reads `implementsApis` no more".to_owned(),
        _ if kind::relation_type(key).is_some() => format!(
            "`{key}` is the name of a relation, which Backstage makes of fields such as `owner` and `providesApis`"
        ),
        _ if kind::is_field(key) => {
            format!("`{key}` means something for other kinds; for the kind `{kind}` it is kept and nothing more")
        }
        _ => "Backstage keeps it and does nothing with it; facts of your own fit into `metadata.annotations`".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::lint::tests::{diagnostics, found};
    use serde_json::Value;

    fn component(metadata: &Value, spec: &Value) -> Value {
        let mut entity = json!({"metadata": {"name": "shop"},
            "spec": {"type": "service", "lifecycle": "production", "owner": "web"}});
        for (part, more) in [("metadata", metadata), ("spec", spec)] {
            if let (Value::Object(part), Value::Object(more)) = (&mut entity[part], more) {
                part.extend(more.clone());
            }
        }
        entity
    }

    #[test]
    fn misspelt_fields_are_told_with_what_is_meant() {
        for (metadata, spec, expected, help) in [
            (
                json!({}),
                json!({"subComponentOf": "a"}),
                "spec.subComponentOf",
                "did you mean `subcomponentOf`?",
            ),
            (
                json!({}),
                json!({"provides_apis": ["a"]}),
                "spec.provides_apis",
                "did you mean `providesApis`?",
            ),
            (
                json!({}),
                json!({"dependencysOf": ["a"]}),
                "spec.dependencysOf",
                "did you mean `dependencyOf`?",
            ),
            (
                json!({"lables": {}}),
                json!({}),
                "metadata.lables",
                "did you mean `labels`?",
            ),
            (
                json!({"annotation": {}}),
                json!({}),
                "metadata.annotation",
                "did you mean `annotations`?",
            ),
            (
                json!({"system": "a"}),
                json!({}),
                "metadata.system",
                "move it into `spec`",
            ),
            (
                json!({}),
                json!({"tags": ["a"]}),
                "spec.tags",
                "move it into `metadata`",
            ),
            (
                json!({"github.com/project-slug": "a/b"}),
                json!({}),
                "metadata.github.com/project-slug",
                "move it into `metadata.annotations`",
            ),
            (
                json!({"links": [{"url": "https://a.b", "titel": "x"}]}),
                json!({}),
                "metadata.links.0.titel",
                "did you mean `title`?",
            ),
        ] {
            let entity = component(&metadata, &spec);
            assert_eq!(found(&entity), [format!("misspelt-field {expected}")]);
            let helps: Vec<_> = diagnostics(&entity)
                .into_iter()
                .map(|found| found.help)
                .collect();
            assert_eq!(helps, [Some(help.into())]);
        }
    }

    #[test]
    fn fields_of_the_authors_own_are_no_slips() {
        for (metadata, spec) in [
            (
                json!({"bookmarks": [], "level": 1, "owner": "a"}),
                json!({}),
            ),
            (json!({"tags": ["a"], "tag": "b"}), json!({})),
        ] {
            assert_eq!(found(&component(&metadata, &spec)), [""; 0]);
        }
        let custom = json!({"kind": "Robot", "metadata": {"name": "a", "owner": "x"}, "spec": {"lifecyle": 1}});
        assert_eq!(found(&custom), [""; 0]);
    }

    #[test]
    fn what_backstage_merely_keeps_is_told_once() {
        let entity = component(
            &json!({"tags": ["a"]}),
            &json!({"tags": ["b"], "custom": 1, "apiConsumedBy": [], "memberOf": ["a"]}),
        );
        assert_eq!(found(&entity), ["unknown-field spec.tags"]);
        let messages: Vec<_> = diagnostics(&entity)
            .into_iter()
            .map(|found| found.message)
            .collect();
        assert_eq!(
            messages,
            ["`spec.tags`, `spec.custom`, `spec.apiConsumedBy`, `spec.memberOf` are no fields that Backstage knows for \
              the kind `Component`"
                .into()]
        );
    }

    #[test]
    fn nested_maps_of_the_schema_are_looked_into() {
        let user = json!({"kind": "User", "metadata": {"name": "a"},
            "spec": {"memberOf": [], "profile": {"display_name": "A", "pronouns": "x"}}});
        assert_eq!(found(&user), ["misspelt-field spec.profile.display_name"]);
        let template = json!({"kind": "Template", "apiVersion": "scaffolder.backstage.io/v1beta3",
            "metadata": {"name": "a"}, "spec": {"type": "service", "owner": "a",
                "parameters": [{"title": "a", "propertys": {}}],
                "steps": [{"action": "a:b", "inputs": {}, "each": [1]}],
                "output": {"link": "x"}}});
        assert_eq!(found(&template), ["misspelt-field spec.steps.0.inputs"]);
    }

    #[test]
    fn fields_of_a_variant_are_known_where_it_is_meant() {
        let api = |spec_type: &str| {
            json!({"kind": "API", "metadata": {"name": "a"},
                "spec": {"type": spec_type, "lifecycle": "a", "owner": "a", "definition": "x", "remotes": []}})
        };
        assert_eq!(found(&api("mcp-server")), [""; 0]);
        let skill = json!({"kind": "AiResource", "metadata": {"name": "a"},
            "spec": {"type": "skill", "lifecycle": "a", "owner": "a", "agents": [], "rationale": "x"}});
        assert_eq!(found(&skill), ["unknown-field spec.rationale"]);
    }
}
