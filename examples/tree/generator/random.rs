//! Numbers that look random and are the same everywhere: `SplitMix64`, so that no release of a crate changes a tree.

/// A stream of numbers.
pub(super) struct Random(u64);

impl Random {
    /// One stream for each entity, so that threads need not wait for each other.
    pub(super) fn new(seed: u64, stream: usize) -> Self {
        let mut random = Self(seed);
        let start = random.next() ^ (stream as u64).wrapping_mul(0xd134_2543_de82_ef95);
        Self(start)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to, and without, `end`; 0 where that is 0.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the remainder is smaller than a usize"
    )]
    pub(super) fn below(&mut self, end: usize) -> usize {
        (self.next() % (end.max(1) as u64)) as usize
    }

    /// A number between two, both of them included.
    pub(super) fn between(&mut self, least: usize, most: usize) -> usize {
        least + self.below(most - least + 1)
    }

    /// Whether something happens that does so in so many of a thousand cases.
    pub(super) fn is_one_of(&mut self, per_mille: usize) -> bool {
        self.below(1000) < per_mille
    }

    /// One of several; those that stand there twice are taken twice as often.
    pub(super) fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of.get(self.below(of.len())).copied().unwrap_or_default()
    }
}
