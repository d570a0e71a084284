//! A line on standard error that says how far a long run is.
//!
//! In: the counts of a run. Out: one line on a terminal, written over as they grow and gone at the end; elsewhere nothing.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use backstage2port::progress::{Progress, Work};
use terminal_size::{Width, terminal_size_of};

use crate::cli::Output;

/// A run that takes less says nothing.
const PATIENCE: Duration = Duration::from_millis(500);
const INTERVAL: Duration = Duration::from_millis(100);
/// Where the terminal does not say.
const COLUMNS: u16 = 80;
const ERASE: &str = "\r\x1b[K";

/// The line; it goes when this is dropped, before anything else is printed.
pub(super) struct Shown(Option<(Sender<()>, JoinHandle<()>)>);

/// Shows the counts on a terminal, unless the user wants quiet.
pub(super) fn show(progress: &Arc<Progress>, output: &Output) -> Shown {
    let terminal = std::env::var("TERM").unwrap_or_default();
    let is_shown = io::stderr().is_terminal() && !matches!(&*terminal, "" | "dumb");
    if output.quiet || !is_shown {
        return Shown(None);
    }
    let (stop, stopped) = mpsc::channel();
    let progress = Arc::clone(progress);
    let line = thread::Builder::new().spawn(move || draw(&progress, &stopped));
    // A run does not fail because nobody can watch it.
    Shown(line.ok().map(|line| (stop, line)))
}

impl Drop for Shown {
    fn drop(&mut self) {
        if let Some((stop, line)) = self.0.take() {
            drop(stop);
            let _ = line.join();
        }
    }
}

/// Draws until the other side hangs up. What cannot be drawn is no fault.
fn draw(progress: &Progress, stopped: &Receiver<()>) {
    let mut drawn = String::new();
    let mut wait = PATIENCE;
    while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(wait) {
        wait = INTERVAL;
        let size = terminal_size_of(io::stderr());
        let Width(columns) = size.map_or(Width(COLUMNS), |(width, _)| width);
        let line = progress
            .now()
            .map(|(work, done, all)| line(work, done, all));
        let line: String = line
            .unwrap_or_default()
            .chars()
            .take(usize::from(columns).saturating_sub(1))
            .collect();
        if line != drawn {
            let _ = write!(io::stderr(), "{ERASE}{line}");
            drawn = line;
        }
    }
    if !drawn.is_empty() {
        let _ = write!(io::stderr(), "{ERASE}");
    }
}

fn line(work: Work, done: usize, all: usize) -> String {
    let (verb, pieces) = match work {
        Work::Reading => ("Reading", "files"),
        Work::Checking => ("Checking", "entities"),
        Work::Converting => ("Converting", "entities"),
        Work::Writing => ("Writing", "files"),
    };
    match (done, all) {
        (2.., 2..) => format!("{verb} {} of {} {pieces}…", grouped(done), grouped(all)),
        (count @ 2.., _) | (_, count @ 2..) => format!("{verb} {} {pieces}…", grouped(count)),
        // Who waits does not care for one.
        _ => format!("{verb} {pieces}…"),
    }
}

/// A number with commas between its thousands.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let mut grouped = digits[..first].to_owned();
    for start in (first..digits.len()).step_by(3) {
        if !grouped.is_empty() {
            grouped.push(',');
        }
        grouped.push_str(&digits[start..start + 3]);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_is_known() {
        for (work, done, all, expected) in [
            (Work::Reading, 0, 0, "Reading files…"),
            (Work::Reading, 12_000, 0, "Reading 12,000 files…"),
            (Work::Checking, 0, 999, "Checking 999 entities…"),
            (
                Work::Converting,
                80_000,
                1_250_000,
                "Converting 80,000 of 1,250,000 entities…",
            ),
            (Work::Writing, 7, 70, "Writing 7 of 70 files…"),
        ] {
            assert_eq!(line(work, done, all), expected);
        }
    }
}
