//! Arithmetic on values of a network.

use candle_core::{Result as Computed, Tensor};

use crate::activation::Activation;
use crate::arithmetic::Arithmetic;
use crate::differentiable::Pass;
use crate::layer::{Cost, Counted, Kind, Layer, Make, Operation, Place, Role, Scaling, Short, Trial, Value, Weight};
use crate::parameters::Parameters;
use crate::shape::Form;

pub static KIND: Kind = Kind {
    name: "calculation",
    about: "Arithmetic or a rearrangement, as models of other origin have it between their layers.",
    params: &[],
    short: Short::Never,
    example: "calculation",
    make: Make::Layer(|_| identity(Form::features(1))),
    trials: || {
        let halve = Arithmetic::Slice { axis: 1, start: 0, length: 2, step: 2 };
        let halve = Calculation::new(halve, vec![Operand::Input], Form::channels(vec![2, 5]));
        vec![Trial::new(&[4, 5], vec![halve.into()])]
    },
};

/// What changes nothing.
fn identity(form: Form) -> Layer {
    Calculation::new(Arithmetic::Identity, vec![Operand::Input], form).into()
}

/// What a calculation takes. Tensors have an axis of size 1 for the samples.
#[derive(Debug, Clone)]
pub enum Operand {
    /// The next of the node's inputs.
    Input,
    Constant(Tensor),
    /// A parameter that belongs to no layer: training changes it, and it starts from what the model's file has.
    Kept(Tensor),
}

/// The names of parameters that belong to no layer.
const NAMES: [&str; 3] = ["value", "value_1", "value_2"];

/// Arithmetic on the inputs of a node, on constants and on parameters that belong to no layer.
#[derive(Debug, Clone)]
pub struct Calculation {
    arithmetic: Arithmetic,
    operands: Vec<Operand>,
    output: Form,
}

impl Calculation {
    /// Axis 0 of the arithmetic is that of the samples; where it names sizes, that of the samples is not read.
    #[must_use]
    pub fn new(arithmetic: Arithmetic, operands: Vec<Operand>, output: Form) -> Self {
        Self { arithmetic, operands, output }
    }

    #[must_use]
    pub fn arithmetic(&self) -> &Arithmetic {
        &self.arithmetic
    }

    /// What it takes.
    #[must_use]
    pub fn operands(&self) -> &[Operand] {
        &self.operands
    }

    /// Whether a path starts here: nothing of what comes in is taken but the number of samples.
    fn starts(&self) -> bool {
        !self.operands.iter().any(|operand| matches!(operand, Operand::Input))
    }

    /// Whether a path starts here with what the model has once for all samples.
    #[must_use]
    pub fn is_same_for_all(&self) -> bool {
        self.starts() && self.arithmetic == Arithmetic::Identity
    }

    fn kept_tensors(&self) -> impl Iterator<Item = (&'static str, &Tensor)> {
        let kept = self.operands.iter().filter_map(|operand| match operand {
            Operand::Kept(tensor) => Some(tensor),
            Operand::Input | Operand::Constant(_) => None,
        });
        NAMES.into_iter().zip(kept)
    }

    /// The arithmetic for this number of samples.
    fn for_samples(&self, samples: usize) -> Arithmetic {
        let mut arithmetic = self.arithmetic.clone();
        if let Arithmetic::Reshape(dims) | Arithmetic::Expand(dims) = &mut arithmetic
            && let Some(first) = dims.first_mut()
        {
            *first = samples;
        }
        arithmetic
    }

