//! What counts of the findings of a run: their severities, comments that ignore them, and a baseline of old ones.
//!
//! In: all findings. Out: those that are told, and how many are not. What a finding stands for stays as it is: an entity
//! in error is not converted, whatever becomes of the error.

mod baseline;
mod ignore;

use std::collections::BTreeMap;
use std::mem;

pub use self::baseline::Baseline;
use crate::diagnostic::{Code, Diagnostics, Severity, Stage};
use crate::source::Sources;

/// What a user makes of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Its findings are not told.
    Off,
    /// Its findings have this severity, those with a severity of their own too.
    At(Severity),
}

/// What counts.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// The codes whose severity is not their own.
    pub severities: BTreeMap<Code, Level>,
    /// Findings that are known and do not count.
    pub baseline: Option<Baseline>,
}

/// How many findings do not count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Judged {
    /// Those that a comment ignores.
    pub ignored: usize,
    /// Those that the baseline holds.
    pub known: usize,
    /// Findings that the baseline holds and this run did not find, though it looked for them.
    pub gone: usize,
}

/// Takes out what does not count, gives the rest the severities that the user wants, and says which comments ignore
/// nothing or cannot be understood.
///
/// A finding of a code that is off counts nowhere, yet a comment that ignores it is of use. `last` is the last stage that
/// ran: neither a comment nor the baseline is held against what was not looked for.
pub fn findings(
    diagnostics: &mut Diagnostics,
    sources: &mut Sources,
    rules: &Rules,
    last: Stage,
) -> Judged {
    let mut judged = Judged::default();
    let marked = diagnostics.take_marked();
    let is_sorted = marked.is_empty();
    let mut found: Vec<_> = mem::take(diagnostics).into_iter().collect();
    let is_ignored = ignore::apply(&mut found, marked, sources, last);
    for (mut found, is_ignored) in found.into_iter().zip(is_ignored) {
        match rules.severities.get(&found.code) {
            Some(Level::Off) => continue,
            _ if is_ignored => {
                judged.ignored += 1;
                continue;
            }
            Some(Level::At(severity)) => found.severity = *severity,
            None => {}
        }
        diagnostics.push(found);
    }
    if !is_sorted {
        diagnostics.sort(sources);
    }
    if let Some(baseline) = &rules.baseline {
        (judged.known, judged.gone) = baseline.apply(diagnostics, sources, last);
    }
    judged
}

/// Whether a run up to a stage looks for what another stage finds.
fn has_run(stage: Stage, last: Stage) -> bool {
    stage <= last || stage == Stage::Ignoring
}
