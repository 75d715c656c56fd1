//! What convolutions have in common, over sequences and over images.

use candle_core::{Result as Computed, Tensor};

use super::images::{MOST, as_image, on_images, sides_in_short};
use crate::differentiable::{self, Pass};
use crate::kernels::{Groups, Window, batch, convolution_workspace, convolve, same, with_elements};
use crate::layer::{Arguments, Cost, Default, Domain, Param, Place, Value, Weight};
use crate::parameters::Parameters;
use crate::shape::Form;

/// The parameters of a convolution that slides over `axes` axes.
pub const fn params(axes: usize) -> [Param; 7] {
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
            about: "from one position of the kernel to the next",
        },
        Param {
            name: "padding",
            label: "the padding",
            domain: Domain::SidesOrWord { axes, most: MOST, words: &["same", "valid"] },
            default: Default::Whole(0),
            about: "zeros on every side, or `same` for as many as give as many positions as the stride fits into a side, as in Keras",
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

/// Zeros around what a kernel slides over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    Zeros(usize),
    /// Along the height and along the width.
    Oblong([usize; 2]),
    /// As much as gives ceil(side / stride) positions, as in Keras; for stride 1 it keeps the side.
    Same,
}

impl Padding {
    /// The argument `padding`.
    #[must_use]
    pub fn of(arguments: &Arguments) -> Self {
        match (arguments.word("padding"), arguments.sides("padding")) {
            (Some("same"), _) => Self::Same,
            (_, [height, width]) if height != width => Self::Oblong([height, width]),
            (_, [side, _]) => Self::Zeros(side),
        }
    }

    /// As the parameter of a preset.
    #[must_use]
    pub fn value(self) -> Value {
        match self {
            Self::Zeros(n) => Value::Whole(n as u64),
            Self::Oblong(sides) => Value::of_sides(&sides),
            Self::Same => Value::Word("same"),
        }
    }
}

/// A convolution over D axes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conv<const D: usize> {
    pub out: usize,
    /// One number for each axis, as of stride and dilation.
    pub kernel: [usize; D],
    pub stride: [usize; D],
    pub padding: Padding,
    pub dilation: [usize; D],
    pub groups: usize,
    pub bias: bool,
}

impl<const D: usize> Conv<D> {
    /// A convolution with PyTorch's defaults and the same kernel along every axis.
    #[must_use]
    pub fn new(out: usize, kernel: usize) -> Self {
        let (kernel, ones) = ([kernel; D], [1; D]);
        Self { out, kernel, stride: ones, padding: Padding::Zeros(0), dilation: ones, groups: 1, bias: true }
    }

    /// The same with this stride along every axis.
    #[must_use]
    pub fn strided(self, stride: usize) -> Self {
        Self { stride: [stride; D], ..self }
    }

    /// Zeros before and after along every axis of an input of these sides.
    #[must_use]
    pub fn pads(&self, sides: [usize; D]) -> [(usize, usize); D] {
        std::array::from_fn(|axis| match self.padding {
            Padding::Zeros(n) => (n, n),
            Padding::Oblong(zeros) => (zeros[axis], zeros[axis]),
            Padding::Same => same(sides[axis], self.kernel[axis], self.stride[axis], self.dilation[axis]),
        })
    }

    /// The convolution that these arguments describe, see [`params`].
    pub(super) fn of(arguments: &Arguments) -> Self {
        Self {
            out: arguments.whole("out"),
            kernel: arguments.sides("kernel"),
            stride: arguments.sides("stride"),
            padding: Padding::of(arguments),
            dilation: arguments.sides("dilation"),
            groups: arguments.whole("groups"),
            bias: arguments.flag("bias"),
        }
    }

    /// The values of [`params`].
    pub(super) fn arguments(&self) -> Vec<Value> {
        let whole = |n: usize| Value::Whole(n as u64);
        let [kernel, stride, dilation] = [self.kernel, self.stride, self.dilation].map(|sides| Value::of_sides(&sides));
        let bias = Value::Flag(self.bias);
        vec![whole(self.out), kernel, stride, self.padding.value(), dilation, whole(self.groups), bias]
    }

    /// `conv3 16`, `conv3x5 16`
    pub(super) fn in_short(&self) -> String {
        format!("conv{} {}", sides_in_short(&self.kernel), self.out)
    }

