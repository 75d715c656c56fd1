//! Convolutions of images.

use candle_core::{Result as Computed, Tensor};

use super::images::{MOST, needs_image};
use crate::activation::Activation;
use crate::differentiable::{self, Pass};
use crate::kernels::{Groups, Window, batch, convolve, same, with_elements};
use crate::layer::{
    Cost, Counted, Default, Domain, Kind, Make, Operation, Param, Place, Scaling, Short, Trial, Value, Weight,
};
use crate::parameters::Parameters;
use crate::shape::Form;

/// The parameters of a convolution, whatever it slides over.
pub static PARAMS: &[Param] = &[
    Param { name: "out", label: "out", domain: Domain::Size, default: Default::Needed, about: "output channels" },
    Param {
        name: "kernel",
        label: "the kernel",
        domain: Domain::Whole { least: 1, most: MOST },
        default: Default::Needed,
        about: "side of the kernel",
    },
    Param {
        name: "stride",
        label: "stride",
        domain: Domain::Size,
        default: Default::Whole(1),
        about: "from one position of the kernel to the next",
    },
    Param {
        name: "padding",
        label: "the padding",
        domain: Domain::WholeOrWord { most: MOST, words: &["same", "valid"] },
        default: Default::Whole(0),
        about: "zeros on every side, or `same` for as many as keep the size",
    },
    Param {
        name: "dilation",
        label: "the dilation",
        domain: Domain::Whole { least: 1, most: MOST },
        default: Default::Whole(1),
        about: "from one element of the kernel to the next",
    },
    Param {
        name: "groups",
        label: "groups",
        domain: Domain::Size,
        default: Default::Whole(1),
        about: "groups of channels that do not see each other",
    },
    Param {
        name: "bias",
        label: "bias",
        domain: Domain::Flag,
        default: Default::Flag(true),
        about: "whether it adds a bias",
    },
];

pub static KIND: Kind = Kind {
    name: "conv2d",
    about: "A convolution with a square kernel. It takes images.",
    params: PARAMS,
    short: Short::Never,
    example: "conv2d: {out: 32, kernel: 3}",
    make: Make::Layer(|arguments| {
        let convolution = Conv2d {
            out: arguments.whole("out"),
            kernel: arguments.whole("kernel"),
            stride: arguments.whole("stride"),
            padding: Padding::of(arguments),
            dilation: arguments.whole("dilation"),
            groups: arguments.whole("groups"),
            bias: arguments.flag("bias"),
        };
        convolution.into()
    }),
    trials,
};

fn trials() -> Vec<Trial> {
    let strided = Conv2d { stride: 2, padding: Padding::Zeros(1), ..Conv2d::new(4, 3) };
    let grouped = Conv2d { groups: 2, dilation: 2, bias: false, ..Conv2d::new(6, 2) };
    let even = Conv2d { padding: Padding::Same, ..Conv2d::new(3, 2) };
    let trial = |conv: Conv2d| Trial::new(&[4, 6, 5], vec![conv.into()]);
    vec![trial(strided), trial(grouped), trial(Conv2d::new(3, 1)), trial(even)]
}

/// Padding of a convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    Zeros(usize),
    /// As much as keeps the size, for stride 1.
    Same,
}

impl Padding {
    /// The argument `padding`.
    #[must_use]
    pub fn of(arguments: &crate::layer::Arguments) -> Self {
        match arguments.word("padding") {
            Some("same") => Self::Same,
            _ => Self::Zeros(arguments.whole("padding")),
        }
    }

    /// As the parameter of a preset.
    #[must_use]
    pub fn value(self) -> Value {
        match self {
            Self::Zeros(n) => Value::Whole(n as u64),
            Self::Same => Value::Word("same"),
        }
    }

    /// Zeros before and after.
    #[must_use]
    pub fn zeros(self, kernel: usize, dilation: usize) -> (usize, usize) {
        match self {
            Self::Zeros(n) => (n, n),
            Self::Same => same(kernel, dilation),
        }
    }
}

/// A two-dimensional convolution with a square kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conv2d {
    pub out: usize,
    pub kernel: usize,
    pub stride: usize,
    pub padding: Padding,
    pub dilation: usize,
    pub groups: usize,
    pub bias: bool,
}

