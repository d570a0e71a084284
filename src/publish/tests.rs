use std::error::Error as StdError;
use std::fs;

use camino::{Utf8Path, Utf8PathBuf};

use super::{Destination, Draft, Outcome, Run, Written, grounds};
use crate::diagnostic::{Code, Diagnostics, Error};
use crate::generated;
use crate::port;
use crate::render::Manifest;
use crate::source::{Root, RootId, Sources};
use crate::standing::{Overwrite, Rules, Standing};

type Result<T = ()> = std::result::Result<T, Box<dyn StdError>>;

/// The text of a manifest with one entity.
fn contents(name: &str) -> String {
    let opening = generated::opening(" from a.yaml.");
    generated::sealed(format!(
        "# {opening}\n- identifier: {name}\n  blueprint: b\n"
    ))
}

const RUN: Run = Run {
    rules: Rules {
        compact: false,
        allow_removals: false,
        overwrite: Overwrite::Never,
    },
    is_blocked: false,
    leaves_blueprints: false,
};

fn write(
    manifests: &[Manifest],
    sources: &mut Sources,
    destination: &Destination,
    run: Run,
    diagnostics: &mut Diagnostics,
) -> std::result::Result<Written, Error> {
    let standing = Standing::read(grounds(sources, destination)?)?;
    let catalog = port::Catalog::default();
    let draft = Draft::new(manifests, &catalog, &standing, run, sources, diagnostics)?;
    super::write(&draft)?;
    Ok(draft.outcomes())
}

struct Case {
    _folder: tempfile::TempDir,
    path: Utf8PathBuf,
}

impl Case {
    fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let path = Utf8PathBuf::try_from(folder.path().to_owned())?;
        Ok(Self {
            _folder: folder,
            path,
        })
    }

    fn sources(&self, roots: &[&str]) -> Sources {
        let root = |name: &&str| Root {
            path: self.path.join(name),
            repository: None,
        };
        Sources::new(roots.iter().map(root).collect())
    }

    /// Writes a manifest into one root, `root`, that exists.
    fn write(&self, path: &str, run: Run) -> Result<(Outcome, Diagnostics)> {
        fs::create_dir_all(self.path.join("root"))?;
        let mut diagnostics = Diagnostics::default();
        let Written { outcomes } = write(
            &[manifest(0, path)],
            &mut self.sources(&["root"]),
            &Destination::Roots,
            run,
            &mut diagnostics,
        )?;
        assert_eq!(outcomes[0].0, self.path.join("root").join(path));
        Ok((outcomes[0].1, diagnostics))
    }

    fn assert_foreign(&self, path: &str, reason: &str) -> Result {
        let (outcome, diagnostics) = self.write(path, RUN)?;
        assert_eq!(outcome, Outcome::Foreign);
        let found: Vec<_> = diagnostics.into_iter().collect();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].code, Code::ForeignManifest);
        assert!(found[0].message.contains(reason), "{}", found[0].message);
        Ok(())
    }
}

fn manifest(root: u32, path: &str) -> Manifest {
    Manifest::new(RootId(root), path, contents("a"))
}

fn names(folder: &Utf8Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in folder.read_dir_utf8()? {
        names.push(entry?.file_name().to_owned());
    }
    names.sort();
    Ok(names)
}

#[test]
fn creates_then_leaves_alone_then_updates() -> Result {
    let case = Case::new()?;
    let file = case.path.join("root/x/y/port.yml");
    assert_eq!(case.write("x/y/port.yml", RUN)?.0, Outcome::Created);
    assert_eq!(fs::read_to_string(&file)?, contents("a"));
    assert_eq!(names(&case.path.join("root/x/y"))?, ["port.yml"]);

    let before = file.metadata()?;
    assert_eq!(case.write("x/y/port.yml", RUN)?.0, Outcome::Unchanged);
    assert_eq!(file.metadata()?.modified()?, before.modified()?);
    let windows = contents("a").replace('\n', "\r\n");
    fs::write(&file, &windows)?;
    assert_eq!(case.write("x/y/port.yml", RUN)?.0, Outcome::Unchanged);
    assert_eq!(fs::read_to_string(&file)?, windows);

    for older in [contents("a longer one"), contents("b")] {
        fs::write(&file, &older)?;
        let (outcome, diagnostics) = case.write("x/y/port.yml", RUN)?;
        assert_eq!(outcome, Outcome::Updated);
        assert!(diagnostics.is_empty());
        assert_eq!(fs::read_to_string(&file)?, contents("a"));
    }
    Ok(())
}

