use faer::{Mat, MatRef};
use proptest::prelude::*;

use super::band::Band;
use super::bisection::Bisection;
use super::estimate::{Estimate, Precision, TOLERANCE};
use super::gram::Gram;
use super::real::Real;
use super::scaled::Scaled;
use super::tridiagonal::Tridiagonal;
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
    assert!((rank - expected).abs() <= TOLERANCE * expected, "{rows} x {columns}: {rank} against {expected}");
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
    for (rows, columns) in [
        (1, 7),
        (7, 1),
        (16, 16),
        (25, 25),
        (26, 90),
        (90, 33),
        (128, 128),
        (200, 130),
        (300, 300),
        (209, 400),
        (400, 193),
    ] {
        let z = normals(rows * columns, 5);
        check(&z, rows, columns);
        for scale in [1e-37, 1e-20, 1e20, 5e37] {
            check(&z.iter().map(|z| z.clamp(-6.0, 6.0) * scale).collect::<Vec<_>>(), rows, columns);
        }
    }
}

#[test]
fn dominated_and_degenerate_matrices() {
    [160, 240].into_iter().for_each(dominated_and_degenerate_of_size);
}

fn dominated_and_degenerate_of_size(n: usize) {
    let z = normals(n * n, 6);
    for shift in [0.3, 3.0, 100.0, 1e4, 1e6] {
        check(&z.iter().map(|z| z + shift).collect::<Vec<_>>(), n, n);
        // Two shared directions: the halves of the samples have different means.
        let two =
            z.iter().enumerate().map(|(k, z)| z + if k / n < n / 2 { shift } else { -0.3 * shift * (k % 3) as f32 });
        check(&two.collect::<Vec<_>>(), n, n);
    }
    // Sparse rows, zero columns, equal rows, signs.
    check(
        &z.iter().enumerate().map(|(k, z)| if (k % n).is_multiple_of(3) { 0.0 } else { *z }).collect::<Vec<_>>(),
        n,
        n,
    );
    check(
        &z.iter().enumerate().map(|(k, z)| if (k / n).is_multiple_of(20) { *z } else { 0.0 }).collect::<Vec<_>>(),
        n,
        n,
    );
    check(&(0..n * n).map(|k| z[k % (9 * n)]).collect::<Vec<_>>(), n, n);
    check(&z.iter().map(|z| z.signum()).collect::<Vec<_>>(), n, n);
    // Weights of very different sizes by column.
    check(&z.iter().enumerate().map(|(k, z)| z * 10f32.powi(-((k % n / 16) as i32))).collect::<Vec<_>>(), n, n);
}

#[test]
fn eigenvalues_of_single_precision_keep_the_assumed_error() {
    let alone = |gram: Gram<f32>| roots(&Tridiagonal::of(gram));
    let side_by_side = |gram: Gram<f32>| roots(&together::reduce(&[&gram])[0]);
    let by_band = |mut gram: Gram<f32>| roots(&chase::reduce(&[&Band::of(&mut gram)])[0]);
    let to_band = |mut gram: Gram<f32>| roots(&chase::reduce(&[&Band::of(&mut gram).in_double_precision()])[0]);
    type Way = fn(Gram<f32>) -> Vec<f64>;
    let ways: [(Way, Precision, &[usize]); 4] = [
        (alone, Precision::Single, &[40, 128, 333]),
        (side_by_side, Precision::Single, &[30, 128, 192]),
        (by_band, Precision::Single, &[30, 193, 333, 512, 801]),
        (to_band, Precision::SingleToBand, &[30, 193, 333, 512, 801]),
    ];
    let cases = ways.into_iter().flat_map(|(way, precision, sizes)| sizes.iter().map(move |n| (way, precision, *n)));
    for (seed, (reduce, precision, n)) in cases.enumerate() {
        let z = normals(n * n, seed as u64);
        let mut exact: Vec<f64> =
            Mat::from_fn(n, n, |i, j| f64::from(z[i * n + j])).singular_values().unwrap().into_iter().collect();
        exact.reverse();
        let largest = exact[n - 1].powi(2);
        for (root, s) in reduce(Gram::new(&z, n, n)).into_iter().zip(&exact) {
            let moved = (root * root - s * s).abs();
            let assumed = precision.of_largest() * largest + precision.of_own() * s * s;
            assert!(moved < 0.5 * assumed, "{n}, {precision:?}: {s}^2 moved by {moved:e} of {assumed:e}");
        }
    }
}

