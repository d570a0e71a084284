//! The trees that benchmarks run on: the same each time, found whole, and as clean as they are said to be.

#[path = "../examples/tree/generator/mod.rs"]
mod generator;
mod support;

use std::collections::{BTreeMap, BTreeSet};

use backstage2port::Reading;
use backstage2port::diagnostic::Severity;
use camino::{Utf8Path, Utf8PathBuf};
use clap::ValueEnum;
use generator::{Shape, Tree};
use support::{Folder, Result, tree};

fn of(shape: Shape, size: usize) -> Tree {
    Tree {
        shape,
        size,
        seed: 1,
        is_committed: shape == Shape::Needle,
    }
}

fn read(folder: &Utf8Path) -> Result<Reading> {
    Ok(backstage2port::catalog(support::inputs(folder)?)?)
}

/// The files of a tree, but for those of git.
fn written(tree: Tree) -> Result<BTreeMap<Utf8PathBuf, Vec<u8>>> {
    let folder = Folder::new()?;
    tree.write(&folder.path)?;
    let mut files = self::tree(&folder.path)?;
    files.retain(|path, _| !path.starts_with(".git/"));
    Ok(files)
}

#[test]
fn a_tree_is_the_same_each_time() -> Result<()> {
    let company = of(Shape::Company, 230);
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let first = one_thread.install(|| written(company).map_err(|error| error.to_string()))?;
    assert!(first == written(company)?, "another pool, another tree");
    let other = Tree { seed: 2, ..company };
    assert!(first != written(other)?, "another seed, the same tree");
    Ok(())
}

#[test]
fn all_entities_are_found() -> Result<()> {
    for shape in Shape::value_variants() {
        for size in [1, 49, 1230] {
            let (tree, folder) = (of(*shape, size), Folder::new()?);
            let count = tree.write(&folder.path)?;
            assert_eq!(count.entities, tree.entities(), "{tree}");
            let reading = read(&folder.path)?;
            assert_eq!(reading.catalog.entities().len(), count.entities, "{tree}");
            assert_eq!(reading.tally.files, count.descriptors, "{tree}");
        }
    }
    Ok(())
}

#[test]
fn the_files_of_the_floor_are_those_that_hold_entities() -> Result<()> {
    for shape in Shape::value_variants() {
        let (tree, folder) = (of(*shape, 230), Folder::new()?);
        let count = tree.write(&folder.path)?;
        let files = self::tree(&folder.path)?;
        let is_ignored = |path: &Utf8Path| path.as_str().contains("node_modules/");
        let descriptors = files
            .keys()
            .filter(|path| !is_ignored(path) && generator::is_descriptor(path));
        assert_eq!(descriptors.count(), count.descriptors, "{tree}");
    }
    Ok(())
}

#[test]
fn there_is_little_to_say_about_a_company() -> Result<()> {
    let (tree, folder) = (of(Shape::Company, 3000), Folder::new()?);
    tree.write(&folder.path)?;
    let reading = read(&folder.path)?;
    let found = &reading.diagnostics;
    assert_eq!(found.count(Severity::Error), 0);
    let codes: BTreeSet<&str> = found.iter().map(|found| found.code.id()).collect();
    let expected = ["dangling-relation", "unknown-owner"];
    assert_eq!(codes, BTreeSet::from(expected));
    let per_mille = found.iter().count() * 1000 / tree.entities();
    assert!((5..40).contains(&per_mille), "{per_mille} of a thousand");
    Ok(())
}

#[test]
fn a_kept_tree_is_written_once() -> Result<()> {
    let (tree, folder) = (of(Shape::Chain, 3), Folder::new()?);
    let kept = tree.kept(&folder.path)?;
    let mark = kept.join("mark");
    std::fs::write(&mark, "")?;
    assert_eq!(tree.kept(&folder.path)?, kept);
    assert!(mark.exists(), "it was written again");
    Ok(())
}
