//! A network of sensible size.

use super::data::{Found, Output};
use super::lines::{Line, choice, item, key};

/// The section `network`.
pub fn write(found: &Found) -> Vec<Line> {
    let sizes = found.shape.0.as_slice();
    let input = match sizes {
        [features] => features.to_string(),
        sizes => format!("{sizes:?}"),
    };
    let what = match sizes {
        [_] => found.input(),
        [_, _] => "[channels, length]",
        _ => "[channels, height, width]",
    };
    let mut lines = vec![key(1, "input", &input, what), item(1, "layers:", "")];
    lines.extend(match sizes {
        [_, height, width] if *height.min(width) >= 8 => images(),
        [_, length] if *length >= 8 => sequences(),
        [_] => dense(found),
        _ => std::iter::once(item(2, "- flatten", "")).chain(dense(found)).collect(),
    });
    lines.extend(output(found.output));
    lines
}

fn slot() -> Line {
    item(2, "- activation", "the slot that the search fills")
}

/// Units of a dense layer: a power of two, no more than samples, more where there is more to tell apart.
fn dense(found: &Found) -> Vec<Line> {
    let (features, samples) = (found.shape.elements(), found.samples);
    let wanted = (2 * features).next_power_of_two().clamp(16, 256);
    let most = match samples {
        0..256 => 16,
        256..1024 => 32,
        1024..10_000 => 128,
        _ => 256,
    };
    let units = wanted.min(most);
    let first = item(2, &format!("- linear: {units}"), "units; more for more samples");
    vec![first, slot(), item(2, &format!("- linear: {}", (units / 2).max(16)), ""), item(2, "- activation", "")]
}

fn images() -> Vec<Line> {
    vec![
        item(2, "- conv2d: {out: 16, kernel: 3, padding: same}", ""),
        slot(),
        item(2, "- max_pool: 2", ""),
        item(2, "- conv2d: {out: 32, kernel: 3, padding: same}", ""),
        item(2, "- activation", ""),
        item(2, "- global_avg_pool", "or without it: every place counts"),
        item(2, "- flatten", ""),
    ]
}

fn sequences() -> Vec<Line> {
    vec![
        item(2, "- conv1d: {out: 16, kernel: 5, padding: same}", ""),
        slot(),
        item(2, "- max_pool: 2", ""),
        item(2, "- conv1d: {out: 32, kernel: 5, padding: same}", ""),
        item(2, "- activation", ""),
        item(2, "- global_avg_pool", "or without it: every place counts"),
        item(2, "- flatten", ""),
    ]
}

/// The last layer, and the task as a choice.
fn output(output: Output) -> Vec<Line> {
    let (units, what) = match output {
        Output::Open => (1, "as many as there are classes, or 1 for a number".to_owned()),
        Output::Binary => (1, "two classes: binary cross-entropy, with or without `- sigmoid` after it".to_owned()),
        Output::Classes(classes) => (classes, "one output for each class".to_owned()),
        Output::Numbers(1) => (1, "a number".to_owned()),
        Output::Numbers(numbers) => (numbers, "one output for each number".to_owned()),
        Output::YesNo(labels) => (labels, "one output for each answer".to_owned()),
    };
    let last = item(2, &format!("- linear: {units}"), &what);
    match output {
        Output::Open => vec![last],
        _ => vec![last, item(0, "# train:", ""), choice(0, "  task", task(output), TASKS)],
    }
}

const TASKS: &str = "follows from labels and network; classification | binary | multi_label | regression";

fn task(output: Output) -> &'static str {
    match output {
        Output::Binary => "binary",
        Output::Classes(_) => "classification",
        Output::YesNo(_) => "multi_label",
        Output::Numbers(_) | Output::Open => "regression",
    }
}
