//! The graph as JSON, as far as it is read.

use std::collections::HashMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::model::ModelError;
use crate::model::source;

/// The schema's version that is known, and the oldest that is read.
const NEWEST: u64 = 8;

#[derive(Debug, Deserialize)]
pub struct Exported {
    pub graph_module: GraphModule,
    #[serde(default)]
    schema_version: Version,
}

#[derive(Debug, Default, Deserialize)]
struct Version {
    major: u64,
}

impl Exported {
    /// Refuses what a later PyTorch wrote in another way.
    pub fn check(&self) -> Result<(), ModelError> {
        let major = self.schema_version.major;
        if major <= NEWEST {
            return Ok(());
        }
        let what = format!("its schema has version {major}, and {NEWEST} is the newest that is known");
        Err(ModelError::Unknown { what, help: Some("export it with an earlier PyTorch, or update neartop".into()) })
    }
}

#[derive(Debug, Deserialize)]
pub struct GraphModule {
    pub graph: Graph,
    pub signature: Signature,
}

#[derive(Debug, Deserialize)]
pub struct Graph {
    pub inputs: Vec<Argument>,
    pub outputs: Vec<Argument>,
    pub nodes: Vec<Node>,
    #[serde(default)]
    pub tensor_values: HashMap<String, Meta>,
}

#[derive(Debug, Deserialize)]
pub struct Signature {
    pub input_specs: Vec<InputSpec>,
    pub output_specs: Vec<OutputSpec>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputSpec {
    UserInput {},
    Parameter { parameter_name: String },
    Buffer { buffer_name: String },
    TensorConstant { tensor_constant_name: String },
    CustomObj {},
    ConstantInput {},
    Token {},
}

#[derive(Debug)]
pub enum OutputSpec {
    UserOutput {},
    /// What the model changes: buffers, its inputs.
    Other,
}

impl<'de> Deserialize<'de> for OutputSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Ok(if value.get("user_output").is_some() { Self::UserOutput {} } else { Self::Other })
    }
}

#[derive(Debug, Deserialize)]
pub struct Node {
    pub target: String,
    pub inputs: Vec<NamedArgument>,
    pub outputs: Vec<Argument>,
    #[serde(default)]
    metadata: HashMap<String, Value>,
}

#[derive(Debug, Deserialize)]
pub struct NamedArgument {
    pub name: String,
    pub arg: Argument,
}

/// What an operator takes or gives.
#[derive(Debug, Clone, PartialEq)]
pub enum Argument {
    None,
    /// A value by its name: a tensor, or a number that depends on sizes.
    Value(String),
    Number(f64),
    Flag(bool),
    Text(String),
    List(Vec<Argument>),
    /// A type of numbers, by its number in the schema.
    Numbers(u64),
    /// Devices, layouts and whatever does not decide numbers.
    Other,
}

impl Argument {
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Value(name) => Some(name),
            _ => None,
        }
    }

    /// The names of all values.
    pub fn names(&self) -> Vec<&str> {
        match self {
            Self::Value(name) => vec![name],
            Self::List(list) => list.iter().flat_map(Self::names).collect(),
            _ => Vec::new(),
        }
    }

    /// Gives values other names.
    pub fn rename(&mut self, names: &HashMap<String, String>) {
        match self {
            Self::Value(name) => names.get(name).into_iter().for_each(|new| name.clone_from(new)),
            Self::List(list) => list.iter_mut().for_each(|one| one.rename(names)),
            _ => {}
        }
    }

    /// A union of one key, as `{"as_int": 3}`.
    fn of(value: &Value) -> Self {
        let Some((key, inner)) = value.as_object().and_then(|object| object.iter().next()) else {
            return Self::plain(value);
        };
        match key.as_str() {
            "as_none" => Self::None,
            "as_tensor" | "as_name" => match inner.get("name").unwrap_or(inner).as_str() {
                Some(name) => Self::Value(name.to_owned()),
                None => Self::Other,
            },
            "as_tensors"
            | "as_ints"
            | "as_floats"
            | "as_bools"
            | "as_sym_ints"
            | "as_sym_floats"
            | "as_sym_bools"
            | "as_optional_tensors"
            | "as_int_lists"
            | "as_strings"
            | "as_nested_tensors" => {
                Self::List(inner.as_array().map(|list| list.iter().map(Self::of_item).collect()).unwrap_or_default())
            }
            "as_int" | "as_float" | "as_bool" | "as_string" => Self::plain(inner),
            "as_sym_int" | "as_sym_float" | "as_sym_bool" | "as_optional_tensor" => Self::of(inner),
            "as_scalar_type" => inner.as_u64().map_or(Self::Other, Self::Numbers),
            _ => Self::Other,
        }
    }

    /// A member of a list: a tensor by its name, a number, or a union.
    fn of_item(value: &Value) -> Self {
        match value.get("name").and_then(Value::as_str) {
            Some(name) => Self::Value(name.to_owned()),
            None => Self::of(value),
        }
    }

    fn plain(value: &Value) -> Self {
        match value {
            Value::Null => Self::None,
            Value::Bool(flag) => Self::Flag(*flag),
            Value::Number(number) => Self::Number(number.as_f64().unwrap_or(f64::NAN)),
            Value::String(text) => match text.as_str() {
                "Infinity" => Self::Number(f64::INFINITY),
                "-Infinity" => Self::Number(f64::NEG_INFINITY),
                "NaN" => Self::Number(f64::NAN),
                _ => Self::Text(text.clone()),
            },
            Value::Array(list) => Self::List(list.iter().map(Self::of_item).collect()),
            Value::Object(_) => Self::Other,
        }
    }
}

