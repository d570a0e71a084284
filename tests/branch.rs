//! One commit on a branch, and nothing else: in every sort of repository, as the real git sees it.

#![cfg(unix)]
#![expect(
    clippy::print_stdout,
    reason = "tests that are skipped or measured say so"
)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use backstage2port::publish::branch::{
    Branch, BranchError, Change, Identity, Publication, Published, Signing, Time,
};
use camino::{Utf8Path, Utf8PathBuf};
use support::git::{command, git};
use support::{Folder, Result, tree, write};

const NAME: &str = "backstage2port/manifests";
const REF: &str = "refs/heads/backstage2port/manifests";
const WHEN: Time = Time {
    seconds: 1_767_225_600,
    offset_minutes: 60,
};

fn change(path: &str, contents: &str) -> Change {
    Change {
        path: path.into(),
        contents: Some(contents.to_owned()),
    }
}

fn removal(path: &str) -> Change {
    Change {
        path: path.into(),
        contents: None,
    }
}

fn port_yml() -> Vec<Change> {
    vec![change("services/shop/port.yml", "- identifier: shop\n")]
}

fn how() -> Publication {
    let identity = Identity {
        name: Some("Bot".to_owned()),
        email: Some("bot@example.com".to_owned()),
    };
    Publication {
        message: "Update the Port manifests".to_owned(),
        author: identity.clone(),
        committer: identity,
        time: WHEN,
        append: false,
        force: false,
        dry_run: false,
        signing: Signing::Configured,
    }
}

fn append() -> Publication {
    Publication {
        append: true,
        ..how()
    }
}

fn force() -> Publication {
    Publication {
        force: true,
        ..how()
    }
}

/// The repository `shop` with one commit on `main`, and whatever else a test puts beside it.
struct Case {
    folder: Folder,
    shop: Utf8PathBuf,
}

impl Case {
    fn new() -> Result<Self> {
        let folder = Folder::new()?;
        let shop = folder.path.join("shop");
        fs::create_dir_all(&shop)?;
        git(&shop, &["init", "-q", "-b", "main"])?;
        configure(&shop)?;
        write(&shop.join("README.md"), b"Shop\n")?;
        write(
            &shop.join("services/shop/catalog-info.yaml"),
            b"kind: Component\n",
        )?;
        support::git::commit(&shop)?;
        Ok(Self { folder, shop })
    }

    fn path(&self, name: &str) -> Utf8PathBuf {
        self.folder.path.join(name)
    }

    fn git(&self, arguments: &[&str]) -> Result<String> {
        git(&self.shop, arguments)
    }

    /// What a revision names.
    fn id(&self, revision: &str) -> Result<String> {
        id(&self.shop, revision)
    }

    /// Commits a file on a branch other than the current one, as somebody else.
    fn foreign_commit(&self, branch: &str, file: &str) -> Result<()> {
        let folder = self.path("elsewhere");
        self.git(&["worktree", "add", "-q", folder.as_str(), branch])?;
        write(&folder.join(file), b"by hand\n")?;
        support::git::commit(&folder)?;
        self.git(&["worktree", "remove", folder.as_str()])?;
        Ok(())
    }

    /// One more commit on `main`.
    fn move_base(&self) -> Result<()> {
        write(&self.shop.join("NEWS.md"), b"News\n")?;
        support::git::commit(&self.shop)
    }
}

/// What tests do not take from the machine.
fn configure(repository: &Utf8Path) -> Result<()> {
    for (name, value) in [
        ("user.name", "Local"),
        ("user.email", "local@example.com"),
        ("commit.gpgsign", "false"),
    ] {
        git(repository, &["config", name, value])?;
    }
    Ok(())
}

fn id(folder: &Utf8Path, revision: &str) -> Result<String> {
    Ok(git(folder, &["rev-parse", "--verify", revision])?
        .trim()
        .to_owned())
}

/// The parents of a commit, a line each.
fn parents(folder: &Utf8Path, revision: &str) -> Result<String> {
    let listed = git(folder, &["rev-parse", &format!("{revision}^@")])?;
    Ok(listed.trim().to_owned())
}

fn open(folder: &Utf8Path) -> std::result::Result<Branch, BranchError> {
    Branch::open(folder, "HEAD", NAME, None)
}

fn publish(folder: &Utf8Path, changes: &[Change], how: &Publication) -> Result<Published> {
    Ok(open(folder)?.commit(changes, how)?)
}

/// The commit that a publication made.
fn committed(published: Published) -> Result<String> {
    match published {
        Published::Committed { commit, .. } => Ok(commit),
        other => Err(format!("{other:?}").into()),
    }
}

/// The error of what must fail.
fn refused<T: std::fmt::Debug>(result: std::result::Result<T, BranchError>) -> Result<BranchError> {
    match result {
        Ok(value) => Err(format!("not refused: {value:?}").into()),
        Err(error) => Ok(error),
    }
}

/// The files of a commit: mode and id, by path.
fn files(folder: &Utf8Path, revision: &str) -> Result<BTreeMap<String, String>> {
    let listed = git(folder, &["ls-tree", "-r", revision])?;
    let entries = listed.lines().filter_map(|line| line.split_once('\t'));
    Ok(entries
        .map(|(entry, path)| (path.to_owned(), entry.to_owned()))
        .collect())
}

fn fsck(folder: &Utf8Path) -> Result<()> {
    git(folder, &["fsck", "--strict", "--no-dangling"])?;
    Ok(())
}

/// All that git stores but objects and what it says about our branch.
fn rest(folder: &Utf8Path) -> Result<BTreeMap<Utf8PathBuf, Vec<u8>>> {
    let mut files = tree(folder)?;
    files.retain(|path, _| {
        !path.starts_with(".git/objects") && !path.as_str().contains("heads/backstage2port")
    });
    Ok(files)
}

