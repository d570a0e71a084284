//! One entity as a resource of the provider.
//!
//! In: an entity and its blueprint. Out: the attributes of `port_entity` (port-labs/terraform-provider-port-labs,
//! `port/entity/schema.go`).
//!
//! What an entity no longer has is left out: the provider replaces the whole entity, so Port forgets it.

use std::collections::{BTreeMap, BTreeSet};

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use serde_json::Value;

use super::blueprint::partly;
use super::stages::Stages;
use super::{COMPOSED, SECOND, attribute, blueprint_reference, is_composed, object};
use crate::hcl::{self, Attributes, Expression, number};
use crate::port::{self, Blueprint, Entity, Key, Targets};
use crate::render::Target;
use crate::render::limit::Limit;

/// An entity to be spelled.
pub(super) struct Resource<'a> {
    pub(super) entity: &'a Entity,
    /// Its blueprint, where the run knows it.
    pub(super) blueprint: Option<&'a Blueprint>,
    /// Whether that stands elsewhere.
    pub(super) is_given: bool,
    pub(super) stages: &'a Stages,
}

const NO_QUERIES: &str = "the provider has no searches";
const NO_MIXTURES: &str = "a list of the provider has texts, numbers, booleans or objects, all of one sort and as the blueprint says";
const NO_COLON: &str = "the provider imports nothing with a `:` in its identifier";

