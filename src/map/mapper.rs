//! Maps one entity: every expression of its resources, evaluated as Port's Ocean does.
//!
//! In: an entity, what expressions see of it, and a profile. Out: entities of Port, and findings about expressions.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::jq::Input;
use super::mapping::{EntityMapping, Items, Leaf, Query, Resource, Rule, Shape, Target};
use super::profile::Profile;
use super::sandbox::Failure;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Error};
use crate::source::Origin;
use crate::{backstage, port};

/// An entity of Port and the mapping that made it.
pub(super) struct Mapped<'a> {
    pub(super) entity: port::Entity,
    pub(super) mapping: &'a EntityMapping,
}

/// What one entity becomes, and what there is to say about it.
pub(super) fn map_entity<'a, F>(
    entity: &backstage::Entity<F>,
    profile: &'a Profile,
    input: &Input,
) -> Result<(Vec<Mapped<'a>>, Diagnostics), Error> {
    let mut mapper = Mapper::new(profile, entity.origin);
    for resource in profile.resources_of(&entity.entity_ref.kind) {
        mapper.resource(resource, input);
    }
    match mapper.stopped {
        None => Ok((mapper.entities, mapper.diagnostics)),
        Some(error) => Err(error),
    }
}

/// Maps one entity of Backstage.
struct Mapper<'a> {
    profile: &'a Profile,
    origin: Origin,
    entities: Vec<Mapped<'a>>,
    diagnostics: Diagnostics,
    /// Why the run cannot go on.
    stopped: Option<Error>,
}

impl<'a> Mapper<'a> {
    fn new(profile: &'a Profile, origin: Origin) -> Self {
        Self {
            profile,
            origin,
            entities: Vec::new(),
            diagnostics: Diagnostics::default(),
            stopped: None,
        }
    }

    /// The first output of an expression, or what is wrong with it; `None` where that is reported already.
    fn first(&mut self, leaf: &Leaf, input: &Input) -> Option<Result<Option<Value>, String>> {
        let (message, is_last) = match self.profile.first(leaf, input) {
            Ok(value) => return Some(Ok(value)),
            Err(Failure::Failed(message)) => return Some(Err(format!("failed: {message}"))),
            Err(Failure::Ended(message)) => (message, false),
            Err(Failure::Stopped(message)) => (message, true),
        };
        let entity = input.value().pointer("/metadata/identifier");
        let entity = entity.and_then(Value::as_str).unwrap_or_default();
        if is_last && self.stopped.is_none() {
            self.stopped = Some(Error::Expression {
                leaf: leaf.name.clone(),
                expression: leaf.text.trim().to_owned(),
                entity: entity.to_owned(),
                message,
            });
        } else {
            let problem = format!("{message}, for {entity}");
            self.report(Code::RunawayExpression, leaf, &problem);
        }
        None
    }

    fn resource(&mut self, resource: &'a Resource, input: &Input) {
        let Some(items) = &resource.items else {
            return self.selected(resource, input);
        };
        for item in self.items(items, input) {
            self.selected(resource, &item);
        }
    }

    /// The inputs an entity is split into.
    fn items(&mut self, items: &Items, input: &Input) -> Vec<Input> {
        let list = match self.value(&items.list, input) {
            Some(Value::Array(list)) => list,
            Some(other) => {
                self.failed(&items.list, &format!("gave {}, not a list", sort(&other)));
                return Vec::new();
            }
            None => return Vec::new(),
        };
        let rest = match &items.removal {
            Some(removal) => self.value(removal, input),
            None => Some(input.value().clone()),
        };
        let Some(Value::Object(rest)) = rest else {
            self.failed(
                &items.list,
                "begins with no path, so that Port leaves nothing of the entity; set `itemsToParseTopLevelTransform: false`",
            );
            return Vec::new();
        };
        list.into_iter()
            .map(|item| {
                let mut fields = rest.clone();
                fields.insert(items.name.clone(), item);
                Input::new(Value::Object(fields))
            })
            .collect()
    }

    fn selected(&mut self, resource: &'a Resource, input: &Input) {
        let query = &resource.query;
        let Some(selected) = self.first(query, input) else {
            return;
        };
        let problem = match selected {
            Ok(Some(Value::Bool(true))) => {
                for mapping in &resource.mappings {
                    self.entity(mapping, input);
                }
                return;
            }
            Ok(Some(Value::Bool(false))) => return,
            Ok(Some(other)) => format!("gave {} instead of true or false", sort(&other)),
            Ok(None) => "gave nothing instead of true or false".to_owned(),
            Err(problem) => problem,
        };
        self.unmapped(query, &problem);
    }

    fn entity(&mut self, mapping: &'a EntityMapping, input: &Input) {
        let Some(identifier) = self.key(&mapping.identifier, input) else {
            return;
        };
        let Some(blueprint) = self.key(&mapping.blueprint, input) else {
            return;
        };
        let mut optional = |leaf: &Option<Leaf>| self.text(leaf.as_ref()?, input);
        let title = optional(&mapping.title);
        let icon = optional(&mapping.icon);
        let team = mapping.team.as_ref();
        let team = team.and_then(|target| self.targets(target, input));
        let mut properties = BTreeMap::new();
        for (name, shape) in &mapping.properties {
            let value = self.property(shape, input);
            if !value.is_null() {
                properties.insert(name.clone(), value);
            }
        }
        let mut relations = BTreeMap::new();
        for (name, target) in &mapping.relations {
            if let Some(targets) = self.targets(target, input) {
                relations.insert(name.clone(), targets);
            }
        }
        let entity = port::Entity {
            identifier,
            title,
            icon,
            blueprint,
            team,
            properties,
            relations,
            cleared: port::Cleared::default(),
            origin: self.origin,
        };
        self.entities.push(Mapped { entity, mapping });
    }