#[test]
fn the_first_commit_has_the_changes_and_nothing_else_changes() -> Result<()> {
    let case = Case::new()?;
    // Changes in the work tree, in the index and in a stash.
    write(&case.shop.join("README.md"), b"stashed\n")?;
    case.git(&["stash", "-q"])?;
    write(&case.shop.join("staged"), b"staged\n")?;
    case.git(&["add", "staged"])?;
    write(&case.shop.join("README.md"), b"dirty\n")?;
    let before = rest(&case.shop)?;

    let branch = open(&case.shop)?;
    assert_eq!((branch.base(), branch.tip()), (case.id("main")?, None));
    let published = branch.commit(&port_yml(), &how())?;
    let commit = case.id(REF)?;
    let expected = Published::Committed {
        commit: commit.clone(),
        previous: None,
    };
    assert_eq!(published, expected);
    assert_eq!(rest(&case.shop)?, before);
    let stored = case.git(&["cat-file", "commit", &commit])?;
    let (tree, main) = (case.id(&format!("{commit}^{{tree}}"))?, case.id("main")?);
    assert_eq!(
        stored,
        format!(
            "tree {tree}\nparent {main}\nauthor Bot <bot@example.com> 1767225600 +0100\n\
             committer Bot <bot@example.com> 1767225600 +0100\n\nUpdate the Port manifests\n\n\
             Generated-by: backstage2port\nGenerated-from: {main}\n"
        )
    );
    assert_eq!(
        case.git(&["diff", "--name-status", "main", &commit])?,
        "A\tservices/shop/port.yml\n"
    );
    let trailers = case.git(&[
        "log",
        "-1",
        "--format=%(trailers:key=Generated-by)",
        &commit,
    ])?;
    assert_eq!(trailers.trim(), "Generated-by: backstage2port");
    let log = case.git(&["reflog", "--format=%gs %gn", REF])?;
    assert_eq!(log, "backstage2port: publish Bot\n");
    fsck(&case.shop)
}

#[test]
fn a_run_that_changes_nothing_writes_nothing() -> Result<()> {
    let case = Case::new()?;
    let before = tree(&case.shop)?;
    let same = change("README.md", "Shop\n");
    for changes in [&[][..], &[same, removal("not/there")]] {
        assert_eq!(publish(&case.shop, changes, &how())?, Published::Nothing);
    }
    let dry = Publication {
        dry_run: true,
        ..how()
    };
    let would = Published::WouldCommit { previous: None };
    assert_eq!(publish(&case.shop, &port_yml(), &dry)?, would);
    assert!(tree(&case.shop)? == before, "something was written");

    let commit = committed(publish(&case.shop, &port_yml(), &how())?)?;
    let before = tree(&case.shop)?;
    // A day later, by somebody else.
    let mut later = how();
    later.time.seconds += 86_400;
    later.author.name = Some("Other".to_owned());
    let unchanged = Published::Unchanged {
        commit: commit.clone(),
    };
    assert_eq!(publish(&case.shop, &port_yml(), &later)?, unchanged);
    later.append = true;
    assert_eq!(publish(&case.shop, &port_yml(), &later)?, unchanged);
    let branch = open(&case.shop)?;
    assert_eq!(branch.tip(), Some(commit.clone()));
    let would = Published::WouldCommit {
        previous: Some(commit),
    };
    assert_eq!(branch.commit(&[change("x", "")], &dry)?, would);
    assert!(tree(&case.shop)? == before, "something was written");
    Ok(())
}

#[test]
fn the_same_input_makes_the_same_commit() -> Result<()> {
    let case = Case::new()?;
    let first = committed(publish(&case.shop, &port_yml(), &how())?)?;
    case.git(&["update-ref", "-d", REF])?;
    assert_eq!(committed(publish(&case.shop, &port_yml(), &how())?)?, first);
    Ok(())
}

#[test]
fn files_are_removed_and_empty_folders_with_them() -> Result<()> {
    let case = Case::new()?;
    write(&case.shop.join("a/b/stale.yml"), b"stale\n")?;
    write(&case.shop.join("a/way"), b"makes way\n")?;
    write(&case.shop.join("c/way/x"), b"makes way\n")?;
    support::git::commit(&case.shop)?;
    let changes = [
        removal("a/b/stale.yml"),
        // A file makes way for a folder, and the other way round.
        removal("a/way"),
        change("a/way/port.yml", "new\n"),
        removal("c/way/x"),
        change("c/way", "new\n"),
    ];
    let commit = committed(publish(&case.shop, &changes, &how())?)?;
    let paths: Vec<String> = files(&case.shop, &commit)?.into_keys().collect();
    assert_eq!(
        paths,
        [
            "README.md",
            "a/way/port.yml",
            "c/way",
            "services/shop/catalog-info.yaml"
        ]
    );
    let all = [
        removal("README.md"),
        removal("a/b/stale.yml"),
        removal("a/way"),
        removal("c/way/x"),
        removal("services/shop/catalog-info.yaml"),
    ];
    let commit = committed(publish(&case.shop, &all, &how())?)?;
    assert!(files(&case.shop, &commit)?.is_empty());
    fsck(&case.shop)
}

#[test]
fn modes_links_and_submodules_are_kept() -> Result<()> {
    let case = Case::new()?;
    let executable = case.shop.join("port.yml");
    write(&executable, b"old\n")?;
    fs::set_permissions(&executable, fs::Permissions::from_mode(0o755))?;
    symlink("README.md", case.shop.join("link"))?;
    support::git::commit(&case.shop)?;
    let head = case.id("HEAD")?;
    let submodule = format!("160000,{head},vendor/sub");
    case.git(&["update-index", "--add", "--cacheinfo", &submodule])?;
    case.git(&["commit", "-q", "-m", "a submodule"])?;
    let before = files(&case.shop, "HEAD")?;

    let changes = [
        change("port.yml", "new\n"),
        change("vendor/port.yml", "new\n"),
    ];
    let commit = committed(publish(&case.shop, &changes, &how())?)?;
    let mut after = files(&case.shop, &commit)?;
    let new = after.remove("vendor/port.yml").ok_or("no new file")?;
    assert!(new.starts_with("100644 blob "), "{new}");
    let kept = after["port.yml"].clone();
    assert!(kept.starts_with("100755 blob "), "{kept}");
    after.insert("port.yml".to_owned(), before["port.yml"].clone());
    assert_eq!(after, before);
    assert!(after["link"].starts_with("120000 "));
    assert!(after["vendor/sub"].starts_with("160000 "));
    fsck(&case.shop)
}

