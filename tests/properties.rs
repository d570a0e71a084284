//! What holds for any input: references print and parse back, the order of files never matters, nothing panics or runs
//! away.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use backstage2port::backstage::{EntityRef, Mode};
use backstage2port::map::Profile;
use backstage2port::render::{Format, Provider, Rendering, Target};
use backstage2port::report::{self, Style, text};
use backstage2port::{Conversion, Inputs, Options, catalog, convert};
use camino::Utf8Path;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

/// Files by path.
type Tree = BTreeMap<String, Vec<u8>>;

/// A failure of the harness itself, which the property then reports.
fn fault(error: impl std::fmt::Display) -> TestCaseError {
    TestCaseError::fail(error.to_string())
}

fn inputs(root: &Utf8Path, mode: Mode) -> Result<Inputs, TestCaseError> {
    Ok(Inputs {
        mode,
        ..support::inputs(root).map_err(fault)?
    })
}

/// Writes files in the order given and runs a check in their folder.
fn in_folder<'a, T>(
    files: impl IntoIterator<Item = (&'a String, &'a Vec<u8>)>,
    check: impl FnOnce(&Utf8Path) -> Result<T, TestCaseError>,
) -> Result<T, TestCaseError> {
    let folder = tempfile::tempdir().map_err(fault)?;
    let folder = Utf8Path::from_path(folder.path()).ok_or_else(|| fault("no UTF-8 path"))?;
    // The name of a root is part of what is printed.
    let root = &folder.join("root");
    fs::create_dir(root).map_err(fault)?;
    for (path, bytes) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap_or(root)).map_err(fault)?;
        fs::write(path, bytes).map_err(fault)?;
    }
    check(root)
}

/// Converts a folder, and shows every finding: excerpts are cut from the same hostile text.
fn converted(root: &Utf8Path, mode: Mode) -> Result<Conversion, TestCaseError> {
    let targets = [
        Target::PortYml,
        Target::Central,
        Target::Tree,
        Target::Bundle,
        Target::Terraform,
        Target::Crd,
    ];
    let providers = [Provider::GitHub, Provider::GitLab];
    let options = Options {
        rendering: Rendering::new(&targets, Format::Yaml, &providers).map_err(fault)?,
        detailed_account: true,
        ..Options::with(Profile::load("standard").map_err(fault)?)
    };
    let conversion = convert(inputs(root, mode)?, &options).map_err(fault)?;
    let reading = &conversion.reading;
    let style = Style {
        color: false,
        width: 80,
    };
    let shown = text::findings(reading.diagnostics.iter(), &reading.sources, style);
    let steers = |char: char| char.is_control() && char != '\n' && char != '\t';
    prop_assert!(!shown.chars().any(steers), "{shown:?}");
    prop_assert_eq!(
        support::account::unaccounted(&conversion),
        Vec::<String>::new()
    );
    Ok(conversion)
}

/// The fixtures' descriptors, to be damaged.
fn fixtures() -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut folders = vec![Utf8Path::new("fixtures").to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir_utf8().into_iter().flatten().flatten() {
            if entry.path().is_dir() && entry.file_name() != "expected" {
                folders.push(entry.path().to_owned());
            } else if entry.path().extension() == Some("yaml") {
                found.extend(fs::read(entry.path()));
            }
        }
    }
    found.sort();
    found
}

/// A damage: where, as a share of the length, how much is cut, and what is put there.
fn damages() -> impl Strategy<Value = Vec<(f64, usize, Vec<u8>)>> {
    let pieces = prop_oneof![
        any::<Vec<u8>>().prop_map(|mut bytes| {
            bytes.truncate(20);
            bytes
        }),
        prop::sample::select(vec![
            "\n---\n",
            "&a ",
            "*a",
            "<<: *a\n",
            "{{ x }}",
            "${{ x }}",
            "\t",
            "\r",
            "\u{0}",
            "\u{feff}",
            "\u{202e}",
            "$text: ../x",
            "!!binary ",
            "? ",
            "- ",
            ": ",
            "[",
            "}",
            "\"",
            "|+\n",
            "%YAML 1.1\n---\n",
            "#",
        ])
        .prop_map(|piece| piece.as_bytes().to_vec()),
    ];
    prop::collection::vec((0.0..1.0, 0usize..30, pieces), 1..6)
}

