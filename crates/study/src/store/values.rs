//! A result as a row of the study holds it: as text and numbers that people can read, to the last bit.

use rusqlite::Row;
use sha2::{Digest, Sha256};

use crate::failure::ScoreFailure;
use neartop_core::score::Score;
use neartop_core::score::blocks::Blocks;
use neartop_core::score::propagation::{self, LayerSignal, Propagation};
use neartop_io::preset::printable;

/// What a row must hold to be of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Awaited {
    Score,
    /// Also how signals pass, which version 1 did not know.
    Propagation,
}

impl Awaited {
    pub fn in_repetition(repetition: usize) -> Self {
        if (repetition as u64) < propagation::REPETITIONS { Self::Propagation } else { Self::Score }
    }
}

/// A result as a row holds it.
pub struct Values {
    pub near: Option<f64>,
    /// Effective ranks as a JSON list.
    pub layers: Option<String>,
    pub dead_from: Option<i64>,
    pub failure: Option<String>,
    /// How signals pass, see `write_propagation`; `null` where that was not looked at, none before version 2.
    pub propagation: Option<String>,
}

impl Values {
    pub fn of(result: &Result<Score, ScoreFailure>) -> Self {
        match result {
            Ok(score) => Self {
                near: Some(score.near),
                layers: Some(numbers(score.effective_ranks.iter().copied().map(Some))),
                dead_from: score.dead_from.map(|layer| layer as i64),
                failure: None,
                propagation: Some(score.propagation.as_ref().map_or_else(|| "null".to_owned(), write_propagation)),
            },
            Err(failure) => {
                let failure = Some(failure.message().to_owned());
                Self { near: None, layers: None, dead_from: None, failure, propagation: None }
            }
        }
    }

    /// The values of a row and its checksum.
    pub fn read(row: &Row<'_>) -> Result<(Self, i64), rusqlite::Error> {
        let values = Self {
            near: row.get(1)?,
            layers: row.get(2)?,
            dead_from: row.get(3)?,
            failure: row.get(4)?,
            propagation: row.get(5)?,
        };
        Ok((values, row.get(6)?))
    }

    /// The first bytes of a SHA-256 over what the row says and what it stands for, the keys of the
    /// study and of the candidate among it, so that damage to either is noticed.
    pub fn checksum(&self, work: &str, candidate: &str, repetition: usize) -> i64 {
        // SQLite knows no negative zero.
        let near = self.near.map(|near| (near + 0.0).to_bits().to_string());
        let (repetition, dead_from) = (repetition.to_string(), self.dead_from.map(|layer| layer.to_string()));
        let fields = [
            Some(work),
            Some(candidate),
            Some(repetition.as_str()),
            near.as_deref(),
            self.layers.as_deref(),
            dead_from.as_deref(),
            self.failure.as_deref(),
        ];
        let mut hash = Sha256::new();
        for field in fields {
            hash.update(field.unwrap_or("-"));
            hash.update([0]);
        }
        // The columns of version 1 are hashed as that did.
        if let Some(propagation) = &self.propagation {
            hash.update(propagation);
        }
        let first = hash.finalize().iter().take(8).fold(0u64, |all, byte| all << 8 | u64::from(*byte));
        first as i64
    }

    /// The result, if it can be one and has all that is awaited: a score is the sum of its layers to the last bit.
    pub fn result(self, awaited: Awaited) -> Option<Result<Score, ScoreFailure>> {
        if let Some(reason) = self.failure {
            return Some(Err(ScoreFailure::read(printable(&reason))));
        }
        let near = self.near?;
        let effective_ranks: Vec<f64> = read_numbers(&self.layers?)?.into_iter().collect::<Option<_>>()?;
        let dead_from = match self.dead_from {
            None => None,
            Some(layer) => Some(usize::try_from(layer).ok().filter(|layer| *layer <= effective_ranks.len())?),
        };
        let is_right = near == effective_ranks.iter().sum::<f64>()
            && effective_ranks.iter().all(|rank| *rank >= 0.0 && rank.is_finite());
        let propagation = match self.propagation.as_deref() {
            None if awaited == Awaited::Propagation => return None,
            None | Some("null") => None,
            // Where branches meet at the end, the network's output has a signal, but no rank.
            Some(text) => Some(read_propagation(text).filter(|p| {
                let further = p.layers.len().checked_sub(effective_ranks.len());
                matches!(further, Some(0 | 1))
            })?),
        };
        is_right.then_some(Ok(Score { near, effective_ranks, dead_from, propagation }))
    }
}

/// How signals pass as a JSON map of lists, one number a layer. Infinities, which zeros have as logarithms, and NaN are
/// written as Python's `json` writes and reads them.
fn write_propagation(propagation: &Propagation) -> String {
    let layers = &propagation.layers;
    let of = |value: fn(&LayerSignal) -> f64| numbers(layers.iter().map(|layer| Some(value(layer))));
    format!(
        "{{\"ln_size\":{},\"ln_spread\":{},\"ln_perturbation\":{},\"ln_typical_perturbation\":{},\
         \"ln_gradient\":{},\"saturated\":{}{}}}",
        of(|l| l.ln_size),
        of(|l| l.ln_spread),
        of(|l| l.ln_perturbation),
        of(|l| l.ln_typical_perturbation),
        numbers(layers.iter().map(|l| l.ln_gradient)),
        numbers(layers.iter().map(|l| l.saturated)),
        propagation.blocks.as_ref().map_or_else(String::new, write_blocks),
    )
}

