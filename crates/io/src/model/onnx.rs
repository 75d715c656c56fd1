//! ONNX files: nodes of operators as steps of a [`Program`]. Nothing in a file is run.
//!
//! A file is decoded as a whole, with the numbers of its tensors left where they are. Its nodes are then taken one by one:
//! `operators` says what each becomes. What depends on no input is computed on the way, since much of what a step must know
//! (axes, sizes, the gates of a recurrence) stands in tensors.

mod beside;
mod call;
mod cells;
mod constants;
mod facts;
mod inline;
mod limits;
mod loops;
mod messages;
mod names;
mod operators;
mod reader;
mod tensor;

use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use bytes::Bytes;
use prost::Message;
use sha2::{Digest, Sha256};

use super::hashed::hexadecimal;
use super::program::{Input, Operand, Program, Size};
use super::{ModelError, recognize};
use call::{Call, Node};
use facts::Fact;
use messages::{DimSize, Kind};
use reader::{OPSETS, Reader, Result};

/// Nodes of functions and branches that stand in one another.
const DEPTH: usize = 16;
/// Nodes after those of functions have taken the places of their calls.
const NODES: usize = 1 << 20;

/// Reads a model, and SHA-256 of what the file holds, with what it takes from files beside it.
///
/// # Errors
/// Says what in the file is wrong or not known, and where.
pub fn read(path: &Path) -> Result<(Program, String)> {
    let bytes = bytes(path)?;
    limits::check(&bytes)?;
    let hash = Sha256::new().chain_update(&bytes);
    let length = bytes.len();
    let model = messages::Model::decode(bytes).map_err(|error| ModelError::Damaged {
        what: format!("it is no ONNX file, or was cut off: {length} bytes; {error}"),
    })?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Some(graph) = &model.graph else {
        return Err(ModelError::Damaged { what: "it is no ONNX file: it has no graph".to_owned() });
    };
    let mut reader = Reader::new(&model, folder)?;
    reader.graph(graph)?;
    let digest = hexadecimal(reader.beside.added_to(hash));
    let mut program = reader.program;
    program.names_parameters = program.stored.values().any(|stored| stored.is_trained);
    program.drop_unused();
    recognize::drop_copies(&mut program);
    recognize::tie(&mut program);
    recognize::channels_first(&mut program);
    recognize::recognize(&mut program);
    Ok((program, digest))
}

fn bytes(path: &Path) -> Result<Bytes> {
    let file = File::open(path).map_err(ModelError::Read)?;
    let size = file.metadata().map_err(ModelError::Read)?.len();
    if size > limits::FILE {
        return Err(ModelError::TooLarge { what: "the file".to_owned(), size, limit: limits::FILE });
    }
    let mut bytes = Vec::with_capacity(size as usize);
    file.take(limits::FILE).read_to_end(&mut bytes).map_err(ModelError::Read)?;
    Ok(bytes.into())
}

