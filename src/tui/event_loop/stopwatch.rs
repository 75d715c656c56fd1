//! Time spent scoring.

use std::time::{Duration, Instant};

/// Time spent scoring, without the pauses.
pub struct Stopwatch {
    before: Duration,
    since: Option<Instant>,
}

impl Stopwatch {
    pub fn start() -> Self {
        Self { before: Duration::ZERO, since: Some(Instant::now()) }
    }

    pub fn elapsed(&self) -> Duration {
        self.before + self.since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    pub fn pause(&mut self, paused: bool) {
        self.before = self.elapsed();
        self.since = (!paused).then(Instant::now);
    }
}
