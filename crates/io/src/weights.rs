//! Weights read from a file.

use std::collections::HashMap;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use neartop_core::network::{Network, Node};
use neartop_core::parameters::Parameters;
use neartop_core::weights::Weights;

/// Weights read from a safetensors file whose names are those of `nn.Sequential.state_dict()`.
#[derive(Debug)]
pub struct FileWeights {
    tensors: HashMap<String, Tensor>,
}

/// A weights file that does not fit the network.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    #[error("cannot read the weights")]
    Read(#[source] candle_core::Error),
    #[error("the weights lack `{name}` ({expected}) for layer {module} ({kind})")]
    Missing { name: String, expected: String, module: String, kind: &'static str },
    #[error("`{name}` of the weights is {given}, but layer {module} ({kind}) needs {expected}")]
    Shape { name: String, given: String, expected: String, module: String, kind: &'static str },
    #[error("the weights have `{name}`, but the network has no such layer")]
    Unused { name: String },
}

impl FileWeights {
    /// Reads the weights and checks that they are the network's, name by name and shape by shape.
    ///
    /// # Errors
    /// Says which tensor is missing, superfluous or of the wrong shape.
    pub fn read(path: &Path, network: &Network) -> Result<Self, WeightsError> {
        let tensors = candle_core::safetensors::load(path, &Device::Cpu).map_err(WeightsError::Read)?;
        let mut wanted = HashMap::new();
        for node in &network.nodes {
            for weight in &node.weights {
                let (name, dims) = (format!("{}.{}", node.name(), weight.name), &weight.dims);
                wanted.insert(name.clone(), ());
                let expected = format!("{dims:?}");
                let (module_name, kind) = (node.name().to_owned(), node.kind());
                match tensors.get(&name) {
                    None => return Err(WeightsError::Missing { name, expected, module: module_name, kind }),
                    Some(t) if t.dims() != dims.as_slice() => {
                        let given = format!("{:?}", t.dims());
                        return Err(WeightsError::Shape { name, given, expected, module: module_name, kind });
                    }
                    Some(_) => {}
                }
            }
        }
        let statistics = ["running_mean", "running_var", "num_batches_tracked"];
        let mut unused: Vec<_> = tensors
            .keys()
            .filter(|name| !wanted.contains_key(*name) && !statistics.iter().any(|s| name.ends_with(s)))
            .collect();
        unused.sort();
        if let Some(name) = unused.first() {
            return Err(WeightsError::Unused { name: name.escape_debug().to_string() });
        }
        let tensors = tensors
            .into_iter()
            .filter(|(name, _)| wanted.contains_key(name))
            .map(|(name, tensor)| Ok((name, tensor.to_dtype(DType::F32)?)))
            .collect::<candle_core::Result<_>>()
            .map_err(WeightsError::Read)?;
        Ok(Self { tensors })
    }
}

impl Weights for FileWeights {
    fn parameters(&self, node: &Node, _: &[Tensor]) -> candle_core::Result<Parameters> {
        let mut parameters = Parameters::default();
        for weight in &node.weights {
            if let Some(tensor) = self.tensors.get(&format!("{}.{}", node.name(), weight.name)) {
                parameters = parameters.with(weight.name, tensor.clone());
            }
        }
        Ok(parameters)
    }
}
