//! Reads each format with a parser that is not ours, and holds it against what the format promises.

use std::collections::{BTreeSet, HashSet};

use backstage2port::diagnostic::Code;
use backstage2port::report::JSON_SCHEMA;
use roxmltree::{Document, Node};
use serde_json::{Value, json};

use crate::support::Result;

/// Every format that tells findings.
pub(crate) const FORMATS: [&str; 7] = [
    "json", "compact", "gitlab", "sarif", "junit", "markdown", "github",
];

/// Fails where a report is not what its format promises. Out: how many findings it tells, where it tells all.
pub(crate) fn findings(format: &str, text: &str) -> Result<Option<usize>> {
    printable(text)?;
    let found = match format {
        "json" => Some(json(text)?),
        "compact" => Some(compact(text)),
        "gitlab" => Some(gitlab(text)?),
        "sarif" => Some(sarif(text)?),
        "junit" => Some(junit(text)?),
        "markdown" => {
            markdown(text)?;
            None
        }
        "github" => {
            let is_command = |line: &str| {
                let commands = ["::error ", "::warning ", "::notice "];
                commands.iter().any(|start| line.starts_with(start)) || line.starts_with("... and ")
            };
            assert!(text.lines().all(is_command), "{text}");
            None
        }
        "github-output" => {
            assert!(text.lines().all(|line| line.contains('=')), "{text}");
            None
        }
        _ => return Err(format!("nobody reads {format}").into()),
    };
    Ok(found)
}

