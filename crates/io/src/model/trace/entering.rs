//! Paths that start from what the model holds, not from what comes in: learned queries, latents, tables of coordinates.

use candle_core::{DType, Tensor};
use neartop_core::arithmetic::Arithmetic;
use neartop_core::shape::{Form, Layout, Shape};

use super::values::{Dim, Fixed, Live, Part, Traced, shape};
use super::{Result, Tracer, text};
use crate::model::program::{Operand, Step};

impl Tracer<'_> {
    /// What a layer takes: a value that depends on the samples, or one that a path starts from.
    pub(super) fn entering(&mut self, step: &Step, at: usize) -> Result<Live> {
        let fixed = match self.need(step, at)? {
            Traced::Live(live) => return Ok(live),
            Traced::Fixed(fixed) => fixed,
        };
        if !fixed.is_trained && !self.program.names_parameters {
            return Err("it works on what does not depend on the input. A recurrent layer that is written out step by step does so in \
                        its first step: export the model with that layer as one, as Keras does with the JAX backend"
                .into());
        }
        let name = match step.operands.get(at) {
            Some(Operand::Value(name)) => name.clone(),
            _ => return self.started(step, &fixed),
        };
        let started = self.started(step, &fixed)?;
        self.started.insert(name, started.clone());
        Ok(started)
    }

    /// A value of the network that is the same for all samples, with their axis where it has one.
    pub(super) fn started(&mut self, step: &Step, fixed: &Fixed) -> Result<Live> {
        let (tensor, dims) = self.without_any_samples(fixed)?;
        let has_samples = dims.contains(&vec![Part::Samples]);
        let tensor = tensor.to_dtype(DType::F32).and_then(|tensor| tensor.unsqueeze(0)?.contiguous()).map_err(text)?;
        let sizes = shape(&dims);
        let arithmetic = match has_samples {
            true => Arithmetic::Expand(std::iter::once(1).chain(sizes.iter().copied()).collect()),
            false => Arithmetic::Identity,
        };
        let kept = self.kept(step, fixed, tensor);
        let form = Form { shape: Shape(sizes), layout: Layout::Features };
        let value = self.emit(step, arithmetic, vec![kept], vec![0], form)?;
        Ok(Live { value, dims })
    }

    /// What is the same for all samples, without their axis, wherever that is.
    fn without_any_samples(&self, fixed: &Fixed) -> Result<(Tensor, Vec<Dim>)> {
        let sizes = fixed.tensor.dims();
        let mut dims: Vec<Dim> = sizes.iter().map(|size| vec![Part::Of(*size)]).collect();
        let all = fixed.source.as_ref().and_then(|one| self.elements(one));
        // A parameter that has all of its numbers is not repeated for the samples.
        let is_whole = fixed.is_trained && all == Some(fixed.tensor.elem_count());
        if self.samples > 1 && !is_whole {
            for axis in (0..sizes.len().saturating_sub(1)).filter(|axis| sizes[*axis] == self.samples) {
                if let Ok(tensor) = Self::without_axis(fixed.tensor.clone(), Some(axis)) {
                    dims[axis] = vec![Part::Samples];
                    return Ok((tensor, dims));
                }
            }
        }
        Ok((fixed.tensor.clone(), dims))
    }
}
