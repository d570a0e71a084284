//! The entity policies: root fields, the schema of the metadata, the formats of names and values.
//!
//! In: a descriptor. Out: faults, in the order of Backstage's policies (backstage/backstage, `packages/catalog-model/src/
//! entity/policies`).

use serde_json::{Map, Value};

use super::Check;
use super::wording::{
    self, API_VERSION, Format, KEY, KIND, LABEL, NAME, NAMESPACE, NOT_BLANK, TAG, URL,
};
use crate::backstage::field::{field as value_of, has_field, list_field, map_field};
use crate::backstage::kind::{self, Field, Shape};
use crate::backstage::read::article;
use crate::backstage::{format, spelling};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FieldPath, Way};

impl Check<'_> {
    /// The root of the schema policy and the policy against foreign root fields.
    pub(super) fn root(&mut self, value: &Map<String, Value>) {
        for key in value.keys().filter(|key| !ROOT.contains(&key.as_str())) {
            let absent = ROOT.iter().copied().filter(|name| !has_field(value, name));
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
        let root = Way::Root;
        if let Some(metadata) = map_field(value, "metadata") {
            let way = root.key("metadata");
            self.fields(metadata, METADATA, &way, Code::InvalidField);
            for map in ["labels", "annotations"] {
                self.texts(map_field(metadata, map), &way.key(map));
            }
        }
        if let Some(spec) = value_of(value, "spec").filter(|spec| !spec.is_object()) {
            let message = format!("`spec` must be a map, not {}", article(spec));
            self.fault(Code::InvalidField, &root.key("spec"), message);
        }
    }

    fn texts(&mut self, map: Option<&Map<String, Value>>, way: &Way<'_>) {
        for (key, value) in map.into_iter().flatten() {
            if value.is_string() {
                continue;
            }
            // The schema's pattern `^.+$` passes over keys without a character, and over those of line ends alone.
            let is_checked = key
                .chars()
                .any(|char| !matches!(char, '\n' | '\r' | '\u{2028}' | '\u{2029}'));
            if is_checked {
                let field = way.key(key);
                let message = format!("`{field}` must be a text, not {}", article(value));
                let remedy = wording::instead(value, &Shape::AnyText);
                self.fault_with(Code::InvalidField, &field, message, remedy);
            }
        }
    }

    /// The field format policy.
    pub(super) fn formats(&mut self, value: &Map<String, Value>) {
        let root = Way::Root;
        self.format(value, &root, "apiVersion", API_VERSION);
        self.format(value, &root, "kind", KIND);
        let Some(metadata) = map_field(value, "metadata") else {
            return;
        };
        let way = root.key("metadata");
        self.format(metadata, &way, "name", NAME);
        self.format(metadata, &way, "namespace", NAMESPACE);
        for (map, format) in [("labels", Some(LABEL)), ("annotations", None)] {
            let way = way.key(map);
            for (key, value) in map_field(metadata, map).into_iter().flatten() {
                self.key_format(key, &way);
                if let Some(format) = format {
                    self.text_format(value, &way.key(key), format);
                }
            }
        }
        let tags = way.key("tags");
        for (index, tag) in list_field(metadata, "tags").iter().enumerate() {
            self.text_format(tag, &tags.index(index), TAG);
        }
        let links = way.key("links");
        for (index, link) in list_field(metadata, "links").iter().enumerate() {
            let Value::Object(link) = link else { continue };
            let way = links.index(index);
            self.format(link, &way, "url", URL);
            self.format(link, &way, "title", NOT_BLANK);
            self.format(link, &way, "icon", NOT_BLANK);
        }
    }

    fn key_format(&mut self, key: &str, way: &Way<'_>) {
        if format::is_key(key) {
            return;
        }
        self.has_error = true;
        let field = way.key(key).path();
        let message = format!("the key `{field}` must be {}", KEY.expected);
        let mut fault = Diagnostic::new(Code::InvalidField, message).at(self.origin.key(field));
        let is_placeholder = matches!(key, "$text" | "$json" | "$yaml");
        fault.help = if is_placeholder {
            Some("Backstage adds annotations of its own, so a placeholder never stands alone here: use one for each value".into())
        } else {
            KEY.remedy(key).map(Into::into)
        };
        self.faults.push(fault);
    }

    fn format(&mut self, map: &Map<String, Value>, way: &Way<'_>, key: &str, format: Format) {
        if let Some(value) = value_of(map, key) {
            self.text_format(value, &way.key(key), format);
        }
    }

    fn text_format(&mut self, value: &Value, field: &Way<'_>, format: Format) {
        // Values that are no texts, and empty ones, have been told by the schema.
        if let Value::String(text) = value
            && !(format.is_valid)(text)
            && !(text.is_empty() && format.expected != NOT_BLANK.expected)
        {
            let message = format!(
                "`{field}` must be {}, but is `{}`",
                format.expected,
                shortened(text)
            );
            self.fault_with(Code::InvalidField, field, message, format.remedy(text));
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
