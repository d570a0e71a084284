//! The entity policies: root fields, the schema of the metadata, the formats of names and values.
//!
//! In: a descriptor. Out: faults, in the order of Backstage's policies (backstage/backstage, `packages/catalog-model/src/
//! entity/policies`).

use serde_json::{Map, Value};

use super::Check;
use crate::backstage::kind::{self, Field, Shape};
use crate::backstage::read::article;
use crate::backstage::{format, spelling};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::FieldPath;

impl Check {
    /// The root of the schema policy and the policy against foreign root fields.
    pub(super) fn root(&mut self, value: &Map<String, Value>) {
        for key in value.keys().filter(|key| !ROOT.contains(&key.as_str())) {
            let absent = ROOT
                .iter()
                .copied()
                .filter(|name| !value.contains_key(*name));
            let help = if let Some(meant) = spelling::meant(key, absent) {
                format!("did you mean `{meant}`?")
            } else if kind::is_field(key) {
                format!("`{key}` is a field of `spec`: indent it below")
            } else if METADATA.iter().any(|field| field.name == key) {
                format!("`{key}` is a field of `metadata`: indent it below")
            } else {
                "a descriptor has `apiVersion`, `kind`, `metadata` and `spec`".to_owned()
            };
            let message = format!("`{key}` is no field of a descriptor");
            let place = self.origin.key(FieldPath::keys([key.as_str()]));
            self.push(
                Diagnostic::new(Code::UnknownRootField, message)
                    .at(place)
                    .help(help),
            );
        }
    }

    /// `EntityMeta.schema.json`, and `spec` of `Entity.schema.json`.
    pub(super) fn metadata_schema(&mut self, value: &Map<String, Value>) {
        if let Some(Value::Object(metadata)) = value.get("metadata") {
            let path = FieldPath::keys(["metadata"]);
            self.fields(metadata, METADATA, &path, Code::InvalidField);
            for map in ["labels", "annotations"] {
                self.texts(metadata.get(map), &path.key(map));
            }
        }
        if let Some(spec) = value.get("spec").filter(|spec| !spec.is_object()) {
            let message = format!("`spec` must be a map, not {}", article(spec));
            self.fault(Code::InvalidField, FieldPath::keys(["spec"]), message);
        }
    }

    fn texts(&mut self, map: Option<&Value>, path: &FieldPath) {
        let Some(Value::Object(map)) = map else {
            return;
        };
        for (key, value) in map {
            // The schema's pattern `^.+$` passes over keys without a character, and over those of line ends alone.
            let is_checked = key
                .chars()
                .any(|char| !matches!(char, '\n' | '\r' | '\u{2028}' | '\u{2029}'));
            if is_checked && !value.is_string() {
                let field = path.key(key);
                let message = format!("`{field}` must be a text, not {}", article(value));
                self.fault(Code::InvalidField, field, message);
            }
        }
    }

    /// The field format policy.
    pub(super) fn formats(&mut self, value: &Map<String, Value>) {
        let root = FieldPath::default();
        self.format(
            value,
            &root,
            "apiVersion",
            format::is_api_version,
            API_VERSION,
        );
        self.format(value, &root, "kind", format::is_kind, KIND);
        let Some(Value::Object(metadata)) = value.get("metadata") else {
            return;
        };
        let path = FieldPath::keys(["metadata"]);
        self.format(metadata, &path, "name", format::is_name, NAME);
        self.format(
            metadata,
            &path,
            "namespace",
            format::is_namespace,
            NAMESPACE,
        );
        for (map, is_value, expected) in [
            (
                "labels",
                Some(format::is_label_value as fn(&str) -> bool),
                LABEL,
            ),
            ("annotations", None, ""),
        ] {
            let Some(Value::Object(entries)) = metadata.get(map) else {
                continue;
            };
            let path = path.key(map);
            for (key, value) in entries {
                self.key_format(key, &path);
                if let Some(is_value) = is_value {
                    self.text_format(value, path.key(key), is_value, expected);
                }
            }
        }
        let tags = metadata.get("tags").and_then(Value::as_array);
        for (index, tag) in tags.into_iter().flatten().enumerate() {
            self.text_format(tag, path.key("tags").index(index), format::is_tag, TAG);
        }
        let links = metadata.get("links").and_then(Value::as_array);
        for (index, link) in links.into_iter().flatten().enumerate() {
            let Value::Object(link) = link else { continue };
            let path = path.key("links").index(index);
            self.format(link, &path, "url", format::is_url, URL);
            let is_not_blank = |text: &str| !text.trim().is_empty();
            self.format(link, &path, "title", is_not_blank, NOT_BLANK);
            self.format(link, &path, "icon", is_not_blank, NOT_BLANK);
        }
    }

