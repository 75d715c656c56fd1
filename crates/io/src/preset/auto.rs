//! Sizes that follow from the data: `input: auto`, and `linear: auto` for the last layer.

use std::cell::{OnceCell, RefCell};
use std::path::Path;

use super::data::read_data;
use super::yaml::{Node, Problem};
use crate::data::{DataError, Labels, Source, open};
use neartop_core::shape::{Form, Shape};

/// The data of a preset, opened only where something is `auto`.
pub struct Auto<'a> {
    root: &'a Node<'a>,
    directory: &'a Path,
    opened: OnceCell<Box<dyn Source>>,
    /// What was found, to be said once.
    found: RefCell<Vec<String>>,
}

/// Whether a size is to follow from the data.
pub fn is_auto(node: &Node<'_>) -> bool {
    node.as_str() == Some("auto")
}

impl<'a> Auto<'a> {
    pub fn new(root: &'a Node<'a>, directory: &'a Path) -> Self {
        Self { root, directory, opened: OnceCell::new(), found: RefCell::default() }
    }

    /// What was found.
    pub fn remarks(self) -> Vec<String> {
        let mut found = self.found.into_inner();
        found.dedup();
        found
    }

    /// What the samples are.
    pub fn input(&self, node: &Node<'_>) -> Result<Form, Problem> {
        let shape = self.source(node)?.shape().clone();
        let written = match shape.0.as_slice() {
            [features] => features.to_string(),
            [_, _, _] => format!("{:?}", shape.0),
            _ => return Err(unclear(node, &shape)),
        };
        self.found.borrow_mut().push(format!("`input: auto` is `input: {written}`, as the samples are"));
        Ok(Form::of_input(shape))
    }

    /// As many as there are classes, or one for a number.
    pub fn outputs(&self, node: &Node<'_>) -> Result<usize, Problem> {
        let labels = self.source(node)?.labels().map_err(|error| failed(node, &error))?;
        let (outputs, why) = match labels {
            Some(Labels::Classes { count, .. }) => (count, "one for each class"),
            Some(Labels::Values(_)) => (1, "for the number that is learnt"),
            Some(Labels::Several { width, .. }) => (width, "one for each of the labels"),
            None => {
                let problem = node.problem("`auto` is as wide as the labels have classes, and the data have no labels");
                return Err(problem.help("name them by `labels` in `data`, or write the number of outputs"));
            }
        };
        self.found.borrow_mut().push(format!("`linear: auto` is `linear: {outputs}`, {why}"));
        Ok(outputs)
    }

    fn source(&self, node: &Node<'_>) -> Result<&dyn Source, Problem> {
        if let Some(source) = self.opened.get() {
            return Ok(source.as_ref());
        }
        let Some(data) = self.root.at("data") else {
            let problem = node.problem("`auto` follows from data, and the preset names none");
            return Err(problem.help("name some under `data`, or write the size"));
        };
        // Drawn samples have no shape of their own, whatever the network takes.
        let spec = read_data(&data, self.directory, &Form::features(1))?;
        let source = open(&spec.from).map_err(|error| match data.at("path") {
            Some(path) => {
                path.problem(format!("`auto` follows from the data: {error}")).help("mend them, or name others")
            }
            None => failed(node, &error),
        })?;
        Ok(self.opened.get_or_init(|| source).as_ref())
    }
}

fn failed(node: &Node<'_>, error: &DataError) -> Problem {
    node.problem(format!("`auto` follows from the data: {error}")).help("write the size, or name other data")
}

/// Samples that could be several things.
fn unclear(node: &Node<'_>, shape: &Shape) -> Problem {
    let problem = node.problem(format!("the samples are {shape}, which does not say what their axes are"));
    match shape.0[..] {
        [rows, columns] => problem.help(format!(
            "write `[1, {rows}, {columns}]` for images, `[{rows}, {columns}]` for channels x length, \
             `{{tokens: {rows}, features: {columns}}}`, or `{}` for features",
            rows.saturating_mul(columns)
        )),
        _ => problem.help("write a number of features, [channels, length] or [channels, height, width]"),
    }
}
