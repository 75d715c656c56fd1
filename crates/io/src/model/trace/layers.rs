//! Layers with weights, activations and pooling.

use std::sync::Arc;

use neartop_core::activation::Activation;
use neartop_core::arithmetic::Arithmetic;
use neartop_core::catalog::Given;
use neartop_core::kernels::{Upsampling, same};
use neartop_core::layer::Operation;
use neartop_core::layers::{
    AdaptiveAvgPool, AvgPool, Conv, Conv1d, Conv2d, ConvTranspose1d, ConvTranspose2d, Embedding, Fixed as FixedLayer,
    Frame, Linear, Lookup, MaxPool, Operand as Taken, Padding as Zeros, Slot, Transposed, Upsample,
};
use neartop_core::network::{Origin, ValueId};
use neartop_core::shape::{Form, Layout};

use super::slots::Found;
use super::values::{Dim, Fixed, Live, Part, Traced, size};
use super::{Result, Tracer, fixed, module_of, text};
use crate::model::program::{Convolution, Interpolation, Padding, Pool, Step};

impl<'p> Tracer<'p> {
    pub(super) fn linear(&mut self, step: &Step, is_transposed: bool) -> Result<Vec<Traced>> {
        let x = self.entering(step, 0)?;
        let mut weight = self.fixed(step, 1)?.ok_or("its weight is missing")?;
        if is_transposed {
            weight = fixed::eval(&Arithmetic::Permute(vec![1, 0]), &[weight]).map_err(text)?;
        }
        let bias = self.fixed(step, 2)?;
        self.dense(step, x, weight, bias).map(|live| vec![Traced::Live(live)])
    }

    /// A dense layer along the last axis, whose weight is `[out, in]`.
    pub(super) fn dense(&mut self, step: &Step, x: Live, weight: Fixed, bias: Option<Fixed>) -> Result<Live> {
        let [out, ins] = weight.tensor.dims() else { return Err("its weight is no matrix".into()) };
        let (out, ins) = (*out, *ins);
        let last = x.dims.len().saturating_sub(1);
        let x = self.merged(step, x, last)?;
        if x.dims.last().map(Vec::as_slice) != Some(&[Part::Of(ins)]) {
            return Err(format!("its weight takes {ins} features, and the last axis is another"));
        }
        let bias = bias.map(|bias| Self::as_vector(bias, out)).transpose()?;
        let value = if weight.is_trained {
            let value = self.read_as(step, x.value, Layout::Features)?;
            let operation = Arc::new(Linear { out, bias: bias.is_some() });
            let weights: Vec<_> = [("weight", weight)].into_iter().chain(bias.map(|bias| ("bias", bias))).collect();
            self.layer(step, operation, value, &weights)?
        } else {
            self.times_constant(step, &x, weight, bias)?
        };
        let dims = x.dims[..last].iter().cloned().chain([vec![Part::Of(out)]]).collect();
        Ok(Live { value, dims })
    }

    /// The product with a matrix that nothing trains, such as random features.
    fn times_constant(&mut self, step: &Step, x: &Live, weight: Fixed, bias: Option<Fixed>) -> Result<ValueId> {
        let out = weight.tensor.dims()[0];
        let matrix = weight.tensor.t().and_then(|matrix| matrix.contiguous()).map_err(text)?;
        let mut shape = x.shape();
        shape.last_mut().into_iter().for_each(|last| *last = out);
        let form = self.form_of(x.value, shape.clone(), Some(shape.len() - 1));
        let value =
            self.emit(step, Arithmetic::MatMul, vec![Taken::Input, Taken::Constant(matrix)], vec![x.value], form)?;
        let Some(bias) = bias else { return Ok(value) };
        let ones = vec![1; shape.len()];
        let dims: Vec<_> = ones.into_iter().chain([out]).collect();
        let bias = Taken::Constant(bias.tensor.reshape(dims).map_err(text)?);
        let form = self.builder.form(value).clone();
        let add = Arithmetic::Binary(neartop_core::arithmetic::Binary::Add);
        self.emit(step, add, vec![Taken::Input, bias], vec![value], form)
    }

