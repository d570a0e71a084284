//! One entity of a dump: what the catalog API returns, made a descriptor again.
//!
//! In: the text of a piece. Out: a [`Record`], or the [`Flaw`] that costs it.

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use serde_json::{Map, Value};

use crate::backstage::EntityRef;
use crate::backstage::entity::RelationType;
use crate::backstage::entity_ref::DEFAULT_NAMESPACE;
use crate::backstage::{kind, read};
use crate::source::FieldPath;
use crate::yaml;

/// An entity, the root fields that no descriptor has taken apart.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) entity_ref: EntityRef,
    /// `apiVersion`, `kind`, `metadata`, `spec`, and whatever does not belong there.
    pub(super) value: Map<String, Value>,
    pub(super) relations: Vec<(RelationType, EntityRef)>,
    /// Where its descriptor stands, if our own `catalog` printed it.
    pub(super) source: Option<Source>,
    /// Parts that were passed over.
    pub(super) flaws: Vec<(FieldPath, String)>,
}

/// The place of a descriptor in another run.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) root: String,
    pub(super) path: Utf8PathBuf,
    pub(super) line: usize,
    /// How many Locations led to it.
    pub(super) depth: usize,
    pub(super) repository: Option<String>,
}

/// Why a piece is no entity.
#[derive(Debug)]
pub(super) enum Flaw {
    TooLarge,
    Syntax(String),
    NotAnEntity(String),
    Envelope(FieldPath, String),
}

pub(super) fn parse(text: Option<Vec<u8>>) -> Result<Record, Flaw> {
    let text = text.ok_or(Flaw::TooLarge)?;
    let mut value: Value =
        serde_json::from_slice(&text).map_err(|error| Flaw::Syntax(in_words(&error)))?;
    yaml::as_javascript(&mut value);
    let Value::Object(mut value) = value else {
        let found = read::article(&value);
        return Err(Flaw::NotAnEntity(format!(
            "expected an entity, found {found}"
        )));
    };
    let mut flaws = Vec::new();
    let relations = value.shift_remove("relations");
    let relations = relations.map_or_else(Vec::new, |list| relations_of(&list, &mut flaws));
    let source = value.shift_remove("source").and_then(|source| {
        let found = source_of(&source);
        found.map_err(|flaw| flaws.push(flaw)).ok()
    });
    value.shift_remove("status");
    let entity_ref =
        read::envelope(&mut value).map_err(|(field, message)| Flaw::Envelope(field, message))?;
    if source.is_none()
        && let Some(Value::Object(metadata)) = value.get_mut("metadata")
    {
        remove_bookkeeping(metadata);
    }
    Ok(Record {
        entity_ref,
        value,
        relations,
        source,
        flaws,
    })
}

/// The message of the parser; its line is one inside the piece and says nothing.
fn in_words(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let end = text.rfind(" at line ").unwrap_or(text.len());
    let message = text.get(..end).unwrap_or_default();
    let message = if message.starts_with("control character") {
        "a text is not closed, or holds a control character"
    } else {
        message
    };
    match error.column() {
        0 => message.to_owned(),
        column => format!("{message} (column {column})"),
    }
}

/// The relations of either shape; of those that are none, the first is told.
fn relations_of(
    list: &Value,
    flaws: &mut Vec<(FieldPath, String)>,
) -> Vec<(RelationType, EntityRef)> {
    let field = FieldPath::keys(["relations"]);
    let Value::Array(list) = list else {
        let message = format!("`relations` must be a list, not {}", read::article(list));
        flaws.push((field, message));
        return Vec::new();
    };
    let mut relations = Vec::with_capacity(list.len());
    let mut is_told = false;
    for (index, item) in list.iter().enumerate() {
        match relation(item) {
            Some(relation) => relations.push(relation),
            None if is_told => {}
            None => {
                is_told = true;
                let field = field.index(index);
                let message = format!("`{field}` is no relation: it needs `type` and `targetRef`");
                flaws.push((field, message));
            }
        }
    }
    relations
}

/// `{type, targetRef}`, or as Backstage wrote it before 1.0, `{type, target: {kind, namespace, name}}`.
fn relation(item: &Value) -> Option<(RelationType, EntityRef)> {
    let relation_type = item.get("type")?.as_str()?;
    let is_word = |char: char| char.is_ascii_alphanumeric() || char == '_';
    if relation_type.is_empty() || !relation_type.chars().all(is_word) {
        return None;
    }
    let by_ref = item.get("targetRef").and_then(Value::as_str);
    let by_ref = by_ref.and_then(|text| EntityRef::parse(text, None, DEFAULT_NAMESPACE).ok());
    let in_parts = || {
        let parts = item.get("target")?.as_object()?;
        EntityRef::from_parts(parts, None, DEFAULT_NAMESPACE).ok()
    };
    let target = by_ref.or_else(in_parts)?;
    let relation_type = kind::relation_type(relation_type)
        .map_or_else(|| relation_type.to_owned().into(), RelationType::Borrowed);
    Some((relation_type, target))
}

