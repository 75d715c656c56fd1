//! Rearrangements of values that depend on the samples.

use std::sync::Arc;

use neartop_core::arithmetic::Arithmetic;
use neartop_core::layers::{Concat, Operand as Taken};
use neartop_core::network::ValueId;
use neartop_core::shape::{Form, Layout};

use super::values::{Dim, Fixed, Live, Part, Traced, regroup, shape, size};
use super::{Result, Tracer, text};
use crate::model::program::{Interpolation, Step};

impl Tracer<'_> {
    /// A value with other axes in the network, of the same numbers in the same order.
    pub(super) fn as_shape(&mut self, step: &Step, value: ValueId, to: Vec<usize>) -> Result<ValueId> {
        let form = self.builder.form(value).clone();
        if form.shape.0 == to {
            return Ok(value);
        }
        let old = &form.shape.0;
        let (first, last) = (old.first() == to.first(), old.last() == to.last());
        let keeps_first = form.layout == Layout::Channels && first && to.len() > 1;
        let layout = match form.layout {
            Layout::Ids { .. } => form.layout,
            _ if keeps_first => Layout::Channels,
            // Axes of size 1 that others have do not move the units.
            Layout::Channels if to.len() > 1 && !last => Layout::Channels,
            _ if to.len() > 1 && self.leads_to_channels(step) => Layout::Channels,
            _ => Layout::Features,
        };
        let dims = std::iter::once(0).chain(to.iter().copied()).collect();
        let form = Form { shape: neartop_core::shape::Shape(to), layout };
        self.emit(step, Arithmetic::Reshape(dims), vec![Taken::Input], vec![value], form)
    }

    pub(super) fn reshape(&mut self, step: &Step, x: Live, sizes: &[usize]) -> Result<Live> {
        let Some(dims) = regroup(&x.dims, sizes, self.samples) else {
            return Err(format!("{:?} cannot become {sizes:?} without mixing samples", x.sizes(self.samples)));
        };
        let value = self.as_shape(step, x.value, shape(&dims))?;
        Ok(Live { value, dims })
    }

    /// The same with an axis in the file as one axis of the network.
    pub(super) fn merged(&mut self, step: &Step, x: Live, axis: usize) -> Result<Live> {
        if x.dims.get(axis).is_none_or(|dim| matches!(dim.as_slice(), [Part::Of(_)])) {
            return Ok(x);
        }
        if x.holds_samples(axis) {
            return Err("it works along an axis that holds the samples".into());
        }
        let mut dims = x.dims.clone();
        dims[axis] = vec![Part::Of(size(&x.dims[axis], self.samples))];
        let value = self.as_shape(step, x.value, shape(&dims))?;
        Ok(Live { value, dims })
    }

    /// The same with each axis in the file as one axis of the network, which says what its units are.
    pub(super) fn with_whole_axes(&mut self, step: &Step, x: Live) -> Result<Live> {
        (0..x.dims.len()).try_fold(x, |x, axis| if x.holds_samples(axis) { Ok(x) } else { self.merged(step, x, axis) })
    }

    pub(super) fn permute(&mut self, step: &Step, x: Live, order: &[usize]) -> Result<Live> {
        if order.len() != x.dims.len() || (0..order.len()).any(|axis| !order.contains(&axis)) {
            return Err(format!("{order:?} is no order of {} axes", x.dims.len()));
        }
        let dims: Vec<Dim> = order.iter().map(|axis| x.dims[*axis].clone()).collect();
        let axes: Vec<_> = order.iter().flat_map(|axis| x.axes(*axis)).collect();
        if axes.is_sorted() {
            return Ok(Live { dims, ..x });
        }
        let units = self.units(x.value) + 1;
        let units = axes.iter().position(|axis| *axis == units);
        let form = self.form_of(x.value, shape(&dims), units);
        let axes = std::iter::once(0).chain(axes).collect();
        let value = self.emit(step, Arithmetic::Permute(axes), vec![Taken::Input], vec![x.value], form)?;
        Ok(Live { value, dims })
    }

    pub(super) fn swapped(&mut self, step: &Step, x: Live, a: usize, b: usize) -> Result<Live> {
        let mut order: Vec<_> = (0..x.dims.len()).collect();
        order.swap(a, b);
        self.permute(step, x, &order)
    }

    pub(super) fn unsqueeze(&mut self, step: &Step, x: Live, axis: usize) -> Result<Live> {
        let mut dims = x.dims.clone();
        dims.insert(axis, vec![Part::Of(1)]);
        let value = self.as_shape(step, x.value, shape(&dims))?;
        Ok(Live { value, dims })
    }

    /// Without these axes of size 1.
    pub(super) fn squeeze(&mut self, step: &Step, x: Live, axes: &[usize]) -> Result<Live> {
        let mut dims = x.dims.clone();
        for axis in (0..dims.len()).rev().filter(|axis| axes.contains(axis)) {
            if dims[axis] == [Part::Of(1)] {
                dims.remove(axis);
            }
        }
        let value = self.as_shape(step, x.value, shape(&dims))?;
        Ok(Live { value, dims })
    }

    /// Expanded to these sizes, with new axes first.
    pub(super) fn expand(&mut self, step: &Step, x: Live, sizes: &[usize]) -> Result<Live> {
        let missing = sizes.len().checked_sub(x.dims.len()).ok_or("it is expanded to fewer axes")?;
        let mut dims: Vec<Dim> = std::iter::repeat_n(vec![Part::Of(1)], missing).chain(x.dims.clone()).collect();
        let has_samples = dims.iter().flatten().any(|part| *part == Part::Samples);
        let before = dims.clone();
        for (dim, to) in dims.iter_mut().zip(sizes).filter(|(dim, to)| **dim == [Part::Of(1)] && **to != 1) {
            let is_samples = !has_samples && *to == self.samples;
            *dim = vec![if is_samples { Part::Samples } else { Part::Of(*to) }];
        }
        let sizes_now: Vec<_> = dims.iter().map(|dim| size(dim, self.samples)).collect();
        if sizes_now != sizes {
            return Err(format!("{:?} cannot be expanded to {sizes:?}", x.sizes(self.samples)));
        }
        // The samples take the place of an axis of size 1 without moving anything.
        let single = before.iter().zip(&dims).filter(|(_, now)| **now != [Part::Samples] || has_samples);
        let ones: Vec<Dim> = single.map(|(before, _)| before.clone()).collect();
        let value = self.as_shape(step, x.value, shape(&ones))?;
        let to = shape(&dims);
        if self.builder.form(value).shape.0 == to {
            return Ok(Live { value, dims });
        }
        let form = self.form_of(value, to.clone(), Some(self.units(value)));
        let to = std::iter::once(0).chain(to).collect();
        let value = self.emit(step, Arithmetic::Expand(to), vec![Taken::Input], vec![value], form)?;
        Ok(Live { value, dims })
    }

    pub(super) fn slice(&mut self, step: &Step, x: Live, axis: usize, [start, length, by]: [usize; 3]) -> Result<Live> {
        if (start, length, by) == (0, size(&x.dims[axis], self.samples), 1) {
            return Ok(x);
        }
        if x.holds_samples(axis) {
            return Err("it takes some of the samples".into());
        }
        let x = self.merged(step, x, axis)?;
        let at = x.axis(axis).ok_or("it takes some of the samples")?;
        let mut dims = x.dims.clone();
        dims[axis] = vec![Part::Of(length)];
        let form = self.form_of(x.value, shape(&dims), Some(self.units(x.value)));
        let slice = Arithmetic::Slice { axis: at, start, length, step: by };
        let value = self.emit(step, slice, vec![Taken::Input], vec![x.value], form)?;
        Ok(Live { value, dims })
    }

    pub(super) fn select(&mut self, step: &Step, x: Live, axis: usize, place: usize) -> Result<Live> {
        let x = self.slice(step, x, axis, [place, 1, 1])?;
        self.squeeze(step, x, &[axis])
    }

    /// The elements at these places along an axis, which is this one in the network.
    pub(super) fn taken(&mut self, step: &Step, x: &Live, axis: usize, at: usize, places: Vec<usize>) -> Result<Live> {
        let mut dims = x.dims.clone();
        dims[axis] = vec![Part::Of(places.len())];
        let form = self.form_of(x.value, shape(&dims), Some(self.units(x.value)));
        let take = Arithmetic::Take { axis: at, places };
        let value = self.emit(step, take, vec![Taken::Input], vec![x.value], form)?;
        Ok(Live { value, dims })
    }

    pub(super) fn pad(
        &mut self,
        step: &Step,
        x: &Live,
        axis: usize,
        [before, after]: [usize; 2],
        value: f64,
    ) -> Result<Live> {
        let x = self.merged(step, x.clone(), axis)?;
        let at = x.axis(axis).ok_or("it adds samples")?;
        let mut dims = x.dims.clone();
        dims[axis] = vec![Part::Of(size(&x.dims[axis], self.samples) + before + after)];
        let form = self.form_of(x.value, shape(&dims), Some(self.units(x.value)));
        let pad = Arithmetic::Pad { axis: at, before, after, value };
        let value = self.emit(step, pad, vec![Taken::Input], vec![x.value], form)?;
        Ok(Live { value, dims })
    }

    /// Several values, some of which depend on the samples, side by side along an axis.
    pub(super) fn concat(&mut self, step: &Step, operands: Vec<Traced>, axis: usize) -> Result<Live> {
        let (mut parts, mut total) = (Vec::new(), 0);
        for operand in operands {
            let operand = match operand {
                Traced::Live(x) if x.holds_samples(axis) => return Err("it puts samples beside samples".into()),
                Traced::Live(x) => Traced::Live(self.merged(step, x, axis)?),
                fixed @ Traced::Fixed(_) => fixed,
            };
            total += match &operand {
                Traced::Live(x) => size(&x.dims[axis], self.samples),
                Traced::Fixed(fixed) => fixed.tensor.dims().get(axis).copied().ok_or("it has too few axes")?,
            };
            parts.push(operand);
        }
        let first = parts.iter().find_map(|part| match part {
            Traced::Live(x) if !x.dims.iter().flatten().all(|part| *part != Part::Samples) => Some(x.clone()),
            _ => None,
        });
        let first = first.ok_or("none of what it joins holds the samples")?;
        let (mut taken, mut inputs) = (Vec::new(), Vec::new());
        for part in &parts {
            let mut dims = first.dims.clone();
            match part {
                Traced::Live(x) => {
                    dims[axis].clone_from(&x.dims[axis]);
                    if x.sizes(self.samples).len() != dims.len() {
                        return Err("what it joins has other axes".into());
                    }
                    inputs.push(self.as_shape(step, x.value, shape(&dims))?);
                    taken.push(Taken::Input);
                }
                Traced::Fixed(fixed) => {
                    dims[axis] = vec![Part::Of(fixed.tensor.dims()[axis])];
                    taken.push(self.filled(step, fixed, &dims)?);
                }
            }
        }
        let mut dims = first.dims.clone();
        dims[axis] = vec![Part::Of(total)];
        let at = first.axis(axis).ok_or("it puts samples beside samples")?;
        let units = self.units(first.value);
        let layout = self.builder.form(first.value).layout;
        if inputs.len() == taken.len() && at == units + 1 {
            let same = inputs.into_iter().map(|value| self.read_as(step, value, layout)).collect::<Result<Vec<_>>>()?;
            let value = self.operation(step, Arc::new(Concat), same)?;
            return Ok(Live { value, dims });
        }
        let form = self.form_of(first.value, shape(&dims), Some(units));
        let value = self.emit(step, Arithmetic::Concat { axis: at }, taken, inputs, form)?;
        Ok(Live { value, dims })
    }

    /// A constant beside values with these axes, whose sizes it has but for that of the samples.
    fn filled(&mut self, step: &Step, fixed: &Fixed, dims: &[Dim]) -> Result<Taken> {
        let full = std::iter::once(1).chain(shape(dims)).collect::<Vec<_>>();
        match self.aligned(step, fixed, dims)? {
            Taken::Kept(tensor) if tensor.dims() == full => Ok(Taken::Kept(tensor)),
            Taken::Constant(tensor) => {
                let tensor = tensor.broadcast_as(full).and_then(|tensor| tensor.contiguous());
                Ok(Taken::Constant(tensor.map_err(text)?))
            }
            Taken::Kept(_) | Taken::Input => Err("a parameter beside it has other sizes".into()),
        }
    }

    /// An axis resampled to so many places, by a matrix.
    pub(super) fn resampled(
        &mut self,
        step: &Step,
        x: Live,
        axis: usize,
        to: usize,
        mode: Interpolation,
        factor: Option<f64>,
    ) -> Result<Live> {
        let from = size(&x.dims[axis], self.samples);
        if from == to {
            return Ok(x);
        }
        let last = x.dims.len() - 1;
        let weights = interpolation(from, to, mode, factor);
        let matrix = candle_core::Tensor::from_vec(weights, (from, to), &candle_core::Device::Cpu).map_err(text)?;
        let channels = self.builder.form(x.value).layout;
        let x = self.swapped(step, x, axis, last)?;
        let x = self.matmul_fixed(step, x, Fixed::constant(matrix), false)?;
        let x = self.swapped(step, x, axis, last)?;
        let value = self.read_as(step, x.value, channels)?;
        Ok(Live { value, ..x })
    }
}

/// What every place `[from, to]` gives to every other, as PyTorch's `interpolate` computes it.
fn interpolation(from: usize, to: usize, mode: Interpolation, factor: Option<f64>) -> Vec<f32> {
    let ratio = factor.map_or(from as f64 / to as f64, f64::recip);
    let mut weights = vec![0.0; from * to];
    for at in 0..to {
        let place = match mode {
            Interpolation::Nearest => (at as f64 * ratio).floor(),
            Interpolation::Linear { aligns_corners: true } if to > 1 => at as f64 * (from - 1) as f64 / (to - 1) as f64,
            Interpolation::Linear { aligns_corners: true } => 0.0,
            Interpolation::Linear { aligns_corners: false } => ((at as f64 + 0.5) * ratio - 0.5).max(0.0),
        };
        let first = (place as usize).min(from - 1);
        let share = (place - first as f64).clamp(0.0, 1.0) as f32;
        weights[first * to + at] += 1.0 - share;
        weights[(first + 1).min(from - 1) * to + at] += share;
    }
    weights
}
