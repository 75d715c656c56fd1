//! Trains finalists in the background, for the view of training.

use std::sync::Arc;

use tokio_util::sync::{CancellationToken, DropGuard};

use super::behind::give_way;
use super::channel::{Left, Teller};
use crate::run::Prepared;
use crate::tui::news::{BackgroundError, News, TrainingNews};
use crate::tui::notice::Notice;
use neartop_study::scheduler::NearScorer;
use neartop_study::space::Space;
use neartop_study::training::{self, Options, Plan, Task};

/// The background work, of which there is one at a time. Dropping it ends it.
pub struct Coach {
    tell: Teller,
    space: Arc<Space>,
    scorer: Arc<NearScorer>,
    jobs: usize,
    /// In bytes.
    most_memory: u64,
    /// Ends what is under way.
    stop: Option<DropGuard>,
}

impl Coach {
    /// `most_memory` is in GiB.
    #[must_use]
    pub fn new(prepared: &Prepared, most_memory: f64, tell: Teller) -> Self {
        let most_memory = (most_memory * 1024f64.powi(3)) as u64;
        let (space, scorer) = (Arc::clone(&prepared.space), Arc::clone(&prepared.scorer));
        Self { tell, space, scorer, jobs: prepared.jobs, most_memory, stop: None }
    }

    /// Ends what is under way; what it told stays.
    pub fn stop(&mut self) {
        self.stop = None;
    }

    /// Trains these candidates, best first. Nothing may be under way.
    pub fn start(&mut self, candidates: Vec<usize>, options: Options) {
        let cancel = CancellationToken::new();
        self.stop = Some(cancel.clone().drop_guard());
        let (space, scorer) = (Arc::clone(&self.space), Arc::clone(&self.scorer));
        let (jobs, most_memory) = (self.jobs, self.most_memory);
        let tell = self.tell.clone();
        tokio::spawn(async move {
            let work = move || plan(space, &scorer, candidates, options, jobs, most_memory);
            let planned = tokio::task::spawn_blocking(work).await;
            // Without a reader the app is being left.
            let _ = match planned.map_err(BackgroundError::work).flatten() {
                Ok(plan) => train(plan, jobs, &cancel, &tell).await,
                Err(reason) => tell.send(News::Training(TrainingNews::Failed(reason))).await,
            };
        });
    }
}

async fn train(plan: Arc<Plan>, jobs: usize, cancel: &CancellationToken, tell: &Teller) -> Result<(), Left> {
    tell.send(News::Training(TrainingNews::Begun(Arc::clone(&plan)))).await?;
    for remark in plan.task.remarks() {
        tell.send(News::Noted(Notice::say(remark.to_string()))).await?;
    }
    let mut run = training::start_after(give_way, plan, jobs);
    loop {
        tokio::select! {
            progress = run.progress.recv() => {
                let Some(progress) = progress else { break };
                tell.send(News::Training(TrainingNews::Progress(progress))).await?;
            }
            () = cancel.cancelled(), if !run.is_cancelled() => run.cancel(),
        }
    }
    tell.send(News::Training(TrainingNews::Ended)).await
}

fn plan(
    space: Arc<Space>,
    scorer: &NearScorer,
    candidates: Vec<usize>,
    options: Options,
    jobs: usize,
    most_memory: u64,
) -> Result<Arc<Plan>, BackgroundError> {
    let options = Options { task: space.preset.train.task, ..options };
    let task = Task::of(&space, scorer.samples(), &options).map_err(BackgroundError::work)?;
    let plan = Plan::new(Arc::clone(&space), task, options, candidates).map_err(BackgroundError::work)?;
    let need = plan.memory(jobs);
    if need > most_memory {
        return Err(BackgroundError::Memory { what: "training", need, limit: most_memory });
    }
    Ok(Arc::new(plan))
}
