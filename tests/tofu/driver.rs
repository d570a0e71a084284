//! `OpenTofu` with Port's provider, cut off from every network but loopback.

use std::process::Command;
use std::time::{Duration, Instant};
use std::{env, fs};

use camino::{Utf8Path, Utf8PathBuf};

use crate::account::differences;
use crate::api::{Account, Api};
use crate::support::port::bundle;
use crate::support::{Folder, Result, run, write};

const APPLY: &[&str] = &["apply", "-auto-approve", "-input=false"];

/// The programs.
pub(crate) struct Driver {
    tofu: Utf8PathBuf,
    provider: Utf8PathBuf,
}

/// A folder that was converted and applied.
pub(crate) struct Tried {
    pub(crate) name: String,
    pub(crate) blueprints: usize,
    pub(crate) entities: usize,
    /// What Port holds in the end.
    pub(crate) account: Account,
    pub(crate) validate: Duration,
    /// Of the first of two stages.
    pub(crate) first: Option<Duration>,
    pub(crate) second: Duration,
    pub(crate) plan: Duration,
}

/// How a run of `OpenTofu` ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) shown: String,
    time: Duration,
}

impl Driver {
    /// The programs, if all that is needed is there.
    pub(crate) fn there_is() -> Result<Option<Self>> {
        let (target, tofu) = built()?;
        let provider = env::var("PORT_PROVIDER").map_or(target.join("provider"), Utf8PathBuf::from);
        if !provider.join("terraform-provider-port-labs").is_file() {
            println!("skipped: Port's Terraform provider is not there, see .ci/tofu");
            return Ok(None);
        }
        if Api::start()?.is_none() {
            println!("skipped: ../shared is not there");
            return Ok(None);
        }
        Ok(Some(Self { tofu, provider }))
    }

    /// Converts a folder and applies it in a new account.
    ///
    /// # Errors
    ///
    /// As [`Self::is_applied`].
    pub(crate) fn converges(
        &self,
        name: &str,
        input: &Utf8Path,
        more: &[&str],
    ) -> Result<Option<Tried>> {
        let out = Folder::new()?;
        let api = Api::start()?.ok_or("no schemas")?;
        if !Self::convert(name, input, more, &out.path)? {
            return Ok(None);
        }
        self.is_applied(name, &out.path, &api).map(Some)
    }

    /// Converts a folder to another one; whether there is anything for Terraform.
    pub(crate) fn convert(
        name: &str,
        input: &Utf8Path,
        more: &[&str],
        out: &Utf8Path,
    ) -> Result<bool> {
        let report = format!("json={out}/report.json");
        let targets = ["--target", "terraform", "--target", "bundle"];
        let mut arguments = vec![
            "convert",
            "--quiet",
            "--report",
            &report,
            "--out",
            out.as_str(),
        ];
        arguments.extend(targets);
        arguments.extend(more);
        arguments.push(input.as_str());
        let converted = run(Utf8Path::new("."), &arguments)?;
        // 3: there are no descriptors.
        if !matches!(converted.code, 0 | 1 | 3) {
            return Err(format!("{name}: {}", converted.shown()).into());
        }
        Ok(root(out).is_dir())
    }