    /// A bias, or whatever has one number by unit, as a vector.
    pub(super) fn as_vector(fixed: Fixed, count: usize) -> Result<Fixed> {
        if fixed.tensor.elem_count() != count {
            return Err(format!("it has {count} units, and their numbers are {:?}", fixed.tensor.dims()));
        }
        fixed::eval(&Arithmetic::Reshape(vec![count]), &[fixed]).map_err(text)
    }

    pub(super) fn convolution(&mut self, step: &Step, convolution: &Convolution) -> Result<Live> {
        let x = self.images(step, convolution.axes)?;
        let weight = self.fixed(step, 1)?.ok_or("its weight is missing")?;
        let (groups, kernel) = (convolution.groups, weight.tensor.dims().get(2..).unwrap_or_default().to_vec());
        if kernel.len() != convolution.axes || groups == 0 {
            return Err(format!("its weight is {:?}", weight.tensor.dims()));
        }
        if !weight.is_trained {
            return Err("its weight is no parameter but a constant, which is not known for convolutions".into());
        }
        let out = if convolution.is_transposed { weight.tensor.dims()[1] * groups } else { weight.tensor.dims()[0] };
        let bias = self.fixed(step, 2)?.map(|bias| Self::as_vector(bias, out)).transpose()?;
        let sides: Vec<_> = x.shape()[1..].to_vec();
        let pads = pads(&convolution.padding, &sides, &kernel, &convolution.stride, &convolution.dilation);
        if convolution.is_transposed && pads.iter().any(|(before, after)| before != after) {
            return self.cut_unevenly(step, convolution, pads);
        }
        let (x, pads) = self.padded_evenly(step, x, pads, 0.0)?;
        let value = self.read_as(step, x.value, Layout::Channels)?;
        let sides = Sides { convolution, kernel, pads, out, bias: bias.is_some() };
        let operation: Arc<dyn Operation> = match (convolution.axes, convolution.is_transposed) {
            (1, false) => Arc::new(sides.plain::<1>()? as Conv1d),
            (2, false) => Arc::new(sides.plain::<2>()? as Conv2d),
            (1, true) => Arc::new(sides.transposed::<1>()? as ConvTranspose1d),
            (2, true) => Arc::new(sides.transposed::<2>()? as ConvTranspose2d),
            (axes, _) => return Err(format!("convolutions along {axes} axes are not known")),
        };
        let weights: Vec<_> = [("weight", weight)].into_iter().chain(bias.map(|bias| ("bias", bias))).collect();
        let value = self.layer(step, operation, value, &weights)?;
        Ok(self.of_images(value))
    }

    /// A transposed convolution that cuts off more on one side than on the other.
    fn cut_unevenly(&mut self, step: &Step, convolution: &Convolution, pads: Vec<(usize, usize)>) -> Result<Live> {
        let mut even = convolution.clone();
        even.padding = Padding::By(pads.iter().map(|(before, _)| (*before, *before)).collect());
        for ((before, after), more) in pads.iter().zip(&mut even.output_padding) {
            *more += before.saturating_sub(*after);
        }
        let mut x = self.convolution(step, &even)?;
        for (axis, (before, after)) in pads.into_iter().enumerate().filter(|(_, (before, after))| after > before) {
            let size = size(&x.dims[2 + axis], self.samples);
            let left = size.checked_sub(after - before).ok_or("it cuts off more than there is")?;
            x = self.slice(step, x, 2 + axis, [0, left, 1])?;
            self.remark(format!(
                "the transposed convolution at {} is scored before {} places at the end of an axis are cut off",
                step.somewhere(),
                after - before
            ));
        }
        Ok(x)
    }

