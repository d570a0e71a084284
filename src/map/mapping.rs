//! The mapping of a profile, in the format of a Port integration mapping.
//!
//! In: the value of `mapping.yaml`. Out: [`Resource`]s and the texts of their expressions, or the first fault by entry.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::items;
use super::jq::with_double_quotes;
use super::keys::Keys;
use super::trace::Part;
use crate::port::Blueprint;

/// One entry of `resources`: what entities of a kind become.
#[derive(Debug, Clone)]
pub(super) struct Resource {
    /// The kind in lower case.
    pub(super) kind: String,
    /// Which entities are meant.
    pub(super) query: Leaf,
    /// What to split an entity into, where it is split.
    pub(super) items: Option<Items>,
    /// What each one becomes.
    pub(super) mappings: Vec<EntityMapping>,
    /// Whether its expressions may ask for `.references`.
    pub(super) reads_references: bool,
}

/// `itemsToParse` and what belongs to it.
#[derive(Debug, Clone)]
pub(super) struct Items {
    pub(super) list: Leaf,
    /// The field that holds the item.
    pub(super) name: String,
    /// Takes the list out of the entity, where it is taken out.
    pub(super) removal: Option<Leaf>,
}

/// One entity of Port, as expressions.
#[derive(Debug, Clone)]
pub(super) struct EntityMapping {
    pub(super) identifier: Leaf,
    pub(super) title: Option<Leaf>,
    pub(super) icon: Option<Leaf>,
    pub(super) blueprint: Leaf,
    pub(super) team: Option<Target>,
    pub(super) properties: Vec<(String, Shape)>,
    pub(super) relations: Vec<(String, Target)>,
}

/// Where a relation leads: to what an expression gives, or to what Port finds.
#[derive(Debug, Clone)]
pub(super) enum Target {
    Leaf(Leaf),
    Query(Query),
}

/// A search query whose parts are expressions.
#[derive(Debug, Clone)]
pub(super) struct Query {
    pub(super) combinator: Leaf,
    pub(super) rules: Vec<Rule>,
}

#[derive(Debug, Clone)]
pub(super) enum Rule {
    Query(Query),
    Property {
        property: Leaf,
        operator: Leaf,
        value: Leaf,
    },
}

/// The value of a property: one expression, or an object with expressions inside.
#[derive(Debug, Clone)]
pub(super) enum Shape {
    Leaf(Leaf),
    Object(Vec<(String, Self)>),
}

/// An expression of the mapping.
#[derive(Debug, Clone)]
pub(super) struct Leaf {
    /// Where it stands in its mapping, such as `properties.type`.
    pub(super) name: String,
    /// The expression as written.
    pub(super) text: String,
    /// Position among the expressions of the profile.
    pub(super) program: usize,
}

impl EntityMapping {
    /// Checks that the blueprint has the properties and relations this fills.
    pub(super) fn check_names(&self, blueprint: &Blueprint) -> Result<(), String> {
        let properties = &blueprint.schema.properties;
        let mut names = self.properties.iter().map(|(name, _)| name);
        if let Some(name) = names.find(|name| !properties.contains_key(*name)) {
            let id = &blueprint.identifier;
            return Err(format!(
                "properties.{name}: the blueprint `{id}` has no such property"
            ));
        }
        let relations = &blueprint.relations;
        let mut names = self.relations.iter().map(|(name, _)| name);
        if let Some(name) = names.find(|name| !relations.contains_key(*name)) {
            let id = &blueprint.identifier;
            return Err(format!(
                "relations.{name}: the blueprint `{id}` has no such relation"
            ));
        }
        Ok(())
    }
}

impl EntityMapping {
    /// The expression behind a part; `None` for an object of expressions and for a search.
    pub(super) fn leaf(&self, part: &Part) -> Option<&Leaf> {
        match part {
            Part::Blueprint => Some(&self.blueprint),
            Part::Identifier => Some(&self.identifier),
            Part::Title => self.title.as_ref(),
            Part::Icon => self.icon.as_ref(),
            Part::Team => self.team.as_ref().and_then(Target::leaf),
            Part::Relation(name) => named(&self.relations, name).and_then(Target::leaf),
            Part::Property(name) => match named(&self.properties, name)? {
                Shape::Leaf(leaf) => Some(leaf),
                Shape::Object(_) => None,
            },
        }
    }

