//! Holds blueprints against the rules of Port's API, and against those its body schema does not express.
//!
//! In: the blueprints of a profile. Out: findings. What is in a property is a matter of `definition`, what is computed
//! from others of `computed`.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::{MAX_BODY, format, icon, identifier, quoted, value};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, similar};
use crate::port::Blueprint;
use crate::port::blueprint::Relation;
use crate::port::path::by_identifier;

/// The longest identifier, title or key of a blueprint, in characters.
pub(super) const MAX_NAME: usize = 100;

/// The longest description of a blueprint, in characters.
const MAX_DESCRIPTION: usize = 200;

/// The blueprints that every organization has (Port's documentation, system blueprints).
const OF_PORT: [&str; 12] = [
    "_ai_agent",
    "_ai_conversation",
    "_ai_invocations",
    "_environment",
    "_mcp_server",
    "_rule",
    "_rule_result",
    "_scorecard",
    "_service",
    "_team",
    "_user",
    "_workload",
];

/// Reports what Port would refuse in blueprints, as [`Code::InvalidBlueprint`] without a place: blueprints come from the
/// profile. Nothing is changed.
///
/// - Patterns and lengths of identifiers, keys, titles and descriptions; names of icons; bodies beyond [`MAX_BODY`].
/// - Properties: unknown types; lists without `items.type`; formats and `spec` on the wrong type; enums with equal values
///   or values of another type; colours outside the palette; defaults that do not fit; unknown names in `required`.
/// - Relations that are both `many` and `required`, or lead to a blueprint that is neither here nor Port's own.
/// - Mirror properties and inherited ownership whose path leads nowhere; calculations and aggregations that lack what
///   they need or have what Port does not know.
pub fn blueprints(blueprints: &[Blueprint], diagnostics: &mut Diagnostics) {
    let by_id = by_identifier(blueprints);
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for blueprint in blueprints {
        let mut faults = Faults {
            blueprint,
            by_id: &by_id,
            diagnostics,
        };
        let count = seen.entry(&blueprint.identifier).or_default();
        *count += 1;
        if *count == 2 {
            faults.add("it is defined twice", "remove one of the definitions");
        }
        faults.names();
        faults.properties();
        for (name, relation) in &blueprint.relations {
            faults.relation(name, relation);
        }
        faults.computed();
        faults.ownership();
        faults.changelog();
        if value::json_length(blueprint) > MAX_BODY {
            faults.add(
                "its body is larger than 1 MiB",
                "shorten its descriptions and enums",
            );
        }
    }
}

/// Collects what is wrong with one blueprint.
pub(super) struct Faults<'a> {
    pub(super) blueprint: &'a Blueprint,
    pub(super) by_id: &'a HashMap<&'a str, &'a Blueprint>,
    diagnostics: &'a mut Diagnostics,
}

