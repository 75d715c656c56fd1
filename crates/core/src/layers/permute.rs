//! Axes in another order.

use candle_core::{Result as Computed, Tensor};

use super::units::{UNITS, Units};
use crate::activation::Activation;
use crate::differentiable::Pass;
use crate::layer::{
    Cost, Counted, Default, Domain, Kind, Make, Operation, Param, Place, Scaling, Short, Trial, Value, Weight,
};
use crate::parameters::Parameters;
use crate::shape::{Form, Layout, Shape};

pub static KIND: Kind = Kind {
    name: "permute",
    about: "Puts the axes of a sample in another order.",
    params: &[
        Param {
            name: "axes",
            label: "the axes",
            domain: Domain::List { least: 0, most: 7 },
            default: Default::Needed,
            about: "the axes in their new order, from 0, without that of the samples",
        },
        Param {
            name: "units",
            label: "the axis of the units",
            domain: Domain::Word(UNITS),
            default: Default::Word("auto"),
            about: "the axis of the units: `first` for channels, `last` for features, or `auto`, which follows them",
        },
    ],
    short: Short::Written { param: "axes", label: "the axes" },
    example: "permute: [1, 0]",
    make: Make::Layer(|arguments| Permute { axes: arguments.list("axes"), units: Units::of(arguments) }.into()),
    trials: || {
        let permute = |axes: &[usize]| vec![Permute { axes: axes.to_vec(), units: Units::Auto }.into()];
        vec![
            Trial::new(&[3, 4], permute(&[1, 0])),
            Trial::of_tokens(Form::tokens(vec![3, 4]), permute(&[1, 0])),
            Trial::new(&[2, 3, 4], permute(&[1, 2, 0])),
        ]
    },
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permute {
    /// The axes in their new order, from 0, without that of the samples.
    pub axes: Vec<usize>,
    pub units: Units,
}

impl Permute {
    fn take(&self, input: &Tensor) -> Computed<Tensor> {
        let axes: Vec<_> = std::iter::once(0).chain(self.axes.iter().map(|axis| axis + 1)).collect();
        input.permute(axes)?.contiguous()
    }
}

impl Operation for Permute {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn values(&self) -> Vec<Value> {
        vec![Value::Sides(self.axes.iter().map(|axis| *axis as u64).collect()), self.units.value()]
    }

    fn summary(&self) -> String {
        KIND.name.to_owned()
    }

    fn output(&self, inputs: &[Form]) -> Result<Form, String> {
        let dims = &inputs[0].shape.0;
        let mut sorted = self.axes.clone();
        sorted.sort_unstable();
        if !sorted.iter().copied().eq(0..dims.len()) {
            return Err(format!(
                "{} come in, so the axes are the numbers from 0 to {}, each once",
                inputs[0],
                dims.len() - 1
            ));
        }
        let units = self.axes.iter().position(|axis| *axis == inputs[0].axis());
        let layout = match (self.units.layout(), units) {
            (Some(layout), _) => layout,
            (None, Some(0)) if dims.len() > 1 => Layout::Channels,
            (None, Some(at)) if at + 1 == dims.len() => Layout::Features,
            (None, _) => {
                let problem = "its units would stand in the middle: say which axis holds them now, `units: first` or `units: last`";
                return Err(problem.to_owned());
            }
        };
        Ok(Form { shape: Shape(self.axes.iter().map(|axis| dims[*axis]).collect()), layout })
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

    fn forward(&self, _: &Place, inputs: &[Tensor], _: &Parameters, _: Option<&Activation>) -> Computed<Tensor> {
        self.take(&inputs[0])
    }

    fn most_rank(&self, place: &Place, inputs: &[usize]) -> usize {
        let has_kept_units = self.axes.get(place.output.axis()) == Some(&place.inputs[0].axis());
        if has_kept_units { inputs[0] } else { place.output.units() }
    }

    fn differentiable(&self, _: &Place, inputs: &[Tensor], _: &mut dyn Pass) -> Computed<Tensor> {
        self.take(&inputs[0])
    }
}