    /// The expression behind a part, as written; the expressions of an object one after the other.
    pub(super) fn expression(&self, part: &Part) -> String {
        match (self.leaf(part), part) {
            (Some(leaf), _) => leaf.text.trim().to_owned(),
            (None, Part::Property(name)) => {
                named(&self.properties, name).map_or_else(String::new, Shape::expression)
            }
            (None, _) => String::new(),
        }
    }
}

impl Target {
    fn leaf(&self) -> Option<&Leaf> {
        match self {
            Self::Leaf(leaf) => Some(leaf),
            Self::Query(_) => None,
        }
    }
}

fn named<'a, T>(entries: &'a [(String, T)], name: &str) -> Option<&'a T> {
    let mut entries = entries.iter();
    entries.find(|(key, _)| key == name).map(|(_, value)| value)
}

impl Shape {
    fn expression(&self) -> String {
        match self {
            Self::Leaf(leaf) => leaf.text.trim().to_owned(),
            Self::Object(shapes) => {
                let shapes = shapes.iter();
                let texts = shapes.map(|(key, shape)| format!("{key}: {}", shape.expression()));
                format!("{{{}}}", texts.collect::<Vec<_>>().join(", "))
            }
        }
    }
}

impl Leaf {
    /// The value of an expression that is nothing but a string.
    pub(super) fn constant(&self) -> Option<String> {
        serde_json::from_str(&with_double_quotes(self.text.trim())).ok()
    }
}

/// The expressions of a mapping, each text once.
#[derive(Default)]
pub(super) struct Expressions {
    /// As jq takes them.
    pub(super) texts: Vec<String>,
    /// Where each text stands first.
    pub(super) entries: Vec<String>,
    positions: HashMap<String, usize>,
    /// How many expressions the profile has before these.
    before: usize,
}

impl Expressions {
    /// None yet, to stand behind those a profile already has.
    pub(super) fn behind(before: usize) -> Self {
        Self {
            before,
            ..Self::default()
        }
    }

    fn leaf(&mut self, entry: &str, name: String, value: &Value) -> Result<Leaf, String> {
        let Value::String(text) = value else {
            let hint = if name == "identifier" && value.is_object() {
                "; a search finds an entity that Port has, and here an entity is made"
            } else {
                ""
            };
            return Err(format!(
                "{entry}.{name}: a jq expression (text) belongs here{hint}"
            ));
        };
        let program = with_double_quotes(text);
        let position = *self.positions.entry(program).or_insert_with_key(|program| {
            self.texts.push(program.clone());
            self.entries.push(format!("{entry}.{name}"));
            self.texts.len() - 1
        });
        Ok(Leaf {
            name,
            text: text.clone(),
            program: self.before + position,
        })
    }
}

/// The resources, and everything beside them at the root.
type Mapping = (Vec<Resource>, Map<String, Value>);

/// Reads the mapping and collects its expressions.
pub(super) fn resources(value: Value, expressions: &mut Expressions) -> Result<Mapping, String> {
    const ROOT: Keys = Keys::open(&[
        "resources",
        "createMissingRelatedEntities",
        "deleteDependentEntities",
        "enableMergeEntity",
        "entityDeletionThreshold",
    ]);
    let Value::Object(mut root) = value else {
        return Err("a map with the key `resources` belongs here".to_owned());
    };
    ROOT.check("the root", &root)?;
    let Some(Value::Array(entries)) = root.shift_remove("resources") else {
        return Err("resources: a list belongs here".to_owned());
    };
    let resources = entries.iter().enumerate();
    let resources = resources
        .map(|(index, value)| resource(&format!("resources[{index}]"), value, expressions))
        .collect::<Result<_, _>>()?;
    Ok((resources, root))
}

/// Whether an expression in a text may ask for `.references`, which are only looked up where somebody asks. A field has
/// a dot or a quote before its name.
pub(super) fn asks_for_references(text: &str) -> bool {
    [".references", "\"references"]
        .iter()
        .any(|name| text.contains(name))
}

