//! What counts of the findings: comments that ignore them, baselines, and what `explain` says about codes.

mod support;

use std::collections::BTreeMap;
use std::fs;

use backstage2port::diagnostic::{Code, Severity, Stage};
use backstage2port::judge::{self, Judged, Level, Rules};
use backstage2port::source::Excerpt;
use backstage2port::{Reading, catalog};
use camino::Utf8Path;
use proptest::prelude::*;
use serde_json::Value;
use support::{Folder, Result, inputs, run};

const NAME: &str = "catalog-info.yaml";

/// A component with two relations that lead nowhere.
const DANGLING: &str = "apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: shop
spec:
  type: service
  lifecycle: production
  system: nobody
  dependsOn:
    - resource:nothing
  owner: user:development/guest
";

fn read(root: &Utf8Path) -> Result<Reading> {
    Ok(catalog(inputs(root)?)?)
}

fn judged(reading: &mut Reading, rules: &Rules) -> Judged {
    let Reading {
        diagnostics,
        sources,
        ..
    } = reading;
    judge::findings(diagnostics, sources, rules, Stage::Catalog)
}

/// What is told of one file, as `code:line`, and how many findings a comment ignores.
fn told(text: &str) -> Result<(Vec<String>, usize)> {
    let folder = Folder::with([(NAME, text)])?;
    let mut reading = read(&folder.path)?;
    let judged = judged(&mut reading, &Rules::default());
    let lines = lines(&reading)?.into_iter();
    let told = lines.map(|(line, code)| format!("{code}:{line}")).collect();
    Ok((told, judged.ignored))
}

/// The lines of the findings, from 1, with their codes.
fn lines(reading: &Reading) -> Result<Vec<(usize, Code)>> {
    let mut lines = Vec::new();
    for found in reading.diagnostics.iter() {
        let location = found.location.as_ref().ok_or("no place")?;
        let excerpt = Excerpt::of(&reading.sources, location.file)?;
        let start = excerpt.span(&location.place).map_or(0, |span| span.start);
        let line = excerpt.text()[..start].matches('\n').count() + 1;
        lines.push((line, found.code));
    }
    lines.sort();
    Ok(lines)
}

#[test]
fn a_comment_ignores_findings_of_its_line_or_the_next() -> Result<()> {
    let owner = "  system: nobody\n";
    let plain = told(DANGLING)?;
    assert!(
        plain.0.contains(&"dangling-relation:8".to_owned()) && plain.1 == 0,
        "{plain:?}"
    );
    let ignore = "# backstage2port: ignore[dangling-relation]";
    for replaced in [
        format!("  system: nobody {ignore} why\n"),
        "  system: nobody #backstage2port:ignore[ dangling-relation ,] why\n".to_owned(),
        format!("  system: nobody # noqa {ignore}\n"),
        format!("  {ignore} why\n{owner}"),
        format!("{ignore}\n\n  # more\n{owner}"),
        format!("  {ignore}\n  # backstage2port: ignore[unused-ignore]\n{owner}"),
        format!("  system: >- {ignore}\n    nobody\n"),
        format!("  {ignore}\n  system: >-\n    nobody\n"),
        format!("  system:\n    {ignore}\n    nobody\n"),
    ] {
        let (told, ignored) = told(&DANGLING.replace(owner, &replaced))?;
        let code = |code: &str| told.iter().filter(|told| told.starts_with(code)).count();
        assert_eq!(
            (code("dangling-relation"), code("unused-ignore"), ignored),
            (1, 0, 1),
            "{replaced}\n{told:?}"
        );
    }
    Ok(())
}

#[test]
fn a_text_that_looks_like_a_comment_ignores_nothing() -> Result<()> {
    for text in [
        "  system: \"nobody # backstage2port: ignore[dangling-relation]\"\n",
        "  system: nobody#backstage2port:ignore[dangling-relation]\n",
        "  system: nobody\n  note: |\n    # backstage2port: ignore[dangling-relation]\n",
        "  system: nobody # see backstage2port: ignore[dangling-relation]\n",
        "  system: nobody # backstage2port: made of this, among others\n",
    ] {
        let (told, ignored) = told(&DANGLING.replace("  system: nobody\n", text))?;
        assert_eq!(ignored, 0, "{text}{told:?}");
        assert!(
            !told.iter().any(|told| told.contains("ignore")),
            "{text}{told:?}"
        );
    }
    Ok(())
}

