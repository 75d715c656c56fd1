//! Uniforms of a stream in blocks of many: the words of ChaCha8, computed side by side.

use pulp::{Simd, WithSimd};

use crate::dispatch::dispatch;

/// Uniforms that are made together: of 32 blocks of the cipher.
pub const TOGETHER: usize = 256;

/// Uniforms that a block of the cipher makes, of two words each.
const OF_BLOCK: usize = 8;

/// "expand 32-byte k"
const CONSTANTS: [u32; 4] = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];

/// The first blocks, as many as any vector has lanes.
const FIRST: [u32; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// The uniforms of one key from its first on, [`TOGETHER`] at a time.
pub struct Blocks {
    key: [u32; 8],
    /// Blocks of the cipher that were taken.
    taken: u64,
}

impl Blocks {
    pub fn new(key: [u8; 32]) -> Self {
        let (words, _) = key.as_chunks();
        let mut key = [0; 8];
        for (word, bytes) in key.iter_mut().zip(words) {
            *word = u32::from_le_bytes(*bytes);
        }
        Self { key, taken: 0 }
    }

    /// The next uniforms, in an order that suits the vectors of this machine; [`in_order`] undoes that.
    pub fn next(&mut self, uniforms: &mut [f64; TOGETHER]) {
        dispatch(Next { key: &self.key, taken: self.taken, uniforms });
        self.taken += (TOGETHER / OF_BLOCK) as u64;
    }
}

/// Rounds what was made of uniforms, and brings it in the order of the stream.
pub fn in_order(values: &[f64; TOGETHER]) -> [f32; TOGETHER] {
    let mut ordered = [0.0; TOGETHER];
    dispatch(Order { values, ordered: &mut ordered });
    ordered
}

struct Next<'a> {
    key: &'a [u32; 8],
    taken: u64,
    uniforms: &'a mut [f64; TOGETHER],
}

impl WithSimd for Next<'_> {
    type Output = ();

    /// Each lane is a block of the cipher, and each vector a word of it.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { key, taken, uniforms } = self;
        let lanes = S::U32_LANES;
        let (mut low, mut high) = ([0; TOGETHER], [0; TOGETHER]);
        let mut start = [simd.splat_u32s(0); 16];
        for (to, word) in start.iter_mut().zip(CONSTANTS.iter().chain(key)) {
            *to = simd.splat_u32s(*word);
        }
        let first = S::as_simd_u32s(&FIRST).0[0];
        let groups = low.chunks_exact_mut(OF_BLOCK * lanes).zip(high.chunks_exact_mut(OF_BLOCK * lanes));
        for ((low, high), at) in groups.zip((taken..).step_by(lanes)) {
            // `at` is a multiple of the lanes, so the lower half does not overflow.
            start[12] = simd.add_u32s(simd.splat_u32s(at as u32), first);
            start[13] = simd.splat_u32s((at >> 32) as u32);
            let words = rounds::<S>(simd, start);
            let (low, high) = (S::as_mut_simd_u32s(low).0, S::as_mut_simd_u32s(high).0);
            for place in 0..OF_BLOCK {
                low[place] = simd.add_u32s(words[2 * place], start[2 * place]);
                high[place] = simd.add_u32s(words[2 * place + 1], start[2 * place + 1]);
            }
        }
        for ((uniform, low), high) in uniforms.iter_mut().zip(&low).zip(&high) {
            *uniform = in_unit(u64::from(*low) | u64::from(*high) << 32);
        }
    }
}

/// Eight rounds, of columns and of diagonals in turn.
#[inline(always)]
fn rounds<S: Simd>(simd: S, mut words: [S::u32s; 16]) -> [S::u32s; 16] {
    for _ in 0..4 {
        quarter(simd, &mut words, [0, 4, 8, 12]);
        quarter(simd, &mut words, [1, 5, 9, 13]);
        quarter(simd, &mut words, [2, 6, 10, 14]);
        quarter(simd, &mut words, [3, 7, 11, 15]);
        quarter(simd, &mut words, [0, 5, 10, 15]);
        quarter(simd, &mut words, [1, 6, 11, 12]);
        quarter(simd, &mut words, [2, 7, 8, 13]);
        quarter(simd, &mut words, [3, 4, 9, 14]);
    }
    words
}

#[inline(always)]
fn quarter<S: Simd>(simd: S, words: &mut [S::u32s; 16], [a, b, c, d]: [usize; 4]) {
    words[a] = simd.add_u32s(words[a], words[b]);
    words[d] = turned(simd, simd.xor_u32s(words[d], words[a]), 16);
    words[c] = simd.add_u32s(words[c], words[d]);
    words[b] = turned(simd, simd.xor_u32s(words[b], words[c]), 12);
    words[a] = simd.add_u32s(words[a], words[b]);
    words[d] = turned(simd, simd.xor_u32s(words[d], words[a]), 8);
    words[c] = simd.add_u32s(words[c], words[d]);
    words[b] = turned(simd, simd.xor_u32s(words[b], words[c]), 7);
}

/// Every lane's bits turned to the left.
#[inline(always)]
fn turned<S: Simd>(simd: S, words: S::u32s, by: u32) -> S::u32s {
    let (left, right) = (simd.splat_u32s(by), simd.splat_u32s(32 - by));
    simd.or_u32s(simd.wrapping_dyn_shl_u32s(words, left), simd.wrapping_dyn_shr_u32s(words, right))
}

struct Order<'a> {
    values: &'a [f64; TOGETHER],
    ordered: &'a mut [f32; TOGETHER],
}

impl WithSimd for Order<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let lanes = S::U32_LANES;
        let mut values = [0.0; TOGETHER];
        for (value, x) in values.iter_mut().zip(self.values) {
            *value = *x as f32;
        }
        let groups = values.chunks_exact(OF_BLOCK * lanes).zip(self.ordered.chunks_exact_mut(OF_BLOCK * lanes));
        for (group, ordered) in groups {
            for (lane, block) in ordered.as_chunks_mut::<OF_BLOCK>().0.iter_mut().enumerate() {
                for (place, value) in block.iter_mut().enumerate() {
                    *value = group[place * lanes + lane];
                }
            }
        }
    }
}

/// A uniform in the open interval (0, 1), of 53 of these bits.
#[inline(always)]
pub fn in_unit(bits: u64) -> f64 {
    ((bits >> 11) as f64 + 0.5) / (1u64 << 53) as f64
}
