//! Loops that are recurrent layers.
//!
//! Keras on JAX writes an LSTM as a loop over places whose body is the cell's arithmetic. The body is computed once with numbers
//! of our own in the place of states and weights, and compared with what the cells of layers make of these.

use candle_core::{DType, Device, Tensor};
use neartop_core::kernels::Cell;

use super::call::{Call, Node};
use super::cells::{Body, Known, Roles};
use super::facts::Fact;
use super::messages;
use super::operators::start;
use super::reader::{Reader, Result};
use crate::model::program::{Binary, Op, Operand, Plain, Program, Recurrent};
use crate::model::trace::fixed_values;

/// The most loops of a file.
const LOOPS: usize = 256;

/// What a loop carries from turn to turn: the names inside, outside, and of what a turn makes of it.
type Carried = [String; 3];

/// What a loop carries, by what it is.
struct Sorted {
    /// Of which each turn takes its place.
    sequence: Carried,
    states: Vec<Carried>,
    /// What stays as it is.
    weights: Vec<Carried>,
}

/// A loop as its node and its body have it.
struct Loop<'g> {
    body: &'g messages::Graph,
    /// How often it runs.
    trips: i64,
    carried: Vec<Carried>,
    /// What it gives of every turn, inside.
    collected: Vec<String>,
}

impl Reader<'_> {
    /// Takes a loop that is a recurrent layer.
    pub(super) fn recurrence(&mut self, node: &Node, depth: usize) -> Result<()> {
        let unknown = || {
            node.problem(
                "a loop is known only where it is an LSTM, a GRU or a SimpleRNN of Keras from the first place to the last; for other \
                 loops, export the model with a layer in their place",
            )
        };
        let found = self.looped(node).filter(|_| self.loops < LOOPS).ok_or_else(unknown)?;
        self.loops += 1;
        let steps = self.steps_of(found.body, depth)?;
        let sorted = found.sorted(&steps).ok_or_else(unknown)?;
        let dims = |[_, outer, _]: &Carried| self.constants.get(outer).map(|tensor| tensor.dims().to_vec());
        let weights = sorted.weights.iter().map(dims).collect::<Option<Vec<_>>>().ok_or_else(unknown)?;
        let body = Body { weights, states: sorted.states.len() };
        let told = body.roles(&|known| self.turned(&found, &steps, &sorted, known));
        let (roles, collects) = told.ok_or_else(unknown)?;
        let mut call = Call { reader: self, node };
        let states = layer(&mut call, &found, &sorted, &roles)?.ok_or_else(unknown)?;
        give(&mut call, &found, &sorted, &roles, &states, &collects)?.ok_or_else(unknown)
    }

    fn looped<'g>(&self, node: &Node<'g>) -> Option<Loop<'g>> {
        let whole = |at: usize| {
            let tensor = self.constants.get(node.proto.inputs.get(at)?)?;
            tensor.to_dtype(DType::I64).and_then(|tensor| tensor.flatten_all()?.to_vec1::<i64>()).ok()?.first().copied()
        };
        let graph = node.proto.attributes.iter().find(|attribute| attribute.name == "body")?;
        let body = graph.graph.as_deref()?;
        let trips = whole(0).filter(|trips| *trips > 0)?;
        let is_open = node.proto.inputs.get(1).is_none_or(String::is_empty);
        let count = node.proto.inputs.len().checked_sub(2)?;
        let fits = body.inputs.len() == count + 2 && body.outputs.len() > count;
        if !(is_open || whole(1) == Some(1)) || !fits || !goes_on(body) {
            return None;
        }
        let carried = (0..count).map(|at| {
            let [inner, made] = [&body.inputs[at + 2], &body.outputs[at + 1]].map(|value| value.name.clone());
            [inner, node.proto.inputs[at + 2].clone(), made]
        });
        let collected = body.outputs[count + 1..].iter().map(|value| value.name.clone()).collect();
        Some(Loop { body, trips, carried: carried.collect(), collected })
    }

    /// The body's nodes as steps of a program of their own.
    fn steps_of(&mut self, body: &messages::Graph, depth: usize) -> Result<Program> {
        let empty = Program::new();
        let outer = std::mem::replace(&mut self.program, empty);
        let (facts, constants) = (self.facts.clone(), self.constants.clone());
        for value in &body.inputs {
            self.facts.insert(value.name.clone(), Fact { is_made: true, ..Fact::of(value) });
        }
        let taken = self.initializers(body).and_then(|()| self.nodes(&body.nodes, depth + 1));
        (self.facts, self.constants) = (facts, constants);
        let steps = std::mem::replace(&mut self.program, outer);
        taken.map(|()| steps)
    }

    /// What a turn makes of its states and, after these, collects, with known numbers in the place of what it takes.
    fn turned(&self, found: &Loop, steps: &Program, sorted: &Sorted, known: &Known) -> Option<Vec<Vec<f64>>> {
        let mut program = steps.clone();
        let mut give = |name: &str, tensor: Tensor| {
            let stored = crate::model::program::Stored { name: name.to_owned(), is_trained: false, tensor };
            program.stored.insert(name.to_owned(), stored);
        };
        give(&found.body.inputs[0].name, Tensor::new(0i64, &Device::Cpu).ok()?);
        give(&found.body.inputs[1].name, Tensor::new(1u8, &Device::Cpu).ok()?);
        let row = |numbers: &[f64], dims: &[usize]| Tensor::from_slice(numbers, dims, &Device::Cpu).ok();
        give(&sorted.sequence[0], row(&known.x, &[1, 1, known.x.len()])?);
        for ([inner, ..], numbers) in sorted.states.iter().zip(&known.states) {
            give(inner, row(numbers, &[1, numbers.len()])?);
        }
        for ([inner, outer, _], numbers) in sorted.weights.iter().zip(&known.weights) {
            give(inner, row(numbers, self.constants.get(outer)?.dims())?);
        }
        let wanted: Vec<_> = sorted.states.iter().map(|[.., made]| made).chain(&found.collected).collect();
        fixed_values(&program, &wanted)
    }
}