    /// The first operand as samples of channels along so many axes.
    pub(super) fn images(&mut self, step: &Step, axes: usize) -> Result<Live> {
        let x = self.entering(step, 0)?;
        let is_single = |dim: &Dim| matches!(dim.as_slice(), [Part::Of(_)]);
        match x.dims.split_first() {
            Some((first, rest)) if *first == [Part::Samples] && rest.len() == 1 + axes => {
                if rest.iter().all(is_single) {
                    return Ok(x);
                }
                (1..x.dims.len()).try_fold(x, |x, axis| self.merged(step, x, axis))
            }
            _ => Err(format!("it takes samples x channels x {axes} axes, and {:?} come in", x.sizes(self.samples))),
        }
    }

    /// A value of the network whose axes are those of the file, after that of the samples.
    pub(super) fn of_images(&self, value: ValueId) -> Live {
        let sizes = self.builder.form(value).shape.0.iter().map(|size| vec![Part::Of(*size)]);
        Live { value, dims: std::iter::once(vec![Part::Samples]).chain(sizes).collect() }
    }

    /// Zeros that differ before and after an axis are put there first; the rest is the same on both sides.
    fn padded_evenly(
        &mut self,
        step: &Step,
        x: Live,
        pads: Vec<(usize, usize)>,
        value: f64,
    ) -> Result<(Live, Vec<usize>)> {
        if pads.iter().all(|(before, after)| before == after) {
            return Ok((x, pads.into_iter().map(|(before, _)| before).collect()));
        }
        let mut x = x;
        let zeros = vec![0; pads.len()];
        for (axis, (before, after)) in pads.into_iter().enumerate().filter(|(_, pads)| *pads != (0, 0)) {
            x = self.pad(step, &x, 2 + axis, [before, after], value)?;
        }
        Ok((x, zeros))
    }

    pub(super) fn embedding(&mut self, step: &Step, padding: Option<usize>) -> Result<Live> {
        let weight = self.fixed(step, 0)?.ok_or("its table is missing")?;
        let [rows, out] = weight.tensor.dims() else { return Err("its table is no matrix".into()) };
        let (rows, out) = (*rows, *out);
        let padding = padding.filter(|row| *row < rows);
        match self.need(step, 1)? {
            Traced::Live(ids) => {
                let form = self.builder.form(ids.value).clone();
                let layout = Layout::Ids { vocab: rows };
                let value = match form.layout == layout {
                    true => ids.value,
                    false => {
                        let form = Form { layout, ..form };
                        self.emit(step, Arithmetic::Identity, vec![Taken::Input], vec![ids.value], form)?
                    }
                };
                let value = self.layer(step, Arc::new(Embedding { out, padding }), value, &[("weight", weight)])?;
                Ok(Live { value, dims: ids.dims.into_iter().chain([vec![Part::Of(out)]]).collect() })
            }
            Traced::Fixed(ids) => {
                let (tensor, mut dims) = self.without_samples(&ids)?;
                let rows_taken = Fixed::constant(tensor.clone()).numbers().map_err(text)?;
                let taken =
                    rows_taken.iter().map(|row| fixed::place(*row, rows)).collect::<candle_core::Result<Vec<_>>>();
                let (taken, shape) = (taken.map_err(text)?, super::values::shape(&dims));
                let lookup = Lookup { table: [rows, out], rows: taken, dims: shape, padding };
                let value = self.layer(step, Arc::new(lookup), 0, &[("weight", weight)])?;
                dims.push(vec![Part::Of(out)]);
                Ok(Live { value, dims })
            }
        }
    }

    /// What is the same for all samples, without their axis where it has one.
    pub(super) fn without_samples(&self, fixed: &Fixed) -> Result<(candle_core::Tensor, Vec<Dim>)> {
        let sizes = fixed.tensor.dims();
        let all = |sizes: &[usize]| sizes.iter().map(|size| vec![Part::Of(*size)]).collect::<Vec<_>>();
        if sizes.len() < 2 || sizes[0] != self.samples || self.samples == 1 {
            return Ok((fixed.tensor.clone(), all(sizes)));
        }
        let first = fixed.tensor.narrow(0, 0, 1).map_err(text)?;
        if !is_same_along(&fixed.tensor, &first).map_err(text)? {
            return Ok((fixed.tensor.clone(), all(sizes)));
        }
        Ok((first, std::iter::once(vec![Part::Samples]).chain(all(&sizes[1..])).collect()))
    }

