//! Weights read from a file.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use neartop_core::layers;
use neartop_core::network::{Network, Node};
use neartop_core::parameters::Parameters;
use neartop_core::settings::BatchNorm;
use neartop_core::weights::Weights;

use crate::preset::printable;

/// Weights read from a safetensors file whose names are those of `nn.Sequential.state_dict()`.
#[derive(Debug)]
pub struct FileWeights {
    tensors: HashMap<String, Tensor>,
    batch_norm: BatchNorm,
    /// What all names in the file begin with, and the network's do not.
    prefix: String,
}

/// A weights file that does not fit the network.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    #[error("cannot read the weights")]
    Read(#[source] candle_core::Error),
    #[error("cannot read the weights")]
    Open(#[source] io::Error),
    /// A file of weights that other programs write.
    #[error("it is {what}, and weights are read from safetensors files")]
    Foreign { what: &'static str, convert: Option<&'static str> },
    #[error("the weights lack `{name}` ({expected}) for layer {module} ({kind}); they have {has}")]
    Missing { name: String, expected: String, module: String, kind: &'static str, has: String },
    #[error("`{name}` of the weights is {given}, but layer {module} ({kind}) needs {expected}")]
    Shape { name: String, given: String, expected: String, module: String, kind: &'static str },
    #[error("the weights have `{name}`, but the network has no such layer")]
    Unused { name: String },
}

impl WeightsError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Foreign { convert, .. } => *convert,
            Self::Missing { .. } => Some(
                "weights are named as in nn.Sequential.state_dict(): the layer's place in the list, then weight or bias, \
                 such as `0.weight`; in Python rename the keys of the state_dict before save_file",
            ),
            _ => None,
        }
    }
}

/// Statistics of a batch norm in evaluation.
const RUNNING: [&str; 2] = ["running_mean", "running_var"];
const CONVERT_TORCH: &str = "it is never read since it can run code; in Python: \
     from safetensors.torch import save_file; \
     save_file(torch.load(\"model.pth\", weights_only=True), \"model.safetensors\")";
const CONVERT_NUMPY: &str = "in Python: from safetensors.numpy import save_file; \
     save_file(dict(numpy.load(\"weights.npz\")), \"weights.safetensors\")";

impl FileWeights {
    /// Reads the weights and checks that they are the network's, name by name and shape by shape. What all names begin
    /// with, as `module.` of data parallel training, is taken off.
    ///
    /// # Errors
    /// Says which tensor is missing, superfluous or of the wrong shape.
    pub fn read(path: &Path, network: &Network) -> Result<Self, WeightsError> {
        if let Some(foreign) = foreign(path).map_err(WeightsError::Open)? {
            return Err(foreign);
        }
        let tensors = candle_core::safetensors::load(path, &Device::Cpu).map_err(WeightsError::Read)?;
        let (prefix, tensors) = without_prefix(tensors);
        let weights = Self { tensors, batch_norm: BatchNorm::Training, prefix };
        let mut wanted = HashSet::new();
        for node in &network.nodes {
            for weight in &node.weights {
                let name = format!("{}.{}", node.name(), weight.name);
                weights.check(node, &name, &weight.dims)?;
                wanted.insert(name);
            }
        }
        let statistics = ["running_mean", "running_var", "num_batches_tracked"];
        let is_statistic = |name: &str| statistics.iter().any(|s| name.ends_with(s));
        let mut unused: Vec<_> =
            weights.tensors.keys().filter(|name| !wanted.contains(*name) && !is_statistic(name)).collect();
        unused.sort();
        if let Some(name) = unused.first() {
            return Err(WeightsError::Unused { name: printable(name) });
        }
        let is_number = |name: &str| !name.ends_with("num_batches_tracked");
        let tensors = weights.tensors.into_iter().filter(|(name, _)| is_number(name));
        let tensors = tensors.map(|(name, tensor)| Ok((name, tensor.to_dtype(DType::F32)?)));
        let tensors = tensors.collect::<candle_core::Result<_>>().map_err(WeightsError::Read)?;
        Ok(Self { tensors, ..weights })
    }

