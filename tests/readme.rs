//! The README tells the truth: the examples it shows are run, and its table of codes is that of the program.
//!
//! A line `<!-- run: ARGUMENTS -->` is followed by a block with what the program prints, `<!-- file: PATH -->` by one
//! with a file that the first run wrote below `demo/`. `UPDATE=1` rewrites them.

use std::error::Error;
use std::fmt::Write as _;
use std::process::Command;
use std::{env, fs};

use backstage2port::diagnostic::Code;
use camino::Utf8Path;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[test]
fn the_readme_shows_what_the_program_does() -> Result<()> {
    let written = fs::read_to_string("README.md")?;
    let folder = tempfile::tempdir()?;
    let folder = Utf8Path::from_path(folder.path()).ok_or("no UTF-8 path")?;
    copy(Utf8Path::new("fixtures"), &folder.join("fixtures"))?;
    let actual = refreshed(&written, folder)?;
    if env::var_os("UPDATE").is_some() {
        fs::write("README.md", &actual)?;
        return Ok(());
    }
    let differs = written
        .lines()
        .zip(actual.lines())
        .find(|(written, actual)| written != actual);
    assert_eq!(differs, None, "UPDATE=1 rewrites the README");
    assert_eq!(written.len(), actual.len(), "UPDATE=1 rewrites the README");
    Ok(())
}

/// The README with every example and the table of codes made anew.
fn refreshed(readme: &str, folder: &Utf8Path) -> Result<String> {
    let mut text = String::new();
    let mut lines = readme.lines().peekable();
    let mut examples = 0;
    while let Some(line) = lines.next() {
        text.push_str(line);
        text.push('\n');
        let marker = |name: &str| line.strip_prefix(name)?.strip_suffix(" -->");
        let shown = if let Some(arguments) = marker("<!-- run: ") {
            format!(
                "$ backstage2port {arguments}\n{}",
                output(arguments, folder)?
            )
        } else if let Some(path) = marker("<!-- file: ") {
            fs::read_to_string(folder.join("demo").join(path))?
        } else if line == "<!-- codes -->" {
            while lines.next_if(|line| line.starts_with('|')).is_some() {}
            text.push_str(&codes()?);
            continue;
        } else {
            continue;
        };
        examples += 1;
        let fence = lines.next().ok_or("a marker without a block")?;
        for _ in lines.by_ref().take_while(|line| *line != "```") {}
        write!(text, "{fence}\n{shown}```\n")?;
    }
    assert!(examples > 0, "the README shows no example");
    Ok(text)
}

fn output(arguments: &str, folder: &Utf8Path) -> Result<String> {
    let run = Command::new(env!("CARGO_BIN_EXE_backstage2port"))
        .args(arguments.split(' '))
        .current_dir(folder)
        .env_remove("CLICOLOR_FORCE")
        .output()?;
    let errors = String::from_utf8(run.stderr)?;
    Ok(String::from_utf8(run.stdout)? + &errors)
}

fn codes() -> Result<String> {
    let mut table = "| Code | Severity | Meaning |\n|---|---|---|\n".to_owned();
    for code in Code::ALL {
        writeln!(
            table,
            "| `{code}` | {} | {} |",
            code.severity(),
            code.summary()
        )?;
    }
    Ok(table)
}

fn copy(from: &Utf8Path, to: &Utf8Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in from.read_dir_utf8()? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
