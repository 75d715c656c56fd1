//! Norms over any axes, taken apart to means and roots, told by what they make of whole tensors.

use std::collections::HashSet;

use candle_core::{Device, Tensor};

use super::by_channel::{Makers, makers};
use super::cone::{Cone, cones_up_to};
use super::dense::flat;
use super::links::{Links, Sizes, name, output, passes};
use super::norms::is_bound;
use super::outline::{Affine, Outline};
use crate::model::program::{Op, Operand, Plain, Program, Reduce, Step, Stored, Unary};

/// Steps of the largest part that is looked at.
const STEPS: usize = 96;
/// Elements of the largest value that is computed.
const ELEMENTS: usize = 1 << 22;
/// Samples that tell scale and shift at every place.
const SAMPLES: usize = 4;

/// Computes values of a program that takes nothing.
pub type Evaluate<'e> = &'e dyn Fn(&Program, &[&String]) -> Option<Vec<Vec<f64>>>;

/// Whether a step may be a part of such a norm.
fn is_part(step: &Step) -> bool {
    let gathers = matches!(
        step.op,
        Op::Plain(
            Plain::Reduce { .. }
                | Plain::Permute(_)
                | Plain::Shape
                | Plain::Size { .. }
                | Plain::Take { .. }
                | Plain::Slice { .. }
                | Plain::Concat { .. }
                | Plain::Full
                | Plain::FullLike
        )
    );
    passes(step) || gathers && step.outputs.len() == 1 || is_bound(step)
}

/// Whether a step takes a root, as every norm does.
pub fn is_root(step: &Step) -> bool {
    match &step.op {
        Op::Plain(Plain::Unary(Unary::Root | Unary::ReciprocalRoot) | Plain::Reduce { how: Reduce::Norm, .. }) => true,
        Op::Plain(Plain::Binary(crate::model::program::Binary::Power)) => {
            matches!(step.operands.get(1), Some(Operand::Number(power)) if power.abs() == 0.5)
        }
        _ => false,
    }
}

/// Puts one norm, with what moves axes around it, in the place of the steps that are one together.
///
/// True where channels stand last, and are moved first and back around a norm.
pub fn recognize(program: &mut Program, sizes: &Sizes, evaluate: Evaluate<'_>) -> bool {
    let links = Links::of(program);
    let makers = makers(program, &links);
    let (mut taken, mut moves): (HashSet<usize>, bool) = (HashSet::new(), false);
    for end in (0..program.steps.len()).rev() {
        if taken.contains(&end) || !matches!(program.steps[end].op, Op::Plain(Plain::Binary(_))) {
            continue;
        }
        let free = |cone: &Cone| cone.steps.iter().all(|step| !taken.contains(step));
        let found = cones_up_to(program, &links, end, &is_part, STEPS).into_iter().filter(free).find_map(|cone| {
            let parts = Part::all(program, &makers, &cone, sizes);
            Some((parts.into_iter().find_map(|part| part.norm(evaluate))?, cone))
        });
        let Some((norm, cone)) = found else { continue };
        let ends = around(program, &links, &cone, sizes, &norm);
        moves |= put(program, ends, &cone, norm);
        taken.extend(cone.steps);
    }
    moves
}

/// What a norm takes and the step that it replaces.
struct Ends {
    from: String,
    last: usize,
    /// Whether new borders of axes before and after it fall away.
    is_whole: bool,
}

/// The ends of a norm, before and after other borders between the axes that stand around it.
fn around(program: &Program, links: &Links, cone: &Cone, sizes: &Sizes, norm: &Norm) -> Ends {
    let end = cone.steps.last().copied().unwrap_or_default();
    let inner = Ends { from: cone.from.clone(), last: end, is_whole: false };
    let image = norm.outline.image(norm.affine);
    let outer = || {
        let before = &program.steps[links.maker(&cone.from)?];
        let from = name(before.operands.first())?;
        let last = only_user(program, links, output(&program.steps[end]))?;
        let after = &program.steps[last];
        let reshapes = |step: &Step| matches!(step.op, Op::Plain(Plain::Reshape { .. }));
        let fits = |value: &str| sizes.get(value) == Some(&image);
        (reshapes(before) && reshapes(after) && fits(from) && fits(output(after))).then(|| Ends {
            from: from.to_owned(),
            last,
            is_whole: true,
        })
    };
    match norm.affine == Affine::Place || image == norm.outline.dims || !norm.order.is_sorted() {
        true => inner,
        false => outer().unwrap_or(inner),
    }
}

