//! What is inferred, as a user would write it: the body of a blueprint and an entry of `resources`.
//!
//! In: kinds and what their entities have in common. Out: JSON in the formats of `blueprints.yaml` and `mapping.yaml`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::names::{self, Keys};
use super::{Field, Kind};
use crate::backstage::references::References;
use crate::map::jq::with_double_quotes;
use crate::map::mapping::{Leaf, Resource};
use crate::map::profile::Profile;

/// The most fields of a kind that get a property or relations of their own; those that most entities have do.
const MAX_FIELDS: usize = 100;

/// The most relations of a kind.
const MAX_RELATIONS: usize = 20;

/// An item of `.references` as an entity, as far as it tells one.
pub(super) const ENTITY_OF_REFERENCE: &str = "{kind: .target.kind, metadata: {name: .target.name, \
     namespace: .target.namespace, identifier: .targetRef}}";

/// The fields of the metadata that are told elsewhere, and those that the catalog fills in itself.
const TOLD_METADATA: &str = ".name, .namespace, .identifier, .title, .description, .labels, .annotations, .tags, .links, \
     .uid, .etag, .generation";

const OTHER_FIELDS: &str = "otherFields";

/// Properties that every inferred blueprint has, as key, definition and expression.
fn fixed(has_urls: bool) -> [(&'static str, Value, &'static str); 7] {
    let (link, links) = if has_urls {
        let labelled = "[.metadata.links[]? | {url} + if .title then {displayText: .title} else {} end] \
             | select(length > 0)";
        (json!({"type": "object", "format": "labeled-url"}), labelled)
    } else {
        (json!({"type": "object"}), ".metadata.links")
    };
    [
        (
            "description",
            json!({"type": "string", "title": "Description", "format": "markdown"}),
            ".metadata.description",
        ),
        (
            "tags",
            json!({"type": "array", "title": "Tags", "items": {"type": "string"}}),
            ".metadata.tags",
        ),
        (
            "links",
            json!({"type": "array", "title": "Links", "items": link}),
            links,
        ),
        (
            "labels",
            json!({"type": "object", "title": "Labels"}),
            ".metadata.labels",
        ),
        (
            "annotations",
            json!({"type": "object", "title": "Annotations"}),
            ".metadata.annotations",
        ),
        (
            "entityRef",
            json!({"type": "string", "title": "Entity ref", "description": "Name in Backstage"}),
            ".metadata.identifier",
        ),
        (
            "sourcePath",
            json!({"type": "string", "title": "Descriptor",
                "description": "Path of the descriptor in its repository"}),
            ".source.path",
        ),
    ]
}

/// What became of a kind.
#[derive(Debug)]
pub(super) struct Written {
    /// Of the blueprint.
    pub(super) identifier: String,
    /// Its body.
    pub(super) blueprint: Value,
    /// The entry of `resources`.
    pub(super) resource: Value,
    /// How many fields have no key of their own, for there are too many.
    pub(super) kept_together: usize,
}

/// Where a reference to a kind leads.
#[derive(Debug)]
struct Target<'p> {
    blueprint: String,
    /// How its entities are identified; `None` for inferred kinds where the profile has no resource to follow.
    identifier: Option<&'p Leaf>,
}

/// Writes kinds in the style of a profile.
#[derive(Debug)]
pub(super) struct Writer<'p> {
    references: &'p References<'p>,
    /// How most resources of the profile identify their entities.
    identifier: Option<&'p Leaf>,
    /// By kind in lower case.
    targets: HashMap<String, Target<'p>>,
    /// Identifiers of inferred blueprints by kind in lower case.
    blueprints: BTreeMap<String, String>,
}

impl<'p> Writer<'p> {
    pub(super) fn new(
        profile: &'p Profile,
        kinds: &[Kind<'_>],
        references: &'p References<'p>,
    ) -> Self {
        let identifier = usual_identifier(profile);
        let mut taken: BTreeSet<String> = profile
            .blueprints
            .iter()
            .map(|blueprint| blueprint.identifier.to_lowercase())
            .collect();
        let mut targets: HashMap<String, Target<'_>> = HashMap::new();
        for resource in profile.resources() {
            if let Some(target) = target(profile, resource) {
                targets.entry(resource.kind.clone()).or_insert(target);
            }
        }
        let mut blueprints = BTreeMap::new();
        for kind in kinds {
            let mut blueprint = names::identifier(kind.spelling);
            while !taken.insert(blueprint.clone()) {
                blueprint.push_str("_kind");
            }
            let kind = kind.spelling.to_lowercase();
            blueprints.insert(kind.clone(), blueprint.clone());
            let target = Target {
                blueprint,
                identifier,
            };
            targets.insert(kind, target);
        }
        Self {
            references,
            identifier,
            targets,
            blueprints,
        }
    }

    /// How entities of a kind are identified, where references to it are told as relations.
    pub(super) fn identifier_of(&self, kind: &str) -> Option<&'p Leaf> {
        self.targets.get(kind)?.identifier
    }

