//! Sums of three weighted neighbours, four at a time with six products.
//!
//! Along a line, four outputs of three taps are two polynomials' product, which six products give (A. L. Toom; S. Winograd,
//! "Arithmetic complexity of computations", 1980; A. Lavin & S. Gray, "Fast algorithms for convolutional neural networks",
//! 2016): six inputs are mixed to six others, three weights to six, and the six products of these to four outputs.
//!
//! The products are the polynomials' values at 0, a, -a, b, -b and infinity. With a = 3/4 and b = 3/2 the error is 1.3 times
//! that of summing all products, with the usual 1 and 2 it is twice that.

use pulp::Simd;

/// Outputs of one line.
pub const OUTPUTS: usize = 4;
pub const KERNEL: usize = 3;
/// Inputs of one line, and products.
pub const MIXED: usize = OUTPUTS + KERNEL - 1;

const A: f64 = 0.75;
const B: f64 = 1.5;

/// Powers of the points, in all lanes.
pub struct Points<V> {
    a: [V; 3],
    b: [V; 3],
    /// a^2 + b^2
    sum: V,
    /// a^2 b^2
    product: V,
}

impl<V: Copy> Points<V> {
    #[inline(always)]
    pub fn new<S: Simd<f32s = V>>(simd: S) -> Self {
        let splat = |x: f64| simd.splat_f32s(x as f32);
        Self {
            a: [splat(A), splat(A * A), splat(A * A * A)],
            b: [splat(B), splat(B * B), splat(B * B * B)],
            sum: splat(A * A + B * B),
            product: splat(A * A * B * B),
        }
    }

    /// Mixes inputs.
    #[inline(always)]
    pub fn mix<S: Simd<f32s = V>>(&self, simd: S, x: [V; MIXED]) -> [V; MIXED] {
        let even_a = simd.negate_mul_add_e_f32s(self.b[1], x[2], x[4]);
        let odd_a = simd.mul_f32s(self.a[0], simd.negate_mul_add_e_f32s(self.b[1], x[1], x[3]));
        let even_b = simd.negate_mul_add_e_f32s(self.a[1], x[2], x[4]);
        let odd_b = simd.mul_f32s(self.b[0], simd.negate_mul_add_e_f32s(self.a[1], x[1], x[3]));
        let even = simd.negate_mul_add_e_f32s(self.sum, x[2], x[4]);
        let odd = simd.negate_mul_add_e_f32s(self.sum, x[3], x[5]);
        [
            simd.mul_add_e_f32s(self.product, x[0], even),
            simd.add_f32s(even_a, odd_a),
            simd.sub_f32s(even_a, odd_a),
            simd.add_f32s(even_b, odd_b),
            simd.sub_f32s(even_b, odd_b),
            simd.mul_add_e_f32s(self.product, x[1], odd),
        ]
    }

    /// Makes outputs of products.
    #[inline(always)]
    pub fn unmix<S: Simd<f32s = V>>(&self, simd: S, x: [V; MIXED]) -> [V; OUTPUTS] {
        let (even_a, odd_a) = (simd.add_f32s(x[1], x[2]), simd.sub_f32s(x[1], x[2]));
        let (even_b, odd_b) = (simd.add_f32s(x[3], x[4]), simd.sub_f32s(x[3], x[4]));
        [
            simd.add_f32s(x[0], simd.add_f32s(even_a, even_b)),
            simd.mul_add_e_f32s(self.a[0], odd_a, simd.mul_f32s(self.b[0], odd_b)),
            simd.mul_add_e_f32s(self.a[1], even_a, simd.mul_f32s(self.b[1], even_b)),
            simd.mul_add_e_f32s(self.a[2], odd_a, simd.mul_add_e_f32s(self.b[2], odd_b, x[5])),
        ]
    }
}

/// What the value at each point is divided by, so that [`Points::unmix`] is sums alone.
const BY_A: f64 = 2.0 * A * A * (A * A - B * B);
const BY_B: f64 = 2.0 * B * B * (B * B - A * A);

/// The factors of three weights in each of the six mixed ones.
pub const WEIGHTS: [[f64; KERNEL]; MIXED] = [
    [1.0 / (A * A * B * B), 0.0, 0.0],
    [1.0 / BY_A, A / BY_A, A * A / BY_A],
    [1.0 / BY_A, -A / BY_A, A * A / BY_A],
    [1.0 / BY_B, B / BY_B, B * B / BY_B],
    [1.0 / BY_B, -B / BY_B, B * B / BY_B],
    [0.0, 0.0, 1.0],
];

/// Mixes three weights.
#[inline(always)]
pub fn mix_weights<S: Simd>(simd: S, [first, second, third]: [S::f32s; KERNEL]) -> [S::f32s; MIXED] {
    let splat = |x: f64| simd.splat_f32s(x as f32);
    let mut mixed = [third; MIXED];
    mixed[0] = simd.mul_f32s(first, splat(WEIGHTS[0][0]));
    for (at, x, by) in [(1, A, BY_A), (3, B, BY_B)] {
        let even = simd.mul_f32s(simd.mul_add_e_f32s(splat(x * x), third, first), splat(1.0 / by));
        let odd = simd.mul_f32s(second, splat(x / by));
        mixed[at] = simd.add_f32s(even, odd);
        mixed[at + 1] = simd.sub_f32s(even, odd);
    }
    mixed
}
