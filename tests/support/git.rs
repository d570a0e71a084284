//! The real git, with a configuration and a clock of its own.

use std::process::Command;

use camino::Utf8Path;

use super::{Result, finished};

/// Runs git in a folder. Out: what it wrote, when it ended well.
pub(crate) fn git(folder: &Utf8Path, arguments: &[&str]) -> Result<String> {
    let run = finished(&mut command(folder, arguments))?;
    if run.code == 0 {
        Ok(run.stdout)
    } else {
        Err(format!("git {arguments:?}: {}", run.shown()).into())
    }
}

/// A run of git in a folder that is to be made.
pub(crate) fn command(folder: &Utf8Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.current_dir(folder).args(arguments);
    for (name, value) in [
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_AUTHOR_NAME", "Kim"),
        ("GIT_AUTHOR_EMAIL", "kim@example.com"),
        ("GIT_AUTHOR_DATE", "2026-01-01T00:00:00Z"),
        ("GIT_COMMITTER_NAME", "Kim"),
        ("GIT_COMMITTER_EMAIL", "kim@example.com"),
        ("GIT_COMMITTER_DATE", "2026-01-01T00:00:00Z"),
    ] {
        command.env(name, value);
    }
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        command.env_remove(name);
    }
    command
}

/// Commits all that is in a folder, ignored files too.
pub(crate) fn commit(folder: &Utf8Path) -> Result<()> {
    git(folder, &["add", "--all", "--force"])?;
    git(folder, &["commit", "-q", "--allow-empty", "-m", "a commit"])?;
    Ok(())
}
