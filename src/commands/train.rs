//! `neartop train`: the best of a ranking, trained for a short budget.

mod report;

use std::sync::Arc;
use std::time::Duration;

use super::rank::score_all;
use crate::cli::{Halving, TrainArgs, TrainingOptions};
use crate::run::export::export_candidate;
use crate::run::finalists::finalists;
use crate::run::streams::tell;
use crate::run::target::{Inputs, Target};
use crate::run::training::{check_memory, record, train_all, training_failure};
use crate::run::{Failure, prepare};
use neartop_core::settings::Train;
use neartop_study::study::Study;
use neartop_study::training::{Options, Plan, Results, Task, halving};

use report::TrainReport;

/// Ranks, trains the best and writes the result, also of a run that was broken off.
///
/// # Errors
/// What is wrong with the preset or its labels, or that the run failed or was interrupted.
pub async fn run(args: &TrainArgs) -> Result<(), Failure> {
    let target = Target::new(args.output.as_deref(), args.force)?;
    let prepared = prepare(&args.preset, &args.run)?;
    let target = target.spares(&Inputs::new(&prepared.space.preset, &args.run.study))?;
    let space = Arc::clone(&prepared.space);
    let preset = &space.preset;
    let options = options_of(&args.training, &preset.train);
    // Before the scores, which are of no use here if there is nothing to learn.
    let task = Task::load(&preset.data, space.network(), preset.seed, &options)
        .map_err(|error| training_failure(preset, &error))?;
    task.remarks().iter().for_each(tell);
    let (mut study, scoring, mut interrupted) = score_all(&prepared, &args.run).await?;
    study.set_guard(!args.run.no_guard);
    let steps = u64::from(options.epochs) * task.steps(options.batch);
    let affordable = halving::affordable(study.space.candidates.len(), steps, options.eta);
    let finalists = finalists(&study, args.top.map_or(affordable, |top| top as usize));
    if finalists.is_empty() {
        return Err(if interrupted { Failure::Interrupted } else { no_finalist(&study) });
    }
    let plan =
        Plan::new(Arc::clone(&space), task, options, finalists).map_err(|error| training_failure(preset, &error))?;
    let lower = "--top, --batch-size, --samples or --jobs";
    check_memory(&plan, prepared.jobs, args.run.max_memory, lower)?;
    let plan = Arc::new(plan);
    let mut results = Results::new(&plan);
    let mut elapsed = Duration::ZERO;
    if !interrupted {
        let recording =
            &mut |results: &Results, ended: &[usize]| record(&prepared, &args.run, &plan, results, Some(ended));
        (elapsed, interrupted) = train_all(&plan, prepared.jobs, &mut results, recording).await?;
    }
    let report = TrainReport::new(&study, &plan, &results, scoring.as_secs_f64(), elapsed.as_secs_f64());
    let text = report::render(&report, args.format)?;
    let written = target.write(&text);
    record(&prepared, &args.run, &plan, &results, None);
    written?;
    if interrupted {
        return Err(Failure::Interrupted);
    }
    match results.best() {
        Some(best) => export_candidate(&study, best.candidate, &args.run),
        None => Err(Failure::Run("no candidate could be trained; the result says why".to_owned())),
    }
}

/// As the preset asks, but for what the command line says. A rate goes with its optimizer.
fn options_of(given: &TrainingOptions, preset: &Train) -> Options {
    let is_kept = given.optimizer.is_none_or(|method| Some(method) == preset.method);
    let train = Train {
        task: preset.task,
        method: given.optimizer.or(preset.method),
        learning_rate: given.learning_rate.or(preset.learning_rate.filter(|_| is_kept)),
    };
    Options {
        epochs: given.epochs,
        batch: given.batch_size as usize,
        holdout: given.holdout,
        samples: given.samples.map(|n| n as usize),
        eta: match given.halving {
            Halving::Never => None,
            Halving::Auto => Some(halving::ETA),
            Halving::By(eta) => Some(eta),
        },
        ..Options::of(&train)
    }
}

/// Why there is nothing to train.
fn no_finalist(study: &Study) -> Failure {
    if study.best().is_some() {
        let why = "no candidate will train, by how signals propagate; --no-guard trains them all the same";
        return Failure::Run(why.to_owned());
    }
    let reason = study.ranking().first().and_then(|r| study.reason(r.candidate)).unwrap_or_default();
    Failure::Run(format!("no candidate could be scored: {reason}"))
}
