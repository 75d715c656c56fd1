//! Scores behind the screen: a thread that scores gives way to one that draws.

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
    fn score(
        &self,
        portion: &Portion,
        cancelled: &dyn Fn() -> bool,
        report: &mut dyn FnMut(usize, Result<Score, ScoreError>),
    ) {
        if !IS_BEHIND.replace(true) {
            ask_for_less();
        }
        self.0.score(portion, cancelled, report);
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
        tracing::debug!(%error, "the threads that score keep their priority");
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
    fn only_the_thread_that_asks_gets_less() {
        let nice = || getpriority_process(Some(rustix::thread::gettid())).unwrap();
        let before = nice();
        let behind = std::thread::spawn(move || {
            ask_for_less();
            nice()
        });
        assert_eq!(behind.join().unwrap(), (before + LESS).min(LEAST));
        assert_eq!(nice(), before);
    }
}
