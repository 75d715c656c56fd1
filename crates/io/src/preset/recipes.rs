//! Initializations of candidates, recipes among them, and how single layers start.

use std::sync::Arc;

use neartop_core::catalog::{Choice, Entry};
use neartop_core::init::{BiasInit, InitKind, Initializer, Needs, OwnInit};
use neartop_core::layer::{Kind, Role, Weight};
use neartop_core::network::{Init, Network, Node as LayerNode};
use neartop_core::recipe::{AS_GIVEN, BUNDLED, Depth, OUTPUT, Recipe};
use neartop_core::start::{recipe_keys, takes};

use super::choices::{Listed, read_choice, word};
use super::yaml::{Node, Problem, printable};

/// Characters of a recipe's name at the most.
const LONGEST_NAME: usize = 40;
/// Of a recipe's weights; the least is its inverse.
const MOST_GAIN: f64 = 1e9;
/// Layers that a message names at the most.
const MOST_NAMED: usize = 40;
const BIASES: [&str; 2] = ["zeros", "fan_in_uniform"];

impl Listed for Init {
    const WHAT: &'static str = InitKind::WHAT;

    fn all() -> Vec<Self> {
        Self::all()
    }

    fn is_known(name: &str) -> bool {
        Self::recipe(name).is_some() || Initializer::resolve(name).is_some()
    }

    fn name(&self) -> &str {
        self.name()
    }

    /// A name, a map of one name to its parameters, or a recipe.
    fn read(node: &Node<'_>) -> Result<Self, Problem> {
        if node.at("recipe").is_some() {
            return read_recipe(node).map(|recipe| Self::Recipe(Arc::new(recipe)));
        }
        let (name, params) = node.named(&format!("an {}", Self::WHAT)).map_err(|problem| match node.is_map() {
            true => problem.help("a recipe gives its name too: `{recipe: mine, linear: orthogonal}`"),
            false => problem,
        })?;
        if name == AS_GIVEN && params.is_none() {
            return Ok(Self::AsGiven);
        }
        match (Self::recipe(name), params) {
            (Some(recipe), None) => Ok(recipe),
            (Some(_), Some(params)) => Err(params
                .problem(format!("{name} is a recipe and takes no parameters"))
                .help(format!("write all of it: `{{recipe: {name}, linear: orthogonal}}`"))),
            (None, _) if Initializer::resolve(name).is_some() => read_choice::<InitKind>(node).map(Self::One),
            (None, _) => Err(unknown(node, name)),
        }
    }
}

fn unknown(node: &Node<'_>, name: &str) -> Problem {
    let names = InitKind::catalog().iter().map(Entry::name).chain(BUNDLED.iter().map(|recipe| recipe.name));
    let names = || format!("there are {}", names.collect::<Vec<_>>().join(", "));
    let problem = node.problem(format!("no {} is called `{}`", InitKind::WHAT, printable(name)));
    problem.help(Init::suggest(name).unwrap_or_else(names))
}

fn read_recipe(node: &Node<'_>) -> Result<Recipe, Problem> {
    let keys = recipe_keys();
    let known: Vec<_> = ["recipe"].into_iter().chain(keys.iter().copied()).chain(["bias", "gains"]).collect();
    let map = node.map("a recipe", &known)?;
    let name = read_name(map.need("recipe")?)?;
    let mut parts = Vec::new();
    for key in keys {
        let Some(node) = map.get(key) else { continue };
        parts.push((key, checked(read_choice(node)?, key, part_offers(key), node)?));
    }
    let bias = map.get("bias").map(|node| read_bias_init(node, "bias", Needs::Fans)).transpose()?;
    let gains = map.get("gains").map(read_gains).transpose()?.unwrap_or_default();
    if parts.is_empty() && bias.is_none() && gains.is_empty() {
        let help = format!("give its parts: `{{recipe: {name}, linear: orthogonal, bias: zeros}}`");
        return Err(node.problem(format!("the recipe {name} says nothing")).help(help));
    }
    Ok(Recipe { name, parts, bias, gains, depth: Depth::Ignored, draws_gates_together: false, about: None })
}

/// A positive number by the name of a layer.
fn read_gains(node: &Node<'_>) -> Result<Vec<(String, f64)>, Problem> {
    let entries = node.entries("a map of names of layers, in quotes where they are numbers, to gains: `{'0': 1.4}`")?;
    let gain = |(layer, node): (&str, Node<'_>)| {
        Ok((layer.to_owned(), node.number("the gain", MOST_GAIN.recip(), MOST_GAIN)?))
    };
    entries.into_iter().map(gain).collect()
}

/// Checks that the network has the layers that recipes give gains.
pub fn check_gains(inits: &Node<'_>, network: Option<&Network>) -> Result<(), Problem> {
    let recipes = if inits.is_list() { inits.list("initializations")? } else { Vec::new() };
    for gains in recipes.iter().filter_map(|recipe| recipe.at("gains")) {
        let Some(network) = network else {
            return Err(gains
                .key_problem("`gains` are by layer, and every architecture has others")
                .help("leave them out"));
        };
        let layers = || network.nodes.iter().filter(|node| node.drawn().is_some()).map(LayerNode::name);
        for (layer, node) in gains.entries("gains")? {
            if !layers().any(|known| known == layer) {
                let problem = node.key_problem(format!("no layer with drawn weights is called `{}`", printable(layer)));
                let known: Vec<_> = layers().take(MOST_NAMED).collect();
                return Err(problem.help(format!("there are {}", known.join(", "))));
            }
        }
    }
    Ok(())
}

