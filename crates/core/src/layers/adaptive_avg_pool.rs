//! Pooling to a given size.

use candle_core::{Result as Computed, Tensor};

use super::images::{MOST, needs_channels, sides, sides_in_short};
use crate::activation::Activation;
use crate::differentiable::{self, Pass};
use crate::kernels::adaptive_mean;
use crate::layer::{
    Cost, Counted, Default, Domain, Kind, Make, Operation, Param, Place, Scaling, Short, Trial, Value, Weight,
};
use crate::parameters::Parameters;
use crate::shape::Form;

pub static KIND: Kind = Kind {
    name: "adaptive_avg_pool",
    about: "The means of as many windows as there are to be elements, as in PyTorch. It takes images and sequences of channels.",
    params: &[Param {
        name: "size",
        label: "the size",
        domain: Domain::Sides { axes: 2, least: 1, most: MOST },
        default: Default::Needed,
        about: "side of the output, or its height and width",
    }],
    short: Short::Written { param: "size", label: "the size" },
    example: "adaptive_avg_pool: 7",
    make: Make::Layer(|arguments| AdaptiveAvgPool { size: arguments.sides("size") }.into()),
    trials: || {
        let pool = |size| vec![AdaptiveAvgPool { size }.into()];
        vec![
            Trial::new(&[2, 5, 7], pool([2, 3])),
            Trial::new(&[2, 2, 3], pool([4, 4])),
            Trial::new(&[2, 7], pool([3, 3])),
        ]
    },
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdaptiveAvgPool {
    /// Height and width of the output; of a sequence, its length twice.
    pub size: [usize; 2],
}

impl Operation for AdaptiveAvgPool {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn values(&self) -> Vec<Value> {
        vec![Value::of_sides(&self.size)]
    }

    fn summary(&self) -> String {
        format!("{} {}", KIND.name, sides_in_short(&self.size))
    }

    fn output(&self, inputs: &[Form]) -> Result<Form, String> {
        let [height, width] = self.size;
        match (inputs[0].image(), inputs[0].sequence_of_channels()) {
            (Some([channels, ..]), _) => Ok(Form::channels(vec![channels, height, width])),
            (None, Some([channels, _])) if height == width => Ok(Form::channels(vec![channels, width])),
            (None, Some(_)) => Err(format!("{} come in, so the size is one number", inputs[0])),
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
        adaptive_mean(&inputs[0], sides(&place.output))
    }

    fn differentiable(&self, place: &Place, inputs: &[Tensor], _: &mut dyn Pass) -> Computed<Tensor> {
        differentiable::adaptive_mean(&inputs[0], sides(&place.output))
    }
}
