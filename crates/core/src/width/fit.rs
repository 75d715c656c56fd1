//! r = a + b x^c through the points of a curve and (1, 1), and the size where its slope has fallen far enough.

mod least_squares;
mod pivoted_qr;

use rand::RngCore;
use serde::Serialize;

use super::Curve;
use crate::random::{Key, Purpose};

/// The threshold of the published implementation.
pub const SLOPE_THRESHOLD: f64 = 0.005;
/// The largest size that may be asked for or given as an answer.
pub const MOST_UNITS: usize = 1 << 20;

/// r(x) = a + b x^c
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Fit {
    pub a: f64,
    pub b: f64,
    pub c: f64,
}

impl Fit {
    /// r(x)
    #[must_use]
    pub fn at(&self, x: f64) -> f64 {
        self.a + self.b * x.powf(self.c)
    }

    /// Where the slope has fallen to `threshold` of its value at 1: threshold^(1/(c-1)), since the slope is b c x^(c-1).
    ///
    /// # Errors
    /// If there is no such size above 1.
    pub fn size(&self, threshold: f64) -> Result<f64, NoSize> {
        if ![self.a, self.b, self.c].iter().all(|x| x.is_finite()) {
            return Err(NoSize::NoConvergence);
        }
        if self.b * self.c >= 0.0 {
            return Err(NoSize::Rising);
        }
        if self.c >= 1.0 {
            return Err(NoSize::NotLevelling { c: self.c });
        }
        let size = threshold.powf(1.0 / (self.c - 1.0));
        if size.is_finite() && size <= MOST_UNITS as f64 { Ok(size) } else { Err(NoSize::TooLarge { c: self.c }) }
    }
}

/// Why no size can be given.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum NoSize {
    #[error("a curve with three coefficients needs at least 3 sizes above 1, and {0} were measured")]
    TooFewSizes(usize),
    #[error("the layer is dead: its output is zero at every size")]
    Dead,
    #[error("the relative score is flat: it does not fall between size {from} and size {to} by more than its noise")]
    Flat { from: usize, to: usize },
    #[error("the relative score rises with the size, so there is no size where its fall levels off")]
    Rising,
    #[error("the relative score is not finite")]
    NotFinite,
    #[error("no least-squares fit of a + b x^c was found")]
    NoConvergence,
    #[error("the fall of the relative score does not level off: the fitted exponent c = {c:.3} is not below 1")]
    NotLevelling { c: f64 },
    #[error("the slope does not fall to the threshold within {MOST_UNITS} units: the fitted exponent is c = {c:.3}")]
    TooLarge { c: f64 },
}

/// The share of resamples whose size lies between two limits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
    pub confidence: f64,
    pub resamples: usize,
}

/// What a curve says of the size of its layer.
#[derive(Debug, Clone, PartialEq)]
pub struct SizeEstimate {
    /// None where no curve could be fitted; there can be a fit without a size.
    pub fit: Option<Fit>,
    pub size: Result<f64, NoSize>,
    /// None without a size, with a single repetition, or where more than 5 % of the resamples give no size.
    pub interval: Option<Interval>,
}

impl SizeEstimate {
    /// The size in whole units.
    #[must_use]
    pub fn units(&self) -> Option<usize> {
        self.size.as_ref().ok().map(|size| (size.round() as usize).max(1))
    }
}

const CONFIDENCE: f64 = 0.95;
const RESAMPLES: usize = 1000;
/// A fall of the relative score that is smaller is none.
const LEAST_FALL: f64 = 1e-3;
/// Standard errors by which a fall must exceed 0.
const NOISE: f64 = 2.0;

/// Fits the curve, says the size, and how sure it is: percentiles over resampled repetitions, each repetition with all
/// of its sizes.
#[must_use]
pub fn estimate(curve: &Curve, threshold: f64, seed: u64, layer: usize) -> SizeEstimate {
    let points: Vec<_> = curve.points.iter().map(|p| (p.size as f64, p.relative())).collect();
    let fit = check(curve).and_then(|()| fit_power(&points));
    let size = fit.and_then(|fit| fit.size(threshold));
    let interval = if size.is_ok() { bootstrap(curve, threshold, seed, layer) } else { None };
    SizeEstimate { fit: fit.ok(), size, interval }
}

/// Whether there is a fall to fit.
fn check(curve: &Curve) -> Result<(), NoSize> {
    let points: Vec<_> = curve.points.iter().filter(|p| p.size > 1).collect();
    let (Some(first), Some(last), 3..) = (points.first(), points.last(), points.len()) else {
        return Err(NoSize::TooFewSizes(points.len()));
    };
    if points.iter().any(|p| !p.relative().is_finite()) {
        return Err(NoSize::NotFinite);
    }
    if points.iter().all(|p| p.near() == 0.0) {
        return Err(NoSize::Dead);
    }
    // By repetition, since the sizes of one repetition share their draws.
    let pairs = first.ranks.iter().zip(&last.ranks);
    let falls: Vec<_> = pairs.map(|(a, b)| a / first.size as f64 - b / last.size as f64).collect();
    let n = falls.len() as f64;
    let fall = falls.iter().sum::<f64>() / n;
    let squares: f64 = falls.iter().map(|f| (f - fall).powi(2)).sum();
    let error = if n > 1.0 { (squares / (n - 1.0) / n).sqrt() } else { 0.0 };
    let least = LEAST_FALL.max(NOISE * error);
    if fall > least {
        Ok(())
    } else if fall < -least {
        Err(NoSize::Rising)
    } else {
        Err(NoSize::Flat { from: first.size, to: last.size })
    }
}