#[test]
fn a_comment_above_a_document_is_about_its_first_line() -> Result<()> {
    let custom = "apiVersion: acme.example/v1\nkind: Dashboard\nmetadata:\n  name: shop\n";
    let ignore = "# backstage2port: ignore[custom-kind] ours\n";
    let (plain, _) = told(custom)?;
    assert!(
        plain.iter().any(|told| told.starts_with("custom-kind")),
        "{plain:?}"
    );
    let file = "# backstage2port: ignore-file[custom-kind] ours\n";
    for text in [
        format!("{ignore}{custom}"),
        format!("{ignore}---\n{custom}"),
        format!("---\n{ignore}{custom}"),
        format!("--- {ignore}{custom}"),
        format!("{custom}{file}"),
        format!("a: b\n---\n{file}{custom}---\n{custom}"),
    ] {
        // The finding is at the kind or at the document, which is the line of the comment or the one after.
        let text = text.replace(
            "apiVersion: acme.example/v1\nkind: Dashboard\n",
            "kind: Dashboard\napiVersion: acme.example/v1\n",
        );
        let (told, ignored) = told(&text)?;
        assert!(
            !told.iter().any(|told| told.starts_with("custom-kind")),
            "{text}{told:?}"
        );
        assert!(
            ignored > 0 && !told.iter().any(|told| told.contains("ignore")),
            "{text}{told:?}"
        );
    }
    Ok(())
}

#[test]
fn comments_that_say_nothing_are_told() -> Result<()> {
    for (comment, code, words) in [
        (
            "ignore[wrong-kind]",
            "unused-ignore",
            "`wrong-kind` is not found here",
        ),
        (
            "ignore-file[wrong-kind]",
            "unused-ignore",
            "`wrong-kind` is not found in this file",
        ),
        (
            "ignore[dangling-relations]",
            "invalid-ignore",
            "did you mean `dangling-relation`?",
        ),
        (
            "ignore[x]",
            "invalid-ignore",
            "`backstage2port explain` lists all codes",
        ),
        (
            "ignore[foreign-manifest]",
            "invalid-ignore",
            "no comment can ignore `foreign-manifest`",
        ),
        (
            "ignore",
            "invalid-ignore",
            "what is found there is ignored by `[",
        ),
        ("ignore[]", "invalid-ignore", "names no code"),
        ("ignore [ , ]", "invalid-ignore", "names no code"),
        (
            "ignore[dangling-relation",
            "invalid-ignore",
            "is not closed",
        ),
        (
            "ignroe[dangling-relation]",
            "invalid-ignore",
            "did you mean `ignore`?",
        ),
        (
            "disable[dangling-relation]",
            "invalid-ignore",
            "`ignore-file[code]` of a file",
        ),
    ] {
        let owner = format!("system: nobody # backstage2port: {comment}\n");
        let folder = Folder::with([(NAME, DANGLING.replace("system: nobody\n", &owner).as_str())])?;
        let run = run(&folder.path, &["validate"])?;
        assert!(
            run.stdout.contains(&format!("warning[{code}]")),
            "{comment}: {}",
            run.shown()
        );
        // The snippets may break lines.
        let flat = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(words), "{comment}: {}", run.shown());
        assert!(
            run.stdout.contains("[dangling-relation]"),
            "{comment}: {}",
            run.shown()
        );
    }
    Ok(())
}

#[test]
fn a_comment_in_the_wrong_line_hears_of_the_right_one() -> Result<()> {
    let text = DANGLING.replace(
        "spec:\n",
        "spec: # backstage2port: ignore[dangling-relation]\n",
    );
    let folder = Folder::with([(NAME, text.as_str())])?;
    let run = run(&folder.path, &["validate"])?;
    assert!(
        run.stdout.contains("it is found at line 8"),
        "{}",
        run.shown()
    );
    Ok(())
}

#[test]
fn what_a_command_does_not_look_for_is_not_unused() -> Result<()> {
    let text = DANGLING.replace(
        "name: shop",
        "name: shop # backstage2port: ignore[unknown-icon]",
    );
    let folder = Folder::with([(NAME, text.as_str())])?;
    let validated = run(&folder.path, &["validate"])?;
    assert!(
        !validated.stdout.contains("unused-ignore"),
        "{}",
        validated.shown()
    );
    let converted = run(&folder.path, &["convert", "--dry-run"])?;
    assert!(
        converted.stderr.contains("unused-ignore"),
        "{}",
        converted.shown()
    );
    Ok(())
}

