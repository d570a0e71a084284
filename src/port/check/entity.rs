//! Fits an entity to its blueprint: what does not fit is left out.
//!
//! In: an entity and its blueprint. Out: the entity as Port takes it, and a finding for each part that is gone.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use super::simple::Simple;
use super::value::{self, Misfit};
use super::{Locate, MAX_BODY, MAX_IDENTIFIER, Part, Patterns, format, icon, identifier, quoted};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::port::{Blueprint, Entity, Packed, Targets};

/// What is found in one entity.
#[derive(Default)]
pub(super) struct Found {
    /// Whether the entity is another one now.
    pub(super) is_changed: bool,
    pub(super) diagnostics: Diagnostics,
    pub(super) undefined: Vec<OwnedPart>,
}

/// A blueprint, and what of it is asked for every entity.
pub(super) struct Shape<'a> {
    blueprint: &'a Blueprint,
    simple: BTreeMap<&'a str, Simple<'a>>,
}

impl<'a> Shape<'a> {
    pub(super) fn of(blueprint: &'a Blueprint) -> Self {
        Self {
            blueprint,
            simple: Simple::all(blueprint),
        }
    }

    /// Whether there is no more to say about a value.
    fn surely_takes(&self, name: &str, value: &serde_json::Value) -> bool {
        let simple = self.simple.get(name);
        simple.is_some_and(|simple| simple.fits(value))
    }
}

/// Leaves out what does not fit the blueprint.
pub(super) fn fit(
    entity: &mut Entity,
    shape: &Shape<'_>,
    patterns: &Patterns<'_>,
    locate: &Locate<'_>,
) -> Found {
    let blueprint = shape.blueprint;
    let parts = |entity: &Entity| entity.properties.len() + entity.relations.len();
    let before = parts(entity);
    let mut report = Report {
        entity: OnceCell::new(),
        identifier: entity.identifier.clone(),
        blueprint: &blueprint.identifier,
        is_reshaped: false,
        found: Vec::new(),
        undefined: Vec::new(),
    };
    fit_title(entity, &mut report);
    fit_icon(entity, &mut report);
    fit_team(entity, blueprint, &mut report);
    entity.properties.retain(|name, value| {
        shape.surely_takes(name, value)
            || fit_property(name, value, blueprint, patterns, &mut report)
    });
    entity
        .relations
        .retain(|name, targets| fit_relation(name, targets, blueprint, &mut report));
    fit_body(entity, &mut report);
    let is_changed = report.is_reshaped || !report.found.is_empty() || parts(entity) != before;
    let mut diagnostics = Diagnostics::default();
    for (part, found) in report.found {
        diagnostics.push(found.at(locate(entity, part.as_part())));
    }
    Found {
        is_changed,
        diagnostics,
        undefined: report.undefined,
    }
}

/// The parts that blueprints do not define: each is said once, for the mapping gives it to all entities of a kind.
#[derive(Default)]
pub(super) struct Undefined<'a>(BTreeMap<(&'a str, OwnedPart), (&'a Packed, usize)>);

impl<'a> Undefined<'a> {
    /// Counts what was found in an entity.
    pub(super) fn add(&mut self, entity: &'a Packed, found: Vec<OwnedPart>) {
        for part in found {
            let counted = self.0.entry((entity.blueprint(), part));
            counted.or_insert((entity, 0)).1 += 1;
        }
    }

    /// Reports each part at the first entity that has it.
    pub(super) fn report(self, locate: &Locate<'_>, diagnostics: &mut Diagnostics) {
        for ((blueprint, part), (first, count)) in self.0 {
            let id = quoted(first.identifier());
            let entities = match count {
                1 => id,
                2 => format!("{id} and of one more entity"),
                _ => format!("{id} and of {} more entities", count - 1),
            };
            let message = format!(
                "{} of {entities} is left out: blueprint `{blueprint}` does not define it",
                part.in_words()
            );
            diagnostics.push(
                Diagnostic::new(Code::UnknownProperty, message)
                    .at(locate(&first.unpacked(), part.as_part()))
                    .help("add it to the blueprint, or remove it from the mapping"),
            );
        }
    }
}

/// A [`Part`] that outlives the value it names.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum OwnedPart {
    Title,
    Icon,
    Team,
    Property(String),
    Relation(String),
}

impl OwnedPart {
    fn as_part(&self) -> Part<'_> {
        match self {
            Self::Title => Part::Title,
            Self::Icon => Part::Icon,
            Self::Team => Part::Team,
            Self::Property(name) => Part::Property(name),
            Self::Relation(name) => Part::Relation(name),
        }
    }

    fn in_words(&self) -> String {
        match self {
            Self::Title => "the title".to_owned(),
            Self::Icon => "the icon".to_owned(),
            Self::Team => "the team".to_owned(),
            Self::Property(name) => format!("property {}", quoted(name)),
            Self::Relation(name) => format!("relation {}", quoted(name)),
        }
    }
}

