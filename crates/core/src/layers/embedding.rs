//! A vector for every token.

use candle_core::{Result as Computed, Tensor};

use super::flatten::Flatten;
use crate::activation::Activation;
use crate::differentiable::{self, Pass};
use crate::init::Law;
use crate::kernels::gather;
use crate::layer::own;
use crate::layer::{
    Cost, Counted, Default, Domain, Kind, Make, Operation, Param, Place, Scaling, Short, Trial, Value, Weight,
};
use crate::parameters::Parameters;
use crate::shape::{Form, Layout};

pub static KIND: Kind = Kind {
    name: "embedding",
    about: "A learned vector for every token of the vocabulary, drawn from N(0, 1). It takes numbers of tokens.",
    params: &[Param {
        name: "out",
        label: "out",
        domain: Domain::Size,
        default: Default::Needed,
        about: "features of a token",
    }],
    short: Short::Written { param: "out", label: "the width of embedding" },
    example: "embedding: 128",
    make: Make::Layer(|arguments| Embedding::new(arguments.whole("out")).into()),
    trials: || vec![Trial::of_tokens(Form::ids(4, 7), vec![Embedding::new(3).into(), Flatten.into()])],
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Embedding {
    pub out: usize,
    /// The token that stands for nothing: its row is of zeros.
    pub padding: Option<usize>,
}

impl Embedding {
    /// Without a token that stands for nothing.
    #[must_use]
    pub fn new(out: usize) -> Self {
        Self { out, padding: None }
    }

    fn vocab(input: &Form) -> usize {
        match input.layout {
            Layout::Ids { vocab } => vocab,
            Layout::Channels | Layout::Features => 0,
        }
    }
}

impl Operation for Embedding {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn values(&self) -> Vec<Value> {
        std::iter::once(self.out).chain(self.padding).map(|n| Value::Whole(n as u64)).collect()
    }

    fn summary(&self) -> String {
        format!("embedding {}", self.out)
    }

    fn output(&self, inputs: &[Form]) -> Result<Form, String> {
        match inputs[0].layout {
            Layout::Ids { .. } => Ok(Form::tokens(inputs[0].shape.0.iter().copied().chain([self.out]).collect())),
            Layout::Channels | Layout::Features => Err(format!(
                "{} come in, but it needs numbers of tokens: `input: {{tokens: 64, vocab: 1000}}`",
                inputs[0]
            )),
        }
    }

    fn weights(&self, inputs: &[Form], _: Option<&Activation>) -> Vec<Weight> {
        own("weight", &[Self::vocab(&inputs[0]), self.out], Law::Normal { mean: 0.0, std: 1.0 })
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
        gather(&inputs[0], parameters.need("weight", &place.name)?)
    }

    fn makes_anew(&self) -> bool {
        true
    }

    fn differentiable(&self, place: &Place, inputs: &[Tensor], pass: &mut dyn Pass) -> Computed<Tensor> {
        look_up(&inputs[0], &pass.need(&place.name, "weight")?, self.padding)
    }

    fn blank_row(&self) -> Option<usize> {
        self.padding
    }
}

/// The rows of `weight` that `ids` name, of which that of the padding is not trained.
pub(super) fn look_up(ids: &Tensor, weight: &Tensor, padding: Option<usize>) -> Computed<Tensor> {
    let rows = differentiable::embed(ids, weight)?;
    let Some(padding) = padding else { return Ok(rows) };
    let is_padding = ids.eq(padding as f64)?.unsqueeze(ids.rank())?.broadcast_as(rows.shape())?;
    is_padding.where_cond(&rows.detach(), &rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{Device, Var};

    #[test]
    fn the_row_of_a_padding_is_looked_up_and_not_trained() {
        let numbers: Vec<_> = (0..6).map(f64::from).collect();
        let table = Var::from_vec(numbers, (3, 2), &Device::Cpu).unwrap();
        let ids = Tensor::new(&[[1f64, 0.0], [2.0, 1.0]], &Device::Cpu).unwrap();
        let gradient = |padding| {
            let rows = look_up(&ids, &table, padding).unwrap();
            let values = rows.flatten_all().unwrap().to_vec1::<f64>().unwrap();
            assert_eq!(values, [2.0, 3.0, 0.0, 1.0, 4.0, 5.0, 2.0, 3.0]);
            let gradients = rows.sum_all().unwrap().backward().unwrap();
            gradients.get(&table).unwrap().flatten_all().unwrap().to_vec1::<f64>().unwrap()
        };
        // As by `torch.nn.functional.embedding`.
        assert_eq!(gradient(None), [1.0, 1.0, 2.0, 2.0, 1.0, 1.0]);
        assert_eq!(gradient(Some(1)), [1.0, 1.0, 0.0, 0.0, 1.0, 1.0]);
    }
}
