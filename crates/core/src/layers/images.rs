//! What kinds of layers over images share.

use crate::kernels::Window;
use crate::layer::{Arguments, Value};
use crate::shape::{Form, Shape};

/// The largest kernel, padding or dilation.
pub const MOST: u64 = 1 << 20;

/// A square window and how it slides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    pub kernel: usize,
    pub stride: usize,
    pub padding: usize,
}

impl Frame {
    /// Windows that lie side by side.
    #[must_use]
    pub fn new(kernel: usize) -> Self {
        Self { kernel, stride: kernel, padding: 0 }
    }

    /// The arguments of a pooling layer.
    #[must_use]
    pub fn of(arguments: &Arguments) -> Self {
        let [kernel, stride, padding] = ["kernel", "stride", "padding"].map(|name| arguments.whole(name));
        Self { kernel, stride, padding }
    }

    /// As parameters of a preset.
    #[must_use]
    pub fn values(self) -> Vec<Value> {
        [self.kernel, self.stride, self.padding].map(|n| Value::Whole(n as u64)).to_vec()
    }

    #[must_use]
    pub fn window(self) -> Window {
        Window::square(self.kernel, self.stride, 1, (self.padding, self.padding))
    }

    /// What comes out of pooling.
    ///
    /// # Errors
    /// If no image comes in, or the window does not fit into it.
    pub fn output(self, input: &Shape) -> Result<Form, String> {
        let Some([channels, height, width]) = input.image() else { return Err(needs_image(input)) };
        if self.padding > self.kernel / 2 {
            return Err(format!("padding {} is more than half the kernel", self.padding));
        }
        match self.window().slide([height, width]) {
            Some([height, width]) => Ok(Form::channels(vec![channels, height, width])),
            None => Err(format!("a window of {} does not fit into {input}", self.kernel)),
        }
    }
}

/// That a shape is no image.
pub fn needs_image(input: &Shape) -> String {
    format!("{input} come in, but it needs an image: channels x height x width")
}

/// Height and width of an image.
pub fn sides(form: &Form) -> [usize; 2] {
    form.shape.image().map_or([1, 1], |[_, height, width]| [height, width])
}
