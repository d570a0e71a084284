//! Streams and exit codes of all commands: data on standard output, everything else on standard error; what `-q` and `-v` say.

mod support;

use support::git::{commit, git};
use support::{Folder, Result, Run, run};

const ERROR: &str =
    "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: a cart\n";
const WARNING: &str = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: cart\nspec:\n  type: service\n  lifecycle: production\n  owner: nobody@acme\n";
const NOTE: &str = "apiVersion: acme.com/v1\nkind: Robot\nmetadata:\n  name: marvin\n";

/// The commands that read descriptors, with what they need.
const READING: [&[&str]; 6] = [
    &["convert", "--dry-run"],
    &["publish", "--dry-run"],
    &["diff"],
    &["catalog"],
    &["validate"],
    &["explain", "cart"],
];

/// A repository with an error, warnings and notes.
fn repository() -> Result<Folder> {
    let folder = Folder::with([
        ("a/catalog-info.yaml", ERROR),
        ("b/catalog-info.yaml", WARNING),
        ("c/catalog-info.yaml", NOTE),
    ])?;
    git(&folder.path, &["init", "-q", "-b", "main"])?;
    commit(&folder.path)?;
    Ok(folder)
}

/// The severities of the findings that a text shows.
fn shown(text: &str) -> [bool; 3] {
    ["error[", "warning[", "note["].map(|start| text.lines().any(|line| line.starts_with(start)))
}

fn with(folder: &Folder, command: &[&str], arguments: &[&str]) -> Result<Run> {
    run(&folder.path, &[command, arguments].concat())
}

#[test]
fn quiet_says_errors_only_and_verbose_says_all() -> Result<()> {
    let folder = repository()?;
    // What `explain` tells of findings is about one entity.
    for command in READING.iter().filter(|command| command[0] != "explain") {
        let both = |run: &Run| run.stdout.clone() + &run.stderr;
        let quiet = with(&folder, command, &["-q"])?;
        assert_eq!(
            shown(&both(&quiet)),
            [true, false, false],
            "{command:?}: {}",
            quiet.shown()
        );
        assert!(
            !both(&quiet).contains("Found "),
            "{command:?}: {}",
            quiet.shown()
        );
        let verbose = with(&folder, command, &["-v"])?;
        assert_eq!(
            shown(&both(&verbose)),
            [true, true, true],
            "{command:?}: {}",
            verbose.shown()
        );
        let both_flags = with(&folder, command, &["-v", "-q"])?;
        assert_eq!((both_flags.code, both_flags.stdout.as_str()), (2, ""));
    }
    Ok(())
}

#[test]
fn data_is_on_standard_output_alone() -> Result<()> {
    let folder = repository()?;
    // The findings are the data of `validate`, and those of the entity belong to what `explain` tells.
    for command in [
        &["convert", "--dry-run"][..],
        &["publish", "--dry-run"],
        &["diff"],
        &["catalog"],
    ] {
        let run = with(&folder, command, &["-v"])?;
        assert_eq!(
            shown(&run.stdout),
            [false; 3],
            "{command:?}: {}",
            run.shown()
        );
        assert_eq!(
            shown(&run.stderr),
            [true; 3],
            "{command:?}: {}",
            run.shown()
        );
    }
    let catalog = with(&folder, &["catalog"], &[])?;
    for line in catalog.stdout.lines() {
        serde_json::from_str::<serde_json::Value>(line)?;
    }
    let diff = with(&folder, &["diff", "--format=json"], &["-v"])?;
    serde_json::from_str::<serde_json::Value>(&diff.stdout)?;
    for command in ["convert", "publish", "validate"] {
        for level in ["-q", "-v"] {
            let arguments = ["--format=json", level];
            let dry = if command == "validate" {
                &[][..]
            } else {
                &["--dry-run"]
            };
            let run = with(&folder, &[&[command], dry].concat(), &arguments)?;
            serde_json::from_str::<serde_json::Value>(&run.stdout)?;
            assert_eq!(run.stderr, "", "{command}: {}", run.shown());
        }
    }
    for arguments in [
        &["schema"][..],
        &["completions", "bash"],
        &["man"],
        &["--help"],
        &["--version"],
        &["validate", "-h"],
    ] {
        let run = run(&folder.path, arguments)?;
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{arguments:?}");
        assert!(!run.stdout.is_empty(), "{arguments:?}");
    }
    Ok(())
}

