//! The layers of a preset, read and written by the list of kinds.

use neartop_core::activation::{Activation, ActivationKind};
use neartop_core::catalog::Elsewhere::{self, Is, Says};
use neartop_core::catalog::{Entry, suggest};
use neartop_core::init::OwnInit;
use neartop_core::layer::{Arguments, Default, Domain, Kind, Layer, Make, Param, Short, Value as Given};
use neartop_core::layers::{Fixed, KINDS, find, repeat};
use neartop_core::recipe::AsBias;
use neartop_core::start::takes;
use serde_yaml::Value;

use super::auto::{Auto, is_auto};
use super::choices::{read_choice, word};
use super::recipes::read_own_init;
use super::values::{map, map_of, value};
use super::yaml::{Node, Place, Problem, printable};

/// The most layers that a network may have, repeats expanded.
const MOST_LAYERS: usize = 10_000;
const MOST_DEPTH: usize = 16;

/// Reads layers and remembers where each stands in the document.
pub struct Reader<'a> {
    places: Vec<(String, Place)>,
    layers: usize,
    auto: &'a Auto<'a>,
}

impl<'a> Reader<'a> {
    pub fn new(auto: &'a Auto<'a>) -> Self {
        Self { places: Vec::new(), layers: 0, auto }
    }

    /// Where the layer stands whose node has this name.
    pub fn place(&self, node: &str) -> Option<Place> {
        self.places.iter().find(|(name, _)| name == node).map(|(_, place)| place.clone())
    }

    /// All layers of a network.
    pub fn network(&mut self, node: &Node<'_>) -> Result<Vec<Layer>, Problem> {
        self.list(node, "", 0)
    }

