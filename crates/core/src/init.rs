//! Weight initializations: one row of the table below for each.
//!
//! A row resolves the name, its parameters and a layer's fans to a [`Law`]: numbers that need no further convention.
//! Drawing and exporting know laws only.

use std::f64::consts::SQRT_2;
use std::sync::Arc;

use faer::MatRef;
use faer::linalg::solvers::Qr;
use statrs::distribution::{ContinuousCDF, Normal};

use crate::aliases;
use crate::catalog::{ANY, Alias, Choice, Domain, Elsewhere, Entry, Param, Value};
use crate::random::{Base, Draws, Key, Purpose, uniform};

/// A weight initialization with its parameters.
pub type Init = Choice<InitKind>;

/// A row of the table of initializations.
#[derive(Debug)]
pub struct InitKind {
    name: &'static str,
    params: &'static [Param],
    /// The formula as people write it.
    pub formula: &'static str,
    in_all: bool,
    law: fn(&Init, &WeightShape, f64) -> Law,
}

/// How biases start; an initialization with a convention of its own goes before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BiasInit {
    #[default]
    Zeros,
    /// U(-1/sqrt(fan_in), 1/sqrt(fan_in))
    FanInUniform,
}

/// The shape of a weight as initializations see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeightShape {
    /// `[out, in]`, or `[out, in/groups, kernel height, kernel width]`.
    pub dims: Vec<usize>,
    pub groups: usize,
    /// The place among all matrices that are drawn for the network.
    pub index: usize,
    /// Of a recurrent layer, the matrices of its gates, which stand below each other and are drawn apart; else 0.
    pub gates: usize,
}

impl WeightShape {
    /// A weight that is drawn as a whole. The network numbers it.
    #[must_use]
    pub fn new(dims: Vec<usize>, groups: usize) -> Self {
        Self { dims, groups, index: 0, gates: 0 }
    }

    /// A weight of a recurrent layer: `[gates x hidden, in]`.
    #[must_use]
    pub fn of_gates(gates: usize, hidden: usize, ins: usize) -> Self {
        Self { dims: vec![gates * hidden, ins], groups: 1, index: 0, gates }
    }

    /// How many matrices are drawn for it.
    #[must_use]
    pub fn matrices(&self) -> usize {
        self.gates.max(1)
    }

    /// The matrix of one gate.
    #[must_use]
    pub fn gate(&self, gate: usize) -> Self {
        let mut dims = self.dims.clone();
        dims[0] /= self.matrices();
        Self { dims, groups: self.groups, index: self.index + gate, gates: self.gates.min(1) }
    }

    /// What PyTorch's default takes the square root of: fan_in, and the hidden units of a recurrent layer.
    fn torch_fan(&self) -> f64 {
        if self.gates > 0 { (self.dims[0] / self.gates) as f64 } else { self.fan_in() }
    }

    /// Number of elements of one kernel: 1 for a dense layer.
    fn receptive_field(&self) -> usize {
        self.dims[2..].iter().product()
    }

    /// in_channels/groups x kernel area
    #[must_use]
    pub fn fan_in(&self) -> f64 {
        (self.dims[1] * self.receptive_field()) as f64
    }

    /// out_channels x kernel area, for groups too, as `torch.nn.init` has it
    #[must_use]
    pub fn fan_out(&self) -> f64 {
        (self.dims[0] / self.matrices() * self.receptive_field()) as f64
    }

    #[must_use]
    pub fn elements(&self) -> usize {
        self.dims.iter().product()
    }
}

