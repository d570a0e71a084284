//! `diff`: what differs by entity, between the work tree, revisions and descriptors.

mod support;

use std::fs;

use serde_json::Value;
use support::git::{commit, git};
use support::{Folder, Result, Run, run};

fn component(name: &str, lifecycle: &str) -> String {
    format!(
        "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: {name}\nspec:\n  type: service\n  \
         lifecycle: {lifecycle}\n  owner: group:team\n"
    )
}

fn diff(folder: &Folder, arguments: &[&str], code: i32) -> Result<Run> {
    let run = run(&folder.path, &[&["diff", "-q"], arguments].concat())?;
    assert_eq!(run.code, code, "{}", run.shown());
    Ok(run)
}

/// A repository with manifests of `kept`, `changed` and `gone`, committed as `v1`. Since then one changed, one is gone and
/// one is new; the manifests are not written again.
fn repository() -> Result<Folder> {
    let folder = Folder::with([
        ("kept/catalog-info.yaml", &*component("kept", "production")),
        (
            "changed/catalog-info.yaml",
            &component("changed", "production"),
        ),
        ("gone/catalog-info.yaml", &component("gone", "production")),
    ])?;
    git(&folder.path, &["init", "-q", "-b", "main"])?;
    assert_eq!(run(&folder.path, &["convert", "-q"])?.code, 0);
    commit(&folder.path)?;
    git(&folder.path, &["tag", "v1"])?;
    folder.write(
        "changed/catalog-info.yaml",
        &component("changed", "deprecated"),
    )?;
    folder.write("new/catalog-info.yaml", &component("new", "experimental"))?;
    fs::remove_dir_all(folder.path.join("gone"))?;
    Ok(folder)
}

const EXPECTED: &str = "~ component changed\n    properties.lifecycle: \"production\" -> \"deprecated\"\n- component \
                        gone\n+ component new\n! component new: owningGroup leads to group team, which does not exist\n";

#[test]
fn manifests_are_compared_with_what_the_descriptors_say_now() -> Result<()> {
    let folder = repository()?;
    // `gone` left with its folder, so only a revision still has it.
    let here = diff(&folder, &[], 0)?;
    assert!(
        here.stdout.contains("+ component new\n"),
        "{}",
        here.shown()
    );
    assert!(!here.stdout.contains("gone"), "{}", here.shown());
    let since = diff(&folder, &["--from", "v1", "--exit-code"], 1)?;
    assert!(since.stdout.starts_with(EXPECTED), "{}", since.shown());
    assert!(
        since
            .stdout
            .contains("1 entity added, 1 changed, 1 removed"),
        "{}",
        since.shown()
    );

    assert_eq!(run(&folder.path, &["convert", "-q"])?.code, 0);
    let same = diff(&folder, &["--exit-code"], 0)?;
    assert_eq!(same.stdout, "No changes.\n");
    Ok(())
}

#[test]
fn revisions_and_branches_are_compared_by_their_manifests() -> Result<()> {
    let folder = repository()?;
    assert_eq!(run(&folder.path, &["convert", "-q"])?.code, 0);
    commit(&folder.path)?;
    let between = diff(&folder, &["--from", "v1", "--to", "main"], 0)?;
    assert!(between.stdout.starts_with(EXPECTED), "{}", between.shown());
    let back = diff(&folder, &["--from", "main", "--to", "v1"], 0)?;
    assert!(
        back.stdout.starts_with("~ component changed\n"),
        "{}",
        back.shown()
    );

    folder.write("more/catalog-info.yaml", &component("more", "production"))?;
    commit(&folder.path)?;
    assert_eq!(
        run(
            &folder.path,
            &["publish", "-q", "--author", "A <a@example.com>"]
        )?
        .code,
        0
    );
    let branch = diff(
        &folder,
        &["--from", "main", "--to", "backstage2port/manifests"],
        0,
    )?;
    assert!(
        branch.stdout.starts_with("+ component more\n! "),
        "{}",
        branch.shown()
    );
    Ok(())
}

#[test]
fn descriptors_are_compared_where_no_manifests_are_kept() -> Result<()> {
    let folder = Folder::with([("catalog-info.yaml", &*component("shop", "production"))])?;
    git(&folder.path, &["init", "-q", "-b", "main"])?;
    commit(&folder.path)?;
    folder.write("catalog-info.yaml", &component("shop", "deprecated"))?;
    let run = diff(&folder, &["--from", "HEAD", "--converted"], 0)?;
    assert_eq!(
        run.stdout,
        "~ component shop\n    properties.lifecycle: \"production\" -> \"deprecated\"\n1 entity changed.\n"
    );
    Ok(())
}

#[test]
fn programs_and_comments_get_their_own_form() -> Result<()> {
    let folder = repository()?;
    let json = diff(&folder, &["--from", "v1", "--format", "json"], 0)?;
    let report: Value = serde_json::from_str(&json.stdout)?;
    assert_eq!(report["version"], 1);
    assert_eq!(report["entities"]["changed"][0]["identifier"], "changed");
    assert_eq!(
        report["entities"]["changed"][0]["fields"][0]["after"],
        "deprecated"
    );
    let markdown = diff(&folder, &["--from", "v1", "--format", "markdown"], 0)?;
    assert!(markdown.stdout.contains("`gone`"), "{}", markdown.shown());
    Ok(())
}

#[test]
fn what_cannot_be_compared_is_told() -> Result<()> {
    let folder = repository()?;
    let unknown = run(&folder.path, &["diff", "--from", "v7"])?;
    assert_eq!(unknown.code, 2, "{}", unknown.shown());
    assert!(
        unknown.stderr.contains("no such branch, tag or commit"),
        "{}",
        unknown.shown()
    );
    let converted = run(&folder.path, &["diff", "--converted"])?;
    assert_eq!(converted.code, 2, "{}", converted.shown());
    let elsewhere = Folder::with([("catalog-info.yaml", &*component("a", "production"))])?;
    let none = run(&elsewhere.path, &["diff", "--from", "HEAD"])?;
    assert_eq!(none.code, 2, "{}", none.shown());
    assert!(
        none.stderr.contains("no git repository"),
        "{}",
        none.shown()
    );
    Ok(())
}