/// What the provider reads back as it was, by the attribute that holds it.
#[derive(Default)]
struct Properties(BTreeMap<&'static str, Attributes>);

/// Whether the provider can import an entity: it takes blueprint and identifier apart at a `:`.
pub(super) fn can_be_imported(entity: &Entity) -> bool {
    !entity.blueprint.contains(':') && !entity.identifier.contains(':')
}

/// What the provider cannot express of all entities.
pub(super) fn limits(catalog: &port::Catalog, stages: &Stages, imports: bool) -> Vec<Limit> {
    let blueprints = catalog.blueprints.iter();
    let blueprints: BTreeMap<&str, &Blueprint> = blueprints
        .map(|blueprint| (blueprint.identifier.as_str(), blueprint))
        .collect();
    let found = catalog.entities.par_iter().flat_map_iter(|packed| {
        let entity = packed.unpacked();
        let resource = Resource {
            entity: &entity,
            blueprint: blueprints.get(packed.blueprint()).copied(),
            is_given: catalog.are_given,
            stages,
        };
        let mut limits = Vec::new();
        resource.attributes(&mut limits);
        limits.extend(resource.composed());
        if imports && !can_be_imported(&entity) {
            limits.push(resource.limit("the import".to_owned(), NO_COLON));
        }
        limits
    });
    found.collect()
}

impl Resource<'_> {
    /// The attributes of the entity.
    pub(super) fn attributes(&self, limits: &mut Vec<Limit>) -> Attributes {
        let entity = self.entity;
        let text = |name: &str, text: &str| attribute(name, Expression::text(text));
        let mut attributes = vec![
            text("identifier", &entity.identifier),
            match &entity.title {
                Some(title) => text("title", title),
                // The provider wants one.
                None => attribute("title", untitled(&entity.identifier)),
            },
        ];
        attributes.extend(entity.icon.as_ref().map(|icon| text("icon", icon)));
        attributes.push(attribute(
            "blueprint",
            if self.blueprint.is_some() && !self.is_given {
                blueprint_reference(&entity.blueprint)
            } else {
                Expression::text(&entity.blueprint)
            },
        ));
        attributes.extend(self.teams(limits));
        attributes.extend(object("properties", self.properties(limits)));
        let relations = self.relations(limits);
        let has_relations = !relations.is_empty();
        attributes.extend(object("relations", relations));
        if has_relations {
            // Else Port refuses the entity until all its targets are there, in whatever order Terraform makes them.
            attributes.push(attribute(
                "create_missing_related_entities",
                Expression::Literal(true.into()),
            ));
        }
        attributes
    }

    fn teams(&self, limits: &mut Vec<Limit>) -> Option<(String, Expression)> {
        let teams = self.entity.team.as_ref()?;
        if matches!(teams, Targets::Query(_)) {
            limits.push(self.limit("`team`".to_owned(), NO_QUERIES));
            return None;
        }
        let names: BTreeSet<&String> = teams.names().iter().collect();
        let own = self.entity_key();
        let (later, first): (Vec<_>, Vec<_>) = names
            .into_iter()
            .map(|name| key("_team", name))
            .partition(|team| self.stages.closes_circle(&own, team));
        let teams: Vec<_> = first
            .iter()
            .map(|team| self.target(team, false))
            .chain(later.iter().map(|team| self.target(team, true)))
            .collect();
        if teams.is_empty() {
            return None;
        }
        let teams = Expression::List(teams);
        Some(attribute(
            "teams",
            if later.is_empty() {
                teams
            } else {
                Expression::If {
                    then: Box::new(teams),
                    condition: SECOND,
                }
            },
        ))
    }

    fn properties(&self, limits: &mut Vec<Limit>) -> Attributes {
        let mut properties = Properties::default();
        for (name, value) in &self.entity.properties {
            if properties.add(name, value, self.item_type(name)).is_none() && !value.is_null() {
                limits.push(self.limit(format!("property `{name}`"), NO_MIXTURES));
            }
        }
        properties.attributes()
    }

    /// The type of the items of a list, as the blueprint has it. Without one the provider takes texts.
    fn item_type(&self, property: &str) -> Option<&str> {
        let definition = &self.blueprint?.schema.properties.get(property)?.0;
        let items = definition.get("items");
        let of_type = items.and_then(|items| items.get("type")?.as_str());
        Some(of_type.unwrap_or("string"))
    }

    fn relations(&self, limits: &mut Vec<Limit>) -> Attributes {
        let entity = self.entity;
        let own = self.entity_key();
        let (mut single, mut many) = (Attributes::new(), Attributes::new());
        let (mut later_single, mut later_many) = (Vec::new(), Vec::new());
        for (name, targets) in &entity.relations {
            let definition = self
                .blueprint
                .and_then(|blueprint| blueprint.relations.get(name));
            let target = definition.map_or("", |relation| &relation.target);
            if matches!(targets, Targets::Query(_)) {
                limits.push(self.limit(format!("relation `{name}`"), NO_QUERIES));
                continue;
            }
            let keys: Vec<Key> = targets
                .names()
                .iter()
                .map(|name| key(target, name))
                .collect();
            let is_later = self.stages.is_later(&entity.blueprint, name)
                || keys.iter().any(|to| self.stages.closes_circle(&own, to));
            let mut values: Vec<_> = keys.iter().map(|to| self.target(to, is_later)).collect();
            let is_many = matches!(targets, Targets::Many(_))
                || definition.is_some_and(|relation| relation.many);
            let (relations, later) = if is_many {
                (&mut many, &mut later_many)
            } else {
                (&mut single, &mut later_single)
            };
            let value = match values.pop() {
                Some(value) if !is_many => value,
                last => Expression::List(values.into_iter().chain(last).collect()),
            };
            if is_later {
                later.push(name.clone());
            }
            relations.push((name.clone(), value));
        }
        let single = partly("single_relations", single, later_single);
        let many = partly("many_relations", many, later_many);
        single.into_iter().chain(many).collect()
    }

    /// What names an entity: its identifier, and where Port does not make it by itself that of its resource, so that
    /// Terraform makes it first.
    fn target(&self, to: &Key, is_later: bool) -> Expression {
        if is_later || !self.stages.is_needed(to) {
            return Expression::text(&to.identifier);
        }
        let name = hcl::entity_name(&to.blueprint, &to.identifier);
        Expression::Reference(format!("port_entity.{name}.identifier"))
    }

    /// The parts of which Terraform composes the letters in another way.
    fn composed(&self) -> Vec<Limit> {
        let entity = self.entity;
        let properties = entity.properties.iter();
        let properties = properties
            .filter(|(name, value)| {
                ![*name, &value.to_string()]
                    .into_iter()
                    .all(|text| is_composed(text))
            })
            .map(|(name, _)| format!("property `{name}`"));
        let names = entity.relations.values().chain(&entity.team);
        let are_composed = names
            .flat_map(Targets::names)
            .chain(&entity.title)
            .chain([&entity.identifier])
            .all(|name| is_composed(name));
        let others = (!are_composed).then(|| "title, identifier or relations".to_owned());
        let parts = properties.chain(others);
        parts
            .map(|part| self.limit(format!("how letters are composed in {part}"), COMPOSED))
            .collect()
    }

    fn entity_key(&self) -> Key {
        key(&self.entity.blueprint, &self.entity.identifier)
    }

    fn limit(&self, part: String, reason: &'static str) -> Limit {
        let Entity {
            identifier, origin, ..
        } = self.entity;
        Limit {
            target: Target::Terraform,
            blueprint: self.entity.blueprint.clone(),
            entity: Some((identifier.clone(), *origin)),
            part,
            reason,
        }
    }
}

