//! The configuration of a repository, by the real binary: what it sets, where it is found, what is refused; its schema and
//! its documentation.

mod support;

use std::fmt::Write as _;
use std::{env, fs};

use camino::Utf8Path;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::{Value, json};
use support::git::{commit, git};
use support::{Folder, Result, Run, run, write};

const COMPONENT: &str = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: cart\nspec:\n  type: service\n  lifecycle: production\n  owner: nobody@acme\n";
const CUSTOM: &str = "apiVersion: acme.com/v1\nkind: Robot\nmetadata:\n  name: marvin\nspec:\n  owner: nobody@acme\n";

/// A repository with a component, and with these files.
fn repository<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Folder> {
    let folder = Folder::with([("catalog-info.yaml", COMPONENT)])?;
    git(&folder.path, &["init", "-q", "-b", "main"])?;
    for (path, text) in files {
        folder.write(path, text)?;
    }
    Ok(folder)
}

fn ok(folder: &Utf8Path, arguments: &[&str]) -> Result<Run> {
    let run = run(folder, arguments)?;
    if run.code == 0 {
        Ok(run)
    } else {
        Err(format!("{arguments:?}: {}", run.shown()).into())
    }
}

/// What a run that is refused says.
fn refused(folder: &Utf8Path, arguments: &[&str]) -> Result<String> {
    let run = run(folder, arguments)?;
    if run.code == 2 && run.stdout.is_empty() {
        Ok(run.stderr)
    } else {
        Err(format!("{arguments:?} is not refused: {}", run.shown()).into())
    }
}

#[test]
fn a_key_does_what_its_flag_does() -> Result<()> {
    let cases: &[(&str, &[&str], &str)] = &[
        ("target: central\n", &["--target=central"], "component"),
        (
            "target: [tree, bundle]\nmanifest-format: json\n",
            &["--target=tree", "--target=bundle", "--manifest-format=json"],
            "cart",
        ),
        (
            "profile: c4\nenum: type\n",
            &["--profile=c4", "--enum=type"],
            "Component",
        ),
        (
            "keep-unused: [properties]\nprovider: none\n",
            &["--keep-unused=properties", "--provider=none"],
            "cart",
        ),
        (
            "no-infer: true\nteams-only: true\n",
            &["--no-infer", "--teams-only"],
            "cart",
        ),
    ];
    for (text, flags, word) in cases {
        let configured = repository([
            ("backstage2port.yaml", *text),
            ("robot.catalog-info.yaml", CUSTOM),
        ])?;
        let flagged = repository([("robot.catalog-info.yaml", CUSTOM)])?;
        let said = ok(&configured.path, &["convert"])?;
        let expected = ok(&flagged.path, &[&["convert"], *flags].concat())?;
        assert_eq!(said.stdout, expected.stdout, "{text}");
        let mut written = support::tree(&configured.path)?;
        written.remove(Utf8Path::new("backstage2port.yaml"));
        let expected = support::tree(&flagged.path)?;
        let is_own = |path: &&camino::Utf8PathBuf| !path.starts_with(".git");
        assert!(
            written
                .iter()
                .filter(|(path, _)| is_own(path))
                .eq(expected.iter().filter(|(path, _)| is_own(path))),
            "{text}: {:?}",
            written.keys().filter(is_own).collect::<Vec<_>>()
        );
        let is_named = written
            .iter()
            .filter(|(path, _)| is_own(path))
            .any(|(path, bytes)| {
                *path != "catalog-info.yaml" && String::from_utf8_lossy(bytes).contains(word)
            });
        assert!(is_named, "{text}");
        // Hooks that check see no difference.
        ok(&configured.path, &["convert", "--check"])?;
    }
    Ok(())
}

#[test]
fn flags_win() -> Result<()> {
    let folder = repository([
        (
            "backstage2port.yaml",
            "strict: true\nfail-on: warning\nexclude: ['*.yaml']\n",
        ),
        ("robot.catalog-info.yaml", CUSTOM),
    ])?;
    let none = run(&folder.path, &["validate"])?;
    assert_eq!(none.code, 3, "{}", none.shown());
    // A list that is given takes the place of the other.
    let strict = run(
        &folder.path,
        &["validate", "--exclude=x", "--fail-on=never"],
    )?;
    assert!(
        strict.stdout.contains("error[custom-kind]"),
        "{}",
        strict.shown()
    );
    let lenient = run(&folder.path, &["validate", "--exclude=x", "--strict=false"])?;
    assert!(
        lenient.stdout.contains("note[custom-kind]"),
        "{}",
        lenient.shown()
    );
    assert_eq!(lenient.code, 1, "{}", lenient.shown());
    let without = ok(&folder.path, &["validate", "--no-config"])?;
    assert!(
        without.stdout.contains("note[custom-kind]"),
        "{}",
        without.shown()
    );
    Ok(())
}

