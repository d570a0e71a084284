//! `--push`: what the remote takes, and what it says when it does not.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use camino::Utf8PathBuf;

use crate::case::{BRANCH, CART, Case, component, configure, ended, has, has_not, id};
use crate::support::git::git;
use crate::support::{Result, write};

/// A bare repository that is the remote `origin`.
fn remote(case: &Case) -> Result<Utf8PathBuf> {
    let parent = case.folder.path.as_path();
    git(parent, &["clone", "-q", "--bare", "shop", "bare.git"])?;
    case.git(&["remote", "add", "origin", "../bare.git"])?;
    case.git(&["fetch", "-q", "origin"])?;
    Ok(case.path("bare.git"))
}

#[test]
fn the_branch_is_pushed() -> Result<()> {
    let case = Case::new()?;
    case.stays(&["--push"], 2, "there is no remote `origin`")?;
    let bare = remote(&case)?;
    let main = id(&bare, "main")?;
    let run = case.publish(&["--push", "--dry-run"])?;
    ended(&run, 0, "Would commit");
    has_not(&run.stdout, "Pushed");
    assert!(id(&bare, BRANCH).is_err());

    case.published(&["--push"])?;
    assert_eq!(id(&bare, BRANCH)?, case.id(BRANCH)?);
    case.stays(&["--push=origin"], 0, "Pushed to origin.")?;
    // Without --push the remote stays; the next one with it catches up.
    case.change(CART, &component("cart", "changed"))?;
    let old = id(&bare, BRANCH)?;
    case.published(&[])?;
    assert_eq!(id(&bare, BRANCH)?, old);
    case.stays(&["--push"], 0, "Pushed to origin.")?;
    assert_eq!(id(&bare, BRANCH)?, case.id(BRANCH)?);
    assert_eq!(id(&bare, "main")?, main);
    assert_eq!(git(&bare, &["for-each-ref"])?.lines().count(), 2);
    Ok(())
}

#[test]
fn a_remote_that_refuses_is_quoted() -> Result<()> {
    let case = Case::new()?;
    let bare = remote(&case)?;
    let hook = bare.join("hooks/pre-receive");
    write(&hook, b"#!/bin/sh\necho 'not on a Friday' >&2\nexit 1\n")?;
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755))?;
    let run = case.publish(&["--push"])?;
    ended(&run, 2, "cannot push to the remote `origin`");
    has(&run.stderr, "not on a Friday");
    assert!(id(&bare, BRANCH).is_err());
    // The day after, the commit that is there goes out.
    fs::remove_file(&hook)?;
    case.stays(&["--push"], 0, "Pushed to origin.")?;
    assert_eq!(id(&bare, BRANCH)?, case.id(BRANCH)?);
    Ok(())
}

#[test]
fn of_two_clones_that_push_one_wins() -> Result<()> {
    let case = Case::new()?;
    let bare = remote(&case)?;
    git(&case.folder.path, &["clone", "-q", "bare.git", "second"])?;
    let second = case.path("second");
    configure(&second)?;
    write(&second.join(CART), component("cart", "second").as_bytes())?;
    crate::support::git::commit(&second)?;

    case.published(&["--push"])?;
    let first = id(&bare, BRANCH)?;
    let run = case.finished(case.command(&second, &["--push"]))?;
    ended(&run, 2, "is not what this clone last saw there");
    assert_eq!(id(&bare, BRANCH)?, first);
    // As the error says.
    has(&run.stderr, "run `git fetch origin ");
    let fetch = run.stderr.split('`').find(|text| text.starts_with("git "));
    let words: Vec<&str> = fetch.ok_or("no command")?.split(' ').skip(1).collect();
    git(&second, &words)?;
    let run = case.finished(case.command(&second, &["--push"]))?;
    ended(&run, 0, "Pushed to origin.");
    assert_eq!(id(&bare, BRANCH)?, id(&second, BRANCH)?);
    Ok(())
}

#[test]
fn commits_of_people_on_the_remote_are_not_lost() -> Result<()> {
    let case = Case::new()?;
    let bare = remote(&case)?;
    case.published(&["--push"])?;
    git(
        &case.folder.path,
        &["clone", "-q", "-b", BRANCH, "bare.git", "second"],
    )?;
    let second = case.path("second");
    write(&second.join("by-hand"), b"x\n")?;
    crate::support::git::commit(&second)?;
    git(&second, &["push", "-q"])?;
    let theirs = id(&bare, BRANCH)?;

    case.change(CART, &component("cart", "changed"))?;
    let run = case.publish(&["--push"])?;
    ended(&run, 2, "git fetch --prune origin");
    case.git(&["fetch", "-q", "--prune", "origin"])?;
    case.stays(&["--push"], 2, "commits that backstage2port did not make")?;
    assert_eq!(id(&bare, BRANCH)?, theirs);
    // The base moved on without them.
    case.stays(&["--push", "--append"], 2, "git merge")?;
    case.published(&["--push", "--append", "--force"])?;
    assert_eq!(id(&bare, &format!("{BRANCH}^"))?, theirs);
    Ok(())
}

#[test]
fn clones_that_fetch_no_branches_know_what_they_pushed() -> Result<()> {
    let case = Case::new()?;
    case.change("NEWS.md", "News\n")?;
    let bare = remote(&case)?;
    let url = format!("file://{bare}");
    for kind in ["--bare", "--mirror", "--depth=1"] {
        let parent = case.folder.path.as_path();
        let name = format!("clone{kind}");
        git(parent, &["clone", "-q", kind, &url, &name])?;
        let clone = case.path(&name);
        configure(&clone)?;
        // The first has it all, and after it each has to replace what the one before pushed.
        for (message, target) in [
            ("first", "port-yml"),
            ("second", "central"),
            ("third", "port-yml"),
        ] {
            let arguments = ["--push", "--message", message, "--target", target];
            let run = case.finished(case.command(&clone, &arguments))?;
            ended(&run, 0, "Pushed to origin.");
            let subject = git(&bare, &["log", "-1", "--format=%s", BRANCH])?;
            assert_eq!(subject.trim(), message, "{kind}");
        }
        assert_eq!(id(&bare, BRANCH)?, id(&clone, BRANCH)?);
        assert_eq!(git(&bare, &["for-each-ref"])?.lines().count(), 2);
        git(
            &bare,
            &["update-ref", "-d", &format!("refs/heads/{BRANCH}")],
        )?;
    }
    Ok(())
}
