//! Code for the widest vectors that the machine has.

use std::hint::black_box;

use pulp::{Arch, Simd, WithSimd};

/// Calls `op` compiled for the widest vectors that the machine has.
pub fn dispatch<Op: WithSimd>(op: Op) -> Op::Output {
    Arch::new().dispatch(OnWholeLines(op))
}

/// Calls `op` compiled for these vectors.
pub fn dispatch_to<S: Simd, Op: WithSimd>(simd: S, op: Op) -> Op::Output {
    simd.vectorize(OnWholeLines(op))
}

/// Has `op` keep vectors for which there are no registers where they do not cross lines of the cache.
///
/// A compiler puts them at multiples of 16 bytes, unless something else on the stack asks for more. Where such a vector crosses
/// a page, which depends on how deep the stack is, a loop that writes it takes several times as long.
struct OnWholeLines<Op>(Op);

/// As long as the longest vector. A function that holds one on its stack aligns that for all it holds.
#[repr(align(64))]
struct Line {
    _byte: u8,
}

impl<Op: WithSimd> WithSimd for OnWholeLines<Op> {
    type Output = Op::Output;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
        if !S::IS_SCALAR {
            black_box(&mut Line { _byte: 0 });
        }
        self.0.with_simd(simd)
    }
}
