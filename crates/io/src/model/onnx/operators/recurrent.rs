//! Recurrent layers. ONNX has the gates in another order than PyTorch, and both biases in one tensor.

use candle_core::Tensor;
use neartop_core::kernels::Cell;

use super::super::call::{Call, Operator};
use super::super::reader::Result;
use super::constants::numbers;
use crate::model::ModelError;
use crate::model::program::{Op, Operand, Plain, Recurrent};

pub const TABLE: &[(&str, Operator)] = &[
    ("LSTM", |call| recurrent(call, Cell::Lstm)),
    ("GRU", |call| recurrent(call, Cell::Gru)),
    ("RNN", |call| recurrent(call, Cell::Tanh)),
];

/// Where the gates in PyTorch's order stand in ONNX's: i f g o among i o f c, r z n among z r h.
fn gates(cell: Cell) -> &'static [usize] {
    match cell {
        Cell::Lstm => &[0, 2, 3, 1],
        Cell::Gru => &[1, 0, 2],
        Cell::Tanh => &[0],
    }
}

fn functions(cell: Cell) -> &'static [&'static str] {
    match cell {
        Cell::Lstm => &["Sigmoid", "Tanh", "Tanh"],
        Cell::Gru => &["Sigmoid", "Tanh"],
        Cell::Tanh => &["Tanh"],
    }
}

fn recurrent(call: &mut Call, cell: Cell) -> Result<()> {
    check(call, cell)?;
    let direction = call.text("direction", "forward");
    let directions = 1 + usize::from(direction == "bidirectional");
    let hidden =
        usize::try_from(call.int("hidden_size", 0)).map_err(|_| call.problem("its hidden_size is negative"))?;
    let batch_first = call.int("layout", 0) == 1;
    let layer = Recurrent {
        cell,
        hidden,
        layers: 1,
        is_bidirectional: directions == 2,
        is_reversed: direction == "reverse",
        batch_first,
        has_biases: call.input(3).is_some(),
    };
    let mut operands = vec![call.value(0), state(call, 5), state(call, 6)];
    for at in 0..directions {
        operands.extend(weights(call, cell, at, directions)?);
    }
    let outputs = [call.output(0), call.output(1), call.output(2)];
    let all = call.fresh();
    // States and cells have samples first with this layout, which a step has never.
    if batch_first && outputs[1..].iter().any(|name| !name.is_empty()) {
        return Err(call.problem("last states with layout: 1 are not known"));
    }
    let [whole, last, cells] = outputs;
    call.emit_to(Op::Recurrent(layer), operands, vec![all.clone(), last, cells])?;
    if whole.is_empty() {
        return Ok(());
    }
    // Directions are an axis of their own: before the samples, or with samples first after the places.
    let all = Operand::Value(all);
    let (one, axes) = if batch_first { (2, vec![0, 1, 2, 3]) } else { (1, vec![0, 2, 1, 3]) };
    if directions == 1 {
        return call.plain(Plain::Unsqueeze(vec![one]), vec![all]);
    }
    let apart = call.then_plain(Plain::Unflatten { axis: 2 }, vec![all, numbers(&[2, hidden as isize])])?;
    call.plain(Plain::Permute(axes), vec![apart])
}

/// Refuses what PyTorch's layers cannot be.
fn check(call: &Call, cell: Cell) -> Result<()> {
    let named = call.texts("activations");
    let known = functions(cell);
    let is_known = named.iter().enumerate().all(|(at, name)| name.eq_ignore_ascii_case(known[at % known.len()]));
    if !is_known {
        return Err(call.problem(format!(
            "the activations {} are not known; {} are",
            named.join(", "),
            known.join(", ")
        )));
    }
    if call.float("clip", 0.0) != 0.0 || call.int("input_forget", 0) != 0 {
        return Err(call.problem("clip and input_forget are not known"));
    }
    if cell == Cell::Gru && call.int("linear_before_reset", 0) != 1 {
        return Err(call.problem(
            "linear_before_reset: 0 is another cell than PyTorch's; in Keras, export with GRU(reset_after=True)",
        ));
    }
    if let Some(lengths) = call.input(4) {
        let all = call.numbers(4).filter(|all| all.iter().all(|length| Some(length) == all.first()));
        if all.is_none() {
            return Err(call.problem(format!("samples of several lengths (`{lengths}`) are not known")));
        }
    }
    if call.input(7).is_some() && !call.numbers(7).is_some_and(|peepholes| peepholes.iter().all(|x| *x == 0.0)) {
        return Err(call.problem("peepholes are not known"));
    }
    Ok(())
}

