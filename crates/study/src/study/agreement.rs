//! Rank correlations.

use std::cmp::Ordering;

use serde::Serialize;

/// How well two rankings of the same candidates agree.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Agreement {
    /// Spearman's rho, tied values sharing their mean rank.
    pub spearman: f64,
    /// Kendall's tau-b, which allows for ties.
    pub kendall: f64,
    /// The number of candidates compared.
    pub n: usize,
}

impl Agreement {
    /// Of pairs of values; none where all values of one side are the same, or there is but one.
    #[must_use]
    pub fn of(x: &[f64], y: &[f64]) -> Option<Self> {
        let n = x.len().min(y.len());
        let (x, y) = (&x[..n], &y[..n]);
        Some(Self { spearman: spearman(x, y)?, kendall: kendall(x, y)?, n })
    }
}

/// Pearson's correlation of the ranks.
fn spearman(x: &[f64], y: &[f64]) -> Option<f64> {
    let (x, y) = (ranks(x), ranks(y));
    // Ranks run from 1 to n, tied or not, so their mean is known.
    let mean = (x.len() as f64 + 1.0) / 2.0;
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>();
    let scale = (product(&x, &x) * product(&y, &y)).sqrt();
    (scale > 0.0).then(|| (product(&x, &y) / scale).clamp(-1.0, 1.0))
}

/// Ranks from 1; equal values share the mean of their places.
pub(super) fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<_> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut place = 0;
    for tied in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let mean = place as f64 + (tied.len() as f64 + 1.0) / 2.0;
        tied.iter().for_each(|i| ranks[*i] = mean);
        place += tied.len();
    }
    ranks
}

/// Tau-b in O(n log n), by counting exchanges in a merge sort (W. R. Knight 1966, J. Am. Stat. Assoc. 61, 436).
fn kendall(x: &[f64], y: &[f64]) -> Option<f64> {
    // Adding zero makes -0 and 0 one value to the total order too.
    let mut pairs: Vec<_> = x.iter().map(|x| x + 0.0).zip(y.iter().map(|y| y + 0.0)).collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let tied_x = tied_pairs(&pairs, |a, b| a.0 == b.0);
    let tied_both = tied_pairs(&pairs, |a, b| a == b);
    let discordant = sort_counting(&mut pairs, |a, b| a.1.total_cmp(&b.1));
    let tied_y = tied_pairs(&pairs, |a, b| a.1 == b.1);
    let all = choose_two(pairs.len());
    let concordant = all - tied_x - tied_y + tied_both - discordant;
    let scale = ((all - tied_x) as f64 * (all - tied_y) as f64).sqrt();
    (scale > 0.0).then(|| ((concordant as f64 - discordant as f64) / scale).clamp(-1.0, 1.0))
}

fn choose_two(n: usize) -> u64 {
    let n = n as u64;
    n * n.saturating_sub(1) / 2
}

/// The number of pairs within runs of equal elements.
fn tied_pairs<T>(sorted: &[T], same: impl Fn(&T, &T) -> bool) -> u64 {
    sorted.chunk_by(same).map(|run| choose_two(run.len())).sum()
}

/// Sorts, and returns how many pairs stood in falling order.
fn sort_counting<T: Copy>(values: &mut [T], compare: impl Fn(&T, &T) -> Ordering + Copy) -> u64 {
    let middle = values.len() / 2;
    if middle == 0 {
        return 0;
    }
    let (left, right) = values.split_at_mut(middle);
    let mut exchanges = sort_counting(left, compare) + sort_counting(right, compare);
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let (mut l, mut r) = (0, 0);
    while l < left.len() && r < right.len() {
        if compare(&right[r], &left[l]) == Ordering::Less {
            exchanges += (left.len() - l) as u64;
            merged.push(right[r]);
            r += 1;
        } else {
            merged.push(left[l]);
            l += 1;
        }
    }
    merged.extend_from_slice(&left[l..]);
    merged.extend_from_slice(&right[r..]);
    values.copy_from_slice(&merged);
    exchanges
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(x: &[f64], y: &[f64], spearman: f64, kendall: f64) {
        let agreement = Agreement::of(x, y).unwrap();
        assert_eq!(agreement.n, x.len());
        assert!((agreement.spearman - spearman).abs() < 1e-12, "{agreement:?}");
        assert!((agreement.kendall - kendall).abs() < 1e-12, "{agreement:?}");
    }

    // Expected values by scipy.stats.spearmanr and kendalltau.
    #[test]
    fn correlations_are_those_of_scipy() {
        let x = [3., 1., 4., 1., 5., 9., 2., 6., 5., 3., 5., 8., 9., 7., 9.];
        let y = [2., 7., 1., 8., 2., 8., 1., 8., 2., 8., 4., 5., 9., 0., 4.];
        check(&x, &y, 0.179_161_743_911_147_06, 0.157_087_441_053_930_6);
        let mut state = 12_345u64;
        let mut draw = |below| {
            state = (state * 1_103_515_245 + 12_345) % (1 << 31);
            (state >> 16) % below
        };
        let pairs = (0..2000).map(|_| {
            let a = draw(300);
            (a as f64, (a / 10 + draw(50)) as f64)
        });
        let (x, y): (Vec<_>, Vec<_>) = pairs.unzip();
        check(&x, &y, 0.483_203_806_381_966_3, 0.336_850_388_997_133_04);
    }

    #[test]
    fn agreement_needs_two_values_that_differ() {
        assert_eq!(Agreement::of(&[], &[]), None);
        assert_eq!(Agreement::of(&[1.0], &[2.0]), None);
        assert_eq!(Agreement::of(&[1.0, 1.0], &[2.0, 3.0]), None);
        check(&[1.0, 2.0], &[2.0, 3.0], 1.0, 1.0);
        check(&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0], -1.0, -1.0);
        // -0 and 0 are one value.
        check(&[0.0, -0.0, 1.0], &[0.0, 1.0, 2.0], 0.866_025_403_784_438_7, 0.816_496_580_927_726);
    }
}
