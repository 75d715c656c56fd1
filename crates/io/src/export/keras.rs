//! Keras 3: a functional model that takes images as the preset does, channels first, and holds them channels last.

mod helpers;

use super::model::{Laws, Model};
use super::source::{Source, tuple};
use super::{Chosen, ExportError, Writer};
use neartop_core::network::init::Law;
use neartop_core::network::{Activation, Conv2d, Graph, Merge, Module, Op, Pool, Shape, Softmax};

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
    build(&mut out, &model);
    main(&mut out, &model);
    Ok(out.finish())
}

fn is_expression(activation: &Activation) -> bool {
    !activation.entry().keras.starts_with("layers.")
}

/// Whether the padding of a pooling must not count, which Keras cannot say.
fn leaves_padding_out(pool: &Pool) -> bool {
    pool.padding > 0 && !pool.count_include_pad
}

/// The bounds are two standard deviations from 0, where Keras cuts.
fn is_cut_as_in_keras(law: &Law) -> bool {
    match *law {
        Law::TruncatedNormal { mean, std, low, high } => {
            mean == 0.0 && (low + 2.0 * std).abs() < 1e-12 * std && (high - 2.0 * std).abs() < 1e-12 * std
        }
        _ => false,
    }
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
    let softmin = Op::Softmax(Softmax::Softmin);
    if model.has(|m| m.op == softmin) {
        out.block(helpers::SOFTMIN);
    }
    let log_softmax = Op::Softmax(Softmax::LogSoftmax);
    if model.has(|m| m.op == log_softmax) {
        out.block(helpers::LOG_SOFTMAX);
    }
}

fn build(out: &mut Source, model: &Model) {
    out.block("\n\ndef build():");
    out.indent(|out| {
        let (input, output) = (&model.network.input, model.network.output());
        out.line("\"\"\"The network with freshly drawn weights.\"\"\"");
        out.line(format!("inputs = keras.Input(shape={})", tuple(&input.0)));
        out.line(if is_image(input) { "x = layers.Permute((2, 3, 1))(inputs)" } else { "x = inputs" });
        chain(out, model, &model.network.modules);
        if is_image(output) {
            out.line("x = layers.Permute((3, 1, 2))(x)");
        }
        out.line("return keras.Model(inputs, x)");
    });
}

fn is_image(shape: &Shape) -> bool {
    shape.0.len() == 3
}

/// A module's name as Keras allows it.
fn identifier(name: &str) -> String {
    let letters = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' });
    format!("layer_{}", letters.collect::<String>())
}

/// Sends `x` through the modules, a statement for each.
fn chain(out: &mut Source, model: &Model, modules: &[Module]) {
    for module in modules {
        match &module.op {
            Op::Graph(graph) => write_graph(out, model, module, graph),
            Op::Linear { .. } | Op::Conv2d(_) => weighted(out, model, module),
            _ => layer(module, model).iter().for_each(|layer| out.line(format!("x = {layer}(x)"))),
        }
    }
}

fn write_graph(out: &mut Source, model: &Model, module: &Module, graph: &Graph<Module>) {
    let place = identifier(&module.name);
    out.line(format!("{place}_0 = x"));
    for (at, vertex) in graph.vertices.iter().enumerate() {
        let mut branches = Vec::with_capacity(vertex.edges.len());
        for (number, edge) in vertex.edges.iter().enumerate() {
            let branch = format!("{place}_{}_from_{number}", at + 1);
            out.line(format!("x = {place}_{}", edge.from));
            chain(out, model, &edge.through);
            out.line(format!("{branch} = x"));
            branches.push(branch);
        }
        if branches.len() > 1 {
            let merge = match vertex.merge {
                Merge::Sum => "layers.Add()",
                Merge::Concat => "layers.Concatenate(axis=-1)",
            };
            out.line(format!("x = {merge}([{}])", branches.join(", ")));
        }
        chain(out, model, &vertex.then);
        out.line(format!("{place}_{} = x", at + 1));
    }
}

/// A linear or convolution module.
fn weighted(out: &mut Source, model: &Model, module: &Module) {
    let (Some(laws), Some(shape)) = (model.laws(module), &module.weight) else { return };
    let mut subsample = 1;
    if let Op::Conv2d(conv) = &module.op
        && conv.pads() != (0, 0)
    {
        let (before, after) = conv.pads();
        let sides = format!("(({before}, {after}), ({before}, {after}))");
        out.line(format!("x = layers.ZeroPadding2D({sides}, data_format=\"channels_last\")(x)"));
    }
    let is_dense = matches!(module.op, Op::Linear { .. });
    out.line(format!("x = layers.{}(", if is_dense { "Dense" } else { "Conv2D" }));
    out.indent(|out| {
        out.line(format!("{},", module.output.width()));
        if let Op::Conv2d(conv) = &module.op {
            // Keras refuses strides together with dilation, so such strides come after the convolution.
            subsample = if conv.dilation > 1 { conv.stride } else { 1 };
            window(out, conv, subsample == 1);
        }
        out.line(format!("kernel_initializer={},", initializer(&laws.weight, is_dense, shape.groups)));
        out.line(bias(laws, is_dense));
        out.line(format!("name=\"{}\",", identifier(&module.name)));
    });
    out.line(")(x)");
    if subsample > 1 {
        out.line(format!("x = layers.MaxPooling2D(1, strides={subsample}, data_format=\"channels_last\")(x)"));
    }
}

