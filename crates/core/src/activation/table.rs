//! The table of activations: one row for each.
//!
//! A row is the only place that knows an activation. `value` and `derivative` are the definition in double precision;
//! everything else (forward passes, gradients, gains, plots, exports) follows from the row.

use std::f64::consts::{FRAC_2_SQRT_PI, PI, SQRT_2};

use libm::erf;

use super::kind::{ActivationKind, ROW};
use super::lanes::{self, each, each_single, each_with};
use crate::catalog::{ANY, Domain, Param, Value};

const fn number(name: &'static str, default: f64) -> Param {
    Param { name, default: Some(Value::Number(default)), domain: ANY }
}

const fn positive(name: &'static str, default: f64) -> Param {
    Param { name, default: Some(Value::Number(default)), domain: Domain::Positive }
}

const fn not_negative(name: &'static str, default: f64) -> Param {
    Param { name, default: Some(Value::Number(default)), domain: Domain::Number { min: 0.0, max: 3e38 } }
}

const fn word(name: &'static str, default: &'static str, words: &'static [&'static str]) -> Param {
    Param { name, default: Some(Value::Word(default)), domain: Domain::Word(words) }
}

const fn required(name: &'static str) -> Param {
    Param { name, default: None, domain: ANY }
}

const SELU_SCALE: f64 = 1.050_700_987_355_480_5;
const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;