#[test]
fn a_flag_takes_the_place_of_keys_that_it_excludes() -> Result<()> {
    let folder = repository([("backstage2port.yaml", "provider: gitlab\n")])?;
    ok(&folder.path, &["convert"])?;
    assert!(folder.path.join(".port/mapping/gitlab.yml").is_file());
    let arguments = ["convert", "--dry-run", "--blueprints=.port/blueprints"];
    let run = ok(&folder.path, &arguments)?;
    let note = "note: --blueprints takes the place of `provider` in backstage2port.yaml\n";
    assert_eq!(
        run.stderr.lines().next(),
        note.lines().next(),
        "{}",
        run.shown()
    );
    let quiet = ok(&folder.path, &[&arguments[..], &["-q"]].concat())?;
    assert_eq!(quiet.stderr, "");
    Ok(())
}

#[test]
fn severities_of_the_command_line_win_by_code() -> Result<()> {
    let folder = repository([(
        "backstage2port.yaml",
        "severity:\n  dangling-relation: error\n  owners-unchecked: warning\n",
    )])?;
    let refusal = refused(&folder.path, &["validate", "--severity", "dangling=off"])?;
    assert!(refusal.contains("there is no code `dangling`"), "{refusal}");
    let refusal = refused(
        &folder.path,
        &["validate", "--severity", "foreign-manifest=warning"],
    )?;
    assert!(
        refusal.contains("`foreign-manifest` cannot be less than `error`"),
        "{refusal}"
    );
    let refusal = refused(
        &folder.path,
        &["validate", "--severity", "custom-kind=loud"],
    )?;
    assert!(
        refusal.contains("a level is off, note, warning or error"),
        "{refusal}"
    );
    ok(
        &folder.path,
        &[
            "validate",
            "--severity=kept-entity=error",
            "--fail-on=never",
        ],
    )?;
    Ok(())
}

#[test]
fn everything_that_is_wrong_is_said_at_once_and_where() -> Result<()> {
    let folder = repository([(
        "backstage2port.yaml",
        "\
stric: true
strict: yes
dry-run: true
target: [centrl, 3]
blueprints: bp
provider: github
profile: team
message: ' '
pr-body-limit: -3
severity:
  dangling-relatoin: off
  edited-manifest: off
  unknown-field: of
codeowners:
  owner: {}
  check: 1
extends: nowhere
",
    )])?;
    let text = refused(&folder.path, &["validate"])?;
    for (place, message, help) in [
        ("1:1", "there is no key `stric`", "did you mean `strict`?"),
        (
            "2:9",
            "`strict` must be `true` or `false`, and this is a text",
            "",
        ),
        (
            "3:1",
            "`dry-run` is no key of a configuration",
            "it is given as --dry-run",
        ),
        (
            "4:10",
            "`target` cannot be `centrl`: it is one of `port-yml`, `central`, `tree`, `bundle`",
            "did you mean `central`?",
        ),
        (
            "4:18",
            "`target` must be a word or a list of words, and this is 3",
            "",
        ),
        (
            "6:1",
            "`provider` cannot stand beside `blueprints`",
            "keep one of them",
        ),
        (
            "7:10",
            "`profile` cannot be `team`",
            "did you mean `teams`?",
        ),
        ("8:10", "`message` is empty", ""),
        (
            "9:16",
            "`pr-body-limit` must be a number from 0, and this is -3",
            "",
        ),
        (
            "11:3",
            "there is no code `dangling-relatoin`",
            "did you mean `dangling-relation`?",
        ),
        ("12:20", "`edited-manifest` cannot be less than `error`", ""),
        (
            "13:18",
            "`unknown-field` cannot be `of`",
            "did you mean `off`?",
        ),
        (
            "15:3",
            "there is no key `owner` in `codeowners`",
            "did you mean `owners`?",
        ),
        (
            "16:10",
            "`check` must be `true` or `false`, and this is 1",
            "",
        ),
        ("17:10", "`nowhere`: there is no such file or folder", ""),
    ] {
        let place = format!("[backstage2port.yaml:{place}]");
        let fault = text
            .split("error[configuration]")
            .find(|fault| fault.contains(&place))
            .ok_or_else(|| format!("nothing at {place}: {text}"))?;
        let fault: String = fault
            .replace("\n  │", "")
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        assert!(fault.contains(message), "{place}: {fault}");
        assert!(fault.contains(help), "{place}: {fault}");
    }
    assert_eq!(text.matches("error[configuration]").count(), 15, "{text}");
    Ok(())
}