    /// A list of layers whose nodes' names start with `prefix`.
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
            let kind = find(name);
            if let Some(kind) = kind.filter(|kind| matches!(kind.make, Make::Repeat(_))) {
                self.repeat(layers, kind, &item, params.as_ref(), prefix, depth)?;
                continue;
            }
            self.layers += 1;
            if self.layers > MOST_LAYERS {
                return Err(item.problem(format!("the network has more than {MOST_LAYERS} layers")));
            }
            let place = format!("{prefix}{}", layers.len());
            self.places.push((place.clone(), item.place.clone()));
            layers.push(match kind.map(|kind| (kind, kind.make)) {
                Some((kind, Make::Layer(make))) => {
                    let layer = make(&self.arguments(kind, &item, params.as_ref(), &place, depth)?);
                    match read_own_init(kind, params.as_ref())? {
                        Some(own) => layer.with_own_init(own),
                        None => layer,
                    }
                }
                _ if Activation::resolve(name).is_some() => Fixed(read_choice(&item)?).into(),
                _ => return Err(unknown(&item, name)),
            });
        }
        Ok(())
    }

    fn repeat(
        &mut self,
        layers: &mut Vec<Layer>,
        kind: &Kind,
        item: &Node<'_>,
        params: Option<&Node<'_>>,
        prefix: &str,
        depth: usize,
    ) -> Result<(), Problem> {
        let map = params.ok_or_else(|| needs_parameters(kind, item))?.map(kind.name, &["times", "layers"])?;
        let times = map.need("times")?.whole("times", 1, repeat::MOST)?;
        let repeated = map.need("layers")?;
        // Without a layer in it, nested repeats would go on for ever and never reach the most layers.
        if repeated.list("a list of layers")?.is_empty() {
            return Err(repeated
                .problem("there is no layer to repeat")
                .help("write `layers: [linear: 64, activation]`"));
        }
        (0..times).try_for_each(|_| self.extend(layers, repeated, prefix, depth + 1))
    }

    /// The arguments of a layer. `place` is the name of its node, with which those of the layers within it start.
    fn arguments(
        &mut self,
        kind: &'static Kind,
        item: &Node<'_>,
        params: Option<&Node<'_>>,
        place: &str,
        depth: usize,
    ) -> Result<Arguments, Problem> {
        let mut arguments = Arguments { kind, values: Vec::with_capacity(kind.params.len()) };
        let short = match kind.short {
            Short::Never => None,
            Short::Read { param, label } | Short::Written { param, label } => Some((param, label)),
        };
        let map = match params {
            None if kind.params.iter().any(|param| param.default == Default::Needed) => {
                return Err(needs_parameters(kind, item));
            }
            None => None,
            Some(node) if kind.params.is_empty() && !(node.is_map() && own_keys(kind).next().is_some()) => {
                let own: Vec<_> = own_keys(kind).map(|key| format!("`{key}`")).collect();
                let but = if own.is_empty() { String::new() } else { format!(" but {}", own.join(" and ")) };
                return Err(node.problem(format!("{} takes no parameters{but}", kind.name)));
            }
            Some(node) if short.is_some() && !node.is_map() => None,
            Some(node) => {
                let names: Vec<_> = kind.params.iter().map(|param| param.name).chain(own_keys(kind)).collect();
                Some(node.map(kind.name, &names)?)
            }
        };
        for param in kind.params {
            let alone = short.filter(|(name, _)| *name == param.name).zip(params).filter(|_| map.is_none());
            let given = map.as_ref().and_then(|map| map.get(param.name)).map(|node| (node, param.label));
            let found = match alone.map(|((_, label), node)| (node, label)).or(given) {
                Some((node, label)) => self.argument(param, label, node, place, depth)?,
                None => match default(param, &arguments) {
                    Some(value) => value,
                    None => {
                        let missing = || needs_parameters(kind, item);
                        return Err(map.as_ref().map_or_else(missing, |map| map.lacks(param.name)));
                    }
                },
            };
            arguments.values.push(found);
        }
        Ok(arguments)
    }

    fn argument(
        &mut self,
        param: &Param,
        label: &str,
        node: &Node<'_>,
        place: &str,
        depth: usize,
    ) -> Result<Given, Problem> {
        Ok(match param.domain {
            Domain::Outputs if is_auto(node) => Given::Whole(self.auto.outputs(node)? as u64),
            Domain::Size | Domain::Outputs => Given::Whole(node.size(label)? as u64),
            Domain::Whole { least, most } => Given::Whole(node.whole(label, least, most)?),
            Domain::Number { least, most } => Given::Number(node.number(label, least, most)?),
            Domain::Flag => Given::Flag(node.boolean(label)?),
            Domain::WholeOrWord { words, .. } if node.as_str().is_some() => {
                Given::Word(known_word(node, label, words)?)
            }
            Domain::WholeOrWord { most, words } => {
                let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
                Given::Whole(node.whole(&format!("{label}: a number, {}", words.join(" or ")), 0, most)?)
            }
            Domain::Layers { nothing } if nothing.is_some() && node.as_str() == nothing => Given::Layers(Vec::new()),
            Domain::Layers { .. } => Given::Layers(self.list(node, &format!("{place}.{}.", param.name), depth + 1)?),
            Domain::Branches => Given::Branches(self.branches(node, &format!("{place}.{}", param.name), depth + 1)?),
            Domain::Word(words) => Given::Word(known_word(node, label, words)?),
            Domain::Name => Given::Name(name(node, label)?),
            Domain::Slot => Given::Name(slot(node, label)?),
            Domain::SidesOrWord { words, .. } if node.as_str().is_some() => {
                Given::Word(known_word(node, label, words)?)
            }
            Domain::SidesOrWord { axes, most, .. } => sides(node, label, axes, 0, most)?,
            Domain::Sides { axes, least, most } => sides(node, label, axes, least, most)?,
            Domain::List { least, most } => {
                let numbers =
                    node.list(label)?.iter().map(|node| node.whole(label, least, most)).collect::<Result<_, _>>();
                Given::Sides(numbers?)
            }
        })
    }

    /// Lists of layers, at least two.
    fn branches(&mut self, node: &Node<'_>, place: &str, depth: usize) -> Result<Vec<Vec<Layer>>, Problem> {
        let lists = node.list("the branches")?;
        if lists.len() < 2 {
            let problem = node.problem(format!("there must be at least two branches, not {}", lists.len()));
            return Err(problem.help("an empty list `[]` is a branch that passes on what comes in"));
        }
        lists.iter().enumerate().map(|(at, list)| self.list(list, &format!("{place}.{at}."), depth)).collect()
    }
}

