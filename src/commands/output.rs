//! A report as text.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use serde::Serialize;

use crate::cli::TableFormat;
use crate::run::Failure;
use neartop_study::report::{CandidateReport, Report};
use neartop_study::study::Agreement;

/// The report in a format, with a line end.
pub fn render(report: &Report, format: TableFormat) -> Result<String, Failure> {
    match format {
        TableFormat::Json => json(report),
        TableFormat::Jsonl => json_lines(&report.candidates),
        TableFormat::Csv => csv(report),
        TableFormat::Table => Ok(table(report, presets::NOTHING)),
        TableFormat::Markdown => Ok(table(report, presets::ASCII_MARKDOWN)),
    }
}

/// As JSON over several lines, with a line end.
pub fn json(value: &impl Serialize) -> Result<String, Failure> {
    Ok(serde_json::to_string_pretty(value).map_err(|e| Failure::Run(e.to_string()))? + "\n")
}

/// As JSON, a line for each.
pub fn json_lines(values: &[impl Serialize]) -> Result<String, Failure> {
    let line = |value| Ok(serde_json::to_string(value).map_err(|e| Failure::Run(e.to_string()))? + "\n");
    values.iter().map(line).collect()
}

const COLUMNS: [&str; 9] =
    ["rank", "activation", "init", "near", "standard_error", "behind_best", "trainability", "parameters", "status"];

fn cells(c: &CandidateReport, number: impl Fn(Option<f64>) -> String, tie: &str) -> [String; 9] {
    let rank = c.rank.map(|r| r.to_string()).unwrap_or_default();
    let activation = c.activation.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
    let mark = if c.tied_with_best && c.rank != Some(1) { tie } else { "" };
    [
        rank + mark,
        activation,
        c.init.to_string(),
        number(c.near),
        number(c.standard_error),
        number(c.behind_best),
        c.trainability.map_or_else(String::new, |t| t.verdict.name().to_owned()),
        c.parameters.to_string(),
        c.reason.as_ref().map_or_else(|| c.status.to_owned(), |reason| format!("{}: {reason}", c.status)),
    ]
}

/// Whether the report has architectures, and whether it has known values.
fn extra(report: &Report) -> (bool, bool) {
    let any = |has: fn(&CandidateReport) -> bool| report.candidates.iter().any(has);
    (any(|c| c.architecture.is_some()), any(|c| c.truth.is_some()))
}

fn table(report: &Report, preset: &str) -> String {
    let mut table = Table::new();
    table.load_preset(preset).set_content_arrangement(ContentArrangement::Disabled);
    let mut header =
        vec!["rank", "activation", "initialization", "NEAR", "+-", "behind", "training", "parameters", "status"];
    let (architectures, truths) = extra(report);
    if architectures {
        header.insert(1, "architecture");
    }
    if truths {
        header.push("known");
    }
    table.set_header(header);
    let number = |x: Option<f64>| x.map(|x| format!("{x:.2}")).unwrap_or_default();
    for candidate in &report.candidates {
        let mut row = cells(candidate, number, "~").to_vec();
        if architectures {
            row.insert(1, candidate.architecture.clone().unwrap_or_default());
        }
        if truths {
            row.push(number(candidate.truth));
        }
        table.add_row(row);
    }
    for column in [0, 3, 4, 5, 7, 9] {
        let shift = usize::from(architectures && column > 0);
        if let Some(column) = table.column_mut(column + shift) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let lines: Vec<_> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    let mut text = lines.join("\n") + "\n";
    if preset == presets::NOTHING
        && let Some(choice) = &report.recommended
    {
        let architecture = choice.architecture.as_ref().map(|a| format!("{a}, ")).unwrap_or_default();
        let activation = choice.activation.as_ref().map(|a| format!("{a} with ")).unwrap_or_default();
        text += &format!("\nRecommended: {architecture}{activation}{} ({})\n", choice.init, choice.why);
    }
    if preset == presets::NOTHING
        && let Some(agreement) = &report.agreement
    {
        let Agreement { spearman, kendall, n } = agreement;
        text += &format!("Agreement with the known values of {n}: Spearman {spearman:.3}, Kendall {kendall:.3}\n");
    }
    if preset == presets::NOTHING
        && let Some(why) = &report.no_recommendation
    {
        text += &format!("\nNone recommended: {why}; --no-guard recommends it all the same\n");
    }
    text
}

fn csv(report: &Report) -> Result<String, Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let fail = |e: &dyn std::fmt::Display| Failure::Run(e.to_string());
    let (architectures, truths) = extra(report);
    let mut header = COLUMNS.to_vec();
    header.extend(["repetitions", "tied_with_best", "reason", "trainability_score"]);
    if architectures {
        header.insert(1, "architecture");
    }
    if truths {
        header.push("truth");
    }
    writer.write_record(header).map_err(|e| fail(&e))?;
    for candidate in &report.candidates {
        let number = |x: Option<f64>| x.map(|x| x.to_string()).unwrap_or_default();
        let mut cells = cells(candidate, number, "").to_vec();
        cells[8] = candidate.status.to_owned();
        cells.push(candidate.repetitions.to_string());
        cells.push(candidate.tied_with_best.to_string());
        cells.push(candidate.reason.clone().unwrap_or_default());
        cells.push(candidate.trainability.map(|t| t.score.to_string()).unwrap_or_default());
        if architectures {
            cells.insert(1, candidate.architecture.clone().unwrap_or_default());
        }
        if truths {
            cells.push(number(candidate.truth));
        }
        writer.write_record(cells).map_err(|e| fail(&e))?;
    }
    let bytes = writer.into_inner().map_err(|e| fail(&e))?;
    String::from_utf8(bytes).map_err(|e| fail(&e))
}
