//! ATen operators in the words of programs.

use super::arguments::Arguments;
use super::{layers, plain};
use crate::model::program::{Op, Operand};

/// What an operator does and what it takes.
pub type Known = (Op, Vec<Option<Operand>>);

/// An operator in the words of programs; none where it is not known.
///
/// # Errors
/// If its arguments are not known.
pub fn read(operator: &str, arguments: &Arguments<'_>) -> Result<Option<Known>, String> {
    let name = operator.trim_start_matches("_operator.").trim_start_matches("operator.");
    let family = name.split('.').next().unwrap_or_default();
    let is_logic = family.starts_with("__");
    let family = if is_logic { family } else { family.trim_end_matches('_') };
    for table in [layers::read, layers::activation, plain::read, plain::rearrangement] {
        if let Some(known) = table(family, arguments)? {
            return Ok(Some(known));
        }
    }
    Ok(None)
}
