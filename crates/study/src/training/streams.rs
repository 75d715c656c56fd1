//! The random numbers of training.

use rand_chacha::ChaCha8Rng;

use neartop_core::random::{Key, Purpose, below};

/// What a stream of training's random numbers is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Which samples are used, and which of them are held out.
    Split = 0,
    /// The order of the samples in an epoch.
    Order = 1,
    /// What modules draw in a step: dropout, random slopes.
    Modules = 2,
    /// Labels that are drawn.
    Labels = 3,
}

/// The same for every candidate.
pub fn stream(seed: u64, of: Stream, index: u64) -> ChaCha8Rng {
    Key { seed, repetition: index, layer: of as u64, purpose: Purpose::Training }.rng()
}

/// The numbers below `count` in an order drawn for this purpose (Fisher-Yates).
pub fn shuffled(count: usize, seed: u64, of: Stream, index: u64) -> Vec<usize> {
    let mut rng = stream(seed, of, index);
    let mut order: Vec<_> = (0..count).collect();
    for i in (1..count).rev() {
        order.swap(i, below(&mut rng, i + 1));
    }
    order
}
