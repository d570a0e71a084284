//! Holds a catalog against Port's rules, so that nothing is refused later by a server.
//!
//! In: blueprints and entities as mapped. Out: the entities Port takes, and a finding for everything that was left out.
//! Rules: Port's API description (create blueprint, create entity), and its documentation where that is silent.

use std::collections::HashMap;
use std::sync::LazyLock;

use rayon::iter::{IntoParallelIterator, ParallelIterator};
use regex::Regex;
use serde_json::Value;

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::port::{self, Blueprint, Entity, Targets};
use crate::source::Location;

mod blueprint;
mod value;

pub use blueprint::blueprints;

/// The longest identifier of an entity, in characters.
pub const MAX_IDENTIFIER: usize = 1000;

/// The largest body of a request, in bytes; Port answers 413 beyond.
pub const MAX_BODY: usize = 1024 * 1024;

/// Leaves out what Port would refuse: entities without a legal identifier of their own, and values, relation targets
/// and teams that do not fit the blueprint.
///
/// - Identifiers follow `^(?!\.{1,2}$)[\p{L}0-9@_.+:\\/=-]+$` with at most [`MAX_IDENTIFIER`] characters. Of two that
///   are equal within a blueprint the first wins; two that are equal but for case are both kept, with a warning.
/// - Values are held against type, format, `enum`, bounds and `items` of their property, not against `pattern` or
///   nested `properties`. Of a list of labelled URLs only the bad items go; any other value goes as a whole.
/// - A relation gets the shape its blueprint wants: one target or a list.
/// - A body beyond [`MAX_BODY`] loses its largest value until it fits.
///
/// Entities of a blueprint that the catalog lacks are only checked for their identifiers: Port may know it.
#[must_use]
pub fn entities(catalog: port::Catalog, diagnostics: &mut Diagnostics) -> port::Catalog {
    let port::Catalog {
        blueprints,
        mut entities,
    } = catalog;
    entities.retain(|entity| is_well_named(entity, diagnostics));
    let entities = distinct(entities, diagnostics);
    let shapes = shapes(&blueprints);
    let fitted: Vec<(Entity, Diagnostics)> = entities
        .into_par_iter()
        .map(|mut entity| {
            let mut found = Diagnostics::default();
            if let Some(blueprint) = shapes.get(entity.blueprint.as_str()) {
                fit(&mut entity, blueprint, &mut found);
            }
            (entity, found)
        })
        .collect();
    let mut entities = Vec::with_capacity(fitted.len());
    for (entity, found) in fitted {
        entities.push(entity);
        diagnostics.append(found);
    }
    port::Catalog {
        blueprints,
        entities,
    }
}

/// Reports entities without a property or relation that their blueprint requires: Port refuses the whole entity. For
/// blueprints as they will be written; refined ones require only what every entity has.
pub fn required(catalog: &port::Catalog, diagnostics: &mut Diagnostics) {
    let shapes = shapes(&catalog.blueprints);
    for entity in &catalog.entities {
        let Some(blueprint) = shapes.get(entity.blueprint.as_str()) else {
            continue;
        };
        let properties = blueprint.schema.required.iter();
        let properties = properties
            .filter(|name| !entity.properties.contains_key(*name))
            .map(|name| format!("property `{name}`"));
        let relations = blueprint.relations.iter();
        let relations = relations
            .filter(|(name, relation)| relation.required && !entity.relations.contains_key(*name))
            .map(|(name, _)| format!("relation `{name}`"));
        let missing: Vec<String> = properties.chain(relations).collect();
        if missing.is_empty() {
            continue;
        }
        let (id, blueprint) = (quoted(&entity.identifier), &blueprint.identifier);
        let message = format!(
            "{id} lacks what blueprint `{blueprint}` requires: {}",
            missing.join(", ")
        );
        diagnostics.push(
            Diagnostic::new(Code::ValueMismatch, message)
                .at(entity.origin.document())
                .help("complete the descriptor, or do not require it in the blueprint"),
        );
    }
}

fn shapes(blueprints: &[Blueprint]) -> HashMap<&str, &Blueprint> {
    blueprints
        .iter()
        .map(|blueprint| (blueprint.identifier.as_str(), blueprint))
        .collect()
}

fn is_well_named(entity: &Entity, diagnostics: &mut Diagnostics) -> bool {
    let Some(fault) = identifier_fault(&entity.identifier, MAX_IDENTIFIER, true) else {
        return true;
    };
    diagnostics.push(
        Diagnostic::new(
            Code::InvalidIdentifier,
            format!(
                "{} cannot be the identifier of an entity of blueprint `{}`: {fault}",
                quoted(&entity.identifier),
                entity.blueprint
            ),
        )
        .at(entity.origin.document())
        .help(
            "Port takes letters, digits and @ _ . + : \\ / = - in identifiers; rename the entity, or change \
             `identifier` in the mapping",
        ),
    );
    false
}