pub(super) fn resource(
    entry: &str,
    value: &Value,
    expressions: &mut Expressions,
) -> Result<Resource, String> {
    const RESOURCE: Keys = Keys::open(&["kind", "selector", "port"]);
    const SELECTOR: Keys = Keys::open(&["query"]);
    const PORT: Keys = Keys::open(&[
        "entity",
        "itemsToParse",
        "itemsToParseName",
        "itemsToParseTopLevelTransform",
    ]);
    const ENTITY: Keys = Keys::open(&["mappings"]);
    let resource = object(entry, value)?;
    RESOURCE.check(entry, resource)?;
    let kind = resource.get("kind").and_then(Value::as_str);
    let kind = kind.ok_or_else(|| format!("{entry}.kind: a text belongs here"))?;
    let selector_entry = format!("{entry}.selector");
    let selector = match resource.get("selector") {
        // Port's exporter for Kubernetes takes resources without a selector as meant for everything.
        None => &Map::new(),
        Some(selector) => object(&selector_entry, selector)?,
    };
    SELECTOR.check(&selector_entry, selector)?;
    let everything = Value::from("true");
    let query = selector.get("query").unwrap_or(&everything);
    let query = expressions.leaf(entry, "selector.query".to_owned(), query)?;

    let port_entry = format!("{entry}.port");
    let port = member(entry, resource, "port")?;
    PORT.check(&port_entry, port)?;
    let items = split(entry, port, expressions)?;
    let entity = member(&port_entry, port, "entity")?;
    let entity_entry = format!("{port_entry}.entity");
    ENTITY.check(&entity_entry, entity)?;
    let mappings_entry = format!("{entity_entry}.mappings");
    let mappings = match entity.get("mappings") {
        Some(Value::Array(mappings)) => mappings
            .iter()
            .enumerate()
            .map(|(index, one)| {
                entity_mapping(&format!("{mappings_entry}[{index}]"), one, expressions)
            })
            .collect::<Result<_, _>>()?,
        Some(one) => vec![entity_mapping(&mappings_entry, one, expressions)?],
        None => return Err(format!("{mappings_entry}: missing")),
    };
    Ok(Resource {
        kind: kind.to_lowercase(),
        query,
        items,
        mappings,
        reads_references: asks_for_references(&value.to_string()),
    })
}

fn split(
    entry: &str,
    port: &Map<String, Value>,
    expressions: &mut Expressions,
) -> Result<Option<Items>, String> {
    let Some(list) = port.get("itemsToParse").filter(|list| !list.is_null()) else {
        return Ok(None);
    };
    let list = expressions.leaf(entry, "port.itemsToParse".to_owned(), list)?;
    let name = match port.get("itemsToParseName") {
        None | Some(Value::Null) => "item".to_owned(),
        Some(Value::String(name)) => name.clone(),
        Some(_) => {
            return Err(format!(
                "{entry}.port.itemsToParseName: a text belongs here"
            ));
        }
    };
    let keeps_list = port.get("itemsToParseTopLevelTransform") == Some(&Value::Bool(false));
    let removal = if keeps_list {
        None
    } else {
        let removal = items::removal(&list.text).into();
        Some(expressions.leaf(entry, "port.itemsToParse".to_owned(), &removal)?)
    };
    Ok(Some(Items {
        list,
        name,
        removal,
    }))
}

