//! One blueprint as a resource of the provider.
//!
//! In: the body of a blueprint. Out: the attributes of `port_blueprint`, `port_system_blueprint` and
//! `port_aggregation_properties` (port-labs/terraform-provider-port-labs, `port/blueprint/schema.go`).

use serde_json::{Map, Value};

use super::stages::Stages;
use super::table::{
    AGGREGATION, ARRAY, AUTHENTICATION, As, BOOLEAN, CALCULATION, COMMON, ITEMS, MIRROR, NUMBER,
    OBJECT, OWNERSHIP, STRING, Table, is_empty, spelled,
};
use super::{SECOND, attribute, blueprint_reference, kind, object};
use crate::hcl::{Attributes, Expression};
use crate::port::Blueprint;
use crate::port::blueprint::Property;
use crate::render::Target;
use crate::render::limit::Limit;

/// A blueprint to be spelled.
pub(super) struct Resource<'a> {
    pub(super) blueprint: &'a Blueprint,
    pub(super) stages: &'a Stages,
}

/// What Port itself gives its own blueprints: it comes with every organization, and a resource that claims it never
/// settles.
const OF_PORT: &[(&str, &[&str])] = &[
    ("_team", &["description", "size"]),
    (
        "_user",
        &["status", "port_role", "port_type", "moderated_blueprints"],
    ),
];

const UNKNOWN: &str = "the provider has nothing for it";
const OF_PORT_ALONE: &str = "the provider leaves it to Port in blueprints of Port's own";
const MISFIT: &str = "the provider takes another type of value";