#[test]
fn files_that_are_no_configuration_are_refused() -> Result<()> {
    for (text, message) in [
        ("strict: true\nstrict: false\n", "[backstage2port.yaml:2:1]"),
        ("a: [\n", "[backstage2port.yaml:"),
        (
            "- strict\n",
            "a configuration must be a map of keys, and this is a list",
        ),
        (
            "strict: true\n---\nstrict: true\n",
            "in line 3 another one begins",
        ),
        ("%YAML 1.1\n---\nstrict:\n", "and this is nothing"),
    ] {
        let folder = repository([("backstage2port.yaml", text)])?;
        let said = refused(&folder.path, &["validate"])?;
        assert!(said.contains(message), "{text}: {said}");
    }
    for text in ["", "# nothing\n", "---\n", "exclude: []\n"] {
        ok(
            &repository([("backstage2port.yaml", text)])?.path,
            &["validate"],
        )?;
    }
    let folder = repository([])?;
    write(&folder.path.join("backstage2port.yaml"), b"strict: \xff\n")?;
    assert!(refused(&folder.path, &["validate"])?.contains("is not UTF-8"));
    let large = format!("# {}\n", "x".repeat(1 << 20));
    folder.write("backstage2port.yaml", &large)?;
    assert!(refused(&folder.path, &["validate"])?.contains("more than 1 MiB is not read"));
    Ok(())
}

#[test]
fn hostile_files_are_refused_in_short_time() -> Result<()> {
    let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (this, last) in "bcdefghij".chars().zip("abcdefghi".chars()) {
        writeln!(
            bomb,
            "{this}: &{this} [{}]",
            vec![format!("*{last}"); 10].join(", ")
        )?;
    }
    let mut keys = String::new();
    for number in 0..100_000 {
        writeln!(keys, "k{number}:")?;
    }
    let deep = format!("severity: {}", "[".repeat(100_000));
    let long = format!("profile: {}", "x".repeat(1_000_000));
    let controls = "\"st\\e[31mrict\\u202e\": true\n".to_owned();
    for text in [bomb, keys, deep, long, controls] {
        let folder = repository([("backstage2port.yaml", text.as_str())])?;
        let said = refused(&folder.path, &["validate"])?;
        assert!(said.len() < 100_000, "{} bytes", said.len());
        assert!(!said.contains(['\u{1b}', '\u{202e}']), "{said}");
    }
    Ok(())
}

#[test]
fn two_names_are_one_too_many() -> Result<()> {
    let folder = repository([
        ("backstage2port.yaml", ""),
        (".backstage2port.yaml", "strict: true\n"),
    ])?;
    let said = refused(&folder.path, &["validate"])?;
    assert!(
        said.contains("`backstage2port.yaml` and `.backstage2port.yaml` are both there"),
        "{said}"
    );
    fs::remove_file(folder.path.join("backstage2port.yaml"))?;
    let verbose = ok(&folder.path, &["validate", "-v"])?;
    assert_eq!(verbose.stderr, "Configuration: .backstage2port.yaml.\n");
    folder.write("backstage2port.yml", "strict: true\n")?;
    let said = refused(&folder.path, &["validate"])?;
    assert!(
        said.contains("backstage2port.yml: a configuration is called `backstage2port.yaml`"),
        "{said}"
    );
    Ok(())
}

#[test]
#[cfg(unix)]
fn links_are_not_followed() -> Result<()> {
    let folder = repository([("elsewhere", "strict: true\n")])?;
    std::os::unix::fs::symlink("elsewhere", folder.path.join("backstage2port.yaml"))?;
    let said = refused(&folder.path, &["validate"])?;
    assert!(
        said.contains("backstage2port.yaml: it cannot be read: it is a symbolic link"),
        "{said}"
    );
    // Nor in a revision, but for the file that the user names.
    commit(&folder.path)?;
    let said = refused(&folder.path, &["validate", "--rev=main"])?;
    assert!(said.contains("it is a symbolic link"), "{said}");
    ok(&folder.path, &["validate", "--config=backstage2port.yaml"])?;
    Ok(())
}

#[test]
fn the_nearest_folder_up_to_the_top_of_the_repository_counts() -> Result<()> {
    let folder = repository([
        ("backstage2port.yaml", "strict: true\n"),
        ("a/b/catalog-info.yaml", CUSTOM),
        ("a/c/backstage2port.yaml", "exclude: x\n"),
        ("a/c/catalog-info.yaml", CUSTOM),
    ])?;
    let said = |cwd: &str, arguments: &[&str]| -> Result<(i32, Vec<String>)> {
        let run = run(
            &folder.path.join(cwd),
            &[&["validate", "-v"], arguments].concat(),
        )?;
        Ok((run.code, run.stderr.lines().map(str::to_owned).collect()))
    };
    let one = |code: i32, path: &str| (code, vec![format!("Configuration: {path}.")]);
    assert_eq!(said("", &["a/b"])?, one(1, "backstage2port.yaml"));
    assert_eq!(said("a", &["b"])?, one(1, "../backstage2port.yaml"));
    assert_eq!(said("a/b", &[])?, one(1, "../../backstage2port.yaml"));
    assert_eq!(said("a", &["c"])?, one(0, "c/backstage2port.yaml"));
    let absolute = folder.path.join("a/b");
    let path = folder.path.join("backstage2port.yaml");
    assert_eq!(said("", &[absolute.as_str()])?, one(1, path.as_str()));
    // Another repository is not part of this one.
    git(&folder.path.join("a/b"), &["init", "-q"])?;
    assert_eq!(said("", &["a/b"])?, (0, vec![]));
    Ok(())
}

