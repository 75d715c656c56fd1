//! Properties of the effective rank, against singular values in double precision and closed forms.

use faer::Mat;
use neartop_core::score::effective_rank::{RankError, effective_rank};
use proptest::prelude::*;

/// What the product promises, relative.
const TOLERANCE: f64 = 1e-3;

/// By the definition: faer's singular values in double precision.
fn reference(matrix: &[f32], rows: usize, columns: usize) -> f64 {
    let matrix = Mat::from_fn(rows, columns, |i, j| f64::from(matrix[i * columns + j]));
    let values = matrix.singular_values().expect("singular values");
    let sum: f64 = values.iter().sum();
    let entropy: f64 = values.iter().map(|s| s / sum).filter(|p| *p > 0.0).map(|p| -p * p.ln()).sum();
    entropy.exp()
}

fn rank(matrix: &[f32], rows: usize, columns: usize) -> f64 {
    effective_rank(matrix, rows, columns).expect("a rank")
}

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a / b - 1.0).abs() < tolerance
}

/// Orthonormal columns from values between -1 and 1: a product of reflections.
fn orthonormal(n: usize, columns: usize, seed: &[f64]) -> Mat<f64> {
    let mut q = Mat::from_fn(n, columns, |i, j| if i == j { 1.0 } else { 0.0 });
    for (k, start) in seed.iter().enumerate() {
        let v: Vec<f64> = (0..n).map(|i| ((i + 1) as f64 * (1.3 + start) + k as f64).sin()).collect();
        let norm: f64 = v.iter().map(|x| x * x).sum();
        for j in 0..columns {
            let dot: f64 = (0..n).map(|i| v[i] * q[(i, j)]).sum();
            (0..n).for_each(|i| q[(i, j)] -= 2.0 * dot / norm * v[i]);
        }
    }
    q
}

/// U diag(s) V^T, rounded to single precision.
fn with_spectrum(rows: usize, columns: usize, s: &[f64], seed: &[f64]) -> Vec<f32> {
    let (u, v) = (orthonormal(rows, s.len(), seed), orthonormal(columns, s.len(), &seed[1..]));
    let element = |i: usize, j: usize| s.iter().enumerate().map(|(k, s)| u[(i, k)] * s * v[(j, k)]).sum::<f64>() as f32;
    (0..rows).flat_map(|i| (0..columns).map(move |j| (i, j))).map(|(i, j)| element(i, j)).collect()
}

/// A spectrum of one of the kinds that are hard: near rank one, clustered, over six decades, with zeros, plain.
fn spectrum(kind: u8, n: usize, draws: &[f64]) -> Vec<f64> {
    let u = |k: usize| draws[k % draws.len()].abs();
    (0..n)
        .map(|k| match kind {
            0 => {
                if k == 0 {
                    1.0
                } else {
                    1e-4 * u(k)
                }
            }
            1 => {
                if k < n / 2 {
                    1.0 + 1e-6 * u(k)
                } else {
                    1e-3 * (1.0 + 1e-6 * u(k))
                }
            }
            2 => 10f64.powf(-6.0 * k as f64 / n as f64),
            3 => {
                if k < n.div_ceil(3) {
                    0.1 + u(k)
                } else {
                    0.0
                }
            }
            _ => 0.01 + u(k),
        })
        .collect()
}

fn seeds() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(-1f64..1.0, 5)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_the_definition(
        rows in 1usize..70, columns in 1usize..70, kind in 0u8..5, decades in -30i32..=30, seed in seeds(),
    ) {
        let s = spectrum(kind, rows.min(columns), &seed);
        let scale = 10f32.powi(decades);
        let matrix: Vec<f32> = with_spectrum(rows, columns, &s, &seed).iter().map(|x| x * scale).collect();
        let (found, expected) = (rank(&matrix, rows, columns), reference(&matrix, rows, columns));
        prop_assert!(close(found, expected, TOLERANCE), "{found} against {expected}");
    }

    #[test]
    fn agrees_on_any_elements(
        (rows, columns, matrix) in (1usize..50, 1usize..50).prop_flat_map(|(r, c)| {
            (Just(r), Just(c), prop::collection::vec(prop_oneof![4 => -1f32..1.0, 1 => Just(0f32)], r * c))
        }),
    ) {
        prop_assume!(matrix.iter().any(|x| *x != 0.0));
        let (found, expected) = (rank(&matrix, rows, columns), reference(&matrix, rows, columns));
        prop_assert!(close(found, expected, TOLERANCE), "{found} against {expected}");
        let most = rows.min(columns) as f64;
        prop_assert!((1.0 - TOLERANCE..=most * (1.0 + TOLERANCE)).contains(&found));
    }

    #[test]
    fn scale_transpose_and_order_of_rows_do_not_matter(
        rows in 2usize..60, columns in 2usize..60, kind in 0u8..5, power in -60i32..60, shift in 1usize..60, seed in seeds(),
    ) {
        let matrix = with_spectrum(rows, columns, &spectrum(kind, rows.min(columns), &seed), &seed);
        let plain = rank(&matrix, rows, columns);
        // A power of two changes no digit, so nothing may change but for the digits themselves.
        let scaled: Vec<f32> = matrix.iter().map(|x| x * 2f32.powi(power)).collect();
        prop_assert!(close(rank(&scaled, rows, columns), plain, 1e-12));
        let transposed: Vec<f32> =
            (0..columns).flat_map(|j| (0..rows).map(move |i| (i, j))).map(|(i, j)| matrix[i * columns + j]).collect();
        prop_assert!(close(rank(&transposed, columns, rows), plain, TOLERANCE));
        let mut permuted = matrix.clone();
        permuted.rotate_left((shift % rows) * columns);
        prop_assert!(close(rank(&permuted, rows, columns), plain, TOLERANCE));
    }
}

#[test]
fn closed_forms() {
    for n in [1usize, 2, 23, 24, 25, 64, 130] {
        let identity: Vec<f32> = (0..n * n).map(|k| if k / n == k % n { 1.0 } else { 0.0 }).collect();
        assert!(close(rank(&identity, n, n), n as f64, TOLERANCE), "the identity of size {n}");
        let outer: Vec<f32> = (0..n * (n + 3)).map(|k| ((k / (n + 3) + 1) * (k % (n + 3) + 2)) as f32).collect();
        assert!(close(rank(&outer, n, n + 3), 1.0, TOLERANCE), "rank one, {n} rows: {}", rank(&outer, n, n + 3));
        assert_eq!(rank(&vec![0.0; n * n], n, n), 0.0);
        assert_eq!(rank(&vec![-0.0; n * n], n, n), 0.0);
    }
    // Singular values 3 and 1: p = 3/4, 1/4.
    let expected = (-0.75 * 0.75f64.ln() - 0.25 * 0.25f64.ln()).exp();
    assert!(close(rank(&[3.0, 0.0, 0.0, 1.0], 2, 2), expected, 1e-6));
    // The smallest numbers of single precision.
    let tiny = f32::from_bits(1);
    assert!(close(rank(&[tiny, 0.0, 0.0, tiny], 2, 2), 2.0, 1e-6));
    let huge = f32::MAX;
    assert!(close(rank(&[huge, 0.0, 0.0, huge], 2, 2), 2.0, 1e-6));
}

#[test]
fn values_that_are_not_finite_have_no_rank() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut matrix = vec![1.0; 40 * 40];
        matrix[777] = bad;
        assert_eq!(effective_rank(&matrix, 40, 40), Err(RankError::NonFinite));
    }
}
