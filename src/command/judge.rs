//! What counts of the findings of a command, and the baseline that it writes.

use std::io::{self, Write};

use backstage2port::Reading;
use backstage2port::diagnostic::Stage;
use backstage2port::judge::{self, Baseline, Judged, Rules};
use backstage2port::publish::files;
use backstage2port::report;
use camino::Utf8Path;

use super::Failure;
use crate::cli::{Input, Output};

/// Judges the findings of a command. Made before anything is done, for a baseline may be broken.
pub(super) struct Judge<'a> {
    rules: Rules,
    write_baseline: Option<&'a Utf8Path>,
    is_quiet: bool,
}

impl<'a> Judge<'a> {
    pub(super) fn new(input: &'a Input, output: &Output) -> Result<Self, Failure> {
        Ok(Self {
            rules: input.judging.rules()?,
            write_baseline: input.judging.write_baseline.as_deref(),
            is_quiet: output.quiet,
        })
    }

    /// Takes out the findings that do not count, once all of them are there: those of the stages up to the last. Writes
    /// the baseline, where one is wanted.
    pub(super) fn findings(&self, reading: &mut Reading, last: Stage) -> Result<Judged, Failure> {
        let Reading {
            diagnostics,
            sources,
            ..
        } = reading;
        let mut judged = judge::findings(diagnostics, sources, &self.rules, last);
        if let Some(path) = self.write_baseline {
            let baseline = Baseline::of(diagnostics, sources);
            let folder = path.parent().unwrap_or(Utf8Path::new(""));
            let name = path.file_name().unwrap_or_default();
            files(folder, &[(name, &baseline.text())], true)?;
            (judged.known, judged.gone) = baseline.apply(diagnostics, sources, last);
            if !self.is_quiet {
                let path = report::printable(path.as_str());
                let count = baseline.len();
                let findings = if count == 1 { "finding" } else { "findings" };
                writeln!(
                    io::stderr(),
                    "Wrote {count} {findings} to {path}: `--baseline {path}` leaves them out."
                )?;
            }
        }
        Ok(judged)
    }
}
