//! Recurrences.

use candle_core::{Device, Result, Tensor, bail};
use pulp::{Simd, WithSimd};

use super::lanes::{sigmoid, tanh};
use super::products::{LEAST_ROWS, multiply_by_rows_into};
use super::tensors::with_elements;
use crate::dispatch::dispatch;
use crate::fusing::Fusing;
use crate::idle::in_parts;

/// What a recurrence computes at every step, as PyTorch defines it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// With the gates i, f, g, o: c = f c + i g, h = o tanh(c).
    Lstm,
    /// With the gates r, z, n: h = (1 - z) n + z h.
    Gru,
    /// h = tanh of the sum of both products.
    Tanh,
}

impl Cell {
    /// How many rows of the weights there are for each unit.
    #[must_use]
    pub fn gates(self) -> usize {
        match self {
            Self::Lstm => 4,
            Self::Gru => 3,
            Self::Tanh => 1,
        }
    }
}

/// Inputs of about so many samples are multiplied at once: few enough to stay in the cache.
const ROWS: usize = 512;

/// The states of a recurrence over `input` `[samples, length, features]`, which starts from zero, with weights
/// `[gates x hidden, features]` and `[gates x hidden, hidden]`: `[samples, length, hidden]`. In reverse it walks from the
/// last position to the first, and leaves every state at its own position.
///
/// # Errors
/// If the tensors do not fit.
pub fn recur(
    cell: Cell,
    input: &Tensor,
    w_ih: &Tensor,
    w_hh: &Tensor,
    b_ih: Option<&Tensor>,
    b_hh: Option<&Tensor>,
    reverse: bool,
) -> Result<Tensor> {
    let (samples, length, features) = input.dims3()?;
    let (rows, hidden) = w_hh.dims2()?;
    if rows != cell.gates() * hidden || w_ih.dims() != [rows, features] {
        bail!("weights {:?} and {:?} do not fit inputs of {features} features", w_ih.dims(), w_hh.dims());
    }
    let bias = |bias: Option<&Tensor>| match bias {
        Some(bias) if bias.elem_count() != rows => bail!("{} biases for {rows} gates", bias.elem_count()),
        Some(bias) => with_elements(bias, <[f32]>::to_vec),
        None => Ok(vec![0.0; rows]),
    };
    let recurrence = Recurrence {
        cell,
        hidden,
        by_input: with_elements(w_ih, <[f32]>::to_vec)?,
        by_state: with_elements(w_hh, <[f32]>::to_vec)?,
        input_bias: bias(b_ih)?,
        state_bias: bias(b_hh)?,
    };
    let mut positions: Vec<_> = (0..length).collect();
    if reverse {
        positions.reverse();
    }
    let mut states = vec![0.0; samples * length * hidden];
    let work = (samples * length).saturating_mul(w_ih.elem_count() + w_hh.elem_count());
    with_elements(input, |x| {
        in_parts(&mut states, length * hidden, LEAST_ROWS, work, |first, y| {
            recurrence.walk(&x[first * length * features..], features, &positions, y);
        });
    })?;
    Tensor::from_vec(states, (samples, length, hidden), &Device::Cpu)
}

struct Recurrence {
    cell: Cell,
    hidden: usize,
    /// Weights `[gates x hidden, features]` and `[gates x hidden, hidden]`.
    by_input: Vec<f32>,
    by_state: Vec<f32>,
    input_bias: Vec<f32>,
    state_bias: Vec<f32>,
}

