//! The keys that say how a table is read.

use serde_yaml::Value;

use super::super::choices::word;
use super::super::values::value;
use super::super::yaml::{Map, Node, Problem, printable};
use crate::data::{Categories, Columns, Delimiter, Missing, TableSpec};

pub const KEYS: [&str; 7] = ["header", "delimiter", "decimal", "columns", "drop", "missing", "categories"];

/// Reads the keys that are there.
pub fn read_table(map: &Map<'_>) -> Result<TableSpec, Problem> {
    let header = match map.get("header") {
        Some(node) if node.as_str() == Some("auto") => None,
        Some(node) => Some(node.boolean("the header").map_err(|problem| problem.help("or `auto`"))?),
        None => None,
    };
    let decimal = map.get("decimal").map(|node| word(node, "the decimal mark", &["auto", ".", ","])).transpose()?;
    let categories = map.get("categories").map(|node| word(node, "categories", &["error", "one_hot", "ordinal"]));
    Ok(TableSpec {
        header,
        delimiter: map.get("delimiter").map(read_delimiter).transpose()?.flatten(),
        decimal: decimal.filter(|mark| *mark != "auto").and_then(|mark| mark.bytes().next()),
        columns: read_columns(map)?,
        missing: map.get("missing").map_or(Ok(Missing::Error), read_missing)?,
        categories: match categories.transpose()? {
            Some("one_hot") => Categories::OneHot,
            Some("ordinal") => Categories::Ordinal,
            _ => Categories::Error,
        },
    })
}

fn read_delimiter(node: &Node<'_>) -> Result<Option<Delimiter>, Problem> {
    let help = "one of `auto`, `\",\"`, `\";\"`, `tab`, `spaces`, or another character";
    let text = node.text("the delimiter").map_err(|problem| problem.help(help))?;
    Ok(Some(match text {
        "auto" => return Ok(None),
        "tab" | "\t" => Delimiter::Byte(b'\t'),
        "spaces" | "space" | " " => Delimiter::Spaces,
        _ => match text.as_bytes() {
            [byte] if byte.is_ascii_punctuation() && !matches!(byte, b'"' | b'.' | b'-' | b'+' | b'_') => {
                Delimiter::Byte(*byte)
            }
            _ => return Err(node.problem(format!("`{}` is no delimiter", printable(text))).help(help)),
        },
    }))
}

fn read_columns(map: &Map<'_>) -> Result<Columns, Problem> {
    match (map.get("columns"), map.get("drop")) {
        (None, None) => Ok(Columns::All),
        (Some(_), Some(drop)) => {
            Err(drop.key_problem("`columns` says which columns are features, so there is nothing to `drop`"))
        }
        (Some(columns), None) => {
            let names = read_names(columns, "the columns")?;
            match names.is_empty() {
                true => Err(columns.problem("there is no column to take")),
                false => Ok(Columns::Only(names)),
            }
        }
        (None, Some(drop)) => Ok(Columns::Without(read_names(drop, "the columns to drop")?)),
    }
}

/// A name or a place of a column, or a list of them.
pub fn read_names(node: &Node<'_>, what: &str) -> Result<Vec<String>, Problem> {
    if !node.is_list() {
        return Ok(vec![read_name(node, what)?]);
    }
    let names: Vec<_> = node.list(what)?.iter().map(|item| read_name(item, what)).collect::<Result<_, _>>()?;
    match (1..names.len()).find(|i| names[..*i].contains(&names[*i])) {
        Some(twice) => Err(node.problem(format!("`{}` stands here twice", printable(&names[twice])))),
        None => Ok(names),
    }
}

fn read_name(node: &Node<'_>, what: &str) -> Result<String, Problem> {
    match node.as_number() {
        Some(_) => Ok(node.text_of()),
        None => Ok(node.text(&format!("{what}: names or places"))?.to_owned()),
    }
}

fn read_missing(node: &Node<'_>) -> Result<Missing, Problem> {
    if node.is_map() {
        let map = node.map("missing", &["value"])?;
        return Ok(Missing::Value(read_name(map.need("value")?, "the value")?));
    }
    let words = ["error", "drop", "mean", "median"];
    let help = |problem: Problem| match problem.help {
        Some(_) => problem,
        None => problem.help("or `{value: 0}`"),
    };
    Ok(match word(node, "missing", &words).map_err(help)? {
        "drop" => Missing::Drop,
        "mean" => Missing::Mean,
        "median" => Missing::Median,
        _ => Missing::Error,
    })
}

/// The keys that say something, as a preset writes them.
pub fn write_table(table: &TableSpec) -> Vec<(&'static str, Option<Value>)> {
    let (only, without) = match &table.columns {
        Columns::All => (None, None),
        Columns::Only(names) => (value(names), None),
        Columns::Without(names) => (None, value(names)),
    };
    let missing = match &table.missing {
        Missing::Error => None,
        Missing::Drop => value("drop"),
        Missing::Mean => value("mean"),
        Missing::Median => value("median"),
        Missing::Value(text) => value([("value", text)].into_iter().collect::<std::collections::BTreeMap<_, _>>()),
    };
    let categories = match table.categories {
        Categories::Error => None,
        Categories::OneHot => value("one_hot"),
        Categories::Ordinal => value("ordinal"),
    };
    vec![
        ("header", table.header.and_then(value)),
        ("delimiter", table.delimiter.and_then(|delimiter| value(delimiter.name()))),
        ("decimal", table.decimal.and_then(|mark| value(char::from(mark)))),
        ("columns", only),
        ("drop", without),
        ("missing", missing),
        ("categories", categories),
    ]
}
