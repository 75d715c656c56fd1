//! The layers of a preset, read and written.

use serde_yaml::{Mapping, Value};

use super::architectures::read_whole;
use super::yaml::{self, Node, Place, Problem, printable};
use super::{Architectures, Preset, Truth, Whole, read_choice, word};
use crate::data::{DIGITS, DataFrom, Scale};
use neartop_core::catalog::{Entry, nearest};
use neartop_core::network::activation::ActivationKind;
use neartop_core::network::nas::NasSpace;
use neartop_core::network::weights::BatchNorm;
use neartop_core::network::{Activation, BiasInit, Conv2d, Layer, Network, Padding, Pool, Shape, Softmax};
use neartop_core::settings::Auto;
use neartop_core::settings::Rows;

/// The most layers that a network may have, repeats expanded.
const MOST_LAYERS: usize = 10_000;
const MOST_DEPTH: usize = 16;

/// Every layer that is neither an activation nor a softmax.
pub const LAYERS: &[&str] = &[
    "linear",
    "conv2d",
    "batch_norm",
    "layer_norm",
    "group_norm",
    "max_pool",
    "avg_pool",
    "global_avg_pool",
    "flatten",
    "dropout",
    "residual",
    "repeat",
    "activation",
];

/// Reads the network and infers its shapes. `architectures` are those to rank, if any; `searched` says whether
/// activations are searched, for whole networks have slots only then.
pub fn read_network(
    node: &Node<'_>,
    architectures: Option<&Architectures>,
    searched: bool,
) -> Result<(Vec<Layer>, Network, Option<Whole>), Problem> {
    let spaces = NasSpace::ALL.map(NasSpace::name);
    let known: Vec<_> = ["input", "layers", "classes"].into_iter().chain(spaces).collect();
    let map = node.map("the network", &known)?;
    let input = read_input(map.need("input")?)?;
    let whole = spaces.iter().find_map(|space| map.get(space));
    let layers = map.get("layers");
    if let (Some(_), Some(other)) = (architectures, layers.or(whole)) {
        let problem = other.key_problem("search.architectures says which networks to rank");
        return Err(problem.help("give `input` and `classes` only, or leave search.architectures out"));
    }
    if let (Some(whole), Some(_)) = (whole, layers) {
        return Err(whole.key_problem("a network is given by its `layers` or by an architecture, not by both"));
    }
    if architectures.is_some() || whole.is_some() {
        let (whole, layers, network) = read_whole(&map, &input, architectures, searched)?;
        return Ok((layers, network, Some(whole)));
    }
    let node = map.need("layers")?;
    if let Some(classes) = map.get("classes") {
        let problem = classes.key_problem("`classes` belongs to architectures, but the network is given by its layers");
        return Err(problem.help("the last layer says how many outputs there are"));
    }
    let mut reader = Reader { places: Vec::new(), layers: 0 };
    let layers = reader.list(node, "", 0)?;
    if layers.is_empty() {
        return Err(node.problem("the network has no layers"));
    }
    let network = Network::build(&input, &layers).map_err(|error| Problem {
        place: reader.place(&error.module).unwrap_or_else(|| node.place.clone()),
        message: error.to_string(),
        help: None,
    })?;
    if network.counted().is_empty() {
        return Err(node.problem("NEAR counts layers with weights and activations, and this network has none"));
    }
    Ok((layers, network, None))
}

fn read_input(node: &Node<'_>) -> Result<Shape, Problem> {
    if !node.is_list() {
        return Ok(Shape(vec![node.size("the input: a number of features, or [channels, height, width]")?]));
    }
    let sizes = node.list("the input")?.iter().map(|n| n.size("a size of the input")).collect::<Result<Vec<_>, _>>()?;
    if !matches!(sizes.len(), 1 | 3) {
        return Err(node.problem("the input is a number of features, or [channels, height, width]"));
    }
    if sizes.iter().try_fold(1usize, |n, s| n.checked_mul(*s)).is_none_or(|n| n > 1 << 40) {
        return Err(node.problem("the input has more than 2^40 values"));
    }
    Ok(Shape(sizes))
}