#[test]
fn what_was_changed_by_hand_stays_unless_it_may_be_written_over() -> Result {
    let case = Case::new()?;
    let file = case.path.join("root/port.yml");
    case.write("port.yml", RUN)?;
    let edited = contents("a") + "  title: Mine\n";
    fs::write(&file, &edited)?;
    let (outcome, diagnostics) = case.write("port.yml", RUN)?;
    assert_eq!(outcome, Outcome::Edited);
    let codes: Vec<_> = diagnostics.iter().map(|found| found.code).collect();
    assert_eq!(codes, [Code::EditedManifest]);
    assert_eq!(fs::read_to_string(&file)?, edited);
    let rules = Rules {
        overwrite: Overwrite::Always,
        ..RUN.rules
    };
    let (outcome, diagnostics) = case.write("port.yml", Run { rules, ..RUN })?;
    assert_eq!((outcome, diagnostics.is_empty()), (Outcome::Updated, true));
    assert_eq!(fs::read_to_string(&file)?, contents("a"));
    Ok(())
}

#[test]
fn manifests_without_a_source_go_and_nothing_else_does() -> Result {
    let case = Case::new()?;
    let root = case.path.join("root");
    let put = |path: &str, text: &str| -> Result {
        let path = root.join(path);
        fs::create_dir_all(path.parent().ok_or("no folder")?)?;
        Ok(fs::write(path, text)?)
    };
    let ours = contents("old");
    for path in [
        "old/port.yml",
        ".port/entities/b/old.yaml",
        ".port/blueprints/old.json",
        ".port/notes.yml",
        ".hidden/port.yml",
        "other.yml",
    ] {
        put(path, &ours)?;
    }
    put("theirs/port.yml", "- identifier: theirs\n")?;
    put("edited/port.yml", &format!("{ours}# mine\n"))?;
    let blocked = Run {
        is_blocked: true,
        ..RUN
    };
    let before = names(&root.join(".port/entities/b"))?;
    assert_eq!(case.write("port.yml", blocked)?.0, Outcome::Blocked);
    assert_eq!(names(&root.join(".port/entities/b"))?, before);
    assert!(!root.join("port.yml").exists());

    let given = Run {
        leaves_blueprints: true,
        ..RUN
    };
    let (_, diagnostics) = case.write("port.yml", given)?;
    let codes: Vec<_> = diagnostics.iter().map(|found| found.code).collect();
    assert_eq!(codes, [Code::EditedManifest]);
    assert_eq!(names(&root.join(".port"))?, ["blueprints", "notes.yml"]);
    assert_eq!(names(&root.join("old"))?, [""; 0]);
    case.write("port.yml", RUN)?;
    assert_eq!(names(&root.join(".port"))?, ["notes.yml"]);
    for path in [
        "theirs/port.yml",
        "edited/port.yml",
        ".hidden/port.yml",
        "other.yml",
    ] {
        assert!(root.join(path).exists(), "{path}");
    }
    Ok(())
}

#[test]
fn what_others_wrote_stays() -> Result {
    let case = Case::new()?;
    let file = case.path.join("root/port.yml");
    case.write("port.yml", RUN)?;
    for theirs in [
        "- identifier: theirs\n".to_owned(),
        "x".repeat(contents("a").len()),
    ] {
        fs::write(&file, &theirs)?;
        case.assert_foreign("port.yml", "not written by backstage2port")?;
        assert_eq!(fs::read_to_string(&file)?, theirs);
    }
    fs::create_dir(case.path.join("root/folder"))?;
    case.assert_foreign("folder", "not a file")?;
    case.assert_foreign("port.yml/port.yml", "is not a folder")?;
    case.assert_foreign("../port.yml", "inside the root")?;
    case.assert_foreign(".GIT/port.yml", "`.git`")?;
    assert!(!case.path.join("port.yml").exists());
    Ok(())
}

