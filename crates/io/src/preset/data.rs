//! The data of a preset.

use std::path::{Path, PathBuf};

use neartop_core::shape::{Form, Layout};

use super::choices::word;
use super::yaml::{Node, Problem};
use crate::data::{DIGITS, DataFrom, DataSpec, Scale, labels_are_a_file};

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
    let map = node.map("data", &["source", "classes", "path", "labels", "scale"])?;
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
        (None, Some(path)) => {
            let path = directory.join(PathBuf::from(path.text("the path")?));
            let labels = map.get("labels").map(|n| n.text("labels")).transpose()?;
            let labels = labels.map(|labels| match labels_are_a_file(&path) {
                true => directory.join(labels).to_string_lossy().into_owned(),
                false => labels.to_owned(),
            });
            DataFrom::File { path, labels }
        }
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
    if let (Some(labels), false) = (map.get("labels"), matches!(from, DataFrom::File { .. })) {
        return Err(labels.key_problem("`labels` belong to a `path`; bundled data bring their own"));
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