/// A first state; none where it is zero.
fn state(call: &Call, at: usize) -> Operand {
    call.input(at).map_or(Operand::Absent, |name| start(call, name))
}

/// The state that a layer starts from; none where it is zero.
pub fn start(call: &Call, name: &str) -> Operand {
    let is_zero = |numbers: Option<Vec<f64>>| numbers.is_some_and(|state| state.iter().all(|x| *x == 0.0));
    // Zeros may be as many as there are samples.
    let maker =
        call.reader.program.steps.iter().rev().find(|step| step.outputs.first().map(String::as_str) == Some(name));
    let expanded =
        maker.filter(|step| matches!(step.op, Op::Plain(Plain::Expand { .. } | Plain::Full))).and_then(|step| {
            let from = step.operands.get(usize::from(step.op == Op::Plain(Plain::Full)))?;
            match from {
                Operand::Value(name) => call.known(name),
                Operand::Number(x) => Some(vec![*x]),
                _ => None,
            }
        });
    let is_absent = is_zero(call.known(name)) || is_zero(expanded);
    if is_absent { Operand::Absent } else { Operand::Value(name.to_owned()) }
}

/// The weights of a direction, as PyTorch has and calls them.
fn weights(call: &mut Call, cell: Cell, direction: usize, directions: usize) -> Result<Vec<Operand>> {
    let mut found = Vec::new();
    for (at, name) in [(1, "weight_ih"), (2, "weight_hh"), (3, "bias")] {
        if call.input(at).is_none() && at == 3 {
            continue;
        }
        let Some(tensor) = call.tensor(at).cloned() else {
            return Err(call.problem(format!("its input {at}, weights, depends on what comes in")));
        };
        if tensor.dims().first() != Some(&directions) {
            return Err(call.problem(format!("its input {at} is not of {directions} directions")));
        }
        let own = tensor.get(direction).map_err(|error| wrong(call, at, &error))?;
        let parts = match name {
            "bias" => own.chunk(2, 0).map_err(|error| wrong(call, at, &error))?,
            _ => vec![own],
        };
        let names: &[&str] = if name == "bias" { &["bias_ih", "bias_hh"] } else { &[name] };
        for (part, name) in parts.iter().zip(names) {
            let ordered = in_order(part, gates(cell)).map_err(|error| wrong(call, at, &error))?;
            let way = if direction == 1 { "_reverse" } else { "" };
            found.push(parameter(call, ordered, &format!("{name}_l0{way}")));
        }
    }
    Ok(found)
}

fn wrong(call: &Call, at: usize, error: &candle_core::Error) -> ModelError {
    call.problem(format!("its input {at}: {error}"))
}

fn in_order(part: &Tensor, gates: &[usize]) -> candle_core::Result<Tensor> {
    let chunks = part.chunk(gates.len(), 0)?;
    if chunks.len() != gates.len() {
        candle_core::bail!("it has no {} gates", gates.len());
    }
    Tensor::cat(&gates.iter().map(|gate| &chunks[*gate]).collect::<Vec<_>>(), 0)
}

/// The parameter of the file that a weight was made of, by its numbers; else a new one.
fn parameter(call: &mut Call, tensor: Tensor, name: &str) -> Operand {
    let numbers = |tensor: &Tensor| tensor.flatten_all().and_then(|tensor| tensor.to_vec1::<f32>()).ok();
    let wanted = numbers(&tensor);
    let stored = call.reader.program.stored.iter();
    let mut same: Vec<_> = stored
        .filter(|(_, stored)| stored.is_trained && stored.tensor.dims() == tensor.dims())
        .filter(|(_, stored)| wanted.is_some() && numbers(&stored.tensor) == wanted)
        .map(|(name, _)| name.clone())
        .collect();
    same.sort_unstable();
    // Biases of zeros may be the same; the name tells which.
    let kind = name.split("_l0").next().unwrap_or(name);
    let found = same.iter().find(|found| found.contains(kind)).or(same.first()).cloned();
    let found = found.unwrap_or_else(|| {
        let module = super::super::names::of_name(&call.node.proto.name, &call.node.proto.operator);
        let kept = format!("{module}.{name}");
        let is_free = !module.is_empty() && !call.reader.facts.contains_key(&kept);
        let kept = if is_free { kept } else { format!("{}#{name}", call.fresh()) };
        call.reader.store(&kept, tensor, true);
        if let Some(stored) = call.reader.program.stored.get_mut(&kept) {
            stored.is_trained = true;
        }
        kept
    });
    Operand::Value(found)
}