    pub(super) fn activation(&mut self, step: &Step, activation: &Activation) -> Result<Vec<Traced>> {
        let x = match self.need(step, 0)? {
            Traced::Live(x) => x,
            Traced::Fixed(x) => {
                let values = x.numbers().map_err(text)?.into_iter().map(|x| activation.value(x)).collect::<Vec<_>>();
                let tensor = candle_core::Tensor::from_vec(values, x.tensor.dims(), &candle_core::Device::Cpu);
                return Ok(vec![Traced::Fixed(x.seen(tensor.map_err(text)?, None))]);
            }
        };
        Ok(vec![Traced::Live(self.activated(step, activation, x)?)])
    }

    pub(super) fn activated(&mut self, step: &Step, activation: &Activation, x: Live) -> Result<Live> {
        let x = self.with_whole_axes(step, x)?;
        let value = self.activate(step, activation, x.value, None)?;
        Ok(Live { value, ..x })
    }

    pub(super) fn prelu(&mut self, step: &Step) -> Result<Live> {
        let x = self.live(step, 0)?;
        let x = self.with_whole_axes(step, x)?;
        let slopes = self.fixed(step, 1)?.ok_or("its slopes are missing")?;
        let count = slopes.tensor.elem_count();
        let slopes = Self::as_vector(slopes, count)?;
        let per = if count == 1 { "layer" } else { "channel" };
        let kind = Activation::find("prelu").ok_or("there is no prelu")?;
        let activation = Activation::new(kind, &[("per", Given::Word(per))])?;
        let layout = if x.dims.len() > 2 { Layout::Channels } else { Layout::Features };
        let input = self.read_as(step, x.value, layout)?;
        let value = self.activate(step, &activation, input, Some(slopes))?;
        Ok(Live { value, ..x })
    }

    fn activate(
        &mut self,
        step: &Step,
        activation: &Activation,
        input: ValueId,
        slopes: Option<Fixed>,
    ) -> Result<ValueId> {
        let path = match &slopes {
            Some(Fixed { source: Some(source), .. }) => module_of(&source.name),
            _ => self.activation_path(step, activation),
        };
        let name = self.unique(&path);
        let slot = self.slots.get(&name).cloned();
        let operation: Arc<dyn Operation> = match &slot {
            Some(slot) => Arc::new(Slot(slot.clone())),
            None => Arc::new(FixedLayer(activation.clone())),
        };
        let added = self.builder.add(name.clone(), operation, vec![input], None);
        let value = added.map_err(|error| error.problem)?;
        let (source, has_weight) = (step.place.clone(), slopes.is_some());
        let within = String::new();
        let mut origin = Origin { module: path, within, source: source.clone(), parameters: Vec::new() };
        let (mut given, is_frozen) = (None, slopes.as_ref().is_some_and(|slopes| slopes.is_frozen));
        self.note_frozen(slopes.iter());
        if let Some(slopes) = slopes {
            let tensor = slopes.tensor.to_dtype(candle_core::DType::F32).map_err(text)?;
            given = Some(neartop_core::parameters::Parameters::default().with("weight", tensor));
            origin.parameters.extend(slopes.source.map(|source| ("weight", source)));
        }
        let module = origin.module.clone();
        self.builder.describe(value, origin, given);
        self.builder.freeze(value, if is_frozen { &["weight"] } else { &[] });
        if !has_weight {
            let is_module = module == step.module;
            self.activations.push(Found {
                node: name,
                module,
                is_module,
                source,
                activation: activation.clone(),
                is_gate: false,
                is_first: false,
                is_last: false,
                is_frozen: false,
                slot: None,
            });
        }
        Ok(value)
    }

