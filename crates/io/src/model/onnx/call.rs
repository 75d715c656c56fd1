//! A node as its operator reads it: what it takes, its attributes, and the steps that it becomes.

use candle_core::{DType, Tensor};

use super::facts::{self, Fact};
use super::messages;
use super::reader::{Reader, Result};
use crate::model::ModelError;
use crate::model::program::{Numbers, Op, Operand, Plain, Step};

/// Adds the steps that a node is.
pub type Operator = fn(&mut Call) -> Result<()>;

/// A node of the file.
pub struct Node<'n> {
    pub proto: &'n messages::Node,
    /// The version of the set of operators that it belongs to.
    pub version: i64,
    /// Its name, or else that of what it makes.
    pub place: String,
    /// The line of the user's source, where the file tells it.
    pub source: Option<String>,
}

impl<'n> Node<'n> {
    pub fn new(proto: &'n messages::Node, version: i64) -> Self {
        let first = proto.outputs.iter().find(|name| !name.is_empty());
        let place = match (proto.name.as_str(), first) {
            ("", Some(output)) => format!("the node of `{output}`"),
            ("", None) => "a node without a name".to_owned(),
            (name, _) => name.to_owned(),
        };
        let source = super::names::source(proto);
        Self { proto, version, place, source }
    }

    pub fn problem(&self, problem: impl Into<String>) -> ModelError {
        let place = match &self.source {
            Some(source) => format!("{} ({source})", self.place),
            None => self.place.clone(),
        };
        let original = self.proto.operator.clone();
        ModelError::Step { place, original, problem: problem.into() }
    }
}

/// A node on its way into the program.
pub struct Call<'r, 'n, 'f> {
    pub reader: &'r mut Reader<'f>,
    pub node: &'n Node<'n>,
}

/// Elements of a tensor that are read as numbers of a step.
const NUMBERS: usize = 1 << 16;

impl<'n> Call<'_, 'n, '_> {
    pub fn problem(&self, problem: impl Into<String>) -> ModelError {
        self.node.problem(problem)
    }

    /// How many inputs the node has, those that are left out among them.
    pub fn len(&self) -> usize {
        self.node.proto.inputs.len()
    }

