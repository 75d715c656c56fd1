//! Which of a file's named arrays are the samples, and which the labels.

use std::path::Path;

use super::DataError;
use super::file::{shown, unreadable};
use neartop_core::catalog::nearest;

/// Usual names of samples, the likeliest first.
const SAMPLES: &[&str] = &[
    "x",
    "X",
    "images",
    "data",
    "inputs",
    "input",
    "features",
    "samples",
    "x_train",
    "X_train",
    "train_images",
    "train_x",
    "arr_0",
];
/// Usual names of labels.
const LABELS: &[&str] =
    &["y", "Y", "labels", "label", "targets", "target", "y_train", "Y_train", "train_labels", "train_y", "arr_1"];

/// The places of the samples and of the labels among the arrays of these names. Samples go by their usual names, or are
/// the only array of two or more dimensions that is not the labels; labels are those asked for, or go by their names.
///
/// # Errors
/// If it cannot be told which, or the labels asked for are not there.
pub fn choose(
    path: &Path,
    names: &[&str],
    labels: Option<&str>,
    rank: &dyn Fn(usize) -> Result<usize, DataError>,
) -> Result<(usize, Option<usize>), DataError> {
    let list = || match names {
        [] => "it holds no arrays".to_owned(),
        names => format!("its arrays are {}", names.iter().map(|n| shown(n)).collect::<Vec<_>>().join(", ")),
    };
    let usual = |known: &[&str]| known.iter().find_map(|k| names.iter().position(|name| name == k));
    let labels = match labels {
        None => usual(LABELS),
        Some(asked) => Some(names.iter().position(|name| *name == asked).ok_or_else(|| {
            let hint = nearest(asked, names.iter().copied())
                .map_or_else(list, |near| format!("did you mean `{}`?", shown(near)));
            unreadable(path, format!("no array is called `{}`, as `labels` says; {hint}", shown(asked)))
        })?),
    };
    if let Some(data) = usual(SAMPLES).filter(|data| Some(*data) != labels) {
        return Ok((data, labels));
    }
    let mut of_rank_two = Vec::new();
    for i in (0..names.len()).filter(|i| Some(*i) != labels) {
        if rank(i)? >= 2 {
            of_rank_two.push(i);
        }
    }
    match of_rank_two.as_slice() {
        [data] => Ok((*data, labels)),
        _ => Err(unreadable(
            path,
            format!("it cannot be told which array holds the samples: {}; call it `x` or `images`", list()),
        )),
    }
}
