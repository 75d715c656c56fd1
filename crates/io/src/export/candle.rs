//! candle: a Rust module with a struct that takes its weights by the names of PyTorch's `state_dict()`.

mod drawing;
mod fields;
mod forward;
mod helpers;
mod layers;
mod pooling;
mod terms;

use drawing::building;
use fields::{construct, field_type};
use forward::Writing;
use terms::field;

use super::model::Model;
use super::source::{Source, list};
use super::writer::{Chosen, ExportError, Writer};
use neartop_core::layers::{BatchNorm, Dropout};
use neartop_core::shape::Layout;

pub const WRITER: Writer = Writer { name: "candle", extension: "rs", extensions: &["rs"], write };

fn write(chosen: &Chosen<'_>) -> Result<String, ExportError> {
    let model = Model::new(chosen)?;
    let mut out = Source::default();
    out.line(format!("// {}", model.title));
    out.line("// A network for candle-core and candle-nn 0.11; input and names of weights are as in the preset.");
    for remark in &model.remarks {
        out.line(format!("// {remark}"));
    }
    out.line("");
    imports(&mut out, &model)?;
    let code = network(&model)?;
    out.block(&code);
    for (activation, name) in model.activations().filter(|(a, _)| !a.has_weight()) {
        out.line("");
        out.line(format!("/// {activation}: {}", activation.entry().formula));
        out.line(format!("pub fn {name}(x: &Tensor) -> Result<Tensor> {{"));
        out.indent(|out| out.line(activation.fill(activation.entry().candle)));
        out.line("}");
    }
    helpers::write(&mut out, &code);
    Ok(out.finish())
}

/// The struct, what makes it, and its forward pass.
fn network(model: &Model) -> Result<String, ExportError> {
    let mut out = Source::default();
    structure(&mut out, model)?;
    out.line("");
    out.line("impl Network {");
    out.indent(|out| {
        constructor(out, model)?;
        forward(out, model)
    })?;
    out.line("}");
    building(&mut out, model);
    Ok(out.finish())
}

fn imports(out: &mut Source, model: &Model) -> Result<(), ExportError> {
    let mut calls_forward = false;
    for node in &model.network.nodes {
        calls_forward |= field_type(node)?.is_some_and(fields::calls_forward);
    }
    out.line("use candle_core::{DType, Device, Result, Tensor};");
    let mut traits = Vec::new();
    if calls_forward {
        traits.push("Module");
    }
    if model.has_kind(|_: &BatchNorm| true) {
        traits.push("ModuleT");
    }
    traits.extend(["VarBuilder", "VarMap"]);
    out.line(format!("use candle_nn::{{{}}};", traits.join(", ")));
    Ok(())
}

fn structure(out: &mut Source, model: &Model) -> Result<(), ExportError> {
    out.line("");
    out.line("/// The layers that have weights.");
    out.line("pub struct Network {");
    out.indent(|out| {
        for node in &model.network.nodes {
            if let Some(kind) = field_type(node)? {
                out.line(format!("{}: {kind},", field(node)));
            }
        }
        Ok::<_, ExportError>(())
    })?;
    out.line("}");
    Ok(())
}

fn constructor(out: &mut Source, model: &Model) -> Result<(), ExportError> {
    out.line("/// Takes the weights by their names in PyTorch's `nn.Sequential.state_dict()`.");
    out.line("pub fn new(vb: VarBuilder) -> Result<Self> {");
    out.indent(|out| {
        out.line("Ok(Self {");
        out.indent(|out| {
            for node in model.network.nodes.iter().filter(|node| !node.weights.is_empty()) {
                out.line(format!("{}: {},", field(node), construct(node)?));
            }
            Ok::<_, ExportError>(())
        })?;
        out.line("})");
        Ok::<_, ExportError>(())
    })?;
    out.line("}");
    Ok(())
}

fn forward(out: &mut Source, model: &Model) -> Result<(), ExportError> {
    let watched = model.unit_variance().is_some();
    let has_dropout = model.has_kind(|_: &Dropout| true);
    let by_mode = model.has_kind(|_: &BatchNorm| true) || (!watched && has_dropout);
    let train = if by_mode { "train" } else { "_train" };
    let (input, output) = (list(&model.network.input.shape.0), list(&model.network.output().0));
    let what = if matches!(model.network.input.layout, Layout::Ids { .. }) { "numbers of tokens " } else { "" };
    out.line("");
    out.line(format!("/// From {what}`[samples, {input}]` to `[samples, {output}]`."));
    if watched {
        let dropout = if has_dropout { "dropout" } else { "_dropout" };
        out.line("pub fn forward(&self, x: &Tensor, train: bool) -> Result<Tensor> {");
        out.indent(|out| out.line("self.pass(x, train, train, &mut |_, _| Ok(()))"));
        out.line("}");
        out.line("");
        out.line(
            "/// A forward pass in which `watch` sees each weight's name and what its layer gives without its bias.",
        );
        out.line("pub fn pass(");
        out.indent(|out| {
            out.line("&self,");
            out.line("x: &Tensor,");
            out.line(format!("{train}: bool,"));
            out.line(format!("{dropout}: bool,"));
            out.line("watch: &mut dyn FnMut(&str, &dyn Fn() -> Result<Tensor>) -> Result<()>,");
        });
        out.line(") -> Result<Tensor> {");
    } else {
        out.line(format!("pub fn forward(&self, x: &Tensor, {train}: bool) -> Result<Tensor> {{"));
    }
    out.indent(|out| {
        out.line("let x = x.clone();");
        Writing { model, watched }.chain(out, "", &model.layers)?;
        out.line("Ok(x)");
        Ok::<_, ExportError>(())
    })?;
    out.line("}");
    Ok(())
}
