//! What trainings gave, as a study has it.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::{Store, StoreError};
use crate::study::Trained;
use crate::training::{Evaluation, Point};

/// What the training of a candidate gave.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingRow {
    /// Place of the candidate in the work.
    pub candidate: usize,
    pub epochs: f64,
    pub accuracy: Option<f64>,
    pub loss: Option<f64>,
    /// Everything else, as JSON.
    pub details: String,
}

impl TrainingRow {
    /// Accuracy or R^2 on the samples held out; none where the row does not say.
    #[must_use]
    pub fn quality(&self) -> Option<f64> {
        let of_details = || self.detail("quality")?.as_f64();
        self.accuracy.or_else(of_details).filter(|quality| quality.is_finite())
    }

    /// The same as a study in memory keeps it.
    #[must_use]
    pub fn trained(&self) -> Option<Trained> {
        let (is_accuracy, loss, epochs) = (self.accuracy.is_some(), self.loss, self.epochs);
        self.quality().map(|quality| Trained { quality, is_accuracy, loss, epochs })
    }

    /// The curve, by rising epochs; empty where the row does not say.
    #[must_use]
    pub fn points(&self) -> Vec<Point> {
        let point = |point: &Value| {
            let at = |place: usize| point.get(place).and_then(Value::as_f64);
            let held_out = Evaluation { loss: at(2), quality: at(3)? };
            Some(Point { epochs: at(0)?, train_loss: at(1), held_out })
        };
        let curve = self.detail("curve");
        curve.iter().filter_map(Value::as_array).flatten().filter_map(point).collect()
    }

    /// What became of it: `trained`, `stopped`, `diverged`; empty where the row does not say.
    #[must_use]
    pub fn state(&self) -> String {
        self.detail("state").and_then(|state| state.as_str().map(str::to_owned)).unwrap_or_default()
    }

    fn detail(&self, key: &str) -> Option<Value> {
        serde_json::from_str::<Value>(&self.details).ok()?.get(key).cloned()
    }
}

/// What candidates came to that were trained alike.
#[derive(Debug, Clone, PartialEq)]
pub struct Training {
    /// How they were trained, as JSON.
    pub budget: String,
    pub rows: Vec<TrainingRow>,
}

impl Store {
    /// What trainings gave of the study of this number, all with one budget: that of the most candidates, and of those with
    /// as many, the longest. Rows that make no sense are left out. `places` are those of candidates by their keys.
    pub(super) fn training_of(
        &self,
        study: i64,
        places: &HashMap<&str, usize>,
    ) -> Result<Option<Training>, StoreError> {
        let mut trainings = self.connection.prepare(
            "SELECT key, budget, epochs, accuracy, loss, details FROM training
             JOIN candidate ON candidate.id = candidate_id WHERE study_id = ?1",
        )?;
        let mut by_budget: BTreeMap<String, Vec<TrainingRow>> = BTreeMap::new();
        let mut rows = trainings.query([study])?;
        while let Some(row) = rows.next()? {
            let (Ok(key), Ok(budget)) = (row.get_ref(0)?.as_str(), row.get::<_, String>(1)) else { continue };
            let (Some(candidate), Ok(epochs)) = (places.get(key), row.get::<_, f64>(2)) else { continue };
            let (accuracy, loss) = (row.get(3).unwrap_or_default(), row.get(4).unwrap_or_default());
            let details = row.get(5).unwrap_or_default();
            let trained = TrainingRow { candidate: *candidate, epochs, accuracy, loss, details };
            by_budget.entry(budget).or_default().push(trained);
        }
        let trainings = by_budget.into_iter().map(|(budget, rows)| Training { budget, rows });
        let longest = |training: &Training| training.rows.iter().map(|row| row.epochs).fold(0.0, f64::max);
        Ok(trainings.max_by(|a, b| a.rows.len().cmp(&b.rows.len()).then(longest(a).total_cmp(&longest(b)))))
    }
}