/// The title of an entity that has none.
fn untitled(identifier: &str) -> Expression {
    Expression::Noted(Box::new(Expression::text(identifier)), hcl::UNTITLED)
}

fn key(blueprint: &str, identifier: &str) -> Key {
    Key {
        blueprint: blueprint.to_owned(),
        identifier: identifier.to_owned(),
    }
}

impl Properties {
    /// Adds a value where the provider has a place for it.
    fn add(&mut self, name: &str, value: &Value, item_type: Option<&str>) -> Option<()> {
        let (place, value) = match value {
            Value::Null => return None,
            Value::String(text) => ("string_props", Expression::text(text)),
            Value::Number(value) => ("number_props", Expression::Number(number(value))),
            Value::Bool(_) => ("boolean_props", Expression::Literal(value.clone())),
            Value::Object(_) => ("object_props", Expression::json(value)),
            Value::Array(items) => {
                let (place, items) = list(items, item_type)?;
                (place, Expression::List(items))
            }
        };
        self.0
            .entry(place)
            .or_default()
            .push((name.to_owned(), value));
        Some(())
    }

    fn attributes(mut self) -> Attributes {
        let mut take = |place| object(place, self.0.remove(place).unwrap_or_default());
        let props = [
            "string_props",
            "number_props",
            "boolean_props",
            "object_props",
        ];
        let mut attributes: Attributes = props.into_iter().filter_map(&mut take).collect();
        let items = [
            "string_items",
            "number_items",
            "boolean_items",
            "object_items",
        ];
        attributes.extend(object(
            "array_props",
            items.into_iter().filter_map(take).collect(),
        ));
        attributes
    }
}

/// The items of a list, and the attribute for lists of that sort.
fn list(items: &[Value], item_type: Option<&str>) -> Option<(&'static str, Vec<Expression>)> {
    let of_first = match items.first() {
        None | Some(Value::String(_)) => "string",
        Some(Value::Number(_)) => "number",
        Some(Value::Bool(_)) => "boolean",
        Some(_) => "object",
    };
    let spelled = |is: fn(&Value) -> bool, spell: fn(&Value) -> Expression| {
        items
            .iter()
            .all(is)
            .then(|| items.iter().map(spell).collect::<Vec<_>>())
    };
    Some(match item_type.unwrap_or(of_first) {
        "string" => (
            "string_items",
            spelled(Value::is_string, |item| Expression::Literal(item.clone()))?,
        ),
        "number" => (
            "number_items",
            spelled(Value::is_number, |item| {
                Expression::Number(item.as_number().map(number).unwrap_or_default())
            })?,
        ),
        "boolean" => (
            "boolean_items",
            spelled(Value::is_boolean, |item| Expression::Literal(item.clone()))?,
        ),
        "object" => ("object_items", spelled(Value::is_object, Expression::json)?),
        _ => return None,
    })
}
