//! Short training of the finalists: what training says beside NEAR.
//!
//! A [`Plan`] holds everything that is decided before: the [`Task`] (samples, labels, which are held out), [`Options`], the
//! candidates, best first, and the [rungs](halving::Rung) by which they are halved. [`start`] trains them in the
//! background, as `scheduler::start` scores, and gives a [`Run`]: [`Update`] comes through a bounded channel, dropping the
//! run or [`Run::cancel`] ends it before the next batch, and [`Plan::steps_done`] tells how far it is. [`Results`] puts the
//! progress together and knows curves, ranking, pick and agreement with NEAR; it is pure, like `study::Study`.
//!
//! ```text
//! let task = Task::load(&preset.data, space.network(), preset.seed, &options)?;
//! let plan = Arc::new(Plan::new(space, task, options, candidates)?);
//! let mut run = training::start(Arc::clone(&plan), jobs);
//! while let Some(progress) = run.progress.recv().await { results.record(progress); }
//! ```
//!
//! A candidate starts from the weights of repetition 0 of its scores. Split, order of the samples and dropout are drawn by
//! seed, epoch and step, the same for all candidates. Each candidate trains on one thread and a rung ends when all of it
//! have, so the same seed gives the same results on any number of cores.

mod error;
pub mod halving;
pub mod judgement;
pub mod model;
pub mod optimizer;
mod options;
mod plan;
pub mod point;
mod results;
mod run;
mod streams;
pub mod task;
mod trainer;

pub use error::TrainingError;
pub use options::{FIRST_STEPS, Options};
pub use plan::Plan;
pub use point::{Evaluation, Point};
pub use results::{Record, Results, State};
pub use run::{Run, Update, run, start, start_after};
use streams::{Stream, stream};
pub use task::{Remark, Task};