    /// Tells references to these kinds as properties.
    pub(super) fn leave_out(&mut self, kinds: &BTreeSet<String>) {
        self.targets.retain(|kind, _| !kinds.contains(kind));
    }

    pub(super) fn kind(&self, kind: &Kind<'_>) -> Written {
        let identifier = self.blueprints[&kind.spelling.to_lowercase()].clone();
        let fixed = fixed(kind.has_urls);
        let mut definitions = Map::new();
        let mut expressions = Map::new();
        for (key, definition, expression) in &fixed {
            definitions.insert((*key).to_owned(), definition.clone());
            expressions.insert((*key).to_owned(), (*expression).into());
        }
        let fields = usual_fields(kind);
        let reserved: Vec<&str> = fixed.iter().map(|(key, ..)| *key).collect();
        let mut keys = Keys::default();
        let of_fields = keys.of_fields(
            &[reserved.as_slice(), &[OTHER_FIELDS]].concat(),
            &fields.iter().map(|(name, _)| *name).collect(),
        );
        let mut relations = Relations::default();
        let mut told = Vec::new();
        for (name, field) in fields.iter().copied() {
            let key = &of_fields[name];
            if relations.field(name, key, field, self, &mut keys) {
                continue;
            }
            let mut definition = field.shape.definition();
            definition["title"] = names::title(name).into();
            definitions.insert(key.clone(), definition);
            let expression = field.shape.expression(&format!(".spec[{}]", quoted(name)));
            expressions.insert(key.clone(), expression.into());
            told.push(name);
        }
        definitions.insert(
            OTHER_FIELDS.to_owned(),
            json!({"type": "object", "title": "Other fields",
                "description": "Fields of the descriptor that no other property or relation holds"}),
        );
        expressions.insert(
            OTHER_FIELDS.to_owned(),
            other_fields(&told, &relations.told).into(),
        );
        let blueprint = json!({
            "identifier": identifier,
            "title": names::title(kind.spelling),
            "description": format!("Entities of the kind {}, inferred from what they hold", kind.spelling),
            "icon": "DefaultBlueprint",
            "schema": {"properties": definitions, "required": []},
            "relations": relations.definitions,
        });
        let resource = json!({
            "kind": kind.spelling,
            "selector": {"query": "true"},
            "port": {"entity": {"mappings": {
                "identifier": self.identifier_text(),
                "title": ".metadata.title // .metadata.name",
                "blueprint": quoted(&identifier),
                "properties": expressions,
                "relations": relations.expressions,
            }}},
        });
        Written {
            identifier,
            blueprint,
            resource,
            kept_together: kind.fields.len() - fields.len(),
        }
    }

    fn identifier_text(&self) -> &str {
        self.identifier.map_or(".metadata.name", |leaf| &leaf.text)
    }
}

/// The expression for identifiers that most resources have, the first of those that are equally frequent.
fn usual_identifier(profile: &Profile) -> Option<&Leaf> {
    let whole = profile
        .resources()
        .iter()
        .filter(|resource| resource.items.is_none());
    let leaves: Vec<&Leaf> = whole
        .flat_map(|resource| &resource.mappings)
        .map(|mapping| &mapping.identifier)
        .collect();
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for leaf in &leaves {
        *counts.entry(leaf.text.trim()).or_default() += 1;
    }
    // The last of equals wins, so they go backwards.
    leaves
        .into_iter()
        .rev()
        .max_by_key(|leaf| counts[leaf.text.trim()])
}

/// Where references to the kind of a resource lead, if it makes one entity of a known blueprint of each.
fn target<'p>(profile: &Profile, resource: &'p Resource) -> Option<Target<'p>> {
    let mapping = resource.mappings.first()?;
    let blueprint = mapping.blueprint.constant()?;
    let is_known = |id: &str| {
        let mut blueprints = profile.blueprints.iter();
        blueprints.any(|blueprint| blueprint.identifier == id)
    };
    let is_target =
        resource.items.is_none() && resource.query.text.trim() != "false" && is_known(&blueprint);
    is_target.then_some(Target {
        blueprint,
        identifier: Some(&mapping.identifier),
    })
}