impl<'de> Deserialize<'de> for Argument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::of(&Value::deserialize(deserializer)?))
    }
}

/// What is known of a tensor.
#[derive(Debug, Clone, Deserialize)]
pub struct Meta {
    pub dtype: u64,
    pub sizes: Vec<Int>,
    #[serde(default)]
    pub strides: Vec<Int>,
    #[serde(default)]
    pub storage_offset: Option<Int>,
    /// Of a parameter, whether training changes it.
    #[serde(default)]
    pub requires_grad: Option<bool>,
}

impl Meta {
    /// Whether it holds whole numbers.
    pub fn is_whole(&self) -> bool {
        matches!(self.dtype, 1..=5)
    }
}

/// A size: a number, or an expression of sizes that callers choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Int {
    Known(i64),
    Free(String),
}

impl<'de> Deserialize<'de> for Int {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if let Some(size) = value.get("as_int").and_then(Value::as_i64) {
            return Ok(Self::Known(size));
        }
        let text = value.pointer("/as_expr/expr_str").and_then(Value::as_str).unwrap_or("?");
        // `Symbol('s77', positive=True, integer=True)`
        let name = text.split('\'').nth(1).unwrap_or(text);
        Ok(Self::Free(name.to_owned()))
    }
}

impl Node {
    /// A node that gives `root` with the slice `value` of it changed.
    pub fn scattered(&self, root: &str, value: &str, slices: &[Vec<(String, Argument)>], to: &str) -> Self {
        let named = |name: &str, arg| NamedArgument { name: name.to_owned(), arg };
        let of = |slice: &Vec<(String, Argument)>, key: &str| {
            let found = slice.iter().find(|(name, _)| name == key).map(|(_, argument)| argument.clone());
            found.unwrap_or(if key == "dim" { Argument::Number(0.0) } else { Argument::None })
        };
        let parts = slices
            .iter()
            .map(|slice| Argument::List(["dim", "start", "end", "step"].map(|key| of(slice, key)).to_vec()));
        Self {
            target: "neartop.scatter".to_owned(),
            inputs: vec![
                named("self", Argument::Value(root.to_owned())),
                named("value", Argument::Value(value.to_owned())),
                named("slices", Argument::List(parts.collect())),
            ],
            outputs: vec![Argument::Value(to.to_owned())],
            metadata: self.metadata.clone(),
        }
    }

    /// The operator without its namespace: `aten.conv2d.default`.
    pub fn operator(&self) -> String {
        self.target.trim_start_matches("torch.ops.").trim_start_matches("aten.").to_owned()
    }

    fn text(&self, key: &str) -> &str {
        self.metadata.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    /// The path of the innermost module: the second part of `L__self__l1.relu@1,l1.relu,torch.nn.ReLU`.
    pub fn module(&self) -> String {
        let last = self.text("nn_module_stack").rsplit(';').next().unwrap_or_default();
        last.split(',').nth(1).unwrap_or_default().to_owned()
    }

    /// The class of the innermost module.
    pub fn class(&self) -> &str {
        let last = self.text("nn_module_stack").rsplit(';').next().unwrap_or_default();
        last.split(',').nth(2).unwrap_or_default()
    }

    /// The innermost line of the source that is not PyTorch's own: `model.py:32`.
    pub fn place(&self) -> String {
        source::innermost(self.text("stack_trace"))
    }
}
