//! candle: a Rust module with a struct that takes its weights by the names of PyTorch's `state_dict()`.

mod helpers;

use super::model::{Laws, Model};
use super::source::Source;
use super::{Chosen, ExportError, Writer};
use neartop_core::network::init::Law;
use neartop_core::network::{Conv2d, Graph, Merge, Module, Op, Pool, Softmax};

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
    imports(&mut out, &model);
    structure(&mut out, &model);
    out.line("");
    out.line("impl Network {");
    out.indent(|out| {
        constructor(out, &model);
        forward(out, &model);
    });
    out.line("}");
    building(&mut out, &model);
    for (activation, name) in model.activations().filter(|(a, _)| !a.has_weight()) {
        out.line("");
        out.line(format!("/// {activation}: {}", activation.entry().formula));
        out.line(format!("pub fn {name}(x: &Tensor) -> Result<Tensor> {{"));
        out.indent(|out| out.line(activation.fill(activation.entry().candle)));
        out.line("}");
    }
    helpers::write(&mut out, &model);
    Ok(out.finish())
}

fn imports(out: &mut Source, model: &Model) {
    let calls_forward = |m: &Module| m.weight.is_some() || matches!(&m.op, Op::Activation(a) if a.has_weight());
    out.line("use candle_core::{DType, Device, Result, Tensor};");
    let mut traits = Vec::new();
    if model.has(calls_forward) {
        traits.push("Module");
    }
    if model.has(|m| m.op == Op::BatchNorm) {
        traits.push("ModuleT");
    }
    traits.extend(["VarBuilder", "VarMap"]);
    out.line(format!("use candle_nn::{{{}}};", traits.join(", ")));
}

/// The type of a module's field, if it has weights.
fn field_type(module: &Module) -> Option<&'static str> {
    match &module.op {
        Op::Linear { .. } => Some("candle_nn::Linear"),
        Op::Conv2d(_) => Some("candle_nn::Conv2d"),
        Op::BatchNorm => Some("candle_nn::BatchNorm"),
        Op::LayerNorm | Op::GroupNorm { .. } => Some("Norm"),
        Op::Activation(a) if a.has_weight() => Some("candle_nn::PReLU"),
        _ => None,
    }
}

fn field(module: &Module) -> String {
    identifier(&module.name)
}

fn identifier(name: &str) -> String {
    let letters = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' });
    format!("layer_{}", letters.collect::<String>())
}

fn structure(out: &mut Source, model: &Model) {
    out.line("");
    out.line("/// The layers that have weights.");
    out.line("pub struct Network {");
    out.indent(|out| {
        for module in model.network.all_modules() {
            if let Some(kind) = field_type(module) {
                out.line(format!("{}: {kind},", field(module)));
            }
        }
    });
    out.line("}");
}

fn constructor(out: &mut Source, model: &Model) {
    out.line("/// Takes the weights by their names in PyTorch's `nn.Sequential.state_dict()`.");
    out.line("pub fn new(vb: VarBuilder) -> Result<Self> {");
    out.indent(|out| {
        out.line("Ok(Self {");
        out.indent(|out| {
            for module in model.network.all_modules() {
                if let Some(value) = construct(module) {
                    out.line(format!("{}: {value},", field(module)));
                }
            }
        });
        out.line("})");
    });
    out.line("}");
}

