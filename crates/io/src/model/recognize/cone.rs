//! A part of a program from one value to another, evaluated.

use std::collections::{HashMap, HashSet};

use super::links::{Links, name, output};
use crate::model::program::{Numbers, Op, Operand, Plain, Program, Reduce, Step, Unary};

/// Steps of the largest cone that is looked at.
const STEPS: usize = 32;
/// Elements of the largest tensor in one.
const NUMBERS: usize = 1 << 16;

/// Steps that make one value of another alone, with constants.
#[derive(Debug, Clone)]
pub struct Cone {
    /// The value that it starts from.
    pub from: String,
    /// Its steps in their order, the last of which makes what it ends in.
    pub steps: Vec<usize>,
}

/// The cones that end in a step, the largest first. No value within is taken outside, and all steps are `allowed`.
pub fn cones(program: &Program, links: &Links, end: usize, allowed: &dyn Fn(&Step) -> bool) -> Vec<Cone> {
    cones_up_to(program, links, end, allowed, STEPS)
}

/// The same with at most so many steps.
pub fn cones_up_to(
    program: &Program,
    links: &Links,
    end: usize,
    allowed: &dyn Fn(&Step) -> bool,
    most: usize,
) -> Vec<Cone> {
    let mut steps = HashSet::from([end]);
    let mut open: HashSet<&str> = live_operands(&program.steps[end], links).collect();
    let mut found = Vec::new();
    while !open.is_empty() && steps.len() <= most {
        if let Some(from) = open.iter().next().filter(|_| open.len() == 1) {
            let mut steps: Vec<_> = steps.iter().copied().collect();
            steps.sort_unstable();
            found.push(Cone { from: (*from).to_owned(), steps });
        }
        // The value that is made last: nothing else that is open can depend on it.
        let last = open.iter().max_by_key(|value| links.maker(value)).copied().unwrap_or_default();
        let Some(maker) = links.maker(last) else { break };
        let step = &program.steps[maker];
        if !allowed(step) || step.outputs.len() != 1 || !links.is_within(last, &steps) {
            break;
        }
        open.remove(last);
        steps.insert(maker);
        open.extend(live_operands(step, links));
    }
    found.reverse();
    found
}

fn live_operands<'p>(step: &'p Step, links: &'p Links) -> impl Iterator<Item = &'p str> {
    let listed = step.operands.iter().flat_map(|operand| match operand {
        Operand::List(list) => list.as_slice(),
        other => std::slice::from_ref(other),
    });
    listed.filter_map(|operand| name(Some(operand))).filter(|name| links.is_live(name))
}

impl Cone {
    /// What it makes of numbers that stand along the last axis; none where it has other axes, or steps that are not known.
    pub fn evaluate(&self, program: &Program, xs: &[f64]) -> Option<Vec<f64>> {
        self.evaluate_with(program, HashMap::from([(self.from.clone(), xs.to_vec())]), xs.len())
    }

    /// The same with numbers in the place of some values, of which there are so many.
    pub fn evaluate_with(
        &self,
        program: &Program,
        mut values: HashMap<String, Vec<f64>>,
        length: usize,
    ) -> Option<Vec<f64>> {
        let mut last = Vec::new();
        for at in &self.steps {
            let step = program.steps.get(*at)?;
            last = evaluate(program, step, &values, length)?;
            values.insert(output(step).to_owned(), last.clone());
        }
        Some(broadcast(&last, length)?.to_vec())
    }

    /// The constants that its steps take.
    pub fn constants(&self, program: &Program) -> Vec<Vec<f64>> {
        let operands = self.steps.iter().flat_map(|at| &program.steps[*at].operands);
        operands.filter_map(|operand| constant(program, operand)).collect()
    }
}

/// The numbers of a constant.
pub fn constant(program: &Program, operand: &Operand) -> Option<Vec<f64>> {
    match operand {
        Operand::Number(x) => Some(vec![*x]),
        Operand::Value(name) => {
            let tensor = &program.stored.get(name)?.tensor;
            let is_row = tensor.dims().iter().rev().skip(1).all(|size| *size == 1);
            if !is_row || tensor.elem_count() > NUMBERS {
                return None;
            }
            tensor.to_dtype(candle_core::DType::F64).and_then(|tensor| tensor.flatten_all()?.to_vec1()).ok()
        }
        Operand::List(_) | Operand::Absent => None,
    }
}

