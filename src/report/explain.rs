//! Where an entity went, for people: each part of Port's entities with its expression and the lines it was made from, and
//! the fields that did not get there.
//!
//! In: an [`Explanation`]. Out: text.

use std::fmt::Write as _;

use serde_json::Value;

use super::files::Files;
use super::printable;
use crate::backstage::Catalog;
use crate::map::explain::{Explained, Explanation, Source};
use crate::source::{Location, Sources};

/// How much of a value is shown.
const SHOWN: usize = 60;

/// The explanation of one entity.
#[must_use]
pub fn text(explanation: &Explanation, catalog: &Catalog, sources: &Sources) -> String {
    let mut files = Files::new(sources);
    let entity = catalog.entities()[explanation.entity].unpacked();
    let mut text = format!(
        "{}  {}\n",
        printable(&entity.entity_ref.to_string()),
        place(&entity.origin.document(), None, &mut files)
    );
    if explanation.entities.is_empty() {
        text.push_str("\nNothing in Port is made of it.\n");
    }
    for explained in &explanation.entities {
        entity_of_port(explained, &entity.origin.document(), &mut files, &mut text);
    }
    let dropped: Vec<_> = explanation.dropped().collect();
    if !dropped.is_empty() {
        text.push_str("\nNot in Port:\n");
    }
    for account in dropped {
        let crate::map::account::Fate::Dropped(reason) = &account.fate else {
            continue;
        };
        let location = entity.origin.value(account.field.path_in(&entity));
        let _ = writeln!(
            text,
            "  {}  {}: {}",
            printable(&account.field.to_string()),
            place(&location, account.field.text_in(&entity), &mut files),
            printable(&reason.to_string())
        );
    }
    text
}

fn entity_of_port(explained: &Explained, own: &Location, files: &mut Files<'_>, text: &mut String) {
    let _ = writeln!(
        text,
        "\n-> {} {}",
        printable(&explained.blueprint),
        printable(&explained.identifier)
    );
    for part in &explained.parts {
        let name = part.part.to_string();
        let _ = writeln!(text, "  {}: {}", printable(&name), shown(&part.value));
        if let Some(overlay) = &part.overlaid {
            let _ = writeln!(text, "      by {}", place(overlay, None, files));
        }
        if !part.expression.is_empty() {
            let lines: Vec<&str> = part.expression.lines().map(str::trim).collect();
            let _ = writeln!(text, "      by {}", printable(&lines.join(" ")));
        }
        for source in &part.from {
            let _ = writeln!(text, "      from {}", from(source, own, files));
        }
    }
}

fn from(source: &Source, own: &Location, files: &mut Files<'_>) -> String {
    let place = place(&source.location, source.text.as_deref(), files);
    if source.field.is_empty() && source.location == *own {
        return format!("the place of the descriptor, {place}");
    }
    let field = printable(&source.field).into_owned();
    match &source.of {
        Some(other) => format!("{field} of {}, {place}", printable(other)),
        None => format!("{field}, {place}"),
    }
}

/// As `services/cart/catalog-info.yaml:12`.
fn place(location: &Location, text: Option<&str>, files: &mut Files<'_>) -> String {
    let included = files.sources.included_place(location);
    let location = included.as_ref().map_or(location, |(place, _)| place);
    let path = files.sources.display_path(location.file);
    let path = printable(path.as_str()).into_owned();
    match files.line_of(location, text) {
        Some(line) => format!("{path}:{line}"),
        None => path,
    }
}

/// The beginning of a value, on one line.
fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        value => value.to_string(),
    };
    let text = printable(&text).into_owned();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