fn window(out: &mut Source, conv: &Conv2d, with_strides: bool) {
    out.line(format!("{},", conv.kernel));
    if conv.stride > 1 && with_strides {
        out.line(format!("strides={},", conv.stride));
    }
    if conv.dilation > 1 {
        out.line(format!("dilation_rate={},", conv.dilation));
    }
    if conv.groups > 1 {
        out.line(format!("groups={},", conv.groups));
    }
    out.line("data_format=\"channels_last\",");
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

/// The layers that a module without a drawn weight is made of.
fn layer(module: &Module, model: &Model) -> Vec<String> {
    let name = identifier(&module.name);
    let image = is_image(&module.input);
    let one = match &module.op {
        Op::BatchNorm => format!("layers.BatchNormalization(axis=-1, momentum=0.9, epsilon=1e-5, name=\"{name}\")"),
        Op::LayerNorm => {
            let axes = if image { "[1, 2, 3]" } else { "-1" };
            format!("layers.LayerNormalization(axis={axes}, epsilon=1e-5, name=\"{name}\")")
        }
        Op::GroupNorm { groups } => {
            format!("layers.GroupNormalization({groups}, axis=-1, epsilon=1e-5, name=\"{name}\")")
        }
        Op::MaxPool(pool) | Op::AvgPool(pool) => return pooling(pool, matches!(module.op, Op::MaxPool(_))),
        Op::GlobalAvgPool => "layers.GlobalAveragePooling2D(data_format=\"channels_last\", keepdims=True)".to_owned(),
        Op::Flatten => {
            let flatten = "layers.Flatten(data_format=\"channels_last\")".to_owned();
            // Channels first, as PyTorch flattens; with one pixel there is only one order.
            let reorders = image && module.input.elements() > module.input.width();
            return if reorders { vec!["layers.Permute((3, 1, 2))".to_owned(), flatten] } else { vec![flatten] };
        }
        Op::Dropout { p } => format!("layers.Dropout({p:?})"),
        Op::Activation(activation) if is_expression(activation) => {
            format!("layers.Activation({})", model.name_of(activation))
        }
        Op::Activation(activation) => {
            let axes = if image { "[1, 2, 3]" } else { "[1]" };
            let text = activation.fill(activation.entry().keras).replace("{shared_axes}", axes);
            if activation.has_weight() { named(&text, &name) } else { text }
        }
        Op::Softmax(Softmax::Softmax) => "layers.Softmax(axis=-1)".to_owned(),
        Op::Softmax(softmax) => format!("layers.Activation({})", softmax.name()),
        Op::Zero => "Zero()".to_owned(),
        Op::FirstChannels { keep } => format!("FirstChannels({keep})"),
        Op::Linear { .. } | Op::Conv2d(_) | Op::Slot | Op::Graph(_) => return Vec::new(),
    };
    vec![one]
}

/// A constructor with a `name` as its last argument.
fn named(constructor: &str, name: &str) -> String {
    let open = constructor.strip_suffix(')').unwrap_or(constructor);
    format!("{open}, name=\"{name}\")")
}

fn pooling(pool: &Pool, is_max: bool) -> Vec<String> {
    let (kernel, stride, padding) = (pool.kernel, pool.stride, pool.padding);
    if !is_max && leaves_padding_out(pool) {
        return vec![format!("AveragePoolingWithoutPadding({kernel}, {stride}, {padding})")];
    }
    let class = if is_max { "MaxPooling2D" } else { "AveragePooling2D" };
    let pooling = format!("layers.{class}({kernel}, strides={stride}, data_format=\"channels_last\")");
    match (padding, is_max) {
        (0, _) => vec![pooling],
        (_, true) => vec![format!("PadWithMinusInfinity({padding})"), pooling],
        (_, false) => vec![format!("layers.ZeroPadding2D({padding}, data_format=\"channels_last\")"), pooling],
    }
}

fn main(out: &mut Source, model: &Model) {
    out.block("\n\nif __name__ == \"__main__\":");
    out.indent(|out| {
        // NumPy, which Keras seeds too, takes 32 bits.
        out.line(format!("keras.utils.set_random_seed({})", model.seed % (1 << 32)));
        let sizes: Vec<_> = std::iter::once(8).chain(model.network.input.0.iter().copied()).collect();
        out.line(format!("batch = keras.random.normal({})", tuple(&sizes)));
        out.line("network = build()");
        if model.unit_variance().is_some() {
            out.line("initialize(network, batch)");
        }
        out.line("print(\"output:\", list(network(batch).shape))");
        out.line("print(\"parameters:\", sum(math.prod(v.shape) for v in network.trainable_variables))");
    });
}
