//! How something in a preset was read that could have been meant otherwise.

use super::yaml::Node;
use neartop_core::activation::ActivationKind;
use neartop_core::catalog::{Choice, Entry};
use neartop_core::init::InitKind;
use neartop_core::network::{self, Network};
use neartop_core::shape::Shape;

/// Of a learning rate alone.
const NO_OPTIMIZER: &str = "`train.learning_rate` stands without `optimizer`: short trainings take Adam with it, and the verdict \
                            does not follow it, since its limits fit any optimizer";

/// Sentences about what could be misread.
pub fn remarks(root: &Node<'_>, input: Option<&Shape>) -> Vec<String> {
    let below = |keys: [&str; 2]| root.at(keys[0])?.at(keys[1]);
    let mut remarks: Vec<_> = input.and_then(channels_last).into_iter().collect();
    for keys in [["network", "layers"], ["search", "activations"]] {
        remarks.extend(below(keys).iter().flat_map(aliases::<ActivationKind>));
    }
    for keys in [["network", "layers"], ["search", "inits"]] {
        remarks.extend(below(keys).iter().flat_map(aliases::<InitKind>));
    }
    if below(["train", "learning_rate"]).is_some() && below(["train", "optimizer"]).is_none() {
        remarks.push(NO_OPTIMIZER.to_owned());
    }
    remarks.sort();
    remarks.dedup();
    remarks
}

/// Which layers have to do with fewer rows than units, for lack of memory; `most` is the largest batch.
pub fn short_of_rows(network: &Network, batch: Option<usize>, most: u64) -> Vec<String> {
    let samples = network.samples_needed().max(batch.unwrap_or(0));
    let remark = |node: &network::Node| {
        let (name, kind, units) = (node.name(), node.kind(), node.units());
        format!(
            "layer {name} ({kind}) has {units} units and gets {samples} rows, one for each sample that fits into memory, \
             so its effective rank is at most {samples}; `score: {{batch: {units}}}` gives it all rows"
        )
    };
    // What no batch can fill is refused for its memory.
    let short = network.short_of_rows(samples).into_iter().filter(|node| node.units() as u64 <= most);
    short.map(remark).collect()
}

/// Layers that hardly are what was meant.
pub fn pitfalls(network: &Network) -> Vec<String> {
    let same = network.nodes.iter().filter(|node| {
        let is_alone = node.place.output.shape.elements() == 1;
        matches!(node.kind(), "softmax" | "log_softmax" | "softmin") && node.units() == 1
            || node.kind() == "layer_norm" && is_alone
    });
    let same = same.map(|node| {
        let (name, kind) = (node.name(), node.kind());
        let instead = if kind == "layer_norm" { "" } else { "; `sigmoid` tells two classes apart with one unit" };
        format!("layer {name} ({kind}) has one unit, and so gives the same whatever comes in{instead}")
    });
    same.chain(lost(network)).collect()
}

/// Layers that count, though the output does not depend on them.
fn lost(network: &Network) -> Option<String> {
    let mut needed = vec![false; network.nodes.len()];
    if let Some(last) = needed.last_mut() {
        *last = true;
    }
    for (at, node) in network.nodes.iter().enumerate().rev() {
        if needed[at] {
            node.inputs.iter().filter_map(|value| value.checked_sub(1)).for_each(|input| needed[input] = true);
        }
    }
    let lost: Vec<_> =
        network.nodes.iter().zip(needed).filter(|(node, needed)| node.counted.is_some() && !needed).collect();
    let (first, _) = lost.first()?;
    let (more, counts) = match lost.len() - 1 {
        0 => ("does".to_owned(), "but it counts"),
        more => (format!("and {more} more do"), "but each of them counts"),
    };
    let (name, kind) = (first.name(), first.kind());
    Some(format!("layer {name} ({kind}) {more} not lead to the output, {counts} in NEAR"))
}

/// Sizes whose last looks like the channels, and whose first does not.
fn channels_last(input: &Shape) -> Option<String> {
    let looks_like_channels = |size: usize| matches!(size, 1 | 3 | 4);
    match input.0[..] {
        [channels, height, width] if looks_like_channels(width) && !looks_like_channels(channels) => Some(format!(
            "the input is read as {channels} channels of {height}x{width}; \
             for {width} channels of {channels}x{height} write `input: [{width}, {channels}, {height}]`"
        )),
        _ => None,
    }
}

/// What aliases among the names stand for.
fn aliases<E: Entry>(node: &Node<'_>) -> Vec<String> {
    let read = |name: &str| {
        let (entry, alias) = Choice::<E>::resolve(name)?;
        let alias = alias?;
        let choice = Choice::new(entry, alias.given).map_or_else(|_| entry.name().to_owned(), |c| c.to_string());
        let note = if alias.note.is_empty() { String::new() } else { format!(": {}", alias.note) };
        Some(format!("`{name}` is read as {choice}{note}"))
    };
    node.words().into_iter().filter_map(read).collect()
}
