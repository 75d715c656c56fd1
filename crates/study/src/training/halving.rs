//! Successive halving: all train a little, the better part trains on.
//!
//! Karnin, Koren & Somekh 2013 (Almost optimal exploration in multi-armed bandits), for training Jamieson & Talwalkar 2016
//! (Non-stochastic best arm identification and hyperparameter optimization, arXiv 1502.07943): every rung keeps one in eta
//! and multiplies the steps by eta. Training goes on from where it stopped, so no step is done twice.

/// A part of the training: so many candidates train up to so many steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rung {
    pub candidates: usize,
    /// From the begin of training.
    pub steps: u64,
}

/// One in this many goes on.
pub const ETA: usize = 2;
/// A rung that fewer would leave is not added.
const FINALISTS: usize = 8;
/// Nobody is judged before this part of the training, nor before so many steps.
const PART: u64 = 9;
const STEPS: u64 = 30;

/// The rungs for `candidates` that are to end with `steps`; a single one without `eta`.
#[must_use]
pub fn rungs(candidates: usize, steps: u64, eta: Option<usize>) -> Vec<Rung> {
    let mut sizes = vec![candidates];
    if let Some(eta) = eta {
        let mut divisor = 1u64;
        while let Some(last) = sizes.last().filter(|last| *last / eta >= FINALISTS) {
            divisor = divisor.saturating_mul(eta as u64);
            if divisor > PART || steps / divisor < STEPS {
                break;
            }
            sizes.push(last / eta);
        }
    }
    let last = sizes.len() - 1;
    let divisor = |rung: usize| (eta.unwrap_or(1) as u64).saturating_pow((last - rung) as u32);
    let rungs = sizes.iter().enumerate();
    rungs.map(|(rung, candidates)| Rung { candidates: *candidates, steps: (steps / divisor(rung)).max(1) }).collect()
}

/// Steps of all candidates together.
#[must_use]
pub fn cost(rungs: &[Rung]) -> u64 {
    let before = std::iter::once(0).chain(rungs.iter().map(|rung| rung.steps));
    rungs.iter().zip(before).map(|(rung, before)| rung.candidates as u64 * (rung.steps - before)).sum()
}

/// The largest number of candidates, of `all`, whose training by rungs that end with `steps` takes at most a tenth of that
/// of all to the end; at least one.
#[must_use]
pub fn affordable(all: usize, steps: u64, eta: Option<usize>) -> usize {
    let tenth = all as u64 * steps / 10;
    let fits = |n: usize| cost(&rungs(n, steps, eta)) <= tenth;
    (1..=all).rev().find(|n| fits(*n)).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rungs_divide_candidates_and_multiply_steps() {
        let sizes = |n, steps, eta| rungs(n, steps, eta).iter().map(|r| (r.candidates, r.steps)).collect::<Vec<_>>();
        assert_eq!(sizes(32, 900, Some(3)), [(32, 300), (10, 900)]);
        assert_eq!(sizes(80, 900, Some(3)), [(80, 100), (26, 300), (8, 900)]);
        assert_eq!(sizes(32, 800, Some(2)), [(32, 200), (16, 400), (8, 800)]);
        assert_eq!(sizes(15, 800, Some(2)), [(15, 800)], "eight train to the end");
        assert_eq!(sizes(900, 900, Some(3))[0], (900, 100), "a ninth at the least");
        assert_eq!(sizes(80, 100, Some(3)), [(80, 33), (26, 100)], "so many steps at the least");
        assert_eq!(sizes(5, 800, Some(3)), [(5, 800)]);
        assert_eq!(sizes(32, 800, None), [(32, 800)]);
        assert_eq!(cost(&rungs(80, 900, Some(3))), 80 * 100 + 26 * 200 + 8 * 600);
    }

    #[test]
    fn a_tenth_of_the_cost_goes_further_with_halving() {
        assert_eq!(affordable(130, 900, None), 13);
        let n = affordable(130, 900, Some(2));
        let share = |n| cost(&rungs(n, 900, Some(2))) as f64 / (130.0 * 900.0);
        assert!(share(n) <= 0.1 && share(n + 1) > 0.1 && n == 17, "{n}: {}", share(n));
        assert_eq!(affordable(3, 900, Some(3)), 1);
    }
}
