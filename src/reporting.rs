//! The arguments that say how a run is told, and telling it to programs.
//!
//! In: `--format` and `--report` of the command line, and the report of a run. Out: the report on standard output and in
//! files. What a format looks like is up to the library.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use backstage2port::report::{Format, Report};
use camino::Utf8PathBuf;
use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

/// The name of the report for people.
const TEXT: &str = "text";

/// How a run is told.
#[derive(Debug, Args)]
pub(crate) struct Reporting {
    /// How the report is printed
    #[arg(long, value_name = "FORMAT", default_value = TEXT, value_parser = printed())]
    format: Printed,
    /// Write the report in this format (as --format, but not text) to this file as well; repeatable
    #[arg(long = "report", value_name = "FORMAT=FILE", value_parser = report_file)]
    files: Vec<ReportFile>,
}

/// What stands on standard output.
#[derive(Debug, Clone, Copy)]
enum Printed {
    Text,
    Report(&'static Format),
}

#[derive(Debug, Clone)]
struct ReportFile {
    format: &'static Format,
    path: Utf8PathBuf,
}

fn printed() -> impl TypedValueParser<Value = Printed> {
    let text = PossibleValue::new(TEXT).help("A few lines for people, and the findings");
    let others = Format::ALL
        .iter()
        .map(|format| PossibleValue::new(format.name).help(format.about));
    PossibleValuesParser::new(std::iter::once(text).chain(others))
        .map(|name| Format::named(&name).map_or(Printed::Text, Printed::Report))
}

fn report_file(argument: &str) -> Result<ReportFile, String> {
    let (name, path) = argument
        .split_once('=')
        .filter(|(_, path)| !path.is_empty())
        .ok_or("as in `json=report.json`, a format and a file are needed")?;
    let format = Format::named(name).ok_or_else(|| {
        let names: Vec<&str> = Format::ALL.iter().map(|format| format.name).collect();
        format!(
            "there is no format `{name}`; there are {}",
            names.join(", ")
        )
    })?;
    Ok(ReportFile {
        format,
        path: path.into(),
    })
}

/// A report that cannot be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Untold {
    #[error("cannot write the report {path}")]
    File {
        path: Utf8PathBuf,
        source: io::Error,
    },
    #[error("cannot print")]
    Print(#[source] io::Error),
}

impl Reporting {
    /// Whether any of the reports tells the fate of every field.
    pub(crate) fn is_detailed(&self) -> bool {
        let printed = match self.format {
            Printed::Text => None,
            Printed::Report(format) => Some(format),
        };
        let files = self.files.iter().map(|file| file.format);
        files.chain(printed).any(|format| format.is_detailed)
    }

    /// Tells a run to programs: writes the reports that go to files, and prints one where a format for programs is asked
    /// for; whether it did. Otherwise it is text that is to be printed.
    ///
    /// Whoever waits for files gets them however the run ends, so they come first. They are not put in place in one step:
    /// they may be pipes.
    ///
    /// # Errors
    ///
    /// [`Untold`] at the first report that cannot be written.
    pub(crate) fn tell(&self, report: &Report<'_>, out: &mut dyn Write) -> Result<bool, Untold> {
        for ReportFile { format, path } in &self.files {
            let write = || {
                let mut file = BufWriter::new(File::create(path)?);
                format.write(report, &mut file)?;
                file.flush()
            };
            write().map_err(|source| Untold::File {
                path: path.clone(),
                source,
            })?;
        }
        match self.format {
            Printed::Text => Ok(false),
            Printed::Report(format) => {
                format.write(report, out).map_err(Untold::Print)?;
                Ok(true)
            }
        }
    }
}
