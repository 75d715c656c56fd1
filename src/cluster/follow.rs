//! Follows a run on a cluster from a thread of its own, as a run whose results come from there.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::coordinator::{Coordinator, Turn};
use super::engine::Engine;
use super::error::ClusterError;
use super::states::{Loss, States};
use neartop_io::preset::printable;
use neartop_study::scheduler::Run;

/// Between two looks for results.
const PAUSE: Duration = Duration::from_millis(500);
/// How soon a wish of the user is seen.
const NAP: Duration = Duration::from_millis(50);

/// A run that is followed. Dropping its [`Run`] leaves it; its jobs go on.
pub struct Followed {
    pub states: watch::Receiver<States>,
    orders: Orders,
    end: Arc<Mutex<Option<End>>>,
}

/// What the user wants of the jobs.
#[derive(Debug, Clone, Default)]
pub struct Orders(Arc<AtomicBool>);

impl Orders {
    /// Ends all jobs, soon.
    pub fn cancel_jobs(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// How a run ended.
#[derive(Debug, Clone, Default)]
pub struct End {
    /// Units without a result.
    pub missing: usize,
    pub losses: Vec<Loss>,
    pub cancelled: bool,
    /// What made it impossible to go on.
    pub error: Option<Arc<ClusterError>>,
}

impl End {
    /// What went wrong, where something did.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        if let Some(error) = &self.error {
            return Some(error.to_string());
        }
        if self.missing == 0 {
            return None;
        }
        let mut text = format!("{} scores are missing", self.missing);
        let losses: Vec<_> = self
            .losses
            .iter()
            .take(4)
            .map(|loss| {
                let times = if loss.tries == 1 { "once".to_owned() } else { format!("{} times", loss.tries) };
                let log =
                    loss.log.as_ref().map(|path| format!("; its log is {}", printable(&path.display().to_string())));
                format!(
                    "{} of chunk {}, which failed {times}: {}{}",
                    loss.missing,
                    loss.chunk,
                    loss.why,
                    log.unwrap_or_default()
                )
            })
            .collect();
        if !losses.is_empty() {
            text += &format!(": {}", losses.join(", "));
            match self.losses.len().saturating_sub(4) {
                0 => {}
                more => text += &format!(", and those of {more} more chunks"),
            }
        }
        if self.cancelled {
            text += "; jobs were cancelled";
        }
        Some(text + "; the same command submits what is missing again")
    }
}

impl Followed {
    #[must_use]
    pub fn orders(&self) -> Orders {
        self.orders.clone()
    }

    /// How the run ended; none while it goes on, and where it was left.
    #[must_use]
    pub fn end(&self) -> Option<End> {
        self.end.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Follows a run until it is over or left.
///
/// # Errors
/// If the system gives no thread.
pub fn follow<E: Engine + 'static>(mut coordinator: Coordinator<E>) -> std::io::Result<(Run, Followed)> {
    let (sender, run) = Run::fed();
    let (tell, states) = watch::channel(coordinator.states());
    let followed = Followed { states, orders: Orders::default(), end: Arc::default() };
    let (orders, end, control) = (followed.orders(), Arc::clone(&followed.end), run.control.clone());
    let work = move || {
        let mut is_cancelled = false;
        let error = loop {
            control.wait_while_paused();
            if control.is_cancelled() {
                return;
            }
            if orders.0.swap(false, Ordering::Relaxed) {
                match coordinator.cancel() {
                    Ok(()) => is_cancelled = true,
                    Err(error) => break Some(error),
                }
            }
            // Whoever does not listen any more has left.
            let step = coordinator.step(&mut |progress| drop(sender.blocking_send(progress)));
            let now = coordinator.states();
            tell.send_if_modified(|states| {
                *states != now && {
                    *states = now;
                    true
                }
            });
            match step {
                Ok(Turn::More) => {}
                Ok(Turn::Idle) => wait(&control, &orders),
                Ok(Turn::Over) => break None,
                Err(error) => break Some(error),
            }
        };
        let states = coordinator.states();
        let now = End {
            missing: coordinator.missing(),
            losses: coordinator.losses(),
            cancelled: is_cancelled || states.cancelled > 0,
            error: error.map(Arc::new),
        };
        *end.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
        tell.send_replace(states);
    };
    std::thread::Builder::new().name("cluster".to_owned()).spawn(work)?;
    Ok((run, followed))
}

fn wait(control: &neartop_study::scheduler::Control, orders: &Orders) {
    let mut left = PAUSE;
    while !left.is_zero() && !control.is_cancelled() && !orders.0.load(Ordering::Relaxed) {
        std::thread::sleep(NAP.min(left));
        left = left.saturating_sub(NAP);
    }
}
