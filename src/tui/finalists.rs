//! The candidates that are trained from the app: what is asked for, and what is known so far.

use std::sync::Arc;
use std::time::Duration;

use super::news::{BackgroundError, TrainingNews};
use super::terms::Terms;
use super::widgets::list::List;
use crate::columns::grouped;
use crate::run::finalists::finalists;
use neartop_study::study::{Study, Trained};
use neartop_study::training::{Plan, Record, Results, State, Update};

/// Finalists that are trained where none are marked.
pub const FINALISTS: usize = 8;

/// A training, at its beginning, under way or over.
#[derive(Debug)]
pub struct Finalists {
    pub candidates: Vec<usize>,
    /// None until the labels are read.
    pub plan: Option<Arc<Plan>>,
    pub results: Option<Results>,
    pub error: Option<BackgroundError>,
    pub has_ended: bool,
    pub list: List,
    /// Whether the pick is to be recommended.
    recommends: bool,
    /// When it began.
    began: Duration,
}

impl Finalists {
    #[must_use]
    pub fn new(candidates: Vec<usize>, now: Duration) -> Self {
        let list = List::default();
        Self {
            candidates,
            plan: None,
            results: None,
            error: None,
            has_ended: false,
            list,
            recommends: false,
            began: now,
        }
    }

    /// The same, saying whether the pick is to be recommended.
    #[must_use]
    pub fn recommending(self, recommends: bool) -> Self {
        Self { recommends, ..self }
    }

    /// Whom to train: those that are marked, or else the best that will train.
    #[must_use]
    pub fn choose(study: &Study, marked: &[usize]) -> Vec<usize> {
        if !marked.is_empty() {
            return marked.to_vec();
        }
        Self::best(study, FINALISTS)
    }

    /// So many of the best that will train.
    #[must_use]
    pub fn best(study: &Study, count: usize) -> Vec<usize> {
        finalists(study, count)
    }

    /// Takes news in; what is trained is told to the study.
    pub fn take(&mut self, news: TrainingNews, study: &mut Study, now: Duration) {
        match news {
            TrainingNews::Begun(plan) => {
                self.began = now;
                self.results = Some(Results::new(&plan));
                self.plan = Some(plan);
            }
            TrainingNews::Progress(progress) => self.progressed(progress, study),
            TrainingNews::Ended => {
                self.has_ended = true;
                if let Some(results) = &mut self.results {
                    results.finish();
                }
                self.conclude(study);
            }
            TrainingNews::Failed(reason) => {
                self.has_ended = true;
                self.error = Some(reason);
            }
        }
    }

    /// Tells the study what first steps came to, or the pick of a training that went to its end.
    fn conclude(&self, study: &mut Study) {
        let Some(results) = &self.results else { return };
        for id in &self.candidates {
            if let Some(steps) = results.first_steps(*id) {
                study.set_first_steps(*id, steps);
            }
        }
        let best = results.best().filter(|best| self.recommends && best.state == State::Trained);
        if let (Some(best), Some(why)) = (best, results.why()) {
            study.set_pick(best.candidate, why);
        }
    }

    /// Whether only first steps are made.
    #[must_use]
    pub fn is_first_steps(&self) -> bool {
        self.plan.as_ref().is_some_and(|plan| plan.options.steps.is_some())
    }

    fn progressed(&mut self, progress: Update, study: &mut Study) {
        let Some(results) = &mut self.results else { return };
        let trained = match &progress {
            Update::Point { candidate, point } => Some((*candidate, point.epochs)),
            _ => None,
        };
        results.record(progress);
        let is_short = self.plan.as_ref().is_some_and(|plan| plan.options.steps.is_some());
        if let Some((candidate, epochs)) = trained.filter(|_| !is_short)
            && let Some(judged) = results.of(candidate).and_then(Record::judged)
        {
            let (quality, loss, is_accuracy) = (judged.quality, judged.loss, results.is_classification());
            study.set_trained(candidate, Trained { quality, is_accuracy, loss, epochs });
        }
    }

    /// The ranking that the filter lets through, best first.
    #[must_use]
    pub fn shown(&self, study: &Study) -> Vec<&Record> {
        let terms = Terms::new(self.list.filter.value());
        let ranking = self.results.as_ref().map(Results::ranking).unwrap_or_default();
        let words = |record: &Record| format!("{} {}", study.candidate(record.candidate), record.state.name());
        ranking.into_iter().filter(|record| terms.is_empty() || terms.admit(&words(record))).collect()
    }

    /// The candidate of the chosen line.
    #[must_use]
    pub fn chosen(&self, study: &Study) -> Option<usize> {
        Some(self.shown(study).get(self.list.line)?.candidate)
    }

    /// Time until all are trained, as far as one can tell.
    #[must_use]
    pub fn time_left(&self, now: Duration) -> Option<Duration> {
        let plan = self.plan.as_ref().filter(|_| !self.has_ended)?;
        let (done, total) = (plan.steps_done(), plan.total_steps());
        let passed = now.saturating_sub(self.began).as_secs_f64();
        if passed < 1.0 {
            return None;
        }
        let share = total.saturating_sub(done) as f64 / done as f64;
        Duration::try_from_secs_f64(passed * share).ok()
    }

    /// How far training is, in per cent, and the time left; none before it begins and after its end.
    #[must_use]
    pub fn progress(&self, now: Duration) -> Option<(u64, Option<Duration>)> {
        let plan = self.plan.as_ref().filter(|_| !self.has_ended)?;
        Some(((100 * plan.steps_done() / plan.total_steps().max(1)).min(100), self.time_left(now)))
    }

    /// What training costs: whom, how, how long and on what.
    #[must_use]
    pub fn plan(&self) -> String {
        let count = self.candidates.len();
        let Some(plan) = &self.plan else { return format!("{count} finalists") };
        let options = &plan.options;
        if let Some(steps) = options.steps {
            let labels = if plan.task.is_random() { ", random labels" } else { "" };
            return format!(
                "{count} finalists by {}, {steps} steps of {}{labels}",
                options.method.name(),
                options.batch
            );
        }
        let (method, epochs, samples) = (options.method.name(), options.epochs, grouped(plan.task.sizes().0 as u64));
        let go_on = match options.eta.filter(|_| plan.rungs.len() > 1) {
            Some(eta) => format!("1 in {eta} goes on, up to "),
            None => String::new(),
        };
        let order = if plan.task.is_classification() { "; ties by loss" } else { "" };
        format!("{count} finalists by {method}, {go_on}{epochs} epochs of {samples} samples{order}")
    }

    /// What the quality is.
    #[must_use]
    pub fn quality_name(&self) -> &'static str {
        match &self.results {
            Some(results) if !results.is_classification() => "R^2",
            _ => "accuracy",
        }
    }
}
