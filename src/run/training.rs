//! Trainings without a screen: of finalists, and of the first steps that are evidence.

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::failure::Failure;
use super::finalists::rows;
use super::recording::record_trained;
use super::streams::tell;
use super::{Interrupts, Prepared};
use crate::cli::RunOptions;
use neartop_io::data::DataError;
use neartop_io::preset::Preset;
use neartop_study::space::bytes;
use neartop_study::training::{self, Plan, Record, Results, TrainingError, Update};

/// Records in the study what training gave, of these candidates or of all.
pub fn record(prepared: &Prepared, options: &RunOptions, plan: &Plan, results: &Results, only: Option<&[usize]>) {
    let (budget, mut trained) = rows(plan, results);
    trained.retain(|row| only.is_none_or(|only| only.contains(&row.candidate)));
    if let Some(trouble) = record_trained(prepared, &options.study, &budget, &trained) {
        tell(trouble);
    }
}

/// Refuses a training that would take more memory than the limit, in GiB. `lower` are the options that lower it.
///
/// # Errors
/// That it would.
pub fn check_memory(plan: &Plan, jobs: usize, limit: f64, lower: &str) -> Result<(), Failure> {
    let need = plan.memory(jobs);
    if need <= (limit * 1024f64.powi(3)) as u64 {
        return Ok(());
    }
    Err(Failure::Usage {
        message: format!("training would hold about {}, and the limit is {limit} GiB", bytes(need)),
        help: Some(format!("lower {lower}, or raise --max-memory")),
    })
}

/// Why training cannot start, at its place in the preset.
#[must_use]
pub fn training_failure(preset: &Preset, error: &TrainingError) -> Failure {
    let (at, help): (&[&str], &str) = match error {
        TrainingError::Data(DataError::Unlabelled(_)) if preset.model.is_some() => (
            &["data"],
            "name data with labels: `--data FILE --labels NAME` beside a model, or a preset, which `neartop new --model` \
             writes; `rank --evidence steps` needs none",
        ),
        TrainingError::Data(DataError::Unlabelled(_)) => (
            &["data"],
            "name the labels by `labels` (a second file, or a column), or take a bundled set that has some: \
             `source: digits` or `source: airfoil`; `rank --evidence steps` needs none",
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

/// Trains, and has the candidates recorded that have come to the end of a rung, soon after. Gives how long that took, and
/// whether it was broken off.
///
/// # Errors
/// If the signals that break it off cannot be watched.
pub async fn train_all(
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
