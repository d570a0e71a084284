//! OpenTofu with Port's provider, cut off from every network but loopback.

use std::collections::BTreeMap;
use std::env;
use std::process::Command;
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

use crate::account::differences;
use crate::api::{Account, Api};
use crate::support::{Folder, Result, run, write};

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
    pub(crate) validate: Duration,
    /// Of the first of two stages.
    pub(crate) first: Option<Duration>,
    pub(crate) second: Duration,
    pub(crate) plan: Duration,
}

/// The name and the body of blueprints, and of entities.
type Bundle = (BTreeMap<String, Value>, BTreeMap<(String, String), Value>);

/// What a bundle in a folder has; none where there is none.
pub(crate) fn bundle(out: &Utf8Path) -> Result<Option<Bundle>> {
    let Ok(text) = std::fs::read_to_string(out.join(".port/port-import.json")) else {
        return Ok(None);
    };
    let bundle: Value = serde_json::from_str(&text)?;
    let list = |key: &str| bundle[key].as_array().cloned().unwrap_or_default();
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let blueprints = list("blueprints").into_iter();
    let entities = list("entities").into_iter();
    Ok(Some((
        blueprints
            .map(|body| (text(&body, "identifier"), body))
            .collect(),
        entities
            .map(|body| ((text(&body, "blueprint"), text(&body, "identifier")), body))
            .collect(),
    )))
}

/// How a run of OpenTofu ended.
struct Ended {
    code: Option<i32>,
    shown: String,
    time: Duration,
}

impl Driver {
    /// The programs, if all that is needed is there.
    pub(crate) fn there_is() -> Result<Option<Self>> {
        let binary = Utf8Path::new(env!("CARGO_BIN_EXE_backstage2port"));
        let target = binary
            .ancestors()
            .nth(2)
            .ok_or("no target folder")?
            .join("tofu");
        let provider = env::var("PORT_PROVIDER").map_or(target.join("provider"), Utf8PathBuf::from);
        let tofu = target.join("bin/tofu");
        if !tofu.is_file() {
            return Err("OpenTofu is not there: run .ci/tofu".into());
        }
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

    /// Converts a folder and applies it in a new account, in the order that the documentation says.
    ///
    /// # Errors
    ///
    /// Where anything is refused, a last plan is not empty, or Port holds something else than the bundle has and the report
    /// does not say so.
    pub(crate) fn converges(
        &self,
        name: &str,
        input: &Utf8Path,
        more: &[&str],
    ) -> Result<Option<Tried>> {
        let folder = Folder::new()?;
        let Some((tried, account)) = self.applied(name, input, more, &folder.path)? else {
            return Ok(None);
        };
        let report = std::fs::read_to_string(folder.path.join("report.json"))?;
        let (blueprints, entities) = bundle(&folder.path)?.ok_or("no bundle")?;
        let differences = differences(
            &blueprints,
            &entities,
            &account,
            &serde_json::from_str(&report)?,
        );
        assert!(differences.is_empty(), "{name}: {differences:#?}");
        Ok(Some(tried))
    }

    /// Converts a folder to another one and applies it.
    pub(crate) fn applied(
        &self,
        name: &str,
        input: &Utf8Path,
        more: &[&str],
        out: &Utf8Path,
    ) -> Result<Option<(Tried, Account)>> {
        let report = format!("json={out}/report.json");
        let mut arguments = vec![
            "convert",
            "--quiet",
            "--target",
            "terraform",
            "--target",
            "bundle",
        ];
        arguments.extend(["--report", &report, "--out", out.as_str()]);
        arguments.extend(more);
        arguments.push(input.as_str());
        let converted = run(Utf8Path::new("."), &arguments)?;
        assert!(
            matches!(converted.code, 0 | 1),
            "{name}: {}",
            converted.shown()
        );
        let root = out.join(".port/terraform");
        if !root.is_dir() {
            return Ok(None);
        }
        let (blueprints, entities) = bundle(out)?.ok_or("no bundle")?;
        let api = Api::start()?.ok_or("no schemas")?;
        let formatted = self.tofu(&root, &api, &["fmt", "-check", "-diff"])?;
        assert_eq!(formatted.code, Some(0), "{name}: {}", formatted.shown);
        let succeeded = |arguments: &[&str]| -> Result<Duration> {
            let ended = self.tofu(&root, &api, arguments)?;
            assert_eq!(
                ended.code,
                Some(0),
                "{name}: {arguments:?}\n{}",
                ended.shown
            );
            Ok(ended.time)
        };
        let validate = succeeded(&["validate"])?;
        let has_stages =
            std::fs::read_to_string(root.join("provider.tf"))?.contains("variable \"stage\"");
        let apply = ["apply", "-auto-approve", "-input=false"];
        let first = has_stages
            .then(|| succeeded(&[&apply[..], &["-var", "stage=1"]].concat()))
            .transpose()?;
        let second = succeeded(&apply)?;
        let planned = self.tofu(&root, &api, &["plan", "-detailed-exitcode", "-input=false"])?;
        assert_eq!(
            planned.code,
            Some(0),
            "{name}: a second plan:\n{}",
            planned.shown
        );
        let account = api.account()?;
        assert!(
            account.refusals.is_empty(),
            "{name}: {:#?}",
            account.refusals
        );
        let tried = Tried {
            name: name.to_owned(),
            blueprints: blueprints.len(),
            entities: entities.len(),
            validate,
            first,
            second,
            plan: planned.time,
        };
        Ok(Some((tried, account)))
    }

    fn tofu(&self, root: &Utf8Path, api: &Api, arguments: &[&str]) -> Result<Ended> {
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
