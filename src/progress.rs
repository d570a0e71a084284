//! How far a long run is: counts that somebody else may show.
//!
//! In: what is begun, and each piece of it that is done. Out: the counts. Nothing is printed here, and no result of a run
//! depends on them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// What takes long in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Finding and reading files.
    Reading,
    /// Holding entities against the rules of Backstage.
    Checking,
    /// Making what Port is to hold.
    Converting,
    /// Writing manifests.
    Writing,
}

/// The counts of a run.
#[derive(Debug, Default)]
pub struct Progress {
    /// What is worked at, and how many pieces of it there are; 0 where nobody knows.
    begun: Mutex<Option<(Work, usize)>>,
    done: AtomicUsize,
}

impl Progress {
    /// Begins work of this many pieces; 0 where nobody knows how many.
    pub fn begin(&self, work: Work, pieces: usize) {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        self.done.store(0, Ordering::Relaxed);
        *begun = Some((work, pieces));
    }

    /// Counts a piece that is done.
    pub fn advance(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    /// What is worked at, how many pieces of it are done, and how many there are; `None` before the beginning.
    #[must_use]
    pub fn now(&self) -> Option<(Work, usize, usize)> {
        let begun = *self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        let done = self.done.load(Ordering::Relaxed);
        begun.map(|(work, pieces)| (work, done, pieces))
    }
}
