//! Recurrent layers and attention.

use std::collections::HashSet;
use std::sync::Arc;

use neartop_core::arithmetic::{Arithmetic, Binary};
use neartop_core::layers::{Concat, Operand as Taken, Recurrence};
use neartop_core::network::ValueId;
use neartop_core::shape::{Form, Layout};

use super::values::{Fixed, Live, Part, Traced};
use super::{Result, Tracer, fixed, text};
use crate::model::program::{Recurrent, Step};

impl<'p> Tracer<'p> {
    pub(super) fn recurrent(
        &mut self,
        step: &'p Step,
        recurrent: Recurrent,
        needed: &HashSet<&str>,
    ) -> Result<Vec<Traced>> {
        let x = self.live(step, 0)?;
        let places = usize::from(recurrent.batch_first);
        let samples = 1 - places;
        if x.dims.len() != 3 || x.dims[samples] != [Part::Samples] {
            return Err(format!("it takes samples x places x features, and {:?} come in", x.sizes(self.samples)));
        }
        let (x, initial) =
            (self.merged(step, x, 2)?, [self.take(step.operands.get(1))?, self.take(step.operands.get(2))?]);
        for state in initial.into_iter().flatten() {
            match state {
                Traced::Fixed(state) if state.numbers().map_err(text)?.iter().all(|x| *x == 0.0) => {}
                _ => return Err("it starts from a state that is not zero".into()),
            }
        }
        let is_used = |at: usize| step.outputs.get(at).is_some_and(|name| needed.contains(name.as_str()));
        if is_used(2) {
            return Err("its cell's last state is used, which is not known here".into());
        }
        let states = self.fixed(step, 4)?.ok_or("its weights are missing")?;
        let hidden = states.tensor.dims().last().copied().unwrap_or(0);
        let recurrent = Recurrent { hidden, ..recurrent };
        let mut below = self.read_as(step, x.value, Layout::Features)?;
        let mut ends = Vec::new();
        for layer in 0..recurrent.layers {
            below = self.recurrent_layer(step, recurrent, layer, below, &mut ends)?;
        }
        let directions = 1 + usize::from(recurrent.is_bidirectional);
        let mut dims = x.dims.clone();
        dims[2] = vec![Part::Of(recurrent.hidden * directions)];
        let mut made = vec![Traced::Live(Live { value: below, dims })];
        if is_used(1) {
            made.push(Traced::Live(self.last_states(step, &ends, recurrent.hidden)?));
        }
        Ok(made)
    }

    /// The states of one layer, those of both directions side by side.
    fn recurrent_layer(
        &mut self,
        step: &Step,
        recurrent: Recurrent,
        layer: usize,
        below: ValueId,
        ends: &mut Vec<(ValueId, bool)>,
    ) -> Result<ValueId> {
        const FIRST: usize = 3;
        let Recurrent { cell, hidden, has_biases, is_bidirectional, is_reversed, .. } = recurrent;
        let names: &[&'static str] = match has_biases {
            true => &["weight_ih", "weight_hh", "bias_ih", "bias_hh"],
            false => &["weight_ih", "weight_hh"],
        };
        let directions = 1 + usize::from(is_bidirectional);
        let mut states = Vec::new();
        for direction in 0..directions {
            let first = FIRST + (layer * directions + direction) * names.len();
            let weights = names.iter().enumerate().map(|(at, name)| {
                let fixed = self.fixed(step, first + at)?.ok_or_else(|| format!("its {name} is missing"))?;
                Ok((*name, fixed))
            });
            let weights = weights.collect::<Result<Vec<_>>>()?;
            let reverse = is_reversed || direction == 1;
            let operation = Arc::new(Recurrence { cell, hidden, reverse, bias: has_biases });
            let path = Self::recurrent_path(step, &weights, recurrent, layer, direction);
            let value = self.layer_named(step, &path, operation, below, &weights)?;
            ends.push((value, reverse));
            states.push(value);
        }
        match states.as_slice() {
            [one] => Ok(*one),
            _ => self.operation(step, Arc::new(Concat), states),
        }
    }

