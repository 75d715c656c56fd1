//! The samples that the repetitions of a run use.

use std::collections::HashMap;

use candle_core::{Device, Tensor};
use sha2::{Digest, Sha256};

use super::opening::open_for_form;
use super::scale::Scaling;
use super::{Assumption, DataError, DataFrom, DataSpec};
use neartop_core::network::{Form, Shape};
use neartop_core::random::{Key, Purpose, below};
use neartop_core::shape::Layout;

/// The samples of a run.
pub struct Samples {
    shape: Shape,
    seed: u64,
    /// Samples in a batch.
    batch: usize,
    kind: Kind,
    assumptions: Vec<Assumption>,
}

/// So many values of a key.
type Draw = Box<dyn Fn(Key, usize) -> Vec<f32> + Send + Sync>;

enum Kind {
    Drawn(Draw),
    Held { count: usize, rows: Vec<usize>, values: Vec<f32> },
}

impl Samples {
    /// Reads what `repetitions` batches of `batch` samples need. A set with fewer samples than a batch gives all of them
    /// to every repetition.
    ///
    /// # Errors
    /// If the data cannot be read or are not of the network's input shape. Images and vectors
    /// of as many elements stand for each other.
    pub fn load(spec: &DataSpec, input: &Form, seed: u64, batch: usize, repetitions: usize) -> Result<Self, DataError> {
        let shape = &input.shape;
        let drawn = |draw: Draw| {
            Ok(Self { shape: shape.clone(), seed, batch, kind: Kind::Drawn(draw), assumptions: Vec::new() })
        };
        let source = match (&spec.from, input.layout) {
            (DataFrom::Gaussian, _) => return drawn(Box::new(Key::standard_normals)),
            (DataFrom::Uniform, _) => return drawn(Box::new(|key: Key, n| key.quantiles(n, |u| u))),
            (DataFrom::Tokens, Layout::Ids { vocab }) => {
                let token = move |u: f64| ((u * vocab as f64) as usize).min(vocab - 1) as f64;
                return drawn(Box::new(move |key: Key, n| key.quantiles(n, token)));
            }
            (from, _) => open_for_form(from, input)?,
        };
        let count = source.count();
        let batch = batch.min(count);
        let rows = used(seed, repetitions, count, batch);
        let values = Scaling::of(source.as_ref(), spec.scale)?.read(source.as_ref(), &rows)?;
        check_tokens(&values, input)?;
        let kind = Kind::Held { count, rows, values };
        Ok(Self { shape: shape.clone(), seed, batch, kind, assumptions: source.assumptions().to_vec() })
    }

    /// What was assumed in reading.
    #[must_use]
    pub fn assumptions(&self) -> &[Assumption] {
        &self.assumptions
    }

    /// Samples in a batch.
    #[must_use]
    pub fn batch_size(&self) -> usize {
        self.batch
    }

    /// SHA-256, in hexadecimal, of the batch of a repetition as it goes into networks: its numbers in little-endian
    /// single precision. None for samples that are drawn, which the seed says.
    ///
    /// # Errors
    /// As [`Samples::batch`].
    pub fn fingerprint(&self, repetition: u64) -> Result<Option<String>, DataError> {
        self.fingerprint_of(repetition, self.batch)
    }

