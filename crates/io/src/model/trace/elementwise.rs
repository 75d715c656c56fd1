//! Functions of several values that are broadcast to each other, and products.

use std::sync::Arc;

use candle_core::{DType, Tensor};
use neartop_core::arithmetic::{Arithmetic, Binary};
use neartop_core::layer::Operation;
use neartop_core::layers::{Operand as Taken, Product, Sum};
use neartop_core::network::{Stored, ValueId};
use neartop_core::shape::Layout;

use super::values::{Dim, Fixed, Live, Part, Traced, shape, size};
use super::{Result, Tracer, fixed, text};
use crate::model::program::{Op, Plain, Step};

impl Tracer<'_> {
    /// An elementwise function of values that are broadcast to each other.
    pub(super) fn broadcast(&mut self, step: &Step, arithmetic: Arithmetic, operands: Vec<Traced>) -> Result<Traced> {
        if let Some(fixed) = all_fixed(&operands) {
            return fixed::eval(&arithmetic, &fixed).map(Traced::Fixed).map_err(text);
        }
        let dims = self.common(&operands)?;
        let (mut taken, mut inputs) = (Vec::new(), Vec::new());
        for operand in &operands {
            match operand {
                Traced::Live(live) => {
                    inputs.push(self.fitted(step, live, &dims)?);
                    taken.push(Taken::Input);
                }
                Traced::Fixed(fixed) => taken.push(self.aligned(step, fixed, &dims)?),
            }
        }
        let value = self.function(step, arithmetic, taken, inputs, &dims)?;
        Ok(Traced::Live(Live { value, dims }))
    }

    /// Adds the node of an elementwise function: a sum or a product of values of one form where it is one.
    fn function(
        &mut self,
        step: &Step,
        arithmetic: Arithmetic,
        taken: Vec<Taken>,
        inputs: Vec<ValueId>,
        dims: &[Dim],
    ) -> Result<ValueId> {
        let shape = shape(dims);
        let first = inputs.iter().copied().find(|value| self.builder.form(*value).shape.0 == shape);
        let first = first.or(inputs.first().copied()).unwrap_or_default();
        let units = self.units(first);
        if let [a, b] = inputs.as_slice()
            && taken.len() == 2
            && [a, b].iter().all(|value| self.builder.form(**value).shape.0 == shape)
            && [a, b].iter().all(|value| !matches!(self.builder.form(**value).layout, Layout::Ids { .. }))
        {
            let known: Option<Arc<dyn Operation>> = match arithmetic {
                Arithmetic::Binary(Binary::Add) => Some(Arc::new(Sum)),
                Arithmetic::Binary(Binary::Multiply) => Some(Arc::new(Product)),
                _ => None,
            };
            if let Some(operation) = known {
                let layout = self.builder.form(*a).layout;
                let b = self.read_as(step, *b, layout)?;
                if self.builder.form(*a) == self.builder.form(b) {
                    return self.operation(step, operation, vec![*a, b]);
                }
            }
        }
        let is_first = units == 0 && self.builder.form(first).shape.0.len() == shape.len();
        let units = if is_first { 0 } else { shape.len().saturating_sub(1) };
        let form = self.form_of(first, shape, Some(units));
        self.emit(step, arithmetic, taken, inputs, form)
    }

    pub(super) fn with_fixed(
        &mut self,
        step: &Step,
        arithmetic: Arithmetic,
        live: Live,
        fixed: Fixed,
        is_first: bool,
    ) -> Result<Live> {
        let mut operands = vec![Traced::Live(live), Traced::Fixed(fixed)];
        if is_first {
            operands.reverse();
        }
        match self.broadcast(step, arithmetic, operands)? {
            Traced::Live(live) => Ok(live),
            Traced::Fixed(_) => Err("it does not depend on the input".into()),
        }
    }

    pub(super) fn with_number(&mut self, step: &Step, function: Binary, live: Live, number: f64) -> Result<Live> {
        let number = Fixed::number(number).map_err(text)?;
        self.with_fixed(step, Arithmetic::Binary(function), live, number, false)
    }

    pub(super) fn live_binary(&mut self, step: &Step, function: Binary, a: Live, b: Live) -> Result<Live> {
        match self.broadcast(step, Arithmetic::Binary(function), vec![Traced::Live(a), Traced::Live(b)])? {
            Traced::Live(live) => Ok(live),
            Traced::Fixed(_) => Err("it does not depend on the input".into()),
        }
    }

    /// The axes in the file that values have together.
    pub(super) fn common(&self, operands: &[Traced]) -> Result<Vec<Dim>> {
        let rank = operands.iter().map(Traced::rank).max().unwrap_or(0);
        let dims = (0..rank).map(|axis| self.common_axis(operands, axis, rank)).collect::<Result<Vec<_>>>()?;
        match dims.iter().flatten().filter(|part| **part == Part::Samples).count() {
            0 | 1 => Ok(dims),
            _ => Err("it pairs every sample with every other".into()),
        }
    }

    fn common_axis(&self, operands: &[Traced], axis: usize, rank: usize) -> Result<Dim> {
        let mut found: Dim = vec![Part::Of(1)];
        let mut sizes = Vec::new();
        for operand in operands {
            let Some(at) = (axis + operand.rank()).checked_sub(rank) else { continue };
            match operand {
                Traced::Live(live) => {
                    let dim = &live.dims[at];
                    let is_single = *dim == [Part::Of(1)];
                    // The finer division serves all.
                    if !is_single && (found == [Part::Of(1)] || dim.len() > found.len()) {
                        found.clone_from(dim);
                    }
                    sizes.extend((!is_single).then(|| size(dim, self.samples)));
                }
                Traced::Fixed(fixed) => {
                    let size = fixed.tensor.dims()[at];
                    sizes.extend((size != 1).then_some(size));
                }
            }
        }
        let all = size(&found, self.samples);
        match sizes.iter().find(|size| found != [Part::Of(1)] && **size != all) {
            Some(other) => Err(format!("sizes {all} and {other} do not fit each other")),
            None if found == [Part::Of(1)] => match sizes.first() {
                Some(first) if sizes.iter().all(|size| size == first) => Ok(vec![Part::Of(*first)]),
                Some(_) => Err(format!("sizes {sizes:?} do not fit each other")),
                None => Ok(found),
            },
            None => Ok(found),
        }
    }

    /// A value with as many axes as `dims` have, of size 1 where it has none.
    pub(super) fn fitted(&mut self, step: &Step, live: &Live, dims: &[Dim]) -> Result<ValueId> {
        let missing = dims.len() - live.dims.len();
        let mut wanted = Vec::new();
        for (axis, dim) in dims.iter().enumerate() {
            let own = axis.checked_sub(missing).map(|at| &live.dims[at]);
            let parts = dim.iter().filter_map(|part| part.of());
            match own {
                Some(own) if own != &[Part::Of(1)] || *dim == [Part::Of(1)] => wanted.extend(parts),
                _ => wanted.extend(parts.map(|_| 1)),
            }
        }
        self.as_shape(step, live.value, wanted)
    }

    /// What does not depend on the samples, beside values with these axes.
    pub(super) fn aligned(&mut self, step: &Step, fixed: &Fixed, dims: &[Dim]) -> Result<Taken> {
        let sizes = fixed.tensor.dims();
        let missing = dims.len().checked_sub(sizes.len()).ok_or("it has more axes than the others")?;
        let (mut parts, mut samples) = (Vec::new(), None);
        for (axis, dim) in dims.iter().enumerate() {
            let own = axis.checked_sub(missing).map_or(1, |at| sizes[at]);
            if own == 1 {
                parts.extend(dim.iter().filter_map(|part| part.of()).map(|_| 1));
                continue;
            }
            for part in dim {
                if *part == Part::Samples {
                    samples = Some(parts.len());
                }
                parts.push(part.size(self.samples));
            }
        }
        let tensor = fixed.tensor.to_dtype(DType::F32).and_then(|tensor| tensor.reshape(parts)).map_err(text)?;
        let tensor = Self::without_axis(tensor, samples)?;
        let tensor = tensor.unsqueeze(0).and_then(|tensor| tensor.contiguous()).map_err(text)?;
        Ok(self.kept(step, fixed, tensor))
    }

    /// What arithmetic takes of a tensor that does not depend on the samples. Nothing is known of the law of a parameter there,
    /// so it keeps its numbers.
    pub(super) fn kept(&mut self, step: &Step, fixed: &Fixed, tensor: Tensor) -> Taken {
        self.note_product(step, fixed);
        self.note_frozen(std::iter::once(fixed));
        if !fixed.is_trained || fixed.is_frozen {
            return Taken::Constant(tensor);
        }
        match fixed.source.clone().filter(|source| self.elements(source) == Some(tensor.elem_count())) {
            Some(source) => {
                if !self.kept.insert(source.clone()) {
                    let name = &source.name;
                    self.remark(format!(
                        "{name} is used by arithmetic in several places: it counts and trains in each apart"
                    ));
                }
                Taken::Kept(tensor)
            }
            None => {
                self.remark(format!(
                    "what is computed from parameters at {} keeps its numbers: it is neither drawn, trained nor counted",
                    step.somewhere()
                ));
                Taken::Constant(tensor)
            }
        }
    }

    /// Keeps in mind that a product takes what may be the weight of a layer: a parameter, or, where the file does not say which
    /// tensors are some, one of several numbers that are not all 0 or 1.
    fn note_product(&mut self, step: &Step, fixed: &Fixed) {
        let is_product = matches!(step.op, Op::Plain(Plain::Binary(Binary::Multiply | Binary::Divide) | Plain::MatMul));
        let is_mask = || fixed.numbers().is_ok_and(|all| all.iter().all(|x| *x == 0.0 || *x == 1.0));
        let may_be = fixed.is_trained || !self.program.names_parameters && !is_mask();
        let Some(source) = fixed.source.as_ref().filter(|_| is_product && may_be && fixed.tensor.elem_count() > 1)
        else {
            return;
        };
        let found = (source.name.clone(), step.somewhere().to_owned());
        if !self.products.contains(&found) {
            self.products.push(found);
        }
    }

    /// Says once that products with parameters are no layers.
    pub(super) fn say_products(&mut self) {
        let Some((name, place)) = self.products.first() else { return };
        let more = match self.products.len() - 1 {
            0 => String::new(),
            1 => ", and one more by another".to_owned(),
            more => format!(", and {more} more by others"),
        };
        let remark = match self.program.names_parameters {
            true => format!(
                "{place} multiplies by {name}{more}: no known layer does so, so such parameters keep their numbers, and no layer is \
                 scored for them"
            ),
            false => format!(
                "{place} multiplies by the constant {name}{more}: the file does not say whether it is a parameter, so it keeps its \
                 numbers, and no layer is scored for it"
            ),
        };
        self.remark(remark);
    }

    /// Numbers of a parameter, or of some rows of it.
    pub(super) fn elements(&self, source: &Stored) -> Option<usize> {
        let stored = self.program.stored.values().find(|stored| stored.name == source.name)?;
        let (all, rows) = (stored.tensor.elem_count(), stored.tensor.dims().first().copied().unwrap_or(1));
        Some(source.rows.map_or(all, |[_, count]| all / rows.max(1) * count))
    }

    /// A tensor without the axis of the samples, for all of which it must be the same.
    pub(super) fn without_axis(tensor: Tensor, samples: Option<usize>) -> Result<Tensor> {
        let Some(axis) = samples else { return Ok(tensor) };
        let first = tensor.narrow(axis, 0, 1).map_err(text)?;
        let all = first.broadcast_as(tensor.shape()).and_then(|all| all.eq(&tensor)).map_err(text)?;
        let is_same =
            all.flatten_all().and_then(|all| all.to_vec1::<u8>()).map_err(text)?.iter().all(|same| *same == 1);
        match is_same {
            true => first.squeeze(axis).map_err(text),
            false => Err("a constant is not the same for all samples".into()),
        }
    }

    /// a b over the last two axes.
    pub(super) fn matmul(&mut self, step: &Step, a: Live, b: Live) -> Result<Live> {
        let rank = a.dims.len().max(b.dims.len());
        if a.dims.len().min(b.dims.len()) < 2 || rank < 3 {
            return Err("it is a product of vectors, or over the samples".into());
        }
        let [a, b] = [a, b].map(|x| Self::with_rank(x, rank));
        let a = self.merged(step, a, rank - 1)?;
        let a = if a.holds_samples(rank - 2) { a } else { self.merged(step, a, rank - 2)? };
        let b = (rank - 2..rank).try_fold(b, |b, axis| self.merged(step, b, axis))?;
        let leading = |x: &Live| Traced::Live(Live { value: x.value, dims: x.dims[..rank - 2].to_vec() });
        let before = self.common(&[leading(&a), leading(&b)])?;
        let full = |x: &Live| before.iter().cloned().chain(x.dims[rank - 2..].iter().cloned()).collect::<Vec<_>>();
        let inputs = vec![self.fitted(step, &a, &full(&a))?, self.fitted(step, &b, &full(&b))?];
        let mut dims = full(&a);
        dims[rank - 1].clone_from(&b.dims[rank - 1]);
        let form = self.form_of(inputs[0], shape(&dims), None);
        let value = self.emit(step, Arithmetic::MatMul, vec![Taken::Input, Taken::Input], inputs, form)?;
        Ok(Live { value, dims })
    }

    /// The product with what does not depend on the samples, on the right or on the left.
    pub(super) fn matmul_fixed(&mut self, step: &Step, x: Live, fixed: Fixed, is_first: bool) -> Result<Live> {
        let sizes = fixed.tensor.dims().to_vec();
        let rank = x.dims.len().max(sizes.len());
        let [.., rows, columns] = sizes.as_slice() else { return Err("it is a product with a vector".into()) };
        let x = Self::with_rank(x, rank);
        if rank < 2 || (is_first && x.holds_samples(rank - 2)) || x.holds_samples(rank - 1) {
            return Err("it is a product over the samples".into());
        }
        let mut x = self.merged(step, x, rank - 1)?;
        if is_first {
            x = self.merged(step, x, rank - 2)?;
        }
        let before = x.dims[..rank - 2].to_vec();
        let own = [vec![Part::Of(*rows)], vec![Part::Of(*columns)]];
        let taken = match sizes.len() {
            2 if !is_first => {
                let tensor = fixed.tensor.to_dtype(DType::F32).and_then(|tensor| tensor.contiguous()).map_err(text)?;
                self.kept(step, &fixed, tensor)
            }
            _ => self.aligned(step, &fixed, &before.iter().cloned().chain(own).collect::<Vec<_>>())?,
        };
        let mut dims = x.dims.clone();
        let (axis, units) = if is_first { (rank - 2, *rows) } else { (rank - 1, *columns) };
        dims[axis] = vec![Part::Of(units)];
        let form = self.form_of(x.value, shape(&dims), None);
        let operands = if is_first { vec![taken, Taken::Input] } else { vec![Taken::Input, taken] };
        let value = self.emit(step, Arithmetic::MatMul, operands, vec![x.value], form)?;
        Ok(Live { value, dims })
    }

    /// The same with axes of size 1 before its own.
    fn with_rank(live: Live, rank: usize) -> Live {
        let missing = rank.saturating_sub(live.dims.len());
        // Axes of size 1 are added to the network's value where it meets others.
        Live { dims: std::iter::repeat_n(vec![Part::Of(1)], missing).chain(live.dims).collect(), ..live }
    }
}

/// The operands where none depends on the samples.
pub(super) fn all_fixed(operands: &[Traced]) -> Option<Vec<Fixed>> {
    let fixed = operands.iter().map(|operand| match operand {
        Traced::Fixed(fixed) => Some(fixed.clone()),
        Traced::Live(_) => None,
    });
    fixed.collect()
}