/// Those of a tridiagonal matrix, to more digits than single precision has.
fn roots<T: Real>(matrix: &Tridiagonal<T>) -> Vec<f64> {
    let mut bisection = Bisection::new(matrix);
    (0..24).for_each(|_| bisection.halve());
    bisection.intervals().map(|(low, high)| f64::midpoint(low, high)).collect()
}

/// Alone, and beside others of other sizes.
#[test]
fn bands_of_double_precision_keep_their_digits() {
    let sizes = [193, 257, 300, 333, 210];
    let double = |n: usize| normals(n * n, n as u64).into_iter().map(f64::from).collect::<Vec<_>>();
    let bands: Vec<_> = sizes.iter().map(|n| Band::of(&mut Gram::new(&double(*n), *n, *n))).collect();
    let together = chase::reduce(&bands.iter().collect::<Vec<_>>());
    for ((n, band), beside_others) in sizes.into_iter().zip(&bands).zip(together) {
        let alone = chase::reduce(&[band]).pop().unwrap();
        assert_eq!((&alone.diagonal, &alone.beside), (&beside_others.diagonal, &beside_others.beside));
        // faer's singular values are off by up to 200 units of rounding.
        let mut ways = [alone, Tridiagonal::of(Gram::new(&double(n), n, n))].map(|t| Bisection::new(&t));
        ways.iter_mut().for_each(|way| (0..50).for_each(|_| way.halve()));
        let unit = f64::EPSILON * ways[0].largest();
        for ((band, _), (direct, _)) in ways[0].intervals().zip(ways[1].intervals()) {
            let moved = (band * band - direct * direct).abs();
            assert!(moved < 16.0 * unit, "{n}: {direct}^2 moved by {moved:e}");
        }
    }
}