    /// Applies what stands in a folder, in the order that the documentation says.
    ///
    /// # Errors
    ///
    /// Where anything is refused, a last plan is not empty, or Port holds something else than the bundle has and the report
    /// does not say so.
    pub(crate) fn is_applied(&self, name: &str, out: &Utf8Path, api: &Api) -> Result<Tried> {
        let root = root(out);
        let succeeds = |arguments: &[&str]| -> Result<Duration> {
            let ended = self.tofu(&root, api, arguments)?;
            if ended.code == Some(0) {
                return Ok(ended.time);
            }
            Err(format!("{name}: {arguments:?}\n{}", ended.shown).into())
        };
        succeeds(&["fmt", "-check"])?;
        let validate = succeeds(&["validate"])?;
        let provider = fs::read_to_string(root.join("provider.tf"))?;
        let are_two = provider.contains("variable \"stage\"");
        let first = are_two
            .then(|| succeeds(&[APPLY, &["-var", "stage=1"]].concat()))
            .transpose()?;
        let second = succeeds(APPLY)?;
        let plan = succeeds(&["plan", "-detailed-exitcode", "-input=false"])?;

        let account = api.account()?;
        if !account.refusals.is_empty() {
            return Err(format!("{name}: {:#?}", account.refusals).into());
        }
        let report = serde_json::from_str(&fs::read_to_string(out.join("report.json"))?)?;
        let (blueprints, entities) = bundle(out)?.ok_or("no bundle")?;
        let differences = differences(&blueprints, &entities, &account, &report);
        if !differences.is_empty() {
            return Err(format!("{name}: {differences:#?}").into());
        }
        Ok(Tried {
            name: name.to_owned(),
            blueprints: blueprints.len(),
            entities: entities.len(),
            account,
            validate,
            first,
            second,
            plan,
        })
    }

    /// Runs `OpenTofu` in a folder, with the provider and an account.
    pub(crate) fn tofu(&self, root: &Utf8Path, api: &Api, arguments: &[&str]) -> Result<Ended> {
        let configuration = Folder::new()?;
        let path = configuration.path.join("tofu.tfrc");
        let overrides = format!(
            "provider_installation {{\n  dev_overrides {{\n    \"port-labs/port-labs\" = \"{}\"\n  }}\n}}\n",
            self.provider
        );
        write(&path, overrides.as_bytes())?;
        let start = Instant::now();
        let output = Command::new(&self.tofu)
            .args(arguments)
            .current_dir(root)
            .env_clear()
            .env("HOME", &configuration.path)
            .env("TF_CLI_CONFIG_FILE", &path)
            .env("TF_CLI_ARGS", "-no-color")
            .env("TF_IN_AUTOMATION", "1")
            .env("CHECKPOINT_DISABLE", "1")
            // A proxy that nobody answers at: whatever is not on loopback fails.
            .env("HTTP_PROXY", "http://127.0.0.1:1")
            .env("HTTPS_PROXY", "http://127.0.0.1:1")
            .env("PORT_BASE_URL", &api.address)
            .env("PORT_CLIENT_ID", "id")
            .env("PORT_CLIENT_SECRET", "secret")
            .env("PORT_RATE_LIMIT_DISABLED", "1")
            .output()
            .map_err(|error| format!("{}: {error}; .ci/tofu builds it", self.tofu))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut shown = text(&output.stdout) + &text(&output.stderr);
        shown.push_str(&api.account()?.refusals.join("\n"));
        Ok(Ended {
            code: output.status.code(),
            shown,
            time: start.elapsed(),
        })
    }
}

/// Whether `OpenTofu` alone reads the files in a folder and would change nothing about them; what it says if not.
pub(crate) fn is_formatted(root: &Utf8Path) -> Result<std::result::Result<(), String>> {
    let (_, tofu) = built()?;
    let output = Command::new(&tofu)
        .args(["fmt", "-check", "-diff", "-no-color"])
        .current_dir(root)
        .env_clear()
        .env("CHECKPOINT_DISABLE", "1")
        .output()
        .map_err(|error| format!("{tofu}: {error}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let shown = text(&output.stdout) + &text(&output.stderr);
    Ok(if output.status.success() {
        Ok(())
    } else {
        Err(shown)
    })
}

/// What `.ci/tofu` built: its folder, and `OpenTofu`.
fn built() -> Result<(Utf8PathBuf, Utf8PathBuf)> {
    let binary = Utf8Path::new(env!("CARGO_BIN_EXE_backstage2port"));
    let target = binary.ancestors().nth(2).ok_or("no target folder")?;
    let target = target.join("tofu");
    let tofu = target.join("bin/tofu");
    if !tofu.is_file() {
        return Err("OpenTofu is not there: run .ci/tofu".into());
    }
    Ok((target, tofu))
}

/// Where the files for Terraform stand.
pub(crate) fn root(out: &Utf8Path) -> Utf8PathBuf {
    out.join(".port/terraform")
}
