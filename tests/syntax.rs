//! What is said about YAML that is none: the cases of `fixtures/syntax/cases.txt`, each a text and what is found in it.
//! `UPDATE=1 cargo test --test syntax` writes what is found.

mod support;

use std::fmt::Write as _;
use std::{env, fs};

use backstage2port::yaml::{self, SyntaxError};
use support::Result;

const CASES: &str = "fixtures/syntax/cases.txt";

/// What is found in a text, in the form of the cases.
fn found(text: &str) -> Result<String> {
    let mut found = String::new();
    let mut errors = yaml::documents(text)
        .into_iter()
        .filter_map(|document| document.content.err())
        .flatten()
        .peekable();
    if errors.peek().is_none() {
        found.push_str("> good\n");
    }
    for error in errors {
        let SyntaxError {
            message,
            at,
            help,
            began,
        } = error;
        let marked = text.get(at.clone()).ok_or("a span across characters")?;
        writeln!(found, "> {} {message}", position(text, at.start))?;
        if !marked.is_empty() {
            writeln!(found, ">   at {marked:?}")?;
        }
        if let Some(help) = help {
            writeln!(found, ">   help: {help}")?;
        }
        if let Some((at, label)) = began {
            writeln!(found, ">   {label}: {}", position(text, at.start))?;
        }
    }
    Ok(found)
}

fn position(text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    let number = before.matches('\n').count() + 1;
    format!("{number}:{}", line.chars().count() + 1)
}

#[test]
fn syntax_errors_are_told_in_the_words_of_users() -> Result<()> {
    let expected = fs::read_to_string(CASES)?;
    let mut actual = String::new();
    for case in expected.split_inclusive('\n') {
        let is_finding = case.starts_with('>') && !case.starts_with(">>>");
        if !is_finding {
            actual.push_str(case);
        }
    }
    let cases = actual.split("=== ").skip(1);
    let mut told = String::new();
    for case in cases {
        let (title, text) = case.split_once('\n').ok_or("a title without a text")?;
        // Tabs and returns are spelled out, so that no editor changes them.
        let text = text.replace("<TAB>", "\t").replace("<CR>", "\r");
        write!(
            told,
            "=== {title}\n{}",
            case.split_once('\n').unwrap_or_default().1
        )?;
        told += &found(&text)?;
    }
    if env::var_os("UPDATE").is_some() {
        fs::write(CASES, &told)?;
    }
    assert_eq!(
        fs::read_to_string(CASES)?,
        told,
        "UPDATE=1 rewrites {CASES}"
    );
    Ok(())
}

#[test]
fn no_case_keeps_the_words_of_the_parser() -> Result<()> {
    let cases = fs::read_to_string(CASES)?;
    for words in [
        "while parsing",
        "while scanning",
        "simple key",
        "context",
        "> good",
    ] {
        assert!(!cases.contains(words), "{words}");
    }
    Ok(())
}