fn broadcast(xs: &[f64], length: usize) -> Option<std::borrow::Cow<'_, [f64]>> {
    match xs {
        xs if xs.len() == length => Some(xs.into()),
        [one] => Some(vec![*one; length].into()),
        _ => None,
    }
}

/// What a step makes of known values and constants.
pub fn evaluate(program: &Program, step: &Step, values: &HashMap<String, Vec<f64>>, length: usize) -> Option<Vec<f64>> {
    let operand = |at: usize| -> Option<Vec<f64>> {
        match step.operands.get(at)? {
            Operand::Value(name) if values.contains_key(name) => values.get(name).cloned(),
            operand => constant(program, operand),
        }
    };
    let map = |f: &dyn Fn(f64) -> f64| Some(operand(0)?.into_iter().map(f).collect());
    match &step.op {
        Op::Activation(activation) => map(&|x| activation.value(x)),
        Op::Plain(Plain::Unary(function)) => map(&|x| unary(*function, x)),
        Op::Plain(Plain::Identity | Plain::Cast(Numbers::Real)) => operand(0),
        Op::Plain(Plain::Cast(Numbers::Truth)) => map(&|x| f64::from(u8::from(x != 0.0))),
        Op::Plain(Plain::Binary(function)) => {
            let (a, b) = pair(operand(0)?, operand(1)?)?;
            Some(a.iter().zip(&b).map(|(a, b)| function.of(*a, *b)).collect())
        }
        Op::Plain(Plain::Where) => {
            let (condition, a) = pair(operand(0)?, operand(1)?)?;
            let b = broadcast(&operand(2)?, condition.len())?.to_vec();
            Some((0..condition.len()).map(|at| if condition[at] != 0.0 { a[at] } else { b[at] }).collect())
        }
        Op::Plain(Plain::Clamp) => {
            let bound = |at: usize| match step.operands.get(at) {
                None | Some(Operand::Absent) => Some(None),
                Some(_) => match operand(at)?.as_slice() {
                    [bound] => Some(Some(*bound)),
                    _ => None,
                },
            };
            let (low, high) = (bound(1)?.unwrap_or(f64::NEG_INFINITY), bound(2)?.unwrap_or(f64::INFINITY));
            map(&|x| x.max(low).min(high))
        }
        Op::Plain(Plain::Reduce { how, .. }) => reduce(*how, &broadcast(&operand(0)?, length)?),
        _ => None,
    }
}

fn pair(a: Vec<f64>, b: Vec<f64>) -> Option<(Vec<f64>, Vec<f64>)> {
    let length = a.len().max(b.len());
    Some((broadcast(&a, length)?.to_vec(), broadcast(&b, length)?.to_vec()))
}

fn reduce(how: Reduce, xs: &[f64]) -> Option<Vec<f64>> {
    let (count, sum) = (xs.len() as f64, xs.iter().sum::<f64>());
    let value = match how {
        Reduce::Sum => sum,
        Reduce::Mean => sum / count,
        Reduce::Variance { corrected } => {
            let squares: f64 = xs.iter().map(|x| (x - sum / count).powi(2)).sum();
            squares / (count - f64::from(u8::from(corrected)))
        }
        Reduce::Norm => xs.iter().map(|x| x * x).sum::<f64>().sqrt(),
        Reduce::Largest | Reduce::Least | Reduce::Product => return None,
    };
    Some(vec![value])
}

/// A function of one number.
fn unary(function: Unary, x: f64) -> f64 {
    match function {
        Unary::Abs => x.abs(),
        Unary::Ceil => x.ceil(),
        Unary::Cos => x.cos(),
        Unary::Erf => libm::erf(x),
        Unary::Exp => x.exp(),
        Unary::Floor => x.floor(),
        Unary::Log => x.ln(),
        Unary::Negative => -x,
        Unary::Not => f64::from(u8::from(x == 0.0)),
        Unary::Reciprocal => x.recip(),
        Unary::ReciprocalRoot => x.sqrt().recip(),
        Unary::Round => x.round_ties_even(),
        Unary::Sign => {
            if x == 0.0 {
                0.0
            } else {
                x.signum()
            }
        }
        Unary::Sin => x.sin(),
        Unary::Root => x.sqrt(),
        Unary::Square => x * x,
    }
}