/// Whether the condition is handed on as it is.
fn goes_on(body: &messages::Graph) -> bool {
    let (Some(before), Some(after)) = (body.inputs.get(1), body.outputs.first()) else { return false };
    let hands_on = |node: &messages::Node| node.operator == "Identity" && node.inputs.first() == Some(&before.name);
    before.name == after.name
        || body.nodes.iter().any(|node| node.outputs.first() == Some(&after.name) && hands_on(node))
}

impl Loop<'_> {
    fn sorted(&self, steps: &Program) -> Option<Sorted> {
        let stays = |[inner, _, made]: &Carried| {
            inner == made
                || steps.steps.iter().any(|step| {
                    step.op == Op::Plain(Plain::Identity)
                        && step.outputs.first() == Some(made)
                        && step.operands == [Operand::Value(inner.clone())]
                })
        };
        let turn = Operand::Value(self.body.inputs.first()?.name.clone());
        let is_place = |inner: &String| {
            steps.steps.iter().any(|step| {
                matches!(step.op, Op::Plain(Plain::Select { axis: 0 } | Plain::Take { axis: 0 }))
                    && step.operands == [Operand::Value(inner.clone()), turn.clone()]
            })
        };
        let (fixed, states): (Vec<_>, Vec<_>) = self.carried.iter().cloned().partition(stays);
        let (mut sequences, weights): (Vec<_>, Vec<_>) = fixed.into_iter().partition(|[inner, ..]| is_place(inner));
        let sequence = sequences.pop().filter(|_| sequences.is_empty())?;
        Some(Sorted { sequence, states, weights })
    }
}

/// Adds the layer, and names its states of all places, its last state and its last cell; none where what comes in is not what
/// its cell takes.
fn layer(call: &mut Call, found: &Loop, sorted: &Sorted, roles: &Roles) -> Result<Option<[String; 3]>> {
    let outer = |at: usize| sorted.weights[at][1].clone();
    let sequence = &sorted.sequence[1];
    let projected = match roles.x {
        Some(weight) => Some((Operand::Value(sequence.clone()), outer(weight), None)),
        None => projection(call, sequence)?,
    };
    let Some((x, weight, bias)) = projected else { return Ok(None) };
    let bounds = vec![x, Operand::Number(0.0), Operand::Number(found.trips as f64), Operand::Absent];
    let x = call.then_plain(Plain::Slice { axis: 0 }, bounds)?;
    let mut operands = vec![x, Operand::Absent, Operand::Absent];
    for (place, state) in roles.states.iter().enumerate() {
        operands[1 + place] = start(call, &sorted.states[*state][1]);
    }
    let module = call.node.proto.outputs.iter().rev().find(|name| !name.is_empty()).cloned().unwrap_or_default();
    let made = [
        ("weight_ih", Some(weight)),
        ("weight_hh", Some(outer(roles.h))),
        ("bias_ih", roles.bias_x.map(outer).or(bias)),
        ("bias_hh", roles.bias_h.map(outer)),
    ];
    for (name, from) in made {
        let tensor = in_order(roles, from.and_then(|from| call.reader.constants.get(&from)));
        let tensor = tensor.map_err(|error| call.problem(error.to_string()))?;
        let kept = format!("{module}.{name}_l0");
        call.reader.store(&kept, tensor, true);
        call.reader.program.stored.get_mut(&kept).into_iter().for_each(|stored| stored.is_trained = true);
        operands.push(Operand::Value(kept));
    }
    let layer = Recurrent {
        cell: roles.cell,
        hidden: roles.units,
        layers: 1,
        is_bidirectional: false,
        is_reversed: false,
        batch_first: false,
        has_biases: true,
    };
    let states = ["states", "last", "cell"].map(|name| format!("{module}#{name}"));
    call.emit_to(Op::Recurrent(layer), operands, states.to_vec())?;
    Ok(Some(states))
}

