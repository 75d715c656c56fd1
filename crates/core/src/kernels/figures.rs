//! Figures of PyTorch in double precision, for the tests.
//!
//! Every argument is a wave, x_i = sin(0.7 i + phase), with the phases 0, 1, 2, ... in the order of the arguments. The
//! figures are those of `torch.nn.functional` and, for recurrences, of `nn.LSTM`, `nn.GRU` and `nn.RNN`.

use std::collections::BTreeMap;

use candle_core::{DType, Device, Tensor};
use serde::Deserialize;

#[derive(Deserialize)]
struct Figure {
    dims: Vec<usize>,
    values: Vec<f64>,
}

pub fn wave(dims: &[usize], phase: f64) -> Tensor {
    let values = (0..dims.iter().product::<usize>()).map(|i| (0.7 * i as f64 + phase).sin()).collect();
    Tensor::from_vec::<_, f64>(values, dims, &Device::Cpu).unwrap()
}

/// The dimensions of a figure of PyTorch.
pub fn dims(name: &str) -> Vec<usize> {
    figure(name).dims
}

fn figure(name: &str) -> Figure {
    let mut all: BTreeMap<String, Figure> = serde_json::from_str(include_str!("fixtures/torch.json")).unwrap();
    all.remove(name).unwrap_or_else(|| panic!("no figure {name}"))
}

/// Panics unless `y` has the dimensions and, up to `tolerance`, the elements that PyTorch has computed.
pub fn assert_torch(name: &str, y: &Tensor, tolerance: f64) {
    let Figure { dims, values } = figure(name);
    assert_eq!(y.dims(), dims, "{name}");
    let y = y.flatten_all().unwrap().to_dtype(DType::F64).unwrap().to_vec1::<f64>().unwrap();
    for (at, (y, expected)) in y.iter().zip(values).enumerate() {
        assert!((y - expected).abs() < tolerance, "{name} at {at}: {y} against {expected}");
    }
}
