//! What PyTorch's exporters say of a node: its module, and its line in the source.

use std::collections::HashSet;

use super::messages::Node;
use crate::model::source::innermost;

/// The line of the user's source that a node comes from.
pub fn source(node: &Node) -> Option<String> {
    Some(innermost(entry(node, "pkg.torch.onnx.stack_trace")?)).filter(|line| !line.is_empty())
}

fn entry<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    node.metadata.iter().find(|entry| entry.key == key).map(|entry| entry.value.as_str())
}

/// Modules of nodes.
#[derive(Default)]
pub struct Modules {
    /// Those that were met, with their operators.
    met: HashSet<(String, String)>,
}

impl Modules {
    /// The path of the module that a node belongs to; empty where that is the model itself, or not told.
    pub fn of(&mut self, node: &Node) -> String {
        if let Some(scopes) = entry(node, "pkg.torch.onnx.name_scopes") {
            return of_scopes(scopes);
        }
        let path = of_name(&node.name, &node.operator);
        let operator = node.operator.clone();
        // The older exporter numbers the calls of a module: `relu`, `relu_1`.
        let called =
            path.rsplit_once('_').filter(|(_, call)| call.parse::<u32>().is_ok()).map(|(path, _)| path.to_owned());
        if let Some(called) = called.filter(|path| self.met.contains(&(path.clone(), operator.clone()))) {
            return called;
        }
        self.met.insert((path.clone(), operator));
        path
    }
}

/// `['', 'encoder', 'encoder.0', 'linear']`: modules from the outermost on, then the node.
fn of_scopes(scopes: &str) -> String {
    let scopes = scopes.trim().trim_start_matches('[').trim_end_matches(']').split(", ");
    let scopes: Vec<_> = scopes.map(|scope| scope.trim_matches(['\'', '"'])).collect();
    let module = scopes.len().checked_sub(2).and_then(|at| scopes.get(at)).copied().unwrap_or_default();
    module.split('@').next().unwrap_or_default().to_owned()
}

/// `/encoder/0/MatMul` is of `encoder.0`.
pub fn of_name(name: &str, operator: &str) -> String {
    let Some(path) = name.strip_prefix('/') else { return String::new() };
    let Some((path, last)) = path.rsplit_once('/') else { return String::new() };
    if !last.starts_with(operator) {
        return String::new();
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        // A part may repeat what stands before it: `/features/features.0/features.0.1`.
        if let Some(before) = parts.last()
            && part.strip_prefix(before).is_some_and(|rest| rest.starts_with('.'))
        {
            parts.pop();
        }
        parts.push(part);
    }
    parts.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_read_from_names_and_scopes() {
        assert_eq!(of_name("/features/features.0/features.0.1/conv/conv.0/Conv", "Conv"), "features.0.1.conv.0");
        assert_eq!(of_name("/encoder/0/MatMul_1", "MatMul"), "encoder.0");
        assert_eq!(of_name("/Relu", "Relu"), "");
        assert_eq!(of_name("node_relu", "Relu"), "");
        assert_eq!(of_scopes("['', 'l1', 'l1.relu@1', 'relu_2']"), "l1.relu");
        assert_eq!(of_scopes("['', 'add']"), "");
        assert_eq!(of_scopes(""), "");
    }

    #[test]
    fn a_module_that_is_called_again_keeps_its_name() {
        let mut modules = Modules::default();
        let node = |name: &str| Node { name: name.to_owned(), operator: "Relu".to_owned(), ..Node::default() };
        let of = ["/l1/relu/Relu", "/l1/relu_1/Relu", "/l2/relu_1/Relu"].map(|name| modules.of(&node(name)));
        assert_eq!(of, ["l1.relu", "l1.relu", "l2.relu_1"]);
    }
}