    /// An identifier or a blueprint; without one there is no entity.
    fn key(&mut self, leaf: &Leaf, input: &Input) -> Option<String> {
        let problem = match self.first(leaf, input)? {
            Ok(Some(value)) => match scalar(&value) {
                Some(text) if !is_falsy(&value) => return Some(text),
                _ => format!("gave {}", sort(&value)),
            },
            Ok(None) => "gave nothing".to_owned(),
            Err(problem) => problem,
        };
        self.unmapped(leaf, &problem);
        None
    }

    fn property(&mut self, shape: &Shape, input: &Input) -> Value {
        match shape {
            Shape::Leaf(leaf) => self.value(leaf, input).unwrap_or_default(),
            Shape::Object(shapes) => shapes
                .iter()
                .map(|(name, shape)| (name.clone(), self.property(shape, input)))
                .collect(),
        }
    }

    fn text(&mut self, leaf: &Leaf, input: &Input) -> Option<String> {
        let value = self.value(leaf, input)?;
        let text = scalar(&value);
        if text.is_none() {
            self.failed(leaf, &format!("gave {}, not a text", sort(&value)));
        }
        text
    }

    /// What a relation leads to; `None` where that is nothing.
    fn targets(&mut self, target: &Target, input: &Input) -> Option<port::Targets> {
        let leaf = match target {
            Target::Leaf(leaf) => leaf,
            Target::Query(query) => {
                let value = self.query(query, input);
                return match port::Query::new(value) {
                    Ok(query) => Some(port::Targets::Query(query)),
                    Err(message) => {
                        self.failed(
                            &query.combinator,
                            &format!("belongs to a faulty search: {message}"),
                        );
                        None
                    }
                };
            }
        };
        match self.value(leaf, input)? {
            Value::Array(items) => {
                let many: Vec<String> = items
                    .iter()
                    .filter(|item| !item.is_null())
                    .filter_map(|item| self.target(leaf, item))
                    .collect();
                (!many.is_empty()).then_some(port::Targets::Many(many))
            }
            one => self.target(leaf, &one).map(port::Targets::One),
        }
    }

    /// A search with the values of its expressions; null stays, for a rule may ask for it.
    fn query(&mut self, query: &Query, input: &Input) -> Value {
        let mut value = |leaf: &Leaf| self.value(leaf, input).unwrap_or_default();
        let combinator = value(&query.combinator);
        let rules = query.rules.iter().map(|rule| match rule {
            Rule::Query(query) => self.query(query, input),
            Rule::Property {
                property,
                operator,
                value,
            } => {
                let mut part = |leaf: &Leaf| self.value(leaf, input).unwrap_or_default();
                json!({"property": part(property), "operator": part(operator), "value": part(value)})
            }
        });
        json!({"combinator": combinator, "rules": rules.collect::<Vec<_>>()})
    }

    fn target(&mut self, leaf: &Leaf, value: &Value) -> Option<String> {
        let target = scalar(value).filter(|text| !text.is_empty());
        if target.is_none() {
            self.failed(leaf, &format!("gave {}, not an identifier", sort(value)));
        }
        target
    }

    /// The output of an expression; `None` for null, for no output and, reported, for an error.
    fn value(&mut self, leaf: &Leaf, input: &Input) -> Option<Value> {
        match self.first(leaf, input)? {
            Ok(value) => value.filter(|value| !value.is_null()),
            Err(problem) => {
                self.failed(leaf, &problem);
                None
            }
        }
    }

    fn failed(&mut self, leaf: &Leaf, problem: &str) {
        let problem = format!("{problem}; the value is left out");
        self.report(Code::MappingFailed, leaf, &problem);
    }

    fn unmapped(&mut self, leaf: &Leaf, problem: &str) {
        let problem = format!("{problem}; the entity is not converted");
        self.report(Code::UnmappedEntity, leaf, &problem);
    }

    fn report(&mut self, code: Code, leaf: &Leaf, problem: &str) {
        let Leaf { name, text, .. } = leaf;
        let words: Vec<&str> = text.split_whitespace().collect();
        let found = Diagnostic::new(code, format!("`{name}` of the mapping {problem}"))
            .at(self.origin.name())
            .help(format!(
                "correct the expression in the mapping, or what it reads: `{}`",
                words.join(" ")
            ));
        self.diagnostics.push(found);
    }
}

/// The text of a value that has one: Port's identifiers and titles are text, and `.spec.port` may be a number.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Whether Ocean, which is written in Python, takes a value for none.
fn is_falsy(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Bool(true) | Value::Array(_) | Value::Object(_) => false,
    }
}

/// What a value is, for messages.
pub(super) fn sort(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(text) if text.is_empty() => "an empty text",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}
