//! Batch norms and PReLUs of which only products and sums with constants by channel are left.
//!
//! Exporters compute what they can beforehand: of a batch norm's four vectors a factor and a summand are left. How these were
//! computed is known. With numbers in the place of the vectors, the whole function tells which is which.

use std::collections::{HashMap, HashSet};

use super::cone::{self, Cone, cones, constant};
use super::links::{Links, Sizes, name, output};
use crate::model::program::{Numbers, Op, Operand, Plain, Program, Step};

/// Numbers that stand for each vector, and for what comes in.
const TRIALS: usize = 9;
/// Vectors that a function may have.
const VECTORS: usize = 4;

/// Puts one step in the place of those that are a batch norm or a PReLU together.
pub fn recognize(program: &mut Program, sizes: &Sizes) {
    let links = Links::of(program);
    let makers = makers(program, &links);
    let mut taken: HashSet<usize> = HashSet::new();
    for end in (0..program.steps.len()).rev() {
        if taken.contains(&end) || !ends(&program.steps[end]) {
            continue;
        }
        let free = |cone: &Cone| cone.steps.iter().all(|step| !taken.contains(step));
        let found = cones(program, &links, end, &is_part).into_iter().filter(free).find_map(|cone| {
            let axis = Axis::of(program, &cone, sizes)?;
            Some((layer(program, &makers, &cone)?, axis, cone))
        });
        let Some(((op, vectors), axis, cone)) = found else { continue };
        let from = cone.from.clone();
        taken.extend(cone.steps);
        put(program, end, op, from, vectors, axis);
    }
}

fn ends(step: &Step) -> bool {
    matches!(step.op, Op::Plain(Plain::Binary(_))) && step.outputs.len() == 1
}

fn is_part(step: &Step) -> bool {
    let is_known = matches!(
        step.op,
        Op::Activation(_)
            | Op::Plain(Plain::Unary(_) | Plain::Binary(_) | Plain::Identity | Plain::Cast(Numbers::Real))
    );
    is_known && step.outputs.len() == 1
}

/// By what depends on no input, the step that computes it.
pub type Makers = HashMap<String, Step>;

pub fn makers(program: &Program, links: &Links) -> Makers {
    let fixed = program.steps.iter().filter(|step| !links.is_live(output(step)) && step.outputs.len() == 1);
    program.folded.iter().chain(fixed).map(|step| (output(step).to_owned(), step.clone())).collect()
}

/// Where the channels are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Axis {
    Second,
    Last { rank: usize },
}

impl Axis {
    /// The axis along which the constants of a cone lie, which must be one of those that layers have.
    fn of(program: &Program, cone: &Cone, sizes: &Sizes) -> Option<Self> {
        let own = sizes.get(&cone.from)?;
        let names = cone.steps.iter().flat_map(|at| &program.steps[*at].operands).filter_map(|one| name(Some(one)));
        let made: HashSet<_> = cone.steps.iter().map(|at| output(&program.steps[*at])).collect();
        let mut axes = HashSet::new();
        for value in names.filter(|name| *name != cone.from && !made.contains(name)) {
            let dims = match program.stored.get(value) {
                Some(stored) => stored.tensor.dims(),
                None => sizes.get(value)?,
            };
            let mut long = dims.iter().enumerate().filter(|(_, size)| **size > 1);
            if let Some((at, _)) = long.next() {
                long.next().is_none().then(|| axes.insert((own.len() + at).saturating_sub(dims.len())))?;
            }
        }
        let mut axes = axes.into_iter();
        let (axis, rank) = (axes.next().filter(|_| axes.next().is_none())?, own.len());
        match axis {
            1 => Some(Self::Second),
            axis if axis + 1 == rank && rank > 2 => Some(Self::Last { rank }),
            _ => None,
        }
    }
}

