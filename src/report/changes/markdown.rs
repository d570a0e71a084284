//! Changes as Markdown: the sections that a comment and the body of a pull request have in common.
//!
//! In: [`Changes`]. Out: sections, each of which can be cut between its items.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{totals, values};
use crate::port::changes::{Changed, Dangling, Difference, Field};
use crate::port::{Changes, Key};
use crate::report::markdown::{Group, Section, WIDTH, code, page};
use crate::report::summary::{counted, plural};

/// How many fields are told of one entity, or of all entities of a blueprint.
const MAX_FIELDS: usize = 12;

/// The changes as a comment of at most `limit` UTF-16 units, worst first.
#[must_use]
pub fn markdown(changes: &Changes<'_>, limit: usize) -> String {
    let head = format!("Changes in Port: {}.\n", totals(changes));
    let sections = [
        removed(changes),
        dangling(changes),
        blueprints(changes),
        changed_fields(changes),
        changed(changes),
        added(changes),
    ];
    let sections: Vec<Section> = sections.into_iter().flatten().collect();
    page(&head, &sections, "", limit)
}

/// Entities that are gone.
pub(in crate::report) fn removed(changes: &Changes<'_>) -> Option<Section> {
    let keys = &changes.entities.removed;
    let entities = plural(keys.len(), "entity is removed", "entities are removed");
    (!keys.is_empty()).then(|| Section {
        opening: format!("\n**{entities}:** Port deletes what its manifests no longer have.\n\n"),
        groups: by_blueprint(keys.iter().copied()),
        noun: Some("entities"),
        ..Section::default()
    })
}

/// How many entities a missing one names that refer to it.
const NAMED: usize = 3;

/// References that newly lead nowhere: what is missing, most wanted first, and who asks for it.
pub(in crate::report) fn dangling(changes: &Changes<'_>) -> Option<Section> {
    let dangling = &changes.new_dangling;
    let mut targets: BTreeMap<(&str, &str), Vec<&Dangling<'_>>> = BTreeMap::new();
    for reference in dangling {
        let target = (reference.blueprint, reference.target);
        targets.entry(target).or_default().push(reference);
    }
    let mut targets: Vec<_> = targets.into_iter().collect();
    targets.sort_by_key(|(_, references)| Reverse(references.len()));
    let items = targets.iter().map(|((blueprint, target), references)| {
        let named = references.iter().take(NAMED);
        let named: Vec<_> = named
            .map(
                |Dangling {
                     entity, relation, ..
                 }| {
                    let (blueprint, identifier) =
                        (code(&entity.blueprint), code(&entity.identifier));
                    format!("{blueprint} {identifier} ({})", code(relation))
                },
            )
            .collect();
        let more = match references.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let (blueprint, target) = (code(blueprint), code(target));
        format!(
            "- {blueprint} {target} is missing for {}{more}\n",
            named.join(", ")
        )
    });
    (!dangling.is_empty()).then(|| Section {
        opening: format!(
            "\n**{}:** no entity is there for Port to relate to.\n\n",
            counted(dangling.len(), "new dangling reference")
        ),
        groups: vec![Group {
            items: items.collect(),
            ..Group::default()
        }],
        noun: Some("missing entities"),
        ..Section::default()
    })
}

/// Blueprints added, removed, and changed with every key that differs.
pub(in crate::report) fn blueprints(changes: &Changes<'_>) -> Option<Section> {
    let Difference {
        added,
        removed,
        changed,
    } = &changes.blueprints;
    let names = |verb: &str, ids: &[&String]| Group {
        opening: format!("- {verb}: "),
        items: ids.iter().map(|id| code(id)).collect(),
        between: ", ",
        closing: "\n",
    };
    let mut groups = vec![names("removed", removed), names("added", added)];
    groups.extend(changed.iter().map(|Changed { key, fields }| Group {
        opening: format!("- {}\n", code(key)),
        items: fields.iter().map(field).collect(),
        ..Group::default()
    }));
    groups.retain(|group| !group.items.is_empty());
    (!groups.is_empty()).then(|| Section {
        opening: "\n### Blueprints\n\nPut the blueprints and the mapping into Port before this is merged: manifests do \
                  not change them, and Port refuses entities that do not fit.\n\n"
            .to_owned(),
        groups,
        noun: Some("changes of blueprints"),
        ..Section::default()
    })
}

