//! The sizes of a network's layers: what is asked for, and what is known so far.

use std::time::Duration;

use tui_input::Input;

use super::app::{Asks, Effect, Prompt};
use super::keymap::Action;
use neartop_study::study::Study;
use neartop_study::width::{self, Curve, Point, SizeEstimate, Target};

/// Tells the answers to one request from those to earlier ones.
pub type Ticket = u64;

/// Work for the background; a new request ends the one before.
#[derive(Debug, Clone, PartialEq)]
pub enum SizeRequest {
    /// Measure a layer with a candidate's choices, then fit.
    Measure {
        candidate: usize,
        target: Target,
        threshold: f64,
    },
    /// Fit what is measured.
    Fit {
        curve: Curve,
        target: Target,
        threshold: f64,
    },
    Stop,
}

/// What the background tells.
#[derive(Debug, Clone, PartialEq)]
pub enum SizeNews {
    Progress { done: usize, total: usize, point: Option<Point> },
    Note(String),
    Estimated(Box<SizeEstimate>),
    Failed(String),
}

/// Thresholds that the keys step through.
const THRESHOLDS: [f64; 7] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1];

/// The state of the view.
#[derive(Debug)]
pub struct Sizes {
    pub candidate: usize,
    pub targets: Vec<Target>,
    /// Place of the layer in `targets`.
    pub layer: usize,
    /// Of the slope.
    threshold: f64,
    /// The threshold of the fit that was asked for.
    fitted: f64,
    /// A layer or a threshold that is being written.
    pub prompt: Option<Prompt>,
    ticket: Ticket,
    pub done: usize,
    pub total: usize,
    /// When the first news of it came.
    began: Option<Duration>,
    /// By ascending size.
    pub points: Vec<Point>,
    pub estimate: Option<Box<SizeEstimate>>,
    pub note: Option<String>,
    pub error: Option<String>,
}

impl Sizes {
    /// The view of the first layer, and the request to measure it; none where no layer has a size to choose.
    #[must_use]
    pub fn new(study: &Study, candidate: usize) -> Option<(Self, Effect)> {
        let targets = width::targets(&study.space.preset.layers);
        if targets.is_empty() {
            return None;
        }
        let mut sizes = Self {
            candidate,
            targets,
            layer: 0,
            threshold: width::SLOPE_THRESHOLD,
            fitted: width::SLOPE_THRESHOLD,
            prompt: None,
            ticket: 0,
            done: 0,
            total: 0,
            began: None,
            points: Vec::new(),
            estimate: None,
            note: None,
            error: None,
        };
        let effect = sizes.measure();
        Some((sizes, effect))
    }

    #[must_use]
    pub fn threshold(&self) -> f64 {
        self.threshold
    }

    #[must_use]
    pub fn target(&self) -> &Target {
        &self.targets[self.layer]
    }

    /// Takes an action in.
    pub fn act(&mut self, action: Action) -> Option<Effect> {
        match action {
            Action::Left if self.layer > 0 => self.layer -= 1,
            Action::Right if self.layer + 1 < self.targets.len() => self.layer += 1,
            Action::More => {
                self.threshold = THRESHOLDS.into_iter().find(|t| *t > self.threshold)?;
                return self.refit();
            }
            Action::Less => {
                self.threshold = THRESHOLDS.into_iter().rev().find(|t| *t < self.threshold)?;
                return self.refit();
            }
            Action::Threshold => {
                self.ask(Asks::Threshold, self.threshold.to_string());
                return None;
            }
            Action::PickLayer => {
                self.ask(Asks::Layer, (self.layer + 1).to_string());
                return None;
            }
            _ => return None,
        }
        Some(self.measure())
    }

    fn ask(&mut self, asks: Asks, text: String) {
        self.prompt = Some(Prompt { asks, text: Input::new(text) });
    }

    /// Takes the text that was written in.
    ///
    /// # Errors
    /// What would be right.
    pub fn answer(&mut self) -> Result<Option<Effect>, String> {
        let Some(prompt) = &self.prompt else { return Ok(None) };
        let text = prompt.text.value().trim();
        match prompt.asks {
            Asks::Threshold => {
                let threshold: Option<f64> = text.parse().ok();
                let threshold = threshold.filter(|t| *t > 0.0 && *t < 1.0);
                self.threshold = threshold.ok_or("a threshold is a number between 0 and 1")?;
                self.prompt = None;
                Ok(self.refit())
            }
            _ => {
                let count = self.targets.len();
                let layer: Option<usize> = text.parse().ok();
                let layer = layer.filter(|n| (1..=count).contains(n));
                self.layer = layer.ok_or_else(|| format!("a whole number from 1 to {count}"))? - 1;
                self.prompt = None;
                Ok(Some(self.measure()))
            }
        }
    }

    /// Whether ranks are being measured.
    #[must_use]
    pub fn is_measuring(&self) -> bool {
        self.estimate.is_none() && self.error.is_none()
    }

    /// Time until the curve is measured, as far as one can tell.
    #[must_use]
    pub fn time_left(&self, now: Duration) -> Option<Duration> {
        let passed = now.saturating_sub(self.began?).as_secs_f64();
        if passed < 1.0 {
            return None;
        }
        let share = self.total.saturating_sub(self.done) as f64 / self.done as f64;
        Duration::try_from_secs_f64(passed * share).ok()
    }

    /// The request that ends what is under way.
    #[must_use]
    pub fn stop(&self) -> Effect {
        Effect::Size(self.ticket + 1, SizeRequest::Stop)
    }

    /// Takes news in, and says what they lead to; those of an earlier request are old.
    pub fn take(&mut self, ticket: Ticket, news: SizeNews, now: Duration) -> Option<Effect> {
        if ticket != self.ticket {
            return None;
        }
        match news {
            SizeNews::Progress { done, total, point } => {
                (self.done, self.total) = (done, total);
                self.began.get_or_insert(now);
                if let Some(point) = point {
                    let place = self.points.partition_point(|p| p.size < point.size);
                    self.points.insert(place, point);
                }
            }
            SizeNews::Note(note) => self.note = Some(note),
            // The threshold was changed in the meantime.
            SizeNews::Estimated(_) if self.fitted != self.threshold => return self.refit(),
            SizeNews::Estimated(estimate) => self.estimate = Some(estimate),
            SizeNews::Failed(reason) => self.error = Some(reason),
        }
        None
    }

    fn measure(&mut self) -> Effect {
        self.ticket += 1;
        (self.done, self.total) = (0, 0);
        self.began = None;
        self.points.clear();
        (self.estimate, self.note, self.error) = (None, None, None);
        self.fitted = self.threshold;
        let (candidate, target, threshold) = (self.candidate, self.target().clone(), self.threshold());
        Effect::Size(self.ticket, SizeRequest::Measure { candidate, target, threshold })
    }

    /// Another threshold needs no measurement. One under way goes on, and is fitted anew at its end.
    fn refit(&mut self) -> Option<Effect> {
        if self.total == 0 || self.done < self.total {
            return None;
        }
        self.ticket += 1;
        self.fitted = self.threshold;
        self.estimate = None;
        let curve = Curve { points: self.points.clone() };
        let request = SizeRequest::Fit { curve, target: self.target().clone(), threshold: self.threshold() };
        Some(Effect::Size(self.ticket, request))
    }
}