    /// The path of a module that is an activation; of a function, its name within the module that calls it.
    fn activation_path(&self, step: &Step, activation: &Activation) -> String {
        let module = &step.module;
        let prefix = format!("{module}.");
        let has_parameters = self.program.stored.values().any(|stored| stored.name.starts_with(&prefix));
        let contains_others = self.program.steps.iter().any(|other| other.module.starts_with(&prefix));
        match module.is_empty() || has_parameters || contains_others {
            false => module.clone(),
            true if module.is_empty() => activation.name().to_owned(),
            true => format!("{module}.{}", activation.name()),
        }
    }

    pub(super) fn softmax(&mut self, step: &Step, axis: isize, is_log: bool) -> Result<Vec<Traced>> {
        match self.need(step, 0)? {
            Traced::Fixed(x) => {
                let axis = fixed::axis(axis, x.tensor.rank()).map_err(text)?;
                let made = fixed::eval(&Arithmetic::Softmax { axis, is_log }, &[x]);
                Ok(vec![Traced::Fixed(made.map_err(text)?)])
            }
            Traced::Live(x) => {
                let at = fixed::axis(axis, x.dims.len()).map_err(text)?;
                let axis = x.axis(at).ok_or("it is over an axis that holds the samples")?;
                let form = self.builder.form(x.value).clone();
                let softmax = Arithmetic::Softmax { axis, is_log };
                let value = self.emit(step, softmax, vec![Taken::Input], vec![x.value], form)?;
                Ok(vec![Traced::Live(Live { value, ..x })])
            }
        }
    }

    pub(super) fn pool(&mut self, step: &Step, pool: &Pool) -> Result<Live> {
        let axes = pool.kernel.len();
        let x = self.images(step, axes)?;
        if axes > 2 {
            return Err(format!("pooling along {axes} axes is not known"));
        }
        if pool.dilation.iter().any(|dilation| *dilation != 1) {
            return self.dilated_pool(step, x, pool);
        }
        let pads = pads(&pool.padding, &x.shape()[1..], &pool.kernel, &pool.stride, &pool.dilation);
        let is_even = pads.iter().all(|(before, after)| before == after);
        if !is_even && pool.is_average && !pool.counts_padding {
            return Err("padding that differs on both sides of a mean is not known".into());
        }
        let edge = if pool.is_average { 0.0 } else { f64::NEG_INFINITY };
        let (x, padding) = self.padded_evenly(step, x, pads, edge)?;
        let both = |sides: &[usize]| match sides {
            [length] => Ok([*length; 2]),
            [height, width] => Ok([*height, *width]),
            _ => Err(format!("pooling along {} axes is not known", sides.len())),
        };
        let frame = Frame {
            kernel: both(&pool.kernel)?,
            stride: both(&pool.stride)?,
            padding: both(&padding)?,
            ceil_mode: pool.ceil,
        };
        let value = self.read_as(step, x.value, Layout::Channels)?;
        let operation: Arc<dyn Operation> = match pool.is_average {
            true => Arc::new(AvgPool { frame, count_include_pad: pool.counts_padding }),
            false => Arc::new(MaxPool(frame)),
        };
        let value = self.operation(step, operation, vec![value])?;
        Ok(self.of_images(value))
    }

    pub(super) fn adaptive_pool(&mut self, step: &Step, to: &[usize]) -> Result<Live> {
        let x = self.images(step, to.len())?;
        let size = match to {
            [length] => [*length; 2],
            [height, width] => [*height, *width],
            _ => return Err(format!("pooling along {} axes is not known", to.len())),
        };
        let value = self.read_as(step, x.value, Layout::Channels)?;
        let value = self.operation(step, Arc::new(AdaptiveAvgPool { size }), vec![value])?;
        Ok(self.of_images(value))
    }

