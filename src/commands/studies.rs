//! `neartop studies`: what was recorded of runs.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use serde::Serialize;
use serde_json::Value;

use crate::cli::{ReportFormat, RowsFormat, StudiesArgs, StudiesCommand, StudyOptions};
use crate::run::output::{json, json_lines};
use crate::run::streams::{print, tell};
use crate::run::studies::{choose, count, delete, failure};
use crate::run::target::{Inputs, Target};
use crate::run::{Failure, recording};
use neartop_core::score::propagation::Propagation;
use neartop_io::preset::printable;
use neartop_study::store::{Recorded, Store, StoreError, Summary};
use neartop_study::study::estimate;

/// Lists, shows, exports or deletes studies.
///
/// # Errors
/// If the file cannot be read, is that of a newer program, or has no such study.
pub fn run(args: &StudiesArgs) -> Result<(), Failure> {
    let options = StudyOptions { study: args.study.clone(), ..StudyOptions::default() };
    let path = recording::path(&options).map_err(|e| recording::refused(None, &e))?;
    let is_missing = !path.exists();
    if let (true, None, StudiesCommand::List { format }) = (is_missing, &args.study, &args.command) {
        // Nothing was recorded yet.
        return list(&[], *format);
    }
    let fail = |error: StoreError| failure(&path, &error);
    let mut store = match &args.command {
        StudiesCommand::Delete { .. } => Store::open_existing(&path),
        _ => Store::open_to_read(&path),
    }
    .map_err(fail)?;
    let studies = store.summaries().map_err(fail)?;
    match &args.command {
        StudiesCommand::List { format } => list(&studies, *format),
        StudiesCommand::Show { id } => show(&store, choose(&studies, id)?).map_err(fail).and_then(|text| print(&text)),
        StudiesCommand::Export { id, format, output, force } => {
            let text = export(&store, choose(&studies, id)?, *format).map_err(fail)??;
            match output {
                None => print(&text),
                Some(file) if !force && file.is_file() => {
                    let name = printable(&file.display().to_string());
                    Err(Failure::Run(format!("{name} is there already; add --force to replace it")))
                }
                Some(file) => Target::new(Some(file), *force)?.spares(&Inputs::of_study(&path))?.write(&text),
            }
        }
        StudiesCommand::Delete { ids } => {
            // All or none: a wrong one is found before the first is gone.
            let chosen = ids.iter().map(|id| choose(&studies, id)).collect::<Result<Vec<_>, _>>()?;
            chosen.into_iter().try_for_each(|study| delete(&mut store, study).map(tell))
        }
    }
}

fn list(studies: &[Summary], format: ReportFormat) -> Result<(), Failure> {
    if format == ReportFormat::Json {
        return print(&json(&studies)?);
    }
    let mut table = plain(&["id", "key", "name", "seed", "candidates", "repetitions", "updated"], &[0, 3, 4, 5]);
    for study in studies {
        let key = study.key.chars().take(8).collect();
        let (candidates, repetitions) = (study.candidates.to_string(), study.repetitions.to_string());
        let (name, seed, updated) = (study.name.clone(), study.seed.clone(), study.updated_at.clone());
        table.add_row([study.id.to_string(), key, name, seed, candidates, repetitions, updated]);
    }
    print(&lines(&table))
}

