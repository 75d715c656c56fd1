//! Convolutions of stride 1 without unfolding.
//!
//! In the zero-padded image, laid out row after row, the tap (dy, dx) of output position p is the element p + dy width +
//! dx. So every tap is one contiguous run shifted by a constant, and the outputs of a whole channel are one run too; the
//! few positions between the end of an output row and the start of the next are computed and thrown away. Kernels of three
//! rows take half the products where four rows of outputs are computed together, see [`four_rows`].

mod four_rows;
mod tiles;

use pulp::{Simd, WithSimd};

pub use four_rows::FourRows;
pub use tiles::copy;
use tiles::{BLOCK, Row, Taps, Tile, for_each_tile, span};

use super::window::Window;
use crate::dispatch::dispatch;

/// A convolution of stride 1 over images of one size, for one group of channels.
pub struct Convolution {
    input: [usize; 3],
    outs: usize,
    /// Zeros above and to the left.
    before: [usize; 2],
    /// Width of the padded image.
    width: usize,
    /// Height and width of the output.
    output: [usize; 2],
    /// Length of one channel of the padded image, with room for the kernel to run on.
    plane: usize,
    /// Of every tap in the padded image.
    offsets: Vec<usize>,
    padded: Vec<f32>,
    /// Outputs with what is to be thrown away, where that is not known to be nothing.
    result: Vec<f32>,
    four_rows: Option<FourRows>,
}

impl Convolution {
    /// `input` is `[channels, height, width]`; the stride of `window` is 1.
    pub fn new(input: [usize; 3], outs: usize, window: &Window) -> Self {
        let [channels, height, width] = input;
        let reach = [0, 1].map(|axis| window.dilation[axis] * (window.kernel[axis] - 1));
        let [above, left] = window.pads.map(|pads| pads.0);
        let padded_height = height + above + window.pads[0].1;
        let padded_width = width + left + window.pads[1].1;
        let output = [padded_height - reach[0], padded_width - reach[1]];
        let four_rows = FourRows::suits(channels, outs, window, output);
        let four_rows = four_rows.then(|| FourRows::new(channels, outs, output, padded_width));
        let plane = match &four_rows {
            Some(four_rows) => four_rows.plane(),
            None => {
                let last_tap = reach[0] * padded_width + reach[1];
                (span(output[0], padded_width) + last_tap).max(padded_height * padded_width)
            }
        };
        let tap = |at: usize| {
            let (dy, dx) = (at / window.kernel[1], at % window.kernel[1]);
            dy * window.dilation[0] * padded_width + dx * window.dilation[1]
        };
        let offsets = (0..channels).flat_map(|c| (0..window.area()).map(move |at| c * plane + tap(at))).collect();
        let result = if four_rows.is_some() { 0 } else { outs * span(output[0], padded_width) };
        Self {
            input,
            outs,
            before: [above, left],
            width: padded_width,
            output,
            plane,
            offsets,
            padded: vec![0.0; channels * plane],
            result: vec![0.0; result],
            four_rows,
        }
    }

    /// Weights `[outs, channels, kernel height, kernel width]` as the kernels read them.
    pub fn arrange(&self, weights: &[f32]) -> Vec<[f32; BLOCK]> {
        match &self.four_rows {
            Some(four_rows) => four_rows.arrange(weights),
            None => arrange(self.outs, self.offsets.len(), weights),
        }
    }

    /// Convolves `image` `[channels, height, width]` into `y` `[outs, height, width]`.
    pub fn apply(&mut self, image: &[f32], weights: &[[f32; BLOCK]], y: &mut [f32]) {
        dispatch(Apply { convolution: self, image, weights, y });
    }

    /// Copies an image to where zeros surround it.
    #[inline(always)]
    fn pad<S: Simd>(&mut self, image: &[f32]) {
        let [_, height, width] = self.input;
        for (plane, image) in self.padded.chunks_exact_mut(self.plane).zip(image.chunks_exact(height * width)) {
            let rows = plane[self.before[0] * self.width..].chunks_mut(self.width);
            for (padded, row) in rows.zip(image.chunks_exact(width)) {
                copy::<S>(row, &mut padded[self.before[1]..self.before[1] + width]);
            }
        }
    }
}

/// Weights `[outs, taps]` by blocks of output channels, then taps; zeros fill the last block.
fn arrange(outs: usize, taps: usize, weights: &[f32]) -> Vec<[f32; BLOCK]> {
    let block = |b: usize| {
        (0..taps).map(move |tap| {
            std::array::from_fn(|o| weights.get((b * BLOCK + o) * taps + tap).copied().unwrap_or_default())
        })
    };
    (0..outs.div_ceil(BLOCK)).flat_map(block).collect()
}

