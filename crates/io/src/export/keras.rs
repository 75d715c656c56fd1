//! Keras 3: a functional model that takes images as the preset does, channels first, and holds them channels last.

mod axes;
mod helpers;
mod initializers;
mod layers;
mod pooling;
mod recurrent;
mod terms;
mod weighted;

use axes::{from_keras, to_keras};
use layers::{is_expression, statements};
use terms::identifier;

use super::by_kind::by_kind;
use super::model::{Item, Model};
use super::source::{Source, tuple};
use super::writer::{Chosen, ExportError, Writer};
use neartop_core::layers::{Attend, Concat, Product, Softmax, Sum};
use neartop_core::network::{Block, Layer, Node, Through};
use neartop_core::shape::Layout;

pub const WRITER: Writer = Writer { name: "keras", extension: "py", extensions: &[], write };

fn write(chosen: &Chosen<'_>) -> Result<String, ExportError> {
    let model = Model::new(chosen)?;
    let mut out = Source::default();
    out.line(format!("# {}", model.title));
    // Python looks for an encoding in the first two lines, so nothing of the user's stands there.
    out.line(
        "# A Keras 3 model; input is as in the preset, images are channels last from then on. Weights of PyTorch,",
    );
    out.line("# [out, in] and [out, in, height, width], are [in, out] and [height, width, in, out] here.");
    for remark in recurrent::remarks(&model) {
        out.line(format!("# {remark}"));
    }
    for remark in &model.remarks {
        out.line(format!("# {remark}"));
    }
    out.line("");
    out.line("import math");
    out.line("");
    out.line("import keras");
    out.line("from keras import initializers, layers");
    let mut network = Source::default();
    build(&mut network, &model)?;
    let network = network.finish();
    helpers::write(&mut out, &model, &network);
    activations(&mut out, &model);
    out.block(&network);
    main(&mut out, &model);
    Ok(out.finish())
}

/// A function for each activation that is no layer of Keras.
fn activations(out: &mut Source, model: &Model) {
    for (activation, name) in model.activations().filter(|(a, _)| is_expression(a)) {
        out.block(&format!("\n\n@keras.saving.register_keras_serializable(package=\"neartop\")\ndef {name}(x):"));
        out.indent(|out| {
            out.line(format!("\"\"\"{activation}: {}\"\"\"", activation.entry().formula));
            out.line(format!("return {}", activation.fill(activation.entry().keras)));
        });
    }
    if model.has_kind(|softmax: &Softmax| *softmax == Softmax::Softmin) {
        out.block(helpers::SOFTMIN);
    }
    if model.has_kind(|softmax: &Softmax| *softmax == Softmax::LogSoftmax) {
        out.block(helpers::LOG_SOFTMAX);
    }
}

fn build(out: &mut Source, model: &Model) -> Result<(), ExportError> {
    out.block("\n\ndef build():");
    out.indent(|out| {
        let (input, output) = (&model.network.input, model.network.form(model.network.output_value()));
        out.line("\"\"\"The network with freshly drawn weights.\"\"\"");
        let kind = if matches!(input.layout, Layout::Ids { .. }) { ", dtype=\"int32\"" } else { "" };
        out.line(format!("inputs = keras.Input(shape={}{kind})", tuple(&input.shape.0)));
        out.line(match to_keras(input) {
            Some(permute) => format!("x = {permute}(inputs)"),
            None => "x = inputs".to_owned(),
        });
        chain(out, model, "", &model.layers)?;
        out.line_if(from_keras(&output).map(|permute| format!("x = {permute}(x)")));
        out.line("return keras.Model(inputs, x)");
        Ok(())
    })
}

/// Sends `x` through layers whose nodes' names start with `prefix`, a statement for each.
fn chain(out: &mut Source, model: &Model, prefix: &str, layers: &[Layer]) -> Result<(), ExportError> {
    model.items(prefix, layers).into_iter().try_for_each(|it| item(out, model, Some(it)))
}

/// Sends `x` through what stands for a layer.
fn item(out: &mut Source, model: &Model, item: Option<Item<'_>>) -> Result<(), ExportError> {
    let node = match item {
        Some(Item::Block { name, block }) => return write_block(out, model, &name, block),
        Some(Item::Node(node)) => node,
        None => return Ok(()),
    };
    if !weighted::write(out, model, node)? {
        statements(node, model)?.iter().for_each(|statement| out.line(statement));
    }
    Ok(())
}

/// The layer that merges branches.
fn merge(node: &Node) -> Result<String, ExportError> {
    Ok(by_kind! { &*node.operation;
        Sum as _ => "layers.Add()".to_owned(),
        Concat as _ => "layers.Concatenate(axis=-1)".to_owned(),
        Product as _ => "layers.Multiply()".to_owned(),
        Attend as Attend { heads, kv_heads, causal } => {
            let causal = if *causal { "True" } else { "False" };
            format!("Attend({heads}, {kv_heads}, {causal})")
        },
        else => return Err(ExportError::unknown("Keras", node)),
    })
}

fn write_block(out: &mut Source, model: &Model, name: &str, block: &Block) -> Result<(), ExportError> {
    let place = identifier(name);
    out.line(format!("{place}_0 = x"));
    for (at, vertex) in block.vertices.iter().enumerate() {
        let mut branches = Vec::with_capacity(vertex.edges.len());
        for (number, edge) in vertex.edges.iter().enumerate() {
            let branch = format!("{place}_{}_from_{number}", at + 1);
            out.line(format!("x = {place}_{}", edge.from));
            match &edge.through {
                Through::Chain(layers) => chain(out, model, &format!("{name}.{}.", edge.name), layers)?,
                Through::One(layer) => item(out, model, model.item(format!("{name}.{}", edge.name), layer))?,
            }
            out.line(format!("{branch} = x"));
            branches.push(branch);
        }
        if branches.len() > 1 {
            let merge = merge(model.merged(name, at + 1)?)?;
            out.line(format!("x = {merge}([{}])", branches.join(", ")));
        }
        chain(out, model, &format!("{name}.{}.", at + 1), &vertex.then)?;
        out.line(format!("{place}_{} = x", at + 1));
    }
    Ok(())
}

fn main(out: &mut Source, model: &Model) {
    out.block("\n\nif __name__ == \"__main__\":");
    out.indent(|out| {
        // NumPy, which Keras seeds too, takes 32 bits.
        out.line(format!("keras.utils.set_random_seed({})", model.seed % (1 << 32)));
        let sizes: Vec<_> = std::iter::once(8).chain(model.network.input.shape.0.iter().copied()).collect();
        out.line(match model.network.input.layout {
            Layout::Ids { vocab } => format!("batch = keras.random.randint({}, 0, {vocab})", tuple(&sizes)),
            Layout::Channels | Layout::Features => format!("batch = keras.random.normal({})", tuple(&sizes)),
        });
        out.line("network = build()");
        if model.unit_variance().is_some() {
            out.line("initialize(network, batch)");
        }
        out.line("print(\"output:\", list(network(batch).shape))");
        out.line("print(\"parameters:\", sum(math.prod(v.shape) for v in network.trainable_variables))");
    });
}
