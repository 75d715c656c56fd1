//! One recurrent layer in one direction.

use candle_core::{Result as Computed, Tensor};

use super::tokens::needs_tokens;
use crate::activation::Activation;
use crate::differentiable::{self, Pass};
use crate::init::WeightShape;
use crate::kernels::{Cell, recur};
use crate::layer::{
    Arguments, Cost, Counted, Default, Domain, Kind, Make, Operation, Param, Place, Role, Scaling, Short, Trial, Value,
    Weight,
};
use crate::parameters::Parameters;
use crate::shape::Form;

pub static KIND: Kind = Kind {
    name: "recurrence",
    about: "A recurrent layer in one direction: its state at every token.",
    params: &[
        Param { name: "cell", label: "cell", domain: Domain::Word(CELLS), default: Default::Needed, about: "the cell" },
        Param {
            name: "hidden",
            label: "hidden",
            domain: Domain::Size,
            default: Default::Needed,
            about: "units of the state",
        },
        Param {
            name: "reverse",
            label: "reverse",
            domain: Domain::Flag,
            default: Default::Flag(false),
            about: "whether it goes from the last token to the first",
        },
        Param {
            name: "bias",
            label: "bias",
            domain: Domain::Flag,
            default: Default::Flag(true),
            about: "whether it adds biases",
        },
    ],
    short: Short::Never,
    example: "recurrence",
    make: Make::Layer(|arguments| Recurrence::of(arguments).into()),
    trials: || {
        let recurrence = |cell, reverse| Recurrence { cell, hidden: 3, reverse, bias: !reverse };
        let trial = |cell, reverse| Trial::of_tokens(Form::tokens(vec![4, 2]), vec![recurrence(cell, reverse).into()]);
        vec![trial(Cell::Lstm, false), trial(Cell::Gru, true), trial(Cell::Tanh, false), trial(Cell::Gru, false)]
    },
};

/// The names of cells, in the order of [`cell`].
const CELLS: &[&str] = &["lstm", "gru", "rnn"];

/// The cell of this name.
fn cell(name: &str) -> Cell {
    match name {
        "gru" => Cell::Gru,
        "rnn" => Cell::Tanh,
        _ => Cell::Lstm,
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recurrence {
    pub cell: Cell,
    pub hidden: usize,
    /// Whether it goes from the last token to the first.
    pub reverse: bool,
    pub bias: bool,
}

impl Recurrence {
    fn of(arguments: &Arguments) -> Self {
        Self {
            cell: cell(arguments.word("cell").unwrap_or_default()),
            hidden: arguments.whole("hidden"),
            reverse: arguments.flag("reverse"),
            bias: arguments.flag("bias"),
        }
    }

    /// What presets call the cell.
    #[must_use]
    pub fn cell_name(&self) -> &'static str {
        match self.cell {
            Cell::Lstm => "lstm",
            Cell::Gru => "gru",
            Cell::Tanh => "rnn",
        }
    }
}

impl Operation for Recurrence {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn values(&self) -> Vec<Value> {
        let word = Value::Word(self.cell_name());
        vec![word, Value::Whole(self.hidden as u64), Value::Flag(self.reverse), Value::Flag(self.bias)]
    }

    fn name(&self) -> &'static str {
        self.cell_name()
    }

    fn summary(&self) -> String {
        KIND.name.to_owned()
    }

    fn output(&self, inputs: &[Form]) -> Result<Form, String> {
        match inputs[0].sequence_of_features() {
            Some(_) => Ok(inputs[0].with_units(self.hidden)),
            None => Err(needs_tokens(&inputs[0])),
        }
    }

    fn weights(&self, inputs: &[Form], _: Option<&Activation>) -> Vec<Weight> {
        let (gates, hidden) = (self.cell.gates(), self.hidden);
        let mut weights = Vec::new();
        for (weight, bias, ins) in [("weight_ih", "bias_ih", inputs[0].units()), ("weight_hh", "bias_hh", hidden)] {
            let shape = WeightShape::of_gates(gates, hidden, ins);
            weights.push(Weight { name: weight, dims: shape.dims.clone(), role: Role::Drawn(shape.clone()) });
            if self.bias {
                weights.push(Weight { name: bias, dims: vec![gates * hidden], role: Role::Bias(shape) });
            }
        }
        weights
    }

    fn counted<'a>(&'a self, _: Option<&'a Activation>) -> Counted<'a> {
        Counted::Weighted
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
        let [hidden, gates] = [self.hidden, self.cell.gates()].map(|n| n as u128);
        let tokens = place.rows_in() as u128;
        let per_token = (gates * hidden).saturating_mul(hidden + place.inputs[0].units() as u128);
        Cost { workspace: gates * hidden * tokens, multiply_adds: per_token.saturating_mul(tokens) }
    }

    fn forward(
        &self,
        place: &Place,
        inputs: &[Tensor],
        parameters: &Parameters,
        _: Option<&Activation>,
    ) -> Computed<Tensor> {
        let (w_ih, w_hh) = (parameters.need("weight_ih", &place.name)?, parameters.need("weight_hh", &place.name)?);
        let [b_ih, b_hh] = ["bias_ih", "bias_hh"].map(|name| parameters.get(name));
        recur(self.cell, &inputs[0], w_ih, w_hh, b_ih, b_hh, self.reverse)
    }

    fn makes_anew(&self) -> bool {
        true
    }

    fn differentiable(&self, place: &Place, inputs: &[Tensor], pass: &mut dyn Pass) -> Computed<Tensor> {
        let (w_ih, w_hh) = (pass.need(&place.name, "weight_ih")?, pass.need(&place.name, "weight_hh")?);
        let [b_ih, b_hh] = ["bias_ih", "bias_hh"].map(|name| pass.parameter(&place.name, name));
        differentiable::recur(self.cell, &inputs[0], &w_ih, &w_hh, b_ih.as_ref(), b_hh.as_ref(), self.reverse)
    }
}
