//! Convolutions with kernels of 3 x 3, sixteen outputs at a time with a quarter of the products.
//!
//! Tiles of 6 x 6 inputs are mixed along both axes, as [`points`](super::points) mixes numbers, and give tiles of 4 x 4
//! outputs with 36 products for 144. Each of the 36 is one product of matrices, of all tiles and channels with all weights.
//! Images are mixed with their channels last, so that vectors are whole however small an image is.

use std::cell::Cell;
use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::direct::{FourRows, copy};
use super::panels::{PANEL, Rows, multiply};
use super::points::{KERNEL, MIXED, OUTPUTS as TILE, Points, mix_weights};
use super::window::Window;
use crate::dispatch::dispatch;

const PRODUCTS: usize = MIXED * MIXED;

/// Channels whose lines are read at a time: of more, which may lie a power of two apart, some would share a place in the cache.
const FEW: usize = 4;

/// So many channels are worth the mixing along both axes where whole rows could be mixed along one.
const MANY: usize = 64;
/// Mixed inputs and products of some tiles may take so many numbers, to stay near the processor.
const NEAR: usize = 1 << 18;
/// Mixed inputs of all tiles may take so many, where then only some outputs' weights are mixed at a time.
const ALL: usize = 3 << 19;
/// Mixed weights of some outputs then take about so many.
const WEIGHTS: usize = 1 << 19;

/// A convolution over images of one size, for one group of channels.
pub struct Winograd {
    input: [usize; 3],
    outs: usize,
    /// Zeros above and to the left.
    before: [usize; 2],
    /// Height and width of the output.
    output: [usize; 2],
    /// Tiles along both axes.
    tiles: [usize; 2],
    /// Channels in and out, in whole panels.
    panels: [usize; 2],
    /// Tiles and panels of outputs that are computed together.
    together: [usize; 2],
    samples: usize,
    memory: Memory,
}

/// What is written before it is read.
#[derive(Default)]
struct Memory {
    /// `[PRODUCTS, panels out, channels, PANEL]`
    weights: Vec<[f32; PANEL]>,
    /// An image `[height, width, channels]` with zeros around it.
    padded: Vec<f32>,
    /// `[tiles, PRODUCTS, channels]`
    mixed: Vec<f32>,
    /// `[tiles, PRODUCTS, outs]`
    products: Vec<f32>,
    /// Outputs of tiles beside each other, of a panel `[PANEL, TILE, tiles * TILE]`.
    strip: Vec<f32>,
}

fn at_least<T: Copy + Default>(memory: &mut Vec<T>, length: usize) {
    if memory.len() < length {
        memory.resize(length, T::default());
    }
}

thread_local! {
    static MEMORY: Cell<Memory> = const {
        Cell::new(Memory {
            weights: Vec::new(),
            padded: Vec::new(),
            mixed: Vec::new(),
            products: Vec::new(),
            strip: Vec::new(),
        })
    };
}

impl Drop for Winograd {
    fn drop(&mut self) {
        MEMORY.set(std::mem::take(&mut self.memory));
    }
}

impl Winograd {
    /// Whether this is worth the mixing.
    pub fn suits(channels: usize, outs: usize, window: &Window, output: [usize; 2]) -> bool {
        let least = channels.min(outs);
        window.kernel == [KERNEL; 2]
            && window.dilation == [1, 1]
            && window.stride == [1, 1]
            && (least >= MANY || least >= PANEL && !FourRows::suits(channels, outs, window, output))
    }

    /// Numbers that it holds at the most, but for its inputs, weights and outputs.
    pub fn workspace(channels: u128, outs: u128) -> u128 {
        (PRODUCTS as u128).saturating_mul(channels).saturating_mul(outs).saturating_add((ALL + NEAR) as u128)
    }

