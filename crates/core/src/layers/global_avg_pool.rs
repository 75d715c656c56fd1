//! The mean of every channel.

use candle_core::{Result as Computed, Tensor};

use super::images::needs_channels;
use crate::activation::Activation;
use crate::differentiable::Pass;
use crate::kernels::{batch, global_mean, with_elements};
use crate::layer::{Cost, Counted, Kind, Make, Operation, Place, Scaling, Short, Trial, Value, Weight};
use crate::parameters::Parameters;
use crate::shape::Form;

pub static KIND: Kind = Kind {
    name: "global_avg_pool",
    about: "The mean of every channel, which leaves one position. It takes images and sequences of channels.",
    params: &[],
    short: Short::Never,
    example: "global_avg_pool",
    make: Make::Layer(|_| GlobalAvgPool.into()),
    trials: || [&[4, 6, 5][..], &[4, 7]].map(|input| Trial::new(input, vec![GlobalAvgPool.into()])).to_vec(),
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlobalAvgPool;

impl Operation for GlobalAvgPool {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn values(&self) -> Vec<Value> {
        Vec::new()
    }

    fn summary(&self) -> String {
        KIND.name.to_owned()
    }

    fn output(&self, inputs: &[Form]) -> Result<Form, String> {
        match (inputs[0].image(), inputs[0].sequence_of_channels()) {
            (Some([channels, ..]), _) => Ok(Form::channels(vec![channels, 1, 1])),
            (None, Some([channels, _])) => Ok(Form::channels(vec![channels, 1])),
            (None, None) => Err(needs_channels(&inputs[0])),
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
        Scaling::Passes
    }

    fn passes_units(&self) -> bool {
        false
    }

    fn cost(&self, _: &Place) -> Cost {
        Cost::NOTHING
    }

    fn forward(&self, place: &Place, inputs: &[Tensor], _: &Parameters, _: Option<&Activation>) -> Computed<Tensor> {
        let area = place.input().positions();
        batch(with_elements(&inputs[0], |x| global_mean(x, area))?, inputs[0].dim(0)?, &place.output.shape)
    }

    fn most_rank(&self, _: &Place, inputs: &[usize]) -> usize {
        inputs[0]
    }

    fn makes_anew(&self) -> bool {
        true
    }

    fn differentiable(&self, place: &Place, inputs: &[Tensor], _: &mut dyn Pass) -> Computed<Tensor> {
        let dims: Vec<_> = std::iter::once(inputs[0].dim(0)?).chain(place.output.shape.0.iter().copied()).collect();
        inputs[0].flatten_from(2)?.mean(2)?.reshape(dims)
    }
}
