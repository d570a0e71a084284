use std::error::Error;

use serde_json::{Value, json};

use super::{json, markdown, text, values};
use crate::port::changes::Field;
use crate::port::{Bodies, Changes, Key};
use crate::source::FieldPath;

fn state<'a>(
    blueprints: impl IntoIterator<Item = (&'a str, Value)>,
    entities: impl IntoIterator<Item = (&'a str, &'a str, Value)>,
) -> Bodies {
    let blueprints = blueprints.into_iter();
    let entities = entities.into_iter().map(|(blueprint, identifier, body)| {
        let key = Key {
            blueprint: blueprint.to_owned(),
            identifier: identifier.to_owned(),
        };
        (key, body)
    });
    Bodies {
        blueprints: blueprints.map(|(id, body)| (id.to_owned(), body)).collect(),
        entities: entities.collect(),
    }
}

fn states() -> (Bodies, Bodies) {
    let component = |many: bool| {
        let system = json!({"target": "system", "many": many});
        ("component", json!({"relations": {"system": system}}))
    };
    let long = |end: &str| "a long text that goes on ".repeat(8) + end;
    let before = state(
        [component(false), ("old", json!({}))],
        [
            ("api", "old", json!({})),
            (
                "component",
                "cart",
                json!({"title": "Cart", "properties": {"tier": 1, "text": long("!"), "gone": true}}),
            ),
        ],
    );
    let after = state(
        [component(true), ("system", json!({}))],
        [
            (
                "component",
                "cart",
                json!({
                    "title": "Shopping\n\u{202e}cart", "properties": {"tier": 2, "text": long("?"), "new": ["x"]},
                    "relations": {"system": ["payments"]},
                }),
            ),
            ("component", "shop", json!({})),
        ],
    );
    (before, after)
}

#[test]
fn text_has_a_line_for_each_change() {
    let (before, after) = states();
    assert_eq!(
        text(&Changes::between(&before, &after)),
        "\
~ blueprint component
    relations.system.many: false -> true
- blueprint old
+ blueprint system
- api old
~ component cart
    title: \"Cart\" -> \"Shopping\\n\u{fffd}cart\"
  - properties.gone: true
  + properties.new: [\"x\"]
    properties.text: …t that goes on !\" -> …t that goes on ?\"
    properties.tier: 1 -> 2
  + relations.system: [\"payments\"]
+ component shop
! component cart: system leads to system payments, which does not exist
1 entity added, 1 changed, 1 removed; 1 blueprint added, 1 changed, 1 removed; 1 new dangling reference.
"
    );
    assert_eq!(text(&Changes::between(&after, &after)), "No changes.\n");
}

#[test]
fn json_has_whole_values() {
    let (before, after) = states();
    let report = json(&Changes::between(&before, &after));
    let keys: Vec<_> = report
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, _)| key)
        .collect();
    assert_eq!(
        keys,
        ["version", "entities", "blueprints", "dangling", "totals"]
    );
    assert_eq!(report["version"], 1);
    assert_eq!(
        report["entities"]["added"],
        json!([{"blueprint": "component", "identifier": "shop"}])
    );
    assert_eq!(
        report["entities"]["removed"],
        json!([{"blueprint": "api", "identifier": "old"}])
    );
    let cart = &report["entities"]["changed"][0];
    assert_eq!(cart["identifier"], "cart");
    assert_eq!(
        cart["fields"][0],
        json!({"field": "title", "before": "Cart", "after": "Shopping\n\u{202e}cart"})
    );
    assert_eq!(
        cart["fields"][1],
        json!({"field": "properties.gone", "before": true})
    );
    assert_eq!(
        cart["fields"][2],
        json!({"field": "properties.new", "after": ["x"]})
    );
    assert_eq!(
        report["blueprints"],
        json!({
            "added": [{"identifier": "system"}],
            "removed": [{"identifier": "old"}],
            "changed": [{
                "identifier": "component",
                "fields": [{"field": "relations.system.many", "before": false, "after": true}],
            }],
        })
    );
    assert_eq!(
        report["dangling"],
        json!([{
            "blueprint": "component", "identifier": "cart", "relation": "system",
            "target": {"blueprint": "system", "identifier": "payments"},
        }])
    );
    assert_eq!(
        report["totals"]["entities"],
        json!({"added": 1, "removed": 1, "changed": 1})
    );
    assert_eq!(report["totals"]["dangling"], 1);
}

#[test]
fn markdown_tells_the_worst_first() {
    let (before, after) = states();
    assert_eq!(
        markdown(&Changes::between(&before, &after), usize::MAX),
        "\
Changes in Port: 1 entity added, 1 changed, 1 removed; 1 blueprint added, 1 changed, 1 removed; 1 new dangling reference.

**1 entity is removed:** Port deletes what its manifests no longer have.

- `api`, 1: `old`

**1 new dangling reference:** no entity is there for Port to relate to.

- `system` `payments` is missing for `component` `cart` (`system`)

### Blueprints

Put the blueprints and the mapping into Port before this is merged: manifests do not change them, and Port refuses \
entities that do not fit.

- removed: `old`
- added: `system`
- `component`
  - `relations.system.many`: `false` → `true`

### Changed entities

- `component`, 1: `properties.gone` in 1, `properties.new` in 1, `properties.text` in 1, `properties.tier` in 1, \
`relations.system` in 1, `title` in 1

<details><summary>1 entity, field by field</summary>

Blueprint `component`:

- `cart`
  - `title`: `\"Cart\"` → `\"Shopping\\n\u{fffd}cart\"`
  - `properties.gone` removed, was `true`
  - `properties.new` added: `[\"x\"]`
  - `properties.text`: `… text that goes on !\"` → `… text that goes on ?\"`
  - `properties.tier`: `1` → `2`
  - `relations.system` added: `[\"payments\"]`

</details>

### New entities

<details><summary>1 entity</summary>

- `component`, 1: `shop`

</details>
"
    );
}

#[test]
fn of_long_values_the_difference_is_shown() -> Result<(), Box<dyn Error>> {
    let shown = |before: &Value, after: &Value| {
        let field = Field {
            path: FieldPath::default(),
            before: Some(before),
            after: Some(after),
        };
        let (before, after) = values(&field, 8);
        Some((before?, after?))
    };
    for (before, after, expected) in [
        (json!(1), json!("x"), ("1", "\"x\"")),
        (json!(12_345_678), json!(2), ("12345678", "2")),
        (json!(123_456_789), json!(2), ("12345678…", "2")),
        (json!("abcdefgh1"), json!("abcdefgh2"), ("…gh1\"", "…gh2\"")),
        (
            json!("abcdefghij"),
            json!("abcdefghij1234567890"),
            ("…ij\"", "…ij123456…"),
        ),
        (json!([1]), json!("ääääääääää"), ("[1]", "\"äääääää…")),
    ] {
        let (before, after) = shown(&before, &after).ok_or("a value is not shown")?;
        assert_eq!((&*before, &*after), expected);
    }
    Ok(())
}
