//! A runner of GitHub Actions, as far as the action needs one: steps in order, expressions, files and commands of the log.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use backstage2port::yaml;
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

use crate::support::{Folder, Result, Run, finished, write};

const BINARY: &str = env!("CARGO_BIN_EXE_backstage2port");

/// A descriptor with one warning.
pub(crate) const COMPONENT: &str = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: cart\nspec:\n  type: service\n  lifecycle: production\n  owner: nobody@acme\n";

/// A runner: the folders of a job and what it says to its steps.
pub(crate) struct Runner {
    folder: Folder,
    pub(crate) inputs: BTreeMap<String, String>,
}

/// What came of a job.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) code: i32,
    pub(crate) log: String,
    pub(crate) summary: String,
    pub(crate) outputs: BTreeMap<String, String>,
}

impl Runner {
    /// A runner with a clone of a remote that has these files on its branch `main`; the clone has one commit alone, as
    /// `actions/checkout` makes it.
    pub(crate) fn with<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self> {
        let folder = Folder::new()?;
        let origin = folder.path.join("origin");
        for (path, text) in files {
            write(&origin.join(path), text.as_bytes())?;
        }
        Self::of(folder)
    }

    pub(crate) fn of(folder: Folder) -> Result<Self> {
        let runner = Self {
            folder,
            inputs: BTreeMap::from([("binary".to_owned(), BINARY.to_owned())]),
        };
        fs::create_dir_all(runner.path("home"))?;
        fs::create_dir_all(runner.path("temp"))?;
        runner.git("origin", &["init", "-q", "-b", "main"])?;
        runner.commit("origin", "descriptors")?;
        let [origin, remote] = ["origin", "remote.git"].map(|name| runner.path(name));
        let clone = ["clone", "-q", "--bare", origin.as_str(), remote.as_str()];
        runner.git("", &clone)?;
        runner.git("origin", &["remote", "add", "origin", remote.as_str()])?;
        runner.check_out()?;
        Ok(runner)
    }

    pub(crate) fn path(&self, name: &str) -> Utf8PathBuf {
        self.folder.path.join(name)
    }

    pub(crate) fn workspace(&self) -> Utf8PathBuf {
        self.path("work space")
    }

    /// A fresh clone of the remote's `main`.
    pub(crate) fn check_out(&self) -> Result<()> {
        let workspace = self.workspace();
        if workspace.exists() {
            fs::remove_dir_all(&workspace)?;
        }
        let remote = format!("file://{}", self.path("remote.git"));
        let arguments = ["clone", "-q", "--depth=1", "-b", "main", &remote];
        self.git("", &[&arguments[..], &[workspace.as_str()]].concat())?;
        Ok(())
    }

    pub(crate) fn input(mut self, name: &str, value: &str) -> Self {
        self.inputs.insert(name.to_owned(), value.to_owned());
        self
    }

    /// A command with the environment of a job.
    pub(crate) fn command(&self, program: &str, cwd: &Utf8Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(cwd)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path("home"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("RUNNER_TEMP", self.path("temp"));
        command
    }

    pub(crate) fn git(&self, folder: &str, arguments: &[&str]) -> Result<String> {
        let mut command = self.command("git", &self.path(folder));
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{role}_NAME"), "Kim");
            command.env(format!("GIT_{role}_EMAIL"), "kim@example.com");
        }
        let run = finished(command.args(arguments))?;
        match run.code {
            0 => Ok(run.stdout.trim_end().to_owned()),
            _ => Err(format!("git {arguments:?}: {}", run.shown()).into()),
        }
    }

    pub(crate) fn commit(&self, folder: &str, message: &str) -> Result<()> {
        self.git(folder, &["add", "--all"])?;
        self.git(folder, &["commit", "-q", "--allow-empty", "-m", message])?;
        Ok(())
    }

