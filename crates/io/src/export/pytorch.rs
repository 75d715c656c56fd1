//! PyTorch: an `nn.Sequential` whose `state_dict()` has the names that scores read weights by.

mod classes;
mod modules;
mod texts;

use self::modules::{constructor, merge};
use super::model::{Item, Model, is_by_element};
use super::source::{Source, list};
use super::writer::{Chosen, ExportError, Writer};
use neartop_core::init::Law;
use neartop_core::layer::{Role, Weight};
use neartop_core::layers::Save;
use neartop_core::network::{Block, Layer, Through};
use neartop_core::shape::Layout;

pub const WRITER: Writer = Writer { name: "pytorch", extension: "py", extensions: &["py"], write };

fn write(chosen: &Chosen<'_>) -> Result<String, ExportError> {
    let model = Model::new(chosen)?;
    let mut out = Source::default();
    out.line(format!("# {}", model.title));
    // Python looks for an encoding in the first two lines, so nothing of the user's stands there.
    out.line("# A network of PyTorch modules; input and weights are as in the preset.");
    for remark in &model.remarks {
        out.line(format!("# {remark}"));
    }
    out.line("");
    if model.draws(|law| matches!(law, Law::TruncatedNormal { .. })) {
        out.line("import math");
        out.line("");
    }
    out.line("import torch");
    out.line("from torch import nn");
    classes::write(&mut out, &model);
    build(&mut out, &model)?;
    initialize(&mut out, &model);
    main(&mut out, &model);
    Ok(out.finish())
}

fn build(out: &mut Source, model: &Model) -> Result<(), ExportError> {
    out.block("\n\ndef build():");
    out.indent(|out| {
        let (input, output) = (&model.network.input.shape.0, &model.network.output().0);
        out.line(format!(
            "\"\"\"The network from [samples, {}] to [samples, {}]; see `initialize` for its weights.\"\"\"",
            list(input),
            list(output)
        ));
        if model.has_kind(|_: &Save| true) {
            out.line("saved = {}");
        }
        sequential(out, model, "", &model.layers, ["return ", ""])
    })
}

/// `before nn.Sequential(...) after`, a line for each layer. The names of the layers' nodes start with `prefix`.
fn sequential(
    out: &mut Source,
    model: &Model,
    prefix: &str,
    layers: &[Layer],
    [before, after]: [&str; 2],
) -> Result<(), ExportError> {
    if layers.is_empty() {
        out.line(format!("{before}nn.Sequential(){after}"));
        return Ok(());
    }
    out.line(format!("{before}nn.Sequential("));
    out.indent(|out| model.items(prefix, layers).into_iter().try_for_each(|item| write_item(out, model, "", item)))?;
    out.line(format!("){after}"));
    Ok(())
}

/// `before` the module that stands for a layer.
fn write_item(out: &mut Source, model: &Model, before: &str, item: Item<'_>) -> Result<(), ExportError> {
    let (name, block) = match item {
        Item::Node(node) => {
            out.line(format!("{before}{},", constructor(model, node)?));
            return Ok(());
        }
        Item::Block { name, block } => (name, block),
    };
    let Some((body, shortcut)) = block.as_residual() else { return write_block(out, model, before, &name, block) };
    out.line(format!("{before}Residual("));
    out.indent(|out| {
        sequential(out, model, &format!("{name}.body."), body, ["body=", ","])?;
        sequential(out, model, &format!("{name}.shortcut."), shortcut, ["shortcut=", ","])
    })?;
    out.line("),");
    Ok(())
}

fn write_block(out: &mut Source, model: &Model, before: &str, name: &str, block: &Block) -> Result<(), ExportError> {
    out.line(format!("{before}Graph("));
    out.indent(|out| {
        out.line("modules={");
        out.indent(|out| {
            for (place, vertex) in block.vertices.iter().enumerate() {
                for edge in &vertex.edges {
                    let before = format!("{:?}: ", edge.name);
                    match &edge.through {
                        Through::Chain(layers) => {
                            sequential(out, model, &format!("{name}.{}.", edge.name), layers, [&before, ","])?;
                        }
                        Through::One(layer) => {
                            let item = model.item(format!("{name}.{}", edge.name), layer);
                            item.map_or(Ok(()), |item| write_item(out, model, &before, item))?;
                        }
                    }
                }
                let before = format!("\"{}\": ", place + 1);
                sequential(out, model, &format!("{name}.{}.", place + 1), &vertex.then, [&before, ","])?;
            }
            Ok::<_, ExportError>(())
        })?;
        out.line("},");
        out.line("vertices=[");
        out.indent(|out| {
            for (place, vertex) in block.vertices.iter().enumerate() {
                let edges: Vec<_> = vertex.edges.iter().map(|e| format!("({}, {:?})", e.from, e.name)).collect();
                let merge = match edges.len() {
                    1 => "None".to_owned(),
                    _ => merge(model.merged(name, place + 1)?)?,
                };
                out.line(format!("({merge}, [{}], \"{}\"),", edges.join(", "), place + 1));
            }
            Ok::<_, ExportError>(())
        })?;
        out.line("],");
        Ok::<_, ExportError>(())
    })?;
    out.line("),");
    Ok(())
}

