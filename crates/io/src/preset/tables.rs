//! Tables that presets refer to: CSV files with a header, beside the preset or carried by the program.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::yaml::{Node, Problem, printable};
use neartop_core::catalog::nearest;
use neartop_presets::bundled_table;

/// The largest table that is read.
const MOST_BYTES: u64 = 64 << 20;
/// How the path of a table begins that the program carries.
const BUNDLED: &str = "bundled:";

/// A table in memory.
#[derive(Debug)]
pub struct Table {
    /// As a preset can say it anywhere: with the preset's folder before it, or `bundled:NAME`.
    pub path: String,
    header: Vec<String>,
    pub rows: Vec<Row>,
}

/// A row and where it stands.
#[derive(Debug)]
pub struct Row {
    /// From 1.
    pub line: u64,
    cells: csv::StringRecord,
}

impl Row {
    pub fn cell(&self, column: usize) -> &str {
        self.cells.get(column).unwrap_or_default().trim()
    }
}

impl Table {
    /// Reads the table that the text at `node` names.
    pub fn open(node: &Node<'_>, what: &str, directory: &Path) -> Result<Self, Problem> {
        let given = node.text(what)?;
        let (path, text) = match given.strip_prefix(BUNDLED) {
            Some(name) => match bundled_table(name) {
                Ok(text) => (given.to_owned(), text.to_owned()),
                Err(known) => {
                    let problem = node.problem(format!("no bundled table is called `{}`", printable(name)));
                    return Err(match nearest(name, known.iter().copied()) {
                        Some(near) => problem.help(format!("did you mean `{BUNDLED}{near}`?")),
                        None => problem.help(format!("there are {}", known.join(", "))),
                    });
                }
            },
            None => {
                let path = directory.join(given);
                let text = read(&path).map_err(|reason| {
                    node.problem(format!("cannot read {}: {reason}", printable(&path.display().to_string())))
                })?;
                (path.to_string_lossy().into_owned(), text)
            }
        };
        // Of a line end of two characters the reader counts the second as part of the next line.
        let text = text.replace("\r\n", "\n");
        let fail = |error: csv::Error| node.problem(format!("{}: {error}", printable(&path)));
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::Headers).from_reader(text.as_bytes());
        let header = reader.headers().map_err(fail)?.iter().map(str::to_owned).collect();
        let mut rows = Vec::new();
        for record in reader.records() {
            let cells = record.map_err(fail)?;
            rows.push(Row { line: cells.position().map_or(0, csv::Position::line), cells });
        }
        Ok(Self { path, header, rows })
    }

    /// The place of the column called `name`; a missing one is a problem of `node`.
    pub fn column(&self, node: &Node<'_>, name: &str) -> Result<usize, Problem> {
        self.header.iter().position(|column| column == name).ok_or_else(|| {
            let path = printable(&self.path);
            let problem = node.problem(format!("{path} has no column `{}`", printable(name)));
            match nearest(name, self.header.iter().map(String::as_str)) {
                Some(near) => problem.help(format!("did you mean `{}`?", printable(near))),
                None => problem.help(format!("its columns are {}", printable(&self.header.join(", ")))),
            }
        })
    }
}

fn read(path: &Path) -> Result<String, String> {
    let metadata = path.metadata().map_err(|e| e.to_string())?;
    if !metadata.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    if metadata.len() > MOST_BYTES {
        return Err("it is larger than 64 MiB".to_owned());
    }
    let mut text = String::new();
    File::open(path).and_then(|file| file.take(MOST_BYTES).read_to_string(&mut text)).map_err(|e| e.to_string())?;
    Ok(text)
}
