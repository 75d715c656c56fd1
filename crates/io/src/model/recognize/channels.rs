//! Programs that hold channels last, brought to channels first, as layers take them.
//!
//! Keras has channels last, and its exporters move them around every convolution. Here these moves are put off: a value that
//! is another one with its channels moved last is computed with channels first, and moved where something needs it so.

use std::collections::HashMap;

use super::links::{Links, name, output};
use crate::model::program::{Numbers, Op, Operand, Padding, Plain, Pool, Program, Step, Stored};

/// Puts off the moves of channels, where a program holds them last.
pub fn channels_first(program: &mut Program) {
    if has_channels_last(program) {
        put_off_moves(program);
    }
}

/// Puts off the moves of channels.
pub fn put_off_moves(program: &mut Program) {
    let steps = std::mem::take(&mut program.steps);
    let mut moving = Moving { program, steps: Vec::with_capacity(steps.len()), views: HashMap::new() };
    for step in steps {
        moving.take(step);
    }
    moving.program.steps = moving.steps;
    program.drop_unused();
}

fn to_last(rank: usize) -> Vec<isize> {
    let rank = rank as isize;
    std::iter::once(0).chain(2..rank).chain([1]).collect()
}

fn to_first(rank: usize) -> Vec<isize> {
    let rank = rank as isize;
    [0, rank - 1].into_iter().chain(1..rank - 1).collect()
}

/// Whether convolutions get their input moved to channels first and what they make is moved back: the input of the program, or
/// of all of them. Their weights have no names: PyTorch's exporters give them some, and its models hold channels first.
fn has_channels_last(program: &Program) -> bool {
    let links = Links::of(program);
    let convolutions: Vec<_> = program.steps.iter().filter(|step| matches!(step.op, Op::Convolution(_))).collect();
    let is_named = |step: &&Step| {
        let weight = name(step.operands.get(1)).and_then(|weight| program.stored.get(weight));
        weight.is_none_or(|weight| super::is_named(&weight.name))
    };
    if convolutions.is_empty() || convolutions.iter().any(is_named) {
        return false;
    }
    let maker = |value: Option<&str>| value.and_then(|value| links.maker(value)).map(|at| &program.steps[at]);
    let is_convolution = |step: &Step| matches!(step.op, Op::Convolution(_));
    let moved = |step: &Step| match maker(name(step.operands.first())) {
        Some(before) if is_convolution(before) => None,
        Some(before) => {
            permutes(before, to_first).then(|| starts_from_input(program, &links, name(before.operands.first())))
        }
        None => Some(false),
    };
    let goes_back = |step: &&Step| {
        let users = links.users(output(step));
        users.iter().all(|at| permutes(&program.steps[*at], to_last) || is_convolution(&program.steps[*at]))
    };
    let comes = |step: &&Step| {
        let before = maker(name(step.operands.first()));
        before.is_some_and(|before| permutes(before, to_first) || is_convolution(before))
    };
    let first = convolutions.iter().any(|step| moved(step) == Some(true));
    first && convolutions.iter().any(goes_back) || convolutions.iter().all(|step| comes(step) && goes_back(step))
}

fn permutes(step: &Step, order: fn(usize) -> Vec<isize>) -> bool {
    matches!(&step.op, Op::Plain(Plain::Permute(axes)) if axes.len() > 2 && *axes == order(axes.len()))
}

/// Whether a value is the program's input but for functions of its elements.
fn starts_from_input(program: &Program, links: &Links, value: Option<&str>) -> bool {
    const STEPS: usize = 64;
    let mut value = value;
    for _ in 0..STEPS {
        let Some(name) = value else { return false };
        if program.inputs.iter().any(|input| input.name == name) {
            return true;
        }
        let Some(step) = links.maker(name).map(|at| &program.steps[at]) else { return false };
        if !is_elementwise(&step.op) && !matches!(step.op, Op::Plain(Plain::Pad)) {
            return false;
        }
        let mut live = step.operands.iter().filter_map(|operand| self::name(Some(operand)));
        value = live.find(|name| links.is_live(name));
    }
    false
}