fn known_word(node: &Node<'_>, label: &str, words: &'static [&'static str]) -> Result<&'static str, Problem> {
    let given = word(node, label, words)?;
    Ok(words.iter().find(|known| **known == given).copied().unwrap_or_default())
}

/// A name that the user chooses.
fn name(node: &Node<'_>, label: &str) -> Result<String, Problem> {
    let name = node.text(label)?;
    match name.is_empty()
        || name.chars().count() > 100
        || !name.chars().all(|c| c.is_alphanumeric() || "_-".contains(c))
    {
        true => Err(node.problem(format!("{label} must consist of letters, digits, `_` and `-`, at most 100 of them"))),
        false => Ok(name.to_owned()),
    }
}

/// The name of a slot, which is not taken for an activation.
fn slot(node: &Node<'_>, label: &str) -> Result<String, Problem> {
    let name = name(node, label)?;
    match Activation::resolve(&name) {
        Some(_) => Err(node
            .problem(format!("a slot cannot have the name of an activation, `{name}`"))
            .help(format!("write `{name}` alone, without `activation`, for one that is not searched"))),
        None => Ok(name),
    }
}

/// One number, or one for each axis.
fn sides(node: &Node<'_>, label: &str, axes: usize, least: u64, most: u64) -> Result<Given, Problem> {
    if !node.is_list() {
        return Ok(Given::Whole(node.whole(label, least, most)?));
    }
    let sides = node.list(label)?.iter().map(|node| node.whole(label, least, most)).collect::<Result<Vec<_>, _>>()?;
    if sides.len() != axes {
        let right = if axes == 1 { "one number" } else { "one number, or one for the height and one for the width" };
        return Err(node.problem(format!("{label} must be {right}, not {}", node.text_of())));
    }
    match sides.as_slice() {
        [first, rest @ ..] if rest.iter().all(|side| side == first) => Ok(Given::Whole(*first)),
        _ => Ok(Given::Sides(sides)),
    }
}

/// The keys by which a layer of a kind may fix how it starts.
fn own_keys(kind: &Kind) -> impl Iterator<Item = &'static str> {
    takes(kind).keys().map(|(key, _)| key)
}

/// The value of a parameter that is not given; none where it must be.
fn default(param: &Param, before: &Arguments) -> Option<Given> {
    match param.default {
        Default::Needed => None,
        Default::Whole(n) => Some(Given::Whole(n)),
        Default::Number(x) => Some(Given::Number(x)),
        Default::Flag(flag) => Some(Given::Flag(flag)),
        Default::Of(other) => {
            let known = before.kind.params.iter().zip(&before.values);
            known.clone().find(|(param, _)| param.name == other).map(|(_, value)| value.clone())
        }
        Default::NoLayers => Some(Given::Layers(Vec::new())),
        Default::Word(word) => Some(Given::Word(word)),
        Default::Name(name) => Some(Given::Name(name.to_owned())),
    }
}

fn needs_parameters(kind: &Kind, item: &Node<'_>) -> Problem {
    item.problem(format!("{} needs parameters", kind.name)).help(format!("write `{}`", kind.example))
}

fn unknown(item: &Node<'_>, name: &str) -> Problem {
    let kinds: Vec<_> = KINDS.iter().map(|kind| kind.name).collect();
    let activations = ActivationKind::catalog().iter().map(Entry::name);
    let aliases = ActivationKind::aliases().iter().map(|alias| alias.name);
    let known = kinds.iter().copied().chain(activations).chain(aliases);
    let elsewhere = [ELSEWHERE, ActivationKind::elsewhere()].concat();
    let problem = item.problem(format!("no layer is called `{}`", printable(name)));
    let every = || format!("layers are {}, and every activation's name", kinds.join(", "));
    problem.help(suggest(name, known, &elsewhere).unwrap_or_else(every))
}

const TWO_DIMENSIONS: Elsewhere = Says("convolutions have one or two dimensions here: `conv1d`, `conv2d`");

/// What layers of other libraries are called here.
const ELSEWHERE: &[(&str, Elsewhere)] = &[
    ("dense", Is("linear")),
    ("fc", Is("linear")),
    ("fullyconnected", Is("linear")),
    ("affine", Is("linear")),
    ("lazylinear", Is("linear")),
    ("conv", Is("conv2d")),
    ("convolution", Is("conv2d")),
    ("convolution2d", Is("conv2d")),
    ("conv3d", TWO_DIMENSIONS),
    ("maxpool1d", Is("max_pool")),
    ("maxpooling1d", Is("max_pool")),
    ("avgpool1d", Is("avg_pool")),
    ("averagepooling1d", Is("avg_pool")),
    ("globalaveragepooling1d", Is("global_avg_pool")),
    ("convtranspose1d", Is("conv_transpose1d")),
    ("convtranspose2d", Is("conv_transpose2d")),
    ("conv1dtranspose", Is("conv_transpose1d")),
    ("conv2dtranspose", Is("conv_transpose2d")),
    ("deconv", Is("conv_transpose2d")),
    ("multiheadattention", Is("attention")),
    ("selfattention", Is("attention")),
    ("mha", Is("attention")),
    ("simplernn", Is("rnn")),
    ("rmsnormalization", Is("rms_norm")),
    ("layerscale", Is("scale")),
    ("rezero", Is("scale")),
    ("glu", Is("gated")),
    ("swiglu", Is("gated")),
    ("geglu", Is("gated")),
    ("upsampling2d", Is("upsample")),
    ("interpolate", Is("upsample")),
    ("concatenate", Is("concat")),
    ("cat", Is("concat")),
    ("mul", Is("multiply")),
    ("view", Is("reshape")),
    ("transpose", Is("permute")),
    ("positionalembedding", Is("positions")),
    ("clstoken", Is("class_token")),
    ("depthwiseconv2d", Says("write `conv2d` with as many `groups` as channels")),
    (
        "separableconv2d",
        Says("write two layers: `conv2d` with as many `groups` as channels, then one with `kernel: 1`"),
    ),
    ("bn", Is("batch_norm")),
    ("batchnormalization", Is("batch_norm")),
    ("batchnorm1d", Is("batch_norm")),
    ("batchnorm2d", Is("batch_norm")),
    ("ln", Is("layer_norm")),
    ("layernormalization", Is("layer_norm")),
    ("gn", Is("group_norm")),
    ("groupnormalization", Is("group_norm")),
    ("maxpool2d", Is("max_pool")),
    ("maxpooling2d", Is("max_pool")),
    ("avgpool2d", Is("avg_pool")),
    ("averagepooling2d", Is("avg_pool")),
    ("averagepool", Is("avg_pool")),
    ("globalaveragepooling2d", Is("global_avg_pool")),
    ("globalaveragepool", Is("global_avg_pool")),
    ("adaptiveavgpool2d", Is("adaptive_avg_pool")),
    ("gap", Is("global_avg_pool")),
    ("skip", Is("residual")),
    ("shortcut", Is("residual")),
    ("sequential", Says("`layers` is the sequence; inside it, `repeat` and `residual` take lists of layers")),
    ("act", Is("activation")),
    ("nonlinearity", Is("activation")),
    ("none", Is("identity")),
    ("noop", Is("identity")),
];

/// Layers as a preset writes them.
pub fn write_layers(layers: &[Layer]) -> Value {
    Value::Sequence(layers.iter().map(write_layer).collect())
}

fn write_layer(layer: &Layer) -> Value {
    match layer.as_kind() {
        Some(Fixed(activation)) => value(activation).unwrap_or_default(),
        None => write_arguments(&layer.arguments(), layer.own_init()),
    }
}

/// What stands only in whole networks is written by their names, not layer by layer.
fn write_arguments(arguments: &Arguments, own: Option<&OwnInit>) -> Value {
    let kind = arguments.kind;
    if find(kind.name).is_none() {
        return Value::Null;
    }
    let pairs = || kind.params.iter().zip(&arguments.values);
    let is_changed = |(param, value): &(&Param, &Given)| default(param, arguments).as_ref() != Some(*value);
    let mut written: Vec<_> = pairs().filter(is_changed).map(|(param, value)| (param.name, write(value))).collect();
    if let Some(own) = own {
        written.extend(own.weight.iter().filter_map(value).map(|init| ("init", init)));
        written.extend(own.bias.iter().filter_map(|init| value(AsBias(init))).map(|init| ("bias_init", init)));
    }
    let is_optional = kind.params.iter().all(|param| param.default != Default::Needed);
    let alone = match (kind.short, written.as_slice()) {
        (Short::Written { param, .. }, []) => pairs().find(|(p, _)| p.name == param).map(|(_, value)| write(value)),
        (Short::Written { param, .. }, [(name, value)]) if *name == param => Some(value.clone()),
        (_, []) if is_optional => return Value::from(kind.name),
        _ => None,
    };
    map([(kind.name, Some(alone.unwrap_or_else(|| map_of(written))))])
}

fn write(value: &Given) -> Value {
    match value {
        Given::Whole(n) => Value::from(*n),
        Given::Number(x) => Value::from(*x),
        Given::Flag(flag) => Value::from(*flag),
        Given::Word(word) => Value::from(*word),
        Given::Layers(layers) => write_layers(layers),
        Given::Branches(branches) => Value::Sequence(branches.iter().map(|layers| write_layers(layers)).collect()),
        Given::Name(name) => Value::from(name.as_str()),
        Given::Sides(sides) => Value::Sequence(sides.iter().map(|n| Value::from(*n)).collect()),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use neartop_core::layers::{Conv2d, Padding};

    use crate::preset::Preset;

    #[test]
    fn convolutions_are_padded_by_a_number_or_a_word() {
        let padding = |word: &str| {
            let layers = format!("[conv2d: {{out: 2, kernel: 3, padding: {word}}}, activation]");
            let text = format!("network: {{input: [1, 8, 8], layers: {layers}}}\ndata: {{source: digits}}");
            let preset = Preset::parse(&text, "p.yaml", Path::new("")).map_err(|error| format!("{error:?}"))?;
            let conv: &Conv2d = preset.layers[0].as_kind().unwrap();
            Ok::<_, String>(conv.padding)
        };
        assert_eq!(padding("2"), Ok(Padding::Zeros(2)));
        assert_eq!(padding("same"), Ok(Padding::Same));
        assert_eq!(padding("valid"), Ok(Padding::Zeros(0)));
        assert!(padding("full").is_err_and(|error| error.contains("same") && error.contains("valid")));
    }
}
