//! A picture of blueprints and their relations, as a Mermaid flowchart.
//!
//! In: the blueprints of a state of Port. Out: the text of a diagram, which hosts draw where it stands in Markdown. Names
//! of nodes are made here; text of blueprints stands in labels alone, where it cannot be anything else.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::Value;

use super::changes::shortened;
use super::printable;
use super::summary::counted;
use crate::port::Bodies;

/// How many arrows a reader can still follow.
const MAX_ARROWS: usize = 60;
/// How many relations an arrow names.
const MAX_NAMES: usize = 6;
/// How many blueprints are drawn.
const MAX_BLUEPRINTS: usize = 40;
/// How many bytes there are before arrows are left out; Mermaid draws nothing of more than 50,000 characters.
const MAX_LENGTH: usize = 40_000;
/// How much of a name is shown.
const WIDTH: usize = 40;

/// What the marks of a diagram mean, for the text beside it.
pub const LEGEND: &str =
    "`*` marks relations to many entities. Round: blueprints that stand elsewhere.";

/// The blueprints of a state as nodes, their relations as arrows. Relations between the same two blueprints share one
/// arrow; those to many entities have a `*`. Blueprints that relations lead to and the state does not have are round. What
/// is too much for one picture is counted in a node of its own.
#[must_use]
pub fn diagram(state: &Bodies) -> String {
    let arrows = arrows(state);
    let ours: BTreeSet<&str> = state.blueprints.keys().map(String::as_str).collect();
    let targets: BTreeSet<&str> = arrows.keys().map(|(_, target)| *target).collect();
    let all: Vec<&str> = ours
        .iter()
        .chain(targets.difference(&ours))
        .copied()
        .collect();
    let drawn = &all[..all.len().min(MAX_BLUEPRINTS)];
    let nodes: BTreeMap<&str, usize> = drawn.iter().copied().zip(0..).collect();

    let mut text = "flowchart LR\n".to_owned();
    for (number, id) in drawn.iter().enumerate() {
        let _ = match state.blueprints.get(*id) {
            Some(body) => writeln!(text, "  n{number}[\"{}\"]", label(&title(id, body))),
            None => writeln!(text, "  n{number}([\"{}\"])", label(&shortened(id, WIDTH))),
        };
    }
    let (mut count, mut missing) = (0, 0);
    for ((source, target), names) in &arrows {
        let has_room = count < MAX_ARROWS && text.len() < MAX_LENGTH;
        match (nodes.get(source), nodes.get(target)) {
            (Some(source), Some(target)) if has_room => {
                count += 1;
                let names = label(&listed(names));
                let _ = writeln!(text, "  n{source} -->|\"{names}\"| n{target}");
            }
            _ => missing += names.len(),
        }
    }
    let blueprints = all.len() - drawn.len();
    let parts = [(blueprints, "more blueprint"), (missing, "more relation")];
    let parts = parts.into_iter().filter(|(number, _)| *number > 0);
    let parts: Vec<String> = parts.map(|(number, noun)| counted(number, noun)).collect();
    if !parts.is_empty() {
        let _ = writeln!(text, "  more[\"not shown: {}\"]", parts.join(", "));
    }
    text
}

/// The relations between two blueprints, sorted by name, and whether each leads to many entities.
fn arrows(state: &Bodies) -> BTreeMap<(&str, &str), BTreeMap<&str, bool>> {
    let mut arrows: BTreeMap<_, BTreeMap<&str, bool>> = BTreeMap::new();
    for (id, body) in &state.blueprints {
        let relations = body.get("relations").and_then(Value::as_object);
        for (name, relation) in relations.into_iter().flatten() {
            if let Some(target) = relation.get("target").and_then(Value::as_str) {
                let is_many = relation.get("many") == Some(&Value::Bool(true));
                let names = arrows.entry((id.as_str(), target)).or_default();
                names.insert(name, is_many);
            }
        }
    }
    arrows
}