/// The only step that takes a value, but for those that take its sizes.
fn only_user(program: &Program, links: &Links, value: &str) -> Option<usize> {
    let takes_sizes = |at: &usize| matches!(program.steps[*at].op, Op::Plain(Plain::Shape | Plain::Size { .. }));
    let mut users = links.users(value).iter().copied().filter(|at| !takes_sizes(at));
    let first = users.next()?;
    users.all(|user| user == first).then_some(first)
}

/// A norm, and what it takes.
struct Norm {
    affine: Affine,
    outline: Outline,
    order: Vec<usize>,
    epsilon: f64,
    is_centred: bool,
    weights: [Option<String>; 2],
}

/// Steps that may be a norm of one value along axes of it.
struct Part<'p> {
    program: &'p Program,
    makers: &'p Makers,
    cone: &'p Cone,
    /// Of what the steps make.
    outline: Outline,
    /// The order in which that has the axes of what the steps take.
    order: Vec<usize>,
}

impl<'p> Part<'p> {
    /// What steps may be, as they are and with the axes of some values in another order.
    fn all(program: &'p Program, makers: &'p Makers, cone: &'p Cone, sizes: &Sizes) -> Vec<Self> {
        let rank = sizes.get(&cone.from).map_or(0, Vec::len);
        let mut orders = vec![(0..rank).collect()];
        if rank > 2 {
            orders.push(std::iter::once(0).chain(2..rank).chain([1]).collect());
            orders.push([0, rank - 1].into_iter().chain(1..rank - 1).collect());
        }
        orders.into_iter().filter_map(|order| Self::of(program, makers, cone, sizes, order)).collect()
    }

    fn of(program: &'p Program, makers: &'p Makers, cone: &'p Cone, sizes: &Sizes, order: Vec<usize>) -> Option<Self> {
        let steps = || cone.steps.iter().map(|at| &program.steps[*at]);
        let dims = sizes.get(&cone.from)?.clone();
        let ordered: Vec<_> = order.iter().map(|axis| dims[*axis]).collect();
        let is_small = (1..=ELEMENTS).contains(&dims.iter().product());
        if !is_small || sizes.get(output(steps().next_back()?))? != &ordered || !steps().any(is_root) {
            return None;
        }
        let mut axes: Option<Vec<usize>> = None;
        for step in steps() {
            let Op::Plain(Plain::Reduce { axes: own, .. }) = &step.op else { continue };
            let from_start = |axis: &isize| usize::try_from(if *axis < 0 { axis + dims.len() as isize } else { *axis });
            let own = own.iter().map(from_start).collect::<Result<Vec<_>, _>>().ok()?;
            let place = |axis: &usize| order.iter().position(|from| from == axis);
            let mut own = match sizes.get(name(step.operands.first())?)? {
                made if *made == ordered => own,
                taken if *taken == dims => own.iter().map(place).collect::<Option<_>>()?,
                _ => return None,
            };
            own.sort_unstable();
            if axes.get_or_insert_with(|| own.clone()) != &own {
                return None;
            }
        }
        let outline = Outline::new(ordered, axes?)?;
        Some(Self { program, makers, cone, outline, order })
    }

    /// The norm that the steps are.
    fn norm(&self, evaluate: Evaluate<'_>) -> Option<Norm> {
        let rounds = SAMPLES.div_ceil(self.outline.samples());
        let rounds: Vec<_> = (0..rounds).map(|round| self.round(round, evaluate)).collect::<Option<_>>()?;
        let sources = self.sources();
        self.epsilons().into_iter().find_map(|epsilon| {
            [true, false].into_iter().find_map(|is_centred| {
                let normed = rounds.iter().map(|(x, y)| (self.outline.normed(x, epsilon, is_centred), y.as_slice()));
                let (scale, shift) = self.outline.affine(normed.collect())?;
                self.outline.affines().into_iter().find_map(|affine| {
                    let weight = self.vector(&sources, affine, &scale, 1.0)?;
                    let bias = self.vector(&sources, affine, &shift, 0.0)?;
                    let fits = self.outline.allows(affine, is_centred) && (is_centred || bias.is_none());
                    fits.then(|| Norm {
                        affine,
                        outline: self.outline.clone(),
                        order: self.order.clone(),
                        epsilon,
                        is_centred,
                        weights: [weight, bias],
                    })
                })
            })
        })
    }