#[cfg(unix)]
#[test]
fn symbolic_links_are_not_followed() -> Result {
    use std::os::unix::fs::symlink;
    let case = Case::new()?;
    fs::create_dir_all(case.path.join("root"))?;
    let root = case.path.join("root");
    fs::create_dir(case.path.join("outside"))?;
    fs::write(
        case.path.join("outside/port.yml"),
        "# Generated by backstage2port\n",
    )?;
    symlink("../outside", root.join(".port"))?;
    symlink("../outside/port.yml", root.join("port.yml"))?;
    symlink("../outside/new.yml", root.join("dangling.yml"))?;
    case.assert_foreign(".port/blueprints/a.json", "is a symbolic link")?;
    case.assert_foreign("port.yml", "it is a symbolic link")?;
    case.assert_foreign("dangling.yml", "it is a symbolic link")?;
    assert_eq!(names(&case.path.join("outside"))?, ["port.yml"]);
    assert_eq!(
        fs::read_to_string(case.path.join("outside/port.yml"))?,
        "# Generated by backstage2port\n"
    );
    Ok(())
}

#[cfg(unix)]
#[test]
fn permissions_are_those_of_ordinary_files() -> Result {
    use std::os::unix::fs::PermissionsExt;
    let case = Case::new()?;
    let mode = |path: &Utf8Path| Ok::<_, Box<dyn StdError>>(path.metadata()?.permissions().mode());
    let file = case.path.join("root/port.yml");
    let ordinary = case.path.join("ordinary");
    fs::write(&ordinary, "")?;
    case.write("port.yml", RUN)?;
    assert_eq!(mode(&file)?, mode(&ordinary)?);
    fs::write(&file, contents("old"))?;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640))?;
    assert_eq!(case.write("port.yml", RUN)?.0, Outcome::Updated);
    assert_eq!(mode(&file)? & 0o777, 0o640);
    Ok(())
}

#[test]
fn several_roots_get_a_folder_each() -> Result {
    let case = Case::new()?;
    let mut sources = case.sources(&["one", "two"]);
    let manifests = [manifest(0, "port.yml"), manifest(1, "port.yml")];
    let out = Destination::Folder(case.path.join("new/out"));
    let written = write(
        &manifests,
        &mut sources,
        &out,
        RUN,
        &mut Diagnostics::default(),
    )?;
    assert_eq!(written.count(Outcome::Created), 2);
    assert_eq!(names(&case.path.join("new/out"))?, ["one", "two"]);
    let again = write(
        &manifests,
        &mut sources,
        &out,
        RUN,
        &mut Diagnostics::default(),
    )?;
    assert_eq!(again.count(Outcome::Unchanged), 2);

    let mut same = case.sources(&["one", "x/One"]);
    let error = write(&[], &mut same, &out, RUN, &mut Diagnostics::default());
    assert!(matches!(error, Err(Error::SameOut { .. })), "{error:?}");
    Ok(())
}

#[test]
fn a_failed_write_leaves_no_temporary_file() -> Result {
    let case = Case::new()?;
    fs::create_dir_all(case.path.join("taken/by-a-folder"))?;
    assert!(super::replace(&case.path.join("taken"), "text", None).is_err());
    assert_eq!(names(&case.path)?, ["taken"]);
    Ok(())
}

#[test]
fn one_root_goes_into_the_folder_itself() -> Result {
    let case = Case::new()?;
    let out = Destination::Folder(case.path.join("out"));
    let mut sources = Sources::new(vec![Root {
        path: ".".into(),
        repository: None,
    }]);
    write(
        &[manifest(0, "port.yml")],
        &mut sources,
        &out,
        RUN,
        &mut Diagnostics::default(),
    )?;
    assert_eq!(names(&case.path.join("out"))?, ["port.yml"]);
    Ok(())
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error_and_leaves_nothing() -> Result {
    let case = Case::new()?;
    fs::write(case.path.join("file"), "")?;
    let out = Destination::Folder(case.path.join("file/out"));
    let mut sources = case.sources(&["root"]);
    let manifests = [manifest(0, "port.yml")];
    let error = write(
        &manifests,
        &mut sources,
        &out,
        RUN,
        &mut Diagnostics::default(),
    );
    assert!(matches!(error, Err(Error::Write { .. })), "{error:?}");
    assert_eq!(names(&case.path)?, ["file"]);
    Ok(())
}
