//! One candidate in training, on the calling thread.

use candle_core::{DType, Result};

use super::model::{Mode, Model, Start};
use super::optimizer::Optimizer;
use super::{Plan, Point, judgement};

/// A candidate with its weights, which can go on from where it stopped.
pub struct Trainer {
    model: Model,
    optimizer: Optimizer,
    /// Steps done.
    step: u64,
    order: (u64, Vec<usize>),
    /// Losses since the last point, and their number.
    losses: (f64, u32),
    diverged: bool,
    /// R^2 of each output at the last point.
    each: Vec<f64>,
}

/// Steps of the learning rate's range test.
const RANGE_STEPS: u64 = 80;
/// The range, in powers of ten.
const RANGE: (f64, f64) = (-5.0, 0.5);

/// Why training stopped before its end.
#[derive(Debug)]
pub enum Stop {
    Cancelled,
    Tensor(candle_core::Error),
}

impl From<candle_core::Error> for Stop {
    fn from(error: candle_core::Error) -> Self {
        Self::Tensor(error)
    }
}

impl Trainer {
    /// Draws the weights, and finds the learning rate where the plan gives none.
    ///
    /// # Errors
    /// If the network does not fit the data, or the plan was cancelled.
    pub fn new(plan: &Plan, candidate: usize, cancelled: &dyn Fn() -> bool) -> std::result::Result<Self, Stop> {
        let options = &plan.options;
        let mut trainer = Self::with_rate(plan, candidate, options.method.learning_rate())?;
        if let Some(rate) = options.learning_rate {
            trainer.optimizer.learning_rate = rate;
        } else if let Some(rate) = Self::with_rate(plan, candidate, 10f64.powf(RANGE.0))?.range(plan, cancelled)? {
            trainer.optimizer.learning_rate = rate;
        }
        Ok(trainer)
    }

    fn with_rate(plan: &Plan, candidate: usize, rate: f64) -> Result<Self> {
        let space = &plan.space;
        let chosen = &space.candidates[candidate];
        let start = Start {
            network: space.network_of(candidate),
            fill: chosen.fill.clone(),
            init: &chosen.init,
            bias: space.bias(),
            seed: plan.seed(),
        };
        let order = (0, plan.task.order(plan.seed(), 0));
        let first = &order.1[..plan.options.batch.min(order.1.len())];
        let model = Model::new(&start, &plan.task.inputs(first)?, DType::F32)?;
        let model = model.giving_log_odds(plan.task.takes_log_odds());
        let optimizer = Optimizer::new(plan.options.method, rate, model.parameters().len());
        Ok(Self { model, optimizer, step: 0, order, losses: (0.0, 0), diverged: false, each: Vec::new() })
    }

    /// R^2 of each output at the last point, where numbers are learnt.
    #[must_use]
    pub fn each(&self) -> &[f64] {
        &self.each
    }

    #[must_use]
    pub fn learning_rate(&self) -> f64 {
        self.optimizer.learning_rate
    }

    /// Trains up to step `end` and reports a point after every epoch and where the training is judged; of first steps also one
    /// before them.
    ///
    /// # Errors
    /// If it is cancelled, which is looked at before every batch, or the network does not fit the data.
    pub fn train_until(
        &mut self,
        end: u64,
        plan: &Plan,
        cancelled: &dyn Fn() -> bool,
        report: &mut dyn FnMut(Point),
    ) -> std::result::Result<(), Stop> {
        let per_epoch = plan.steps_per_epoch();
        if self.step == 0 && plan.options.steps.is_some() {
            report(self.point(plan)?);
        }
        loop {
            let epoch_ends = (self.step / per_epoch + 1) * per_epoch;
            let due = judgement::steps(end).find(|step| *step > self.step).unwrap_or(end).min(epoch_ends);
            while self.step < due && !self.diverged {
                if cancelled() {
                    return Err(Stop::Cancelled);
                }
                self.learn(plan)?;
            }
            report(self.point(plan)?);
            if self.step >= end || self.diverged {
                return Ok(());
            }
        }
    }

    fn point(&mut self, plan: &Plan) -> Result<Point> {
        let held_out = if self.diverged {
            plan.task.guessing()
        } else {
            let (evaluation, each) = plan.task.evaluate_each(|inputs| self.model.forward(inputs, Mode::Evaluation))?;
            self.each = each;
            evaluation
        };
        self.diverged |= held_out.loss.is_none();
        let (sum, count) = std::mem::take(&mut self.losses);
        let train_loss = (count > 0 && !self.diverged).then(|| plan.task.in_units(sum / f64::from(count)));
        Ok(Point { epochs: self.step as f64 / plan.steps_per_epoch() as f64, train_loss, held_out })
    }

    /// One step; the loss before it.
    fn learn(&mut self, plan: &Plan) -> Result<f64> {
        let (per_epoch, batch) = (plan.steps_per_epoch(), plan.options.batch);
        let epoch = self.step / per_epoch;
        if self.order.0 != epoch {
            self.order = (epoch, plan.task.order(plan.seed(), epoch));
        }
        let first = (self.step % per_epoch) as usize * batch;
        let rows = &self.order.1[first..(first + batch).min(self.order.1.len())];
        let outputs = self.model.forward(&plan.task.inputs(rows)?, Mode::Training { step: self.step })?;
        let loss = plan.task.loss(&outputs, rows)?;
        let value = f64::from(loss.to_scalar::<f32>()?);
        self.step += 1;
        plan.count_step();
        self.losses.0 += value;
        self.losses.1 += 1;
        if value.is_finite() {
            let gradients = loss.backward()?;
            self.optimizer.step(self.model.parameters().iter().map(|(_, var)| var), &gradients)?;
        } else {
            self.diverged = true;
        }
        Ok(value)
    }

    /// The range test of Smith 2017 (arXiv 1506.01186): the learning rate grows by a factor with every step until the loss
    /// explodes; a tenth of the rate at which the smoothed loss is lowest is taken. None where the first loss is not
    /// finite.
    fn range(mut self, plan: &Plan, cancelled: &dyn Fn() -> bool) -> std::result::Result<Option<f64>, Stop> {
        let mut smoothed = 0.0;
        let mut best: Option<(f64, f64)> = None;
        for step in 0..RANGE_STEPS {
            if cancelled() {
                return Err(Stop::Cancelled);
            }
            let part = step as f64 / (RANGE_STEPS - 1) as f64;
            self.optimizer.learning_rate = 10f64.powf(RANGE.0 + part * (RANGE.1 - RANGE.0));
            let loss = self.learn(plan)?;
            smoothed = 0.8 * smoothed + 0.2 * loss;
            let corrected = smoothed / (1.0 - 0.8f64.powi(step as i32 + 1));
            match best {
                _ if !corrected.is_finite() => break,
                Some((lowest, _)) if corrected > 4.0 * lowest => break,
                Some((lowest, _)) if corrected >= lowest => {}
                _ => best = Some((corrected, self.optimizer.learning_rate)),
            }
        }
        Ok(best.map(|(_, rate)| rate / 10.0))
    }
}
