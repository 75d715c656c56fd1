//! The background of one preset: the run, where its results are kept, and what is worked out on request.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::behind::Behind;
use super::channel::{Left, Teller};
use super::coach::Coach;
use super::inspector::Inspector;
use super::mender::Mender;
use super::sizing::Sizing;
use super::start::Start;
use crate::cli::{RunOptions, StudyOptions};
use crate::cluster::follow::{Followed, Orders};
use crate::cluster::states::States;
use crate::run::finalists::rows;
use crate::run::presence::{Announced, Presence};
use crate::run::recording::{Recording, record_trained_of};
use crate::run::{Failure, Remote};
use crate::tui::news::News;
use crate::tui::notice::Notice;
use neartop_study::scheduler::{self, Control, NearScorer, Run, Scorer};
use neartop_study::space::Space;
use neartop_study::store::TrainingRow;
use neartop_study::study::Study;
use neartop_study::training::{Plan, Results};

/// Scores taken in at once, ...
const BATCH: usize = 4096;
/// ... and the time from one to the next: less than anybody sees, and enough that thousands a second come in few.
const BETWEEN: Duration = Duration::from_millis(4);

/// The background of one preset.
pub struct Session {
    /// Which of all sessions of the app it is.
    pub number: u64,
    pub control: Control,
    pub recording: Recording,
    pub sizing: Sizing,
    pub inspector: Inspector,
    pub mender: Mender,
    pub coach: Coach,
    space: Arc<Space>,
    scorer: Arc<NearScorer>,
    options: StudyOptions,
    /// Whether another program records the same run.
    pub is_shared: bool,
    /// Tells other programs of this one.
    presence: Option<Presence>,
    kept: Arc<Kept>,
    /// Where the run is on a cluster.
    orders: Option<Orders>,
    /// Bring scores, and how chunks stand, to the loop.
    _feeds: Vec<Feed>,
}

/// A task that ends with its session.
struct Feed(JoinHandle<Result<(), Left>>);

impl Drop for Feed {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Session {
    /// Starts what is still to be scored, here or on the machines of `remote`. Gives how the chunks there stand.
    ///
    /// # Errors
    /// If the remote run cannot be followed.
    pub fn begin(
        start: Start,
        options: &RunOptions,
        remote: Option<&dyn Remote>,
        number: u64,
        tell: &Teller,
    ) -> Result<(Self, Study, Option<States>), Failure> {
        let Start { prepared, recording, study } = start;
        let tell = tell.of(number);
        let (run, followed) = match remote {
            Some(remote) => {
                let (run, followed) = remote.follow(&prepared, &study, &recording)?;
                (run, Some(followed))
            }
            None => {
                let scorer: Arc<dyn Scorer> = Arc::new(Behind(prepared.scorer.clone()));
                let known = |candidate, repetition| recording.known(&study, candidate, repetition);
                (scheduler::start(scorer, &prepared.space, prepared.jobs, &known), None)
            }
        };
        let control = run.control.clone();
        let orders = followed.as_ref().map(Followed::orders);
        let mut states = followed.as_ref().map(|followed| followed.states.clone());
        let chunks = states.as_mut().map(|states| states.borrow_and_update().clone());
        let mut feeds: Vec<_> =
            states.map(|states| Feed(tokio::spawn(chunks_of(states, tell.clone())))).into_iter().collect();
        feeds.push(Feed(tokio::spawn(scores_of(run, followed, tell.clone()))));
        let assumed = prepared.scorer.samples().assumptions().iter().map(|assumed| format!("data: {assumed}"));
        let caution =
            "with attention or recurrent layers NEAR hardly says which candidate trains better; first steps say more";
        let caution = prepared.space.near_hardly_orders().then(|| caution.to_owned());
        let notes = prepared.space.preset.remarks.iter().cloned().chain(assumed).chain(caution).collect();
        feeds.push(Feed(tokio::spawn(notes_of(notes, tell.clone()))));
        let (is_shared, presence) = announced(recording.key().filter(|_| remote.is_none()));
        let session = Self {
            number,
            control,
            recording,
            sizing: Sizing::new(&prepared, options.max_memory, tell.clone()),
            inspector: Inspector::new(prepared.scorer.clone(), tell.clone()),
            mender: Mender::new(&prepared, tell.clone()),
            coach: Coach::new(&prepared, options.max_memory, tell),
            space: prepared.space,
            scorer: prepared.scorer,
            options: options.study.clone(),
            is_shared,
            presence,
            kept: Arc::default(),
            orders,
            _feeds: feeds,
        };
        Ok((session, study, chunks))
    }