#[test]
fn of_several_roots_none_is_picked() -> Result<()> {
    let folder = Folder::with([
        ("shop/backstage2port.yaml", "strict: true\n"),
        ("shop/catalog-info.yaml", CUSTOM),
        ("store/catalog-info.yaml", COMPONENT),
    ])?;
    let both = ok(&folder.path, &["validate", "shop", "store"])?;
    let note = "note: the configuration of shop is not read, for there are several roots: name one with --config FILE, or none \
                with --no-config\n";
    assert_eq!(both.stderr, note);
    for arguments in [&["--no-config"][..], &["-q"]] {
        let run = ok(
            &folder.path,
            &[&["validate", "shop", "store"], arguments].concat(),
        )?;
        assert_eq!(run.stderr, "");
    }
    for config in ["--config=shop", "--config=shop/backstage2port.yaml"] {
        let strict = run(&folder.path, &["validate", "shop", "store", config])?;
        assert_eq!(
            (strict.code, strict.stderr.as_str()),
            (1, ""),
            "{}",
            strict.shown()
        );
    }
    // Roots that lead to one file have no choice.
    let folder = repository([
        ("backstage2port.yaml", "strict: true\n"),
        ("a/catalog-info.yaml", CUSTOM),
        ("b/catalog-info.yaml", COMPONENT),
    ])?;
    let strict = run(&folder.path, &["validate", "a", "b"])?;
    assert_eq!(
        (strict.code, strict.stderr.as_str()),
        (1, ""),
        "{}",
        strict.shown()
    );
    Ok(())
}

#[test]
fn a_revision_has_its_own() -> Result<()> {
    let folder = repository([
        ("backstage2port.yaml", "strict: true\n"),
        ("a/robot.catalog-info.yaml", CUSTOM),
        ("defaults/backstage2port.yaml", "fail-on: note\n"),
    ])?;
    commit(&folder.path)?;
    fs::remove_file(folder.path.join("backstage2port.yaml"))?;
    let bare = Folder::new()?;
    git(
        &bare.path,
        &["clone", "-q", "--bare", folder.path.as_str(), "bare.git"],
    )?;
    let code = |cwd: &Utf8Path, arguments: &[&str]| -> Result<i32> {
        Ok(run(cwd, &[&["validate"], arguments].concat())?.code)
    };
    assert_eq!(code(&folder.path, &[])?, 0);
    assert_eq!(code(&folder.path, &["--rev=main"])?, 1);
    assert_eq!(code(&folder.path, &["--rev=main", "a"])?, 1);
    assert_eq!(code(&bare.path, &["--rev=main", "bare.git"])?, 1);
    assert_eq!(
        code(&bare.path, &["--rev=main", "bare.git", "--no-config"])?,
        0
    );
    // What a file of a revision extends is of the revision too.
    folder.write("backstage2port.yaml", "extends: ./defaults/\n")?;
    git(&folder.path, &["add", "."])?;
    commit(&folder.path)?;
    fs::remove_dir_all(folder.path.join("defaults"))?;
    assert_eq!(code(&folder.path, &["--rev=main", "--exclude=a*"])?, 1);
    refused(&folder.path, &["validate"])?;
    // A revision that is not there is told as ever.
    let said = refused(&folder.path, &["validate", "--rev=none"])?;
    assert!(said.contains("cannot read the revision `none`"), "{said}");
    Ok(())
}

#[test]
fn publish_reads_that_of_its_base() -> Result<()> {
    let folder = repository([(
        "backstage2port.yaml",
        "branch: port\nmessage: Renew the catalog\ntarget: central\nfail-on: never\n",
    )])?;
    commit(&folder.path)?;
    folder.write("backstage2port.yaml", "branch: other\n")?;
    let publish = |arguments: &[&str]| -> Result<Run> {
        let mut command = support::binary(&folder.path);
        command.arg("publish").args(arguments);
        for name in ["GIT_AUTHOR", "GIT_COMMITTER"] {
            command.env(format!("{name}_NAME"), "Kim");
            command.env(format!("{name}_EMAIL"), "kim@example.com");
        }
        support::finished(&mut command)
    };
    let run = publish(&[])?;
    assert_eq!(run.code, 0, "{}", run.shown());
    let shown = git(
        &folder.path,
        &["log", "-1", "--format=%s", "--name-only", "port"],
    )?;
    assert!(shown.starts_with("Renew the catalog\n"), "{shown}");
    assert!(shown.contains(".port/entities/component.yml"), "{shown}");
    let run = publish(&["--worktree", "--branch=given"])?;
    assert_eq!(run.code, 0, "{}", run.shown());
    git(&folder.path, &["rev-parse", "given"])?;
    let run = publish(&["--worktree"])?;
    assert_eq!(run.code, 0, "{}", run.shown());
    git(&folder.path, &["rev-parse", "other"])?;
    Ok(())
}

