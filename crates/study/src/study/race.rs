//! Repetitions where the ranking is still open: a race of the candidates.
//!
//! All candidates are scored the same few repetitions; whoever is then behind the leader beyond doubt leaves, and the
//! rest go on with half as many more, until only candidates that no repetition tells apart are left or the most
//! repetitions are done (Maron & Moore 1997; Birattari et al. 2002). The test is a paired t test over the common
//! repetitions. The best candidate is tested against every other and at every look, so the significance is divided by
//! both numbers (Bonferroni): with the confidence given, it never leaves.
//!
//! Decisions are taken only when all candidates in the race have reached a look, so they do not depend on the order in
//! which scores arrive.

use neartop_core::settings::Auto;

use super::estimate::estimate;
use super::pairs::same;
use super::quantiles::one_sided_quantile;

/// The state of a race.
#[derive(Debug, Clone)]
pub struct Race {
    auto: Auto,
    /// Numbers of repetitions after which it is looked, ascending.
    looks: Vec<usize>,
    look: usize,
    /// Candidates in the race.
    open: Vec<usize>,
    /// So many of those have reached the look.
    reached: usize,
    candidates: usize,
    is_over: bool,
    is_settled: bool,
}

impl Race {
    /// A race of `candidates` over `most` repetitions at the most.
    #[must_use]
    pub fn new(auto: Auto, most: usize, candidates: usize) -> Self {
        let mut looks = vec![auto.least.clamp(1, most)];
        while let Some(&last) = looks.last().filter(|last| **last < most) {
            looks.push((last + last.div_ceil(2)).min(most));
        }
        Self {
            auto,
            looks,
            look: 0,
            open: (0..candidates).collect(),
            reached: 0,
            candidates,
            is_over: candidates == 0,
            is_settled: candidates == 0,
        }
    }

    /// Repetitions that the candidates in the race have at the next look.
    #[must_use]
    pub fn goal(&self) -> usize {
        self.looks[self.look]
    }

    /// The candidates in the race, ascending; when it is over, those that it could not part.
    #[must_use]
    pub fn open(&self) -> &[usize] {
        &self.open
    }

    /// Whether only candidates are left that no repetition tells apart.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.is_settled
    }

    /// Whether no more repetitions are wanted: it is settled, or the most are done.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// Takes the decisions that the scores allow, look after look. `scores` gives NEAR by repetition, `None` where a
    /// candidate failed, which ends its race.
    pub fn advance<'a>(&mut self, scores: impl Fn(usize) -> Option<&'a [Option<f64>]>) {
        while !self.is_over {
            let goal = self.goal();
            let has_reached = |id: &usize| match scores(*id) {
                Some(scores) => scores.iter().take(goal).flatten().count() == goal,
                None => true,
            };
            while let Some(id) = self.open.get(self.reached) {
                if !has_reached(id) {
                    return;
                }
                self.reached += 1;
            }
            self.decide(goal, &scores);
            self.reached = 0;
        }
    }

    fn decide<'a>(&mut self, goal: usize, scores: &impl Fn(usize) -> Option<&'a [Option<f64>]>) {
        let known = |id: usize| scores(id).map(|s| s.iter().take(goal).copied());
        let values = |id: usize| known(id).into_iter().flatten().flatten();
        self.open.retain(|id| scores(*id).is_some());
        let mean = |id: usize| values(id).sum::<f64>();
        let Some(leader) = self.open.iter().copied().reduce(|a, b| if mean(b) > mean(a) { b } else { a }) else {
            (self.is_over, self.is_settled) = (true, true);
            return;
        };
        let tests = (self.candidates.saturating_sub(1) * self.looks.len()).max(1) as f64;
        let quantile = one_sided_quantile((1.0 - self.auto.confidence) / tests, goal);
        let pairs = |id: usize| values(leader).zip(values(id));
        let is_out = |id: usize| {
            let behind = estimate(pairs(id).map(|(a, b)| a - b));
            behind.and_then(|d| Some(d.mean > quantile * d.standard_error?)).unwrap_or(false)
        };
        let is_same = |id: &usize| pairs(*id).all(|(a, b)| same(a, b));
        self.open.retain(|id| is_same(id) || !is_out(*id));
        self.is_settled = self.open.iter().all(is_same);
        self.is_over = self.is_settled || self.look + 1 == self.looks.len();
        if !self.is_over {
            self.look += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::Rng;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    const AUTO: Auto = Auto { least: 8, confidence: 0.95 };

    fn finish(scores: &[Vec<Option<f64>>], most: usize) -> (Race, usize) {
        let mut race = Race::new(AUTO, most, scores.len());
        let mut spent = vec![0; scores.len()];
        while !race.is_over() {
            let goal = race.goal();
            race.open().iter().for_each(|id| spent[*id] = goal);
            race.advance(|id| Some(&scores[id][..spent[id]]));
        }
        (race, spent.iter().sum())
    }

    /// Candidates whose means fall by `step`, with noise of their own of size 1.
    fn noisy(seed: u64, count: usize, step: f64, repetitions: usize) -> Vec<Vec<Option<f64>>> {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut noise = || (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0;
        (0..count).map(|i| (0..repetitions).map(|_| Some(100.0 - step * i as f64 + noise())).collect()).collect()
    }

    #[test]
    fn looks_rise_to_the_most() {
        assert_eq!(Race::new(AUTO, 128, 3).looks, [8, 12, 18, 27, 41, 62, 93, 128]);
        assert_eq!(Race::new(AUTO, 5, 3).looks, [5]);
        assert_eq!(Race::new(Auto { least: 1, ..AUTO }, 4, 3).looks, [1, 2, 3, 4]);
    }

    #[test]
    fn clear_candidates_leave_early() {
        let (race, spent) = finish(&noisy(1, 20, 10.0, 128), 128);
        assert_eq!(race.open(), [0]);
        assert!(spent < 20 * 16, "{spent}");
    }

    #[test]
    fn the_best_hardly_ever_leaves() {
        let races = (0..400).filter(|seed| !finish(&noisy(*seed, 10, 0.3, 64), 64).0.open().contains(&0));
        // 5 % are allowed, and Bonferroni's bound is not tight.
        assert!(races.count() <= 20);
    }

    #[test]
    fn what_cannot_be_parted_settles_together() {
        let mut scores = noisy(3, 4, 50.0, 128);
        scores[1] = scores[0].clone();
        let (race, spent) = finish(&scores, 128);
        assert_eq!((race.open(), race.is_settled()), (&[0, 1][..], true));
        assert_eq!(spent, 4 * 8);
    }

    #[test]
    fn the_order_of_arrival_does_not_matter() {
        let scores = noisy(4, 6, 0.5, 64);
        let (at_once, _) = finish(&scores, 64);
        let mut race = Race::new(AUTO, 64, 6);
        for repetitions in 0..=64 {
            for late in 0..6 {
                race.advance(|id| Some(&scores[id][..(repetitions + usize::from(id < late)).min(64)]));
            }
        }
        race.advance(|id| Some(&scores[id][..]));
        assert_eq!((race.open(), race.goal()), (at_once.open(), at_once.goal()));
    }

    #[test]
    fn failed_candidates_hold_nobody_up() {
        let scores = noisy(5, 3, 20.0, 16);
        let mut race = Race::new(AUTO, 16, 3);
        race.advance(|id| (id != 0).then(|| &scores[id][..8]));
        assert_eq!((race.open(), race.is_settled(), race.is_over()), (&[1][..], true, true));
    }
}
