//! The sizes of a network's layers: what is asked for, and what is known so far.

use super::app::Effect;
use super::keymap::Action;
use crate::study::Study;
use crate::width::{self, Curve, Point, SizeEstimate, Target};

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
    /// Place in the list of thresholds.
    threshold: usize,
    ticket: Ticket,
    pub done: usize,
    pub total: usize,
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
        let threshold = THRESHOLDS.iter().position(|t| *t == width::SLOPE_THRESHOLD).unwrap_or(0);
        let mut sizes = Self {
            candidate,
            targets,
            layer: 0,
            threshold,
            ticket: 0,
            done: 0,
            total: 0,
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
        THRESHOLDS[self.threshold]
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
            Action::More if self.threshold + 1 < THRESHOLDS.len() => {
                self.threshold += 1;
                return self.refit();
            }
            Action::Less if self.threshold > 0 => {
                self.threshold -= 1;
                return self.refit();
            }
            _ => return None,
        }
        Some(self.measure())
    }

    /// The request that ends what is under way.
    #[must_use]
    pub fn stop(&self) -> Effect {
        Effect::Size(self.ticket + 1, SizeRequest::Stop)
    }

    /// Takes news in; those of an earlier request are old.
    pub fn take(&mut self, ticket: Ticket, news: SizeNews) {
        if ticket != self.ticket {
            return;
        }
        match news {
            SizeNews::Progress { done, total, point } => {
                (self.done, self.total) = (done, total);
                if let Some(point) = point {
                    let place = self.points.partition_point(|p| p.size < point.size);
                    self.points.insert(place, point);
                }
            }
            SizeNews::Note(note) => self.note = Some(note),
            SizeNews::Estimated(estimate) => self.estimate = Some(estimate),
            SizeNews::Failed(reason) => self.error = Some(reason),
        }
    }

    fn measure(&mut self) -> Effect {
        self.ticket += 1;
        (self.done, self.total) = (0, 0);
        self.points.clear();
        (self.estimate, self.note, self.error) = (None, None, None);
        let (candidate, target, threshold) = (self.candidate, self.target().clone(), self.threshold());
        Effect::Size(self.ticket, SizeRequest::Measure { candidate, target, threshold })
    }

    /// Another threshold needs no measurement, unless the one under way would fit by the old.
    fn refit(&mut self) -> Option<Effect> {
        if self.total == 0 || self.done < self.total {
            return Some(self.measure());
        }
        self.ticket += 1;
        self.estimate = None;
        let curve = Curve { points: self.points.clone() };
        let request = SizeRequest::Fit { curve, target: self.target().clone(), threshold: self.threshold() };
        Some(Effect::Size(self.ticket, request))
    }
}