#[test]
fn defaults_of_an_organisation_are_extended() -> Result<()> {
    let folder = Folder::with([
        (
            "platform/backstage2port.yaml",
            "extends: [strict.yaml, lenient.yaml]\nfail-on: note\nexclude: ['robot*']\ncatalog: dumps/groups.json\n",
        ),
        (
            "platform/strict.yaml",
            "strict: true\ntarget: tree\nkeep-unused: all\n",
        ),
        ("platform/lenient.yaml", "strict: false\n"),
        (
            "platform/dumps/groups.json",
            r#"[{"apiVersion":"backstage.io/v1alpha1","kind":"Group","metadata":{"name":"nobody"},"spec":{"type":"team","children":[]}}]"#,
        ),
        (
            "shop/backstage2port.yaml",
            "extends: ../platform\nexclude: []\n",
        ),
        ("shop/catalog-info.yaml", COMPONENT),
        ("shop/robot.catalog-info.yaml", CUSTOM),
    ])?;
    for (cwd, root, path) in [
        (
            "",
            "shop",
            "shop/backstage2port.yaml, platform/backstage2port.yaml, platform/lenient.yaml, platform/strict.yaml",
        ),
        (
            "shop",
            ".",
            "backstage2port.yaml, ../platform/backstage2port.yaml, ../platform/lenient.yaml, ../platform/strict.yaml",
        ),
    ] {
        let run = run(&folder.path.join(cwd), &["validate", "-v", root])?;
        // The group is known, the robot is not excluded and no error, and a note is enough to fail.
        assert_eq!(run.stderr, format!("Configuration: {path}.\n"));
        assert!(run.stdout.contains("note[custom-kind]"), "{}", run.shown());
        assert!(!run.stdout.contains("dangling-relation"), "{}", run.shown());
        assert_eq!(run.code, 1, "{}", run.shown());
    }
    // A nearer key takes the place of those that it excludes.
    folder.write(
        "shop/backstage2port.yaml",
        "extends: ../platform\nblueprints: bp\nfail-on: never\n",
    )?;
    folder.write(
        "shop/bp/blueprints.json",
        r#"{"identifier":"component","title":"Component","schema":{"properties":{}}}"#,
    )?;
    let run = ok(
        &folder.path,
        &["convert", "--dry-run", "--no-infer", "shop"],
    )?;
    assert!(!run.stderr.contains("note:"), "{}", run.shown());
    assert!(run.stdout.contains("-> component"), "{}", run.shown());
    Ok(())
}

#[test]
fn maps_are_merged_by_key() -> Result<()> {
    let folder = repository([
        (
            "backstage2port.yaml",
            "extends: defaults.yaml\nseverity: {custom-kind: error}\ncodeowners: {owners: {'@a': 'group:a'}}\n",
        ),
        (
            "defaults.yaml",
            "severity: {custom-kind: 'off', foreign-manifest: error}\ncodeowners: {check: false, owners: {'@a': 3}}\n",
        ),
    ])?;
    // Faults of a file that is extended are told at their places, beside those of the first.
    let said = refused(&folder.path, &["validate"])?;
    assert!(said.contains("[defaults.yaml:2:43]"), "{said}");
    folder.write(
        "defaults.yaml",
        "severity: {custom-kind: 'off'}\ncodeowners: {owners: {'@b': 'group:b'}}\n",
    )?;
    ok(&folder.path, &["validate"])?;
    Ok(())
}

