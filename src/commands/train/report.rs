//! A training as text.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use serde::Serialize;

use crate::cli::TableFormat;
use crate::run::Failure;
use crate::run::output::{json, json_lines};
use neartop_core::settings::TaskKind;
use neartop_study::report::{CandidateReport, Recommendation, Report};
use neartop_study::study::{Agreement, Evidence, Study};
use neartop_study::training::optimizer::Method;
use neartop_study::training::point::in_words;
use neartop_study::training::{Plan, Record, Results, State, Task};

/// The JSON of `train`.
#[derive(Debug, Serialize)]
pub struct TrainReport<'a> {
    neartop: &'static str,
    preset: String,
    seed: u64,
    repetitions: usize,
    /// From the start of scoring to the last score.
    elapsed_seconds: f64,
    training: Training,
    /// Best first.
    candidates: Vec<Trained<'a>>,
    /// Of NEAR with accuracy, or with R^2, at the end of the first rung.
    agreement: Option<Agreement>,
    recommended: Option<Recommendation>,
}

/// How it was trained, and what that cost.
#[derive(Debug, Serialize)]
struct Training {
    task: &'static str,
    epochs: u32,
    batch_size: usize,
    optimizer: Method,
    /// Null where each candidate has its own.
    learning_rate: Option<f64>,
    samples: usize,
    held_out: usize,
    rungs: Vec<Rung>,
    /// Steps of all candidates together, range tests included.
    steps: u64,
    /// As a part of the steps that training all candidates of the preset takes.
    cost: f64,
    elapsed_seconds: f64,
}

#[derive(Debug, Serialize)]
struct Rung {
    candidates: usize,
    epochs: f64,
}

/// A candidate of `rank` with what training said.
#[derive(Debug, Serialize)]
struct Trained<'a> {
    #[serde(flatten)]
    candidate: CandidateReport<'a>,
    /// The share of right classes among the samples held out; null for a regression.
    accuracy: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r_squared: Option<f64>,
    /// Of each label, after the last epoch, where there are several.
    #[serde(skip_serializing_if = "serde_json::Map::is_empty")]
    r_squared_of: serde_json::Map<String, serde_json::Value>,
    /// On the samples held out: mean cross-entropy, or mean squared error. Null once training diverged.
    loss: Option<f64>,
    train_loss: Option<f64>,
    epochs: f64,
    learning_rate: Option<f64>,
    training: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    training_reason: Option<String>,
    curve: Vec<CurvePoint>,
}

#[derive(Debug, Serialize)]
struct CurvePoint {
    epochs: f64,
    train_loss: Option<f64>,
    loss: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    accuracy: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r_squared: Option<f64>,
}

impl<'a> TrainReport<'a> {
    pub fn new(study: &'a Study, plan: &Plan, results: &Results, scoring: f64, training: f64) -> Self {
        let ranking = Report::new(study, scoring, None);
        let places: std::collections::HashMap<_, _> =
            study.ranking().iter().enumerate().map(|(place, ranked)| (ranked.candidate, place)).collect();
        let trained = |record: &&Record| {
            let candidate = ranking.candidates.get(*places.get(&record.candidate)?)?.clone();
            Some(Trained::new(candidate, record, &plan.task))
        };
        let (samples, held_out) = plan.task.sizes();
        let epochs = |steps: u64| steps as f64 / plan.steps_per_epoch() as f64;
        let rungs = plan.rungs.iter().map(|rung| Rung { candidates: rung.candidates, epochs: epochs(rung.steps) });
        Self {
            neartop: ranking.neartop,
            preset: ranking.preset,
            seed: ranking.seed,
            repetitions: ranking.repetitions,
            elapsed_seconds: scoring,
            training: Training {
                task: plan.task.kind().name(),
                epochs: plan.options.epochs,
                batch_size: plan.options.batch,
                optimizer: plan.options.method,
                learning_rate: plan.options.learning_rate,
                samples,
                held_out,
                rungs: rungs.collect(),
                steps: plan.steps_done(),
                cost: plan.cost(),
                elapsed_seconds: training,
            },
            candidates: results.ranking().iter().filter_map(trained).collect(),
            agreement: results.agreement(study),
            recommended: results.best().map(|record| recommendation(study, results, record)),
        }
    }

