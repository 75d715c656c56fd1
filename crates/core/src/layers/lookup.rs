//! Embeddings of numbers that are the same for all samples, such as those of positions.

use candle_core::{Result as Computed, Tensor};

use super::embedding::look_up;
use crate::activation::Activation;
use crate::differentiable::Pass;
use crate::init::Law;
use crate::kernels::gather;
use crate::layer::{Block, Cost, Counted, Kind, Make, Operation, Place, Scaling, Short, Trial, Value, Weight, own};
use crate::parameters::Parameters;
use crate::shape::Form;

pub static KIND: Kind = Kind {
    name: "lookup",
    about: "Rows of a table that are the same for all samples: the embedding of their positions.",
    params: &[],
    short: Short::Never,
    example: "lookup",
    make: Make::Layer(|_| Lookup { table: [1, 1], rows: vec![0], dims: Vec::new(), padding: None }.into()),
    trials: || {
        let lookup = Lookup { table: [4, 5], rows: vec![2, 0, 1], dims: vec![3], padding: None };
        // Beside what comes in, which it does not look at.
        vec![Trial::of_tokens(Form::tokens(vec![3, 5]), vec![Block::residual(vec![lookup.into()], Vec::new()).into()])]
    },
};

/// Rows of a table `[rows, features]`, whatever comes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// Rows and features of the table.
    pub table: [usize; 2],
    /// The rows that are taken.
    pub rows: Vec<usize>,
    /// How they lie: `[places]`, or `[]` for one row.
    pub dims: Vec<usize>,
    /// The row of zeros, if there is one.
    pub padding: Option<usize>,
}

impl Lookup {
    fn numbers(&self, like: &Tensor) -> Computed<Tensor> {
        let rows: Vec<_> = self.rows.iter().map(|row| *row as f32).collect();
        let dims: Vec<_> = std::iter::once(1).chain(self.dims.iter().copied()).collect();
        Tensor::from_vec(rows, dims, like.device())?.to_dtype(like.dtype())
    }
}

/// The same rows for every sample.
fn for_all(one: &Tensor, like: &Tensor) -> Computed<Tensor> {
    let dims: Vec<_> = std::iter::once(like.dim(0)?).chain(one.dims().iter().skip(1).copied()).collect();
    one.broadcast_as(dims)?.contiguous()
}

impl Operation for Lookup {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn values(&self) -> Vec<Value> {
        let list = |sizes: &[usize]| Value::Sides(sizes.iter().map(|n| *n as u64).collect());
        let padding = self.padding.map(|row| Value::Whole(row as u64));
        [list(&self.table), list(&self.rows), list(&self.dims)].into_iter().chain(padding).collect()
    }

    /// What it is to people.
    fn name(&self) -> &'static str {
        "embedding"
    }

    fn summary(&self) -> String {
        KIND.name.to_owned()
    }

    fn output(&self, _: &[Form]) -> Result<Form, String> {
        if let Some(row) = self.rows.iter().find(|row| **row >= self.table[0]) {
            return Err(format!("a table of {} rows has no row {row}", self.table[0]));
        }
        Ok(Form::tokens(self.dims.iter().copied().chain([self.table[1]]).collect()))
    }

    fn weights(&self, _: &[Form], _: Option<&Activation>) -> Vec<Weight> {
        own("weight", &self.table, Law::Normal { mean: 0.0, std: 1.0 })
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

    fn cost(&self, _: &Place) -> Cost {
        Cost::NOTHING
    }

    fn forward(
        &self,
        place: &Place,
        inputs: &[Tensor],
        parameters: &Parameters,
        _: Option<&Activation>,
    ) -> Computed<Tensor> {
        let one = gather(&self.numbers(&inputs[0])?, parameters.need("weight", &place.name)?)?;
        for_all(&one, &inputs[0])
    }

    fn differentiable(&self, place: &Place, inputs: &[Tensor], pass: &mut dyn Pass) -> Computed<Tensor> {
        let weight = pass.need(&place.name, "weight")?;
        let one = look_up(&self.numbers(&inputs[0])?.to_dtype(weight.dtype())?, &weight, self.padding)?;
        for_all(&one, &inputs[0])
    }

    fn blank_row(&self) -> Option<usize> {
        self.padding
    }
}