/// Why Port refuses an identifier; `None` where it does not. Blueprints may not have an equals sign.
fn identifier_fault(identifier: &str, limit: usize, equals: bool) -> Option<String> {
    let is_allowed = |char: char| match char {
        '=' => equals,
        '@' | '_' | '.' | '+' | ':' | '\\' | '/' | '-' => true,
        _ => char.is_ascii_alphanumeric() || is_letter(char),
    };
    if identifier.is_empty() {
        return Some("it is empty".to_owned());
    }
    if matches!(identifier, "." | "..") {
        return Some("it stands for a folder".to_owned());
    }
    if let Some(char) = identifier.chars().find(|char| !is_allowed(*char)) {
        return Some(match char {
            ' ' => "it has a space".to_owned(),
            char if char.is_control() || char.is_whitespace() => {
                format!("it has the character U+{:04X}", u32::from(char))
            }
            char => format!("it has a `{char}`"),
        });
    }
    (identifier.chars().count() > limit).then(|| format!("it is longer than {limit} characters"))
}

/// Whether a character outside ASCII is in `\p{L}`. `char::is_alphabetic` is wider: it takes numerals and marks too.
fn is_letter(char: char) -> bool {
    static LETTER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\A\p{L}\z").ok());
    !char.is_ascii()
        && LETTER
            .as_ref()
            .is_some_and(|letter| letter.is_match(char.encode_utf8(&mut [0; 4])))
}

/// Keeps the first entity of each identifier within a blueprint.
fn distinct(entities: Vec<Entity>, diagnostics: &mut Diagnostics) -> Vec<Entity> {
    let mut exact: HashMap<(&str, &str), &Entity> = HashMap::with_capacity(entities.len());
    let mut folded: HashMap<(&str, String), &Entity> = HashMap::with_capacity(entities.len());
    let mut kept = Vec::with_capacity(entities.len());
    for entity in &entities {
        let (blueprint, id) = (entity.blueprint.as_str(), entity.identifier.as_str());
        let same = exact.get(&(blueprint, id)).copied();
        kept.push(same.is_none());
        if let Some(first) = same {
            diagnostics.push(duplicate(entity, first));
            continue;
        }
        exact.insert((blueprint, id), entity);
        let first = *folded
            .entry((blueprint, id.to_lowercase()))
            .or_insert(entity);
        if first.identifier != entity.identifier {
            diagnostics.push(near_duplicate(entity, first));
        }
    }
    drop((exact, folded));
    let mut kept = kept.into_iter();
    let mut entities = entities;
    entities.retain(|_| kept.next().unwrap_or(true));
    entities
}

fn duplicate(entity: &Entity, first: &Entity) -> Diagnostic {
    let (id, blueprint) = (quoted(&entity.identifier), &entity.blueprint);
    Diagnostic::new(
        Code::DuplicateIdentifier,
        format!("{id} is the identifier of two entities of blueprint `{blueprint}`; this one is left out"),
    )
    .at(entity.origin.document())
    .related(first.origin.document(), "the first one, which is kept")
    .help("rename one of them, or make the mapping of `identifier` tell them apart, for example by namespace")
}

fn near_duplicate(entity: &Entity, first: &Entity) -> Diagnostic {
    let (id, other) = (quoted(&entity.identifier), quoted(&first.identifier));
    Diagnostic::new(
        Code::DuplicateIdentifier,
        format!(
            "{id} and {other} of blueprint `{}` differ in case only; Backstage takes them for one, Port for two",
            entity.blueprint
        ),
    )
    .severity(Severity::Warning)
    .at(entity.origin.document())
    .related(first.origin.document(), "the other one")
    .help("spell it the same way everywhere, or rename one of them")
}

/// Text of a descriptor inside a message, cut to what is needed to recognise it.
fn quoted(text: &str) -> String {
    const SHOWN: usize = 60;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("`{}…`", &text[..end]),
        None => format!("`{text}`"),
    }
}

fn fit(entity: &mut Entity, blueprint: &Blueprint, diagnostics: &mut Diagnostics) {
    let mut report = Report {
        entity: quoted(&entity.identifier),
        blueprint: &blueprint.identifier,
        location: entity.origin.document(),
        diagnostics,
    };
    entity
        .properties
        .retain(|name, value| fit_property(name, value, blueprint, &mut report));
    entity
        .relations
        .retain(|name, targets| fit_relation(name, targets, blueprint, &mut report));
    if entity.team.is_some() && !has_teams(blueprint) {
        entity.team = None;
        report.left_out(
            "the team",
            "has no direct ownership",
            Some(
                "give the blueprint `ownership: {type: Direct}`, or remove `team` from the mapping",
            ),
        );
    }
    fit_body(entity, &mut report);
}

/// What the findings about one entity have in common.
struct Report<'a> {
    entity: String,
    blueprint: &'a str,
    location: Location,
    diagnostics: &'a mut Diagnostics,
}

