//! How many chunks a run is cut into: few scores are timed, and tasks are to run for minutes.

use std::time::{Duration, Instant};

use super::units::Units;
use neartop_core::score::propagation;
use neartop_study::scheduler::{NearScorer, Portion, Scorer};

/// How long a task is to run: long enough that starting it does not count, short enough that little is lost with it.
pub const TASK: Duration = Duration::from_secs(300);
/// Starting takes at the most one in so many seconds of a task.
const STARTING: f64 = 20.0;
/// How long measuring may take for each kind of repetition.
const MEASURE: Duration = Duration::from_secs(3);
/// Portions that are timed of each kind at the most.
const TIMED: usize = 12;

/// What a run costs on this machine, on one core.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cost {
    /// Seconds of a score in the first repetitions, which also look at how signals pass, and in later ones.
    pub first: f64,
    pub later: f64,
    /// Of the whole run.
    pub total: f64,
    /// Scores that were timed.
    pub timed: usize,
    /// Seconds that a task takes before its first score: listing candidates.
    pub start: f64,
}

/// Times a few scores, spread over all candidates. `start` is what a task takes before its first.
#[must_use]
pub fn measure(units: &Units, scorer: &NearScorer, start: Duration) -> Cost {
    let firsts = propagation::REPETITIONS as usize;
    let (first, timed) = time(units, scorer, 0);
    let (later, timed_later) = match units.repetitions() > firsts {
        true => time(units, scorer, firsts),
        false => (first, 0),
    };
    let with = units.repetitions().min(firsts) as f64;
    let without = units.repetitions() as f64 - with;
    let total = units.candidates() as f64 * (with * first + without * later);
    Cost { first, later, total, timed: timed + timed_later, start: start.as_secs_f64() }
}

/// Seconds of a score of this repetition, and how many were timed.
fn time(units: &Units, scorer: &NearScorer, repetition: usize) -> (f64, usize) {
    let all = repetition * units.candidates()..(repetition + 1) * units.candidates();
    let portions: Vec<Portion> = units.portions(all, 1, &|_, _| true);
    let step = portions.len().div_ceil(TIMED).max(1);
    let start = Instant::now();
    let mut scored = 0;
    for portion in portions.iter().step_by(step) {
        scorer.score(portion, &|| false, &mut |_, _| scored += 1);
        if start.elapsed() > MEASURE {
            break;
        }
    }
    (start.elapsed().as_secs_f64() / scored.max(1) as f64, scored)
}

/// How many chunks a run is cut into.
#[must_use]
pub fn chunks(cost: &Cost, units: &Units, cpus: usize, most: u32) -> u32 {
    let task = TASK.as_secs_f64().max(STARTING * cost.start);
    let wanted = (cost.total / cpus as f64 / task).ceil();
    (wanted as u32).clamp(1, most).min(u32::try_from(units.count()).unwrap_or(u32::MAX))
}

/// A time limit for a task, in minutes: nodes may be slower than this machine, and chunks are not all alike.
#[must_use]
pub fn minutes(cost: &Cost, cpus: usize, chunks: u32) -> u32 {
    let seconds = cost.total / cpus as f64 / f64::from(chunks);
    // The first repetitions cost more than the mean.
    let share = if cost.later > 0.0 { (cost.first / cost.later).max(1.0) } else { 1.0 };
    (((seconds * share + cost.start) * 4.0 / 60.0).ceil() as u32).saturating_add(5)
}

/// Bytes of memory that a task asks for, for each of its cores.
#[must_use]
pub fn memory(of_score: u64, candidates: usize, cpus: usize) -> u64 {
    // The program, its list of candidates, and draws that are kept.
    let shared = (256 << 20) + candidates as u64 * 1024;
    of_score * 3 / 2 + shared.div_ceil(cpus as u64)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use neartop_io::preset::Preset;
    use neartop_study::space::Space;

    #[test]
    fn tasks_run_for_minutes() {
        let space = Space::new(Arc::new(Preset::load("digits-mlp").unwrap()));
        let units = Units::new(&space);
        let cost = |total| Cost { first: 0.2, later: 0.1, total, timed: 1, start: 0.5 };
        let slow = Cost { start: 30.0, ..cost(3000.0) };
        assert_eq!(chunks(&slow, &units, 1, 1000), 5);
        assert_eq!(chunks(&cost(10.0), &units, 1, 1000), 1);
        assert_eq!(chunks(&cost(3000.0), &units, 1, 1000), 10);
        assert_eq!(chunks(&cost(3000.0), &units, 4, 1000), 3);
        assert_eq!(chunks(&cost(1e9), &units, 1, 1000), 1000);
        assert_eq!(chunks(&cost(1e12), &units, 1, u32::MAX) as usize, units.count());
        // 300 s a task, twice that in the first repetitions, fourfold for slow nodes: 40 minutes and 5 to start.
        assert_eq!(minutes(&cost(3000.0), 1, 10), 46);
    }
}
