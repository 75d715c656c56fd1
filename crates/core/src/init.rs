//! Weight initializations: one row of the table below for each.
//!
//! A row resolves the name, its parameters and a layer's fans to a [`Law`]: numbers that need no further convention.
//! Drawing and exporting know laws only.

mod law;
mod scaled;

use std::f64::consts::SQRT_2;

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::aliases;
use crate::catalog::{ANY, Alias, Choice, Domain, Elsewhere, Entry, Param, Value};

pub use law::{Law, WeightShape};
use law::{centred, symmetric};
pub use scaled::rounded;

/// An initialization with its parameters, which gives any weight a law.
pub type Initializer = Choice<InitKind>;

/// A row of the table of initializations.
#[derive(Debug)]
pub struct InitKind {
    name: &'static str,
    params: &'static [Param],
    /// The formula as people write it.
    pub formula: &'static str,
    in_all: bool,
    needs: Needs,
    law: fn(&Initializer, &WeightShape, f64) -> Law,
}

/// What an initialization must know of a weight. The weights of norms are vectors without fans; biases have the fans of
/// the weight that they belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Needs {
    Nothing,
    Fans,
    /// It is for matrices and kernels only.
    Matrix,
}

/// How biases start; an initialization with a convention of its own goes before it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum BiasInit {
    #[default]
    Zeros,
    /// U(-1/sqrt(fan_in), 1/sqrt(fan_in))
    FanInUniform,
    Constant(f64),
}

/// As in a preset.
impl Serialize for BiasInit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Zeros => serializer.serialize_str("zeros"),
            Self::FanInUniform => serializer.serialize_str("fan_in_uniform"),
            Self::Constant(value) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("constant", value)?;
                map.end()
            }
        }
    }
}

/// How a layer starts whatever the candidate's initialization says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OwnInit {
    pub weight: Option<Initializer>,
    pub bias: Option<Initializer>,
}

