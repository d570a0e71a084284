//! The examples for pipelines publish and open a pull request: their scripts run in a clone of a bare remote, with
//! programs of the hosts that write down how they were called.

use std::env;
use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

use crate::runner::{COMPONENT, Runner, read};
use crate::support::{Result, Run, finished, write};

const BRANCH: &str = "backstage2port/manifests";

/// Writes down how it was called, and says what it is to say.
const PROGRAM: &str = r#"#!/bin/sh
name=${0##*/}
{ printf '%s' "$name"; printf ' <%s>' "$@"; echo; } >>"$CALLS"
cat "$ANSWERS/$name" 2>/dev/null || true
"#;

/// A script of an example, and what its host gives it.
struct Example<'a> {
    script: String,
    environment: &'a [(&'a str, &'a str)],
    /// The program that asks for an open pull request, what it says where there is none, and where number 7 is open.
    asks: (&'a str, &'a str, &'a str),
    /// How the call begins that opens a pull request; `None` where the push itself does.
    opens: Option<&'a str>,
    /// How the call begins that changes number 7, and what it has in it.
    changes: (&'a str, &'a str),
}

impl Example<'_> {
    fn holds(&self) -> Result<()> {
        let runner = Runner::with([("cart/catalog-info.yaml", COMPONENT)])?;
        let bin = runner.path("bin");
        for program in ["cargo", "apt-get", "curl", "gh", "az"] {
            program_at(&bin.join(program), PROGRAM)?;
        }
        tool_at(&bin.join("backstage2port"))?;
        let remote = runner.path("remote.git");
        runner.git(
            "remote.git",
            &["config", "receive.advertisePushOptions", "true"],
        )?;
        let hook = "#!/bin/sh\nenv | grep GIT_PUSH_OPTION_ | sort >options\n";
        program_at(&remote.join("hooks/post-receive"), hook)?;
        // The address that GitLab's own push goes to.
        let address = "https://oauth2:secret@gitlab.test/acme/shop.git";
        let name = format!("url.file://{remote}.insteadOf");
        runner.git("work space", &["config", "--global", &name, address])?;
        let (asking, none, seven) = self.asks;
        write(&runner.path("answers").join(asking), none.as_bytes())?;

        let first = self.run(&runner)?;
        let published = runner.git("remote.git", &["rev-parse", BRANCH])?;
        let files = ["ls-tree", "-r", "--name-only", BRANCH];
        let files = runner.git("remote.git", &files)?;
        assert!(files.contains("cart/port.yml"), "{files}");
        if let Some(opens) = self.opens {
            let is_opened = first.iter().any(|call| call.starts_with(opens));
            assert!(is_opened, "{first:#?}");
        } else {
            let options = fs::read_to_string(remote.join("options"))?;
            for option in ["create", "target=main"] {
                let option = format!("=merge_request.{option}\n");
                assert!(options.contains(&option), "{options}");
            }
        }

        // A day later: a new clone, a new descriptor, and the pull request is still open.
        let text = COMPONENT.replace("name: cart", "name: search");
        write(
            &runner.path("origin/search/catalog-info.yaml"),
            text.as_bytes(),
        )?;
        runner.commit("origin", "search")?;
        runner.git("origin", &["push", "-q", "origin", "main"])?;
        runner.check_out()?;
        write(&runner.path("answers").join(asking), seven.as_bytes())?;
        let second = self.run(&runner)?;
        assert_ne!(runner.git("remote.git", &["rev-parse", BRANCH])?, published);
        let (changes, with) = self.changes;
        assert!(
            second
                .iter()
                .any(|call| call.starts_with(changes) && call.contains(with)),
            "{second:#?}"
        );
        if let Some(opens) = self.opens {
            assert!(
                !second.iter().any(|call| call.starts_with(opens)),
                "{second:#?}"
            );
        }

        // After the merge there is nothing to publish, and nobody is called.
        runner.git("origin", &["fetch", "-q", "origin", BRANCH])?;
        runner.git("origin", &["merge", "-q", "FETCH_HEAD"])?;
        runner.git(
            "origin",
            &["push", "-q", "origin", "main", &format!(":{BRANCH}")],
        )?;
        runner.check_out()?;
        let third = self.run(&runner)?;
        let asked = third.iter().any(|call| call.starts_with(asking));
        assert!(!asked, "{third:#?}");
        assert!(
            runner
                .git("remote.git", &["rev-parse", "-q", "--verify", BRANCH])
                .is_err()
        );
        Ok(())
    }

    /// Runs the script in the work space. Out: the calls of programs.
    fn run(&self, runner: &Runner) -> Result<Vec<String>> {
        let script = runner.path("script.sh");
        fs::write(&script, &self.script)?;
        let mut command = runner.command("bash", &runner.workspace());
        let path = env::var("PATH")?;
        let calls = runner.path("calls");
        command
            .args(["-eo", "pipefail", script.as_str()])
            .env("PATH", format!("{}:{path}", runner.path("bin")))
            .env("TMPDIR", runner.path("temp"))
            .env("CALLS", &calls)
            .env("ANSWERS", runner.path("answers"));
        for (name, value) in self.environment {
            let value = value.replace("{work}", runner.workspace().as_str());
            command.env(name, value.replace("{temp}", runner.path("temp").as_str()));
        }
        let run: Run = finished(&mut command)?;
        assert_eq!(run.code, 0, "{}", run.shown());
        let text = fs::read_to_string(&calls).unwrap_or_default();
        fs::write(&calls, "")?;
        Ok(text.lines().map(str::to_owned).collect())
    }
}

