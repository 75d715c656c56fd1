//! Convolutions by their definition, for the tests.

use super::Window;

/// A convolution of stride 1 of an image `[channels, height, width]` by its definition, in double precision.
pub struct Convolved<'a> {
    pub image: &'a [f32],
    pub input: [usize; 3],
    /// `[outs, channels, kernel height, kernel width]`
    pub weights: &'a [f32],
    pub window: Window,
}

impl Convolved<'_> {
    /// Every output, and the sum of the sizes of its products.
    pub fn all(&self, outs: usize) -> Vec<(f64, f64)> {
        let [height, width] = self.window.slide([self.input[1], self.input[2]]).expect("a kernel that fits");
        let outputs = (0..outs).flat_map(|out| (0..height * width).map(move |at| (out, [at / width, at % width])));
        outputs.map(|(out, place)| self.one(out, place)).collect()
    }

    fn one(&self, out: usize, [row, column]: [usize; 2]) -> (f64, f64) {
        let ([channels, height, width], Window { kernel, dilation, pads, .. }) = (self.input, self.window);
        let (area, taps) = (kernel[0] * kernel[1], channels * kernel[0] * kernel[1]);
        let (mut sum, mut size) = (0.0, 0.0);
        for tap in 0..taps {
            let (c, dy, dx) = (tap / area, tap / kernel[1] % kernel[0], tap % kernel[1]);
            let r = (row + dy * dilation[0]).wrapping_sub(pads[0].0);
            let s = (column + dx * dilation[1]).wrapping_sub(pads[1].0);
            if r < height && s < width {
                let x = self.image[(c * height + r) * width + s];
                let product = f64::from(self.weights[out * taps + tap]) * f64::from(x);
                sum += product;
                size += product.abs();
            }
        }
        (sum, size)
    }
}