    fn window(&self, sides: [usize; D]) -> Window {
        let pads = self.pads(sides);
        Window {
            kernel: on_images(self.kernel, 1),
            stride: on_images(self.stride, 1),
            dilation: on_images(self.dilation, 1),
            pads: on_images(pads, (0, 0)),
        }
    }

    /// What comes out of `sides`, of which a sequence has one.
    pub(super) fn slide(&self, input: &Form, sides: [usize; D]) -> Result<Form, String> {
        let (channels, out, groups) = (input.units(), self.out, self.groups);
        if channels % groups != 0 || out % groups != 0 {
            return Err(format!("{channels} channels in and {out} out cannot be split into {groups} groups"));
        }
        match self.window(sides).slide(on_images(sides, 1)) {
            Some([_, length]) if D == 1 => Ok(Form::channels(vec![out, length])),
            Some([height, width]) => Ok(Form::channels(vec![out, height, width])),
            None => Err(format!(
                "a kernel of {} with dilation {} and padding {} does not fit into {input}",
                sides_in_short(&self.kernel),
                sides_in_short(&self.dilation),
                sides_in_short(&self.pads(sides).map(|(before, _)| before)),
            )),
        }
    }

    /// `[out, in/groups, kernel, ...]`
    pub(super) fn drawn(&self, input: &Form) -> Vec<Weight> {
        let mut dims = vec![self.out, input.units() / self.groups];
        dims.extend(self.kernel);
        Weight::drawn(dims, self.groups, self.bias)
    }

    pub(super) fn costs(&self, place: &Place) -> Cost {
        let positions = place.output.shape.positions() as u128;
        let area: u128 = self.kernel.iter().map(|side| *side as u128).product();
        let patch = (place.input().width() as u128).saturating_mul(area);
        let per_output = (patch / self.groups as u128).saturating_mul(self.out as u128);
        let (sizes, window) = self.sliding(place);
        let workspace = convolution_workspace(sizes, &window);
        Cost { workspace, multiply_adds: per_output.saturating_mul(positions) }
    }

    /// The most that the rank of its output can be, from that of its input: a linear function of the positions under the kernel.
    pub(super) fn most_rank_of(&self, input: usize) -> usize {
        let area: usize = self.kernel.iter().product();
        input.saturating_mul(area).saturating_add(usize::from(self.bias))
    }

    /// Whether it looks at every position alone, and at all of them.
    pub(super) fn is_of_points(&self, place: &Place) -> bool {
        let is_one = |sides: [usize; D]| sides == [1; D];
        self.groups == 1 && is_one(self.kernel) && is_one(self.stride) && self.pads_at(place) == [(0, 0); D]
    }

    /// Zeros before and after along every axis of the first input.
    #[must_use]
    pub fn pads_at(&self, place: &Place) -> [(usize, usize); D] {
        self.pads(sides_of(place))
    }

    /// How it slides over the first input.
    fn sliding(&self, place: &Place) -> (Groups, Window) {
        let (input, output) = (as_image(&place.inputs[0]), as_image(&place.output));
        (Groups { groups: self.groups, input, output }, self.window(sides_of(place)))
    }

    pub(super) fn apply(&self, place: &Place, input: &Tensor, parameters: &Parameters) -> Computed<Tensor> {
        let weight = parameters.need("weight", &place.name)?;
        let bias = parameters.get("bias").map(Tensor::to_vec1::<f32>).transpose()?;
        let (samples, (sizes, window)) = (input.dim(0)?, self.sliding(place));
        let output = with_elements(input, |x| {
            with_elements(weight, |w| convolve(x, samples, sizes, &window, w, bias.as_deref()))
        })??;
        batch(output, samples, &place.output.shape)
    }

    pub(super) fn differentiate(&self, place: &Place, input: &Tensor, pass: &mut dyn Pass) -> Computed<Tensor> {
        let (weight, bias) = (pass.need(&place.name, "weight")?, pass.parameter(&place.name, "bias"));
        let (sizes, window) = self.sliding(place);
        differentiable::convolve(input, sizes, &window, &place.output.shape.0, &weight, bias.as_ref())
    }
}

/// The last D sides of the first input.
fn sides_of<const D: usize>(place: &Place) -> [usize; D] {
    let input = place.inputs.first().map_or([1; 3], as_image);
    std::array::from_fn(|axis| input[3 - D + axis])
}