/// For each blueprint which fields changed in how many entities.
pub(in crate::report) fn changed_fields(changes: &Changes<'_>) -> Option<Section> {
    let items: Vec<String> = changed_by_blueprint(changes).map(fields_of).collect();
    (!items.is_empty()).then(|| Section {
        opening: "\n### Changed entities\n\n".to_owned(),
        groups: vec![Group {
            items,
            ..Group::default()
        }],
        noun: Some("blueprints"),
        ..Section::default()
    })
}

/// Changed entities one by one, in a fold.
pub(in crate::report) fn changed(changes: &Changes<'_>) -> Option<Section> {
    let entities = &changes.entities.changed;
    let groups = changed_by_blueprint(changes).map(|entities| Group {
        opening: format!("\nBlueprint {}:\n\n", code(&entities[0].key.blueprint)),
        items: entities.iter().map(entity).collect(),
        ..Group::default()
    });
    (!entities.is_empty()).then(|| Section {
        opening: format!(
            "\n<details><summary>{}, field by field</summary>\n",
            plural(entities.len(), "entity", "entities")
        ),
        groups: groups.collect(),
        closing: "\n</details>\n".to_owned(),
        noun: Some("entities"),
    })
}

fn changed_by_blueprint<'a>(
    changes: &'a Changes<'_>,
) -> impl Iterator<Item = &'a [Changed<'a, Key>]> {
    let entities = &changes.entities.changed;
    entities.chunk_by(|a, b| a.key.blueprint == b.key.blueprint)
}

/// New entities, in a fold.
pub(in crate::report) fn added(changes: &Changes<'_>) -> Option<Section> {
    let keys = &changes.entities.added;
    (!keys.is_empty()).then(|| Section {
        opening: format!(
            "\n### New entities\n\n<details><summary>{}</summary>\n\n",
            plural(keys.len(), "entity", "entities")
        ),
        groups: by_blueprint(keys.iter().copied()),
        closing: "\n</details>\n".to_owned(),
        noun: Some("entities"),
    })
}

/// One line of identifiers for each blueprint; the keys come sorted.
pub(in crate::report) fn by_blueprint<'a>(keys: impl IntoIterator<Item = &'a Key>) -> Vec<Group> {
    let keys: Vec<&Key> = keys.into_iter().collect();
    let blueprints = keys.chunk_by(|a, b| a.blueprint == b.blueprint);
    let group = |keys: &[&Key]| Group {
        opening: format!("- {}, {}: ", code(&keys[0].blueprint), keys.len()),
        items: keys.iter().map(|key| code(&key.identifier)).collect(),
        between: ", ",
        closing: "\n",
    };
    blueprints.map(group).collect()
}

/// One line that says which fields changed in how many entities of a blueprint, the most frequent first.
fn fields_of(entities: &[Changed<'_, Key>]) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for field in entities.iter().flat_map(|changed| &changed.fields) {
        *counts.entry(field.path.to_string()).or_default() += 1;
    }
    let mut counts: Vec<(String, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| Reverse(*count));
    let shown = counts.iter().take(MAX_FIELDS);
    let shown = shown.map(|(path, count)| format!("{} in {count}", code(path)));
    let shown: Vec<String> = shown.collect();
    let more = match counts.len().saturating_sub(MAX_FIELDS) {
        0 => String::new(),
        more => format!(" and {}", counted(more, "more field")),
    };
    let blueprint = code(&entities[0].key.blueprint);
    format!(
        "- {blueprint}, {}: {}{more}\n",
        entities.len(),
        shown.join(", ")
    )
}

fn entity(changed: &Changed<'_, Key>) -> String {
    let mut text = format!("- {}\n", code(&changed.key.identifier));
    text.extend(changed.fields.iter().take(MAX_FIELDS).map(field));
    let more = changed.fields.len().saturating_sub(MAX_FIELDS);
    if more > 0 {
        let _ = writeln!(text, "  - and {}", counted(more, "more field"));
    }
    text
}

fn field(field: &Field<'_>) -> String {
    let path = code(&field.path.to_string());
    // One less on each side for the ellipses.
    let (before, after) = values(field, WIDTH - 2);
    match (before.as_deref().map(code), after.as_deref().map(code)) {
        (Some(before), Some(after)) => format!("  - {path}: {before} → {after}\n"),
        (Some(before), None) => format!("  - {path} removed, was {before}\n"),
        (None, after) => format!("  - {path} added: {}\n", after.unwrap_or_default()),
    }
}
