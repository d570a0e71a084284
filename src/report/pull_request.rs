//! The body of a pull request that brings manifests: what a reviewer has to know before merging.
//!
//! In: what differs, the state that comes, and what the run has to say. Out: Markdown, worst first, within a length.

use super::changes::counts;
use super::changes::markdown::{
    added, blueprints, by_blueprint, changed, changed_fields, dangling, removed,
};
use super::markdown::{Group, Section, page};
use super::mermaid;
use super::summary::{counted, plural};
use crate::port::{Bodies, Changes, Key};

/// The length that GitHub takes is 65,536; something is left for what others add.
pub const LIMIT: usize = 60_000;

const FOOTER: &str = "\n---\n\nMade by backstage2port from the Backstage descriptors. Change those, not the manifests.\n";

/// What a run has to say beside what differs.
#[derive(Debug, Clone, Copy, Default)]
pub struct Run<'a> {
    /// How many files the pull request changes.
    pub files: usize,
    /// How many findings are errors.
    pub errors: usize,
    /// How many findings are warnings.
    pub warnings: usize,
    /// The entities that stay although no descriptor gives them now, since their descriptors have errors; sorted.
    pub kept: &'a [Key],
}

/// The body, of at most `limit` UTF-16 units, as no host counts more of: first what may be wrong, then what is new, then
/// a picture of the blueprints that `after` has. Text of descriptors stands in code spans, so that nothing in it is
/// markup, a mention or a reference.
#[must_use]
pub fn body(changes: &Changes<'_>, after: &Bodies, run: &Run<'_>, limit: usize) -> String {
    let sections = [
        removed(changes),
        dangling(changes),
        findings(run),
        kept(run.kept),
        blueprints(changes),
        changed_fields(changes),
        changed(changes),
        added(changes),
        picture(after),
    ];
    let sections: Vec<Section> = sections.into_iter().flatten().collect();
    page(&head(changes, run), &sections, FOOTER, limit)
}

/// One line of our own words, which can be cut anywhere.
fn head(changes: &Changes<'_>, run: &Run<'_>) -> String {
    let entities = counts(&changes.entities, "entity", "entities");
    let entities = entities.unwrap_or_else(|| "No entities changed".to_owned());
    let files = counted(run.files, "file");
    let blueprints = counts(&changes.blueprints, "blueprint", "blueprints");
    let blueprints = blueprints.map_or(String::new(), |blueprints| format!(" {blueprints}."));
    format!("{entities} in {files}.{blueprints}\n")
}

fn findings(run: &Run<'_>) -> Option<Section> {
    let found = match (run.errors, run.warnings) {
        (0, 0) => return None,
        (0, warnings) => counted(warnings, "warning"),
        (errors, 0) => counted(errors, "error"),
        (errors, warnings) => {
            format!(
                "{} and {}",
                counted(errors, "error"),
                counted(warnings, "warning")
            )
        }
    };
    Some(Section {
        opening: format!(
            "\n**{found}** in descriptors: the log of the run has them with file and line.\n"
        ),
        ..Section::default()
    })
}

fn kept(kept: &[Key]) -> Option<Section> {
    (!kept.is_empty()).then(|| Section {
        opening: format!(
            "\n**{} as before:** their descriptors have errors, so their manifests were not touched.\n\n",
            plural(kept.len(), "entity stays", "entities stay")
        ),
        groups: by_blueprint(kept),
        noun: Some("entities"),
        ..Section::default()
    })
}