/// Reads layers and remembers where each module's layer stands in the document.
struct Reader {
    places: Vec<(String, Place)>,
    layers: usize,
}

impl Reader {
    fn place(&self, module: &str) -> Option<Place> {
        self.places.iter().find(|(name, _)| name == module).map(|(_, place)| place.clone())
    }

    /// A list of layers whose modules' names start with `prefix`.
    fn list(&mut self, node: &Node<'_>, prefix: &str, depth: usize) -> Result<Vec<Layer>, Problem> {
        let mut layers = Vec::new();
        self.extend(&mut layers, node, prefix, depth)?;
        Ok(layers)
    }

    fn extend(&mut self, layers: &mut Vec<Layer>, node: &Node<'_>, prefix: &str, depth: usize) -> Result<(), Problem> {
        if depth > MOST_DEPTH {
            return Err(node.problem(format!("layers are nested more than {MOST_DEPTH} deep")));
        }
        for item in node.list("a list of layers")? {
            let (name, params) = item.named("a layer")?;
            if name == "repeat" {
                let map = need(&item, name, params.as_ref())?.map("repeat", &["times", "layers"])?;
                let times = map.need("times")?.whole("times", 1, MOST_LAYERS as u64)?;
                let repeated = map.need("layers")?;
                // Without a layer in it, nested repeats would go on for ever and never reach the most layers.
                if repeated.list("a list of layers")?.is_empty() {
                    return Err(repeated
                        .problem("there is no layer to repeat")
                        .help("write `layers: [linear: 64, activation]`"));
                }
                for _ in 0..times {
                    self.extend(layers, repeated, prefix, depth + 1)?;
                }
                continue;
            }
            self.layers += 1;
            if self.layers > MOST_LAYERS {
                return Err(item.problem(format!("the network has more than {MOST_LAYERS} layers")));
            }
            let module = format!("{prefix}{}", layers.len());
            self.places.push((module.clone(), item.place.clone()));
            layers.push(self.layer(&item, name, params.as_ref(), &module, depth)?);
        }
        Ok(())
    }

    fn layer(
        &mut self,
        item: &Node<'_>,
        name: &str,
        params: Option<&Node<'_>>,
        module: &str,
        depth: usize,
    ) -> Result<Layer, Problem> {
        let plain = |layer: Layer| match params {
            Some(params) => Err(params.problem(format!("{name} takes no parameters"))),
            None => Ok(layer),
        };
        match name {
            "linear" => read_linear(need(item, name, params)?),
            "conv2d" => read_conv(need(item, name, params)?),
            "batch_norm" => plain(Layer::BatchNorm),
            "layer_norm" => plain(Layer::LayerNorm),
            "global_avg_pool" => plain(Layer::GlobalAvgPool),
            "flatten" => plain(Layer::Flatten),
            "activation" => plain(Layer::Slot),
            "group_norm" => {
                let node = need(item, name, params)?;
                let groups = match node.is_map() {
                    true => node.map(name, &["groups"])?.need("groups")?.size("groups")?,
                    false => node.size("groups")?,
                };
                Ok(Layer::GroupNorm { groups })
            }
            "max_pool" => Ok(Layer::MaxPool(read_pool(need(item, name, params)?, name)?)),
            "avg_pool" => Ok(Layer::AvgPool(read_pool(need(item, name, params)?, name)?)),
            "dropout" => {
                let p = match params {
                    Some(node) if node.is_map() => match node.map(name, &["p"])?.get("p") {
                        Some(p) => p.number("p", 0.0, 1.0)?,
                        None => 0.5,
                    },
                    Some(node) => node.number("p", 0.0, 1.0)?,
                    None => 0.5,
                };
                Ok(Layer::Dropout { p })
            }
            "residual" => {
                let map = need(item, name, params)?.map("residual", &["body", "shortcut"])?;
                let body = self.list(map.need("body")?, &format!("{module}.body."), depth + 1)?;
                let shortcut = match map.get("shortcut") {
                    Some(node) if node.as_str() == Some("identity") => Vec::new(),
                    Some(node) => self.list(node, &format!("{module}.shortcut."), depth + 1)?,
                    None => Vec::new(),
                };
                Ok(Layer::Residual { body, shortcut })
            }
            _ => match Softmax::ALL.into_iter().find(|s| s.name() == name) {
                Some(softmax) => plain(Layer::Softmax(softmax)),
                None if Activation::find(name).is_some() => Ok(Layer::Activation(read_choice(item)?)),
                None => Err(unknown(item, name)),
            },
        }
    }
}

