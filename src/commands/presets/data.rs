//! The data of a preset in words.

use std::fmt::Write as _;

use crate::run::{Failure, data_failure};
use neartop_core::shape::Form;
use neartop_io::data::{DataError, DataFrom, Extent, Given, Labels, Scale, Source, check_tokens, extents, open_for};
use neartop_io::preset::printable;
use neartop_study::space::Space;
use neartop_study::training::Task;

/// More values than are looked at one by one.
const MOST_VALUES: usize = 1 << 28;
/// Names in a line.
const MOST_NAMES: usize = 8;
/// Classes in a line.
const MOST_CLASSES: usize = 12;

/// Opens the data and says what they are, what was assumed in reading them and what would go wrong.
///
/// # Errors
/// If they cannot be read, or do not fit the network.
pub fn describe(space: &Space) -> Result<String, Failure> {
    let preset = &space.preset;
    if matches!(preset.data.from, DataFrom::Gaussian | DataFrom::Uniform | DataFrom::Tokens) {
        return Ok(String::new());
    }
    let fail = |error: &DataError| data_failure(preset, error);
    let source = open_for(&preset.data.from, &preset.network.input.shape).map_err(|e| fail(&e))?;
    let mut lines = Lines::default();
    lines.add("data", format!("{} samples of {}", source.count(), features(source.as_ref())));
    values(space, source.as_ref(), &mut lines).map_err(|e| fail(&e))?;
    labels(space, source.as_ref(), &mut lines).map_err(|e| fail(&e))?;
    if source.count() < space.batch() {
        let (count, batch) = (source.count(), space.batch());
        lines.note(format!("a repetition takes {batch} samples, and there are {count}: all of them take part in each"));
    }
    source.assumptions().iter().for_each(|assumption| lines.note(assumption));
    Ok(lines.0)
}

/// Lines of a title and a text.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn add(&mut self, title: &str, text: impl std::fmt::Display) {
        // Writing to a string does not fail.
        let _ = writeln!(self.0, "{title:<11} {text}");
    }

    fn note(&mut self, text: impl std::fmt::Display) {
        self.add("note", text);
    }
}

fn some(names: &[String]) -> String {
    let some: Vec<_> = names.iter().take(MOST_NAMES).map(|name| printable(name)).collect();
    match names.len().saturating_sub(MOST_NAMES) {
        0 => some.join(", "),
        more => format!("{} and {more} more", some.join(", ")),
    }
}

fn features(source: &dyn Source) -> String {
    let count = match source.shape().0.as_slice() {
        [1] => "1 feature".to_owned(),
        [n] => format!("{n} features"),
        sizes => sizes.iter().map(ToString::to_string).collect::<Vec<_>>().join("x"),
    };
    match source.feature_names() {
        Some(names) => format!("{count}: {}", some(names)),
        None => count,
    }
}

/// Features that say nothing, or that are of other units than the rest.
fn values(space: &Space, source: &dyn Source, lines: &mut Lines) -> Result<(), DataError> {
    let (size, input) = (source.shape().elements(), &space.preset.network.input);
    if source.count().saturating_mul(size) > MOST_VALUES {
        return Ok(());
    }
    let extents = extents(source)?;
    let name = |i: usize| source.feature_names().map_or_else(|| (i + 1).to_string(), |names| names[i].clone());
    let constant: Vec<_> = (0..size).filter(|i| extents[*i].is_constant()).map(name).collect();
    if !constant.is_empty() {
        let what = if constant.len() == 1 { "feature has" } else { "features have" };
        lines.note(format!("{} {what} the same value in all samples: {}", constant.len(), some(&constant)));
    }
    check_all_tokens(&extents, input)?;
    let ranges = || extents.iter().map(Extent::range).filter(|range| *range > 0.0);
    let (least, most) = (ranges().fold(f64::INFINITY, f64::min), ranges().fold(0.0, f64::max));
    let is_by_feature = matches!(space.preset.data.scale, Scale::StandardizeFeatures);
    if source.feature_names().is_some() && !is_by_feature && most > 100.0 * least {
        lines.note(
            "ranges of features differ by a factor of more than 100; `scale: standardize_features` makes them alike",
        );
    }
    Ok(())
}

fn check_all_tokens(extents: &[Extent], input: &Form) -> Result<(), DataError> {
    let limits: Vec<_> = extents.iter().flat_map(|extent| [extent.low as f32, extent.high as f32]).collect();
    check_tokens(&limits, input)
}

/// What is to be learnt, and whether it can be.
fn labels(space: &Space, source: &dyn Source, lines: &mut Lines) -> Result<(), DataError> {
    let Some(given) = Given::of(source)? else { return Ok(()) };
    lines.add("labels", of_labels(&given));
    if let Labels::Classes { of, count } = &given.labels
        && let counts = counts(of, *count)
        && counts.contains(&1)
        && given.numbers.as_ref().is_none_or(|_| *count < source.count() / 2)
    {
        lines.note("a class has a single sample, so none of it can be held out");
    }
    given.remark().iter().for_each(|remark| lines.note(remark));
    match Task::foresee(given, space.network(), space.preset.train.task) {
        Ok((kind, remarks)) => {
            lines.add("task", kind.name());
            remarks.iter().for_each(|remark| lines.note(remark));
        }
        Err(error) => lines.note(format!("training would fail: {error}")),
    }
    Ok(())
}

fn counts(of: &[u32], count: usize) -> Vec<usize> {
    let mut counts = vec![0; count];
    of.iter().for_each(|class| counts[*class as usize] += 1);
    counts
}

fn of_labels(given: &Given) -> String {
    let name = match given.columns.as_slice() {
        [] => String::new(),
        names => format!("{}: ", some(names)),
    };
    let text = match &given.labels {
        Labels::Classes { of, count } => {
            let counts = counts(of, *count);
            let class = |class: usize| match &given.names {
                Some(names) => printable(&names[class]),
                None => class.to_string(),
            };
            let some: Vec<_> =
                (0..*count).take(MOST_CLASSES).map(|i| format!("{} ({})", class(i), counts[i])).collect();
            let more = match count.saturating_sub(MOST_CLASSES) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let classes = if *count == 1 { "class" } else { "classes" };
            format!("{count} {classes}: {}{more}", some.join(", "))
        }
        Labels::Values(of) => {
            let (low, high) = limits(of);
            format!("numbers from {low} to {high}")
        }
        Labels::Several { of, width } => {
            let (low, high) = limits(of);
            format!("{width} numbers each, from {low} to {high}")
        }
    };
    name + &text
}

fn limits(of: &[f32]) -> (f32, f32) {
    (of.iter().copied().fold(f32::INFINITY, f32::min), of.iter().copied().fold(f32::NEG_INFINITY, f32::max))
}
