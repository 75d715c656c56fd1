//! Scores that candidates have in common because their weights differ by factors only.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::error::{ScoreError, again};
use super::result::Score;
use crate::fill::Fill;
use crate::init::Law;

/// The latest such scores of one network.
#[derive(Debug, Default)]
pub struct CommonScores(Mutex<VecDeque<(Name, Entry)>>);

type Entry = Arc<Mutex<Option<Result<Score, ScoreError>>>>;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Name {
    pub repetition: u64,
    pub laws: Vec<Law>,
    pub fill: Option<Fill>,
}

/// Scores that are kept at the most: those of a few repetitions, since later ones do not ask for earlier ones.
const KEPT: usize = 512;

impl CommonScores {
    /// The score of that name, by `score` if it is not there. Who asks for it meanwhile waits.
    pub(super) fn get(
        &self,
        name: Name,
        score: impl FnOnce() -> Result<Score, ScoreError>,
    ) -> Result<Score, ScoreError> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = match all.iter().rev().find(|(other, _)| *other == name) {
            Some((_, entry)) => Arc::clone(entry),
            None => {
                let entry = Entry::default();
                if all.len() == KEPT {
                    all.pop_front();
                }
                all.push_back((name, Arc::clone(&entry)));
                entry
            }
        };
        drop(all);
        let mut entry = entry.lock().unwrap_or_else(PoisonError::into_inner);
        match &*entry {
            Some(Ok(score)) => Ok(score.clone()),
            // One who gave up must not make the others give up.
            Some(Err(error)) if !matches!(error, ScoreError::Cancelled) => Err(again(error)),
            _ => {
                let result = score();
                *entry = Some(match &result {
                    Ok(score) => Ok(score.clone()),
                    Err(error) => Err(again(error)),
                });
                result
            }
        }
    }
}
