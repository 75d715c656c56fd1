//! What slots and fixed activations have in common.

use candle_core::{DType, Result as Computed, Tensor};

use crate::activation::Activation;
use crate::differentiable::{self, Pass, multiplied};
use crate::kernels;
use crate::layer::{Place, Role, Scaling, Weight};
use crate::parameters::Parameters;
use crate::random::uniform;
use crate::shape::Form;

/// The weights of an activation of such inputs.
pub(super) fn weights(activation: &Activation, inputs: &[Form]) -> Vec<Weight> {
    if !activation.has_weight() {
        return Vec::new();
    }
    let slopes = if activation.is_by_unit() { inputs[0].units() } else { 1 };
    vec![Weight { name: "weight", dims: vec![slopes], role: Role::Constant(activation.number("init")) }]
}

pub(super) fn scaling(activation: &Activation) -> Scaling {
    if activation.entry().homogeneity == Some(1) { Scaling::Passes } else { Scaling::Changes }
}

/// The activation of every element.
pub(super) fn activate(
    activation: &Activation,
    place: &Place,
    input: &Tensor,
    parameters: &Parameters,
) -> Computed<Tensor> {
    if let Some(slopes) = parameters.get("weight").filter(|_| activation.is_by_unit()) {
        return kernels::prelu(parameters.source(input), slopes, place.output.run());
    }
    let slope = parameters.get("weight").map(Tensor::to_vec1::<f32>).transpose()?;
    kernels::activate(parameters.source(input), activation, slope.and_then(|a| a.first().copied()))
}

/// The same in a differentiable pass.
pub(super) fn differentiate(
    activation: &Activation,
    place: &Place,
    input: &Tensor,
    pass: &mut dyn Pass,
) -> Computed<Tensor> {
    if activation.is_by_unit() {
        return differentiable::learned_slopes(input, &pass.need(&place.name, "weight")?, place.output.run());
    }
    if activation.has_weight() {
        return differentiable::learned_slope(input, &pass.need(&place.name, "weight")?);
    }
    if activation.name() == "rrelu" {
        return random_slopes(activation, input, pass);
    }
    differentiable::activate(input, activation)
}

/// RReLU in training: a slope from U(lower, upper) for every negative element.
fn random_slopes(activation: &Activation, input: &Tensor, pass: &mut dyn Pass) -> Computed<Tensor> {
    let Some(mut rng) = pass.draw() else { return differentiable::activate(input, activation) };
    let (lower, upper) = (activation.number("lower"), activation.number("upper"));
    let values = input.flatten_all()?.to_dtype(DType::F64)?.to_vec1::<f64>()?;
    let slope = |x: f64| {
        let slope = lower + (upper - lower) * uniform(&mut rng);
        if x > 0.0 { 1.0 } else { slope }
    };
    multiplied(input, values.into_iter().map(slope).collect())
}
