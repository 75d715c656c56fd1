//! Activations, by their values.

use std::collections::HashSet;

use neartop_core::catalog::Given;
use neartop_core::network::Activation;

use super::cone::{Cone, cones};
use super::links::Links;
use crate::model::program::{Numbers, Op, Operand, Plain, Program, Step};

/// How far a value may be off, relative and at zero: constants are of single precision.
const TOLERANCE: (f64, f64) = (1e-6, 1e-7);
/// Beyond the bounds of activations.
const FAR: f64 = 1000.0;
/// Between zero and this no activation of a single step has a value at the points.
const SMALLEST: f64 = 1e-5;
/// Those with a weight, a random one, one that is linear; and one that needs a look at its parameters.
const OTHERS: [&str; 4] = ["prelu", "rrelu", "identity", "threshold"];

/// Puts one step in the place of steps that are an activation together.
pub fn recognize(program: &mut Program) {
    let links = Links::of(program);
    let mut taken: HashSet<usize> = HashSet::new();
    for end in (0..program.steps.len()).rev() {
        if taken.contains(&end)
            || !is_elementwise(&program.steps[end])
            || matches!(program.steps[end].op, Op::Activation(_))
        {
            continue;
        }
        let found = cones(program, &links, end, &is_elementwise)
            .into_iter()
            .filter(|cone| cone.steps.iter().all(|step| !taken.contains(step)))
            .find_map(|cone| Some((activation(program, &cone)?, cone)));
        let Some((activation, cone)) = found else { continue };
        let module = common_module(cone.steps.iter().map(|at| program.steps[*at].module.as_str()));
        let step = &mut program.steps[end];
        (step.op, step.operands) = (Op::Activation(activation), vec![Operand::Value(cone.from)]);
        step.module = module;
        taken.extend(cone.steps);
    }
}

fn is_elementwise(step: &Step) -> bool {
    let kind = matches!(
        step.op,
        Op::Activation(_)
            | Op::Plain(
                Plain::Unary(_)
                    | Plain::Binary(_)
                    | Plain::Where
                    | Plain::Clamp
                    | Plain::Identity
                    | Plain::Cast(Numbers::Truth | Numbers::Real)
            )
    );
    kind && step.outputs.len() == 1
}

/// The module that all steps stand in.
fn common_module<'m>(mut modules: impl Iterator<Item = &'m str>) -> String {
    let first: Vec<_> = modules.next().unwrap_or_default().split('.').collect();
    let common = modules.fold(first, |common, module| {
        common.into_iter().zip(module.split('.')).take_while(|(a, b)| a == b).map(|(a, _)| a).collect()
    });
    common.join(".")
}

/// Points in the middle and far out, none of them at a kink.
fn points() -> Vec<f64> {
    let near = (-26..=26).map(|at| f64::from(at) * 0.3137 + 0.0171);
    near.chain([-97.3, -41.9, -23.7, -17.1, -12.3, 12.9, 17.3, 19.9, 20.3, 24.1, 40.7, 95.9]).collect()
}

/// The activation that a cone is.
fn activation(program: &Program, cone: &Cone) -> Option<Activation> {
    let points = points();
    let values = cone.evaluate(program, &points)?;
    if values.iter().any(|value| value.is_nan()) || is_linear(&points, &values) {
        return None;
    }
    let close = |activation: &Activation, points: &[f64], values: &[f64]| {
        points.iter().zip(values).all(|(x, value)| {
            let expected = activation.value(*x);
            (value - expected).abs() <= TOLERANCE.0 * expected.abs() + TOLERANCE.1
        })
    };
    // Few points rule out nearly all; many tell where a jump is.
    let fits = |activation: &Activation| {
        close(activation, &points, &values) && {
            let dense = dense();
            cone.evaluate(program, &dense).is_some_and(|values| close(activation, &dense, &values))
        }
    };
    let f = |x: f64| cone.evaluate(program, &[x]).and_then(|values| values.first().copied()).unwrap_or(f64::NAN);
    let is_clamp = cone.steps.len() == 1;
    // A bound just above zero keeps a divisor from it, as of a norm.
    if is_clamp && values.iter().any(|value| *value != 0.0 && value.abs() < SMALLEST) {
        return None;
    }
    let known = Activation::all().into_iter().filter(|activation| !OTHERS.contains(&activation.name()));
    let (plain, with_parameters): (Vec<_>, Vec<_>) = known.partition(|one| one.params().next().is_none());
    let is_limit = |one: &Activation| is_limit(&f, one);
    let found = plain.into_iter().find(&fits).or_else(|| estimated(&f, is_clamp).into_iter().find(&fits));
    found.or_else(|| with_parameters.into_iter().find(&fits)).filter(|one| !is_limit(one))
}

