//! Least squares by the method of Levenberg and Marquardt, for three parameters: MINPACK's `lmder` (Moré 1978, The
//! Levenberg-Marquardt algorithm: implementation and theory), step for step.

use super::pivoted_qr::{PivotedQr, Vector, norm};

/// A curve through points: what is left at each, and how it changes with each parameter.
pub trait Curve {
    fn residuals(&self, parameters: &Vector) -> Vec<f64>;
    /// By parameter, then by point.
    fn jacobian(&self, parameters: &Vector) -> [Vec<f64>; 3];
}

/// The minimum that is found from a start, and half its sum of squares. None where the numbers run away, or where
/// `patience` is lost, in evaluations for each parameter and one more.
///
/// Ends where the sum of squares, or the parameters, change by less than `tolerance` of themselves.
pub fn minimize(curve: &impl Curve, start: Vector, tolerance: f64, patience: usize) -> Option<(Vector, f64)> {
    let mut residuals = curve.residuals(&start);
    let residuals_norm = norm(&residuals);
    if residuals.len() < start.len() || !residuals_norm.is_finite() {
        return None;
    }
    let most = patience * (start.len() + 1);
    let mut search = Search { x: start, residuals_norm, tolerance, most, ..Search::default() };
    if residuals_norm <= f64::MIN_POSITIVE {
        return Some(search.minimum());
    }
    loop {
        let mut qr = PivotedQr::new(curve.jacobian(&search.x), residuals);
        search.scale(&qr)?;
        if search.gradient_norm == 0.0 {
            return Some(search.minimum());
        }
        residuals = loop {
            match search.step(curve, &mut qr)? {
                Step::Taken(residuals) => break residuals,
                Step::Refused => {}
                Step::Last => return Some(search.minimum()),
            }
        };
    }
}

enum Step {
    /// With the residuals there.
    Taken(Vec<f64>),
    /// A shorter one is tried next.
    Refused,
    /// The search is at a minimum.
    Last,
}

/// Where a search is. Steps are bounded by `delta`, in parameters that are scaled by `diagonal`.
#[derive(Default)]
struct Search {
    x: Vector,
    residuals_norm: f64,
    diagonal: Vector,
    delta: f64,
    lambda: f64,
    x_norm: f64,
    gradient_norm: f64,
    evaluations: usize,
    tolerance: f64,
    most: usize,
}

/// Of the first bound to the size of the start.
const STEP_BOUND: f64 = 100.0;

impl Search {
    fn minimum(&self) -> (Vector, f64) {
        (self.x, 0.5 * self.residuals_norm * self.residuals_norm)
    }

    /// Takes the scale of parameters from the columns of the Jacobian; they never shrink.
    fn scale(&mut self, qr: &PivotedQr) -> Option<()> {
        self.gradient_norm = qr.largest_cosine(self.residuals_norm)?;
        let is_first = self.evaluations == 0;
        if !is_first {
            self.diagonal.iter_mut().zip(qr.column_norms).for_each(|(d, norm)| *d = norm.max(*d));
            return Some(());
        }
        self.evaluations = 1;
        self.diagonal = qr.column_norms.map(|norm| if norm == 0.0 { 1.0 } else { norm });
        self.x_norm = norm(&scaled(&self.diagonal, &self.x));
        self.delta = if self.x_norm == 0.0 { STEP_BOUND } else { STEP_BOUND * self.x_norm };
        self.x_norm.is_finite().then_some(())
    }

    /// Tries a step. None ends the search without a minimum.
    fn step(&mut self, curve: &impl Curve, qr: &mut PivotedQr) -> Option<Step> {
        let Bounded { step, lambda, norm: step_norm } = bounded(qr, &self.diagonal, self.delta, self.lambda);
        self.lambda = lambda;
        let of_step = (qr.image_norm(&step) / self.residuals_norm).powi(2);
        let of_bound = (lambda.sqrt() * step_norm / self.residuals_norm).powi(2);
        if ![step_norm, of_step, of_bound].iter().all(|x| x.is_finite()) {
            return None;
        }
        let (predicted, slope) = (of_step + of_bound / 0.5, -(of_step + of_bound));
        if self.evaluations == 1 && step_norm < self.delta {
            self.delta = step_norm;
        }
        let there = std::array::from_fn(|i| self.x[i] - step[i]);
        self.evaluations += 1;
        let residuals = curve.residuals(&there);
        let there_norm = norm(&residuals);
        let actual = if there_norm * 0.1 < self.residuals_norm {
            1.0 - (there_norm / self.residuals_norm).powi(2)
        } else {
            -1.0
        };
        let ratio = if predicted == 0.0 { 0.0 } else { actual / predicted };
        self.bound(ratio, actual, slope, step_norm, there_norm);
        let is_better = ratio >= 1e-4;
        if is_better {
            self.x = there;
            self.x_norm = norm(&scaled(&self.diagonal, &self.x));
            self.residuals_norm = there_norm;
            if !self.x_norm.is_finite() {
                return None;
            }
        }
        if self.ends(actual, predicted, ratio)? {
            return Some(Step::Last);
        }
        Some(if is_better { Step::Taken(residuals) } else { Step::Refused })
    }