struct Apply<'a> {
    convolution: &'a mut Convolution,
    image: &'a [f32],
    weights: &'a [[f32; BLOCK]],
    y: &'a mut [f32],
}

impl WithSimd for Apply<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { convolution, image, weights, y } = self;
        convolution.pad::<S>(image);
        let [height, width] = convolution.output;
        if let Some(four_rows) = &mut convolution.four_rows {
            four_rows.apply(simd, &convolution.padded, weights, y);
            return;
        }
        let (outs, row) = (convolution.outs, Row::new::<S>(height, width, convolution.width));
        let taps = Taps { input: &convolution.padded, offsets: &convolution.offsets, weights };
        if row.is_whole {
            for_each_tile(simd, outs, row.vectors, &mut Direct { taps, outs, row, y });
            return;
        }
        // Rows that are no whole number of vectors are computed with the padding between them, as one.
        let (span, padded_width) = (row.vectors * S::F32_LANES, convolution.width);
        let result = &mut convolution.result;
        for_each_tile(simd, outs, row.vectors, &mut Direct { taps, outs, row, y: result });
        for (y, result) in y.chunks_exact_mut(height * width).zip(result.chunks_exact(span)) {
            for (y, row) in y.chunks_exact_mut(width).zip(result.chunks(padded_width)) {
                copy::<S>(&row[..width], y);
            }
        }
    }
}

/// The sums over all taps are the outputs.
struct Direct<'a> {
    taps: Taps<'a>,
    outs: usize,
    row: Row,
    y: &'a mut [f32],
}

impl<S: Simd> Tile<S> for Direct<'_> {
    #[inline(always)]
    fn compute<const BLOCKS: usize, const VECTORS: usize>(&mut self, simd: S, vectors: [usize; VECTORS], block: usize) {
        let sums = self.taps.sums::<S, BLOCKS, VECTORS>(simd, vectors.map(|v| self.row.start::<S>(v)), block);
        self.row.write(simd, self.y, vectors, sums.as_flattened(), block * BLOCK..self.outs);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::definition::Convolved;
    use crate::random::{Key, Purpose};

    #[test]
    fn agrees_with_the_definition() {
        let draw = |n, seed| Key { seed, repetition: 0, layer: 0, purpose: Purpose::Inputs }.standard_normals(n);
        let cases = [
            ([3, 9, 7], 5, 3, 1, (1, 1)),
            ([2, 8, 8], 9, 3, 2, (2, 2)),
            ([1, 6, 5], 1, 5, 1, (2, 2)),
            ([4, 5, 6], 8, 2, 1, (0, 1)),
            ([2, 4, 4], 13, 4, 1, (0, 0)),
            ([1, 33, 34], 16, 3, 1, (1, 1)),
            ([3, 5, 16], 6, 3, 1, (1, 1)),
            ([2, 3, 32], 12, 3, 1, (1, 1)),
            ([2, 4, 64], 3, 5, 1, (2, 2)),
            ([8, 16, 16], 8, 3, 1, (1, 1)),
            ([9, 7, 32], 11, 3, 1, (1, 1)),
            ([16, 8, 8], 16, 3, 1, (1, 1)),
            ([10, 18, 50], 13, 3, 1, (1, 1)),
            ([8, 11, 48], 8, 3, 1, (0, 0)),
            ([12, 21, 5], 9, 3, 1, (2, 1)),
        ];
        let mut by_four_rows = 0;
        for (input, outs, kernel, dilation, pads) in cases {
            let [channels, height, width] = input;
            let (image, weights) = (draw(channels * height * width, 1), draw(outs * channels * kernel * kernel, 2));
            let mut convolution = Convolution::new(input, outs, &Window::square(kernel, 1, dilation, pads));
            by_four_rows += usize::from(convolution.four_rows.is_some());
            let [out_height, out_width] = convolution.output;
            let arranged = convolution.arrange(&weights);
            let mut y = vec![0.0; outs * out_height * out_width];
            // Twice: nothing may be left over from an image.
            convolution.apply(&draw(image.len(), 3), &arranged, &mut y);
            convolution.apply(&image, &arranged, &mut y);
            let window = Window::square(kernel, 1, dilation, pads);
            let convolved = Convolved { image: &image, input, weights: &weights, window };
            for (at, (y, (expected, size))) in y.iter().zip(convolved.all(outs)).enumerate() {
                // Products are rounded one by one where they are not fused with the sum.
                assert!((f64::from(*y) - expected).abs() < 2e-6 * (1.0 + size), "{input:?} at {at}");
            }
        }
        assert_eq!(by_four_rows, 6);
    }
}