    /// For so many images `[channels, height, width]`.
    pub fn new(samples: usize, input: [usize; 3], outs: usize, window: &Window) -> Self {
        let [channels, height, width] = input;
        let around = window.pads.map(|(before, after)| before + after);
        let output = [height + around[0] + 1 - KERNEL, width + around[1] + 1 - KERNEL];
        let tiles = output.map(|side| side.div_ceil(TILE));
        let panels = [channels, outs].map(|n| n.div_ceil(PANEL));
        let all = (samples * tiles[0] * tiles[1]).max(1);
        let [ins, outs_in_panels] = panels.map(|panels| panels * PANEL);
        let together = if all <= outs && PRODUCTS * ins * all <= ALL {
            [all, (WEIGHTS / (PRODUCTS * PANEL * channels)).next_multiple_of(2).max(2).min(panels[1])]
        } else {
            let most = (NEAR / (PRODUCTS * (ins + outs_in_panels))).max(1);
            [all.div_ceil(all.div_ceil(most)).next_multiple_of(4).min(all), panels[1]]
        };
        let before = window.pads.map(|pads| pads.0);
        let mut new = Self { input, outs, before, output, tiles, panels, together, samples, memory: MEMORY.take() };
        let [weights, mixed, products] = new.strides();
        let positions = (tiles[0] * TILE + KERNEL - 1) * new.padded_width();
        let pixel = new.pixel();
        at_least(&mut new.memory.weights, PRODUCTS * weights);
        at_least(&mut new.memory.mixed, new.together[0] * mixed);
        at_least(&mut new.memory.products, new.together[0] * products);
        at_least(&mut new.memory.strip, PANEL * TILE * TILE * tiles[1]);
        new.memory.padded.clear();
        new.memory.padded.resize(positions * pixel, 0.0);
        new
    }

    /// Convolves images, which lie `stride` images apart in `x`, as their results `[outs, height, width]` do in `y`, with
    /// weights `[outs, channels, 3, 3]`.
    pub fn apply(&mut self, x: &[f32], weights: &[f32], y: &mut [f32], stride: usize) {
        dispatch(Apply { convolution: self, x, weights, y, stride });
    }

    /// From one position of the padded image to the next. A panel more, since positions that lie a power of two apart share
    /// a place in the cache, as below.
    fn pixel(&self) -> usize {
        (self.panels[0] + 1) * PANEL
    }

    /// From one of the products to the next of mixed weights in panels, and from one tile to the next of mixed inputs and of what
    /// they give.
    fn strides(&self) -> [usize; 3] {
        let panels = self.together[1];
        let of_tile = |panels| (PRODUCTS * panels + 1) * PANEL;
        [panels * self.input[0] + 1, of_tile(self.panels[0]), of_tile(panels)]
    }

    /// The side of the padded image along a row.
    fn padded_width(&self) -> usize {
        self.tiles[1] * TILE + KERNEL - 1
    }

    /// Mixes the weights of the outputs from this panel on.
    #[inline(always)]
    fn arrange<S: Simd>(&mut self, simd: S, weights: &[f32], panel: usize) {
        let (channels, area) = (self.input[0], KERNEL * KERNEL);
        let panels = weights.chunks(PANEL * channels * area).skip(panel).take(self.together[1]);
        for (panel, weights) in panels.enumerate() {
            for channel in 0..channels {
                let mut kernels = [[0.0; PANEL]; KERNEL * KERNEL];
                for (out, weights) in weights.chunks_exact(channels * area).enumerate() {
                    for (kernel, w) in kernels.iter_mut().zip(&weights[channel * area..][..area]) {
                        kernel[out] = *w;
                    }
                }
                self.mix_weights(simd, &kernels, panel * channels + channel);
            }
        }
    }

    /// Mixes the weights of a panel and a channel along both axes.
    #[inline(always)]
    fn mix_weights<S: Simd>(&mut self, simd: S, kernels: &[[f32; PANEL]; KERNEL * KERNEL], to: usize) {
        let [stride, ..] = self.strides();
        for out in (0..PANEL).step_by(S::F32_LANES) {
            let outs = out..out + S::F32_LANES;
            let mut lines = [[simd.splat_f32s(0.0); KERNEL]; MIXED];
            for x in 0..KERNEL {
                let mut values = [simd.splat_f32s(0.0); KERNEL];
                for (y, value) in values.iter_mut().enumerate() {
                    *value = S::as_simd_f32s(&kernels[y * KERNEL + x][outs.clone()]).0[0];
                }
                lines.iter_mut().zip(mix_weights(simd, values)).for_each(|(line, mixed)| line[x] = mixed);
            }
            for (y, line) in lines.into_iter().enumerate() {
                for (x, mixed) in mix_weights(simd, line).into_iter().enumerate() {
                    let to = &mut self.memory.weights[(y * MIXED + x) * stride + to][outs.clone()];
                    S::as_mut_simd_f32s(to).0[0] = mixed;
                }
            }
        }
    }

