//! The factor for all weights that makes a network train, found by signals alone.
//!
//! With larger weights signals vanish less and explode more. So where both are equally far from their limits a network trains
//! best as far as signals tell.

use super::propagation::Trainability;

/// ln of the largest factor, and of the inverse of the smallest.
const MOST: f64 = 8.0;
/// First step away from the weights as they are.
const FIRST: f64 = 0.25;
/// Steps of the walk to a factor that does, where that of the balance does not: so many, this far as a logarithm.
const STEPS: u32 = 16;
const STEP: f64 = 0.25;
/// Halvings of the way to where vanishing and exploding balance.
const HALVINGS: u32 = 8;

/// What signals say of a network whose weights were multiplied by a factor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged {
    pub trainability: Trainability,
    /// Above 0 where it explodes or saturates rather than vanishes.
    pub leaning: f64,
}

/// The factor at which vanishing and exploding balance, of those the nearest to 1, if a network trains with it. Else, since
/// activations that are saturated make signals vanish again, the best of those around the nearest factor with which it does.
/// `judge` says of ln of a factor what signals say with it.
///
/// # Errors
/// What `judge` fails with.
pub fn balanced_gain<E>(mut judge: impl FnMut(f64) -> Result<Judged, E>) -> Result<Option<f64>, E> {
    let direction = if judge(0.0)?.leaning > 0.0 { -1.0 } else { 1.0 };
    if let Some(balance) = balance(direction, &mut judge)?
        && judge(balance)?.trainability.is_trainable()
    {
        return Ok(Some(balance.exp()));
    }
    Ok(nearest(direction, &mut judge)?.map(f64::exp))
}

/// ln of the best factor among those around the nearest one with which a network trains.
fn nearest<E>(direction: f64, judge: &mut impl FnMut(f64) -> Result<Judged, E>) -> Result<Option<f64>, E> {
    for step in (1..=STEPS).map(|step| STEP * f64::from(step)) {
        for first in [direction * step, -direction * step] {
            let mut best = (first, judge(first)?.trainability);
            while best.1.is_trainable() {
                let next = best.0 + STEP * first.signum();
                match judge(next)?.trainability {
                    further if further.score > best.1.score => best = (next, further),
                    _ => return Ok(Some(best.0)),
                }
            }
        }
    }
    Ok(None)
}

/// ln of the factor at which a network leans to neither side; none where it never leans to the other.
fn balance<E>(direction: f64, judge: &mut impl FnMut(f64) -> Result<Judged, E>) -> Result<Option<f64>, E> {
    let (mut before, mut after) = (0.0, direction * FIRST);
    while judge(after)?.leaning * direction < 0.0 {
        if after.abs() >= MOST {
            return Ok(None);
        }
        (before, after) = (after, 2.0 * after);
    }
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(before, after);
        if judge(middle)?.leaning * direction < 0.0 { before = middle } else { after = middle }
    }
    Ok(Some(f64::midpoint(before, after)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::propagation::Verdict;

    /// A network whose signals vanish or explode by how far ln of the factor is from `best`.
    fn judge(best: f64, width: f64) -> impl Fn(f64) -> Result<Judged, ()> {
        move |ln_gain| {
            let excess = (ln_gain - best).abs() / width;
            let verdict = if excess <= 1.0 { Verdict::Trainable } else { Verdict::Vanishing };
            let trainability = Trainability { verdict, score: 1.0 / (1.0 + excess * excess) };
            Ok(Judged { trainability, leaning: ln_gain - best })
        }
    }

    #[test]
    fn vanishing_and_exploding_balance() {
        for (best, width) in [(3.0, 0.4), (-2.0, 0.5), (0.9, 0.3)] {
            let gain = balanced_gain(judge(best, width)).unwrap().unwrap();
            assert!((gain.ln() - best).abs() < 0.02, "{} and {best}", gain.ln());
        }
        assert_eq!(balanced_gain(judge(20.0, 0.1)), Ok(None));
        assert_eq!(balanced_gain(judge(2.1, 0.0)), Ok(None));
    }

    /// Where larger weights saturate activations, signals vanish on both sides of what trains.
    #[test]
    fn what_trains_is_found_between_vanishing_and_vanishing() {
        for best in [-1.6, 1.1, 3.2] {
            let vanishing = |ln_gain: f64| Ok::<_, ()>(Judged { leaning: -1.0, ..judge(best, 0.4)(ln_gain)? });
            let gain = balanced_gain(vanishing).unwrap().unwrap();
            assert!((gain.ln() - best).abs() <= 0.13, "{} and {best}", gain.ln());
        }
    }
}
