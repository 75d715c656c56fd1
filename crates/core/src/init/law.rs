//! Laws: distributions that weights are drawn from.

use std::sync::Arc;

use faer::MatRef;
use faer::linalg::solvers::Qr;
use statrs::distribution::{ContinuousCDF, Normal};

use crate::random::{Base, Draws, Key, Purpose, uniform};

/// The shape of a weight as initializations see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeightShape {
    /// `[out, in]`, or `[out, in/groups, kernel height, kernel width]`.
    pub dims: Vec<usize>,
    pub groups: usize,
    /// The place among all matrices that are drawn for the network.
    pub index: usize,
    /// Of a recurrent layer, the matrices of its gates, which stand below each other and are drawn apart; else 0.
    pub gates: usize,
    /// Whether it is the first weight of the network that initializations draw.
    pub is_first: bool,
}

impl WeightShape {
    /// A weight that is drawn as a whole. The network numbers it.
    #[must_use]
    pub fn new(dims: Vec<usize>, groups: usize) -> Self {
        Self { dims, groups, index: 0, gates: 0, is_first: true }
    }

    /// A weight of a recurrent layer: `[gates x hidden, in]`.
    #[must_use]
    pub fn of_gates(gates: usize, hidden: usize, ins: usize) -> Self {
        Self { dims: vec![gates * hidden, ins], groups: 1, index: 0, gates, is_first: true }
    }

    /// How many matrices are drawn for it.
    #[must_use]
    pub fn matrices(&self) -> usize {
        self.gates.max(1)
    }

    /// The matrix of one gate.
    #[must_use]
    pub fn gate(&self, gate: usize) -> Self {
        let mut dims = self.dims.clone();
        dims[0] /= self.matrices();
        let (groups, index) = (self.groups, self.index + gate);
        Self { dims, groups, index, gates: self.gates.min(1), is_first: self.is_first }
    }

    /// What PyTorch's default takes the square root of: fan_in, and the hidden units of a recurrent layer.
    fn torch_fan(&self) -> f64 {
        self.dims[0].checked_div(self.gates).map_or_else(|| self.fan_in(), |hidden| hidden as f64)
    }

    /// Number of elements of one kernel: 1 for a dense layer.
    fn receptive_field(&self) -> usize {
        self.dims[2..].iter().product()
    }

    /// in_channels/groups x kernel area
    #[must_use]
    pub fn fan_in(&self) -> f64 {
        (self.dims[1] * self.receptive_field()) as f64
    }

    /// out_channels x kernel area, for groups too, as `torch.nn.init` has it
    #[must_use]
    pub fn fan_out(&self) -> f64 {
        (self.dims[0] / self.matrices() * self.receptive_field()) as f64
    }

    #[must_use]
    pub fn elements(&self) -> usize {
        self.dims.iter().product()
    }
}

/// The distribution that a layer's weights are drawn from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Law {
    Uniform {
        low: f64,
        high: f64,
    },
    Normal {
        mean: f64,
        std: f64,
    },
    /// N(mean, std^2) under the condition low <= x <= high.
    TruncatedNormal {
        mean: f64,
        std: f64,
        low: f64,
        high: f64,
    },
    /// gain Q sign(diag R) for the QR decomposition of a standard normal `[out x rest]` matrix.
    Orthogonal {
        gain: f64,
    },
    /// N(0, std^2), with the share `sparsity` of every column, rounded up, set to zero.
    Sparse {
        sparsity: f64,
        std: f64,
    },
    /// The identity, as far as the shape allows: for a convolution its centre tap, within each group.
    Identity,
    Constant {
        value: f64,
    },
    /// Orthogonal, then divided by the standard deviation of the layer's output until that is `target_std`.
    UnitVariance {
        target_std: f64,
        tolerance: f64,
    },
}

impl Law {
    /// U(-1/sqrt(fan_in), 1/sqrt(fan_in)): what PyTorch draws dense layers, convolutions and their biases from.
    #[must_use]
    pub fn fan_in_uniform(shape: &WeightShape) -> Self {
        symmetric(shape.torch_fan().sqrt().recip())
    }

