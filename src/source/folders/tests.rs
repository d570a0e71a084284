//! The walk beside that of the `ignore` crate, on random trees.

use std::fs;
use std::sync::{Arc, Mutex, PoisonError};

use camino::{Utf8Path, Utf8PathBuf};
use ignore::WalkBuilder;
use proptest::prelude::*;

use super::Folders;
use crate::source::is_skipped_folder;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const NAMES: &[&str] = &[
    "a",
    "b",
    "ab",
    "a.log",
    "b-c",
    "B",
    "ü",
    ".git",
    ".hidden",
    ".backstage",
    ".gitignore",
];
const RULES: &[&str] = &[
    "a", "/a", "a/", "/a/", "!a", "!/a", "!a/", "a/b", "/a/b", "!a/b", "a/*", "!a/a", "a/**",
    "**/a", "**/b/a", "!**/b", "*.log", "!a.log", "b*", "?", "[ab]", "[", "\\!a", "#a", "*", "!*",
    "!*/", ".git", "ü", "/b/**/a", "", " ",
];

/// What is to be made: a file of rules or of nothing, or a link.
#[derive(Debug, Clone)]
enum Thing {
    File,
    Rules(Vec<&'static str>),
    Link(&'static str),
}

fn trees() -> impl Strategy<Value = Vec<(Vec<&'static str>, Thing)>> {
    let names = prop::collection::vec(prop::sample::select(NAMES), 1..5);
    let rules = prop::collection::vec(prop::sample::select(RULES), 0..4);
    let thing = prop_oneof![
        6 => Just(Thing::File),
        3 => rules.prop_map(Thing::Rules),
        1 => prop::sample::select(&["..", "a", "../a"][..]).prop_map(Thing::Link),
    ];
    prop::collection::vec((names, thing), 0..24)
}

/// Makes what can be made: a file does not stand below another, and nothing behind a link, which may lead out of the root.
fn make(root: &Utf8Path, things: &[(Vec<&str>, Thing)]) {
    for (names, thing) in things {
        let mut path: Utf8PathBuf = names.iter().collect();
        if let Thing::Rules(_) = thing {
            path.set_file_name(".gitignore");
        }
        let path = root.join(path);
        let above = path.ancestors().skip(1);
        if above
            .take_while(|above| *above != root)
            .any(Utf8Path::is_symlink)
            || path.is_symlink()
        {
            continue;
        }
        let _ = path.parent().map(fs::create_dir_all);
        let _ = match thing {
            Thing::File => fs::write(path, ""),
            Thing::Rules(rules) => fs::write(path, rules.join("\n")),
            #[cfg(unix)]
            Thing::Link(target) => std::os::unix::fs::symlink(target, path),
            #[cfg(not(unix))]
            Thing::Link(_) => Ok(()),
        };
    }
}

/// The files that the `ignore` crate finds when it is asked for every one of them.
fn asked_for_each(root: &Utf8Path, is_repository: bool) -> Vec<Utf8PathBuf> {
    let inner: Arc<Mutex<Vec<Utf8PathBuf>>> = Arc::default();
    let met = Arc::clone(&inner);
    let folder = root.to_owned();
    let walk = WalkBuilder::new(root)
        .standard_filters(false)
        .git_ignore(true)
        .require_git(false)
        .filter_entry(move |entry| {
            let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            let name = entry.file_name().as_encoded_bytes();
            let is_git = name.eq_ignore_ascii_case(b".git");
            if is_git && entry.depth() > 1 && is_repository {
                let above = entry.path().parent().and_then(Utf8Path::from_path);
                let above = above.and_then(|above| above.strip_prefix(&folder).ok());
                let mut met = met.lock().unwrap_or_else(PoisonError::into_inner);
                met.extend(above.map(Utf8Path::to_owned));
            }
            entry.depth() == 0 || !(is_git || is_folder && is_skipped_folder(name))
        })
        .build();
    let files = walk
        .filter_map(|entry| Some(entry.ok()?.into_path()))
        .filter(|path| path.symlink_metadata().is_ok_and(|it| it.is_file()));
    let files = files.filter_map(|path| Utf8PathBuf::from_path_buf(path).ok());
    let files = files.filter_map(|path| Some(path.strip_prefix(root).ok()?.to_owned()));
    let mut files: Vec<_> = files.collect();
    let inner = inner.lock().unwrap_or_else(PoisonError::into_inner);
    files.retain(|path| !inner.iter().any(|inner| path.starts_with(inner)));
    files.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    files
}

proptest! {
    #[test]
    fn the_files_are_those_of_a_walk_that_asks_for_each(things in trees(), is_repository: bool) {
        let folder = tempfile::tempdir()?;
        let root = Utf8Path::from_path(folder.path()).ok_or(TestCaseError::fail("no UTF-8 path"))?;
        make(root, &things);
        let expected = asked_for_each(root, is_repository);
        let folders = Folders::walk(root, is_repository)?;
        prop_assert_eq!(&folders.list(|_| true).paths, &expected);
        let is_wanted = |path: &Utf8Path| path.file_name() == Some("a");
        let wanted: Vec<_> = expected.into_iter().filter(|path| is_wanted(path)).collect();
        prop_assert_eq!(folders.list(is_wanted).paths, wanted);
    }
}

#[cfg(unix)]
#[test]
fn what_cannot_be_listed_is_told() -> Result<()> {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let folder = tempfile::tempdir()?;
    let root = Utf8Path::from_path(folder.path()).ok_or("no UTF-8 path")?;
    let strange = OsStr::from_bytes(b"\xff");
    fs::create_dir(folder.path().join(strange))?;
    fs::write(folder.path().join(strange).join("wanted"), "")?;
    fs::write(folder.path().join(strange).join("other"), "")?;
    fs::create_dir(root.join("a"))?;
    fs::write(root.join("a/.gitignore"), "left-out\n")?;
    for name in [b"wanted\xff", b"unknown"] {
        fs::write(
            root.join("a").as_std_path().join(OsStr::from_bytes(name)),
            "",
        )?;
    }
    let is_wanted = |path: &Utf8Path| path.file_name().is_some_and(|name| name.contains("wanted"));
    let listing = Folders::walk(root, true)?.list(is_wanted);
    assert!(listing.paths.is_empty());
    let faults: Vec<_> = listing
        .faults
        .iter()
        .map(|fault| fault.path.as_str())
        .collect();
    assert_eq!(faults, ["a/wanted\u{fffd}", "\u{fffd}/wanted"]);
    Ok(())
}

#[test]
fn a_folder_that_holds_no_file_is_unknown() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let root = Utf8Path::from_path(folder.path()).ok_or("no UTF-8 path")?;
    fs::create_dir_all(root.join("a/b"))?;
    fs::create_dir_all(root.join("sub/c/.git"))?;
    for path in ["a/b/x", "sub/x", "sub/c/x", ".gitignore"] {
        fs::write(root.join(path), "")?;
    }
    let folders = Folders::walk(root, true)?;
    let met = ["", "a", "a/b", "sub", "sub/c", "z"].map(|path| folders.has_met(path.into()));
    assert_eq!(met, [true, false, true, true, false, false]);
    let inner = ["sub/x", "sub/c", "sub/c/x"].map(|path| folders.is_inner(path.into()));
    assert_eq!(inner, [false, true, true]);
    assert!(!Folders::walk(root, false)?.is_inner("sub/c/x".into()));
    assert!(Folders::walk(&root.join("none"), true).is_err());
    Ok(())
}
