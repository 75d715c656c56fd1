use faer::{Mat, MatRef};
use proptest::prelude::*;

use super::*;
use crate::random::{Key, Purpose};

fn normals(n: usize, seed: u64) -> Vec<f32> {
    Key { seed, repetition: 0, layer: 0, purpose: Purpose::Inputs }.standard_normals(n)
}

/// By faer's singular values in double precision.
fn reference(matrix: &[f32], rows: usize, columns: usize) -> f64 {
    let matrix = Mat::from_fn(rows, columns, |i, j| f64::from(matrix[i * columns + j]));
    entropy_rank(matrix.singular_values().unwrap().into_iter())
}

fn check(matrix: &[f32], rows: usize, columns: usize) {
    let (rank, expected) = (effective_rank(matrix, rows, columns).unwrap(), reference(matrix, rows, columns));
    assert!((rank - expected).abs() <= 5e-4 * expected, "{rows} x {columns}: {rank} against {expected}");
}

/// U diag(spectrum) V^T with random orthogonal U and V.
fn with_spectrum(rows: usize, columns: usize, seed: u64, spectrum: impl Fn(usize) -> f64) -> Vec<f32> {
    let orthogonal = |n: usize, seed| {
        let z = normals(n * n, seed);
        Mat::from_fn(n, n, |i, j| f64::from(z[i * n + j])).qr().compute_thin_Q()
    };
    let (u, v) = (orthogonal(rows, seed), orthogonal(columns, seed + 1000));
    let diagonal = Mat::from_fn(rows, columns, |i, j| if i == j { spectrum(i) } else { 0.0 });
    let a = u * diagonal * v.transpose();
    (0..rows * columns).map(|k| a[(k / columns, k % columns)] as f32).collect()
}

#[test]
fn closed_forms() {
    let diagonal = |values: &[f32]| {
        let n = values.len();
        (0..n * n).map(|k| if k % (n + 1) == 0 { values[k / (n + 1)] } else { 0.0 }).collect::<Vec<_>>()
    };
    for n in [1, 2, 5, 40, 130] {
        let rank = effective_rank(&diagonal(&vec![3.0; n]), n, n).unwrap();
        assert!((rank / n as f64 - 1.0).abs() < 1e-4, "{rank} of the identity of size {n}");
        assert!((effective_rank(&vec![0.7; n * n], n, n).unwrap() - 1.0).abs() < 1e-4);
        assert_eq!(effective_rank(&vec![0.0; n * n], n, n).unwrap(), 0.0);
    }
    // p = 3/4, 1/4
    let expected = (-(0.75f64 * 0.75f64.ln() + 0.25 * 0.25f64.ln())).exp();
    assert!((effective_rank(&diagonal(&[3.0, -1.0]), 2, 2).unwrap() - expected).abs() < 1e-4);
    assert_eq!(effective_rank(&[1.0, f32::NAN], 1, 2), Err(RankError::NonFinite));
    assert_eq!(effective_rank(&[f32::INFINITY, 0.0], 2, 1), Err(RankError::NonFinite));
}

#[test]
fn random_matrices_of_all_shapes() {
    for (rows, columns) in [(1, 7), (7, 1), (16, 16), (25, 25), (26, 90), (90, 33), (128, 128), (200, 130), (300, 300)]
    {
        let z = normals(rows * columns, 5);
        check(&z, rows, columns);
        for scale in [1e-37, 1e-20, 1e20, 5e37] {
            check(&z.iter().map(|z| z.clamp(-6.0, 6.0) * scale).collect::<Vec<_>>(), rows, columns);
        }
    }
}

#[test]
fn dominated_and_degenerate_matrices() {
    let n = 160;
    let z = normals(n * n, 6);
    for shift in [0.3, 3.0, 100.0, 1e4, 1e6] {
        check(&z.iter().map(|z| z + shift).collect::<Vec<_>>(), n, n);
        // Two shared directions: the halves of the samples have different means.
        let two =
            z.iter().enumerate().map(|(k, z)| z + if k / n < n / 2 { shift } else { -0.3 * shift * (k % 3) as f32 });
        check(&two.collect::<Vec<_>>(), n, n);
    }
    // Sparse rows, zero columns, equal rows, signs.
    check(&z.iter().enumerate().map(|(k, z)| if k % n % 3 == 0 { 0.0 } else { *z }).collect::<Vec<_>>(), n, n);
    check(&z.iter().enumerate().map(|(k, z)| if k / n % 20 == 0 { *z } else { 0.0 }).collect::<Vec<_>>(), n, n);
    check(&(0..n * n).map(|k| z[k % (9 * n)]).collect::<Vec<_>>(), n, n);
    check(&z.iter().map(|z| z.signum()).collect::<Vec<_>>(), n, n);
    // Weights of very different sizes by column.
    check(&z.iter().enumerate().map(|(k, z)| z * 10f32.powi(-((k % n / 16) as i32))).collect::<Vec<_>>(), n, n);
}