#[test]
fn what_stands_in_the_way_stays() -> Result<()> {
    let case = Case::new()?;
    symlink("README.md", case.shop.join("link"))?;
    support::git::commit(&case.shop)?;
    let submodule = format!("160000,{},sub", case.id("HEAD")?);
    case.git(&["update-index", "--add", "--cacheinfo", &submodule])?;
    case.git(&["commit", "-q", "-m", "a submodule"])?;
    let before = tree(&case.shop)?;
    for (path, expected) in [
        ("link", "a symbolic link stands there"),
        ("link/shop/port.yml", "a symbolic link stands at `link`"),
        ("sub", "a submodule stands there"),
        ("sub/port.yml", "a submodule stands at `sub`"),
        ("README.md/port.yml", "a file stands at `README.md`"),
        ("services/shop", "a folder stands there"),
    ] {
        for change in [change(path, "new\n"), removal(path)] {
            let error = refused(open(&case.shop)?.commit(&[change], &how()))?;
            let is_obstacle = matches!(&error, BranchError::Obstacle { path: p, .. } if p == path);
            assert!(
                is_obstacle && error.to_string().contains(expected),
                "{error}"
            );
        }
    }
    let error = refused(open(&case.shop)?.commit(&[change("x", ""), change("x/y", "")], &how()))?;
    assert!(matches!(error, BranchError::Obstacle { .. }), "{error}");
    assert!(tree(&case.shop)? == before, "something was written");
    Ok(())
}

#[test]
fn paths_stay_in_the_tree() -> Result<()> {
    let case = Case::new()?;
    for path in [
        "",
        "/",
        "/etc/x",
        "a//b",
        "a/",
        ".",
        "..",
        "a/../b",
        "./a",
        "a\0b",
        ".git",
        ".git/config",
        "a/.GIT/x",
        "a/.git./x",
        "git~1/x",
        ".git::$INDEX_ALLOCATION/x",
    ] {
        for change in [change(path, "x"), removal(path)] {
            let error = refused(open(&case.shop)?.commit(&[change], &how()))?;
            let is_refused = matches!(&error, BranchError::Path { path: p, .. } if p == path);
            assert!(is_refused, "{path:?}: {error}");
        }
    }
    let long = "a/".repeat(2048) + "b";
    assert!(
        open(&case.shop)?
            .commit(&[change(&long, "x")], &how())
            .is_err()
    );
    let twice = [change("x", "1"), change("x", "2")];
    let error = refused(open(&case.shop)?.commit(&twice, &how()))?;
    assert!(matches!(error, BranchError::Path { .. }), "{error}");

    let deep = "a/".repeat(255) + "b";
    let named = ["a\\b", "con", "ä/.gitignore", "-x", "a:b", deep.as_str()];
    let changes: Vec<Change> = named.iter().map(|path| change(path, "x")).collect();
    committed(publish(&case.shop, &changes, &how())?)?;
    fsck(&case.shop)
}

#[test]
fn a_base_that_moved_gets_one_commit_on_top() -> Result<()> {
    let case = Case::new()?;
    let first = committed(publish(&case.shop, &port_yml(), &how())?)?;
    case.move_base()?;
    let published = publish(&case.shop, &port_yml(), &how())?;
    let second = case.id(REF)?;
    // The file and its folders are there already: a commit and the tree at the top are new.
    let counted = case.git(&["count-objects", "-v"])?;
    assert!(counted.contains("in-pack: 7\n"), "{counted}");
    let expected = Published::Committed {
        commit: second.clone(),
        previous: Some(first),
    };
    assert_eq!(published, expected);
    assert_eq!(parents(&case.shop, &second)?, case.id("main")?);

    // Merged: nothing is left to do, and the branch stays.
    case.git(&["merge", "-q", "--ff-only", REF])?;
    let branch = open(&case.shop)?;
    assert_eq!(branch.tip(), None);
    assert_eq!(branch.commit(&port_yml(), &how())?, Published::Nothing);
    assert_eq!(case.id(REF)?, second);
    // From there on it moves on.
    let third = committed(branch.commit(&[change("port.yml", "new\n")], &how())?)?;
    assert_eq!(case.id(&format!("{third}^"))?, second);
    Ok(())
}

#[test]
fn a_base_that_was_rewritten_makes_our_commits_no_strangers() -> Result<()> {
    let case = Case::new()?;
    case.move_base()?;
    committed(publish(&case.shop, &port_yml(), &how())?)?;
    case.move_base()?;
    committed(publish(
        &case.shop,
        &[change("port.yml", "2\n")],
        &append(),
    )?)?;
    case.git(&["reset", "-q", "--hard", "HEAD~2"])?;
    case.git(&["commit", "-q", "--amend", "-m", "rewritten"])?;
    let commit = committed(publish(&case.shop, &port_yml(), &how())?)?;
    assert_eq!(case.id(&format!("{commit}^"))?, case.id("main")?);
    // Commits of others are found all the same, and no others.
    case.foreign_commit(NAME, "by-hand")?;
    case.git(&["commit", "-q", "--amend", "-m", "rewritten again"])?;
    match refused(open(&case.shop)?.commit(&port_yml(), &how()))? {
        BranchError::ForeignCommits { commits, .. } => assert_eq!(commits.len(), 1),
        other => return Err(other.into()),
    }
    Ok(())
}

#[test]
fn commits_of_others_are_not_lost() -> Result<()> {
    let case = Case::new()?;
    committed(publish(&case.shop, &port_yml(), &how())?)?;
    case.foreign_commit(NAME, "by-hand")?;
    let theirs = case.id(REF)?;
    let changes = [change("port.yml", "new\n")];
    let error = refused(open(&case.shop)?.commit(&changes, &how()))?;
    let expected = format!("{} \"a commit\" by Kim;", &theirs[..7]);
    assert!(error.to_string().contains(&expected), "{error}");
    let dry = Publication {
        dry_run: true,
        ..how()
    };
    assert!(open(&case.shop)?.commit(&changes, &dry).is_err());
    assert_eq!(case.id(REF)?, theirs);

    // On top of ours again, theirs is still found, and its file is there.
    let on_top = committed(publish(&case.shop, &changes, &append())?)?;
    let files = case.git(&["diff", "--name-only", "main", &on_top])?;
    assert_eq!(files, "by-hand\nport.yml\nservices/shop/port.yml\n");
    let error = refused(open(&case.shop)?.commit(&port_yml(), &how()))?;
    assert!(error.to_string().contains(&expected), "{error}");
    committed(publish(&case.shop, &port_yml(), &force())?)?;
    let kept = case.git(&["rev-list", "--count", &format!("main..{REF}")])?;
    assert_eq!(kept.trim(), "1");
    Ok(())
}

#[test]
fn commits_of_others_have_to_stand_on_the_base_to_be_built_on() -> Result<()> {
    let case = Case::new()?;
    committed(publish(&case.shop, &port_yml(), &how())?)?;
    case.foreign_commit(NAME, "by-hand")?;
    let theirs = case.id(REF)?;
    case.move_base()?;
    let changes = [change("port.yml", "new\n")];
    let error = refused(open(&case.shop)?.commit(&changes, &append()))?;
    assert!(matches!(error, BranchError::OldBase { .. }), "{error}");
    assert!(error.to_string().contains("git merge"), "{error}");
    assert_eq!(case.id(REF)?, theirs);
    let both = Publication {
        append: true,
        ..force()
    };
    committed(publish(&case.shop, &changes, &both)?)?;
    fsck(&case.shop)
}