impl Faults<'_> {
    pub(super) fn add(&mut self, fault: impl AsRef<str>, help: &str) {
        let found = self.finding(fault.as_ref(), help);
        self.diagnostics.push(found);
    }

    fn finding(&self, fault: &str, help: &str) -> Diagnostic {
        let blueprint = quoted(&self.blueprint.identifier);
        Diagnostic::new(
            Code::InvalidBlueprint,
            format!("blueprint {blueprint}: {fault}"),
        )
        .help(help)
    }

    fn names(&mut self) {
        let blueprint = self.blueprint;
        if let Some(fault) = identifier::fault(&blueprint.identifier, MAX_NAME, false) {
            let help =
                "Port takes letters, digits and @ _ . + : \\ / - in identifiers of blueprints";
            self.add(format!("its identifier is refused: {fault}"), help);
        }
        if blueprint.title.is_empty() {
            self.add("it has no title", "add a title of 1 to 100 characters");
        }
        self.length("the title", &blueprint.title, MAX_NAME);
        let description = blueprint.description.as_deref().unwrap_or_default();
        self.length("the description", description, MAX_DESCRIPTION);
        if let Some(icon) = &blueprint.icon {
            self.icon("it", icon);
        }
        let aggregations = blueprint.rest.get("aggregationProperties");
        let aggregations = aggregations.and_then(Value::as_object);
        self.keys("property", blueprint.schema.properties.keys());
        self.keys("relation", blueprint.relations.keys());
        self.keys("mirror property", blueprint.mirror_properties.keys());
        self.keys(
            "calculation property",
            blueprint.calculation_properties.keys(),
        );
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
                    format!("Port takes no {sort} of the name {}", quoted(key)),
                    "use 1 to 100 ASCII letters, digits and @ _ = \\ -",
                );
            }
        }
    }

    pub(super) fn length(&mut self, what: &str, text: &str, limit: usize) {
        if text.chars().count() > limit {
            let fault = format!("{what} is longer than {limit} characters");
            self.add(fault, "shorten it");
        }
    }

    pub(super) fn icon(&mut self, what: &str, icon: &str) {
        if !icon::is_known(icon) {
            let fault = format!("{what} has the icon {}, which Port has not", quoted(icon));
            self.add(fault, &icon::remedy(icon));
        }
    }

    /// Title, description and icon of a part that may have them: texts, where they are there.
    pub(super) fn labels(&mut self, what: &str, part: &Map<String, Value>) {
        for key in ["title", "description", "icon"] {
            match part.get(key) {
                Some(Value::String(text)) if key == "icon" => self.icon(what, text),
                Some(Value::String(text)) if key == "title" => {
                    self.length(&format!("the title of {what}"), text, MAX_NAME);
                }
                Some(Value::String(_)) | None => {}
                Some(_) => {
                    let fault = format!("the {key} of {what} is no text");
                    self.add(fault, &format!("write a text, or remove `{key}`"));
                }
            }
        }
    }

    /// Keys of a part that Port does not know, where it takes no others.
    pub(super) fn closed(&mut self, what: &str, part: &Map<String, Value>, known: &[&str]) {
        for key in part.keys().filter(|key| !known.contains(&key.as_str())) {
            let help = match similar(key, known.iter().copied()) {
                Some(known) => format!("did you mean `{known}`?"),
                None => format!("remove it; Port knows {}", known.join(", ")),
            };
            self.add(format!("{what} has an unknown key {}", quoted(key)), &help);
        }
    }

    fn properties(&mut self) {
        let schema = &self.blueprint.schema;
        for (name, property) in &schema.properties {
            let what = format!("property {}", quoted(name));
            self.labels(&what, &property.0);
            self.definition(&what, &property.0);
            if property.0.get("type").is_some_and(|sort| sort == "array") {
                let what = format!("items of property {}", quoted(name));
                let items = property.0.get("items").and_then(Value::as_object);
                self.definition(&what, items.unwrap_or(&Map::new()));
            }
        }
        for name in &schema.required {
            if !schema.properties.contains_key(name) {
                let fault = format!("`required` names {}, which is no property", quoted(name));
                self.add(
                    fault,
                    "define the property, or remove the name from `schema.required`",
                );
            }
        }
    }

    fn relation(&mut self, name: &str, relation: &Relation) {
        let title = relation.title.as_deref().unwrap_or_default();
        let name = quoted(name);
        self.length(&format!("the title of relation {name}"), title, MAX_NAME);
        if relation.many && relation.required {
            let fault = format!("relation {name} is both `many` and `required`");
            self.add(fault, "set one of them to false");
        }
        self.leads_to(&format!("relation {name}"), &relation.target);
    }

    /// A blueprint that another one leads to has to be here, or be one of Port's own.
    pub(super) fn leads_to(&mut self, what: &str, target: &str) {
        if self.by_id.contains_key(target) || OF_PORT.contains(&target) {
            return;
        }
        let known = self.by_id.keys().copied().chain(OF_PORT);
        let help = match similar(target, known) {
            Some(known) => format!("did you mean `{known}`?"),
            None => "define the blueprint, or correct `target`".to_owned(),
        };
        let of_port = target.starts_with('_');
        let known = if of_port {
            "of Port's own blueprints known here"
        } else {
            "of the blueprints of the profile"
        };
        let fault = format!("{what} leads to {}, which is none {known}", quoted(target));
        let found = self.finding(&fault, &help);
        // Port may have more by now.
        self.diagnostics.push(if of_port {
            found.severity(Severity::Warning)
        } else {
            found
        });
    }

    fn changelog(&mut self) {
        let Some(destination) = self.blueprint.rest.get("changelogDestination") else {
            return;
        };
        let is_known = match destination["type"].as_str() {
            Some("KAFKA") => has_only(destination, &["type"]),
            Some("WEBHOOK") => {
                destination["url"].as_str().is_some_and(format::is_url)
                    && destination.get("agent").is_none_or(Value::is_boolean)
                    && has_only(destination, &["type", "url", "agent"])
            }
            _ => false,
        };
        if !is_known {
            self.add(
                "its changelog has no destination that Port knows",
                "write `changelogDestination` as {type: KAFKA} or as {type: WEBHOOK, url: …}",
            );
        }
    }
}

/// Whether a map has no other keys than these.
pub(super) fn has_only(map: &Value, known: &[&str]) -> bool {
    map.as_object()
        .is_some_and(|map| map.keys().all(|key| known.contains(&key.as_str())))
}
