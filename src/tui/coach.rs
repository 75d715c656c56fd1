//! Trains finalists in the background, for the view of training.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::finalists::TrainingNews;
use crate::run::Prepared;
use neartop_study::space::{Space, bytes};
use neartop_study::training::{self, Options, Plan, Task, halving};

/// News that may wait for the screen.
const CHANNEL: usize = 256;

/// The background work, of which there is one at a time. Dropping it ends it.
pub struct Coach {
    pub news: mpsc::Receiver<TrainingNews>,
    space: Arc<Space>,
    jobs: usize,
    /// In bytes.
    most_memory: u64,
    /// Ends what is under way.
    stop: Option<DropGuard>,
}

impl Coach {
    /// `most_memory` is in GiB.
    #[must_use]
    pub fn new(prepared: &Prepared, most_memory: f64) -> Self {
        // Closed: nothing comes until something is started.
        let (_, news) = mpsc::channel(CHANNEL);
        let most_memory = (most_memory * 1024f64.powi(3)) as u64;
        Self { news, space: Arc::clone(&prepared.space), jobs: prepared.jobs, most_memory, stop: None }
    }

    /// Ends what is under way; what it told stays.
    pub fn stop(&mut self) {
        self.stop = None;
    }

    /// Ends what is under way and trains these candidates, best first.
    pub fn start(&mut self, candidates: Vec<usize>) {
        let (sender, news) = mpsc::channel(CHANNEL);
        let cancel = CancellationToken::new();
        self.news = news;
        self.stop = Some(cancel.clone().drop_guard());
        let (space, jobs, most_memory) = (Arc::clone(&self.space), self.jobs, self.most_memory);
        tokio::spawn(async move {
            let planned = tokio::task::spawn_blocking(move || plan(space, candidates, jobs, most_memory)).await;
            let plan = match planned.map_err(|e| e.to_string()).and_then(|plan| plan) {
                Ok(plan) => plan,
                Err(reason) => {
                    let _ = sender.send(TrainingNews::Failed(reason)).await;
                    return;
                }
            };
            let _ = sender.send(TrainingNews::Begun(Arc::clone(&plan))).await;
            let mut run = training::start(plan, jobs);
            loop {
                tokio::select! {
                    progress = run.progress.recv() => {
                        let Some(progress) = progress else { break };
                        // Without a reader the app is being left, or trains others.
                        if sender.send(TrainingNews::Progress(progress)).await.is_err() {
                            return;
                        }
                    }
                    () = cancel.cancelled(), if !run.is_cancelled() => run.cancel(),
                }
            }
            let _ = sender.send(TrainingNews::Ended).await;
        });
    }
}

fn plan(space: Arc<Space>, candidates: Vec<usize>, jobs: usize, most_memory: u64) -> Result<Arc<Plan>, String> {
    let options = Options { eta: Some(halving::ETA), ..Options::default() };
    let preset = &space.preset;
    let task = Task::load(&preset.data, space.network(), preset.seed, &options).map_err(|e| e.to_string())?;
    let plan = Plan::new(Arc::clone(&space), task, options, candidates).map_err(|e| e.to_string())?;
    let need = plan.memory(jobs);
    if need > most_memory {
        return Err(format!("training would take about {}, and the limit is {}", bytes(need), bytes(most_memory)));
    }
    Ok(Arc::new(plan))
}
