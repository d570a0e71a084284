//! Expressions of a user's profile that go too far, run by the binary: each costs its own value and a finding that names
//! entity and expression, and everything else is converted.

mod support;

use std::fmt::Write as _;

use serde_json::{Map, Value, json};
use support::{Folder, Result, Run, run};

/// A repository with these components and a profile whose component blueprint has these properties.
fn folder(components: &[&str], properties: &[(&str, &str)]) -> Result<Folder> {
    let descriptors = components.iter().fold(String::new(), |mut text, name| {
        let _ = write!(
            text,
            "---\napiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {{name: {name}}}\n\
             spec: {{type: service, lifecycle: production, owner: group:a}}\n"
        );
        text
    });
    let definitions = properties
        .iter()
        .map(|(name, _)| ((*name).to_owned(), json!({"type": "string"})));
    let definitions: Map<String, Value> = definitions.collect();
    let expressions = properties
        .iter()
        .map(|(name, text)| ((*name).to_owned(), Value::from(*text)));
    let expressions: Map<String, Value> = expressions.collect();
    let blueprints =
        json!([{"identifier": "component", "title": "C", "schema": {"properties": definitions}}]);
    let mapping = json!({"resources": [{
        "kind": "Component",
        "selector": {"query": ".spec.type == \"service\""},
        "port": {"entity": {"mappings": {
            "identifier": ".metadata.name | ascii_downcase",
            "blueprint": "\"component\"",
            "properties": expressions,
        }}},
    }]});
    Folder::with([
        ("catalog-info.yaml", descriptors.as_str()),
        ("profile/blueprints.yaml", blueprints.to_string().as_str()),
        ("profile/mapping.yaml", mapping.to_string().as_str()),
    ])
}

fn convert(folder: &Folder) -> Result<Run> {
    let arguments = ["convert", ".", "--profile", "./profile", "--verbose"];
    run(
        &folder.path,
        &[&arguments[..], &["--manifest-format", "json"]].concat(),
    )
}

/// Runs expressions that go too far for the component `bad`, and none for `good`; each has to be reported with a part
/// of its message.
fn survives(cases: &[(&str, &str, &str)]) -> Result<()> {
    let texts: Vec<String> = cases
        .iter()
        .map(|(_, text, _)| format!("if .metadata.name == \"bad\" then ({text}) else \"fine\" end"))
        .collect();
    let mut properties = vec![("before", ".kind | ascii_downcase")];
    let named = cases.iter().zip(&texts);
    properties.extend(named.map(|((name, ..), text)| (*name, text.as_str())));
    properties.push(("zebra", "[.metadata.name] | join(\"\")"));
    let folder = folder(&["bad", "good"], &properties)?;
    let run = convert(&folder)?;
    let shown = run.shown();
    let entities: Vec<Value> =
        serde_json::from_slice(&std::fs::read(folder.path.join("port.json"))?)?;
    assert_eq!(
        entities[0]["properties"],
        json!({"before": "component", "zebra": "bad"}),
        "{shown}"
    );
    for (name, _, message) in cases {
        assert_eq!(entities[1]["properties"][name], "fine", "{name}: {shown}");
        let start = format!("`properties.{name}` of the mapping {message}");
        // The report breaks lines where it likes.
        let said: String = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.replace("│ ", "").contains(&start), "{name}: {shown}");
    }
    assert_eq!(entities[1]["properties"]["zebra"], "good", "{shown}");
    Ok(())
}

#[test]
fn endless_expressions_end() -> Result<()> {
    let message = "was ended: it ran longer than 5 seconds, for component:default/bad";
    survives(&[
        ("tail", "def f: f; f", message),
        ("last", "last(repeat(1))", message),
    ])
}

#[test]
fn greedy_expressions_end() -> Result<()> {
    // Which limit they meet first depends on how busy the machine is.
    let message = "was ended: it ";
    survives(&[
        ("range", "[range(1e12)]", message),
        ("limit", "[limit(1e9; repeat(\"x\"))]", message),
        ("doubling", "\"x\" | until(false; . + .)", message),
        ("index", "[] | .[500000000] = 1", message),
    ])
}