impl Resource<'_> {
    /// The attributes of the blueprint.
    pub(super) fn attributes(&self, limits: &mut Vec<Limit>) -> Attributes {
        let blueprint = self.blueprint;
        let mut attributes = vec![attribute(
            "identifier",
            Expression::text(&blueprint.identifier),
        )];
        let is_system = kind(&blueprint.identifier) == super::SYSTEM;
        if !is_system {
            attributes.push(attribute("title", Expression::text(&blueprint.title)));
            let texts = [
                ("icon", &blueprint.icon),
                ("description", &blueprint.description),
            ];
            attributes.extend(texts.into_iter().filter_map(|(name, text)| {
                Some(attribute(name, Expression::text(text.as_ref()?)))
            }));
        }
        attributes.extend(object("properties", self.properties(limits)));
        attributes.extend(self.relations());
        attributes.extend(self.mirrors(limits));
        let calculations = named(&blueprint.calculation_properties, |name, body| {
            self.fields(
                body,
                CALCULATION,
                &format!("calculationProperties.{name}"),
                limits,
            )
        });
        attributes.extend(object("calculation_properties", calculations));
        for (key, value) in &blueprint.rest {
            attributes.extend(self.rest(key, value, is_system, limits));
        }
        attributes
    }

    fn properties(&self, limits: &mut Vec<Limit>) -> Attributes {
        let blueprint = self.blueprint;
        let of_port = OF_PORT
            .iter()
            .find(|(system, _)| *system == blueprint.identifier)
            .map_or(&[][..], |(_, names)| names);
        let types = [
            ("string", "string_props", STRING),
            ("number", "number_props", NUMBER),
            ("boolean", "boolean_props", BOOLEAN),
            ("array", "array_props", ARRAY),
            ("object", "object_props", OBJECT),
        ];
        let mut properties = Attributes::new();
        for (of_type, attribute, table) in types {
            let mut members = Attributes::new();
            for (name, Property(body)) in &blueprint.schema.properties {
                if of_port.contains(&name.as_str()) || body.get("type") != Some(&of_type.into()) {
                    continue;
                }
                let at = format!("properties.{name}");
                let mut definition = self.fields_of(body, &[COMMON, table], &at, limits);
                if of_type == "array" {
                    definition.extend(self.items(body, &at, limits));
                }
                if blueprint.schema.required.contains(name) {
                    if kind(&blueprint.identifier) == super::SYSTEM {
                        limits.push(self.limit(format!("`required` of `{at}`"), OF_PORT_ALONE));
                    } else {
                        let required = Expression::Literal(true.into());
                        definition.push(super::attribute("required", required));
                    }
                }
                members.push((name.clone(), Expression::Object(definition)));
            }
            properties.extend(object(attribute, members));
        }
        for (name, Property(body)) in &blueprint.schema.properties {
            let known = types
                .iter()
                .any(|(of_type, ..)| body.get("type") == Some(&(*of_type).into()));
            if !known {
                limits.push(self.limit(format!("`properties.{name}`"), UNKNOWN));
            }
        }
        properties
    }

    /// `string_items` and so on, with the default of the list.
    fn items(
        &self,
        body: &Map<String, Value>,
        at: &str,
        limits: &mut Vec<Limit>,
    ) -> Option<(String, Expression)> {
        let none = Map::new();
        let items = body.get("items").and_then(Value::as_object);
        let of_type = items.and_then(|items| items.get("type")?.as_str());
        let row = ITEMS.iter().find(|(name, ..)| Some(*name) == of_type);
        let Some((_, name, table, default)) = row else {
            if items.is_some() || body.contains_key("default") {
                limits.push(self.limit(format!("`{at}.items`"), UNKNOWN));
            }
            return None;
        };
        let mut definition = self.fields(
            items.unwrap_or(&none),
            table,
            &format!("{at}.items"),
            limits,
        );
        if let Some(value) = body.get("default") {
            match spelled(value, *default) {
                Some(value) => definition.push(attribute("default", value)),
                None => limits.push(self.limit(format!("`{at}.default`"), MISFIT)),
            }
        }
        Some(attribute(name, Expression::Object(definition)))
    }

    fn relations(&self) -> Option<(String, Expression)> {
        let blueprint = self.blueprint;
        let mut some = Vec::new();
        let mut members = Attributes::new();
        for (name, relation) in &blueprint.relations {
            let target = if self
                .stages
                .is_first(&blueprint.identifier, &relation.target)
            {
                blueprint_reference(&relation.target)
            } else {
                Expression::text(&relation.target)
            };
            let mut definition = Attributes::new();
            let texts = [
                ("title", &relation.title),
                ("description", &relation.description),
            ];
            definition.extend(
                texts.into_iter().filter_map(|(key, text)| {
                    Some(attribute(key, Expression::text(text.as_ref()?)))
                }),
            );
            let bool = |value: bool| Expression::Literal(value.into());
            definition.extend([
                attribute("target", target),
                attribute("required", bool(relation.required)),
                attribute("many", bool(relation.many)),
            ]);
            if self.stages.is_later(&blueprint.identifier, name) {
                some.push(name.clone());
            }
            members.push((name.clone(), Expression::Object(definition)));
        }
        partly("relations", members, some)
    }

    fn mirrors(&self, limits: &mut Vec<Limit>) -> Option<(String, Expression)> {
        let blueprint = self.blueprint;
        let mut some = Vec::new();
        let members = named(&blueprint.mirror_properties, |name, body| {
            let path = body.get("path").and_then(Value::as_str).unwrap_or_default();
            let relations = path.rsplit_once('.').map_or("", |(relations, _)| relations);
            if self.stages.leads_later(&blueprint.identifier, relations) {
                some.push(name.to_owned());
            }
            self.fields(body, MIRROR, &format!("mirrorProperties.{name}"), limits)
        });
        partly("mirror_properties", members, some)
    }

    /// One of the keys that the API has beside schema, relations and computed properties.
    fn rest(
        &self,
        key: &str,
        value: &Value,
        is_system: bool,
        limits: &mut Vec<Limit>,
    ) -> Option<(String, Expression)> {
        let is_empty = value.is_null() || value.as_object().is_some_and(Map::is_empty);
        if key.starts_with('$') || is_empty || key == "aggregationProperties" {
            return None;
        }
        let made = match (key, value) {
            ("includeInGlobalSearch", Value::Bool(_)) => Some((
                "include_in_global_search",
                Expression::Literal(value.clone()),
            )),
            ("ownership", Value::Object(body)) if !is_system => {
                let ownership = Expression::Object(self.fields(body, OWNERSHIP, key, limits));
                let path = body.get("path").and_then(Value::as_str).unwrap_or_default();
                let is_later = self.stages.leads_later(&self.blueprint.identifier, path);
                Some((
                    "ownership",
                    if is_later {
                        Expression::If {
                            then: Box::new(ownership),
                            condition: SECOND,
                        }
                    } else {
                        ownership
                    },
                ))
            }
            ("teamInheritance", Value::Object(body)) if !is_system => {
                let fields = self.fields(body, &[("path", "path", As::Text)], key, limits);
                Some(("team_inheritance", Expression::Object(fields)))
            }
            ("changelogDestination", Value::Object(body)) if !is_system => {
                match body.get("type").and_then(Value::as_str) {
                    Some("KAFKA") => Some((
                        "kafka_changelog_destination",
                        Expression::Object(Vec::new()),
                    )),
                    Some("WEBHOOK") => {
                        let table: Table = &[
                            ("type", "", As::Elsewhere),
                            ("url", "url", As::Text),
                            ("agent", "agent", As::Bool),
                        ];
                        let fields = self.fields(body, table, key, limits);
                        Some(("webhook_changelog_destination", Expression::Object(fields)))
                    }
                    _ => None,
                }
            }
            _ => None,
        };
        if made.is_none() {
            limits.push(self.limit(format!("`{key}`"), UNKNOWN));
        }
        made.map(|(name, value)| attribute(name, value))
    }

    /// The attributes of `port_aggregation_properties`, if there are any.
    pub(super) fn aggregations(&self, limits: &mut Vec<Limit>) -> Option<Attributes> {
        let blueprint = self.blueprint;
        let aggregations = blueprint.rest.get("aggregationProperties")?.as_object()?;
        let mut some = Vec::new();
        let members = named(aggregations, |name, body| {
            let at = format!("aggregationProperties.{name}");
            let mut fields = Attributes::new();
            if let Some(target) = body.get("target").and_then(Value::as_str) {
                let target = if self.stages.has(target) {
                    blueprint_reference(target)
                } else {
                    Expression::text(target)
                };
                fields.push(attribute("target_blueprint_identifier", target));
            }
            fields.extend(self.fields(body, AGGREGATION, &at, limits));
            match body.get("calculationSpec").and_then(method) {
                Some(method) => fields.push(attribute("method", Expression::Object(vec![method]))),
                None => limits.push(self.limit(format!("`{at}.calculationSpec`"), UNKNOWN)),
            }
            if let Some(filters) = body.get("pathFilter").and_then(Value::as_array) {
                let filter = |filter: &Value| {
                    let table: Table = &[
                        ("path", "path", As::Texts),
                        ("fromBlueprint", "from_blueprint", As::Text),
                    ];
                    let fields = self.fields(filter.as_object()?, table, &at, limits);
                    Some(Expression::Object(fields))
                };
                let filters: Vec<_> = filters.iter().filter_map(filter).collect();
                fields.push(attribute("path_filter", Expression::List(filters)));
                if self.stages.are_two() {
                    // A path may lead over any relation, and only the second stage has them all.
                    some.push(name.to_owned());
                }
            }
            fields
        });
        let (name, properties) = partly("properties", members, some)?;
        Some(vec![
            attribute(
                "blueprint_identifier",
                blueprint_reference(&blueprint.identifier),
            ),
            (name, properties),
        ])
    }

    fn fields(
        &self,
        body: &Map<String, Value>,
        table: Table,
        at: &str,
        limits: &mut Vec<Limit>,
    ) -> Attributes {
        self.fields_of(body, &[table], at, limits)
    }

    /// The attributes that tables make of an object, in their order; all else is a limit.
    fn fields_of(
        &self,
        body: &Map<String, Value>,
        tables: &[Table],
        at: &str,
        limits: &mut Vec<Limit>,
    ) -> Attributes {
        let rows = || tables.iter().copied().flatten();
        let mut fields = Attributes::new();
        for (key, name, how) in rows() {
            let Some(value) = body.get(*key).filter(|value| !is_empty(value)) else {
                continue;
            };
            if let (As::Authentication, Some(authentication)) = (how, value.as_object()) {
                let others = authentication
                    .keys()
                    .filter(|key| !AUTHENTICATION.contains(&key.as_str()));
                limits.extend(
                    others.map(|other| self.limit(format!("`{at}.{key}.{other}`"), UNKNOWN)),
                );
            }
            match spelled(value, *how) {
                Some(value) => fields.push(attribute(name, value)),
                None if matches!(how, As::Elsewhere) => {}
                None => limits.push(self.limit(format!("`{at}.{key}`"), MISFIT)),
            }
        }
        for key in body.keys() {
            if rows().all(|(known, ..)| known != key) {
                limits.push(self.limit(format!("`{at}.{key}`"), UNKNOWN));
            }
        }
        fields
    }

    fn limit(&self, part: String, reason: &'static str) -> Limit {
        Limit {
            target: Target::Terraform,
            blueprint: self.blueprint.identifier.clone(),
            entity: None,
            part,
            reason,
        }
    }
}

