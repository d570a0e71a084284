//! What an overlay may say, and what is said about one that is not as it should be.

use std::error::Error;

use camino::Utf8Path;
use proptest::prelude::*;
use serde_json::json;

use super::append::{NewEntry, appended};
use super::{Becomes, Change, Overlay};
use crate::diagnostic::{Code, Diagnostics};
use crate::port::Targets;
use crate::source::{Place, Root, RootId, Sources};
use crate::yaml;
use crate::yaml::spans::Spans;

type Outcome = Result<(), Box<dyn Error>>;

fn parsed(text: &str) -> (Overlay, Diagnostics) {
    let mut sources = Sources::new(vec![Root {
        path: ".".into(),
        repository: None,
    }]);
    let mut diagnostics = Diagnostics::default();
    let file = sources.add(RootId(0), Utf8Path::new(".port/overlay.yaml"));
    let overlay = Overlay::parse(RootId(0), file, text, &mut diagnostics);
    (overlay, diagnostics)
}

/// The findings about a text: the words they point at, the message and the help.
fn faults(text: &str) -> Vec<(Code, String, String, String)> {
    let spans = Spans::of(text);
    let (_, found) = parsed(text);
    let shown = found.iter().map(|found| {
        let span = match found.location.as_ref().map(|location| &location.place) {
            Some(Place::Value { document, field }) => spans.value(*document, field),
            Some(Place::Key { document, field }) => spans.key(*document, field),
            Some(Place::Span { bytes, .. }) => Some(bytes.clone()),
            Some(Place::Item { .. } | Place::File) | None => None,
        };
        let words = span.and_then(|span| text.get(span)).unwrap_or_default();
        let help = found.help.as_deref().unwrap_or_default();
        (
            found.code,
            words.to_owned(),
            found.message.to_string(),
            help.to_owned(),
        )
    });
    shown.collect()
}

#[test]
fn an_entry_sets_and_removes_parts() -> Outcome {
    let (overlay, found) = parsed(
        "- entity: component:cart\n  blueprint: component\n  set:\n    title: Cart\n    icon: Cart\n    team: [a, b]\n    \
         properties: {tier: 1, notes: null, x: {a: [null]}}\n    relations: {system: shop, dependsOn: [a], api: null}\n  \
         remove: [properties.a.b, relations.c]\n- entity: '*:payments/*'\n  remove: [title, icon, team]\n",
    );
    assert!(found.is_empty(), "{found:?}");
    let [first, second] = overlay.entries.as_slice() else {
        return Err("two entries".into());
    };
    let text = |text: &str| text.to_owned();
    let changes: Vec<Change> = first.changes.iter().map(|one| one.change.clone()).collect();
    assert_eq!(first.blueprint.as_deref(), Some("component"));
    assert_eq!(
        changes,
        [
            Change::Title(Some(text("Cart"))),
            Change::Icon(Some(text("Cart"))),
            Change::Team(Some(Targets::Many(vec![text("a"), text("b")]))),
            Change::Property(text("tier"), Becomes::Is(json!(1))),
            Change::Property(text("notes"), Becomes::Null),
            Change::Property(text("x"), Becomes::Is(json!({"a": [null]}))),
            Change::Relation(text("system"), Becomes::Is(Targets::One(text("shop")))),
            Change::Relation(
                text("dependsOn"),
                Becomes::Is(Targets::Many(vec![text("a")]))
            ),
            Change::Relation(text("api"), Becomes::Null),
            Change::Property(text("a.b"), Becomes::Gone),
            Change::Relation(text("c"), Becomes::Gone),
        ]
    );
    let changes: Vec<&Change> = second.changes.iter().map(|one| &one.change).collect();
    assert_eq!(
        changes,
        [
            &Change::Title(None),
            &Change::Icon(None),
            &Change::Team(None)
        ]
    );
    Ok(())
}

#[test]
fn a_text_without_content_has_no_entries() {
    for text in ["", "\n", "# nothing yet\n", "---\n", "[]\n"] {
        let (overlay, found) = parsed(text);
        assert!(found.is_empty() && overlay.entries.is_empty(), "{text:?}");
    }
}

