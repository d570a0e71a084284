//! Measures whole commands beside the least that any program would need for the same files, and prints a table.
//!
//! ```text
//! cargo bench --bench commands                              # 1k 4k 10k
//! cargo bench --bench commands -- 1k 10k 100k 250k 1m
//! cargo bench --bench commands -- relations:100k documents:100k chain:10k needle:100k --only check
//! cargo bench --bench commands -- 4k --only validate --other 'npx some-validator {}/**/catalog-info.yaml'
//! ```
//!
//! The least is the *floor*: a process that lists the files, reads those that hold entities and parses their YAML, with
//! the libraries that the program uses and as many threads, and does nothing else (`floor.rs`). It runs before each run
//! of a command (A B A B), so that a machine whose speed changes slows down both; a ratio is the median of those of the
//! pairs. The trees are those of `examples/tree`; they are made below the target folder and kept.
//!
//! Each run writes to a folder of its own, and they all go at the end: some file systems look for those that were just
//! deleted whenever they make a new file, which takes longer than all the rest.

mod cost;
mod floor;
#[path = "../../examples/tree/generator/mod.rs"]
mod generator;
mod table;

use std::error::Error;
use std::fs;
use std::str::FromStr;

use camino::{Utf8Path, Utf8PathBuf};
use clap::{Parser, ValueEnum};
use cost::Cost;
use generator::{Shape, Tree};
use table::Row;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Measures whole commands beside the floor
#[derive(Parser)]
struct Arguments {
    /// Trees: sizes such as 1k, 250k or 1m, of another shape than `company` as in `chain:10k`
    #[arg(default_values = ["1k", "4k", "10k"])]
    trees: Vec<Sized>,
    /// Measure this command alone; repeatable
    #[arg(long, value_parser = COMMANDS.map(|command| command.id))]
    only: Vec<String>,
    /// Measure this command line of a shell as well, with the folder in the place of {}; repeatable
    #[arg(long, value_name = "COMMAND")]
    other: Vec<String>,
    /// How many pairs of runs; fewer for larger trees where not given
    #[arg(long)]
    runs: Option<usize>,
    /// Threads, where not as many as the machine has
    #[arg(long)]
    threads: Option<usize>,
    /// Other trees of the same sizes
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// What cargo passes to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

/// A shape and a size.
#[derive(Clone, Copy)]
struct Sized {
    shape: Shape,
    size: usize,
}

impl FromStr for Sized {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let (shape, size) = text.split_once(':').unwrap_or(("company", text));
        let shape = Shape::from_str(shape, true)?;
        let (number, unit) = match size.strip_suffix(['k', 'm']) {
            Some(number) if size.ends_with('k') => (number, 1000),
            Some(number) => (number, 1_000_000),
            None => (size, 1),
        };
        let number: usize = number
            .parse()
            .map_err(|error| format!("`{size}`: {error}"))?;
        Ok(Self {
            shape,
            size: number * unit,
        })
    }
}

/// A command of the program.
#[derive(Clone, Copy)]
struct Command {
    id: &'static str,
    arguments: &'static [&'static str],
    /// What stands where it writes to.
    before: Before,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    /// What `convert` with no other arguments writes.
    Converted,
}

const COMMANDS: [Command; 7] = [
    Command {
        id: "validate",
        arguments: &["validate"],
        before: Before::Nothing,
    },
    CONVERT,
    Command {
        id: "again",
        before: Before::Converted,
        ..CONVERT
    },
    Command {
        id: "check",
        arguments: &["convert", "--check"],
        before: Before::Converted,
    },
    Command {
        id: "json",
        arguments: &["convert", "--target", "tree", "--manifest-format", "json"],
        before: Before::Nothing,
    },
    Command {
        id: "central",
        arguments: &["convert", "--target", "central"],
        before: Before::Nothing,
    },
    Command {
        id: "bundle",
        arguments: &["convert", "--target", "bundle"],
        before: Before::Nothing,
    },
];
const CONVERT: Command = Command {
    id: "convert",
    arguments: &["convert"],
    before: Before::Nothing,
};

