//! Whatever a finding says, every format stays what it is.

use backstage2port::backstage::Catalog;
use backstage2port::backstage::read::Tally;
use backstage2port::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use backstage2port::judge::Judged;
use backstage2port::report::{Format, Report, Style, Summary, text};
use backstage2port::source::{FieldPath, Location, Place, Root, RootId, Sources};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseResult};

use crate::read;
use crate::support::Folder;

/// Text that means something to a terminal, a runner or a parser, in any order.
fn hostile() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "\u{1b}[31m",
        "\u{1b}]8;;https://example.com\u{7}",
        "\r",
        "\n",
        "\r\n",
        "\0",
        "\u{7f}",
        "\u{85}",
        "\u{9b}1m",
        "\u{202e}",
        "\u{2066}",
        "\u{2028}",
        "\u{feff}",
        "\u{200f}",
        "\u{61c}",
        "\u{fffe}",
        "\u{ffff}",
        "::error::",
        "%0A",
        "##[add-mask]",
        "##vso[task.x]",
        "]]>",
        "<!--",
        "<script>",
        "&amp;",
        "`",
        "```",
        "|",
        "\\|",
        "\\",
        "@team",
        "#1",
        "[a](b)",
        "](",
        "{0}",
        "{",
        "\"",
        "'",
        "é",
        "𝄞",
        "a",
        " ",
        "\t",
        "/",
        "..",
        ":",
        "=",
        "~~~",
    ]);
    prop_oneof![
        4 => prop::collection::vec(pieces, 0..12).prop_map(|pieces| pieces.concat()),
        1 => any::<String>(),
    ]
}

fn finding(sources: &mut Sources) -> impl Strategy<Value = Diagnostic> + use<> {
    let file = sources.add(RootId(0), "catalog-info.yaml".into());
    let place = (hostile(), 0..3_usize, 0..40_usize).prop_map(|(field, sort, start)| {
        let field = FieldPath::keys(["metadata", field.as_str()]);
        match sort {
            0 => Place::File,
            1 => Place::Value { document: 0, field },
            _ => Place::Span {
                document: None,
                bytes: start..start + 9,
            },
        }
    });
    let place = prop::option::of(place);
    let code = prop::sample::select(Code::ALL);
    let severity = prop::sample::select(vec![Severity::Note, Severity::Warning, Severity::Error]);
    let texts = (hostile(), prop::option::of(hostile()), hostile());
    (code, severity, place, texts).prop_map(
        move |(code, severity, place, (message, help, label))| {
            let location = place.map(|place| Location { file, place });
            Diagnostic {
                code,
                severity,
                related: location
                    .iter()
                    .map(|location| (location.clone(), label.clone()))
                    .collect(),
                location,
                message: format!("m{message}").into(),
                help: help.map(Into::into),
            }
        },
    )
}

/// A file of a path nobody vouches for.
fn elsewhere(path: &str, sources: &mut Sources) -> Diagnostic {
    let file = sources.add(RootId(0), path.into());
    Diagnostic::new(Code::UnreadableFile, "gone").at(Location {
        file,
        place: Place::File,
    })
}

fn is_sound(found: Vec<Diagnostic>, sources: &Sources) -> TestCaseResult {
    let mut diagnostics = Diagnostics::default();
    let count = found.len();
    diagnostics.extend(found);
    diagnostics.sort(sources);
    let catalog = Catalog::default();
    let summary = Summary::new(Tally::default(), &catalog, &diagnostics, Judged::default());
    let report = Report {
        summary: &summary,
        diagnostics: &diagnostics,
        sources,
        catalog: &catalog,
        failing: Severity::Warning,
        conversion: None,
        publication: None,
    };
    for format in Format::ALL {
        let mut bytes = Vec::new();
        format.write(&report, &mut bytes)?;
        let text =
            String::from_utf8(bytes).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let told = read::findings(format.name, &text);
        let told =
            told.map_err(|fault| TestCaseError::fail(format!("{}: {fault}\n{text}", format.name)))?;
        prop_assert_eq!(told.unwrap_or(count), count, "{}: {}", format.name, text);
    }
    let style = Style {
        color: false,
        width: 100,
    };
    let text =
        text::findings(diagnostics.iter(), sources, style) + &summary.read() + &summary.found();
    read::printable(&text).map_err(|fault| TestCaseError::fail(fault.to_string()))
}

#[test]
fn no_text_breaks_a_report() -> crate::support::Result<()> {
    let text =
        "metadata:\n  name: \"x\"\r\n\u{1b}[31m\u{85}\u{202e}: é\u{feff} | ` <b> ]]>\n\ttab: x\n";
    let folder = Folder::with([("catalog-info.yaml", text)])?;
    let root = Root {
        path: folder.path.clone(),
        repository: None,
    };
    let mut sources = Sources::new(vec![root]);
    let findings = prop::collection::vec(finding(&mut sources), 0..6);
    let config = Config {
        failure_persistence: None,
        cases: 96,
        ..Config::default()
    };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    runner.run(&(findings, hostile()), |(mut found, path)| {
        let root = Root {
            path: folder.path.clone(),
            repository: None,
        };
        let mut sources = Sources::new(vec![root]);
        sources.add(RootId(0), "catalog-info.yaml".into());
        let path = path.trim_matches('/').replace('/', "-") + "x";
        found.push(elsewhere(&path, &mut sources));
        is_sound(found, &sources)
    })?;
    Ok(())
}
