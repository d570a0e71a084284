//! The GitHub Action and the pipeline examples do what they say: their scripts run with bash, in a clone of a bare remote,
//! with what a runner of each host gives them.

#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]

#[path = "../support/mod.rs"]
mod support;

mod examples;
mod publish;
mod runner;

use std::fs;

use camino::Utf8Path;
use runner::{COMPONENT, Runner};
use support::{Folder, Result, copy, finished, write};

#[test]
fn validate_annotates_counts_and_sums_up() -> Result<()> {
    let runner =
        Runner::with([("cart/catalog-info.yaml", COMPONENT)])?.input("command", "validate");
    let job = runner.run()?;
    assert_eq!(job.code, 0, "{job:#?}");
    job.gives(&[
        ("exit-code", "0"),
        ("entities", "1"),
        ("errors", "0"),
        ("warnings", "1"),
        ("changed-manifests", ""),
        ("status", ""),
        ("pull-request-body", ""),
    ]);
    let commands = job.commands();
    assert_eq!(commands.len(), 1, "{job:#?}");
    assert!(
        commands[0].starts_with("::warning file=cart/catalog-info.yaml,line=8,"),
        "{job:#?}"
    );
    assert!(job.log.contains("warning[unknown-owner]"), "{job:#?}");
    assert!(
        job.summary
            .starts_with("### backstage2port validate: passed\n\n#### Log\n\n    "),
        "{job:#?}"
    );
    assert!(job.summary.contains("\n    Read 1 file"), "{job:#?}");
    Ok(())
}

#[test]
fn errors_fail_the_step_and_are_counted_all_the_same() -> Result<()> {
    let broken = COMPONENT.replace("name: cart", "name: a cart");
    let runner =
        Runner::with([("catalog-info.yaml", broken.as_str())])?.input("command", "validate");
    let job = runner.run()?;
    assert_eq!(job.code, 1, "{job:#?}");
    job.gives(&[("exit-code", "1"), ("errors", "1")]);
    assert!(job.commands()[0].starts_with("::error file=catalog-info.yaml,line=4,"));
    assert!(
        job.summary
            .starts_with("### backstage2port validate: failed, exit code 1\n"),
        "{job:#?}"
    );
    Ok(())
}

#[test]
fn a_run_that_cannot_be_made_says_why() -> Result<()> {
    let mut runner = Runner::with([("README.md", "no descriptors\n")])?;
    let given = runner.inputs.clone();
    for (command, name, value, code, text) in [
        ("validate", "roots", ".", 3, "no descriptors"),
        ("validate", "roots", "nowhere", 2, "could not be made"),
        ("convert", "roots", ".", 2, "is none of validate"),
        ("publish", "branch", "a..b", 2, "names that git knows"),
        ("publish", "branch", "*", 2, "names that git knows"),
        (
            "publish",
            "remote",
            "--upload-pack=x",
            2,
            "names that git knows",
        ),
        ("publish", "base", "--all", 2, "names that git knows"),
    ] {
        runner.inputs = given.clone();
        runner = runner.input("command", command).input(name, value);
        let job = runner.run()?;
        assert_eq!(job.code, code, "{job:#?}");
        let commands = job.commands();
        let told = commands
            .last()
            .filter(|last| last.starts_with("::error title="));
        assert!(told.is_some_and(|told| told.contains(text)), "{job:#?}");
    }
    Ok(())
}

#[test]
fn roots_and_arguments_are_lines_and_the_action_runs_below_the_checkout() -> Result<()> {
    let runner = Runner::with([
        ("shop/a b/catalog-info.yaml", COMPONENT),
        ("shop/c/catalog-info.yaml", COMPONENT),
        ("shop/d/catalog-info.yaml", "no: entity\n"),
    ])?
    .input("command", "validate")
    .input("working-directory", "shop")
    .input("roots", "a b\n\nc\n")
    .input("arguments", "--fail-on=never\n--exclude=*.json");
    let job = runner.run()?;
    assert_eq!(job.code, 0, "{job:#?}");
    // Both define the same entity.
    job.gives(&[("entities", "1")]);
    assert!(job.log.contains("a b/catalog-info.yaml"), "{job:#?}");
    Ok(())
}

#[test]
fn nothing_of_a_descriptor_or_a_name_is_run_or_followed() -> Result<()> {
    let hostile = "\"::set-output name=status::x\\n::add-mask::1 ##[add-path]/tmp %0A::error::2\"";
    let text = COMPONENT.replace("nobody@acme", hostile);
    // A comment of the file stands in the excerpt.
    let text = text.replace(
        "spec:",
        "spec: # ##[set-output name=commit]x ``` <img src=x>",
    );
    let folder = "$(touch pwned);`touch pwned`";
    let runner = Runner::with([(
        format!("{folder}/catalog-info.yaml").as_str(),
        text.as_str(),
    )])?
    .input("command", "validate")
    .input("roots", folder);
    let job = runner.run()?;
    job.gives(&[("commit", ""), ("status", ""), ("errors", "1")]);
    for command in job.commands() {
        assert!(
            command.starts_with("::warning file=$(touch pwned);`touch pwned`/catalog-info.yaml,")
                || command
                    .starts_with("::error file=$(touch pwned);`touch pwned`/catalog-info.yaml,"),
            "{command}"
        );
    }
    assert!(
        job.log.contains("##["),
        "the log shows no excerpt: {job:#?}"
    );
    assert!(!runner.workspace().join("pwned").exists());
    // Below the heading every line is code.
    let (_, log) = job.summary.split_once("#### Log\n\n").ok_or("no log")?;
    assert!(log.lines().all(|line| line.starts_with("    ")), "{job:#?}");
    Ok(())
}

