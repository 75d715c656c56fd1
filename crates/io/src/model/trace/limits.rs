//! Bounds, and what a model draws.

use neartop_core::arithmetic::{Arithmetic, Binary};

use super::values::{Fixed, Traced};
use super::{Result, Tracer, fixed, text};
use crate::model::program::Step;

impl Tracer<'_> {
    /// What a model draws at every pass, as its mean.
    pub(super) fn noise(&mut self, step: &Step, is_like: bool) -> Result<Traced> {
        let mean = self.number_at(step, 1)?.unwrap_or(0.0);
        let sizes = match (is_like, self.need(step, 0)?) {
            (true, Traced::Live(x)) => x.sizes(self.samples),
            (true, Traced::Fixed(x)) => x.tensor.dims().to_vec(),
            (false, _) => fixed::sizes(&self.numbers_at(step, 0)?, &[], false).map_err(text)?,
        };
        self.remark(format!("{} draws at every pass: what it draws is taken as its mean, {mean}", step.somewhere()));
        fixed::full(sizes, mean).map(|tensor| Traced::Fixed(Fixed::constant(tensor))).map_err(text)
    }

    /// Says that bounds on both sides are a limit and no activation.
    fn say_limit(&mut self, step: &Step) -> Result<()> {
        let (low, high) = (self.number_at(step, 1)?, self.number_at(step, 2)?);
        if let (Traced::Live(_), Some(low), Some(high)) = (self.need(step, 0)?, low, high) {
            let place = step.somewhere();
            self.remark(format!(
                "{place} keeps values within {low} and {high}: a limit, which stays, and no activation"
            ));
        }
        Ok(())
    }

    pub(super) fn clamp(&mut self, step: &Step) -> Result<Traced> {
        self.say_limit(step)?;
        let mut x = self.need(step, 0)?;
        for (at, function) in [(1, Binary::Greatest), (2, Binary::Least)] {
            if let Some(limit) = self.take(step.operands.get(at))? {
                x = self.broadcast(step, Arithmetic::Binary(function), vec![x, limit])?;
            }
        }
        Ok(x)
    }
}
