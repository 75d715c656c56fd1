//! ATen operators in the words of programs.

use super::arguments::{Arguments, Known};
use super::{layers, plain};
use crate::model::program::{Op, Plain};

/// An operator without its overload, and without the mark of one that changes what it takes: `relu`.
pub fn family(operator: &str) -> &str {
    let name = operator.trim_start_matches("_operator.").trim_start_matches("operator.");
    let family = name.split('.').next().unwrap_or_default();
    if family.starts_with("__") { family } else { family.trim_end_matches('_') }
}

/// Whether an operator draws numbers, other than a dropout does.
pub fn is_random(operator: &str) -> bool {
    let family = family(operator);
    ["rand", "normal", "bernoulli", "multinomial", "poisson", "exponential", "uniform"]
        .iter()
        .any(|begin| family.starts_with(begin) || family.starts_with(&format!("new_{begin}")))
}

/// An operator in the words of programs; none where it is not known.
///
/// # Errors
/// If its arguments are not known.
pub fn read(operator: &str, arguments: &Arguments<'_>) -> Result<Option<Known>, String> {
    let family = family(operator);
    if operator == "neartop.scatter" {
        let parts = arguments.lists("slices").into_iter().filter_map(|slice| match slice.as_slice() {
            [Some(axis), start, end, step] => Some((isize::try_from(*axis).ok()?, [*start, *end, *step])),
            _ => None,
        });
        return Ok(Some((Op::Plain(Plain::Scatter(parts.collect())), vec![arguments.at(0), arguments.at(1)])));
    }
    for table in [layers::read, layers::activation, plain::read, plain::rearrangement] {
        if let Some(known) = table(family, arguments)? {
            return Ok(Some(known));
        }
    }
    Ok(None)
}