#[test]
fn eigenvalues_of_single_precision_keep_the_assumed_error() {
    for (n, seed, side_by_side) in [
        (40, 1, false),
        (128, 2, false),
        (128, 3, false),
        (333, 4, false),
        (30, 5, true),
        (128, 6, true),
        (192, 7, true),
    ] {
        let z = normals(n * n, seed);
        let gram = Gram::new(&z, n, n);
        let reduced = if side_by_side { together::reduce(&[&gram]).pop().unwrap() } else { Tridiagonal::of(gram) };
        let mut bisection = bisection::Bisection::new(&reduced);
        (0..24).for_each(|_| bisection.halve());
        let mut exact: Vec<f64> =
            Mat::from_fn(n, n, |i, j| f64::from(z[i * n + j])).singular_values().unwrap().into_iter().collect();
        exact.reverse();
        let moved =
            bisection.intervals().zip(&exact).map(|((low, high), s)| (f64::midpoint(low, high).powi(2) - s * s).abs());
        let units = moved.fold(0.0, f64::max) / (f64::from(f32::EPSILON) * exact[n - 1].powi(2));
        println!("{n}: {units}");
        assert!(units < 0.5 * GRAM_ERROR, "{n}: {units}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_spectrum(
        rows in 2usize..90, columns in 2usize..90, seed in 0u64..1000,
        decay in 0.0f64..9.0, jump in 0usize..40, height in 0.0f64..7.0, clusters in 1usize..6,
    ) {
        // A geometric fall over `decay` decades, in clusters, with `jump` values raised by `height` decades.
        let n = rows.min(columns) as f64;
        let a = with_spectrum(rows, columns, seed, |i| {
            let cluster = (i / clusters * clusters) as f64 / n;
            10f64.powf(if i < jump { height } else { 0.0 } - decay * cluster)
        });
        check(&a, rows, columns);
    }

    #[test]
    fn scale_does_not_matter(seed in 0u64..1000, power in -60i32..60) {
        let z = normals(40 * 40, seed);
        let scaled: Vec<f32> = z.iter().map(|z| z * 2f32.powi(power)).collect();
        prop_assert_eq!(effective_rank(&z, 40, 40), effective_rank(&scaled, 40, 40));
    }
}

#[test]
fn ranks_of_row_and_column_major_agree() {
    let (rows, columns) = (50, 31);
    let z = normals(rows * columns, 8);
    let m = MatRef::from_row_major_slice(&z, rows, columns);
    let transposed: Vec<f32> = (0..rows * columns).map(|k| m[(k % rows, k / rows)]).collect();
    let (a, b) = (effective_rank(&z, rows, columns).unwrap(), effective_rank(&transposed, columns, rows).unwrap());
    assert!((a / b - 1.0).abs() < 1e-4);
}

/// The ranks of a matrix alone, and of the same among others of other sizes, are equal to the last bit.
#[test]
fn a_rank_does_not_depend_on_its_neighbours() {
    let size = |i: usize| 97 + i * 7 % 16;
    let matrices: Vec<_> = (0..37).map(|i| (normals(size(i) * 150, i as u64), size(i))).collect();
    let mut ranks = Ranks::default();
    let places: Vec<_> = matrices
        .iter()
        .enumerate()
        // Some have a singular value to split off, which makes them smaller still.
        .map(|(i, (z, n))| (z.iter().map(|z| z + (i % 3) as f32).collect::<Vec<_>>(), *n))
        .map(|(z, n)| (ranks.add(&z, n, 150).unwrap(), effective_rank(&z, n, 150)))
        .collect();
    assert_eq!(ranks.get(places[36].0), None);
    ranks.finish();
    for (place, alone) in places {
        assert_eq!(ranks.get(place), Some(alone));
    }
}

/// A block of zeros at the end, and matrices of rank one, leave nothing to reflect.
#[test]
fn nothing_left_to_reflect() {
    for n in [30, 64] {
        let z = normals(n * n, 9);
        let part = |k: usize| if k / n < n / 2 && k % n < n / 2 { z[k] } else { 0.0 };
        check(&(0..n * n).map(part).collect::<Vec<_>>(), n, n);
        check(&(0..n * n).map(|k| if k % n == 0 { z[k] } else { 0.0 }).collect::<Vec<_>>(), n, n);
        check(&(0..n * n).map(|k| if k == 0 { 1.0 } else { 0.0 }).collect::<Vec<_>>(), n, n);
    }
}
