//! The line that says how far a run is: only on a terminal, and gone at the end.
#![cfg(target_os = "linux")]

mod support;

use std::io::{Read, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

use support::{Folder, Result, binary};

const ERASE: &str = "\r\u{1b}[K";
const LINE: &str = "Reading 2 files…";
/// Longer than a run is silent.
const LONG: Duration = Duration::from_millis(900);

/// A run that waits for a catalog dump.
struct Waiting {
    folder: Folder,
    run: Child,
    out: ChildStdout,
}

impl Waiting {
    /// A run on a terminal of its own, or on none.
    fn start(on_terminal: bool, terminal: &str, arguments: &str) -> Result<Self> {
        let descriptor = |name| {
            format!(
                "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {{name: {name}}}\nspec: {{type: team, children: []}}\n"
            )
        };
        let files = ["a", "b"].map(|name| (format!("{name}/catalog-info.yaml"), descriptor(name)));
        let folder = Folder::with(files.iter().map(|(path, text)| (&**path, &**text)))?;
        let made = Command::new("mkfifo")
            .arg(folder.path.join("dump"))
            .status()?;
        assert!(made.success());
        let command = format!(
            "{} validate --catalog dump {arguments}",
            env!("CARGO_BIN_EXE_backstage2port")
        );
        let mut run = if on_terminal {
            let mut script = Command::new("script");
            script
                .args(["-qec", &command, "/dev/null"])
                .current_dir(&folder.path);
            script
        } else {
            let mut run = binary(&folder.path);
            run.args(["validate", "--catalog", "dump"])
                .args(arguments.split_whitespace());
            run
        };
        let run = run.env("TERM", terminal).stdin(Stdio::null());
        let mut run = run.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let out = run.stdout.take().ok_or("no output")?;
        Ok(Self { folder, run, out })
    }

    /// What is printed until a text appears.
    fn until(&mut self, text: &str) -> Result<String> {
        let mut seen = Vec::new();
        let mut byte = [0];
        while !String::from_utf8_lossy(&seen).contains(text) {
            if self.out.read(&mut byte)? == 0 {
                return Err(format!("no `{text}` in {}", String::from_utf8_lossy(&seen)).into());
            }
            seen.extend(byte);
        }
        Ok(String::from_utf8(seen)?)
    }

    /// Lets the run end: what is printed on both streams.
    fn end(mut self) -> Result<String> {
        std::fs::File::options()
            .write(true)
            .open(self.folder.path.join("dump"))?
            .write_all(b"[]")?;
        let mut text = String::new();
        self.out.read_to_string(&mut text)?;
        let rest = self.run.wait_with_output()?;
        assert!(rest.status.success(), "{text}");
        Ok(text.replace("\r\n", "\n") + &String::from_utf8(rest.stderr)?)
    }
}

#[test]
fn a_terminal_shows_how_far_a_long_run_is() -> Result<()> {
    let plain = Waiting::start(false, "xterm", "")?.end()?;
    assert!(plain.contains("2 files"), "{plain}");
    let mut waiting = Waiting::start(true, "xterm", "")?;
    assert_eq!(waiting.until(LINE)?, format!("{ERASE}{LINE}"));
    assert_eq!(waiting.end()?, format!("{ERASE}{plain}"));
    Ok(())
}

#[test]
fn nobody_else_is_told() -> Result<()> {
    for (on_terminal, terminal, arguments) in [
        (false, "xterm", ""),
        (true, "dumb", ""),
        (true, "", ""),
        (true, "xterm", "--quiet"),
    ] {
        let waiting = Waiting::start(on_terminal, terminal, arguments)?;
        thread::sleep(LONG);
        let text = waiting.end()?;
        assert!(
            !text.contains("Reading") && !text.contains(ERASE),
            "{text:?}"
        );
    }
    Ok(())
}