    /// Some numbers, and what the steps make of them.
    fn round(&self, round: usize, evaluate: Evaluate<'_>) -> Option<(Vec<f64>, Vec<f64>)> {
        let count = self.outline.dims.iter().product();
        let number = |at: usize| {
            let at = (at + round * count) as f64;
            (at * 0.7713).sin() * 1.9 + (at * 0.1307).cos() + (at * 12.9898).sin() * 0.3
        };
        let numbers: Vec<_> = (0..count).map(number).collect();
        let tensor = Tensor::from_vec(numbers.clone(), self.outline.dims.as_slice(), &Device::Cpu).ok()?;
        let back = (0..self.order.len()).filter_map(|axis| self.order.iter().position(|from| *from == axis));
        let tensor = tensor.permute(back.collect::<Vec<_>>()).and_then(|tensor| tensor.contiguous()).ok()?;
        let mut part = Program::new();
        let from = self.cone.from.clone();
        part.stored.insert(from.clone(), Stored { name: from, is_trained: false, tensor });
        for at in &self.cone.steps {
            let step = &self.program.steps[*at];
            step.operands.iter().for_each(|operand| operand.names(&mut |name| self.need(name, &mut part)));
            part.steps.push(step.clone());
        }
        let end = output(part.steps.last()?).to_owned();
        let made = evaluate(&part, &[&end])?.pop()?;
        if made.len() != numbers.len() || !made.iter().all(|y| y.is_finite()) {
            return None;
        }
        Some((numbers, made))
    }

    /// Adds what makes a constant to a program.
    fn need(&self, value: &str, part: &mut Program) {
        let is_made = part.steps.iter().any(|step| output(step) == value);
        if part.stored.contains_key(value) || is_made {
            return;
        }
        if let Some(stored) = self.program.stored.get(value) {
            part.stored.insert(value.to_owned(), stored.clone());
        } else if let Some(step) = self.makers.get(value) {
            step.operands.iter().for_each(|operand| operand.names(&mut |name| self.need(name, part)));
            part.steps.push(step.clone());
        }
    }

    /// The tensors of the file that the steps take, by themselves or moved about.
    fn sources(&self) -> Vec<String> {
        let mut open: Vec<String> = Vec::new();
        for at in &self.cone.steps {
            let operands = &self.program.steps[*at].operands;
            operands.iter().for_each(|operand| operand.names(&mut |name| open.push(name.to_owned())));
        }
        let (mut seen, mut found) = (HashSet::new(), Vec::new());
        while let Some(value) = open.pop() {
            if !seen.insert(value.clone()) {
                continue;
            }
            match self.makers.get(&value) {
                Some(step) => {
                    step.operands.iter().for_each(|operand| operand.names(&mut |name| open.push(name.to_owned())));
                }
                None if self.program.stored.get(&value).is_some_and(|one| one.tensor.dtype().is_float()) => {
                    found.push(value);
                }
                None => {}
            }
        }
        found
    }

    /// The tensor that has a norm's numbers, or none where they change nothing; nothing at all where no tensor has them.
    fn vector(&self, sources: &[String], affine: Affine, at_places: &[f64], neutral: f64) -> Option<Option<String>> {
        let numbers = self.outline.by_unit(affine, at_places)?;
        let close = |a: f64, b: f64| (a - b).abs() <= 1e-5 * (1.0 + b.abs());
        let has = |value: &&String| {
            let tensor = self.program.stored.get(*value).map(|stored| &stored.tensor);
            let known = tensor.filter(|tensor| tensor.elem_count() == numbers.len());
            let known = known.and_then(|tensor| {
                tensor.to_dtype(candle_core::DType::F64).and_then(|all| all.flatten_all()?.to_vec1::<f64>()).ok()
            });
            known.is_some_and(|known| known.iter().zip(&numbers).all(|(a, b)| close(*a, *b)))
        };
        match sources.iter().find(has) {
            Some(value) => Some(Some(value.clone())),
            None => numbers.iter().all(|x| close(*x, neutral)).then_some(None),
        }
    }

