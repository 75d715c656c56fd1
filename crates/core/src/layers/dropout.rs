//! Dropout.

use candle_core::{Result as Computed, Tensor};

use crate::activation::Activation;
use crate::differentiable::{Pass, multiplied};
use crate::layer::{
    Cost, Counted, Default, Domain, Kind, Make, Operation, Param, Place, Scaling, Short, Trial, Value, Weight,
};
use crate::parameters::Parameters;
use crate::random::uniform;
use crate::shape::Form;

pub static KIND: Kind = Kind {
    name: "dropout",
    about: "Sets elements to zero at random in training. Scores are those of the network that will be used, so there it \
            does nothing.",
    params: &[Param {
        name: "p",
        label: "p",
        domain: Domain::Number { least: 0.0, most: 1.0 },
        default: Default::Number(0.5),
        about: "probability of an element to be dropped",
    }],
    short: Short::Written { param: "p", label: "p" },
    example: "dropout: 0.5",
    make: Make::Layer(|arguments| Dropout { p: arguments.number("p") }.into()),
    trials: || vec![Trial::new(&[4, 6, 5], vec![Dropout { p: 0.4 }.into()])],
};

#[derive(Debug, Clone, PartialEq)]
pub struct Dropout {
    pub p: f64,
}

impl Operation for Dropout {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn values(&self) -> Vec<Value> {
        vec![Value::Number(self.p)]
    }

    fn summary(&self) -> String {
        KIND.name.to_owned()
    }

    fn output(&self, inputs: &[Form]) -> Result<Form, String> {
        Ok(inputs[0].clone())
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
        true
    }

    fn cost(&self, _: &Place) -> Cost {
        Cost::NOTHING
    }

    fn forward(&self, _: &Place, inputs: &[Tensor], _: &Parameters, _: Option<&Activation>) -> Computed<Tensor> {
        Ok(inputs[0].clone())
    }

    fn most_rank(&self, _: &Place, inputs: &[usize]) -> usize {
        inputs[0]
    }

    fn differentiable(&self, _: &Place, inputs: &[Tensor], pass: &mut dyn Pass) -> Computed<Tensor> {
        let Some(mut rng) = pass.draw() else { return Ok(inputs[0].clone()) };
        // Zeros with probability p, and the rest divided by 1 - p.
        let kept = if self.p < 1.0 { (1.0 - self.p).recip() } else { 0.0 };
        let mask = (0..inputs[0].elem_count()).map(|_| if uniform(&mut rng) < self.p { 0.0 } else { kept }).collect();
        multiplied(&inputs[0], mask)
    }
}
