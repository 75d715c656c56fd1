//! Labels from what files hold.

use std::collections::HashMap;

use super::Labels;

/// Classes of whole numbers. Numbers that leave gaps are numbered anew in ascending order.
pub fn from_numbers(numbers: &[i64]) -> Labels {
    let mut distinct: Vec<_> = numbers.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let of = numbers.iter().map(|n| distinct.partition_point(|d| d < n) as u32).collect();
    Labels::Classes { of, count: distinct.len() }
}

/// Texts, each kept once.
#[derive(Debug, Default)]
pub struct Texts {
    of: Vec<u32>,
    known: HashMap<String, u32>,
}

impl Texts {
    pub fn push(&mut self, text: &str) {
        let next = self.known.len() as u32;
        let id = match self.known.get(text) {
            Some(id) => *id,
            None => *self.known.entry(text.to_owned()).or_insert(next),
        };
        self.of.push(id);
    }

    /// The numbers that the texts say, if all say finite ones.
    pub fn numbers(self) -> Option<Vec<f32>> {
        let mut texts: Vec<_> = self.known.into_iter().collect();
        texts.sort_unstable_by_key(|(_, id)| *id);
        let numbers = parse_all::<f32>(&texts).filter(|numbers| numbers.iter().all(|x| x.is_finite()))?;
        Some(self.of.iter().map(|id| numbers[*id as usize]).collect())
    }

    /// Whole numbers and words are classes, in the order of the numbers or of the words; other numbers are values.
    /// Fails with the place of a value that is not finite.
    pub fn labels(self) -> Result<Labels, usize> {
        let mut texts: Vec<_> = self.known.into_iter().collect();
        texts.sort_unstable_by_key(|(_, id)| *id);
        if let Some(numbers) = parse_all::<i64>(&texts) {
            return Ok(from_numbers(&self.of.iter().map(|id| numbers[*id as usize]).collect::<Vec<_>>()));
        }
        if let Some(values) = parse_all::<f32>(&texts) {
            let values: Vec<_> = self.of.iter().map(|id| values[*id as usize]).collect();
            return match values.iter().position(|x| !x.is_finite()) {
                Some(at) => Err(at),
                None => Ok(Labels::Values(values)),
            };
        }
        texts.sort_unstable();
        let mut rank = vec![0; texts.len()];
        texts.iter().enumerate().for_each(|(place, (_, id))| rank[*id as usize] = place as u32);
        Ok(Labels::Classes { of: self.of.iter().map(|id| rank[*id as usize]).collect(), count: texts.len() })
    }
}

fn parse_all<T: std::str::FromStr>(texts: &[(String, u32)]) -> Option<Vec<T>> {
    texts.iter().map(|(text, _)| text.parse().ok()).collect()
}
