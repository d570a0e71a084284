//! Holds blueprints against the rules of Port's API, and against those its body schema does not express.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::{MAX_BODY, identifier_fault, value};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::port::Blueprint;
use crate::port::blueprint::Relation;

/// The longest identifier, title or key of a blueprint, in characters.
const MAX_NAME: usize = 100;

/// The longest description of a blueprint, in characters.
const MAX_DESCRIPTION: usize = 200;

const TYPES: [&str; 5] = ["string", "number", "boolean", "object", "array"];

const TEXT_FORMATS: [&str; 13] = [
    "blueprints",
    "date-time",
    "email",
    "idn-email",
    "ipv4",
    "ipv6",
    "markdown",
    "proto",
    "team",
    "timer",
    "url",
    "user",
    "yaml",
];

/// The colours of the documentation, and those the API description lists beyond.
const COLORS: [&str; 17] = [
    "blue",
    "bronze",
    "brown",
    "darkGray",
    "gold",
    "green",
    "lightGray",
    "lime",
    "olive",
    "orange",
    "paleBlue",
    "pink",
    "purple",
    "red",
    "silver",
    "turquoise",
    "yellow",
];

/// Reports what Port would refuse in blueprints, as [`Code::InvalidBlueprint`] without a place: blueprints come from the
/// profile. Nothing is changed.
///
/// Patterns and lengths of identifiers, keys and titles; relations that are both `many` and `required`, or lead to a
/// blueprint that is neither here nor Port's own (`_user`); lists without `items.type`; unknown types, formats on the
/// wrong type, colours outside the palette, defaults outside `enum`; unknown names in `required`; mirror properties that
/// start at no relation; bodies beyond [`MAX_BODY`]. Icons are not checked, Port shows a default for those it lacks.
pub fn blueprints(blueprints: &[Blueprint], diagnostics: &mut Diagnostics) {
    let mut known = HashSet::new();
    for blueprint in blueprints {
        if !known.insert(blueprint.identifier.as_str()) {
            let mut faults = Faults {
                blueprint,
                diagnostics,
            };
            faults.add("it is defined twice", "remove one of the definitions");
        }
    }
    for blueprint in blueprints {
        let mut faults = Faults {
            blueprint,
            diagnostics,
        };
        faults.names();
        faults.properties();
        for (name, relation) in &blueprint.relations {
            faults.relation(name, relation, &known);
        }
        faults.computed();
        if value::json_length(blueprint) > MAX_BODY {
            faults.add(
                "its body is larger than 1 MiB",
                "shorten its descriptions and enums",
            );
        }
    }
}

struct Faults<'a> {
    blueprint: &'a Blueprint,
    diagnostics: &'a mut Diagnostics,
}

