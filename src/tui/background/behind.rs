//! Work behind the screen: a thread that works gives way to one that draws.

use std::cell::Cell;
use std::sync::Arc;

use neartop_core::score::{Score, ScoreError};
use neartop_study::scheduler::{NearScorer, Portion, Scorer};

/// Scores on threads that ask for less of the processor.
pub struct Behind(pub Arc<NearScorer>);

thread_local! {
    static IS_BEHIND: Cell<bool> = const { Cell::new(false) };
}

impl Scorer for Behind {
    fn score_together(
        &self,
        portions: &[Portion],
        cancelled: &dyn Fn() -> bool,
        report: &mut dyn FnMut(usize, usize, Result<Score, ScoreError>),
    ) {
        give_way();
        self.0.score_together(portions, cancelled, report);
    }
}

/// Works on a thread of its own that gives way, or where the system gives no more threads, on one of the runtime's.
pub fn work(work: impl FnOnce() + Clone + Send + 'static) {
    let behind = work.clone();
    let started = std::thread::Builder::new().name("behind".to_owned()).spawn(move || {
        give_way();
        behind();
    });
    if started.is_err() {
        tokio::task::spawn_blocking(work);
    }
}

/// From now on this thread, and those that it starts, ask for less of the processor.
pub fn give_way() {
    if !IS_BEHIND.replace(true) {
        ask_for_less();
    }
}

/// Elsewhere than on Linux a thread has no priority of its own that it could lower so.
#[cfg(not(target_os = "linux"))]
fn ask_for_less() {}

#[cfg(target_os = "linux")]
fn ask_for_less() {
    use rustix::process::{getpriority_process, setpriority_process};
    let this = Some(rustix::thread::gettid());
    let lowered = getpriority_process(this).and_then(|nice| setpriority_process(this, (nice + LESS).min(LEAST)));
    if let Err(error) = lowered {
        tracing::debug!(%error, "a thread behind the screen keeps its priority");
    }
}

/// So much nicer than what draws, ...
#[cfg(target_os = "linux")]
const LESS: i32 = 5;
/// ... and no nicer than this.
#[cfg(target_os = "linux")]
const LEAST: i32 = 19;

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::getpriority_process;

    use super::*;

    #[test]
    fn only_the_thread_that_asks_gets_less_and_those_that_it_starts() {
        let nice = || getpriority_process(Some(rustix::thread::gettid())).unwrap();
        let before = nice();
        let behind = std::thread::spawn(move || {
            give_way();
            give_way();
            (nice(), std::thread::spawn(nice).join().unwrap())
        });
        let less = (before + LESS).min(LEAST);
        assert_eq!(behind.join().unwrap(), (less, less));
        assert_eq!(nice(), before);
    }
}
