//! Figures as people read them: a table in Markdown, and how they grow.
#![expect(
    clippy::print_stdout,
    reason = "the table is the result of the benchmark"
)]
#![expect(
    clippy::cast_precision_loss,
    reason = "figures are shown with three digits"
)]

use std::collections::BTreeMap;

use super::cost::Cost;
use super::generator::Tree;

/// What was measured of one command on one tree.
pub(super) struct Row {
    tree: Tree,
    name: String,
    floor: Spread,
    wall: Spread,
    ratio: Spread,
    cpu: Spread,
    memory: Spread,
}

impl Row {
    /// Sums up pairs of runs: of the floor, and of the command.
    pub(super) fn new(tree: Tree, name: String, pairs: &[(Cost, Cost)]) -> Self {
        let spread = |of: fn(&(Cost, Cost)) -> f64| Spread::of(pairs.iter().map(of));
        Self {
            tree,
            name,
            floor: spread(|(floor, _)| floor.wall.as_secs_f64()),
            wall: spread(|(_, ours)| ours.wall.as_secs_f64()),
            ratio: spread(|(floor, ours)| ours.wall.as_secs_f64() / floor.wall.as_secs_f64()),
            cpu: spread(|(_, ours)| ours.cpu.as_secs_f64()),
            memory: spread(|(_, ours)| ours.memory as f64),
        }
    }

    /// Prints it below [`head`].
    pub(super) fn print(&self) {
        let Self {
            tree,
            name,
            floor,
            wall,
            ratio,
            cpu,
            memory,
        } = self;
        let shape = format!("{:?}", tree.shape).to_lowercase();
        println!(
            "| {shape} {} | {name} | {} | {} | {} – {} | {:.2} | {} | {:.0} | {:.0} |",
            tree.size,
            time(floor.median),
            time(wall.median),
            time(wall.least),
            time(wall.most),
            ratio.median,
            time(cpu.median),
            memory.median / f64::from(1 << 20),
            tree.entities() as f64 / wall.median,
        );
    }
}

/// The head of the table.
pub(super) fn head() {
    println!("| Tree | Command | Floor | Time | least – most | Ratio | CPU | MiB | Entities/s |");
    println!("|---|---|---:|---:|---:|---:|---:|---:|---:|");
}

/// How time and memory grow with the size, of each command that was measured on several sizes of a shape: the slope of a
/// straight line through the logarithms. 1 is linear.
pub(super) fn growth(rows: &[Row]) {
    let mut series: BTreeMap<(String, &str), Vec<&Row>> = BTreeMap::new();
    for row in rows {
        let shape = format!("{:?}", row.tree.shape).to_lowercase();
        series.entry((shape, &row.name)).or_default().push(row);
    }
    series.retain(|_, rows| rows.len() > 1);
    if series.is_empty() {
        return;
    }
    println!("\n| Shape | Command | Slope of time | Slope of memory |\n|---|---|---:|---:|");
    for ((shape, name), rows) in series {
        let slope_of = |figure: fn(&Row) -> f64| {
            let points = rows
                .iter()
                .map(|row| ((row.tree.size as f64).ln(), figure(row).ln()));
            slope(&points.collect::<Vec<_>>())
        };
        let time = slope_of(|row| row.wall.median);
        let memory = slope_of(|row| row.memory.median);
        println!("| {shape} | {name} | {time:.2} | {memory:.2} |");
    }
}

/// The slope of the straight line with the least squares.
fn slope(points: &[(f64, f64)]) -> f64 {
    let count = points.len() as f64;
    let mean_x = points.iter().map(|(x, _)| x).sum::<f64>() / count;
    let mean_y = points.iter().map(|(_, y)| y).sum::<f64>() / count;
    let product = |(x, y): &(f64, f64)| (x - mean_x) * (y - mean_y);
    let square = |(x, _): &(f64, f64)| (x - mean_x).powi(2);
    points.iter().map(product).sum::<f64>() / points.iter().map(square).sum::<f64>()
}

/// Figures of several runs.
struct Spread {
    least: f64,
    median: f64,
    most: f64,
}

impl Spread {
    fn of(figures: impl Iterator<Item = f64>) -> Self {
        let mut figures: Vec<f64> = figures.collect();
        figures.sort_by(f64::total_cmp);
        let at = |index: usize| figures.get(index).copied().unwrap_or(f64::NAN);
        Self {
            least: at(0),
            median: at(figures.len() / 2),
            most: at(figures.len().saturating_sub(1)),
        }
    }
}

/// Seconds, as a person writes them.
fn time(seconds: f64) -> String {
    if seconds < 1.0 {
        format!("{:.0} ms", seconds * 1000.0)
    } else {
        format!("{seconds:.2} s")
    }
}
