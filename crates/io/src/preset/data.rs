//! The data of a preset.

pub mod array;
mod table;

use std::path::{Path, PathBuf};

use neartop_core::shape::{Form, Layout};
use serde_yaml::Value;

use super::choices::word;
use super::values::{map_of, unless, value};
use super::yaml::{Map, Node, Problem};
use crate::data::{DIGITS, DataFrom, DataSpec, FileSpec, LabelsFrom, Scale, is_data_file, labels_are_a_file};
use array::{read_arrays, write_arrays};
use table::{read_names, read_table, write_table};

/// Keys of a file.
const OF_FILE: [&str; 1] = ["labels"];

/// What is drawn where a preset names no data.
pub fn drawn_for(input: &Form) -> DataFrom {
    if matches!(input.layout, Layout::Ids { .. }) { DataFrom::Tokens } else { DataFrom::Gaussian }
}

/// Refuses tokens for what takes none, and anything else that is bundled for what takes tokens.
fn check_source(source: &Node<'_>, from: &DataFrom, input: &Form) -> Result<(), Problem> {
    match (from, input.layout) {
        (DataFrom::Tokens, Layout::Ids { .. }) => Ok(()),
        (DataFrom::Tokens, _) => Err(source
            .problem("`tokens` draws numbers of tokens, but the network takes features")
            .help("write `input: {tokens: 64, vocab: 1000}`, or `source: gaussian`")),
        (_, Layout::Ids { .. }) => Err(source
            .problem("the network takes numbers of tokens, which this source does not have")
            .help("write `source: tokens`, or a `path` to whole numbers")),
        _ => Ok(()),
    }
}

/// Reads where samples come from, for a network with this input.
pub fn read_data(node: &Node<'_>, directory: &Path, input: &Form) -> Result<DataSpec, Problem> {
    let of_file = || OF_FILE.into_iter().chain(table::KEYS).chain(array::KEYS);
    let known: Vec<_> = ["source", "classes", "path", "scale"].into_iter().chain(of_file()).collect();
    let map = node.map("data", &known)?;
    let classes = map.get("classes").map(|n| n.whole("the number of classes", 1, DIGITS as u64)).transpose()?;
    let from = match (map.get("source"), map.get("path")) {
        (Some(source), None) => {
            match word(source, "the source", &["digits", "airfoil", "gaussian", "uniform", "tokens"])? {
                "digits" => DataFrom::Digits { classes: classes.map_or(DIGITS, |n| n as usize) },
                "airfoil" => DataFrom::Airfoil,
                "uniform" => DataFrom::Uniform,
                "tokens" => DataFrom::Tokens,
                _ => DataFrom::Gaussian,
            }
        }
        (None, Some(path)) => DataFrom::File(read_file(&map, path, directory)?),
        (Some(_), Some(path)) => {
            return Err(path.key_problem("data come from a `source` or from a `path`, not from both"));
        }
        (None, None) => return Err(node.problem("data needs `source` or `path`")),
    };
    if let Some(source) = map.get("source") {
        check_source(source, &from, input)?;
    }
    if let (Some(classes), false) = (map.get("classes"), matches!(from, DataFrom::Digits { .. })) {
        return Err(classes.key_problem("only `source: digits` has a choice of `classes`"));
    }
    let key = of_file().find_map(|key| Some((key, map.get(key)?)));
    if let (Some((key, node)), false) = (key, matches!(from, DataFrom::File(_))) {
        let belong = if key.ends_with('s') { "belong" } else { "belongs" };
        return Err(node.key_problem(format!("`{key}` {belong} to a `path`; bundled data bring their own")));
    }
    let scale = match map.get("scale") {
        None => Scale::None,
        Some(node) => match word(node, "the scale", &["none", "unit", "standardize", "standardize_features"])? {
            "unit" => Scale::Unit,
            "standardize" => Scale::Standardize,
            "standardize_features" => Scale::StandardizeFeatures,
            _ => Scale::None,
        },
    };
    Ok(DataSpec { from, scale })
}

fn read_file(map: &Map<'_>, path: &Node<'_>, directory: &Path) -> Result<FileSpec, Problem> {
    let path = directory.join(PathBuf::from(path.text("the path")?));
    let labels = map.get("labels").map(|node| read_labels(node, &path, directory)).transpose()?;
    Ok(FileSpec { labels, table: read_table(map)?, arrays: read_arrays(map)?, path })
}

/// The name of a column or an array, a list of names, or a file: what has no columns takes one, and so does a name of a
/// file that is there.
fn read_labels(node: &Node<'_>, path: &Path, directory: &Path) -> Result<LabelsFrom, Problem> {
    let names = read_names(node, "the labels")?;
    match names.as_slice() {
        [] => Err(node.problem("there is no label")),
        [name] => {
            let file = directory.join(name);
            let is_file = labels_are_a_file(path) || (is_data_file(&file) && file.is_file());
            Ok(if is_file { LabelsFrom::File(file) } else { LabelsFrom::Names(names) })
        }
        _ if labels_are_a_file(path) => {
            Err(node.problem("the labels of an array stand in another file, so name one file"))
        }
        _ => Ok(LabelsFrom::Names(names)),
    }
}

/// The data as a preset writes them.
pub fn write_data(data: &DataSpec) -> Value {
    let source = |name: &str| vec![("source", value(name))];
    let mut entries = match &data.from {
        DataFrom::File(file) => {
            let labels = match &file.labels {
                None => None,
                Some(LabelsFrom::File(path)) => value(path.to_string_lossy()),
                Some(LabelsFrom::Names(names)) => match names.as_slice() {
                    [name] => value(name),
                    names => value(names),
                },
            };
            let mut entries = vec![("path", value(file.path.to_string_lossy())), ("labels", labels)];
            entries.extend(write_table(&file.table));
            entries.extend(write_arrays(&file.arrays));
            entries
        }
        DataFrom::Digits { classes } => vec![("source", value("digits")), ("classes", unless(*classes, DIGITS))],
        DataFrom::Airfoil => source("airfoil"),
        DataFrom::Gaussian => source("gaussian"),
        DataFrom::Uniform => source("uniform"),
        DataFrom::Tokens => source("tokens"),
    };
    entries.push(("scale", unless(data.scale, Scale::None)));
    map_of(entries.into_iter().filter_map(|(key, value)| Some((key, value?))).collect())
}