/// Whether bounds only keep values from going astray, as those of the logarithm of a variance do: an activation bends within the
/// usual range of values, at 0 or at -1 and 1.
fn is_limit(f: &dyn Fn(f64) -> f64, activation: &Activation) -> bool {
    let (low, high) = (f(-FAR), f(FAR));
    activation.name() == "hardtanh" && low != 0.0 && (low, high) != (-1.0, 1.0)
}

fn dense() -> Vec<f64> {
    (-2000..=2000).map(|at| f64::from(at) * 0.005_137 + 0.000_91).collect()
}

/// A straight line is no activation.
fn is_linear(points: &[f64], values: &[f64]) -> bool {
    let slope = (values[1] - values[0]) / (points[1] - points[0]);
    points.iter().zip(values).all(|(x, value)| {
        let line = values[0] + slope * (x - points[0]);
        (value - line).abs() <= 1e-9 * (1.0 + line.abs())
    })
}

/// Activations whose parameters are read off from values of `f`.
fn estimated(f: &dyn Fn(f64) -> f64, is_clamp: bool) -> Vec<Activation> {
    const NEAR: f64 = 1e-4;
    let (low, high) = (f(-FAR), f(FAR));
    let steepness = std::f64::consts::LN_2 / f(0.0);
    let curve = (f(NEAR) - NEAR) / (NEAR * NEAR);
    // A negative slope makes an absolute value of it, which is no activation.
    let slope = Some(-f(-1.0)).filter(|slope| *slope > 0.0).unwrap_or(f64::NAN);
    let mut found: Vec<(&str, Vec<(&str, f64)>)> = vec![
        ("leaky_relu", vec![("negative_slope", slope)]),
        ("elu", vec![("alpha", -low)]),
        ("celu", vec![("alpha", -low)]),
        ("hardtanh", vec![("min", low), ("max", high)]),
        ("softplus", vec![("beta", steepness)]),
        ("softplus", vec![("beta", steepness), ("threshold", edge(&|x| f(x) != x) * steepness)]),
        ("softshrink", vec![("lambda", FAR - high)]),
        ("hardshrink", vec![("lambda", edge(&|x| f(x) == 0.0))]),
        ("squareplus", vec![("b", 4.0 * f(0.0) * f(0.0))]),
        ("snake", vec![("a", curve)]),
        ("sine", vec![("omega", f(1e-5) / 1e-5)]),
    ];
    // A bound from below alone is no activation.
    if !is_clamp {
        found.push(("threshold", vec![("threshold", edge(&|x| f(x) != x)), ("value", low)]));
    }
    let tidy = found.iter().map(|(name, given)| (*name, given.iter().map(|(name, x)| (*name, tidy(*x))).collect()));
    let tidy: Vec<_> = tidy.collect();
    tidy.iter().chain(&found).filter_map(|(name, given)| made(name, given)).collect()
}

fn made(name: &str, given: &[(&str, f64)]) -> Option<Activation> {
    let given: Vec<_> =
        given.iter().filter(|(_, x)| x.is_finite()).map(|(name, x)| (*name, Given::Number(*x))).collect();
    Activation::new(Activation::find(name)?, &given).ok()
}

/// The number of which this is a rounded one: of six digits.
fn tidy(x: f64) -> f64 {
    format!("{x:.5e}").parse().unwrap_or(x)
}

/// Where a condition that holds far below and not far above ends.
fn edge(holds: &dyn Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (if holds(-1e3) { -1e3 } else { 1e-9 }, 1e3);
    if !holds(low) || holds(high) {
        return f64::NAN;
    }
    for _ in 0..80 {
        let middle = f64::midpoint(low, high);
        if holds(middle) { low = middle } else { high = middle }
    }
    high
}
