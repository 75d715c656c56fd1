//! Steps in place of a node.

use super::super::arguments::Arguments;
use super::super::schema::{Argument, Graph, Int, Node};
use crate::model::program::{Binary, Op, Operand, Plain, Reduce, Step, Unary};

/// What a family of operators becomes, by the outputs of the node; none where it is not among them.
pub type Made = Result<Option<Vec<Operand>>, String>;

/// What knows some of the operators.
pub type Table = fn(&mut Steps<'_>, &str, &Arguments<'_>) -> Made;

/// Steps in place of a node.
pub struct Steps<'a> {
    node: &'a Node,
    graph: &'a Graph,
    made: Vec<Step>,
}

pub fn number(x: f64) -> Operand {
    Operand::Number(x)
}

pub fn list(numbers: impl IntoIterator<Item = f64>) -> Operand {
    Operand::List(numbers.into_iter().map(Operand::Number).collect())
}

pub fn missing() -> String {
    "it has too few arguments".to_owned()
}

impl<'a> Steps<'a> {
    pub fn of(node: &'a Node, graph: &'a Graph) -> Self {
        Self { node, graph, made: Vec::new() }
    }

    pub fn outputs(&self) -> Vec<&str> {
        self.node.outputs.iter().flat_map(Argument::names).collect()
    }

    fn push(&mut self, op: Op, operands: Vec<Operand>, output: String) {
        self.made.push(Step {
            op,
            operands,
            outputs: vec![output],
            module: self.node.module(),
            place: self.node.place(),
            original: self.node.target.trim_start_matches("torch.ops.").to_owned(),
        });
    }

    /// Adds a step; the value that it makes.
    pub fn op(&mut self, op: Op, operands: Vec<Operand>) -> Operand {
        // A colon stands in no name of the file.
        let name = format!("{}:{}", self.outputs().first().unwrap_or(&""), self.made.len());
        self.push(op, operands, name.clone());
        Operand::Value(name)
    }

    pub fn plain(&mut self, plain: Plain, operands: Vec<Operand>) -> Operand {
        self.op(Op::Plain(plain), operands)
    }

    pub fn unary(&mut self, function: Unary, x: Operand) -> Operand {
        self.plain(Plain::Unary(function), vec![x])
    }

    pub fn binary(&mut self, function: Binary, x: Operand, y: Operand) -> Operand {
        self.plain(Plain::Binary(function), vec![x, y])
    }

    pub fn reduce(&mut self, how: Reduce, axes: Vec<isize>, keep: bool, x: Operand) -> Operand {
        self.plain(Plain::Reduce { how, axes, keep }, vec![x])
    }

    /// The sizes of a value, as far as they are known.
    pub fn sizes(&self, of: &Operand) -> Result<Vec<Option<usize>>, String> {
        let Operand::Value(name) = of else { return Ok(Vec::new()) };
        let meta = self.graph.tensor_values.get(name).ok_or("the sizes of what it takes are not known")?;
        let size = |size: &Int| match size {
            Int::Known(size) => usize::try_from(*size).ok(),
            Int::Free(_) => None,
        };
        Ok(meta.sizes.iter().map(size).collect())
    }

    /// The type of a value's numbers, by its number in the schema.
    pub fn numbers(&self, of: &Operand) -> Option<u64> {
        let Operand::Value(name) = of else { return None };
        self.graph.tensor_values.get(name).map(|meta| meta.dtype)
    }

    /// Whether anything takes what the node gives at a place.
    pub fn is_used(&self, at: usize) -> bool {
        let outputs = self.outputs();
        let Some(name) = outputs.get(at) else { return false };
        let taken = self.graph.nodes.iter().flat_map(|node| &node.inputs).map(|input| &input.arg);
        taken.chain(&self.graph.outputs).flat_map(Argument::names).any(|other| other == *name)
    }

    /// The value whose elements these are, where the condition holds.
    pub fn masked(&self, of: &Operand, condition: &Operand) -> Option<Operand> {
        let (Operand::Value(name), Operand::Value(condition)) = (of, condition) else { return None };
        let maker =
            self.graph.nodes.iter().find(|node| node.outputs.iter().flat_map(Argument::names).any(|n| n == name))?;
        let [x, places] = maker.inputs.as_slice() else { return None };
        let is_same = places.arg.names() == [condition.as_str()];
        let value = x.arg.name().filter(|_| is_same && maker.operator().starts_with("index."))?;
        Some(Operand::Value(value.to_owned()))
    }

    pub fn rank(&self, of: &Operand) -> Result<usize, String> {
        Ok(self.sizes(of)?.len())
    }

    /// An axis of a value from the start, and its size.
    pub fn axis(&self, of: &Operand, axis: isize) -> Result<(usize, usize), String> {
        let sizes = self.sizes(of)?;
        let at = if axis < 0 { axis + sizes.len() as isize } else { axis };
        let size = usize::try_from(at).ok().and_then(|at| Some((at, *sizes.get(at)?)));
        match size {
            Some((at, Some(size))) => Ok((at, size)),
            Some((_, None)) => Err("it works along an axis whose size callers choose".into()),
            None => Err(format!("there is no axis {axis} among {}", sizes.len())),
        }
    }

    /// The steps, the last of which name the values as the node does.
    pub fn finish(mut self, values: Vec<Operand>) -> Vec<Step> {
        let names: Vec<_> = self.outputs().into_iter().map(str::to_owned).collect();
        for (name, value) in names.into_iter().zip(values) {
            self.push(Op::Plain(Plain::Identity), vec![value], name);
        }
        self.made
    }
}