/// Fails where a text could steer a terminal or turn the direction of writing.
pub(crate) fn printable(text: &str) -> Result<()> {
    let steers = |char: char| {
        let turns = matches!(char, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
        char != '\n' && (char.is_control() || turns)
    };
    match text.lines().find(|line| line.contains(steers)) {
        Some(line) => Err(format!("{line:?} could steer a terminal").into()),
        None => Ok(()),
    }
}

/// Fails where a document does not follow a schema.
pub(crate) fn follows(schema: &Value, document: &Value) -> Result<()> {
    let validator = jsonschema::validator_for(schema)?;
    let faults: Vec<String> = validator
        .iter_errors(document)
        .map(|fault| format!("{}: {fault}", fault.instance_path()))
        .collect();
    match &faults[..] {
        [] => Ok(()),
        faults => Err(faults.join("\n").into()),
    }
}

fn json(text: &str) -> Result<usize> {
    let report: Value = serde_json::from_str(text)?;
    follows(&serde_json::from_str(JSON_SCHEMA)?, &report)?;
    let findings = report["findings"].as_array().ok_or("no findings")?;
    let names: HashSet<_> = findings
        .iter()
        .map(|finding| finding["fingerprint"].as_str())
        .collect();
    assert_eq!(names.len(), findings.len(), "two findings have one name");
    let counts = report["summary"]["findings"].as_object();
    let counted: u64 = counts
        .ok_or("no counts")?
        .values()
        .filter_map(Value::as_u64)
        .sum();
    assert_eq!(counted, findings.len() as u64);
    Ok(findings.len())
}

/// A place, which only findings about no file lack, then the severity and the code.
fn compact(text: &str) -> usize {
    let severities = ["error", "warning", "note"];
    let starts = Code::ALL
        .iter()
        .flat_map(|code| severities.map(|severity| format!("{severity}[{code}] ")));
    let starts: Vec<String> = starts.collect();
    let is_place = |before: &str| {
        let mut parts = before.rsplit(':');
        let numbers = [
            parts.next().and_then(|blank| blank.strip_prefix(' ')),
            parts.next(),
            parts.next(),
        ];
        let [Some(""), Some(column), Some(line)] = numbers else {
            return false;
        };
        [line, column]
            .iter()
            .all(|number| number.parse::<usize>().is_ok_and(|number| number > 0))
            && parts.next().is_some()
    };
    for line in text.lines() {
        let mut starts = starts
            .iter()
            .filter_map(|start| line.split_once(start.as_str()));
        assert!(
            starts
                .any(|(before, message)| !message.is_empty()
                    && (before.is_empty() || is_place(before))),
            "{line}"
        );
        assert!(
            !line.starts_with("::") && !line.starts_with("##["),
            "{line}"
        );
    }
    text.lines().count()
}

/// What GitLab documents: <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>.
fn gitlab(text: &str) -> Result<usize> {
    let line = json!({"type": "integer", "minimum": 1});
    let schema = json!({
        "type": "array",
        "items": {
            "type": "object",
            "required": ["description", "check_name", "fingerprint", "severity", "location"],
            "additionalProperties": false,
            "properties": {
                "description": {"type": "string", "minLength": 1},
                "check_name": {"type": "string", "pattern": "^[a-z0-9-]+$"},
                "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
                "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
                "location": {
                    "type": "object",
                    "required": ["path", "lines"],
                    "additionalProperties": false,
                    "properties": {
                        "path": {"type": "string", "pattern": "^[^/]"},
                        "lines": {
                            "type": "object",
                            "required": ["begin"],
                            "additionalProperties": false,
                            "properties": {"begin": line, "end": line},
                        },
                    },
                },
            },
        },
    });
    let report: Value = serde_json::from_str(text)?;
    follows(&schema, &report)?;
    let issues = report.as_array().ok_or("no list")?;
    let names: HashSet<_> = issues
        .iter()
        .map(|issue| issue["fingerprint"].as_str())
        .collect();
    assert_eq!(names.len(), issues.len(), "two issues have one fingerprint");
    Ok(issues.len())
}

/// What the schema of SARIF does not say. `.ci/reports` holds reports against the schema.
fn sarif(text: &str) -> Result<usize> {
    let log: Value = serde_json::from_str(text)?;
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"]
        .as_array()
        .ok_or("no rules")?;
    let ids: BTreeSet<_> = rules.iter().map(|rule| rule["id"].as_str()).collect();
    assert_eq!(ids.len(), rules.len(), "two rules have one id");
    let results = run["results"].as_array().ok_or("no results")?;
    let notifications = &run["invocations"][0]["toolExecutionNotifications"];
    let notifications = notifications.as_array().ok_or("no notifications")?;
    let mut used = BTreeSet::new();
    for result in results {
        let index = result["ruleIndex"].as_u64().ok_or("no rule")?;
        let rule = &rules[usize::try_from(index)?];
        assert_eq!(rule["id"], result["ruleId"]);
        used.insert(rule["id"].as_str());
        let related = result["relatedLocations"].as_array();
        let places = result["locations"]
            .as_array()
            .into_iter()
            .chain(related)
            .flatten();
        assert_eq!(result["locations"].as_array().map(Vec::len), Some(1));
        for place in places {
            let place = &place["physicalLocation"];
            let uri = place["artifactLocation"]["uri"].as_str().ok_or("no URI")?;
            let is_plain = |char: char| char.is_ascii_alphanumeric() || "-._~/%".contains(char);
            assert!(uri.chars().all(is_plain) && !uri.starts_with('/'), "{uri}");
            let part = |name| place["region"][name].as_u64();
            assert!(part("startLine").is_some_and(|line| line > 0), "{place}");
            let start = (part("startLine"), part("startColumn"));
            let end = (part("endLine"), part("endColumn"));
            assert!(end == (None, None) || start <= end, "{place}");
        }
        assert!(
            !result["message"]["text"]
                .as_str()
                .ok_or("no text")?
                .is_empty()
        );
    }
    for notification in notifications {
        used.insert(notification["associatedRule"]["id"].as_str());
    }
    assert_eq!(used, ids, "rules without results");
    Ok(results.len() + notifications.len())
}

fn junit(text: &str) -> Result<usize> {
    let document = Document::parse(text)?;
    let root = document.root_element();
    assert_eq!(root.tag_name().name(), "testsuites");
    let tests = |node: Node<'_, '_>| {
        node.descendants()
            .filter(|node| node.has_tag_name("testcase"))
            .count()
    };
    let failures = |node: Node<'_, '_>| {
        node.descendants()
            .filter(|node| node.has_tag_name("failure"))
            .count()
    };
    let mut told = 0;
    for suite in root
        .descendants()
        .filter(|node| node.has_tag_name("testsuite") || *node == root)
    {
        assert_eq!(suite.attribute("tests"), Some(&*tests(suite).to_string()));
        assert_eq!(
            suite.attribute("failures"),
            Some(&*failures(suite).to_string())
        );
    }
    let mut names = HashSet::new();
    for test in root
        .descendants()
        .filter(|node| node.has_tag_name("testcase"))
    {
        let name = (test.attribute("classname"), test.attribute("name"));
        assert!(names.insert(name), "two tests have one name: {name:?}");
        let is_drift = test
            .children()
            .any(|child| child.attribute("type") == Some("drift"));
        let says = test
            .children()
            .any(|child| child.is_element() && child.text().is_some_and(|text| !text.is_empty()));
        told += usize::from(says && !is_drift);
    }
    Ok(told)
}

/// Rows have as many cells as their table, outside of code is no markup, and the page is no longer than GitHub takes.
fn markdown(text: &str) -> Result<()> {
    assert!(text.encode_utf16().count() <= 65_536);
    for line in text.lines() {
        if line.starts_with('|') {
            assert_eq!(line.matches('|').count(), 5, "{line}");
        }
        let outside = outside_of_code(line).ok_or_else(|| format!("a span has no end: {line}"))?;
        let outside = outside.replace("<br>", "");
        assert!(!outside.contains(['<', '@', '\\', '!']), "{line}");
        assert!(!outside.contains("]("), "{line}");
    }
    Ok(())
}

/// A line of Markdown without its code spans; `None` where one has no end.
fn outside_of_code(line: &str) -> Option<String> {
    let mut outside = String::new();
    let mut rest = line;
    while let Some(start) = rest.find('`') {
        outside.push_str(&rest[..start]);
        let run = rest[start..].len() - rest[start..].trim_start_matches('`').len();
        rest = &rest[start + run..];
        // A span ends with the first run of as many backticks.
        loop {
            let found = rest.find('`')?;
            let length = rest[found..].len() - rest[found..].trim_start_matches('`').len();
            rest = &rest[found + length..];
            if length == run {
                break;
            }
        }
    }
    Some(outside + rest)
}
