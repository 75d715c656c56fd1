//! Pooling, and the norm over neighbouring channels that is made of it.

use super::super::call::{Call, Operator};
use super::super::reader::Result;
use super::constants::numbers;
use crate::model::program::{Binary, Op, Operand, Padding, Plain, Pool, Reduce, Unary};

pub const TABLE: &[(&str, Operator)] = &[
    ("MaxPool", |call| pool(call, false)),
    ("AveragePool", |call| pool(call, true)),
    ("GlobalAveragePool", global_average),
    ("GlobalMaxPool", global_max),
    ("LRN", local_response),
];

fn pool(call: &mut Call, is_average: bool) -> Result<()> {
    call.need(0)?;
    let kernel = call.sizes("kernel_shape")?.filter(|kernel| !kernel.is_empty());
    let kernel = kernel.ok_or_else(|| call.problem("it has no kernel_shape"))?;
    if !call.output(1).is_empty() && !is_average && call.node.proto.outputs.len() > 1 {
        return Err(call.problem("the places of the largest are asked for, which are not known here"));
    }
    let axes = kernel.len();
    let pool = Pool {
        is_average,
        stride: call.by_axis("strides", axes, 1)?,
        padding: call.padding(axes)?,
        dilation: call.by_axis("dilations", axes, 1)?,
        ceil: call.int("ceil_mode", 0) == 1,
        counts_padding: is_average && call.int("count_include_pad", 0) == 1,
        kernel,
    };
    let x = call.value(0);
    call.emit(Op::Pool(pool), vec![x])
}

fn global_average(call: &mut Call) -> Result<()> {
    let axes = call.rank(0)?.saturating_sub(2);
    let x = call.value(0);
    call.emit(Op::AdaptiveAveragePool { to: vec![1; axes] }, vec![x])
}

fn global_max(call: &mut Call) -> Result<()> {
    let axes = (2..call.rank(0)? as isize).collect();
    let x = call.value(0);
    call.plain(Plain::Reduce { how: Reduce::Largest, axes, keep: true }, vec![x])
}

/// x / (bias + alpha/size times the sum of squares of the channels around)^beta
fn local_response(call: &mut Call) -> Result<()> {
    let size = usize::try_from(call.int("size", 1)).ok().filter(|size| (1..1 << 16).contains(size));
    let size = size.ok_or_else(|| call.problem("its size is wrong"))?;
    let (alpha, beta, bias) = (call.float("alpha", 1e-4), call.float("beta", 0.75), call.float("bias", 1.0));
    let x = call.value(0);
    let window = Pool {
        is_average: true,
        kernel: vec![size, 1],
        stride: vec![1, 1],
        padding: Padding::By(vec![((size - 1) / 2, size / 2), (0, 0)]),
        dilation: vec![1, 1],
        ceil: false,
        counts_padding: true,
    };
    let squares = call.then_plain(Plain::Unary(Unary::Square), vec![x.clone()])?;
    // Channels and places become the two axes of an image of one channel.
    let shape = call.then_plain(Plain::Shape, vec![x.clone()])?;
    let flat = call.then_plain(Plain::Reshape { zero_copies: true }, vec![squares, numbers(&[0, 0, -1])])?;
    let image = call.then_plain(Plain::Unsqueeze(vec![1]), vec![flat])?;
    let mean = call.then(Op::Pool(window), vec![image])?;
    let mean = call.then_plain(Plain::Squeeze(vec![1]), vec![mean])?;
    let mean = call.then_plain(Plain::Reshape { zero_copies: false }, vec![mean, shape])?;
    let mean = call.then_plain(Plain::Binary(Binary::Multiply), vec![mean, Operand::Number(alpha)])?;
    let sum = call.then_plain(Plain::Binary(Binary::Add), vec![mean, Operand::Number(bias)])?;
    let divisor = call.then_plain(Plain::Binary(Binary::Power), vec![sum, Operand::Number(beta)])?;
    call.plain(Plain::Binary(Binary::Divide), vec![x, divisor])
}
