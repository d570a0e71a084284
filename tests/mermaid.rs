//! Diagrams are what they are meant to be to the real Mermaid: every label comes back as the text it was, and nothing
//! else is there. `.ci/oracle` installs Mermaid.

mod support;

use std::fs;
use std::process::Command;

use backstage2port::map::Profile;
use backstage2port::map::profile::BUILT_IN;
use backstage2port::port::{self, Bodies, Changes};
use backstage2port::report::{mermaid, printable, pull_request};
use camino::Utf8Path;
use serde_json::{Value, json};
use support::{Folder, Result, finished, write};

const NEEDED: &str = "Mermaid is not installed: run .ci/oracle";

/// Names that would be something else to Mermaid, HTML or Markdown if they stood there as they are.
const HOSTILE: &[&str] = &[
    "plain",
    "end",
    "subgraph",
    "graph TD",
    "a\"b",
    "\"] --> n9[\"x",
    "a'b`c",
    "`**bold**`",
    "[a](b){c}((d))>e]",
    "|x| --- |y|",
    "click n0 call alert()",
    "click n0 \"https://a.example\"",
    "style n0 fill:red",
    "classDef x fill:red; class n0 x",
    "linkStyle 0 stroke:red",
    "<b>bold</b>",
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "%%{init: {\"theme\":\"dark\"}}%%",
    "%% a comment",
    "a\nb",
    "a\r\n  n8[\"new\"]\n",
    "```\nend",
    "---\ntitle: x\n---",
    "accTitle: x",
    "direction TB",
    "a direction  LR b",
    "fa:fa-user x",
    "#quot;#35;#",
    "&lt;b&gt;&amp;",
    "ﬂ°°60¶ß",
    "ﬂ°lt¶ß Straße",
    "\\n\\\"<br/>",
    "$$x^2$$",
    "a:::b@{ shape: cyl }",
    "größe 組件 🚀 e\u{301}",
    "\u{202e}abc\u{200f}\u{7}\u{0}",
    "o--o x--x -.-> ==> ~~~",
    "a; b & c",
    "1. one",
    "- list",
    " blanks  ",
    "",
];

/// What Mermaid makes of diagrams, one answer for each.
fn read(diagrams: &[String]) -> Result<Vec<Value>> {
    // Beside the binary: wherever cargo was told to build.
    let target = Utf8Path::new(env!("CARGO_BIN_EXE_backstage2port"));
    let target = target.ancestors().nth(2).ok_or("no target folder")?;
    if !target.join("oracle/mermaid/stamp").is_file() {
        return Err(NEEDED.into());
    }
    let folder = Folder::new()?;
    let input = folder.path.join("diagrams.json");
    write(&input, &serde_json::to_vec(diagrams)?)?;
    let mut node = Command::new("node");
    node.arg(".ci/mermaid.mjs").env("CARGO_TARGET_DIR", target);
    let run = finished(node.stdin(fs::File::open(&input)?))?;
    if run.code != 0 {
        return Err(run.shown().into());
    }
    let answers = run.stdout.lines().map(serde_json::from_str);
    let answers: Vec<Value> = answers.collect::<std::result::Result<_, _>>()?;
    assert_eq!(answers.len(), diagrams.len());
    Ok(answers)
}

fn state<'a>(blueprints: impl IntoIterator<Item = (&'a str, Value)>) -> Bodies {
    let blueprints = blueprints.into_iter();
    Bodies {
        blueprints: blueprints.map(|(id, body)| (id.to_owned(), body)).collect(),
        ..Bodies::default()
    }
}

/// That a diagram has labels and nothing that a reader could click, load or see in another way.
fn is_plain(answer: &Value) {
    for key in ["elements", "links", "groups", "classes"] {
        assert_eq!(answer[key], 0, "{key}: {answer}");
    }
    assert_eq!(answer["config"], json!({}), "{answer}");
}

fn labels(answer: &Value, key: &str) -> Vec<String> {
    let labels = answer[key].as_array().into_iter().flatten();
    let labels = labels.filter_map(Value::as_str);
    labels.map(|label| label.trim().to_owned()).collect()
}

