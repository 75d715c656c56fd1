//! Runs of neartop: the candidates, their scheduler, results, the study on disk and short trainings.

pub mod export;
pub mod failure;
pub mod report;
pub mod scheduler;
pub mod space;
pub mod store;
pub mod study;
pub mod training;
pub mod width;