impl Conv2d {
    /// A convolution with PyTorch's defaults.
    #[must_use]
    pub fn new(out: usize, kernel: usize) -> Self {
        Self { out, kernel, stride: 1, padding: Padding::Zeros(0), dilation: 1, groups: 1, bias: true }
    }

    /// Zeros before and after a row or column of the image.
    #[must_use]
    pub fn pads(&self) -> (usize, usize) {
        self.padding.zeros(self.kernel, self.dilation)
    }

    fn window(&self) -> Window {
        Window::square(self.kernel, self.stride, self.dilation, self.pads())
    }

    fn sizes(&self, place: &Place) -> Groups {
        let image = |form: &Form| form.shape.image().unwrap_or_default();
        Groups { groups: self.groups, input: image(&place.inputs[0]), output: image(&place.output) }
    }
}

/// What is wrong with the channels or the padding of a convolution, whatever it slides over.
pub(super) fn check(channels: usize, out: usize, groups: usize, padding: Padding, stride: usize) -> Result<(), String> {
    if channels % groups != 0 || out % groups != 0 {
        return Err(format!("{channels} channels in and {out} out cannot be split into {groups} groups"));
    }
    if padding == Padding::Same && stride != 1 {
        return Err("`padding: same` needs stride 1".to_owned());
    }
    Ok(())
}

impl Operation for Conv2d {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn values(&self) -> Vec<Value> {
        let whole = |n: usize| Value::Whole(n as u64);
        let Self { out, kernel, stride, padding, dilation, groups, bias } = *self;
        let bias = Value::Flag(bias);
        vec![whole(out), whole(kernel), whole(stride), padding.value(), whole(dilation), whole(groups), bias]
    }

    fn summary(&self) -> String {
        format!("conv{} {}", self.kernel, self.out)
    }

    fn output(&self, inputs: &[Form]) -> Result<Form, String> {
        let input = &inputs[0].shape;
        let Some([channels, height, width]) = input.image() else { return Err(needs_image(input)) };
        check(channels, self.out, self.groups, self.padding, self.stride)?;
        let Some([height, width]) = self.window().slide([height, width]) else {
            return Err(format!(
                "a kernel of {} with dilation {} and padding {} does not fit into {input}",
                self.kernel,
                self.dilation,
                self.pads().0
            ));
        };
        Ok(Form::channels(vec![self.out, height, width]))
    }

    fn weights(&self, inputs: &[Form], _: Option<&Activation>) -> Vec<Weight> {
        let channels = inputs[0].shape.width() / self.groups;
        Weight::drawn(vec![self.out, channels, self.kernel, self.kernel], self.groups, self.bias)
    }

    fn counted<'a>(&'a self, _: Option<&'a Activation>) -> Counted<'a> {
        Counted::Weighted
    }

    fn is_by_sample(&self) -> bool {
        true
    }

    fn scaling(&self, _: Option<&Activation>) -> Scaling {
        Scaling::Weighted
    }

    fn passes_units(&self) -> bool {
        false
    }

    fn cost(&self, place: &Place) -> Cost {
        let positions = place.output.shape.positions() as u128;
        let patch = (place.input().width() as u128).saturating_mul((self.kernel as u128).pow(2));
        let per_output = (patch / self.groups as u128).saturating_mul(self.out as u128);
        Cost { workspace: patch.saturating_mul(positions), multiply_adds: per_output.saturating_mul(positions) }
    }

    fn forward(
        &self,
        place: &Place,
        inputs: &[Tensor],
        parameters: &Parameters,
        _: Option<&Activation>,
    ) -> Computed<Tensor> {
        let (input, weight) = (&inputs[0], parameters.need("weight", &place.name)?);
        let bias = parameters.get("bias").map(Tensor::to_vec1::<f32>).transpose()?;
        let (samples, sizes, window) = (input.dim(0)?, self.sizes(place), self.window());
        let output = with_elements(input, |x| {
            with_elements(weight, |w| convolve(x, samples, sizes, &window, w, bias.as_deref()))
        })??;
        batch(output, samples, &place.output.shape)
    }

    fn differentiable(&self, place: &Place, inputs: &[Tensor], pass: &mut dyn Pass) -> Computed<Tensor> {
        let (weight, bias) = (pass.need(&place.name, "weight")?, pass.parameter(&place.name, "bias"));
        let dims = &place.output.shape.0;
        differentiable::convolve(&inputs[0], self.sizes(place), &self.window(), dims, &weight, bias.as_ref())
    }
}