    /// The name of what it takes, where that is there.
    pub fn input(&self, at: usize) -> Option<&'n str> {
        self.node.proto.inputs.get(at).map(String::as_str).filter(|name| !name.is_empty())
    }

    /// What it takes, which must be there.
    pub fn need(&self, at: usize) -> Result<&'n str> {
        self.input(at).ok_or_else(|| self.problem(format!("its input {at} is missing")))
    }

    /// What it takes as a value.
    pub fn value(&self, at: usize) -> Operand {
        self.input(at).map_or(Operand::Absent, |name| Operand::Value(name.to_owned()))
    }

    /// What it takes, as a number where it is a constant without axes.
    pub fn operand(&self, at: usize) -> Operand {
        let Some(name) = self.input(at) else { return Operand::Absent };
        let number = self.reader.constants.get(name).filter(|tensor| tensor.rank() == 0).and_then(numbers_of);
        match number.as_deref() {
            Some([number]) if !self.is_parameter(name) => Operand::Number(*number),
            _ => Operand::Value(name.to_owned()),
        }
    }

    fn is_parameter(&self, name: &str) -> bool {
        self.reader.program.stored.get(name).is_some_and(|stored| stored.is_trained)
    }

    /// Sizes or places: a list of numbers where they are constants.
    pub fn list(&self, at: usize) -> Operand {
        match self.numbers(at) {
            Some(numbers) => list(numbers),
            None => self.value(at),
        }
    }

    pub fn tensor(&self, at: usize) -> Option<&Tensor> {
        self.reader.constants.get(self.input(at)?)
    }

    /// What it takes, where that is a constant.
    pub fn numbers(&self, at: usize) -> Option<Vec<f64>> {
        self.known(self.input(at)?)
    }

    /// The numbers of a value that is a constant.
    pub fn known(&self, name: &str) -> Option<Vec<f64>> {
        let tensor = self.reader.constants.get(name)?;
        (tensor.elem_count() <= NUMBERS).then(|| numbers_of(tensor)).flatten()
    }

    /// Whole numbers that must be a constant, where they are there.
    pub fn constant(&self, at: usize, what: &str) -> Result<Option<Vec<i64>>> {
        if self.input(at).is_none() {
            return Ok(None);
        }
        let numbers = self.numbers(at).map(|numbers| numbers.into_iter().map(|x| x as i64).collect());
        numbers
            .map(Some)
            .ok_or_else(|| self.problem(format!("its {what} depend on what comes in, and must be constant")))
    }

    pub fn fact(&self, at: usize) -> Fact {
        self.input(at).and_then(|name| self.reader.facts.get(name)).copied().unwrap_or_default()
    }

    /// Its number of axes.
    pub fn rank(&self, at: usize) -> Result<usize> {
        let rank = self.fact(at).rank;
        rank.ok_or_else(|| self.problem(format!("the number of axes of its input {at} is not known")))
    }

    /// Whether it is of whole numbers.
    pub fn is_whole(&self, at: usize) -> bool {
        self.fact(at).numbers == Some(Numbers::Whole)
    }

    fn attribute(&self, name: &str) -> Option<&'n messages::Attribute> {
        self.node.proto.attributes.iter().find(|attribute| attribute.name == name)
    }

    pub fn has(&self, name: &str) -> bool {
        self.attribute(name).is_some()
    }

    pub fn int(&self, name: &str, default: i64) -> i64 {
        self.attribute(name).map_or(default, |attribute| attribute.int)
    }

    pub fn float(&self, name: &str, default: f64) -> f64 {
        // Shortest decimal: 1e-5, not the double next to its single precision.
        let value = self.attribute(name).map(|attribute| attribute.float.to_string().parse());
        value.and_then(std::result::Result::ok).unwrap_or(default)
    }

    pub fn axis(&self, name: &str, default: i64) -> isize {
        self.int(name, default) as isize
    }

    pub fn ints(&self, name: &str) -> Option<Vec<i64>> {
        self.attribute(name).map(|attribute| attribute.ints.clone())
    }

    pub fn floats(&self, name: &str) -> Option<Vec<f64>> {
        self.attribute(name).map(|attribute| attribute.floats.iter().map(|x| f64::from(*x)).collect())
    }

    /// Sizes, none of which is negative or absurdly large.
    pub fn sizes(&self, name: &str) -> Result<Option<Vec<usize>>> {
        let Some(ints) = self.ints(name) else { return Ok(None) };
        let size = |x: &i64| u16::try_from(*x).map(usize::from);
        let sizes = ints.iter().map(size).collect::<std::result::Result<_, _>>();
        sizes.map(Some).map_err(|_| self.problem(format!("its attribute {name} is {ints:?}")))
    }

    pub fn text(&self, name: &str, default: &'static str) -> String {
        let text = self.attribute(name).map(|attribute| String::from_utf8_lossy(&attribute.text).into_owned());
        text.unwrap_or_else(|| default.to_owned())
    }

    pub fn texts(&self, name: &str) -> Vec<String> {
        let texts = self.attribute(name).map(|attribute| &attribute.texts[..]).unwrap_or_default();
        texts.iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect()
    }

    /// The tensor of an attribute.
    pub fn attribute_tensor(&self, name: &str) -> Result<Option<Tensor>> {
        let Some(proto) = self.attribute(name).and_then(|attribute| attribute.tensor.as_deref()) else {
            return Ok(None);
        };
        super::tensor::read(proto, &self.node.place, &self.reader.beside).map(Some)
    }

    /// The axes that an attribute gives, or a constant input from version `since` on.
    pub fn axes(&self, since: i64, at: usize) -> Result<Option<Vec<isize>>> {
        let ints = match self.ints("axes") {
            Some(ints) => Some(ints),
            None if self.node.version >= since => self.constant(at, "axes")?,
            None => None,
        };
        Ok(ints.map(|ints| ints.into_iter().map(|axis| axis as isize).collect()))
    }

    /// What the node makes, as a name.
    pub fn output(&self, at: usize) -> String {
        self.node.proto.outputs.get(at).cloned().unwrap_or_default()
    }

    /// Adds the step that makes what the node makes.
    pub fn emit(&mut self, op: Op, operands: Vec<Operand>) -> Result<()> {
        let output = self.output(0);
        self.emit_to(op, operands, vec![output])
    }

    pub fn plain(&mut self, plain: Plain, operands: Vec<Operand>) -> Result<()> {
        self.emit(Op::Plain(plain), operands)
    }

    /// Adds a step whose value another step of the node takes.
    pub fn then(&mut self, op: Op, operands: Vec<Operand>) -> Result<Operand> {
        let name = self.fresh();
        self.emit_to(op, operands, vec![name.clone()])?;
        Ok(Operand::Value(name))
    }

    pub fn then_plain(&mut self, plain: Plain, operands: Vec<Operand>) -> Result<Operand> {
        self.then(Op::Plain(plain), operands)
    }

    /// A name that no value of the file has.
    pub fn fresh(&self) -> String {
        let output = self.output(0);
        let mut names = (self.reader.program.steps.len()..).map(|at| format!("{output}#{at}"));
        names.find(|name| !self.reader.facts.contains_key(name)).unwrap_or_default()
    }

    /// Keeps a tensor that the file does not have as such.
    pub fn keep(&mut self, name: String, tensor: Tensor) -> Operand {
        self.reader.store(&name, tensor, false);
        Operand::Value(name)
    }

    pub fn emit_to(&mut self, op: Op, operands: Vec<Operand>, outputs: Vec<String>) -> Result<()> {
        let original = self.node.proto.operator.clone();
        let place = self.node.source.clone().unwrap_or_else(|| self.node.place.clone());
        let module = self.reader.modules.of(self.node.proto);
        let step = Step { op, operands, outputs, module, place, original };
        let fact = facts::of_step(&step, &|name| self.reader.facts.get(name).copied().unwrap_or_default());
        for name in &step.outputs {
            if let Some(earlier) = self.reader.facts.get(name)
                && earlier.is_made
                && !name.is_empty()
            {
                return Err(self.problem(format!("it gives `{name}`, which another node gives too")));
            }
            let said = self.reader.facts.get(name).copied().unwrap_or_default();
            let rank = if name == &step.outputs[0] { fact.rank } else { None };
            let fact = Fact { rank: rank.or(said.rank), numbers: said.numbers.or(fact.numbers), is_made: true };
            self.reader.facts.insert(name.clone(), fact);
        }
        self.reader.add(step);
        Ok(())
    }
}

/// Numbers as an operand.
pub fn list(numbers: Vec<f64>) -> Operand {
    Operand::List(numbers.into_iter().map(Operand::Number).collect())
}

fn numbers_of(tensor: &Tensor) -> Option<Vec<f64>> {
    tensor.to_dtype(DType::F64).and_then(|tensor| tensor.flatten_all()?.to_vec1()).ok()
}
