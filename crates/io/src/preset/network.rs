//! The network of a preset.

use neartop_core::nas::NasSpace;
use neartop_core::network::{Layer, Network};
use neartop_core::shape::Shape;

use super::architectures::{Architectures, Whole, read_whole};
use super::layers::Reader;
use super::yaml::{Node, Problem};

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
    let mut reader = Reader::default();
    let layers = reader.network(node)?;
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
        return Ok(Shape(vec![
            node.size("the input: a number of features, [channels, length] or [channels, height, width]")?,
        ]));
    }
    let sizes = node.list("the input")?.iter().map(|n| n.size("a size of the input")).collect::<Result<Vec<_>, _>>()?;
    if !matches!(sizes.len(), 1..=3) {
        let message = "the input is a number of features, [channels, length] or [channels, height, width]";
        return Err(node.problem(format!("{message}, not {}", node.text_of())));
    }
    if sizes.iter().try_fold(1usize, |n, s| n.checked_mul(*s)).is_none_or(|n| n > 1 << 40) {
        return Err(node.problem("the input has more than 2^40 values"));
    }
    Ok(Shape(sizes))
}
