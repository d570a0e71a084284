//! What the tests of the binary share: temporary folders, runs of the binary, trees of files.

#![allow(
    dead_code,
    reason = "every test binary has its own copy and uses a part of it"
)]

pub(crate) mod account;
pub(crate) mod corpus;
pub(crate) mod document;
pub(crate) mod git;
pub(crate) mod port;

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::{self, File};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use backstage2port::backstage::Mode;
use backstage2port::backstage::discover::Patterns;
use backstage2port::source::Root;
use backstage2port::{Dumps, Inputs, codeowners};
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;
use tempfile::TempDir;

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Longer than any run takes; a run that lasts this long hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// A temporary folder with a UTF-8 path.
pub(crate) struct Folder {
    _folder: TempDir,
    pub(crate) path: Utf8PathBuf,
}

impl Folder {
    pub(crate) fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let path = Utf8Path::from_path(folder.path()).ok_or("no UTF-8 path")?;
        Ok(Self {
            path: path.to_owned(),
            _folder: folder,
        })
    }

    /// A temporary folder with these files.
    pub(crate) fn with<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self> {
        let folder = Self::new()?;
        for (path, text) in files {
            folder.write(path, text)?;
        }
        Ok(folder)
    }

    pub(crate) fn write(&self, path: &str, text: &str) -> Result<()> {
        write(&self.path.join(path), text.as_bytes())
    }
}

/// How a run of the binary ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// The whole run, for the message of an assertion.
    pub(crate) fn shown(&self) -> String {
        format!(
            "exit code {}\n--- stdout\n{}--- stderr\n{}",
            self.code, self.stdout, self.stderr
        )
    }
}

/// The binary, in a folder and in an environment that says nothing about terminals.
pub(crate) fn binary(cwd: &Utf8Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_backstage2port"));
    command
        .current_dir(cwd)
        .stdin(Stdio::null())
        .env("NO_COLOR", "1")
        .env_remove("CLICOLOR_FORCE")
        .env_remove("COLUMNS")
        .env_remove("RAYON_NUM_THREADS")
        .env_remove("RUST_BACKTRACE");
    command
}

/// Runs the binary; fails when it hangs, panics or dies of a signal.
pub(crate) fn run(cwd: &Utf8Path, arguments: &[&str]) -> Result<Run> {
    finished(binary(cwd).args(arguments))
}

/// Runs a command to its end; fails when it hangs, panics or dies of a signal.
pub(crate) fn finished(command: &mut Command) -> Result<Run> {
    let out = Folder::new()?;
    let (stdout, stderr) = (out.path.join("stdout"), out.path.join("stderr"));
    // Files, because a full pipe would stop the run.
    let mut child = command
        .stdout(File::create(&stdout)?)
        .stderr(File::create(&stderr)?)
        .spawn()?;
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if start.elapsed() > PATIENCE {
            child.kill()?;
            child.wait()?;
            return Err(format!("still running after {PATIENCE:?}: {command:?}").into());
        }
        thread::sleep(Duration::from_millis(5));
    };
    let (stdout, stderr) = (fs::read_to_string(stdout)?, fs::read_to_string(stderr)?);
    let code = status
        .code()
        .ok_or_else(|| format!("{command:?} died of {status}:\n{stderr}"))?;
    if code == 101 || stderr.contains("panicked at") {
        return Err(format!("{command:?} panicked:\n{stderr}").into());
    }
    Ok(Run {
        code,
        stdout,
        stderr,
    })
}

/// A descriptor of a component, with more lines of its metadata.
pub(crate) fn component(name: &str, more: &str) -> String {
    format!(
        "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: {name}\n{more}spec:\n  type: service\n  \
         lifecycle: production\n  owner: group:team\n"
    )
}

/// Converts a folder, which ends with this code.
pub(crate) fn converted(folder: &Folder, arguments: &[&str], code: i32) -> Result<Run> {
    let run = run(&folder.path, &[&["convert"], arguments].concat())?;
    assert_eq!(run.code, code, "{}", run.shown());
    Ok(run)
}

/// The text of a file.
pub(crate) fn text(folder: &Folder, path: &str) -> Result<String> {
    Ok(fs::read_to_string(folder.path.join(path))?)
}

/// Writes a file and the folders above it.
pub(crate) fn write(path: &Utf8Path, bytes: &[u8]) -> Result<()> {
    fs::create_dir_all(path.parent().ok_or("no folder")?)?;
    Ok(fs::write(path, bytes)?)
}

/// The files below a folder, by their paths in it; none where there is no such folder.
pub(crate) fn tree(folder: &Utf8Path) -> Result<BTreeMap<Utf8PathBuf, Vec<u8>>> {
    let mut files = BTreeMap::new();
    if !folder.is_dir() {
        return Ok(files);
    }
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in next.read_dir_utf8()? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.into_path());
            } else {
                let path = entry.path().strip_prefix(folder)?.to_owned();
                files.insert(path, fs::read(entry.path())?);
            }
        }
    }
    Ok(files)
}

/// Copies the files of a folder to another one.
pub(crate) fn copy(from: &Utf8Path, to: &Utf8Path) -> Result<()> {
    for (path, bytes) in tree(from)? {
        write(&to.join(path), &bytes)?;
    }
    Ok(())
}

/// The folders in a folder, sorted by name.
pub(crate) fn folders(folder: &Utf8Path) -> Result<Vec<Utf8PathBuf>> {
    let mut folders = Vec::new();
    for entry in folder.read_dir_utf8()? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            folders.push(entry.into_path());
        }
    }
    folders.sort();
    Ok(folders)
}

/// A folder as the library reads it where nothing else is said.
pub(crate) fn inputs(root: &Utf8Path) -> Result<Inputs> {
    Ok(Inputs {
        roots: vec![Root {
            path: root.to_owned(),
            repository: None,
        }],
        patterns: Patterns::new(&[], &[])?,
        revision: None,
        mode: Mode::Tolerant,
        dumps: Dumps::default(),
        codeowners: codeowners::Rules::default(),
        progress: std::sync::Arc::default(),
    })
}

/// Equality of JSON with numbers compared as doubles, which is what they are in JavaScript.
pub(crate) fn is_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, a)| b.get(key).is_some_and(|b| is_same(a, b)))
        }
        (a, b) => a == b,
    }
}
