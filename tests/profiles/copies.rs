//! `init` copies a profile out, and the copy does what the profile does.

use camino::Utf8Path;

use crate::support::{Folder, Result, run, tree};
use crate::{Way, fixtures, names};

#[test]
fn a_copy_gives_the_same_bytes() -> Result<()> {
    for name in names() {
        let folder = Folder::new()?;
        let written = run(&folder.path, &["init", "--profile", name])?;
        assert_eq!(written.code, 0, "{}", written.shown());
        assert!(
            written.stdout.contains("--profile ./port-profile"),
            "{}",
            written.shown()
        );
        let (original, copy) = (
            Way::of(name)?,
            Way::of(folder.path.join("port-profile").as_str())?,
        );
        for input in fixtures()? {
            let (original, copy) = (original.convert(&input)?, copy.convert(&input)?);
            let bytes = |manifests: &[_]| format!("{manifests:#?}");
            assert_eq!(
                bytes(&original.manifests),
                bytes(&copy.manifests),
                "{name} on {input}"
            );
            assert_eq!(original.findings.len(), copy.findings.len());
        }
    }
    Ok(())
}

#[test]
fn nothing_is_overwritten_unasked() -> Result<()> {
    let folder = Folder::with([("mine/mapping.yaml", "resources: []\n")])?;
    let refused = run(&folder.path, &["init", "mine", "--profile", "c4"])?;
    assert_eq!(refused.code, 2, "{}", refused.shown());
    let told = refused.stderr.contains("mapping.yaml exists already");
    assert!(told, "{}", refused.shown());
    // None of the other files was written either.
    let names: Vec<_> = tree(&folder.path)?.into_keys().collect();
    assert_eq!(names, ["mine/mapping.yaml"]);
    let forced = run(
        &folder.path,
        &["init", "mine", "--profile", "c4", "--force"],
    )?;
    assert_eq!(forced.code, 0, "{}", forced.shown());
    assert_eq!(
        tree(&folder.path.join("mine"))?,
        tree(Utf8Path::new("src/map/profiles/c4"))?
    );
    Ok(())
}

#[test]
fn init_knows_its_profiles() -> Result<()> {
    let folder = Folder::new()?;
    let unknown = run(&folder.path, &["init", "--profile", "team"])?;
    assert_eq!(unknown.code, 2, "{}", unknown.shown());
    let hint = unknown.stderr.contains("did you mean `teams`?");
    assert!(hint, "{}", unknown.shown());
    assert!(tree(&folder.path)?.is_empty());
    Ok(())
}

#[cfg(unix)]
#[test]
fn nothing_is_written_through_a_link() -> Result<()> {
    let folder = Folder::with([("outside.jq", "def mine: 1;\n"), ("mine/readme", "")])?;
    std::os::unix::fs::symlink("../outside.jq", folder.path.join("mine/functions.jq"))?;
    let refused = run(&folder.path, &["init", "mine", "--force"])?;
    assert_eq!(refused.code, 2, "{}", refused.shown());
    assert_eq!(tree(&folder.path.join("mine"))?.len(), 2);
    Ok(())
}
