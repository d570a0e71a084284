//! Every code has a page that keeps to one form, with an example that is run and reports it, and a case. The table of all
//! codes in `docs/findings.md` is that of the program. `UPDATE=1` rewrites examples and table.

mod support;

use std::fmt::Write as _;
use std::fs;

use backstage2port::diagnostic::{Code, Stage};
use camino::{Utf8Path, Utf8PathBuf};
use support::{Folder, Result, copy, document, tree};

/// The longest line of a page, in characters; what the program prints is not counted.
const COLUMNS: usize = 110;

/// The sections of a page, in their order.
const SECTIONS: [&str; 3] = ["Why", "Example", "Remedy"];

fn page_of(code: Code) -> Utf8PathBuf {
    format!("docs/codes/{code}.md").into()
}

fn case_of(code: Code) -> Utf8PathBuf {
    format!("fixtures/codes/{code}").into()
}

#[test]
fn every_code_has_a_page_with_an_example_that_reports_it() -> Result<()> {
    let mut pages = 0;
    let mut told = String::new();
    for &code in Code::ALL {
        let faults = faults(code)?;
        if !faults.is_empty() {
            pages += 1;
            writeln!(told, "{}: {}", page_of(code), faults.join("; "))?;
        }
    }
    assert!(told.is_empty(), "{pages} pages have faults\n{told}");
    Ok(())
}

#[test]
fn every_page_and_every_case_is_about_a_code() -> Result<()> {
    let pages = tree("docs/codes".into())?.into_keys();
    let cases = support::folders("fixtures/codes".into())?.into_iter();
    for path in pages.chain(cases) {
        let name = path.file_stem().ok_or("no name")?;
        assert!(Code::named(name).is_some(), "{path}: there is no such code");
    }
    Ok(())
}

#[test]
fn the_findings_page_tells_the_truth() -> Result<()> {
    let path = Utf8Path::new("docs/findings.md");
    let written = fs::read_to_string(path)?;
    let folder = Folder::new()?;
    copy("fixtures".into(), &folder.path.join("fixtures"))?;
    let shown = document::shown(&written, &folder.path, &[("codes", table()?)])?;
    assert_eq!(document::settled(path, &written, &shown)?, None);
    Ok(())
}

fn table() -> Result<String> {
    let mut table = String::new();
    for &stage in Stage::ALL {
        write!(
            table,
            "### {}\n\n| Code | Severity | Meaning |\n|---|---|---|\n",
            stage.title()
        )?;
        for code in Code::ALL.iter().filter(|code| code.stage() == stage) {
            writeln!(
                table,
                "| [`{code}`](codes/{code}.md) | {} | {} |",
                code.severity(),
                code.summary()
            )?;
        }
        table.push('\n');
    }
    Ok(table)
}

/// What is wrong with the page of a code, and with its case.
fn faults(code: Code) -> Result<Vec<String>> {
    let path = page_of(code);
    let written = fs::read_to_string(&path)?;
    let case = case_of(code);
    let has_case = !tree(&case)?.is_empty();
    if !written.contains("\n## ") && !has_case {
        return Ok(vec![format!("not written yet, nor is {case}")]);
    }
    let mut faults = form(code, &written);
    if !has_case {
        faults.push(format!("no case in {case}"));
    }
    let folder = Folder::new()?;
    copy(&case, &folder.path.join(&case))?;
    let shown = match document::shown(&written, &folder.path, &[]) {
        Ok(shown) => shown,
        Err(error) => {
            faults.push(error.to_string());
            return Ok(faults);
        }
    };
    if shown.runs == 0 {
        faults.push("no `<!-- run: … -->`".to_owned());
    } else if !reports(&shown.output, code) {
        faults.push(format!("no run reports `{code}`"));
    }
    faults.extend(document::settled(&path, &written, &shown)?);
    Ok(faults)
}

/// Whether the code stands at a finding or in the summary; its name alone may be that of the case.
fn reports(output: &str, code: Code) -> bool {
    output.contains(&format!("[{code}]")) || output.contains(&format!(" {code}: "))
}

/// What is wrong with the form of a page.
fn form(code: Code, page: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let prose = without_blocks(page);
    let mut paragraphs = prose.split("\n\n").map(str::trim);
    if paragraphs.next() != Some(&format!("# {code}")) {
        faults.push(format!("does not begin with `# {code}` and an empty line"));
    }
    let first = paragraphs.next().unwrap_or_default().replace('\n', " ");
    if first != code.summary() {
        faults.push(format!("the first paragraph is not \"{}\"", code.summary()));
    }
    let mut parts = prose.split("\n## ");
    let opening = parts.next().unwrap_or_default().trim_end();
    if opening.split("\n\n").count() < 3 {
        faults.push("nothing says what is found and what is not".to_owned());
    }
    let sections: Vec<_> = parts
        .map(|part| part.split_once('\n').unwrap_or((part, "")))
        .collect();
    let titles: Vec<_> = sections.iter().map(|(title, _)| *title).collect();
    if titles != SECTIONS {
        faults.push(format!("the sections are {titles:?}, not {SECTIONS:?}"));
    }
    for (title, text) in sections {
        if text.trim().is_empty() {
            faults.push(format!("`## {title}` is empty"));
        }
    }
    for (index, line) in page.lines().enumerate() {
        if prose.lines().any(|prose| prose == line) && line.chars().count() > COLUMNS {
            faults.push(format!("line {} is longer than {COLUMNS}", index + 1));
        }
    }
    faults
}

/// A page without what the program prints in it.
fn without_blocks(page: &str) -> String {
    let mut prose = String::new();
    let mut lines = page.lines().peekable();
    while let Some(line) = lines.next() {
        prose.push_str(line);
        prose.push('\n');
        let has_block = lines.peek().is_some_and(|line| line.starts_with("```"));
        if line.starts_with("<!-- ") && has_block {
            for _ in lines.by_ref().skip(1).take_while(|line| *line != "```") {}
        }
    }
    prose
}

#[test]
fn faults_of_a_page_are_seen() {
    let code = Code::YamlSyntax;
    let page = format!(
        "# {code}\n\n{}\n\nMore.\n\n## Why\n\nBecause.\n\n## Example\n\n<!-- run: validate . -->\n```console\n\
         ## not a section\n\n{}\n```\n\n## Remedy\n\nDo.\n",
        code.summary(),
        "x".repeat(200)
    );
    assert_eq!(form(code, &page), Vec::<String>::new());
    for (from, to) in [
        ("# yaml", "# json"),
        (code.summary(), "Something."),
        ("More.\n\n", ""),
        ("## Why", "## Reason"),
        ("Because.", ""),
        ("Do.", &"x".repeat(111)),
    ] {
        let faults = form(code, &page.replacen(from, to, 1));
        assert_eq!(faults.len(), 1, "{from}: {faults:?}");
    }
    assert!(!reports("fixtures/codes/yaml-syntax: 1", code));
    assert!(reports("warning[yaml-syntax]", code));
    assert!(reports("1 error   yaml-syntax: A document", code));
}
