//! Holds values against the shapes of a schema.
//!
//! In: a value and a [`Shape`]. Out: faults, required fields before others, as the schema validator of Backstage orders
//! its errors.

use serde_json::{Map, Value};

use super::{Check, METADATA, wording};
use crate::backstage::field::{field as value_of, has_field};
use crate::backstage::kind::{Field, Shape};
use crate::backstage::read::article;
use crate::backstage::spelling;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Way;

impl Check<'_> {
    /// Holds the fields of a map against their shapes.
    pub(super) fn fields(
        &mut self,
        map: &Map<String, Value>,
        fields: &[Field],
        way: &Way<'_>,
        code: Code,
    ) {
        for field in fields {
            if field.is_required && !has_field(map, field.name) {
                self.missing(map, fields, field.name, way, code);
            }
        }
        for field in fields {
            if let Some(value) = value_of(map, field.name) {
                self.shape(value, &field.shape, &way.key(field.name), code);
            }
        }
    }

    fn missing(
        &mut self,
        map: &Map<String, Value>,
        fields: &[Field],
        name: &str,
        way: &Way<'_>,
        code: Code,
    ) {
        let field = way.key(name).path();
        let fault = Diagnostic::new(code, format!("`{field}` is missing"));
        let is_known = |key: &str| fields.iter().any(|field| field.name == key);
        let strangers = map.keys().map(String::as_str).filter(|key| !is_known(key));
        let help = if let Some(slip) = spelling::slip(name, strangers) {
            Some(format!("`{}` is probably meant", way.key(slip)))
        } else if code == Code::InvalidSpec && self.is_stray(name) {
            Some(format!(
                "`metadata.{name}` is probably meant: move it into `spec`"
            ))
        } else {
            None
        };
        self.push(
            match help {
                Some(help) => fault.help(help),
                None => fault,
            }
            .at(self.origin.value(field)),
        );
    }

    /// Whether this is a key of the metadata that is none of its fields.
    fn is_stray(&self, name: &str) -> bool {
        self.metadata.is_some_and(|all| has_field(all, name))
            && !METADATA.iter().any(|field| field.name == name)
    }

    fn shape(&mut self, value: &Value, shape: &Shape, way: &Way<'_>, code: Code) {
        match (shape, value) {
            (Shape::List(item) | Shape::NonEmptyList(item), Value::Array(items))
                if shape.takes(value) =>
            {
                for (index, value) in items.iter().enumerate() {
                    self.shape(value, item, &way.index(index), code);
                }
            }
            (Shape::ObjectOrList(fields), Value::Array(items)) if shape.takes(value) => {
                for (index, value) in items.iter().enumerate() {
                    self.shape(value, &Shape::Object(fields), &way.index(index), code);
                }
            }
            (Shape::Object(fields) | Shape::ObjectOrList(fields), Value::Object(map)) => {
                self.fields(map, fields, way, code);
            }
            (Shape::ObjectOf(fields, others), Value::Object(map)) => {
                for (key, value) in map {
                    if !fields.iter().any(|field| field.name == key) {
                        self.shape(value, others, &way.key(key), code);
                    }
                }
                self.fields(map, fields, way, code);
            }
            (shape, value) if shape.takes(value) => {}
            (shape, value) => {
                let message = format!(
                    "`{way}` must be {}, not {}",
                    shape.in_words(),
                    article(value)
                );
                let remedy = wording::instead(value, shape);
                self.fault_with(code, way, message, remedy);
            }
        }
    }
}

impl Shape {
    /// Whether a value has this shape, what it holds not looked at.
    fn takes(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Text, Value::String(text)) => !text.is_empty(),
            (Self::TextUpTo(most), Value::String(text)) => {
                (1..=*most).contains(&text.encode_utf16().count())
            }
            (Self::OneOf(allowed), Value::String(text)) => allowed.contains(&text.as_str()),
            (Self::NonEmptyList(_), Value::Array(items)) => !items.is_empty(),
            (Self::ObjectOrList(_), Value::Array(items)) => items.iter().all(Value::is_object),
            (Self::AnyText | Self::TextOrBoolean, Value::String(_))
            | (Self::TextOrBoolean, Value::Bool(_))
            | (Self::List(_), Value::Array(_))
            | (Self::Object(_) | Self::ObjectOf(..) | Self::ObjectOrList(_), Value::Object(_)) => {
                true
            }
            _ => false,
        }
    }

    fn in_words(&self) -> String {
        match self {
            Self::Text => "a text of at least one character".to_owned(),
            Self::AnyText => "a text".to_owned(),
            Self::TextUpTo(most) => format!("a text of 1 to {most} characters"),
            Self::TextOrBoolean => "a text or a boolean".to_owned(),
            Self::OneOf(allowed) => format!("one of `{}`", allowed.join("`, `")),
            Self::List(_) => "a list".to_owned(),
            Self::NonEmptyList(_) => "a list with at least one item".to_owned(),
            Self::Object(_) | Self::ObjectOf(..) => "a map".to_owned(),
            Self::ObjectOrList(_) => "a map or a list of maps".to_owned(),
        }
    }
}
