//! Outputs of convolutions by tiles of vectors.

use std::ops::Range;

use pulp::Simd;

/// Output channels whose weights lie together.
pub const BLOCK: usize = 4;
/// Positions of a vector are a divisor of this.
pub const STEP: usize = 16;

/// Length of `rows` rows of outputs with what lies between them, in whole vectors.
pub fn span(rows: usize, padded_width: usize) -> usize {
    (rows * padded_width).next_multiple_of(STEP)
}

/// Copies vector by vector: rows are too short for a call.
#[inline(always)]
pub fn copy<S: Simd>(from: &[f32], to: &mut [f32]) {
    let ((from, from_rest), (to, to_rest)) = (S::as_simd_f32s(from), S::as_mut_simd_f32s(to));
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    to_rest.iter_mut().zip(from_rest).for_each(|(to, from)| *to = *from);
}

/// How positions of outputs lie in vectors.
#[derive(Clone, Copy)]
pub struct Row {
    /// A row is a whole number of vectors, and is computed without what lies between rows.
    pub is_whole: bool,
    /// Vectors of all rows.
    pub vectors: usize,
    /// Vectors of what is computed in one run, and the elements from one run to the next in the input.
    pub output: usize,
    input: usize,
}

impl Row {
    #[inline(always)]
    pub fn new<S: Simd>(rows: usize, width: usize, padded_width: usize) -> Self {
        if width.is_multiple_of(S::F32_LANES) {
            let output = width / S::F32_LANES;
            return Self { is_whole: true, vectors: rows * output, output, input: padded_width };
        }
        let span = span(rows, padded_width);
        Self { is_whole: false, vectors: span / S::F32_LANES, output: span / S::F32_LANES, input: span }
    }

    /// Writes vectors of positions for some channels of `y` `[channels, positions]`, as far as there are so many.
    #[inline(always)]
    pub fn write<S: Simd, const VECTORS: usize>(
        &self,
        _: S,
        y: &mut [f32],
        vectors: [usize; VECTORS],
        sums: &[[S::f32s; VECTORS]],
        channels: Range<usize>,
    ) {
        for (channel, sums) in channels.zip(sums) {
            for (vector, sum) in vectors.iter().zip(sums) {
                let at = (channel * self.vectors + vector) * S::F32_LANES;
                S::as_mut_simd_f32s(&mut y[at..at + S::F32_LANES]).0[0] = *sum;
            }
        }
    }

    /// Where a vector of outputs begins in the input.
    #[inline(always)]
    pub fn start<S: Simd>(&self, vector: usize) -> usize {
        vector / self.output * self.input + vector % self.output * S::F32_LANES
    }
}

/// Sums that are computed at a time, at the most.
pub const MOST: usize = 2 * BLOCK * 3;

/// Some vectors of positions for the output channels of `BLOCKS` blocks, in registers.
pub type Sums<V, const BLOCKS: usize, const VECTORS: usize> = [[[V; VECTORS]; BLOCK]; BLOCKS];

/// What is computed for two or three vectors of positions and one or two blocks of output channels.
pub trait Tile<S: Simd> {
    fn compute<const BLOCKS: usize, const VECTORS: usize>(&mut self, simd: S, vectors: [usize; VECTORS], block: usize);
}

#[inline(always)]
pub fn for_each_tile<S: Simd>(simd: S, outs: usize, vectors: usize, tile: &mut impl Tile<S>) {
    let mut first = 0;
    while first < vectors {
        first += match vectors - first {
            // Alone, it is computed twice.
            1 => for_each_block(simd, outs, [first; 2], tile).min(1),
            // As many sums as there are registers for.
            2 | 4 => for_each_block(simd, outs, [first, first + 1], tile),
            _ if S::REGISTER_COUNT < 32 => for_each_block(simd, outs, [first, first + 1], tile),
            _ => for_each_block(simd, outs, [first, first + 1, first + 2], tile),
        };
    }
}

/// Returns how many vectors these are.
#[inline(always)]
fn for_each_block<S: Simd, const VECTORS: usize>(
    simd: S,
    outs: usize,
    vectors: [usize; VECTORS],
    tile: &mut impl Tile<S>,
) -> usize {
    let blocks = outs.div_ceil(BLOCK);
    let mut block = 0;
    while block < blocks {
        if S::REGISTER_COUNT >= 32 && blocks - block >= 2 {
            tile.compute::<2, VECTORS>(simd, vectors, block);
            block += 2;
        } else {
            tile.compute::<1, VECTORS>(simd, vectors, block);
            block += 1;
        }
    }
    VECTORS
}

/// What is summed over taps.
#[derive(Clone, Copy)]
pub struct Taps<'a> {
    pub input: &'a [f32],
    pub offsets: &'a [usize],
    pub weights: &'a [[f32; BLOCK]],
}

impl Taps<'_> {
    /// The sums at some places of the input.
    #[inline(always)]
    pub fn sums<S: Simd, const BLOCKS: usize, const VECTORS: usize>(
        &self,
        simd: S,
        from: [usize; VECTORS],
        block: usize,
    ) -> Sums<S::f32s, BLOCKS, VECTORS> {
        let taps = self.offsets.len();
        let weights: [&[[f32; BLOCK]]; BLOCKS] =
            std::array::from_fn(|b| &self.weights[(block + b) * taps..(block + b + 1) * taps]);
        let mut sums = [[[simd.splat_f32s(0.0); VECTORS]; BLOCK]; BLOCKS];
        for (tap, offset) in self.offsets.iter().enumerate() {
            let mut inputs = [simd.splat_f32s(0.0); VECTORS];
            for (input, from) in inputs.iter_mut().zip(from) {
                *input = S::as_simd_f32s(&self.input[offset + from..][..S::F32_LANES]).0[0];
            }
            for b in 0..BLOCKS {
                let w = weights[b][tap];
                for o in 0..BLOCK {
                    let w = simd.splat_f32s(w[o]);
                    for v in 0..VECTORS {
                        sums[b][o][v] = simd.mul_add_e_f32s(w, inputs[v], sums[b][o][v]);
                    }
                }
            }
        }
        sums
    }
}
