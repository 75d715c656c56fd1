//! Quantiles of Student's t.

use statrs::distribution::{ContinuousCDF, StudentsT};

/// Confidence that no candidate is called worse than the best which is not.
const CONFIDENCE: f64 = 0.95;

/// Quantiles of Student's t by number of values, for the comparisons of one candidate with so many others: with the
/// confidence wanted, none of them is called worse that is not (Bonferroni).
pub struct Quantiles {
    significance: f64,
    known: Vec<Option<f64>>,
}

impl Quantiles {
    pub fn against(others: usize) -> Self {
        Self { significance: (1.0 - CONFIDENCE) / others.max(1) as f64, known: Vec::new() }
    }

    pub fn of(&mut self, n: usize) -> f64 {
        if self.known.len() <= n {
            self.known.resize(n + 1, None);
        }
        *self.known[n].get_or_insert_with(|| one_sided_quantile(self.significance, n))
    }
}

/// Student's t that `n` values exceed with this probability.
pub fn one_sided_quantile(probability: f64, n: usize) -> f64 {
    match StudentsT::new(0.0, 1.0, n.saturating_sub(1) as f64) {
        Ok(t) => t.inverse_cdf(1.0 - probability),
        Err(_) => f64::INFINITY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_tables() {
        assert!((one_sided_quantile(0.025, 11) - 2.228).abs() < 1e-3);
        assert!((one_sided_quantile(0.0005, 31) - 3.646).abs() < 1e-3);
    }
}
