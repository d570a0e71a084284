//! The GitHub Action does what it says: the steps of `action.yml` run in order with bash, in a clone of a bare remote, with
//! expressions, files and commands of the log as a runner has them.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use backstage2port::yaml;
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;
use support::{Folder, Result, Run, copy, finished, write};

const BINARY: &str = env!("CARGO_BIN_EXE_backstage2port");
const COMPONENT: &str = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: cart\nspec:\n  type: service\n  lifecycle: production\n  owner: nobody\n";

/// A runner: the folders of a job and what it says to its steps.
struct Runner {
    folder: Folder,
    inputs: BTreeMap<String, String>,
}

/// What came of a job.
#[derive(Debug)]
struct Job {
    code: i32,
    log: String,
    summary: String,
    outputs: BTreeMap<String, String>,
}

impl Runner {
    /// A runner with a clone of a remote that has these files on its branch `main`; the clone has one commit alone, as
    /// `actions/checkout` makes it.
    fn with<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self> {
        let folder = Folder::new()?;
        let origin = folder.path.join("origin");
        for (path, text) in files {
            write(&origin.join(path), text.as_bytes())?;
        }
        Self::of(folder)
    }

    fn of(folder: Folder) -> Result<Self> {
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

    fn path(&self, name: &str) -> Utf8PathBuf {
        self.folder.path.join(name)
    }

    fn workspace(&self) -> Utf8PathBuf {
        self.path("work space")
    }

    /// A fresh clone of the remote's `main`.
    fn check_out(&self) -> Result<()> {
        let workspace = self.workspace();
        if workspace.exists() {
            fs::remove_dir_all(&workspace)?;
        }
        let remote = format!("file://{}", self.path("remote.git"));
        let arguments = ["clone", "-q", "--depth=1", "-b", "main", &remote];
        self.git("", &[&arguments[..], &[workspace.as_str()]].concat())?;
        Ok(())
    }

    fn input(mut self, name: &str, value: &str) -> Self {
        self.inputs.insert(name.to_owned(), value.to_owned());
        self
    }

    /// A command with the environment of a job.
    fn command(&self, program: &str, cwd: &Utf8Path) -> Command {
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

    fn git(&self, folder: &str, arguments: &[&str]) -> Result<String> {
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

    fn commit(&self, folder: &str, message: &str) -> Result<()> {
        self.git(folder, &["add", "--all"])?;
        self.git(folder, &["commit", "-q", "--allow-empty", "-m", message])?;
        Ok(())
    }

    /// Runs the action.
    fn run(&self) -> Result<Job> {
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
    fn commands(&self) -> Vec<&str> {
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
    fn gives(&self, outputs: &[(&str, &str)]) {
        for (name, value) in outputs {
            let output = self.outputs.get(*name).map(String::as_str);
            assert_eq!(output, Some(*value), "{name}: {self:#?}");
        }
    }
}

fn read(path: &str) -> Result<Value> {
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

#[test]
fn validate_annotates_counts_and_sums_up() -> Result<()> {
    let runner =
        Runner::with([("cart/catalog-info.yaml", COMPONENT)])?.input("command", "validate");
    let job = runner.run()?;
    assert_eq!(job.code, 0, "{job:#?}");
    job.gives(&[
        ("exit-code", "0"),
        ("entities", "1"),
        ("errors", "0"),
        ("warnings", "1"),
        ("changed-manifests", ""),
        ("status", ""),
        ("pull-request-body", ""),
    ]);
    let commands = job.commands();
    assert_eq!(commands.len(), 1, "{job:#?}");
    assert!(
        commands[0].starts_with("::warning file=cart/catalog-info.yaml,line=8,"),
        "{job:#?}"
    );
    assert!(job.log.contains("warning[dangling-relation]"), "{job:#?}");
    assert!(
        job.summary
            .starts_with("### backstage2port validate: passed\n\n#### Log\n\n    "),
        "{job:#?}"
    );
    assert!(job.summary.contains("\n    Read 1 file"), "{job:#?}");
    Ok(())
}

#[test]
fn errors_fail_the_step_and_are_counted_all_the_same() -> Result<()> {
    let broken = COMPONENT.replace("name: cart", "name: a cart");
    let runner =
        Runner::with([("catalog-info.yaml", broken.as_str())])?.input("command", "validate");
    let job = runner.run()?;
    assert_eq!(job.code, 1, "{job:#?}");
    job.gives(&[("exit-code", "1"), ("errors", "1")]);
    assert!(job.commands()[0].starts_with("::error file=catalog-info.yaml,line=4,"));
    assert!(
        job.summary
            .starts_with("### backstage2port validate: failed, exit code 1\n"),
        "{job:#?}"
    );
    Ok(())
}

#[test]
fn a_run_that_cannot_be_made_says_why() -> Result<()> {
    let mut runner = Runner::with([("README.md", "no descriptors\n")])?;
    let given = runner.inputs.clone();
    for (command, name, value, code, text) in [
        ("validate", "roots", ".", 3, "no descriptors"),
        ("validate", "roots", "nowhere", 2, "could not be made"),
        ("convert", "roots", ".", 2, "is none of validate"),
        ("publish", "branch", "a..b", 2, "names that git knows"),
        ("publish", "branch", "*", 2, "names that git knows"),
        (
            "publish",
            "remote",
            "--upload-pack=x",
            2,
            "names that git knows",
        ),
        ("publish", "base", "--all", 2, "names that git knows"),
    ] {
        runner.inputs = given.clone();
        runner = runner.input("command", command).input(name, value);
        let job = runner.run()?;
        assert_eq!(job.code, code, "{job:#?}");
        let commands = job.commands();
        let told = commands
            .last()
            .filter(|last| last.starts_with("::error title="));
        assert!(told.is_some_and(|told| told.contains(text)), "{job:#?}");
    }
    Ok(())
}

#[test]
fn roots_and_arguments_are_lines_and_the_action_runs_below_the_checkout() -> Result<()> {
    let runner = Runner::with([
        ("shop/a b/catalog-info.yaml", COMPONENT),
        ("shop/c/catalog-info.yaml", COMPONENT),
        ("shop/d/catalog-info.yaml", "no: entity\n"),
    ])?
    .input("command", "validate")
    .input("working-directory", "shop")
    .input("roots", "a b\n\nc\n")
    .input("arguments", "--fail-on=never\n--exclude=*.json");
    let job = runner.run()?;
    assert_eq!(job.code, 0, "{job:#?}");
    // Both define the same entity.
    job.gives(&[("entities", "1")]);
    assert!(job.log.contains("a b/catalog-info.yaml"), "{job:#?}");
    Ok(())
}

#[test]
fn nothing_of_a_descriptor_or_a_name_is_run_or_followed() -> Result<()> {
    let hostile = "\"::set-output name=status::x\\n::add-mask::1 ##[add-path]/tmp %0A::error::2\"";
    let text = COMPONENT.replace("nobody", hostile);
    // A comment of the file stands in the excerpt.
    let text = text.replace(
        "spec:",
        "spec: # ##[set-output name=commit]x ``` <img src=x>",
    );
    let folder = "$(touch pwned);`touch pwned`";
    let runner = Runner::with([(
        format!("{folder}/catalog-info.yaml").as_str(),
        text.as_str(),
    )])?
    .input("command", "validate")
    .input("roots", folder);
    let job = runner.run()?;
    job.gives(&[("commit", ""), ("status", ""), ("errors", "1")]);
    for command in job.commands() {
        assert!(
            command.starts_with("::warning file=$(touch pwned);`touch pwned`/catalog-info.yaml,")
                || command
                    .starts_with("::error file=$(touch pwned);`touch pwned`/catalog-info.yaml,"),
            "{command}"
        );
    }
    assert!(
        job.log.contains("##["),
        "the log shows no excerpt: {job:#?}"
    );
    assert!(!runner.workspace().join("pwned").exists());
    // Below the heading every line is code.
    let (_, log) = job.summary.split_once("#### Log\n\n").ok_or("no log")?;
    assert!(log.lines().all(|line| line.starts_with("    ")), "{job:#?}");
    Ok(())
}

/// Says what it was called with and reports a commit.
const STUB: &str = r#"#!/bin/sh
for argument; do
  printf '<%s>' "$argument"
  case $argument in
    --report=github-output=*) echo 'status=committed' >"${argument#--report=github-output=}" ;;
    --pr-body=*) echo 'Text' >"${argument#--pr-body=}" ;;
  esac
done
"#;

#[test]
fn values_reach_the_tool_as_they_are() -> Result<()> {
    let folder = Folder::new()?;
    copy(
        Utf8Path::new("fixtures/dangling/input"),
        &folder.path.join("origin"),
    )?;
    write(&folder.path.join("stub"), STUB.as_bytes())?;
    let stub = folder.path.join("stub");
    let runner = Runner::of(folder)?;
    finished(
        runner
            .command("chmod", &runner.path(""))
            .args(["+x", stub.as_str()]),
    )?;
    let branch = "x;touch${IFS}pwned;$(touch${IFS}pwned)";
    let runner = runner
        .input("binary", stub.as_str())
        .input("command", "publish")
        .input("branch", branch)
        .input("base", "HEAD")
        .input("push", "true")
        .input("arguments", "--profile=my profile\n--dry-run")
        .input("roots", "-a\n*");
    let job = runner.run()?;
    assert_eq!(job.code, 0, "{job:#?}");
    let called = job.log.lines().find(|line| line.starts_with("<publish>"));
    let called = called.ok_or_else(|| format!("not called: {job:#?}"))?;
    assert!(
        called.starts_with(&format!("<publish><--branch={branch}><--pr-body=")),
        "{called}"
    );
    assert!(
        called.contains("><--base=HEAD><--push=origin><--color=never>"),
        "{called}"
    );
    assert!(
        called.ends_with("><--profile=my profile><--dry-run><--><-a><*>"),
        "{called}"
    );
    job.gives(&[("status", "committed")]);
    let body = job.outputs.get("pull-request-body").ok_or("no body")?;
    assert_eq!(fs::read_to_string(body)?, "Text\n");
    assert!(
        job.summary
            .starts_with("### backstage2port publish: passed\n\nText\n"),
        "{job:#?}"
    );
    assert!(!runner.workspace().join("pwned").exists());
    Ok(())
}

#[test]
fn the_branch_of_the_remote_is_there_and_where_it_left_the_base() -> Result<()> {
    let runner = Runner::with([("catalog-info.yaml", COMPONENT)])?;
    let left = runner.git("origin", &["rev-parse", "HEAD"])?;
    runner.git("origin", &["checkout", "-q", "-b", "manifests"])?;
    runner.commit("origin", "somebody else")?;
    let tip = runner.git("origin", &["rev-parse", "HEAD"])?;
    runner.git("origin", &["checkout", "-q", "main"])?;
    for number in 0..5 {
        runner.commit("origin", &format!("commit {number}"))?;
    }
    runner.git("origin", &["push", "-q", "origin", "main", "manifests"])?;
    runner.check_out()?;
    let runner = runner
        .input("binary", "true")
        .input("command", "publish")
        .input("branch", "manifests");
    for _ in 0..2 {
        let job = runner.run()?;
        assert_eq!(job.code, 0, "{job:#?}");
        for name in ["refs/heads/manifests", "refs/remotes/origin/manifests"] {
            assert_eq!(runner.git("work space", &["rev-parse", name])?, tip);
        }
        let base = runner.git("work space", &["merge-base", "HEAD", "manifests"])?;
        assert_eq!(base, left);
        let author = runner.git("work space", &["config", "user.name"])?;
        assert_eq!(author, "github-actions[bot]");
    }
    let branches = runner.git("work space", &["branch", "--format=%(refname)"])?;
    assert_eq!(branches, "refs/heads/main\nrefs/heads/manifests");
    // A base that the clone does not have.
    let runner = runner.input("branch", "another").input("base", "manifests");
    runner.check_out()?;
    let job = runner.run()?;
    assert_eq!(job.code, 0, "{job:#?}");
    assert_eq!(runner.git("work space", &["rev-parse", "manifests"])?, tip);
    Ok(())
}
