//! What a run of a program costs.
//!
//! In: a command line. Out: its time, its CPU time and its peak memory. They are known of all children of a process
//! together, so each run has a parent of its own: this very program, in another role.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::Result;

/// The argument that makes this program the parent of a run.
pub(super) const WORD: &str = "measured";

/// What a run costs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cost {
    /// From its start to its end.
    pub(super) wall: Duration,
    /// Of all its threads, in the program and in the system for it.
    pub(super) cpu: Duration,
    /// The most memory it had at a time, in bytes.
    pub(super) memory: u64,
}

impl Cost {
    /// Runs a program.
    ///
    /// # Errors
    ///
    /// When it cannot be run, or ends with another code than 0 and 1, which programs exit with that found something.
    pub(super) fn of(line: &[impl AsRef<str>]) -> Result<Self> {
        let line = line.iter().map(AsRef::as_ref);
        let output = Command::new(std::env::current_exe()?)
            .arg(WORD)
            .args(line)
            .stderr(Stdio::inherit())
            .output()?;
        let figures = String::from_utf8(output.stdout)?;
        let figures: Vec<u64> = figures
            .split_whitespace()
            .map(str::parse)
            .collect::<std::result::Result<_, _>>()?;
        let [wall, cpu, memory] = figures[..] else {
            return Err("a run was not measured".into());
        };
        Ok(Self {
            wall: Duration::from_nanos(wall),
            cpu: Duration::from_micros(cpu),
            memory,
        })
    }
}

/// Runs a program as its only child and prints the three figures.
///
/// # Errors
///
/// As [`Cost::of`].
pub(super) fn wrap(line: &[String]) -> Result<()> {
    let (program, arguments) = line.split_first().ok_or("no program to measure")?;
    let mut command = Command::new(program);
    command.args(arguments);
    for stream in [Command::stdin, Command::stdout, Command::stderr] {
        stream(&mut command, Stdio::null());
    }
    let started = Instant::now();
    let status = command.status()?;
    let wall = started.elapsed().as_nanos();
    if !matches!(status.code(), Some(0 | 1)) {
        return Err(format!("{}: {status}", line.join(" ")).into());
    }
    let (cpu, memory) = used_by_children()?;
    writeln!(std::io::stdout(), "{wall} {cpu} {memory}")?;
    Ok(())
}

/// CPU time in microseconds, and bytes of memory.
#[cfg(unix)]
fn used_by_children() -> Result<(i64, i64)> {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeValLike;

    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let cpu = usage.user_time() + usage.system_time();
    let unit = if cfg!(target_vendor = "apple") {
        1
    } else {
        1024
    };
    Ok((cpu.num_microseconds(), usage.max_rss() * unit))
}

#[cfg(not(unix))]
fn used_by_children() -> Result<(i64, i64)> {
    Err("memory is measured on Unix only".into())
}