/// Puts a layer in the place of the step at `end`. Layers take channels second.
fn put(program: &mut Program, end: usize, op: Op, from: String, vectors: Vec<Operand>, axis: Axis) {
    let step = program.steps[end].clone();
    let out = output(&step).to_owned();
    let with = |op: Op, operands: Vec<Operand>, out: String| Step { op, operands, outputs: vec![out], ..step.clone() };
    let operands = |from: String| [vec![Operand::Value(from)], vectors.clone()].concat();
    let Axis::Last { rank } = axis else {
        program.steps[end] = with(op, operands(from), out);
        return;
    };
    let (last, places) = (rank as isize - 1, 1..rank as isize - 1);
    let [first, made] = ["before", "norm"].map(|end| format!("{out}#{end}"));
    let to_second = Plain::Permute([0, last].into_iter().chain(places).collect());
    let back = Plain::Permute(std::iter::once(0).chain(2..rank as isize).chain([1]).collect());
    let steps = [
        with(Op::Plain(to_second), vec![Operand::Value(from)], first.clone()),
        with(op, operands(first), made.clone()),
        with(Op::Plain(back), vec![Operand::Value(made)], out),
    ];
    program.steps.splice(end..=end, steps);
}

/// The layer that a cone is, with its vectors.
fn layer(program: &Program, makers: &Makers, cone: &Cone) -> Option<(Op, Vec<Operand>)> {
    let symbols = Symbols::of(program, makers, cone)?;
    let points: Vec<_> = (0..TRIALS).map(|at| ((at as f64 + 0.7) * 1.913).sin() * 3.0).collect();
    let mut values = symbols.values.clone();
    values.insert(cone.from.clone(), points.clone());
    let made = cone.evaluate_with(program, values, TRIALS)?;
    if made.iter().any(|value| !value.is_finite()) {
        return None;
    }
    symbols
        .prelu(&points, &made)
        .or_else(|| symbols.batch_norm(&symbols.epsilons(program, makers, cone), &points, &made))
}

fn is_close(made: &[f64], expected: impl Fn(usize) -> f64) -> bool {
    made.iter().enumerate().all(|(at, value)| {
        let expected = expected(at);
        (value - expected).abs() <= 1e-7 * (1.0 + expected.abs())
    })
}

/// Numbers in the place of vectors, and what was computed of them.
struct Symbols {
    vectors: Vec<String>,
    values: HashMap<String, Vec<f64>>,
}

impl Symbols {
    /// For the constants that a cone takes; none where one cannot be followed to vectors.
    fn of(program: &Program, makers: &Makers, cone: &Cone) -> Option<Self> {
        let mut symbols = Self { vectors: Vec::new(), values: HashMap::new() };
        for at in &cone.steps {
            for value in program.steps[*at].operands.iter().filter_map(|operand| name(Some(operand))) {
                if program.stored.contains_key(value) || makers.contains_key(value) {
                    symbols.follow(program, makers, value, 0)?;
                }
            }
        }
        (1..=VECTORS).contains(&symbols.vectors.len()).then_some(symbols)
    }

    fn follow(&mut self, program: &Program, makers: &Makers, value: &str, depth: usize) -> Option<()> {
        const DEPTH: usize = 24;
        if self.values.contains_key(value) || depth > DEPTH {
            return (depth <= DEPTH).then_some(());
        }
        let stored = program.stored.get(value).map(|stored| &stored.tensor);
        let numbers = if stored.is_some_and(|tensor| tensor.elem_count() == 1) {
            constant(program, &Operand::Value(value.to_owned()))?
        } else if let Some(step) = makers.get(value) {
            for operand in step.operands.iter().filter_map(|operand| name(Some(operand))) {
                // Sizes are no numbers of it.
                let is_size = program.stored.get(operand).is_some_and(|stored| !stored.tensor.dtype().is_float());
                if !is_size {
                    self.follow(program, makers, operand, depth + 1)?;
                }
            }
            self.computed(program, step)?
        } else {
            let long = stored?.dims().iter().filter(|size| **size > 1).count();
            if long != 1 || self.vectors.len() == VECTORS {
                return None;
            }
            let seed = self.vectors.len() as f64;
            self.vectors.push(value.to_owned());
            (0..TRIALS).map(|at| ((at as f64 + 1.1) * (seed + 1.37) * 0.8713).sin().abs() + 0.21).collect()
        };
        self.values.insert(value.to_owned(), numbers);
        Some(())
    }