#[test]
fn many_commits_of_others_are_counted() -> Result<()> {
    let case = Case::new()?;
    case.git(&["branch", NAME])?;
    for file in ["1", "2", "3", "4", "5", "6", "7"] {
        case.foreign_commit(NAME, file)?;
    }
    let error = refused(open(&case.shop)?.commit(&port_yml(), &how()))?;
    assert!(error.to_string().contains("by Kim and 2 more;"), "{error}");
    Ok(())
}

#[test]
fn a_commit_is_appended() -> Result<()> {
    let case = Case::new()?;
    let first = committed(publish(&case.shop, &port_yml(), &append())?)?;
    assert_eq!(parents(&case.shop, &first)?, case.id("main")?);
    let changes = [change("port.yml", "2\n")];
    let second = committed(publish(&case.shop, &changes, &append())?)?;
    assert_eq!(parents(&case.shop, &second)?, first);
    // The files are those of the branch, with the changes.
    assert_eq!(
        case.git(&["diff", "--name-status", "main", &second])?,
        "A\tport.yml\nA\tservices/shop/port.yml\n"
    );

    case.move_base()?;
    let third = committed(publish(&case.shop, &changes, &append())?)?;
    let expected = format!("{second}\n{}", case.id("main")?);
    assert_eq!(parents(&case.shop, &third)?, expected);
    assert_eq!(
        case.git(&["diff", "--name-status", "main", &third])?,
        "A\tport.yml\n"
    );
    let again = publish(&case.shop, &changes, &append())?;
    assert_eq!(again, Published::Unchanged { commit: third });
    // All of them are ours.
    committed(publish(&case.shop, &changes, &how())?)?;
    fsck(&case.shop)
}

#[test]
fn a_branch_that_is_checked_out_is_refused() -> Result<()> {
    let case = Case::new()?;
    let check = |folder: &Utf8Path, how: &str, place: &Utf8Path| -> Result<()> {
        let error = refused(open(folder))?;
        let text = error.to_string();
        assert!(matches!(error, BranchError::CheckedOut { .. }), "{text}");
        let expected = format!(
            "is {how} {}:",
            place.canonicalize_utf8().unwrap_or(place.to_owned())
        );
        assert!(text.contains(&expected), "{text} without {expected}");
        Ok(())
    };
    // Not yet born.
    case.git(&["symbolic-ref", "HEAD", REF])?;
    let error = refused(Branch::open(&case.shop, "main", NAME, None))?;
    assert!(matches!(error, BranchError::CheckedOut { .. }), "{error}");
    case.git(&["symbolic-ref", "HEAD", "refs/heads/main"])?;

    let branch = open(&case.shop)?;
    case.git(&["checkout", "-q", "-b", NAME])?;
    check(&case.shop, "checked out in", &case.shop)?;
    // It came about since.
    let error = refused(branch.commit(&port_yml(), &how()))?;
    assert!(
        matches!(
            error,
            BranchError::Moved { .. } | BranchError::CheckedOut { .. }
        ),
        "{error}"
    );
    case.git(&["checkout", "-q", "main"])?;

    let linked = case.path("linked");
    case.git(&["worktree", "add", "-q", linked.as_str(), NAME])?;
    check(&case.shop, "checked out in", &linked)?;
    check(&linked, "checked out in", &linked)?;

    // In the middle of a rebase HEAD is detached.
    write(&linked.join("x"), b"x\n")?;
    support::git::commit(&linked)?;
    let mut rebase = command(&linked, &["rebase", "-q", "-i", "--force-rebase", "main"]);
    support::finished(rebase.env("GIT_SEQUENCE_EDITOR", "sed -i s/^pick/edit/"))?;
    assert_eq!(
        git(&linked, &["rev-parse", "--abbrev-ref", "HEAD"])?,
        "HEAD\n"
    );
    check(&case.shop, "being rebased in", &linked)?;
    git(&linked, &["rebase", "--abort"])?;
    git(&linked, &["bisect", "start"])?;
    git(&linked, &["switch", "-q", "--detach"])?;
    check(&case.shop, "being bisected in", &linked)?;
    git(&linked, &["bisect", "reset"])?;

    fs::remove_dir_all(&linked)?;
    let error = refused(open(&case.shop))?;
    assert!(error.to_string().contains("git worktree prune"), "{error}");
    case.git(&["worktree", "prune"])?;
    committed(publish(&case.shop, &port_yml(), &force())?)?;
    Ok(())
}

#[test]
fn a_branch_that_is_held_in_other_ways_is_refused() -> Result<()> {
    let case = Case::new()?;
    case.git(&["branch", NAME])?;
    case.git(&["symbolic-ref", "refs/heads/alias", REF])?;
    case.git(&["symbolic-ref", "HEAD", "refs/heads/alias"])?;
    let error = refused(open(&case.shop))?;
    assert!(error.to_string().contains("checked out in"), "{error}");
    case.git(&["symbolic-ref", "HEAD", "refs/heads/main"])?;
    open(&case.shop)?;
    // A rebase of another branch that takes this one along.
    let head = case.id("HEAD")?;
    let along = format!("{REF}\n{head}\n{head}\n");
    write(
        &case.shop.join(".git/rebase-merge/update-refs"),
        along.as_bytes(),
    )?;
    let error = refused(open(&case.shop))?;
    assert!(error.to_string().contains("being rebased in"), "{error}");
    Ok(())
}

#[test]
fn a_work_tree_that_is_checked_out_meanwhile_keeps_its_branch() -> Result<()> {
    let case = Case::new()?;
    case.git(&["branch", NAME])?;
    let branch = open(&case.shop)?;
    case.git(&["checkout", "-q", NAME])?;
    let error = refused(branch.commit(&port_yml(), &how()))?;
    assert!(matches!(error, BranchError::CheckedOut { .. }), "{error}");
    assert_eq!(case.id(REF)?, case.id("main")?);
    assert_eq!(case.git(&["status", "--porcelain"])?, "");
    // No lock is left.
    case.git(&["checkout", "-q", "main"])?;
    committed(publish(&case.shop, &port_yml(), &how())?)?;
    Ok(())
}