/// What there is to say about one entity.
struct Report<'a> {
    /// How the entity is named in findings; made when there is one.
    entity: OnceCell<String>,
    identifier: String,
    blueprint: &'a str,
    found: Vec<(OwnedPart, Diagnostic)>,
    undefined: Vec<OwnedPart>,
    /// Whether a relation got another shape.
    is_reshaped: bool,
}

impl Report<'_> {
    /// A part is left out. `reason` goes on after the name of the blueprint: "wants a URL, it is `x`".
    fn left_out(&mut self, code: Code, part: OwnedPart, reason: &str, help: Option<&str>) {
        let what = part.in_words();
        self.partly_left_out(code, part, &what, reason, help);
    }

    /// A piece of a part is left out.
    fn partly_left_out(
        &mut self,
        code: Code,
        part: OwnedPart,
        what: &str,
        reason: &str,
        help: Option<&str>,
    ) {
        let entity = self.entity.get_or_init(|| quoted(&self.identifier));
        let blueprint = self.blueprint;
        let message = format!("{what} of {entity} is left out: blueprint `{blueprint}` {reason}");
        let help = help.unwrap_or(
            "change the descriptor or the overlay, or the mapping or the blueprint in the profile",
        );
        self.found
            .push((part, Diagnostic::new(code, message).help(help)));
    }
}

/// The title of a team is its name, which has rules of its own.
fn fit_title(entity: &mut Entity, report: &mut Report<'_>) {
    if entity.blueprint != "_team" {
        return;
    }
    let is_refused = |title: &String| !identifier::is_team_name(title);
    if let Some(title) = entity.title.take_if(|title| is_refused(title)) {
        let reason = format!(
            "wants the name of a team, two characters or more without ; # / ? and without blanks at its ends, it is {}",
            quoted(&title)
        );
        let help = "give the group another title or display name";
        report.left_out(Code::InvalidTitle, OwnedPart::Title, &reason, Some(help));
    }
}

fn fit_icon(entity: &mut Entity, report: &mut Report<'_>) {
    if let Some(icon) = entity.icon.take_if(|icon| !icon::is_known(icon)) {
        let reason = format!("takes the icons of Port, and {} is none", quoted(&icon));
        report.left_out(
            Code::UnknownIcon,
            OwnedPart::Icon,
            &reason,
            Some(&icon::remedy(&icon)),
        );
    }
}

fn fit_team(entity: &mut Entity, blueprint: &Blueprint, report: &mut Report<'_>) {
    let Some(team) = &mut entity.team else {
        return;
    };
    if !has_teams(blueprint) {
        entity.team = None;
        report.left_out(
            Code::TeamWithoutOwnership,
            OwnedPart::Team,
            "has no direct ownership",
            Some(
                "give the blueprint `ownership: {type: Direct}`, or take `team` out of the mapping or the overlay",
            ),
        );
        return;
    }
    let fault = match team {
        Targets::One(one) => (!format::is_team(one)).then(|| quoted(one)),
        Targets::Many(all) => {
            let refused = all
                .iter()
                .find(|team| !format::is_team(team))
                .map(|team| quoted(team));
            all.retain(|team| format::is_team(team));
            refused
        }
        // Only Port knows what it finds.
        Targets::Query(_) => None,
    };
    let Some(refused) = fault else {
        return;
    };
    if matches!(team, Targets::One(_)) || *team == Targets::Many(Vec::new()) {
        entity.team = None;
    }
    report.partly_left_out(
        Code::InvalidTarget,
        OwnedPart::Team,
        &format!("the team {refused}"),
        "takes identifiers of teams there",
        Some("name the team by its identifier in Port, or by its name, which has none of ; # / ?"),
    );
}

/// Whether entities of a blueprint have teams: the owners under direct ownership, and the teams of a user.
fn has_teams(blueprint: &Blueprint) -> bool {
    let ownership = blueprint.rest.get("ownership");
    blueprint.identifier == "_user"
        || ownership.is_some_and(|ownership| ownership["type"] == "Direct")
}

fn fit_property(
    name: &str,
    value: &mut serde_json::Value,
    blueprint: &Blueprint,
    patterns: &Patterns<'_>,
    report: &mut Report<'_>,
) -> bool {
    if value.is_null() {
        return false;
    }
    let part = || OwnedPart::Property(name.to_owned());
    let Some(definition) = blueprint.schema.properties.get(name) else {
        report.undefined.push(part());
        return false;
    };
    if let Some((count, misfit)) = value::drop_misfit_links(value, &definition.0, patterns) {
        let what = match count {
            1 => format!("an item of property `{name}`"),
            _ => format!("{count} items of property `{name}`"),
        };
        let Misfit { reason, help } = misfit;
        report.partly_left_out(Code::ValueMismatch, part(), &what, &reason, help);
        if value.as_array().is_some_and(Vec::is_empty) {
            return false;
        }
    }
    let Some(Misfit { reason, help }) = value::misfit(value, &definition.0, patterns) else {
        return true;
    };
    report.left_out(Code::ValueMismatch, part(), &reason, help);
    false
}

