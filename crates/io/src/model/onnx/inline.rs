//! Nodes that stand for other nodes: calls of a model's own functions, branches whose condition is a constant, and loops that are
//! recurrent layers.

use std::collections::HashMap;

use super::call::Node;
use super::messages;
use super::reader::{Reader, Result};

impl Reader<'_> {
    /// Takes the nodes that a node stands for; false where it stands for itself.
    pub(super) fn expand(&mut self, node: &Node, depth: usize) -> Result<bool> {
        let proto = node.proto;
        let key = [proto.domain.as_str(), proto.operator.as_str(), proto.overload.as_str()];
        if let Some(function) = self.functions.get(&key).copied() {
            self.call(node, function, depth)?;
            return Ok(true);
        }
        if proto.operator == "If" && proto.domain.is_empty() {
            self.branch(node, depth)?;
            return Ok(true);
        }
        if proto.operator == "Loop" && proto.domain.is_empty() {
            self.recurrence(node, depth)?;
            return Ok(true);
        }
        Ok(false)
    }

    /// The nodes of a function, with what the call gives in place of its inputs and attributes.
    fn call(&mut self, node: &Node, function: &messages::Function, depth: usize) -> Result<()> {
        let mut names = HashMap::new();
        for (formal, actual) in
            function.inputs.iter().zip(node.proto.inputs.iter().map(Some).chain(std::iter::repeat(None)))
        {
            names.insert(formal.clone(), actual.cloned().unwrap_or_default());
        }
        for (formal, actual) in
            function.outputs.iter().zip(&node.proto.outputs).filter(|(_, actual)| !actual.is_empty())
        {
            // A function may give what it takes, as it is.
            if !names.contains_key(formal) {
                names.insert(formal.clone(), actual.clone());
            }
        }
        let nodes = function.nodes.iter().map(|inner| renamed(inner, node, function, &names)).collect::<Vec<_>>();
        let before = self.opsets.clone();
        self.opsets.extend(function.opsets.iter().map(|opset| (opset.domain.clone(), opset.version)));
        let taken = self.nodes(&nodes, depth + 1);
        self.opsets = before;
        taken
    }

    /// The nodes of the branch that is taken.
    fn branch(&mut self, node: &Node, depth: usize) -> Result<()> {
        let condition = node.proto.inputs.first().and_then(|name| self.constants.get(name));
        let condition = condition.and_then(|tensor| tensor.to_dtype(candle_core::DType::U8).ok()?.flatten_all().ok());
        let holds = match condition.and_then(|tensor| tensor.to_vec1::<u8>().ok()).as_deref() {
            Some([holds]) => *holds != 0,
            _ => {
                return Err(
                    node.problem("which branch is taken depends on what comes in; a network takes always the same")
                );
            }
        };
        let name = if holds { "then_branch" } else { "else_branch" };
        let attribute = node.proto.attributes.iter().find(|attribute| attribute.name == name);
        let Some(graph) = attribute.and_then(|attribute| attribute.graph.as_deref()) else {
            return Err(node.problem(format!("it has no {name}")));
        };
        self.initializers(graph)?;
        self.nodes(&graph.nodes, depth + 1)?;
        for (inner, outer) in graph.outputs.iter().zip(&node.proto.outputs) {
            let copy = messages::Node {
                operator: "Identity".to_owned(),
                name: node.place.clone(),
                inputs: vec![inner.name.clone()],
                outputs: vec![outer.clone()],
                ..messages::Node::default()
            };
            self.nodes(&[copy], depth + 1)?;
        }
        Ok(())
    }
}

fn renamed(
    inner: &messages::Node,
    call: &Node,
    function: &messages::Function,
    names: &HashMap<String, String>,
) -> messages::Node {
    let rename = |name: &String| match names.get(name) {
        _ if name.is_empty() => String::new(),
        Some(name) => name.clone(),
        None => format!("{}/{name}", call.place),
    };
    let mut node = inner.clone();
    node.inputs = inner.inputs.iter().map(rename).collect();
    node.outputs = inner.outputs.iter().map(rename).collect();
    node.name = if inner.name.is_empty() { call.place.clone() } else { format!("{}/{}", call.place, inner.name) };
    node.attributes = inner.attributes.iter().filter_map(|attribute| given(attribute, call, function)).collect();
    node
}

/// An attribute, or the one of the call that it stands for.
fn given(attribute: &messages::Attribute, call: &Node, function: &messages::Function) -> Option<messages::Attribute> {
    if attribute.of_function.is_empty() {
        return Some(attribute.clone());
    }
    let of_call = call.proto.attributes.iter().chain(&function.defaults);
    let found = of_call.into_iter().find(|given| given.name == attribute.of_function)?;
    Some(messages::Attribute { name: attribute.name.clone(), ..found.clone() })
}