#[test]
fn chains_end() -> Result<()> {
    let folder = repository([
        ("backstage2port.yaml", "extends: [b.yaml]\n"),
        ("b.yaml", "extends: ./backstage2port.yaml\n"),
    ])?;
    let said = refused(&folder.path, &["validate"])?;
    assert!(said.contains("[b.yaml:1:10]"), "{said}");
    let words: Vec<&str> = said
        .split_whitespace()
        .filter(|word| *word != "│")
        .collect();
    let circle = "extends itself: backstage2port.yaml -> b.yaml -> backstage2port.yaml";
    assert!(words.join(" ").contains(circle), "{said}");
    for number in 0..12 {
        folder.write(
            &format!("{number}.yaml"),
            &format!("extends: {}.yaml\n", number + 1),
        )?;
    }
    folder.write("backstage2port.yaml", "extends: 0.yaml\n")?;
    assert!(refused(&folder.path, &["validate"])?.contains("too much to extend"));
    // Wide is limited as deep is: ten files that each name the next one ten times.
    for number in 0..12 {
        let next = vec![format!("{}.yaml", number + 1); 10].join(", ");
        folder.write(&format!("{number}.yaml"), &format!("extends: [{next}]\n"))?;
    }
    folder.write("9.yaml", "strict: false\n")?;
    assert!(refused(&folder.path, &["validate"])?.contains("too much to extend"));
    Ok(())
}