/// The place our `catalog` prints. It becomes a path that is written to, so it must not lead anywhere else.
fn source_of(source: &Value) -> Result<Source, (FieldPath, String)> {
    let path = FieldPath::keys(["source"]);
    let fault = |key: &str, expected: &str| {
        let field = path.key(key);
        let message =
            format!("`{field}` must be {expected}: the place of the descriptor is not used");
        (field, message)
    };
    let text = |key: &str| source.get(key).and_then(Value::as_str);
    let number = |key: &str| source.get(key).and_then(Value::as_u64);
    let number = |key: &str| number(key).and_then(|number| usize::try_from(number).ok());
    let is_root = |root: &&str| {
        let name = Utf8Path::new(root).file_name();
        name.is_some_and(|name| !name.starts_with('.')) && is_plain(root)
    };
    let is_path = |path: &&str| {
        let is_inside = |part: Utf8Component<'_>| matches!(part, Utf8Component::Normal(name) if !name.eq_ignore_ascii_case(".git"));
        !path.is_empty() && is_plain(path) && Utf8Path::new(path).components().all(is_inside)
    };
    let root = text("root").filter(is_root);
    let file = text("path").filter(is_path);
    Ok(Source {
        root: root
            .ok_or_else(|| fault("root", "the name of a folder"))?
            .to_owned(),
        path: file
            .ok_or_else(|| fault("path", "a path inside the root"))?
            .into(),
        line: number("line")
            .filter(|line| *line > 0)
            .ok_or_else(|| fault("line", "the number of a line"))?,
        depth: number("depth").unwrap_or(0),
        repository: text("repository").map(ToOwned::to_owned),
    })
}

fn is_plain(path: &str) -> bool {
    !path.contains(['\\', '\0'])
}

const ANNOTATION_PREFIX: &str = "backstage.io/";

/// Takes off what the catalog adds (backstage/backstage, `plugins/catalog-backend`, `AnnotateLocationEntityProcessor`
/// and the stitcher). An address that is not the one it would add was written by the author and stays.
fn remove_bookkeeping(metadata: &mut Map<String, Value>) {
    metadata.shift_remove("uid");
    metadata.shift_remove("etag");
    let Some(Value::Object(annotations)) = metadata.get_mut("annotations") else {
        return;
    };
    let key = |name: &str| format!("{ANNOTATION_PREFIX}{name}");
    let location = annotations.shift_remove(&key("managed-by-location"));
    for name in ["managed-by-origin-location", "orphan"] {
        annotations.shift_remove(&key(name));
    }
    let target = location
        .as_ref()
        .and_then(Value::as_str)
        .and_then(|location| location.strip_prefix("url:"));
    if let Some(target) = target {
        for name in ["view-url", "edit-url", "source-location"] {
            let added = annotations.get(&key(name)).and_then(Value::as_str);
            if added.is_some_and(|url| is_added(name, url, target)) {
                annotations.shift_remove(&key(name));
            }
        }
    }
    if annotations.is_empty() {
        metadata.shift_remove("annotations");
    }
}

/// Whether the catalog would put this address for a descriptor that was read at the target.
fn is_added(annotation: &str, url: &str, target: &str) -> bool {
    match annotation {
        "view-url" => url == target,
        "edit-url" => unviewed(url) == unviewed(target),
        _ => {
            let folder = target.rfind('/').and_then(|end| target.get(..=end));
            url.strip_prefix("url:").map(unviewed) == folder.map(unviewed)
        }
    }
}

