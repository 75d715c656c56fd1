//! Known values to compare NEAR with.

use std::collections::HashMap;
use std::path::Path;

use serde_yaml::Value;

use super::choices::{Listed, word};
use super::tables::{Row, Table};
use super::values::{map, value};
use super::yaml::{self, Node, Problem, printable};
use neartop_core::nas::Architecture;
use neartop_core::network::{Fill, Init};

/// A table of known values, such as trained accuracies.
#[derive(Debug, Clone, PartialEq)]
pub struct Truth {
    pub path: String,
    pub keys: Vec<TruthKey>,
    /// The name of the column of values.
    pub value: String,
    values: HashMap<Vec<String>, f64>,
}

/// A column that says which candidate a row is about, called so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TruthKey {
    Arch,
    Activation,
    Init,
}

impl TruthKey {
    const ALL: [Self; 3] = [Self::Arch, Self::Activation, Self::Init];
    const NAMES: [&'static str; 3] = ["arch", "activation", "init"];

    fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// A cell in the form in which candidates are shown.
    fn normal(self, cell: &str) -> String {
        match self {
            Self::Arch => cell.to_owned(),
            Self::Activation => shown::<Fill>(cell),
            Self::Init => shown::<Init>(cell),
        }
    }
}

/// A choice written as in YAML, as it is shown; any other text as it is.
fn shown<C: Listed>(cell: &str) -> String {
    let choice = |value: Value| C::read(&Node::root(&value)).ok();
    yaml::parse(cell).ok().and_then(choice).map_or_else(|| cell.to_owned(), |choice: C| choice.to_string())
}

impl Truth {
    /// The known value of a candidate, if the table has it.
    #[must_use]
    pub fn of(&self, architecture: Option<&Architecture>, fill: Option<&Fill>, init: &Init) -> Option<f64> {
        let value = |activation: Option<String>| {
            let key = self.keys.iter().map(|key| match key {
                TruthKey::Arch => architecture.map(ToString::to_string),
                TruthKey::Activation => activation.clone(),
                TruthKey::Init => Some(init.to_string()),
            });
            self.values.get(&key.collect::<Option<Vec<_>>>()?).copied()
        };
        // Where one slot is filled, its activation may stand alone.
        let alone = || match fill?.parts().as_slice() {
            [(_, activation)] => value(Some(activation.to_string())),
            _ => None,
        };
        value(fill.map(ToString::to_string)).or_else(alone)
    }

    pub(super) fn write(&self) -> Value {
        let names: Vec<_> = self.keys.iter().map(|key| key.name()).collect();
        let key = if let [one] = names.as_slice() { value(one) } else { value(&names) };
        map([("path", value(&self.path)), ("key", key), ("value", value(&self.value))])
    }
}

/// Reads `truth`.
pub fn read_truth(node: &Node<'_>, ranks_architectures: bool, directory: &Path) -> Result<Truth, Problem> {
    let map = node.map("truth", &["path", "key", "value"])?;
    let keys = match map.get("key") {
        None if ranks_architectures => vec![TruthKey::Arch],
        None => vec![TruthKey::Activation, TruthKey::Init],
        Some(node) => read_keys(node, ranks_architectures)?,
    };
    let path = map.need("path")?;
    let table = Table::open(path, "the table of known values", directory)?;
    let place = map.get("key").unwrap_or(path);
    let columns = keys.iter().map(|key| table.column(place, key.name())).collect::<Result<Vec<_>, _>>()?;
    let column = map.need("value")?;
    let name = column.text("the name of the column of values")?;
    let values_at = table.column(column, name)?;
    let mut values = HashMap::with_capacity(table.rows.len());
    for row in &table.rows {
        let wrong = |what: String| path.problem(format!("line {} of {}: {what}", row.line, printable(&table.path)));
        let Some(known) = number(row, values_at).map_err(wrong)? else { continue };
        let key: Vec<_> = keys.iter().zip(&columns).map(|(key, column)| key.normal(row.cell(*column))).collect();
        if values.insert(key, known).is_some() {
            return Err(wrong("it is about the same candidate as an earlier line".to_owned()));
        }
    }
    Ok(Truth { path: table.path, keys, value: name.to_owned(), values })
}

/// The number in a cell; none if the cell is empty.
fn number(row: &Row, column: usize) -> Result<Option<f64>, String> {
    match row.cell(column) {
        "" => Ok(None),
        text => match text.parse::<f64>() {
            Ok(x) if x.is_finite() => Ok(Some(x)),
            _ => Err(format!("`{}` is no finite number", printable(text))),
        },
    }
}

fn read_keys(node: &Node<'_>, ranks_architectures: bool) -> Result<Vec<TruthKey>, Problem> {
    let nodes = if node.is_list() { node.list("the keys")? } else { vec![node.clone()] };
    let mut keys = Vec::new();
    for node in &nodes {
        let name = word(node, "the key", &TruthKey::NAMES)?;
        let Some(key) = TruthKey::ALL.into_iter().find(|key| key.name() == name) else { continue };
        if key == TruthKey::Arch && !ranks_architectures {
            let problem = node.problem("the key cannot be `arch`, for no architectures are ranked");
            return Err(problem.help("add `search.architectures`, or take the keys `activation` and `init`"));
        }
        if keys.contains(&key) {
            return Err(node.problem(format!("the key `{name}` stands here twice")));
        }
        keys.push(key);
    }
    if keys.is_empty() {
        return Err(node.problem("there is no key").help("such as `key: arch`"));
    }
    Ok(keys)
}
