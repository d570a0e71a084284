//! `publish` by the action: the branch of the remote, the outputs and what happens to commits of others.

use std::fs;

use crate::runner::{COMPONENT, Runner};
use crate::support::{Result, write};

const BRANCH: &str = "backstage2port/manifests";

fn runner() -> Result<Runner> {
    Ok(Runner::with([("cart/catalog-info.yaml", COMPONENT)])?
        .input("command", "publish")
        .input("push", "true"))
}

#[test]
fn a_branch_is_pushed_once_and_gone_after_its_merge() -> Result<()> {
    let runner = runner()?;
    let first = runner.run()?;
    assert_eq!(first.code, 0, "{first:#?}");
    let tip = runner.git("remote.git", &["rev-parse", BRANCH])?;
    first.gives(&[
        ("exit-code", "0"),
        ("status", "committed"),
        ("branch", BRANCH),
        ("commit", &tip),
        ("entities", "1"),
    ]);
    let files = runner.git("remote.git", &["ls-tree", "-r", "--name-only", BRANCH])?;
    assert!(files.contains("cart/port.yml"), "{files}");
    let author = runner.git("remote.git", &["log", "-1", "--format=%an <%ae>", BRANCH])?;
    assert_eq!(
        author,
        "github-actions[bot] <41898282+github-actions[bot]@users.noreply.github.com>"
    );
    let parents = runner.git("remote.git", &["rev-list", "--parents", "-1", BRANCH])?;
    let base = runner.git("remote.git", &["rev-parse", "main"])?;
    assert_eq!(parents, format!("{tip} {base}"));
    // The work tree is as it was.
    let status = runner.git("work space", &["status", "--porcelain"])?;
    assert_eq!(status, "");
    let body = first.outputs.get("pull-request-body").ok_or("no body")?;
    let body = fs::read_to_string(body)?;
    assert!(!body.is_empty());
    assert!(first.summary.contains(body.trim()), "{first:#?}");

    // Another job finds the branch as it should be.
    runner.check_out()?;
    let second = runner.run()?;
    second.gives(&[
        ("exit-code", "0"),
        ("status", "unchanged"),
        ("commit", &tip),
    ]);
    assert_eq!(runner.git("remote.git", &["rev-parse", BRANCH])?, tip);

    // The base goes on; the branch follows, from a clone that does not have its old base.
    let text = COMPONENT.replace("name: cart", "name: search");
    write(
        &runner.path("origin/search/catalog-info.yaml"),
        text.as_bytes(),
    )?;
    runner.commit("origin", "search")?;
    runner.git("origin", &["push", "-q", "origin", "main"])?;
    runner.check_out()?;
    let third = runner.run()?;
    third.gives(&[
        ("exit-code", "0"),
        ("status", "committed"),
        ("entities", "2"),
    ]);
    let count = ["rev-list", "--count", &format!("main..{BRANCH}")];
    assert_eq!(runner.git("remote.git", &count)?, "1");

    // After the merge there is nothing left.
    runner.git("origin", &["fetch", "-q", "origin", BRANCH])?;
    runner.git("origin", &["merge", "-q", "--ff-only", "FETCH_HEAD"])?;
    runner.git(
        "origin",
        &["push", "-q", "origin", "main", &format!(":{BRANCH}")],
    )?;
    runner.check_out()?;
    let fourth = runner.run()?;
    fourth.gives(&[("exit-code", "0"), ("status", "nothing")]);
    Ok(())
}