    /// The module's path; of what is only a part of what it gives, with the layer and the direction.
    fn recurrent_path(
        step: &Step,
        weights: &[(&'static str, Fixed)],
        recurrent: Recurrent,
        layer: usize,
        direction: usize,
    ) -> String {
        let source = weights.first().and_then(|(_, fixed)| fixed.source.as_ref());
        let path = source.and_then(|source| source.name.rsplit_once('.')).map_or("", |(path, _)| path);
        let path = if path.is_empty() { &step.module } else { path };
        if layer + 1 == recurrent.layers && !recurrent.is_bidirectional {
            return path.to_owned();
        }
        let way = if direction == 1 { "_reverse" } else { "" };
        format!("{path}.l{layer}{way}")
    }

    /// The last states of all layers and directions: `[layers x directions, samples, hidden]`.
    fn last_states(&mut self, step: &Step, ends: &[(ValueId, bool)], hidden: usize) -> Result<Live> {
        let mut last = Vec::new();
        for (value, reverse) in ends {
            let places = self.builder.form(*value).shape.0[0];
            let start = if *reverse { 0 } else { places - 1 };
            let slice = Arithmetic::Slice { axis: 1, start, length: 1, step: 1 };
            let form = Form::tokens(vec![1, hidden]);
            last.push(self.emit(step, slice, vec![Taken::Input], vec![*value], form)?);
        }
        let form = Form::tokens(vec![last.len(), hidden]);
        let operands = vec![Taken::Input; last.len()];
        let dims = vec![vec![Part::Of(last.len())], vec![Part::Samples], vec![Part::Of(hidden)]];
        let value = self.emit(step, Arithmetic::Concat { axis: 1 }, operands, last, form)?;
        Ok(Live { value, dims })
    }

    /// softmax(q k^T scale + mask) v
    pub(super) fn attention(&mut self, step: &Step, is_causal: bool, scale: Option<f64>) -> Result<Live> {
        let [q, k, v] = [self.entering(step, 0)?, self.entering(step, 1)?, self.entering(step, 2)?];
        let rank = q.dims.len();
        if rank < 3 || k.dims.len() != rank || v.dims.len() != rank {
            return Err("queries, keys and values have different axes".into());
        }
        let size = super::values::size(&q.dims[rank - 1], self.samples);
        let scale = scale.unwrap_or((size as f64).sqrt().recip());
        let [queries, keys] = [&q, &k].map(|x| super::values::size(&x.dims[rank - 2], self.samples));
        let (k, v) = (self.heads_like(step, &q, k)?, self.heads_like(step, &q, v)?);
        let k = self.swapped(step, k, rank - 2, rank - 1)?;
        let mut scores = self.matmul(step, q, k)?;
        scores = self.with_number(step, Binary::Multiply, scores, scale)?;
        if is_causal {
            let seen = fixed::triangle([queries, keys], true, 0).map_err(text)?;
            scores = self.masked(step, scores, Fixed::constant(seen), true)?;
        }
        match self.take(step.operands.get(3))? {
            None => {}
            Some(Traced::Fixed(mask)) => {
                let is_truth = mask.is_truth;
                scores = self.masked(step, scores, mask, is_truth)?;
            }
            Some(Traced::Live(mask)) => scores = self.live_binary(step, Binary::Add, scores, mask)?,
        }
        let axis = scores.axis(rank - 1).ok_or("its keys hold the samples")?;
        let form = self.builder.form(scores.value).clone();
        let softmax = Arithmetic::Softmax { axis, is_log: false };
        let value = self.emit(step, softmax, vec![Taken::Input], vec![scores.value], form)?;
        self.matmul(step, Live { value, ..scores }, v)
    }

    /// Keys or values repeated for every head of the queries that shares them.
    fn heads_like(&mut self, step: &Step, q: &Live, x: Live) -> Result<Live> {
        let axis = q.dims.len() - 3;
        let [heads, own] = [q, &x].map(|x| super::values::size(&x.dims[axis], self.samples));
        if heads == own || own == 0 || heads % own != 0 || x.holds_samples(axis) {
            return Ok(x);
        }
        let x = self.merged(step, x, axis)?;
        let at = x.axis(axis).ok_or("its heads hold the samples")?;
        let places = (0..heads).map(|head| head / (heads / own)).collect();
        self.taken(step, &x, axis, at, places)
    }

    /// Minus infinity where nothing is seen, or numbers that are added.
    fn masked(&mut self, step: &Step, scores: Live, mask: Fixed, is_truth: bool) -> Result<Live> {
        let mask = match is_truth {
            false => mask,
            true => {
                let seen = mask.numbers().map_err(text)?;
                let added: Vec<_> =
                    seen.iter().map(|seen| if *seen == 0.0 { f64::NEG_INFINITY } else { 0.0 }).collect();
                let tensor = candle_core::Tensor::from_vec(added, mask.tensor.dims(), &candle_core::Device::Cpu);
                Fixed::constant(tensor.map_err(text)?)
            }
        };
        self.with_fixed(step, Arithmetic::Binary(Binary::Add), scores, mask, false)
    }
}