    fn is_classification(&self) -> bool {
        self.training.task != TaskKind::Regression.name()
    }
}

fn recommendation(study: &Study, results: &Results, record: &Record) -> Recommendation {
    let candidate = study.candidate(record.candidate);
    Recommendation {
        architecture: candidate.architecture.as_ref().map(ToString::to_string),
        fill: candidate.fill.clone(),
        init: candidate.init.clone(),
        why: results.why().unwrap_or_default(),
        evidence: Evidence::Training,
        equivalent: None,
        equivalent_are_most: false,
        remark: None,
        equivalents: Vec::new(),
    }
}

impl<'a> Trained<'a> {
    fn new(candidate: CandidateReport<'a>, record: &Record, task: &Task) -> Self {
        let classification = task.is_classification();
        let of = |quality: f64| if classification { (Some(quality), None) } else { (None, Some(quality)) };
        let curve = record.points.iter().map(|point| {
            let (accuracy, r_squared) = of(point.held_out.quality);
            let loss = point.held_out.loss;
            CurvePoint { epochs: point.epochs, train_loss: point.train_loss, loss, accuracy, r_squared }
        });
        let (last, judged) = (record.last(), record.judged());
        let (accuracy, r_squared) = judged.map_or((None, None), |e| of(e.quality));
        Self {
            candidate,
            accuracy,
            r_squared,
            r_squared_of: record.each.iter().enumerate().map(|(i, x)| (task.label_name(i), (*x).into())).collect(),
            loss: judged.and_then(|e| e.loss),
            train_loss: last.and_then(|point| point.train_loss),
            epochs: last.map_or(0.0, |point| point.epochs),
            learning_rate: record.learning_rate,
            training: record.state.name(),
            training_reason: match &record.state {
                State::Failed(reason) => Some(reason.clone()),
                State::Diverged => Some("values were no longer finite; it counts as guessing".to_owned()),
                _ => None,
            },
            curve: curve.collect(),
        }
    }

    fn quality(&self) -> Option<f64> {
        self.accuracy.or(self.r_squared)
    }
}

/// The report in a format, with a line end.
pub fn render(report: &TrainReport, format: TableFormat) -> Result<String, Failure> {
    match format {
        TableFormat::Json => json(report),
        TableFormat::Jsonl => json_lines(&report.candidates),
        TableFormat::Csv => csv(report),
        TableFormat::Table => Ok(table(report, presets::NOTHING) + &summary(report)),
        TableFormat::Markdown => Ok(table(report, presets::ASCII_MARKDOWN)),
    }
}

fn activation(trained: &Trained) -> String {
    trained.candidate.fill.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string)
}

fn has_architectures(report: &TrainReport) -> bool {
    report.candidates.iter().any(|trained| trained.candidate.architecture.is_some())
}

