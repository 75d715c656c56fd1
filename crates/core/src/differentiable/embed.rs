//! Rows of tables.

use candle_core::{Result, Tensor};

use super::function::{Float, Function, apply1};
use crate::kernels::whole_numbers;

/// The rows of `weight` `[rows, features]` that `ids` `[...]` names, see [`crate::kernels::gather`].
///
/// # Errors
/// If an id is no whole number from 0 to below the number of rows; the error names it.
pub fn embed(ids: &Tensor, weight: &Tensor) -> Result<Tensor> {
    let (rows, features) = weight.dims2()?;
    let dims = ids.dims().iter().copied().chain([features]).collect();
    apply1(Embed { places: whole_numbers(ids, rows)?, features, dims }, weight)
}

struct Embed {
    places: Vec<usize>,
    features: usize,
    dims: Vec<usize>,
}

impl Embed {
    fn ranges(&self) -> impl Iterator<Item = std::ops::Range<usize>> {
        self.places.iter().map(|place| place * self.features..(place + 1) * self.features)
    }
}

impl Function<1> for Embed {
    const NAME: &'static str = "embed";

    fn dims(&self, _: &[usize]) -> Vec<usize> {
        self.dims.clone()
    }

    fn forward<T: Float>(&self, [w]: [&[T]; 1]) -> Vec<T> {
        self.ranges().flat_map(|range| &w[range]).copied().collect()
    }

    fn backward<T: Float>(&self, [w]: [&[T]; 1], _: &[T], g: &[T], _: [bool; 1]) -> [Option<Vec<T>>; 1] {
        let mut by_weight = vec![T::zero(); w.len()];
        for (range, g) in self.ranges().zip(g.chunks_exact(self.features.max(1))) {
            by_weight[range].iter_mut().zip(g).for_each(|(sum, g)| *sum += *g);
        }
        [Some(by_weight)]
    }
}
