//! Evidence beside signals and NEAR for what is recommended: the first steps of finalists, or a short training.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::finalists::finalists;
use super::streams::tell;
use super::training::{check_memory, record, train_all, training_failure};
use super::{Failure, Prepared};
use crate::cli::RunOptions;
use neartop_study::study::{Evidence, Study, Trained};
use neartop_study::training::{Options, Plan, Record, Results, Task, TrainingError, halving};

/// Candidates that make their first steps at a time.
pub const STEPPED: usize = 8;

/// What is ready to gather evidence.
pub struct Gatherer<'a> {
    prepared: &'a Prepared,
    run: &'a RunOptions,
    options: Options,
    /// None where signals are enough.
    task: Option<Arc<Task>>,
}

impl<'a> Gatherer<'a> {
    /// Reads what is to be learnt, before the scores: they are of no use here if that is nothing.
    ///
    /// # Errors
    /// If the data have no labels for a training, or labels that do not fit the network.
    pub fn new(prepared: &'a Prepared, run: &'a RunOptions, evidence: Evidence) -> Result<Self, Failure> {
        let preset = &prepared.space.preset;
        let training = Options { eta: Some(halving::ETA), ..Options::of(&preset.train) };
        let options = if evidence == Evidence::Steps { training.first_steps() } else { training };
        let load = || Task::of(&prepared.space, prepared.scorer.samples(), &options);
        let task = (evidence != Evidence::Signals).then(load).transpose();
        let task = task.map_err(|error| training_failure(preset, &error))?.map(Arc::new);
        if let Some(task) = &task {
            task.remarks().iter().for_each(tell);
        }
        Ok(Self { prepared, run, options, task })
    }

    /// Puts the evidence into the study; whether that was broken off.
    ///
    /// # Errors
    /// If it would take too much memory.
    pub async fn gather(self, study: &mut Study) -> Result<bool, Failure> {
        match (&self.task, self.options.steps) {
            (None, _) => Ok(false),
            (Some(task), Some(_)) => self.step(task, study).await,
            (Some(task), None) => self.train(task, study).await,
        }
    }

    /// Has finalists make their first steps until the one that is recommended has made them.
    async fn step(&self, task: &Arc<Task>, study: &mut Study) -> Result<bool, Failure> {
        let (start, mut stepped) = (Instant::now(), 0);
        loop {
            let next = study.next_to_step(STEPPED);
            if next.is_empty() {
                tell_cost(&format!("the first steps of {stepped} candidates"), start.elapsed());
                return Ok(false);
            }
            let plan = self.plan(task, next)?;
            let mut results = Results::new(&plan);
            let (_, interrupted) = train_all(&plan, self.prepared.jobs, &mut results, &mut |_, _| ()).await?;
            for id in &plan.candidates {
                if let Some(steps) = results.first_steps(*id) {
                    study.set_first_steps(*id, steps);
                }
            }
            stepped += plan.candidates.len();
            if interrupted {
                return Ok(true);
            }
        }
    }

    /// Trains the finalists for a short time, and takes the best.
    async fn train(&self, task: &Arc<Task>, study: &mut Study) -> Result<bool, Failure> {
        let steps = u64::from(self.options.epochs) * task.steps(self.options.batch);
        let affordable = halving::affordable(study.space.candidates.len(), steps, self.options.eta);
        let finalists = finalists(study, affordable);
        if finalists.is_empty() {
            return Ok(false);
        }
        let plan = self.plan(task, finalists)?;
        let mut results = Results::new(&plan);
        let recording =
            &mut |results: &Results, ended: &[usize]| record(self.prepared, self.run, &plan, results, Some(ended));
        let (elapsed, interrupted) = train_all(&plan, self.prepared.jobs, &mut results, recording).await?;
        record(self.prepared, self.run, &plan, &results, None);
        keep(&results, study, !interrupted);
        tell_cost(
            &format!(
                "a short training of {} candidates, {:.1} % of training all",
                results.trained(),
                100.0 * plan.cost()
            ),
            elapsed,
        );
        Ok(interrupted)
    }

    fn plan(&self, task: &Arc<Task>, candidates: Vec<usize>) -> Result<Arc<Plan>, Failure> {
        let space = &self.prepared.space;
        let fail = |error: TrainingError| training_failure(&space.preset, &error);
        let plan = Plan::new(Arc::clone(space), Arc::clone(task), self.options.clone(), candidates).map_err(fail)?;
        check_memory(&plan, self.prepared.jobs, self.run.max_memory, "--jobs")?;
        Ok(Arc::new(plan))
    }
}

/// Keeps what a training came to in the study, and its pick where it was not broken off.
fn keep(results: &Results, study: &mut Study, has_ended: bool) {
    for record in results.ranking() {
        if let (Some(last), Some(judged)) = (record.last(), record.judged()) {
            let (quality, loss, epochs) = (judged.quality, judged.loss, last.epochs);
            let is_accuracy = results.is_classification();
            study.set_trained(record.candidate, Trained { quality, is_accuracy, loss, epochs });
        }
    }
    let best = results.best().map(|record: &Record| record.candidate);
    if let (Some(best), Some(why), true) = (best, results.why(), has_ended) {
        study.set_pick(best, why);
    }
}

fn tell_cost(what: &str, elapsed: Duration) {
    tell(format_args!("evidence: {what}, in {:.1} s", elapsed.as_secs_f64()));
}