    pub(super) fn upsample(&mut self, step: &Step, mode: Interpolation) -> Result<Live> {
        let x = self.live(step, 0)?;
        let axes = x.dims.len().saturating_sub(2);
        let x = self.images(step, axes)?;
        let sides = x.shape()[1..].to_vec();
        let (sizes, factors) = (self.numbers_at(step, 1)?, self.numbers_at(step, 2)?);
        let last = |numbers: &[f64], at: usize| numbers.get((at + numbers.len()).checked_sub(axes)?).copied();
        let to = sides.iter().enumerate().map(|(at, side)| match (last(&sizes, at), last(&factors, at)) {
            (Some(size), _) => size as usize,
            (None, Some(factor)) => (*side as f64 * factor) as usize,
            (None, None) => *side,
        });
        let to: Vec<_> = to.collect();
        let scale = to.first().copied().unwrap_or(1) / sides.first().copied().unwrap_or(1).max(1);
        let is_whole = to.iter().zip(&sides).all(|(to, side)| *to == side * scale) && scale > 0;
        let known = match mode {
            Interpolation::Nearest => Some(Upsampling::Nearest),
            Interpolation::Linear { aligns_corners: false } => Some(Upsampling::Linear),
            Interpolation::Linear { aligns_corners: true } => None,
        };
        if let (Some(mode), true) = (known, is_whole) {
            let value = self.read_as(step, x.value, Layout::Channels)?;
            let value = self.operation(step, Arc::new(Upsample { scale, mode }), vec![value])?;
            return Ok(self.of_images(value));
        }
        (0..axes).try_fold(x, |x, axis| {
            let factor = last(&factors, axis).filter(|_| sizes.is_empty());
            self.resampled(step, x, 2 + axis, to[axis], mode, factor)
        })
    }
}

/// Whether a tensor is the same at all places of its first axis as `first`, its first place.
pub(super) fn is_same_along(tensor: &candle_core::Tensor, first: &candle_core::Tensor) -> candle_core::Result<bool> {
    let all = tensor.flatten_all()?.to_dtype(candle_core::DType::F64)?.to_vec1::<f64>()?;
    let one = first.flatten_all()?.to_dtype(candle_core::DType::F64)?.to_vec1::<f64>()?;
    Ok(all.chunks(one.len().max(1)).all(|chunk| chunk == one))
}

/// Zeros before and after every axis.
pub(super) fn pads(
    padding: &Padding,
    sides: &[usize],
    kernel: &[usize],
    stride: &[usize],
    dilation: &[usize],
) -> Vec<(usize, usize)> {
    match padding {
        Padding::By(pads) => pads.clone(),
        Padding::Same { more_before } => {
            let one = |axis: usize| same(sides[axis], kernel[axis], stride[axis], dilation[axis]);
            let swapped = |(before, after)| if *more_before { (after, before) } else { (before, after) };
            (0..kernel.len()).map(|axis| swapped(one(axis))).collect()
        }
    }
}

/// What a convolution is made of.
struct Sides<'a> {
    convolution: &'a Convolution,
    kernel: Vec<usize>,
    pads: Vec<usize>,
    out: usize,
    bias: bool,
}

impl Sides<'_> {
    fn plain<const D: usize>(&self) -> Result<Conv<D>> {
        let convolution = self.convolution;
        let padding = match self.pads.as_slice() {
            [height, width] if height != width => Zeros::Oblong([*height, *width]),
            pads => Zeros::Zeros(pads.first().copied().unwrap_or(0)),
        };
        Ok(Conv {
            out: self.out,
            kernel: array(&self.kernel)?,
            stride: array(&convolution.stride)?,
            padding,
            dilation: array(&convolution.dilation)?,
            groups: convolution.groups,
            bias: self.bias,
        })
    }

    fn transposed<const D: usize>(&self) -> Result<Transposed<D>> {
        let convolution = self.convolution;
        Ok(Transposed {
            out: self.out,
            kernel: array(&self.kernel)?,
            stride: array(&convolution.stride)?,
            padding: array(&self.pads)?,
            output_padding: array(&convolution.output_padding)?,
            dilation: array(&convolution.dilation)?,
            groups: convolution.groups,
            bias: self.bias,
        })
    }
}

fn array<const D: usize>(sides: &[usize]) -> Result<[usize; D]> {
    sides.try_into().map_err(|_| format!("it has {} sizes for {D} axes", sides.len()))
}