/// How a module is made from `vb`.
fn construct(module: &Module) -> Option<String> {
    let get = |dims: &[usize], what: &str| format!("vb.get({}, \"{}.{what}\")?", shape(dims), module.name);
    let start = |dims: &[usize], what: &str, value: f64| {
        format!("vb.get_with_hints({}, \"{}.{what}\", candle_nn::Init::Const({value:?}))?", shape(dims), module.name)
    };
    let drawn = |bias: bool| {
        let dims = module.weight.as_ref()?.dims.as_slice();
        let bias = if bias { format!("Some({})", get(&dims[..1], "bias")) } else { "None".to_owned() };
        Some(format!("{}, {bias}", get(dims, "weight")))
    };
    let norm = |groups: usize, dims: &[usize]| {
        format!(
            "Norm {{ groups: {groups}, weight: {}, bias: {} }}",
            start(dims, "weight", 1.0),
            start(dims, "bias", 0.0)
        )
    };
    match &module.op {
        Op::Linear { bias } => Some(format!("candle_nn::Linear::new({})", drawn(*bias)?)),
        Op::Conv2d(conv) => Some(format!("candle_nn::Conv2d::new({}, {})", drawn(conv.bias)?, config(conv))),
        Op::BatchNorm => Some(format!(
            "candle_nn::batch_norm({}, candle_nn::BatchNormConfig {{ eps: 1e-5, ..Default::default() }}, vb.pp(\"{}\"))?",
            module.input.width(),
            module.name
        )),
        Op::LayerNorm => Some(norm(1, &module.input.0)),
        Op::GroupNorm { groups } => {
            let mut dims = vec![module.input.width()];
            dims.resize(module.input.0.len(), 1);
            let channels = &dims[..1];
            let each = |what, value| format!("{}.reshape({})?", start(channels, what, value), shape(&dims));
            let (weight, bias) = match dims.len() {
                1 => (start(channels, "weight", 1.0), start(channels, "bias", 0.0)),
                _ => (each("weight", 1.0), each("bias", 0.0)),
            };
            Some(format!("Norm {{ groups: {groups}, weight: {weight}, bias: {bias} }}"))
        }
        Op::Activation(a) if a.has_weight() => {
            Some(format!("candle_nn::PReLU::new({}, true)", start(&[1], "weight", a.number("init"))))
        }
        _ => None,
    }
}

/// A shape as candle takes it: `128`, `(128, 64)`.
fn shape(dims: &[usize]) -> String {
    let sizes: Vec<_> = dims.iter().map(usize::to_string).collect();
    if sizes.len() == 1 { sizes[0].clone() } else { format!("({})", sizes.join(", ")) }
}

fn config(conv: &Conv2d) -> String {
    let (before, after) = conv.pads();
    // Other padding is put on before the convolution.
    let padding = if before == after { before } else { 0 };
    let settings = [
        ("padding", padding, 0),
        ("stride", conv.stride, 1),
        ("dilation", conv.dilation, 1),
        ("groups", conv.groups, 1),
    ];
    let settings: Vec<_> =
        settings.iter().filter(|(_, value, default)| value != default).map(|(n, v, _)| format!("{n}: {v}")).collect();
    match settings.as_slice() {
        [] => "candle_nn::Conv2dConfig::default()".to_owned(),
        _ => format!("candle_nn::Conv2dConfig {{ {}, ..Default::default() }}", settings.join(", ")),
    }
}

fn forward(out: &mut Source, model: &Model) {
    let watched = model.unit_variance().is_some();
    let by_mode = |m: &Module| matches!(m.op, Op::BatchNorm) || (!watched && matches!(m.op, Op::Dropout { .. }));
    let train = if model.has(by_mode) { "train" } else { "_train" };
    let (input, output) = (list(&model.network.input.0), list(&model.network.output().0));
    out.line("");
    out.line(format!("/// From `[samples, {input}]` to `[samples, {output}]`."));
    if watched {
        let dropout = if model.has(|m| matches!(m.op, Op::Dropout { .. })) { "dropout" } else { "_dropout" };
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
        chain(out, &model.network.modules, model, watched);
        out.line("Ok(x)");
    });
    out.line("}");
}

fn list(sizes: &[usize]) -> String {
    let sizes: Vec<_> = sizes.iter().map(usize::to_string).collect();
    sizes.join(", ")
}

