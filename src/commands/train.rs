//! `neartop train`: the best of a ranking, trained for a short budget.

mod report;

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::rank::score_all;
use crate::cli::{Halving, LearningRate, RunOptions, TrainArgs, TrainingOptions};
use crate::run::export::export_candidate;
use crate::run::finalists::{finalists, rows};
use crate::run::recording::record_trained;
use crate::run::streams::tell;
use crate::run::target::{Inputs, Target};
use crate::run::{Failure, Interrupts, Prepared, prepare};
use neartop_core::settings::TaskKind;
use neartop_io::data::DataError;
use neartop_io::preset::Preset;
use neartop_study::space::bytes;
use neartop_study::study::Study;
use neartop_study::training::{self, Options, Plan, Record, Results, Task, TrainingError, Update, halving};

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
    let options = options_of(&args.training, preset.task);
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
    check_memory(&plan, prepared.jobs, args.run.max_memory)?;
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

/// Records in the study what training gave, of these candidates or of all.
fn record(prepared: &Prepared, options: &RunOptions, plan: &Plan, results: &Results, only: Option<&[usize]>) {
    let (budget, mut trained) = rows(plan, results);
    trained.retain(|row| only.is_none_or(|only| only.contains(&row.candidate)));
    if let Some(trouble) = record_trained(prepared, &options.study, &budget, &trained) {
        tell(trouble);
    }
}

fn options_of(given: &TrainingOptions, task: Option<TaskKind>) -> Options {
    Options {
        task,
        epochs: given.epochs,
        batch: given.batch_size as usize,
        method: given.optimizer,
        learning_rate: match given.learning_rate {
            None => Some(given.optimizer.learning_rate()),
            Some(LearningRate::Auto) => None,
            Some(LearningRate::Fixed(rate)) => Some(rate),
        },
        holdout: given.holdout,
        samples: given.samples.map(|n| n as usize),
        eta: match given.halving {
            Halving::Never => None,
            Halving::Auto => Some(halving::ETA),
            Halving::By(eta) => Some(eta),
        },
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

fn check_memory(plan: &Plan, jobs: usize, limit: f64) -> Result<(), Failure> {
    let need = plan.memory(jobs);
    if need <= (limit * 1024f64.powi(3)) as u64 {
        return Ok(());
    }
    Err(Failure::Usage {
        message: format!("training would hold about {}, and the limit is {limit} GiB", bytes(need)),
        help: Some("lower --top, --batch-size, --samples or --jobs, or raise --max-memory".to_owned()),
    })
}

fn training_failure(preset: &Preset, error: &TrainingError) -> Failure {
    let (at, help): (&[&str], &str) = match error {
        TrainingError::Data(DataError::Unlabelled(_)) => (
            &["data"],
            "name the labels by `labels` (a second file, or a column), or take a bundled set that has some: \
             `source: digits` or `source: airfoil`",
        ),
        TrainingError::Data(_) => (&["data", "labels"], "training needs the labels of all samples"),
        TrainingError::Outputs { .. } => (&["network"], "give the last layer as many outputs as there are classes"),
        TrainingError::Values { .. } => (&["network"], "give the last layer one output"),
        TrainingError::Targets { width, .. } => {
            let help = format!("give the last layer {width} outputs, or name fewer `labels`");
            return preset.error_at(&["network"], &error.to_string(), Some(&help)).into();
        }
        TrainingError::Task { .. } => {
            (&["train", "task"], "leave the task out, and it follows from labels and network")
        }
        TrainingError::OneClass => (&["data"], "take data with two classes or more"),
        TrainingError::TooFew { .. } => (&["data"], "take more samples, or change --holdout or --samples"),
        TrainingError::NoCandidate => (&["search"], "search something"),
    };
    preset.error_at(at, &error.to_string(), Some(help)).into()
}

/// Trains, and has the candidates recorded that have come to the end of a rung, soon after.
async fn train_all(
    plan: &Arc<Plan>,
    jobs: usize,
    results: &mut Results,
    record: &mut dyn FnMut(&Results, &[usize]),
) -> Result<(Duration, bool), Failure> {
    let bar = progress_bar(plan.total_steps());
    tracing::info!(candidates = plan.candidates.len(), steps = plan.total_steps(), "training");
    let start = Instant::now();
    let mut interrupts = Interrupts::watch()?;
    let mut run = training::start(Arc::clone(plan), jobs);
    let mut tick = tokio::time::interval(Duration::from_millis(200));
    let mut ended = Vec::new();
    loop {
        tokio::select! {
            progress = run.progress.recv() => {
                let Some(progress) = progress else { break };
                if let Update::Failed { candidate, reason } = &progress {
                    tracing::warn!(candidate, reason);
                }
                if let Update::Reached { candidate, .. } = &progress {
                    ended.push(*candidate);
                }
                results.record(progress);
            }
            _ = tick.tick() => {
                if !ended.is_empty() {
                    record(results, &std::mem::take(&mut ended));
                }
                bar.set_position(plan.steps_done());
                if let Some(best) = results.best().and_then(Record::judged) {
                    bar.set_message(format!("best {:.4}", best.quality));
                }
            }
            () = interrupts.next(), if !run.is_cancelled() => run.cancel(),
        }
    }
    bar.finish_and_clear();
    results.finish();
    Ok((start.elapsed(), run.is_cancelled()))
}

/// A bar on standard error, where that is a terminal.
fn progress_bar(total: u64) -> ProgressBar {
    let target = if std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr_with_hz(10)
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(Some(total), target);
    let template = "{pos}/{len} steps  {msg}  {wide_bar}  {elapsed} elapsed, {eta} left";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}
