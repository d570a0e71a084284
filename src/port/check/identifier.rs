//! Identifiers: what Port takes as one, and that no two entities of a blueprint have the same.
//!
//! In: entities as mapped. Out: those that Port can tell apart.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use regex::Regex;

use super::{Locate, Part, format, quoted};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::port::Packed;

/// The longest identifier of an entity, in characters.
pub const MAX_IDENTIFIER: usize = 1000;

/// Whether an entity has an identifier that Port takes; reports it where it has not.
pub(super) fn is_well_named(
    entity: &Packed,
    locate: &Locate<'_>,
    diagnostics: &mut Diagnostics,
) -> bool {
    let (identifier, blueprint) = (entity.identifier(), entity.blueprint());
    let (fault, help) = if let Some(fault) = fault(identifier, MAX_IDENTIFIER, true) {
        let help = "Port takes letters, digits and @ _ . + : \\ / = - in identifiers; rename the entity, or change \
                    `identifier` in the mapping";
        (fault, help)
    } else if blueprint == "_user" && !format::is_email(identifier) {
        let help = "give the user an e-mail address in the descriptor, or map users to a blueprint of your own";
        (
            "Port knows its users by their e-mail addresses".to_owned(),
            help,
        )
    } else {
        return true;
    };
    let message = format!(
        "{} cannot be the identifier of an entity of blueprint `{blueprint}`: {fault}",
        quoted(identifier),
    );
    diagnostics.push(
        Diagnostic::new(Code::InvalidIdentifier, message)
            .at(locate(&entity.unpacked(), Part::Identifier))
            .help(help),
    );
    false
}

/// Why Port refuses an identifier; `None` where it does not. Blueprints may not have an equals sign.
pub(super) fn fault(identifier: &str, limit: usize, equals: bool) -> Option<String> {
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
pub(super) fn is_letter(char: char) -> bool {
    static LETTER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\A\p{L}\z").ok());
    !char.is_ascii()
        && LETTER
            .as_ref()
            .is_some_and(|letter| letter.is_match(char.encode_utf8(&mut [0; 4])))
}

/// Whether Port takes a name for a team: `^[^;#/\?\s][^;#/\?]*[^;#/\?\s]$` (teams API).
pub(super) fn is_team_name(name: &str) -> bool {
    name.chars().count() >= 2
        && !name.contains([';', '#', '/', '?'])
        && !name.starts_with(char::is_whitespace)
        && !name.ends_with(char::is_whitespace)
}

/// Keeps the first entity of each identifier within a blueprint.
pub(super) fn distinct(
    entities: Vec<Packed>,
    locate: &Locate<'_>,
    diagnostics: &mut Diagnostics,
) -> Vec<Packed> {
    let mut exact: HashMap<(&str, &str), &Packed> = HashMap::with_capacity(entities.len());
    let mut folded: HashMap<(&str, Cow<'_, str>), &Packed> = HashMap::with_capacity(entities.len());
    let mut kept = Vec::with_capacity(entities.len());
    for entity in &entities {
        let (blueprint, id) = (entity.blueprint(), entity.identifier());
        let same = exact.get(&(blueprint, id)).copied();
        kept.push(same.is_none());
        if let Some(first) = same {
            diagnostics.push(duplicate(entity, first, locate));
            continue;
        }
        exact.insert((blueprint, id), entity);
        let first = *folded.entry((blueprint, lowercase(id))).or_insert(entity);
        if first.identifier() != entity.identifier() {
            diagnostics.push(near_duplicate(entity, first, locate));
        }
    }
    drop((exact, folded));
    let mut kept = kept.into_iter();
    let mut entities = entities;
    entities.retain(|_| kept.next().unwrap_or(true));
    entities
}

/// The text in lower case; most identifiers are in it already.
fn lowercase(text: &str) -> Cow<'_, str> {
    let is_lower = |byte: u8| byte.is_ascii() && !byte.is_ascii_uppercase();
    if text.bytes().all(is_lower) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.to_lowercase())
    }
}

fn duplicate(entity: &Packed, first: &Packed, locate: &Locate<'_>) -> Diagnostic {
    let (id, blueprint) = (quoted(entity.identifier()), entity.blueprint());
    Diagnostic::new(
        Code::DuplicateIdentifier,
        format!("{id} is the identifier of two entities of blueprint `{blueprint}`; this one is left out"),
    )
    .at(locate(&entity.unpacked(), Part::Identifier))
    .related(locate(&first.unpacked(), Part::Identifier), "the first one, which is kept")
    .help("rename one of them, or make the mapping of `identifier` tell them apart, for example by namespace")
}

fn near_duplicate(entity: &Packed, first: &Packed, locate: &Locate<'_>) -> Diagnostic {
    let (id, other) = (quoted(entity.identifier()), quoted(first.identifier()));
    Diagnostic::new(
        Code::DuplicateIdentifier,
        format!(
            "{id} and {other} of blueprint `{}` differ in case only; Backstage takes them for one, Port for two",
            entity.blueprint()
        ),
    )
    .severity(Severity::Warning)
    .at(locate(&entity.unpacked(), Part::Identifier))
    .related(locate(&first.unpacked(), Part::Identifier), "the other one")
    .help("spell it the same way everywhere, or rename one of them")
}