    /// Small numbers that the steps take, which may be added to a variance.
    fn epsilons(&self) -> Vec<f64> {
        let mut all: Vec<_> = self.cone.constants(self.program);
        all.extend(
            self.sources()
                .iter()
                .filter_map(|value| super::cone::constant(self.program, &Operand::Value(value.clone()))),
        );
        let small = all.into_iter().filter_map(|numbers| match numbers.as_slice() {
            [x] if (0.0..0.1).contains(x) => Some(*x),
            _ => None,
        });
        let mut small: Vec<f64> = small.map(|x| format!("{:e}", x as f32).parse().unwrap_or(x)).chain([0.0]).collect();
        small.sort_by(|a, b| b.total_cmp(a));
        small.dedup();
        small
    }
}

/// Puts a norm in the place of a step, with what moves axes before it and back. True where it moves channels.
fn put(program: &mut Program, ends: Ends, cone: &Cone, norm: Norm) -> bool {
    let Ends { from, last: end, is_whole } = ends;
    let Norm { affine, outline, order, epsilon, is_centred, weights } = norm;
    let shape = outline.tensor_of(affine);
    let mut operands = Vec::new();
    for weight in weights {
        operands.push(weight.and_then(|value| shaped(program, value, &shape)).unwrap_or(Operand::Absent));
    }
    if !is_centred {
        operands.truncate(1);
    }
    let op = outline.op(affine, is_centred, epsilon);
    let (first, out) = (program.steps[cone.steps[0]].clone(), output(&program.steps[end]).to_owned());
    let with = |op: Op, operands: Vec<Operand>, out: String| Step { op, operands, outputs: vec![out], ..first.clone() };
    let (mut before, mut after) = outline.moves(affine);
    if is_whole {
        before.remove(0);
        after.pop();
    }
    if !order.is_sorted() {
        reorder(&mut before, order);
    }
    let moves = affine != Affine::Place && before.iter().any(|(plain, _)| matches!(plain, Plain::Permute(_)));
    let (mut steps, mut value) = (Vec::new(), from);
    for (at, (plain, more)) in before.into_iter().enumerate() {
        let made = format!("{out}#before{at}");
        steps.push(with(Op::Plain(plain), [vec![Operand::Value(value)], more].concat(), made.clone()));
        value = made;
    }
    let last = after.len();
    let made = if last == 0 { out.clone() } else { format!("{out}#norm") };
    steps.push(with(op, [vec![Operand::Value(value)], operands].concat(), made.clone()));
    value = made;
    for (at, (plain, more)) in after.into_iter().enumerate() {
        let made = if at + 1 == last { out.clone() } else { format!("{out}#after{at}") };
        steps.push(with(Op::Plain(plain), [vec![Operand::Value(value)], more].concat(), made.clone()));
        value = made;
    }
    program.steps.splice(end..=end, steps);
    moves
}

/// Puts a move of axes before others; two that undo each other fall away.
fn reorder(moves: &mut Vec<(Plain, Vec<Operand>)>, order: Vec<usize>) {
    let order: Vec<_> = order.into_iter().map(|axis| axis as isize).collect();
    let order = match moves.first() {
        Some((Plain::Permute(next), _)) => {
            let both = next.iter().filter_map(|axis| order.get(usize::try_from(*axis).ok()?).copied()).collect();
            moves.remove(0);
            both
        }
        _ => order,
    };
    if !order.is_sorted() {
        moves.insert(0, (Plain::Permute(order), Vec::new()));
    }
}

/// A parameter in the shape that a layer takes.
fn shaped(program: &mut Program, value: String, shape: &[usize]) -> Option<Operand> {
    let stored = program.stored.get(&value)?.clone();
    match shape {
        [_] => flat(program, Some(value.clone()), &value, &stored.tensor),
        _ if stored.tensor.dims() == shape => Some(Operand::Value(value)),
        _ => {
            let (kept, tensor) = (format!("{value}#shaped"), stored.tensor.reshape(shape).ok()?);
            program.stored.insert(kept.clone(), Stored { tensor, ..stored });
            Some(Operand::Value(kept))
        }
    }
}
