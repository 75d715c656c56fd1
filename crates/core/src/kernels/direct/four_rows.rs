//! Kernels of three rows, four rows of outputs at a time with half the products.
//!
//! Whole rows are mixed, as [`points`](crate::kernels::points) mixes numbers, so vectors stay whole: the six rows of inputs
//! are mixed to six others, each of which is convolved with a row of three mixed weights, and the six sums are mixed to four
//! rows of outputs.

use std::cell::Cell;

use pulp::Simd;

use super::tiles::{BLOCK, MOST, Row, STEP, Sums, Tile, copy, for_each_tile, span};
use crate::kernels::points::{KERNEL, MIXED, OUTPUTS as ROWS, Points, WEIGHTS};
use crate::kernels::window::Window;

/// A convolution with kernels of size 3.
pub struct FourRows {
    channels: usize,
    outs: usize,
    /// Height and width of the output.
    output: [usize; 2],
    padded_width: usize,
    /// Length of one channel of mixed rows.
    plane: usize,
    /// `[MIXED, channels, plane]`
    mixed: Vec<f32>,
    /// Four rows of every channel and group of rows, with what is to be thrown away.
    result: Vec<f32>,
}

thread_local! {
    /// Of the last convolution of this thread, for mixed rows: they are written before they are read.
    static MEMORY: Cell<Vec<f32>> = const { Cell::new(Vec::new()) };
}

impl Drop for FourRows {
    fn drop(&mut self) {
        MEMORY.set(std::mem::take(&mut self.mixed));
    }
}

impl FourRows {
    /// Whether this is worth the mixing.
    pub fn suits(channels: usize, outs: usize, window: &Window, [height, width]: [usize; 2]) -> bool {
        // Sides of networks that cannot be held are asked for too.
        let vectors = |rows: usize| match width.is_multiple_of(STEP) {
            true => rows as u128 * (width / STEP) as u128,
            false => (rows as u128 * (width as u128 + KERNEL as u128 - 1)).div_ceil(STEP as u128),
        };
        let products = (MIXED * KERNEL) as u128 * vectors(height.div_ceil(ROWS));
        let all_products = (KERNEL * KERNEL) as u128 * vectors(height);
        window.kernel == [KERNEL; 2]
            && window.dilation == [1, 1]
            && channels.min(outs) >= 8
            && 5 * products <= 4 * all_products
    }

    pub fn new(channels: usize, outs: usize, output: [usize; 2], padded_width: usize) -> Self {
        let span = span(output[0].div_ceil(ROWS), padded_width);
        let plane = span + KERNEL - 1 + STEP;
        let result = if output[1].is_multiple_of(STEP) { 0 } else { outs * ROWS * span };
        let mut mixed = MEMORY.take();
        mixed.resize(MIXED * channels * plane, 0.0);
        Self { channels, outs, output, padded_width, plane, mixed, result: vec![0.0; result] }
    }

    /// Length that one channel of the padded image must have: all groups of rows, and a vector more.
    pub fn plane(&self) -> usize {
        (self.groups() * ROWS + KERNEL - 1) * self.padded_width + STEP
    }

    fn groups(&self) -> usize {
        self.output[0].div_ceil(ROWS)
    }

    /// Weights `[outs, channels, 3, 3]` for every product.
    pub fn arrange(&self, weights: &[f32]) -> Vec<[f32; BLOCK]> {
        let taps = self.channels * KERNEL;
        let image = self.outs.div_ceil(BLOCK) * taps;
        let mut arranged = vec![[0.0; BLOCK]; MIXED * image];
        for (block, weights) in weights.chunks(BLOCK * taps * KERNEL).enumerate() {
            for tap in 0..taps {
                let (channel, dx) = (tap / KERNEL, tap % KERNEL);
                let mut column = [[0.0; BLOCK]; KERNEL];
                for (out, weights) in weights.chunks_exact(taps * KERNEL).enumerate() {
                    let kernel = &weights[channel * KERNEL * KERNEL..][..KERNEL * KERNEL];
                    for (dy, column) in column.iter_mut().enumerate() {
                        column[out] = f64::from(kernel[dy * KERNEL + dx]);
                    }
                }
                let [top, middle, bottom] = column;
                for (n, mix) in WEIGHTS.iter().enumerate() {
                    let mixed = &mut arranged[n * image + block * taps + tap];
                    for out in 0..BLOCK {
                        mixed[out] = (mix[0] * top[out] + mix[1] * middle[out] + mix[2] * bottom[out]) as f32;
                    }
                }
            }
        }
        arranged
    }

    /// Convolves a padded image with arranged weights.
    #[inline(always)]
    pub fn apply<S: Simd>(&mut self, simd: S, padded: &[f32], weights: &[[f32; BLOCK]], y: &mut [f32]) {
        self.mix(simd, padded);
        let ([height, width], outs) = (self.output, self.outs);
        let row = Row::new::<S>(self.groups(), width, self.padded_width);
        let images = self.mixed.chunks_exact(self.channels * self.plane);
        let mut images = images.zip(weights.chunks_exact(weights.len() / MIXED));
        let images = std::array::from_fn(|_| match images.next() {
            Some((input, weights)) => Image { input, plane: self.plane, weights: weights.as_chunks().0 },
            None => Image { input: &[], plane: 1, weights: &[] },
        });
        let products = [simd.splat_f32s(0.0); MIXED * MOST];
        if row.is_whole {
            let rows = [width, height * width];
            for_each_tile(simd, outs, row.vectors, &mut Products { images, outs, row, height, rows, products, y });
            return;
        }
        let span = row.vectors * S::F32_LANES;
        let (result, rows) = (&mut self.result, [span, ROWS * span]);
        for_each_tile(
            simd,
            outs,
            row.vectors,
            &mut Products { images, outs, row, height: ROWS, rows, products, y: result },
        );
        for (y, result) in y.chunks_exact_mut(height * width).zip(result.chunks_exact(ROWS * span)) {
            for (at, y) in y.chunks_exact_mut(width).enumerate() {
                let from = at % ROWS * span + at / ROWS * self.padded_width;
                copy::<S>(&result[from..from + width], y);
            }
        }
    }