#[test]
fn an_ignored_error_still_costs_its_entity() -> Result<()> {
    let broken = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  \
                  name: shop\n  title: 1 # backstage2port: ignore[invalid-field] later\n\
                  spec: {type: service, lifecycle: production, owner: team}\n";
    let folder = Folder::with([(NAME, broken)])?;
    let validated = run(&folder.path, &["validate"])?;
    assert_eq!(validated.code, 0, "{}", validated.shown());
    let shown = &validated.stdout;
    assert!(
        shown.contains("Ignored 1 finding by comments."),
        "{}",
        validated.shown()
    );
    assert!(
        shown.contains("with 1 document: 0 entities"),
        "{}",
        validated.shown()
    );
    let report = run(&folder.path, &["validate", "--format", "json"])?;
    let report: Value = serde_json::from_str(&report.stdout)?;
    assert_eq!(report["summary"]["ignored"], 1);
    assert_eq!(report["findings"], Value::Array(Vec::new()));
    Ok(())
}

#[test]
fn the_summary_counts_documents_whatever_is_ignored() -> Result<()> {
    let one = "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata:\n  name: team\n\
               spec: {type: team, children: []}\n";
    let ignore = "# backstage2port: ignore-file[identical-duplicate]\n";
    let folder = Folder::with([(NAME, format!("{ignore}{one}---\n{one}").as_str())])?;
    let run = run(&folder.path, &["validate"])?;
    assert!(
        run.stdout
            .contains("Left out 1 document of entities that another one defines."),
        "{}",
        run.shown()
    );
    assert!(
        run.stdout.contains("Ignored 1 finding by comments."),
        "{}",
        run.shown()
    );
    Ok(())
}

#[test]
fn severities_are_those_of_the_user() -> Result<()> {
    let text = DANGLING.replace(
        "- resource:nothing",
        "- resource:nothing # backstage2port: ignore[dangling-relation]",
    );
    let folder = Folder::with([(NAME, text.as_str())])?;
    for (level, expected) in [
        (Level::Off, None),
        (Level::At(Severity::Error), Some(Severity::Error)),
        (Level::At(Severity::Note), Some(Severity::Note)),
    ] {
        let mut reading = read(&folder.path)?;
        let rules = Rules {
            severities: [(Code::DanglingRelation, level)].into(),
            ..Rules::default()
        };
        let judged = judged(&mut reading, &rules);
        let mut found = reading.diagnostics.iter();
        let found = found.find(|found| found.code == Code::DanglingRelation);
        assert_eq!(found.map(|found| found.severity), expected);
        // A comment for a code that is off is of use, and counts for nothing.
        assert_eq!(judged.ignored, usize::from(level != Level::Off));
        assert!(
            !reading
                .diagnostics
                .iter()
                .any(|found| found.code == Code::UnusedIgnore)
        );
    }
    Ok(())
}

#[test]
fn a_baseline_hides_what_was_there_and_nothing_else() -> Result<()> {
    let folder = Folder::with([(NAME, DANGLING)])?;
    let validate = |more: &[&str]| {
        run(
            &folder.path,
            &[&["validate", "--fail-on", "note"], more].concat(),
        )
    };
    let written = validate(&["--write-baseline", "sins/old.json"])?;
    assert_eq!(written.code, 0, "{}", written.shown());
    assert!(
        written.stderr.contains("findings to sins/old.json"),
        "{}",
        written.shown()
    );
    assert!(
        written.stdout.starts_with("Read 1 file"),
        "{}",
        written.shown()
    );
    let baseline = fs::read_to_string(folder.path.join("sins/old.json"))?;
    let json: Value = serde_json::from_str(&baseline)?;
    let findings = json["findings"].as_array().ok_or("no findings")?;
    assert_eq!(json["version"], 1);
    assert_eq!(baseline.lines().count(), findings.len() + 5, "{baseline}");
    assert!(
        findings
            .iter()
            .any(|found| found["code"] == "dangling-relation" && found["path"] == NAME)
    );

    // Lines move, and another file comes before this one.
    folder.write(NAME, &DANGLING.replace("metadata:", "# more\n\nmetadata:"))?;
    folder.write("a/catalog-info.yaml", "apiVersion: backstage.io/v1alpha1\nkind: Domain\nmetadata: {name: all}\nspec: {owner: user:development/guest, subdomainOf: us}\n")?;
    let same = ["--baseline", "sins/old.json"];
    let more = validate(&same)?;
    assert_eq!(more.code, 1, "{}", more.shown());
    assert!(
        more.stdout
            .contains(&format!("Left out {} finding", findings.len())),
        "{}",
        more.shown()
    );
    assert!(!more.stdout.contains("gone"), "{}", more.shown());
    assert!(
        more.stdout.contains("Found 0 errors, 1 warning"),
        "{}",
        more.shown()
    );

    // A sin that is gone.
    fs::remove_file(folder.path.join("a/catalog-info.yaml"))?;
    folder.write(
        NAME,
        &DANGLING.replace("  dependsOn:\n    - resource:nothing\n", ""),
    )?;
    let less = validate(&same)?;
    assert_eq!(less.code, 0, "{}", less.shown());
    assert!(
        less.stdout.contains("Of the baseline 1 finding is gone"),
        "{}",
        less.shown()
    );

    // What was written once is written again.
    folder.write(NAME, DANGLING)?;
    validate(&["--write-baseline", "again.json", "--baseline", "none.json"])?;
    assert_eq!(
        fs::read_to_string(folder.path.join("again.json"))?,
        baseline
    );
    Ok(())
}

