//! What a run says, writes for others to read, and ends with.

use serde_json::{Value, json};

use crate::case::{CART, Case, component, ended, has, has_not, plain};
use crate::support::Result;

/// The object about the branch, in the report of a run.
fn told(case: &Case, arguments: &[&str]) -> Result<Value> {
    let arguments = [arguments, &["--format", "json"]].concat();
    let run = case.publish(&arguments)?;
    assert_eq!(run.code, 0, "{}", run.shown());
    let report: Value = serde_json::from_str(&run.stdout)?;
    Ok(report["publish"].clone())
}

#[test]
fn programs_are_told_what_became_of_the_branch() -> Result<()> {
    let case = Case::new()?;
    let (branch, none) = ("backstage2port/manifests", Value::Null);
    let status = |status: &str, commit: &Value| json!({"status": status, "branch": branch, "commit": commit});
    assert_eq!(told(&case, &["--dry-run"])?, status("would-commit", &none));
    assert!(case.tip().is_none());
    let committed = told(&case, &[])?;
    let commit = json!(case.id(branch)?);
    assert_eq!(committed, status("committed", &commit));
    assert_eq!(told(&case, &[])?, status("unchanged", &commit));
    case.merge()?;
    assert_eq!(told(&case, &[])?, status("nothing", &none));
    let other = told(&case, &["--branch", "backstage2port/other", "--compact"])?;
    assert_eq!(other["branch"], "backstage2port/other");
    Ok(())
}

#[test]
fn steps_of_a_workflow_are_told_by_outputs() -> Result<()> {
    let case = Case::new()?;
    let out = case.path("output");
    let report = format!("github-output={out}");
    for (arguments, changed, status) in [
        (&["--dry-run"][..], 6, "would-commit"),
        (&[], 6, "committed"),
        (&[], 6, "unchanged"),
    ] {
        let arguments = [arguments, &["--report", &report]].concat();
        let run = case.publish(&arguments)?;
        assert_eq!(run.code, 0, "{}", run.shown());
        let commit = if status == "would-commit" {
            String::new()
        } else {
            case.id("backstage2port/manifests")?
        };
        assert_eq!(
            std::fs::read_to_string(&out)?,
            format!(
                "entities=3\nerrors=0\nwarnings=0\nnotes=0\nchanged-manifests={changed}\nstatus={status}\n\
                 branch=backstage2port/manifests\ncommit={commit}\n"
            )
        );
    }
    Ok(())
}

#[test]
fn a_dry_run_moves_nothing_and_writes_no_object() -> Result<()> {
    let case = Case::new()?;
    let before = crate::support::tree(&case.shop)?;
    let body = case.path("body.md");
    case.stays(
        &["--dry-run", "--pr-body", body.as_str()],
        0,
        "Would commit to backstage2port/manifests: 6 manifests: 6 new, 0 changed, 0 deleted.",
    )?;
    assert!(crate::support::tree(&case.shop)? == before);
    has(&std::fs::read_to_string(&body)?, "3 entities added");
    Ok(())
}

#[test]
fn the_pull_request_says_what_changes() -> Result<()> {
    let case = Case::new()?;
    let file = case.path("body.md");
    let body = |arguments: &[&str]| -> Result<String> {
        let arguments = [arguments, &["--pr-body", file.as_str()]].concat();
        let run = case.publish(&arguments)?;
        assert_eq!(run.code, 0, "{}", run.shown());
        Ok(std::fs::read_to_string(&file)?)
    };
    let first = body(&[])?;
    has(&first, "3 entities added in 6 files. 2 blueprints added.");
    has(&first, "```mermaid\nflowchart LR\n");
    // An unchanged branch has the same text: whoever lost it gets it again.
    assert_eq!(body(&[])?, first);
    case.merge()?;
    std::fs::remove_file(&file)?;
    let run = case.publish(&["--pr-body", file.as_str()])?;
    ended(&run, 0, "Nothing to publish");
    assert!(!file.exists(), "there is no pull request to describe");

    case.write(
        "services/cart/catalog-info.yaml",
        &component("cart", "changed"),
    )?;
    case.write("services/new/catalog-info.yaml", &plain("new"))?;
    std::fs::remove_file(case.shop.join("services/till/catalog-info.yaml"))?;
    case.commit()?;
    let second = body(&[])?;
    for part in [
        "1 entity added",
        "1 changed",
        "1 removed",
        "`cart`",
        "`new`",
        "`till`",
    ] {
        has(&second, part);
    }
    has(&second, "description");

    for number in 0..60 {
        let name = format!("a-service-with-a-long-name-{number}");
        let path = format!("many/{name}/catalog-info.yaml");
        case.write(&path, &component(&name, "one of many"))?;
    }
    case.commit()?;
    let (all, short) = (body(&[])?, body(&["--pr-body-limit", "1000"])?);
    has(&all, "a-service-with-a-long-name-59");
    has_not(&short, "a-service-with-a-long-name-59");
    has(&short, "more");
    assert!(short.encode_utf16().count() <= 1000, "{short}");

    let nowhere = case.path("no/such/folder/body.md");
    case.publish(&["--pr-body", nowhere.as_str()])
        .map(|run| ended(&run, 2, "no/such/folder/body.md"))
}

#[test]
fn exit_codes_say_what_happened() -> Result<()> {
    let case = Case::new()?;
    case.change(
        CART,
        &component("cart", "x").replace("owner: checkout", "owner: nobody@acme"),
    )?;
    let run = case.publish(&["--dry-run"])?;
    ended(&run, 0, "unknown-owner");
    let run = case.publish(&["--dry-run", "--fail-on", "warning"])?;
    ended(&run, 1, "unknown-owner");
    // A broken descriptor stops nothing but itself.
    case.change(CART, "kind: [")?;
    let run = case.publish(&[])?;
    ended(&run, 1, "Committed to");
    case.stays(&["--fail-on", "never"], 0, "Nothing to do")?;
    case.stays(&["--no-such-flag"], 2, "--no-such-flag")?;
    case.stays(&["--author", "Kim"], 2, "Name <name@example.com>")?;
    case.stays(&["--pr-body-limit", "9"], 2, "--pr-body")?;
    case.stays(&["--message", " "], 2, "--message")?;
    case.stays(&["--include", "nothing.yaml"], 3, "no descriptors found")?;
    let run = case.publish(&["--quiet", "--fail-on", "never", "--dry-run"])?;
    assert_eq!(run.stdout, "", "{}", run.shown());
    Ok(())
}

#[test]
fn a_base_without_descriptors_is_none_to_publish() -> Result<()> {
    let case = Case::empty()?;
    case.change("README.md", "Shop\n")?;
    // In the work tree alone.
    case.write(CART, &plain("cart"))?;
    case.stays(&[], 3, "no descriptors found")?;
    case.stays(&["--allow-empty"], 0, "Nothing to publish")?;
    case.published(&["--worktree"])?;
    Ok(())
}
