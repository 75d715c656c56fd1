//! Normalizations as models of other origin have them: with an epsilon of their own, and with or without weight and bias.

use candle_core::{Result as Computed, Tensor};

use crate::activation::Activation;
use crate::differentiable::{self, Pass};
use crate::kernels::{Statistics, normalize_by_with, normalize_rms, normalize_with};
use crate::layer::{Cost, Counted, Kind, Make, Operation, Place, Role, Scaling, Short, Trial, Value, Weight};
use crate::parameters::Parameters;
use crate::settings::BatchNorm as Mode;
use crate::shape::{Form, Layout};

pub static KIND: Kind = Kind {
    name: "normalization",
    about: "A normalization with its own epsilon, with or without weight and bias.",
    params: &[],
    short: Short::Never,
    example: "normalization",
    make: Make::Layer(|_| Normalization::new(Norm::Layer { axes: 1 }, 1e-5).into()),
    trials: || {
        let trial = |norm, weight, bias| {
            let norm = Normalization { norm, epsilon: 1e-2, weight, bias };
            Trial::new(&[4, 6, 5], vec![norm.into()])
        };
        let last = |norm, bias| {
            let norm = Normalization { norm, epsilon: 1e-2, weight: true, bias };
            Trial::of_tokens(Form::tokens(vec![3, 4]), vec![norm.into()])
        };
        vec![
            trial(Norm::Batch, true, true),
            trial(Norm::BatchAlways, true, true),
            trial(Norm::Group(2), true, true),
            trial(Norm::Instance, false, false),
            trial(Norm::Layer { axes: 3 }, true, false),
            last(Norm::Layer { axes: 1 }, true),
            last(Norm::Rms, false),
        ]
    },
};

/// What is standardized together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Norm {
    /// A channel, over the batch.
    Batch,
    /// The same without running moments, so that it is over the batch in evaluation too.
    BatchAlways,
    /// The last axes.
    Layer { axes: usize },
    /// The channels in so many groups.
    Group(usize),
    /// A channel.
    Instance,
    /// The last axis, without a mean.
    Rms,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Normalization {
    pub norm: Norm,
    pub epsilon: f64,
    pub weight: bool,
    pub bias: bool,
}

impl Normalization {
    /// With weight and bias, which [`Norm::Rms`] does not have.
    #[must_use]
    pub fn new(norm: Norm, epsilon: f64) -> Self {
        Self { norm, epsilon, weight: true, bias: norm != Norm::Rms }
    }

    /// Whether it keeps running moments of what passes.
    #[must_use]
    pub fn keeps_moments(&self) -> bool {
        self.norm == Norm::Batch
    }

    /// Of a batch norm over the first samples of what passes, as many as given or all.
    fn statistics(&self, form: &Form, batch: Option<usize>) -> Statistics {
        match self.norm {
            Norm::Batch | Norm::BatchAlways => Statistics::Channel(batch),
            Norm::Layer { axes } if axes > 1 => Statistics::Sample,
            Norm::Layer { .. } | Norm::Rms => Statistics::Features,
            Norm::Group(groups) => Statistics::Groups(groups),
            Norm::Instance => Statistics::Groups(form.shape.width()),
        }
    }

    /// The sizes of the axes that have a weight and a bias for each of their elements.
    fn dims(&self, form: &Form) -> Vec<usize> {
        let sizes = &form.shape.0;
        match self.norm {
            Norm::Batch | Norm::BatchAlways | Norm::Group(_) | Norm::Instance => {
                sizes.iter().take(1).copied().collect()
            }
            Norm::Layer { axes } => sizes[sizes.len().saturating_sub(axes)..].to_vec(),
            Norm::Rms => sizes.last().copied().into_iter().collect(),
        }
    }

    /// Elements in a row that share weight and bias.
    fn run(&self, form: &Form) -> usize {
        match self.norm {
            Norm::Batch | Norm::BatchAlways | Norm::Group(_) | Norm::Instance => form.shape.positions(),
            Norm::Layer { .. } | Norm::Rms => 1,
        }
    }

    fn standardized(&self, place: &Place, input: &Tensor, pass: &mut dyn Pass) -> Computed<Tensor> {
        match self.norm {
            Norm::Rms => differentiable::standardize_rms(input, self.epsilon),
            Norm::Batch if !pass.is_training() => match pass.running(&place.name) {
                Some(running) => differentiable::standardize_by_with(self.epsilon, input, running),
                None => candle_core::bail!("batch norm {} has no running moments", place.name),
            },
            _ => {
                if self.keeps_moments() {
                    let batch = differentiable::batch_moments(input)?;
                    pass.running(&place.name).into_iter().for_each(|running| running.follow(&batch));
                }
                differentiable::standardize_with(self.epsilon, input, self.statistics(&place.output, None))
            }
        }
    }
}

