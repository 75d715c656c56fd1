//! What training said so far: curves, ranking, pick. Pure: no input or output, no clock.

use super::judgement::{Judge, judged};
use super::point::in_words;
use super::{Evaluation, Plan, Point, Update};
use crate::study::{Agreement, FirstSteps, Study};

/// The state of a candidate in training.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    Waiting,
    Training,
    /// Others went on in its place, or training ended before its end.
    Stopped,
    /// Trained to the end.
    Trained,
    /// Its values are no longer finite; it counts as guessing.
    Diverged,
    /// It could not be trained; gives the reason.
    Failed(String),
}

impl State {
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Training => "training",
            Self::Stopped => "stopped",
            Self::Trained => "trained",
            Self::Diverged => "diverged",
            Self::Failed(_) => "failed",
        }
    }
}

/// What is known of one candidate's training.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    pub candidate: usize,
    pub learning_rate: Option<f64>,
    /// By rising epochs.
    pub points: Vec<Point>,
    /// The end of the first rung, which all candidates reach.
    pub first: Option<Evaluation>,
    /// R^2 of each output at the end of the last rung, where there are several.
    pub each: Vec<f64>,
    /// Rungs reached.
    pub rungs: usize,
    pub state: State,
}

impl Record {
    fn new(candidate: usize) -> Self {
        Self {
            candidate,
            learning_rate: None,
            points: Vec::new(),
            first: None,
            each: Vec::new(),
            rungs: 0,
            state: State::Waiting,
        }
    }

    /// The latest point.
    #[must_use]
    pub fn last(&self) -> Option<&Point> {
        self.points.last()
    }

    /// Whether it can be judged, and after how many rungs: only those that trained alike are compared.
    fn standing(&self) -> (bool, usize) {
        (self.last().is_some() && !matches!(self.state, State::Failed(_)), self.rungs)
    }

    /// How good it is: the mean over the last third of its training.
    #[must_use]
    pub fn judged(&self) -> Option<Evaluation> {
        judged(&self.points)
    }
}

/// The results of a training.
#[derive(Debug, Clone)]
pub struct Results {
    /// In the plan's order of candidates.
    records: Vec<Record>,
    rungs: usize,
    judge: Judge,
    /// Of a plan of first steps: how many, the loss of chance, and whether labels were drawn.
    first_steps: Option<(u64, f64, bool)>,
}

