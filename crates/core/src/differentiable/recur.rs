//! Recurrences.

use candle_core::{Result, Tensor, bail};
use faer::Accum;

use super::function::{Float, Function, apply3};
use super::linear::linear;
use super::products::{matrix, multiply, multiply_into};
use crate::kernels::Cell;

/// The states of a recurrence, see [`crate::kernels::recur`].
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
    if let Some(bias) = [b_ih, b_hh].into_iter().flatten().find(|bias| bias.elem_count() != rows) {
        bail!("{} biases for {rows} gates", bias.elem_count());
    }
    let bias = match b_hh {
        Some(bias) => bias.clone(),
        None => Tensor::zeros(rows, input.dtype(), input.device())?,
    };
    apply3(Recurrence { cell, samples, length, hidden, reverse }, &linear(input, w_ih, b_ih)?, w_hh, &bias)
}

/// Of the products with the inputs `[samples, length, gates x hidden]`, and of the weights and biases of the states.
struct Recurrence {
    cell: Cell,
    samples: usize,
    length: usize,
    hidden: usize,
    reverse: bool,
}

/// What is known at one position: of all samples, one after the other.
struct Step<T> {
    position: usize,
    /// The state that came in.
    state: Vec<T>,
    /// The products with that state, and the gates after their activations.
    by_state: Vec<T>,
    gates: Vec<T>,
    /// The memory of an LSTM that came in, and what becomes of it.
    memories: [Vec<T>; 2],
}

impl Recurrence {
    fn rows(&self) -> usize {
        self.cell.gates() * self.hidden
    }

    /// Rows of `width` elements of one position.
    fn at(&self, position: usize, width: usize) -> impl Iterator<Item = std::ops::Range<usize>> + use<> {
        let length = self.length;
        (0..self.samples).map(move |sample| (sample * length + position) * width).map(move |at| at..at + width)
    }

    /// Calls `visit` at every position with what is known there and the state that goes out.
    fn walk<T: Float>(&self, [x, w, b]: [&[T]; 3], mut visit: impl FnMut(Step<T>, &[T])) {
        let (rows, hidden) = (self.rows(), self.hidden);
        let mut state = vec![T::zero(); self.samples * hidden];
        let mut memory = state.clone();
        for step in 0..self.length {
            let position = if self.reverse { self.length - 1 - step } else { step };
            let before = [state.clone(), memory.clone()];
            let mut by_state = multiply(matrix(&state, self.samples, hidden), matrix(w, rows, hidden).transpose());
            by_state.chunks_exact_mut(rows).for_each(|row| add(row, b));
            let mut gates: Vec<T> = self.at(position, rows).flat_map(|range| &x[range]).copied().collect();
            let states = state.chunks_exact_mut(hidden).zip(memory.chunks_exact_mut(hidden));
            let products = gates.chunks_exact_mut(rows).zip(by_state.chunks_exact(rows));
            for ((x, a), (h, c)) in products.zip(states) {
                forward(self.cell, [x, h, c], a);
            }
            let [came_in, memory_before] = before;
            let memories = [memory_before, memory.clone()];
            visit(Step { position, state: came_in, by_state, gates, memories }, &state);
        }
    }

    /// Moves the gradients by the state and the memory from after a step to before it, but for what goes through the
    /// weights, and returns those by both products.
    fn back<T: Float>(&self, step: &Step<T>, by_h: &mut [T], by_c: &mut [T]) -> [Vec<T>; 2] {
        let (rows, hidden) = (self.rows(), self.hidden);
        let [mut by_x, mut by_a] = [(); 2].map(|()| vec![T::zero(); step.gates.len()]);
        let mut tanh_of_memory = step.memories[1].clone();
        T::tanh(&mut tanh_of_memory);
        for sample in 0..self.samples {
            let (units, gates) = (sample * hidden..(sample + 1) * hidden, sample * rows..(sample + 1) * rows);
            let known = Known {
                gates: &step.gates[gates.clone()],
                a: &step.by_state[gates.clone()],
                h: &step.state[units.clone()],
                c: &step.memories[0][units.clone()],
                tanh_of_c: &tanh_of_memory[units.clone()],
            };
            let (by_h, by_c) = (&mut by_h[units.clone()], &mut by_c[units]);
            let (by_x, by_a) = (&mut by_x[gates.clone()], &mut by_a[gates]);
            match self.cell {
                Cell::Lstm => known.lstm(by_h, by_c, by_x),
                Cell::Gru => known.gru(by_h, by_x, by_a),
                Cell::Tanh => known.tanh(by_h, by_x),
            }
            if self.cell != Cell::Gru {
                by_a.copy_from_slice(by_x);
            }
        }
        [by_x, by_a]
    }
}

impl Function<3> for Recurrence {
    const NAME: &'static str = "recurrence";

    fn dims(&self, _: &[usize]) -> Vec<usize> {
        vec![self.samples, self.length, self.hidden]
    }

    fn forward<T: Float>(&self, arguments: [&[T]; 3]) -> Vec<T> {
        let mut y = vec![T::zero(); self.samples * self.length * self.hidden];
        self.walk(arguments, |step, state| {
            for (range, state) in self.at(step.position, self.hidden).zip(state.chunks_exact(self.hidden)) {
                y[range].copy_from_slice(state);
            }
        });
        y
    }

