//! Elements that are chosen by their order, or by places that depend on the samples.

use candle_core::DType;
use neartop_core::arithmetic::{Arithmetic, Binary};
use neartop_core::layers::Operand as Taken;
use neartop_core::network::ValueId;
use neartop_core::shape::{Form, Layout, Shape};

use super::elementwise::all_fixed;
use super::values::{Dim, Fixed, Live, Part, Traced, shape, size};
use super::{Result, Tracer, fixed, text};
use crate::model::program::{Operand, Plain, Step};

impl Tracer<'_> {
    /// What a step makes that chooses by what depends on the samples; none where it does not.
    pub(super) fn choice(&mut self, step: &Step, plain: &Plain) -> Result<Option<Traced>> {
        let is_live = |at: usize| Ok::<_, String>(matches!(self.take(step.operands.get(at))?, Some(Traced::Live(_))));
        let made = match plain {
            Plain::Order { axis, descending } => self.ordered(step, *axis, *descending)?,
            Plain::Gather { axis } if is_live(1)? => return self.gathered_of_all(step, *axis).map(Some),
            Plain::Put { axis, adds } => self.put(step, *axis, *adds)?,
            Plain::Take { axis: 0 } if is_live(1)? => {
                let places = self.need(step, 1)?;
                Traced::Live(self.at_places(step, vec![(0, places)])?)
            }
            Plain::Index => {
                let places = self.named_places(step)?;
                if !self.depends(step, &places)? {
                    return Ok(None);
                }
                Traced::Live(self.at_places(step, places)?)
            }
            Plain::PutAt { adds } => self.put_at(step, *adds)?,
            _ => return Ok(None),
        };
        Ok(Some(made))
    }

    /// Places by axis, where there are some.
    fn named_places(&self, step: &Step) -> Result<Vec<(usize, Traced)>> {
        let Some(Operand::List(list)) = step.operands.get(1) else {
            return Err("it takes elements where a condition holds, and how many depends on the samples".into());
        };
        let named = list.iter().enumerate().map(|(axis, one)| Ok(self.take(Some(one))?.map(|one| (axis, one))));
        named.filter_map(Result::transpose).collect()
    }

    /// Whether it is more than elements of a value along one axis, or of constants, at places that are known.
    fn depends(&self, step: &Step, places: &[(usize, Traced)]) -> Result<bool> {
        let is_live = matches!(self.need(step, 0)?, Traced::Live(_));
        Ok(places.iter().any(|(_, one)| matches!(one, Traced::Live(_))) || is_live && places.len() > 1)
    }

    /// The places of elements along an axis, by their order.
    fn ordered(&mut self, step: &Step, axis: isize, descending: bool) -> Result<Traced> {
        let x = match self.need(step, 0)? {
            Traced::Live(x) => x,
            Traced::Fixed(x) => {
                let axis = fixed::axis(axis, x.tensor.rank()).map_err(text)?;
                let made = fixed::eval(&Arithmetic::Order { axis, descending }, &[x]).map_err(text)?;
                return Ok(Traced::Fixed(Fixed { is_trained: false, is_truth: false, ..made }));
            }
        };
        let axis = fixed::axis(axis, x.dims.len()).map_err(text)?;
        let x = self.merged(step, x, axis)?;
        let at = x.axis(axis).ok_or("it orders the samples")?;
        let form = Form { layout: Layout::Features, ..self.builder.form(x.value).clone() };
        let value =
            self.emit(step, Arithmetic::Order { axis: at, descending }, vec![Taken::Input], vec![x.value], form)?;
        Ok(Traced::Live(Live { value, ..x }))
    }

    /// `torch.gather` by places that depend on the samples.
    fn gathered_of_all(&mut self, step: &Step, axis: isize) -> Result<Traced> {
        let places = self.live(step, 1)?;
        let x = match self.need(step, 0)? {
            Traced::Live(x) => x,
            Traced::Fixed(x) => match super::places::alike(&x, places.sizes(self.samples)) {
                Ok(alike) => return Ok(Traced::Fixed(alike)),
                Err(_) => self.started(step, &x)?,
            },
        };
        let axis = fixed::axis(axis, x.dims.len()).map_err(text)?;
        let (x, places) = self.beside(step, x, places, axis)?;
        let (Some(at), Some(_)) = (x.axis(axis), places.axis(axis)) else {
            return Err("it takes some of the samples".into());
        };
        let form = self.form_of(x.value, shape(&places.dims), Some(self.units(x.value)));
        let inputs = vec![x.value, places.value];
        let value = self.emit(step, Arithmetic::Gather { axis: at }, vec![Taken::Input; 2], inputs, form)?;
        Ok(Traced::Live(Live { value, ..places }))
    }

    /// A value as it lies beside places: of their sizes but along an axis, what is beyond them cut off.
    fn beside(&mut self, step: &Step, x: Live, places: Live, axis: usize) -> Result<(Live, Live)> {
        let (mut x, places) = (self.with_whole_axes(step, x)?, self.with_whole_axes(step, places)?);
        if x.dims.len() != places.dims.len() {
            return Err("its places have other axes".into());
        }
        for other in (0..x.dims.len()).filter(|other| *other != axis) {
            if x.dims[other] == places.dims[other] {
                continue;
            }
            let [own, to] = [&x, &places].map(|one| size(&one.dims[other], self.samples));
            if x.holds_samples(other) || places.holds_samples(other) || to > own {
                return Err("its places lie along other axes".into());
            }
            x = self.slice(step, x, other, [0, to, 1])?;
        }
        Ok((x, places))
    }

    /// A value with others put at places along an axis, or added there.
    fn put(&mut self, step: &Step, axis: isize, adds: bool) -> Result<Traced> {
        let operands = [self.need(step, 0)?, self.need(step, 1)?, self.need(step, 2)?];
        let [base, places, values] = operands.clone();
        let rank = |one: &Traced| match one {
            Traced::Live(x) => x.dims.len(),
            Traced::Fixed(x) => x.tensor.rank(),
        };
        let axis = fixed::axis(axis, rank(&places)).map_err(text)?;
        if let Some(fixed) = all_fixed(&operands) {
            return fixed::eval(&Arithmetic::Scatter { axis, adds }, &fixed).map(Traced::Fixed).map_err(text);
        }
        let places = match places {
            Traced::Live(places) => places,
            Traced::Fixed(places) => self.started(step, &places)?,
        };
        let places = self.with_whole_axes(step, places)?;
        let at = places.axis(axis).ok_or("it puts values among the samples")?;
        let mut dims = places.dims.clone();
        let (mut taken, mut inputs) = (Vec::new(), vec![places.value]);
        match base {
            Traced::Live(base) => {
                let base = self.with_whole_axes(step, base)?;
                dims[axis].clone_from(base.dims.get(axis).ok_or("its places have other axes")?);
                if base.dims != dims {
                    return Err("it puts values at some places of the other axes only".into());
                }
                taken.push(Taken::Input);
                inputs.insert(0, base.value);
            }
            Traced::Fixed(base) => {
                dims[axis] = vec![Part::Of(base.tensor.dim(axis).map_err(text)?)];
                let all: Vec<_> = dims.iter().map(|dim| size(dim, self.samples)).collect();
                if base.tensor.dims() != all {
                    return Err("it puts values at some places of the other axes only".into());
                }
                taken.push(self.aligned(step, &base, &dims)?);
            }
        }
        taken.push(Taken::Input);
        match values {
            Traced::Fixed(values) => taken.push(self.aligned(step, &values, &places.dims)?),
            Traced::Live(values) => {
                let (values, _) = self.beside(step, values, places.clone(), places.dims.len())?;
                taken.push(Taken::Input);
                inputs.push(values.value);
            }
        }
        let form = Form { shape: Shape(shape(&dims)), layout: Layout::Features };
        let value = self.emit(step, Arithmetic::Scatter { axis: at, adds }, taken, inputs, form)?;
        Ok(Traced::Live(Live { value, dims }))
    }

    /// The elements of a value, or of a table, at places by axis.
    fn at_places(&mut self, step: &Step, places: Vec<(usize, Traced)>) -> Result<Live> {
        match self.need(step, 0)? {
            Traced::Fixed(table) => match places.as_slice() {
                [(0, Traced::Live(places))] => self.rows_of(step, &table, places),
                _ => Err("it takes elements of a constant by several axes at once, which depend on the input".into()),
            },
            Traced::Live(x) => match all_fixed(&places.iter().map(|(_, one)| one.clone()).collect::<Vec<_>>()) {
                Some(known) => self.at_known(step, x, places[0].0, known),
                None => {
                    let (x, places) = self.in_each(step, x, places)?;
                    self.rows_at(step, &x, &places)
                }
            },
        }
    }

    /// Elements at places that neighbouring axes name together.
    fn at_known(&mut self, step: &Step, x: Live, first: usize, places: Vec<Fixed>) -> Result<Live> {
        let sizes = x.sizes(self.samples);
        let named = sizes.get(first..first + places.len()).ok_or("it names more axes than there are")?.to_vec();
        let is_apart =
            |(at, one): (usize, &Operand)| (at < first || at >= first + places.len()) == (*one == Operand::Absent);
        let Some(Operand::List(list)) = step.operands.get(1) else { return Err("its places are missing".into()) };
        if !list.iter().enumerate().all(is_apart) || (first..first + places.len()).any(|axis| x.holds_samples(axis)) {
            return Err("it takes elements by several axes that are not side by side".into());
        }
        let flat = super::places::flat(&places, &named)?;
        let to = [&sizes[..first], &[named.iter().product()], &sizes[first + named.len()..]].concat();
        let x = self.reshape(step, x, &to)?;
        self.take_at(step, x, first, &flat)
    }

    /// A value `[samples, places, ...]` and the places in each sample that are taken: the first axis that is named is that of
    /// the samples, each of which takes its own.
    pub(super) fn in_each(&mut self, step: &Step, x: Live, places: Vec<(usize, Traced)>) -> Result<(Live, Live)> {
        const OTHERS: &str = "it takes for every sample what other samples choose";
        let [(first, Traced::Fixed(numbers)), rest @ ..] = places.as_slice() else { return Err(OTHERS.into()) };
        let rest_only: Vec<_> = rest.iter().map(|(_, one)| one.clone()).collect();
        let dims = self.common(&rest_only)?;
        if x.dims[*first] != [Part::Samples] || self.stride(numbers, &dims) != Some(1) {
            return Err(OTHERS.into());
        }
        let sizes = x.sizes(self.samples);
        let mut flat = None;
        for (axis, one) in rest {
            let own = from_start(one.clone(), sizes[*axis])?;
            flat = Some(match flat {
                None => own,
                Some(before) => {
                    let factor = Traced::Fixed(Fixed::number(sizes[*axis] as f64).map_err(text)?);
                    let run = self.broadcast(step, Arithmetic::Binary(Binary::Multiply), vec![before, factor])?;
                    self.broadcast(step, Arithmetic::Binary(Binary::Add), vec![run, own])?
                }
            });
        }
        let Some(Traced::Live(flat)) = flat else { return Err(OTHERS.into()) };
        let named: Vec<_> = places.iter().map(|(axis, _)| *axis).collect();
        let others = (0..x.dims.len()).filter(|axis| !named.contains(axis));
        let order: Vec<_> = named.iter().copied().chain(others).collect();
        let x = self.permute(step, x, &order)?;
        let sizes = x.sizes(self.samples);
        let count = sizes[1..named.len()].iter().product();
        let x = self.reshape(step, x, &[&sizes[..1], &[count], &sizes[named.len()..]].concat())?;
        Ok((x, flat))
    }

    /// Of a value `[samples, rows, ...]`, the rows at places of each sample.
    pub(super) fn rows_at(&mut self, step: &Step, x: &Live, places: &Live) -> Result<Live> {
        let sizes = x.shape();
        let rest = sizes.get(1..).ok_or("it has no rows")?;
        let at = self.spread_places(step, places.value, rest)?;
        let taken: Vec<_> = self.builder.form(at).shape.0.clone();
        let form = Form { shape: Shape(taken), layout: Layout::Features };
        let value = self.emit(step, Arithmetic::Gather { axis: 1 }, vec![Taken::Input; 2], vec![x.value, at], form)?;
        let dims: Vec<Dim> = places.dims.iter().chain(&x.dims[2..]).cloned().collect();
        let value = self.as_shape(step, value, shape(&dims))?;
        Ok(Live { value, dims })
    }

    /// Places `[samples, ...]` as `[samples, places, rest]`, the same for all of the rest.
    fn spread_places(&mut self, step: &Step, places: ValueId, rest: &[usize]) -> Result<ValueId> {
        let count: usize = self.builder.form(places).shape.0.iter().product();
        let ones = vec![1; rest.len()];
        let value = self.as_shape(step, places, [&[count], ones.as_slice()].concat())?;
        if rest.iter().all(|size| *size == 1) {
            return Ok(value);
        }
        let to = [&[count], rest].concat();
        let form = Form { shape: Shape(to.clone()), layout: Layout::Features };
        let all = std::iter::once(1).chain(to).collect();
        self.emit(step, Arithmetic::Expand(all), vec![Taken::Input], vec![value], form)
    }

    /// Rows of a table that is the same for all samples.
    fn rows_of(&mut self, step: &Step, table: &Fixed, places: &Live) -> Result<Live> {
        let rest = table.tensor.dims().get(1..).ok_or("it has no rows")?;
        let dims: Vec<Dim> = places.dims.iter().cloned().chain(rest.iter().map(|size| vec![Part::Of(*size)])).collect();
        let tensor = table.tensor.to_dtype(DType::F32).and_then(|tensor| tensor.unsqueeze(0)?.contiguous());
        let kept = self.kept(step, table, tensor.map_err(text)?);
        if let (true, Some(source)) = (table.is_trained, &table.source) {
            self.remark(format!(
                "{} takes rows of {} by their numbers: no layer is scored for them, and they keep their numbers",
                step.somewhere(),
                source.name
            ));
        }
        let form = Form { shape: Shape(shape(&dims)), layout: Layout::Features };
        let value = self.emit(step, Arithmetic::Rows, vec![kept, Taken::Input], vec![places.value], form)?;
        Ok(Live { value, dims })
    }

    /// `x[samples, places] = values`
    fn put_at(&mut self, step: &Step, adds: bool) -> Result<Traced> {
        let places = self.named_places(step)?;
        let x = match self.need(step, 0)? {
            Traced::Live(x) => x,
            Traced::Fixed(x) => self.started(step, &x)?,
        };
        let named: Vec<_> = places.iter().map(|(axis, _)| *axis).collect();
        if named != [0, 1] {
            return Err("it changes elements at places that are not known here".into());
        }
        let (x, places) = self.in_each(step, x, places)?;
        let at = self.spread_places(step, places.value, &x.shape()[1..])?;
        let to = self.builder.form(at).shape.0.clone();
        let (mut taken, mut inputs) = (vec![Taken::Input; 2], vec![x.value, at]);
        match self.need(step, 2)? {
            Traced::Fixed(values) if values.tensor.elem_count() == 1 => {
                let one = values.tensor.to_dtype(DType::F32).and_then(|one| one.reshape(vec![1; to.len() + 1]));
                taken.push(Taken::Constant(one.map_err(text)?));
            }
            Traced::Live(values) if values.dims.len() == places.dims.len() + x.dims.len() - 2 => {
                taken.push(Taken::Input);
                inputs.push(self.as_shape(step, values.value, to)?);
            }
            _ => return Err("what it puts there has other sizes".into()),
        }
        let form = self.builder.form(x.value).clone();
        let value = self.emit(step, Arithmetic::Scatter { axis: 1, adds }, taken, inputs, form)?;
        Ok(Traced::Live(Live { value, ..x }))
    }
}

/// Places that count from the start.
fn from_start(places: Traced, size: usize) -> Result<Traced> {
    let Traced::Fixed(places) = places else { return Ok(places) };
    let found = places.numbers().map_err(text)?.into_iter().map(|at| Ok(fixed::place(at, size)? as f64));
    let found = found.collect::<candle_core::Result<Vec<_>>>().map_err(text)?;
    let tensor = candle_core::Tensor::from_vec(found, places.tensor.dims(), &candle_core::Device::Cpu);
    Ok(Traced::Fixed(Fixed::constant(tensor.map_err(text)?)))
}
