//! Softmax attention of queries to keys.

use candle_core::{Result as Computed, Tensor};

use super::linear::Linear;
use super::tokens::needs_tokens;
use crate::activation::Activation;
use crate::differentiable::{self, Pass};
use crate::kernels::attend;
use crate::layer::{
    Arguments, Block, Cost, Counted, Default, Domain, Edge, Kind, Make, Operation, Param, Place, Scaling, Short, Trial,
    Value, Vertex, Weight,
};
use crate::parameters::Parameters;
use crate::shape::Form;

pub static KIND: Kind = Kind {
    name: "attend",
    about: "softmax(q k^T / sqrt(d)) v for each head, of queries, keys and values (Vaswani et al. 2017).",
    params: &[
        Param {
            name: "heads",
            label: "heads",
            domain: Domain::Size,
            default: Default::Needed,
            about: "heads of the queries",
        },
        Param {
            name: "kv_heads",
            label: "kv_heads",
            domain: Domain::Size,
            default: Default::Of("heads"),
            about: "heads of keys and values",
        },
        Param {
            name: "causal",
            label: "causal",
            domain: Domain::Flag,
            default: Default::Flag(false),
            about: "whether a token sees only itself and those before it",
        },
    ],
    short: Short::Never,
    example: "attend",
    make: Make::Layer(|arguments| Attend::of(arguments).into()),
    trials: || {
        let part = |name, out| Edge::one(0, name, Linear::new(out));
        let attend = Attend { heads: 4, kv_heads: 2, causal: true };
        let block = Block::graph(vec![Vertex::new(vec![part("q", 8), part("k", 4), part("v", 4)], attend)]);
        vec![Trial::of_tokens(Form::tokens(vec![3, 5]), vec![block.into()])]
    },
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attend {
    pub heads: usize,
    pub kv_heads: usize,
    /// Whether a token sees only itself and those before it.
    pub causal: bool,
}

impl Attend {
    /// What an attention with such arguments does between its projections.
    pub(super) fn of(arguments: &Arguments) -> Self {
        let [heads, kv_heads] = ["heads", "kv_heads"].map(|name| arguments.whole(name));
        Self { heads, kv_heads, causal: arguments.flag("causal") }
    }
}

impl Operation for Attend {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn values(&self) -> Vec<Value> {
        vec![Value::Whole(self.heads as u64), Value::Whole(self.kv_heads as u64), Value::Flag(self.causal)]
    }

    fn summary(&self) -> String {
        KIND.name.to_owned()
    }

    fn output(&self, inputs: &[Form]) -> Result<Form, String> {
        let (Self { heads, kv_heads, .. }, queries) = (self.clone(), inputs[0].units());
        if heads % kv_heads != 0 {
            return Err(format!("{heads} heads cannot share {kv_heads} heads of keys and values alike"));
        }
        match inputs.iter().all(|input| input.sequence_of_features().is_some()) {
            true if queries % heads == 0 => Ok(inputs[0].clone()),
            true => Err(format!("{queries} features cannot be split among {heads} heads")),
            false => Err(needs_tokens(&inputs[0])),
        }
    }

    fn weights(&self, _: &[Form], _: Option<&Activation>) -> Vec<Weight> {
        Vec::new()
    }

    fn counted<'a>(&'a self, _: Option<&'a Activation>) -> Counted<'a> {
        Counted::No
    }

    fn is_by_sample(&self) -> bool {
        true
    }

    fn scaling(&self, _: Option<&Activation>) -> Scaling {
        Scaling::Changes
    }

    fn passes_units(&self) -> bool {
        false
    }

    fn cost(&self, place: &Place) -> Cost {
        let [tokens, features] = place.output.sequence_of_features().unwrap_or([0, 0]).map(|n| n as u128);
        let keys = place.inputs.get(1).and_then(Form::sequence_of_features).map_or(tokens, |[keys, _]| keys as u128);
        Cost { workspace: tokens * tokens, multiply_adds: 2 * tokens.saturating_mul(keys).saturating_mul(features) }
    }

    fn forward(&self, _: &Place, inputs: &[Tensor], _: &Parameters, _: Option<&Activation>) -> Computed<Tensor> {
        attend(&inputs[0], &inputs[1], &inputs[2], self.heads, self.kv_heads, self.causal)
    }

    fn makes_anew(&self) -> bool {
        true
    }

    fn differentiable(&self, _: &Place, inputs: &[Tensor], _: &mut dyn Pass) -> Computed<Tensor> {
        differentiable::attend(&inputs[0], &inputs[1], &inputs[2], self.heads, self.kv_heads, self.causal)
    }
}
