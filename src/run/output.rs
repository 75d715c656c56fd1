//! A ranking as text.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use super::Failure;
use crate::cli::TableFormat;
use crate::columns::{FileColumn, Form, file_columns};
use neartop_study::report::Report;
use neartop_study::study::{Agreement, ByProxy, ProxyAgreement, Ranked, Study};

/// A ranking in a format, with a line end. A table on a terminal has `room` for so many characters in a line.
pub fn render(
    study: &Study,
    report: &Report,
    rows: &[Ranked],
    format: TableFormat,
    room: Option<usize>,
) -> Result<String, Failure> {
    match format {
        TableFormat::Json => with_line_end(report.to_json()),
        TableFormat::Jsonl => json_lines(&report.candidates),
        TableFormat::Csv => csv(study, rows),
        TableFormat::Table => Ok(within(room, study, rows) + &wrapped(&remarks(report), room)),
        TableFormat::Markdown => {
            Ok(table(study, rows, &file_columns(study, rows, Form::Table), presets::ASCII_MARKDOWN))
        }
    }
}

/// As JSON over several lines, with a line end.
pub fn json(value: &impl Serialize) -> Result<String, Failure> {
    with_line_end(serde_json::to_string_pretty(value))
}

fn with_line_end(json: serde_json::Result<String>) -> Result<String, Failure> {
    Ok(json.map_err(|e| Failure::Run(e.to_string()))? + "\n")
}

/// As JSON, a line for each.
pub fn json_lines(values: &[impl Serialize]) -> Result<String, Failure> {
    values.iter().map(|value| with_line_end(serde_json::to_string(value))).collect()
}

/// A table without the columns for which there is no room, which it names.
fn within(room: Option<usize>, study: &Study, rows: &[Ranked]) -> String {
    let mut columns = file_columns(study, rows, Form::Table);
    let mut left_out = Vec::new();
    loop {
        let text = table(study, rows, &columns, presets::NOTHING);
        let is_too_wide = room.is_some_and(|room| text.lines().any(|line| line.width() > room));
        let dispensable = columns.iter().enumerate().filter(|(_, column)| column.dispensable > 0);
        match dispensable.max_by_key(|(_, column)| column.dispensable) {
            Some((at, _)) if is_too_wide => left_out.extend(columns.remove(at).heading),
            _ if left_out.is_empty() => return text,
            _ => return text + &wrapped(&format!("\nLeft out for lack of room: {}\n", left_out.join(", ")), room),
        }
    }
}

/// Text whose lines are broken between words where they are longer than there is room.
fn wrapped(text: &str, room: Option<usize>) -> String {
    room.map_or_else(|| text.to_owned(), |room| textwrap::fill(text, room.max(20)))
}

fn table(study: &Study, rows: &[Ranked], columns: &[FileColumn], preset: &str) -> String {
    let mut table = Table::new();
    table.load_preset(preset).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(columns.iter().filter_map(|column| column.heading));
    for row in rows {
        table.add_row(columns.iter().map(|column| (column.cell)(study, row, Form::Table)));
    }
    for (place, _) in columns.iter().enumerate().filter(|(_, column)| column.is_number) {
        if let Some(column) = table.column_mut(place) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let lines: Vec<_> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n") + "\n"
}

/// What is said below a table: what is recommended, or why nothing is, and how NEAR agrees with known values.
fn remarks(report: &Report) -> String {
    let mut text = String::new();
    if let Some(choice) = &report.recommended {
        let architecture = choice.architecture.as_ref().map(|a| format!("{a}, ")).unwrap_or_default();
        let activation = choice.fill.as_ref().map(|fill| format!("{fill} with ")).unwrap_or_default();
        text += &format!("\nRecommended: {architecture}{activation}{} ({})\n", choice.init, choice.why);
    }
    if let Some(remark) = report.recommended.as_ref().and_then(|choice| choice.remark.as_ref()) {
        text += &format!("{remark}\n");
    }
    if let Some(Agreement { spearman, kendall, n }) = &report.agreement {
        text += &format!("Agreement with the known values of {n}: Spearman {spearman:.3}, Kendall {kendall:.3}\n");
    }
    if let Some(ByProxy(all)) = &report.agreement_of_proxies {
        let one = |(name, of): &(&str, ProxyAgreement)| format!("{name} {:.3}", of.agreement.spearman);
        text += &format!("Spearman by proxy: {}\n", all.iter().map(one).collect::<Vec<_>>().join(", "));
    }
    if let Some(why) = &report.no_recommendation {
        text += &format!("\nNone recommended: {why}; --no-guard recommends it all the same\n");
    }
    text
}

fn csv(study: &Study, rows: &[Ranked]) -> Result<String, Failure> {
    let columns = file_columns(study, rows, Form::Csv);
    let mut writer = csv::Writer::from_writer(Vec::new());
    let fail = |e: &dyn std::fmt::Display| Failure::Run(e.to_string());
    writer.write_record(columns.iter().map(|column| column.name)).map_err(|e| fail(&e))?;
    for row in rows {
        let cells = columns.iter().map(|column| (column.cell)(study, row, Form::Csv));
        writer.write_record(cells).map_err(|e| fail(&e))?;
    }
    let bytes = writer.into_inner().map_err(|e| fail(&e))?;
    String::from_utf8(bytes).map_err(|e| fail(&e))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use neartop_io::preset::Preset;
    use neartop_study::space::Space;

    use super::*;

    #[test]
    fn tables_on_terminals_leave_out_what_has_no_room() {
        let preset =
            Preset::parse("network: {input: 4, layers: [linear: 4, activation]}", "p", std::path::Path::new(""))
                .unwrap();
        let study = Study::new(Arc::new(Space::new(Arc::new(preset))));
        let rows = study.ranking();
        let table = |room| within(room, &study, &rows);
        let all = table(None);
        assert!(all.contains("multiply-adds") && !all.contains("Left out"));
        assert_eq!(table(Some(500)), all);
        let narrow = table(Some(70));
        assert!(narrow.lines().all(|line| line.width() <= 70), "{narrow}");
        assert!(
            narrow.contains("initialization") && narrow.contains("Left out for lack of room: multiply-adds"),
            "{narrow}"
        );
    }

    #[test]
    fn sentences_are_broken_between_words() {
        let text = "Recommended: tanh with orthogonal\nAgreement\n";
        assert_eq!(wrapped(text, None), text);
        assert_eq!(wrapped(text, Some(22)), "Recommended: tanh with\northogonal\nAgreement\n");
    }
}
