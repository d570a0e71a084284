//! What is made of the definition of the command line: completions that shells take, manual pages that name every command.

mod support;

use std::io::Write as _;
use std::process::{Command, Stdio};

use support::{Folder, Result, finished, run, tree};

/// The commands that the help lists.
fn commands() -> Result<Vec<String>> {
    let help = run(".".into(), &["-h"])?.stdout;
    let (_, rest) = help.split_once("Commands:\n").ok_or("no commands")?;
    let names = rest
        .lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  "))
        .filter(|line| !line.starts_with(' '))
        .filter_map(|line| line.split_whitespace().next());
    let names: Vec<String> = names
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect();
    assert!(names.len() > 8, "{names:?}");
    Ok(names)
}

#[test]
fn completions_name_every_command_and_parse() -> Result<()> {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let made = run(".".into(), &["completions", shell])?;
        assert_eq!((made.code, made.stderr.as_str()), (0, ""), "{shell}");
        for name in commands()? {
            assert!(made.stdout.contains(&name), "{shell}: {name}");
        }
        assert!(!made.stdout.contains("BOOL"), "{shell}");
        if shell == "bash" {
            let folder = Folder::with([("completions", made.stdout.as_str())])?;
            let path = folder.path.join("completions");
            let parsed = finished(Command::new("bash").arg("-n").arg(&path))?;
            assert_eq!((parsed.code, parsed.stderr.as_str()), (0, ""));
            // They complete: a key of the file is a flag, and the values of it are known.
            let script = format!(
                "source {path}; COMP_WORDS=(backstage2port convert --target cen); COMP_CWORD=3; \
                 _backstage2port backstage2port cen --target; echo \"${{COMPREPLY[@]}}\""
            );
            let completed = finished(Command::new("bash").arg("-c").arg(script))?;
            assert_eq!(completed.stdout, "central\n", "{}", completed.shown());
        }
    }
    Ok(())
}

#[test]
fn the_manual_names_every_command() -> Result<()> {
    let page = run(".".into(), &["man"])?.stdout;
    let folder = Folder::new()?;
    let written = run(&folder.path, &["man", "pages"])?;
    assert_eq!(written.code, 0, "{}", written.shown());
    let pages = tree(&folder.path.join("pages"))?;
    let names = commands()?;
    assert_eq!(pages.len(), names.len() + 1, "{:?}", pages.keys());
    for name in &names {
        let escaped = name.replace('-', "\\-");
        assert!(
            page.contains(&format!("backstage2port\\-{escaped}(1)")),
            "{name}: {page}"
        );
        let file = format!("backstage2port-{name}.1");
        let of_command = pages.get(camino::Utf8Path::new(&file)).ok_or(file)?;
        let of_command = String::from_utf8_lossy(of_command);
        assert!(
            of_command.contains(&format!("backstage2port {escaped}")),
            "{of_command}"
        );
    }
    assert_eq!(
        pages.get(camino::Utf8Path::new("backstage2port.1")),
        Some(&page.clone().into_bytes())
    );
    for word in ["EXIT STATUS", "backstage2port.yaml"] {
        assert!(page.contains(word), "{word}: {page}");
    }
    // A second time, over the first.
    assert_eq!(run(&folder.path, &["man", "pages", "-q"])?.stdout, "");
    for (path, page) in pages {
        let Ok(mut groff) = Command::new("groff")
            .args(["-man", "-ww", "-Tutf8", "-z"])
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
        else {
            continue;
        };
        groff.stdin.take().ok_or("no input")?.write_all(&page)?;
        let ended = groff.wait_with_output()?;
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(ended.status.success() && said.is_empty(), "{path}: {said}");
    }
    Ok(())
}