#[test]
fn every_sort_of_repository_gets_the_same_commit() -> Result<()> {
    let case = Case::new()?;
    let linked = case.path("linked");
    case.git(&["worktree", "add", "-q", "--detach", linked.as_str()])?;
    let parent = case.folder.path.as_path();
    git(parent, &["clone", "-q", "--bare", "shop", "bare.git"])?;
    git(parent, &["clone", "-q", "--shared", "shop", "shared"])?;
    let url = format!("file://{}", case.shop);
    git(parent, &["clone", "-q", "--depth", "1", &url, "shallow"])?;
    case.git(&["config", "uploadpack.allowFilter", "true"])?;
    git(
        parent,
        &[
            "clone",
            "-q",
            "--no-checkout",
            "--filter=blob:none",
            &url,
            "partial",
        ],
    )?;
    let bare = case.path("bare.git");
    git(&bare, &["worktree", "add", "-q", "--detach", "../of-bare"])?;
    let mut commits = Vec::new();
    for name in [
        "linked",
        "bare.git",
        "of-bare",
        "shared",
        "shallow",
        "partial",
        "shop/services/shop",
        "shop/.git",
    ] {
        let folder = case.path(name);
        configure(&folder)?;
        let branch = open(&folder)?;
        commits.push(match branch.commit(&port_yml(), &how())? {
            Published::Committed { commit, .. } | Published::Unchanged { commit } => commit,
            other => return Err(format!("{name}: {other:?}").into()),
        });
        assert_eq!(id(&folder, REF)?, commits[0], "{name}");
        let again = publish(&folder, &port_yml(), &how())?;
        assert!(
            matches!(again, Published::Unchanged { .. }),
            "{name}: {again:?}"
        );
        fsck(&folder)?;
    }
    commits.dedup();
    assert_eq!(commits.len(), 1);
    Ok(())
}

#[test]
fn a_bare_repository_can_publish_to_its_own_branch() -> Result<()> {
    let case = Case::new()?;
    let parent = case.folder.path.as_path();
    git(parent, &["clone", "-q", "--bare", "shop", "bare.git"])?;
    let bare = case.path("bare.git");
    let branch = Branch::open(&bare, "main", "main", None)?;
    assert_eq!(branch.tip(), None);
    let commit = committed(branch.commit(&port_yml(), &how())?)?;
    assert_eq!(id(&bare, "main")?, commit);
    assert_eq!(parents(&bare, "main")?, case.id("main")?);
    // Checked out in a work tree of it, it is refused.
    git(&bare, &["worktree", "add", "-q", "../linked", "main"])?;
    let error = refused(Branch::open(&bare, "main", "main", None))?;
    assert!(matches!(error, BranchError::CheckedOut { .. }), "{error}");
    Ok(())
}

#[test]
fn shallow_clones_tell_our_commits_from_others() -> Result<()> {
    let case = Case::new()?;
    case.move_base()?;
    committed(publish(&case.shop, &port_yml(), &how())?)?;
    let url = format!("file://{}", case.shop);
    for (depth, moves) in [("1", false), ("1", true), ("2", true)] {
        if moves {
            case.move_base()?;
        }
        let name = format!("depth-{depth}-{moves}");
        git(
            &case.folder.path,
            &["clone", "-q", "--depth", depth, &url, &name],
        )?;
        let clone = case.path(&name);
        configure(&clone)?;
        let spec = format!("+{REF}:{REF}");
        git(&clone, &["fetch", "-q", "--depth", depth, "origin", &spec])?;
        let ours = id(&clone, REF)?;
        let published = publish(&clone, &port_yml(), &how())?;
        if moves {
            let commit = committed(published)?;
            assert_eq!(parents(&clone, &commit)?, id(&clone, "HEAD")?);
        } else {
            assert_eq!(published, Published::Unchanged { commit: ours });
        }
        fsck(&clone)?;
    }
    case.foreign_commit(NAME, "by-hand")?;
    git(
        &case.folder.path,
        &["clone", "-q", "--depth", "1", &url, "foreign"],
    )?;
    let clone = case.path("foreign");
    let spec = format!("+{REF}:{REF}");
    git(&clone, &["fetch", "-q", "--depth", "1", "origin", &spec])?;
    let error = refused(open(&clone)?.commit(&port_yml(), &how()))?;
    assert!(
        matches!(error, BranchError::ForeignCommits { .. }),
        "{error}"
    );
    Ok(())
}

#[test]
fn of_two_runs_one_wins() -> Result<()> {
    let case = Case::new()?;
    // A branch that is made, one that is replaced, one that goes away.
    for round in 0..3 {
        let (first, second) = (open(&case.shop)?, open(&case.shop)?);
        if round == 2 {
            case.git(&["update-ref", "-d", REF])?;
        } else {
            let text = format!("{round}\n");
            committed(first.commit(&[change("port.yml", &text)], &how())?)?;
        }
        let before = case.git(&["for-each-ref"])?;
        let error = refused(second.commit(&port_yml(), &how()))?;
        assert!(matches!(error, BranchError::Moved { .. }), "{error}");
        assert_eq!(case.git(&["for-each-ref"])?, before);
    }
    let lock = case.shop.join(".git").join(format!("{REF}.lock"));
    write(&lock, b"")?;
    let error = refused(open(&case.shop)?.commit(&port_yml(), &how()))?;
    assert!(
        error
            .to_string()
            .contains(&format!("remove {}", lock.canonicalize_utf8()?)),
        "{error}"
    );
    Ok(())
}

#[test]
fn of_many_runs_at_once_one_wins() -> Result<()> {
    const RUNS: usize = 8;
    let case = Case::new()?;
    for round in 0..5 {
        let barrier = Barrier::new(RUNS);
        let results = thread::scope(|scope| {
            let run = |number: usize| {
                let (barrier, shop) = (&barrier, &case.shop);
                scope.spawn(move || {
                    let branch = open(shop);
                    barrier.wait();
                    let text = format!("{round} {number}\n");
                    branch.and_then(|branch| branch.commit(&[change("port.yml", &text)], &how()))
                })
            };
            let runs: Vec<_> = (0..RUNS).map(run).collect();
            let joined = runs
                .into_iter()
                .map(|run| run.join().map_err(|_| "a panic"));
            joined.collect::<std::result::Result<Vec<_>, _>>()
        })?;
        let mut won = Vec::new();
        for result in results {
            match result {
                Ok(published) => won.push(committed(published)?),
                Err(BranchError::Moved { .. } | BranchError::Locked { .. }) => {}
                Err(other) => return Err(other.into()),
            }
        }
        assert_eq!(won, [case.id(REF)?], "round {round}");
    }
    fsck(&case.shop)
}