#[test]
fn exit_codes_follow_the_severity_that_fails() -> Result<()> {
    let folder = repository()?;
    for command in READING
        .iter()
        .filter(|command| !matches!(command[0], "diff" | "explain"))
    {
        for (level, without_error, expected) in [
            ("error", false, 1),
            ("error", true, 0),
            ("warning", true, 1),
            ("note", true, 1),
            ("never", false, 0),
        ] {
            let fail_on = format!("--fail-on={level}");
            let excluded = if without_error {
                "--exclude=a/*"
            } else {
                "--exclude=x"
            };
            let run = with(&folder, command, &[&fail_on, excluded])?;
            assert_eq!(
                run.code,
                expected,
                "{command:?} {fail_on} {excluded}: {}",
                run.shown()
            );
        }
    }
    // They answer a question; `diff --exit-code` asks for more.
    for command in [&["diff"][..], &["explain", "cart"]] {
        assert_eq!(with(&folder, command, &[])?.code, 0, "{command:?}");
    }
    assert_eq!(with(&folder, &["diff", "--exit-code"], &[])?.code, 1);
    Ok(())
}

#[test]
fn no_descriptors_are_exit_code_3() -> Result<()> {
    let folder = repository()?;
    for command in READING {
        let none = with(&folder, command, &["--include=none"])?;
        assert_eq!(
            (none.code, none.stdout.as_str()),
            (3, ""),
            "{command:?}: {}",
            none.shown()
        );
        assert!(
            none.stderr.starts_with("error: no descriptors found in ."),
            "{}",
            none.shown()
        );
        let quiet = with(&folder, command, &["--include=none", "-q"])?;
        assert_eq!(quiet.stderr, none.stderr, "{command:?}");
        if command[0] != "explain" {
            let allowed = with(&folder, command, &["--include=none", "--allow-empty"])?;
            assert_eq!(allowed.code, 0, "{command:?}: {}", allowed.shown());
        }
    }
    Ok(())
}

#[test]
fn what_cannot_be_run_is_exit_code_2_and_said_on_standard_error() -> Result<()> {
    let folder = repository()?;
    let report = ["--report=json=none/report.json"];
    for (command, arguments) in READING.iter().flat_map(|command| {
        [
            &["--no-such-flag"][..],
            &["nowhere"],
            &["--threads=x"],
            &["--catalog=none.json"],
            &["--include=["],
        ]
        .map(|arguments| (*command, arguments))
    }) {
        let run = with(&folder, command, &[arguments, &["-q"]].concat())?;
        assert_eq!(
            (run.code, run.stdout.as_str()),
            (2, ""),
            "{command:?} {arguments:?}: {}",
            run.shown()
        );
        assert!(
            run.stderr.starts_with("error: "),
            "{command:?} {arguments:?}: {}",
            run.shown()
        );
    }
    for command in [
        &["convert", "--dry-run"][..],
        &["publish", "--dry-run"],
        &["validate"],
    ] {
        let run = with(&folder, command, &report)?;
        assert_eq!(run.code, 2, "{command:?}: {}", run.shown());
    }
    for arguments in [
        &["schema", "x"][..],
        &["completions"],
        &["completions", "tcsh"],
        &["man", "/dev/null"],
        &["init", "/dev/null"],
        &["nothing"],
    ] {
        let run = run(&folder.path, arguments)?;
        assert_eq!(
            (run.code, run.stdout.as_str()),
            (2, ""),
            "{arguments:?}: {}",
            run.shown()
        );
    }
    Ok(())
}