    /// Copies an image to where zeros surround it, channels last.
    #[inline(always)]
    fn pad(&mut self, image: &[f32]) {
        let ([channels, height, width], pixel) = (self.input, self.pixel());
        let padded_width = self.padded_width();
        for first in (0..channels).step_by(FEW) {
            for row in 0..height {
                // The last one stands for those that are not there, whose weights are zeros.
                let line = |c: usize| &image[((first + c).min(channels - 1) * height + row) * width..][..width];
                let lines = line(0).iter().zip(line(1)).zip(line(2)).zip(line(3));
                let to = ((row + self.before[0]) * padded_width + self.before[1]) * pixel + first;
                for (to, (((a, b), c), d)) in self.memory.padded[to..].chunks_mut(pixel).zip(lines) {
                    to[..FEW].copy_from_slice(&[*a, *b, *c, *d]);
                }
            }
        }
    }

    /// Mixes a tile of the padded image.
    #[inline(always)]
    fn mix<S: Simd>(&mut self, simd: S, [row, column]: [usize; 2], tile: usize) {
        let (width, pixel, channels) = (self.padded_width(), self.pixel(), self.panels[0] * PANEL);
        let [_, stride, _] = self.strides();
        let points = Points::new(simd);
        let from = (row * TILE * width + column * TILE) * pixel;
        let line = width * pixel;
        let mut lines = [[simd.splat_f32s(0.0); MIXED]; MIXED];
        for channel in (0..channels).step_by(S::F32_LANES) {
            for x in 0..MIXED {
                let mut values = [simd.splat_f32s(0.0); MIXED];
                for (y, value) in values.iter_mut().enumerate() {
                    let from = from + y * line + x * pixel + channel;
                    *value = S::as_simd_f32s(&self.memory.padded[from..from + S::F32_LANES]).0[0];
                }
                for (line, mixed) in lines.iter_mut().zip(&points.mix(simd, values)) {
                    line[x] = *mixed;
                }
            }
            for (y, line) in lines.iter().enumerate() {
                for (x, mixed) in points.mix(simd, *line).iter().enumerate() {
                    let to = tile * stride + (y * MIXED + x) * channels + channel;
                    S::as_mut_simd_f32s(&mut self.memory.mixed[to..to + S::F32_LANES]).0[0] = *mixed;
                }
            }
        }
    }

    /// Which image a tile is of, and its row and column there.
    fn place_of(&self, tile: usize) -> (usize, [usize; 2]) {
        let [rows, columns] = self.tiles;
        (tile / (rows * columns), [tile / columns % rows, tile % columns])
    }

    /// All products of mixed inputs and mixed weights.
    #[inline(always)]
    fn multiply<S: Simd>(&mut self, simd: S, tiles: usize) {
        let ([weights, stride, to_stride], inner, memory) = (self.strides(), self.input[0], &mut self.memory);
        let (ins, outs) = (self.panels[0] * PANEL, self.together[1] * PANEL);
        for (product, weights) in memory.weights.chunks_exact(weights).take(PRODUCTS).enumerate() {
            let rows = Rows { values: &memory.mixed[product * ins..], count: tiles, stride, inner };
            let to = &mut memory.products[product * outs..];
            multiply(simd, to, to_stride, rows, &weights[..self.together[1] * inner]);
        }
    }