#[test]
fn text_of_files_outside_is_not_shown() -> Result<()> {
    let folder = Folder::with([
        ("secrets.yaml", "profile: [hunter2]\nhunter2\n"),
        ("shop/catalog-info.yaml", COMPONENT),
        ("shop/backstage2port.yaml", "extends: ../secrets.yaml\n"),
    ])?;
    let said = refused(&folder.path.join("shop"), &["validate"])?;
    assert!(said.contains("../secrets.yaml:2:"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
    // The user who names it may see it.
    let said = refused(
        &folder.path.join("shop"),
        &["validate", "--config=../secrets.yaml"],
    )?;
    assert!(said.contains("hunter2"), "{said}");
    // What is no file at all does not hold up the run.
    for path in ["/dev/zero", "..", "../shop"] {
        folder.write("shop/backstage2port.yaml", &format!("extends: {path}\n"))?;
        refused(&folder.path.join("shop"), &["validate"])?;
    }
    Ok(())
}

#[test]
fn paths_start_at_the_folder_of_their_file() -> Result<()> {
    let folder = repository([("config/backstage2port.yaml", "profile: ./mine\n")])?;
    ok(&folder.path, &["init", "--profile=c4", "config/mine"])?;
    let said = ok(&folder.path, &["convert", "--dry-run", "--config=config"])?;
    assert!(said.stdout.contains("-> Component"), "{}", said.shown());
    folder.write("backstage2port.yaml", "extends: config\n")?;
    let said = ok(&folder.path, &["convert", "--dry-run"])?;
    assert!(said.stdout.contains("-> Component"), "{}", said.shown());
    Ok(())
}

#[test]
fn a_dump_is_converted_beside_the_root_that_says_so() -> Result<()> {
    let dump = r#"[{"apiVersion":"backstage.io/v1alpha1","kind":"Group","metadata":{"name":"nobody"},"spec":{"type":"team","children":[]}}]"#;
    let folder = repository([
        ("backstage2port.yaml", "catalog: [dump.json]\n"),
        ("dump.json", dump),
    ])?;
    let flagged = ok(
        &folder.path,
        &["convert", ".", "--convert-catalog", "--dry-run"],
    )?;
    folder.write(
        "backstage2port.yaml",
        "catalog: [dump.json]\nconvert-catalog: true\n",
    )?;
    let configured = ok(&folder.path, &["convert", "--dry-run"])?;
    assert_eq!(configured.stdout, flagged.stdout);
    assert!(configured.stdout.contains("Component") && configured.stdout.contains("Group"));
    folder.write("backstage2port.yaml", "convert-catalog: true\n")?;
    let said = refused(&folder.path, &["convert", "--dry-run"])?;
    assert!(
        said.contains("--convert-catalog needs a dump to convert"),
        "{said}"
    );
    Ok(())
}

#[test]
fn commands_that_read_no_descriptors_read_no_configuration() -> Result<()> {
    let folder = repository([("backstage2port.yaml", "no such key: 1\n")])?;
    commit(&folder.path)?;
    for arguments in [
        &["init", "mine"][..],
        &["schema"],
        &["completions", "zsh"],
        &["man"],
        &["--version"],
        &["validate", "--help"],
    ] {
        ok(&folder.path, arguments)?;
    }
    for arguments in [
        &["validate"][..],
        &["convert"],
        &["publish"],
        &["diff"],
        &["catalog"],
        &["explain", "cart"],
    ] {
        let said = refused(&folder.path, arguments)?;
        assert!(
            said.contains("there is no key `no such key`"),
            "{arguments:?}: {said}"
        );
    }
    Ok(())
}

/// The command of a hook, as the hook runs it.
#[test]
fn hooks_find_it() -> Result<()> {
    let folder = repository([("backstage2port.yaml", "target: central\nfail-on: warning\n")])?;
    let hooks = fs::read_to_string(".pre-commit-hooks.yaml")?;
    let entries: Vec<&str> = hooks
        .lines()
        .filter_map(|line| line.trim().strip_prefix("entry: backstage2port "))
        .collect();
    assert_eq!(entries.len(), 3);
    for entry in entries {
        let arguments: Vec<&str> = entry.split(' ').collect();
        let run = run(&folder.path, &arguments)?;
        // Without it there would be warnings only, and a port.yml.
        assert_eq!(run.code, 1, "{entry}: {}", run.shown());
    }
    assert!(folder.path.join(".port/entities/component.yml").is_file());
    assert!(!folder.path.join("port.yml").exists());
    Ok(())
}

fn schema() -> Result<Value> {
    Ok(serde_json::from_str(&ok(".".into(), &["schema"])?.stdout)?)
}

#[test]
fn the_examples_of_the_documentation_are_sound() -> Result<()> {
    let text = fs::read_to_string("docs/configuration.md")?;
    let schema = jsonschema::draft202012::new(&schema()?)?;
    let examples: Vec<&str> = text
        .split("```yaml\n")
        .skip(1)
        .filter_map(|block| block.split("```").next())
        .filter(|block| {
            block.starts_with("# backstage2port.yaml")
                || block.starts_with("# platform/backstage2port.yaml")
        })
        .collect();
    assert!(examples.len() >= 2, "no examples");
    for example in examples {
        let value = &backstage2port::yaml::documents(example)[0].content;
        let value = value.as_ref().map_err(|errors| format!("{errors:?}"))?;
        let faults: Vec<String> = schema
            .iter_errors(value)
            .map(|fault| fault.to_string())
            .collect();
        assert!(faults.is_empty(), "{example}: {faults:?}");
        let alone: String = example
            .lines()
            .filter(|line| !line.starts_with("extends"))
            .fold(String::new(), |text, line| text + line + "\n");
        let folder = repository([("backstage2port.yaml", alone.as_str())])?;
        let said = run(
            &folder.path,
            &["validate", "--catalog=/dev/null", "--profile=standard"],
        )?;
        assert!(
            !said.stderr.contains("error[configuration]"),
            "{}",
            said.shown()
        );
    }
    Ok(())
}

#[test]
fn the_documentation_names_every_key() -> Result<()> {
    let path = "docs/configuration.md";
    let written = fs::read_to_string(path)?;
    let schema = schema()?;
    let mut table = "| Key | Values | Meaning |\n|---|---|---|\n".to_owned();
    for (name, key) in schema["properties"].as_object().ok_or("no properties")? {
        let about = key["description"].as_str().ok_or("no description")?;
        let about = about
            .replace('|', "\\|")
            .replace("; repeatable, or a list with commas", "")
            .replace("; repeatable", "");
        writeln!(table, "| `{name}` | {} | {about} |", values(name, key))?;
    }
    let (before, rest) = written
        .split_once("<!-- keys -->\n")
        .ok_or("no place for the keys")?;
    let after: String = rest
        .lines()
        .skip_while(|line| line.starts_with('|'))
        .fold(String::new(), |text, line| text + line + "\n");
    let actual = format!("{before}<!-- keys -->\n{table}{after}");
    if env::var_os("UPDATE").is_some() {
        fs::write(path, &actual)?;
        return Ok(());
    }
    assert_eq!(written, actual, "UPDATE=1 rewrites it");
    Ok(())
}

/// The values of a key in words.
fn values(name: &str, key: &Value) -> String {
    let list = key["anyOf"]
        .as_array()
        .filter(|options| options.last().is_some_and(|last| last["type"] == "array"));
    let item = list.map_or(key, |options| &options[0]);
    let words = item["oneOf"].as_array().map(|words| {
        let words = words.iter().filter_map(|word| word["const"].as_str());
        words
            .map(|word| format!("`{word}`"))
            .collect::<Vec<_>>()
            .join(", ")
    });
    let one = match (name, item["type"].as_str()) {
        (_, Some("boolean")) => "`true`, `false`".to_owned(),
        (_, Some("integer")) => "a number".to_owned(),
        ("severity", _) => "a map from codes to `off`, `note`, `warning` or `error`".to_owned(),
        ("codeowners", _) => "a map with `owners` and `check`".to_owned(),
        ("extends" | "catalog" | "blueprints" | "baseline", _) => "a path".to_owned(),
        ("profile", _) => "a name, or a folder with a slash".to_owned(),
        _ => words.unwrap_or_else(|| "a text".to_owned()),
    };
    if list.is_some() {
        format!("{one}; or a list")
    } else {
        one
    }
}

/// Values of all sorts, those of keys among them.
fn any_value(words: Vec<String>) -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        3 => prop::sample::select(words).prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => (-3_i64..10).prop_map(Value::from),
        1 => Just(json!(1.5)),
        1 => Just(json!(1e20)),
        1 => Just(Value::Null),
        1 => Just(json!("")),
        1 => Just(json!(" \t")),
    ];
    prop_oneof![
        4 => leaf.clone(),
        2 => prop::collection::vec(leaf.clone(), 0..3).prop_map(Value::from),
        1 => prop::collection::vec(leaf, 0..3).prop_map(|items| json!({ "check": items })),
    ]
}

