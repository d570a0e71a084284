//! The arguments that say what counts of the findings.

use std::collections::BTreeMap;

use backstage2port::configuration::{allowed, level, no_such_code};
use backstage2port::diagnostic::{Code, Error};
use backstage2port::judge::{Baseline, Level, Rules};
use camino::Utf8PathBuf;
use clap::{Args, ValueHint};

/// What counts of the findings.
#[derive(Debug, Args)]
pub(crate) struct Judging {
    /// Give the findings of this code another severity: off, note, warning or error; repeatable
    #[arg(long = "severity", value_name = "CODE=LEVEL", value_parser = severity)]
    severities: Vec<(Code, Level)>,
    /// What the configuration says of severities.
    #[arg(skip)]
    pub(super) configured: BTreeMap<Code, Level>,
    /// Leave out the findings of this file, which --write-baseline made
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    baseline: Option<Utf8PathBuf>,
    /// Write everything that is found to this file, and take it as the baseline of this run
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) write_baseline: Option<Utf8PathBuf>,
}

impl Judging {
    /// The same for the library.
    pub(crate) fn rules(&self) -> Result<Rules, Error> {
        let mut severities = self.configured.clone();
        severities.extend(self.severities.iter().copied());
        // One that is to be written anew may be missing or broken.
        let read = self.baseline.as_deref();
        let read = read.filter(|_| self.write_baseline.is_none());
        Ok(Rules {
            severities,
            baseline: read.map(Baseline::read).transpose()?,
        })
    }
}

fn severity(argument: &str) -> Result<(Code, Level), String> {
    let (id, word) = argument
        .split_once('=')
        .ok_or("as in `dangling-relation=error`, a code and a level are needed")?;
    let code = Code::named(id).ok_or_else(|| {
        let (message, help) = no_such_code(id);
        format!("{message}: {help}")
    })?;
    let level = level(word).ok_or("a level is off, note, warning or error")?;
    allowed(code, level).map(|level| (code, level))
}

#[cfg(test)]
mod tests {
    use backstage2port::diagnostic::Severity;

    use super::*;

    #[test]
    fn the_command_line_wins_by_code() -> Result<(), Error> {
        let judging = Judging {
            severities: ["custom-kind=error", "skeleton=off", "skeleton=note"]
                .into_iter()
                .flat_map(severity)
                .collect(),
            configured: BTreeMap::from([
                (Code::CustomKind, Level::Off),
                (Code::LostField, Level::Off),
            ]),
            baseline: None,
            write_baseline: None,
        };
        let expected = BTreeMap::from([
            (Code::CustomKind, Level::At(Severity::Error)),
            (Code::Skeleton, Level::At(Severity::Note)),
            (Code::LostField, Level::Off),
        ]);
        assert_eq!(judging.rules()?.severities, expected);
        Ok(())
    }
}