fn is_elementwise(op: &Op) -> bool {
    matches!(
        op,
        Op::Activation(_)
            | Op::Dropout
            | Op::Plain(
                Plain::Unary(_) | Plain::Binary(_) | Plain::Clamp | Plain::Identity | Plain::Cast(Numbers::Real)
            )
    )
}

/// What a value is of another: this of it.
#[derive(Debug, Clone, PartialEq)]
struct View {
    base: String,
    plain: Plain,
}

impl View {
    /// The number of axes, where channels are moved last.
    fn rank(&self) -> Option<usize> {
        match &self.plain {
            Plain::Permute(axes) => Some(axes.len()),
            _ => None,
        }
    }
}

/// Two axes before all others, as a pool gets that slides along every axis of a value.
const LIFTED: Plain = Plain::Unsqueeze(Vec::new());

struct Moving<'p> {
    program: &'p mut Program,
    steps: Vec<Step>,
    views: HashMap<String, View>,
}

impl Moving<'_> {
    fn view(&self, operand: Option<&Operand>) -> Option<&View> {
        self.views.get(name(operand)?)
    }

    fn take(&mut self, step: Step) {
        let done = match &step.op {
            Op::Plain(Plain::Permute(axes)) if axes.len() > 2 => self.permute(&step, axes),
            Op::Plain(Plain::Unsqueeze(axes)) => self.unsqueeze(&step, axes),
            Op::Plain(Plain::Squeeze(axes)) => self.squeeze(&step, axes),
            Op::Pool(pool) => self.pool(&step, pool),
            op if is_elementwise(op) => self.elementwise(&step),
            _ => self.along_axes(&step),
        };
        if done.is_none() {
            self.steps.push(step);
        }
    }

    /// Adds a step like another, with its own operator, operands and result.
    fn add(&mut self, like: &Step, op: Op, operands: Vec<Operand>, output: &str) {
        self.steps.push(Step { op, operands, outputs: vec![output.to_owned()], ..like.clone() });
    }

    /// Adds what a step makes as a view of a value.
    fn show(&mut self, like: &Step, base: String, plain: Plain) {
        let made = if plain == LIFTED { Plain::Unsqueeze(vec![0, 1]) } else { plain.clone() };
        self.add(like, Op::Plain(made), vec![Operand::Value(base.clone())], output(like));
        self.views.insert(output(like).to_owned(), View { base, plain });
    }

    fn permute(&mut self, step: &Step, axes: &[isize]) -> Option<()> {
        let from = name(step.operands.first())?.to_owned();
        let (base, axes) = match self.views.get(&from) {
            Some(View { base, plain: Plain::Permute(before) }) if before.len() == axes.len() => {
                let place = |axis: &isize| before.get(usize::try_from(*axis).ok()?).copied();
                (base.clone(), axes.iter().map(place).collect::<Option<Vec<_>>>()?)
            }
            _ => (from, axes.to_vec()),
        };
        if axes.is_sorted() {
            self.add(step, Op::Plain(Plain::Identity), vec![Operand::Value(base.clone())], output(step));
            if let Some(view) = self.views.get(&base).cloned() {
                self.views.insert(output(step).to_owned(), view);
            }
        } else if axes == to_last(axes.len()) {
            self.show(step, base, Plain::Permute(axes));
        } else {
            self.add(step, Op::Plain(Plain::Permute(axes)), vec![Operand::Value(base)], output(step));
        }
        Some(())
    }

    /// Two axes of size 1 before all others.
    fn unsqueeze(&mut self, step: &Step, axes: &[isize]) -> Option<()> {
        let from = name(step.operands.first())?.to_owned();
        let first = match self.views.get(&from) {
            Some(View { base, plain: Plain::Unsqueeze(before) }) if before.as_slice() == [0] => Some(base.clone()),
            _ => None,
        };
        match (axes, first) {
            ([0, 1], _) => self.show(step, from, LIFTED),
            ([0 | 1], Some(base)) => self.show(step, base, LIFTED),
            ([0], None) => self.show(step, from, Plain::Unsqueeze(vec![0])),
            _ => return None,
        }
        Some(())
    }

    fn squeeze(&mut self, step: &Step, axes: &[isize]) -> Option<()> {
        let view = self.view(step.operands.first()).filter(|view| view.plain == LIFTED && axes == [0, 1])?;
        let base = view.base.clone();
        if let Some(view) = self.views.get(&base).cloned() {
            self.views.insert(output(step).to_owned(), view);
        }
        self.add(step, Op::Plain(Plain::Identity), vec![Operand::Value(base)], output(step));
        Some(())
    }

    /// A window that slides along all axes but those of samples and channels, which come last.
    fn pool(&mut self, step: &Step, pool: &Pool) -> Option<()> {
        let base = self.view(step.operands.first()).filter(|view| view.plain == LIFTED)?.base.clone();
        let rank = pool.kernel.len();
        let places = 1..rank.checked_sub(1).filter(|last| *last > 1)?;
        let stays = |at: usize| {
            let pads = match &pool.padding {
                Padding::By(pads) => *pads.get(at).unwrap_or(&(0, 0)),
                Padding::Same { .. } => (0, 0),
            };
            pool.kernel[at] == 1 && pool.stride[at] == 1 && pads == (0, 0)
        };
        if !stays(0) || !stays(rank - 1) {
            return None;
        }
        let inner = Pool {
            kernel: pool.kernel[places.clone()].to_vec(),
            stride: pool.stride[places.clone()].to_vec(),
            dilation: pool.dilation[places.clone()].to_vec(),
            padding: match &pool.padding {
                Padding::By(pads) => Padding::By(pads.get(places)?.to_vec()),
                same @ Padding::Same { .. } => same.clone(),
            },
            ..pool.clone()
        };
        let out = output(step).to_owned();
        let named = |end: &str| Step { outputs: vec![format!("{out}#{end}")], ..step.clone() };
        let [before, pooled, last] = ["before", "first", "last"].map(named);
        let moves = |axes: Vec<isize>, from: &str, to: Step| Step {
            op: Op::Plain(Plain::Permute(axes)),
            operands: vec![Operand::Value(from.to_owned())],
            ..to
        };
        self.take(moves(to_first(rank), &base, before.clone()));
        let from = vec![Operand::Value(output(&before).to_owned())];
        self.add(step, Op::Pool(inner), from, output(&pooled));
        self.take(moves(to_last(rank), output(&pooled), last.clone()));
        self.show(step, output(&last).to_owned(), LIFTED);
        Some(())
    }

    /// A function of elements, computed before the move.
    fn elementwise(&mut self, step: &Step) -> Option<()> {
        let is_seen = |view: &&View| view.rank().is_some() || view.plain == LIFTED;
        let mut views = step.operands.iter().filter_map(|operand| self.view(Some(operand)));
        let view = views.find(is_seen)?.clone();
        let operands = step.operands.iter().map(|operand| self.before(operand, &view)).collect::<Option<Vec<_>>>()?;
        self.on_base(step, step.op.clone(), operands, view.plain)
    }

    /// An operand before the move.
    fn before(&mut self, operand: &Operand, view: &View) -> Option<Operand> {
        let Some(name) = name(Some(operand)) else { return Some(operand.clone()) };
        if let Some(own) = self.views.get(name).filter(|own| own.plain == view.plain) {
            return Some(Operand::Value(own.base.clone()));
        }
        let stored = self.program.stored.get(name)?.clone();
        if stored.tensor.elem_count() == 1 && stored.tensor.rank() <= 1 {
            return Some(operand.clone());
        }
        self.constant(name, &stored, view.rank()?)
    }

    /// A constant beside values with channels last, as it stands beside those with channels first.
    fn constant(&mut self, name: &str, stored: &Stored, rank: usize) -> Option<Operand> {
        let missing = rank.checked_sub(stored.tensor.rank())?;
        let dims: Vec<_> = std::iter::repeat_n(1, missing).chain(stored.tensor.dims().iter().copied()).collect();
        let order: Vec<_> = to_first(rank).into_iter().filter_map(|axis| usize::try_from(axis).ok()).collect();
        let moved = stored.tensor.reshape(dims).and_then(|tensor| tensor.permute(order)?.contiguous()).ok()?;
        let kept = format!("{name}#first");
        if !self.program.stored.contains_key(&kept) {
            // Only the order of the axes may change, so that it is still the same parameter.
            let is_vector = moved.dims().iter().filter(|size| **size > 1).count() <= 1;
            if is_vector {
                self.program.folded.push(Step {
                    op: Op::Plain(Plain::Reshape { zero_copies: false }),
                    operands: vec![Operand::Value(name.to_owned()), Operand::Absent],
                    outputs: vec![kept.clone()],
                    module: String::new(),
                    place: String::new(),
                    original: String::new(),
                });
            }
            self.program.stored.insert(kept.clone(), Stored { tensor: moved, ..stored.clone() });
        }
        Some(Operand::Value(kept))
    }

    /// Adds a step before the move, and what it makes as a view.
    fn on_base(&mut self, step: &Step, op: Op, operands: Vec<Operand>, plain: Plain) -> Option<()> {
        let base = format!("{}#first", output(step));
        self.add(step, op, operands, &base);
        self.show(step, base, plain);
        Some(())
    }

    /// What works along axes, which are other ones before the move.
    fn along_axes(&mut self, step: &Step) -> Option<()> {
        let first = match step.operands.first() {
            Some(Operand::List(list)) => self.view(list.first()),
            operand => self.view(operand),
        };
        let view = first.filter(|view| view.rank().is_some())?.clone();
        let (rank, Plain::Permute(order)) = (view.rank()?, &view.plain) else { return None };
        let axis = |axis: isize| {
            let at = if axis < 0 { axis + rank as isize } else { axis };
            order.get(usize::try_from(at).ok()?).copied()
        };
        let base = |rest: &[Operand]| [&[Operand::Value(view.base.clone())], rest].concat();
        let rest = step.operands.get(1..).unwrap_or_default();
        let (op, operands) = match &step.op {
            Op::Softmax { axis: at, is_log } => (Op::Softmax { axis: axis(*at)?, is_log: *is_log }, base(rest)),
            Op::Plain(Plain::Slice { axis: at }) => (Op::Plain(Plain::Slice { axis: axis(*at)? }), base(rest)),
            Op::Plain(Plain::Reduce { how, axes, keep }) => {
                let axes = axes.iter().map(|at| axis(*at)).collect::<Option<Vec<_>>>()?;
                let stays: Vec<_> = order.iter().filter(|at| !axes.contains(at)).collect();
                let op = Op::Plain(Plain::Reduce { how: *how, axes, keep: *keep });
                if !*keep {
                    // Without the axes along which it goes, the others must stand in the same order.
                    stays.is_sorted().then(|| self.add(step, op, base(rest), output(step)))?;
                    return Some(());
                }
                (op, base(rest))
            }
            Op::Plain(Plain::Concat { axis: at }) => {
                let Some(Operand::List(list)) = step.operands.first() else { return None };
                let all = list.iter().map(|one| self.view(Some(one)).filter(|own| own.plain == view.plain));
                let all = all.map(|own| Some(Operand::Value(own?.base.clone()))).collect::<Option<Vec<_>>>()?;
                (Op::Plain(Plain::Concat { axis: axis(*at)? }), vec![Operand::List(all)])
            }
            Op::Plain(Plain::Pad) => (Op::Plain(Plain::Pad), base(&padded(rest, rank, order)?)),
            _ => return None,
        };
        self.on_base(step, op, operands, view.plain.clone())
    }
}

/// Pads before the move: by axis from the last on.
fn padded(rest: &[Operand], rank: usize, order: &[isize]) -> Option<Vec<Operand>> {
    let [Operand::List(pads), rest @ ..] = rest else { return None };
    let mut by_axis = vec![[Operand::Number(0.0), Operand::Number(0.0)]; rank];
    for (at, pair) in pads.chunks_exact(2).enumerate() {
        let own = order.get(rank.checked_sub(at + 1)?)?;
        *by_axis.get_mut(usize::try_from(*own).ok()?)? = [pair[0].clone(), pair[1].clone()];
    }
    let pads = by_axis.into_iter().rev().flatten().collect();
    Some([&[Operand::List(pads)], rest].concat())
}