    /// The law of what is drawn, times a factor.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        match self {
            Self::Uniform { low, high } => Self::Uniform { low: factor * low, high: factor * high },
            Self::Normal { mean, std } => Self::Normal { mean: factor * mean, std: factor * std },
            Self::TruncatedNormal { mean, std, low, high } => {
                let [mean, std, low, high] = [mean, std, low, high].map(|x| factor * x);
                Self::TruncatedNormal { mean, std, low, high }
            }
            Self::Orthogonal { gain } => Self::Orthogonal { gain: factor * gain },
            Self::Sparse { sparsity, std } => Self::Sparse { sparsity, std: factor * std },
            Self::Constant { value } => Self::Constant { value: factor * value },
            Self::Identity | Self::UnitVariance { .. } => self,
        }
    }

    /// What drawing a weight takes, in multiply-adds of a matrix product that take as long, about.
    #[must_use]
    pub fn effort(&self, shape: &WeightShape) -> u128 {
        let n = shape.elements() as u128;
        let normals = 320 * n;
        match self {
            Self::Identity | Self::Constant { .. } => n,
            Self::Uniform { .. } => 64 * n,
            Self::Normal { .. } => normals,
            Self::TruncatedNormal { .. } => 10 * normals,
            Self::Sparse { .. } => 2 * normals,
            // A decomposition, and as much again for its factor, at less than half the rate of a product.
            Self::Orthogonal { .. } | Self::UnitVariance { .. } => {
                let rows = (shape.dims[0] / shape.matrices()) as u128;
                normals + 5 * n * rows.min(n / shape.matrices() as u128 / rows.max(1))
            }
        }
    }

    /// Draws a weight, row-major. The same key gives the same underlying draws whatever the law.
    #[must_use]
    pub fn draw(&self, shape: &WeightShape, key: Key) -> Vec<f32> {
        self.draw_from(&Draws::default(), shape, key)
    }

    /// The same with the underlying draws taken from `draws`, or left there for others.
    #[must_use]
    pub fn draw_from(&self, draws: &Draws, shape: &WeightShape, key: Key) -> Vec<f32> {
        let n = shape.elements();
        match *self {
            Self::Uniform { low, high } => {
                let (middle, half) = (f64::midpoint(low, high) as f32, ((high - low) / 2.0) as f32);
                let uniforms = draws.get(Base::Uniform, key, n, || key.symmetric_uniforms(n));
                uniforms.iter().map(|u| middle + half * u).collect()
            }
            Self::Normal { mean, std } => {
                let (mean, std) = (mean as f32, std as f32);
                let normals = draws.get(Base::Normal, key, n, || key.standard_normals(n));
                normals.iter().map(|z| mean + std * z).collect()
            }
            Self::TruncatedNormal { mean, std, low, high } => truncated_normals(n, key, mean, std, low, high),
            Self::Orthogonal { gain } => {
                let gain = gain as f32;
                orthogonal(draws, shape, key).iter().map(|q| gain * q).collect()
            }
            Self::UnitVariance { .. } => orthogonal(draws, shape, key).to_vec(),
            Self::Sparse { sparsity, std } => sparse(draws, shape, key, sparsity, std),
            Self::Identity => identity(shape),
            Self::Constant { value } => vec![value as f32; n],
        }
    }
}

pub(super) fn symmetric(limit: f64) -> Law {
    Law::Uniform { low: -limit, high: limit }
}

pub(super) fn centred(std: f64) -> Law {
    Law::Normal { mean: 0.0, std }
}

/// By the quantile function of the truncated normal; in the upper tail by its mirror image, where no digits are lost.
fn truncated_normals(n: usize, key: Key, mean: f64, std: f64, low: f64, high: f64) -> Vec<f32> {
    let normal = Normal::standard();
    let (a, b) = ((low - mean) / std, (high - mean) / std);
    let mirror = if a > 0.0 { -1.0 } else { 1.0 };
    let (at_low, at_high) = (normal.cdf(mirror * a), normal.cdf(mirror * b));
    key.quantiles(n, |u| {
        let z = mirror * normal.inverse_cdf(at_low + u * (at_high - at_low));
        (mean + std * z).clamp(low, high)
    })
}

fn orthogonal(draws: &Draws, shape: &WeightShape, key: Key) -> Arc<Vec<f32>> {
    let n = shape.elements();
    let (rows, columns) = (shape.dims[0], n / shape.dims[0]);
    let decompose = || {
        let z = draws.get(Base::Normal, key, n, || key.standard_normals(n));
        let z = MatRef::from_row_major_slice(&z, rows, columns);
        let tall = if rows < columns { z.transpose() } else { z };
        let qr = Qr::new(tall);
        let (q, r) = (qr.compute_thin_Q(), qr.thin_R());
        let mut weight = vec![0.0; rows * columns];
        for (i, row) in weight.chunks_exact_mut(columns).enumerate() {
            for (j, w) in row.iter_mut().enumerate() {
                let (i, j) = if rows < columns { (j, i) } else { (i, j) };
                *w = q[(i, j)] * if r[(j, j)] < 0.0 { -1.0 } else { 1.0 };
            }
        }
        weight
    };
    draws.get(Base::Orthogonal(rows), key, n, decompose)
}

fn sparse(draws: &Draws, shape: &WeightShape, key: Key, sparsity: f64, std: f64) -> Vec<f32> {
    let (rows, columns) = (shape.dims[0], shape.elements() / shape.dims[0]);
    let mut weight = centred(std).draw_from(draws, shape, key);
    let zeros = (sparsity * rows as f64).ceil() as usize;
    let mut rng = Key { purpose: Purpose::Sparsity, ..key }.rng();
    for column in 0..columns {
        let mut order: Vec<_> = (0..rows).map(|row| (uniform(&mut rng), row)).collect();
        order.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (_, row) in order.iter().take(zeros) {
            weight[row * columns + column] = 0.0;
        }
    }
    weight
}

fn identity(shape: &WeightShape) -> Vec<f32> {
    let mut weight = vec![0.0; shape.elements()];
    let kernel = &shape.dims[2..];
    let area = shape.receptive_field();
    let centre = kernel.iter().fold(0, |at, k| at * k + k / 2);
    let (outs, ins) = (shape.dims[0] / shape.groups, shape.dims[1]);
    for group in 0..shape.groups {
        for channel in 0..outs.min(ins) {
            weight[((group * outs + channel) * ins + channel) * area + centre] = 1.0;
        }
    }
    weight
}
