//! What kinds of layers over images and sequences share. A sequence is an image of height 1.

use crate::kernels::Window;
use crate::layer::{Arguments, Default, Domain, Param, Value};
use crate::shape::Form;

/// The largest kernel, stride, padding or dilation.
pub const MOST: u64 = 1 << 20;

/// The parameters of a window.
pub const KERNEL: Param = Param {
    name: "kernel",
    label: "the kernel",
    domain: Domain::Sides { axes: 2, least: 1, most: MOST },
    default: Default::Needed,
    about: "side of the window, or its height and width",
};
pub const STRIDE: Param = Param {
    name: "stride",
    label: "the stride",
    domain: Domain::Sides { axes: 2, least: 1, most: MOST },
    default: Default::Of("kernel"),
    about: "from one window to the next; as the kernel unless given",
};
pub const PADDING: Param = Param {
    name: "padding",
    label: "the padding",
    domain: Domain::Sides { axes: 2, least: 0, most: MOST },
    default: Default::Whole(0),
    about: "on every side, at most half the kernel",
};
pub const CEIL_MODE: Param = Param {
    name: "ceil_mode",
    label: "ceil_mode",
    domain: Domain::Flag,
    default: Default::Flag(false),
    about: "whether a last window may hang over the end, as in PyTorch",
};

/// A window and how it slides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// Along the height, then along the width, as of stride and padding; over sequences, the same twice.
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    pub padding: [usize; 2],
    /// Whether a last window may hang over the end.
    pub ceil_mode: bool,
}

impl Frame {
    /// Windows that lie side by side.
    #[must_use]
    pub fn new(kernel: usize) -> Self {
        Self::square(kernel, kernel, 0)
    }

    /// A square window that slides the same way along both axes.
    #[must_use]
    pub fn square(kernel: usize, stride: usize, padding: usize) -> Self {
        Self { kernel: [kernel; 2], stride: [stride; 2], padding: [padding; 2], ceil_mode: false }
    }

    /// The arguments of a pooling layer.
    #[must_use]
    pub fn of(arguments: &Arguments) -> Self {
        let [kernel, stride, padding] = ["kernel", "stride", "padding"].map(|name| arguments.sides(name));
        Self { kernel, stride, padding, ceil_mode: arguments.flag("ceil_mode") }
    }

    /// Kernel, stride and padding as parameters of a preset.
    #[must_use]
    pub fn values(self) -> Vec<Value> {
        [self.kernel, self.stride, self.padding].map(|sides| Value::of_sides(&sides)).to_vec()
    }

    /// The window over images of the form of this input.
    #[must_use]
    pub fn window(self, input: &Form) -> Window {
        let Self { mut kernel, mut stride, padding, .. } = self;
        let mut pads = padding.map(|zeros| (zeros, zeros));
        if input.sequence_of_channels().is_some() {
            (kernel[0], stride[0], pads[0]) = (1, 1, (0, 0));
        }
        Window { kernel, stride, dilation: [1, 1], pads }
    }

    /// What comes out of pooling.
    ///
    /// # Errors
    /// If neither an image nor a sequence of channels comes in, or the window does not fit into it.
    pub fn output(self, input: &Form) -> Result<Form, String> {
        let is_sequence = input.sequence_of_channels().is_some();
        if !is_sequence && input.image().is_none() {
            return Err(needs_channels(input));
        }
        let is_oblong = [self.kernel, self.stride, self.padding].iter().any(|[height, width]| height != width);
        if is_sequence && is_oblong {
            return Err(format!(
                "{input} come in, which has one axis to slide along, so kernel and stride are one number"
            ));
        }
        if let Some(axis) = (0..2).find(|axis| self.padding[*axis] > self.kernel[*axis] / 2) {
            return Err(format!("padding {} is more than half the kernel", self.padding[axis]));
        }
        let [channels, height, width] = as_image(input);
        let window = self.window(input);
        let positions = match self.ceil_mode {
            true => window.slide_over([height, width]),
            false => window.slide([height, width]),
        };
        match positions {
            Some([_, length]) if is_sequence => Ok(Form::channels(vec![channels, length])),
            Some([height, width]) => Ok(Form::channels(vec![channels, height, width])),
            None => Err(format!("a window of {} does not fit into {input}", sides_in_short(&self.kernel))),
        }
    }
}

/// That a form is no image.
pub fn needs_image(input: &Form) -> String {
    format!("{input} come in, but it needs an image: channels x height x width")
}

/// That a form is no sequence of channels.
pub fn needs_sequence(input: &Form) -> String {
    match input.sequence_of_features() {
        Some(_) => format!("{input} come in, but it needs channels x length: put `permute: [1, 0]` before it"),
        None => format!("{input} come in, but it needs a sequence: channels x length"),
    }
}

/// That a form is neither an image nor a sequence of channels.
pub fn needs_channels(input: &Form) -> String {
    match input.sequence_of_features() {
        Some(_) => needs_sequence(input),
        None => format!(
            "{input} come in, but it needs an image or a sequence: channels x height x width, or channels x length"
        ),
    }
}

/// Height and width of an image.
pub fn sides(form: &Form) -> [usize; 2] {
    let [_, height, width] = as_image(form);
    [height, width]
}

/// Channels, height and width; 1 for an axis that is not there.
pub fn as_image(form: &Form) -> [usize; 3] {
    match *form.shape.0.as_slice() {
        [channels, height, width] => [channels, height, width],
        [channels, length] => [channels, 1, length],
        [channels] => [channels, 1, 1],
        _ => [1; 3],
    }
}

/// What belongs to each axis of images; `single` where there is one axis less.
pub fn on_images<T: Copy, const D: usize>(sides: [T; D], single: T) -> [T; 2] {
    std::array::from_fn(|axis| (axis + D).checked_sub(2).and_then(|axis| sides.get(axis)).copied().unwrap_or(single))
}

/// `3`, or `3x5` where sides differ.
pub fn sides_in_short(sides: &[usize]) -> String {
    match sides {
        [first, rest @ ..] if rest.iter().all(|side| side == first) => first.to_string(),
        _ => sides.iter().map(usize::to_string).collect::<Vec<_>>().join("x"),
    }
}