fn damaged(mut bytes: Vec<u8>, damages: &[(f64, usize, Vec<u8>)]) -> Vec<u8> {
    for (place, cut, piece) in damages {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            clippy::cast_sign_loss,
            reason = "a share of a small length"
        )]
        let start = (place * bytes.len() as f64) as usize;
        let end = (start + cut).min(bytes.len());
        bytes.splice(start..end, piece.iter().copied());
    }
    bytes
}

/// Far more than a file of a few kilobytes takes, far less than a run that does not end.
const LIMIT: Duration = Duration::from_secs(20);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_printed_reference_parses_back(
        kind in "[^:/]{1,8}",
        namespace in "[^/]{1,8}",
        name in "\\PC{1,8}",
    ) {
        let reference = EntityRef { kind, namespace, name };
        let parsed = EntityRef::parse(&reference.to_string(), None, "elsewhere");
        prop_assert_eq!(parsed.map_err(fault)?, reference);
    }

    #[test]
    fn canonical_refs_do_not_change_when_they_are_parsed_again(text in "\\PC{1,20}") {
        if let Ok(parsed) = EntityRef::parse(&text, Some("Component"), "default") {
            let canonical = parsed.canonical();
            if let Ok(again) = EntityRef::parse(&canonical, None, "other") {
                prop_assert_eq!(again.canonical(), canonical);
            }
        }
    }

    #[test]
    fn arbitrary_bytes_end_in_findings(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let tree = Tree::from([("catalog-info.yaml".to_owned(), bytes)]);
        check_bounded(&tree)?;
    }

    #[test]
    fn damaged_descriptors_end_in_findings(which in any::<prop::sample::Index>(), damages in damages()) {
        let fixtures = fixtures();
        let bytes = damaged(fixtures[which.index(fixtures.len())].clone(), &damages);
        let tree = Tree::from([("catalog-info.yaml".to_owned(), bytes)]);
        check_bounded(&tree)?;
    }

    #[test]
    fn the_order_of_files_never_matters(
        which in prop::collection::vec(any::<prop::sample::Index>(), 2..6),
        reversed in any::<bool>(),
    ) {
        let fixtures = fixtures();
        let tree: Tree = which
            .iter()
            .enumerate()
            .map(|(at, index)| {
                let bytes = fixtures[index.index(fixtures.len())].clone();
                (format!("{}/catalog-info.yaml", (b'a' + u8::try_from(at).unwrap_or(0)) as char), bytes)
            })
            .collect();
        let lines = |root: &Utf8Path| {
            let reading = catalog(inputs(root, Mode::Tolerant)?).map_err(fault)?;
            let findings: Vec<String> = reading.diagnostics.iter().map(|found| found.message.to_string()).collect();
            Ok((report::catalog::lines(&reading.catalog, &reading.sources).collect::<Vec<_>>(), findings))
        };
        let forward = in_folder(&tree, lines)?;
        let mut other: Vec<_> = tree.iter().collect();
        if reversed { other.reverse() } else { other.rotate_left(1) }
        prop_assert_eq!(in_folder(other, lines)?, forward);
    }
}

/// Both modes end, in time, and every document is accounted for.
fn check_bounded(tree: &Tree) -> TestCaseResult {
    in_folder(tree, |root| {
        for mode in [Mode::Tolerant, Mode::Strict] {
            let start = Instant::now();
            let conversion = converted(root, mode)?;
            prop_assert!(start.elapsed() < LIMIT, "{:?}", start.elapsed());
            let reading = &conversion.reading;
            let entities = reading.catalog.entities().len();
            let is_lost = entities + reading.tally.skeletons < reading.tally.documents;
            prop_assert!(!is_lost || !reading.diagnostics.is_empty());
        }
        Ok(())
    })
}
