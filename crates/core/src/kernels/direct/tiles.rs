//! Outputs of convolutions by tiles of vectors.

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

    /// Where a vector of outputs begins in the input.
    #[inline(always)]
    pub fn start<S: Simd>(&self, vector: usize) -> usize {
        vector / self.output * self.input + vector % self.output * S::F32_LANES
    }
}

/// Two vectors of positions for the output channels of `BLOCKS` blocks, in registers.
pub type Sums<V, const BLOCKS: usize> = [[[V; 2]; BLOCK]; BLOCKS];

/// What is computed for a pair of vectors of positions and one or two blocks of output channels.
pub trait Tile<S: Simd> {
    fn compute<const BLOCKS: usize>(&mut self, simd: S, pair: [usize; 2], block: usize);
}

#[inline(always)]
pub fn for_each_tile<S: Simd>(simd: S, outs: usize, vectors: usize, tile: &mut impl Tile<S>) {
    let blocks = outs.div_ceil(BLOCK);
    let together = if S::REGISTER_COUNT >= 32 { 2 } else { 1 };
    for vector in (0..vectors).step_by(2) {
        // The last may be alone, and is then computed twice.
        let pair = [vector, (vector + 1).min(vectors - 1)];
        let mut block = 0;
        while block < blocks {
            if blocks - block >= together && together == 2 {
                tile.compute::<2>(simd, pair, block);
                block += 2;
            } else {
                tile.compute::<1>(simd, pair, block);
                block += 1;
            }
        }
    }
}

/// What is summed over taps.
#[derive(Clone, Copy)]
pub struct Taps<'a> {
    pub input: &'a [f32],
    pub offsets: &'a [usize],
    pub weights: &'a [[f32; BLOCK]],
}

impl Taps<'_> {
    /// The sums at two places of the input.
    #[inline(always)]
    pub fn sums<S: Simd, const BLOCKS: usize>(&self, simd: S, from: [usize; 2], block: usize) -> Sums<S::f32s, BLOCKS> {
        let taps = self.offsets.len();
        let weights: [&[[f32; BLOCK]]; BLOCKS] =
            std::array::from_fn(|b| &self.weights[(block + b) * taps..(block + b + 1) * taps]);
        let mut sums = [[[simd.splat_f32s(0.0); 2]; BLOCK]; BLOCKS];
        for (tap, offset) in self.offsets.iter().enumerate() {
            let [left, right] = from.map(|from| &self.input[offset + from..][..S::F32_LANES]);
            let (&[left], &[right]) = (S::as_simd_f32s(left).0, S::as_simd_f32s(right).0) else { return sums };
            for b in 0..BLOCKS {
                let w = weights[b][tap];
                for o in 0..BLOCK {
                    let w = simd.splat_f32s(w[o]);
                    sums[b][o] =
                        [simd.mul_add_e_f32s(w, left, sums[b][o][0]), simd.mul_add_e_f32s(w, right, sums[b][o][1])];
                }
            }
        }
        sums
    }
}