/// The fields that get a key of their own, by name.
fn usual_fields<'k, 'a>(kind: &'k Kind<'a>) -> Vec<(&'k str, &'k Field<'a>)> {
    let mut fields: Vec<(&str, &Field<'_>)> = kind
        .fields
        .iter()
        .map(|(name, field)| (name.as_str(), field))
        .collect();
    fields.sort_by_key(|(name, field)| (std::cmp::Reverse(field.entities), *name));
    fields.truncate(MAX_FIELDS);
    fields.sort_by_key(|(name, _)| *name);
    fields
}

/// The relations of one blueprint.
#[derive(Debug, Default)]
struct Relations<'k> {
    definitions: Map<String, Value>,
    expressions: Map<String, Value>,
    /// Which kinds of references are told, by field.
    told: Vec<(&'k str, Vec<&'k str>)>,
}

impl<'k> Relations<'k> {
    /// Makes relations of the references in a field: one for each kind of target, named like the field where that is the
    /// kind its name says, otherwise with the kind behind. False where it holds no reference that a relation can tell.
    fn field(
        &mut self,
        name: &'k str,
        key: &str,
        field: &'k Field<'_>,
        writer: &Writer<'_>,
        keys: &mut Keys,
    ) -> bool {
        let mut kinds = Vec::new();
        // Of the kinds that a name means, the first one is stable: `owner` is a group, whoever owns what.
        let mut meant = None;
        for (kind, entities) in &field.targets {
            let Some(target) = writer.targets.get(kind) else {
                continue;
            };
            if self.definitions.len() == MAX_RELATIONS {
                break;
            }
            let meant = meant.get_or_insert_with(|| writer.references.kinds_named(name));
            let spelled = entities
                .values()
                .map(|entity| entity.entity_ref.kind.as_str());
            let spelled = spelled.min().unwrap_or(kind);
            let (relation, title) = if meant.first() == Some(kind) {
                (key.to_owned(), names::title(name))
            } else {
                let relation = format!("{key}{}", names::capitalized(spelled));
                let title = format!("{} ({})", names::title(name), names::title(spelled));
                (keys.take(&relation), title)
            };
            let title: String = title.chars().take(100).collect();
            self.definitions.insert(
                relation.clone(),
                json!({"title": title, "target": target.blueprint, "required": false,
                    "many": field.shape.has_lists()}),
            );
            let identifier = target
                .identifier
                .map_or(".metadata.name".to_owned(), |leaf| {
                    with_double_quotes(&leaf.text)
                });
            let expression = expression(name, kind, &identifier, field.shape.has_lists());
            self.expressions.insert(relation, expression.into());
            kinds.push(kind.as_str());
        }
        let is_told = !kinds.is_empty();
        if is_told {
            self.told.push((name, kinds));
        }
        is_told
    }
}

/// The identifiers that the references in a field lead to.
fn expression(field: &str, kind: &str, identifier: &str, is_many: bool) -> String {
    let which = if is_many { " | unique" } else { "[0]" };
    let (field, kind) = (quoted(field), quoted(kind));
    // A comment may end the expression of the profile, so the bracket has a line of its own.
    format!(
        "[.references[] | select(.resolved and .field == {field} and .target.kind == {kind}) \
         | {ENTITY_OF_REFERENCE} | (\n{identifier}\n)]{which}"
    )
}

/// What nothing else tells, null aside: fields of the metadata, fields of the spec that are not in `told`, and of those in `relations`
/// the ones with anything else than references that a relation tells.
fn other_fields(told: &[&str], relations: &[(&str, Vec<&str>)]) -> String {
    let mut is_told = String::from("false");
    if !told.is_empty() {
        let told: Vec<String> = told.iter().map(|name| quoted(name)).collect();
        is_told = format!("(.key | IN({}))", told.join(", "));
    }
    for (field, kinds) in relations {
        let field = quoted(field);
        let kinds: Vec<String> = kinds.iter().map(|kind| quoted(kind)).collect();
        let _ = write!(
            is_told,
            " or (.key == {field} and ([.value] | flatten | length) == ([$references[] \
             | select(.resolved and .field == {field} and (.target.kind | IN({})))] | length))",
            kinds.join(", ")
        );
    }
    let references = if relations.is_empty() {
        ""
    } else {
        ".references as $references | "
    };
    format!(
        "{references}{{metadata: (.metadata | del({TOLD_METADATA})), \
         spec: ((.spec // {{}}) | with_entries(select(.value == null or {is_told} | not)))}} \
         | with_entries(select(.value | length > 0)) | select(length > 0)"
    )
}

/// A text as a jq string. Port's Ocean turns single quotes at the ends of words into double ones, wherever they stand, and
/// then `\u0027` is none.
fn quoted(text: &str) -> String {
    Value::from(text).to_string().replace('\'', "\\u0027")
}
