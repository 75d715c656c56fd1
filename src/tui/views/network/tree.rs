//! The nodes of a network as a tree, by the parts of their names.

use std::collections::{BTreeSet, HashMap};

use crate::tui::terms::Terms;
use neartop_core::layers::Calculation;
use neartop_core::network::{Fill, Network, Node};

/// A line of the tree: a module with nodes below it, or a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    pub depth: usize,
    /// Its name and what it is, and where its values come from if not from the node before it.
    pub label: String,
    pub shape: String,
    pub parameters: u64,
    /// The whole name, where it is a module.
    pub module: Option<String>,
    pub is_folded: bool,
    /// Its place in the network, where it is a node.
    pub node: Option<usize>,
    pub is_slot: bool,
}

impl Branch {
    /// Columns of the screen before its label, with so many for each level.
    #[must_use]
    pub fn indent(&self, step: usize) -> usize {
        step * self.depth + 2
    }
}

/// What is known of a module.
#[derive(Default)]
struct Module {
    nodes: usize,
    parameters: u64,
}

/// The lines of a network whose slots are filled: all nodes that have the words, below their modules, as far as these are
/// not folded.
#[must_use]
pub fn branches(network: &Network, fill: Option<&Fill>, folded: &BTreeSet<String>, words: &str) -> Vec<Branch> {
    let terms = Terms::new(words);
    let paths = paths(network);
    let modules = modules(network, &paths, fill);
    let mut lines = Vec::new();
    let mut open: Vec<&str> = Vec::new();
    for (place, node) in network.nodes.iter().enumerate() {
        let path = &paths[place];
        let label = label(network, &paths, place, fill);
        if !terms.admit(&format!("{path} {label}")) {
            continue;
        }
        let above = above(path);
        let same = open.iter().zip(&above).take_while(|(a, b)| a == b).count();
        open.truncate(same);
        for path in &above[same..] {
            if !open.iter().any(|path| folded.contains(*path)) {
                lines.push(of_module(path, open.len(), &modules, folded.contains(*path)));
            }
            open.push(path);
        }
        if !open.iter().any(|path| folded.contains(*path)) {
            lines.push(Branch {
                depth: open.len(),
                label,
                shape: shape(node),
                parameters: node.parameters(fill),
                module: None,
                is_folded: false,
                node: Some(place),
                is_slot: node.is_slot(),
            });
        }
    }
    lines
}

/// The paths of all nodes. In a model one that names no module stands in the module that both its neighbours are in.
fn paths(network: &Network) -> Vec<String> {
    let mut paths: Vec<_> = network.nodes.iter().map(Node::path).collect();
    let is_open = |place: usize, paths: &[String]| network.nodes[place].origin.is_some() && !paths[place].contains('.');
    let mut place = 0;
    while place < paths.len() {
        let end = (place..paths.len()).find(|at| !is_open(*at, &paths)).unwrap_or(paths.len());
        if let (Some(before), Some(after)) = (place.checked_sub(1), paths.get(end)) {
            let common = common_module(&paths[before], after).to_owned();
            let open = paths[place..end].iter_mut().filter(|_| !common.is_empty());
            open.for_each(|path| *path = format!("{common}.{path}"));
        }
        place = end + 1;
    }
    paths
}

/// The innermost module that two paths are in; empty where there is none.
fn common_module<'a>(one: &'a str, other: &str) -> &'a str {
    above(one).into_iter().zip(above(other)).take_while(|(a, b)| a == b).last().map_or("", |(module, _)| module)
}

fn of_module(path: &str, depth: usize, modules: &HashMap<&str, Module>, is_folded: bool) -> Branch {
    let (nodes, parameters) = modules.get(path).map_or((0, 0), |module| (module.nodes, module.parameters));
    let name = path.rsplit('.').next().unwrap_or(path);
    let plural = if nodes == 1 { "" } else { "s" };
    let label = if is_folded { format!("{name}  {nodes} node{plural}") } else { name.to_owned() };
    Branch {
        depth,
        label,
        shape: String::new(),
        parameters,
        module: Some(path.to_owned()),
        is_folded,
        node: None,
        is_slot: false,
    }
}

