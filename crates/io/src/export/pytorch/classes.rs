//! Which modules that PyTorch does not have a network needs.

use super::modules::{is_channel_norm, is_expression, is_padded};
use super::texts::*;

use crate::export::model::Model;
use crate::export::source::{Source, camel_case};
use neartop_core::layers::{
    Attend, ClassToken, Concat, FirstChannels, Mean, Permute, Positions, Product, Recurrence, Reshape, Save, Scale,
    Select, Shift, Zero,
};

/// The modules that PyTorch does not have.
pub fn write(out: &mut Source, model: &Model) {
    let texts = [
        (model.has_block(|block| block.as_residual().is_some()), RESIDUAL),
        (model.has_block(|block| block.as_residual().is_none()), GRAPH),
        (model.has_kind(|_: &Concat| true), CONCAT),
        (model.has_kind(|_: &Product| true), PRODUCT),
        (model.has_kind(|_: &Attend| true), ATTEND),
        (model.has_kind(|_: &Save| true), SAVED),
        (model.has_kind(|_: &Positions| true), POSITIONS),
        (model.has_kind(|_: &ClassToken| true), CLASS_TOKEN),
        (model.has_kind(|_: &Recurrence| true), RECURRENCE),
        (model.has(is_channel_norm), CHANNEL_NORM),
        (model.has_kind(|_: &Scale| true), SCALE),
        (model.has_kind(|_: &Permute| true), PERMUTE),
        (model.has_kind(|_: &Reshape| true), RESHAPE),
        (model.has_kind(|_: &Mean| true), MEAN),
        (model.has_kind(|_: &Select| true), SELECT),
        (model.has_kind(|_: &Zero| true), ZERO),
        (model.has_kind(|_: &FirstChannels| true), FIRST_CHANNELS),
        (model.has_kind(|_: &Shift| true), SHIFT),
    ];
    texts.iter().filter(|(is_there, _)| *is_there).for_each(|(_, text)| out.block(text));
    for axes in [1, 2] {
        if model.has(|node| is_padded(node, axes)) {
            out.block(&PADDED.replace("{axes}", &axes.to_string()));
        }
    }
    for (activation, name) in model.activations().filter(|(a, _)| is_expression(a)) {
        out.block(&format!("\n\nclass {}(nn.Module):", camel_case(name)));
        out.indent(|out| {
            out.line(format!("\"\"\"{activation}: {}\"\"\"", activation.entry().formula));
            out.line("");
            out.line("def forward(self, x):");
            out.indent(|out| out.line(format!("return {}", activation.fill(activation.entry().pytorch))));
        });
    }
}