pub(super) static ACTIVATIONS: &[ActivationKind] = &[
    ActivationKind {
        name: "relu",
        formula: "max(0, x)",
        value: |x, _| if x > 0.0 { x } else { 0.0 * x },
        lanes: |xs, _| each_single(xs, |x| if x > 0.0 { x } else { 0.0 * x }),
        derivative: |x, _| step(x),
        homogeneity: Some(1),
        torch_gain: Some(|_| SQRT_2),
        pytorch: "nn.ReLU()",
        keras: "layers.ReLU()",
        candle: "x.relu()",
        ..ROW
    },
    ActivationKind {
        name: "relu6",
        formula: "min(max(0, x), 6)",
        value: |x, _| x.clamp(0.0, 6.0),
        lanes: |xs, _| each(xs, |x, _| lanes::clamp(x, 0.0, 6.0)),
        derivative: |x, _| inside(x, 0.0, 6.0),
        pytorch: "nn.ReLU6()",
        keras: "layers.ReLU(max_value=6.0)",
        candle: "x.clamp(0f32, 6f32)",
        ..ROW
    },
    ActivationKind {
        name: "leaky_relu",
        params: &[number("negative_slope", 0.01)],
        formula: "x > 0: x, else negative_slope x",
        value: |x, p| leaky(x, p[0]),
        lanes: |xs, p| lanes::leaky(xs, p[0]),
        derivative: |x, p| if x > 0.0 { 1.0 } else { p[0] },
        homogeneity: Some(1),
        torch_gain: Some(|p| (2.0 / (1.0 + p[0] * p[0])).sqrt()),
        pytorch: "nn.LeakyReLU(negative_slope={negative_slope})",
        keras: "keras.ops.where(x > 0, x, {negative_slope} * x)",
        candle: "candle_nn::ops::leaky_relu(x, {negative_slope})",
    },
    ActivationKind {
        name: "prelu",
        params: &[number("init", 0.25), word("per", "layer", &["layer", "channel"])],
        formula: "x > 0: x, else a x, with a learned slope a that starts at init, one per layer or per channel",
        value: |x, p| leaky(x, p[0]),
        lanes: |xs, p| lanes::leaky(xs, p[0]),
        derivative: |x, p| if x > 0.0 { 1.0 } else { p[0] },
        homogeneity: Some(1),
        pytorch: "nn.PReLU(init={init})",
        keras: "layers.PReLU(alpha_initializer=keras.initializers.Constant({init}), shared_axes={shared_axes})",
        candle: "candle_nn::PReLU::new(Tensor::full({init}f32, 1, x.device())?, true).forward(x)",
        ..ROW
    },
    ActivationKind {
        name: "rrelu",
        params: &[not_negative("lower", 1.0 / 8.0), not_negative("upper", 1.0 / 3.0)],
        formula: "x > 0: x, else (lower + upper)/2 x; in training the slope is drawn from U(lower, upper)",
        value: |x, p| leaky(x, f64::midpoint(p[0], p[1])),
        lanes: |xs, p| lanes::leaky(xs, f64::midpoint(p[0], p[1])),
        derivative: |x, p| if x > 0.0 { 1.0 } else { f64::midpoint(p[0], p[1]) },
        homogeneity: Some(1),
        pytorch: "nn.RReLU(lower={lower}, upper={upper})",
        keras: "layers.LeakyReLU(negative_slope=({lower} + {upper}) / 2)",
        candle: "candle_nn::ops::leaky_relu(x, ({lower} + {upper}) / 2.0)",
        ..ROW
    },
    ActivationKind {
        name: "elu",
        params: &[number("alpha", 1.0)],
        formula: "x > 0: x, else alpha (e^x - 1)",
        value: |x, p| if x > 0.0 { x } else { p[0] * x.exp_m1() },
        lanes: |xs, p| {
            each_with(xs, p, |x, [alpha], fusing| if x > 0.0 { x } else { alpha * lanes::exp_m1(x, fusing) })
        },
        derivative: |x, p| if x > 0.0 { 1.0 } else { p[0] * x.exp() },
        pytorch: "nn.ELU(alpha={alpha})",
        keras: "layers.ELU(alpha={alpha})",
        candle: "x.elu({alpha})",
        ..ROW
    },
    ActivationKind {
        name: "celu",
        params: &[positive("alpha", 1.0)],
        formula: "max(0, x) + min(0, alpha (e^(x/alpha) - 1))",
        value: |x, p| if x > 0.0 { x } else { p[0] * (x / p[0]).exp_m1() },
        lanes: |xs, p| {
            each_with(xs, p, |x, [alpha], fusing| if x > 0.0 { x } else { alpha * lanes::exp_m1(x / alpha, fusing) })
        },
        derivative: |x, p| if x > 0.0 { 1.0 } else { (x / p[0]).exp() },
        pytorch: "nn.CELU(alpha={alpha})",
        keras: "keras.activations.celu(x, alpha={alpha})",
        candle: "x.relu()? + (((x.minimum(0f32)? / {alpha})?.exp()? - 1.0)? * {alpha})?",
        ..ROW
    },
    ActivationKind {
        name: "selu",
        formula: "1.0507 (x > 0: x, else 1.6733 (e^x - 1))",
        value: |x, _| SELU_SCALE * if x > 0.0 { x } else { SELU_ALPHA * x.exp_m1() },
        lanes: |xs, _| {
            each(xs, |x, fusing| SELU_SCALE * if x > 0.0 { x } else { SELU_ALPHA * lanes::exp_m1(x, fusing) })
        },
        derivative: |x, _| SELU_SCALE * if x > 0.0 { 1.0 } else { SELU_ALPHA * x.exp() },
        torch_gain: Some(|_| 0.75),
        pytorch: "nn.SELU()",
        keras: "keras.activations.selu(x)",
        candle: "x.elu(1.6732632423543772)? * 1.0507009873554805",
        ..ROW
    },
    ActivationKind {
        name: "gelu",
        formula: "x/2 (1 + erf(x/sqrt 2))",
        value: |x, _| x * normal_cdf(x),
        lanes: |xs, _| each(xs, |x, fusing| x * lanes::normal_cdf(x, fusing)),
        derivative: |x, _| normal_cdf(x) + x * normal_density(x),
        pytorch: "nn.GELU()",
        keras: "keras.activations.gelu(x, approximate=False)",
        candle: "x.gelu_erf()",
        ..ROW
    },
    ActivationKind {
        name: "gelu_tanh",
        formula: "x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))",
        // (1 + tanh u)/2 = sigmoid(2 u) keeps the digits of the lower tail.
        value: |x, _| x * sigmoid(2.0 * gelu_argument(x)),
        lanes: |xs, _| each(xs, |x, fusing| x * lanes::sigmoid(2.0 * gelu_argument(x), fusing)),
        derivative: |x, _| {
            let t = gelu_argument(x).tanh();
            0.5 * (1.0 + t) + 0.5 * x * sech2(gelu_argument(x)) * (2.0 / PI).sqrt() * (1.0 + 3.0 * 0.044_715 * x * x)
        },
        pytorch: "nn.GELU(approximate=\"tanh\")",
        keras: "keras.activations.gelu(x, approximate=True)",
        candle: "x.gelu()",
        ..ROW
    },
    ActivationKind {
        name: "silu",
        formula: "x sigmoid(x)",
        value: |x, _| x * sigmoid(x),
        lanes: |xs, _| each(xs, |x, fusing| x * lanes::sigmoid(x, fusing)),
        derivative: |x, _| sigmoid(x) * (1.0 + x * sigmoid(-x)),
        pytorch: "nn.SiLU()",
        keras: "keras.activations.silu(x)",
        candle: "x.silu()",
        ..ROW
    },
    ActivationKind {
        name: "mish",
        formula: "x tanh(softplus(x))",
        value: |x, _| x * softplus(x).tanh(),
        lanes: |xs, _| each(xs, lanes::mish),
        derivative: |x, _| softplus(x).tanh() + x * sech2(softplus(x)) * sigmoid(x),
        pytorch: "nn.Mish()",
        keras: "keras.activations.mish(x)",
        candle: "x * ((x.relu()? + (x.abs()?.neg()?.exp()? + 1.0)?.log()?)?.tanh()?)",
        ..ROW
    },
    ActivationKind {
        name: "sigmoid",
        formula: "1/(1 + e^-x)",
        value: |x, _| sigmoid(x),
        lanes: |xs, _| each(xs, lanes::sigmoid),
        derivative: |x, _| sigmoid(x) * sigmoid(-x),
        torch_gain: Some(|_| 1.0),
        pytorch: "nn.Sigmoid()",
        keras: "keras.activations.sigmoid(x)",
        candle: "candle_nn::ops::sigmoid(x)",
        ..ROW
    },
    ActivationKind {
        name: "tanh",
        formula: "tanh(x)",
        value: |x, _| x.tanh(),
        lanes: |xs, _| each(xs, lanes::tanh),
        derivative: |x, _| sech2(x),
        torch_gain: Some(|_| 5.0 / 3.0),
        pytorch: "nn.Tanh()",
        keras: "keras.activations.tanh(x)",
        candle: "x.tanh()",
        ..ROW
    },
    ActivationKind {
        name: "hardsigmoid",
        formula: "min(max(0, x + 3), 6)/6",
        value: |x, _| hardsigmoid(x),
        lanes: |xs, _| each(xs, |x, _| lanes::clamp(x + 3.0, 0.0, 6.0) / 6.0),
        derivative: |x, _| inside(x, -3.0, 3.0) / 6.0,
        pytorch: "nn.Hardsigmoid()",
        keras: "keras.activations.hard_sigmoid(x)",
        candle: "(x + 3.0)?.clamp(0f32, 6f32)? / 6.0",
        ..ROW
    },
    ActivationKind {
        name: "hardswish",
        formula: "x min(max(0, x + 3), 6)/6",
        value: |x, _| x * hardsigmoid(x),
        lanes: |xs, _| each_single(xs, |x| x * ((x + 3.0).clamp(0.0, 6.0) / 6.0)),
        derivative: |x, _| hardsigmoid(x) + x * inside(x, -3.0, 3.0) / 6.0,
        pytorch: "nn.Hardswish()",
        keras: "keras.activations.hard_silu(x)",
        candle: "x * ((x + 3.0)?.clamp(0f32, 6f32)? / 6.0)?",
        ..ROW
    },
    ActivationKind {
        name: "hardtanh",
        params: &[number("min", -1.0), number("max", 1.0)],
        formula: "min(max(min, x), max)",
        value: |x, p| x.clamp(p[0], p[1]),
        lanes: |xs, p| each_with(xs, p, |x, [min, max], _| lanes::clamp(x, min, max)),
        derivative: |x, p| inside(x, p[0], p[1]),
        pytorch: "nn.Hardtanh(min_val={min}, max_val={max})",
        keras: "keras.ops.clip(x, {min}, {max})",
        candle: "x.clamp({min}f32, {max}f32)",
        ..ROW
    },
    ActivationKind {
        name: "log_sigmoid",
        formula: "ln sigmoid(x)",
        value: |x, _| -softplus(-x),
        lanes: |xs, _| each(xs, |x, fusing| -lanes::softplus(-x, fusing)),
        derivative: |x, _| sigmoid(-x),
        pytorch: "nn.LogSigmoid()",
        keras: "keras.activations.log_sigmoid(x)",
        candle: "(x.neg()?.relu()? + (x.abs()?.neg()?.exp()? + 1.0)?.log()?)?.neg()",
        ..ROW
    },
    ActivationKind {
        name: "softplus",
        params: &[positive("beta", 1.0), number("threshold", 20.0)],
        formula: "beta x > threshold: x, else ln(1 + e^(beta x))/beta",
        value: |x, p| if p[0] * x > p[1] { x } else { softplus(p[0] * x) / p[0] },
        lanes: |xs, p| each_with(xs, p, lanes::softplus_up_to),
        derivative: |x, p| if p[0] * x > p[1] { 1.0 } else { sigmoid(p[0] * x) },
        pytorch: "nn.Softplus(beta={beta}, threshold={threshold})",
        keras: "keras.ops.where({beta} * x > {threshold}, x, keras.ops.softplus({beta} * x) / {beta})",
        candle: "{ let z = (x * {beta})?; \
                 let soft = ((z.relu()? + (z.abs()?.neg()?.exp()? + 1.0)?.log()?)? / {beta})?; \
                 z.gt({threshold}f32)?.where_cond(x, &soft) }",
        ..ROW
    },
    ActivationKind {
        name: "softsign",
        formula: "x/(1 + |x|)",
        value: |x, _| x / (1.0 + x.abs()),
        lanes: |xs, _| each_single(xs, |x| x / (1.0 + x.abs())),
        derivative: |x, _| 1.0 / ((1.0 + x.abs()) * (1.0 + x.abs())),
        pytorch: "nn.Softsign()",
        keras: "keras.activations.softsign(x)",
        candle: "x / (x.abs()? + 1.0)?",
        ..ROW
    },
    ActivationKind {
        name: "tanhshrink",
        formula: "x - tanh(x)",
        value: |x, _| tanhshrink(x),
        lanes: |xs, _| each(xs, lanes::tanhshrink),
        derivative: |x, _| x.tanh() * x.tanh(),
        pytorch: "nn.Tanhshrink()",
        keras: "keras.activations.tanh_shrink(x)",
        candle: "x - x.tanh()?",
        ..ROW
    },
    ActivationKind {
        name: "softshrink",
        params: &[not_negative("lambda", 0.5)],
        formula: "x > lambda: x - lambda, x < -lambda: x + lambda, else 0",
        value: |x, p| {
            if x > p[0] {
                x - p[0]
            } else if x < -p[0] {
                x + p[0]
            } else {
                0.0 * x
            }
        },
        lanes: |xs, p| each_with(xs, p, |x, [lambda], _| x - lanes::clamp(x, -lambda, lambda)),
        derivative: |x, p| outside(x, p[0]),
        pytorch: "nn.Softshrink(lambd={lambda})",
        keras: "keras.activations.soft_shrink(x, threshold={lambda})",
        candle: "(x - {lambda})?.relu()? - (x + {lambda})?.neg()?.relu()?",
        ..ROW
    },
    ActivationKind {
        name: "hardshrink",
        params: &[not_negative("lambda", 0.5)],
        formula: "|x| > lambda: x, else 0",
        value: |x, p| if x.abs() <= p[0] { 0.0 } else { x },
        lanes: |xs, p| each_with(xs, p, |x, [lambda], _| if x.abs() <= lambda { 0.0 } else { x }),
        derivative: |x, p| outside(x, p[0]),
        pytorch: "nn.Hardshrink(lambd={lambda})",
        keras: "keras.activations.hard_shrink(x, threshold={lambda})",
        candle: "x.abs()?.gt({lambda}f32)?.where_cond(x, &x.zeros_like()?)",
        ..ROW
    },
    ActivationKind {
        name: "threshold",
        params: &[required("threshold"), required("value")],
        formula: "x > threshold: x, else value",
        value: |x, p| if x <= p[0] { p[1] } else { x },
        lanes: |xs, p| each_with(xs, p, |x, [threshold, value], _| if x <= threshold { value } else { x }),
        derivative: |x, p| if x > p[0] { 1.0 } else { 0.0 },
        pytorch: "nn.Threshold(threshold={threshold}, value={value})",
        keras: "keras.activations.threshold(x, {threshold}, {value})",
        candle: "x.gt({threshold}f32)?.where_cond(x, &Tensor::full({value}f32, x.shape(), x.device())?)",
        ..ROW
    },
    ActivationKind {
        name: "relu_squared",
        formula: "max(0, x)^2",
        value: |x, _| if x > 0.0 { x * x } else { 0.0 * x },
        lanes: |xs, _| each(xs, |x, _| if x > 0.0 { x * x } else { 0.0 * x }),
        derivative: |x, _| 2.0 * x * step(x),
        homogeneity: Some(2),
        pytorch: "torch.relu(x).square()",
        keras: "keras.ops.square(keras.ops.relu(x))",
        candle: "x.relu()?.sqr()",
        ..ROW
    },
    ActivationKind {
        name: "squareplus",
        params: &[positive("b", 4.0)],
        formula: "(x + sqrt(x^2 + b))/2",
        value: |x, p| squareplus(x, p[0]),
        lanes: |xs, p| each_with(xs, p, |x, [b], _| lanes::squareplus(x, b)),
        derivative: |x, p| squareplus(x, p[0]) / (x * x + p[0]).sqrt(),
        pytorch: "(x + torch.sqrt(x * x + {b})) / 2",
        keras: "keras.activations.squareplus(x, b={b})",
        candle: "(x + (x.sqr()? + {b})?.sqrt()?)? / 2.0",
        ..ROW
    },
    ActivationKind {
        name: "serf",
        formula: "x erf(ln(1 + e^x))",
        value: |x, _| x * erf(softplus(x)),
        lanes: |xs, _| each(xs, |x, fusing| x * lanes::erf_positive(lanes::softplus(x, fusing), fusing)),
        derivative: |x, _| {
            let s = softplus(x);
            erf(s) + x * FRAC_2_SQRT_PI * (-s * s).exp() * sigmoid(x)
        },
        pytorch: "x * torch.erf(nn.functional.softplus(x))",
        keras: "x * keras.ops.erf(keras.ops.softplus(x))",
        candle: "x * ((x.relu()? + (x.abs()?.neg()?.exp()? + 1.0)?.log()?)?.erf()?)",
        ..ROW
    },
    ActivationKind {
        name: "telu",
        formula: "x tanh(e^x)",
        value: |x, _| x * x.exp().tanh(),
        lanes: |xs, _| each(xs, |x, fusing| x * lanes::tanh(lanes::exp(x, fusing), fusing)),
        derivative: |x, _| x.exp().tanh() + if x < 20.0 { x * sech2(x.exp()) * x.exp() } else { 0.0 },
        pytorch: "x * torch.tanh(torch.exp(x))",
        keras: "x * keras.ops.tanh(keras.ops.exp(x))",
        candle: "x * x.exp()?.tanh()?",
        ..ROW
    },
    ActivationKind {
        name: "snake",
        params: &[positive("a", 1.0)],
        formula: "x + sin^2(a x)/a",
        value: |x, p| x + (p[0] * x).sin().powi(2) / p[0],
        lanes: |xs, p| sines(xs, p[0], |x, sine| x + sine * sine / p[0]),
        derivative: |x, p| 1.0 + (2.0 * p[0] * x).sin(),
        pytorch: "x + torch.sin({a} * x).square() / {a}",
        keras: "x + keras.ops.square(keras.ops.sin({a} * x)) / {a}",
        candle: "x + ((x * {a})?.sin()?.sqr()? / {a})?",
        ..ROW
    },
    ActivationKind {
        name: "sine",
        params: &[positive("omega", 30.0)],
        formula: "sin(omega x)",
        value: |x, p| (p[0] * x).sin(),
        lanes: |xs, p| sines(xs, p[0], |_, sine| sine),
        derivative: |x, p| p[0] * (p[0] * x).cos(),
        pytorch: "torch.sin({omega} * x)",
        keras: "keras.ops.sin({omega} * x)",
        candle: "(x * {omega})?.sin()",
        ..ROW
    },
    ActivationKind {
        name: "identity",
        formula: "x",
        homogeneity: Some(1),
        torch_gain: Some(|_| 1.0),
        pytorch: "nn.Identity()",
        keras: "layers.Identity()",
        candle: "Ok(x.clone())",
        ..ROW
    },
];

