use super::super::Point;
use super::*;
use proptest::prelude::*;

const SIZES: [usize; 6] = [10, 20, 40, 80, 160, 320];

/// A curve of one repetition per row.
fn curve(sizes: &[usize], rows: &[Vec<f64>]) -> Curve {
    let point = |(i, size): (usize, &usize)| Point {
        size: *size,
        ranks: rows.iter().map(|relative| relative[i] * *size as f64).collect(),
    };
    Curve { points: sizes.iter().enumerate().map(point).collect() }
}

fn estimate_of(relative: &[f64]) -> SizeEstimate {
    estimate(&curve(&SIZES[..relative.len()], &[relative.to_vec()]), 0.005, 0, 0)
}

#[derive(serde::Deserialize)]
struct Case {
    sizes: Vec<usize>,
    relative_score: Vec<f64>,
    slope_threshold: f64,
    a: f64,
    b: f64,
    c: f64,
    size: f64,
}

fn near(x: f64, expected: f64) -> bool {
    (x - expected).abs() <= 1e-5 * expected.abs()
}

/// Curves, fits and sizes of the published implementation, whose fits are scipy's.
#[test]
fn fits_are_those_of_scipy() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("../../../../../tests/fixtures/layer-size.json")).unwrap();
    assert_eq!(cases.len(), 3);
    for case in cases {
        let e = estimate(&curve(&case.sizes, &[case.relative_score]), case.slope_threshold, 0, 0);
        let fit = e.fit.unwrap();
        assert!(near(fit.a, case.a) && near(fit.b, case.b) && near(fit.c, case.c), "{fit:?}");
        let size = e.size.unwrap();
        assert!(near(size, case.size), "{size} against {}", case.size);
        assert_eq!(e.interval, None, "one repetition has no interval");
    }
}

#[test]
fn the_slope_at_the_size_is_the_threshold_times_that_at_one() {
    let fit = Fit { a: -0.6, b: 1.6, c: -0.13 };
    let slope = |x: f64| (fit.at(x * 1.000_01) - fit.at(x / 1.000_01)) / (x * 1.000_01 - x / 1.000_01);
    let size = fit.size(0.01).unwrap();
    assert!((slope(size) / slope(1.0) - 0.01).abs() < 1e-6);
}

#[test]
fn where_there_is_no_size_the_reason_is_said() {
    let reason = |relative: &[f64]| estimate_of(relative).size.unwrap_err();
    assert_eq!(reason(&[0.6, 0.4]), NoSize::TooFewSizes(2));
    assert_eq!(reason(&[0.5; 6]), NoSize::Flat { from: 10, to: 320 });
    assert_eq!(reason(&[1.0; 6]), NoSize::Flat { from: 10, to: 320 });
    assert_eq!(reason(&[0.3, 0.4, 0.5, 0.6, 0.7, 0.8]), NoSize::Rising);
    assert_eq!(reason(&[0.0; 6]), NoSize::Dead);
    assert_eq!(reason(&[0.5, f64::NAN, 0.3, 0.2, 0.2, 0.1]), NoSize::NotFinite);
    // Falls faster and faster.
    let square = SIZES.map(|x| 1.0 - (x as f64).powi(2) / 2e5);
    assert!(matches!(reason(&square), NoSize::NotLevelling { c } if (c - 2.0).abs() < 0.01));
    let straight = SIZES.map(|x| 1.0 + 1e-3 - x as f64 / 1e3);
    assert!(matches!(reason(&straight), NoSize::NotLevelling { .. } | NoSize::TooLarge { .. }));
    let all_but_straight = SIZES.map(|x| 1.0 + 1e-3 - (x as f64).powf(0.9) / 1e3);
    assert!(matches!(reason(&all_but_straight), NoSize::TooLarge { c } if (c - 0.9).abs() < 0.01));
}

#[test]
fn a_size_of_one_is_no_point_of_the_curve() {
    let curve = curve(&[1, 10, 20], &[vec![1.0, 0.6, 0.4]]);
    assert_eq!(estimate(&curve, 0.005, 0, 0).size, Err(NoSize::TooFewSizes(2)));
}

#[test]
fn a_fall_within_its_noise_is_flat() {
    let row = |end: f64| vec![0.5, 0.5, 0.5, 0.5, 0.5, end];
    let noisy = [row(0.2), row(0.7), row(0.3), row(0.76)];
    assert!(matches!(estimate(&curve(&SIZES, &noisy), 0.005, 0, 0).size, Err(NoSize::Flat { .. })));
}

#[test]
fn percentiles_are_those_of_numpy() {
    // numpy.percentile([1, 2, 4, 8], [2.5, 50, 97.5])
    let values = [1.0, 2.0, 4.0, 8.0];
    assert!((percentile(&values, 0.025) - 1.075).abs() < 1e-12);
    assert!((percentile(&values, 0.5) - 3.0).abs() < 1e-12);
    assert!((percentile(&values, 0.975) - 7.7).abs() < 1e-12);
}

/// Repetitions of a power law with noise: a common one of the repetition and one of each point.
fn noisy(fit: Fit, noise: f64, seed: u64) -> Curve {
    let rows: Vec<Vec<f64>> = (0..32)
        .map(|repetition| {
            let z = Key { seed, repetition, layer: 0, purpose: Purpose::Inputs }.standard_normals(7);
            let at = |i: usize| fit.at(SIZES[i] as f64) + noise * f64::from(z[i] + z[6]);
            (0..6).map(at).collect()
        })
        .collect();
    curve(&SIZES, &rows)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn power_laws_are_recovered(b in 0.3f64..2.0, c in -1.2f64..-0.05) {
        let fit = Fit { a: 1.0 - b, b, c };
        let relative: Vec<_> = SIZES.iter().map(|x| fit.at(*x as f64)).collect();
        let found = estimate_of(&relative);
        let given = fit.size(0.005).unwrap();
        prop_assert!((found.size.unwrap() - given).abs() < 1e-4 * given, "{:?} against {:?}", found, fit);
    }

    #[test]
    fn power_laws_are_recovered_through_noise(b in 0.8f64..2.0, c in -0.5f64..-0.1, seed in 0u64..1000) {
        let fit = Fit { a: 1.0 - b, b, c };
        let found = estimate(&noisy(fit, 0.01, seed), 0.005, seed, 0);
        let given = fit.size(0.005).unwrap();
        let (size, interval) = (found.size.unwrap(), found.interval.unwrap());
        prop_assert!((size - given).abs() < 0.15 * given, "{} against {}", size, given);
        prop_assert!(interval.low < size && size < interval.high);
        prop_assert!(interval.high / interval.low < 1.6, "{:?}", interval);
    }
}

/// An interval of 95 % that held the true size much more or less often than that would be none.
#[test]
fn intervals_hold_the_size_as_often_as_they_say() {
    let fit = Fit { a: -0.5, b: 1.5, c: -0.15 };
    let given = fit.size(0.005).unwrap();
    let holds = (0..100).filter(|seed| {
        let interval = estimate(&noisy(fit, 0.02, *seed), 0.005, *seed, 0).interval.unwrap();
        (interval.low..=interval.high).contains(&given)
    });
    let held = holds.count();
    assert!((86..=99).contains(&held), "{held} of 100");
}