impl Operation for Normalization {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn values(&self) -> Vec<Value> {
        let norm = Value::Name(format!("{:?}", self.norm));
        vec![norm, Value::Number(self.epsilon), Value::Flag(self.weight), Value::Flag(self.bias)]
    }

    fn name(&self) -> &'static str {
        match self.norm {
            Norm::Batch | Norm::BatchAlways => "batch_norm",
            Norm::Layer { .. } => "layer_norm",
            Norm::Group(_) => "group_norm",
            Norm::Instance => "instance_norm",
            Norm::Rms => "rms_norm",
        }
    }

    fn summary(&self) -> String {
        self.name().to_owned()
    }

    fn output(&self, inputs: &[Form]) -> Result<Form, String> {
        let (form, axes) = (&inputs[0], inputs[0].shape.0.len());
        match self.norm {
            Norm::Group(groups) if groups == 0 || form.shape.width() % groups != 0 => {
                Err(format!("{} channels cannot be split into {groups} groups", form.shape.width()))
            }
            Norm::Layer { axes: over } if over != 1 && over != axes => {
                Err(format!("it is over the last {over} axes of {form}: only all or the last one are known"))
            }
            Norm::Layer { axes: 1 } | Norm::Rms if form.layout != Layout::Features => {
                Err(format!("{form} come in, but it is over features"))
            }
            _ => Ok(form.clone()),
        }
    }

    fn weights(&self, inputs: &[Form], _: Option<&Activation>) -> Vec<Weight> {
        let dims = self.dims(&inputs[0]);
        let weight = |name, value| Weight { name, dims: dims.clone(), role: Role::Constant(value) };
        let both = [(self.weight, weight("weight", 1.0)), (self.bias, weight("bias", 0.0))];
        both.into_iter().filter(|(is_there, _)| *is_there).map(|(_, weight)| weight).collect()
    }

    fn counted<'a>(&'a self, _: Option<&'a Activation>) -> Counted<'a> {
        if self.weight || self.bias { Counted::Weighted } else { Counted::No }
    }

    fn is_by_sample(&self) -> bool {
        !matches!(self.norm, Norm::Batch | Norm::BatchAlways)
    }

    fn scaling(&self, _: Option<&Activation>) -> Scaling {
        Scaling::Changes
    }

    fn passes_units(&self) -> bool {
        true
    }

    fn cost(&self, _: &Place) -> Cost {
        Cost::NOTHING
    }

    fn forward(
        &self,
        place: &Place,
        inputs: &[Tensor],
        parameters: &Parameters,
        _: Option<&Activation>,
    ) -> Computed<Tensor> {
        let [weight, bias] = ["weight", "bias"].map(|name| parameters.get(name));
        let input = parameters.source(&inputs[0]);
        match self.norm {
            Norm::Rms => normalize_rms(input, weight, self.epsilon),
            Norm::Batch if parameters.batch_norm == Mode::Evaluation => {
                let channels = place.output.shape.width();
                let running = |name, start: f32| match parameters.get(name) {
                    Some(tensor) => Ok(tensor.clone()),
                    None => Tensor::full(start, channels, inputs[0].device()),
                };
                let (mean, variance) = (running("running_mean", 0.0)?, running("running_var", 1.0)?);
                normalize_by_with(self.epsilon, input, (&mean, &variance), weight, bias)
            }
            _ => {
                let statistics = self.statistics(&place.output, parameters.batch);
                normalize_with(self.epsilon, input, statistics, weight, bias)
            }
        }
    }

    fn makes_anew(&self) -> bool {
        true
    }

    fn differentiable(&self, place: &Place, inputs: &[Tensor], pass: &mut dyn Pass) -> Computed<Tensor> {
        let input = &inputs[0];
        let standardized = self.standardized(place, input, pass)?;
        if !self.weight && !self.bias {
            return Ok(standardized);
        }
        let dims = self.dims(&place.output);
        let given = |pass: &dyn Pass, name, neutral: f64| match pass.parameter(&place.name, name) {
            Some(tensor) => Ok(tensor),
            None => Tensor::full(neutral, dims.clone(), input.device())?.to_dtype(input.dtype()),
        };
        let (weight, bias) = (given(pass, "weight", 1.0)?, given(pass, "bias", 0.0)?);
        differentiable::affine(&standardized, &weight, &bias, self.run(&place.output))
    }
}
