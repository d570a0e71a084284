//! The README tells the truth: the examples it shows are run. `UPDATE=1` rewrites them.

mod support;

use std::fs;

use camino::Utf8Path;
use support::{Folder, Result, copy, document};

#[test]
fn the_readme_shows_what_the_program_does() -> Result<()> {
    let path = Utf8Path::new("README.md");
    let written = fs::read_to_string(path)?;
    let folder = Folder::new()?;
    copy("fixtures".into(), &folder.path.join("fixtures"))?;
    let shown = document::shown(&written, &folder.path, &[])?;
    assert!(shown.runs > 0, "the README shows no example");
    assert_eq!(document::settled(path, &written, &shown)?, None);
    Ok(())
}
