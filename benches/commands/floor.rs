//! The least that a program needs for a tree: it lists all files as the program does, with what `.gitignore` says
//! respected, reads those that hold entities and has their YAML parsed, event by event. It keeps nothing.

use std::fs;
use std::io::Write;
use std::sync::{Mutex, PoisonError};

use camino::Utf8PathBuf;
use granit_parser::Parser;
use ignore::{WalkBuilder, WalkState};
use rayon::ThreadPoolBuilder;
use rayon::prelude::*;

use super::Result;
use super::generator::is_descriptor;

/// The argument that makes this program the floor.
pub(super) const WORD: &str = "floor";

/// Reads a folder, with so many threads; 0 stands for as many as the machine has.
///
/// # Errors
///
/// When a file cannot be read or parsed.
pub(super) fn run(arguments: &[String]) -> Result<()> {
    let [folder, threads] = arguments else {
        return Err("the floor needs a folder and a number of threads".into());
    };
    let threads = threads.parse()?;
    ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()?;
    let files = list(folder, threads);
    let events: usize = files
        .par_iter()
        .map(|path| {
            let text = fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
            events(&text).map_err(|error| format!("{path}: {error}"))
        })
        .sum::<std::result::Result<_, String>>()?;
    writeln!(std::io::stdout(), "{} files, {events} events", files.len())?;
    Ok(())
}

fn list(folder: &str, threads: usize) -> Vec<Utf8PathBuf> {
    let files: Mutex<Vec<Utf8PathBuf>> = Mutex::default();
    WalkBuilder::new(folder)
        .standard_filters(false)
        .git_ignore(true)
        .require_git(false)
        .filter_entry(|entry| entry.file_name() != ".git")
        .threads(threads)
        .build_parallel()
        .run(|| {
            Box::new(|entry| {
                if let Ok(entry) = entry
                    && entry.file_type().is_some_and(|kind| kind.is_file())
                    && let Ok(path) = Utf8PathBuf::from_path_buf(entry.into_path())
                    && is_descriptor(&path)
                {
                    let mut files = files.lock().unwrap_or_else(PoisonError::into_inner);
                    files.push(path);
                }
                WalkState::Continue
            })
        });
    let mut files: Vec<Utf8PathBuf> = files.into_inner().unwrap_or_else(PoisonError::into_inner);
    files.sort_unstable();
    files
}

fn events(text: &str) -> std::result::Result<usize, granit_parser::ScanError> {
    let mut parser = Parser::new_from_str(text);
    let mut count = 0;
    while let Some(event) = parser.next_event() {
        event?;
        count += 1;
    }
    Ok(count)
}