    /// Bounds the next step: shorter after one that was worse than predicted, longer after a good one.
    fn bound(&mut self, ratio: f64, actual: f64, slope: f64, step_norm: f64, there_norm: f64) {
        if ratio <= 0.25 {
            let mut factor = if actual.is_sign_negative() { 0.5 * slope / (slope + 0.5 * actual) } else { 0.5 };
            if there_norm * 0.1 >= self.residuals_norm || factor < 0.1 {
                factor = 0.1;
            }
            self.delta = factor * self.delta.min(step_norm * 10.0);
            self.lambda /= factor;
        } else if self.lambda == 0.0 || ratio >= 0.75 {
            self.delta = step_norm / 0.5;
            self.lambda *= 0.5;
        }
    }

    /// Whether the search is at a minimum. None where it cannot get nearer to one.
    fn ends(&self, actual: f64, predicted: f64, ratio: f64) -> Option<bool> {
        let within = |tolerance: f64| {
            let is_flat = actual.abs() <= tolerance && predicted <= tolerance && ratio * 0.5 <= 1.0;
            is_flat || self.delta <= tolerance * self.x_norm
        };
        if self.residuals_norm <= f64::MIN_POSITIVE || within(self.tolerance) {
            return Some(true);
        }
        let is_stuck = within(f64::EPSILON) || self.gradient_norm <= f64::EPSILON;
        (self.evaluations < self.most && !is_stuck).then_some(false)
    }
}

fn scaled(diagonal: &Vector, x: &Vector) -> Vector {
    std::array::from_fn(|i| diagonal[i] * x[i])
}

/// A step within the bound, its damping, and its length in scaled parameters.
struct Bounded {
    step: Vector,
    lambda: f64,
    norm: f64,
}

/// The step of Gauss and Newton if it is within the bound, else one that is damped until its length is the bound to a tenth:
/// MINPACK's `lmpar`.
fn bounded(qr: &PivotedQr, diagonal: &Vector, delta: f64, lambda: f64) -> Bounded {
    let mut step = qr.solve();
    let mut scaled_step = scaled(diagonal, &step);
    let mut step_norm = norm(&scaled_step);
    let mut excess = step_norm - delta;
    if excess <= delta * 0.1 {
        return Bounded { step, lambda: 0.0, norm: step_norm };
    }
    let direction = |of: &Vector, norm: f64| std::array::from_fn(|i| of[i] / norm * diagonal[i]);
    let newton = |solution: Vector, excess: f64| {
        let norm = norm(&solution);
        excess / delta / norm / norm
    };
    let mut lower = 0.0;
    if qr.is_regular() {
        lower = newton(qr.solve_transposed(&direction(&scaled_step, step_norm)), excess);
    }
    let gradient_norm = norm(&qr.gradient(diagonal));
    let upper = gradient_norm / delta;
    let mut upper = if upper == 0.0 { f64::MIN_POSITIVE / delta.min(0.1) } else { upper };
    let mut lambda = lambda.max(lower).min(upper);
    if lambda == 0.0 {
        lambda = gradient_norm / step_norm;
    }
    for iteration in 1.. {
        if lambda == 0.0 {
            lambda = f64::MIN_POSITIVE.max(upper * 0.001);
        }
        let factor;
        (step, factor) = qr.solve_damped(&diagonal.map(|d| lambda.sqrt() * d));
        scaled_step = scaled(diagonal, &step);
        step_norm = norm(&scaled_step);
        let before = std::mem::replace(&mut excess, step_norm - delta);
        if iteration == 10 || excess.abs() <= delta * 0.1 || (lower == 0.0 && excess <= before && before < 0.0) {
            break;
        }
        let correction = newton(factor.solve(&direction(&scaled_step, step_norm)), excess);
        if excess > 0.0 {
            lower = lower.max(lambda);
        } else {
            upper = upper.min(lambda);
        }
        lambda = lower.max(lambda + correction);
    }
    Bounded { step, lambda, norm: step_norm }
}
