//! A choice brought home: a Python module that changes the PyTorch model which was ranked.

use std::collections::BTreeSet;

use neartop_core::activation::Activation;
use neartop_core::init::Law;
use neartop_core::network::{Init, Node, Stored};
use neartop_core::start::Drawing;

use super::pytorch::{TRUNCATED_NORMAL, UNIT_VARIANCE, draw};
use super::source::{Source, comment};
use super::writer::{Chosen, ExportError};
use crate::model::Found;
use crate::preset::Brought;

/// Writes `apply(model)` for the model that the preset brings.
///
/// # Errors
/// If a weight cannot be set by the name of its parameter.
pub fn write(chosen: &Chosen<'_>, brought: &Brought) -> Result<String, ExportError> {
    let drawing = Drawing::new(&chosen.init, chosen.preset.search.bias, chosen.fill.as_ref());
    let laws = laws(chosen, &drawing);
    let rescaled = rescaled(&laws)?;
    let mut out = Source::default();
    out.line(format!("# {}", comment(&chosen.note)));
    out.line("# Puts this choice into the PyTorch model that was ranked.");
    out.line("");
    if laws.iter().any(|(.., law)| matches!(law, Law::TruncatedNormal { .. })) {
        out.line("import math");
    }
    out.line("import warnings");
    out.line("");
    out.line("import torch");
    out.line("from torch import nn");
    let (slots, apart): (Vec<_>, Vec<_>) =
        slots(chosen, brought).partition(|(found, _)| is_one(&calls(found, chosen, brought)));
    classes(&mut out, &slots);
    if laws.iter().any(|(.., law)| matches!(law, Law::TruncatedNormal { .. })) {
        out.block(TRUNCATED_NORMAL);
    }
    if !rescaled.is_empty() {
        out.block(UNIT_VARIANCE);
    }
    let batch = if rescaled.is_empty() { "" } else { "batch, " };
    out.block(&format!("\n\n@torch.no_grad()\ndef apply(model, {batch}seed={}):", chosen.preset.seed));
    out.indent(|out| {
        out.line(
            "\"\"\"Initializes `model` in place by the names of its parameters, replaces its activation modules, and",
        );
        out.line("returns it. What stands as a function in the source is said in a warning.\"\"\"");
        activations(out, &slots);
        for said in
            apart.iter().map(|(found, _)| differing(found, &calls(found, chosen, brought))).collect::<BTreeSet<_>>()
        {
            out.line(format!("warnings.warn({:?}, stacklevel=2)", comment(&said)));
        }
        if matches!(chosen.init, Init::AsGiven) {
            out.line("# Its weights stay as they are.");
        } else {
            out.line("with torch.random.fork_rng():");
            out.indent(|out| {
                out.line("torch.manual_seed(seed)");
                for (node, weight, stored, law) in &laws {
                    let tensor = tensor(stored);
                    draw(out, &node.weights[*weight], *law, &tensor);
                    if let Some(row) = node.operation.blank_row() {
                        out.line(format!("{tensor}[{row}].zero_()"));
                    }
                }
                for (_, target, tolerance) in rescaled.iter().take(1) {
                    let names: Vec<_> = rescaled.iter().map(|(name, ..)| format!("{name:?}")).collect();
                    out.line(format!("unit_variance(model, [{}], batch, {target:?}, {tolerance:?})", names.join(", ")));
                }
            });
        }
        out.line("return model");
    });
    Ok(out.finish())
}

/// Every weight that is set: its node, its place there, its parameter and its law.
fn laws<'a>(chosen: &'a Chosen<'_>, drawing: &Drawing<'_>) -> Vec<(&'a Node, usize, &'a Stored, Law)> {
    let mut laws = Vec::new();
    for node in &chosen.preset.network.nodes {
        let Some(origin) = &node.origin else { continue };
        for (at, weight) in node.weights.iter().enumerate().filter(|(_, weight)| node.owner(weight.name).is_none()) {
            let stored = origin.parameters.iter().find(|(name, _)| *name == weight.name);
            laws.extend(stored.map(|(_, stored)| (node, at, stored, drawing.law(node, weight))));
        }
    }
    laws
}

