//! Changes as lines for a terminal: `+` for what is added, `-` for what is removed, `~` for what is changed.

use std::fmt::Write as _;

use super::{shortened, totals, values};
use crate::port::changes::{Dangling, Difference, Field};
use crate::port::{Changes, Key};
use crate::report::printable;

/// How much of a value, and of a name, is shown.
const WIDTH: usize = 60;

/// Blueprints first, then entities, new dangling references and the totals. Each line says one thing.
#[must_use]
pub fn text(changes: &Changes<'_>) -> String {
    let mut text = String::new();
    lines(
        &changes.blueprints,
        |id| format!("blueprint {}", name(id)),
        &mut text,
    );
    let entity = |key: &Key| format!("{} {}", name(&key.blueprint), name(&key.identifier));
    lines(&changes.entities, entity, &mut text);
    for dangling in &changes.new_dangling {
        let Dangling {
            entity: key,
            relation,
            blueprint,
            target,
        } = dangling;
        let (relation, blueprint, target) = (name(relation), name(blueprint), name(target));
        let _ = writeln!(
            text,
            "! {}: {relation} leads to {blueprint} {target}, which does not exist",
            entity(key)
        );
    }
    let totals = totals(changes);
    let mut chars = totals.chars();
    text.extend(chars.next().map(|char| char.to_ascii_uppercase()));
    text + chars.as_str() + ".\n"
}

fn name(text: &str) -> String {
    shortened(&printable(text), 2 * WIDTH).into_owned()
}

/// Everything in one order, so that a reader finds an entity whatever became of it.
fn lines<K: Ord>(difference: &Difference<'_, K>, name: impl Fn(&K) -> String, text: &mut String) {
    let added = difference.added.iter().map(|key| (*key, '+', &[][..]));
    let removed = difference.removed.iter().map(|key| (*key, '-', &[][..]));
    let changed = difference
        .changed
        .iter()
        .map(|changed| (changed.key, '~', &changed.fields[..]));
    let mut all: Vec<(&K, char, &[Field<'_>])> = added.chain(removed).chain(changed).collect();
    all.sort_by_key(|(key, ..)| *key);
    for (key, sign, fields) in all {
        let _ = writeln!(text, "{sign} {}", name(key));
        for field in fields {
            let path = self::name(&field.path.to_string());
            let _ = match values(field, WIDTH) {
                (Some(before), Some(after)) => writeln!(text, "    {path}: {before} -> {after}"),
                (Some(before), None) => writeln!(text, "  - {path}: {before}"),
                (None, after) => writeln!(text, "  + {path}: {}", after.unwrap_or_default()),
            };
        }
    }
}