    /// The same of the first `count` samples of the batch, or of all where it has fewer.
    ///
    /// # Errors
    /// As [`Samples::batch`].
    pub fn fingerprint_of(&self, repetition: u64, count: usize) -> Result<Option<String>, DataError> {
        if matches!(self.kind, Kind::Drawn(_)) {
            return Ok(None);
        }
        let batch = self.batch(repetition)?.narrow(0, 0, count.min(self.batch))?.flatten_all()?.to_vec1::<f32>()?;
        let mut hash = Sha256::new();
        for part in batch.chunks(4096) {
            let bytes: Vec<u8> = part.iter().flat_map(|x| x.to_le_bytes()).collect();
            hash.update(&bytes);
        }
        Ok(Some(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    /// The batch of a repetition: `[samples, ...]`, the same for every candidate.
    ///
    /// # Errors
    /// If the repetition is none of those that were loaded.
    pub fn batch(&self, repetition: u64) -> Result<Tensor, DataError> {
        let size = self.shape.elements();
        let data = match &self.kind {
            Kind::Drawn(draw) => {
                let key = Key { seed: self.seed, repetition, layer: 0, purpose: Purpose::Inputs };
                draw(key, self.batch * size)
            }
            Kind::Held { count, rows, values } => {
                let mut data = Vec::with_capacity(self.batch * size);
                for row in choose(self.seed, repetition, *count, self.batch) {
                    let at = rows
                        .binary_search(&row)
                        .map_err(|_| DataError::Invalid(format!("repetition {repetition} was not loaded")))?;
                    data.extend_from_slice(&values[at * size..(at + 1) * size]);
                }
                data
            }
        };
        let dims: Vec<_> = std::iter::once(self.batch).chain(self.shape.0.iter().copied()).collect();
        Ok(Tensor::from_vec(data, dims, &Device::Cpu)?)
    }
}

/// Refuses what is no number of a token of the vocabulary, where the network takes such numbers.
///
/// # Errors
/// Names the first such value.
pub fn check_tokens(values: &[f32], input: &Form) -> Result<(), DataError> {
    let Layout::Ids { vocab } = input.layout else { return Ok(()) };
    match values.iter().find(|x| x.fract() != 0.0 || **x < 0.0 || **x >= vocab as f32) {
        None => Ok(()),
        Some(x) => {
            Err(DataError::Invalid(format!("{x} is no token: the network takes whole numbers from 0 to {}", vocab - 1)))
        }
    }
}

/// The rows that so many repetitions use, in order.
fn used(seed: u64, repetitions: usize, count: usize, batch: usize) -> Vec<usize> {
    let mut is_used = vec![false; count];
    let mut left = count;
    for row in (0..repetitions).flat_map(|r| choose(seed, r as u64, count, batch)) {
        left -= usize::from(!std::mem::replace(&mut is_used[row], true));
        if left == 0 {
            break;
        }
    }
    (0..count).filter(|row| is_used[*row]).collect()
}

/// `wanted` of `count` rows, without repetition, by a Fisher-Yates shuffle that stops when it has enough.
fn choose(seed: u64, repetition: u64, count: usize, wanted: usize) -> Vec<usize> {
    let mut rng = Key { seed, repetition, layer: 0, purpose: Purpose::Inputs }.rng();
    let mut moved = HashMap::new();
    (0..wanted.min(count))
        .map(|i| {
            let j = i + below(&mut rng, count - i);
            let at_j = moved.get(&j).copied().unwrap_or(j);
            let at_i = moved.get(&i).copied().unwrap_or(i);
            moved.insert(j, at_i);
            at_j
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::{DIGITS, Labels, Scale, open};
    use super::*;

    fn digits(scale: Scale) -> Samples {
        let spec = DataSpec { from: DataFrom::Digits { classes: DIGITS }, scale };
        Samples::load(&spec, &Form::features(64), 1, 1797, 1).unwrap()
    }

    #[test]
    fn digits_are_those_of_scikit_learn() {
        let source = open(&DataFrom::Digits { classes: DIGITS }).unwrap();
        assert_eq!((source.count(), source.shape().elements()), (1797, 64));
        let Some(Labels::Classes { of, count: 10 }) = source.labels().unwrap() else { panic!("ten classes") };
        assert_eq!(of[..5], [0, 1, 2, 3, 4]);
        // load_digits().data.mean() and .std()
        let all = digits(Scale::None).batch(0).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let mean = all.iter().map(|x| f64::from(*x)).sum::<f64>() / all.len() as f64;
        let variance = all.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>() / all.len() as f64;
        assert!((mean - 4.884_164_579_855_314).abs() < 1e-9 && (variance.sqrt() - 6.016_787_548_672_236).abs() < 1e-9);
    }

    #[test]
    fn scales_do_what_they_say() {
        let values = |scale| digits(scale).batch(0).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let unit = values(Scale::Unit);
        assert_eq!(unit.iter().copied().fold(0f32, f32::max), 1.0);
        let standard = values(Scale::Standardize);
        let n = standard.len() as f64;
        let mean = standard.iter().map(|x| f64::from(*x)).sum::<f64>() / n;
        let variance = standard.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / n;
        assert!(mean.abs() < 1e-6 && (variance - 1.0).abs() < 1e-6);
    }

    #[test]
    fn batches_have_no_row_twice_and_differ_by_repetition() {
        let mut rows = choose(3, 0, 1797, 500);
        assert_ne!(rows, choose(3, 1, 1797, 500));
        assert_eq!(rows[..100], choose(3, 0, 1797, 100));
        rows.sort_unstable();
        rows.dedup();
        assert_eq!(rows.len(), 500);
        let mut all = choose(3, 0, 20, 20);
        all.sort_unstable();
        assert_eq!(all, (0..20).collect::<Vec<_>>());
    }
}
