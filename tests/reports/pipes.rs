//! A reader that has seen enough is success, whatever is printed.

use std::process::Stdio;

use crate::read::FORMATS;
use crate::support::git::{commit, git};
use crate::support::{Folder, Result, binary};

#[test]
fn nobody_has_to_read() -> Result<()> {
    let descriptor = "\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: cart}
spec: {type: service, lifecycle: production, owner: nobody@acme}
---
kind: Component
";
    let folder = Folder::with([("catalog-info.yaml", descriptor)])?;
    git(&folder.path, &["init", "-q", "-b", "main"])?;
    commit(&folder.path)?;
    // Of short expressions: mapping is not what counts here.
    let light = "--profile=ocean";
    let mut commands = vec![
        vec!["catalog"],
        vec!["explain", "cart"],
        vec!["init", "profile"],
        vec!["--help"],
        vec!["--version"],
    ];
    for format in ["text", "json", "markdown"] {
        commands.push(vec!["diff", light, "--format", format]);
    }
    for format in FORMATS.into_iter().chain(["text", "github-output"]) {
        commands.push(vec!["validate", "--format", format]);
        commands.push(vec!["convert", light, "--dry-run", "--format", format]);
        commands.push(vec!["publish", light, "--dry-run", "--format", format]);
    }
    for arguments in commands {
        let (reader, writer) = std::io::pipe()?;
        drop(reader);
        let run = binary(&folder.path)
            .args(&arguments)
            .stdout(writer)
            .stderr(Stdio::piped())
            .spawn()?
            .wait_with_output()?;
        let stderr = String::from_utf8_lossy(&run.stderr);
        assert_eq!(run.status.code(), Some(0), "{arguments:?}: {stderr}");
        assert!(
            !stderr.contains("cannot print") && !stderr.contains("panicked"),
            "{arguments:?}: {stderr}"
        );
    }
    Ok(())
}