    fn backward<T: Float>(&self, [x, w, b]: [&[T]; 3], _: &[T], g: &[T], _: [bool; 3]) -> [Option<Vec<T>>; 3] {
        let (rows, hidden, samples) = (self.rows(), self.hidden, self.samples);
        let mut steps = Vec::with_capacity(self.length);
        self.walk([x, w, b], |step, _| steps.push(step));
        let [mut by_x, mut by_w, mut by_b] = [x, w, b].map(|argument| vec![T::zero(); argument.len()]);
        let [mut by_h, mut by_c] = [(); 2].map(|()| vec![T::zero(); samples * hidden]);
        for step in steps.iter().rev() {
            for (by_h, range) in by_h.chunks_exact_mut(hidden).zip(self.at(step.position, hidden)) {
                add(by_h, &g[range]);
            }
            let [into_x, by_a] = self.back(step, &mut by_h, &mut by_c);
            for (range, row) in self.at(step.position, rows).zip(into_x.chunks_exact(rows)) {
                by_x[range].copy_from_slice(row);
            }
            by_a.chunks_exact(rows).for_each(|row| add(&mut by_b, row));
            let by_a = matrix(&by_a, samples, rows);
            multiply_into(&mut by_w, Accum::Add, by_a.transpose(), matrix(&step.state, samples, hidden));
            multiply_into(&mut by_h, Accum::Add, by_a, matrix(w, rows, hidden));
        }
        [Some(by_x), Some(by_w), Some(by_b)]
    }
}

fn add<T: Float>(to: &mut [T], what: &[T]) {
    to.iter_mut().zip(what).for_each(|(to, what)| *to += *what);
}

/// Moves the state and the memory of one sample on; the products with its input become the gates.
fn forward<T: Float>(cell: Cell, [x, h, c]: [&mut [T]; 3], a: &[T]) {
    let n = h.len();
    match cell {
        Cell::Lstm => {
            add(x, a);
            T::sigmoid(&mut x[..2 * n]);
            T::tanh(&mut x[2 * n..3 * n]);
            T::sigmoid(&mut x[3 * n..]);
            for i in 0..n {
                c[i] = x[n + i] * c[i] + x[i] * x[2 * n + i];
            }
            h.copy_from_slice(c);
            T::tanh(h);
            h.iter_mut().zip(&x[3 * n..]).for_each(|(h, o)| *h *= *o);
        }
        Cell::Gru => {
            add(&mut x[..2 * n], &a[..2 * n]);
            T::sigmoid(&mut x[..2 * n]);
            for i in 0..n {
                let reset = x[i] * a[2 * n + i];
                x[2 * n + i] += reset;
            }
            T::tanh(&mut x[2 * n..]);
            for i in 0..n {
                h[i] = x[2 * n + i] + x[n + i] * (h[i] - x[2 * n + i]);
            }
        }
        Cell::Tanh => {
            add(x, a);
            T::tanh(x);
            h.copy_from_slice(x);
        }
    }
}

/// What is known of one sample at one position.
struct Known<'a, T> {
    gates: &'a [T],
    a: &'a [T],
    h: &'a [T],
    c: &'a [T],
    tanh_of_c: &'a [T],
}

impl<T: Float> Known<'_, T> {
    fn lstm(&self, by_h: &mut [T], by_c: &mut [T], by_x: &mut [T]) {
        let n = by_h.len();
        let one = T::one();
        for at in 0..n {
            let [i, f, g, o] = [0, 1, 2, 3].map(|gate| self.gates[gate * n + at]);
            let (dh, tanh) = (by_h[at], self.tanh_of_c[at]);
            let dc = by_c[at] + dh * o * (one - tanh * tanh);
            by_x[at] = dc * g * i * (one - i);
            by_x[n + at] = dc * self.c[at] * f * (one - f);
            by_x[2 * n + at] = dc * i * (one - g * g);
            by_x[3 * n + at] = dh * tanh * o * (one - o);
            by_c[at] = dc * f;
            by_h[at] = T::zero();
        }
    }

    fn gru(&self, by_h: &mut [T], by_x: &mut [T], by_a: &mut [T]) {
        let n = by_h.len();
        let one = T::one();
        for at in 0..n {
            let [r, z, new] = [0, 1, 2].map(|gate| self.gates[gate * n + at]);
            let dh = by_h[at];
            let by_new = dh * (one - z) * (one - new * new);
            by_x[at] = by_new * self.a[2 * n + at] * r * (one - r);
            by_x[n + at] = dh * (self.h[at] - new) * z * (one - z);
            by_x[2 * n + at] = by_new;
            by_a[at] = by_x[at];
            by_a[n + at] = by_x[n + at];
            by_a[2 * n + at] = by_new * r;
            by_h[at] = dh * z;
        }
    }

    fn tanh(&self, by_h: &mut [T], by_x: &mut [T]) {
        for ((by_h, by_x), h) in by_h.iter_mut().zip(by_x).zip(self.gates) {
            *by_x = *by_h * (T::one() - *h * *h);
            *by_h = T::zero();
        }
    }
}