fn write_blocks(blocks: &Blocks) -> String {
    let of = |values: &[f64]| numbers(values.iter().copied().map(Some));
    format!(
        ",\"blocks\":{{\"entropies\":{},\"correlations\":{},\"ln_kernel\":{}}}",
        of(&blocks.entropies),
        of(&blocks.correlations),
        blocks.ln_kernel.map_or_else(|| "null".to_owned(), |ln| format!("{ln:?}")),
    )
}

fn read_propagation(text: &str) -> Option<Propagation> {
    let column = |name: &str| column(text, name);
    let numbers = |name: &str| column(name)?.into_iter().collect::<Option<Vec<f64>>>();
    let (size, spread) = (numbers("ln_size")?, numbers("ln_spread")?);
    let (perturbation, typical) = (numbers("ln_perturbation")?, numbers("ln_typical_perturbation")?);
    let (gradient, saturated) = (column("ln_gradient")?, column("saturated")?);
    let layer = |at: usize| {
        Some(LayerSignal {
            ln_size: *size.get(at)?,
            ln_spread: *spread.get(at)?,
            ln_perturbation: *perturbation.get(at)?,
            ln_typical_perturbation: *typical.get(at)?,
            ln_gradient: *gradient.get(at)?,
            saturated: *saturated.get(at)?,
        })
    };
    let blocks = match text.split_once("\"blocks\":") {
        Some((_, blocks)) => Some(read_blocks(blocks)?),
        None => None,
    };
    Some(Propagation { layers: (0..size.len()).map(layer).collect::<Option<_>>()?, blocks })
}

fn read_blocks(text: &str) -> Option<Blocks> {
    let numbers = |name: &str| column(text, name)?.into_iter().collect::<Option<Vec<f64>>>();
    let (_, ln_kernel) = text.split_once("\"ln_kernel\":")?;
    let ln_kernel = match ln_kernel.split_once('}')?.0 {
        "null" => None,
        number => Some(number.parse().ok()?),
    };
    let (entropies, correlations) = (numbers("entropies")?, numbers("correlations")?);
    Some(Blocks { entropies, correlations, ln_kernel })
}

/// The list of this name in a JSON map of lists.
fn column(text: &str, name: &str) -> Option<Vec<Option<f64>>> {
    let (_, rest) = text.split_once(&format!("\"{name}\":["))?;
    read_numbers(&format!("[{}]", rest.split_once(']')?.0))
}

/// Numbers as a JSON list that reads back to the same bits; `null` for none.
fn numbers(values: impl Iterator<Item = Option<f64>>) -> String {
    let word = |x: Option<f64>| match x {
        None => "null".to_owned(),
        Some(f64::INFINITY) => "Infinity".to_owned(),
        Some(f64::NEG_INFINITY) => "-Infinity".to_owned(),
        Some(x) => format!("{x:?}"),
    };
    format!("[{}]", values.map(word).collect::<Vec<_>>().join(","))
}

/// Reads such a list to the last bit, which is more than every JSON reader gives.
fn read_numbers(text: &str) -> Option<Vec<Option<f64>>> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    if inner.is_empty() {
        return Some(Vec::new());
    }
    let number = |x: &str| if x == "null" { Some(None) } else { x.parse().ok().map(Some) };
    inner.split(',').map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_bits() {
        let odd = [0.1, 1e-310, f64::MAX, f64::MIN_POSITIVE, -0.0, 1.0 / 3.0, 1e23, f64::INFINITY, f64::NEG_INFINITY];
        let read = read_numbers(&numbers(odd.iter().copied().map(Some).chain([None]))).unwrap();
        let bits = |x: &Option<f64>| x.map(f64::to_bits);
        assert_eq!(
            read.iter().map(bits).collect::<Vec<_>>(),
            odd.iter().map(|x| Some(x.to_bits())).chain([None]).collect::<Vec<_>>()
        );
        assert!(read_numbers("[NaN]").is_some_and(|x| x[0].is_some_and(f64::is_nan)));
        for wrong in ["", "[", "]", "[1,]", "[1 2]", "[[1]]", "{}"] {
            assert_eq!(read_numbers(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn propagation_is_read_as_it_was_written() {
        let layer = |x: f64, saturated: Option<f64>| LayerSignal {
            ln_size: x,
            ln_spread: x / 3.0,
            ln_perturbation: f64::NEG_INFINITY,
            ln_typical_perturbation: -x,
            ln_gradient: saturated.map(|s: f64| -s),
            saturated,
        };
        let propagation = Propagation { layers: vec![layer(1.0, None), layer(0.7, Some(0.25))], blocks: None };
        let text = write_propagation(&propagation);
        assert_eq!(read_propagation(&text).as_ref(), Some(&propagation));
        assert_eq!(read_propagation(&text.replace("0.25", "0.25,1")).map(|p| p.layers.len()), Some(2));
        assert_eq!(read_propagation(&text.replace(",0.25", "")), None);
        for ln_kernel in [None, Some(12.5)] {
            let blocks = Some(Blocks { entropies: vec![2.5, 0.0, 1e-9], correlations: vec![0.3], ln_kernel });
            let with_blocks = Propagation { blocks, ..propagation.clone() };
            let text = write_propagation(&with_blocks);
            assert_eq!(read_propagation(&text).as_ref(), Some(&with_blocks));
            assert_eq!(read_propagation(&text.replace("ln_kernel", "kernel")), None);
            // As it was written when blocks had Jacobians.
            let before = text.replace(",\"correlations", ",\"jacobians\":[0.1,null],\"correlations");
            assert!(before != text && read_propagation(&before).as_ref() == Some(&with_blocks));
        }
    }
}
