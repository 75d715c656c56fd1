//! Layers and activations.

use neartop_core::activation::Activation;
use neartop_core::catalog::Given;
use neartop_core::kernels::Cell;

use super::arguments::{Arguments, Known};
use crate::model::program::{Convolution, Interpolation, Op, Operand, Padding, Plain, Pool, Recurrent, Unary};

type Found = Result<Option<Known>, String>;

/// Layers with weights, normalizations, pooling, attention.
pub fn read(family: &str, a: &Arguments<'_>) -> Found {
    let [x, weight, bias] = [a.at(0), a.operand("weight"), a.operand("bias")];
    let epsilon = a.number("eps").unwrap_or(1e-5);
    Ok(Some(match family {
        "linear" => (Op::Linear { transposed: false }, vec![x, weight, bias]),
        "addmm" => {
            let is_scaled = ["alpha", "beta"].iter().any(|name| a.number(name).is_some_and(|factor| factor != 1.0));
            if is_scaled {
                return Err("its factors alpha and beta are not known".into());
            }
            (Op::Linear { transposed: true }, vec![a.operand("mat1"), a.operand("mat2"), x])
        }
        "conv1d" | "conv2d" | "conv3d" => {
            let axes = family.as_bytes()[4] - b'0';
            (Op::Convolution(convolution(a, axes.into(), false)), vec![x, weight, bias])
        }
        "conv_transpose1d" | "conv_transpose2d" | "conv_transpose3d" => {
            let axes = family.as_bytes()[14] - b'0';
            (Op::Convolution(convolution(a, axes.into(), true)), vec![x, weight, bias])
        }
        "convolution" | "_convolution" => {
            let axes = a.list("stride").map_or(2, |sides| sides.len());
            (Op::Convolution(convolution(a, axes, a.flag("transposed"))), vec![x, weight, bias])
        }
        "batch_norm"
        | "_native_batch_norm_legit"
        | "_native_batch_norm_legit_no_training"
        | "native_batch_norm"
        | "_batch_norm_with_update"
        | "_batch_norm_no_update" => {
            let moments = [a.operand("running_mean"), a.operand("running_var")];
            (Op::BatchNorm { epsilon }, [x, weight, bias].into_iter().chain(moments).collect())
        }
        "layer_norm" | "native_layer_norm" => {
            let axes = a.list("normalized_shape").map_or(1, |shape| shape.len());
            (Op::LayerNorm { axes, epsilon }, vec![x, weight, bias])
        }
        "group_norm" => (Op::GroupNorm { groups: groups(a, "num_groups"), epsilon }, vec![x, weight, bias]),
        "native_group_norm" => (Op::GroupNorm { groups: groups(a, "group"), epsilon }, vec![x, weight, bias]),
        "instance_norm" => (by_instance(a, epsilon)?, vec![x, weight, bias]),
        "rms_norm" | "_fused_rms_norm" => {
            let epsilon = a.number("eps").unwrap_or(f64::from(f32::EPSILON));
            (Op::RmsNorm { epsilon }, vec![x, weight])
        }
        "embedding" => (Op::Embedding { padding: padding(a) }, vec![weight, a.operand("indices")]),
        "lstm" | "gru" | "rnn_tanh" => recurrent(family, a)?,
        "scaled_dot_product_attention" => {
            let operands = vec![a.operand("query"), a.operand("key"), a.operand("value"), a.operand("attn_mask")];
            (Op::Attention { is_causal: a.flag("is_causal"), scale: a.number("scale") }, operands)
        }
        "softmax" | "_softmax" | "log_softmax" | "_log_softmax" => {
            (Op::Softmax { axis: a.whole("dim").unwrap_or(-1), is_log: family.contains("log") }, vec![x])
        }
        "dropout" | "native_dropout" | "feature_dropout" | "alpha_dropout" | "feature_alpha_dropout" => {
            (Op::Dropout, vec![x])
        }
        _ => return pooling(family, a),
    }))
}

