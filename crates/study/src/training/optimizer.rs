//! Optimizers with PyTorch's formulas and defaults.

use candle_core::backprop::GradStore;
use candle_core::{DType, Device, Result, Tensor, Var, WithDType, bail};

use neartop_core::differentiable::{Float, with_elements};
pub use neartop_core::settings::Method;

const MOMENTUM: f64 = 0.9;
const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.999;
const EPSILON: f64 = 1e-8;
const WEIGHT_DECAY: f64 = 0.01;

/// A method with what it remembers of earlier steps.
#[derive(Debug, Clone)]
pub struct Optimizer {
    method: Method,
    pub learning_rate: f64,
    steps: i32,
    memory: Vec<Memory>,
}

/// What is remembered of one parameter: a velocity, or first and second moments. Empty before the first step.
#[derive(Debug, Clone, Default)]
struct Memory {
    first: Vec<f64>,
    second: Vec<f64>,
}

impl Optimizer {
    #[must_use]
    pub fn new(method: Method, learning_rate: f64, parameters: usize) -> Self {
        Self { method, learning_rate, steps: 0, memory: vec![Memory::default(); parameters] }
    }

    /// Moves the parameters, always the same in the same order, along their gradients.
    ///
    /// # Errors
    /// If a gradient does not fit its parameter.
    pub fn step<'a>(&mut self, parameters: impl Iterator<Item = &'a Var>, gradients: &GradStore) -> Result<()> {
        self.steps += 1;
        for (place, parameter) in parameters.enumerate() {
            let Some(gradient) = gradients.get(parameter) else { continue };
            let moved = match parameter.dtype() {
                DType::F32 => self.moved::<f32>(place, parameter, gradient)?,
                DType::F64 => self.moved::<f64>(place, parameter, gradient)?,
                other => bail!("no optimizer for {other:?}"),
            };
            parameter.set(&moved)?;
        }
        Ok(())
    }

    fn moved<T: Float>(&mut self, place: usize, parameter: &Var, gradient: &Tensor) -> Result<Tensor> {
        let mut values = with_elements::<T, _>(parameter, <[T]>::to_vec)?;
        let memory = &mut self.memory[place];
        memory.first.resize(values.len(), 0.0);
        if self.method != Method::Sgd {
            memory.second.resize(values.len(), 0.0);
        }
        let (rate, correction) = (self.learning_rate, |beta: f64| 1.0 - beta.powi(self.steps));
        let (first_scale, second_scale) = (rate / correction(BETA_1), correction(BETA_2).sqrt().recip());
        let decay = if self.method == Method::Adamw { 1.0 - rate * WEIGHT_DECAY } else { 1.0 };
        with_elements::<T, _>(gradient, |g| match self.method {
            Method::Sgd => {
                for ((x, g), velocity) in values.iter_mut().zip(g).zip(&mut memory.first) {
                    *velocity = MOMENTUM * *velocity + WithDType::to_f64(*g);
                    *x = T::from_f64(WithDType::to_f64(*x) - rate * *velocity);
                }
            }
            Method::Adam | Method::Adamw => {
                let moments = memory.first.iter_mut().zip(&mut memory.second);
                for ((x, g), (first, second)) in values.iter_mut().zip(g).zip(moments) {
                    let g = WithDType::to_f64(*g);
                    *first += (1.0 - BETA_1) * (g - *first);
                    *second += (1.0 - BETA_2) * (g * g - *second);
                    let step = first_scale * *first / (second.sqrt() * second_scale + EPSILON);
                    *x = T::from_f64(WithDType::to_f64(*x) * decay - step);
                }
            }
        })?;
        Tensor::from_vec(values, parameter.dims(), &Device::Cpu)
    }
}
