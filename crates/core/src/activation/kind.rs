//! What the table says of an activation.

use crate::catalog::Param;

/// A row of the table of activations.
#[derive(Debug)]
pub struct ActivationKind {
    pub(super) name: &'static str,
    pub(super) params: &'static [Param],
    /// The formula as people write it.
    pub formula: &'static str,
    pub(super) value: fn(f64, &[f64]) -> f64,
    /// `value` of every element, for forward passes.
    pub(super) lanes: fn(&mut [f32], &[f64]),
    pub(super) derivative: fn(f64, &[f64]) -> f64,
    /// Degree of positive homogeneity d, where f(c x) = c^d f(x) for every c > 0; none otherwise.
    pub homogeneity: Option<i32>,
    /// The gain that PyTorch's `calculate_gain` knows.
    pub(super) torch_gain: Option<fn(&[f64]) -> f64>,
    /// A module (`nn...`), or an expression in `x`.
    pub pytorch: &'static str,
    /// A layer (`layers...`), or an expression in `x`.
    pub keras: &'static str,
    /// An expression of type `candle_core::Result<Tensor>` in `x: &Tensor`.
    pub candle: &'static str,
}

/// A row with what most rows have in common.
pub(super) const ROW: ActivationKind = ActivationKind {
    name: "",
    params: &[],
    formula: "",
    value: |x, _| x,
    lanes: |_, _| (),
    derivative: |_, _| 1.0,
    homogeneity: None,
    torch_gain: None,
    pytorch: "",
    keras: "",
    candle: "",
};
