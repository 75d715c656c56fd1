//! What transposed convolutions have in common, over sequences and over images.

use candle_core::{Result as Computed, Tensor};

use super::images::{MOST, as_image, on_images, sides_in_short};
use crate::differentiable::{self, Pass};
use crate::init::WeightShape;
use crate::kernels::{Groups, Window, batch, convolve_transposed, with_elements};
use crate::layer::{Arguments, Cost, Default, Domain, Param, Place, Role, Value, Weight};
use crate::parameters::Parameters;
use crate::shape::Form;

/// The parameters of a transposed convolution over `axes` axes.
pub const fn params(axes: usize) -> [Param; 8] {
    [
        Param { name: "out", label: "out", domain: Domain::Size, default: Default::Needed, about: "output channels" },
        Param {
            name: "kernel",
            label: "the kernel",
            domain: Domain::Sides { axes, least: 1, most: MOST },
            default: Default::Needed,
            about: if axes == 1 { "length of the kernel" } else { "side of the kernel, or its height and width" },
        },
        Param {
            name: "stride",
            label: "stride",
            domain: Domain::Sides { axes, least: 1, most: MOST },
            default: Default::Whole(1),
            about: "from where one element spreads to where the next does",
        },
        Param {
            name: "padding",
            label: "the padding",
            domain: Domain::Sides { axes, least: 0, most: MOST },
            default: Default::Whole(0),
            about: "elements that are cut off on every side",
        },
        Param {
            name: "output_padding",
            label: "the output padding",
            domain: Domain::Sides { axes, least: 0, most: MOST },
            default: Default::Whole(0),
            about: "elements more at the end, fewer than the stride or the dilation",
        },
        Param {
            name: "dilation",
            label: "the dilation",
            domain: Domain::Sides { axes, least: 1, most: MOST },
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
    ]
}

/// A transposed convolution over D axes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transposed<const D: usize> {
    pub out: usize,
    /// One number for each axis, as of all that follow.
    pub kernel: [usize; D],
    pub stride: [usize; D],
    pub padding: [usize; D],
    pub output_padding: [usize; D],
    pub dilation: [usize; D],
    pub groups: usize,
    pub bias: bool,
}

impl<const D: usize> Transposed<D> {
    /// A transposed convolution with PyTorch's defaults and the same kernel along every axis.
    #[must_use]
    pub fn new(out: usize, kernel: usize) -> Self {
        let (kernel, ones, zeros) = ([kernel; D], [1; D], [0; D]);
        Self { out, kernel, stride: ones, padding: zeros, output_padding: zeros, dilation: ones, groups: 1, bias: true }
    }

    /// The transposed convolution that these arguments describe, see [`params`].
    pub(super) fn of(arguments: &Arguments) -> Self {
        Self {
            out: arguments.whole("out"),
            kernel: arguments.sides("kernel"),
            stride: arguments.sides("stride"),
            padding: arguments.sides("padding"),
            output_padding: arguments.sides("output_padding"),
            dilation: arguments.sides("dilation"),
            groups: arguments.whole("groups"),
            bias: arguments.flag("bias"),
        }
    }

    /// The values of [`params`].
    pub(super) fn arguments(&self) -> Vec<Value> {
        let sides = [self.kernel, self.stride, self.padding, self.output_padding, self.dilation];
        let mut values = vec![Value::Whole(self.out as u64)];
        values.extend(sides.map(|sides| Value::of_sides(&sides)));
        values.extend([Value::Whole(self.groups as u64), Value::Flag(self.bias)]);
        values
    }

    /// `up conv4 16`
    pub(super) fn in_short(&self) -> String {
        format!("up conv{} {}", sides_in_short(&self.kernel), self.out)
    }

    fn window(&self) -> Window {
        Window {
            kernel: on_images(self.kernel, 1),
            stride: on_images(self.stride, 1),
            dilation: on_images(self.dilation, 1),
            pads: on_images(self.padding.map(|zeros| (zeros, zeros)), (0, 0)),
        }
    }

    /// What comes out of `sides`, of which a sequence has one.
    pub(super) fn spread(&self, input: &Form, sides: [usize; D]) -> Result<Form, String> {
        let (channels, out, groups) = (input.units(), self.out, self.groups);
        if channels % groups != 0 || out % groups != 0 {
            return Err(format!("{channels} channels in and {out} out cannot be split into {groups} groups"));
        }
        if let Some(axis) =
            (0..D).find(|axis| self.output_padding[*axis] >= self.stride[*axis].max(self.dilation[*axis]))
        {
            let most = self.stride[axis].max(self.dilation[axis]) - 1;
            return Err(format!("an output padding of {} is more than {most}", self.output_padding[axis]));
        }
        match self.window().spread(on_images(sides, 1), on_images(self.output_padding, 0)) {
            Some([_, length]) if D == 1 => Ok(Form::channels(vec![out, length])),
            Some([height, width]) => Ok(Form::channels(vec![out, height, width])),
            None => Err(format!("padding of {} leaves nothing of {input}", sides_in_short(&self.padding))),
        }
    }

    /// `[in, out/groups, kernel, ...]`
    pub(super) fn drawn(&self, input: &Form) -> Vec<Weight> {
        let mut dims = vec![input.units(), self.out / self.groups];
        dims.extend(self.kernel);
        let shape = WeightShape::new(dims.clone(), self.groups);
        let bias = Weight { name: "bias", dims: vec![self.out], role: Role::Bias(shape.clone()) };
        let weight = Weight { name: "weight", dims, role: Role::Drawn(shape) };
        if self.bias { vec![weight, bias] } else { vec![weight] }
    }

    pub(super) fn costs(&self, place: &Place) -> Cost {
        let positions = place.input().positions() as u128;
        let area: u128 = self.kernel.iter().map(|side| *side as u128).product();
        let spread = (self.out as u128).saturating_mul(area);
        let per_position = (spread / self.groups as u128).saturating_mul(place.input().width() as u128);
        Cost { workspace: spread.saturating_mul(positions), multiply_adds: per_position.saturating_mul(positions) }
    }

    fn sizes(&self, place: &Place) -> Groups {
        Groups { groups: self.groups, input: as_image(&place.inputs[0]), output: as_image(&place.output) }
    }

    pub(super) fn apply(&self, place: &Place, input: &Tensor, parameters: &Parameters) -> Computed<Tensor> {
        let weight = parameters.need("weight", &place.name)?;
        let bias = parameters.get("bias").map(Tensor::to_vec1::<f32>).transpose()?;
        let (samples, sizes, window) = (input.dim(0)?, self.sizes(place), self.window());
        let output = with_elements(input, |x| {
            with_elements(weight, |w| convolve_transposed(x, samples, sizes, &window, w, bias.as_deref()))
        })??;
        batch(output, samples, &place.output.shape)
    }

    pub(super) fn differentiate(&self, place: &Place, input: &Tensor, pass: &mut dyn Pass) -> Computed<Tensor> {
        let (weight, bias) = (pass.need(&place.name, "weight")?, pass.parameter(&place.name, "bias"));
        let dims = &place.output.shape.0;
        differentiable::convolve_transposed(input, self.sizes(place), &self.window(), dims, &weight, bias.as_ref())
    }
}