#[test]
fn commits_of_others_are_seen_from_a_clone_of_one_commit() -> Result<()> {
    let runner = runner()?;
    assert_eq!(runner.run()?.code, 0);
    runner.git("origin", &["fetch", "-q", "origin", BRANCH])?;
    runner.git("origin", &["checkout", "-q", "-b", "theirs", "FETCH_HEAD"])?;
    runner.commit("origin", "by hand")?;
    let push = ["push", "-q", "origin", &format!("theirs:{BRANCH}")];
    runner.git("origin", &push)?;
    let tip = runner.git("remote.git", &["rev-parse", BRANCH])?;
    runner.git("origin", &["checkout", "-q", "main"])?;
    runner.commit("origin", "the base goes on")?;
    runner.git("origin", &["push", "-q", "origin", "main"])?;
    runner.check_out()?;
    let job = runner.run()?;
    assert_ne!(job.code, 0, "{job:#?}");
    assert!(job.log.contains("by hand"), "{job:#?}");
    assert_eq!(runner.git("remote.git", &["rev-parse", BRANCH])?, tip);
    // Unless that is wanted.
    let runner = runner.input("arguments", "--force");
    let job = runner.run()?;
    job.gives(&[("exit-code", "0"), ("status", "committed")]);
    assert_ne!(runner.git("remote.git", &["rev-parse", BRANCH])?, tip);
    Ok(())
}

#[test]
fn without_push_the_remote_stays_as_it_is() -> Result<()> {
    let runner = runner()?.input("push", "false");
    let job = runner.run()?;
    job.gives(&[("exit-code", "0"), ("status", "committed")]);
    let commit = runner.git("work space", &["rev-parse", BRANCH])?;
    job.gives(&[("commit", &commit)]);
    assert!(
        runner
            .git("remote.git", &["rev-parse", "-q", "--verify", BRANCH])
            .is_err()
    );
    Ok(())
}

#[test]
fn check_tells_drift() -> Result<()> {
    let runner = Runner::with([("cart/catalog-info.yaml", COMPONENT)])?;
    let job = runner.run()?;
    job.gives(&[
        ("exit-code", "1"),
        ("changed-manifests", "4"),
        ("status", ""),
    ]);
    let commands = job.commands();
    assert!(
        commands[0]
            .starts_with("::error title=drift::4 manifests are not what their descriptors say: ")
            && commands[0].contains("%0Acart/port.yml"),
        "{job:#?}"
    );
    assert_eq!(runner.git("work space", &["status", "--porcelain"])?, "");
    let binary = env!("CARGO_BIN_EXE_backstage2port");
    let workspace = runner.workspace();
    let written = crate::support::finished(runner.command(binary, &workspace).arg("convert"))?;
    assert_eq!(written.code, 0, "{}", written.shown());
    runner
        .run()?
        .gives(&[("exit-code", "0"), ("changed-manifests", "0")]);
    Ok(())
}

#[test]
fn what_is_held_back_fails_even_where_findings_do_not() -> Result<()> {
    let runner = runner()?.input("arguments", "--fail-on=never");
    for number in 0..10 {
        let text = COMPONENT.replace("name: cart", &format!("name: part-{number}"));
        let path = runner.path(&format!("origin/{number}/catalog-info.yaml"));
        write(&path, text.as_bytes())?;
    }
    let binary = env!("CARGO_BIN_EXE_backstage2port");
    let origin = runner.path("origin");
    let written = crate::support::finished(runner.command(binary, &origin).arg("convert"))?;
    assert_eq!(written.code, 0, "{}", written.shown());
    runner.commit("origin", "with manifests")?;
    for number in 0..10 {
        fs::remove_file(runner.path(&format!("origin/{number}/catalog-info.yaml")))?;
    }
    runner.commit("origin", "nearly nothing")?;
    runner.git("origin", &["push", "-q", "origin", "main"])?;
    runner.check_out()?;
    let job = runner.run()?;
    assert_eq!(job.code, 1, "{job:#?}");
    job.gives(&[("exit-code", "1"), ("status", "blocked")]);
    assert!(
        job.commands()[0].contains("title=too-many-removals"),
        "{job:#?}"
    );
    assert!(
        runner
            .git("remote.git", &["rev-parse", "-q", "--verify", BRANCH])
            .is_err()
    );
    Ok(())
}