/// Gives what the loop gives: what it carries after the last turn, then what it collected; none where that is no state.
fn give(
    call: &mut Call,
    found: &Loop,
    sorted: &Sorted,
    roles: &Roles,
    states: &[String; 3],
    collects: &[bool],
) -> Result<Option<()>> {
    let named = call.node.proto.outputs.clone();
    for ([_, outer, made], output) in found.carried.iter().zip(&named).filter(|(_, output)| !output.is_empty()) {
        let state = sorted.states.iter().position(|[.., own]| own == made);
        let (plain, from) = match state.and_then(|state| roles.states.iter().position(|own| *own == state)) {
            Some(place) => (Plain::Squeeze(vec![0]), states[1 + place].clone()),
            None => (Plain::Identity, outer.clone()),
        };
        call.emit_to(Op::Plain(plain), vec![Operand::Value(from)], vec![output.clone()])?;
    }
    let collected = named.iter().skip(found.carried.len()).zip(collects).filter(|(output, _)| !output.is_empty());
    for (output, is_state) in collected {
        if !is_state {
            return Ok(None);
        }
        call.emit_to(Op::Plain(Plain::Identity), vec![Operand::Value(states[0].clone())], vec![output.clone()])?;
    }
    Ok(Some(()))
}

/// A weight as PyTorch has it: units first, and the gates in its order, where Keras has those of a GRU as z r h. Zeros where
/// there is no bias.
fn in_order(roles: &Roles, tensor: Option<&Tensor>) -> candle_core::Result<Tensor> {
    let wide = roles.gates() * roles.units;
    let tensor = match tensor {
        None => Tensor::zeros(wide, DType::F32, &Device::Cpu)?,
        Some(tensor) if tensor.elem_count() == wide => tensor.flatten_all()?,
        Some(tensor) => tensor.t()?.contiguous()?,
    };
    match (roles.cell, tensor.chunk(3, 0)?.as_slice()) {
        (Cell::Gru, [z, r, h]) => Tensor::cat(&[r, z, h], 0),
        _ => Ok(tensor),
    }
}

fn is_spread(op: &Op) -> bool {
    matches!(op, Op::Plain(Plain::Expand { .. } | Plain::Reshape { .. }))
}

/// What a sequence of sums with weights is made of: the sequence before it, the weight, and the bias that is added.
type Projection = Option<(Operand, String, Option<String>)>;

fn projection(call: &mut Call, sequence: &str) -> Result<Projection> {
    let made =
        |value: &str| call.reader.program.steps.iter().find(|step| step.outputs.iter().any(|name| name == value));
    let first = |step: &crate::model::program::Step| match step.operands.first() {
        Some(Operand::Value(name)) => Some(name.clone()),
        _ => None,
    };
    let found = (|| {
        let permute = made(sequence)?;
        let Op::Plain(Plain::Permute(axes)) = &permute.op else { return None };
        let mut step = made(&first(permute)?)?;
        let mut bias = None;
        if step.op == Op::Plain(Plain::Binary(Binary::Add)) {
            let [Operand::Value(sum), Operand::Value(own)] = step.operands.as_slice() else { return None };
            let mut own = own;
            // It may stand as often as there are samples and places.
            while let Some(spread) = made(own).filter(|step| is_spread(&step.op)) {
                let Some(Operand::Value(before)) = spread.operands.first() else { return None };
                own = before;
            }
            bias = Some(own.clone());
            step = made(sum)?;
        }
        let (Op::Linear { transposed: true }, [Operand::Value(x), Operand::Value(weight), ..]) =
            (&step.op, step.operands.as_slice())
        else {
            return None;
        };
        Some((x.clone(), weight.clone(), bias, axes.clone()))
    })();
    let Some((x, weight, bias, axes)) = found else { return Ok(None) };
    let is_known = |name: &String| call.reader.constants.contains_key(name);
    if !is_known(&weight) || !bias.iter().all(is_known) {
        return Ok(None);
    }
    let x = call.then_plain(Plain::Permute(axes), vec![Operand::Value(x)])?;
    Ok(Some((x, weight, bias)))
}
