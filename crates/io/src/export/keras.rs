//! Keras 3: a functional model that takes images as the preset does, channels first, and holds them channels last.

mod helpers;
mod terms;

use terms::{identifier, is_cut_as_in_keras, leaves_padding_out};

use super::by_kind::by_kind;
use super::model::{Item, Laws, Model};
use super::source::{Source, tuple};
use super::writer::{Chosen, ExportError, Writer};
use neartop_core::init::Law;
use neartop_core::layers::{
    AvgPool, BatchNorm, Concat, Conv, Conv1d, Conv2d, Dropout, FirstChannels, Fixed, Flatten, Frame, GlobalAvgPool,
    GroupNorm, LayerNorm, Linear, MaxPool, Product, Softmax, Sum, Zero,
};
use neartop_core::network::{Activation, Block, Layer, Node, Shape, Through};

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
    for remark in &model.remarks {
        out.line(format!("# {remark}"));
    }
    out.line("");
    out.line("import math");
    out.line("");
    out.line("import keras");
    out.line("from keras import initializers, layers");
    helpers::write(&mut out, &model);
    activations(&mut out, &model);
    build(&mut out, &model)?;
    main(&mut out, &model);
    Ok(out.finish())
}

fn is_expression(activation: &Activation) -> bool {
    !activation.entry().keras.starts_with("layers.")
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
        let (input, output) = (&model.network.input.shape, model.network.output());
        out.line("\"\"\"The network with freshly drawn weights.\"\"\"");
        out.line(format!("inputs = keras.Input(shape={})", tuple(&input.0)));
        out.line(match channels_last(input) {
            Some(order) => format!("x = layers.Permute({order})(inputs)"),
            None => "x = inputs".to_owned(),
        });
        chain(out, model, "", &model.layers)?;
        if let Some(order) = channels_first(output) {
            out.line(format!("x = layers.Permute({order})(x)"));
        }
        out.line("return keras.Model(inputs, x)");
        Ok(())
    })
}

/// How axes are put in order so that channels come last; none where there is nothing to put in order.
fn channels_last(shape: &Shape) -> Option<&'static str> {
    match shape.0.len() {
        3 => Some("(2, 3, 1)"),
        2 => Some("(2, 1)"),
        _ => None,
    }
}

/// The same back.
fn channels_first(shape: &Shape) -> Option<&'static str> {
    match shape.0.len() {
        3 => Some("(3, 1, 2)"),
        2 => Some("(2, 1)"),
        _ => None,
    }
}

/// All axes of a sample but none of the batch.
fn all_axes(shape: &Shape) -> String {
    let axes: Vec<_> = (1..=shape.0.len()).map(|axis| axis.to_string()).collect();
    format!("[{}]", axes.join(", "))
}

/// Sends `x` through layers whose nodes' names start with `prefix`, a statement for each.
fn chain(out: &mut Source, model: &Model, prefix: &str, layers: &[Layer]) -> Result<(), ExportError> {
    model.items(prefix, layers).into_iter().try_for_each(|it| item(out, model, Some(it)))
}

/// Sends `x` through what stands for a layer.
fn item(out: &mut Source, model: &Model, item: Option<Item<'_>>) -> Result<(), ExportError> {
    match item {
        Some(Item::Block { name, block }) => write_block(out, model, &name, block)?,
        Some(Item::Node(node)) if node.drawn().is_some() => weighted(out, model, node)?,
        Some(Item::Node(node)) => {
            layer(node, model)?.iter().for_each(|layer| out.line(format!("x = {layer}(x)")));
        }
        None => {}
    }
    Ok(())
}

