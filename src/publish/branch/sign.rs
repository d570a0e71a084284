//! Signs commits with the program that git is configured to use, called as git calls it.
//!
//! In: a commit as it is stored and the configuration of git. Out: its signature. Keys and passphrases are a matter of
//! the program; it may ask for them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use git2::{Config, ErrorCode, Signature};

use super::error::BranchError;

/// The formats of `gpg.format`.
enum Format {
    OpenPgp,
    X509,
    Ssh,
}

/// Whether commits are to be signed.
pub(super) fn is_configured(config: &Config) -> Result<bool, BranchError> {
    match config.get_bool("commit.gpgsign") {
        Err(error) if error.code() == ErrorCode::NotFound => Ok(false),
        other => other.map_err(|error| failed("commit.gpgsign", &error.message())),
    }
}

/// The signature of a commit by the configured program. `top` is what relative paths of keys start from.
pub(super) fn signature(
    config: &Config,
    committer: &Signature<'_>,
    top: &Path,
    commit: &str,
) -> Result<String, BranchError> {
    let format = match config.get_string("gpg.format").as_deref() {
        Err(_) | Ok("openpgp") => Format::OpenPgp,
        Ok("x509") => Format::X509,
        Ok("ssh") => Format::Ssh,
        Ok(other) => {
            let known = format!("`{other}` is none of openpgp, x509 and ssh");
            return Err(failed("gpg.format", &known));
        }
    };
    // Nobody else may read it, and it is gone whatever happens.
    let folder = tempfile::tempdir().map_err(|error| failed("a temporary folder", &error))?;
    let file = folder.path().join("commit");
    fs::write(&file, commit).map_err(|error| failed("a temporary file", &error))?;
    let signature = match format {
        Format::OpenPgp => {
            let program = program(config, &["gpg.openpgp.program", "gpg.program"], "gpg");
            gpg(config, &program, committer, &file)?
        }
        Format::X509 => {
            let program = program(config, &["gpg.x509.program"], "gpgsm");
            gpg(config, &program, committer, &file)?
        }
        Format::Ssh => {
            let program = program(config, &["gpg.ssh.program"], "ssh-keygen");
            ssh(config, &program, top, &file)?
        }
    };
    Ok(signature.replace('\r', ""))
}

fn failed(program: &str, message: &dyn ToString) -> BranchError {
    BranchError::Signing {
        program: program.to_owned(),
        message: message.to_string(),
    }
}

/// The first of these settings, `~` replaced by the home folder.
fn program(config: &Config, settings: &[&str], default: &str) -> PathBuf {
    let set = settings.iter().find_map(|name| config.get_path(name).ok());
    set.unwrap_or_else(|| default.into())
}

/// `gpg` and `gpgsm`.
fn gpg(
    config: &Config,
    program: &Path,
    committer: &Signature<'_>,
    file: &Path,
) -> Result<String, BranchError> {
    let key = config.get_string("user.signingKey");
    let key = key.unwrap_or_else(|_| committer.to_string());
    let input = File::open(file).map_err(|error| failed("a temporary file", &error))?;
    let mut command = Command::new(program);
    command
        .args(["--status-fd=2", "-bsau"])
        .arg(key)
        .stdin(input);
    let (output, said) = run(command)?;
    // Programs that end well without a signature exist.
    if !said.contains("[GNUPG:] SIG_CREATED ") {
        let words = said.lines().filter(|line| !line.starts_with("[GNUPG:]"));
        return Err(failed(&program.to_string_lossy(), &joined(words)));
    }
    text(program, output.stdout)
}

/// `ssh-keygen` and what stands in for it. Some of those know files only, so files it is.
fn ssh(config: &Config, program: &Path, top: &Path, file: &Path) -> Result<String, BranchError> {
    let mut command = Command::new(program);
    command.args(["-Y", "sign", "-n", "git", "-f"]);
    match SshKey::of(config)? {
        SshKey::Path(path) => command.arg(top.join(path)),
        SshKey::Literal(key) => {
            let place = file.with_file_name("key");
            fs::write(&place, key).map_err(|error| failed("a temporary file", &error))?;
            // The secret half is in the agent.
            command.arg(place).arg("-U")
        }
    };
    command.arg(file).stdin(Stdio::null());
    let (output, said) = run(command)?;
    let shown = program.to_string_lossy();
    if !output.status.success() {
        return Err(failed(&shown, &joined(said.lines())));
    }
    let signature = fs::read(file.with_extension("sig"));
    text(program, signature.map_err(|error| failed(&shown, &error))?)
}

/// What signs with ssh.
enum SshKey {
    /// A file with a key of either half.
    Path(PathBuf),
    /// A public key.
    Literal(String),
}

impl SshKey {
    fn of(config: &Config) -> Result<Self, BranchError> {
        if let Ok(key) = config.get_string("user.signingKey") {
            return match literal(&key) {
                Some(key) => Ok(Self::Literal(key.to_owned())),
                None => match config.get_path("user.signingKey") {
                    Ok(path) => Ok(Self::Path(path)),
                    Err(error) => Err(failed("user.signingKey", &error.message())),
                },
            };
        }
        let setting = "gpg.ssh.defaultKeyCommand";
        let Ok(line) = config.get_string(setting) else {
            let message = "it is not set, and with ssh nothing signs without it";
            return Err(failed("user.signingKey", &message));
        };
        let words = shlex::split(&line).unwrap_or_default();
        let Some((program, arguments)) = words.split_first() else {
            return Err(failed(setting, &"it is no command"));
        };
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null());
        let (output, said) = run(command)?;
        let listed = String::from_utf8_lossy(&output.stdout);
        let key = listed.lines().next().and_then(literal);
        match key {
            Some(key) if output.status.success() => Ok(Self::Literal(key.to_owned())),
            _ if said.trim().is_empty() => Err(failed(setting, &"it names no key")),
            _ => Err(failed(setting, &joined(said.lines()))),
        }
    }
}

/// The key in a setting that is no path.
fn literal(setting: &str) -> Option<&str> {
    let prefixed = setting.strip_prefix("key::");
    prefixed.or_else(|| setting.starts_with("ssh-").then_some(setting))
}

/// Runs a program to its end. Out: what it wrote, and what it said as text.
fn run(mut command: Command) -> Result<(Output, String), BranchError> {
    let output = command.output().map_err(|error| {
        let program = command.get_program().to_string_lossy();
        failed(&program, &format!("it cannot be run: {error}"))
    })?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Ok((output, said))
}

fn text(program: &Path, signature: Vec<u8>) -> Result<String, BranchError> {
    String::from_utf8(signature)
        .map_err(|_| failed(&program.to_string_lossy(), &"its signature is no text"))
}

/// Lines of a program in one.
pub(super) fn joined<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    let lines = lines.map(|line| line.trim().replace('\t', " "));
    let text = lines.filter(|line| !line.is_empty()).collect::<Vec<_>>();
    let text = text.join("; ");
    if text.is_empty() {
        "it failed and did not say why".to_owned()
    } else {
        text
    }
}
