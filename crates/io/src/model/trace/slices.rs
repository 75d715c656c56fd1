//! Parts of values along their axes, and zeros around them.

use neartop_core::arithmetic::Arithmetic;

use super::values::Live;
use super::{Result, Tracer, fixed, text};
use crate::model::program::Step;

impl Tracer<'_> {
    /// The part that a step's start, end and step name.
    pub(super) fn sliced(&mut self, step: &Step, x: Live, axis: usize) -> Result<Live> {
        let size = x.sizes(self.samples)[axis];
        match self.slice_of_fixed(step, axis, size)? {
            Arithmetic::Take { places, .. } => {
                let x = self.merged(step, x, axis)?;
                let own = x.axis(axis).ok_or("it takes some of the samples")?;
                self.taken(step, &x, axis, own, places)
            }
            Arithmetic::Slice { start, length, step: by, .. } => self.slice(step, x, axis, [start, length, by]),
            _ => Err("it is no slice".into()),
        }
    }

    /// The same as arithmetic: places one by one where it goes backwards.
    pub(super) fn slice_of_fixed(&self, step: &Step, axis: usize, size: usize) -> Result<Arithmetic> {
        let [start, end, by] = [1, 2, 3].map(|at| self.number_at(step, at));
        let (start, end, by) = (start?, end?, by?);
        if let Some(by) = by.filter(|by| *by < 0.0) {
            let places = fixed::backwards(size, start, end, by).map_err(text)?;
            return Ok(Arithmetic::Take { axis, places });
        }
        let [start, length, by] = fixed::slice(size, start, end, by).map_err(text)?;
        Ok(Arithmetic::Slice { axis, start, length, step: by })
    }

    pub(super) fn padded(&mut self, step: &Step, x: Live) -> Result<Live> {
        let (pads, value) = (self.numbers_at(step, 1)?, self.number_at(step, 2)?.unwrap_or(0.0));
        let last = x.dims.len();
        let mut x = x;
        for (at, pair) in pads.chunks_exact(2).enumerate() {
            let axis = last.checked_sub(at + 1).ok_or("it pads more axes than there are")?;
            let [before, after] = [pair[0], pair[1]];
            if before < 0.0 || after < 0.0 {
                let size = super::values::size(&x.dims[axis], self.samples);
                let start = (-before).max(0.0) as usize;
                let end = size.saturating_sub((-after).max(0.0) as usize);
                x = self.slice(step, x, axis, [start, end.saturating_sub(start), 1])?;
            }
            let pads = [before.max(0.0) as usize, after.max(0.0) as usize];
            if pads != [0, 0] {
                x = self.pad(step, &x, axis, pads, value)?;
            }
        }
        Ok(x)
    }
}
