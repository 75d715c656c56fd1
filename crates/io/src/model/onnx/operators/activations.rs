//! Functions of one number that are activations.

use candle_core::Tensor;
use neartop_core::catalog::Given;
use neartop_core::network::Activation;

use super::super::call::{Call, Operator};
use super::super::reader::Result;
use crate::model::program::{Binary, Op, Operand, Plain, Unary};

pub const TABLE: &[(&str, Operator)] = &[
    ("Relu", |call| simple(call, "relu")),
    ("Sigmoid", |call| simple(call, "sigmoid")),
    ("Tanh", |call| simple(call, "tanh")),
    ("Softplus", |call| simple(call, "softplus")),
    ("Softsign", |call| simple(call, "softsign")),
    ("HardSwish", |call| simple(call, "hardswish")),
    ("Mish", |call| simple(call, "mish")),
    ("LeakyRelu", |call| with(call, "leaky_relu", "negative_slope", "alpha", 0.01)),
    ("Elu", |call| with(call, "elu", "alpha", "alpha", 1.0)),
    ("Celu", |call| with(call, "celu", "alpha", "alpha", 1.0)),
    ("Selu", selu),
    ("HardSigmoid", hard_sigmoid),
    ("Gelu", gelu),
    ("Swish", swish),
    ("ThresholdedRelu", thresholded),
    ("Shrink", shrink),
    ("PRelu", prelu),
    ("Clip", clip),
    ("Softmax", |call| softmax(call, false)),
    ("LogSoftmax", |call| softmax(call, true)),
];

pub const MICROSOFT: &[(&str, Operator)] = &[
    ("Gelu", |call| simple(call, "gelu")),
    ("FastGelu", |call| biased(call, "gelu_tanh")),
    ("BiasGelu", |call| biased(call, "gelu")),
    ("QuickGelu", swish),
];

fn activation(call: &Call, name: &str, given: &[(&str, f64)]) -> Result<Op> {
    let given: Vec<_> = given.iter().map(|(name, x)| (*name, Given::Number(*x))).collect();
    let entry = Activation::find(name).ok_or_else(|| call.problem(format!("the activation {name} is not known")))?;
    Activation::new(entry, &given).map(Op::Activation).map_err(|why| call.problem(why))
}

fn simple(call: &mut Call, name: &str) -> Result<()> {
    let op = activation(call, name, &[])?;
    call.need(0)?;
    let x = call.value(0);
    call.emit(op, vec![x])
}

/// One with a parameter.
fn with(call: &mut Call, name: &str, parameter: &str, attribute: &str, default: f64) -> Result<()> {
    let op = activation(call, name, &[(parameter, call.float(attribute, default))])?;
    let x = call.value(0);
    call.emit(op, vec![x])
}

/// One of a sum with a bias.
fn biased(call: &mut Call, name: &str) -> Result<()> {
    let op = activation(call, name, &[])?;
    let (mut x, bias) = (call.value(0), call.value(1));
    if bias != Operand::Absent {
        x = call.then_plain(Plain::Binary(Binary::Add), vec![x, bias])?;
    }
    call.emit(op, vec![x])
}

fn selu(call: &mut Call) -> Result<()> {
    let (alpha, gamma) = (call.float("alpha", 1.673_263_2), call.float("gamma", 1.050_701));
    if (alpha - 1.673_263_2).abs() < 1e-4 && (gamma - 1.050_701).abs() < 1e-4 {
        return simple(call, "selu");
    }
    let elu = activation(call, "elu", &[("alpha", alpha)])?;
    let x = call.value(0);
    let x = call.then(elu, vec![x])?;
    call.plain(Plain::Binary(Binary::Multiply), vec![x, Operand::Number(gamma)])
}

fn hard_sigmoid(call: &mut Call) -> Result<()> {
    let (alpha, beta) = (call.float("alpha", 0.2), call.float("beta", 0.5));
    if (alpha - 1.0 / 6.0).abs() < 1e-6 && beta == 0.5 {
        return simple(call, "hardsigmoid");
    }
    let x = call.value(0);
    let x = call.then_plain(Plain::Binary(Binary::Multiply), vec![x, Operand::Number(alpha)])?;
    let x = call.then_plain(Plain::Binary(Binary::Add), vec![x, Operand::Number(beta)])?;
    call.plain(Plain::Clamp, vec![x, Operand::Number(0.0), Operand::Number(1.0)])
}

fn gelu(call: &mut Call) -> Result<()> {
    match call.text("approximate", "none").as_str() {
        "none" => simple(call, "gelu"),
        "tanh" => simple(call, "gelu_tanh"),
        other => Err(call.problem(format!("approximate: {other} is not known"))),
    }
}

/// x sigmoid(alpha x)
fn swish(call: &mut Call) -> Result<()> {
    let default = if call.node.proto.operator == "QuickGelu" { 1.702 } else { 1.0 };
    let alpha = call.float("alpha", default);
    if alpha == 1.0 {
        return simple(call, "silu");
    }
    let (x, sigmoid) = (call.value(0), activation(call, "sigmoid", &[])?);
    let scaled = call.then_plain(Plain::Binary(Binary::Multiply), vec![x.clone(), Operand::Number(alpha)])?;
    let gate = call.then(sigmoid, vec![scaled])?;
    call.plain(Plain::Binary(Binary::Multiply), vec![x, gate])
}