#[test]
#[ignore = "needs node and the package that .ci/oracle installs"]
fn hostile_names_come_back_as_text() -> Result<()> {
    let diagram = |name: &&str| {
        let relation = json!({"target": "somewhere", "many": true});
        let outside = json!({"target": format!("{name} outside")});
        let relations = json!({*name: relation, format!("{name}2"): outside});
        let state = state([
            (
                *name,
                json!({"title": format!("The {name}"), "relations": relations}),
            ),
            ("somewhere", json!({"title": name})),
        ]);
        mermaid::diagram(&state)
    };
    let diagrams: Vec<String> = HOSTILE.iter().map(diagram).collect();
    for (name, answer) in HOSTILE.iter().zip(read(&diagrams)?) {
        is_plain(&answer);
        let text = |text: String| printable(&text).trim().to_owned();
        let second = if name.is_empty() {
            "somewhere".to_owned()
        } else {
            format!("{name} (somewhere)")
        };
        let mut nodes = [
            format!("The {name} ({name})"),
            second,
            format!("{name} outside"),
        ]
        .map(text);
        let mut arrows = [format!("{name}*"), format!("{name}2")].map(text);
        nodes.sort();
        arrows.sort();
        let (mut found, mut found_arrows) = (labels(&answer, "nodes"), labels(&answer, "arrows"));
        found.sort();
        found_arrows.sort();
        assert_eq!(found, nodes, "{name:?}");
        assert_eq!(found_arrows, arrows, "{name:?}");
    }
    Ok(())
}

#[test]
#[ignore = "needs node and the package that .ci/oracle installs"]
fn every_profile_has_a_picture_in_its_pull_request() -> Result<()> {
    let mut diagrams = Vec::new();
    let mut expected = Vec::new();
    for profile in BUILT_IN {
        let blueprints = Profile::load(profile.name)?.blueprints;
        let count = blueprints.len();
        let after = Bodies::of(&port::Catalog {
            blueprints,
            ..port::Catalog::default()
        });
        let before = Bodies::default();
        let changes = Changes::between(&before, &after);
        let run = pull_request::Run::default();
        let body = pull_request::body(&changes, &after, &run, pull_request::LIMIT);
        let (_, diagram) = body.split_once("```mermaid\n").ok_or("no diagram")?;
        let (diagram, _) = diagram.split_once("```").ok_or("the diagram has no end")?;
        diagrams.push(diagram.to_owned());
        expected.push((profile.name, count));
    }
    for ((name, count), answer) in expected.into_iter().zip(read(&diagrams)?) {
        is_plain(&answer);
        let (nodes, arrows) = (labels(&answer, "nodes"), labels(&answer, "arrows"));
        assert!(nodes.len() >= count && count > 3, "{name}: {nodes:?}");
        assert!(arrows.len() > 3, "{name}: {arrows:?}");
        let all = [nodes, arrows].concat();
        assert!(
            !all.iter().any(|label| label.contains("not shown")),
            "{name}"
        );
    }
    Ok(())
}

#[test]
#[ignore = "needs node and the package that .ci/oracle installs"]
fn what_is_no_diagram_is_refused() -> Result<()> {
    read(&["flowchart LR\n  n0[\"a\"]\n".to_owned()])?;
    for broken in [
        "flowchart LR\n  n0[\"a\n",
        "no diagram",
        "pie\n  \"a\": 1\n",
    ] {
        let answer = read(&[broken.to_owned()]);
        assert!(answer.is_err(), "{broken}: {answer:?}");
    }
    Ok(())
}

#[test]
#[ignore = "needs node and the package that .ci/oracle installs"]
fn a_diagram_of_far_too_much_is_still_drawn() -> Result<()> {
    let names: Vec<String> = (0..80)
        .map(|n| format!("{n:02}{}", "\u{10ffff}\"".repeat(40)))
        .collect();
    let blueprints = names.iter().map(|id| {
        let relations = names
            .iter()
            .map(|target| (target.clone(), json!({"target": target})));
        let relations: serde_json::Map<_, _> = relations.collect();
        (
            id.as_str(),
            json!({"title": format!("{id}x"), "relations": relations}),
        )
    });
    let diagram = mermaid::diagram(&state(blueprints));
    assert!(diagram.len() < 50_000, "{}", diagram.len());
    let answers = read(&[diagram])?;
    assert!(
        labels(&answers[0], "nodes")
            .iter()
            .any(|label| label.starts_with("not shown: 40 more"))
    );
    Ok(())
}
