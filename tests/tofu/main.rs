//! What the target `terraform` writes, applied by the real `OpenTofu` with Port's real provider, against Port's API on
//! loopback: nothing is refused, what Port holds in the end is what the bundle has, and a last plan is empty.
//!
//! `.ci/tofu` builds `OpenTofu`; the provider is looked for where it says.

#![cfg(unix)]
#![expect(
    clippy::print_stdout,
    reason = "a test that is skipped says so; times are shown"
)]

mod account;
mod api;
mod cases;
mod driver;
#[path = "../support/mod.rs"]
mod support;

use std::time::Duration;

use camino::Utf8Path;
use driver::{Driver, Tried};
use support::corpus::{corpus, shared};
use support::port::bundle;
use support::{Folder, Result, folders, run};

/// How many folders of the corpus are tried, those with the most entities.
const LARGEST: usize = 10;

fn table(tried: &[Tried]) {
    let seconds = |time: Option<Duration>| {
        time.map_or("-".into(), |time| format!("{:.1}", time.as_secs_f64()))
    };
    println!(
        "{:50} {:>10} {:>8} {:>8} {:>8} {:>8} {:>8}",
        "folder", "blueprints", "entities", "validate", "first", "second", "plan"
    );
    for tried in tried {
        println!(
            "{:50} {:>10} {:>8} {:>8} {:>8} {:>8} {:>8}",
            tried.name,
            tried.blueprints,
            tried.entities,
            seconds(Some(tried.validate)),
            seconds(tried.first),
            seconds(Some(tried.second)),
            seconds(Some(tried.plan)),
        );
    }
}

#[test]
#[ignore = "needs OpenTofu, which .ci/tofu builds"]
fn what_is_written_is_formatted() -> Result<()> {
    let mut inputs = Vec::new();
    for fixture in folders(Utf8Path::new("fixtures"))? {
        inputs.push((fixture.to_string(), fixture.join("input")));
    }
    if let Some(shared) = shared()? {
        inputs.extend(corpus(&shared)?);
    }
    let mut files = 0;
    for (name, input) in inputs.iter().filter(|(_, input)| input.is_dir()) {
        let out = Folder::new()?;
        if !Driver::convert(name, input, &["--terraform-import"], &out.path)? {
            continue;
        }
        let root = driver::root(&out.path);
        driver::is_formatted(&root)?.map_err(|shown| format!("{name}: {shown}"))?;
        files += root.read_dir_utf8()?.count();
    }
    assert!(files > 100, "only {files} files were read");
    // What cannot be read is seen, and what would be formatted.
    for wrong in ["resource \"a\" {\n", "locals {\n a = 1\n}\n"] {
        let folder = Folder::new()?;
        support::write(&folder.path.join("a.tf"), wrong.as_bytes())?;
        assert!(driver::is_formatted(&folder.path)?.is_err(), "{wrong}");
    }
    Ok(())
}

#[test]
#[ignore = "needs OpenTofu, which .ci/tofu builds, and Port's provider"]
fn what_is_written_for_the_fixtures_converges() -> Result<()> {
    let Some(driver) = Driver::there_is()? else {
        return Ok(());
    };
    let mut tried = Vec::new();
    for fixture in folders(Utf8Path::new("fixtures"))? {
        let input = fixture.join("input");
        if input.is_dir() {
            tried.extend(driver.converges(fixture.as_str(), &input, &[])?);
        }
    }
    for (name, profile) in [
        ("demo", "teams"),
        ("demo", "ocean"),
        ("demo", "backstage-import"),
        ("demo", "c4"),
        ("kinds", "teams"),
        ("terraform", "teams"),
    ] {
        let input = Utf8Path::new("fixtures").join(name).join("input");
        let name = format!("fixtures/{name} {profile}");
        tried.extend(driver.converges(&name, &input, &["--profile", profile])?);
    }
    table(&tried);
    assert!(tried.len() > 10, "too little was tried");
    Ok(())
}

#[test]
#[ignore = "needs OpenTofu, which .ci/tofu builds, and Port's provider"]
fn what_is_written_for_the_largest_of_the_corpus_converges() -> Result<()> {
    let (Some(driver), Some(shared)) = (Driver::there_is()?, shared()?) else {
        return Ok(());
    };
    let mut sizes = Vec::new();
    for (name, folder) in corpus(&shared)? {
        let out = Folder::new()?;
        let mut arguments = vec![
            "convert",
            "--quiet",
            "--target",
            "bundle",
            "--out",
            out.path.as_str(),
        ];
        arguments.push(folder.as_str());
        run(Utf8Path::new("."), &arguments)?;
        let entities = bundle(&out.path)?.map_or(0, |(_, entities)| entities.len());
        sizes.push((entities, name, folder));
    }
    sizes.sort_by(|one, other| other.cmp(one));
    let mut tried = Vec::new();
    for (_, name, folder) in &sizes[..LARGEST] {
        tried.extend(driver.converges(name, folder, &[])?);
    }
    table(&tried);
    assert_eq!(tried.len(), LARGEST);
    Ok(())
}