fn bootstrap(curve: &Curve, threshold: f64, seed: u64, layer: usize) -> Option<Interval> {
    let n = curve.points.first()?.ranks.len();
    if n < 2 {
        return None;
    }
    let resample = |number: usize| {
        let key = Key { seed, repetition: number as u64, layer: layer as u64, purpose: Purpose::Bootstrap };
        let mut rng = key.rng();
        // The modulo's bias is below n / 2^64.
        let chosen: Vec<_> = (0..n).map(|_| (rng.next_u64() % n as u64) as usize).collect();
        let mean = |ranks: &[f64]| chosen.iter().map(|r| ranks[*r]).sum::<f64>() / n as f64;
        let points: Vec<_> = curve.points.iter().map(|p| (p.size as f64, mean(&p.ranks) / p.size as f64)).collect();
        fit_power(&points).and_then(|fit| fit.size(threshold)).ok()
    };
    let mut sizes: Vec<f64> = (0..RESAMPLES).filter_map(resample).collect();
    if (sizes.len() as f64) < CONFIDENCE * RESAMPLES as f64 {
        return None;
    }
    sizes.sort_by(f64::total_cmp);
    let tail = (1.0 - CONFIDENCE) / 2.0;
    let (low, high) = (percentile(&sizes, tail), percentile(&sizes, 1.0 - tail));
    Some(Interval { low, high, confidence: CONFIDENCE, resamples: sizes.len() })
}

/// Linear between the nearest ranks of ascending values, as numpy's default.
fn percentile(values: &[f64], share: f64) -> f64 {
    let at = share * (values.len() - 1) as f64;
    let (below, part) = (at.floor() as usize, at.fract());
    let above = (below + 1).min(values.len() - 1);
    values[below] + part * (values[above] - values[below])
}

/// Least squares of a + b x^c through the points (x, r) and (1, 1), from a = 1, b = 2, c = -1 as published. No search
/// passes c = 0, where b grows without limit; one that was stopped there is repeated from a flatter start below and among
/// the exponents above, and the least squares count.
///
/// # Errors
/// If no search ends at a minimum.
pub fn fit_power(points: &[(f64, f64)]) -> Result<Fit, NoSize> {
    let points: Vec<_> = [(1.0, 1.0)].iter().chain(points).copied().collect();
    let published = search(&points, Fit { a: 1.0, b: 2.0, c: -1.0 }, 1000);
    if let Some((fit, _)) = published
        && fit.c.abs() > AT_ZERO
    {
        return Ok(fit);
    }
    let (x, r) = points[points.len() - 1];
    let below = search(&points, Fit { a: -0.5, b: 1.5, c: -0.2 }, 1000);
    let above = search(&points, Fit { a: 1.0, b: (r - 1.0) / x, c: 1.0 }, 100);
    let best = [published, below, above].into_iter().flatten().min_by(|one, other| one.1.total_cmp(&other.1));
    best.map(|(fit, _)| fit).ok_or(NoSize::NoConvergence)
}

/// Exponents as near to 0 as this are where a search was stopped, or a logarithm.
const AT_ZERO: f64 = 0.01;

/// The minimum that is found from a start, and its sum of squares.
fn search(points: &[(f64, f64)], start: Fit, patience: usize) -> Option<(Fit, f64)> {
    let ([a, b, c], squares) =
        least_squares::minimize(&PowerLaw { points }, [start.a, start.b, start.c], 1e-12, patience)?;
    [a, b, c].iter().all(|x| x.is_finite()).then_some((Fit { a, b, c }, squares))
}

struct PowerLaw<'a> {
    points: &'a [(f64, f64)],
}

impl least_squares::Curve for PowerLaw<'_> {
    fn residuals(&self, [a, b, c]: &[f64; 3]) -> Vec<f64> {
        let fit = Fit { a: *a, b: *b, c: *c };
        self.points.iter().map(|(x, r)| fit.at(*x) - r).collect()
    }

    fn jacobian(&self, [_, b, c]: &[f64; 3]) -> [Vec<f64>; 3] {
        let by = |of: &dyn Fn(f64) -> f64| self.points.iter().map(|(x, _)| of(*x)).collect();
        [by(&|_| 1.0), by(&|x| x.powf(*c)), by(&|x| b * x.powf(*c) * x.ln())]
    }
}

#[cfg(test)]
mod tests;
