//! Where findings are said to be: exact ends, the unit of columns, and paths as a host knows them.

use serde_json::{Value, json};

use crate::support::git::git;
use crate::support::{Folder, Result, run};

/// A finding whose place begins behind characters of two, three and four bytes, the last of them two UTF-16 units.
const WIDE: &str = "\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: cart}
spec: {type: \"é€𝄞\", owner: \"n😀body\", lifecycle: production}
";

fn told(folder: &Folder, arguments: &[&str]) -> Result<Value> {
    let told = run(&folder.path, &[&["validate"], arguments].concat())?;
    serde_json::from_str(&told.stdout).map_err(|_| told.shown().into())
}

#[test]
fn columns_count_characters_and_end_after_the_last() -> Result<()> {
    for (name, start) in [("plain", ""), ("marked", "\u{feff}")] {
        let folder = Folder::with([("catalog-info.yaml", format!("{start}{WIDE}").as_str())])?;
        let json = told(&folder, &["--format=json"])?;
        let finding = &json["findings"][0];
        let keys = ["line", "column", "endLine", "endColumn"];
        assert_eq!(
            keys.map(|key| finding[key].clone()),
            [4, 28, 4, 36].map(Value::from),
            "{name}: {json:#}"
        );
        let sarif = told(&folder, &["--format=sarif"])?;
        let run = &sarif["runs"][0];
        assert_eq!(run["columnKind"], "unicodeCodePoints");
        assert_eq!(
            run["results"][0]["locations"][0]["physicalLocation"]["region"],
            json!({"startLine": 4, "startColumn": 28, "endLine": 4, "endColumn": 36}),
            "{name}"
        );
        let gitlab = told(&folder, &["--format=gitlab"])?;
        assert_eq!(
            gitlab[0]["location"]["lines"],
            json!({"begin": 4, "end": 4})
        );
    }
    // The column of the first line is that of the text, not of the mark before it.
    let folder = Folder::with([("catalog-info.yaml", "\u{feff}kind: [\n")])?;
    let json = told(&folder, &["--format=json"])?;
    let unmarked = Folder::with([("catalog-info.yaml", "kind: [\n")])?;
    let expected = told(&unmarked, &["--format=json"])?;
    assert_eq!(
        json["findings"][0]["column"],
        expected["findings"][0]["column"]
    );
    Ok(())
}

#[test]
fn hosts_know_files_from_the_top_of_their_repository() -> Result<()> {
    let folder = Folder::with([
        ("services/a b/catalog-info.yaml", WIDE),
        ("libraries/catalog-info.yaml", "kind: Component\n"),
    ])?;
    git(&folder.path, &["init", "-q", "-b", "main"])?;
    let services = folder.path.join("services");
    for (cwd, roots) in [
        (&folder.path, &["."][..]),
        (&services, &["../libraries", "."]),
        (&services, &[folder.path.join("libraries").as_str(), "a b"]),
    ] {
        let path = |format: &str, pointer: &str| -> Result<Vec<String>> {
            let arguments = [&["validate", "--format", format][..], roots].concat();
            let told = run(cwd, &arguments)?;
            let report: Value = serde_json::from_str(&told.stdout)?;
            let list = if format == "gitlab" {
                &report
            } else {
                &report["runs"][0]["results"]
            };
            let paths = list.as_array().ok_or("no list")?.iter();
            let paths =
                paths.filter_map(|found| Some(found.pointer(pointer)?.as_str()?.to_owned()));
            Ok(paths.collect())
        };
        let paths = path("gitlab", "/location/path")?;
        assert!(
            paths.contains(&"services/a b/catalog-info.yaml".to_owned()),
            "{roots:?} {paths:?}"
        );
        assert!(
            paths.contains(&"libraries/catalog-info.yaml".to_owned()),
            "{roots:?} {paths:?}"
        );
        let paths = path(
            "sarif",
            "/locations/0/physicalLocation/artifactLocation/uri",
        )?;
        assert!(
            paths.contains(&"services/a%20b/catalog-info.yaml".to_owned()),
            "{roots:?} {paths:?}"
        );
        assert!(
            paths.contains(&"libraries/catalog-info.yaml".to_owned()),
            "{roots:?} {paths:?}"
        );
    }
    Ok(())
}

#[test]
fn what_is_about_the_whole_run_has_no_place() -> Result<()> {
    let group = "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {name: checkout}\nspec: {type: team, children: []}\n";
    let many = |count: usize| {
        let documents =
            (0..count).map(|number| group.replace("checkout", &format!("team-{number}")));
        documents.collect::<Vec<_>>().join("---\n")
    };
    let folder = Folder::with([("catalog-info.yaml", many(20).as_str())])?;
    run(&folder.path, &["convert"])?;
    folder.write("catalog-info.yaml", &many(1))?;
    let told = |format: &str| run(&folder.path, &["convert", "--format", format]);
    let sarif: Value = serde_json::from_str(&told("sarif")?.stdout)?;
    let notifications = &sarif["runs"][0]["invocations"][0]["toolExecutionNotifications"];
    assert_eq!(
        notifications[0]["associatedRule"]["id"], "too-many-removals",
        "{sarif:#}"
    );
    assert_eq!(notifications[0]["level"], "error");
    let gitlab: Value = serde_json::from_str(&told("gitlab")?.stdout)?;
    assert_eq!(
        gitlab[0]["location"],
        json!({"path": ".", "lines": {"begin": 1}})
    );
    let compact = told("compact")?.stdout;
    assert!(
        compact.starts_with("error[too-many-removals] "),
        "{compact}"
    );
    let markdown = told("markdown")?.stdout;
    assert!(markdown.contains("#### The run as a whole\n"), "{markdown}");
    Ok(())
}