/// Texts with one fault: the words it points at, the message, and how the help begins.
const FAULTY: &[(&str, &str, &str, &str)] = &[
    (
        "a: 1\n",
        "a",
        "an overlay is a list of entries, this is a map",
        "begin an entry",
    ),
    (
        "- x\n",
        "x",
        "an entry is a map, this is a text",
        "an entry is a map: `entity`",
    ),
    (
        "- entitty: a:b\n  set: {}\n",
        "entitty",
        "unknown key `entitty`",
        "did you mean `entity`?",
    ),
    (
        "- set: {icon: A}\n",
        "set",
        "the entry names no `entity`",
        "such as `component:default/cart`",
    ),
    (
        "- entity: 5\n  set: {}\n",
        "5",
        "`entity` is an entity reference or a glob, this is a number",
        "such as",
    ),
    (
        "- entity: cart\n  set: {}\n",
        "cart",
        "`cart` names no kind; `*:cart` is of any kind",
        "such as",
    ),
    (
        "- entity: 'a:[b'\n  set: {}\n",
        "'a:[b'",
        "`a:[b` is not a valid glob: unclosed character class; missing ']'",
        "such as",
    ),
    (
        "- entity: a:b\n  blueprint: [c]\n  set: {}\n",
        "[c]",
        "`blueprint` is the identifier of a blueprint, this is a list",
        "",
    ),
    (
        "- entity: a:b\n",
        "entity",
        "the entry changes nothing: it has neither `set` nor `remove`",
        "an entry is a map",
    ),
    (
        "- entity: a:b\n  set: [title]\n",
        "[title]",
        "`set` is a map, this is a list",
        "set some of",
    ),
    (
        "- entity: a:b\n  set: {titel: A}\n",
        "titel",
        "unknown key `titel`",
        "did you mean `title`?",
    ),
    (
        "- entity: a:b\n  set: {tier: A}\n",
        "tier",
        "unknown key `tier`",
        "properties stand below `properties`",
    ),
    (
        "- entity: a:b\n  set: {title: 1.10}\n",
        "1.10",
        "`title` is a text, this is a number",
        "put it in quotes",
    ),
    (
        "- entity: a:b\n  set: {icon: null}\n",
        "null",
        "`icon` is a text, this is null",
        "to leave it out, name it below `remove`",
    ),
    (
        "- entity: a:b\n  set: {team: [1]}\n",
        "[1]",
        "`team` is a text or a list of texts, this is a list",
        "to leave it out",
    ),
    (
        "- entity: a:b\n  set: {properties: [x]}\n",
        "[x]",
        "`properties` is a map by name, this is a list",
        "",
    ),
    (
        "- entity: a:b\n  set: {relations: {r: 1}}\n",
        "1",
        "`r` is an identifier, a list of identifiers or null, this is a number",
        "null lets Port forget",
    ),
    (
        "- entity: a:b\n  set: {relations: {r: []}}\n",
        "[]",
        "`r` is an identifier, a list of identifiers or null, this is an empty list",
        "null lets Port forget",
    ),
    (
        "- entity: a:b\n  set: {relations: {r: {combinator: nor}}}\n",
        "{combinator: nor}",
        "the combinator of a search is `and` or `or`",
        "",
    ),
    (
        "- entity: a:b\n  remove: title\n",
        "title",
        "`remove` is a list, this is a text",
        "such as `remove: [icon",
    ),
    (
        "- entity: a:b\n  remove: [titel]\n",
        "titel",
        "nothing of an entity is called `titel`",
        "did you mean `title`?",
    ),
    (
        "- entity: a:b\n  remove: [propertis.x]\n",
        "propertis.x",
        "nothing of an entity is called `propertis.x`",
        "did you mean `properties.x`?",
    ),
    (
        "- entity: a:b\n  remove: [tier]\n",
        "tier",
        "nothing of an entity is called `tier`",
        "remove `title`, `icon`, `team`",
    ),
    (
        "- entity: a:b\n  remove: [[title]]\n",
        "[title]",
        "`remove` is a list of names, this is a list",
        "remove `title`",
    ),
    (
        "- entity: a:b\n  set: {icon: A}\n  remove: [icon]\n",
        "icon",
        "`icon` stands twice in this entry",
        "an entry sets it or removes it",
    ),
    (
        "- entity: a:b\n  set: {icon: A}\n---\n- entity: a:c\n",
        "entity",
        "an overlay is one document: what comes after the first one is left out",
        "put the entries into one list",
    ),
];

#[test]
fn what_is_wrong_is_said_where_it_stands() {
    for (text, words, message, help) in FAULTY {
        let found = faults(text);
        let [(code, its_words, its_message, its_help)] = found.as_slice() else {
            panic!("{text}: {found:?}");
        };
        assert_eq!(*code, Code::InvalidOverlay, "{text}");
        assert_eq!(
            (its_words.as_str(), its_message.as_str()),
            (*words, *message),
            "{text}"
        );
        assert!(its_help.starts_with(help), "{text}: {its_help}");
    }
}

#[test]
fn a_broken_entry_is_left_out_alone() {
    let text = "- entity: a:b\n  set: {title: 1, icon: 2}\n- entity: a:c\n  set: {title: C}\n- 5\n";
    let (overlay, found) = parsed(text);
    assert_eq!(found.iter().len(), 3);
    let left: Vec<usize> = overlay.entries.iter().map(|entry| entry.position).collect();
    assert_eq!(left, [1]);
}

