//! Writes a tree of Backstage descriptors of any size, to measure with.
//!
//! ```text
//! cargo run --release --example tree -- FOLDER --entities 250000
//! cargo run --release --example tree -- FOLDER --shape chain --entities 10000 --seed 7
//! ```
//!
//! The same arguments write the same bytes on every machine. What the shapes are stands in `generator/mod.rs`.

mod generator;

use std::error::Error;

use camino::Utf8PathBuf;
use clap::Parser;
use generator::{Shape, Tree};

/// Writes a tree of Backstage descriptors
#[derive(Parser)]
struct Arguments {
    /// Where to write it: a folder that does not exist yet, or an empty one
    folder: Utf8PathBuf,
    /// How many entities; of the shape `needle`, how many unrelated files
    #[arg(long, visible_alias = "size", default_value_t = 1000)]
    entities: usize,
    /// How they are laid out
    #[arg(long, value_enum, default_value_t = Shape::Company)]
    shape: Shape,
    /// Another number makes other names and texts
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Commit all of it, as the shape `needle` always does
    #[arg(long)]
    commit: bool,
}

#[expect(
    clippy::print_stdout,
    reason = "the counts are the result of a program"
)]
fn main() -> Result<(), Box<dyn Error>> {
    let Arguments {
        folder,
        entities,
        shape,
        seed,
        commit,
    } = Arguments::parse();
    let tree = Tree {
        shape,
        size: entities,
        seed,
        is_committed: commit || shape == Shape::Needle,
    };
    println!("{}", tree.write(&folder)?);
    Ok(())
}
