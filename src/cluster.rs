//! One run on many machines: a run cut into shards, and the parts that come back as lines of JSON.
//!
//! A unit is one repetition of one candidate. [`units`] lays all units of a run out in one fixed order and cuts it;
//! [`part`] is the file that a machine writes, which says of what work it is; [`ledger`] keeps what has come in. On a
//! cluster, [`directory`] holds all that its machines share, an [`engine::Engine`] (which [`slurm`] is) runs shards as
//! tasks of array jobs, and the [`coordinator`] submits, follows and submits again. [`sizing`] says how many shards.

pub mod chunks;
pub mod coordinator;
pub mod directory;
pub mod engine;
pub mod error;
pub mod filesystem;
pub mod follow;
pub mod ledger;
pub mod part;
pub mod reading;
pub mod sizing;
pub mod slurm;
pub mod states;
pub mod units;