fn initialize(out: &mut Source, model: &Model) {
    if model.draws(|law| matches!(law, Law::TruncatedNormal { .. })) {
        out.block(TRUNCATED_NORMAL);
    }
    if model.unit_variance().is_some() {
        out.block(UNIT_VARIANCE);
    }
    let arguments = if model.unit_variance().is_some() { "model, batch" } else { "model" };
    out.block(&format!("\n\n@torch.no_grad()\ndef initialize({arguments}):"));
    out.indent(|out| {
        out.line(format!("\"\"\"Draws the weights; {}\"\"\"", model.untouched()));
        for node in &model.network.nodes {
            let drawn: Vec<_> = node.weights.iter().filter(|weight| !model.starts_as_built(node, weight)).collect();
            if !drawn.is_empty() {
                out.line(format!("layer = model.get_submodule({:?})", node.name()));
            }
            for weight in drawn {
                draw(out, weight, model.law(node, weight), &format!("layer.{}", weight.name));
            }
        }
        if let Some((target, tolerance)) = model.unit_variance() {
            let names: Vec<_> = model.rescaled().iter().map(|name| format!("{name:?}")).collect();
            out.line(format!("unit_variance(model, [{}], batch, {target:?}, {tolerance:?})", names.join(", ")));
        }
        out.line("return model");
    });
}

/// Draws the weight `tensor`, gate by gate where a law looks at whole matrices.
pub(super) fn draw(out: &mut Source, weight: &Weight, law: Law, tensor: &str) {
    let (groups, gates) = match &weight.role {
        Role::Drawn(shape) | Role::Own(shape, _) => (shape.groups, shape.gates),
        Role::Bias(_) | Role::Constant(_) | Role::Kept => (1, 0),
    };
    let is_dense = weight.dims.len() == 2;
    if gates > 1 && !is_by_element(&law) {
        out.line(format!("for gate in {tensor}.chunk({gates}):"));
        return out.indent(|out| out.line(drawn(law, "gate", is_dense, groups)));
    }
    out.line(drawn(law, tensor, is_dense, groups));
}

fn drawn(law: Law, tensor: &str, is_dense: bool, groups: usize) -> String {
    match law {
        Law::Sparse { sparsity, std } => {
            let matrix = if is_dense { tensor.to_owned() } else { format!("{tensor}.flatten(1)") };
            format!("nn.init.sparse_({matrix}, {sparsity:?}, {std:?})")
        }
        Law::Identity if is_dense => format!("nn.init.eye_({tensor})"),
        Law::Identity => format!("nn.init.dirac_({tensor}, {groups})"),
        law => simple(law, tensor),
    }
}

fn simple(law: Law, tensor: &str) -> String {
    match law {
        Law::Uniform { low, high } => format!("nn.init.uniform_({tensor}, {low:?}, {high:?})"),
        Law::Normal { mean, std } => format!("nn.init.normal_({tensor}, {mean:?}, {std:?})"),
        Law::TruncatedNormal { mean, std, low, high } => {
            format!("truncated_normal_({tensor}, {mean:?}, {std:?}, {low:?}, {high:?})")
        }
        Law::Orthogonal { gain } => format!("nn.init.orthogonal_({tensor}, {gain:?})"),
        Law::Constant { value } => format!("nn.init.constant_({tensor}, {value:?})"),
        Law::UnitVariance { .. } => format!("nn.init.orthogonal_({tensor})"),
        // Both are written where the weight's shape is known.
        Law::Sparse { .. } | Law::Identity => String::new(),
    }
}

pub(super) const TRUNCATED_NORMAL: &str = r#"

def truncated_normal_(tensor, mean, std, low, high):
    """N(mean, std^2) under the condition low <= x <= high, in double precision so that tails keep their digits."""
    a, b = (low - mean) / std, (high - mean) / std
    # The upper tail is drawn by its mirror image.
    mirror = -1.0 if a > 0 else 1.0
    at_low, at_high = (math.erfc(-mirror * z / math.sqrt(2)) / 2 for z in (a, b))
    u = torch.rand(tensor.shape, dtype=torch.float64, device=tensor.device)
    z = mirror * torch.special.ndtri(at_low + u * (at_high - at_low))
    return tensor.copy_((mean + std * z).clamp(low, high))
"#;

pub(super) const UNIT_VARIANCE: &str = r#"

def unit_variance(model, names, batch, target, tolerance):
    """Divides each weight by the standard deviation of its layer's output on `batch` until that is the target.

    Normalizations use the statistics of the batch, dropout is off, and running statistics stay as they were.
    """

    def rescale(layer, inputs):
        for _ in range(10):
            output = layer.forward(*inputs)
            if layer.bias is not None:
                after = 0 if isinstance(layer, nn.Linear) else output.dim() - 2
                output = output - layer.bias.reshape(-1, *[1] * after)
            std = output.std(unbiased=False).item()
            if not 0 < std < float("inf") or abs(std - target) < tolerance:
                break
            layer.weight.mul_(target / std)

    training = {module: module.training for module in model.modules()}
    buffers = [(buffer, buffer.clone()) for buffer in model.buffers()]
    hooks = [model.get_submodule(name).register_forward_pre_hook(rescale) for name in names]
    for module in model.modules():
        module.training = isinstance(module, nn.modules.batchnorm._BatchNorm)
    model(batch)
    for hook in hooks:
        hook.remove()
    for buffer, value in buffers:
        buffer.copy_(value)
    for module, mode in training.items():
        module.training = mode
"#;

fn main(out: &mut Source, model: &Model) {
    out.block("\n\nif __name__ == \"__main__\":");
    out.indent(|out| {
        out.line(format!("torch.manual_seed({})", model.seed));
        let sizes = list(&model.network.input.shape.0);
        out.line(match model.network.input.layout {
            Layout::Ids { vocab } => format!("batch = torch.randint({vocab}, (8, {sizes}))"),
            Layout::Channels | Layout::Features => format!("batch = torch.randn(8, {sizes})"),
        });
        let arguments = if model.unit_variance().is_some() { "build(), batch" } else { "build()" };
        out.line(format!("network = initialize({arguments})"));
        out.line("print(\"output:\", list(network(batch).shape))");
        out.line("print(\"parameters:\", sum(p.numel() for p in network.parameters()))");
    });
}