    /// The same with other statistics for batch norm.
    ///
    /// # Errors
    /// If those in evaluation are asked for and the file lacks them.
    pub fn with_batch_norm(self, network: &Network, batch_norm: BatchNorm) -> Result<Self, WeightsError> {
        let is_needed = |node: &&Node| batch_norm == BatchNorm::Evaluation && node.operation.is::<layers::BatchNorm>();
        for node in network.nodes.iter().filter(is_needed) {
            for what in RUNNING {
                self.check(node, &format!("{}.{what}", node.name()), &[node.input().width()])?;
            }
        }
        Ok(Self { batch_norm, ..self })
    }

    /// What was taken off all names, such as `module.`; mostly nothing.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    fn check(&self, node: &Node, name: &str, dims: &[usize]) -> Result<(), WeightsError> {
        let (expected, kind) = (format!("{dims:?}"), node.kind());
        let (name, module) = (name.to_owned(), node.name().to_owned());
        match self.tensors.get(&name) {
            None => Err(WeightsError::Missing { name, expected, module, kind, has: self.list() }),
            Some(tensor) if tensor.dims() != dims => {
                Err(WeightsError::Shape { name, given: format!("{:?}", tensor.dims()), expected, module, kind })
            }
            Some(_) => Ok(()),
        }
    }

    /// The names in the file, those of the first few layers.
    fn list(&self) -> String {
        const MOST: usize = 8;
        let mut names: Vec<_> = self.tensors.keys().collect();
        names.sort();
        let some: Vec<_> = names.iter().take(MOST).map(|name| format!("`{}`", printable(name))).collect();
        match names.len().saturating_sub(MOST) {
            _ if names.is_empty() => "no tensors".to_owned(),
            0 => some.join(", "),
            more => format!("{} and {more} more", some.join(", ")),
        }
    }
}

/// What is no safetensors file, though it holds weights.
fn foreign(path: &Path) -> io::Result<Option<WeightsError>> {
    let mut head = Vec::new();
    File::open(path)?.take(512).read_to_end(&mut head)?;
    let has = |text: &[u8]| head.windows(text.len()).any(|part| part == text);
    let (what, convert) = match head.as_slice() {
        [b'P', b'K', 3, 4, ..] if has(b".npy") => ("an NPZ file", Some(CONVERT_NUMPY)),
        [b'P', b'K', 3, 4, ..] => ("a PyTorch checkpoint, or another zip", Some(CONVERT_TORCH)),
        [0x80, 2..=5, ..] => ("a Python pickle", Some(CONVERT_TORCH)),
        [0x89, b'H', b'D', b'F', ..] => ("an HDF5 file, as Keras writes", None),
        [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => ("a single array in NPY format", None),
        [b'G', b'G', b'U', b'F', ..] => ("a GGUF file", None),
        _ => return Ok(None),
    };
    Ok(Some(WeightsError::Foreign { what, convert }))
}

/// Takes off what all names begin with, as far as that is no number: `module.`, `_orig_mod.`, the name of an attribute.
fn without_prefix(tensors: HashMap<String, Tensor>) -> (String, HashMap<String, Tensor>) {
    let mut prefix = String::new();
    loop {
        let mut rests = tensors.keys().filter_map(|name| name.strip_prefix(&prefix));
        let Some((first, _)) = rests.clone().next().and_then(|name| name.split_once('.')) else { break };
        let is_shared = rests.all(|name| name.split_once('.').is_some_and(|(start, _)| start == first));
        // `fc.weight` and `fc.bias` share a name, but what is left of them is none.
        let is_whole = tensors.keys().any(|name| !name[prefix.len() + first.len() + 1..].contains('.'));
        if !is_shared || is_whole || first.parse::<usize>().is_ok() {
            break;
        }
        prefix = format!("{prefix}{first}.");
    }
    let tensors = tensors.into_iter().map(|(name, tensor)| (name[prefix.len()..].to_owned(), tensor)).collect();
    (prefix, tensors)
}

impl Weights for FileWeights {
    fn parameters(&self, node: &Node, _: &[Tensor]) -> candle_core::Result<Parameters> {
        let mut parameters = Parameters::new(self.batch_norm);
        for name in node.weights.iter().map(|weight| weight.name).chain(RUNNING) {
            if let Some(tensor) = self.tensors.get(&format!("{}.{name}", node.name())) {
                parameters = parameters.with(name, tensor.clone());
            }
        }
        Ok(parameters)
    }
}