/// An object of which some members wait for the second stage.
pub(super) fn partly(
    name: &str,
    members: Attributes,
    some: Vec<String>,
) -> Option<(String, Expression)> {
    if some.is_empty() {
        return object(name, members);
    }
    let condition = SECOND;
    let object = Expression::Partly {
        members,
        some,
        condition,
    };
    Some(attribute(name, object))
}

fn named(
    map: &Map<String, Value>,
    mut definition: impl FnMut(&str, &Map<String, Value>) -> Attributes,
) -> Attributes {
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_unstable_by_key(|(name, _)| *name);
    let bodies = entries
        .into_iter()
        .filter_map(|(name, body)| Some((name, body.as_object()?)));
    bodies
        .map(|(name, body)| (name.clone(), Expression::Object(definition(name, body))))
        .collect()
}

/// `method` of an aggregation.
fn method(spec: &Value) -> Option<(String, Expression)> {
    let text = |key: &str| spec.get(key).and_then(Value::as_str);
    let fields = |fields: &[(&str, &str)]| {
        let fields = fields
            .iter()
            .filter_map(|(key, name)| Some(attribute(name, Expression::text(text(key)?))));
        Expression::Object(fields.collect())
    };
    let average = [
        ("averageOf", "average_of"),
        ("measureTimeBy", "measure_time_by"),
    ];
    Some(match (text("calculationBy")?, text("func")?) {
        ("entities", "count") => attribute("count_entities", Expression::Literal(true.into())),
        ("entities", "average") => attribute("average_entities", fields(&average)),
        ("property", "average") => attribute(
            "average_by_property",
            fields(&[average[0], average[1], ("property", "property")]),
        ),
        ("property", _) => attribute(
            "aggregate_by_property",
            fields(&[("func", "func"), ("property", "property")]),
        ),
        _ => return None,
    })
}