impl Faults<'_> {
    fn add(&mut self, fault: impl AsRef<str>, help: &str) {
        let (blueprint, fault) = (super::quoted(&self.blueprint.identifier), fault.as_ref());
        self.diagnostics.push(
            Diagnostic::new(
                Code::InvalidBlueprint,
                format!("blueprint {blueprint}: {fault}"),
            )
            .help(help),
        );
    }

    fn names(&mut self) {
        let blueprint = self.blueprint;
        if let Some(fault) = identifier_fault(&blueprint.identifier, MAX_NAME, false) {
            let help =
                "Port takes letters, digits and @ _ . + : \\ / - in identifiers of blueprints";
            self.add(format!("its identifier is refused: {fault}"), help);
        }
        if blueprint.title.is_empty() {
            self.add("it has no title", "add a title of 1 to 100 characters");
        }
        self.length("title", "", Some(&blueprint.title), MAX_NAME);
        self.length(
            "description",
            "",
            blueprint.description.as_deref(),
            MAX_DESCRIPTION,
        );
        let keys = blueprint.schema.properties.keys();
        self.keys("property", keys);
        self.keys("relation", blueprint.relations.keys());
        self.keys("mirror property", blueprint.mirror_properties.keys());
        self.keys(
            "calculation property",
            blueprint.calculation_properties.keys(),
        );
        let aggregations = blueprint.rest.get("aggregationProperties");
        let aggregations = aggregations.and_then(Value::as_object);
        self.keys(
            "aggregation property",
            aggregations.into_iter().flat_map(Map::keys),
        );
    }

    fn keys<'k>(&mut self, sort: &str, keys: impl Iterator<Item = &'k String>) {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"@_=\\-".contains(&byte);
        for key in keys {
            if key.is_empty() || key.len() > MAX_NAME || !key.bytes().all(is_allowed) {
                self.add(
                    format!("Port takes no {sort} of the name {}", super::quoted(key)),
                    "use 1 to 100 ASCII letters, digits and @ _ = \\ -",
                );
            }
        }
    }

    fn length(&mut self, sort: &str, of: &str, text: Option<&str>, limit: usize) {
        if text.is_some_and(|text| text.chars().count() > limit) {
            let fault = format!("the {sort}{of} is longer than {limit} characters");
            self.add(fault, "shorten it");
        }
    }

    fn properties(&mut self) {
        let schema = &self.blueprint.schema;
        for (name, property) in &schema.properties {
            let title = property.0.get("title").and_then(Value::as_str);
            self.length("title", &format!(" of property `{name}`"), title, MAX_NAME);
            self.definition(&format!("property `{name}`"), &property.0);
            if property.0.get("type").is_some_and(|sort| sort == "array") {
                let what = format!("items of property `{name}`");
                match property.0.get("items").and_then(Value::as_object) {
                    Some(items) => self.definition(&what, items),
                    None => self.definition(&what, &Map::new()),
                }
            }
        }
        for name in &schema.required {
            if !schema.properties.contains_key(name) {
                let fault = format!("`required` names `{name}`, which is no property");
                self.add(
                    fault,
                    "define the property, or remove the name from `schema.required`",
                );
            }
        }
    }

    /// A property, or the items of one.
    fn definition(&mut self, what: &str, definition: &Map<String, Value>) {
        let text = |key: &str| definition.get(key).and_then(Value::as_str);
        let sort = text("type").unwrap_or_default();
        if !TYPES.contains(&sort) {
            let fault = format!("{what} has no type that Port knows");
            self.add(
                fault,
                "set `type` to string, number, boolean, object or array",
            );
        }
        if let Some(format) = text("format") {
            let allowed: &[&str] = match sort {
                "string" => &TEXT_FORMATS,
                "object" => &["labeled-url"],
                _ => &[],
            };
            if !allowed.contains(&format) {
                let fault = format!(
                    "{what} has the format `{format}`, which does not go with type `{sort}`"
                );
                self.add(
                    fault,
                    "remove the format, or choose one that Port defines for the type",
                );
            }
        }
        let colors = definition.get("enumColors").and_then(Value::as_object);
        for (value, color) in colors.into_iter().flatten() {
            if !color.as_str().is_some_and(|color| COLORS.contains(&color)) {
                let fault =
                    format!("{what} shows `{value}` in {color}, which is no colour of Port");
                self.add(fault, &format!("use one of {}", COLORS.join(", ")));
            }
        }
        if let (Some(default), Some(allowed)) = (definition.get("default"), definition.get("enum"))
            && !allowed
                .as_array()
                .is_some_and(|allowed| allowed.is_empty() || allowed.contains(default))
        {
            let fault = format!("{what} has a default that its enum does not allow");
            self.add(fault, "add the default to `enum`, or remove it");
        }
    }

    fn relation(&mut self, name: &str, relation: &Relation, known: &HashSet<&str>) {
        self.length(
            "title",
            &format!(" of relation `{name}`"),
            relation.title.as_deref(),
            MAX_NAME,
        );
        if relation.many && relation.required {
            let fault = format!("relation `{name}` is both `many` and `required`");
            self.add(fault, "set one of them to false");
        }
        // Blueprints with an underscore are Port's own and exist in every organization.
        if !known.contains(relation.target.as_str()) && !relation.target.starts_with('_') {
            let target = super::quoted(&relation.target);
            let fault = format!(
                "relation `{name}` leads to {target}, which is no blueprint of the profile"
            );
            self.add(fault, "define the blueprint, or correct `target`");
        }
    }

    fn computed(&mut self) {
        let blueprint = self.blueprint;
        for (name, mirror) in &blueprint.mirror_properties {
            let path = mirror["path"].as_str().unwrap_or_default();
            let relation = path.split_once('.').map(|(relation, _)| relation);
            if !relation.is_some_and(|relation| {
                blueprint.relations.contains_key(relation) || relation.starts_with('$')
            }) {
                let fault =
                    format!("mirror property `{name}` does not start at one of its relations");
                self.add(fault, "write `path` as relation.property");
            }
        }
    }
}
