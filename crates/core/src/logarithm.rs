//! Natural logarithms in loops that the compiler turns into vector code: the same on every machine.

use crate::dispatch::dispatch;

/// The logarithms of these numbers in their place, see [`ln`].
pub fn logarithms(numbers: &mut [f64]) {
    dispatch(|| {
        for x in numbers {
            *x = ln(*x);
        }
    });
}

/// ln x of a positive number, with an error below 1 unit in the last place: the method of `log` in fdlibm (Sun Microsystems 1993).
/// What is smaller than the smallest normal number counts as that.
#[inline(always)]
pub fn ln(x: f64) -> f64 {
    // x = 2^k (1 + f) with 1 + f between sqrt(1/2) and sqrt(2).
    let bits = x.max(f64::MIN_POSITIVE).to_bits();
    let high = ((bits >> 32) as u32).wrapping_add(ONE - ROOT_OF_HALF);
    let k = f64::from((high >> 20) as i32 - 1023);
    let high = (high & 0x000f_ffff) + ROOT_OF_HALF;
    let f = f64::from_bits(u64::from(high) << 32 | bits & 0xffff_ffff) - 1.0;
    // ln(1 + f) = 2 artanh s = f - s (f - R), of which R is a polynomial in s^2.
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let even = w * (SERIES[1] + w * (SERIES[3] + w * SERIES[5]));
    let odd = z * (SERIES[0] + w * (SERIES[2] + w * (SERIES[4] + w * SERIES[6])));
    let half = 0.5 * f * f;
    k * LN_2_HIGH - ((half - (s * (half + even + odd) + k * LN_2_LOW)) - f)
}

/// The upper halves of 1 and of sqrt(1/2).
const ONE: u32 = 0x3ff0_0000;
const ROOT_OF_HALF: u32 = 0x3fe6_a09e;

/// ln 2, of which the larger part has so few digits that its product with an exponent is exact.
const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// Close to 2/3, 2/5, 2/7 and so on: by Remez's algorithm, for all s that come.
const SERIES: [f64; 7] = [
    6.666_666_666_666_735e-1,
    3.999_999_999_940_942e-1,
    2.857_142_874_366_239e-1,
    2.222_219_843_214_978_4e-1,
    1.818_357_216_161_805e-1,
    1.531_383_769_920_937_3e-1,
    1.479_819_860_511_658_6e-1,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_agree_with_another_implementation() {
        let by_powers = (-3000..3000).map(|i| 2f64.powf(f64::from(i) * 0.34));
        let near_one = (-500..500).map(|i| 1.0 + f64::from(i) * 1e-5);
        let ends = [f64::MIN_POSITIVE, f64::MAX, 1.0, 0.5f64.sqrt(), 1.0 - f64::EPSILON, 1.0 + f64::EPSILON];
        let numbers: Vec<_> = by_powers.chain(near_one).chain(ends).collect();
        let mut found = numbers.clone();
        logarithms(&mut found);
        for (x, found) in numbers.into_iter().zip(found) {
            let expected = libm::log(x);
            assert!((found - expected).abs() <= f64::EPSILON * expected.abs(), "{x}: {found} against {expected}");
            assert_eq!(found.to_bits(), ln(x).to_bits(), "{x}: alone and among others");
        }
        assert_eq!([ln(0.0), ln(1e-310)], [ln(f64::MIN_POSITIVE); 2]);
    }
}