#[test]
fn equal_findings_are_known_one_by_one() -> Result<()> {
    let bad = |n: usize| format!("a: b: c\n{}", "---\na: b: c\n".repeat(n - 1));
    let folder = Folder::with([(NAME, bad(1).as_str())])?;
    run(&folder.path, &["validate", "--write-baseline", "old.json"])?;
    folder.write(NAME, &bad(2))?;
    let run = run(&folder.path, &["validate", "--baseline", "old.json"])?;
    assert_eq!(run.code, 1, "{}", run.shown());
    assert!(run.stdout.contains("Found 1 error,"), "{}", run.shown());
    assert!(
        run.stdout.contains("Left out 1 finding of the baseline."),
        "{}",
        run.shown()
    );
    Ok(())
}

#[test]
fn a_baseline_of_a_conversion_fits_other_commands() -> Result<()> {
    let text = DANGLING.replace(
        "name: shop\n",
        "name: shop\n  annotations: {port.io/icon: Nothing}\n",
    );
    let folder = Folder::with([(NAME, text.as_str())])?;
    let written = run(&folder.path, &["convert", "--write-baseline", "old.json"])?;
    assert_eq!(written.code, 0, "{}", written.shown());
    let baseline = fs::read_to_string(folder.path.join("old.json"))?;
    assert!(baseline.contains("unknown-icon"), "{baseline}");
    for command in [
        &["validate"][..],
        &["convert", "--check"],
        &["diff"],
        &["catalog"],
    ] {
        let run = run(
            &folder.path,
            &[command, &["--baseline", "old.json", "--fail-on", "note"]].concat(),
        )?;
        assert_eq!(run.code, 0, "{}", run.shown());
        assert!(
            !run.stdout.contains("gone") && !run.stderr.contains("gone"),
            "{}",
            run.shown()
        );
    }
    Ok(())
}

#[test]
fn what_a_run_did_not_do_is_in_no_baseline() -> Result<()> {
    let folder = Folder::with([(NAME, DANGLING), ("port.yml", "mine: true\n")])?;
    let written = run(&folder.path, &["convert", "--write-baseline", "old.json"])?;
    assert_eq!(written.code, 1, "{}", written.shown());
    assert!(
        written.stderr.contains("error[foreign-manifest]"),
        "{}",
        written.shown()
    );
    assert!(!fs::read_to_string(folder.path.join("old.json"))?.contains("foreign"));
    Ok(())
}

#[test]
fn a_broken_baseline_stops_the_run_before_anything_is_written() -> Result<()> {
    let folder = Folder::with([(NAME, DANGLING)])?;
    for (text, words) in [
        (None, "which `--write-baseline old.json` makes"),
        (Some("<<<<<<< ours"), "line 1"),
        (Some("{\"version\": 2, \"findings\": {}}"), "version 2"),
        (Some("{\"version\": 1}"), "findings"),
    ] {
        if let Some(text) = text {
            folder.write("old.json", text)?;
        }
        let run = run(&folder.path, &["convert", "--baseline", "old.json"])?;
        assert_eq!(run.code, 2, "{}", run.shown());
        assert!(
            run.stderr.contains(words) && run.stderr.contains("--write-baseline old.json"),
            "{}",
            run.shown()
        );
        assert!(!folder.path.join("port.yml").exists());
    }
    Ok(())
}