/// That what recipes say of the output sets nothing, where the last layer has no weight of its own that is drawn.
pub fn remark(inits: &[Init], network: &Network) -> Option<String> {
    let speaks = |init: &&Init| matches!(init, Init::Recipe(recipe) if recipe.part(OUTPUT).is_some());
    let name = inits.iter().find(speaks)?.name();
    let last = network.nodes.iter().find(|node| node.surroundings.is_output)?;
    let is_own = |weight: &Weight| matches!(weight.role, Role::Drawn(_)) && last.owner(weight.name).is_none();
    if last.weights.iter().any(is_own) {
        return None;
    }
    let module = last.module();
    let owner = last.shared.first().and_then(|(_, owner)| network.node(owner));
    Some(match owner {
        Some(owner) => format!(
            "`output` of the recipe {name} sets nothing: the last layer, {module}, has the weight of {}, which starts as that does",
            owner.module()
        ),
        None => {
            format!("`output` of the recipe {name} sets nothing: the weight of the last layer, {module}, is frozen")
        }
    })
}

/// What an initialization can know of the weights that a recipe speaks of by this key.
pub fn part_offers(key: &str) -> Needs {
    if key == "norm" { Needs::Nothing } else { Needs::Matrix }
}

fn read_name(node: &Node<'_>) -> Result<String, Problem> {
    let name = node.text("the name of a recipe")?;
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ');
    match !name.trim().is_empty() && name.chars().count() <= LONGEST_NAME && name.chars().all(is_plain) {
        true => Ok(name.trim().to_owned()),
        false => Err(node
            .problem("the name of a recipe has letters, digits, spaces, dots, `-` and `_`")
            .help(format!("at most {LONGEST_NAME} of them"))),
    }
}

/// The initialization, if a weight offers what it needs.
fn checked(init: Initializer, key: &str, offers: Needs, node: &Node<'_>) -> Result<Initializer, Problem> {
    if init.needs() <= offers {
        return Ok(init);
    }
    let what = match init.needs() {
        Needs::Matrix => "it is for matrices and kernels",
        Needs::Nothing | Needs::Fans => "it needs fans, and a vector has none",
    };
    let others = InitKind::catalog().iter().map(|kind| (kind.name(), kind.needs()));
    let others: Vec<_> = others.filter(|(_, needs)| *needs <= offers).map(|(name, _)| name).collect();
    let problem = node.problem(format!("`{key}` cannot be {}: {what}", init.name()));
    Err(problem.help(format!("it can be {}", others.join(", "))))
}

/// `zeros`, `fan_in_uniform`, `{constant: 0.1}` or any initialization.
fn read_bias_init(node: &Node<'_>, key: &str, offers: Needs) -> Result<Initializer, Problem> {
    let init = match node.as_str() {
        Some("fan_in_uniform") => Choice::named("torch_default").map_err(|message| node.problem(message))?,
        _ => read_choice(node)?,
    };
    checked(init, key, offers, node)
}

/// Reads `search.bias`.
pub fn read_bias(node: &Node<'_>) -> Result<BiasInit, Problem> {
    if let Some(value) = node.at("constant").filter(|_| node.entries("a bias").is_ok_and(|all| all.len() == 1)) {
        return value.number("the constant", -3e38, 3e38).map(BiasInit::Constant);
    }
    let also = |problem: Problem| match node.is_map() {
        true => problem.help("or write `{constant: 0.01}`"),
        false => problem,
    };
    Ok(match word(node, "the bias", &BIASES).map_err(also)? {
        "fan_in_uniform" => BiasInit::FanInUniform,
        _ => BiasInit::Zeros,
    })
}

/// How a layer with these parameters starts, if it fixes that.
pub fn read_own_init(kind: &Kind, params: Option<&Node<'_>>) -> Result<Option<OwnInit>, Problem> {
    let (takes, mut own) = (takes(kind), OwnInit::default());
    let given = |key: &str, offers: Option<Needs>| Some((params?.at(key)?, offers?));
    if let Some((node, offers)) = given("init", takes.weight) {
        own.weight = Some(checked(read_choice(&node)?, "init", offers, &node)?);
    }
    if let Some((node, offers)) = given("bias_init", takes.bias) {
        if params.and_then(|params| params.at("bias")).is_some_and(|bias| bias.boolean("bias").is_ok_and(|has| !has)) {
            return Err(node.key_problem("a layer without a bias has no `bias_init`").help("leave `bias: false` out"));
        }
        own.bias = Some(read_bias_init(&node, "bias_init", offers)?);
    }
    Ok((own != OwnInit::default()).then_some(own))
}

#[cfg(test)]
mod tests;
