//! Arithmetic and rearrangement.

use candle_core::Tensor;
use neartop_core::arithmetic::{Arithmetic, Binary};
use neartop_core::layers::Operand as Taken;
use neartop_core::shape::Layout;

use super::elementwise::all_fixed;
use super::values::{Fixed, Live, Part, Traced, shape};
use super::{Result, Tracer, fixed, text};
use crate::model::program::{Numbers, Operand, Plain, Reduce, Step};

impl Tracer<'_> {
    pub(super) fn plain(&mut self, step: &Step, plain: &Plain) -> Result<Vec<Traced>> {
        if let Some(made) = self.across(step, plain)? {
            return Ok(made);
        }
        if let Some(made) = self.choice(step, plain)? {
            return Ok(vec![made]);
        }
        if let Some(arithmetic) = fixed::elementwise(plain) {
            return self.elementwise(step, arithmetic).map(|traced| vec![traced]);
        }
        match plain {
            Plain::Noise { is_like } => self.noise(step, *is_like).map(|traced| vec![traced]),
            Plain::Clamp => self.clamp(step).map(|traced| vec![traced]),
            Plain::MatMul => self.product(step),
            Plain::Concat { axis } => self.joined(step, *axis, false).map(|traced| vec![traced]),
            Plain::Stack { axis } => self.joined(step, *axis, true).map(|traced| vec![traced]),
            Plain::Full | Plain::Arange => self.made(step, plain).map(|traced| vec![traced]),
            Plain::Split { axis } => self.split(step, *axis),
            Plain::Chunk { axis, parts } => self.chunk(step, *axis, *parts),
            Plain::Einsum(letters) => self.einsum(step, letters).map(|traced| vec![traced]),
            Plain::Glu { axis } => self.glu(step, *axis).map(|traced| vec![traced]),
            Plain::Scatter(places) => self.scatter(step, places).map(|fixed| vec![Traced::Fixed(fixed)]),
            Plain::WeightNorm { axis } => self.weight_norm(step, *axis).map(|fixed| vec![Traced::Fixed(fixed)]),
            _ => match self.need(step, 0)? {
                Traced::Live(x) => self.of_live(step, plain, x).map(|traced| vec![traced]),
                Traced::Fixed(x) => self.of_fixed(step, plain, x).map(|fixed| vec![Traced::Fixed(fixed)]),
            },
        }
    }

    fn operands(&self, step: &Step) -> Result<Vec<Traced>> {
        let taken = step.operands.iter().map(|operand| self.take(Some(operand)));
        Ok(taken.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
    }

    fn elementwise(&mut self, step: &Step, arithmetic: Arithmetic) -> Result<Traced> {
        let operands = self.operands(step)?;
        if let (Arithmetic::Where, Some(chosen)) = (&arithmetic, self.always_chosen(&operands)) {
            return Ok(chosen);
        }
        let passes = matches!(arithmetic, Arithmetic::Identity | Arithmetic::Cast(Numbers::Real));
        match operands.first() {
            Some(Traced::Live(_)) if passes => Ok(operands[0].clone()),
            None => Err("it takes nothing".into()),
            Some(_) => self.broadcast(step, arithmetic, operands),
        }
    }

    /// What a choice always is, where its condition is known and the other has no other sizes.
    fn always_chosen(&self, operands: &[Traced]) -> Option<Traced> {
        let [Traced::Fixed(condition), a, b] = operands else { return None };
        let holds = condition.numbers().ok()?;
        let first = *holds.first()? != 0.0;
        let Traced::Live(chosen) = (if first { a } else { b }) else { return None };
        let is_known = holds.iter().all(|one| (*one != 0.0) == first);
        let all = self.common(operands).ok().filter(|_| is_known)?;
        (all == chosen.dims).then(|| Traced::Live(chosen.clone()))
    }

    fn product(&mut self, step: &Step) -> Result<Vec<Traced>> {
        let (x, y) = (self.need(step, 0)?, self.need(step, 1)?);
        let is_matrix = match &x {
            Traced::Live(x) => x.dims.len() > 1,
            Traced::Fixed(x) => x.tensor.rank() > 1,
        };
        if let (Traced::Fixed(vector), true) = (&y, is_matrix)
            && vector.tensor.rank() == 1
        {
            return self.product_with_vector(step, x, vector).map(|traced| vec![traced]);
        }
        let made = match (x, y) {
            (Traced::Live(a), Traced::Live(b)) => self.matmul(step, a, b)?,
            (Traced::Live(_), Traced::Fixed(b)) if b.is_trained && b.source.is_some() && b.tensor.rank() == 2 => {
                return self.linear(step, true);
            }
            (Traced::Live(a), Traced::Fixed(b)) => self.matmul_fixed(step, a, b, false)?,
            (Traced::Fixed(a), Traced::Live(b)) => self.matmul_fixed(step, b, a, true)?,
            (Traced::Fixed(a), Traced::Fixed(b)) => {
                return Ok(vec![Traced::Fixed(fixed::eval(&Arithmetic::MatMul, &[a, b]).map_err(text)?)]);
            }
        };
        Ok(vec![Traced::Live(made)])
    }

    /// Values side by side, along a new axis or one that they have.
    fn joined(&mut self, step: &Step, axis: isize, is_new: bool) -> Result<Traced> {
        let listed = match step.operands.first() {
            Some(Operand::List(list)) => list.clone(),
            _ => step.operands.clone(),
        };
        let taken = listed.iter().map(|operand| self.take(Some(operand)));
        let mut operands: Vec<_> = taken.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect();
        let rank = operands.first().map_or(0, |operand| match operand {
            Traced::Live(x) => x.dims.len(),
            Traced::Fixed(x) => x.tensor.rank(),
        });
        let axis = fixed::axis(axis, rank + usize::from(is_new)).map_err(text)?;
        if is_new {
            let lifted = operands.into_iter().map(|operand| match operand {
                Traced::Live(x) => self.unsqueeze(step, x, axis).map(Traced::Live),
                Traced::Fixed(x) => {
                    let tensor = x.tensor.unsqueeze(axis).map_err(text)?;
                    Ok(Traced::Fixed(x.seen(tensor, None)))
                }
            });
            operands = lifted.collect::<Result<Vec<_>>>()?;
        }
        match all_fixed(&operands) {
            Some(fixed) => fixed::eval(&Arithmetic::Concat { axis }, &fixed).map(Traced::Fixed).map_err(text),
            None => self.concat(step, operands, axis).map(Traced::Live),
        }
    }

    fn made(&self, step: &Step, plain: &Plain) -> Result<Traced> {
        let tensor = match plain {
            Plain::Full => {
                let sizes = fixed::sizes(&self.numbers_at(step, 0)?, &[], false).map_err(text)?;
                fixed::full(sizes, self.number_at(step, 1)?.unwrap_or(0.0))
            }
            _ => {
                let at = |at| self.number_at(step, at);
                fixed::arange(at(0)?.unwrap_or(0.0), at(1)?.unwrap_or(0.0), at(2)?.unwrap_or(1.0))
            }
        };
        tensor.map(|tensor| Traced::Fixed(Fixed::constant(tensor))).map_err(text)
    }

    /// The parts of the first operand along an axis, each from its first place on and of its length.
    fn parts(&mut self, step: &Step, axis: isize, lengths: &dyn Fn(usize) -> Vec<usize>) -> Result<Vec<Traced>> {
        let x = self.need(step, 0)?;
        let (rank, sizes) = match &x {
            Traced::Live(x) => (x.dims.len(), x.sizes(self.samples)),
            Traced::Fixed(x) => (x.tensor.rank(), x.tensor.dims().to_vec()),
        };
        let axis = fixed::axis(axis, rank).map_err(text)?;
        let (mut start, mut parts) = (0, Vec::new());
        for (at, length) in lengths(sizes[axis]).into_iter().enumerate() {
            // What nobody takes is not made.
            let is_named = step.outputs.get(at).is_some_and(|name| !name.is_empty());
            if is_named {
                parts.push(match &x {
                    Traced::Live(x) => Traced::Live(self.slice(step, x.clone(), axis, [start, length, 1])?),
                    Traced::Fixed(x) => {
                        let slice = Arithmetic::Slice { axis, start, length, step: 1 };
                        Traced::Fixed(fixed::eval(&slice, std::slice::from_ref(x)).map_err(text)?)
                    }
                });
            } else {
                parts.push(x.clone());
            }
            start += length;
        }
        Ok(parts)
    }

    fn split(&mut self, step: &Step, axis: isize) -> Result<Vec<Traced>> {
        let asked: Vec<_> = self.numbers_at(step, 1)?.into_iter().map(|size| size as usize).collect();
        let is_list = !matches!(step.operands.get(1), Some(Operand::Number(_)));
        self.parts(step, axis, &|size| match asked.as_slice() {
            [one] if !is_list => (0..size.div_ceil((*one).max(1))).map(|at| (size - at * one).min(*one)).collect(),
            _ => asked.clone(),
        })
    }

    fn chunk(&mut self, step: &Step, axis: isize, parts: usize) -> Result<Vec<Traced>> {
        self.parts(step, axis, &|size| {
            let one = size.div_ceil(parts.max(1)).max(1);
            (0..size.div_ceil(one)).map(|at| (size - at * one).min(one)).collect()
        })
    }

    /// A rearrangement or a sum of a value that depends on the samples.
    pub(super) fn of_live(&mut self, step: &Step, plain: &Plain, x: Live) -> Result<Traced> {
        let sizes = x.sizes(self.samples);
        if let Some(constant) = self.said_of(step, plain, &sizes)? {
            return Ok(Traced::Fixed(constant));
        }
        if let Some(to) = self.new_sizes(step, plain, &sizes)? {
            return self.reshape(step, x, &to).map(Traced::Live);
        }
        let rank = x.dims.len();
        let axis = |axis: isize| fixed::axis(axis, rank).map_err(text);
        let axes = |axes: &[isize]| axes.iter().map(|at| axis(*at)).collect::<Result<Vec<_>>>();
        let made = match plain {
            Plain::Permute(order) => self.permute(step, x, &axes(order)?),
            Plain::Transpose(a, b) => self.swapped(step, x, axis(*a)?, axis(*b)?),
            Plain::Squeeze(named) => {
                let all: Vec<_> = (0..rank).collect();
                let named = if named.is_empty() { all } else { axes(named)? };
                self.squeeze(step, x, &named)
            }
            Plain::Unsqueeze(named) => {
                let all = rank + named.len();
                let mut named = named.iter().map(|at| fixed::axis(*at, all)).collect::<candle_core::Result<Vec<_>>>();
                named.iter_mut().for_each(|named| named.sort_unstable());
                named.map_err(text)?.into_iter().try_fold(x, |x, at| self.unsqueeze(step, x, at))
            }
            Plain::Expand { by_broadcast } => {
                let to = self.expanded(step, &sizes, *by_broadcast)?;
                self.expand(step, x, &to)
            }
            Plain::Slice { axis: at } => self.sliced(step, x, axis(*at)?),
            Plain::Select { axis: at } => {
                let (at, place) = (axis(*at)?, self.number_at(step, 1)?.unwrap_or(0.0));
                let place = fixed::place(place, sizes[at]).map_err(text)?;
                self.select(step, x, at, place)
            }
            Plain::Reduce { how, axes: named, keep } => {
                let named = if named.is_empty() { (0..rank).collect() } else { axes(named)? };
                self.reduce(step, x, *how, &named, *keep)
            }
            _ => self.of_live_by_places(step, plain, x, &sizes),
        };
        made.map(Traced::Live)
    }

    fn of_live_by_places(&mut self, step: &Step, plain: &Plain, x: Live, sizes: &[usize]) -> Result<Live> {
        let axis = |axis: isize| fixed::axis(axis, sizes.len()).map_err(text);
        let axes = |axes: &[isize]| axes.iter().map(|at| axis(*at)).collect::<Result<Vec<_>>>();
        match plain {
            Plain::CumulativeSum { axis: at } => {
                let at = axis(*at)?;
                let x = self.merged(step, x, at)?;
                let form = self.builder.form(x.value).clone();
                let sum = Arithmetic::CumulativeSum { axis: x.axis(at).ok_or("it sums over the samples")? };
                let value = self.emit(step, sum, vec![Taken::Input], vec![x.value], form)?;
                Ok(Live { value, ..x })
            }
            Plain::Take { axis: at } => self.take_places(step, x, axis(*at)?, 1),
            Plain::Index => self.index(step, x),
            Plain::PixelShuffle { factor, is_inverse } => self.shuffle(step, x, *factor, *is_inverse),
            Plain::ChannelShuffle { groups } => self.deal(step, x, *groups),
            Plain::Roll { shifts, axes: named } => {
                let named = axes(named)?;
                named.into_iter().zip(shifts).try_fold(x, |x, (at, shift)| {
                    let size = sizes[at];
                    let first = (-shift).rem_euclid(size.max(1) as isize) as usize;
                    let parts =
                        [[first, size - first, 1], [0, first, 1]].map(|part| self.slice(step, x.clone(), at, part));
                    let [late, early] = parts;
                    match first {
                        0 => Ok(x),
                        _ => self.concat(step, vec![Traced::Live(late?), Traced::Live(early?)], at),
                    }
                })
            }
            Plain::Pad => self.padded(step, x),
            Plain::Triangle { is_lower, diagonal } => {
                let [.., rows, columns] = sizes else { return Err("it is no matrix".into()) };
                let mask = fixed::triangle([*rows, *columns], *is_lower, *diagonal).map_err(text)?;
                let times = Arithmetic::Binary(Binary::Multiply);
                self.with_fixed(step, times, x, Fixed::constant(mask), false)
            }
            _ => Err("it is not known of values that depend on the input".into()),
        }
    }

    /// What is known of a value before anything comes in.
    fn said_of(&self, step: &Step, plain: &Plain, sizes: &[usize]) -> Result<Option<Fixed>> {
        let constant = match plain {
            Plain::Shape => {
                let sizes: Vec<_> = sizes.iter().map(|size| *size as f64).collect();
                Tensor::new(sizes, &candle_core::Device::Cpu)
            }
            Plain::Size { axis } => {
                let axis = fixed::axis(*axis, sizes.len()).map_err(text)?;
                Tensor::new(sizes[axis] as f64, &candle_core::Device::Cpu)
            }
            Plain::FullLike => fixed::full(sizes.to_vec(), self.number_at(step, 1)?.unwrap_or(0.0)),
            _ => return Ok(None),
        };
        constant.map(|tensor| Some(Fixed::constant(tensor))).map_err(text)
    }

    /// The sizes that a value gets by nothing but other borders between its axes.
    fn new_sizes(&self, step: &Step, plain: &Plain, sizes: &[usize]) -> Result<Option<Vec<usize>>> {
        let axis = |axis: isize| fixed::axis(axis, sizes.len()).map_err(text);
        match plain {
            Plain::Reshape { zero_copies } => {
                fixed::sizes(&self.numbers_at(step, 1)?, sizes, *zero_copies).map(Some).map_err(text)
            }
            Plain::Flatten { from, to } if !sizes.is_empty() => {
                let (from, to) = (axis(*from)?, axis(*to)?);
                let one: usize = sizes.get(from..=to).unwrap_or_default().iter().product();
                Ok(Some([&sizes[..from], &[one], &sizes[to + 1..]].concat()))
            }
            Plain::Unflatten { axis: at } => {
                let at = axis(*at)?;
                let parts = fixed::sizes(&self.numbers_at(step, 1)?, &sizes[at..=at], false).map_err(text)?;
                Ok(Some([&sizes[..at], &parts, &sizes[at + 1..]].concat()))
            }
            _ => Ok(None),
        }
    }

    fn expanded(&self, step: &Step, sizes: &[usize], by_broadcast: bool) -> Result<Vec<usize>> {
        let asked = self.numbers_at(step, 1)?;
        if by_broadcast {
            let asked: Vec<_> = asked.iter().map(|size| *size as usize).collect();
            return neartop_core::arithmetic::broadcast(sizes, &asked);
        }
        let missing = asked.len().checked_sub(sizes.len()).ok_or("it is expanded to fewer axes")?;
        let size = |(at, asked): (usize, &f64)| match *asked {
            asked if asked < 0.0 => at.checked_sub(missing).map_or(1, |at| sizes[at]),
            asked => asked as usize,
        };
        Ok(asked.iter().enumerate().map(size).collect())
    }

    fn reduce(&mut self, step: &Step, x: Live, how: Reduce, named: &[usize], keep: bool) -> Result<Live> {
        if named.iter().any(|axis| x.holds_samples(*axis)) {
            return Err("it sums over the samples".into());
        }
        let axes: Vec<_> = named.iter().flat_map(|axis| x.axes(*axis)).collect();
        let kept = x.dims.iter().enumerate().filter(|(axis, _)| !named.contains(axis)).map(|(_, dim)| dim.clone());
        let kept: Vec<_> = kept.collect();
        let units = self.units(x.value) + 1;
        let after = (!axes.contains(&units)).then(|| units - 1 - axes.iter().filter(|axis| **axis < units).count());
        let form = self.form_of(x.value, shape(&kept), after);
        let reduce = Arithmetic::Reduce { how, axes, keep: false };
        let value = self.emit(step, reduce, vec![Taken::Input], vec![x.value], form)?;
        if !keep {
            return Ok(Live { value, dims: kept });
        }
        let one =
            |(axis, dim): (usize, &Vec<Part>)| if named.contains(&axis) { vec![Part::Of(1)] } else { dim.clone() };
        let dims: Vec<_> = x.dims.iter().enumerate().map(one).collect();
        let mut to = self.as_shape(step, value, shape(&dims))?;
        // Channels stay where they were.
        if self.builder.form(x.value).layout == Layout::Channels && after.is_some() && dims.len() > 2 {
            to = self.read_as(step, to, Layout::Channels)?;
        }
        Ok(Live { value: to, dims })
    }

    /// The elements at places that the operand at `at` names.
    fn take_places(&mut self, step: &Step, x: Live, axis: usize, at: usize) -> Result<Live> {
        let places = self.fixed(step, at)?.ok_or("its places are missing")?;
        self.take_at(step, x, axis, &places)
    }

    pub(super) fn take_at(&mut self, step: &Step, x: Live, axis: usize, places: &Fixed) -> Result<Live> {
        let x = self.merged(step, x, axis)?;
        let own = x.axis(axis).ok_or("it takes some of the samples")?;
        let size = super::values::size(&x.dims[axis], self.samples);
        let numbers = places.numbers().map_err(text)?;
        let found = numbers.iter().map(|place| fixed::place(*place, size)).collect::<candle_core::Result<Vec<_>>>();
        let taken = self.taken(step, &x, axis, own, found.map_err(text)?)?;
        let sizes = taken.sizes(self.samples);
        let to = [&sizes[..axis], places.tensor.dims(), &sizes[axis + 1..]].concat();
        self.reshape(step, taken, &to)
    }

    /// `x[:, places]`
    fn index(&mut self, step: &Step, x: Live) -> Result<Live> {
        let Some(Operand::List(list)) = step.operands.get(1) else { return Err("its places are missing".into()) };
        let named: Vec<_> = list.iter().enumerate().filter(|(_, operand)| **operand != Operand::Absent).collect();
        let [(axis, operand)] = named.as_slice() else {
            return Err("it takes elements by several axes at once".into());
        };
        match self.take(Some(operand))? {
            Some(Traced::Fixed(places)) if !places.is_truth => self.take_at(step, x, *axis, &places),
            _ => Err("which elements it takes depends on the input, or on truths".into()),
        }
    }

    /// A rearrangement or a sum of what does not depend on the samples.
    fn of_fixed(&self, step: &Step, plain: &Plain, x: Fixed) -> Result<Fixed> {
        let sizes = x.tensor.dims().to_vec();
        if let Some(constant) = self.said_of(step, plain, &sizes)? {
            return Ok(constant);
        }
        let rank = sizes.len();
        let axis = |axis: isize| fixed::axis(axis, rank).map_err(text);
        let axes = |axes: &[isize]| axes.iter().map(|at| axis(*at)).collect::<Result<Vec<_>>>();
        if let Some(to) = self.new_sizes(step, plain, &sizes)? {
            return fixed::eval(&Arithmetic::Reshape(to), &[x]).map_err(text);
        }
        let arithmetic = match plain {
            Plain::Permute(order) => Arithmetic::Permute(axes(order)?),
            Plain::Transpose(a, b) => {
                let mut order: Vec<_> = (0..rank).collect();
                order.swap(axis(*a)?, axis(*b)?);
                Arithmetic::Permute(order)
            }
            Plain::Squeeze(named) => {
                let named = if named.is_empty() { (0..rank).collect() } else { axes(named)? };
                let kept = sizes.iter().enumerate().filter(|(axis, size)| !named.contains(axis) || **size != 1);
                Arithmetic::Reshape(kept.map(|(_, size)| *size).collect())
            }
            Plain::Unsqueeze(named) => {
                let mut to = sizes.clone();
                let all = rank + named.len();
                let mut named =
                    named.iter().map(|at| fixed::axis(*at, all).map_err(text)).collect::<Result<Vec<_>>>()?;
                named.sort_unstable();
                named.into_iter().for_each(|at| to.insert(at, 1));
                Arithmetic::Reshape(to)
            }
            Plain::Flatten { .. } => Arithmetic::Reshape(vec![1]),
            Plain::Expand { by_broadcast } => {
                let to = self.expanded(step, &sizes, *by_broadcast)?;
                fixed::check(&to).map_err(text)?;
                Arithmetic::Expand(to)
            }
            Plain::Slice { axis: at } => {
                let at = axis(*at)?;
                self.slice_of_fixed(step, at, sizes[at])?
            }
            Plain::Reduce { how, axes: named, keep } => {
                let named = if named.is_empty() { (0..rank).collect() } else { axes(named)? };
                Arithmetic::Reduce { how: *how, axes: named, keep: *keep }
            }
            Plain::CumulativeSum { axis: at } => Arithmetic::CumulativeSum { axis: axis(*at)? },
            _ => return self.of_fixed_by_places(step, plain, x, &sizes),
        };
        fixed::eval(&arithmetic, &[x]).map_err(text)
    }

    fn of_fixed_by_places(&self, step: &Step, plain: &Plain, x: Fixed, sizes: &[usize]) -> Result<Fixed> {
        let axis = |axis: isize| fixed::axis(axis, sizes.len()).map_err(text);
        match plain {
            Plain::Select { axis: at } => {
                let at = axis(*at)?;
                let start = fixed::place(self.number_at(step, 1)?.unwrap_or(0.0), sizes[at]).map_err(text)?;
                let one =
                    fixed::eval(&Arithmetic::Slice { axis: at, start, length: 1, step: 1 }, &[x]).map_err(text)?;
                let tensor = one.tensor.squeeze(at).map_err(text)?;
                Ok(one.seen(tensor, None))
            }
            Plain::Take { axis: at } => {
                let places = self.fixed(step, 1)?.ok_or("its places are missing")?;
                Self::taken_of_fixed(x, axis(*at)?, &places)
            }
            Plain::Difference { axis: at } => {
                let at = axis(*at)?;
                let before = self.fixed(step, 1)?;
                let all: Vec<_> = before.into_iter().chain([x]).collect();
                let x = fixed::eval(&Arithmetic::Concat { axis: at }, &all).map_err(text)?;
                let sizes = x.tensor.dims().to_vec();
                let part =
                    |start: usize| Arithmetic::Slice { axis: at, start, length: sizes[at].saturating_sub(1), step: 1 };
                let [later, earlier] = [1, 0].map(|start| fixed::eval(&part(start), std::slice::from_ref(&x)));
                let minus = Arithmetic::Binary(Binary::Subtract);
                fixed::eval(&minus, &[later.map_err(text)?, earlier.map_err(text)?]).map_err(text)
            }
            Plain::Index => self.index_of_fixed(step, x),
            Plain::Gather { axis: at } => self.gathered(step, x, axis(*at)?),
            Plain::Roll { shifts, axes: named } => {
                let mut x = x;
                for (at, shift) in named.iter().zip(shifts) {
                    let at = axis(*at)?;
                    let size = sizes[at];
                    let first = (-shift).rem_euclid(size.max(1) as isize) as usize;
                    let places = (0..size).map(|place| (place + first) % size).collect();
                    x = fixed::eval(&Arithmetic::Take { axis: at, places }, &[x]).map_err(text)?;
                }
                Ok(x)
            }
            Plain::Triangle { is_lower, diagonal } => fixed::within_triangle(x, *is_lower, *diagonal).map_err(text),
            Plain::Pad => {
                let (pads, value) = (self.numbers_at(step, 1)?, self.number_at(step, 2)?.unwrap_or(0.0));
                let mut x = x;
                for (at, pair) in pads.chunks_exact(2).enumerate() {
                    let axis = sizes.len().checked_sub(at + 1).ok_or("it pads more axes than there are")?;
                    let [before, after] = [pair[0].max(0.0) as usize, pair[1].max(0.0) as usize];
                    x = fixed::eval(&Arithmetic::Pad { axis, before, after, value }, &[x]).map_err(text)?;
                }
                Ok(x)
            }
            _ => Err("it is not known of constants".into()),
        }
    }
}
