//! What convolutions have in common, over sequences and over images.

use candle_core::{Result as Computed, Tensor};

use super::images::MOST;
use crate::differentiable::{self, Pass};
use crate::kernels::{Groups, Window, batch, convolve, same, with_elements};
use crate::layer::{Arguments, Cost, Default, Domain, Param, Place, Value, Weight};
use crate::parameters::Parameters;
use crate::shape::{Form, Shape};

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
    pub fn of(arguments: &Arguments) -> Self {
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

/// A convolution over D axes, with the same kernel along each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conv<const D: usize> {
    pub out: usize,
    pub kernel: usize,
    pub stride: usize,
    pub padding: Padding,
    pub dilation: usize,
    pub groups: usize,
    pub bias: bool,
}

impl<const D: usize> Conv<D> {
    /// A convolution with PyTorch's defaults.
    #[must_use]
    pub fn new(out: usize, kernel: usize) -> Self {
        Self { out, kernel, stride: 1, padding: Padding::Zeros(0), dilation: 1, groups: 1, bias: true }
    }

    /// Zeros before and after, along every axis.
    #[must_use]
    pub fn pads(&self) -> (usize, usize) {
        self.padding.zeros(self.kernel, self.dilation)
    }

    /// The convolution that these arguments describe, see [`PARAMS`].
    pub(super) fn of(arguments: &Arguments) -> Self {
        Self {
            out: arguments.whole("out"),
            kernel: arguments.whole("kernel"),
            stride: arguments.whole("stride"),
            padding: Padding::of(arguments),
            dilation: arguments.whole("dilation"),
            groups: arguments.whole("groups"),
            bias: arguments.flag("bias"),
        }
    }

    /// The values of [`PARAMS`].
    pub(super) fn arguments(&self) -> Vec<Value> {
        let whole = |n: usize| Value::Whole(n as u64);
        let Self { out, kernel, stride, padding, dilation, groups, bias } = *self;
        let bias = Value::Flag(bias);
        vec![whole(out), whole(kernel), whole(stride), padding.value(), whole(dilation), whole(groups), bias]
    }

    /// Sequences are images of height 1.
    fn window(&self) -> Window {
        let slides = if D == 1 { Window::along } else { Window::square };
        slides(self.kernel, self.stride, self.dilation, self.pads())
    }

    /// What comes out of `sides`, of which a sequence has one.
    pub(super) fn slide(&self, input: &Shape, sides: [usize; D]) -> Result<Form, String> {
        let (channels, out, groups) = (input.width(), self.out, self.groups);
        if channels % groups != 0 || out % groups != 0 {
            return Err(format!("{channels} channels in and {out} out cannot be split into {groups} groups"));
        }
        if self.padding == Padding::Same && self.stride != 1 {
            return Err("`padding: same` needs stride 1".to_owned());
        }
        let (last, first) = (sides.last().copied().unwrap_or(1), sides.first().copied().unwrap_or(1));
        match self.window().slide([if D == 1 { 1 } else { first }, last]) {
            Some([_, length]) if D == 1 => Ok(Form::channels(vec![out, length])),
            Some([height, width]) => Ok(Form::channels(vec![out, height, width])),
            None => Err(format!(
                "a kernel of {} with dilation {} and padding {} does not fit into {input}",
                self.kernel,
                self.dilation,
                self.pads().0
            )),
        }
    }

    /// `[out, in/groups, kernel, ...]`
    pub(super) fn drawn(&self, input: &Shape) -> Vec<Weight> {
        let mut dims = vec![self.out, input.width() / self.groups];
        dims.extend([self.kernel; D]);
        Weight::drawn(dims, self.groups, self.bias)
    }

    pub(super) fn costs(&self, place: &Place) -> Cost {
        let positions = place.output.shape.positions() as u128;
        let patch = (place.input().width() as u128).saturating_mul((self.kernel as u128).pow(D as u32));
        let per_output = (patch / self.groups as u128).saturating_mul(self.out as u128);
        Cost { workspace: patch.saturating_mul(positions), multiply_adds: per_output.saturating_mul(positions) }
    }

    fn sizes(&self, place: &Place) -> Groups {
        let image = |form: &Form| match *form.shape.0.as_slice() {
            [channels, height, width] => [channels, height, width],
            [channels, length] => [channels, 1, length],
            _ => [0; 3],
        };
        Groups { groups: self.groups, input: image(&place.inputs[0]), output: image(&place.output) }
    }

    pub(super) fn apply(&self, place: &Place, input: &Tensor, parameters: &Parameters) -> Computed<Tensor> {
        let weight = parameters.need("weight", &place.name)?;
        let bias = parameters.get("bias").map(Tensor::to_vec1::<f32>).transpose()?;
        let (samples, sizes, window) = (input.dim(0)?, self.sizes(place), self.window());
        let output = with_elements(input, |x| {
            with_elements(weight, |w| convolve(x, samples, sizes, &window, w, bias.as_deref()))
        })??;
        batch(output, samples, &place.output.shape)
    }

    pub(super) fn differentiate(&self, place: &Place, input: &Tensor, pass: &mut dyn Pass) -> Computed<Tensor> {
        let (weight, bias) = (pass.need(&place.name, "weight")?, pass.parameter(&place.name, "bias"));
        let dims = &place.output.shape.0;
        differentiable::convolve(input, self.sizes(place), &self.window(), dims, &weight, bias.as_ref())
    }
}
