//! Labels from what files hold.

use std::collections::HashMap;
use std::path::Path;

use super::errors::unreadable;
use super::{DataError, Labels};

/// Classes of whole numbers. Numbers that leave gaps are numbered anew in ascending order.
pub fn from_numbers(numbers: &[i64]) -> Labels {
    let mut distinct: Vec<_> = numbers.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let of = numbers.iter().map(|n| distinct.partition_point(|d| d < n) as u32).collect();
    Labels::Classes { of, count: distinct.len() }
}

/// Texts, each kept once.
#[derive(Debug, Clone, Default)]
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

    /// How many there are, with those that are the same.
    pub fn count(&self) -> usize {
        self.of.len()
    }

    /// The numbers that the texts say, if all say finite ones.
    pub fn numbers(self) -> Option<Vec<f32>> {
        let texts = self.texts();
        let numbers = parse_all::<f32>(&texts).filter(|numbers| numbers.iter().all(|x| x.is_finite()))?;
        Some(self.of.iter().map(|id| numbers[*id as usize]).collect())
    }

    /// The same, with 1 and 0 for yes and no.
    pub fn numbers_or_booleans(self) -> Option<Vec<f32>> {
        let texts = self.texts();
        let yes = match texts.as_slice() {
            [one, other] => yes_of(one, other),
            [one] => yes_of(one, "false").or_else(|| yes_of(one, "no")).or_else(|| yes_of("true", one).map(|_| "")),
            _ => None,
        };
        match yes {
            Some(yes) => Some(self.of.iter().map(|id| f32::from(u8::from(texts[*id as usize] == yes))).collect()),
            None => self.numbers(),
        }
    }

    /// The different texts, as they came.
    fn texts(&self) -> Vec<&str> {
        let mut texts = vec![""; self.known.len()];
        self.known.iter().for_each(|(text, id)| texts[*id as usize] = text);
        texts
    }

    /// Whole numbers and words are classes, in the order of the numbers or of the words; other numbers are values.
    /// Fails with the place of a value that is not finite.
    pub fn labels(self) -> Result<Labels, usize> {
        let texts = self.texts();
        if let Some(numbers) = parse_all::<i64>(&texts).or_else(|| whole(&parse_all::<f64>(&texts)?)) {
            return Ok(from_numbers(&self.of.iter().map(|id| numbers[*id as usize]).collect::<Vec<_>>()));
        }
        if let Some(values) = parse_all::<f32>(&texts) {
            let values: Vec<_> = self.of.iter().map(|id| values[*id as usize]).collect();
            return match values.iter().position(|x| !x.is_finite()) {
                Some(at) => Err(at),
                None => Ok(Labels::Values(values)),
            };
        }
        let mut sorted = texts.clone();
        sorted.sort_unstable();
        let rank: Vec<_> = texts.iter().map(|text| sorted.partition_point(|other| other < text) as u32).collect();
        Ok(Labels::Classes { of: self.of.iter().map(|id| rank[*id as usize]).collect(), count: sorted.len() })
    }

    /// The same, of a file.
    ///
    /// # Errors
    /// If a value is not finite.
    pub fn into_labels(self, path: &Path) -> Result<Labels, DataError> {
        self.labels().map_err(|at| unreadable(path, format!("the label of sample {at} (from 0) is not finite")))
    }

    /// What the classes are called, in their order; none where the texts are numbers with fractions.
    pub fn class_names(&self) -> Option<Vec<String>> {
        let mut texts = self.texts();
        if let Some(numbers) = parse_all::<i64>(&texts).or_else(|| whole(&parse_all::<f64>(&texts)?)) {
            let mut numbers = numbers;
            numbers.sort_unstable();
            numbers.dedup();
            return Some(numbers.iter().map(ToString::to_string).collect());
        }
        if parse_all::<f32>(&texts).is_some() {
            return None;
        }
        texts.sort_unstable();
        Some(texts.into_iter().map(str::to_owned).collect())
    }
}

/// The words of yes and no.
const BOOLEANS: [(&str, &str); 5] = [("true", "false"), ("yes", "no"), ("t", "f"), ("y", "n"), ("on", "off")];

/// Of two texts that are yes and no, which is yes.
pub fn yes_of<'a>(one: &'a str, other: &'a str) -> Option<&'a str> {
    let is =
        |yes: &str, no: &str| BOOLEANS.iter().any(|(y, n)| yes.eq_ignore_ascii_case(y) && no.eq_ignore_ascii_case(n));
    match (is(one, other), is(other, one)) {
        (true, _) => Some(one),
        (_, true) => Some(other),
        _ => None,
    }
}

/// Rows of so many numbers as labels.
pub fn from_rows(of: Vec<f32>, width: usize) -> Labels {
    if width != 1 {
        return Labels::Several { of, width };
    }
    match whole(&of) {
        Some(numbers) => from_numbers(&numbers),
        None => Labels::Values(of),
    }
}

/// The numbers as whole ones, if all are.
pub fn whole<T: Copy + Into<f64>>(numbers: &[T]) -> Option<Vec<i64>> {
    const MOST: f64 = (1u64 << 53) as f64;
    let whole = |x: &T| {
        let x: f64 = (*x).into();
        (x.fract() == 0.0 && x.abs() <= MOST).then_some(x as i64)
    };
    numbers.iter().map(whole).collect()
}

fn parse_all<T: std::str::FromStr>(texts: &[&str]) -> Option<Vec<T>> {
    texts.iter().map(|text| text.parse().ok()).collect()
}
