//! Where findings are: the file, line and column that a user goes to, for values written in every way.

mod support;

use std::fs;

use serde_json::Value;
use support::{Folder, Result, run};

/// The findings of files: path, line, column and message, and the places that belong to them.
fn findings(files: &[(&str, &str)]) -> Result<Vec<String>> {
    let folder = Folder::new()?;
    for (path, text) in files {
        let path = folder.path.join(path);
        fs::create_dir_all(path.parent().ok_or("no folder")?)?;
        fs::write(path, text)?;
    }
    let run = run(&folder.path, &["validate", "--format", "json"])?;
    let report: Value = serde_json::from_str(&run.stdout)?;
    let place = |at: &Value| {
        let path = at["path"].as_str().unwrap_or("-");
        format!("{path}:{}:{}", at["line"], at["column"])
    };
    let findings = report["findings"].as_array().ok_or("no findings")?.iter();
    let findings = findings.filter(|found| found["severity"] == "error");
    Ok(findings
        .map(|found| {
            let mut text = format!("{} {}", place(found), found["code"].as_str().unwrap_or("-"));
            for related in found["related"].as_array().into_iter().flatten() {
                text = format!("{text} <- {}", place(related));
            }
            text
        })
        .collect())
}

const HEAD: &str = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: cart\n";

#[test]
fn a_value_that_a_placeholder_brings_is_found_in_its_file() -> Result<()> {
    let descriptor =
        format!("{HEAD}  links: {{$json: ./links.json}}\nspec:\n  $yaml: ../spec.yaml\n");
    let found = findings(&[
        (
            "cart/catalog-info.yaml",
            &descriptor.replace("./links.json", "./good.json"),
        ),
        ("cart/good.json", "[]"),
        (
            "spec.yaml",
            "# comment\ntype: service\nlifecycle:\n  - production\nowner: ''\n",
        ),
    ])?;
    assert_eq!(
        found,
        [
            "spec.yaml:3:1 invalid-spec <- cart/catalog-info.yaml:7:10",
            "spec.yaml:5:8 invalid-spec <- cart/catalog-info.yaml:7:10",
        ]
    );
    let found = findings(&[
        ("cart/catalog-info.yaml", &descriptor),
        (
            "cart/links.json",
            "[\n\t{\"title\": \"\\ud83d\\ude00 \\/\", \"url\": \"nowhere\"},\n\t{\"title\": \"x\"}\n]",
        ),
        (
            "spec.yaml",
            "type: service\nlifecycle: production\nowner: team\n",
        ),
    ])?;
    assert_eq!(
        found,
        [
            "cart/links.json:3:3 invalid-field <- cart/catalog-info.yaml:5:18",
            "cart/links.json:2:38 invalid-field <- cart/catalog-info.yaml:5:18",
        ]
    );
    Ok(())
}

#[test]
fn a_file_is_itself_and_what_is_included_from_it() -> Result<()> {
    // In included values placeholders are ordinary maps, in the descriptor they are none.
    let other = format!("{HEAD}spec:\n  type: {{$text: ./type.txt}}\n  lifecycle: x\n  owner: o\n");
    let found = findings(&[
        (
            "catalog-info.yaml",
            &format!(
                "{}spec: {{$yaml: other/catalog-info.yaml}}\n",
                HEAD.replace("cart", "box")
            ),
        ),
        ("other/catalog-info.yaml", &other),
        ("other/type.txt", ""),
    ])?;
    assert_eq!(
        found,
        [
            "other/catalog-info.yaml:1:1 invalid-spec <- catalog-info.yaml:5:15",
            "other/catalog-info.yaml:1:1 invalid-spec <- catalog-info.yaml:5:15",
            "other/catalog-info.yaml:1:1 invalid-spec <- catalog-info.yaml:5:15",
            "other/catalog-info.yaml:6:17 invalid-spec <- other/type.txt:null:null"
        ]
    );
    Ok(())
}

#[test]
fn a_text_that_a_placeholder_brings_is_found_at_the_address() -> Result<()> {
    let descriptor = format!(
        "{HEAD}  description: {{$text: ./a.txt}}\n  title:\n    $text: ./a.txt\nspec: {{type: x, lifecycle: x, owner: x}}\n"
    );
    let found = findings(&[("catalog-info.yaml", &descriptor), ("a.txt", "")])?;
    assert_eq!(
        found,
        ["catalog-info.yaml:7:12 invalid-field <- a.txt:null:null"]
    );
    Ok(())
}

#[test]
fn what_is_wrong_in_an_included_file_is_shown_there() -> Result<()> {
    for (placeholder, text, at) in [
        ("$yaml", "a: 1\nb: [x\nc: 2\n", "3:1"),
        ("$json", "{\"a\": 1,\n\"é\": [1, 2}", "2:11"),
    ] {
        let descriptor = format!("{HEAD}spec:\n  {placeholder}: ./a\n");
        let found = findings(&[("catalog-info.yaml", &descriptor), ("a", text)])?;
        assert_eq!(
            found,
            [format!(
                "catalog-info.yaml:6:{} unresolved-placeholder <- a:{at}",
                placeholder.len() + 5
            )]
        );
    }
    Ok(())
}

