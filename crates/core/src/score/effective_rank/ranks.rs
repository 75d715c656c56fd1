//! Effective ranks of many matrices, worked on side by side.

use std::collections::BTreeMap;

use super::band::Band;
use super::deflation::{Outliers, split_off_dominant};
use super::estimate::{Estimate, Precision};
use super::gram::Gram;
use super::real::Real;
use super::scaled::{RankError, Scaled};
use super::tridiagonal::Tridiagonal;
use super::{chase, together};
use crate::idle::{Elsewhere, elsewhere};
use crate::kernels::memory;

/// Gram matrices up to this size are reduced side by side: so many of them fit into the second cache.
const TOGETHER: usize = 192;
/// Elements of matrices that may wait for others of their size.
const MOST_WAITING: usize = 1 << 22;
/// Matrices whose sizes differ by less wait together.
const SIZES: usize = 16;

/// Up to this size double precision costs nothing to speak of.
const SMALL: usize = 24;

/// Effective ranks of many matrices, see [`effective_rank`](super::effective_rank). The small ones among them wait until there are enough to
/// be worked on side by side; their ranks do not depend on which those are.
#[derive(Default)]
pub struct Ranks {
    ranks: Vec<Option<Result<f64, RankError>>>,
    /// By size, in steps of [`SIZES`].
    small: BTreeMap<usize, Vec<Waiting<Gram<f32>>>>,
    large: BTreeMap<usize, Vec<Waiting<Band<f32>>>>,
    /// Large ones that need double precision, first from their bands on, then from the start.
    again: BTreeMap<usize, Vec<Waiting<Band<f64>>>>,
    /// Large ones of which threads that have nothing else to do make bands.
    lent: Vec<Lent<f32>>,
    lent_again: Vec<Lent<f64>>,
}

/// The place of a rank among [`Ranks`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place(usize);

/// A matrix that others of its size join, and what its Gram matrix has come to.
struct Waiting<G> {
    place: usize,
    matrix: Scaled,
    /// The most that its rank can be.
    most: usize,
    outliers: Outliers,
    gram: G,
    precision: Precision,
}

/// One of which another thread makes a band.
struct Lent<T> {
    place: usize,
    /// Of its Gram matrix.
    elements: usize,
    band: Elsewhere<Waiting<Band<T>>>,
}

impl<G> Waiting<G> {
    /// Matrices of a class wait together.
    fn class(&self) -> usize {
        self.matrix.size().next_multiple_of(SIZES)
    }

    /// From the eigenvalues of what is left of its Gram matrix.
    fn estimate<T: Real>(&self, eigenvalues: &Tridiagonal<T>) -> Estimate {
        let zeros = self.matrix.size().saturating_sub(self.most);
        Estimate::of(&self.outliers, eigenvalues, zeros, self.precision)
    }

    /// With another in place of the Gram matrix.
    fn with<H>(self, gram: H, precision: Precision) -> Waiting<H> {
        let Self { place, matrix, most, outliers, .. } = self;
        Waiting { place, matrix, most, outliers, gram, precision }
    }
}

impl Ranks {
    /// Takes in a row-major `[rows x columns]` matrix.
    ///
    /// # Errors
    /// If an element is not finite.
    pub fn add(&mut self, matrix: &[f32], rows: usize, columns: usize) -> Result<Place, RankError> {
        self.add_of_rank(matrix, rows, columns, usize::MAX)
    }

    /// The same of a matrix whose rank is known to be `most` at the most, but for rounding. Beyond so many singular values a
    /// Gram matrix has rounding errors in place of zeros, which would ask for double precision.
    ///
    /// # Errors
    /// If an element is not finite.
    pub fn add_of_rank(
        &mut self,
        matrix: &[f32],
        rows: usize,
        columns: usize,
        most: usize,
    ) -> Result<Place, RankError> {
        let place = self.ranks.len();
        let Some(matrix) = Scaled::new(matrix, rows, columns)? else {
            self.ranks.push(Some(Ok(0.0)));
            return Ok(Place(place));
        };
        self.ranks.push(None);
        let entering = Entering { place, matrix, most };
        match entering.matrix.size() {
            size if size <= SMALL => self.ranks[place] = Some(entering.matrix.rank()),
            size if size <= TOGETHER => self.wait(entering.gram()),
            _ => self.make_band(entering),
        }
        Ok(Place(place))
    }

    /// Takes in a small matrix.
    fn wait(&mut self, entered: Waiting<Gram<f32>>) {
        if let Some(all) = enough(&mut self.small, entered) {
            self.take_small(all);
        }
    }

