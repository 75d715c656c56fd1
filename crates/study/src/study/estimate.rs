//! Means and their errors, of values that come one after another.

/// A mean with its standard error, which a single value does not have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    pub mean: f64,
    pub standard_error: Option<f64>,
}

/// Mean and standard error, summed in the order given.
pub fn estimate(values: impl IntoIterator<Item = f64>) -> Option<Estimate> {
    let mut moments = Moments::default();
    values.into_iter().for_each(|x| moments.add(x));
    moments.estimate()
}

/// What a mean and its error are made of. Sums of squares after B. P. Welford, "Note on a method for calculating corrected
/// sums of squares and products", Technometrics 4 (1962).
#[derive(Debug, Clone, Copy, Default)]
pub struct Moments {
    pub count: usize,
    sum: f64,
    center: f64,
    squares: f64,
}

impl Moments {
    pub fn add(&mut self, x: f64) {
        self.count += 1;
        self.sum += x;
        let before = x - self.center;
        self.center += before / self.count as f64;
        self.squares += before * (x - self.center);
    }

    pub fn estimate(&self) -> Option<Estimate> {
        let n = self.count as f64;
        let standard_error = (self.count > 1).then(|| (self.squares / (n - 1.0) / n).sqrt());
        (self.count > 0).then(|| Estimate { mean: self.sum / n, standard_error })
    }
}

/// The moments of the repetitions up to the first that is missing: a long run adds to them only what is new. They are taken
/// in the order of the repetitions, so that it does not matter in which they arrive.
#[derive(Debug, Clone, Copy, Default)]
pub struct Leading {
    moments: Moments,
}

impl Leading {
    /// Takes in those that `value` knows now.
    pub fn advance(&mut self, repetitions: usize, value: impl Fn(usize) -> Option<f64>) {
        while let Some(x) = value(self.moments.count).filter(|_| self.moments.count < repetitions) {
            self.moments.add(x);
        }
    }

    /// The moments of all repetitions that `value` knows.
    pub fn with_rest(&self, repetitions: usize, value: impl Fn(usize) -> Option<f64>) -> Moments {
        let mut all = self.moments;
        (self.moments.count..repetitions).filter_map(value).for_each(|x| all.add(x));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_and_errors_are_those_of_two_passes() {
        let values = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0].map(|x| x + 1e6);
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
        let found = estimate(values).unwrap();
        assert_eq!(found.mean, mean);
        assert!((found.standard_error.unwrap() - (squares / (n - 1.0) / n).sqrt()).abs() < 1e-9);
        assert_eq!(estimate([0.1]), Some(Estimate { mean: 0.1, standard_error: None }));
        assert_eq!(estimate([0.1; 7]).unwrap().standard_error, Some(0.0));
        assert_eq!(estimate([]), None);
    }

    #[test]
    fn the_order_of_arrival_does_not_matter() {
        let values = [0.1, 7.3, 2.2, 5.9, 1e-3, 88.1];
        let in_order = estimate(values);
        for arrival in [[0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [1, 0, 5, 2, 4, 3]] {
            let mut leading = Leading::default();
            let mut known = [None; 6];
            for (so_far, at) in arrival.into_iter().enumerate() {
                known[at] = Some(values[at]);
                leading.advance(6, |r| known.get(r).copied().flatten());
                let moments = leading.with_rest(6, |r| known[r]);
                assert_eq!(moments.count, so_far + 1);
                assert_eq!(moments.estimate(), estimate(known.into_iter().flatten()));
            }
            assert_eq!(leading.with_rest(6, |_| None).estimate(), in_order);
        }
    }
}
