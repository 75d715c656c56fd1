//! Who is trained, and what of a training is recorded.

use neartop_study::store::TrainingRow;
use neartop_study::study::Study;
use neartop_study::training::{Options, Plan, Results};

/// The best candidates of the ranking, at most `most`. With the guard only those that will train, as far as is known.
#[must_use]
pub fn finalists(study: &Study, most: usize) -> Vec<usize> {
    let ranking = study.ranking();
    let scored = ranking.iter().filter(|ranked| ranked.rank.is_some()).map(|ranked| ranked.candidate);
    let hopeless = |id: &usize| study.has_guard() && study.trainability(*id).is_some_and(|t| !t.is_trainable());
    scored.filter(|id| !hopeless(id)).take(most).collect()
}

/// What training gave as the study on disk keeps it: the budget as JSON, and a row for each candidate.
#[must_use]
pub fn rows(plan: &Plan, results: &Results) -> (String, Vec<TrainingRow>) {
    let Options { epochs, batch, method, learning_rate, holdout, samples, task, eta, steps: _ } = &plan.options;
    let mut budget = serde_json::json!({
        "epochs": epochs, "batch": batch, "optimizer": method, "learning_rate": learning_rate, "holdout": holdout,
        "samples": samples, "eta": eta, "candidates": plan.candidates.len(),
    });
    if let Some(task) = task {
        budget["task"] = serde_json::json!(task);
    }
    let trained = results.ranking().into_iter().filter_map(|record| {
        let (last, judged) = (record.last()?, record.judged()?);
        let curve: Vec<_> = record
            .points
            .iter()
            .map(|point| {
                serde_json::json!([point.epochs, point.train_loss, point.held_out.loss, point.held_out.quality])
            })
            .collect();
        let details = serde_json::json!({
            "state": record.state.name(), "learning_rate": record.learning_rate, "quality": judged.quality,
            "curve": curve,
        });
        Some(TrainingRow {
            candidate: record.candidate,
            epochs: last.epochs,
            accuracy: results.is_classification().then_some(judged.quality),
            loss: judged.loss,
            details: details.to_string(),
        })
    });
    (budget.to_string(), trained.collect())
}