/// All modules by their whole names.
fn modules<'a>(network: &Network, paths: &'a [String], fill: Option<&Fill>) -> HashMap<&'a str, Module> {
    let mut modules: HashMap<&str, Module> = HashMap::new();
    for (node, path) in network.nodes.iter().zip(paths) {
        for path in above(path) {
            let module = modules.entry(path).or_default();
            module.nodes += 1;
            module.parameters += node.parameters(fill);
        }
    }
    modules
}

/// The whole names of the modules that a node is in: `4` and `4.body` of `4.body.1`.
fn above(name: &str) -> Vec<&str> {
    name.match_indices('.').map(|(at, _)| &name[..at]).collect()
}

/// The last part of a node's name, what it is, and the nodes that it takes its values from, if not the one before it: by
/// their names within its module, where they are in it.
fn label(network: &Network, paths: &[String], place: usize, fill: Option<&Fill>) -> String {
    let node = &network.nodes[place];
    let (module, name) = paths[place].rsplit_once('.').unwrap_or(("", &paths[place]));
    let kind = node.filled(fill).map_or_else(|| node.kind().to_owned(), |activation| activation.to_string());
    let slot = node.slot().filter(|slot| *slot != neartop_core::fill::PLAIN);
    let slot = slot.map(|slot| format!(" in {slot}")).unwrap_or_default();
    // The name of a calculation says which.
    let what = if node.operation.is::<Calculation>() { name.to_owned() } else { format!("{name} {kind}{slot}") };
    if *node.inputs == [place] {
        return what;
    }
    let from = |value: &usize| match value.checked_sub(1).and_then(|at| paths.get(at)) {
        Some(path) => path.strip_prefix(module).and_then(|rest| rest.strip_prefix('.')).unwrap_or(path),
        None => "input",
    };
    format!("{what} < {}", node.inputs.iter().map(from).collect::<Vec<_>>().join(", "))
}

/// A shape in few characters: `16x8x8`.
fn shape(node: &Node) -> String {
    node.output().0.iter().map(usize::to_string).collect::<Vec<_>>().join("x")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use neartop_io::preset::Preset;

    use super::*;

    #[test]
    fn paths_have_common_modules() {
        assert_eq!(common_module("a.b.c", "a.b.d.e"), "a.b");
        assert_eq!(common_module("a.b", "a.b.c"), "a");
        assert_eq!(common_module("a.b", "ab.c"), "");
        assert_eq!(common_module("a", "a"), "");
    }

    #[test]
    fn nodes_stand_below_their_modules() {
        let text = "network: {input: 8, layers: [linear: 6, residual: {body: [linear: 6, activation]}, linear: 3]}\n\
                    search: {activations: [relu], inits: [orthogonal]}\n";
        let network = Preset::parse(text, "test.yaml", Path::new("")).unwrap().network;
        let lines = branches(&network, None, &BTreeSet::new(), "");
        let nodes = lines.iter().filter(|line| line.node.is_some()).count();
        assert_eq!(nodes, network.nodes.len());
        let labels: Vec<_> = lines.iter().map(|line| (line.depth, line.label.as_str())).collect();
        assert_eq!(labels[0], (0, "0 linear"));
        assert!(labels.contains(&(1, "1 sum < body.1, 0")), "{labels:?}");
        assert!(lines.iter().any(|line| line.is_slot && line.depth == 2), "{labels:?}");
        let whole = lines.iter().find(|line| line.module.as_deref() == Some("1")).unwrap();
        assert_eq!(whole.parameters, 6 * 6 + 6);
        let folded = BTreeSet::from(["1".to_owned()]);
        let fewer = branches(&network, None, &folded, "");
        assert!(fewer.len() < lines.len() && fewer.iter().any(|line| line.is_folded), "{fewer:?}");
        assert!(
            branches(&network, None, &BTreeSet::new(), "-linear").iter().all(|line| !line.label.contains("linear"))
        );
    }
}
