//! Names that other libraries have for activations and initializations.

use crate::catalog::Elsewhere::{self, Is, Says};
use crate::catalog::{Alias, Given};

const fn alias(name: &'static str, entry: &'static str) -> Alias {
    Alias { name, entry, given: &[], note: "" }
}

const GATE: Elsewhere =
    Says("it gates one half of its input by the other, so it is not elementwise and cannot fill a slot");

pub static ACTIVATIONS: &[Alias] = &[
    alias("swish", "silu"),
    alias("lrelu", "leaky_relu"),
    alias("hard_swish", "hardswish"),
    alias("hard_silu", "hardswish"),
    alias("hard_sigmoid", "hardsigmoid"),
    alias("hard_tanh", "hardtanh"),
    alias("hard_shrink", "hardshrink"),
    alias("soft_shrink", "softshrink"),
    alias("soft_plus", "softplus"),
    alias("soft_sign", "softsign"),
    alias("tanh_shrink", "tanhshrink"),
    alias("logsigmoid", "log_sigmoid"),
    alias("squared_relu", "relu_squared"),
    alias("relu2", "relu_squared"),
    alias("gelu_new", "gelu_tanh"),
    Alias { name: "sin", entry: "sine", given: &[("omega", Given::Number(1.0))], note: "" },
];

pub static ACTIVATIONS_ELSEWHERE: &[(&str, Elsewhere)] = &[
    ("none", Is("identity")),
    ("linear", Is("identity")),
    ("noop", Is("identity")),
    ("id", Is("identity")),
    ("siren", Is("sine")),
    (
        "quickgelu",
        Says("it is x sigmoid(1.702 x), which is not among them; `gelu`, which it stands for, is within 0.021 of it"),
    ),
    ("gelufast", Is("gelu_tanh")),
    ("gelupytorchtanh", Is("gelu_tanh")),
    ("logistic", Is("sigmoid")),
    ("expit", Is("sigmoid")),
    ("glu", GATE),
    ("geglu", GATE),
    ("reglu", GATE),
    ("swiglu", GATE),
    ("siglu", GATE),
    ("maxout", Says("it takes the largest of several inputs, so it is not elementwise and cannot fill a slot")),
    ("heaviside", Says("a step has no slope to train by; `hardsigmoid` is the nearest that has one")),
    ("step", Says("a step has no slope to train by; `hardsigmoid` is the nearest that has one")),
];

pub static INITS: &[Alias] = &[
    Alias {
        name: "he_normal",
        entry: "variance_scaling",
        given: &[("scale", Given::Number(2.0))],
        note: "as in Keras and JAX, the normal distribution is cut at two standard deviations; \
               `kaiming_normal` is PyTorch's, which is not",
    },
    alias("he_uniform", "kaiming_uniform"),
    Alias {
        name: "glorot_normal",
        entry: "variance_scaling",
        given: &[("mode", Given::Word("fan_avg"))],
        note: "as in Keras and JAX, the normal distribution is cut at two standard deviations; \
               `xavier_normal` is PyTorch's, which is not",
    },
    alias("glorot_uniform", "xavier_uniform"),
    alias("trunc_normal", "truncated_normal"),
    alias("eye", "identity"),
    Alias { name: "ones", entry: "constant", given: &[("value", Given::Number(1.0))], note: "" },
];

pub static INITS_ELSEWHERE: &[(&str, Elsewhere)] = &[
    ("he", Is("he_normal")),
    ("msra", Is("kaiming_normal")),
    ("glorot", Is("glorot_uniform")),
    ("default", Is("torch_default")),
    ("pytorch", Is("torch_default")),
    ("pytorchdefault", Is("torch_default")),
    ("torch", Is("torch_default")),
    ("keras", Is("keras_default")),
    ("tfdefault", Is("keras_default")),
    ("tensorflow", Is("keras_default")),
    ("jax", Is("jax_default")),
    ("flaxdefault", Is("jax_default")),
    ("flax", Is("jax_default")),
    ("resnet", Is("torchvision_resnet")),
    ("gpt", Is("gpt2")),
    ("gaussian", Is("normal")),
    ("randn", Is("normal")),
    ("randomnormal", Says("write `{normal: {std: 0.05}}`, which is Keras's RandomNormal")),
    ("randomuniform", Says("write `{uniform: {low: -0.05, high: 0.05}}`, which is Keras's RandomUniform")),
    ("rand", Is("uniform")),
    ("zero", Is("zeros")),
    ("none", Is("torch_default")),
    (
        "deltaorthogonal",
        Says("an orthogonal matrix at the kernel's centre is not among them; `dirac` puts the identity there"),
    ),
];