fn program_at(path: &Utf8PathBuf, text: &str) -> Result<()> {
    write(path, text.as_bytes())?;
    make_executable(path)
}

fn make_executable(path: &Utf8Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs::set_permissions(
        path,
        fs::Permissions::from_mode(0o755),
    )?)
}

fn tool_at(path: &Utf8Path) -> Result<()> {
    Ok(std::os::unix::fs::symlink(
        env!("CARGO_BIN_EXE_backstage2port"),
        path,
    )?)
}

/// The lines of a list of scripts.
fn lines(list: &Value) -> Result<String> {
    let lines = list.as_array().ok_or("no list")?.iter();
    let lines: Option<Vec<&str>> = lines.map(Value::as_str).collect();
    Ok(lines.ok_or("no text")?.join("\n"))
}

/// Whether jq is there, which the examples of two hosts install.
fn has_jq() -> bool {
    let found = std::process::Command::new("jq")
        .arg("--version")
        .output()
        .is_ok();
    if !found {
        println!("skipped: there is no jq");
    }
    found
}

#[test]
fn github() -> Result<()> {
    let example = read("examples/github/port-manifests.yml")?;
    let steps = example["jobs"]["publish"]["steps"]
        .as_array()
        .ok_or("no steps")?;
    let last = steps.last().ok_or("no step")?;
    let open = last["run"].as_str().ok_or("no script")?;
    let condition =
        "contains(fromJSON('[\"committed\", \"unchanged\"]'), steps.manifests.outputs.status)";
    assert_eq!(last["if"], condition);
    let names: Vec<&String> = last["env"].as_object().ok_or("no env")?.keys().collect();
    assert_eq!(names, ["GH_TOKEN", "BASE", "BRANCH", "BODY"]);
    // The action, in the words of the others.
    let script = format!(
        "git config user.name K; git config user.email k@example.com\n\
         git fetch -q --depth=50 origin \"+refs/heads/$BRANCH:refs/remotes/origin/$BRANCH\" || true\n\
         backstage2port publish --push=origin --pr-body=\"$BODY\" --report=github-output=\"$TMPDIR/outputs\"\n\
         if grep -q status=nothing \"$TMPDIR/outputs\"; then exit 0; fi\n{open}"
    );
    Example {
        script,
        environment: &[
            ("BASE", "main"),
            ("BRANCH", BRANCH),
            ("BODY", "{temp}/body.md"),
        ],
        asks: ("gh", "", "7\n"),
        opens: Some(
            "gh <pr> <create> <--head> <backstage2port/manifests> <--base> <main> <--title>",
        ),
        changes: ("gh <pr> <edit> <7> <--body-file>", "body.md"),
    }
    .holds()
}