    fn key_format(&mut self, key: &str, path: &FieldPath) {
        if !format::is_key(key) {
            let field = path.key(key);
            let message = format!("the key `{field}` must be {KEY}");
            let place = self.origin.key(field);
            self.push(Diagnostic::new(Code::InvalidField, message).at(place));
        }
    }

    fn format(
        &mut self,
        map: &Map<String, Value>,
        path: &FieldPath,
        key: &str,
        is_valid: impl Fn(&str) -> bool,
        expected: &str,
    ) {
        if let Some(value) = map.get(key) {
            self.text_format(value, path.key(key), is_valid, expected);
        }
    }

    fn text_format(
        &mut self,
        value: &Value,
        field: FieldPath,
        is_valid: impl Fn(&str) -> bool,
        expected: &str,
    ) {
        // Values that are no texts, and empty ones, have been told by the schema.
        if let Value::String(text) = value
            && !is_valid(text)
            && !(text.is_empty() && expected != NOT_BLANK)
        {
            let message = format!("`{field}` must be {expected}, but is `{}`", shortened(text));
            self.fault(Code::InvalidField, field, message);
        }
    }
}

/// The start of a text, for messages.
fn shortened(text: &str) -> String {
    const MOST: usize = 80;
    let mut start: String = text.chars().take(MOST).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    start
}

/// The fields of a descriptor.
const ROOT: &[&str] = &["apiVersion", "kind", "metadata", "spec"];

/// The fields of the metadata of every kind.
pub(crate) const METADATA: &[Field] = &[
    field("uid", Shape::Text),
    field("etag", Shape::Text),
    field("name", Shape::Text),
    field("namespace", Shape::Text),
    field("title", Shape::Text),
    field("description", Shape::AnyText),
    field("labels", Shape::Object(&[])),
    field("annotations", Shape::Object(&[])),
    field("tags", Shape::List(&Shape::Text)),
    field(
        "links",
        Shape::List(&Shape::Object(&[
            Field {
                name: "url",
                is_required: true,
                shape: Shape::Text,
            },
            field("title", Shape::Text),
            field("icon", Shape::Text),
            field("type", Shape::Text),
        ])),
    ),
];

const fn field(name: &'static str, shape: Shape) -> Field {
    Field {
        name,
        is_required: false,
        shape,
    }
}

const API_VERSION: &str = "a version like `v1` or `example.com/v1`";
const KIND: &str = "a letter followed by letters and digits, at most 63 in all";
const NAME: &str = "letters and digits with `-`, `_` and `.` between them, at most 63 in all";
const NAMESPACE: &str = "lower-case letters and digits with `-` between them, at most 63 in all";
const LABEL: &str =
    "empty, or letters and digits with `-`, `_` and `.` between them, at most 63 in all";
const TAG: &str =
    "lower-case letters, digits, `:`, `+` and `#` with single `-` between them, at most 63 in all";
const URL: &str = "an absolute URL";
const NOT_BLANK: &str = "more than white space";
const KEY: &str = "a name like `team` or `example.com/team`";
