//! An activation that is not searched.

use candle_core::{Result as Computed, Tensor};

use super::activations::{activate, differentiate, scaling, weights};
use super::slot::Slot;
use crate::activation::Activation;
use crate::catalog::{self, Given};
use crate::differentiable::Pass;
use crate::layer::{Cost, Counted, Kind, Layer, Make, Operation, Place, Scaling, Short, Trial, Value, Weight};
use crate::parameters::Parameters;
use crate::shape::Form;

/// What all activations have in common as layers. Presets write each by its own name.
pub static KIND: Kind = Kind {
    name: "fixed",
    about: "An activation, the same for all candidates.",
    params: &[],
    short: Short::Never,
    example: "relu",
    make: Make::Layer(|_| Fixed::named("relu")),
    trials: || {
        let named = |name| vec![Fixed::named(name)];
        let per = [("per", Given::Word("channel"))];
        let prelu = Activation::find("prelu").and_then(|prelu| Activation::new(prelu, &per).ok());
        let by_channel = || prelu.clone().map(|prelu| Fixed(prelu).into()).into_iter().collect();
        vec![
            Trial::new(&[4, 6, 5], named("silu")),
            Trial::new(&[4, 6, 5], named("prelu")),
            Trial::new(&[6], named("prelu")),
            Trial::new(&[4, 6, 5], by_channel()),
            Trial::new(&[6], by_channel()),
        ]
    },
};

#[derive(Debug, Clone, PartialEq)]
pub struct Fixed(pub Activation);

impl Fixed {
    /// The activation of this name with its defaults, as a layer; an open slot where there is none.
    #[must_use]
    pub fn named(name: &str) -> Layer {
        Activation::named(name).map_or_else(|_| Slot::default().into(), |activation| Self(activation).into())
    }
}

impl Operation for Fixed {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn values(&self) -> Vec<Value> {
        let value = |(_, value)| match value {
            catalog::Value::Number(x) => Value::Number(x),
            catalog::Value::Word(word) => Value::Word(word),
        };
        self.0.params().map(value).collect()
    }

    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn summary(&self) -> String {
        self.0.to_string()
    }

    fn output(&self, inputs: &[Form]) -> Result<Form, String> {
        Ok(inputs[0].clone())
    }

    fn weights(&self, inputs: &[Form], _: Option<&Activation>) -> Vec<Weight> {
        weights(&self.0, inputs)
    }

    fn counted<'a>(&'a self, _: Option<&'a Activation>) -> Counted<'a> {
        Counted::Activation(Some(&self.0))
    }

    fn is_by_sample(&self) -> bool {
        true
    }

    fn scaling(&self, _: Option<&Activation>) -> Scaling {
        scaling(&self.0)
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
        activate(&self.0, place, &inputs[0], parameters)
    }

    fn makes_anew(&self) -> bool {
        true
    }

    fn differentiable(&self, place: &Place, inputs: &[Tensor], pass: &mut dyn Pass) -> Computed<Tensor> {
        differentiate(&self.0, place, &inputs[0], pass)
    }
}
