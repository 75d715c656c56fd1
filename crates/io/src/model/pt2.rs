//! `.pt2` files, as `torch.export.save` writes them: a zip with the graph of ATen operators as JSON and the weights beside it.

mod archive;
mod arguments;
mod composed;
mod layers;
mod mutation;
mod numbers;
mod operators;
mod pickled;
mod plain;
mod schema;

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::ModelError;
use super::program::{Input, Operand, Program, Size, Step, Stored};
use archive::{Archive, Kept};
use arguments::Arguments;
use schema::{Argument, Exported, Graph, InputSpec, Node, OutputSpec};

/// Reads the program of a file, and SHA-256 of the file.
///
/// # Errors
/// If the file is no such file, is damaged, or has an operator that is not known.
pub fn read(path: &Path) -> Result<(Program, String), ModelError> {
    let mut archive = Archive::open(path)?;
    let exported: Exported = archive.graph()?;
    exported.check()?;
    let mut graph = exported.graph_module.graph;
    let signature = exported.graph_module.signature;
    mutation::without(&mut graph)?;
    let outputs: Vec<_> = signature.output_specs.iter().zip(&graph.outputs).filter_map(output).collect();
    let (mut inputs, mut kept) = (Vec::new(), Vec::new());
    for (spec, argument) in signature.input_specs.iter().zip(&graph.inputs) {
        let Some(name) = argument.name() else { continue };
        match spec {
            InputSpec::UserInput { .. } => inputs.push(user_input(&graph, name)),
            InputSpec::Parameter { parameter_name: own, .. } => kept.push((name, own, Kept::Parameter)),
            InputSpec::Buffer { buffer_name: own, .. } => kept.push((name, own, Kept::Buffer)),
            InputSpec::TensorConstant { tensor_constant_name: own, .. } => kept.push((name, own, Kept::Constant)),
            InputSpec::ConstantInput {} | InputSpec::Token {} => {}
            InputSpec::CustomObj {} => {
                let what = "it takes an object that is no tensor".to_owned();
                return Err(ModelError::Unknown { what, help: None });
            }
        }
    }
    let is_frozen = |name: &str| graph.tensor_values.get(name).is_some_and(|meta| meta.requires_grad == Some(false));
    let frozen = kept.iter().filter(|(name, _, kind)| *kind == Kept::Parameter && is_frozen(name));
    let frozen = frozen.map(|(_, own, _)| (*own).clone()).collect();
    let stored = stored(&mut archive, kept)?;
    let steps = steps(&graph, &outputs)?;
    let program = Program { inputs, stored, steps, outputs, frozen, ..Program::new() };
    Ok((program, archive.digest()?))
}

/// The tensors of values, read in their order in the file.
fn stored(archive: &mut Archive, mut kept: Vec<(&str, &String, Kept)>) -> Result<HashMap<String, Stored>, ModelError> {
    kept.sort_by_cached_key(|(_, own, kind)| archive.place(own, *kind));
    archive.follow();
    kept.into_iter().map(|(name, own, kind)| Ok((name.to_owned(), archive.stored(own, kind)?))).collect()
}

/// What the model gives to the caller.
fn output((spec, argument): (&OutputSpec, &Argument)) -> Option<String> {
    match spec {
        OutputSpec::UserOutput { .. } => argument.name().map(str::to_owned),
        OutputSpec::Other => None,
    }
}

fn user_input(graph: &Graph, name: &str) -> Input {
    let meta = graph.tensor_values.get(name);
    let dims = meta.map(|meta| meta.sizes.iter().map(schema::Int::size).collect()).unwrap_or_default();
    Input { name: name.to_owned(), dims, is_whole: meta.is_some_and(|meta| meta.is_whole()) }
}

/// The steps that an output depends on.
fn steps(graph: &Graph, outputs: &[String]) -> Result<Vec<Step>, ModelError> {
    let mut needed: HashSet<&str> = outputs.iter().map(String::as_str).collect();
    let mut kept = Vec::new();
    for node in graph.nodes.iter().rev() {
        if node.outputs.iter().flat_map(Argument::names).any(|name| needed.contains(name)) {
            node.inputs.iter().for_each(|input| needed.extend(input.arg.names()));
            kept.push(node);
        }
    }
    let made: Result<Vec<_>, _> = kept.into_iter().rev().map(|node| steps_of(node, graph)).collect();
    Ok(made?.concat())
}

fn steps_of(node: &Node, graph: &Graph) -> Result<Vec<Step>, ModelError> {
    match whole(node).and_then(|()| composed::read(node, graph)) {
        Ok(Some(steps)) => Ok(steps),
        Ok(None) => step(node, graph).map(|step| vec![step]),
        Err(problem) => {
            let original = node.target.trim_start_matches("torch.ops.").to_owned();
            Err(ModelError::Step { place: node.place(), original, problem })
        }
    }
}

/// Fails at a product of a recurrent layer that was taken apart place by place.
fn whole(node: &Node) -> Result<(), String> {
    const PRODUCTS: [&str; 5] = ["mm", "bmm", "addmm", "matmul", "linear"];
    let is_recurrent = node.class().strip_prefix("torch.nn.modules.rnn.").is_some_and(|name| !name.ends_with("Cell"));
    if is_recurrent && PRODUCTS.contains(&operators::family(&node.operator())) {
        let (class, module) = (node.class().rsplit('.').next().unwrap_or_default(), node.module());
        return Err(format!(
            "the layer `{module}` ({class}) is taken apart place by place: save the program without `run_decompositions()`, which keeps \
             it whole"
        ));
    }
    Ok(())
}

fn step(node: &Node, graph: &Graph) -> Result<Step, ModelError> {
    let arguments = Arguments::of(node);
    let original = node.target.trim_start_matches("torch.ops.").to_owned();
    let (place, module) = (node.place(), node.module());
    let outputs: Vec<_> = node.outputs.iter().flat_map(Argument::names).map(str::to_owned).collect();
    let made = operators::read(&node.operator(), &arguments);
    let (op, operands) = match made {
        Ok(Some(known)) => known,
        Ok(None) if operators::is_random(&node.operator()) => {
            let problem = "it draws numbers, and nothing is drawn here but weights; export the model by \
                           `model.eval()`, or the part of it before this";
            return Err(ModelError::Step { place, original, problem: problem.into() });
        }
        Ok(None) => {
            let users = users(graph, &outputs);
            return Err(ModelError::Step { place, original, problem: format!("this operator is not known; {users}") });
        }
        Err(problem) => return Err(ModelError::Step { place, original, problem }),
    };
    let operands = operands.into_iter().map(|operand| operand.unwrap_or(Operand::Absent)).collect();
    Ok(Step { op, operands, outputs, module, place, original })
}

/// What takes what a step gives.
fn users(graph: &Graph, outputs: &[String]) -> String {
    let takes = |node: &&Node| {
        let mut names = node.inputs.iter().flat_map(|input| input.arg.names());
        names.any(|name| outputs.iter().any(|output| output == name))
    };
    let users: Vec<_> = graph.nodes.iter().filter(takes).map(Node::operator).take(3).collect();
    match users.is_empty() {
        true => "the model's output depends on it".to_owned(),
        false => format!("what it gives is taken by {}", users.join(", ")),
    }
}

impl schema::Int {
    fn size(&self) -> Size {
        match self {
            Self::Known(size) => Size::Known(usize::try_from(*size).unwrap_or(0)),
            Self::Free(name) => Size::Free(name.clone()),
        }
    }
}