#[test]
fn descriptors_in_json() -> Result<()> {
    let text = "{\n\t\"apiVersion\": \"v1\",\n\t\"kind\": \"Component\",\n\t\"metadata\": {\"name\": \"a\", \"tags\": [\"ok\",\n\t\t\"No\"]},\n\t\"spec\": {}\n}\n";
    assert_eq!(
        findings(&[("catalog-info.json", text)])?,
        ["catalog-info.json:5:3 invalid-field"]
    );
    Ok(())
}

#[test]
fn the_right_document_with_marks_returns_and_tabs() -> Result<()> {
    let good = format!("{HEAD}spec: {{type: x, lifecycle: x, owner: x}}\n");
    let bad = good
        .replace("cart", "box")
        .replace("lifecycle: x", "\t \"lifecycle\":\t''");
    let text = format!("\u{feff}# é\n---\n{good}---\n---\n{bad}").replace('\n', "\r\n");
    assert_eq!(
        findings(&[("catalog-info.yaml", &text)])?,
        ["catalog-info.yaml:14:32 invalid-spec"]
    );
    Ok(())
}

/// What `validate` says about one descriptor, as text.
fn said(text: &str) -> Result<String> {
    let folder = Folder::new()?;
    fs::write(folder.path.join("catalog-info.yaml"), text)?;
    let run = run(&folder.path, &["validate"])?;
    Ok(run.stdout + &run.stderr)
}

#[test]
fn an_alias_is_shown_beside_its_anchor() -> Result<()> {
    let text =
        format!("{HEAD}  title: &x ''\n  etag: *x\nspec: {{type: x, lifecycle: x, owner: x}}\n");
    let said = said(&text)?;
    assert!(said.contains("[catalog-info.yaml:5:13]"), "{said}");
    assert_eq!(said.matches("used here").count(), 1, "{said}");
    Ok(())
}

#[test]
fn a_long_value_is_marked_on_its_first_line() -> Result<()> {
    let lines = "    line\n".repeat(30);
    let said = said(&format!("{HEAD}  namespace: |\n{lines}spec: {{type: x}}\n"))?;
    let excerpt: Vec<&str> = said
        .lines()
        .filter(|line| line.contains('│') && line.contains("line"))
        .collect();
    assert!(excerpt.len() <= 3, "{said}");
    assert!(said.contains("[catalog-info.yaml:5:14]"), "{said}");
    Ok(())
}

#[test]
fn remedies_of_documents_that_are_no_entities() -> Result<()> {
    let component = format!("{HEAD}spec:\n  type: x\n  lifecycle: x\n  owner: x\n");
    for (text, help) in [
        (
            "apiVersion backstage.io/v1alpha1\nkind Component\n",
            "a colon is missing after the key",
        ),
        (
            "kind:Component\nmetadata:x\n",
            "a space is missing after the colon",
        ),
        (
            "<html><body>Sign in</body></html>\n",
            "get the descriptor itself",
        ),
        (
            "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
            "found a key or a certificate",
        ),
        ("- kind: Component\n", "a document of its own"),
        (
            "apiVersion: 1\nkind: Component\n",
            "put quotes around it: `\"1\"`",
        ),
        (
            &component.replace("apiVersion", "apiversion"),
            "`apiversion` is probably meant",
        ),
        (
            &component.replace("  name:", "  nmae:"),
            "`metadata.nmae` is probably meant",
        ),
        (
            &component.replace("kind: C", "kind: c"),
            "did you mean `Component`?",
        ),
        (
            &component.replace("v1alpha1", "v1alpha"),
            "did you mean `backstage.io/v1alpha1`?",
        ),
        (
            &component.replace("spec:\n  type: x", "type: x\nspec:"),
            "`type` is a field of `spec`: indent it below",
        ),
        (
            &component.replace("spec:", "tags: [a]\nspec:"),
            "`tags` is a field of `metadata`: indent it below",
        ),
        (
            &component.replace("spec:", "specs:"),
            "did you mean `spec`?",
        ),
        (
            HEAD,
            "a Component needs `spec` with `type`, `lifecycle`, `owner`",
        ),
        (
            &component.replace("owner: x", "owner: 'a:'"),
            "a reference is `kind:namespace/name`",
        ),
        (
            &component.replace("  name: cart", "  name: cart\n  annotations: {$yaml: ./a}"),
            "use one for each value",
        ),
    ] {
        let said = said(text)?;
        let words = said.split(|char: char| char.is_whitespace() || char == '│');
        let line = words
            .filter(|word| !word.is_empty())
            .collect::<Vec<_>>()
            .join(" ");
        assert!(line.contains(help), "{help}\n{said}");
    }
    Ok(())
}