    /// Mixes the rows of every group.
    #[inline(always)]
    fn mix<S: Simd>(&mut self, simd: S, padded: &[f32]) {
        let (width, groups, lanes) = (self.padded_width, self.groups(), S::F32_LANES);
        let images = self.channels * self.plane;
        let points = Points::new(simd);
        for (channel, padded) in padded.chunks_exact(self.plane()).enumerate() {
            for group in 0..groups {
                // What is written beyond the end of a row is written again with the next.
                for x in (0..width).step_by(lanes) {
                    let from = group * ROWS * width + x;
                    let mut rows = [simd.splat_f32s(0.0); MIXED];
                    for (r, row) in rows.iter_mut().enumerate() {
                        let from = from + r * width;
                        *row = S::as_simd_f32s(&padded[from..from + lanes]).0[0];
                    }
                    let to = channel * self.plane + group * width + x;
                    for (image, mixed) in points.mix(simd, rows).into_iter().enumerate() {
                        let to = image * images + to;
                        S::as_mut_simd_f32s(&mut self.mixed[to..to + lanes]).0.copy_from_slice(&[mixed]);
                    }
                }
            }
        }
    }
}

/// An image of mixed rows, with its weights.
#[derive(Clone, Copy)]
struct Image<'a> {
    input: &'a [f32],
    /// Length of one channel.
    plane: usize,
    /// By blocks of output channels, then channels, for three neighbours each.
    weights: &'a [[[f32; BLOCK]; KERNEL]],
}

impl Image<'_> {
    /// The sums over all channels and neighbours from some places on.
    #[inline(always)]
    fn sums<S: Simd, const BLOCKS: usize, const VECTORS: usize>(
        &self,
        simd: S,
        from: [usize; VECTORS],
        block: usize,
    ) -> Sums<S::f32s, BLOCKS, VECTORS> {
        let channels = self.input.len() / self.plane;
        let weights: [_; BLOCKS] = std::array::from_fn(|b| &self.weights[(block + b) * channels..][..channels]);
        let mut sums = [[[simd.splat_f32s(0.0); VECTORS]; BLOCK]; BLOCKS];
        for (channel, plane) in self.input.chunks_exact(self.plane).enumerate() {
            let mut inputs = [&plane[..0]; VECTORS];
            for v in 0..VECTORS {
                inputs[v] = &plane[from[v]..][..S::F32_LANES + KERNEL - 1];
            }
            for dx in 0..KERNEL {
                let mut vectors = [simd.splat_f32s(0.0); VECTORS];
                for v in 0..VECTORS {
                    vectors[v] = S::as_simd_f32s(&inputs[v][dx..dx + S::F32_LANES]).0[0];
                }
                for b in 0..BLOCKS {
                    for o in 0..BLOCK {
                        let w = simd.splat_f32s(weights[b][channel][dx][o]);
                        for v in 0..VECTORS {
                            sums[b][o][v] = simd.mul_add_e_f32s(w, vectors[v], sums[b][o][v]);
                        }
                    }
                }
            }
        }
        sums
    }
}

/// The six sums, and the rows that they make.
struct Products<'a, V> {
    images: [Image<'a>; MIXED],
    outs: usize,
    row: Row,
    /// Rows that are wanted.
    height: usize,
    /// From one row of the output to the next, and from one channel.
    rows: [usize; 2],
    /// Of every image those that are computed at a time.
    products: [V; MIXED * MOST],
    y: &'a mut [f32],
}

impl<S: Simd> Tile<S> for Products<'_, S::f32s> {
    #[inline(always)]
    fn compute<const BLOCKS: usize, const VECTORS: usize>(&mut self, simd: S, vectors: [usize; VECTORS], block: usize) {
        let mut from = [0; VECTORS];
        for v in 0..VECTORS {
            from[v] = self.row.start::<S>(vectors[v]);
        }
        let together = BLOCKS * BLOCK * VECTORS;
        for (products, image) in self.products.chunks_exact_mut(together).zip(&self.images) {
            let sums = image.sums::<S, BLOCKS, VECTORS>(simd, from, block);
            products.copy_from_slice(sums.as_flattened().as_flattened());
        }
        let points = Points::new(simd);
        for o in 0..(BLOCKS * BLOCK).min(self.outs - block * BLOCK) {
            for (place, v) in vectors.iter().enumerate() {
                let mut of = [simd.splat_f32s(0.0); MIXED];
                for (of, products) in of.iter_mut().zip(self.products.chunks_exact(together)) {
                    *of = products[o * VECTORS + place];
                }
                let (group, x) = (v / self.row.output, v % self.row.output * S::F32_LANES);
                let wanted = self.height.saturating_sub(group * ROWS).min(ROWS);
                for (r, row) in points.unmix(simd, of).into_iter().enumerate().take(wanted) {
                    let at = (block * BLOCK + o) * self.rows[1] + (group * ROWS + r) * self.rows[0] + x;
                    S::as_mut_simd_f32s(&mut self.y[at..at + S::F32_LANES]).0.copy_from_slice(&[row]);
                }
            }
        }
    }
}