#[test]
fn explain_tells_about_codes_without_reading_anything() -> Result<()> {
    let folder = Folder::new()?;
    let page = run(&folder.path, &["explain", "unused-ignore"])?;
    assert_eq!(page.code, 0, "{}", page.shown());
    assert!(
        page.stdout
            .starts_with("# unused-ignore\n\nA comment ignores"),
        "{}",
        page.shown()
    );
    assert!(
        page.stdout.contains("    $ backstage2port validate"),
        "{}",
        page.shown()
    );
    assert!(
        !page.stdout.contains("<!--") && !page.stdout.contains("```"),
        "{}",
        page.shown()
    );
    let all = run(&folder.path, &["explain"])?;
    assert_eq!(all.code, 0, "{}", all.shown());
    for code in Code::ALL {
        assert!(all.stdout.contains(code.summary()), "{code}");
    }
    let near = run(&folder.path, &["explain", "dangling-relations"])?;
    assert_eq!(near.code, 2, "{}", near.shown());
    assert!(
        near.stderr
            .contains("did you mean the code `dangling-relation`?"),
        "{}",
        near.shown()
    );
    let entity = run(&folder.path, &["explain", "component:dangling-relations"])?;
    assert_eq!(entity.code, 3, "{}", entity.shown());
    Ok(())
}

#[test]
fn an_entity_that_is_called_like_a_code_is_written_with_its_kind() -> Result<()> {
    let folder = Folder::with([(
        NAME,
        DANGLING.replace("name: shop", "name: skeleton").as_str(),
    )])?;
    let code = run(&folder.path, &["explain", "skeleton"])?;
    assert!(code.stdout.starts_with("# skeleton\n"), "{}", code.shown());
    let entity = run(&folder.path, &["explain", "component:skeleton"])?;
    assert!(
        entity.stdout.starts_with("Component:default/skeleton"),
        "{}",
        entity.shown()
    );
    let near = run(&folder.path, &["explain", "skeletons"])?;
    assert!(
        near.stderr.contains("did you mean the code `skeleton`?"),
        "{}",
        near.shown()
    );
    Ok(())
}

/// Lines of a descriptor, good ones and bad ones, and comments of every sort.
const LINES: &[&str] = &[
    "  title: 1",
    "  tags: [A B]",
    "  namespace: default",
    "  annotations: {a: 1}",
    "  links: [{url: 'x y'}]",
    "extra: true",
    "# backstage2port: ignore[invalid-field]",
    "  # backstage2port: ignore[invalid-field, nothing]",
    "# backstage2port: ignore",
    "# backstage2port: ignore-file[unknown-root-field]",
    "\u{feff}# backstage2port: ignore[",
    "%# backstage2port: ignore[é]",
    "    # backstage2port: ignroe]",
    "# plain",
    "",
    "---",
    "'",
];

fn document(lines: &[&str]) -> String {
    let spec = "spec:\n  type: service\n  lifecycle: production\n  owner: user:development/guest\n  system: nobody";
    let lines = lines.join("\n");
    format!(
        "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: shop\n{lines}\n{spec}\n"
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn any_comments_can_be_read(lines in proptest::collection::vec(proptest::sample::select(LINES), 0..8)) {
        let fault = |error: Box<dyn std::error::Error>| TestCaseError::fail(error.to_string());
        told(&document(&lines)).map_err(fault)?;
    }

    #[test]
    fn what_is_ignored_is_gone_and_nothing_is_unused(
        lines in proptest::collection::vec(proptest::sample::select(&LINES[..6]), 0..4),
        is_inline in any::<bool>(),
    ) {
        let fault = |error: Box<dyn std::error::Error>| TestCaseError::fail(error.to_string());
        let text = document(&lines);
        let folder = Folder::with([(NAME, text.as_str())]).map_err(fault)?;
        let reading = read(&folder.path).map_err(fault)?;
        // A comment ends a text without quotes, so it may change what is wrong with a broken document.
        prop_assume!(reading.diagnostics.iter().all(|found| found.code != Code::YamlSyntax));
        let all = reading.diagnostics.iter().len();
        let mut codes: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
        for (line, code) in self::lines(&reading).map_err(fault)? {
            codes.entry(line).or_default().push(code.id());
        }
        let mut ignoring = String::new();
        for (index, line) in text.lines().enumerate() {
            let ignore = codes.get(&(index + 1)).map(|codes| {
                format!("# backstage2port: ignore[{}]", codes.join(", "))
            });
            let lines = match &ignore {
                Some(ignore) if is_inline => [line, " ", ignore, "\n"],
                Some(ignore) => [ignore, "\n", line, "\n"],
                None => [line, "\n", "", ""],
            };
            ignoring.extend(lines);
        }
        prop_assert_eq!(told(&ignoring).map_err(fault)?, (Vec::new(), all), "{}", ignoring);
    }
}