#[test]
fn what_cannot_be_published_to_is_explained() -> Result<()> {
    let case = Case::new()?;
    let check = |folder: &Utf8Path,
                 base: &str,
                 name: &str,
                 remote: Option<&str>,
                 expected: &str|
     -> Result<()> {
        let text = refused(Branch::open(folder, base, name, remote))?.to_string();
        assert!(text.contains(expected), "{text} without {expected}");
        Ok(())
    };
    let shop = case.shop.as_path();
    check(
        &case.path("missing"),
        "HEAD",
        NAME,
        None,
        "is in no git repository",
    )?;
    check(
        &case.folder.path,
        "HEAD",
        NAME,
        None,
        "is in no git repository",
    )?;
    check(
        shop,
        "nothing",
        NAME,
        None,
        "on top of `nothing`: there is no such branch",
    )?;
    check(shop, "HEAD^{tree}", NAME, None, "it names no commit")?;
    for name in [
        "", "-x", "a..b", "x.lock", "a b", "HEAD", "a\0b", "/x", "x/",
    ] {
        check(shop, "HEAD", name, None, "git does not allow this name")?;
    }
    check(shop, "HEAD", "refs/heads/x", None, "its name is `x`")?;
    for remote in [
        "origin",
        "-x",
        "--exec=x",
        ".",
        "../bare.git",
        "file:///tmp",
    ] {
        check(shop, "HEAD", NAME, Some(remote), "there is no remote")?;
    }
    case.git(&["branch", "a/b"])?;
    check(shop, "HEAD", "a", None, "there is a branch `a/b`")?;
    check(shop, "HEAD", "a/b/c/d", None, "there is a branch `a/b`,")?;
    case.git(&["pack-refs", "--all"])?;
    check(shop, "HEAD", "a", None, "there is a branch `a/b`")?;
    case.git(&["symbolic-ref", "refs/heads/alias", "refs/heads/a/b"])?;
    check(shop, "HEAD", "alias", None, "it is another name of `a/b`")?;

    let parent = case.folder.path.as_path();
    git(parent, &["init", "-q", "empty"])?;
    check(&case.path("empty"), "HEAD", NAME, None, "has no commit yet")?;
    git(parent, &["init", "-q", "--object-format=sha256", "sha256"])?;
    check(&case.path("sha256"), "HEAD", NAME, None, "only SHA-1 can")?;
    case.git(&["config", "uploadpack.allowFilter", "true"])?;
    let url = format!("file://{}", case.shop);
    git(
        parent,
        &[
            "clone",
            "-q",
            "--no-checkout",
            "--filter=tree:0",
            &url,
            "partial",
        ],
    )?;
    let error = refused(open(&case.path("partial"))?.commit(&port_yml(), &how()))?;
    assert!(
        error.to_string().contains("is not in this clone"),
        "{error}"
    );
    Ok(())
}

#[test]
fn who_commits_is_told_by_git() -> Result<()> {
    let case = Case::new()?;
    let unknown = Publication {
        author: Identity::default(),
        committer: Identity::default(),
        ..how()
    };
    let people = |how: &Publication| -> Result<String> {
        let commit = committed(publish(&case.shop, &port_yml(), how)?)?;
        case.git(&["update-ref", "-d", REF])?;
        let people = case.git(&["log", "-1", "--format=%an <%ae>, %cn <%ce>", &commit])?;
        Ok(people.trim_end().to_owned())
    };
    let local = "Local <local@example.com>";
    assert_eq!(people(&unknown)?, format!("{local}, {local}"));
    // Half of it, each for itself.
    let mut half = unknown.clone();
    half.author.name = Some("Ann".to_owned());
    case.git(&["config", "committer.name", "Robot"])?;
    let expected = "Ann <local@example.com>, Robot <local@example.com>";
    assert_eq!(people(&half)?, expected);

    for (name, email) in [("", "a@b"), ("a\nb", "a@b"), ("a", "<a@b>"), ("a", " ")] {
        let mut how = how();
        how.author.name = Some(name.to_owned());
        how.author.email = Some(email.to_owned());
        let error = refused(open(&case.shop)?.commit(&port_yml(), &how))?;
        assert!(matches!(error, BranchError::Identity(_)), "{error}");
    }
    assert!(case.id(REF).is_err());
    Ok(())
}

/// A bare repository that is the remote `origin` of the repository.
fn remote(case: &Case) -> Result<Utf8PathBuf> {
    let parent = case.folder.path.as_path();
    git(parent, &["clone", "-q", "--bare", "shop", "bare.git"])?;
    case.git(&["remote", "add", "origin", "../bare.git"])?;
    case.git(&["fetch", "-q", "origin"])?;
    Ok(case.path("bare.git"))
}

fn with_remote(folder: &Utf8Path) -> std::result::Result<Branch, BranchError> {
    Branch::open(folder, "main", NAME, Some("origin"))
}

#[test]
fn a_branch_is_pushed() -> Result<()> {
    let case = Case::new()?;
    let bare = remote(&case)?;
    case.git(&["tag", "-a", "v1", "-m", "a tag"])?;
    case.git(&["config", "push.followTags", "true"])?;
    let branch = with_remote(&case.shop)?;
    assert!(!branch.push(&Published::Nothing)?);
    let published = branch.commit(&port_yml(), &how())?;
    assert!(branch.push(&published)?);
    assert_eq!(id(&bare, REF)?, case.id(REF)?);
    assert!(id(&bare, "v1").is_err(), "a tag was pushed too");
    // Again, and with another content.
    let branch = with_remote(&case.shop)?;
    let published = branch.commit(&port_yml(), &how())?;
    assert!(
        matches!(published, Published::Unchanged { .. }),
        "{published:?}"
    );
    assert!(branch.push(&published)?);
    let branch = with_remote(&case.shop)?;
    let published = branch.commit(&[change("port.yml", "new\n")], &how())?;
    assert!(branch.push(&published)?);
    assert_eq!(id(&bare, REF)?, case.id(REF)?);
    assert_eq!(id(&bare, "main")?, case.id("main")?);
    let without = open(&case.shop)?;
    assert!(!without.push(&published)?);
    Ok(())
}