fn step(x: f64) -> f64 {
    if x > 0.0 { 1.0 } else { 0.0 }
}

fn inside(x: f64, low: f64, high: f64) -> f64 {
    if x > low && x < high { 1.0 } else { 0.0 }
}

fn outside(x: f64, limit: f64) -> f64 {
    if x.abs() > limit { 1.0 } else { 0.0 }
}

fn leaky(x: f64, slope: f64) -> f64 {
    if x > 0.0 { x } else { slope * x }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// ln(1 + e^x) without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// 1 - tanh(x)^2 without cancellation.
fn sech2(x: f64) -> f64 {
    let e = (-2.0 * x.abs()).exp();
    4.0 * e / ((1.0 + e) * (1.0 + e))
}

/// f(x, sin(scale x)) for every element.
fn sines(xs: &mut [f32], scale: f64, f: impl Fn(f64, f64) -> f64) {
    if xs.iter().all(|x| (f64::from(*x) * scale).abs() <= lanes::SIN_LIMIT) {
        each(xs, |x, fusing| f(x, lanes::sin(x * scale, fusing)));
    } else {
        xs.iter_mut().for_each(|x| *x = f(f64::from(*x), (f64::from(*x) * scale).sin()) as f32);
    }
}

fn hardsigmoid(x: f64) -> f64 {
    (x + 3.0).clamp(0.0, 6.0) / 6.0
}

/// x - tanh(x); by its series near 0, where the difference would lose its digits.
fn tanhshrink(x: f64) -> f64 {
    if x.abs() < 0.02 {
        let y = x * x;
        x * y * (1.0 / 3.0 - y * (2.0 / 15.0 - y * (17.0 / 315.0 - y * 62.0 / 2835.0)))
    } else {
        x - x.tanh()
    }
}

/// (x + sqrt(x^2 + b))/2 without cancellation for negative x.
fn squareplus(x: f64, b: f64) -> f64 {
    let root = x.hypot(b.sqrt());
    if x < 0.0 { 0.5 * b / (root - x) } else { 0.5 * (x + root) }
}

fn gelu_argument(x: f64) -> f64 {
    (2.0 / PI).sqrt() * (x + 0.044_715 * x * x * x)
}

fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x / SQRT_2)
}

pub(super) fn normal_density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / (2.0 * PI).sqrt()
}