/// The distribution that a layer's weights are drawn from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Law {
    Uniform {
        low: f64,
        high: f64,
    },
    Normal {
        mean: f64,
        std: f64,
    },
    /// N(mean, std^2) under the condition low <= x <= high.
    TruncatedNormal {
        mean: f64,
        std: f64,
        low: f64,
        high: f64,
    },
    /// gain Q sign(diag R) for the QR decomposition of a standard normal `[out x rest]` matrix.
    Orthogonal {
        gain: f64,
    },
    /// N(0, std^2), with the share `sparsity` of every column, rounded up, set to zero.
    Sparse {
        sparsity: f64,
        std: f64,
    },
    /// The identity, as far as the shape allows: for a convolution its centre tap, within each group.
    Identity,
    Constant {
        value: f64,
    },
    /// Orthogonal, then divided by the standard deviation of the layer's output until that is `target_std`.
    UnitVariance {
        target_std: f64,
        tolerance: f64,
    },
}

const fn p(name: &'static str, default: f64, domain: Domain) -> Param {
    Param { name, default: Some(Value::Number(default)), domain }
}

const fn w(name: &'static str, default: &'static str, words: &'static [&'static str]) -> Param {
    Param { name, default: Some(Value::Word(default)), domain: Domain::Word(words) }
}

const FAN: &[&str] = &["fan_in", "fan_out"];
const FANS: &[&str] = &["fan_in", "fan_out", "fan_avg"];
const DISTRIBUTIONS: &[&str] = &["truncated_normal", "normal", "uniform"];
/// Standard deviation of N(0, 1) truncated to [-2, 2].
const TRUNCATED_STD: f64 = 0.879_625_661_034_239_8;