#[test]
fn gitlab() -> Result<()> {
    if !has_jq() {
        return Ok(());
    }
    let example = read("examples/gitlab/.gitlab-ci.yml")?;
    let install = lines(&example[".backstage2port"]["before_script"])?;
    let publish = lines(&example["publish-manifests"]["script"])?;
    Example {
        script: format!("{install}\n{publish}"),
        environment: &[
            ("BRANCH", BRANCH),
            ("CI_PROJECT_DIR", "{work}"),
            ("CI_DEFAULT_BRANCH", "main"),
            ("CI_SERVER_HOST", "gitlab.test"),
            ("CI_PROJECT_PATH", "acme/shop"),
            ("CI_PROJECT_ID", "1"),
            ("CI_API_V4_URL", "https://gitlab.test/api/v4"),
            ("GITLAB_USER_NAME", "Kim"),
            ("GITLAB_USER_EMAIL", "kim@example.com"),
            ("PORT_MANIFESTS_TOKEN", "secret"),
        ],
        asks: ("curl", "[]", "[{\"id\": 70, \"iid\": 7}]"),
        opens: None,
        changes: (
            "curl <--fail> <--silent> <--show-error> <--header> <PRIVATE-TOKEN: secret> <--output> </dev/null> <--request> <PUT>",
            "<https://gitlab.test/api/v4/projects/1/merge_requests/7>",
        ),
    }
    .holds()
}

#[test]
fn azure() -> Result<()> {
    let example = read("examples/azure/azure-pipelines.yml")?;
    let steps = example["steps"].as_array().ok_or("no steps")?;
    let publish = steps.last().and_then(|step| step["bash"].as_str());
    Example {
        script: publish.ok_or("no script")?.to_owned(),
        environment: &[
            ("PUBLISHED_BRANCH", BRANCH),
            ("AGENT_TEMPDIRECTORY", "{temp}"),
            ("BUILD_SOURCESDIRECTORY", "{work}"),
            ("BUILD_SOURCEBRANCHNAME", "main"),
            ("BUILD_REPOSITORY_NAME", "shop"),
            ("BUILD_REQUESTEDFOR", "Kim"),
            ("BUILD_REQUESTEDFOREMAIL", "kim@example.com"),
            ("SYSTEM_COLLECTIONURI", "https://dev.azure.test/acme/"),
            ("SYSTEM_TEAMPROJECT", "shop"),
        ],
        asks: ("az", "", "7\n"),
        opens: Some("az <repos> <pr> <create> <--repository> <shop> <--source-branch> <backstage2port/manifests>"),
        changes: ("az <repos> <pr> <update> <--id> <7>", "<@body.md>"),
    }
    .holds()
}

#[test]
fn bitbucket() -> Result<()> {
    if !has_jq() {
        return Ok(());
    }
    let example = read("examples/bitbucket/bitbucket-pipelines.yml")?;
    Example {
        script: lines(&example["pipelines"]["branches"]["main"][0]["step"]["script"])?,
        environment: &[
            ("BACKSTAGE2PORT_REPOSITORY", "https://bitbucket.test/acme/backstage2port"),
            ("BACKSTAGE2PORT_COMMIT", "0000000"),
            ("BITBUCKET_CLONE_DIR", "{work}"),
            ("BITBUCKET_BRANCH", "main"),
            ("BITBUCKET_REPO_FULL_NAME", "acme/shop"),
            ("PORT_MANIFESTS_TOKEN", "secret"),
        ],
        asks: ("curl", "{\"values\": []}", "{\"values\": [{\"id\": 7}]}"),
        opens: Some(
            "curl <--fail> <--silent> <--show-error> <--header> <Authorization: Bearer secret> <--output> </dev/null> <--json>",
        ),
        changes: (
            "curl <--fail> <--silent> <--show-error> <--header> <Authorization: Bearer secret> <--output> </dev/null> <--request> <PUT>",
            "<https://api.bitbucket.org/2.0/repositories/acme/shop/pullrequests/7>",
        ),
    }
    .holds()
}