/// Says what it was called with and reports a commit.
const STUB: &str = r#"#!/bin/sh
for argument; do
  printf '<%s>' "$argument"
  case $argument in
    --report=github-output=*) echo 'status=committed' >"${argument#--report=github-output=}" ;;
    --pr-body=*) echo 'Text' >"${argument#--pr-body=}" ;;
  esac
done
"#;

#[test]
fn values_reach_the_tool_as_they_are() -> Result<()> {
    let folder = Folder::new()?;
    copy(
        Utf8Path::new("fixtures/dangling/input"),
        &folder.path.join("origin"),
    )?;
    write(&folder.path.join("stub"), STUB.as_bytes())?;
    let stub = folder.path.join("stub");
    let runner = Runner::of(folder)?;
    finished(
        runner
            .command("chmod", &runner.path(""))
            .args(["+x", stub.as_str()]),
    )?;
    let branch = "x;touch${IFS}pwned;$(touch${IFS}pwned)";
    let runner = runner
        .input("binary", stub.as_str())
        .input("command", "publish")
        .input("branch", branch)
        .input("base", "HEAD")
        .input("push", "true")
        .input("arguments", "--profile=my profile\n--dry-run")
        .input("roots", "-a\n*");
    let job = runner.run()?;
    assert_eq!(job.code, 0, "{job:#?}");
    let called = job.log.lines().find(|line| line.starts_with("<publish>"));
    let called = called.ok_or_else(|| format!("not called: {job:#?}"))?;
    assert!(
        called.starts_with(&format!("<publish><--branch={branch}><--pr-body=")),
        "{called}"
    );
    assert!(
        called.contains("><--base=HEAD><--push=origin><--color=never>"),
        "{called}"
    );
    assert!(
        called.ends_with("><--profile=my profile><--dry-run><--><-a><*>"),
        "{called}"
    );
    job.gives(&[("status", "committed")]);
    let body = job.outputs.get("pull-request-body").ok_or("no body")?;
    assert_eq!(fs::read_to_string(body)?, "Text\n");
    assert!(
        job.summary
            .starts_with("### backstage2port publish: passed\n\nText\n"),
        "{job:#?}"
    );
    assert!(!runner.workspace().join("pwned").exists());
    Ok(())
}

#[test]
fn the_branch_of_the_remote_is_there_and_no_more_than_that() -> Result<()> {
    let runner = Runner::with([("catalog-info.yaml", COMPONENT)])?;
    runner.git("origin", &["checkout", "-q", "-b", "manifests"])?;
    runner.commit("origin", "somebody else")?;
    let tip = runner.git("origin", &["rev-parse", "HEAD"])?;
    runner.git("origin", &["checkout", "-q", "main"])?;
    runner.commit("origin", "a second commit")?;
    runner.git("origin", &["push", "-q", "origin", "main", "manifests"])?;
    runner.check_out()?;
    let mut runner = runner
        .input("binary", "true")
        .input("command", "publish")
        .input("branch", "manifests");
    for is_shallow in ["true", "false"] {
        let job = runner.run()?;
        assert_eq!(job.code, 0, "{job:#?}");
        for name in ["refs/heads/manifests", "refs/remotes/origin/manifests"] {
            assert_eq!(runner.git("work space", &["rev-parse", name])?, tip);
        }
        let branches = runner.git("work space", &["branch", "--format=%(refname)"])?;
        assert_eq!(branches, "refs/heads/main\nrefs/heads/manifests");
        let shallow = runner.git("work space", &["rev-parse", "--is-shallow-repository"])?;
        assert_eq!(shallow, is_shallow);
        let author = runner.git("work space", &["config", "user.name"])?;
        assert_eq!(author, "github-actions[bot]");
        if is_shallow == "true" {
            runner.git("work space", &["fetch", "-q", "--unshallow"])?;
        }
    }
    // A base that the clone does not have.
    runner = runner.input("branch", "another").input("base", "manifests");
    runner.check_out()?;
    let job = runner.run()?;
    assert_eq!(job.code, 0, "{job:#?}");
    assert_eq!(runner.git("work space", &["rev-parse", "manifests"])?, tip);
    // A remote that cannot be asked may have the branch.
    runner.git("work space", &["remote", "set-url", "origin", "/nowhere"])?;
    let job = runner.run()?;
    assert_eq!(job.code, 128, "{job:#?}");
    Ok(())
}

#[test]
fn the_configuration_of_the_repository_counts() -> Result<()> {
    let files = [
        ("cart/catalog-info.yaml", COMPONENT),
        ("backstage2port.yaml", "fail-on: warning\n"),
    ];
    for roots in [".", "cart"] {
        let runner = Runner::with(files)?
            .input("command", "validate")
            .input("roots", roots);
        let job = runner.run()?;
        assert_eq!(job.code, 1, "{job:#?}");
        job.gives(&[("exit-code", "1"), ("errors", "0"), ("warnings", "1")]);
    }
    Ok(())
}
