//! ATen operators that are several steps.

mod numbers;
mod order;
mod places;
mod steps;

use super::arguments::Arguments;
use super::operators;
use super::schema::{Graph, Node};
use crate::model::program::Step;
use steps::{Steps, Table};

const TABLES: [Table; 8] = [
    order::order,
    order::noise,
    order::bounds,
    numbers::functions,
    numbers::sums,
    places::rearrangement,
    places::windows,
    places::constants,
];

/// The steps of a node; none where it is no operator of several.
///
/// # Errors
/// If its arguments are not known.
pub fn read(node: &Node, graph: &Graph) -> Result<Option<Vec<Step>>, String> {
    let operator = node.operator();
    let (family, arguments) = (operators::family(&operator), Arguments::of(node));
    let mut steps = Steps::of(node, graph);
    for table in TABLES {
        if let Some(values) = table(&mut steps, family, &arguments)? {
            return Ok(Some(steps.finish(values)));
        }
    }
    Ok(None)
}
