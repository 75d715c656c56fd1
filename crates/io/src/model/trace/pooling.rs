//! Pooling whose windows have gaps.

use neartop_core::arithmetic::Binary;

use super::layers::pads;
use super::values::{Live, size};
use super::{Result, Tracer};
use crate::model::program::{Pool, Step};

impl Tracer<'_> {
    /// Along one axis after the other: of the values that each place of a window takes, the largest or the mean.
    pub(super) fn dilated_pool(&mut self, step: &Step, x: Live, pool: &Pool) -> Result<Live> {
        let around = pads(&pool.padding, &x.shape()[1..], &pool.kernel, &pool.stride, &pool.dilation);
        let is_padded = around.iter().any(|pads| *pads != (0, 0));
        if pool.ceil || pool.is_average && is_padded && !pool.counts_padding {
            return Err(
                "with a dilation, pooling is known without ceil_mode, and means only with zeros that count".into()
            );
        }
        let (edge, function) = match pool.is_average {
            true => (0.0, Binary::Add),
            false => (f64::NEG_INFINITY, Binary::Greatest),
        };
        let mut x = x;
        for (at, (before, after)) in around.into_iter().enumerate() {
            let axis = 2 + at;
            if (before, after) != (0, 0) {
                x = self.pad(step, &x, axis, [before, after], edge)?;
            }
            x = self.along(step, x, axis, [pool.kernel[at], pool.stride[at], pool.dilation[at]], function)?;
        }
        match pool.is_average {
            true => self.with_number(step, Binary::Divide, x, pool.kernel.iter().product::<usize>() as f64),
            false => Ok(x),
        }
    }

    /// What a function makes of the values in each window along an axis.
    fn along(&mut self, step: &Step, x: Live, axis: usize, window: [usize; 3], function: Binary) -> Result<Live> {
        let [kernel, stride, dilation] = window;
        let places = size(&x.dims[axis], self.samples);
        let reach = kernel.checked_sub(1).and_then(|gaps| gaps.checked_mul(dilation)).filter(|_| stride > 0);
        let room = reach.and_then(|reach| places.checked_sub(reach + 1));
        let room = room.ok_or_else(|| format!("its window does not fit {places} places"))?;
        let count = room / stride + 1;
        let mut pooled = None;
        for place in 0..kernel {
            let taken = self.slice(step, x.clone(), axis, [place * dilation, count, stride])?;
            pooled = Some(match pooled {
                None => taken,
                Some(before) => self.live_binary(step, function, before, taken)?,
            });
        }
        pooled.ok_or_else(|| "its window is empty".into())
    }
}