    /// The outputs of tiles beside each other from this panel on, from their products, in the result `[outs, height, width]`.
    #[inline(always)]
    fn unmix<S: Simd>(&mut self, simd: S, tiles: Range<usize>, panel: usize, place: [usize; 2], y: &mut [f32]) {
        let outs = self.together[1] * PANEL;
        let mut lines = [[simd.splat_f32s(0.0); MIXED]; TILE];
        for out in (0..outs).step_by(S::F32_LANES) {
            for (at, tile) in tiles.clone().enumerate() {
                self.unmix_tile(simd, tile, out, at, &mut lines);
            }
            let first = (panel * PANEL + out).min(self.outs);
            let count = S::F32_LANES.min(self.outs - first);
            self.place::<S>(tiles.len(), count, place, &mut y[first * self.output[0] * self.output[1]..]);
        }
    }

    /// A tile of a vector of outputs, in its place among those that are beside each other. `lines` is for what is between.
    #[inline(always)]
    fn unmix_tile<S: Simd>(
        &mut self,
        simd: S,
        tile: usize,
        out: usize,
        at: usize,
        lines: &mut [[S::f32s; MIXED]; TILE],
    ) {
        let ([_, _, stride], points) = (self.strides(), Points::new(simd));
        let (outs, length) = (self.together[1] * PANEL, self.tiles[1] * TILE);
        for x in 0..MIXED {
            let mut values = [simd.splat_f32s(0.0); MIXED];
            for (y, value) in values.iter_mut().enumerate() {
                let from = tile * stride + (y * MIXED + x) * outs + out;
                *value = S::as_simd_f32s(&self.memory.products[from..from + S::F32_LANES]).0[0];
            }
            for (line, sum) in lines.iter_mut().zip(&points.unmix(simd, values)) {
                line[x] = *sum;
            }
        }
        for (y, line) in lines.iter().enumerate() {
            let mut sums = [[0.0; PANEL]; TILE];
            for (sums, sum) in sums.iter_mut().zip(&points.unmix(simd, *line)) {
                S::as_mut_simd_f32s(sums).0[0] = *sum;
            }
            let [a, b, c, d] = &sums;
            let to = self.memory.strip[y * length + at * TILE..].chunks_mut(TILE * length).take(S::F32_LANES);
            for ((((to, a), b), c), d) in to.zip(a).zip(b).zip(c).zip(d) {
                to[..TILE].copy_from_slice(&[*a, *b, *c, *d]);
            }
        }
    }

    /// Copies tiles of some outputs that are beside each other to where they belong.
    #[inline(always)]
    fn place<S: Simd>(&self, tiles: usize, outs: usize, [row, column]: [usize; 2], y: &mut [f32]) {
        let [height, width] = self.output;
        let (rows, columns) = (TILE.min(height - row * TILE), (tiles * TILE).min(width - column * TILE));
        let length = self.tiles[1] * TILE;
        let strips = self.memory.strip.chunks_exact(TILE * length);
        for (strip, plane) in strips.zip(y.chunks_exact_mut(height * width)).take(outs) {
            let plane = &mut plane[row * TILE * width + column * TILE..];
            for (line, to) in strip.chunks_exact(length).zip(plane.chunks_mut(width)).take(rows) {
                copy::<S>(&line[..columns], &mut to[..columns]);
            }
        }
    }
}

struct Apply<'a> {
    convolution: &'a mut Winograd,
    x: &'a [f32],
    weights: &'a [f32],
    y: &'a mut [f32],
    stride: usize,
}

