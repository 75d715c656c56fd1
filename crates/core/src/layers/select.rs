//! One position of a sequence.

use candle_core::{Result as Computed, Tensor};

use super::images::MOST;
use crate::activation::Activation;
use crate::differentiable::Pass;
use crate::layer::{
    Arguments, Cost, Counted, Default, Domain, Kind, Make, Operation, Param, Place, Scaling, Short, Trial, Value,
    Weight,
};
use crate::parameters::Parameters;
use crate::shape::Form;

pub static KIND: Kind = Kind {
    name: "select",
    about: "The features of one token, or the channels at one position of a sequence: a vector.",
    params: &[Param {
        name: "position",
        label: "the position",
        domain: Domain::WholeOrWord { most: MOST, words: &["last"] },
        default: Default::Needed,
        about: "from 0, or `last`",
    }],
    short: Short::Written { param: "position", label: "the position" },
    example: "select: last",
    make: Make::Layer(|arguments| Select::of(arguments).into()),
    trials: || {
        let tokens = |select: Select| Trial::of_tokens(Form::tokens(vec![3, 4]), vec![select.into()]);
        vec![tokens(Select::last()), tokens(Select(Some(1))), Trial::new(&[4, 3], vec![Select::first().into()])]
    },
};

/// The position; none for the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Select(pub Option<usize>);

impl Select {
    #[must_use]
    pub fn first() -> Self {
        Self(Some(0))
    }

    #[must_use]
    pub fn last() -> Self {
        Self(None)
    }

    fn of(arguments: &Arguments) -> Self {
        Self(arguments.word("position").is_none().then(|| arguments.whole("position")))
    }

    fn take(&self, place: &Place, input: &Tensor) -> Computed<Tensor> {
        let axis = 2 - place.inputs[0].axis();
        let at = self.0.unwrap_or(input.dim(axis)? - 1);
        input.narrow(axis, at, 1)?.squeeze(axis)?.contiguous()
    }
}

impl Operation for Select {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn values(&self) -> Vec<Value> {
        vec![self.0.map_or(Value::Word("last"), |at| Value::Whole(at as u64))]
    }

    fn summary(&self) -> String {
        self.0.map_or("last".to_owned(), |at| format!("at {at}"))
    }

    fn output(&self, inputs: &[Form]) -> Result<Form, String> {
        let Some(length) = inputs[0].length() else {
            return Err(format!("{} come in, but it needs a sequence", inputs[0]));
        };
        match self.0 {
            Some(at) if at >= length => Err(format!("there are positions from 0 to {}, not {at}", length - 1)),
            _ => Ok(Form::features(inputs[0].units())),
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
        self.take(place, &inputs[0])
    }

    fn differentiable(&self, place: &Place, inputs: &[Tensor], _: &mut dyn Pass) -> Computed<Tensor> {
        self.take(place, &inputs[0])
    }
}