impl Reader<'_> {
    fn graph(&mut self, graph: &messages::Graph) -> Result<()> {
        self.initializers(graph)?;
        for value in graph.values.iter().chain(&graph.outputs) {
            let fact = Fact::of(value);
            self.facts.entry(value.name.clone()).or_insert(fact);
        }
        for value in graph.inputs.iter().filter(|value| !self.program.stored.contains_key(&value.name)) {
            let input = input(value)?;
            self.facts.insert(value.name.clone(), Fact { is_made: true, ..Fact::of(value) });
            self.program.inputs.push(input);
        }
        self.program.outputs = graph.outputs.iter().map(|output| output.name.clone()).collect();
        if self.program.outputs.is_empty() {
            return Err(ModelError::Damaged { what: "its graph has no outputs".to_owned() });
        }
        self.nodes(&graph.nodes, 0)
    }

    fn initializers(&mut self, graph: &messages::Graph) -> Result<()> {
        for proto in &graph.initializers {
            let tensor = tensor::read(proto, &proto.name, &self.beside)?;
            self.store(&proto.name, tensor, true);
        }
        Ok(())
    }

    /// Takes nodes in their order, which is one of execution.
    fn nodes(&mut self, nodes: &[messages::Node], depth: usize) -> Result<()> {
        for proto in nodes {
            self.nodes += 1;
            if self.nodes > NODES || depth > DEPTH {
                let what = "the number of nodes, with those of its functions,".to_owned();
                return Err(ModelError::TooLarge { what, size: self.nodes as u64, limit: NODES as u64 });
            }
            self.node(proto, nodes, depth)?;
        }
        Ok(())
    }

    fn node(&mut self, proto: &messages::Node, all: &[messages::Node], depth: usize) -> Result<()> {
        let domain = if proto.domain == "ai.onnx" { "" } else { proto.domain.as_str() };
        let version = self.opsets.get(domain).copied();
        let node = Node::new(proto, version.or_else(|| self.opsets.get("").copied()).unwrap_or(OPSETS[1]));
        self.check_inputs(&node)?;
        if self.expand(&node, depth)? {
            return Ok(());
        }
        let Some(operator) = operators::find(domain, &proto.operator) else {
            let users = self.users(proto, all);
            let domain = match (domain, version) {
                ("", version) => format!("ONNX, opset {}", version.unwrap_or(0)),
                (domain, Some(version)) => format!("{domain}, version {version}"),
                (domain, None) => domain.to_owned(),
            };
            let (operator, place) = (proto.operator.clone(), node.place);
            return Err(ModelError::UnknownOperator { operator, domain, place, users });
        };
        operator(&mut Call { reader: self, node: &node })
    }

    /// Whether all that a node takes is there.
    fn check_inputs(&self, node: &Node) -> Result<()> {
        let is_known = |name: &String| {
            name.is_empty()
                || self.facts.get(name).is_some_and(|fact| fact.is_made)
                || self.constants.contains_key(name)
        };
        match node.proto.inputs.iter().find(|name| !is_known(name)) {
            Some(name) => Err(node.problem(format!(
                "it takes `{name}`, which no node before it gives; nodes must stand in the order of execution"
            ))),
            _ => Ok(()),
        }
    }

    /// The nodes that take what a node gives.
    fn users(&self, proto: &messages::Node, all: &[messages::Node]) -> Vec<String> {
        let made: HashSet<_> = proto.outputs.iter().filter(|name| !name.is_empty()).collect();
        let takes = |node: &&messages::Node| node.inputs.iter().any(|name| made.contains(name));
        let users = all.iter().filter(takes).map(|node| Node::new(node, 0).place);
        let outputs = self.program.outputs.iter().filter(|name| made.contains(name));
        users.chain(outputs.map(|name| format!("the output `{name}`"))).collect()
    }
}

/// What a caller gives.
fn input(value: &messages::ValueInfo) -> Result<Input> {
    let tensor = value.r#type.as_ref().and_then(|kind| kind.tensor.as_ref());
    let dims = tensor.and_then(|tensor| tensor.shape.as_ref());
    let (Some(tensor), Some(dims)) = (tensor, dims) else {
        let what = format!("the input `{}` is no tensor, or its number of axes is open", value.name);
        return Err(ModelError::Unknown { what, help: Some("export the model with inputs of known shape".to_owned()) });
    };
    let size = |(at, dim): (usize, &messages::Dim)| match &dim.size {
        Some(DimSize::Known(size)) if *size > 0 => Size::Known(*size as usize),
        Some(DimSize::Named(name)) if !name.is_empty() => Size::Free(name.clone()),
        _ => Size::Free(format!("axis {at} of {}", value.name)),
    };
    let is_whole = !matches!(
        Kind::try_from(tensor.kind),
        Ok(Kind::Float | Kind::Double | Kind::Float16 | Kind::Bfloat16) | Err(_)
    );
    Ok(Input { name: value.name.clone(), dims: dims.dims.iter().enumerate().map(size).collect(), is_whole })
}

impl Program {
    /// Leaves out what no output depends on.
    pub(super) fn drop_unused(&mut self) {
        let mut needed: HashSet<String> = self.outputs.iter().cloned().collect();
        let mut kept = Vec::with_capacity(self.steps.len());
        while let Some(step) = self.steps.pop() {
            if step.outputs.iter().any(|name| needed.contains(name)) {
                step.operands.iter().for_each(|operand| operand.names(&mut |name| _ = needed.insert(name.to_owned())));
                kept.push(step);
            }
        }
        kept.reverse();
        self.steps = kept;
        let folded = std::mem::take(&mut self.folded).into_iter().rev();
        self.folded = folded
            .filter(|step| {
                let is_needed = step.outputs.iter().any(|name| needed.contains(name));
                if is_needed {
                    step.operands
                        .iter()
                        .for_each(|operand| operand.names(&mut |name| _ = needed.insert(name.to_owned())));
                }
                is_needed
            })
            .collect();
        self.folded.reverse();
        self.stored.retain(|name, _| needed.contains(name));
    }
}

impl Operand {
    /// Calls `with` with the name of every value in it.
    pub(super) fn names(&self, with: &mut dyn FnMut(&str)) {
        match self {
            Self::Value(name) => with(name),
            Self::List(list) => list.iter().for_each(|operand| operand.names(with)),
            Self::Number(_) | Self::Absent => {}
        }
    }
}
