//! The arguments that say what counts of the findings.

use backstage2port::diagnostic::Error;
use backstage2port::judge::{Baseline, Rules};
use camino::Utf8PathBuf;
use clap::Args;

/// What counts of the findings.
#[derive(Debug, Args)]
pub(crate) struct Judging {
    /// Leave out the findings of this file, which --write-baseline made
    #[arg(long, value_name = "FILE")]
    baseline: Option<Utf8PathBuf>,
    /// Write everything that is found to this file, and take it as the baseline of this run
    #[arg(long, value_name = "FILE")]
    pub(crate) write_baseline: Option<Utf8PathBuf>,
}

impl Judging {
    /// The same for the library.
    pub(crate) fn rules(&self) -> Result<Rules, Error> {
        // One that is to be written anew may be missing or broken.
        let read = self.baseline.as_deref();
        let read = read.filter(|_| self.write_baseline.is_none());
        Ok(Rules {
            baseline: read.map(Baseline::read).transpose()?,
            ..Rules::default()
        })
    }
}
