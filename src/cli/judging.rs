//! The arguments that say what counts of the findings.

use backstage2port::judge::Rules;
use clap::Args;

/// What counts of the findings.
#[derive(Debug, Args)]
pub(crate) struct Judging {}

impl Judging {
    /// The same for the library.
    #[expect(clippy::unused_self, reason = "the arguments are not there yet")]
    pub(crate) fn rules(&self) -> Rules {
        Rules::default()
    }
}
