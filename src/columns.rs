//! The columns of the ranking: one row of the table below for each, which the screen, tables, Markdown and CSV read.

mod column;

pub use neartop_study::space::grouped;
use neartop_study::study::{Ranked, Repair, Status, Study};

use crate::signs::Signs;
pub use column::{Column, FileColumn, Form, Value};

fn number(value: Option<f64>, digits: usize) -> String {
    value.map(|x| format!("{x:.digits$}")).unwrap_or_default()
}

fn architecture(study: &Study, ranked: &Ranked) -> String {
    study.candidate(ranked.candidate).architecture.as_ref().map(ToString::to_string).unwrap_or_default()
}

fn behind(ranked: &Ranked) -> Option<f64> {
    ranked.behind_best.map(|e| e.mean)
}

/// The progress of a candidate as a share, for sorting: failed ones have none.
fn progress(study: &Study, ranked: &Ranked) -> Value {
    match study.status(ranked.candidate) {
        Status::Failed => Value::Missing,
        _ => Value::Number(study.count(ranked.candidate) as f64),
    }
}

/// Columns of the screen for what became of a candidate.
const STATE: usize = 8;

/// The columns in the order of the screen. The first is the one that the table is sorted by at the start.
static COLUMNS: &[Column] = &[
    Column {
        title: "#",
        help: "rank by NEAR; a mark beside it: tied with the best, no clear difference",
        is_relevant: |_| true,
        width: 5,
        is_text: false,
        is_measured: false,
        dispensable: 0,
        comes_late: false,
        largest_first: false,
        cell: |_, ranked, signs| {
            let tied = if ranked.tied_with_best && ranked.rank != Some(1) { signs.tied } else { " " };
            ranked.rank.map_or_else(String::new, |rank| format!("{rank}{tied}"))
        },
        short: None,
        value: |_, ranked| ranked.rank.map(|r| r as f64).into(),
        file: Some(FileColumn::number(0, "rank", Some("rank"), |_, ranked, form| {
            let tied = form == Form::Table && ranked.tied_with_best && ranked.rank != Some(1);
            let rank = ranked.rank.map(|rank| rank.to_string()).unwrap_or_default();
            if tied { rank + Signs::ASCII.tied } else { rank }
        })),
    },
    Column {
        title: "architecture",
        help: "its name in its space",
        is_relevant: |study| study.space.has_architectures(),
        width: 24,
        is_text: true,
        is_measured: false,
        dispensable: 0,
        comes_late: false,
        largest_first: false,
        cell: |study, ranked, _| architecture(study, ranked),
        short: None,
        value: |study, ranked| Value::Text(architecture(study, ranked)),
        file: Some(
            FileColumn::text(1, "architecture", Some("architecture"), |study, ranked, _| architecture(study, ranked))
                .optional(),
        ),
    },
    Column {
        title: "activation",
        help: "what fills the network's slots",
        is_relevant: |study| !study.space.preset.search.activations.is_empty(),
        width: 12,
        is_text: true,
        is_measured: false,
        dispensable: 0,
        comes_late: false,
        largest_first: false,
        cell: |study, ranked, _| study.candidate(ranked.candidate).activation_label(),
        short: Some(|study, ranked| study.candidate(ranked.candidate).short_activation_label()),
        value: |study, ranked| Value::Text(study.candidate(ranked.candidate).activation_label()),
        file: Some(FileColumn::text(2, "activation", Some("activation"), |study, ranked, _| {
            study.candidate(ranked.candidate).activation_label()
        })),
    },
    Column {
        title: "initialization",
        help: "how weights are drawn, with parameters that are not the default",
        is_relevant: |study| study.space.preset.search.inits.len() > 1 || study.space.candidates.len() == 1,
        width: 16,
        is_text: true,
        is_measured: false,
        dispensable: 0,
        comes_late: false,
        largest_first: false,
        cell: |study, ranked, _| study.candidate(ranked.candidate).init.to_string(),
        short: None,
        value: |study, ranked| Value::Text(study.candidate(ranked.candidate).init.to_string()),
        file: Some(FileColumn::text(3, "init", Some("initialization"), |study, ranked, _| {
            study.candidate(ranked.candidate).init.to_string()
        })),
    },
    Column {
        title: "NEAR",
        help: "sum of the layers' effective ranks, mean over the repetitions",
        is_relevant: |_| true,
        width: 8,
        is_text: false,
        is_measured: true,
        dispensable: 0,
        comes_late: false,
        largest_first: true,
        cell: |study, ranked, _| number(study.near(ranked.candidate).map(|e| e.mean), 2),
        short: None,
        value: |study, ranked| study.near(ranked.candidate).map(|e| e.mean).into(),
        file: Some(FileColumn::number(4, "near", Some("NEAR"), |study, ranked, form| {
            form.number(study.near(ranked.candidate).map(|e| e.mean))
        })),
    },
    Column {
        title: "trainability",
        help: "whether it will train, from signals before training: its score, or what goes wrong",
        is_relevant: |_| true,
        width: 12,
        is_text: false,
        is_measured: true,
        dispensable: 1,
        comes_late: false,
        largest_first: true,
        cell: |study, ranked, signs| match study.trainability(ranked.candidate) {
            Some(t) if t.is_trainable() => format!("{} {:.2}", signs.trains, t.score),
            Some(t) => format!("{} {}", signs.fails, t.verdict.name()),
            None => String::new(),
        },
        short: None,
        value: |study, ranked| study.trainability(ranked.candidate).map(|t| t.score).into(),
        file: Some(FileColumn::text(7, "trainability", Some("trainability"), |study, ranked, _| {
            study.trainability(ranked.candidate).map(|t| t.verdict.name().to_owned()).unwrap_or_default()
        })),
    },
    Column {
        title: "trained",
        help: "accuracy, or R^2, on samples held out after a short training",
        is_relevant: |study| (0..study.space.candidates.len()).any(|id| study.trained(id).is_some()),
        width: 8,
        is_text: false,
        is_measured: true,
        dispensable: 0,
        comes_late: true,
        largest_first: true,
        cell: |study, ranked, _| number(study.trained(ranked.candidate).map(|t| t.quality), 4),
        short: None,
        value: |study, ranked| study.trained(ranked.candidate).map(|t| t.quality).into(),
        file: None,
    },
    Column {
        title: "known",
        help: "the known value that NEAR is compared with",
        is_relevant: |study| study.space.preset.truth.is_some(),
        width: 8,
        is_text: false,
        is_measured: true,
        dispensable: 1,
        comes_late: false,
        largest_first: true,
        cell: |study, ranked, _| number(study.truth(ranked.candidate), 2),
        short: None,
        value: |study, ranked| study.truth(ranked.candidate).into(),
        file: Some(
            FileColumn::number(15, "truth", Some("known"), |study, ranked, form| {
                form.number(study.truth(ranked.candidate))
            })
            .optional(),
        ),
    },
    Column {
        title: "error",
        help: "standard error of NEAR",
        is_relevant: |_| true,
        width: 7,
        is_text: false,
        is_measured: true,
        dispensable: 1,
        comes_late: false,
        largest_first: false,
        cell: |study, ranked, _| number(study.near(ranked.candidate).and_then(|e| e.standard_error), 2),
        short: None,
        value: |study, ranked| study.near(ranked.candidate).and_then(|e| e.standard_error).into(),
        file: Some(FileColumn::number(5, "standard_error", Some("+-"), |study, ranked, form| {
            form.number(study.near(ranked.candidate).and_then(|e| e.standard_error))
        })),
    },
    Column {
        title: "spread",
        help: "NEAR of the latest repetitions as heights; sorts by the standard deviation",
        is_relevant: |study| study.repetitions() > 1,
        width: 8,
        is_text: false,
        is_measured: false,
        dispensable: 5,
        comes_late: false,
        largest_first: true,
        cell: |study, ranked, signs| {
            let scores: Vec<f64> = study.scores(ranked.candidate).iter().flatten().copied().collect();
            if scores.len() < 2 { String::new() } else { signs.sparkline(&scores[scores.len().saturating_sub(8)..]) }
        },
        short: None,
        value: |study, ranked| {
            let error = study.near(ranked.candidate).and_then(|e| e.standard_error);
            error.map(|e| e * (study.count(ranked.candidate) as f64).sqrt()).into()
        },
        file: None,
    },
    Column {
        title: "behind",
        help: "mean difference to the best over the same repetitions",
        is_relevant: |_| true,
        width: 8,
        is_text: false,
        is_measured: true,
        dispensable: 4,
        comes_late: false,
        largest_first: false,
        cell: |_, ranked, _| number(behind(ranked), 2),
        short: None,
        value: |_, ranked| behind(ranked).into(),
        file: Some(FileColumn::number(6, "behind_best", Some("behind"), |_, ranked, form| form.number(behind(ranked)))),
    },
    Column {
        title: "parameters",
        help: "number of trained parameters",
        is_relevant: |_| true,
        width: 12,
        is_text: false,
        is_measured: false,
        dispensable: 3,
        comes_late: false,
        largest_first: false,
        cell: |study, ranked, _| grouped(study.candidate(ranked.candidate).parameters),
        short: None,
        value: |study, ranked| Value::Number(study.candidate(ranked.candidate).parameters as f64),
        file: Some(FileColumn::number(8, "parameters", Some("parameters"), |study, ranked, _| {
            study.candidate(ranked.candidate).parameters.to_string()
        })),
    },
    Column {
        title: "multiply-adds",
        help: "products that a forward pass of one sample sums",
        is_relevant: |_| true,
        width: 15,
        is_text: false,
        is_measured: false,
        dispensable: 6,
        comes_late: false,
        largest_first: false,
        cell: |study, ranked, _| grouped(study.candidate(ranked.candidate).multiply_adds),
        short: None,
        value: |study, ranked| Value::Number(study.candidate(ranked.candidate).multiply_adds as f64),
        file: Some(FileColumn::number(9, "multiply_adds", Some("multiply-adds"), |study, ranked, _| {
            study.candidate(ranked.candidate).multiply_adds.to_string()
        })),
    },
    Column {
        title: "state",
        help: "repetitions scored, or what became of it",
        is_relevant: |_| true,
        width: STATE as u16,
        is_text: false,
        is_measured: false,
        dispensable: 2,
        comes_late: false,
        largest_first: true,
        cell: |study, ranked, _| match study.status(ranked.candidate) {
            Status::Scoring => {
                let goal = study.race().map_or(study.repetitions(), |race| race.goal());
                let (count, of) = (study.count(ranked.candidate).to_string(), format!("/{goal}"));
                // A part of the goal would be read as another goal.
                if count.len() + of.len() > STATE { count } else { count + &of }
            }
            Status::Scored if study.race().is_some_and(|race| race.open().contains(&ranked.candidate)) => {
                "first".to_owned()
            }
            Status::Scored if study.count(ranked.candidate) < study.repetitions() => {
                format!("out {}", study.count(ranked.candidate))
            }
            status => status.name().to_owned(),
        },
        short: None,
        value: progress,
        file: Some(FileColumn::text(10, "status", Some("status"), |study, ranked, form| {
            let status = study.status(ranked.candidate).name();
            match study.reason(ranked.candidate).filter(|_| form == Form::Table) {
                Some(reason) => format!("{status}: {reason}"),
                None => status.to_owned(),
            }
        })),
    },
];

