//! The parameters that training changes.

use crate::init::{Law, Needs, WeightShape};

/// A parameter that training changes.
#[derive(Debug, Clone, PartialEq)]
pub struct Weight {
    /// As in PyTorch's `state_dict()`, after the node's name.
    pub name: &'static str,
    pub dims: Vec<usize>,
    pub role: Role,
}

/// How a weight starts.
#[derive(Debug, Clone, PartialEq)]
pub enum Role {
    /// Drawn by the initialization.
    Drawn(WeightShape),
    /// Drawn by a law of its kind, whatever the initialization; a recipe may say otherwise.
    Own(WeightShape, Law),
    /// The bias that belongs to a drawn weight of this shape.
    Bias(WeightShape),
    Constant(f64),
    /// Starts from a tensor that the operation has, whatever the initialization.
    Kept,
}

/// A weight that is drawn by a law of its kind, alone.
#[must_use]
pub fn own(name: &'static str, dims: &[usize], law: Law) -> Vec<Weight> {
    vec![Weight { name, dims: dims.to_vec(), role: Role::Own(WeightShape::new(dims.to_vec(), 1), law) }]
}

impl Weight {
    /// A weight `[out, in, ...]` that is drawn, and its bias `[out]` where it has one.
    #[must_use]
    pub fn drawn(dims: Vec<usize>, groups: usize, bias: bool) -> Vec<Self> {
        let out = dims[0];
        // The network numbers the shapes.
        let shape = WeightShape::new(dims.clone(), groups);
        let mut weights = vec![Self { name: "weight", dims, role: Role::Drawn(shape.clone()) }];
        if bias {
            weights.push(Self { name: "bias", dims: vec![out], role: Role::Bias(shape) });
        }
        weights
    }

    /// A weight of ones and a bias of zeros.
    #[must_use]
    pub fn affine(dims: &[usize]) -> Vec<Self> {
        let weight = |name, value| Self { name, dims: dims.to_vec(), role: Role::Constant(value) };
        vec![weight("weight", 1.0), weight("bias", 0.0)]
    }

    #[must_use]
    pub fn is_bias(&self) -> bool {
        matches!(self.role, Role::Bias(_)) || self.name.starts_with("bias")
    }

    /// What an initialization can know of it.
    #[must_use]
    pub fn offers(&self) -> Needs {
        match self.role {
            Role::Drawn(_) => Needs::Matrix,
            Role::Own(..) if self.dims.len() > 1 => Needs::Matrix,
            Role::Bias(_) => Needs::Fans,
            Role::Own(..) | Role::Constant(_) | Role::Kept => Needs::Nothing,
        }
    }

    #[must_use]
    pub fn elements(&self) -> u64 {
        self.dims.iter().map(|d| *d as u64).product()
    }
}