    /// Makes a band of a large matrix, here or on another thread.
    fn make_band(&mut self, entering: Entering) {
        let (place, elements) = (entering.place, entering.elements());
        match elsewhere(entering, Entering::band) {
            Ok(band) => {
                self.lent.push(Lent { place, elements, band });
                if is_enough_lent(&self.lent) {
                    self.join();
                }
            }
            Err(entering) => {
                self.wait_in_band(entering.band());
            }
        }
    }

    fn wait_in_band(&mut self, entered: Waiting<Band<f32>>) {
        if let Some(all) = enough(&mut self.large, entered) {
            self.take_large(all);
        }
    }

    /// Takes in what other threads have made.
    fn join(&mut self) {
        for lent in std::mem::take(&mut self.lent) {
            match lent.band.join() {
                Some(entered) => self.wait_in_band(entered),
                None => self.ranks[lent.place] = Some(Err(RankError::NoConvergence)),
            }
        }
    }

    /// Ends all waiting.
    pub fn finish(&mut self) {
        for waiting in std::mem::take(&mut self.small).into_values() {
            self.take_small(waiting);
        }
        self.join();
        for waiting in std::mem::take(&mut self.large).into_values() {
            self.take_large(waiting);
        }
        self.join_again();
        // Those whose bands do not do come once more.
        while !self.again.is_empty() {
            for waiting in std::mem::take(&mut self.again).into_values() {
                self.take_again(waiting);
            }
            self.join_again();
        }
    }

    /// A rank; none while it waits.
    #[must_use]
    pub fn get(&self, place: Place) -> Option<Result<f64, RankError>> {
        self.ranks.get(place.0).copied().flatten()
    }

    fn take_small(&mut self, all: Vec<Waiting<Gram<f32>>>) {
        let grams: Vec<_> = all.iter().map(|waiting| &waiting.gram).collect();
        for (waiting, reduced) in all.iter().zip(together::reduce(&grams)) {
            let rank = waiting.estimate(&reduced).rank().map_or_else(|| waiting.matrix.rank(), Ok);
            self.ranks[waiting.place] = Some(rank);
        }
    }

    fn take_large(&mut self, all: Vec<Waiting<Band<f32>>>) {
        let bands: Vec<_> = all.iter().map(|waiting| &waiting.gram).collect();
        let reduced = chase::reduce(&bands);
        for (waiting, reduced) in all.into_iter().zip(reduced) {
            match waiting.estimate(&reduced).rank() {
                Some(rank) => self.ranks[waiting.place] = Some(Ok(rank)),
                None => {
                    let band = waiting.gram.in_double_precision();
                    self.wait_again(waiting.with(band, Precision::SingleToBand));
                }
            }
        }
    }

    /// Makes a band of a large matrix in double precision, here or on another thread.
    fn add_again(&mut self, entering: Entering) {
        let (place, elements) = (entering.place, entering.elements());
        match elsewhere(entering, Entering::double_band) {
            Ok(band) => {
                self.lent_again.push(Lent { place, elements, band });
                if is_enough_lent(&self.lent_again) {
                    self.join_again();
                }
            }
            Err(entering) => {
                self.wait_again(entering.double_band());
            }
        }
    }

    fn wait_again(&mut self, entered: Waiting<Band<f64>>) {
        if let Some(all) = enough(&mut self.again, entered) {
            self.take_again(all);
        }
    }

    fn join_again(&mut self) {
        for lent in std::mem::take(&mut self.lent_again) {
            match lent.band.join() {
                Some(entered) => self.wait_again(entered),
                None => self.ranks[lent.place] = Some(Err(RankError::NoConvergence)),
            }
        }
    }

    fn take_again(&mut self, all: Vec<Waiting<Band<f64>>>) {
        let bands: Vec<_> = all.iter().map(|waiting| &waiting.gram).collect();
        let reduced = chase::reduce(&bands);
        for (waiting, reduced) in all.into_iter().zip(reduced) {
            match (waiting.estimate(&reduced).rank(), waiting.precision) {
                (Some(rank), _) => self.ranks[waiting.place] = Some(Ok(rank)),
                (None, Precision::Double) => self.ranks[waiting.place] = Some(waiting.matrix.rank_of_all()),
                (None, _) => {
                    let Waiting { place, matrix, most, .. } = waiting;
                    self.add_again(Entering { place, matrix, most });
                }
            }
        }
    }
}

