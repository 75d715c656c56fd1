//! Attention.

use candle_core::{Result, Tensor, WithDType};

use super::function::{Float, Function, apply3, real};
use super::products::{matrix, multiply};
use crate::kernels::Attention;

/// Attention of every head, see [`crate::kernels::attend`].
///
/// # Errors
/// If the tensors do not fit each other or the heads.
pub fn attend(q: &Tensor, k: &Tensor, v: &Tensor, heads: usize, kv_heads: usize, causal: bool) -> Result<Tensor> {
    apply3(Heads(Attention::of(q, k, v, [heads, kv_heads], causal)?), q, k, v)
}

struct Heads(Attention);

/// Where the rows of one head are: the first, how many, and from one to the next.
#[derive(Clone, Copy)]
struct Rows {
    start: usize,
    count: usize,
    stride: usize,
    size: usize,
}

impl Rows {
    fn ranges(self) -> impl Iterator<Item = std::ops::Range<usize>> {
        (0..self.count).map(move |row| self.start + row * self.stride).map(move |start| start..start + self.size)
    }

    fn take<T: Copy>(self, from: &[T]) -> Vec<T> {
        self.ranges().flat_map(|range| &from[range]).copied().collect()
    }

    fn add<T: Float>(self, rows: &[T], to: &mut [T]) {
        for (range, row) in self.ranges().zip(rows.chunks_exact(self.size)) {
            to[range].iter_mut().zip(row).for_each(|(to, x)| *to += *x);
        }
    }
}

impl Heads {
    /// The rows of queries, and those of keys and values, of every head of every sample.
    fn rows(&self) -> impl Iterator<Item = [Rows; 2]> + use<> {
        let of = self.0;
        let rows = move |sample: usize, head: usize, heads: usize, count: usize| {
            let stride = heads * of.size;
            Rows { start: sample * count * stride + head * of.size, count, stride, size: of.size }
        };
        (0..of.samples * of.heads).map(move |at| {
            let (sample, head) = (at / of.heads, at % of.heads);
            [rows(sample, head, of.heads, of.queries), rows(sample, of.shared(head), of.kv_heads, of.keys)]
        })
    }

    fn scale(&self) -> f64 {
        (self.0.size as f64).sqrt().recip()
    }

    /// softmax(q k^T / sqrt(d)) of one head.
    fn weights<T: Float>(&self, q: &[T], k: &[T]) -> Vec<T> {
        let Attention { queries, keys, size, .. } = self.0;
        let mut weights = multiply(matrix(q, queries, size), matrix(k, keys, size).transpose());
        for (query, row) in weights.chunks_exact_mut(keys).enumerate() {
            let (seen, unseen) = row.split_at_mut(self.0.seen(query));
            T::softmax(seen, self.scale());
            unseen.fill(T::zero());
        }
        weights
    }

    /// From the gradients by the weights those by q k^T: w (g - sum of g w) / sqrt(d).
    fn take_to_scores<T: Float>(&self, weights: &[T], gradients: &mut [T]) {
        let keys = self.0.keys;
        for (g, w) in gradients.chunks_exact_mut(keys).zip(weights.chunks_exact(keys)) {
            let along: f64 = g.iter().zip(w).map(|(g, w)| WithDType::to_f64(*g * *w)).sum();
            let (along, scale) = (real::<T>(along), real::<T>(self.scale()));
            g.iter_mut().zip(w).for_each(|(g, w)| *g = *w * (*g - along) * scale);
        }
    }
}

impl Function<3> for Heads {
    const NAME: &'static str = "attention";

    fn forward<T: Float>(&self, [q, k, v]: [&[T]; 3]) -> Vec<T> {
        let Attention { queries, keys, size, .. } = self.0;
        let mut y = vec![T::zero(); q.len()];
        for [of_queries, of_keys] in self.rows() {
            let weights = self.weights(&of_queries.take(q), &of_keys.take(k));
            let values = of_keys.take(v);
            of_queries.add(&multiply(matrix(&weights, queries, keys), matrix(&values, keys, size)), &mut y);
        }
        y
    }

    fn backward<T: Float>(&self, [q, k, v]: [&[T]; 3], _: &[T], g: &[T], _: [bool; 3]) -> [Option<Vec<T>>; 3] {
        let Attention { queries, keys, size, .. } = self.0;
        let [mut by_q, mut by_k, mut by_v] = [q, k, v].map(|x| vec![T::zero(); x.len()]);
        for [of_queries, of_keys] in self.rows() {
            let (query, key, value) = (of_queries.take(q), of_keys.take(k), of_keys.take(v));
            let (weights, g) = (self.weights(&query, &key), of_queries.take(g));
            let g = matrix(&g, queries, size);
            of_keys.add(&multiply(matrix(&weights, queries, keys).transpose(), g), &mut by_v);
            let mut scores = multiply(g, matrix(&value, keys, size).transpose());
            self.take_to_scores(&weights, &mut scores);
            let scores = matrix(&scores, queries, keys);
            of_queries.add(&multiply(scores, matrix(&key, keys, size)), &mut by_q);
            of_keys.add(&multiply(scores.transpose(), matrix(&query, queries, size)), &mut by_k);
        }
        [Some(by_q), Some(by_k), Some(by_v)]
    }
}