static INITS: &[InitKind] = &[
    InitKind {
        name: "torch_default",
        params: &[],
        formula: "weights and biases U(-1/sqrt(fan_in), 1/sqrt(fan_in))",
        in_all: true,
        law: |_, s, _| symmetric(s.torch_fan().sqrt().recip()),
    },
    InitKind {
        name: "uniform",
        params: &[p("low", -1.0, ANY), p("high", 1.0, ANY)],
        formula: "U(low, high)",
        in_all: true,
        law: |i, _, _| Law::Uniform { low: i.number("low"), high: i.number("high") },
    },
    InitKind {
        name: "normal",
        params: &[p("mean", 0.0, ANY), p("std", 1.0, Domain::Positive)],
        formula: "N(mean, std^2)",
        in_all: true,
        law: |i, _, _| Law::Normal { mean: i.number("mean"), std: i.number("std") },
    },
    InitKind {
        name: "truncated_normal",
        params: &[p("mean", 0.0, ANY), p("std", 1.0, Domain::Positive), p("low", -2.0, ANY), p("high", 2.0, ANY)],
        formula: "N(mean, std^2) within [low, high], in absolute units",
        in_all: true,
        law: |i, _, _| Law::TruncatedNormal {
            mean: i.number("mean"),
            std: i.number("std"),
            low: i.number("low"),
            high: i.number("high"),
        },
    },
    InitKind {
        name: "xavier_uniform",
        params: &[p("gain", 1.0, Domain::Gain)],
        formula: "U(-a, a), a = gain sqrt(6/(fan_in + fan_out))",
        in_all: true,
        law: |i, s, g| symmetric(gain(i, g) * (6.0 / (s.fan_in() + s.fan_out())).sqrt()),
    },
    InitKind {
        name: "xavier_normal",
        params: &[p("gain", 1.0, Domain::Gain)],
        formula: "N(0, s^2), s = gain sqrt(2/(fan_in + fan_out))",
        in_all: true,
        law: |i, s, g| centred(gain(i, g) * (2.0 / (s.fan_in() + s.fan_out())).sqrt()),
    },
    InitKind {
        name: "kaiming_uniform",
        params: &[p("gain", SQRT_2, Domain::Gain), w("mode", "fan_in", FAN)],
        formula: "U(-a, a), a = gain sqrt(3/fan)",
        in_all: true,
        law: |i, s, g| symmetric(gain(i, g) * (3.0 / fan(i, s)).sqrt()),
    },
    InitKind {
        name: "kaiming_normal",
        params: &[p("gain", SQRT_2, Domain::Gain), w("mode", "fan_in", FAN)],
        formula: "N(0, s^2), s = gain/sqrt(fan)",
        in_all: true,
        law: |i, s, g| centred(gain(i, g) / fan(i, s).sqrt()),
    },
    InitKind {
        name: "lecun_uniform",
        params: &[],
        formula: "U(-a, a), a = sqrt(3/fan_in)",
        in_all: true,
        law: |_, s, _| symmetric((3.0 / s.fan_in()).sqrt()),
    },
    InitKind {
        name: "lecun_normal",
        params: &[],
        formula: "N(0, s^2), s = sqrt(1/fan_in)",
        in_all: true,
        law: |_, s, _| centred(s.fan_in().sqrt().recip()),
    },
    InitKind {
        name: "variance_scaling",
        params: &[
            p("scale", 1.0, Domain::Positive),
            w("mode", "fan_in", FANS),
            w("distribution", "truncated_normal", DISTRIBUTIONS),
        ],
        formula: "variance scale/fan; truncated_normal is cut at 2 s, with s = sqrt(scale/fan)/0.8796",
        in_all: true,
        law: |i, s, _| {
            let std = (i.number("scale") / fan(i, s)).sqrt();
            match i.word("distribution") {
                "normal" => centred(std),
                "uniform" => symmetric(3f64.sqrt() * std),
                _ => {
                    let std = std / TRUNCATED_STD;
                    Law::TruncatedNormal { mean: 0.0, std, low: -2.0 * std, high: 2.0 * std }
                }
            }
        },
    },
    InitKind {
        name: "orthogonal",
        params: &[p("gain", 1.0, Domain::Gain)],
        formula: "gain Q sign(diag R), QR of a standard normal [out x rest] matrix",
        in_all: true,
        law: |i, _, g| Law::Orthogonal { gain: gain(i, g) },
    },
    InitKind {
        name: "sparse",
        params: &[p("sparsity", 0.1, Domain::Number { min: 0.0, max: 1.0 }), p("std", 0.01, Domain::Positive)],
        formula: "N(0, std^2), the share sparsity of every column set to 0",
        in_all: true,
        law: |i, _, _| Law::Sparse { sparsity: i.number("sparsity"), std: i.number("std") },
    },
    InitKind {
        name: "dirac",
        params: &[],
        formula: "keeps every channel: 1 at the kernel's centre; for a dense layer the identity",
        in_all: true,
        law: |_, _, _| Law::Identity,
    },
    InitKind {
        name: "identity",
        params: &[],
        formula: "the identity matrix; for a convolution as dirac",
        in_all: false,
        law: |_, _, _| Law::Identity,
    },
    InitKind { name: "zeros", params: &[], formula: "0", in_all: false, law: |_, _, _| Law::Constant { value: 0.0 } },
    InitKind {
        name: "constant",
        params: &[Param { name: "value", default: None, domain: ANY }],
        formula: "value",
        in_all: false,
        law: |i, _, _| Law::Constant { value: i.number("value") },
    },
    InitKind {
        name: "siren",
        params: &[p("omega", 30.0, Domain::Positive)],
        formula: "first layer U(-1/fan_in, 1/fan_in), others U(-a, a), a = sqrt(6/fan_in)/omega",
        in_all: true,
        law: |i, s, _| match s.index {
            0 => symmetric(s.fan_in().recip()),
            _ => symmetric((6.0 / s.fan_in()).sqrt() / i.number("omega")),
        },
    },
    InitKind {
        name: "lsuv",
        params: &[p("target_std", 1.0, Domain::Positive), p("tolerance", 0.1, Domain::Positive)],
        formula: "orthogonal, then divided by the std of the layer's output until that is target_std within tolerance",
        in_all: true,
        law: |i, _, _| Law::UnitVariance { target_std: i.number("target_std"), tolerance: i.number("tolerance") },
    },
];

impl Entry for InitKind {
    const WHAT: &'static str = "initialization";