/// Puts one with those of its class, and gives them all once they are worked on. Small ones never are too many elements.
fn enough<G>(waiting: &mut BTreeMap<usize, Vec<Waiting<G>>>, entered: Waiting<G>) -> Option<Vec<Waiting<G>>> {
    let elements = entered.matrix.size().pow(2);
    let class = waiting.entry(entered.class()).or_default();
    class.push(entered);
    let is_enough = class.len() == together::MATRICES || class.len() * elements >= MOST_WAITING;
    is_enough.then(|| std::mem::take(class))
}

/// Whether so many that other threads make bands of are waited for.
fn is_enough_lent<T>(lent: &[Lent<T>]) -> bool {
    lent.len() == together::MATRICES || lent.iter().map(|lent| lent.elements).sum::<usize>() >= MOST_WAITING
}

/// A matrix that is taken in.
struct Entering {
    place: usize,
    matrix: Scaled,
    most: usize,
}

impl Entering {
    /// Of its Gram matrix.
    fn elements(&self) -> usize {
        self.matrix.size().pow(2)
    }

    fn waiting<G>(self, outliers: Outliers, gram: G, precision: Precision) -> Waiting<G> {
        let Self { place, matrix, most } = self;
        Waiting { place, matrix, most, outliers, gram, precision }
    }

    fn gram(self) -> Waiting<Gram<f32>> {
        let (outliers, gram) = {
            let rest = self.matrix.rest();
            let gram = Gram::new(&rest.matrix, rest.rows, rest.columns);
            (rest.into_outliers(), gram)
        };
        self.waiting(outliers, gram, Precision::Single)
    }

    fn band(self) -> Waiting<Band<f32>> {
        let (outliers, band) = {
            let rest = self.matrix.rest();
            let band = Band::of(&mut Gram::new(&rest.matrix, rest.rows, rest.columns));
            (rest.into_outliers(), band)
        };
        self.waiting(outliers, band, Precision::Single)
    }

    fn double_band(self) -> Waiting<Band<f64>> {
        let double = self.matrix.double();
        let rest = split_off_dominant(&double, self.matrix.rows, self.matrix.columns);
        let band = Band::of(&mut Gram::new(&rest.matrix, rest.rows, rest.columns));
        let outliers = rest.into_outliers();
        memory::keep(double);
        self.waiting(outliers, band, Precision::Double)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::idle::{Idle, lend_to_this_thread};
    use crate::random::{Key, Purpose};

    fn normals(n: usize, seed: u64) -> Vec<f32> {
        Key { seed, repetition: 0, layer: 0, purpose: Purpose::Inputs }.standard_normals(n)
    }

    /// What a dense layer makes of fewer inputs than it has outputs, alone and behind a large mean.
    #[test]
    fn single_precision_does_where_the_rank_is_known() {
        for (n, inputs, mean) in [(96, 20, 0.0), (96, 20, 30.0), (260, 64, 0.0), (260, 64, 30.0), (400, 399, 0.0)] {
            let (x, w) = (normals(n * inputs, 1), normals(n * inputs, 2));
            let matrix = crate::kernels::linear(&x, n, &w, Some(&vec![mean; n]), n);
            let mut ranks = Ranks::default();
            ranks.add_of_rank(&matrix, n, n, inputs + 1).unwrap();
            for waiting in std::mem::take(&mut ranks.large).into_values() {
                ranks.take_large(waiting);
            }
            assert!(ranks.again.is_empty(), "{n} of {inputs}");
        }
    }

    /// Of matrices that do with single precision and of others, more than wait.
    #[test]
    fn ranks_are_the_same_with_lent_threads() {
        let n = 200;
        let matrices: Vec<_> = (0..2 * together::MATRICES as u64 + 3)
            .map(|seed| {
                let fall = |k: usize| if seed % 3 == 0 { (-0.2 * (k % n) as f32).exp2() } else { 1.0 };
                normals(n * n, seed).into_iter().enumerate().map(|(k, z)| fall(k) * z).collect::<Vec<_>>()
            })
            .collect();
        let all = |threads| {
            let mut ranks = Ranks::default();
            let work = || {
                lend_to_this_thread(Arc::new(Idle::new(threads, threads.max(1))));
                let places: Vec<_> = matrices.iter().map(|matrix| ranks.add(matrix, n, n).unwrap()).collect();
                ranks.finish();
                places.iter().map(|place| ranks.get(*place).unwrap().unwrap().to_bits()).collect::<Vec<_>>()
            };
            std::thread::scope(|scope| scope.spawn(work).join().unwrap())
        };
        let alone = all(0);
        assert_eq!(all(1), alone);
        assert_eq!(all(3), alone);
    }
}
