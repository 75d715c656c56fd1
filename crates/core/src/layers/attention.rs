//! Self-attention with its projections.

use super::attend::Attend;
use super::projection::Projection;
use super::sum::Sum;
use crate::layer::{Block, Default, Domain, Edge, Kind, Make, Param, Short, Trial, Value, Vertex};
use crate::shape::Form;

pub static KIND: Kind = Kind {
    name: "attention",
    about: "Self-attention with several heads (Vaswani et al. 2017): projections to queries, keys and values, softmax attention, a projection of all heads. It takes tokens x features.",
    params: &[
        Param {
            name: "heads",
            label: "the heads",
            domain: Domain::Size,
            default: Default::Needed,
            about: "number of heads, among which the features are split",
        },
        Param {
            name: "kv_heads",
            label: "the heads of keys and values",
            domain: Domain::Size,
            default: Default::Of("heads"),
            about: "heads of keys and values, each shared by as many heads",
        },
        Param {
            name: "causal",
            label: "causal",
            domain: Domain::Flag,
            default: Default::Flag(false),
            about: "whether a token sees only itself and those before it",
        },
        Param {
            name: "bias",
            label: "bias",
            domain: Domain::Flag,
            default: Default::Flag(true),
            about: "whether the projections add biases",
        },
    ],
    short: Short::Written { param: "heads", label: "the heads of attention" },
    example: "attention: {heads: 4}",
    make: Make::Layer(|arguments| {
        let (attend, bias) = (Attend::of(arguments), arguments.flag("bias"));
        let project = |from, name, parts| Edge::one(from, name, Projection { parts, of: attend.heads, bias });
        let (all, shared) = (attend.heads, attend.kv_heads);
        let parts = vec![project(0, "q_proj", all), project(0, "k_proj", shared), project(0, "v_proj", shared)];
        let out = Edge::one(1, "out_proj", Projection { parts: 1, of: 1, bias });
        let vertices = vec![Vertex::new(parts, attend), Vertex::new(vec![out], Sum)];
        Block { kind: arguments.kind, values: arguments.values.clone(), vertices }.into()
    }),
    trials: || {
        let attention = |heads: u64, kv_heads: u64, causal| {
            let values = vec![Value::Whole(heads), Value::Whole(kv_heads), Value::Flag(causal), Value::Flag(!causal)];
            Trial::of_tokens(Form::tokens(vec![3, 8]), vec![KIND.made_of(values)])
        };
        vec![attention(2, 2, false), attention(4, 2, true)]
    },
};
