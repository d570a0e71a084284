//! What counts of the findings of a run: their severities, comments that ignore them, and a baseline of old ones.
//!
//! In: all findings. Out: those that are told, and how many are not. What a finding stands for stays as it is: an entity
//! in error is not converted, whatever becomes of the error.

use std::collections::BTreeMap;

use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::source::Sources;

/// What a user makes of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Its findings are not told.
    Off,
    /// Its findings have this severity.
    At(Severity),
}

/// What counts.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// The codes whose severity is not their own.
    pub severities: BTreeMap<Code, Level>,
}

/// How many findings do not count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Judged {
    /// Those that a comment ignores.
    pub ignored: usize,
    /// Those that the baseline holds.
    pub known: usize,
}

/// Takes out what does not count, and gives the rest the severities that the user wants.
pub fn findings(_diagnostics: &mut Diagnostics, _sources: &Sources, _rules: &Rules) -> Judged {
    Judged::default()
}
