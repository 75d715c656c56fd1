//! Scores of two candidates, repetition by repetition.

/// Two scores of one repetition that differ by less, relative to them, are the same: single precision cannot tell.
const SAME: f64 = 1e-5;

/// Whether single precision cannot tell two scores of one repetition apart.
pub fn same(a: f64, b: f64) -> bool {
    (a - b).abs() <= SAME * a.abs().max(b.abs())
}

/// a - b by repetition, where both are scored.
pub fn differences(a: &[Option<f64>], b: &[Option<f64>]) -> impl Iterator<Item = f64> {
    common(a, b).map(|(a, b)| a - b)
}

/// Whether no common repetition tells the two apart.
pub fn are_same(a: &[Option<f64>], b: &[Option<f64>]) -> bool {
    let mut any = false;
    let all = common(a, b).all(|(a, b)| {
        any = true;
        same(a, b)
    });
    any && all
}

fn common(a: &[Option<f64>], b: &[Option<f64>]) -> impl Iterator<Item = (f64, f64)> {
    a.iter().zip(b).filter_map(|(a, b)| Some(((*a)?, (*b)?)))
}