/// A table without lines, whose columns at `right` hold numbers.
fn plain(header: &[&str], right: &[usize]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header);
    for at in right {
        if let Some(column) = table.column_mut(*at) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

fn lines(table: &Table) -> String {
    table.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

fn show(store: &Store, study: &Summary) -> Result<String, StoreError> {
    let mut rows = Vec::new();
    store.recorded(study.id, &mut |candidate| {
        let nears = candidate.results.iter().filter_map(|(_, result)| result.as_ref().ok().map(|score| score.near));
        let near = estimate(nears);
        let failure = candidate.results.iter().find_map(|(_, result)| result.as_ref().err().map(ToString::to_string));
        let number = |x: Option<f64>| x.map(|x| format!("{x:.2}")).unwrap_or_default();
        let cells = [
            candidate.architecture.unwrap_or_default(),
            candidate.activation.unwrap_or_else(|| "-".to_owned()),
            candidate.init,
            number(near.map(|e| e.mean)),
            number(near.and_then(|e| e.standard_error)),
            candidate.results.len().to_string(),
            failure.unwrap_or_default(),
        ];
        rows.push((near.map_or(f64::NEG_INFINITY, |e| e.mean), cells));
    })?;
    rows.sort_by(|a, b| b.0.total_cmp(&a.0));
    let header = ["architecture", "activation", "initialization", "NEAR", "+-", "repetitions", "failure"];
    let mut table = plain(&header, &[3, 4, 5]);
    rows.into_iter().for_each(|(_, cells)| {
        table.add_row(cells);
    });
    Ok(format!(
        "{}\nid       {}\nkey      {}\nseed     {}\nbegun    {}\nupdated  {}, by neartop {}\nholds    {}\nscored   {}\n\n{}",
        study.name,
        study.id,
        study.key,
        study.seed,
        study.created_at,
        study.updated_at,
        study.program,
        count(study),
        study.content,
        lines(&table)
    ))
}

/// A candidate with everything that is recorded of it.
#[derive(Serialize)]
struct CandidateRows {
    architecture: Value,
    activation: Value,
    init: Value,
    parameters: u64,
    repetitions: Vec<RepetitionRow>,
}

#[derive(Serialize)]
struct RepetitionRow {
    repetition: usize,
    near: Option<f64>,
    effective_ranks: Vec<f64>,
    dead_from: Option<usize>,
    failure: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    propagation: Option<Propagation>,
}

impl CandidateRows {
    fn new(candidate: Recorded) -> Self {
        // The key says activation and initialization as presets write them.
        let key: Value = serde_json::from_str(&candidate.key).unwrap_or_default();
        let part = |name: &str, label: Option<String>| key.get(name).cloned().unwrap_or_else(|| label.into());
        let repetitions = candidate.results.into_iter().map(|(repetition, result)| match result {
            Ok(score) => RepetitionRow {
                repetition,
                near: Some(score.near),
                effective_ranks: score.effective_ranks,
                dead_from: score.dead_from,
                failure: None,
                propagation: score.propagation,
            },
            Err(failure) => RepetitionRow {
                repetition,
                near: None,
                effective_ranks: Vec::new(),
                dead_from: None,
                failure: Some(failure.to_string()),
                propagation: None,
            },
        });
        Self {
            architecture: part("architecture", candidate.architecture),
            activation: part("activation", candidate.activation),
            init: part("init", Some(candidate.init)),
            parameters: candidate.parameters,
            repetitions: repetitions.collect(),
        }
    }
}

/// All rows of a study in a format, with a line end.
fn export(store: &Store, study: &Summary, format: RowsFormat) -> Result<Result<String, Failure>, StoreError> {
    let mut candidates = Vec::new();
    store.recorded(study.id, &mut |candidate| candidates.push(candidate))?;
    Ok(match format {
        RowsFormat::Csv => csv(candidates).map_err(|e| Failure::Run(e.to_string())),
        RowsFormat::Jsonl => json_lines(&candidates.into_iter().map(CandidateRows::new).collect::<Vec<_>>()),
        RowsFormat::Json => {
            let content: Value = serde_json::from_str(&study.content).unwrap_or_default();
            let candidates: Vec<_> = candidates.into_iter().map(CandidateRows::new).collect();
            let whole = serde_json::json!({"study": study, "content": content, "candidates": candidates});
            json(&whole)
        }
    })
}

/// A cell that a spreadsheet takes for text: what begins as a formula gets an apostrophe before it.
fn as_text(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@']) { format!("'{cell}") } else { cell }
}

fn csv(candidates: Vec<Recorded>) -> Result<String, Box<dyn std::error::Error>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "architecture",
        "activation",
        "init",
        "parameters",
        "repetition",
        "near",
        "dead_from",
        "failure",
        "effective_ranks",
    ])?;
    for candidate in candidates {
        for (repetition, result) in candidate.results {
            let score = result.as_ref().ok();
            let ranks: Vec<_> = score.iter().flat_map(|s| &s.effective_ranks).map(ToString::to_string).collect();
            writer.write_record([
                as_text(candidate.architecture.clone().unwrap_or_default()),
                as_text(candidate.activation.clone().unwrap_or_default()),
                as_text(candidate.init.clone()),
                candidate.parameters.to_string(),
                repetition.to_string(),
                score.map(|s| s.near.to_string()).unwrap_or_default(),
                score.and_then(|s| s.dead_from).map(|layer| layer.to_string()).unwrap_or_default(),
                as_text(result.as_ref().err().map(ToString::to_string).unwrap_or_default()),
                ranks.join(" "),
            ])?;
        }
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}