/// What CSV has beside what the screen shows.
static FURTHER: &[FileColumn] = &[
    FileColumn::number(11, "repetitions", None, |study, ranked, _| study.count(ranked.candidate).to_string()),
    FileColumn::text(12, "tied_with_best", None, |_, ranked, _| ranked.tied_with_best.to_string()),
    FileColumn::text(13, "reason", None, |study, ranked, _| study.reason(ranked.candidate).unwrap_or_default()),
    FileColumn::text(17, "repair", Some("would train with"), |study, ranked, form| {
        match (study.repair(ranked.candidate).map(Repair::best), form) {
            (Some(repair), Form::Table) => repair.phrase(),
            (Some(repair), _) => repair.init.to_string(),
            (None, Form::Table) if study.no_repair(ranked.candidate).is_some() => "no factor".to_owned(),
            (None, _) => String::new(),
        }
    })
    .optional(),
    FileColumn::text(18, "first_steps", Some("first steps"), |study, ranked, form| {
        let learns = |learns| if learns { "learns" } else { "stands still" };
        match study.first_steps(ranked.candidate) {
            Some(steps) if form == Form::Table => learns(steps.learns).to_owned(),
            Some(steps) => steps.learns.to_string(),
            None => String::new(),
        }
    })
    .optional(),
    FileColumn::number(19, "trained", Some("trained"), |study, ranked, form| {
        let quality = study.trained(ranked.candidate).filter(|_| study.pick().is_some()).map(|t| t.quality);
        quality.map(|x| if form == Form::Table { format!("{x:.4}") } else { x.to_string() }).unwrap_or_default()
    })
    .optional(),
    FileColumn::text(20, "evidence", None, |study, ranked, _| {
        let evidence = study.has_more_evidence().then(|| study.evidence_of(ranked.candidate).name());
        evidence.unwrap_or_default().to_owned()
    })
    .optional(),
    FileColumn::number(14, "trainability_score", None, |study, ranked, form| {
        form.number(study.trainability(ranked.candidate).map(|t| t.score))
    }),
];

/// The columns of a file of these candidates, in their order.
#[must_use]
pub fn file_columns(study: &Study, rows: &[Ranked], form: Form) -> Vec<FileColumn> {
    let shown = COLUMNS.iter().filter_map(|column| Some((column.file?, column.dispensable)));
    let shown = shown.map(|(file, dispensable)| FileColumn { dispensable, ..file });
    let all = shown.chain(FURTHER.iter().copied());
    let is_there = |column: &FileColumn| {
        let says_something = || rows.iter().any(|row| !(column.cell)(study, row, form).is_empty());
        (form == Form::Csv || column.heading.is_some()) && (!column.is_optional || says_something())
    };
    let mut columns: Vec<_> = all.filter(is_there).collect();
    columns.sort_by_key(|column| column.place);
    columns
}

/// The titles of all columns.
#[must_use]
pub fn titles() -> Vec<&'static str> {
    COLUMNS.iter().map(|column| column.title).collect()
}

/// The columns that say something of a study.
#[must_use]
pub fn columns(study: &Study) -> Vec<&'static Column> {
    COLUMNS.iter().filter(|column| (column.is_relevant)(study)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