impl Report<'_> {
    /// `reason` goes on after the name of the blueprint: "wants a URL, it is `x`".
    fn left_out(&mut self, what: &str, reason: &str, help: Option<&str>) {
        let message = format!(
            "{what} of {} is left out: blueprint `{}` {reason}",
            self.entity, self.blueprint
        );
        self.diagnostics.push(
            Diagnostic::new(Code::ValueMismatch, message)
                .at(self.location.clone())
                .help(help.unwrap_or(
                    "change the descriptor, or the mapping or the blueprint in the profile",
                )),
        );
    }
}

fn fit_property(
    name: &str,
    value: &mut Value,
    blueprint: &Blueprint,
    report: &mut Report<'_>,
) -> bool {
    if value.is_null() {
        return false;
    }
    let Some(definition) = blueprint.schema.properties.get(name) else {
        let help = "add the property to the blueprint, or remove it from the mapping";
        report.left_out(
            &format!("property `{name}`"),
            "does not define it",
            Some(help),
        );
        return false;
    };
    if let Some((count, misfit)) = value::drop_misfit_links(value, &definition.0) {
        let what = match count {
            1 => format!("an item of property `{name}`"),
            _ => format!("{count} items of property `{name}`"),
        };
        report.left_out(&what, &misfit.reason, misfit.help);
        if value.as_array().is_some_and(Vec::is_empty) {
            return false;
        }
    }
    let Some(misfit) = value::misfit(value, &definition.0) else {
        return true;
    };
    report.left_out(&format!("property `{name}`"), &misfit.reason, misfit.help);
    false
}

fn fit_relation(
    name: &str,
    targets: &mut Targets,
    blueprint: &Blueprint,
    report: &mut Report<'_>,
) -> bool {
    let Some(relation) = blueprint.relations.get(name) else {
        let help = "add the relation to the blueprint, or remove it from the mapping";
        report.left_out(
            &format!("relation `{name}`"),
            "does not define it",
            Some(help),
        );
        return false;
    };
    let mut wanted = match std::mem::replace(targets, Targets::Many(Vec::new())) {
        Targets::One(target) => vec![target],
        Targets::Many(list) => list,
        // Only Port knows what it finds.
        query @ Targets::Query(_) => {
            *targets = query;
            return true;
        }
    };
    let before = wanted.len();
    let mut first_fault = None;
    wanted.retain(
        |target| match identifier_fault(target, MAX_IDENTIFIER, true) {
            None => true,
            Some(fault) => {
                first_fault.get_or_insert_with(|| (quoted(target), fault));
                false
            }
        },
    );
    if let Some((target, fault)) = first_fault {
        let what = match before - wanted.len() {
            1 => format!("target {target} of relation `{name}`"),
            count => format!("{count} targets of relation `{name}`, such as {target},"),
        };
        report.left_out(
            &what,
            &format!("takes identifiers there, and {fault}"),
            None,
        );
    }
    if wanted.is_empty() && (before > 0 || !relation.many) {
        return false;
    }
    *targets = if relation.many {
        Targets::Many(wanted)
    } else {
        if wanted.len() > 1 {
            let what = match wanted.len() - 1 {
                1 => format!("the second target of relation `{name}`"),
                more => format!(
                    "all but the first of {} targets of relation `{name}`",
                    more + 1
                ),
            };
            let help = "set `many: true` in the blueprint, or let the mapping choose one";
            report.left_out(&what, "wants a single one", Some(help));
        }
        Targets::One(wanted.swap_remove(0))
    };
    true
}

/// Whether entities of a blueprint have teams: the owners under direct ownership, and the teams of a user.
fn has_teams(blueprint: &Blueprint) -> bool {
    let ownership = blueprint.rest.get("ownership");
    blueprint.identifier == "_user"
        || ownership.is_some_and(|ownership| ownership["type"] == "Direct")
}

fn fit_body(entity: &mut Entity, report: &mut Report<'_>) {
    // The longest escape of JSON is six bytes for one; below a sixth nothing has to be spelled out.
    const SURELY_FITS: usize = MAX_BODY / 6;
    if value::weight(&entity.properties, &entity.relations) < SURELY_FITS {
        return;
    }
    let mut sizes: Vec<(usize, bool, String)> = Vec::new();
    for (name, value) in &entity.properties {
        sizes.push((value::json_length(value), true, name.clone()));
    }
    for (name, targets) in &entity.relations {
        sizes.push((value::json_length(targets), false, name.clone()));
    }
    sizes.sort();
    // Keys, quotes and the other fields.
    let mut total: usize = sizes
        .iter()
        .map(|(size, _, name)| size + name.len() + 8)
        .sum();
    total += 6 * (entity.identifier.len() + entity.title.as_ref().map_or(0, String::len)) + 1024;
    while total > MAX_BODY
        && let Some((size, is_property, name)) = sizes.pop()
    {
        total -= size + name.len() + 8;
        let what = if is_property {
            entity.properties.remove(&name);
            format!("property `{name}`")
        } else {
            entity.relations.remove(&name);
            format!("relation `{name}`")
        };
        report.left_out(
            &what,
            &format!("takes bodies up to 1 MiB, and this part alone has {size} bytes"),
            Some("keep the text in its own file and link to it"),
        );
    }
}

#[cfg(test)]
mod tests;
