//! Measures each stage of the library on a generated tree, in one process.
//!
//! ```text
//! cargo bench --bench stages
//! cargo bench --bench stages -- render --sample-count 100
//! ```
//!
//! What a stage starts from is made before its clock runs. `catalog` and `convert` are all stages up to theirs. Whole
//! commands, their memory and how they grow are measured by `commands/`.

#[path = "../examples/tree/generator/mod.rs"]
mod generator;

use std::collections::BTreeSet;
use std::error::Error;
use std::sync::Arc;

use backstage2port::backstage::dump::Dumped;
use backstage2port::backstage::read::{self, Tally};
use backstage2port::backstage::resolve::{self, Resolved};
use backstage2port::backstage::validate::{self, Validated};
use backstage2port::backstage::{Entity, Mode, Packed, discover, stitch};
use backstage2port::diagnostic::Diagnostics;
use backstage2port::map::{self, Bridge, Owners, Profile, account, explain};
use backstage2port::port::{self, check, refine};
use backstage2port::publish::{self, Destination};
use backstage2port::render::{self, Rendering};
use backstage2port::source::{Root, Sources};
use backstage2port::{Conversion, Dumps, Inputs, Options, Reading, codeowners, lint};
use camino::{Utf8Path, Utf8PathBuf};
use discover::{Found, Patterns};
use divan::Bencher;
use divan::counter::ItemsCount;
use generator::{Shape, Tree};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Large enough to be about entities, small enough for many runs.
const TREE: Tree = Tree {
    shape: Shape::Company,
    size: 2000,
    seed: 1,
    is_committed: false,
};

fn main() -> Result<()> {
    tree()?;
    // Arguments win over what stands here.
    divan::Divan::default()
        .items_count(ItemsCount::new(TREE.size))
        .sample_size(1)
        .sample_count(10)
        .config_with_args()
        .main();
    Ok(())
}

fn tree() -> Result<Utf8PathBuf> {
    TREE.kept(&Utf8Path::new(env!("CARGO_TARGET_TMPDIR")).join("trees"))
}

fn roots() -> Result<Vec<Root>> {
    Ok(vec![Root {
        path: tree()?,
        repository: None,
    }])
}

fn inputs() -> Result<Inputs> {
    Ok(Inputs {
        roots: roots()?,
        patterns: Patterns::new(&[], &[])?,
        revision: None,
        mode: Mode::Tolerant,
        dumps: Dumps::default(),
        codeowners: codeowners::Rules::default(),
        progress: Arc::default(),
    })
}

fn options() -> Result<Options> {
    Ok(Options::with(Profile::load("standard")?))
}

/// Files found by their names.
struct Listed {
    sources: Sources,
    found: Vec<Found>,
}

impl Listed {
    fn new() -> Result<Self> {
        let mut sources = Sources::open(roots()?, None)?;
        let patterns = Patterns::new(&[], &[])?;
        let found = discover::descriptors(&mut sources, &patterns, &mut Diagnostics::default())?;
        Ok(Self { sources, found })
    }

    fn read(&self) -> Vec<read::Contents> {
        let Self { sources, found } = self;
        let (mut tally, mut diagnostics) = (Tally::default(), Diagnostics::default());
        read::files(found, Mode::Tolerant, sources, &mut tally, &mut diagnostics)
    }

    fn resolved(&mut self) -> Result<Resolved> {
        let Self { sources, found } = self;
        let (mut tally, mut diagnostics) = (Tally::default(), Diagnostics::default());
        let mode = Mode::Tolerant;
        Ok(resolve::descriptors(
            found,
            mode,
            sources,
            &mut tally,
            &mut diagnostics,
        )?)
    }
}

fn validated(resolved: Resolved) -> Vec<Validated<Packed>> {
    let mut diagnostics = Diagnostics::default();
    let nobody = |_: &Entity, _: &mut Diagnostics| {};
    let mode = Mode::Tolerant;
    validate::entities(resolved.descriptors, mode, &nobody, &mut diagnostics)
}

fn stitched(validated: Vec<Validated<Packed>>) -> backstage2port::backstage::Catalog {
    stitch::catalog(validated, Dumped::default(), BTreeSet::new())
}

fn bridge<'a>(reading: &'a Reading, profile: &'a Profile) -> Bridge<'a> {
    Bridge {
        catalog: &reading.catalog,
        references: None,
        profile,
        owners: Owners::default(),
        sources: &reading.sources,
    }
}

