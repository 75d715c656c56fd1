//! What works behind the screen: the run, where its results are kept, and what is worked out on request.

use std::sync::Arc;

use super::coach::Coach;
use super::finalists::Finalists;
use super::inspector::Inspector;
use super::sizing::Sizing;
use crate::cli::{RunOptions, StudyOptions};
use crate::cluster::follow::Followed;
use crate::cluster::states::States;
use crate::run::finalists::rows;
use crate::run::recording::{self, Recording};
use crate::run::{Failure, Prepared, Remote};
use neartop_study::scheduler::{self, NearScorer, Run, Scorer};
use neartop_study::space::Space;
use neartop_study::study::Study;

/// The background of one preset.
pub struct Session {
    pub run: Run,
    pub recording: Recording,
    pub sizing: Sizing,
    pub inspector: Inspector,
    pub coach: Coach,
    space: Arc<Space>,
    scorer: Arc<NearScorer>,
    options: StudyOptions,
    /// Where the run is on a cluster.
    pub cluster: Option<Followed>,
}

impl Session {
    /// Starts what a prepared run still has to score; what `before` or the study on disk know is not scored again.
    ///
    /// # Errors
    /// If the study on disk cannot be used, though the user named it.
    pub fn start(
        prepared: &Prepared,
        options: &RunOptions,
        before: Option<&Study>,
        remote: Option<&dyn Remote>,
    ) -> Result<(Self, Study), Failure> {
        let mut study = Study::new(Arc::clone(&prepared.space));
        study.set_guard(before.map_or(!options.no_guard, Study::has_guard));
        if let Some(before) = before {
            study.adopt(before);
        }
        let recording = Recording::open(prepared, &options.study, &mut study)?;
        let (run, cluster) = match remote {
            Some(remote) => {
                let (run, followed) = remote.follow(prepared, &study, &recording)?;
                (run, Some(followed))
            }
            None => {
                let scorer: Arc<dyn Scorer> = prepared.scorer.clone();
                let known = |candidate, repetition| recording.known(&study, candidate, repetition);
                (scheduler::start(scorer, &prepared.space, prepared.jobs, &known), None)
            }
        };
        let sizing = Sizing::new(prepared, options.max_memory);
        let inspector = Inspector::new(prepared.scorer.clone());
        let coach = Coach::new(prepared, options.max_memory);
        let (space, scorer) = (Arc::clone(&prepared.space), Arc::clone(&prepared.scorer));
        let options = options.study.clone();
        Ok((Self { run, recording, sizing, inspector, coach, cluster, space, scorer, options }, study))
    }

    /// Keeps in the study on disk what training said so far; gives what went wrong.
    #[must_use]
    pub fn keep_training(&self, finalists: &Finalists) -> Option<String> {
        let (plan, results) = (finalists.plan.as_ref()?, finalists.results.as_ref()?);
        let (budget, trained) = rows(plan, results);
        recording::record_trained_of(&self.space, &self.scorer, &self.options, &budget, &trained)
    }

    /// How the chunks of a run on a cluster stand, once that has changed; never where there is none.
    pub async fn chunks(cluster: &mut Option<Followed>) -> Option<States> {
        match cluster {
            Some(followed) => {
                followed.states.changed().await.ok()?;
                Some(followed.states.borrow_and_update().clone())
            }
            None => std::future::pending().await,
        }
    }
}