#[test]
fn what_others_pushed_stays() -> Result<()> {
    let case = Case::new()?;
    let bare = remote(&case)?;
    let branch = with_remote(&case.shop)?;
    branch.push(&branch.commit(&port_yml(), &how())?)?;

    let other = case.path("other");
    git(
        &case.folder.path,
        &["clone", "-q", "-b", NAME, "bare.git", "other"],
    )?;
    write(&other.join("by-hand"), b"x\n")?;
    support::git::commit(&other)?;
    git(&other, &["push", "-q"])?;
    let theirs = id(&bare, REF)?;

    // Not fetched: the lease finds it.
    let branch = with_remote(&case.shop)?;
    let published = branch.commit(&[change("port.yml", "new\n")], &how())?;
    let error = refused(branch.push(&published))?;
    assert!(matches!(error, BranchError::Stale { .. }), "{error}");
    assert!(
        error.to_string().contains("`git fetch --prune origin`"),
        "{error}"
    );
    assert_eq!(id(&bare, REF)?, theirs);

    // Fetched: it is a commit of somebody else, though the branch here has none.
    case.git(&["fetch", "-q", "--prune", "origin"])?;
    for changes in [vec![change("port.yml", "new\n")], port_yml()] {
        let error = refused(with_remote(&case.shop)?.commit(&changes, &how()))?;
        assert!(
            matches!(error, BranchError::ForeignCommits { .. }),
            "{error}"
        );
    }
    let branch = with_remote(&case.shop)?;
    assert_eq!(branch.tip(), Some(theirs.clone()));
    let published = branch.commit(&[change("port.yml", "new\n")], &append())?;
    branch.push(&published)?;
    assert_eq!(parents(&bare, REF)?, theirs);

    // Merged and gone there.
    git(&bare, &["update-ref", "-d", REF])?;
    let branch = with_remote(&case.shop)?;
    let published = branch.commit(&port_yml(), &force())?;
    assert!(matches!(
        refused(branch.push(&published))?,
        BranchError::Stale { .. }
    ));
    case.git(&["fetch", "-q", "--prune", "origin"])?;
    let branch = with_remote(&case.shop)?;
    assert!(branch.push(&branch.commit(&port_yml(), &how())?)?);
    Ok(())
}

#[test]
fn a_clone_that_does_not_know_the_branch_is_told_how_to_fetch_it() -> Result<()> {
    let case = Case::new()?;
    let bare = remote(&case)?;
    let branch = with_remote(&case.shop)?;
    branch.push(&branch.commit(&port_yml(), &how())?)?;
    let ours = id(&bare, REF)?;
    // As a pipeline has it: one branch, no history.
    let url = format!("file://{bare}");
    git(
        &case.folder.path,
        &["clone", "-q", "--depth", "1", &url, "pipeline"],
    )?;
    let clone = case.path("pipeline");
    configure(&clone)?;
    let branch = with_remote(&clone)?;
    assert_eq!(branch.tip(), None);
    let published = branch.commit(&[change("port.yml", "new\n")], &how())?;
    let error = refused(branch.push(&published))?.to_string();
    let remedy = format!("git fetch origin +{REF}:refs/remotes/origin/{NAME}");
    assert!(error.contains(&format!("`{remedy}`")), "{error}");
    let words: Vec<&str> = remedy.split(' ').skip(1).collect();
    git(&clone, &words)?;
    let branch = with_remote(&clone)?;
    assert_eq!(branch.tip(), Some(ours));
    let published = branch.commit(&[change("port.yml", "new\n")], &how())?;
    assert!(branch.push(&published)?);

    // What stands there already is not made again, nor is a branch here.
    git(&case.folder.path, &["clone", "-q", &url, "second"])?;
    let second = case.path("second");
    let branch = with_remote(&second)?;
    let ours = id(&bare, REF)?;
    let published = branch.commit(&[change("port.yml", "new\n")], &how())?;
    assert_eq!(published, Published::Unchanged { commit: ours });
    assert!(branch.push(&published)?);
    assert!(id(&second, REF).is_err());
    Ok(())
}

#[test]
fn a_push_that_fails_says_why() -> Result<()> {
    let case = Case::new()?;
    let bare = remote(&case)?;
    let hook = bare.join("hooks/pre-receive");
    write(&hook, b"#!/bin/sh\necho 'no, thank you' >&2\nexit 1\n")?;
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755))?;
    let branch = with_remote(&case.shop)?;
    let published = branch.commit(&port_yml(), &how())?;
    let error = refused(branch.push(&published))?.to_string();
    assert!(error.contains("remote: no, thank you"), "{error}");
    assert!(error.contains("pre-receive hook declined"), "{error}");
    assert!(id(&bare, REF).is_err());
    fs::remove_dir_all(&bare)?;
    let error = refused(branch.push(&published))?.to_string();
    assert!(
        error.contains("does not appear to be a git repository"),
        "{error}"
    );
    Ok(())
}

/// Whether a program is on this machine; says so if not.
fn has(program: &str) -> bool {
    let found = Command::new(program).arg("--help").output().is_ok();
    if !found {
        println!("skipped: {program} is not on this machine");
    }
    found
}

/// Publishes signed, and has git verify it.
fn assert_signed(case: &Case, kind: &str) -> Result<()> {
    case.git(&["config", "commit.gpgsign", "true"])?;
    let commit = committed(publish(&case.shop, &port_yml(), &how())?)?;
    let stored = case.git(&["cat-file", "commit", &commit])?;
    assert!(
        stored.contains(&format!("\ngpgsig -----BEGIN {kind} SIGNATURE-----\n")),
        "{stored}"
    );
    case.git(&["verify-commit", &commit])?;
    fsck(&case.shop)?;
    // A signature is no reason to commit again.
    let again = publish(&case.shop, &port_yml(), &how())?;
    assert_eq!(again, Published::Unchanged { commit });
    case.git(&["update-ref", "-d", REF])?;
    Ok(())
}

/// A signer that fails: nothing is published, and nothing is stored.
fn assert_not_signed(case: &Case, expected: &str) -> Result<()> {
    let before = tree(&case.shop)?;
    let error = refused(open(&case.shop)?.commit(&port_yml(), &how()))?;
    let text = error.to_string();
    assert!(matches!(error, BranchError::Signing { .. }), "{text}");
    assert!(text.contains(expected), "{text} without {expected}");
    assert!(tree(&case.shop)? == before, "something was written");
    Ok(())
}