    fn catalog() -> &'static [Self] {
        INITS
    }

    fn aliases() -> &'static [Alias] {
        aliases::INITS
    }

    fn elsewhere() -> &'static [(&'static str, Elsewhere)] {
        aliases::INITS_ELSEWHERE
    }

    fn name(&self) -> &'static str {
        self.name
    }

    fn params(&self) -> &'static [Param] {
        self.params
    }

    /// All but those that draw nothing (`zeros`, `constant`) and `identity`, which is `dirac` by another name.
    fn in_all(&self) -> bool {
        self.in_all
    }

    fn check(&self, values: &[Value]) -> Result<(), String> {
        let number = |name| match self.params.iter().zip(values).find(|(p, _)| p.name == name) {
            Some((_, Value::Number(x))) => *x,
            _ => f64::NAN,
        };
        if number("low") >= number("high") {
            return Err(format!("`low` of {} must be less than `high`", self.name));
        }
        let truncated = (number("low") - number("mean"), number("high") - number("mean"));
        if truncated.0 > 8.0 * number("std") || truncated.1 < -8.0 * number("std") {
            return Err(format!("[low, high] of {} must come within 8 std of the mean", self.name));
        }
        Ok(())
    }
}

impl Init {
    /// The law of a layer's weights. `gain` is the gain of the candidate's activation, for `gain: auto`.
    #[must_use]
    pub fn law(&self, shape: &WeightShape, gain: f64) -> Law {
        (self.entry().law)(self, shape, gain)
    }

    /// The law of a layer's biases.
    #[must_use]
    pub fn bias_law(&self, shape: &WeightShape, bias: BiasInit) -> Law {
        if bias == BiasInit::FanInUniform || self.name() == "torch_default" {
            symmetric(shape.torch_fan().sqrt().recip())
        } else {
            Law::Constant { value: 0.0 }
        }
    }

    /// Whether the weights depend on the data that reach the layer.
    #[must_use]
    pub fn looks_at_data(&self) -> bool {
        self.name() == "lsuv"
    }

    /// Whether the weights depend on the candidate's activation, by its gain or by the data that reach the layer.
    #[must_use]
    pub fn depends_on_activation(&self) -> bool {
        self.looks_at_data() || self.params().any(|(_, value)| value == Value::Word("auto"))
    }
}

impl Law {
    /// Draws a weight, row-major. The same key gives the same underlying draws whatever the law.
    #[must_use]
    pub fn draw(&self, shape: &WeightShape, key: Key) -> Vec<f32> {
        self.draw_from(&Draws::default(), shape, key)
    }

    /// The same with the underlying draws taken from `draws`, or left there for others.
    #[must_use]
    pub fn draw_from(&self, draws: &Draws, shape: &WeightShape, key: Key) -> Vec<f32> {
        let n = shape.elements();
        match *self {
            Self::Uniform { low, high } => {
                let (middle, half) = (f64::midpoint(low, high) as f32, ((high - low) / 2.0) as f32);
                let uniforms = draws.get(Base::Uniform, key, n, || key.symmetric_uniforms(n));
                uniforms.iter().map(|u| middle + half * u).collect()
            }
            Self::Normal { mean, std } => {
                let (mean, std) = (mean as f32, std as f32);
                let normals = draws.get(Base::Normal, key, n, || key.standard_normals(n));
                normals.iter().map(|z| mean + std * z).collect()
            }
            Self::TruncatedNormal { mean, std, low, high } => truncated_normals(n, key, mean, std, low, high),
            Self::Orthogonal { gain } => {
                let gain = gain as f32;
                orthogonal(draws, shape, key).iter().map(|q| gain * q).collect()
            }
            Self::UnitVariance { .. } => orthogonal(draws, shape, key).to_vec(),
            Self::Sparse { sparsity, std } => sparse(draws, shape, key, sparsity, std),
            Self::Identity => identity(shape),
            Self::Constant { value } => vec![value as f32; n],
        }
    }
}

fn symmetric(limit: f64) -> Law {
    Law::Uniform { low: -limit, high: limit }
}

