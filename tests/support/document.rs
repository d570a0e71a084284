//! Documents that show what the program does: their examples are run, so that they cannot lie.
//!
//! A comment in a line of its own says what the block after it holds:
//!
//! - `<!-- run: ARGUMENTS -->`: what the program prints with them, standard error last;
//! - `<!-- sh: COMMAND -->`: what a command of the shell prints, for what has to happen between two runs; without a block
//!   after it nothing is shown;
//! - `<!-- file: PATH -->`: a file, as the runs before left it;
//! - `<!-- NAME -->` up to `<!-- end -->`: text that a test makes.
//!
//! All of it happens in one folder, from top to bottom.

use std::fmt::Write as _;
use std::process::{Command, Stdio};
use std::{env, fs};

use camino::Utf8Path;

use super::{Result, binary, finished};

/// A document that was made anew.
pub(crate) struct Shown {
    /// The document as it should be.
    pub(crate) text: String,
    /// What the runs printed, one after the other.
    pub(crate) output: String,
    /// How often the program ran.
    pub(crate) runs: usize,
}

/// A document with every example made anew in a folder, and every text that is named here.
pub(crate) fn shown(written: &str, folder: &Utf8Path, texts: &[(&str, String)]) -> Result<Shown> {
    let mut shown = Shown {
        text: String::new(),
        output: String::new(),
        runs: 0,
    };
    let mut lines = written.lines().peekable();
    while let Some(line) = lines.next() {
        shown.text.push_str(line);
        shown.text.push('\n');
        let Some(marker) = line
            .strip_prefix("<!-- ")
            .and_then(|rest| rest.strip_suffix(" -->"))
        else {
            continue;
        };
        if let Some((_, text)) = texts.iter().find(|(name, _)| *name == marker) {
            writeln!(shown.text, "{text}<!-- end -->")?;
            for _ in lines.by_ref().take_while(|line| *line != "<!-- end -->") {}
            continue;
        }
        let has_block = lines.peek().is_some_and(|line| line.starts_with("```"));
        let printed = if let Some(arguments) = marker.strip_prefix("run: ") {
            let printed = ran(arguments, folder)?;
            shown.runs += 1;
            shown.output += &printed;
            format!("$ backstage2port {arguments}\n{printed}")
        } else if let Some(command) = marker.strip_prefix("sh: ") {
            let printed = told(command, folder)?;
            format!("$ {command}\n{printed}")
        } else if let Some(path) = marker.strip_prefix("file: ") {
            let text = fs::read_to_string(folder.join(path));
            text.map_err(|error| format!("{line}: {error}"))?
        } else {
            return Err(format!("{line}: nobody knows what that is").into());
        };
        if has_block {
            let fence = lines.next().ok_or("no block")?;
            for _ in lines.by_ref().take_while(|line| *line != "```") {}
            write!(shown.text, "{fence}\n{printed}```\n")?;
        } else if !marker.starts_with("sh: ") {
            return Err(format!("{line}: no block follows").into());
        }
    }
    Ok(shown)
}

/// Holds a document against what it should be, or writes it; says the first line that differs.
pub(crate) fn settled(path: &Utf8Path, written: &str, shown: &Shown) -> Result<Option<String>> {
    if written == shown.text {
        return Ok(None);
    }
    if env::var_os("UPDATE").is_some() {
        fs::write(path, &shown.text)?;
        return Ok(None);
    }
    let mut lines = written.lines().zip(shown.text.lines()).enumerate();
    let differs = lines.find(|(_, (written, actual))| written != actual);
    Ok(Some(match differs {
        Some((index, (written, actual))) => format!(
            "line {} is `{written}`, should be `{actual}`; UPDATE=1 rewrites it",
            index + 1
        ),
        None => "one is longer; UPDATE=1 rewrites it".to_owned(),
    }))
}

fn ran(arguments: &str, folder: &Utf8Path) -> Result<String> {
    let words = shlex::split(arguments).ok_or("a quote is not closed")?;
    let run = finished(binary(folder).args(words))?;
    Ok(run.stdout + &run.stderr)
}

fn told(command: &str, folder: &Utf8Path) -> Result<String> {
    let mut shell = Command::new("sh");
    shell.args(["-ec", command]).current_dir(folder);
    let run = finished(shell.stdin(Stdio::null()))?;
    if run.code != 0 {
        return Err(format!("`{command}`: {}", run.shown()).into());
    }
    Ok(run.stdout + &run.stderr)
}