    fn computed(&self, program: &Program, step: &Step) -> Option<Vec<f64>> {
        let moves = matches!(
            step.op,
            Op::Plain(Plain::Reshape { .. } | Plain::Expand { .. } | Plain::Unsqueeze(_) | Plain::Squeeze(_))
        );
        if moves {
            return self.values.get(name(step.operands.first())?).cloned();
        }
        cone::evaluate(program, step, &self.values, TRIALS)
    }

    fn row(&self, vector: usize) -> &[f64] {
        self.vectors.get(vector).and_then(|name| self.values.get(name)).map_or(&[], Vec::as_slice)
    }

    fn operand(&self, vector: Option<usize>) -> Operand {
        vector.and_then(|at| self.vectors.get(at)).map_or(Operand::Absent, |name| Operand::Value(name.clone()))
    }

    /// x where it is positive, else its product with a slope.
    fn prelu(&self, points: &[f64], made: &[f64]) -> Option<(Op, Vec<Operand>)> {
        let slopes = self.row(0);
        let expected = |at: usize| if points[at] > 0.0 { points[at] } else { points[at] * slopes[at] };
        (self.vectors.len() == 1 && is_close(made, expected)).then(|| (Op::Prelu, vec![self.operand(Some(0))]))
    }

    /// (x - mean) / sqrt(variance + epsilon) weight + bias, of which weight and bias may be left out.
    fn batch_norm(&self, epsilons: &[f64], points: &[f64], made: &[f64]) -> Option<(Op, Vec<Operand>)> {
        let count = self.vectors.len();
        let optional = || std::iter::once(None).chain((0..count).map(Some));
        for (mean, variance) in (0..count).flat_map(|mean| (0..count).map(move |variance| (mean, variance))) {
            for (weight, bias) in optional().flat_map(|weight| optional().map(move |bias| (weight, bias))) {
                let is_used = |at: usize| mean == at || variance == at || weight == Some(at) || bias == Some(at);
                if mean == variance || !(0..count).all(is_used) {
                    continue;
                }
                let number =
                    |vector: Option<usize>, at: usize, neutral: f64| vector.map_or(neutral, |v| self.row(v)[at]);
                let fits = |epsilon: &&f64| {
                    is_close(made, |at| {
                        let normed = (points[at] - self.row(mean)[at]) / (self.row(variance)[at] + **epsilon).sqrt();
                        normed * number(weight, at, 1.0) + number(bias, at, 0.0)
                    })
                };
                if let Some(epsilon) = epsilons.iter().find(fits) {
                    let epsilon = format!("{:e}", *epsilon as f32).parse().unwrap_or(*epsilon);
                    let vectors = [weight, bias, Some(mean), Some(variance)].map(|vector| self.operand(vector));
                    return Some((Op::BatchNorm { epsilon }, vectors.to_vec()));
                }
            }
        }
        None
    }

    /// Small numbers that the vectors were computed with.
    fn epsilons(&self, program: &Program, makers: &Makers, cone: &Cone) -> Vec<f64> {
        let known = self.values.keys().filter_map(|value| makers.get(value));
        let folded = known.flat_map(|step| &step.operands).filter_map(|operand| constant(program, operand));
        let all = folded.chain(cone.constants(program)).filter_map(|numbers| match numbers.as_slice() {
            [x] if (0.0..0.1).contains(x) => Some(*x),
            _ => None,
        });
        let mut all: Vec<_> = all.chain([0.0]).collect();
        all.sort_by(f64::total_cmp);
        all.dedup();
        all
    }
}