fn chain(out: &mut Source, modules: &[Module], model: &Model, watched: bool) {
    for module in modules {
        if let Op::Graph(graph) = &module.op {
            write_graph(out, module, graph, model, watched);
            continue;
        }
        if let Op::Conv2d(conv) = &module.op {
            let (before, after) = conv.pads();
            if before != after {
                out.line(format!(
                    "let x = x.pad_with_zeros(2, {before}, {after})?.pad_with_zeros(3, {before}, {after})?;"
                ));
            }
        }
        if watched && module.weight.is_some() {
            let (name, layer) = (&module.name, format!("self.{}", field(module)));
            let without_bias = match &module.op {
                Op::Conv2d(_) => format!("candle_nn::Conv2d::new({layer}.weight().clone(), None, *{layer}.config())"),
                _ => format!("candle_nn::Linear::new({layer}.weight().clone(), None)"),
            };
            out.line(format!("watch(\"{name}.weight\", &|| {without_bias}.forward(&x))?;"));
        }
        out.line(format!("let x = {};", apply(module, model, watched)));
    }
}

fn write_graph(out: &mut Source, module: &Module, graph: &Graph<Module>, model: &Model, watched: bool) {
    let place = field(module);
    let is_used = |vertex: usize| graph.vertices.iter().any(|v| v.edges.iter().any(|e| e.from == vertex));
    if is_used(0) {
        out.line(format!("let {place}_0 = x;"));
    }
    for (at, vertex) in graph.vertices.iter().enumerate() {
        let mut branches = Vec::with_capacity(vertex.edges.len());
        for (number, edge) in vertex.edges.iter().enumerate() {
            let branch = format!("{place}_{}_from_{number}", at + 1);
            out.line(format!("let x = {place}_{}.clone();", edge.from));
            chain(out, &edge.through, model, watched);
            out.line(format!("let {branch} = x;"));
            branches.push(branch);
        }
        out.line(match vertex.merge {
            Merge::Concat => format!("let x = Tensor::cat(&[{}], 1)?;", branches.join(", ")),
            Merge::Sum => {
                let sum = branches.split_first().map_or_else(String::new, |(first, rest)| {
                    rest.iter().fold(first.clone(), |sum, branch| format!("({sum} + {branch})?"))
                });
                format!("let x = {sum};")
            }
        });
        chain(out, &vertex.then, model, watched);
        if is_used(at + 1) {
            out.line(format!("let {place}_{} = x;", at + 1));
        }
    }
}

/// What comes out of a module, from `x`.
fn apply(module: &Module, model: &Model, watched: bool) -> String {
    match &module.op {
        Op::Linear { .. } | Op::Conv2d(_) | Op::LayerNorm | Op::GroupNorm { .. } => {
            format!("self.{}.forward(&x)?", field(module))
        }
        Op::BatchNorm => format!("self.{}.forward_t(&x, train)?", field(module)),
        Op::MaxPool(pool) | Op::AvgPool(pool) => pooling(pool, matches!(module.op, Op::MaxPool(_))),
        Op::GlobalAvgPool => "x.mean_keepdim((2, 3))?".to_owned(),
        Op::Flatten => "x.flatten_from(1)?".to_owned(),
        Op::Dropout { p } => {
            let flag = if watched { "dropout" } else { "train" };
            // candle refuses to drop everything.
            let dropped = match *p {
                1.0 => "x.zeros_like()?".to_owned(),
                p => format!("candle_nn::ops::dropout(&x, {:?})?", p as f32),
            };
            format!("if {flag} {{ {dropped} }} else {{ x }}")
        }
        Op::Activation(a) if a.has_weight() => format!("self.{}.forward(&x)?", field(module)),
        Op::Activation(a) => format!("{}(&x)?", model.name_of(a)),
        Op::Softmax(Softmax::Softmax) => "candle_nn::ops::softmax(&x, 1)?".to_owned(),
        Op::Softmax(Softmax::LogSoftmax) => "candle_nn::ops::log_softmax(&x, 1)?".to_owned(),
        Op::Softmax(Softmax::Softmin) => "candle_nn::ops::softmax(&x.neg()?, 1)?".to_owned(),
        Op::Zero => "x.zeros_like()?".to_owned(),
        Op::FirstChannels { keep } => format!("x.narrow(1, 0, {keep})?"),
        // A model has no slots, and graphs are written by their own function.
        Op::Slot | Op::Graph(_) => "x".to_owned(),
    }
}