    /// Another session takes its place, of the same run perhaps.
    pub fn withdraw(&mut self) {
        self.presence = None;
    }

    /// Ends the jobs of a run on a cluster.
    pub fn cancel_jobs(&self) {
        if let Some(orders) = &self.orders {
            orders.cancel_jobs();
        }
    }

    /// What is to be written of a training into the study on disk, of one candidate or of all. It waits for that, and gives
    /// what went wrong.
    pub fn keeper(
        &self,
        plan: &Plan,
        results: &Results,
        only: Option<usize>,
    ) -> impl FnOnce() -> Option<String> + Send + use<> {
        let (space, scorer, options) = (Arc::clone(&self.space), Arc::clone(&self.scorer), self.options.clone());
        let (budget, mut trained) = rows(plan, results);
        trained.retain(|row| only.is_none_or(|only| only == row.candidate));
        let kept = Arc::clone(&self.kept);
        lock(&kept.waiting).push_back((budget, trained));
        move || {
            let _one_at_a_time = lock(&kept.writing);
            let mut trouble = None;
            while let Some((budget, trained)) = kept.next() {
                trouble = record_trained_of(&space, &scorer, &options, &budget, &trained).or(trouble);
            }
            trouble
        }
    }
}

/// Brings to the loop what was assumed of the network, and how data were read that could have been meant otherwise.
async fn notes_of(notes: Vec<String>, tell: Teller) -> Result<(), Left> {
    for text in notes {
        tell.send(News::Noted(Notice::say(text))).await?;
    }
    Ok(())
}

/// Whether another program records the run of this key, and else what tells others of this one.
fn announced(key: Option<&str>) -> (bool, Option<Presence>) {
    match key.map(Presence::announce) {
        Some(Announced::Alone(presence)) => (false, Some(presence)),
        Some(Announced::Shared) => (true, None),
        Some(Announced::Unknown) | None => (false, None),
    }
}

/// What trainings gave on its way into the study, which takes it in the order in which it came.
#[derive(Default)]
struct Kept {
    waiting: Mutex<VecDeque<(String, Vec<TrainingRow>)>>,
    writing: Mutex<()>,
}

impl Kept {
    fn next(&self) -> Option<(String, Vec<TrainingRow>)> {
        lock(&self.waiting).pop_front()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Brings scores to the loop until there are no more.
async fn scores_of(mut run: Run, followed: Option<Followed>, tell: Teller) -> Result<(), Left> {
    loop {
        let mut batch = Vec::new();
        if run.progress.recv_many(&mut batch, BATCH).await == 0 {
            break;
        }
        tell.send(News::Scored(batch)).await?;
        tokio::time::sleep(BETWEEN).await;
    }
    let end = followed.as_ref().and_then(Followed::end);
    if let Some(trouble) = end.and_then(|end| end.trouble()) {
        tell.send(News::Noted(Notice::warn(trouble))).await?;
    }
    tell.send(News::Ended).await
}

/// Brings how the chunks of a run on a cluster stand to the loop, whenever that changes.
async fn chunks_of(mut states: watch::Receiver<States>, tell: Teller) -> Result<(), Left> {
    while states.changed().await.is_ok() {
        let now = states.borrow_and_update().clone();
        tell.send(News::Chunks(now)).await?;
    }
    Ok(())
}
