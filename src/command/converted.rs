//! What `convert` and `publish` have in common: telling what was converted, and the exit code.

use std::io::{self, Write};

use backstage2port::Conversion;
use backstage2port::judge::Judged;
use backstage2port::publish::Written;
use backstage2port::report::{self, Publication, Report};

use super::{Failure, Outcome, print_findings, report_of, summary_of};
use crate::cli::{Input, Output};
use crate::reporting::Reporting;

/// What a command adds to the report of a conversion.
pub(super) struct Told<'a> {
    /// What became of the manifests.
    pub(super) written: &'a Written,
    /// Whether the manifests were only compared.
    pub(super) is_check: bool,
    /// What became of a branch.
    pub(super) publication: Option<Publication<'a>>,
    /// The lines about it, for people.
    pub(super) lines: String,
    /// The findings that do not count.
    pub(super) judged: Judged,
}

/// Tells a conversion: in the reports that are asked for, or else in words.
pub(super) fn tell(
    conversion: &Conversion,
    told: &Told<'_>,
    input: &Input,
    reporting: &Reporting,
    output: &Output,
) -> Result<(), Failure> {
    let Conversion {
        reading,
        port,
        account,
        ..
    } = conversion;
    let summary = summary_of(reading, told.judged)
        .with_converted(&reading.catalog, port)
        .with_fields(account.totals);
    let report = Report {
        conversion: Some(report::Conversion {
            account,
            written: told.written,
            is_check: told.is_check,
        }),
        publication: told.publication,
        ..report_of(reading, &summary, input)
    };
    let mut out = io::BufWriter::new(io::stdout().lock());
    if !reporting.tell(&report, &mut out)? {
        let mut err = io::stderr().lock();
        print_findings(&mut err, &reading.diagnostics, &reading.sources, output)?;
        if !output.quiet {
            write!(out, "{}{}", summary.read(), summary.converted())?;
            write!(out, "{}{}{}", summary.fields(), told.lines, summary.found())?;
        }
    }
    out.flush()?;
    Ok(())
}

/// Tells that there was nothing to convert.
pub(super) fn none_found(
    conversion: &Conversion,
    input: &Input,
    reporting: &Reporting,
) -> Result<Outcome, Failure> {
    let summary = summary_of(&conversion.reading, Judged::default());
    let report = report_of(&conversion.reading, &summary, input);
    reporting.tell(&report, &mut io::stdout().lock())?;
    super::none_found(input)
}

/// How a run ended that did what was asked for.
pub(super) fn outcome(conversion: &Conversion, input: &Input) -> Outcome {
    if input.fails_on_loss() && !conversion.account.lost.is_empty() {
        return Outcome::Findings;
    }
    super::outcome(&conversion.reading.diagnostics, input)
}