fn centred(std: f64) -> Law {
    Law::Normal { mean: 0.0, std }
}

fn gain(init: &Init, activation: f64) -> f64 {
    let gain = init.number("gain");
    if gain.is_nan() { activation } else { gain }
}

fn fan(init: &Init, shape: &WeightShape) -> f64 {
    match init.word("mode") {
        "fan_out" => shape.fan_out(),
        "fan_avg" => f64::midpoint(shape.fan_in(), shape.fan_out()),
        _ => shape.fan_in(),
    }
}

/// By the quantile function of the truncated normal; in the upper tail by its mirror image, where no digits are lost.
fn truncated_normals(n: usize, key: Key, mean: f64, std: f64, low: f64, high: f64) -> Vec<f32> {
    let normal = Normal::standard();
    let (a, b) = ((low - mean) / std, (high - mean) / std);
    let mirror = if a > 0.0 { -1.0 } else { 1.0 };
    let (at_low, at_high) = (normal.cdf(mirror * a), normal.cdf(mirror * b));
    key.quantiles(n, |u| {
        let z = mirror * normal.inverse_cdf(at_low + u * (at_high - at_low));
        (mean + std * z).clamp(low, high)
    })
}

fn orthogonal(draws: &Draws, shape: &WeightShape, key: Key) -> Arc<[f32]> {
    let n = shape.elements();
    let (rows, columns) = (shape.dims[0], n / shape.dims[0]);
    let decompose = || {
        let z = draws.get(Base::Normal, key, n, || key.standard_normals(n));
        let z = MatRef::from_row_major_slice(&z, rows, columns);
        let tall = if rows < columns { z.transpose() } else { z };
        let qr = Qr::new(tall);
        let (q, r) = (qr.compute_thin_Q(), qr.thin_R());
        let mut weight = vec![0.0; rows * columns];
        for (i, row) in weight.chunks_exact_mut(columns).enumerate() {
            for (j, w) in row.iter_mut().enumerate() {
                let (i, j) = if rows < columns { (j, i) } else { (i, j) };
                *w = q[(i, j)] * if r[(j, j)] < 0.0 { -1.0 } else { 1.0 };
            }
        }
        weight
    };
    draws.get(Base::Orthogonal(rows), key, n, decompose)
}

fn sparse(draws: &Draws, shape: &WeightShape, key: Key, sparsity: f64, std: f64) -> Vec<f32> {
    let (rows, columns) = (shape.dims[0], shape.elements() / shape.dims[0]);
    let mut weight = centred(std).draw_from(draws, shape, key);
    let zeros = (sparsity * rows as f64).ceil() as usize;
    let mut rng = Key { purpose: Purpose::Sparsity, ..key }.rng();
    for column in 0..columns {
        let mut order: Vec<_> = (0..rows).map(|row| (uniform(&mut rng), row)).collect();
        order.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (_, row) in order.iter().take(zeros) {
            weight[row * columns + column] = 0.0;
        }
    }
    weight
}