fn unknown(item: &Node<'_>, name: &str) -> Problem {
    let known = || {
        let softmaxes = Softmax::ALL.into_iter().map(Softmax::name);
        LAYERS.iter().copied().chain(softmaxes).chain(ActivationKind::catalog().iter().map(Entry::name))
    };
    let problem = item.problem(format!("no layer is called `{}`", printable(name)));
    match nearest(name, known()) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem.help(format!("layers are {}, and every activation's name", LAYERS.join(", "))),
    }
}

fn need<'a, 'b>(item: &Node<'_>, name: &str, params: Option<&'b Node<'a>>) -> Result<&'b Node<'a>, Problem> {
    let example = match name {
        "linear" => "linear: 128",
        "conv2d" => "conv2d: {out: 32, kernel: 3}",
        "group_norm" => "group_norm: {groups: 8}",
        "residual" => "residual: {body: [...]}",
        "repeat" => "repeat: {times: 3, layers: [...]}",
        _ => "max_pool: 2",
    };
    params.ok_or_else(|| item.problem(format!("{name} needs parameters")).help(format!("write `{example}`")))
}

fn flag(node: Option<&Node<'_>>, what: &str, default: bool) -> Result<bool, Problem> {
    node.map_or(Ok(default), |n| n.boolean(what))
}

fn read_linear(node: &Node<'_>) -> Result<Layer, Problem> {
    if !node.is_map() {
        return Ok(Layer::Linear { out: node.size("the width of linear")?, bias: true });
    }
    let map = node.map("linear", &["out", "bias"])?;
    Ok(Layer::Linear { out: map.need("out")?.size("out")?, bias: flag(map.get("bias"), "bias", true)? })
}

fn read_conv(node: &Node<'_>) -> Result<Layer, Problem> {
    let map = node.map("conv2d", &["out", "kernel", "stride", "padding", "dilation", "groups", "bias"])?;
    let size = |key: &str| map.get(key).map_or(Ok(1), |n| n.size(key));
    let padding = match map.get("padding") {
        None => Padding::Zeros(0),
        Some(node) if node.as_str().is_some() => match word(node, "the padding", &["same", "valid"])? {
            "valid" => Padding::Zeros(0),
            _ => Padding::Same,
        },
        Some(node) => Padding::Zeros(node.whole("the padding: a number, `same` or `valid`", 0, 1 << 20)? as usize),
    };
    Ok(Layer::Conv2d(Conv2d {
        out: map.need("out")?.size("out")?,
        kernel: map.need("kernel")?.whole("the kernel", 1, 1 << 20)? as usize,
        stride: size("stride")?,
        padding,
        dilation: map.get("dilation").map_or(Ok(1), |n| n.whole("the dilation", 1, 1 << 20))? as usize,
        groups: size("groups")?,
        bias: flag(map.get("bias"), "bias", true)?,
    }))
}