impl Recurrence {
    /// The states of as many samples as `y` has room for.
    fn walk(&self, x: &[f32], features: usize, positions: &[usize], y: &mut [f32]) {
        let (hidden, length) = (self.hidden, positions.len());
        let samples = y.len() / (length * hidden).max(1);
        let step = samples * self.cell.gates() * hidden;
        let (mut state, mut memory) = (vec![0.0; samples * hidden], vec![0.0; samples * hidden]);
        let at_once = ROWS.div_ceil(samples.max(1)).min(length).max(1);
        let mut inputs = vec![0.0; at_once * samples * features];
        let (mut by_input, mut by_state) = (vec![0.0; at_once * step], vec![0.0; step]);
        for positions in positions.chunks(at_once) {
            let inputs = &mut inputs[..positions.len() * samples * features];
            let places = positions.iter().flat_map(|p| (0..samples).map(move |s| (s * length + p) * features));
            for (to, from) in inputs.chunks_exact_mut(features.max(1)).zip(places) {
                to.copy_from_slice(&x[from..from + features]);
            }
            let by_input = &mut by_input[..positions.len() * step];
            multiply_by_rows_into(by_input, inputs, &self.by_input, features);
            for (position, by_input) in positions.iter().zip(by_input.chunks_exact_mut(step.max(1))) {
                multiply_by_rows_into(&mut by_state, &state, &self.by_state, hidden);
                let (by_state, state, memory) = (&mut by_state, &mut state, &mut memory);
                dispatch(Step { of: self, by_input, by_state, state, memory });
                for (sample, state) in state.chunks_exact(hidden).enumerate() {
                    y[(sample * length + position) * hidden..][..hidden].copy_from_slice(state);
                }
            }
        }
    }
}

/// Moves the states `[samples, hidden]` on, and the memories of an LSTM, by both products `[samples, gates x hidden]`.
struct Step<'a> {
    of: &'a Recurrence,
    by_input: &'a mut [f32],
    by_state: &'a mut [f32],
    state: &'a mut [f32],
    memory: &'a mut [f32],
}

impl WithSimd for Step<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { of, by_input, by_state, state, memory } = self;
        let fusing = Fusing::of(simd);
        let rows = of.cell.gates() * of.hidden;
        let states = state.chunks_exact_mut(of.hidden).zip(memory.chunks_exact_mut(of.hidden));
        let gates = by_input.chunks_exact_mut(rows).zip(by_state.chunks_exact_mut(rows));
        for ((x, a), (h, c)) in gates.zip(states) {
            add(x, &of.input_bias);
            add(a, &of.state_bias);
            match of.cell {
                Cell::Lstm => lstm(x, a, h, c, fusing),
                Cell::Gru => gru(x, a, h, fusing),
                Cell::Tanh => {
                    add(x, a);
                    tanh(x, fusing);
                    h.copy_from_slice(x);
                }
            }
        }
    }
}

#[inline(always)]
fn add(to: &mut [f32], what: &[f32]) {
    to.iter_mut().zip(what).for_each(|(to, what)| *to += what);
}

#[inline(always)]
fn lstm(x: &mut [f32], a: &[f32], h: &mut [f32], c: &mut [f32], fusing: Fusing) {
    let n = h.len();
    add(x, a);
    let (input, rest) = x.split_at_mut(2 * n);
    let (new, output) = rest.split_at_mut(n);
    sigmoid(input, fusing);
    tanh(new, fusing);
    sigmoid(output, fusing);
    let (input, forget) = input.split_at(n);
    for ((c, forget), (input, new)) in c.iter_mut().zip(forget).zip(input.iter().zip(&*new)) {
        *c = forget * *c + input * new;
    }
    h.copy_from_slice(c);
    tanh(h, fusing);
    h.iter_mut().zip(&*output).for_each(|(h, o)| *h *= o);
}

#[inline(always)]
fn gru(x: &mut [f32], a: &[f32], h: &mut [f32], fusing: Fusing) {
    let n = h.len();
    let (gates, new) = x.split_at_mut(2 * n);
    add(gates, &a[..2 * n]);
    sigmoid(gates, fusing);
    let (reset, update) = gates.split_at(n);
    for ((new, reset), a) in new.iter_mut().zip(reset).zip(&a[2 * n..]) {
        *new += reset * a;
    }
    tanh(new, fusing);
    for ((h, new), update) in h.iter_mut().zip(&*new).zip(update) {
        *h = (1.0 - update) * new + update * *h;
    }
}
