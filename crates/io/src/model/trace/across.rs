//! Places that are counted across all samples, as of neighbours in a batch of point clouds that lie one after another.

use neartop_core::arithmetic::Binary;

use super::values::{Across, Dim, Fixed, Live, Part, Traced, shape};
use super::{Result, Tracer};
use crate::model::program::{Operand, Plain, Step};

impl Tracer<'_> {
    /// What a step makes that has to do with such places; none where it has not.
    pub(super) fn across(&mut self, step: &Step, plain: &Plain) -> Result<Option<Vec<Traced>>> {
        let known = |operand: Option<&Operand>| match operand {
            Some(Operand::Value(name)) => self.across.get(name).cloned(),
            _ => None,
        };
        if let Some(Across { places, by }) = known(step.operands.first()) {
            let places = match plain {
                Plain::Identity | Plain::Cast(_) => places,
                Plain::Reshape { .. }
                | Plain::Flatten { .. }
                | Plain::Unflatten { .. }
                | Plain::Unsqueeze(_)
                | Plain::Squeeze(_) => match self.of_live(step, plain, places)? {
                    Traced::Live(places) => places,
                    Traced::Fixed(_) => return Ok(None),
                },
                _ => return Ok(None),
            };
            return Ok(Some(self.found_across(step, Across { places, by })));
        }
        if let Plain::Binary(Binary::Add) = plain {
            let moved = self.moved_by_sample(step)?;
            return Ok(moved.map(|across| self.found_across(step, across)));
        }
        let places = match (plain, step.operands.get(1)) {
            (Plain::Take { axis: 0 }, places) => places,
            (Plain::Index, Some(Operand::List(list))) if list[1..].iter().all(|one| *one == Operand::Absent) => {
                list.first()
            }
            _ => None,
        };
        match (known(places), places) {
            (Some(across), _) => self.rows_across(step, &across).map(|rows| Some(vec![Traced::Live(rows)])),
            // In a batch of one nothing is moved.
            (None, Some(_)) if self.samples == 1 => self.rows_of_one(step, places),
            _ => Ok(None),
        }
    }

    fn found_across(&mut self, step: &Step, across: Across) -> Vec<Traced> {
        if let Some(output) = step.outputs.first() {
            self.across.insert(output.clone(), across);
        }
        Vec::new()
    }

    /// Places that a constant moves on from sample to sample.
    fn moved_by_sample(&self, step: &Step) -> Result<Option<Across>> {
        let operands = [self.take(step.operands.first())?, self.take(step.operands.get(1))?];
        let ([Some(Traced::Live(places)), Some(Traced::Fixed(moves))]
        | [Some(Traced::Fixed(moves)), Some(Traced::Live(places))]) = operands
        else {
            return Ok(None);
        };
        let by = self.stride(&moves, &places.dims).filter(|by| *by > 0 && self.samples > 1);
        Ok(by.map(|by| Across { places, by }))
    }

    /// By how much a constant grows from sample to sample of values with these axes; none where it is something else.
    pub(super) fn stride(&self, numbers: &Fixed, dims: &[Dim]) -> Option<usize> {
        let sizes = numbers.tensor.dims();
        let all = numbers.numbers().ok()?;
        if self.samples == 1 {
            return (all == [0.0]).then_some(1);
        }
        let samples = dims.iter().position(|dim| *dim == [Part::Samples])?;
        let axis = (samples + sizes.len()).checked_sub(dims.len())?;
        let inner: usize = sizes[axis + 1..].iter().product();
        let by = *all.get(inner)?;
        let is_numbered = all.iter().enumerate().all(|(at, number)| *number == (at / inner % self.samples) as f64 * by);
        let is_whole = sizes[axis] == self.samples && by >= 1.0 && by.fract() == 0.0;
        (is_numbered && is_whole).then_some(by as usize)
    }

    /// Rows of what lies one sample after another, at places that are counted so.
    fn rows_across(&mut self, step: &Step, across: &Across) -> Result<Live> {
        let x = self.live(step, 0)?;
        let first = x.dims.first().ok_or("it has no rows")?;
        let is_first = first.first() == Some(&Part::Samples);
        let rows = first.iter().filter_map(|part| part.of()).product::<usize>();
        if !is_first || rows != across.by {
            return Err("its places are counted across samples of another size".into());
        }
        let mut dims = x.dims.clone();
        dims.splice(0..1, [vec![Part::Samples], vec![Part::Of(rows)]]);
        let value = self.as_shape(step, x.value, shape(&dims))?;
        self.rows_at(step, &Live { value, dims }, &across.places)
    }

    fn rows_of_one(&mut self, step: &Step, places: Option<&Operand>) -> Result<Option<Vec<Traced>>> {
        let (Some(Traced::Live(places)), Some(Traced::Live(x))) =
            (self.take(places)?, self.take(step.operands.first())?)
        else {
            return Ok(None);
        };
        let by = match x.dims.first().map(Vec::as_slice) {
            Some([Part::Samples, rest @ ..]) if !rest.is_empty() => rest.iter().filter_map(|part| part.of()).product(),
            _ => return Ok(None),
        };
        self.rows_across(step, &Across { places, by }).map(|rows| Some(vec![Traced::Live(rows)]))
    }
}
