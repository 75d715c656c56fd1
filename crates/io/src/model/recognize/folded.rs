//! Batch norms that an exporter made part of the layers before them.

use super::dense::other;
use super::links::{Links, name, output};
use crate::model::program::{Binary, Op, Plain, Program, Step};

/// Layers that batch norms seem to be part of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folded {
    pub layers: usize,
    /// Whether all of them are convolutions.
    pub are_convolutions: bool,
    /// Where the first stands.
    pub first: String,
}

impl std::fmt::Display for Folded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (count, first) = (self.layers, &self.first);
        let kind = if self.are_convolutions { "convolution" } else { "layer" };
        let what = if count == 1 { format!("a {kind}") } else { format!("{count} {kind}s") };
        write!(f, "batch norms seem to be folded into {what} (the first is {first}), so they are not scored as layers")
    }
}

impl Folded {
    /// How to export so that they are kept.
    #[must_use]
    pub fn help(&self) -> &'static str {
        "keep them with torch.export.save(torch.export.export(model, (x,)), \"model.pt2\"), or in ONNX with \
         torch.onnx.export(model, (x,), \"model.onnx\", optimize=False)"
    }
}

/// Whether batch norms seem to be folded into convolutions or dense layers: a file of PyTorch's exporters, whose layers have
/// weights or results that are called after one.
#[must_use]
pub fn folded_batch_norms(program: &Program) -> Option<Folded> {
    let folded: Vec<_> = program.steps.iter().filter(|step| is_folded(step)).collect();
    let first = folded.first()?;
    let name = if first.module.is_empty() { &first.place } else { &first.module };
    let are_convolutions = folded.iter().all(|step| matches!(step.op, Op::Convolution(_)));
    Some(Folded { layers: folded.len(), are_convolutions, first: name.clone() })
}

/// What normalizes by vectors that an exporter computed beforehand, where something does: of a batch norm the mean, a factor and
/// a summand are left, and not which part of the factor is its weight.
#[must_use]
pub fn computed_beforehand(program: &Program) -> Option<String> {
    let links = Links::of(program);
    let vector = |step: &Step, function: Binary, before: &str| {
        let constant = program.stored.get(other(step, before)?)?;
        let is_vector = constant.tensor.dims().iter().filter(|size| **size > 1).count() == 1;
        let is_such = step.op == Op::Plain(Plain::Binary(function)) && is_vector && !constant.is_trained;
        is_such.then(|| constant.tensor.elem_count())
    };
    let starts = |step: &&Step| {
        let count = vector(step, Binary::Subtract, name(step.operands.first())?)?;
        let factor = &program.steps[links.only_user(output(step))?];
        let summand = &program.steps[links.only_user(output(factor))?];
        let [second, third] =
            [vector(factor, Binary::Multiply, output(step))?, vector(summand, Binary::Add, output(factor))?];
        (second == count && third == count).then_some(())
    };
    let mut found = program.steps.iter().filter(|step| starts(step).is_some());
    let first = found.next()?;
    let more = found.count();
    let what = if more == 0 { "a normalization".to_owned() } else { format!("{} normalizations", more + 1) };
    Some(format!(
        "the vectors of {what} were computed beforehand (the first at {}), so they are constants and not scored as layers; Keras keeps \
         batch norms where it exports with the JAX backend",
        first.place
    ))
}

fn is_folded(step: &Step) -> bool {
    let is_layer = match &step.op {
        Op::Convolution(_) => step.original == "Conv" || step.original == "ConvTranspose",
        Op::Linear { .. } => step.original == "Gemm",
        _ => false,
    };
    if !is_layer {
        return false;
    }
    // The older exporter renames a weight that it changed; today's gives what it made the name of the norm's result.
    let weight = name(step.operands.get(1)).unwrap_or_default();
    let bias = name(step.operands.get(2)).unwrap_or_default();
    let made = step.outputs.first().map_or("", String::as_str);
    let of_norm = made.starts_with("getitem") || made.contains("batch_norm") || made.contains("BatchNorm");
    weight.starts_with("onnx::Conv_") && bias.starts_with("onnx::Conv_") || of_norm || bias.contains("_bn_")
}