fn table(report: &TrainReport, preset: &str) -> String {
    let mut table = Table::new();
    table.load_preset(preset).set_content_arrangement(ContentArrangement::Disabled);
    let quality = if report.is_classification() { "accuracy" } else { "R^2" };
    let mut header = vec!["activation", "initialization", quality, "loss", "epochs", "NEAR", "rank", "training"];
    let architectures = has_architectures(report);
    if architectures {
        header.insert(0, "architecture");
    }
    table.set_header(header);
    for trained in &report.candidates {
        let fixed = |x: Option<f64>, digits: usize| x.map(|x| format!("{x:.digits$}")).unwrap_or_default();
        let mut row = vec![
            activation(trained),
            trained.candidate.init.to_string(),
            fixed(trained.quality(), 4),
            fixed(trained.loss, 4),
            in_words(trained.epochs),
            fixed(trained.candidate.near, 2),
            trained.candidate.rank.map(|rank| rank.to_string()).unwrap_or_default(),
            match &trained.training_reason {
                Some(reason) => format!("{}: {reason}", trained.training),
                None => trained.training.to_owned(),
            },
        ];
        if architectures {
            row.insert(0, trained.candidate.architecture.clone().unwrap_or_default());
        }
        table.add_row(row);
    }
    for column in 2..7 {
        if let Some(column) = table.column_mut(column + usize::from(architectures)) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let lines: Vec<_> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n") + "\n"
}

/// What stands under the table.
fn summary(report: &TrainReport) -> String {
    let mut text = String::new();
    if let Some(choice) = &report.recommended {
        let architecture = choice.architecture.as_ref().map(|a| format!("{a}, ")).unwrap_or_default();
        let activation = choice.fill.as_ref().map(|fill| format!("{fill} with ")).unwrap_or_default();
        text += &format!("\nRecommended: {architecture}{activation}{} ({})\n", choice.init, choice.why);
    }
    if let Some(best) = report.candidates.first().filter(|best| !best.r_squared_of.is_empty()) {
        let of = |(label, x): (&String, &serde_json::Value)| format!("{label} {:.4}", x.as_f64().unwrap_or(0.0));
        let each: Vec<_> = best.r_squared_of.iter().map(of).collect();
        text += &format!("R^2 of each label, of the first: {}\n", each.join(", "));
    }
    if let Some(Agreement { spearman, kendall, n }) = report.agreement {
        let what = if report.is_classification() { "accuracy" } else { "R^2" };
        let epochs = report.training.rungs.first().map_or(0.0, |rung| rung.epochs);
        let epochs = in_words(epochs);
        text += &format!(
            "Agreement of NEAR with {what} after {epochs} epochs of {n}: Spearman {spearman:.3}, Kendall {kendall:.3}\n"
        );
    }
    let training = &report.training;
    text += &format!(
        "Cost: {} steps, {:.1} % of training all candidates, in {:.1} s\n",
        training.steps,
        100.0 * training.cost,
        training.elapsed_seconds
    );
    text
}

fn csv(report: &TrainReport) -> Result<String, Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let fail = |e: &dyn std::fmt::Display| Failure::Run(e.to_string());
    let quality = if report.is_classification() { "accuracy" } else { "r_squared" };
    let mut header = vec!["activation", "init", quality, "loss", "train_loss", "epochs", "learning_rate", "near"];
    header.extend(["standard_error", "rank", "parameters", "training", "reason"]);
    let architectures = has_architectures(report);
    if architectures {
        header.insert(0, "architecture");
    }
    writer.write_record(header).map_err(|e| fail(&e))?;
    for trained in &report.candidates {
        let number = |x: Option<f64>| x.map(|x| x.to_string()).unwrap_or_default();
        let mut row = vec![
            activation(trained),
            trained.candidate.init.to_string(),
            number(trained.quality()),
            number(trained.loss),
            number(trained.train_loss),
            trained.epochs.to_string(),
            number(trained.learning_rate),
            number(trained.candidate.near),
            number(trained.candidate.standard_error),
            trained.candidate.rank.map(|rank| rank.to_string()).unwrap_or_default(),
            trained.candidate.parameters.to_string(),
            trained.training.to_owned(),
            trained.training_reason.clone().unwrap_or_default(),
        ];
        if architectures {
            row.insert(0, trained.candidate.architecture.clone().unwrap_or_default());
        }
        writer.write_record(row).map_err(|e| fail(&e))?;
    }
    let bytes = writer.into_inner().map_err(|e| fail(&e))?;
    String::from_utf8(bytes).map_err(|e| fail(&e))
}
