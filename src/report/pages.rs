//! The pages of codes, for a terminal.
//!
//! In: a code. Out: its page, as readable as Markdown is; what only the project's own tests read is left out, and examples
//! are set in.

use std::fmt::Write as _;

use crate::diagnostic::{Code, Stage};

/// The page of a code.
#[must_use]
pub fn page(code: Code) -> String {
    let mut text = String::new();
    let mut is_example = false;
    for line in code.page().lines() {
        if line.starts_with("```") {
            is_example = !is_example;
        } else if is_example {
            let _ = writeln!(text, "{}", format!("    {line}").trim_end());
        } else if !(line.starts_with("<!-- ") && line.ends_with(" -->")) {
            let _ = writeln!(text, "{line}");
        }
    }
    text
}

/// All codes by stage: severity, name and sentence.
#[must_use]
pub fn all() -> String {
    let width = Code::ALL.iter().map(|code| code.id().len()).max();
    let mut text = String::new();
    for &stage in Stage::ALL {
        let _ = writeln!(text, "{}\n", stage.title());
        for code in Code::ALL.iter().filter(|code| code.stage() == stage) {
            let _ = writeln!(
                text,
                "  {:<7}  {code:<width$}  {}",
                code.severity(),
                code.summary(),
                width = width.unwrap_or(0)
            );
        }
        text.push('\n');
    }
    text + "`backstage2port explain CODE` tells more about one of them.\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_show_no_marks_of_the_tests() {
        for &code in Code::ALL {
            let page = page(code);
            assert!(page.starts_with(&format!("# {code}\n")), "{page}");
            assert!(!page.contains("<!--") && !page.contains("```"), "{page}");
        }
    }

    #[test]
    fn every_code_is_listed() {
        let all = all();
        for &code in Code::ALL {
            assert!(all.contains(&format!("  {code} ")), "{code}");
        }
    }
}