fn fit_relation(
    name: &str,
    targets: &mut Targets,
    blueprint: &Blueprint,
    report: &mut Report<'_>,
) -> bool {
    let part = || OwnedPart::Relation(name.to_owned());
    let was_many = matches!(targets, Targets::Many(_));
    let Some(relation) = blueprint.relations.get(name) else {
        report.undefined.push(part());
        return false;
    };
    let mut wanted = match std::mem::replace(targets, Targets::Many(Vec::new())) {
        Targets::One(target) => vec![target],
        Targets::Many(list) => list,
        query @ Targets::Query(_) => {
            *targets = query;
            return true;
        }
    };
    let before = wanted.len();
    let mut first_fault = None;
    wanted.retain(|target| {
        let fault = identifier::fault(target, MAX_IDENTIFIER, true);
        let is_legal = fault.is_none();
        if let Some(fault) = fault {
            first_fault.get_or_insert_with(|| (quoted(target), fault));
        }
        is_legal
    });
    if let Some((target, fault)) = first_fault {
        let what = match before - wanted.len() {
            1 => format!("target {target} of relation `{name}`"),
            count => format!("{count} targets of relation `{name}`, such as {target},"),
        };
        report.partly_left_out(
            Code::InvalidTarget,
            part(),
            &what,
            &format!("takes identifiers there, and {fault}"),
            None,
        );
    }
    if wanted.is_empty() && (before > 0 || !relation.many) {
        return false;
    }
    report.is_reshaped |= relation.many != was_many;
    *targets = if relation.many {
        Targets::Many(wanted)
    } else {
        if wanted.len() > 1 {
            let what = match wanted.len() - 1 {
                1 => format!("target {} of relation `{name}`", quoted(&wanted[1])),
                more => format!(
                    "all but the first of {} targets of relation `{name}`",
                    more + 1
                ),
            };
            let help = "set `many: true` in the blueprint, or let the mapping choose one";
            let reason = format!(
                "wants a single one, and {} is the first",
                quoted(&wanted[0])
            );
            report.partly_left_out(Code::RelationShape, part(), &what, &reason, Some(help));
        }
        Targets::One(wanted.swap_remove(0))
    };
    true
}

/// Leaves out the largest parts until the body fits.
fn fit_body(entity: &mut Entity, report: &mut Report<'_>) {
    // The longest escape of JSON is six bytes for one; below a sixth nothing has to be spelled out.
    const SURELY_FITS: usize = MAX_BODY / 6;
    // Keys, quotes and the fields that always stay.
    const FRAME: usize = 1024;
    if weight(entity) < SURELY_FITS {
        return;
    }
    let mut parts: Vec<(usize, OwnedPart)> = Vec::new();
    for (name, value) in &entity.properties {
        parts.push((
            value::json_length(value) + name.len() + 8,
            OwnedPart::Property(name.clone()),
        ));
    }
    for (name, targets) in &entity.relations {
        parts.push((
            value::json_length(targets) + name.len() + 8,
            OwnedPart::Relation(name.clone()),
        ));
    }
    parts.push((value::json_length(&entity.title), OwnedPart::Title));
    parts.push((value::json_length(&entity.team), OwnedPart::Team));
    parts.sort_by_key(|(size, _)| *size);
    let mut total: usize = parts.iter().map(|(size, _)| size).sum();
    total += FRAME + 6 * entity.identifier.len();
    while total > MAX_BODY
        && let Some((size, part)) = parts.pop()
    {
        total -= size;
        match &part {
            OwnedPart::Title => entity.title = None,
            OwnedPart::Icon => entity.icon = None,
            OwnedPart::Team => entity.team = None,
            OwnedPart::Property(name) => _ = entity.properties.remove(name),
            OwnedPart::Relation(name) => _ = entity.relations.remove(name),
        }
        report.left_out(
            Code::BodyTooLarge,
            part,
            &format!("takes bodies up to 1 MiB, and this part alone has {size} bytes"),
            Some("keep the text in its own file and link to it"),
        );
    }
}

/// Roughly the size of the values, never less than their texts: cheap enough to be asked for every entity.
fn weight(entity: &Entity) -> usize {
    use serde_json::Value;
    // A number or a word of JSON, and the comma.
    const SCALAR: usize = 20;
    fn of(value: &Value) -> usize {
        SCALAR
            + match value {
                Value::String(text) => text.len(),
                Value::Array(items) => items.iter().map(of).sum(),
                Value::Object(map) => map.iter().map(|(key, value)| key.len() + of(value)).sum(),
                Value::Null | Value::Bool(_) | Value::Number(_) => 0,
            }
    }
    let targets = |targets: &Targets| match targets {
        Targets::One(target) => target.len(),
        Targets::Many(list) => list.iter().map(|target| SCALAR + target.len()).sum(),
        Targets::Query(query) => of(query.value()),
    };
    entity.properties.values().map(of).sum::<usize>()
        + entity.relations.values().map(targets).sum::<usize>()
        + entity.team.as_ref().map_or(0, targets)
        + entity.title.as_ref().map_or(0, String::len)
}