/// The layer that merges branches.
fn merge(node: &Node) -> Result<&'static str, ExportError> {
    Ok(by_kind! { &*node.operation;
        Sum as _ => "layers.Add()",
        Concat as _ => "layers.Concatenate(axis=-1)",
        Product as _ => "layers.Multiply()",
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

/// A layer with a drawn weight.
fn weighted(out: &mut Source, model: &Model, node: &Node) -> Result<(), ExportError> {
    let unknown = || ExportError::unknown("Keras", node);
    let (laws, shape) = (model.laws(node).ok_or_else(unknown)?, node.drawn().ok_or_else(unknown)?);
    let (class, before, arguments, after) = by_kind! { &*node.operation;
        Linear as _ => ("Dense", None, Vec::new(), None),
        Conv1d as conv => convolution(node, conv),
        Conv2d as conv => convolution(node, conv),
        else => return Err(unknown()),
    };
    out.line_if(before);
    out.line(format!("x = layers.{class}("));
    out.indent(|out| {
        out.line(format!("{},", node.units()));
        arguments.iter().for_each(|argument| out.line(format!("{argument},")));
        let is_dense = shape.dims.len() == 2;
        out.line(format!("kernel_initializer={},", initializer(&laws.weight, is_dense, shape.groups)));
        out.line(bias(laws, is_dense));
        out.line(format!("name=\"{}\",", identifier(node.name())));
    });
    out.line(")(x)");
    out.line_if(after);
    Ok(())
}

/// Class, statement before, arguments and statement after.
type Weighted = (&'static str, Option<String>, Vec<String>, Option<String>);

fn convolution<const D: usize>(node: &Node, conv: &Conv<D>) -> Weighted {
    let pads = conv.pads_at(&node.place);
    let each: Vec<_> = pads.iter().map(|(before, after)| format!("({before}, {after})")).collect();
    let sides = if D == 1 { each.concat() } else { format!("({})", each.join(", ")) };
    let padding = format!("x = layers.ZeroPadding{D}D({sides}, data_format=\"channels_last\")(x)");
    // Keras refuses strides together with dilation, so such strides come after the convolution.
    let is_apart = conv.dilation != [1; D] && conv.stride != [1; D];
    let subsample = sides_text(conv.stride);
    let strides = format!("x = layers.MaxPooling{D}D(1, strides={subsample}, data_format=\"channels_last\")(x)");
    let padded = pads != [(0, 0); D];
    let class = if D == 1 { "Conv1D" } else { "Conv2D" };
    (class, padded.then_some(padding), window(conv, !is_apart), is_apart.then_some(strides))
}

fn window<const D: usize>(conv: &Conv<D>, with_strides: bool) -> Vec<String> {
    let stride = if with_strides { conv.stride } else { [1; D] };
    let settings = [("strides", stride), ("dilation_rate", conv.dilation), ("groups", [conv.groups; D])];
    let mut arguments = vec![sides_text(conv.kernel)];
    let changed = settings.into_iter().filter(|(_, sides)| *sides != [1; D]);
    arguments.extend(changed.map(|(name, sides)| format!("{name}={}", sides_text(sides))));
    arguments.push("data_format=\"channels_last\"".to_owned());
    arguments
}

/// A number for each axis, or one for all.
fn sides_text<const D: usize>(sides: [usize; D]) -> String {
    if sides == [sides[0]; D] { sides[0].to_string() } else { tuple(&sides) }
}

fn bias(laws: Laws, is_dense: bool) -> String {
    match laws.bias {
        Some(law) => format!("bias_initializer={},", initializer(&law, is_dense, 1)),
        None => "use_bias=False,".to_owned(),
    }
}

/// Keras's variance-scaling initializers have conventions of their own, so every law is written with its numbers.
fn initializer(law: &Law, is_dense: bool, groups: usize) -> String {
    match *law {
        Law::Uniform { low, high } => format!("initializers.RandomUniform({low:?}, {high:?})"),
        Law::Normal { mean, std } => format!("initializers.RandomNormal({mean:?}, {std:?})"),
        Law::TruncatedNormal { mean, std, .. } if is_cut_as_in_keras(law) => {
            format!("initializers.TruncatedNormal({mean:?}, {std:?})")
        }
        Law::TruncatedNormal { mean, std, low, high } => {
            format!("TruncatedWithin({mean:?}, {std:?}, {low:?}, {high:?})")
        }
        Law::Orthogonal { gain } => format!("initializers.Orthogonal({gain:?})"),
        Law::UnitVariance { .. } => "initializers.Orthogonal()".to_owned(),
        Law::Sparse { sparsity, std } => format!("Sparse({sparsity:?}, {std:?})"),
        Law::Identity if is_dense => "initializers.Identity()".to_owned(),
        Law::Identity => format!("Dirac({groups})"),
        Law::Constant { value } => format!("initializers.Constant({value:?})"),
    }
}

/// How the weights of a normalization start, where that is not as Keras starts them.
fn affine(laws: Option<Laws>) -> String {
    let Some(laws) = laws else { return String::new() };
    let beta = laws.bias.map(|law| format!(", beta_initializer={}", initializer(&law, false, 1))).unwrap_or_default();
    format!(", gamma_initializer={}{beta}", initializer(&laws.weight, false, 1))
}

/// The layers that a node without a drawn weight is made of.
fn layer(node: &Node, model: &Model) -> Result<Vec<String>, ExportError> {
    let (name, input, start) = (identifier(node.name()), node.input(), affine(model.laws(node)));
    let one = by_kind! { &*node.operation;
        BatchNorm as _ => format!("layers.BatchNormalization(axis=-1, momentum=0.9, epsilon=1e-5, name=\"{name}\"{start})"),
        LayerNorm as _ => {
            let axes = if input.0.len() > 1 { all_axes(input) } else { "-1".to_owned() };
            format!("layers.LayerNormalization(axis={axes}, epsilon=1e-5, name=\"{name}\"{start})")
        },
        GroupNorm as norm => {
            format!("layers.GroupNormalization({}, axis=-1, epsilon=1e-5, name=\"{name}\"{start})", norm.groups)
        },
        MaxPool as MaxPool(frame) => return max_pooling(node, frame),
        AvgPool as pool => return avg_pooling(node, pool),
        GlobalAvgPool as _ => {
            let axes = input.0.len() - 1;
            format!("layers.GlobalAveragePooling{axes}D(data_format=\"channels_last\", keepdims=True)")
        },
        Flatten as _ => return Ok(flatten(input)),
        Dropout as dropout => format!("layers.Dropout({:?})", dropout.p),
        Fixed as Fixed(activation) => match is_expression(activation) {
            true => format!("layers.Activation({})", model.name_of(activation)),
            false => {
                let text = activation.fill(activation.entry().keras).replace("{shared_axes}", &all_axes(input));
                if activation.has_weight() { named(&text, &name) } else { text }
            }
        },
        Softmax as softmax => match softmax {
            Softmax::Softmax => "layers.Softmax(axis=-1)".to_owned(),
            Softmax::LogSoftmax | Softmax::Softmin => format!("layers.Activation({})", node.kind()),
        },
        Zero as _ => "Zero()".to_owned(),
        FirstChannels as first => format!("FirstChannels({})", first.keep),
        else => return Err(ExportError::unknown("Keras", node)),
    };
    Ok(vec![one])
}

/// Channels first, as PyTorch flattens; with one position there is only one order.
fn flatten(input: &Shape) -> Vec<String> {
    let flatten = "layers.Flatten(data_format=\"channels_last\")".to_owned();
    match channels_first(input).filter(|_| input.positions() > 1) {
        Some(order) => vec![format!("layers.Permute({order})"), flatten],
        None => vec![flatten],
    }
}

/// A constructor with a `name` as its last argument.
fn named(constructor: &str, name: &str) -> String {
    let open = constructor.strip_suffix(')').unwrap_or(constructor);
    format!("{open}, name=\"{name}\")")
}

fn pooling(node: &Node, class: &str, frame: &Frame) -> Result<String, ExportError> {
    if frame.ceil_mode {
        return Err(ExportError::unsupported("Keras", node, "ceil_mode"));
    }
    let axes = node.input().0.len() - 1;
    let (kernel, stride) = (sides_text(frame.kernel), sides_text(frame.stride));
    Ok(format!("layers.{class}Pooling{axes}D({kernel}, strides={stride}, data_format=\"channels_last\")"))
}

/// Padding of images, the same on all sides.
fn padding(node: &Node, frame: &Frame) -> Result<usize, ExportError> {
    match frame.padding {
        [height, width] if height == width && (height == 0 || is_image(node.input())) => Ok(height),
        _ => Err(ExportError::unsupported("Keras", node, "such padding")),
    }
}

fn is_image(shape: &Shape) -> bool {
    shape.image().is_some()
}

fn max_pooling(node: &Node, frame: &Frame) -> Result<Vec<String>, ExportError> {
    let pooling = pooling(node, "Max", frame)?;
    Ok(match padding(node, frame)? {
        0 => vec![pooling],
        padding => vec![format!("PadWithMinusInfinity({padding})"), pooling],
    })
}

fn avg_pooling(node: &Node, pool: &AvgPool) -> Result<Vec<String>, ExportError> {
    let frame = &pool.frame;
    let (padding, average) = (padding(node, frame)?, pooling(node, "Average", frame)?);
    if leaves_padding_out(pool) {
        let [kernel, stride] = [frame.kernel, frame.stride].map(sides_text);
        return match frame.kernel[0] == frame.kernel[1] && frame.stride[0] == frame.stride[1] {
            true => Ok(vec![format!("AveragePoolingWithoutPadding({kernel}, {stride}, {padding})")]),
            false => Err(ExportError::unsupported("Keras", node, "a padded window that is not square")),
        };
    }
    Ok(match padding {
        0 => vec![average],
        padding => vec![format!("layers.ZeroPadding2D({padding}, data_format=\"channels_last\")"), average],
    })
}

fn main(out: &mut Source, model: &Model) {
    out.block("\n\nif __name__ == \"__main__\":");
    out.indent(|out| {
        // NumPy, which Keras seeds too, takes 32 bits.
        out.line(format!("keras.utils.set_random_seed({})", model.seed % (1 << 32)));
        let sizes: Vec<_> = std::iter::once(8).chain(model.network.input.shape.0.iter().copied()).collect();
        out.line(format!("batch = keras.random.normal({})", tuple(&sizes)));
        out.line("network = build()");
        if model.unit_variance().is_some() {
            out.line("initialize(network, batch)");
        }
        out.line("print(\"output:\", list(network(batch).shape))");
        out.line("print(\"parameters:\", sum(math.prod(v.shape) for v in network.trainable_variables))");
    });
}