/// What fits a part of the schema, most of the time.
fn fitting(schema: &Value) -> BoxedStrategy<Value> {
    if let Some(options) = schema["oneOf"].as_array().or(schema["anyOf"].as_array())
        && schema["type"].is_null()
    {
        let options: Vec<_> = options.iter().map(fitting).collect();
        return prop::strategy::Union::new(options).boxed();
    }
    if let Some(words) = schema["enum"].as_array() {
        return prop::sample::select(words.clone()).boxed();
    }
    if !schema["const"].is_null() {
        return Just(schema["const"].clone()).boxed();
    }
    match schema["type"].as_str() {
        Some("boolean") => any::<bool>().prop_map(Value::from).boxed(),
        Some("integer") => (0_u64..1 << 53).prop_map(Value::from).boxed(),
        Some("array") => prop::collection::vec(fitting(&schema["items"]), 0..3)
            .prop_map(Value::from)
            .boxed(),
        Some("string") => prop::sample::select(vec!["./x", "a/b", "*", "standard", "é"])
            .prop_map(Value::from)
            .boxed(),
        Some("object") => {
            let known = schema["properties"]
                .as_object()
                .cloned()
                .unwrap_or_default();
            let entries = known
                .into_iter()
                .map(|(name, schema)| (Just(name), fitting(&schema)).boxed());
            let entries: Vec<_> = entries.collect();
            if entries.is_empty() {
                let others = prop::sample::select(vec!["@acme/shop", "kim@example.com"]);
                let entry = (
                    others.prop_map(str::to_owned),
                    fitting(&schema["additionalProperties"]),
                );
                return prop::collection::vec(entry, 0..3).prop_map(object).boxed();
            }
            prop::collection::vec(prop::strategy::Union::new(entries), 0..4)
                .prop_map(object)
                .boxed()
        }
        _ => Just(Value::Null).boxed(),
    }
}

fn object(entries: Vec<(String, Value)>) -> Value {
    entries
        .into_iter()
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[test]
fn the_schema_refuses_what_the_program_refuses() -> Result<()> {
    let schema = schema()?;
    let validator = jsonschema::draft202012::new(&schema)?;
    let folder = Folder::new()?;
    let properties = schema["properties"].as_object().ok_or("no properties")?;
    let mut keys: Vec<(String, Value)> = properties.clone().into_iter().collect();
    // Whether files are there is nothing that a schema knows.
    keys.retain(|(name, _)| name != "extends");
    let names: Vec<String> = keys
        .iter()
        .map(|(name, _)| name.clone())
        .chain(["stric".to_owned(), "dry-run".to_owned()])
        .collect();
    let mut words: Vec<String> = [
        "x", "./x", "off", "error", "tree", "github", "all", "teams", "never",
    ]
    .map(str::to_owned)
    .to_vec();
    words.extend(names.clone());
    let sound: Vec<_> = keys
        .iter()
        .map(|(name, schema)| (Just(name.clone()), fitting(schema)).boxed())
        .collect();
    let sound = prop::strategy::Union::new(sound);
    let odd = (prop::sample::select(names), any_value(words));
    let entry = prop_oneof![8 => sound.boxed(), 1 => odd.boxed()];
    let configuration = prop::collection::vec(entry, 0..5).prop_map(object);
    let mut runner = TestRunner::new(Config {
        cases: 300,
        failure_persistence: None,
        ..Config::default()
    });
    let mut verdicts = [0, 0];
    let ran = runner.run(&configuration, |value| {
        let failed = |error: Box<dyn std::error::Error>| TestCaseError::fail(error.to_string());
        folder
            .write("backstage2port.yaml", &value.to_string())
            .map_err(failed)?;
        // The run that follows has nothing to read.
        let run = run(
            &folder.path,
            &[
                "validate",
                "--allow-empty",
                "--catalog=/dev/null",
                "--include=x",
                "--exclude=x",
            ],
        )
        .map_err(failed)?;
        let is_refused = run.stderr.contains("error[configuration]");
        prop_assert_eq!(
            !validator.is_valid(&value),
            is_refused,
            "{}: {}",
            value,
            run.shown()
        );
        Ok(())
    });
    ran?;
    // Both verdicts are common.
    let mut sample = TestRunner::deterministic();
    for _ in 0..100 {
        let value = configuration
            .new_tree(&mut sample)
            .map_err(|reason| reason.to_string())?
            .current();
        verdicts[usize::from(validator.is_valid(&value))] += 1;
    }
    assert!(verdicts.iter().all(|count| *count > 10), "{verdicts:?}");
    Ok(())
}
