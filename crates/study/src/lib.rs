//! Runs of neartop: the candidates, their scheduler, results, the study on disk and short trainings.
//!
//! A [`Space`](space::Space) lists the candidates of a preset, the [`scheduler`] scores them on all cores, and a
//! [`Study`](study::Study) collects the results and ranks them.
//!
//! ```
//! use std::{path::Path, sync::Arc};
//!
//! use neartop_io::preset::Preset;
//! use neartop_study::scheduler::{self, Known, NearScorer};
//! use neartop_study::{space::Space, study::Study};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let text = "network: {input: 8, layers: [linear: 16, activation, linear: 4]}
//! search: {activations: [relu, tanh], inits: [orthogonal]}
//! score: {repetitions: 4}";
//! let space = Arc::new(Space::new(Arc::new(Preset::parse(text, "small.yaml", Path::new("."))?)));
//! let mut study = Study::new(Arc::clone(&space));
//! let scorer = Arc::new(NearScorer::new(Arc::clone(&space))?);
//! let mut run = scheduler::start(scorer, &space, 2, &|_, _| Known::Nothing);
//! while let Some(progress) = run.progress.recv().await {
//!     study.record(progress.candidate, progress.repetition, progress.result);
//! }
//! let ranking = study.ranking();
//! assert_eq!((ranking.len(), ranking[0].rank), (2, Some(1)));
//! # Ok(())
//! # }
//! ```

#![warn(clippy::unwrap_used, clippy::expect_used)]

pub mod export;
pub mod failure;
pub mod grid;
pub mod page;
pub mod repair;
pub mod report;
pub mod scheduler;
pub mod space;
pub mod store;
pub mod study;
pub mod training;
pub mod weights;
pub mod width;