fn pooling(pool: &Pool, is_max: bool) -> String {
    let (kernel, stride, padding) = (pool.kernel, pool.stride, pool.padding);
    match (padding, is_max) {
        (0, true) => format!("x.max_pool2d_with_stride({kernel}, {stride})?"),
        (0, false) => format!("x.avg_pool2d_with_stride({kernel}, {stride})?"),
        (_, true) => format!("pad(&x, {padding}, f32::NEG_INFINITY)?.max_pool2d_with_stride({kernel}, {stride})?"),
        (_, false) => {
            let mean = |x: &str| format!("pad({x}, {padding}, 0.0)?.avg_pool2d_with_stride({kernel}, {stride})?");
            match pool.count_include_pad {
                true => mean("&x"),
                false => format!("({} / {})?", mean("&x"), mean("&x.ones_like()?")),
            }
        }
    }
}

fn building(out: &mut Source, model: &Model) {
    let unit_variance = model.unit_variance();
    let (argument, pass) = match unit_variance {
        Some(_) => (", batch: &Tensor", ", &network, batch"),
        None => ("", ""),
    };
    let parameter = if unit_variance.is_some() { ", network: &Network, batch: &Tensor" } else { "" };
    out.block(&format!(
        r"
/// A network with freshly drawn weights, and its variables, `running_mean` and `running_var` among them.
pub fn build(device: &Device{argument}) -> Result<(VarMap, Network)> {{
    let mut vars = VarMap::new();
    let network = Network::new(VarBuilder::from_varmap(&vars, DType::F32, device))?;
    initialize(&mut vars, device{pass})?;
    Ok((vars, network))
}}

/// Draws the weights; those of normalizations and activations start as they are built.
pub fn initialize(vars: &mut VarMap, device: &Device{parameter}) -> Result<()> {{"
    ));
    out.indent(|out| {
        for (module, laws) in model.weighted() {
            draw(out, module, laws);
        }
        match unit_variance {
            Some((target, tolerance)) => {
                out.line(format!("unit_variance(vars, network, batch, {target:?}, {tolerance:?})"))
            }
            None => out.line("Ok(())"),
        }
    });
    out.line("}");
}

fn draw(out: &mut Source, module: &Module, laws: Laws) {
    let Some(weight) = &module.weight else { return };
    let name = &module.name;
    out.line(format!("vars.set_one(\"{name}.weight\", {}?)?;", drawn(laws.weight, &weight.dims, weight.groups)));
    if let Some(law) = laws.bias {
        out.line(format!("vars.set_one(\"{name}.bias\", {}?)?;", drawn(law, &weight.dims[..1], 1)));
    }
}

/// An expression for a fresh tensor.
fn drawn(law: Law, dims: &[usize], groups: usize) -> String {
    let single = |x: f64| format!("{:?}f32", x as f32);
    match law {
        Law::Uniform { low, high } => {
            format!("Tensor::rand({}, {}, {}, device)", single(low), single(high), shape(dims))
        }
        Law::Normal { mean, std } => {
            format!("Tensor::randn({}, {}, {}, device)", single(mean), single(std), shape(dims))
        }
        Law::TruncatedNormal { mean, std, low, high } => {
            format!("truncated_normal(&{dims:?}, [{mean:?}, {std:?}], [{low:?}, {high:?}], device)")
        }
        Law::Orthogonal { gain } => format!("orthogonal(&{dims:?}, {gain:?}, device)"),
        Law::UnitVariance { .. } => format!("orthogonal(&{dims:?}, 1.0, device)"),
        Law::Sparse { sparsity, std } => format!("sparse(&{dims:?}, {sparsity:?}, {}, device)", single(std)),
        Law::Identity => format!("dirac(&{dims:?}, {groups}, device)"),
        Law::Constant { value } => format!("Tensor::full({}, {}, device)", single(value), shape(dims)),
    }
}