/// The eigenvalues of a tridiagonal matrix are found to its own rounding error, also where all but a few are far below the
/// largest: the minors fall by many decades there.
#[test]
fn bisection_keeps_small_eigenvalues_apart() {
    for (n, seed) in (100..200).step_by(9).zip(0..) {
        let z: Vec<f32> = normals(n * n, seed).into_iter().map(|z| z.max(0.0)).collect();
        let reduced = Tridiagonal::of(Gram::new(&z, n, n));
        let double = |values: &[f32]| values.iter().map(|x| f64::from(*x)).collect();
        let exact = Tridiagonal { diagonal: double(&reduced.diagonal), beside: double(&reduced.beside) };
        let (mut single, mut exact) = (Bisection::new(&reduced), Bisection::new(&exact));
        (0..24).for_each(|_| {
            single.halve();
            exact.halve();
        });
        let unit = f64::from(f32::EPSILON) * exact.largest();
        for ((low, high), (exact_low, exact_high)) in single.intervals().zip(exact.intervals()) {
            let moved = f64::midpoint(low, high).powi(2) - f64::midpoint(exact_low, exact_high).powi(2);
            assert!(moved.abs() < unit, "{n}: {low} against {exact_low}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_spectrum(
        rows in 2usize..90, columns in 2usize..90, larger in 0..2usize, seed in 0u64..1000,
        decay in 0.0f64..9.0, jump in 0usize..40, height in 0.0f64..7.0, clusters in 1usize..6,
    ) {
        // A geometric fall over `decay` decades, in clusters, with `jump` values raised by `height` decades.
        let (rows, columns) = (rows + 190 * larger, columns + 190 * larger);
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
    [97, 209].into_iter().for_each(not_on_neighbours_from_size);
}

fn not_on_neighbours_from_size(least: usize) {
    let columns = least + 60;
    let size = |i: usize| least + i * 7 % 16;
    let matrices: Vec<_> = (0..37).map(|i| (normals(size(i) * columns, i as u64), size(i))).collect();
    let mut ranks = Ranks::default();
    let places: Vec<_> = matrices
        .iter()
        .enumerate()
        // Some have a singular value to split off, which makes them smaller still, and some need double precision.
        .map(|(i, (z, n))| {
            let fall = |k: usize| if i % 4 == 3 { (-0.2 * (k % columns) as f32).exp2() } else { 1.0 };
            (z.iter().enumerate().map(|(k, z)| fall(k) * (z + (i % 3) as f32)).collect::<Vec<_>>(), *n)
        })
        .map(|(z, n)| (ranks.add(&z, n, columns).unwrap(), effective_rank(&z, n, columns)))
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
    for n in [30, 64, 230] {
        let z = normals(n * n, 9);
        let part = |k: usize| if k / n < n / 2 && k % n < n / 2 { z[k] } else { 0.0 };
        check(&(0..n * n).map(part).collect::<Vec<_>>(), n, n);
        check(&(0..n * n).map(|k| if k % n == 0 { z[k] } else { 0.0 }).collect::<Vec<_>>(), n, n);
        check(&(0..n * n).map(|k| if k == 0 { 1.0 } else { 0.0 }).collect::<Vec<_>>(), n, n);
    }
}

/// What a dense layer makes of fewer inputs than it has outputs, alone and behind a large mean.
#[test]
fn ranks_that_are_known_to_be_low() {
    for (n, inputs, mean) in [(96, 20, 0.0), (96, 20, 30.0), (260, 64, 0.0), (260, 64, 30.0), (400, 399, 0.0)] {
        let (x, w) = (normals(n * inputs, 1), normals(n * inputs, 2));
        let matrix = crate::kernels::linear(&x, n, &w, Some(&vec![mean; n]), n);
        let mut ranks = Ranks::default();
        let place = ranks.add_of_rank(&matrix, n, n, inputs + 1).unwrap();
        ranks.finish();
        let (rank, expected) = (ranks.get(place).unwrap().unwrap(), reference(&matrix, n, n));
        assert!((rank - expected).abs() <= TOLERANCE * expected, "{n} of {inputs}: {rank} against {expected}");
    }
}

/// A dense layer without a bias has a rank less than could be, and rounding in its place is no singular value.
#[test]
fn a_rank_below_the_known_bound_is_no_singular_value() {
    for seed in 0..60u64 {
        for (n, inputs) in [(64, 5), (64, 3), (96, 8), (208, 12)] {
            let (x, w) = (normals(n * inputs, 2 * seed), normals(n * inputs, 2 * seed + 1));
            let x: Vec<f32> = x.iter().enumerate().map(|(k, x)| x * (1.0 + (k % inputs) as f32)).collect();
            let matrix = crate::kernels::linear(&x, n, &w, None, n);
            let mut ranks = Ranks::default();
            let place = ranks.add_of_rank(&matrix, n, n, inputs + 1).unwrap();
            ranks.finish();
            let (rank, expected) = (ranks.get(place).unwrap().unwrap(), reference(&matrix, n, n));
            assert!((rank - expected).abs() <= TOLERANCE * expected, "{n} of {inputs}: {rank} against {expected}");
        }
    }
}

/// What matrices of size n are, and some of them: what layers give, and others.
fn families(n: usize, seed: u64) -> Vec<(String, Vec<f32>)> {
    let z = normals(n * n, seed);
    let of = |f: &dyn Fn(usize, usize, f32) -> f32| {
        z.iter().enumerate().map(|(k, z)| f(k / n, k % n, *z)).collect::<Vec<_>>()
    };
    let mut all = Vec::new();
    for mean in [0.0, 0.1, 0.5, 3.0, 50.0] {
        all.push((format!("normal around {mean}"), of(&|_, _, z| z + mean)));
        all.push((format!("rectified around {mean}"), of(&|_, _, z| (z + mean).max(0.0))));
    }
    for decades in [0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0] {
        let fall = |k: usize| 10f64.powf(-decades * k as f64 / n as f64);
        let small = 10f64.powf(-decades);
        let above = |many: usize| move |k: usize| if k < many { 1.0 } else { small };
        let power = |k: usize| (1.0 + k as f64).powf(-decades);
        all.push((format!("falling by {decades} decades"), with_spectrum(n, n, seed, fall)));
        all.push((format!("by the power {decades}"), with_spectrum(n, n, seed, power)));
        all.push((format!("a quarter above by {decades} decades"), with_spectrum(n, n, seed, above(n / 4))));
        all.push((format!("three above by {decades} decades"), with_spectrum(n, n, seed, above(3))));
        all.push((format!("columns by {decades} decades"), of(&|_, column, z| z * fall(column) as f32)));
        all.push((format!("rows by {decades} decades"), of(&|row, _, z| z * fall(row) as f32)));
        all.push((format!("both by {decades} decades"), of(&|r, c, z| z * (fall(r) * fall(c)) as f32)));
        all.push((format!("around rows by {decades} decades"), of(&|r, _, z| z * small as f32 + (r * 7 % 13) as f32)));
        let board = |r: usize, c: usize| if (r / 3 + c / 5).is_multiple_of(2) { 1.0 } else { -1.0 };
        all.push((format!("around signs by {decades} decades"), of(&|r, c, z| z * small as f32 + board(r, c))));
    }
    for (scale, bias) in [(1.0, 0.0), (0.5, 0.0), (1.4, 0.1), (0.3, 0.3)] {
        for name in ["relu", "tanh", "silu"] {
            let mut x = z.clone();
            for layer in 0..6 {
                let w = normals(n * n, seed + 100 + layer).into_iter().map(|w| w * scale / (n as f32).sqrt());
                x = crate::kernels::linear(&x, n, &w.collect::<Vec<_>>(), Some(&vec![bias; n]), n);
                all.push((format!("{layer} layers of {scale}, {bias}, {name}"), x.clone()));
                x.iter_mut().for_each(|x| {
                    *x = match name {
                        "relu" => x.max(0.0),
                        "tanh" => x.tanh(),
                        _ => *x / (1.0 + (-*x).exp()),
                    }
                });
                all.push((format!("{layer} layers of {scale}, {bias}, and {name}"), x.clone()));
            }
        }
    }
    all.extend(of_low_rank(n, seed));
    all
}

/// Matrices of size n with many singular values that are zero, or nearly.
fn of_low_rank(n: usize, seed: u64) -> Vec<(String, Vec<f32>)> {
    let (z, noise) = (normals(n * n, seed), normals(n * n, seed + 60));
    let mut all = Vec::new();
    for share in [0.1, 0.25, 0.5, 0.9, 0.97] {
        let inputs = (n as f64 * share) as usize;
        let w: Vec<f32> = normals(n * inputs, seed + 50).iter().map(|w| w / (inputs as f32).sqrt()).collect();
        let low = crate::kernels::linear(&z[..n * inputs], n, &w, None, n);
        all.push((format!("rank of {share}"), low.clone()));
        for scale in [1.0, 0.1, 0.01, 0.001] {
            let tanh = low.iter().map(|x| (x * scale).tanh()).collect();
            let silu = low.iter().map(|x| x * scale / (1.0 + (-x * scale).exp())).collect();
            let noisy = low.iter().zip(&noise).map(|(x, z)| x + 0.1 * scale * z).collect();
            all.push((format!("rank of {share} through tanh of {scale}"), tanh));
            all.push((format!("rank of {share} through silu of {scale}"), silu));
            all.push((format!("rank of {share} and {scale} of noise"), noisy));
        }
        let alive = z.iter().enumerate().map(|(k, z)| if k % n < inputs { *z } else { 0.0 });
        all.push((format!("{share} alive"), alive.clone().collect()));
        all.push((format!("{share} alive, rectified"), alive.map(|z| z.max(0.0)).collect()));
        let twice = (0..n * n).map(|k| if k % n < inputs { z[k] } else { z[k - k % n + k % inputs] });
        all.push((format!("{share} with copies"), twice.collect()));
    }
    all
}

/// What single precision is allowed to decide is off by less than half of what it may be.
#[test]
fn errors_of_single_precision_stay_below_their_bounds() {
    let mut counted = [0, 0];
    for (n, seed) in [(40, 0), (40, 1), (128, 2), (200, 3), (333, 4)] {
        for (what, matrix) in families(n, seed) {
            let scaled = Scaled::new(&matrix, n, n).unwrap().unwrap();
            let rest = scaled.rest();
            let mut gram = Gram::new(&rest.matrix, rest.rows, rest.columns);
            let estimates = if n <= 192 {
                vec![Estimate::of(&rest.outliers, &together::reduce(&[&gram])[0], 0, Precision::Single)]
            } else {
                let band = Band::of(&mut gram);
                let double = &chase::reduce(&[&band.in_double_precision()])[0];
                vec![
                    Estimate::of(&rest.outliers, &chase::reduce(&[&band])[0], 0, Precision::Single),
                    Estimate::of(&rest.outliers, double, 0, Precision::SingleToBand),
                ]
            };
            let exact = reference(&matrix, n, n).ln();
            for Estimate { entropy, error } in estimates {
                // Those beyond show what the bound is made of.
                if error < 5.0 * TOLERANCE {
                    let off = (entropy - exact).abs();
                    assert!(off < 0.5 * error + 5e-5, "{what}, {n}: off by {off:e} of {error:e}");
                    counted[usize::from(error > 2e-4)] += 1;
                }
            }
        }
    }
    assert!(counted[0] > 300 && counted[1] > 100, "{counted:?}");
}