/// The row that stands for nothing: a negative number says that there is none.
fn padding(a: &Arguments<'_>) -> Option<usize> {
    a.whole("padding_idx").and_then(|row| usize::try_from(row).ok())
}

fn by_instance(a: &Arguments<'_>, epsilon: f64) -> Result<Op, String> {
    match a.number("use_input_stats") {
        Some(0.0) => Err("instance norm by running statistics is not known".into()),
        _ => Ok(Op::InstanceNorm { epsilon }),
    }
}

fn groups(a: &Arguments<'_>, name: &str) -> usize {
    a.whole(name).and_then(|groups| usize::try_from(groups).ok()).unwrap_or(1)
}

fn convolution(a: &Arguments<'_>, axes: usize, is_transposed: bool) -> Convolution {
    let padding = match a.text("padding") {
        Some("same") => Padding::Same { more_before: false },
        _ => even(a.sides("padding", axes, 0)),
    };
    Convolution {
        axes,
        stride: a.sides("stride", axes, 1),
        padding,
        dilation: a.sides("dilation", axes, 1),
        groups: groups(a, "groups"),
        is_transposed,
        output_padding: a.sides("output_padding", axes, 0),
    }
}

fn even(sides: Vec<usize>) -> Padding {
    Padding::By(sides.into_iter().map(|side| (side, side)).collect())
}

fn recurrent(family: &str, a: &Arguments<'_>) -> Result<Known, String> {
    let cell = match family {
        "lstm" => Cell::Lstm,
        "gru" => Cell::Gru,
        _ => Cell::Tanh,
    };
    let list = |name: &str| match a.operand(name) {
        Some(Operand::List(list)) => Ok(list),
        Some(one @ Operand::Value(_)) => Ok(vec![one]),
        _ => Err(format!("its `{name}` is missing: packed sequences are not known")),
    };
    let (initial, parameters) = (list("hx")?, list("params")?);
    let layers = a.whole("num_layers").and_then(|layers| usize::try_from(layers).ok()).unwrap_or(1);
    let is_bidirectional = a.flag("bidirectional");
    let of_a_direction = if a.flag("has_biases") { 4 } else { 2 };
    if parameters.len() != layers * (1 + usize::from(is_bidirectional)) * of_a_direction {
        return Err("a state that is projected is not known: leave `proj_size` out".into());
    }
    let recurrent = Recurrent {
        cell,
        layers,
        is_bidirectional,
        is_reversed: false,
        batch_first: a.flag("batch_first"),
        has_biases: a.flag("has_biases"),
        // That of the weights.
        hidden: 0,
    };
    let mut operands = vec![a.operand("input"), initial.first().cloned(), initial.get(1).cloned()];
    operands.extend(parameters.into_iter().map(Some));
    Ok((Op::Recurrent(recurrent), operands))
}

fn pooling(family: &str, a: &Arguments<'_>) -> Found {
    let x = a.at(0);
    let axes = family.trim_end_matches("d").chars().last().and_then(|axes| axes.to_digit(10)).unwrap_or(2) as usize;
    let pool = |is_average: bool| {
        let kernel = a.sides("kernel_size", axes, 1);
        let stride = if a.list("stride").is_some_and(|stride| !stride.is_empty()) {
            a.sides("stride", axes, 1)
        } else {
            kernel.clone()
        };
        Op::Pool(Pool {
            is_average,
            stride,
            padding: even(a.sides("padding", axes, 0)),
            dilation: a.sides("dilation", axes, 1),
            ceil: a.flag("ceil_mode"),
            counts_padding: a.number("count_include_pad").is_none_or(|flag| flag != 0.0),
            kernel,
        })
    };
    Ok(Some(match family {
        "max_pool1d" | "max_pool2d" | "max_pool2d_with_indices" => (pool(false), vec![x]),
        "avg_pool1d" | "avg_pool2d" => {
            if a.number("divisor_override").is_some() {
                return Err("another divisor of the mean is not known".into());
            }
            (pool(true), vec![x])
        }
        "adaptive_avg_pool1d" | "adaptive_avg_pool2d" | "_adaptive_avg_pool2d" => {
            (Op::AdaptiveAveragePool { to: a.sides("output_size", axes, 1) }, vec![x])
        }
        "upsample_nearest1d" | "upsample_nearest2d" => {
            (Op::Upsample { mode: Interpolation::Nearest }, vec![x, a.operand("output_size"), factors(a)])
        }
        "upsample_linear1d" | "upsample_bilinear2d" => {
            let mode = Interpolation::Linear { aligns_corners: a.flag("align_corners") };
            (Op::Upsample { mode }, vec![x, a.operand("output_size"), factors(a)])
        }
        _ => return Ok(None),
    }))
}

