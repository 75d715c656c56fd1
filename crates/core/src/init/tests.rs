use std::f64::consts::TAU;

use faer::MatRef;

use super::*;
use crate::catalog::Given;
use crate::random::{Key, Purpose};

const KEY: Key = Key { seed: 1, repetition: 0, layer: 0, purpose: Purpose::Weights };

fn dense(out: usize, ins: usize) -> WeightShape {
    WeightShape::new(vec![out, ins], 1)
}

fn init(name: &str, given: &[(&str, Given<'_>)]) -> Initializer {
    Initializer::new(Initializer::find(name).unwrap(), given).unwrap()
}

/// Smallest, largest, mean, standard deviation.
fn moments(values: &[f32]) -> (f64, f64, f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().map(|x| f64::from(*x)).sum::<f64>() / n;
    let variance = values.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>() / n;
    let fold = |f: fn(f64, f64) -> f64, start| values.iter().fold(start, |a, x| f(a, f64::from(*x)));
    (fold(f64::min, f64::INFINITY), fold(f64::max, f64::NEG_INFINITY), mean, variance.sqrt())
}

#[test]
fn fans_of_a_grouped_convolution() {
    let shape = WeightShape::new(vec![32, 4, 3, 5], 2);
    // Those of torch.nn.init._calculate_fan_in_and_fan_out for the same weight.
    assert_eq!((shape.fan_in(), shape.fan_out()), (60.0, 480.0));
    let Law::Normal { std, .. } = init("kaiming_normal", &[("mode", Given::Word("fan_out"))]).law(&shape, 1.0) else {
        panic!("kaiming_normal is normal")
    };
    assert!((std - (2.0f64 / 480.0).sqrt()).abs() < 1e-12);
}

#[test]
fn bounded_laws_have_their_bounds_and_deviations() {
    let shape = dense(300, 500);
    let cases = [
        ("torch_default", 1.0 / 500f64.sqrt()),
        ("uniform", 1.0),
        ("xavier_uniform", (6.0f64 / 800.0).sqrt()),
        ("kaiming_uniform", (6.0f64 / 500.0).sqrt()),
        ("lecun_uniform", (3.0f64 / 500.0).sqrt()),
        ("siren", 1.0 / 500.0),
    ];
    for (name, bound) in cases {
        let (low, high, mean, std) = moments(&init(name, &[]).law(&shape, 1.0).draw(&shape, KEY));
        assert!((low / bound + 1.0).abs() < 1e-3 && (high / bound - 1.0).abs() < 1e-3, "{name}: {low}..{high}");
        assert!((mean / bound).abs() < 5e-3, "{name}: mean {mean}");
        assert!((std * 3f64.sqrt() / bound - 1.0).abs() < 5e-3, "{name}: std {std}");
    }
    let later = WeightShape { index: 1, is_first: false, ..shape };
    let Law::Uniform { high, .. } = init("siren", &[]).law(&later, 1.0) else { panic!("siren is uniform") };
    assert!((high - (6.0f64 / 500.0).sqrt() / 30.0).abs() < 1e-12);
}

#[test]
fn normal_laws_have_their_deviations() {
    let shape = dense(300, 500);
    let cases = [
        ("normal", 1.0),
        ("xavier_normal", (2.0f64 / 800.0).sqrt()),
        ("kaiming_normal", (2.0f64 / 500.0).sqrt()),
        ("lecun_normal", (1.0f64 / 500.0).sqrt()),
        ("variance_scaling", (1.0f64 / 500.0).sqrt()),
    ];
    for (name, expected) in cases {
        let (_, _, mean, std) = moments(&init(name, &[]).law(&shape, 1.0).draw(&shape, KEY));
        assert!((mean / expected).abs() < 8e-3 && (std / expected - 1.0).abs() < 5e-3, "{name}: {mean}, {std}");
    }
}

#[test]
fn truncated_normals_stay_within_absolute_bounds() {
    let shape = dense(300, 500);
    let (low, high, mean, std) = moments(&init("truncated_normal", &[]).law(&shape, 1.0).draw(&shape, KEY));
    assert!((-2.0..-1.999).contains(&low) && (1.999..=2.0).contains(&high));
    assert!(mean.abs() < 5e-3 && (std / TRUNCATED_STD - 1.0).abs() < 5e-3);
    // E[z | 5 < z < 6] = (phi(5) - phi(6))/(Phi(6) - Phi(5)) = 5.18650...
    let tail = Law::TruncatedNormal { mean: 0.0, std: 1.0, low: 5.0, high: 6.0 }.draw(&shape, KEY);
    let density = |z: f64| (-0.5 * z * z).exp() / TAU.sqrt();
    let upper = |z: f64| 0.5 * libm::erfc(z / SQRT_2);
    let expected = (density(5.0) - density(6.0)) / (upper(5.0) - upper(6.0));
    assert!((moments(&tail).2 - expected).abs() < 2e-3, "{}", moments(&tail).2);
}

#[test]
fn orthogonal_weights_are_orthogonal_and_keep_the_sign_of_r() {
    for dims in [vec![40, 70], vec![70, 40], vec![24, 3, 3, 3], vec![64, 4, 3, 3]] {
        let shape = WeightShape::new(dims, 1);
        let weight = init("orthogonal", &[("gain", Given::Number(2.0))]).law(&shape, 1.0).draw(&shape, KEY);
        let (rows, columns) = (shape.dims[0], weight.len() / shape.dims[0]);
        let m = MatRef::from_row_major_slice(&weight, rows, columns);
        let gram = if rows <= columns { m * m.transpose() } else { m.transpose() * m };
        for i in 0..gram.nrows() {
            for j in 0..gram.ncols() {
                let expected = if i == j { 4.0 } else { 0.0 };
                assert!((gram[(i, j)] - expected).abs() < 1e-4, "{:?} at {i}, {j}", shape.dims);
            }
        }
        // Q sign(diag R) makes R's diagonal positive, so the first vector points as the first draw does.
        let z = KEY.standard_normals(weight.len());
        let along = |k: usize| if rows < columns { k } else { k * columns };
        let dot: f32 = (0..rows.max(columns)).map(|k| z[along(k)] * weight[along(k)]).sum();
        assert!(dot > 0.0);
    }
}

#[test]
fn sparse_weights_miss_their_share_of_every_column() {
    let shape = dense(25, 30);
    let law = init("sparse", &[("sparsity", Given::Number(0.3)), ("std", Given::Number(1.0))]).law(&shape, 1.0);
    let weight = law.draw(&shape, KEY);
    for column in 0..30 {
        assert_eq!((0..25).filter(|row| weight[row * 30 + column] == 0.0).count(), 8);
    }
    let dense_draw = Law::Normal { mean: 0.0, std: 1.0 }.draw(&shape, KEY);
    assert!(weight.iter().zip(&dense_draw).all(|(s, d)| *s == 0.0 || s == d), "the rest is the common draw");
}

#[test]
fn identities_pass_their_input_on() {
    assert_eq!(Law::Identity.draw(&dense(2, 3), KEY), [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
    let grouped = WeightShape::new(vec![4, 2, 3, 3], 2);
    let weight = Law::Identity.draw(&grouped, KEY);
    assert_eq!(weight.iter().sum::<f32>(), 4.0);
    for (out, ins) in [(0, 0), (1, 1), (2, 0), (3, 1)] {
        assert_eq!(weight[(out * 2 + ins) * 9 + 4], 1.0);
    }
}

#[test]
fn gain_auto_is_the_gain_of_the_activation() {
    let shape = dense(100, 100);
    let auto = init("xavier_normal", &[("gain", Given::Word("auto"))]);
    assert_eq!(auto.law(&shape, 5.0 / 3.0), centred(5.0 / 3.0 * 0.1));
    assert!(auto.takes_gain());
}

#[test]
fn laws_that_differ_by_a_factor_draw_the_same_numbers() {
    let shape = dense(20, 30);
    let one = init("kaiming_normal", &[]).law(&shape, 1.0).draw(&shape, KEY);
    let two = init("normal", &[]).law(&shape, 1.0).draw(&shape, KEY);
    let factor = (2.0f32 / 30.0).sqrt();
    assert!(one.iter().zip(&two).all(|(a, b)| (a - factor * b).abs() <= 1e-6 * a.abs()));
}
