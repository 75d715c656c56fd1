//! The scale of a data set.

use super::{DataError, Scale, Source};

/// x -> (x - shift) factor, the same for all values or by feature.
#[derive(Debug, Clone)]
pub struct Scaling {
    /// Shift and factor of every feature in turn; a single one for all.
    of: Vec<(f64, f64)>,
}

impl Scaling {
    /// Scales whole samples.
    pub fn apply(&self, values: &mut [f32]) {
        let scaled = |x: f32, (shift, factor): (f64, f64)| ((f64::from(x) - shift) * factor) as f32;
        match self.of.as_slice() {
            [of] => values.iter_mut().for_each(|x| *x = scaled(*x, *of)),
            of => {
                for sample in values.chunks_mut(of.len().max(1)) {
                    sample.iter_mut().zip(of).for_each(|(x, of)| *x = scaled(*x, *of));
                }
            }
        }
    }

    fn one(shift: f64, factor: f64) -> Self {
        Self { of: vec![(shift, factor)] }
    }

    /// Shift and factor from all values of the set.
    pub fn of(source: &dyn Source, scale: Scale) -> Result<Self, DataError> {
        match scale {
            Scale::None => Ok(Self::one(0.0, 1.0)),
            Scale::Unit => {
                let (mut low, mut high) = (f32::INFINITY, f32::NEG_INFINITY);
                source.scan(&mut |values| {
                    for x in values {
                        low = low.min(*x);
                        high = high.max(*x);
                    }
                })?;
                let (low, high) = (f64::from(low), f64::from(high));
                Ok(Self::one(low, if high > low { (high - low).recip() } else { 1.0 }))
            }
            Scale::Standardize => {
                let mut moments = Moments::default();
                source.scan(&mut |values| values.chunks(4096).for_each(|block| moments.add(block)))?;
                Ok(Self { of: vec![moments.standardizing()] })
            }
            Scale::StandardizeFeatures => {
                let mut moments: Vec<_> = (0..source.shape().elements()).map(|_| Moments::default()).collect();
                for first in (0..source.count()).step_by(1024) {
                    let rows: Vec<_> = (first..source.count().min(first + 1024)).collect();
                    source.read(&rows, &mut |row| moments.iter_mut().zip(row).for_each(|(m, x)| m.add(&[*x])))?;
                }
                Ok(Self { of: moments.iter().map(Moments::standardizing).collect() })
            }
        }
    }
}

/// Mean and squared deviations from it, put together block by block so that no sum grows large (Chan, Golub, LeVeque:
/// Algorithms for Computing the Sample Variance, 1983).
#[derive(Debug, Default)]
struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    /// Shift and factor to zero mean and unit variance; what is constant is only shifted.
    fn standardizing(&self) -> (f64, f64) {
        let std = (self.squares / self.count).sqrt();
        (self.mean, if std > 0.0 { std.recip() } else { 1.0 })
    }

    fn add(&mut self, block: &[f32]) {
        let n = block.len() as f64;
        if block.is_empty() {
            return;
        }
        let mean = sum(block, |x| x) / n;
        let squares = sum(block, |x| (x - mean) * (x - mean));
        let (count, delta) = (self.count + n, mean - self.mean);
        self.mean += delta * n / count;
        self.squares += squares + delta * delta * self.count * n / count;
        self.count = count;
    }
}

/// Eight sums side by side, which processors add at once.
fn sum(block: &[f32], of: impl Fn(f64) -> f64) -> f64 {
    let (eights, rest) = block.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for eight in eights {
        sums.iter_mut().zip(eight).for_each(|(sum, x)| *sum += of(f64::from(*x)));
    }
    sums.iter().sum::<f64>() + rest.iter().map(|x| of(f64::from(*x))).sum::<f64>()
}