fn entity_mapping(
    entry: &str,
    value: &Value,
    expressions: &mut Expressions,
) -> Result<EntityMapping, String> {
    const MAPPINGS: Keys = Keys::closed(&[
        "identifier",
        "title",
        "icon",
        "blueprint",
        "team",
        "properties",
        "relations",
    ]);
    let mappings = object(entry, value)?;
    MAPPINGS.check(entry, mappings)?;
    let mut optional = |name: &str| match mappings.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => expressions.leaf(entry, name.to_owned(), value).map(Some),
    };
    let missing = |name: &str| format!("{entry}.{name}: missing");
    let identifier = optional("identifier")?.ok_or_else(|| missing("identifier"))?;
    let blueprint = optional("blueprint")?.ok_or_else(|| missing("blueprint"))?;
    let (title, icon) = (optional("title")?, optional("icon")?);
    let team = match mappings.get("team") {
        None | Some(Value::Null) => None,
        Some(value) => Some(target(entry, "team", value, expressions)?),
    };
    let properties = match mappings.get("properties") {
        None | Some(Value::Null) => Vec::new(),
        Some(value) => {
            object(&format!("{entry}.properties"), value)?;
            match shape(entry, "properties", value, expressions)? {
                Shape::Object(properties) => properties,
                Shape::Leaf(_) => Vec::new(),
            }
        }
    };
    let relations = match mappings.get("relations") {
        None | Some(Value::Null) => Vec::new(),
        Some(value) => object(&format!("{entry}.relations"), value)?
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| {
                let target = target(entry, &format!("relations.{name}"), value, expressions)?;
                Ok((name.clone(), target))
            })
            .collect::<Result<_, String>>()?,
    };
    Ok(EntityMapping {
        identifier,
        title,
        icon,
        blueprint,
        team,
        properties,
        relations,
    })
}

fn target(
    entry: &str,
    name: &str,
    value: &Value,
    expressions: &mut Expressions,
) -> Result<Target, String> {
    match value {
        Value::Object(map) => query(entry, name, map, expressions).map(Target::Query),
        text => {
            let leaf = expressions.leaf(entry, name.to_owned(), text)?;
            Ok(Target::Leaf(leaf))
        }
    }
}

fn query(
    entry: &str,
    name: &str,
    map: &Map<String, Value>,
    expressions: &mut Expressions,
) -> Result<Query, String> {
    const QUERY: Keys = Keys::closed(&["combinator", "rules"]);
    const RULE: Keys = Keys::closed(&["property", "operator", "value"]);
    QUERY.check(&format!("{entry}.{name}"), map)?;
    let part = |name: &str, map: &Map<String, Value>, key: &str, expressions: &mut Expressions| {
        let name = format!("{name}.{key}");
        match map.get(key) {
            Some(value) => expressions.leaf(entry, name, value),
            None => Err(format!("{entry}.{name}: missing")),
        }
    };
    let combinator = part(name, map, "combinator", expressions)?;
    let Some(Value::Array(rules)) = map.get("rules") else {
        return Err(format!("{entry}.{name}.rules: a list belongs here"));
    };
    let rules = rules.iter().enumerate().map(|(index, rule)| {
        let name = format!("{name}.rules[{index}]");
        let place = format!("{entry}.{name}");
        let rule = object(&place, rule)?;
        if rule.contains_key("combinator") {
            return query(entry, &name, rule, expressions).map(Rule::Query);
        }
        RULE.check(&place, rule)?;
        Ok(Rule::Property {
            property: part(&name, rule, "property", expressions)?,
            operator: part(&name, rule, "operator", expressions)?,
            value: part(&name, rule, "value", expressions)?,
        })
    });
    Ok(Query {
        combinator,
        rules: rules.collect::<Result<_, String>>()?,
    })
}

fn shape(
    entry: &str,
    name: &str,
    value: &Value,
    expressions: &mut Expressions,
) -> Result<Shape, String> {
    let Value::Object(map) = value else {
        return expressions
            .leaf(entry, name.to_owned(), value)
            .map(Shape::Leaf);
    };
    map.iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(key, value)| {
            let shape = shape(entry, &format!("{name}.{key}"), value, expressions)?;
            Ok((key.clone(), shape))
        })
        .collect::<Result<_, String>>()
        .map(Shape::Object)
}

fn object<'a>(entry: &str, value: &'a Value) -> Result<&'a Map<String, Value>, String> {
    value
        .as_object()
        .ok_or_else(|| format!("{entry}: a map belongs here"))
}

fn member<'a>(
    entry: &str,
    map: &'a Map<String, Value>,
    key: &str,
) -> Result<&'a Map<String, Value>, String> {
    match map.get(key) {
        Some(value) => object(&format!("{entry}.{key}"), value),
        None => Err(format!("{entry}.{key}: missing")),
    }
}
