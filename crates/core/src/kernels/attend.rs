//! Attention.

use candle_core::{Device, Result, Tensor, bail};
use pulp::{Simd, WithSimd};

use super::lanes::softmax;
use super::products::{multiply_by_rows_into, multiply_into};
use super::tensors::with_elements;
use crate::dispatch::dispatch;
use crate::fusing::Fusing;
use crate::idle::in_parts;

/// The sizes of an attention.
#[derive(Debug, Clone, Copy)]
pub struct Attention {
    pub samples: usize,
    pub queries: usize,
    pub keys: usize,
    pub heads: usize,
    /// Heads of keys and values, each for as many heads of queries.
    pub kv_heads: usize,
    /// Features of a head.
    pub size: usize,
    pub causal: bool,
}

impl Attention {
    /// Of queries `[samples, queries, heads x size]`, and keys and values `[samples, keys, kv_heads x size]`.
    ///
    /// # Errors
    /// If the tensors do not fit each other or the heads.
    pub fn of(q: &Tensor, k: &Tensor, v: &Tensor, [heads, kv_heads]: [usize; 2], causal: bool) -> Result<Self> {
        let ((samples, queries, width), (_, keys, _)) = (q.dims3()?, k.dims3()?);
        let divides = |heads: usize, whole: usize| heads > 0 && whole.is_multiple_of(heads);
        if !divides(heads, width) || !divides(kv_heads, heads) {
            bail!("{width} features cannot be split into {heads} heads over {kv_heads} heads of keys and values");
        }
        let size = width / heads;
        for (name, tensor) in [("keys", k), ("values", v)] {
            if tensor.dims() != [samples, keys, kv_heads * size] {
                bail!("{name} {:?} do not fit queries {:?} of {heads} heads", tensor.dims(), q.dims());
            }
        }
        Ok(Self { samples, queries, keys, heads, kv_heads, size, causal })
    }

    /// How many keys a query sees.
    #[must_use]
    pub fn seen(&self, query: usize) -> usize {
        if self.causal { self.keys.min(query + 1) } else { self.keys }
    }

    /// The head of keys and values that belongs to a head of queries.
    #[must_use]
    pub fn shared(&self, head: usize) -> usize {
        head / (self.heads / self.kv_heads)
    }
}

/// softmax(q k^T / sqrt(d)) v for every head of d features, with q `[samples, queries, heads x d]`, and k and v
/// `[samples, keys, kv_heads x d]`. Neighbouring heads of queries share a head of keys and values. Where it is causal, a
/// query sees no key behind its own position.
///
/// # Errors
/// If the tensors do not fit each other or the heads.
pub fn attend(q: &Tensor, k: &Tensor, v: &Tensor, heads: usize, kv_heads: usize, causal: bool) -> Result<Tensor> {
    let attention = Attention::of(q, k, v, [heads, kv_heads], causal)?;
    let y = with_elements(q, |q| with_elements(k, |k| with_elements(v, |v| every_head(&attention, q, k, v))))???;
    Tensor::from_vec(y, q.dims(), &Device::Cpu)
}

fn every_head(attention: &Attention, q: &[f32], k: &[f32], v: &[f32]) -> Vec<f32> {
    let Attention { samples, keys, .. } = *attention;
    let mut y = vec![0.0; q.len()];
    let of_queries = q.len() / samples.max(1);
    let of_keys = k.len() / samples.max(1);
    in_parts(&mut y, of_queries, 1, 2 * samples * keys * of_queries, |first, y| {
        let [q, k, v] = [(q, of_queries), (k, of_keys), (v, of_keys)].map(|(all, unit)| &all[first * unit..]);
        heads_of_samples(attention, q, k, v, y);
    });
    y
}

/// As many samples as `y` has room for.
fn heads_of_samples(attention: &Attention, q: &[f32], k: &[f32], v: &[f32], y: &mut [f32]) {
    let Attention { queries, keys, heads, kv_heads, size, .. } = *attention;
    let samples = y.len() / (queries * heads * size).max(1);
    let mut query = vec![0.0; queries * size];
    let [mut key, mut value] = [(); 2].map(|()| vec![0.0; keys * size]);
    let mut scores = vec![0.0; queries * keys];
    for (sample, head) in (0..samples).flat_map(|sample| (0..heads).map(move |head| (sample, head))) {
        let shared = attention.shared(head);
        if head == 0 || shared != attention.shared(head - 1) {
            let of_sample = sample * keys * kv_heads * size;
            gather(&mut key, &k[of_sample..], shared, kv_heads, size);
            gather(&mut value, &v[of_sample..], shared, kv_heads, size);
        }
        let of_sample = sample * queries * heads * size;
        gather(&mut query, &q[of_sample..], head, heads, size);
        multiply_by_rows_into(&mut scores, &query, &key, size);
        dispatch(Softmax { attention, scores: &mut scores });
        multiply_into(&mut query, &scores, &value, keys);
        let rows = y[of_sample..].chunks_exact_mut(heads * size);
        for (row, result) in rows.zip(query.chunks_exact(size)) {
            row[head * size..][..size].copy_from_slice(result);
        }
    }
}

/// The rows of one head.
fn gather(to: &mut [f32], from: &[f32], head: usize, heads: usize, size: usize) {
    for (to, row) in to.chunks_exact_mut(size).zip(from.chunks_exact(heads * size)) {
        to.copy_from_slice(&row[head * size..][..size]);
    }
}

struct Softmax<'a> {
    attention: &'a Attention,
    scores: &'a mut [f32],
}

impl WithSimd for Softmax<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let scale = (self.attention.size as f32).sqrt().recip();
        for (query, row) in self.scores.chunks_exact_mut(self.attention.keys).enumerate() {
            let (seen, unseen) = row.split_at_mut(self.attention.seen(query));
            softmax(seen, scale, Fusing::of(simd));
            unseen.fill(0.0);
        }
    }
}
