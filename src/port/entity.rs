//! An entity, as the API of Port and its files in git have it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use crate::source::Origin;

/// One entity, the body of `POST /v1/blueprints/{blueprint}/entities` with its blueprint inside.
#[derive(Debug, Clone, PartialEq)]
pub struct Entity {
    /// Port's key, unique within the blueprint.
    pub identifier: String,
    /// What people see.
    pub title: Option<String>,
    /// One of Port's icon names.
    pub icon: Option<String>,
    /// Identifier of the blueprint.
    pub blueprint: String,
    /// The owning teams; only for blueprints with direct ownership.
    pub team: Option<Targets>,
    /// Values by property name; never null.
    pub properties: BTreeMap<String, Value>,
    /// Targets by relation name.
    pub relations: BTreeMap<String, Targets>,
    /// What is written as null, so that Port forgets it.
    pub cleared: Cleared,
    /// The descriptor this was made from.
    pub origin: Origin,
}

impl Entity {
    /// The properties of its body in the order of their names; `None` is written as null.
    #[must_use]
    pub fn written_properties(&self) -> Vec<(&str, Option<&Value>)> {
        let held = self.properties.iter().filter(|(_, value)| !value.is_null());
        written(&self.cleared.properties, held)
    }

    /// The relations of its body in the order of their names; `None` is written as null.
    #[must_use]
    pub fn written_relations(&self) -> Vec<(&str, Option<&Targets>)> {
        written(&self.cleared.relations, &self.relations)
    }
}

fn written<'a, T>(
    cleared: &'a BTreeSet<String>,
    held: impl IntoIterator<Item = (&'a String, &'a T)>,
) -> Vec<(&'a str, Option<&'a T>)> {
    let held = held.into_iter();
    let mut written: Vec<_> = held
        .map(|(name, held)| (name.as_str(), Some(held)))
        .collect();
    if !cleared.is_empty() {
        let is_held = |name: &&String| {
            written
                .binary_search_by(|(held, _)| (*held).cmp(name))
                .is_ok()
        };
        let cleared = cleared.iter().filter(|name| !is_held(name));
        let cleared: Vec<_> = cleared.map(|name| (name.as_str(), None)).collect();
        written.extend(cleared);
        written.sort_unstable_by_key(|(name, _)| *name);
    }
    written
}

/// The names of what an entity no longer has: Port keeps what is merely left out, and forgets what is null.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cleared {
    /// Properties; none of them is in [`Entity::properties`].
    pub properties: BTreeSet<String>,
    /// Relations; none of them is in [`Entity::relations`].
    pub relations: BTreeSet<String>,
}

/// What a relation leads to, in the shape the mapping gave: one identifier, a list, or a search.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Targets {
    /// A single identifier.
    One(String),
    /// A list of identifiers.
    Many(Vec<String>),
    /// Whatever Port finds when it reads the entity.
    Query(Query),
}

impl Targets {
    /// The identifiers; none of a search.
    #[must_use]
    pub fn names(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Many(names) => names,
            Self::Query(_) => &[],
        }
    }
}

/// A search query of Port: `{combinator, rules}`, where a rule is `{property, operator, value}` or a query.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Query(Value);

impl Query {
    /// A query of this value.
    ///
    /// # Errors
    ///
    /// Why Port would refuse it.
    pub fn new(value: Value) -> Result<Self, String> {
        check_query(&value)?;
        Ok(Self(value))
    }

    /// The query as JSON.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.0
    }
}

fn check_query(query: &Value) -> Result<(), String> {
    if !matches!(query["combinator"].as_str(), Some("and" | "or")) {
        return Err("the combinator of a search is `and` or `or`".to_owned());
    }
    let rules = query["rules"]
        .as_array()
        .ok_or("a search has a list of rules")?;
    rules.iter().try_for_each(|rule| {
        if rule.get("combinator").is_some() {
            return check_query(rule);
        }
        if !rule["property"].is_string() {
            return Err("the property of a rule is a text".to_owned());
        }
        let value = &rule["value"];
        let is_list = || {
            let items = value.as_array();
            items.is_some_and(|items| items.iter().all(Value::is_string))
        };
        let (fits, wanted) = match rule["operator"].as_str() {
            Some("=") => (
                value.is_string() || value.is_number() || value.is_null(),
                "a text, a number or null",
            ),
            Some("in" | "containsAny") => (is_list(), "a list of texts"),
            Some("contains") => (
                value.is_string() || value.is_null() || is_list(),
                "a text, a list of texts or null",
            ),
            _ => {
                return Err(
                    "the operator of a rule is `=`, `in`, `containsAny` or `contains`".to_owned(),
                );
            }
        };
        if fits {
            return Ok(());
        }
        let operator = &rule["operator"].as_str().unwrap_or_default();
        Err(format!("the value of a rule with `{operator}` is {wanted}"))
    })
}
