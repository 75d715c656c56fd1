//! One run on many machines: a run cut into shards, and the parts that come back as lines of JSON.
//!
//! A unit is one repetition of one candidate. [`units`] lays all units of a run out in one fixed order and cuts it;
//! [`part`] is the file that a machine writes, which says of what work it is; [`ledger`] keeps what has come in.

pub mod ledger;
pub mod part;
pub mod units;