fn identity(shape: &WeightShape) -> Vec<f32> {
    let mut weight = vec![0.0; shape.elements()];
    let kernel = &shape.dims[2..];
    let area = shape.receptive_field();
    let centre = kernel.iter().fold(0, |at, k| at * k + k / 2);
    let (outs, ins) = (shape.dims[0] / shape.groups, shape.dims[1]);
    for group in 0..shape.groups {
        for channel in 0..outs.min(ins) {
            weight[((group * outs + channel) * ins + channel) * area + centre] = 1.0;
        }
    }
    weight
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;
    use crate::catalog::Given;

    const KEY: Key = Key { seed: 1, repetition: 0, layer: 0, purpose: Purpose::Weights };

    fn dense(out: usize, ins: usize) -> WeightShape {
        WeightShape::new(vec![out, ins], 1)
    }

    fn init(name: &str, given: &[(&str, Given<'_>)]) -> Init {
        Init::new(Init::find(name).unwrap(), given).unwrap()
    }

    /// Smallest, largest, mean, standard deviation.
    fn moments(values: &[f32]) -> (f64, f64, f64, f64) {
        let n = values.len() as f64;
        let mean = values.iter().map(|x| f64::from(*x)).sum::<f64>() / n;
        let variance = values.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>() / n;
        let fold = |f: fn(f64, f64) -> f64, start| values.iter().fold(start, |a, x| f(a, f64::from(*x)));
        (fold(f64::min, f64::INFINITY), fold(f64::max, f64::NEG_INFINITY), mean, variance.sqrt())
    }

    #[test]
    fn fans_of_a_grouped_convolution() {
        let shape = WeightShape::new(vec![32, 4, 3, 5], 2);
        // Those of torch.nn.init._calculate_fan_in_and_fan_out for the same weight.
        assert_eq!((shape.fan_in(), shape.fan_out()), (60.0, 480.0));
        let Law::Normal { std, .. } = init("kaiming_normal", &[("mode", Given::Word("fan_out"))]).law(&shape, 1.0)
        else {
            panic!("kaiming_normal is normal")
        };
        assert!((std - (2.0f64 / 480.0).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn bounded_laws_have_their_bounds_and_deviations() {
        let shape = dense(300, 500);
        let cases = [
            ("torch_default", 1.0 / 500f64.sqrt()),
            ("uniform", 1.0),
            ("xavier_uniform", (6.0f64 / 800.0).sqrt()),
            ("kaiming_uniform", (6.0f64 / 500.0).sqrt()),
            ("lecun_uniform", (3.0f64 / 500.0).sqrt()),
            ("siren", 1.0 / 500.0),
        ];
        for (name, bound) in cases {
            let (low, high, mean, std) = moments(&init(name, &[]).law(&shape, 1.0).draw(&shape, KEY));
            assert!((low / bound + 1.0).abs() < 1e-3 && (high / bound - 1.0).abs() < 1e-3, "{name}: {low}..{high}");
            assert!((mean / bound).abs() < 5e-3, "{name}: mean {mean}");
            assert!((std * 3f64.sqrt() / bound - 1.0).abs() < 5e-3, "{name}: std {std}");
        }
        let later = WeightShape { index: 1, ..shape };
        let Law::Uniform { high, .. } = init("siren", &[]).law(&later, 1.0) else { panic!("siren is uniform") };
        assert!((high - (6.0f64 / 500.0).sqrt() / 30.0).abs() < 1e-12);
    }

    #[test]
    fn normal_laws_have_their_deviations() {
        let shape = dense(300, 500);
        let cases = [
            ("normal", 1.0),
            ("xavier_normal", (2.0f64 / 800.0).sqrt()),
            ("kaiming_normal", (2.0f64 / 500.0).sqrt()),
            ("lecun_normal", (1.0f64 / 500.0).sqrt()),
            ("variance_scaling", (1.0f64 / 500.0).sqrt()),
        ];
        for (name, expected) in cases {
            let (_, _, mean, std) = moments(&init(name, &[]).law(&shape, 1.0).draw(&shape, KEY));
            assert!((mean / expected).abs() < 8e-3 && (std / expected - 1.0).abs() < 5e-3, "{name}: {mean}, {std}");
        }
    }

    #[test]
    fn truncated_normals_stay_within_absolute_bounds() {
        let shape = dense(300, 500);
        let (low, high, mean, std) = moments(&init("truncated_normal", &[]).law(&shape, 1.0).draw(&shape, KEY));
        assert!((-2.0..-1.999).contains(&low) && (1.999..=2.0).contains(&high));
        assert!(mean.abs() < 5e-3 && (std / TRUNCATED_STD - 1.0).abs() < 5e-3);
        // E[z | 5 < z < 6] = (phi(5) - phi(6))/(Phi(6) - Phi(5)) = 5.18650...
        let tail = Law::TruncatedNormal { mean: 0.0, std: 1.0, low: 5.0, high: 6.0 }.draw(&shape, KEY);
        let density = |z: f64| (-0.5 * z * z).exp() / TAU.sqrt();
        let upper = |z: f64| 0.5 * libm::erfc(z / SQRT_2);
        let expected = (density(5.0) - density(6.0)) / (upper(5.0) - upper(6.0));
        assert!((moments(&tail).2 - expected).abs() < 2e-3, "{}", moments(&tail).2);
    }

    #[test]
    fn orthogonal_weights_are_orthogonal_and_keep_the_sign_of_r() {
        for dims in [vec![40, 70], vec![70, 40], vec![24, 3, 3, 3], vec![64, 4, 3, 3]] {
            let shape = WeightShape::new(dims, 1);
            let weight = init("orthogonal", &[("gain", Given::Number(2.0))]).law(&shape, 1.0).draw(&shape, KEY);
            let (rows, columns) = (shape.dims[0], weight.len() / shape.dims[0]);
            let m = MatRef::from_row_major_slice(&weight, rows, columns);
            let gram = if rows <= columns { m * m.transpose() } else { m.transpose() * m };
            for i in 0..gram.nrows() {
                for j in 0..gram.ncols() {
                    let expected = if i == j { 4.0 } else { 0.0 };
                    assert!((gram[(i, j)] - expected).abs() < 1e-4, "{:?} at {i}, {j}", shape.dims);
                }
            }
            // Q sign(diag R) makes R's diagonal positive, so the first vector points as the first draw does.
            let z = KEY.standard_normals(weight.len());
            let along = |k: usize| if rows < columns { k } else { k * columns };
            let dot: f32 = (0..rows.max(columns)).map(|k| z[along(k)] * weight[along(k)]).sum();
            assert!(dot > 0.0);
        }
    }

    #[test]
    fn sparse_weights_miss_their_share_of_every_column() {
        let shape = dense(25, 30);
        let law = init("sparse", &[("sparsity", Given::Number(0.3)), ("std", Given::Number(1.0))]).law(&shape, 1.0);
        let weight = law.draw(&shape, KEY);
        for column in 0..30 {
            assert_eq!((0..25).filter(|row| weight[row * 30 + column] == 0.0).count(), 8);
        }
        let dense_draw = Law::Normal { mean: 0.0, std: 1.0 }.draw(&shape, KEY);
        assert!(weight.iter().zip(&dense_draw).all(|(s, d)| *s == 0.0 || s == d), "the rest is the common draw");
    }

    #[test]
    fn identities_pass_their_input_on() {
        assert_eq!(identity(&dense(2, 3)), [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
        let grouped = WeightShape::new(vec![4, 2, 3, 3], 2);
        let weight = identity(&grouped);
        assert_eq!(weight.iter().sum::<f32>(), 4.0);
        for (out, ins) in [(0, 0), (1, 1), (2, 0), (3, 1)] {
            assert_eq!(weight[(out * 2 + ins) * 9 + 4], 1.0);
        }
    }

    #[test]
    fn gain_auto_is_the_gain_of_the_activation() {
        let shape = dense(100, 100);
        let auto = init("xavier_normal", &[("gain", Given::Word("auto"))]);
        assert_eq!(auto.law(&shape, 5.0 / 3.0), centred(5.0 / 3.0 * 0.1));
        assert!(auto.depends_on_activation());
    }

    #[test]
    fn laws_that_differ_by_a_factor_draw_the_same_numbers() {
        let shape = dense(20, 30);
        let one = init("kaiming_normal", &[]).law(&shape, 1.0).draw(&shape, KEY);
        let two = init("normal", &[]).law(&shape, 1.0).draw(&shape, KEY);
        let factor = (2.0f32 / 30.0).sqrt();
        assert!(one.iter().zip(&two).all(|(a, b)| (a - factor * b).abs() <= 1e-6 * a.abs()));
    }
}
