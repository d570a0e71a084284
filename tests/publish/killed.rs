//! Runs that are killed: the branch is old or new, whatever the moment.

use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use camino::Utf8Path;

use crate::case::{BRANCH, Case, LIGHT, component, ended, fsck};
use crate::race::base_beside;
use crate::support::{Result, finished};

const KILLS: u32 = 100;
const DESCRIPTORS: u32 = 30;

/// A hundredth of something, each of them once, in an order that has nothing to do with size.
fn hundredth(whole: Duration, number: u32) -> Duration {
    whole * (number * 37 % 100) / 100
}

/// Waits for the first object that a run stores, or for its end.
fn wait_for_objects(packs: &Utf8Path, child: &mut Child) -> Result<()> {
    let count = || -> Result<usize> {
        Ok(match packs.read_dir() {
            Ok(files) => files.count(),
            Err(_) => 0,
        })
    };
    let before = count()?;
    while count()? == before && child.try_wait()?.is_none() {
        thread::sleep(Duration::from_micros(200));
    }
    Ok(())
}

#[test]
fn a_run_that_is_killed_leaves_the_branch_old_or_new() -> Result<()> {
    let case = Case::new()?;
    for number in 0..DESCRIPTORS {
        let name = format!("service-{number}");
        case.write(
            &format!("many/{name}/catalog-info.yaml"),
            &component(&name, "one of many"),
        )?;
    }
    case.commit()?;
    base_beside(&case, "other")?;
    let branch = || -> Result<(String, String)> {
        let shown = case.git(&["log", "-1", "--format=%H %T", BRANCH])?;
        let (commit, tree) = shown.trim_end().split_once(' ').ok_or("no tree")?;
        Ok((commit.to_owned(), tree.to_owned()))
    };
    let mut whole = Vec::new();
    let mut took = Duration::ZERO;
    for base in ["main", "other"] {
        let start = Instant::now();
        case.published(&[LIGHT, "--base", base])?;
        took = start.elapsed();
        whole.push(branch()?.1);
    }

    let packs = case.shop.join(".git/objects/pack");
    let lock = case.shop.join(format!(".git/refs/heads/{BRANCH}.lock"));
    let mut before = branch()?;
    let (mut killed, mut moved, mut locked) = (0, 0, 0);
    for number in 0..KILLS {
        let base = if before.1 == whole[0] {
            "other"
        } else {
            "main"
        };
        let mut command = case.command(&case.shop, &[LIGHT, "--base", base]);
        let command = command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        if number % 2 == 0 {
            thread::sleep(hundredth(took, number));
        } else {
            // Half of them in the few milliseconds in which something is written.
            wait_for_objects(&packs, &mut child)?;
            thread::sleep(hundredth(Duration::from_millis(4), number));
        }
        child.kill()?;
        killed += u32::from(child.wait()?.code().is_none());

        let after = branch()?;
        moved += u32::from(after != before);
        let expected = usize::from((base == "other") == (after != before));
        assert_eq!(after.1, whole[expected], "half a tree after kill {number}");
        case.git(&["rev-list", "--objects", "--quiet", BRANCH])?;
        if number % 10 == 0 {
            fsck(&case.shop)?;
        }
        if lock.exists() {
            // A user is told what to do, and that is all there is to do.
            locked += 1;
            let run = finished(&mut case.command(&case.shop, &[LIGHT, "--base", base]))?;
            if after == before {
                ended(&run, 2, &format!("remove {}", lock.canonicalize_utf8()?));
            }
            std::fs::remove_file(&lock)?;
        }
        before = after;
    }
    let left = packs.read_dir_utf8()?.flatten();
    let left = left.filter(|file| !matches!(file.path().extension(), Some("pack" | "idx")));
    println!(
        "{killed} killed, {moved} moved the branch, {locked} left a lock, {} a temporary file",
        left.count()
    );
    assert!(killed > KILLS / 2, "the runs were faster than the kills");
    assert!(moved < KILLS, "nothing was interrupted");
    fsck(&case.shop)?;
    // Nothing stops the next ones.
    for base in ["main", "other"] {
        let run = case.publish(&[LIGHT, "--base", base])?;
        assert_eq!(run.code, 0, "{}", run.shown());
        assert_eq!(case.id(&format!("{BRANCH}^"))?, case.id(base)?);
    }
    fsck(&case.shop)
}