impl Command {
    /// The command as the table names it.
    fn name(&self) -> String {
        let line = self.arguments.join(" ");
        match self.id {
            "again" => format!("`{line}`, again"),
            _ => format!("`{line}`"),
        }
    }

    fn line(&self, tree: &Utf8Path, out: &Utf8Path, threads: Option<usize>) -> Vec<String> {
        let program = env!("CARGO_BIN_EXE_backstage2port");
        let mut line = vec![program.to_owned()];
        line.extend(self.arguments.iter().map(ToString::to_string));
        line.push(tree.to_string());
        if self.arguments.contains(&"convert") {
            line.extend(["--out".to_owned(), out.to_string()]);
        }
        if let Some(threads) = threads {
            line.push(format!("--threads={threads}"));
        }
        line
    }
}

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.split_first() {
        // The two processes that the third starts.
        Some((first, line)) if first == cost::WORD => cost::wrap(line),
        Some((first, line)) if first == floor::WORD => floor::run(line),
        _ => measure(&Arguments::parse()),
    }
}

fn measure(arguments: &Arguments) -> Result<()> {
    let folder = Utf8Path::new(env!("CARGO_TARGET_TMPDIR"));
    let commands = COMMANDS.into_iter().filter(|command| {
        let is_named = |name: &String| name == command.id;
        arguments.only.is_empty() || arguments.only.iter().any(is_named)
    });
    let commands: Vec<Command> = commands.collect();
    let out = folder.join("out");
    let mut rows = Vec::new();
    empty(&out)?;
    table::head();
    for &Sized { shape, size } in &arguments.trees {
        let tree = Tree {
            shape,
            size,
            seed: arguments.seed,
            is_committed: shape == Shape::Needle,
        };
        let bench = Bench {
            tree,
            folder: tree.kept(&folder.join("trees"))?,
            out: out.join(format!("{shape:?}-{size}")),
            runs: arguments
                .runs
                .unwrap_or((100_000 / size.max(1)).clamp(3, 11)),
            threads: arguments.threads,
        };
        // The first to read the files finds them on the disk, the others in memory.
        bench.floor()?;
        for command in &commands {
            rows.push(bench.command(command)?);
        }
        for line in &arguments.other {
            rows.push(bench.other(line)?);
        }
    }
    table::growth(&rows);
    empty(&out)
}

/// A tree, and how it is measured on.
struct Bench {
    tree: Tree,
    folder: Utf8PathBuf,
    out: Utf8PathBuf,
    runs: usize,
    threads: Option<usize>,
}

impl Bench {
    fn floor(&self) -> Result<Cost> {
        let own = std::env::current_exe()?;
        let own = own.to_str().ok_or("the path of the benchmark")?;
        let threads = self.threads.unwrap_or(0).to_string();
        Cost::of(&[own, floor::WORD, self.folder.as_str(), &threads])
    }

    fn command(&self, command: &Command) -> Result<Row> {
        let out = self.out.join(command.id);
        if command.before == Before::Converted {
            Cost::of(&CONVERT.line(&self.folder, &out, self.threads))?;
        }
        self.pairs(command.name(), |run| {
            let out = match command.before {
                Before::Nothing => out.join(run.to_string()),
                Before::Converted => out.clone(),
            };
            Cost::of(&command.line(&self.folder, &out, self.threads))
        })
    }

    fn other(&self, line: &str) -> Result<Row> {
        let name = format!("`{line}`");
        let line = line.replace("{}", self.folder.as_str());
        self.pairs(name, |_| Cost::of(&["sh", "-c", &line]))
    }

    /// Runs of the floor and of another program in turns.
    fn pairs(&self, name: String, measured: impl Fn(usize) -> Result<Cost>) -> Result<Row> {
        let mut pairs = Vec::new();
        for run in 0..self.runs {
            pairs.push((self.floor()?, measured(run)?));
        }
        let row = Row::new(self.tree, name, &pairs);
        row.print();
        Ok(row)
    }
}

/// Takes away what was written.
fn empty(folder: &Utf8Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    Ok(())
}