fn listed(names: &BTreeMap<&str, bool>) -> String {
    let shown = names.iter().take(MAX_NAMES).map(|(name, is_many)| {
        let mark = if *is_many { "*" } else { "" };
        format!("{}{mark}", shortened(name, WIDTH))
    });
    let shown: Vec<String> = shown.collect();
    match names.len().saturating_sub(MAX_NAMES) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// What people see of a blueprint, and its identifier where that is something else.
fn title(id: &str, body: &Value) -> String {
    let short = shortened(id, WIDTH);
    match body.get("title").and_then(Value::as_str) {
        Some(title) if title.to_lowercase() == id.to_lowercase() => shortened(title, WIDTH).into(),
        Some(title) if !title.is_empty() => format!("{} ({short})", shortened(title, WIDTH)),
        _ => short.into(),
    }
}

/// A text as the inside of a quoted label. Mermaid knows characters by number: `#34;`. So letters, digits and blanks
/// are all that is left to be read.
fn label(text: &str) -> String {
    let mut label = String::new();
    for char in printable(text).chars() {
        // Mermaid itself spells its numbers with `ﬂ` and `ß` before it draws.
        let is_plain = char.is_alphanumeric() && !matches!(char, 'ﬂ' | 'ß');
        if is_plain
            || matches!(
                char,
                ' ' | '_' | '-' | '.' | ',' | char::REPLACEMENT_CHARACTER
            )
        {
            label.push(char);
        } else {
            let _ = write!(label, "#{};", u32::from(char));
        }
    }
    // A label of nothing is an error.
    if label.trim().is_empty() {
        label.push_str("#32;");
    }
    // `direction TB` is a statement wherever it stands in a line, even in quotes.
    label.replace("direction ", "direction#32;")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::{MAX_ARROWS, diagram};
    use crate::port::Bodies;

    fn state<'a>(blueprints: impl IntoIterator<Item = (&'a str, Value)>) -> Bodies {
        let blueprints = blueprints.into_iter();
        Bodies {
            blueprints: blueprints.map(|(id, body)| (id.to_owned(), body)).collect(),
            ..Bodies::default()
        }
    }

    #[test]
    fn blueprints_are_nodes_and_relations_arrows() {
        let relations = json!({
            "system": {"target": "system"},
            "dependsOn": {"target": "component", "many": true},
            "consumesApis": {"target": "api", "many": true},
            "providesApis": {"target": "api", "many": true},
            "owner": {"target": "_team", "many": false},
            "broken": {"target": 1},
        });
        let state = state([
            (
                "component",
                json!({"title": "Component", "relations": relations}),
            ),
            ("api", json!({"title": "Interface"})),
            ("system", json!({})),
        ]);
        assert_eq!(
            diagram(&state),
            "flowchart LR\n\
             \x20 n0[\"Interface #40;api#41;\"]\n\
             \x20 n1[\"Component\"]\n\
             \x20 n2[\"system\"]\n\
             \x20 n3([\"_team\"])\n\
             \x20 n1 -->|\"owner\"| n3\n\
             \x20 n1 -->|\"consumesApis#42;, providesApis#42;\"| n0\n\
             \x20 n1 -->|\"dependsOn#42;\"| n1\n\
             \x20 n1 -->|\"system\"| n2\n"
        );
    }

    #[test]
    fn what_is_too_much_is_counted() {
        let relation = |target: usize| {
            (
                format!("r{target}"),
                json!({"target": format!("b{target:02}")}),
            )
        };
        let names: Vec<String> = (0..50).map(|number| format!("b{number:02}")).collect();
        let blueprints = names.iter().map(|id| {
            let relations: Value = Value::Object((0..50).map(relation).collect());
            (id.as_str(), json!({"relations": relations}))
        });
        let text = diagram(&state(blueprints));
        assert_eq!(text.matches("-->").count(), MAX_ARROWS);
        let more = "  more[\"not shown: 10 more blueprints, 2440 more relations\"]\n";
        assert!(text.ends_with(more), "{text}");
        let relations: Value = Value::Object(
            (0..9)
                .map(|n| (format!("r{n}"), json!({"target": "b"})))
                .collect(),
        );
        let text = diagram(&state([("b", json!({"relations": relations}))]));
        assert!(
            text.contains("|\"r0, r1, r2, r3, r4, r5 and 3 more\"|"),
            "{text}"
        );
    }

    proptest! {
        #[test]
        fn labels_are_letters_digits_and_numbered_characters(texts in proptest::collection::vec(any::<String>(), 4)) {
            let relations = json!({&texts[2]: {"target": &texts[3]}});
            let state = state([(&*texts[0], json!({"title": &texts[1], "relations": relations}))]);
            let text = diagram(&state);
            let is_safe = |label: &str| {
                let mut parts = label.split('#');
                let plain = |text: &str| {
                    let is_plain = |char: char| char.is_alphanumeric() || " _-.,\u{fffd}".contains(char);
                    !text.contains(['ﬂ', 'ß']) && text.chars().all(is_plain)
                };
                let numbered = |part: &str| {
                    part.split_once(';').is_some_and(|(number, rest)| number.parse::<u32>().is_ok() && plain(rest))
                };
                !label.trim().is_empty() && parts.next().is_some_and(plain) && parts.all(numbered)
            };
            for line in text.lines().skip(1) {
                let parts: Vec<&str> = line.split('"').collect();
                prop_assert!(parts.len() == 3 && is_safe(parts[1]), "{}", line);
                let around = (parts[0], parts[2]);
                let is_node = matches!(around, ("  n0[" | "  n1[", "]") | ("  n0([" | "  n1([", "])"));
                let is_arrow = matches!(around, ("  n0 -->|", "| n0" | "| n1"));
                prop_assert!(is_node || is_arrow, "{}", line);
            }
        }
    }
}
