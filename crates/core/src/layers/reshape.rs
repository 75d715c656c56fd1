//! The same elements in another shape.

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
    name: "reshape",
    about: "The same elements in another shape, in their order in memory.",
    params: &[
        Param {
            name: "shape",
            label: "shape",
            domain: Domain::List { least: 1, most: 1 << 40 },
            default: Default::Needed,
            about: "the sizes, without that of the samples",
        },
        Param {
            name: "units",
            label: "the axis of the units",
            domain: Domain::Word(UNITS),
            default: Default::Word("auto"),
            about: "the axis of the units: `first` for channels, `last` for features, or `auto`: where they were if that axis keeps its size, else the first of several",
        },
    ],
    short: Short::Written { param: "shape", label: "the shape" },
    example: "reshape: [64, 49]",
    make: Make::Layer(|arguments| Reshape { dims: arguments.list("shape"), units: Units::of(arguments) }.into()),
    trials: || {
        let reshape = |dims: &[usize]| vec![Reshape { dims: dims.to_vec(), units: Units::Auto }.into()];
        vec![
            Trial::new(&[2, 3, 4], reshape(&[2, 12])),
            Trial::new(&[12], reshape(&[3, 2, 2])),
            Trial::of_tokens(Form::tokens(vec![4, 3]), reshape(&[2, 2, 3])),
        ]
    },
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reshape {
    /// Without that of the samples.
    pub dims: Vec<usize>,
    pub units: Units,
}

impl Reshape {
    /// The layout of what has been given these sizes.
    fn layout(&self, input: &Form) -> Layout {
        let (before, after) = (&input.shape.0, &self.dims);
        let auto = match input.layout {
            _ if after.len() < 2 => Layout::Features,
            Layout::Features if before.len() > 1 && before.last() == after.last() => Layout::Features,
            _ => Layout::Channels,
        };
        self.units.layout().unwrap_or(auto)
    }

    fn take(&self, input: &Tensor) -> Computed<Tensor> {
        let dims: Vec<_> = std::iter::once(input.dim(0)?).chain(self.dims.iter().copied()).collect();
        input.reshape(dims)
    }
}

impl Operation for Reshape {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn values(&self) -> Vec<Value> {
        vec![Value::Sides(self.dims.iter().map(|side| *side as u64).collect()), self.units.value()]
    }

    fn summary(&self) -> String {
        KIND.name.to_owned()
    }

    fn output(&self, inputs: &[Form]) -> Result<Form, String> {
        let elements = self.dims.iter().try_fold(1usize, |n, side| n.checked_mul(*side));
        match elements == Some(inputs[0].shape.elements()) && !self.dims.is_empty() {
            true => Ok(Form { shape: Shape(self.dims.clone()), layout: self.layout(&inputs[0]) }),
            false => Err(format!(
                "{} come in, which are {} elements, not {}",
                inputs[0],
                inputs[0].shape.elements(),
                elements.map_or("more than can be counted".to_owned(), |n| n.to_string())
            )),
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

    fn forward(&self, _: &Place, inputs: &[Tensor], _: &Parameters, _: Option<&Activation>) -> Computed<Tensor> {
        self.take(&inputs[0])
    }

    fn most_rank(&self, place: &Place, inputs: &[usize]) -> usize {
        // Units stay as they are where their axis does.
        let (before, after) = (&place.inputs[0], &place.output);
        let has_kept_units = before.layout == after.layout && before.axis() == 0 && after.axis() == 0
            || before.layout == Layout::Features && after.layout == Layout::Features;
        if has_kept_units && before.units() == after.units() { inputs[0] } else { after.units() }
    }

    fn differentiable(&self, _: &Place, inputs: &[Tensor], _: &mut dyn Pass) -> Computed<Tensor> {
        self.take(&inputs[0])
    }
}
