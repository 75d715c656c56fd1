//! What is known while the nodes of a file are taken.

use std::collections::HashMap;
use std::path::Path;

use candle_core::Tensor;

use super::beside::Beside;
use super::facts::Fact;
use super::{limits, messages, names};
use crate::model::program::{Program, Stored};
use crate::model::{ModelError, recognize};

/// Versions of the operators of ONNX itself that are read. Later ones may have changed the meaning of a node.
pub const OPSETS: [i64; 2] = [6, 27];

pub type Result<T> = std::result::Result<T, ModelError>;

/// A sequence of parts of a value along an axis.
#[derive(Debug, Clone)]
pub struct Parts {
    pub of: String,
    pub axis: isize,
    pub sizes: PartSizes,
}

/// How large the parts are.
#[derive(Debug, Clone)]
pub enum PartSizes {
    /// One place each, and whether the axis stays.
    Ones {
        keep: bool,
    },
    /// So many each, but perhaps the last.
    Even(f64),
    Each(Vec<f64>),
}

impl Parts {
    /// Where a part starts and ends.
    pub fn bounds(&self, place: i64) -> Option<[f64; 2]> {
        let place = match &self.sizes {
            PartSizes::Each(sizes) if place < 0 => usize::try_from(place + sizes.len() as i64).ok()?,
            _ => usize::try_from(place).ok()?,
        };
        let even = |size: f64| [place as f64 * size, (place + 1) as f64 * size];
        match &self.sizes {
            PartSizes::Ones { .. } => Some(even(1.0)),
            PartSizes::Even(size) => Some(even(*size)),
            PartSizes::Each(sizes) => {
                let start: f64 = sizes.get(..place)?.iter().sum();
                Some([start, start + sizes.get(place)?])
            }
        }
    }
}

/// What is known while nodes are taken.
pub struct Reader<'f> {
    pub beside: Beside<'f>,
    pub opsets: HashMap<String, i64>,
    pub functions: HashMap<[&'f str; 3], &'f messages::Function>,
    pub program: Program,
    pub facts: HashMap<String, Fact>,
    /// What depends on no input, by the value's name.
    pub constants: HashMap<String, Tensor>,
    /// Elements of constants that may still be computed.
    pub budget: usize,
    pub nodes: usize,
    pub loops: usize,
    pub modules: names::Modules,
    pub sequences: HashMap<String, Parts>,
}

impl<'f> Reader<'f> {
    pub fn new(model: &'f messages::Model, folder: &'f Path) -> Result<Self> {
        let mut opsets = HashMap::new();
        for opset in &model.opsets {
            let domain = if opset.domain == "ai.onnx" { "" } else { &opset.domain };
            opsets.insert(domain.to_owned(), opset.version);
        }
        let [first, last] = OPSETS;
        match opsets.get("") {
            Some(version) if !(first..=last).contains(version) => {
                let what = format!("it is of ONNX opset {version}, and {first} to {last} are read");
                let help = Some("export it again, with opset_version=20".to_owned());
                return Err(ModelError::Unknown { what, help });
            }
            _ => {}
        }
        let key = |function: &'f messages::Function| {
            [function.domain.as_str(), function.name.as_str(), function.overload.as_str()]
        };
        let functions = model.functions.iter().map(|function| (key(function), function)).collect();
        let program = Program::new();
        let (facts, constants) = (HashMap::new(), HashMap::new());
        Ok(Self {
            beside: Beside::new(folder),
            opsets,
            functions,
            program,
            facts,
            constants,
            budget: limits::CONSTANTS,
            nodes: 0,
            loops: 0,
            modules: names::Modules::default(),
            sequences: HashMap::new(),
        })
    }

    /// Takes a tensor of the file, which may be a parameter, or one that was made of constants.
    pub fn store(&mut self, name: &str, tensor: Tensor, may_train: bool) {
        let is_trained = may_train && tensor.dtype().is_float() && recognize::is_parameter(name);
        self.facts.insert(name.to_owned(), Fact::of_tensor(&tensor));
        self.constants.insert(name.to_owned(), tensor.clone());
        self.program.stored.insert(name.to_owned(), Stored { name: name.to_owned(), is_trained, tensor });
    }
}
