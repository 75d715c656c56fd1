//! Images and sequences made larger or smaller.

use candle_core::{Result, Tensor, WithDType};

use super::function::{Float, Function, apply1, real};
use crate::kernels::{Between, Upsampling, plane, share_of, with_plane};

/// `scale` times the elements along every axis, see [`crate::kernels::upsample`].
///
/// # Errors
/// If the tensor is neither a batch of images nor one of sequences.
pub fn upsample(x: &Tensor, scale: usize, mode: Upsampling) -> Result<Tensor> {
    let sides = plane(x)?;
    let taps = |Between { places: [first, second], share }: Between| vec![(first, 1.0 - share), (second, share)];
    let along = |side: usize, scale: usize| mode.between(side, scale).into_iter().map(taps).collect();
    let down = if x.rank() == 3 { 1 } else { scale };
    apply1(Resample { sides, rows: along(sides[0], down), columns: along(sides[1], scale) }, x)
}

/// The means of as many windows as there are elements in `to`, see [`crate::kernels::adaptive_mean`].
///
/// # Errors
/// If the tensor is neither a batch of images nor one of sequences.
pub fn adaptive_mean(x: &Tensor, to: [usize; 2]) -> Result<Tensor> {
    let sides = plane(x)?;
    let along = |side: usize, to: usize| {
        let mean = |at| {
            let share = share_of(at, side, to);
            let weight = 1.0 / share.len() as f64;
            share.map(|place| (place, weight)).collect()
        };
        (0..to).map(mean).collect()
    };
    apply1(Resample { sides, rows: along(sides[0], to[0]), columns: along(sides[1], to[1]) }, x)
}

/// The places that an element comes from along an axis, and their weights.
type Taps = Vec<(usize, f64)>;

struct Resample {
    sides: [usize; 2],
    rows: Vec<Taps>,
    columns: Vec<Taps>,
}

impl Resample {
    /// Calls `visit` for every pair of an element of the result and one that it comes from, with the weight.
    fn for_each_pair(&self, planes: usize, mut visit: impl FnMut(usize, usize, f64)) {
        let [height, width] = self.sides;
        let mut place = 0;
        for plane in 0..planes {
            for rows in &self.rows {
                for columns in &self.columns {
                    for (row, down) in rows {
                        let start = (plane * height + row) * width;
                        columns.iter().for_each(|(column, along)| visit(place, start + column, down * along));
                    }
                    place += 1;
                }
            }
        }
    }

    fn planes(&self, elements: usize) -> usize {
        elements / (self.sides[0] * self.sides[1]).max(1)
    }
}

impl Function<1> for Resample {
    const NAME: &'static str = "resample";

    fn dims(&self, first: &[usize]) -> Vec<usize> {
        with_plane(first, [self.rows.len(), self.columns.len()])
    }

    fn forward<T: Float>(&self, [x]: [&[T]; 1]) -> Vec<T> {
        let planes = self.planes(x.len());
        let mut y = vec![0.0; planes * self.rows.len() * self.columns.len()];
        self.for_each_pair(planes, |place, from, weight| y[place] += weight * WithDType::to_f64(x[from]));
        y.into_iter().map(real).collect()
    }

    fn backward<T: Float>(&self, [x]: [&[T]; 1], _: &[T], g: &[T], _: [bool; 1]) -> [Option<Vec<T>>; 1] {
        let mut by_input = vec![T::zero(); x.len()];
        self.for_each_pair(self.planes(x.len()), |place, from, weight| by_input[from] += real::<T>(weight) * g[place]);
        [Some(by_input)]
    }
}
