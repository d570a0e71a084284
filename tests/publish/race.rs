//! Several runs on one branch: one wins, the others say so, and every commit is whole.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::thread;
use std::time::{Duration, Instant};

use crate::case::{BRANCH, CART, Case, LIGHT, component, ended, fsck};
use crate::support::{Result, finished, tree, write};

/// A base beside `main`, with other descriptors.
pub(crate) fn base_beside(case: &Case, name: &str) -> Result<()> {
    case.git(&["switch", "-q", "-c", name])?;
    case.change(CART, &component("cart", name))?;
    case.git(&["switch", "-q", "main"])?;
    Ok(())
}

#[test]
fn who_comes_second_says_so_and_leaves_nothing() -> Result<()> {
    let case = Case::new()?;
    base_beside(&case, "first")?;
    base_beside(&case, "second")?;
    // A signer that takes its time holds one run between its look at the branch and its move.
    let (home, waiting, go) = (case.path("slow"), case.path("waiting"), case.path("go"));
    let signer = case.path("signer");
    let script = format!(
        "#!/bin/sh\ncat > /dev/null\n: > {waiting}\nwhile [ ! -e {go} ]; do sleep 0.01; done\n\
         echo '[GNUPG:] SIG_CREATED ' >&2\necho signed\n"
    );
    write(&signer, script.as_bytes())?;
    fs::set_permissions(&signer, fs::Permissions::from_mode(0o755))?;
    let config = format!("[commit]\ngpgsign = true\n[gpg]\nprogram = {signer}\n");
    write(&home.join(".gitconfig"), config.as_bytes())?;
    // First there is no branch, then there is one.
    for base in ["first", "second"] {
        let mut late = case.command(&case.shop, &["--base", "main"]);
        late.env("HOME", &home);
        let late = thread::spawn(move || finished(&mut late).map_err(|error| error.to_string()));
        let start = Instant::now();
        while !waiting.exists() {
            assert!(start.elapsed() < Duration::from_secs(30), "no signer");
            thread::sleep(Duration::from_millis(5));
        }
        let won = case.published(&["--base", base])?;
        let objects = tree(&case.shop.join(".git/objects"))?;
        write(&go, b"")?;
        let late = late.join().map_err(|_| "a panic")??;
        ended(&late, 2, "somebody else moved the branch");
        assert_eq!(case.id(BRANCH)?, won);
        assert!(tree(&case.shop.join(".git/objects"))? == objects);
        fs::remove_file(&waiting)?;
        fs::remove_file(&go)?;
    }
    fsck(&case.shop)
}

#[test]
fn of_many_runs_the_branch_is_one() -> Result<()> {
    let case = Case::new()?;
    base_beside(&case, "other")?;
    let mut whole = Vec::new();
    for base in ["main", "other"] {
        let name = format!("backstage2port/{base}");
        ended(
            &case.publish(&[LIGHT, "--base", base, "--branch", &name])?,
            0,
            "Committed to",
        );
        whole.push(case.git(&["rev-parse", &format!("{name}^{{tree}}")])?);
    }
    let mut lost = 0;
    for round in 0..4 {
        let runs: Vec<_> = ["main", "other", "main", "other"]
            .map(|base| {
                let mut command = case.command(&case.shop, &[LIGHT, "--base", base]);
                thread::spawn(move || finished(&mut command).map_err(|error| error.to_string()))
            })
            .into_iter()
            .map(|run| run.join().map_err(|_| "a panic"))
            .collect::<std::result::Result<_, _>>()?;
        let mut won = 0;
        for run in runs {
            let run = run?;
            let is_lost = ["somebody else moved the branch", "another git is changing"]
                .iter()
                .any(|said| run.stderr.contains(said));
            match run.code {
                0 => won += 1,
                2 if is_lost => lost += 1,
                _ => return Err(run.shown().into()),
            }
        }
        assert!(won > 0, "nobody won round {round}");
        let tree = case.git(&["rev-parse", &format!("{BRANCH}^{{tree}}")])?;
        assert!(whole.contains(&tree), "half a tree in round {round}");
    }
    println!("{lost} of 16 runs lost");
    fsck(&case.shop)
}