impl Results {
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let records = plan.candidates.iter().map(|id| Record::new(*id)).collect();
        let of_steps = |steps| (steps, plan.task.loss_of_chance(), plan.task.is_random());
        let first_steps = plan.options.steps.map(of_steps);
        Self { records, rungs: plan.rungs.len(), judge: Judge::new(&plan.task), first_steps }
    }

    /// Whether qualities are accuracies, rather than coefficients of determination.
    #[must_use]
    pub fn is_classification(&self) -> bool {
        self.judge.is_classification()
    }

    /// Records what a run tells.
    pub fn record(&mut self, progress: Update) {
        match progress {
            Update::Started { candidate, learning_rate } => self.update(candidate, |record| {
                record.learning_rate = Some(learning_rate);
                record.state = State::Training;
            }),
            Update::Point { candidate, point } => self.update(candidate, |record| {
                record.points.retain(|known| known.epochs < point.epochs);
                record.points.push(point);
                record.state = if point.held_out.loss.is_some() { State::Training } else { State::Diverged };
            }),
            Update::Each { candidate, r_squared } => self.update(candidate, |record| record.each = r_squared),
            Update::Reached { candidate, rung } => {
                let last = self.rungs;
                self.update(candidate, |record| {
                    record.rungs = rung + 1;
                    if rung == 0 {
                        record.first = record.judged();
                    }
                    if record.rungs == last && record.state == State::Training {
                        record.state = State::Trained;
                    }
                });
            }
            Update::Failed { candidate, reason } => {
                self.update(candidate, |record| record.state = State::Failed(reason));
            }
            Update::Survivors { candidates, .. } => {
                let left = self.records.iter_mut().filter(|record| !candidates.contains(&record.candidate));
                left.filter(|record| record.state == State::Training).for_each(|record| record.state = State::Stopped);
            }
        }
    }

    fn update(&mut self, candidate: usize, change: impl FnOnce(&mut Record)) {
        if let Some(record) = self.records.iter_mut().find(|record| record.candidate == candidate) {
            change(record);
        }
    }

    /// Nothing more will come: what still trains has stopped.
    pub fn finish(&mut self) {
        let training = self.records.iter_mut().filter(|record| record.state == State::Training);
        training.for_each(|record| record.state = State::Stopped);
    }

    /// The record of a candidate, if it is one of those to train.
    #[must_use]
    pub fn of(&self, candidate: usize) -> Option<&Record> {
        self.records.iter().find(|record| record.candidate == candidate)
    }

    /// Best first: by rungs reached, then as [`Judge`] has it, then by the plan's order; the failed and the waiting last.
    #[must_use]
    pub fn ranking(&self) -> Vec<&Record> {
        let mut ranking: Vec<_> = self.records.iter().collect();
        ranking.sort_by_key(|record| std::cmp::Reverse(record.standing()));
        for group in ranking.chunk_by_mut(|a, b| a.standing() == b.standing()) {
            self.judge.sort(group, |record| record.judged());
        }
        ranking
    }

    /// The candidate to take: the best of those that trained longest. None where nothing was trained.
    #[must_use]
    pub fn best(&self) -> Option<&Record> {
        let best = self.ranking().into_iter().next();
        best.filter(|record| record.last().is_some() && !matches!(record.state, State::Failed(_) | State::Diverged))
    }

    /// What the first steps of a candidate came to, where it made them all or cannot.
    #[must_use]
    pub fn first_steps(&self, candidate: usize) -> Option<FirstSteps> {
        let (steps, chance, is_random) = self.first_steps?;
        let record = self.of(candidate)?;
        let before = record.points.first().and_then(|point| point.held_out.loss);
        let after = match record.state {
            State::Failed(_) | State::Diverged => None,
            _ if record.rungs == 0 => return None,
            _ => record.judged().and_then(|judged| judged.loss),
        };
        Some(FirstSteps::of_losses(steps, before, after, chance, is_random))
    }

    /// Why the best is to be taken.
    #[must_use]
    pub fn why(&self) -> Option<String> {
        let best = self.best()?;
        let what = if self.is_classification() { "accuracy" } else { "R^2" };
        let judged = best.judged()?;
        let epochs = best.last().map_or(0.0, |point| point.epochs);
        let (quality, loss) = (judged.quality, judged.loss.unwrap_or(f64::NAN));
        let highest = self.highest().unwrap_or(quality);
        let how_good = if quality >= highest {
            format!("highest {what} on samples held out, {quality:.4}")
        } else {
            format!(
                "{what} {quality:.4} on samples held out, as good as the highest, {highest:.4}, and the lowest loss, {loss:.4},"
            )
        };
        Some(format!("{how_good} after {} epochs, of {} trained", in_words(epochs), self.trained()))
    }

    /// The highest quality of those that trained as long as the best, which may be another's where loss decided.
    #[must_use]
    pub fn highest(&self) -> Option<f64> {
        let ranking = self.ranking();
        let peers = ranking.iter().take_while(|record| record.standing() == ranking[0].standing());
        peers.filter_map(|record| record.judged()).map(|judged| judged.quality).reduce(f64::max)
    }

    /// Candidates with at least one evaluation.
    #[must_use]
    pub fn trained(&self) -> usize {
        self.records.iter().filter(|record| record.last().is_some()).count()
    }

    /// Rank correlations of NEAR and quality, at the end of the first rung, where all had trained alike.
    #[must_use]
    pub fn agreement(&self, study: &Study) -> Option<Agreement> {
        let both = |record: &Record| Some((study.near(record.candidate)?.mean, record.first?.quality));
        let (nears, qualities): (Vec<_>, Vec<_>) = self.records.iter().filter_map(both).unzip();
        Agreement::of(&nears, &qualities)
    }
}
