//! Normalizations.

use std::sync::Arc;

use neartop_core::layers::{Norm, Normalization};
use neartop_core::shape::Layout;

use super::values::{Fixed, Live};
use super::{Result, Tracer, text};
use crate::model::program::{Op, Step};

impl Tracer<'_> {
    pub(super) fn norm(&mut self, step: &Step) -> Result<Live> {
        let x = self.entering(step, 0)?;
        let (norm, epsilon) = match step.op {
            Op::BatchNorm { epsilon } if self.has_running_moments(step)? => (Norm::Batch, epsilon),
            Op::BatchNorm { epsilon } => (Norm::BatchAlways, epsilon),
            Op::LayerNorm { axes, epsilon } => (Norm::Layer { axes }, epsilon),
            Op::GroupNorm { groups, epsilon } => (Norm::Group(groups), epsilon),
            Op::InstanceNorm { epsilon } => (Norm::Instance, epsilon),
            Op::RmsNorm { epsilon } => (Norm::Rms, epsilon),
            _ => return Err("it is no normalization".into()),
        };
        let by_channel = matches!(norm, Norm::Batch | Norm::BatchAlways | Norm::Group(_) | Norm::Instance);
        let x = if by_channel { self.images(step, x.dims.len().saturating_sub(2))? } else { x };
        if let (false, Some(axis)) = (by_channel, x.dims.len().checked_sub(1))
            && x.holds_samples(axis)
        {
            return Err("its last axis holds the samples".into());
        }
        let layout = if by_channel && x.dims.len() > 2 { Layout::Channels } else { Layout::Features };
        let value = match norm {
            Norm::Layer { axes } if axes > 1 => x.value,
            _ => self.read_as(step, x.value, layout)?,
        };
        let mut weights = Vec::new();
        for (at, name, neutral) in [(1, "weight", 1.0), (2, "bias", 0.0)] {
            weights.extend(self.affine(step, at, neutral)?.map(|fixed| (name, fixed)));
        }
        let has = |name: &str| weights.iter().any(|(known, _)| *known == name);
        let normalization = Normalization { norm, epsilon, weight: has("weight"), bias: has("bias") };
        if norm == Norm::Batch {
            for (at, name) in [(3, "running_mean"), (4, "running_var")] {
                weights.extend(self.fixed(step, at)?.map(|fixed| (name, fixed)));
            }
        }
        let value = self.layer(step, Arc::new(normalization), value, &weights)?;
        Ok(Live { value, ..x })
    }

    fn has_running_moments(&self, step: &Step) -> Result<bool> {
        Ok(self.fixed(step, 3)?.is_some() || self.fixed(step, 4)?.is_some())
    }

    /// A weight or bias; none where it is a constant that changes nothing.
    fn affine(&self, step: &Step, at: usize, neutral: f64) -> Result<Option<Fixed>> {
        let Some(fixed) = self.fixed(step, at)? else { return Ok(None) };
        if !fixed.is_trained && fixed.numbers().map_err(text)?.iter().all(|x| *x == neutral) {
            return Ok(None);
        }
        match fixed.tensor.dims() {
            [_] => Ok(Some(fixed)),
            _ if matches!(step.op, Op::LayerNorm { .. }) => Ok(Some(fixed)),
            _ => {
                let count = fixed.tensor.elem_count();
                Self::as_vector(fixed, count).map(Some)
            }
        }
    }
}
