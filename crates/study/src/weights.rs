//! A candidate's weights for other libraries.

use std::collections::{BTreeMap, HashMap};

use candle_core::{DType, Tensor};
use neartop_core::network::{Network, Stored};
use neartop_io::data::DataError;

use crate::space::Space;
use crate::training::model::{Model, Start};

/// Why weights cannot be given.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    #[error(transparent)]
    Data(#[from] DataError),
    #[error(transparent)]
    Tensor(#[from] candle_core::Error),
    /// A parameter that the model uses in parts, of which some are no weights of layers.
    #[error("only a part of the model's parameter `{0}` is drawn")]
    Part(String),
}

/// The weights that training starts from and the first repetition is scored with, by the names of parameters: those of the
/// model that a preset brings, else as in `nn.Sequential.state_dict()`.
///
/// # Errors
/// If the data cannot be read, which some initializations look at.
pub fn weights(space: &Space, candidate: usize) -> Result<HashMap<String, Tensor>, WeightsError> {
    let network = space.network_of(candidate);
    let chosen = &space.candidates[candidate];
    let batch = space.samples()?.batch(0)?;
    let start = Start {
        network: network.clone(),
        fill: chosen.fill.clone(),
        init: &chosen.init,
        bias: space.bias(),
        seed: space.preset.seed,
    };
    let model = Model::new(&start, &batch, DType::F32)?;
    let origins = origins(&network);
    let mut whole = HashMap::new();
    // By parameter, its parts by their first rows.
    let mut parts: BTreeMap<String, BTreeMap<usize, Tensor>> = BTreeMap::new();
    for (name, var) in model.parameters() {
        let tensor = var.as_detached_tensor();
        match origins.get(name) {
            None if space.preset.model.is_some() => {}
            None => drop(whole.insert(name.clone(), tensor)),
            Some(stored) => {
                let tensor = if stored.is_transposed { tensor.t()?.contiguous()? } else { tensor };
                match stored.rows {
                    None => drop(whole.insert(stored.name.clone(), tensor)),
                    Some([first, _]) => drop(parts.entry(stored.name.clone()).or_default().insert(first, tensor)),
                }
            }
        }
    }
    for (name, parts) in parts {
        let mut rows = 0;
        for (first, part) in &parts {
            if *first != rows {
                return Err(WeightsError::Part(name));
            }
            rows += part.dim(0)?;
        }
        let tensors: Vec<_> = parts.into_values().collect();
        whole.insert(name, Tensor::cat(&tensors, 0)?);
    }
    Ok(whole)
}

/// Where the weights of a model stand in it, by the names that they have here.
fn origins(network: &Network) -> HashMap<String, Stored> {
    let mut origins = HashMap::new();
    for node in &network.nodes {
        let Some(origin) = &node.origin else { continue };
        for (weight, stored) in &origin.parameters {
            origins.insert(format!("{}.{weight}", node.name()), stored.clone());
        }
    }
    origins
}