    fn eval(&self, inputs: &[Tensor], kept: &mut dyn FnMut(&'static str, &Tensor) -> Tensor) -> Computed<Tensor> {
        let Some(first) = inputs.first() else { candle_core::bail!("a calculation takes an input at least") };
        let samples = first.dim(0)?;
        let spread = |tensor: Tensor| match &self.arithmetic {
            // What is the same for all samples alone, or beside others.
            Arithmetic::Concat { .. } | Arithmetic::Identity => {
                let dims: Vec<_> = std::iter::once(samples).chain(tensor.dims().iter().skip(1).copied()).collect();
                tensor.broadcast_as(dims)?.contiguous()
            }
            _ => Ok(tensor),
        };
        let (mut inputs, mut names) = (inputs.iter(), NAMES.into_iter());
        let operands = self.operands.iter().map(|operand| match operand {
            Operand::Input => {
                inputs.next().cloned().ok_or_else(|| candle_core::Error::Msg("an input is missing".into()))
            }
            Operand::Constant(tensor) => spread(tensor.to_dtype(first.dtype())?),
            Operand::Kept(tensor) => spread(kept(names.next().unwrap_or_default(), tensor).to_dtype(first.dtype())?),
        });
        let operands = operands.collect::<Computed<Vec<_>>>()?;
        self.for_samples(samples).eval(&operands)
    }
}

impl Operation for Calculation {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn values(&self) -> Vec<Value> {
        // Two calculations with other constants of the same sizes are told apart by the model's file.
        let operands = self.operands.iter().map(|operand| match operand {
            Operand::Input => "input".to_owned(),
            Operand::Constant(tensor) => format!("constant {:?}", tensor.dims()),
            Operand::Kept(tensor) => format!("parameter {:?}", tensor.dims()),
        });
        vec![Value::Name(format!("{:?} of {}", self.arithmetic, operands.collect::<Vec<_>>().join(", ")))]
    }

    fn summary(&self) -> String {
        KIND.name.to_owned()
    }

    fn output(&self, inputs: &[Form]) -> Result<Form, String> {
        let with_samples = |dims: &[usize]| std::iter::once(1).chain(dims.iter().copied()).collect::<Vec<_>>();
        let mut next = inputs.iter();
        let dims = self.operands.iter().map(|operand| match operand {
            Operand::Input => next.next().map_or_else(Vec::new, |form| with_samples(&form.shape.0)),
            Operand::Constant(tensor) | Operand::Kept(tensor) => tensor.dims().to_vec(),
        });
        let dims: Vec<_> = dims.collect();
        let dims: Vec<_> = dims.iter().map(Vec::as_slice).collect();
        match self.for_samples(1).dims(&dims)? == with_samples(&self.output.shape.0) {
            true => Ok(self.output.clone()),
            false => Err(format!("it does not give {}", self.output)),
        }
    }

    fn weights(&self, _: &[Form], _: Option<&Activation>) -> Vec<Weight> {
        let weight = |(name, tensor): (_, &Tensor)| Weight { name, dims: tensor.dims().to_vec(), role: Role::Kept };
        self.kept_tensors().map(weight).collect()
    }

    fn counted<'a>(&'a self, _: Option<&'a Activation>) -> Counted<'a> {
        Counted::No
    }

    fn is_by_sample(&self) -> bool {
        true
    }

    fn scaling(&self, _: Option<&Activation>) -> Scaling {
        let only_inputs = self.operands.iter().all(|operand| matches!(operand, Operand::Input));
        match self.passes_units() && only_inputs {
            true => Scaling::Passes,
            false => Scaling::Changes,
        }
    }

    fn passes_units(&self) -> bool {
        !self.starts()
            && matches!(
                self.arithmetic,
                Arithmetic::Reshape(_)
                    | Arithmetic::Permute(_)
                    | Arithmetic::Expand(_)
                    | Arithmetic::Slice { .. }
                    | Arithmetic::Take { .. }
                    | Arithmetic::Identity
            )
    }

    fn cost(&self, place: &Place) -> Cost {
        let elements = place.output.shape.elements() as u128;
        let inner = match self.arithmetic {
            Arithmetic::MatMul => place.input().0.last().copied().unwrap_or(1) as u128,
            _ => 0,
        };
        Cost { workspace: 0, multiply_adds: elements.saturating_mul(inner) }
    }

    fn forward(
        &self,
        _: &Place,
        inputs: &[Tensor],
        parameters: &Parameters,
        _: Option<&Activation>,
    ) -> Computed<Tensor> {
        self.eval(inputs, &mut |name, own| parameters.get(name).unwrap_or(own).clone())
    }

    fn differentiable(&self, place: &Place, inputs: &[Tensor], pass: &mut dyn Pass) -> Computed<Tensor> {
        self.eval(inputs, &mut |name, own| pass.parameter(&place.name, name).unwrap_or_else(|| own.clone()))
    }

    fn kept(&self, name: &str) -> Option<&Tensor> {
        self.kept_tensors().find(|(known, _)| *known == name).map(|(_, tensor)| tensor)
    }
}
