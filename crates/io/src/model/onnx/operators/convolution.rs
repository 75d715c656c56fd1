//! Convolutions and their transposes.

use super::super::call::{Call, Operator};
use super::super::reader::Result;
use crate::model::program::{Binary, Convolution, Op, Operand, Padding, Plain, Pool};
use crate::model::recognize::is_named;

pub const TABLE: &[(&str, Operator)] =
    &[("Conv", |call| convolution(call, false)), ("ConvTranspose", |call| convolution(call, true))];

/// What the older exporter calls weights and biases of convolutions that it changed begins so.
pub const FOLDED: &str = "onnx::Conv_";

fn convolution(call: &mut Call, is_transposed: bool) -> Result<()> {
    call.need(0)?;
    call.need(1)?;
    let rank = call.rank(1)?;
    let axes =
        rank.checked_sub(2).filter(|axes| *axes > 0).ok_or_else(|| call.problem("its weight has too few axes"))?;
    if axes > 2 && !is_transposed && sums_a_window(call) {
        return window(call, axes);
    }
    if is_transposed && call.has("output_shape") {
        return Err(call.problem("an output_shape is not known; give pads and output_padding"));
    }
    let padding = call.padding(axes)?;
    if is_transposed && matches!(padding, Padding::Same { .. }) {
        return Err(call.problem("auto_pad is not known here; give pads and output_padding"));
    }
    let convolution = Convolution {
        axes,
        stride: call.by_axis("strides", axes, 1)?,
        padding,
        dilation: call.by_axis("dilations", axes, 1)?,
        groups: usize::try_from(call.int("group", 1)).map_err(|_| call.problem("its group is negative"))?,
        is_transposed,
        output_padding: call.by_axis("output_padding", axes, 0)?,
    };
    let mut operands: Vec<_> = (0..3).map(|at| call.value(at)).collect();
    // Exporters write zeros where there is no bias; those of the older one are what a batch norm was folded into.
    let is_own = call.input(2).is_some_and(|name| is_named(name) || name.starts_with(FOLDED));
    if !is_own && call.numbers(2).is_some_and(|bias| bias.iter().all(|x| *x == 0.0)) {
        operands[2] = Operand::Absent;
    }
    call.emit(Op::Convolution(convolution), operands)
}

/// Whether the weight is ones of a single channel, so that a window is summed: no layer, but how means are written.
fn sums_a_window(call: &Call) -> bool {
    let ones = call.numbers(1).is_some_and(|numbers| numbers.iter().all(|x| *x == 1.0));
    let single = call.tensor(1).is_some_and(|weight| weight.dims().starts_with(&[1, 1]));
    ones && single && call.input(2).is_none() && !call.input(1).is_some_and(is_named)
}

fn window(call: &mut Call, axes: usize) -> Result<()> {
    let kernel: Vec<_> = call.tensor(1).map(|weight| weight.dims()[2..].to_vec()).unwrap_or_default();
    let count = kernel.iter().product::<usize>() as f64;
    let pool = Pool {
        is_average: true,
        kernel,
        stride: call.by_axis("strides", axes, 1)?,
        padding: call.padding(axes)?,
        dilation: call.by_axis("dilations", axes, 1)?,
        ceil: false,
        counts_padding: true,
    };
    let x = call.value(0);
    let mean = call.then(Op::Pool(pool), vec![x])?;
    call.plain(Plain::Binary(Binary::Multiply), vec![mean, Operand::Number(count)])
}

impl Call<'_, '_, '_> {
    /// A number for each axis that a window slides along.
    pub fn by_axis(&self, attribute: &str, axes: usize, default: usize) -> Result<Vec<usize>> {
        match self.sizes(attribute)?.filter(|sizes| !sizes.is_empty()) {
            None => Ok(vec![default; axes]),
            Some(sizes) if sizes.len() == axes => Ok(sizes),
            Some(sizes) => Err(self.problem(format!("{attribute} has {} numbers for {axes} axes", sizes.len()))),
        }
    }

    pub fn padding(&self, axes: usize) -> Result<Padding> {
        match self.text("auto_pad", "NOTSET").as_str() {
            "SAME_UPPER" => return Ok(Padding::Same { more_before: false }),
            "SAME_LOWER" => return Ok(Padding::Same { more_before: true }),
            "VALID" => return Ok(Padding::By(vec![(0, 0); axes])),
            "NOTSET" | "" => {}
            other => return Err(self.problem(format!("auto_pad: {other} is not known"))),
        }
        match self.sizes("pads")? {
            None => Ok(Padding::By(vec![(0, 0); axes])),
            Some(pads) if pads.len() == 2 * axes => {
                Ok(Padding::By((0..axes).map(|at| (pads[at], pads[axes + at])).collect()))
            }
            Some(pads) => Err(self.problem(format!("pads has {} numbers for {axes} axes", pads.len()))),
        }
    }
}
