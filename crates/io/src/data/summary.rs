//! What is known of the values of a data set: limits, means, deviations.

use super::Extent;

/// Of all values of a data set, and of each of its features.
#[derive(Debug, Clone)]
pub struct Summary {
    /// Of all values.
    pub all: Moments,
    pub features: Vec<Moments>,
    pub extents: Vec<Extent>,
}

impl Summary {
    #[must_use]
    pub fn new(features: usize) -> Self {
        let extents = vec![Extent::default(); features];
        Self { all: Moments::default(), features: vec![Moments::default(); features], extents }
    }

    /// Takes in a sample.
    pub fn add(&mut self, sample: &[f64]) {
        self.add_part(0, sample);
    }

    /// Takes in the features of a sample from one on.
    pub fn add_part(&mut self, first: usize, part: &[f64]) {
        let features = self.features[first..].iter_mut().zip(&mut self.extents[first..]);
        for (x, (moments, extent)) in part.iter().zip(features) {
            extent.add(*x);
            moments.add_one(*x);
        }
        part.chunks(4096).for_each(|block| self.all.add(block));
    }

    /// Takes in other samples.
    pub fn merge(&mut self, other: &Self) {
        self.all.merge(&other.all);
        self.features.iter_mut().zip(&other.features).for_each(|(own, other)| own.merge(other));
        self.extents.iter_mut().zip(&other.extents).for_each(|(own, other)| own.merge(other));
    }

    /// The least and the greatest value.
    #[must_use]
    pub fn limits(&self) -> (f64, f64) {
        let mut all = Extent::default();
        self.extents.iter().for_each(|extent| all.merge(extent));
        (all.low, all.high)
    }
}

/// Mean and squared deviations from it, put together block by block so that no sum grows large (Chan, Golub, LeVeque:
/// Algorithms for Computing the Sample Variance, 1983).
#[derive(Debug, Clone, Default)]
pub struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    /// Shift and factor to zero mean and unit variance; what is constant is only shifted.
    #[must_use]
    pub fn standardizing(&self) -> (f64, f64) {
        let std = (self.squares / self.count).sqrt();
        (self.mean, if std > 0.0 { std.recip() } else { 1.0 })
    }

    /// Takes in a block of values.
    pub fn add<T: Copy + Into<f64>>(&mut self, block: &[T]) {
        let n = block.len() as f64;
        if block.is_empty() {
            return;
        }
        let mean = sum(block, |x| x) / n;
        let squares = sum(block, |x| (x - mean) * (x - mean));
        self.merge(&Self { count: n, mean, squares });
    }

    /// Takes in other values.
    pub fn merge(&mut self, other: &Self) {
        let (n, count, delta) = (other.count, self.count + other.count, other.mean - self.mean);
        if n > 0.0 {
            self.mean += delta * n / count;
            self.squares += other.squares + delta * delta * self.count * n / count;
            self.count = count;
        }
    }

    /// The same as a block of one, to the last bit.
    pub fn add_one(&mut self, x: f64) {
        let (count, delta) = (self.count + 1.0, x - self.mean);
        self.mean += delta / count;
        self.squares += delta * delta * self.count / count;
        self.count = count;
    }
}

/// Eight sums side by side, which processors add at once.
fn sum<T: Copy + Into<f64>>(block: &[T], of: impl Fn(f64) -> f64) -> f64 {
    let (eights, rest) = block.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for eight in eights {
        sums.iter_mut().zip(eight).for_each(|(sum, x)| *sum += of((*x).into()));
    }
    sums.iter().sum::<f64>() + rest.iter().map(|x| of((*x).into())).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_one_by_one_are_blocks_of_one() {
        let (mut blocks, mut ones) = (Moments::default(), Moments::default());
        for i in 0..10_000 {
            let x = (f64::from(i) * 0.37).sin() as f32;
            blocks.add(&[x]);
            ones.add_one(f64::from(x));
        }
        assert_eq!(blocks.standardizing(), ones.standardizing());
    }
}