fn thresholded(call: &mut Call) -> Result<()> {
    let op = activation(call, "threshold", &[("threshold", call.float("alpha", 1.0)), ("value", 0.0)])?;
    let x = call.value(0);
    call.emit(op, vec![x])
}

fn shrink(call: &mut Call) -> Result<()> {
    let (bias, lambda) = (call.float("bias", 0.0), call.float("lambd", 0.5));
    let name = match bias {
        bias if bias == lambda => "softshrink",
        0.0 => "hardshrink",
        _ => return Err(call.problem(format!("a bias of {bias} with a lambd of {lambda} is not known"))),
    };
    let op = activation(call, name, &[("lambda", lambda)])?;
    let x = call.value(0);
    call.emit(op, vec![x])
}

/// Slopes by channel stand with axes of size 1 after them, as they are broadcast; a layer has them in one axis.
fn prelu(call: &mut Call) -> Result<()> {
    let (x, slopes) = (call.value(0), call.need(1)?.to_owned());
    let rank = call.fact(0).rank;
    let Some(tensor) = call.tensor(1).cloned() else {
        return Err(call.problem("its slopes depend on what comes in"));
    };
    let long = tensor.dims().iter().filter(|size| **size != 1).count();
    let axis = tensor.dims().iter().position(|size| *size > 1).unwrap_or(0);
    let is_second = |rank: usize| (rank + axis).checked_sub(tensor.rank()) == Some(1);
    let by_channel = tensor.rank() == 1 || rank.map_or(axis == 0, is_second);
    if tensor.elem_count() != 1 && !(long == 1 && by_channel) {
        let zero = || Operand::Number(0.0);
        let scaled = call.then_plain(Plain::Binary(Binary::Multiply), vec![x.clone(), Operand::Value(slopes)])?;
        let is_positive = call.then_plain(Plain::Binary(Binary::Greater), vec![x.clone(), zero()])?;
        return call.plain(Plain::Where, vec![is_positive, x, scaled]);
    }
    let flat = tensor.flatten_all().map_err(|error| call.problem(error.to_string()))?;
    let slopes = call.stored_as(&slopes, flat);
    call.emit(Op::Prelu, vec![x, slopes])
}

/// Bounds are attributes at first, and inputs later.
fn clip(call: &mut Call) -> Result<()> {
    let bound = |call: &Call, attribute: &str, at: usize| match call.has(attribute) {
        true => Operand::Number(call.float(attribute, 0.0)),
        false => match call.numbers(at).as_deref() {
            Some([bound]) => Operand::Number(*bound),
            _ => call.operand(at),
        },
    };
    let open = |bound: Operand| match bound {
        Operand::Number(x) if x.abs() >= 3.4e38 => Operand::Absent,
        bound => bound,
    };
    let (low, high) = (open(bound(call, "min", 1)), open(bound(call, "max", 2)));
    let x = call.value(0);
    match (&low, &high) {
        (Operand::Absent, Operand::Absent) => call.plain(Plain::Identity, vec![x]),
        _ => call.plain(Plain::Clamp, vec![x, low, high]),
    }
}

/// Before version 13 all axes from `axis` on were taken as one.
fn softmax(call: &mut Call, is_log: bool) -> Result<()> {
    let x = call.value(0);
    if call.node.version >= 13 {
        return call.emit(Op::Softmax { axis: call.axis("axis", -1), is_log }, vec![x]);
    }
    let rank = call.rank(0)? as isize;
    let axis = call.axis("axis", 1);
    let axis = if axis < 0 { axis + rank } else { axis };
    if axis == rank - 1 {
        return call.emit(Op::Softmax { axis, is_log }, vec![x]);
    }
    let flat = call.then_plain(Plain::Flatten { from: axis, to: -1 }, vec![x.clone()])?;
    let softmax = call.then(Op::Softmax { axis, is_log }, vec![flat])?;
    let shape = call.then_plain(Plain::Shape, vec![x])?;
    call.plain(Plain::Reshape { zero_copies: false }, vec![softmax, shape])
}

impl Call<'_, '_, '_> {
    /// A parameter with its numbers in other axes; what is no tensor of the file is kept under a name of its own.
    pub fn stored_as(&mut self, name: &str, tensor: Tensor) -> Operand {
        match self.reader.program.stored.get(name).cloned() {
            Some(stored) if stored.tensor.dims() == tensor.dims() => Operand::Value(name.to_owned()),
            stored => {
                let kept = self.fresh();
                self.reader.store(&kept, tensor, false);
                if let (Some(from), Some(to)) = (stored, self.reader.program.stored.get_mut(&kept)) {
                    (to.name, to.is_trained) = (from.name, from.is_trained);
                }
                Operand::Value(kept)
            }
        }
    }

    /// `Unary` functions of what the node takes.
    pub fn unary(&mut self, function: Unary) -> Result<()> {
        let x = self.value(0);
        self.plain(Plain::Unary(function), vec![x])
    }
}
