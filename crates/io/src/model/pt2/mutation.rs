//! Operators that change what they take: what comes after takes what they give.

use std::collections::{HashMap, VecDeque};

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

/// A view by slices: the value that it is of, and the slices in their order.
#[derive(Clone, Default)]
struct View {
    base: String,
    /// None where it is a view in another way.
    slices: Option<Vec<NamedSlice>>,
}

/// The axis of a slice, and where it starts, ends and steps.
type NamedSlice = Vec<(String, Argument)>;

/// Makes every operator one that changes nothing. A change of a slice becomes one of the whole.
///
/// # Errors
/// If what shares memory with a changed value is used later: it would be changed too.
pub fn without(graph: &mut Graph) -> Result<(), ModelError> {
    let mut names = HashMap::new();
    let mut views: HashMap<String, View> = HashMap::new();
    let mut nodes = Vec::with_capacity(graph.nodes.len());
    let mut rest: VecDeque<_> = std::mem::take(&mut graph.nodes).into();
    while let Some(mut node) = rest.pop_front() {
        node.inputs.iter_mut().for_each(|input| input.arg.rename(&names));
        let outputs: Vec<_> = node.outputs.iter().flat_map(Argument::names).map(str::to_owned).collect();
        let Some(changed) = node.changed().map(str::to_owned) else {
            views.extend(
                viewed(&node, &views)
                    .into_iter()
                    .flat_map(|view| outputs.iter().map(move |o| (o.clone(), view.clone()))),
            );
            nodes.push(node);
            continue;
        };
        let own = views.get(&changed).cloned();
        let root = own.as_ref().map_or(changed.clone(), |view| view.base.clone());
        let sliced = own.and_then(|view| view.slices);
        let shares = |name: &str| name != changed && views.get(name).is_some_and(|view| view.base == root);
        let is_root = |name: &str| name == root && name != changed && sliced.is_none();
        let later = rest.iter().flat_map(|node| &node.inputs).flat_map(|input| input.arg.names());
        let mut later = later.chain(graph.outputs.iter().flat_map(Argument::names));
        if let Some(other) = later.find(|name| shares(name) || is_root(name)) {
            return Err(ModelError::Step {
                place: node.place(),
                original: node.operator(),
                problem: format!("it changes `{changed}` in place, and `{other}` shares its memory and is used later"),
            });
        }
        let Some(output) = outputs.into_iter().next() else { continue };
        names.insert(changed, output.clone());
        if let Some(slices) = sliced {
            let whole = format!("{root}.{output}");
            nodes.push(node);
            if let Some(last) = nodes.last() {
                let scatter = last.scattered(&root, &output, &slices, &whole);
                names.values_mut().filter(|name| **name == root).for_each(|name| name.clone_from(&whole));
                names.insert(root, whole);
                nodes.push(scatter);
            }
        } else {
            nodes.push(node);
        }
    }
    graph.nodes = nodes;
    graph.outputs.iter_mut().for_each(|output| output.rename(&names));
    Ok(())
}

/// What a node's results are a view of.
fn viewed(node: &Node, views: &HashMap<String, View>) -> Option<View> {
    let family = node.family();
    let first = node.inputs.first().and_then(|input| input.arg.name()).filter(|_| VIEWS.contains(&family.as_str()))?;
    let before = views.get(first).cloned().unwrap_or(View { base: first.to_owned(), slices: Some(Vec::new()) });
    let slice = (family == "slice").then(|| {
        let named = node.inputs.iter().skip(1).map(|input| (input.name.clone(), input.arg.clone()));
        named.collect::<NamedSlice>()
    });
    let slices = before.slices.zip(slice).map(|(mut slices, slice)| {
        slices.push(slice);
        slices
    });
    Some(View { base: before.base, slices })
}
