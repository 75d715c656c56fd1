//! The scale of a whole data set.

use super::{DataError, Scale, Source};

/// x -> (x - shift) factor
#[derive(Debug, Clone, Copy)]
pub struct Scaling {
    shift: f64,
    factor: f64,
}

impl Scaling {
    pub fn apply(self, values: &mut [f32]) {
        values.iter_mut().for_each(|x| *x = ((f64::from(*x) - self.shift) * self.factor) as f32);
    }

    /// One shift and one factor for the whole set, from all of its values.
    pub fn of(source: &dyn Source, scale: Scale) -> Result<Self, DataError> {
        match scale {
            Scale::None => Ok(Self { shift: 0.0, factor: 1.0 }),
            Scale::Unit => {
                let (mut low, mut high) = (f32::INFINITY, f32::NEG_INFINITY);
                source.scan(&mut |values| {
                    for x in values {
                        low = low.min(*x);
                        high = high.max(*x);
                    }
                })?;
                let (low, high) = (f64::from(low), f64::from(high));
                Ok(Self { shift: low, factor: if high > low { (high - low).recip() } else { 1.0 } })
            }
            Scale::Standardize => {
                let mut moments = Moments::default();
                source.scan(&mut |values| values.chunks(4096).for_each(|block| moments.add(block)))?;
                let std = (moments.squares / moments.count).sqrt();
                Ok(Self { shift: moments.mean, factor: if std > 0.0 { std.recip() } else { 1.0 } })
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
