//! A study as its file has it, without the data that it was scored on.

use std::collections::HashMap;

use super::trainings::Training;
use super::{Store, StoreError, Summary, WorkCandidate};
use crate::space::Space;
use crate::study::Study;

/// What was found beside the results.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Revived {
    pub training: Option<Training>,
    /// Recorded repetitions that the study does not ask for: of other candidates, or more of the same.
    pub left_out: usize,
}

impl Store {
    /// Puts what is recorded of a work into a study of the preset that is recorded with it. The candidates are found by
    /// what they are; the samples are not looked at.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn revive(&self, recorded: &Summary, study: &mut Study) -> Result<Revived, StoreError> {
        let keys = keys(&study.space)?;
        let places: HashMap<&str, usize> = keys.iter().enumerate().map(|(at, key)| (key.as_str(), at)).collect();
        let repetitions = study.repetitions();
        let mut left_out = 0;
        self.recorded(recorded.id, &mut |candidate| {
            let place = places.get(candidate.key.as_str());
            for (repetition, result) in candidate.results {
                match place {
                    Some(place) if repetition < repetitions => study.record(*place, repetition, result),
                    _ => left_out += 1,
                }
            }
        })?;
        let training = self.training_of(recorded.id, &places)?;
        for row in training.iter().flat_map(|training| &training.rows) {
            if let Some(trained) = row.trained() {
                study.set_trained(row.candidate, trained);
            }
        }
        Ok(Revived { training, left_out })
    }
}

/// What studies on disk know the candidates of a space by, in their order.
fn keys(space: &Space) -> Result<Vec<String>, StoreError> {
    let key = |candidate| WorkCandidate::new(space, candidate).map(|known| known.key);
    let keys = space.candidates.iter().map(key).collect::<Result<_, _>>();
    keys.map_err(|error| StoreError::Unusable(error.to_string()))
}