#[test]
fn what_is_no_yaml_or_too_much_is_refused() {
    let codes = |text: &str| -> Vec<Code> { faults(text).into_iter().map(|one| one.0).collect() };
    assert_eq!(codes("- entity: [\n"), [Code::YamlSyntax]);
    assert_eq!(
        codes("- entity: a:b\n  entity: a:c\n  set: {}\n"),
        [Code::YamlSyntax]
    );
    let long = "x".repeat(2 << 20);
    let large = format!("- entity: a:b\n  set: {{title: {long}}}\n");
    assert_eq!(codes(&large), [Code::InvalidOverlay]);
    let globs = "- {entity: 'a:*', set: {icon: A}}\n".repeat(1001);
    let (overlay, found) = parsed(&globs);
    assert!(overlay.entries.is_empty() && found.iter().len() == 1);
    let aliases = "- {entity: a:c, set: {properties: {p: *a}}}\n".repeat(90);
    let bomb = format!(
        "- {{entity: a:b, set: {{properties: {{p: &a {}}}}}}}\n{aliases}",
        "x".repeat(1_000_000)
    );
    let (overlay, found) = parsed(&bomb);
    assert!(overlay.entries.is_empty() && !found.is_empty());
    assert!(found.iter().all(|found| found.code == Code::YamlSyntax));
}

/// An entry that sets a title.
fn titled(title: &str) -> NewEntry {
    let changes = vec![Change::Title(Some(title.to_owned()))];
    NewEntry::new("component:default/cart".to_owned(), None, changes)
}

#[test]
fn entries_are_put_behind_those_of_the_user() {
    const NEW: &str = "- entity: component:default/cart\n  set:\n    title: Cart\n";
    for (old, expected) in [
        ("", NEW.to_owned()),
        ("# mine\n", format!("# mine\n{NEW}")),
        ("- entity: a:b # b\n  set: { icon:  A }\n# end", format!("- entity: a:b # b\n  set: {{ icon:  A }}\n# end\n{NEW}")),
        ("---\n- {entity: 'a:b'}\n", format!("---\n- {{entity: 'a:b'}}\n{NEW}")),
        (
            "\u{feff}# x\n  - entity: a:b\n",
            "\u{feff}# x\n  - entity: a:b\n  - entity: component:default/cart\n    set:\n      title: Cart\n".to_owned(),
        ),
        ("- a\r\n", format!("- a\r\n{}", NEW.replace('\n', "\r\n"))),
        ("-\n  entity: a:b\n", format!("-\n  entity: a:b\n{NEW}")),
    ] {
        assert_eq!(appended(old, &[titled("Cart")]), Ok(expected), "{old:?}");
    }
}

#[test]
fn a_text_that_takes_no_entries_is_refused_and_says_what_to_do() {
    for (old, message) in [
        ("[]\n", "`- entity: `"),
        ("[{entity: a:b}]\n", "`- entity: `"),
        ("- a\n...\n", "`- entity: `"),
        ("- a\n---\n- b\n", "into one list"),
        ("a: 1\n", "it is no list of entries but a map"),
        ("- [\n", "mend it first"),
    ] {
        let refused = appended(old, &[titled("Cart")]).err().unwrap_or_default();
        assert!(refused.contains(message), "{old:?}: {refused:?}");
    }
}

fn value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i32>().prop_map(serde_json::Value::from),
        (-1e9..1e9_f64).prop_map(serde_json::Value::from),
        "[ -~\n\t#:é]{0,12}".prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            prop::collection::btree_map("[ -~]{0,4}", inner, 0..4)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn arbitrary_overlays_never_panic(text in "(- entity: |  set: |  remove: |a:b|[\\[\\]{}*:, \n]|title|properties|&a |\\*a|null){0,30}") {
        for (_, words, ..) in faults(&text) {
            prop_assert!(text.contains(&words));
        }
        let _either = appended(&text, &[titled("Cart")]);
    }

    #[test]
    fn any_value_is_read_back_from_behind_a_comment(title in "[ -~\n\t\u{1}é]{0,20}", name in "[ -~]{1,8}", value in value()) {
        let mut value = value;
        yaml::as_javascript(&mut value);
        let becomes = if value.is_null() { Becomes::Null } else { Becomes::Is(value) };
        let changes = vec![Change::Title(Some(title)), Change::Property(name, becomes)];
        let entry = NewEntry::new("a:b/c".to_owned(), Some("on".to_owned()), changes.clone());
        let text = appended("# mine\n", &[entry]).map_err(TestCaseError::fail)?;
        let (overlay, found) = parsed(&text);
        prop_assert!(found.is_empty(), "{text}\n{found:?}");
        let read: Vec<Change> = overlay.entries[0].changes.iter().map(|one| one.change.clone()).collect();
        prop_assert_eq!(read, changes, "{}", text);
    }
}
