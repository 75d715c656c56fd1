//! The statements of a forward pass.

use super::fields::own_padding;
use super::layers::apply;
use super::terms::{field, identifier, saved};
use crate::export::by_kind::by_kind;
use crate::export::model::{Item, Model};
use crate::export::source::Source;
use crate::export::writer::ExportError;
use neartop_core::layers::{
    Attend, Concat, Conv, Conv1d, Conv2d, ConvTranspose1d, ConvTranspose2d, Linear, Product, Projection, Save, Sum, Use,
};
use neartop_core::network::{Block, Layer, Node, Through};

/// What the statements of a forward pass depend on.
pub struct Writing<'a> {
    pub model: &'a Model,
    /// Whether somebody sees the outputs of layers that data rescale.
    pub watched: bool,
}

impl Writing<'_> {
    /// Sends `x` through layers whose nodes' names start with `prefix`.
    pub fn chain(&self, out: &mut Source, prefix: &str, layers: &[Layer]) -> Result<(), ExportError> {
        self.model.items(prefix, layers).into_iter().try_for_each(|item| self.item(out, Some(item)))
    }

    /// Sends `x` through what stands for a layer.
    fn item(&self, out: &mut Source, item: Option<Item<'_>>) -> Result<(), ExportError> {
        let node = match item {
            Some(Item::Block { name, block }) => return self.block(out, &name, block),
            Some(Item::Node(node)) => node,
            None => return Ok(()),
        };
        out.line_if(by_kind! { &*node.operation;
            Conv1d as conv => pad_apart(node, conv),
            Conv2d as conv => pad_apart(node, conv),
            else => None,
        });
        if self.watched && self.model.rescaled().contains(&node.name()) {
            let layer = without_bias(node)?;
            out.line(format!("watch(\"{}.weight\", &|| {layer}.forward(&x))?;", node.name()));
        }
        if node.operation.is::<Use>() {
            out.line("drop(x);");
        }
        if !node.operation.is::<Save>() {
            out.line(format!("let x = {};", apply(self.model, node, self.watched)?));
        } else if self.model.is_used_later(node) {
            out.line(format!("let {} = x.clone();", saved(node.name())));
        }
        Ok(())
    }

    fn block(&self, out: &mut Source, name: &str, block: &Block) -> Result<(), ExportError> {
        let place = identifier(name);
        let is_used = |vertex: usize| block.vertices.iter().any(|v| v.edges.iter().any(|e| e.from == vertex));
        if is_used(0) {
            out.line(format!("let {place}_0 = x;"));
        }
        for (at, vertex) in block.vertices.iter().enumerate() {
            let mut branches = Vec::with_capacity(vertex.edges.len());
            for (number, edge) in vertex.edges.iter().enumerate() {
                let branch = format!("{place}_{}_from_{number}", at + 1);
                out.line(format!("let x = {place}_{}.clone();", edge.from));
                match &edge.through {
                    Through::Chain(layers) => self.chain(out, &format!("{name}.{}.", edge.name), layers)?,
                    Through::One(layer) => self.item(out, self.model.item(format!("{name}.{}", edge.name), layer))?,
                }
                out.line(format!("let {branch} = x;"));
                branches.push(branch);
            }
            out.line(match branches.as_slice() {
                [one] => format!("let x = {one};"),
                _ => merge(self.model.merged(name, at + 1)?, &branches)?,
            });
            self.chain(out, &format!("{name}.{}.", at + 1), &vertex.then)?;
            if is_used(at + 1) {
                out.line(format!("let {place}_{} = x;", at + 1));
            }
        }
        Ok(())
    }
}

/// Padding that a convolution of candle cannot have itself.
fn pad_apart<const D: usize>(node: &Node, conv: &Conv<D>) -> Option<String> {
    let pads = conv.pads_at(&node.place).into_iter().zip(2..);
    let pads: Vec<_> =
        pads.map(|((before, after), axis)| format!(".pad_with_zeros({axis}, {before}, {after})?")).collect();
    own_padding(node, conv).is_none().then(|| format!("let x = x{};", pads.concat()))
}

/// The same layer without its bias.
fn without_bias(node: &Node) -> Result<String, ExportError> {
    let layer = format!("self.{}", field(node));
    let linear = || format!("candle_nn::Linear::new({layer}.weight().clone(), None)");
    let convolution = |class| format!("candle_nn::{class}::new({layer}.weight().clone(), None, *{layer}.config())");
    Ok(by_kind! { &*node.operation;
        Linear as _ => linear(),
        Projection as _ => linear(),
        Conv1d as _ => convolution("Conv1d"),
        Conv2d as _ => convolution("Conv2d"),
        ConvTranspose1d as _ => convolution("ConvTranspose1d"),
        ConvTranspose2d as _ => convolution("ConvTranspose2d"),
        else => return Err(ExportError::unknown("candle", node)),
    })
}

fn merge(node: &Node, branches: &[String]) -> Result<String, ExportError> {
    let folded = |with: &dyn Fn(String, &String) -> String| {
        branches.split_first().map_or_else(String::new, |(first, rest)| rest.iter().fold(first.clone(), with))
    };
    let merged = by_kind! { &*node.operation;
        Concat as _ => format!("Tensor::cat(&[{}], {})?", branches.join(", "), 1 + node.place.output.axis()),
        Sum as _ => folded(&|sum, branch| format!("({sum} + {branch})?")),
        Product as _ => folded(&|product, branch| format!("{product}.broadcast_mul(&{branch})?")),
        Attend as Attend { heads, kv_heads, causal } => {
            let inputs: Vec<_> = branches.iter().map(|branch| format!("&{branch}")).collect();
            format!("attend([{}], {heads}, {kv_heads}, {causal})?", inputs.join(", "))
        },
        else => return Err(ExportError::unknown("candle", node)),
    };
    Ok(format!("let x = {merged};"))
}