fn factors(a: &Arguments<'_>) -> Option<Operand> {
    let separate = [a.operand("scales_h"), a.operand("scales_w")];
    match (a.operand("scale_factors").or(a.operand("scales")), separate) {
        (Some(all), _) => Some(all),
        (None, [Some(height), Some(width)]) => Some(Operand::List(vec![height, width])),
        _ => None,
    }
}

/// Elementwise activations.
pub fn activation(family: &str, a: &Arguments<'_>) -> Found {
    let x = vec![a.at(0)];
    let (name, given): (&str, Vec<(&str, f64)>) = match family {
        "relu" | "relu6" | "selu" | "silu" | "mish" | "sigmoid" | "tanh" | "log_sigmoid" | "softsign" => {
            (family, vec![])
        }
        "logsigmoid" => ("log_sigmoid", vec![]),
        "hardsigmoid" | "hardswish" | "tanhshrink" => (family, vec![]),
        "gelu" => (if a.text("approximate") == Some("tanh") { "gelu_tanh" } else { "gelu" }, vec![]),
        "leaky_relu" => (family, vec![("negative_slope", a.number("negative_slope").unwrap_or(0.01))]),
        "elu" => {
            if ["scale", "input_scale"].iter().any(|name| a.number(name).is_some_and(|scale| scale != 1.0)) {
                return Err("its scales are not known".into());
            }
            (family, vec![("alpha", a.number("alpha").unwrap_or(1.0))])
        }
        "celu" => (family, vec![("alpha", a.number("alpha").unwrap_or(1.0))]),
        "softplus" => {
            let beta = ("beta", a.number("beta").unwrap_or(1.0));
            (family, vec![beta, ("threshold", a.number("threshold").unwrap_or(20.0))])
        }
        "softshrink" => (family, vec![("lambda", a.number("lambd").unwrap_or(0.5))]),
        "hardshrink" => (family, vec![("lambda", a.number("lambd").unwrap_or(0.5))]),
        "threshold" => {
            let given = ["threshold", "value"].map(|name| (name, a.number(name).unwrap_or(0.0)));
            (family, given.to_vec())
        }
        "rrelu" => {
            let given = [("lower", 1.0 / 8.0), ("upper", 1.0 / 3.0)];
            (family, given.map(|(name, usual)| (name, a.number(name).unwrap_or(usual))).to_vec())
        }
        "hardtanh" => match [a.number("min_val").unwrap_or(-1.0), a.number("max_val").unwrap_or(1.0)] {
            [0.0, 6.0] => ("relu6", vec![]),
            [min, max] => (family, vec![("min", min), ("max", max)]),
        },
        "prelu" | "_prelu_kernel" => return Ok(Some((Op::Prelu, vec![a.at(0), a.at(1)]))),
        "erf" => return Ok(Some((Op::Plain(Plain::Unary(Unary::Erf)), x))),
        _ => return Ok(None),
    };
    let kind = Activation::find(name).ok_or_else(|| format!("the activation {name} is not known"))?;
    let given: Vec<_> = given.into_iter().map(|(name, x)| (name, Given::Number(x))).collect();
    Ok(Some((Op::Activation(Activation::new(kind, &given)?), x)))
}
