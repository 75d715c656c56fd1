//! What a file that only holds tensors leaves open: whether layers share one, and whether it is a parameter.

use std::collections::BTreeSet;

use super::names::{is_constant, takers};
use crate::model::program::{Op, Program, Step};

fn is_matrix(step: &Step, role: &str) -> bool {
    matches!(step.op, Op::Linear { .. } | Op::Convolution(_) | Op::Recurrent(_)) && role.starts_with("weight")
}

/// That layers of several modules have one matrix, where some do: exporters store equal tensors once.
pub fn stored_once(program: &Program) -> Option<String> {
    // Layers of constants are told apart.
    let is_constant = |name: &str| program.stored.values().any(|stored| stored.name == name && is_constant(stored));
    let several =
        takers(program, &is_matrix).into_iter().filter(|(name, modules)| modules.len() > 1 && !is_constant(name));
    let groups: BTreeSet<_> = several.map(|(_, modules)| modules).collect();
    let mut first: Vec<_> = groups.first()?.iter().cloned().collect();
    let last = first.pop()?;
    let more = match groups.len() - 1 {
        0 => String::new(),
        1 => ", and so do others of one more group".to_owned(),
        more => format!(", and so do others of {more} more groups"),
    };
    Some(format!(
        "the layers {} and {last} share their weights{more}: the file stores equal tensors once, so they are drawn and counted once. If \
         they only start alike, as the layers of a new nn.TransformerEncoder do, export a .pt2, which tells them apart, or give them \
         weights of their own before the export",
        first.join(", ")
    ))
}

/// That tensors are taken as weights which have a name as buffers have it, not as parameters of layers do.
pub fn unsure_weights(program: &Program) -> Option<String> {
    let names: Vec<_> = takers_of_any(program).into_iter().filter(|name| is_unusual(name)).collect();
    let (first, more) = (names.first()?, names.len() - 1);
    let more = if more == 0 { String::new() } else { format!(" (and {more} more)") };
    Some(format!(
        "`{first}`{more} is taken as the weight of a layer, which is drawn and counted: the file does not say whether it is a buffer. If it \
         is, export a .pt2, which says so"
    ))
}

/// The names of matrices that layers take.
fn takers_of_any(program: &Program) -> BTreeSet<String> {
    let matrices =
        program.steps.iter().filter(|step| is_matrix(step, "weight") && !matches!(step.op, Op::Recurrent(_)));
    let names = matrices.filter_map(|step| super::links::name(step.operands.get(1)));
    names.filter_map(|name| program.stored.get(name)).map(|stored| stored.name.clone()).collect()
}

/// Whether a user gave it a name that no layer's weight has. What exporters make up ends in a number, or has signs of its own.
fn is_unusual(name: &str) -> bool {
    let leaf = name.rsplit('.').next().unwrap_or(name);
    let is_word = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
    let ends_in_number = leaf.rsplit('_').next().is_some_and(|end| end.chars().all(|c| c.is_ascii_digit()));
    let is_usual = ["weight", "kernel"].iter().any(|usual| leaf.contains(usual));
    is_word && !ends_in_number && !is_usual && leaf.chars().next().is_some_and(char::is_alphabetic)
}