fn read_pool(node: &Node<'_>, name: &str) -> Result<Pool, Problem> {
    if !node.is_map() {
        return Ok(Pool::new(node.whole(&format!("the window of {name}"), 1, 1 << 20)? as usize));
    }
    let known: &[&str] = match name {
        "avg_pool" => &["kernel", "stride", "padding", "count_include_pad"],
        _ => &["kernel", "stride", "padding"],
    };
    let map = node.map(name, known)?;
    let kernel = map.need("kernel")?.whole("the kernel", 1, 1 << 20)? as usize;
    Ok(Pool {
        kernel,
        stride: map.get("stride").map_or(Ok(kernel), |n| n.size("the stride"))?,
        padding: map.get("padding").map_or(Ok(0), |n| n.whole("the padding", 0, 1 << 20))? as usize,
        count_include_pad: flag(map.get("count_include_pad"), "count_include_pad", true)?,
    })
}

/// A map with these entries, those without a value left out.
pub fn map<const N: usize>(entries: [(&str, Option<Value>); N]) -> Value {
    let entries = entries.into_iter().filter_map(|(key, value)| Some((Value::from(key), value?)));
    Value::Mapping(Mapping::from_iter(entries))
}

pub fn value(of: impl serde::Serialize) -> Option<Value> {
    serde_yaml::to_value(of).ok()
}

/// `value`, unless it is the default.
fn unless<T: PartialEq + serde::Serialize>(of: T, default: T) -> Option<Value> {
    if of == default { None } else { value(of) }
}

/// The preset as YAML.
pub fn write_preset(preset: &Preset) -> String {
    let (source, classes, path, labels) = match &preset.data.from {
        DataFrom::File { path, labels } => (None, None, value(path.to_string_lossy()), labels.as_ref().and_then(value)),
        DataFrom::Digits { classes } => (value("digits"), unless(*classes, DIGITS), None, None),
        DataFrom::Airfoil => (value("airfoil"), None, None, None),
        DataFrom::Gaussian => (value("gaussian"), None, None, None),
        DataFrom::Uniform => (value("uniform"), None, None, None),
    };
    let scale = unless(preset.data.scale, Scale::None);
    let data = map([("source", source), ("classes", classes), ("path", path), ("labels", labels), ("scale", scale)]);
    let input = match preset.network.input.0.as_slice() {
        [features] => value(features),
        sizes => value(sizes),
    };
    let network = match &preset.whole {
        None => map([("input", input), ("layers", Some(write_layers(&preset.layers)))]),
        Some(Whole { classes, architecture: None }) => map([("input", input), ("classes", value(classes))]),
        Some(Whole { classes, architecture: Some(architecture) }) => map([
            ("input", input),
            ("classes", value(classes)),
            (architecture.space().name(), value(architecture.as_str())),
        ]),
    };
    let activations = if preset.network.has_slot() { value(&preset.search.activations) } else { None };
    let whole = map([
        ("neartop", value(env!("CARGO_PKG_VERSION"))),
        ("name", value(&preset.name)),
        ("description", preset.description.as_ref().and_then(value)),
        ("data", Some(data)),
        ("network", Some(network)),
        (
            "search",
            Some(map([
                ("architectures", preset.search.architectures.as_ref().map(Architectures::write)),
                ("activations", activations),
                ("inits", value(&preset.search.inits)),
                ("bias", unless(preset.search.bias, BiasInit::Zeros)),
            ])),
        ),
        ("truth", preset.truth.as_ref().map(Truth::write)),
        (
            "score",
            Some(map([
                ("repetitions", write_repetitions(preset)),
                ("batch", preset.batch.and_then(value)),
                ("rows", unless(preset.rows, Rows::Full)),
                ("batch_norm", unless(preset.batch_norm, BatchNorm::Training)),
                ("trainability", unless(preset.trainability, true)),
                ("seed", value(preset.seed)),
            ])),
        ),
    ]);
    yaml::print(&whole)
}

