//! Which columns of a table are features, and which are labels.

use std::path::Path;

use super::super::file::{is_data_file, shown, unreadable};
use super::super::{Columns, DataError};
use super::cell;
use super::dialect::Dialect;
use neartop_core::catalog::nearest;

/// The columns of a table by their places.
#[derive(Debug, Clone)]
pub struct Chosen {
    pub names: Vec<String>,
    /// In the order of the features.
    pub features: Vec<usize>,
    pub labels: Vec<usize>,
}

impl Chosen {
    /// Finds the columns that are asked for.
    ///
    /// # Errors
    /// If one is not there.
    pub fn find(path: &Path, dialect: &Dialect, columns: &Columns, labels: &[String]) -> Result<Self, DataError> {
        let names = names(dialect);
        let find = |key: &str, asked: &String| place(path, &names, dialect.header, key, asked);
        let all = |key: &str, asked: &[String]| asked.iter().map(|name| find(key, name)).collect::<Result<Vec<_>, _>>();
        let labels = all("labels", labels)?;
        let row_names = usize::from(dialect.row_names);
        let mut features = match columns {
            Columns::All => (row_names..names.len()).collect(),
            Columns::Only(asked) => all("columns", asked)?,
            Columns::Without(asked) => {
                let without = all("drop", asked)?;
                (row_names..names.len()).filter(|column| !without.contains(column)).collect()
            }
        };
        features.retain(|column| !labels.contains(column));
        Ok(Self { names, features, labels })
    }

    /// A column as a preset may name it.
    pub fn in_preset(&self, column: usize) -> String {
        let name = &self.names[column];
        let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
        let starts = name.starts_with(char::is_alphanumeric);
        let reserved = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
        match name.is_empty() || self.names.iter().filter(|other| *other == name).count() > 1 {
            true => (column + 1).to_string(),
            false if starts && name.chars().all(is_plain) && !reserved.contains(&name.to_lowercase().as_str()) => {
                name.clone()
            }
            false => serde_json::to_string(name).unwrap_or_else(|_| (column + 1).to_string()),
        }
    }
}

/// What the columns are called: as the header says, or by their places from 1.
fn names(dialect: &Dialect) -> Vec<String> {
    let count = dialect.width - usize::from(dialect.trailing);
    if !dialect.header {
        return (1..=count).map(|column| column.to_string()).collect();
    }
    let first = dialect.first.iter().map(|cell| cell::decode(cell.trim_ascii()));
    let row_names = dialect.row_names.then(String::new);
    row_names.into_iter().chain(first).take(count).collect()
}

/// The column of a name, or of a place from 1.
fn place(path: &Path, names: &[String], header: bool, key: &str, asked: &str) -> Result<usize, DataError> {
    let mut called = (0..names.len()).filter(|column| names[*column] == asked);
    match (called.next(), called.next()) {
        (Some(column), None) => return Ok(column),
        (Some(one), Some(other)) => {
            let places = format!("{} and {}", one + 1, other + 1);
            let name = shown(asked);
            return Err(unreadable(path, format!("columns {places} are both called `{name}`; name one by its place")));
        }
        _ => {}
    }
    if let Some(column) = asked.parse::<usize>().ok().and_then(|place| place.checked_sub(1))
        && column < names.len()
    {
        return Ok(column);
    }
    let hint = match nearest(asked, names.iter().map(String::as_str)).filter(|_| header) {
        Some(near) => format!("did you mean `{}`?", shown(near)),
        None if header => {
            let some: Vec<_> = names.iter().take(10).map(|n| shown(n)).collect();
            let more = if names.len() > 10 { ", ..." } else { "" };
            format!("its {} columns are {}{more}", names.len(), some.join(", "))
        }
        None => format!("it has no header, so its columns are called 1 to {}", names.len()),
    };
    let hint = match key == "labels" && is_data_file(Path::new(asked)) {
        true => format!("nor is there such a file beside the preset; {hint}"),
        false => hint,
    };
    Err(unreadable(path, format!("no column is called `{}`, as `{key}` says; {hint}", shown(asked))))
}
