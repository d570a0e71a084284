//! The arguments that say what counts of the findings.

use std::collections::BTreeMap;

use backstage2port::configuration::{allowed, level, no_such_code};
use backstage2port::diagnostic::Code;
use backstage2port::judge::{Level, Rules};
use clap::Args;

/// What counts of the findings.
#[derive(Debug, Args)]
pub(crate) struct Judging {
    /// Give the findings of this code another severity: off, note, warning or error; repeatable
    #[arg(long = "severity", value_name = "CODE=LEVEL", value_parser = severity)]
    severities: Vec<(Code, Level)>,
    /// What the configuration says of severities.
    #[arg(skip)]
    pub(super) configured: BTreeMap<Code, Level>,
}

impl Judging {
    /// The same for the library.
    pub(crate) fn rules(&self) -> Rules {
        let mut severities = self.configured.clone();
        severities.extend(self.severities.iter().copied());
        Rules { severities }
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
    fn the_command_line_wins_by_code() {
        let judging = Judging {
            severities: ["custom-kind=error", "skeleton=off", "skeleton=note"]
                .into_iter()
                .flat_map(severity)
                .collect(),
            configured: BTreeMap::from([
                (Code::CustomKind, Level::Off),
                (Code::LostField, Level::Off),
            ]),
        };
        let expected = BTreeMap::from([
            (Code::CustomKind, Level::At(Severity::Error)),
            (Code::Skeleton, Level::At(Severity::Note)),
            (Code::LostField, Level::Off),
        ]);
        assert_eq!(judging.rules().severities, expected);
    }
}
