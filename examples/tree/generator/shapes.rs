//! The worst cases: plain descriptors, many of them or much in one.

use std::io;

use rayon::prelude::*;

use super::Count;
use super::folder::Folder;
use super::random::Random;
use super::text::Text;
use super::words::sentence;

/// Entities of one file, where one file does not hold all of them: above this, files reach what tools read of one.
const PER_FILE: usize = 100_000;
/// Files of one folder, where it is not about the folder.
const PER_FOLDER: usize = 1000;

/// What a descriptor consists of besides its name.
fn entity(kind: &str, name: &str, specification: &[&str], text: &mut Text) {
    text.line(0, "apiVersion: backstage.io/v1alpha1");
    text.line(0, format_args!("kind: {kind}"));
    text.line(0, "metadata:");
    text.line(2, format_args!("name: {name}"));
    text.line(0, "spec:");
    for line in specification {
        text.line(2, line);
    }
}

const COMPONENT: &[&str] = &[
    "type: service",
    "lifecycle: production",
    "owner: group:keepers",
];
const RESOURCE: &[&str] = &["type: database", "owner: group:keepers"];

/// One component on the first resource and all others: `catalog-info.yaml`, and resources by the thousand.
pub(super) fn relations(folder: &Folder, size: usize) -> io::Result<Count> {
    let mut text = Text::default();
    entity("Component", "hub", COMPONENT, &mut text);
    let others = size.saturating_sub(1);
    if others > 0 {
        text.line(2, "dependsOn:");
    }
    for number in 0..others {
        text.line(4, format_args!("- resource:resource-{number}"));
    }
    let hub = folder.descriptor("catalog-info.yaml", 1, text.as_str())?;
    let files = (0..others.div_ceil(PER_FOLDER))
        .into_par_iter()
        .map(|file| {
            let numbers = file * PER_FOLDER..others.min((file + 1) * PER_FOLDER);
            let path = format!("resources/{file:04}.catalog-info.yaml");
            let entities = numbers.len();
            let text = stream("Resource", "resource", numbers, RESOURCE);
            folder.descriptor(&path, entities, text.as_str())
        });
    Ok(hub + files.sum::<io::Result<Count>>()?)
}

/// Entities one after the other, a document each.
fn stream(
    kind: &str,
    name: &str,
    numbers: impl Iterator<Item = usize>,
    specification: &[&str],
) -> Text {
    let mut text = Text::default();
    for number in numbers {
        text.line(0, "---");
        entity(kind, &format!("{name}-{number}"), specification, &mut text);
    }
    text
}

/// `catalog-info.yaml` with all entities.
pub(super) fn documents(folder: &Folder, size: usize) -> io::Result<Count> {
    let files = (0..size.div_ceil(PER_FILE)).map(|file| {
        let numbers = file * PER_FILE..size.min((file + 1) * PER_FILE);
        let path = match file {
            0 => "catalog-info.yaml".to_owned(),
            _ => format!("{file}.catalog-info.yaml"),
        };
        let entities = numbers.len();
        let text = stream("Component", "component", numbers, COMPONENT);
        folder.descriptor(&path, entities, text.as_str())
    });
    files.sum()
}

/// One component in a file of its own.
fn component(folder: &Folder, path: &str, number: usize) -> io::Result<Count> {
    let mut text = Text::default();
    entity(
        "Component",
        &format!("component-{number}"),
        COMPONENT,
        &mut text,
    );
    folder.descriptor(path, 1, text.as_str())
}

/// All files in the folder `components`.
pub(super) fn wide(folder: &Folder, size: usize) -> io::Result<Count> {
    let files = (0..size).into_par_iter().map(|number| {
        let path = format!("components/component-{number}.catalog-info.yaml");
        component(folder, &path, number)
    });
    files.sum()
}

/// A folder for each number, in that of the number without its last digit.
pub(super) fn folders(folder: &Folder, size: usize) -> io::Result<Count> {
    let files = (1..=size).into_par_iter().map(|number| {
        let digits = number.to_string();
        let path: String = digits.chars().flat_map(|digit| [digit, '/']).collect();
        component(folder, &format!("{path}catalog-info.yaml"), number)
    });
    files.sum()
}

/// `catalog-info.yaml` leads to `chain/0/1.yaml`, and each of those to the next.
pub(super) fn chain(folder: &Folder, size: usize) -> io::Result<Count> {
    let path = |number: usize| match number {
        0 => "catalog-info.yaml".to_owned(),
        _ => format!("chain/{}/{number}.yaml", number / PER_FOLDER),
    };
    let files = (0..size).into_par_iter().map(|number| {
        let up = if number == 0 { "./" } else { "../../" };
        let next = format!("target: {up}{}", path(number + 1));
        let specification = if number + 1 < size {
            &*next
        } else {
            "targets: []"
        };
        let mut text = Text::default();
        entity(
            "Location",
            &format!("link-{number}"),
            &[specification],
            &mut text,
        );
        folder.descriptor(&path(number), 1, text.as_str())
    });
    files.sum()
}

/// `services/pin/catalog-info.yaml` among source files.
pub(super) fn needle(folder: &Folder, size: usize, seed: u64) -> io::Result<Count> {
    let needle = component(folder, "services/pin/catalog-info.yaml", 0)?;
    let hay = (0..size).into_par_iter().map(|number| {
        let mut random = Random::new(seed, number % PER_FOLDER);
        let path = format!(
            "libraries/{0}/{1}/{number}.go",
            number / 10_000,
            number / 100 % 100
        );
        let mut text = Text::default();
        text.line(0, "package library");
        for _ in 0..random.between(2, 20) {
            text.line(0, format_args!("// {}", sentence(&mut random)));
        }
        folder.unrelated(&path, text.as_str())
    });
    Ok(needle + hay.sum::<io::Result<Count>>()?)
}