#[test]
fn commits_are_signed_with_ssh() -> Result<()> {
    if !has("ssh-keygen") {
        return Ok(());
    }
    let case = Case::new()?;
    let key = case.path("key");
    let keygen = [
        "-q",
        "-t",
        "ed25519",
        "-N",
        "",
        "-C",
        "bot",
        "-f",
        key.as_str(),
    ];
    assert!(Command::new("ssh-keygen").args(keygen).status()?.success());
    let public = fs::read_to_string(case.path("key.pub"))?;
    write(
        &case.path("allowed"),
        format!("bot@example.com {public}").as_bytes(),
    )?;
    let set = |name: &str, value: &str| case.git(&["config", name, value]);
    set("gpg.format", "ssh")?;
    set("gpg.ssh.allowedSignersFile", case.path("allowed").as_str())?;
    set("user.signingKey", key.as_str())?;
    assert_signed(&case, "SSH")?;
    set("user.signingKey", "../key.pub")?;
    assert_signed(&case, "SSH")?;

    // A program of the user's own, told in words.
    let program = case.path("my signer");
    write(&program, b"#!/bin/sh\nexec ssh-keygen \"$@\"\n")?;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
    set("gpg.ssh.program", program.as_str())?;
    assert_signed(&case, "SSH")?;
    set("gpg.ssh.program", "no-such-program")?;
    assert_not_signed(&case, "no-such-program: it cannot be run")?;
    case.git(&["config", "--unset", "gpg.ssh.program"])?;
    set("user.signingKey", "/no/such/key")?;
    assert_not_signed(&case, "/no/such/key")?;

    // Keys of an agent, which is not there.
    set("user.signingKey", public.trim())?;
    assert_not_signed(&case, "ssh-keygen: ")?;
    case.git(&["config", "--unset", "user.signingKey"])?;
    assert_not_signed(&case, "user.signingKey: it is not set")?;
    set(
        "gpg.ssh.defaultKeyCommand",
        &format!("echo 'key::{}'", public.trim()),
    )?;
    assert_not_signed(&case, "ssh-keygen: ")?;
    set("gpg.ssh.defaultKeyCommand", "echo 'no key'")?;
    assert_not_signed(&case, "gpg.ssh.defaultKeyCommand: it names no key")?;
    set("gpg.format", "wax")?;
    assert_not_signed(&case, "`wax` is none of openpgp, x509 and ssh")?;
    set("commit.gpgsign", "perhaps")?;
    assert_not_signed(&case, "commit.gpgsign: ")?;

    let unsigned = Publication {
        signing: Signing::Never,
        ..how()
    };
    committed(publish(&case.shop, &port_yml(), &unsigned)?)?;
    Ok(())
}

#[test]
fn commits_are_signed_with_ssh_by_an_agent() -> Result<()> {
    if !has("ssh-keygen") || !has("ssh-agent") {
        return Ok(());
    }
    let case = Case::new()?;
    let key = case.path("key");
    let keygen = [
        "-q",
        "-t",
        "ed25519",
        "-N",
        "",
        "-C",
        "bot",
        "-f",
        key.as_str(),
    ];
    assert!(Command::new("ssh-keygen").args(keygen).status()?.success());
    let public = fs::read_to_string(case.path("key.pub"))?;
    write(
        &case.path("allowed"),
        format!("bot@example.com {public}").as_bytes(),
    )?;
    // An agent of its own, which lives as long as the program it runs.
    let program = case.path("signer");
    let script = format!(
        "#!/bin/sh\nexec ssh-agent sh -c 'ssh-add -q {key} && exec ssh-keygen \"$@\"' sign \"$@\"\n"
    );
    write(&program, script.as_bytes())?;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
    let set = |name: &str, value: &str| case.git(&["config", name, value]);
    set("gpg.format", "ssh")?;
    set("gpg.ssh.program", program.as_str())?;
    set("gpg.ssh.allowedSignersFile", case.path("allowed").as_str())?;
    set("user.signingKey", &format!("key::{}", public.trim()))?;
    assert_signed(&case, "SSH")?;
    case.git(&["config", "--unset", "user.signingKey"])?;
    set(
        "gpg.ssh.defaultKeyCommand",
        &format!("cat {}", case.path("key.pub")),
    )?;
    assert_signed(&case, "SSH")
}

#[test]
fn commits_are_signed_with_openpgp() -> Result<()> {
    if !has("gpg") {
        return Ok(());
    }
    let case = Case::new()?;
    let home = case.path("gnupg");
    fs::create_dir(&home)?;
    fs::set_permissions(&home, fs::Permissions::from_mode(0o700))?;
    // The environment of this process stays as it is, so the program sets its own.
    let program = case.path("gpg");
    let script = format!("#!/bin/sh\nGNUPGHOME={home} exec gpg --batch \"$@\"\n");
    write(&program, script.as_bytes())?;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
    let bot = "Bot <bot@example.com>";
    let generate = [
        "--quiet",
        "--passphrase",
        "",
        "--quick-generate-key",
        bot,
        "ed25519",
        "sign",
    ];
    let made = support::finished(Command::new(&program).args(generate))?;
    assert_eq!(made.code, 0, "{}", made.shown());
    case.git(&["config", "gpg.program", program.as_str()])?;
    let result = (|| {
        // By the name of the committer, then by a key.
        assert_signed(&case, "PGP")?;
        case.git(&["config", "user.signingKey", "bot@example.com"])?;
        assert_signed(&case, "PGP")?;
        case.git(&["config", "user.signingKey", "nobody@example.com"])?;
        assert_not_signed(&case, "signing failed: No secret key")?;
        // One that ends well and signs nothing.
        case.git(&["config", "gpg.openpgp.program", "true"])?;
        assert_not_signed(&case, "true: it failed and did not say why")
    })();
    let stop = ["--homedir", home.as_str(), "--kill", "all"];
    support::finished(Command::new("gpgconf").args(stop))?;
    result
}

#[test]
fn ten_thousand_files_are_one_pack() -> Result<()> {
    let case = Case::new()?;
    for (name, text) in [("new", "first"), ("again", "second")] {
        let body = text.repeat(100);
        let changes: Vec<Change> = (0..10_000)
            .map(|number| {
                let path = format!("services/{}/service-{number}/port.yml", number % 100);
                change(
                    &path,
                    &format!("- identifier: service-{number}\n  title: {body}\n"),
                )
            })
            .collect();
        let start = Instant::now();
        let commit = committed(publish(&case.shop, &changes, &how())?)?;
        println!("10,000 files, {name}: {:?}", start.elapsed());
        assert_eq!(files(&case.shop, &commit)?.len(), 10_002);
        let start = Instant::now();
        let again = publish(&case.shop, &changes, &how())?;
        println!("10,000 files, unchanged: {:?}", start.elapsed());
        assert_eq!(again, Published::Unchanged { commit });
    }
    let counted = case.git(&["count-objects", "-v"])?;
    assert!(counted.contains("packs: 2\n"), "{counted}");
    fsck(&case.shop)
}