impl OwnInit {
    /// Weight and bias, as far as they are given.
    pub fn given(&self) -> impl Iterator<Item = &Initializer> {
        self.weight.iter().chain(&self.bias)
    }
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
        needs: Needs::Fans,
        law: |_, s, _| Law::fan_in_uniform(s),
    },
    InitKind {
        name: "uniform",
        params: &[p("low", -1.0, ANY), p("high", 1.0, ANY)],
        formula: "U(low, high)",
        in_all: true,
        needs: Needs::Nothing,
        law: |i, _, _| Law::Uniform { low: i.number("low"), high: i.number("high") },
    },
    InitKind {
        name: "normal",
        params: &[p("mean", 0.0, ANY), p("std", 1.0, Domain::Positive)],
        formula: "N(mean, std^2)",
        in_all: true,
        needs: Needs::Nothing,
        law: |i, _, _| Law::Normal { mean: i.number("mean"), std: i.number("std") },
    },
    InitKind {
        name: "truncated_normal",
        params: &[p("mean", 0.0, ANY), p("std", 1.0, Domain::Positive), p("low", -2.0, ANY), p("high", 2.0, ANY)],
        formula: "N(mean, std^2) within [low, high], in absolute units",
        in_all: true,
        needs: Needs::Nothing,
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
        needs: Needs::Fans,
        law: |i, s, g| symmetric(gain(i, g) * (6.0 / (s.fan_in() + s.fan_out())).sqrt()),
    },
    InitKind {
        name: "xavier_normal",
        params: &[p("gain", 1.0, Domain::Gain)],
        formula: "N(0, s^2), s = gain sqrt(2/(fan_in + fan_out))",
        in_all: true,
        needs: Needs::Fans,
        law: |i, s, g| centred(gain(i, g) * (2.0 / (s.fan_in() + s.fan_out())).sqrt()),
    },
    InitKind {
        name: "kaiming_uniform",
        params: &[p("gain", SQRT_2, Domain::Gain), w("mode", "fan_in", FAN)],
        formula: "U(-a, a), a = gain sqrt(3/fan)",
        in_all: true,
        needs: Needs::Fans,
        law: |i, s, g| symmetric(gain(i, g) * (3.0 / fan(i, s)).sqrt()),
    },
    InitKind {
        name: "kaiming_normal",
        params: &[p("gain", SQRT_2, Domain::Gain), w("mode", "fan_in", FAN)],
        formula: "N(0, s^2), s = gain/sqrt(fan)",
        in_all: true,
        needs: Needs::Fans,
        law: |i, s, g| centred(gain(i, g) / fan(i, s).sqrt()),
    },
    InitKind {
        name: "lecun_uniform",
        params: &[],
        formula: "U(-a, a), a = sqrt(3/fan_in)",
        in_all: true,
        needs: Needs::Fans,
        law: |_, s, _| symmetric((3.0 / s.fan_in()).sqrt()),
    },
    InitKind {
        name: "lecun_normal",
        params: &[],
        formula: "N(0, s^2), s = sqrt(1/fan_in)",
        in_all: true,
        needs: Needs::Fans,
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
        needs: Needs::Fans,
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
        needs: Needs::Matrix,
        law: |i, _, g| Law::Orthogonal { gain: gain(i, g) },
    },
    InitKind {
        name: "sparse",
        params: &[p("sparsity", 0.1, Domain::Number { min: 0.0, max: 1.0 }), p("std", 0.01, Domain::Positive)],
        formula: "N(0, std^2), the share sparsity of every column set to 0",
        in_all: true,
        needs: Needs::Matrix,
        law: |i, _, _| Law::Sparse { sparsity: i.number("sparsity"), std: i.number("std") },
    },
    InitKind {
        name: "dirac",
        params: &[],
        formula: "keeps every channel: 1 at the kernel's centre; for a dense layer the identity",
        in_all: true,
        needs: Needs::Matrix,
        law: |_, _, _| Law::Identity,
    },
    InitKind {
        name: "identity",
        params: &[],
        formula: "the identity matrix; for a convolution as dirac",
        in_all: false,
        needs: Needs::Matrix,
        law: |_, _, _| Law::Identity,
    },
    InitKind {
        name: "zeros",
        params: &[],
        formula: "0",
        in_all: false,
        needs: Needs::Nothing,
        law: |_, _, _| Law::Constant { value: 0.0 },
    },
    InitKind {
        name: "constant",
        params: &[Param { name: "value", default: None, domain: ANY }],
        formula: "value",
        in_all: false,
        needs: Needs::Nothing,
        law: |i, _, _| Law::Constant { value: i.number("value") },
    },
    InitKind {
        name: "siren",
        params: &[p("omega", 30.0, Domain::Positive)],
        formula: "first drawn weight U(-1/fan_in, 1/fan_in), others U(-a, a), a = sqrt(6/fan_in)/omega",
        in_all: true,
        needs: Needs::Fans,
        law: |i, s, _| match s.is_first {
            true => symmetric(s.fan_in().recip()),
            false => symmetric((6.0 / s.fan_in()).sqrt() / i.number("omega")),
        },
    },
    InitKind {
        name: "lsuv",
        params: &[p("target_std", 1.0, Domain::Positive), p("tolerance", 0.1, Domain::Positive)],
        formula: "orthogonal, then divided by the std of the layer's output until that is target_std within tolerance",
        in_all: true,
        needs: Needs::Matrix,
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

impl InitKind {
    /// What it must know of a weight.
    #[must_use]
    pub fn needs(&self) -> Needs {
        self.needs
    }
}

impl Initializer {
    /// The law of a layer's weights. `gain` is what `gain: auto` stands for.
    #[must_use]
    pub fn law(&self, shape: &WeightShape, gain: f64) -> Law {
        (self.entry().law)(self, shape, gain)
    }

    /// Whether every weight starts at zero.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.law(&WeightShape::new(vec![1, 1], 1), 1.0) == Law::Constant { value: 0.0 }
    }

    /// The law of a layer's biases.
    #[must_use]
    pub fn bias_law(&self, shape: &WeightShape, bias: BiasInit) -> Law {
        match bias {
            _ if self.name() == "torch_default" => Law::fan_in_uniform(shape),
            BiasInit::FanInUniform => Law::fan_in_uniform(shape),
            BiasInit::Zeros => Law::Constant { value: 0.0 },
            BiasInit::Constant(value) => Law::Constant { value },
        }
    }

    /// Whether the weights depend on the data that reach the layer.
    #[must_use]
    pub fn looks_at_data(&self) -> bool {
        self.name() == "lsuv"
    }

    /// Whether the weights depend on the gain of an activation.
    #[must_use]
    pub fn takes_gain(&self) -> bool {
        self.params().any(|(_, value)| value == Value::Word("auto"))
    }

    /// What it must know of a weight.
    #[must_use]
    pub fn needs(&self) -> Needs {
        self.entry().needs
    }
}

fn gain(init: &Initializer, activation: f64) -> f64 {
    let gain = init.number("gain");
    if gain.is_nan() { activation } else { gain }
}

fn fan(init: &Initializer, shape: &WeightShape) -> f64 {
    match init.word("mode") {
        "fan_out" => shape.fan_out(),
        "fan_avg" => f64::midpoint(shape.fan_in(), shape.fan_out()),
        _ => shape.fan_in(),
    }
}

#[cfg(test)]
mod tests;
