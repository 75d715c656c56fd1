//! What of a run has come in.

use std::ops::Range;

use super::units::Units;

/// Which units need no scoring any more: those with a result, and those of a candidate that failed in an earlier one.
#[derive(Debug, Clone)]
pub struct Ledger {
    candidates: usize,
    /// A bit for each candidate and repetition.
    bits: Vec<u64>,
    /// The first repetition of each candidate that failed.
    failed: Vec<u32>,
}

impl Ledger {
    #[must_use]
    pub fn new(candidates: usize, repetitions: usize) -> Self {
        let bits = vec![0; (candidates * repetitions).div_ceil(64)];
        Self { candidates, bits, failed: vec![u32::MAX; candidates] }
    }

    /// Takes a result in. False where there was one.
    pub fn take(&mut self, candidate: usize, repetition: usize, is_failure: bool) -> bool {
        if is_failure {
            self.failed[candidate] = self.failed[candidate].min(repetition as u32);
        }
        let at = repetition * self.candidates + candidate;
        let is_new = self.bits[at / 64] & (1 << (at % 64)) == 0;
        self.bits[at / 64] |= 1 << (at % 64);
        is_new
    }

    /// Whether a unit has a result.
    #[must_use]
    pub fn has(&self, candidate: usize, repetition: usize) -> bool {
        let at = repetition * self.candidates + candidate;
        self.bits[at / 64] & (1 << (at % 64)) != 0
    }

    /// Whether a unit needs no scoring any more.
    #[must_use]
    pub fn is_settled(&self, candidate: usize, repetition: usize) -> bool {
        self.failed[candidate] as usize <= repetition || self.has(candidate, repetition)
    }

    /// Units of a range that are still to score.
    #[must_use]
    pub fn missing(&self, units: &Units, range: Range<usize>) -> usize {
        range
            .map(|at| units.unit(at))
            .filter(|(candidate, repetition)| !self.is_settled(*candidate, *repetition))
            .count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_settles_what_comes_after_it() {
        let mut ledger = Ledger::new(3, 5);
        assert!(ledger.take(1, 0, false) && !ledger.take(1, 0, false));
        assert!(ledger.take(1, 2, true));
        let settled: Vec<_> = (0..5).map(|repetition| ledger.is_settled(1, repetition)).collect();
        assert_eq!(settled, [true, false, true, true, true]);
        assert!((0..5).all(|repetition| !ledger.is_settled(0, repetition) && !ledger.is_settled(2, repetition)));
        assert!(!ledger.has(1, 4));
    }
}
