//! Reads entities back from what other tools apply: resources of Terraform, and custom resources of Kubernetes.
//!
//! In: the text of such a manifest. Out: the bodies that its entities have in Port's API. What the target could not say is
//! not in them.

use serde_json::{Map, Value};

use crate::generated;
use crate::hcl::{self, Block, Expression, Reader};

/// The entities of a file of Terraform.
pub(super) fn of_terraform(text: &str) -> Vec<Value> {
    let mut reader = Reader::new(text);
    let blocks = std::iter::from_fn(|| reader.block());
    blocks.filter_map(of_block).collect()
}

fn of_block(block: Block) -> Option<Value> {
    if block.kind != "resource" || block.labels.first()? != "port_entity" {
        return None;
    }
    let is_untitled = block
        .comments
        .iter()
        .any(|(name, comment)| name == "title" && comment == hcl::UNTITLED);
    let mut body = Map::new();
    for (name, expression) in block.attributes {
        match name.as_str() {
            "title" if is_untitled => {}
            "identifier" | "title" | "icon" | "blueprint" => {
                body.insert(name, text(expression)?.into());
            }
            "teams" => {
                body.insert("team".to_owned(), texts(expression)?);
            }
            "properties" => {
                body.insert(name, properties(expression)?.into());
            }
            "relations" => {
                body.insert(name, relations(expression)?.into());
            }
            // What belongs to Terraform.
            _ => {}
        }
    }
    Some(Value::Object(body))
}

/// A text, or the identifier that a reference stands for.
fn text(expression: Expression) -> Option<String> {
    match expression {
        Expression::Reference(reference) => {
            let mut parts = reference.strip_suffix(".identifier")?.split('.');
            match (parts.next()?, parts.next()?) {
                ("port_blueprint" | "port_system_blueprint", name) => hcl::of_name(name),
                ("port_entity", name) => hcl::entity_of(name).map(|(_, identifier)| identifier),
                _ => None,
            }
        }
        other => other.value()?.as_str().map(str::to_owned),
    }
}

fn texts(expression: Expression) -> Option<Value> {
    let Expression::List(items) = expression else {
        return None;
    };
    items.into_iter().map(text).collect()
}

fn members(expression: Expression) -> Option<Vec<(String, Expression)>> {
    match expression {
        Expression::Object(members) => Some(members),
        _ => None,
    }
}

fn properties(expression: Expression) -> Option<Map<String, Value>> {
    let mut properties = Map::new();
    for (place, values) in members(expression)? {
        for (name, value) in members(values)? {
            match place.as_str() {
                "array_props" => {
                    for (property, items) in members(value)? {
                        let items = match items {
                            Expression::List(items) if name == "object_items" => {
                                items.into_iter().map(object).collect::<Option<_>>()?
                            }
                            items => items.value()?,
                        };
                        properties.insert(property, items);
                    }
                }
                "object_props" => {
                    properties.insert(name, object(value)?);
                }
                _ => {
                    properties.insert(name, value.value()?);
                }
            }
        }
    }
    properties.sort_keys();
    Some(properties)
}

/// An object, as `jsonencode(…)` or as the text of its JSON.
fn object(expression: Expression) -> Option<Value> {
    match expression {
        Expression::Json(value) => Some(value),
        other => serde_json::from_str(other.value()?.as_str()?).ok(),
    }
}

fn relations(expression: Expression) -> Option<Map<String, Value>> {
    let mut relations = Map::new();
    for (place, values) in members(expression)? {
        for (name, targets) in members(values)? {
            let targets = if place == "many_relations" {
                texts(targets)?
            } else {
                text(targets)?.into()
            };
            relations.insert(name, targets);
        }
    }
    relations.sort_keys();
    Some(relations)
}

/// The entity of a custom resource.
pub(super) fn of_kubernetes(resource: &Value) -> Option<Value> {
    let spec = resource.get("spec")?.as_object()?;
    let annotation = |name: &str| {
        let annotations = resource.get("metadata")?.get("annotations")?;
        annotations.get(name)?.as_str()
    };
    let mut body = Map::new();
    for (key, name) in [
        ("title", generated::TITLE_ANNOTATION),
        ("icon", generated::ICON_ANNOTATION),
    ] {
        body.extend(annotation(name).map(|text| (key.to_owned(), text.into())));
    }
    let teams = annotation(generated::TEAM_ANNOTATION);
    let teams = teams.and_then(|teams| serde_json::from_str(teams).ok());
    body.extend(teams.map(|teams: Value| ("team".to_owned(), teams)));
    for key in ["identifier", "blueprint", "properties", "relations"] {
        body.extend(spec.get(key).map(|value| (key.to_owned(), value.clone())));
    }
    Some(Value::Object(body))
}