fn write_repetitions(preset: &Preset) -> Option<Value> {
    let Some(auto) = preset.auto else { return value(preset.repetitions) };
    if auto == Auto::default() && preset.repetitions == Auto::MOST {
        return value("auto");
    }
    Some(map([
        ("minimum", value(auto.least)),
        ("maximum", value(preset.repetitions)),
        ("confidence", value(auto.confidence)),
    ]))
}

pub fn write_layers(layers: &[Layer]) -> Value {
    Value::Sequence(layers.iter().map(write_layer).collect())
}

fn write_layer(layer: &Layer) -> Value {
    let one = |name: &str, params: Option<Value>| map([(name, params)]);
    match layer {
        Layer::Linear { out, bias: true } => one("linear", value(out)),
        Layer::Linear { out, bias } => one("linear", Some(map([("out", value(out)), ("bias", value(bias))]))),
        Layer::Conv2d(conv) => {
            let padding = match conv.padding {
                Padding::Zeros(p) => unless(p, 0),
                Padding::Same => value("same"),
            };
            let params = map([
                ("out", value(conv.out)),
                ("kernel", value(conv.kernel)),
                ("stride", unless(conv.stride, 1)),
                ("padding", padding),
                ("dilation", unless(conv.dilation, 1)),
                ("groups", unless(conv.groups, 1)),
                ("bias", unless(conv.bias, true)),
            ]);
            one("conv2d", Some(params))
        }
        Layer::MaxPool(pool) => one("max_pool", Some(write_pool(pool))),
        Layer::AvgPool(pool) => one("avg_pool", Some(write_pool(pool))),
        Layer::GroupNorm { groups } => one("group_norm", Some(map([("groups", value(groups))]))),
        Layer::Dropout { p } => one("dropout", value(p)),
        Layer::Residual { body, shortcut } => {
            let shortcut = (!shortcut.is_empty()).then(|| write_layers(shortcut));
            one("residual", Some(map([("body", Some(write_layers(body))), ("shortcut", shortcut)])))
        }
        Layer::Activation(activation) => value(activation).unwrap_or_default(),
        Layer::Softmax(softmax) => Value::from(softmax.name()),
        Layer::BatchNorm => Value::from("batch_norm"),
        Layer::LayerNorm => Value::from("layer_norm"),
        Layer::GlobalAvgPool => Value::from("global_avg_pool"),
        Layer::Flatten => Value::from("flatten"),
        Layer::Slot => Value::from("activation"),
        // Whole networks are written by their names, not layer by layer.
        Layer::Zero | Layer::FirstChannels { .. } | Layer::Graph(_) => Value::Null,
    }
}

fn write_pool(pool: &Pool) -> Value {
    map([
        ("kernel", value(pool.kernel)),
        ("stride", unless(pool.stride, pool.kernel)),
        ("padding", unless(pool.padding, 0)),
        ("count_include_pad", unless(pool.count_include_pad, true)),
    ])
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Layer, Padding};
    use crate::preset::Preset;

    #[test]
    fn convolutions_are_padded_by_a_number_or_a_word() {
        let padding = |word: &str| {
            let layers = format!("[conv2d: {{out: 2, kernel: 3, padding: {word}}}, activation]");
            let text = format!("network: {{input: [1, 8, 8], layers: {layers}}}\ndata: {{source: digits}}");
            match Preset::parse(&text, "p.yaml", Path::new("")).map(|preset| preset.layers[0].clone()) {
                Ok(Layer::Conv2d(conv)) => Ok(conv.padding),
                other => Err(format!("{other:?}")),
            }
        };
        assert_eq!(padding("2"), Ok(Padding::Zeros(2)));
        assert_eq!(padding("same"), Ok(Padding::Same));
        assert_eq!(padding("valid"), Ok(Padding::Zeros(0)));
        assert!(padding("full").is_err_and(|error| error.contains("same") && error.contains("valid")));
    }
}