impl WithSimd for Apply<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { convolution, x, weights, y, stride } = self;
        let [channels, height, width] = convolution.input;
        let image = channels * height * width * stride;
        let result = convolution.outs * convolution.output[0] * convolution.output[1] * stride;
        let all = convolution.samples * convolution.tiles[0] * convolution.tiles[1];
        let [tiles, panels] = convolution.together;
        let mut padded = None;
        for first in (0..all).step_by(tiles) {
            let count = tiles.min(all - first);
            for tile in 0..count {
                let (sample, place) = convolution.place_of(first + tile);
                if padded != Some(sample) {
                    convolution.pad(&x[sample * image..][..channels * height * width]);
                    padded = Some(sample);
                }
                convolution.mix(simd, place, tile);
            }
            for panel in (0..convolution.panels[1]).step_by(panels) {
                if first == 0 || panels < convolution.panels[1] {
                    convolution.arrange(simd, weights, panel);
                }
                convolution.multiply(simd, count);
                let mut tile = 0;
                while tile < count {
                    let (sample, place) = convolution.place_of(first + tile);
                    let end = count.min(tile + convolution.tiles[1] - place[1]);
                    convolution.unmix(simd, tile..end, panel, place, &mut y[sample * result..]);
                    tile = end;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::definition::Convolved;
    use crate::random::{Key, Purpose};

    fn draw(count: usize, seed: u64) -> Vec<f32> {
        Key { seed, repetition: 0, layer: 0, purpose: Purpose::Inputs }.standard_normals(count)
    }

    /// Channels, height, width; outputs; images; zeros before and after.
    type Case = ([usize; 3], usize, usize, (usize, usize));

    const CASES: [Case; 7] = [
        ([16, 4, 4], 16, 3, (1, 1)),
        ([17, 5, 7], 33, 2, (1, 1)),
        ([24, 3, 3], 40, 1, (0, 0)),
        ([3, 9, 1], 70, 2, (2, 1)),
        // All tiles at once, and some outputs at a time.
        ([300, 4, 4], 80, 2, (1, 1)),
        // Some tiles at a time, across images.
        ([20, 33, 30], 20, 3, (1, 1)),
        ([64, 14, 6], 96, 5, (0, 2)),
    ];

    #[test]
    fn agrees_with_the_definition() {
        let mut together = Vec::new();
        for (input, outs, samples, pads) in CASES {
            let window = Window::square(KERNEL, 1, 1, pads);
            let (image, kernel) = (input.iter().product::<usize>(), input[0] * KERNEL * KERNEL);
            let (images, weights) = (draw(samples * image, 1), draw(outs * kernel, 2));
            let mut convolution = Winograd::new(samples, input, outs, &window);
            together.push(convolution.together);
            let result = outs * convolution.output[0] * convolution.output[1];
            let mut y = vec![f32::NAN; samples * result];
            convolution.apply(&images, &weights, &mut y, 1);
            for (sample, y) in y.chunks_exact(result).enumerate() {
                let image = &images[sample * image..][..image];
                let convolved = Convolved { image, input, weights: &weights, window };
                for (at, (y, (sum, size))) in y.iter().zip(convolved.all(outs)).enumerate() {
                    assert!((f64::from(*y) - sum).abs() < 3e-6 * (1.0 + size), "{input:?} {sample} {at}: {y} {sum}");
                }
            }
        }
        assert_eq!([together[4][1], together[5][0]], [4, 108]);
    }

    /// A thread that scores computes other images together than another.
    #[test]
    fn an_image_does_not_depend_on_those_beside_it() {
        for (input, outs, samples, pads) in CASES {
            let window = Window::square(KERNEL, 1, 1, pads);
            let image = input.iter().product::<usize>();
            let (images, weights) = (draw(samples * image, 3), draw(outs * input[0] * KERNEL * KERNEL, 4));
            let convolve = |images: &[f32]| {
                let mut convolution = Winograd::new(images.len() / image, input, outs, &window);
                let mut y = vec![0.0; images.len() / image * outs * convolution.output[0] * convolution.output[1]];
                convolution.apply(images, &weights, &mut y, 1);
                y
            };
            let alone: Vec<_> = images.chunks_exact(image).flat_map(convolve).collect();
            assert_eq!(convolve(&images), alone, "{input:?}");
        }
    }

    #[test]
    fn groups_are_apart() {
        let (input, outs, window) = ([16, 6, 5], 16, Window::square(KERNEL, 1, 1, (1, 1)));
        let (image, result) = (16 * 30, 16 * 30);
        let (images, weights) = (draw(4 * image, 5), draw(outs * 16 * 9, 6));
        let mut y = vec![0.0; 4 * result];
        // The second of two groups.
        Winograd::new(2, input, outs, &window).apply(&images[image..], &weights, &mut y[result..], 2);
        for sample in [1, 3] {
            let mut alone = vec![0.0; result];
            Winograd::new(1, input, outs, &window).apply(&images[sample * image..], &weights, &mut alone, 1);
            assert_eq!(y[sample * result..][..result], alone);
        }
        assert!(y[2 * result..3 * result].iter().all(|y| *y == 0.0));
    }
}