fn picture(after: &Bodies) -> Option<Section> {
    (!after.blueprints.is_empty()).then(|| Section {
        opening: "\n### Blueprints and their relations\n\n```mermaid\n".to_owned(),
        groups: vec![Group {
            items: vec![mermaid::diagram(after)],
            ..Group::default()
        }],
        closing: format!("```\n\n{}\n", mermaid::LEGEND),
        noun: None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::TestCaseResult;
    use serde_json::{Value, json};

    use super::super::markdown::{code, length};
    use super::{LIMIT, Run, body};
    use crate::port::{Bodies, Changes, Key};

    fn key(blueprint: &str, identifier: &str) -> Key {
        Key {
            blueprint: blueprint.to_owned(),
            identifier: identifier.to_owned(),
        }
    }

    /// Entities `<prefix>0`, `<prefix>1`, ... of one blueprint.
    fn entities(prefix: &str, count: usize, body: &Value) -> Vec<(Key, Value)> {
        let entity = |number| (key("component", &format!("{prefix}{number}")), body.clone());
        (0..count).map(entity).collect()
    }

    fn state(entities: impl IntoIterator<Item = (Key, Value)>) -> Bodies {
        let relations = json!({"system": {"target": "system"}});
        let blueprints = [
            (
                "component",
                json!({"title": "Component", "relations": relations}),
            ),
            ("system", json!({})),
        ];
        Bodies {
            blueprints: blueprints.map(|(id, body)| (id.to_owned(), body)).into(),
            entities: entities.into_iter().collect(),
        }
    }

    #[test]
    fn what_needs_eyes_comes_first() {
        let before = state(entities("old", 2, &json!({})));
        let after = state(entities("new", 1, &json!({"relations": {"system": "s"}})));
        let kept = [key("api", "x"), key("component", "y")];
        let run = Run {
            files: 3,
            errors: 1,
            warnings: 2,
            kept: &kept,
        };
        assert_eq!(
            body(&Changes::between(&before, &after), &after, &run, LIMIT),
            "\
1 entity added, 2 removed in 3 files.

**2 entities are removed:** Port deletes what its manifests no longer have.

- `component`, 2: `old0`, `old1`

**1 new dangling reference:** no entity is there for Port to relate to.

- `system` `s` is missing for `component` `new0` (`system`)

**1 error and 2 warnings** in descriptors: the log of the run has them with file and line.

**2 entities stay as before:** their descriptors have errors, so their manifests were not touched.

- `api`, 1: `x`
- `component`, 1: `y`

### New entities

<details><summary>1 entity</summary>

- `component`, 1: `new0`

</details>

### Blueprints and their relations

```mermaid
flowchart LR
  n0[\"Component\"]
  n1[\"system\"]
  n0 -->|\"system\"| n1
```

`*` marks relations to many entities. Round: blueprints that stand elsewhere.

---

Made by backstage2port from the Backstage descriptors. Change those, not the manifests.
"
        );
    }

    #[test]
    fn nothing_to_say_is_said() {
        let state = Bodies::default();
        let text = body(
            &Changes::between(&state, &state),
            &state,
            &Run::default(),
            LIMIT,
        );
        assert!(
            text.starts_with("No entities changed in 0 files.\n\n---\n"),
            "{text}"
        );
    }

    #[test]
    fn each_section_has_its_share_of_a_short_page() {
        let properties =
            |tier: usize| json!({"properties": {"tier": tier}, "relations": {"system": "s"}});
        let before = state(
            [
                entities("old", 1000, &json!({})),
                entities("same", 1000, &json!({})),
            ]
            .concat(),
        );
        let after = state(
            [
                entities("new", 1000, &properties(1)),
                entities("same", 1000, &properties(2)),
            ]
            .concat(),
        );
        let changes = Changes::between(&before, &after);
        for limit in [4_000, 10_000, LIMIT] {
            let text = body(&changes, &after, &Run::default(), limit);
            assert!(
                text.len() * 10 > limit * 9,
                "{limit}: {} are used",
                text.len()
            );
            let sections = [
                "1000 entities added, 1000 changed, 1000 removed in 0 files.",
                "- `component`, 1000: `old0`, `old1`, ",
                "- `system` `s` is missing for `component` `new0` (`system`), ",
                "- `component`, 1000: `properties.tier` in 1000, `relations.system` in 1000",
                "- `component`, 1000: `new0`, ",
                " more entities\n",
                " and 1997 more\n",
                "Made by backstage2port",
            ];
            for section in sections {
                assert!(
                    text.contains(section),
                    "{limit}: {section} is missing in {text}"
                );
            }
        }
    }

    #[test]
    fn a_code_span_takes_any_text() {
        for (text, expected) in [
            ("", "(empty)"),
            ("a", "`a`"),
            ("`", "`` ` ``"),
            ("a``b`", "``` a``b` ```"),
            (" ", "`   `"),
            ("a\n\u{202e}b\u{7}", "`a\u{fffd}\u{fffd}b\u{fffd}`"),
            ("<b>|@team #1\\", "`<b>|@team #1\\`"),
        ] {
            assert_eq!(code(text), expected);
        }
        assert_eq!(length(&code(&"x".repeat(500))), 82);
    }

    /// What stands outside of code; fails where a code span or a fence has no end.
    fn outside_of_code(markdown: &str) -> Result<String, TestCaseError> {
        let mut outside = String::new();
        let mut lines = markdown.lines();
        while let Some(line) = lines.next() {
            // What follows an opening fence has no backtick, or it is a code span.
            if line.starts_with("```") && !line.trim_start_matches('`').contains('`') {
                let end = lines.find(|line| line.starts_with("```"));
                prop_assert_eq!(end, Some("```"), "a fence has no end: {}", markdown);
                continue;
            }
            let mut rest = line;
            while let Some(start) = rest.find('`') {
                outside.push_str(&rest[..start]);
                rest = &rest[start..];
                let run = rest.len() - rest.trim_start_matches('`').len();
                rest = &rest[run..];
                // A span ends with the first run of as many backticks.
                let mut at = 0;
                loop {
                    let Some(found) = rest[at..].find('`') else {
                        return Err(TestCaseError::fail(format!(
                            "a code span has no end: {line}"
                        )));
                    };
                    let tail = &rest[at + found..];
                    let length = tail.len() - tail.trim_start_matches('`').len();
                    at += found + length;
                    if length == run {
                        break;
                    }
                }
                rest = &rest[at..];
            }
            outside.push_str(rest);
            outside.push('\n');
        }
        Ok(outside)
    }

    fn is_sound(text: &str, limit: usize) -> TestCaseResult {
        prop_assert!(length(text) <= limit, "{} of {}", length(text), limit);
        let unprintable = |char: char| char != '\n' && super::super::is_unprintable(char);
        prop_assert!(!text.contains(unprintable), "{:?}", text);
        let outside = outside_of_code(text)?;
        let count = |tag: &str| outside.matches(tag).count();
        prop_assert_eq!(count("<details>"), count("</details>"));
        let tags = ["<details><summary>", "</summary>", "</details>"];
        let bare = tags
            .iter()
            .fold(outside.clone(), |text, tag| text.replace(tag, ""));
        let bare = bare.replace("### ", "");
        let marks = [
            '<', '>', '@', '|', '#', '[', ']', '\\', '&', '$', '~', '_', 'é', '/',
        ];
        prop_assert!(!bare.contains(marks), "{}", bare);
        Ok(())
    }

    const HOSTILE: &[&str] = &[
        "`",
        "```",
        "\n",
        "\n\n```\n",
        "<script>",
        "</details>",
        "@team",
        "#1",
        "|",
        "[a](https://a.example)",
        "![a](b)",
        "**",
        "\\",
        "&lt;",
        "\u{202e}",
        "\u{7}",
        "<!--",
        "$`a`$",
        "~~~",
        " ",
        "é\u{10348}",
        "https://a.example",
        "GH-1",
    ];

    fn hostile() -> impl Strategy<Value = String> + Clone {
        let piece = proptest::sample::select(HOSTILE);
        proptest::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
    }

    fn any_state() -> impl Strategy<Value = Bodies> {
        let value = prop_oneof![
            hostile().prop_map(Value::from),
            proptest::collection::vec(hostile(), 0..3).prop_map(Value::from),
        ];
        let map = || proptest::collection::btree_map(hostile(), value.clone(), 0..4);
        let entity = (map(), map(), hostile()).prop_map(|(properties, relations, title)| {
            json!({"title": title, "properties": properties, "relations": relations})
        });
        let relations = proptest::collection::btree_map(hostile(), hostile(), 0..4);
        let blueprint = (relations, hostile()).prop_map(|(relations, title)| {
            let relations = relations
                .into_iter()
                .map(|(name, target)| (name, json!({"target": target})));
            let relations: serde_json::Map<_, _> = relations.collect();
            json!({"title": title, "relations": relations})
        });
        let blueprints = proptest::collection::btree_map(hostile(), blueprint, 0..4);
        let entities = proptest::collection::btree_map((hostile(), hostile()), entity, 0..6);
        (blueprints, entities).prop_map(|(blueprints, entities)| Bodies {
            blueprints,
            entities: entities
                .into_iter()
                .map(|((b, i), body)| (key(&b, &i), body))
                .collect(),
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]

        #[test]
        fn text_of_descriptors_stays_text_and_no_construct_is_cut(
            before in any_state(), after in any_state(), shared in any_state(), limit in 0..6000_usize,
        ) {
            let (mut before, mut after) = (before, after);
            for (key, body) in &shared.entities {
                let other = after.entities.values().next().cloned();
                before.entities.insert(key.clone(), body.clone());
                after.entities.insert(key.clone(), other.unwrap_or(json!({})));
            }
            let kept: Vec<Key> = shared.entities.keys().cloned().collect();
            let run = Run { files: 1, errors: 1, warnings: 1, kept: &kept };
            let changes = Changes::between(&before, &after);
            is_sound(&body(&changes, &after, &run, limit), limit)?;
            is_sound(&crate::report::changes::markdown(&changes, limit), limit)?;
            let text = crate::report::changes::text(&changes);
            prop_assert!(!text.contains(|char| char != '\n' && super::super::is_unprintable(char)));
        }
    }
}