/// An address without what tells the views of one file apart.
fn unviewed(url: &str) -> String {
    let url = url.split('?').next().unwrap_or_default();
    ["/tree/", "/edit/"]
        .iter()
        .fold(url.to_owned(), |url, view| url.replacen(view, "/blob/", 1))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    type Result = std::result::Result<(), Flaw>;

    fn record(value: &Value) -> std::result::Result<Record, Flaw> {
        parse(Some(value.to_string().into_bytes()))
    }

    fn component(metadata: &Value) -> Value {
        json!({"apiVersion": "backstage.io/v1alpha1", "kind": "Component", "metadata": metadata})
    }

    #[test]
    fn what_the_catalog_adds_is_taken_off() -> Result {
        let page = "https://github.com/acme/shop/tree/main/a/catalog-info.yaml";
        let entity = component(&json!({
            "name": "a", "uid": "1", "etag": "2", "annotations": {
                "backstage.io/managed-by-location": format!("url:{page}"),
                "backstage.io/managed-by-origin-location": "url:x",
                "backstage.io/orphan": "true",
                "backstage.io/view-url": page,
                "backstage.io/edit-url": page.replace("tree", "edit"),
                "backstage.io/source-location": "url:https://github.com/acme/shop/tree/main/a/",
            }
        }));
        assert_eq!(record(&entity)?.value["metadata"], json!({"name": "a"}));
        let own = json!({
            "backstage.io/view-url": "https://acme.example", "backstage.io/edit-url": "https://acme.example/e",
            "backstage.io/source-location": "url:https://github.com/acme/other/", "backstage.io/techdocs-ref": "dir:.",
        });
        let mut annotations = own.clone();
        annotations["backstage.io/managed-by-location"] = json!(format!("url:{page}"));
        let entity = component(&json!({"name": "a", "annotations": annotations}));
        assert_eq!(record(&entity)?.value["metadata"]["annotations"], own);
        Ok(())
    }

    #[test]
    fn relations_of_both_shapes() -> Result {
        let mut entity = component(&json!({"name": "a"}));
        entity["status"] = json!({"items": []});
        entity["relations"] = json!([
            {"type": "ownedBy", "targetRef": "group:default/g"},
            {"type": "ownedBy", "target": {"kind": "Group", "namespace": "x", "name": "G"}},
            {"type": "own", "targetRef": "user:default/u", "target": {"kind": "Group", "namespace": "x", "name": "G"}},
            {"type": "a b", "targetRef": "user:default/u"},
            {"type": "ownedBy", "targetRef": "no-kind"},
            5,
        ]);
        let record = record(&entity)?;
        let relations: Vec<String> = record
            .relations
            .iter()
            .map(|(relation, target)| format!("{relation} {target}"))
            .collect();
        assert_eq!(
            relations,
            [
                "ownedBy group:default/g",
                "ownedBy Group:x/G",
                "own user:default/u"
            ]
        );
        let flaws: Vec<String> = record
            .flaws
            .iter()
            .map(|(field, _)| field.to_string())
            .collect();
        assert_eq!(flaws, ["relations.3"]);
        assert!(!record.value.contains_key("status") && !record.value.contains_key("relations"));
        Ok(())
    }

    #[test]
    fn a_place_stays_inside_its_root() -> Result {
        let mut entity = component(&json!({"name": "a", "etag": "kept"}));
        entity["source"] = json!({"root": "x/shop", "path": "a/b.yaml", "line": 3, "depth": 1});
        let good = record(&entity)?;
        let source = good
            .source
            .map(|source| (source.root, source.path, source.line, source.depth));
        assert_eq!(source, Some(("x/shop".to_owned(), "a/b.yaml".into(), 3, 1)));
        assert_eq!(good.value["metadata"]["etag"], "kept");
        for (key, value) in [
            ("root", json!("..")),
            ("root", json!("a/.git")),
            ("root", json!("")),
            ("root", json!(7)),
            ("path", json!("../x.yaml")),
            ("path", json!("/etc/passwd")),
            ("path", json!("a/../../x")),
            ("path", json!(".git/x.yaml")),
            ("path", json!("a\\..\\x")),
            ("line", json!(0)),
            ("line", json!(1e300)),
        ] {
            let mut entity = entity.clone();
            entity["source"][key] = value;
            let record = record(&entity)?;
            assert_eq!(record.source, None, "{entity}");
            assert_eq!(record.flaws[0].0.to_string(), format!("source.{key}"));
        }
        Ok(())
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_record_or_a_flaw(text in ".*") {
            let _ = parse(Some(text.into_bytes()));
        }

        #[test]
        fn any_root_fields_are_a_record_or_a_flaw(
            field in "relations|source|status|metadata|spec|kind",
            value in "null|1e999|-1|\"x\"|\\[1, \\[\\]\\]|\\{\"type\": 1\\}|\\[\\{\"type\": \"a\", \"target\": \\{\\}\\}\\]",
        ) {
            let text = format!("{{\"apiVersion\":\"v1\",\"metadata\":{{\"name\":\"a\"}},\"{field}\":{value}}}");
            let _ = parse(Some(text.into_bytes()));
        }
    }
}