    /// Runs the action.
    pub(crate) fn run(&self) -> Result<Job> {
        let action = read("action.yml")?;
        let mut scope = BTreeMap::from([(
            "github.action_path".to_owned(),
            std::env::current_dir()?.to_string_lossy().into_owned(),
        )]);
        let declared = action["inputs"].as_object().ok_or("no inputs")?;
        for name in self.inputs.keys() {
            assert!(declared.contains_key(name), "no input `{name}`");
        }
        for (name, input) in declared {
            let default = input["default"].as_str().ok_or("no default")?;
            let value = self.inputs.get(name).map_or(default, String::as_str);
            scope.insert(format!("inputs.{name}"), value.to_owned());
        }
        let [outputs, summary] = ["outputs", "summary"].map(|name| self.path(name));
        fs::write(&summary, "")?;
        let mut job = Job {
            code: 0,
            log: String::new(),
            summary: String::new(),
            outputs: BTreeMap::new(),
        };
        let steps = action["runs"]["steps"].as_array().ok_or("no steps")?;
        for step in steps {
            if job.code != 0 || !is_wanted(step, &scope)? {
                continue;
            }
            fs::write(&outputs, "")?;
            let run = self.step(step, &scope, &outputs, &summary)?;
            job.code = run.code;
            job.log.push_str(&run.stdout);
            job.log.push_str(&run.stderr);
            if let Some(id) = step["id"].as_str() {
                for line in fs::read_to_string(&outputs)?.lines() {
                    let (name, value) = line.split_once('=').ok_or("no output")?;
                    assert!(!name.contains("<<"), "{line}");
                    scope.insert(format!("steps.{id}.outputs.{name}"), value.to_owned());
                }
            }
        }
        for (name, output) in action["outputs"].as_object().ok_or("no outputs")? {
            let value = output["value"].as_str().ok_or("no value")?;
            job.outputs.insert(name.clone(), expanded(value, &scope)?);
        }
        job.summary = fs::read_to_string(summary)?;
        Ok(job)
    }

    fn step(
        &self,
        step: &Value,
        scope: &BTreeMap<String, String>,
        outputs: &Utf8Path,
        summary: &Utf8Path,
    ) -> Result<Run> {
        let text = step["run"].as_str().ok_or("a step without run")?;
        assert!(!text.contains("${{"), "an expression in a script: {text}");
        assert_eq!(step["shell"], "bash");
        let script = self.path("script.sh");
        fs::write(&script, text)?;
        let folder = step["working-directory"].as_str().unwrap_or_default();
        let folder = self.workspace().join(expanded(folder, scope)?);
        let mut command = self.command("bash", &folder);
        command.args(["--noprofile", "--norc", "-eo", "pipefail", script.as_str()]);
        command.env("GITHUB_OUTPUT", outputs);
        command.env("GITHUB_STEP_SUMMARY", summary);
        for (name, value) in step["env"].as_object().into_iter().flatten() {
            command.env(name, expanded(value.as_str().ok_or("no text")?, scope)?);
        }
        finished(&mut command)
    }
}

impl Job {
    /// The commands of the log that a runner would follow (actions/runner, src/Runner.Worker/ActionCommandManager.cs).
    pub(crate) fn commands(&self) -> Vec<&str> {
        let mut stopped: Option<&str> = None;
        let mut commands = Vec::new();
        for line in self.log.lines() {
            let command = line.trim_start();
            if let Some(token) = stopped {
                if command
                    .strip_prefix("::")
                    .and_then(|c| c.strip_suffix("::"))
                    == Some(token)
                {
                    stopped = None;
                }
            } else if let Some(token) = command.strip_prefix("::stop-commands::") {
                assert_eq!(token.len(), 32, "{token}");
                stopped = Some(token);
            } else if command.starts_with("::") || line.contains("##[") {
                commands.push(line);
            }
        }
        assert_eq!(stopped, None, "commands stay stopped: {}", self.log);
        commands
    }

    #[track_caller]
    pub(crate) fn gives(&self, outputs: &[(&str, &str)]) {
        for (name, value) in outputs {
            let output = self.outputs.get(*name).map(String::as_str);
            assert_eq!(output, Some(*value), "{name}: {self:#?}");
        }
    }
}

pub(crate) fn read(path: &str) -> Result<Value> {
    let mut documents = yaml::documents(&fs::read_to_string(path)?);
    let document = documents.pop().ok_or("no document")?;
    document
        .content
        .map_err(|errors| format!("{path}: {errors:?}").into())
}

/// The text with its expressions replaced; an output that no step has set is empty.
fn expanded(text: &str, scope: &BTreeMap<String, String>) -> Result<String> {
    let mut parts = text.split("${{");
    let mut expanded = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (expression, rest) = part.split_once("}}").ok_or("an open expression")?;
        let name = expression.trim();
        match scope.get(name) {
            Some(value) => expanded.push_str(value),
            None if name.starts_with("steps.run.outputs.") => {}
            None => return Err(format!("an expression that is not known: {name}").into()),
        }
        expanded.push_str(rest);
    }
    Ok(expanded)
}

/// Whether a step is to run: without a condition, or as in `inputs.command == 'publish'`.
fn is_wanted(step: &Value, scope: &BTreeMap<String, String>) -> Result<bool> {
    let Some(condition) = step["if"].as_str() else {
        return Ok(true);
    };
    let (name, value) = condition.split_once(" == ").ok_or("no condition")?;
    let actual = scope.get(name).ok_or_else(|| format!("no {name}"))?;
    Ok(format!("'{actual}'") == value)
}
