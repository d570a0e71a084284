//! The keys of a blueprint's body, and the attributes that the provider has for them.
//!
//! In: nothing. Out: tables (port-labs/terraform-provider-port-labs, `port/blueprint/schema.go`), and values as the provider
//! takes them.

use serde_json::Value;

use super::attribute;
use crate::hcl::{Attributes, Expression, number};

/// How a value of the API becomes one of the provider.
#[derive(Debug, Clone, Copy)]
pub(super) enum As {
    Text,
    Bool,
    Number,
    /// A number without a fraction.
    Count,
    Texts,
    Numbers,
    Bools,
    /// A map of texts.
    Named,
    /// An object, as the text of its JSON.
    Json,
    /// A list of those.
    Jsons,
    /// `specAuthentication`.
    Authentication,
    /// Written elsewhere.
    Elsewhere,
}

/// Keys of the API, the attributes they become, and how.
pub(super) type Table = &'static [(&'static str, &'static str, As)];

pub(super) const COMMON: Table = &[
    ("title", "title", As::Text),
    ("description", "description", As::Text),
    ("icon", "icon", As::Text),
    ("type", "", As::Elsewhere),
];
pub(super) const STRING: Table = &[
    ("format", "format", As::Text),
    ("dateFormat", "date_format", As::Text),
    ("spec", "spec", As::Text),
    (
        "specAuthentication",
        "spec_authentication",
        As::Authentication,
    ),
    ("minLength", "min_length", As::Count),
    ("maxLength", "max_length", As::Count),
    ("pattern", "pattern", As::Text),
    ("enum", "enum", As::Texts),
    ("enumColors", "enum_colors", As::Named),
    ("default", "default", As::Text),
];
pub(super) const NUMBER: Table = &[
    ("minimum", "minimum", As::Number),
    ("maximum", "maximum", As::Number),
    ("enum", "enum", As::Numbers),
    ("enumColors", "enum_colors", As::Named),
    ("default", "default", As::Number),
];
pub(super) const BOOLEAN: Table = &[("default", "default", As::Bool)];
pub(super) const OBJECT: Table = &[
    ("format", "format", As::Text),
    ("spec", "spec", As::Text),
    ("default", "default", As::Json),
];
pub(super) const ARRAY: Table = &[
    ("minItems", "min_items", As::Count),
    ("maxItems", "max_items", As::Count),
    ("items", "", As::Elsewhere),
    ("default", "", As::Elsewhere),
];
/// The items of a list by their type, with the default of the list.
pub(super) const ITEMS: &[(&str, &str, Table, As)] = &[
    (
        "string",
        "string_items",
        &[
            ("type", "", As::Elsewhere),
            ("format", "format", As::Text),
            ("pattern", "pattern", As::Text),
            ("enum", "enum", As::Texts),
            ("enumColors", "enum_colors", As::Named),
        ],
        As::Texts,
    ),
    (
        "number",
        "number_items",
        &[("type", "", As::Elsewhere)],
        As::Numbers,
    ),
    (
        "boolean",
        "boolean_items",
        &[("type", "", As::Elsewhere)],
        As::Bools,
    ),
    (
        "object",
        "object_items",
        &[("type", "", As::Elsewhere), ("format", "format", As::Text)],
        As::Jsons,
    ),
];
pub(super) const MIRROR: Table = &[("path", "path", As::Text), ("title", "title", As::Text)];
pub(super) const CALCULATION: Table = &[
    ("calculation", "calculation", As::Text),
    ("type", "type", As::Text),
    ("title", "title", As::Text),
    ("description", "description", As::Text),
    ("icon", "icon", As::Text),
    ("format", "format", As::Text),
    ("dateFormat", "date_format", As::Text),
    ("colorized", "colorized", As::Bool),
    ("colors", "colors", As::Named),
    ("spec", "spec", As::Text),
    (
        "specAuthentication",
        "spec_authentication",
        As::Authentication,
    ),
];
pub(super) const OWNERSHIP: Table = &[
    ("type", "type", As::Text),
    ("path", "path", As::Text),
    ("title", "title", As::Text),
];
pub(super) const AGGREGATION: Table = &[
    ("target", "", As::Elsewhere),
    ("title", "title", As::Text),
    ("description", "description", As::Text),
    ("icon", "icon", As::Text),
    ("query", "query", As::Json),
    ("pathFilter", "", As::Elsewhere),
    ("calculationSpec", "", As::Elsewhere),
    // The provider knows that it is a number.
    ("type", "", As::Elsewhere),
];

pub(super) const AUTHENTICATION: [&str; 3] = ["clientId", "tokenUrl", "authorizationUrl"];

/// Whether the provider would read it back as nothing: a list or an object without members is never settled.
pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        other => other.is_null(),
    }
}

/// A value as the provider takes it.
pub(super) fn spelled(value: &Value, how: As) -> Option<Expression> {
    let all = |how: As| -> Option<Expression> {
        let items = value.as_array()?.iter().map(|item| spelled(item, how));
        items.collect::<Option<Vec<_>>>().map(Expression::List)
    };
    match how {
        As::Text => value.as_str().map(Expression::text),
        As::Bool => value
            .is_boolean()
            .then(|| Expression::Literal(value.clone())),
        As::Number => value.as_number().map(|n| Expression::Number(number(n))),
        As::Count => {
            let count = value.as_f64().filter(|count| count.fract() == 0.0);
            count
                .and(value.as_number())
                .map(|n| Expression::Number(number(n)))
        }
        As::Texts => all(As::Text),
        As::Numbers => all(As::Number),
        As::Bools => all(As::Bool),
        As::Jsons => all(As::Json),
        As::Json => value.is_object().then(|| Expression::json(value)),
        As::Named => {
            let mut members: Attributes = value
                .as_object()?
                .iter()
                .map(|(name, text)| Some((name.clone(), Expression::text(text.as_str()?))))
                .collect::<Option<_>>()?;
            members.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
            Some(Expression::Object(members))
        }
        As::Authentication => {
            let text = |key: &str| value.get(key)?.as_str().map(Expression::text);
            let [client, token, authorization] = AUTHENTICATION.map(text);
            Some(Expression::Object(vec![
                attribute("client_id", client?),
                attribute("token_url", token?),
                attribute("authorization_url", authorization?),
            ]))
        }
        As::Elsewhere => None,
    }
}
