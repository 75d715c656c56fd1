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

/// Where a thread has no priority of its own, or must not lower it, it stays as it is.
fn ask_for_less() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICE) {
        tracing::debug!(%error, "the threads that score keep their priority");
    }
}

/// Less than what draws, more than what runs only when nothing else does.
#[cfg(target_os = "linux")]
const NICE: i32 = 5;
