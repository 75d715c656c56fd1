//! Operators that change what they take: what comes after takes what they give.

use std::collections::HashMap;

use super::schema::{Argument, Graph, Node};
use crate::model::ModelError;

/// Operators whose results share memory with what they take.
const VIEWS: &[&str] = &[
    "view",
    "reshape",
    "transpose",
    "permute",
    "t",
    "select",
    "slice",
    "squeeze",
    "unsqueeze",
    "expand",
    "split",
    "chunk",
    "flatten",
    "unflatten",
    "unbind",
    "narrow",
    "alias",
    "detach",
    "view_as",
    "expand_as",
    "movedim",
    "split_with_sizes",
    "swapaxes",
    "diagonal",
    "contiguous",
    "to",
];

impl Node {
    /// The operator without its overload: `relu_`.
    fn family(&self) -> String {
        self.operator().split('.').next().unwrap_or_default().to_owned()
    }

    /// The value that it changes; none where it changes none.
    fn changed(&self) -> Option<&str> {
        let family = self.family();
        let is_in_place = family.ends_with('_') && !family.ends_with("__");
        self.inputs.first().filter(|_| is_in_place).and_then(|input| input.arg.name())
    }
}

/// Makes every operator one that changes nothing.
///
/// # Errors
/// If what shares memory with a changed value is used later: it would be changed too.
pub fn without(graph: &mut Graph) -> Result<(), ModelError> {
    let mut names = HashMap::new();
    // By value, the one whose memory it shares.
    let mut bases: HashMap<String, String> = HashMap::new();
    for at in 0..graph.nodes.len() {
        graph.nodes[at].inputs.iter_mut().for_each(|input| input.arg.rename(&names));
        let node = &graph.nodes[at];
        let outputs: Vec<_> = node.outputs.iter().flat_map(Argument::names).map(str::to_owned).collect();
        let base = |name: &str| bases.get(name).cloned().unwrap_or_else(|| name.to_owned());
        if let Some(changed) = node.changed().map(str::to_owned) {
            let root = base(&changed);
            let shares = |name: &str| name != changed && base(name) == root;
            let later = graph.nodes[at + 1..].iter().flat_map(|node| &node.inputs).flat_map(|input| input.arg.names());
            if let Some(other) = later.chain(graph.outputs.iter().flat_map(Argument::names)).find(|name| shares(name)) {
                return Err(ModelError::Step {
                    place: node.place(),
                    original: node.operator(),
                    problem: format!(
                        "it changes `{changed}` in place, and `{other}` shares its memory and is used later"
                    ),
                });
            }
            if let Some(output) = outputs.first() {
                names.insert(changed, output.clone());
            }
        } else if VIEWS.contains(&node.family().as_str())
            && let Some(first) = node.inputs.first().and_then(|input| input.arg.name())
        {
            let root = base(first);
            bases.extend(outputs.into_iter().map(|output| (output, root.clone())));
        }
    }
    graph.outputs.iter_mut().for_each(|output| output.rename(&names));
    Ok(())
}