/// Everything, for the stages that come late.
fn converted() -> (Conversion, Options) {
    let options = made(options());
    (
        made(backstage2port::convert(made(inputs()), &options)),
        options,
    )
}

fn copy(catalog: &port::Catalog) -> port::Catalog {
    port::Catalog {
        blueprints: catalog.blueprints.clone(),
        entities: catalog.entities.clone(),
        are_given: catalog.are_given,
    }
}

/// What the tree gives: it was made for this, and so is valid.
fn made<T, E: std::fmt::Debug>(result: std::result::Result<T, E>) -> T {
    result.expect("generated trees are valid")
}

#[divan::bench]
fn a_list(bencher: Bencher) {
    bencher.bench_local(Listed::new);
}

#[divan::bench]
fn b_read(bencher: Bencher) {
    let listed = made(Listed::new());
    bencher.bench_local(|| listed.read());
}

#[divan::bench]
fn c_read_and_resolve(bencher: Bencher) {
    let listed = || made(Listed::new());
    bencher
        .with_inputs(listed)
        .bench_local_refs(Listed::resolved);
}

#[divan::bench]
fn d_validate(bencher: Bencher) {
    let resolved = || made(made(Listed::new()).resolved());
    bencher.with_inputs(resolved).bench_local_values(validated);
}

#[divan::bench]
fn e_stitch(bencher: Bencher) {
    let validated = || validated(made(made(Listed::new()).resolved()));
    bencher.with_inputs(validated).bench_local_values(stitched);
}

#[divan::bench]
fn f_lint(bencher: Bencher) {
    let Reading {
        catalog, sources, ..
    } = made(backstage2port::catalog(made(inputs())));
    bencher.bench_local(|| {
        let mut found = Diagnostics::default();
        for entity in catalog.entities() {
            lint::entity(&entity.unpacked(), &sources, &mut found);
        }
        lint::catalog(&catalog, &sources, &mut found);
    });
}

#[divan::bench]
fn g_catalog(bencher: Bencher) {
    let inputs = || made(inputs());
    bencher
        .with_inputs(inputs)
        .bench_local_values(backstage2port::catalog);
}

#[divan::bench]
fn h_map(bencher: Bencher) {
    let reading = made(backstage2port::catalog(made(inputs())));
    let Options { profile, .. } = made(options());
    bencher.bench_local(|| map::catalog(bridge(&reading, &profile), &mut Diagnostics::default()));
}

#[divan::bench]
fn i_check(bencher: Bencher) {
    let (conversion, Options { profile, .. }) = converted();
    let bridge = bridge(&conversion.reading, &profile);
    let mapped = made(map::catalog(bridge, &mut Diagnostics::default()));
    let locate = |entity: &port::Entity, part: check::Part<'_>| {
        explain::place(bridge, &conversion.overlaid, entity, &part.into())
    };
    bencher
        .with_inputs(|| copy(&mapped))
        .bench_local_values(|mapped| check::entities(mapped, &locate, &mut Diagnostics::default()));
}

#[divan::bench]
fn j_refine(bencher: Bencher) {
    let (conversion, options) = converted();
    let bridge = bridge(&conversion.reading, &options.profile);
    let mapped = made(map::catalog(bridge, &mut Diagnostics::default()));
    bencher
        .with_inputs(|| copy(&mapped))
        .bench_local_values(|mapped| refine::blueprints(mapped, &options.refinement));
}

#[divan::bench]
fn k_account(bencher: Bencher) {
    let (conversion, Options { profile, .. }) = converted();
    let Conversion { overlaid, port, .. } = &conversion;
    let bridge = bridge(&conversion.reading, &profile);
    bencher.bench_local(|| account::of(bridge, overlaid, port, false, &mut Diagnostics::default()));
}

#[divan::bench]
fn l_render(bencher: Bencher) {
    let (conversion, _) = converted();
    let Conversion { port, reading, .. } = &conversion;
    let sources = &reading.sources;
    let folders = made(publish::folders(sources, &Destination::Roots));
    let rendering = Rendering::default();
    bencher.bench_local(|| {
        render::manifests(
            port,
            sources,
            &rendering,
            &folders,
            &mut Diagnostics::default(),
        )
    });
}

#[divan::bench]
fn m_convert(bencher: Bencher) {
    let options = made(options());
    bencher
        .with_inputs(|| made(inputs()))
        .bench_local_values(|inputs| backstage2port::convert(inputs, &options));
}
