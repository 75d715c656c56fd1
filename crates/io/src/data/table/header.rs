//! Whether the first line of a table names its columns.

use csv::ByteRecord;

use super::cell::{self, Cell};

/// Whether the first line is a header, and whether that could be meant otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    pub taken: bool,
    pub told: bool,
}

const HEADER: Verdict = Verdict { taken: true, told: false };
const HEADER_TOLD: Verdict = Verdict { taken: true, told: true };
const SAMPLE: Verdict = Verdict { taken: false, told: true };

/// Looks at the first line and at those below it; `names` are columns that must be there.
pub fn find(records: &[ByteRecord], names: &[String], decimal: u8) -> Verdict {
    let Some((first, rest)) = records.split_first() else { return SAMPLE };
    let kinds: Vec<_> = first.iter().map(|cell| cell::read(cell, decimal)).collect();
    let numbers = kinds.iter().filter(|kind| matches!(kind, Cell::Number(_))).count();
    let texts = kinds.iter().filter(|kind| matches!(kind, Cell::Text)).count();
    let is_place = |name: &str| name.parse::<usize>().is_ok();
    let has = |name: &String| first.iter().any(|cell| cell::decode(cell.trim_ascii()) == *name);
    if names.iter().any(|name| has(name) && !(is_place(name) && texts == 0)) || counts(first) {
        return HEADER;
    }
    let below = |column: usize| rest.iter().filter_map(move |record| record.get(column));
    if numbers == 0 {
        return match texts > 0 && texts_recur(first, &kinds, &below, decimal) {
            true => SAMPLE,
            false => HEADER,
        };
    }
    if texts == 0 {
        return if is_scale(&kinds, &below, decimal) { HEADER_TOLD } else { SAMPLE };
    }
    let over_number = |column: usize| {
        let is_text = matches!(kinds[column], Cell::Text);
        is_text && below(column).next().is_some_and(|cell| matches!(cell::read(cell, decimal), Cell::Number(_)))
    };
    let over_numbers = (0..kinds.len()).any(over_number);
    match over_numbers {
        // Numbers that name columns differ.
        true if differ(&kinds) => HEADER_TOLD,
        false if is_scale(&kinds, &below, decimal) && !texts_recur(first, &kinds, &below, decimal) => HEADER_TOLD,
        _ => SAMPLE,
    }
}

/// Whether the cells count from 0, as pandas names columns, perhaps after that of an index.
fn counts(first: &ByteRecord) -> bool {
    let counts = |skip: usize| first.iter().skip(skip).enumerate().all(|(i, cell)| cell == i.to_string().as_bytes());
    let index = first.get(0).is_some_and(<[u8]>::is_empty);
    (first.len() > 3 && counts(0)) || (index && first.len() > 2 && counts(1))
}

/// Whether no column holds numbers, and each text of the first line stands in its column again.
fn texts_recur<'a, I: Iterator<Item = &'a [u8]>>(
    first: &ByteRecord,
    kinds: &[Cell],
    below: &impl Fn(usize) -> I,
    decimal: u8,
) -> bool {
    let recurs = |column: usize| match kinds[column] {
        Cell::Text => {
            let cell = first[column].trim_ascii();
            below(column).any(|other| other.trim_ascii() == cell)
        }
        _ => true,
    };
    let is_text = |column: usize| below(column).all(|cell| !matches!(cell::read(cell, decimal), Cell::Number(_)));
    let texts = || (0..kinds.len()).filter(|column| matches!(kinds[*column], Cell::Text));
    (0..kinds.len()).all(recurs) && texts().all(is_text)
}

fn differ(kinds: &[Cell]) -> bool {
    let mut numbers: Vec<_> = numbers(kinds).collect();
    numbers.sort_unstable_by(f64::total_cmp);
    numbers.windows(2).all(|pair| pair[0] < pair[1])
}

fn numbers(kinds: &[Cell]) -> impl Iterator<Item = f64> {
    kinds.iter().filter_map(|kind| match kind {
        Cell::Number(x) => Some(*x),
        _ => None,
    })
}

/// Whether the numbers of the first line ascend or descend, as wavelengths or years do, and lie far outside of what
/// stands below them, or evenly apart where those below do not.
fn is_scale<'a, I: Iterator<Item = &'a [u8]>>(kinds: &[Cell], below: &impl Fn(usize) -> I, decimal: u8) -> bool {
    let scale: Vec<_> = numbers(kinds).collect();
    let rises = scale.windows(2).all(|pair| pair[0] < pair[1]) || scale.windows(2).all(|pair| pair[0] > pair[1]);
    if scale.len() < 2 || !rises {
        return false;
    }
    let number = |cell: &[u8]| match cell::read(cell, decimal) {
        Cell::Number(x) => Some(x),
        _ => None,
    };
    let columns = || kinds.iter().enumerate().filter(|(_, kind)| matches!(kind, Cell::Number(_))).map(|(i, _)| i);
    let is_outside = |(column, x): (usize, f64)| {
        let values = || below(column).filter_map(number);
        let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
        let range = high - low;
        values().nth(1).is_some() && (x < low - range || x > high + range)
    };
    let second: Vec<_> = columns().filter_map(|column| below(column).next().and_then(number)).collect();
    columns().zip(scale.iter().copied()).all(is_outside)
        || (scale.len() >= 6 && are_even(&scale) && second.len() == scale.len() && !are_even(&second))
}

fn are_even(numbers: &[f64]) -> bool {
    let step = numbers[1] - numbers[0];
    numbers.windows(2).all(|pair| ((pair[1] - pair[0]) - step).abs() <= 1e-6 * step.abs())
}