#[test]
fn bottomless_expressions_end() -> Result<()> {
    let message = "was ended: it ";
    survives(&[
        ("recursion", "def f: 1 + f; f", message),
        (
            "deep",
            "reduce range(3000000) as $i (0; [.]) | tojson",
            message,
        ),
    ])
}

#[test]
fn large_results_are_refused() -> Result<()> {
    survives(&[
        (
            "product",
            "\"x\" * 1e10",
            "failed: Repeat string result too long",
        ),
        (
            "text",
            "\"x\" * 1e7",
            "failed: the result is larger than 8 MiB",
        ),
        (
            "shared",
            "reduce range(60) as $i (0; [., .])",
            "failed: the result is larger than 8 MiB",
        ),
        (
            "nested",
            "reduce range(1000) as $i (0; [.])",
            "failed: the result is nested deeper than 256 levels",
        ),
        (
            "regex",
            "\"a\" * 40 + \"b\" | test(\"^(a|a)*\\\\1?$\")",
            "failed: ",
        ),
    ])
}

#[test]
fn shared_values_are_not_written_out() -> Result<()> {
    survives(&[(
        "shared",
        "reduce range(60) as $i (0; [., .]) | tojson",
        "was ended: it ",
    )])
}

#[test]
fn the_third_time_stops_the_run() -> Result<()> {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let folder = folder(&names, &[("loop", "def f: 1 + f; f")])?;
    let run = convert(&folder)?;
    assert_eq!(run.code, 2, "{}", run.shown());
    assert!(
        run.stderr
            .contains("error: `properties.loop` of the mapping was ended 3 times: it "),
        "{}",
        run.shown()
    );
    assert!(run.stderr.contains("the expression is `def f: 1 + f; f`"));
    assert!(!folder.path.join("port.json").exists());
    Ok(())
}

#[test]
fn faults_of_a_profile_are_found_before_anything_is_read() -> Result<()> {
    for (text, message) in [
        (".a +", "mappings.properties.p: `.a +`: expected term"),
        ("nonsense", "the filter `nonsense` is not defined"),
    ] {
        let folder = folder(&["a"], &[("p", text)])?;
        let run = convert(&folder)?;
        assert_eq!(run.code, 2, "{}", run.shown());
        assert!(run.stderr.contains(message), "{}", run.shown());
    }
    Ok(())
}

#[test]
fn deep_descriptors_are_no_danger() -> Result<()> {
    let folder = folder(&["a"], &[("p", "[.. | numbers] | first | tostring")])?;
    let deep = format!("{}7{}", "[".repeat(200), "]".repeat(200));
    let descriptor = format!(
        "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {{name: a}}\n\
         spec: {{type: service, lifecycle: production, owner: group:a, deep: {deep}}}\n"
    );
    folder.write("catalog-info.yaml", &descriptor)?;
    let run = convert(&folder)?;
    assert_eq!(run.code, 0, "{}", run.shown());
    let written = std::fs::read_to_string(folder.path.join("port.json"))?;
    assert!(written.contains("\"p\": \"7\""), "{written}");
    Ok(())
}

#[test]
fn threads_do_not_matter() -> Result<()> {
    let names: Vec<String> = (0..50).map(|number| format!("c{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let expression = "[.metadata.name, (.relations | length | tostring)] | join(\"/\")";
    let folder = folder(&names, &[("p", expression)])?;
    let mut written = Vec::new();
    for threads in ["1", "4"] {
        let arguments = [
            "convert",
            ".",
            "--profile",
            "./profile",
            "--threads",
            threads,
        ];
        let run = run(&folder.path, &arguments)?;
        assert_eq!(run.code, 0, "{}", run.shown());
        written.push(std::fs::read(folder.path.join("port.yml"))?);
        std::fs::remove_file(folder.path.join("port.yml"))?;
    }
    assert_eq!(written[0], written[1]);
    assert!(String::from_utf8_lossy(&written[0]).contains("p: c7/1"));
    Ok(())
}
