//! Who is better: evaluations late in training are averaged, and of accuracies that are as good as equal the lower loss
//! wins.
//!
//! A single accuracy after a step moves by as much as the best candidates differ. Its mean over the last third of training
//! moves less, and the cross-entropy, which also knows how sure a network is, less again. docs/notes/training.md has figures.

use super::{Evaluation, Point, Task};

/// Evaluations in the last third of what is judged, at the least.
pub const EVALUATIONS: u64 = 6;
/// Accuracies within so many standard errors of the best count as equal: 95 % of them lie that near.
const STANDARD_ERRORS: f64 = 2.0;

/// The steps of the evaluations that judge a training of `end` steps.
pub fn steps(end: u64) -> impl Iterator<Item = u64> {
    let apart = (end / (3 * EVALUATIONS)).max(1);
    (0..EVALUATIONS).rev().map(move |place| end.saturating_sub(place * apart))
}

/// The mean over the last third of a training, whose points come by rising epochs; what a diverged one counts as. None
/// without a point.
#[must_use]
pub fn judged(points: &[Point]) -> Option<Evaluation> {
    let last = points.last()?;
    if last.held_out.loss.is_none() {
        return Some(last.held_out);
    }
    let late = || points.iter().rev().take_while(|point| 3.0 * point.epochs > 2.0 * last.epochs);
    let count = late().count().max(1) as f64;
    let loss = late().filter_map(|point| point.held_out.loss).sum::<f64>() / count;
    let quality = late().map(|point| point.held_out.quality).sum::<f64>() / count;
    Some(Evaluation { loss: Some(loss), quality })
}

/// How candidates of a task are compared.
#[derive(Debug, Clone, Copy)]
pub struct Judge {
    classification: bool,
    held_out: usize,
}

impl Judge {
    #[must_use]
    pub fn new(task: &Task) -> Self {
        Self { classification: task.is_classification(), held_out: task.sizes().1 }
    }

    #[must_use]
    pub fn is_classification(self) -> bool {
        self.classification
    }

    /// How far below the best quality one is as good as equal: standard errors of an accuracy on the samples held out;
    /// nothing for R^2, which orders as the loss does.
    fn tolerance(self, best: f64) -> f64 {
        if self.classification {
            STANDARD_ERRORS * (best * (1.0 - best) / self.held_out as f64).max(0.0).sqrt()
        } else {
            0.0
        }
    }

    /// Best first, in the order given where nothing tells them apart; those without an evaluation last.
    pub fn sort<T>(self, items: &mut [T], of: impl Fn(&T) -> Option<Evaluation>) {
        let best = items.iter().filter_map(&of).map(|e| e.quality).fold(f64::NEG_INFINITY, f64::max);
        let equal = best - self.tolerance(best);
        let loss = |e: &Evaluation| e.loss.unwrap_or(f64::INFINITY);
        items.sort_by(|a, b| match (of(a), of(b)) {
            (Some(a), Some(b)) => (b.quality.min(equal).total_cmp(&a.quality.min(equal)))
                .then(loss(&a).total_cmp(&loss(&b)))
                .then(b.quality.total_cmp(&a.quality)),
            (a, b) => b.is_some().cmp(&a.is_some()),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(epochs: f64, quality: f64, loss: Option<f64>) -> Point {
        Point { epochs, train_loss: None, held_out: Evaluation { loss, quality } }
    }

    #[test]
    fn the_last_third_is_judged() {
        assert_eq!(steps(468).collect::<Vec<_>>(), [338, 364, 390, 416, 442, 468]);
        assert_eq!(steps(3).collect::<Vec<_>>(), [0, 0, 0, 1, 2, 3]);
        let points = [(1.0, 0.1, 9.0), (2.0, 0.2, 8.0), (2.5, 0.6, 0.5), (3.0, 0.8, 0.3)];
        let points = points.map(|(epochs, quality, loss)| point(epochs, quality, Some(loss)));
        let found = judged(&points).unwrap();
        assert!((found.quality - 0.7).abs() < 1e-12 && (found.loss.unwrap() - 0.4).abs() < 1e-12, "{found:?}");
        assert_eq!(judged(&[points[0], point(2.0, 0.1, None)]).unwrap(), Evaluation { loss: None, quality: 0.1 });
        assert_eq!(judged(&[]), None);
    }

    #[test]
    fn loss_decides_where_accuracies_are_as_good_as_equal() {
        let order = |classification, mut items: Vec<Evaluation>| {
            Judge { classification, held_out: 2500 }.sort(&mut items, |e| Some(*e));
            items.iter().map(|e| e.quality).collect::<Vec<_>>()
        };
        // Two standard errors of 0.8 on 2,500 samples are 0.016.
        let of = |quality, loss| Evaluation { loss: Some(loss), quality };
        let items = vec![of(0.7, 0.1), of(0.8, 0.6), of(0.785, 0.5), of(0.783, 0.4), of(0.79, 0.7)];
        assert_eq!(order(true, items.clone()), [0.785, 0.8, 0.79, 0.783, 0.7]);
        assert_eq!(order(false, items), [0.8, 0.79, 0.785, 0.783, 0.7]);
    }
}
