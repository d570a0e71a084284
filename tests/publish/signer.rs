//! Who makes the commit, and who signs it.

use std::fs;
use std::process::Command;

use crate::case::{BRANCH, CART, Case, component, ended, fsck, has};
use crate::support::{Result, write};

/// Author and committer of the branch.
fn people(case: &Case) -> Result<String> {
    let people = case.git(&["log", "-1", "--format=%an <%ae>, %cn <%ce>", BRANCH])?;
    case.git(&["update-ref", "-d", &format!("refs/heads/{BRANCH}")])?;
    Ok(people.trim_end().to_owned())
}

#[test]
fn the_committer_is_the_one_that_git_would_take() -> Result<()> {
    let case = Case::new()?;
    for (arguments, variables, expected) in [
        (
            &[][..],
            &[][..],
            "Local <local@example.com>, Local <local@example.com>",
        ),
        (
            &[],
            &[
                ("GIT_AUTHOR_NAME", "Ann"),
                ("GIT_AUTHOR_EMAIL", "ann@example.com"),
            ],
            "Ann <ann@example.com>, Local <local@example.com>",
        ),
        (
            &[],
            &[
                ("GIT_COMMITTER_NAME", "Bot"),
                ("GIT_COMMITTER_EMAIL", "bot@example.com"),
            ],
            "Local <local@example.com>, Bot <bot@example.com>",
        ),
        // Each variable counts alone.
        (
            &[],
            &[("GIT_AUTHOR_NAME", "Ann"), ("GIT_COMMITTER_EMAIL", "b@c")],
            "Ann <local@example.com>, Local <b@c>",
        ),
        (
            &["--author", "Zoe <zoe@example.com>"],
            &[
                ("GIT_AUTHOR_NAME", "Ann"),
                ("GIT_AUTHOR_EMAIL", "ann@example.com"),
            ],
            "Zoe <zoe@example.com>, Local <local@example.com>",
        ),
    ] {
        let mut command = case.command(&case.shop, arguments);
        command.envs(variables.iter().copied());
        let run = case.finished(command)?;
        ended(&run, 0, "Committed to");
        assert_eq!(people(&case)?, expected);
    }

    // The user's configuration, found at home.
    case.git(&["config", "--unset", "user.name"])?;
    let config = "[user]\nname = Home\n[author]\nname = Writer\n";
    write(&case.path("home/.gitconfig"), config.as_bytes())?;
    case.published(&[])?;
    assert_eq!(
        people(&case)?,
        "Writer <local@example.com>, Home <local@example.com>"
    );
    Ok(())
}

#[test]
fn a_machine_without_a_name_is_told_how_to_give_one() -> Result<()> {
    let case = Case::new()?;
    case.git(&["config", "--remove-section", "user"])?;
    let run = case.stays(&[], 2, "cannot tell who makes the commit")?;
    has(&run.stderr, "git config user.name");
    has(&run.stderr, "--author");
    // Nobody makes a commit in these.
    case.stays(&["--dry-run"], 0, "Would commit")?;
    case.published(&["--author", "Zoe <zoe@example.com>"])?;
    case.stays(&[], 0, "Nothing to do")?;
    assert_eq!(
        people(&case)?,
        "Zoe <zoe@example.com>, Zoe <zoe@example.com>"
    );
    for author in ["Zoe <>", " <zoe@example.com>", "Z\noe <zoe@example.com>"] {
        case.stays(&["--author", author], 2, "cannot tell who makes the commit")?;
    }
    Ok(())
}

#[test]
fn the_commit_is_signed_with_ssh() -> Result<()> {
    if Command::new("ssh-keygen").arg("--help").output().is_err() {
        println!("skipped: ssh-keygen is not on this machine");
        return Ok(());
    }
    let case = Case::new()?;
    let (key, allowed) = (case.path("key"), case.path("allowed"));
    let keygen = ["-q", "-t", "ed25519", "-N", "", "-f", key.as_str()];
    assert!(Command::new("ssh-keygen").args(keygen).status()?.success());
    let public = fs::read_to_string(case.path("key.pub"))?;
    write(&allowed, format!("local@example.com {public}").as_bytes())?;
    for (name, value) in [
        ("commit.gpgsign", "true"),
        ("gpg.format", "ssh"),
        ("gpg.ssh.allowedSignersFile", allowed.as_str()),
        ("user.signingKey", key.as_str()),
    ] {
        case.git(&["config", name, value])?;
    }
    case.published(&[])?;
    case.git(&["verify-commit", BRANCH])?;
    case.stays(&[], 0, "Nothing to do")?;
    fsck(&case.shop)?;

    case.change(CART, &component("cart", "changed"))?;
    fs::remove_file(&key)?;
    let objects = case.git(&["count-objects", "-v"])?;
    let run = case.stays(&[], 2, "cannot sign the commit")?;
    has(&run.stderr, "nothing was published");
    assert_eq!(case.git(&["count-objects", "-v"])?, objects);
    Ok(())
}