/// The modules whose weights are rescaled on data, with the target and the tolerance.
fn rescaled(laws: &[(&Node, usize, &Stored, Law)]) -> Result<Vec<(String, f64, f64)>, ExportError> {
    let mut found = Vec::new();
    for (node, _, stored, law) in laws {
        let Law::UnitVariance { target_std, tolerance } = law else { continue };
        match stored.name.strip_suffix(".weight") {
            Some(module) if stored.rows.is_none() && !stored.is_transposed => {
                found.push((module.to_owned(), *target_std, *tolerance));
            }
            _ => return Err(ExportError::unsupported("PyTorch", node, "lsuv")),
        }
    }
    Ok(found)
}

/// A parameter, or what of it is the weight.
fn tensor(stored: &Stored) -> String {
    let rows = stored.rows.map_or_else(String::new, |[first, count]| format!("[{first}:{}]", first + count));
    let turned = if stored.is_transposed { ".t()" } else { "" };
    format!("model.get_parameter({:?}){rows}{turned}", stored.name)
}

/// The searched activations of the model, each with what takes its place.
fn slots<'a>(chosen: &'a Chosen<'_>, brought: &'a Brought) -> impl Iterator<Item = (&'a Found, &'a Activation)> {
    brought.activations.iter().filter_map(|found| Some((found, filled(found, chosen)?)))
}

fn filled<'a>(found: &Found, chosen: &'a Chosen<'_>) -> Option<&'a Activation> {
    chosen.fill.as_ref()?.of(found.slot.as_deref()?)
}

/// What was ranked in the place of each call of a module; of a function, of one call.
fn calls<'a>(of: &'a Found, chosen: &'a Chosen<'_>, brought: &'a Brought) -> Vec<&'a Activation> {
    let same = brought.activations.iter().filter(|other| match of.is_module {
        true => other.is_module && other.module == of.module,
        false => other.node == of.node,
    });
    same.map(|one| filled(one, chosen).unwrap_or(&one.activation)).collect()
}

fn is_one(calls: &[&Activation]) -> bool {
    calls.windows(2).all(|pair| pair[0] == pair[1])
}

/// That one module cannot be what was ranked in the places of its calls.
fn differing(found: &Found, calls: &[&Activation]) -> String {
    let (count, own) = (calls.len(), &found.activation);
    let ranked = calls.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    format!(
        "{}: {} is called {count} times, and was ranked as {ranked}; it stays {own}: give each call a module of its own",
        found.source, found.module
    )
}

/// The constructor of an activation's module.
fn constructor(activation: &Activation) -> String {
    let template = activation.entry().pytorch;
    match template.starts_with("nn.") {
        true => activation.fill(template),
        false => format!("{}()", class(activation)),
    }
}

fn class(activation: &Activation) -> String {
    let words = activation.name().split('_').map(|word| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    });
    words.collect()
}

/// Classes of the activations that PyTorch does not have.
fn classes(out: &mut Source, slots: &[(&Found, &Activation)]) {
    let mut written: Vec<&Activation> = Vec::new();
    for (_, activation) in slots {
        if activation.entry().pytorch.starts_with("nn.") || written.contains(activation) {
            continue;
        }
        written.push(activation);
        out.block(&format!("\n\nclass {}(nn.Module):", class(activation)));
        out.indent(|out| {
            out.line(format!("\"\"\"{}\"\"\"", activation.entry().formula));
            out.line("");
            out.line("def forward(self, x):");
            out.indent(|out| out.line(format!("return {}", activation.fill(activation.entry().pytorch))));
        });
    }
}

/// Replaces modules, and says what stands in the source.
fn activations(out: &mut Source, slots: &[(&Found, &Activation)]) {
    let mut written = Vec::new();
    for (found, activation) in slots.iter().filter(|(found, activation)| found.activation != **activation) {
        let line = if found.is_module {
            let (parent, name) = found.module.rsplit_once('.').unwrap_or(("", &found.module));
            format!("setattr(model.get_submodule({parent:?}), {name:?}, {})", constructor(activation))
        } else {
            let said = format!("{}: change {} to {}", found.source, found.activation, activation);
            format!("warnings.warn({:?}, stacklevel=2)", comment(&said))
        };
        // What is called several times stands once.
        if !written.contains(&line) {
            written.push(line.clone());
            out.line(line);
        }
    }
}
